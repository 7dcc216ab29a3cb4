"""What worked here, and which rules led to nothing."""

from __future__ import annotations

from datetime import date

import pandas as pd

from salesops_nb.core.statistics import exact_interval

QUARTERS = 4  # without a decision, after which a rule is proposed for retirement
COLUMNS = ["alert_id", "rule", "metric", "level", "who", "opened_on", "closed_on", "decided"]


def what_worked(actions: pd.DataFrame) -> pd.DataFrame:
    """Judged actions by play: ``play, judged, worked, failed, unclear, low, high``, the best first.

    ``low`` and ``high`` are the 90 % interval (Clopper & Pearson 1934) of how often it works, of those that
    could be told; `actions` has ``play`` and ``verdict``.

    Examples
    --------
    >>> import pandas as pd
    >>> from salesops_nb.alerts.ledger import what_worked
    >>> acted = pd.DataFrame({"play": ["calls", "calls"], "verdict": ["worked", "did not work"]})
    >>> what_worked(acted)[["play", "judged", "worked", "failed"]].values.tolist()
    [['calls', 2, 1, 1]]
    """
    known = actions[actions["verdict"].isin(["worked", "did not work", "unclear"])]
    rows = []
    for play, of in known.groupby("play", sort=True):
        worked, failed = ((of["verdict"] == verdict).sum() for verdict in ("worked", "did not work"))
        low, high = exact_interval(int(worked), int(worked + failed), 0.9) if worked + failed else (0.0, 1.0)
        rows.append((play, len(of), int(worked), int(failed), len(of) - int(worked + failed), low, high))
    names = ["play", "judged", "worked", "failed", "unclear", "low", "high"]
    found = pd.DataFrame(rows, columns=names)
    return found.sort_values(["worked", "low", "judged", "play"], ascending=[False, False, True, True],
                             ignore_index=True)  # fmt: skip


def to_retire(listed: pd.DataFrame, as_of: date) -> pd.DataFrame:
    """Rules that alerted and led to no decision in four quarters: ``rule, alerts, since``.

    `listed` has a row an alert, with ``decided``: whether anybody assigned it, acted or
    resolved it.
    A rule whose first alert is younger than four quarters is too young to be judged.

    Examples
    --------
    >>> from datetime import date
    >>> import pandas as pd
    >>> from salesops_nb.alerts.ledger import to_retire
    >>> alerts = pd.DataFrame({"rule": ["a", "b"], "opened_on": [date(2017, 1, 1)] * 2})
    >>> alerts["decided"] = [False, True]
    >>> to_retire(alerts, date(2017, 12, 31))["rule"].tolist()
    ['a']
    """
    begin = pd.Timestamp(as_of) - pd.DateOffset(months=3 * QUARTERS)
    rows = []
    for rule, of in listed.groupby("rule", sort=True):
        days = pd.to_datetime(of["opened_on"])
        lately = of[days > begin]
        # one quarter's grace: a rule that begins in the first of the four has seen them all
        if days.min() > begin + pd.DateOffset(months=3) or lately["decided"].any() or lately.empty:
            continue
        rows.append((rule, len(lately), days.min().date()))
    return pd.DataFrame(rows, columns=["rule", "alerts", "since"])
