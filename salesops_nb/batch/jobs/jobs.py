"""From the list of reports to jobs: one notebook with all its parameters, for one subject and period."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from salesops_nb.batch.jobs.as_of import day_of, resolve_as_of
from salesops_nb.batch.jobs.declared import check_parameters, declared_parameters
from salesops_nb.batch.jobs.paths import check_place, path_facts, path_of
from salesops_nb.batch.jobs.reports import FILE_NAME, READERS, Audience, Report, Reports
from salesops_nb.batch.jobs.subjects import Subject, check_where, subjects
from salesops_nb.core.names import id_of, named, nearest
from salesops_nb.core.periods.forms import resolve_period
from salesops_nb.errors import Problem, SalesopsError, problem
from salesops_nb.messages import message
from salesops_nb.notebook.module import parameters_of
from salesops_nb.notebook.needs import impossible, unmet
from salesops_nb.parameters import Parameters, checked

if TYPE_CHECKING:
    from salesops_nb.source.opened import Workbook

_FIELD = re.compile(r"\{([a-z_]+)\}")


@dataclass(frozen=True, slots=True)
class Job:
    """One report of a run: what is executed, and where it goes; `why_not` where that is not possible."""

    id: str
    report: str
    title: str
    level: str
    who: str
    name: str
    team: str
    region: str
    period: str
    as_of: str
    notebook: str
    parameters: Mapping[str, Any]
    formats: tuple[str, ...]
    retries: int
    timeout: float
    memory: int | None
    reads: tuple[str, ...]
    to: str | None = None
    recipients: tuple[str, ...] = ()
    payee: str | None = None
    facts: Mapping[str, str] = field(default_factory=dict)
    why_not: Problem | None = None
    optional: bool = False

    @property
    def file(self) -> str:
        """The name of its files, without an ending: the report, then whom it is about."""
        return self.id.replace("/", "--")


def expand(
    reports: Reports,
    workbook: Workbook,
    only: tuple[str, ...] = (),
    chosen: Mapping[str, tuple[str, ...]] | None = None,
    period: str | None = None,
) -> list[Job]:
    """Every job of the list; all that is wrong with it in one `SalesopsError`, before anything runs.

    `only` keeps the reports of those names, `chosen` (``{"rep": ("Anna Snelling",)}``) the jobs of
    those subjects, `period` stands in place of every report's own.
    """
    _check_only(reports, only)
    problems: list[Problem] = []
    jobs: list[Job] = []
    for report in reports.reports:
        if only and report.name not in only:
            continue
        try:
            jobs += _jobs_of(report, reports, workbook, period)
        except SalesopsError as error:
            problems += error.problems
    if problems:
        placed = (replace(p, file=reports.file) if p.file == FILE_NAME else p for p in problems)
        raise SalesopsError(dict.fromkeys(placed))  # a period's mistake is every report's: once
    return _chosen(jobs, chosen or {}, workbook)


def _jobs_of(report: Report, reports: Reports, workbook: Workbook, period: str | None) -> list[Job]:
    path = workbook.folder / report.notebook
    declared = declared_parameters(path, report.name)
    _check_told_whom(report, declared, path)  # a page that is another's is refused, possible today or not
    why_not = _why_not(report, workbook)
    if why_not is not None:
        return [_impossible(report, workbook, period or report.period or reports.period, why_not)]
    wrong = check_where(report, workbook)
    if wrong:
        raise SalesopsError(wrong)
    text = period or report.period or reports.period
    try:
        span = resolve_period(text, workbook.calendar, day_of(report.as_of) or workbook.data_through)
    except SalesopsError as error:
        (first, *_more) = error.problems
        if first.code != "no-data-date":
            raise
        return [_impossible(report, workbook, text, first)]
    as_of = resolve_as_of(report.as_of, span, workbook.data_through)
    day = as_of.isoformat() if as_of else ""
    jobs: list[Job] = []
    for subject in subjects(report, workbook, span):
        facts = facts_of(subject, report, workbook, span.key, day)
        parameters = _parameters(report, reports, subject, facts, declared, workbook)
        jobs.append(_job(report, reports, subject, facts, parameters, workbook))
    _check_apart(report, jobs)
    given = [job.parameters for job in jobs]
    check_parameters(path, report.name, given, workbook.calendar, workbook.data_through)
    return [_foretold(job, report, declared, workbook) for job in jobs]


def _foretold(job: Job, report: Report, declared: Mapping[str, Any], workbook: Workbook) -> Job:
    """The job, or where its parameters ask for what the workbook cannot give, one that goes nowhere."""
    path = workbook.folder / report.notebook
    kind = parameters_of(path)
    if kind is None or kind.foretell is Parameters.foretell:
        return job
    values = {name: value for name, value in declared.items() if value is not None}
    why_not = impossible(checked(kind, {**values, **job.parameters}), workbook, path.stem)
    if why_not is None:
        return job
    nowhere: dict[str, Any] = {"to": None, "recipients": (), "payee": None}
    return replace(job, why_not=why_not, optional=report.optional, **nowhere)


_OF_PEOPLE = {"rep": "people", "team": "people.team", "region": "people.region"}


def _why_not(report: Report, workbook: Workbook) -> Problem | None:
    """What the notebook needs and the workbook lacks, or the people that it is made for each of."""
    path = workbook.folder / report.notebook
    kind = parameters_of(path) if path.is_file() else None
    found = unmet(kind.needs, workbook, path.stem) if kind is not None else None
    if found is None:
        found = unmet(
            [_OF_PEOPLE[kind] for kind in report.for_each if kind in _OF_PEOPLE], workbook, path.stem
        )
    return found


def _impossible(report: Report, workbook: Workbook, period: str, why_not: Problem) -> Job:
    """The one job that stands for a report that is not possible; it goes nowhere."""
    company = workbook.settings.company
    facts = {"company": company, "name": company, "period": period, "report": report.name}
    try:
        title = filled(report.title or report.name, facts, report.name)
    except SalesopsError:  # it names whom it would be for
        title = report.name
    return Job(
        id=report.name, report=report.name, title=title, level="company", who="", name=company, team="",
        region="", period=period, as_of="", notebook=report.notebook, parameters={}, formats=report.formats,
        retries=0, timeout=1.0, memory=None, reads=report.reads, facts=facts, why_not=why_not,
        optional=report.optional,
    )  # fmt: skip


def facts_of(subject: Subject, report: Report, workbook: Workbook, period: str, as_of: str) -> dict[str, str]:
    """What ``{…}`` may name: the subject's columns, and the report's own facts."""
    own = {"period": period, "as_of": as_of, "report": report.name, "company": workbook.settings.company}
    return {**subject.facts, **own}


def _year_after(workbook: Workbook, report: Report) -> dict[str, int]:
    """The fiscal year after the last complete month, for a notebook that looks ahead and is told no year."""
    kind = parameters_of(workbook.folder / report.notebook)
    if kind is None or not kind.year_after or workbook.data_through is None:
        return {}
    complete = resolve_period("last-complete-month", workbook.calendar, workbook.data_through)
    year = workbook.calendar.containing(complete.start, "year")
    return {kind.year_after: int(workbook.calendar.containing(year.end, "year").key)}


def _parameters(
    report: Report,
    reports: Reports,
    subject: Subject,
    facts: Mapping[str, str],
    declared: Mapping[str, Any],
    workbook: Workbook,
) -> dict[str, Any]:
    """What the notebook gets: what the report says, and what it declares and the report leaves open."""
    home = os.path.relpath(workbook.folder, (workbook.folder / report.notebook).parent)
    given = {
        "workbook": Path(home).as_posix(),
        "period": facts["period"],
        "as_of": facts["as_of"],
        "level": subject.kind,
        "who": subject.who,
        subject.kind: subject.who,
    } | _year_after(workbook, report)
    if report.audience in READERS and ("audience" in declared or report.audience not in reports.audiences):
        given["audience"] = report.audience  # a notebook without pages for readers refuses it
    said = {name: filled(value, facts, report.name) for name, value in report.parameters.items()}
    taken = {*declared, "audience"}
    return {name: value for name, value in given.items() if name in taken} | said


def _job(
    report: Report,
    reports: Reports,
    subject: Subject,
    facts: Mapping[str, str],
    parameters: Mapping[str, Any],
    workbook: Workbook,
) -> Job:
    who = path_of(subject.who, subject.bare_name) if subject.who else ""
    # a team may bear a rep's name
    place = (report.name, subject.kind, who) if len(report.for_each) > 1 else (report.name, who)
    goes = going(report, reports, subject, facts, workbook)
    return Job(
        id="/".join(place) if who else report.name,
        report=report.name,
        title=goes["title"],
        level=subject.kind,
        who=subject.who,
        name=facts["name"],
        team=facts.get("team", ""),
        region=facts.get("region", ""),
        period=facts["period"],
        as_of=facts["as_of"],
        notebook=report.notebook,
        parameters=parameters,
        formats=report.formats,
        retries=reports.retries if report.retries is None else report.retries,
        timeout=report.timeout or reports.timeout,
        memory=report.memory or reports.memory,
        reads=report.reads,
        to=goes["to"],
        recipients=goes["recipients"],
        payee=goes["payee"],
        facts=facts,
    )


def going(
    report: Report, reports: Reports, subject: Subject, facts: Mapping[str, str], workbook: Workbook
) -> dict[str, Any]:
    """Where a report goes and under which title: title, to (a folder), recipients, subject, attach, payee."""
    audience: Audience | None = reports.audience(report)
    title = filled(
        report.title or (f"{report.name}: {{name}}" if subject.who else report.name), facts, report.name
    )
    names = {**facts, "title": title}
    to = filled(report.to, path_facts(names, subject.bare_name), report.name) if report.to else None
    if to is not None and report.to is not None:
        check_place(report.to, to, workbook.folder, report.name)
    return {
        "title": title,
        "to": to,
        "recipients": _addresses(audience, names, report.name),
        "subject": filled(audience.subject, names, report.name) if audience else "",
        "attach": audience.attach if audience else (),
        "payee": filled(report.payee, facts, report.name) if report.pay else None,
    }


def _addresses(audience: Audience | None, facts: Mapping[str, str], report: str) -> tuple[str, ...]:
    if audience is None:
        return ()
    found = [filled(address, facts, report).strip() for address in audience.to]
    first: dict[str, str] = {}
    for address in found:
        first.setdefault(address.lower(), address)  # one mailbox, however it is spelt
    return tuple(first.values())


def filled(value: Any, facts: Mapping[str, str], report: str) -> Any:
    """The value with each ``{name}`` replaced; raises `SalesopsError` with the names there are."""
    if isinstance(value, list | tuple):
        return [filled(each, facts, report) for each in value]
    if not isinstance(value, str):
        return value
    for name in _FIELD.findall(value):
        if name not in facts:
            raise SalesopsError(
                problem(
                    "unknown-name",
                    file="reports.yml",
                    value=value,
                    report=report,
                    name=name,
                    known=", ".join(sorted(facts)),
                )
            )
    return _FIELD.sub(lambda match: facts[match[1]], value)


def _check_told_whom(report: Report, declared: Mapping[str, Any], path: Path) -> None:
    """Raise `SalesopsError` where a page for each would be everybody's or another's: what the notebook is
    told is not whose it is.
    """
    kinds = [kind for kind in report.for_each if kind != "company"]

    def refused(key: str, **values: Any) -> SalesopsError:
        value = ", ".join(kinds)
        return SalesopsError(
            problem(key, file="reports.yml", column="for_each", value=value, report=report.name, **values)
        )

    told = {"who", *kinds} & set(declared) or _says_whom(report, path)
    if kinds and not told:
        notebook = Path(report.notebook).name
        raise refused("bad-for-each.no-subject", notebook=notebook, kinds=" and ".join(kinds))
    for name in ("level", "scope"):
        if kinds and report.parameters.get(name, name == "scope" and declared.get(name)) == "company":
            raise refused("bad-for-each.company", name=name, kinds=" and ".join(kinds))
    for kind in kinds if "who" not in report.parameters else ():
        of = _kind_of_who(report, declared, path, kind)
        if of not in (None, kind):
            notebook = Path(report.notebook).name
            raise refused("bad-for-each.other-level", notebook=notebook, level=of, kind=kind)


def _says_whom(report: Report, path: Path) -> bool:
    """Whether a parameter takes whom a page is about, and not a text beside it such as a reason.

    A notebook of one's own may call it as it likes; those that we ship declare whom they can be about.
    """
    named = [name for name, value in report.parameters.items() if _FIELD.search(str(value))]
    kind = parameters_of(path)
    if kind is None or not kind.__module__.startswith("salesops_nb."):
        return bool(named)
    extras = [kind.model_fields[name].json_schema_extra for name in named if name in kind.model_fields]
    return any(isinstance(extra, dict) and extra.get("choices") in ("people", "who") for extra in extras)


def _kind_of_who(report: Report, declared: Mapping[str, Any], path: Path, kind: str) -> str | None:
    """Of which kind the notebook's ``who`` is, as its class declares it; None where it does not say."""
    field = getattr(parameters_of(path), "model_fields", {}).get("who")
    extra = field.json_schema_extra if field is not None else None
    if not isinstance(extra, dict):
        return None
    if extra.get("choices") == "people":
        return "rep"
    by = str(extra.get("by"))
    # the batch fills `level` in
    value = report.parameters.get(by, kind if by == "level" else declared.get(by))
    return value if extra.get("choices") == "who" and isinstance(value, str) and "{" not in value else None


def _check_apart(report: Report, jobs: list[Job]) -> None:
    """Raise `SalesopsError` where two subjects would write the same files: their hashes are one."""
    first: dict[str, Job] = {}
    for job in jobs:
        other = first.setdefault(job.id, job)
        if other is not job:
            raise SalesopsError(
                problem(
                    "same-path",
                    file="reports.yml",
                    column="for_each",
                    value=job.who,
                    report=report.name,
                    other=other.who,
                    path=job.id,
                )
            )


def _check_only(reports: Reports, only: tuple[str, ...]) -> None:
    names = [report.name for report in reports.reports]
    unknown = [name for name in only if name not in names]
    if unknown:
        near, known = nearest(unknown[0], names, 70), ", ".join(names)
        raise SalesopsError(
            problem("unknown-report.near", file=reports.file, value=unknown[0], near=near[0], names=known)
            if near
            else problem("unknown-report", file=reports.file, value=unknown[0], names=known)
        )


def _chosen(jobs: list[Job], chosen: Mapping[str, tuple[str, ...]], workbook: Workbook) -> list[Job]:
    """The jobs of those asked for by id or name; one that no job bears is an error, not an empty run."""
    for kind, names in chosen.items():
        held = {job.facts.get(kind, "") for job in jobs} - {""}
        asked = {_asked(kind, name, held, workbook) for name in names}
        jobs = [job for job in jobs if job.why_not is not None or job.facts.get(kind) in asked]
    return jobs


def _asked(kind: str, name: str, held: Collection[str], workbook: Workbook) -> str:
    """The subject that a name or an id means."""
    asked = name if name in held or kind != "rep" else id_of(workbook.tables, "people", name)
    if asked is not None and asked in held:
        return asked
    known = sorted(named(workbook.tables, "people", held) if kind == "rep" else held)
    close = nearest(name, known, 80)
    shown = ", ".join(known[:40]) + (", …" if len(known) > 40 else "")
    raise SalesopsError(
        problem("unknown-subject.near", column=kind, value=name, names=", ".join(close))
        if close
        else problem("unknown-subject", column=kind, value=name, names=shown or message("none"))
    )
