"""Messages that the package writes and a reader reads in another language.

What computes knows neither locale nor currency. It hands out a `Message`: a template with ``{name}``
places, and the values for them apart. As text it is English; the report looks the template up in its
catalogue and writes the values as the locale writes them.
"""

from __future__ import annotations

import string
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import reduce
from typing import Any

# Writes a message in the reader's language: `present` puts its own here, before that all is English.
translator: Callable[[str], str] = str


class Message(str):
    """A text in English that remembers its template and the values of its places.

    Values are text, dates, whole numbers, figures, markers and other messages. A marker is text such as
    ``{money:1200.50}`` or ``{percent:0.25}`` (see `money`, `percent`): an amount or share that waits for a
    locale. Places follow Python's format strings: ``{n}`` writes a whole number with separators of
    thousands, ``{year:d}`` without them, ``{name!r}`` in quotes. A `fixed` message, as a problem's, reads the
    same in every kind of English: days as 2017-12-31 and numbers as files have them.
    """

    __slots__ = ("fixed", "plural", "template", "values")
    template: str
    values: Mapping[str, Any]
    plural: str
    fixed: bool

    def __new__(  # noqa: D102 - the class says it
        cls, template: str, values: Mapping[str, Any] | None = None, plural: str = "", fixed: bool = False
    ) -> Message:
        values = values or {}
        chosen = plural if plural and values["n"] != 1 else template
        made = super().__new__(cls, (_FIXED if fixed else _ENGLISH).vformat(chosen, (), values))
        made.template, made.values, made.plural, made.fixed = template, values, plural, fixed
        return made

    def __reduce__(self) -> tuple[type[Message], tuple[str, dict[str, Any], str, bool]]:
        return Message, (self.template, dict(self.values), self.plural, self.fixed)


@dataclass(frozen=True, slots=True)
class Figure:
    """An exact number in a sentence: as many decimals as it has, or `places`."""

    value: Decimal
    places: int | None = None

    def __str__(self) -> str:
        if self.places is not None:
            return f"{self.value:,.{self.places}f}"
        text = f"{self.value.quantize(Decimal('1e-6')):,f}"
        return text.rstrip("0").rstrip(".") if "." in text else text


def message(template: str, plural: str = "", /, **values: Any) -> Message:
    """A sentence, to be written out in the reader's language; with a `plural`, ``n`` chooses the form.

    Examples
    --------
    >>> from salesops_nb.messages import message
    >>> message("{n} unit", "{n} units", n=1200)
    '1,200 units'
    """
    return Message(template, values, plural)


def stated(template: str, plural: str = "", /, **values: Any) -> Message:
    """A message that reads the same in every kind of English, as the words of a plan or a ledger do.

    Examples
    --------
    >>> from salesops_nb.messages import stated
    >>> stated("{n} months", n=1200)
    '1200 months'
    """
    return Message(template, values, plural, fixed=True)


def joined(parts: Iterable[str], between: str = ", ") -> Message:
    """Messages and words one after the other, each written in the reader's language."""
    values = {f"part_{at}": part for at, part in enumerate(parts)}
    return Message(between.join(f"{{{name}}}" for name in values), values)


def either(words: Iterable[str]) -> Message:
    """Words of which one is wanted: ``a or b or c``."""
    return reduce(lambda one, other: message("{one} or {other}", one=one, other=other), _each(words))


def both(words: Iterable[str]) -> Message:
    """Words that are all there, ``a and b and c``; without one, ``none``."""
    return reduce(lambda one, other: message("{one} and {other}", one=one, other=other), _each(words))


def _each(words: Iterable[str]) -> list[Message]:
    return [joined([word]) for word in words] or [message("none")]


def listed(names: Iterable[object], most: int = 12, count: int | None = None) -> Message:
    """Names after one another, the tail counted where there are many: ``a, b, c and 4 more``.

    `count` is how many there are, where `names` are only the first of them.
    """
    shown = [str(name) for name in names]
    more = (len(shown) if count is None else count) - most
    values: dict[str, Any] = {"names": ", ".join(shown[:most]), "n": more}
    return Message("{names} and {n} more" if more > 0 else "{names}", values, fixed=True)


def money(amount: Any) -> str:
    """An amount in the currency of the report, to be written as the locale writes it."""
    return f"{{money:{amount}}}"


def percent(share: float, places: int = 1) -> str:
    """A share, to be written as a percentage as the locale writes it; without `places`, in whole ones."""
    return f"{{{'percent' if places else 'whole_percent'}:{share!r}}}"


def is_whole(value: object) -> bool:
    """A whole number, and no flag."""
    return isinstance(value, int) and not isinstance(value, bool)


class _English(string.Formatter):
    def format_field(self, value: Any, format_spec: str) -> str:
        return format(value, "," if is_whole(value) and not format_spec else format_spec)


class _Fixed(string.Formatter):
    def format_field(self, value: Any, format_spec: str) -> str:
        if isinstance(value, date):  # not every machine's strftime knows a day without its zero
            format_spec = format_spec.replace("%-d", str(value.day))
        return format(value, format_spec)


_ENGLISH, _FIXED = _English(), _Fixed()
