"""The target setting report's displays: what is set, how hard and fair it is, and the approval."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Any

import pandas as pd

from salesops_nb import present
from salesops_nb.errors import SalesopsError, problem
from salesops_nb.forecast.period import reconciled
from salesops_nb.notebook import one_forecast as shared
from salesops_nb.notebook.against import relative
from salesops_nb.notebook.target_setting.evidence import forecast_of
from salesops_nb.notebook.target_setting.evidence import last_forecast as last_forecast
from salesops_nb.notebook.target_setting.evidence import types as types
from salesops_nb.notebook.target_setting.lead import UNLIKELY, binds, facts, hardest, lead
from salesops_nb.notebook.target_setting.quota import approved_plan as approved_plan
from salesops_nb.notebook.target_setting.quota import asked_for as asked_for
from salesops_nb.notebook.target_setting.quota import cascade as cascade
from salesops_nb.notebook.target_setting.quota import hiring as hiring
from salesops_nb.notebook.target_setting.quota import line_named
from salesops_nb.notebook.target_setting.quota import sales_model as sales_model
from salesops_nb.present.language.formats import month, percent, short_money, whole_percent
from salesops_nb.present.language.sentences import ngettext
from salesops_nb.present.language.translation import _

if TYPE_CHECKING:
    from salesops_nb.present.panel.panel import Panel
    from salesops_nb.targets import Basis, TargetPlan


def steps(basis: Basis) -> pd.DataFrame:
    """The steps of the company's forecast, for the cover and a table."""
    return reconciled(basis.outlook.company)


def cover(panel: Panel, asked: Any, plan: TargetPlan, steps: pd.DataFrame) -> None:
    """The cover, with what is found; a draft until somebody approves."""
    known = facts(plan, steps, asked.approved_by)
    panel.cover(
        asked,
        title=_("Target setting"),
        period=str(asked.year),
        lead=lead(known),
        caveat=binds(known),
        without=("analyst",),
        used=("bookings_history", "targets", "units", "assignments", "people.hired_on"),
        status="final" if asked.approved_by else "draft",
    )


def headlines(plan: TargetPlan) -> None:
    """The company's target and its chance, teams unlikely to make theirs, what reps carry and make."""
    found, hard = plan.summary, hardest(plan)
    mark = ["simulated"] if found["simulated"] else []
    target, last, even = found["company_target"], found["last_year"], float(plan.levels["p50"].iloc[0])
    cards = [
        {"metric": "company_target", "value": target, "mark": mark,
         "against": relative(_("on last year"), target, last),
         "sentence": _("Last year's bookings were {before}.", before=short_money(last))},
        {"metric": "target_probability", "value": found["probability"], "mark": ["estimated"],
         "against": relative(_("expected against the target"), found["expected"], target,
                             found["expected"] >= float(target)),
         "sentence": _("{even} has an even chance.", even=short_money(even))},
        {"label": _("Assigned to reps"), "value": found["assigned"], "unit": "money", "mark": mark,
         "against": relative(_("over the company's"), found["assigned"], target),
         "sentence": ngettext("Carried by {n} rep.", "Carried by {n} reps.", found["reps"])},
        {"metric": "share_at_quota", "value": found["share_at_quota"], "mark": ["estimated"],
         "sentence": _("Four times in five between {low} and {high}.", low=whole_percent(found[""
                                                                                               "share_at_quota_p10"]),
                       high=whole_percent(found["share_at_quota_p90"]))},
    ]  # fmt: skip
    if len(hard):
        named = ", ".join(f"{who} ({whole_percent(chance)})" for who, chance in
                          zip(hard["who"], hard["probability"], strict=True))  # fmt: skip
        cards.insert(2, {"label": _("Teams unlikely to make it"), "value": len(hard), "unit": "integer",
                         "mark": ["estimated"],
                         "sentence": _("Chance below {limit}: {teams}.",
                                       limit=percent(UNLIKELY, 0), teams=named)})  # fmt: skip
    present.headlines(cards)


def one_forecast(basis: Basis, plan: TargetPlan, steps: pd.DataFrame) -> None:
    """From the company's target to the gap, and each team's target beside what its people bring."""
    teams = plan.levels[plan.levels["level"] == "team"]
    shared.reconciliation(basis.outlook.company, plan.summary["company_target"], steps)
    shared.teams(basis.outlook.company, dict(zip(teams["who"], teams["target"], strict=True)))


def notes(plan: TargetPlan) -> None:
    """What the targets rest on, then every finding about the data."""
    for note in plan.notes:
        present.note(note)
    for found in plan.problems:
        present.note(found.text, kind="warning")


def season(basis: Basis) -> None:
    """Each month's share of the year, and how well the models foretold held-back months, for the appendix."""
    # a fiscal month may begin a few days off the calendar's
    months = [month(each.start + timedelta(days=14)) for each in basis.year.months()]
    shares = pd.DataFrame({"month": months, "share": basis.season.shares})
    present.columns(shares, x="month", y="share", unit="percent", subtitle=_("Share of the year by month"))
    backtest = basis.season.backtest
    if backtest is None or backtest.empty:
        present.note(_("Too little history for a backtest: the season is declared, not estimated."))
        return
    models = {
        "exponential smoothing": _("exponential smoothing"),
        "seasonal naive": _("as last year's months"),
    }
    present.show_table(
        backtest.assign(used=[_("yes") if each else _("no") for each in backtest["used"]],
                        model=[models.get(each, each) for each in backtest["model"]]),
        title=_("How well months held back were foretold"),
        table="backtest",
        notes=[_("Off by: absolute errors over what was booked (WAPE), from a rolling origin. The simpler "
                 "model is used if it is no worse.")],
    )  # fmt: skip


def spread(plan: TargetPlan) -> None:
    """How unevenly targets lie on potential, for the appendix."""
    found = plan.summary
    present.note(
        _("Spread of target over potential between reps: {cv} of its mean (standard deviation), Gini "
          "{gini}; at 0% every unit of potential would carry the same.",
          cv=percent(found["dispersion_cv"]), gini=percent(found["dispersion_gini"]))
    )  # fmt: skip


def levels(plan: TargetPlan) -> None:
    """Targets of company, regions and teams with what to expect of them."""
    frame = plan.levels[plan.levels["level"] != "rep"].rename(columns={"before": "booked"})
    present.show_table(
        _named(frame)[["who", "level", "target", "booked", "change", "p10", "p50", "p90", "probability"]],
        title=_("Company, regions and teams"),
        table="targets",
        notes=[
            _("Over-assignment is in the targets of regions and teams, not in the company's."),
            _("Last year's bookings of a team are those of its people of today; the company's are all."),
        ],
    )


def _named(frame: pd.DataFrame) -> pd.DataFrame:
    """The rows with their levels in the reader's words, and the company called so."""
    words = {"company": _("company"), "region": _("region"), "team": _("team")}
    whole = frame["level"] == "company"
    return frame.assign(
        who=frame["who"].mask(whole, _("Company")), level=[words[each] for each in frame["level"]]
    )


def periods(plan: TargetPlan) -> None:
    """Each target by quarter; the months are in the workbook of the report and in the store."""
    rows = plan.targets[plan.targets["metric"] == "bookings"]
    lines = dict(zip(plan.reps["person_id"], plan.reps["line"], strict=True))
    for levels, title in (
        (("company", "region", "team"), _("By quarter: company, regions and teams")),
        (("rep",), _("By quarter: reps")),
    ):
        part = rows[rows["level"].isin(levels)]
        quarters = part[part["period"].str.contains("-Q")]
        # a team may bear its region's name, and people without either have none
        whose = ["who", "level"]
        wide = quarters.pivot(index=whose, columns="period", values="value")
        year = part[~part["period"].str.contains("-")].set_index(whose)["value"]
        order = pd.MultiIndex.from_frame(part[whose].drop_duplicates())
        frame = wide.assign(**{plan.summary["year"]: year}).reindex(order).reset_index()
        columns = [str(name) for name in frame.columns if name not in whose]
        if levels == ("rep",):
            frame["who"] = [line_named(who, lines.get(who, "person")) for who in frame["who"]]
        frame = _named(frame) if len(levels) > 1 else frame.drop(columns="level")
        present.show_table(
            frame, title=title, table="targets", formats=dict.fromkeys(columns, "money"), rows=80
        )


def reps(plan: TargetPlan) -> None:
    """Each rep's target, what it rests on, its chance, and who gains or loses."""
    frame = plan.reps[plan.reps["line"] == "person"].sort_values("change_ratio", ascending=False)
    against = {"target": _("target"), "bookings": _("bookings")}
    none = frame["months_compared"] == 0
    frame["against"] = [_("not comparable") if no else against[each]
                        for each, no in zip(frame["against"], none, strict=True)]  # fmt: skip
    shown = ["person_id", "team", "potential", "run_rate", "pipeline", "target", "against",
             "months_compared", "before", "change_ratio", "probability", "expected_attainment",
             "target_over_potential"]  # fmt: skip
    present.show_table(
        frame[shown],
        title=_("Reps: targets, and who gains or loses"),
        table="targets",
        rows=80,
        notes=[
            _("Change is against last year's target of the rep, or last year's bookings without one."),
            _("It is of the months that a rep carries in full in both years, past the ramp."),
        ],
    )


def difficulty(plan: TargetPlan) -> None:
    """How likely each rep's target is: targets far from half are too soft or too hard."""
    people = plan.reps[plan.reps["line"] == "person"]
    present.histogram(
        people["probability"].to_numpy(),
        unit="whole_percent",
        subtitle=_("Reps by the chance that they meet their target"),
        marks={_("median"): float(people["probability"].median())},
    )


def approval(workbook: Any, basis: Basis, plan: TargetPlan, asked: Any) -> None:
    """Write the targets to the store where `approved_by` names a person; otherwise say that nothing is.

    Raises `SalesopsError` where a name is given without the day.
    """
    from salesops_nb.store.targets import approve_targets

    if not asked.approved_by:
        present.note(
            _("A proposal: nothing is written until approved_by names who approves, with approved_on.")
        )
        return
    if asked.approved_on is None:
        raise SalesopsError(
            problem("missing-approval-day", column="approved_on", approved_by=asked.approved_by)
        )
    version = approve_targets(
        workbook.store,
        plan.targets,
        year=plan.summary["year"],
        currency=plan.summary["currency"],
        approved_by=asked.approved_by,
        approved_at=datetime.combine(asked.approved_on, time()),
        reason=asked.reason,
        parameters=asked.model_dump(mode="json", exclude={"workbook"}) | _rests_on(workbook, basis),
    )
    present.note(
        _("Approved by {who}: version {version} of the targets of {year} is in force.",
          who=asked.approved_by, version=version, year=plan.summary["year"])
    )  # fmt: skip


def _rests_on(workbook: Any, basis: Basis) -> dict[str, Any]:
    """What is kept with an approval beside the parameters: the forecast, and the hiring plan counted."""
    plan = basis.hiring.plan.plan_id if basis.hiring is not None and basis.hiring.applies else None
    return {"forecast": forecast_of(workbook, basis), "hiring_plan": plan}
