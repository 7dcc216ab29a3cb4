"""The one language of conditions and of values made of fields (docs/expressions.md)."""

from salesops_nb.expression.condition import check_columns, condition, made, unknown_columns
from salesops_nb.expression.rows import holds
from salesops_nb.expression.syntax import columns_of, parse, renamed
from salesops_nb.expression.values import fields_of, lacking, parse_value

__all__ = [
    "check_columns", "columns_of", "condition", "fields_of", "holds", "lacking", "made", "parse",
    "parse_value", "renamed", "unknown_columns",
]  # fmt: skip
