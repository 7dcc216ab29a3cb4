"""What people, accounts, products and units are called: the name on a page, the id behind a name.

Two of one name are told apart: people by their teams where these differ, others by their ids.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Literal, get_args

import narwhals as nw
import pandas as pd
from rapidfuzz import process

from salesops_nb.core.frames import Tables, collected, with_columns_or_null
from salesops_nb.errors import SalesopsError, problem
from salesops_nb.messages import listed

ALIKE = 70  # of 100: what is mistyped, and not another word
Kind = Literal["people", "accounts", "products", "units"]
KINDS: tuple[Kind, ...] = get_args(Kind)
_KEYS: Mapping[Kind, str] = {
    "people": "person_id", "accounts": "account_id", "products": "product_id", "units": "unit_id"
}  # fmt: skip


def names_of(tables: Mapping[str, Any], kind: Kind) -> Mapping[str, str]:
    """What each is called, by id: the name alone, with the team or the id where several bear it.

    A person's name and team are those of the last row. Whoever has no name is left out.

    Examples
    --------
    >>> import pandas as pd
    >>> from salesops_nb.core import names
    >>> people = {"person_id": ["005A", "005B", "005C"], "name": ["Ana Pop", "Ana Pop", "Ben Fox"]}
    >>> tables = {"people": pd.DataFrame({**people, "team": ["North", "South", "South"]})}
    >>> names.names_of(tables, "people")
    {'005A': 'Ana Pop (North)', '005B': 'Ana Pop (South)', '005C': 'Ben Fox'}
    >>> names.id_of(tables, "people", "ben  fox")
    '005C'
    """
    tables = Tables.of(tables)
    return tables.once(("names", kind), lambda: _told_apart(_rows_once(tables, kind)), len)


def bare_names(tables: Mapping[str, Any], kind: Kind) -> Mapping[str, str]:
    """The names alone, by id, without what tells namesakes apart; whoever has none is left out."""
    rows = _rows_once(Tables.of(tables), kind)
    return {each: name for each, name in zip(rows["id"], rows["name"], strict=True) if name}


def named(tables: Mapping[str, Any], kind: Kind, ids: Iterable[Any]) -> list[str]:
    """What each of these is called; an id that has no name as it is."""
    known = names_of(tables, kind)
    return [known.get(str(each), str(each)) for each in ids]


def id_of(tables: Mapping[str, Any], kind: Kind, asked: str) -> str | None:
    """The id that an id or a name stands for; None where nobody has it.

    Case and spaces of a name do not count, and a name with what tells it apart is as good. Raises
    `SalesopsError` where several bear the name.
    """
    tables = Tables.of(tables)
    known = names_of(tables, kind)
    rows = _rows_once(tables, kind)
    if asked in set(rows["id"]):
        return asked
    wanted = plain_name(asked)
    found = [each for each, name in known.items() if plain_name(name) == wanted]
    if not found:
        found = [
            each for each, name in zip(rows["id"], rows["name"], strict=True) if plain_name(name) == wanted
        ]
    if len(found) > 1:
        names = listed([known[each] if each in known[each] else f"{known[each]} [{each}]" for each in found])
        raise SalesopsError(problem("ambiguous-name", value=asked, count=len(found), names=names))
    return found[0] if found else None


def nearest(asked: str, names: Iterable[str], least: int = 0) -> list[str]:
    """The names that are most like what is asked for, up to three."""
    return [name for name, *_ in process.extract(asked, sorted(names), limit=3, score_cutoff=least)]


def _rows_once(tables: Tables, kind: Kind) -> pd.DataFrame:
    return tables.once(("names rows", kind), lambda: _rows(tables, kind), len)


def _rows(tables: Tables, kind: Kind) -> pd.DataFrame:
    """A row each, ``id``, ``name``, ``team``: the last of a person."""
    columns = ["id", "name", "team"]
    if kind not in tables:
        return pd.DataFrame(columns=columns, dtype=object)
    key = _KEYS[kind]
    wanted: dict[str, Any] = {"name": nw.String(), "team": nw.String()}
    if kind == "people":
        wanted["valid_from"] = nw.Date()
    frame = with_columns_or_null(tables[kind], wanted)
    rows = collected(frame.select(key, *wanted).unique()).rename(columns={key: "id"})
    if kind == "people":
        rows = rows.sort_values("valid_from", na_position="first", kind="stable")
    rows = rows.drop_duplicates("id", keep="last")[columns].astype(object)
    rows = rows.where(rows.notna(), "").sort_values("id", ignore_index=True)
    return rows.astype(str)


def _told_apart(rows: pd.DataFrame) -> dict[str, str]:
    rows = rows[rows["name"] != ""]
    plain = rows["name"].map(plain_name)
    bearers, in_team = Counter(plain), Counter(zip(plain, rows["team"], strict=True))
    found: dict[str, str] = {}
    for each, name, team, key in zip(rows["id"], rows["name"], rows["team"], plain, strict=True):
        found[each] = name
        if bearers[key] > 1:
            by_team = all(own and count == 1 for (other, own), count in in_team.items() if other == key)
            found[each] = f"{name} ({team if by_team else each})"
    return found


def plain_name(name: str) -> str:
    """A name as it is compared: capitals, doubled spaces and ways of encoding a letter do not count.

    Examples
    --------
    >>> from salesops_nb.core.names import plain_name
    >>> plain_name("ANA\u00a0 Pop"), plain_name("José") == plain_name("Jose\u0301")
    ('ana pop', True)
    """
    return " ".join(unicodedata.normalize("NFKC", name).split()).casefold()
