"""What hiring needs may be asked."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from salesops_nb.parameters import Parameters


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
        "Simulation": ("futures", "seed"),
    }  # fmt: skip
    live = {"futures": 2_500}

    horizon: int = Field(12, ge=1, le=60, description="Months to plan for")
    target: float | None = Field(
        None, ge=0, description="Bookings to reach in the horizon; empty for the targets table, or growth"
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
        None, ge=0, le=0.5, description="Leavers a month, in place of the learned share"
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
    futures: int = Field(10_000, ge=1_000, le=100_000, description="Simulated futures")
    seed: int = Field(0, ge=0, description="The same seed gives the same futures")
