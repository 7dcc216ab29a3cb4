"""What a deal's amounts are: in which currency, of which kind, and the rates of other currencies."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from babel import Locale
from babel.core import get_global
from babel.numbers import get_territory_currencies

from salesops_nb.errors import Problem, SalesopsError, problem
from salesops_nb.expression import parse_value
from salesops_nb.expression.syntax import Column
from salesops_nb.expression.values import Choice, Value
from salesops_nb.messages import listed, message
from salesops_nb.own_data.answers import Answers
from salesops_nb.own_data.columns import Found, Proposed
from salesops_nb.own_data.layouts import is_converted, kind_of_amount
from salesops_nb.source.columns.currencies import code_of, named_in
from salesops_nb.source.columns.headers import plain

KINDS = ("acv", "tcv", "arr", "one-off")


@dataclass
class Money:
    """The workbook's currency, what an amount is, and rates of other currencies to the workbook's."""

    currency: str
    amount_is: str
    rates: dict[str, Decimal]


def money(made: Proposed, answers: Answers) -> Money:
    """The currency, the rates and the kind of the amounts; a company's own currency column is preferred."""
    amount = made.header("amount")
    currencies = _currencies(made)
    converted = _converted_amount(made)
    unknown = any(code_of(value) is None for value in currencies)
    if (len(currencies) > 1 or unknown) and converted is not None:
        _take_converted(made, converted)
        currency = answers.ask(
            "--currency", message("Which currency is {column} in?", column=converted), read=_code
        )
        if currency:
            made.keys.setdefault("constants", {})["currency"] = currency
        currencies = {}
    elif unknown:
        raise SalesopsError(_no_codes(made, currencies))
    elif len(currencies) == 1:
        currency = answers.given.get("currency") or next(iter(currencies))
    elif currencies:
        most = max(currencies, key=lambda code: currencies[code])
        currency = answers.ask(
            "--currency", message("In which currency are figures told?"), default=most, read=_code
        )
    else:
        currency = answers.given.get("currency") or _of_signs(made, amount, answers)
        if not currency:
            proposed = _proposed(made, amount)
            currency = answers.ask(
                "--currency", message("Which currency are the amounts in?"), default=proposed, read=_code
            )
    rates = _rates(answers, str(currency), currencies)
    kind = kind_of_amount(amount or "") or answers.ask(
        "--amount-is",
        message("What is an amount: contract value a year, in total, recurring revenue, or one-off?"),
        KINDS,
    )
    return Money(str(currency or "USD"), str(kind or KINDS[-1]), rates)


def _converted_amount(made: Proposed) -> str | None:
    """The header of the amounts in one currency, where the file has them for every part of the amount."""
    if "amount" not in made.keys.get("computed", {}):
        return next((header for header in made.unused("number") if is_converted(header)), None)
    pairs = _pairs(made)
    return next(iter(pairs.values()), None) if pairs else None


def _take_converted(made: Proposed, header: str) -> None:
    """Let the amount be the converted one, within an expression each of its parts."""
    computed = made.keys.get("computed", {})
    if "amount" in computed:
        text = computed["amount"]
        for own, other in _pairs(made).items():
            text = re.sub(rf"`{re.escape(own)}`|(?<![\w`]){re.escape(own)}(?![\w`])", f"`{other}`", text)
        computed["amount"] = text
    else:
        made.columns["amount"] = Found(
            header, "sure", message("amounts in one currency, as the CRM converts them")
        )
    made.columns.pop("currency", None)


def _pairs(made: Proposed) -> dict[str, str]:
    """Each amount of the expression with the one that is converted; empty where any of them has none."""
    headers = {plain(header): header for header in made.seen.columns}
    names = list(dict.fromkeys(_amounts(parse_value(made.keys["computed"]["amount"]))))
    pairs = {name: headers[plain(name) + "base"] for name in names if plain(name) + "base" in headers}
    return pairs if len(pairs) == len(names) else {}


def _amounts(value: Value) -> list[str]:
    """The columns that a value may be, without those of its conditions."""
    if isinstance(value, Column):
        return [value.name]
    parts = (value.then, value.other) if isinstance(value, Choice) else getattr(value, "values", ())
    return [name for part in parts for name in _amounts(part)]


def _no_codes(made: Proposed, currencies: Mapping[str, int]) -> Problem:
    """The problem of a currency column whose values are no currencies, such as ids of another table."""
    unknown = [value for value in currencies if code_of(value) is None]
    ids = all(re.search(r"\d", value) for value in unknown)
    return problem(
        "currency-ids.listed" if ids else "no-currency-codes",
        file=made.seen.name,
        column=made.header("currency"),
        value=unknown[0],
        values=listed([repr(value) for value in unknown], 3),
    )


def _currencies(made: Proposed) -> dict[str, int]:
    header = made.header("currency")
    if header is None or all(re.search(r"\d", value) for value in made.seen.counted(header)):
        others = [h for h in made.unused("currency") if not is_converted(re.sub(r"\s*Currency$", "", h))]
        if not others and header is None:
            return {}
        others = others or [str(header)]
        header = others[0]
        made.columns["currency"] = Found(header, "sure", message("codes of currencies"))
    found: Counter[str] = Counter()
    for value, rows in made.seen.counted(header).items():
        found[code_of(value) or value] += rows
    return dict(found)


def _of_signs(made: Proposed, header: str | None, answers: Answers) -> str | None:
    """The currency that the amount's header or every amount names, or that $ means where the company is."""
    if header is None:
        return None
    shown = made.seen.columns[header].shown
    found = {code for text in (header, *shown) if (code := named_in(text))}
    alone = any("$" in text and named_in(text) is None for text in shown)
    if len(found) == 1 and (not alone or _is_dollar(min(found))):
        return found.pop()
    if found or not _in_dollars(made, header):
        return None
    meant = {_dollar_of(place) for place in _places(answers)}
    currency = meant.pop() if len(meant) == 1 else None
    if currency is not None:
        made.notes.append(
            message(
                "currency: {currency}, as amounts have $ and the locale or time zone is of there",
                currency=currency,
            )
        )
    return currency


def _in_dollars(made: Proposed, header: str) -> bool:
    return any("$" in text for text in (header, *made.seen.columns[header].shown))


def _places(answers: Answers) -> list[str]:
    """The countries of the locale and the time zone that are given."""
    zones = get_global("zone_territories")
    place = re.search(r"[_-]([A-Z]{2})\b", str(answers.given.get("locale") or ""))
    zone: str | None = zones.get(str(answers.given.get("time_zone") or ""))
    return [each for each in (place[1] if place else None, zone) if each and len(each) == 2]


def _dollar_of(place: str) -> str | None:
    """The currency of a country where it is written with $; ``None`` where it has another."""
    code = next(iter(get_territory_currencies(place)), "")
    return code if _is_dollar(code) else None


def _is_dollar(code: str) -> bool:
    return str(Locale("en").currency_symbols.get(code, "")).endswith("$")


def _proposed(made: Proposed, header: str | None) -> str | None:
    """What amounts with $ may be: the one that other headers or the file's countries tell, else USD."""
    if header is None or not _in_dollars(made, header):
        return None
    found: set[str | None] = {
        code for each in made.seen.headers if (code := named_in(each)) and _is_dollar(code)
    }
    found = found or {_dollar_of(place) for place in _countries(made)}
    return (found.pop() if len(found) == 1 else None) or "USD"


def _countries(made: Proposed) -> set[str]:
    """The countries that stand in the columns of countries."""
    codes = {plain(str(name)): code for code, name in Locale("en").territories.items() if len(code) == 2}
    columns = [each for each in made.seen.headers if re.search(r"country|land\b", each, re.IGNORECASE)]
    values = {value for each in columns for value in made.seen.counted(each)}
    return {value.upper() if len(value) == 2 else codes.get(plain(value), "") for value in values} - {""}


def _code(text: str) -> str:
    code = code_of(text)
    if code is None:
        raise ValueError(message("an ISO 4217 currency code is wanted, such as USD or EUR"))
    return code


def _rates(answers: Answers, currency: str, currencies: dict[str, int]) -> dict[str, Decimal]:
    others = sorted(set(currencies) - {currency})
    if not others or "fx_rates" in answers.given:
        return {}

    def read(text: str) -> dict[str, Decimal]:
        if text.casefold() == "none":
            return {}
        found: dict[str, Decimal] = {}
        for part in re.split(r"[,;]\s+|;", text):
            try:
                code, number = re.split(r"[\s:=]+", part.strip())
                rate = Decimal(number.replace(",", "."))
            except (ValueError, InvalidOperation):
                raise ValueError(
                    message(
                        "write {other} 0.92, with the {currency} that one {other} is",
                        other=others[0],
                        currency=currency,
                    )
                ) from None
            if code.upper() not in others or rate <= 0:
                raise ValueError(
                    message(
                        "{code!r} is none of {others}, or its rate is not above 0",
                        code=code,
                        others=", ".join(others),
                    )
                )
            found[code.upper()] = rate
        if lacking := set(others) - set(found):
            raise ValueError(message("{codes} has no rate", codes=", ".join(sorted(lacking))))
        return found

    question = message(
        "How many {currency} is one of {others}? As '{first} 0.92', or none",
        currency=currency, others=", ".join(others), first=others[0],
    )  # fmt: skip
    rates: dict[str, Decimal] = answers.ask("--rates", question, read=read) or {}
    return rates
