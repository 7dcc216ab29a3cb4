"""What will be booked in a period: by the company, its teams and its people, in many futures.

The one forecast that target setting and hiring needs both ask. It is the people there are (their own
output, ramp, attrition and, where asked for, backfills), seats already open, the season, and the market's
trend with its uncertainty. The same question, asked from the same data, gets the same futures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import numpy.typing as npt
import pandas as pd

from salesops_nb.core.periods import Period
from salesops_nb.errors import SalesopsError, problem
from salesops_nb.forecast.learning.inputs import Floats, Ints, horizon_start
from salesops_nb.forecast.learning.learned import Learned
from salesops_nb.forecast.learning.ramp import LONGEST, given
from salesops_nb.forecast.simulation.draws import Draws, newcomer_factors, own_factors
from salesops_nb.forecast.simulation.futures import Futures, judged
from salesops_nb.forecast.simulation.simulate import Seats, bookings, teams, with_luck

Texts = npt.NDArray[np.object_]
FUTURES = 10_000
FEWER = 4_000  # futures of teams and people, of which there are many
MOST_CELLS = 2_000_000  # futures × groups × months of teams
LONGEST_AHEAD = 60
NO_TEAM = "unassigned"


@dataclass(frozen=True)
class Requisition:
    """A planned hire: position of the role, the month ahead in which it is opened, team (or region)."""

    role: int
    month: int
    team: str


@dataclass(frozen=True)
class Expected:
    """What a period may bring.

    `made` is the company's bookings, one a future, with what is already booked in the period; `booked` is
    that part, and `added` what planned hires bring (and `fits` the share of their output that heads still
    bring beside them). `months` are positions, among the months ahead, of those
    that count. `replaced` is whether leavers are replaced; `hires` are the planned hires.
    """

    learned: Learned
    period: Period
    months: Ints
    booked: float
    made: Floats
    futures: Futures
    replaced: bool = True
    added: Floats | float = 0.0
    hires: tuple[Requisition, ...] = ()
    fits: Floats | None = None  # what a head still adds: futures × roles × months ahead

    def probability(self, target: float) -> float:
        """Chance that the period reaches a target."""
        return float((self.made >= target).mean())

    def quantiles(self, shares: Sequence[float] = (0.1, 0.5, 0.9)) -> list[float]:
        """Bookings that the period stays below with the given probabilities."""
        return [float(value) for value in np.quantile(self.made, shares)]


def months_ahead(learned: Learned, period: Period) -> list[Period]:
    """The months from the end of the data to the end of a period."""
    return between(horizon_start(learned.panel), period)


def between(start: date, period: Period) -> list[Period]:
    """The months from a day to the end of a period; raises `SalesopsError` for none or too many."""
    months = list(period.calendar.between(start, period.end, "month")) if start < period.end else []
    if not 1 <= len(months) <= LONGEST_AHEAD:
        raise SalesopsError(
            problem("nothing-ahead", value=period.key, start=start, count=len(months), most=LONGEST_AHEAD)
        )
    return months


def expect(
    learned: Learned,
    period: Period,
    *,
    replace_leavers: bool = True,
    hires: Sequence[Requisition] = (),
    futures: int = FUTURES,
    seed: int = 0,
    of: Futures | None = None,
) -> Expected:
    """What a period that ends after the data may bring.

    Parameters
    ----------
    replace_leavers : whether leavers are replaced, after the time it takes to fill a seat.
    hires : requisitions to be opened beside; those opened after the period bring nothing to it.
    of : futures that were drawn for this question already.

    Raises
    ------
    SalesopsError
        for a period that has ended, or ends more than five years after the data.
    """
    ahead = months_ahead(learned, period)
    drawn = of or judged(learned, _of_year(ahead), futures, seed)
    output = drawn.team(replace_leavers).output
    inside = np.array([i for i, m in enumerate(ahead) if period.start <= m.start], dtype=np.int64)
    panel = learned.panel
    booked = float(panel.booked[:, _past(learned, period)].sum())

    def total(made: Floats) -> Floats:
        out: Floats = booked + bookings(learned, drawn.pool.draws, made)[:, inside].sum(axis=1)
        return out

    without = total(output)
    planned = tuple(sorted((each for each in hires if each.month < len(ahead)), key=lambda one: one.month))
    if not planned:
        return Expected(learned, period, inside, booked, without, drawn, replace_leavers)
    rows = np.zeros((len(panel.roles), len(ahead)), dtype=np.int64)
    for each in planned:
        rows[each.role, each.month] += 1
    heads = output + np.stack([drawn.pool.output(r, row) for r, row in enumerate(rows)], axis=1)
    grown = total(heads)
    fits = np.stack([learned.returns.share(heads[:, r], r) for r in range(len(rows))], axis=1)
    return Expected(
        learned, period, inside, booked, grown, drawn, replace_leavers, grown - without, planned, fits
    )


def _of_year(months: list[Period]) -> Ints:
    return np.array([int(month.key[-2:]) - 1 for month in months], dtype=np.int64)


STEPS = ("full output", "attrition", "ramp", "open seats", "backfills", "planned hires")


def reconciled(expected: Expected) -> pd.DataFrame:
    """From today's team at full output to what is expected, in mean bookings of the period.

    A row a step, in the order of `STEPS` (columns step, value), each what it adds or takes away; what is
    booked already is in the first. They sum to the mean of `expected.made`.
    """
    learned, drawn = expected.learned, expected.futures
    stay, go, today = _today(drawn)
    draws, seed = today[1], drawn.pool.seed

    def made(output: Floats) -> float:
        rows = range(output.shape[1])
        level, returns = learned.productivity.level, learned.returns
        each = [(level[r] * returns.effective(output[:, r], r) * draws.shared).mean(axis=0) for r in rows]
        return float(sum(each, np.zeros(output.shape[2]))[expected.months].sum())

    sums = [
        *(made(teams(*each, seed, False)[0].output) for each in (stay, go, today)),
        made(drawn.team(False).output[: len(draws)]),
    ]
    sums.append(made(drawn.team(True).output[: len(draws)]) if expected.replaced else sums[-1])
    without = float((expected.made - expected.added).mean())
    steps = [*np.diff(sums), float(expected.made.mean()) - without]
    return pd.DataFrame({"step": STEPS, "value": [float(expected.made.mean()) - sum(steps), *steps]})


def _today(drawn: Futures) -> list[tuple[Learned, Draws]]:
    """Today's people alone: at full output and nobody leaves; the same and they leave; as they are."""
    learned, draws = drawn.pool.learned, drawn.pool.draws.first(min(FEWER, len(drawn.pool.draws)))
    roster = learned.panel.roster.assign(joining=False)
    there = replace(learned.panel, roster=roster.assign(left_on=pd.Timestamp("2199-12-31")))
    today = replace(learned, panel=replace(learned.panel, roster=roster), vacancies=learned.vacancies[:0])
    ramped = replace(today, ramp=[given(1.0, start=1.0)] * len(learned.ramp))
    straight = replace(draws, curve=np.zeros_like(draws.curve))
    stays = replace(straight, hazard=draws.hazard * 1e-9)
    return [(replace(ramped, panel=there), stays), (ramped, straight), (today, draws)]


def at_risk(drawn: Futures, months: Ints, column: str = "team") -> pd.DataFrame:
    """What today's people at full output would book, and what leavers take of it: capacity at risk.

    The step ``attrition`` of `reconciled`, by team (or region): columns of that name, capacity (nobody
    leaves) and lost (expected bookings of the months after people left, nobody replaced).
    """
    (stay, calm), (go, draws), _ = _today(drawn)
    names, seats = seats_in(stay, column)
    made = []
    for learned, these in ((stay, calm), (go, draws)):
        output = teams(learned, these, drawn.pool.seed, False, seats)[0].output
        total = np.zeros(len(names))
        for r, level in enumerate(learned.productivity.level):
            part = output[:, r * len(names) : (r + 1) * len(names)]
            worth = level * learned.returns.share(part.sum(axis=1), r) * these.shared
            total += (part * worth[:, None])[:, :, months].mean(axis=0).sum(axis=1)
        made.append(total)
    frame = pd.DataFrame({column: names, "capacity": made[0], "lost": made[0] - made[1]})
    return frame[frame["capacity"] > 0].reset_index(drop=True)


def by_group(expected: Expected, column: str = "team") -> dict[str, Floats]:
    """Bookings of each team (or region) in the period, a value a future; a seat stays in its team.

    What is booked already counts for the team of today.
    """
    learned, drawn = expected.learned, expected.futures
    panel, roles = learned.panel, range(len(learned.panel.roles))
    at = _at(learned, column)
    coming = [at.get(each.team, NO_TEAM) for each in expected.hires]
    names, seats = seats_in(learned, column, coming)
    mine = panel.roster[column].astype(str).to_numpy()
    horizon = drawn.pool.horizon
    few = int(np.clip(MOST_CELLS // (seats.groups * horizon), 500, FEWER))
    draws = drawn.pool.draws.first(min(few, len(drawn.pool.draws)))
    replaced = expected.replaced
    output = teams(learned, draws, drawn.pool.seed, replaced, seats)[int(replaced)].output
    met = dict.fromkeys(roles, 0)
    for each, label in zip(expected.hires, coming, strict=True):
        # the n-th hire of a role is the same person as in the company's bookings
        path = drawn.pool.path(each.role, met[each.role], each.month, slice(len(draws))).output
        met[each.role] += 1
        output[:, each.role * len(names) + names.index(label)] += path
    rng = np.random.default_rng([drawn.pool.seed, 3])
    out = {name: np.zeros(len(draws)) for name in names}
    made = learned.productivity
    for r in roles:
        part = output[:, r * len(names) : (r + 1) * len(names)]
        fits = learned.returns.share(part.sum(axis=1), r)
        for name, heads in zip(names, part.transpose(1, 0, 2), strict=True):
            mean = (float(made.level[r]) * heads * fits * draws.shared)[:, expected.months]
            phi = float(made.dispersion[r]) * draws.dispersion[:, None]
            out[name] += with_luck(mean, phi, rng.standard_normal(mean.shape)).sum(axis=1)
    past = _past(learned, expected.period)
    for name in names:
        out[name] += panel.booked[np.ix_(mine == name, past)].sum()
    return {name: made for name, made in out.items() if made.any()}


def seats_in(learned: Learned, column: str = "team", more: Sequence[str] = ()) -> tuple[list[str], Seats]:
    """The teams (or regions), and seats grouped by role and, within it, by them in that order."""
    mine, waiting = _labels(learned, column)
    names = sorted({*mine, *waiting, *more})
    groups = len(learned.panel.roles) * len(names)
    return names, Seats(*_numbered(learned, mine, waiting, names), groups)


def _labels(learned: Learned, column: str) -> tuple[Texts, Texts]:
    """The team or region of each spell, and of each open seat (where its team says so)."""
    mine, at = learned.panel.roster[column].astype(str).to_numpy(), _at(learned, column)
    return mine, np.array([at.get(t, NO_TEAM) for t in learned.vacancies["team"].astype(str)], object)


def _at(learned: Learned, column: str) -> dict[str, str]:
    """The team or region of each team and of itself."""
    roster = learned.panel.roster
    at = dict(zip(roster["team"].astype(str), roster[column].astype(str), strict=True))
    return at | {label: label for label in roster[column].astype(str)}


def _numbered(learned: Learned, mine: Texts, waiting: Texts, names: list[str]) -> tuple[Ints, Ints]:
    """Labels as groups: the role first, then the label."""
    at = {name: i for i, name in enumerate(names)}
    role = [learned.panel.roles.index(r) for r in learned.vacancies["role"]]
    spells = learned.panel.role * len(names) + np.array([at[label] for label in mine], dtype=np.int64)
    open_seats = [r * len(names) + at[label] for r, label in zip(role, waiting, strict=True)]
    return spells, np.array(open_seats, dtype=np.int64)


def _past(learned: Learned, period: Period) -> list[int]:
    """Months of the data that are in the period."""
    return [i for i, m in enumerate(learned.panel.months) if period.start <= m.start < period.end]


@dataclass(frozen=True)
class People:
    """What people would book in a period if they stayed: futures × people, and each one's ramped month."""

    made: Floats
    rate: Floats


def by_person(expected: Expected, people: pd.DataFrame, exposure: Floats) -> People:
    """Bookings of people who are there as `exposure` says; nobody leaves otherwise.

    Where hires are planned beyond the heads that the market supports, everybody of the role books less.

    Parameters
    ----------
    people : person_id, role and hired_on, a row a person; who is not known yet is a newcomer.
    exposure : people × months ahead: full-time share of each month.
    """
    learned, pool = expected.learned, expected.futures.pool
    panel, made = learned.panel, learned.productivity
    draws = pool.draws.first(min(FEWER, len(pool.draws)))
    futures, horizon = len(draws), pool.horizon
    spell = {person: i for i, person in enumerate(panel.roster["person_id"].astype(str))}
    at = np.array([spell.get(str(person), -1) for person in people["person_id"]], dtype=np.int64)
    main = int(np.argmax(np.bincount(panel.role, minlength=len(panel.roles))))
    role = np.array(
        [
            panel.role[i] if i >= 0 else panel.roles.index(str(r)) if str(r) in panel.roles else main
            for i, r in zip(at, people["role"], strict=True)
        ],
        dtype=np.int64,
    )
    rng = np.random.default_rng([pool.seed, 7])
    own = np.empty((futures, len(people)))
    known = at >= 0
    own[:, known] = own_factors(made, at[known], role[known], draws, horizon, rng)
    for j in np.flatnonzero(~known):
        own[:, j] = newcomer_factors(draws.variance[:, role[j]], rng) * draws.newcomer[:, role[j]]
    start = np.datetime64(horizon_start(panel))
    hired = np.array(pd.to_datetime(people["hired_on"]), dtype="datetime64[D]")
    since = np.rint((start - hired).astype(float) / 30.4375).astype(np.int64)
    shared = [draws.shared[:, expected.months]] * len(panel.roles)
    if expected.fits is not None:
        fits = expected.fits[:futures, :, expected.months]
        shared = [each * fits[:, r] for r, each in enumerate(shared)]
    total = np.empty((futures, len(people)))
    for r, each in enumerate(shared):
        total[:, role == r] = each @ exposure[role == r][:, expected.months].T
    for j in np.flatnonzero(since < LONGEST):  # whoever is ramping: by the curve of the future
        curve = learned.ramp[role[j]].table(LONGEST + horizon)[draws.curve[:, role[j]]]
        months = since[j] + expected.months
        share = np.where(months >= 0, curve[:, np.clip(months, 0, curve.shape[1] - 1)], 0.0)
        total[:, j] = (shared[role[j]] * share * exposure[j, expected.months]).sum(axis=1)
    mean = own * total * made.level[role]
    phi = made.dispersion[role] * draws.dispersion[:, None]
    booked = np.zeros(len(people))
    if past := _past(learned, expected.period):
        by_spell = panel.booked[:, past].sum(axis=1)
        booked[known] = by_spell[at[known]]
    rate = own.mean(axis=0) * made.level[role] * float(draws.shared.mean())
    return People(booked + with_luck(mean, phi, rng.standard_normal(mean.shape)), rate)
