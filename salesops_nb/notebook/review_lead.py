"""What a performance review found, in two or three sentences: what happened, why, what to do, how sure.

The sentences follow by rules from exact figures: a gap is the sum of what its teams or people are behind and
ahead, so the largest of those behind is named with its amount, and no share of a net is ever taken.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pandas as pd

from salesops_nb.forecast.rolling_origin import OURS
from salesops_nb.present.language.column_labels import capital
from salesops_nb.present.language.formats import number, percent, short_money, whole_percent
from salesops_nb.present.language.sentences import ngettext, translate
from salesops_nb.present.language.translation import _, setting

if TYPE_CHECKING:
    from salesops_nb.notebook.still_to_come import Outlook
    from salesops_nb.performance import Review

NO_MONEY = Decimal(0)
WORDS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
DECISIVE = ("partial-period", "no-losses")  # notes that weaken the finding itself


@dataclass(frozen=True)
class Likely:
    """Where a period will end: `chance` of its target and four cases of five, where either can be said."""

    middle: float
    low: float | None = None
    high: float | None = None
    chance: float | None = None


@dataclass(frozen=True)
class Found:
    """What the lead follows from.

    `parts` are what each team (of the company) or rep (of a team) is above or below its target, of those
    that have one. `apart` counts the reps whose win rate is told from another's by more than chance; None
    where fewer than two reps had a deal decided. `due` is what live deals due in the period are worth.
    """

    period: str
    level: str
    over: bool
    bookings: Decimal
    target: Decimal | None = None
    won: int = 0
    decided: int = 0
    parts: tuple[tuple[str, Decimal], ...] = ()
    apart: int | None = None
    before: tuple[str, Decimal] | None = None
    likely: Likely | None = None
    due: Decimal = NO_MONEY
    live: int = 0
    worth: Decimal = NO_MONEY
    stale: int = 0

    @property
    def gap(self) -> Decimal | None:
        """Bookings less target."""
        return self.bookings - self.target if self.target else None


def found_in(review: Review, outlook: Outlook | None = None) -> Found:
    """The facts of a review and, of a period in progress, of its forecast."""
    row, comparison = review.company, review.comparison
    before = row["compared_bookings"]
    return Found(
        period=translate(review.period.named),
        level=review.level,
        over=review.as_of >= review.period.last,
        bookings=row["bookings"],
        target=row["target"] or None,
        won=int(row["won"]),
        decided=int(row["won"] + row["lost"]),
        parts=parts_of(review),
        apart=apart(review.people) if review.level != "rep" else None,
        before=(translate(comparison.said), before) if before is not None else None,
        likely=likely(outlook, row["target"] or None),
        due=row["pipeline_due"],
        live=int(row["open_deals"]),
        worth=row["pipeline"],
        stale=int(row["stale_deals"]),
    )


def parts_of(review: Review) -> tuple[tuple[str, Decimal], ...]:
    """What each team or rep below is above or below its target, the furthest behind first."""
    table = {"company": review.teams, "team": review.people}.get(review.level)
    if table is None or table.empty:
        return ()
    rows = zip(table["name"], table["bookings"], table["target"], strict=True)
    gaps = [(str(name), bookings - target) for name, bookings, target in rows if target]
    return tuple(sorted(gaps, key=lambda each: each[1]))


def apart(people: pd.DataFrame) -> int | None:
    """How many reps' win rates are told from some other rep's: their ranges of ranks do not meet."""
    known = people[(people["won"] + people["lost"]) > 0].dropna(subset=["rank_low", "rank_high"])
    if len(known) < 2:
        return None
    lowest, highest = known["rank_low"], known["rank_high"]
    return int(((highest < lowest.max()) | (lowest > highest.min())).sum())


def likely(outlook: Outlook | None, target: Any) -> Likely | None:
    """The forecast in short; of a simple method that did better, its middle alone."""
    if outlook is None:
        return None
    if outlook.tested.best != OURS:
        return Likely(outlook.made.booked + (outlook.now.get(outlook.tested.best) or 0.0))
    low, middle, high = outlook.made.quantiles()
    return Likely(middle, low, high, outlook.made.probability(float(target)) if target else None)


def lead(found: Found) -> str:
    """The finding, of at most 45 words."""
    if not found.over:
        return " ".join(filter(None, (_expected(found), _missing(found))))
    parts = [_happened(found)]
    if found.level == "rep":
        parts.append(_own_deals(found))
    elif found.won:
        parts += [_why(found), _how_sure(found)]
    elif found.target:
        parts.append(_("Check that the data are complete before anything else."))
    return " ".join(filter(None, parts))


def caveat(review: Review) -> str:
    """The one remark of the review that weakens its finding; empty where none does."""
    notes = [note for code in DECISIVE for note in review.notes if note.code == code]
    return translate(notes[0].text) if notes else ""


def _happened(found: Found) -> str:
    period, gap = found.period, found.gap
    if not found.won and not found.bookings:
        if found.target:
            target = short_money(found.target)
            return _("Nothing was sold in {period}; the target was {target}.", period=period, target=target)
        return _("Nothing was sold in {period}, and no target is set.", period=period)
    if gap is None:
        return _("{period} closed at {bookings}{change}; no target is set.", period=period,
                 bookings=short_money(found.bookings), change=_change(found))  # fmt: skip
    if gap == 0:
        return _("{period} closed exactly on target.", period=period)
    assert found.target is not None
    amount, share = short_money(abs(gap)), percent(abs(gap) / found.target)
    if gap < 0:
        return _("{period} closed {amount} ({share}) short of target.", period=period, amount=amount,
                 share=share)  # fmt: skip
    return _("{period} closed {amount} ({share}) above target.", period=period, amount=amount, share=share)


def _change(found: Found) -> str:
    if found.before is None or found.before[1] <= 0:
        return ""
    other, before = found.before
    change = found.bookings / before - 1
    share = percent(abs(change))
    if change >= 0:
        return _(", {share} more than in {period}", share=share, period=other)
    return _(", {share} less than in {period}", share=share, period=other)


def _why(found: Found) -> str:
    """Who is behind by how much in all, whose part is the largest, and who is ahead."""
    behind = [(name, -gap) for name, gap in found.parts if gap < 0]
    ahead = [gap for _name, gap in found.parts if gap > 0]
    teams = found.level == "company"
    if not found.parts:
        return ""
    if not behind:
        if len(found.parts) < 2:
            return ""
        return _("Every team made its target.") if teams else _("Every rep made the target.")
    (name, most), n = behind[0], len(behind)
    worst = {"name": name, "most": short_money(most)}
    if n == 1:
        first = (
            _("One team is behind: {name}, by {most}.", **worst)
            if teams
            else _("One rep is behind: {name}, by {most}.", **worst)
        )
    else:
        all_of = {"many": spelt(n), "amount": short_money(sum(gap for _name, gap in behind)), **worst}
        first = ngettext(
            "{many} team is {amount} behind, most {name} ({most}): look there first.",
            "{many} teams are {amount} behind, most of all {name} ({most}): look there first.", n, **all_of,
        ) if teams else ngettext(
            "{many} rep is {amount} behind, most {name} ({most}): look there first.",
            "{many} reps are {amount} behind, most of all {name} ({most}): look there first.", n, **all_of,
        )  # fmt: skip
    if not ahead:
        return capital(first)
    amount = short_money(sum(ahead))
    second = ngettext("{many} is {amount} ahead.", "{many} are {amount} ahead.", len(ahead),
                      many=spelt(len(ahead)), amount=amount)  # fmt: skip
    return f"{capital(first)} {capital(second)}"


def _how_sure(found: Found) -> str:
    if found.apart is None:
        return _("Too few deals were decided to compare win rates.")
    if not found.apart:
        return _("No rep's win rate can be told apart.")
    said = ngettext("{many} rep's win rate differs by more than chance.",
                    "{many} reps' win rates differ by more than chance.", found.apart,
                    many=spelt(found.apart))  # fmt: skip
    return capital(said)


def _own_deals(found: Found) -> str:
    """What a rep has open once a period is over."""
    if not found.live and not found.stale:
        return _("No deal is open.")
    parts = []
    if found.live:
        parts.append(ngettext("{n} live deal is open, worth {amount}.",
                              "{n} live deals are open, worth {amount}.", found.live,
                              amount=short_money(found.worth)))  # fmt: skip
    if found.stale:
        parts.append(ngettext("{n} stale deal needs a decision.", "{n} stale deals need a decision.",
                              found.stale))  # fmt: skip
    return " ".join(parts)


def _expected(found: Found) -> str:
    """Where a period in progress will end, and how sure that is."""
    period, end, target = found.period, found.likely, found.target
    booked = short_money(found.bookings)
    if target and found.bookings >= target:
        return _("{period} has made its target of {target} already: {booked} is booked.", period=period,
                 target=short_money(target), booked=booked)  # fmt: skip
    if end is None:
        if target:
            return _(
                "{period} is under way: {booked} of {target} is booked. Too little is known to say where it "
                "will end.", period=period, booked=booked, target=short_money(target),
            )  # fmt: skip
        return _("{period} is under way: {booked} is booked, and no target is set.", period=period,
                 booked=booked)  # fmt: skip
    values = {"period": period, "middle": short_money(end.middle)}
    if end.low is None or end.high is None:
        if target:
            return _("{period} is likely to end at about {middle} of {target}; the chance is not known.",
                     target=short_money(target), **values)  # fmt: skip
        return _("{period} is likely to end at about {middle}; no target is set.", **values)
    values |= {"low": short_money(end.low), "high": short_money(end.high)}
    if target and end.chance is not None:
        return _("{period} is likely to end at {middle} of {target} ({low} to {high} in four of five cases): "
                 "the chance of the target is {chance}.", target=short_money(target),
                 chance=whole_percent(end.chance), **values)  # fmt: skip
    return _("{period} is likely to end at {middle} ({low} to {high} in four of five cases); no target is "
             "set.", **values)  # fmt: skip


def _missing(found: Found) -> str:
    """What is still to be booked of a target, and whether live deals due in the period are worth it."""
    if not found.target or found.bookings >= found.target:
        return ""
    missing = found.target - found.bookings
    values = {"missing": short_money(missing), "due": short_money(found.due)}
    if found.due <= 0:
        return _("{missing} is missing, and no live deal is due in time: find deals or pull them in.",
                 **values)  # fmt: skip
    if found.due < missing:
        return _("{missing} is missing, live deals due are worth {due}: find or pull in the rest.", **values)
    return _("{missing} is missing; live deals due are worth {due}: close those.", **values)


def spelt(n: int) -> str:
    """A small number as English writes it within a sentence; in figures in other languages."""
    if setting().language.startswith("en") and 0 < n <= len(WORDS):
        return WORDS[n - 1]
    return number(n)
