"""The mapping file: which file holds each of our tables, and what its columns are called there."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from salesops_nb.core.yaml_file import dotted, line_of, read_yaml
from salesops_nb.errors import Problem, SalesopsError, problem
from salesops_nb.expression import columns_of, parse_value
from salesops_nb.messages import listed, message
from salesops_nb.workbook import Exact, Settings, validated


def _text(value: object) -> object:
    """YAML's own scalars (numbers, dates, yes/no) as the text that stands in the file."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if value is None or isinstance(value, str | dict | list) else str(value)


Text = Annotated[str, BeforeValidator(_text)]
Outcome = Literal["open", "won", "lost"]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class FileMapping(_Part):
    """A file (or sheet, or database table) and the names its columns bear there.

    What `columns` names must be in the file; what `if_present` names is taken where it is. `where`
    is a condition on the file's own columns that narrows its rows (docs/expressions.md). Rows that the CRM
    marks as deleted, archived, merged or tests are left out and counted, unless `deleted` says ``keep``.
    `wide` names the columns of a wide sheet with the period of each: every cell becomes a row of its own.
    """

    file: str | None = None
    source: str | None = None
    sheet: str | None = None
    table: str | None = None
    where: str | None = None
    columns: dict[str, Text] = Field(default_factory=dict)
    if_present: dict[str, Text] = Field(default_factory=dict)
    values: dict[str, dict[Text, Text]] = Field(default_factory=dict)
    constants: dict[str, Text] = Field(default_factory=dict)
    computed: dict[str, Text] = Field(default_factory=dict)
    multiply: dict[str, Exact] = Field(default_factory=dict)
    optional: bool = False
    encoding: str | None = None
    delimiter: str | None = Field(default=None, min_length=1, max_length=1)
    decimal_mark: Literal[".", ","] | None = None
    date_order: Literal["ymd", "dmy", "mdy"] | None = None
    column_names: tuple[Text, ...] = ()
    fill: tuple[Text, ...] = ()
    header_row: int | None = Field(default=None, ge=1)
    footer_rows: int | None = Field(default=None, ge=0)
    blanks: tuple[Text, ...] = ()
    keep: tuple[Text, ...] = ()
    wide: dict[Text, Text] = Field(default_factory=dict)
    deleted: Literal["leave out", "keep"] = "leave out"

    @property
    def headers(self) -> dict[str, str]:
        """The file's name of each of our columns that the mapping speaks of, there or not."""
        return {**self.if_present, **self.columns}

    def mapped(self, headers: Iterable[str], ours: Container[str]) -> dict[str, str]:
        """The file's name of each column that must be in it; with none listed, of those that bear ours."""
        return dict(self.columns) or {name: name for name in headers if name in ours}


class JoinedFile(FileMapping):
    """A further file whose columns join ours by key, such as hire dates kept by HR."""

    on: str


class MoreRows(_Part):
    """A further file of a table, with rows of its own; all else is as the table's mapping says."""

    file: str | None = None
    sheet: str | None = None
    table: str | None = None
    optional: bool = False

    @model_validator(mode="after")
    def _named(self) -> MoreRows:
        if not (self.file or self.sheet or self.table):
            raise ValueError(message("name the file, sheet or table that has the further rows"))
        return self


class TableMapping(FileMapping):
    """One of our tables: its main file, the stages of a deal, files with more rows, files joined by key.

    `default_outcome` is what a deal is whose stage `stages` does not list; without it that is an error.
    `newest` keeps of each id the row of the last file (``file``) or with the latest moment in a column.
    """

    stages: dict[Text, Outcome] = Field(default_factory=dict)
    default_outcome: Outcome | None = None
    newest: Text | None = None
    more: tuple[MoreRows, ...] = ()
    joins: tuple[JoinedFile, ...] = ()

    def with_rows_of(self, more: MoreRows) -> FileMapping:
        """The mapping by which a file with more rows is read."""
        own = {name: getattr(self, name) for name in FileMapping.model_fields}
        return FileMapping.model_construct(**{**own, **more.model_dump()})


class Mapping(_Part):
    """The whole mapping file, upon one of the built-in ones where `based_on` names it."""

    tables: dict[str, TableMapping]
    based_on: str | None = None


BUILT_IN = Path(__file__).parent / "crm"


def built_in_names() -> list[str]:
    """The CRMs whose mapping comes with the package."""
    return sorted(path.stem for path in BUILT_IN.glob("*.yml"))


def load_mapping(folder: Path, settings: Settings) -> Mapping:
    """The validated mapping that ``workbook.yml`` names: a file of the workbook, or a CRM's own.

    Raises `SalesopsError` with every mistake of the file.
    """
    path = folder / settings.mapping
    if settings.mapping in built_in_names() and not path.exists():
        return validated(Mapping, _built_in(settings.mapping, path.name), BUILT_IN / f"{path.name}.yml")
    contents = read_yaml(path)
    if isinstance(contents, dict) and isinstance(contents.get("based_on"), str):
        contents = _merged(_built_in(contents["based_on"], path.name), contents)
    mapping = validated(Mapping, contents, path)
    problems = [
        placed(problem, path, place, *under)
        for place, file in files_of(mapping)
        for under, problem in _mistakes(file)
    ]
    if problems:
        raise SalesopsError(problems)
    return _with_every_file(mapping, folder, settings)


TABULAR = (".csv", ".tsv", ".txt", ".parquet", ".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")


def _with_every_file(mapping: Mapping, folder: Path, settings: Settings) -> Mapping:
    """The mapping with the files that a pattern or a folder means, by name; the newest of each id counts."""
    tables = {}
    for name, table in mapping.tables.items():
        found = _several(table, folder, settings)
        if found:
            more = (*(MoreRows(file=file) for file in found[1:]), *table.more)
            newest = table.newest or ("file" if len(found) > 1 else None)
            table = table.model_copy(update={"file": found[0], "more": more, "newest": newest})
        tables[name] = table
    return mapping.model_copy(update={"tables": tables})


def _several(table: TableMapping, folder: Path, settings: Settings) -> list[str]:
    """The files that a table's `file` means where it is no file itself, numbers in their names by value."""
    base = folder / (table.source or settings.source)
    if table.file is None or "://" in str(table.source or settings.source) or not base.is_dir():
        return []
    path = base / table.file
    if path.is_file() or Path(table.file).is_absolute() or ".." in Path(table.file).parts:
        return []
    paths = (
        path.iterdir() if path.is_dir() else base.glob(table.file) if re.search(r"[*?\[]", table.file) else ()
    )
    files = [p for p in paths if p.suffix.lower() in TABULAR and p.is_file() and p.name[0] not in ".~"]
    return [str(p.relative_to(base)) for p in sorted(files, key=by_number)]


def by_number(path: Path) -> list[tuple[int, int, str]]:
    """What files of one table are sorted by: their names, numbers in them by value."""
    parts = re.split(r"(\d+)", str(path))
    return [(0, int(part), "") if part.isdigit() else (1, 0, part.casefold()) for part in parts]


def files_of(mapping: Mapping) -> list[tuple[tuple[str | int, ...], FileMapping]]:
    """Every file of a mapping with the keys under which it stands."""
    found: list[tuple[tuple[str | int, ...], FileMapping]] = []
    for name, table in mapping.tables.items():
        found.append((("tables", name), table))
        found += [
            (
                ("tables", name, "more", i),
                table.with_rows_of(more).model_copy(update={"where": None, "computed": {}}),
            )
            for i, more in enumerate(table.more)
        ]
        found += [(("tables", name, "joins", i), join) for i, join in enumerate(table.joins)]
    return found


def placed(problem: Problem, path: Path, place: tuple[str | int, ...], *under: str) -> Problem:
    """A problem of a condition, or of a computed column, at the line of the mapping where it stands."""
    where = (*place, *(under or ("where",)))
    row = line_of(read_yaml(path, keep_lines=True), where) if path.is_file() else None
    table = problem.table or str(place[1])
    return replace(problem, table=table, file=path.name, row=row, column=dotted(where))


def _mistakes(file: FileMapping) -> list[tuple[tuple[str, ...], Problem]]:
    found: list[tuple[tuple[str, ...], Problem]] = []
    try:
        columns_of(file.where)
    except SalesopsError as error:
        found += [(("where",), problem) for problem in error.problems]
    for column, text in file.computed.items():
        try:
            parse_value(text)
        except SalesopsError as error:
            found += [(("computed", column), problem) for problem in error.problems]
    return found


def _built_in(name: str, file: str) -> Any:
    if name not in built_in_names():
        raise SalesopsError(
            problem(
                "unknown-mapping.built-in",
                file=file,
                column="based_on",
                value=name,
                names=listed(built_in_names()),
            )
        )
    return read_yaml(BUILT_IN / f"{name}.yml")


def _merged(base: Any, over: Any) -> Any:
    """The base with what stands over it; a key that is null over it is taken away."""
    if not isinstance(base, dict) or not isinstance(over, dict):
        return over
    result = dict(base)
    for key, value in over.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = _merged(base[key], value) if key in base else value
    return result
