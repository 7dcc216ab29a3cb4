"""Files that are no text, as lines of text: a workbook of Excel, a store."""

from __future__ import annotations

import json
import sqlite3
import zipfile
from collections.abc import Iterable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any


def line(row: Any) -> str:
    """One row as a line of JSON; what JSON has no word for stands with its type."""
    return json.dumps(row, ensure_ascii=False, default=_named)


def _named(value: Any) -> Any:
    if isinstance(value, set | frozenset):
        return sorted(value)
    if hasattr(value, "item") and getattr(value, "shape", None) == ():
        return value.item()
    return f"{type(value).__name__}({value})"


def write_lines(path: Path, rows: Iterable[Any]) -> None:
    """Rows as lines of JSON into a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{line(row)}\n" for row in rows), encoding="utf-8")


def xlsx_lines(path: Path) -> Iterator[str]:
    """Sheets, cells with value and format, and everything else of the file as hashes of its parts."""
    from openpyxl import load_workbook

    book = load_workbook(path)
    for name, value in sorted(vars(book.properties).items()):
        if value is not None:
            yield f"property {name}: {value}"
    for name, defined in sorted(book.defined_names.items()):
        yield f"name {name}: {defined.attr_text}"
    for sheet in book.worksheets:
        yield f"sheet {sheet.title}: {sheet.dimensions}, {sheet.sheet_state}, frozen {sheet.freeze_panes}"
        yield f"{sheet.title} merged: {' '.join(sorted(map(str, sheet.merged_cells.ranges)))}"
        widths = {key: each.width for key, each in sorted(sheet.column_dimensions.items())}
        yield f"{sheet.title} widths: {widths}"
        for row in sheet.iter_rows():
            for cell in row:
                if cell.value is not None or cell.has_style:
                    yield f"{sheet.title}!{cell.coordinate} {_cell(cell)}"
    with zipfile.ZipFile(path) as parts:
        for part in sorted(parts.namelist()):
            if not part.startswith("xl/worksheets/sheet") and part not in _IN_CELLS:
                yield f"part {part}: {sha256(parts.read(part)).hexdigest()}"


_IN_CELLS = ("xl/sharedStrings.xml", "xl/styles.xml", "docProps/core.xml")


def _cell(cell: Any) -> str:
    font, fill = cell.font, cell.fill.fgColor
    style = [
        cell.number_format,
        f"{font.name} {font.sz}{' bold' if font.b else ''}{' italic' if font.i else ''}",
        str(font.color.rgb if font.color else ""),
        str(fill.rgb if cell.fill.fill_type else ""),
        f"{cell.alignment.horizontal or ''} {cell.alignment.vertical or ''} {cell.alignment.wrap_text or ''}",
    ]
    link = f" -> {cell.hyperlink.target or cell.hyperlink.location}" if cell.hyperlink else ""
    note = f" note {cell.comment.text!r}" if cell.comment else ""
    return f"{cell.data_type} {cell.value!r} {style}{link}{note}"


def store_tables(path: Path) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Each table of a SQLite store, with its columns, and its rows in order of their values."""
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as connection:
        names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
        for (name,) in names.fetchall():
            found = connection.execute(f'SELECT * FROM "{name}"')
            columns = [column[0] for column in found.description]
            rows = [dict(zip(columns, row, strict=True)) for row in found.fetchall()]
            yield name, [{"columns": columns}, *sorted(rows, key=line)]
    connection.close()
