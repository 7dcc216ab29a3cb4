"""Span of control: how many reps a manager, sales engineer or SDR has, and when the next is due."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from salesops_nb.core.frames import Tables
from salesops_nb.forecast.learning import reading
from salesops_nb.forecast.learning.inputs import horizon_start
from salesops_nb.hiring.headcount.flows import tenths
from salesops_nb.hiring.planning.plan import HiringPlan

MANAGER, ENGINEER, DEVELOPMENT = "manager", "se", "sdr"
_WORDS = {
    ENGINEER: r"se|(pre)?sales? engineer|solutions? (engineer|consultant|architect)|pre ?sales( consultant)?",
    DEVELOPMENT: r"[sbm]dr|(sales|business|market) development( rep(resentative)?)?",
}
COLUMNS = ["support", "today", "reps", "ratio", "asked", "reps_most", "needed", "more", "due"]


def kind_of(role: str) -> str | None:
    """Whether a role is that of a sales engineer (``se``) or of sales development (``sdr``).

    Examples
    --------
    >>> from salesops_nb.hiring.headcount.support import kind_of
    >>> kind_of("Solutions Engineer"), kind_of("BDR"), kind_of("rep")
    ('se', 'sdr', None)
    """
    plain = re.sub(r"[\W_]+", " ", role).strip().casefold()
    return next((kind for kind, words in _WORDS.items() if re.fullmatch(words, plain)), None)


def support(plan: HiringPlan, ratios: Mapping[str, float | None]) -> pd.DataFrame:
    """Reps per manager, sales engineer and SDR today and under the plan, and when the next of them is due.

    Parameters
    ----------
    ratios : the most reps for one ``manager``, ``se`` and ``sdr``; without one nothing is due.

    Returns
    -------
    pandas.DataFrame
        support (manager, se, sdr), today (people), reps (full-time heads today), ratio (reps over today),
        asked, reps_most
        (the most reps expected at a month's end), needed (reps_most over asked, rounded up), more (needed
        less today, where that is more) and due (the first month in which the reps are more than today's can
        have). A kind that nobody is and for which nothing is asked has no row.

    Examples
    --------
    >>> from salesops_nb import hiring, open_workbook
    >>> plan = hiring.plan(open_workbook(".").tables, 12, confidence=0.6, target=14_000_000, futures=300)
    >>> hiring.support(plan, {"manager": 6})[["support", "today", "reps", "needed", "more", "due"]]
       support  today  reps  needed  more      due
    0  manager      6  31.8       7     1  2018-03
    """
    known = plan.trial.pool.learned
    roster, roles = known.panel.roster, known.panel.roles
    sells = [r for r, role in enumerate(roles) if kind_of(role) is None]
    here = roster["present"].to_numpy(dtype=bool) & np.isin(known.panel.role, sells)
    reps = float(roster.loc[here, "fte"].sum())
    heads = plan.trial.grown(plan.counts).heads[:, sells].sum(axis=1).mean(axis=0)
    rows: list[tuple[Any, ...]] = []
    for kind, today in _today(plan, set(roster.loc[here, "person_id"])).items():
        asked = ratios.get(kind)
        if not today and not asked:
            continue
        most, needed, more, due = max(reps, float(heads.max())), None, None, None
        if asked:
            needed = math.ceil(round(most / asked, 6))
            more = max(needed - today, 0)
            beyond = [m for m, n in zip(plan.ahead.months, heads, strict=True) if n > today * asked + 1e-6]
            due = (plan.ahead.months[0] if reps > today * asked + 1e-6 else beyond[0]).key if more else None
        ratio = reps / today if today else None
        rows.append((kind, today, tenths(reps), ratio, asked, tenths(most), needed, more, due))
    return pd.DataFrame(rows, columns=COLUMNS)


def _today(plan: HiringPlan, reps: set[str]) -> dict[str, int]:
    """How many managers the present reps have, and how many sales engineers and SDRs there are."""
    rows = reading.people(Tables.of(plan.tables), [])
    day = pd.Timestamp(horizon_start(plan.trial.pool.learned.panel))
    now = rows[(rows["valid_from"] <= day) & (rows["valid_to"] > day) & (rows["left_on"] > day)]
    kinds = [kind_of(role) for role in now["role"]]
    found = {kind: int(now["person_id"][[k == kind for k in kinds]].nunique()) for kind in _WORDS}
    mine = now[now["person_id"].isin(reps)]
    managers = int(mine["manager_id"].dropna().nunique()) if "manager_id" in mine else 0
    return {MANAGER: managers, **found}
