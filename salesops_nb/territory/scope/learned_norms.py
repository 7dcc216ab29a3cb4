"""Norms learned from history: what accounts of a segment spend, how often and how long they are called on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import numpy as np
import pandas as pd

from salesops_nb.core.frames import Tables
from salesops_nb.errors import SalesopsError, problem
from salesops_nb.territory.inputs.findings import filled, narrowed, texts, whole

MINUTES = 30.0  # a call, where neither the norms nor the activities say
VISITS = ("meeting", "demo", "visit")  # kinds of activity that are a call on somebody: not the telephone
YEAR = 365.25
BOOKED = ("account_id", "outcome", "closed_on", "amount")


def has(frame: pd.DataFrame, column: str) -> bool:
    """Whether the frame has the column with something in it."""
    return column in frame and bool(frame[column].notna().any())


def segmented(tables: Tables) -> pd.DataFrame:
    """Accounts with a segment each: their own, else the industry; no rows where nothing says one."""
    return tables.once(("territory", "segmented"), lambda: _segmented(tables))


def _segmented(tables: Tables) -> pd.DataFrame:
    accounts = whole(tables, "accounts") if "accounts" in tables else pd.DataFrame()
    column = next((c for c in ("segment", "industry") if has(accounts, c)), None)
    if column is None:
        return pd.DataFrame(columns=["account_id", "segment"])
    return accounts.assign(segment=accounts[column].astype(object)).dropna(subset=["segment"])


def learned_norms(
    units: pd.DataFrame, counts: pd.DataFrame, tables: Tables, table: pd.DataFrame, as_of: date
) -> pd.DataFrame:
    """Norms from the measures given, where each unit has one segment; else from won deals and activities."""
    found = pd.DataFrame(np.nan, index=table.index, columns=["expected_spend", "calls", "minutes"])
    history = tables.once(("territory", "history", as_of), lambda: _history(tables, as_of))
    if history is not None:
        found["minutes"] = history["minutes"].reindex(found.index)
        found["expected_spend"] = history["spend"].reindex(found.index)
        found["calls"] = history["calls"].reindex(found.index)
    if has(units, "segment"):
        by = units.assign(segment=units["segment"].astype(object)).groupby("segment")
        if has(units, "potential"):
            found["expected_spend"] = by["potential"].sum() / table["n"]
        if has(units, "workload"):
            found["calls"] = by["workload"].sum() * 60 / found["minutes"].fillna(MINUTES) / table["n"]
    return found


def _history(tables: Tables, as_of: date) -> pd.DataFrame | None:
    """By segment of accounts: won bookings and calls a year and account, and the mean minutes of a call."""
    accounts = segmented(tables)
    if accounts.empty:
        return None
    segment = dict(zip(texts(accounts["account_id"]), accounts["segment"].astype(object), strict=True))
    size = pd.Series(list(segment.values())).value_counts()
    found = pd.DataFrame({"n": size, "spend": np.nan, "calls": np.nan, "minutes": np.nan})
    booked = account_bookings(tables, as_of)
    if booked is not None:
        found["spend"] = (
            booked.groupby(booked.index.map(segment)).sum().reindex(found.index).fillna(0.0) / size
        )
    made = _visits(tables, as_of)
    if made is not None:
        by = made.groupby(made["account_id"].map(segment))
        found["calls"] = by.size().reindex(found.index).fillna(0.0) / size
        found["minutes"] = by["minutes"].mean().reindex(found.index)
    return found


def account_bookings(tables: Tables, as_of: date) -> pd.Series | None:
    """Won bookings of each account in the twelve months up to a day."""
    rows = len(whole(tables, "accounts")) if "accounts" in tables else 0
    return tables.once(("territory", "account bookings", as_of), lambda: _bookings(tables, as_of), rows)


def _bookings(tables: Tables, as_of: date) -> pd.Series | None:
    deals = _lately(tables, "deals", BOOKED, "closed_on", as_of, outcome=("won",))
    if not set(BOOKED) <= set(deals.columns):
        return None
    won = deals[deals["outcome"] == "won"].dropna(subset=["account_id", "amount"])
    return won["amount"].astype(float).groupby(won["account_id"].astype(str)).sum()


def _visits(tables: Tables, as_of: date) -> pd.DataFrame | None:
    there = tables.once(
        ("territory", "visits"), lambda: _filled(tables, "happened_at", "happened_on", "account_id")
    )
    if len(there) < 2 or there[-1] != "account_id":
        return None
    columns = ("kind", "account_id", "minutes", there[0])
    frame = _lately(tables, "activities", columns, there[0], as_of, kind=VISITS)
    made = frame[frame["kind"].isin(VISITS)]
    minutes = pd.to_numeric(made["minutes"]).astype(float) if "minutes" in made else np.nan
    return pd.DataFrame({"account_id": texts(made["account_id"]), "minutes": minutes})


def _filled(tables: Tables, *columns: str) -> list[str]:
    return filled(tables["activities"], columns) if "activities" in tables else []


def _lately(
    tables: Tables, name: str, columns: Sequence[str], day: str, as_of: date, **among: Sequence[str]
) -> pd.DataFrame:
    """Rows of a long table in the twelve months up to a day; none where there is no such table."""
    if name not in tables:
        return pd.DataFrame()
    end = pd.Timestamp(as_of) + timedelta(days=1)
    begin = end - timedelta(days=YEAR)
    frame = narrowed(tables[name], columns, day, begin.date(), as_of, **among)
    if day not in frame:
        return frame
    when = pd.to_datetime(frame[day])
    return frame[(when < end) & (when >= begin)]


def modelled_potential(units: pd.DataFrame, tables: Tables, spend: pd.Series, as_of: date) -> pd.Series:
    """Expected spend of each account, its own bookings shrunk towards its segment's norm, summed by unit.

    The weight of the own bookings is the part of the variance within segments that lasts from one year to
    the next (their covariance over the geometric mean of their variances), 0 where it cannot be told.
    """
    accounts = segmented(tables)
    this = account_bookings(tables, as_of)
    last = account_bookings(tables, as_of - timedelta(days=YEAR))
    if this is None or last is None or accounts.empty or "unit_id" not in accounts:
        raise SalesopsError(
            problem("no-model", column='potential')
        )  # fmt: skip
    ids = texts(accounts["account_id"])
    segment = accounts["segment"].astype(object).to_numpy()
    now, was = (each.reindex(ids).fillna(0.0).to_numpy() for each in (this, last))
    mean = pd.Series(now).groupby(segment).transform("mean")
    norm = pd.Series(segment).map(spend).fillna(mean).to_numpy()  # of units' own segments accounts know none
    off = [x - pd.Series(x).groupby(segment).transform("mean").fillna(0.0).to_numpy() for x in (now, was)]
    scale = float(np.sqrt((off[0] ** 2).sum() * (off[1] ** 2).sum()))
    weight = float(np.clip((off[0] * off[1]).sum() / scale, 0.0, 1.0)) if scale > 0 else 0.0
    each = pd.Series(norm + weight * (now - norm)).clip(lower=0.0)
    by_unit = each.groupby(texts(accounts["unit_id"])).sum()
    return pd.Series(by_unit.reindex(units["unit_id"]).fillna(0.0).to_numpy(), index=units.index)
