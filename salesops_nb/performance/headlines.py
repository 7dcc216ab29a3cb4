"""The seven headlines, each with one sentence in words."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    from salesops_nb.performance.review import Review

COLUMNS = ["key", "label", "value", "unit", "sentence", "detail", "low", "high", "mark"]


def headlines(review: Review) -> pd.DataFrame:
    """One row a headline; ``value`` is None where it cannot be known, and the sentence says why.

    A sentence may hold ``{money:…}`` and ``{percent:…}`` placeholders: the report writes them in
    the workbook's locale.
    """
    makers = (_bookings, _attainment, _coverage, _win_rate, _average_deal, _time_to_win, _velocity)
    return pd.DataFrame([maker(review) for maker in makers], columns=COLUMNS)


def _row(
    key: str, label: str, value: Any, unit: str, sentence: str, detail: str = "",
    ends: tuple[Any, Any] = (None, None), mark: str = "",
) -> tuple[Any, ...]:  # fmt: skip
    if isinstance(value, float) and math.isnan(value):
        value = None
    return key, label, value, unit, sentence, detail, *ends, mark


def _bookings(review: Review) -> tuple[Any, ...]:
    row, period = review.company, review.period
    sentence = f"{int(row['won']):,} deals were won in {period.key}."
    before = row["compared_bookings"]
    if before is not None and before > 0:
        change = float(row["bookings"] / before - 1)
        direction = "more" if change >= 0 else "less"
        sentence = f"That is {{percent:{abs(change)!r}}} {direction} than in {review.comparison.words}."
    elif review.comparison.why_not:
        sentence += f" Not compared: {review.comparison.why_not}."
    partial = review.covered_days < period.days
    return _row(
        "bookings", "Bookings", row["bookings"], "money", sentence, mark="partial period" if partial else ""
    )


def _attainment(review: Review) -> tuple[Any, ...]:
    row = review.company
    if not row["target"]:
        return _row("attainment", "Attainment", None, "percent", f"No target is set for {review.period.key}.")
    gap = row["bookings"] - row["target"]
    over = review.as_of >= review.period.last
    if over:
        side = "above" if gap >= 0 else "short of"
        sentence = f"The period closed {{money:{abs(gap)}}} {side} its target of {{money:{row['target']}}}."
        detail = ""
    else:
        pace = float(row["pace_attainment"])
        side = "ahead of" if pace >= 1 else "behind"
        sentence = f"By now {{money:{row['expected']}}} was to be expected: bookings are {side} that pace."
        detail = f"{{percent:{pace!r}}} of pace, {review.pace.words}"
    return _row("attainment", "Attainment", float(row["attainment"]), "percent", sentence, detail)


def _coverage(review: Review) -> tuple[Any, ...]:
    row = review.company
    stale = f"{int(row['stale_deals']):,} stale deals are not in it"
    live = f"{{money:{row['pipeline']}}} is open in {int(row['open_deals']):,} live deals"
    if review.as_of >= review.period.last:
        sentence = f"The period is over, so nothing is left to cover; {live} for later."
        return _row("coverage", "Pipeline coverage", None, "decimal", sentence, stale)
    if not row["target"]:
        return _row("coverage", "Pipeline coverage", None, "decimal", f"No target to cover; {live}.", stale)
    if review.as_of < review.data_through:
        sentence = f"What was then expected to close is not known for deals that have closed since; {live}."
        return _row("coverage", "Pipeline coverage", None, "decimal", sentence, stale)
    missing = row["target"] - row["bookings"]
    if missing <= 0:
        return _row("coverage", "Pipeline coverage", None, "decimal", f"The target is made; {live}.", stale)
    sentence = (
        f"{{money:{row['pipeline_due']}}} is due in the period against {{money:{missing}}} still to make."
    )
    return _row(
        "coverage", "Pipeline coverage", row["coverage"], "decimal", sentence, stale, mark="estimated"
    )


def _win_rate(review: Review) -> tuple[Any, ...]:
    row = review.company
    decided = int(row["won"] + row["lost"])
    if not decided:
        return _row("win_rate", "Win rate", None, "percent", "No deal was decided in the period.")
    sentence = f"{int(row['won']):,} of {decided:,} decided deals were won."
    if pd.notna(row["win_rate_value"]):
        sentence += f" By value it is {{percent:{float(row['win_rate_value'])!r}}}."
    ends = float(row["win_rate_low"]), float(row["win_rate_high"])
    detail = f"95 % interval {{percent:{ends[0]!r}}} to {{percent:{ends[1]!r}}}"
    mark = "small sample" if row["small_sample"] else ""
    return _row("win_rate", "Win rate", float(row["win_rate"]), "percent", sentence, detail, ends, mark)


def _average_deal(review: Review) -> tuple[Any, ...]:
    row = review.company
    if row["average_deal"] is None:
        return _row("average_deal", "Average deal", None, "money", "No deal was won in the period.")
    top = review.products.index[0]
    share = float(review.products["share"].iloc[0])
    sentence = f"{top} brought most: {{percent:{share!r}}} of the bookings."
    return _row("average_deal", "Average deal", row["average_deal"], "money", sentence)


def _time_to_win(review: Review) -> tuple[Any, ...]:
    days = review.median_days_to_win
    if days is None:
        return _row("time_to_win", "Time to win", None, "integer", "No deal with known dates was won yet.")
    won = float(review.time_to_win["won"].iloc[-1])
    sentence = f"Half of the deals that are ever won are won within {days:.0f} days."
    detail = f"{{percent:{won!r}}} of deals are won in the end, as far as the data reach"
    return _row("time_to_win", "Time to win (days)", days, "integer", sentence, detail)


def _velocity(review: Review) -> tuple[Any, ...]:
    row = review.company
    if row["velocity"] is None or pd.isna(row["velocity"]):
        return _row("velocity", "Sales velocity", None, "money", "A part of it is not known for this period.")
    sentence = "Bookings a day that the live pipeline makes at this win rate, deal size and pace."
    return _row(
        "velocity", "Sales velocity (a day)", float(row["velocity"]), "money", sentence, mark="estimated"
    )
