"""The version of the package, which pages, runs and records name."""

__version__ = "0.1.0"
