"""The papermill engine: the outputs of a plain kernel, byte for byte, and what happens when a fork fails."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import papermill
import pytest
from papermill.engines import papermill_engines
from papermill.exceptions import PapermillExecutionError
from small_workbook import write_notebook

from salesops_nb.batch.workers import engine as engines
from salesops_nb.batch.workers.forkserver import ForkServer, ServerDied
from salesops_nb.batch.workers.server import threads

pytestmark = pytest.mark.slow

CELLS = (
    "n = 1",
    "import sys\nprint('out', n)\nprint('err', file=sys.stderr)\nprint('more')",
    "!echo from a shell",
    "import pandas as pd\npd.DataFrame({'a': [1, 2.5]})",
    "import matplotlib.pyplot as plt\nfig, ax = plt.subplots(layout='constrained')\n"
    "ax.plot([1, n, 3])\nprint('drawn')",
    "from IPython.display import HTML, Markdown, clear_output, display\n"
    "fig, ax = plt.subplots()\nax.bar([1, 2], [3, 4])\n"
    "display(fig, metadata={'image/png': {'alt': 'two bars'}})\nplt.close(fig)\n"
    "display(Markdown('*m*'), HTML('<b>h</b>'))\n_ = display('first', display_id='here')",
    "display('second', display_id='here', update=True)\nprint('gone')\nclear_output()\nprint('stays')",
    "import asyncio\nawait asyncio.sleep(0.001)\n{'b': 1, 'a': (2, 3)}",
    "try:\n    input('?')\nexcept Exception as error:\n    print(type(error).__name__, error)",
    "%config InlineBackend.figure_formats = ['svg']\nplt.rcParams['svg.hashsalt'] = 'x'\n"
    "import os\nos.environ['SOURCE_DATE_EPOCH'] = '0'\n"
    "print(len(In), sorted(Out), __name__, sys.stdout.isatty(), repr(sys.path[0]))\n"
    "fig, ax = plt.subplots()\n_ = ax.plot([1, 2])",
    "raise KeyError('allowed')",
    "class Odd:\n    def _repr_html_(self): return '<i>odd</i>'\n    def __repr__(self): return 'odd'\nOdd()",
    "def f(x):\n    return 1 / x\nf(0)",
    "print('never')",
)


@pytest.fixture(scope="module", autouse=True)
def registered() -> Iterator[None]:
    papermill_engines.register("salesops", engines.ForkEngine)
    yield
    engines.shared_server().close()


def run(folder: Path, engine: str | None, *cells: str, **more: Any) -> Any:
    """The executed notebook, whether or not it failed."""
    source = write_notebook(folder / "in.ipynb", *cells, tags={10: ["raises-exception"]})
    made = folder / f"{engine}.ipynb"
    try:
        papermill.execute_notebook(source, made, {"n": 2}, engine_name=engine, progress_bar=False, **more)
    except PapermillExecutionError:
        assert made.exists()
    return nbformat.read(made, as_version=4)


def comparable(notebook: Any) -> list[str]:
    """Everything of the cells but times."""
    return [
        json.dumps(
            [cell.source, cell.get("outputs"), cell.get("execution_count"), cell.metadata.papermill.status]
            if "papermill" in cell.metadata
            else [cell.source],
            sort_keys=True,
        )
        for cell in notebook.cells
    ]


def test_outputs_are_those_of_a_plain_kernel_byte_for_byte(tmp_path: Path) -> None:
    plain, forked = run(tmp_path, None, *CELLS), run(tmp_path, "salesops", *CELLS)
    assert comparable(forked) == comparable(plain)
    assert {**forked.metadata, "papermill": 0} == {**plain.metadata, "papermill": 0}
    assert "division by zero" in json.dumps(forked.cells[-2])
    assert "never" not in json.dumps([cell.get("outputs") for cell in forked.cells])


def test_a_crash_of_the_child_falls_back_to_a_plain_kernel(tmp_path: Path) -> None:
    mark = tmp_path / "crashed"
    crash = (
        f"from pathlib import Path\nimport ctypes\nmark = Path({str(mark)!r})\n"
        "if not mark.exists():\n    mark.touch()\n    ctypes.string_at(0)\nprint('survived')"
    )
    notebook = run(tmp_path, "salesops", "n = 1", "print('before')", crash)
    assert mark.exists()
    assert [cell.outputs[0].text for cell in notebook.cells[-2:]] == ["before\n", "survived\n"]


def test_without_fork_the_plain_engine_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "can_fork", lambda: False)
    notebook = run(tmp_path, "salesops", "n = 1", "print('plain')")
    assert notebook.cells[-1].outputs[0].text == "plain\n"


def test_a_cell_that_takes_too_long_ends_with_its_whole_group(tmp_path: Path) -> None:
    marker = f"sleep 61.{os.getpid()}"
    with pytest.raises(Exception, match="timed out"):
        run(
            tmp_path,
            "salesops",
            "n = 1",
            f"import subprocess\nsubprocess.run({marker.split()!r})",
            execution_timeout=1,
        )
    server = engines.shared_server()
    for _ in range(50):
        list(server.events(0.1))
        if not _running(marker):
            break
    assert not _running(marker)


def _running(words: str) -> bool:
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if words in entry.read_bytes().replace(b"\0", b" ").decode(errors="replace"):
                return True
        except OSError:
            continue
    return False


def test_another_python_or_language_is_not_forked() -> None:
    assert engines.this_python("python3")
    assert not engines.this_python("no-such-kernel")


def test_the_server_has_one_thread_and_says_when_it_is_gone() -> None:
    server = ForkServer()
    server.wait_ready()
    assert len(os.listdir(f"/proc/{server.process.pid}/task")) == 1
    server.process.kill()
    server.process.wait(10)
    with pytest.raises(ServerDied, match="ended"):
        list(server.events(5))
    server.close()
    assert threads() >= 1
