"""What hiring needs may be asked."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

from salesops_nb.messages import message
from salesops_nb.parameters import Day, Name, Names, Parameters


class HiringNeeds(Parameters):
    """Of `hiring_needs.ipynb`.

    Examples
    --------
    >>> from salesops_nb.parameters import HiringNeeds
    >>> asked = HiringNeeds(confidence=0.9)
    >>> asked.horizon, asked.confidence
    (12, 0.9)
    """

    needs = ("people", "deals.closed_on of won", "deals.amount of won", "deals.owner_id of won")
    groups = {
        "In place of what was learned": (
            "attrition", "ramp_months", "time_to_fill", "productivity", "supported", "room",
        ),
        "Costs": ("margin", "pay", "overhead", "hiring_cost"),
        "Managers, support and start days": ("span", "per_se", "per_sdr", "start_days"),
        "Simulation": ("futures", "seed"),
    }  # fmt: skip
    approval = ("save_as", "saved_by", "saved_on")
    approval_words = ("Scenario", "Save")
    rare = ("hiring_cost", "per_se", "per_sdr", "start_days")
    live = {"futures": 2_500}

    horizon: int = Field(12, ge=1, le=60, description="Months to plan for")
    target: float | None = Field(
        None,
        ge=0,
        description="Bookings to reach; empty for the targets, the approved sales model, or growth",
    )
    growth: float = Field(
        0.1, ge=-0.5, le=1, description="Growth on the last twelve months, without a target"
    )
    confidence: float = Field(0.8, ge=0.05, le=0.99, description="Probability with which it is to be reached")
    confidence_of: str = Field(
        "horizon",
        description="What is to be reached: horizon, year, quarters, joint or a period's key",
        json_schema_extra={"choices": "goals", "by": "horizon"},
    )
    budget: float | None = Field(None, ge=0, description="Most the hires may cost to the horizon's end")
    interviewing: int | None = Field(None, ge=0, description="Most requisitions opened in a month")
    scenario: Literal["plan", "replace leavers"] = Field(
        "plan", description="Leavers replaced by the plan only, or by policy beside it"
    )
    attrition: float | None = Field(
        None, ge=0, le=0.95, description="Share of people who leave in a year, in place of the learned"
    )
    ramp_months: float | None = Field(
        None, ge=1, le=36, description="Months to full output, in place of the learned"
    )
    time_to_fill: float | None = Field(
        None, ge=1, le=365, description="Median days to fill, in place of the learned"
    )
    productivity: float | None = Field(
        None, ge=0, description="Bookings a month of a ramped rep, in place of the learned"
    )
    supported: float | None = Field(
        None, ge=1, description="Heads that potential and pipeline keep fully busy, in place of the learned"
    )
    room: float | None = Field(
        None, ge=0.05, le=10, description="How far beyond those more heads still add, relative to them"
    )
    margin: float | None = Field(
        None, ge=0, le=1, description="Gross margin of bookings, as 0.7, in place of the learned"
    )
    pay: float | None = Field(None, ge=0, description="Pay of a person a year, in place of the learned")
    overhead: float | None = Field(
        None, ge=0, le=2, description="Benefits, taxes and tools on top of pay, as 0.25 of it"
    )
    hiring_cost: float | None = Field(
        None, ge=0, description="Cost of finding and starting a person, in place of two months' pay"
    )
    span: float | None = Field(None, ge=1, description="Most reps of one manager; empty to ask nothing")
    per_se: float | None = Field(
        None, ge=1, description="Most reps of one sales engineer; empty to ask nothing"
    )
    per_sdr: float | None = Field(None, ge=0.1, description="Most reps of one SDR; empty to ask nothing")
    start_days: Names = Field(
        ("1",), description="Days of the month on which people start, such as 1, 15", examples=[("1", "15")]
    )
    futures: int = Field(10_000, ge=1_000, le=100_000, description="Simulated futures")
    seed: int = Field(0, ge=0, description="The same seed gives the same futures")
    save_as: Name = Field(
        None, description="Name under which these parameters are kept as a scenario; empty keeps nothing"
    )
    saved_by: Name = Field(None, description="Who keeps the scenario")
    saved_on: Day = Field(None, description="Day on which it is kept")

    @field_validator("start_days", mode="before")
    @classmethod
    def _in_every_month(cls, given: object) -> tuple[str, ...]:
        listed = given if isinstance(given, list | tuple) else str(given).split(",")
        days = [str(each).strip() for each in listed if str(each).strip()]
        if not days or any(not day.isdigit() or not 1 <= int(day) <= 28 for day in days):
            raise ValueError(message("days of the month from 1 to 28 are wanted, such as 1, 15"))
        return tuple(days)

    @property
    def changed(self) -> dict[str, object]:
        """What differs from the notebook's own and a scenario keeps: all but futures and seed."""
        left_out = {"workbook", "futures", "seed", *self.approval}
        return self.model_dump(mode="json", exclude=left_out, exclude_defaults=True)
