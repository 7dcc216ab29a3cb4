"""Lines worth a second look: what is far from the component's other lines, and what is rare by nature.

Far is meant robustly. Within a component, the logarithm of each line's amount is compared with
the median in units of the median absolute deviation: the modified z-score of Iglewicz and Hoaglin
(How to Detect and Handle Outliers, 1993), unusual beyond 3.5. Logarithms, because pay follows
deal size, which is skewed; the median, because one huge deal must not hide another. Fewer than
eight lines say nothing about what is usual.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import log
from statistics import fmean, median
from typing import Any

from salesops_nb.messages import Figure, Message, message

LIMIT, FEWEST = 3.5, 8
RARE = ("adjustment", "clawback", "refund", "guarantee", "carry")


@dataclass(frozen=True, slots=True)
class Unusual:
    """A line (a row of the payout's or the ledger's) and how it stands to its like.

    `score` is its modified z-score, none for a line rare by its kind or with too few of its like;
    `median` that of the amounts of its component's lines, of which there are `like`.
    """

    line: Mapping[str, Any]
    score: float | None
    median: Decimal | None = None
    like: int = 0

    @property
    def flagged(self) -> bool:
        """Whether it deserves a look: rare by its kind, or further off than usual."""
        return self.score is None or abs(self.score) > LIMIT

    @property
    def why(self) -> Message:
        """How it stands out, in words."""
        if self.median is None:
            return _rare(self.line)
        times = Figure((abs(Decimal(self.line["amount"])) / self.median).quantize(Decimal("0.01")))
        return message("{times} times the median of the component's {n} lines", times=times, n=self.like)


def unusual(lines: Sequence[Mapping[str, Any]]) -> list[Unusual]:
    """Lines rare by their kind, the largest first, then all others from the furthest off on."""
    groups: dict[tuple[Any, ...], list[Mapping[str, Any]]] = defaultdict(list)
    for line in lines:
        if line["amount"] and line["kind"] not in RARE:
            groups[line["plan_id"], line["component_id"], line["kind"], line["currency"]].append(line)
    rare = [Unusual(line, None) for line in lines if line["amount"] and _is_rare(line)]
    rare.sort(key=lambda each: (-abs(each.line["amount"]), each.line["line_id"]))
    named = {each.line["line_id"] for each in rare}
    found = [each for group in groups.values() for each in _far(group) if each.line["line_id"] not in named]
    found.sort(key=lambda each: (-abs(each.score or 0), each.line["line_id"]))
    return [*rare, *found]


def scores(values: Iterable[float]) -> list[float]:
    """Modified z-scores: 0.6745 (x − median) ÷ MAD; by the mean deviation where more than half are alike."""
    held = list(values)
    middle = median(held)
    deviations = [abs(value - middle) for value in held]
    spread = median(deviations) / 0.6745 or fmean(deviations) * 1.253314
    return [(value - middle) / spread if spread else 0.0 for value in held]


def _far(group: Sequence[Mapping[str, Any]]) -> Iterable[Unusual]:
    if len(group) < FEWEST:
        return
    amounts = [abs(Decimal(line["amount"])) for line in group]
    middle = Decimal(median(amounts))
    for line, score in zip(group, scores(log(amount) for amount in amounts), strict=True):
        yield Unusual(line, score, middle, len(group))


def _is_rare(line: Mapping[str, Any]) -> bool:
    return line["kind"] in RARE or (
        line["amount"] < 0 and line["kind"] not in ("draw_recovery", "holdback", "negative_pay")
    )


def _rare(line: Mapping[str, Any]) -> Message:
    if line["kind"] == "adjustment":
        return message("an adjustment: somebody decided or corrected it")
    if line["kind"] == "clawback":
        return message("a clawback: pay that comes back")
    if line["amount"] < 0:
        return message("a negative amount")
    return message("of a kind that is rare: it follows a special rule of the plan")
