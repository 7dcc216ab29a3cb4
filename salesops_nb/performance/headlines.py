"""The seven headlines, each with one sentence in words."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from salesops_nb.core.columns import declared
from salesops_nb.core.statistics.comparisons import rates_differ
from salesops_nb.facts import UNKNOWN
from salesops_nb.messages import Message, joined, message, money, percent
from salesops_nb.performance.result import Review
from salesops_nb.performance.scope import change_a_week

COLUMNS = ["key", "label", "value", "unit", "sentence", "detail", "low", "high", "mark", "said"]
NOTHING = Message("")
EXACT = 0.01  # width of an interval under which a rate is written to a tenth of a per cent
AS_MUCH = 0.0005  # a change that is written as 0.0 %


def headlines(review: Review) -> pd.DataFrame:
    """One row a headline; ``value`` is None where it cannot be known, and the sentence says why.

    ``said`` holds sentences and small print as `Message` for the report to write in the workbook's
    locale; ``sentence`` and ``detail`` are the same in English, with ``{money:…}`` and
    ``{percent:…}`` where an amount or share stands.
    """
    makers = (_bookings, _attainment, _coverage, _win_rate, _average_deal, _time_to_win, _velocity)
    return pd.DataFrame([maker(review) for maker in makers], columns=COLUMNS)


def _row(
    key: str, value: Any, sentence: Message | list[Message], detail: Message = NOTHING,
    ends: tuple[Any, Any] = (None, None), mark: str = "", unit: str = "",
) -> tuple[Any, ...]:  # fmt: skip
    if isinstance(value, float) and math.isnan(value):
        value = None
    figure = declared()["figures"][key]
    label = figure["label"].partition(" (")[0] if value is None else figure["label"]
    sentences = sentence if isinstance(sentence, list) else [sentence]
    words = " ".join(map(str, sentences))
    return key, label, value, unit or figure["unit"], words, str(detail), *ends, mark, (sentences, detail)


def _bookings(review: Review) -> tuple[Any, ...]:
    row, period = review.company, review.period
    won = int(row["won"])
    sentences = [message("{won} deals were won in {period}.", won=won, period=period.named)]
    before = row["compared_bookings"]
    if before is not None and before > 0:
        change = float(row["bookings"] / before - 1)
        share, other = percent(abs(change)), review.comparison.said
        if abs(change) < AS_MUCH:
            sentences = [message("That is about as much as in {period}.", period=other)]
        elif change > 0:
            sentences = [message("That is {share} more than in {period}.", share=share, period=other)]
        else:
            sentences = [message("That is {share} less than in {period}.", share=share, period=other)]
        sentences += change_a_week(period, review.comparison, review.as_of, row["bookings"], before)
    elif review.comparison.why_not:
        sentences.append(message("Not compared: {reason}.", reason=review.comparison.why_not))
    mark = "partial period" if review.covered_days < period.days else ""
    return _row("bookings", row["bookings"], sentences, mark=mark)


def _attainment(review: Review) -> tuple[Any, ...]:
    row = review.company
    if not row["target"]:
        named = review.period.named
        if review.partly_targeted:
            none = message("There is no target for a part of {period}.", period=named)
        else:
            none = message("No target is set for {period}.", period=named)
        return _row("attainment", None, none)
    detail = NOTHING
    if review.as_of >= review.period.last:
        sentence = _closed(row["bookings"] - row["target"], row["target"])
    else:
        pace, expected, due = float(row["pace_attainment"]), money(row["expected"]), review.pace
        if due.low <= pace <= due.high:
            sentence = message(
                "By now {expected} was to be expected: bookings are on pace, as far as can be told so early.",
                expected=expected,
            )
        elif pace >= 1:
            sentence = message(
                "By now {expected} was to be expected: bookings are ahead of that pace.", expected=expected
            )
        else:
            sentence = message(
                "By now {expected} was to be expected: bookings are behind that pace.", expected=expected
            )
        detail = message("{share} of pace, {how}", share=percent(pace, 0), how=due.said)
        if not math.isnan(due.low):
            usual = {"low": percent(due.low, 0), "high": percent(due.high, 0)}
            detail = message(
                "{pace}; {low} to {high} is usual on the way to the target", pace=detail, **usual
            )
    return _row("attainment", float(row["attainment"]), sentence, detail)


def _closed(gap: Any, target: Any) -> Message:
    amounts = {"gap": money(abs(gap)), "target": money(target)}
    if gap >= 0:
        return message("The period closed {gap} above its target of {target}.", **amounts)
    return message("The period closed {gap} short of its target of {target}.", **amounts)


def _coverage(review: Review) -> tuple[Any, ...]:
    row = review.company
    stale = message("{n} stale deals are not in it", n=int(row["stale_deals"]))
    live = message(
        "{amount} is open in {n} live deals", amount=money(row["pipeline"]), n=int(row["open_deals"])
    )
    missing = row["target"] - row["bookings"] if row["target"] else None
    if review.as_of >= review.period.last:
        why = message("The period is over, so nothing is left to cover; {live} for later.", live=live)
    elif missing is None:
        why = message("No target to cover; {live}.", live=live)
    elif review.as_of < review.data_through:
        why = message(
            "What was then expected to close is not known for deals that have closed since; {live}.",
            live=live,
        )
    elif missing <= 0:
        why = message("The target is made; {live}.", live=live)
    else:
        sentence = message(
            "{due} is due in the period against {missing} still to make.",
            due=money(row["pipeline_due"]),
            missing=money(missing),
        )
        return _row("coverage", row["coverage"], sentence, stale, mark="estimated")
    return _row("coverage", None, why, stale)


def _win_rate(review: Review) -> tuple[Any, ...]:
    row = review.company
    won, decided = int(row["won"]), int(row["won"] + row["lost"])
    if not decided:
        return _row("win_rate", None, message("No deal was decided in the period."))
    ends = float(row["win_rate_low"]), float(row["win_rate_high"])
    places = 1 if ends[1] - ends[0] < EXACT else 0
    sentences = [message("{won} of {decided} decided deals were won.", won=won, decided=decided)]
    if pd.notna(row["win_rate_value"]):
        by_value = percent(float(row["win_rate_value"]), places)
        sentences.append(message("By value it is {share}.", share=by_value))
    sentences += _rate_before(review, won, decided, places)
    low, high = (percent(end, places) for end in ends)
    detail = message("95 % interval {low} to {high}", low=low, high=high)
    mark = "small sample" if row["small_sample"] else ""
    unit = "percent" if places else "whole_percent"
    return _row("win_rate", float(row["win_rate"]), sentences, detail, ends, mark, unit)


def _rate_before(review: Review, won: int, decided: int, places: int) -> list[Message]:
    """The comparison's win rate, and whether chance alone would make such a difference."""
    before, lost = int(review.company["compared_won"]), int(review.company["compared_lost"])
    found = rates_differ([won, before], [decided, before + lost])
    if found is None:
        return []
    return [
        message(
            "In {period} it was {rate} of {n}; chance alone makes as large a difference in {cases} of cases.",
            period=review.comparison.said,
            rate=percent(before / (before + lost), places),
            n=before + lost,
            cases=found.cases,
        )
    ]


def _average_deal(review: Review) -> tuple[Any, ...]:
    row = review.company
    if row["average_deal"] is None:
        return _row("average_deal", None, message("No deal was won in the period."))
    if review.products["name"].iloc[0] == UNKNOWN:
        return _row("average_deal", row["average_deal"], message("Most of the bookings name no product."))
    sentence = message(
        "{product} brought most: {share} of the bookings.",
        product=review.products["name"].iloc[0],
        share=percent(float(review.products["share"].iloc[0])),
    )
    return _row("average_deal", row["average_deal"], sentence)


def _time_to_win(review: Review) -> tuple[Any, ...]:
    (days, *ends), (low, high) = review.median_to_win, review.won_in_the_end
    if not low:
        none = message("No deal with known dates was won yet.")
        return _row("time_to_win", None, none)
    if high - low < 0.01:
        detail = message("{share} of deals are won in the end", share=percent(low, 0))
    else:
        shares = {"low": percent(low, 0), "high": percent(high, 0)}
        detail = message("{low} to {high} of deals are won in the end, as far as the data reach", **shares)
    if days is None:
        short = message("Deals were not followed long enough to say when half of those ever won are won.")
        return _row("time_to_win", None, short, detail)
    sentence = message("Half of the deals that are ever won are won within {days} days.", days=round(days))
    within = _within(*ends)
    detail = joined([within, detail], "; ") if within else detail
    return _row("time_to_win", days, sentence, detail, (ends[0], ends[1]))


def _within(low: float | None, high: float | None) -> Message | None:
    """The interval of a number of days, as far as it is known."""
    if low is None:
        return None
    if high is None:
        return message("95 % interval from {low} days", low=round(low))
    return message("95 % interval {low} to {high} days", low=round(low), high=round(high))


def _velocity(review: Review) -> tuple[Any, ...]:
    row = review.company
    if row["velocity"] is None or pd.isna(row["velocity"]):
        none = message("A part of it is not known for this period.")
        return _row("velocity", None, none)
    sentence = message("Bookings a day that the live pipeline makes at this win rate, deal size and pace.")
    return _row("velocity", float(row["velocity"]), sentence, mark="estimated")
