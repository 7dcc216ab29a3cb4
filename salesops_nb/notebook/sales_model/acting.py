"""What a person does with the sales model: keep a scenario, decide on a figure, approve the year."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, time
from typing import Any

import numpy as np
import pandas as pd

from salesops_nb import present
from salesops_nb.errors import SalesopsError, problem
from salesops_nb.notebook.sales_model.finding import figure_words, limit_words, month_words
from salesops_nb.notebook.sales_model.parameters import SalesModel
from salesops_nb.notebook.sales_model.plan import Model, Plan, planned
from salesops_nb.parameters import checked
from salesops_nb.present.language import formats
from salesops_nb.present.language.column_labels import term
from salesops_nb.present.language.translation import _
from salesops_nb.store import strategy_proposals
from salesops_nb.store.sales_models import approve_model, approved_model
from salesops_nb.store.scenarios import save_scenario, saved_scenarios

AGAIN = 6  # months after which an accepted figure is looked at again
COLUMNS = ["scenario", "what", "target", "to_open", "activities", "used", "binds", "pace"]


def acted(workbook: Any, asked: SalesModel, plan: Plan) -> None:
    """Do what `act` asks for, and say so; nothing where it asks for nothing.

    Raises `SalesopsError` where it is not said who, when or of what; where a scenario takes more than the
    capacity there is; where no figure is proposed for the claim.
    """
    if not asked.act:
        told_of_approved(workbook, plan)
        return
    needed = ("act_by", "act_on", *(() if asked.act == "approve model" else ("act_name",)))
    for column in needed:
        if getattr(asked, column) is None:
            raise SalesopsError(problem("sales-model-act", column=column, what=asked.act))
    assert asked.act_on is not None
    if asked.act == "save scenario":
        refuse_beyond_capacity(plan, str(asked.act_name))
        number = save_scenario(
            workbook.store,
            str(asked.act_name),
            asked.changed,
            by=str(asked.act_by),
            on=asked.act_on,
            of="sales_model",
        )
        present.note(
            _("Scenario {name}, version {version}, is saved.", name=str(asked.act_name), version=number)
        )
    elif asked.act == "approve model":
        _approve(workbook, asked, plan)
    else:
        _decide(workbook, asked, plan.model)


def refuse_beyond_capacity(plan: Plan, name: str) -> None:
    """Raise `SalesopsError` where a plan takes more than the capacity there is, with what binds and when."""
    if plan.share_used is not None and plan.share_used > 1:
        first = plan.used.iloc[0]
        raise SalesopsError(
            problem(
                "sales-model-over-capacity",
                name=name,
                month=month_words(plan.months[int(first["month"])]),
                share=formats.percent(first["used"], 0),
                what=limit_words(first["what"]),
            )
        )


def _approve(workbook: Any, asked: SalesModel, plan: Plan) -> None:
    assert asked.act_on is not None
    refuse_beyond_capacity(plan, plan.year.key)
    keys = [each.key for each in plan.months]
    number = approve_model(
        workbook.store,
        plan.year.key,
        list(zip(keys, plan.flow.target, strict=True)),
        currency=workbook.settings.currency,
        opened=plan.opened_a_month,
        used=plan.share_used,
        approved_by=str(asked.act_by),
        approved_at=datetime.combine(asked.act_on, time()),
        reason=asked.act_reason,
        parameters=asked.changed,
    )
    present.note(
        _(
            "Approved by {who}: sales model {number} of {year}. Target setting and hiring take its target "
            "where nobody "
            "states another.",
            who=str(asked.act_by),
            number=number,
            year=plan.year.key,
        )
    )


def _decide(workbook: Any, asked: SalesModel, model: Model) -> None:
    from salesops_nb.strategy.writing import called, with_figures

    assert asked.act_on is not None
    mine = model.claims[
        [str(each).casefold() == str(asked.act_name).casefold() for each in model.claims["claim"]]
    ]
    if mine.empty:
        known = ", ".join(model.claims["claim"]) or "–"
        raise SalesopsError(problem("no-such-claim", value=asked.act_name, known=known))
    row = mine.iloc[0]
    if pd.isna(row["proposed"]):
        raise SalesopsError(problem("sales-model-act.no-figure", value=row["claim"]))
    accepted = asked.act == "accept figure"
    figure, number = float(row["proposed"]), None
    if accepted:
        again = (pd.Timestamp(asked.act_on) + pd.DateOffset(months=AGAIN)).date()
        reason = asked.act_reason or _("measured: {claim}", claim=row["claim"])
        content = with_figures(model.version, {row["claim"]: figure}, again)
        start = max(asked.act_on, model.day)
        number = strategy_proposals.propose(
            workbook.store,
            content,
            based_on=called(model.version),
            valid_from=start,
            author=str(asked.act_by),
            reason=str(reason),
            proposed_at=datetime.combine(asked.act_on, time()),
        )
    strategy_proposals.decide(
        workbook.store,
        {
            "version": called(model.version),
            "claim": row["claim"],
            "decided": "accepted" if accepted else "declined",
            "figure": figure,
            "low": float(row["low"]),
            "high": float(row["high"]),
            "n": int(row["n"]),
            "as_of": model.day,
            "by": str(asked.act_by),
            "on": asked.act_on,
            "why": asked.act_reason,
            "proposal": number,
        },
    )
    said = {"claim": row["claim"], "value": figure_words(row["metric"], figure), "who": str(asked.act_by)}
    if accepted:
        present.note(
            _(
                "{who} accepts {value} for {claim}: proposal {number}, which somebody else approves "
                "(salesops strategy "
                "approve {number}).",
                number=str(number),
                **said,
            )
        )
    else:
        present.note(_("{who} declines {value} for {claim}: the claim stays as it is.", **said))


def told_of_approved(workbook: Any, plan: Plan) -> None:
    """Which sales model is approved for the year, and that nothing is written until a person acts."""
    found = approved_model(workbook.store, plan.year.key)
    if found is None:
        present.note(
            _(
                "No sales model of {year} is approved: target setting and hiring do not read this page. act "
                "with act_by and "
                "act_on approves it, keeps a scenario or decides on a figure.",
                year=plan.year.key,
            )
        )
        return
    present.note(
        _(
            "Sales model {number} of {year}, approved by {who} on {day}, has a target of {target}: target "
            "setting and hiring "
            "take it where nobody states another.",
            number=found.number,
            year=found.year,
            who=found.approved_by,
            day=formats.day(found.approved_at[:10]),
            target=formats.short_money(found.target),
        )
    )


def scenarios(workbook: Any, asked: SalesModel, plan: Plan) -> None:
    """This page beside the scenarios that are saved, each worked out again on today's data."""
    saved = saved_scenarios(workbook.store, "sales_model")
    if not saved:
        present.note(
            _(
                "No scenario is saved: act saves what is changed here ({changed}) under act_name.",
                changed=_changed(asked.changed),
            )
        )
        return
    rows: list[tuple[Any, ...]] = [(_("This page"), _changed(asked.changed), *_outcome(plan))]
    for each in saved:
        try:
            other = checked(
                SalesModel,
                {**each.parameters, "workbook": asked.workbook, "draws": asked.draws, "seed": asked.seed},
            )
            rows.append((each.name, _changed(each.parameters), *_again(workbook, other, plan.model, asked)))
        except SalesopsError as error:
            rows.append((each.name, error.lines()[0], *[None] * (len(COLUMNS) - 2)))
    present.show_table(
        pd.DataFrame(rows, columns=COLUMNS),
        title=_("Scenarios side by side"),
        table="sales_model",
        notes=_(
            "Each is worked out again on today's data with the same draws. More than 100 % of capacity is "
            "refused."
        ),
    )


def _again(workbook: Any, other: SalesModel, model: Model, asked: SalesModel) -> tuple[Any, ...]:
    from salesops_nb.notebook.sales_model.plan import learned

    key = "sales model", json.dumps(other.model_dump(mode="json"), sort_keys=True)

    def worked_out() -> tuple[Any, ...]:
        mine = (
            model if other.as_of == asked.as_of else learned(workbook, other.as_of, other.draws, other.seed)
        )
        return _outcome(planned(workbook, other, mine))

    found: tuple[Any, ...] = workbook.tables.once(key, worked_out)
    return found


def _outcome(plan: Plan) -> tuple[Any, ...]:
    weeks = sum((each.end - each.start).days for each in plan.months) / 7
    made = plan.flow.activities.sum(axis=1)[:, plan.flow.before :].sum(axis=1).mean()
    activities = made / weeks / plan.funnel.reps if plan.funnel.reps > 0 else np.nan
    binds = ""
    if not plan.used.empty:
        first = plan.used.iloc[0]
        said = {"what": limit_words(first["what"]), "month": month_words(plan.months[int(first["month"])])}
        binds = _("refused: {what}, {month}", **said) if first["used"] > 1 else ", ".join(said.values())
    return (
        plan.target,
        plan.opened_a_month,
        activities,
        plan.share_used,
        binds or "–",
        float(plan.pace.sum(axis=1).mean()),
    )


def _changed(parameters: Mapping[str, Any]) -> str:
    parts = [f"{term(name)} {formats.text(value)}" for name, value in parameters.items()]
    return "; ".join(parts) or _("nothing")
