"""The one language of conditions: what plans and mappings mean by ``where``."""

from salesops_nb.expression.condition import condition, unknown_columns
from salesops_nb.expression.rows import holds
from salesops_nb.expression.syntax import columns_of, parse

__all__ = ["columns_of", "condition", "holds", "parse", "unknown_columns"]
