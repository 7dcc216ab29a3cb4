"""The words and signs of a condition, each with the place where it stands."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal as Choice
from typing import NoReturn

from salesops_nb.errors import Problem, SalesopsError, problem

LONGEST = 20_000  # characters
SHOWN = 80  # characters of a long condition that a message shows
ALLOWED = (
    "Allowed are comparisons (= == != <> < <= > >=), in and not in a list, is null, is not null, and, or, "
    "not, parentheses, texts in quotes, numbers, true, false, none and "
    "starts_with/ends_with/contains(column, 'text')."
)
Kind = Choice["name", "column", "text", "number", "operator", "sign", "end"]


@dataclass(frozen=True, slots=True)
class Token:
    """One word or sign; `value` is what it means, `at` the place of its first character, from 0.

    A ``column`` is a name in backticks. `double` marks a text in double quotes, which SQL takes for a
    column.
    """

    kind: Kind
    value: str | int | Decimal
    at: int
    double: bool = False

    def says(self, *words: str) -> bool:
        """Whether it is one of these words, in small or capital letters."""
        return self.kind == "name" and str(self.value).lower() in words


_PARTS = re.compile(
    r"""(?P<space>\s+)
    |'(?P<single>(?:[^'\\]|''|\\.)*)'
    |"(?P<double>(?:[^"\\]|""|\\.)*)"
    |`(?P<column>(?:[^`]|``)+)`
    |(?P<number>(?:\d[\d_]*(?:\.[\d_]*)?|\.\d[\d_]*)(?:[eE][+-]?\d+)?)(?![\w.])
    |(?P<name>[^\W\d]\w*)
    |(?P<refused>--|/\*|\#|;)
    |(?P<operator>[<>=!]+)
    |(?P<sign>[][(){},-])""",
    re.VERBOSE | re.DOTALL,
)
_OPERATORS = {"=": "==", "==": "==", "!=": "!=", "<>": "!=", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
_QUOTES = "‘’‚‛“”„‟′″«»‹›´＇＂｀"


def tokens(text: str) -> list[Token]:
    """The condition's words and signs, the end last; raises `SalesopsError` at what is none."""
    if len(text) > LONGEST:
        refuse(text, f"has {len(text):,} characters, more than the {LONGEST:,} that are read")
    found: list[Token] = []
    at = 0
    while at < len(text):
        match = _PARTS.match(text, at)
        if match is None or match.lastgroup == "refused":
            refuse(text, _unknown(text[at]), at)
        if match.lastgroup != "space":
            found.append(_token(text, match))
        at = match.end()
    return [*found, Token("end", "", len(text))]


def refuse(text: str, why: str, at: int | None = None) -> NoReturn:
    """Raise the error for a form that the language does not have."""
    raise SalesopsError(bad_condition(text, why, at))


def bad_condition(text: str, why: str, at: int | None = None) -> Problem:
    """What is wrong with a condition, and at which of its characters (counted from 1)."""
    return problem(
        "bad-condition" if at is None else "bad-condition.at",
        column="where",
        value=shown(text, at or 0),
        why=why,
        at=at + 1 if at is not None else None,
    )


def shown(text: str, at: int = 0) -> str:
    """The condition in quotes, a long one cut to what stands around a place."""
    start = max(0, min(at - SHOWN // 2, len(text) - SHOWN))
    before, after = "…" if start else "", "…" if start + SHOWN < len(text) else ""
    return repr(before + text[start : start + SHOWN] + after)


def _token(text: str, match: re.Match[str]) -> Token:
    kind, at, text_of_token = match.lastgroup, match.start(), match[0]
    if kind in ("single", "double"):
        quote = text_of_token[0]
        plain = re.sub(rf"{quote}{quote}|\\([\\'\"])", lambda m: m[1] or quote, match[kind])
        return Token("text", plain, at, kind == "double")
    if kind == "column":
        return Token("column", match[kind].replace("``", "`"), at)
    if kind == "number":
        return Token("number", _number(text, text_of_token.replace("_", ""), at), at)
    if kind == "operator":
        if text_of_token not in _OPERATORS:
            refuse(text, f"uses {text_of_token!r}, which is not allowed", at)
        return Token("operator", _OPERATORS[text_of_token], at)
    return Token("name" if kind == "name" else "sign", text_of_token, at)


def _number(text: str, digits: str, at: int) -> int | Decimal:
    value = Decimal(digits)
    if value and not -10 <= value.adjusted() < 28:
        refuse(text, f"has the number {digits[:30]}, beyond the 28 digits that are compared", at)
    return int(digits) if digits.isdigit() else value


def _unknown(sign: str) -> str:
    if sign in _QUOTES:
        return f"has the quotation mark {sign}, which is not allowed: write ' or \""
    if sign in "'\"`":
        return f"opens a quotation mark {sign} that is not closed"
    if sign in "+-*/%":
        return f"has {sign!r}, which is not allowed: a condition does not calculate; map a column for it"
    if sign in ";#":
        return f"has {sign!r}, which is not allowed: it is one condition, without statements or comments"
    return f"has {sign!r}, which is not allowed"
