"""How long winning takes: open deals censored, losing a competing end."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import special

from salesops_nb.core.statistics import Interval, aalen_johansen
from salesops_nb.core.statistics.survival import incidence_error

Floats = npt.NDArray[np.float64]
_FEWEST = 6  # wins without which a median has no interval
_CAUSES = {"open": 0, "won": 1, "lost": 2}


def time_to_win(ages: pd.DataFrame) -> pd.DataFrame:
    """The share of deals won, lost and still open by each age in days (Aalen–Johansen).

    `ages` has ``days, outcome, deals``. Columns ``days, won, lost, open``, which sum to 1, and the ends of
    95 % intervals of the first two, ``won_low, won_high, lost_low, lost_high`` (log-log).
    """
    causes = ages["outcome"].map(_CAUSES)
    found = aalen_johansen(ages["days"], causes, ages["deals"])
    found = found.rename(columns={"time": "days", "cause_1": "won", "cause_2": "lost", "surviving": "open"})
    for name, swapped in (("won", causes), ("lost", causes.map({0: 0, 1: 2, 2: 1}))):
        if name not in found:  # nothing was lost
            found[name] = 0.0
        error = incidence_error(ages["days"], swapped, ages["deals"])
        found[f"{name}_low"], found[f"{name}_high"] = _log_log(found[name].to_numpy(), error)
    return found[["days", "won", "lost", "open", "won_low", "won_high", "lost_low", "lost_high"]]


def _log_log(share: Floats, error: Floats, confidence: float = 0.95) -> tuple[Floats, Floats]:
    """The ends of an interval that stays between 0 and 1; the share itself where it is one of these."""
    rest, inside = 1 - share, (share > 1e-12) & (share < 1 - 1e-12)
    with np.errstate(divide="ignore", invalid="ignore"):
        reach = special.ndtri(0.5 + confidence / 2) * error / (rest * np.abs(np.log(rest)))
        low, high = 1 - rest ** np.exp(-reach), 1 - rest ** np.exp(reach)
    return np.where(inside, low, share), np.where(inside, high, share)


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
        reached = curve.loc[(curve["won"] >= share / 2 - 1e-12) & (share > 0), "days"]
        if reached.empty:
            return None
        ends.append(float(reached.iloc[0]))
    low, high = ends
    return low if high - low <= max(1.0, low / 20) else None


class Median(NamedTuple):
    """The age by which half of the deals ever won were won, and its 95 % interval; None where not known."""

    days: float | None
    low: float | None
    high: float | None


def median_to_win(ages: pd.DataFrame, curve: pd.DataFrame, in_the_end: Interval) -> Median:
    """`median_days` with its interval: the ages at which the share won is no surer above half than below.

    An age is in it unless the share won by it differs from half of those ever won by more than 1.96 standard
    errors of that difference at the median (Brookmeyer & Crowley 1982 turn a test into an interval so). Where
    all deals were won it is the interval of order statistics that the sign test gives. The upper end is None
    where deals were followed too short to tell, both where fewer than six were won: not even the first and
    the last of five hold a median with 95 %.
    """
    days = median_days(curve, in_the_end)
    if days is None or ages.loc[ages["outcome"] == "won", "deals"].sum() < _FEWEST:
        return Median(days, None, None)
    error = incidence_error(ages["days"], ages["outcome"].map(_CAUSES), ages["deals"], share=0.5)
    at, won = curve["days"].to_numpy(), curve["won"].to_numpy()
    reach = special.ndtri(0.975) * error[np.searchsorted(at, days)]
    low = won - in_the_end.low / 2 + reach >= -1e-12
    high = won - in_the_end.high / 2 - reach > 1e-12
    return Median(days, float(at[low.argmax()]), float(at[high.argmax()]) if high.any() else None)


def times_to_win(ages: pd.DataFrame, by: str) -> pd.DataFrame:
    """The median time to win of each group: ``group, deals, won, days, days_low, days_high``, and between
    which shares of its deals are won in the end, ``end_low, end_high``; those of most wins first.
    """
    rows = []
    for group, part in ages.groupby(by):
        curve = time_to_win(part)
        in_the_end = won_in_the_end(part, curve)
        median = median_to_win(part, curve, in_the_end)
        won = int(part.loc[part["outcome"] == "won", "deals"].sum())
        rows.append((group, int(part["deals"].sum()), won, *median, *in_the_end))
    names = ["group", "deals", "won", "days", "days_low", "days_high", "end_low", "end_high"]
    return pd.DataFrame(rows, columns=names, dtype=object).sort_values(
        ["won", "group"], ascending=[False, True], ignore_index=True
    )
