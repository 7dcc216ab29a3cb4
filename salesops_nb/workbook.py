"""A workbook is a folder with `workbook.yml`; this module finds it, reads it and validates it.

The file says whose figures these are (company, currency, locale, time zone, fiscal year), where
the data come from (source, mapping) and where results go (store). Every mistake in it is one
`Problem` that names the key as the file spells it, such as ``fiscal_year.start_month``.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator

from salesops_nb.core.exit_pay import PLACE, RESTRICTED
from salesops_nb.core.masking import masked
from salesops_nb.core.periods import FiscalCalendar
from salesops_nb.core.validation import clause
from salesops_nb.core.yaml_file import line_of, read_yaml
from salesops_nb.errors import Problem, SalesopsError, problem
from salesops_nb.messages import message

if TYPE_CHECKING:
    import numpy as np

FILE_NAME = "workbook.yml"
M = TypeVar("M", bound=BaseModel)


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _exact(value: object) -> object:
    """YAML numbers as exact decimals: 10.1 is ten and a tenth, not its binary neighbour."""
    return Decimal(str(value)) if isinstance(value, int | float) and not isinstance(value, bool) else value


Exact = Annotated[Decimal, BeforeValidator(_exact)]
Name = Annotated[str, Field(min_length=1)]


Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
WEEKDAYS: tuple[str, ...] = get_args(Weekday)


class FiscalYear(_Strict):
    """How the company cuts its years; the keys of `FiscalCalendar`."""

    start_month: int = Field(default=1, ge=1, le=12)
    pattern: Literal["months", "4-4-5", "4-5-4", "5-4-4"] = "months"
    week_start: Weekday = "sunday"
    named_after: Literal["end", "start"] = "end"
    year_ends: Literal["nearest", "last"] = "nearest"
    extra_week_in: Literal["Q1", "Q2", "Q3", "Q4"] = "Q4"


class WorkingDays(_Strict):
    """On which days the company works: not on those of its weekend, nor on its holidays.

    Examples
    --------
    >>> import numpy as np
    >>> from salesops_nb.workbook import WorkingDays
    >>> days = WorkingDays(weekend=["friday", "saturday"], holidays=["2017-12-25"])
    >>> int(np.busday_count("2017-12-22", "2017-12-29", busdaycal=days.calendar))
    4
    """

    weekend: tuple[Weekday, ...] = ("saturday", "sunday")
    holidays: tuple[date, ...] = ()

    @field_validator("weekend")
    @classmethod
    def _some_day_is_left(cls, value: tuple[Weekday, ...]) -> tuple[Weekday, ...]:
        if set(value) >= set(WEEKDAYS):
            raise ValueError(message("a week has a working day: leave one day out"))
        return value

    @property
    def calendar(self) -> np.busdaycalendar:
        """The same, as numpy counts working days."""
        import numpy as np

        return np.busdaycalendar([day not in self.weekend for day in WEEKDAYS], list(self.holidays))


class Control(_Strict):
    """A total from CRM or finance that the data must reproduce: deals won in a period."""

    period: str
    count: int | None = None
    sum: Exact | None = None
    outcome: Literal["won", "lost"] = "won"
    source: str = "finance"
    tolerance_count: int = Field(default=0, ge=0)
    tolerance_sum: Exact = Decimal(0)

    @field_validator("period", mode="before")
    @classmethod
    def _year_as_text(cls, value: object) -> object:
        return str(value) if isinstance(value, int) else value


class Declared(_Strict):
    """What the workbook says is normal in its data and would else be an error."""

    credits: bool = False
    contractions: bool = False


Role = Literal["author", "reviewer", "approver", "payee"]


class PayPolicy(_Strict):
    """What the company decides about pay: who may be the same person, and what the law leaves to it at exit.

    `same_person` are pairs of roles where pay is calculated, reviewed and approved; `exit_netting` the
    places in which what people owe may be taken from their last pay.
    """

    same_person: tuple[tuple[Role, Role], ...] = (("author", "reviewer"), ("reviewer", "approver"))
    exit_netting: tuple[str, ...] = ()

    @field_validator("same_person")
    @classmethod
    def _two_roles(cls, pairs: tuple[tuple[Role, Role], ...]) -> tuple[tuple[Role, Role], ...]:
        for pair in pairs:
            if pair[0] == pair[1]:
                raise ValueError(f"a pair is of two roles, and [{pair[0]}, {pair[1]}] is of one")
            if set(pair) == {"approver", "payee"}:
                raise ValueError("nobody approves pay of their own: take [approver, payee] out")
        return pairs

    @field_validator("exit_netting")
    @classmethod
    def _known_places(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for place in value:
            if not PLACE.fullmatch(place):
                raise ValueError(f"{place!r} is no place: ISO 3166 codes are wanted, such as GB or US-TX")
            if place in RESTRICTED:
                raise ValueError(f"the law of {place} restricts it ({RESTRICTED[place]}): leave it out")
        return value


class Accounts(_Strict):
    """The accounts of a journal of commissions, by what they are for."""

    expense: Name = "6200 Commission expense"
    accrued: Name = "2200 Accrued commission"
    deferred: Name = "1500 Deferred contract cost"
    advances: Name = "1300 Draws receivable"
    clearing: Name = "2210 Payroll clearing"

    @field_validator("*", mode="before")
    @classmethod
    def _number_as_text(cls, value: object) -> object:
        return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


class Settings(_Strict):
    """The contents of ``workbook.yml``."""

    company: str = Field(min_length=1)
    currency: str
    amount_is: Literal["acv", "tcv", "arr", "one-off"] | None = None
    locale: str = "en_US"
    time_zone: str = "UTC"
    fiscal_year: FiscalYear = FiscalYear()
    working_days: WorkingDays = WorkingDays()
    source: str = "data"
    mapping: str = "mapping.yml"
    store: str = "sqlite:///store.sqlite"
    strategy: str | None = None
    covers: tuple[Literal["mission", "vision"], ...] = ()
    controls: tuple[Control, ...] = ()
    declares: Declared = Declared()
    pay_policy: PayPolicy = PayPolicy()
    accounts: Accounts = Accounts()
    fx_kind: Literal["market", "plan"] = "market"
    data_through: date | None = None
    max_age_days: int | None = Field(default=None, ge=0)
    date_order: Literal["ymd", "dmy", "mdy"] | None = None
    decimal_mark: Literal[".", ","] | None = None
    encoding: str | None = None

    @field_validator("currency")
    @classmethod
    def _known_currency(cls, value: str) -> str:
        from babel.core import get_global

        if value not in get_global("all_currencies"):
            raise ValueError(message("an ISO 4217 currency code is wanted, such as USD or EUR"))
        return value

    @field_validator("locale")
    @classmethod
    def _known_locale(cls, value: str) -> str:
        from babel import Locale, UnknownLocaleError

        try:
            Locale.parse(value)
        except (UnknownLocaleError, ValueError):
            raise ValueError(message("a locale is wanted, such as en_US or de_DE")) from None
        return value

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        from zoneinfo import ZoneInfo

        try:
            ZoneInfo(value)
        except (KeyError, ValueError, OSError):
            raise ValueError(message("a time zone is wanted, such as UTC or America/New_York")) from None
        return value

    @property
    def calendar(self) -> FiscalCalendar:
        """The fiscal calendar that periods of this workbook are read in."""
        return FiscalCalendar(**self.fiscal_year.model_dump())


def find_workbook(path: str | Path = ".") -> Path:
    """The folder of the nearest ``workbook.yml``, at `path` or above it."""
    start = Path(path).expanduser().resolve()
    if start.name == FILE_NAME:
        start = start.parent
    for folder in (start, *start.parents):
        if (folder / FILE_NAME).is_file():
            return folder
    raise SalesopsError(problem("no-workbook", value=path))


def validated(model: type[M], contents: object, path: Path) -> M:
    """The contents as the model; every mistake of the file in one `SalesopsError`, with its line."""
    if contents is not None and not isinstance(contents, dict):
        raise SalesopsError(problem("bad-yaml.no-keys", file=path.name))
    try:
        return model.model_validate(contents if contents is not None else {})
    except ValidationError as error:
        problems = [_as_problem(dict(item), model, path.name) for item in error.errors()]
        places = [item["loc"] for item in error.errors()]
    lines = read_yaml(path, keep_lines=True)
    raise SalesopsError(
        [
            replace(problem, row=line_of(lines, loc) if lines and loc[0] in lines else None)
            for problem, loc in zip(problems, places, strict=True)
        ]
    )


def load_settings(folder: Path) -> Settings:
    """The validated ``workbook.yml`` of a folder."""
    return validated(Settings, read_yaml(folder / FILE_NAME), folder / FILE_NAME)


def _as_problem(item: dict[str, Any], model: type[BaseModel], file: str) -> Problem:
    key = ".".join(str(part) for part in item["loc"])
    if item["type"] == "extra_forbidden":
        from salesops_nb.core.names import ALIKE, nearest  # what is right does without its libraries

        keys = list(_keys(model, item["loc"][:-1]))
        near, known = nearest(str(item["loc"][-1]), keys, ALIKE), ", ".join(keys)
        if near:
            return problem("unknown-key.near-setting", file=file, column=key, near=near[0], known=known)
        return problem("unknown-key.of-settings", file=file, column=key, known=known)
    if item["type"] == "missing":
        return problem("missing-key", file=file, column=key, name=key)
    whole = {"dict": "a mapping", "list": "a list"}
    given = whole.get(type(item["input"]).__name__) or masked(repr(item["input"]))
    return problem(
        "bad-value.of-key",
        file=file,
        column=key,
        value=masked(str(item["input"])),
        given=given,
        why=clause(item),
    )


def _keys(model: type[BaseModel], path: tuple[Any, ...]) -> list[str]:
    """Names of the fields at a place inside the model, as far as it can be followed."""
    for part in path:
        if not isinstance(part, str):
            continue
        field = model.model_fields.get(part)
        inner = _inner_model(field.annotation) if field else None
        if inner is not None:
            model = inner
    return list(model.model_fields)


def _inner_model(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for part in getattr(annotation, "__args__", ()):
        found = _inner_model(part)
        if found is not None:
            return found
    return None
