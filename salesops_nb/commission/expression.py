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
import re
from collections.abc import Iterable, Mapping
from copy import deepcopy
from datetime import date
from decimal import Decimal
from typing import Any

import narwhals as nw

from salesops_nb.commission.expression_rows import holds
from salesops_nb.commission.expression_syntax import (
    COMPARE,
    WORDS,
    columns_of,
    is_column,
    is_none,
    literal,
    parse,
    refused,
)
from salesops_nb.errors import Problem, SalesopsError


def condition(
    text: str,
    schema: dict[str, Any],
    known: Iterable[str] | None = None,
    other: Mapping[str, str] | None = None,
) -> nw.Expr:
    """The condition over columns of a schema (name to narwhals type); unmet where a field is empty.

    `known` are the names to offer where the condition names another; `other` are columns to read in
    place of those that it names.
    """
    unknown = sorted(columns_of(text) - set(schema))
    if unknown:
        raise unknown_columns(text, unknown, schema if known is None else known)
    tree = parse(text)
    if other:
        tree = _Renamed(other).visit(deepcopy(tree))
    made: nw.Expr = _make(tree, text, schema)
    return made.fill_null(False)


class _Renamed(ast.NodeTransformer):
    def __init__(self, names: Mapping[str, str]) -> None:
        self.names = names

    def visit_Name(self, node: ast.Name) -> ast.Name:
        return ast.Name(self.names.get(node.id, node.id), node.ctx)


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
    column = next((n for n in (left, right) if isinstance(n, ast.Name) and n.id.lower() not in WORDS), None)
    kind = schema[column.id] if isinstance(column, ast.Name) else None
    if isinstance(op, ast.In | ast.NotIn):
        assert isinstance(right, ast.List | ast.Tuple | ast.Set)
        held: Any = None
        for item in right.elts:
            one = _pair(left, ast.Eq(), item, text, schema)
            held = one if held is None else held | one
        if isinstance(op, ast.NotIn):
            return _operand(left, kind, text).is_null() | ~held if is_column(left) else ~held
        return held
    for a, b in ((left, right), (right, left)):
        if literal(b) is None and is_none(b):
            empty = _operand(a, kind, text).is_null()
            if isinstance(op, ast.Eq):
                return empty
            if isinstance(op, ast.NotEq):
                return ~empty
            raise refused(text, "orders something against none")
    made = COMPARE[type(op)](_operand(left, kind, text), _operand(right, kind, text))
    if isinstance(op, ast.NotEq) and isinstance(column, ast.Name):
        # what is empty differs from every value: "family != 'services'" must not drop an unknown family
        return nw.col(column.id).is_null() | made
    return made


def _operand(node: ast.expr, kind: Any, text: str) -> Any:
    if is_column(node):
        assert isinstance(node, ast.Name)
        column = nw.col(node.id)
        return column.cast(nw.Decimal(38, 10)) if kind is not None and kind.is_numeric() else column
    value = literal(node)
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
    raise refused(text, f"compares a column of type {kind} with {value!r}")


__all__ = ["columns_of", "condition", "holds", "parse", "unknown_columns"]
