"""Sentences with numbers, amounts and dates in them, as the reader's language counts and writes them."""

from __future__ import annotations

import re
from datetime import date

from salesops_nb.core.wording import Figure, Said
from salesops_nb.present.language import formats
from salesops_nb.present.language.translation import setting, words

_MARKER = re.compile(r"\{(money|percent):([^}]*)\}")


def spoken(sentence: Said) -> str:
    """What an analysis said, in the reader's language, with amounts and shares as the locale writes them."""

    def written(found: re.Match[str]) -> str:
        return formats.money(found[2]) if found[1] == "money" else formats.percent(found[2])

    def value(given: object) -> object:
        if isinstance(given, Said):
            return spoken(given)
        if isinstance(given, Figure):
            return formats.exact(given.value, given.places)
        if isinstance(given, date):
            return formats.day(given)
        whole = isinstance(given, int) and not isinstance(given, bool)
        return formats.number(given) if whole else given

    # The catalogue's own head has the empty text for its key: there is nothing to look up then.
    text = words(setting().locale).gettext(sentence.message) if sentence.message else ""
    if sentence.values:
        text = text.format(**{name: value(given) for name, given in sentence.values.items()})
    return _MARKER.sub(written, text)


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
