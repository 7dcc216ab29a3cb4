"""The lists of reports that a workbook has, and whether two of them write the same files."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from salesops_nb.batch.jobs.jobs import Job, expand
from salesops_nb.batch.jobs.reports import FILE_NAME, load_reports
from salesops_nb.errors import Problem, SalesopsError, problem

if TYPE_CHECKING:
    from salesops_nb.source.opened import Workbook

_REPORTS = re.compile(rb"^(?:\xef\xbb\xbf)?[\"']?reports[\"']?\s*:", re.MULTILINE)


def report_lists(folder: Path) -> list[Path]:
    """``reports.yml`` and every other YAML file of the workbook that has the key ``reports``.

    Those in its folders count as well: `salesops run` finds the workbook above them. Hidden folders, runs
    and other workbooks are not looked into.
    """
    own = folder / FILE_NAME
    lists = {path for path in _yaml_files(folder) if path == own or _names_reports(path)}
    return sorted(lists, key=lambda path: (path != own, path.relative_to(folder).as_posix()))


def _names_reports(path: Path) -> bool:
    try:
        return _REPORTS.search(path.read_bytes()) is not None
    except OSError:  # a link that leads nowhere, or somebody else's file: no run can read it either
        return False


def _yaml_files(folder: Path) -> Iterator[Path]:
    for place, folders, names in os.walk(folder):
        at = Path(place)
        if at != folder and ("workbook.yml" in names or "run.json" in names):
            folders.clear()
            continue
        folders[:] = [name for name in folders if not name.startswith((".", "__")) and name != "node_modules"]
        yield from (at / name for name in names if name.endswith((".yml", ".yaml")))


def mail_variables(folder: Path) -> set[str]:
    """The environment variables that the workbook's lists name for the password of their mails."""
    found = set()
    for path in report_lists(folder):
        with suppress(SalesopsError):  # a list that cannot be read sends nothing
            mail = load_reports(path).mail
            found |= {mail.password_env} if mail else set()
    return found


def check_apart(file: Path, jobs: Sequence[Job], workbook: Workbook) -> None:
    """Raise `SalesopsError` where another list of the workbook copies to the same files as these jobs."""
    mine = {job.report.casefold() for job in jobs if job.to}
    found: dict[str, Iterable[Job]] = {}
    for other in report_lists(workbook.folder) if mine else ():
        if other.samefile(file):
            continue
        try:
            listed = load_reports(other)
            names = tuple(each.name for each in listed.reports if each.to and each.name.casefold() in mine)
            name = other.relative_to(workbook.folder).as_posix()
            found[name] = expand(listed, workbook, names) if names else []
        except SalesopsError:  # a list that cannot be read writes nothing
            continue
    # ours last: what is wrong is told at the list that is run
    ours = Path(os.path.relpath(file, workbook.folder)).as_posix()
    problems = [problem for _, problem in same_files({**found, ours: jobs}) if problem.file == ours]
    if problems:
        raise SalesopsError(problems)


def same_files(lists: Mapping[str, Iterable[Job]]) -> list[tuple[str, Problem]]:
    """The name and a problem of each report of a list whose copies are files of an earlier list's as well.

    Within a list the reports have different names, and so have their files.
    """
    first: dict[tuple[str, str, str], tuple[str, Job]] = {}
    found: dict[tuple[str, str, str], Problem] = {}
    for name, jobs in lists.items():
        for job in jobs:
            for form in job.formats if job.to else ():
                key = (os.path.normpath(job.to or "").casefold(), job.file.casefold(), form)
                other, its = first.setdefault(key, (name, job))
                if other == name:
                    continue
                found.setdefault(
                    (name, other, job.report),
                    problem(
                        "same-files",
                        file=name,
                        column="to",
                        value=job.to,
                        report=job.report,
                        its_report=its.report,
                        other=other,
                        file_name=job.file,
                        form=form,
                    ),
                )
    return [(report, problem) for (_, _, report), problem in found.items()]
