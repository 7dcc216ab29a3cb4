"""Codes, cents and days as the Arrow columns of the table deals."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from salesops_nb.simulate.crm import Array
from salesops_nb.simulate.process.planted import COMPETITORS, LOSS_REASONS, NEXT_STEPS, SOURCES
from salesops_nb.simulate.tables import MONEY, identifiers, money

STAGES = np.array(["Prospecting", "Engaging", "Negotiating", "Won", "Lost"])
OUTCOMES = np.array(["open", "open", "open", "won", "lost"])
CATEGORIES = np.array(["pipeline", "best_case", "commit", "closed"])
DEAL_TYPES = np.array(["new", "renewal", "expansion"])
_WORD = pa.dictionary(pa.int32(), pa.string())
SCHEMA = pa.schema(
    [
        ("deal_id", pa.string()),
        *((name, _WORD) for name in ("owner_id", "account_id", "product_id", "stage", "outcome")),
        ("amount", MONEY),
        ("quantity", pa.int64()),
        ("cost", MONEY),
        *((name, _WORD) for name in ("currency", "deal_type", "forecast_category")),
        *((name, pa.date32()) for name in ("created_on", "expected_close_on", "closed_on")),
        *((name, _WORD) for name in ("source", "loss_reason", "competitor", "next_step")),
        ("next_step_on", pa.date32()),
        ("simulated", pa.bool_()),
    ]
)


def deals_table(c: dict[str, Array]) -> pa.Table:
    """The chunk as rows of the contract."""
    n, is_open = len(c["number"]), c["is_open"]
    lost = c["stage"] == 4
    constant = np.zeros(n, dtype=np.int32)
    return pa.table(
        {
            "deal_id": identifiers("D", c["number"], 9),
            "owner_id": _coded(c["owner"], "R", 5),
            "account_id": _coded(c["account"], "C", 7),
            "product_id": _coded(c["product"], "P", 4),
            "stage": _words(c["stage"], STAGES),
            "outcome": _words(c["stage"], OUTCOMES),
            "amount": money(c["cents"], c["stage"] == 0),
            "quantity": c["quantity"],
            "cost": money(c["cost"], c["stage"] != 3),
            "currency": _words(constant, np.array(["USD"])),
            "deal_type": _words(c["type"], DEAL_TYPES),
            "forecast_category": _words(c["category"], CATEGORIES),
            "created_on": _days(c["created"]),
            "expected_close_on": _days(c["expected"], ~is_open),
            "closed_on": _days(c["closed"], is_open),
            "source": _words(c["source"], np.array(SOURCES)),
            "loss_reason": _words(c["reason"], np.array(LOSS_REASONS), ~lost | (c["reason"] < 0)),
            "competitor": _optional(c, "competitor", COMPETITORS),
            "next_step": _optional(c, "next_step", NEXT_STEPS),
            "next_step_on": _days(c["step"], ~is_open | c["no_step"]),
            "simulated": np.ones(n, dtype=bool),
        },
        schema=SCHEMA,
    )


def _coded(position: Array, letter: str, width: int) -> pa.DictionaryArray:
    """Ids of positions; only those that occur are spelled out."""
    found, codes = np.unique(position, return_inverse=True)
    words = identifiers(letter, found + 1, width)
    return pa.DictionaryArray.from_arrays(pa.array(codes.astype(np.int32)), words)


def _words(codes: Array, words: Array, gap: Array | None = None) -> pa.DictionaryArray:
    index = pa.array(codes.astype(np.int32), mask=gap)
    return pa.DictionaryArray.from_arrays(index, pa.array(words.tolist()))


def _optional(c: dict[str, Array], name: str, words: tuple[str, ...]) -> pa.DictionaryArray:
    """Words where the chunk has codes for them; -1, or no codes at all, is a gap."""
    codes = c.get(name, np.full(len(c["number"]), -1))
    return _words(codes, np.array(words), codes < 0)


def _days(days: Array, gap: Array | None = None) -> pa.Array:
    return pa.array(days.astype("datetime64[D]"), mask=gap)
