"""A condition as an SQLAlchemy expression, so that a database narrows its own rows; values are bound."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import narwhals as nw
from sqlalchemy import ColumnElement, Table, and_, not_, or_, true, types

from salesops_nb.expression.condition import typed, unknown_columns
from salesops_nb.expression.rows import COMPARE
from salesops_nb.expression.syntax import (
    Column,
    Comparison,
    Every,
    Literal,
    Member,
    Node,
    Not,
    Operand,
    Some,
    TextTest,
    columns_in,
)
from salesops_nb.expression.tokens import refuse

_KINDS: tuple[tuple[type[types.TypeEngine[Any]], Any], ...] = (
    (types.Boolean, nw.Boolean()),
    (types.Float, nw.Float64()),  # before what it is a kind of
    (types.Numeric, nw.Decimal(38, 10)),
    (types.Integer, nw.Int64()),
    (types.DateTime, nw.Datetime()),
    (types.Date, nw.Date()),
)


def where(node: Node, text: str, table: Table) -> ColumnElement[bool]:
    """The condition over a table's columns; `text` is for messages."""
    unknown = [column for column in columns_in(node) if column.name not in table.columns]
    if unknown:
        raise unknown_columns(text, unknown, table.columns.keys())
    return _Maker(text, table).make(node)


class _Maker:
    def __init__(self, text: str, table: Table) -> None:
        self.text = text
        self.table = table

    def make(self, node: Node) -> ColumnElement[bool]:
        """The expression of a part; true or false, never null."""
        if isinstance(node, Every):
            return and_(*(self.make(part) for part in node.parts))
        if isinstance(node, Some):
            return or_(*(self.make(part) for part in node.parts))
        if isinstance(node, Not):
            return not_(self.make(node.part))
        if isinstance(node, Comparison):
            return self.compared(node.op, node.left, node.right)
        if isinstance(node, Member):
            return self.member(node)
        if isinstance(node, TextTest):
            column = self.table.columns[node.column.name]
            tests: dict[str, Callable[..., ColumnElement[bool]]] = {
                "starts_with": column.startswith,
                "ends_with": column.endswith,
                "contains": column.contains,
            }
            return self.settled(tests[node.how](node.wanted, autoescape=True), node.column)
        kind = self.kind(node.operand)
        if kind != nw.Boolean:
            refuse(self.text, f"has a column of type {kind} alone: compare it", node.operand.at)
        return self.settled(self.table.columns[node.operand.name] == true(), node.operand)

    def kind(self, column: Column) -> Any:
        there = self.table.columns[column.name].type
        return next((kind for sort, kind in _KINDS if isinstance(there, sort)), nw.String())

    def compared(self, op: str, left: Operand, right: Operand) -> ColumnElement[bool]:
        for one, other in ((left, right), (right, left)):
            if isinstance(one, Column) and isinstance(other, Literal) and other.value is None:
                return self.empty(one) if op == "==" else not_(self.empty(one))
        compared = self.settled(COMPARE[op](self.side(left, right), self.side(right, left)), left, right)
        if op != "!=":
            return compared
        return or_(*(self.empty(o) for o in (left, right) if isinstance(o, Column)), compared)

    def member(self, node: Member) -> ColumnElement[bool]:
        """A list in one ``IN``, and emptiness beside it."""
        if isinstance(node.operand, Literal):
            refuse(self.text, "has a value where a column is needed", node.operand.at)
        kind, column = self.kind(node.operand), self.table.columns[node.operand.name]
        there = [self.value(item, kind) for item in node.values if item.value is not None]
        parts = [self.settled(column.in_(there), node.operand)] if there else []
        if len(there) < len(node.values):
            parts.append(self.empty(node.operand))
        return not_(or_(*parts)) if node.negated else or_(*parts)

    def empty(self, column: Column) -> ColumnElement[bool]:
        there = self.table.columns[column.name]
        if isinstance(there.type, types.String):
            return or_(there.is_(None), there == "")
        return there.is_(None)

    def side(self, operand: Operand, other: Operand) -> Any:
        if isinstance(operand, Column):
            return self.table.columns[operand.name]
        assert isinstance(other, Column)
        return self.value(operand, self.kind(other))

    def value(self, literal: Literal, kind: Any) -> Any:
        """The value to bind: a decimal beside decimals only, for not every driver takes it elsewhere."""
        value = typed(literal, kind, self.text)
        if not isinstance(value, Decimal) or kind.is_decimal():
            return value
        return int(value) if value == int(value) else float(value)

    def settled(self, expression: ColumnElement[bool], *operands: Operand) -> ColumnElement[bool]:
        """False where it is null, in words that every database has."""
        columns = [self.table.columns[o.name] for o in operands if isinstance(o, Column)]
        return and_(*(column.is_not(None) for column in columns), expression)
