"""What was planted in simulated companies is found again with plain NumPy and pandas, over many seeds."""

from dataclasses import replace
from datetime import date
from functools import lru_cache

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pytest
import yaml

from salesops_nb import hiring
from salesops_nb.errors import SalesopsError
from salesops_nb.simulate import Truth, any_truth, company
from salesops_nb.simulate.invented.truth import QUARTER_ENDS, RAMPS
from salesops_nb.source import open_workbook
from salesops_nb.source.schema.contracts import CONTRACTS

pytestmark = pytest.mark.slow

AS_OF = date(2025, 12, 31)
END = pd.Timestamp("2026-01-01")
# Nothing varies but what a test looks for.
PLAIN = Truth(
    seats=200,
    wins=20,
    attrition=0.0,
    spread=0.0,
    sigma=0.0,
    shock=0.0,
    ramp_months=0,
    win_rate=1.0,
    win_spread=0.0,
)


@lru_cache(maxsize=64)
def seen(truth, seed):
    return company(truth, seed).tables


def frame(table):
    """As pandas, money as floats and days as timestamps."""
    out = table.to_pandas()
    for name in out.columns:
        if name.endswith("_on"):
            out[name] = pd.to_datetime(out[name])
        if name in ("amount", "value"):
            out[name] = out[name].astype(float)
    return out


def wins(truth, seeds):
    """Won deals with the month, the owner's hiring and leaving; one frame over all seeds."""
    parts = []
    for seed in seeds:
        tables = seen(truth, seed)
        people = frame(tables["people"])
        deals = frame(tables["deals"]).query("outcome == 'won'")
        deals = deals.merge(people[["person_id", "hired_on", "left_on", "team"]], left_on="owner_id",
                            right_on="person_id")  # fmt: skip
        parts.append(deals.assign(seed=seed, month=deals["closed_on"].dt.to_period("M")))
    return pd.concat(parts)


def service(people, first="2023-01-01", end=END):
    """Years that each rep was there within the data."""
    reps = people[people["role"] == "rep"]
    begin = reps["hired_on"].clip(lower=pd.Timestamp(first))
    return (reps["left_on"].fillna(end).clip(upper=end) - begin).dt.days.clip(lower=0) / 365.25


@pytest.mark.parametrize("attrition", [0.08, 0.2, 0.4])
# A team that is never refilled ages, so that its rate stays only where it does not depend on tenure.
@pytest.mark.parametrize(
    "leaving",
    [
        {"leave_shape": 0.8},
        {"leave_shape": 1.0},
        {"leave_shape": 1.4},
        {"fill_days": None},
        {"weak_leave": 0.5},
        {"weak_leave": 0.5, "groups": True},
        {"weak_leave": 0.8},
        {"weak_leave": 0.5, "groups": True, "leave_shape": 0.8},
    ],
)
def test_attrition(attrition, leaving):
    truth = replace(PLAIN, wins=0.1, attrition=attrition, fill_spread=0.3, **leaving)
    left, years = 0, 0.0
    for seed in range(6):
        people = frame(seen(truth, seed)["people"])
        left += int(people["left_on"].notna().sum())
        years += service(people).sum()
    expected = -np.log1p(-attrition) * years
    assert left == pytest.approx(expected, abs=4 * np.sqrt(expected) + 0.03 * expected)


@pytest.mark.parametrize("ramp", RAMPS)
@pytest.mark.parametrize(("length", "start"), [(4.0, 0.0), (9.0, 0.3)])
def test_ramp(ramp, length, start):
    truth = replace(PLAIN, ramp=ramp, ramp_months=length, ramp_start=start, attrition=0.5, fill_days=20.0)
    bookings, months = np.zeros(14), np.zeros(14)
    for seed in range(6):
        people = frame(seen(truth, seed)["people"])
        people = people[people["hired_on"] >= "2023-01-01"]
        deals = wins(truth, [seed])
        tenure = (deals["closed_on"] - deals["hired_on"]).dt.days / 30.4375
        new = deals["hired_on"] >= "2023-01-01"
        bookings += np.bincount(tenure[new].astype(int), deals["amount"][new], 60)[:14]
        stay = (people["left_on"].fillna(END) - people["hired_on"]).dt.days / 30.4375
        months += np.clip(stay.to_numpy()[:, None] - np.arange(14), 0, 1).sum(axis=0)
    found = bookings / months / (truth.wins / 3 * truth.deal)
    # averages of the curve over each month of tenure, from its definition and not from the simulator
    x = (np.arange(14)[:, None] + np.linspace(0.02, 0.98, 25)) / length
    shape = {
        "linear": np.clip(x, 0, 1),
        "s-shaped": 3 * np.clip(x, 0, 1) ** 2 - 2 * np.clip(x, 0, 1) ** 3,
        "step": np.where(x < 1, 0, 1),
        "exponential": 1 - np.exp(-3 * x),
    }[ramp]
    expected = (start + (1 - start) * shape).mean(axis=1)
    # a calendar month is taken at its middle tenure, which blurs a step over the month around it
    room = np.where(np.abs(np.arange(14) + 0.5 - length) < 1.1, 0.35 if ramp == "step" else 0.06, 0.06)
    assert (np.abs(found - expected) < room).all(), (found, expected)


@pytest.mark.parametrize("trend", [-0.1, 0.0, 0.1])
def test_trend(trend):
    deals = wins(replace(PLAIN, trend=trend), range(6))
    years = deals.groupby(deals["closed_on"].dt.year)["amount"].sum()
    assert years[2025] / years[2024] - 1 == pytest.approx(trend, abs=0.015)
    assert years[2024] / years[2023] - 1 == pytest.approx(trend, abs=0.015)
    later = sum(frame(company(replace(PLAIN, trend=trend), seed).future["bookings"])["value"].sum()
                for seed in range(6))  # fmt: skip
    assert later / years[2025] - 1 == pytest.approx(trend, abs=0.015)


def test_season():
    deals = wins(replace(PLAIN, season=QUARTER_ENDS), range(6))
    by_month = deals.groupby(deals["closed_on"].dt.month).size()
    assert (by_month / by_month.mean()).to_numpy() == pytest.approx(np.array(QUARTER_ENDS), abs=0.04)


@pytest.mark.parametrize("sigma", [0.4, 0.9, 1.3])
def test_log_normal_amounts(sigma):
    amounts = wins(replace(PLAIN, sigma=sigma), range(6))["amount"]
    assert np.log(amounts).std() == pytest.approx(sigma, rel=0.03)
    assert amounts.mean() == pytest.approx(PLAIN.deal, rel=4 * np.sqrt(np.expm1(sigma**2) / len(amounts)))


@pytest.mark.parametrize("index", [1.6, 2.5])
def test_pareto_amounts(index):
    amounts = np.sort(wins(replace(PLAIN, pareto=index), range(6))["amount"])[::-1]
    top = amounts[: len(amounts) // 10]
    assert 1 / np.mean(np.log(top / top[-1])) == pytest.approx(index, rel=0.1)  # Hill's estimate
    assert amounts[-1] == pytest.approx(PLAIN.deal * (index - 1) / index, rel=0.01)


@pytest.mark.parametrize("groups", [False, True])
@pytest.mark.parametrize("spread", [0.15, 0.4])
def test_ability_differs(groups, spread):
    truth = replace(PLAIN, spread=spread, groups=groups, wins=40)
    each = wins(truth, range(6)).groupby(["seed", "owner_id"]).size() / 12
    assert each.mean() == pytest.approx(40, rel=0.05)
    assert np.log(each).std() == pytest.approx(spread, rel=0.12)
    if groups:
        assert (each > each.mean()).mean() == pytest.approx(0.25, abs=0.08)


@pytest.mark.parametrize("weak_leave", [0.0, 0.7])
def test_weak_people_leave_more(weak_leave):
    truth = replace(PLAIN, attrition=0.25, spread=0.4, weak_leave=weak_leave)
    rates = []
    for seed in range(6):
        people = frame(seen(truth, seed)["people"]).query("role == 'rep'")
        people = people.assign(years=service(people))
        count = wins(truth, [seed]).groupby("owner_id").size()
        sold = people["person_id"].map(count).fillna(0) / people["years"]
        rates.append(people.assign(sold=sold)[people["years"] > 0.5])
    everybody = pd.concat(rates)
    weak = everybody["sold"] < everybody["sold"].median()
    by_half = [part["left_on"].notna().sum() / part["years"].sum()
               for part in (everybody[weak], everybody[~weak])]  # fmt: skip
    if weak_leave:
        assert by_half[0] / by_half[1] > 1.8
    else:
        assert by_half[0] / by_half[1] == pytest.approx(1.0, abs=0.2)


def test_leavers_are_replaced_after_the_time_to_fill():
    truth = replace(PLAIN, wins=0.1, attrition=0.3, fill_days=70.0, fill_spread=0.5)
    waits, heads = [], []
    for seed in range(6):
        tables = seen(truth, seed)
        posts, people = frame(tables["vacancies"]), frame(tables["people"])
        early = posts[posts["opened_on"] < "2025-01-01"]  # those opened late may still be open
        assert early["filled_on"].notna().mean() > 0.9
        waits.append((early["filled_on"] - early["opened_on"]).dt.days.dropna())
        found = posts.dropna(subset="filled_on").merge(people, on="person_id")
        assert len(found) == posts["filled_on"].notna().sum()
        assert (found["hired_on"] == found["filled_on"]).all()
        heads.append(people.query("role == 'rep'")["left_on"].isna().sum())
    assert np.median(np.log(pd.concat(waits))) == pytest.approx(np.log(70), abs=0.06)
    assert np.log(pd.concat(waits)).std() == pytest.approx(0.5, abs=0.05)
    assert np.mean(heads) == pytest.approx(200 * (1 - 0.3567 * 79 / 365), abs=5)


def test_leavers_who_are_never_replaced():
    truth = replace(PLAIN, wins=0.1, attrition=0.3, fill_days=None)
    for seed in range(6):
        tables = seen(truth, seed)
        people = frame(tables["people"]).query("role == 'rep'")
        assert len(people) == 200
        assert (people["hired_on"] <= "2023-01-01").all()
        assert len(tables["vacancies"]) == people["left_on"].notna().sum()
        assert tables["vacancies"]["filled_on"].null_count == len(tables["vacancies"])
    assert 45 < people["left_on"].isna().sum() < 95  # 0.7 ** 3 of 200 are 69


@pytest.mark.parametrize(("memory", "shared"), [(0.0, 1.0), (0.8, 1.0), (0.8, 0.0)])
def test_shocks_remember_and_are_shared(memory, shared):
    truth = replace(PLAIN, seats=16, wins=150, shock=0.2, memory=memory, shared=shared)
    together, sizes = [], []
    for seed in range(25):
        deals = wins(truth, [seed])
        table = np.log(deals.pivot_table(index="month", columns="team", values="amount", aggfunc="sum"))
        values = table.to_numpy()
        together.append(np.corrcoef(values[:, 0], values[:, 1])[0, 1])
        sizes.append(values[:, 0])
    series = np.array(sizes) - np.mean(sizes)  # about the common mean: a short series' own mean hides memory
    assert np.sum(series[:, 1:] * series[:, :-1]) / np.sum(series[:, 1:] ** 2) == pytest.approx(
        memory, abs=0.12
    )
    assert series.std() == pytest.approx(0.2, abs=0.03)
    assert np.mean(together) == pytest.approx(shared, abs=0.12)


@pytest.mark.parametrize("win_rate", [0.2, 0.5])
def test_win_rate_and_cycle(win_rate):
    truth = replace(PLAIN, win_rate=win_rate, cycle_days=45.0, lost_days=100.0, cycle_shape=3.0)
    deals = pd.concat([frame(seen(truth, seed)["deals"]) for seed in range(5)])
    closed = deals.dropna(subset="closed_on")
    won = closed["outcome"] == "won"
    assert won.mean() == pytest.approx(win_rate, abs=0.01)
    days = (closed["closed_on"] - closed["created_on"]).dt.days
    assert days[won].mean() == pytest.approx(45, rel=0.03)
    assert days[~won].mean() == pytest.approx(100, rel=0.03)
    assert days[won].std() == pytest.approx(45 / np.sqrt(3), rel=0.05)
    # In a steady state the open deals are as many as begin in the time that one takes (Little's law).
    assert (deals["outcome"] == "open").sum() == pytest.approx(
        5 * 200 * 20 / 91.3 * (45 + 100 * (1 - win_rate) / win_rate), rel=0.06
    )


def test_win_rates_differ_between_reps():
    truth = replace(PLAIN, win_rate=0.4, win_spread=0.5, wins=40)
    parts = [frame(seen(truth, seed)["deals"]).assign(seed=seed) for seed in range(4)]
    closed = pd.concat(parts).dropna(subset="closed_on")
    rate = (closed["outcome"] == "won").groupby([closed["seed"], closed["owner_id"]]).mean()
    assert np.log(rate / (1 - rate)).std() == pytest.approx(0.5, abs=0.09)


@pytest.mark.parametrize("seed", range(6))
def test_future_and_tables_fit_together(seed):
    truth = any_truth(seed)
    whole = company(truth, seed, older=6)
    now, then = whole.tables, whole.as_known(date(2026, 6, 30)).tables
    coming = whole.future
    booked = coming["bookings"]
    won = coming["deals"].filter(pc.equal(coming["deals"]["outcome"], "won"))
    assert pc.sum(booked["value"]) == pc.sum(won["amount"])
    day = pa.scalar(date(2026, 6, 30))
    between = coming["deals"].filter(pc.less_equal(coming["deals"]["closed_on"], day))
    closed = then["deals"].filter(pc.greater(then["deals"]["closed_on"], pa.scalar(AS_OF)))
    assert closed.select(between.column_names).sort_by("deal_id").equals(between.sort_by("deal_id"))
    # every deal that is open now closes later, or after the last day
    is_open = set(now["deals"].filter(pc.equal(now["deals"]["outcome"], "open"))["deal_id"].to_pylist())
    late = set(then["deals"]["deal_id"].to_pylist())
    assert is_open <= late
    hired = pc.less_equal(coming["hires"]["hired_on"], day)
    assert len(then["people"]) == len(now["people"]) + sum(hired.to_pylist())
    assert max(d for d in now["people"]["hired_on"].to_pylist()) <= AS_OF
    for name, column in (("people", "left_on"), ("deals", "closed_on"), ("deals", "created_on"),
                         ("vacancies", "opened_on"), ("vacancies", "filled_on")):  # fmt: skip
        days = [d for d in now[name][column].to_pylist() if d is not None]
        assert all(d <= AS_OF for d in days), (name, column)


@pytest.mark.parametrize("seed", range(6))
def test_tables_are_those_of_the_contracts(seed):
    tables = company(any_truth(seed), seed, older=12).tables
    for name, table in tables.items():
        columns = CONTRACTS[name].by_name
        assert set(table.column_names) - {"simulated"} <= set(columns), name
        assert {c.name for c in columns.values() if c.required} <= set(table.column_names), name
        key = [column for column in CONTRACTS[name].key if column in table.column_names]
        assert table.group_by(key).aggregate([]).num_rows == table.num_rows, name
        assert pc.all(table["simulated"]).as_py()
        types = {"money": pa.decimal128(18, 2), "date": pa.date32()}
        for column in table.column_names:
            kind = columns[column].type if column in columns else ""
            assert kind not in types or table[column].type == types[kind], (name, column)
    people = set(tables["people"]["person_id"].to_pylist())
    assert set(tables["deals"]["owner_id"].to_pylist()) <= people


def test_an_open_deal_has_an_owner_who_is_there():
    for seed in range(6):
        tables = company(replace(PLAIN, attrition=0.5, cycle_days=200.0), seed).tables
        people, deals = frame(tables["people"]), frame(tables["deals"]).query("outcome == 'open'")
        owner = deals.merge(people, left_on="owner_id", right_on="person_id")
        assert owner["left_on"].isna().all()
        assert set(owner["role"]) == {"rep", "manager"}


@pytest.mark.parametrize("as_of", [date(2025, 12, 31), date(2025, 8, 31), date(2025, 11, 17)])
def test_targets_and_history_add_up(as_of):
    tables = company(any_truth(3), 3, as_of=as_of, older=24).tables
    targets = tables["targets"].to_pandas()
    by_level = targets.pivot_table(index="period", columns="level", values="value", aggfunc="sum")
    assert (by_level["rep"] == by_level["team"]).all()
    assert (by_level["rep"] == by_level["company"]).all()
    company_row = targets[targets["level"] == "company"].set_index("period")["value"]
    quarters = {pd.Period(k, "Q"): v for k, v in company_row.items() if "Q" in k}
    months = company_row[["Q" not in k for k in company_row.index]]
    sums = months.groupby(pd.PeriodIndex(months.index, freq="M").asfreq("Q")).agg(["sum", "count"])
    assert quarters == sums[sums["count"] == 3]["sum"].to_dict()
    history = tables["bookings_history"].to_pandas()
    assert history["month"].nunique() == 24
    total = history.pivot_table(index="month", columns="level", values="value", aggfunc="sum")
    assert (total["rep"] == total["team"]).all()
    assert (total["rep"] == total["company"]).all()
    assert history["month"].max() < str(tables["deals"]["closed_on"].to_pandas().dropna().min())[:7]


def test_the_seed_decides():
    first, again, other = (company(any_truth(1), seed) for seed in (4, 4, 5))
    for name, table in first.tables.items():
        assert table.equals(again.tables[name]), name
    for name, table in first.future.items():
        assert table.equals(again.future[name]), name
    assert not first.tables["deals"].equals(other.tables["deals"])
    assert any_truth(1) == any_truth(1)
    assert any_truth(1) != any_truth(2)


@pytest.mark.parametrize(
    "arguments",
    [{"future": 24}, {"future": 0}, {"openings": (2, 0, 3)}, {"refill": False}, {"supported": 5.0}],
)
def test_the_past_does_not_hang_on_the_future(arguments):
    truth = any_truth(8, attrition=0.4, seats=20)
    plain, asked = company(truth, 8), company(truth, 8, **arguments)
    for name in ("people", "vacancies", "bookings_history"):
        assert plain.tables[name].equals(asked.tables[name]), name
    closed = [t["deals"].filter(pc.is_valid(t["deals"]["closed_on"])) for t in (plain.tables, asked.tables)]
    assert closed[0].equals(closed[1])
    assert not plain.future["bookings"].equals(asked.future["bookings"])


def test_openings_and_no_refill():
    truth = replace(PLAIN, attrition=0.3, fill_days=30.0, fill_spread=0.0)
    alone = company(truth, 2, refill=False, future=12)
    open_now = alone.tables["vacancies"]["filled_on"].null_count
    assert len(alone.future["hires"]) == open_now  # posts open on the day are filled, later ones are not
    more = company(truth, 2, refill=False, future=12, openings=(3, 0, 2))
    days = sorted(more.future["hires"]["hired_on"].to_pylist())
    assert days.count(date(2026, 1, 31)) >= 3
    assert days.count(date(2026, 3, 31)) >= 2
    assert len(days) == open_now + 5


def test_more_heads_than_the_market_supports_add_less():
    booked = [
        frame(company(PLAIN, 1, supported=limit).future["bookings"])["value"].sum()
        for limit in (200.0, 100.0, 50.0)
    ]
    # 100 supported heads of 200: 100 + 100 × (1 − e⁻¹); 50 of 200: 50 + 50 × (1 − e⁻³)
    assert booked[1] / booked[0] == pytest.approx((10 + 10 * (1 - np.exp(-1))) / 20, abs=0.01)
    assert booked[2] / booked[0] == pytest.approx((5 + 5 * (1 - np.exp(-3))) / 20, abs=0.01)


def test_a_workbook_takes_them_as_frames(tmp_path):
    tables = company(any_truth(2), 2, older=6).tables
    stages = {"Qualify": "open", "Propose": "open", "Negotiate": "open", "Won": "won", "Lost": "lost"}
    mapping = {name: {"file": f"{name}.csv"} for name in tables}
    mapping["deals"]["stages"] = stages
    (tmp_path / "workbook.yml").write_text("company: A\ncurrency: USD\nsource: .\nmapping: mapping.yml\n")
    (tmp_path / "mapping.yml").write_text(yaml.safe_dump({"tables": mapping}))
    workbook = open_workbook(tmp_path, frames=tables)
    assert [p for p in workbook.problems if p.severity != "note"] == []
    assert workbook.simulated == set(tables)
    won = workbook.connection.execute("SELECT sum(amount) FROM deals WHERE outcome = 'won'").fetchone()[0]
    deals = tables["deals"]
    assert won == pc.sum(deals.filter(pc.equal(deals["outcome"], "won"))["amount"]).as_py()
    workbook.close()


@pytest.mark.parametrize("seed", range(3))
def test_the_hiring_analysis_reads_it_without_a_problem(seed):
    learned = hiring.learn(company(any_truth(seed, seats=15), seed).tables)
    assert [p.code for p in learned.problems if p.code != "few-leavers"] == []


def test_drawn_truths_cover_what_companies_are_like():
    truths = [any_truth(seed) for seed in range(300)]
    seats, won = [t.seats for t in truths], [t.wins for t in truths]
    assert min(seats) < 8
    assert 50 < max(seats) <= 60
    assert min(seats) >= 6
    assert 2 <= min(won) < 3
    assert 35 < max(won) <= 40
    assert {t.ramp for t in truths} == set(RAMPS)
    assert min(t.trend for t in truths) < -0.09
    assert max(t.trend for t in truths) > 0.09
    assert 0.2 < np.mean([t.pareto is not None for t in truths]) < 0.4
    assert any_truth(5, ramp="step", fill_days=None).fill_days is None


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"seats": 0}, r"seats is 0 \(from 1 to 5,000\)"),
        ({"seats": 2.5}, "seats is 2.5"),
        ({"seats": True}, "seats is True"),
        ({"wins": -1}, "wins is -1"),
        ({"wins": float("nan")}, "wins is nan"),
        ({"wins": "many"}, "wins is 'many'"),
        ({"trend": -1.0}, "trend is -1.0"),
        ({"attrition": 1.0}, r"attrition is 1.0 \(from 0 to 0.95\)"),
        ({"ramp": "steep"}, r"ramp is 'steep' \(linear, s-shaped, step, exponential\)"),
        ({"season": (1.0,) * 4}, "season is .*twelve factors above zero"),
        ({"season": (0.0,) * 12}, "season is .*twelve factors above zero"),
        ({"season": 5}, "season is 5"),
        ({"season": None}, "season is None"),
        ({"ramp": ["linear"]}, r"ramp is \['linear'\]"),
        ({"pareto": 1.0}, "pareto is 1.0"),
        ({"sigma": None}, "sigma is None"),
        ({"win_rate": 0.0}, "win_rate is 0.0"),
        ({"seats": 0, "wins": 0}, "seats is 0 .*; wins is 0"),
    ],
)
def test_a_truth_without_sense_is_refused(values, words):
    with pytest.raises(SalesopsError, match=f"No company can be made: .*{words}"):
        Truth(**values)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"months": 0}, r"months is 0 \(a whole number from 1 to 240\)"),
        ({"months": 1000}, "months is 1000"),
        ({"future": -1}, "future is -1"),
        ({"future": 2.0}, "future is 2.0"),
        ({"older": -3}, "older is -3"),
        ({"seed": -1}, r"seed is -1 \(a whole number from 0\)"),
        ({"openings": (1, -1)}, "openings are"),
        ({"openings": (1,) * 13}, "openings are for 13 months, the future has 12"),
        ({"openings": 3}, "openings are 3"),
        ({"openings": (1.5,)}, "openings are"),
        ({"supported": 0.0}, r"supported is 0.0 \(above 0\)"),
        ({"supported": "x"}, "supported is 'x'"),
        ({"as_of": "2025-01-01"}, "as_of is '2025-01-01'"),
    ],
)
def test_sizes_without_sense_are_refused(arguments, words):
    with pytest.raises(SalesopsError, match=words):
        company(**arguments)
    with pytest.raises(SalesopsError, match="seatz is no part of a truth"):
        any_truth(1, seatz=5)
    for seed in (-1, 1.5, "one"):
        with pytest.raises(SalesopsError, match=f"seed is {seed!r}"):
            any_truth(seed)


def test_a_day_outside_is_refused():
    with pytest.raises(SalesopsError, match="2019-01-01 lies outside 2023-01-01 to 2026-12-31"):
        company().as_known(date(2019, 1, 1))
