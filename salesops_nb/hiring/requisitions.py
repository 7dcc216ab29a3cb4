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
KEPT_BYTES = 100_000_000  # of people's output, and of roles' bookings
KEPT_SUMS = 12  # of a role's hires: a search goes back and forth between a few plans
TOGETHER = 8  # people drawn at a time
FINEST = 2.0**40  # parts of a head in which output is counted, so that sums are exact


@dataclass(frozen=True)
class Person:
    """One hire in each future: own factor, months from opening to joining, months of staying."""

    own: Floats
    wait: Floats
    stay: Ints


@dataclass
class Pool:
    """The hires that plans draw on: the n-th hire of a role is the same person in every plan.

    Comparing plans then compares decisions, not luck (common random numbers). What is kept hangs on the
    draws, the ramp, the time to fill and the seed alone; `learned` may be replaced by one alike in these.
    """

    learned: Learned
    draws: Draws
    seed: int
    people: dict[tuple[int, int], Person] = field(default_factory=dict)
    made: dict[tuple[int, int], Floats] = field(default_factory=dict)
    ramps: dict[int, Floats] = field(default_factory=dict)
    sums: dict[int, list[tuple[Ints, Floats]]] = field(default_factory=dict)

    @property
    def horizon(self) -> int:
        """Months of the horizon."""
        return int(self.draws.luck.shape[2])

    def person(self, role: int, n: int) -> Person:
        """The n-th hire of a role."""
        if (role, n) not in self.people:
            self._draw_people(role, n - n % TOGETHER)
        return self.people[role, n]

    def path(self, role: int, n: int, opened: int | Ints, rows: Rows = slice(None)) -> tuple[Floats, Floats]:
        """Output in ramped heads and heads, futures × months, when opened at the start of a month.

        For several months of opening, an array for each of them.
        """
        person = self.person(role, n)
        since = self._since(person, opened, rows)
        stay, own = person.stay[rows][:, None], person.own[rows][:, None]
        ramp = self._ramp(role)[rows]
        share = ramp[np.arange(len(ramp))[:, None], np.maximum(since, 0)]
        there = (since >= 0) & (since < stay)
        worked = there + 0.5 * ((since >= 0) & (since == stay))
        return own * share * worked, there.astype(float)

    def output(self, role: int, counts: Ints) -> Floats:
        """Output in ramped heads that a role's requisitions by month of opening add, futures × months.

        From the kept sum that is nearest, less those hires who are opened in another month, and with
        those who are. Sums are exact (see `FINEST`), so it does not matter from which.
        """
        opened = np.full(max(int(counts.sum()), 1), -1, dtype=np.int64)
        opened[: counts.sum()] = np.repeat(np.arange(len(counts)), counts)
        kept = self.sums.get(role, [])
        nothing = np.full(1, -1, dtype=np.int64), np.zeros(self.draws.shared.shape)
        before, start = min((*kept, nothing), key=lambda each: _apart(each[0], opened))
        if not _apart(before, opened):
            return start
        total = start.copy()
        for n in range(max(len(before), len(opened))):
            was, now = (int(each[n]) if n < len(each) else -1 for each in (before, opened))
            if was != now and was >= 0:
                total -= self._one(role, n, was)
            if was != now and now >= 0:
                total += self._one(role, n, now)
        self.sums[role] = [*kept[1 - KEPT_SUMS :], (opened, total)]
        return total

    def heads(self, role: int, counts: Ints) -> Floats:
        """Heads that a role's requisitions by month of opening add, futures × months."""
        total = np.zeros(self.draws.shared.shape)
        for n, opened in enumerate(np.repeat(np.arange(len(counts)), counts)):
            person = self.person(role, n)
            since = self._since(person, int(opened))
            total += (since >= 0) & (since < person.stay[:, None])
        return total

    def _draw_people(self, role: int, first: int) -> None:
        draws, futures = self.draws, len(self.draws)
        own, wait, unit = [], [], np.empty((futures, TOGETHER))
        for at in range(TOGETHER):
            rng = np.random.default_rng([self.seed, 2, role, first + at])
            own.append(newcomer_factors(draws.newcomer[:, role], draws.variance[:, role], rng))
            unit[:, at] = rng.standard_exponential(futures)
            z = rng.standard_normal(futures)
            wait.append(np.exp(draws.fill_centre + self.learned.fill.spread * z) / DAYS_PER_MONTH)
        stay = np.minimum(tenure_at_exit(np.zeros(1), draws.hazard, unit), 1e4).astype(np.int64)
        for at in range(TOGETHER):
            self.people[role, first + at] = Person(own[at], wait[at], stay[:, at].copy())

    def _ramp(self, role: int) -> Floats:
        """Share of full output, futures × months since joining."""
        if role not in self.ramps:
            self.ramps[role] = self.learned.ramp[role].table(LONGEST + self.horizon)[
                self.draws.curve[:, role]
            ]
        return self.ramps[role]

    def _since(self, person: Person, opened: int | Ints, rows: Rows = slice(None)) -> Ints:
        """Months since joining, (months of opening ×) futures × months; negative before."""
        start = np.rint(np.asarray(opened)[..., None] + person.wait[rows]).astype(np.int64)
        since: Ints = np.arange(self.horizon) - start[..., None]
        return since

    def _one(self, role: int, n: int, opened: int) -> Floats:
        """Output of the n-th hire as in `path`, in parts of a head."""
        made = self._made(role, n)
        since = self._since(self.person(role, n), opened)
        np.maximum(since, -1, out=since)
        since += np.arange(1, made.size, made.shape[1])[:, None]
        return made.take(since, mode="clip")

    def _made(self, role: int, n: int) -> Floats:
        """Output by months since joining, futures × (a month of nothing, then all months)."""
        if (role, n) not in self.made:
            futures, months = len(self.draws), self.horizon
            if (len(self.made) + 1) * futures * (months + 1) * 4 > KEPT_BYTES:
                self.made.clear()
            person = self.person(role, n)
            made = np.zeros((futures, months + 1), dtype=np.float32)
            made[:, 1:] = person.own[:, None] * self._ramp(role)[:, :months]
            leaving = np.flatnonzero(person.stay < months)
            last = person.stay[leaving]
            made[leaving, 1:] *= np.arange(months) <= last[:, None]
            made[leaving, 1 + last] *= np.float32(0.5)
            made *= np.float32(FINEST)
            np.rint(made, out=made)
            made *= np.float32(1 / FINEST)
            self.made[role, n] = made
        return self.made[role, n]

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


def _apart(one: Ints, other: Ints) -> int:
    """How many hires are opened in different months, or in one of the two alone."""
    both = min(len(one), len(other))
    return int((one[:both] != other[:both]).sum()) + abs(len(one) - len(other))


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
        output = np.stack([self.pool.output(role, row) for role, row in enumerate(counts)], axis=1)
        heads = np.stack([self.pool.heads(role, row) for role, row in enumerate(counts)], axis=1)
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
            output = self.team.output[:, role] + self.pool.output(role, row)
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
            output = self.team.output[near, role] + self.pool.output(role, counts[role])[near]
            worth = learned.productivity.level[role] * learned.returns.marginal(output, role)
            worth = worth * draws.shared[near] * counted
            n = int(counts[role].sum())
            each = (
                self.pool.path(role, n + extra, np.arange(self.pool.horizon), near)[0] for extra in range(2)
            )
            out[k] = (worth * sum(each)).sum(axis=2).mean(axis=1) / 2
        return float(worst[order[max(at, 0)]]), out
