"""Currency columns: codes written as people write them, and a column of codes that nobody mapped.

Amounts of several currencies add up to a number that means nothing, so a file that seems to have them and a
mapping that does not say which is which cannot be read.
"""

from __future__ import annotations

import re
from functools import lru_cache

import duckdb

from salesops_nb.errors import Problem, problem
from salesops_nb.messages import listed
from salesops_nb.source.columns import parsing
from salesops_nb.source.schema.raw import Raw, quoted
from salesops_nb.workbook import Settings

# the word in the languages that exports of CRMs come in
_NAMED = re.compile(r"currency|w[aä]e?hrung|devise|moneda|moeda|valuta|waluta|iso.?code", re.IGNORECASE)
# a currency's code and not a word that happens to be one (ALL, TOP, TRY): a column has one of these too
_COMMON = {
    "USD", "EUR", "GBP", "JPY", "CHF", "CAD", "AUD", "CNY", "INR", "SEK", "NOK", "DKK", "PLN", "BRL", "MXN",
    "SGD", "HKD", "NZD", "ZAR", "KRW", "RON",
}  # fmt: skip
_LOOKED = 50
# as ISO 4217 and Windows, and with it Dynamics, name them where the locale's own name is another
_ALSO = {
    "pound sterling": "GBP", "uk pound sterling": "GBP", "yen": "JPY", "yuan renminbi": "CNY",
    "renminbi": "CNY", "zloty": "PLN", "złoty": "PLN", "forint": "HUF", "rand": "ZAR",
    "new zealand dollar": "NZD", "new romanian leu": "RON",
}  # fmt: skip
# signs that one currency alone has; $ alone is the sign of many
SIGNS = {
    "US$": "USD", "CA$": "CAD", "AU$": "AUD", "NZ$": "NZD", "HK$": "HKD", "MX$": "MXN", "R$": "BRL",
    "€": "EUR", "£": "GBP", "₹": "INR", "₩": "KRW", "zł": "PLN", "Kč": "CZK", "₺": "TRY", "₪": "ILS",
}  # fmt: skip


def is_currency(header: str) -> bool:
    """Whether a column's name says that it holds a currency."""
    return _NAMED.search(header) is not None


def unmapped_currencies(
    connection: duckdb.DuckDBPyConnection, raw: Raw, mapped: list[str], settings: Settings, table: str
) -> Problem | None:
    """An error where an unmapped column tells that amounts are not all in the workbook's currency."""
    for header, kind in raw.types.items():
        if header in mapped or kind != "VARCHAR":
            continue
        values = _values(connection, raw, header)
        if not values or len(values) >= _LOOKED:
            continue
        codes = {value: code_of(value) for value in values}
        known = {code for code in codes.values() if code}
        named = is_currency(header)
        if not named and (len(known) == 0 or None in codes.values() or not known & _COMMON):
            continue
        if (known | ({"?"} if None in codes.values() and len(values) > 1 else set())) - {settings.currency}:
            return problem(
                "unmapped-currency",
                table=table,
                file=raw.file,
                column=header,
                value=", ".join(values[:5]),
                names=listed(values, 5),
                currency=settings.currency,
            )
    return None


def currency_aliases(
    connection: duckdb.DuckDBPyConnection, raw: Raw, header: str, known: dict[str, str]
) -> tuple[dict[str, str], list[Problem]]:
    """Names of currencies in the column (US Dollar, euro, usd) with their codes, and a note of each."""
    values = [v for v in _values(connection, raw, header, 500) if v not in known]
    found = {v: code for v in values if (code := code_of(v)) is not None and code != v}
    if not found:
        return {}, []
    shown = listed([f"{name!r} as {code}" for name, code in found.items()], 5)
    note = problem("currency-names", file=raw.file, column=header, shown=shown)
    return found, [note]


def code_of(text: str) -> str | None:
    """The ISO 4217 code of a currency by its code or its English or German name; ``None`` where it is none.

    Examples
    --------
    >>> from salesops_nb.source.columns.currencies import code_of
    >>> code_of("eur"), code_of("US Dollar"), code_of("Euros"), code_of("West")
    ('EUR', 'USD', 'EUR', None)
    """
    return _codes().get(re.sub(r"\s+", " ", text.strip()).casefold())


def named_in(text: str) -> str | None:
    """The currency that a header or an amount names by its sign or code; ``None`` for none or several.

    Examples
    --------
    >>> from salesops_nb.source.columns.currencies import named_in
    >>> named_in("Value (EUR)"), named_in("£12.50"), named_in("US$ 10"), named_in("$10")
    ('EUR', 'GBP', 'USD', None)
    """
    signs = [code for sign, code in SIGNS.items() if sign in text]
    words = [
        code for word in re.findall(r"(?<![A-Za-z])[A-Z]{3}(?![A-Za-z])", text) if (code := code_of(word))
    ]
    found = {*signs, *words}
    return found.pop() if len(found) == 1 else None


@lru_cache(maxsize=1)
def _codes() -> dict[str, str]:
    from babel import Locale
    from babel.core import get_global

    codes = dict(_ALSO)
    current = set(Locale("en").currencies) & set(get_global("all_currencies"))
    for language in ("de", "en"):
        locale = Locale(language)
        for code in sorted(current):
            names = [locale.currencies.get(code, ""), code]
            plural = locale._data["currency_names_plural"].get(code, {})
            for name in (*names, *(str(each) for each in plural.values())):
                if name:
                    codes[name.casefold()] = code
    return codes


def _values(connection: duckdb.DuckDBPyConnection, raw: Raw, header: str, most: int = _LOOKED) -> list[str]:
    """The column's values in order, up to a number of them; few rows are looked at where it is no code."""
    text = parsing.trimmed(quoted(header))
    first = connection.execute(f"SELECT {text} FROM {raw.name} WHERE {text} IS NOT NULL LIMIT 20").fetchall()
    if not is_currency(header) and any(code_of(row[0]) is None for row in first):
        return []
    rows = connection.execute(
        f"SELECT DISTINCT {text} AS v FROM {raw.name} WHERE {text} IS NOT NULL ORDER BY v LIMIT {most}"
    ).fetchall()
    return [row[0] for row in rows]
