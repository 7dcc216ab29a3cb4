"""A review of an export that cannot hold lost deals says so, and ranks nobody by win rate."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import papermill
import pytest

NOTEBOOK = Path(__file__).resolve().parents[2] / "notebooks" / "performance_review.ipynb"
MAPPING = """tables:
  deals:
    file: d.csv
    columns: {deal_id: Id, owner_id: Owner, stage: Stage, amount: Amount, created_on: Made, closed_on: Closed}
    stages: {Won: won, Lost: lost}
  people: {file: p.csv, columns: {person_id: id, name: name, role: role}}
"""
SAID = "No lost deal is in the data, so every win rate is 100 % and ranks nobody."


@pytest.mark.slow
@pytest.mark.parametrize("losses", [False, True])
def test_the_review_itself_says_that_no_loss_can_be_in_the_data(losses: bool, tmp_path: Path) -> None:
    (tmp_path / "workbook.yml").write_text("company: X\ncurrency: USD\nsource: .\nmapping: mapping.yml\n")
    (tmp_path / "mapping.yml").write_text(MAPPING)
    (tmp_path / "p.csv").write_text("id,name,role\nA,Ann Lee,rep\nB,Bob Ray,rep\nC,Cy Dee,rep\n")
    owners = "A" * 40 + "B" * 20 + "C" * 3
    (tmp_path / "d.csv").write_text(
        "Id,Owner,Stage,Amount,Made,Closed\n"
        + "".join(
            f"{n},{owner},{'Lost' if losses and n % 3 == 0 else 'Won'},{100 + n},2024-01-13,2024-02-13\n"
            for n, owner in enumerate(owners)
        )
    )
    page = printed(tmp_path)
    assert (SAID in page) is not losses
    assert ("ended alike, so win rates rank nobody" in page) is not losses
    assert ("in order, best first" in page) is losses
    assert ("Where each may really rank" in page) is losses


def printed(folder: Path) -> str:
    """The words of all outputs of the review, run by papermill."""
    out = folder / "out.ipynb"
    papermill.execute_notebook(
        NOTEBOOK, out, {"workbook": str(folder), "period": "2024-Q1"}, cwd=folder, progress_bar=False
    )
    cells = nbformat.read(out, as_version=4).cells
    outputs = [o.get("data", {}) for cell in cells for o in cell.get("outputs", [])]
    text = " ".join(data.get("text/html", data.get("text/plain", "")) for data in outputs)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text))
