"""A simulated company as tables: what is known on a day, what comes after, and what was planted."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa

from salesops_nb.simulate.crm import DAY, MONTH, NOT_A_DAY, Array
from salesops_nb.simulate.invented.truth import Truth, refuse
from salesops_nb.simulate.tables import identifiers, marked, money

STAGES = np.array(["Qualify", "Propose", "Negotiate", "Won", "Lost"])
TENURE = 36  # months of the planted ramp


@dataclass(frozen=True)
class Company:
    """A simulated company as it stands on `as_of`, the last day seen.

    `people`, `deals`, `months` and `vacancies` are all that ever happens, as arrays; `tables` and
    `future` are what is known on `as_of` and what comes later.

    Examples
    --------
    >>> from datetime import date
    >>> from salesops_nb import simulate
    >>> made = simulate.company(seed=1, as_of=date(2025, 6, 30))
    >>> later = made.as_known(date(2025, 9, 30))
    >>> max(made.tables["deals"]["created_on"].to_pylist()) <= made.as_of
    True
    >>> later.tables["deals"].num_rows > made.tables["deals"].num_rows
    True
    """

    truth: Truth
    as_of: date
    people: dict[str, Array] = field(repr=False)
    deals: dict[str, Array] = field(repr=False)
    months: dict[str, Array] = field(repr=False)
    vacancies: dict[str, Array] = field(repr=False)
    first: np.datetime64
    end: np.datetime64

    @cached_property
    def tables(self) -> dict[str, pa.Table]:
        """People, deals, vacancies, targets and bookings_history as the workbook's contracts have them."""
        return seen(self)

    @cached_property
    def future(self) -> dict[str, pa.Table]:
        """What comes after `as_of`: bookings by person and month, leavers, hires, and deals that close."""
        return coming(self)

    @cached_property
    def planted(self) -> dict[str, pa.Table]:
        """The truth person by person, month by month and by month of tenure."""
        return planted(self)

    def as_known(self, day: date) -> Company:
        """The same company on another day: nothing in `tables` tells what came after it."""
        inside = self.first <= np.datetime64(day) < self.end
        refuse("bad-simulation.day", [] if inside else [f"{day} lies outside {self.first} to {self.end}"])
        return replace(self, as_of=day)


def seen(made: Company) -> dict[str, pa.Table]:
    """The tables of the workbook's contracts as they stand on the day."""
    day = np.datetime64(made.as_of)
    return {
        "people": _people(made, day),
        "deals": _deals(made, day),
        "vacancies": _vacancies(made, day),
        "targets": _targets(made),
        "bookings_history": _history(made),
    }


def coming(made: Company) -> dict[str, pa.Table]:
    """Bookings by person and month after the day, who leaves, who joins, and the deals that close."""
    day, deals, people = np.datetime64(made.as_of), made.deals, made.people
    later = (deals["closed"] > day) & (deals["closed"] <= made.end)
    names = person_ids(made)
    won = later & deals["won"]
    month = deals["closed"].astype("datetime64[M]")
    span = np.arange((day + DAY).astype("datetime64[M]"), made.end.astype("datetime64[M]") + MONTH)
    sums = np.zeros((len(names), len(span)), dtype=np.int64)
    np.add.at(sums, (deals["person"][won], (month[won] - span[:1]).astype(int)), deals["cents"][won])
    who = np.flatnonzero((people["hired"] <= made.end) & (people["left"] > day))
    leaves = np.flatnonzero((people["left"] > day) & (people["left"] <= made.end))
    leaves = leaves[np.argsort(people["left"][leaves], kind="stable")]
    joins = np.flatnonzero((people["hired"] > day) & (people["hired"] <= made.end))
    return {
        "bookings": _marked(
            {
                "person_id": np.repeat(names[who], len(span)),
                "month": np.tile(span.astype(str), len(who)),
                "value": money(sums[who].ravel()),
            }
        ),
        "leavers": _marked({"person_id": names[leaves], "left_on": _day(people["left"][leaves])}),
        "hires": _marked({"person_id": names[joins], "hired_on": _day(people["hired"][joins])}),
        "deals": _marked(
            {
                "deal_id": identifiers("D", np.flatnonzero(later) + 1, 6),
                "owner_id": names[deals["person"][later]],
                "outcome": np.where(deals["won"][later], "won", "lost"),
                "amount": money(deals["cents"][later]),
                "created_on": _day(deals["created"][later]),
                "closed_on": _day(deals["closed"][later]),
            }
        ),
    }


def planted(made: Company) -> dict[str, pa.Table]:
    """What a method should find: people's abilities, the months' factors and the ramp."""
    people, months = made.people, made.months
    teams = _team_names(made)
    factor = months["shock"]
    return {
        "people": _marked(
            {
                "person_id": person_ids(made),
                "ability": people["ability"],
                "win_rate": people["win_rate"],
                "leave_a_month": people["leave_a_month"],
                "hired_on": _day(people["hired"]),
                "left_on": _day(people["left"]),
            }
        ),
        "months": _marked(
            {
                "month": np.repeat(months["month"].astype(str), len(teams)),
                "team": np.tile(teams, len(factor)),
                "season": np.repeat(months["season"], len(teams)),
                "trend": np.repeat(months["trend"], len(teams)),
                "shock": factor.ravel(),
            }
        ),
        "ramp": _marked(
            {"month": np.arange(1, TENURE + 1), "share": made.truth.ramped(np.arange(TENURE) + 0.5)}
        ),
    }


def person_ids(made: Company) -> Array:
    """Ids in the order of hiring."""
    return np.asarray(identifiers("P", np.arange(1, len(made.people["seat"]) + 1), 4), dtype=object)


def team_of(truth: Truth, seat: Array) -> Array:
    """The team of a seat as a position; posts beside the seats are spread over the teams."""
    return np.where(seat < truth.seats, seat, seat - truth.seats) % truth.seats // truth.team


def _team_names(made: Company) -> Array:
    teams = made.months["shock"].shape[1]
    return np.asarray(identifiers("Team ", np.arange(1, teams + 1), 2), dtype=object)


def _managers(made: Company) -> Array:
    return np.asarray(identifiers("M", np.arange(1, made.months["shock"].shape[1] + 1), 2), dtype=object)


def _people(made: Company, day: np.datetime64) -> pa.Table:
    """Reps hired by the day, with the leaving that is known then, and the teams' managers."""
    people = made.people
    there = np.flatnonzero(people["hired"] <= day)
    team, teams = team_of(made.truth, people["seat"][there]), _team_names(made)
    managers, names = _managers(made), person_ids(made)[there]
    k = len(managers)
    since = np.full(k, made.first - 3650 * DAY)
    left = np.concatenate([people["left"][there], np.full(k, NOT_A_DAY)])
    everybody = np.concatenate([names, managers])
    return _marked(
        {
            "person_id": everybody,
            "name": everybody,
            "role": ["rep"] * len(there) + ["manager"] * k,
            "manager_id": [*managers[team], *[None] * k],
            "team": np.concatenate([teams[team], teams]),
            "hired_on": _day(np.concatenate([people["hired"][there], since])),
            "left_on": _day(left, left > day),
            "fte": np.ones(len(there) + k),
        }
    )


def _deals(made: Company, day: np.datetime64) -> pa.Table:
    """Deals closed in the data's months up to the day, and those open on it.

    Who will close an open deal may not have been hired yet: then the team's manager has it.
    """
    deals, people = made.deals, made.people
    shown = (deals["created"] <= day) & (deals["closed"] >= made.first)
    c = {name: values[shown] for name, values in deals.items()}
    is_open = c["closed"] > day
    owner = person_ids(made)[c["person"]]
    team = team_of(made.truth, people["seat"][c["person"]])
    owner = np.where(is_open & (people["hired"][c["person"]] > day), _managers(made)[team], owner)
    life = np.maximum((c["closed"] - c["created"]).astype(int), 1)
    so_far = np.clip((day - c["created"]).astype(int) * 3 // life, 0, 2)
    stage = np.where(is_open, so_far, np.where(c["won"], 3, 4))
    return _marked(
        {
            "deal_id": identifiers("D", np.flatnonzero(shown) + 1, 6),
            "owner_id": owner,
            "stage": STAGES[stage],
            "outcome": np.where(is_open, "open", np.where(c["won"], "won", "lost")),
            "amount": money(c["cents"]),
            "created_on": _day(c["created"]),
            "expected_close_on": _day(c["expected"], ~is_open),
            "closed_on": _day(c["closed"], is_open),
        }
    )


def _vacancies(made: Company, day: np.datetime64) -> pa.Table:
    posts, people = made.vacancies, made.people
    known = np.flatnonzero(posts["opened"] <= day)
    who = {
        (seat, hired): i for i, (seat, hired) in enumerate(zip(people["seat"], people["hired"], strict=True))
    }
    names = person_ids(made)
    filled = posts["filled"][known]
    filled = np.where(filled <= day, filled, NOT_A_DAY)
    by = [who.get(key) for key in zip(posts["seat"][known], filled, strict=True)]
    return _marked(
        {
            "vacancy_id": identifiers("V", known + 1, 4),
            "role": ["rep"] * len(known),
            "team": _team_names(made)[team_of(made.truth, posts["seat"][known])],
            "opened_on": _day(posts["opened"][known]),
            "filled_on": _day(filled),
            "person_id": pa.array([None if i is None else names[i] for i in by], pa.string()),
        }
    )


def _targets(made: Company) -> pa.Table:
    """What a ramped rep of average ability books, in whole hundreds, by each rep, team and the company.

    By month, and by quarter where it is whole; the levels and the quarters are sums, exactly. A rep has a
    target in each month he is there on the first day of.
    """
    people, months, truth = made.people, made.months, made.truth
    inside = (months["month"] >= made.first.astype("datetime64[M]")) & (
        months["month"] <= made.end.astype("datetime64[M]")
    )
    calendar = months["month"][inside]
    each = truth.wins / 3 * truth.deal * months["season"][inside]
    start = calendar.astype("datetime64[D]")
    known = np.flatnonzero(people["hired"] <= np.datetime64(made.as_of))
    # A leaving that is not known yet takes no target away.
    left = np.where(
        people["left"] <= np.datetime64(made.as_of), people["left"], np.datetime64(made.end) + DAY
    )
    there = (people["hired"][known, None] <= start) & (left[known, None] > start)
    reps = np.where(there, np.rint(each / 100).astype(np.int64) * 10_000, 0)
    team = np.zeros((made.months["shock"].shape[1], len(calendar)), dtype=np.int64)
    np.add.at(team, team_of(truth, people["seat"][known]), reps)
    parts = []
    levels = {
        "company": (np.array(["company"], dtype=object), team.sum(axis=0)[None]),
        "team": (_team_names(made), team),
        "rep": (person_ids(made)[known], reps),
    }
    for level, (names, cents) in levels.items():
        keys, values = _with_quarters(calendar, cents)
        some = np.flatnonzero(values.ravel())
        parts.append(
            {
                "level": np.full(len(some), level),
                "who": np.repeat(names, len(keys))[some],
                "metric": np.full(len(some), "bookings"),
                "period": np.tile(keys, len(names))[some],
                "value": money(values.ravel()[some]),
            }
        )
    return pa.concat_tables([_marked(part) for part in parts])


def _with_quarters(calendar: Array, cents: Array) -> tuple[Array, Array]:
    """Keys and sums of the months and, behind them, of the quarters that lie wholly inside."""
    skip = int(-calendar[0].astype(int)) % 3
    count = (len(calendar) - skip) // 3
    whole = cents[:, skip : skip + 3 * count].reshape(len(cents), count, 3).sum(axis=2)
    first = calendar[skip : skip + 3 * count : 3].astype(int)
    keys = [f"{1970 + m // 12}-Q{m % 12 // 3 + 1}" for m in first]
    return np.array([*calendar.astype(str), *keys], dtype=object), np.hstack([cents, whole])


def _history(made: Company) -> pa.Table:
    """Bookings of the months before the deals' first, by rep, team and company."""
    deals, people = made.deals, made.people
    calendar = made.months["month"]
    calendar = calendar[calendar < made.first.astype("datetime64[M]")]
    old = deals["won"] & (deals["closed"] < made.first)
    rep = np.zeros((len(people["seat"]), len(calendar)), dtype=np.int64)
    column = (deals["closed"][old].astype("datetime64[M]") - made.months["month"][0]).astype(int)
    np.add.at(rep, (deals["person"][old], column), deals["cents"][old])
    team = np.zeros((made.months["shock"].shape[1], len(calendar)), dtype=np.int64)
    np.add.at(team, team_of(made.truth, people["seat"]), rep)
    ends = (calendar + MONTH).astype("datetime64[D]")
    there = (people["hired"][:, None] < ends) & (people["left"][:, None] > calendar.astype("datetime64[D]"))
    levels = {
        "company": (np.array(["company"], dtype=object), team.sum(axis=0)[None], None),
        "team": (_team_names(made), team, None),
        "rep": (person_ids(made), rep, there),
    }
    parts = []
    for level, (names, cents, shown) in levels.items():
        some = np.flatnonzero(np.ones(cents.shape, bool) if shown is None else shown)
        parts.append(
            {
                "level": np.full(len(some), level),
                "who": np.repeat(names, len(calendar))[some],
                "metric": np.full(len(some), "bookings"),
                "month": np.tile(calendar.astype(str), len(names))[some],
                "value": money(cents.ravel()[some]),
            }
        )
    return pa.concat_tables([_marked(part) for part in parts])


def _marked(columns: dict[str, Any]) -> pa.Table:
    return marked(pa.table({name: _array(values) for name, values in columns.items()}))


def _array(values: Any) -> pa.Array:
    if isinstance(values, pa.Array):
        return values
    words = isinstance(values, list) or values.dtype.kind in "OU"
    return pa.array(values, pa.string()) if words else pa.array(values)


def _day(days: Array, gap: Array | None = None) -> pa.Array:
    # Beside a mask of one's own Arrow takes NaT for a day.
    none = np.isnat(days) if gap is None else np.isnat(days) | gap
    return pa.array(days.astype("datetime64[D]"), mask=none)
