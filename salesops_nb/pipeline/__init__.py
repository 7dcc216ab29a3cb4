"""The pipeline from one day to another: snapshots of open deals, how they moved, what people called."""

from salesops_nb.pipeline.movement import Movement, movement
from salesops_nb.pipeline.snapshot import Kept, keep_day

__all__ = ["Kept", "Movement", "keep_day", "movement"]


def __dir__() -> list[str]:
    """What completion offers."""
    return __all__
