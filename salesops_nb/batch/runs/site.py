"""What the runs of a folder made, as one site: of each report the newest, whichever run made it.

A list's last whole run says which reports there are. A run of a part (`--only`, `--for`) adds to them; a run
of an earlier period stands under its own, and one of a part of another length too: neither takes a place.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

from salesops_nb.batch.jobs.reports import FILE_NAME
from salesops_nb.batch.runs.folder import Record, RunFolder, runs
from salesops_nb.core.periods.calendar import FiscalCalendar
from salesops_nb.core.periods.forms import length_of, resolve_period
from salesops_nb.errors import SalesopsError

# Parameters that move with the period: a figure that was asked for by other ones is another figure.
_OF_TIME = {"workbook", "period", "as_of", "year"}
_KINDS = {
    **dict.fromkeys(("money", "cents", "about"), "money"),
    **dict.fromkeys(("percent", "whole_percent"), "share"),
    **dict.fromkeys(("number", "integer", "decimal", "tenths"), "number"),
}


class Ran(NamedTuple):
    """A run: its number, what it says of itself, and its reports."""

    name: str
    told: Record
    records: list[Record]

    @property
    def number(self) -> int:
        """The run's number: the later run has the higher one."""
        return int(self.name)

    @property
    def partial(self) -> bool:
        """Whether only some of the list's reports were asked for."""
        asked = self.told.get("asked") or {}
        return bool(asked.get("only") or asked.get("for"))

    @property
    def list_of(self) -> str:
        """The list of reports by which it was made."""
        return str(self.told.get("file") or FILE_NAME)


class Made(NamedTuple):
    """A report, and the run that made it."""

    run: Ran
    record: Record


def ran(base: Path, current: RunFolder | None = None, records: list[Record] | None = None) -> list[Ran]:
    """The complete runs of a folder, newest first; `current` counts as complete, with these records."""
    found = []
    for run in runs(base):
        mine = current is not None and run.name == current.name
        if not (mine or run.complete):
            continue
        told = run.told()
        jobs = records if mine and records is not None else told.get("jobs", [])
        found.append(Ran(run.name, {name: told[name] for name in told if name != "jobs"}, jobs))
    return found


def newest(found: Iterable[Ran]) -> list[Made]:
    """Each report that there is now, once: of its usual length of period the last, made last."""
    by_list: dict[str, list[Ran]] = {}
    for run in found:
        by_list.setdefault(run.list_of, []).append(run)
    chosen: dict[str, Made] = {}
    for mine in by_list.values():
        whole = max((run for run in mine if not run.partial), key=_reach, default=None)
        later = [run for run in mine if whole is None or (run.partial and run.number > whole.number)]
        usual = {record["id"]: length_of(record["period"]) for record in (whole.records if whole else [])}
        for run in [*([whole] if whole else []), *reversed(later)]:
            for record in run.records:
                chosen.setdefault(record["id"], _newest_of(record["id"], mine, usual))
    return list(chosen.values())


def ends(period: str) -> date:
    """The last day of a key's period; of a report without one the first day there is."""
    try:
        return resolve_period(period, FiscalCalendar(), None).last
    except SalesopsError:
        return date.min


def course(found: Iterable[Ran], made: Made, label: str) -> list[tuple[str, float | None]]:
    """A figure of a report in each period up to its own, oldest first: each period's last run counts.

    What was asked by other parameters, in another currency or unit, or for another length of period is
    another figure, and not part of the course.
    """
    record, now = made.record, made.record["period"]
    same, known = _figure(made, label), dict[str, float | None]()
    for run in sorted(found, key=lambda each: each.number):
        for other in run.records:
            if other["id"] != record["id"] or label not in other["headlines"]:
                continue
            period = other["period"]
            fits = length_of(period) == length_of(now) and ends(period) <= ends(now)
            if fits and _figure(Made(run, other), label) == same:
                known[period] = other["headlines"][label].get("number")
    return sorted(known.items(), key=lambda each: (ends(each[0]), each[0]))


def _figure(made: Made, label: str) -> tuple[Any, ...]:
    """What makes a figure the same figure in another period."""
    record = made.record
    unit = record["headlines"][label].get("unit")
    asked = {name: value for name, value in (record.get("parameters") or {}).items() if name not in _OF_TIME}
    told: Mapping[str, Any] = made.run.told
    return record.get("notebook"), asked, _KINDS.get(str(unit), unit), told.get("currency")


def _reach(run: Ran) -> tuple[date, int]:
    """How far a run's reports reach, then which is newer."""
    return max((ends(record["period"]) for record in run.records), default=date.min), run.number


def _newest_of(job: str, mine: Iterable[Ran], usual: Mapping[str, str]) -> Made:
    every = [Made(run, record) for run in mine for record in run.records if record["id"] == job]
    length = usual.get(job) or length_of(max(every, key=lambda each: each.run.number).record["period"])
    fit = [each for each in every if length_of(each.record["period"]) == length]
    return max(fit, key=lambda each: (ends(each.record["period"]), each.run.number))
