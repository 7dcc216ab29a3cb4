"""`salesops run`, `list`, `deliver` and `schedule`: the reports that reports.yml lists, made and sent."""

from __future__ import annotations

from pathlib import Path

import click


def _chosen(
    _ctx: click.Context, _option: click.Parameter, values: tuple[str, ...]
) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for value in values:
        kind, sign, name = value.partition("=")
        kinds = ("rep", "team", "region", "territory", "vacancy")
        if not sign or kind not in kinds or not name:
            raise click.BadParameter(f"{value!r}: write KIND=NAME, with KIND one of {', '.join(kinds)}.")
        found[kind] = (*found.get(kind, ()), name)
    return found


@click.command()
@click.argument("file", type=click.Path(path_type=Path), default=Path("reports.yml"), required=False)
@click.option("--only", multiple=True, metavar="REPORT", help="Only this report; may be given again.")
@click.option(
    "--for",
    "chosen",
    multiple=True,
    callback=_chosen,
    metavar="KIND=NAME",
    help="Only for them: rep=…, team=…",
)
@click.option("--period", metavar="PERIOD", help="This period for every report: a key or a word.")
@click.option(
    "--jobs", type=click.IntRange(1, 256), metavar="N", help="Reports at a time (default: processors)."
)
@click.option("--force", is_flag=True, help="Make unchanged reports again.")
@click.option("--dry-run", is_flag=True, help="Show the plan and who would get what; do nothing.")
@click.option("--resume", is_flag=True, help="Do what is missing in the last run.")
@click.option("--deliver", is_flag=True, help="Then send the reports to their audiences.")
def run(
    file: Path,
    only: tuple[str, ...],
    chosen: dict[str, tuple[str, ...]],
    period: str | None,
    jobs: int | None,
    force: bool,
    dry_run: bool,
    resume: bool,
    deliver: bool,
) -> None:
    """Run the reports that FILE lists (reports.yml of this workbook unless given).

    The exit code is 0 only when every report was made, and with --deliver sent.
    """
    from salesops_nb.batch.command import Asked, run_reports

    asked = Asked(file, only, chosen, period, jobs, force, dry_run, resume, deliver)
    raise SystemExit(run_reports(asked))


@click.command()
@click.argument("run", required=False, metavar="[RUN]")
@click.option("--file", type=click.Path(path_type=Path), default=Path("reports.yml"), show_default=True)
@click.option("--last", type=click.IntRange(1), default=10, show_default=True, help="How many runs.")
def list(run: str | None, file: Path, last: int) -> None:
    """Show the last runs, or with RUN (a number such as 0007) each report of that one."""
    from salesops_nb.batch.listing import list_runs

    list_runs(file, run, last)


@click.command()
@click.argument("run", required=False, metavar="[RUN]")
@click.option("--file", type=click.Path(path_type=Path), default=Path("reports.yml"), show_default=True)
@click.option(
    "--release", "released_by", metavar="PERSON", help="Release the run first, in this person's name."
)
@click.option(
    "--arrived", multiple=True, metavar="ADDRESS", help="What is unclear to this address arrived; not again."
)
@click.option(
    "--again", multiple=True, metavar="ADDRESS", help="What is unclear to this address is sent again."
)
@click.option("--dry-run", is_flag=True, help="Show who would get what; send nothing.")
def deliver(
    run: str | None,
    file: Path,
    released_by: str | None,
    arrived: tuple[str, ...],
    again: tuple[str, ...],
    dry_run: bool,
) -> None:
    """Send the reports of RUN, a number such as 0007 (the last run unless given), each to its audience.

    A mail to which the server gave no answer is unclear and not sent again by itself: ask whether it came,
    then say so with --arrived or --again.
    """
    from salesops_nb.batch.command import Posted, deliver_again

    raise SystemExit(deliver_again(Posted(file, run, released_by, dry_run, arrived, again)))


@click.command()
@click.argument("file", type=click.Path(path_type=Path), default=Path("reports.yml"), required=False)
@click.option(
    "--every", type=click.Choice(["day", "week", "month", "quarter"]), default="month", show_default=True
)
@click.option("--at", default="06:00", metavar="HH:MM", show_default=True, help="Local time of the machine.")
@click.option("--day", type=click.IntRange(1, 28), default=2, show_default=True, help="Day of the month.")
@click.option("--deliver", is_flag=True, help="Also send the reports.")
def schedule(file: Path, every: str, at: str, day: int, deliver: bool) -> None:
    """Print a crontab line and a systemd timer that run FILE; nothing is installed."""
    from salesops_nb.batch.jobs.schedule import schedule_text

    click.echo(schedule_text(file, every, at, day, deliver))
