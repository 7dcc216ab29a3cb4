"""From bookings back to what has to be opened and done, and from what is opened forward to bookings.

Bookings of a month ÷ size = won deals. These were opened in that month and those before it, as wins are
spread over the months since the opening; won ÷ rate of each is what has to be opened. Forward, each month's
openings bring their wins over the months that follow. Both use one draw of rate, size and spread at a time,
so that they agree draw by draw; what is needed on average is the mean over draws, E[1 ÷ rate], which is more
than 1 ÷ E[rate].

A month whose target is far above those around it asks for more than its deals' age alone would close. That
factor is the target's own season of closing: it is 1 where the target is even, it is worked out in each draw,
and both ways count with it. The months around the year are taken as the year's own again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
import numpy.typing as npt

from salesops_nb.core.money import places
from salesops_nb.strategy.funnel import Funnel

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Flow:
    """What a target asks for, by segment and month.

    `bookings` is the target exactly (segments × months, decimals in the currency's places; it sums to the
    company's). Draws of ``won`` (draws × segments × months) and of ``opened`` and ``activities`` (draws ×
    segments × (before + months)): the first `before` months of these lie before the year. `season` is how
    much more of its deals a month closes than their age alone would (draws × segments × months). `forward`
    is what the openings bring (draws × segments × months): `bookings` again.
    """

    bookings: tuple[tuple[Decimal, ...], ...]
    before: int
    won: Floats
    opened: Floats
    activities: Floats
    season: Floats
    forward: Floats

    @property
    def target(self) -> tuple[Decimal, ...]:
        """The company's target by month: the sum of its segments."""
        return tuple(sum(month, Decimal(0)) for month in zip(*self.bookings, strict=True))

    @property
    def apart(self) -> float:
        """By how much forwards and backwards differ at most in any draw, segment and month.

        As a share of a mean month of the company; what is left is the rounding to the currency's places.
        """
        asked = np.array(self.bookings, dtype=float)
        mean = float(asked.sum()) / max(asked.shape[1], 1)
        return float(np.abs(self.forward - asked).max(initial=0.0)) / mean if mean > 0 else 0.0


def split(amount: Decimal, share: Floats, currency: str) -> list[Decimal]:
    """An amount by shares, to the currency's places, so that the parts sum to it exactly.

    Examples
    --------
    >>> from decimal import Decimal
    >>> import numpy as np
    >>> from salesops_nb.strategy.flow import split
    >>> split(Decimal("100.00"), np.array([1, 1, 1]) / 3, "USD")
    [Decimal('33.33'), Decimal('33.34'), Decimal('33.33')]
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
    December's openings do not close in December; an even target asks for as many each month:

    >>> from decimal import Decimal
    >>> from salesops_nb import open_workbook, strategy
    >>> wb = open_workbook(".")
    >>> model = strategy.load(wb.folder, wb.settings).in_force(wb.data_through).sales_model
    >>> funnel = strategy.learn(strategy.read_deals(wb.tables, model), wb.tables)
    >>> flow = strategy.backwards([Decimal(1_000_000)] * 12, funnel, "USD")
    >>> sum(flow.target), flow.before, flow.apart < 1e-7
    (Decimal('12000000.00'), 5, True)
    >>> bool((abs(flow.season - 1) < 1e-9).all())
    True
    """
    months, before = len(target), funnel.months
    asked = np.array([float(each) for each in target])
    around = np.resize(asked, before), np.resize(asked[::-1], before)[::-1]
    wins = np.concatenate([around[1], asked, around[0]])  # of a segment, up to its part, rate and size
    base = sum(
        (funnel.spread[:, :, k, None] * wins[k : k + before + months] for k in range(before + 1)),
        np.zeros((len(funnel.spread), len(funnel.segments), before + months)),
    )
    closing = _following(base, funnel.spread, before, months)
    season = np.divide(asked, closing, out=np.ones_like(closing), where=closing > 0)
    shape = np.arange(funnel.draws) % len(funnel.spread)
    won = funnel.share[:, None] * asked / funnel.size[:, :, None]
    opened = base[shape] * (funnel.share / (funnel.rate * funnel.size))[:, :, None]
    exact = [split(each, funnel.share, currency) for each in target]
    bookings = tuple(zip(*exact, strict=True)) if exact else ()
    forward = forwards(opened, funnel, months, season[shape])
    return Flow(bookings, before, won, opened, opened * funnel.logged[:, :, None], season[shape], forward)


def _following(opened: Floats, spread: Floats, before: int, months: int) -> Floats:
    """What follows from openings in the last months, as wins are spread over the months since."""
    out = np.zeros((*np.broadcast_shapes(opened.shape[:2], spread.shape[:2]), months))
    for k in range(before + 1):
        out += spread[:, :, k, None] * opened[:, :, before - k : before - k + months]
    return out


def forwards(opened: Floats, funnel: Funnel, months: int, season: Floats | None = None) -> Floats:
    """Bookings that openings bring, by segment and month: draws × segments × months.

    Parameters
    ----------
    opened : draws × segments × (before + months), as `Flow.opened`, or segments × (before + months) for all
        draws; `before` are the funnel's `months`.
    months : how many months at the end are asked for.
    season : `Flow.season`, where months close more or less of their deals than age alone would.

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
    won = _following(each, funnel.spread[shape], funnel.months, months)
    found: Floats = won * (funnel.rate * funnel.size)[:, :, None]
    return found if season is None else found * season
