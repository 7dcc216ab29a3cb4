"""What a commission calculation may be asked."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from salesops_nb.parameters import Day, Key, Name, Names, Parameters


class CommissionCalculation(Parameters):
    """Of `commission_calculation.ipynb`.

    Examples
    --------
    >>> from salesops_nb.parameters import CommissionCalculation
    >>> CommissionCalculation(plans="account-executive, sales-manager").plans
    ('account-executive', 'sales-manager')
    """

    needs = ("plans/", "deals", "people.manager_id for managers")
    approval = ("author", "corrections")  # looking at a period writes no drafts: the panel's button does
    approval_words = ("Ledger", "Write drafts")
    live = {"author": ""}
    groups = {
        "Trying a change": (
            "plan", "component", "rate_change", "tier_change", "quota_change", "threshold", "excellence",
        ),
    }  # fmt: skip

    period: Key = Field(
        "2017-Q4",
        description="Period to pay: a fiscal month, quarter or year, as the plans pay",
        json_schema_extra={"choices": "periods"},
    )
    plans: Names = Field(
        (),
        description="Pay plans by id or file, as a, b; empty for all in the folder plans",
        examples=["account-executive"],
    )
    who: Name = Field(
        None,
        description="One person's statement and nothing else; empty for the whole calculation",
        json_schema_extra={"choices": "people"},
    )
    status: Literal["any", "draft", "reviewed", "approved", "locked", "paid"] = Field(
        "any", description="Only statements that stand so in the ledger"
    )
    audience: Literal["analyst", "finance"] = Field(
        "analyst",
        description="For whom: everything for the analyst, or the period's close for finance",
    )
    as_of: Day = Field(
        None,
        description="Day of the calculation; the last date in the data unless given",
        json_schema_extra={"choices": "days"},
    )
    author: str = Field(
        "calculation", description="Who calculates, kept with the drafts; empty writes nothing to the ledger"
    )
    corrections: Literal["propose", "write"] = Field(
        "propose",
        description="What changed in paid periods: only proposed, or written as adjustments too",
    )
    plan: Name = Field(
        None,
        description="Plan to try changes on; the one that pays most unless given",
        json_schema_extra={"choices": "plan_ids"},
    )
    component: Name = Field(
        None,
        description="Its component to change; all of them unless given",
        json_schema_extra={"choices": "components", "by": "plan"},
    )
    rate_change: float = Field(0, ge=-50, le=100, description="Change of its rates, in per cent")
    tier_change: float = Field(0, ge=-50, le=100, description="Change of where its tiers begin, in per cent")
    quota_change: float = Field(0, ge=-50, le=100, description="Change of every quota, in per cent")
    threshold: float = Field(50, ge=0, le=100, description="Attainment called threshold, in per cent")
    excellence: float = Field(150, ge=100, le=500, description="Attainment called excellence, in per cent")
