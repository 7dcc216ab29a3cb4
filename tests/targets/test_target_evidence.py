"""What targets are held against: types of deal, last year, and its forecast without looking ahead."""

from datetime import date
from decimal import Decimal
from types import SimpleNamespace

import pandas as pd
import pytest
from target_tables import CALENDAR, deals, people, tables

from salesops_nb import simulate
from salesops_nb.core.frames import Tables
from salesops_nb.forecast.learning.learn import learn
from salesops_nb.forecast.period import expect
from salesops_nb.notebook.target_setting.evidence import types
from salesops_nb.targets import by_type, earlier, prepare, set_targets
from salesops_nb.targets.earlier import as_known


def typed(kinds):
    """Each month Ada's 30,000 are of one type, Bo's 20,000 of another, and so on."""
    rows = deals()
    return rows.assign(deal_type=[kinds.get(who) for who in rows["owner_id"]])


KINDS = {"Ada": "new", "Bo": "expansion", "Cy": "expansion", "Di": "renewal"}


def test_types_share_the_company_s_target_as_they_were_booked():
    """Of 100,000 a month: new 30, expansion 20 + 10, renewal 40; the cent left over goes to the largest."""
    basis = prepare(tables(deals=typed(KINDS)), CALENDAR, 2018)
    found = by_type(tables(deals=typed(KINDS)), basis, Decimal("1000000.01"))
    table = found.table.set_index("deal_type")
    assert list(table.index) == ["renewal", "expansion", "new"]
    assert table["booked"].tolist() == [480_000, 360_000, 360_000]
    assert table["run_rate"].tolist() == pytest.approx([480_000, 360_000, 360_000])
    assert table["target"].tolist() == [Decimal("400000.01"), Decimal("300000.00"), Decimal("300000.00")]
    assert sum(table["target"]) == Decimal("1000000.01")
    assert found.years == ("2016", "2017")
    assert table["2016"].tolist() == table["2017"].tolist() == table["booked"].tolist()
    assert (found.months, found.first, found.last, found.deals) == (
        12,
        date(2017, 1, 1),
        date(2017, 12, 31),
        96,
    )


def test_deals_that_say_no_type_are_a_row_of_their_own_and_last():
    given = tables(deals=typed({**KINDS, "Di": None}))
    table = by_type(given, prepare(given, CALENDAR, 2018), Decimal(1_000_000)).table
    assert table["deal_type"].tolist() == ["expansion", "new", ""]
    assert table["target"].tolist() == [300_000, 300_000, 400_000]


@pytest.mark.parametrize("kinds", [None, {}, dict.fromkeys(KINDS, "new")])
def test_nothing_by_type_where_deals_do_not_tell_types_apart(kinds):
    given = tables() if kinds is None else tables(deals=typed(kinds))
    assert by_type(given, prepare(given, CALENDAR, 2018), Decimal(1_000_000)) is None


def test_only_months_that_deals_tell_are_counted_by_type():
    """Nine months of deals with types after older months without: the run-rate is what a year would bring."""
    rows = typed(KINDS)
    known = [day >= date(2017, 4, 1) for day in rows["closed_on"]]
    past = pd.DataFrame(
        [
            ("rep", who, f"{y}-{m:02d}", Decimal(rate))
            for who, rate in {"Ada": 30_000, "Bo": 20_000, "Cy": 10_000, "Di": 40_000}.items()
            for y, months in ((2016, range(1, 13)), (2017, range(1, 4)))
            for m in months
        ],
        columns=["level", "who", "month", "value"],
    )
    given = tables(deals=rows[known], bookings_history=past)
    found = by_type(given, prepare(given, CALENDAR, 2018), Decimal(1_000_000))
    assert (found.months, found.first) == (9, date(2017, 4, 1))
    assert found.table["booked"].tolist() == [360_000, 270_000, 270_000]
    assert found.years == ("2017",)
    assert found.table["run_rate"].tolist() == pytest.approx([480_000, 360_000, 360_000], rel=0.01)


def contracts():
    """Beside 1.2 M of new business: a's 1,000 a year grow by 500, b's 1,000 are renewed for 800."""
    more = [
        ("a", "new", 1000, date(2016, 6, 15), 24),
        ("b", "new", 1000, date(2016, 7, 15), 12),
        ("b", "renewal", 800, date(2017, 7, 10), 12),
        ("a", "expansion", 500, date(2017, 9, 10), 24),
    ]
    rows = [
        {"owner_id": "Ada", "outcome": "won", "amount": Decimal(amount), "created_on": day, "closed_on": day,
         "account_id": account, "deal_type": kind, "term_months": months}
        for account, kind, amount, day, months in more
    ]  # fmt: skip
    all_ = pd.concat([deals().assign(deal_type="new"), pd.DataFrame(rows)], ignore_index=True)
    return all_.assign(deal_id=[f"d{i}" for i in range(len(all_))], stage="Won", product_id="p")


def shown(given, amount_is, capsys):
    """What the page says by type, of a company's target that is last year's bookings."""
    basis = prepare(given, CALENDAR, 2018)
    plan = set_targets(basis, company_target=1_201_300)
    workbook = SimpleNamespace(tables=Tables.of(given), settings=SimpleNamespace(amount_is=amount_is))
    types(workbook, basis, plan)
    return capsys.readouterr().out


def test_retention_asked_for_is_worked_out_by_hand(capsys):
    """2,000 a year ran as 2017 began, 200 less and 500 more at its end; 2018 begins with 2,300.

    Gross (2000 − 200) / 2000, net (2000 − 200 + 500) / 2000; asked for are 90 % and 0.9 + 500 / 2300.
    """
    page = shown(tables(deals=contracts()), "acv", capsys)
    assert "0.0% | $500.00" in page
    assert "0.1% | $800.00" in page
    assert "Total | $1,202,000 | $1,201,300 |  |  | $1,201,300.00" in page
    assert "Gross revenue retention | 90.0% | 90.0%" in page
    assert "Net revenue retention | 115.0% | 111.7%" in page
    assert "few accounts" in page


def test_no_retention_is_asked_for_where_it_is_not_known(capsys):
    assert "No retention target" in shown(tables(deals=contracts()), None, capsys)
    # of a total of two years a year is half: a's 500 + 250, b's 1,000 renewed for 800, of 1,500 at first
    page = shown(tables(deals=contracts()), "tcv", capsys)
    assert "Net revenue retention | 103.3% | –" in page
    assert "No net retention is asked for" in page
    without = contracts().query("deal_type != 'renewal'")
    page = shown(tables(deals=without), "acv", capsys)
    assert "expansion" in page
    assert "etention" not in page
    assert "nothing is shown by type" in shown(tables(), "acv", capsys)


@pytest.fixture(scope="module")
def grown():
    """Five years of a company that nobody has worked out by hand, with leavers, hires and open seats."""
    made = simulate.company(simulate.Truth(seats=12), seed=5, months=48, as_of=date(2025, 12, 31))
    return {name: frame.to_pandas() for name, frame in made.tables.items()}


def before(value, day):
    return value is None or pd.isna(value) or value < day


def cut(given, day):
    """The tables as they would have been kept on the morning of a day; by plain comparisons."""
    out = {}
    begins = {"deals": "created_on", "people": "hired_on", "vacancies": "opened_on"}
    ends = {"deals": "closed_on", "people": "left_on", "vacancies": "filled_on"}
    for name, frame in given.items():
        rows = frame.to_dict("records")
        if name in begins:
            rows = [row for row in rows if before(row[begins[name]], day)]
            for row in rows:
                if not before(row[ends[name]], day):
                    row |= {ends[name]: None} | ({"outcome": "open"} if name == "deals" else {})
        out[name] = pd.DataFrame(rows, columns=frame.columns)
    return out


def test_the_earlier_forecast_is_that_of_the_tables_of_its_day(grown):
    day = date(2025, 1, 1)
    found = earlier(grown, CALENDAR, prepare(grown, CALENDAR, 2026))
    learned = learn(cut(grown, day), CALENDAR, date(2024, 12, 31), "USD")
    assert (found.p10, found.p50, found.p90) == tuple(expect(learned, CALENDAR.period("2025")).quantiles())
    won = grown["deals"].query("outcome == 'won'")
    inside = [each.year == 2025 for each in won["closed_on"]]
    assert found.came == sum(Decimal(str(each)) for each in won[inside]["amount"])
    assert (found.year.key, found.origin, found.why, found.months) == ("2025", date(2024, 12, 31), None, 36)
    assert found.within == (found.p10 <= float(found.came) <= found.p90)


def test_what_happened_in_the_year_does_not_change_its_earlier_forecast(grown):
    basis = prepare(grown, CALENDAR, 2026)
    found = earlier(grown, CALENDAR, basis)
    other = {name: frame.copy() for name, frame in grown.items()}
    gone = other["people"]["left_on"].isna()
    other["people"].loc[gone, "left_on"] = date(2025, 6, 30)
    late = [not before(day, date(2025, 1, 1)) for day in other["deals"]["closed_on"]]
    other["deals"].loc[late, "amount"] = other["deals"].loc[late, "amount"] * 2
    again = earlier(other, CALENDAR, basis)
    assert (again.p10, again.p50, again.p90) == (found.p10, found.p50, found.p90)


def test_as_known_leaves_what_had_happened():
    staff = people(
        Ada={"left_on": date(2016, 5, 1)}, Bo={"left_on": date(2017, 5, 1)}, Cy={"hired_on": date(2017, 2, 1)}
    )
    known = as_known(tables(people=staff), date(2017, 1, 1))["people"].collect("pandas").to_native()
    assert known["person_id"].tolist() == ["Ada", "Bo", "Di"]
    assert [None if pd.isna(day) else str(day)[:10] for day in known["left_on"]] == ["2016-05-01", None, None]


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (tables(), "too little before"),  # twelve months lie before 2017
        (tables(deals=deals(21)), "year not whole"),
        (tables(deals=deals(48, first=(2014, 1)), people=people().drop(columns="hired_on")), "no hire dates"),
        (tables(deals=deals(48, first=(2014, 1)), people=people(Ada={"hired_on": None})), "no hire dates"),
        (tables(deals=deals(48, first=(2014, 1)), people=people().iloc[1:]), "people missing"),
        (tables(deals=deals(48, first=(2014, 1))), None),
    ],
)
def test_no_backtest_is_claimed_where_the_origin_is_not_known(given, why):
    found = earlier(given, CALENDAR, prepare(given, CALENDAR, 2018))
    assert found.why == why
    assert (found.p50 is None) == (why is not None)


def test_pipeline_takes_the_place_of_as_much_run_rate():
    """Run-rates sum to 1.2 M; deals worth 90,000 of Cy move as much to him, and the sum stays."""
    rows = deals()
    slow = rows.assign(created_on=[d.replace(day=1) for d in rows["created_on"]])
    fresh = pd.DataFrame([("Cy", "open", Decimal(500), date(2017, 12, 20), None)], columns=slow.columns)
    given = {"deals": pd.concat([slow, fresh]), "people": people()}
    reps = prepare(given, CALENDAR, 2018).reps.set_index("person_id")
    assert reps["bottom_up"].sum() == pytest.approx(reps["run_rate"].sum(), rel=1e-9)
    assert reps.loc["Cy", "bottom_up"] > reps.loc["Cy", "run_rate"]
    assert reps.loc["Di", "bottom_up"] < reps.loc["Di", "run_rate"]


def last_targets(*rows):
    return pd.DataFrame(rows, columns=["level", "who", "metric", "period", "value"])


def changes(targets=None, **who):
    given = tables(people=people(**who)) if targets is None else tables(people=people(**who), targets=targets)
    basis = prepare(given, CALENDAR, 2018)
    reps = set_targets(basis, company_target=1_200_000, method="bottom_up").reps.set_index("person_id")
    return reps, basis


def test_a_target_of_one_month_is_compared_with_that_month():
    """Ada had December alone: 27,000; she is asked against that December, a twelfth of her year."""
    reps, _basis = changes(last_targets(("rep", "Ada", "bookings", "2017-12", Decimal(27_000))))
    ada = reps.loc["Ada"]
    assert (ada["months_compared"], ada["before"]) == (1, 27_000)
    assert float(ada["change_ratio"]) == pytest.approx(float(ada["target"]) / 12 / 27_000 - 1, abs=0.01)


def test_who_was_ramping_all_last_year_is_not_comparable():
    reps, _basis = changes(
        last_targets(("rep", "Cy", "bookings", "2017-12", Decimal(1_000))),
        Cy={"hired_on": date(2017, 11, 20)},
    )
    assert reps.loc["Cy", "months_compared"] == 0
    assert reps.loc["Cy", "before"] is None
    assert pd.isna(reps.loc["Cy", "change_ratio"])


def test_a_target_of_the_year_compares_only_with_a_whole_year():
    asked = last_targets(
        ("rep", "Ada", "bookings", "2017", Decimal(300_000)),
        ("rep", "Bo", "bookings", "2017", Decimal(90_000)),
    )
    reps, _basis = changes(asked, Bo={"hired_on": date(2016, 12, 1)})
    assert reps["months_compared"].to_dict() == {"Ada": 12, "Bo": 0, "Cy": 12, "Di": 12}
    assert reps.loc["Cy", "before"] == 120_000  # bookings, where there was no target


def test_last_year_is_bookings_for_company_and_teams():
    reps, basis = changes(last_targets(("rep", "Ada", "bookings", "2017", Decimal(1))))
    levels = set_targets(basis, company_target=1_200_000).levels.set_index(["level", "who"])
    assert levels.loc[("company", "company"), "before"] == 1_200_000 == basis.last_year
    assert levels.loc[("team", "North"), "before"] == 600_000
    assert reps.loc["Ada", "before"] == 1
