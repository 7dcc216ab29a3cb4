"""Several files of one table: their rows are one table, and each finding names its own file and row."""

import sys
from pathlib import Path

import duckdb
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "bad_input"))

from small import mapped, write

from salesops_nb.errors import SalesopsError
from salesops_nb.source import open_workbook

PEOPLE = "    columns: {person_id: id, name: name, role: role, manager_id: manager}\n"
MORE = PEOPLE + "    more:\n      - {file: former.csv, optional: true}\n"
DATED = MORE + "    if_present: {valid_from: since, valid_to: until}\n"


def opened(tmp_path, former: str | None, more: str = MORE, strict: bool = True):
    changes = mapped(PEOPLE, more)
    if former is not None:
        changes["data/former.csv"] = former
    return open_workbook(write(tmp_path, changes), strict=strict)


def rows(workbook, columns: str):
    return workbook.connection.execute(f"SELECT {columns} FROM people ORDER BY ALL").fetchall()


def test_rows_of_both_files_stand_in_the_table(tmp_path):
    workbook = opened(tmp_path, "id,name,role,manager\nDee,Dee,rep,Cid\n")
    assert workbook.problems == []
    assert rows(workbook, "person_id, manager_id") == [
        ("Ann", "Cid"),
        ("Bob", "Cid"),
        ("Cid", None),
        ("Dee", "Cid"),
    ]


def test_an_optional_file_that_is_not_there_changes_nothing(tmp_path):
    assert len(rows(opened(tmp_path, None), "person_id")) == 3


def test_a_file_that_is_not_optional_must_be_there(tmp_path):
    with pytest.raises(SalesopsError, match=r"former\.csv is not there"):
        opened(tmp_path, None, MORE.replace(", optional: true", ""))


def test_columns_in_another_order_with_some_of_their_own(tmp_path):
    former = "since,role,id,manager,name,until\n2015-01-01,rep,Dee,,Dee,2016-01-01\n"
    workbook = opened(tmp_path, former, DATED)
    assert workbook.problems == []
    found = rows(workbook, "person_id, CAST(valid_from AS VARCHAR), CAST(valid_to AS VARCHAR)")
    assert found[0] == ("Ann", "1900-01-01", None)
    assert found[3] == ("Dee", "2015-01-01", "2016-01-01")


# What stands in the further file, and the finding: its code, file, row, and a word of its message.
FINDINGS = {
    "same person, other contents": (
        "id,name,role,manager\nEve,Eve,rep,Cid\nAnn,Anna,rep,Cid\n",
        MORE,
        ("duplicate-id", "former.csv", 3, "rows 2, 3 of former.csv"),
    ),
    "identical copy": (
        "id,name,role,manager\nAnn,Ann,rep,Cid\n",
        MORE,
        ("identical-copies", "former.csv", 2, "identical copy"),
    ),
    "nothing where a value is needed": (
        "id,name,role,manager\nDee,Dee,rep,Cid\nEve,Eve,,Cid\n",
        MORE,
        ("missing-value", "former.csv", 3, "no role"),
    ),
    "overlapping rows": (
        "id,name,role,manager,since,until\nDee,Dee,rep,Cid,2014-01-01,2015-06-01\n"
        "Dee,Dee,rep,Cid,2015-01-01,\n",
        DATED,
        ("overlapping-people", "former.csv", 3, "Dee"),
    ),
    "a circle of managers": (
        "id,name,role,manager\nDee,Dee,rep,Eve\nEve,Eve,rep,Dee\n",
        MORE,
        ("manager-cycle", "former.csv", 2, "circle"),
    ),
    "a date that cannot be read": (
        "id,name,role,manager,since,until\nDee,Dee,rep,Cid,2014-01-01,2015-13-01\n",
        DATED,
        ("bad-date", "former.csv", 2, "2015-13-01"),
    ),
}


@pytest.mark.parametrize("case", FINDINGS)
def test_a_finding_names_the_file_and_row_where_it_stands(tmp_path, case):
    contents, more, (code, file, row, word) = FINDINGS[case]
    problems = opened(tmp_path, contents, more).problems
    found = [p for p in problems if (p.code, p.file, p.row) == (code, file, row)]
    assert len(found) == 1
    assert word in found[0].message


def test_both_rows_of_a_doubled_person_are_set_aside_and_counted(tmp_path):
    workbook = opened(tmp_path, "id,name,role,manager\nAnn,Anna,rep,Cid\n")
    assert [(aside.reason, aside.count) for aside in workbook.set_aside if aside.table == "people"] == [
        ("duplicate-id", 2)
    ]
    assert [row[0] for row in rows(workbook, "person_id")] == ["Bob", "Cid"]


def test_a_mapped_column_that_the_further_file_lacks_is_an_error(tmp_path):
    with pytest.raises(SalesopsError) as caught:
        opened(tmp_path, "id,name,manager\nDee,Dee,Cid\n")
    assert [(p.code, p.file, p.table) for p in caught.value.problems] == [
        ("missing-column", "former.csv", "people")
    ]


def test_rows_without_a_file_are_refused(tmp_path):
    with pytest.raises(SalesopsError, match="name the file, sheet or table"):
        opened(tmp_path, None, PEOPLE + "    more:\n      - {optional: true}\n")


def test_simulated_rows_behind_a_real_file_leave_it_real(tmp_path):
    workbook = opened(tmp_path, "id,name,role,manager,simulated\nDee,Dee,rep,Cid,true\n")
    assert "people" not in workbook.simulated
    assert rows(workbook, "person_id, simulated")[-1] == ("Dee", True)


def test_a_change_of_the_further_file_is_another_fingerprint(tmp_path):
    header = "id,name,role,manager\n"
    first = opened(tmp_path / "a", header + "Dee,Dee,rep,Cid\n").fingerprint
    assert opened(tmp_path / "b", header + "Dee,Dee,rep,\n").fingerprint != first


def test_a_column_that_the_files_have_in_different_types(tmp_path):
    """A day as text in the first file and as a day in the further one; headers of another case."""
    changes = mapped(PEOPLE, DATED.replace("former.csv", "former.parquet"))
    changes["data/people.csv"] = (
        "id,name,role,manager,since,until\nAnn,Ann,rep,,2016-05-01,\nBob,Bob,rep,,,\n"
    )
    folder = write(tmp_path, changes)
    duckdb.execute(
        "COPY (SELECT 'Dee' AS ID, 'Dee' AS Name, 'rep' AS role, NULL::VARCHAR AS manager, "
        f"DATE '2014-01-01' AS since, DATE '2015-01-01' AS until) TO '{folder / 'data/former.parquet'}'"
    )
    workbook = open_workbook(folder)
    assert {p.code for p in workbook.problems} <= {"header-matched"}
    found = rows(workbook, "person_id, CAST(valid_from AS VARCHAR), CAST(valid_to AS VARCHAR)")
    assert found[0] == ("Ann", "2016-05-01", None)
    assert found[2] == ("Dee", "2014-01-01", "2015-01-01")


def test_the_condition_narrows_the_further_file_too(tmp_path):
    where = MORE + "    where: role = 'rep'\n"
    workbook = opened(tmp_path, "id,name,role,manager\nDee,Dee,rep,\nEve,Eve,manager,\n", where)
    assert [row[0] for row in rows(workbook, "person_id")] == ["Ann", "Bob", "Dee"]
