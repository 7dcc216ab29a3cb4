"""How much of a deal's net sale was collected, or invoiced, after each of its events."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from fractions import Fraction
from typing import Any, NamedTuple

Row = dict[str, Any]
ZERO, ONE = Fraction(0), Fraction(1)


class Settled(NamedTuple):
    """The share settled after an event, the net sale, and what the event itself settled."""

    day: date
    event: str
    share: Fraction
    net: Fraction
    got: Fraction


def settled(events: Iterable[Row], kind: str, sold: str) -> list[Settled]:
    """The share of the net sale that events of a kind have settled, after each event of a deal.

    The net sale is what events of the kind `sold` say, less refunds, none of which takes more than
    stands. A share lies between 0 and 1; it is 1 where sale and refunds cancel out.
    """

    def down(e: Row) -> bool:
        return e["kind"] == "refunded" or (e["amount"] or 0) < 0

    found: list[Settled] = []
    net, got, any_sale = ZERO, ZERO, False
    for e in sorted(events, key=lambda e: (e["happened_on"], down(e), e["event_id"])):
        amount, own = Fraction(e["amount"] or 0), ZERO
        if e["kind"] == sold and amount >= 0:
            net, any_sale = net + amount, True
        elif any_sale and (e["kind"] == "refunded" or e["kind"] == sold):
            net = max(ZERO, net - abs(amount))
        if e["kind"] == kind:
            own = amount
            got += own
        share = min(ONE, max(ZERO, got / net)) if net else ONE if any_sale else ZERO
        found.append(Settled(e["happened_on"], e["event_id"], share, net, own))
    return found


def moves(found: list[Settled], start: date) -> list[tuple[date, Fraction, str]]:
    """Parts of the share from a day on, each by the event that moves it; what settled before is due then."""
    parts: list[tuple[date, Fraction, str]] = []
    early = [one for one in found if one.day <= start]
    share = early[-1].share if early else ZERO
    got = told = ZERO
    for one in early if early and early[-1].net else []:
        got += one.got
        now = min(ONE, max(ZERO, got / early[-1].net))
        parts.append((start, now - told, one.event))
        told = now
    if early:
        parts.append((start, share - told, early[-1].event))
    for one in found[len(early) :]:
        parts.append((one.day, one.share - share, one.event))
        share = one.share
    return [part for part in parts if part[1]]
