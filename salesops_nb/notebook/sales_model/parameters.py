"""What the sales model may be asked."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from salesops_nb.parameters import Day, Name, Parameters


class SalesModel(Parameters):
    """Of `sales_model.ipynb`.

    Examples
    --------
    >>> from salesops_nb.notebook.sales_model.parameters import SalesModel
    >>> SalesModel(reps=32).changed
    {'reps': 32.0}
    """

    needs = ("deals.created_on", "deals.closed_on of won", "deals.amount of won")
    groups = {
        "In place of what was learned": (
            "win_rate",
            "deal_size",
            "cycle_days",
            "activities_per_deal",
            "reps",
        ),
        "Simulation": ("draws", "seed"),
    }
    approval = ("act", "act_name", "act_by", "act_on", "act_reason")
    approval_words = ("Save, decide, approve", "Do it")
    rare = (*approval, "draws", "seed")
    live = {"draws": 1_000}
    year_after = "year"

    year: int = Field(
        2018,
        ge=1990,
        description="Fiscal year whose target is worked backwards from",
        json_schema_extra={"choices": "target_years"},
    )
    as_of: Day = Field(
        None,
        description="Last day known; the last date in the data unless given",
        json_schema_extra={"choices": "days"},
    )
    target: float | None = Field(
        None, ge=0, description="Bookings of the year; empty for its targets, or growth"
    )
    growth: float = Field(
        0.1, ge=-0.5, le=2, description="Growth on the last twelve months, without a target"
    )
    figures: Literal["measured", "declared"] = Field(
        "measured", description="Work with what the data say, or with what the sales model declares"
    )
    win_rate: float | None = Field(
        None, gt=0, le=1, description="Won of the deals decided, in place of the learned; a share"
    )
    deal_size: float | None = Field(
        None, gt=0, description="Mean amount of a won deal, in place of the learned"
    )
    cycle_days: float | None = Field(
        None, gt=0, le=730, description="Mean days from created to won, in place of the learned"
    )
    activities_per_deal: float | None = Field(
        None, gt=0, description="Activities logged for a deal, in place of the learned"
    )
    reps: float | None = Field(None, gt=0, description="How many sell, in place of those who do")
    draws: int = Field(2_000, ge=200, le=20_000, description="Draws of what is not known for certain")
    seed: int = Field(0, ge=0, description="The same seed gives the same draws")
    act: Literal["", "save scenario", "accept figure", "decline figure", "approve model"] = Field(
        "", description="What to do; empty does nothing"
    )
    act_name: Name = Field(None, description="The scenario's or the claim's name")
    act_by: Name = Field(None, description="Who does it")
    act_on: Day = Field(None, description="Day on which it is done")
    act_reason: str = Field("", description="Why, kept with it")

    @property
    def changed(self) -> dict[str, object]:
        """What differs from the notebook's own and a scenario keeps: all but draws and seed."""
        left_out = {"workbook", "draws", "seed", *self.approval}
        return self.model_dump(mode="json", exclude=left_out, exclude_defaults=True)
