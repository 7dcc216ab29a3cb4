"""A condition judged on one row of plain values, as studies and designs do."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from salesops_nb.expression.syntax import (
    Column,
    Comparison,
    Every,
    Member,
    Node,
    Not,
    Operand,
    Some,
    TextTest,
    parse,
)

COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_TESTS: dict[str, Callable[[str, str], bool]] = {
    "starts_with": str.startswith,
    "ends_with": str.endswith,
    "contains": str.__contains__,
}


def holds(text: str, row: dict[str, Any]) -> bool:
    """Whether one row of plain values (numbers, texts, dates, ``None``) meets a condition.

    Empty fields count as in `condition`. A column that the row lacks is empty.

    Examples
    --------
    >>> from salesops_nb import expression
    >>> deal = {"amount": 150, "region": "East", "family": None}
    >>> expression.holds("amount >= 100 and region == 'East'", deal)
    True
    >>> expression.holds("family == 'GTX'", deal), expression.holds("family != 'GTX'", deal)
    (False, True)
    """
    return _judge(parse(text), row)


def _judge(node: Node, row: dict[str, Any]) -> bool:
    if isinstance(node, Every):
        return all(_judge(part, row) for part in node.parts)
    if isinstance(node, Some):
        return any(_judge(part, row) for part in node.parts)
    if isinstance(node, Not):
        return not _judge(node.part, row)
    if isinstance(node, Comparison):
        return _compared(node, row)
    if isinstance(node, Member):
        return (_value(node.operand, row) in [item.value for item in node.values]) != node.negated
    if isinstance(node, TextTest):
        value = _value(node.column, row)
        return value is not None and _TESTS[node.how](str(value), node.wanted)
    return bool(_value(node.operand, row))


def _compared(node: Comparison, row: dict[str, Any]) -> bool:
    left, right = _value(node.left, row), _value(node.right, row)
    if left is None or right is None:
        asked = [o for o in (node.left, node.right) if not isinstance(o, Column) and o.value is None]
        if asked:  # whether it is empty
            return (left is None and right is None) == (node.op == "==")
        return node.op == "!="
    return bool(COMPARE[node.op](left, right))


def _value(operand: Operand, row: dict[str, Any]) -> Any:
    if isinstance(operand, Column):
        value = row.get(operand.name)
        return None if isinstance(value, str) and not value else value
    return operand.value
