"""How fast reports are made, beside papermill and nbconvert themselves.

    python bench/batch.py [--reports 12] [--thousand]

One run measures every peer, each in fresh processes, on the same notebook (8,800 rows, 5 charts,
4 tables) and prints ratios; the last line is one JSON object:

vs_execute_1       time of ``papermill.execute_notebook`` + in-process export ÷ ours, one worker each
vs_execute_2       the same with two concurrent processes that have already imported papermill, ÷ two workers
vs_commands        time of the papermill command and the nbconvert command ÷ ours, one at a time
over_cells         our whole time for a report ÷ its cells' own time (in a plain kernel, warm)
memory             memory of a worker (proportional set size) ÷ that of one plain kernel doing the same
reports_per_minute on two workers

``--thousand`` also makes 1,000 per-rep reports and prints how long that takes.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

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
from salesops_nb.present.export import export_html
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
from salesops_nb.batch.execute import CALL
from salesops_nb.batch.executors import ForkExecutor, Settings
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


def notebook(path: Path, *more: str) -> Path:
    """The benchmark's notebook."""
    book = nbformat.v4.new_notebook(
        metadata={"kernelspec": {"name": "python3", "language": "python", "display_name": "Python 3"}}
    )
    book.cells = [nbformat.v4.new_code_cell(source) for source in (*CELLS, *more)]
    book.cells[0].metadata["tags"] = ["parameters"]
    nbformat.write(book, path)
    return path


def start(script: str, *arguments: object) -> subprocess.Popen[str]:
    """A fresh process that has imported what it needs and waits for a line."""
    process = subprocess.Popen(
        [sys.executable, "-c", script, *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=ROOT,
    )
    assert process.stdout is not None
    assert process.stdout.readline().strip() == "ready"
    return process


def timed(*processes: subprocess.Popen[str]) -> float:
    """Let them begin together; seconds until the last has ended."""
    begun = time.perf_counter()
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline().strip(), "a peer failed"
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
        subprocess.run([str(word) for word in words], check=True, capture_output=True)
    return time.perf_counter() - begun


def pss(executed: Path) -> float:
    """Proportional set size, in MiB, that a notebook printed of its own process."""
    book = nbformat.read(executed, as_version=4)
    return int(book.cells[-1].outputs[-1].text.split()[1]) / 1024


def memory(folder: Path) -> tuple[float, float]:
    """MiB of a forked worker beside another, and of one plain kernel, at the end of the same notebook."""
    source = notebook(folder / "memory.ipynb", MEMORY)
    timed(start(OURS, source, folder, 2, 4))
    timed(start(EXECUTE, source, folder, 9000, 1))
    return statistics.mean(pss(folder / f"our-{n}.ipynb") for n in range(4)), pss(folder / "9000.ipynb")


def main() -> None:
    """Measure, print the table, and last the JSON object."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--reports", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--thousand", action="store_true")
    asked = parser.parse_args()
    count = asked.reports + asked.reports % 2
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source = notebook(folder / "report.ipynb")
        twice = notebook(folder / "twice.ipynb", *CELLS)
        found: dict[str, list[float]] = {
            key: [] for key in ("one", "two", "our1", "our2", "commands", "cells")
        }
        for number in range(asked.rounds):  # in turns, so that a busy moment of the machine hits all
            bare = [sys.executable, "-c", BARE, str(twice)]
            done = subprocess.run(bare, check=True, capture_output=True, text=True)
            found["cells"].append(float(done.stdout.splitlines()[-1]))
            found["our1"].append(timed(start(OURS, source, folder, 1, count)) / count)
            found["one"].append(timed(start(EXECUTE, source, folder, 0, 2)) / 2)
            found["our2"].append(timed(start(OURS, source, folder, 2, count)) / count)
            pair = [start(EXECUTE, source, folder, 100 * n, 2) for n in (1, 2)]
            found["two"].append(timed(*pair) / 4)
            found["commands"].append(commands(source, folder, number))
        best = {key: min(values) for key, values in found.items()}
        worker, kernel = memory(folder)
        ratios = {
            "vs_execute_1": best["one"] / best["our1"],
            "vs_execute_2": best["two"] / best["our2"],
            "vs_commands": best["commands"] / best["our1"],
            "over_cells": best["our1"] / best["cells"],
            "memory": worker / kernel,
            "reports_per_minute": 60 / best["our2"],
        }
        print(f"{os.cpu_count()} processors; the best of {asked.rounds} rounds, seconds a report")
        rows = {
            "the two commands": best["commands"],
            "execute_notebook + export, one": best["one"],
            "execute_notebook + export, two at once": best["two"],
            "salesops, one worker": best["our1"],
            "salesops, two workers": best["our2"],
            "the cells alone": best["cells"],
        }
        for label, seconds in rows.items():
            print(f"  {label:40}{seconds:8.2f}")
        print(f"  memory: worker {worker:.0f} MiB, plain kernel {kernel:.0f} MiB")
        if asked.thousand:
            took = timed(start(OURS, source, folder, 2, 1000))
            print(f"  1,000 reports on two workers: {took / 60:.1f} minutes")
        print(json.dumps({key: round(value, 2) for key, value in ratios.items()}))


if __name__ == "__main__":
    main()
