"""The engine that reads sources reaches no file but the workbook's, whatever runs on it."""

from __future__ import annotations

import sys
from decimal import Decimal
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from salesops_nb.source import Workbook, open_workbook
from salesops_nb.source.prepared import prepare
from salesops_nb.source.reopened import VARIABLE

sys.path.insert(0, str(Path(__file__).parents[1] / "bad_input"))

from small import MAPPING, write

FORBIDDEN = [
    "SELECT * FROM read_csv('{folder}/secret.csv')",
    "SELECT * FROM '{folder}/secret.csv'",
    "SELECT content FROM read_text('/etc/passwd')",
    "SELECT * FROM glob('/etc/*')",
    "COPY (SELECT 1) TO '{folder}/written.csv'",
    "COPY deals TO '{folder}/data/deals.csv'",
    "EXPORT DATABASE '{folder}/written'",
    "ATTACH '{folder}/written.duckdb' AS other",
    "INSTALL httpfs",
    "LOAD httpfs",
    "SET enable_external_access = true",
    "SET lock_configuration = false",
    "SET allowed_directories = ['/']",
    "PRAGMA threads = 1",
]


@pytest.fixture
def workbook(tmp_path: Path) -> Workbook:
    (tmp_path / "secret.csv").write_text("a\n1\n")
    return open_workbook(write(tmp_path, {}))


@pytest.mark.parametrize("statement", FORBIDDEN)
def test_what_is_not_the_workbooks_cannot_be_reached(statement: str, workbook: Workbook) -> None:
    before = {path: path.read_bytes() for path in workbook.folder.rglob("*") if path.is_file()}
    with pytest.raises(duckdb.Error):
        workbook.connection.execute(statement.format(folder=workbook.folder)).fetchall()
    assert {path: path.read_bytes() for path in workbook.folder.rglob("*") if path.is_file()} == before


def test_the_prepared_workbook_of_a_run_is_closed_too(
    workbook: Workbook, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = prepare(workbook, workbook.folder / ".cache" / "prepared")
    monkeypatch.setenv(VARIABLE, f"{workbook.folder}:{path}")
    again = open_workbook(workbook.folder)
    assert again.connection.execute("SELECT count(*) FROM deals").fetchone() == (4,)
    for statement in FORBIDDEN:
        with pytest.raises(duckdb.Error):
            again.connection.execute(statement.format(folder=workbook.folder)).fetchall()


def test_a_frame_is_registered_on_the_prepared_workbook_of_a_run(
    workbook: Workbook, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Approved targets and kept snapshots are handed in so, in every report of a run."""
    path = prepare(workbook, workbook.folder / ".cache" / "prepared")
    monkeypatch.setenv(VARIABLE, f"{workbook.folder}:{path}")
    again = open_workbook(workbook.folder)
    frame = pd.DataFrame({"who": ["company"], "value": [Decimal("1.10")]})
    for _ in range(2):
        made = again.register("targets_in_force", frame).collect().to_native().to_pylist()
        assert made == [{"who": "company", "value": Decimal("1.10")}]


def test_a_view_of_a_database_reads_no_other_file(tmp_path: Path) -> None:
    folder = write(tmp_path, {"mapping.yml": MAPPING.replace("file: deals.csv", "source: crm.duckdb")})
    (tmp_path / "secret.csv").write_text("id\nD1\n")
    with duckdb.connect(str(folder / "crm.duckdb")) as database:
        database.execute(f"CREATE VIEW deals AS SELECT * FROM read_csv('{folder}/secret.csv')")
    (problem,) = open_workbook(folder, strict=False).fatal
    assert problem.place == "crm.duckdb"
    assert "'deals' cannot be read from the database: Permission Error" in problem.message


def test_a_view_of_its_own_tables_is_a_source(tmp_path: Path) -> None:
    folder = write(tmp_path, {"mapping.yml": MAPPING.replace("file: deals.csv", "source: crm.duckdb")})
    with duckdb.connect(str(folder / "crm.duckdb")) as database:
        database.execute(f"CREATE TABLE t AS FROM read_csv('{folder}/data/deals.csv', all_varchar = true)")
        database.execute("CREATE VIEW deals AS SELECT * FROM t WHERE stage <> 'Lost'")
    workbook = open_workbook(folder)
    assert workbook.connection.execute("SELECT count(*), min(_row) FROM raw.deals").fetchone() == (3, 1)


NAMES = ["deals[1].parquet", "de*ls.parquet", "deals?.parquet", "deals'1.parquet"]


@pytest.mark.parametrize("name", NAMES)
def test_a_file_is_the_one_of_its_name_and_no_pattern(name: str, tmp_path: Path) -> None:
    folder = write(tmp_path, {"mapping.yml": MAPPING.replace("file: deals.csv", f'file: "{name}"')})
    with duckdb.connect() as database:
        kept = database.read_csv(str(folder / "data" / "deals.csv"))
        for other in ("deals1.parquet", "deals.parquet", "deXls.parquet", name):
            rows = kept if other == name else kept.filter("id = 'D1'")
            path = str(folder / "data" / "plain.parquet")
            rows.write_parquet(path)
            Path(path).rename(folder / "data" / other)
    workbook = open_workbook(folder)
    assert workbook.connection.execute("SELECT count(*) FROM deals").fetchone() == (4,)


def test_a_source_beside_the_workbook_is_read(tmp_path: Path) -> None:
    home, data = tmp_path / "home", tmp_path / "elsewhere"
    write(home, {"workbook.yml": "company: Small\ncurrency: USD\nsource: ../elsewhere\n"})
    (home / "data").rename(data)
    (tmp_path / "link").symlink_to(home)
    for folder in (home, tmp_path / "link"):
        workbook = open_workbook(folder)
        assert workbook.connection.execute("SELECT count(*) FROM deals").fetchone() == (4,)


def test_large_regular_files_go_through_the_engine_itself(workbook: Workbook) -> None:
    """Allowed paths are spelt as the reader spells them; else every file would be read slowly."""
    from salesops_nb.source.files import delimited

    def never(*_: object) -> None:
        raise AssertionError("read by Python")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(delimited, "_through_python", never)
        open_workbook(workbook.folder)
