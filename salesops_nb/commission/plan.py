"""Opening a plan: YAML to a checked `Plan`; every mistake names file, line and what is allowed."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel, ValidationError

from salesops_nb import money
from salesops_nb.commission import expression
from salesops_nb.commission.schema import Component, PlanFile
from salesops_nb.errors import Problem, SalesopsError


@dataclass(frozen=True)
class Plan:
    """A checked plan.

    `file` holds its fields, `source` where it was read (or ``None``), `lines` at which line of it each
    condition stands.
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
        return {_dotted(path): text for path, text in _conditions(self.file) if text is not None}

    def summary(self) -> str:
        """The plan in words, with every default that it did not say."""
        from salesops_nb.commission.summary import summary

        return summary(self)

    def changed(self, **changes: Any) -> Plan:
        """A copy whose fields differ, such as ``plan.changed(quota={"amount": 500000})``; checked again."""
        data = self.file.model_dump(by_alias=True, exclude_unset=True)
        return load_plan(_merged(data, changes))


def load_plan(path_or_mapping: str | Path | Mapping[str, Any]) -> Plan:
    """A plan from a YAML file or a mapping of the same shape.

    Raises `SalesopsError` with a `Problem` for each mistake: its file, line and what is allowed.
    """
    if isinstance(path_or_mapping, Mapping):
        return _validated(path_or_mapping, None)
    path = Path(path_or_mapping)
    return _validated(_read(path), path.name)


def load_plans(folder: str | Path) -> list[Plan]:
    """Every plan of a folder (``*.yml``, ``*.yaml``), in the order of their names."""
    files = sorted(p for p in Path(folder).iterdir() if p.suffix in (".yml", ".yaml"))
    return [load_plan(file) for file in files]


def _read(path: Path) -> Any:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    try:
        return YAML(typ="rt", pure=True).load(path.read_text(encoding="utf-8-sig"))
    except OSError:
        problem = Problem(
            "missing-file", f"There is no plan file {path.name}.", "Check its path.", file=str(path)
        )
    except UnicodeDecodeError:
        problem = Problem("bad-yaml", "The file is not UTF-8 text.", "Save it as UTF-8.", file=path.name)
    except MarkedYAMLError as error:
        mark = error.problem_mark
        problem = Problem(
            "bad-yaml",
            f"The file is not valid YAML: {error.problem}.",
            "Mend this line or the one above it.",
            file=path.name,
            row=mark.line + 1 if mark else None,
        )
    except YAMLError as error:
        problem = Problem("bad-yaml", f"The file is not valid YAML: {error}.", "Mend it.", file=path.name)
    raise SalesopsError(problem)


def _validated(contents: Any, source: str | None) -> Plan:
    if not isinstance(contents, Mapping):
        raise SalesopsError(
            Problem(
                "bad-plan", "The file holds no mapping.", "Begin with 'plan: {id: …}'.", file=source, row=1
            )
        )
    problems = _switched_keys(contents, contents, source, ())
    if problems:
        raise SalesopsError(problems)
    try:
        file = PlanFile.model_validate(_plain(contents))
    except ValidationError as error:
        items = [dict(item) for item in error.errors()]
        # what fails only because a part of it failed says nothing new
        deep = [i for i in items if i["type"] != "too_short" or not any(_inside(o, i) for o in items)]
        raise SalesopsError([_problem(item, contents, source) for item in deep]) from None
    money.places(file.plan.currency)
    problems = [_at(p, contents, source) for p in _bad_conditions(file)]
    if problems:
        raise SalesopsError(problems)
    lines = {_dotted(path): _line(contents, path) for path, _ in _conditions(file)}
    return Plan(file, source, {path: line for path, line in lines.items() if line is not None})


def _inside(inner: dict[str, Any], outer: dict[str, Any]) -> bool:
    path: tuple[Any, ...] = outer["loc"]
    return inner is not outer and inner["loc"][: len(path)] == path


def _plain(node: Any) -> Any:
    """Mappings and lists without the reader's own types; floats as the decimals that were written."""
    if isinstance(node, Mapping):
        return {str(key): _plain(value) for key, value in node.items()}
    if isinstance(node, list | tuple):
        return [_plain(item) for item in node]
    if isinstance(node, float):
        return Decimal(repr(float(node)))
    if isinstance(node, int) and not isinstance(node, bool):
        return int(node)
    return str(node) if isinstance(node, str) else node


def _switched_keys(node: Any, root: Any, source: str | None, path: tuple[Any, ...]) -> list[Problem]:
    """Keys such as ``on:`` and ``no:`` that a YAML 1.1 reader turns into true and false."""
    if isinstance(node, list | tuple):
        return [p for i, item in enumerate(node) for p in _switched_keys(item, root, source, (*path, i))]
    if not isinstance(node, Mapping):
        return []
    found = []
    for key, value in node.items():
        if isinstance(key, bool) or (isinstance(key, str) and key.lower() in ("on", "off", "yes", "no")):
            seen = (
                f"true or false ({key})"
                if isinstance(key, bool)
                else f"{key!r}, which many readers take for true or false"
            )
            found.append(
                Problem(
                    "switched-key",
                    f"A key at {_dotted(path) or 'the top'} was read as {seen}: 'on', 'off', 'yes' and 'no' "
                    "are switches in YAML 1.1.",
                    "No field has such a name: write 'event' for what pays, 'from' and 'to' for dates.",
                    file=source,
                    row=_line(root, (*path, key)),
                    column=_dotted(path) or None,
                    value=str(key),
                )
            )
        found += _switched_keys(value, root, source, (*path, key))
    return found


def _conditions(file: PlanFile) -> list[tuple[tuple[Any, ...], str | None]]:
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
    for path, text in _conditions(file):
        try:
            expression.columns_of(text)
        except SalesopsError as error:
            found.append((path, error))
    return found


def _at(found: tuple[tuple[Any, ...], SalesopsError], root: Any, source: str | None) -> Problem:
    path, error = found
    first = error.problems[0]
    return Problem(
        first.code,
        first.message,
        first.fix,
        file=source,
        row=_line(root, path),
        column=_dotted(path),
        value=first.value,
    )


def _problem(item: dict[str, Any], root: Any, source: str | None) -> Problem:
    path = _known_path(root, item["loc"])
    where = _dotted(path)
    row = _line(root, path)
    kind = item["type"]
    given = item["input"]
    if kind == "extra_forbidden":
        known = _fields(PlanFile, path[:-1])
        near = difflib.get_close_matches(str(path[-1]), known, n=1)
        hint = f" (did you mean {near[0]!r}?)" if near else ""
        message, fix = f"The key {where!r} is not known{hint}.", f"Allowed here: {', '.join(known)}."
    elif kind == "missing":
        missing = ".".join(str(part) for part in item["loc"])
        message = f"{missing!r} is missing."
        field = _field(PlanFile, item["loc"])
        fix = f"Add it{_choices(field)}."
    elif kind == "value_error":
        reason = str(item["ctx"]["error"])
        message, fix = f"{where or 'The plan'}: {reason}.", ""
    else:
        shown = repr(str(given)) if isinstance(given, str | Decimal) else given
        shown = shown if not isinstance(given, Mapping | list) else "what stands there"
        reason = item["msg"][0].lower() + item["msg"][1:]
        message, fix = f"{where!r} is {shown}: {reason}.", "Write a value that fits."
    return Problem(
        "bad-plan", message, fix, file=source, row=row, column=where or None,
        value=None if isinstance(given, Mapping | list) else str(given),
    )  # fmt: skip


def _known_path(root: Any, loc: tuple[Any, ...]) -> tuple[Any, ...]:
    """The parts of pydantic's location that exist in the file (it adds names of alternatives)."""
    node, path = root, []
    for part in loc:
        if (isinstance(node, Mapping) and part in node) or (
            isinstance(node, list | tuple) and isinstance(part, int)
        ):
            node = node[part]
            path.append(part)
    return tuple(path)


def _line(root: Any, path: tuple[Any, ...]) -> int | None:
    """Line of the deepest part of the path that the YAML reader knows, from 1."""
    node, line = root, 1 if hasattr(root, "lc") else None
    for part in path:
        marks = getattr(node, "lc", None)
        if marks is not None:
            try:
                line = (marks.key(part) if isinstance(node, Mapping) else marks.item(part))[0] + 1
            except (KeyError, TypeError, AttributeError):
                break
        try:
            node = node[part]
        except (KeyError, IndexError, TypeError):
            break
    return line


def _dotted(path: tuple[Any, ...]) -> str:
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text


def _models(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [m for part in getattr(annotation, "__args__", ()) for m in _models(part)]


def _fields(model: type[BaseModel], path: tuple[Any, ...]) -> list[str]:
    for part in path:
        if isinstance(part, int):
            continue
        field = next((f for n, f in model.model_fields.items() if (f.alias or n) == part), None)
        inner = _models(field.annotation) if field else []
        model = inner[0] if inner else model
    return [field.alias or name for name, field in model.model_fields.items()]


def _field(model: type[BaseModel], loc: tuple[Any, ...]) -> Any:
    found = None
    for part in loc:
        field = next((f for n, f in model.model_fields.items() if (f.alias or n) == part), None)
        if field is not None:
            found = field
            inner = _models(field.annotation)
            model = inner[0] if inner else model
    return found


def _choices(field: Any) -> str:
    options = _literals(field.annotation) if field is not None else []
    return f": {', '.join(map(str, options))}" if options else ""


def _literals(annotation: Any) -> list[Any]:
    if get_origin(annotation) is Literal:
        return list(get_args(annotation))
    return [v for part in get_args(annotation) for v in _literals(part)]


def _merged(data: Any, changes: Any) -> Any:
    if isinstance(data, dict) and isinstance(changes, Mapping):
        return {**data, **{k: _merged(data.get(k), v) for k, v in changes.items()}}
    return changes
