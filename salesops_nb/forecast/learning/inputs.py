"""What the hiring analysis reads: people, deals and leave, checked, as one row a rep and month.

A *spell* is a person's time in one role. The panel holds, for each spell and each complete month
of the data, the full-time share that was worked (`exposure`), the tenure since the hire date in
the middle of the month, and what was booked. Months are the company's fiscal months.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from salesops_nb.core.frames import Tables
from salesops_nb.core.periods import FiscalCalendar, Period
from salesops_nb.errors import Problem, SalesopsError, problem
from salesops_nb.forecast.learning import reading

Floats = npt.NDArray[Any]  # single or double precision
Ints = npt.NDArray[np.int64]
DAYS_PER_MONTH = 30.4375
FULL_MONTH_SLACK = 7  # a month is complete when the data reach into its last seven days


@dataclass(frozen=True)
class Panel:
    """Reps by months. Arrays with two axes are spells × months; money is in major units.

    `roster` has a row per spell: person_id, role, hired_on, left_on, fte, territory, team, region, present
    (employed in this role on the first day of the horizon), tenure (months on that day). `strangers` counts
    the owners of won deals or of history who are in no usable row of people.
    """

    months: list[Period]
    as_of: date
    roster: pd.DataFrame
    role: Ints
    roles: list[str]
    exposure: Floats
    tenure: Floats
    booked: Floats
    wins: Floats
    currency: str
    problems: list[Problem] = field(default_factory=list)
    strangers: int = 0

    @property
    def month_of_year(self) -> Ints:
        """Position of each month in its fiscal year, 0 to 11."""
        return np.array([int(month.key[-2:]) - 1 for month in self.months], dtype=np.int64)


def read_panel(
    tables: Tables,
    calendar: FiscalCalendar,
    as_of: date | None = None,
    currency: str | None = None,
) -> Panel:
    """The panel that the tables make; raises `SalesopsError` where people or won deals are missing."""
    problems: list[Problem] = []
    people = reading.people(tables, problems)
    won, currency = reading.won_by_day(tables, currency, problems)
    older = reading.history(tables, calendar, won["day"].min() if len(won) else reading.FAR.date())
    if won.empty and older.empty:
        raise SalesopsError(problem("no-won-deals", table="deals"))
    if as_of is None:
        as_of = won["day"].max() if len(won) else calendar.containing(older["day"].max(), "month").last
    won = pd.concat([won, older], ignore_index=True) if len(older) else won
    won = won[won["day"] <= as_of]
    if won.empty:
        raise SalesopsError(problem("no-won-deals", table="deals"))
    people = _who_sell(people, won)
    months = _complete_months(calendar, won["day"].min(), as_of)
    spells = _spells(people, months, as_of)
    roles = sorted(spells["role"].unique())
    booked, wins = _booked(won, spells, months, problems, currency)
    leave = reading.leave(tables)
    exposure, tenure = _exposure(people, spells, months, leave)
    role = np.array([roles.index(name) for name in spells["role"]], dtype=np.int64)
    strangers = len(set(won["owner_id"]) - set(people["person_id"]))
    return Panel(
        months, as_of, spells, role, roles, exposure, tenure, booked, wins, currency, problems, strangers
    )


def horizon_start(panel: Panel) -> date:
    """First day of the first simulated month: the day after the last complete month."""
    return panel.months[-1].end


def _complete_months(calendar: FiscalCalendar, first: date, as_of: date) -> list[Period]:
    end = as_of + timedelta(days=FULL_MONTH_SLACK)
    months = [m for m in calendar.between(first, as_of + timedelta(days=1), "month") if m.end <= end]
    if not months:
        raise SalesopsError(
            problem("no-complete-month", table="deals", column="closed_on", first=first, as_of=as_of)
        )
    return months


def _who_sell(people: pd.DataFrame, won: pd.DataFrame) -> pd.DataFrame:
    """People without those who manage others and have won nothing themselves: they are no capacity."""
    if "manager_id" not in people:
        return people
    managers = set(people["manager_id"].dropna().astype(str)) - set(won["owner_id"].astype(str))
    selling = people[~people["person_id"].isin(managers)]
    return selling if len(selling) else people


def _spells(people: pd.DataFrame, months: list[Period], as_of: date) -> pd.DataFrame:
    """One row per person and role; only those whose time touches the data or the future."""
    start, end = months[0].start, months[-1].end
    rows = people.sort_values(["person_id", "valid_from"])
    last = rows.groupby("person_id")["valid_from"].transform("max")
    ends = rows[["valid_to", "left_on"]].min(axis=1)
    rows = rows.assign(
        ends=ends, current=(rows["valid_from"] == last) & (rows["left_on"] > pd.Timestamp(end))
    )
    rows = rows[rows["ends"] > pd.Timestamp(start)]
    grouped = rows.groupby(["person_id", "role"], sort=False).agg(
        hired_on=("hired_on", "min"),
        began=("valid_from", "min"),
        left_on=("left_on", "max"),
        fte=("fte", "last"),
        pay=("pay", "last"),
        territory=("territory", "last"),
        team=("team", "last"),
        region=("region", "last"),
        current=("current", "last"),
    )
    spells = grouped.reset_index()
    tenure = (pd.Timestamp(end) - spells["hired_on"]).dt.days / DAYS_PER_MONTH
    spells["tenure"] = tenure.astype(float)
    spells["present"] = spells.pop("current") & (spells["tenure"] > 0)
    spells["joining"] = (spells["tenure"] <= 0) & (spells["left_on"] > pd.Timestamp(end))
    return spells


def _exposure(
    people: pd.DataFrame, spells: pd.DataFrame, months: list[Period], leave: pd.DataFrame
) -> tuple[Floats, Floats]:
    starts = np.array([np.datetime64(m.start, "D") for m in months])
    ends = np.array([np.datetime64(m.end, "D") for m in months])
    length = (ends - starts).astype(float)
    index = {key: i for i, key in enumerate(zip(spells["person_id"], spells["role"], strict=True))}
    exposure = np.zeros((len(spells), len(months)))
    away = dict(list(leave.groupby("person_id"))) if len(leave) else {}
    for row in reading.records(people):
        i = index.get((row.person_id, row.role))
        if i is None:
            continue
        first = max(row.valid_from, row.hired_on)
        last = min(row.valid_to, row.left_on)
        span = _overlap(starts, ends, first, last)
        for gone in reading.records(away.get(row.person_id)):
            span = span - _overlap(starts, ends, max(first, gone.start), min(last, gone.end))
        exposure[i] += row.fte * np.maximum(span, 0.0) / length
    middle = starts + ((ends - starts) / 2).astype("timedelta64[D]")
    hired = spells["hired_on"].to_numpy().astype("datetime64[D]")
    tenure = (middle[None, :] - hired[:, None]).astype(float) / DAYS_PER_MONTH
    return exposure, np.maximum(tenure, 0.0)


def _overlap(starts: Any, ends: Any, first: pd.Timestamp, last: pd.Timestamp) -> Floats:
    low = np.maximum(starts, np.datetime64(first.date(), "D"))
    high = np.minimum(ends, np.datetime64(last.date(), "D"))
    out: Floats = np.maximum((high - low).astype(float), 0.0)
    return out


def _booked(
    won: pd.DataFrame,
    spells: pd.DataFrame,
    months: list[Period],
    problems: list[Problem],
    currency: str,
) -> tuple[Floats, Floats]:
    """Bookings and won deals of each spell and month; a person's later role takes what it closes."""
    edges = np.array([np.datetime64(m.start, "D") for m in months] + [np.datetime64(months[-1].end, "D")])
    day = pd.to_datetime(won["day"]).to_numpy().astype("datetime64[D]")
    month = np.searchsorted(edges, day, side="right") - 1
    known = won["owner_id"].isin(set(spells["person_id"])).to_numpy()
    if (~known).any():
        lost = won.loc[~known]
        problems.append(reading.unknown_owners(lost, currency))
    keep = known & (month >= 0) & (month < len(months))
    rows_of: dict[str, list[int]] = {}
    for i, person in enumerate(spells["person_id"]):
        rows_of.setdefault(person, []).append(i)
    owner = won["owner_id"].to_numpy()[keep]
    spell = np.array([rows_of[person][-1] for person in owner], dtype=np.int64)
    shape = (len(spells), len(months))
    booked, wins = np.zeros(shape), np.zeros(shape)
    amounts = won["amount"].to_numpy(dtype=float)[keep]
    counts = won["deals"].to_numpy(dtype=float)[keep]
    several = {i for rows in rows_of.values() if len(rows) > 1 for i in rows}
    if several:
        spell = _spell_on_day(spells, rows_of, owner, day[keep], spell)
    np.add.at(booked, (spell, month[keep]), amounts)
    np.add.at(wins, (spell, month[keep]), counts)
    return booked, wins


def _spell_on_day(
    spells: pd.DataFrame, rows_of: dict[str, list[int]], owner: Any, day: Any, spell: Ints
) -> Ints:
    """For people with several roles: the last role that had begun on the day."""
    begun = spells["began"].to_numpy().astype("datetime64[D]")
    out = spell.copy()
    for n, person in enumerate(owner):
        rows = rows_of[person]
        if len(rows) > 1:
            started = [i for i in rows if begun[i] <= day[n]] or rows[:1]
            out[n] = started[-1]
    return out
