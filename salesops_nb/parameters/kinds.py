"""What parameters may be: days, names, lists, numbers by name; and what every notebook takes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from types import NoneType, UnionType
from typing import Annotated, Any, ClassVar, Literal, Union, get_args, get_origin

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field


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
            raise ValueError("write numbers by name, as a: 1, b: 2") from None
    return {"all": value} if isinstance(value, int | float) and not isinstance(value, bool) else value


def _one_or_by_name(value: object) -> object:
    found = _by_name(value)
    return found["all"] if isinstance(found, dict) and set(found) == {"all"} else found


Numbers = Annotated[dict[str, Annotated[float, Field(ge=0)]], BeforeValidator(_by_name)]
Tolerance = Annotated[float | dict[str, float], BeforeValidator(_one_or_by_name)]


def controllable(annotation: Any) -> bool:
    """Whether the panel has a control for a parameter declared so."""
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

    `groups` puts parameters of a class under a heading of the panel; the others stand first. Those of
    `approval` carry something out: the panel takes them together, by a button, and lets go of them
    when anything else is moved, since an approval is of what was on screen. `approval_words` are their
    heading and what stands on the button. `live` are defaults where a
    person moves controls and waits; a report takes the others. `rare` are left out of the notebook's own
    cell, which stays short; the panel, the batch file and papermill's ``-p`` take them all the same.

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

    groups: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    approval: ClassVar[tuple[str, ...]] = ()
    approval_words: ClassVar[tuple[str, str]] = ("Approval", "Approve")
    live: ClassVar[Mapping[str, Any]] = {}
    rare: ClassVar[tuple[str, ...]] = ()

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
        description="Fiscal year, quarter or month; calendar ones as cal:2017-Q3",
        json_schema_extra={"choices": "periods"},
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
