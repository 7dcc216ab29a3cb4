"""Amounts that the CRM has converted into the company's one currency, as they stand in for a deal's own."""

from __future__ import annotations

import re
from collections.abc import Mapping

from salesops_nb.errors import Problem, problem
from salesops_nb.expression import parse_value
from salesops_nb.expression.syntax import Column
from salesops_nb.expression.values import Choice, Value
from salesops_nb.messages import listed
from salesops_nb.own_data.columns import Found, Proposed
from salesops_nb.own_data.layouts import is_converted
from salesops_nb.source.columns.currencies import code_of
from salesops_nb.source.columns.headers import plain


def converted_amount(made: Proposed) -> str | None:
    """The header of the amounts in one currency, where the file has them for every part of the amount."""
    if "amount" not in made.keys.get("computed", {}):
        return next((header for header in made.unused("number") if is_converted(header)), None)
    pairs = _pairs(made)
    return next(iter(pairs.values()), None) if pairs else None


def take_converted(made: Proposed, header: str) -> None:
    """Let the amount be the converted one, within an expression each of its parts."""
    computed = made.keys.get("computed", {})
    if "amount" in computed:
        text = computed["amount"]
        for own, other in _pairs(made).items():
            text = re.sub(rf"`{re.escape(own)}`|(?<![\w`]){re.escape(own)}(?![\w`])", f"`{other}`", text)
        computed["amount"] = text
    else:
        made.columns["amount"] = Found(header, "sure", "amounts in one currency, as the CRM converts them")
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


def no_codes(made: Proposed, held: Mapping[str, int]) -> Problem:
    """The problem of a currency column whose values are no currencies, such as ids of another table."""
    unknown = [value for value in held if code_of(value) is None]
    return problem(
        "no-currency-codes",
        file=made.seen.name,
        column=made.header("currency"),
        value=unknown[0],
        values=listed([repr(value) for value in unknown], 3),
    )
