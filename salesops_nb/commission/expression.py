"""Conditions of a plan (``where``): a small language over the credit's columns, never `eval`.

Comparisons (``== != < <= > >=``), ``in`` and ``not in`` a list, ``and``, ``or``, ``not``,
parentheses, texts in quotes, numbers, dates as ``'2026-03-31'``, ``true``, ``false`` and ``none``;
``starts_with(column, 'text')``, ``ends_with`` and ``contains``. The text is read by Python's own
parser and only these few forms are let through, then made into a narwhals expression, so that a
condition runs in the engine. A condition about an empty field is not met.
"""

from __future__ import annotations

import ast
import difflib
import operator
import re
from collections.abc import Callable, Iterable
from datetime import date
from decimal import Decimal
from typing import Any

import narwhals as nw

from salesops_nb.errors import Problem, SalesopsError

_COMPARE: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
_TEXT = {"starts_with": "starts_with", "ends_with": "ends_with", "contains": "contains"}
_WORDS = {"true": True, "false": False, "none": None, "null": None}
_ALLOWED = (
    "Allowed are comparisons, in, and, or, not, parentheses, literals and starts_with/ends_with/contains."
)


def parse(text: str) -> ast.expr:
    """The condition's tree; raises `SalesopsError` where a form is not allowed."""
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        reason = error.msg if isinstance(error, SyntaxError) else str(error)
        raise _refused(text, f"cannot be read: {reason}") from None
    _check(tree, text)
    return tree


def columns_of(text: str | None) -> set[str]:
    """Names of the columns that a condition mentions."""
    if text is None:
        return set()
    tree = parse(text)
    calls = {
        node.func.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    return {name for name in names - calls if name.lower() not in _WORDS}


def condition(text: str, schema: dict[str, Any], known: Iterable[str] | None = None) -> nw.Expr:
    """The condition over columns of a schema (name to narwhals type); unmet where a field is empty.

    `known` are the names to offer where the condition names another.
    """
    unknown = sorted(columns_of(text) - set(schema))
    if unknown:
        raise unknown_columns(text, unknown, schema if known is None else known)
    made: nw.Expr = _make(parse(text), text, schema)
    return made.fill_null(False)


def unknown_columns(text: str, unknown: Iterable[str], known: Iterable[str]) -> SalesopsError:
    """The error for columns that the credit does not have, with the nearest names."""
    known = sorted(known)
    words = []
    for name in unknown:
        near = difflib.get_close_matches(name, known, n=1)
        words.append(f"{name!r}" + (f" (did you mean {near[0]!r}?)" if near else ""))
    return SalesopsError(
        Problem(
            "unknown-column",
            f"The condition {text!r} names {', '.join(words)}, which the credit does not have.",
            f"Columns are: {', '.join(known)}.",
            column="where",
            value=text,
        )
    )


def _refused(text: str, why: str) -> SalesopsError:
    return SalesopsError(
        Problem("bad-condition", f"The condition {text!r} {why}.", _ALLOWED, column="where", value=text)
    )


def _check(node: ast.expr, text: str) -> None:
    if isinstance(node, ast.BoolOp):
        parts: list[ast.expr] = node.values
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        parts = [node.operand]
    elif isinstance(node, ast.Compare):
        for op, right in zip(node.ops, node.comparators, strict=True):
            if isinstance(op, ast.In | ast.NotIn):
                _check_list(right, text)
            elif type(op) not in _COMPARE:
                raise _refused(text, "uses a comparison that is not allowed")
            else:
                _check_value(right, text)
        _check_value(node.left, text)
        return
    elif isinstance(node, ast.Call):
        _check_call(node, text)
        return
    elif isinstance(node, ast.Name) or (isinstance(node, ast.Constant) and isinstance(node.value, bool)):
        return
    else:
        raise _refused(text, f"uses {type(node).__name__.lower()!r}, which is not allowed")
    for part in parts:
        _check(part, text)


def _check_value(node: ast.expr, text: str) -> None:
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        node = node.operand
    if isinstance(node, ast.Constant) and isinstance(node.value, str | int | float | bool | None):
        return
    if not isinstance(node, ast.Name):
        raise _refused(text, f"compares {type(node).__name__.lower()!r}, which is not allowed")


def _check_list(node: ast.expr, text: str) -> None:
    if not isinstance(node, ast.List | ast.Tuple | ast.Set) or not node.elts:
        raise _refused(text, "has 'in' without a list of values, such as ['A', 'B']")
    for item in node.elts:
        if isinstance(item, ast.Name) and item.id.lower() not in _WORDS:
            raise _refused(text, "has a column inside a list of values")
        _check_value(item, text)


def _check_call(node: ast.Call, text: str) -> None:
    name = node.func.id if isinstance(node.func, ast.Name) else None
    fits = len(node.args) == 2 and not node.keywords
    if name not in _TEXT or not fits or not isinstance(node.args[0], ast.Name):
        raise _refused(text, "calls what is not allowed")
    if not (isinstance(node.args[1], ast.Constant) and isinstance(node.args[1].value, str)):
        raise _refused(text, f"gives {name} something other than a text")


def _make(node: ast.expr, text: str, schema: dict[str, Any]) -> Any:
    if isinstance(node, ast.BoolOp):
        parts = [_make(part, text, schema).fill_null(False) for part in node.values]
        joined = parts[0]
        for part in parts[1:]:
            joined = joined & part if isinstance(node.op, ast.And) else joined | part
        return joined
    if isinstance(node, ast.UnaryOp):
        return ~_make(node.operand, text, schema).fill_null(False)
    if isinstance(node, ast.Compare):
        return _comparison(node, text, schema)
    if isinstance(node, ast.Call):
        assert isinstance(node.func, ast.Name)
        column, wanted = node.args
        assert isinstance(column, ast.Name)
        assert isinstance(wanted, ast.Constant)
        return _affix(nw.col(column.id).cast(nw.String), node.func.id, str(wanted.value))
    if isinstance(node, ast.Constant):
        return nw.lit(bool(node.value))
    assert isinstance(node, ast.Name)
    if node.id.lower() in ("true", "false"):
        return nw.lit(node.id.lower() == "true")
    return nw.col(node.id).cast(nw.Boolean)


def _affix(column: nw.Expr, how: str, wanted: str) -> nw.Expr:
    if how == "starts_with":
        return column.str.starts_with(wanted)
    if how == "ends_with":
        return column.str.ends_with(wanted)
    return column.str.contains(wanted, literal=True)


def _comparison(node: ast.Compare, text: str, schema: dict[str, Any]) -> Any:
    left, joined = node.left, None
    for op, right in zip(node.ops, node.comparators, strict=True):
        made = _pair(left, op, right, text, schema)
        joined = made if joined is None else joined & made
        left = right
    return joined


def _pair(left: ast.expr, op: ast.cmpop, right: ast.expr, text: str, schema: dict[str, Any]) -> Any:
    column = next((n for n in (left, right) if isinstance(n, ast.Name) and n.id.lower() not in _WORDS), None)
    kind = schema[column.id] if isinstance(column, ast.Name) else None
    if isinstance(op, ast.In | ast.NotIn):
        assert isinstance(right, ast.List | ast.Tuple | ast.Set)
        held: Any = None
        for item in right.elts:
            one = _pair(left, ast.Eq(), item, text, schema)
            held = one if held is None else held | one
        if isinstance(op, ast.NotIn):
            return _operand(left, kind, text).is_null() | ~held if _is_column(left) else ~held
        return held
    for a, b in ((left, right), (right, left)):
        if _literal(b) is None and _is_none(b):
            empty = _operand(a, kind, text).is_null()
            if isinstance(op, ast.Eq):
                return empty
            if isinstance(op, ast.NotEq):
                return ~empty
            raise _refused(text, "orders something against none")
    made = _COMPARE[type(op)](_operand(left, kind, text), _operand(right, kind, text))
    if isinstance(op, ast.NotEq) and isinstance(column, ast.Name):
        # what is empty differs from every value: "family != 'services'" must not drop an unknown family
        return nw.col(column.id).is_null() | made
    return made


def _is_column(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id.lower() not in _WORDS


def _is_none(node: ast.expr) -> bool:
    if isinstance(node, ast.Name):
        return node.id.lower() in ("none", "null")
    return isinstance(node, ast.Constant) and node.value is None


def _literal(node: ast.expr) -> Any:
    if isinstance(node, ast.UnaryOp):
        value = _literal(node.operand)
        return -value if isinstance(value, int | Decimal) else value
    if isinstance(node, ast.Name):
        return _WORDS.get(node.id.lower())
    assert isinstance(node, ast.Constant)
    return Decimal(str(node.value)) if isinstance(node.value, float) else node.value


def _operand(node: ast.expr, kind: Any, text: str) -> Any:
    if _is_column(node):
        assert isinstance(node, ast.Name)
        column = nw.col(node.id)
        return column.cast(nw.Decimal(38, 10)) if kind is not None and kind.is_numeric() else column
    value = _literal(node)
    if kind is None:
        return nw.lit(value)
    return _typed(value, kind, text)


def _typed(value: Any, kind: Any, text: str) -> Any:
    """A literal in the column's own type, or an error that says which type the column has."""
    if kind == nw.String and isinstance(value, str):
        return nw.lit(value)
    if kind == nw.Boolean and isinstance(value, bool):
        return nw.lit(value)
    if kind.is_numeric() and isinstance(value, int | Decimal) and not isinstance(value, bool):
        return nw.lit(format(Decimal(value), "f")).cast(nw.Decimal(38, 10))
    if kind.is_temporal() and isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", value):
        try:
            return nw.lit(date.fromisoformat(value))
        except ValueError:
            pass
    raise _refused(text, f"compares a column of type {kind} with {value!r}")


def holds(text: str, row: dict[str, Any]) -> bool:
    """Whether a condition holds for one row of plain values (numbers, texts, dates, ``None``)."""
    return bool(_judge(parse(text), row))


def _judge(node: ast.expr, row: dict[str, Any]) -> bool:
    if isinstance(node, ast.BoolOp):
        parts = (_judge(part, row) for part in node.values)
        return all(parts) if isinstance(node.op, ast.And) else any(parts)
    if isinstance(node, ast.UnaryOp):
        return not _judge(node.operand, row)
    if isinstance(node, ast.Compare):
        left = node.left
        for op, right in zip(node.ops, node.comparators, strict=True):
            if not _judge_pair(left, op, right, row):
                return False
            left = right
        return True
    if isinstance(node, ast.Call):
        assert isinstance(node.func, ast.Name)
        value, wanted = _plain_value(node.args[0], row), _plain_value(node.args[1], row)
        if value is None:
            return False
        tests = {"starts_with": str.startswith, "ends_with": str.endswith, "contains": str.__contains__}
        return bool(tests[node.func.id](str(value), wanted))
    return bool(_plain_value(node, row))


def _judge_pair(left: ast.expr, op: ast.cmpop, right: ast.expr, row: dict[str, Any]) -> bool:
    value = _plain_value(left, row)
    if isinstance(op, ast.In | ast.NotIn):
        assert isinstance(right, ast.List | ast.Tuple | ast.Set)
        return (value in [_plain_value(item, row) for item in right.elts]) == isinstance(op, ast.In)
    other = _plain_value(right, row)
    if value is None or other is None:
        return (value is None and other is None) == isinstance(op, ast.Eq) and isinstance(
            op, ast.Eq | ast.NotEq
        )
    return bool(_COMPARE[type(op)](value, other))


def _plain_value(node: ast.expr, row: dict[str, Any]) -> Any:
    if _is_column(node):
        assert isinstance(node, ast.Name)
        return row.get(node.id)
    return _literal(node)
