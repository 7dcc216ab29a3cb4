"""Heads that come and go by quarter, in tenths of a head, so that every line of a table adds up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from itertools import pairwise

import numpy as np

from salesops_nb.core.periods import Period
from salesops_nb.forecast.learning.inputs import Floats, Ints

TENTH = Decimal("0.1")


@dataclass(frozen=True)
class Quarters:
    """The fiscal quarters that a row of months touches: keys, and the position of each month's quarter."""

    keys: list[str]
    of: Ints

    @classmethod
    def touched(cls, months: Sequence[Period]) -> Quarters:
        """The quarters of consecutive months."""
        keys = [month.calendar.containing(month.start, "quarter").key for month in months]
        named = list(dict.fromkeys(keys))
        return cls(named, np.array([named.index(key) for key in keys], dtype=np.int64))

    def sums(self, by_month: Floats) -> Floats:
        """Sums of months, the last axis, by quarter."""
        return self._each(by_month, np.sum)

    def means(self, by_month: Floats) -> Floats:
        """Means of months, the last axis, by quarter."""
        return self._each(by_month, np.mean)

    def _each(self, by_month: Floats, of: object) -> Floats:
        parts = [by_month[..., self.of == q] for q in range(len(self.keys))]
        out: Floats = np.stack([of(part, axis=-1) for part in parts], axis=-1)  # type: ignore[operator]
        return out


def tenths(value: float) -> Decimal:
    """A count of heads to a tenth: an expected number of heads is not known more exactly."""
    return Decimal(repr(round(float(value), 6))).quantize(TENTH, ROUND_HALF_UP) + 0


def steps(by_quarter: Sequence[float] | Floats) -> list[Decimal]:
    """Heads that move in each quarter, in tenths; what is lost by rounding in one is made good in the next.

    Examples
    --------
    A sixteenth of a head in each of four quarters is a quarter of a head in the end:

    >>> from salesops_nb.hiring.headcount.flows import steps
    >>> [str(step) for step in steps([0.0625] * 4)]
    ['0.1', '0.0', '0.1', '0.1']
    """
    so_far = [Decimal(0), *(tenths(total) for total in np.cumsum(by_quarter))]
    return [after - before for before, after in pairwise(so_far)]


def running(start: float, *moves: tuple[int, list[Decimal]]) -> list[tuple[Decimal, Decimal]]:
    """Heads at the start and end of each quarter, from moves with their sign: what comes less what goes."""
    at, out = tenths(start), []
    for quarter in zip(*(values for _, values in moves), strict=True):
        before = at
        at += sum((sign * value for (sign, _), value in zip(moves, quarter, strict=True)), Decimal(0))
        out.append((before, at))
    return out
