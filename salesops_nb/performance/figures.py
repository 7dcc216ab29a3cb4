"""Figures of one period, a row a group: the company (or whatever the scope is), its teams, its reps."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd

from salesops_nb.core import statistics
from salesops_nb.core.periods import Period
from salesops_nb.core.statistics.shrinkage import shared_rate
from salesops_nb.performance import cube
from salesops_nb.performance.cube import ALL, Cuts

SMALL_SAMPLE = 30
FINE = 200_000  # deals, up to which amounts are drawn again to the cent
NO_MONEY = Decimal(0)
COUNTS = ("deals", "priced", "days", "aged")
SUMS = (*COUNTS, "value", "list_value", "estimated")
Sums = dict[str, dict[Any, Any]]  # of each sum, its value by group


@dataclass(frozen=True)
class View:
    """What every figure of one review is taken from: its facts, and their sums for every cut."""

    facts: nw.LazyFrame[Any]
    period: Period
    as_of: date
    stale_before: date | None
    deals: int
    compared: tuple[date, date] | None

    @property
    def upto(self) -> date:
        """The day after the last that counts: the period's end, or the day after `as_of` inside it."""
        return min(self.period.end, date.fromordinal(self.as_of.toordinal() + 1))

    @property
    def closed(self) -> Cuts:
        """Sums of the deals closed in the period."""
        return self._spans[0]

    @property
    def before(self) -> Cuts | None:
        """Sums of the deals closed in the comparison; None where there is none."""
        return self._spans[1] if self.compared else None

    @cached_property
    def _spans(self) -> list[Cuts]:
        own = (self.period.start, self.upto)
        if self.compared is None:
            return cube.closed(self.facts, own)
        if self.compared[1] <= own[0]:
            return cube.closed(self.facts, own, self.compared)
        # a span of more than a year shares days with the one a year before
        return [*cube.closed(self.facts, own), *cube.closed(self.facts, self.compared)]

    @cached_property
    def opened(self) -> Cuts:
        """Sums of the open deals."""
        return cube.opened(self.facts, self.period.start, self.period.end, self.stale_before)

    @cached_property
    def measure(self) -> str:
        """The value by which deals are won or lost: list prices where lost deals have no amount."""
        whole = self.closed[ALL]
        estimated = total(whole.loc[whole["outcome"] == "lost", "estimated"])
        return "list_value" if estimated > 0 else "value"

    def decided_values(self, key: str) -> pd.DataFrame:
        """How many deals were decided at each amount, by group."""
        cuts = () if key == ALL else (key,)
        fine = self.deals <= FINE
        return cube.decided_values(self.facts, self.period.start, self.upto, self.measure, fine, cuts)[key]


def figures(view: View, by: str | None = None, by_value: bool = True) -> pd.DataFrame:
    """Every figure but the targets', a row a group, most bookings first; indexed by group.

    Columns: ``won, lost, bookings, lost_value, estimated_value, win_rate``; only where `by_value` with
    ``win_rate_low, win_rate_high`` (Wilson), ``win_rate_eb`` with its ends, ``small_sample`` and
    ``win_rate_value`` with its ends (bootstrap); ``average_deal, open_deals, pipeline, pipeline_due,
    stale_deals, stale_value, days_to_win, velocity``. Money is `Decimal`; rates are
    shares of 1; days are
    means over the won deals whose dates hold.
    """
    key = by or ALL
    ended, still = view.closed[key], view.opened[key]
    won, lost = (_sums(ended, key, ended["outcome"] == outcome) for outcome in ("won", "lost"))
    live, stale = _sums(still, key, ~still["stale"]), _sums(still, key, still["stale"])
    due = _sums(still, key, ~still["stale"] & still["due"])
    groups = sorted({*ended[key], *still[key]}) if by else [ALL]
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
    decided = table["won"] + table["lost"]
    table["win_rate"] = table["won"] / decided.where(decided > 0)
    if by_value:
        _add_rates(table, decided)
        _add_value_rate(table, won, lost, view, key)
    # a won deal without an amount counts as won, but would draw the average towards nothing
    priced = _column(won, "priced", index)
    table["average_deal"] = [
        money / int(n) if n else None for money, n in zip(table["bookings"], priced, strict=True)
    ]
    aged = _column(won, "aged", index)
    table["days_to_win"] = (_column(won, "days", index) / aged.where(aged > 0)).astype(float)
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


def _sums(frame: pd.DataFrame, key: str, chosen: pd.Series[Any]) -> Sums:
    """Of the chosen rows, each sum by group."""
    rows = frame[chosen]
    found: Sums = {name: {} for name in SUMS if name in rows}
    for name, sums in found.items():
        for group, value in zip(rows[key], rows[name], strict=True):
            sums[group] = sums[group] + value if group in sums else value
    return found


def _column(sums: Sums, column: str, index: pd.Index[Any]) -> pd.Series[Any]:
    money = column not in COUNTS
    values = [sums[column].get(group, NO_MONEY if money else 0) for group in index]
    return pd.Series(values, index=index, dtype=object if money else "int64")


def _add_rates(table: pd.DataFrame, decided: pd.Series[Any]) -> None:
    ends = [statistics.wilson(int(w), int(n)) for w, n in zip(table["won"], decided, strict=True)]
    table["win_rate_low"] = [low for low, _ in ends]
    table["win_rate_high"] = [high for _, high in ends]
    drawn = statistics.empirical_bayes(table["won"], decided)
    table["win_rate_eb"] = drawn["estimate"].to_numpy()
    table["win_rate_eb_low"], table["win_rate_eb_high"] = drawn["low"].to_numpy(), drawn["high"].to_numpy()
    table["small_sample"] = decided < SMALL_SAMPLE


def _add_value_rate(table: pd.DataFrame, won: Sums, lost: Sums, view: View, key: str) -> None:
    """Won list value over decided list value; amounts as booked where lost deals have their own."""
    top = np.array([float(v) for v in _column(won, view.measure, table.index)])
    rest = np.array([float(v) for v in _column(lost, view.measure, table.index)])
    with np.errstate(invalid="ignore", divide="ignore"):
        table["win_rate_value"] = top / (top + rest)
    values = view.decided_values(key)
    amount = values["amount"].to_numpy(float)
    is_won = (values["outcome"] == "won").to_numpy()
    ends = statistics.bootstrap_ratio(amount * is_won, amount, values["deals"], values[key])
    ends = ends.reindex(table.index)
    # where all deals ended one way, drawing them again says nothing; as many equal deals would say this
    n = top + rest
    squares = values.assign(square=amount**2 * values["deals"]).groupby(key)["square"].sum()
    with np.errstate(invalid="ignore", divide="ignore"):
        equal = np.floor(n**2 / squares.reindex(table.index).to_numpy(float) + 0.05)
    for group, won_value, lost_value, deals in zip(table.index, top, rest, equal, strict=True):
        if deals > 0 and (won_value == 0 or lost_value == 0):
            ends.loc[group] = statistics.exact_interval(int(deals) if lost_value == 0 else 0, int(deals))
    table["win_rate_value_low"], table["win_rate_value_high"] = ends["low"], ends["high"]


def rank_ranges(table: pd.DataFrame, seed: int = 0) -> pd.DataFrame:
    """Between which ranks of win rate each group lies, with 90 % confidence; from the shrunk estimates.

    Columns ``rank_low`` and ``rank_high``; groups without a decided deal have none.
    """
    decided = table["won"] + table["lost"]
    known = table[decided > 0]
    rates = shared_rate(known["won"], known["won"] + known["lost"])
    alike = not known["lost"].any() or not known["won"].any()  # nothing tells one group from another

    def draw(rng: np.random.Generator) -> statistics.Floats:
        return np.ones((1, len(known))) if alike else rates.draws(rng, 4000)

    ranks = statistics.rank_intervals(draw, seed=seed).set_index(known.index)
    ranks.columns = pd.Index(["rank_low", "rank_high"])
    return ranks.reindex(table.index)


def total(values: Iterable[Decimal]) -> Decimal:
    """The exact sum of money."""
    return sum(values, NO_MONEY)
