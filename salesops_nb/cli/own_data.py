"""`salesops init --from` and `salesops map`: files looked at, a proposal shown, what is missing asked."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from salesops_nb import messages
from salesops_nb.errors import SalesopsError, problem
from salesops_nb.messages import Message, joined, listed, message

if TYPE_CHECKING:
    from salesops_nb.own_data.columns import Found, Proposed
    from salesops_nb.own_data.proposing import Proposal

_SURE = {"sure": message("sure"), "likely": message("likely")}
Decorated = Callable[[Callable[..., Any]], Callable[..., Any]]


def _pairs(_ctx: click.Context, option: click.Parameter, values: tuple[str, ...]) -> dict[str, str]:
    found = {}
    for value in values:
        name, sign, text = value.rpartition("=") if option.name == "stage" else value.partition("=")
        if not sign or not name.strip() or not text.strip():
            raise click.BadParameter(f"{value!r}: write {option.metavar}.")
        found[name.strip()] = text.strip()
    if option.name == "stage" and (wrong := set(found.values()) - {"open", "won", "lost"}):
        raise click.BadParameter(f"{sorted(wrong)[0]!r} is not open, won or lost.")
    return found


def _of_tables(
    ctx: click.Context, option: click.Parameter, values: tuple[str, ...]
) -> dict[str, dict[str, str]]:
    """Pairs by table: ``people.name=Full name``; without a table they are of deals."""
    from salesops_nb.source.schema.contracts import CONTRACTS

    found: dict[str, dict[str, str]] = {}
    for name, text in _pairs(ctx, option, values).items():
        table, dot, column = name.partition(".")
        table, column = (table, column) if dot else ("deals", name)
        if table not in CONTRACTS or column not in CONTRACTS[table].by_name:
            raise click.BadParameter(f"{name!r} is no column of a table: docs/source.md has them all.")
        found.setdefault(table, {})[column] = text
    return found


# what answers a question of any file, and what answers one of a new workbook
_ANSWERS = {
    "--date-order": ("ORDER", "dmy or mdy, where the file does not tell."),
    "--decimal-mark": ("MARK", ", or . where the file does not tell."),
    "--quota-year": ("YEAR", "Of a quota sheet whose months have no year."),
}
_SETTINGS = {
    "--company": ("NAME", "Whose figures they are; the folder's name unless given."),
    "--currency": ("CODE", "The one in which figures are told, such as EUR."),
    "--rates": ("RATES", "Of other currencies, as 'USD 0.92, GBP 1.17', or none."),
    "--amount-is": ("KIND", "acv, tcv, arr or one-off: what a deal's amount is."),
    "--fiscal-year": ("MONTH", "In which the fiscal year begins."),
    "--locale": ("LOCALE", "How numbers and dates are written, such as en_CA; ro_RO speaks Romanian."),
    "--time-zone": ("ZONE", "On whose clock days are counted, such as Europe/Berlin."),
}


def _plain(options: dict[str, tuple[str, str]]) -> list[Decorated]:
    return [click.option(name, metavar=metavar, help=text) for name, (metavar, text) in options.items()]


def _with(command: Callable[..., Any], options: list[Decorated]) -> Callable[..., Any]:
    for option in reversed(options):
        command = option(command)
    return command


def _pairs_of(name: str, metavar: str, text: str, read: Any = _pairs) -> Decorated:
    return click.option(name, multiple=True, callback=read, metavar=metavar, help=text)


def answers(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that answer what would else be asked of a file."""
    options: list[Decorated] = [
        click.option("--yes", is_flag=True, help="Ask nothing: refuse with a list where it is not sure."),
        _pairs_of("--table", "FILE=TABLE", "Which table a file holds."),
        _pairs_of(
            "--column", "COLUMN=HEADER",
            "Our column and your header; of other tables than deals as people.name=HEADER.", _of_tables,
        ),
        _pairs_of("--constant", "COLUMN=TEXT", "One value for every row.", _of_tables),
        _pairs_of("--stage", "NAME=OUTCOME", "A stage that is open, won or lost."),
        *_plain(_ANSWERS),
    ]  # fmt: skip
    return _with(command, options)


def settings(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that answer what a new workbook would ask."""
    no_review = click.option("--no-review", is_flag=True, help="Write and check; make no review.")
    return _with(command, [*_plain(_SETTINGS), no_review])


def begin(folder: Path, paths: tuple[Path, ...], options: dict[str, Any]) -> Proposal:
    """Look, ask and write the settings of a new workbook in the folder, with the files in its data."""
    from salesops_nb.own_data.answers import Answers
    from salesops_nb.own_data.proposing import propose
    from salesops_nb.own_data.writing import write_workbook
    from salesops_nb.present.language.translation import setting, use_locale

    if (folder / "workbook.yml").exists():
        raise SalesopsError(problem("workbook-there", value=folder))
    names = [path.name for path in paths]
    if twice := [name for name in names if names.count(name) > 1 and len({*paths}) == len(paths)]:
        raise SalesopsError(problem("two-files-of-a-name", value=twice[0]))
    paths = tuple(dict.fromkeys(path.expanduser() for path in paths))
    use_locale(options.get("locale") or "en_US")
    made = Answers(options, bool(options.get("yes")))
    looked = Looked()
    found = propose(paths, made, looked=looked)
    made.settle()
    show(found, looked)
    company = str(options.get("company") or folder.resolve().name.replace("-", " ").replace("_", " ").title())
    write_workbook(folder, found, company, setting().locale)
    into_data(folder / "data", found)
    return found


def into_data(data: Path, found: Proposal) -> None:
    """Copy the files that the proposal reads into the workbook's data."""
    data.mkdir(parents=True, exist_ok=True)
    for made in found.tables.values():
        for seen in (made.seen, *made.more):
            if seen.path.resolve().parent != data.resolve():
                shutil.copy2(seen.path, data / seen.path.name)


def next_step(command: str) -> Message:
    """What to type next."""
    return message("Next: {command}", command=command)


def say(text: str, before: str = "") -> None:
    """Print a message in the reader's language."""
    click.echo(before + messages.translator(text))


class Looked:
    """What files tell by themselves, printed before anything is asked."""

    def __init__(self) -> None:
        self.columns: dict[str, dict[str, Found]] = {}

    def __call__(self, tables: Iterable[Proposed]) -> None:
        """Print each table's columns with samples, and how sure they are."""
        for made in tables:
            like = message(", as {crm} writes it", crm=made.layout.crm) if made.layout is not None else ""
            told = {"file": made.seen.name, "table": made.table, "rows": made.seen.rows, "like": like}
            say(message("{file}: {table}, {rows} rows{like}", **told))
            _columns(made, made.columns)
            self.columns[made.table] = dict(made.columns)
            click.echo()


def _columns(made: Proposed, chosen: Mapping[str, Found]) -> None:
    width = max((len(found.header) for found in chosen.values()), default=0)
    for name, found in chosen.items():
        shown = ", ".join(made.seen.columns[found.header].shown)[:60]
        sure = joined([_SURE[found.sure], " (", found.why, ")"], "")
        click.echo(f"  {name:<18} {found.header:<{width}}  {messages.translator(sure)}  {shown}")


def show(found: Proposal, looked: Looked) -> None:
    """Print what was made of it: columns that were named, stages and formats, and what is left."""
    for made in found.tables.values():
        _table(made, looked.columns.get(made.table, {}))
    for seen in found.left:
        click.echo()
        say(message("{file}: left out, as it has no table's columns", file=seen.name))
    if found.lacking:
        click.echo()
        say(
            message(
                "Owners whom the people's file lacks (their deals stand under 'unassigned'): {names}",
                names=listed(found.lacking, 8),
            )
        )


def _table(made: Proposed, before: Mapping[str, Found]) -> None:
    click.echo(f"\n{made.seen.name}:")
    _columns(made, {name: found for name, found in made.columns.items() if before.get(name) != found})
    for name, text in made.keys.get("computed", {}).items():
        click.echo(f"  {name:<18} {text}")
    stages = made.keys.get("stages", {})
    for outcome in ("open", "won", "lost"):
        if names := [name for name, value in stages.items() if value == outcome]:
            click.echo(f"  {outcome:<18} {', '.join(names)}")
    for key in ("date_order", "decimal_mark"):
        if key in made.keys:
            click.echo(f"  {key:<18} {made.keys[key]}")
    if wide := made.keys.get("wide"):
        click.echo(f"  {'periods':<18} {', '.join(f'{h} = {p}' for h, p in list(wide.items())[:3])} …")
    for note in made.notes:
        say(note, "  ")
    used = [*made.keys.get("wide", {}), *made.keys.get("computed", {}).values()]
    if unused := [header for header in made.unused() if not any(header in each for each in used)]:
        say(message("left under its own name: {columns}", columns=", ".join(unused)), "  ")


def check_and_review(folder: Path, review: bool) -> None:
    """Check the new workbook, print what is wrong, and make the company's review; as the two commands do."""
    from salesops_nb.batch.command import Asked, run_reports
    from salesops_nb.cli.check import check

    failed = False
    try:
        click.get_current_context().invoke(check, folder=folder, quiet=False, plan=None)
    except SystemExit as ended:
        failed = bool(ended.code)
    if failed:
        say(message("Mend the errors above; until then figures leave out what they spoil."))
    if not review:
        say(next_step(f"salesops run {folder / 'reports.yml'}"))
        return
    asked = Asked(folder / "reports.yml", ("company",), {}, _first_period(folder))
    raise SystemExit(run_reports(asked))


def _first_period(folder: Path) -> str | None:
    """The period of the first review, said where it is not that of the reports to come."""
    from salesops_nb.own_data.first_period import last_with_decided_deals
    from salesops_nb.source.opened import open_workbook

    try:
        book = open_workbook(folder)
    except SalesopsError:
        return None  # which the run says
    try:
        found = last_with_decided_deals(book)
    finally:
        book.close()
    if found is None:
        return None
    complete, chosen = found
    say(
        message(
            "No deal was won or lost in {complete}, the last complete quarter: the first review is of "
            "{chosen}, the last quarter in which any was. Later ones follow reports.yml.",
            complete=complete.named,
            chosen=chosen.named,
        )
    )
    return chosen.key


@click.command("map")
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=click.Path(path_type=Path))
@answers
def map_file(files: tuple[Path, ...], **options: Any) -> None:
    """Add FILE to the workbook here, or above: what it holds is proposed and written into mapping.yml.

    A table that the mapping has already is mapped anew; everything else in mapping.yml stays as it is.
    """
    from salesops_nb.cli import write_in_language_of
    from salesops_nb.own_data.answers import Answers
    from salesops_nb.own_data.proposing import mapped, propose
    from salesops_nb.own_data.writing import table_mapping, with_tables
    from salesops_nb.source.schema.mapping import built_in_names, load_mapping
    from salesops_nb.workbook import find_workbook, load_settings

    home = find_workbook(".")
    known = load_settings(home)
    write_in_language_of(known)
    mapping, data = home / known.mapping, home / known.source
    if known.mapping in built_in_names() and not mapping.exists():
        raise SalesopsError(
            problem("not-a-mapping-file", file="workbook.yml", column="mapping", value=known.mapping)
        )
    if "://" in known.source or data.is_file():
        raise SalesopsError(
            problem("not-a-folder-of-files", file="workbook.yml", column="source", value=known.source)
        )
    whole = load_mapping(home, known)
    there = {name: made for name in ("deals", "people") if (made := mapped(data, whole, name)) is not None}
    given = {**options, "currency": known.currency, "time_zone": known.time_zone}
    answered = Answers(given, options["yes"])
    looked = Looked()
    found = propose([path.expanduser() for path in files], answered, known.calendar, there, looked)
    answered.settle()
    show(found, looked)
    into_data(data, found)
    owners = there["deals"].keys.get("values", {}).get("owner_id", {}) if "deals" in there else {}
    tables = {name: table_mapping(proposed) for name, proposed in found.tables.items()}
    mapping.write_text(with_tables(mapping, tables, owners), encoding="utf-8")
    click.echo()
    say(message("written: {file}", file=known.mapping))
    say(next_step("salesops check"))
