"""Names in place of ids, wherever a page would show an id of the workbook that has a name.

Analyses work with ids. What they hand to a page as an id of a person, an account or a product is written
here by its name. Only ids that cannot be mistaken for a word or a number are looked for; a column of short
ones, such as ``p1``, gets its names where it is made.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

_TEXTS = ("object", "str", "string", "category")
_TOKEN = re.compile(r"[^\W_][\w-]{5,}")
_names: dict[str, str] = {}


def use_names(tables: Mapping[str, Any]) -> None:
    """Take the names of a workbook's tables for the pages that follow."""
    from salesops_nb.core.names import KINDS, names_of  # a command that fails at once does without pandas

    _names.clear()
    for kind in KINDS:
        _names.update(
            {each: name for each, name in names_of(tables, kind).items() if _unmistakable(each, name)}
        )


def called(text: str) -> str:
    """The text with the names of the ids in it."""
    return _TOKEN.sub(lambda found: _names.get(found[0], found[0]), text) if _names else text


def frame_called(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with names in place of the cells that are ids."""
    if not _names:
        return frame
    import pandas as pd

    found = frame.copy()
    for at, dtype in enumerate(frame.dtypes):
        if str(dtype) in _TEXTS:
            cells = [called(each) if isinstance(each, str) else each for each in frame.iloc[:, at]]
            found.isetitem(at, pd.Series(cells, index=frame.index, dtype=object).array)
    return found


def all_called(facts: Any) -> Any:
    """What a part of a page says, with the names of the ids in its texts."""
    if not _names:
        return facts
    if isinstance(facts, str):
        return called(facts)
    if isinstance(facts, Mapping):
        return {name: all_called(value) for name, value in facts.items()}
    return [all_called(each) for each in facts] if isinstance(facts, list | tuple) else facts


def _unmistakable(each: str, name: str) -> bool:
    """Whether an id is no word of a sentence and no number: letters and digits, or eight digits and more."""
    digits = sum(letter.isdigit() for letter in each)
    told = 0 < digits < len(each) or len(each) >= 8
    return name != each and digits > 0 and told and _TOKEN.fullmatch(each) is not None
