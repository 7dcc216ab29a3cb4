"""Why a metric changed: parts that add up to the change exactly, and the one that stands out.

Of a sum, what a part adds is its own change. Of a rate R = ΣT ÷ ΣB, it is
(T₁ − R̄·B₁) ÷ ΣB₁ − (T₀ − R̄·B₀) ÷ ΣB₀ with R̄ the mean of both rates: its own rate and its share of the
whole together (the parts of Kitagawa 1955, joined), with nothing left over, parts that came or went among
them. All of it is exact fractions.

The largest part is seldom the cause: a large region has most of any fall. So each part is held against all
others: by how much it moved beyond them, beside the chance in both (deals come one by one, each with its
amount). A whole that moved alike has no cause among its parts, and none is named.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd
from scipy import special

from salesops_nb.core.periods import Period
from salesops_nb.metrics import Metric, exact, sums

CUTS: Mapping[str, str] = {
    "region": "region", "team": "team", "rep": "owner_id", "product": "product_id", "segment": "segment",
    "stage": "stage", "source": "source",
}  # fmt: skip
LEAST = Fraction(1, 5)  # of the change: what is less is no cause of it
FALSE = 0.05  # how often a part is named where all moved alike
NONE = Fraction(0)


@dataclass(frozen=True)
class Why:
    """A change and its parts.

    `parts` has a row for each part of each cut: ``cut, part, before, after, contribution`` (exact fractions,
    which sum to `change` within a cut), ``beyond`` (by how many standard errors it moved beyond the others,
    in the change's direction); the largest contribution first. `first` is the place of the one that stands
    out most; `clear` whether it does so beyond chance.
    """

    change: Fraction
    before: Fraction
    after: Fraction
    parts: pd.DataFrame
    first: int | None
    clear: bool

    @property
    def cause(self) -> tuple[str, str] | None:
        """The cut and the part that stand out beyond chance; None where all moved alike."""
        if self.first is None or not self.clear:
            return None
        row = self.parts.loc[self.first]
        return str(row["cut"]), str(row["part"])

    @property
    def residual(self) -> Fraction:
        """What the parts of any cut leave over: exactly 0."""
        totals = [sum(of["contribution"], NONE) - self.change for _, of in self.parts.groupby("cut")]
        return max(totals, key=abs, default=NONE)

    def of(self, cut: str) -> pd.DataFrame:
        """The parts of one cut, those that moved the change's way first, the largest of them on top."""
        return self.parts[self.parts["cut"] == cut]


def explained(
    facts: nw.LazyFrame[Any],
    metric: Metric,
    before: Sequence[Period],
    after: Sequence[Period],
    within: Mapping[str, str] | None = None,
    cuts: Sequence[str] = tuple(CUTS),
) -> Why | None:
    """The change of a metric between two spans of periods, by part; None where one of them has no value.

    Parameters
    ----------
    facts : as `metrics.measured` gives them.
    before, after : each a run of periods.
    within : parts that all belong to, by cut, such as ``{"team": "Cara Losch"}``; these are cut no more.
    """
    within = within or {}
    columns = {CUTS[cut]: cut for cut in cuts if cut not in within}
    where = " AND ".join(f"{CUTS[cut]} = {_text(part)}" for cut, part in within.items())
    spans = [(run[0].start, run[-1].end) for run in (before, after)]
    return explained_sums(sums(facts, spans, list(columns), where).replace({"cut": columns}), metric)


def deeper(
    facts: nw.LazyFrame[Any],
    metric: Metric,
    before: Sequence[Period],
    after: Sequence[Period],
    why: Why,
    within: Mapping[str, str] | None = None,
) -> Why | None:
    """The second level: what the part that stands out is made of, adding up to what it contributed."""
    if why.first is None:
        return None
    row: Any = why.parts.loc[why.first]
    inside = {**(within or {}), str(row["cut"]): str(row["part"])}
    found = explained(facts, metric, before, after, inside)
    if found is None or metric.denominator is None:
        return found
    middle = (why.before + why.after) / 2
    own = [
        _part(each[0], each[1], each[2], each[3], row["whole_before"], row["whole_after"], middle)
        for each in zip(*(found.parts[name] for name in _FOUR), strict=True)
    ]
    parts = _ordered(found.parts.assign(contribution=pd.Series(own, dtype=object)), row["contribution"])
    first = _first(parts, row["contribution"])
    clear = first is not None and _clear(parts, first)
    return Why(row["contribution"], found.before, found.after, parts, first, clear)


_FOUR = ("top_before", "bottom_before", "top_after", "bottom_after")


def explained_sums(found: pd.DataFrame, metric: Metric) -> Why | None:
    """The same from sums: the columns of `metrics.sums`, span 0 before and span 1 after."""
    whole = {int(str(span)): row for span, row in found[found["cut"] == ""].set_index("span").iterrows()}
    if metric.denominator is not None and len(whole) < 2:
        return None
    tops, bottoms, values = [], [], []
    for span in (0, 1):
        top, bottom = (_fraction(whole[span][n]) if span in whole else NONE for n in ("top", "bottom"))
        value = exact(metric, top, bottom)
        if value is None:
            return None
        tops.append(top)
        bottoms.append(bottom)
        values.append(value)
    wide: Any = found[found["cut"] != ""].set_index(["cut", "part", "span"])
    names = wide.index.droplevel("span").unique()
    middle = (values[0] + values[1]) / 2
    rate = metric.denominator is not None
    rows = []
    for cut, part in names:
        sides = [wide.loc[(cut, part, s)] if (cut, part, s) in wide.index else None for s in (0, 1)]
        t0, t1 = (NONE if s is None else _fraction(s["top"]) for s in sides)
        b0, b1 = (NONE if s is None else _fraction(s["bottom"]) for s in sides)
        own = _part(t0, b0, t1, b1, bottoms[0], bottoms[1], middle) if rate else t1 - t0
        spread = [0.0 if s is None else _spread(s, float(middle) if rate else 0.0) for s in sides]
        rows.append({
            "cut": cut, "part": part, "before": exact(metric, t0, b0), "after": exact(metric, t1, b1),
            "contribution": own, "top_before": t0, "bottom_before": b0, "top_after": t1, "bottom_after": b1,
            "whole_before": bottoms[0], "whole_after": bottoms[1],
            "spread_before": spread[0], "spread_after": spread[1],
        })  # fmt: skip
    change = values[1] - values[0]
    if not rows:
        return Why(change, values[0], values[1], pd.DataFrame(columns=["cut", "part", "contribution"]), None,
                   False)  # fmt: skip
    parts = pd.DataFrame(rows)
    sign = 1.0 if change >= 0 else -1.0
    parts["beyond"] = sign * (_rate_beyond(parts) if rate else _sum_beyond(parts))
    parts = _ordered(parts, change)
    first = _first(parts, change)
    return Why(change, values[0], values[1], parts, first, first is not None and _clear(parts, first))


def _fraction(value: Any) -> Fraction:
    """A sum exactly; a number of numpy's as Python's own, which does not overflow."""
    return Fraction(value.item() if hasattr(value, "item") else value)


def _part(
    t0: Fraction, b0: Fraction, t1: Fraction, b1: Fraction, w0: Fraction, w1: Fraction, middle: Fraction
) -> Fraction:
    """What a part adds to the change of a rate."""
    return (t1 - middle * b1) / w1 - (t0 - middle * b0) / w0


def _spread(side: Any, middle: float) -> float:
    """The variance of a part's sum, deals coming by chance: of top less `middle` times bottom."""
    return float(side["squares"] - 2 * middle * side["crossed"] + middle**2 * side["bottom_squares"])


def _ordered(parts: pd.DataFrame, change: Fraction) -> pd.DataFrame:
    sign = 1 if change >= 0 else -1
    key = parts["contribution"].map(lambda each: -sign * each)
    order = sorted(range(len(parts)), key=lambda at: (key.iloc[at], str(parts["part"].iloc[at])))
    ordered = parts.iloc[order]
    rank = {cut: at for at, cut in enumerate(CUTS)}
    return ordered.iloc[np.argsort([rank.get(cut, 9) for cut in ordered["cut"]], kind="stable")].reset_index(
        drop=True
    )


def _first(parts: pd.DataFrame, change: Fraction) -> int | None:
    """The part that moved furthest beyond the others, among those that made a fifth of the change or more."""
    sign = 1 if change >= 0 else -1
    much = parts["contribution"].map(lambda each: sign * each >= LEAST * abs(change)).astype(bool)
    moved = parts[(parts["beyond"] > 0) & parts["beyond"].notna() & much]
    return None if moved.empty else int(str(moved["beyond"].idxmax()))


def _clear(parts: pd.DataFrame, first: int) -> bool:
    """Whether the part stands out beyond the chance of so many."""
    several = parts.groupby("cut")["part"].transform("size") > 1
    return bool(parts["beyond"][first] > -special.ndtri(FALSE / max(int(several.sum()), 1)))


def _floats(parts: pd.DataFrame, name: str) -> tuple[Any, Any]:
    """A column before and after, as floats."""
    return tuple(parts[f"{name}_{side}"].map(float).to_numpy() for side in ("before", "after"))  # type: ignore[return-value]


def _rest(parts: pd.DataFrame, values: Any) -> Any:
    """What all other parts of the same cut have together."""
    return pd.Series(values).groupby(parts["cut"].to_numpy()).transform("sum").to_numpy() - values


def _sum_beyond(parts: pd.DataFrame) -> Any:
    """By how many standard errors a part's sum moved beyond the others' ratio; NaN without others."""
    t0, t1 = _floats(parts, "top")
    v0, v1 = _floats(parts, "spread")
    r0, r1, s0, s1 = (_rest(parts, each) for each in (t0, t1, v0, v1))
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(r0 > 0, r1 / r0, np.nan)
        expected = t0 * ratio
        of_ratio = (t0 / r0) ** 2 * (s1 + ratio**2 * s0)
        spread = np.maximum(v1, ratio * v0) + ratio**2 * v0 + of_ratio
        return np.where((spread > 0) & (r0 > 0), (t1 - expected) / np.sqrt(spread), np.nan)


def _rate_beyond(parts: pd.DataFrame) -> Any:
    """By how many standard errors a part's contribution goes beyond its share of the others' movement."""
    (t0, t1), (b0, b1), (v0, v1) = (_floats(parts, name) for name in ("top", "bottom", "spread"))
    w0, w1 = _floats(parts, "whole")
    own = parts["contribution"].map(float).to_numpy()
    rt0, rt1, rb0, rb1, s0, s1 = (_rest(parts, each) for each in (t0, t1, b0, b1, v0, v1))
    with np.errstate(divide="ignore", invalid="ignore"):
        others = rt1 / rb1 - rt0 / rb0
        share = (b0 / w0 + b1 / w1) / 2
        spread = v0 / w0**2 + v1 / w1**2 + share**2 * (s0 / rb0**2 + s1 / rb1**2)
        good = (rb0 > 0) & (rb1 > 0) & (spread > 0)
        return np.where(good, (own - share * others) / np.sqrt(spread), np.nan)


def rounded_parts(values: Sequence[Fraction], unit: Fraction) -> list[Fraction]:
    """Parts rounded to a unit so that they still sum to their rounded total (the largest remainders).

    Examples
    --------
    >>> from fractions import Fraction
    >>> from salesops_nb.alerts.why import rounded_parts
    >>> [int(each) for each in rounded_parts([Fraction(1, 3)] * 3, Fraction(1))]
    [1, 0, 0]
    """
    whole = round(sum(values, NONE) / unit)
    floors = [each / unit // 1 for each in values]
    left = whole - sum(floors)
    order = sorted(range(len(values)), key=lambda at: (floors[at] - values[at] / unit, at))
    for at in order[: int(left)]:
        floors[at] += 1
    return [each * unit for each in floors]


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
