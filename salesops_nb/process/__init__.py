"""The sales process: how deals go through the stages, where they stop, and what that costs."""

from salesops_nb.process.bottleneck import Window, bottlenecks, window
from salesops_nb.process.conversion import Stints, by_cohort, converted, staying, stints, time_in_stage
from salesops_nb.process.history import History, Passes, read
from salesops_nb.process.paths import commonest, flow, kinds

__all__ = [
    "History", "Passes", "Stints", "Window", "bottlenecks", "by_cohort", "commonest", "converted", "flow",
    "kinds", "read", "staying", "stints", "time_in_stage", "window",
]  # fmt: skip


def __dir__() -> list[str]:
    """What completion offers."""
    return __all__
