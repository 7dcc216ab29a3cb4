"""The payroll file: what leaves for payment, one row a person, earning code and currency.

Only approved, locked and paid lines leave. Rows that cannot leave (nobody's payroll id, no earning
code) are set aside, listed and summed: exported plus set aside is always the ledger's total.

A text cell that a spreadsheet would run as a formula gets an apostrophe before it, in the CSV and
the workbook alike; amounts are numbers and stay so, the negative ones too.
"""

from __future__ import annotations

import csv
import io
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import narwhals as nw
import pandas as pd
import pyarrow as pa

from salesops_nb import messages
from salesops_nb.commission.finance.ledger_rows import plain_rows
from salesops_nb.core.frames import arrow_frame
from salesops_nb.core.money import places
from salesops_nb.core.spreadsheet import neutral
from salesops_nb.errors import Problem, SalesopsError, problem
from salesops_nb.messages import Message, message

MAY_LEAVE = ("approved", "locked", "paid")
COLUMNS = ("payroll_id", "person_id", "name", "period", "earning_code", "currency", "amount", "lines")


@dataclass(frozen=True, slots=True)
class Payroll:
    """What leaves, what does not, and that both make the ledger's total.

    `rows` has `COLUMNS`; `set_aside` the same with a `reason`; `totals` has currency, ledger,
    exported, set_aside; `problems` lists every row that stays behind, with its amount.
    """

    rows: pd.DataFrame
    set_aside: pd.DataFrame
    totals: pd.DataFrame
    problems: list[Problem]


def payroll(
    lines: Any,
    people: Any,
    *,
    on: date,
    earning_codes: Mapping[str, str] | None = None,
    undecided: Collection[str] = (),
) -> Payroll:
    """Sum approved lines by person, earning code and currency.

    Parameters
    ----------
    lines : the ledger's lines with their status (``ledger.lines``).
    people : the people table; the payroll id is the one valid on the day `on`.
    earning_codes : code of each component (as ``plan/component`` where two plans have one of that
        name), or of each kind for lines without one; where none are
        given the component's own name (or the kind) is the code. Negative pay that is carried or taken back
        needs none: it leaves with the pay that it is set against.
    undecided : ids of plans that do not say what becomes of `negative_pay`: a person of theirs who comes to
        less than zero is set aside. Of other plans such a person is a warning.

    Raises
    ------
    SalesopsError
        Where a statement is not approved yet, or the sums do not make the ledger's total.
    """
    rows = plain_rows(lines)
    waiting = Counter((r["period"], r["payee_id"], r["status"]) for r in rows if r["status"] not in MAY_LEAVE)
    if waiting:
        raise SalesopsError(_not_approved(*key) for key in sorted(waiting))
    known = _payroll_ids(people, on)
    shared = Counter(person["payroll_id"] for person in known.values() if person["payroll_id"])
    sums: dict[tuple[str, str, str | None, str], list[Any]] = defaultdict(lambda: [Decimal(0), 0])
    carried = [row for row in rows if row["component_id"] == "negative_pay"]
    for row in (*(row for row in rows if row["component_id"] != "negative_pay"), *carried):
        code = _code(row, earning_codes)
        if code is None and row["component_id"] == "negative_pay":
            code = _code_carried(row, sums)
        cell = sums[row["payee_id"], row["period"], code, row["currency"]]
        cell[0] += row["amount"]
        cell[1] += 1
    leave, aside, problems = [], [], []
    for (payee, period, code, currency), (amount, count) in sorted(
        sums.items(), key=lambda item: tuple(part or "" for part in item[0])
    ):
        person = known.get(payee, {})
        payroll_id = person.get("payroll_id")
        made = (payroll_id, payee, person.get("name"), period, code, currency, amount, count)
        if not payroll_id:
            which, why, column = "no-payroll-id", message("has no payroll id"), "payroll_id"
        elif shared[payroll_id] > 1:
            which, column = "shared-payroll-id", "payroll_id"
            why = message("shares payroll id {id} with another person", id=payroll_id)
        elif not code:
            which, why, column = "no-earning-code", message("has pay without an earning code"), "earning_code"
        else:
            leave.append(made)
            continue
        aside.append((*made, why))
        if amount or count:
            place: dict[str, Any] = {"table": "people", "column": column, "value": payee, "amount": amount}
            problems.append(problem(which, **place, why=why, currency=currency, period=period))
    waits = {row["payee_id"] for row in rows if row.get("plan_id") in undecided}
    below = {key: amount for key, amount in _net(leave).items() if amount < 0 and key[0] in waits}
    aside += [(*made, message("comes to less than zero")) for made in leave if (made[1], made[5]) in below]
    leave = [made for made in leave if (made[1], made[5]) not in below]
    problems += [_undecided(*key, amount) for key, amount in sorted(below.items())]
    result = Payroll(
        _frame(leave, COLUMNS),
        _with_reasons(_frame(aside, (*COLUMNS, "reason")), [made[-1] for made in aside]),
        _totals(rows, leave, aside),
        [*problems, *_negative(leave)],
    )
    _check_totals(result.totals)
    return result


_READ = ("reason", "text", "what")  # columns that people read: they are in the workbook's language


def payroll_csv(rows: pd.DataFrame) -> str:
    """The rows as CSV (comma, quotes where needed, CRLF), formulas neutralised, amounts plain numbers."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow([neutral(name) for name in rows.columns])
    for row in rows.itertuples(index=False):
        writer.writerow([_plain(neutral(None if pd.isna(value) else value)) for value in row])
    return text.getvalue()


def payroll_xlsx(result: Payroll, anchor: str = "") -> bytes:
    """The rows as a workbook: Payroll, Set aside and Control (totals, and the ledger's anchor)."""
    sheets = {"Payroll": result.rows, "Set aside": result.set_aside, "Control": result.totals}
    return sheets_xlsx(sheets, anchor)


def sheets_xlsx(sheets: Mapping[str, pd.DataFrame], anchor: str = "") -> bytes:
    """Frames with a currency in each row as named tables, a sheet each; the ledger's anchor under the last.

    A ``difference`` is a formula. The heads are those that systems import, in every language.
    """
    from xlsxwriter import Workbook

    target = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with Workbook(target, options) as book:
        for name, table in sheets.items():
            sheet = book.add_worksheet(name)
            bold = book.add_format({"bold": True})
            heads = [{"header": str(neutral(title)), "header_format": bold} for title in table.columns]
            made = {"name": name.replace(" ", "_"), "style": "Table Style Light 1", "columns": heads}
            sheet.add_table(0, 0, max(len(table), 1), len(heads) - 1, made)
            for number, row in enumerate(table.to_dict("records"), start=1):
                _write_row(book, sheet, number, row)
            sheet.freeze_panes(1, 0)
            sheet.autofit()
        if anchor:
            sheet.write_string(len(table) + 2, 0, "ledger")
            sheet.write_string(len(table) + 2, 1, str(neutral(anchor)))
    return target.getvalue()


def _write_row(book: Any, sheet: Any, number: int, row: Mapping[Any, Any]) -> None:
    from xlsxwriter.utility import xl_rowcol_to_cell as cell

    digits = places(row["currency"])
    money = book.add_format({"num_format": "#,##0" + ("." + "0" * digits if digits else "")})
    for column, (name, value) in enumerate(row.items()):
        if pd.isna(value):
            continue
        if name == "difference":
            ours, theirs = (cell(number, at) for at in (column - 2, column - 1))
            sheet.write_formula(number, column, f"=ROUND({ours}-{theirs},{digits})", money, float(value))
        elif isinstance(value, Decimal):
            sheet.write_number(number, column, float(value), money)  # a cell holds no other number
        elif isinstance(value, int):
            sheet.write_number(number, column, value)
        elif name in _READ:
            sheet.write_string(number, column, str(neutral(messages.translator(value))))
        else:
            sheet.write_string(number, column, str(neutral(value)))


def _plain(value: Any) -> Any:
    return format(value, "f") if isinstance(value, Decimal) else value


def _code(row: Mapping[str, Any], codes: Mapping[str, str] | None) -> str | None:
    component, kind = row["component_id"], row["kind"]
    if codes is None:
        return str(component or kind)
    if not component:
        return codes.get(kind)
    return codes.get(f"{row.get('plan_id')}/{component}") or codes.get(component) or codes.get(kind)


def _code_carried(
    row: Mapping[str, Any], sums: Mapping[tuple[str, str, str | None, str], list[Any]]
) -> str | None:
    """The code of negative pay that has none of its own: what is carried goes where the person's sum is
    lowest, what is taken back where it is highest, so that it leaves with the pay that it is set against.
    """
    of = row["payee_id"], row["period"], row["currency"]
    mine = [(cell[0], key[2]) for key, cell in sums.items() if (key[0], key[1], key[3]) == of and key[2]]
    return (min(mine) if row["amount"] > 0 else max(mine))[1] if mine else None


def _payroll_ids(people: Any, on: date) -> dict[str, dict[str, Any]]:
    """The row of each person that is valid on a day, else the last one before it."""
    frame = nw.from_native(people)
    names = frame.collect_schema().names()
    rows = plain_rows(
        people, [n for n in ("person_id", "name", "payroll_id", "valid_from", "valid_to") if n in names]
    )
    best: dict[str, tuple[tuple[bool, date], dict[str, Any]]] = {}
    for row in rows:
        start = _day(row.get("valid_from")) or date.min
        end = _day(row.get("valid_to")) or date.max
        if start > on:
            continue
        rank = (on < end, start)
        if row["person_id"] not in best or rank > best[row["person_id"]][0]:
            payroll_id = row.get("payroll_id")
            text = "" if payroll_id is None else str(payroll_id).strip()
            best[row["person_id"]] = (rank, {"name": row.get("name"), "payroll_id": text or None})
    return {person: found for person, (_, found) in best.items()}


def _day(value: Any) -> date | None:
    if value is None or pd.isna(value):
        return None
    return date(value.year, value.month, value.day)


def _frame(rows: list[tuple[Any, ...]], names: tuple[str, ...]) -> pd.DataFrame:
    scale = max((places(row[5]) for row in rows), default=2)
    types = {"amount": pa.decimal128(38, scale), "lines": pa.int64()}
    columns = {n: pa.array([r[i] for r in rows], types.get(n, pa.string())) for i, n in enumerate(names)}
    return arrow_frame(columns)


def _with_reasons(frame: pd.DataFrame, reasons: Sequence[Message]) -> pd.DataFrame:
    """The frame with reasons that can be written in the reader's language."""
    return frame.assign(reason=pd.Series(reasons, index=frame.index, dtype=object))


def _totals(
    rows: list[dict[str, Any]], leave: list[tuple[Any, ...]], aside: list[tuple[Any, ...]]
) -> pd.DataFrame:
    currencies = sorted({row["currency"] for row in rows})
    sums = [
        (
            currency,
            sum((row["amount"] for row in rows if row["currency"] == currency), Decimal(0)),
            sum((row[6] for row in leave if row[5] == currency), Decimal(0)),
            sum((row[6] for row in aside if row[5] == currency), Decimal(0)),
        )
        for currency in currencies
    ]
    scale = max((places(currency) for currency in currencies), default=2)
    money, names = pa.decimal128(38, scale), ("currency", "ledger", "exported", "set_aside")
    columns = {n: pa.array([s[i] for s in sums], money if i else pa.string()) for i, n in enumerate(names)}
    return arrow_frame(columns)


def _check_totals(totals: pd.DataFrame) -> None:
    for row in totals.to_dict("records"):
        if row["ledger"] != row["exported"] + row["set_aside"]:
            raise SalesopsError(
                problem(
                    "payroll-does-not-tie",
                    currency=row["currency"],
                    exported=row["exported"],
                    set_aside=row["set_aside"],
                    ledger=row["ledger"],
                )
            )


def _negative(leave: list[tuple[Any, ...]]) -> list[Problem]:
    """People who would owe money: payroll systems seldom take that, so somebody must decide."""
    return [
        problem(
            "negative-pay",
            table="people",
            column="payroll_id",
            value=person,
            amount=amount,
            currency=currency,
        )
        for (person, currency), amount in sorted(_net(leave).items())
        if amount < 0
    ]


def _net(leave: list[tuple[Any, ...]]) -> dict[tuple[str, str], Decimal]:
    """What each person comes to in all, by currency."""
    net: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for row in leave:
        net[row[1], row[5]] += row[6]
    return net


def _undecided(person: str, currency: str, amount: Decimal) -> Problem:
    return problem(
        "negative-pay.undecided",
        table="lines",
        column="plan_id",
        value=person,
        amount=amount,
        currency=currency,
    )


def _not_approved(period: str, payee: str, status: str) -> Problem:
    return problem("not-approved", table="lines", column="status", value=status, payee=payee, period=period)
