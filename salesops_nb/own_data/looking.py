"""A file looked at: its columns with what kind of value each holds, how many, and samples.

It is read by the reader that a workbook reads it by, so that what is seen here is what a run will see.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

import duckdb

from salesops_nb.errors import SalesopsError, problem
from salesops_nb.own_data.layouts import every_header
from salesops_nb.source.checks.rejects import EMPTY
from salesops_nb.source.columns import formats, parsing
from salesops_nb.source.columns.currencies import code_of
from salesops_nb.source.files.reading import EXCEL, read_source
from salesops_nb.source.schema.mapping import FileMapping
from salesops_nb.source.schema.raw import Raw, described, literal, quoted
from salesops_nb.workbook import Settings

LOOKED = 5000  # rows from which the kinds of values are told
SEARCHED = 15  # rows in which headers are sought that are not known
CLEAR = 0.9


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a file; `kind` is empty, number, date, flag, email, currency or text.

    `clock` is whether its dates have a time with a zone, and `shown` are a few of its values.
    """

    header: str
    kind: str
    filled: int
    distinct: int
    shown: tuple[str, ...] = ()
    clock: bool = False


@dataclass
class SeenFile:
    """A file or one sheet of it, with its rows on a connection; `blanks` are its words for an empty cell.

    `title` is the sheet's name, also where the file has only one.
    """

    path: Path
    sheet: str | None
    raw: Raw
    connection: duckdb.DuckDBPyConnection
    header_row: int | None = None
    columns: dict[str, Column] = field(default_factory=dict)
    blanks: tuple[str, ...] = ()
    title: str = ""

    @property
    def name(self) -> str:
        """The file's name, with its sheet."""
        return f"{self.path.name} [{self.sheet}]" if self.sheet else self.path.name

    @property
    def headers(self) -> list[str]:
        """The headers of columns that hold anything."""
        return [column.header for column in self.columns.values() if column.filled]

    @property
    def rows(self) -> int:
        """How many rows it has."""
        row = self.connection.execute(f"SELECT count(*) FROM {self.raw.name}").fetchone()
        return int(row[0]) if row else 0

    def counted(self, header: str) -> Counter[str]:
        """Each value of a column with the number of its rows, in the order of first appearance."""
        text = self.text(header)
        rows = self.connection.execute(
            f"SELECT v, count(*) FROM (SELECT {text} AS v, _row FROM {self.raw.name}) "
            "WHERE v IS NOT NULL GROUP BY v ORDER BY min(_row)"
        ).fetchall()
        return Counter(dict(rows))

    def pairs(self, first: str, second: str) -> Counter[tuple[str, str | None]]:
        """Each pair of values of two columns with the number of its rows."""
        rows = self.connection.execute(
            f"SELECT {self.text(first)} AS a, {self.text(second)} AS b, count(*), min(_row) AS r "
            f"FROM {self.raw.name} GROUP BY 1, 2 HAVING a IS NOT NULL ORDER BY r"
        ).fetchall()
        return Counter({(row[0], row[1]): row[2] for row in rows})

    def distinct(self, headers: list[str]) -> bool:
        """Whether no two rows have the same values in these columns."""
        key = " || '\x1f' || ".join(f"coalesce({self.text(header)}, '')" for header in headers)
        row = self.connection.execute(
            f"SELECT count(*), count(DISTINCT {key}) FROM {self.raw.name}"
        ).fetchone()
        return row is not None and row[0] == row[1]

    def text(self, header: str) -> str:
        """The SQL of a column's trimmed text."""
        text = parsing.trimmed(f"CAST({quoted(header)} AS VARCHAR)")
        if not self.blanks:
            return text
        return f"CASE WHEN {text} NOT IN ({', '.join(map(literal, self.blanks))}) THEN {text} END"

    def look_again(self, raw: Raw) -> None:
        """Take these rows for the file's, and see what their columns hold."""
        self.raw = raw
        self.columns = {header: _column(self, header) for header in raw.types}

    def formats(self, numbers: Iterable[str], dates: Iterable[str]) -> formats.Formats:
        """How these columns write numbers and dates, with what nothing in the file decides."""
        return formats.detect(
            self.connection,
            self.raw.name,
            self.name,
            [formats.Column(header, header, self.text(header)) for header in numbers],
            [formats.Column(header, header, self.text(header)) for header in dates],
            [],
            None,
            None,
        )


def look(paths: Iterable[Path]) -> list[SeenFile]:
    """Every file, and every sheet of an Excel workbook, as it is seen.

    Raises `SalesopsError` with each file that cannot be read.
    """
    connection = duckdb.connect()
    connection.execute("CREATE SCHEMA raw")
    found: list[SeenFile] = []
    problems = []
    for path in paths:
        try:
            if not path.is_file():
                raise SalesopsError(problem("missing-file.to-look-at", file=path.name, value=path))
            for sheet, title in _sheets(path):
                found.append(_seen(connection, path, sheet, f"file {len(found)}"))
                found[-1].title = title
        except SalesopsError as error:
            problems += error.problems
    if problems:
        raise SalesopsError(problems)
    return found


def _sheets(path: Path) -> list[tuple[str | None, str]]:
    """The sheets of an Excel workbook that hold anything, with their titles; a sole sheet has no name."""
    if path.suffix.lower() not in EXCEL:
        return [(None, "")]
    import python_calamine

    try:
        book = python_calamine.CalamineWorkbook.from_path(str(path))
        filled = [name for name in book.sheet_names if book.get_sheet_by_name(name).height > 1]
    except (python_calamine.CalamineError, OSError) as error:
        raise SalesopsError(problem("bad-excel", file=path.name, error=str(error).splitlines()[0])) from error
    if len(book.sheet_names) > 1:
        return [(name, name) for name in filled]
    return [(None, book.sheet_names[0])]


def _seen(connection: duckdb.DuckDBPyConnection, path: Path, sheet: str | None, label: str) -> SeenFile:
    header_row, raw = None, _read(connection, path, sheet, label, None)
    if _headless(raw):
        for number in range(2, SEARCHED):
            try:
                tried = _read(connection, path, sheet, label, number)
            except SalesopsError:
                break
            if not _headless(tried):
                header_row, raw = number, tried
                break
        else:
            raw = _read(connection, path, sheet, label, None)
    if raw.types and all(kind != "VARCHAR" for kind in raw.types.values()):
        raw = replace(raw, types=described(connection, raw.name))
    seen = SeenFile(path, sheet, raw, connection, header_row)
    seen.look_again(raw)
    seen.blanks = _words_for_empty(seen)
    if seen.blanks:
        seen.look_again(raw)
    if not seen.headers:
        raise SalesopsError(problem("no-rows.to-look-at", file=seen.name))
    return seen


def _read(
    connection: duckdb.DuckDBPyConnection, path: Path, sheet: str | None, label: str, header_row: int | None
) -> Raw:
    settings = Settings(company="-", currency="USD", source=".")
    file = FileMapping(file=path.name, sheet=sheet, header_row=header_row)
    raw = read_source(connection, path.parent, settings, file, label, label, list(every_header()))
    assert raw is not None
    return raw


def _headless(raw: Raw) -> bool:
    """Whether what was taken for the headers is a title: most of the columns have no name, or no row fits."""
    unnamed = sum(header.startswith("column ") for header in raw.types)
    uneven = sum(problem.code == "wrong-width" for problem in raw.problems)
    return unnamed > len(raw.types) / 2 or (uneven > 2 and any(p.code == "no-rows" for p in raw.problems))


def _words_for_empty(seen: SeenFile) -> tuple[str, ...]:
    """Words such as NULL that stand in columns which hold days or numbers otherwise."""
    found: dict[str, None] = {}
    for header in seen.raw.types:
        text = seen.text(header)
        rows = seen.connection.execute(
            f"SELECT DISTINCT {text} AS v FROM {seen.raw.name} WHERE lower({text}) IN ({EMPTY}) ORDER BY v"
        ).fetchall()
        words = [str(row[0]) for row in rows]
        without = replace(seen, blanks=tuple(words))
        if words and _column(without, header).kind in ("date", "number"):
            found |= dict.fromkeys(words)
    return tuple(found)


def _column(seen: SeenFile, header: str) -> Column:
    """What kind of value nearly every cell of a column holds."""
    text = seen.text(header)
    days = " OR ".join(f"({parsing.day('v', order, 'UTC')}) IS NOT NULL" for order in ("dmy", "mdy"))
    numbers = [f"({parsing.number('v', mark, 'money')}) IS NOT NULL" for mark in (".", ",")]
    tests = [
        f"({days}) AND NOT regexp_full_match(v, '\\d+')",
        *numbers,
        f"({parsing.flag('v')}) IS NOT NULL",
        "regexp_full_match(v, '[^@\\s]+@[^@\\s]+\\.[^@\\s]+')",
        f"regexp_full_match(v, '{parsing.ZONED}') AND NOT regexp_full_match(v, '{formats.MIDNIGHT}')",
    ]
    counts = ", ".join(f"count(*) FILTER (WHERE {test})" for test in tests)
    looked = f"SELECT {text} AS v FROM {seen.raw.name} WHERE {text} IS NOT NULL LIMIT {LOOKED}"
    row = seen.connection.execute(f"SELECT count(*), count(DISTINCT v), {counts} FROM ({looked})").fetchone()
    filled, distinct, dates, dots, commas, flags, emails, clocks = row or (0,) * 8
    shown = seen.connection.execute(f"SELECT DISTINCT v FROM ({looked}) ORDER BY v LIMIT 3").fetchall()
    values = tuple(str(each[0]) for each in shown)
    shares = {
        "date": dates,
        "flag": flags if distinct <= 2 else 0,
        "number": max(dots, commas),
        "email": emails,
    }
    kind = next((name for name, count in shares.items() if filled and count >= CLEAR * filled), "text")
    if kind == "text" and 0 < distinct <= 40 and all(code_of(value) for value in seen.counted(header)):
        kind = "currency"
    return Column(header, kind if filled else "empty", filled, distinct, values, bool(clocks))
