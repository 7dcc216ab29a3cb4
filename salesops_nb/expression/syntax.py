"""The small language of conditions: which forms are let through, and what their leaves say."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from salesops_nb.errors import Problem, SalesopsError

COMPARE: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
TEXT_TESTS = {"starts_with": "starts_with", "ends_with": "ends_with", "contains": "contains"}
WORDS = {"true": True, "false": False, "none": None, "null": None}
_ALLOWED = (
    "Allowed are comparisons, in, and, or, not, parentheses, literals and starts_with/ends_with/contains."
)


def parse(text: str) -> ast.expr:
    """The condition's tree; raises `SalesopsError` where a form is not allowed."""
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        reason = error.msg if isinstance(error, SyntaxError) else str(error)
        raise refused(text, f"cannot be read: {reason}") from None
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
    return {name for name in names - calls if name.lower() not in WORDS}


def refused(text: str, why: str) -> SalesopsError:
    """The error for a form that the language does not have."""
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
            elif type(op) not in COMPARE:
                raise refused(text, "uses a comparison that is not allowed")
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
        raise refused(text, f"uses {type(node).__name__.lower()!r}, which is not allowed")
    for part in parts:
        _check(part, text)


def _check_value(node: ast.expr, text: str) -> None:
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        node = node.operand
    if isinstance(node, ast.Constant) and isinstance(node.value, str | int | float | bool | None):
        return
    if not isinstance(node, ast.Name):
        raise refused(text, f"compares {type(node).__name__.lower()!r}, which is not allowed")


def _check_list(node: ast.expr, text: str) -> None:
    if not isinstance(node, ast.List | ast.Tuple | ast.Set) or not node.elts:
        raise refused(text, "has 'in' without a list of values, such as ['A', 'B']")
    for item in node.elts:
        if isinstance(item, ast.Name) and item.id.lower() not in WORDS:
            raise refused(text, "has a column inside a list of values")
        _check_value(item, text)


def _check_call(node: ast.Call, text: str) -> None:
    name = node.func.id if isinstance(node.func, ast.Name) else None
    fits = len(node.args) == 2 and not node.keywords
    if name not in TEXT_TESTS or not fits or not isinstance(node.args[0], ast.Name):
        raise refused(text, "calls what is not allowed")
    if not (isinstance(node.args[1], ast.Constant) and isinstance(node.args[1].value, str)):
        raise refused(text, f"gives {name} something other than a text")


def is_column(node: ast.expr) -> bool:
    """Whether a leaf names a column."""
    return isinstance(node, ast.Name) and node.id.lower() not in WORDS


def is_none(node: ast.expr) -> bool:
    """Whether a leaf says none."""
    if isinstance(node, ast.Name):
        return node.id.lower() in ("none", "null")
    return isinstance(node, ast.Constant) and node.value is None


def literal(node: ast.expr) -> Any:
    """The value of a leaf that is written out; numbers exact."""
    if isinstance(node, ast.UnaryOp):
        value = literal(node.operand)
        return -value if isinstance(value, int | Decimal) else value
    if isinstance(node, ast.Name):
        return WORDS.get(node.id.lower())
    assert isinstance(node, ast.Constant)
    return Decimal(str(node.value)) if isinstance(node.value, float) else node.value
