"""Money of estimates in three figures of the largest sum, so that the parts of a table still add up."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pandas as pd


def unit_of(largest: Decimal) -> Decimal:
    """The unit of which an amount has three figures: of 3,011,699 it is 10,000."""
    return Decimal(1).scaleb(max(abs(largest).adjusted() - 2, 0)) if largest else Decimal(1)


def adding_up(values: Any, groups: Any, is_total: Any) -> pd.Series[Any]:
    """Amounts in whole units, each group's parts summing to its total as it is written.

    Parameters
    ----------
    values, groups, is_total : a row a part or total; the parts of a group stand before its total.

    Examples
    --------
    >>> from decimal import Decimal as D
    >>> from salesops_nb.notebook.hiring_needs.rounding import adding_up
    >>> parts = [D(2_975_462), D(22_282), D(13_956), D(3_011_700)]
    >>> [int(v) for v in adding_up(parts, ["Q1"] * 4, [False, False, False, True])]
    [2980000, 20000, 10000, 3010000]
    """
    unit = unit_of(max((abs(value) for value in values), default=Decimal(0)))
    so_far: dict[Any, Decimal] = {}
    out = []
    for value, group, total in zip(values, groups, is_total, strict=True):
        before = so_far.get(group, Decimal(0))
        after = value if total else before + value
        whole = (after / unit).quantize(Decimal(1), ROUND_HALF_UP) * unit
        out.append(whole if total else whole - (before / unit).quantize(Decimal(1), ROUND_HALF_UP) * unit)
        so_far[group] = after
    return pd.Series(out, dtype=object, index=values.index if isinstance(values, pd.Series) else None)
