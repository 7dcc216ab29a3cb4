"""What each notebook may be asked: declared, typed and described once.

The panel, the command line, the batch file and the notebook itself read these classes. A notebook's
parameters cell holds plain assignments, as papermill expects; its next cell hands them to `read`.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import ValidationError
from rapidfuzz import process

from salesops_nb.errors import Problem, SalesopsError, unfit
from salesops_nb.parameters.commission import CommissionCalculation as CommissionCalculation
from salesops_nb.parameters.hiring import HiringNeeds as HiringNeeds
from salesops_nb.parameters.kinds import Day as Day
from salesops_nb.parameters.kinds import Key as Key
from salesops_nb.parameters.kinds import Name as Name
from salesops_nb.parameters.kinds import Names as Names
from salesops_nb.parameters.kinds import Numbers as Numbers
from salesops_nb.parameters.kinds import Parameters as Parameters
from salesops_nb.parameters.kinds import Sliced as Sliced
from salesops_nb.parameters.kinds import period_field as period_field
from salesops_nb.parameters.review import PerformanceReview as PerformanceReview
from salesops_nb.parameters.targets import TargetSetting as TargetSetting
from salesops_nb.parameters.territory import TerritoryRebalancing as TerritoryRebalancing

NOTEBOOKS: dict[str, type[Parameters]] = {
    "commission_calculation": CommissionCalculation,
    "hiring_needs": HiringNeeds,
    "performance_review": PerformanceReview,
    "target_setting": TargetSetting,
    "territory_rebalancing": TerritoryRebalancing,
}

P = TypeVar("P", bound=Parameters)


def for_notebook(name: str) -> type[Parameters]:
    """The parameters of a notebook by its name, with or without folder and ending.

    Raises `SalesopsError` naming the notebooks there are.

    Examples
    --------
    >>> from salesops_nb import parameters
    >>> parameters.for_notebook("notebooks/hiring_needs.ipynb").__name__
    'HiringNeeds'
    """
    stem = name.rsplit("/", 1)[-1].removesuffix(".ipynb")
    if stem not in NOTEBOOKS:
        raise SalesopsError(
            Problem(
                "unknown-notebook",
                f"There is no notebook {name!r}.",
                f"Choose one of {', '.join(sorted(NOTEBOOKS))}.",
                value=name,
            )
        )
    return NOTEBOOKS[stem]


def checked(kind: type[P], values: Mapping[str, Any]) -> P:
    """The values as parameters of that kind.

    Raises `SalesopsError` with one problem for each unknown name and each value of a wrong type, naming
    what is right.

    Examples
    --------
    >>> from salesops_nb import parameters
    >>> asked = parameters.checked(parameters.PerformanceReview, {"period": 2017, "level": "team"})
    >>> asked.period, asked.level, asked.compare_to
    ('2017', 'team', 'previous')
    >>> parameters.checked(parameters.PerformanceReview, {"perriod": "2017-Q3"})
    Traceback (most recent call last):
        ...
    salesops_nb.errors.SalesopsError: 'perriod' is not a parameter of this notebook. Did you mean period?
    It takes workbook, period, as_of, level, who, compare_to, structure.
    """
    try:
        return kind(**values)
    except ValidationError as error:
        first = {str(found["loc"][0]): found for found in reversed(error.errors())}  # of all it may be
        raise SalesopsError([_problem(kind, found) for found in reversed(first.values())]) from None


def for_a_person(asked: P) -> P:
    """The parameters as the panel starts with them: what is left at its default takes that of `live`.

    Examples
    --------
    A report writes drafts to the ledger in the name of its author; looking at a panel writes none:

    >>> from salesops_nb import parameters
    >>> asked = parameters.CommissionCalculation()
    >>> asked.author, parameters.for_a_person(asked).author
    ('calculation', '')
    """
    fields = type(asked).model_fields
    quick = {
        name: value for name, value in asked.live.items() if getattr(asked, name) == fields[name].default
    }
    return asked.model_copy(update=quick)


def read(kind: type[P], namespace: Mapping[str, Any]) -> P:
    """The notebook's parameters from its own variables (``globals()``).

    papermill only warns of names a notebook does not know: they are found in the cell it injects
    and refused here, as in `checked`.

    Examples
    --------
    >>> from salesops_nb import parameters
    >>> period, level, other = "2017-Q3", "company", "not a parameter"
    >>> parameters.read(parameters.PerformanceReview, globals()).period
    '2017-Q3'
    """
    values = {name: namespace[name] for name in kind.model_fields if name in namespace}
    unknown = [name for name in _injected(namespace.get("In", ())) if name not in kind.model_fields]
    return checked(kind, {**values, **{name: namespace.get(name) for name in unknown}})


def _injected(history: Any) -> list[str]:
    """Names assigned in the cell that papermill injects, which it opens with its own comment."""
    names: list[str] = []
    for source in history:
        if str(source).startswith("# Parameters\n"):
            for node in ast.parse(source).body:
                if isinstance(node, ast.Assign):
                    names += [target.id for target in node.targets if isinstance(target, ast.Name)]
    return names


def _problem(kind: type[Parameters], found: Any) -> Problem:
    name, value = str(found["loc"][0]), found["input"]
    if found["type"] == "extra_forbidden":
        known = ", ".join(kind.model_fields)
        near = process.extractOne(name, list(kind.model_fields), score_cutoff=60)
        hint = f"Did you mean {near[0]}? " if near else ""
        return Problem(
            "unknown-parameter",
            f"{name!r} is not a parameter of this notebook.",
            f"{hint}It takes {known}.",
            value=name,
        )
    meaning = kind.model_fields[name].description
    return Problem(
        "bad-parameter",
        f"{name} is {value!r}: {unfit(found)}.",
        f"{name} is: {meaning}.",
        column=name,
        value=str(value),
    )


def __dir__() -> list[str]:
    """What completion offers."""
    return [kind.__name__ for kind in NOTEBOOKS.values()] + ["NOTEBOOKS", "checked", "for_notebook", "read"]
