"""The mapping's ``computed``: columns of a table that a small expression makes of the file's own columns."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import duckdb

from salesops_nb import expression
from salesops_nb.errors import SalesopsError, problem
from salesops_nb.expression.syntax import Column, Literal
from salesops_nb.expression.tokens import refuse
from salesops_nb.expression.values import Call, Choice, Value, lacking
from salesops_nb.source.columns import formats, parsing
from salesops_nb.source.files.narrowing import cell_text, judged
from salesops_nb.source.schema.contracts import Contract
from salesops_nb.source.schema.mapping import FileMapping
from salesops_nb.source.schema.raw import Raw, literal, quoted
from salesops_nb.workbook import Settings


def with_computed(
    connection: duckdb.DuckDBPyConnection, raw: Raw, file: FileMapping, contract: Contract, settings: Settings
) -> tuple[Raw, FileMapping]:
    """The rows with the computed columns beside their own, and the mapping that names them."""
    if not file.computed:
        return raw, file
    mapped = file.mapped(raw.types, contract.by_name)
    types = dict(raw.types)
    for column, text in file.computed.items():
        name = f"{column} (computed)"
        maker = _Maker(connection, raw, file, settings, text)
        try:
            sql, kind = maker.made(expression.parse_value(text))
        except SalesopsError as error:
            under = f"computed.{column}"
            found = [replace(p, column=under) if p.column == "where" else p for p in error.problems]
            raise SalesopsError(found) from error
        view = f"{raw.label} ({column})"
        frame = maker.frame or f"{raw.name}"
        extra = f" EXCLUDE ({', '.join(map(quoted, maker.added))})" if maker.added else ""
        connection.execute(
            f"CREATE OR REPLACE VIEW raw.{quoted(view)} AS "
            f"SELECT *{extra}, {sql} AS {quoted(name)} FROM {frame}"
        )
        types = {**types, name: kind}
        notes = [
            problem(
                "computed-without-column",
                table=contract.name,
                file=raw.file,
                column=f"computed.{column}",
                value=each.name,
                name=column,
                severity="note" if column == "role" else None,  # no amount is wrong without it
            )
            for each in {each.name.casefold(): each for each in maker.empty}.values()
        ]
        raw = replace(raw, name=f"raw.{quoted(view)}", types=types, problems=[*raw.problems, *notes])
        mapped[column] = name
    return raw, file.model_copy(update={"columns": mapped})


class _Maker:
    """Makes the SQL of one value; `frame` holds what its conditions found, in the columns `added`.

    `empty` are the columns which the file lacks and that count as empty, since ``coalesce`` does without.
    """

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        raw: Raw,
        file: FileMapping,
        settings: Settings,
        text: str,
    ) -> None:
        self.connection, self.raw, self.file, self.settings, self.text = connection, raw, file, settings, text
        self.folded = {header.casefold(): header for header in raw.types}
        self.frame = ""
        self.added: list[str] = []
        self.empty: list[Column] = []

    def made(self, value: Value) -> tuple[str, str]:
        """The SQL of a value and its type; an empty value has the type of whatever stands beside it."""
        if isinstance(value, Literal):
            if value.double and str(value.value).casefold() in self.folded:
                return self.made(Column(str(value.value), value.at))
            if value.value is None:
                return "NULL", ""
            written = str(value.value).lower() if isinstance(value.value, bool) else str(value.value)
            return literal(written), "VARCHAR"
        if isinstance(value, Column):
            header = self.header(value)
            kind = self.raw.types[header]
            return (cell_text(header, self.file), kind) if kind == "VARCHAR" else (quoted(header), kind)
        if isinstance(value, Choice):
            holds = self.condition(value)
            (then, other), kind = self.alike([value.then, value.other])
            return f"CASE WHEN {holds} THEN {then} ELSE {other} END", kind
        return self.call(value)

    def call(self, value: Call) -> tuple[str, str]:
        if value.name == "row_number":
            return "CAST(_row AS VARCHAR)", "VARCHAR"
        if value.name == "coalesce":
            without = {
                at: found for at, each in enumerate(value.values) if (found := lacking(each, self.folded))
            }
            if len(without) == len(value.values):
                raise expression.unknown_columns(self.text, _all(without.values()), self.raw.types)
            self.empty += _all(without.values())
            parts, kind = self.alike([each for at, each in enumerate(value.values) if at not in without])
            return f"coalesce({', '.join(parts)})", kind
        if value.name == "concat":
            made = [(part, _text(*self.made(part))) for part in value.values]
            whole = parsing.trimmed(" || ".join(f"coalesce({sql}, '')" for _, sql in made))
            fields = [sql for part, sql in made if not isinstance(part, Literal) or part.double]
            empty = " AND ".join(f"({sql}) IS NULL" for sql in fields)
            return (f"CASE WHEN NOT ({empty}) THEN {whole} END" if empty else whole), "VARCHAR"
        return self.period(value), "VARCHAR"

    def alike(self, values: list[Value]) -> tuple[list[str], str]:
        """The values' SQL in one type: theirs where they have the same, else text."""
        made = [self.made(value) for value in values]
        kinds = {kind for _, kind in made if kind}
        if len(kinds) == 1:
            return [sql for sql, _ in made], kinds.pop()
        return [_text(sql, kind) for sql, kind in made], "VARCHAR"

    def condition(self, value: Choice) -> str:
        """The name of a column that says whether the condition holds of the row."""
        name = f"·if·{len(self.added)}"
        base = replace(self.raw, name=self.frame) if self.frame else self.raw
        frame, holds, cells = judged(
            self.connection, base, self.file, self.settings, value.condition, self.text
        )
        native: Any = frame.with_columns(holds.alias(name)).drop(cells).to_native()
        view = f"{self.raw.label} ({self.text[:40]} {len(self.added)})"
        native.create_view(view, replace=True)
        self.frame = f"main.{quoted(view)}"
        self.added.append(name)
        return quoted(name)

    def period(self, value: Call) -> str:
        """The SQL of the name of the company's period in which a day lies, so many days later."""
        day, header = self.day(value)
        later = value.values[1] if len(value.values) > 1 else None
        count = 0
        if later is not None:
            if not isinstance(later, Literal) or not isinstance(later.value, int):
                refuse(self.text, f"gives {value.name} something other than a whole number of days", value.at)
            count = later.value
        found = self.connection.execute(f"SELECT DISTINCT {day} FROM {self.raw.name} WHERE {day} IS NOT NULL")
        calendar = self.settings.calendar
        kinds: Any = value.name
        names = {
            each: calendar.containing(each + timedelta(days=count), kinds).key for (each,) in found.fetchall()
        }
        cases = " ".join(f"WHEN DATE '{each}' THEN {literal(name)}" for each, name in sorted(names.items()))
        # what is no day stays as it is written, for the check of periods to name it
        other = (
            cell_text(header, self.file)
            if self.raw.types[header] == "VARCHAR"
            else _text(quoted(header), "DATE")
        )
        return f"CASE {day} {cases} ELSE {other} END" if cases else other

    def day(self, value: Call) -> tuple[str, str]:
        """The SQL of the day that a period is asked of, and its header."""
        asked = value.values[0]
        if isinstance(asked, Literal) and asked.double:
            asked = Column(str(asked.value), asked.at)
        if not isinstance(asked, Column):
            refuse(self.text, f"asks the {value.name} of something other than a column", value.at)
        header = self.header(asked)
        if self.raw.types[header] != "VARCHAR":
            zone = self.settings.time_zone if "WITH TIME ZONE" in self.raw.types[header] else None
            cell = f"{quoted(header)} AT TIME ZONE {literal(zone)}" if zone else quoted(header)
            return f"TRY_CAST({cell} AS DATE)", header
        text = cell_text(header, self.file)
        how = formats.detect(
            self.connection,
            self.raw.name,
            self.raw.file,
            [],
            [formats.Column(header, header, text)],
            [],
            None,
            self.file.date_order or self.settings.date_order,
        )
        errors = [problem for problem in how.problems if problem.severity == "error"]
        if errors:
            raise SalesopsError(errors)
        written = parsing.without_midnight(text) if header in how.midnights else text
        return parsing.day(written, how.orders.get(header, "ymd"), self.settings.time_zone), header

    def header(self, column: Column) -> str:
        found = self.folded.get(column.name.casefold())
        if found is None:
            raise expression.unknown_columns(self.text, [column], self.raw.types)
        return found


def _all(several: Iterable[list[Column]]) -> list[Column]:
    return [column for columns in several for column in columns]


def _text(sql: str, kind: str) -> str:
    """The SQL of a value as text, a number without the exponent that the engine gives it."""
    if kind in ("VARCHAR", ""):
        return sql
    if kind in ("DOUBLE", "FLOAT"):
        whole = f"CAST(CAST({sql} AS HUGEINT) AS VARCHAR)"
        return f"CASE WHEN {sql} = floor({sql}) THEN {whole} ELSE CAST({sql} AS VARCHAR) END"
    return f"CAST({sql} AS VARCHAR)"
