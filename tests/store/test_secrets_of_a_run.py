"""A batch with marked secrets: none of them in any file, line or message of the run, nor in the store."""

from __future__ import annotations

import subprocess
import sys
import uuid
from pathlib import Path

import nbformat
import pytest
from sqlalchemy import MetaData, create_engine, make_url, select, text

from salesops_nb.batch.runs.folder import runs

sys.path.insert(0, str(Path(__file__).parents[1] / "bad_input"))

from small import WORKBOOK, write

pytestmark = pytest.mark.slow

SMTP, STORE, OTHER, KEY = "smtp-Zq7hush", "store-Zq7/hush", "other-Zq7hush", "key-Zq7hush"
MARK = b"Zq7"
REPORTS = """folder: out
period: "2017"
jobs: 1
mail: {{server: 127.0.0.1, port: 1, from: r@example.com, user: r, security: none,
  password_in_clear: true}}
reports:
{}"""
CELLS = {
    # the fork crashes; its fresh process keeps what stands in its task's file, to be looked at
    "crash": "import ctypes, shutil\nfrom pathlib import Path\n"
    "found = list(Path('../out').glob('*/.stage/*/task.json'))\n"
    "ctypes.string_at(0) if not found else shutil.copy(found[0], '../task-seen.json')\n",
    "works": "from salesops_nb import open_workbook\nwb = open_workbook('..')\n"
    "with wb.store.connect() as c:\n    print(c.dialect.name, len(wb.tables))\n",
    "repeats": "import os\nraise RuntimeError('cannot connect to ' + os.environ['STORE_URL'])\n",
    "chained": "import os\ntry:\n    raise OSError(os.environ['STORE_URL'])\nexcept OSError as error:\n"
    "    raise ValueError('login with ' + os.environ['CLOUD_API_KEY']) from error\n",
    "driver": "import os\nfrom salesops_nb.store.database import open_store\n"
    "open_store(os.environ['STORE_URL'].split('@')[0] + '@127.0.0.1:1/x')\n",
    # no notebook is given the password of the mails
    "all": "import os\nprint(*os.environ)\nassert 'CLOUD_API_KEY' in os.environ\n"
    "assert 'SALESOPS_SMTP_PASSWORD' not in os.environ\n",
    "warns": "import os, sys\nprint('retry', os.environ['STORE_URL'], file=sys.stderr)\n",
}


def notebook(path: Path, source: str) -> None:
    cells = [
        nbformat.v4.new_code_cell("n = 1", metadata={"tags": ["parameters"]}),
        nbformat.v4.new_code_cell(source),
    ]
    kernel = {"name": "python3", "language": "python", "display_name": "Python 3"}
    path.parent.mkdir(exist_ok=True)
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel}), path)


@pytest.mark.postgres
@pytest.mark.parametrize("written", ["in a variable", "in workbook.yml"])
def test_no_secret_is_written_or_printed(
    written: str, postgres_server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = f"t{uuid.uuid4().hex}"
    admin = create_engine(f"{postgres_server}/postgres", isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    admin.dispose()
    address = make_url(f"{postgres_server}/{name}").set(password=STORE).render_as_string(hide_password=False)
    assert MARK.decode() in address
    for name, value in {
        "STORE_URL": address,
        "SALESOPS_SMTP_PASSWORD": SMTP,
        "OTHER_SETTING": OTHER,
        "CLOUD_API_KEY": KEY,
    }.items():
        monkeypatch.setenv(name, value)
    store = "${STORE_URL}" if written == "in a variable" else address
    write(tmp_path, {"workbook.yml": WORKBOOK + f"store: {store}\n"})
    lines = ""
    for name, source in CELLS.items():
        notebook(tmp_path / "notebooks" / f"{name}.ipynb", source)
        lines += f"  - {{name: {name}, notebook: notebooks/{name}.ipynb, audience: {{to: a@example.com}}}}\n"
    (tmp_path / "reports.yml").write_text(REPORTS.format(lines))
    command = [sys.executable, "-c", "from salesops_nb.cli import main; main()", "run", "--deliver"]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ran.returncode == 1  # nobody listens at the mail server's port
    told = next(runs(tmp_path / "out")).told()
    status = {record["id"]: record["status"] for record in told["jobs"]}
    failed = {"repeats", "chained", "driver"}
    assert status == {name: "failed" if name in failed else "ok" for name in CELLS}
    assert (tmp_path / "task-seen.json").stat().st_size > 100
    texts = {"out": ran.stdout, "err": ran.stderr}
    texts |= {
        str(path): path.read_bytes().decode("latin-1") for path in tmp_path.rglob("*") if path.is_file()
    }
    texts["store"] = everything_in(address)
    own = {str(tmp_path / "workbook.yml")} if written == "in workbook.yml" else set()
    assert {name for name, content in texts.items() if MARK.decode() in content} == own
    assert "***" in ran.stdout
    assert "did not take the mail" in ran.stderr


def everything_in(address: str) -> str:
    """Every row of every table of the store."""
    engine = create_engine(address)
    schema = MetaData()
    schema.reflect(engine)
    with engine.connect() as connection:
        found = {name: connection.execute(select(table)).fetchall() for name, table in schema.tables.items()}
    engine.dispose()
    assert found
    return repr(found)
