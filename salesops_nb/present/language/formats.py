"""Money, numbers, percentages and dates as the reader's locale writes them."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import Any

from salesops_nb.core import money as amounts
from salesops_nb.errors import SalesopsError, problem
from salesops_nb.present.language.translation import _, setting

NONE = "–"
MINUS = "\N{MINUS SIGN}"
TIMES = "\N{MULTIPLICATION SIGN}"
MANY = 10  # from ten times on a share is read as a factor


def missing(value: Any) -> bool:
    """Whether a cell holds nothing: ``None``, NaN, NaT or pandas' NA."""
    if value is None:
        return True
    if isinstance(value, float):
        return math.isnan(value)
    if isinstance(value, Decimal):
        return value.is_nan()
    return type(value).__name__ in {"NAType", "NaTType"}


def money(value: Any, currency: str | None = None, *, cents: bool = False) -> str:
    """An amount with its currency, in whole units unless `cents`; ``–`` for none.

    Examples
    --------
    >>> from salesops_nb import present
    >>> present.money(1234.5), present.money(1234.5, "EUR", cents=True)
    ('$1,235', '€1,234.50')
    >>> present.money(None)
    '–'
    """
    from babel.numbers import format_currency

    if missing(value):
        return NONE
    now = setting()
    amount, currency = _decimal(value), currency or now.currency
    if cents:
        return _typeset(amounts.spoken(amount, currency, now.locale))
    whole = amount.quantize(Decimal(1), ROUND_HALF_UP)
    written = format_currency(
        whole or Decimal(0),
        currency,
        _whole_pattern(now.locale),
        locale=now.locale,
        currency_digits=False,
    )
    return _typeset(written)


def short_money(value: Any, currency: str | None = None) -> str:
    """An amount in three figures, such as ``$1.23M``: an estimate, or the axis of a chart."""
    from babel.numbers import format_compact_currency

    if missing(value):
        return NONE
    now, given = setting(), _decimal(value)
    figures = given.adjusted() - 2 if abs(given) >= 100 else -2  # below a hundred, to the cent
    amount = round(given, -figures)  # babel rounds only what it shortens, and leaves 712.3981847826 as it is
    places = 2 - amount.adjusted() % 3 if abs(amount) >= 1000 else 2 if amount % 1 else 0
    text = format_compact_currency(
        amount, currency or now.currency, locale=now.locale, fraction_digits=places
    )
    return _typeset(text)


def number(value: Any, places: int | None = None) -> str:
    """A number with the locale's separators.

    Without `places`, a whole number has no decimals and any other has two. ``–`` for none.

    Examples
    --------
    >>> from salesops_nb import present
    >>> present.number(8800), present.number(2.5), present.number(2.25, places=1)
    ('8,800', '2.50', '2.2')
    """
    from babel.numbers import format_decimal

    if missing(value):
        return NONE
    if places is None:
        places = 0 if float(value) == int(value) else 2
    pattern = "#,##0" + ("." + "0" * places if places else "")
    return _typeset(format_decimal(_decimal(value), pattern, locale=setting().locale))


def exact(value: Decimal, places: int | None = None) -> str:
    """A decimal with the locale's separators and all the decimals it has, at most six, or `places`."""
    from babel.numbers import format_decimal

    pattern = "#,##0." + ("######" if places is None else "0" * places)
    return _typeset(format_decimal(value, pattern.rstrip("."), locale=setting().locale))


def percent(value: Any, places: int = 1) -> str:
    """A share (0.628) as a percentage (``62.8%``); from ten times on as a factor (``×13``).

    Examples
    --------
    >>> from salesops_nb import present
    >>> present.percent(0.628), present.percent(0.628, places=0), present.percent(12.656)
    ('62.8%', '63%', '×13')
    """
    from babel.numbers import format_percent

    if missing(value):
        return NONE
    if abs(_decimal(value)) >= MANY:  # 1,265.6% is no size that anybody can picture
        return TIMES + number(value, 0) if value > 0 else _("not comparable")
    plain = _percent_pattern(setting().locale)
    pattern = plain.replace("0", "0." + "0" * places, 1) if places else plain
    return _typeset(format_percent(_decimal(value), pattern, locale=setting().locale))


def signed(value: Any, unit: str = "percent") -> str:
    """A difference with its sign, plus as well as minus; nothing before nought.

    Examples
    --------
    >>> from salesops_nb.present.language import formats
    >>> formats.signed(0.05), formats.signed(-0.106), formats.signed(75_300, "about"), formats.signed(0.0)
    ('+5.0%', '−10.6%', '+$75.3K', '0.0%')
    """
    written = by_unit(unit)(value)
    up = not missing(value) and value > 0 and not written.startswith(TIMES)
    return f"+{written}" if up else written


def day(value: Any) -> str:
    """A date in the locale's medium form: ``Dec 31, 2017`` in en_US, ``31 dec. 2017`` in ro_RO.

    A text is read as an ISO date. ``–`` for none.

    Examples
    --------
    >>> from datetime import date
    >>> from salesops_nb import present
    >>> present.day(date(2017, 12, 31)), present.day("2017-12-31")
    ('Dec 31, 2017', 'Dec 31, 2017')
    """
    from babel.dates import format_date

    if missing(value):
        return NONE
    if isinstance(value, str):
        value = date.fromisoformat(value[:10])
    return str(format_date(value, format="medium", locale=setting().locale))


def moment(value: Any) -> str:
    """A date and time in the locale's middle and short form."""
    from babel.dates import format_datetime

    if missing(value):
        return NONE
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    return str(format_datetime(value, format="medium", locale=setting().locale))


def text(value: Any) -> str:
    """Anything else as words: dates, numbers and truth values by the locale, the rest as it is."""
    if missing(value):
        return NONE
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, date):
        return day(value)
    if isinstance(value, int | float | Decimal):
        return number(value)
    return str(value)


def whole_percent(value: Any) -> str:
    """A share as a whole percentage, as far as a chance is known: never 0 % or 100 % of what is neither.

    Examples
    --------
    >>> from salesops_nb.present.language import formats
    >>> formats.whole_percent(0.806), formats.whole_percent(0.998), formats.whole_percent(1.0)
    ('81%', '>99%', '100%')
    """
    if missing(value):
        return NONE
    share = _decimal(value)
    if 0 < share < Decimal("0.005"):
        return "<" + percent(0.01, 0)
    return ">" + percent(0.99, 0) if Decimal("0.995") <= share < 1 else percent(share, 0)


FORMATS: dict[str, Callable[[Any], str]] = {
    "money": money,
    "about": short_money,
    "cents": lambda value: money(value, cents=True),
    "number": number,
    "integer": lambda value: number(value, 0),
    "decimal": lambda value: number(value, 2),
    "tenths": lambda value: number(value, 1),
    "percent": percent,
    "whole_percent": whole_percent,
    "date": day,
    "datetime": moment,
    "text": text,
}


def by_unit(unit: str) -> Callable[[Any], str]:
    """The function that writes values of a unit; raises `SalesopsError` for an unknown one."""
    if unit not in FORMATS:
        raise SalesopsError(problem("unknown-unit-of-figures", unit=unit, units=", ".join(FORMATS)))
    return FORMATS[unit]


@lru_cache(maxsize=32)
def _percent_pattern(locale: str) -> str:
    from babel import Locale

    return str(Locale.parse(locale).percent_formats[None].pattern)


@lru_cache(maxsize=32)
def _whole_pattern(locale: str) -> str:
    """The locale's currency pattern without decimals."""
    from babel import Locale

    return str(Locale.parse(locale).currency_formats["standard"].pattern).replace("0.00", "0")


def _decimal(value: Any) -> Decimal:
    return value if isinstance(value, Decimal) else Decimal(str(value))


def _typeset(written: str) -> str:
    """A true minus sign where the locale writes a hyphen."""
    return written.replace("-", MINUS)
