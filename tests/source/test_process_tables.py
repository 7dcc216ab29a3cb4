"""One's own stages, changes of deals and forecast calls, through the mapping; and a workbook without."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

sys.path.insert(0, str(Path(__file__).parents[1] / "bad_input"))

from small import MAPPING, write

from salesops_nb.cli import main
from salesops_nb.parameters import Parameters
from salesops_nb.present.panel.panel import Panel
from salesops_nb.source import Workbook, open_workbook

MAPPED = """\
  stage_history:
    file: history.csv
    columns: {deal_id: Opportunity, stage: Step, parent_stage: Stage, entered_at: From, left_at: To, by: User}
  deal_changes:
    file: changes.csv
    columns: {deal_id: Opportunity, changed_at: Edit Date, field: Field, old: Old Value, new: New Value,
              by: User}
    values:
      field: {Close Date: expected_close_on, Amount: amount}
  forecast_calls:
    file: calls.csv
    columns: {person_id: Who, made_on: Day, period: Quarter, commit: Commit, best_case: Best}
"""
FILES = {
    "data/history.csv": "Opportunity,Step,Stage,From,To,User\n"
    "D1,Demo,Open,2017-01-02 09:00,2017-02-02 10:00,Ann\nD1,Offer,Open,2017-02-02 10:00,,Ann\n",
    "data/changes.csv": "Opportunity,Edit Date,Field,Old Value,New Value,User\n"
    "D1,2017-02-01 10:00,Close Date,2017-02-28,2017-03-31,Ann\nD1,2017-02-01 10:00,Amount,90,100,Ann\n",
    "data/calls.csv": "Who,Day,Quarter,Commit,Best\nAnn,2017-02-06,2017-Q1,100.10,250\n",
}
# A row added to a file: the finding, its column, its value, and whether the row stays.
HARM = {
    "change of an unknown deal": (
        "data/changes.csv",
        "D9,2017-02-02 10:00,Amount,1,2,Ann",
        ("deal_changes", "unknown-deal", "Opportunity", "D9"),
        False,
    ),
    "change of a field that nobody mapped": (
        "data/changes.csv",
        "D1,2017-02-02 10:00,Colour,red,blue,Ann",
        ("deal_changes", "unknown-choice", "Field", "Colour"),
        False,
    ),
    "change at no moment": (
        "data/changes.csv",
        "D1,soon,Amount,1,2,Ann",
        ("deal_changes", "bad-date", "Edit Date", "soon"),
        False,
    ),
    "two different changes of a field at one moment": (
        "data/changes.csv",
        "D1,2017-02-01 10:00,Amount,90,110,Ann",
        ("deal_changes", "duplicate-id", "Opportunity", "D1, 2017-02-01 10:00:00, amount"),
        False,
    ),
    "call by nobody": (
        "data/calls.csv",
        "Zoe,2017-02-06,2017-Q1,10,20",
        ("forecast_calls", "unknown-rep", "Who", "Zoe"),
        False,
    ),
    "call without commit": (
        "data/calls.csv",
        "Bob,2017-02-06,2017-Q1,,20",
        ("forecast_calls", "missing-value", "Commit", None),
        False,
    ),
    "best case below the commit": (
        "data/calls.csv",
        "Bob,2017-02-06,2017-Q1,30,20",
        ("forecast_calls", "commit-above-best-case", "Best", "20"),
        True,
    ),
    "stage left before it was entered": (
        "data/history.csv",
        "D2,Demo,Open,2017-02-02 10:00,2017-01-02 10:00,Bob",
        ("stage_history", "left-before-entered", "To", "2017-01-02 10:00"),
        True,
    ),
}


def opened(folder: Path, files: dict[str, str]) -> Workbook:
    return open_workbook(write(folder, {"mapping.yml": MAPPING + MAPPED, **files}))


def count(workbook: Workbook, table: str) -> int:
    return int(workbook.connection.execute(f"SELECT count(*) FROM {table}").fetchall()[0][0])


def test_they_are_read_under_the_names_of_another_crm(tmp_path: Path) -> None:
    workbook = opened(tmp_path, FILES)
    assert [str(p) for p in workbook.problems if p.severity == "error"] == []
    found = workbook.connection.execute(
        "SELECT field, old, new, changed_at::VARCHAR FROM deal_changes ORDER BY 1"
    ).fetchall()
    assert found == [
        ("amount", "90", "100", "2017-02-01 10:00:00"),
        ("expected_close_on", "2017-02-28", "2017-03-31", "2017-02-01 10:00:00"),
    ]
    assert workbook.connection.execute("SELECT commit::VARCHAR, reason FROM forecast_calls").fetchall() == [
        ("100.1000", None)
    ]
    assert workbook.connection.execute(
        'SELECT DISTINCT parent_stage, "by" FROM stage_history'
    ).fetchall() == [("Open", "Ann")]
    assert not workbook.simulated


@pytest.mark.parametrize("harm", HARM)
def test_a_bad_row_is_told_and_counted(tmp_path: Path, harm: str) -> None:
    file, row, (table, code, column, value), stays = HARM[harm]
    workbook = opened(tmp_path, {**FILES, file: f"{FILES[file]}{row}\n"})
    before = FILES[file].count("\n") - 1
    told = [p for p in workbook.problems if p.severity == "error"]
    assert (table, code, column, value) in [(p.table, p.code, p.column, p.value) for p in told]
    assert {p.table for p in told} == {table}
    aside = [s for s in workbook.set_aside if s.table == table]
    assert [s.reason for s in aside] == [code]
    lost = 1 if code == "duplicate-id" else 0  # of two that differ neither is counted
    assert count(workbook, table) == before + stays - lost


def test_a_workbook_of_ones_own_starts_without_them(tmp_path: Path) -> None:
    workbook = open_workbook(write(tmp_path, {}))
    assert [str(p) for p in workbook.problems if p.severity == "error"] == []
    assert not {"stage_history", "deal_changes", "forecast_calls", "activities"} & set(workbook.tables)
    assert not workbook.simulated


TABLES = ("stage_history", "deal_changes", "forecast_calls", "activities")
COLUMNS = tuple(f"deals.{n}" for n in ("deal_type", "loss_reason", "competitor", "source", "next_step"))


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("begun") / "mine"
    assert CliRunner().invoke(main, ["init", "--demo", str(folder)]).exit_code == 0
    return folder


@pytest.fixture(scope="module")
def demo(begun: Path) -> Workbook:
    return open_workbook(begun)


def test_the_demo_brings_them_whole_and_marked(begun: Path, demo: Workbook) -> None:
    assert [str(p) for p in demo.problems if p.severity == "error"] == []
    for name in TABLES:
        (path,) = (begun / "data" / "simulated").glob(f"{name}.*")
        rows = demo.connection.execute(f"SELECT count(*) FROM '{path}'").fetchall()[0][0]
        assert count(demo, name) == rows > 1_000
    assert demo.simulated >= {*TABLES, *COLUMNS}
    assert "deals" not in demo.simulated


@pytest.mark.parametrize("name", [*TABLES, *COLUMNS])
def test_a_report_that_rests_on_them_says_so(
    demo: Workbook, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[str] = []
    monkeypatch.setattr("IPython.display.display", lambda data, raw: shown.append(data["text/html"]))
    panel = Panel(Parameters(), demo, {})
    panel.cover(Parameters(), title="Stages", used=("deals", "people", name))
    assert f"simulated, not recorded: {name}." in shown[0]


def test_without_the_simulated_folder_it_opens_with_the_export_alone(begun: Path, tmp_path: Path) -> None:
    folder = tmp_path / "real"
    shutil.copytree(begun, folder, ignore=shutil.ignore_patterns("simulated"))
    real = open_workbook(folder)
    assert not {*TABLES} & set(real.tables)
    assert [str(p) for p in real.problems if p.severity == "error"] == []
    assert not real.simulated


def test_of_events_only_a_cancellation_needs_no_amount(tmp_path: Path) -> None:
    rows = [f"{kind},D1,{kind},2017-03-0{i}," for i, kind in enumerate(
        ("booked", "invoiced", "collected", "refunded", "cancelled"), start=2)]  # fmt: skip
    folder = write(
        tmp_path,
        {
            "mapping.yml": MAPPING + "  events: {file: events.csv}\n",
            "data/events.csv": "\n".join(["event_id,deal_id,kind,happened_on,amount", *rows]) + "\n",
        },
    )
    workbook = open_workbook(folder, strict=False)
    assert [row["kind"] for row in workbook.table("events").collect().rows(named=True)] == ["cancelled"]
    missing = [p for p in workbook.problems if p.code == "missing-value"]
    assert [(p.row, p.column) for p in missing] == [(row, "amount") for row in (2, 3, 4, 5)]
