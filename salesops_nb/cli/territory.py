"""`salesops territory`: who owns which unit or account on a day, what was approved, and taking it back.

People, units and accounts are given by name or id and shown by name; the store keeps ids. The day of an act
(`--on`) is today unless said: it is a fact about the act, kept with it.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import click
import pandas as pd

from salesops_nb.cli import day_given, opened, person_id, print_table, today
from salesops_nb.core.frames import Tables
from salesops_nb.core.names import Kind, id_of, named
from salesops_nb.errors import SalesopsError
from salesops_nb.store.assignments import assignments as owned
from salesops_nb.store.assignments.tables import KINDS

_TABLES: dict[str, Kind] = {"unit": "units", "account": "accounts"}
_PEOPLE = ("approved_by", "person_id", "before", "after")  # columns of the store that hold ids of people


@click.group()
@click.option("-w", "--workbook", default=".", metavar="DIR", help="The workbook's folder.")
@click.pass_context
def territory(context: click.Context, workbook: str) -> None:
    """Territories in the store: owners on a day, approvals, taking one back."""
    context.obj = workbook


def _tables(context: click.Context) -> Tables:
    """The tables with the names; where none can be read, that is told and ids stand for names."""
    if "names" not in context.meta:
        try:
            context.meta["names"] = opened(context).tables
        except SalesopsError as error:
            context.meta["names"] = Tables({})
            lesser = SalesopsError(replace(each, severity="warning") for each in error.problems)
            click.echo("\n".join(lesser.lines()), err=True)
    found: Tables = context.meta["names"]
    return found


def _person(context: click.Context, _option: click.Parameter, value: str | None) -> str | None:
    """The id of who is given by a name or an id; whoever is not known as given."""
    return value and person_id(_tables(context), value)


def _ids(context: click.Context, thing: str) -> dict[str, str]:
    """The id of the unit and of the account that a name or an id is; as given where there is none."""
    tables = _tables(context)
    return {kind: id_of(tables, _TABLES[kind], thing) or thing for kind in KINDS}


def _show(context: click.Context, table: pd.DataFrame) -> None:
    """The table with people, units and accounts by their names."""
    tables = _tables(context)
    shown = {c: named(tables, "people", table[c]) for c in _PEOPLE if c in table}
    if "thing_id" in table:
        pairs = zip(table["kind"], table["thing_id"], strict=True)
        shown["thing_id"] = [named(tables, _TABLES[kind], [thing])[0] for kind, thing in pairs]
    print_table(table.assign(**shown).rename(columns={"thing_id": "name", "person_id": "person"}))


_thing = click.option("--of", "thing", metavar="NAME", help="Only this unit or account: a name or an id.")


@territory.command("list")
@_thing
@click.pass_context
def list_(context: click.Context, thing: str | None) -> None:
    """Every approval, the latest first: its number, first day, by whom, why, what it changed or undoes."""
    store = opened(context).store
    if thing is None:
        _show(context, owned.approvals_given(store))
        return
    parts = []
    for kind, asked in _ids(context, thing).items():
        log = owned.assignment_history(store, asked)
        parts.append(log[log["kind"] == kind])
    _show(context, pd.concat(parts).sort_values("approval_id", ascending=False, kind="stable"))


@territory.command()
@click.option("--day", callback=day_given, metavar="DAY", help="Any past or planned day (default: today).")
@click.option("--kind", type=click.Choice(KINDS), help="Only units, or only accounts.")
@_thing
@click.option("--person", callback=_person, metavar="PERSON", help="Only what this person has: name or id.")
@click.pass_context
def owners(
    context: click.Context, day: date | None, kind: str | None, thing: str | None, person: str | None
) -> None:
    """Who owns what on a day, and from when to when."""
    table = owned.assignments_as_of(opened(context).store, day or today(), kind=kind)
    if thing is not None:
        table = table[table["thing_id"] == table["kind"].map(_ids(context, thing))]
    _show(context, table if person is None else table[table["person_id"] == person])


@territory.command()
@click.argument("number", type=int)
@click.option("--by", required=True, callback=_person, metavar="PERSON", help="Who takes it back.")
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
    store = opened(context).store
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
