"""Heads by cohort, team and quarter: every line adds up, and cases worked out by hand come out."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal as D

import numpy as np
import pandas as pd
import pytest
from hiring_tables import tables

from salesops_nb import hiring
from salesops_nb.core.periods import FiscalCalendar
from salesops_nb.forecast.learning.attrition import BANDS, WEAKER, Fill
from salesops_nb.hiring.headcount.flows import running, steps
from salesops_nb.hiring.headcount.leavers import Reasons, reasons
from salesops_nb.hiring.headcount.support import kind_of

CALENDAR = FiscalCalendar()
MONTH = 30.4375


def certain(learned, leave=1e-9, days=MONTH):
    """The same with one hazard for everybody, whatever they sell, and one time to fill."""
    sure = np.full(len(BANDS), 1e9)
    hazard = replace(
        learned.hazard, shape=leave * sure, rate=sure, weaker=np.eye(len(WEAKER))[0],
        typical=np.ones((len(WEAKER), len(BANDS))),
    )  # fmt: skip
    return replace(learned, hazard=hazard, fill=Fill(float(np.log(days)), 1e-9, 0.0, 10, "override"))


@pytest.fixture(scope="module")
def company():
    return tables(seed=6, heads=10, roles=("AE", "SMB"))


@pytest.fixture(scope="module")
def plan(company):
    return hiring.plan(company, 12, 0.8, target=10_000_000, learned=hiring.learn(company), futures=1500)


def adds_up(frame, comes, goes):
    after = frame["starting"] + sum(frame[name] for name in comes) - sum(frame[name] for name in goes)
    assert after.tolist() == frame["ending"].tolist()


def test_rounded_steps_sum_to_the_rounded_sum():
    values = np.random.default_rng(1).random(40) * 0.3
    found = steps(values)
    assert abs(float(sum(found)) - values.sum()) <= 0.05
    assert max(abs(float(step) - value) for step, value in zip(found, values, strict=True)) < 0.1 + 1e-9
    assert running(10.0, (1, [D("0.5")]), (-1, [D("1.2")])) == [(D("10.0"), D("9.3"))]


@pytest.mark.parametrize("nobody", [False, True])
@pytest.mark.parametrize("replaced", [False, True])
def test_cohorts_add_up_to_the_team_and_to_what_it_books(plan, nobody, replaced):
    plan = replace(plan, replace_leavers=replaced)
    if replaced:  # judged on the team in which leavers are replaced
        plan = replace(plan, trial=replace(plan.trial, team=plan.judged.team(True), tried={}, by_role={}))
    found = hiring.cohorts(plan, nobody)
    adds_up(found, ["hires"], ["leavers"])
    every, parts = found[found["cohort"] == "all"], found[found["cohort"] != "all"]
    for name in ("starting", "hires", "leavers", "ending", "ramped", "capacity"):
        assert every.set_index("quarter")[name].to_dict() == parts.groupby("quarter")[name].sum().to_dict()
    assert ("replacements" in set(found["cohort"])) == (replaced and not nobody)
    assert set(parts["cohort"]) <= {"today", "open seats", "replacements", *every["quarter"]}
    if not nobody:
        months = plan.capacity.months
        booked = [sum(months["mean"][at : at + 3]) for at in range(0, 12, 3)]
        assert [float(v) for v in every["capacity"]] == pytest.approx([float(v) for v in booked], abs=0.2)
        heads = plan.trial.grown(plan.counts).heads.sum(axis=1).mean(axis=0)[2::3]
        assert [float(v) for v in every["ending"]] == pytest.approx(heads.tolist(), abs=0.31)
        assert sum(D(str(v)) for v in every["target"]) == pytest.approx(D(10_000_000), abs=1)
    # each cohort goes on where it ended
    for _, mine in parts.groupby("cohort"):
        assert mine["starting"].tolist()[1:] == mine["ending"].tolist()[:-1]


def test_a_known_leaver_and_an_accepted_hire_stand_where_they_must():
    """Nobody else leaves: one of nine goes on 15 February, one comes on 1 May and ramps in two months."""
    people = pd.DataFrame({
        "person_id": [f"p{n}" for n in range(10)], "name": "N", "role": "AE",
        "hired_on": [date(2020, 1, 1)] * 9 + [date(2026, 5, 1)],
        "left_on": [date(2026, 2, 15)] + [None] * 9,
    })  # fmt: skip
    deals = pd.DataFrame(
        [
            (f"p{n}", "won", 50_000.0, date(2023 + m // 12, m % 12 + 1, 28))
            for n in range(9)
            for m in range(36)
        ],
        columns=["owner_id", "outcome", "amount", "closed_on"],
    )
    company = {"people": people, "deals": deals}
    learned = certain(hiring.learn(company, as_of=date(2025, 12, 31)).override(ramp_months=2))
    plan = hiring.plan(company, 6, 0.5, target=1.0, learned=learned, futures=400)
    found = hiring.cohorts(plan, nobody=True).set_index(["quarter", "cohort"])
    heads = ["starting", "hires", "leavers", "ending"]
    assert found.loc[("2026-Q1", "today"), heads].tolist() == [D("9.0"), D("0.0"), D("1.0"), D("8.0")]
    assert found.loc[("2026-Q2", "today"), heads].tolist() == [D("8.0"), D("0.0"), D("0.0"), D("8.0")]
    assert found.loc[("2026-Q2", "accepted"), heads].tolist() == [D("0.0"), D("1.0"), D("0.0"), D("1.0")]
    # January 9, February 8.5 (gone in its midst), March 8: a mean of 8.5
    assert found.loc[("2026-Q1", "today"), "ramped"] == D("8.5")
    # April nothing, May a quarter, June three quarters of full output: a third in the mean
    assert found.loc[("2026-Q2", "accepted"), "ramped"] == D("0.3")
    assert ("2026-Q1", "accepted") not in found.index
    made = float(found.loc[("2026-Q2", "accepted"), "capacity"])
    assert made / float(found.loc[("2026-Q2", "accepted"), "productivity"]) == pytest.approx(1 / 3, abs=1e-3)


def test_expected_leavers_and_backfills_are_those_of_the_hazard(company, plan):
    """Of N at a hazard of 3 % a month N·(1 − e⁻⁰·⁰⁹) leave in a quarter; a seat is filled a month later."""
    hazard, people = 0.03, company["people"].assign(team="north")
    learned = certain(hiring.learn({**company, "people": people}), leave=hazard)
    learned = replace(learned, vacancies=learned.vacancies[:0])
    mine = hiring.plan({**company, "people": people}, 6, 0.5, target=1.0, learned=learned, futures=4000)
    found = hiring.leavers(mine)
    adds_up(found, ["joining", "backfills"], ["leavers", "transfers_out"])
    there = learned.panel.roster["present"].sum()
    assert found["starting"].iloc[0] == D(int(there))
    lost = np.exp(-hazard * np.arange(7))
    first, second = (there * (1 - lost[3])), there * (lost[3] - lost[6])
    back = there * (
        (1 - lost[1]) + 0.5 * (lost[1] - lost[2])
    )  # by March: all of January's, half of February's
    assert float(found["leavers"].iloc[0]) == pytest.approx(first, abs=0.15)
    assert float(found["leavers"].iloc[1]) == pytest.approx(second + back * (1 - lost[2]), abs=0.2)
    assert float(found["backfills"].iloc[0]) == pytest.approx(back, abs=0.12)
    assert set(found["joining"]) == {D("0.0")}
    assert found["voluntary"].isna().all()  # no reason is known


def test_transfers_are_no_leavers_and_voluntary_ones_stand_apart(company):
    people = company["people"].assign(team=np.resize(["north", "south"], len(company["people"])))
    gone = people["left_on"].notna()
    why = pd.Series(["voluntary"] * 6 + ["involuntary"] * 3 + ["transfer"], dtype=object)
    people.loc[gone, "leave_reason"] = np.resize(why.to_numpy(), gone.sum())
    data = {**company, "people": people.drop(index=people[gone].index[10 * (gone.sum() // 10) :])}
    mine = hiring.plan(data, 12, 0.5, target=1.0, futures=2000)
    known = mine.trial.pool.learned
    n = 10 * (int(gone.sum()) // 10)
    assert reasons(data, known.panel) == Reasons(0.6, 0.1, n)
    found = hiring.leavers(mine)
    adds_up(found, ["joining", "backfills"], ["leavers", "transfers_out"])
    sums = found[["leavers", "voluntary", "transfers_out"]].sum().astype(float)
    exits = mine.judged.team(True).gone.mean(axis=0).sum()
    assert sums["leavers"] == pytest.approx(0.9 * exits, abs=0.06)
    assert sums["voluntary"] == pytest.approx(0.6 * exits, abs=0.06)
    assert sums["transfers_out"] == pytest.approx(0.1 * exits, abs=0.06)
    one = people["person_id"] == people["person_id"][gone].iloc[0]
    few = people.assign(leave_reason=people["leave_reason"].where(one))
    assert reasons({**company, "people": few}, known.panel) == Reasons(None, None, 1)


def test_moves_between_teams_are_counted_once_each():
    """Six people by hand, in the fourth quarter of 2025."""
    rows = [
        # person, team, hired, left, reason, from, to
        ("stays", "north", date(2020, 1, 1), None, None, None, None),
        ("moves", "north", date(2020, 1, 1), None, None, None, date(2025, 11, 1)),
        ("moves", "south", date(2020, 1, 1), None, None, date(2025, 11, 1), None),
        ("quits", "north", date(2020, 1, 1), date(2025, 10, 20), "voluntary", None, None),
        ("fired", "south", date(2021, 1, 1), date(2025, 12, 5), "involuntary", None, None),
        ("other", "south", date(2021, 1, 1), date(2025, 12, 10), "transfer", None, None),
        ("comes", "south", date(2025, 10, 1), None, None, None, None),
    ]
    names = ["person_id", "team", "hired_on", "left_on", "leave_reason", "valid_from", "valid_to"]
    people = pd.DataFrame(rows, columns=names).assign(name="N", role="AE")
    deals = pd.DataFrame(
        [(p, "won", 9_000.0, date(2025, m, 9)) for p in ("stays", "moves") for m in range(1, 13)],
        columns=["owner_id", "outcome", "amount", "closed_on"],
    )
    company = {"people": people, "deals": deals}
    panel = hiring.learn(company, as_of=date(2025, 12, 31)).panel
    found = hiring.moves(company, panel, CALENDAR, quarters=1).set_index("team")
    adds_up(found, ["hires", "transfers_in"], ["leavers", "transfers_out"])
    flows = ["starting", "hires", "transfers_in", "leavers", "voluntary", "transfers_out", "ending"]
    assert found.loc["north", flows].tolist() == [3, 0, 0, 1, 1, 1, 1]
    assert found.loc["south", flows].tolist() == [2, 1, 1, 1, 0, 1, 2]


def test_the_demo_learns_from_its_former_agents(demo):
    """Fourteen left in the data, two of them to other work: nearly 13 % a year."""
    learned = hiring.learn(demo.tables, demo.calendar)
    assert learned.hazard.leavers.sum() == 14
    assert reasons(demo.tables, learned.panel) == Reasons(8 / 14, 2 / 14, 14)
    assert 0.10 < float(learned.hazard.yearly(learned.hazard.overall)) < 0.15


def test_the_next_manager_is_due_when_the_span_is_passed(company, plan):
    people = company["people"].assign(manager_id=None)
    here = plan.trial.pool.learned.panel.roster.query("present")["person_id"].tolist()
    for at, person in enumerate(here):
        people.loc[people["person_id"] == person, "manager_id"] = f"m{at % 2}"
    more = pd.DataFrame({
        "person_id": ["m0", "m1", "x"], "name": "M", "role": ["manager", "manager", "Sales Engineer"],
        "hired_on": date(2020, 1, 1),
    })  # fmt: skip
    mine = replace(plan, tables={**company, "people": pd.concat([people, more], ignore_index=True)})
    reps = len(here)
    found = hiring.support(mine, {"manager": (reps - 1) / 2}).set_index("support")
    assert found.loc["manager", ["today", "reps"]].tolist() == [2, D(reps)]
    assert found.loc["manager", "due"] == "2026-01"  # passed today already
    assert found.loc["manager", "more"] == found.loc["manager", "needed"] - 2 >= 1
    assert found.loc["se", "today"] == 1
    assert pd.isna(found.loc["se", "due"])
    assert "sdr" not in found.index
    heads = mine.trial.grown(mine.counts).heads.sum(axis=1).mean(axis=0)
    asked = float(np.sort(heads)[-2:].mean()) / 2  # passed in the month with most people alone
    late = hiring.support(mine, {"manager": asked}).set_index("support").loc["manager"]
    assert late["due"] == f"2026-{int(np.argmax(heads)) + 1:02d}"
    assert late["needed"] == 3
    roomy = hiring.support(mine, {"manager": 100.0}).set_index("support").loc["manager"]
    assert (roomy["needed"], roomy["more"], roomy["due"]) == (1, 0, None)


def test_roles_of_support_are_known_by_their_names():
    assert [kind_of(role) for role in ("SE", "pre-sales", "Solution Consultant")] == ["se"] * 3
    assert [kind_of(role) for role in ("SDR", "Sales Development Representative", "bdr")] == ["sdr"] * 3
    assert [kind_of(role) for role in ("AE", "sales rep", "Senior")] == [None] * 3


@pytest.mark.parametrize(
    ("days", "allowed", "expected"),
    [
        (40, [1], {date(2026, 2, 1): 2}),  # 10 February is nearer to the first of February
        (50, [1], {date(2026, 3, 1): 2}),
        (44, [1, 15], {date(2026, 2, 15): 2}),
        (400, [1], {None: 2}),  # after the horizon
    ],
)
def test_a_class_is_the_start_day_that_is_nearest(plan, days, allowed, expected):
    known = certain(plan.trial.pool.learned, days=days)
    counts = np.zeros_like(plan.counts)
    counts[0, 0] = 2
    pool = replace(plan.trial.pool, learned=known)
    mine = replace(plan, counts=counts, trial=replace(plan.trial, pool=pool))
    found = hiring.start_classes(mine, allowed)
    named = [None if pd.isna(day) else day for day in found["starts_on"]]
    assert dict(zip(named, found["hires"], strict=True)) == expected
    assert sum(found["hires"]) == 2
