"""From a file's own columns to ours: mapped, aliased, parsed, with the cells that failed.

Each file becomes a relation in the schema ``typed`` with our columns, the file's other columns
under their own names, ``_row``, and ``_bad``: the names of our columns whose cell could not be read.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import duckdb

from salesops_nb.errors import Problem, problem
from salesops_nb.expression import fields_of, parse_value
from salesops_nb.messages import listed
from salesops_nb.source.columns import currencies, formats, parsing
from salesops_nb.source.columns.headers import locate
from salesops_nb.source.columns.shares import hundredths
from salesops_nb.source.schema.contracts import SQL_TYPES, Column, Contract
from salesops_nb.source.schema.mapping import FileMapping
from salesops_nb.source.schema.raw import Raw, literal, quoted
from salesops_nb.workbook import Settings

SIMULATED = Column("simulated", "flag")
PARSED = ("money", "number", "ratio", "whole")


@dataclass
class Typed:
    """A typed relation; `headers` gives the file's name for each of our columns.

    `joined` gives it, with its file's, for the columns that further files bring.
    """

    name: str
    raw: Raw
    headers: dict[str, str]
    columns: list[str]
    problems: list[Problem] = field(default_factory=list)
    joined: dict[str, str] = field(default_factory=dict)

    @property
    def fatal(self) -> bool:
        """Whether the file cannot be read as it is mapped."""
        return any(p.severity == "error" and p.code in FATAL for p in self.problems)


FATAL = {
    "missing-column",
    "unmapped-column",
    "ambiguous-column",
    "unknown-mapping",
    "mixed-numbers",
    "ambiguous-numbers",
    "mixed-dates",
    "ambiguous-dates",
}


def wanted_headers(contract: Contract, mapping: FileMapping) -> list[str]:
    """The headers that a mapping speaks of, or our own names where it lists none."""
    named = [*mapping.columns.values(), *mapping.if_present.values(), *mapping.wide]
    named += [field.name for text in mapping.computed.values() for field in fields_of(parse_value(text))]
    return named or [column.name for column in contract.columns]


def cast_file(
    connection: duckdb.DuckDBPyConnection,
    contract: Contract,
    mapping: FileMapping,
    raw: Raw,
    name: str,
    settings: Settings,
) -> Typed:
    """The typed relation of a file: a view over one that is typed already, else a table."""
    typed = Typed(f"typed.{quoted(name)}", raw, {}, [], list(raw.problems))
    mapping = _with_currency_names(connection, contract, mapping, raw, typed)
    sources = _sources(contract, mapping, raw, typed)
    _collapse(contract, mapping, raw, typed)
    _check_names(contract, mapping, sources, typed)
    if typed.fatal:
        return typed
    texts = {c: t for c, t in sources.items() if _is_text(c, raw, typed)}
    how = _formats(connection, contract, mapping, raw, typed, texts, settings)
    typed.problems += how.problems
    if typed.fatal:
        return typed
    in_place = raw.in_place and all(_column(contract, name).type == "text" for name in texts)
    if in_place:
        sources = _untrimmed(connection, raw, typed, sources)
    factors = _hundredths(connection, contract, mapping, raw, typed, sources, settings)
    select = _select(contract, mapping, raw, typed, sources, how, settings, factors)
    kind = "VIEW" if in_place else "TABLE"
    connection.execute(f"CREATE OR REPLACE {kind} {typed.name} AS {select}")
    return typed


def _sources(contract: Contract, mapping: FileMapping, raw: Raw, typed: Typed) -> dict[str, str]:
    """The SQL of each mapped column's cell: its trimmed, aliased text, or its native value."""
    mapped = mapping.mapped(raw.types, contract.by_name)
    if "simulated" in raw.types:
        mapped.setdefault("simulated", "simulated")
    for column, header in mapping.if_present.items():
        found, _ = locate(header, list(raw.types), raw.file, column, contract.name)
        if found is not None and column not in mapped:
            mapped[column] = found
    sources: dict[str, str] = {}
    for column, header in mapped.items():
        if column in mapping.constants:
            continue
        found, problem = locate(header, list(raw.types), raw.file, column, contract.name)
        if problem is not None:
            typed.problems.append(problem)
        if found is not None:
            typed.headers[column] = found
            sources[column] = _aliased(quoted(found), raw.types[found], mapping, column)
    for column, text in mapping.constants.items():
        sources[column] = literal(text)
    return sources


def _with_currency_names(
    connection: duckdb.DuckDBPyConnection, contract: Contract, mapping: FileMapping, raw: Raw, typed: Typed
) -> FileMapping:
    """The mapping with an alias for each currency that the file calls by its name."""
    mapped = mapping.headers.get("currency")
    if "currency" not in contract.by_name or mapped is None:
        return mapping
    header, _ = locate(mapped, list(raw.types), raw.file, "currency", contract.name)
    if header is None or raw.types[header] != "VARCHAR":
        return mapping
    given = mapping.values.get("currency", {})
    found, notes = currencies.currency_aliases(connection, raw, header, given)
    typed.problems += notes
    return mapping.model_copy(update={"values": {**mapping.values, "currency": {**found, **given}}})


def _collapse(contract: Contract, mapping: FileMapping, raw: Raw, typed: Typed) -> None:
    """One finding in place of many where none of the mapped columns is in the file."""
    missing = [p for p in typed.problems if p.code == "missing-column"]
    if len(missing) > 2 and len(missing) == len(mapping.columns):
        typed.problems = [p for p in typed.problems if p.code != "missing-column"]
        typed.problems.append(
            problem(
                "missing-column.none-mapped",
                table=contract.name,
                file=raw.file,
                count=len(missing),
                headers=listed(raw.types),
            )
        )


def _aliased(source: str, kind: str, mapping: FileMapping, column: str) -> str:
    aliases = mapping.values.get(column, {})
    if kind != "VARCHAR":
        if kind in ("DOUBLE", "FLOAT"):
            source = f"CASE WHEN isfinite({source}) THEN {source} END"
        if not aliases:
            return source
        source = f"CAST({source} AS VARCHAR)"
    text = parsing.trimmed(source)
    cases = [f"WHEN {literal(a)} THEN {literal(b)}" for a, b in aliases.items()]
    cases += [f"WHEN {literal(blank)} THEN NULL" for blank in mapping.blanks]
    return f"CASE {text} {' '.join(cases)} ELSE {text} END" if cases else text


def _untrimmed(
    connection: duckdb.DuckDBPyConnection, raw: Raw, typed: Typed, sources: dict[str, str]
) -> dict[str, str]:
    """The sources without the trimming that no value needs, so that a view costs nothing when read."""
    plain = {
        name: quoted(typed.headers[name])
        for name, sql in sources.items()
        if name in typed.headers and sql == parsing.trimmed(quoted(typed.headers[name]))
    }
    if not plain:
        return sources
    counts = ", ".join(
        f"count(*) FILTER (WHERE {sql} = '' OR {sql} <> trim({sql}, {literal(parsing.SPACES)}))"
        for sql in plain.values()
    )
    row = connection.execute(f"SELECT {counts} FROM {raw.name}").fetchone() or ()
    clean = {name for name, count in zip(plain, row, strict=True) if not count}
    return {name: plain[name] if name in clean else sql for name, sql in sources.items()}


def _is_text(column: str, raw: Raw, typed: Typed) -> bool:
    return raw.types.get(typed.headers.get(column, ""), "VARCHAR") == "VARCHAR"


def _check_names(contract: Contract, mapping: FileMapping, sources: dict[str, str], typed: Typed) -> None:
    """Every part of the mapping speaks of a mapped column; every required column is mapped."""
    joins = getattr(mapping, "joins", ())
    elsewhere = {name for join in joins for name in (*join.headers, *join.constants, *join.computed)}
    joined = hasattr(mapping, "on")
    for part in ("values", "multiply"):
        for column in getattr(mapping, part):
            if column not in sources and column not in mapping.columns:
                typed.problems.append(
                    problem(
                        "unknown-mapping.part",
                        table=contract.name,
                        column=column,
                        part=part,
                        sources=listed(sources),
                    )
                )
    required = [] if joined else [c for c in contract.columns if c.required and c.name not in elsewhere]
    for column in required:
        if column.name not in sources and column.name not in mapping.columns:
            typed.problems.append(
                problem(
                    "unmapped-column",
                    table=contract.name,
                    file=typed.raw.file,
                    column=column.name,
                    headers=listed(typed.raw.types),
                )
            )


def _column(contract: Contract, name: str) -> Column:
    return SIMULATED if name == "simulated" else contract.by_name.get(name, Column(name))


def _formats(
    connection: duckdb.DuckDBPyConnection,
    contract: Contract,
    mapping: FileMapping,
    raw: Raw,
    typed: Typed,
    texts: dict[str, str],
    settings: Settings,
) -> formats.Formats:
    looked = {
        name: formats.Column(name, typed.headers.get(name, name), sql)
        for name, sql in texts.items()
        if name not in mapping.constants
    }
    moments = [
        formats.Column(name, header, quoted(header))
        for name, header in typed.headers.items()
        if "WITH TIME ZONE" in raw.types[header] and _column(contract, name).type in ("date", "time")
    ]
    numbers = [c for n, c in looked.items() if _column(contract, n).type in ("money", "number", "ratio")]
    dates = [c for n, c in looked.items() if _column(contract, n).type in ("date", "time")]
    return formats.detect(
        connection,
        raw.name,
        raw.file,
        [c for c in numbers if _column(contract, c.name).type != "ratio"],
        dates,
        moments,
        mapping.decimal_mark or settings.decimal_mark,
        mapping.date_order or settings.date_order,
    )


def _hundredths(
    connection: duckdb.DuckDBPyConnection,
    contract: Contract,
    mapping: FileMapping,
    raw: Raw,
    typed: Typed,
    sources: dict[str, str],
    settings: Settings,
) -> dict[str, str]:
    """What makes each column of shares one, with ``·`` in place of its cell; a declared factor decides."""
    found = {}
    for column in contract.columns:
        name = column.name
        if not column.share or name not in typed.headers or name in mapping.multiply:
            continue
        header = typed.headers[name]
        mark = mapping.decimal_mark or settings.decimal_mark
        native = raw.types[header] != "VARCHAR"
        cells = f"(SELECT {sources[name]} AS c FROM {raw.name})"
        found[name], problems = hundredths(connection, cells, raw.file, header, "c", native, mark)
        found[name] = found[name].replace("contains(c,", "contains(·,")
        typed.problems += problems
    return found


def _select(
    contract: Contract,
    mapping: FileMapping,
    raw: Raw,
    typed: Typed,
    sources: dict[str, str],
    how: formats.Formats,
    settings: Settings,
    factors: dict[str, str],
) -> str:
    inner, values, bad = [], [], []
    mark = mapping.decimal_mark or settings.decimal_mark
    ordered = [c.name for c in contract.columns if c.name in sources]
    ordered += [name for name in sources if name not in ordered]
    for name in ordered:
        column, cell = _column(contract, name), quoted(f"·{name}")
        native = None if name in mapping.constants else raw.types[typed.headers[name]]
        inner.append(f"{sources[name]} AS {cell}")
        value = _value(column, cell, native if native != "VARCHAR" else None, how, settings, mark)
        if value == cell:
            values.append(f"{cell} AS {quoted(name)}")
        else:
            factor = mapping.multiply.get(name, factors.get(name, "1").replace("·", cell))
            scaled = value if factor == "1" else f"{value} * {factor}"
            values.append(f"TRY_CAST({scaled} AS {SQL_TYPES[column.type]}) AS {quoted(name)}")
            bad.append(f"CASE WHEN {cell} IS NOT NULL AND {quoted(name)} IS NULL THEN {literal(name)} END")
    used = set(typed.headers.values())
    extra = {header: _free_name(header, ordered) for header in raw.types if header not in used}
    inner += [f"{quoted(h)} AS {quoted(n)}" for h, n in extra.items()]
    typed.columns = ordered + list(extra.values())
    bad_list = f"list_filter([{', '.join(bad)}], lambda x: x IS NOT NULL)" if bad else "CAST([] AS VARCHAR[])"
    columns = ", ".join([*values, *(quoted(n) for n in extra.values())])
    cells = f"SELECT {', '.join([*inner, '_row'])} FROM {raw.name}"
    return f"SELECT {columns}, _row, {bad_list} AS _bad FROM ({cells})"


def _free_name(header: str, taken: list[str]) -> str:
    return f"{header} (file)" if header in taken or header.startswith("_") else header


def _value(
    column: Column,
    cell: str,
    native: str | None,
    how: formats.Formats,
    settings: Settings,
    mark: Literal[".", ","] | None,
) -> str:
    """The SQL of the typed value of a cell; the cell itself where its type is ours already."""
    if native is not None:
        zone = "UTC" if column.name in how.midnights else settings.time_zone
        return _native(column, cell, native, zone)
    if column.type in PARSED:
        if column.type == "ratio":
            return parsing.ratio(cell, mark)
        return parsing.number(cell, how.marks.get(column.name, "."), column.type)
    order = how.orders.get(column.name, "ymd")
    if column.name in how.midnights:
        cell = parsing.without_midnight(cell)
    if column.type == "date":
        return parsing.day(cell, order, settings.time_zone)
    if column.type == "time":
        return parsing.moment(cell, order, settings.time_zone)
    return parsing.flag(cell) if column.type == "flag" else cell


def _native(column: Column, cell: str, native: str, zone: str) -> str:
    target = SQL_TYPES[column.type]
    if native == target:
        return cell
    if "WITH TIME ZONE" in native and column.type in ("date", "time"):
        cell = f"({cell} AT TIME ZONE {literal(zone)})"
    if column.type == "text" and native in ("DOUBLE", "FLOAT"):
        return (
            f"CASE WHEN {cell} = floor({cell}) THEN CAST(CAST({cell} AS HUGEINT) AS "
            f"VARCHAR) ELSE {cell}::VARCHAR END"
        )
    if column.type == "text":
        return f"CAST({cell} AS VARCHAR)"
    if column.type in ("date", "time") and native not in ("DATE", "TIMESTAMP") and "TIME" not in native:
        return f"CAST(NULL AS {target})"
    return f"TRY_CAST({cell} AS {target})"
