"""Control totals: what CRM or finance say a period holds, beside what the data give."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

import duckdb

from salesops_nb.core.money import spoken
from salesops_nb.errors import Problem
from salesops_nb.source.schema.findings import finding
from salesops_nb.workbook import Control, Settings


@dataclass(frozen=True, slots=True)
class ControlResult:
    """One control total: expected and found, in deals and in the workbook's currency.

    Differences are found minus expected, ``None`` where the control does not name that total.
    """

    control: Control
    count: int
    sum: Decimal
    count_difference: int | None
    sum_difference: Decimal | None
    within: bool

    def words(self, settings: Settings) -> str:
        """The control in one sentence."""
        parts = []
        if self.count_difference is not None:
            parts.append(f"{self.count} found, {self.control.count} expected ({self.count_difference:+d})")
        if self.sum_difference is not None and self.control.sum is not None:
            found, expected, difference = (
                spoken(amount, settings.currency, settings.locale)
                for amount in (self.sum, self.control.sum, self.sum_difference)
            )
            parts.append(f"{found}, {expected} expected (difference {difference})")
        verdict = "within tolerance" if self.within else "beyond tolerance"
        return (
            f"Control of {self.control.outcome} deals in {self.control.period} with {self.control.source}: "
            f"{'; '.join(parts)}: {verdict}."
        )

    def problem(self, settings: Settings) -> Problem:
        """The control as a finding: an error beyond its tolerance, else a note."""
        return finding(
            "control-total",
            self.words(settings),
            "" if self.within else "Find the deals that are missing or doubled before the figures are used.",
            file="workbook.yml",
            column="controls",
            value=self.control.period,
            severity="note" if self.within else "error",
        )


def control_results(
    connection: duckdb.DuckDBPyConnection, settings: Settings, has_deals: bool
) -> list[ControlResult]:
    """Every control of the workbook beside the deals closed in its period.

    Raises `SalesopsError` where a control's period is none.
    """
    if not has_deals:
        return []
    return [_result(connection, settings, control) for control in settings.controls]


def _result(connection: duckdb.DuckDBPyConnection, settings: Settings, control: Control) -> ControlResult:
    period = settings.calendar.period(control.period)
    row = connection.execute(
        "SELECT count(*), coalesce(sum(amount), 0) FROM deals "
        "WHERE outcome = ? AND closed_on >= ? AND closed_on < ?",
        [control.outcome, period.start, period.end],
    ).fetchall()[0]
    count, total = row
    count_difference = None if control.count is None else count - control.count
    sum_difference = None if control.sum is None else total - control.sum
    within = abs(count_difference or 0) <= control.tolerance_count
    within = within and abs(sum_difference or Decimal(0)) <= control.tolerance_sum
    return ControlResult(control, count, total, count_difference, sum_difference, within)
