"""The mapping file: which file holds each of our tables, and what its columns are called there."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from salesops_nb.workbook import Exact, Settings, read_yaml, validated


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
    """A file (or sheet, or database table) and the names its columns bear there."""

    file: str | None = None
    source: str | None = None
    sheet: str | None = None
    table: str | None = None
    where: str | None = None
    columns: dict[str, Text] = Field(default_factory=dict)
    values: dict[str, dict[Text, Text]] = Field(default_factory=dict)
    constants: dict[str, Text] = Field(default_factory=dict)
    multiply: dict[str, Exact] = Field(default_factory=dict)
    optional: bool = False
    encoding: str | None = None
    delimiter: str | None = Field(default=None, min_length=1, max_length=1)
    decimal_mark: Literal[".", ","] | None = None
    date_order: Literal["ymd", "dmy", "mdy"] | None = None
    header_row: int | None = Field(default=None, ge=1)
    footer_rows: int | None = Field(default=None, ge=0)
    blanks: tuple[Text, ...] = ()
    keep: tuple[Text, ...] = ()


class JoinedFile(FileMapping):
    """A further file whose columns join ours by key, such as hire dates kept by HR."""

    on: str


class TableMapping(FileMapping):
    """One of our tables: its main file, the stages of a deal, further files joined by key."""

    stages: dict[Text, Outcome] = Field(default_factory=dict)
    joins: tuple[JoinedFile, ...] = ()


class Mapping(_Part):
    """The whole mapping file."""

    tables: dict[str, TableMapping]


def load_mapping(folder: Path, settings: Settings) -> Mapping:
    """The validated mapping that ``workbook.yml`` names."""
    path = folder / settings.mapping
    return validated(Mapping, read_yaml(path), path.name)
