"""The notebook ``start``: what each notebook of the workbook answers, and the state of the data."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import narwhals as nw
import nbformat
import pandas as pd

from salesops_nb import present
from salesops_nb.core.frames import collected
from salesops_nb.errors import SalesopsError
from salesops_nb.notebook.module import parameters_of
from salesops_nb.notebook.needs import unmet
from salesops_nb.parameters import Parameters
from salesops_nb.present.language.sentences import ngettext, translate
from salesops_nb.present.language.translation import _, prose
from salesops_nb.present.page.data_set_aside import set_aside

if TYPE_CHECKING:
    from salesops_nb.present.panel.panel import Panel
    from salesops_nb.source.opened import Workbook

SHOWN = 3  # of the tables that are simulated by name; the others are counted


class Start(Parameters):
    """What the notebook ``start`` may be asked: nothing but which workbook.

    Examples
    --------
    >>> from salesops_nb.notebook.start import Start
    >>> Start(workbook="..").workbook
    '..'
    """


@dataclass(frozen=True, slots=True)
class State:
    """How the data stand: rows by table, rows with a defect and their kinds, what is simulated."""

    through: date | None
    rows: dict[str, int]
    aside: int
    kinds: int
    simulated: tuple[str, ...]


def state(workbook: Workbook) -> State:
    """The state of a workbook's data."""
    rows = {
        name: int(collected(frame.select(rows=nw.len()))["rows"].iloc[0])
        for name, frame in sorted(workbook.tables.items())
    }
    parts = workbook.set_aside
    kinds = len({part.reason for part in parts})
    simulated = tuple(sorted(name for name in workbook.simulated if "." not in name))
    return State(workbook.data_through, rows, sum(part.count for part in parts), kinds, simulated)


def cover(panel: Panel, asked: Parameters, found: State) -> None:
    """The cover: whether the data can be worked with."""
    panel.cover(asked, title=_("Start"), as_of=found.through, lead=lead(found), used=panel.workbook.simulated)


def lead(found: State) -> str:
    """What the data are good for, in two sentences: whether rows are left out, and what is invented."""
    if not sum(found.rows.values()):
        return _("The workbook has no rows yet: begin with a file of your own, by salesops map FILE.")
    words = _("Every row counts: none has a defect.")
    if found.aside:
        words = ngettext(
            "{n} row is left out of figures that it would spoil; see below which, and what to do.",
            "{n} rows are left out of figures that they would spoil; see below which, and what to do.",
            found.aside,
        )
    if found.simulated:
        words += " " + ngettext(
            "{n} table is simulated, and every figure that rests on it says so.",
            "{n} tables are simulated, and every figure that rests on them says so.",
            len(found.simulated),
        )
    return words


def headlines(found: State) -> None:
    """The cards: how far the data reach, how much there is, what is left out, what is invented."""
    through = present.day(found.through) if found.through else "–"
    known = _("The last day that any deal names.")
    invented = ", ".join(found.simulated[:SHOWN]) or _("None: all is recorded.")
    if len(found.simulated) > SHOWN:
        invented = _("{names} and {n} more.", names=invented, n=len(found.simulated) - SHOWN)
    defects = ngettext("{n} kind of defect.", "{n} kinds of defects.", found.kinds)
    deals = found.rows.get("deals", 0)
    present.headlines(
        [
            {"label": _("Data through"), "value": through, "sentence": known},
            {"label": _("Deals"), "value": deals, "unit": "integer", "sentence": _("Open, won and lost.")},
            {"label": _("Rows left out"), "value": found.aside, "unit": "integer",
             "sentence": defects if found.aside else _("No row has a defect.")},
            {"label": _("Simulated tables"), "value": len(found.simulated), "unit": "integer",
             "sentence": invented},
        ]
    )  # fmt: skip


def notebooks(workbook: Workbook) -> None:
    """A table of the workbook's notebooks: what each answers, and what it still lacks."""
    rows = [_answers(path, workbook) for path in sorted((workbook.folder / "notebooks").glob("*.ipynb"))]
    frame = pd.DataFrame([row for row in rows if row], columns=["notebook", "question", "lacks"])
    present.show_table(frame, title=_("Notebooks"), table="start_notebooks", rows=None)


def tables(found: State) -> None:
    """A table of the workbook's tables with their rows; those that are invented say so."""
    frame = pd.DataFrame({"table": list(found.rows), "rows": list(found.rows.values())})
    invented = [name in found.simulated for name in found.rows]
    marks = {"simulated": invented}
    present.show_table(frame, title=_("Tables"), table="start_tables", row_marks=marks, rows=None)


def left_out(workbook: Workbook) -> None:
    """Control totals and rows with a defect; a total beyond its tolerance is told, and ends nothing here."""
    try:
        set_aside(workbook)
    except SalesopsError as error:
        for problem in error.problems:
            present.note(translate(problem.message), kind="error")


def _answers(path: Path, workbook: Workbook) -> tuple[str, str, str] | None:
    """A notebook's title, its question and what the workbook lacks for it; None of this one."""
    node: Any = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    first = node.cells[0] if node.cells else None
    if path.stem == "start" or first is None or first.cell_type != "markdown":
        return None
    words = prose(first.source)
    title = re.search(r"^# +(.+)$", words, re.M)
    question = re.search(r"\*\*(.+?)\*\*", words, re.S)
    kind = parameters_of(path)
    lacking = None if kind is None else unmet(kind.needs, workbook, path.stem)
    return (
        title[1].strip() if title else path.stem,
        " ".join(question[1].split()) if question else "",
        "" if lacking is None else translate(lacking.message),
    )
