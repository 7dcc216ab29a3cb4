"""`salesops territory` shows people, units and accounts by name, and takes a name wherever it takes an id."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from salesops_nb.cli import main
from salesops_nb.store.assignments.assignments import approve
from salesops_nb.store.database import open_store

WHO: dict[str, Any] = {"approved_by": "p3", "approved_on": date(2025, 12, 1), "reason": "new year"}
MAPPING = """tables:
  people: {file: people.csv, columns: {person_id: Id, name: Name, role: Role, team: Team}}
  accounts: {file: accounts.csv, columns: {account_id: Id, name: Name}}
  units: {file: units.csv, columns: {unit_id: Id, name: Name, latitude: Lat, longitude: Long}}
"""


@pytest.fixture(scope="module")
def workbook(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("territories")
    (folder / "data").mkdir()
    (folder / "workbook.yml").write_text(
        "company: Acme\ncurrency: USD\nlocale: en_US\ntime_zone: UTC\nsource: data\n"
        "mapping: mapping.yml\nstore: sqlite:///store.sqlite\n"
    )
    (folder / "mapping.yml").write_text(MAPPING)
    (folder / "data" / "people.csv").write_text(
        "Id,Name,Role,Team\np1,Ann Lee,rep,North\np2,Ann Lee,rep,South\np3,Dana Fox,manager,North\n"
    )
    (folder / "data" / "accounts.csv").write_text("Id,Name\na1,Berlin\na2,Globex\n")
    (folder / "data" / "units.csv").write_text("Id,Name,Lat,Long\nu1,Berlin,52.5,13.4\nu2,Cluj,46.8,23.6\n")
    store = open_store(f"sqlite:///{folder}/store.sqlite")
    approve(store, {"u1": "p1", "u2": "p1", "u9": "p9"}, effective_on=date(2026, 1, 1), **WHO)
    approve(store, {"u2": "p2"}, effective_on=date(2026, 3, 1), **WHO)
    approve(store, {"a1": "p2", "a2": None}, effective_on=date(2026, 3, 1), kind="account", **WHO)
    store.dispose()
    return folder


def run(folder: Path, *words: str) -> str:
    result = CliRunner().invoke(main, ["territory", "-w", str(folder), *words])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.output


def rows(text: str) -> list[list[str]]:
    return [line.split() for line in text.splitlines()[1:]]


DAY = ("--day", "2026-03-02")


@pytest.mark.parametrize(
    ("asked", "shown"),
    [
        (("--of", "Cluj"), ["unit Cluj rep Ann Lee (South)"]),
        (("--of", "u2"), ["unit Cluj rep Ann Lee (South)"]),
        (("--of", "berlin"), ["account Berlin rep Ann Lee (South)", "unit Berlin rep Ann Lee (North)"]),
        (("--of", "Berlin", "--kind", "unit"), ["unit Berlin rep Ann Lee (North)"]),
        (("--person", "Ann Lee (North)"), ["unit Berlin rep Ann Lee (North)"]),
        (("--person", "p1"), ["unit Berlin rep Ann Lee (North)"]),
        (("--of", "u9"), ["unit u9 rep p9"]),  # the store knows more than the tables
        (("--person", "vacant"), ["account Globex rep vacant"]),
        (("--of", "Nowhere"), None),
    ],
)
def test_owners_by_name_or_id(workbook: Path, asked: tuple[str, ...], shown: list[str] | None) -> None:
    said = run(workbook, "owners", *DAY, *asked)
    found = None if said == "none\n" else [" ".join(row[:-2]) for row in rows(said)]
    assert found == shown


def test_a_name_of_two_asks_which(workbook: Path) -> None:
    assert "Ann Lee (North) [p1], Ann Lee (South) [p2]" in run(workbook, "owners", "--person", "Ann Lee")


@pytest.mark.parametrize("unit", ["Cluj", "u2"])
def test_the_log_of_a_unit_names_people(workbook: Path, unit: str) -> None:
    log = run(workbook, "list", "--of", unit)
    assert [row[1] for row in rows(log)] == ["unit", "unit"]
    assert "Ann Lee (North) Ann Lee (South)" in log
    assert "Dana Fox" in log


@pytest.mark.parametrize("by", ["Dana Fox", "p3"])
def test_who_takes_back_is_named(workbook: Path, by: str) -> None:
    act = ("--by", by, "--reason", "too soon", "--on", "2026-04-10")
    undone = {"Dana Fox": "2", "p3": "3"}[by]
    assert f"Approval {undone} is taken back" in run(workbook, "undo", undone, *act)
    assert "p3" not in run(workbook, "list")
