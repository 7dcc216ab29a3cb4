"""The performance review: what was sold, by whom, against what was expected."""

from salesops_nb.performance.catalogue import CATALOGUE
from salesops_nb.performance.review import Review, review

__all__ = ["CATALOGUE", "Review", "review"]
