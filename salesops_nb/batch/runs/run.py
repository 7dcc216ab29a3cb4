"""A run: plan the jobs, leave out the unchanged, execute the others, and close the folder.

Each job's outputs are moved in before its record is written, and the run's mark of incompleteness
goes last, so that whatever happens in between, what stands there is whole.
"""

from __future__ import annotations

import os
import re
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from salesops_nb.batch.jobs.reports import Mail, Reports
from salesops_nb.batch.lists import mail_variables
from salesops_nb.batch.runs.folder import NOT_POSSIBLE, Record, RunFolder, busy, runs
from salesops_nb.batch.runs.keys import Keys, versions
from salesops_nb.batch.workers.execute import CALL, failure
from salesops_nb.batch.workers.executors import Executor, ForkExecutor, ProcessExecutor, Settings, why
from salesops_nb.batch.workers.forkserver import Ended, ServerDied, can_fork
from salesops_nb.errors import Problem, SalesopsError, problem
from salesops_nb.source.prepared import prepare
from salesops_nb.source.reopened import VARIABLE

if TYPE_CHECKING:
    from salesops_nb.batch.jobs.jobs import Job
    from salesops_nb.source.opened import Workbook

UNMADE = ("failed", NOT_POSSIBLE)
COUNTED = ("ok", "skipped", *UNMADE)
Listener = Callable[[Record], None]


@dataclass(slots=True)
class Planned:
    """A job with its key, and the earlier run whose outputs are still good for it, if any."""

    job: Job
    key: str
    earlier: RunFolder | None = None
    record: Record | None = None

    @property
    def unchanged(self) -> bool:
        """Whether there is nothing to do."""
        return self.record is not None


@dataclass(slots=True)
class _Try:
    planned: Planned
    tries: int = 1
    begun: float = 0.0
    stage: Path | None = None
    plain: bool = False


@dataclass(slots=True)
class Run:
    """What a finished run left: its folder, its records, and what was wrong outside of its jobs."""

    folder: RunFolder
    records: list[Record] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    @property
    def failed(self) -> list[Record]:
        """The jobs that failed."""
        return [record for record in self.records if record["status"] == "failed"]


def plan(
    jobs: Iterable[Job], workbook: Workbook, base: Path, force: bool = False, mark: str = ""
) -> list[Planned]:
    """Each job with its key, and whether an earlier complete run holds the same report."""
    keys = Keys(workbook)
    planned = [Planned(job, keys.key(job, mark)) for job in jobs]
    if force:
        return planned
    wanted = {item.key: item for item in planned}
    for run in runs(base):
        if not wanted:
            break
        if not run.complete:
            continue
        for record in run.records().values():
            item = wanted.get(record.get("key", ""))
            good = record["status"] in ("ok", "skipped")
            if item and good and item.job.id == record["id"] and run.holds(record["outputs"]):
                item.earlier, item.record = run, record
                del wanted[item.key]
    return planned


def resumed(base: Path, lock: bool = True) -> RunFolder:
    """The last run, if something is missing in it, held by this process unless it is only looked at.

    Raises `SalesopsError` where nothing is missing.
    """
    for run in runs(base):
        told = run.told()
        whole = run.complete and all(record["status"] != "failed" for record in told.get("jobs", []))
        if whole:
            break
        if not busy(run):
            if lock:
                run.lock()
            return run
    raise SalesopsError(problem("nothing-to-resume.complete"))


def stale_mark(workbook: Workbook, today: Any, stale: str) -> str:
    """What the cover says of a source that is older than the workbook allows; empty where it is not.

    Raises `SalesopsError` where ``stale: refuse`` (the default of reports.yml) forbids the run.
    """
    limit, last = workbook.settings.max_age_days, workbook.data_through
    if limit is None or last is None or (today - last).days <= limit:
        return ""
    words = f"The data end on {last.isoformat()}: older than the {limit} days the workbook allows."
    if stale == "mark":
        return words
    raise SalesopsError(
        problem(
            "stale-source",
            file="workbook.yml",
            column="max_age_days",
            value=str((today - last).days),
            last=last.isoformat(),
            limit=limit,
        )
    )


def make_executor(workers: int, environment: Mapping[str, str]) -> Executor:
    """Forks where the system can, else a process for each job; `environment` is all that they see of it."""
    return ForkExecutor(workers, environment) if can_fork() else ProcessExecutor(workers, environment)


def environment_of_jobs(reports: Reports, workbook: Workbook) -> dict[str, str]:
    """This process's environment without the passwords of mail servers: it alone sends mails.

    Raises `SalesopsError` where the workbook opens its data or store by the same variable: the jobs need it.
    """
    ours = {Mail.model_fields["password_env"].default, *mail_variables(workbook.folder)}
    ours |= {reports.mail.password_env} if reports.mail else set()
    ours = {name.upper() for name in ours}  # Windows knows no case here
    for file in ("workbook.yml", workbook.settings.mapping):
        path = workbook.folder / file
        text = path.read_text(encoding="utf-8-sig") if path.is_file() else ""
        for name in re.findall(r"\$\{(\w+)\}", text):
            if name.upper() in ours:
                raise SalesopsError(problem("password-of-mail", file=file, value=name))
    return {name: value for name, value in os.environ.items() if name.upper() not in ours}


class Runner:
    """Runs the planned jobs of one folder."""

    def __init__(self, workbook: Workbook, folder: RunFolder, executor: Executor, mark: str = "") -> None:
        self.workbook, self.folder, self.executor, self.mark = workbook, folder, executor, mark
        self._plain: ProcessExecutor | None = None
        self._running: dict[tuple[int, str], _Try] = {}
        # The data that many jobs read is prepared once, here, not once a job.
        prepared = prepare(workbook, workbook.folder / ".cache" / "prepared")
        self._environment = {VARIABLE: f"{workbook.folder}{os.pathsep}{prepared}"}
        if workbook.set_aside:
            workbook.write_rejects(folder.path / "rejects.csv")

    def run(
        self,
        planned: list[Planned],
        listen: Listener = lambda _: None,
        begin: Callable[[str], None] = lambda _: None,
    ) -> list[Record]:
        """Do what is to be done; a record for each job, in the plan's order. `begin` hears each title.

        On Ctrl-C every child is ended, the folder keeps its mark, and `KeyboardInterrupt` goes on.
        """
        records: dict[str, Record] = self._kept(planned)
        for record in records.values():
            listen(record)
        waiting = deque(_Try(item) for item in planned if item.job.id not in records)
        try:
            while waiting or self._running:
                self._fill(waiting, begin)
                for attempt, ended in self._ended():
                    made = self._after(attempt, ended, waiting)
                    if made is not None:
                        records[made["id"]] = made
                        self.folder.record(made["id"], made)
                        listen(made)
        finally:
            self.executor.close()
            if self._plain is not None:
                self._plain.close()
        return [records[item.job.id] for item in planned]

    def _kept(self, planned: list[Planned]) -> dict[str, Record]:
        """What needs no work: done before the interruption, or unchanged since an earlier run."""
        before = self.folder.records()
        kept: dict[str, Record] = {}
        for item in planned:
            if item.job.why_not is not None:
                kept[item.job.id] = _not_possible(item)
                self.folder.record(item.job.id, kept[item.job.id])
                continue
            done = before.get(item.job.id)
            same = done is not None and done["status"] != "failed" and done.get("key") == item.key
            if done is not None and same and self.folder.holds(done["outputs"]):
                kept[item.job.id] = {**done, **described(item)}
            elif item.record is not None and item.earlier is not None:
                kept[item.job.id] = {**self._adopted(item.earlier, item.record), **described(item)}
                self.folder.record(item.job.id, kept[item.job.id])
        return kept

    def _adopted(self, earlier: RunFolder, record: Record) -> Record:
        """The record of a job whose outputs are an earlier run's, still good."""
        self.folder.adopt(earlier, record["outputs"])
        reason = f"unchanged since run {earlier.name}"
        return {**record, "status": "skipped", "reason": reason, "tries": 0, "seconds": {}}

    def _fill(self, waiting: deque[_Try], begin: Callable[[str], None]) -> None:
        while waiting and len(self._running) < self.executor.workers:
            attempt = waiting.popleft()
            executor = self._plain if attempt.plain and self._plain else self.executor
            try:
                self._start(attempt, executor)
                begin(attempt.planned.job.title)
            except ServerDied:
                self._without_forks()
                waiting.appendleft(attempt)

    def _start(self, attempt: _Try, executor: Executor) -> None:
        job = attempt.planned.job
        name = job.id.rpartition("/")[2]
        attempt.stage = self.folder.stage(job.file)
        notebook = self.workbook.folder / job.notebook
        task = {
            "notebook": str(notebook),
            "cwd": str(notebook.parent),
            "parameters": dict(job.parameters),
            "stage": str(attempt.stage),
            "name": name,
            "formats": list(job.formats),
            "title": job.title,
            "context": {"warnings": [self.mark]} if self.mark else {},
            "templates": str(self.workbook.folder / "templates"),
        }
        threads = max(1, (os.cpu_count() or 1) // self.executor.workers)
        settings = Settings(job.timeout, job.memory, threads, str(notebook.parent), self._environment)
        name = executor.submit(CALL, task, settings)
        attempt.begun = time.monotonic()
        self._running[id(executor), name] = attempt

    def _ended(self) -> list[tuple[_Try, Ended]]:
        busy_plain = self._plain is not None and any(key[0] == id(self._plain) for key in self._running)
        done: list[tuple[_Try, Ended]] = []
        executors: list[Executor] = [self.executor, *([self._plain] if busy_plain and self._plain else [])]
        for executor in executors:
            if not any(key[0] == id(executor) for key in self._running):
                continue
            try:
                ended = executor.ended(0.05 if len(executors) > 1 else 0.5)
            except ServerDied:
                lost = [key for key in self._running if key[0] == id(executor)]
                ended = [Ended(name, exit=-9) for _, name in lost]
                done += [(self._running.pop((id(executor), e.id)), e) for e in ended]
                self._without_forks()
                continue
            done += [(self._running.pop((id(executor), each.id)), each) for each in ended]
        return done

    def _without_forks(self) -> None:
        self.executor.close()
        self.executor = ProcessExecutor(self.executor.workers, self.executor.environment)

    def _after(self, attempt: _Try, ended: Ended, waiting: deque[_Try]) -> Record | None:
        """The job's record; None where it is tried again."""
        job = attempt.planned.job
        if ended.crashed and not attempt.plain and isinstance(self.executor, ForkExecutor):
            # The fork itself may be to blame: once more, in a fresh process.
            self._plain = self._plain or ProcessExecutor(self.executor.workers, self.executor.environment)
            attempt.plain = True
            waiting.appendleft(attempt)
            return None
        result = ended.result or failure(why(ended, job.timeout))
        if result["status"] == "failed" and attempt.tries <= job.retries:
            attempt.tries += 1
            waiting.append(attempt)
            return None
        return self._record(attempt, ended, result)

    def _record(self, attempt: _Try, ended: Ended, result: dict[str, Any]) -> Record:
        assert attempt.stage is not None
        job, outputs = attempt.planned.job, dict(result["outputs"])
        if result["status"] == "failed":
            from salesops_nb.batch.runs.index import write_error

            outputs["error"] = write_error(
                attempt.stage, job, result["error"], self.workbook.settings.company
            )
        total = round(time.monotonic() - attempt.begun, 3)
        return {
            **described(attempt.planned),
            "status": result["status"],
            "tries": attempt.tries,
            "forked": not attempt.plain and isinstance(self.executor, ForkExecutor),
            "seconds": {**result["seconds"], "total": total},
            "peak_mib": round(ended.peak_kib / 1024, 1),
            "headlines": result["headlines"],
            "found": result.get("found", {}),
            **({"statement": result["statement"]} if result.get("statement") else {}),
            "outputs": self.folder.move_in(attempt.stage, outputs, job.id),
            **({"error": result["error"]} if "error" in result else {}),
        }


def described(planned: Planned) -> Record:
    """What run.json says of a job before it has run."""
    facts = asdict(planned.job)
    keep = (
        "id",
        "report",
        "title",
        "level",
        "who",
        "name",
        "team",
        "region",
        "period",
        "as_of",
        "notebook",
        "to",
    )
    record = {name: facts[name] for name in keep}
    record["parameters"] = dict(planned.job.parameters)
    return {**record, "key": planned.key}


def _not_possible(item: Planned) -> Record:
    """The record of a report that is not run, with the sentence that says what is missing."""
    why_not = item.job.why_not
    nothing: Record = {"outputs": {}, "seconds": {}, "headlines": {}, "tries": 0}
    reason = "" if why_not is None else str(why_not)
    return {
        **described(item), **nothing, "status": NOT_POSSIBLE, "reason": reason, "optional": item.job.optional,
    }  # fmt: skip


def told(workbook: Workbook, records: list[Record], status: str, begun: str, more: Record) -> Record:
    """The contents of run.json."""
    last = workbook.data_through
    return {
        "status": status,
        "begun": begun,
        "ended": now() if status != "running" else None,
        "company": workbook.settings.company,
        "locale": workbook.settings.locale,
        "currency": workbook.settings.currency,
        "versions": versions(),
        "fingerprint": workbook.fingerprint,
        "data_through": last.isoformat() if last else None,
        **more,
        "counts": {name: sum(r["status"] == name for r in records) for name in COUNTED},
        "jobs": records,
    }


def now() -> str:
    """The moment, for the run's own log; nothing in a report comes from it."""
    return datetime.now(UTC).isoformat(timespec="seconds")
