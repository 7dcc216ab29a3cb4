"""A workbook's tables as territories read them, kept while the analyst moves controls."""

from __future__ import annotations

from typing import Any

from salesops_nb.territory.once_read import OnceRead

_last = OnceRead({})


def tables_of(workbook: Any) -> OnceRead:
    """The workbook's tables, each read once; those of the workbook used last are kept."""
    global _last
    if not _last.holds(workbook.tables):
        _last = OnceRead(workbook.tables)
    return _last
