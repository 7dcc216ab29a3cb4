"""The pipeline from one day to another: snapshots of open deals, how they moved, what people called."""

from salesops_nb.pipeline.movement import Between, Movement, between, days_of
from salesops_nb.pipeline.snapshot import Kept, keep_day

__all__ = ["Between", "Kept", "Movement", "between", "days_of", "keep_day"]


def __dir__() -> list[str]:
    """What completion offers."""
    return __all__
