"""Who holds which quota: seats of the approved hiring plan, and over-assignment from level to level."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pandas as pd

from salesops_nb import present
from salesops_nb.present.language.formats import day, number
from salesops_nb.present.language.sentences import ngettext
from salesops_nb.present.language.translation import _

if TYPE_CHECKING:
    from salesops_nb.targets import Basis, TargetPlan


def approved_plan(workbook: Any) -> Any:
    """The hiring plan that is approved in the store, if there is one."""
    from salesops_nb.store.hiring_plans import approved_hiring

    return approved_hiring(workbook.store)


def asked_for(workbook: Any, basis: Basis, company_target: float | None, growth: float) -> dict[str, Any]:
    """What the year's targets sum to: what is stated, else the approved sales model's target, else growth."""
    from salesops_nb.store.sales_models import approved_model

    if company_target:
        return {"company_target": company_target}
    model = approved_model(workbook.store, basis.year.key)
    return {"growth": growth} if model is None else {"company_target": model.target}


def sales_model(workbook: Any, basis: Basis, company_target: float | None) -> None:
    """That the target is an approved sales model's, where it is; nothing else."""
    from salesops_nb.store.sales_models import approved_model

    model = approved_model(workbook.store, basis.year.key)
    if model is None:
        return
    told = {"number": model.number, "who": model.approved_by, "day": day(model.approved_at[:10]),
            "opened": number(model.opened, 0)}  # fmt: skip
    if company_target:
        words = _(
            "A target is stated in place of that of sales model {number}, approved by {who} on {day}.", **told
        )
    else:
        words = _(
            "The company's target is that of sales model {number}, approved by {who} on {day}; it asks for "
            "{opened} deals opened a month.",
            **told,
        )
    present.note(words)


def hiring(basis: Basis, plan: TargetPlan) -> None:
    """Which hiring plan was read, how it is counted, and the quota of its seats and of open ones."""
    found = basis.hiring
    if found is None:
        present.note(_("No hiring plan is approved: nobody is hired beside those who follow leavers."))
        return
    told = {"number": found.plan.plan_id, "who": found.plan.approved_by, "day": day(found.plan.approved_at)}
    if not found.applies:
        present.note(
            _("Hiring plan {number}, approved by {who} on {day}, opens nobody in time for {year}.",
              year=plan.summary["year"], **told)
        )  # fmt: skip
        return
    words = [
        ngettext("Hiring plan {number}, approved by {who} on {day}, is counted: {n} hire.",
                 "Hiring plan {number}, approved by {who} on {day}, is counted: {n} hires.",
                 len(found.counted), **told),
        _("Leavers are replaced beside it.") if found.plan.replace_leavers else
        _("As it was approved, leavers are not replaced beside it."),
    ]  # fmt: skip
    if found.before:
        words.append(
            ngettext("{n} of it should be open by now: it is taken to be among the people and open seats.",
                     "{n} of it should be open by now: they are taken to be among the people and open seats.",
                     found.before)
        )  # fmt: skip
    if found.after:
        words.append(
            ngettext("{n} is opened after {year}.", "{n} are opened after {year}.", found.after,
                     year=plan.summary["year"])
        )  # fmt: skip
    if found.no_team:
        words.append(
            ngettext("{n} has no team in the plan: the quota stands apart, with no manager.",
                     "{n} have no team in the plan: their quota stands apart, with no manager.",
                     found.no_team)
        )  # fmt: skip
    present.note(" ".join(words))
    if found.plan.stated:
        present.note(
            _("The plan was approved on assumptions of its own ({names}). They are not taken here.",
              names=", ".join(found.plan.stated)),
            kind="warning",
        )  # fmt: skip
    seats = plan.reps[plan.reps["line"] != "person"]
    if seats.empty:
        return
    rows = []
    for (seat, team), lines in seats.groupby(["seat", "team"], sort=False):
        first, held = lines.iloc[0], lines["line"] == "open seat"
        holder = basis.managers.get(str(team), "") or _("nobody named")
        before, after = (sum(lines.loc[which, "target"], Decimal(0)) for which in (held, ~held))
        name = _seat(str(seat))
        rows.append((name, team, first["opens"], holder, before, first["starts"], after))
    frame = pd.DataFrame(rows, columns=["seat", "team", "opens", "held_by", "held", "starts", "quota"])
    present.show_table(
        frame,
        title=_("Quota of seats without a person"),
        table="seats",
        rows=80,
        notes=[
            _("Until somebody starts, the quota of an open seat stands with the team's manager."),
            _("From then on it is the new hire's, and ramps."),
        ],
    )  # fmt: skip


def line_named(name: str, line: str) -> str:
    """What a line of quota is called in the reader's language: a person, a hire or an open seat."""
    if line == "open seat":
        who = name.removeprefix("Open seats of ")
        return _("Open seats without a team") if who == name else _("Open seats of {who}", who=who)
    return name if line == "person" else _seat(name)


def _seat(name: str) -> str:
    """What a seat is called, in the reader's language; targets keep the English of `targets.seats`."""
    words = name.split()
    if words[0] == "Hire":
        return _("Hire {n} of hiring plan {number}", n=words[1], number=words[-1])
    return _("Seat {n} that is open", n=words[1])


def cascade(basis: Basis, plan: TargetPlan) -> None:
    """Over-assignment from the company down to the reps, and their quotas beside what they can bring."""
    from salesops_nb.targets import cascade as cascaded

    levels, holders = cascaded(basis, plan)
    open_ = bool((plan.reps["line"] == "open seat").any())
    words = {"company": _("Company"), "region": _("Regions"), "manager": _("Managers"), "rep": _("Reps")}
    present.show_table(
        levels.assign(level=[words[each] for each in levels["level"]]),
        title=_("Over-assignment from level to level"),
        table="cascade",
        notes=[_("What reps carry less than their managers stands with these, for open seats.")]
        if open_
        else [],
    )
    one = {"company": _("company"), "region": _("region"), "manager": _("manager")}
    whole = holders["level"] == "company"
    present.show_table(
        holders.assign(
            who=holders["who"].mask(whole, _("Company")), level=[one[each] for each in holders["level"]]
        )[["who", "level", "quota", "street", "open_seats", "capacity", "over_capacity"]],
        title=_("Street quota against capacity"),
        table="cascade",
        rows=80,
        notes=[
            _("Street quota: the sum of the reps' own; with what is held for open seats it is the quota."),
            _("Capacity: what those reps should book in the year if they stay, with their ramp."),
        ],
    )
