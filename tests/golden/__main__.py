"""`make golden`: everything that is made and printed, at a base commit and at the work tree, compared."""

from __future__ import annotations

import json
import shutil
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import click

from golden.capture import Capture, parts_of
from golden.compare import GROUPS, compare
from golden.report import report
from golden.sides import GoldenError, Place, alone, base_commit, described, fingerprint, git

ROOT = Path(__file__).resolve().parents[2]


@click.command()
@click.option(
    "--base", default="", metavar="COMMIT", help="Compare with this one (default: where main was left)."
)
@click.option("--only", type=click.Choice(GROUPS), multiple=True, help="Only this group; may be given again.")
@click.option("--words", is_flag=True, help="Words may differ; numbers, codes, places and values may not.")
@click.option("--again", is_flag=True, help="Capture the base again, even where it was captured before.")
@click.option("--lines", default=6, show_default=True, help="Lines shown of each file that differs.")
@click.option("--files", default=12, show_default=True, help="Files shown of each group that differs.")
def main(base: str, only: tuple[str, ...], words: bool, again: bool, lines: int, files: int) -> None:
    """Compare what the base commit and the work tree make; ends with 0 only when they are the same."""
    place, groups = Place(ROOT), only or GROUPS
    try:
        with alone(place):
            commit = base_commit(ROOT, base)
            before = place.home / f"base-{commit[:12]}-{fingerprint()}"
            after = place.home / "work"
            if again:
                shutil.rmtree(before, ignore_errors=True)
            shutil.rmtree(after, ignore_errors=True)
            inputs, parts = before / "inputs", parts_of(groups)
            click.echo(f"base: {git(ROOT, 'log', '-1', '--format=%h %s', commit)}")
            Capture(place, before, inputs, click.echo).make(commit, parts)
            click.echo(f"work: {described(ROOT)}")
            Capture(place, after, inputs, click.echo).make(None, parts)
    except GoldenError as error:
        click.echo(str(error), err=True)
        sys.exit(2)
    code = conclude(before, after, groups, words=words, most_lines=lines, most_files=files)
    click.echo(f"captures: {before} and {after}")
    sys.exit(code)


def conclude(
    before: Path,
    after: Path,
    groups: Sequence[str],
    *,
    words: bool = False,
    most_lines: int = 6,
    most_files: int = 12,
) -> int:
    """Compare two captures and print the report; the exit code, 0 only when they are the same."""
    comparison = compare(before, after, groups)
    normalised = [_normalised(folder, groups) for folder in (before, after)]
    for line in report(
        comparison, normalised, groups, words=words, most_lines=most_lines, most_files=most_files
    ):
        click.echo(line)
    return 0 if comparison.passes(groups, words) else 1


def _normalised(folder: Path, groups: Sequence[str]) -> Counter[str]:
    found: Counter[str] = Counter()
    for part in parts_of(groups):
        found.update(json.loads((folder / f"{part}.done.json").read_text(encoding="utf-8"))["normalised"])
    return found


if __name__ == "__main__":
    main()
