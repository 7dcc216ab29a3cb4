"""Values that a row's fields make: ``coalesce``, ``if``, ``concat``, ``row_number`` and a day's period.

The words, texts, numbers and conditions are those of the language of conditions; nothing else can be said.
"""

from __future__ import annotations

from collections.abc import Container, Iterator
from dataclasses import dataclass

from salesops_nb.expression.syntax import DEEPEST, Column, Literal, Node, _Reader, columns_in
from salesops_nb.expression.tokens import refuse

# how many values each function takes
FUNCTIONS = {
    "coalesce": (2, 50), "concat": (1, 50), "row_number": (0, 0),
    "month": (1, 2), "quarter": (1, 2), "year": (1, 2),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Call:
    """A function of values."""

    name: str
    values: tuple[Value, ...]
    at: int


@dataclass(frozen=True, slots=True)
class Choice:
    """One value where a condition holds, else another."""

    condition: Node
    then: Value
    other: Value


Value = Column | Literal | Call | Choice


def parse_value(text: str) -> Value:
    """The value as a tree; raises `SalesopsError`, with the place, for what the language does not have.

    Examples
    --------
    >>> from salesops_nb import expression
    >>> expression.parse_value("coalesce(actual, estimated)").name
    'coalesce'
    >>> expression.parse_value("eval('1')")
    Traceback (most recent call last):
        ...
    salesops_nb.errors.SalesopsError: column where: The condition "eval('1')" calls 'eval', ...
    """
    return _ValueReader(text).all()


def fields_of(value: Value) -> list[Column]:
    """The columns that a value is made of, those of its conditions too.

    Examples
    --------
    >>> from salesops_nb.expression import fields_of, parse_value
    >>> [column.name for column in fields_of(parse_value("if(state = 1, actual, estimated)"))]
    ['state', 'actual', 'estimated']
    """
    return [column for part in _parts(value) for column in _columns(part)]


def lacking(value: Value, there: Container[str]) -> list[Column]:
    """The columns that a value cannot be made without and that are not there, by their casefolded names.

    ``coalesce`` does with any one of its values.

    Examples
    --------
    >>> from salesops_nb.expression import lacking, parse_value
    >>> value = parse_value("if(state = 1, coalesce(actual, estimated), estimated)")
    >>> [column.name for column in lacking(value, {"state", "estimated"})]
    []
    >>> [column.name for column in lacking(value, {"actual"})]
    ['state', 'estimated']
    """
    if isinstance(value, Column):
        return [] if value.name.casefold() in there else [value]
    if isinstance(value, Literal):
        return []
    if isinstance(value, Choice):
        own = [column for column in columns_in(value.condition) if column.name.casefold() not in there]
        return [*own, *lacking(value.then, there), *lacking(value.other, there)]
    parts = [lacking(each, there) for each in value.values]
    return [] if value.name == "coalesce" and not all(parts) else [each for part in parts for each in part]


def _columns(part: Value) -> list[Column]:
    if isinstance(part, Choice):
        return columns_in(part.condition)
    # a text in double quotes may be a column
    if isinstance(part, Literal) and part.double:
        return [Column(str(part.value), part.at)]
    return [part] if isinstance(part, Column) else []


def _parts(value: Value) -> Iterator[Value]:
    yield value
    below = value.values if isinstance(value, Call) else ()
    for part in (value.then, value.other) if isinstance(value, Choice) else below:
        yield from _parts(part)


class _ValueReader(_Reader):
    """Reads a value, and its conditions as any condition is read."""

    def all(self) -> Value:
        if self.next.kind == "end":
            refuse(self.text, "is empty")
        value = self.value()
        if self.place < len(self.tokens) - 1:
            self.unexpected("the value is complete before it")
        return value

    def value(self) -> Value:
        token, after = self.next, self.tokens[min(self.place + 1, len(self.tokens) - 1)]
        if token.kind != "name" or after.kind != "sign" or after.value != "(":
            return self.operand()
        name = str(token.value).lower()
        if name not in (*FUNCTIONS, "if"):
            why = f"calls {str(token.value)!r}, which is not allowed: there are {', '.join(FUNCTIONS)} and if"
            refuse(self.text, why, token.at)
        self.take()
        self.take()
        self.depth += 1
        if self.depth > DEEPEST:
            refuse(self.text, f"has more than {DEEPEST} parentheses inside one another", token.at)
        made = self.choice() if name == "if" else self.call(name, token.at)
        self.closing(")")
        self.depth -= 1
        return made

    def choice(self) -> Choice:
        condition = self.some()
        self.comma("'if' takes a condition, a value and another value")
        then = self.value()
        self.comma("'if' takes a condition, a value and another value")
        return Choice(condition, then, self.value())

    def call(self, name: str, at: int) -> Call:
        values: list[Value] = []
        while self.next.value != ")" or self.next.kind != "sign":
            if values:
                self.comma("values are separated by commas")
            values.append(self.value())
        least, most = FUNCTIONS[name]
        if not least <= len(values) <= most:
            count = str(least) if least == most else f"{least} to {most}"
            refuse(self.text, f"gives {name} {len(values)} values, and it takes {count}", at)
        return Call(name, tuple(values), at)

    def comma(self, why: str) -> None:
        if self.next.kind != "sign" or self.next.value != ",":
            self.unexpected(why)
        self.take()
