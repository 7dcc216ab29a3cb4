"""What a rep's territory could give, and which targets he had."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import narwhals as nw
import numpy as np
import numpy.typing as npt
import pandas as pd

from salesops_nb.core.frames import Tables, collected
from salesops_nb.errors import SalesopsError, problem
from salesops_nb.messages import message

Floats = npt.NDArray[np.float64]


def potential(
    tables: Tables, reps: list[str], given: Mapping[str, Any] | None, past: pd.Series
) -> tuple[pd.Series, str]:
    """Potential by rep, missing where nothing tells it, and one sentence on its source.

    In this order: what is given; potential of the units assigned; revenue of the accounts owned, if
    every rep with bookings owns one; revenue of the accounts shared by the deals worked there; the
    rep's own past bookings a month. Raises `SalesopsError` for a negative potential.
    """
    if given is not None:
        found = pd.Series({str(k): float(v) for k, v in given.items()})
        source: str = message("Potential as given.")
    else:
        found, source = _from_tables(tables, reps, past)
    found = found.reindex(reps).astype(float)
    low = found[found < 0]
    if len(low):
        raise SalesopsError(problem("negative-potential", value=low.iloc[0], rep=low.index[0]))
    if not found.sum() > 0:
        raise SalesopsError(problem("zero-potential.all"))
    return found, source


def _from_tables(tables: Tables, reps: list[str], past: pd.Series) -> tuple[pd.Series, str]:
    for read, source in (
        (_of_units, message("Potential of the units assigned.")),
        (_of_accounts, message("Potential as revenue of the accounts owned.")),
        (
            _of_worked_accounts,
            message("Potential as revenue of the accounts, shared by the deals worked there."),
        ),
    ):
        found = read(tables)
        if found is None or not found.sum() > 0:
            continue
        if all(found.get(rep, 0) > 0 for rep in reps if past.get(rep, 0) > 0):
            return found, source
    return past, message(
        "Potential as own bookings a ramped month, since no table tells what territories could give."
    )


def table_with(tables: Tables, name: str, *columns: str) -> nw.LazyFrame[Any] | None:
    """The table, where it is there with all those columns."""
    frame = tables.get(name)
    return frame if frame is not None and set(columns) <= set(frame.collect_schema().names()) else None


def _sums(frame: pd.DataFrame, by: str, value: str) -> pd.Series:
    values = pd.to_numeric(frame[value]).astype(float)
    return values.groupby(frame[by].astype(str)).sum()


def _of_units(tables: Tables) -> pd.Series | None:
    units, assigned = (
        table_with(tables, "units", "unit_id", "potential"),
        table_with(tables, "assignments", "unit_id", "person_id"),
    )
    if units is None or assigned is None:
        return None
    worth = collected(units.select("unit_id", "potential")).dropna()
    names = [c for c in ("unit_id", "person_id", "valid_to") if c in assigned.collect_schema().names()]
    mine = collected(assigned.select(*names)).dropna(subset=["unit_id", "person_id"])
    if "valid_to" in mine:
        mine = mine[mine["valid_to"].isna()]
    joined = mine.merge(worth, on="unit_id")
    return _sums(joined, "person_id", "potential") if len(joined) else None


def _of_accounts(tables: Tables) -> pd.Series | None:
    accounts = table_with(tables, "accounts", "owner_id", "revenue")
    if accounts is None:
        return None
    rows = collected(accounts.select("owner_id", "revenue")).dropna()
    return _sums(rows, "owner_id", "revenue") if len(rows) else None


def _of_worked_accounts(tables: Tables) -> pd.Series | None:
    return tables.once(("targets", "worked accounts"), lambda: _worked_accounts(tables))


def _worked_accounts(tables: Tables) -> pd.Series | None:
    """Revenue of the accounts, shared by the deals that each owner worked there; by owner."""
    accounts = table_with(tables, "accounts", "account_id", "revenue")
    deals = table_with(tables, "deals", "account_id", "owner_id")
    if accounts is None or deals is None:
        return None
    worth = collected(accounts.select("account_id", "revenue")).dropna()
    known = deals.filter(~nw.col("account_id").is_null(), ~nw.col("owner_id").is_null())
    worked = collected(known.group_by("account_id", "owner_id").agg(n=nw.len()))
    worked["share"] = worked["n"].astype(float) / worked.groupby("account_id")["n"].transform("sum").astype(
        float
    )
    joined = worked.merge(worth, on="account_id")
    joined["part"] = joined["share"] * pd.to_numeric(joined["revenue"]).astype(float)
    return _sums(joined, "owner_id", "part") if len(joined) else None


def filled(found: pd.Series, teams: pd.Series) -> tuple[pd.Series, list[int]]:
    """Potential with the middle of the team (else of all) where it is missing, and in which rows it was.

    Both have a row a line, numbered from 0.
    """
    missing = [int(row) for row in found[found.isna()].index]
    middle = found.groupby(teams).transform("median")
    return found.fillna(middle).fillna(found.median()), missing
