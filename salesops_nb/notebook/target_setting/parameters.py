"""What target setting may be asked."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from salesops_nb.parameters import Day, Name, Parameters


class TargetSetting(Parameters):
    """Of `target_setting.ipynb`.

    Examples
    --------
    >>> from salesops_nb.parameters import TargetSetting
    >>> asked = TargetSetting(year=2018, method="top_down")
    >>> asked.growth, asked.method
    (0.1, 'top_down')
    """

    needs = ("people", "deals.closed_on of won or bookings_history.value")

    approval = ("approved_by", "approved_on", "reason")
    year_after = "year"

    year: int = Field(
        2018,
        ge=1990,
        description="Fiscal year to set targets for",
        json_schema_extra={"choices": "target_years"},
    )
    growth: float = Field(0.1, ge=-0.5, le=1, description="Growth on last year's bookings, as 0.1")
    company_target: float | None = Field(
        None, ge=0, description="The company's target; empty for the approved sales model's, or growth"
    )
    method: Literal["top_down", "bottom_up", "blend"] = Field(
        "blend", description="Shared out by potential, summed from pipeline and run-rate, or both"
    )
    weight: float = Field(0.5, ge=0, le=1, description="Part of the top-down share in a blend")
    over_assignment: float = Field(1.05, ge=1, le=1.5, description="Assigned targets over the company's")
    unit: int = Field(100, ge=1, le=100_000, description="Money to which targets are rounded")
    approved_by: Name = Field(
        None, description="Who approves: a name here writes the targets; empty does not"
    )
    approved_on: Day = Field(None, description="Day of the approval; needed to approve")
    reason: str = Field("", description="Why, kept with the approval")

    def foretell(self, workbook: Any) -> None:
        """Raise `SalesopsError` where no earlier bookings lead up to the year."""
        from salesops_nb.targets.basis import check_earlier

        currency, growing = workbook.settings.currency, not self.company_target
        check_earlier(workbook.tables, workbook.calendar, self.year, currency=currency, growing=growing)
