"""The deals that a sales model is held against: one row each, in the segment of the model it belongs to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import narwhals as nw
import numpy as np
import numpy.typing as npt
import pandas as pd

from salesops_nb import facts
from salesops_nb.core.frames import Tables, collected
from salesops_nb.errors import SalesopsError
from salesops_nb.expression import condition
from salesops_nb.strategy.versions import SalesModel

UNKNOWN = -1  # the place of a deal without an account, where segments are told apart by accounts
Flags = npt.NDArray[np.bool_]
_COLUMNS = (
    "deal_id",
    "owner_id",
    "account_id",
    "outcome",
    "value",
    "priced",
    "created_on",
    "closed_on",
    "ok_cycle_time",
)


@dataclass(frozen=True)
class Deals:
    """Deals known on a day.

    `frame` has ``deal_id, owner_id, won, lost, created, closed`` (days; missing where there are none)``,
    days`` (from created to closed, missing where the dates do not hold)``, value, priced, place, ideal``:
    `place` is that of the deal's segment in `segments`, whose last is empty and has what belongs to no
    other; −1 where nobody knows, since the deal has no account.
    """

    frame: pd.DataFrame
    segments: tuple[str, ...]
    as_of: date

    def closed_in(self, first: date, end: date) -> pd.DataFrame:
        """Those closed from a day until before another."""
        days = self.frame["closed"]
        return self.frame[(days >= pd.Timestamp(first)) & (days < pd.Timestamp(end))]

    def of(self, segment: str) -> Deals:
        """The same of one segment; of all where it is empty."""
        if not segment:
            return self
        at = self.segments.index(segment)
        return Deals(self.frame[self.frame["place"] == at], self.segments, self.as_of)


def read_deals(tables: Mapping[str, Any], model: SalesModel, as_of: date | None = None) -> Deals:
    """The deals known on a day, by the segments of a sales model.

    A condition that does not fit the accounts leaves its segment empty; `held_against` says so. Raises
    `SalesopsError` where no deal has a date.

    Examples
    --------
    >>> from salesops_nb import open_workbook, strategy
    >>> wb = open_workbook(".")
    >>> model = strategy.load(wb.folder, wb.settings).in_force(wb.data_through).sales_model
    >>> found = strategy.read_deals(wb.tables, model)
    >>> len(found.frame), int(found.frame["won"].sum()), found.segments
    (8800, 4238, ('Larger firms', ''))
    """
    tables = Tables.of(tables)
    known = as_of or facts.last_day(tables)
    named = tuple((each.name, each.accounts, each.ideal) for each in model.segments)
    return tables.once(("strategy", "deals", known, named), lambda: _read(tables, model, known), _rows)


def _rows(found: Deals) -> int:
    return len(found.frame)


def _read(tables: Tables, model: SalesModel, as_of: date) -> Deals:
    every = [collected(of(tables, as_of).select(*_COLUMNS)) for of in (facts.closed_deals, facts.open_deals)]
    rows = pd.concat([part for part in every if len(part)] or every[:1], ignore_index=True)
    out = pd.DataFrame({"deal_id": rows["deal_id"], "owner_id": rows["owner_id"]})
    out["won"] = (rows["outcome"] == "won").to_numpy(dtype=bool)
    out["lost"] = (rows["outcome"] == "lost").to_numpy(dtype=bool)
    for name in ("created", "closed"):
        out[name] = pd.to_datetime(rows[f"{name}_on"]).astype("datetime64[s]")
    holds = rows["ok_cycle_time"].astype(object)
    days = (out["closed"] - out["created"]).dt.days.astype(float)
    out["days"] = days.where((holds.isna() | (holds == True)).to_numpy() & (days >= 0))  # noqa: E712 - of objects
    out["value"] = rows["value"].astype(float)
    out["priced"] = rows["priced"].fillna(False).astype(bool)
    places = _places(tables, model)
    last = len(model.segments)
    out["place"] = last
    if len(places):
        out["place"] = rows["account_id"].map(places["place"]).fillna(last).astype(int)
        if (out["place"] != last).any():
            out.loc[rows["account_id"].isna().to_numpy(), "place"] = UNKNOWN
    ideal = rows["account_id"].map(places["ideal"]) if len(places) else pd.Series(False, out.index)
    out["ideal"] = ideal.fillna(False).astype(bool)
    return Deals(out, (*(each.name for each in model.segments), ""), as_of)


def _places(tables: Tables, model: SalesModel) -> pd.DataFrame:
    """By account: the first segment it is in, and whether it is an ideal customer there."""
    if "accounts" not in tables or not model.segments:
        return pd.DataFrame()
    accounts = tables["accounts"]
    schema = dict(accounts.collect_schema())
    asked = {}
    for at, each in enumerate(model.segments):
        for kind, text in (("in", each.accounts), ("ideal", each.ideal)):
            try:
                asked[f"_{kind}_{at}"] = condition(text, schema) if text else nw.lit(False)
            except SalesopsError:
                asked[f"_{kind}_{at}"] = nw.lit(False)
    found = collected(accounts.select("account_id", **asked)).drop_duplicates("account_id")
    place = np.full(len(found), len(model.segments))
    ideal: Flags = np.zeros(len(found), bool)
    for at in reversed(range(len(model.segments))):
        inside = found[f"_in_{at}"].to_numpy(dtype=bool)
        place[inside] = at
        ideal[inside] = found[f"_ideal_{at}"].to_numpy(dtype=bool)[inside]
    made = pd.DataFrame({"place": place, "ideal": ideal}, index=found["account_id"])
    return made[made.index.notna()]
