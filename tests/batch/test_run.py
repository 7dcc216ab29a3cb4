"""Whole runs: what is made, skipped, resumed, isolated; what a failure leaves."""

from __future__ import annotations

import io
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from small_workbook import write_notebook

from salesops_nb.batch.command import Asked, run_reports
from salesops_nb.batch.jobs.paths import path_of
from salesops_nb.batch.listing import list_runs
from salesops_nb.batch.runs.folder import RunFolder, runs
from salesops_nb.errors import SalesopsError

pytestmark = pytest.mark.slow

P1, P2, P4 = path_of("p1", "Ana Pop"), path_of("p2", "Ben Fox"), path_of("p4", "Dora Hill")
HEAD = "period: 2017-Q4\nfolder: out\njobs: 2\n"
HELLO = "  - {name: hello, notebook: notebooks/hello.ipynb, for_each: rep}\n"


def go(folder: Path, reports: str, **asked: Any) -> tuple[int, str, dict[str, Any]]:
    """Exit code, what was printed, run.json of the newest run."""
    (folder / "reports.yml").write_text(HEAD + reports)
    said = io.StringIO()
    console = Console(file=said, width=300, highlight=False)
    code = run_reports(Asked(folder / "reports.yml", **asked), console)
    newest = next(runs(folder / "out"), None)
    return code, said.getvalue(), newest.told() if newest else {}


def by_id(told: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {record["id"]: record for record in told["jobs"]}


def test_a_run_its_record_and_the_next_one_skips(folder: Path) -> None:
    code, said, told = go(folder, "reports:\n" + HELLO)
    assert code == 0
    assert "3 made, 0 skipped (unchanged), 0 failed" in said
    assert told["status"] == "complete"
    assert told["counts"] == {"ok": 3, "skipped": 0, "failed": 0, "not possible": 0}
    record = by_id(told)[f"hello/{P1}"]
    assert record["parameters"] == {"period": "2017-Q4", "who": "p1"}
    assert record["forked"] is True
    assert set(record["seconds"]) == {"execute", "cells", "export", "total"}
    assert told["fingerprint"]
    assert told["versions"]["salesops_nb"]
    page = folder / "out" / "0001" / record["outputs"]["html"]["path"]
    assert "hello p1 2017-Q4 1" in page.read_text()
    assert not (folder / "out" / "0001" / "INCOMPLETE").exists()
    assert (folder / "out" / "index.html").exists()

    code, said, told = go(folder, "reports:\n" + HELLO)
    assert "0 made, 3 skipped (unchanged), 0 failed" in said
    assert by_id(told)[f"hello/{P1}"]["reason"] == "unchanged since run 0001"
    assert (folder / "out" / "0002" / record["outputs"]["html"]["path"]).read_text() == page.read_text()

    (folder / "data" / "deals.csv").write_text(
        (folder / "data" / "deals.csv").read_text().replace("100.10", "100.20")
    )
    _, said, _ = go(folder, "reports:\n" + HELLO)
    assert "3 made" in said
    _, said, _ = go(folder, "reports:\n" + HELLO, force=True)
    assert "3 made" in said


@pytest.mark.parametrize(
    "changed", ["notebook", "plan", "locale", "period", "template", "store", "parameters"]
)
def test_what_makes_a_job_new(folder: Path, changed: str) -> None:
    from salesops_nb.batch.jobs.jobs import expand
    from salesops_nb.batch.jobs.reports import load_reports
    from salesops_nb.batch.runs.keys import Keys
    from salesops_nb.source.opened import open_workbook

    def key() -> str:
        workbook = open_workbook(folder)
        job = expand(load_reports(folder / "reports.yml"), workbook)[0]
        found = Keys(workbook).key(job)
        workbook.store.dispose()
        return found

    text = HEAD + "reports:\n" + HELLO
    (folder / "reports.yml").write_text(text)
    before = key()
    assert key() == before
    if changed == "notebook":
        write_notebook(folder / "notebooks" / "hello.ipynb", "period = ''\nwho = ''", "print('other')")
    elif changed == "plan":
        (folder / "plans").mkdir()
        (folder / "plans" / "reps.yml").write_text("name: reps\n")
    elif changed == "locale":
        settings = folder / "workbook.yml"
        settings.write_text(settings.read_text().replace("en_US", "ro_RO"))
    elif changed == "period":
        (folder / "reports.yml").write_text(text.replace("2017-Q4", "2017-Q3"))
    elif changed == "template":
        (folder / "templates").mkdir()
        (folder / "templates" / "report.css").write_text("p {}")
    elif changed == "store":
        import sqlite3

        with sqlite3.connect(folder / "store.sqlite") as connection:
            connection.execute("CREATE TABLE facts (a int)")
            connection.execute("INSERT INTO facts VALUES (1)")
        connection.close()
    else:
        (folder / "reports.yml").write_text(
            text.replace("for_each: rep", "for_each: rep, parameters: {n: 2}")
        )
    assert key() != before


@pytest.mark.parametrize(
    "file",
    [
        "core/columns.toml",
        "core/money.py",
        "present/locale/ro.po",
        "present/panel/panel.css",
        "source/schema/crm/hubspot.yml",
    ],
)
def test_every_file_of_the_package_makes_a_job_new(
    root: Path, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str
) -> None:
    from salesops_nb.batch.jobs.jobs import expand
    from salesops_nb.batch.jobs.reports import load_reports
    from salesops_nb.batch.runs import keys
    from salesops_nb.core.fingerprint import tree
    from salesops_nb.source.opened import open_workbook

    package = tmp_path / "package"
    shutil.copytree(root / "salesops_nb", package, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(keys, "code", lambda: tree(package))
    (folder / "reports.yml").write_text(HEAD + "reports:\n" + HELLO)
    workbook = open_workbook(folder)
    job = expand(load_reports(folder / "reports.yml"), workbook)[0]
    before = keys.Keys(workbook).key(job)
    assert keys.Keys(workbook).key(job) == before
    with (package / file).open("a") as changed:
        changed.write("\n")
    assert keys.Keys(workbook).key(job) != before
    workbook.store.dispose()


def test_one_failure_leaves_the_others_whole(folder: Path) -> None:
    write_notebook(
        folder / "notebooks" / "bad.ipynb",
        "who = ''",
        "from salesops_nb.errors import SalesopsError\n"
        "if who == 'p2':\n    raise SalesopsError('No quota for p2.', 'Add it to targets.')",
    )
    code, said, told = go(folder, "reports:\n" + HELLO + HELLO.replace("hello", "bad"))
    jobs = by_id(told)
    assert code == 1
    assert [i for i, record in jobs.items() if record["status"] == "failed"] == [f"bad/{P2}"]
    assert "No quota for p2. Add it to targets." in said
    assert jobs[f"bad/{P2}"]["error"]["message"] == "No quota for p2. Add it to targets."
    assert jobs[f"bad/{P2}"]["error"]["cell"] == 3  # papermill puts a cell of parameters before it
    page = (folder / "out" / "0001" / jobs[f"bad/{P2}"]["outputs"]["error"]["path"]).read_text()
    assert "No quota for p2. Add it to targets." in page
    assert "<details" in page
    index = (folder / "out" / "0001" / "index.html").read_text()
    assert f"{P2}.error.html" in index
    assert told["status"] == "complete"


def test_what_ends_a_process_is_that_jobs_failure_only(folder: Path) -> None:
    cells = {
        "exit": "import sys; sys.exit(0)",
        "code": "import os; os._exit(3)",
        "crash": "import ctypes; ctypes.string_at(0)",
        "late": "import time; time.sleep(60)",
        "memory": "x = b'1' * (3 << 30)",
        "killed": "import os, signal; os.kill(os.getpid(), signal.SIGKILL)",
    }
    lines = ""
    for name, source in cells.items():
        write_notebook(folder / "notebooks" / f"{name}.ipynb", "n = 1", source)
        more = {"late": ", timeout: 3s", "memory": ", memory: 1GB"}.get(name, "")
        lines += f"  - {{name: {name}, notebook: notebooks/{name}.ipynb{more}}}\n"
    code, _, told = go(folder, "reports:\n" + lines + HELLO)
    jobs = by_id(told)
    assert code == 1
    assert {i for i, record in jobs.items() if record["status"] == "ok"} == {
        f"hello/{P1}",
        f"hello/{P2}",
        f"hello/{P4}",
    }
    messages = {name: jobs[name]["error"]["message"] for name in cells}
    assert "stopped itself with exit(0)" in messages["exit"]
    assert "exit code 3" in messages["code"]
    assert "segmentation fault" in messages["crash"]
    assert "longer than 3 seconds" in messages["late"]
    assert "MemoryError" in messages["memory"]
    assert "SIGKILL" in messages["killed"]
    assert jobs["crash"]["forked"] is False  # tried again in a fresh process


def test_retries(folder: Path) -> None:
    write_notebook(
        folder / "notebooks" / "flaky.ipynb",
        "n = 1",
        "from pathlib import Path\nmark = Path('tried')\nseen = mark.exists()\nmark.touch()\nassert seen",
    )
    report = "  - {name: flaky, notebook: notebooks/flaky.ipynb, retries: %d}\n"
    code, _, told = go(folder, "reports:\n" + report % 0)
    assert code == 1
    (folder / "notebooks" / "tried").unlink()
    code, _, told = go(folder, "reports:\n" + report % 1)
    assert code == 0
    assert told["jobs"][0]["tries"] == 2


def test_no_job_sees_anything_of_another(folder: Path) -> None:
    write_notebook(
        folder / "notebooks" / "touch.ipynb",
        "who = ''",
        "import json, os, random, sys, tempfile, warnings\nimport numpy as np\n"
        "import matplotlib, matplotlib.pyplot as plt\n"
        "seen = [name for name in ('leak', 'left') if name in globals()]\n"
        "state = dict(variables=seen, size=matplotlib.rcParams['font.size'], filters=len(warnings.filters),\n"
        "    env=os.environ.get('LEAK'), cwd=os.getcwd(), module='leaked' in sys.modules,\n"
        "    path='/leak' in sys.path, figures=plt.get_fignums(), pid=os.getpid(), group=os.getpgid(0),\n"
        "    temp=tempfile.gettempdir(), random=random.random(), numpy=float(np.random.random()))\n"
        "print('STATE' + json.dumps(state))",
        "leak = left = 1\nmatplotlib.rcParams['font.size'] = 77\nwarnings.simplefilter('error')\n"
        "os.environ['LEAK'] = 'yes'\nos.chdir('/')\nsys.modules['leaked'] = sys\nsys.path.append('/leak')\n"
        "plt.figure()\nrandom.seed(1)\nnp.random.seed(1)\nopen(tempfile.gettempdir() + '/left', 'w').close()",
    )
    _, _, told = go(folder, "reports:\n  - {name: touch, notebook: notebooks/touch.ipynb, for_each: rep}\n")
    states = []
    for record in told["jobs"]:
        text = (folder / "out" / "0001" / record["outputs"]["ipynb"]["path"]).read_text()
        line = next(t for t in json.loads(text)["cells"] if any("STATE" in s for s in _texts(t)))
        states.append(json.loads(next(s for s in _texts(line) if "STATE" in s).removeprefix("STATE")))
    assert len(states) == 3
    for state in states:
        assert (state["variables"], state["size"], state["env"]) == ([], 10.0, None)
        assert (state["module"], state["path"], state["figures"]) == (False, False, [])
        assert state["cwd"] == str(folder / "notebooks")
        assert not Path(state["temp"]).exists()  # its own, and gone with it
    for name in ("pid", "group", "temp", "random", "numpy"):
        assert len({state[name] for state in states}) == 3
    assert len({state["filters"] for state in states}) == 1


def _texts(cell: dict[str, Any]) -> list[str]:
    return ["".join(output.get("text", "")) for output in cell.get("outputs", [])]


def test_a_run_that_was_cut_short_is_marked_and_resumed(folder: Path) -> None:
    write_notebook(
        folder / "notebooks" / "slow.ipynb",
        "who = ''",
        "import time\nfrom pathlib import Path\ntime.sleep(0 if who == 'p1' or Path('go').exists() else 60)",
    )
    text = "reports:\n  - {name: slow, notebook: notebooks/slow.ipynb, for_each: rep}\n"
    (folder / "reports.yml").write_text(HEAD + text)
    process = subprocess.Popen(
        [sys.executable, "-c", "from salesops_nb.cli import main; main()", "run", "reports.yml"],
        cwd=folder,
        stdout=subprocess.PIPE,
        text=True,
    )
    first = folder / "out" / "0001"
    deadline = time.monotonic() + 180
    while not (first / "slow" / f"{P1}.html").exists() or not list(first.glob(".records/*")):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    time.sleep(0.3)
    with pytest.raises(SalesopsError, match="Run 0001 is being worked on"):
        RunFolder(first).lock()
    process.send_signal(signal.SIGINT)
    said, _ = process.communicate(timeout=180)
    assert process.returncode == 130
    assert "salesops run --resume" in said
    assert _children_of(first) == []
    assert (first / "INCOMPLETE").exists()
    assert not (folder / "out" / "index.html").exists()
    own = (first / "index.html").read_text()
    assert own.count("incomplete") >= 2, "the stopped run says what is missing"
    made = (first / "slow" / f"{P1}.html").stat().st_mtime_ns

    (folder / "notebooks" / "go").touch()
    assert json.loads((first / "run.json").read_text())["status"] == "incomplete"
    # --resume does what the run was asked for, whatever is asked now
    code, said, told = go(folder, text, resume=True, chosen={"rep": ("p1",)})
    assert code == 0
    assert "3 made" in said
    assert told["run"] == "0001"
    assert told["status"] == "complete"
    assert (first / "slow" / f"{P1}.html").stat().st_mtime_ns == made
    assert not (first / "INCOMPLETE").exists()
    with pytest.raises(SalesopsError, match="The last run is complete"):
        go(folder, text, resume=True)


def _children_of(stage: Path) -> list[str]:
    """Processes that still work in a run's folder."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if (
                os.readlink(entry / "cwd").startswith(str(stage.parents[1]))
                and int(entry.name) != os.getpid()
            ):
                found.append(entry.name)
        except OSError:
            continue
    return found


def test_two_runs_at_once_have_a_folder_each(tmp_path: Path) -> None:
    one, other = RunFolder.create(tmp_path), RunFolder.create(tmp_path)
    assert (one.name, other.name) == ("0001", "0002")
    one.close()
    other.close()


def test_an_old_source_is_refused_or_marked(folder: Path) -> None:
    settings = folder / "workbook.yml"
    settings.write_text(settings.read_text() + "max_age_days: 10\n")
    text = "reports:\n" + HELLO
    with pytest.raises(SalesopsError, match="The data end on 2017-12-15: older than the 10 days"):
        go(folder, text, today=date(2018, 1, 1))
    assert go(folder, text, today=date(2017, 12, 25))[0] == 0
    code, said, told = go(folder, "stale: mark\n" + text, today=date(2018, 1, 1))
    assert code == 0
    assert "3 made" in said
    assert told["warnings"] == ["The data end on 2017-12-15: older than the 10 days the workbook allows."]
    page = folder / "out" / told["run"] / by_id(told)[f"hello/{P1}"]["outputs"]["html"]["path"]
    assert "older than the 10 days" in page.read_text()


def test_formats_and_places(folder: Path) -> None:
    from openpyxl import load_workbook

    write_notebook(
        folder / "notebooks" / "table.ipynb",
        "period = ''",
        "import pandas as pd\nfrom decimal import Decimal\nfrom salesops_nb import present\n"
        "present.show_table(pd.DataFrame({'rep': ['a', 'b'], 'pay': [Decimal('1.25'), Decimal('2.5')]}),"
        " title='Pay', rows=1)",
    )
    report = "  - {name: t, notebook: notebooks/table.ipynb, formats: [xlsx], to: 'shared/{period}'}\n"
    code, _, told = go(folder, "reports:\n" + report)
    assert code == 0
    assert set(told["jobs"][0]["outputs"]) == {"ipynb", "xlsx"}
    book = load_workbook(folder / "shared" / "2017-Q4" / "t.xlsx")
    assert [[cell.value for cell in row] for row in book["Pay"].iter_rows(min_row=2)] == [
        ["a", 1.25],
        ["b", 2.5],
    ]


def test_a_dry_run_does_nothing(folder: Path) -> None:
    code, said, told = go(folder, "reports:\n" + HELLO, dry_run=True)
    assert (code, told) == (0, {})
    assert "hello" in said
    assert not (folder / "out").exists()


@pytest.mark.parametrize(("columns", "folded"), [(None, False), ("60", True)])
def test_what_is_printed_to_a_file_is_not_folded(
    folder: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    columns: str | None,
    folded: bool,
) -> None:
    """A line of the plan and one of the list, each longer than a terminal is wide."""
    monkeypatch.delenv("COLUMNS", raising=False)
    if columns:
        monkeypatch.setenv("COLUMNS", columns)
    name = "a_long_name_of_a_report_" * 2
    notebook = f"notebooks/{name}.ipynb"
    shutil.copy(folder / "notebooks" / "hello.ipynb", folder / notebook)
    (folder / "reports.yml").write_text(
        f"period: 2017-Q4\nreports: [{{name: {name}, notebook: {notebook}}}]\n"
    )
    assert run_reports(Asked(folder / "reports.yml")) == 0
    list_runs(folder / "reports.yml", "1", 9)
    lines = capsys.readouterr().out.splitlines()
    assert any(line.count(name) == 2 and "2017-Q4" in line for line in lines) is not folded
    listed = [line for line in lines if name in line and "2017-Q4 ok" in line and line.endswith("html")]
    assert bool(listed) is not folded
