"""A notebook and its module: what the notebook may be asked, and what its cells show.

Each notebook has one module of its own name with one class of parameters and the functions that its cells
call. The notebook's first code cell begins with both::

    from salesops_nb import notebook

    panel = notebook.begin("loss_reasons", globals())
    show = panel.module
"""

from salesops_nb.notebook.beginning import begin
from salesops_nb.notebook.module import module_of, parameters_of

__all__ = ["begin", "module_of", "parameters_of"]


def __dir__() -> list[str]:
    """What completion offers."""
    return __all__
