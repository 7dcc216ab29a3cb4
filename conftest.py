"""How nbval compares the headlines that notebooks keep: what a person reads exactly, numbers almost.

The last digits of a number out of an optimiser or of linear algebra are those of the processor and of how
many threads it has. So text is compared as it stands, and the numbers behind it to one in a million.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import pytest

HEADLINES = "application/vnd.salesops.headlines+json"
NEAR = 1e-6  # of each other


def pytest_collectstart(collector: pytest.Collector) -> None:
    """Leave the facts behind the headlines to the comparison below."""
    if hasattr(collector, "skip_compare"):
        collector.skip_compare += (HEADLINES,)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Compare the facts behind the headlines of a cell that nbval has found alike to read."""
    yield
    if getattr(item, "test_outputs", None) is not None and item.options["check"]:
        stored, computed = (_facts(outputs) for outputs in (item.cell.outputs, item.test_outputs))
        if said := differences(stored, computed):
            item.raise_cell_error("The numbers behind the headlines differ", "\n".join(said))


def differences(stored: Any, computed: Any, where: str = "") -> list[str]:
    """Where two facts differ: numbers written as text by more than `NEAR`, all else at all."""
    if isinstance(stored, dict) and isinstance(computed, dict) and stored.keys() == computed.keys():
        return [said for key in stored for said in differences(stored[key], computed[key], f"{where}.{key}")]
    if isinstance(stored, list) and isinstance(computed, list) and len(stored) == len(computed):
        pairs = enumerate(zip(stored, computed, strict=True))
        return [said for at, pair in pairs for said in differences(*pair, f"{where}[{at}]")]
    if where.endswith(".raw"):
        with_numbers = _number(stored), _number(computed)
        if None not in with_numbers and math.isclose(*with_numbers, rel_tol=NEAR, abs_tol=1e-12):
            return []
    return [] if stored == computed else [f"{where.lstrip('.')}: stored {stored!r}, computed {computed!r}"]


def _facts(outputs: list[Any]) -> list[Any]:
    return [output.data[HEADLINES] for output in outputs if HEADLINES in output.get("data", {})]


def _number(value: Any) -> float | None:
    try:
        return float(value)
    except (TypeError, ValueError):
        return None
