"""The headline figures of a performance review, each with its difference to target and comparison."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from salesops_nb import present
from salesops_nb.core.statistics.comparisons import rates_differ
from salesops_nb.notebook.next_tier import NextTier
from salesops_nb.notebook.review_lead import Found, found_in
from salesops_nb.present.language import formats
from salesops_nb.present.language.sentences import ngettext, translate
from salesops_nb.present.language.translation import _

if TYPE_CHECKING:
    from collections.abc import Mapping

    from salesops_nb.notebook.still_to_come import Outlook
    from salesops_nb.performance import Review

MOST = 5
Card = dict[str, Any]


def headlines(
    review: Review,
    simulated: frozenset[str] = frozenset(),
    outlook: Outlook | None = None,
    tier: NextTier | None = None,
) -> None:
    """Three to five cards: what is known of the period, of one in progress where it will end."""
    found = found_in(review, outlook)
    made = [_bookings(review, found), _attainment(review, found, simulated)]
    if found.over:
        made += [_won(review), _win_rate(review), _pipeline(review, found, simulated)]
    else:
        made = [*_likely(review, found), *made, _due(review, found, simulated)]
    if review.level == "rep":
        made = [card for card in made if card.get("metric") != "win_rate"] + [_tier(tier, found.over)]
    present.headlines([card for card in made if card][:MOST])


def _bookings(review: Review, found: Found) -> Card:
    row = review.company
    against: list[Mapping[str, Any]] = []
    if found.over and found.target:
        share = found.bookings / found.target - 1
        against.append({"label": _("to target"), "value": float(share), "good": share >= 0})
    against += _compared(review, row["bookings"], row["compared_bookings"])
    said = ngettext("{amount} from {n} deal.", "{amount} from {n} deals.", found.won,
                    amount=formats.money(found.bookings))  # fmt: skip
    mark = "partial period" if review.covered_days < review.period.days else ""
    return {"metric": "bookings", "value": row["bookings"], "unit": "about", "against": against,
            "sentence": said, "mark": mark}  # fmt: skip


def _compared(review: Review, now: Any, before: Any) -> list[Mapping[str, Any]]:
    """The difference to the comparison, where there is one that is above nought."""
    if before is None or not before > 0:
        return []
    change = float(now / before - 1)
    label = _("to {period}", period=translate(review.comparison.said))
    return [{"label": label, "value": change, "good": change >= 0}]


def _attainment(review: Review, found: Found, simulated: frozenset[str]) -> Card:
    row = review.company
    if found.gap is None:
        return {}
    against: list[Mapping[str, Any]] = []
    if found.over:
        good = found.gap >= 0
        against.append({"label": _("to target"), "value": found.gap, "unit": "money", "good": good})
        if found.parts:
            made = sum(gap >= 0 for _name, gap in found.parts)
            value = _("{made} of {all}", made=formats.number(made), all=formats.number(len(found.parts)))
            label = _("teams made theirs") if found.level == "company" else _("reps made theirs")
            against.append({"label": label, "value": value})
    elif not formats.missing(row["pace_attainment"]):
        pace, due = float(row["pace_attainment"]), review.pace
        # within what is usual on the way to a target that is met, neither good nor bad
        on_pace = None if due.low <= pace <= due.high else pace >= 1
        label = _("of what is usual by now")
        against.append({"label": label, "value": formats.percent(pace, 0), "good": on_pace})
    return {"metric": "attainment", "value": float(row["attainment"]), "unit": "percent", "against": against,
            "sentence": _("Of {target}.", target=formats.money(found.target)),
            "mark": ["simulated"] if "targets" in simulated else []}  # fmt: skip


def _won(review: Review) -> Card:
    row = review.company
    won, before = int(row["won"]), int(row["compared_won"])
    if not won and not before:
        return {}
    said = _("None.") if formats.missing(row["average_deal"]) else _(
        "{amount} on average.", amount=formats.money(row["average_deal"])
    )  # fmt: skip
    return {"label": _("Deals won"), "value": won, "unit": "integer",
            "against": _compared(review, won, before), "sentence": said}  # fmt: skip


def _win_rate(review: Review) -> Card:
    row = review.company
    won, decided = int(row["won"]), int(row["won"] + row["lost"])
    if not decided:
        return {}
    before, lost = int(row["compared_won"]), int(row["compared_lost"])
    against: list[Mapping[str, Any]] = []
    said = ngettext("{won} of {n} decided deal.", "{won} of {n} decided deals.", decided,
                    won=formats.number(won))  # fmt: skip
    found = rates_differ([won, before], [decided, before + lost])
    if found is not None:
        points = round(100 * (won / decided - before / (before + lost)))
        value = ngettext("{signed} point", "{signed} points", abs(points),
                         signed=formats.signed(points, "integer"))  # fmt: skip
        label = _("to {period}", period=translate(review.comparison.said))
        against.append({"label": label, "value": value})
        said += " " + _("Chance alone makes as large a difference in {cases} of cases.",
                        cases=translate(found.cases))  # fmt: skip
    ends = {"low": formats.percent(row["win_rate_low"], 0), "high": formats.percent(row["win_rate_high"], 0)}
    return {"metric": "win_rate", "value": float(row["win_rate"]), "unit": "whole_percent",
            "against": against, "sentence": said, "detail": _("95% interval {low} to {high}", **ends),
            "mark": "small sample" if row["small_sample"] else ""}  # fmt: skip


def _pipeline(review: Review, found: Found, simulated: frozenset[str]) -> Card:
    row = review.company
    if not found.live and not found.stale:
        return {}
    said = ngettext("{n} deal.", "{n} deals.", found.live)
    against: list[Mapping[str, Any]] = []
    if found.stale:
        value = formats.short_money(row["stale_value"])
        against.append({"label": ngettext("in {n} stale deal", "in {n} stale deals", found.stale),
                        "value": value})  # fmt: skip
    return {"label": _("Live pipeline"), "value": row["pipeline"], "unit": "about", "against": against,
            "sentence": said, "mark": ["simulated"] if "deals" in simulated else []}  # fmt: skip


def _due(review: Review, found: Found, simulated: frozenset[str]) -> Card:
    """What is due in a period in progress beside what is missing; how much is live where nothing says so."""
    row = review.company
    if found.gap is None or found.gap >= 0 or formats.missing(row["coverage"]):
        return _pipeline(review, found, simulated)
    missing = {"label": _("is missing"), "value": formats.short_money(-found.gap)}
    rests = {"deals", "deals.expected_close_on"} & simulated
    return {"label": _("Live deals due"), "value": row["pipeline_due"], "unit": "about",
            "against": [missing], "mark": ["simulated"] if rests else [],
            "sentence": _("{times} times what is missing.", times=formats.number(row["coverage"], 1)),
            }  # fmt: skip


def _likely(review: Review, found: Found) -> list[Card]:
    end = found.likely
    if end is None:
        return []
    against = []
    if found.target:
        share = end.middle / float(found.target) - 1
        against.append({"label": _("to target"), "value": share, "good": share >= 0})
    made: Card = {"label": _("Likely end"), "value": end.middle, "unit": "about", "against": against,
                  "mark": "estimated", "sentence": _("From a simple method.")}  # fmt: skip
    if end.low is None or end.high is None:
        return [made]
    low, high = formats.short_money(end.low), formats.short_money(end.high)
    made["sentence"] = _("{low} to {high} in four of five cases.", low=low, high=high)
    if end.chance is None:
        return [made]
    chance = {"label": _("Chance of the target"), "value": end.chance, "unit": "whole_percent",
              "mark": "estimated", "sentence": _("From deals as they stand.")}  # fmt: skip
    return [made, chance]


def _tier(tier: NextTier | None, over: bool) -> Card:
    """What the next commission tier pays, exact as it is paid."""
    if tier is None or tier.pays is None:
        return {}
    label = _("Next commission tier, not reached") if over else _("Next commission tier")
    return {"label": label, "value": f"+{formats.money(tier.pays, tier.currency, cents=True)}",
            "against": [{"label": _("of credit short"), "value": formats.money(tier.missing, tier.currency)}],
            "sentence": tier.component}  # fmt: skip
