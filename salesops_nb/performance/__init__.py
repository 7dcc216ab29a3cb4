"""The performance review: what was sold, by whom, against what was expected."""

from salesops_nb.performance.prepared import Joined, Prepared, joined, prepare
from salesops_nb.performance.result import CATALOGUE, Review
from salesops_nb.performance.review import review

__all__ = ["CATALOGUE", "Joined", "Prepared", "Review", "joined", "prepare", "review"]


def __dir__() -> list[str]:
    """What completion offers: the names that are meant to be used."""
    return __all__
