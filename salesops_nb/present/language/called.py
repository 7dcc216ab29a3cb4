"""Names in place of ids, wherever a page would show an id of the workbook that has a name.

Analyses work with ids. What they hand to a page as an id of a person, an account or a product is written
here by its name. Only ids that cannot be mistaken for a word or a number are looked for; a column of short
ones, such as ``p1``, gets its names where it is made. In a finding a short one that is a whole value gets its
name beside it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from salesops_nb.messages import Message, joined, message
from salesops_nb.present.language.column_labels import translated
from salesops_nb.present.language.sentences import translate

if TYPE_CHECKING:
    import pandas as pd

    from salesops_nb.errors import Problem

_NAMELESS = ("unknown", "unassigned")  # of `facts`, which an error does without
_TEXTS = ("object", "str", "string", "category")
_TOKEN = re.compile(r"[^\W_][\w-]{5,}")
_names: dict[str, str] = {}
_short: dict[str, str] = {}  # names with their ids, by ids that are shown by them only as a whole value
# places of findings that only people stand in, so that there an id may be a number or a word
_PEOPLE = {
    "by",
    "chain",
    "circle",
    "manager",
    "owner",
    "owners",
    "payee",
    "payees",
    "people",
    "person",
    "rep",
    "reps",
    "who",
}


def use_names(tables: Mapping[str, Any]) -> None:
    """Take the names of a workbook's tables for the pages that follow."""
    from salesops_nb.core.names import KINDS, names_of  # a command that fails at once does without pandas

    _names.clear()
    _short.clear()
    for kind in reversed(KINDS):  # of two things with one id the person is meant
        for each, name in names_of(tables, kind).items():
            if _unmistakable(each, name):
                _names[each] = name
            elif name != each and (kind == "people" or _is_code(each)):
                _short[each] = name if f"({each})" in name else f"{name} [{each}]"


def called(text: str) -> str:
    """The text with the names of the ids in it; the word for what has no name in the reader's language."""
    if text in _NAMELESS:
        return translated(text)
    return _TOKEN.sub(_named, text) if _names else text


def _named(found: re.Match[str]) -> str:
    """The name of the id that is found, but where it stands behind its name to tell it from a namesake."""
    name = _names.get(found[0], found[0])
    there = found.string[: found.end() + 1].endswith(name) and name.endswith(f"({found[0]})")
    return found[0] if there else name


def told(problem: Problem, table: bool = True) -> str:
    """A finding behind its severity (and table), in the reader's language, with the names of ids in it."""
    of = f"[{problem.table}] " if problem.table and table else ""
    return called(translate(_beside(joined([message(problem.severity), ": ", of, problem.whole], ""))))


def _beside(text: Message, of_people: bool = False) -> Message:
    """The message with the names of short ids that are a whole value of it, or of a list in it."""
    if not _short:
        return text
    values = {place: _value(value, of_people or place in _PEOPLE) for place, value in text.values.items()}
    return Message(text.template, values, text.plural, text.fixed)


def _value(value: Any, of_people: bool) -> Any:
    if isinstance(value, Message):
        return _beside(value, of_people)
    if not isinstance(value, str):
        return value
    return ", ".join(_short.get(e, e) if of_people or _is_code(e) else e for e in value.split(", "))


def frame_called(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with names in place of the cells that are ids."""
    import pandas as pd

    found = frame.copy()
    for at, dtype in enumerate(frame.dtypes):
        if str(dtype) in _TEXTS:
            cells = [called(each) if isinstance(each, str) else each for each in frame.iloc[:, at]]
            found.isetitem(at, pd.Series(cells, index=frame.index, dtype=object).array)
    return found


def all_called(facts: Any) -> Any:
    """What a part of a page says, with the names of the ids in its texts."""
    if isinstance(facts, str):
        return called(facts)
    if isinstance(facts, Mapping):
        return {name: all_called(value) for name, value in facts.items()}
    return [all_called(each) for each in facts] if isinstance(facts, list | tuple) else facts


def _is_code(each: str) -> bool:
    """Whether an id has letters and digits, as ``p1``, so that no word or number is written so."""
    return any(letter.isdigit() for letter in each) and not each.replace(".", "").isdigit()


def _unmistakable(each: str, name: str) -> bool:
    """Whether an id is no word of a sentence and no number: letters and digits, or eight digits and more."""
    digits = sum(letter.isdigit() for letter in each)
    told = 0 < digits < len(each) or len(each) >= 8
    return name != each and digits > 0 and told and _TOKEN.fullmatch(each) is not None
