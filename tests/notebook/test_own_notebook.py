"""docs/own_notebook.md, carried out word for word; then its batch, and its numbers counted anew."""

import json
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import nbformat
import openpyxl
import pytest
from carried_out import blocks, carry_out

from salesops_nb.notebook import module_of
from salesops_nb.source import open_workbook

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def workbook(tmp_path_factory):
    folder = tmp_path_factory.mktemp("own") / "workbook"
    command = [str(Path(sys.executable).with_name("salesops")), "init", "--demo", str(folder)]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    carry_out(folder)
    return folder


def test_the_page_has_what_the_test_carries_out():
    assert [place for _, place, _ in blocks() if place] == [
        "file=notebooks/loss_reasons.py", "cell=0", "cell=6", "cell=7",
    ]  # fmt: skip


def test_the_batch_makes_a_page_and_a_sheet_for_company_teams_and_reps(workbook):
    made = [path for path in (workbook / "reports").rglob("loss_reasons*") if path.is_file()]
    made += [path for path in (workbook / "reports").rglob("loss_reasons/**/*") if path.is_file()]
    pages, sheets = ([path for path in made if path.suffix == kind] for kind in (".html", ".xlsx"))
    # who left before the quarter has no page; who was hired in it has one, with no deal on it
    there = "role = 'rep' AND hired_on <= '2017-12-31' AND coalesce(left_on > '2017-10-01', true)"
    reps = open_workbook(workbook).connection.execute(f"SELECT count(*) FROM people WHERE {there}")
    assert len(pages) == len(sheets) == 1 + 6 + reps.fetchone()[0] == 39
    for page in pages:
        text = page.read_text(encoding="utf-8")
        assert "Why do we lose deals" in text
        assert "Reason named most often" in text or "No deal was lost" in text
        assert "<svg" not in text or 'role="img"' in text or "alt=" in text
    (company,) = [sheet for sheet in sheets if sheet.stem == "loss_reasons"]
    _cover, sheet = openpyxl.load_workbook(company).worksheets
    (place,) = (table.ref for table in sheet.tables.values())
    _heads, *rows = [tuple(cell.value for cell in row) for row in sheet[place]]
    counted = """SELECT coalesce(loss_reason, 'not given') reason, count(*) deals FROM deals
        WHERE outcome = 'lost' AND closed_on BETWEEN '2017-10-01' AND '2017-12-31' GROUP BY 1"""
    expected = open_workbook(workbook).connection.execute(f"{counted} ORDER BY deals DESC, reason").fetchall()
    assert len(expected) > 1
    assert [row[:2] for row in rows] == expected


@pytest.mark.parametrize(
    ("level", "who", "owners"),
    [("company", "", "true"), ("rep", "Moses Frase", "owner_id = 'Moses Frase'"),
     ("team", "Cara Losch", "owner_id IN (SELECT person_id FROM people WHERE team = 'Cara Losch')")],
)  # fmt: skip
def test_its_numbers_are_those_of_the_table(workbook, level, who, owners):
    opened = open_workbook(workbook)
    module = module_of("loss_reasons", workbook / "notebooks")
    found = module.found(opened, module.LossReasons(level=level, who=who, smallest=1))
    sql = f"""SELECT coalesce(loss_reason, 'not given'), count(*) FROM deals
        WHERE outcome = 'lost' AND closed_on BETWEEN '2017-10-01' AND '2017-12-31' AND {owners} GROUP BY 1"""
    expected = dict(opened.connection.execute(sql).fetchall())
    assert dict(zip(found.reasons["reason"], found.reasons["deals"], strict=True)) == expected
    folded = module.found(opened, module.LossReasons(level=level, who=who, smallest=100))
    assert folded.deals == found.deals == sum(expected.values())
    assert folded.value == found.value
    assert found.value > Decimal(0)


def test_its_output_holds_the_finding(workbook):
    made = nbformat.read(workbook / "out.ipynb", as_version=4)
    text = json.dumps(made)
    assert "Cara Losch" in text
    assert "Reason named most often" in text
