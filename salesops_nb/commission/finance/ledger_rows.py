"""Ledger lines and their companions as rows of plain values, and back as a frame."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

import narwhals as nw
import pandas as pd
import pyarrow as pa

from salesops_nb.core.columns import PAY_LINE


def plain_rows(frame: Any, names: Sequence[str] | None = None) -> list[dict[str, Any]]:
    """The rows of any frame narwhals reads, with `None` for every way of saying that a value is missing."""
    table = nw.from_native(frame)
    if names is not None:
        table = table.select(list(names))
    if isinstance(table, nw.LazyFrame):
        table = table.collect("pyarrow")
    native = table.to_native()
    if isinstance(native, pd.DataFrame) and all(isinstance(t, pd.ArrowDtype) for t in native.dtypes):
        native = arrow_of(native)  # several times as fast as by pandas
        if not any(pa.types.is_floating(kind) or pa.types.is_timestamp(kind) for kind in native.schema.types):
            rows: list[dict[str, Any]] = native.to_pylist()
            return rows
    return [
        {key: None if _missing(value) else value for key, value in row.items()}
        for row in table.rows(named=True)
    ]


def arrow_of(frame: pd.DataFrame) -> pa.Table:
    """A frame of Arrow types as an Arrow table, its index left out."""
    return pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(None)


def line_rows(frame: Any) -> list[dict[str, Any]]:
    """Rows of the ledger's lines; a correction bears the kind of what it corrects."""
    rows = plain_rows(frame)
    for row in rows:
        row["kind"] = row.get("calculated_kind") or row["kind"]
        row.setdefault("paid_on", None)
        row.setdefault("status", None)
    return rows


def lines_digest(rows: Iterable[Mapping[str, Any]]) -> str:
    """SHA-256 over the ledger's lines, in whatever order: the same only where all that is payable is."""
    texts = sorted(json.dumps([_text(row.get(name)) for name in PAY_LINE]) for row in rows)
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()


def _text(value: Any) -> str | None:
    """A value as one text, however many places its column has."""
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")
    return None if value is None else str(value)


def _missing(value: Any) -> bool:
    return value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and value != value)
