"""How a notebook begins: its module, its parameters and the workbook, as one panel."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from salesops_nb.errors import SalesopsError, problem
from salesops_nb.notebook.module import class_in, module_of
from salesops_nb.notebook.needs import unmet

if TYPE_CHECKING:
    from salesops_nb.present.panel.panel import Panel


def begin(name: str, namespace: dict[str, Any]) -> Panel:
    r"""The notebook's panel, its parameters read, its workbook opened, and its module beside it.

    Parameters
    ----------
    name : the notebook's name without its ending, which is its module's too. The module stands beside the
        notebook, in the workbook's folder ``notebooks``, or in the package's ``salesops_nb.notebook``.
    namespace : the notebook's ``globals()``.

    Returns
    -------
    Panel
        as `salesops_nb.present.panel.panel.panel` gives it, with ``panel.module``.

    Raises
    ------
    SalesopsError
        where there is no such module, it has no class of parameters or one that no control fits, a
        parameter is unknown or has a wrong value, or the workbook cannot be opened or lacks what the
        notebook needs.

    Examples
    --------
    The first code cell after the parameters; here ``globals()`` of a notebook that sets the period alone:

    >>> import contextlib, os, tempfile
    >>> from pathlib import Path
    >>> from salesops_nb import notebook
    >>> lines = "from salesops_nb.parameters import Sliced", "class LossReasons(Sliced): smallest: int = 5"
    >>> root = os.getcwd()
    >>> with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
    ...     length = Path("loss_reasons.py").write_text("\n".join(lines), encoding="utf-8")
    ...     panel = notebook.begin("loss_reasons", {"workbook": root, "period": "2017-Q3"})
    >>> panel.asked.period, panel.asked.smallest, panel.workbook.data_through
    ('2017-Q3', 5, datetime.date(2017, 12, 31))

    A notebook without a module:

    >>> notebook.begin("win_reasons", {})
    Traceback (most recent call last):
        ...
    salesops_nb.errors.SalesopsError: The notebook win_reasons has no module win_reasons.py. Put it beside
    the notebook, in ..., or type: salesops new-notebook win_reasons.
    """
    from salesops_nb.present.panel.start import panel

    module = module_of(name) or _module_beside(name, str(namespace.get("workbook", ".")))
    kind = class_in(module)
    made = panel(kind, namespace)
    why_not = unmet(kind.needs, made.workbook, name)
    if why_not is not None:
        raise SalesopsError(why_not)
    made.module = module
    return made


def _module_beside(name: str, workbook: str) -> ModuleType:
    """The analyst's own module, beside the notebook or in the workbook's folder of notebooks."""
    from salesops_nb.workbook import find_workbook

    places = [Path.cwd(), find_workbook(workbook) / "notebooks"]
    module = module_of(name, *places)
    if module is None:
        raise SalesopsError(problem("no-module", value=name, place=places[1]))
    return module
