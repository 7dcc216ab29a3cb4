"""The model of a plan: items to place, territories with bands, and what binds them.

An *item* is a unit, or several that must stay together (a parent and its children). Items carry
sums, so that a group costs exactly what its units cost. Loads are scaled so that an average
territory has 1 of each measure. Compactness is Σ w·d² in km² with chords in three dimensions.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from salesops_nb.errors import Problem
from salesops_nb.territory.inputs.reps import Reps
from salesops_nb.territory.inputs.units import Units
from salesops_nb.territory.kernels.local_search import Field

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass
class Model:
    """All that a plan depends on, checked; n units, m measures, k territories, g items.

    values : (n, m) measures of units, raw; base : (k, m) raw loads that overrides put on reps.
    target, lower, upper : (k, m) in territories' worth; scale : (m,) raw amount of one such.
    weight : (n,) compactness weight; points : (n, 3) km from the middle of the map.
    today : (n,) present rep's number, or -1 (none, or no longer among the reps); had : its name.
    stay : (n,) what moving the unit counts, raw; disruption : its price.
    item : (n,) item of each unit. The rest is by item, or by item and territory.
    """

    units: Units
    reps: Reps
    measures: list[str]
    tolerance: dict[str, float]
    values: Floats
    base: Floats
    target: Floats
    scale: Floats
    weight: Floats
    points: Floats
    origin: Floats
    today: Ints
    had: list[str | None]
    stay: Floats
    disruption: float
    item: Ints
    amount: Floats
    lower: Floats
    upper: Floats
    first: Ints
    neighbour: Ints
    whole: Bools
    free: Bools
    allowed: Bools
    locked: dict[str, str]
    travel: Floats | None
    travel_to_homes: bool
    edges: Ints
    bound: Bools
    problems: list[Problem]

    @property
    def k(self) -> int:
        """Number of territories."""
        return len(self.reps.names)

    @property
    def items(self) -> int:
        """Number of items."""
        return len(self.amount)

    @property
    def homes(self) -> Floats:
        """(k, 3) homes from the middle of the map, NaN where there is none."""
        return self.reps.home - self.origin

    def near(self, item: int) -> list[int]:
        """The item's neighbours."""
        return [int(v) for v in self.neighbour[self.first[item] : self.first[item + 1]]]

    def sums(self) -> tuple[Floats, Floats, Floats]:
        """By item: Σw, Σw·x and Σw·|x|²; a unit without weight gets a millionth of the mean."""
        least = 1e-6 * self.weight.mean() if self.weight.any() else 1.0
        w = np.maximum(self.weight, least)
        mass: Floats = np.bincount(self.item, w, minlength=self.items).astype(float)
        pull = np.stack(
            [np.bincount(self.item, w * self.points[:, axis], minlength=self.items) for axis in range(3)],
            axis=1,
        )
        square = np.bincount(self.item, w * (self.points**2).sum(axis=1), minlength=self.items)
        return mass, pull.astype(float), square.astype(float)

    def leaving(self) -> tuple[Ints, Floats, Floats]:
        """By item: present territory or -1, cost of leaving it; further cost (g, k) of split groups."""
        pay = self.stay * (self.today >= 0)
        today = np.full(self.items, -1, dtype=np.int64)
        price = np.zeros(self.items)
        if not len(self.item) or not pay.any():
            return today, price, np.empty((0, 0))
        if self.items == len(self.item):
            today[self.item] = self.today
            price[self.item] = pay
            return today, price, np.empty((0, 0))
        cost = np.zeros((self.items, self.k))
        np.add.at(cost, self.item, pay[:, None])
        known = self.today >= 0
        np.add.at(cost, (self.item[known], self.today[known]), -pay[known])
        for c in range(self.items):
            least = int(np.argmin(cost[c]))
            if np.all(np.delete(cost[c], least) == cost[c].max(initial=0.0)) and cost[c, least] == 0:
                today[c], price[c] = least, cost[c].max(initial=0.0)
                cost[c] = 0.0
        return today, price, cost if cost.any() else np.empty((0, 0))

    def field(self, price: float, linear: Floats | None = None, moment: bool = True) -> Field:
        """What the search works on; `price` is the cost of moving one of `stay`."""
        mass, pull, square = self.sums()
        today, leave, extra = self.leaving()
        rest = linear if linear is not None else np.empty((0, 0))
        if extra.size:
            rest = price * extra + (rest if rest.size else 0.0)
        return Field(
            self.first,
            self.neighbour,
            self.whole,
            self.free,
            self.allowed,
            self.amount,
            self.lower,
            self.upper,
            mass,
            pull,
            square,
            moment,
            self.reps.fixed,
            np.where(self.reps.fixed[:, None], self.homes, 0.0),
            np.ascontiguousarray(rest),
            today,
            price * leave,
        )

    def base_load(self) -> Floats:
        """(k, m) loads of overrides in territories' worth."""
        return np.asarray(self.base / self.scale)

    def loads(self, choice: Ints) -> Floats:
        """(k, m) raw loads of a plan given by unit."""
        loads = self.base.copy()
        np.add.at(loads, choice, self.values)
        return loads

    def imbalance(self, choice: Ints) -> Floats:
        """(m,) largest |load / fair share − 1| of each measure."""
        return np.asarray(np.abs(self.loads(choice) / (self.target * self.scale) - 1).max(axis=0))

    def centres(self, choice: Ints) -> Floats:
        """(k, 3) homes where fixed, else weighted centroids; NaN for a territory without units."""
        w = np.where(np.bincount(choice, self.weight, minlength=self.k)[choice] > 0, self.weight, 1.0)
        mass = np.bincount(choice, w, minlength=self.k)
        with np.errstate(invalid="ignore", divide="ignore"):
            centre = np.stack(
                [np.bincount(choice, w * self.points[:, a], minlength=self.k) / mass for a in range(3)],
                axis=1,
            )
        return np.asarray(np.where(self.reps.fixed[:, None], self.homes, centre))

    def moment(self, choice: Ints) -> float:
        """Σ w·d² in weight·km² (Σ w·t² under a travel matrix) to the territories' centres."""
        if self.travel is not None:
            return float(self.travel_cost(self.medoids(choice))[np.arange(len(choice)), choice].sum())
        gap = self.points - self.centres(choice)[choice]
        return float((self.weight * (gap**2).sum(axis=1)).sum())

    def medoids(self, choice: Ints) -> Ints:
        """(k,) under a unit-to-unit travel matrix: the unit of each territory with the least Σ w·t²."""
        best = np.zeros(self.k, dtype=np.int64)
        if self.travel is None or self.travel_to_homes:
            return best
        for j in range(self.k):
            inside = np.flatnonzero(choice == j)
            if len(inside):
                cost = self.weight[inside] @ self.travel[np.ix_(inside, inside)] ** 2
                best[j] = inside[int(np.argmin(cost))]
        return best

    def travel_cost(self, medoids: Ints) -> Floats:
        """(n, k) w·t² to the homes, or to the given centre units."""
        assert self.travel is not None
        times = self.travel if self.travel_to_homes else self.travel[:, medoids]
        return np.asarray(self.weight[:, None] * times**2)
