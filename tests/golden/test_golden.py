# ruff: noqa: E501 - a case to a line
"""The comparison finds and names what differs, and nothing else; the sides are what they should be."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import openpyxl
import pytest

from golden import inside_names
from golden.__main__ import conclude
from golden.as_text import store_tables, write_lines, xlsx_lines
from golden.capture import Capture, parts_of
from golden.compare import GROUPS, Page, compare
from golden.normalise import RULES, Normalised
from golden.numbers import numbers
from golden.sides import GoldenError, Place, alone, base_commit, check_origins, lay_out

PAGE = """<html><head><style>p {{ margin: 3px }}</style></head><body><p>Bookings were {amount} in {period}.</p>
<svg aria-label="Bookings {amount}"><text>{axis}</text><path d="M 1 {height}"/></svg>
<a href="rep/ann.html">Ann</a><a href="#s-{axis}">{axis}</a></body></html>
"""
FINDING = {"code": "no-owner", "message": "The deal has no owner.", "fix": "Name one.", "table": "deals",
           "file": "deals.csv", "row": 6, "column": "rep", "value": None, "severity": "error"}  # fmt: skip
OTHER = {**FINDING, "code": "bad-date", "row": 7, "column": "closed", "value": "2017-02-30"}
NAME = {"name": "salesops_nb.territory:plan", "signature": "(units, k=None)", "doc": "Plan."}
LEDGER = {"seq": 1, "amount_minor": 5830, "details": '{"reason": "paid twice"}', "hash": "a1" * 32}


def page(amount: str = "$1,200", period: str = "2017-Q4", axis: str = "Month", height: str = "20") -> str:
    return PAGE.format(amount=amount, period=period, axis=axis, height=height)


def capture(folder: Path) -> Path:
    """A small capture with something in each group."""
    (folder / "reports" / "rep").mkdir(parents=True)
    (folder / "reports" / "company.html").write_text(page())
    (folder / "reports" / "rep" / "ann.html").write_text(page("$700"))
    write_lines(folder / "store" / "ledger_entries.jsonl", [{"columns": list(LEDGER)}, LEDGER])
    (folder / "commands").mkdir()
    (folder / "commands" / "list.txt").write_text("exit 0\n1 report, 2 failed\n")
    write_lines(folder / "check" / "findings.jsonl", [FINDING, OTHER])
    write_lines(folder / "signatures" / "names.jsonl", [NAME])
    write_lines(
        folder / "results" / "summary.jsonl", [{"moment": 12.5, "bound_is": "a cut", "sentence": "Of 3."}]
    )
    for part in set(parts_of(GROUPS)):
        (folder / f"{part}.done.json").write_text(json.dumps({"normalised": {"run.json: key": 2}}))
    return folder


@pytest.fixture
def sides(tmp_path: Path) -> tuple[Path, Path]:
    return capture(tmp_path / "base"), capture(tmp_path / "work")


def write(name: str, text: str) -> Callable[[Path], object]:
    return lambda folder: (folder / name).write_text(text)


def rows(name: str, *found: object) -> Callable[[Path], object]:
    return lambda folder: write_lines(folder / name, found)


def lost(name: str) -> Callable[[Path], object]:
    return lambda folder: (folder / name).unlink()


WORDS_ONLY = {
    "a page": (write("reports/company.html", page().replace("were", "came to")), "reports/company.html", "came to"),
    "a heading, its link and its axis": (
        write("reports/company.html", page(axis="Quarter", height="23")), "reports/company.html", "Quarter"),
    "an output": (
        write("commands/list.txt", "exit 0\n1 report made, 2 failed\n"), "commands/list.txt", "+1 report made"),
    "a message": (
        rows("check/findings.jsonl", {**FINDING, "message": "The owner is missing."}, OTHER),
        "check/findings.jsonl", "The owner is missing."),
    "a docstring": (
        rows("signatures/names.jsonl", {**NAME, "doc": "Plans."}), "signatures/names.jsonl", "Plans."),
    "a reason in the ledger, and so its hash": (
        rows("store/ledger_entries.jsonl", {"columns": list(LEDGER)},
             {**LEDGER, "details": '{"reason": "twice paid"}', "hash": "b2" * 32}),
        "store/ledger_entries.jsonl", "twice paid"),
}  # fmt: skip
NUMBERS = {
    "a page": (write("reports/company.html", page("$1,201")), "$1,201"),
    "a sign": (write("reports/company.html", page("-$1,200")), "-$1,200"),
    "an order": (write("commands/list.txt", "exit 0\n2 failed, 1 report\n"), "number 2: 1 -> 2"),
    "one number more": (write("commands/list.txt", "exit 0\n1 report, 2 failed of 3\n"), "3 numbers -> 4; new: 3"),
    "one number less": (write("commands/list.txt", "exit 0\n1 report, none failed\n"), "lost: 2"),
    "an exit": (write("commands/list.txt", "exit 1\n1 report, 2 failed\n"), "number 1: 0 -> 1"),
    "a bar": (write("reports/company.html", page(height="21")), "chart 1 is drawn in another way"),
    "a link": (write("reports/company.html", page().replace("ann.html", "bob.html")), "rep/bob.html"),
    "a lost finding": (rows("check/findings.jsonl", FINDING), "2 rows -> 1 rows; lost: {\"code\": \"bad-date\""),
    "a new finding": (
        rows("check/findings.jsonl", FINDING, OTHER, {**OTHER, "code": "no-date"}), "new: {\"code\": \"no-date\""),
    "a code": (rows("check/findings.jsonl", {**FINDING, "code": "ownerless"}, OTHER), "row 1, code"),
    "a place": (rows("check/findings.jsonl", {**FINDING, "row": 8}, OTHER), "row 1, row: 6 -> 8"),
    "a column": (rows("check/findings.jsonl", {**FINDING, "column": "owner"}, OTHER), "rep -> owner"),
    "a value": (rows("check/findings.jsonl", FINDING, {**OTHER, "value": "x"}), "2017-02-30 -> x"),
    "a severity": (rows("check/findings.jsonl", {**FINDING, "severity": "note"}, OTHER), "error -> note"),
    "an order of findings": (rows("check/findings.jsonl", OTHER, FINDING), "row 1, code"),
    "a number in a message": (
        rows("check/findings.jsonl", {**FINDING, "message": "1 deal has no owner."}, OTHER), "row 1, message"),
    "a cent": (
        rows("store/ledger_entries.jsonl", {"columns": list(LEDGER)}, {**LEDGER, "amount_minor": 5831}),
        "amount_minor: 5830 -> 5831"),
    "a lost row": (rows("store/ledger_entries.jsonl", {"columns": list(LEDGER)}), "lost: {\"seq\": 1"),
    "a signature": (
        rows("signatures/names.jsonl", {**NAME, "signature": "(units)"}), "(units, k=None) -> (units)"),
    "a lost name": (write("signatures/names.jsonl", ""), "lost: {\"name\": \"salesops_nb.territory:plan\""),
    "a last digit": (
        rows("results/summary.jsonl", {"moment": 12.500000000000002, "bound_is": "a cut", "sentence": "Of 3."}),
        "12.5 -> 12.500000000000002"),
    "a word that is a value": (
        rows("results/summary.jsonl", {"moment": 12.5, "bound_is": "none", "sentence": "Of 3."}), "a cut -> none"),
}  # fmt: skip


def test_identical_captures_pass(sides, capsys):
    assert conclude(*sides, GROUPS) == 0
    shown = capsys.readouterr().out
    assert "THE SAME: 7 files" in shown
    assert "run.json: key: 10, 10" in shown  # what was taken out is counted, on both sides


@pytest.mark.parametrize("case", WORDS_ONLY)
def test_a_changed_word_is_found_and_allowed_only_with_words(sides, capsys, case):
    change, file, shown = WORDS_ONLY[case]
    change(sides[1])
    assert conclude(*sides, GROUPS) == 1
    told = capsys.readouterr().out
    assert f"{file}: words differ, numbers equal" in told
    assert shown in told
    assert "NOT THE SAME: 1 words differ" in told
    assert conclude(*sides, GROUPS, words=True) == 0
    assert "in 1 of them words differ" in capsys.readouterr().out


@pytest.mark.parametrize("case", NUMBERS)
@pytest.mark.parametrize("words", [False, True])
def test_a_changed_number_code_place_or_value_is_found_and_named(sides, capsys, case, words):
    change, shown = NUMBERS[case]
    change(sides[1])
    assert conclude(*sides, GROUPS, words=words) == 1
    told = capsys.readouterr().out
    assert shown in told
    assert "NOT THE SAME: 1 numbers differ" in told


@pytest.mark.parametrize("words", [False, True])
def test_a_lost_and_a_new_report_are_named(sides, capsys, words):
    lost("reports/rep/ann.html")(sides[1])
    write("reports/rep/bob.html", page())(sides[1])
    assert conclude(*sides, GROUPS, words=words) == 1
    told = capsys.readouterr().out
    assert "reports/rep/ann.html: lost" in told
    assert "reports/rep/bob.html: new" in told


def test_only_the_groups_that_are_asked_for_are_compared(sides):
    write("reports/company.html", page("$1,201"))(sides[1])
    assert conclude(*sides, ("check", "store")) == 0
    assert conclude(*sides, ("reports",)) == 1


def test_nothing_compared_does_not_pass(tmp_path, capsys):
    for name in ("base", "work"):
        capture(tmp_path / name)
        shutil.rmtree(tmp_path / name / "check")
    assert conclude(tmp_path / "base", tmp_path / "work", ("check",)) == 1
    assert "NOTHING WAS COMPARED" in capsys.readouterr().out


def test_one_group_that_both_lost_does_not_pass(sides, capsys):
    for side in sides:
        shutil.rmtree(side / "check")
    assert conclude(*sides, GROUPS) == 1
    assert "NOTHING WAS COMPARED of: check" in capsys.readouterr().out


def test_a_rule_that_took_more_out_on_one_side_is_pointed_at(sides, capsys):
    (sides[1] / "reports.done.json").write_text(json.dumps({"normalised": {"run.json: key": 1}}))
    conclude(*sides, GROUPS)
    assert "10, 9" in (told := capsys.readouterr().out)
    assert "not as often" in told


def excel(path: Path, value: object, format_: str = "0.00", title: str = "Pay") -> Path:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = title
    sheet["A1"], sheet["B1"] = "Ann", value
    sheet["B1"].number_format = format_
    book.save(path)
    return path


@pytest.mark.parametrize(
    ("change", "shown"),
    [({"value": 2.5}, "Pay!B1 n 2.5"), ({"format_": "0.0"}, "0.0"), ({"title": "Paid"}, "sheet Paid")],
)
def test_excel_differs_by_cell_format_and_sheet(tmp_path, change, shown):
    one = list(xlsx_lines(excel(tmp_path / "a.xlsx", 1.5)))
    other = list(xlsx_lines(excel(tmp_path / "b.xlsx", **{"value": 1.5, **change})))
    assert any(shown in line for line in set(other) - set(one))


def test_store_rows_come_sorted_with_their_columns(tmp_path):
    import sqlite3

    path = tmp_path / "store.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE t (a, b)")
        connection.executemany("INSERT INTO t VALUES (?, ?)", [(2, "x"), (1, "y")])
    connection.close()
    columns = {"columns": ["a", "b"]}
    assert list(store_tables(path)) == [("t", [columns, {"a": 1, "b": "y"}, {"a": 2, "b": "x"}])]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("$1,200.50 of 2017-Q4, 5%", ["1,200.50", "2017", "4", "5"]),
        ("−$22,542 and +€5 and -USD 7", ["−22,542", "+5", "-7"]),
        ("−3 and 1-2 and Q4", ["−3", "1", "2", "4"]),
        ("1.234,50 RON, 12\u00a0500, 3.", ["1.234,50", "12\u00a0500", "3"]),
        ("ledger 1924:dac7807ce19d9ea9308", ["1924"]),
        ("2018-01-15", ["2018", "01", "15"]),
    ],
)
def test_numbers_are_read_as_printed_and_hashes_are_not(text, found):
    assert numbers([text]) == found


def test_a_page_is_read_without_style_and_drawing():
    read = Page(page())
    assert numbers(read.pieces) == ["1,200", "2017", "4", "1,200"]
    assert read.links == ["rep/ann.html"]


def test_every_normalisation_is_listed_and_counted(tmp_path):
    path = tmp_path / "run.json"
    outputs = {"ipynb": {"sha256": "ab", "path": "a.ipynb"}, "html": {"sha256": "cd"}}
    job = {"seconds": {"total": 1.5}, "peak_mib": 9.0, "key": "k", "outputs": outputs, "tries": 1}
    path.write_text(json.dumps({"jobs": [job]}))
    done = Normalised()
    kept = json.loads(done.run_json(path))["jobs"][0]
    assert kept["tries"] == 1
    assert kept["outputs"]["html"] == {"sha256": "cd"}
    assert "(normalised)" in done.listed("company  2017-Q4  ok   10.4  company.html")
    assert dict(done.counts) == {
        **{f"run.json: {name}": 1 for name in ("seconds", "peak_mib", "key", "ipynb")},
        "list: seconds": 1,
    }
    assert set(done.counts) <= set(RULES)


def git(folder: Path, *words: str) -> None:
    who = ["-c", "user.name=T", "-c", "user.email=t@example.com"]
    subprocess.run(["git", *who, *words], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Place]:
    """A repository with a package that knows its side, one commit and a change since."""
    package = tmp_path / "salesops_nb"
    package.mkdir()
    (package / "__init__.py").write_text("side = 'base'\n")
    (tmp_path / ".gitignore").write_text("build/\n__pycache__/\n*.sqlite\n")
    (tmp_path / "gone.txt").write_text("gone\n")
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-qm", "one")
    (package / "__init__.py").write_text("side = 'work'\n")
    (package / "more.py").write_text("")
    (tmp_path / "store.sqlite").write_text("a store of the day's work")
    (tmp_path / "gone.txt").unlink()
    place = Place(tmp_path)
    yield place
    shutil.rmtree(place.running, ignore_errors=True)


SAYS = """
import datetime, subprocess, sys
import salesops_nb
print(salesops_nb.side, datetime.datetime.now(datetime.UTC).isoformat())
if len(sys.argv) == 1:
    print(subprocess.run([sys.executable, "-P", "-c", open(__file__).read().replace("__file__", "'x'"), "child"],
                         capture_output=True, text=True).stdout)
"""


def test_each_side_and_its_children_run_their_own_package_at_the_fixed_time(project, tmp_path):
    script = tmp_path / "says.py"
    script.write_text(SAYS)
    for commit, side in ((base_commit(project.root, "HEAD"), "base"), (None, "work")):
        lay_out(project, commit)
        done = subprocess.run(
            [sys.executable, "-P", script],
            env=project.environment(),
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout.split() == [side, "2018-01-15T09:00:00+00:00"] * 2
        assert check_origins(project) == 2
        assert (project.tree / "salesops_nb" / "more.py").exists() == (side == "work")
        assert (project.tree / "gone.txt").exists() == (side == "base")
        assert not (project.tree / "store.sqlite").exists()
        assert project.root not in project.tree.parents  # where a workbook is looked for


def test_a_package_from_elsewhere_is_refused(project):
    lay_out(project, None)
    with pytest.raises(GoldenError, match="No process"):
        check_origins(project)
    project.origins.write_text("/usr/lib/salesops_nb/__init__.py\n")
    with pytest.raises(GoldenError, match="A process ran the package of /usr/lib/salesops_nb"):
        check_origins(project)


def test_a_second_comparison_at_once_is_refused(project):
    with alone(project), pytest.raises(GoldenError, match="Another"), alone(project):
        pass
    with alone(project):
        pass


def test_two_sides_that_fail_alike_are_not_compared(project, tmp_path):
    capture_ = Capture(project, tmp_path / "out", tmp_path / "inputs", print)
    with pytest.raises(GoldenError, match=r"cannot be captured:\n\$ salesops run reports.yml"):
        capture_.make(None, ["reports"])
    assert not (tmp_path / "out" / "reports.done.json").exists()


def test_a_base_that_is_not_there_is_told(project):
    with pytest.raises(GoldenError, match="no-such-commit"):
        base_commit(project.root, "no-such-commit")
    git(project.root, "branch", "-M", "main")
    git(project.root, "update-ref", "refs/remotes/origin/main", "HEAD")
    git(project.root, "commit", "-qam", "two")
    assert base_commit(project.root) == base_commit(project.root, "HEAD~1")


def test_names_tell_signature_kind_and_what_is_lost():
    told = {row["name"]: row for name in inside_names.NAMED for row in inside_names.names_of(name)}
    assert told["salesops_nb.territory:plan"]["signature"].startswith(
        "(units: 'Any', edges: 'Any' = None, k:"
    )
    assert told["salesops_nb:open_workbook"]["doc"].startswith("The workbook at `path`")
    assert told["salesops_nb.errors:Problem.place"]["kind"] == "property"
    assert [row["kind"] for row in inside_names.names_of("salesops_nb:none_such")] == ["missing"]


def test_a_long_table_in_which_every_row_differs_is_compared_at_once(sides, capsys):
    for at, side in enumerate(sides):
        write_lines(side / "store" / "long.jsonl", [{"seq": row, "value": row + at} for row in range(50_000)])
    assert conclude(*sides, GROUPS) == 1
    assert "store/long.jsonl: numbers differ\n    row 1, value: 0 -> 1" in capsys.readouterr().out


def test_words_of_json_are_compared_by_their_numbers(tmp_path):
    for name, words in (("base", "3 of 4"), ("work", "3 from 4")):
        write_lines(tmp_path / name / "results" / "a.jsonl", [{"sentence": words}])
    assert [each.verdict for each in compare(tmp_path / "base", tmp_path / "work").found] == ["words"]
