"""Run every notebook and keep the outputs of its headline cells, which nbval compares.

    python tests/refresh_headlines.py

Every other output is stripped. Run it when a headline changes on purpose, and read the difference.
"""

from pathlib import Path

from salesops_nb.cli.new_notebook import run_once

if __name__ == "__main__":
    for found in sorted((Path(__file__).resolve().parents[1] / "notebooks").glob("*.ipynb")):
        run_once(found)
