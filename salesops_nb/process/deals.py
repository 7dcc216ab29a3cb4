"""The deals that a process review knows of on a day, as arrays and categories."""

from __future__ import annotations

from datetime import date
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from salesops_nb import facts
from salesops_nb.core.frames import Tables, height, settled

UNITS = 10_000  # of money, as facts have four places
DEALS = ("deal_id", "owner_id", "team", "region", "segment", "deal_type", "source", "outcome", "stage",
         "loss_reason", "product_id")  # fmt: skip


def known_deals(tables: Tables, as_of: date) -> tuple[pd.DataFrame, nw.LazyFrame[Any]]:
    """The deals in the order of their ids, and a frame of each ``deal_id`` with its position ``deal``."""
    through = facts.last_day(tables)
    listed = facts.listed(tables, facts.DEAL_FACTS_LISTED)
    wanted = (*DEALS, "value", "list_value", "created_on", "closed_on", "expected_close_on")
    placed = facts.placed_facts(listed, facts.spans(tables), as_of, through, "as they were",
                                facts.DEAL_FACTS, tables).select(*wanted)  # fmt: skip
    day = "CASE WHEN {0} IS NULL THEN 0 ELSE epoch(CAST({0} AS TIMESTAMP))::BIGINT END AS {1}"
    units = f"coalesce(CAST({{0}} * {UNITS} AS BIGINT), 0) AS {{0}}"
    sql = f"""SELECT {", ".join(DEALS)}, {units.format("value")}, {units.format("list_value")},
        {day.format("created_on", "created")}, {day.format("closed_on", "closed")},
        {day.format("expected_close_on", "expected")} FROM facts"""
    made = nw.from_native(nw.to_native(placed).query("facts", sql))
    table = settled(made, height(tables["deals"]))
    native = nw.to_native(table)
    # by id, so that nothing hangs on the order of parallel queries; ids alone are sorted, rows are wide
    places = native.query("held", "SELECT deal_id, row_number() OVER () - 1 AS place FROM held")
    order = places.order("deal_id").select("place").fetchnumpy()["place"]
    columns: dict[str, Any] = {}
    for name in table.collect_schema().names():  # one after the other: text of millions of deals is large
        column = native.query("held", f"SELECT {name} FROM held").to_arrow_table()[name].take(order)
        columns[name] = _categories(column) if name in DEALS[1:] else column.to_pandas()
    deals = pd.DataFrame(columns)
    deals["size"] = _bands(deals["list_value"].to_numpy())
    codes = native.query("held", """SELECT deal_id, row_number() OVER (ORDER BY deal_id) - 1 AS deal
        FROM held""")  # fmt: skip
    return deals, settled(nw.from_native(codes))


def _categories(column: Any) -> Any:
    """Text as categories; nothing as ``unknown``."""
    import pyarrow.compute as pc

    found = pc.fill_null(column.cast("string"), facts.UNKNOWN).combine_chunks().dictionary_encode()
    return pd.Categorical.from_codes(found.indices.to_numpy(), found.dictionary.to_pylist())


def _bands(amounts: NDArray[np.int64]) -> Any:
    """Thirds of the deals by list value: what a deal would bring at list price, won or lost alike."""
    known = amounts[amounts > 0]
    limits = np.unique(np.quantile(known, [1 / 3, 2 / 3])) if len(known) else np.array([])
    bands: Any = ["small", "medium", "large"]
    codes: Any = np.searchsorted(limits, amounts).astype(np.int8)
    return pd.Categorical.from_codes(codes, bands)
