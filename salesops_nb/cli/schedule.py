"""`salesops schedule`: a crontab line and a systemd timer that run the reports."""

from __future__ import annotations

from pathlib import Path

import click


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
    from salesops_nb.batch.schedule import schedule_text

    click.echo(schedule_text(file, every, at, day, deliver))
