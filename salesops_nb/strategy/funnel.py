"""What becomes of deals that are opened, by months since then: learned of the same deals, followed to their
end.

Of each month of opening it is counted how many deals were won, lost or still open in that month, the next,
and so on (a life table of competing ends; Kalbfleisch & Prentice 2002, 8.2). A deal that is too young for a
month is not counted in it, and neither are ends in a month that is not over. The chance to be won and the
time it takes come from these same counts; no rate of one cohort is multiplied with one of another.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import narwhals as nw
import numpy as np
import numpy.typing as npt
import pandas as pd

from salesops_nb import facts
from salesops_nb.core.frames import Tables, collected
from salesops_nb.errors import SalesopsError, problem
from salesops_nb.strategy.deals import UNKNOWN, Deals
from salesops_nb.strategy.figures import MONTHS, months_before

Floats = npt.NDArray[np.float64]
LONGEST = 24  # months that a deal is followed
AT_RISK = 20  # deals that are left, below which a month is no longer learned from
FEWEST = 30  # won deals, below which a segment takes the company's figures
SHAPES = 32  # draws of how wins are spread over the months


@dataclass(frozen=True)
class Funnel:
    """What a sales model rests on, by segment, in draws that show how sure each figure is.

    `segments` names them; `share` is each one's part of bookings (sums to 1). Draws have a row each:
    ``rate`` won of those opened (draws × segments), ``size`` money of a won deal (draws × segments),
    ``spread`` the share of wins that come so many months after the opening (shapes × segments × months; draw
    i has shape i mod shapes), ``open_after`` the share still open then (segments × months), ``logged``
    activities logged for a deal (draws × segments; missing without activities). `opened` is how many deals a
    month were opened of late (segments), `won` and `deals` what was counted, `borrowed` whether a segment
    has the company's figures.
    """

    segments: tuple[str, ...]
    share: Floats
    rate: Floats
    size: Floats
    spread: Floats
    open_after: Floats
    logged: Floats
    opened: Floats
    won: npt.NDArray[np.int64]
    deals: npt.NDArray[np.int64]
    borrowed: npt.NDArray[np.bool_]
    last: pd.Period
    reps: float

    @property
    def draws(self) -> int:
        """How many there are."""
        return len(self.rate)

    @property
    def months(self) -> int:
        """How many months after its opening a deal may be won, the opening's own not counted."""
        return int(self.spread.shape[2]) - 1

    def spread_of(self, draw: int) -> Floats:
        """When wins come, of a draw: segments × months."""
        found: Floats = self.spread[draw % len(self.spread)]
        return found

    @property
    def delay(self) -> Floats:
        """Mean months from opening to win, by segment."""
        found: Floats = self.spread.mean(axis=0) @ np.arange(self.months + 1)
        return found


@dataclass(frozen=True)
class _Table:
    """Counts by months since the opening: at risk, won and lost."""

    at_risk: Floats
    won: Floats
    lost: Floats

    def with_part(self, part: float, other: _Table) -> _Table:
        """With a part of other deals beside."""
        mine = zip(vars(self).values(), vars(other).values(), strict=True)
        return _Table(*(one + part * two for one, two in mine))


def _table(frame: pd.DataFrame, last: pd.Period) -> _Table:
    opened = frame["created"].dt.to_period("M")
    known = frame[(opened <= last).to_numpy() & opened.notna().to_numpy()]
    known = known[~(known["closed"] < known["created"])]
    at = known["created"].dt.to_period("M").astype("int64").to_numpy()
    closed = known["closed"].dt.to_period("M")
    ended = closed.where(closed <= last)
    over = ended.notna().to_numpy()
    until = np.where(over, ended.fillna(last).astype("int64").to_numpy(), last.ordinal) - at
    until = np.clip(until, 0, LONGEST)
    end = over & (until < LONGEST)
    size = LONGEST + 1
    at_risk = np.cumsum(np.bincount(until, minlength=size)[::-1])[::-1]
    won = np.bincount(until[end & known["won"].to_numpy()], minlength=size)
    lost = np.bincount(until[end & known["lost"].to_numpy()], minlength=size)
    return _Table(at_risk.astype(float), won.astype(float), lost.astype(float))


def _drawn(table: _Table, draws: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Draws of the chance to be won in each month (draws × months), and the share open after it (months).

    Each month's ends given those at risk are multinomial; their chances are drawn from the Dirichlet
    posterior without a prior (Rubin 1981).
    """
    rest = np.maximum(table.at_risk - table.won - table.lost, 0)
    whole = table.at_risk >= AT_RISK
    followed = np.arange(len(whole)) < (int(np.argmin(whole)) if not whole.all() else len(whole))
    counts = np.where(followed, np.stack([table.won, table.lost, rest]), 0.0)
    gammas = rng.standard_gamma(np.broadcast_to(counts, (draws, *counts.shape)))
    total = gammas.sum(axis=1)
    hazard = np.divide(gammas, total[:, None, :], out=np.zeros_like(gammas), where=total[:, None, :] > 0)
    staying = np.cumprod(1 - hazard[:, 0] - hazard[:, 1], axis=1)
    before = np.concatenate([np.ones((draws, 1)), staying[:, :-1]], axis=1)
    return before * hazard[:, 0], staying.mean(axis=0)


def learn(
    deals: Deals,
    tables: Mapping[str, Any],
    draws: int = 2_000,
    seed: int = 0,
    months: int = MONTHS,
) -> Funnel:
    """What a sales model rests on, from the deals opened and won in the months up to the day.

    A segment with fewer than 30 won deals has the company's rate, size and time, and is marked `borrowed`. A
    deal without an account may be of any segment: it is shared among them as the others are, since most
    deals get their account late and leaving the open ones out would make every segment look better than the
    company.

    Raises
    ------
    SalesopsError
        where no deal was won, or none has the day it was created.

    Examples
    --------
    >>> from salesops_nb import open_workbook, strategy
    >>> wb = open_workbook(".")
    >>> model = strategy.load(wb.folder, wb.settings).in_force(wb.data_through).sales_model
    >>> found = strategy.learn(strategy.read_deals(wb.tables, model), wb.tables)
    >>> found.segments, found.rate.mean(axis=0).round(2), found.delay.round(1)
    (('Larger firms', ''), array([0.53, 0.51]), array([1.7, 1.7]))
    """
    frame, day = deals.frame, deals.as_of
    whole = pd.Timestamp(day) + pd.Timedelta(days=1)
    last = whole.to_period("M") - 1
    recent = frame[(frame["created"] >= pd.Timestamp(months_before(day, 2 * months)))]
    won = deals.closed_in(months_before(day, months), whole.date())
    won = won[won["won"] & won["priced"] & (won["value"] > 0)]
    company = _table(recent, last)
    if not company.won.sum() or won.empty:
        raise SalesopsError(problem("sales-model-nothing-won", table="deals"))
    rng = np.random.default_rng(seed)
    names, places = deals.segments, range(len(deals.segments))
    there = [at for at in places if (won["place"] == at).any() or (recent["place"] == at).any() or names[at]]
    values = won["value"].to_numpy(dtype=float)
    activity = _activities(tables, deals, last)
    columns: dict[str, list[Any]] = {
        name: [] for name in ("rate", "size", "spread", "open", "logged", "borrowed")
    }
    spread_over = _shares_known(recent, there)
    unknown = _table(recent[recent["place"] == UNKNOWN], last)
    for at, part in zip(there, spread_over, strict=True):
        table = _table(recent[recent["place"] == at], last).with_part(part, unknown)
        mine = values[(won["place"] == at).to_numpy()]
        few = table.won.sum() < FEWEST or len(mine) < FEWEST
        kernel, staying = _drawn(company if few else table, draws, rng)
        rate = kernel.sum(axis=1)
        shapes = kernel[:SHAPES]
        sums = shapes.sum(axis=1, keepdims=True)
        columns["rate"].append(rate)
        columns["spread"].append(np.divide(shapes, sums, out=np.zeros_like(shapes), where=sums > 0))
        columns["size"].append(_means(values if few else mine, draws, rng))
        columns["open"].append(staying)
        columns["logged"].append(_means(activity if few else activity[activity.index == at], draws, rng))
        columns["borrowed"].append(few)
    spread = np.stack(columns["spread"], axis=1)
    used = np.flatnonzero(spread.sum(axis=(0, 1)) > 0)
    until = int(used[-1]) + 1
    share = np.array([values[(won["place"] == at).to_numpy()].sum() for at in there])
    share = share if share.sum() > 0 else spread_over
    start = months_before((last.end_time).date(), months)
    late = frame[(frame["created"] >= pd.Timestamp(start)) & (frame["created"] <= last.end_time)]
    return Funnel(
        tuple(names[at] for at in there),
        share / share.sum(),
        np.stack(columns["rate"], axis=1),
        np.stack(columns["size"], axis=1),
        spread[:, :, :until],
        np.stack(columns["open"])[:, :until],
        np.stack(columns["logged"], axis=1),
        (np.array([(late["place"] == at).sum() for at in there]) + spread_over * (late["place"] < 0).sum())
        / months,
        np.array([(won["place"] == at).sum() for at in there]),
        np.array([(recent["place"] == at).sum() for at in there]),
        np.array(columns["borrowed"]),
        last,
        _reps(tables, late, day),
    )


def _shares_known(recent: pd.DataFrame, there: list[int]) -> Floats:
    """The segments' parts of the deals whose segment is known; a deal without an account may be of any."""
    counts = np.array([float((recent["place"] == at).sum()) for at in there])
    total = float(counts.sum())
    return counts / total if total else np.full(len(there), 1 / len(there))


def _means(values: Any, draws: int, rng: np.random.Generator) -> Floats:
    """Draws of a mean above zero: a gamma with the mean and standard error of the values."""
    given = np.asarray(values, dtype=float)
    if not len(given) or not given.mean() > 0:
        return np.full(draws, np.nan)
    mean, error = given.mean(), given.std(ddof=1) / np.sqrt(len(given)) if len(given) > 1 else 0.0
    if not error > 0:
        return np.full(draws, mean)
    shape = (mean / error) ** 2
    return rng.gamma(shape, mean / shape, draws)


def _activities(tables: Mapping[str, Any], deals: Deals, last: pd.Period) -> pd.Series[Any]:
    """Activities logged for each deal that is decided, indexed by the place of its segment."""
    tables = Tables.of(tables)
    frame = deals.frame
    decided = frame[(frame["won"] | frame["lost"]) & (frame["closed"] <= last.end_time)]
    if "activities" not in tables or decided.empty:
        return pd.Series(dtype=float)
    made = facts.activities(tables, deals.as_of).filter(~nw.col("deal_id").is_null())
    counts = collected(made.group_by("deal_id").agg(made=nw.len())).set_index("deal_id")["made"]
    if counts.empty:
        return pd.Series(dtype=float)
    found = decided["deal_id"].map(counts).fillna(0).astype(float)
    return pd.Series(found.to_numpy(), index=decided["place"].to_numpy())


def _reps(tables: Mapping[str, Any], late: pd.DataFrame, day: date) -> float:
    """How many people who opened deals of late are still there on the day."""
    owners = set(late["owner_id"].dropna())
    people = Tables.of(tables).get("people")
    if people is not None and "left_on" in people.collect_schema().names():
        rows = collected(people.select("person_id", "left_on"))
        gone = rows[pd.to_datetime(rows["left_on"]) <= pd.Timestamp(day)]
        owners -= set(gone["person_id"])
    return float(len(owners - {facts.UNASSIGNED}))


def restated(
    funnel: Funnel,
    *,
    rate: float | Floats | None = None,
    size: float | Floats | None = None,
    cycle: float | Floats | None = None,
    logged: float | None = None,
    reps: float | None = None,
    share: Mapping[str, float] | None = None,
) -> Funnel:
    """The same with other figures: factors on the win rate, deal size and cycle, and values of the others.

    Parameters
    ----------
    rate, size, cycle, logged : factors; 1.1 is a tenth more than was learned, for every segment, or one a
        segment.
    reps : how many people.
    share : each segment's part of bookings; what is left goes to the segments that are not named.

    Raises `SalesopsError` where more deals would be won than are opened.

    Examples
    --------
    >>> from salesops_nb import open_workbook, strategy
    >>> wb = open_workbook(".")
    >>> model = strategy.load(wb.folder, wb.settings).in_force(wb.data_through).sales_model
    >>> found = strategy.learn(strategy.read_deals(wb.tables, model), wb.tables)
    >>> slower = strategy.restated(found, cycle=2)
    >>> (slower.delay / found.delay).round(2)
    array([2., 2.])
    """
    changed: dict[str, Any] = {}
    if rate is not None:
        changed["rate"] = funnel.rate * rate
        top = float(changed["rate"].mean(axis=0).max())
        if top > 1:
            raise SalesopsError(problem("sales-model-rate", column="win_rate", value=f"{top:.2f}"))
        changed["rate"] = np.minimum(changed["rate"], 1.0)
    if size is not None:
        changed["size"] = funnel.size * size
    if logged is not None:
        changed["logged"] = funnel.logged * logged
    if reps is not None:
        changed["reps"] = float(reps)
    if cycle is not None:
        factors = np.broadcast_to(np.asarray(cycle, dtype=float), len(funnel.segments))
        changed["spread"] = _stretched(funnel.spread, factors)
        changed["open_after"] = _longer(funnel.open_after, factors, changed["spread"].shape[2])
    if share:
        changed["share"] = _shares(funnel, share)
    return replace(funnel, **changed)


def _stretched(spread: Floats, factors: Floats) -> Floats:
    """Wins that come so many times as late: what falls between two months is shared, so that the mean
    holds."""
    months = spread.shape[2]
    out = np.zeros((*spread.shape[:2], int(np.ceil((months - 1) * factors.max())) + 2))
    for segment, factor in enumerate(factors):
        for month in range(months):
            low = int(month * factor + 1e-9)
            part = min(max(month * factor - low, 0.0), 1.0)
            out[:, segment, low] += spread[:, segment, month] * (1 - part)
            out[:, segment, low + 1] += spread[:, segment, month] * part
    used = np.flatnonzero(out.sum(axis=(0, 1)) > 1e-15)
    return out[:, :, : int(used[-1]) + 1]


def _longer(open_after: Floats, factors: Floats, months: int) -> Floats:
    """The share still open after each month, where all ends come so many times as late."""
    at = np.arange(months)
    pairs = zip(open_after, factors, strict=True)
    found: Floats = np.stack([np.interp(at / factor, np.arange(len(row)), row) for row, factor in pairs])
    return found


def _shares(funnel: Funnel, share: Mapping[str, float]) -> Floats:
    given = np.array([share.get(name, np.nan) for name in funnel.segments])
    left = 1 - float(np.nansum(given))
    others = np.where(np.isnan(given), funnel.share, 0.0)
    if others.sum() > 0:
        given = np.where(np.isnan(given), others / others.sum() * left, given)
    known = np.nan_to_num(given)
    found: Floats = known / known.sum()
    return found
