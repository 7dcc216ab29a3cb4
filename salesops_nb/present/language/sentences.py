"""Sentences with numbers, amounts and dates in them, as the reader's language counts and writes them."""

from __future__ import annotations

import re
import string
from datetime import date
from decimal import Decimal
from typing import Any

from salesops_nb.messages import Figure, Message, is_whole
from salesops_nb.present.language import formats
from salesops_nb.present.language.translation import setting, words

_MARKER = re.compile(r"\{(money|percent|whole_percent):([^}]*)\}")


class _Reader(string.Formatter):
    """Fills a template's places as the reader's locale writes values."""

    def format_field(self, value: Any, format_spec: str) -> str:
        if isinstance(value, Message):
            return translate(value)
        if isinstance(value, Figure):
            return formats.exact(value.value, value.places)
        if isinstance(value, date):
            return formats.day(value)
        if isinstance(value, Decimal) and not format_spec:
            return formats.exact(value)
        if is_whole(value) and not format_spec:
            return formats.number(value)
        written = format(value, format_spec)
        if not format_spec or format_spec == "d" or not isinstance(value, Decimal | float | int):
            return written
        figure = Decimal(written.replace(",", "").rstrip("%"))
        places = max(0, -int(figure.as_tuple().exponent))
        sign = "+" if "+" in format_spec and figure > 0 else ""
        return sign + (
            formats.percent(figure / 100, places) if "%" in written else formats.exact(figure, places)
        )


def translate(text: str) -> str:
    """A message in the reader's language, with amounts and shares as the locale writes them."""

    def written(found: re.Match[str]) -> str:
        return formats.by_unit(found[1])(found[2])

    catalogue = words(setting().locale)
    if not isinstance(text, Message):
        # The catalogue's own head has the empty text for its key: there is nothing to look up then.
        return _MARKER.sub(written, catalogue.gettext(text) if text else "")
    if text.fixed and setting().locale.startswith("en"):
        return str(text)
    template, n = text.template, text.values.get("n", 0)
    found = catalogue.ngettext(template, text.plural, n) if text.plural else catalogue.gettext(template)
    return _MARKER.sub(written, _READER.vformat(found if template else "", (), text.values))


_READER = _Reader()


def ngettext(singular: str, plural: str, n: int, **values: object) -> str:
    """The text for a number of things, in the reader's language, with its places filled from `values`.

    ``{n}`` is the number itself, as the locale writes it. The language decides which plural form it takes.

    Examples
    --------
    >>> from salesops_nb import present
    >>> present.ngettext("{n} deal", "{n} deals", 1), present.ngettext("{n} deal", "{n} deals", 8800)
    ('1 deal', '8,800 deals')
    """
    text = words(setting().locale).ngettext(singular, plural, n)
    return text.format(n=formats.number(n), **values)
