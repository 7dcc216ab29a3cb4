"""The parameters cell of a notebook, written from the class that declares them.

papermill finds the cell by its tag and needs plain assignments in it; the class is what they mean. So the
cell is written from the class, never by hand, and cannot say anything else.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Literal, get_args, get_origin

from pydantic import ValidationError

from salesops_nb.parameters.kinds import Parameters

WIDTH = 110


def parameters_cell(kind: type[Parameters]) -> str:
    """The cell's source: a line a parameter with its default and what it means; `rare` ones left out.

    Parameters
    ----------
    kind : the class that declares a notebook's parameters.

    Returns
    -------
    str
        such as ``level = "company"  # whose performance: company, team or rep``.

    Examples
    --------
    >>> from salesops_nb.parameters import PerformanceReview
    >>> print(parameters_cell(PerformanceReview).splitlines()[3])
    level = "company"  # whose performance: company, team, rep
    """
    return "\n".join(_line(kind, name) for name in kind.model_fields if name not in kind.rare)


def _line(kind: type[Parameters], name: str) -> str:
    field = kind.model_fields[name]
    meaning = str(field.description or "")
    # an abbreviation keeps its capitals
    words = meaning if meaning[1:2].isupper() else meaning[:1].lower() + meaning[1:]
    plain = f"{name} = {_written(kind, name)}  # {words}"
    if get_origin(field.annotation) is not Literal:
        return plain
    listed = f"{plain}: {', '.join(map(str, get_args(field.annotation)))}"
    return listed if len(listed) <= WIDTH else plain


def _written(kind: type[Parameters], name: str) -> str:
    """A default as the cell states it: what is empty as the empty text, where the parameter takes that."""
    default = kind.model_fields[name].default
    if isinstance(default, str):
        return '"' + default.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if default in (None, ()):
        with suppress(ValidationError):
            if getattr(kind(**{name: ""}), name) == default:
                return '""'
    return repr(default)
