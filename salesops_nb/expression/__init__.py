"""The one language of conditions: what plans and mappings mean by ``where`` (docs/expressions.md)."""

from salesops_nb.expression.condition import check_columns, condition, made, unknown_columns
from salesops_nb.expression.rows import holds
from salesops_nb.expression.syntax import columns_of, parse, renamed

__all__ = ["check_columns", "columns_of", "condition", "holds", "made", "parse", "renamed", "unknown_columns"]
