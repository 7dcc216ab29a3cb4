"""From bookings back to what has to be opened and done, and from what is opened forward to bookings.

Bookings of a month ÷ size = won deals; these were opened in that month and those before it, as wins are spread over
the months since the opening. So what has to be opened is what, month by month, gives just these wins: of all the
ways to open that do, the smoothest (least squares), none below zero. Going forward adds up what each month's
openings bring. Both use one draw of rate, size and spread at a time, so that they agree draw by draw; what is needed
on average is the mean over draws, E[1 ÷ rate], which is more than 1 ÷ E[rate].

The year after is taken as the same again: without it nothing would have to be opened towards the year's end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
import numpy.typing as npt
from scipy.optimize import nnls

from salesops_nb.core.money import places
from salesops_nb.strategy.funnel import Funnel

Floats = npt.NDArray[np.float64]
EXACT = 1e4  # how much more it matters to meet the target than to open smoothly, where both cannot be
CLOSE = 1e-3  # of a month's mean, up to which a target that is met to the last digit differs


@dataclass(frozen=True)
class Flow:
    """What a target asks for, by segment and month.

    `bookings` is the target exactly (segments × months, decimals in the currency's places; it sums to the
    company's). Draws of ``won`` (draws × segments × months) and of ``opened`` and ``activities`` (draws × segments ×
    (before + months)): the first `before` months of these lie before the year. `forward` is what the openings bring
    (draws × segments × months), the same as `bookings` where the spread of wins allows such a month at all.
    """

    bookings: tuple[tuple[Decimal, ...], ...]
    before: int
    won: Floats
    opened: Floats
    activities: Floats
    forward: Floats

    @property
    def target(self) -> tuple[Decimal, ...]:
        """The company's target by month: the sum of its segments."""
        return tuple(sum(month, Decimal(0)) for month in zip(*self.bookings, strict=True))

    @property
    def apart(self) -> float:
        """By how much forwards and backwards differ at most in any draw, segment and month, as a share of a
        mean month."""
        asked = np.array(self.bookings, dtype=float)
        mean = float(asked.sum()) / max(asked.shape[1], 1)
        return float(np.abs(self.forward - asked).max(initial=0.0)) / mean if mean > 0 else 0.0

    @property
    def reachable(self) -> bool:
        """Whether each month can be met as it stands: a month cannot be far above those around it."""
        return self.apart < CLOSE


def split(amount: Decimal, share: Floats, currency: str) -> list[Decimal]:
    """An amount by shares, to the currency's places, so that the parts sum to it exactly.

    Examples
    --------
    >>> from decimal import Decimal
    >>> import numpy as np
    >>> from salesops_nb.strategy.flow import split
    >>> split(Decimal("100.00"), np.array([1, 1, 1]) / 3, "USD")
    [Decimal('33.33'), Decimal('33.33'), Decimal('33.34')]
    """
    unit = Decimal(1).scaleb(-places(currency))
    upto = [Decimal(0)]
    for part in np.cumsum(share)[:-1]:
        upto.append((amount * Decimal(repr(float(part)))).quantize(unit))
    return [end - begin for begin, end in zip(upto, [*upto[1:], amount], strict=True)]


def backwards(target: Sequence[Decimal], funnel: Funnel, currency: str) -> Flow:
    """What has to be won, opened and done for a target by month; the first month is the year's first.

    Examples
    --------
    December's openings do not close in December: a third of what a flat year asks for is opened before it.

    >>> from decimal import Decimal
    >>> from salesops_nb import open_workbook, strategy
    >>> wb = open_workbook(".")
    >>> model = strategy.load(wb.folder, wb.settings).in_force(wb.data_through).sales_model
    >>> funnel = strategy.learn(strategy.read_deals(wb.tables, model), wb.tables)
    >>> flow = strategy.backwards([Decimal(1_000_000)] * 12, funnel, "USD")
    >>> sum(flow.target), flow.before, flow.reachable
    (Decimal('12000000'), 4, True)
    """
    months, before = len(target), funnel.months
    asked = np.array([float(each) for each in target])
    base = np.zeros((len(funnel.spread), len(funnel.segments), before + months))
    for at in range(len(funnel.segments)):
        base[:, at] = _openings(funnel.spread[:, at], asked)
    shape = np.arange(funnel.draws) % len(funnel.spread)
    part = funnel.share[None, :] * np.ones_like(funnel.rate)
    won = part[:, :, None] * asked / funnel.size[:, :, None]
    opened = base[shape] * (part / (funnel.rate * funnel.size))[:, :, None]
    exact = [split(each, funnel.share, currency) for each in target]
    bookings = tuple(zip(*exact, strict=True)) if exact else ()
    forward = forwards(opened, funnel, months)
    return Flow(bookings, before, won, opened, opened * funnel.logged[:, :, None], forward)


def _openings(spread: Floats, asked: Floats) -> Floats:
    """Openings that give wins as asked, one row a shape: before and in the months asked for.

    A year longer by the same months again is solved, and cut.
    """
    shapes, size = spread.shape
    before, months = size - 1, len(asked)
    if not before:  # all is won in the month it is opened
        return np.repeat(asked[None, :], shapes, axis=0)
    wanted = np.concatenate([asked, np.resize(asked, before)])
    n = len(wanted)
    way = np.zeros((shapes, n, n + before))
    for k in range(size):
        rows = np.arange(n)
        way[:, rows, rows + before - k] = spread[:, k][:, None]
    found = np.einsum("sij,j->si", np.linalg.pinv(way, rcond=1e-9), wanted)
    unit = max(float(asked.mean()), 1e-300)
    for at in np.flatnonzero((found < -1e-9 * unit).any(axis=1)):
        heavy = np.concatenate([way[at] * EXACT, np.eye(n + before)])
        found[at] = nnls(heavy, np.concatenate([wanted * EXACT, np.zeros(n + before)]))[0]
    return np.maximum(found[:, : before + months], 0.0)


def forwards(opened: Floats, funnel: Funnel, months: int) -> Floats:
    """Bookings that openings bring, by segment and month: draws × segments × months.

    Parameters
    ----------
    opened : draws × segments × (before + months), as `Flow.opened`, or segments × (before + months) for all draws;
        `before` are the funnel's `months`.
    months : how many months at the end are asked for.

    Examples
    --------
    >>> import numpy as np
    >>> from salesops_nb import open_workbook, strategy
    >>> wb = open_workbook(".")
    >>> model = strategy.load(wb.folder, wb.settings).in_force(wb.data_through).sales_model
    >>> funnel = strategy.learn(strategy.read_deals(wb.tables, model), wb.tables)
    >>> pace = np.repeat(funnel.opened[:, None], funnel.months + 12, axis=1)  # as many as of late
    >>> strategy.forwards(pace, funnel, 12).shape
    (2000, 2, 12)
    """
    shape = np.arange(funnel.draws) % len(funnel.spread)
    each = np.broadcast_to(opened, (funnel.draws, *np.shape(opened)[-2:]))
    spread = funnel.spread[shape]
    before = funnel.months
    won = np.zeros((funnel.draws, len(funnel.segments), months))
    for k in range(before + 1):
        won += spread[:, :, k, None] * each[:, :, before - k : before - k + months]
    found: Floats = won * (funnel.rate * funnel.size)[:, :, None]
    return found
