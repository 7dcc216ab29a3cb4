"""Commission: a plan file, a calculation, lines that explain themselves.

Credit is what a person gets for a deal's event; a component turns credit into pay by a rate or a
table; a line is one payable amount of one component for one credit, rounded once. All money is
exact decimals.
"""

from salesops_nb.commission.calculation import calculate
from salesops_nb.commission.plans.plan import Plan, load_plan, load_plans
from salesops_nb.commission.result.payout import Payout, explain

__all__ = ["Payout", "Plan", "calculate", "explain", "load_plan", "load_plans"]


def __dir__() -> list[str]:
    """What completion offers: the names that are meant to be used."""
    return __all__
