"""What is read: files and databases, mapped to our tables, checked, on one DuckDB connection."""

from salesops_nb.source.opened import Workbook, open_workbook

__all__ = ["Workbook", "open_workbook"]
