"""Expected leavers and who follows them, by team and quarter, and how heads moved in the quarters before.

A transfer is no leaver: who goes to another team, or out of sales with the reason ``transfer``, is counted
apart. A seat is empty all the same, and its capacity lost, so that the forecast counts every exit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd

from salesops_nb.core.frames import Tables
from salesops_nb.core.periods import FiscalCalendar, Period
from salesops_nb.forecast.learning import reading
from salesops_nb.forecast.learning.attrition import FEWEST
from salesops_nb.forecast.learning.inputs import Floats, Panel
from salesops_nb.forecast.period import seats_in
from salesops_nb.forecast.simulation.simulate import Team, teams
from salesops_nb.hiring.headcount.flows import Quarters, running, steps
from salesops_nb.hiring.planning.plan import HiringPlan

TRANSFER, VOLUNTARY = "transfer", "voluntary"
COLUMNS = ["quarter", "team", "starting", "joining", "backfills", "leavers", "voluntary", "transfers_out",
           "ending"]  # fmt: skip
MOVES = ["quarter", "team", "starting", "hires", "transfers_in", "leavers", "voluntary", "transfers_out",
         "ending"]  # fmt: skip


@dataclass(frozen=True)
class Reasons:
    """Why people left: which shares of exits were voluntary and transfers, and of how many that is known.

    Shares are ``None`` where fewer than five reasons are known.
    """

    voluntary: float | None
    transfer: float | None
    known: int


def reasons(tables: Mapping[str, Any], panel: Panel) -> Reasons:
    """Reasons of those who left within the data, as `people.leave_reason` has them."""
    rows = _sellers(tables, panel)
    start, end = pd.Timestamp(panel.months[0].start), pd.Timestamp(panel.months[-1].end)
    last = rows.sort_values("valid_from").groupby("person_id").last()
    gone = last[(last["left_on"] >= start) & (last["left_on"] < end) & (last["leave_reason"] != "")]
    known = len(gone)
    if known < FEWEST:
        return Reasons(None, None, known)
    of = {name: float((gone["leave_reason"] == name).mean()) for name in (VOLUNTARY, TRANSFER)}
    return Reasons(of[VOLUNTARY], of[TRANSFER], known)


def leavers(plan: HiringPlan) -> pd.DataFrame:
    """Expected heads, leavers and backfills of each team and quarter, every leaver replaced.

    Hires of a plan belong to no team yet and are not among them. A backfill follows after the time to fill,
    so that some leavers of a quarter are replaced in the next, and stays in the team.

    Returns
    -------
    pandas.DataFrame
        of each team, quarter by quarter: quarter, team, starting, joining (open seats filled and accepted
        hires), backfills, leavers, voluntary (of
        these; missing where fewer than five reasons are known), transfers_out and ending, in tenths of a
        head. starting + joining + backfills − leavers − transfers_out = ending.

    Examples
    --------
    >>> from salesops_nb import hiring, open_workbook
    >>> plan = hiring.plan(open_workbook(".").tables, 6, confidence=0.6, target=7_000_000, futures=300)
    >>> found = hiring.leavers(plan)
    >>> out = found["leavers"] + found["transfers_out"]
    >>> bool((found["starting"] + found["joining"] + found["backfills"] - out == found["ending"]).all())
    True
    """
    pool, quarters = plan.trial.pool, Quarters.touched(plan.ahead.months)
    known = pool.learned
    why = reasons(plan.tables, known.panel)
    names, seats = seats_in(known)
    alone, both = teams(known, pool.draws, pool.seed, True, seats)
    roster, width = known.panel.roster, (len(known.panel.roles), len(names), pool.horizon)
    here = roster[roster["present"]].groupby(roster["team"].astype(str))["fte"].sum()
    start = here.reindex(names).fillna(0.0).to_numpy(dtype=float)

    def by_team(heads: Floats) -> Floats:
        total: Floats = heads.mean(axis=0).reshape(width).sum(axis=0)
        return total

    def came_to(team: Team) -> Floats:
        total: Floats = np.diff(by_team(team.heads), axis=1, prepend=start[:, None]) + by_team(team.gone)
        return total

    came = came_to(alone)
    follow, gone = came_to(both) - came, by_team(both.gone)
    some = start + came.sum(axis=1) > 0
    in_quarters = [quarters.sums(flow[some]) for flow in (came, follow, gone)]
    names_left = [name for name, there in zip(names, some, strict=True) if there]
    return _teams(names_left, start[some], in_quarters, why, quarters.keys)


def _teams(
    names: list[str], start: Floats, flows: list[Floats], why: Reasons, quarters: list[str]
) -> pd.DataFrame:
    """The rows from teams × quarters: rounded one after the other, so that their sums are right too."""
    came, follow, gone = flows
    transfer = why.transfer or 0.0

    def rounded(moved: Floats) -> list[list[Decimal]]:
        every = steps(moved.ravel())
        return [every[at : at + len(quarters)] for at in range(0, len(every), len(quarters))]

    joining, backfills = rounded(came), rounded(follow)
    left, moved = rounded(gone * (1.0 - transfer)), rounded(gone * transfer)
    wanted = None if why.voluntary is None else rounded(gone * why.voluntary)
    rows: list[tuple[Any, ...]] = []
    for i, name in enumerate(names):
        ends = running(start[i], (1, joining[i]), (1, backfills[i]), (-1, left[i]), (-1, moved[i]))
        for q, (before, after) in enumerate(ends):
            voluntary = None if wanted is None else min(wanted[i][q], left[i][q])
            rows.append((quarters[q], name, before, joining[i][q], backfills[i][q], left[i][q], voluntary,
                         moved[i][q], after))  # fmt: skip
    return pd.DataFrame(rows, columns=COLUMNS).astype(object)


def moves(
    tables: Mapping[str, Any], panel: Panel, calendar: FiscalCalendar, quarters: int = 4
) -> pd.DataFrame:
    """Heads by team in the last complete quarters, as people's rows have them: who came, moved and left.

    Returns
    -------
    pandas.DataFrame
        quarter, team, starting, hires, transfers_in, leavers, voluntary, transfers_out and ending, each a
        number of people. starting + hires + transfers_in − leavers − transfers_out = ending.

    Examples
    --------
    >>> from salesops_nb import hiring, open_workbook
    >>> book = open_workbook(".")
    >>> found = hiring.moves(book.tables, hiring.learn(book.tables).panel, book.calendar, quarters=4)
    >>> found.groupby("quarter", sort=False)[["leavers", "transfers_out"]].sum().iloc[0].tolist()
    [1, 2]
    """
    rows = _sellers(tables, panel).sort_values(["person_id", "valid_from"])
    last = calendar.containing(panel.months[-1].start, "quarter")
    found = [last if last.end <= panel.months[-1].end else last.previous()]
    while len(found) < quarters:
        found.insert(0, found[0].previous())
    stays = [stay for _, mine in rows.groupby("person_id", sort=True) for stay in _stays(mine)]
    out: list[tuple[Any, ...]] = []
    for quarter in found:
        for team in sorted({str(stay.team) for stay in stays}):
            mine = [stay for stay in stays if stay.team == team]
            counted = _counted(mine, quarter)
            if any(counted):
                out.append((quarter.key, team, *counted))
    return pd.DataFrame(out, columns=MOVES)


@dataclass(frozen=True)
class _Stay:
    """A person's time in a team, with what it began and ended with."""

    team: str
    begin: date
    end: date
    hired: bool
    moved_on: bool
    reason: str


def _stays(rows: pd.DataFrame) -> list[_Stay]:
    """A person's times in teams: rows that follow one another in a team are one."""
    merged: list[list[Any]] = []
    for row in reading.records(rows):
        begin, end = max(row.valid_from, row.hired_on), min(row.valid_to, row.left_on)
        if merged and merged[-1][0] == row.team and merged[-1][2] >= begin:
            merged[-1][2] = max(merged[-1][2], end)
            merged[-1][3:] = [row.left_on, row.leave_reason]
        elif end > begin:
            merged.append([row.team, begin, end, row.left_on, row.leave_reason])
    return [
        _Stay(str(team), begin.date(), end.date(), i == 0, i + 1 < len(merged), reason if end >= left else "")
        for i, (team, begin, end, left, reason) in enumerate(merged)
    ]


def _counted(stays: list[_Stay], quarter: Period) -> tuple[int, ...]:
    inside = [stay for stay in stays if quarter.start <= stay.begin < quarter.end]
    ended = [stay for stay in stays if quarter.start <= stay.end < quarter.end]
    moved = [stay for stay in ended if stay.moved_on or stay.reason == TRANSFER]
    return (
        sum(stay.begin < quarter.start <= stay.end for stay in stays),
        sum(stay.hired for stay in inside),
        sum(not stay.hired for stay in inside),
        len(ended) - len(moved),
        sum(stay.reason == VOLUNTARY and not stay.moved_on for stay in ended),
        len(moved),
        sum(stay.begin < quarter.end <= stay.end for stay in stays),
    )


def _sellers(tables: Mapping[str, Any], panel: Panel) -> pd.DataFrame:
    """The rows of people who sell, those who left before the data among them."""
    rows = reading.people(Tables.of(tables), [])
    sells = set(panel.roster["role"])
    managers = set(rows["manager_id"].dropna().astype(str)) if "manager_id" in rows else set()
    known = set(panel.roster["person_id"])
    mine = rows["person_id"].isin(known) | (rows["role"].isin(sells) & ~rows["person_id"].isin(managers))
    named = rows["leave_reason"].astype("string").fillna("") if "leave_reason" in rows else ""
    return rows[mine].assign(leave_reason=named)
