"""What the process review may be asked."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from salesops_nb.parameters import Day, Key, Name, Parameters, period_field


class ProcessReview(Parameters):
    """Of `process_review.ipynb`. It stops at the team: no page of it is about one person.

    Examples
    --------
    >>> from salesops_nb.notebook.process_review.parameters import ProcessReview
    >>> asked = ProcessReview(period="2017-Q3", level="team", who="Cara Losch")
    >>> asked.segment, asked.days
    (None, 'calendar')
    """

    needs = ("deals.closed_on or deals.created_on",)

    period: Key = period_field("2017-Q4")
    as_of: Day = Field(
        None,
        description="Last day known; the last date in the data unless given",
        json_schema_extra={"choices": "days"},
    )
    level: Literal["company", "team"] = Field("company", description="Whose process")
    who: Name = Field(
        None,
        description="The team; empty for the company",
        json_schema_extra={"choices": "who", "by": "level"},
    )
    segment: Name = Field(
        None,
        description="The accounts' segment or industry; empty for all",
        json_schema_extra={"choices": "segments"},
    )
    days: Literal["calendar", "working"] = Field("calendar", description="Days in which stays are counted")
