"""What each notebook may be asked: declared, typed and described once.

The panel, the command line, the batch file and the notebook itself read these classes. A notebook's
parameters cell holds plain assignments, as papermill expects; its next cell hands them to `read`.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, ClassVar, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from rapidfuzz import process

from salesops_nb.errors import Problem, SalesopsError, unfit


def _nothing(value: object) -> object:
    return None if value == "" else value


Day = Annotated[date | None, BeforeValidator(_nothing)]
Name = Annotated[str | None, BeforeValidator(_nothing)]


class Parameters(BaseModel):
    """What every notebook takes.

    `groups` puts parameters of a class under a heading of the panel; the others stand first. Those of
    `approval` carry something out: the panel takes them together, by a button, and lets go of them
    when anything else is moved, since an approval is of what was on screen. `approval_words` are their
    heading and what stands on the button. `live` are defaults where a
    person moves controls and waits; a report takes the others. `rare` are left out of the notebook's own
    cell, which stays short; the panel, the batch file and papermill's ``-p`` take them all the same.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    groups: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    approval: ClassVar[tuple[str, ...]] = ()
    approval_words: ClassVar[tuple[str, str]] = ("Approval", "Approve")
    live: ClassVar[Mapping[str, Any]] = {}
    rare: ClassVar[tuple[str, ...]] = ()

    workbook: str = Field(".", description="Folder of the workbook, or any folder inside it")


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


def _listed(value: object) -> object:
    """Names written as ``a, b``, or a list of them."""
    return (
        tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value
    )


Names = Annotated[tuple[str, ...], BeforeValidator(_listed)]


def _by_name(value: object) -> object:
    """Numbers by name written as ``a: 1, b: 2``, or a mapping; one number alone stands for all."""
    if value is None or value == "":
        return {}
    if isinstance(value, str):
        from ruamel.yaml import YAML
        from ruamel.yaml.error import YAMLError

        text = value.strip()
        try:
            value = YAML(typ="safe").load(text if text.startswith("{") or ":" not in text else f"{{{text}}}")
        except YAMLError:
            raise ValueError("write numbers by name, as a: 1, b: 2") from None
    return {"all": value} if isinstance(value, int | float) and not isinstance(value, bool) else value


def _one_or_by_name(value: object) -> object:
    found = _by_name(value)
    return found["all"] if isinstance(found, dict) and set(found) == {"all"} else found


Numbers = Annotated[dict[str, Annotated[float, Field(ge=0)]], BeforeValidator(_by_name)]
Tolerance = Annotated[float | dict[str, float], BeforeValidator(_one_or_by_name)]


class TerritoryRebalancing(Parameters):
    """Of `territory_rebalancing.ipynb`."""

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


class TargetSetting(Parameters):
    """Of `target_setting.ipynb`."""

    approval = ("approved_by", "approved_on", "reason")

    year: int = Field(
        2018,
        ge=1990,
        description="Fiscal year to set targets for",
        json_schema_extra={"choices": "target_years"},
    )
    growth: float = Field(0.1, ge=-0.5, le=1, description="Growth on last year's bookings, as 0.1")
    company_target: float | None = Field(
        None, ge=0, description="The company's target, in place of growth; empty for growth"
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


class HiringNeeds(Parameters):
    """Of `hiring_needs.ipynb`."""

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


def _key(value: object) -> object:
    """A year written as a number, as YAML and papermill read it."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


class CommissionCalculation(Parameters):
    """Of `commission_calculation.ipynb`."""

    approval = ("author",)  # looking at a period writes no drafts: the panel's button does
    approval_words = ("Ledger", "Write drafts")
    live = {"author": ""}
    groups = {
        "Trying a change": (
            "plan", "component", "rate_change", "tier_change", "quota_change", "threshold", "excellence",
        ),
    }  # fmt: skip

    period: Annotated[str, BeforeValidator(_key)] = Field(
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
    as_of: Day = Field(
        None,
        description="Day of the calculation; the last date in the data unless given",
        json_schema_extra={"choices": "days"},
    )
    author: str = Field(
        "calculation", description="Who calculates, kept with the drafts; empty writes nothing to the ledger"
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


NOTEBOOKS: dict[str, type[Parameters]] = {
    "commission_calculation": CommissionCalculation,
    "hiring_needs": HiringNeeds,
    "performance_review": PerformanceReview,
    "target_setting": TargetSetting,
    "territory_rebalancing": TerritoryRebalancing,
}

P = TypeVar("P", bound=Parameters)


def for_notebook(name: str) -> type[Parameters]:
    """The parameters of a notebook by its name, with or without folder and ending.

    Raises `SalesopsError` naming the notebooks there are.
    """
    stem = name.rsplit("/", 1)[-1].removesuffix(".ipynb")
    if stem not in NOTEBOOKS:
        raise SalesopsError(
            Problem(
                "unknown-notebook",
                f"There is no notebook {name!r}.",
                f"Choose one of {', '.join(sorted(NOTEBOOKS))}.",
                value=name,
            )
        )
    return NOTEBOOKS[stem]


def checked(kind: type[P], values: Mapping[str, Any]) -> P:
    """The values as parameters of that kind.

    Raises `SalesopsError` with one problem for each unknown name and each value of a wrong type, naming
    what is right.
    """
    try:
        return kind(**values)
    except ValidationError as error:
        first = {str(found["loc"][0]): found for found in reversed(error.errors())}  # of all it may be
        raise SalesopsError([_problem(kind, found) for found in reversed(first.values())]) from None


def for_a_person(asked: P) -> P:
    """The same, with the defaults of `live` for what was left at its default."""
    fields = type(asked).model_fields
    quick = {
        name: value for name, value in asked.live.items() if getattr(asked, name) == fields[name].default
    }
    return asked.model_copy(update=quick)


def read(kind: type[P], namespace: Mapping[str, Any]) -> P:
    """The notebook's parameters from its own variables (``globals()``).

    papermill only warns of names a notebook does not know: they are found in the cell it injects
    and refused here, as in `checked`.
    """
    values = {name: namespace[name] for name in kind.model_fields if name in namespace}
    unknown = [name for name in _injected(namespace.get("In", ())) if name not in kind.model_fields]
    return checked(kind, {**values, **{name: namespace.get(name) for name in unknown}})


def _injected(history: Any) -> list[str]:
    """Names assigned in the cell that papermill injects, which it opens with its own comment."""
    names: list[str] = []
    for source in history:
        if str(source).startswith("# Parameters\n"):
            for node in ast.parse(source).body:
                if isinstance(node, ast.Assign):
                    names += [target.id for target in node.targets if isinstance(target, ast.Name)]
    return names


def _problem(kind: type[Parameters], found: Any) -> Problem:
    name, value = str(found["loc"][0]), found["input"]
    if found["type"] == "extra_forbidden":
        known = ", ".join(kind.model_fields)
        near = process.extractOne(name, list(kind.model_fields), score_cutoff=60)
        hint = f"Did you mean {near[0]}? " if near else ""
        return Problem(
            "unknown-parameter",
            f"{name!r} is not a parameter of this notebook.",
            f"{hint}It takes {known}.",
            value=name,
        )
    meaning = kind.model_fields[name].description
    return Problem(
        "bad-parameter",
        f"{name} is {value!r}: {unfit(found)}.",
        f"{name} is: {meaning}.",
        column=name,
        value=str(value),
    )


def __dir__() -> list[str]:
    """What completion offers."""
    return [kind.__name__ for kind in NOTEBOOKS.values()] + ["NOTEBOOKS", "checked", "for_notebook", "read"]
