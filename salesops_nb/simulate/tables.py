"""What every simulated table is made of: exact amounts, ids of positions, and the mark `simulated`."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from salesops_nb.simulate.crm import Array

MONEY = pa.decimal128(18, 2)


def marked(table: pa.Table) -> pa.Table:
    """The table with a column that says of each row that it is simulated."""
    return table.append_column("simulated", pa.array(np.ones(table.num_rows, dtype=bool)))


def identifiers(letter: str, numbers: Array, width: int) -> pa.Array:
    """Text ids such as ``D000000042``."""
    digits = pc.utf8_lpad(pc.cast(pa.array(numbers), pa.string()), width, "0")
    return pc.binary_join_element_wise(letter, digits, "")


def money(cents: Array, gap: Array | None = None) -> pa.Array:
    """Exact decimals with two places from whole cents."""
    wide = np.empty((len(cents), 2), dtype=np.int64)
    wide[:, 0], wide[:, 1] = cents, cents >> 63
    valid = None if gap is None else pa.py_buffer(np.packbits(~gap, bitorder="little"))
    return pa.Array.from_buffers(MONEY, len(cents), [valid, pa.py_buffer(wide)])
