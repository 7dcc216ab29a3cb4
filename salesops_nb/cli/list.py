"""`salesops list`: what the last runs made."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("run", required=False, metavar="[RUN]")
@click.option("--file", type=click.Path(path_type=Path), default=Path("reports.yml"), show_default=True)
@click.option("--last", type=click.IntRange(1), default=10, show_default=True, help="How many runs.")
def list(run: str | None, file: Path, last: int) -> None:
    """Show the last runs, or with RUN (a number such as 0007) each report of that one."""
    from salesops_nb.batch.listing import list_runs

    list_runs(file, run, last)
