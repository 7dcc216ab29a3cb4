"""What a notebook may be asked: kinds of parameters, the class that declares them, and how it is read.

The panel, the command line, the batch file and the notebook itself read a notebook's class, which stands in
the notebook's own module. A notebook's parameters cell holds plain assignments, as papermill expects, and is
written from the class, never by hand, so that it cannot say anything else.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from contextlib import suppress
from datetime import date
from types import NoneType, UnionType
from typing import Annotated, Any, ClassVar, Literal, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from rapidfuzz import process

from salesops_nb.core.validation import clause
from salesops_nb.errors import Problem, SalesopsError, problem
from salesops_nb.messages import message

P = TypeVar("P", bound="Parameters")
WIDTH = 110  # of a line of the parameters cell


def _nothing(value: object) -> object:
    return None if value == "" else value


Day = Annotated[date | None, BeforeValidator(_nothing)]
Name = Annotated[str | None, BeforeValidator(_nothing)]


def _listed(value: object) -> object:
    """Names written as ``a, b``, or a list of them."""
    return (
        tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value
    )


Names = Annotated[tuple[str, ...], BeforeValidator(_listed)]


def _by_name(value: object) -> object:
    """Numbers by name written as ``a: 1, b: 2``, or a mapping; one number alone stands for all."""
    if value is None or value == "":
        return {}
    if isinstance(value, str):
        from ruamel.yaml import YAML
        from ruamel.yaml.error import YAMLError

        text = value.strip()
        try:
            value = YAML(typ="safe").load(text if text.startswith("{") or ":" not in text else f"{{{text}}}")
        except YAMLError:
            raise ValueError(message("write numbers by name, as a: 1, b: 2")) from None
    return {"all": value} if isinstance(value, int | float) and not isinstance(value, bool) else value


def _one_or_by_name(value: object) -> object:
    found = _by_name(value)
    return found["all"] if isinstance(found, dict) and set(found) == {"all"} else found


Numbers = Annotated[dict[str, Annotated[float, Field(ge=0)]], BeforeValidator(_by_name)]
Tolerance = Annotated[float | dict[str, float], BeforeValidator(_one_or_by_name)]


def controllable(annotation: Any) -> bool:
    """Whether the panel has a control for a parameter declared so.

    Examples
    --------
    >>> from salesops_nb import parameters
    >>> parameters.controllable(dict[str, float]), parameters.controllable(complex)
    (True, False)
    """
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return True
    if origin is tuple:
        return parts == (str, ...)
    if origin is dict:
        return parts[0] is str and controllable(parts[1])
    if origin in (Union, UnionType, Annotated):
        return all(controllable(part) for part in parts if isinstance(part, type) or get_origin(part))
    return annotation in (str, int, float, bool, date, NoneType)


def _key(value: object) -> object:
    """A year written as a number, as YAML and papermill read it."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


Key = Annotated[str, BeforeValidator(_key)]


class Parameters(BaseModel):
    """What every notebook takes.

    `needs` are tables and columns without which the notebook cannot run, as `salesops_nb.notebook.needs`
    reads them. `groups` puts parameters of a class under a heading of the panel; the others stand first.
    Those of `approval` carry something out: the panel takes them together, by a button, and lets go of them
    when anything else is moved, since an approval is of what was on screen. `approval_words` are their
    heading and what stands on the button. `live` are defaults where a
    person moves controls and waits; a report takes the others. `rare` are left out of the notebook's own
    cell, which stays short; the panel, the batch file and papermill's ``-p`` take them all the same.
    `year_after` is a parameter that a report which does not name it gets as the fiscal year after the data's
    last complete month.

    Examples
    --------
    A notebook of your own derives its class, and says in a field what each parameter means:

    >>> from pydantic import Field
    >>> from salesops_nb.parameters import Parameters
    >>> class Churn(Parameters):
    ...     months: int = Field(12, ge=1, description="Months to look back")
    >>> Churn(months=6).months, Churn().workbook
    (6, '.')
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    needs: ClassVar[tuple[str, ...]] = ()
    groups: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    approval: ClassVar[tuple[str, ...]] = ()
    approval_words: ClassVar[tuple[str, str]] = ("Approval", "Approve")
    live: ClassVar[Mapping[str, Any]] = {}
    rare: ClassVar[tuple[str, ...]] = ()
    year_after: ClassVar[str] = ""

    workbook: str = Field(".", description="Folder of the workbook, or any folder inside it")


def period_field(default: str) -> Any:
    """A fiscal period to choose among those of the data.

    Examples
    --------
    >>> from salesops_nb.parameters import Key, Sliced, period_field
    >>> class LossReasons(Sliced):
    ...     period: Key = period_field("2017-Q3")
    >>> LossReasons().period
    '2017-Q3'
    """
    return Field(
        default,
        description="Fiscal year, quarter, month or cal:2017-Q3; 2017-05-30..2018-05-30; last-3-months",
        json_schema_extra={"choices": "periods", "spans": True},
    )


class Sliced(Parameters):
    """What every notebook takes that looks at a period of the company, a team or a rep.

    The batch fills them by name for each company, team and rep; a notebook's own class adds the rest and
    may give `period` another default with `period_field`.

    Examples
    --------
    >>> from salesops_nb.parameters import Sliced
    >>> asked = Sliced(period="2017-Q3", level="rep", who="Moses Frase", as_of="")
    >>> asked.who, asked.as_of, asked.compare_to
    ('Moses Frase', None, 'previous')
    """

    period: Key = period_field("2017-Q4")
    as_of: Day = Field(
        None,
        description="Last day known; the last date in the data unless given",
        json_schema_extra={"choices": "days"},
    )
    level: Literal["company", "team", "rep"] = Field("company", description="Whose performance")
    who: Name = Field(
        None,
        description="The team or rep; empty for the company",
        json_schema_extra={"choices": "who", "by": "level"},
    )
    compare_to: Literal["previous", "last-year", "target"] = Field(
        "previous", description="The previous period, the same one last year, or the target"
    )


def checked(kind: type[P], values: Mapping[str, Any]) -> P:
    """The values as parameters of that kind.

    Raises `SalesopsError` with one problem for each unknown name and each value of a wrong type, naming
    what is right.

    Examples
    --------
    >>> from salesops_nb import parameters
    >>> asked = parameters.checked(parameters.Sliced, {"period": 2017, "level": "team"})
    >>> asked.period, asked.level, asked.compare_to
    ('2017', 'team', 'previous')
    >>> parameters.checked(parameters.Sliced, {"perriod": "2017-Q3"})
    Traceback (most recent call last):
        ...
    salesops_nb.errors.SalesopsError: 'perriod' is not a parameter of this notebook. Did you mean period?
    It takes workbook, period, as_of, level, who, compare_to.
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
    >>> class Forecast(parameters.Parameters):
    ...     live = {"futures": 500}
    ...     futures: int = 20_000
    >>> Forecast().futures, parameters.for_a_person(Forecast()).futures
    (20000, 500)
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
    >>> parameters.read(parameters.Sliced, globals()).period
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
        return problem(
            "unknown-parameter.near" if near else "unknown-parameter",
            value=name,
            near=near[0] if near else None,
            known=known,
        )
    meaning = kind.model_fields[name].description
    return problem("bad-parameter", column=name, value=value, why=clause(found), meaning=meaning)


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
    >>> from salesops_nb import parameters
    >>> print(parameters.parameters_cell(parameters.Sliced).splitlines()[3])
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


def __dir__() -> list[str]:
    """What completion offers."""
    kinds = ["Day", "Key", "Name", "Names", "Numbers", "Parameters", "Sliced", "period_field"]
    return [*kinds, "checked", "read"]
