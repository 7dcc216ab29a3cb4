"""What may be chosen for a parameter: its declared choices, or what the workbook holds."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin

import narwhals as nw

from salesops_nb.frames import collected

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo


def choices_of(workbook: Any, name: str, field: FieldInfo) -> list[Any] | None:
    """The values a parameter may take, or None where it is free within its type and limits.

    A class names a list of the workbook's as ``json_schema_extra={"choices": "periods"}``: periods
    that hold a deal, ``people``, ``teams``, ``who`` (teams and people) or ``years``.
    """
    if get_origin(field.annotation) is Literal:
        return list(get_args(field.annotation))
    extra = field.json_schema_extra
    source = extra.get("choices") if isinstance(extra, dict) else None
    if source is None:
        return None
    found = _SOURCES[str(source)](workbook)
    return found if field.is_required() or getattr(field, "default", None) is not None else [None, *found]


def periods(workbook: Any) -> list[str]:
    """Keys of fiscal years, quarters and months that touch the deals, latest first."""
    deals = collected(workbook.tables["deals"].select(nw.col("created_on").min()))
    first = deals["created_on"].iloc[0]
    last = workbook.data_through
    if first is None or last is None:
        return []
    found: list[str] = []
    for kind in ("year", "quarter", "month"):
        spans = workbook.calendar.between(first, last + timedelta(days=1), kind)
        found += reversed([span.key for span in spans])
    return found


def years(workbook: Any) -> list[str]:
    """Keys of fiscal years that touch the deals, latest first."""
    return [key for key in periods(workbook) if key.isdigit()]


def people(workbook: Any) -> list[str]:
    """Ids of the people who own deals or are in people, in order."""
    return _names(workbook, "person_id")


def teams(workbook: Any) -> list[str]:
    """The teams people are in, in order."""
    return _names(workbook, "team")


def _names(workbook: Any, column: str) -> list[str]:
    if "people" not in workbook.tables:
        return []
    rows = collected(workbook.tables["people"].select(column).unique())
    return sorted(str(value) for value in rows[column].dropna())


_SOURCES: dict[str, Callable[[Any], list[str]]] = {
    "periods": periods,
    "years": years,
    "people": people,
    "teams": teams,
    "who": lambda workbook: [*teams(workbook), *people(workbook)],
}
