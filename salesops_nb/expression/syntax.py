"""The one language of conditions (``where``), read into a tree; docs/expressions.md describes it.

Only what stands here can be said: nothing of the text is ever run by Python or by a database. A text
in double quotes is a column where only a column makes sense (left of a comparison, or alone), else a
text; in backticks it is a column everywhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import NoReturn, TypeVar

from salesops_nb.expression.tokens import Token, refuse, tokens

DEEPEST = 50  # parentheses inside one another
TEXT_TESTS = ("starts_with", "ends_with", "contains")
WORDS: dict[str, bool | None] = {"true": True, "false": False, "none": None, "null": None}
_RESERVED = ("and", "or", "not", "in", "is")
_INSTEAD = {
    "like": "starts_with(column, 'text'), ends_with or contains",
    "ilike": "starts_with(column, 'text'), ends_with or contains",
    "between": "column >= 1 and column <= 9",
}
Value = str | int | Decimal | bool | None


@dataclass(frozen=True, slots=True)
class Column:
    """A column by its name."""

    name: str
    at: int


@dataclass(frozen=True, slots=True)
class Literal:
    """A value that is written out; ``None`` is an empty field. `double`: a text in double quotes."""

    value: Value
    at: int
    double: bool = False


Operand = Column | Literal
Either = TypeVar("Either", Column, Literal, Column | Literal)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two operands and one of ``== != < <= > >=``."""

    op: str
    left: Operand
    right: Operand


@dataclass(frozen=True, slots=True)
class Member:
    """Whether an operand is one of a list's values, or none of them."""

    operand: Operand
    values: tuple[Literal, ...]
    negated: bool


@dataclass(frozen=True, slots=True)
class TextTest:
    """Whether a column's text starts with, ends with or contains another."""

    how: str
    column: Column
    wanted: str


@dataclass(frozen=True, slots=True)
class Truth:
    """A column that is true or false by itself."""

    operand: Column


@dataclass(frozen=True, slots=True)
class Not:
    """What holds where its part does not."""

    part: Node


@dataclass(frozen=True, slots=True)
class Every:
    """What holds where all parts do."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Some:
    """What holds where one of the parts does."""

    parts: tuple[Node, ...]


Node = Comparison | Member | TextTest | Truth | Not | Every | Some


def parse(text: str) -> Node:
    """The condition as a tree of plain objects, each with its place (`at`) in the text.

    Raises `SalesopsError`, with the place, for a form that the language does not have.

    Examples
    --------
    >>> from salesops_nb import expression
    >>> expression.parse("amount >= 100")
    Comparison(op='>=', left=Column(name='amount', at=0),
               right=Literal(value=100, at=10, double=False))
    >>> expression.parse("name like 'a%'")
    Traceback (most recent call last):
        ...
    salesops_nb.errors.SalesopsError: column where: The condition "name like 'a%'" uses 'like', which is
    not allowed: write starts_with(column, 'text'), ends_with or contains, at character 6. Allowed are ...
    """
    return _Reader(text).whole()


def columns_of(text: str | None) -> set[str]:
    """Names of the columns that a condition mentions; none where there is no condition.

    Examples
    --------
    >>> from salesops_nb import expression
    >>> sorted(expression.columns_of("amount >= 100 and region in ('East', 'West')"))
    ['amount', 'region']
    """
    return set() if text is None else {column.name for column in columns_in(parse(text))}


def columns_in(node: Node) -> list[Column]:
    """The columns of a tree, each with its place."""
    return [operand for operand in _operands(node) if isinstance(operand, Column)]


def doubles_in(node: Node) -> list[Literal]:
    """The texts in double quotes that were taken for values."""
    return [operand for operand in _operands(node) if isinstance(operand, Literal) and operand.double]


def _operands(node: Node) -> Iterator[Operand]:
    if isinstance(node, Every | Some):
        for part in node.parts:
            yield from _operands(part)
    elif isinstance(node, Not):
        yield from _operands(node.part)
    elif isinstance(node, Comparison):
        yield from (node.left, node.right)
    elif isinstance(node, Member):
        yield from (node.operand, *node.values)
    else:
        yield node.column if isinstance(node, TextTest) else node.operand


class _Reader:
    """Reads a condition from left to right, one method a level of the grammar."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = tokens(text)
        self.place = 0
        self.depth = 0

    @property
    def next(self) -> Token:
        return self.tokens[self.place]

    def take(self) -> Token:
        self.place += 1
        return self.tokens[self.place - 1]

    def whole(self) -> Node:
        if self.next.kind == "end":
            refuse(self.text, "is empty")
        node = self.some()
        if self.place < len(self.tokens) - 1:
            self.unexpected("the condition is complete before it")
        return node

    def unexpected(self, why: str) -> NoReturn:
        token = self.next
        if token.kind == "end":
            refuse(self.text, f"ends too soon: {why}", token.at)
        before = self.tokens[self.place - 1] if self.place else None
        after = self.tokens[self.place + 1]
        negated = token.says("not") and after.says(*_INSTEAD)
        if negated or token.says(*_INSTEAD):
            word = str((after if negated else token).value).lower()
            put = f"not before it all, and {_INSTEAD[word]}" if negated else _INSTEAD[word]
            refuse(self.text, f"uses {word!r}, which is not allowed: write {put}", token.at)
        if hint := _hint(before, token, after):
            why = f"{why} ({hint})"
        refuse(self.text, f"has {self.said(token)}, which is not allowed here: {why}", token.at)

    def said(self, token: Token) -> str:
        end = self.tokens[self.tokens.index(token) + 1].at if token.kind != "end" else token.at
        return repr(self.text[token.at : min(end, token.at + 30)].strip())

    def some(self) -> Node:
        parts = [self.every()]
        while self.next.says("or"):
            self.take()
            parts.append(self.every())
        return parts[0] if len(parts) == 1 else Some(tuple(parts))

    def every(self) -> Node:
        parts = [self.negation()]
        while self.next.says("and"):
            self.take()
            parts.append(self.negation())
        return parts[0] if len(parts) == 1 else Every(tuple(parts))

    def negation(self) -> Node:
        negated = False
        while self.next.says("not"):
            self.take()
            negated = not negated
        node = self.comparison()
        return Not(node) if negated else node

    def comparison(self) -> Node:
        if self.next.value == "(" and self.next.kind == "sign":
            opening = self.take()
            self.depth += 1
            if self.depth > DEEPEST:
                refuse(self.text, f"has more than {DEEPEST} parentheses inside one another", opening.at)
            node = self.some()
            self.closing(")")
            self.depth -= 1
            # '(amount) > 5' is a comparison too
            return self.compared(node.operand) if isinstance(node, Truth) else node
        if self.next.says(*TEXT_TESTS) and self.tokens[self.place + 1].value == "(":
            return self.text_test()
        return self.compared(self.operand())

    def compared(self, left: Operand) -> Node:
        """What is said of an operand: one or more comparisons, a list, emptiness, or its own truth."""
        parts: list[Node] = []
        while self.next.kind == "operator":
            op = str(self.take().value)
            right = self.operand()
            parts.append(self.pair(op, left, right))
            left = right
        if parts:
            return parts[0] if len(parts) == 1 else Every(tuple(parts))
        if self.next.says("is"):
            self.take()
            negated = self.next.says("not") and bool(self.take())
            if not self.next.says(*WORDS):
                self.unexpected("after 'is' stands null, not null, true or false")
            value = Literal(WORDS[str(self.next.value).lower()], self.take().at)
            return Comparison("!=" if negated else "==", self.column(left), value)
        negated = self.next.says("not") and self.tokens[self.place + 1].says("in")
        if negated:
            self.take()
        if self.next.says("in"):
            self.take()
            return Member(self.column(left), self.values(), negated)
        if self.next.says(*_INSTEAD) or self.next.says("not"):
            self.unexpected("a comparison is missing")
        left = _as_column(left)
        if isinstance(left, Literal):
            refuse(self.text, "has a value alone, which is not allowed: compare it with a column", left.at)
        return Truth(left)

    def column(self, left: Operand) -> Operand:
        """The column that a list or ``is`` asks about."""
        left = _as_column(left)
        if isinstance(left, Literal):
            refuse(self.text, "asks about a value and no column: a column stands without quotes", left.at)
        return left

    def pair(self, op: str, left: Operand, right: Operand) -> Comparison:
        """A comparison; of two operands that can be a column, the left one is."""
        if isinstance(left, Literal) and isinstance(right, Literal):
            left = _as_column(left)
            right = _as_column(right) if isinstance(left, Literal) else right
        if isinstance(left, Literal) and isinstance(right, Literal):
            refuse(self.text, "compares two values and no column: a column stands without quotes", left.at)
        for operand in (left, right):
            if op not in ("==", "!=") and isinstance(operand, Literal) and operand.value is None:
                refuse(self.text, "orders something against none", operand.at)
        return Comparison(op, left, right)

    def operand(self) -> Operand:
        token = self.next
        if token.kind == "sign" and token.value == "-":
            self.take()
            number = self.next
            if number.kind != "number":
                self.unexpected("after '-' stands a number")
            self.take()
            assert not isinstance(number.value, str)
            return Literal(-number.value, token.at)
        if token.kind in ("text", "number"):
            self.take()
            # a text of no characters is what an empty field holds
            return Literal(None if token.value == "" else token.value, token.at, token.double)
        if token.kind == "column":
            return Column(str(self.take().value), token.at)
        if token.kind != "name" or token.says(*_RESERVED, *_INSTEAD):
            self.unexpected("a column or a value is missing before it")
        self.take()
        if self.next.kind == "sign" and self.next.value == "(":
            refuse(self.text, f"calls {str(token.value)!r}, which is not allowed", token.at)
        if token.says(*WORDS):
            return Literal(WORDS[str(token.value).lower()], token.at)
        return Column(str(token.value), token.at)

    def values(self) -> tuple[Literal, ...]:
        pairs = {"[": "]", "(": ")", "{": "}"}
        opening = str(self.next.value)
        if self.next.kind != "sign" or opening not in pairs:
            refuse(self.text, "has 'in' without a list of values, such as ['A', 'B']", self.next.at)
        self.take()
        found: list[Literal] = []
        while not (found and self.next.value == pairs[opening]):
            if self.next.kind == "sign" and self.next.value == pairs[opening]:
                refuse(self.text, "has 'in' without a list of values, such as ['A', 'B']", self.next.at)
            item = self.operand()
            if isinstance(item, Column):
                why = f"has a column inside a list of values, which is not allowed (a text: '{item.name}')"
                refuse(self.text, why, item.at)
            found.append(item)
            if self.next.kind == "sign" and self.next.value == ",":
                self.take()
            elif self.next.value != pairs[opening]:
                self.unexpected("values of a list are separated by commas")
        self.closing(pairs[opening])
        return tuple(found)

    def closing(self, sign: str) -> None:
        if self.next.kind != "sign" or self.next.value != sign:
            self.unexpected(f"{sign!r} is missing")
        self.take()

    def text_test(self) -> TextTest:
        how = str(self.take().value).lower()
        self.take()
        column = _as_column(self.operand())
        if not isinstance(column, Column):
            refuse(self.text, f"gives {how} something other than a column first", column.at)
        if self.next.value != ",":
            self.unexpected(f"{how} takes a column and a text")
        self.take()
        wanted = self.next
        if wanted.kind != "text":
            refuse(self.text, f"gives {how} something other than a text", wanted.at)
        self.take()
        self.closing(")")
        return TextTest(how, column, str(wanted.value))


def _hint(before: Token | None, token: Token, after: Token) -> str:
    """What somebody who wrote these words beside one another probably meant."""
    if token.says(*TEXT_TESTS) and before is not None and after.kind == "text":
        return f"write {token.value}({before.value}, '{after.value}')"
    # a column such as Is Deleted begins with one of our own words
    pair = (token, after) if token.says("is", "in") else (before, token)
    plain = all(t is not None and t.kind == "name" and not t.says("and", "or", "not") for t in pair)
    if plain and pair[0] is not None and (pair[0] is token or not pair[0].says(*_RESERVED)):
        return f'a name with a space stands in quotes: "{pair[0].value} {pair[1].value}"'
    if token.kind == "sign" and token.value == "[":
        return 'a column stands in double quotes or backticks, as "Close Date"'
    if token.kind == "sign" and before is not None and before.kind == "number" and after.kind == "number":
        marks = {
            ",": "a number has no mark for thousands: 1000",
            "-": "a date stands in quotes: '2017-12-31'",
        }
        return marks.get(str(token.value), "")
    return ""


def _as_column(operand: Operand) -> Operand:
    """The column that a text in double quotes names, where no text makes sense."""
    if isinstance(operand, Literal) and operand.double and operand.value is not None:
        return Column(str(operand.value), operand.at)
    return operand


def renamed(node: Node, names: dict[str, str]) -> Node:
    """The tree with other names for its columns (old name → new name); the others stay.

    Examples
    --------
    >>> from salesops_nb import expression
    >>> expression.renamed(expression.parse("Betrag > 100"), {"Betrag": "amount"})
    Comparison(op='>', left=Column(name='amount', at=0), right=Literal(value=100, at=9, double=False))
    """

    def column(operand: Either) -> Either:
        if isinstance(operand, Column):
            return replace(operand, name=names.get(operand.name, operand.name))
        return operand

    if isinstance(node, Every | Some):
        return replace(node, parts=tuple(renamed(part, names) for part in node.parts))
    if isinstance(node, Not):
        return Not(renamed(node.part, names))
    if isinstance(node, Comparison):
        return replace(node, left=column(node.left), right=column(node.right))
    if isinstance(node, TextTest):
        return replace(node, column=column(node.column))
    if isinstance(node, Truth):
        return Truth(column(node.operand))
    return replace(node, operand=column(node.operand))
