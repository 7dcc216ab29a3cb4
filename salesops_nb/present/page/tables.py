"""Tables that read like print: numerals in columns, heads with a scope, what is left out said.

Own markup rather than a table library's: great_tables writes 20 kB of fixed light colours and the same
element ids with every table, which fails dark mode, the size limit and the accessibility check.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from salesops_nb.core.columns import columns_of
from salesops_nb.errors import SalesopsError, problem
from salesops_nb.messages import message
from salesops_nb.present.language import formats as written
from salesops_nb.present.language.called import frame_called
from salesops_nb.present.language.column_labels import translated
from salesops_nb.present.language.translation import _
from salesops_nb.present.page.output import LIVE, as_list, emit
from salesops_nb.present.page.render import words_of

if TYPE_CHECKING:
    import pandas as pd


class _First:
    def __repr__(self) -> str:
        return "the first"


FIRST = _First()
SHORT = 18  # letters of a cell that stays in one line
LIVE_ROWS = 2_000  # brought to the page at which a person sorts and filters them
_gathered: list[dict[str, Any]] | None = None  # what the report's spreadsheet shows, where one is written
NUMERIC = {
    "money",
    "cents",
    "about",
    "number",
    "integer",
    "decimal",
    "tenths",
    "percent",
    "rate",
    "whole_percent",
}


def show_table(
    frame: Any,
    *,
    title: str = "",
    table: str = "",
    labels: Mapping[str, str] | None = None,
    formats: Mapping[str, str] | None = None,
    notes: Sequence[str] | str = (),
    marks: Mapping[str, str | Sequence[str]] | str | Sequence[str] = (),
    row_marks: Mapping[str, Any] | None = None,
    rows: int | None = 25,
    total: Mapping[str, Any] | None = None,
    currency: str | None = None,
    row_head: Any = FIRST,
    formulas: Mapping[str, Sequence[str | None]] | None = None,
    sparks: Mapping[str, Sequence[Sequence[float]]] | None = None,
    key: str = "",
) -> None:
    """Display a table.

    Parameters
    ----------
    frame : pandas frame, or any that narwhals reads. Its index is not shown.
    title : the caption.
    labels : heads by column; the column's name in words by default.
    formats : unit by column (`money`, `cents`, `about`, `number`, `integer`, `decimal`, `tenths`, `percent`,
        `rate`, `whole_percent`, `date`, `datetime`, `text`); guessed from the values where none is given.
    notes : lines under the table.
    marks : ``simulated``, ``estimated`` … by column, or for the whole table.
    row_marks : mark → one truth value a row; the mark stands beside the row's head.
    rows : how many are shown; the rest is counted in words. ``None`` shows all.
    total : values of a last row in bold, by column.
    currency : a code, or the name of a column that holds each row's.
    row_head : the column that names the row, the first by default; ``None`` for none.
    formulas : by column what its cells are in the spreadsheet, one a row, such as ``[credit]*[rate]`` of
        columns of the row; ``None`` where the value is no formula. The page shows the values.
    sparks : by column the courses, one a row, that a small line draws beside what the cell says in words.

    A column of `columns.toml` with a ``priority`` gives way on a narrow page: 3 below 60 rem, 2 on a phone.
    The row's head and columns without one always stay.
    key : what formulas of other sheets call this one.

    Raises
    ------
    SalesopsError
        If an argument names a column that the frame has not, or a unit that is none.

    Examples
    --------
    >>> from decimal import Decimal
    >>> import pandas as pd
    >>> from salesops_nb import present
    >>> reps = pd.DataFrame({
    ...     "owner": ["Ada", "Bo"], "bookings": [Decimal(90_000), Decimal(60_000)], "win_rate": [0.6, 0.55],
    ... })
    >>> present.show_table(
    ...     reps, title="Ranking", labels={"owner": "Rep"}, formats={"win_rate": "percent"},
    ...     total={"bookings": Decimal(150_000)},
    ... )
    Ranking
    Rep | Bookings | Win rate
    Ada | $90,000 | 60.0%
    Bo | $60,000 | 55.0%
    Total | $150,000 |
    """
    live, data = LIVE.get(), frame_called(to_pandas(frame))
    heads, units = _declared(data, table, labels, formats)
    facts = table_facts(
        data,
        title=title,
        labels=heads,
        formats=units,
        notes=notes,
        marks=marks,
        row_marks=row_marks or {},
        rows=LIVE_ROWS if live else rows,
        total=total,
        currency=currency,
        row_head=row_head,
    )
    if _gathered is not None:
        _gathered.append(
            {"frame": data, "title": title, "labels": heads, "formats": units, "notes": as_list(notes),
             "total": total or {}, "currency": currency, "formulas": formulas or {}, "key": key}
        )  # fmt: skip
    if live:
        facts["page"] = rows or LIVE_ROWS
    _add_priorities(facts, [str(name) for name in data.columns], columns_of(table))
    _add_orders(facts["rows"], data)
    _add_sparks(facts["rows"], [str(name) for name in data.columns], sparks or {})
    head = " | ".join(column["label"] for column in facts["columns"])
    lines = [" | ".join(row["cells"]) for row in facts["rows"]]
    emit("table", facts, "\n".join([title, head, *lines]))


def gather_sheets() -> list[dict[str, Any]]:
    """From now on, what each table shows is kept for the report's spreadsheet.

    Only in a process that runs one notebook: it goes on to its end.
    """
    global _gathered
    _gathered = []
    return _gathered


def add_sheet(make: Callable[[], Mapping[str, Any] | None], *, table: str = "") -> None:
    """A sheet that only the report's spreadsheet has; `make` is called only where one is written.

    It returns the sheet's `frame`, `title` and whatever else `show_table` takes of labels, formats, notes,
    total, currency, formulas and key; nothing where there is nothing to say.

    Examples
    --------
    >>> from salesops_nb import present
    >>> present.add_sheet(lambda: {"frame": [], "title": "Lines"})  # no spreadsheet is written here
    """
    if _gathered is None:
        return
    made = dict(make() or {})
    if not made:
        return
    data = frame_called(to_pandas(made["frame"]))
    heads, units = _declared(data, table, made.get("labels"), made.get("formats"))
    empty: dict[str, Any] = {"notes": (), "total": {}, "currency": None, "formulas": {}, "key": ""}
    _gathered.append({**empty, **made, "frame": data, "labels": heads, "formats": units})


def _declared(
    data: pd.DataFrame, table: str, labels: Mapping[str, str] | None, formats: Mapping[str, str] | None
) -> tuple[dict[str, str], dict[str, str]]:
    """Heads and units by column: those that are given, else those that the kind of table declares."""
    known = columns_of(table)
    mine = {str(name): known[str(name)] for name in data.columns if str(name) in known}
    heads = {name: translated(column["label"]) for name, column in mine.items() if "label" in column}
    units = {name: column["unit"] for name, column in mine.items() if fits(data[name], column.get("unit"))}
    return {**heads, **(labels or {})}, {**units, **(formats or {})}


def table_facts(frame: Any, *, labels: Any, formats: Any, marks: Any, row_head: Any, **said: Any) -> Any:
    """The table as the template takes it: written cells, columns, marks, and how many rows are left out."""
    data = to_pandas(frame)
    names = [str(name) for name in data.columns]
    head = names[0] if row_head is FIRST and names else row_head
    by_column = marks if isinstance(marks, Mapping) else {}
    for what, given in (("labels", labels), ("formats", formats), ("marks", by_column)):
        _known(what, given, names)
    _known("total", said["total"] or {}, names)
    _known("row_head", [head] if isinstance(head, str) else [], names)
    shown = data if said["rows"] is None else data.head(said["rows"])
    units = {
        name: formats.get(name) or guess_unit(data[column]) for name, column in zip(names, data, strict=True)
    }
    columns = [
        {
            "label": translated(labels[name]) if name in labels else words_of(name),
            "align": "num" if units[name] in NUMERIC else "date" if units[name] == "date" else "",
            "head": name == head,
            "marks": as_list(by_column.get(name)),
        }
        for name in names
    ]
    body = _body(shown, units, said["currency"], said["row_marks"])
    for at, column in enumerate(columns):
        if not column["align"] and not column["head"] and all(len(r["cells"][at]) <= SHORT for r in body):
            column["align"] = "short"
    if said["total"]:
        body.append(_total(said["total"], units, head, names, said["currency"]))
    return {
        "title": said["title"],
        "marks": [] if isinstance(marks, Mapping) else as_list(marks),
        "columns": columns,
        "rows": body,
        "more": len(data) - len(shown),
        "notes": as_list(said["notes"]),
    }


def to_pandas(frame: Any) -> pd.DataFrame:
    """Any frame that narwhals reads, as pandas, with decimals kept."""
    import pandas as pd

    if isinstance(frame, pd.DataFrame):
        return frame
    import narwhals as nw

    native = nw.from_native(frame)
    eager = native.collect("pyarrow") if isinstance(native, nw.LazyFrame) else native
    made: pd.DataFrame = eager.to_arrow().to_pandas(types_mapper=pd.ArrowDtype)
    return made


def guess_unit(values: pd.Series[Any]) -> str:
    """The unit of a column that was given none: money for decimals, dates, numbers, else text."""
    from datetime import date, datetime
    from decimal import Decimal

    first = next((value for value in values if not written.missing(value)), None)
    if isinstance(first, bool) or first is None or isinstance(first, str):
        return "text"
    if isinstance(first, Decimal):
        return "money"
    if isinstance(first, datetime):
        return "date" if all(str(v)[11:19] in ("00:00:00", "") for v in values) else "datetime"
    if isinstance(first, date):
        return "date"
    if getattr(first, "dtype", None) is not None or isinstance(first, int | float):
        return "text" if str(first) in ("True", "False") else "number"
    return "text"


def fits(values: pd.Series[Any], unit: str | None) -> bool:
    """Whether a column's values can be written in its declared unit: analysts' own may hold text."""
    if unit is None or values.isna().all():
        return unit is not None
    guess = guess_unit(values)
    return all((guess in kind) == (unit in kind) for kind in (NUMERIC, ("date", "datetime")))


def write_cell(value: Any, unit: str, currency: str | None = None) -> str:
    """One cell's text."""
    if unit in ("money", "cents"):
        return written.money(value, currency, cents=unit == "cents")
    if unit == "about":
        return written.short_money(value, currency)
    return written.by_unit(unit)(value)


def _body(shown: pd.DataFrame, units: Mapping[str, str], currency: Any, row_marks: Any) -> list[Any]:
    names = [str(name) for name in shown.columns]
    codes = list(shown[currency]) if currency in names else [currency] * len(shown)
    texts = [
        [write_cell(value, units[name], code) for value, code in zip(shown[column], codes, strict=True)]
        for name, column in zip(names, shown, strict=True)
    ]
    flags = {mark: [not written.missing(v) and bool(v) for v in values] for mark, values in row_marks.items()}
    for mark, values in flags.items():
        if len(values) < len(shown):
            raise SalesopsError(problem("bad-mark", mark=mark, count=len(values), rows=len(shown)))
    return [
        {
            "cells": [text[at] for text in texts],
            "marks": [mark for mark, values in flags.items() if values[at]],
            "total": False,
        }
        for at in range(len(shown))
    ]


def _add_orders(body: list[Any], data: pd.DataFrame) -> None:
    """Beside each cell what it is sorted by: the number or day that it writes."""
    from datetime import date
    from numbers import Number

    for row, values in zip(body, data.itertuples(index=False, name=None), strict=False):
        row["orders"] = [
            "" if written.missing(value) else str(value) if isinstance(value, Number | date) else None
            for value in values
        ]


def _add_priorities(facts: dict[str, Any], names: list[str], known: Mapping[str, Any]) -> None:
    """Which columns give way on a narrow page, and a line that says so there."""
    for name, column in zip(names, facts["columns"], strict=True):
        priority = known.get(name, {}).get("priority")
        if priority and not column["head"]:
            column["priority"] = priority
    for priority in (2, 3):
        given = [c["label"] for c in facts["columns"] if c.get("priority", 0) >= priority]
        if given:
            facts[f"narrow_{priority}"] = _("On a wider page: {columns}.", columns=", ".join(given))


def _add_sparks(body: list[Any], names: list[str], sparks: Mapping[str, Sequence[Sequence[float]]]) -> None:
    """Small lines as points of a box of 60 by 16, the last marked."""
    for column, courses in sparks.items():
        for row, course in zip(body, courses, strict=False):
            row.setdefault("sparks", [None] * len(names))[names.index(column)] = spark_points(course)


def spark_points(course: Sequence[float]) -> list[list[float]] | None:
    """The points of a small line from its own nought; None for fewer than two values.

    Examples
    --------
    >>> from salesops_nb.present.page.tables import spark_points
    >>> spark_points([0, 5, 10])
    [[0.0, 16.0], [30.0, 8.0], [60.0, 0.0]]
    """
    values = [float(value) for value in course]
    if len(values) < 2:
        return None
    low, high = min(0.0, *values), max(0.0, *values)
    span = high - low or 1.0
    step = 60 / (len(values) - 1)
    return [[round(at * step, 1), round(16 - 16 * (v - low) / span, 1)] for at, v in enumerate(values)]


def _total(
    total: Mapping[str, Any], units: Any, head: Any, names: list[str], currency: Any
) -> dict[str, Any]:
    code = None if currency in names else currency
    cells = [write_cell(total[name], units[name], code) if name in total else "" for name in names]
    if head in names and head not in total:
        cells[names.index(head)] = _("Total")
    return {"cells": cells, "marks": [], "total": True}


def _known(what: str, given: Any, names: Sequence[str]) -> None:
    unknown = [str(name) for name in given if name not in names]
    if unknown:
        raise SalesopsError(
            problem(
                "unknown-table-column",
                argument=what,
                columns=", ".join(map(repr, unknown)),
                known=", ".join(names) or message("none"),
            )
        )
