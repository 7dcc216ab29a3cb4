"""Alerts in words: what, where, since when, how sure, and how a metric's values are written."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal

from salesops_nb.alerts.rules import WITHOUT_METRIC
from salesops_nb.alerts.shifts import CHANCE
from salesops_nb.core.names import names_of
from salesops_nb.present.language import formats
from salesops_nb.present.language.column_labels import capital
from salesops_nb.present.language.sentences import translate
from salesops_nb.present.language.translation import _

if TYPE_CHECKING:
    from salesops_nb.alerts.evaluation import Condition
    from salesops_nb.metrics import Metric
    from salesops_nb.notebook.alerts.looking import Look
    from salesops_nb.source.opened import Workbook


def metric_called(metric: Metric | None, name: str = "") -> str:
    """A metric's name in the reader's language; one of the workbook's own as it calls it."""
    names = {
        "bookings": _("Bookings"), "won_deals": _("Deals won"), "win_rate": _("Win rate"),
        "average_deal": _("Average deal"), "days_to_win": _("Days to win"),
        "created_deals": _("Deals created"), "lost_value": _("Value lost"), "": _("Data"),
    }  # fmt: skip
    key = name or (metric.name if metric is not None else "")
    if key in names:
        return names[key]
    called = metric.called if metric is not None else key.replace("_", " ")
    return capital(called)


def valued(value: Any, unit: str, short: bool = False) -> str:
    """A value in its metric's unit; a dash where there is none."""
    if value is None or value != value:
        return "–"
    number = float(value)
    if unit == "money":
        return formats.short_money(number) if short else formats.money(round(number))
    if unit == "percent":
        return formats.percent(number, 1)
    return formats.number(number, 0 if unit == "integer" or abs(number) >= 100 else 1)


def changed(value: Fraction | float, unit: str) -> str:
    """A change with its sign; of a share in points."""
    sign = "+" if value > 0 else "−" if value < 0 else ""
    if unit == "percent":
        return _("{n} points", n=sign + formats.number(abs(float(value)) * 100, 1))
    return sign + valued(abs(float(value)), unit, short=True)


def called(workbook: Workbook, level: str, who: str) -> str:
    """Whose it is, by name."""
    if not who:
        return _("Company")
    tables: dict[str, Literal["people", "products"]] = {"rep": "people", "product": "products"}
    table = tables.get(level)
    if table is None or table not in workbook.tables:
        return _("Team {name}", name=who) if level == "team" else who
    return names_of(workbook.tables, table).get(who, who)


def cut_called(cut: str) -> str:
    """A cut by its word."""
    words = {"region": _("Region"), "team": _("Team"), "rep": _("Seller"), "product": _("Product"),
             "segment": _("Segment"), "stage": _("Stage"), "source": _("Source")}  # fmt: skip
    return words.get(cut, cut)


def what(made: Look, condition: Condition) -> str:
    """One sentence of what an alert is about."""
    rule = condition.rule
    if condition.state == "cannot":
        return _("{rule} cannot be computed: {why}", rule=rule.name, why=translate(condition.problem or ""))
    if rule.test == "claims":
        return translate(condition.problem or "")
    if rule.test == "stale":
        return _("The data end {n} days ago.", n=formats.number(condition.value, 0))
    metric = made.metrics[rule.metric]
    said = {
        "name": metric_called(metric), "who": called(made.workbook, rule.level, condition.who),
        "value": valued(condition.value, metric.unit, True), "period": condition.period,
        "expected": valued(condition.expected, metric.unit, True),
    }  # fmt: skip
    if rule.test == "target":
        if condition.high == condition.high:
            return _("{who}: {value} forecast for {period}, target {expected}.", **said)
        return _("{who}: {value} booked in {period}, target {expected}.", **said)
    if rule.test == "threshold":
        return _("{name}, {who}: {value} in {period}, limit {expected}.", **said)
    return _("{name}, {who}: {value} in {period}, {expected} expected.", **said)


def how_sure(condition: Condition) -> str:
    """How often routine alone does as much, in words that hold."""
    rule = condition.rule
    if rule.test == "target":
        if condition.high == condition.high:
            return _("{share} of futures reach it", share=formats.percent(condition.chance, 0))
        return _("the period is over")
    if rule.test == "pace":
        return _("{share} of forecast futures were as low", share=formats.percent(condition.chance, 0))
    if rule.test == "claims" and condition.chance == condition.chance:
        return _("chance alone: {share}", share=formats.whole_percent(condition.chance))
    if rule.test in ("threshold", *WITHOUT_METRIC):
        return _("as counted")
    if condition.chance != condition.chance:
        return "–"
    if condition.chance > CHANCE:
        return _("not back yet")
    times = int(1 / max(condition.chance, 1e-6)) // 1000 * 1000
    return _("by routine alone once in {n} looks or fewer", n=formats.number(max(times, 2000), 0))
