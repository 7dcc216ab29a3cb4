"""Hiring needs: how many people, when, where, and with what probability."""

from salesops_nb.forecast.learning.learn import learn
from salesops_nb.forecast.learning.learned import Learned
from salesops_nb.hiring.day_one import DayOne, day_one
from salesops_nb.hiring.economics.payback import Return, payback, returns
from salesops_nb.hiring.economics.turnover import capacity_at_risk, turnover
from salesops_nb.hiring.headcount.classes import start_classes
from salesops_nb.hiring.headcount.cohorts import cohorts
from salesops_nb.hiring.headcount.leavers import leavers, moves
from salesops_nb.hiring.headcount.support import support
from salesops_nb.hiring.planning.explain import latest_openings, tornado
from salesops_nb.hiring.planning.plan import HiringPlan, plan
from salesops_nb.hiring.simulation.capacity import Capacity, capacity

__all__ = [
    "Capacity",
    "DayOne",
    "HiringPlan",
    "Learned",
    "Return",
    "capacity",
    "capacity_at_risk",
    "cohorts",
    "day_one",
    "latest_openings",
    "learn",
    "leavers",
    "moves",
    "payback",
    "plan",
    "returns",
    "start_classes",
    "support",
    "tornado",
    "turnover",
]


def __dir__() -> list[str]:
    """What completion offers: the names that are meant to be used."""
    return __all__
