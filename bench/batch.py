"""How fast reports are made, beside papermill and nbconvert themselves.

    python bench/batch.py [--reports 8] [--rounds 3] [--thousand]

One run measures every peer, each in fresh processes and in turns, on the same notebook (8,800 rows, 5 charts,
4 tables). Our notebooks must show what papermill's show, cell by cell, and every report must be there; else
the bench ends with exit code 1. `--thousand` also makes 1,000 per-rep reports and prints how long that takes.

The last line is one JSON object; ratios have their 95 % interval from three rounds on:

vs_execute_1       time of `papermill.execute_notebook` + in-process export ÷ ours, one worker each
vs_execute_2       the same with two concurrent processes that have already imported papermill, ÷ two workers
vs_commands        time of the papermill command and the nbconvert command ÷ ours, one at a time
over_cells         our whole time for a report ÷ its cells' own time (in a plain kernel, warm)
memory             memory of a worker (proportional set size) ÷ that of one plain kernel doing the same
reports_per_minute on two workers
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import measure
import nbformat

CELLS = (
    "rep = 0\nrows = 8800",
    "import numpy as np\nimport pandas as pd\nimport matplotlib.pyplot as plt\n"
    "from matplotlib_inline.config import InlineBackend\n"
    "InlineBackend.instance().print_figure_kwargs = {'bbox_inches': None}\n"
    "plt.rcParams['figure.constrained_layout.use'] = True",
    "rng = np.random.default_rng(rep)\n"
    "deals = pd.DataFrame({'rep': rng.integers(0, 35, rows), 'product': rng.integers(0, 7, rows),\n"
    "    'amount': rng.gamma(2, 1200, rows).round(2), 'won': rng.random(rows) < 0.6,\n"
    "    'day': pd.Timestamp('2017-01-01') + pd.to_timedelta(rng.integers(0, 365, rows), 'D')})\n"
    "deals['month'] = deals['day'].dt.to_period('M').dt.to_timestamp()",
    "monthly = deals[deals['won']].groupby('month')['amount'].sum()\nmonthly.to_frame()",
    "fig, ax = plt.subplots(figsize=(7, 3))\nax.plot(monthly.index, monthly.values)\n"
    "_ = ax.set_title('Bookings')",
    "ranking = deals[deals['won']].groupby('rep')['amount'].agg(['sum', 'count'])\n"
    "ranking.sort_values('sum')",
    "fig, ax = plt.subplots(figsize=(7, 5))\n_ = ax.barh(ranking.index.astype(str), ranking['sum'])",
    "mix = deals.pivot_table(index='month', columns='product', values='amount', aggfunc='sum').round(2)\nmix",
    "fig, ax = plt.subplots(figsize=(7, 3))\n_ = mix.plot.area(ax=ax, legend=False)",
    "fig, ax = plt.subplots(figsize=(7, 3))\n_ = ax.hist(deals['amount'], bins=40)",
    "rates = deals.groupby('rep')['won'].agg(['mean', 'count'])\nrates.describe()",
    "fig, ax = plt.subplots(figsize=(7, 3))\n_ = ax.scatter(rates['count'], rates['mean'])",
)
ROOT = Path(__file__).resolve().parents[1]

# A peer's process: says when it is ready, waits for a line, makes its reports, says how long it took.
EXECUTE = """
import sys, time
import papermill
from salesops_nb.present.export.html import export_html
source, out, first, count = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
print("ready", flush=True)
sys.stdin.readline()
begun = time.perf_counter()
for n in range(first, first + count):
    name = f"{out}/{n}.ipynb"
    papermill.execute_notebook(source, name, {"rep": n}, progress_bar=False)
    export_html(name, f"{out}/{n}.html")
print(time.perf_counter() - begun, flush=True)
"""
OURS = """
import json, sys, time
from salesops_nb.batch.workers.execute import CALL
from salesops_nb.batch.workers.executors import ForkExecutor, Settings
source, out, workers, count = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
executor = ForkExecutor(workers)
executor.server.wait_ready()
print("ready", flush=True)
sys.stdin.readline()
begun, waiting, running, seconds = time.perf_counter(), list(range(count)), 0, []
while waiting or running:
    while waiting and running < workers:
        n = waiting.pop(0)
        task = {"notebook": source, "cwd": out, "parameters": {"rep": n}, "stage": out, "name": f"our-{n}",
                "formats": ["html"], "title": f"Rep {n}", "context": {}, "templates": None}
        executor.submit(CALL, task, Settings(300, None, 1, out))
        running += 1
    for ended in executor.ended(1):
        assert ended.result and ended.result["status"] == "ok", ended
        running -= 1
total = time.perf_counter() - begun
executor.close()
print(total, flush=True)
"""
# The cells alone: in a plain kernel, once to warm up, and once more, as papermill times them.
BARE = """
import sys, papermill
done = papermill.execute_notebook(sys.argv[1], None, progress_bar=False, request_save_on_cell_execute=False)
half = len(done.cells) // 2
print(sum(cell.metadata.papermill.duration for cell in done.cells[half:]))
"""
MEMORY = "print('PSS', [l.split()[1] for l in open('/proc/self/smaps_rollup') if l.startswith('Pss:')][0])"


def notebook(path: Path, *cells: str) -> Path:
    """A notebook of some of the benchmark's cells."""
    book = nbformat.v4.new_notebook(
        metadata={"kernelspec": {"name": "python3", "language": "python", "display_name": "Python 3"}}
    )
    book.cells = [nbformat.v4.new_code_cell(source) for source in cells]
    book.cells[0].metadata["tags"] = ["parameters"]
    nbformat.write(book, path)
    return path


def start(script: str, *arguments: object) -> subprocess.Popen[str]:
    """A fresh process that has imported what it needs and waits for a line; its errors go to a file."""
    errors = tempfile.TemporaryFile("w+")  # noqa: SIM115  # read when the process has ended
    process = subprocess.Popen(
        [sys.executable, "-c", script, *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=errors,
        text=True,
        cwd=ROOT,
    )
    process.errors = errors  # type: ignore[attr-defined]
    heard(process)
    return process


def heard(process: Any) -> str:
    """The next line of a process; one that ended without it ends the bench."""
    line = process.stdout.readline().strip()
    if not line:
        process.wait()
        process.errors.seek(0)
        said = process.errors.read().strip()
        sys.stderr.write(f"{said}\n")
        last = (said.splitlines() or ["without a word"])[-1]
        raise measure.Failed(f"a peer's process failed with exit code {process.returncode}: {last}")
    return str(line)


def timed(*processes: subprocess.Popen[str]) -> float:
    """Let them begin together; seconds until the last has ended."""
    begun = time.perf_counter()
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    for process in processes:
        heard(process)
    took = time.perf_counter() - begun
    for process in processes:
        process.communicate()
    return took


def commands(source: Path, out: Path, number: int) -> float:
    """Seconds of the papermill command and then the nbconvert command, for one report."""
    made = out / f"command-{number}.ipynb"
    programs = Path(sys.executable).parent
    begun = time.perf_counter()
    for words in (
        [programs / "papermill", source, made, "-p", "rep", str(number), "--no-progress-bar"],
        [programs / "jupyter", "nbconvert", "--to", "html", made],
    ):
        run(*words)
    return time.perf_counter() - begun


def run(*words: object) -> str:
    """What a command prints; one that fails ends the bench."""
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, check=False)
    if done.returncode:
        sys.stderr.write(done.stderr)
        last = (done.stderr.strip().splitlines() or ["without a word"])[-1]
        raise measure.Failed(f"{words[0]} failed with exit code {done.returncode}: {last}")
    return done.stdout


def shown(path: Path) -> list[list[dict[str, Any]]]:
    """What the benchmark's cells of an executed notebook show, by kind."""
    cells = nbformat.read(path, as_version=4).cells
    cells = [cell for cell in cells if cell.source in CELLS[1:]]  # the first is followed by the parameters
    return [[read(output) for output in cell.outputs] for cell in cells]


def read(output: Any) -> dict[str, Any]:
    """What a reader sees of an output: the plain text beside a table is as wide as the process's terminal."""
    data = dict(output.get("data") or output)
    return {kind: data[kind] for kind in data if kind != "text/plain" or "text/html" not in data}


def differing(folder: Path, pairs: list[tuple[str, str]], count: int) -> list[str]:
    """A sentence for each report that is missing, or shows something else than papermill's."""
    wrong = []
    for ours, theirs in pairs:
        missing = [f"{name}.{end}" for name in (ours, theirs) for end in ("ipynb", "html")
                   if not (folder / f"{name}.{end}").exists()]  # fmt: skip
        if missing:
            wrong.append(f"missing: {', '.join(missing)}")
            continue
        mine, other = shown(folder / f"{ours}.ipynb"), shown(folder / f"{theirs}.ipynb")
        if len(mine) != count or len(other) != count or not any(mine):
            wrong.append(f"{ours}.ipynb has {len(mine)}, {theirs}.ipynb {len(other)} of {count} cells")
        wrong += [f"{ours}.ipynb: cell {number} shows something else than papermill's"
                  for number, (a, b) in enumerate(zip(mine, other, strict=False), 2) if a != b]  # fmt: skip
    return wrong


def pss(executed: Path) -> float:
    """Proportional set size, in MiB, that a notebook printed of its own process."""
    book = nbformat.read(executed, as_version=4)
    return int(book.cells[-1].outputs[-1].text.split()[1]) / 1024


def main() -> None:
    """Measure, print the table, and last the JSON object."""
    words = measure.parser(__doc__)
    words.add_argument("--reports", type=measure.count, default=8, help="an even number, on each worker")
    words.add_argument("--rounds", type=measure.count, default=3)
    words.add_argument(
        "--cells", type=measure.count, default=len(CELLS), help="of the notebook, from the first"
    )
    words.add_argument("--workers", type=int, choices=(1, 2), default=2, help="1 leaves out what runs on two")
    words.add_argument("--thousand", action="store_true")
    asked = measure.asked(words, reports=1, rounds=1, cells=5, workers=1)
    if not 5 <= asked.cells <= len(CELLS):
        words.error(f"argument --cells: received {asked.cells}: give 5 to {len(CELLS)}")
    two = asked.workers == 2
    count, each = (asked.reports + asked.reports % 2, 2) if two else (asked.reports, 1)
    cells = CELLS[: asked.cells]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source = notebook(folder / "report.ipynb", *cells, MEMORY)
        twice = notebook(folder / "twice.ipynb", *cells, *cells)
        numbers = iter(range(asked.rounds))
        steps = {
            "cells": lambda: float(run(sys.executable, "-c", BARE, twice).splitlines()[-1]),
            "our1": lambda: timed(start(OURS, source, folder, 1, count)) / count,
            "one": lambda: timed(start(EXECUTE, source, folder, 0, each)) / each,
            "commands": lambda: commands(source, folder, next(numbers)),
        }
        if two:
            steps["two"] = lambda: timed(*[start(EXECUTE, source, folder, 100 * n, 2) for n in (1, 2)]) / 4
            steps["our2"] = lambda: timed(start(OURS, source, folder, 2, count)) / count
        found = measure.in_turns(steps, asked.rounds)
        wrong = differing(folder, [(f"our-{n}", str(n)) for n in range(each)], len(cells) - 1)
        worker = statistics.mean(pss(folder / f"our-{n}.ipynb") for n in range(count))
        kernel = pss(folder / "0.ipynb")
        ratios = {
            "vs_execute_1": measure.ratio(found["one"], found["our1"]),
            "vs_commands": measure.ratio(found["commands"], found["our1"]),
            "over_cells": measure.ratio(found["our1"], found["cells"]),
        }
        if two:
            ratios["vs_execute_2"] = measure.ratio(found["two"], found["our2"])
        print(f"{os.cpu_count()} processors; medians of {asked.rounds} rounds, seconds a report")
        rows = {
            "the two commands": "commands",
            "execute_notebook + export, one": "one",
            "execute_notebook + export, two at once": "two",
            "salesops, one worker": "our1",
            "salesops, two workers": "our2",
            "the cells alone": "cells",
        }
        for label, key in rows.items():
            if key in found:
                print(f"  {label:40}{statistics.median(found[key]):8.2f}")
        for key, beside in ratios.items():
            print(f"  {key:40}{beside!s:>8}")
        print(f"  memory: worker {worker:.0f} MiB, plain kernel {kernel:.0f} MiB")
        if asked.thousand:
            took = timed(start(OURS, source, folder, 2, 1000))
            print(f"  1,000 reports on two workers: {took / 60:.1f} minutes")
    result: dict[str, Any] = {}
    for key, beside in ratios.items():
        result |= beside.named(key)
    result["memory"] = round(worker / kernel, 2)
    if two:
        result["reports_per_minute"] = round(60 / statistics.median(found["our2"]), 2)
    measure.finish(result, wrong)


if __name__ == "__main__":
    measure.run(main)
