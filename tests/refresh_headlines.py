"""Run every notebook and keep the outputs of its headline cells, which nbval compares.

    python tests/refresh_headlines.py

Every other output is stripped. Run it when a headline changes on purpose, and read the difference.
"""

from pathlib import Path

import nbformat
from nbclient import NotebookClient

CHECKED = "nbval-check-output"


def refresh(path: Path) -> None:
    """Write the notebook back with the outputs of its checked cells only."""
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(path.parent)}}).execute()
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        if cell.cell_type == "code" and CHECKED not in cell.metadata.get("tags", []):
            cell.outputs, cell.execution_count = [], None
    notebook.metadata.pop("widgets", None)
    nbformat.write(notebook, path)


if __name__ == "__main__":
    for found in sorted((Path(__file__).resolve().parents[1] / "notebooks").glob("*.ipynb")):
        refresh(found)
