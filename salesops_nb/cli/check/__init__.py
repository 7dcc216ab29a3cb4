"""`salesops check`: every problem of every table in one list, with the control totals."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from salesops_nb.errors import Problem, SalesopsError
from salesops_nb.messages import Message, joined, message, stated

if TYPE_CHECKING:
    from salesops_nb.source import Workbook

_ORDER = {"error": 0, "warning": 1, "note": 2}


@click.command()
@click.argument("folder", metavar="[DIR]", default=".", type=click.Path(path_type=Path))
@click.option("--quiet", is_flag=True, help="Errors and warnings only, no notes.")
@click.option(
    "--plan", "plan", metavar="FILE", type=click.Path(path_type=Path), help="Only this pay plan, in words."
)
def check(folder: Path, quiet: bool, plan: Path | None) -> None:
    """Check the workbook in DIR (default: here) and everything that a run of it reads.

    Tables (files, columns, rows, keys, control totals), pay plans, the pay calendar, the strategy,
    templates, notebooks, reports.yml and the store. Prints every problem with its file, row, column,
    value and what to do. Ends with 0 only when there is no error. With --plan it reads one pay plan
    and prints it in words, with the defaults that it does not say.
    """
    if plan is not None:
        _plan(plan)
        return
    from salesops_nb.cli import write_in_language_of
    from salesops_nb.cli.check.inputs import inputs, paid_periods
    from salesops_nb.present.language.called import use_names
    from salesops_nb.present.language.sentences import translate
    from salesops_nb.source import open_workbook
    from salesops_nb.workbook import find_workbook, load_settings

    home = find_workbook(folder)
    settings, workbook, found = None, None, []
    try:
        settings = load_settings(home)
        write_in_language_of(settings)
        workbook = open_workbook(home, strict=False)
        use_names(workbook.tables)
        found = [*workbook.problems]
        found += [control.problem(settings) for control in workbook.controls]
    except SalesopsError as error:
        found += error.problems
    found += inputs(home, settings, workbook)
    if workbook is not None:
        found += paid_periods(workbook)
    found = list(dict.fromkeys(found))
    for problem in sorted(found, key=lambda p: (p.table or "", _ORDER[p.severity], p.row or 0)):
        if not (quiet and problem.severity == "note"):
            click.echo(_line(problem))
    if workbook is not None:
        _summary(workbook)
    errors = sum(problem.severity == "error" for problem in found)
    warnings = sum(problem.severity == "warning" for problem in found)
    click.echo(translate(_total(errors, warnings)))
    raise SystemExit(1 if errors else 0)


def _plan(file: Path) -> None:
    """A plan in words, with what is unusual about it; what is wrong with it is raised."""
    from salesops_nb.commission.plans.plan import load_plan
    from salesops_nb.commission.plans.unusual_rates import unusual_rates
    from salesops_nb.present.language.sentences import translate

    plan = load_plan(file)
    click.echo(translate(plan.summary()))
    for problem in unusual_rates(plan):
        click.echo(_line(problem))


def _line(problem: Problem) -> str:
    """The finding with people, accounts and products by their names; a cell's value as the file has it."""
    from salesops_nb.present.language.called import told
    from salesops_nb.present.language.sentences import translate

    line = told(problem)
    if problem.value and problem.value not in line:
        line += " " + translate(message("(value: {value})", value=problem.value))
    return line


def _total(errors: int, warnings: int) -> Message:
    found = [
        message("{n} error", "{n} errors", n=errors) if errors else message("no errors"),
        message("{n} warning", "{n} warnings", n=warnings) if warnings else message("no warnings"),
    ]
    return joined([joined(found), "."], "")


def _summary(workbook: Workbook) -> None:
    """How many rows each table holds, what is set aside, and where the rejects file is."""
    from salesops_nb.present.language.sentences import translate

    click.echo("")
    for name in workbook.tables:
        row = workbook.connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()
        rows = message("{table}: {n} row", "{table}: {n} rows", table=name, n=row[0] if row else 0)
        said = message("{rows} (simulated)", rows=rows) if name in workbook.simulated else rows
        click.echo(translate(said))
    if workbook.data_through is not None:
        day, known_by = workbook.data_through, workbook.fingerprint
        click.echo(translate(stated("data through {day}, fingerprint {code}", day=day, code=known_by)))
    for words in set_aside(workbook):
        click.echo(words)
    if workbook.set_aside:
        path = workbook.write_rejects(workbook.folder / ".cache" / "rejects.csv")
        shown = path.relative_to(workbook.folder)
        click.echo(translate(message("every bad row: {file}", file=str(shown))))


def set_aside(workbook: Workbook) -> list[str]:
    """What figures leave out of the workbook's tables, for each reason counted and summed."""
    from salesops_nb.core.money import spoken
    from salesops_nb.present.language.sentences import translate
    from salesops_nb.present.page.data_set_aside import figures_words

    settings, found = workbook.settings, []
    for aside in workbook.set_aside:
        given = {"n": aside.count, "table": aside.table, "reason": aside.reason}
        said = message("left out of {figures}: {n} row of {table} ({reason})",
                       "left out of {figures}: {n} rows of {table} ({reason})",
                       figures=figures_words(aside.left_out_of), **given)  # fmt: skip
        words = [translate(said)]
        if aside.amount is not None:
            words.append(spoken(aside.amount, settings.currency, settings.locale))
        found.append(", ".join(words))
    return found
