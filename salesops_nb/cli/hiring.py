"""`salesops approve-hires`: the hiring plan of these parameters as approved, for target setting to count."""

from __future__ import annotations

from datetime import date, datetime, time

import click

from salesops_nb.cli import day_given, today, write_in_language_of


@click.command()
@click.option("-w", "--workbook", default=".", metavar="DIR", help="The workbook's folder.")
@click.option("-p", "--parameter", "given", multiple=True, metavar="NAME=VALUE",
              help="A parameter of hiring_needs, such as target=12776000; may be repeated.")  # fmt: skip
@click.option("--team", "teams", multiple=True, metavar="NAME",
              help="The team of the next hire, in the order of their opening; may be repeated.")  # fmt: skip
@click.option("--by", required=True, metavar="NAME", help="Who approves.")
@click.option("--on", "approved_on", callback=day_given, metavar="DAY", help="The day (default: today).")
@click.option("--reason", default="", metavar="WHY", help="Why, kept with the approval.")
def approve_hires(
    workbook: str,
    given: tuple[str, ...],
    teams: tuple[str, ...],
    by: str,
    approved_on: date | None,
    reason: str,
) -> None:
    """Plan as the notebook hiring_needs does with these parameters, and write the plan as approved.

    Target setting then counts its hires: in the forecast, and with ramped quota from their start. The last
    plan approved is in force; the earlier ones stay.
    """
    from salesops_nb import hiring
    from salesops_nb.notebook.hiring_needs.arguments import OF_OUTPUT, choices, stated
    from salesops_nb.notebook.hiring_needs.parameters import HiringNeeds
    from salesops_nb.notebook.performance_review import tables_in_force
    from salesops_nb.parameters import checked
    from salesops_nb.source.opened import open_workbook
    from salesops_nb.store.hiring_plans import approve_hiring, placed

    if wrong := [each for each in given if "=" not in each]:
        raise click.UsageError(f"{wrong[0]!r} is no parameter; write it like target=12776000.")
    book = open_workbook(workbook)
    try:
        write_in_language_of(book.settings)
        asked = checked(HiringNeeds, dict(each.split("=", 1) for each in given))
        learned = stated(asked, hiring.learn(book.tables, book.calendar, currency=book.settings.currency))
        plan = hiring.plan(
            tables_in_force(book), asked.horizon, asked.confidence, calendar=book.calendar, learned=learned,
            **choices(book, asked),
        )  # fmt: skip
        known = set(learned.panel.roster["team"].astype(str))
        hires = placed(plan.hires, teams, known)
        number = approve_hiring(
            book.store, hires, replace_leavers=plan.replace_leavers, approved_by=by,
            approved_at=datetime.combine(approved_on or today(), time()), reason=reason,
            stated={name: getattr(asked, name) for name in OF_OUTPUT},
            parameters=asked.model_dump(mode="json", exclude={"workbook"}),
        )  # fmt: skip
    finally:
        book.close()
    for row in hires.to_dict("records"):
        where = f", {row['territory']}" if row["territory"] else ""
        click.echo(
            f"{row['hires']} {row['role']}{where}: open on {row['open_on']}, there by {row['starts_on']}"
        )
    click.echo(f"Hiring plan {number} is approved by {by}: {plan.words}")
