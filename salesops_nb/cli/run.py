"""`salesops run`: the reports of reports.yml, for everybody, of a period."""

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
