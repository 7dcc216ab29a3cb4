"""`salesops ledger`: the pay ledger at the command line, from a draft to the payroll file.

A person is given by name or id and shown by name; the ledger keeps ids. The day of an act (`--on`) is today
unless said: it is a fact about the act, kept with it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import pandas as pd

from salesops_nb.cli import Room, day_given, opened, person_id, print_table, today
from salesops_nb.core.money import from_minor
from salesops_nb.core.names import named
from salesops_nb.errors import Problem, SalesopsError, problem
from salesops_nb.present.language.called import told
from salesops_nb.store.ledger import ledger as pay_ledger
from salesops_nb.store.ledger.calendar import PayCalendar, load_pay_calendar

if TYPE_CHECKING:
    from salesops_nb.commission import Plan
    from salesops_nb.commission.paid_periods.watch import Findings
    from salesops_nb.core.periods import Period
    from salesops_nb.source import Workbook
    from salesops_nb.store.ledger.duties import Duties

Decorated = Callable[..., Any]
# columns of the ledger's tables that hold ids of people; of approvers several, one after another
_PEOPLE = {"payee_id", "approvers", "opened_by", "answered_by", "closed_by"}


def _day(context: click.Context, option: click.Parameter, value: str | None) -> date:
    return day_given(context, option, value) or today()


def _amount(_context: click.Context, _option: click.Parameter, value: str) -> Decimal:
    try:
        return Decimal(value)
    except InvalidOperation:
        raise click.BadParameter(f"{value!r} is not an amount; write it like -120.50") from None


def _person(context: click.Context, _option: click.Parameter, value: Any) -> Any:
    """The id of the person, or of each, who is given by a name or an id; whoever is not known as given."""
    if not value:
        return value
    people = opened(context).tables
    found = [person_id(people, each) for each in ([value] if isinstance(value, str) else value)]
    return found[0] if isinstance(value, str) else tuple(found)


def _act(command: Decorated) -> Decorated:
    """The options of everything that writes: who and when."""
    command = click.option("--on", callback=_day, metavar="DAY", help="Day of the act (default: today).")(
        command
    )
    return click.option(
        "--by", required=True, callback=_person, metavar="PERSON", help="Who does it: a name or an id."
    )(command)


_payees = click.option(
    "--payee", "payees", multiple=True, callback=_person, metavar="PERSON", help="Only these statements."
)


@click.group()
@click.option("-w", "--workbook", default=".", metavar="DIR", help="The workbook's folder.")
@click.pass_context
def ledger(context: click.Context, workbook: str) -> None:
    """The pay ledger: review, approve, lock, pay, dispute, verify."""
    context.obj = workbook


def _calendar(context: click.Context) -> PayCalendar | None:
    path = opened(context).folder / "pay_calendar.yml"
    return load_pay_calendar(path) if path.exists() else None


def _key(context: click.Context, period: str) -> str:
    return opened(context).calendar.period(period).key


def _duties(context: click.Context) -> Duties:
    from salesops_nb.notebook.commission_calculation.calculations import duties_of

    return duties_of(opened(context).book)


def _show(context: click.Context, table: pd.DataFrame) -> None:
    """The table with people by their names."""
    people = opened(context).tables
    for column in _PEOPLE & set(table.columns):
        cells = table[column].fillna("")
        several = [cell.split(", ") if column == "approvers" else [cell] for cell in cells]
        table = table.assign(**{column: [", ".join(named(people, "people", ids)) for ids in several]})
    table = table.rename(columns={"payee_id": "payee"})
    print_table(table)


def _names(context: click.Context, ids: Iterable[str]) -> str:
    return ", ".join(named(opened(context).tables, "people", ids)) or "none"


def _tell(problems: list[Problem]) -> None:
    for found in problems:
        click.echo(told(found, table=False), err=True)


@ledger.command()
@click.option("--anchor", "anchors", multiple=True, metavar="COUNT:HASH", help="An anchor kept elsewhere.")
@click.pass_context
def verify(context: click.Context, anchors: tuple[str, ...]) -> None:
    """Find any change of the ledger since it was written; the first bad entry is named."""
    store = opened(context).store
    problems = pay_ledger.verify(store, anchors)
    if problems:
        raise SalesopsError(problems)
    click.echo(f"The ledger is as it was written: {pay_ledger.anchor(store)}")
    if not anchors:
        click.echo(
            "Whoever can write the whole database can also rewrite the chain: keep this anchor elsewhere."
        )


@ledger.command()
@click.pass_context
def anchor(context: click.Context) -> None:
    """Print the ledger's state as COUNT:HASH, to be kept outside the database."""
    click.echo(pay_ledger.anchor(opened(context).store))


@ledger.command("list")
@click.option("--period", metavar="PERIOD")
@click.option("--payee", callback=_person, metavar="PERSON", help="A name or an id.")
@click.option("--lines", is_flag=True, help="Lines instead of statements.")
@click.option("--disputes", is_flag=True, help="Disputes instead of statements.")
@click.pass_context
def list_(context: click.Context, period: str | None, payee: str | None, lines: bool, disputes: bool) -> None:
    """Statements with their status, or their lines or disputes."""
    store = opened(context).store
    key = _key(context, period) if period else None
    if disputes:
        _show(context, pay_ledger.disputes(store, period=key, payee_id=payee))
        return
    if lines:
        table = pay_ledger.lines(store, key, payee_id=payee)
        _show(
            context,
            table[["period", "payee_id", "line_id", "kind", "amount", "currency", "status", "dispute"]],
        )
        return
    table = pay_ledger.statements(store, key)
    _show(context, table[table["payee_id"] == payee] if payee else table)


@ledger.command()
@click.argument("period")
@click.option("--plans", "folder", default="plans", metavar="DIR", help="Folder of the plan files.")
@click.option("--exception", default="", metavar="REASON", help="Why lines may change after the cut-off.")
@_act
@click.pass_context
def post(context: click.Context, period: str, folder: str, exception: str, by: str, on: date) -> None:
    """Calculate a period's commission and bring the ledger to it; say what closed periods differ by."""
    from salesops_nb import commission
    from salesops_nb.commission.inputs.tables import Tables
    from salesops_nb.commission.paid_periods.basis import basis

    room = opened(context)
    span = room.calendar.period(period)
    prior = pay_ledger.prior_lines(room.store, span)
    plans = commission.load_plans(room.folder / folder)
    tables = Tables.of(room.book.tables).beside(prior_lines=prior)
    netting = room.book.settings.pay_policy.exit_netting
    payout = commission.calculate(plans, tables, span, exit_netting=netting, duties=_duties(context))
    _tell(payout.problems)
    _tell_set_aside(room.book, payout.problems)
    done = pay_ledger.post(
        room.store,
        payout.lines,
        span,
        author=by,
        on=on,
        pay_calendar=_calendar(context),
        exception=exception,
        fiscal=room.calendar,
        basis=basis(payout, every_plan=True),
        duties=_duties(context),
    )
    _posted(context, done)
    _tell(_watched(room, plans).warnings())


def _posted(context: click.Context, done: pay_ledger.Posting) -> None:
    click.echo(f"{done.written} lines written, {done.withdrawn} withdrawn, {done.unchanged} unchanged.")
    for line_id in done.adjustments:
        click.echo(f"late: {line_id}")
    for key, payee in done.reopened:
        click.echo(f"again a draft: {_names(context, [payee])}, {key}")
    click.echo(f"ledger {done.anchor}")


def _watched(room: Room, plans: list[Plan]) -> Findings:
    from salesops_nb.notebook.commission_calculation.closed_periods import findings

    return findings(room.book, plans)


def _tell_set_aside(book: Workbook, problems: list[Problem]) -> None:
    """What neither the tables nor the calculation could use, by reason, counted and summed."""
    from salesops_nb.cli.check import set_aside

    told = set_aside(book)
    by_code: dict[str, list[Problem]] = {}
    for each in problems:
        if each.severity == "error" or each.amount is not None:
            by_code.setdefault(each.code, []).append(each)
    for code, found in sorted(by_code.items()):
        amounts = [each.amount for each in found if each.amount is not None]
        sums = f", {sum(amounts, Decimal(0)):,.2f}" if amounts else ""
        told.append(f"left out of pay: {len(found)} {code}{sums}")
    for words in told:
        click.echo(words, err=True)


@ledger.command()
@click.option("--plans", "folder", default="plans", metavar="DIR", help="Folder of the plan files.")
@click.option("--dry-run", is_flag=True, help="Say what would be written, and write nothing.")
@_act
@click.pass_context
def correct(context: click.Context, folder: str, dry_run: bool, by: str, on: date) -> None:
    """Write the adjustment lines of every closed period that today's data pay otherwise."""
    from salesops_nb import commission
    from salesops_nb.notebook.commission_calculation.closed_periods import corrected, proposed

    room = opened(context)
    plans = commission.load_plans(room.folder / folder)
    if dry_run:
        found, changes = proposed(room.book, plans, on=on, pay_calendar=_calendar(context))
        done = None
    else:
        found, changes, done = corrected(room.book, plans, author=by, on=on, pay_calendar=_calendar(context))
    _tell(found.warnings())
    if not found.changes:
        click.echo("No closed period differs from its calculation today: nothing to correct.")
        return
    for line in changes.lines.write:
        amount = from_minor(line["amount_minor"], line["currency"])
        payee = _names(context, [line["payee_id"]])
        click.echo(f"{line['period']}: {payee}, {line['line_id']}: {amount:+,} {line['currency']}")
    if done is None:
        click.echo("Nothing was written (--dry-run).")
    else:
        _posted(context, done)


@ledger.command()
@click.argument("period")
@_act
@click.pass_context
def withdraw(context: click.Context, period: str, by: str, on: date) -> None:
    """Take back what was calculated for an open period, as if it had not been posted."""
    room = opened(context)
    count = pay_ledger.withdraw(
        room.store, room.calendar.period(period), author=by, on=on, duties=_duties(context)
    )
    click.echo(f"{count} lines withdrawn.")


@ledger.command()
@click.argument("period")
@_payees
@_act
@click.pass_context
def review(context: click.Context, period: str, payees: tuple[str, ...], by: str, on: date) -> None:
    """Mark draft statements as reviewed."""
    store = opened(context).store
    done = pay_ledger.review(
        store, _key(context, period), by=by, on=on, payees=payees or None, duties=_duties(context)
    )
    _tell(done.waiting)
    click.echo(f"Reviewed: {_names(context, done.moved)}.")


@ledger.command()
@click.argument("period")
@_payees
@_act
@click.pass_context
def approve(context: click.Context, period: str, payees: tuple[str, ...], by: str, on: date) -> None:
    """Approve reviewed statements: not one's own, and not alone where one is paid an override."""
    done = pay_ledger.approve(
        opened(context).store,
        _key(context, period),
        by=by,
        on=on,
        payees=payees or None,
        duties=_duties(context),
    )
    _tell(done.waiting)
    click.echo(f"Approved: {_names(context, done.moved)}.")


@ledger.command()
@click.argument("period")
@_act
@click.pass_context
def lock(context: click.Context, period: str, by: str, on: date) -> None:
    """Lock a period whose statements are all approved: it is never rewritten."""
    _close(context, pay_ledger.lock, "locked", period, by, on)


@ledger.command()
@click.argument("period")
@_act
@click.pass_context
def pay(context: click.Context, period: str, by: str, on: date) -> None:
    """Mark a locked period as paid, from its pay date on."""
    _close(context, pay_ledger.pay, "paid", period, by, on)


def _close(
    context: click.Context, step: Callable[..., object], state: str, period: str, by: str, on: date
) -> None:
    """Lock or pay a period, and say what it is now."""
    room, key = opened(context), _key(context, period)
    anchor = step(
        room.store,
        key,
        by=by,
        on=on,
        pay_calendar=_calendar(context),
        fiscal=room.calendar,
        duties=_duties(context),
    )
    click.echo(f"{key} is {state}. Keep this anchor outside the database: {anchor}")


@ledger.command(context_settings={"ignore_unknown_options": True})
@click.argument("period")
@click.argument("payee", callback=_person)
@click.argument("amount", callback=_amount)
@click.argument("currency")
@click.option("--reason", required=True)
@click.option("--approver", required=True, callback=_person, metavar="PERSON", help="A name or an id.")
@click.option("--corrects", metavar="LINE", help="The line it corrects.")
@_act
@click.pass_context
def adjust(
    context: click.Context,
    period: str,
    payee: str,
    amount: Decimal,
    currency: str,
    reason: str,
    approver: str,
    corrects: str | None,
    by: str,
    on: date,
) -> None:
    """Add a line by hand to an open period."""
    line_id = pay_ledger.adjust(
        opened(context).store,
        _key(context, period),
        payee,
        amount,
        currency,
        reason=reason,
        author=by,
        approver=approver,
        on=on,
        corrects=corrects,
        duties=_duties(context),
    )
    click.echo(line_id)


@ledger.group()
def dispute() -> None:
    """Open, answer and close disputes."""


@dispute.command("open")
@click.argument("line_id")
@click.argument("question")
@_act
@click.pass_context
def open_(context: click.Context, line_id: str, question: str, by: str, on: date) -> None:
    """Open a dispute on a line."""
    click.echo(
        pay_ledger.open_dispute(
            opened(context).store, line_id, question, by=by, on=on, duties=_duties(context)
        )
    )


@dispute.command("answer")
@click.argument("dispute_id")
@click.argument("answer")
@_act
@click.pass_context
def answer_(context: click.Context, dispute_id: str, answer: str, by: str, on: date) -> None:
    """Answer an open dispute."""
    pay_ledger.answer_dispute(
        opened(context).store, dispute_id, answer, by=by, on=on, duties=_duties(context)
    )


@dispute.command("close")
@click.argument("dispute_id")
@click.argument("outcome", type=click.Choice(["accepted", "rejected", "withdrawn"]))
@click.option("--adjustment", metavar="LINE", help="The line that pays what was accepted.")
@_act
@click.pass_context
def close_(
    context: click.Context, dispute_id: str, outcome: Any, adjustment: str | None, by: str, on: date
) -> None:
    """Close a dispute."""
    pay_ledger.close_dispute(
        opened(context).store,
        dispute_id,
        outcome,
        by=by,
        on=on,
        adjustment_line_id=adjustment,
        duties=_duties(context),
    )


@ledger.command()
@click.argument("period")
@click.option("--plans", "folder", default="plans", metavar="DIR", help="Plans that name earning codes.")
@click.option("--to", "target", default="reports/payroll", metavar="DIR", help="Where the files go.")
@click.option("--on", callback=_day, metavar="DAY", help="The day people's payroll ids are valid on.")
@click.pass_context
def payroll(context: click.Context, period: str, folder: str, target: str, on: date) -> None:
    """Write the payroll CSV and xlsx of an approved period."""
    from salesops_nb.commission.finance.payroll import payroll as make
    from salesops_nb.commission.finance.payroll import payroll_csv, payroll_xlsx
    from salesops_nb.notebook.commission_calculation.period_book import earning_codes

    room = opened(context)
    key = _key(context, period)
    lines = pay_ledger.lines(room.store, key)
    if lines.empty:
        raise SalesopsError(problem("nothing-to-pay", period=key))
    plans = _plans(room.folder / folder)
    codes = earning_codes(plans) if plans else None
    result = make(lines, room.book.table("people"), on=on, earning_codes=codes)
    place = room.folder / target
    place.mkdir(parents=True, exist_ok=True)
    stem = place / f"payroll_{key.replace(':', '_')}"
    stem.with_suffix(".csv").write_text(payroll_csv(result.rows), encoding="utf-8", newline="")
    stem.with_suffix(".xlsx").write_bytes(payroll_xlsx(result, pay_ledger.anchor(room.store)))
    _tell(result.problems)
    _show(context, result.totals)
    click.echo(f"{stem}.csv\n{stem}.xlsx")


def _plans(folder: Path) -> list[Plan]:
    """The plans of a folder, none where there is none."""
    from salesops_nb.commission import load_plans

    return load_plans(folder) if folder.is_dir() else []


@ledger.command()
@click.argument("first")
@click.argument("last", required=False)
@click.option("--plans", "folder", default="plans", metavar="DIR", help="Plans that say what is incremental.")
@click.option("--to", "target", metavar="FILE", help="A CSV of the table for finance.")
@click.pass_context
def accrual(context: click.Context, first: str, last: str | None, folder: str, target: str | None) -> None:
    """Earned and unpaid from one period to another, tied to the ledger."""
    from salesops_nb.commission.finance.accrual import accrual as make
    from salesops_nb.commission.finance.payroll import payroll_csv
    from salesops_nb.notebook.commission_calculation.period_book import not_incremental

    room = opened(context)
    deals = room.book.table("deals") if "deals" in room.book.tables else None
    result = make(
        pay_ledger.lines(room.store),
        _periods(room, first, last),
        deals,
        pay_ledger.statements(room.store),
        not_incremental=not_incremental(_plans(room.folder / folder)),
    )
    _tell(result.problems)
    _show(context, result.roll_forward)
    if target:
        Path(target).write_text(payroll_csv(result.table), encoding="utf-8", newline="")
        click.echo(target)


@ledger.command()
@click.argument("first")
@click.argument("last", required=False)
@click.option("--plans", "folder", default="plans", metavar="DIR", help="Plans that say what is incremental.")
@click.option("--to", "target", default="reports/finance", metavar="DIR", help="Where the file goes.")
@click.pass_context
def finance(context: click.Context, first: str, last: str | None, folder: str, target: str) -> None:
    """Write the finance xlsx: lines, a journal entry that balances, and the reconciliation to the ledger.

    The accounts are those of workbook.yml.
    """
    from salesops_nb.commission.finance.journal import finance as make
    from salesops_nb.commission.finance.payroll import sheets_xlsx
    from salesops_nb.notebook.commission_calculation.period_book import not_incremental

    room = opened(context)
    periods = _periods(room, first, last)
    result = make(
        pay_ledger.lines(room.store),
        periods,
        room.book.table("deals") if "deals" in room.book.tables else None,
        pay_ledger.statements(room.store),
        room.settings.accounts,
        not_incremental=not_incremental(_plans(room.folder / folder)),
    )
    _tell(result.problems)
    _show(context, result.journal)
    place = room.folder / target
    place.mkdir(parents=True, exist_ok=True)
    span = "_".join(dict.fromkeys((periods[0].key, periods[-1].key)))
    file = place / f"finance_{span.replace(':', '_')}.xlsx"
    sheets = {"Lines": result.lines, "Journal": result.journal, "Reconciliation": result.reconciliation}
    file.write_bytes(sheets_xlsx(sheets, pay_ledger.anchor(room.store)))
    click.echo(str(file))


def _periods(room: Room, first: str, last: str | None) -> list[Period]:
    """Consecutive periods from the first to the last."""
    periods = [room.calendar.period(first)]
    end = room.calendar.period(last or first).end
    while periods[-1].end < end:
        periods.append(periods[-1].next())
    return periods
