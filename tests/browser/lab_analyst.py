"""What an analyst does at a notebook, for every notebook and every parameter there is.

Nothing here knows a notebook by name: what to type comes from the parameter's type, limits and examples.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import nbformat
from lab_reference import Answer, Reference
from lab_server import Server
from lab_sheet import Screen, Sheet

from salesops_nb import parameters
from salesops_nb.notebook import parameters_of

LARGE = 12_345_678.0  # money or heads where a class sets no upper limit
LAST_DAY = date(2017, 12, 31)  # of the demo's data


@dataclass
class Opened:
    """A notebook in JupyterLab, run, and the same notebook in a kernel without a page."""

    name: str
    sheet: Sheet
    reference: Reference
    asked: dict[str, Any] = field(default_factory=dict)  # what is on screen, as the package computes it
    screen: Screen = field(default_factory=list)
    first: tuple[dict[str, Any], Screen] = field(default=({}, []))  # the same as the cells have it
    soiled: bool = False
    seen: bytes = b""  # a picture of it as it was first run

    @cached_property
    def kind(self) -> type[parameters.Parameters]:
        """The class of its parameters."""
        return kind_of(self.folder, self.name)

    @property
    def folder(self) -> Path:
        """Where the notebook stands."""
        return self.sheet.server.folder / "notebooks"

    def hanging(self, name: str) -> list[str]:
        """The parameters whose choices hang on this one."""
        return [other for other, field in self.kind.model_fields.items() if by(field) == name]

    @contextmanager
    def moved(self) -> Iterator[None]:
        """While something is not as it was; where it fails, the next test opens the notebook anew."""
        self.soiled = True
        yield
        self.soiled = False

    def runs(self) -> None:
        """It has been run: the screen says what a run without a page says, from its top."""
        self.asked = self.sheet.asks()
        self.screen = self._expected(self.reference.run(self.name, self.asked))
        self.sheet.wait_for(self.screen)
        self.first = self.asked, self.screen

    def follows(self, asked: dict[str, Any], anew: bool = False) -> list[int]:
        """The screen says what is computed where that is asked; the cells that say something else now.

        It is computed from what changed, or `anew` from the notebook's first cell.
        """
        answer = self.reference.run(self.name, asked) if anew else self.reference.change(asked)
        before, self.asked, self.screen = self.screen, asked, self._expected(answer)
        self.sheet.wait_for(self.screen)
        return [
            at for at, (old, new) in enumerate(zip(before, self.screen, strict=True)) if old != new
        ]  # fmt: skip

    def _expected(self, answer: Answer) -> Screen:
        assert answer.problem == "", answer.problem
        return self.sheet.expected(answer.cells)


class Desk:
    """One notebook open at a time."""

    def __init__(self, browser: Any, server: Server, reference: Reference, pictured: bool = False) -> None:
        self.browser, self.server, self.reference, self.pictured = browser, server, reference, pictured
        self._open: Opened | None = None
        self._broken: dict[str, str] = {}  # notebooks that did not say, when run, what is computed

    def open(self, name: str, asked: Mapping[str, Any]) -> Opened:
        """The notebook, opened and run where it is not, with these parameters in place of its own.

        One that failed at that fails at once the next time: each try waits for minutes.
        """
        assert name not in self._broken, self._broken[name]
        if self._open is None or self._open.name != name or self._open.soiled:
            self.clear()
            _ask(self.server.folder / "notebooks" / f"{name}.ipynb", asked)
            self._open = Opened(name, self._sheet(name), self.reference)
            self._open.sheet.run_all()
            self._open.seen = self._open.sheet.picture() if self.pictured else b""
            try:
                self._open.runs()
            except AssertionError as error:
                self._broken[name] = str(error)
                raise
        return self._open

    def open_again(self, opened: Opened) -> None:
        """Close the window and end the kernel, as overnight; then open the notebook, and run nothing."""
        opened.sheet.close()
        self.server.end_kernels()
        opened.sheet = self._sheet(opened.name)

    def clear(self) -> None:
        """Close what is open."""
        if self._open is not None:
            self._open.sheet.close()
            self.server.end_kernels()
            self._open = None

    def _sheet(self, name: str) -> Sheet:
        sheet = Sheet(self.browser, self.server, f"notebooks/{name}.ipynb")
        sheet.apart = self.reference.tells_live(name)
        return sheet


def _ask(path: Path, values: Mapping[str, Any]) -> None:
    """Write parameters at the end of the notebook's own cell of them, as a person edits it."""
    notebook = nbformat.read(path, as_version=4)
    (cell,) = [each for each in notebook.cells if "parameters" in each.metadata.get("tags", [])]
    missing = [line for name, value in values.items()
               if (line := f"{name} = {value!r}") not in cell.source.splitlines()]  # fmt: skip
    if missing:
        cell.source = "\n".join([cell.source, *missing])
        nbformat.write(notebook, path)


def notebooks(folder: Path) -> list[str]:
    """Names of the notebooks of a workbook."""
    return sorted(path.stem for path in (folder / "notebooks").glob("*.ipynb"))


def kind_of(folder: Path, name: str) -> type[parameters.Parameters]:
    """The class of a notebook's parameters, by the folder the notebook stands in."""
    kind = parameters_of(folder / f"{name}.ipynb")
    assert kind is not None, f"{name} has no module"
    return kind


def controls(folder: Path, names: list[str]) -> list[tuple[str, str]]:
    """Notebook and parameter, for every control that moves what is on screen."""
    return [(name, parameter) for name in names for parameter in moving(kind_of(folder, name))]


def moving(kind: type[parameters.Parameters]) -> list[str]:
    """The parameters whose control asks for something at once: all but those of the approval."""
    apart = {"workbook", *getattr(kind, "approval", ())}
    return [name for name in kind.model_fields if name not in apart]


def other_value(field: Any, value: Any) -> Any:
    """A value other than the present one that fits the parameter's type and limits, to be typed."""
    if field.examples:
        return next(each for each in field.examples if each != value)
    kinds = kinds_of(field.annotation)
    if date in kinds:
        return (date.fromisoformat(value) if value else LAST_DAY) - timedelta(days=31)
    if kinds & {int, float}:
        return _other_number(float in kinds, value, *limits(field))
    return "Because it is fair"


def _other_number(decimal: bool, value: Any, low: Any, high: Any) -> Any:
    start = value if value is not None else low or 0
    if high is None:
        return LARGE if decimal and value is None else start + (2 if value is None else 1)
    step = (high - low) / 8
    other = start + step if start + step <= high else start - step
    return round(other, 3) if decimal else round(other)


def wrong_values(field: Any, words: bool) -> list[str]:
    """What a person may type that does not fit; words where the control takes them."""
    kinds = kinds_of(field.annotation)
    low, high = limits(field)
    if not kinds & {int, float}:
        return []
    beyond = [low - 1] if low is not None else []
    beyond += [high + 1] if high is not None else []
    return [*(["ten or so"] if words else []), *map(str, beyond)]


def by(field: Any) -> str | None:
    """The parameter that a parameter's choices hang on, where there is one."""
    extra = field.json_schema_extra
    return extra.get("by") if isinstance(extra, dict) else None


def kinds_of(annotation: Any) -> set[Any]:
    """The plain types in an annotation."""
    if get_origin(annotation) is Literal:
        return {Literal}
    parts = get_args(annotation)
    return {kind for part in parts for kind in kinds_of(part)} if parts else {annotation}


def limits(field: Any) -> tuple[Any, Any]:
    """The limits of a parameter, where its class says."""

    def bound(*kinds: str) -> Any:
        found = (getattr(each, kind, None) for each in field.metadata for kind in kinds)
        return next((each for each in found if each is not None), None)

    return bound("ge", "gt"), bound("le", "lt")


def stored(folder: Path) -> list[str]:
    """All that the workbook's store holds, and the names of the files beside it."""
    rows: list[str] = []
    for path in sorted(folder.rglob("*")):
        parts = set(path.relative_to(folder).parts)
        if path.is_file() and not parts & {".ipynb_checkpoints", ".cache", "__pycache__"}:
            if path.suffix == ".sqlite":
                with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as store:
                    rows += store.iterdump()
            elif ".sqlite" not in path.name:
                rows.append(f"{path.relative_to(folder)}")
    return rows
