"""How long winning takes: open deals censored, losing a competing end."""

from __future__ import annotations

import pandas as pd

from salesops_nb.core.statistics import aalen_johansen

_CAUSES = {"open": 0, "won": 1, "lost": 2}


def time_to_win(ages: pd.DataFrame) -> pd.DataFrame:
    """The share of deals won, lost and still open by each age in days (Aalen–Johansen).

    `ages` has ``days, outcome, deals``. Columns ``days, won, lost, open``, which sum to 1.
    """
    found = aalen_johansen(ages["days"], ages["outcome"].map(_CAUSES), ages["deals"])
    return found.rename(columns={"time": "days", "cause_1": "won", "cause_2": "lost", "surviving": "open"})[
        ["days", "won", "lost", "open"]
    ]


def median_days(curve: pd.DataFrame) -> float | None:
    """The age by which half of all the deals that are ever won were won; None where none is won."""
    if curve.empty or curve["won"].iloc[-1] <= 0:
        return None
    reached = curve["won"] >= curve["won"].iloc[-1] / 2
    return float(curve.loc[reached, "days"].iloc[0])
