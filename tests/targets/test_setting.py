"""Targets on small companies made up here, and on the demo: sums, methods, ramps, fairness, bad input."""

from datetime import date
from decimal import Decimal

import duckdb
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from target_tables import CALENDAR, RATES, TEAMS, deals, people, tables

from salesops_nb.core.periods import FiscalCalendar
from salesops_nb.errors import SalesopsError
from salesops_nb.targets import prepare, read, set_targets


@pytest.fixture(scope="module")
def basis():
    return prepare(tables(), CALENDAR, 2018)


def value(plan, who, period="2018", metric="bookings"):
    rows = plan.targets.query("who == @who and period == @period and metric == @metric")
    return rows["value"].item()


def assert_sums(plan, year="2018"):
    """Reps make teams, regions and what is assigned; months make quarters and the year."""
    table = plan.targets
    by = table.groupby(["level", "metric", "period"])["value"].sum()
    reps = by["rep", "bookings"]
    for level in ("team", "region"):
        assert (by[level, "bookings"] == reps).all()
    assert (by["company", "bookings_assigned"] == reps).all()
    for _, rows in table.groupby(["level", "who", "metric"]):
        values = rows.set_index("period")["value"]
        months = [values[f"{year}-{m:02d}"] for m in range(1, 13)]
        assert values[year] == sum(months) == sum(values[f"{year}-Q{q}"] for q in range(1, 5))
        assert values[f"{year}-Q2"] == sum(months[3:6])
    assert all(isinstance(v, Decimal) and v >= 0 for v in table["value"])


def test_growth_on_last_year(basis):
    plan = set_targets(basis, growth=0.1, method="bottom_up")
    assert plan.summary["last_year"] == 1_200_000
    assert value(plan, "company") == 1_320_000
    assert_sums(plan)


def test_bottom_up_follows_the_run_rate(basis):
    plan = set_targets(basis, company_target=1_000_000, method="bottom_up", unit=1)
    shares = {who: float(value(plan, who)) / 1e6 for who in RATES}
    assert shares == pytest.approx({"Ada": 0.3, "Bo": 0.2, "Cy": 0.1, "Di": 0.4}, abs=0.02)


def test_bottom_up_without_a_total_takes_its_own_sum(basis):
    plan = set_targets(basis, method="bottom_up")
    assert float(value(plan, "company")) == pytest.approx(basis.reps["bottom_up"].sum(), abs=100)


def test_top_down_follows_the_potential_given():
    potential = {"Ada": 1, "Bo": 1, "Cy": 2, "Di": 4}
    basis = prepare(tables(), CALENDAR, 2018, potential_by=potential)
    plan = set_targets(basis, company_target=800_000, method="top_down")
    assert [value(plan, who) for who in potential] == [100_000, 100_000, 200_000, 400_000]
    assert [value(plan, team) for team in ("North", "South")] == [200_000, 600_000]
    assert plan.summary["dispersion_gini"] == pytest.approx(0, abs=1e-9)
    assert plan.summary["dispersion_cv"] == pytest.approx(0, abs=1e-9)


def test_a_blend_lies_between_and_its_ends_are_the_methods():
    basis = prepare(tables(), CALENDAR, 2018, potential_by={"Ada": 1, "Bo": 1, "Cy": 1, "Di": 1})
    made = {w: set_targets(basis, company_target=10**6, weight=w, unit=1) for w in (0, 0.5, 1)}
    top = set_targets(basis, company_target=10**6, method="top_down", unit=1)
    bottom = set_targets(basis, company_target=10**6, method="bottom_up", unit=1)
    pd.testing.assert_frame_equal(made[1].targets, top.targets)
    pd.testing.assert_frame_equal(made[0].targets, bottom.targets)
    for who in RATES:
        middle = (float(value(top, who)) + float(value(bottom, who))) / 2
        assert float(value(made[0.5], who)) == pytest.approx(middle, abs=12)


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    target=st.decimals(1000, 10**9, places=2),
    weight=st.floats(0, 1),
    factor=st.sampled_from([1, 1.05, "1.1", Decimal("1.333"), 2]),
    unit=st.sampled_from([1, 100, Decimal("0.01"), 250, 1000]),
)
def test_sums_are_exact_whatever_is_asked(basis, target, weight, factor, unit):
    plan = set_targets(basis, company_target=target, weight=weight, over_assignment=factor, unit=unit)
    assert_sums(plan)
    assert value(plan, "company") == target
    assigned = value(plan, "company", metric="bookings_assigned")
    assert abs(assigned - target * Decimal(str(factor))) <= Decimal(str(unit))


def test_without_over_assignment_reps_sum_to_the_company(basis):
    plan = set_targets(basis, company_target="1000000.55")
    assert value(plan, "company") == value(plan, "company", metric="bookings_assigned")
    assert value(plan, "company") == sum(value(plan, who) for who in RATES)


def test_over_assignment_lowers_the_reps_chances(basis):
    plain = set_targets(basis, growth=0)
    more = set_targets(basis, growth=0, over_assignment=1.2)
    assert more.summary["share_at_quota"] < plain.summary["share_at_quota"]
    assert more.summary["probability"] == plain.summary["probability"]
    assert value(more, "Ada") > value(plain, "Ada")


def test_a_new_person_is_ramped_and_a_leaver_ends():
    staff = people(Eve={"hired_on": date(2018, 3, 1)}, Bo={"left_on": date(2018, 7, 1)})
    basis = prepare(
        {"deals": deals(), "people": staff},
        CALENDAR,
        2018,
        ramp=(0, 0.5),
        potential_by=dict.fromkeys(TEAMS, 1),
    )
    plan = set_targets(basis, company_target=10**6, method="top_down", unit=1)
    eve = [float(value(plan, "Eve", f"2018-{m:02d}")) for m in range(1, 13)]
    assert eve[:3] == [0, 0, 0]  # not there, not there, first month of tenure
    assert eve[3] == pytest.approx(eve[4] / 2, abs=1)
    bo = [float(value(plan, "Bo", f"2018-{m:02d}")) for m in range(1, 13)]
    assert min(bo[:6]) > 0
    assert bo[6:] == [0] * 6
    assert_sums(plan)


def test_part_time_carries_part():
    basis = prepare(
        {"deals": deals(), "people": people(Ada={"fte": 0.5})},
        CALENDAR,
        2018,
        potential_by=dict.fromkeys(RATES, 1),
    )
    plan = set_targets(basis, company_target=700_000, method="top_down")
    assert [value(plan, who) for who in RATES] == [100_000, 200_000, 200_000, 200_000]


def test_who_gains_and_loses_against_last_years_targets():
    last = pd.DataFrame(
        [("rep", "Ada", "bookings", "2017", Decimal(500_000))]
        + [("rep", "Bo", "bookings", f"2017-{m:02d}", Decimal(1000)) for m in range(1, 13)],
        columns=["level", "who", "metric", "period", "value"],
    )
    basis = prepare(tables(targets=last), CALENDAR, 2018)
    reps = set_targets(basis, growth=0, method="bottom_up").reps.set_index("person_id")
    assert reps["against"].to_dict() == {"Ada": "target", "Bo": "target", "Cy": "bookings", "Di": "bookings"}
    assert reps.loc["Ada", "change"] == reps.loc["Ada", "target"] - 500_000
    assert reps.loc["Bo", "change"] == reps.loc["Bo", "target"] - 12_000
    assert reps.loc["Ada", "change_ratio"] == pytest.approx(float(reps.loc["Ada", "target"]) / 5e5 - 1)


def test_chances_fall_as_growth_rises(basis):
    chances = [set_targets(basis, growth=g).summary["probability"] for g in (-0.3, 0, 0.3)]
    assert chances[0] > 0.9
    assert chances == sorted(chances, reverse=True)
    levels = set_targets(basis, growth=0).levels
    assert set(levels["level"]) == {"company", "region", "team", "rep"}
    assert (levels["p10"] < levels["p90"]).all()


def test_potential_of_units_comes_before_that_of_accounts():
    units = pd.DataFrame({"unit_id": ["u1", "u2", "u3", "u4"], "potential": [1.0, 1.0, 2.0, 6.0]})
    held = pd.DataFrame({"unit_id": ["u1", "u2", "u3", "u4"], "person_id": list(RATES)})
    accounts = pd.DataFrame({"account_id": list("abcd"), "owner_id": list(RATES), "revenue": [4, 3, 2, 1]})
    basis = prepare(tables(units=units, assignments=held, accounts=accounts), CALENDAR, 2018)
    assert basis.reps.set_index("person_id")["potential"].to_dict() == {"Ada": 1, "Bo": 1, "Cy": 2, "Di": 6}
    assert any("units assigned" in note for note in basis.notes)
    basis = prepare(tables(accounts=accounts), CALENDAR, 2018)
    assert basis.reps.set_index("person_id")["potential"].to_dict() == {"Ada": 4, "Bo": 3, "Cy": 2, "Di": 1}


def test_accounts_are_shared_by_the_deals_worked_there():
    worked = deals()
    worked["account_id"] = ["x" if who in ("Ada", "Bo") else "y" for who in worked["owner_id"]]
    accounts = pd.DataFrame({"account_id": ["x", "y"], "revenue": [Decimal(100), Decimal(300)]})
    given = {"deals": worked, "people": people(), "accounts": accounts}
    basis = prepare(given, CALENDAR, 2018)
    assert basis.reps["potential"].tolist() == [50, 50, 150, 150]
    once = read(given)
    for year in (2018, 2017):
        kept = prepare(once, CALENDAR, year)
        pd.testing.assert_frame_equal(kept.reps, prepare(given, CALENDAR, year).reps, check_exact=True)
    assert kept.reps["potential"].tolist() == [50, 50, 150, 150]


def test_open_deals_lift_the_bottom_up():
    rows = deals()
    slow = rows.assign(created_on=[d.replace(day=1) for d in rows["created_on"]])
    fresh = pd.DataFrame(
        [
            ("Cy", "open", Decimal(90_000), date(2017, 12, 20), None),
            ("Di", "open", Decimal(90_000), date(2012, 1, 1), None),
        ],
        columns=slow.columns,
    )
    with_open = prepare({"deals": pd.concat([slow, fresh]), "people": people()}, CALENDAR, 2018)
    pipeline = with_open.reps.set_index("person_id")["pipeline"]
    assert pipeline["Cy"] == pytest.approx(90_000)  # every closed deal was won
    assert pipeline["Di"] == 0  # older than nearly all that ever closed
    assert any("left out as older" in note for note in with_open.notes)


def test_without_dates_of_creation_the_run_rate_stands_alone():
    for rows in (deals().drop(columns="created_on"), deals().assign(created_on=None)):
        basis = prepare({"deals": rows, "people": people()}, CALENDAR, 2018)
        assert any(note.startswith("No pipeline:") for note in basis.notes)
        assert basis.reps["bottom_up"].tolist() == basis.reps["run_rate"].tolist()


def test_an_open_deal_without_amount_counts_at_list_price():
    fresh = pd.DataFrame(
        [("Cy", "open", None, date(2017, 12, 20), None)], columns=deals().columns, dtype=object
    )
    given = pd.concat([deals().assign(product_id="p"), fresh.assign(product_id="p")])
    products = pd.DataFrame({"product_id": ["p"], "list_price": [Decimal(700)]})
    basis = prepare({"deals": given, "people": people(), "products": products}, CALENDAR, 2018)
    assert basis.reps.set_index("person_id")["pipeline"]["Cy"] == pytest.approx(700)


def test_a_year_known_in_part_is_scaled_and_said():
    basis = prepare({"deals": deals(21), "people": people()}, CALENDAR, 2018, declared_season=[1] * 12)
    assert basis.last_year_months == 9
    assert any("9 of 12 months" in note for note in basis.notes)
    plan = set_targets(basis, growth=0, method="bottom_up")
    assert float(value(plan, "company")) == pytest.approx(1_200_000, rel=0.02)


def test_what_came_later_is_not_used():
    early = prepare(tables(), CALENDAR, 2018, as_of=date(2017, 9, 30))
    again = prepare({"deals": deals(21), "people": people()}, CALENDAR, 2018)
    assert early.reps["run_rate"].tolist() == again.reps["run_rate"].tolist()
    inside = prepare({"deals": deals(36), "people": people()}, CALENDAR, 2018)  # deals of 2018 among them
    assert inside.last_year == 1_200_000
    assert inside.reps["run_rate"].tolist() == prepare(tables(), CALENDAR, 2018).reps["run_rate"].tolist()


def test_older_months_come_from_bookings_history():
    past = pd.DataFrame(
        [
            ("rep", who, f"{y}-{m:02d}", Decimal(rate), True)
            for who, rate in RATES.items()
            for y in (2014, 2015, 2016)
            for m in range(1, 13)
        ],
        columns=["level", "who", "month", "value", "simulated"],
    )
    basis = prepare(tables(bookings_history=past), CALENDAR, 2018)
    assert basis.simulated
    assert "48 months" in basis.notes[0]
    (problem,) = basis.problems
    assert (problem.code, problem.severity) == ("history-overlap", "note")
    assert problem.message.startswith("48 rows")


def test_a_fiscal_year_of_its_own():
    calendar = FiscalCalendar(start_month=4)
    basis = prepare({"deals": deals(27), "people": people()}, calendar, "2019")
    plan = set_targets(basis, growth=0.1)
    assert basis.last_year == 1_200_000
    assert_sums(plan, "2019")
    weekly = FiscalCalendar(pattern="4-4-5")
    assert_sums(set_targets(prepare(tables(), weekly, 2018), growth=0))


def test_frames_of_any_kind_give_the_same():
    connection = duckdb.connect()
    given = tables()
    relations = {name: connection.from_df(frame) for name, frame in given.items()}
    a = set_targets(prepare(given, CALENDAR, 2018), growth=0.1)
    b = set_targets(prepare(relations, CALENDAR, 2018), growth=0.1)
    pd.testing.assert_frame_equal(a.targets, b.targets)
    shuffled = {name: frame.sample(frac=1, random_state=1) for name, frame in given.items()}
    pd.testing.assert_frame_equal(
        a.targets, set_targets(prepare(shuffled, CALENDAR, 2018), growth=0.1).targets
    )


def test_the_demo(demo):
    tables = dict(demo.tables)
    basis = prepare(tables, demo.calendar, 2018)
    plan = set_targets(basis, growth=0.1, over_assignment=1.05)
    assert_sums(plan)
    assert plan.summary["simulated"] is True
    assert plan.summary["reps"] == 32  # 35 listed, three have left
    assert "46 months" in plan.notes[0]
    assert 0 < plan.summary["share_at_quota_p10"] <= plan.summary["share_at_quota_p90"] < 1


def kept(value, period="2017"):
    columns = ["level", "who", "metric", "period", "value"]
    return pd.DataFrame([("rep", "Ada", "bookings", period, value)], columns=columns)


def older(month):
    return pd.DataFrame([("rep", "Ada", month, 5)], columns=["level", "who", "month", "value"])


BAD_BASIS = [
    ({"year": "18"}, "'18' does not name a fiscal year"),
    ({"year": "2018-Q1"}, "'2018-Q1' does not name a fiscal year"),
    ({"year": "next"}, "does not name a fiscal year"),
    ({"year": 1800}, "outside the years"),
    ({"year": 2015}, "No won deal and no month of bookings_history lies before 2015-01-01"),
    ({"people": None}, "no table people"),
    ({"deals": None}, "No won deal"),
    ({"people": people(Ada={"left_on": date(2000, 1, 1)}).head(1)}, "The table people has nobody"),
    ({"people": people().assign(left_on=date(2017, 5, 1))}, "Nobody in 2018 has a role"),
    ({"people": people().drop(columns="role")}, "The table people lacks role"),
    ({"people": people().assign(hired_on="soon")}, "'soon' in hired_on, which is not a date"),
    ({"roles": ["pilot"]}, "Nobody has the role pilot"),
    ({"ramp": (0.5, 1.5)}, "a share lies outside 0 to 1"),
    ({"potential_by": {"Ada": -1}}, "The potential of Ada is -1"),
    ({"potential_by": {"Ada": 0}}, "The potential of all reps together is zero"),
    ({"potential_by": {"Nobody": 5}}, "The potential of all reps together is zero"),
    ({"deals": deals().drop(columns="amount")}, "The table deals lacks amount"),
    ({"deals": deals().assign(currency=["USD", "EUR"] * 96)}, "several currencies: EUR, USD"),
    ({"deals": deals(12), "declared_season": [1, 2]}, "has 2 weights"),
    ({"targets": kept(-5)}, "The target of Ada for 2017 is -5"),
    ({"bookings_history": older("2015-Q1")}, "which is a quarter and not a month"),
    ({"bookings_history": older("Jan 15")}, "'Jan 15' does not name a period"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "words"), BAD_BASIS, ids=[words for _, words in BAD_BASIS])
def test_bad_basis(change, words):
    change = dict(change)
    year = change.pop("year", 2018)
    options = {k: change.pop(k) for k in ("roles", "ramp", "potential_by", "declared_season") if k in change}
    given = {name: frame for name, frame in {**tables(), **change}.items() if frame is not None}
    with pytest.raises(SalesopsError, match=words):
        prepare(given, CALENDAR, year, **options)


BAD_PARAMETERS = [
    ({"method": "magic", "growth": 0}, "no method 'magic'"),
    ({}, "The method blend needs a total"),
    ({"method": "top_down"}, "The method top_down needs a total"),
    ({"growth": 0.1, "company_target": 5}, "Both growth"),
    ({"company_target": -1}, "The company target is -1"),
    ({"company_target": 0}, "The company target is 0"),
    ({"company_target": "much"}, "The company target is 'much', which is not a number"),
    ({"growth": -1}, "A growth of -1"),
    ({"growth": 15}, "more than tenfold"),
    ({"growth": float("nan")}, "not a number"),
    ({"growth": 0, "weight": 1.5}, "The weight is 1.5"),
    ({"growth": 0, "weight": -0.1}, "The weight is -0.1"),
    ({"growth": 0, "over_assignment": 0.9}, "The over-assignment is 0.9"),
    ({"growth": 0, "over_assignment": 5}, "The over-assignment is 5"),
    ({"growth": 0, "unit": 0}, "The unit is 0"),
    ({"growth": 0, "unit": -100}, "The unit is -100"),
    ({"growth": 0, "unit": "0.005"}, "USD cannot pay"),
]


@pytest.mark.parametrize(("parameters", "words"), BAD_PARAMETERS)
def test_bad_parameters(basis, parameters, words):
    with pytest.raises(SalesopsError, match=words):
        set_targets(basis, **parameters)


def test_missing_and_zero_potential_are_told():
    basis = prepare(tables(), CALENDAR, 2018, potential_by={"Ada": 4, "Cy": 0, "Di": 2})
    told = {p.code: p.message for p in basis.problems}
    assert "No potential is known for Bo" in told["no-potential"]
    assert "The potential of Cy is zero" in told["zero-potential"]
    assert value(set_targets(basis, growth=0, method="top_down"), "Cy") == 0


def test_bookings_of_strangers_are_told_and_count_for_the_company():
    staff = people()
    basis = prepare({"deals": deals(), "people": staff[staff["person_id"] != "Cy"]}, CALENDAR, 2018)
    (problem,) = basis.problems
    assert (problem.code, problem.severity, problem.amount) == ("unknown-owner", "note", 240_000)
    assert basis.last_year == 1_200_000
    written = staff.assign(hired_on="2010-01-01")
    assert len(prepare({"deals": deals(), "people": written}, CALENDAR, 2018).reps) == 4


def test_left_before_hired_is_set_aside_and_told():
    basis = prepare({"deals": deals(), "people": people(Ada={"left_on": date(2009, 1, 1)})}, CALENDAR, 2018)
    assert "Ada" not in set(basis.reps["person_id"])
    assert [p.code for p in basis.problems] == ["left-before-hired", "unknown-owner"]


def test_tables_read_once_give_the_same_basis(basis):
    again = prepare(read(tables()), CALENDAR, 2018)
    pd.testing.assert_frame_equal(again.reps, basis.reps, check_exact=True)
    assert (again.notes, again.last_year) == (basis.notes, basis.last_year)
