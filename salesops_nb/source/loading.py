"""Reading every table of a workbook: files to typed relations, checks, finished views.

A problem of one table does not keep the others from being read and checked: what cannot go on is
collected, and `open_workbook` raises it all at once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping as MappingABC
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb

from salesops_nb.errors import Problem, SalesopsError, problem
from salesops_nb.messages import listed
from salesops_nb.metrics import load_metrics
from salesops_nb.source.checks import deals, rejects
from salesops_nb.source.checks.deal_rules import deal_rules
from salesops_nb.source.checks.finished import finish
from salesops_nb.source.checks.keys import check_duplicates, check_references
from salesops_nb.source.checks.people import check_people
from salesops_nb.source.checks.process_rules import process_rules
from salesops_nb.source.checks.rules import contract_rules, missing_joined, run_rules
from salesops_nb.source.checks.short_ids import as_the_other_table_writes
from salesops_nb.source.checks.spellings import one_spelling, stages_as_mapped
from salesops_nb.source.checks.targets import periods_as_keys, sum_up, target_rules
from salesops_nb.source.columns import parsing
from salesops_nb.source.columns.casting import Typed, cast_file, wanted_headers
from salesops_nb.source.columns.currencies import unmapped_currencies
from salesops_nb.source.files.deleted import inactive, without_deleted
from salesops_nb.source.files.reading import path_of, read_source
from salesops_nb.source.schema.contracts import CONTRACTS, Contract
from salesops_nb.source.schema.mapping import FileMapping, JoinedFile, Mapping, TableMapping, placed
from salesops_nb.source.schema.mapping import files_of as mapped_files
from salesops_nb.source.schema.raw import APART, Raw, literal, put_over, quoted
from salesops_nb.source.shaping.appended import appended
from salesops_nb.source.shaping.computed import with_computed
from salesops_nb.source.shaping.keyless import with_ids
from salesops_nb.source.shaping.newest import only_newest
from salesops_nb.source.shaping.wide import narrow
from salesops_nb.workbook import Settings

# tables that others point to come first
_FIRST = (
    "fx_rates", "units", "people", "products", "accounts", "deals", "vacancies", "candidates", "interviews",
    "cases", "alerts",
)  # fmt: skip


@dataclass
class Loaded:
    """What reading a workbook's tables gave."""

    connection: duckdb.DuckDBPyConnection
    tables: dict[str, Typed] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    fatal: list[Problem] = field(default_factory=list)
    simulated: set[str] = field(default_factory=set)
    written: dict[str, date] = field(default_factory=dict)  # when each table's file was
    digest: Any = field(default_factory=lambda: hashlib.blake2b(digest_size=16))


def load(
    connection: duckdb.DuckDBPyConnection,
    folder: Path,
    settings: Settings,
    mapping: Mapping,
    frames: MappingABC[str, object],
) -> Loaded:
    """Read, type and check every mapped table, and make a finished view of each."""
    connection.execute("CREATE SCHEMA raw; CREATE SCHEMA typed; CREATE SCHEMA work")
    rejects.prepare(connection)
    loaded = Loaded(connection)
    loaded.digest.update(mapping.model_dump_json().encode() + settings.model_dump_json().encode())
    for name in sorted(mapping.tables, key=lambda n: (_FIRST.index(n) if n in _FIRST else 9, n)):
        if name not in CONTRACTS:
            loaded.fatal.append(_unknown_table(name))
            continue
        try:
            _read_table(loaded, folder, settings, name, mapping, frames.get(name))
        except SalesopsError as error:
            loaded.fatal += [_of_table(problem, name) for problem in error.problems]
    for name in loaded.tables:
        _check_table(loaded, settings, name, mapping.tables[name])
    rejects.refine(connection)
    for name, typed in loaded.tables.items():
        if "amount" in typed.headers:
            rejects.only_sound_amounts(connection, name, typed.headers["amount"])
    raws = {name: typed.raw for name, typed in loaded.tables.items()}
    loaded.problems = rejects.at_their_files(connection, raws, loaded.problems)
    for name in loaded.tables:
        finish(connection, CONTRACTS[name], loaded.tables[name], mapping.tables[name], settings)
    if "targets" in loaded.tables:
        try:
            ratios = [each.name for each in load_metrics(folder).values() if each.denominator is not None]
        except SalesopsError as error:
            loaded.problems, ratios = [*loaded.problems, *error.problems], []
        loaded.problems += sum_up(connection, "people" in loaded.tables, ratios)
    return loaded


def files_of(folder: Path, settings: Settings, mapping: Mapping) -> list[Path]:
    """Every file that the mapping names, there or not."""
    found = (path_of(folder, settings, file, str(place[1])) for place, file in mapped_files(mapping))
    return list(dict.fromkeys(path for path in found if path is not None))


def _of_table(problem: Problem, table: str) -> Problem:
    return problem if problem.table else replace(problem, table=table)


def _unknown_table(name: str) -> Problem:
    return problem("unknown-table.mapped", value=name, tables=listed(CONTRACTS, len(CONTRACTS)))


def _read_table(
    loaded: Loaded, folder: Path, settings: Settings, name: str, mapping: Mapping, frame: object
) -> None:
    contract, table = CONTRACTS[name], mapping.tables[name]
    typed = _read_file(loaded, folder, settings, contract, name, table, frame)
    if typed is None:
        return
    loaded.connection.execute(f"CREATE VIEW work.{quoted(name)} AS SELECT * FROM {typed.name}")
    if name == "fx_rates":
        deals.prepare_rates(loaded.connection, settings, typed.columns)
    _note_simulated(loaded, typed, name)
    parts = [
        (join, part)
        for i, join in enumerate(table.joins)
        if (part := _read_join(loaded, folder, settings, contract, join, i))
    ]
    for i, (join, part) in enumerate(parts, 1):
        _join_part(loaded, name, typed, join.on, part, f"base {i}")
    _check_currency(loaded, settings, contract, table, typed, parts)
    if name in ("deals", "stage_history"):
        of_deals = table if name == "deals" else mapping.tables.get("deals", table)
        loaded.problems += stages_as_mapped(loaded.connection, typed, contract, list(of_deals.stages))
    if name == "deals":
        sql = deals.outcome(table, typed)
        if sql is None:
            raise SalesopsError(deals.no_outcome(typed))
        loaded.problems += deals.defaulted(loaded.connection, table, typed)
        deals.work_view(loaded.connection, typed, sql, settings, "fx_rates" in loaded.tables)
    loaded.tables[name] = typed


def _check_currency(
    loaded: Loaded,
    settings: Settings,
    contract: Contract,
    table: TableMapping,
    typed: Typed,
    parts: list[tuple[JoinedFile, Typed]],
) -> None:
    """Stop the table where a file of it tells that amounts are in several currencies and none is mapped."""
    if "amount" not in typed.columns or "currency" not in contract.by_name or "currency" in typed.columns:
        return
    for file, part in [(table, typed), *parts]:
        known = [*part.headers.values(), *file.constants]
        found = unmapped_currencies(loaded.connection, part.raw, known, settings, contract.name)
        if found:
            raise SalesopsError(found)


def _read_file(
    loaded: Loaded,
    folder: Path,
    settings: Settings,
    contract: Contract,
    label: str,
    file: FileMapping,
    frame: object = None,
) -> Typed | None:
    """The typed relation of one file; ``None`` where it is optional and not there, or cannot be read."""
    wanted = wanted_headers(contract, file)
    try:
        raw: Raw | None = read_source(
            loaded.connection, folder, settings, file, contract.name, label, wanted, frame
        )
        if raw is not None and frame is None and isinstance(file, TableMapping):
            raw = appended(loaded.connection, folder, settings, contract, file, raw, wanted)
            raw = only_newest(loaded.connection, raw, file, contract)
    except SalesopsError as error:
        path, place = folder / settings.mapping, _place(contract, label)
        raise SalesopsError(
            [placed(p, path, place) if p.column == "where" else p for p in error.problems]
        ) from error
    if raw is None:
        return None
    loaded.digest.update(label.encode() + raw.digest)
    if raw.written is not None:
        day = datetime.fromtimestamp(raw.written, ZoneInfo(settings.time_zone)).date()
        loaded.written[contract.name] = max(day, loaded.written.get(contract.name, day))
    key = file.headers.get(contract.key[0])
    raw = without_deleted(loaded.connection, raw, file, key)
    loaded.problems += inactive(loaded.connection, raw, file, label)
    try:
        raw, file = with_computed(loaded.connection, raw, file, contract, settings)
        if label == contract.name:
            raw, file = with_ids(loaded.connection, raw, file, contract)
    except SalesopsError as error:
        path, place = folder / settings.mapping, _place(contract, label)
        computed = [(p, str(p.column).partition(".")) for p in error.problems]
        raise SalesopsError(
            [
                placed(p, path, place, word, name) if word == "computed" else p
                for p, (word, _, name) in computed
            ]
        ) from error
    raw, file = narrow(loaded.connection, raw, file, contract.name)
    typed = cast_file(loaded.connection, contract, file, raw, label, settings)
    for found in typed.problems:
        fatal = found.severity == "error" and typed.fatal
        (loaded.fatal if fatal else loaded.problems).append(_of_table(found, contract.name))
    return None if typed.fatal else typed


def _place(contract: Contract, label: str) -> tuple[str | int, ...]:
    """The keys of the mapping under which a file of a table stands."""
    number = label.removeprefix(contract.name).removeprefix("__")
    return ("tables", contract.name, "joins", int(number)) if number else ("tables", contract.name)


def _read_join(
    loaded: Loaded, folder: Path, settings: Settings, contract: Contract, join: JoinedFile, number: int
) -> Typed | None:
    """A further file of a table, its own cells and keys checked."""
    label = f"{contract.name}__{number}"
    typed = _read_file(loaded, folder, settings, contract, label, join)
    if typed is None:
        return None
    if join.on not in typed.columns:
        raise SalesopsError(
            problem("missing-column.join", file=typed.raw.file, column=join.on, joined=contract.name)
        )
    run_rules(loaded.connection, typed.name, typed, contract, contract_rules(contract, typed, True), label)
    loaded.problems += check_duplicates(loaded.connection, typed, contract, (join.on,), label)
    return typed


def _join_part(loaded: Loaded, name: str, typed: Typed, key: str, part: Typed, was: str) -> None:
    """Put a further file's columns beside the table's, by a key that the table or an earlier file has."""
    label = literal(part.name.split(".", 1)[1].strip('"'))
    added = [n for n in part.columns if n not in (key, "simulated")]
    clash = [n for n in added if n in typed.columns and (n in part.headers or n in CONTRACTS[name].by_name)]
    if clash:
        raise SalesopsError(
            problem(
                "column-twice",
                table=name,
                file=part.raw.file,
                column=part.headers.get(clash[0], clash[0]),
                name=clash[0],
                file_name=typed.raw.file,
            )
        )
    if key not in typed.columns:
        raise SalesopsError(
            problem(
                "missing-column.join-key",
                table=name,
                file=part.raw.file,
                column=key,
                names=listed(typed.columns),
            )
        )
    # further columns of the same name, such as ModifiedDate: the first file's counts
    added = [n for n in added if n not in typed.columns]
    rest = f'SELECT * FROM {part.name} WHERE _row NOT IN (SELECT row FROM spoiled WHERE "table" = {label})'
    same = f"a.{quoted(key)} = p.{quoted(key)}"
    if key not in CONTRACTS[name].by_name:  # a key of the files alone has the type that each of them gives it
        same = " = ".join(parsing.trimmed(f"CAST({side}.{quoted(key)} AS VARCHAR)") for side in "ap")
    columns = ", ".join(["a.*", *(f"p.{quoted(n)}" for n in added)])
    put_over(loaded.connection, name, was, columns, f"LEFT JOIN ({rest}) p ON {same}")
    if _is_simulated(loaded, part):
        loaded.simulated |= {f"{name}.{column}" for column in added}
    typed.columns += added
    typed.joined |= {n: f"{part.headers.get(n, n)} ({part.raw.file})" for n in added}


def _is_simulated(loaded: Loaded, typed: Typed) -> bool:
    if "simulated" not in typed.columns:
        return False
    # a real file stays real where simulated rows follow it: those bear their own mark
    row = loaded.connection.execute(
        f"SELECT bool_or(simulated) FROM {typed.name} WHERE _row < {APART}"
    ).fetchone()
    return bool(row and row[0])


def _note_simulated(loaded: Loaded, typed: Typed, name: str) -> None:
    if _is_simulated(loaded, typed):
        loaded.simulated.add(name)


def _check_table(loaded: Loaded, settings: Settings, name: str, table: TableMapping) -> None:
    """Rules of each row, doubled keys, keys that point nowhere; people's dates and managers."""
    connection, contract, typed = loaded.connection, CONTRACTS[name], loaded.tables[name]
    relation = f"work.{quoted(name)}"
    own = [c for c in typed.columns if c in typed.headers or c in table.constants]
    base = Typed(typed.name, typed.raw, typed.headers, own, joined=typed.joined)
    whole = replace(base, columns=[*own, *typed.joined])
    rules = contract_rules(contract, base) + process_rules(name, base.columns)
    rules += missing_joined(contract, whole)
    loaded.problems += as_the_other_table_writes(connection, whole, contract, list(loaded.tables))
    loaded.problems += one_spelling(connection, whole, contract, "people" in loaded.tables)
    if name == "deals":
        held = {row[0] for row in connection.execute(f"DESCRIBE {relation}").fetchall()}
        last, late = deals.last_day(connection, relation, whole, settings, loaded.written.get(name))
        loaded.problems += [*late, *deals.no_losses(connection, relation, base)]
        loaded.digest.update((last or "").encode())  # the file's age decides it, and not its contents
        rules += deal_rules(whole, settings, last)
        rules += deals.currency_rules(whole, settings, "currency_original" in held)
    if name == "targets":
        loaded.problems += periods_as_keys(connection, base, settings)
        rules += target_rules(connection, base, relation, settings, "people" in loaded.tables)
    run_rules(connection, relation, base, contract, rules)
    key = contract.key
    # as names and periods are meant, where a table's key has them; an id of deals is never written otherwise
    keyed = base if name == "deals" else replace(base, name=relation)
    loaded.problems += check_duplicates(connection, keyed, contract, key, name)
    check_references(connection, whole, contract, relation, list(loaded.tables))
    if name == "people":
        loaded.problems += check_people(connection, base, relation)
