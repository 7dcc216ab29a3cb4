"""The hiring report's displays: the plan, what it is compared with, what it rests on."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pandas as pd

from salesops_nb import present
from salesops_nb.present.formats import money, percent
from salesops_nb.present.hiring_asked import choices as choices
from salesops_nb.present.hiring_asked import stated as stated
from salesops_nb.present.sentences import ngettext
from salesops_nb.present.words import _

if TYPE_CHECKING:
    from salesops_nb.hiring import HiringPlan
    from salesops_nb.hiring.learned import Learned
    from salesops_nb.present.controls import Panel


def cover(panel: Panel, asked: Any) -> None:
    """The cover."""
    panel.cover(
        asked,
        title=_("Hiring needs"),
        used=("bookings_history", "people.hired_on", "people.left_on", "vacancies", "targets", "units"),
    )


def headlines(plan: HiringPlan) -> None:
    """Hires, chance, cost, and the chance without hiring."""
    nobody, count = plan.nobody, int(plan.counts.sum())
    reached = _("The confidence asked for is {asked}.", asked=percent(plan.confidence))
    if not plan.feasible:
        reached = _("The confidence asked for, {asked}, is not reached. What binds: {binds}.",
                    asked=percent(plan.confidence), binds=", ".join(_binding(plan.binds)))  # fmt: skip
    present.headlines([
        {"label": _("Hires"), "value": count, "unit": "integer", "metric": "hires",
         "sentence": ngettext("{n} requisition to open.", "{n} requisitions to open.", count)},
        {"label": _("Probability"), "value": plan.probability, "unit": "percent", "mark": ["estimated"],
         "sentence": reached, "metric": "plan_probability"},
        {"label": _("Cost"), "value": plan.cost, "unit": "money", "mark": ["estimated"],
         "metric": "hiring_cost",
         "sentence": _("Expected cost of hiring and pay to the horizon's end.")},
        {"label": _("Probability with nobody hired"), "value": float(nobody["probability"]),
         "unit": "percent", "mark": ["estimated"], "metric": "probability_without",
         "sentence": _("Half of the futures then book {median} or more.", median=money(nobody["p50"]))},
    ])  # fmt: skip


def _binding(binds: list[str]) -> list[str]:
    known = {"budget": _("budget"), "interviewing": _("interviewing"), "time": _("time")}
    return [known.get(each, each) for each in binds]


def hires(plan: HiringPlan) -> None:
    """The requisitions of the plan."""
    if plan.hires.empty:
        present.note(_("Nobody needs to be hired for this confidence."))
        return
    present.show_table(
        plan.hires,
        title=_("Requisitions to open"),
        labels={"month": _("Month"), "open_on": _("Open on"), "role": _("Role"), "territory": _("Territory"),
                "hires": _("Hires"), "starts_on": _("Half have started by"), "cost": _("Cost")},
        formats={"open_on": "date", "starts_on": "date", "hires": "integer", "cost": "money"},
        total={"hires": int(plan.hires["hires"].sum()), "cost": sum(plan.hires["cost"], Decimal(0))},
    )  # fmt: skip


def openings(plan: HiringPlan) -> None:
    """The latest day for each requisition, given time to fill and ramp."""
    from salesops_nb.hiring import latest_openings

    found = latest_openings(plan)
    if found.empty:
        return
    present.show_table(
        found,
        title=_("Latest day to open each"),
        labels={"role": _("Role"), "month": _("Planned"), "hires": _("Hires"), "open_on": _("Open on"),
                "latest_month": _("Latest month"), "latest_open_on": _("Latest day"),
                "half_ramped_on": _("Half at full output by"),
                "probability_if_later": _("Probability a month later still")},
        formats={"open_on": "date", "latest_open_on": "date", "half_ramped_on": "date", "hires": "integer",
                 "probability_if_later": "percent"},
    )  # fmt: skip


def comparison(plan: HiringPlan) -> None:
    """The plan beside hiring nobody, replacing leavers and the naive gap ÷ quota."""
    known = {"hire nobody": _("Hire nobody"), "replace leavers only": _("Replace leavers only"),
             "naive: gap ÷ quota": _("Naive: gap ÷ quota"), "plan": _("The plan")}  # fmt: skip
    frame = plan.comparison.assign(policy=[known.get(p, p) for p in plan.comparison["policy"]])
    present.bars(frame, x="policy", y="probability", unit="percent", title=_("Probability by policy"))
    present.show_table(
        frame,
        title=_("Four policies, the same futures"),
        labels={"policy": _("Policy"), "hires": _("Hires"), "probability": _("Probability"),
                "p10": _("10th percentile"), "p50": _("Median"), "p90": _("90th percentile"),
                "cost": _("Cost")},
        formats={"hires": "decimal", "probability": "percent",
                 **dict.fromkeys(("p10", "p50", "p90", "cost"), "money")},
    )  # fmt: skip


def capacity(plan: HiringPlan) -> None:
    """Bookings by month and period with the plan, against target."""
    labels = {"month": _("Month"), "period": _("Period"), "p10": _("10th percentile"), "p50": _("Median"),
              "p90": _("90th percentile"), "target": _("Target"), "probability": _("Probability"),
              "heads_p50": _("Heads")}  # fmt: skip
    formats = {**dict.fromkeys(("p10", "p50", "p90", "target"), "money"), "probability": "percent",
               "heads_p50": "decimal"}  # fmt: skip
    months = plan.capacity.months
    present.bars(
        months.assign(p50=months["p50"].astype(float)), x="month", y="p50", compare="target",
        title=_("Median bookings by month; ticks: target"),
    )  # fmt: skip
    for frame, first, title in (
        (months, "month", _("By month")),
        (plan.capacity.periods, "period", _("By quarter, year and jointly")),
    ):
        columns = [name for name in (first, *list(labels)[2:]) if name in frame.columns]
        named = frame[columns].replace({first: {"horizon": _("Horizon"), "joint": _("All of them jointly")}})
        _table(named, title, labels, formats)


def tornado(plan: HiringPlan) -> None:
    """How far the probability swings over each input's interval."""
    from salesops_nb.hiring import tornado as swings

    known = {"productivity": _("Productivity"), "attrition": _("Attrition"),
             "ramp_months": _("Ramp (months)"),
             "room": _("Room for more heads"), "time_to_fill": _("Time to fill (days)"),
             "spread": _("Spread between reps")}  # fmt: skip
    found = swings(plan)
    frame = found.assign(input=[known.get(name, name) for name in found["input"]])
    present.bars(frame, x="input", y="swing", unit="percent", title=_("Swing of the probability"))
    present.show_table(
        frame,
        title=_("What moves the answer"),
        labels={"input": _("Input"), "low": _("Low end"), "high": _("High end"),
                "probability_low": _("Probability at the low end"),
                "probability_high": _("Probability at the high end"), "swing": _("Swing")},
        formats={"low": "decimal", "high": "decimal",
                 **dict.fromkeys(("probability_low", "probability_high", "swing"), "percent")},
    )  # fmt: skip


def economics(plan: HiringPlan, learned: Learned) -> None:
    """What a vacancy costs a month, and when a hire pays back."""
    from salesops_nb.hiring import payback

    present.show_table(
        plan.capacity.vacancy_cost,
        title=_("Cost of a vacancy, a month"),
        labels={"role": _("Role"), "bookings_per_month": _("Bookings"), "margin_lost": _("Margin lost"),
                "pay_saved": _("Pay saved"), "cost_per_month": _("Cost")},
        formats=dict.fromkeys(("bookings_per_month", "margin_lost", "pay_saved", "cost_per_month"), "money"),
    )  # fmt: skip
    present.show_table(
        payback(learned).drop(columns="n"),
        title=_("When a hire pays back"),
        labels={"role": _("Role"), "months": _("Months until half have"),
                "share_paid_back_12": _("Within 12 months"), "share_paid_back_24": _("Within 24 months"),
                "mean_after_36": _("Mean gain after 36 months")},
        formats={"months": "integer", "share_paid_back_12": "percent", "share_paid_back_24": "percent",
                 "mean_after_36": "money"},
    )  # fmt: skip


def lessons(learned: Learned) -> None:
    """What was learned, each with its interval, its sample size and where it comes from."""
    titles = {"ramp": _("Ramp: share of full output by month"),
              "productivity": _("Productivity of a ramped rep, a month"),
              "attrition": _("Attrition a month, by tenure"), "time_to_fill": _("Time to fill"),
              "season": _("Season: a month over the mean"),
              "returns": _("Diminishing returns of added heads"),
              "costs": _("Costs")}  # fmt: skip
    labels = {"role": _("Role"), "month": _("Month"), "estimate": _("Estimate"), "low": _("Low end"),
              "high": _("High end"), "n": _("Sample"), "origin": _("Origin")}  # fmt: skip
    for name, frame in learned.tables().items():
        _table(pd.DataFrame(frame), titles.get(name, name), labels, {})


def _table(frame: pd.DataFrame, title: str, labels: dict[str, str], formats: dict[str, str]) -> None:
    """A table whose columns are among those that have labels and formats."""
    present.show_table(
        frame,
        title=title,
        labels={name: label for name, label in labels.items() if name in frame.columns},
        formats={name: form for name, form in formats.items() if name in frame.columns},
        rows=60,
    )


def problems(plan: HiringPlan) -> None:
    """Findings about the data the plan rests on."""
    for problem in plan.problems:
        present.note(f"{problem.message} {problem.fix}", kind="warning")


def vacancies(workbook: Any) -> None:
    """Seats proposed, open, filled and called off in the store."""
    from salesops_nb.store.vacancies import list_vacancies

    found = list_vacancies(workbook.store)
    if found.empty:
        present.note(_("The store holds no vacancy: record a leaver or propose a seat to begin."))
        return
    known = {"proposed": _("proposed"), "open": _("open"), "filled": _("filled"), "closed": _("closed")}
    columns = ["state", "role", "territory", "proposed_on", "opened_on", "filled_on"]
    present.show_table(
        found[columns].assign(state=[known.get(state, state) for state in found["state"]]),
        title=_("Vacancies in the store"),
        labels={"state": _("State"), "role": _("Role"), "territory": _("Territory"),
                "proposed_on": _("Proposed on"), "opened_on": _("Open on"), "filled_on": _("Filled on")},
        formats=dict.fromkeys(("proposed_on", "opened_on", "filled_on"), "date"),
    )  # fmt: skip
