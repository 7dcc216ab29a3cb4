"""What the alerts notebook may be asked."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from salesops_nb.parameters import Day, Name, Parameters


class Alerts(Parameters):
    """Of `alerts.ipynb`. The page of a team tells what its manager may see: that team alone.

    Examples
    --------
    >>> from salesops_nb.notebook.alerts.parameters import Alerts
    >>> Alerts(level="team", who="Cara Losch").metric is None
    True
    """

    needs = ("deals.closed_on",)

    approval = ("do", "alert", "by", "to", "play", "due_on", "expected", "note")
    approval_words = ("An alert", "Write it down")
    rare = approval

    as_of: Day = Field(
        None,
        description="Last day known; the last date in the data unless given",
        json_schema_extra={"choices": "days"},
    )
    level: Literal["company", "team"] = Field("company", description="Whose alerts")
    who: Name = Field(
        None,
        description="The team; empty for the company",
        json_schema_extra={"choices": "who", "by": "level"},
    )
    metric: Name = Field(
        None,
        description="Only alerts of this metric; empty for all",
        json_schema_extra={"choices": "metrics"},
    )
    do: Literal["", "acknowledge", "assign", "act", "resolve", "silence"] = Field(
        "", description="What is written down; empty writes nothing"
    )
    alert: int | None = Field(None, ge=1, description="The number of the alert")
    by: Name = Field(None, description="Who does it", json_schema_extra={"choices": "people"})
    to: Name = Field(
        None,
        description="To whom it is assigned, or whose action it is",
        json_schema_extra={"choices": "people"},
    )
    play: str = Field("", description="What is done about it")
    due_on: Day = Field(None, description="When it is to be done, or the silence ends")
    expected: float | None = Field(None, description="The effect expected of it, as 0.1 for a tenth more")
    note: str = Field("", description="What was found, or why")
