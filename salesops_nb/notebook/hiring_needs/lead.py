"""What hiring needs says first: whom to open, how far that lifts the chance, and what could undo it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from salesops_nb.present.language.formats import day, percent, short_money, whole_percent
from salesops_nb.present.language.sentences import ngettext
from salesops_nb.present.language.translation import _

if TYPE_CHECKING:
    from salesops_nb.hiring import HiringPlan

DECISIVE = 0.1  # swing of the chance over one input's interval from which the headline says so


@dataclass(frozen=True)
class Facts:
    """What the lead is made of.

    Parameters
    ----------
    target : to be reached; None where several are. until : last day of the horizon.
    asked, chance, nobody : confidence asked for, chance with the plan, and with nobody hired.
    first : when the first requisition opens. median : bookings that half of the futures reach with the plan.
    binds : what stands in the way, the first first, where `feasible` is not so.
    """

    target: Decimal | None
    until: date
    asked: float
    chance: float
    nobody: float
    count: int
    cost: Decimal
    median: Decimal
    first: date | None = None
    feasible: bool = True
    binds: tuple[str, ...] = ()


def facts(plan: HiringPlan) -> Facts:
    """The facts of a plan."""
    targets = [goal.target for goal in plan.trial.goals]
    months, last = plan.ahead.months, plan.ahead.months[-1].last
    opened = plan.counts.sum(axis=0)
    return Facts(
        None if len(targets) != 1 or targets[0] is None else Decimal(round(targets[0])), last,
        plan.confidence, plan.probability, float(plan.nobody["probability"]),
        int(plan.counts.sum()), plan.cost,
        plan.nobody["p50"] if not opened.any() else plan.comparison.iloc[-1]["p50"],
        months[int(opened.nonzero()[0][0])].start if opened.any() else None, plan.feasible, tuple(plan.binds),
    )  # fmt: skip


def lead(of: Facts) -> str:
    """What to open, when, for how much, and what it does to the chance; else what stands in the way.

    Examples
    --------
    >>> from datetime import date
    >>> from decimal import Decimal
    >>> from salesops_nb.notebook.hiring_needs.lead import Facts, lead
    >>> goal, cost, median = Decimal(12_800_000), Decimal(350_000), Decimal(13_000_000)
    >>> until, first = date(2018, 12, 31), date(2018, 1, 1)
    >>> print(lead(Facts(goal, until, 0.8, 0.81, 0.55, 6, cost, median, first)))
    Open 6 requisitions, the first on Jan 1, 2018, for $350K: the chance of $12.8M by Dec 31, 2018 rises from
    55% to 81%, 80% asked for.
    """
    goal = _("all targets") if of.target is None else short_money(of.target)
    told = {
        "goal": goal,
        "until": day(of.until),
        "asked": percent(of.asked, 0),
        "chance": whole_percent(of.chance),
    }
    if of.median <= 0:
        return _("Nobody has sold yet, so nothing says what a hire would bring to {goal} by {until}. State "
                 "productivity before you open a seat.", **told)  # fmt: skip
    if of.feasible and not of.count:
        return _("Nobody needs to be hired: today's team reaches {goal} by {until} with a chance of "
                 "{chance}, {asked} asked for.", **told)  # fmt: skip
    told |= {"nobody": whole_percent(of.nobody), "cost": short_money(of.cost)}
    if of.feasible:
        return ngettext(
            "Open {n} requisition, on {first}, for {cost}: the chance of {goal} by {until} rises from "
            "{nobody} to {chance}, {asked} asked for.",
            "Open {n} requisitions, the first on {first}, for {cost}: the chance of {goal} by {until} rises "
            "from {nobody} to {chance}, {asked} asked for.",
            of.count, first=day(of.first), **told,
        )  # fmt: skip
    if not of.count:
        said = _(
            "No hire brings {goal} by {until} to the {asked} asked for: the chance stays {nobody}.", **told
        )
    else:
        said = ngettext(
            "The best plan found, {n} requisition for {cost}, lifts the chance of {goal} by {until} from "
            "{nobody} to {chance}, short of the {asked} asked for.",
            "The best plan found, {n} requisitions for {cost}, lifts the chance of {goal} by {until} from "
            "{nobody} to {chance}, short of the {asked} asked for.",
            of.count, **told,
        )  # fmt: skip
    return f"{said} {_advice(of.binds)}"


def _advice(binds: tuple[str, ...]) -> str:
    """What to do about the first limit that binds."""
    known = {
        "budget": _("The budget binds: raise it, or lower the target."),
        "interviewing": _("Interviewing binds: open more a month, or lower the target."),
    }
    late = _("Time binds, whatever is spent: lower the target, or give it longer.")
    return known.get(binds[0], late) if binds else late


def hangs_on(swings: Any, words: dict[str, str]) -> str:
    """What the chance hangs on most, where it swings by `DECISIVE` or more over that input's interval.

    Parameters
    ----------
    swings : of `hiring.tornado`, the widest first, its ends written. words : the inputs in a sentence.
    """
    if not len(swings) or not swings["swing"].iloc[0] >= DECISIVE:
        return ""
    top = swings.iloc[0]
    chances = sorted((top["probability_low"], top["probability_high"]))
    return _(
        "The chance runs from {low} to {high} over the likely range of {what} ({from_} to {to}): narrow "
        "that down first.",
        low=whole_percent(chances[0]), high=whole_percent(chances[1]),
        what=words.get(top["input"], top["input"]), from_=top["low"], to=top["high"],
    )  # fmt: skip
