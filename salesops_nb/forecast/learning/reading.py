"""Reading people, won deals and leave, with what is wrong set aside and told."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd

from salesops_nb.core.frames import Tables
from salesops_nb.core.periods import FiscalCalendar
from salesops_nb.errors import Problem, SalesopsError, problem

FAR = pd.Timestamp("2199-12-31")
LONG_AGO = pd.Timestamp("1900-01-01")


def need(frame: nw.LazyFrame[Any] | None, table: str, columns: Sequence[str]) -> nw.LazyFrame[Any]:
    """The frame, or `SalesopsError` naming the table or the columns that are missing."""
    if frame is None:
        raise SalesopsError(problem("missing-table.hiring", table=table))
    have = frame.collect_schema().names()
    missing = [column for column in columns if column not in have]
    if missing:
        raise SalesopsError(
            problem(
                "missing-column.hiring",
                table=table,
                column=missing[0],
                missing=", ".join(missing),
                columns=", ".join(have),
            )
        )
    return frame


def pandas_of(frame: nw.LazyFrame[Any]) -> pd.DataFrame:
    """A small lazy frame as plain pandas."""
    out: pd.DataFrame = frame.collect(backend="pyarrow").to_native().to_pandas()
    return out


def records(frame: pd.DataFrame | None) -> list[Any]:
    """The rows as named tuples, with their index; none for no frame."""
    return [] if frame is None else list(frame.itertuples())


def _dates(frame: pd.DataFrame, column: str, missing: pd.Timestamp) -> pd.Series:
    if column not in frame:
        return pd.Series(missing, index=frame.index, dtype="datetime64[us]")
    return (
        pd.to_datetime(frame[column], errors="coerce").fillna(missing).astype("datetime64[us]").dt.normalize()
    )


def people(tables: Tables, problems: list[Problem]) -> pd.DataFrame:
    """People's rows with dates filled: missing ends are far away, a missing hire date long ago."""
    frame = need(tables.get("people"), "people", ["person_id", "role"])
    rows = pandas_of(frame).reset_index(drop=True)
    rows["row"] = rows.index + 2
    rows["person_id"] = rows["person_id"].astype(str)
    rows["role"] = rows["role"].astype("string").fillna("unknown").astype(str)
    unknown_hire = pd.to_datetime(rows["hired_on"], errors="coerce").isna() if "hired_on" in rows else None
    if unknown_hire is None or unknown_hire.any():
        count = len(rows) if unknown_hire is None else int(unknown_hire.sum())
        problems.append(problem("no-hire-date", table="people", column="hired_on", n=count))
    rows["hired_on"] = _dates(rows, "hired_on", LONG_AGO)
    rows["left_on"] = _dates(rows, "left_on", FAR)
    rows["valid_from"] = np.maximum(_dates(rows, "valid_from", LONG_AGO), rows["hired_on"])
    rows["valid_to"] = _dates(rows, "valid_to", FAR)
    fte = pd.to_numeric(rows["fte"], errors="coerce") if "fte" in rows else pd.Series(1.0, index=rows.index)
    rows["fte"] = fte.fillna(1.0).astype(float)
    rows["pay"] = pd.to_numeric(rows["pay"], errors="coerce").astype(float) if "pay" in rows else np.nan
    place = next((c for c in ("territory", "region", "team") if c in rows and rows[c].notna().any()), None)
    rows["territory"] = rows[place].astype("string").fillna("").astype(str) if place else ""
    for column in ("team", "region"):
        named = rows[column].astype("string").fillna("unassigned") if column in rows else "unassigned"
        rows[column] = named
    good = _without_bad_rows(rows, problems)
    if good.empty:
        raise SalesopsError([*problems, problem("no-people")])
    return good


def _without_bad_rows(rows: pd.DataFrame, problems: list[Problem]) -> pd.DataFrame:
    """Set aside rows whose dates or full-time share cannot be; each with its own message."""
    before = rows["left_on"] < rows["hired_on"]
    for row in records(rows[before]):
        problems.append(
            problem(
                "left-before-hired.of-hiring",
                table="people",
                row=int(row.row),
                column="left_on",
                value=row.left_on.date(),
                person=row.person_id,
                hired_on=row.hired_on.date(),
            )
        )
    share = (rows["fte"] <= 0) | (rows["fte"] > 1.5)
    for row in records(rows[share & ~before]):
        problems.append(
            problem(
                "bad-fte",
                table="people",
                row=int(row.row),
                column="fte",
                value=f"{row.fte:g}",
                person=row.person_id,
                fte=row.fte,
            )
        )
    rows = rows[~before & ~share].sort_values(["person_id", "valid_from", "row"])
    ends = rows[["valid_to", "left_on"]].min(axis=1)
    latest = ends.groupby(rows["person_id"]).cummax().groupby(rows["person_id"]).shift().fillna(LONG_AGO)
    overlap = rows["valid_from"] < latest
    for row in records(rows[overlap]):
        problems.append(
            problem(
                "overlapping-employment",
                table="people",
                row=int(row.row),
                column="valid_from",
                value=row.valid_from.date(),
                person=row.person_id,
                role=row.role,
            )
        )
    return rows[~overlap].reset_index(drop=True)


def leave(tables: Tables) -> pd.DataFrame:
    """Leave as person_id, start, end (half-open)."""
    frame = tables.get("leave")
    if frame is None:
        return pd.DataFrame({"person_id": [], "start": [], "end": []})
    rows = pandas_of(need(frame, "leave", ["person_id", "from"]))
    return pd.DataFrame(
        {
            "person_id": rows["person_id"].astype(str),
            "start": _dates(rows, "from", LONG_AGO),
            "end": _dates(rows, "to", FAR),
        }
    )


def won_by_day(tables: Tables, currency: str | None, problems: list[Problem]) -> tuple[pd.DataFrame, str]:
    """Won amounts by owner and day (owner_id, day, amount as float, deals), summed in the engine."""
    if "deals" not in tables and "bookings_history" in tables:
        nothing = pd.DataFrame({"owner_id": [], "day": [], "amount": [], "deals": []})
        return nothing.astype({"owner_id": str, "day": object}), currency or "USD"
    frame = need(tables.get("deals"), "deals", ["owner_id", "outcome", "amount", "closed_on"])
    schema = frame.collect_schema()
    has_currency = "currency" in schema.names()
    exact = isinstance(schema["amount"], nw.Decimal)
    won = frame.filter(nw.col("outcome") == "won").select(
        nw.col("owner_id").cast(nw.String),
        nw.col("closed_on").cast(nw.Date).alias("day"),
        nw.col("amount") if exact else nw.col("amount").cast(nw.Float64),
        nw.col("currency").cast(nw.String) if has_currency else nw.lit(currency or "USD").alias("currency"),
    )
    # an engine adds in any order: money is summed exactly, so that the same deals teach the same
    sums = won.group_by("owner_id", "day", "currency").agg(
        nw.col("amount").sum(), nw.len().alias("deals"), nw.col("amount").count().alias("priced")
    )
    rows = pandas_of(sums.with_columns(nw.col("amount").cast(nw.Float64)))
    _tell_unusable(rows, problems)
    rows = rows.dropna(subset=["owner_id", "day"])
    rows["amount"] = rows["amount"].fillna(0.0).astype(float)
    rows["currency"] = rows["currency"].fillna(currency or "USD")
    if currency is None:
        totals = rows.groupby("currency")["amount"].sum()
        currency = str(totals.idxmax()) if len(totals) else "USD"
    rows = _in_currency(rows, currency, tables)
    rows["day"] = pd.to_datetime(rows["day"]).dt.date
    return rows.groupby(["owner_id", "day"], as_index=False)[["amount", "deals"]].sum(), currency


def history(tables: Tables, calendar: FiscalCalendar, before: date) -> pd.DataFrame:
    """Reps' monthly bookings of the months before the deals begin (owner_id, day, amount, deals).

    From the rows of level rep and metric bookings of the table bookings_history, each on the first
    day of its month; months that the deals cover are left to the deals.
    """
    names = ["owner_id", "day", "amount", "deals"]
    frame = tables.get("bookings_history")
    if frame is None:
        return pd.DataFrame(columns=names)
    frame = need(frame, "bookings_history", ["level", "who", "month", "value"])
    frame = frame.filter(nw.col("level") == "rep")
    if "metric" in frame.collect_schema().names():
        frame = frame.filter(nw.col("metric") == "bookings")
    rows = pandas_of(frame)
    first = calendar.containing(before, "month").start
    start = {key: calendar.period(key).start for key in rows["month"].astype(str).unique()}
    days = rows["month"].astype(str).map(start)
    made = pd.DataFrame(
        {"owner_id": rows["who"].astype(str), "day": days, "amount": rows["value"].astype(float), "deals": 1}
    )
    return made[(days < first).to_numpy(dtype=bool)].reset_index(drop=True)


def _tell_unusable(rows: pd.DataFrame, problems: list[Problem]) -> None:
    unpriced = int((rows["deals"] - rows["priced"]).sum())
    if unpriced:
        problems.append(problem("won-without-amount", table="deals", column="amount", count=unpriced))
    bad = rows[rows["owner_id"].isna() | rows["day"].isna()]
    if len(bad):
        problems.append(
            problem(
                "won-without-owner-or-date",
                table="deals",
                amount=Decimal(str(round(float(bad["amount"].fillna(0).sum()), 2))),
                deals=int(bad["deals"].sum()),
            )
        )


def _in_currency(rows: pd.DataFrame, currency: str, tables: Tables) -> pd.DataFrame:
    """Amounts at the plan rate of the day; raises where a rate is missing."""
    foreign = sorted(set(rows["currency"]) - {currency})
    if not foreign:
        return rows
    frame = tables.get("fx_rates")
    rates = pandas_of(frame) if frame is not None else pd.DataFrame({"currency": []})
    if "kind" in rates:
        rates = rates[rates["kind"] == "plan"]
    missing = [code for code in foreign if code not in set(rates["currency"])]
    if missing:
        raise SalesopsError(
            problem(
                "no-fx-rate",
                table="fx_rates",
                value=missing[0],
                currencies=", ".join([currency, *foreign]),
                missing=", ".join(missing),
                currency=currency,
            )
        )
    rows = rows.sort_values("day").reset_index(drop=True)
    factor = np.ones(len(rows))
    days = pd.to_datetime(rows["day"]).to_numpy()
    for code in foreign:
        table = rates[rates["currency"] == code].assign(
            valid_from=lambda r: _dates(r, "valid_from", LONG_AGO)
        )
        table = table.sort_values("valid_from")
        at = np.searchsorted(table["valid_from"].to_numpy(), days, side="right") - 1
        rate = table["rate"].to_numpy(dtype=float)[np.maximum(at, 0)]
        factor = np.where(rows["currency"] == code, rate, factor)
    return rows.assign(amount=rows["amount"] * factor)


def unknown_owners(rows: pd.DataFrame, currency: str) -> Problem:
    """The finding for won deals whose owner is in no usable row of people."""
    owners = sorted(rows["owner_id"].unique())
    total = Decimal(str(round(float(rows["amount"].sum()), 2)))
    return problem(
        "owner-not-in-people",
        table="deals",
        column="owner_id",
        amount=total,
        deals=int(rows["deals"].sum()),
        currency=currency,
        count=len(owners),
        owners=", ".join(owners[:5]),
    )
