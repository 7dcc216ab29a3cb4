"""Mistakes of a plan file, each with its line and what is allowed."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from salesops_nb.commission.plans.schema import PlanFile
from salesops_nb.commission.plans.schema_base import Fault
from salesops_nb.core.yaml_file import dotted, line_of
from salesops_nb.errors import Problem, SalesopsError, problem
from salesops_nb.messages import either, joined, message


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
            which = "switched-key.switch" if isinstance(key, bool) else "switched-key.word"
            found.append(
                problem(
                    which,
                    file=source,
                    row=line_of(root, (*path, key)),
                    column=dotted(path) or None,
                    value=str(key),
                    place=dotted(path) or message("the top"),
                )
            )
        found += switched_keys(value, root, source, (*path, key))
    return found


def at(found: tuple[tuple[Any, ...], SalesopsError], root: Any, source: str | None) -> Problem:
    """A finding of a condition, placed in the plan file."""
    path, error = found
    return replace(error.problems[0], file=source, row=line_of(root, path), column=dotted(path))


def problems_of(items: list[dict[str, Any]], root: Any, source: str | None) -> list[Problem]:
    """Pydantic's findings in words: one for each fault, in the order of the file."""
    placed = [(_known_path(root, item["loc"]), item) for item in items]
    # Pydantic tries the alternatives of a field one by one and calls a list too short when a part of it
    # failed: what lies deepest says it, and one message a place does.
    found: list[Problem] = []
    reported: set[tuple[Any, ...]] = set()
    for path, item in placed:
        if item["type"] in ("extra_forbidden", "missing"):
            found.append(_problem(path, item, root, source))
        elif _of_a_part(item):
            found += [_placed(place, fault, root, source) for place, fault in _faults(item, path)]
        elif path not in reported and not any(
            len(o) > len(path) and o[: len(path)] == path for o, _ in placed
        ):
            reported.add(path)
            if item["type"] != "too_short" or not item["input"] or len(items) == 1:
                found.append(_problem(path, item, root, source))
    return sorted(found, key=lambda problem: problem.row or 0)


def _of_a_part(item: dict[str, Any]) -> bool:
    """Whether a part found it out about itself as a whole."""
    return item["type"] == "value_error" and isinstance(item["input"], Mapping)


def _faults(item: dict[str, Any], path: tuple[Any, ...]) -> list[Fault]:
    return [((*path, *below), fault) for below, fault in item["ctx"]["error"].found]


def _placed(path: tuple[Any, ...], fault: Problem, root: Any, source: str | None) -> Problem:
    return replace(fault, file=source, row=line_of(root, path), column=dotted(path) or None)


def _problem(path: tuple[Any, ...], item: dict[str, Any], root: Any, source: str | None) -> Problem:
    given = item["input"]
    value = None if isinstance(given, Mapping | list) else str(given)
    if item["type"] == "extra_forbidden":
        key = item["loc"][-1]
        path = path if path and str(path[-1]) == str(key) else (*path, key)  # a number as a key, as in 10,5
        known = _fields(PlanFile, path[:-1])
        near = [_MEANT[key]] if _MEANT.get(key) in known else difflib.get_close_matches(str(key), known, n=1)
        names = ", ".join(known)
        if str(key).isdigit():
            found = problem("bad-plan.comma", value=value, key=dotted(path))
        elif near:
            found = problem("bad-plan.near-key", value=value, key=dotted(path), near=near[0], known=names)
        else:
            found = problem("bad-plan.unknown-key", value=value, key=dotted(path), known=names)
    elif item["type"] == "missing":
        path = (*path, item["loc"][-1])
        found = problem("bad-plan.missing", value=value, key=dotted(path), allowed=_allowed(path))
    else:
        number = isinstance(given, str) and item["type"].startswith(("decimal", "int_"))
        found = (_written_otherwise(given, value, dotted(path)) if number else None) or problem(
            "bad-plan.not-allowed",
            value=value,
            key=dotted(path),
            given=_shown(given),
            allowed=_allowed(path),
        )
    return _placed(path, found, root, source)


def _written_otherwise(given: str, value: Any, key: str) -> Problem | None:
    """A number that people write otherwise: what is wrong with it, and how it is written here."""
    shown = _shown(given)
    if grouped := next(filter(None, (form.fullmatch(given) for form in _THOUSANDS)), None):
        whole, decimals = re.sub("[^0-9-]", "", grouped[1]), (grouped[2] or "").replace(",", ".")
        if grouped[1].count(",") == 1 and not decimals:  # 7,125 may be either
            return problem(
                "bad-plan.number-with-thousands-or-comma",
                value=value,
                key=key,
                given=shown,
                number=whole,
                decimals=grouped[1].replace(",", "."),
            )
        number = whole + decimals
        return problem("bad-plan.number-with-thousands", value=value, key=key, given=shown, number=number)
    match = _WRITTEN.fullmatch(given)
    if match is None:
        return None
    which = "bad-plan.number-with-sign" if "%" in given else "bad-plan.number-with-comma"
    return problem(which, value=value, key=key, given=shown, number=match[1].replace(",", "."))


def _shown(given: Any) -> str:
    if isinstance(given, Mapping | list | tuple):
        if not given:
            return message("empty")
        return message("a mapping") if isinstance(given, Mapping) else message("a list")
    if given is None or isinstance(given, bool):
        return message("empty") if given is None else str(given).lower()
    return repr(str(given)) if isinstance(given, str | Decimal) else str(given)


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


def _allowed(path: tuple[Any, ...]) -> str:
    """What may stand at a path, in words."""
    annotation: Any = PlanFile
    details: list[Any] = []
    for part in path:
        if isinstance(part, int):
            annotation = next((a for a in _alternatives(annotation) if get_origin(a) is tuple), annotation)
            inner = get_args(annotation)
            annotation, details = (inner[0] if inner else annotation), []
            continue
        models = _models(annotation)
        fields = models[0].model_fields if models else {}
        field = next((f for n, f in fields.items() if (f.alias or n) == part), None)
        if field is None:
            break
        annotation, details = field.annotation, list(field.metadata)
    kinds = list(dict.fromkeys(_described(annotation, details)))
    return joined(kinds) if kinds else message("see docs/plans.md")


def _alternatives(annotation: Any) -> list[Any]:
    """The members of a union, without what only says that a field may be left out."""
    if get_origin(annotation) in (Union, UnionType):
        return [m for part in get_args(annotation) if part is not type(None) for m in _alternatives(part)]
    return [annotation]


def _described(annotation: Any, details: list[Any]) -> list[str]:
    found: list[str] = []
    for part in _alternatives(annotation):
        more = details
        if get_origin(part) is Annotated:
            part, *inner = get_args(part)
            more = [*inner, *details]
            if get_origin(part) in (Union, UnionType):
                found += _described(part, more)
                continue
        if get_origin(part) is Literal:
            found += [str(option) for option in get_args(part)]
        elif get_origin(part) is tuple:
            inner = get_args(part)[0]
            inner = get_args(inner)[0] if get_origin(inner) is Annotated else inner
            parts = [_MANY.get(each, each) for each in _described(inner, [])]
            found.append(message("a list of {parts}", parts=either(parts)))
        elif isinstance(part, type) and issubclass(part, BaseModel):
            found.append(message("a mapping ({fields})", fields=", ".join(_fields(part, ()))))
        elif part is str:
            found.append(_TEXTS.get(_detail(more, "pattern"), message("a text")))
        else:
            found.append(_bounded(_KINDS.get(part, message("a value")), more))
    return found


_KINDS = {
    Decimal: message("a number"),
    int: message("a whole number"),
    bool: message("true or false"),
    date: message("a date such as 2026-01-31"),
}
_MANY = {
    "a number": message("numbers"),
    "a whole number": message("whole numbers"),
    "a text": message("texts"),
    "a value": message("values"),
}
_WRITTEN = re.compile(r"\s*(-?[0-9]+(?:[.,][0-9]+)?)\s*%?\s*")  # as people write it: 7,5 or 7.5 %
# with a mark after each three digits: 100,000.50, 100.000,50, 1.000.000 and 100 000
_THOUSANDS = [
    re.compile(rf"\s*(-?[0-9]{{1,3}}{marked}\s*%?\s*")
    for marked in (
        r"(?:,[0-9]{3})+)(\.[0-9]+)?",
        r"(?:\.[0-9]{3})+)(,[0-9]+)",
        r"(?:\.[0-9]{3}){2,})()",
        r"(?:['’ \u00a0\u202f][0-9]{3})+)([.,][0-9]+)?",
    )
]
_MEANT = {
    "rate": "rate_pct",
    "percent": "rate_pct",
    "multiplier": "multipliers",
    "cap": "limits",
    "floor": "limits",
}
_TEXTS = {
    "^[A-Z]{3}$": message("a currency's three capital letters, such as USD"),
    r"^[^/]+$": message("a text without '/'"),
    r"^hired_within_[1-9][0-9]*_months$": message("hired_within_N_months, such as hired_within_6_months"),
}


def _detail(details: list[Any], name: str) -> Any:
    each = [one for d in details for one in (d.metadata if isinstance(d, FieldInfo) else [d])]
    return next((v for d in each if (v := getattr(d, name, None)) is not None), None)


def _bounded(kind: str, details: list[Any]) -> str:
    low, high = _detail(details, "ge"), _detail(details, "le")
    if low is not None and high is not None:
        return message("{kind} from {low} to {high}", kind=kind, low=low, high=high)
    if low is not None:
        return message("{kind} of at least {low}", kind=kind, low=low)
    return message("{kind} up to {high}", kind=kind, high=high) if high is not None else kind
