"""A small workbook with notebooks of a few cells."""

from __future__ import annotations

from pathlib import Path

import nbformat

PEOPLE = """person_id,name,role,manager_id,team,region,email,hired_on,left_on
p1,Ana Pop,rep,m1,North,East,ana@example.com,2015-01-01,
p2,Ben Fox,rep,m1,North,East,ben@example.com,2015-01-01,
p3,Cleo Day,rep,m2,South,West,cleo@example.com,2015-01-01,2017-02-01
p4,Dora Hill,rep,m2,South,West,,2015-01-01,
m1,Mara Lee,manager,,North,East,mara@example.com,2015-01-01,
m2,Nick Orr,manager,,South,West,nick@example.com,2015-01-01,
"""
DEALS = """deal_id,owner_id,stage,outcome,amount,created_on,closed_on
d1,p1,Won,won,100.10,2017-10-02,2017-11-20
d2,p2,Won,won,200.20,2017-10-03,2017-12-10
d3,p4,Lost,lost,0,2017-10-04,2017-12-15
"""
MAPPING = """tables:
  deals:
    file: deals.csv
    columns: {deal_id: deal_id, owner_id: owner_id, stage: stage, amount: amount, created_on: created_on, closed_on: closed_on}
    values: {stages: {}}
    stages: {Open: open, Won: won, Lost: lost}
  people:
    file: people.csv
    columns: {person_id: person_id, name: name, role: role, manager_id: manager_id, team: team, region: region,
      email: email, hired_on: hired_on, left_on: left_on}
"""  # noqa: E501
WORKBOOK = """company: Acme
currency: USD
locale: en_US
source: data
mapping: mapping.yml
store: sqlite:///store.sqlite
"""


def write_notebook(path: Path, *cells: str, tags: dict[int, list[str]] | None = None) -> Path:
    """A notebook of these code cells; the first is its parameters cell."""
    notebook = nbformat.v4.new_notebook(
        metadata={"kernelspec": {"name": "python3", "language": "python", "display_name": "Python 3"}}
    )
    for number, source in enumerate(cells):
        cell = nbformat.v4.new_code_cell(source, id=f"cell-{number}")
        cell.metadata["tags"] = ["parameters"] if number == 0 else (tags or {}).get(number, [])
        notebook.cells.append(cell)
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, path)
    return path


def write_workbook(folder: Path) -> Path:
    """A workbook's folder with one notebook, ``hello``."""
    (folder / "data").mkdir(parents=True)
    (folder / "data" / "people.csv").write_text(PEOPLE)
    (folder / "data" / "deals.csv").write_text(DEALS)
    (folder / "mapping.yml").write_text(MAPPING.replace("    values: {stages: {}}\n", ""))
    (folder / "workbook.yml").write_text(WORKBOOK)
    write_notebook(
        folder / "notebooks" / "hello.ipynb",
        "period = ''\nwho = ''\nn = 1",
        "print('hello', who, period, n)",
    )
    return folder
