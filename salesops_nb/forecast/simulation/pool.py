"""What a requisition, opened in a month for a role, brings in each future."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from salesops_nb.forecast.learning.attrition import tenure_at_exit
from salesops_nb.forecast.learning.inputs import DAYS_PER_MONTH, Floats, Ints
from salesops_nb.forecast.learning.kernels import add_heads, add_hire
from salesops_nb.forecast.learning.learned import Learned
from salesops_nb.forecast.learning.ramp import LONGEST
from salesops_nb.forecast.simulation.draws import Draws, newcomer_factors, sooner

Rows = slice | Ints
Months = npt.NDArray[np.int16]
LONGEST_WAIT = np.iinfo(np.int16).max  # months to join or to stay: no horizon is as long
KEPT_SUMS = 12  # of a role's hires: a search goes back and forth between a few plans


@dataclass(frozen=True)
class Fate:
    """What is drawn of a hire in each future, whatever attrition, ramp and time to fill are.

    Own factor over the newcomers' mean, exponential of the time to stay, normal of the time to fill.
    """

    own: Floats
    unit: Floats
    normal: Floats


@dataclass(frozen=True)
class Person:
    """One hire in each future: own factor, whole months from opening to joining, and of staying."""

    own: Floats
    wait: Months
    stay: Months


class Path(NamedTuple):
    """What a hire brings, futures × months: output in ramped heads, heads, and heads by their ramp."""

    output: Floats
    heads: Floats
    ramped: Floats


@dataclass
class Pool:
    """The hires that plans draw on: the n-th hire of a role is the same person in every plan.

    Comparing plans then compares decisions, not luck (common random numbers). What is kept hangs on the
    draws, the ramp, the time to fill and the seed alone; `learned` may be replaced by one alike in these.
    """

    learned: Learned
    draws: Draws
    seed: int
    fates: dict[tuple[int, int], Fate] = field(default_factory=dict)
    people: dict[tuple[int, int], Person] = field(default_factory=dict)
    ramps: dict[int, Floats] = field(default_factory=dict)
    sums: dict[int, list[tuple[Ints, Floats]]] = field(default_factory=dict)

    def like(self, learned: Learned, draws: Draws, seed: int) -> Pool:
        """A pool for other draws, with the fates of this one where they are drawn alike."""
        alike = seed == self.seed and np.array_equal(draws.variance, self.draws.variance)
        return Pool(learned, draws, seed, self.fates if alike else {})

    @property
    def horizon(self) -> int:
        """Months of the horizon."""
        return int(self.draws.luck.shape[2])

    def person(self, role: int, n: int) -> Person:
        """The n-th hire of a role."""
        if (role, n) not in self.people:
            fate, draws = self._fate(role, n), self.draws
            days = np.exp(draws.fill_centre + self.learned.fill.spread * fate.normal)
            wait = np.rint(days / DAYS_PER_MONTH)
            own = fate.own * draws.newcomer[:, role]
            unit = fate.unit / sooner(own, draws.weaker)
            stay = tenure_at_exit(np.zeros(1), draws.hazard, unit[:, None])[:, 0]
            self.people[role, n] = Person(own, _months(wait), _months(stay))
        return self.people[role, n]

    def path(self, role: int, n: int, opened: int | Ints, rows: Rows = slice(None)) -> Path:
        """What the n-th hire brings when opened at the start of a month.

        For several months of opening, an array for each of them.
        """
        person = self.person(role, n)
        since = self._since(person, opened, rows)
        stay, own = person.stay[rows][:, None], person.own[rows][:, None]
        ramp = self._ramp(role)[rows]
        share = ramp[np.arange(len(ramp))[:, None], np.maximum(since, 0)]
        there = (since >= 0) & (since < stay)
        worked = there + 0.5 * ((since >= 0) & (since == stay))
        ramped = share * worked
        return Path(own * ramped, there.astype(float), ramped)

    def output(self, role: int, counts: Ints) -> Floats:
        """Output in ramped heads that a role's requisitions by month of opening add, futures × months.

        From the kept sum that is nearest, less those hires who are opened in another month, and with
        those who are. Sums are exact (see `add_hire`), so it does not matter from which.
        """
        opened = np.full(max(int(counts.sum()), 1), -1, dtype=np.int64)
        opened[: counts.sum()] = np.repeat(np.arange(len(counts)), counts)
        known = self.sums.get(role, [])
        nothing = np.full(1, -1, dtype=np.int64), np.zeros(self.draws.shared.shape)
        before, start = min((*known, nothing), key=lambda each: _apart(each[0], opened))
        if not _apart(before, opened):
            return start
        total = start.copy()
        was, now = (np.full(max(len(before), len(opened)), -1) for _ in range(2))
        was[: len(before)], now[: len(opened)] = before, opened
        for n in np.flatnonzero(was != now).tolist():
            person, ramp = self.person(role, n), self._ramp(role)
            for sign, month in ((-1.0, int(was[n])), (1.0, int(now[n]))):
                if month >= 0:
                    add_hire(total, sign, month, person.own, person.wait, person.stay, ramp)
        self.sums[role] = [*known[1 - KEPT_SUMS :], (opened, total)]
        return total

    def heads(self, role: int, counts: Ints) -> Floats:
        """Heads that a role's requisitions by month of opening add, futures × months."""
        total = np.zeros(self.draws.shared.shape)
        for n, opened in enumerate(np.repeat(np.arange(len(counts)), counts)):
            person = self.person(role, n)
            add_heads(total, int(opened), person.wait, person.stay)
        return total

    def _fate(self, role: int, n: int) -> Fate:
        if (role, n) not in self.fates:
            rng = np.random.default_rng([self.seed, 2, role, n])
            own = newcomer_factors(self.draws.variance[:, role], rng)
            futures = len(self.draws)
            unit, normal = rng.standard_exponential(futures), rng.standard_normal(futures)
            self.fates[role, n] = Fate(own, unit, normal)
        return self.fates[role, n]

    def _ramp(self, role: int) -> Floats:
        """Share of full output, futures × months since joining."""
        if role not in self.ramps:
            self.ramps[role] = self.learned.ramp[role].table(LONGEST + self.horizon)[
                self.draws.curve[:, role]
            ]
        return self.ramps[role]

    def _since(self, person: Person, opened: int | Ints, rows: Rows = slice(None)) -> Ints:
        """Months since joining, (months of opening ×) futures × months; negative before."""
        start = np.asarray(opened)[..., None] + person.wait[rows]
        since: Ints = np.arange(self.horizon) - start[..., None]
        return since

    def costs(self, role: int, samples: int = 3) -> Floats:
        """Expected cost of one requisition of the role by month of opening: hiring and pay to the end."""
        economics = self.learned.economics
        out = np.zeros(self.horizon)
        for n in range(samples):
            person = self.person(role, n)
            start = np.arange(self.horizon)[:, None] + person.wait
            months = np.clip(np.minimum(self.horizon, start + person.stay) - start, 0.0, None)
            filled = start < self.horizon
            out += economics.pay[role] * (months * filled).mean(axis=1)
            out += economics.hiring_cost[role] * filled.mean(axis=1)
        return np.maximum(out / samples, 1e-6)


def _months(values: Floats) -> Months:
    """Whole months, the part of one left out."""
    out: Months = np.minimum(values, LONGEST_WAIT).astype(np.int16)
    return out


def _apart(one: Ints, other: Ints) -> int:
    """How many hires are opened in different months, or in one of the two alone."""
    both = min(len(one), len(other))
    return int((one[:both] != other[:both]).sum()) + abs(len(one) - len(other))
