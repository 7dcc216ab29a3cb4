"""Plans tried on futures: what is booked with their requisitions, and whether the goals are met."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from salesops_nb.core.stopping import check
from salesops_nb.forecast.learning.inputs import Floats, Ints
from salesops_nb.forecast.simulation.pool import Pool
from salesops_nb.forecast.simulation.simulate import Team, role_bookings
from salesops_nb.hiring.simulation.capacity import met
from salesops_nb.hiring.simulation.goals import Goal

KEPT_BYTES = 100_000_000  # of roles' bookings


def _share(slack: Floats) -> float:
    """Of futures in which no goal is missed."""
    return float((slack >= 0).all(axis=1).mean())


@dataclass
class Trial:
    """Plans tried on one set of futures against the goals they must meet together."""

    pool: Pool
    team: Team
    goals: list[Goal]
    tried: dict[bytes, tuple[Floats, float]] = field(default_factory=dict)
    by_role: dict[tuple[int, bytes], Floats] = field(default_factory=dict)

    def grown(self, counts: Ints) -> Team:
        """The team with the plan's output and heads."""
        output = np.stack([self.pool.output(role, row) for role, row in enumerate(counts)], axis=1)
        heads = np.stack([self.pool.heads(role, row) for role, row in enumerate(counts)], axis=1)
        return replace(self.team, output=self.team.output + output, heads=self.team.heads + heads)

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
        return self._tried(counts)[0]

    def probability(self, counts: Ints) -> float:
        """Share of futures in which all goals are met."""
        return self._tried(counts)[1]

    def chance(self, made: Floats) -> float:
        """Share of futures in which bookings (futures × months) meet all goals."""
        return _share(self._surplus(made))

    def _tried(self, counts: Ints) -> tuple[Floats, float]:
        key = counts.tobytes()
        if key not in self.tried:
            check()
            slack = self._surplus(self.made(counts))
            self.tried[key] = slack, _share(slack)
        return self.tried[key]

    def _surplus(self, made: Floats) -> Floats:
        scale = np.array([max(float(goal.target or 0.0), 1.0) for goal in self.goals])
        out: Floats = met(self.goals, made) / scale
        return out

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
