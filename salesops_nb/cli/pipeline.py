"""`salesops snapshot` and `salesops call`: the open deals of a day, and what people say will come."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import click

from salesops_nb.cli import day_given, write_in_language_of
from salesops_nb.errors import Problem, SalesopsError


@click.command()
@click.option("-w", "--workbook", default=".", metavar="DIR", help="The workbook's folder.")
@click.option(
    "--as-of", callback=day_given, metavar="DAY", help="The day (default: the last day of the data)."
)
def snapshot(workbook: str, as_of: date | None) -> None:
    """Keep the open deals of a day in the store: what a week's movement of the pipeline is told from.

    A day is kept once however often this is run; changed data of the same day replace what was kept. An
    earlier day is given back by the log of changes, where there is one, and replaces no day kept in its time.
    """
    from salesops_nb.pipeline.snapshot import keep_day, said
    from salesops_nb.source.opened import open_workbook

    book = open_workbook(workbook)
    try:
        write_in_language_of(book.settings)
        book.table("deals")  # where there is none, which tables there are
        day = as_of or book.data_through
        kept = keep_day(book.store, book.tables, day, currency=book.settings.currency)
    finally:
        book.close()
    for found in kept.problems:
        click.echo(f"{found.severity}: {found}", err=True)
    click.echo(said(kept, book.settings.currency))


@click.command()
@click.option("-w", "--workbook", default=".", metavar="DIR", help="The workbook's folder.")
@click.option("--period", metavar="PERIOD", help="What is called, such as 2018-Q1.")
@click.option("--by", metavar="NAME", help="Whose call it is; of a spreadsheet, who hands it in.")
@click.option("--commit", metavar="AMOUNT", help="What will come for certain.")
@click.option("--best", "best_case", metavar="AMOUNT", help="What comes if all goes well.")
@click.option("--reason", metavar="WHY", help="Why, or why it changed.")
@click.option("--on", "today", callback=day_given, metavar="DAY", help="Day of the call (default: today).")
@click.option("--from", "file", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
              help="Calls of a spreadsheet (xlsx), a row each.")  # fmt: skip
def call(workbook: str, file: Path | None, today: date | None, **given: str | None) -> None:
    """Say what will come in a period: the commit, the best case and why. A call is added, never changed.

    A spreadsheet has the heads by, period, commit, best_case, reason and, for other days, made_on. Rows with
    a fault are set aside and listed; the exit code is then 1, and the others are kept.
    """
    from salesops_nb.pipeline.calls_given import calls_from, checked_call
    from salesops_nb.source.opened import open_workbook
    from salesops_nb.store.forecast_calls import add_calls

    named = [name for name in ("period", "commit", "best_case", "reason") if given[name] is not None]
    if file is not None and named:
        raise click.UsageError("Give the call by options or by --from, not both.")
    now = datetime.now(UTC).astimezone()
    day = today or now.date()
    faults: list[Problem] = []
    book = open_workbook(workbook)
    try:
        write_in_language_of(book.settings)
        book.table("people")
        if file is None:
            words = {name: value or "" for name, value in given.items()}
            made = [checked_call(words, book.tables, book.calendar, day)]
        else:
            made, faults = calls_from(file, book.tables, book.calendar, day)
        by = given["by"] or (file.name if file is not None else "")
        new = add_calls(book.store, made, entered_by=by, entered_at=now)
    finally:
        book.close()
    for line in SalesopsError(faults).lines() if faults else []:
        click.echo(line, err=True)
    again = f", {len(made) - new} there already" if len(made) > new else ""
    aside = f", {len({fault.row for fault in faults})} rows set aside" if faults else ""
    click.echo(f"{new} call{'s' * (new != 1)} added{again}{aside}.")
    if faults:
        raise SystemExit(1)
