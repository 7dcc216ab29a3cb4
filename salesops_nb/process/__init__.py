"""The sales process: how deals go through the stages, where they stop, and what that costs."""

from salesops_nb.process.again import measured_again
from salesops_nb.process.bottleneck import bottlenecks
from salesops_nb.process.conversion import Stints, by_cohort, converted, staying, stints, time_in_stage
from salesops_nb.process.history import History, Passes, read
from salesops_nb.process.losses import lost_deals, reasons, standing_out
from salesops_nb.process.paths import commonest, flow, kinds
from salesops_nb.process.pushes import Pushes, push_costs, pushed_by, pushes
from salesops_nb.process.review import ProcessReview, review
from salesops_nb.process.stuck import limits, stuck
from salesops_nb.process.window import Window, window

__all__ = [
    "History", "Passes", "ProcessReview", "Pushes", "Stints", "Window", "bottlenecks", "by_cohort",
    "commonest", "converted", "flow", "kinds", "limits", "lost_deals", "measured_again",
    "push_costs", "pushed_by", "pushes",
    "read", "reasons", "review", "standing_out", "staying", "stints", "stuck", "time_in_stage", "window",
]  # fmt: skip


def __dir__() -> list[str]:
    """What completion offers."""
    return __all__
