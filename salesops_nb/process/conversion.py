"""Who goes on from a stage, by the time of entry, and how long deals stay in it; open deals are censored.

A *stint* is what became of a deal from its first entry into a stage: it went on (to a later stage, or was
won), it was lost, or it is still undecided. Going back and opening again are on the way. Conversion is the
share that goes on in the end; time in a stage is of each stay (`Passes`), however it ended.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from salesops_nb.core import statistics
from salesops_nb.core.periods import FiscalCalendar, Period
from salesops_nb.process.history import DAY, STAYS, Flags, History, Ints, seconds

STILL, ONWARD, DIED = 0, 1, 2
Kind = Literal["year", "quarter", "month"]
YOUNG = 0.05  # share still undecided from which a cohort's conversion is no estimate of its end
CONFIDENCE = 0.9


@dataclass(frozen=True)
class Stints:
    """First entries into stages: positions of deal and stage, seconds of entry and end, and the end.

    `end` is `ONWARD`, `DIED`, or `STILL`, whose `ended` is then the end of the last day known. `bulk` marks
    those that a bulk update began or decided.

    Examples
    --------
    >>> from salesops_nb import open_workbook, process
    >>> wb = open_workbook(".")
    >>> history = process.read(wb.tables, stages=wb.stages)
    >>> found = process.stints(history)
    >>> len(found.deal), round(float(found.days[found.end == 1].max()), 1)
    (35938, 355.4)
    """

    deal: Ints
    stage: Ints
    entered: Ints
    ended: Ints
    end: Ints
    bulk: Flags

    def where(self, which: Flags | Ints) -> Stints:
        """Some of them."""
        return Stints(*(getattr(self, name)[which] for name in self.__dataclass_fields__))

    @property
    def days(self) -> NDArray[np.float64]:
        """How long each took, or has taken so far."""
        out: NDArray[np.float64] = (self.ended - self.entered) / DAY
        return out


def stints(history: History) -> Stints:
    """What became of each deal from its first entry into each stage.

    Examples
    --------
    >>> from salesops_nb import open_workbook, process
    >>> wb = open_workbook(".")
    >>> found = process.stints(process.read(wb.tables, stages=wb.stages))
    >>> [int((found.end == end).sum()) for end in (0, 1, 2)]
    [2089, 31376, 2473]
    """
    made, stages = history.passes, len(history.stages)
    at = np.flatnonzero(made.first).astype(np.int32)
    stage = made.stage[at]
    now = at.copy()
    end, ended = np.zeros(len(at), np.int8), np.full(len(at), history.now)
    bulk = made.began[at].copy()
    waiting = np.arange(len(at), dtype=np.int32)
    while len(waiting):
        mine, here = waiting, now[waiting]
        to = made.to[here]
        opened = made.stage[here] > stage[mine]  # further on, after it was lost and opened again
        onward = opened | (to == stages) | ((to > stage[mine]) & (to < stages))
        following = np.minimum(here + 1, len(made) - 1)
        more = (following > here) & (made.deal[following] == made.deal[here])
        done = onward | ((to == stages + 1) & ~more)
        mine, here = waiting[done], here[done]
        end[mine] = np.where(onward[done], ONWARD, DIED)
        ended[mine] = np.where(opened[done], made.entered[here], made.left[here])
        bulk[mine] |= made.bulk[here] & ~made.began[here]
        waiting = waiting[~done & more]
        now[waiting] += 1
    return Stints(made.deal[at], stage, made.entered[at], ended, end, bulk)


def by_cohort(
    history: History, found: Stints, calendar: FiscalCalendar, unit: Kind = "quarter"
) -> pd.DataFrame:
    """Conversion of each stage by the period of entry: a row a stage and period.

    Columns ``stage, period, entered, onward, lost, open, conversion, low, high``. The conversion is missing
    where more than `YOUNG` of the cohort is undecided at the age that its oldest has reached: only its fast
    deals are known.

    Examples
    --------
    >>> from salesops_nb import open_workbook, process
    >>> wb = open_workbook(".")
    >>> history = process.read(wb.tables, stages=wb.stages)
    >>> found = process.stints(history)
    >>> cohorts = process.by_cohort(history, found, wb.calendar).set_index(["stage", "period"])
    >>> cohorts.loc[("Demo", "2017-Q1"), ["entered", "onward", "lost", "open"]].tolist()
    [1140, 1065, 74, 1]
    """
    edges, names = _edges(history, found, calendar, unit)
    cohort = np.searchsorted(edges, found.entered, side="right") - 1
    rows = []
    for stage, name in enumerate(history.stages):
        of_stage = np.flatnonzero(found.stage == stage)
        for at in np.flatnonzero(np.bincount(cohort[of_stage], minlength=1)):
            mine = of_stage[cohort[of_stage] == at]
            rows.append({"stage": name, "period": names[at], **converted(found, mine)})
    columns = ["stage", "period", "entered", "onward", "lost", "open", "conversion", "low", "high"]
    return pd.DataFrame(rows, columns=columns)


def _edges(history: History, found: Stints, calendar: FiscalCalendar, unit: Kind) -> tuple[Ints, list[str]]:
    if not len(found.entered):
        return np.array([0]), [""]
    first = np.datetime64(int(found.entered.min()), "s").astype("datetime64[D]").item()
    periods: list[Period] = [calendar.containing(first, unit)]
    while periods[-1].end <= history.as_of:
        periods.append(calendar.containing(periods[-1].end, unit))
    return np.array([seconds(each.start) for each in periods]), [each.key for each in periods]


def converted(found: Stints, mine: Ints | Flags, confidence: float = CONFIDENCE) -> dict[str, object]:
    """How some stints ended, and the share that goes on in the end with its interval.

    Examples
    --------
    >>> from salesops_nb import open_workbook, process
    >>> wb = open_workbook(".")
    >>> history = process.read(wb.tables, stages=wb.stages)
    >>> found = process.stints(history)
    >>> of_demo = process.converted(found, found.stage == history.stages.index("Demo"))
    >>> of_demo["entered"], round(of_demo["conversion"], 3)
    (7348, 0.907)
    """
    part = found.where(mine)
    end = part.end
    share = statistics.final_incidence(part.days, end, confidence)
    young = share.surviving > YOUNG
    nan = float("nan")
    return {
        "entered": len(end), "onward": int((end == ONWARD).sum()), "lost": int((end == DIED).sum()),
        "open": int((end == STILL).sum()), "conversion": nan if young else share.share,
        "low": nan if young else share.low, "high": nan if young else share.high,
    }  # fmt: skip


def time_in_stage(
    history: History,
    which: Flags,
    by: str | None = None,
    working: np.busdaycalendar | None = None,
    confidence: float = CONFIDENCE,
) -> pd.DataFrame:
    """How long deals stay in each stage, of some passes: medians with intervals, not means.

    A row a stage, or a stage and a value of the deals' column `by`: ``stage, [by], stays, ended, median, low,
    high, p90, apart``. Stays that are not over are censored. `apart` are those that began or ended in a bulk
    update; their length is not known, and they are not counted in.

    Examples
    --------
    >>> import numpy as np
    >>> from salesops_nb import open_workbook, process
    >>> wb = open_workbook(".")
    >>> history = process.read(wb.tables, stages=wb.stages)
    >>> process.time_in_stage(history, np.ones(len(history.passes), bool))[["stage", "median"]].round(1)
             stage  median
    0  Prospecting    12.0
    1      Qualify    10.5
    2         Demo    12.9
    3     Proposal    17.4
    4  Negotiation     8.5
    """
    made = history.passes.where(which)
    days = made.days if working is None else made.working_days(working)
    groups = None if by is None else history.deals[by].cat
    codes = np.zeros(len(made), np.int8) if groups is None else groups.codes.to_numpy()[made.deal]
    rows = []
    for stage, name in enumerate(history.stages):
        of_stage = np.flatnonzero(made.stage == stage)
        for code in np.flatnonzero(np.bincount(codes[of_stage], minlength=1)):
            mine = of_stage[codes[of_stage] == code]
            plain = mine[~made.bulk[mine]]
            over = made.to[plain] != STAYS
            middle, long = statistics.survival_quantiles(days[plain], over, (0.5, 0.9), confidence)
            rows.append({
                "stage": name, **({} if groups is None else {by: str(groups.categories[int(code)])}),
                "stays": len(plain), "ended": middle.ended, "median": middle.value, "low": middle.low,
                "high": middle.high, "p90": long.value, "apart": len(mine) - len(plain),
            })  # fmt: skip
    return pd.DataFrame(rows)


def staying(
    history: History, which: Flags, working: np.busdaycalendar | None = None, points: int = 150
) -> pd.DataFrame:
    """The share of stays that are not over after so many days: ``days``, and for each stage a column with
    ``_low`` and ``_high`` beside it.

    Examples
    --------
    >>> import numpy as np
    >>> from salesops_nb import open_workbook, process
    >>> wb = open_workbook(".")
    >>> history = process.read(wb.tables, stages=wb.stages)
    >>> curves = process.staying(history, np.ones(len(history.passes), bool))
    >>> curves.columns[:4].tolist()
    ['days', 'Prospecting', 'Prospecting_low', 'Prospecting_high']
    """
    made = history.passes.where(which & ~history.passes.bulk)
    days, over = made.days if working is None else made.working_days(working), made.to != STAYS
    longest = int(np.ceil(np.quantile(days, 0.98))) if len(made) else 0
    grid = np.arange(0, longest + 1, -(-(longest + 1) // points), dtype=float)
    columns: dict[str, NDArray[np.float64]] = {"days": grid}
    for stage, name in enumerate(history.stages):
        mine = made.stage == stage
        if not over[mine].any():
            continue
        curve = statistics.kaplan_meier(days[mine], over[mine], CONFIDENCE)
        at = np.searchsorted(curve["time"].to_numpy(), grid, side="right") - 1
        for column, end in (("survival", ""), ("low", "_low"), ("high", "_high")):
            values = curve[column].to_numpy()
            columns[name + end] = np.where(at < 0, 1.0, values[np.maximum(at, 0)])
    return pd.DataFrame(columns)
