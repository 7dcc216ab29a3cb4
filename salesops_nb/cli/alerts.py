"""`salesops alerts`: what is open, and what a person does about it."""

from __future__ import annotations

from datetime import date, timedelta

import click
import pandas as pd

from salesops_nb.cli import Room, day_given, opened, print_table, today

_NUMBER = click.argument("number", type=int)
_BY = click.option("--by", required=True, metavar="NAME", help="Who does it.")
_ON = click.option("--on", "day", callback=day_given, metavar="DAY", help="The day (default: today).")


@click.group()
@click.option("-w", "--workbook", default=".", metavar="DIR", help="The workbook's folder.")
@click.pass_context
def alerts(context: click.Context, workbook: str) -> None:
    """Alerts: what has left its routine, and what is done about it. docs/alerts.md."""
    context.obj = workbook


@alerts.command("list")
@click.option("--all", "everything", is_flag=True, help="Closed ones too.")
@click.pass_context
def list_alerts(context: click.Context, everything: bool) -> None:
    """The open alerts, the newest last; look for new ones with: salesops alerts look."""
    from salesops_nb.store import alerts as kept

    store = opened(context).store
    rows, events = kept.table(store, kept.alerts), kept.table(store, kept.events)
    if not everything:
        rows = rows[rows["open_condition"].notna()]
    owners = events[events["kind"].isin(["assigned", "action"])].groupby("alert_id")["who"].last()
    shown = pd.DataFrame({
        "no": rows["alert_id"], "rule": rows["rule"], "who": rows["who"].replace("", "company"),
        "severity": rows["severity"], "since": rows["since"], "opened": rows["opened_on"],
        "owner": rows["alert_id"].map(owners), "closed": rows["closed_as"],
    })  # fmt: skip
    print_table(shown if everything else shown.drop(columns="closed"))


@alerts.command()
@click.pass_context
def look(context: click.Context) -> None:
    """Look at every rule now: open what holds, close what has recovered, judge what is due."""
    from salesops_nb.notebook.alerts.looking import look as look_at
    from salesops_nb.notebook.alerts.words import what

    made = look_at(opened(context).book, today=today())
    for each in made.alerts:
        click.echo(what(made, each))
    for each in made.conditions:
        if each.state == "cannot":
            click.echo(what(made, each), err=True)
    click.echo(f"{len(made.opened)} opened, {len(made.closed)} closed, {len(made.alerts)} hold.")


@alerts.command()
@_NUMBER
@_BY
@_ON
@click.pass_context
def ack(context: click.Context, number: int, by: str, day: date | None) -> None:
    """Say that it has been seen."""
    _done(opened(context), "acknowledge", number, by=by, today=day or today())


@alerts.command()
@_NUMBER
@click.option("--to", required=True, metavar="NAME", help="Who is responsible from now on.")
@click.option("--note", default="", metavar="TEXT", help="Why.")
@_BY
@_ON
@click.pass_context
def assign(context: click.Context, number: int, to: str, note: str, by: str, day: date | None) -> None:
    """Make somebody responsible; it does not come back to one who has passed it on."""
    _done(opened(context), "assign", number, by=by, to=to, note=note, today=day or today())


@alerts.command()
@_NUMBER
@click.option("--play", required=True, metavar="NAME", help="What is done: a play, or words of one's own.")
@click.option("--owner", metavar="NAME", help="Whose it is (default: who writes it down).")
@click.option("--due", "until", callback=day_given, metavar="DAY", help="Until when (default: in two weeks).")
@click.option("--expected", type=float, required=True, metavar="SHARE", help="Effect expected, as 0.1.")
@_BY
@_ON
@click.pass_context
def act(
    context: click.Context, number: int, play: str, owner: str | None, until: date | None, expected: float,
    by: str, day: date | None,
) -> None:  # fmt: skip
    """Write down what is done about it; on its review date it is judged."""
    on = day or today()
    _done(opened(context), "act", number, by=by, to=owner, play=play, until=until or on + timedelta(days=14),
          expected=expected, today=on)  # fmt: skip


@alerts.command()
@_NUMBER
@click.option("--note", required=True, metavar="TEXT", help="What was found or done.")
@_BY
@_ON
@click.pass_context
def resolve(context: click.Context, number: int, note: str, by: str, day: date | None) -> None:
    """Close it with what was found or done."""
    _done(opened(context), "resolve", number, by=by, note=note, today=day or today())


@alerts.command()
@_NUMBER
@click.option("--until", callback=day_given, required=True, metavar="DAY", help="The day on which it ends.")
@click.option("--note", required=True, metavar="TEXT", help="Why.")
@_BY
@_ON
@click.pass_context
def silence(context: click.Context, number: int, until: date, note: str, by: str, day: date | None) -> None:
    """Send and open nothing of its condition for a time."""
    _done(opened(context), "silence", number, by=by, until=until, note=note, today=day or today())


@alerts.command()
@click.option(
    "--again", multiple=True, metavar="CHANNEL", help="Its unclear notices did not arrive: send them anew."
)
@click.pass_context
def send(context: click.Context, again: tuple[str, ...]) -> None:
    """Send what has not been sent, each channel what it may see; what is not urgent once a week."""
    from salesops_nb.batch.delivery.notices import send_notices
    from salesops_nb.batch.jobs.reports import FILE_NAME, load_reports
    from salesops_nb.notebook.alerts.looking import look as look_at

    room = opened(context)
    path = room.folder / FILE_NAME
    mail = load_reports(path).mail if path.exists() else None
    outcome = send_notices(look_at(room.book, today=today()), mail, today(), again=again)
    for line in outcome.said:
        click.echo(line, err=True)
    click.echo(f"{outcome.sent} notice{'s' * (outcome.sent != 1)} sent")
    if not outcome.whole:
        context.exit(1)


def _done(room: Room, do: str, number: int, **given: object) -> None:
    from salesops_nb.notebook.alerts.acting import done

    click.echo(done(room.book, do, number, **given))  # type: ignore[arg-type]
