"""The module of a notebook: found by its name, and the class of parameters that it declares."""

from __future__ import annotations

import importlib
import importlib.util
import sys
import traceback
from pathlib import Path
from types import ModuleType
from typing import Any

from salesops_nb.errors import Problem, SalesopsError, problem
from salesops_nb.parameters import Parameters, controllable


def parameters_of(notebook: Path) -> type[Parameters] | None:
    r"""The class that declares a notebook's parameters; None for a plain notebook without a module.

    Raises `SalesopsError` where its module is broken, or declares no class of parameters.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from salesops_nb import notebook
    >>> lines = "from salesops_nb.parameters import Sliced", "class LossReasons(Sliced): smallest: int = 5"
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     length = Path(folder, "loss_reasons.py").write_text("\n".join(lines), encoding="utf-8")
    ...     kind = notebook.parameters_of(Path(folder, "loss_reasons.ipynb"))
    >>> kind.__name__, kind().smallest
    ('LossReasons', 5)
    """
    module = module_of(notebook.stem, notebook.parent)
    return None if module is None else class_in(module)


def module_of(name: str, *folders: Path) -> ModuleType | None:
    """The module of the notebook of that name: the package's own, or ``NAME.py`` in one of the folders.

    The package's is ``salesops_nb.notebook.NAME``; of a notebook with a folder there, its ``parameters``.
    A module in a folder is run anew each time, so that what was edited counts. Raises `SalesopsError`
    with file and line where it cannot be run.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from salesops_nb import notebook
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     length = Path(folder, "loss_reasons.py").write_text("SMALLEST = 5", encoding="utf-8")
    ...     module = notebook.module_of("loss_reasons", Path(folder))
    ...     missing = notebook.module_of("win_reasons", Path(folder))
    >>> module.SMALLEST, missing
    (5, None)
    """
    own = own_module(name)
    if own is not None:
        return importlib.import_module(own)
    for folder in folders:
        file = folder / f"{name}.py"
        if file.is_file():
            return _run(name, file)
    return None


def own_module(name: str) -> str | None:
    """The name of the package's own module of a notebook, where it has one."""
    own = f"salesops_nb.notebook.{name}"
    spec = importlib.util.find_spec(own) if name.isidentifier() else None
    if spec is not None and spec.submodule_search_locations is not None:
        own = f"{own}.parameters"
        spec = importlib.util.find_spec(own)
    return None if spec is None else own


def class_in(module: ModuleType) -> type[Parameters]:
    """The one class of parameters that the module declares.

    Raises `SalesopsError` where there is none or more than one, or no control fits a parameter.
    """
    own = [each for each in vars(module).values() if _declared_in(module, each)]
    file = Path(module.__file__ or module.__name__).name
    if len(own) != 1:
        found = ", ".join(kind.__name__ for kind in own) or "none"
        raise SalesopsError(problem("no-parameters-class", file=file, count=len(own), found=found))
    unfit = [
        problem("no-control", file=file, column=name, type=_spelled(field.annotation))
        for name, field in own[0].model_fields.items()
        if not controllable(field.annotation)
    ]
    if unfit:
        raise SalesopsError(unfit)
    kind: type[Parameters] = own[0]
    return kind


def _declared_in(module: ModuleType, value: Any) -> bool:
    return isinstance(value, type) and issubclass(value, Parameters) and value.__module__ == module.__name__


def _spelled(annotation: Any) -> str:
    return annotation.__name__ if isinstance(annotation, type) else str(annotation).replace("typing.", "")


def _run(name: str, file: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"salesops_notebooks.{name}", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # classes look their annotations up in the module that is registered under their name
    sys.modules[module.__name__] = module
    try:
        spec.loader.exec_module(module)
    except SalesopsError:
        raise
    except Exception as error:
        raise SalesopsError(_broken(file, error)) from error
    return module


def _broken(file: Path, error: Exception) -> Problem:
    """What is wrong with a module that cannot be run, at the line of it that failed last."""
    lines = [
        frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(file)
    ]
    line = error.lineno if isinstance(error, SyntaxError) else lines[-1] if lines else None
    what = error.msg if isinstance(error, SyntaxError) else str(error).split("\n")[0]
    return problem("broken-module", file=file.name, row=line, error=type(error).__name__, why=what)
