"""`salesops territory`: who owns which unit or account on a day, what was approved, and taking it back.

The day of an act (`--on`) is today unless said: it is a fact about the act, kept with it.
"""

from __future__ import annotations

from datetime import date

import click
import pandas as pd
from sqlalchemy import Engine

from salesops_nb.cli import day_given, today, write_in_language_of
from salesops_nb.source.opened import store_url
from salesops_nb.store.assignments import assignments as owned
from salesops_nb.store.database import open_store
from salesops_nb.workbook import find_workbook, load_settings


@click.group()
@click.option("-w", "--workbook", default=".", metavar="DIR", help="The workbook's folder.")
@click.pass_context
def territory(context: click.Context, workbook: str) -> None:
    """Territories in the store: owners on a day, approvals, taking one back."""
    context.obj = workbook


def _store(context: click.Context) -> Engine:
    folder = find_workbook(context.obj)
    settings = load_settings(folder)
    write_in_language_of(settings)
    store = open_store(store_url(folder, settings))
    context.call_on_close(store.dispose)
    return store


def _show(table: pd.DataFrame) -> None:
    click.echo(table.astype(object).where(table.notna(), "").to_string(index=False) if len(table) else "none")


@territory.command("list")
@click.option("--of", "thing", metavar="ID", help="Only what was approved for this unit or account.")
@click.pass_context
def list_(context: click.Context, thing: str | None) -> None:
    """Every approval, the latest first: its number, first day, by whom, why, what it changed or undoes."""
    store = _store(context)
    _show(owned.approvals_given(store) if thing is None else owned.assignment_history(store, thing))


@territory.command()
@click.option("--day", callback=day_given, metavar="DAY", help="Any past or planned day (default: today).")
@click.option("--kind", type=click.Choice(["unit", "account"]), help="Only units, or only accounts.")
@click.option("--of", "thing", metavar="ID", help="Only this unit or account.")
@click.option("--person", metavar="PERSON", help="Only what this person has.")
@click.pass_context
def owners(
    context: click.Context, day: date | None, kind: str | None, thing: str | None, person: str | None
) -> None:
    """Who owns what on a day, and from when to when."""
    table = owned.assignments_as_of(_store(context), day or today(), kind=kind)
    if thing is not None:
        table = table[table["thing_id"] == thing]
    _show(table if person is None else table[table["person_id"] == person])


@territory.command()
@click.argument("number", type=int)
@click.option("--by", required=True, metavar="PERSON", help="Who takes it back.")
@click.option("--reason", required=True, metavar="WHY", help="Why, kept with the act.")
@click.option("--on", callback=day_given, metavar="DAY", help="Day of the act (default: today).")
@click.option(
    "--from",
    "start",
    callback=day_given,
    metavar="DAY",
    help="First day of the owners given back (default: the day of the act). The approval's own first day, or "
    "one before it, takes it out as if it had not been given.",
)
@click.pass_context
def undo(
    context: click.Context, number: int, by: str, reason: str, on: date | None, start: date | None
) -> None:
    """Take an approval back from a day on: what was approved since stays, and so does the log."""
    store = _store(context)
    act = on or today()
    done = owned.undo(
        store, number, approved_by=by, approved_on=act, reason=reason, effective_on=start or act
    )
    given = owned.approvals_given(store).set_index("approval_id").loc[done]
    click.echo(
        f"Approval {number} is taken back from {given['effective_on']} on (act {done}): "
        f"owners changed back: {owned.count_changes(store, done)}. "
        "The CRM is not told: its undo files stand beside the approval's import files."
    )
