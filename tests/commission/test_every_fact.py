"""Every kind of event under every shape of plan ends in a line, a withheld row or a problem.

What is left is listed in `SPOKEN_FOR`, with what speaks for it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from datetime import date
from itertools import product
from typing import Any, NamedTuple

import pandas as pd
import pytest
from commission_helpers import D, plan, table

from salesops_nb import commission

pytestmark = pytest.mark.slow

FULL = {"when": "cancelled", "method": "full", "unpaid": "cancel"}
CASH = [{"event": "collected", "pct": 100, "as": "share_collected"}]
HALVES = [{"event": "invoiced", "pct": 50}, {"event": "period_end", "pct": 50}]

SHAPES: dict[str, dict[str, Any]] = {
    "bookings": {},
    "bookings, released with cash, clawback": {"release": CASH, "clawback": FULL},
    "bookings, clawback of two months": {"clawback": FULL | {"when": "cancelled_within_2_months"}},
    "large bookings": {"credit": {"where": "amount > 5000"}, "clawback": FULL},
    "invoices": {"credit": {"event": "invoiced"}},
    "invoices, released, clawback kept": {
        "credit": {"event": "invoiced"}, "release": HALVES, "clawback": FULL | {"unpaid": "keep"}},
    "cash": {"credit": {"event": "collected"}},
    "cash, clawback": {"credit": {"event": "collected"}, "clawback": FULL},
}  # fmt: skip
KINDS = ("booked", "invoiced", "collected", "refunded", "cancelled", "-booked", "-invoiced", "-collected")
# the day of the event, days before it on which the deal was sold and changed, and the period
DAYS = {
    "before the plan": ("2025-12-20", "2025-11-05", "2025-11-28", "2025-Q4"),
    "in the plan": ("2026-05-10", "2026-01-20", "2026-02-28", "2026-Q2"),
    "after the plan": ("2027-02-10", "2026-11-20", "2026-11-28", "2027-Q1"),
}
PEOPLE = {("open", "rep"), ("lost", "rep"), ("open", "elsewhere"), ("open", None)}
BEFORE = (
    "nothing",
    "booked",
    "sold",
    "sold later",
    "sold, cancelled",
    "sold, refunded",
    "sold, part refunded",
)


class Fact(NamedTuple):
    """An event, and the deal it is of."""

    shape: str
    credit: str
    outcome: str
    owner: str | None
    before: str
    kind: str
    when: str

    @property
    def counted(self) -> bool:
        """Whether the plan credits, or takes back by, such an event."""
        return self.kind.lstrip("-") in (self.credit, "refunded", "cancelled")

    @property
    def sold(self) -> bool:
        """Whether an event that the plan credits was there before."""
        return self.before in (self.credit, "sold") or self.before.startswith("sold,")


# facts that are normal and have no row of their own, by what speaks for them
SPOKEN_FOR: dict[str, Callable[[Fact], bool]] = {
    "the deal's sale, paid or excluded with its reason: the event is not what the plan pays by":
        lambda f: not f.counted and f.sold,
    "the plan's sale of the deal later in the period": lambda f: not f.counted and f.before == "sold later",
    "a credit note of what the plan never credits": lambda f: not f.counted and f.kind.startswith("-"),
    "the sale of the deal, which was excluded with its reason": lambda f: f.kind == "cancelled"
        and (f.owner != "rep" or f.shape == "large bookings"),
}  # fmt: skip


def facts_of(shape: str, when: str) -> tuple[dict[str, Any], dict[str, Fact]]:
    """Tables with a deal for each fact, and the facts by deal."""
    credit = SHAPES[shape].get("credit", {}).get("event", "booked")
    day, sold, changed, _ = DAYS[when]
    deals, events, facts = [], [], {}
    for (outcome, owner), before, kind in product(sorted(PEOPLE, key=str), BEFORE, KINDS):
        deal = f"d{len(deals)}x"
        facts[deal] = Fact(shape, credit, outcome, owner, before, kind, when)
        deals.append(
            {"deal_id": deal, "owner_id": owner, "outcome": outcome, "stage": outcome, "amount": D(1000),
             "closed_on": date.fromisoformat(sold)}
        )  # fmt: skip
        rows: list[tuple[str, str, Any]] = []
        if before == "booked":
            rows.append(("booked", sold, 1000))
        elif before == "sold later":
            rows.append((credit, day[:-2] + "25", 1000))
        elif before.startswith("sold"):
            rows += [(each, sold, 1000) for each in dict.fromkeys(("booked", credit))]
        if "," in before:
            back = {"sold, refunded": 1000, "sold, part refunded": 100}.get(before)
            rows.append(("refunded" if back else "cancelled", changed, back))
        amount = None if kind == "cancelled" else -400 if kind.startswith("-") else 400
        rows.append((kind.lstrip("-"), day, amount))
        for number, (what, on, much) in enumerate(reversed(rows)):
            events.append(
                {"event_id": f"{deal}-{number}", "deal_id": deal, "kind": what,
                 "happened_on": date.fromisoformat(on), "amount": None if much is None else D(much)}
            )  # fmt: skip
    on = table({"person_id": "rep", "plan_id": "p", "valid_from": date(2020, 1, 1), "valid_to": None})
    return {"deals": pd.DataFrame(deals), "events": pd.DataFrame(events), "plan_assignments": on}, facts


def traces(payout: commission.Payout, day: str) -> dict[str, set[str]]:
    """What speaks of each deal's event `-0`: its own line or row, or what waits of the deal from that day."""
    found: dict[str, set[str]] = defaultdict(set)
    for line in payout.lines["line_id"]:
        for part in line.split("/"):
            if part.endswith("-0"):
                found[part.partition("-")[0]].add("line")
    held = payout.withheld[["deal_id", "event_id", "reason"]].astype(object)
    for deal, event, reason in held.itertuples(index=False):
        own = event.endswith("-0") if isinstance(event, str) else isinstance(deal, str)
        if own or day in reason:
            found[deal].add(reason)
    for problem in payout.problems:
        if str(problem.value).endswith("-0"):
            found[str(problem.value).partition("-")[0]].add(problem.code)
    return found


ENDS = ("bookings", "cash, clawback")  # before and after the plan all shapes do the same
CASES = [(shape, when) for shape in SHAPES for when in DAYS if when == "in the plan" or shape in ENDS]


@pytest.mark.parametrize(("shape", "when"), CASES)
def test_every_fact_is_paid_withheld_or_told(shape: str, when: str) -> None:
    tables, facts = facts_of(shape, when)
    day, _, _, period = DAYS[when]
    payout = commission.calculate(plan({"id": "b", "rate_pct": 10}, **SHAPES[shape]), tables, period)
    met = traces(payout, day)
    silent = [fact for deal, fact in facts.items() if not met[deal]]
    assert not [f for f in silent if not any(normal(f) for normal in SPOKEN_FOR.values())]
    assert (payout.reconciliation["difference"] == 0).all()
    rows = payout.withheld
    assert set(rows["amount"][rows["event_id"].isna()]) <= {0}
    whole = rows[rows["event_id"].isna() & rows["deal_id"].notna()]
    assert not whole.duplicated(["payee_id", "deal_id", "plan_id"]).any()  # a row a deal, whatever its events
