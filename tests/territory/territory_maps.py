"""Maps for the tests: published instances and small grids."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

DATA = Path(__file__).resolve().parent.parent / "data" / "territory"


def instance(name: str, root: bool = False) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Units and edges; with `root` the square root of the weight."""
    units = pd.read_csv(DATA / f"{name}_units.csv", dtype={"unit_id": str})
    edges = pd.read_csv(DATA / f"{name}_edges.csv", dtype=str)
    if root:
        units["weight"] = np.sqrt(units["weight"])
    return units, edges


def grid(
    rows: int, columns: int, latitude: float = 40.0, longitude: float = -100.0
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """A chessboard of equal units, half a degree apart; neighbours share a side."""
    cells = [(r, c) for r in range(rows) for c in range(columns)]
    units = pd.DataFrame(
        {
            "unit_id": [f"{r}-{c}" for r, c in cells],
            "latitude": [latitude + r / 2 for r, _ in cells],
            "longitude": [longitude + c / 2 for _, c in cells],
            "potential": [1.0] * len(cells),
        }
    )
    pairs = [
        (f"{r}-{c}", f"{r + a}-{c + b}")
        for r, c in cells
        for a, b in ((0, 1), (1, 0))
        if r + a < rows and c + b < columns
    ]
    return units, pd.DataFrame(pairs, columns=["unit_a", "unit_b"])
