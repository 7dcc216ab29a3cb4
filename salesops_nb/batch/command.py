"""What `salesops run` does, from the file to the exit code."""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

from rich.console import Console

from salesops_nb.batch.delivery.deliver import Post
from salesops_nb.batch.jobs.jobs import expand
from salesops_nb.batch.jobs.reports import FILE_NAME, Reports, load_reports, of_list
from salesops_nb.batch.lists import check_apart
from salesops_nb.batch.runs.folder import NOT_POSSIBLE, Record, RunFolder, runs
from salesops_nb.batch.runs.index import write_incomplete, write_indexes
from salesops_nb.batch.runs.links import link_pages
from salesops_nb.batch.runs.pace import Pace
from salesops_nb.batch.runs.run import (
    Planned,
    Runner,
    described,
    environment_of_jobs,
    make_executor,
    now,
    plan,
    resumed,
    stale_mark,
    told,
)
from salesops_nb.batch.terminal import print_rows, terminal
from salesops_nb.errors import SalesopsError, problem
from salesops_nb.source.opened import Workbook, open_workbook

INTERRUPTED = 130


@dataclass(frozen=True, slots=True)
class Asked:
    """The arguments of `salesops run`; `today` is the day against which the source's age is counted."""

    file: Path
    only: tuple[str, ...] = ()
    chosen: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    period: str | None = None
    jobs: int | None = None
    force: bool = False
    dry_run: bool = False
    resume: bool = False
    deliver: bool = False
    today: date | None = None


def run_reports(asked: Asked, console: Console | None = None) -> int:
    """Run the reports; the exit code: 0 when all is well, 1 when not, 130 after Ctrl-C."""
    console = console or terminal()
    file, reports, workbook = opened(asked.file)
    asked = replace(asked, file=file)
    folder = None
    if asked.resume:
        folder = resumed(workbook.folder / reports.folder, lock=not asked.dry_run)
    try:
        if folder is not None:
            reports, asked = _as_begun(console, folder, reports, workbook, asked)
        mark = stale_mark(workbook, asked.today or _today(workbook), reports.stale)
        with of_list(reports):
            return _planned_run(console, reports, workbook, asked, folder, mark)
    finally:
        if folder is not None:
            folder.close()


def _planned_run(
    console: Console,
    reports: Reports,
    workbook: Workbook,
    asked: Asked,
    folder: RunFolder | None,
    mark: str,
) -> int:
    """Plan, and unless only the plan is asked for, run."""
    base = workbook.folder / reports.folder
    jobs = expand(reports, workbook, asked.only, asked.chosen, asked.period)
    check_apart(asked.file, jobs, workbook)
    if not asked.dry_run:  # before the plan, for what is kept changes a report
        keep_open_deals(console, workbook)
        look_for_alerts(console, reports, workbook, asked)
    workers = asked.jobs or reports.jobs or _processors()
    environment = None if asked.dry_run else environment_of_jobs(reports, workbook)
    with _executor(workers, environment) as executor:  # warms up while the plan is made
        planned = plan(jobs, workbook, base, asked.force, mark)
        show_plan(console, planned, mark)
        if asked.dry_run:
            before = folder.records() if folder is not None else {}
            records = [_foreseen(item, before.get(item.job.id)) for item in planned]
            Post(console, records, reports, workbook, None).show()
            return 0
        if folder is None:
            folder = RunFolder.create(base)
        else:
            folder.reopen()
        try:
            with _interruptible():
                begun, more = now(), _more(folder, workbook, asked, executor.workers, mark)
                # told before anything else is done: --resume goes by it
                folder.tell(told(workbook, list(folder.records().values()), "running", begun, more))
                runner = Runner(workbook, folder, executor, mark)
                return _run(console, runner, planned, reports, asked, begun, more)
        except KeyboardInterrupt:
            if folder.complete:
                again = f"salesops deliver{reports.option}"
                console.print(f"Stopped. Run {folder.name} is complete; deliver it with: {again}")
                return INTERRUPTED
            folder.tell({**folder.told(), "status": "incomplete", "ended": now()})
            write_incomplete(folder, [described(item) for item in planned])
            named = "" if reports.file == FILE_NAME else f"{reports.file} "
            again = f"salesops run {named}--resume"
            console.print(f"Stopped. Run {folder.name} is incomplete; go on with: {again}")
            return INTERRUPTED
        finally:
            folder.close()


def keep_open_deals(console: Console, workbook: Workbook) -> None:
    """Keep the open deals of the data's last day in the store, where there are deals with a date."""
    from salesops_nb.pipeline.snapshot import keep_day, said

    if "deals" not in workbook.tables or workbook.data_through is None:
        return
    currency = workbook.settings.currency
    try:
        kept = keep_day(workbook.store, workbook.tables, workbook.data_through, currency=currency)
    except SalesopsError as error:
        if any(found.code != "no-dates" for found in error.problems):
            raise
        return
    if kept.done != "same":
        console.print(said(kept, currency), highlight=False, soft_wrap=True)


def look_for_alerts(console: Console, reports: Reports, workbook: Workbook, asked: Asked) -> None:
    """Open and close the alerts of the data's last day, where there are rules; tell with --deliver."""
    from salesops_nb.alerts.rules import FILE_NAME as RULES
    from salesops_nb.batch.delivery.notices import send_notices
    from salesops_nb.notebook.alerts.looking import look

    if (
        not (workbook.folder / RULES).exists()
        or "deals" not in workbook.tables
        or workbook.data_through is None
    ):
        return
    today = asked.today or _today(workbook)
    try:
        made = look(workbook, today=today)
        said = []
        if asked.deliver:
            notices = send_notices(made, reports.mail, today)
            said = [f"{notices.sent} notice{'s' * (notices.sent != 1)} sent", *notices.said]
    except SalesopsError as error:  # a report of alerts fails of it; the others are as good as ever
        said = [f"Alerts could not be looked for: {line}" for line in error.lines()]
    else:
        if made.opened or made.closed:
            said.insert(0, f"Alerts: {len(made.opened)} opened, {len(made.closed)} closed")
    for line in said:
        console.print(line, highlight=False, soft_wrap=True, markup=False)


def _foreseen(item: Planned, done: Record | None) -> Record:
    """The record a planned job will have, as far as it is known: of what is good already, all."""
    if done is not None and (done["status"] == "failed" or done["key"] != item.key):
        done = None
    return {**(done or item.record or {"status": "planned"}), **described(item)}


def _as_begun(
    console: Console, folder: RunFolder, reports: Reports, workbook: Workbook, asked: Asked
) -> tuple[Reports, Asked]:
    """The list and the choice with which a run was begun: --resume does that, no more and no less."""
    before = folder.told()
    if not before:
        raise SalesopsError(problem("nothing-to-resume.not-begun", value=folder.name))
    then = before.get("asked")
    if then is None:
        return reports, asked
    file, reports = _own_list(console, folder, workbook, asked.file, reports)
    chosen = {kind: tuple(names) for kind, names in then["for"].items()}
    only, period, force = tuple(then["only"]), then["period"], then["force"]
    return reports, replace(asked, file=file, only=only, chosen=chosen, period=period, force=force)


def _own_list(
    console: Console, folder: RunFolder, workbook: Workbook, file: Path, reports: Reports
) -> tuple[Path, Reports]:
    """The list with which a run was begun, as it is today; `file` and `reports` where it is the same."""
    name = folder.told().get("file")
    if name is None or workbook.folder / name == file:
        return file, reports
    own = workbook.folder / name
    if not own.is_file():
        raise SalesopsError(problem("no-reports-file", file=name, folder=folder.name))
    console.print(f"Run {folder.name} was begun with {name}: that list holds.")
    return own, load_reports(own).placed(workbook.folder, own)


def opened(path: Path) -> tuple[Path, Reports, Workbook]:
    """The list of reports and its workbook, found from the file's folder upward, its language in force."""
    from salesops_nb import present

    file = path.resolve()
    if not file.exists() and path.name == str(path):
        from salesops_nb.workbook import find_workbook

        file = find_workbook(".") / path.name
    reports = load_reports(file)
    workbook = open_workbook(file.parent)
    present.use_locale(workbook.settings.locale, workbook.settings.currency)
    return file, reports.placed(workbook.folder, file), workbook


def _more(folder: RunFolder, workbook: Workbook, asked: Asked, workers: int, mark: str) -> Record:
    """What run.json says of the run as it was asked for."""
    return {
        "run": folder.name,
        "file": Path(os.path.relpath(asked.file, workbook.folder)).as_posix(),
        "asked": {
            "only": list(asked.only),
            "for": {kind: list(names) for kind, names in asked.chosen.items()},
            "period": asked.period,
            "jobs": workers,
            "force": asked.force,
        },
        "warnings": [mark] if mark else [],
    }


def _run(
    console: Console,
    runner: Runner,
    planned: list[Planned],
    reports: Reports,
    asked: Asked,
    begun: str,
    more: Record,
) -> int:
    folder, workbook = runner.folder, runner.workbook
    records = link_pages(folder, with_progress(console, runner, planned), workbook)
    folder.tell(told(workbook, records, "running", begun, more))
    post = Post(console, records, reports, workbook, folder)
    post.publish()
    states = post.states()
    folder.tell(told(workbook, records, "complete", begun, {**more, "states": states}))
    index = write_indexes(folder, post.records, states)
    folder.finish()
    failed = say_end(console, records, index)
    undelivered = asked.deliver and not _delivered(post)
    return 1 if failed or undelivered else 0


@dataclass(frozen=True, slots=True)
class Posted:
    """The arguments of `salesops deliver`: a run's number, who releases it, what a person found out."""

    file: Path
    run: str | None = None
    released_by: str | None = None
    dry_run: bool = False
    arrived: tuple[str, ...] = ()
    again: tuple[str, ...] = ()


def deliver_again(asked: Posted, console: Console | None = None) -> int:
    """Send a complete run's reports (the last one's unless a number is given); the exit code."""
    console = console or terminal()
    file, reports, workbook = opened(asked.file)
    folder = chosen_run(workbook.folder / reports.folder, asked.run)
    _, reports = _own_list(console, folder, workbook, file, reports)
    if not asked.dry_run:
        folder.lock()  # of two deliverers of a run the second is told so
    try:
        with of_list(reports):
            return _deliver(console, folder, reports, workbook, asked)
    finally:
        folder.close()


def _deliver(console: Console, folder: RunFolder, reports: Reports, workbook: Workbook, asked: Posted) -> int:
    """Deliver a run's reports, or show what would be; the exit code."""
    post = Post(console, folder.told().get("jobs", []), reports, workbook, folder)
    post.check()
    if asked.released_by is not None:  # on trial: whether this person may
        post.gate.release_all(post.records, asked.released_by, write=False)
    if asked.dry_run:
        post.show()
        return 0
    post.settle(asked.arrived, arrived=True)
    post.settle(asked.again, arrived=False)
    if asked.released_by is not None or folder.half_copied:
        with folder.copying():
            if asked.released_by is not None:
                post.gate.release_all(post.records, asked.released_by)
            post.publish()
    return 0 if _delivered(post) else 1


def _delivered(post: Post) -> bool:
    """Deliver, and whatever comes of it say so in the index."""
    folder = post.folder
    assert folder is not None
    try:
        return post.deliver()
    finally:
        if folder.complete:
            states = post.states()
            folder.tell({**folder.told(), "states": states})
            write_indexes(folder, post.records, states)


def chosen_run(base: Path, number: str | None) -> RunFolder:
    """The run of that number, or the last one; raises `SalesopsError` where there is none."""
    for run in runs(base):
        if number is None or run.name == number.zfill(4):
            return run
    raise SalesopsError(problem("no-run.yet" if number is None else "no-run", value=number))


def with_progress(console: Console, runner: Runner, planned: list[Planned]) -> list[Record]:
    """Run the jobs under a bar that names the report begun last and the time left; failures are said."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (BarColumn(20), MofNCompleteColumn(), TextColumn("{task.fields[left]}"),
               TextColumn("{task.description}", markup=False))  # fmt: skip
    with Progress(*columns, console=console, transient=True) as progress:
        bar = progress.add_task("", total=len(planned), left="")
        pace = Pace(len(planned))

        def begin(title: str) -> None:
            pace.begin()
            progress.update(bar, description=title)

        def listen(record: Record) -> None:
            pace.end(record)
            progress.update(bar, advance=1, left=pace.words())
            if record["status"] == NOT_POSSIBLE:
                progress.console.print(f"[yellow]not possible[/] {record['id']}: ", end="")
                progress.console.print(record["reason"], markup=False)
            if record["status"] == "failed":
                progress.console.print(f"[red]failed[/] {record['id']}: ", end="")
                progress.console.print(record["error"]["message"], markup=False)

        return runner.run(planned, listen, begin)


def show_plan(console: Console, planned: list[Planned], mark: str) -> None:
    """Print what will be run: a line a report, with its period and how many are unchanged."""
    days = {item.job.as_of for item in planned}
    dated = len(days) > 1  # a column only where it tells reports apart: the table fits 80 letters
    heads = ("report", "notebook", "for", "period", *(["as of"] if dated else []), "formats")
    groups: dict[tuple[str, ...], list[Planned]] = {}
    key: tuple[str, ...]
    for item in planned:
        job = item.job
        day, formats = ([job.as_of] if dated else []), ", ".join(job.formats)
        key = (job.report, Path(job.notebook).stem, job.level, job.period, *day, formats)
        groups.setdefault(key, []).append(item)
    rows = [
        [*key, str(len(items)), str(sum(item.unchanged for item in items))] for key, items in groups.items()
    ]
    if len(days) == 1:
        console.print(f"as of {''.join(days)}")
    print_rows(console, (*heads, "jobs", "unchanged"), rows, right=("jobs", "unchanged"))
    if mark:
        console.print(f"[yellow]warning[/] {mark}")


def say_end(console: Console, records: list[Record], index: Path) -> int:
    """Print how the run ended and where its index is; how many failed or, not optional, were not possible."""
    counts = Counter(record["status"] for record in records)
    made, failed, skipped = counts["ok"], counts["failed"], counts["skipped"]
    more = f", {counts[NOT_POSSIBLE]} not possible" if counts[NOT_POSSIBLE] else ""
    console.print(f"{made} made, {skipped} skipped (unchanged), {failed} failed{more}")
    console.print(str(index), soft_wrap=True)
    wanted = [record for record in records if record["status"] == NOT_POSSIBLE and not record["optional"]]
    return failed + len(wanted)


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _today(workbook: Workbook) -> date:
    """The company's own day, only to tell how old its source is."""
    from datetime import datetime
    from zoneinfo import ZoneInfo

    return datetime.now(ZoneInfo(workbook.settings.time_zone)).date()


@contextmanager
def _executor(workers: int, environment: Mapping[str, str] | None) -> Iterator[Any]:
    """What runs the jobs in that environment; nothing for a dry run, which has none."""
    executor = None if environment is None else make_executor(workers, environment)
    try:
        yield executor
    finally:
        if executor is not None:
            executor.close()


@contextmanager
def _interruptible() -> Iterator[None]:
    """SIGTERM ends a run as Ctrl-C does."""

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    try:
        before = signal.signal(signal.SIGTERM, stop)
    except ValueError:  # not the main thread
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
