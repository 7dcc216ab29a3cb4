"""The mapping's ``where``: rows of a file that a condition leaves out, said and counted.

The condition speaks of the file's own columns. A column of text that it compares with a number, true or
false, or in order with a date, is read as the table's own columns are: in the same formats. A cell that
cannot be read so stops it, for whether its row is meant cannot be known.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import duckdb
import narwhals as nw

from salesops_nb import expression
from salesops_nb.errors import Problem, SalesopsError, problem
from salesops_nb.expression.syntax import (
    Column,
    Comparison,
    Every,
    Literal,
    Member,
    Node,
    Not,
    Operand,
    Some,
    TextTest,
    Truth,
    columns_in,
    doubles_in,
    renamed,
)
from salesops_nb.expression.tokens import bad_condition, shown
from salesops_nb.source.columns import formats, parsing
from salesops_nb.source.schema.mapping import FileMapping
from salesops_nb.source.schema.raw import Raw, end_results, literal, quoted
from salesops_nb.workbook import Settings

_FIGURES = re.compile(r"[-+(]?[$€£]?\s?\d[\d\s.,:/'’)%€$£-]*")  # a number or a day, as people write them
_DAY = re.compile(r"\d{4}-\d\d-\d\d(?:[ T]|$)")
_KINDS = {"number": "a number", "date": "a date", "flag": "true or false"}


def narrowed(connection: duckdb.DuckDBPyConnection, raw: Raw, file: FileMapping, settings: Settings) -> Raw:
    """The rows that the mapping's ``where`` keeps, as a view over them all; how many it leaves out is said.

    Raises `SalesopsError` for columns that the file does not have, and cells that cannot be judged.
    """
    if file.where is None:
        return raw
    text = file.where
    frame, holds, cells = judged(connection, raw, file, settings, expression.parse(text), text)
    native: Any = frame.filter(holds).drop(cells).to_native()
    view = quoted(f"{raw.label} (where)")
    native.create_view(f"{raw.label} (where)", replace=True)
    connection.execute(f"CREATE OR REPLACE VIEW raw.{view} AS SELECT * FROM main.{view}")
    left = replace(raw, name=f"raw.{view}")
    return replace(left, problems=[*raw.problems, _left_out(connection, left, raw.name, text)])


def judged(
    connection: duckdb.DuckDBPyConnection,
    raw: Raw,
    file: FileMapping,
    settings: Settings,
    tree: Node,
    text: str,
) -> tuple[nw.LazyFrame[Any], nw.Expr, list[str]]:
    """The file's rows with what a condition reads in them, the condition, and the columns that were added.

    Raises `SalesopsError` for columns that the file does not have, and cells that cannot be judged.
    """
    tree = resolved(tree, text, raw.types, file)
    cells: dict[str, str] = {}
    tree = _read(tree, raw, file, cells, _formats(connection, tree, raw, file, settings), settings)
    read = "".join(f", {sql} AS {quoted(name)}" for name, sql in cells.items())
    end_results(connection)
    rows = connection.sql(f"SELECT *{read} FROM {raw.name}")
    _unread(rows, cells, raw)
    frame: nw.LazyFrame[Any] = nw.from_native(rows)
    return frame, expression.made(tree, text, dict(frame.collect_schema()), raw.types), list(cells)


def resolved(tree: Node, text: str, headers: Iterable[str], file: FileMapping) -> Node:
    """The tree with each column as the file writes it; what cannot be told apart is an error."""
    headers = [header for header in headers if header != "_row"]
    folded = {header.casefold(): header for header in headers}
    for double in doubles_in(tree):
        name = str(double.value)
        if name.casefold() in folded:
            why = (
                f'has "{name}" in double quotes as a value, and the file has a column of that name: '
                f"write '{name}' for the text or `{name}` for the column"
            )
            raise SalesopsError(bad_condition(text, why, double.at))
    unknown = [column for column in columns_in(tree) if column.name.casefold() not in folded]
    ours = file.headers
    meant = [f"{ours[c.name]!r} for {c.name!r}" for c in unknown if ours.get(c.name) in headers]
    if meant:
        why = f"speaks of our names, and it takes the file's own: write {', '.join(dict.fromkeys(meant))}"
        raise SalesopsError(bad_condition(text, why, unknown[0].at))
    if unknown:
        raise expression.unknown_columns(text, unknown, headers)
    _refuse_order_of_texts(tree, text)
    return renamed(tree, {c.name: folded[c.name.casefold()] for c in columns_in(tree)})


def _refuse_order_of_texts(node: Node, text: str) -> None:
    """Refuse to order by the letters of a number or a day: '900' comes after '1000' there."""
    if isinstance(node, Every | Some):
        for part in node.parts:
            _refuse_order_of_texts(part, text)
    elif isinstance(node, Not):
        _refuse_order_of_texts(node.part, text)
    elif isinstance(node, Comparison) and node.op not in ("==", "!="):
        for operand in (node.left, node.right):
            value = operand.value if isinstance(operand, Literal) else None
            if isinstance(value, str) and _FIGURES.fullmatch(value) and not _DAY.match(value):
                why = (
                    f"orders by the letters of {value!r}: write a number without quotes and without a mark "
                    "for thousands (1000.5), a date as '2017-12-31'"
                )
                raise SalesopsError(bad_condition(text, why, operand.at))


def _formats(
    connection: duckdb.DuckDBPyConnection, tree: Node, raw: Raw, file: FileMapping, settings: Settings
) -> formats.Formats:
    """The decimal mark and date order of the columns that the condition reads as numbers and dates."""
    wanted: dict[str, list[formats.Column]] = {"number": [], "date": []}
    for header, kind in sorted(_asked(tree, raw.types)):
        if kind in wanted:
            wanted[kind].append(formats.Column(header, header, cell_text(header, file)))
    mark, order = file.decimal_mark or settings.decimal_mark, file.date_order or settings.date_order
    found = formats.detect(connection, raw.name, raw.file, wanted["number"], wanted["date"], [], mark, order)
    errors = [problem for problem in found.problems if problem.severity == "error"]
    if errors:
        raise SalesopsError(errors)
    return found


def _asked(node: Node, types: dict[str, str]) -> set[tuple[str, str]]:
    """The columns with what each is read as."""
    found: set[tuple[str, str]] = set()

    def noted(column: Column, kind: str) -> str:
        found.add((column.name, kind))
        return column.name

    _each(node, noted, types)
    return found


def _read(
    tree: Node, raw: Raw, file: FileMapping, cells: dict[str, str], how: formats.Formats, settings: Settings
) -> Node:
    """The tree over the cells as they are read; `cells` takes their SQL, each by a name of its own."""

    def cell(column: Column, kind: str) -> str:
        header = column.name
        name = f"·{kind}·{header}"
        if kind == "moment":
            cells[name] = f"({quoted(header)} AT TIME ZONE {literal(settings.time_zone)})"
            return name
        if raw.types[header] != "VARCHAR":
            return header
        text = cell_text(header, file)
        cells[name] = {
            "text": text,
            "number": parsing.number(text, how.marks.get(header, "."), "number"),
            "date": parsing.day(text, how.orders.get(header, "ymd"), settings.time_zone),
            "flag": parsing.flag(text),
        }[kind]
        if kind != "text":
            cells[f"·text·{header}"] = text
        return name

    return _each(tree, cell, raw.types)


def _each(node: Node, name: Callable[[Column, str], str], types: dict[str, str]) -> Node:
    """The tree with each column under the name that is given for it and what it is compared with."""
    if isinstance(node, Every | Some):
        return type(node)(tuple(_each(part, name, types) for part in node.parts))
    if isinstance(node, Not):
        return Not(_each(node.part, name, types))
    if isinstance(node, Comparison):
        operands, ordered = [node.left, node.right], node.op not in ("==", "!=")
    elif isinstance(node, Member):
        operands, ordered = [node.operand, *node.values], False
    else:
        operands = [node.column if isinstance(node, TextTest) else node.operand]
        ordered = False
    kind = "flag" if isinstance(node, Truth) else _kind(operands, ordered)
    columns = [operand for operand in operands if isinstance(operand, Column)]
    zoned = "WITH TIME ZONE"
    return renamed(node, {c.name: name(c, "moment" if zoned in types[c.name] else kind) for c in columns})


def _kind(operands: list[Operand], ordered: bool) -> str:
    """As what a column of text is read, by the values beside it."""
    values = [o.value for o in operands if isinstance(o, Literal) and o.value is not None]
    if values and all(isinstance(value, bool) for value in values):
        return "flag"
    if values and not any(isinstance(value, str | bool) for value in values):
        return "number"
    dated = all(isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", value) for value in values)
    return "date" if values and ordered and dated else "text"


def cell_text(header: str, file: FileMapping) -> str:
    """The SQL of a cell's text, empty where the mapping says that it means empty."""
    text = parsing.trimmed(quoted(header))
    blanks = ", ".join(literal(blank) for blank in file.blanks)
    return f"CASE WHEN {text} NOT IN ({blanks}) THEN {text} END" if blanks else text


def _unread(rows: duckdb.DuckDBPyRelation, cells: dict[str, str], raw: Raw) -> None:
    """Raise for cells that are not what the condition takes them for."""
    problems: list[Problem] = []
    for name in cells:
        kind, header = name.split("·", 2)[1:]
        if kind not in _KINDS:
            continue
        text = quoted(f"·text·{header}")
        found = rows.filter(f"{text} IS NOT NULL AND {quoted(name)} IS NULL").aggregate(
            f"count(*), arg_min({text}, _row), min(_row)"
        )
        count, example, row = found.fetchall()[0]
        if count:
            problems.append(
                problem(
                    "unjudged-rows.more" if count > 1 else "unjudged-rows",
                    file=raw.file,
                    row=row,
                    column=header,
                    value=example,
                    kind=_KINDS[kind],
                    count=count - 1 if count > 1 else None,
                )
            )
    if problems:
        raise SalesopsError(problems)


def _left_out(connection: duckdb.DuckDBPyConnection, raw: Raw, base: str, text: str) -> Problem:
    counted = connection.execute(f"SELECT (SELECT count(*) FROM {base}) - (SELECT count(*) FROM {raw.name})")
    row = counted.fetchone()
    count = row[0] if row else 0
    if count and not connection.execute(f"SELECT 1 FROM {raw.name} LIMIT 1").fetchone():
        return problem("filtered.all", file=raw.file, value=shown(text), count=count)
    return problem("filtered", file=raw.file, value=shown(text), n=count)
