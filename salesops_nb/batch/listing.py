"""What the last runs made, as `salesops list` prints it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from rich.console import Console

from salesops_nb.batch.delivery.gate import how_to_settle
from salesops_nb.batch.jobs.reports import FILE_NAME, load_reports, option_of
from salesops_nb.batch.runs.folder import RunFolder, busy, runs
from salesops_nb.batch.terminal import print_rows, terminal
from salesops_nb.errors import SalesopsError, problem
from salesops_nb.source.opened import store_url
from salesops_nb.store.database import open_store
from salesops_nb.store.deliveries import Delivery, all_deliveries, is_unclear
from salesops_nb.workbook import find_workbook, load_settings

_COUNTS = ("made", "same", "failed")


def list_runs(file: Path, number: str | None, last: int, console: Console | None = None) -> None:
    """Print the last runs, a line each, or the reports of one run."""
    console = console or terminal()
    path = file.resolve()
    if not path.exists():
        path = find_workbook(".") / file.name
    home, reports = find_workbook(path.parent), load_reports(path)
    found = list(runs(home / reports.folder))
    open_ones = _unclear(home, found) if found else []
    if number is not None:
        found = [run for run in found if run.name == number.zfill(4)]
        if not found:
            raise SalesopsError(problem("no-run", value=number))
        print_rows(console, *_reports(found[0]))
        _say_unclear(console, [each for each in open_ones if each.run == found[0].name], found)
        return
    if not found:
        console.print("No run yet. Make one with: salesops run")
        return
    heads = ("run", "begun", "status", "made", "same", "failed", "data to", "index")
    print_rows(console, heads, [_line(run) for run in islice(found, last)], right=_COUNTS)
    _say_unclear(console, open_ones, found)


def _unclear(home: Path, found: list[RunFolder]) -> list[Delivery]:
    """Deliveries of which nobody knows whether they arrived."""
    store = open_store(store_url(home, load_settings(home)))
    working = {run.name for run in found if busy(run)}
    try:
        log = all_deliveries(store)
    finally:
        store.dispose()
    return [each for each in log if is_unclear(each, each.run in working)]


def _list_of(run: RunFolder) -> str:
    """The list of reports that a run was begun with, from the workbook's folder."""
    return str(run.told().get("file") or FILE_NAME)


def _say_unclear(console: Console, open_ones: list[Delivery], found: list[RunFolder]) -> None:
    options = {run.name: option_of(_list_of(run)) for run in found}
    for each in open_ones:
        words = f"unclear whether {each.address} got {each.report} of run {each.run}, sent at {each.at}"
        ask = how_to_settle(each.address, options.get(each.run, ""))
        console.print(f"{words}. {ask}", markup=False, soft_wrap=True)


def _line(run: RunFolder) -> list[str]:
    told = run.told()
    counts = Counter(record["status"] for record in run.records().values())
    status = "complete" if run.complete else "running" if busy(run) else "incomplete"
    file = _list_of(run)
    resume = "salesops run --resume" if file == FILE_NAME else f"salesops run {file} --resume"
    index = f"{run.path.parent.name}/{run.name}/index.html" if run.complete else resume
    if run.complete and run.half_copied:
        status, index = "half copied", f"salesops deliver {run.name}{option_of(file)}"
    return [
        run.name,
        told.get("begun", "")[:16].replace("T", " "),
        status,
        *(str(counts[name]) for name in ("ok", "skipped", "failed")),
        told.get("data_through") or "",
        index,
    ]


def _reports(run: RunFolder) -> tuple[Sequence[str], list[list[str]]]:
    rows = []
    for record in run.records().values():
        files = ", ".join(form for form in record["outputs"] if form != "ipynb")  # named as the report
        reason = record.get("error", {}).get("message") or files or record.get("reason", "")
        seconds: Any = record["seconds"].get("total", "")
        rows.append([record["id"], record["period"], record["status"], str(seconds), reason])
    return ("report", "period", "status", "seconds", "files or reason"), rows
