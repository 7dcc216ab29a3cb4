"""What became of earlier claims: measured again, and whether they moved beyond chance.

A claim is picked because it stands out, and part of that is luck: counted again it looks better though
nothing was done (regression to the mean; Galton 1886). So what is counted since is held against the claim as
it was drawn towards all, with the uncertainty of both. And teams are held against their peers of the same
days, so that what moved everywhere is not read as an effect of what was tried.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Literal

import numpy as np
import pandas as pd
from scipy import special

from salesops_nb.core.periods import FiscalCalendar
from salesops_nb.facts import UNASSIGNED, UNKNOWN
from salesops_nb.process.bottleneck import codes, gaps_of, medians
from salesops_nb.process.conversion import Stints
from salesops_nb.process.gaps import TAIL, Floats
from salesops_nb.process.history import History
from salesops_nb.process.window import Window

REACH = float(special.ndtri(1 - TAIL))  # of a 90 % interval, in standard errors
CLAIM = [
    "claimed_on", "review_on", "kind", "stage", "team", "n", "own", "peers", "behind", "behind_low",
    "behind_high",
]  # fmt: skip
NOW = ["n_now", "own_now", "peers_now", "behind_now", "now_low", "now_high", "verdict"]
Verdict = Literal["closer", "further", "as it was", "too few"]


def measured_again(
    history: History, stints: Stints, claims: pd.DataFrame, calendar: FiscalCalendar
) -> pd.DataFrame:
    """Earlier claims beside what the deals say that have entered the stage since.

    Parameters
    ----------
    claims : the columns of `CLAIM`; those of a day before the history's, whose ``review_on`` has come, are
        measured. ``behind`` is the share by which the team's flow would gain, of time the share of days,
        with a 90 % interval.

    Returns
    -------
    pandas.DataFrame
        The columns of `CLAIM` and of `NOW`: entries since the claim, rates or median days of the team and
        its peers, how far it is behind (as counted, with a 90 % interval), and the verdict: ``closer`` to its
        peers or ``further`` behind beyond chance, ``as it was``, or ``too few`` entries to say.

    Examples
    --------
    What the demo claims at the end of September, seen at the end of December:

    >>> from datetime import date
    >>> from salesops_nb import open_workbook, process
    >>> wb = open_workbook(".")
    >>> then = process.review(wb.tables, wb.period("2017-Q3"), date(2017, 9, 30), stages=wb.stages).claims
    >>> then = then.assign(claimed_on=date(2017, 9, 30), review_on=date(2017, 12, 29))
    >>> history = process.read(wb.tables, stages=wb.stages)
    >>> found = process.measured_again(history, process.stints(history), then, wb.calendar)
    >>> found[["stage", "team", "verdict"]].head(1)
          stage           team    verdict
    0  Proposal  Melvin Marxen  as it was
    """
    due = claims[(claims["claimed_on"] < history.as_of) & (claims["review_on"] <= history.as_of)]
    due = due[due["stage"].isin(history.stages)]
    parts = [
        _since(history, stints, due[due["claimed_on"] == day], day, calendar)
        for day in dict.fromkeys(due["claimed_on"])
    ]
    if not parts:
        return pd.DataFrame(columns=[*CLAIM, *NOW])
    return pd.concat(parts, ignore_index=True)[[*CLAIM, *NOW]]


def _since(
    history: History, stints: Stints, claims: pd.DataFrame, day: date, calendar: FiscalCalendar
) -> pd.DataFrame:
    """The claims of one day and what they are since."""
    span = calendar.span(day + timedelta(days=1), history.as_of)
    within = Window((span,), "teams", pd.Series(dtype=int))
    entered = history.deals["team"].iloc[stints.deal[within.inside(stints.entered)]].astype(str)
    teams = sorted({*entered, *claims["team"]} - {UNASSIGNED, UNKNOWN})
    code, shape = codes(history, teams), (len(history.stages), len(teams))
    gaps = dict(zip(("conversion", "time"), gaps_of(history, stints, within, code, shape), strict=True))
    usual = medians(history, within, code, shape)
    rows = []
    for kind, stage, team in zip(claims["kind"], claims["stage"], claims["team"], strict=True):
        found, at = gaps[str(kind)], (history.stages.index(stage), teams.index(team))
        own, peers = usual if kind == "time" else (found.own, found.peers)
        behind, error = float(found.behind[at]), float(found.error[at])
        low, high = np.expm1([behind - REACH * error, behind + REACH * error])
        rows.append({
            "n_now": int(found.n[at]), "own_now": float(own[at]), "peers_now": float(peers[at]),
            "behind_now": float(np.expm1(behind)), "now_low": low, "now_high": high,
            "change": behind, "error": error,
        })  # fmt: skip
    now = pd.DataFrame(rows, index=claims.index)
    then = np.log1p(claims[["behind", "behind_low", "behind_high"]].to_numpy(float))
    now["verdict"] = [verdict(*each) for each in zip(then, now["change"], now["error"], strict=True)]
    return claims.join(now)


def verdict(then: Floats, behind: float, error: float) -> Verdict:
    """Whether what is behind now is another than then, as logarithms: then with its 90 % interval, now with
    its standard error.

    Examples
    --------
    >>> import numpy as np
    >>> from salesops_nb.process.again import verdict
    >>> then = np.array([0.3, 0.2, 0.4])
    >>> verdict(then, 0.1, 0.05), verdict(then, 0.25, 0.05), verdict(then, float("nan"), float("nan"))
    ('closer', 'as it was', 'too few')
    """
    if not np.isfinite(behind) or not np.isfinite(error):
        return "too few"
    moved = behind - then[0]
    chance = REACH * float(np.hypot((then[2] - then[1]) / (2 * REACH), error))
    if abs(moved) <= chance:
        return "as it was"
    return "closer" if moved < 0 else "further"
