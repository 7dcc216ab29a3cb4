"""The cheapest requisitions that reach the asked confidence, by integer programming on the futures.

The quantile of the surplus that must not be negative is replaced by cuts: around a plan it is
nearly linear in the number of requisitions, with slopes taken from the futures near the quantile.
Each round solves the integer programme over the cuts so far (HiGHS), tries its plan on all
futures and adds a cut where it falls short. What comes out is then improved by single moves, each
judged on all futures, so that an inexact cut costs effort and not quality.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp

from salesops_nb.forecast.learning.inputs import Floats, Ints
from salesops_nb.hiring.planning.requisitions import Trial

ROUNDS = 20
MOVES = 80
NODES = 2_000  # of an integer programme; nearly all end in the first
WORTHLESS = 0.01  # of what the best requisition adds


@dataclass(frozen=True)
class Limits:
    """What a plan may not exceed; ``None`` for no limit. `most` is the most per role and month."""

    budget: float | None
    interviewing: int | None
    most: Ints


@dataclass
class Search:
    """An optimisation in progress: cuts are kept, so that asking for more confidence starts warm."""

    trial: Trial
    roles: list[int]
    cost: Floats
    limits: Limits
    cuts: list[tuple[Floats, float]] = field(default_factory=list)

    def cheapest(self, confidence: float) -> Ints | None:
        """Requisitions (roles × months of opening), or ``None`` where the limits allow none."""
        found = self.reaching(confidence)
        if found is None:
            found = self._raised(self.best(confidence), confidence)
        return self._improved(found, confidence) if found is not None else None

    def reaching(self, confidence: float) -> Ints | None:
        """The first plan that the cuts lead to and that reaches the confidence, if any does."""
        counts = self._empty()
        for _ in range(ROUNDS):
            if self.trial.probability(counts) >= confidence:
                return counts
            self._cut(counts, confidence)
            solved = self._solve(lift=False)
            if solved is None or (solved == counts).all():
                break
            counts = solved
        return None

    def best(self, confidence: float) -> Ints:
        """The plan within the limits of the highest probability that was found."""
        counts = self._empty()
        tried = {counts.tobytes(): counts}
        for _ in range(ROUNDS // 2):
            self._cut(counts, confidence)
            solved = self._solve(lift=True)
            if solved is None or solved.tobytes() in tried:
                break
            counts = solved
            tried[counts.tobytes()] = counts
            if self.trial.probability(counts) >= confidence:
                break
        top = max(tried.values(), key=lambda c: (self.trial.probability(c), -self.total(c)))
        return self._improved(top, self.trial.probability(top))

    def total(self, counts: Ints) -> float:
        """Expected cost of the requisitions."""
        return float(self._totals(counts[None])[0])

    def allowed(self, counts: Ints) -> bool:
        """Whether the limits hold."""
        return bool(self._allowed(counts[None])[0])

    def _totals(self, plans: Ints) -> Floats:
        """`total` of each of many plans, plans × roles × months."""
        out: Floats = (self.cost * plans).reshape(len(plans), self.cost.size).sum(axis=1)
        return out

    def _allowed(self, plans: Ints) -> Any:
        """`allowed` for each of many plans."""
        good = (plans <= self.limits.most[:, None]).all(axis=(1, 2))
        if self.limits.budget is not None:
            good &= self._totals(plans) <= self.limits.budget + 1e-6
        if self.limits.interviewing is not None:
            good &= (plans.sum(axis=1) <= self.limits.interviewing).all(axis=1)
        return good

    def _empty(self) -> Ints:
        return np.zeros(self.cost.shape, dtype=np.int64)

    def _cut(self, counts: Ints, confidence: float) -> None:
        """surplus(counts) + slope · (plan − counts) ≥ 0, as slope · plan ≥ bound."""
        value, slope = self.trial.slope(counts, 1.0 - confidence, self.roles)
        full = np.zeros(self.cost.shape)
        full[self.roles] = slope
        self.cuts.append((full.ravel(), float(full.ravel() @ counts.ravel()) - value))

    def _solve(self, lift: bool) -> Ints | None:
        """The cheapest plan that all cuts allow; with `lift`, the one whose worst cut is highest."""
        roles, months = self.cost.shape
        n = roles * months
        slopes = np.array([slope for slope, _ in self.cuts])
        bounds = np.array([bound for _, bound in self.cuts])
        extra = -np.ones((len(self.cuts), 1)) if lift else np.zeros((len(self.cuts), 1))
        rows = [np.hstack([slopes, extra])]
        low, high = [bounds], [np.full(len(self.cuts), np.inf)]
        if self.limits.interviewing is not None:
            monthly = np.hstack([np.tile(np.eye(months), roles), np.zeros((months, 1))])
            rows.append(monthly)
            low.append(np.zeros(months))
            high.append(np.full(months, float(self.limits.interviewing)))
        if self.limits.budget is not None:
            rows.append(np.append(self.cost.ravel(), 0.0)[None, :])
            low.append(np.zeros(1))
            high.append(np.array([self.limits.budget]))
        scale = float(self.cost.max())
        aim = np.append(self.cost.ravel() / scale, 0.0)
        if lift:  # surplus first, cost only to break ties
            aim = np.append(1e-6 * self.cost.ravel() / scale, -1.0)
        most = np.repeat(self.limits.most, months).astype(float)
        # a requisition too late to add anything would only blur the programme
        most[slopes.max(axis=0) < WORTHLESS * slopes.max()] = 0.0
        most[[r * months + m for r in range(roles) for m in range(months) if r not in self.roles]] = 0.0
        result = milp(
            aim,
            integrality=np.append(np.ones(n), 0),
            bounds=Bounds(np.append(np.zeros(n), -10.0), np.append(most, 10.0 if lift else 0.0)),
            constraints=LinearConstraint(np.vstack(rows), np.concatenate(low), np.concatenate(high)),
            # by nodes: what is found must not hang on how fast, or how busy, the machine is
            options={"node_limit": NODES, "time_limit": 10.0, "mip_rel_gap": 1e-3},
        )
        if result.x is None:
            return None
        return np.rint(result.x[:-1]).astype(np.int64).reshape(roles, months)

    def _raised(self, counts: Ints, confidence: float) -> Ints | None:
        """The plan if it reaches the confidence, else after adding the most helpful requisitions."""
        while self.trial.probability(counts) < confidence:
            _, slope = self.trial.slope(counts, 1.0 - confidence, self.roles)
            options = []
            for k, role in enumerate(self.roles):
                for month in np.argsort(-slope[k])[:2]:
                    more = counts.copy()
                    more[role, month] += 1
                    if self.allowed(more):
                        options.append(more)
            options = [c for c in options if self.trial.probability(c) > self.trial.probability(counts)]
            if not options:
                return None
            counts = max(options, key=self.trial.probability)
        return counts

    def _improved(self, counts: Ints, confidence: float) -> Ints:
        """Single moves (drop one, open it later, give it to another role) while they save money."""
        left = MOVES
        while left > 0:
            better = None
            for option in self._cheaper(counts):
                left -= 1
                if self.trial.probability(option) >= confidence:
                    better = option
                    break
                if left <= 0:
                    break
            if better is None:
                return counts
            counts = better
        return counts

    def _cheaper(self, counts: Ints) -> Ints:
        """Moves that are allowed and save money, the cheapest plan first."""
        options = self._moves(counts)
        totals = self._totals(options)
        cheaper = np.flatnonzero((totals < self.total(counts) - 1e-9) & self._allowed(options))
        out: Ints = options[cheaper[np.argsort(totals[cheaper], kind="stable")]]
        return out

    def _moves(self, counts: Ints) -> Ints:
        months, out = self.cost.shape[1], []
        for role, month in zip(*np.nonzero(counts), strict=True):
            fewer = counts.copy()
            fewer[role, month] -= 1
            out.append(fewer)
            for step in (1, 2, 4):
                if month + step < months:
                    later = fewer.copy()
                    later[role, month + step] += 1
                    out.append(later)
            for other in self.roles:
                if other != role:
                    swapped = fewer.copy()
                    swapped[other, month] += 1
                    out.append(swapped)
        return np.array(out, dtype=np.int64).reshape(-1, *counts.shape)
