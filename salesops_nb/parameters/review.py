"""What a performance review may be asked."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from salesops_nb.parameters.kinds import Day, Name, Parameters


class PerformanceReview(Parameters):
    """Of `performance_review.ipynb`."""

    period: str = Field(
        "2017-Q4",
        description="Fiscal year, quarter or month; calendar ones as cal:2017-Q3",
        json_schema_extra={"choices": "periods"},
    )
    as_of: Day = Field(
        None,
        description="Last day known; the last date in the data unless given",
        json_schema_extra={"choices": "days"},
    )
    level: Literal["company", "team", "rep"] = Field("company", description="Whose performance")
    who: Name = Field(
        None,
        description="The team or rep; empty for the company",
        json_schema_extra={"choices": "who", "by": "level"},
    )
    compare_to: Literal["previous", "last-year", "target"] = Field(
        "previous", description="The previous period, the same one last year, or the target"
    )
    structure: Literal["as they were", "restated"] = Field(
        "as they were", description="Owners in their teams of the time, or all restated to as_of"
    )
