"""How much of a deal's net sale was collected, or invoiced, after each of its events."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from fractions import Fraction
from itertools import groupby
from typing import Any, NamedTuple

Row = dict[str, Any]
ZERO, ONE = Fraction(0), Fraction(1)


class Settled(NamedTuple):
    """The share settled after an event, and whether the event itself settles something."""

    day: date
    event: str
    share: Fraction
    settles: bool


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
        amount = Fraction(e["amount"] or 0)
        if e["kind"] == sold and amount >= 0:
            net, any_sale = net + amount, True
        elif any_sale and (e["kind"] == "refunded" or e["kind"] == sold):
            net = max(ZERO, net - abs(amount))
        if e["kind"] == kind:
            got += amount
        share = min(ONE, max(ZERO, got / net)) if net else ONE if any_sale else ZERO
        found.append(Settled(e["happened_on"], e["event_id"], share, e["kind"] == kind))
    return found


def moves(found: list[Settled], start: date) -> list[tuple[date, Fraction, str]]:
    """Parts of the share from a day on, one a day; what settled before is due then.

    Each is named by the last event that settled something, or else moved the share.
    """
    parts: list[tuple[date, Fraction, str]] = []
    share = ZERO
    for day, group in groupby(found, key=lambda one: max(one.day, start)):
        those = list(group)
        now = those[-1].share
        if now != share:
            befores = [share, *(one.share for one in those)]
            movers = [one for one, before in zip(those, befores, strict=False) if one.share != before]
            parts.append((day, now - share, ([one for one in those if one.settles] or movers)[-1].event))
            share = now
    return parts
