"""What --resume finishes: the run that was begun, by its own list, to its last copy."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from mailing import P1, P2, P4, Inbox, go, send, serving
from small_workbook import write_notebook

from salesops_nb.batch.runs.folder import RunFolder, runs
from salesops_nb.errors import SalesopsError

pytestmark = pytest.mark.slow

HEAD = "period: 2017-Q4\nfolder: out\njobs: 2\nreports:\n"
ALL = HEAD + "  - {name: hello, notebook: notebooks/hello.ipynb}\n"
WEEKLY = HEAD + "  - {name: weekly, notebook: notebooks/weekly.ipynb, for_each: rep, where: {region: East}}\n"


def ids(folder: Path) -> list[str]:
    return [record["id"] for record in next(runs(folder / "out")).told()["jobs"]]


@pytest.fixture
def half(folder: Path) -> Path:
    """A run of weekly.yml, asked for p2 alone, in which p2 failed; the cause is mended."""
    write_notebook(
        folder / "notebooks" / "weekly.ipynb",
        "who = ''",
        "from pathlib import Path\nassert Path('mended').exists()",
    )
    (folder / "reports.yml").write_text(ALL)
    (folder / "weekly.yml").write_text(WEEKLY)
    assert go(folder / "weekly.yml", chosen={"rep": ("p2",)})[0] == 1
    (folder / "notebooks" / "mended").touch()
    return folder


def test_a_run_is_resumed_by_the_list_it_was_begun_with(half: Path) -> None:
    code, said = go(half / "reports.yml", resume=True, dry_run=True)
    assert "weekly" in said
    assert "hello" not in said
    code, said = go(half / "reports.yml", resume=True)
    assert code == 0
    assert "Run 0001 was begun with weekly.yml" in said
    assert ids(half) == [f"weekly/{P2}"]
    told = RunFolder(half / "out" / "0001").told()
    assert (told["file"], told["status"]) == ("weekly.yml", "complete")
    assert told["asked"]["for"] == {"rep": ["p2"]}


def test_a_run_is_delivered_by_the_list_it_was_begun_with(half: Path) -> None:
    assert go(half / "weekly.yml", resume=True)[0] == 0
    box = Inbox()
    with serving(box) as port:
        mail = f"mail: {{server: 127.0.0.1, port: {port}, from: r@example.com, security: none}}\n"
        whom = '    audience: {to: "{email}"}\n'
        weekly = "  - name: weekly\n    notebook: notebooks/weekly.ipynb\n    for_each: rep\n"
        (half / "weekly.yml").write_text(mail + HEAD + weekly + whom)
        code, said = send(half / "reports.yml")
    assert (code, box.addresses) == (0, ["ben@example.com"])
    assert "Run 0001 was begun with weekly.yml" in said


def test_a_list_that_is_gone_is_named_and_the_run_stays_as_it_was(half: Path) -> None:
    (half / "weekly.yml").unlink()
    with pytest.raises(SalesopsError, match=r"Run 0001 was begun with weekly.yml, which is not there"):
        go(half / "reports.yml", resume=True)
    assert not (half / "out" / "0001" / "INCOMPLETE").exists()


def test_a_forced_run_is_resumed_as_forced(half: Path) -> None:
    assert go(half / "weekly.yml", resume=True)[0] == 0
    (half / "notebooks" / "mended").unlink()
    assert go(half / "weekly.yml", force=True)[0] == 1
    (half / "notebooks" / "mended").touch()
    _, said = go(half / "weekly.yml", resume=True)
    assert "2 made, 0 skipped" in said  # not the earlier run's, which would be good enough for any other


CUT = """\
import os, pathlib, signal
write, copies = pathlib.Path.write_bytes, []
def cut(self, data):
    if "shared" in str(self):
        copies.append(self)
        if len(copies) == 2:
            write(self, data[:100])
            os.kill(os.getpid(), signal.SIGKILL)
    return write(self, data)
pathlib.Path.write_bytes = cut
from salesops_nb.cli import main
main()
"""


def test_a_run_killed_while_copying_is_incomplete_and_its_resume_copies_the_rest(folder: Path) -> None:
    text = "  - {name: hello, notebook: notebooks/hello.ipynb, for_each: rep, to: 'shared/{period}'}\n"
    (folder / "reports.yml").write_text(HEAD + text)
    place = folder / "shared" / "2017-Q4"
    done = subprocess.run(
        [sys.executable, "-c", CUT, "run", "reports.yml"], cwd=folder, capture_output=True, timeout=300
    )
    assert done.returncode == -signal.SIGKILL
    run = next(runs(folder / "out"))
    assert not run.complete
    assert run.told()["status"] == "running"
    assert [path.name for path in sorted(place.glob("[!.]*"))] == [f"hello--{P1}.html"]
    code, said = go(folder / "reports.yml", resume=True)
    assert (code, run.complete) == (0, True)
    assert "3 made" in said  # by the run that was killed
    assert sorted(path.name for path in place.iterdir()) == sorted(
        f"hello--{name}.html" for name in (P1, P2, P4)
    )
    for path in place.iterdir():
        assert path.read_bytes() == (run.path / "hello" / path.name.removeprefix("hello--")).read_bytes()


def test_a_place_that_cannot_be_written_is_named_and_resumed_when_mended(folder: Path) -> None:
    text = "  - {name: hello, notebook: notebooks/hello.ipynb, to: shared}\n"
    (folder / "reports.yml").write_text(HEAD + text)
    (folder / "shared").write_text("a file")
    with pytest.raises(SalesopsError, match=r"hello.html cannot be copied to shared: File exists"):
        go(folder / "reports.yml")
    assert not next(runs(folder / "out")).complete
    (folder / "shared").unlink()
    assert go(folder / "reports.yml", resume=True)[0] == 0
    assert (folder / "shared" / "hello.html").exists()
    assert json.loads((folder / "out" / "0001" / "run.json").read_text())["status"] == "complete"


def test_a_run_killed_before_its_data_were_prepared_is_resumed_by_its_own_list(half: Path) -> None:
    cut = "import os\nfrom salesops_nb.batch.runs import run\n"
    cut += "run.prepare = lambda *_: os.kill(os.getpid(), 9)\n"
    cut += "from salesops_nb.cli import main\nmain()\n"
    command = [sys.executable, "-c", cut, "run", "weekly.yml", "--for", "rep=p1", "--force"]
    assert subprocess.run(command, cwd=half, capture_output=True, timeout=300).returncode == -signal.SIGKILL
    code, said = go(half / "reports.yml", resume=True)
    assert code == 0
    assert "Run 0002 was begun with weekly.yml" in said
    assert ids(half) == [f"weekly/{P1}"]


def test_a_run_that_wrote_nothing_down_is_not_taken_for_another(half: Path) -> None:
    RunFolder.create(half / "out").close()
    with pytest.raises(SalesopsError, match="ended before it wrote down what it was to do"):
        go(half / "reports.yml", resume=True)
    assert not next(runs(half / "out")).records()
