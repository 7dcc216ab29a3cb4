"""Seats without a person that carry quota: the hires of the approved plan, and seats open already.

Until its expected start the quota of a seat that is open stands with the manager of its team; from then on
it is the new hire's, ramped. Nothing of hiring is worked out again: who is hired when is as it was approved.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd

from salesops_nb.core.periods import Period
from salesops_nb.errors import Problem, problem
from salesops_nb.forecast.learning.inputs import DAYS_PER_MONTH
from salesops_nb.forecast.learning.learned import Learned
from salesops_nb.forecast.period import NO_TEAM, Requisition, months_ahead
from salesops_nb.store.hiring_plans import ApprovedHiring
from salesops_nb.targets.roster import FAR

PERSON, HIRE, OPEN = "person", "hire", "open seat"
LINE = ("person_id", "team", "region", "hired_on", "left_on", "fte", "line", "seat", "opens", "starts")
COLUMNS = (*LINE, "role")


@dataclass(frozen=True)
class Hiring:
    """The approved plan as targets count it.

    `counted` hires are opened in the months ahead of the data that end with the year; those of `before` were
    to be opened earlier and are among the people and open seats by now; those of `after` come too late for
    the year. `no_team` of the counted are in no team that the people have.
    """

    plan: ApprovedHiring
    counted: tuple[Requisition, ...]
    before: int
    after: int
    no_team: int

    @property
    def applies(self) -> bool:
        """Whether the plan is of this year: hires in it, or, as was approved, nobody at all."""
        return bool(self.counted) or not self.plan.count


def lines_of(
    plan: ApprovedHiring | None,
    learned: Learned,
    year: Period,
    chosen: pd.DataFrame,
    people: pd.DataFrame,
    problems: list[Problem],
) -> tuple[Hiring | None, pd.DataFrame, dict[str, str]]:
    """The plan's hires as the forecast takes them, the lines of quota (columns `COLUMNS`), teams' managers.

    The chosen people are the first lines. With a plan each seat has two more: `OPEN`, its quota with the
    manager from the opening to the start, and `HIRE`, the ramped quota from the start on.
    """
    teams = _Teams(learned, people)
    own = chosen.assign(line=PERSON, seat="", opens=None, starts=None)[list(COLUMNS)]
    if plan is None:
        return None, own, teams.managers
    found, seats = _of_plan(plan, learned, year, teams, problems)
    return found, pd.concat([own, seats]) if len(seats) else own, teams.managers


def _of_plan(
    plan: ApprovedHiring, learned: Learned, year: Period, teams: _Teams, problems: list[Problem]
) -> tuple[Hiring, pd.DataFrame]:
    months = months_ahead(learned, year)
    lines, hires, counts = [], [], {"before": 0, "after": 0, "no_team": 0}
    rows: list[Any] = list(plan.hires.itertuples())
    for row in rows:
        n = int(row.hires)
        if str(row.role) not in learned.panel.roles:
            problems.append(problem("hiring-plan-role", role=row.role, count=n, number=plan.plan_id))
            continue
        month = next((i for i, each in enumerate(months) if each.start <= row.open_on < each.end), None)
        if month is None:
            counts["before" if row.open_on < months[0].start else "after"] += n
            continue
        team, region = teams.of(str(row.territory))
        counts["no_team"] += n if team == NO_TEAM else 0
        role = learned.panel.roles.index(str(row.role))
        for _ in range(n):
            hires.append(Requisition(role, month, team if team != NO_TEAM else region))
            name = f"Hire {len(hires)} of hiring plan {plan.plan_id}"
            lines += teams.lines(name, str(row.role), team, region, row.open_on, row.starts_on)
    found = Hiring(plan, tuple(hires), **counts)
    if not found.applies:
        return found, pd.DataFrame(columns=list(COLUMNS))
    for k, (role_name, team, region, opened, starts) in enumerate(_waiting(learned, teams), start=1):
        lines += teams.lines(f"Seat {k} that is open", role_name, team, region, opened, starts)
    frame = pd.DataFrame(lines, columns=list(COLUMNS))
    return found, frame[(frame["hired_on"] < year.end) & (frame["left_on"] > year.start)]


class _Teams:
    """Where a plan's places lie, and who manages there."""

    def __init__(self, learned: Learned, people: pd.DataFrame) -> None:
        roster = learned.panel.roster
        there = roster[roster["present"] | roster["joining"]].astype({"team": str, "region": str})
        self.regions = _most(there, "team", "region")
        # people without a territory say nothing of where a hire without one belongs
        self.by_territory = _most(there[there["territory"].fillna("") != ""], "territory", "team")
        self.all_regions = set(there["region"])
        of = people[people["manager_id"].notna() & (people["left_on"] == FAR)]
        leads = _most(of[of["manager_id"] != of["person_id"]], "team", "manager_id")
        names = people["name"].where(people["name"].notna(), people["person_id"]).astype(str)
        known = dict(zip(people["person_id"].astype(str), names, strict=True))
        twice = set(names[names.duplicated()])
        self.managers = {}
        for team, who in leads.items():
            name = known.get(who, who)
            self.managers[team] = f"{name} ({who})" if name in twice else name

    def of(self, place: str) -> tuple[str, str]:
        """The team and region of a team's, a territory's or a region's name."""
        if place not in self.regions and place in self.all_regions:
            return NO_TEAM, place  # where people have no territory their region is it: no team is named
        team = place if place in self.regions else self.by_territory.get(place, NO_TEAM)
        return team, self.regions.get(team, place if place in self.all_regions else NO_TEAM)

    def lines(
        self, seat: str, role: str, team: str, region: str, opened: date, starts: date
    ) -> list[tuple[object, ...]]:
        """The two lines of a seat."""
        manager = self.managers.get(team, "")
        name = f"Open seats of {manager or team}" if team != NO_TEAM else "Open seats without a team"
        return [
            (name, team, region, opened, starts, 1.0, OPEN, seat, opened, starts, role),
            (seat, team, region, starts, FAR, 1.0, HIRE, seat, opened, starts, role),
        ]


def _most(frame: pd.DataFrame, by: str, value: str) -> dict[str, str]:
    """The value that most rows of each group have; the first by name where several have as many."""
    counts = frame.astype({by: str, value: str}).groupby([by, value]).size().reset_index(name="n")
    counts = counts.sort_values([by, "n", value], ascending=[True, False, True])
    return dict(counts.drop_duplicates(by)[[by, value]].itertuples(index=False, name=None))


def _waiting(learned: Learned, teams: _Teams) -> Sequence[tuple[str, str, str, date, date]]:
    """Seats open in the data: role, team, region, since when, and when half of such are filled."""
    from scipy.special import ndtr, ndtri

    day = learned.panel.months[-1].end
    spread, centre = max(learned.fill.spread, 1e-6), learned.fill.centre
    out = []
    rows: list[Any] = list(learned.vacancies.itertuples())
    for row in rows:
        waited = max(float(row.waited) * DAYS_PER_MONTH, 1.0)
        past = min(float(ndtr((np.log(waited) - centre) / spread)), 0.99)
        whole = float(np.exp(centre + spread * ndtri((1 + past) / 2)))
        starts = day + timedelta(days=max(round(whole - waited), 0))
        out.append((str(row.role), *teams.of(str(row.team)), day, starts))
    return out
