"""`salesops strategy`: versions of mission, vision and sales model, what differs, proposals and their
approval."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from pathlib import Path

import click
import pandas as pd

from salesops_nb.cli import Room, day_given, opened, print_table, today
from salesops_nb.errors import SalesopsError, problem
from salesops_nb.strategy import Strategy, Version, differences, load
from salesops_nb.strategy.writing import called


@click.group(invoke_without_command=True)
@click.option("-w", "--workbook", default=".", metavar="DIR", help="The workbook's folder.")
@click.option("--on", "day", callback=day_given, metavar="DAY", help="The day (default: today).")
@click.pass_context
def strategy(context: click.Context, workbook: str, day: date | None) -> None:
    """The strategy: its versions, the claims of the one in force, and proposals that wait."""
    context.obj = workbook
    if context.invoked_subcommand is not None:
        return
    from salesops_nb.store.strategy_proposals import proposed

    room, day = opened(context), day or today()
    found = _strategy(room)
    now = found.in_force(day)
    print_table(
        pd.DataFrame(
            [
                {
                    "version": called(each),
                    "valid_from": "" if each.valid_from is None else each.valid_from,
                    "in force": "yes" if each is now else "",
                    "author": each.author,
                    "approver": each.approver,
                    "reason": each.reason,
                }
                for each in found.versions
            ]
        )
    )
    if now is not None and now.sales_model.claims:
        click.echo("")
        print_table(
            pd.DataFrame(
                [
                    {
                        "claim": each.name,
                        "metric": each.metric,
                        "of": each.segment or each.stage,
                        "value": f"{each.value:g}",
                        "within": f"{each.within:g}",
                        "review_on": each.review_on,
                        "stale": "yes" if each.review_on < day else "",
                    }
                    for each in now.sales_model.claims
                ]
            )
        )
    for each in proposed(room.store):
        if each.approver is None:
            click.echo(f"Proposal {each.number}, by {each.author}, from {each.valid_from}: {each.reason}")


def _strategy(room: Room) -> Strategy:
    found = load(room.folder, room.settings)
    if found is None:
        raise SalesopsError(problem("no-strategy", file="workbook.yml"))
    return found


def _path(room: Room) -> Path:
    return room.folder / str(room.settings.strategy)


@strategy.command()
@click.argument("versions", nargs=-1, type=int, metavar="[BEFORE AFTER]")
@click.option("--proposal", type=int, metavar="NUMBER", help="A proposal, beside the last version.")
@click.pass_context
def diff(context: click.Context, versions: tuple[int, ...], proposal: int | None) -> None:
    """What differs between two versions, side by side: the last two unless others are named."""
    from salesops_nb.store.strategy_proposals import proposed
    from salesops_nb.strategy.writing import checked

    if len(versions) not in (0, 2) or (versions and proposal is not None):
        raise click.UsageError("Name two versions, such as 2 3, or a proposal, or nothing.")
    room = opened(context)
    found = _strategy(room)
    if proposal is not None:
        [asked] = proposed(room.store, proposal)
        before = found.versions[0]
        after = checked(asked.content, found, _path(room), asked.author, asked.reason, asked.valid_from)
        heads = f"version {called(before)}", f"proposal {proposal}"
    elif versions or len(found.versions) > 1:
        before, after = map(found.numbered, versions) if versions else (found.versions[1], found.versions[0])
        heads = f"version {called(before)}", f"version {called(after)}"
    else:
        click.echo("There is one version only.")
        return
    _side_by_side(before, after, heads)


def _side_by_side(before: Version, after: Version, heads: tuple[str, str]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    rows = differences(before, after)
    if rows.empty:
        click.echo("Nothing differs.")
        return
    table = Table(box=box.SIMPLE_HEAD, show_lines=False)
    for head in ("", *heads):
        table.add_column(head, overflow="fold", ratio=1 if head else None)
    for row in rows.itertuples():
        table.add_row(
            str(row.part).removeprefix("sales_model."), str(row.before) or "–", str(row.after) or "–"
        )
    console = Console(highlight=False, markup=False)
    console.print(table)


@strategy.command()
@click.option("--by", required=True, metavar="NAME", help="Who proposes.")
@click.option("--reason", required=True, metavar="WHY", help="Why.")
@click.option(
    "--from-day",
    "start",
    required=True,
    callback=day_given,
    metavar="DAY",
    help="The first day on which it would be in force.",
)
@click.option(
    "--file",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    metavar="FILE",
    help="The whole version, as a file like strategy.yml without `earlier`.",
)
@click.option(
    "--claim",
    "claims",
    multiple=True,
    metavar="NAME=VALUE",
    help="A claim's new figure, such as 'deal size=2360'; may be repeated.",
)
@click.option("--review-on", callback=day_given, metavar="DAY", help="When these claims are looked at again.")
@click.pass_context
def propose(
    context: click.Context,
    by: str,
    reason: str,
    start: date | None,
    file: Path | None,
    claims: tuple[str, ...],
    review_on: date | None,
) -> None:
    """Propose a version: a file of it, or new figures of claims. It is kept until somebody else approves
    it."""
    from salesops_nb.core.yaml_file import read_yaml
    from salesops_nb.store import strategy_proposals as kept
    from salesops_nb.strategy.writing import checked, content_of, with_figures

    if (file is None) == (not claims):
        raise click.UsageError("Give a version by --file, or figures by --claim.")
    if claims and review_on is None:
        raise click.UsageError("Say with --review-on when the figures are looked at again.")
    assert start is not None
    room = opened(context)
    found = _strategy(room)
    last = found.versions[0]
    if file is not None:
        given = read_yaml(file)
        content = (
            {name: value for name, value in given.items() if name not in ("simulated", "earlier")}
            if isinstance(given, dict)
            else given
        )
    else:
        assert review_on is not None
        content = with_figures(last, dict(map(_figure, claims)), review_on)
    version = checked(content, found, _path(room), by, reason, start)
    if differences(last, version.model_copy(update=_signature(last))).empty:
        raise SalesopsError(problem("strategy-same", value=called(last)))
    number = kept.propose(
        room.store,
        content_of(version),
        based_on=called(last),
        valid_from=start,
        author=by,
        reason=reason,
        proposed_at=datetime.now(UTC).astimezone(),
    )
    click.echo(
        f"Proposal {number}: salesops strategy diff --proposal {number} shows it beside version "
        f"{called(last)}."
    )


def _signature(version: Version) -> dict[str, object]:
    from salesops_nb.strategy.writing import OF_APPROVAL

    return {name: getattr(version, name) for name in OF_APPROVAL}


def _figure(given: str) -> tuple[str, float]:
    name, _, value = given.rpartition("=")
    try:
        return name, float(value)
    except ValueError:
        raise click.UsageError(f"{given!r} is no figure; write it like 'deal size=2360'.") from None


@strategy.command()
@click.argument("number", type=int)
@click.option("--by", required=True, metavar="NAME", help="Who approves: anybody but the author.")
@click.option("--on", "approved_on", callback=day_given, metavar="DAY", help="The day (default: today).")
@click.pass_context
def approve(context: click.Context, number: int, by: str, approved_on: date | None) -> None:
    """Approve a proposal: it becomes a version of the strategy file, and the last one goes under
    `earlier`."""
    from salesops_nb.store import strategy_proposals as kept
    from salesops_nb.strategy.versions import held_against
    from salesops_nb.strategy.writing import checked, write_version

    room = opened(context)
    [asked] = kept.proposed(room.store, number)
    kept.check_approver(asked, by)
    found = _strategy(room)
    version = checked(asked.content, found, _path(room), asked.author, asked.reason, asked.valid_from)
    if version.sales_model.stages or version.sales_model.segments or version.sales_model.claims:
        alone = Strategy((version,), simulated=False, file=_path(room).name)
        if faults := held_against(alone, room.book.tables, room.book.stages, asked.valid_from):
            raise SalesopsError(faults)
    written: list[int] = []
    kept.approve(
        room.store,
        number,
        approver=by,
        approved_at=datetime.combine(approved_on or today(), time()),
        write=lambda person: written.append(
            write_version(
                _path(room),
                asked.content,
                based_on=asked.based_on,
                valid_from=asked.valid_from,
                author=asked.author,
                approver=person,
                reason=asked.reason,
            )
        ),
    )
    click.echo(f"Version {written[0]} is in force from {asked.valid_from}, approved by {by}.")
