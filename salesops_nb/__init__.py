"""The sales-operations workbook: the package computes, the notebooks explain."""

from __future__ import annotations

import importlib
from typing import Any

from salesops_nb.version import __version__ as __version__

__all__ = [
    "commission",
    "hiring",
    "open_workbook",
    "parameters",
    "performance",
    "pipeline",
    "present",
    "targets",
    "territory",
]


def __getattr__(name: str) -> Any:
    """Rooms load when they are first used, so that importing the package costs next to nothing."""
    if name == "open_workbook":
        from salesops_nb.source import open_workbook

        return open_workbook
    if name in __all__:
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """What completion offers, before it is loaded too."""
    return [*__all__, "__version__"]
