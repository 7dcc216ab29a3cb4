"""A condition judged on one row of plain values, as studies and designs do."""

from __future__ import annotations

import ast
from typing import Any

from salesops_nb.expression.syntax import COMPARE, is_column, literal, parse


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
    return bool(COMPARE[type(op)](value, other))


def _plain_value(node: ast.expr, row: dict[str, Any]) -> Any:
    if is_column(node):
        assert isinstance(node, ast.Name)
        return row.get(node.id)
    return literal(node)
