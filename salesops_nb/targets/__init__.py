"""Target setting: from history and potential to a target per company, team, rep and period.

`prepare` reads and fits once; `set_targets` answers a changed growth, weight or over-assignment at
once from what it made.
"""

from salesops_nb.targets.basis import Basis, prepare, read
from salesops_nb.targets.by_type import by_type
from salesops_nb.targets.cascade import cascade
from salesops_nb.targets.earlier import earlier
from salesops_nb.targets.ratios import attainment, attainment_factor, over_assignment, share_at_quota
from salesops_nb.targets.rounding import largest_remainder
from salesops_nb.targets.season import Season, season
from salesops_nb.targets.setting import TargetPlan, set_targets

__all__ = [
    "Basis",
    "Season",
    "TargetPlan",
    "attainment",
    "attainment_factor",
    "by_type",
    "cascade",
    "earlier",
    "largest_remainder",
    "over_assignment",
    "prepare",
    "read",
    "season",
    "set_targets",
    "share_at_quota",
]


def __dir__() -> list[str]:
    """What completion offers: the names that are meant to be used."""
    return __all__
