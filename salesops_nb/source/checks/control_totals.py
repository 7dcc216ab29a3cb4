"""Control totals: what CRM or finance say a period holds, beside what the data give."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

import duckdb

from salesops_nb.core.money import spoken
from salesops_nb.errors import Problem, problem
from salesops_nb.messages import Message, joined, message
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

    def _parts(self, settings: Settings) -> Message:
        parts = []
        if self.count_difference is not None:
            parts.append(
                message(
                    "{found:d} found, {expected:d} expected ({difference:+d})",
                    found=self.count,
                    expected=self.control.count,
                    difference=self.count_difference,
                )
            )
        if self.sum_difference is not None and self.control.sum is not None:
            found, expected, difference = (
                spoken(amount, settings.currency, settings.locale)
                for amount in (self.sum, self.control.sum, self.sum_difference)
            )
            parts.append(
                message(
                    "{found}, {expected} expected (difference {difference})",
                    found=found,
                    expected=expected,
                    difference=difference,
                )
            )
        return joined(parts, "; ")

    def problem(self, settings: Settings) -> Problem:
        """The control as a finding: an error beyond its tolerance, else a note."""
        return problem(
            "control-total.within" if self.within else "control-total.beyond",
            file="workbook.yml",
            column="controls",
            value=self.control.period,
            outcome=message(self.control.outcome),
            source=self.control.source,
            parts=self._parts(settings),
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
