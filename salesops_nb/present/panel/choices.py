"""What may be chosen for a parameter: its declared choices, or what the workbook holds.

A class names a list of the workbook's as ``json_schema_extra={"choices": "periods"}``; where the list
hangs on another parameter, as ``{"choices": "who", "by": "level"}``.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin

import narwhals as nw

from salesops_nb.core.frames import collected, with_columns_or_null
from salesops_nb.core.names import names_of
from salesops_nb.errors import SalesopsError
from salesops_nb.facts import listed
from salesops_nb.present.language import formats
from salesops_nb.present.language.column_labels import sentence, translated
from salesops_nb.present.language.translation import _

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

    from salesops_nb.parameters import Parameters


def extra(field: FieldInfo) -> dict[str, Any]:
    """What a parameter's class says of it for the panel: ``choices``, ``by``, ``group``."""
    said = field.json_schema_extra
    return dict(said) if isinstance(said, dict) else {}


def choices_of(workbook: Any, name: str, field: FieldInfo, by: Any = None) -> list[Any] | None:
    """The values a parameter may take, or None where it is free within its type and limits.

    Parameters
    ----------
    by : the value of the parameter that the choices hang on, where they hang on one. Without it, all.

    Sources are ``periods`` (that touch the deals), ``years``, ``target_years`` (and the next),
    ``people``, ``teams``, ``regions``, ``segments`` (of deals), ``who`` (by level: the company, a region,
    team or rep), ``goals`` (by horizon), ``plans`` (files of the workbook's ``plans`` folder), ``plan_ids``
    and ``components`` (by plan), and ``metrics``.
    """
    if get_origin(field.annotation) is Literal:
        return list(get_args(field.annotation))
    if field.annotation == bool | None:
        return [None, True, False]
    source = extra(field).get("choices")
    if source is None or str(source) not in _SOURCES:
        return None
    found = _SOURCES[str(source)](workbook, by)
    if source == "who" and by in _LEVELS:
        return found
    free = not field.is_required() and field.default in (None, "")
    if extra(field).get("spans"):
        found = [*found, *spans(workbook)]
    return [field.default, *found] if free else found


def labelled(workbook: Any, field: FieldInfo, options: list[Any]) -> list[tuple[str, Any]]:
    """The choices as they are written: a period with its days, an id with the person's name.

    A dropdown cannot hold None: the choice of nothing is the empty text.
    """
    source = str(extra(field).get("choices"))
    names = names_of(workbook.tables, "people") if source in ("who", "people") else {}
    named_spans = spans(workbook) if extra(field).get("spans") else {}

    def label(value: Any) -> str:
        if value is None or value == "":
            return _("none")
        if isinstance(value, bool):
            return _("yes") if value else _("no")
        if source == "periods":
            if value in named_spans:
                return named_spans[value]
            try:
                period = workbook.period(value)
            except SalesopsError:
                return str(value)
            if period.kind == "span":
                return f"{formats.day(period.start)} – {formats.day(period.last)}"
            return f"{value}   {formats.day(period.start)} – {formats.day(period.last)}"
        if source in ("who", "people"):
            return names.get(str(value), str(value))
        named = not isinstance(value, str) or source in _WRITTEN
        return str(value) if named else translated(choice(value))

    return [(label(value), "" if value is None else value) for value in options]


def chosen(asked: Parameters, name: str, value: Any) -> Any:
    """A parameter's value as a page states it: one of a few declared words in the reader's language."""
    field = type(asked).model_fields.get(name)
    declared = field is not None and get_origin(field.annotation) is Literal and isinstance(value, str)
    return translated(choice(value)) if declared else value


def choice(text: str) -> str:
    """A choice as words: ``last-year`` is ``Last year``."""
    return sentence(text.replace("_", " ").replace("-", " ") if text.islower() else text)


def days(workbook: Any) -> tuple[date, date] | None:
    """The first and the last day of the data."""
    first = collected(workbook.tables["deals"].select(nw.col("created_on").min()))["created_on"].iloc[0]
    last = workbook.data_through
    return None if first is None or last is None else (first, last)


def periods(workbook: Any, _by: Any = None) -> list[str]:
    """Keys of fiscal years, quarters and months that touch the deals, latest first."""
    span = days(workbook)
    if span is None:
        return []
    found: list[str] = []
    for kind in ("year", "quarter", "month"):
        between = workbook.calendar.between(span[0], span[1] + timedelta(days=1), kind)
        found += reversed([period.key for period in between])
    return found


def spans(workbook: Any) -> dict[str, str]:
    """Periods beside the fiscal ones, with their labels: words, and from one day to another."""
    ends = days(workbook)
    words = {
        "this-week": _("This week"),
        "year-to-date": _("Year to date"),
        "last-3-months": _("Last 3 months"),
        "last-6-months": _("Last 6 months"),
        "last-12-months": _("Last 12 months"),
        "last-4-quarters": _("Last 4 quarters"),
    }
    return words if ends is None else {**words, f"{ends[0]}..{ends[1]}": _("From one day to another …")}


def years(workbook: Any, _by: Any = None) -> list[int]:
    """Fiscal years that touch the deals, latest first."""
    return [int(key) for key in periods(workbook) if key.isdigit()]


def target_years(workbook: Any, _by: Any = None) -> list[int]:
    """Fiscal years that targets can be set for: those after the first of the data, and the next."""
    found = years(workbook)
    return [found[0] + 1, *found[:-1]] if found else []


def people(workbook: Any, _by: Any = None) -> list[str]:
    """Ids of the people who are in people, in order; nobody who had left before the first deal."""
    found = _held(workbook, "person_id")
    span = days(workbook) if "deals" in workbook.tables else None
    if span is None or not found:
        return found
    table = with_columns_or_null(workbook.tables["people"], {"left_on": nw.Date()})
    there = table.filter(nw.col("left_on").is_null() | (nw.col("left_on") > span[0]))
    present = set(collected(there.select("person_id"))["person_id"].astype(str))
    return [person for person in found if person in present]


def teams(workbook: Any, _by: Any = None) -> list[str]:
    """The teams people are in, in order."""
    return _held(workbook, "team")


def regions(workbook: Any, _by: Any = None) -> list[str]:
    """The regions people are in, in order."""
    return _held(workbook, "region")


def segments(workbook: Any, _by: Any = None) -> list[str]:
    """The segments that deals are in, in order; the accounts' industries where they have none."""
    if "deals" not in workbook.tables:
        return []
    return sorted(collected(listed(workbook.tables, ["segment"]).select("segment").unique())["segment"])


def goals(workbook: Any, by: Any = None) -> list[str]:
    """What a hiring plan can be held to: the horizon, and the quarters and years that end within it."""
    named = ["horizon", "year", "quarters", "joint"]
    if by is None or workbook.data_through is None:
        return named
    month = workbook.calendar.containing(workbook.data_through, "month").next()
    start = end = month.start
    for _month in range(int(by)):
        end, month = month.end, month.next()
    for kind in ("year", "quarter"):
        named += [each.key for each in workbook.calendar.between(start, end, kind) if each.end <= end]
    return named


def plans(workbook: Any, _by: Any = None) -> list[str]:
    """Files of the workbook's folder ``plans``, as written in a parameter."""
    return [f"plans/{path.name}" for path in sorted((workbook.folder / "plans").glob("*.y*ml"))]


def plan_ids(workbook: Any, _by: Any = None) -> list[str]:
    """Ids of the pay plans in the folder ``plans``, each once."""
    return sorted({plan.id for plan in _pay_plans(workbook)})


def components(workbook: Any, by: Any = None) -> list[str]:
    """Ids of the components of a pay plan, in its order; of all plans where none is chosen."""
    held = [plan for plan in _pay_plans(workbook) if by in (None, "", plan.id)]
    return list(dict.fromkeys(component.id for plan in held for component in plan.components))


def metrics(workbook: Any, _by: Any = None) -> list[str]:
    """Names of the metrics of the catalogue and of the workbook's ``metrics.yml``."""
    from salesops_nb.metrics import load_metrics

    return list(load_metrics(workbook.folder))


def _pay_plans(workbook: Any) -> list[Any]:
    """The pay plans that can be read; what is wrong with the others, the notebook says."""
    from salesops_nb.commission.plans.plan import load_plan

    found = []
    for name in plans(workbook):
        with suppress(SalesopsError):
            found.append(load_plan(workbook.folder / name))
    return found


def _who(workbook: Any, by: Any = None) -> list[Any]:
    if by in _LEVELS:
        return _LEVELS[by](workbook)
    return [*teams(workbook), *people(workbook)]


def _held(workbook: Any, column: str) -> list[str]:
    frame = workbook.tables.get("people")
    if frame is None or column not in frame.collect_schema().names():
        return []
    rows = collected(frame.select(column).unique())
    return sorted(str(value) for value in rows[column].dropna())


_WRITTEN = ("plans", "plan_ids", "components", "metrics")  # names of the workbook's own, never words
_LEVELS: dict[Any, Callable[[Any], list[Any]]] = {
    "company": lambda _workbook: [None],
    "region": regions,
    "team": teams,
    "rep": people,
}
_SOURCES: dict[str, Callable[[Any, Any], list[Any]]] = {
    "periods": periods,
    "years": years,
    "target_years": target_years,
    "people": people,
    "teams": teams,
    "regions": regions,
    "segments": segments,
    "who": _who,
    "goals": goals,
    "plans": plans,
    "plan_ids": plan_ids,
    "components": components,
    "metrics": metrics,
}
