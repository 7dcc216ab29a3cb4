"""The pay ledger: what was calculated, who approved it, what was paid, and never a line rewritten.

The model, from the bottom up:

- an *entry* is one fact, appended to one hash chain (`ledger_chain`, checked by `ledger_verify`);
- a *line* is what one payee earns for one reason in one period; while its period is open a new
  calculation may replace or withdraw it, in a closed one it is corrected by adjustment lines only;
- a *statement* is a payee's lines of a period; it goes draft, reviewed, approved, and with its
  period locked and paid (`ledger_workflow`);
- a *dispute* is opened on a line, answered and closed (`ledger_disputes`).

`post` writes a calculation, `lines` reads the ledger, `adjust` adds a line by hand
(`ledger_adjustments`). Everything that others call is named here.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pyarrow as pa
from sqlalchemy import Connection, Engine, select

from salesops_nb.core.money import from_minor
from salesops_nb.core.periods import FiscalCalendar, Period
from salesops_nb.errors import SalesopsError, problem
from salesops_nb.messages import message
from salesops_nb.store.ledger.adjustments import adjust
from salesops_nb.store.ledger.calendar import PayCalendar, load_pay_calendar
from salesops_nb.store.ledger.chain import append, entries, writing
from salesops_nb.store.ledger.difference import Difference, difference
from salesops_nb.store.ledger.disputes import (
    answer_dispute,
    close_dispute,
    dispute_states,
    disputes,
    open_dispute,
)
from salesops_nb.store.ledger.duties import ANYBODY, Duties
from salesops_nb.store.ledger.lines import draft_frame, entry_values, line_frame
from salesops_nb.store.ledger.state import (
    CLOSED,
    Openness,
    current_lines,
    known_periods,
    origin_period,
    period_state,
)
from salesops_nb.store.ledger.verification import anchor, anchor_of, verify
from salesops_nb.store.ledger.workflow import approve, lock, pay, review, statements

__all__ = [
    "Duties",
    "PayCalendar",
    "Posting",
    "adjust",
    "anchor",
    "answer_dispute",
    "approve",
    "close_dispute",
    "disputes",
    "lines",
    "load_pay_calendar",
    "lock",
    "open_dispute",
    "pay",
    "post",
    "preview",
    "prior_lines",
    "review",
    "statements",
    "verify",
    "withdraw",
]


@dataclass(frozen=True, slots=True)
class Posting:
    """What posting a calculation did.

    `written` lines are new or changed, `withdrawn` ones gone, `unchanged` ones needed nothing;
    `adjustments` are the written lines that correct a closed period; `reopened` the statements
    (period, payee) that fell back to draft because their lines changed; `anchor` the chain's state.
    """

    written: int
    withdrawn: int
    unchanged: int
    adjustments: list[str]
    reopened: list[tuple[str, str]]
    anchor: str


def post(
    engine: Engine,
    payout_lines: Any,
    period: Period | str,
    *,
    author: str,
    on: date,
    pay_calendar: PayCalendar | None = None,
    fiscal: FiscalCalendar | None = None,
    plans: Collection[str] | None = None,
    exception: str = "",
    basis: Mapping[str, Any] | None = None,
    duties: Duties = ANYBODY,
) -> Posting:
    """Bring the ledger to what a period's calculation says; the same calculation again writes nothing.

    Parameters
    ----------
    payout_lines : ``Payout.lines``, every line of the calculated plans in the period.
    period : the calculated period; lines of its months or quarters belong to it.
    on : the day of posting; it decides whether a cut-off has passed.
    plans : the calculated plans, where they are not all; lines of other plans are left alone.
    exception : why lines may still change after the cut-off; recorded with them.
    basis : what the calculation went by (see `closed_periods`), kept with what is written, so that a later
        one can say what has changed.
    duties : who may be the author: a person of them, or `UNATTENDED`, who is not paid by what is written.

    Raises
    ------
    SalesopsError
        Where the author may not be it, a line is malformed, belongs to another period, or its id to another
        period's line, or where the ledger holds these plans for a period that overlaps this one.
    """
    author = duties.person("author", author, unattended=True)
    fiscal = fiscal or (period.calendar if isinstance(period, Period) else FiscalCalendar())
    period = fiscal.period(period) if isinstance(period, str) else period
    values = entry_values(payout_lines)
    with writing(engine) as connection:
        _check_overlap(connection, values, period, fiscal)
        change = _planned(connection, values, period, on, pay_calendar, fiscal, plans, exception)
        bases = {period.key: basis} if basis is not None else {}
        return written(connection, change, author, on, exception, bases, duties)


def written(
    connection: Connection,
    change: Difference,
    author: str,
    on: date,
    exception: str = "",
    bases: Mapping[str, Mapping[str, Any]] | None = None,
    duties: Duties = ANYBODY,
) -> Posting:
    """Write a difference, and what each calculated period of it went by; nothing where nothing differs."""
    paid = {line["payee_id"] for line in change.write} | {row.payee_id for row in change.withdraw}
    duties.refuse("author", author, [("payee", payee) for payee in sorted(paid)], message("Posting refused"))
    common = {"author": author, "made_on": on.isoformat()}
    check_ids(connection, change)
    reopened = _write(connection, change, common, exception)
    if change.write or change.withdraw:
        append(
            connection,
            [
                {"entry": "basis", "period": key, "origin": key, "details": basis, **common}
                for key, basis in (bases or {}).items()
            ],
        )
    return Posting(
        written=len(change.write),
        withdrawn=len(change.withdraw),
        unchanged=change.unchanged,
        adjustments=[line["line_id"] for line in change.write if "corrects" in line.get("details", {})],
        reopened=reopened,
        anchor=anchor_of(connection),
    )


def preview(
    engine: Engine,
    payout_lines: Any,
    period: Period,
    *,
    on: date,
    pay_calendar: PayCalendar | None = None,
    plans: Collection[str] | None = None,
) -> tuple[pd.DataFrame, dict[str, Decimal]]:
    """What the period's lines would be after `post`, and how each payee's pay would change; writes nothing.

    The frame is as of `lines`; a payee whose lines would change is a draft in it. The changes (of
    the first currency of each) count corrections that would fall into a later period as well.
    """
    key = period.key
    with engine.connect() as connection:
        drafts = None if _holds(connection, key) else draft_frame(payout_lines, key)
        if drafts is not None:
            _check_plans(
                [{"plan_id": plan} for plan in pa.array(drafts["plan_id"]).unique().to_pylist()], plans
            )
            sums = drafts.groupby("payee_id")["amount"].sum()
            return drafts, {str(payee): amount for payee, amount in sums.items() if amount}
        values = entry_values(payout_lines)
        change = _planned(connection, values, period, on, pay_calendar, period.calendar, plans, "")
        state, now = period_state(connection, key), current_lines(connection, periods=[key])
        replaced = {row.line_id: row for row in current_lines(connection, origins=scope(period, values))}
        gone = {row.line_id for row in change.withdraw} | {line["line_id"] for line in change.write}
        new = [as_row(line) for line in change.write if line["period"] == key]
        rows = [*(row for row in now if row.line_id not in gone), *new]
        differences: dict[str, Decimal] = {}
        for row, sign in (
            *((as_row(line), 1) for line in change.write),
            *((replaced[line["line_id"]], -1) for line in change.write if line["line_id"] in replaced),
            *((row, -1) for row in change.withdraw),
        ):
            amount = sign * from_minor(row.amount_minor, row.currency)
            differences[row.payee_id] = differences.get(row.payee_id, Decimal(0)) + amount
        statuses = {
            (key, row.payee_id): "draft" if row.payee_id in differences and state.own not in CLOSED
            else state.status(row.payee_id)
            for row in rows
        }  # fmt: skip
        frame = line_frame(rows, statuses, {key: state.paid_on}, dispute_states(connection))
    return frame, {payee: amount for payee, amount in differences.items() if amount}


def _holds(connection: Connection, period: str) -> bool:
    """Whether the ledger knows anything of a period, or of its calculation."""
    mine = select(entries.c.seq).where((entries.c.period == period) | (entries.c.origin == period))
    return connection.execute(mine.limit(1)).first() is not None


def as_row(line: Mapping[str, Any]) -> Any:
    """A line that is to be written, read as if it stood in the ledger."""
    plain = {name: line.get(name) for name in entries.c.keys()}  # noqa: SIM118 - columns, not names
    content = json.dumps(line.get("details") or {})
    return SimpleNamespace(**{**plain, "details": content, "author": "", "seq": 0})


def _planned(
    connection: Connection,
    values: list[dict[str, Any]],
    period: Period,
    on: date,
    pay_calendar: PayCalendar | None,
    fiscal: FiscalCalendar,
    plans: Collection[str] | None,
    exception: str,
) -> Difference:
    """What posting the lines would write."""
    origins = scope(period, values)
    _check_plans(values, plans)
    prior = [
        row
        for row in current_lines(connection, origins=origins)
        if plans is None or row.plan_id is None or row.plan_id in set(plans)
    ]
    calculated = {value["plan_id"] for value in values} | {row.plan_id for row in prior}
    openness = Openness(connection, on, pay_calendar, fiscal, exception, filter(None, calculated))
    targets = {key: openness.target(key) for key in origins}
    closed = {row.period: openness.closed(row.period) for row in prior}
    return difference(values, prior, targets, closed)


def scope(period: Period, values: Iterable[dict[str, Any]]) -> list[str]:
    """The periods that this calculation speaks of: its own, and those within it that its lines name."""
    parts = {month.key for month in period.months()} | {period.key}
    if period.kind == "year":
        parts |= {part.key for part in period.calendar.between(period.start, period.end, "quarter")}
    strange = sorted({value["period"] for value in values} - parts)
    if strange:
        raise SalesopsError(
            problem(
                "foreign-period",
                table="lines",
                column="period",
                value=strange[0],
                period=period.key,
                others=", ".join(strange),
            )
        )
    return sorted({period.key} | {value["period"] for value in values})


def _check_plans(values: Iterable[dict[str, Any]], plans: Collection[str] | None) -> None:
    named = {str(v["plan_id"]) for v in values if v["plan_id"] is not None}  # an adjustment may name none
    strange = sorted(named - set(plans)) if plans is not None else []
    if strange:
        raise SalesopsError(
            problem(
                "foreign-plan", table="lines", column="plan_id", value=strange[0], others=", ".join(strange)
            )
        )


def _check_overlap(
    connection: Connection, values: Iterable[dict[str, Any]], period: Period, fiscal: FiscalCalendar
) -> None:
    """A month and the quarter that has it in it would pay the same twice."""
    calculated = {value["plan_id"] for value in values} - {None}
    own = {period.key} | {value["period"] for value in values}
    for key in known_periods(connection):
        other = fiscal.period(key)
        wider = other.start <= period.start and period.end <= other.end
        inside = period.start <= other.start and other.end <= period.end
        if key in own or not (wider or inside):
            continue
        both = {row.plan_id for row in current_lines(connection, origins=[key])} & calculated
        if both:
            raise SalesopsError(
                problem(
                    "overlapping-period.within" if wider else "overlapping-period.around",
                    table="lines",
                    column="period",
                    value=period.key,
                    other=key,
                    payees=", ".join(sorted(both)),
                )
            )


def withdraw(engine: Engine, period: Period, *, author: str, on: date, duties: Duties = ANYBODY) -> int:
    """Take back what was calculated for an open period, as if it had not been posted; returns how many lines.

    Lines entered by hand stay. Raises `SalesopsError` where the period is locked or paid, or holds
    no calculation.
    """
    author = duties.person("author", author)
    with writing(engine) as connection:
        state = period_state(connection, period.key)
        rows = current_lines(connection, origins=[period.key])
        closed_ = next((r.period for r in rows if period_state(connection, r.period).own in CLOSED), None)
        if state.own in CLOSED or closed_ is not None or not rows:
            raise SalesopsError(
                problem(
                    "nothing-to-withdraw.no-calculation" if not rows else "nothing-to-withdraw.locked",
                    table="lines",
                    column="period",
                    value=period.key,
                )
            )
        _write(connection, Difference(withdraw=rows), {"author": author, "made_on": on.isoformat()}, "")
        return len(rows)


def check_ids(connection: Connection, change: Difference) -> None:
    """A line id names one line for ever; an id used again for another period would blur what is corrected."""
    place = {line["line_id"]: (line["period"], line["origin"]) for line in change.write}
    ids, problems = list(place), []
    for first in range(0, len(ids), 500):
        query = select(entries.c.line_id, entries.c.period, entries.c.origin).distinct()
        query = query.where(entries.c.line_id.in_(ids[first : first + 500]), entries.c.entry == "line")
        for row in connection.execute(query):
            if (row.period, row.origin) != place[row.line_id]:
                problems.append(
                    problem(
                        "duplicate-line",
                        table="lines",
                        column="line_id",
                        value=row.line_id,
                        period=row.period,
                    )
                )
    if problems:
        raise SalesopsError(problems)


def _write(
    connection: Connection, change: Difference, common: dict[str, str], exception: str
) -> list[tuple[str, str]]:
    rows: list[dict[str, Any]] = []
    for gone in change.withdraw:
        names = ("period", "payee_id", "line_id", "plan_id", "component_id", "deal_id", "kind", "origin")
        rows.append({"entry": "withdrawn", **{name: getattr(gone, name) for name in names}, **common})
    for line in change.write:
        content = dict(line.get("details") or {})
        if exception:
            content["exception"] = exception
        rows.append({"entry": "line", **line, "details": content, **common})
    reopened = _reopened(connection, rows, change)
    for period, payee_id in reopened:
        content = {"to": "draft", "reason": "the lines changed"}
        rows.append({"entry": "status", "period": period, "payee_id": payee_id, "details": content, **common})
    append(connection, rows)
    return reopened


def _reopened(
    connection: Connection, rows: Iterable[dict[str, Any]], change: Difference
) -> list[tuple[str, str]]:
    """Statements that were reviewed or approved and whose lines are about to change."""
    touched = {(row["period"], row["payee_id"]) for row in rows}
    written = {line["line_id"]: line for line in change.write}
    if written:  # a line that moves to another payee changes the old payee's statement as well
        for row in current_lines(connection, periods=sorted({line["period"] for line in change.write})):
            if row.line_id in written:
                touched.add((row.period, row.payee_id))
    states = {key: period_state(connection, key) for key in {period for period, _ in touched}}
    return sorted(
        (period, payee)
        for period, payee in touched
        if states[period].statements.get(payee, "draft") != "draft" and states[period].own not in CLOSED
    )


def lines(
    engine: Engine,
    period: Period | str | None = None,
    *,
    payee_id: str | None = None,
    before: Period | None = None,
) -> pd.DataFrame:
    """The ledger's current lines, as a frame (one row a line, amounts decimal, Arrow types).

    Columns of the line schema, then status, paid_on, dispute (the last one on the line), origin (the
    calculated period), author, reason, approver, calculated_kind, raw (the pay in the plan's own currency
    before it was rounded and converted, where the calculation said it), seq. With `before` only what was
    calculated for periods that end by its first day, in whichever period it is paid.
    """
    with engine.connect() as connection:
        keys = known_periods(connection) if period is None else [str(period)]
        rows = current_lines(connection, periods=keys, payee_id=payee_id)
        if before is not None:
            calendar, start = before.calendar, before.start
            ended = {row.origin: origin_period(row.origin, calendar).end <= start for row in rows}
            rows = [row for row in rows if ended[row.origin]]
        return table_of(connection, rows)


def table_of(connection: Connection, rows: list[Any]) -> pd.DataFrame:
    """Rows of the ledger as `lines` gives them."""
    states = {key: period_state(connection, key) for key in {row.period for row in rows}}
    statuses = {(row.period, row.payee_id): states[row.period].status(row.payee_id) for row in rows}
    paid = {key: state.paid_on for key, state in states.items()}
    return line_frame(rows, statuses, paid, dispute_states(connection))


def prior_lines(engine: Engine, before: Period) -> pd.DataFrame:
    """What a calculation of a period takes as ``prior_lines``: the ledger's lines of earlier periods.

    A correction of an earlier period that is paid in this one is among them, so that nothing is paid
    twice. As `lines`, but a line that corrects a closed period bears the kind of what it corrects, so that
    balances of draws, carries and holdbacks, which are sums by kind, stay right after a correction.
    """
    return as_prior(lines(engine, before=before))


def as_prior(frame: pd.DataFrame) -> pd.DataFrame:
    """Lines of the ledger with each correction bearing the kind of what it corrects."""
    corrected = frame["calculated_kind"].notna()
    frame.loc[corrected, "kind"] = frame.loc[corrected, "calculated_kind"]
    return frame
