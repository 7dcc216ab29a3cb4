"""Twelve cases about people, each on the figures that the export has of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from salesops_nb.simulate.crm import DAY, MONTH, NOT_A_DAY, Array, Crm, stream

Columns = dict[str, Any]
NINE_MONTHS = (np.datetime64("2017-03-01"), np.datetime64("2017-12-01"))
THIN = (np.datetime64("2017-03-01"), np.datetime64("2017-04-01"))
# The case of the system: wins as often as the company, and has the least bookings since its deals are small.
SYSTEM, PERSON, THINNEST = "Violet Mclelland", "Lajuana Vencill", "Wilburn Farren"
OTHERS, LOW = 9, 0.01  # cases of routine; all of people who won less than all others in the quarter
RESPONSES = (
    "The deals I was given this quarter were small ones; I ask for a look at how they are shared out.",
    "I agree that I lose more than the others. I would like help with the last meeting.",
    "Two large deals slipped to the next month. They are still open.",
    "I see it the same way and have changed my week.",
)
Row = tuple[Any, ...]


def cases(crm: Crm, seed: int) -> dict[str, Columns]:
    """The cases and their steps: one of the system, one of the person, one too thin, nine of routine.

    `value` is the person's figure in the period and `peers` that of the rest of the company, from the export;
    `deals` is the number of deals behind the person's figure.
    """
    rng = stream(seed, "cases")
    active = sorted(set(crm.deals["agent"].astype(str)) - {SYSTEM, PERSON, THINNEST})
    rows: list[Row] = [
        _case(crm, SYSTEM, "bookings", NINE_MONTHS, "2017-03 to 2017-11", "system"),
        _case(crm, PERSON, "win_rate", NINE_MONTHS, "2017-03 to 2017-11", "person"),
        _case(crm, THINNEST, "win_rate", THIN, "2017-03", "too thin"),
    ]
    quarters = [_case(crm, person, "win_rate", *_quarter(q), "none") for person in active for q in (2, 3)]
    low = [row for row in quarters if row[4] < row[5] - LOW]
    for person in rng.choice(sorted({row[0] for row in low}), OTHERS, replace=False):
        rows.append(next(row for row in low if row[0] == person))
    rows.sort(key=lambda row: (row[6], row[0]))
    steps = [step for number, row in enumerate(rows) for step in _steps(number, row, rng)]
    # The case of the person is still open at the end of the data: coaching runs.
    names = ("person_id", "manager_id", "period", "metric", "value", "peers", "opened_on", "deals", "reason")
    columns: Columns = {"case_id": [f"K{i:02d}" for i in range(1, len(rows) + 1)]}
    columns |= {name: [row[i] for row in rows] for i, name in enumerate(names)}
    columns["opened_on"] = np.array(columns["opened_on"], "datetime64[D]")
    closed = {step[0]: step[3] for step in steps if step[2] == "closure"}
    columns["closed_on"] = np.array([closed.get(case, NOT_A_DAY) for case in columns["case_id"]])
    columns["finding"] = [row[9] for row in rows]
    fields = ("case_id", "step_no", "kind", "happened_on", "author_id", "approver_id", "review_on", "text")
    made: Columns = {name: [step[i] for step in steps] for i, name in enumerate(fields)}
    for name in ("happened_on", "review_on"):
        made[name] = np.array(made[name], "datetime64[D]")
    return {"cases": columns, "case_steps": made}


def _quarter(number: int) -> tuple[tuple[np.datetime64, np.datetime64], str]:
    start = np.datetime64("2017-01") + 3 * (number - 1) * MONTH
    return (start.astype("datetime64[D]"), (start + 3 * MONTH).astype("datetime64[D]")), f"2017-Q{number}"


def figure(crm: Crm, metric: str, who: Array, span: tuple[np.datetime64, np.datetime64]) -> tuple[float, int]:
    """Won amount or share of decided deals won, of the deals of some agents closed in a span; how many."""
    closed = crm.deals["closed"]
    inside = who & (closed >= span[0]) & (closed < span[1])
    won = inside & (crm.deals["stage"] == "Won")
    if metric == "bookings":
        return float(crm.deals["value"][won].sum()), int(won.sum())
    return float(won.sum() / max(1, inside.sum())), int(inside.sum())


def _case(
    crm: Crm, person: str, metric: str, span: tuple[np.datetime64, np.datetime64], period: str, finding: str
) -> Row:
    mine = crm.deals["agent"] == person
    value, deals = figure(crm, metric, mine, span)
    peers, _ = figure(crm, metric, ~mine, span)
    if metric == "bookings":
        peers /= len(set(crm.deals["agent"])) - 1
        reason = f"Bookings of {value:,.0f} against {peers:,.0f} of the average colleague."
    else:
        reason = f"Won {value:.1%} of {deals} decided deals against {peers:.1%} of all others."
    manager = str(crm.agents["manager"][crm.agents["agent"] == person][0])
    opened = np.busday_offset(span[1] + 4 * DAY, 0, roll="forward")
    return (person, manager, period, metric, round(value, 4), round(peers, 4), opened, deals, reason, finding)


def _steps(number: int, row: Row, rng: np.random.Generator) -> list[Row]:
    """Observation, talk, the person's response, what was agreed, and the closure where there is one."""
    person, manager, opened, finding = row[0], row[1], row[6], row[9]
    plan = {
        "system": [
            ("talk", manager, "The figures were gone through together."),
            ("response", person, RESPONSES[0]),
            ("review", manager, "Wins as often as all; the products sold are the cheapest of the list."),
            ("closure", manager, "No step against the person. Who sells what goes to the manager."),
        ],
        "person": [
            ("talk", manager, "Lost deals were read one by one."),
            ("response", person, RESPONSES[1]),
            ("coaching", manager, "A second person sits in on the last meeting for four weeks."),
        ],
        "too thin": [
            ("talk", manager, "One month was looked at."),
            ("response", person, RESPONSES[2]),
            ("closure", manager, "Too few deals to tell anything; looked at again with a whole quarter."),
        ],
    }.get(
        finding,
        [
            ("talk", manager, "The quarter was gone through together."),
            ("response", person, RESPONSES[2 + number % 2]),
            ("coaching", manager, "Weekly talk about the three largest open deals."),
            ("closure", manager, "Nothing further."),
        ],
    )
    steps: list[Row] = [(f"K{number + 1:02d}", 1, "observation", opened, manager, None, NOT_A_DAY, row[8])]
    day = opened
    for no, (kind, author, text) in enumerate(plan, 2):
        day = np.busday_offset(day + int(rng.integers(1, 5)) * DAY, 0, roll="forward")
        review = np.busday_offset(day + 28 * DAY, 0, roll="forward") if kind == "coaching" else NOT_A_DAY
        steps.append((f"K{number + 1:02d}", no, kind, day, author, None, review, text))
    return steps
