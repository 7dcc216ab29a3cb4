"""Whether a workbook has what a notebook needs: one sentence for the check, the batch and the notebook.

A notebook's class declares its `needs`, each a text: ``people`` is a table with rows, ``deals.amount`` a
column with a value, ``deals.closed_on of won`` one among the deals that are won, ``plans/`` a pay plan in
that folder. ``a or b`` is met by either; what ends with ``for managers`` counts where a plan pays managers.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import narwhals as nw

from salesops_nb.core.frames import collected
from salesops_nb.errors import Problem, SalesopsError, problem

if TYPE_CHECKING:
    from salesops_nb.parameters import Parameters
    from salesops_nb.source.opened import Workbook

_MANAGERS = " for managers"
_NEED = re.compile(r"(?P<table>\w+)(?:\.(?P<column>\w+))?(?: of (?P<outcome>\w+))?")


def unmet(needs: Iterable[str], workbook: Workbook, notebook: str) -> Problem | None:
    """What a notebook needs and the workbook lacks, the first of it; None where it can run.

    Parameters
    ----------
    needs : as the notebook's class declares them.
    workbook : opened.
    notebook : its name, for the sentence.

    Examples
    --------
    >>> from salesops_nb import open_workbook
    >>> from salesops_nb.notebook.needs import unmet
    >>> unmet(("deals.amount of won", "exchange.rate"), open_workbook("."), "rates").message
    'rates is not possible: the workbook has no table exchange.'
    """
    for need in needs:
        found = [_lacking(one, workbook, notebook) for one in need.split(" or ")]
        if all(found):
            return found[0]
    return None


def impossible(asked: Parameters, workbook: Workbook, notebook: str) -> Problem | None:
    """What the run itself would say of the parameters it is asked with; None where it can run.

    Parameters
    ----------
    asked : the notebook's parameters, whose `foretell` knows what they rest on.
    workbook : opened, with all that the notebook's `needs` name.
    notebook : its name, for the sentence.

    Examples
    --------
    >>> from salesops_nb import open_workbook
    >>> from salesops_nb.notebook.needs import impossible
    >>> from salesops_nb.parameters import TargetSetting
    >>> impossible(TargetSetting(year=2020), open_workbook("."), "target_setting").message
    'target_setting is not possible: The year before 2020 has no bookings to grow from.'
    """
    try:
        asked.foretell(workbook)
    except SalesopsError as error:
        first = error.problems[0]
        return problem("not-possible.as-asked", notebook=notebook, why=first.message, fix=first.fix)
    return None


def _lacking(need: str, workbook: Workbook, notebook: str) -> Problem | None:
    if need == "plans/":
        there = any((workbook.folder / "plans").glob("*.y*ml"))
        return None if there else problem("not-possible.no-plan", notebook=notebook)
    if need.endswith(_MANAGERS) and not _pay_managers(workbook):
        return None
    match = _NEED.fullmatch(need.removesuffix(_MANAGERS))
    assert match is not None, f"{need!r} is no need"
    table, column, outcome = match["table"], match["column"], match["outcome"]
    wanted = column or "its columns"
    if table not in workbook.tables:
        return problem("not-possible.no-table", notebook=notebook, of=table, wanted=wanted)
    frame = workbook.table(table)
    if column is not None and column not in frame.collect_schema().names():
        return problem("not-possible.no-column", notebook=notebook, of=table, wanted=wanted)
    if outcome is not None:
        frame = frame.filter(nw.col("outcome") == outcome)
        if not _rows(frame):
            return problem(
                "not-possible.no-outcome", notebook=notebook, outcome=outcome, of=table, wanted=wanted
            )
    if column is None or _rows(frame.filter(~nw.col(column).is_null())):
        filled = column is not None or _rows(frame) > 0
        return None if filled else problem("not-possible.no-rows", notebook=notebook, of=table)
    return problem("not-possible.no-value", notebook=notebook, of=table, wanted=wanted)


def _pay_managers(workbook: Workbook) -> bool:
    """Whether a plan of the workbook pays managers; what is wrong with one, the check of plans says."""
    from salesops_nb.commission.plans.plan import load_plan, plan_files

    for file in plan_files(workbook.folder / "plans"):
        with suppress(SalesopsError):
            if any(component.payee == "manager" for component in load_plan(file).components):
                return True
    return False


def _rows(frame: Any) -> int:
    return int(collected(frame.select(rows=nw.len()))["rows"].iloc[0])
