"""What ``reports.yml`` says: which reports are made, for whom, of which period, and where they go.

Every mistake in the file is one `Problem` with its line, its key and what is allowed there.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, time
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PrivateAttr,
    ValidationError,
    model_validator,
)

from salesops_nb.batch.jobs.paths import unfit_name
from salesops_nb.core.validation import clause
from salesops_nb.errors import Problem, SalesopsError, problem
from salesops_nb.messages import message

FILE_NAME = "reports.yml"
Each = Literal["company", "rep", "team", "region", "territory", "vacancy"]
READERS = ("executive", "analyst", "manager", "rep", "finance")  # for whom a notebook may have pages
Format = Literal["html", "xlsx", "pdf"]
_SPAN = re.compile(r"(\d+(?:\.\d+)?)\s*(s|m|h)?")
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*(MB|GB)", re.IGNORECASE)


def _listed(value: object) -> object:
    return [value] if isinstance(value, str | int | float) else value


def _year(value: object) -> object:
    """A year without quotes, which YAML takes for a number."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _seconds(value: object) -> object:
    match = _SPAN.fullmatch(str(value).strip())
    if match is None or isinstance(value, bool):
        raise ValueError(message("write a time such as 90s, 10m or 1h"))
    return float(match[1]) * {"s": 1, "m": 60, "h": 3600, None: 1}[match[2]]


def _bytes(value: object) -> object:
    match = _SIZE.fullmatch(str(value).strip())
    if match is None:
        raise ValueError(message("write a size such as 800MB or 2GB"))
    return int(float(match[1]) * {"mb": 1 << 20, "gb": 1 << 30}[match[2].lower()])


def _plain(value: Any) -> Any:
    """A parameter as notebooks and run.json have it: YAML's unquoted dates are their ISO text."""
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, dict):
        return {_plain(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if value is None or isinstance(value, str | int | float):
        return value
    raise ValueError(
        message(
            "a {type} is no parameter; write text, a number, a list or a mapping", type=type(value).__name__
        )
    )


Texts = Annotated[tuple[str, ...], BeforeValidator(_listed)]
Asked = Annotated[str, BeforeValidator(_year)]
Seconds = Annotated[float, BeforeValidator(_seconds), Field(gt=0)]
Bytes = Annotated[int, BeforeValidator(_bytes)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Audience(_Strict):
    """To whom a report goes.

    `to` holds addresses; ``{email}`` is the rep's own and ``{manager_email}`` the team's manager's.
    """

    to: Texts = Field(min_length=1)
    subject: str = "{title}, {period}"
    attach: tuple[Format, ...] = ("html",)


class Mail(_Strict):
    """The SMTP server; the password is read from the environment variable `password_env` names.

    `tls` says whether the server's certificate is checked, `ca_file` who may have signed it (the
    system's authorities by default), `timeout` how long each answer of the server may take.
    """

    server: str = "localhost"
    port: int = Field(default=25, ge=1, le=65535)
    sender: str = Field(alias="from")
    security: Literal["none", "starttls", "tls"] = "starttls"
    user: str | None = None
    password_env: str = "SALESOPS_SMTP_PASSWORD"
    tls: Literal["verified", "unverified"] = "verified"
    ca_file: str | None = None
    password_in_clear: bool = False
    timeout: Seconds = 120.0

    @model_validator(mode="after")
    def _guarded(self) -> Mail:
        if self.user is not None and self.security == "none" and not self.password_in_clear:
            raise ValueError(
                message(
                    "with 'security: none' the password of 'user' would be sent in the clear; "
                    "write security: starttls or tls, or password_in_clear: true"
                )
            )
        return self


class Release(_Strict):
    """A run goes out only when one of these persons has released it."""

    by: Texts = Field(min_length=1)


class Report(_Strict):
    """One line of the list: a notebook, run once, or once for each of one kind or of several.

    `audience` is for whom the page is, to whom it goes, or both: a reader of `READERS` is the notebook's
    parameter of that name, and a name under `audiences` holds the addresses.
    Where the workbook lacks what it needs it is not possible, and the run ends with 1 unless `optional`.
    """

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$")
    notebook: str
    title: str | None = None
    parameters: Annotated[dict[str, Any], BeforeValidator(_plain)] = Field(default_factory=dict)
    for_each: Annotated[tuple[Each, ...], BeforeValidator(_listed)] = ()
    where: dict[str, Annotated[tuple[Any, ...], BeforeValidator(_listed)]] = Field(default_factory=dict)
    period: Asked | None = None
    as_of: Annotated[str | None, BeforeValidator(_plain)] = None
    formats: tuple[Format, ...] = Field(default=("html",), min_length=1)
    to: str | None = None
    audience: str | Audience | None = None
    optional: bool = False
    pay: bool = False
    payee: str = "{rep}"
    reads: Texts = ("*",)
    retries: int | None = Field(default=None, ge=0, le=10)
    timeout: Seconds | None = None
    memory: Bytes | None = None

    @model_validator(mode="after")
    def _whole(self) -> Report:
        unfit_as_path = unfit_name(self.name)
        if unfit_as_path:
            raise ValueError(
                message("the report's name {name!r} {why}", name=self.name[:60], why=unfit_as_path)
            )
        if self.where and not self.for_each:
            raise ValueError(message("'where' chooses among what 'for_each' names; add for_each"))
        if isinstance(self.audience, Audience) and not set(self.audience.attach) <= set(self.formats):
            raise ValueError(
                message(
                    "'attach' may only name formats of the report ({formats})",
                    formats=", ".join(self.formats),
                )
            )
        return self


class Reports(_Strict):
    """The contents of ``reports.yml``."""

    reports: tuple[Report, ...] = Field(min_length=1)
    folder: str = "reports"
    period: Asked = "last-complete-month"
    jobs: int | None = Field(default=None, ge=1, le=256)
    retries: int = Field(default=0, ge=0, le=10)
    timeout: Seconds = 600.0
    memory: Bytes | None = None
    stale: Literal["refuse", "mark"] = "refuse"
    audiences: dict[str, Audience] = Field(default_factory=dict)
    mail: Mail | None = None
    release: Release | None = None
    _file: str = PrivateAttr(default=FILE_NAME)

    @property
    def file(self) -> str:
        """The file that says it, from the workbook's folder where that is known."""
        return self._file

    @property
    def option(self) -> str:
        """What `salesops deliver` needs behind it to take this list; nothing for ``reports.yml``."""
        return option_of(self._file)

    def placed(self, folder: Path, path: Path) -> Reports:
        """The same list, named from the workbook's folder: ``lists/weekly.yml``."""
        self._file = Path(os.path.relpath(path, folder)).as_posix()
        return self

    @model_validator(mode="after")
    def _agree(self) -> Reports:
        names = [report.name for report in self.reports]
        plain = [name.lower() for name in names]
        twice = sorted(name for name in names if plain.count(name.lower()) > 1)
        if twice:
            raise ValueError(
                message(
                    "two reports are named {name!r}; names must differ, not in their case alone",
                    name=twice[0],
                )
            )
        for report in self.reports:
            if isinstance(report.audience, str) and report.audience not in {*self.audiences, *READERS}:
                known = ", ".join([*self.audiences, *READERS])
                raise ValueError(
                    message(
                        "report {report!r} is for audience {audience!r}, which is no kind of reader and "
                        "which 'audiences' does not name (there are: {known})",
                        report=report.name,
                        audience=report.audience,
                        known=known,
                    )
                )
        if any(self.audience(report) for report in self.reports) and self.mail is None:
            raise ValueError(message("a report has an audience, but 'mail' (server, from) is missing"))
        return self

    def audience(self, report: Report) -> Audience | None:
        """To whom a report goes, its name looked up."""
        return self.audiences.get(report.audience) if isinstance(report.audience, str) else report.audience


def option_of(file: str) -> str:
    """What `salesops deliver` needs behind it to take a list; nothing for ``reports.yml``."""
    return "" if file == FILE_NAME else f" --file {file}"


@contextmanager
def of_list(reports: Reports) -> Iterator[None]:
    """Whatever is raised within about ``reports.yml`` names the list of reports that is used."""
    try:
        yield
    except SalesopsError as error:
        found = [replace(p, file=reports.file) if p.file == FILE_NAME else p for p in error.problems]
        raise SalesopsError(found) from error


def load_reports(path: str | Path) -> Reports:
    """The validated ``reports.yml``; raises `SalesopsError` with every mistake and its line."""
    from ruamel.yaml import YAML

    from salesops_nb.core.yaml_file import read_yaml

    file = Path(path)
    contents = read_yaml(file)
    if not isinstance(contents, dict):
        raise SalesopsError(
            problem(
                "bad-reports",
                file=file.name,
                kind=type(contents).__name__ if contents is not None else "nothing",
            )
        )
    try:
        reports = Reports.model_validate(contents)
        reports._file = file.name
        return reports
    except ValidationError as error:
        tree = YAML().load(file.read_text(encoding="utf-8-sig"))
        # pydantic calls a list too short when one of its parts is at fault, and the part says it itself
        found = [item for item in error.errors() if item["type"] != "too_short" or not item["input"]]
        problems = [_problem(dict(item), tree, file.name) for item in found]
    raise SalesopsError(problems)


def _problem(item: dict[str, Any], tree: Any, file: str) -> Problem:
    loc = tuple(part for part in item["loc"] if part not in ("str", "Audience"))
    key = ".".join(str(part) for part in loc) or None
    row = line_of(tree, loc)
    if item["type"] == "extra_forbidden":
        known = ", ".join(_allowed(loc[:-1]))
        return problem("unknown-key", file=file, row=row, column=key, name=loc[-1], known=known)
    if item["type"] == "missing":
        return problem("missing-key", file=file, row=row, column=key, name=loc[-1])
    given = item["input"]
    shown = f"{given!r}: " if isinstance(given, str | int | float | bool) else ""
    return problem(
        "bad-value.given" if isinstance(given, str | int | float | bool) else "bad-value",
        file=file,
        row=row,
        column=key,
        value=str(given) if shown else None,
        given=given,
        why=clause(item),
    )


def line_of(tree: Any, loc: tuple[int | str, ...]) -> int | None:
    """The line of the innermost place of `loc` that the file has, counted from 1."""
    row = None
    for part in loc:
        position: Any = getattr(tree, "lc", None)
        try:
            line = position.key(part)[0] if isinstance(tree, dict) else position.item(part)[0]
            tree = tree[part]
        except (KeyError, IndexError, TypeError, AttributeError):
            break
        row = line + 1
    return row


def _allowed(loc: tuple[int | str, ...]) -> list[str]:
    """The keys that may stand at a place of the file."""
    model: type[BaseModel] = Reports
    places: dict[str, type[BaseModel]] = {
        "reports": Report,
        "mail": Mail,
        "release": Release,
        "audience": Audience,
        "audiences": Audience,
    }
    for part in loc:
        model = places.get(str(part), model)
    return [field.alias or name for name, field in model.model_fields.items()]
