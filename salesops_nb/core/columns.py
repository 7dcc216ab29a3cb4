"""What columns are called, how they are written and what figures mean: ``columns.toml``, read once."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from salesops_nb.errors import SalesopsError, problem

FILE = Path(__file__).with_suffix(".toml")
# a pay line, as a calculation hands it out and the ledger keeps it; its digest goes by this order
PAY_LINE = (
    "line_id",
    "period",
    "payee_id",
    "plan_id",
    "plan_version",
    "component_id",
    "deal_id",
    "event_id",
    "kind",
    "credit",
    "amount",
    "currency",
    "source_line_id",
    "happened_on",
)


@lru_cache(maxsize=1)
def declared() -> dict[str, Any]:
    """The whole file: ``columns``, ``tables``, ``figures``, ``definitions`` and ``terms``."""
    return tomllib.loads(FILE.read_text(encoding="utf-8"))


@lru_cache(maxsize=64)
def columns_of(table: str = "") -> Mapping[str, Mapping[str, Any]]:
    """Each column's ``label``, ``unit`` and ``priority``: what the kind of table declares goes first.

    Raises
    ------
    SalesopsError
        If no kind of table has that name.

    Examples
    --------
    >>> from salesops_nb.core.columns import columns_of
    >>> columns_of()["pay"]
    {'label': 'Pay', 'unit': 'cents'}
    >>> columns_of("lasting")["rep"]
    {'label': 'Whose'}
    """
    anywhere, tables = declared()["columns"], declared()["tables"]
    if table and table not in tables:
        raise SalesopsError(problem("unknown-kind-of-table", name=table, tables=", ".join(tables)))
    own = tables.get(table, {})
    return {name: {**anywhere.get(name, {}), **own.get(name, {})} for name in {**anywhere, **own}}
