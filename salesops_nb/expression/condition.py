"""A condition as a narwhals expression, so that it runs in the engine with its values bound.

A condition about an empty field is not met, except ``!=`` and ``not in``, which are.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Container, Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import narwhals as nw

from salesops_nb.errors import SalesopsError, problem
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
    parse,
)
from salesops_nb.expression.tokens import bad_condition, refuse, shown

_NUMBER = nw.Decimal(38, 10)


def condition(text: str, schema: dict[str, Any], known: Iterable[str] | None = None) -> nw.Expr:
    """A condition as an expression, to filter any frame that narwhals reads.

    Parameters
    ----------
    text : the condition; docs/expressions.md describes the language.
    schema : the frame's columns: name → narwhals type. Values are compared in the column's own type.
    known : the names to offer where the condition names another; those of the schema unless given.

    Returns
    -------
    narwhals.Expr
        true or false for every row, never null: where a field is empty, false, but ``!=`` and ``not in`` are
        true.

    Raises
    ------
    SalesopsError
        where the text is no condition, names a column that is not there, or compares a column with a value
        of another type; with the place in the text.

    Examples
    --------
    >>> import narwhals as nw
    >>> import pandas as pd
    >>> from salesops_nb import expression
    >>> deals = nw.from_native(pd.DataFrame({"deal_id": ["D1", "D2", "D3"], "amount": [50.0, 150.0, None]}))
    >>> large = expression.condition("amount >= 100", dict(deals.schema))
    >>> deals.filter(large)["deal_id"].to_list()
    ['D2']
    """
    return made(parse(text), text, schema, known)


def made(node: Node, text: str, schema: dict[str, Any], known: Iterable[str] | None = None) -> nw.Expr:
    """The expression of a condition that `parse` has read; error messages quote `text`. Else as `condition`.

    Examples
    --------
    >>> import narwhals as nw
    >>> import pandas as pd
    >>> from salesops_nb import expression
    >>> deals = nw.from_native(pd.DataFrame({"deal_id": ["D1", "D2"], "amount": [50, 150]}))
    >>> text = "amount < 100"
    >>> small = expression.made(expression.parse(text), text, dict(deals.schema))
    >>> deals.filter(small)["deal_id"].to_list()
    ['D1']
    """
    _check_columns(node, text, schema, schema if known is None else known)
    return _Maker(text, schema).make(node)


def check_columns(text: str, there: Iterable[str]) -> None:
    """Raise `SalesopsError` where the condition names a column that is not there.

    Examples
    --------
    >>> from salesops_nb import expression
    >>> expression.check_columns("amount >= 100", ["amount", "region"])  # nothing happens
    >>> expression.check_columns("amout >= 100", ["amount", "region"])
    Traceback (most recent call last):
        ...
    salesops_nb.errors.SalesopsError: column where: The condition 'amout >= 100' names 'amout' at
    character 1 (did you mean 'amount'?), which is no column there. Columns are: amount, region.
    """
    names = list(there)
    _check_columns(parse(text), text, names, names)


def _check_columns(node: Node, text: str, there: Container[str], known: Iterable[str]) -> None:
    unknown = [column for column in columns_in(node) if column.name not in there]
    if unknown:
        raise unknown_columns(text, unknown, known)


def unknown_columns(text: str, unknown: Iterable[Column], known: Iterable[str]) -> SalesopsError:
    """The error for columns that are not there, each with the nearest name that is; not raised here.

    Examples
    --------
    >>> from salesops_nb import expression
    >>> text = "amout > 100"
    >>> print(expression.unknown_columns(text, [expression.parse(text).left], ["amount", "region"]))
    column where: The condition 'amout > 100' names 'amout' at character 1 (did you mean 'amount'?),
    which is no column there. Columns are: amount, region.
    """
    known = sorted(known)
    plain = {name.casefold(): name for name in known}
    words = []
    first = {column.name: column.at for column in reversed(list(unknown))}
    for name in sorted(first):
        near = difflib.get_close_matches(name.casefold(), plain, n=1)
        hint = f" (did you mean {plain[near[0]]!r}?)" if near else ""
        if text[: first[name]].rstrip().endswith(("=", "<", ">")):
            hint = f" (a text stands in quotes: '{name}')"
        words.append(f"{name!r} at character {first[name] + 1}{hint}")
    place = min(first.values())
    return SalesopsError(
        problem(
            "unknown-column.condition",
            column="where",
            value=shown(text, place),
            words=", ".join(words),
            known=", ".join(known),
        )
    )


class _Maker:
    def __init__(self, text: str, schema: dict[str, Any]) -> None:
        self.text = text
        self.schema = schema

    def make(self, node: Node) -> nw.Expr:
        """The expression of a part; true or false, never empty."""
        if isinstance(node, Every | Some):
            return _joined([self.make(part) for part in node.parts], isinstance(node, Every))
        if isinstance(node, Not):
            return ~self.make(node.part)
        if isinstance(node, Comparison):
            return self.compared(node.op, node.left, node.right).fill_null(False)
        if isinstance(node, Member):
            one = _joined([self.make(Comparison("==", node.operand, item)) for item in node.values], False)
            return ~one if node.negated else one
        if isinstance(node, TextTest):
            return _affix(nw.col(node.column.name).cast(nw.String), node.how, node.wanted).fill_null(False)
        column = nw.col(node.operand.name)
        if self.schema[node.operand.name] != nw.Boolean:
            if not self.schema[node.operand.name].is_numeric():
                kind = self.schema[node.operand.name]
                refuse(self.text, f"has a column of type {kind} alone: compare it", node.operand.at)
            column = column.cast(nw.Boolean)
        return column.fill_null(False)

    def compared(self, op: str, left: Operand, right: Operand) -> nw.Expr:
        for one, other in ((left, right), (right, left)):
            if isinstance(one, Column) and isinstance(other, Literal) and other.value is None:
                return self.empty(one) if op == "==" else ~self.empty(one)
        compared: nw.Expr = COMPARE[op](self.side(left, right), self.side(right, left))
        if op != "!=":
            return compared
        # what is empty differs from every value: "family != 'services'" must not drop an unknown family
        return _joined([*(self.empty(o) for o in (left, right) if isinstance(o, Column)), compared], False)

    def empty(self, column: Column) -> nw.Expr:
        there = nw.col(column.name)
        if self.schema[column.name] == nw.String:
            return there.is_null() | (there == nw.lit("")).fill_null(False)
        return there.is_null()

    def side(self, operand: Operand, other: Operand) -> nw.Expr:
        """One side of a comparison, of the type that its column has."""
        if isinstance(operand, Column):
            kind = self.schema[operand.name]
            if isinstance(other, Column) and _sort(kind) != _sort(self.schema[other.name]):
                refuse(
                    self.text,
                    f"compares a column of type {kind} with one of type {self.schema[other.name]}",
                    other.at,
                )
            column = nw.col(operand.name)
            return column.cast(_NUMBER) if kind.is_numeric() else column
        assert isinstance(other, Column)
        value = typed(operand, self.schema[other.name], self.text)
        return nw.lit(format(value, "f")).cast(_NUMBER) if isinstance(value, Decimal) else nw.lit(value)


def typed(literal: Literal, kind: Any, text: str) -> str | bool | Decimal | date | datetime:
    """A literal in the column's own type, or an error that says which type the column has."""
    value = literal.value
    if kind == nw.String and isinstance(value, str):
        return value
    if kind == nw.Boolean and isinstance(value, bool):
        return value
    if kind.is_numeric() and isinstance(value, int | Decimal) and not isinstance(value, bool):
        return Decimal(value)
    if kind.is_temporal() and isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    if kind == nw.Datetime and isinstance(value, str) and re.match(r"\d{4}-\d\d-\d\d[ T]", value):
        try:
            return datetime.fromisoformat(value)
        except ValueError:
            pass
    raise SalesopsError(
        bad_condition(text, f"compares a column of type {kind} with {_written(value)}", literal.at)
    )


def _written(value: Any) -> str:
    return repr(value) if isinstance(value, str) else str(value).lower()


def _sort(kind: Any) -> object:
    """Types that can be compared with one another."""
    return "number" if kind.is_numeric() else "time" if kind.is_temporal() else kind


def _joined(parts: Sequence[nw.Expr], every: bool) -> nw.Expr:
    """Parts joined in halves, so that a list of thousands is no thousands deep."""
    if len(parts) == 1:
        return parts[0]
    middle = len(parts) // 2
    left, right = _joined(parts[:middle], every), _joined(parts[middle:], every)
    return left & right if every else left | right


def _affix(column: nw.Expr, how: str, wanted: str) -> nw.Expr:
    if how == "starts_with":
        return column.str.starts_with(wanted)
    if how == "ends_with":
        return column.str.ends_with(wanted)
    return column.str.contains(wanted, literal=True)
