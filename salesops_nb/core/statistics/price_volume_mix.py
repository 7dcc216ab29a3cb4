"""A change of revenue split into volume, mix and price, line by line and in all, exactly.

The parts are the sales-quantity, sales-mix and selling-price variances of cost accounting (Horngren, Datar
and Rajan, *Cost Accounting: A Managerial Emphasis*, chapter 14), with the earlier period in the budget's
place: quantities are compared at old prices (Laspeyres), prices at new quantities (Paasche).
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import NamedTuple

Units = int | Decimal
NOTHING = Decimal(0)


class PriceVolumeMix(NamedTuple):
    """What made the difference of two sums of money; the four parts add up to it exactly.

    Examples
    --------
    >>> from decimal import Decimal
    >>> from salesops_nb.core import statistics
    >>> parts = statistics.price_volume_mix({"GTX": (10, Decimal(1000))}, {"GTX": (12, Decimal(1320))})
    >>> parts.volume, parts.price
    (Decimal('200.00'), Decimal('120.00'))
    >>> sum(parts) == 1320 - 1000
    True
    """

    volume: Decimal
    mix: Decimal
    price: Decimal
    new_and_lost: Decimal


def price_volume_mix(
    before: Mapping[str, tuple[Units, Decimal]], after: Mapping[str, tuple[Units, Decimal]], places: int = 2
) -> PriceVolumeMix:
    """A change of revenue split into volume, mix, price, and lines that came or went.

    The sums of `price_volume_mix_by_line`: volume is the change of total quantity at the old average price,
    mix the shift between lines at their old prices, price the change of prices at the new quantities.

    Examples
    --------
    Ten units at 100 became twelve at 110, and a second product is new:

    >>> from decimal import Decimal
    >>> from salesops_nb.core import statistics
    >>> before = {"GTX": (10, Decimal(1000))}
    >>> after = {"GTX": (12, Decimal(1320)), "MG": (1, Decimal(55))}
    >>> statistics.price_volume_mix(before, after)
    PriceVolumeMix(volume=Decimal('200.00'), mix=Decimal('0.00'), price=Decimal('120.00'),
                   new_and_lost=Decimal('55'))
    """
    lines = price_volume_mix_by_line(before, after, places).values()
    return PriceVolumeMix(*(sum((each[at] for each in lines), NOTHING) for at in range(4)))


def price_volume_mix_by_line(
    before: Mapping[str, tuple[Units, Decimal]], after: Mapping[str, tuple[Units, Decimal]], places: int = 2
) -> dict[str, PriceVolumeMix]:
    """What each line adds to the volume, mix and price of a change of revenue.

    Each mapping goes from a line (a product) to its quantity and its money. Of a line in both, volume is what
    it would have gained had all lines grown alike, mix what it gained beyond that at its old price, and price
    the change of its price at its new quantity. A line without quantity in one of them came or went. Parts
    are rounded to `places`; each line's price takes the rest, so that its parts are its change.

    Examples
    --------
    In all, 20 units became 30. Both would be half as many again; A doubled and B stayed, and A's price rose:

    >>> from decimal import Decimal
    >>> from salesops_nb.core import statistics
    >>> before = {"A": (10, Decimal(100)), "B": (10, Decimal(300))}
    >>> after = {"A": (20, Decimal(220)), "B": (10, Decimal(300))}
    >>> for line, parts in statistics.price_volume_mix_by_line(before, after).items():
    ...     print(line, *parts)
    A 50.00 50.00 20.00 0
    B 150.00 -150.00 0.00 0
    """
    lines = sorted(before.keys() | after.keys())
    none: tuple[Units, Decimal] = (0, NOTHING)
    old, new = ({line: each.get(line, none) for line in lines} for each in (before, after))
    both = [line for line in lines if old[line][0] and new[line][0]]
    n_old, n_new = (sum(Decimal(each[line][0]) for line in both) for each in (old, new))
    unit = Decimal(1).scaleb(-places)
    found = {}
    for line in lines:
        (q0, money0), (q1, money1) = old[line], new[line]
        if line not in both:
            found[line] = PriceVolumeMix(NOTHING, NOTHING, NOTHING, money1 - money0)
            continue
        volume = ((n_new - n_old) * money0 / n_old).quantize(unit)
        mix = (money0 / q0 * q1 - money0 * n_new / n_old).quantize(unit)
        found[line] = PriceVolumeMix(volume, mix, money1 - money0 - volume - mix, NOTHING)
    return found
