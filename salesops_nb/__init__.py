"""The sales-operations workbook: the package computes, the notebooks explain."""

__version__ = "0.1.0"
