"""What territory rebalancing says first: who is off, what the plan moves, and how sure the balance is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from salesops_nb.notebook.territory_rebalancing.words import measure_words, things
from salesops_nb.present.language.called import called
from salesops_nb.present.language.formats import day, number, percent, whole_percent
from salesops_nb.present.language.sentences import ngettext
from salesops_nb.present.language.translation import _

if TYPE_CHECKING:
    from salesops_nb.territory.plans.proposal import Proposal

SURE = 0.8  # a chance of being in balance from which nothing is said against it


@dataclass(frozen=True)
class Facts:
    """What the lead is made of.

    Parameters
    ----------
    off, rep, measure : the rep furthest off the fair share today, by how much (above nought: too much) and
        in what; None where nobody has a territory. balanced : whether all are within the tolerance today.
    after : the largest distance under the plan. choice : its number. moved, units : how many of how many
        change their rep; share : of the measure moved_in. of : units or accounts.
    within : chance that all reps are truly within the tolerance, their potential being an estimate.
    months, first_out : when and who is first out of balance if growth goes on; None: not in five years, or
        unknown.
    """

    off: float | None
    rep: str
    measure: str
    balanced: bool
    after: float
    choice: int
    moved: int
    units: int
    share: float
    moved_in: str = "potential"
    of: str = "units"
    feasible: bool = True
    within: float | None = None
    months: int | None = None
    first_out: str = ""
    approved_by: str = ""
    effective_on: date | None = None


def facts(
    proposal: Proposal, sure: dict[str, Any] | None, lasts: tuple[int | None, Any] | None, asked: Any
) -> Facts:
    """The facts of the plan that is picked.

    Parameters
    ----------
    sure : of `balance_certainty`. lasts : of `months_in_balance`; None where no growth is known.
    """
    found, worst = proposal.plan.summary, worst_today(proposal)
    off, rep, measure = worst or (None, "", next(iter(proposal.tolerance)))
    within = [
        row[f"{name}_within"] for name in proposal.tolerance for row in proposal.balance.to_dict("records")
    ]
    months, path = lasts if lasts is not None else (None, None)
    out = "" if path is None or months is None else str(path.loc[path["month"] == months, "rep"].iloc[0])
    return Facts(
        off, called(rep), measure, bool(within) and all(within), found["imbalance"], proposal.choice,
        found["moved_units"], len(proposal.units), found["moved_share"],
        next(iter(proposal.tolerance)), proposal.ground.of, found["feasible"],
        None if sure is None else sure["within"], months, called(out),
        asked.approved_by or "", asked.effective_on,
    )  # fmt: skip


def worst_today(proposal: Proposal) -> tuple[float, str, str] | None:
    """The largest imbalance today with its sign, whose and in which measure; None where there is none."""
    rows = [
        (row[f"{measure}_imbalance"], str(row["rep"]), measure)
        for row in proposal.balance.to_dict("records")
        for measure in proposal.tolerance
        if row[f"{measure}_imbalance"] == row[f"{measure}_imbalance"]
    ]
    return max(rows, key=lambda row: (abs(row[0]), *row[1:]), default=None)


def lead(of: Facts) -> str:
    """Who is furthest off, what the plan moves, and where that leaves everybody.

    Examples
    --------
    >>> from salesops_nb.notebook.territory_rebalancing.lead import Facts, lead
    >>> print(lead(Facts(0.412, "Ada", "potential", False, 0.048, 1, 8, 120, 0.062)))
    Ada has 41.2% more potential than a fair share. Plan 1 moves 8 of 120 units (6.2% of potential) and leaves
    nobody more than 4.8% off. Approve it, or pick another plan below.
    """
    after = percent(of.after)
    if not of.feasible:
        return _("No plan found keeps everybody within the tolerance: the nearest leaves somebody {after} "
                 "off. Widen the tolerance, or lock fewer units.", after=after)  # fmt: skip
    moves = {"moved": number(of.moved), "all": things(of.units, of.of), "n": of.choice}
    if of.approved_by:
        said = _("{who} approved plan {n}: {moved} of {all} change their rep on {day}.", who=of.approved_by,
                 day=day(of.effective_on), **moves)  # fmt: skip
        return f"{said} " + _("Nobody is then more than {after} off a fair share.", after=after)
    if not of.moved and of.balanced:
        return _("Nothing needs to move: nobody is more than {after} off a fair share today.", after=after)
    told = {"rep": of.rep, "measure": measure_words(of.measure)}
    if of.off is None:
        said = _("Nobody has a territory yet.")
    elif of.off > 0:
        said = _("{rep} has {off} more {measure} than a fair share.", off=percent(of.off), **told)
    else:
        said = _("{rep} has {off} less {measure} than a fair share.", off=percent(-of.off), **told)
    return " ".join([
        said,
        _("Plan {n} moves {moved} of {all} ({share} of {measure}) and leaves nobody more than {after} off.",
          share=percent(of.share), measure=measure_words(of.moved_in), after=after, **moves),
        _("Approve it, or pick another plan below."),
    ])  # fmt: skip


def uncertain(of: Facts) -> str:
    """How little of the balance is certain, and how soon it is gone; empty where it is sure and lasts."""
    if of.within is None or not of.feasible:
        return ""
    doubtful = of.within < SURE
    chance = whole_percent(of.within) if of.within > 0.1 else percent(of.within)
    if of.months is None:
        return _("Potential is an estimate: the chance that everybody is truly in balance is {chance}.",
                 chance=chance) if doubtful else ""  # fmt: skip
    if not doubtful:
        return ngettext("If growth goes on, {rep} is out of balance again after {n} month.",
                        "If growth goes on, {rep} is out of balance again after {n} months.", of.months,
                        rep=of.first_out)  # fmt: skip
    return ngettext(
        "Potential is an estimate: the chance that everybody is truly in balance is {chance}; if growth "
        "goes on, {rep} is out again after {n} month.",
        "Potential is an estimate: the chance that everybody is truly in balance is {chance}; if growth "
        "goes on, {rep} is out again after {n} months.",
        of.months, rep=of.first_out, chance=chance,
    )  # fmt: skip
