"""Shares of a total in whole units that add up to it exactly: the largest-remainder method.

Each part gets the whole units of its fair share, and the units left over go one each to the parts
with the largest remainders (Hamilton's method; ties to the first). What the total has beyond whole
units goes to the part with the largest weight.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt

from salesops_nb.errors import SalesopsError, problem
from salesops_nb.targets.ratios import exact

Ints = npt.NDArray[np.int64]


def largest_remainder(
    total: Decimal, weights: Sequence[Any], unit: Decimal = Decimal("0.01")
) -> list[Decimal]:
    """A total split in proportion to weights, in whole multiples of `unit`, so that the parts sum to it.

    Whole units left over go one each to the largest remainders, ties to the first (Hamilton's method). What
    the total has beyond whole units goes to the part of the largest weight, the only one that may then be no
    multiple. Raises `SalesopsError` for a negative total or weight, weights that are all zero, or a unit
    that is not above zero.

    Examples
    --------
    The cent left over goes to the first of the equal remainders:

    >>> from decimal import Decimal
    >>> from salesops_nb import targets
    >>> targets.largest_remainder(Decimal("100.00"), [1, 1, 1])
    [Decimal('33.34'), Decimal('33.33'), Decimal('33.33')]

    In whole thousands, the 400 beyond them go to the largest part:

    >>> targets.largest_remainder(Decimal(10_400), [3, 1], unit=Decimal(1000))
    [Decimal('8400'), Decimal('2000')]
    """
    if exact(unit, "unit") <= 0:
        raise SalesopsError(problem("bad-unit.not-positive", unit=unit))
    whole = exact(total, "total")
    parts = [exact(weight, "weight") for weight in weights]
    if whole < 0 or any(part < 0 for part in parts):
        raise SalesopsError(problem("negative-target.shared", total=total))
    everything = sum(parts)
    if not everything:
        raise SalesopsError(problem("zero-potential.weights"))
    units = int(whole // exact(unit, "unit"))
    fair = [units * part / everything for part in parts]
    counts = [int(share) for share in fair]
    order = sorted(range(len(parts)), key=lambda i: (-(fair[i] - counts[i]), i))
    for i in order[: units - sum(counts)]:
        counts[i] += 1
    made = [count * unit for count in counts]
    biggest = max(range(len(parts)), key=lambda i: (parts[i], -i))
    made[biggest] += Decimal(total) - sum(made, Decimal(0))
    return made


def spread(units: Ints, weights: npt.NDArray[np.float64]) -> Ints:
    """Whole units of each row shared over its columns by the row's weights; each row sums exactly.

    The same method for many rows at once, for controls that must answer quickly. A row of zero
    weights is shared evenly.
    """
    weights = np.where(weights.sum(axis=1, keepdims=True) > 0, weights, 1.0)
    fair = units[:, None] * (weights / weights.sum(axis=1, keepdims=True))
    counts: Ints = np.floor(fair + 1e-9).astype(np.int64)
    remainder = np.round(fair - counts, 9)
    left = units - counts.sum(axis=1)
    # Where float error gave too much away, the smallest remainders give back.
    order = np.argsort(-remainder, axis=1, kind="stable")
    rank = np.argsort(order, axis=1, kind="stable")
    columns = weights.shape[1]
    counts += (rank < left[:, None]) & (left[:, None] > 0)
    counts -= (rank >= columns + left[:, None]) & (left[:, None] < 0)
    return counts
