"""`salesops snapshot`: the open deals of a day, kept in the store."""

from __future__ import annotations

from datetime import date

import click


def _day(_context: click.Context, _option: click.Parameter, value: str | None) -> date | None:
    try:
        return None if value is None else date.fromisoformat(value)
    except ValueError:
        raise click.BadParameter(f"{value!r} is not a day; write it like 2026-02-13") from None


@click.command()
@click.option("-w", "--workbook", default=".", metavar="DIR", help="The workbook's folder.")
@click.option("--as-of", callback=_day, metavar="DAY", help="The day (default: the last day of the data).")
def snapshot(workbook: str, as_of: date | None) -> None:
    """Keep the open deals of a day in the store: what a week's movement of the pipeline is told from.

    A day is kept once however often this is run; changed data of the same day replace what was kept. An
    earlier day is given back by the log of changes, where there is one, and replaces no day kept in its time.
    """
    from salesops_nb.cli import write_in_language_of
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
