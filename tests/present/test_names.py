"""Pages, files and commands show names, never ids, and take a name wherever they take an id."""

from __future__ import annotations

import html
import json
import re
import zipfile
from pathlib import Path

import opaque
import pandas as pd
import pytest
from click.testing import CliRunner

from salesops_nb import open_workbook, performance
from salesops_nb.batch.jobs.paths import path_name, path_of
from salesops_nb.cli import main
from salesops_nb.core import names
from salesops_nb.errors import SalesopsError

PEOPLE = pd.DataFrame(
    [
        ("p1", "Ana Pop", "North"), ("p2", "Ana Pop", "South"), ("p3", "Ben Fox", "South"),
        ("p4", "Ben Fox", "South"), ("p5", "Cleo Day", "South"), ("p6", None, "South"),
    ],
    columns=["person_id", "name", "team"],
)  # fmt: skip


def test_two_of_a_name_are_told_apart_by_team_or_else_by_id() -> None:
    assert names.names_of({"people": PEOPLE}, "people") == {
        "p1": "Ana Pop (North)", "p2": "Ana Pop (South)", "p3": "Ben Fox (p3)", "p4": "Ben Fox (p4)",
        "p5": "Cleo Day",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("p5", "p5"), ("Cleo Day", "p5"), ("cleo  day", "p5"), ("CLEO\u00a0DAY", "p5"), ("p6", "p6"),
        ("Ana Pop (South)", "p2"), ("Ben Fox (p4)", "p4"), ("P5", None), ("Cleo Dai", None),
    ],
)  # fmt: skip
def test_a_name_or_an_id_is_taken(asked: str, found: str | None) -> None:
    assert names.id_of({"people": PEOPLE}, "people", asked) == found


def test_a_name_of_two_asks_which() -> None:
    with pytest.raises(SalesopsError) as refused:
        names.id_of({"people": PEOPLE}, "people", "Ana Pop")
    assert "Ana Pop (North) [p1], Ana Pop (South) [p2]" in str(refused.value)


def test_a_path_is_readable_by_the_name_and_stable_by_the_id() -> None:
    assert path_of("Ana Pop", "Ana Pop") == path_name("Ana Pop")  # an id that is the name stays as it was
    before, after = path_of("005A1", "Ana Pop"), path_of("005A1", "Ana Pop-Ionescu")
    assert before.startswith("ana-pop-")
    assert before.rpartition("-")[2] == after.rpartition("-")[2]
    assert path_of("005A1", "Ana Pop") != path_of("005a1", "Ana Pop")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, opaque.Ids]:
    place = tmp_path_factory.mktemp("opaque")
    return place, opaque.write(Path(__file__).resolve().parents[2], place)


def ran(folder: Path, *words: str) -> str:
    result = CliRunner().invoke(main, ["run", str(folder / "reports.yml"), "--jobs", "1", *words])
    return " ".join(result.output.split())


@pytest.mark.slow
def test_no_report_shows_an_id_that_has_a_name(folder: tuple[Path, opaque.Ids]) -> None:
    place, ids = folder
    shown = ran(place, "--for", "rep=Rosie Papadopoulos", "--only", "rep", "--only", "statement")
    assert "2 made" in shown
    company = ("company", "analysis", "commission", "close", "territories", "targets", "hiring")
    shown += ran(place, *(word for name in company for word in ("--only", name)))
    assert "7 made" in shown
    shown += CliRunner().invoke(main, ["list", str(place)]).output
    reports = place / "reports"
    files = [file for file in reports.rglob("*") if file.suffix in (".html", ".xlsx")]
    assert {file.stem for file in files} >= set(company)
    rosie = ids.people["Rosie Papadopoulos"]
    assert len(list(reports.rglob(f"{path_of(rosie, 'Rosie Papadopoulos')}.html"))) == 2
    texts = {str(file.relative_to(reports)): text_of(file) for file in files}
    texts |= {"commands": shown, "files": "\n".join(str(file.relative_to(reports)) for file in files)}
    known = "|".join(map(re.escape, ids.of.values()))
    apart = re.compile(rf"(\w) \(({known})\)")  # of two accounts of one name, which is which
    found = {name: sorted(set(re.findall(known, apart.sub(r"\1", text)))) for name, text in texts.items()}
    assert not any(re.search(r"(\w+) \(\1 \(", text) for text in texts.values()), "a name is told apart once"
    assert {name: shown[:3] for name, shown in found.items() if shown} == {}
    # and the names stand there, namesakes apart; a rep's page shows nobody else's
    assert "Moses Frase (Dustin Brinkmann)" in texts["0002/analysis.html"]
    assert "Moses Frase (Summer Sewald)" not in next(t for n, t in texts.items() if n.startswith("0001/rep/"))
    # what the ledger and the batch keep goes by id
    run = json.loads((reports / "0001" / "run.json").read_text())
    assert {job["who"] for job in run["jobs"]} == {rosie}
    assert {job["name"] for job in run["jobs"]} == {"Rosie Papadopoulos"}


def text_of(file: Path) -> str:
    if file.suffix == ".html":
        return html.unescape(file.read_text(encoding="utf-8"))
    with zipfile.ZipFile(file) as sheets:
        return "\n".join(sheets.read(name).decode("utf-8", "ignore") for name in sheets.namelist())


@pytest.mark.slow
@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("Rosie Papadopulos", "Did you mean: Rosie Papadopoulos?"),
        ("Moses Frase", "'Moses Frase' is the name of 2: Moses Frase ("),
        ("Nobody Such", "No report is made for rep 'Nobody Such'. There are: "),
    ],
)
def test_a_name_that_is_none_or_two_is_asked_again(
    folder: tuple[Path, opaque.Ids], asked: str, said: str
) -> None:
    assert said in ran(folder[0], "--only", "rep", "--for", f"rep={asked}", "--dry-run")


@pytest.mark.slow
def test_a_review_takes_a_name_and_records_an_id(folder: tuple[Path, opaque.Ids]) -> None:
    place, ids = folder
    workbook = open_workbook(place)
    by_name = performance.review(workbook.tables, "2017-Q3", level="rep", who="rosie papadopoulos")
    by_id = performance.review(workbook.tables, "2017-Q3", level="rep", who=ids.people["Rosie Papadopoulos"])
    assert by_name.who == by_id.who == ids.people["Rosie Papadopoulos"]
    assert by_name.name == "Rosie Papadopoulos"
    assert by_name.company["bookings"] == by_id.company["bookings"] > 0
    assert by_name.company["target"] == by_id.company["target"] is not None
    with pytest.raises(SalesopsError, match="nearest known reps are: Rosie Papadopoulos"):
        performance.review(workbook.tables, "2017-Q3", level="rep", who="Rosie Papadopulos")


def test_a_check_names_people_in_what_it_finds(tmp_path: Path) -> None:
    (tmp_path / "workbook.yml").write_text("company: Acme\ncurrency: USD\n")
    (tmp_path / "mapping.yml").write_text("tables:\n  people: {file: people.csv}\n")
    (tmp_path / "data").mkdir()
    rows = [
        "person_id,valid_from,valid_to,name,role",
        "005A000001,2025-01-01,,Linda Mitchell,ae",
        "005A000001,2025-06-01,2025-05-01,Linda Mitchell,ae",
    ]
    (tmp_path / "data" / "people.csv").write_text("\n".join(rows) + "\n")
    shown = CliRunner().invoke(main, ["check", str(tmp_path)]).output
    assert "The row of Linda Mitchell is valid to" in shown
    assert "The row of 005A000001" not in shown


@pytest.mark.parametrize("short", ["p1", "3", "ann"])
def test_a_short_id_has_its_name_beside_it_in_what_a_check_finds(tmp_path: Path, short: str) -> None:
    (tmp_path / "workbook.yml").write_text("company: Acme\ncurrency: USD\n")
    (tmp_path / "mapping.yml").write_text("tables:\n  people: {file: people.csv}\n")
    (tmp_path / "data").mkdir()
    rows = [
        "person_id,valid_from,valid_to,name,role,manager_id",
        f"{short},2025-01-01,,Linda Mitchell,ae,p9",
        f"{short},2025-06-01,2025-05-01,Linda Mitchell,ae,p9",
        "p9,2025-01-01,,Rob Day,ae,p8",
        "p8,2025-01-01,,Eva Lund,ae,p9",
    ]
    (tmp_path / "data" / "people.csv").write_text("\n".join(rows) + "\n")
    shown = CliRunner().invoke(main, ["check", str(tmp_path)]).output
    assert f"The row of Linda Mitchell [{short}] is valid to" in shown
    assert "Rob Day [p9]" in shown  # of a list
    assert "Eva Lund [p8]" in shown
    assert "row 3, column" in shown  # a number that is nobody stays a number
