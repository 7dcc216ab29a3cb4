"""Sentences that an analysis writes and a reader reads in another language.

An analysis knows neither locale nor currency. It says what it found as a `Said`: a message with
``{name}`` places, and the values for them apart. Written out with `str` it is English; the report
looks the message up in its catalogue and writes the values as the locale writes them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any


@dataclass(frozen=True, slots=True)
class Said:
    """A message and the values of its places: text, dates, whole numbers, figures, markers, other sentences.

    A marker is text such as ``{money:1200.50}`` or ``{percent:0.25}`` (see `money`, `percent`): an
    amount or share that waits for a locale.
    """

    message: str
    values: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.message.format(**{name: _english(value) for name, value in self.values.items()})


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


def said(message: str, **values: Any) -> Said:
    """A sentence, to be written out in the reader's language."""
    return Said(message, values)


def money(amount: Any) -> str:
    """An amount in the currency of the report, to be written as the locale writes it."""
    return f"{{money:{amount}}}"


def percent(share: float) -> str:
    """A share, to be written as a percentage as the locale writes it."""
    return f"{{percent:{share!r}}}"


def _english(value: Any) -> str:
    whole = isinstance(value, int) and not isinstance(value, bool)
    return f"{value:,}" if whole else str(value)
