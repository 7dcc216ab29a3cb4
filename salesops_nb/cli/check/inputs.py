"""What a run reads beside its tables, each file by the same reader as the run, and what is wrong in it."""

from __future__ import annotations

import ast
import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from salesops_nb.core.yaml_file import line_of, read_yaml
from salesops_nb.errors import Problem, SalesopsError, Severity, problem

if TYPE_CHECKING:
    from salesops_nb.batch.jobs.jobs import Job
    from salesops_nb.batch.jobs.reports import Report, Reports
    from salesops_nb.source import Workbook
    from salesops_nb.workbook import Settings

_PAY_PLANS = ("plans", "pay_plan")  # parameters of notebooks that name plans of the workbook


def inputs(folder: Path, settings: Settings | None, workbook: Workbook | None) -> list[Problem]:
    """Every problem of the plans, the pay calendar, the strategy, templates, store, reports and notebooks.

    `settings` and `workbook` are ``None`` where they cannot be read; what hangs on them is left out then.
    """
    found = [*plans(folder, workbook), *pay_calendar(folder), *alerts(folder)]
    found += [*templates(folder), *notebooks(folder)]
    if settings is not None:
        found += [*strategy(folder, settings), *store(folder, settings)]
    if workbook is not None:
        found += sales_model(workbook)
    found += reports(folder, workbook)
    return list(dict.fromkeys(found))


def plans(folder: Path, workbook: Workbook | None) -> list[Problem]:
    """Every plan of the folder ``plans``, its conditions held against the columns of the credit."""
    from salesops_nb.commission.checks.plan_clashes import refuse_clashes
    from salesops_nb.commission.crediting.deal_columns import misnamed
    from salesops_nb.commission.inputs.tables import Tables
    from salesops_nb.commission.plans.plan import load_plan, plan_files
    from salesops_nb.commission.plans.unusual_rates import unusual_rates
    from salesops_nb.notebook.commission_calculation.period_book import FOLDER

    found: list[Problem] = []
    read = []
    for file in plan_files(folder / FOLDER):
        try:
            read.append(load_plan(file))
        except SalesopsError as error:
            found += error.problems
    found += [each for plan in read for each in unusual_rates(plan)]
    if workbook is None or not read:
        return found
    tables = Tables.of(workbook.tables)
    for plan in read:
        found += misnamed(plan, tables)
    for clash in _problems(lambda: refuse_clashes(read, tables)):
        # a workbook that has no assignments may still make other reports
        lesser = clash.code == "no-assignments"
        found.append(replace(clash, severity="warning") if lesser else clash)
    return found


def pay_calendar(folder: Path) -> list[Problem]:
    """The pay calendar, where there is one."""
    from salesops_nb.notebook.commission_calculation.period_book import CALENDAR
    from salesops_nb.store.ledger.calendar import load_pay_calendar

    path = folder / CALENDAR
    return _problems(lambda: load_pay_calendar(path)) if path.exists() else []


def alerts(folder: Path) -> list[Problem]:
    """The rules of alerts, the metrics of one's own and the playbook, where there are any."""
    from salesops_nb.alerts.rules import load_rules
    from salesops_nb.metrics import load_metrics
    from salesops_nb.playbook import load_plays

    return [
        each for read in (load_metrics, load_rules, load_plays) for each in _problems(partial(read, folder))
    ]


def strategy(folder: Path, settings: Settings) -> list[Problem]:
    """Every fault of the file of mission, vision and sales model, where the workbook names one."""
    from salesops_nb.strategy import load

    return _problems(lambda: load(folder, settings))


def sales_model(workbook: Workbook) -> list[Problem]:
    """What the sales model in force names that the data do not have: stages, columns of accounts."""
    from salesops_nb.strategy import held_against, load

    day = workbook.data_through
    try:
        found = load(workbook.folder, workbook.settings)
    except SalesopsError:
        return []  # its own faults are listed already
    return [] if found is None or day is None else held_against(found, workbook.tables, workbook.stages, day)


def templates(folder: Path) -> list[Problem]:
    """Each page of the workbook's own templates, compiled as a report does."""
    import jinja2

    from salesops_nb.present.page.render import environment

    own = folder / "templates"
    found = []
    for file in sorted(path for path in own.rglob("*") if path.is_file()):
        try:
            text = file.read_text(encoding="utf-8")
            if file.suffix == ".j2":
                environment((str(own),)).parse(text)
            elif file.suffix == ".json":
                json.loads(text)
        except (jinja2.TemplateSyntaxError, ValueError) as error:
            found.append(
                problem(
                    "bad-template",
                    file=file.relative_to(folder).as_posix(),
                    row=getattr(error, "lineno", None),
                    error=str(error),
                )
            )
    return found


def store(folder: Path, settings: Settings) -> list[Problem]:
    """Whether the store can be opened; it is only read."""
    from salesops_nb.source.opened import store_url
    from salesops_nb.store.database import try_store

    return _problems(lambda: try_store(store_url(folder, settings)))


def paid_periods(workbook: Workbook) -> list[Problem]:
    """Lines of closed periods that today's data pay otherwise; a workbook without a ledger has none.

    Tables that cannot be read would take everything back: then nothing is calculated anew, and it is said.
    """
    from salesops_nb.commission import load_plans
    from salesops_nb.notebook.commission_calculation.closed_periods import findings
    from salesops_nb.notebook.commission_calculation.period_book import FOLDER
    from salesops_nb.source.opened import store_url
    from salesops_nb.store.database import has_table
    from salesops_nb.store.ledger.closed_periods import state_of_lines

    try:
        if not has_table(store_url(workbook.folder, workbook.settings), "ledger_entries"):
            return []
        if not state_of_lines(workbook.store):
            return []
        if workbook.fatal:
            return [problem("closed-periods-not-checked.unread", table="ledger")]
        return findings(workbook, load_plans(workbook.folder / FOLDER)).warnings()
    except SalesopsError as error:
        found = (each.whole for each in error.problems)
        return [problem("closed-periods-not-checked", table="ledger", finding=each) for each in found]


def notebooks(folder: Path) -> list[Problem]:
    """Each notebook of the workbook's own folder can be read, and its parameters cell is Python."""
    files = sorted((folder / "notebooks").glob("*.ipynb"))
    return [problem for file in files for problem in _notebook(file, None)]


def reports(folder: Path, workbook: Workbook | None) -> list[Problem]:
    """Every list of reports, expanded into its jobs as a run does; a workbook need not have one."""
    from salesops_nb.batch.jobs.reports import FILE_NAME
    from salesops_nb.batch.lists import report_lists, same_files

    found: list[Problem] = []
    if not (folder / FILE_NAME).exists():
        found = [problem("no-reports", file=FILE_NAME)]
    jobs: dict[str, list[Job]] = {}
    for path in report_lists(folder):
        problems, jobs[path.relative_to(folder).as_posix()] = _list(folder, path, workbook)
        found += problems
    for name, same in same_files(jobs):
        lines = read_yaml(folder / str(same.file), keep_lines=True)
        number = [report["name"] for report in lines["reports"]].index(name)
        found.append(_placed(same, str(same.file), lines, ("reports", number)))
    return found


def _list(folder: Path, path: Path, workbook: Workbook | None) -> tuple[list[Problem], list[Job]]:
    """What is wrong in a list of reports, and its jobs."""
    from salesops_nb.batch.delivery.smtp import trust
    from salesops_nb.batch.jobs.reports import FILE_NAME, load_reports
    from salesops_nb.batch.runs.run import environment_of_jobs

    name = path.relative_to(folder).as_posix()
    try:
        listed = load_reports(path)
    except SalesopsError as error:
        return [replace(problem, file=name) for problem in error.problems], []
    lines = read_yaml(path, keep_lines=True)
    found = _problems(lambda: environment_of_jobs(listed, workbook)) if workbook is not None else []
    mail = listed.mail
    if mail is not None and mail.security != "none":
        wrong = _problems(partial(trust, mail, folder))
        named = (replace(problem, file=name, column="mail.ca_file") for problem in wrong)
        found += [_placed(problem, name, lines, ()) for problem in named]
    jobs: list[Job] = []
    for number, report in enumerate(listed.reports):
        problems, made = _report(folder, report, listed, workbook)
        jobs += made
        named = (replace(p, file=name) if p.file in (FILE_NAME, listed.file) else p for p in problems)
        found += [_placed(problem, name, lines, ("reports", number)) for problem in named]
    return found, jobs


def _report(
    folder: Path, report: Report, listed: Reports, workbook: Workbook | None
) -> tuple[list[Problem], list[Job]]:
    from salesops_nb.batch.jobs.jobs import expand

    problems = _notebook(folder / report.notebook, report)
    if problems or workbook is None or workbook.fatal:
        return problems, []
    try:
        jobs = expand(listed, workbook, (report.name,))
    except SalesopsError as error:
        return error.problems, []
    lacking = [_not_possible(job) for job in jobs if job.why_not is not None]
    return [*lacking, *_addresses(report, jobs), *_named_plans(folder, report, jobs)], jobs


def _not_possible(job: Job) -> Problem:
    """What the workbook lacks for a report; no error where the report is optional."""
    assert job.why_not is not None
    severity: Severity = "warning" if job.optional else "error"
    return replace(job.why_not, file="reports.yml", column="notebook", severity=severity)


def _notebook(path: Path, report: Report | None) -> list[Problem]:
    """What keeps a notebook from being run with parameters."""
    from salesops_nb.batch.jobs.declared import declared_parameters, parameter_cells

    try:
        declared = declared_parameters(path, report.name if report else path.stem)
    except SalesopsError as error:
        return error.problems
    for source in parameter_cells(path):
        try:
            ast.parse(source)
        except SyntaxError as error:
            line = (error.text or "").strip()
            return [problem("bad-notebook.parameters-cell", file=path.name, value=line, why=error.msg)]
    if report is not None and not declared:
        given = bool(report.for_each) or bool(report.parameters)
        return [
            problem(
                "no-parameters.every-copy" if given else "no-parameters",
                file=path.name,
                severity="error" if given else "warning",
                report=report.name,
            )
        ]
    return []


def _addresses(report: Report, jobs: Iterable[Job]) -> list[Problem]:
    """Recipients that are no addresses: their letters stay behind."""
    from salesops_nb.batch.delivery.gate import is_address

    wrong = {address: job.title for job in jobs for address in job.recipients if not is_address(address)}
    return [
        problem(
            "no-address",
            file="reports.yml",
            column="audience",
            value=address,
            report=report.name,
            title=title,
        )
        for address, title in wrong.items()
    ]


def _named_plans(folder: Path, report: Report, jobs: Iterable[Job]) -> list[Problem]:
    """Pay plans that a report's parameters name."""
    from pydantic import TypeAdapter

    from salesops_nb.notebook.commission_calculation.period_book import chosen_plans
    from salesops_nb.parameters import Names

    found: list[Problem] = []
    for name in _PAY_PLANS:
        for value in dict.fromkeys(
            TypeAdapter(Names).validate_python(job.parameters.get(name) or ()) for job in jobs
        ):
            problems = _problems(partial(chosen_plans, folder, value)) if value else []
            found += [
                replace(p, file="reports.yml", column=f"parameters.{name}") if p.file is None else p
                for p in problems
            ]
    return found


def _placed(problem: Problem, file: str, lines: Any, place: tuple[str | int, ...]) -> Problem:
    """A problem of a report with the line of reports.yml that it is about."""
    if problem.file != file or problem.row is not None:
        return problem
    return replace(problem, row=line_of(lines, (*place, *(problem.column or "").split("."))))


def _problems(read: Callable[[], object]) -> list[Problem]:
    try:
        read()
    except SalesopsError as error:
        return error.problems
    return []
