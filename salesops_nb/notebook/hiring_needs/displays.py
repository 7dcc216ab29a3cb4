"""The hiring report's displays: the plan, what it is compared with, what it rests on."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from salesops_nb import present
from salesops_nb.forecast.period import Requisition, expect
from salesops_nb.forecast.simulation.futures import OTHER
from salesops_nb.hiring.economics.turnover import market_ahead
from salesops_nb.notebook import one_forecast as shared
from salesops_nb.notebook.against import points
from salesops_nb.notebook.hiring_needs.arguments import choices as choices
from salesops_nb.notebook.hiring_needs.arguments import of_sales_model
from salesops_nb.notebook.hiring_needs.arguments import stated as stated
from salesops_nb.notebook.hiring_needs.fan import forecast_fan
from salesops_nb.notebook.hiring_needs.lead import facts, hangs_on, lead
from salesops_nb.notebook.hiring_needs.money_shown import card
from salesops_nb.notebook.hiring_needs.money_shown import day_one as day_one
from salesops_nb.notebook.hiring_needs.money_shown import returns as returns
from salesops_nb.notebook.hiring_needs.money_shown import turnover as turnover
from salesops_nb.notebook.hiring_needs.people_shown import classes as classes
from salesops_nb.notebook.hiring_needs.people_shown import cohorts as cohorts
from salesops_nb.notebook.hiring_needs.people_shown import leavers as leavers
from salesops_nb.notebook.hiring_needs.people_shown import support as support
from salesops_nb.notebook.hiring_needs.scenarios import scenarios as scenarios
from salesops_nb.notebook.performance_review import tables_in_force as tables_in_force
from salesops_nb.present.language.formats import day, number, percent, short_money, whole_percent
from salesops_nb.present.language.sentences import ngettext
from salesops_nb.present.language.translation import _

if TYPE_CHECKING:
    from salesops_nb.forecast.learning.learned import Learned
    from salesops_nb.hiring import HiringPlan
    from salesops_nb.present.panel.panel import Panel


def cover(panel: Panel, asked: Any, plan: HiringPlan, swings: pd.DataFrame) -> None:
    """The cover, with what is found and what the answer hangs on."""
    panel.cover(
        asked,
        title=_("Hiring needs"),
        lead=lead(facts(plan)),
        caveat=hangs_on(swings, _inputs_in_a_sentence()),
        without=("analyst",),
        used=(
            "bookings_history",
            "people.hired_on",
            "people.left_on",
            "leave",
            "vacancies",
            "targets",
            "units",
        ),
    )


def headlines(plan: HiringPlan) -> None:
    """Requisitions, the chance with and without them, the cost, and when it is paid back."""
    nobody, count = plan.nobody, int(plan.counts.sum())
    chance, without = (
        round(plan.probability, 2),
        round(float(nobody["probability"]), 2),
    )  # as they are written
    fills, seats = plan.open_seats
    median = _("As likely as not {median} or more.", median=short_money(nobody["p50"]))
    if fills > 0:
        median += " " + _("Seats already open cost {cost}.", cost=short_money(seats))
    spent = _("Hiring and pay to the horizon's end.")
    if plan.trial.pool.learned.economics.origin["pay"] == "assumed":
        spent = _("Pay is not known and assumed: a quarter of what a ramped rep books.")
    reached = "" if plan.feasible else _("What binds: {binds}.", binds=", ".join(binding(plan.binds)))
    opened = plan.counts.sum(axis=0).nonzero()[0]
    when = _("The first on {day}.", day=day(plan.ahead.months[int(opened[0])].start)) if count else ""
    goals = [goal.target for goal in plan.trial.goals]
    target = short_money(goals[0]) if len(goals) == 1 else _("all targets")
    paid_back = card(plan)
    asked, none = _("against {asked} asked for", asked=percent(plan.confidence, 0)), _("against nobody hired")
    present.headlines([
        {"metric": "plan_probability", "value": plan.probability, "mark": ["estimated"],
         "against": [*points(asked, chance, plan.confidence, plan.feasible),
                     *(points(none, chance, without) if count else [])],
         "sentence": reached or _("The target is {target}.", target=target)},
        {"metric": "hires", "value": count, "sentence": when or _("None needed, or none that helps.")},
        {"metric": "hiring_cost", "value": plan.cost, "mark": ["estimated"], "sentence": spent},
        *([paid_back] if paid_back else []),
        {"metric": "probability_without", "value": float(nobody["probability"]), "mark": ["estimated"],
         "against": points(asked, without, plan.confidence, without >= plan.confidence),
         "sentence": median},
    ])  # fmt: skip


def binding(binds: list[str]) -> list[str]:
    """What stands in the way, in words."""
    known = {"budget": _("budget"), "interviewing": _("interviewing"), "time": _("time")}
    return [known.get(each, each) for each in binds]


def hires(plan: HiringPlan) -> None:
    """The requisitions of the plan."""
    if plan.hires.empty:
        present.note(_("Nobody needs to be hired for this confidence."))
        return
    shown = plan.hires.drop(columns=["month", *(["territory"] if not plan.hires["territory"].any() else [])])
    present.show_table(
        shown,
        title=_("Requisitions to open"),
        table="requisitions",
        total={"hires": int(plan.hires["hires"].sum()), "cost": sum(plan.hires["cost"], Decimal(0))},
    )


def one_forecast(plan: HiringPlan, workbook: Any) -> None:
    """What target setting says of the same year, from the same forecast: from the target to the gap."""
    years = [goal for goal in plan.ahead.goals if goal.kind == "year" and goal.target is not None]
    if not years:
        present.note(_("No fiscal year with a target ends in the horizon."))
        return
    year = workbook.calendar.period(years[0].key)
    learned, judged = plan.trial.pool.learned, plan.judged
    ends_with = plan.ahead.months[-1].end == year.end
    opened = [
        Requisition(role, month, "")
        for (role, month), count in np.ndenumerate(plan.counts)
        for _n in range(int(count))
    ]
    planned = expect(
        learned,
        year,
        replace_leavers=plan.replace_leavers,
        hires=opened,
        futures=len(judged.pool.draws),
        seed=judged.pool.seed - OTHER,
        of=judged if ends_with else None,
    )
    told_of_approved(workbook)
    shared.reconciliation(planned, years[0].target)
    shared.teams(expect(learned, year, of=planned.futures), assigned_to_teams(workbook, year.key))


def told_of_model(workbook: Any, asked: Any) -> None:
    """That the target is the approved sales model's, where it is."""
    target = of_sales_model(workbook, asked.horizon) if asked.target is None else None
    if target is not None:
        present.note(
            _("The target, {target}, is that of the approved sales model.", target=short_money(target))
        )


def told_of_approved(workbook: Any) -> None:
    """That target setting counts a plan which is approved, and this page, which plans anew, does not."""
    from salesops_nb.store.hiring_plans import approved_hiring

    plan = approved_hiring(workbook.store)
    if plan is None:
        return
    told = {"number": plan.plan_id, "who": plan.approved_by, "day": day(plan.approved_at)}
    present.note(
        ngettext(
            "Target setting counts hiring plan {number}, approved by {who} on {day}: {n} hire. "
            "This page plans anew and does not, so that its figures differ.",
            "Target setting counts hiring plan {number}, approved by {who} on {day}: {n} hires. "
            "This page plans anew and does not, so that its figures differ.",
            plan.count, **told,
        )
    )  # fmt: skip


def assigned_to_teams(workbook: Any, year: str) -> dict[str, Any]:
    """The approved targets of teams in a year; none where none are approved."""
    from salesops_nb.store.targets import approved_targets

    rows = approved_targets(workbook.store, year)
    mine = rows[(rows["level"] == "team") & (rows["period"] == year) & (rows["metric"] == "bookings")]
    return dict(zip(mine["who"], mine["value"], strict=True))


def openings(plan: HiringPlan) -> None:
    """The latest day for each requisition, given time to fill and ramp."""
    from salesops_nb.hiring import latest_openings

    found = latest_openings(plan)
    if not found.empty:
        shown = found.drop(columns=["month", "latest_month"])
        present.show_table(shown, title=_("Latest day to open each"), table="openings")


def comparison(plan: HiringPlan) -> None:
    """The plan beside hiring nobody, replacing leavers and the naive gap ÷ quota."""
    known = {"hire nobody": _("Hire nobody"), "replace leavers only": _("Replace leavers only"),
             "naive: gap ÷ quota": _("Gap ÷ quota, all at once"), "plan": _("The plan")}  # fmt: skip
    frame = plan.comparison.assign(policy=[known.get(p, p) for p in plan.comparison["policy"]])
    chances = dict(zip(plan.comparison["policy"], plan.comparison["probability"], strict=True))
    present.bars(
        frame, x="policy", y="probability", unit="whole_percent",
        title=_("With the plan the target has a chance of {plan}, hiring nobody {nobody}",
                plan=whole_percent(chances["plan"]), nobody=whole_percent(chances["hire nobody"])),
        subtitle=_("Chance of the target by policy"),
    )  # fmt: skip
    fills, seats = plan.open_seats
    notes = []
    if fills > 0:
        notes = [_("Every policy also fills {fills} of the seats that are open already, at a cost of "
                   "{cost} to the horizon's end that is not in the table.",
                   fills=number(fills, 0 if round(fills, 1) == round(fills) else 1),
                   cost=short_money(seats))]  # fmt: skip
    present.show_table(frame, title=_("Four policies compared"), table="futures", notes=notes)


def capacity(plan: HiringPlan) -> None:
    """Bookings by month and period with the plan, against target."""
    months = plan.capacity.months
    forecast_fan(plan)
    by_month, by_period = (("month", months, _("By month"), 3),
                           ("period", plan.capacity.periods, _("By quarter, year and "
                                                               "together"), 60))  # fmt: skip
    for first, frame, title, rows in (by_period, by_month):
        shown = (first, "p10", "p50", "p90", "target", "probability", "heads_p50")
        columns = [name for name in shown if name in frame.columns]
        named = frame[columns].replace({first: {"horizon": _("Horizon"), "joint": _("All of them together")}})
        present.show_table(named, title=title, table="futures", rows=rows)


def swings(plan: HiringPlan) -> pd.DataFrame:
    """How far the chance swings over each input's interval, its ends written; the widest first."""
    from salesops_nb.hiring import tornado as found_by

    found = found_by(plan)
    write: dict[str, Any] = {
        "productivity": lambda level: short_money(level * market_ahead(plan)), "attrition": _a_year,
        "spread": whole_percent, "room": whole_percent,
        "ramp_months": lambda months: number(months, 0 if months == round(months) else 1),
        "time_to_fill": lambda days: number(days, 0),
    }  # fmt: skip
    ends = {
        end: [write[name](value) for name, value in zip(found["input"], found[end], strict=True)]
        for end in ("low", "high")
    }
    return found.assign(**ends)


def tornado(swings: pd.DataFrame, plan: HiringPlan) -> None:
    """How far the chance swings over each input's interval."""
    known = {"productivity": _("What newcomers sell a month"), "attrition": _("Attrition a year"),
             "ramp_months": _("Ramp (months)"),
             "room": _("Room for more reps"), "time_to_fill": _("Time to fill (days)"),
             "spread": _("Spread between reps")}  # fmt: skip
    frame = swings.assign(input=[known.get(name, name) for name in swings["input"]])
    present.tornado(
        frame, "input", "probability_low", "probability_high", middle=plan.probability, ends=("low", "high"),
        subtitle=_("Chance of the target with each input at either end of its interval"),
    )  # fmt: skip
    present.show_table(frame, title=_("What moves the answer"), table="tornado")


def _inputs_in_a_sentence() -> dict[str, str]:
    return {"productivity": _("what newcomers sell a month"), "attrition": _("attrition a year"),
            "ramp_months": _("months to full output"), "room": _("room for more reps"),
            "time_to_fill": _("days to fill a seat"), "spread": _("the spread between reps")}  # fmt: skip


def _a_year(monthly: float) -> str:
    """A hazard a month as the share of people who leave in a year."""
    return percent(-math.expm1(-12 * monthly))


def lessons(learned: Learned, plan: HiringPlan) -> None:
    """What was learned, each with its interval, its sample size and where it comes from."""
    notes = {
        "productivity": _("At the mean level of all months seen; the months ahead are expected at {share} of "
                          "it.", share=percent(market_ahead(plan), 0)),
        "attrition": _("The sample is everybody who left, transfers out of sales among them: the seat is "
                       "empty all the same."),
    }  # fmt: skip
    titles = {"ramp": _("Ramp: share of full output by month"),
              "productivity": _("Productivity of a ramped rep, a month"),
              "attrition": _("Attrition a year, by tenure"), "time_to_fill": _("Time to fill"),
              "season": _("Season: a month over the mean"),
              "returns": _("What one more rep still adds"),
              "costs": _("Costs")}  # fmt: skip
    ends = ("estimate", "low", "high")
    units = {"ramp": dict.fromkeys(ends, "whole_percent"), "attrition": dict.fromkeys(ends, "percent"),
             "season": dict.fromkeys(ends, "decimal"), "time_to_fill": dict.fromkeys(ends, "integer"),
             "productivity": {**dict.fromkeys(ends, "about"), "ramped_rep_months": "integer",
                              **dict.fromkeys(("spread", "spread_low", "spread_high"), "whole_percent")},
             "returns": {"supported": "tenths", "room": "whole_percent",
                         **{f"next_head_at_{n}": "whole_percent" for n in (0, 25, 50, 100)}},
             "costs": {"margin": "percent", "overhead": "percent"}}  # fmt: skip
    for name, frame in learned.tables().items():
        if name == "attrition":
            frame["person_months"] = frame["person_months"].round()
        frame = _in_words(frame)
        present.show_table(frame, title=titles.get(name, name), table="lessons", formats=units.get(name),
                           notes=notes.get(name, ()), rows=60 if name != "season" else 3)  # fmt: skip


def _in_words(frame: pd.DataFrame) -> pd.DataFrame:
    """The words of what was learned in the reader's language: what a figure is of, and its origin."""
    known = {"learned": _("learned"), "prior": _("prior"), "assumed": _("assumed"), "override": _("stated"),
             "declared": _("declared"), "median days to fill": _("median days to fill"),
             "days in which 80 % are filled": _("days in which 80% are filled")}  # fmt: skip
    if "basis" in frame:
        frame = frame.drop(columns="basis")
    texts = [str(name) for name in frame if name == "measure" or str(name).endswith("origin")]
    frame = frame.assign(**{name: frame[name].map(lambda each: known.get(each, each)) for name in texts})
    if "tenure_months" in frame:
        spans = [str(each).removesuffix(" to on") for each in frame["tenure_months"]]
        frame = frame.assign(tenure_months=[
            _("{n} and over", n=new) if new != old else _("{first} to {last}", first=new.split(" to ")[0],
                                                          last=new.split(" to ")[-1])
            for new, old in zip(spans, frame["tenure_months"], strict=True)
        ])  # fmt: skip
    return frame


def problems(plan: HiringPlan) -> None:
    """Findings about the data the plan rests on."""
    for problem in plan.problems:
        present.note(problem.text, kind="warning")


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
        table="vacancies",
    )
