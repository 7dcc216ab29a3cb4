"""Which quarter the first review of a new workbook is of, where the last complete one has nothing to say."""

from __future__ import annotations

from typing import TYPE_CHECKING

import narwhals as nw
import pandas as pd

from salesops_nb.core.frames import collected
from salesops_nb.core.periods import Period
from salesops_nb.core.periods.forms import resolve_period
from salesops_nb.facts import closed_deals

if TYPE_CHECKING:
    from salesops_nb.source.opened import Workbook


def last_with_decided_deals(workbook: Workbook) -> tuple[Period, Period] | None:
    """The last complete quarter, and the last quarter with a deal won or lost where that one has none.

    None where the last complete quarter has some, or no deal was ever decided.
    """
    if workbook.data_through is None:
        return None
    complete = resolve_period("last-complete-quarter", workbook.calendar, workbook.data_through)
    closed = closed_deals(workbook.tables)
    inside = (nw.col("closed_on") >= complete.start) & (nw.col("closed_on") < complete.end)
    found = collected(closed.select(last=nw.col("closed_on").max(), inside=inside.any())).iloc[0]
    if pd.isna(found["last"]) or bool(found["inside"]):
        return None
    return complete, workbook.calendar.containing(found["last"], "quarter")
