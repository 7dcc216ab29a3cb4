"""Mission, vision and sales model in dated versions, as ``strategy.yml`` holds them.

What stands at the top of the file is the last version; `earlier` has those before it. A version is in force
from its `valid_from` until that of the next, so that two never are. A version that claims something of the
data (`sales_model.claims`) says who wrote it, why, and who else approved it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, field_validator

from salesops_nb.core.frames import Tables
from salesops_nb.core.names import nearest
from salesops_nb.core.yaml_file import line_of, read_yaml
from salesops_nb.errors import Problem, SalesopsError, problem
from salesops_nb.messages import message
from salesops_nb.workbook import Settings, validated

Metric = Literal["win_rate", "stage_rate", "mix", "ideal_customer", "average_deal", "cycle_days"]
RATES = ("win_rate", "stage_rate", "mix", "ideal_customer")
FIRST = date.min


def _text(value: object) -> object:
    return (
        str(value).strip() if isinstance(value, str | int | float) and not isinstance(value, bool) else value
    )


Text = Annotated[str, BeforeValidator(_text), Field(min_length=1)]
Words = Annotated[str, BeforeValidator(_text)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Stage(_Strict):
    """A stage as the model has it: what it means, and what must be true before a deal leaves it (`exit`)."""

    name: Text
    meaning: Words = ""
    exit: Words = ""


class Segment(_Strict):
    """A part of the market: the accounts it has, and which of them are its ideal customers.

    `accounts` and `ideal` are conditions on the columns of accounts (docs/expressions.md); an account
    belongs to the first segment whose condition it meets.
    """

    name: Text
    accounts: Text
    ideal: Words = ""
    words: Words = ""


class Capacity(_Strict):
    """The most that one rep can carry: activities a week, and deals open at the same time."""

    activities_a_week: float | None = Field(default=None, gt=0)
    open_deals: float | None = Field(default=None, gt=0)


class Claim(_Strict):
    """What the model takes for true: a figure, how far it may be off, and when it is looked at again.

    `stage` is that of a stage rate, `segment` narrows any claim to one part of the market, and is needed for
    a mix or an ideal customer. Rates are shares of 1, sizes money, cycles days.
    """

    name: Text
    metric: Metric
    value: float = Field(gt=0)
    within: float = Field(gt=0)
    review_on: date
    stage: Words = ""
    segment: Words = ""

    @field_validator("value", "within")
    @classmethod
    def _a_share(cls, value: float, info: ValidationInfo) -> float:
        if info.data.get("metric") in RATES and value > 1:
            raise ValueError(message("a rate is a share of 1, such as 0.63"))
        return value

    @field_validator("segment", "stage")
    @classmethod
    def _named(cls, value: str, info: ValidationInfo) -> str:
        if info.data.get("metric") != "stage_rate" and info.field_name == "stage" and value:
            raise ValueError(message("only a stage_rate has a stage"))
        return value


class SalesModel(_Strict):
    """How the company sells, in words and in figures that the data can be held against."""

    name: Words = ""
    motion: Words = ""
    customers: Words = ""
    offer: Words = ""
    roles: dict[str, Words] = {}
    channels: tuple[Text, ...] = ()
    regions: tuple[Text, ...] = ()
    stages: tuple[Stage, ...] = ()
    segments: tuple[Segment, ...] = ()
    capacity: Capacity = Capacity()
    coverage: float | None = Field(default=None, gt=0)
    claims: tuple[Claim, ...] = ()


class Version(_Strict):
    """One version: in force from `valid_from` until the next begins, or until `valid_to`."""

    version: int | None = Field(default=None, ge=1)
    valid_from: date | None = None
    valid_to: date | None = None
    author: Words = ""
    approver: Words = ""
    reason: Words = ""
    mission: Words = ""
    vision: Words = ""
    sales_model: SalesModel = SalesModel()

    @property
    def start(self) -> date:
        """Its first day; the first of all where the file gives none."""
        return self.valid_from or FIRST


class _File(Version):
    simulated: bool = False
    earlier: tuple[Version, ...] = ()


@dataclass(frozen=True)
class Strategy:
    """The versions of a strategy file, the latest first.

    Examples
    --------
    >>> from datetime import date
    >>> from pathlib import Path
    >>> from salesops_nb import strategy
    >>> from salesops_nb.workbook import load_settings
    >>> found = strategy.load(Path("."), load_settings(Path(".")))
    >>> found.in_force(date(2017, 12, 31)).version, found.in_force(date(2015, 6, 1)).version
    (3, 1)
    """

    versions: tuple[Version, ...]
    simulated: bool
    file: str

    def in_force(self, day: date) -> Version | None:
        """The version in force on a day; none before the first, or after one that ended."""
        begun = [each for each in self.versions if each.start <= day]
        last = begun[0] if begun else None
        return last if last is not None and (last.valid_to is None or day < last.valid_to) else None

    def numbered(self, number: int) -> Version:
        """The version of a number; raises `SalesopsError` with those there are."""
        for each in self.versions:
            if each.version == number:
                return each
        known = ", ".join(str(each.version) for each in self.versions if each.version is not None)
        raise SalesopsError(problem("no-strategy-version", file=self.file, value=number, known=known or "–"))


def load(folder: Path, settings: Settings) -> Strategy | None:
    """The strategy of a workbook; none where `workbook.yml` names no file.

    Raises `SalesopsError` with every fault of the file: unknown keys, rates over 1, versions that overlap or
    bear one number, an approver who is the author, claims that nobody signed or that name no segment.
    """
    if settings.strategy is None:
        return None
    path = folder / settings.strategy
    return read(read_yaml(path), path)


def read(contents: Any, path: Path) -> Strategy:
    """The strategy of a file's contents; `path` names it where something is wrong."""
    found = validated(_File, contents, path)
    top = Version(**{name: getattr(found, name) for name in Version.model_fields})
    placed = [((), top), *((("earlier", at), each) for at, each in enumerate(found.earlier))]
    faults = [*_overlaps(placed), *(each for at, version in placed for each in _faults(at, version))]
    if faults:
        lines = read_yaml(path, keep_lines=True) if path.exists() else None
        raise SalesopsError(
            replace(fault, file=path.name, row=line_of(lines, place) if lines else None)
            for place, fault in faults
        )
    versions = sorted((each for _, each in placed), key=lambda each: each.start, reverse=True)
    return Strategy(tuple(versions), found.simulated, path.name)


Place = tuple[Any, ...]
Fault = tuple[Place, Problem]


def _called(version: Version) -> str:
    return str(version.version) if version.version is not None else version.start.isoformat()


def _overlaps(placed: Sequence[tuple[Place, Version]]) -> list[Fault]:
    """Two versions in force on one day, two of one number, or one that ends before it begins."""
    found: list[Fault] = []
    for at, each in placed:
        if each.valid_to is not None and each.valid_to <= each.start:
            first, last = each.start.isoformat(), each.valid_to.isoformat()
            fault = problem("strategy-overlap.backward", value=_called(each), first=first, last=last)
            found.append(((*at, "valid_to"), fault))
    for (_, before), (at, after) in pairwise(sorted(placed, key=lambda pair: pair[1].start)):
        one, other = _called(before), _called(after)
        end = before.valid_to
        if before.start == after.start or (end is not None and end > after.start):
            fault = problem("strategy-overlap", value=one, name=other, first=after.start.isoformat())
            found.append(((*at, "valid_from"), fault))
        if before.version and after.version and before.version >= after.version:
            fault = problem("strategy-overlap.numbers", value=other, name=one)
            found.append(((*at, "version"), fault))
    return found


def _faults(at: Place, version: Version) -> list[Fault]:
    """A version that its author approved, or nobody signed; names that stand twice; claims of nothing."""
    found: list[Fault] = []
    model, name = version.sales_model, _called(version)
    if version.approver and version.approver.casefold() == version.author.casefold():
        fault = problem("strategy-own-approver", value=version.approver, name=name)
        found.append(((*at, "approver"), fault))
    signed = ("valid_from", "author", "approver", "reason")
    lacking = [each for each in signed if not getattr(version, each)] if model.claims else []
    if lacking:
        fault = problem("strategy-unsigned", value=name, columns=", ".join(lacking))
        found.append(((*at, "sales_model", "claims"), fault))
    for kind, parts in (("segments", model.segments), ("claims", model.claims), ("stages", model.stages)):
        names = [each.name.casefold() for each in parts]
        for place, each in enumerate(names):
            if each in names[:place]:
                fault = problem("strategy-duplicate", value=parts[place].name, kind=kind)
                found.append(((*at, "sales_model", kind, place, "name"), fault))
    for place, claim in enumerate(model.claims):
        spot = (*at, "sales_model", "claims", place)
        found += [(spot, fault) for fault in _of_claim(claim, model)]
    shares = {claim.segment: claim.value for claim in model.claims if claim.metric == "mix"}
    if sum(shares.values()) > 1 + 1e-9:
        fault = problem("strategy-claim.mix", value=f"{sum(shares.values()):.2f}")
        found.append(((*at, "sales_model", "claims"), fault))
    return found


def _of_claim(claim: Claim, model: SalesModel) -> list[Problem]:
    """A claim that does not say of which segment or stage it is, or names one that there is not."""
    segments = {each.name: each for each in model.segments}
    found = []
    if claim.metric in ("mix", "ideal_customer") and not claim.segment:
        found.append(problem("strategy-claim.segment", value=claim.name, name=claim.metric))
    elif claim.segment and claim.segment not in segments:
        known = ", ".join(segments) or "–"
        found.append(
            problem("strategy-claim.unknown-segment", value=claim.segment, name=claim.name, known=known)
        )
    elif claim.metric == "ideal_customer" and not segments[claim.segment].ideal:
        found.append(problem("strategy-claim.no-ideal", value=claim.segment, name=claim.name))
    if claim.metric == "stage_rate" and not claim.stage:
        found.append(problem("strategy-claim.stage", value=claim.name))
    return found


def held_against(
    strategy: Strategy, tables: Mapping[str, Any], stages: Mapping[str, str], day: date
) -> list[Problem]:
    """What the version in force names that the data do not have: a stage, a column of accounts.

    Examples
    --------
    >>> from datetime import date
    >>> from salesops_nb import open_workbook, strategy
    >>> wb = open_workbook(".")
    >>> found = strategy.load(wb.folder, wb.settings)
    >>> strategy.held_against(found, wb.tables, wb.stages, date(2017, 12, 31))
    []
    """
    from salesops_nb.expression import condition

    version = strategy.in_force(day)
    if version is None:
        return []
    found, model = [], version.sales_model
    known = stages_known(tables, stages)
    wanted = [each.name for each in model.stages]
    wanted += [each.stage for each in model.claims if each.stage]
    for name in dict.fromkeys(wanted):
        if known and name not in known:
            near = ", ".join(nearest(name, known))
            found.append(problem("strategy-stage", file=strategy.file, value=name, names=near))
    tables = Tables.of(tables)
    schema = dict(tables["accounts"].collect_schema()) if "accounts" in tables else {}
    for each in model.segments:
        for text in filter(None, (each.accounts, each.ideal)):
            if not schema:
                found.append(problem("strategy-no-accounts", file=strategy.file, value=each.name))
                break
            try:
                condition(text, schema)
            except SalesopsError as error:
                why = str(error.problems[0].message)
                found.append(problem("strategy-condition", file=strategy.file, value=each.name, why=why))
    return found


def stages_known(tables: Mapping[str, Any], stages: Mapping[str, str]) -> list[str]:
    """The stages that the CRM has: those of the mapping, of the deals and of their history."""
    from salesops_nb.core.frames import collected

    tables = Tables.of(tables)

    def read_them() -> list[str]:
        found = list(stages)
        for name in ("deals", "stage_history"):
            if name in tables and "stage" in tables[name].collect_schema().names():
                found += sorted(collected(tables[name].select("stage").unique())["stage"].dropna())
        return list(dict.fromkeys(found))

    return tables.once(("strategy", "stages", tuple(stages)), read_them)
