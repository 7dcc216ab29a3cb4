"""What a territory rebalancing may be asked."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from salesops_nb.parameters import Day, Name, Names, Numbers, Parameters, Tolerance


class TerritoryRebalancing(Parameters):
    """Of `territory_rebalancing.ipynb`.

    Examples
    --------
    >>> from salesops_nb.parameters import TerritoryRebalancing
    >>> TerritoryRebalancing(tolerance="potential: 0.05, workload: 0.1").tolerance
    {'potential': 0.05, 'workload': 0.1}
    """

    needs = ("people", "units or accounts.latitude")
    groups = {
        "Norms": (
            "potential", "expected_spend", "workload", "calls", "minutes", "km_per_hour", "visits_per_trip",
        ),
        "The search": ("tolerance", "disruption", "whole", "families", "locked", "spread", "seed"),
        "Carrying it out": ("in_flight", "new_rep_share", "accounts", "crm", "folder"),
    }  # fmt: skip
    approval = ("approved_by", "approved_on", "reason", "effective_on")
    rare = (
        "km_per_hour", "visits_per_trip", "ramp_months", "families", "spread", "seed", "new_rep_share",
        "folder",
    )  # fmt: skip

    scope: Literal["company", "region", "team"] = Field("region", description="Whose territories")
    who: Name = Field(
        "Central",
        description="The region or team; empty for the company",
        json_schema_extra={"choices": "who", "by": "scope"},
    )
    as_of: Day = Field(
        None,
        description="Day whose owners are today's; the last date in the data unless given",
        json_schema_extra={"choices": "days"},
    )
    of: Literal["units", "accounts"] = Field(
        "units", description="What is given to reps: units of the map, or accounts by name"
    )
    potential: Literal["as given", "segments", "model"] = Field(
        "as given", description="Where potential comes from: units, segment × expected spend, or own bookings"
    )
    expected_spend: Numbers = Field(
        {},
        description="Money a year of a prospect by segment, as a: 9000, b: 4000; empty as learned",
        examples=["rural: 4200"],
    )
    workload: Literal["as given", "calls"] = Field(
        "as given", description="Where workload comes from: units, or calls × minutes plus travel"
    )
    calls: Numbers = Field(
        {}, description="Calls a year on a prospect by segment; empty as learned", examples=["rural: 11"]
    )
    minutes: Numbers = Field(
        {}, description="Minutes a call: one number, or by segment; empty as learned", examples=["31"]
    )
    km_per_hour: float = Field(60, ge=0, le=300, description="Speed on the road; 0 leaves travel out")
    visits_per_trip: float = Field(4, ge=1, le=50, description="Visits that share a way out and back")
    reps: int = Field(
        0, ge=0, le=500, description="Number of reps: 0 keeps today's, more adds vacancies", examples=[12]
    )
    leave_out: Names = Field(
        (), description="Reps whose units go to the others, as a, b", examples=["Moses Frase"]
    )
    ramp_months: int = Field(
        0, ge=0, le=36, description="Months from hiring to full capacity; 0: full at once"
    )
    tolerance: Tolerance = Field(
        0.05,
        description="Largest share a rep may be off the fair load, or one by measure",
        examples=["potential: 0.06, workload: 0.08"],
    )
    disruption: float | None = Field(
        None, ge=0, le=1000, description="A price of moving to try as one of the plans"
    )
    choice: int = Field(1, ge=1, le=5, description="The plan picked: 1 moves least, 5 starts afresh")
    whole: bool | None = Field(
        None, description="Each territory in one piece; unless given, of units but not of accounts"
    )
    families: bool = Field(False, description="Parents and children (parent_id) with one rep")
    locked: Names = Field((), description="Units that keep their rep, as a, b", examples=["17031, 17043"])
    spread: float = Field(0.2, ge=0, le=2, description="How far potential is an estimate: σ of its logarithm")
    pay_plan: str = Field(
        "plans/account-executive.yml",
        description="Commission plan; empty for none",
        json_schema_extra={"choices": "plans"},
    )
    seed: int = Field(0, ge=0, description="The same seed gives the same plans")
    approved_by: Name = Field(
        None, description="Who approves: a name here carries the plan out; empty does not"
    )
    approved_on: Day = Field(None, description="Day of the approval; as_of unless given")
    reason: str = Field("", description="Why, kept with the approval")
    effective_on: Day = Field(None, description="First day of the new owners; needed to approve")
    in_flight: Literal["stay", "split", "move"] = Field(
        "stay", description="Open deals of accounts that move"
    )
    new_rep_share: float = Field(
        0.5, gt=0, lt=1, description="The new rep's share of the credit where open deals are split"
    )
    accounts: Literal["keep their rep", "follow the unit"] = Field(
        "keep their rep", description="Accounts whose rep is not their unit's"
    )
    crm: Literal["salesforce", "hubspot", "pipedrive", "dynamics365", "odoo"] = Field(
        "salesforce", description="Layout of the import files"
    )
    folder: str = Field("handover", description="Where import, undo and hand-over files go, in the workbook")
