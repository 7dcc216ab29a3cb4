"""What the sales model's page finds first: what the target asks for, which claims do not hold, what binds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from salesops_nb import present
from salesops_nb.core.periods import Period
from salesops_nb.notebook.sales_model.parameters import SalesModel
from salesops_nb.notebook.sales_model.plan import Model, Plan
from salesops_nb.present.language import formats
from salesops_nb.present.language.sentences import ngettext
from salesops_nb.present.language.translation import _

if TYPE_CHECKING:
    from salesops_nb.present.panel.panel import Panel


def figure_words(metric: str, value: Any) -> str:
    """A figure as its metric is written: a share, money or days."""
    if formats.missing(value):
        return "–"
    if metric == "average_deal":
        return formats.money(round(float(value)))
    return _("{n} days", n=formats.number(value, 0)) if metric == "cycle_days" else formats.percent(value, 1)


def segment_words(name: str, others: bool) -> str:
    """What a segment is called; the last, without a name, has what belongs to no other."""
    return name or (_("All others") if others else _("All deals"))


def cover(panel: Panel, asked: SalesModel, plan: Plan) -> None:
    """The cover: the year, what is found first, and what of it is simulated."""
    strategy = plan.model.strategy
    made_up = strategy is not None and strategy.simulated
    panel.cover(
        asked,
        title=_("Sales model"),
        period=plan.year,
        as_of=plan.model.day,
        lead=lead(plan),
        caveat=_("The strategy is simulated, an example.") if made_up else "",
        used=("deals", "people", "activities", "stage_history", "targets", "accounts"),
    )


def lead(plan: Plan) -> str:
    """The finding: what the target asks to be opened beside the pace of late, and the claims that do not
    hold."""
    parts = []
    if plan.target > 0:
        need, pace = plan.opened_a_month, float(plan.funnel.opened.sum())
        parts.append(
            _(
                "{target} in {year} asks for {need} deals opened a month; of late it was {pace}.",
                target=formats.short_money(plan.target),
                year=plan.year.key,
                need=formats.number(need, 0),
                pace=formats.number(pace, 0),
            )
        )
    else:
        parts.append(
            _("{year} has a target of nothing: nothing has to be opened for it.", year=plan.year.key)
        )
    binds = bound(plan)
    if binds:
        parts.append(binds)
    wrong = plan.model.claims[plan.model.claims["verdict"] == "contradicted"]
    if len(wrong):
        first = wrong.iloc[0]
        parts.append(
            _(
                "The data contradict the model on {claim}: {value}, not {claimed}.",
                claim=first["claim"],
                value=figure_words(first["metric"], first["value"]),
                claimed=figure_words(first["metric"], first["claimed"]),
            )
        )
        if not binds:
            parts.append(_("Accept the new figure or say why not."))
    return " ".join(parts)


def bound(plan: Plan) -> str:
    """What binds where the plan takes more than the capacity there is; nothing where it does not."""
    if plan.share_used is None or plan.share_used <= 1:
        return ""
    first = plan.used.iloc[0]
    return _(
        "That is refused: {what} in {month} take {share} of capacity.",
        what=limit_words(first["what"]),
        month=month_words(plan.months[int(first["month"])]),
        share=formats.percent(first["used"], 0),
    )


def month_words(month: Period) -> str:
    """A month as a page names it; its key does not break in two."""
    return month.key.replace("-", "\u2011")


def limit_words(what: str) -> str:
    """What a limit of capacity is called."""
    return {"activities_a_week": _("activities a rep and week"), "open_deals": _("open deals a rep")}[what]


def headlines(plan: Plan, simulated: frozenset[str] = frozenset()) -> None:
    """Deals to open, the target at today's pace, capacity, claims, and activities as they are logged."""
    need, late = plan.opened_a_month, float(plan.funnel.opened.sum())
    ends = np.quantile(plan.openings[:, plan.flow.before :].mean(axis=1), [0.05, 0.95])
    cards: list[dict[str, Any]] = [
        {
            "label": _("Deals to open a month"),
            "value": formats.number(need, 0),
            "mark": ["estimated"],
            "sentence": _(
                "Between {low} and {high} over the year (90 %); {late} a month were opened in the last "
                "twelve.",
                low=formats.number(ends[0], 0),
                high=formats.number(ends[1], 0),
                late=formats.number(late, 0),
            ),
        }
    ]
    cards.append(_at_pace(plan))
    cards.append(_capacity(plan))
    cards.append(_claims(plan.model))
    if not np.isnan(plan.flow.activities).any() and plan.funnel.reps > 0 and plan.target > 0:
        weeks = sum((each.end - each.start).days for each in plan.months) / 7
        each = plan.flow.activities.sum(axis=1)[:, plan.flow.before :].sum(axis=1).mean()
        cards.append(
            {
                "label": _("Logged activities a rep and week"),
                "value": formats.number(each / weeks / plan.funnel.reps, 0),
                "mark": ["simulated"] if "activities" in simulated else [],
                "sentence": _(
                    "What is logged is a habit, not the work: {n} for a deal, of late.",
                    n=formats.number(float(np.nanmean(plan.funnel.logged)), 1),
                ),
            }
        )
    present.headlines(cards)


def _at_pace(plan: Plan) -> dict[str, Any]:
    year = plan.pace.sum(axis=1)
    low, high = np.quantile(year, [0.05, 0.95])
    against = []
    if plan.target > 0:
        gap = float(year.mean()) / float(plan.target) - 1
        against.append({"label": _("to target"), "value": gap, "unit": "percent", "good": gap >= 0})
    return {
        "label": _("Bookings at the pace of late"),
        "value": float(year.mean()),
        "unit": "about",
        "mark": ["estimated"],
        "against": against,
        "sentence": _(
            "If from now on as many deals are opened as in the last twelve months: {low} to {high} (90 %).",
            low=formats.short_money(low),
            high=formats.short_money(high),
        ),
    }


def _capacity(plan: Plan) -> dict[str, Any]:
    label = _("Capacity taken")
    if plan.used.empty:
        return {"label": label, "value": "–", "sentence": _("No limit of capacity is known.")}
    first = plan.used.iloc[0]
    said = {
        "what": limit_words(first["what"]),
        "month": month_words(plan.months[int(first["month"])]),
        "need": formats.number(first["need"], 0),
        "limit": formats.number(first["limit"], 0),
    }
    over = first["used"] > 1
    sentence = (
        _("Refused. What binds: {what} in {month}, {need} of {limit}.", **said)
        if over
        else _("Nearest to its limit: {what} in {month}, {need} of {limit}.", **said)
    )
    return {
        "label": label,
        "value": formats.percent(first["used"], 0),
        "sentence": sentence,
        "mark": ["estimated"],
    }


def _claims(model: Model) -> dict[str, Any]:
    label, claims = _("Claims that hold"), model.claims
    if claims.empty:
        return {
            "label": label,
            "value": "–",
            "sentence": _("The sales model claims nothing that can be checked."),
        }
    count = claims["verdict"].value_counts()
    told = {
        "contradicted": formats.number(int(count.get("contradicted", 0))),
        "few": formats.number(int(count.get("too little data", 0))),
        "stale": formats.number(int(claims["stale"].sum())),
    }
    n = int(count.get("confirmed", 0))
    sentence = ngettext(
        "{n} claim is confirmed, {contradicted} contradicted; {few} cannot be told, {stale} past review.",
        "{n} claims are confirmed, {contradicted} contradicted; {few} cannot be told, {stale} past review.",
        n,
        **told,
    )
    value = _("{n} of {all}", n=formats.number(n), all=formats.number(len(claims)))
    return {"label": label, "value": value, "sentence": sentence}


def strategy_text(model: Model) -> None:
    """Mission and vision in force; a note where the workbook has no strategy."""
    if model.strategy is None:
        present.note(
            _(
                "The workbook names no strategy: write mission, vision and sales model in strategy.yml, and "
                "name "
                "it in workbook.yml."
            )
        )
        return
    version = model.version
    if version == type(version)():
        present.note(_("No version of the strategy is in force on {day}.", day=formats.day(model.day)))
        return
    rows = [
        (_("Mission"), version.mission),
        (_("Vision"), version.vision),
        (_("Sales model"), version.sales_model.name),
        (_("Motion"), version.sales_model.motion),
        (_("Customers"), version.sales_model.customers),
        (_("Offer"), version.sales_model.offer),
        (_("Channels"), ", ".join(version.sales_model.channels)),
        (_("Regions"), ", ".join(version.sales_model.regions)),
        *((_("Role: {name}", name=name), words) for name, words in version.sales_model.roles.items()),
        *((_("Stage: {name}", name=each.name), _stage(each)) for each in version.sales_model.stages),
        *(
            (_("Segment: {name}", name=each.name), each.words or each.accounts)
            for each in version.sales_model.segments
        ),
        (_("Coverage"), _coverage(version.sales_model.coverage)),
    ]
    table = pd.DataFrame([row for row in rows if row[1]], columns=["part", "words"])
    signed = _(
        "Version {n}, in force since {day}.",
        n=str(version.version or "–"),
        day=formats.day(version.valid_from),
    )
    who = _(
        "Written by {author}, approved by {approver}: {reason}",
        author=version.author,
        approver=version.approver,
        reason=version.reason,
    )
    if len(table):
        notes = [signed, *([who] if version.author and version.approver else [])]
        marks = "simulated" if model.strategy.simulated else ()
        present.show_table(
            table, title=_("The strategy in force"), table="strategy", rows=None, notes=notes, marks=marks
        )


def _stage(stage: Any) -> str:
    left = _("left when: {exit}", exit=stage.exit) if stage.exit else ""
    return " – ".join(filter(None, [stage.meaning, left]))


def _coverage(declared: float | None) -> str:
    return "" if declared is None else _("{n} times the target in open deals", n=formats.number(declared, 1))


def versions(model: Model) -> None:
    """The version in force beside the one before it: what differs, part by part."""
    from salesops_nb.strategy import differences

    if model.strategy is None:
        return
    begun = [each for each in model.strategy.versions if each.start <= model.day]
    if len(begun) < 2:
        return
    after, before = begun[0], begun[1]
    rows = differences(before, after)
    if rows.empty:
        return
    rows["part"] = [str(part).removeprefix("sales_model.") for part in rows["part"]]
    heads = {"before": _("Version {n}", n=_called(before)), "after": _("Version {n}", n=_called(after))}
    present.show_table(
        rows[["part", "before", "after"]].replace("", "–"),
        title=_("What changed with this version"),
        table="strategy",
        labels=heads,
        rows=60,
    )


def _called(version: Any) -> str:
    from salesops_nb.strategy.writing import called

    return called(version)


def act_words(row: Mapping[str, Any]) -> str:
    """What was decided of a claim's figure, by whom and when."""
    said = {"who": row["by"], "day": formats.day(row["on"])}
    if row["decided"] == "accepted":
        return _("accepted by {who} on {day}", **said)
    return _("declined by {who} on {day}", **said)
