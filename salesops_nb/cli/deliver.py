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
@click.option("--dry-run", is_flag=True, help="Show who would get what; send nothing.")
def deliver(run: str | None, file: Path, released_by: str | None, dry_run: bool) -> None:
    """Send the reports of RUN, a number such as 0007 (the last run unless given), each to its audience."""
    from salesops_nb.batch.command import deliver_again

    raise SystemExit(deliver_again(file, run, released_by, dry_run))
