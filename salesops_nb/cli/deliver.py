"""`salesops deliver`: send a complete run's reports to their audiences."""

from __future__ import annotations

from pathlib import Path

import click


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
