"""The `salesops` command: a group whose commands are imported only when they are called.

Each command lives in a module of this folder; `--help` reads the one-line summaries below and
imports none of them, so that it answers at once.
"""

from __future__ import annotations

import importlib
from datetime import UTC, date, datetime
from functools import cached_property
from typing import TYPE_CHECKING

import click

from salesops_nb.errors import SalesopsError
from salesops_nb.version import __version__

if TYPE_CHECKING:
    import pandas as pd
    from sqlalchemy import Engine

    from salesops_nb.core.frames import Tables
    from salesops_nb.source import Workbook
    from salesops_nb.workbook import Settings

# command: (module, its summary in the list)
COMMANDS: dict[str, tuple[str, str]] = {
    "init": ("init", "Make a new workbook."),
    "map": ("own_data", "Add a file to the workbook: what it holds is proposed."),
    "check": ("check", "Every problem of every table, in one list."),
    "run": ("reports", "Run reports, as reports.yml lists them."),
    "new-notebook": ("new_notebook", "Begin a notebook of your own: its module and its reports."),
    "new-plan": ("new_plan", "Begin a pay plan: ten questions, and a file with comments."),
    "lab": ("lab", "Open the workbook in JupyterLab."),
    "list": ("reports", "What the last runs made."),
    "deliver": ("reports", "Send a complete run's reports, each to its audience."),
    "schedule": ("reports", "A crontab line and a systemd timer for the reports."),
    "snapshot": ("pipeline", "Keep the open deals of a day: what their movement is told from."),
    "call": ("pipeline", "What a rep or manager says will come in a period: commit, best case and why."),
    "alerts": ("alerts", "Alerts: list, acknowledge, assign, act, resolve, silence, send."),
    "approve-hires": ("hiring", "Approve a hiring plan: target setting then counts its hires."),
    "simulate": ("simulate", "The demo's simulated tables anew, or any number of deals."),
    "ledger": ("ledger", "The pay ledger: review, approve, lock, pay, dispute, verify."),
    "strategy": ("strategy", "Mission, vision, sales model: versions, differences, proposals, approval."),
    "territory": ("territory", "Territories: owners on a day, approvals, taking one back."),
}


_NEARLY = 85  # of 100: a name with a slip in it, and not another's


class _LateGroup(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"salesops_nb.cli.{COMMANDS[cmd_name][0]}")
        name = {"map": "map_file"}.get(cmd_name, cmd_name.replace("-", "_"))
        command: click.Command = getattr(module, name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The nearest name is told where one is mistyped: click knows no commands that are not there yet."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            import difflib

            near = difflib.get_close_matches(args[0], self.list_commands(ctx), n=1)
            if not near:
                raise
            raise click.UsageError(f"{error.message} Did you mean '{near[0]}'?", ctx) from None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, (_, summary) in COMMANDS.items()])

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except SalesopsError as error:
            from salesops_nb.present.language.called import told

            for problem in error.problems:
                click.echo(told(problem, table=False), err=True)
            ctx.exit(1)


@click.group(cls=_LateGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, package_name="salesops_nb")
def main() -> None:
    """The sales-operations workbook."""


def day_given(_context: click.Context, _option: click.Parameter, value: str | None) -> date | None:
    """The day that an option gives (a click callback); None where it is not given."""
    try:
        return None if value is None else date.fromisoformat(value)
    except ValueError:
        raise click.BadParameter(f"{value!r} is not a day; write it like 2026-02-13") from None


def today() -> date:
    """The day on this machine's clock: of an act, where nobody says it."""
    return datetime.now(UTC).astimezone().date()


def write_in_language_of(settings: Settings) -> None:
    """Problems are written in the workbook's language from here on."""
    from salesops_nb.present.language.translation import use_locale  # `--help` does without Babel

    use_locale(settings.locale, settings.currency)


class Room:
    """What commands about the store need of a workbook: the store at once, tables only where asked for."""

    def __init__(self, path: str) -> None:
        from salesops_nb.workbook import find_workbook, load_settings

        self.folder = find_workbook(path)
        self.settings = load_settings(self.folder)
        self.calendar = self.settings.calendar
        write_in_language_of(self.settings)

    @cached_property
    def store(self) -> Engine:
        """The store, open."""
        from salesops_nb.source.opened import store_url
        from salesops_nb.store.database import open_store

        return open_store(store_url(self.folder, self.settings))

    @cached_property
    def book(self) -> Workbook:
        """The workbook with its tables, all of which can be read."""
        from salesops_nb.source import open_workbook

        return open_workbook(self.folder)

    @cached_property
    def tables(self) -> Tables:
        """The tables that say what things are called; that another of them cannot be read is no matter."""
        from salesops_nb.present.language.called import use_names
        from salesops_nb.source import open_workbook

        tables = open_workbook(self.folder, strict=False).tables
        use_names(tables)
        return tables


def opened(context: click.Context) -> Room:
    """The workbook that a group's option names, opened once for the command."""
    if isinstance(context.obj, str):
        context.obj = room = Room(context.obj)
        context.call_on_close(lambda: room.store.dispose() if "store" in vars(room) else None)
    found: Room = context.obj
    return found


def person_id(tables: Tables, given: str) -> str:
    """The id of who is given by a name or an id; whoever is not known, and no slip of the keys, as given.

    Raises `SalesopsError` with the name that was meant where it is nearly somebody's, or several bear it.
    """
    from salesops_nb.core.names import id_of, names_of, nearest
    from salesops_nb.errors import problem

    found = id_of(tables, "people", given)
    near = [] if found is not None else nearest(given, names_of(tables, "people").values(), _NEARLY)
    if near:
        raise SalesopsError(problem("not-a-person.near", column="by", value=given, near=" or ".join(near)))
    return given if found is None else found


def print_table(table: pd.DataFrame) -> None:
    """A table as the commands about the store print it; ``none`` where it has no row."""
    from salesops_nb.batch.terminal import print_rows, terminal

    if not len(table):
        click.echo("none")
        return
    cells = table.astype(object).where(table.notna(), "")
    numbers = [str(name) for name in table if table[name].dtype.kind in "iuf"]
    rows = [[str(cell) for cell in row] for row in cells.itertuples(index=False, name=None)]
    print_rows(terminal(), [str(name) for name in table], rows, right=numbers)
