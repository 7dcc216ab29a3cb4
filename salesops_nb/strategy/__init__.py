"""Strategy: mission, vision and the sales model, in versions, held against the data and worked both ways."""

from salesops_nb.strategy.capacity import Limits, limits, used
from salesops_nb.strategy.claims import attention, judged, verdict
from salesops_nb.strategy.deals import Deals, read_deals
from salesops_nb.strategy.differences import differences
from salesops_nb.strategy.figures import Figure, figure
from salesops_nb.strategy.flow import Flow, backwards, forwards
from salesops_nb.strategy.funnel import Funnel, learn, restated
from salesops_nb.strategy.versions import Strategy, Version, held_against, load, read

__all__ = [
    "Deals",
    "Figure",
    "Flow",
    "Funnel",
    "Limits",
    "Strategy",
    "Version",
    "attention",
    "backwards",
    "differences",
    "figure",
    "forwards",
    "held_against",
    "judged",
    "learn",
    "limits",
    "load",
    "read",
    "read_deals",
    "restated",
    "used",
    "verdict",
]


def __dir__() -> list[str]:
    """What completion offers."""
    return __all__
