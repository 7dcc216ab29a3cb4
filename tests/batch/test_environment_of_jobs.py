"""What the notebooks of a run see of the environment: all that the run itself does not keep for its mails."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner
from mailing import go
from small_workbook import write_notebook

from salesops_nb.batch.runs import run
from salesops_nb.batch.runs.folder import runs
from salesops_nb.cli import main
from salesops_nb.errors import SalesopsError

pytestmark = pytest.mark.slow

SECRET = "Zq7hush"
# its own names, what it was started with, and what its parents in the run were: forks have no other
PRINTS = """import os
from pathlib import Path
print('NAMES', *sorted(os.environ))
print(os.environ['SALES_TOKEN'], repr(Path('/proc/self/environ').read_bytes()))
parent = Path('/proc', str(os.getppid()))
if b'workers.server' in (parent / 'cmdline').read_bytes():
    print('SERVER', repr((parent / 'environ').read_bytes()))"""
CRASH = "import ctypes, os\nfrom pathlib import Path\nif not Path('../crashed').exists():\n" + (
    "    Path('../crashed').touch()\n    ctypes.string_at(0)\n"
)
MAIL = "mail: {server: localhost, from: r@example.com%s}\n"
LIST = "period: 2017-Q4\nfolder: out\njobs: 1\n%sreports:\n  - {name: a, notebook: notebooks/a.ipynb}\n"
MAILS = [MAIL % "", MAIL % ", password_env: MAIL_LOGIN", ""]


@pytest.mark.parametrize("mail", MAILS, ids=["its default", "named", "no mail"])
@pytest.mark.parametrize("way", ["fork", "crash", "no fork"])
def test_no_notebook_gets_the_password_of_the_mails(
    folder: Path, monkeypatch: pytest.MonkeyPatch, way: str, mail: str
) -> None:
    for name, value in (
        ("SALESOPS_SMTP_PASSWORD", SECRET),
        ("MAIL_LOGIN", SECRET if "LOGIN" in mail else "plain"),
        ("SALES_TOKEN", "of-the-notebook"),
    ):
        monkeypatch.setenv(name, value)
    if way == "no fork":
        monkeypatch.setattr(run, "can_fork", lambda: False)
    write_notebook(folder / "notebooks" / "a.ipynb", "n = 1", (CRASH if way == "crash" else "") + PRINTS)
    (folder / "reports.yml").write_text(LIST % mail)
    code, said = go(folder / "reports.yml")
    assert code == 0, said
    record = next(runs(folder / "out")).told()["jobs"][0]
    assert record["forked"] == (way == "fork")
    page = (folder / "out" / "0001" / record["outputs"]["ipynb"]["path"]).read_text()
    assert "NAMES" in page
    assert "of-the-notebook" in page
    assert ("SERVER" in page.replace("'SERVER'", "")) == (way == "fork")
    assert "SALESOPS_SMTP_PASSWORD" not in page
    assert ("MAIL_LOGIN" in page) == ("LOGIN" not in mail)
    assert SECRET not in page


@pytest.mark.parametrize("second", ["weekly", "lists/weekly"])
@pytest.mark.parametrize("first", [True, False])
def test_the_passwords_of_all_lists_are_left_out_whichever_is_run(
    folder: Path, monkeypatch: pytest.MonkeyPatch, first: bool, second: str
) -> None:
    run = "reports.yml" if first else f"{second}.yml"
    (folder / "lists").mkdir()
    monkeypatch.setenv("SALES_TOKEN", "of-the-notebook")
    write_notebook(folder / "notebooks" / "a.ipynb", "n = 1", PRINTS)
    for name in ("reports", second):
        monkeypatch.setenv(f"LOGIN_{name.upper()}", SECRET)
        (folder / f"{name}.yml").write_text(LIST % (MAIL % f", password_env: LOGIN_{name.upper()}"))
    code, said = go(folder / run)
    assert code == 0, said
    pages = list((folder / "out" / "0001").rglob("*.ipynb"))
    assert pages
    for page in pages:
        assert "NAMES" in page.read_text()
        assert SECRET not in page.read_text()
        assert "LOGIN_" not in page.read_text()


@pytest.mark.parametrize("file", ["workbook.yml", "mapping.yml"])
def test_what_opens_the_data_is_not_the_password_of_the_mails(
    folder: Path, monkeypatch: pytest.MonkeyPatch, file: str
) -> None:
    monkeypatch.setenv("MAIL_LOGIN", "data")
    path = folder / file
    named = "source: ${MAIL_LOGIN}"
    old, new = (
        ("source: data", named) if file == "workbook.yml" else ("    file: d", f"    {named}\n    file: d")
    )
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))
    (folder / "reports.yml").write_text(LIST.replace("a.ipynb", "hello.ipynb") % MAILS[1])
    words = f"{file} names the variable MAIL_LOGIN, which is the mail server's password"
    with pytest.raises(SalesopsError, match=words):
        go(folder / "reports.yml")
    assert not (folder / "out").exists()
    result = CliRunner().invoke(main, ["check", str(folder)])
    assert result.exit_code == 1
    assert words in " ".join(result.output.split())
    (folder / "reports.yml").write_text(LIST.replace("a.ipynb", "hello.ipynb") % MAILS[0])
    assert go(folder / "reports.yml")[0] == 0
