"""The compiled kernels made ready: loaded from the cache on disk, or compiled once by another process.

Compiling takes some seconds and more memory than planning itself, which a process keeps once it has
had it; so a child compiles into the cache and ends, and the planner only loads.
"""

from __future__ import annotations

import os
import subprocess
import sys
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from salesops_nb.core import stopping
from salesops_nb.territory.kernels.balancing_prices import balance_prices, cheapest, dual_value, lloyd
from salesops_nb.territory.kernels.contiguity_repair import components, keep_whole
from salesops_nb.territory.kernels.local_search import EXPONENTIAL, Field, anneal

ENTRIES = (balance_prices, cheapest, dual_value, components, anneal)


@lru_cache(maxsize=1)
def ready() -> None:
    """Loads the kernels, compiling them first if need be, so that no guard of time counts it."""
    if not all(map(_cached, ENTRIES)):
        folders = os.pathsep.join(filter(None, sys.path))
        subprocess.run(
            [sys.executable, "-c", f"from {__name__} import call_kernels; call_kernels()"],
            env={**os.environ, "PYTHONPATH": folders},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=False,  # what the child could not do is done here
        )
    call_kernels()


def _cached(kernel: Any) -> bool:
    """Whether the cache has this kernel, not older than its source."""
    source = Path(kernel.py_func.__code__.co_filename)
    index = f"{source.stem}.{kernel.py_func.__name__}-{kernel.py_func.__code__.co_firstlineno}.*.nbi"
    kept = Path(kernel.stats.cache_path).glob(index)
    return any(file.stat().st_mtime >= source.stat().st_mtime for file in kept)


def call_kernels() -> None:
    """Every kernel once, on a map of four units."""
    n, k = 4, 2
    grid = np.arange(12.0).reshape(n, 3)
    ones, none = np.ones((n, 1)), np.empty((0, 0))
    centre, prices = grid[:k].copy(), np.zeros((k, 1))
    cost, share = np.empty((n, k)), np.full((k, 1), 2.0)
    lloyd(grid, np.ones(n), ones, share, share / 10, none, centre, np.zeros(k, bool), prices, 2, cost)
    first, neighbour = np.array([0, 1, 3, 5, 6]), np.array([1, 0, 2, 1, 3, 2])
    yes, allowed = np.ones(n, dtype=bool), np.ones((n, k), dtype=bool)
    choice, _ = keep_whole(first, neighbour, np.array([0, 0, 1, 1]), yes, yes, np.ones(n), cost, allowed)
    anneal(
        Field(
            first, neighbour, yes, yes, allowed, ones, share * 0.9, share * 1.1, np.ones(n), grid, np.ones(n),
            True, np.zeros(k, dtype=bool), np.zeros((k, 3)), none, choice, np.zeros(n),
        ),
        choice, np.zeros((k, 1)), 10, 1.0, 0.01, 1.0, 0, EXPONENTIAL, stopping.flag(),
    )  # fmt: skip
