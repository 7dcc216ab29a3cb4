"""Several files of one table: the rows of each follow those of the file before."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import duckdb

from salesops_nb.errors import Problem
from salesops_nb.source.columns.headers import locate
from salesops_nb.source.files.reading import read_source
from salesops_nb.source.schema.contracts import Contract
from salesops_nb.source.schema.mapping import TableMapping
from salesops_nb.source.schema.raw import APART, Raw, quoted
from salesops_nb.workbook import Settings


def appended(
    connection: duckdb.DuckDBPyConnection,
    folder: Path,
    settings: Settings,
    contract: Contract,
    mapping: TableMapping,
    first: Raw,
    wanted: list[str],
) -> Raw:
    """The first file's rows with those of the files that the mapping names under ``more``, as one view.

    A further file has the mapped headers of the first; a column that it lacks otherwise is empty there. Its
    rows bear their numbers in the file from a multiple of `APART` on, so that checks see one table.
    """
    found = []
    for i, more in enumerate(mapping.more):
        file = mapping.with_rows_of(more)
        label = f"{contract.name}__more_{i}"
        raw = read_source(connection, folder, settings, file, contract.name, label, wanted)
        if raw is not None:
            found.append(raw)
    if not found:
        return first
    digest = hashlib.blake2b(first.digest, digest_size=16)
    problems, shapes = list(first.problems), [(first, {header: header for header in first.types})]
    for raw in found:
        names, new = _aligned(contract, mapping, first, raw)
        problems += [*raw.problems, *new]
        shapes.append((raw, names))
        digest.update(raw.digest)
    kinds: dict[str, set[str]] = {}
    for raw, names in shapes:
        for own, header in names.items():
            kinds.setdefault(header, set()).add(raw.types[own])
    # A column whose files differ in its type is read as text, in which everything can be written
    types = {header: "VARCHAR" if len(of_files) > 1 else min(of_files) for header, of_files in kinds.items()}
    selects = []
    for number, (raw, names) in enumerate(shapes):
        cells = [
            f"CAST({quoted(own)} AS {types[header]}) AS {quoted(header)}"
            if types[header] != raw.types[own]
            else f"{quoted(own)} AS {quoted(header)}"
            for own, header in names.items()
        ]
        selects.append(f"SELECT {', '.join(cells)}, _row + {number * APART} AS _row FROM {raw.name}")
    view = f"raw.{quoted(f'{contract.name} (files)')}"
    connection.execute(f"CREATE OR REPLACE VIEW {view} AS {' UNION ALL BY NAME '.join(selects)}")
    files = tuple(raw.file for raw in found)
    written = max((raw.written for raw, _ in shapes if raw.written is not None), default=None)
    return Raw(view, first.file, types, digest.digest(), problems, more=files, written=written)


def _aligned(
    contract: Contract, mapping: TableMapping, first: Raw, raw: Raw
) -> tuple[dict[str, str], list[Problem]]:
    """A further file's headers with those they bear in the first, and which mapped ones it lacks."""
    names, problems = {header: header for header in raw.types}, []
    required = {column.name: column.name for column in contract.columns if column.required}
    for column, wanted in (mapping.columns or required).items():
        if column in mapping.constants or column in mapping.computed:
            continue
        header, _ = locate(wanted, list(first.types), first.file, column, contract.name)
        own, problem = locate(wanted, list(raw.types), raw.file, column, contract.name)
        if problem is not None and header is not None:
            problems.append(replace(problem, table=contract.name))
        if own is not None and header is not None:
            names[own] = header
    return names, problems
