"""What pydantic finds in files and parameters, in the words of whoever wrote them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from salesops_nb.messages import Message, message

_WHOLE = message("input should be a whole number")
_NUMBER = message("input should be a number")
_DAY = message("input should be a day, as 2017-12-31")
_FLAG = message("input should be true or false")
# What pydantic says in a programmer's words, by the type of its finding; its places come with the finding.
_PLAINLY = {
    "too_short": message("it is empty; name at least one"),
    "dict_type": message("input should be numbers by name, as urban: 4000, rural: 1200"),
    "tuple_type": message("input should be names, as Ann Example, Bob Example"),
    "list_type": message("input should be a valid list"),
    "string_type": message("input should be text"),
    "bool_type": _FLAG,
    "bool_parsing": _FLAG,
    "int_type": _WHOLE,
    "int_parsing": _WHOLE,
    "int_from_float": _WHOLE,
    "float_type": _NUMBER,
    "float_parsing": _NUMBER,
    "date_type": _DAY,
    "date_parsing": _DAY,
    "date_from_datetime_parsing": _DAY,
    "date_from_datetime_inexact": _DAY,
}
BOUNDS = {
    "literal_error": "input should be {expected}",
    "greater_than": "input should be greater than {gt}",
    "greater_than_equal": "input should be greater than or equal to {ge}",
    "less_than": "input should be less than {lt}",
    "less_than_equal": "input should be less than or equal to {le}",
    "string_pattern_mismatch": "string should match pattern '{pattern}'",
}


def clause(finding: Mapping[str, Any]) -> str:
    """What is wrong with a value, as a clause for after a colon, from one of pydantic's findings."""
    kind, about = str(finding["type"]), finding.get("ctx") or {}
    plain = _PLAINLY.get(kind)
    if plain is not None:
        return plain
    if kind in BOUNDS:
        return message(BOUNDS[kind], **{name: str(value) for name, value in about.items()})
    own = about.get("error")  # what a check of ours raised
    if own is not None and own.args and isinstance(own.args[0], Message):
        return own.args[0]
    words = str(finding["msg"]).removeprefix("Value error, ")
    return words[0].lower() + words[1:]
