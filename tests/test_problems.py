"""The catalogue of problems: each entry is used, each call names an entry and fills its places."""

from __future__ import annotations

import ast
import re
import string
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

import salesops_nb
from salesops_nb.errors import SalesopsError, declared, problem

PACKAGE = Path(salesops_nb.__file__).parent
FIELDS = {"table", "file", "row", "column", "value", "amount"}


class Use(NamedTuple):
    """One call that names entries of the catalogue."""

    where: str
    keys: tuple[str, ...]
    given: frozenset[str]
    open: bool  # gets more fields from a mapping


def places(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def wanted_by(keys: Iterable[str]) -> set[str]:
    """The places that texts need filled; a plural is chosen by ``n``."""
    found = {name for key in keys for text in texts_of(key) for name in places(text)}
    return found | {"n" for key in keys if "plural" in declared()[key]}


def texts_of(key: str) -> list[str]:
    return [text for field, text in declared()[key].items() if field != "severity"]


def _functions(tree: ast.AST) -> Iterator[ast.FunctionDef]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def _called(call: ast.Call) -> str:
    return call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")


def _keys(node: ast.expr, within: ast.AST) -> list[str]:
    """The keys that an expression may be; a name is one of the texts assigned to it in its function."""
    if isinstance(node, ast.Constant):
        return [str(node.value)]
    if isinstance(node, ast.IfExp):
        return _keys(node.body, within) + _keys(node.orelse, within)
    if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Dict):  # one of a few, by its name
        return [key for value in node.value.values for key in _keys(value, within)]
    found: list[str] = []
    if isinstance(node, ast.Name):
        for value in _assigned(node.id, within):
            if not (isinstance(value, ast.Constant) and not value.value):
                found += _keys(value, within)
        for each in ast.walk(within):
            if isinstance(each, ast.For) and node.id in {getattr(t, "id", "") for t in ast.walk(each.target)}:
                texts = [n.value for n in ast.walk(each.iter) if isinstance(n, ast.Constant)]
                found += [text for text in texts if text in declared()]
    return found


def _assigned(name: str, within: ast.AST) -> Iterator[ast.expr]:
    """What is assigned to a name in a function, alone or with others."""
    for each in ast.walk(within):
        if isinstance(each, ast.AnnAssign) and getattr(each.target, "id", "") == name and each.value:
            yield each.value
        for target in each.targets if isinstance(each, ast.Assign) else ():
            if getattr(target, "id", "") == name:
                yield each.value  # type: ignore[attr-defined]
            elif isinstance(target, ast.Tuple) and isinstance(each.value, ast.Tuple):  # type: ignore[attr-defined]
                for one, value in zip(target.elts, each.value.elts, strict=True):  # type: ignore[attr-defined]
                    if getattr(one, "id", "") == name:
                        yield value


def _calls(node: ast.AST) -> Iterator[ast.Call]:
    """The calls in a function or module, those in functions within it left out."""
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.FunctionDef):
            if isinstance(child, ast.Call):
                yield child
            yield from _calls(child)


def _named(call: ast.Call, within: ast.AST | None = None) -> set[str]:
    """The arguments by name, with those of mappings that the function writes down."""
    found = {keyword.arg for keyword in call.keywords if keyword.arg}
    for keyword in call.keywords if within is not None else ():
        if keyword.arg is None and isinstance(keyword.value, ast.Name):
            for value in _assigned(keyword.value.id, within):
                for each in ast.walk(value):
                    if isinstance(each, ast.Dict):
                        found |= {str(getattr(key, "value", "")) for key in each.keys}
    return found


@cache
def uses() -> list[Use]:
    """Every call of `problem`, and of what hands its first argument on to it as the key."""
    trees = {path: ast.parse(path.read_text(encoding="utf-8")) for path in sorted(PACKAGE.rglob("*.py"))}
    handing_on: dict[str, set[str]] = {"problem": set()}  # name: the places it fills itself
    for function in (function for tree in trees.values() for function in _functions(tree)):
        first = [a.arg for a in function.args.args if a.arg != "self"][:1]
        for call in _calls(function):
            if _called(call) == "problem" and call.args and [getattr(call.args[0], "id", "")] == first:
                handing_on[function.name] = _named(call)
    found = []
    for path, tree in trees.items():
        for function in [*_functions(tree), tree]:
            for call in _calls(function):
                keys = _keys(call.args[0], function) if _called(call) in handing_on and call.args else []
                if keys and (_called(call) == "problem" or set(keys) & set(declared())):
                    given = frozenset(handing_on[_called(call)] | _named(call, function))
                    opened = any(keyword.arg is None for keyword in call.keywords)
                    found.append(
                        Use(f"{path.relative_to(PACKAGE)}:{call.lineno}", tuple(keys), given, opened)
                    )
    return found


def named_in_sql() -> set[str]:
    """Keys that rules of rows name; a name made of parts stands for every key of that form."""
    found: set[str] = set()
    for path in (PACKAGE / "source" / "checks").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and node.value in declared():
                found.add(node.value)
            elif isinstance(node, ast.JoinedStr) and isinstance(node.values[0], ast.Constant):
                start = str(node.values[0].value)
                found |= {key for key in declared() if start.endswith(".") and key.startswith(start)}
    return found


def test_every_key_that_is_used_is_in_the_catalogue() -> None:
    assert {use.where: key for use in uses() for key in use.keys if key not in declared()} == {}


def test_every_entry_of_the_catalogue_is_used() -> None:
    assert set(declared()) - {key for use in uses() for key in use.keys} - named_in_sql() == set()


def test_every_rule_of_rows_fills_the_places_of_its_texts() -> None:
    wrong = []
    for path in (PACKAGE / "source" / "checks").glob("*.py"):
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(call, ast.Call) and _called(call) == "Rule":
                given = {"value", "table", "other"}
                for keyword in call.keywords:
                    if isinstance(keyword.value, ast.Dict):
                        given |= {str(getattr(key, "value", "")) for key in keyword.value.keys}
                for key in _keys(call.args[0], call):
                    wanted = {name for text in texts_of(key) for name in places(text)}
                    wrong += [(path.name, call.lineno, key)] if wanted - given else []
    assert wrong == []


def test_every_call_fills_exactly_the_places_of_its_texts() -> None:
    wrong = {}
    for use in uses():
        wanted = wanted_by(use.keys)
        given = use.given | (FIELDS if use.open else set())
        unused = use.given - wanted - FIELDS - {"severity"}
        if wanted - given or unused:
            wrong[use.where] = (use.keys, "lacks", sorted(wanted - given), "has too much", sorted(unused))
    assert wrong == {}


def test_a_problem_is_made_of_the_catalogue_alone() -> None:
    """No sentence in a call: what is wrong and what to do stand in the catalogue."""
    bare = []
    for path in PACKAGE.rglob("*.py"):
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(call, ast.Call) and _called(call) in ("Problem", "SalesopsError") and call.args:
                texts = call.args[:2] if _called(call) == "Problem" else call.args[:1]
                if any(isinstance(text, ast.Constant | ast.JoinedStr) for text in texts):
                    bare.append(f"{path.relative_to(PACKAGE)}:{call.lineno}")
    # the class itself takes an analyst's free words
    assert [each for each in bare if not each.startswith("errors.py")] == []


@pytest.mark.parametrize("key", sorted(declared()))
def test_an_entry_is_well_formed(key: str) -> None:
    entry = declared()[key]
    assert set(entry) <= {"text", "plural", "fix", "severity"}
    assert entry.get("severity", "warning") in ("warning", "note"), "error is what one is without it"
    assert entry["text"].endswith((".", "}", "?")), "a text is a sentence"
    assert re.fullmatch(r"[a-z0-9]+([-_.][a-z0-9_]+)*", key)


def test_an_unknown_key_is_a_mistake_of_ours() -> None:
    with pytest.raises(KeyError):
        problem("no-such-problem")


def test_free_words_of_a_notebook_of_ones_own_stay_possible() -> None:
    assert str(SalesopsError("Nothing was lost.", "Choose another period.").problems[0]) == (
        "Nothing was lost. Choose another period."
    )
