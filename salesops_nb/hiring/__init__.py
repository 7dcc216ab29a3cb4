"""Hiring needs: how many people, when, where, and with what probability."""

from salesops_nb.hiring.capacity import Capacity, capacity
from salesops_nb.hiring.explain import latest_openings, payback, tornado
from salesops_nb.hiring.learn import learn
from salesops_nb.hiring.learned import Learned
from salesops_nb.hiring.plan import HiringPlan, plan

__all__ = [
    "Capacity",
    "HiringPlan",
    "Learned",
    "capacity",
    "latest_openings",
    "learn",
    "payback",
    "plan",
    "tornado",
]


def __dir__() -> list[str]:
    """What completion offers: the names that are meant to be used."""
    return __all__
