"""Opening a plan: YAML to a checked `Plan`; every mistake names file, line and what is allowed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from salesops_nb import expression
from salesops_nb.commission.plans.plan_errors import (
    at,
    plain,
    problems_of,
    switched_keys,
)
from salesops_nb.commission.plans.plan_in_words import sentences, summary
from salesops_nb.commission.plans.schema import PlanFile
from salesops_nb.commission.plans.schema_component import Component
from salesops_nb.core import money
from salesops_nb.core.yaml_file import dotted, line_of, read_yaml
from salesops_nb.errors import SalesopsError, problem
from salesops_nb.messages import Message

MOST = 256
_read: dict[tuple[str, bytes], Plan] = {}  # plans by the name and contents of their files


@dataclass(frozen=True)
class Plan:
    """A checked plan, as `load_plan` returns it.

    `file` is the plan's fields, `source` the file it was read from (or ``None``), `lines` the line of that
    file on which each condition stands. A plan does not change; `changed` makes another.

    Examples
    --------
    >>> from salesops_nb import commission
    >>> plan = commission.load_plan("plans/account-executive.yml")
    >>> plan.label, plan.currency
    ('account-executive version 1', 'USD')
    >>> [component.id for component in plan.components]
    ['base', 'gtk-500']
    >>> plan.conditions
    {'components[1].where': "product == 'GTK 500'"}
    >>> plan.changed(plan={"version": 2}).label
    'account-executive version 2'
    """

    file: PlanFile
    source: str | None = None
    lines: Mapping[str, int] = field(default_factory=dict, compare=False)

    @property
    def id(self) -> str:
        """The plan's name in tables and lines."""
        return self.file.plan.id

    @property
    def version(self) -> int:
        """Its version, from 1."""
        return self.file.plan.version

    @property
    def currency(self) -> str:
        """The currency its money is in."""
        return self.file.plan.currency

    @property
    def start(self) -> date:
        """First day it is in force."""
        return self.file.plan.from_

    @property
    def end(self) -> date:
        """The day after the last day it is in force."""
        return self.file.plan.to + timedelta(days=1)

    @property
    def label(self) -> str:
        """Id and version, such as ``ae-2026 version 3``."""
        return f"{self.id} version {self.version}"

    @property
    def components(self) -> tuple[Component, ...]:
        """What it pays for."""
        return self.file.components

    @property
    def places(self) -> int:
        """Decimal places of a payable line in the plan's currency."""
        wanted = self.file.rounding.places
        return money.places(self.currency) if wanted == "currency" else wanted

    @property
    def conditions(self) -> dict[str, str]:
        """Every ``where`` of the plan by its path, such as ``components[0].where``."""
        return {dotted(path): text for path, text in _conditions_of(self.file) if text is not None}

    def summary(self) -> Message:
        """The plan in words, with every default that it did not say; English as text."""
        return summary(self.file)

    def sentences(self) -> list[Message]:
        """The sentences of the summary, each to be written in the reader's language."""
        return sentences(self.file)

    def changed(self, **changes: Any) -> Plan:
        """A copy whose fields differ, such as ``plan.changed(quota={"amount": 500000})``; checked again."""
        data = self.file.model_dump(by_alias=True, exclude_unset=True)
        return load_plan(_merged(data, changes))


def load_plan(path_or_mapping: str | Path | Mapping[str, Any]) -> Plan:
    """A plan from a YAML file or a mapping of the same shape.

    Raises `SalesopsError` with a `Problem` for each mistake: its file, line and what is allowed.

    Examples
    --------
    >>> from salesops_nb import commission
    >>> plan = commission.load_plan({
    ...     "plan": {"id": "ae", "version": 1, "from": "2026-01-01", "to": "2026-12-31",
    ...              "currency": "USD", "period": "month"},
    ...     "credit": {"event": "booked"},
    ...     "components": [{"id": "base", "rate_pct": 5}],
    ... })
    >>> print(plan.summary())
    Plan ae version 1: 2026-01-01 to 2026-12-31 (both inclusive), in USD, by month; ...
    ...
    Component base (commission, to the owner, or by split): on credit, each credit alone; rate 5 %.
    ...
    """
    if isinstance(path_or_mapping, Mapping):
        return _validated(path_or_mapping, None)
    path = Path(path_or_mapping)
    missing = problem("missing-file.plan", file=str(path), name=path.name)
    key = path.name, path.read_bytes() if path.is_file() else b""
    if key not in _read:
        plan = _validated(read_yaml(path, missing, keep_lines=True), path.name)
        if len(_read) >= MOST:
            _read.pop(next(iter(_read)))
        if path.read_bytes() != key[1]:
            return plan  # it was written just now
        _read[key] = plan
    return _read[key]


def load_plans(folder: str | Path) -> list[Plan]:
    """Every plan of a folder (``*.yml``, ``*.yaml``), in the order of file names; raises as `load_plan` does.

    Examples
    --------
    >>> from salesops_nb import commission
    >>> [plan.label for plan in commission.load_plans("plans")]
    ['account-executive-start version 1', 'account-executive version 1', 'sales-manager version 1']
    """
    return [load_plan(file) for file in plan_files(Path(folder))]


def plan_files(folder: Path) -> list[Path]:
    """The files of a folder that are plans, none where there is no folder."""
    return sorted(p for p in folder.iterdir() if p.suffix in (".yml", ".yaml")) if folder.is_dir() else []


def _validated(contents: Any, source: str | None) -> Plan:
    if not isinstance(contents, Mapping):
        raise SalesopsError(problem("bad-plan.no-mapping", file=source, row=1))
    problems = switched_keys(contents, contents, source, ())
    if problems:
        raise SalesopsError(problems)
    try:
        file = PlanFile.model_validate(plain(contents))
    except ValidationError as error:
        items = [dict(item) for item in error.errors()]
        raise SalesopsError(problems_of(items, contents, source)) from None
    try:
        money.places(file.plan.currency)
    except SalesopsError as unknown:
        raise SalesopsError(at((("plan", "currency"), unknown), contents, source)) from None
    problems = [at(p, contents, source) for p in _bad_conditions(file)]
    if problems:
        raise SalesopsError(problems)
    lines = {dotted(path): line_of(contents, path) for path, _ in _conditions_of(file)}
    return Plan(file, source, {path: line for path, line in lines.items() if line is not None})


def _conditions_of(file: PlanFile) -> list[tuple[tuple[Any, ...], str | None]]:
    """Conditions with the path where each stands."""
    places: list[tuple[tuple[Any, ...], str | None]] = [(("credit", "where"), file.credit.where)]
    for i, c in enumerate(file.components):
        places.append((("components", i, "where"), c.where))
        for j, r in enumerate(c.rates or ()):
            places.append((("components", i, "rates", j, "where"), r.where))
        for j, m in enumerate(c.multipliers.rows if c.multipliers else ()):
            places.append((("components", i, "multipliers", "rows", j, "where"), m.where))
    return places


def _bad_conditions(file: PlanFile) -> list[tuple[tuple[Any, ...], SalesopsError]]:
    """Conditions that cannot be parsed, with the path where each stands."""
    found = []
    for path, text in _conditions_of(file):
        try:
            expression.columns_of(text)
        except SalesopsError as error:
            found.append((path, error))
    return found


def _merged(data: Any, changes: Any) -> Any:
    if isinstance(data, dict) and isinstance(changes, Mapping):
        return {**data, **{k: _merged(data.get(k), v) for k, v in changes.items()}}
    return changes
