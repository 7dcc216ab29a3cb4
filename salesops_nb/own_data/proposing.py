"""From files to a proposal: a table for each, its columns, and what only the person knows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from salesops_nb.core.periods import FiscalCalendar
from salesops_nb.errors import SalesopsError, problem
from salesops_nb.expression import lacking, parse_value
from salesops_nb.messages import listed, message
from salesops_nb.own_data import amounts, dates, deals, joining
from salesops_nb.own_data.answers import Answers
from salesops_nb.own_data.columns import Found, Proposed, columns_of, table_of
from salesops_nb.own_data.layouts import Layout, known_tables
from salesops_nb.own_data.looking import SeenFile, look
from salesops_nb.own_data.together import together, whole
from salesops_nb.source.columns.headers import plain
from salesops_nb.source.columns.period_names import MONTHS
from salesops_nb.source.schema.contracts import CONTRACTS
from salesops_nb.source.schema.mapping import Mapping as MappingFile
from salesops_nb.source.shaping.keyless import made_of


@dataclass
class Proposal:
    """Tables for the files, and the settings of the workbook that they tell or that were answered."""

    tables: dict[str, Proposed]
    left: list[SeenFile] = field(default_factory=list)
    lacking: list[str] = field(default_factory=list)
    money: amounts.Money | None = None
    time_zone: str = "UTC"
    start_month: int = 1


def propose(
    paths: Iterable[Path],
    answers: Answers,
    calendar: FiscalCalendar | None = None,
    there: Mapping[str, Proposed] | None = None,
    looked: Callable[[Iterable[Proposed]], None] = lambda tables: None,
) -> Proposal:
    """Look at the files and propose what each of them is.

    `looked` is called with what the files tell by themselves, before anything is asked.

    `calendar` is that of an existing workbook, whose settings are not asked for again, and `there` its deals
    and people, which the files join.
    """
    tables, left = _tables(look(paths), answers)
    if not tables or (calendar is None and "deals" not in tables):
        seen = left or [made.seen for made in tables.values()]
        raise SalesopsError(
            problem(
                "no-deals",
                file=seen[0].name if seen else None,
                headers=listed(seen[0].headers if seen else [], 30),
                tables=listed(known_tables()),
            )
        )
    looked(tables.values())
    made = Proposal(tables, left)
    selling = tables.get("deals")
    if selling is not None:
        deals.needed_columns(selling, answers)
        deals.made_id(selling)
        deals.stages(selling, answers)
        deals.closing(selling, answers)
        if "fx_rates" in tables:
            answers.given["fx_rates"] = "file"
        made.money = amounts.money(selling, answers) if calendar is None else None
    if calendar is None:
        made.start_month = int(
            answers.ask(
                "--fiscal-year",
                message("In which month does the fiscal year begin?"),
                default="1",
                read=_month,
            )
            or 1
        )
        calendar = FiscalCalendar(start_month=made.start_month)
    others = {**(there or {}), **tables}
    if "people" in tables:
        made.lacking = joining.people(tables["people"], others.get("deals"))
    if "targets" in tables:
        joining.targets(tables["targets"], others.get("people"), others.get("deals"), answers, calendar)
    for table in tables.values():
        dates.formats(table, answers)
        _whole(table, answers)
    made.time_zone = dates.time_zone([*tables.values()], answers)
    return made


def mapped(folder: Path, mapping: MappingFile, table: str) -> Proposed | None:
    """A table of an existing workbook as if it were proposed; ``None`` where it is no file of its folder."""
    entry = mapping.tables.get(table)
    if entry is None or entry.file is None or not (folder / entry.file).is_file():
        return None
    seen = next((s for s in look([folder / entry.file]) if entry.sheet in (None, s.sheet)), None)
    if seen is None:
        return None
    by_name = {plain(header): header for header in seen.columns}
    columns = {
        column: Found(by_name[plain(header)], "sure", message("as mapped"))
        for column, header in (entry.headers or {name: name for name in CONTRACTS[table].by_name}).items()
        if plain(header) in by_name
    }
    needed = "person_id" if table == "people" else "owner_id"
    return Proposed(table, seen, None, columns) if needed in columns else None


def _tables(files: list[SeenFile], answers: Answers) -> tuple[dict[str, Proposed], list[SeenFile]]:
    """A proposal for each table that a file holds; files of the same table follow one another."""
    tables: dict[str, Proposed] = {}
    left: list[SeenFile] = []
    forced: dict[str, str] = answers.given.get("table", {})
    of_tables: dict[str, list[SeenFile]] = {}
    for seen in files:
        table = forced.get(seen.path.name) or table_of(seen)[0]
        (left if table is None else of_tables.setdefault(table, [])).append(seen)
    for table, seen_files in of_tables.items():
        tables[table] = _of_files(table, seen_files, answers)
    if left and len(files) > 1 and all(seen.sheet is None for seen in left):
        raise SalesopsError([_unknown(seen) for seen in left])
    return tables, left


def _of_files(table: str, files: list[SeenFile], answers: Answers) -> Proposed:
    """A table as all of its files together have it."""
    files, lacking = whole(files)
    layout = table_of(files[0])[1]
    own = layout if layout is not None and layout.table == table else None
    given: dict[str, str] = answers.given.get("column", {}).get(table, {})
    made = columns_of(files[0], table, own, given)
    made.more, made.lacking = files[1:], lacking
    made.keys |= _layout_keys(made, own, given)
    made.keys |= {"constants": dict(answers.given.get("constant", {}).get(table, {}))}
    for column in made.keys["constants"]:
        made.columns.pop(column, None)
    _same_headers(made)
    together(made)
    return made


def _layout_keys(made: Proposed, layout: Layout | None, given: Mapping[str, str]) -> dict[str, Any]:
    """What a built-in mapping says beside columns and stages, an expression where the file can make it.

    A column that is `given` is that column, whatever the mapping would make it of.
    """
    if layout is None:
        return {}
    keys = {key: value for key, value in layout.rest.items() if key not in ("stages", "computed")}
    there = {header.casefold() for header in made.seen.columns}
    computed = {}
    for column, text in layout.rest.get("computed", {}).items():
        if column in given or column == "role":  # which is looked for in every layout alike, by `joining`
            continue
        if without := lacking(parse_value(text), there):
            made.notes.append(
                message(
                    "{column}: the file has no {field}, by which {crm} tells it",
                    column=column,
                    field=without[0].name,
                    crm=layout.crm,
                )
            )
        else:
            computed[column] = text
            made.columns.pop(column, None)
    return keys | ({"computed": computed} if computed else {})


def _same_headers(made: Proposed) -> None:
    """Each file has the columns that no row can do without; which of the others one lacks is said."""
    required = {column.name for column in CONTRACTS[made.table].columns if column.required} | {"amount"}
    without: dict[str, list[str]] = {}
    empty: dict[str, list[str]] = {}
    for column, found in made.columns.items():
        for name in made.lacking.get(found.header, []):
            (without if column in required else empty).setdefault(name, []).append(found.header)
    if without:
        name, headers = next(iter(without.items()))
        other = next(seen.name for seen in [made.seen, *made.more] if seen.name != name)
        raise SalesopsError(
            problem(
                "two-files-of-a-table",
                file=name,
                other=other,
                table=made.table,
                headers=listed(dict.fromkeys(headers), 8),
            )
        )
    for name, headers in empty.items():
        shown = listed(dict.fromkeys(headers), 8)
        made.notes.append(message("{file} has no {columns}: empty in its rows", file=name, columns=shown))


def _unknown(seen: SeenFile) -> Any:
    return problem(
        "unknown-file", file=seen.name, headers=listed(seen.headers, 30), tables=listed(known_tables())
    )


def _whole(made: Proposed, answers: Answers) -> None:
    """Every column that the table cannot do without is there, by a column or a constant."""
    if made.table == "accounts" and not made.has("account_id") and "name" in made.columns:
        made.columns["account_id"] = made.columns["name"]
        made.notes.append(message("account_id: the name, as no column is an id"))
    wide = {"period", "value"} if "wide" in made.keys else set()
    for column in CONTRACTS[made.table].columns:
        name = column.name
        made_by_reader = name == "deal_id" and made_of(made.columns)
        if not column.required or made.has(name) or name in wide or made_by_reader:
            continue
        free = made.unused()
        if not free:
            raise SalesopsError(
                problem(
                    "no-column", table=made.table, file=made.seen.name, column=name,
                    headers=listed(made.seen.headers, 30),
                )
            )  # fmt: skip
        header = answers.ask(
            f"--column {name}=HEADER",
            message("Which column of {file} is {column}?", file=made.seen.name, column=name),
            free,
        )
        if header is not None:
            made.columns[name] = Found(header, "sure", message("as you say"))


def _month(text: str) -> int:
    if text.isdigit() and 1 <= int(text) <= 12:
        return int(text)
    for number, names in MONTHS.items():
        if plain(text) in names:
            return number
    raise ValueError(message("write a month as 1 to 12 or by its name"))
