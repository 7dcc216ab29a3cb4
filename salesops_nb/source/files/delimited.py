"""CSV files: delimiter, header and rows, each row with the number a spreadsheet shows.

A regular UTF-8 file goes through DuckDB's parallel reader. One that is not (another encoding,
blank lines, title rows, rows of the wrong width) goes through Python's reader in batches, which
is slower and loses no row number.
"""

from __future__ import annotations

import csv
import io
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import duckdb
import pyarrow as pa

from salesops_nb.errors import Problem, problem
from salesops_nb.source.columns.headers import footer_length, footer_skipped, header_of, unique_headers
from salesops_nb.source.files.encoding import TextFile, probe
from salesops_nb.source.schema.mapping import FileMapping
from salesops_nb.source.schema.raw import Raw, engine_path, literal, quoted, register

DELIMITERS = (",", ";", "\t", "|")
BATCH = 50_000
_NAMES = {",": "a comma", ";": "a semicolon", "\t": "a tab", "|": "a bar"}


@dataclass(frozen=True, slots=True)
class _Layout:
    delimiter: str
    header_row: int
    headers: list[str]
    notes: tuple[Problem, ...]


def read_delimited(
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    name: str,
    shown: str,
    mapping: FileMapping,
    wanted: list[str],
    encoding: str | None = None,
) -> Raw:
    """The file as a table ``raw.name``; `wanted` are the headers that the mapping speaks of."""
    text = probe(path, shown, mapping.encoding or encoding)
    layout = _layout(text, mapping, wanted)
    raw = f"raw.{quoted(name)}"
    notes: list[Problem] = [*text.notes, *layout.notes]
    regular = text.plain and layout.header_row <= 1 and not mapping.footer_rows
    if not (regular and _through_duckdb(connection, text, layout, raw)):
        notes += _through_python(connection, text, layout, raw, mapping)
    else:
        notes += _trim_footer(connection, raw, layout, shown)
    count = connection.execute(f"SELECT count(*) FROM {raw}").fetchone()
    if not count or not count[0]:
        notes.append(problem("no-rows", file=shown))
    return Raw(raw, shown, dict.fromkeys(layout.headers, "VARCHAR"), text.digest, notes)


def _layout(text: TextFile, mapping: FileMapping, wanted: list[str]) -> _Layout:
    with text.path.open(encoding=_codec(text), newline="") as stream:
        head = stream.read(1 << 16)
    lines = head.splitlines(keepends=True)
    if len(head) == 1 << 16 and len(lines) > 1:
        lines = lines[:-1]
    delimiter = mapping.delimiter or _delimiter(lines[:200], wanted)
    try:
        rows = list(csv.reader(io.StringIO("".join(lines), newline=""), delimiter=delimiter))
    except csv.Error:
        rows = list(csv.reader(lines[:1], delimiter=delimiter))
    header_row, header, notes = header_of(rows, wanted, mapping, text.shown)
    headers, doubled = unique_headers(header, text.shown)
    notes += doubled
    if delimiter != "," and mapping.delimiter is None:
        notes.append(
            problem(
                "delimiter-detected", file=text.shown, value=delimiter, names=_NAMES.get(delimiter, delimiter)
            )
        )
    return _Layout(delimiter, header_row, headers, tuple(notes))


def _delimiter(lines: list[str], wanted: list[str]) -> str:
    """The delimiter that shows most of the mapped headers, then the most even columns."""
    known = {header.strip().casefold() for header in wanted}

    def score(delimiter: str) -> tuple[int, float, int]:
        try:
            rows = list(csv.reader(lines, delimiter=delimiter))
        except csv.Error:
            return (0, 0.0, 0)
        found = max(len({cell.strip().casefold() for cell in row} & known) for row in rows[:25])
        width, even = Counter(len(row) for row in rows if row).most_common(1)[0]
        return (found, even / len(rows) if width > 1 else 0.0, width)

    return max(DELIMITERS, key=score)


def _codec(text: TextFile) -> str:
    return "utf-8-sig" if text.encoding == "utf-8" else text.encoding


def _through_duckdb(connection: duckdb.DuckDBPyConnection, text: TextFile, layout: _Layout, raw: str) -> bool:
    """Whether DuckDB's reader took the whole file as it is."""
    columns = ", ".join(f"{literal(header)}: 'VARCHAR'" for header in layout.headers)
    select = (
        f"SELECT *, row_number() OVER () + {layout.header_row} AS _row FROM read_csv("
        f"{literal(engine_path(text.path))}, auto_detect = false, header = {layout.header_row == 1}, "
        f"quote = '\"', escape = '\"', delim = {literal(layout.delimiter)}, columns = {{{columns}}})"
    )
    try:
        connection.execute(f"CREATE OR REPLACE TABLE {raw} AS {select}")
    except duckdb.Error:
        return False
    return True


def _through_python(
    connection: duckdb.DuckDBPyConnection, text: TextFile, layout: _Layout, raw: str, mapping: FileMapping
) -> list[Problem]:
    columns = ", ".join(f"{quoted(header)} VARCHAR" for header in layout.headers)
    connection.execute(f"CREATE OR REPLACE TABLE {raw} ({columns}, _row BIGINT)")
    problems: list[Problem] = []
    rows = _good_rows(text, layout, problems)
    tail: list[tuple[int, list[str]]] = []
    while batch := list(islice(rows, BATCH)):
        _insert_even(connection, raw, text.shown, layout.headers, tail, problems)
        tail = batch
    cut = footer_length([row for _, row in tail], mapping.footer_rows)
    if cut:
        problems.append(footer_skipped([row for _, row in tail[-cut:]], text.shown))
        tail = tail[:-cut]
    _insert_even(connection, raw, text.shown, layout.headers, tail, problems)
    return problems


def _insert_even(
    connection: duckdb.DuckDBPyConnection,
    raw: str,
    shown: str,
    headers: list[str],
    rows: list[tuple[int, list[str]]],
    problems: list[Problem],
) -> None:
    """Insert the rows as wide as the header; the others are problems."""
    width = len(headers)
    wrong = [(number, row) for number, row in rows if len(row) != width]
    problems += [_wrong_width(shown, number, row, width) for number, row in wrong]
    _insert(connection, raw, headers, [item for item in rows if len(item[1]) == width])


def _good_rows(text: TextFile, layout: _Layout, problems: list[Problem]) -> Iterator[tuple[int, list[str]]]:
    """The file's rows with their numbers; a line whose quotation marks do not close costs itself alone."""
    width = len(layout.headers)
    with text.path.open(encoding=_codec(text), newline="") as stream:
        lines = _Lines(stream)
        number = 0
        while True:
            reader = csv.reader(lines, delimiter=layout.delimiter, strict=True)
            error = ""
            try:
                for row in reader:
                    number += 1
                    if len(lines.taken) > 1 and len(row) != width and number > layout.header_row:
                        error = f"it would go on over {len(lines.taken)} lines and have {len(row)} cells"
                        break
                    lines.taken.clear()
                    if number > layout.header_row and any(cell.strip() for cell in row):
                        yield number, row
            except csv.Error as wrong:
                number += 1
                error = str(wrong)
            if not error:
                return
            problems.append(
                problem(
                    "broken-quotes",
                    file=text.shown,
                    row=number,
                    value=lines.taken[0].rstrip("\r\n")[:80],
                    error=error,
                )
            )
            lines.after_first()


class _Lines:
    """A file's lines, of which those of the row that is being read can be read once more."""

    def __init__(self, stream: Iterator[str]) -> None:
        self.stream = stream
        self.again: deque[str] = deque()
        self.taken: list[str] = []

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self.again.popleft() if self.again else next(self.stream)
        self.taken.append(line)
        return line

    def after_first(self) -> None:
        """Begin again at the line that follows the row's first."""
        self.again.extendleft(reversed(self.taken[1:]))
        self.taken.clear()


def _insert(
    connection: duckdb.DuckDBPyConnection, raw: str, headers: list[str], rows: list[tuple[int, list[str]]]
) -> None:
    if not rows:
        return
    columns = list(zip(*(row for _, row in rows), strict=True))
    arrays = [pa.array(column, pa.string()) for column in columns]
    table = pa.table([*arrays, pa.array([n for n, _ in rows], pa.int64())], [*headers, "_row"])
    register(connection, "_batch", table)
    connection.execute(f"INSERT INTO {raw} SELECT * FROM _batch")
    connection.unregister("_batch")


def _wrong_width(shown: str, number: int, row: list[str], width: int) -> Problem:
    return problem(
        "wrong-width", file=shown, row=number, value=",".join(row)[:80], count=len(row), width=width
    )


def _trim_footer(
    connection: duckdb.DuckDBPyConnection, raw: str, layout: _Layout, shown: str
) -> list[Problem]:
    last = connection.execute(f"SELECT * FROM {raw} ORDER BY _row DESC LIMIT 20").fetchall()
    rows = [[cell or "" for cell in row[:-1]] for row in reversed(last)]
    cut = footer_length(rows, None)
    if not cut:
        return []
    connection.execute(f"DELETE FROM {raw} WHERE _row >= ?", [last[cut - 1][-1]])
    return [footer_skipped(rows[-cut:], shown)]
