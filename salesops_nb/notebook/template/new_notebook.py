"""New notebook: what it may be asked, what it finds, and how that is shown."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import narwhals as nw
import pandas as pd

from salesops_nb import facts, present
from salesops_nb.core.frames import collected
from salesops_nb.core.periods import Period
from salesops_nb.parameters import Key, Sliced, period_field
from salesops_nb.present.page.data_set_aside import set_aside as set_aside
from salesops_nb.present.panel.panel import Panel


class NewNotebook(Sliced):
    """Of `new_notebook.ipynb`: the period, whose, and as of which day; add what else it takes."""

    period: Key = period_field("2017-Q4")


@dataclass(frozen=True)
class Found:
    """What the page says: deals won and lost in the period, a row an owner and outcome."""

    period: Period
    who: str
    deals: pd.DataFrame

    def count(self, outcome: str) -> int:
        """How many deals ended so."""
        return int(self.deals.loc[self.deals["outcome"] == outcome, "deals"].sum())

    def value(self, outcome: str) -> Decimal:
        """What they were worth together."""
        return sum(self.deals.loc[self.deals["outcome"] == outcome, "value"], Decimal(0))


def found(workbook: Any, asked: NewNotebook) -> Found:
    """Count the deals that closed in the period, by owner and outcome."""
    period = workbook.period(asked.period, asked.as_of)
    closed = facts.closed_deals(workbook.tables, asked.as_of)
    closed = facts.in_scope(closed, workbook.tables, asked.level, asked.who)
    groups = facts.during(closed, period, "closed_on").group_by("owner_id", "outcome")
    counted = groups.agg(deals=nw.len(), value=nw.col("value").sum())
    return Found(period, asked.who or "", collected(counted.sort("owner_id", "outcome")))


def cover(panel: Panel, asked: NewNotebook, found: Found) -> None:
    """The cover: what the page is, of when and whose."""
    panel.cover(
        asked, title="New notebook", subtitle=found.who, period=found.period, as_of=asked.as_of,
        used=("deals", "people"),
    )  # fmt: skip


def headlines(found: Found) -> None:
    """The figures that answer the question, each with one sentence."""
    won, lost = found.count("won"), found.count("lost")
    rate = {"value": won / (won + lost), "unit": "percent"} if won + lost else {"value": "–"}
    present.headlines([
        {"label": "Bookings", "value": found.value("won"), "unit": "money",
         "sentence": f"{won:,} deals were won in {found.period.key}."},
        {"label": "Win rate", **rate, "sentence": f"{won:,} of {won + lost:,} decided deals were won."},
    ])  # fmt: skip


def by_owner(found: Found) -> None:
    """The deals of each owner."""
    if found.deals.empty:
        present.note(f"No deal closed in {found.period.key}.")
        return
    present.show_table(found.deals, title="Deals closed, by owner and outcome")
