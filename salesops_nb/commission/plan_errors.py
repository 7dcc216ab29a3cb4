"""Mistakes of a plan file, each with its line and what is allowed."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel

from salesops_nb.commission.schema import PlanFile
from salesops_nb.errors import Problem, SalesopsError


def read_yaml(path: Path) -> Any:
    """The contents of a plan file, with the lines where its parts stand."""
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


def inside(inner: dict[str, Any], outer: dict[str, Any]) -> bool:
    """Whether one of pydantic's findings lies inside another."""
    path: tuple[Any, ...] = outer["loc"]
    return inner is not outer and inner["loc"][: len(path)] == path


def plain(node: Any) -> Any:
    """Mappings and lists without the reader's own types; floats as the decimals that were written."""
    if isinstance(node, Mapping):
        return {str(key): plain(value) for key, value in node.items()}
    if isinstance(node, list | tuple):
        return [plain(item) for item in node]
    if isinstance(node, float):
        return Decimal(repr(float(node)))
    if isinstance(node, int) and not isinstance(node, bool):
        return int(node)
    return str(node) if isinstance(node, str) else node


def switched_keys(node: Any, root: Any, source: str | None, path: tuple[Any, ...]) -> list[Problem]:
    """Keys such as ``on:`` and ``no:`` that a YAML 1.1 reader turns into true and false."""
    if isinstance(node, list | tuple):
        return [p for i, item in enumerate(node) for p in switched_keys(item, root, source, (*path, i))]
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
                    f"A key at {dotted(path) or 'the top'} was read as {seen}: 'on', 'off', 'yes' and 'no' "
                    "are switches in YAML 1.1.",
                    "No field has such a name: write 'event' for what pays, 'from' and 'to' for dates.",
                    file=source,
                    row=line_of(root, (*path, key)),
                    column=dotted(path) or None,
                    value=str(key),
                )
            )
        found += switched_keys(value, root, source, (*path, key))
    return found


def at(found: tuple[tuple[Any, ...], SalesopsError], root: Any, source: str | None) -> Problem:
    """A finding of a condition, placed in the plan file."""
    path, error = found
    first = error.problems[0]
    return Problem(
        first.code,
        first.message,
        first.fix,
        file=source,
        row=line_of(root, path),
        column=dotted(path),
        value=first.value,
    )


def problem_of(item: dict[str, Any], root: Any, source: str | None) -> Problem:
    """One of pydantic's findings in words."""
    path = _known_path(root, item["loc"])
    where = dotted(path)
    row = line_of(root, path)
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


def line_of(root: Any, path: tuple[Any, ...]) -> int | None:
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


def dotted(path: tuple[Any, ...]) -> str:
    """A path as people write it, such as ``components[0].where``."""
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
