"""Where a run's reports go: by reports.yml as it is today, whichever run made them, and when."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from salesops_nb.batch.jobs.jobs import facts_of, filled, going
from salesops_nb.batch.jobs.reports import Report, Reports
from salesops_nb.batch.jobs.subjects import Subject, subjects
from salesops_nb.batch.runs.folder import Record
from salesops_nb.core.periods.forms import resolve_period
from salesops_nb.errors import SalesopsError
from salesops_nb.present.language.sentences import translate

if TYPE_CHECKING:
    from salesops_nb.source.opened import Workbook

_NOWHERE: Record = {"recipients": (), "subject": "", "attach": (), "payee": None}


def addressed(records: Iterable[Record], reports: Reports, workbook: Workbook) -> list[Record]:
    """The records with today's title, `to` and ``delivery`` (recipients, subject, attach, payee).

    A report or a subject that the list does not name any more goes nowhere: ``delivery.gone`` says why.
    """
    known = {report.name: report for report in reports.reports}
    subjects_of = _Subjects(workbook)
    return [_addressed(record, known.get(record["report"]), reports, subjects_of) for record in records]


def _addressed(record: Record, report: Report | None, reports: Reports, subjects_of: _Subjects) -> Record:
    if report is None:
        return _gone(record, f"{reports.file} no longer has the report {record['report']!r}")
    found = subjects_of(report, record["period"])
    if isinstance(found, str):
        return _gone(record, found)
    subject = found.get((record["level"], record["who"]))
    if subject is None:
        return _gone(record, f"{reports.file} no longer makes {record['report']!r} for {record['who']!r}")
    if record["notebook"] != report.notebook:
        return _gone(record, f"it was made by {record['notebook']}, not by today's {report.notebook}: run it")
    facts = facts_of(subject, report, subjects_of.workbook, record["period"], record["as_of"])
    given = {name: filled(value, facts, report.name) for name, value in report.parameters.items()}
    other = [name for name in given if _text(record["parameters"].get(name)) != _text(given[name])]
    if other:
        return _gone(record, f"it was made with another {', '.join(other)} than {reports.file} has: run it")
    goes = going(report, reports, subject, facts, subjects_of.workbook)
    return {**record, "title": goes.pop("title"), "to": goes.pop("to"), "delivery": goes}


def _text(value: Any) -> str:
    """A value as run.json has it."""
    return json.dumps(value, sort_keys=True, default=str)


def _gone(record: Record, why: str) -> Record:
    return {**record, "to": None, "delivery": {**_NOWHERE, "gone": why}}


class _Subjects:
    """The subjects of a report in a period, read once."""

    def __init__(self, workbook: Workbook) -> None:
        self.workbook = workbook
        self._found: dict[tuple[str, str], dict[tuple[str, str], Subject] | str] = {}

    def __call__(self, report: Report, period: str) -> dict[tuple[str, str], Subject] | str:
        key = (report.name, period)
        if key not in self._found:
            self._found[key] = self._read(report, period)
        return self._found[key]

    def _read(self, report: Report, period: str) -> Any:
        try:
            span = resolve_period(period, self.workbook.calendar, self.workbook.data_through)
            return {(each.kind, each.who): each for each in subjects(report, self.workbook, span)}
        except SalesopsError as error:
            # nobody is left of them, or the data have no day from which the period counts
            return " ".join(translate(problem.message) for problem in error.problems)
