"""What target setting says first: how likely the target is, what binds it, and what to do about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from salesops_nb.present.language.formats import short_money, signed, whole_percent
from salesops_nb.present.language.translation import _

if TYPE_CHECKING:
    from salesops_nb.targets import TargetPlan

UNLIKELY = 0.1  # a team's chance under which it is named
FAIR, SOFT = (
    0.5,
    0.9,
)  # a company's chance from which a target can be defended, and from which it asks for little
NAMED = 2  # teams in a sentence; the others are counted on their card


@dataclass(frozen=True)
class Facts:
    """What the lead is made of.

    Parameters
    ----------
    change : of the target on last year's bookings; None without any.
    probability : of the company's target; NaN where no sales say what to expect.
    expected, even : mean bookings expected, and those that come with a chance of one half.
    steps : the forecast's, in mean bookings, by name: what today's team would book at ``full output``, and
        what each other step adds or takes away.
    unlikely : teams with a chance below `UNLIKELY`, hardest first. reps : people who carry a quota.
    """

    year: str
    target: Decimal
    change: float | None
    probability: float
    expected: float
    even: float
    steps: Mapping[str, float] = field(default_factory=dict)
    unlikely: tuple[str, ...] = ()
    reps: int = 1
    approved_by: str = ""


def facts(plan: TargetPlan, steps: Any, approved_by: str | None) -> Facts:
    """The facts of a plan, and of the steps of its forecast (`forecast.period.reconciled`)."""
    found, company = plan.summary, plan.levels.iloc[0]
    last = found["last_year"]
    return Facts(
        found["year"], found["company_target"],
        float(found["company_target"] / last - 1) if last > 0 else None,
        found["probability"], found["expected"], float(company["p50"]),
        dict(zip(steps["step"], steps["value"], strict=True)),
        tuple(hardest(plan)["who"]), found["reps"], approved_by or "",
    )  # fmt: skip


def hardest(plan: TargetPlan) -> Any:
    """The teams that are unlikely to make their targets, hardest first."""
    teams = plan.levels[(plan.levels["level"] == "team") & (plan.levels["probability"] < UNLIKELY)]
    return teams.sort_values("probability", kind="stable")


def lead(of: Facts) -> str:
    """The target, its chance, what is expected, and what to do.

    Examples
    --------
    >>> from decimal import Decimal
    >>> from salesops_nb.notebook.target_setting.lead import Facts, lead
    >>> print(lead(Facts("2018", Decimal(12_800_000), 0.1, 0.3, 12_100_000.0, 12_000_000.0)))
    $12.8M for 2018, +10.0% on last year, has a chance of 30%: $12.1M is expected. $12M has an even chance:
    lower the target, or hire.
    """
    if not of.reps:
        return _(
            "Nobody carries a quota in {year}, so there is nothing to share out. Check who is hired.",
            year=of.year,
        )
    told = {"target": short_money(of.target), "year": of.year}
    if of.probability != of.probability or of.expected <= 0:
        return _(
            "Nobody has sold yet, so no chance can be told of {target} for {year}. Approve it only for "
            "reasons the data do not hold.", **told,
        )  # fmt: skip
    told |= {"chance": whole_percent(of.probability), "expected": short_money(of.expected)}
    if of.change is None:
        said = _("{target} for {year} has a chance of {chance}: {expected} is expected.", **told)
    else:
        said = _("{target} for {year}, {change} on last year, has a chance of {chance}: {expected} is "
                 "expected.",
                 change=signed(of.change), **told)  # fmt: skip
    return f"{said} {_advice(of)}"


def _advice(of: Facts) -> str:
    even = short_money(of.even)
    if of.approved_by:
        return _("{who} approved it, and it is in force.", who=of.approved_by)
    if of.probability < FAIR:
        return _("{even} has an even chance: lower the target, or hire.", even=even)
    if of.unlikely:
        teams = ", ".join(of.unlikely[:NAMED])
        if len(of.unlikely) > NAMED:
            teams = _("{teams} and {n} more", teams=teams, n=len(of.unlikely) - NAMED)
        return _("Before it is approved, look at teams unlikely to make theirs: {teams}.", teams=teams)
    if of.probability >= SOFT:
        return _("It asks for little: {even} has an even chance.", even=even)
    return _("It can be defended: approve it.")


def binds(of: Facts) -> str:
    """What stands most in the way of the target: too few heads, or what takes most from those there are."""
    full = of.steps.get("full output", 0.0)
    if not of.reps or of.probability != of.probability or full <= 0:
        return ""
    told = {"full": short_money(full)}
    if full < of.target:
        return _(
            "What binds is headcount: with nobody leaving and all at full output, today's team would book "
            "{full}.", **told,
        )  # fmt: skip
    lost = {name: -of.steps.get(name, 0.0) for name in ("attrition", "ramp")}
    worst = max(lost, key=lambda name: lost[name])
    if lost[worst] <= 0:
        return ""
    told["lost"] = short_money(lost[worst])
    if worst == "attrition":
        return _(
            "What binds is attrition: leavers take {lost} of the {full} that today's team could book.", **told
        )
    return _("What binds is the ramp: people not yet at full output take {lost} off the {full} that today's "
             "team could book.", **told)  # fmt: skip
