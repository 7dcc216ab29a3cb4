"""How a notebook begins: its module, its parameters and the workbook, as one panel."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from salesops_nb.errors import Problem, SalesopsError
from salesops_nb.notebook.module import class_in, module_of

if TYPE_CHECKING:
    from salesops_nb.present.controls import Panel


def begin(name: str, namespace: dict[str, Any]) -> Panel:
    """The notebook's panel, its parameters read, its workbook opened, and its module beside it.

    Parameters
    ----------
    name : the notebook's name without its ending, which is its module's too. The module stands beside the
        notebook, in the workbook's folder ``notebooks``, or in the package's ``salesops_nb.notebook``.
    namespace : the notebook's ``globals()``.

    Returns
    -------
    Panel
        ``panel.workbook`` is the opened workbook, ``panel.asked`` the parameters in force, ``panel.module``
        that module; `step` and `show` mark the notebook's functions.

    Raises
    ------
    SalesopsError
        where there is no such module, it has no class of parameters or one that no control fits, a
        parameter is unknown or has a wrong value, or the workbook cannot be opened.

    Examples
    --------
    The first code cell after the parameters::

        panel = notebook.begin("loss_reasons", globals())
        show = panel.module
    """
    from salesops_nb.present.panel_start import panel

    module = module_of(name) or _module_beside(name, str(namespace.get("workbook", ".")))
    made = panel(class_in(module), namespace)
    made.module = module
    return made


def _module_beside(name: str, workbook: str) -> ModuleType:
    """The analyst's own module, beside the notebook or in the workbook's folder of notebooks."""
    from salesops_nb.workbook import find_workbook

    places = [Path.cwd(), find_workbook(workbook) / "notebooks"]
    module = module_of(name, *places)
    if module is None:
        raise SalesopsError(
            Problem(
                "no-module",
                f"The notebook {name} has no module {name}.py.",
                f"Put it beside the notebook, in {places[1]}, or type: salesops new-notebook {name}.",
                value=name,
            )
        )
    return module
