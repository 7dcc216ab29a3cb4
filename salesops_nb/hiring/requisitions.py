"""What a requisition, opened in a month for a role, brings in each future."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from salesops_nb.hiring.attrition import tenure_at_exit
from salesops_nb.hiring.capacity import met
from salesops_nb.hiring.draws import Draws, newcomer_factors
from salesops_nb.hiring.goals import Goal
from salesops_nb.hiring.inputs import DAYS_PER_MONTH, Floats, Ints
from salesops_nb.hiring.learned import Learned
from salesops_nb.hiring.ramp import LONGEST
from salesops_nb.hiring.simulate import Team, role_bookings

Rows = slice | Ints
KEPT_BYTES = 200_000_000


@dataclass(frozen=True)
class Person:
    """One hire in each future: own factor, months from opening to joining, months of staying."""

    own: Floats
    wait: Floats
    stay: Ints


@dataclass
class Pool:
    """The hires that plans draw on: the n-th hire of a role is the same person in every plan.

    Comparing plans then compares decisions, not luck (common random numbers).
    """

    learned: Learned
    draws: Draws
    seed: int
    people: dict[tuple[int, int], Person] = field(default_factory=dict)
    paths: dict[tuple[int, int, int], tuple[Floats, Floats]] = field(default_factory=dict)

    @property
    def horizon(self) -> int:
        """Months of the horizon."""
        return int(self.draws.luck.shape[2])

    def person(self, role: int, n: int) -> Person:
        """The n-th hire of a role."""
        if (role, n) not in self.people:
            rng = np.random.default_rng([self.seed, 2, role, n])
            futures = len(self.draws)
            own = newcomer_factors(self.draws.newcomer[:, role], self.draws.variance[:, role], rng)
            stay = tenure_at_exit(np.zeros(1), self.draws.hazard, rng.standard_exponential(futures))
            z = rng.standard_normal(futures)
            wait = np.exp(self.draws.fill_centre + self.learned.fill.spread * z) / DAYS_PER_MONTH
            self.people[role, n] = Person(own, wait, np.minimum(stay, 1e4).astype(np.int64))
        return self.people[role, n]

    def path(self, role: int, n: int, opened: int, rows: Rows = slice(None)) -> tuple[Floats, Floats]:
        """Output in ramped heads and heads, futures × months, when opened at the start of a month."""
        person = self.person(role, n)
        start = np.rint(opened + person.wait[rows]).astype(np.int64)[:, None]
        month = np.arange(self.horizon)[None, :]
        since = month - start
        stay = person.stay[rows][:, None]
        ramp = self.learned.ramp[role].table(LONGEST + self.horizon)[self.draws.curve[rows, role]]
        share = np.take_along_axis(ramp, np.maximum(since, 0), axis=1)
        there = (since >= 0) & (since < stay)
        worked = there + 0.5 * ((since >= 0) & (since == stay))
        return person.own[rows][:, None] * share * worked, there.astype(float)

    def _kept(self, role: int, n: int, opened: int) -> tuple[Floats, Floats]:
        """The path, kept in single precision while there is room: a search asks for the same ones often."""
        key = (role, n, opened)
        if key not in self.paths:
            if (len(self.paths) + 1) * self.draws.shared.size * 8 > KEPT_BYTES:
                self.paths.clear()
            one, there = self.path(*key)
            self.paths[key] = one.astype(np.float32), there.astype(np.float32)
        return self.paths[key]

    def costs(self, role: int, samples: int = 3) -> Floats:
        """Expected cost of one requisition of the role by month of opening: hiring and pay to the end."""
        economics = self.learned.economics
        out = np.zeros(self.horizon)
        for n in range(samples):
            person = self.person(role, n)
            for opened in range(self.horizon):
                start = np.rint(opened + person.wait)
                months = np.clip(np.minimum(self.horizon, start + person.stay) - start, 0.0, None)
                filled = start < self.horizon
                out[opened] += economics.pay[role] * float((months * filled).mean())
                out[opened] += economics.hiring_cost[role] * float(filled.mean())
        return np.maximum(out / samples, 1e-6)

    def added(self, role: int, counts: Ints) -> tuple[Floats, Floats]:
        """Output and heads that a role's requisitions by month of opening add, futures × months."""
        output = np.zeros(self.draws.shared.shape)
        heads = np.zeros(self.draws.shared.shape)
        for n, opened in enumerate(np.repeat(np.arange(len(counts)), counts)):
            one, there = self._kept(role, n, int(opened))
            output += one
            heads += there
        return output, heads


@dataclass
class Trial:
    """Plans tried on one set of futures against the goals they must meet together."""

    pool: Pool
    team: Team
    goals: list[Goal]
    tried: dict[bytes, Floats] = field(default_factory=dict)
    by_role: dict[tuple[int, bytes], Floats] = field(default_factory=dict)

    def grown(self, counts: Ints) -> Team:
        """The team with the plan's hires."""
        added = [self.pool.added(role, row) for role, row in enumerate(counts)]
        output = np.stack([one for one, _ in added], axis=1)
        heads = np.stack([there for _, there in added], axis=1)
        return Team(self.team.output + output, self.team.heads + heads, self.team.joined)

    def made(self, counts: Ints) -> Floats:
        """Bookings with the plan, futures × months."""
        total: Floats = sum(
            (self._role_made(role, row) for role, row in enumerate(counts)),
            np.zeros(self.pool.draws.shared.shape),
        )
        return total

    def _role_made(self, role: int, row: Ints) -> Floats:
        """A role's bookings: plans that differ in one role share the others'."""
        key = (role, row.tobytes())
        if key not in self.by_role:
            if (len(self.by_role) + 1) * self.pool.draws.shared.size * 8 > KEPT_BYTES:
                self.by_role.clear()
            output = self.team.output[:, role] + self.pool.added(role, row)[0]
            self.by_role[key] = role_bookings(self.pool.learned, self.pool.draws, output, role)
        return self.by_role[key]

    def slack(self, counts: Ints) -> Floats:
        """Futures × goals: surplus over each goal, relative to it."""
        key = counts.tobytes()
        if key not in self.tried:
            self.tried[key] = self._surplus(self.made(counts))
        return self.tried[key]

    def chance(self, made: Floats) -> float:
        """Share of futures in which bookings (futures × months) meet all goals."""
        return float((self._surplus(made).min(axis=1) >= 0).mean())

    def _surplus(self, made: Floats) -> Floats:
        scale = np.array([max(float(goal.target or 0.0), 1.0) for goal in self.goals])
        out: Floats = met(self.goals, made) / scale
        return out

    def probability(self, counts: Ints) -> float:
        """Share of futures in which all goals are met."""
        return float((self.slack(counts).min(axis=1) >= 0).mean())

    def slope(self, counts: Ints, share: float, roles: list[int]) -> tuple[float, Floats]:
        """The slack that all but `share` of futures exceed, and what one more requisition adds to it.

        The second has a row per role in `roles` and a column per month of opening: the mean, over
        the futures near that quantile, of what a hire adds to the goal that is missed most.
        """
        slack = self.slack(counts)
        worst = slack.min(axis=1)
        order = np.argsort(worst)
        at = int(np.ceil(share * len(order))) - 1
        width = max(len(order) // 20, 40)
        near = order[max(at - width, 0) : at + width]
        active = slack[near].argmin(axis=1)
        draws, learned = self.pool.draws, self.pool.learned
        counted = np.zeros((len(near), self.pool.horizon))
        for g, goal in enumerate(self.goals):
            counted[np.ix_(active == g, goal.months)] = 1.0 / max(float(goal.target or 0.0), 1.0)
        out = np.zeros((len(roles), self.pool.horizon))
        for k, role in enumerate(roles):
            output = self.team.output[near, role] + self.pool.added(role, counts[role])[0][near]
            worth = learned.productivity.level[role] * learned.returns.marginal(output, role)
            worth = worth * draws.shared[near] * counted
            n = int(counts[role].sum())
            for opened in range(self.pool.horizon):
                one = sum(self.pool.path(role, n + extra, opened, near)[0] for extra in range(2))
                out[k, opened] = float((worth * one).sum(axis=1).mean()) / 2
        return float(worst[order[max(at, 0)]]), out
