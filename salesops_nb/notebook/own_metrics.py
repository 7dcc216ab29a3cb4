"""A workbook's own metrics in a review: their value in the period, before, and against their target."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import narwhals as nw
import pandas as pd

from salesops_nb import present
from salesops_nb.core.frames import collected
from salesops_nb.facts import LEVEL_COLUMN
from salesops_nb.metrics import Metric, exact, measured, sums
from salesops_nb.metrics import own_metrics as declared
from salesops_nb.present.language.column_labels import capital
from salesops_nb.present.language.formats import by_unit
from salesops_nb.present.language.translation import _

if TYPE_CHECKING:
    from salesops_nb.performance import Review
    from salesops_nb.source.opened import Workbook

WRITTEN = {"days": "number"}  # units that no column has


def own_metrics(workbook: Workbook, review: Review) -> None:
    """The metrics of ``metrics.yml`` for whoever the review is of; nothing where there are none."""
    metrics = [each for each in declared(workbook.folder) if review.level in each.level]
    if not metrics:
        return
    rows = [_row(workbook, review, metric) for metric in metrics]
    frame = pd.DataFrame(rows)
    empty = [name for name in ("target",) if (frame[name] == "–").all()]
    present.show_table(
        frame.drop(columns=empty),
        title=_("Metrics of our own, {period}", period=review.period.key),
        table="own_metrics",
        notes=_("As metrics.yml declares them; days are means, shares of one number in the other."),
    )


def _row(workbook: Workbook, review: Review, metric: Metric) -> dict[str, Any]:
    """One metric: its value, the period before, the target, and whether the direction is good."""
    where = ""
    if review.who is not None:
        column = LEVEL_COLUMN[review.level]
        where = f"{column} = '{review.who.replace(chr(39), chr(39) * 2)}'"
    spans = [review.period, review.period.previous()]
    found = sums(measured(workbook.tables, metric, review.as_of), spans, where=where)
    now, before = (_value(metric, found[found["span"] == span]) for span in (0, 1))
    written = by_unit(WRITTEN.get(metric.unit, metric.unit))
    goal = _target(workbook, review, metric.name)
    return {
        "metric": capital(metric.called),
        "value": "–" if now is None else written(float(now)),
        "before": "–" if before is None else written(float(before)),
        "target": "–" if goal is None else written(float(goal)),
        "direction": _("more is better") if metric.direction == "up" else _("less is better"),
    }


def _value(metric: Metric, rows: pd.DataFrame) -> Any:
    if rows.empty:
        return None if metric.denominator is not None else Decimal(0)
    return exact(metric, rows["top"].iloc[0], rows["bottom"].iloc[0])


def _target(workbook: Workbook, review: Review, name: str) -> Any:
    """The target set for the very period, whoever it is for; None without one."""
    if "targets" not in workbook.tables:
        return None
    who = review.who or "company"
    rows = collected(
        workbook.tables["targets"].filter(
            (nw.col("metric") == name)
            & (nw.col("level") == review.level)
            & (nw.col("who") == who)
            & (nw.col("period") == review.period.key)
        )
    )
    return None if rows.empty else rows["value"].iloc[0]
