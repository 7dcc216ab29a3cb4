"""What differs between two versions of a strategy, part by part, so that both stand side by side."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd
from pydantic import BaseModel

from salesops_nb.strategy.versions import Version


def differences(before: Version, after: Version) -> pd.DataFrame:
    """A row a part that is not the same: ``part, before, after, change`` (added, removed, changed).

    Parts of a list are told apart by their names, so that a claim which moves in the file is no difference.

    Examples
    --------
    >>> from salesops_nb.strategy import Version, differences
    >>> old = Version(mission="We sell.", sales_model={"channels": ["direct", "resellers"]})
    >>> new = Version(mission="We sell and serve.", sales_model={"channels": ["direct"]})
    >>> differences(old, new)
                               part     before               after   change
    0                       mission   We sell.  We sell and serve.  changed
    1  sales_model.channels.resellers  resellers                      removed
    """
    first, second = dict(_parts(before)), dict(_parts(after))
    first, second = _whole(first, second), _whole(second, first)
    rows = []
    for part in dict.fromkeys([*first, *second]):
        one, other = first.get(part, ""), second.get(part, "")
        if one != other:
            change = "added" if part not in first else "removed" if part not in second else "changed"
            rows.append({"part": part, "before": one, "after": other, "change": change})
    return pd.DataFrame(rows, columns=["part", "before", "after", "change"])


def _whole(mine: dict[str, str], other: dict[str, str]) -> dict[str, str]:
    """What only one of two versions has stands in one row, with all that is said of it."""
    out: dict[str, str] = {}
    alone = ""
    for part, text in mine.items():
        if alone and part.startswith(f"{alone}."):
            out[alone] += f"; {part.removeprefix(f'{alone}.')} {text}"
            continue
        alone = part if part not in other else ""
        out[part] = text
    return out


def _parts(value: Any, at: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, BaseModel):
        for name in type(value).model_fields:
            inside = getattr(value, name)
            if inside not in (None, "", (), {}) and name != "name":
                yield from _parts(inside, f"{at}.{name}" if at else name)
    elif isinstance(value, dict):
        for name, inside in value.items():
            yield from _parts(inside, f"{at}.{name}")
    elif isinstance(value, tuple):
        for inside in value:
            name = getattr(inside, "name", inside)
            if isinstance(inside, BaseModel):
                yield f"{at}.{name}", str(name)
                yield from _parts(inside, f"{at}.{name}")
            else:
                yield f"{at}.{name}", str(name)
    else:
        yield at, f"{value:g}" if isinstance(value, float) else str(value)
