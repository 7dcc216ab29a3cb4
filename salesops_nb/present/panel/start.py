"""How a notebook's panel begins: parameters read and checked, workbook opened, controls shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from salesops_nb import parameters
from salesops_nb.present.language.called import use_names
from salesops_nb.present.language.translation import use_locale
from salesops_nb.present.panel.panel import Panel


def panel(kind: type[parameters.Parameters], namespace: dict[str, Any]) -> Panel:
    """The notebook's panel: parameters read and checked, workbook opened, controls shown in JupyterLab.

    Parameters
    ----------
    kind : the class of the notebook's parameters.
    namespace : the notebook's ``globals()``; parameters and steps are kept up to date in it.

    Returns
    -------
    Panel
        ``panel.workbook`` is the opened workbook, ``panel.asked`` the parameters in force; `step` and
        `show` mark the notebook's functions.

    Raises
    ------
    SalesopsError
        with every unknown name and wrong value, or what is wrong with the workbook.
    """
    from salesops_nb.source import open_workbook

    asked = parameters.read(kind, namespace)
    workbook = open_workbook(asked.workbook)
    use_locale(workbook.settings.locale, workbook.settings.currency)
    use_names(workbook.tables)
    live = is_live()
    if live:
        asked = parameters.for_a_person(asked)
        namespace.update({name: getattr(asked, name) for name in kind.live})
    made = Panel(asked, workbook, namespace, live=live)
    if live:
        from salesops_nb.present.panel.view import show_panel

        show_panel(made)
    return made


def is_live() -> bool:
    """Whether a person at a notebook's page runs this cell.

    A page sends the id of the cell with what is to be run; papermill, nbval and the batch do not.
    """
    try:
        from IPython.core.getipython import get_ipython
    except ImportError:
        return False
    kernel = getattr(get_ipython(), "kernel", None)
    if kernel is None:
        return False
    parent: Mapping[str, Any] = kernel.get_parent("shell") or {}
    return "cellId" in (parent.get("metadata") or {})


def __dir__() -> list[str]:
    """What completion offers."""
    return ["is_live", "panel"]
