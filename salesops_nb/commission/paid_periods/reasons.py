"""Why a paid line would be paid otherwise today: what became of its deal, its event, its payee, its terms.

The ledger keeps of a line its credit, payee, event and plan, and of a calculation what it went by; whatever
of them differs is the reason, and where nothing of the line's own does, it follows from other credit.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import narwhals as nw

from salesops_nb.commission.inputs.tables import Tables, as_day, collected
from salesops_nb.commission.paid_periods.basis import Basis
from salesops_nb.core.periods import FiscalCalendar
from salesops_nb.messages import Figure, Message, message
from salesops_nb.store.ledger.closed_periods import Change

AFTER_A_SALE = {"refund": "refunded", "clawback": "cancelled"}
FOLLOWS = ("draw", "draw_recovery", "guarantee", "carry", "negative_pay")


@dataclass(frozen=True)
class Known:
    """Today's deals and events that changed lines name, and what calculations went by, then and now."""

    deals: Mapping[str, Mapping[str, Any]]
    events: Mapping[str, Mapping[str, Any]]
    with_events: frozenset[str]
    calendar: FiscalCalendar
    then: Mapping[str, Basis] = field(default_factory=dict)
    now: Mapping[str, Basis] = field(default_factory=dict)
    withheld: Mapping[tuple[str, str, str | None], str] = field(default_factory=dict)


def read_known(
    tables: Tables,
    changes: Sequence[Change],
    calendar: FiscalCalendar,
    then: Mapping[str, Basis],
    now: Mapping[str, Basis],
    withheld: Mapping[tuple[str, str, str | None], str],
) -> Known:
    """What today's tables have of the deals that changed lines name."""
    ids = sorted({change.deal_id for change in changes if change.deal_id})
    deals = {str(row["deal_id"]): row for row in _rows_of(tables, "deals", ids)}
    events = _rows_of(tables, "events", ids)
    return Known(
        deals,
        {str(row["event_id"]): row for row in events if row.get("event_id") is not None},
        frozenset(str(row["deal_id"]) for row in events),
        calendar,
        then,
        now,
        withheld,
    )


def reasons(changes: Sequence[Change], known: Known) -> list[Message]:
    """Why each line differs, in the order of the lines."""
    of_deal: dict[tuple[str, str | None, str | None], list[Change]] = defaultdict(list)
    for change in changes:
        if change.deal_id:
            of_deal[change.period, change.component_id, change.deal_id].append(change)
    found = []
    for change in changes:
        others = [
            other
            for other in of_deal.get((change.period, change.component_id, change.deal_id), [])
            if other.payee_id != change.payee_id
        ]
        why = _why(change, others, known)
        if change.by_hand:
            why = message(
                "{why}; by hand {amount} was added to it, which this leaves as it is",
                why=why,
                amount=Figure(change.by_hand, 2),
            )
        found.append(why)
    return found


def _why(change: Change, others: Sequence[Change], known: Known) -> Message:
    if change.kind in FOLLOWS:
        return _terms(change, known) or message("it follows from other lines of the person")
    if change.due and not change.paid:
        return _new(change, others, known)
    if change.paid and not change.due:
        return _gone(change, others, known)
    if change.credit_before != change.credit_after:
        return message(
            "its credit was {before}, and is {after}",
            before=_figure(change.credit_before),
            after=_figure(change.credit_after),
        )
    before, after = change.plan_versions
    if before != after:
        return message("it was paid by version {before} of the plan, and is by version {after}",
                    before=str(before), after=str(after))  # fmt: skip
    return _terms(change, known) or _elsewhere(change, known)


def _new(change: Change, others: Sequence[Change], known: Known) -> Message:
    """A line that nothing was paid for."""
    if change.kind in AFTER_A_SALE and change.happened_on:
        event = known.events.get(change.event_id or "", {})
        kind = str(event.get("kind") or AFTER_A_SALE[change.kind])
        if kind == "refunded":
            return message("a refund of {day} came later", day=change.happened_on)
        if kind == "cancelled" or change.kind == "clawback":
            return message("a cancellation came later")
    givers = sorted({other.payee_id for other in others if other.paid and other.difference < 0})
    if givers:
        return message("credit of the deal was taken from {people}", people=", ".join(givers))
    if change.deal_id and change.happened_on:
        return _terms(change, known) or message(
            "what happened on {day} was not known when the period was posted", day=change.happened_on
        )
    return _terms(change, known) or message("it was not there when the period was posted")


def _gone(change: Change, others: Sequence[Change], known: Known) -> Message:
    """A line that would not be paid any more."""
    deal = known.deals.get(change.deal_id or "")
    if change.deal_id and deal is None:
        return message("the deal is not in the data any more")
    takers = sorted({other.payee_id for other in others if other.due and other.difference > 0})
    if takers:
        return message("credit of the deal was given to {people}", people=", ".join(takers))
    if deal is not None:
        event = change.event_id or ""
        own = event.startswith(f"{change.deal_id}:")  # made of the deal, not a row of events
        if not own and event and event not in known.events:
            return message("its event {event} is not in the data any more", event=event)
        closed = as_day(deal.get("closed_on"))
        outcome = deal.get("outcome")
        if own and outcome not in (None, "won"):
            return message("the deal is not won any more: it is {outcome}", outcome=str(outcome))
        if own and closed and closed != change.happened_on and closed not in known.calendar.period(
            change.period
        ):  # fmt: skip
            return message("the deal was closed on {before}, and is on {after}",
                        before=change.happened_on, after=closed)  # fmt: skip
    because = known.withheld.get((change.period, change.payee_id, change.deal_id))
    found = _terms(change, known)
    if found is not None:
        return found
    if because:
        return message("it pays nothing any more: {reason}", reason=because)
    return message("it is not paid any more")


def _terms(change: Change, known: Known) -> Message | None:
    """Which of a person's terms have changed since: quota, plan, assignment and the like."""
    then, now = known.then.get(change.period), known.now.get(change.period)
    if then is None or now is None:
        return None
    who, plan = change.payee_id, change.plan_id or ""
    before, after = (each["quotas"].get(who, {}).get(plan) for each in (then, now))
    if before and after and Decimal(before) != Decimal(after):
        return message("the quota was {before}, and is {after}",
                    before=_figure(Decimal(before)), after=_figure(Decimal(after)))  # fmt: skip
    names = [f"{plan}.{version}" for version in change.plan_versions if version is not None]
    edited = [name for name in names if then["plans"].get(name) != now["plans"].get(name)]
    if edited:
        return message("plan {plan} was changed", plan=", ".join(dict.fromkeys(edited)))
    theirs = _differing(then["people"].get(who, {}), now["people"].get(who, {}))
    if theirs and (who in then["people"] or who in now["people"]):
        return message("rows of {person} changed in {tables}", person=who, tables=", ".join(theirs))
    common = _differing(then["tables"], now["tables"])
    if common:
        return message("{tables} changed", tables=", ".join(common))
    return None


def _elsewhere(change: Change, known: Known) -> Message:
    """Where nothing of the line's own has changed."""
    if change.period in known.then:
        return message("other credit of the person moved it: tiers, limits and totals follow from all of it")
    return message("its rate is another: the plan, the quota, the assignment or other credit changed")


def _differing(one: Mapping[str, str], two: Mapping[str, str]) -> list[str]:
    return sorted(name for name in one.keys() | two.keys() if one.get(name) != two.get(name))


def _figure(value: Decimal | None) -> Figure:
    return Figure(value or Decimal(0), 2)


def _rows_of(tables: Tables, name: str, deals: Iterable[str]) -> list[dict[str, Any]]:
    wanted = list(deals)
    if name not in tables or not wanted:
        return []
    frame = tables.frame(name)
    there = frame.collect_schema().names()
    names = [n for n in ("deal_id", "event_id", "kind", "outcome", "closed_on") if n in there]
    if "deal_id" not in names:
        return []
    return collected(frame.select(names).filter(nw.col("deal_id").cast(nw.String).is_in(wanted)))
