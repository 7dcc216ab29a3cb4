"""Figures of one period, a row a group: the company (or whatever the scope is), its teams, its reps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd

from salesops_nb import statistics
from salesops_nb.performance import cube
from salesops_nb.periods import Period

ALL = "all"
SMALL_SAMPLE = 30
NO_MONEY = Decimal(0)


@dataclass(frozen=True)
class View:
    """What every figure of one review is taken from."""

    facts: nw.LazyFrame[Any]
    period: Period
    as_of: date
    stale_before: date | None
    deals: int

    @property
    def upto(self) -> date:
        """The day after the last that counts: the period's end, or the day after `as_of` inside it."""
        return min(self.period.end, date.fromordinal(self.as_of.toordinal() + 1))


def figures(view: View, by: str | None = None, by_value: bool = True) -> pd.DataFrame:
    """Every figure but the targets', a row a group, most bookings first; indexed by group.

    Columns: ``won, lost, bookings, lost_value, estimated_value, win_rate`` with ``win_rate_low,
    win_rate_high`` (Wilson) and ``win_rate_eb`` with its ends, ``win_rate_value`` with its ends
    (bootstrap; only where `by_value`), ``average_deal, open_deals, pipeline, pipeline_due,
    stale_deals, stale_value, days_to_win, velocity, small_sample``. Money is `Decimal`; rates are
    shares of 1; days are
    means over the won deals whose dates hold.
    """
    facts = view.facts if by else view.facts.with_columns(**{ALL: nw.lit(ALL)})
    key = by or ALL
    ended = cube.closed(facts, view.period.start, view.upto, key)
    still = cube.opened(facts, view.period, view.stale_before, key)
    won, lost = _part(ended, key, "outcome", "won"), _part(ended, key, "outcome", "lost")
    live, stale = _part(still, key, "stale", False), _part(still, key, "stale", True)
    due = _part(still[~still["stale"]], key, "due", True)
    groups = sorted(set(ended[key]) | set(still[key])) if by else [ALL]
    index = pd.Index(groups, name="group", dtype=object)
    table = pd.DataFrame(index=index)
    table["won"], table["lost"] = _column(won, "deals", index), _column(lost, "deals", index)
    table["bookings"] = _column(won, "value", index)
    table["lost_value"] = _column(lost, "value", index)
    table["estimated_value"] = _column(lost, "estimated", index)
    table["open_deals"], table["pipeline"] = _column(live, "deals", index), _column(live, "value", index)
    table["pipeline_due"] = _column(due, "value", index)
    table["stale_deals"] = _column(stale, "deals", index)
    table["stale_value"] = _column(stale, "value", index)
    _add_rates(table)
    if by_value:
        _add_value_rate(table, won, lost, facts, view, key)
    # a won deal without an amount counts as won, but would draw the average towards nothing
    priced = _column(won, "priced", index)
    table["average_deal"] = [
        money / int(n) if n else None for money, n in zip(table["bookings"], priced, strict=True)
    ]
    table["days_to_win"] = _days_to_win(facts, view, key).reindex(index)
    parts = zip(*(table[c] for c in ("open_deals", "average_deal", "win_rate", "days_to_win")), strict=True)
    table["velocity"] = [velocity(*part) for part in parts]
    bookings = dict(zip(index, table["bookings"], strict=True))
    return table.loc[sorted(index, key=lambda group: (-bookings[group], group))]


def velocity(
    opportunities: int, average_deal: Decimal | None, win_rate: float, cycle_days: float
) -> float | None:
    """Money a day that the pipeline makes: opportunities × average deal × win rate ÷ cycle in days.

    None where a part is unknown or the cycle has no length.
    """
    if average_deal is None or not win_rate >= 0 or not cycle_days > 0:
        return None
    return float(opportunities * float(average_deal) * win_rate / cycle_days)


def _part(frame: pd.DataFrame, key: str, column: str, value: object) -> pd.DataFrame:
    chosen = frame[frame[column] == value]
    return chosen.groupby(key)[["deals", "priced", "value", "list_value", "estimated"]].sum()


def _column(frame: pd.DataFrame, column: str, index: pd.Index[Any]) -> pd.Series[Any]:
    money = column not in ("deals", "priced")
    found = frame[column].to_dict()
    values = [found.get(group, NO_MONEY if money else 0) for group in index]
    return pd.Series(values, index=index, dtype=object if money else "int64")


def _add_rates(table: pd.DataFrame) -> None:
    decided = table["won"] + table["lost"]
    table["win_rate"] = table["won"] / decided.where(decided > 0)
    ends = [statistics.wilson(int(w), int(n)) for w, n in zip(table["won"], decided, strict=True)]
    table["win_rate_low"] = [low for low, _ in ends]
    table["win_rate_high"] = [high for _, high in ends]
    drawn = statistics.empirical_bayes(table["won"], decided)
    table["win_rate_eb"] = drawn["estimate"].to_numpy()
    table["win_rate_eb_low"], table["win_rate_eb_high"] = drawn["low"].to_numpy(), drawn["high"].to_numpy()
    table["small_sample"] = decided < SMALL_SAMPLE


def _add_value_rate(
    table: pd.DataFrame, won: pd.DataFrame, lost: pd.DataFrame, facts: nw.LazyFrame[Any], view: View, key: str
) -> None:
    """Won list value over decided list value; amounts as booked where lost deals have their own."""
    estimated = bool(len(lost)) and sum(lost["estimated"], NO_MONEY) > 0
    measure = "list_value" if estimated else "value"
    top = np.array([float(v) for v in _column(won, measure, table.index)])
    rest = np.array([float(v) for v in _column(lost, measure, table.index)])
    with np.errstate(invalid="ignore", divide="ignore"):
        table["win_rate_value"] = top / (top + rest)
    fine = view.deals <= 200_000
    values = cube.decided_values(facts, view.period, view.upto, measure, fine, key)
    amount = values["amount"].to_numpy(float)
    is_won = (values["outcome"] == "won").to_numpy()
    ends = statistics.bootstrap_ratio(amount * is_won, amount, values["deals"], values[key])
    ends = ends.reindex(table.index)
    table["win_rate_value_low"], table["win_rate_value_high"] = ends["low"], ends["high"]


def _days_to_win(facts: nw.LazyFrame[Any], view: View, key: str) -> pd.Series[Any]:
    """Mean days from creation to winning of the deals won in the period."""
    inside = facts.filter(
        nw.col("outcome") == "won", nw.col("closed_on") >= view.period.start, nw.col("closed_on") < view.upto
    )
    aged = cube.ages(inside, view.as_of, key)
    total = (aged["days"] * aged["deals"]).groupby(aged[key]).sum()
    return (total / aged.groupby(key)["deals"].sum()).astype(float)


def rank_ranges(table: pd.DataFrame, seed: int = 0) -> pd.DataFrame:
    """Between which ranks of win rate each group lies, with 90 % confidence; from the shrunk estimates.

    Columns ``rank_low`` and ``rank_high``; groups without a decided deal have none.
    """
    decided = table["won"] + table["lost"]
    known = table[decided > 0]
    alpha, beta = statistics.beta_prior(table["won"], decided)
    a = known["won"].to_numpy(float) + alpha
    b = known["lost"].to_numpy(float) + beta

    def draw(rng: np.random.Generator) -> statistics.Floats:
        return rng.beta(a, b, size=(4000, len(known)))

    ranks = statistics.rank_intervals(draw, seed=seed).set_index(known.index)
    ranks.columns = pd.Index(["rank_low", "rank_high"])
    return ranks.reindex(table.index)


def total(values: Sequence[Decimal]) -> Decimal:
    """The exact sum of money."""
    return sum(values, NO_MONEY)
