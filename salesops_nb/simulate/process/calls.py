"""Forecast calls: what each rep and manager says on Mondays that the quarter will bring.

A call is what is won in the quarter so far, exactly, and a part of what was open on the day. The part
follows what the open deals did bring, as no rep knows it: with an error that shrinks towards the quarter's
end, and with the person's own leaning.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from salesops_nb.errors import SalesopsError, problem
from salesops_nb.simulate.crm import DAY, Array, Crm, stream
from salesops_nb.simulate.process.planted import is_number

Columns = dict[str, Any]
WEEK = 7 * DAY
WEEKS = 40  # of the demo
BEST = 0.45  # of what is open beyond the commit goes into the best case, at most


@dataclass(frozen=True)
class Leaning:
    """Who calls too high and who too low, by which factor of the open part, and everyone else's error.

    Examples
    --------
    >>> from salesops_nb import simulate
    >>> simulate.Leaning(optimist="R00001", sandbagger="R00002").low
    0.5
    """

    optimist: str = "Markita Hansen"
    sandbagger: str = "Corliss Cosme"
    high: float = 1.7
    low: float = 0.5
    error: float = 0.3

    def __post_init__(self) -> None:
        """Raise `SalesopsError` that names every number without sense."""
        wrong = [
            f"{name} is {getattr(self, name)!r} (from 0 to {most})"
            for name, most in (("high", 100), ("low", 100), ("error", 10))
            if not is_number(getattr(self, name), 0, most)
        ]
        if wrong:
            raise SalesopsError(problem("bad-leaning", value=wrong[0], wrong="; ".join(wrong)))


@dataclass(frozen=True)
class Seen:
    """By call and person, in cents: won in the quarter by the day, open at list price, and what the open
    deals were to bring in the quarter; and how many were won, lost and opened since the call before."""

    won: Array
    open: Array
    coming: Array
    closed_won: Array
    closed_lost: Array
    opened: Array


def mondays(through: np.datetime64, weeks: int) -> Array:
    """The last Mondays of the data, in order."""
    last = np.busday_offset(through, 0, roll="backward", weekmask="Mon")
    days: Array = last - np.arange(weeks)[::-1] * WEEK
    return days


def quarter_start(day: Array) -> Array:
    """The first day of the calendar quarter."""
    month = day.astype("datetime64[M]").astype(np.int64)
    return (month - month % 3).astype("datetime64[M]").astype("datetime64[D]")


def seen(days: Array, people: int, deals: dict[str, Array]) -> Seen:
    """Add up the deals: `owner`, `engaged`, `closed`, `won`, `cents` and `listed` (cents) of each."""
    shape = (len(days), people)
    found = Seen(*(np.zeros(shape, dtype=np.int64) for _ in range(6)))
    start = quarter_start(days)
    end = quarter_start(start + 100 * DAY)
    owner, engaged, closed, won = (deals[name] for name in ("owner", "engaged", "closed", "won"))
    for i, day in enumerate(days):
        done = closed <= day  # false where a deal is open
        is_open = (engaged <= day) & ~done
        before = day - WEEK
        _add(found.won[i], owner, deals["cents"], done & won & (closed >= start[i]))
        _add(found.open[i], owner, deals["listed"], is_open)
        _add(found.coming[i], owner, deals["cents"], is_open & won & (closed < end[i]))
        _add(found.closed_won[i], owner, None, done & won & (closed > before))
        _add(found.closed_lost[i], owner, None, done & ~won & (closed > before))
        _add(found.opened[i], owner, None, (engaged <= day) & (engaged > before))
    return found


def _add(sums: Array, owner: Array, cents: Array | None, which: Array) -> None:
    # Sums below 2**53 cents are exact in the doubles bincount uses.
    weights = None if cents is None else cents[which]
    sums += np.bincount(owner[which], weights, len(sums)).astype(np.int64)


def forecast_calls(
    days: Array,
    names: list[str],
    manager_of: Array,
    hired: Array,
    found: Seen,
    leaning: Leaning,
    rng: np.random.Generator,
) -> Columns:
    """Weekly calls of the people with deals and of their managers, as columns of the contract.

    `names` and `manager_of` are by position of a person; a manager's call is his team's calls, whose
    open part he takes down a little. Money is in whole hundreds beyond what is won.
    """
    factor = {leaning.optimist: leaning.high, leaning.sandbagger: leaning.low}
    lean = np.array([factor.get(name, 1.0) for name in names[: found.open.shape[1]]])
    end = quarter_start(quarter_start(days) + 100 * DAY)
    left = (end - days).astype(float)[:, None] / 92
    shape = found.open.shape
    error = _errors(shape, rng) * leaning.error * np.sqrt(left)
    typical = found.coming * 0.85 + found.open * 0.06 * left
    commit = _hundreds(np.minimum(typical * lean * np.exp(error), found.open))
    more = (found.open - commit) * rng.uniform(0.05, BEST, shape)
    best = commit + _hundreds(np.maximum(more, 0))
    sells = found.open.any(axis=0) | found.won.any(axis=0)
    calling = sells & (hired <= days[:, None])
    commit, best = commit * calling, best * calling
    reason = _reasons(days, found.won + commit, found)
    rows = [
        (names[p], days[i], commit[i, p] + found.won[i, p], best[i, p] + found.won[i, p], reason[i][p])
        for i, p in zip(*np.nonzero(calling), strict=True)
    ]
    for boss in np.unique(manager_of[sells]):
        team = (manager_of == boss) & sells
        down = np.minimum(rng.normal(0.92, 0.04, len(days)), 1.0)
        won = found.won[:, team].sum(axis=1)
        low = _hundreds(commit[:, team].sum(axis=1) * down)
        high = np.maximum(low, _hundreds(best[:, team].sum(axis=1) * down))
        rows += [(names[boss], day, won[i] + low[i], won[i] + high[i], None) for i, day in enumerate(days)]
    rows.sort(key=lambda row: (row[1], row[0]))
    return {
        "person_id": [row[0] for row in rows],
        "made_on": np.array([row[1] for row in rows]),
        "period": [_quarter(row[1]) for row in rows],
        "commit": [_money(row[2]) for row in rows],
        "best_case": [_money(row[3]) for row in rows],
        "reason": [row[4] for row in rows],
    }


def _errors(shape: tuple[int, ...], rng: np.random.Generator) -> Array:
    """By call and person, of variance one; what somebody misjudges he misjudges for weeks."""
    drawn = rng.normal(0.0, 1.0, shape)
    for i in range(1, shape[0]):
        drawn[i] = 0.8 * drawn[i - 1] + 0.6 * drawn[i]
    return drawn


def _hundreds(cents: Array) -> Array:
    return np.floor(cents / 10_000).astype(np.int64) * 10_000


def _reasons(days: Array, call: Array, found: Seen) -> list[list[str | None]]:
    """Why a call of a quarter differs from the one before: what happened between them, where anything did."""
    quarter = quarter_start(days)
    reasons: list[list[str | None]] = []
    for i in range(len(days)):
        if i == 0 or quarter[i] != quarter[i - 1]:
            reasons.append([None] * call.shape[1])
            continue
        up, down = call[i] > call[i - 1], call[i] < call[i - 1]
        won, lost, opened = (n[i] > 0 for n in (found.closed_won, found.closed_lost, found.opened))
        cases = {
            "deal won": up & won,
            "new deal": up & opened,
            "deal lost": down & lost,
            "deal put off": down,
        }
        why = np.select(list(cases.values()), list(cases), "")
        reasons.append([str(word) or None for word in why])
    return reasons


def _quarter(day: Any) -> str:
    month = int(day.astype("datetime64[M]").astype(int))
    return f"{1970 + month // 12}-Q{month % 12 // 3 + 1}"


def _money(cents: Any) -> str:
    return f"{cents // 100}.{cents % 100:02d}"


def demo_calls(
    crm: Crm,
    names: list[str],
    owner: Array,
    manager_of: Array,
    hired: Array,
    leaning: Leaning,
    seed: int,
) -> Columns:
    """The demo's forty weeks of calls, upon what was open and came of the export's deals."""
    deals = crm.deals
    days = mondays(crm.through, WEEKS)
    facts = {
        "owner": owner,
        "engaged": deals["engaged"],
        "closed": deals["closed"],
        "won": deals["stage"] == "Won",
        "cents": deals["value"].astype(np.int64) * 100,
        "listed": np.array([crm.prices[str(name)] for name in deals["product"]]) * 100,
    }
    found = seen(days, len(crm.agents["agent"]), facts)
    return forecast_calls(days, names, manager_of, hired, found, leaning, stream(seed, "forecast calls"))
