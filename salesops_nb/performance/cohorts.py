"""Two win rates of a time side by side: of the deals decided in it, and of the deals made in it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, NamedTuple

import narwhals as nw
import pandas as pd

from salesops_nb.core.periods import Kind, Period
from salesops_nb.core.statistics import wilson
from salesops_nb.performance import cube
from salesops_nb.performance.duration import time_to_win

MOST = 8  # cohorts looked back at
_COLUMNS = ["period", "created", "still_open", "cohort_win_rate", "cohort_low", "cohort_high", "won", "lost",
            "snapshot_win_rate"]  # fmt: skip


class Cohorts(NamedTuple):
    """Win rates by the time in which deals were made, beside those of the deals decided in that time.

    `rates` has a row a cohort, the earliest first: ``period``; of the deals ``created`` in it how many are
    ``still_open`` and ``cohort_win_rate``, the share won within so many `days`, with its 95 % interval;
    and of the deals closed in it ``won, lost`` and ``snapshot_win_rate``, won ÷ (won + lost). `young` names
    cohorts of which fewer than half of the deals can have been followed so long; they are not in it.
    """

    days: int
    rates: pd.DataFrame
    young: list[str]


def cohorts(facts: nw.LazyFrame[Any], period: Period, as_of: date, within: int) -> Cohorts:
    """The cohorts up to the review's period, of months where it is a month, else of quarters.

    `within` is the age by which nearly all deals that ever close have closed; a deal still open and younger
    is censored (Aalen & Johansen 1978), one open longer, or closed later, is not won within it.
    """
    kind: Kind = "month" if period.kind == "month" else "quarter"
    spans = _latest(period, min(as_of, period.last), kind)
    made, decided = cube.made_and_decided(
        facts, as_of, [(each.start, each.end) for each in spans], as_of - timedelta(days=within)
    )
    rows: list[tuple[Any, ...]] = []
    young = []
    for at, each in enumerate(spans):
        part = made[made["cohort"] == at]
        created = int(part["deals"].sum())
        if not created:
            continue
        if 2 * part.loc[part["followed"], "deals"].sum() < created:
            young.append(each.key)
            continue
        still = int(part.loc[part["outcome"] == "open", "deals"].sum())
        won, lost = (
            int(decided.loc[(decided["cohort"] == at) & (decided["outcome"] == how), "deals"].sum())
            for how in ("won", "lost")
        )
        snapshot = won / (won + lost) if won + lost else None
        rows.append((each.key, created, still, *_won_within(part, within), won, lost, snapshot))
    return Cohorts(within, pd.DataFrame(rows, columns=_COLUMNS, dtype=object), young)


def _latest(period: Period, last: date, kind: Kind) -> list[Period]:
    found = [period.calendar.containing(last, kind)]
    while len(found) < MOST:
        found.insert(0, found[0].previous())
    return found


def _won_within(part: pd.DataFrame, within: int) -> tuple[float, float, float]:
    """The share won by an age, with the ends of its interval."""
    later = part["days"] > within
    seen = part.assign(days=part["days"].clip(upper=within), outcome=part["outcome"].mask(later, "open"))
    curve = time_to_win(seen)
    if curve.empty:
        return 0.0, 0.0, 1.0 - 0.05 ** (1 / int(part["deals"].sum()))
    share, low, high = (float(value) for value in curve[["won", "won_low", "won_high"]].iloc[-1])
    if low == high:  # all of them or none: Greenwood's error is nothing there, what is not known is not
        every = wilson(round(share * int(part["deals"].sum())), int(part["deals"].sum()))
        return share, every.low, every.high
    return share, low, high
