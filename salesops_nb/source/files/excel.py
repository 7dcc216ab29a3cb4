"""Excel and OpenDocument workbooks: a sheet's rows with their numbers, titles and footers skipped."""

from __future__ import annotations

import hashlib
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from salesops_nb.errors import SalesopsError, problem
from salesops_nb.messages import listed
from salesops_nb.source.columns.headers import footer_length, footer_skipped, header_of, unique_headers
from salesops_nb.source.schema.mapping import FileMapping
from salesops_nb.source.schema.raw import Raw, quoted, register


def read_excel(
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    file: FileMapping,
    table: str,
    label: str,
    shown: str,
    wanted: list[str],
) -> Raw:
    """A sheet as a table of text; dates become ISO, numbers keep every digit Excel stores."""
    name, cells = _sheet(path, file, table, shown)
    shown = f"{shown} [{name}]"
    rows = [[_text(cell) for cell in row] for row in cells]
    if not any(any(row) for row in rows):
        raise SalesopsError(problem("empty-file.sheet", file=shown))
    header_row, header, notes = header_of(rows, wanted, file, shown)
    headers, doubled = unique_headers(header, shown)
    body = [(i + 1, row) for i, row in enumerate(rows) if i >= header_row and any(row)]
    cut = footer_length([row for _, row in body], file.footer_rows)
    if cut:
        notes.append(footer_skipped([row for _, row in body[-cut:]], shown))
        body = body[:-cut]
    columns = [pa.array([row[i] for _, row in body], pa.string()) for i in range(len(headers))]
    arrow = pa.table([*columns, pa.array([n for n, _ in body], pa.int64())], [*headers, "_row"])
    view = f"raw.{quoted(label)}"
    register(connection, "_sheet", arrow)
    connection.execute(f"CREATE OR REPLACE TABLE {view} AS SELECT * FROM _sheet")
    connection.unregister("_sheet")
    digest = hashlib.blake2b(repr(rows).encode(), digest_size=16).digest()
    return Raw(view, shown, dict.fromkeys(headers, "VARCHAR"), digest, [*notes, *doubled])


def _sheet(path: Path, file: FileMapping, table: str, shown: str) -> tuple[str, list[list[Any]]]:
    """The named sheet, the one called as the table, or the only one."""
    import python_calamine

    try:
        book = python_calamine.CalamineWorkbook.from_path(str(path))
        names: list[str] = book.sheet_names
        wanted = file.sheet or (table if table in names else names[0] if len(names) == 1 else None)
        if wanted is not None and wanted in names:
            return wanted, book.get_sheet_by_name(wanted).to_python(skip_empty_area=False)
    except (python_calamine.CalamineError, OSError) as error:
        raise SalesopsError(problem("bad-excel", file=shown, error=str(error).splitlines()[0])) from error
    raise SalesopsError(problem("missing-sheet", file=shown, value=file.sheet or table, names=listed(names)))


def _text(cell: object) -> str:
    """A cell as text that is read again without loss."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else format(cell, ".15g")
    if isinstance(cell, datetime):
        return cell.isoformat(sep=" ") if cell.time() != time(0) else cell.date().isoformat()
    if isinstance(cell, date | time):
        return cell.isoformat()
    if isinstance(cell, timedelta):
        return str(cell)
    return str(cell).strip()
