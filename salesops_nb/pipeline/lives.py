"""The lives of a workbook's deals, as the forecast of a period in progress takes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd

from salesops_nb import facts
from salesops_nb.core.frames import Tables, collected, with_columns_or_null
from salesops_nb.deal_history import closing_stages, foreign_deals, readable_amount, untracked
from salesops_nb.facts import Level
from salesops_nb.forecast.deal_lives import NEVER, Changes, Floats, Ints, Lives

_DEAL = (
    "deal_id",
    "owner_id",
    "team",
    "outcome",
    "value",
    "list_value",
    "estimated",
    "created_on",
    "closed_on",
    "deal_type",
)
_MOST_LISTED = 0.5  # share of open deals without an amount, from which on all are taken at list value


def lives_of(
    tables: Mapping[str, Any], as_of: date, level: Level = "company", who: str | None = None
) -> Lives:
    """All deals known by a day; `mine` are those of the team or the rep.

    Deals of which nobody knows when they came are left out while they are open, and no landmark has them.
    Raises `SalesopsError` where no deal has a date, or `who` is not known.
    """
    tables = Tables.of(tables)
    lives, owners = tables.once(("deal lives", as_of), lambda: _all(tables, as_of), lambda made: len(made[1]))
    if level == "company":
        return lives
    return replace(lives, mine=(owners[level] == facts.identified(tables, level, who)).to_numpy())


def _all(tables: Tables, as_of: date) -> tuple[Lives, pd.DataFrame]:
    """The lives of all deals, and whose each is: its `team` and `rep`."""
    both = (facts.closed_deals(tables, as_of), facts.open_deals(tables, as_of))
    # in one order, which queries do not promise: equal data give equal draws
    frame = pd.concat([collected(each.select(*_DEAL).sort("deal_id")) for each in both], ignore_index=True)
    at = pd.Series(np.arange(len(frame)), index=frame["deal_id"])
    entered = _entered(tables, as_of, at)
    created = _days(frame["created_on"])
    if entered is not None:
        np.minimum.at(created, entered.deal, entered.day)
    outcome = frame["outcome"].to_numpy(object)
    value, listed = (_floats(frame[name]) for name in ("value", "list_value"))
    estimated = frame["estimated"].eq(other=True).to_numpy(bool)
    still = outcome == "open"
    by_list = bool(still.any()) and float(estimated[still].mean()) > _MOST_LISTED
    logged = "amount" not in untracked(tables)
    stood: Floats | None = listed if by_list else np.where(value > 0, value, np.nan) if logged else None
    changes = _amounts(tables, as_of, at) if logged and not by_list else None
    kind, kinds = pd.factorize(frame["deal_type"], sort=True)
    lives = Lives(
        created, _days(frame["closed_on"]), outcome == "won", value, entered, stood, changes,
        kind=kind.astype(np.int64), kinds=tuple(kinds),
    )  # fmt: skip
    owners = frame[[facts.LEVEL_COLUMN["team"], facts.LEVEL_COLUMN["rep"]]]
    return lives, owners.set_axis(["team", "rep"], axis=1)


def _floats(column: pd.Series[Any]) -> Floats:
    return np.asarray(column.astype(float), dtype=np.float64)


def _days(column: pd.Series[Any]) -> Ints:
    """Days from 1970-01-01; `NEVER` for none."""
    days = pd.to_datetime(column).to_numpy().astype("datetime64[D]")
    return np.where(np.isnat(days), NEVER, days.astype(np.int64))


def _entered(tables: Tables, as_of: date, at: pd.Series[Any]) -> Changes | None:
    """The stages in which deals are open, by the day they were entered."""
    if "stage_history" not in tables:
        return None
    frame = with_columns_or_null(tables["stage_history"], {"parent_stage": nw.String()})
    frame = frame.with_columns(day=nw.col("entered_at").cast(nw.Date)).filter(nw.col("day") <= as_of)
    frame = frame.filter(~nw.coalesce("parent_stage", "stage").is_in(closing_stages(tables)))
    rows = collected(frame.sort("entered_at", "stage").select("deal_id", "stage", "day"))
    rows = rows[rows["deal_id"].isin(at.index) & rows["stage"].notna()]
    codes = pd.factorize(rows["stage"], sort=True)[0].astype(np.int64)
    return Changes.of(at[rows["deal_id"]].to_numpy(), _days(rows["day"]), codes)


def _amounts(tables: Tables, as_of: date, at: pd.Series[Any]) -> Changes:
    """What deals stood for before each change of their amount; NaN where that was nothing or is not known."""
    changes = with_columns_or_null(tables["deal_changes"], {"old": nw.String()})
    changes = changes.with_columns(day=nw.col("changed_at").cast(nw.Date), old=nw.col("old").cast(nw.String))
    changes = changes.filter(nw.col("field") == "amount", nw.col("day") <= as_of)
    changes = changes.with_columns(old=readable_amount("old")).sort("changed_at", "old")
    rows = collected(changes.select("deal_id", "day", "old"))
    rows = rows[rows["deal_id"].isin(at.index)]
    old = _floats(rows["old"])
    foreign = foreign_deals(tables)
    converted = set() if foreign is None else set(collected(foreign)["deal_id"])  # changes are not
    unknown = rows["deal_id"].isin(converted).to_numpy() | ~(old > 0)
    return Changes.of(at[rows["deal_id"]].to_numpy(), _days(rows["day"]), np.where(unknown, np.nan, old))
