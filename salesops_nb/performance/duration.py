"""How long winning takes: open deals censored, losing a competing end."""

from __future__ import annotations

import pandas as pd

from salesops_nb.core.statistics import Interval, aalen_johansen

_CAUSES = {"open": 0, "won": 1, "lost": 2}


def time_to_win(ages: pd.DataFrame) -> pd.DataFrame:
    """The share of deals won, lost and still open by each age in days (Aalen–Johansen).

    `ages` has ``days, outcome, deals``. Columns ``days, won, lost, open``, which sum to 1.
    """
    found = aalen_johansen(ages["days"], ages["outcome"].map(_CAUSES), ages["deals"])
    return found.rename(columns={"time": "days", "cause_1": "won", "cause_2": "lost", "surviving": "open"})[
        ["days", "won", "lost", "open"]
    ]


def won_in_the_end(ages: pd.DataFrame, curve: pd.DataFrame) -> Interval:
    """Between which shares of all deals are ever won: those won, and those that may still be.

    What is open when the last deal ended may still be won, unless open deals were followed for half as long
    again without an end: of n of them, a share of at most 1 − 0.05^(1/n) is then won later (with 95 %
    confidence). So deals that were followed too short are not taken for deals that are never won.
    """
    if curve.empty:
        return Interval(0.0, 1.0)
    last = curve.iloc[-1]
    longer = (ages["outcome"] == "open") & (ages["days"] >= 1.5 * last["days"])
    followed = int(ages.loc[longer, "deals"].sum())
    later = 1 - 0.05 ** (1 / followed) if followed else 1.0
    return Interval(float(last["won"]), float(last["won"] + last["open"] * later))


def median_days(curve: pd.DataFrame, in_the_end: Interval) -> float | None:
    """The age by which half of all the deals that are ever won were won; None where the data do not tell.

    They do where it is the same, to a day or a twentieth, whether as few are won in the end as
    `in_the_end` says, or as many.
    """
    ends = []
    for share in in_the_end:
        reached = curve.loc[curve["won"] >= share / 2, "days"] if share > 0 else curve["days"].iloc[:0]
        if reached.empty:
            return None
        ends.append(float(reached.iloc[0]))
    low, high = ends
    return low if high - low <= max(1.0, low / 20) else None
