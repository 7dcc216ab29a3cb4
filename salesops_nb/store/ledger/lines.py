"""Pay lines on their way into the ledger and out of it.

In: any frame that narwhals reads, checked row by row. Out: pandas with Arrow types, money as
decimals. Inside the store money is whole minor units, a credit is the text of its decimal. `raw`, the pay
in the plan's own currency before it was rounded and converted, stands in the details: draws, clawbacks and
totals of later periods go by it where a person is paid in another currency.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import narwhals as nw
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Row

from salesops_nb.core.columns import PAY_LINE
from salesops_nb.core.frames import arrow_frame
from salesops_nb.core.money import from_minor, places, to_minor
from salesops_nb.errors import Problem, SalesopsError, problem
from salesops_nb.store.ledger.chain import details

KINDS = (
    "commission",
    "bonus",
    "override",
    "spiff",
    "mbo",
    "guarantee",
    "draw",
    "draw_recovery",
    "holdback",
    "release",
    "clawback",
    "refund",
    "adjustment",
    "carry",
    "negative_pay",
)
_REQUIRED = ("line_id", "period", "payee_id", "kind", "amount", "currency")
_TEXTS = tuple(name for name in PAY_LINE if name not in ("credit", "amount", "happened_on"))
LIMIT = 2**63


def entry_values(lines: Any) -> list[dict[str, Any]]:
    """Frame of lines to the columns of ledger entries; raises `SalesopsError` with every bad row."""
    frame = nw.from_native(lines)
    if isinstance(frame, nw.LazyFrame):
        frame = frame.collect("pyarrow")
    missing = [name for name in _REQUIRED if name not in frame.columns]
    if missing:
        raise SalesopsError(
            problem(
                "missing-column.lines",
                table="lines",
                column=missing[0],
                missing=", ".join(missing),
                columns=", ".join(frame.columns),
            )
        )
    names = [name for name in (*PAY_LINE, "raw") if name in frame.columns]
    rows = frame.select(names).rows(named=True)
    problems: list[Problem] = []
    values = [_values(dict(row), number, problems) for number, row in enumerate(rows, start=1)]
    seen: set[str] = set()
    for number, value in enumerate(values, start=1):
        if value["line_id"] in seen:
            problems.append(
                problem("bad-line.twice", table="lines", row=number, column="line_id", value=value["line_id"])
            )
        seen.add(value["line_id"])
    if problems:
        raise SalesopsError(problems)
    return values


def draft_frame(lines: pd.DataFrame, period: str) -> pd.DataFrame | None:
    """Calculated lines of a period as `line_frame` would show them once they are written as drafts.

    None where a line is not as it must be, or belongs to another period: `entry_values` says what is
    wrong with it.
    """
    if not all(isinstance(kind, pd.ArrowDtype) for kind in lines.dtypes):
        return None
    table = pa.Table.from_pandas(lines, preserve_index=False)
    if not set(PAY_LINE) <= set(table.column_names):
        return None
    known = {name: pc.unique(table[name]).to_pylist() for name in ("period", "kind", "currency")}
    texts = [table[name] for name in _TEXTS if name != "plan_version"]
    if not (
        set(known["period"]) <= {period}
        and set(known["kind"]) <= set(KINDS)
        and not any(table[name].null_count for name in _REQUIRED)
        and pa.types.is_decimal(table["amount"].type)
        and pa.types.is_date32(table["happened_on"].type)
        and pa.types.is_integer(table["plan_version"].type)
        and pc.count_distinct(table["line_id"]).as_py() == table.num_rows
        and all(pc.all(_written_plainly(text), min_count=0).as_py() for text in texts)
    ):
        return None
    try:
        scale = max((places(currency) for currency in known["currency"]), default=2)
        for currency in known["currency"]:
            mine = table.filter(pc.equal(table["currency"], currency))
            mine["amount"].cast(pa.decimal128(18, places(currency)))  # too many places, or too large
        amount = table["amount"].cast(pa.decimal128(38, scale))
    except (SalesopsError, pa.ArrowInvalid):
        return None
    rows = table.num_rows
    columns: dict[str, Any] = {name: table[name] for name in PAY_LINE}
    columns |= {"amount": amount, "credit": table["credit"].cast(pa.decimal128(38, 10))}
    columns |= {"status": pa.repeat("draft", rows), "paid_on": pa.nulls(rows, pa.date32())}
    columns |= {
        "dispute": pa.nulls(rows, pa.string()),
        "origin": table["period"],
        "author": pa.repeat("", rows),
    }
    columns |= {name: pa.nulls(rows, pa.string()) for name in ("reason", "approver", "calculated_kind")}
    raw = table["raw"] if "raw" in table.column_names else pa.nulls(rows)
    columns["raw"] = raw.cast(pa.decimal128(38, 10))
    columns["seq"] = pa.repeat(pa.scalar(0, pa.int64()), rows)
    return arrow_frame(columns)


def _written_plainly(text: pa.ChunkedArray) -> pa.ChunkedArray:
    """Whether each text stands as the ledger writes it: not empty, without spaces around it."""
    return pc.and_(pc.equal(pc.utf8_trim_whitespace(text), text), pc.not_equal(text, ""))


def _values(row: Mapping[str, Any], number: int, problems: list[Problem]) -> dict[str, Any]:
    value: dict[str, Any] = {name: _text(row.get(name)) for name in _TEXTS}
    for name in _REQUIRED:
        if name != "amount" and not value[name]:
            problems.append(problem("bad-line.empty", table="lines", row=number, column=name))
    if value["kind"] and value["kind"] not in KINDS:
        kind, kinds = value["kind"], ", ".join(KINDS)
        problems.append(
            problem("bad-line.kind", table="lines", row=number, column="kind", value=kind, kinds=kinds)
        )
    version = value["plan_version"]
    if version is not None and not version.isdecimal():
        problems.append(
            problem("bad-line.version", table="lines", row=number, column="plan_version", value=version)
        )
    happened = row.get("happened_on")
    if isinstance(happened, datetime):
        happened = happened.date()
    value["happened_on"] = happened.isoformat() if isinstance(happened, date) else _text(happened)
    credit = _decimal(row, "credit", number, problems) if row.get("credit") is not None else None
    value["credit"] = credit_text(credit)
    if row.get("raw") is not None:
        value["details"] = {"raw": credit_text(_decimal(row, "raw", number, problems))}
    amount = _decimal(row, "amount", number, problems)
    at: dict[str, Any] = {"table": "lines", "row": number, "column": "amount", "value": str(amount)}
    value["amount_minor"] = None
    if amount is not None and value["currency"]:
        try:
            value["amount_minor"] = to_minor(amount, value["currency"])
        except ValueError:
            currency = value["currency"]
            problems.append(
                problem("bad-line.too-many-places", **at, places=places(currency), currency=currency)
            )
        except SalesopsError as error:
            problems += error.problems
        else:
            if abs(value["amount_minor"]) >= LIMIT:
                problems.append(problem("bad-line.too-large", **at))
    return value


def _decimal(row: Mapping[str, Any], name: str, number: int, problems: list[Problem]) -> Decimal | None:
    value = row.get(name)
    if isinstance(value, int) and not isinstance(value, bool):
        value = Decimal(value)
    if isinstance(value, Decimal) and value.is_finite():
        return value
    at: dict[str, Any] = {"table": "lines", "row": number, "column": name, "value": str(value)}
    if value is None:
        problems.append(problem("bad-line.no-money", **at))
    else:
        problems.append(problem("bad-line.not-decimal", **at, type=type(value).__name__))
    return None


def _text(value: Any) -> str | None:
    if value is None or value is pd.NA or (isinstance(value, float) and value != value):
        return None
    text = str(value).strip()
    return text or None


def credit_text(credit: Decimal | None) -> str | None:
    """One text for one value (``100``, ``0.5``), so that 100 and 100.00 are the same entry."""
    if credit is None:
        return None
    text = format(credit, "f")
    return text.rstrip("0").rstrip(".") or "0" if "." in text else text


def line_frame(
    rows: Iterable[Row[Any]],
    statuses: Mapping[tuple[str, str], str],
    paid: Mapping[str, str | None],
    disputes: Mapping[str, str],
) -> pd.DataFrame:
    """Entries as a frame: `PAY_LINE`, then status, paid_on, dispute, origin, author and more."""
    rows = list(rows)
    scale = max((places(currency) for currency in {row.currency for row in rows}), default=2)
    free = [details(row) for row in rows]
    columns: dict[str, pa.Array] = {}
    for name in PAY_LINE:
        if name == "amount":
            amounts = [from_minor(row.amount_minor, row.currency) for row in rows]
            columns[name] = pa.array(amounts, pa.decimal128(38, scale))
        elif name == "credit":
            credits = [None if row.credit is None else Decimal(row.credit) for row in rows]
            columns[name] = pa.array(credits, pa.decimal128(38, 10))
        elif name == "happened_on":
            days = [date.fromisoformat(row.happened_on) if row.happened_on else None for row in rows]
            columns[name] = pa.array(days, pa.date32())
        elif name == "plan_version":
            versions = [None if row.plan_version is None else int(row.plan_version) for row in rows]
            columns[name] = pa.array(versions, pa.int64())
        else:
            columns[name] = pa.array([getattr(row, name) for row in rows], pa.string())
    columns["status"] = pa.array([statuses[row.period, row.payee_id] for row in rows], pa.string())
    paid_on = [date.fromisoformat(day) if (day := paid[row.period]) else None for row in rows]
    columns["paid_on"] = pa.array(paid_on, pa.date32())
    columns["dispute"] = pa.array([disputes.get(row.line_id) for row in rows], pa.string())
    for name in ("origin", "author"):
        columns[name] = pa.array([getattr(row, name) for row in rows], pa.string())
    for name in ("reason", "approver", "calculated_kind"):
        columns[name] = pa.array([content.get(name) for content in free], pa.string())
    raws = [Decimal(text) if (text := content.get("raw")) else None for content in free]
    columns["raw"] = pa.array(raws, pa.decimal128(38, 10))
    columns["seq"] = pa.array([row.seq for row in rows], pa.int64())
    return arrow_frame(columns)
