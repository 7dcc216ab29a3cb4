"""`salesops check` reads everything that a run reads: a broken file of any kind makes it fail by name."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from mailing import go
from small_workbook import write_notebook

from salesops_nb.batch.lists import report_lists
from salesops_nb.cli import main
from salesops_nb.errors import SalesopsError

pytestmark = pytest.mark.slow

PLAN = """\
plan: {id: ae, version: 1, from: 2017-01-01, to: 2017-12-31, currency: USD, period: quarter}
credit: {event: booked, where: "stage == 'Won'", splits: {apply_to: credit}}
components:
  - {id: base, rate_pct: 5}
"""
REPORTS = """\
period: last-complete-quarter
reports:
  - {name: hello, notebook: notebooks/hello.ipynb, formats: [html]}
  - name: each
    notebook: notebooks/hello.ipynb
    for_each: rep
    parameters: {n: 2}
    audience: {to: ["{email}"]}
mail: {server: localhost, from: reports@example.com}
"""
CALENDAR = """\
pay_calendar:
  period: quarter
  cut_off: {business_days: 5}
  pay: {day: 25, months: 1}
"""
WEEKLY = "reports: [{name: each, notebook: notebooks/hello.ipynb, for_each: rep}]\n"
SAYS = "period = ''\nwho = ''\nn = 1"
BROKEN = "plan: [\n"


@pytest.fixture
def whole(folder: Path) -> Path:
    """A workbook with a file of every kind that a run reads."""
    settings = folder / "workbook.yml"
    settings.write_text(settings.read_text() + "strategy: strategy.yml\n")
    (folder / "plans").mkdir()
    (folder / "templates" / "report").mkdir(parents=True)
    package = Path(__file__).parents[2] / "templates" / "report"
    for file in package.iterdir():
        (folder / "templates" / "report" / file.name).write_bytes(file.read_bytes())
    for name, text in {
        "plans/ae.yml": PLAN,
        "reports.yml": REPORTS,
        "pay_calendar.yml": CALENDAR,
        "strategy.yml": "mission: Sell\n",
    }.items():
        (folder / name).write_text(text)
    return folder


def checked(folder: Path) -> tuple[int, str]:
    result = CliRunner().invoke(main, ["check", str(folder)])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.output


def test_a_whole_workbook_has_no_error(whole: Path) -> None:
    code, output = checked(whole)
    assert code == 0, output
    # Dora has no address: her letter stays behind, which is no error
    assert "warning: reports.yml, line 8, field audience: Report 'each': '' is no mail address" in output


# the file, what is written in place of what (all of it where that is empty), and what is said with its place
CASES: list[tuple[str, str, str, str]] = [
    ("workbook.yml", "", "company: [\n", "workbook.yml, line 2: The file is not valid YAML"),
    ("workbook.yml", "locale:", "lokale:", "workbook.yml, line 3, field lokale: The key 'lokale'"),
    ("workbook.yml", "locale: en_US", "locale: xx_YY", "workbook.yml, line 3, field locale"),
    ("workbook.yml", "sqlite:///", "mysql://", "'store' in workbook.yml is 'mysql://"),
    ("workbook.yml", "sqlite:///store.sqlite", "postgresql://u:p@127.0.0.1:1/b",
     "The store at postgresql://u:***@127.0.0.1:1/b cannot be opened: the server does not answer (Conn"),
    ("weekly.yml", "", "reports: [\n", "weekly.yml, line 2: The file is not valid YAML"),
    ("weekly.yaml", "", WEEKLY.replace("rep}", "regoin}"), "weekly.yaml, line 1, field reports.0.for_each.0"),
    ("weekly.yml", "", WEEKLY.replace("hello", "halo"), "weekly.yml, line 1, field notebook: Report 'each'"),
    ("weekly.yml", "", WEEKLY.replace("rep}", "territory}"), "weekly.yml, line 1, field for_each: Report"),
    ("lists/w.yml", "", "reports: [\n", "lists/w.yml, line 2: The file is not valid YAML"),
    ("lists/a/w.yaml", "", WEEKLY.replace("rep}", "regoin}"), "lists/a/w.yaml, line 1, field reports.0"),
    ("lists/w.yml", "", WEEKLY.replace("hello", "halo"), "lists/w.yml, line 1, field notebook"),
    ("lists/reports.yml", "", WEEKLY.replace("rep}", "territory}"), "lists/reports.yml, line 1"),
    ("lists/w.yml", "", WEEKLY + "mail: {ca_file: none.pem, from: r@example.com}\n",
     "lists/w.yml, line 2, field mail.ca_file: 'ca_file' names none.pem, and it is not there"),
    ("workbook.yml", "sqlite:///", "sqlite:///nowhere/", "the folder nowhere is not there"),
    ("workbook.yml", "strategy.yml", "strategie.yml", "strategie.yml is not there"),
    ("mapping.yml", "", "tables: {\n", "mapping.yml, line 2: The file is not valid YAML"),
    ("mapping.yml", "stages:", "stagse:", "mapping.yml, line 5, field tables.deals.stagse"),
    ("mapping.yml", "file: deals.csv", "file: deal.csv", "deal.csv: The file data/deal.csv is not there"),
    ("mapping.yml", "stages:", "where: stag = 1\n    stages:", "line 5, field tables.deals.where"),
    ("mapping.yml", "stages:", "where: COPY x\n    stages:", "mapping.yml, line 5, field tables.deals.where"),
    ("data/deals.csv", "amount,created_on", "amont,created", "deals.csv, column created_on"),
    ("data/deals.csv", "Won,won,100.10", "Won,won,much", "deals.csv, row 2, column amount"),
    ("data/people.csv", "", "", "people.csv"),
    ("strategy.yml", "", "mission: [\n", "strategy.yml, line 2: The file is not valid YAML"),
    ("plans/ae.yml", "", BROKEN, "ae.yml, line 2: The file is not valid YAML"),
    ("plans/ae.yml", "components:", "component:", "ae.yml, line 3, field component"),
    ("plans/ae.yml", "rate_pct: 5", "rate_pct: five", "ae.yml, line 4, field components[0].rate_pct"),
    ("plans/ae.yml", "stage ==", "stage >>", "ae.yml, line 2, field credit.where"),
    ("plans/ae.yml", "stage ==", "stag ==", "ae.yml, line 2, field credit.where: The condition"),
    ("plans/ae.yml", "USD", "XQZ", "ae.yml, line 1, field plan.currency"),
    ("plans/again.yml", "", PLAN, "again.yml, field plan.from: ae version 1"),
    ("pay_calendar.yml", "", "pay_calendar: [\n", "pay_calendar.yml, line 2: The file is not valid YAML"),
    ("pay_calendar.yml", "business_days: 5}", "business_days: 5}\n  holidays: [2017-04-31]",
     "There is no day 2017-04-31"),
    ("plans/ae.yml", "2017-12-31", "2017-02-30", "ae.yml, line 1: There is no day 2017-02-30"),
    ("workbook.yml", "locale:", "data_through: 2017-13-01\nlocale:", "workbook.yml, line 3: There is no day"),
    ("reports.yml", "{n: 2}", "{n: 2017-06-31}", "reports.yml, line 7: There is no day 2017-06-31"),
    ("mapping.yml", "stages:", "constants: {region: 2017-00-10}\n    stages:", "line 5: There is no day"),
    ("strategy.yml", "mission:", "since: 2017-02-29\nmission:", "strategy.yml, line 1: There is no day"),
    ("pay_calendar.yml", "business_days: 5", "business_day: 5", "pay_calendar.yml, line 3"),
    ("reports.yml", "", "reports: [\n", "reports.yml, line 2: The file is not valid YAML"),
    ("reports.yml", "for_each", "foreach", "reports.yml, line 6, field reports.1.foreach"),
    ("reports.yml", "for_each: rep", "for_each: territory", "reports.yml, line 6, field for_each"),
    ("reports.yml", "hello.ipynb\n", "halo.ipynb\n", "reports.yml, line 5, field notebook"),
    ("reports.yml", "{n: 2}", "{m: 2}", "reports.yml, line 7, field parameters.m: Report 'each'"),
    ("reports.yml", "last-complete-quarter", "last-quarters", "last-quarters"),
    ("reports.yml", "for_each: rep", "for_each: rep\n    where: {regoin: East}", "the column 'regoin'"),
    ("reports.yml", "for_each: rep", "for_each: rep\n    title: '{nane}'", "{nane} in '{nane}' names"),
    ("reports.yml", "[html]", "[docx]", "reports.yml, line 3"),
    ("reports.yml", "mail: {", "mail: {ca_file: none.pem, ",
     "reports.yml, line 9, field mail.ca_file: 'ca_file' names none.pem, and it is not there"),
    ("reports.yml", "mail: {", "mail: {ca_file: workbook.yml, ", "workbook.yml, and it holds no certificate"),
    ("reports.yml", "mail:", "male:", "reports.yml, line 9, field male"),
    ("notebooks/hello.ipynb", "", '{"cells": [', "hello.ipynb"),
    ("notebooks/hello.ipynb", "", "{}", "hello.ipynb: hello.ipynb is not a notebook"),
    ("notebooks/hello.ipynb", "", "[]", "hello.ipynb: hello.ipynb is not a notebook"),
    ("notebooks/hello.ipynb", '"parameters"', '"parameter"', "hello.ipynb has no cell tagged 'parameters'"),
    ("notebooks/hello.ipynb", "n = 1", "n = (1", "hello.ipynb: The cell tagged 'parameters' cannot be read"),
    ("notebooks/other.ipynb", "", "no notebook", "other.ipynb, row 1: other.ipynb is not a notebook"),
    ("templates/report/parts.html.j2", "", "{% if %}", "templates/report/parts.html.j2, row 1: The template"),
    ("templates/report/index.html.j2", "", "{{ a", "report/index.html.j2, row 1: The template"),
    ("templates/report/conf.json", "", "{", "templates/report/conf.json, row 1: The template"),
    ("store.sqlite", "", "no database at all, but a long enough text to be taken for one" * 9, "store"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "old", "new", "says"), CASES, ids=lambda text: text[:30])
def test_a_broken_file_of_any_kind_fails_by_name(
    name: str, old: str, new: str, says: str, whole: Path
) -> None:
    path = whole / name
    before = path.read_text() if path.exists() else ""
    assert old in before
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(before.replace(old, new, 1) if old else new)
    code, output = checked(whole)
    assert code == 1, output
    assert any(line.startswith("error") and says in line for line in output.splitlines()), output
    assert output.rstrip().endswith(("error.", "errors.", "warnings.", "warning.")), output


def test_all_faults_of_a_plan_and_of_all_other_files_at_once(whole: Path) -> None:
    (whole / "plans" / "ae.yml").write_text(
        PLAN.replace("rate_pct: 5", "rate_pct: five, colour: red").replace("quarter", "fortnight")
    )
    (whole / "plans" / "b.yml").write_text(BROKEN)
    (whole / "pay_calendar.yml").write_text("pay_calendar: {period: week}\n")
    (whole / "mapping.yml").write_text("tables: [\n")
    code, output = checked(whole)
    assert code == 1
    for place in (
        "ae.yml, line 1, field plan.period",
        "ae.yml, line 4, field components[0].rate_pct",
        "ae.yml, line 4, field components[0].colour",
        "b.yml, line 2",
        "pay_calendar.yml, line 1",
        "mapping.yml, line 2",
    ):
        assert f"error: {place}" in output, output


def test_check_makes_and_writes_no_store(whole: Path) -> None:
    assert checked(whole)[0] == 0
    assert not list(whole.glob("store.sqlite*"))


def test_a_plan_that_a_report_names_must_be_there(whole: Path) -> None:
    write_notebook(whole / "notebooks" / "pay.ipynb", "plans = ''", "print(plans)")
    more = "  - {name: pay, notebook: notebooks/pay.ipynb, parameters: {plans: 'ae, ea'}}\nmail:"
    reports = whole / "reports.yml"
    reports.write_text(REPORTS.replace("mail:", more))
    code, output = checked(whole)
    assert code == 1
    assert "error: reports.yml, line 9, field parameters.plans: There is no plan 'ea'" in output


def test_a_workbook_without_reports_is_only_told(folder: Path) -> None:
    code, output = checked(folder)
    assert code == 0, output
    assert "note: reports.yml: There is no reports.yml" in output


def opened(folder: Path, command: list[str], tmp: Path) -> set[str]:
    """The files of the workbook's folder that a command opens, in all of its processes."""
    place, trace = tmp / f"site-{command[0]}", tmp / f"trace-{command[0]}"
    place.mkdir()
    # every open of every process is written to one file, as it happens
    (place / "sitecustomize.py").write_text(
        "import os, sys\n"
        f"out = os.open({str(trace)!r}, os.O_WRONLY | os.O_APPEND | os.O_CREAT)\n"
        "def hook(event, arguments):\n"
        "    known = event in ('open', 'sqlite3.connect')\n"
        "    if known and isinstance(arguments[0], (str, bytes, os.PathLike)):\n"
        "        name = os.fsdecode(arguments[0]).removeprefix('file://').partition('?')[0]\n"
        "        os.write(out, (os.path.abspath(name) + '\\n').encode())\n"
        "sys.addaudithook(hook)\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(place), "COLUMNS": "200"}
    done = subprocess.run(
        [sys.executable, "-c", "from salesops_nb.cli import main; main()", *command],
        cwd=folder, env=environment, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    names = {Path(line) for line in trace.read_text().splitlines()}
    return {path.relative_to(folder).as_posix() for path in names if path.is_relative_to(folder)}


def test_check_opens_every_file_that_a_run_opens(
    whole: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    notebook = write_notebook(
        whole / "notebooks" / "hello.ipynb",
        'workbook = "."\nperiod = "2017-Q4"\nwho = ""\nn = 1',
        "from salesops_nb import open_workbook\nfrom salesops_nb.strategy import load\n"
        "from salesops_nb.notebook.commission_calculation.period_book import Book, chosen_plans\n"
        "wb = open_workbook(workbook)\nload(wb.folder, wb.settings), chosen_plans(wb.folder)\n"
        "wb.store.connect().close()\n"
        "Book(wb, period, ()).pay_calendar",
    )
    assert json.loads(notebook.read_text())["cells"]
    there = {path.relative_to(whole).as_posix() for path in whole.rglob("*") if path.is_file()}
    tmp = tmp_path_factory.mktemp("trace")
    check = opened(whole, ["check"], tmp)
    run = opened(whole, ["run"], tmp)
    inputs = run & there
    assert inputs >= {
        "workbook.yml", "mapping.yml", "strategy.yml", "reports.yml", "pay_calendar.yml", "plans/ae.yml",
        "data/deals.csv", "data/people.csv", "notebooks/hello.ipynb", "templates/report/index.html.j2",
    }  # fmt: skip
    assert inputs - check == set()


def test_lists_in_folders_are_found_but_not_those_of_runs_and_other_workbooks(folder: Path) -> None:
    for name in ("reports.yml", "b.yml", "lists/a.yml", "lists/deep/reports.yaml", "z/no_list.yml"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("other: 1\n" if "no_list" in name else WEEKLY)
    for name in (".venv/x.yml", "out/0001/x.yml", "other/x.yml", "node_modules/x.yml", "a/__pycache__/x.yml"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(WEEKLY)
    (folder / "out" / "0001" / "run.json").write_text("{}")
    (folder / "lists" / "gone.yml").symlink_to("nowhere.yml")
    (folder / "lists" / "folder.yml").mkdir()
    (folder / "other" / "workbook.yml").write_text("company: Other\n")
    found = [path.relative_to(folder).as_posix() for path in report_lists(folder)]
    assert found == ["reports.yml", "b.yml", "lists/a.yml", "lists/deep/reports.yaml"]


def test_a_list_in_a_folder_is_checked_as_it_is_run(folder: Path) -> None:
    (folder / "lists").mkdir()
    (folder / "lists" / "w.yml").write_text(f"period: 2017-Q4\n{WEEKLY}")
    code, output = checked(folder)
    assert code == 0, output
    code, output = go(folder / "lists" / "w.yml", dry_run=True)
    assert code == 0, output


@pytest.mark.parametrize("theirs_in", ["weekly", "lists/weekly"])
@pytest.mark.parametrize(
    ("mine", "theirs", "both"),
    [
        ("for_each: rep, to: shared", "for_each: rep, to: shared", True),
        ("for_each: rep, to: shared", "for_each: rep, to: './shared/x/..'", True),
        ("for_each: rep, to: 'shared/{period}'", "for_each: rep, to: shared/2017-Q4", True),
        ("to: shared", "to: shared", True),
        ("for_each: rep, to: shared", "for_each: rep, to: other", False),
        ("to: 'shared/{period}'", "to: 'shared/{period}', period: 2017-Q3", False),
        ("for_each: rep, to: x, where: {region: East}", "for_each: rep, to: x, where: {region: West}", False),
        ("for_each: rep, to: shared, formats: [html]", "for_each: rep, to: shared, formats: [xlsx]", False),
        ("for_each: rep, to: shared", "for_each: rep", False),
    ],
)  # fmt: skip
def test_two_lists_that_copy_to_one_file_are_refused_by_check_and_run(
    folder: Path, mine: str, theirs: str, both: bool, theirs_in: str
) -> None:
    (folder / "lists").mkdir()
    for name, report, more in (("reports", "each", mine), (theirs_in, "Each", theirs)):
        (folder / f"{name}.yml").write_text(
            f"period: 2017-Q4\nreports:\n  - {{name: {report}, notebook: notebooks/hello.ipynb, {more}}}\n"
        )
    words = "Report 'Each' and report 'each' of reports.yml are both copied to "
    code, output = checked(folder)
    assert (code, f"error: {theirs_in}.yml, line 3, field to: {words}" in output) == (int(both), both), output
    for name, other in ((theirs_in, "reports"), ("reports", theirs_in)):
        if both:
            with pytest.raises(SalesopsError, match=rf"{name}.yml, field to: .* of {other}.yml are both"):
                go(folder / f"{name}.yml", dry_run=True)
        else:
            assert go(folder / f"{name}.yml", dry_run=True)[0] == 0
