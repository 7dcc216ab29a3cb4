"""Territories: balanced, whole and compact, with little moved and the gap stated."""

from salesops_nb.territory.plans.plan import PlanNotFound, Summary, TerritoryPlan, plan

__all__ = ["PlanNotFound", "Summary", "TerritoryPlan", "plan"]


def __dir__() -> list[str]:
    """What completion offers: the names that are meant to be used."""
    return __all__
