"""The demo's workbook reads what is simulated; a workbook of one's own starts without any of it."""

import shutil
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from salesops_nb.cli import main
from salesops_nb.cli.init import init
from salesops_nb.present.panel import choices
from salesops_nb.source import open_workbook

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
ADDED = ("contacts", "logins", "field_use", "picklist_use")
OWN = {
    "deals.csv": "deal_id,owner_id,stage,amount,created_on,closed_on\n1,Ann,Won,100,2025-01-02,2025-03-04\n",
    "people.csv": "person_id,name,role\nAnn,Ann,rep\n",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A workbook made by `salesops init --demo`."""
    made = tmp_path_factory.mktemp("made") / "mine"
    done = CliRunner().invoke(init, ["--demo", str(made)])
    assert done.exit_code == 0, done.output
    return made


def test_init_copies_every_simulated_file(folder):
    shipped = ROOT / "data" / "simulated"
    names = {path.relative_to(shipped) for path in shipped.rglob("*") if path.is_file()}
    there = folder / "data" / "simulated"
    assert {path.relative_to(there) for path in there.rglob("*") if path.is_file()} == names
    assert {Path("contacts.csv"), Path("accounts_dirty_truth.csv"), Path("book/workbook.yml")} <= names


def test_the_demo_reads_them_without_a_word(folder):
    workbook = open_workbook(folder)
    assert [p for p in workbook.problems if p.table in ADDED] == []
    for name in ADDED:
        assert name in workbook.simulated
        assert workbook.connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0] > 0
    types = workbook.connection.execute(
        "SELECT typeof(changed_on), typeof(account_id) FROM contacts"
    ).fetchone()
    assert types == ("DATE", "VARCHAR")
    assert not {"accounts_dirty", "accounts_dirty_truth"} & set(workbook.tables)
    workbook.close()


def test_the_demo_opens_without_them(folder, tmp_path):
    shutil.copytree(folder, tmp_path / "bare")
    for path in (tmp_path / "bare" / "data" / "simulated").iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    workbook = open_workbook(tmp_path / "bare")
    assert not set(ADDED) & set(workbook.tables)
    assert workbook.simulated == frozenset()
    workbook.close()


def test_the_dirty_accounts_can_be_read_as_accounts(folder, tmp_path):
    shutil.copytree(folder, tmp_path / "dirty")
    mapping = yaml.safe_load((tmp_path / "dirty" / "mapping.yml").read_text())
    mapping["tables"] = {"accounts": {"file": "simulated/accounts_dirty.csv"}}
    (tmp_path / "dirty" / "mapping.yml").write_text(yaml.safe_dump(mapping))
    settings = yaml.safe_load((tmp_path / "dirty" / "workbook.yml").read_text())
    settings.pop("controls")
    (tmp_path / "dirty" / "workbook.yml").write_text(yaml.safe_dump(settings))
    workbook = open_workbook(tmp_path / "dirty")
    assert [p for p in workbook.problems if p.severity != "note"] == []
    count = workbook.connection.execute("SELECT count(*), count(parent_id) FROM accounts").fetchone()
    assert count == (1000, 46)
    workbook.close()


def test_a_workbook_of_ones_own_starts_without_any(tmp_path):
    (tmp_path / "data").mkdir()
    for name, text in OWN.items():
        (tmp_path / "data" / name).write_text(text)
    (tmp_path / "workbook.yml").write_text(
        "company: Ours\ncurrency: EUR\nsource: data\nmapping: mapping.yml\n"
    )
    tables = {"deals": {"file": "deals.csv", "stages": {"Won": "won"}}, "people": {"file": "people.csv"}}
    (tmp_path / "mapping.yml").write_text(yaml.safe_dump({"tables": tables}))
    workbook = open_workbook(tmp_path)
    assert set(workbook.tables) == {"deals", "people"}
    assert workbook.simulated == frozenset()
    assert [p for p in workbook.problems if p.severity != "note"] == []
    workbook.close()


def test_a_control_offers_nobody_who_had_left_before_the_first_deal(folder):
    workbook = open_workbook(folder)
    offered = set(choices.people(workbook))
    people = workbook.table("people").collect("pandas").to_native()
    former = set(people["person_id"]) - offered
    assert len(former) == 12
    assert (people.loc[people["person_id"].isin(former), "left_on"].astype(str) < "2016-12-01").all()
    assert {"Carl Lin", "Cara Losch"} <= offered  # gone since, and a manager


@pytest.mark.parametrize("name", ["hiring", "commission"])
def test_a_report_that_rests_on_leave_says_so(name, folder):
    done = CliRunner().invoke(main, ["run", str(folder / "reports.yml"), "--only", name])
    assert done.exit_code == 0, done.output
    page = max((folder / "reports").glob(f"*/{name}*.html"))
    cover = page.read_text(encoding="utf-8").split("are simulated, not recorded:")[1].split("<")[0]
    assert "leave" in [word.strip(" .") for word in cover.split(",")]
