"""What becomes of one deal: several sales, several refunds, several things on one day."""

from __future__ import annotations

from datetime import date
from typing import Any

import pandas as pd
import pytest
from commission_helpers import D, deals, events, plan, total

from salesops_nb import commission

pytestmark = pytest.mark.slow

FLAT = {"id": "b", "scope": "each_transaction", "rate_pct": 10}
TIERS = {"mode": "marginal", "unit": "amount",
         "rows": [{"from": 0, "rate_pct": 5}, {"from": 500, "rate_pct": 10}]}  # fmt: skip
EACH = {"id": "b", "scope": "each_transaction", "table": TIERS}
RUNNING = {"id": "b", "scope": "running_total", "table": TIERS}
LISTED = {"id": "b", "scope": "each_transaction", "rates": [{"rate_pct": 10}]}
SHARED = [{"event": "collected", "pct": 100, "as": "share_collected"}]
CASH = {"credit": {"event": "collected"}}
BACK = {"when": "cancelled", "method": "full", "unpaid": "cancel"}
QUARTERS = ("2026-Q1", "2026-Q2", "2026-Q3", "2026-Q4")


def lines_of(plans: Any, *happened: tuple[Any, ...], ledger: bool = True) -> list[dict[str, Any]]:
    """Lines of a year, quarter by quarter, of events e01, e02 …"""
    tables = {"deals": deals(1, outcome="open"), "events": events(*(("d1", *row) for row in happened))}
    prior, found = None, []
    for quarter in QUARTERS:
        more = {} if prior is None or not ledger else {"prior_lines": prior}
        payout = commission.calculate(plans, {**tables, **more}, quarter)
        assert (payout.reconciliation["difference"] == 0).all()
        assert sum(payout.statements["amount"]) == total(payout)
        found += payout.lines.to_dict("records")
        prior = payout.lines if prior is None else pd.concat([prior, payout.lines], ignore_index=True)
    return found


def told(lines: list[dict[str, Any]]) -> list[str]:
    return sorted(f"{x['happened_on']} {x['event_id']} {x['kind']} {x['amount']:.2f}" for x in lines)


THIRDS = [("booked", "2026-01-05", 100), ("refunded", "2026-02-01", "33.35"),
          ("refunded", "2026-02-02", "33.35"), ("refunded", "2026-05-03", "33.30")]  # fmt: skip
ROUNDED = ["2026-01-05 e01 commission 10.00", "2026-02-01 e02 refund -3.33", "2026-02-02 e03 refund -3.34",
           "2026-05-03 e04 refund -3.33"]  # fmt: skip
LIVES: dict[str, tuple[dict[str, Any], dict[str, Any], list[tuple[Any, ...]], list[str]]] = {
    "refunds round each side of where the sale stood": (FLAT, {}, THIRDS, ROUNDED),
    "so by listed rates": (LISTED, {}, THIRDS, ROUNDED),
    "several sales come back latest first, each from where it stood": (
        EACH, {},
        [("booked", "2026-01-05", 1000), ("booked", "2026-01-15", 1000), ("refunded", "2026-02-05", 500),
         ("refunded", "2026-04-05", 1500)],
        ["2026-01-05 e01 commission 75.00", "2026-01-15 e02 commission 75.00", "2026-02-05 e03 refund -50.00",
         "2026-04-05 e04 refund -25.00", "2026-04-05 e04 refund -75.00"]),
    "each part counts in its sale's own span": (
        RUNNING, CASH,
        [("collected", "2026-01-05", 400), ("collected", "2026-04-05", 600),
         ("refunded", "2026-07-05", 1000)],
        ["2026-01-05 e01 commission 20.00", "2026-04-05 e02 commission 35.00",
         "2026-07-05 e03 refund -20.00", "2026-07-05 e03 refund -35.00"]),
    "of one day the sale comes first, whatever its id": (
        EACH, {}, [("refunded", "2026-01-05", 400), ("booked", "2026-01-05", 1000)],
        ["2026-01-05 e01 refund -40.00", "2026-01-05 e02 commission 75.00"]),
    "so in a running total": (
        RUNNING, {}, [("refunded", "2026-01-05", 400), ("booked", "2026-01-05", 1000)],
        ["2026-01-05 e01 refund -40.00", "2026-01-05 e02 commission 75.00"]),
    "of one day a release comes before the cancellation": (
        FLAT, {"release": SHARED, "clawback": BACK},
        [("cancelled", "2026-02-05", None), ("collected", "2026-02-05", 1000),
         ("booked", "2026-01-05", 1000)],
        ["2026-02-05 e03 clawback -100.00", "2026-02-05 e03 release 100.00"]),
    "a share of the cash is due months later": (
        FLAT, {"release": [{**SHARED[0], "after_months": 1}]},
        [("booked", "2026-01-05", 1000), ("collected", "2026-01-20", 500), ("collected", "2026-03-31", 500)],
        ["2026-02-20 e01 release 50.00", "2026-04-30 e01 release 50.00"]),
    "a refund is one instalment of the share of its day": (
        FLAT, {"release": SHARED},
        [("booked", "2026-01-05", 1000), ("collected", "2026-01-20", 100), ("collected", "2026-01-25", 100),
         ("collected", "2026-01-25", 100), ("refunded", "2026-02-05", "333.33")],
        ["2026-01-20 e01 release 10.00", "2026-01-25 e01 release 20.00", "2026-02-05 e01 release 15.00",
         "2026-02-05 e05 refund -15.00"]),
    "a draw of a year looks at all that the year has paid": (
        FLAT, {"draw": {"per": "period", "amount": 300, "recoverable": False}, "period": "year"},
        [("booked", "2026-04-05", 761)],
        ["2026-04-05 e01 commission 76.10", "2026-12-31 None draw 223.90"]),
    "so does a guarantee, of what was released": (
        FLAT, {"guarantee": {"per": "period", "amount": 300}, "period": "year", "release": SHARED},
        [("booked", "2026-04-05", 5000), ("collected", "2026-08-05", 3500)],
        ["2026-08-05 e01 release 350.00"]),
}  # fmt: skip


@pytest.mark.parametrize("ledger", [True, False])
@pytest.mark.parametrize("name", LIVES)
def test_the_life_of_a_deal(name: str, ledger: bool) -> None:
    component, parts, happened, expected = LIVES[name]
    found = lines_of(plan(component, **parts), *happened, ledger=ledger)
    assert told(found) == sorted(expected)
    assert len({line["line_id"] for line in found}) == len(found)


def test_a_draw_that_was_given_is_not_repaid_under_a_version_that_lends() -> None:
    draw = {"per": "month", "amount": 40, "recoverable": False, "ends": 1}
    lent = {**draw, "recoverable": True, "keep_at_least": "draw"}
    one = plan(FLAT, head={"to": date(2026, 3, 31)}, draw=draw)
    two = plan(FLAT, head={"from": date(2026, 4, 1), "version": 2}, draw=lent)
    tables = {"plan_assignments": pd.DataFrame(
        [{"person_id": "rep", "plan_id": "p", "valid_from": date(2026, 1, 1), "valid_to": None}]
    )}  # fmt: skip
    tables |= {"deals": deals(5000, start=date(2026, 4, 5))}
    first = commission.calculate([one, two], tables, "2026-Q1").lines
    assert list(first["kind"]) == ["draw"]
    then = commission.calculate([one, two], {**tables, "prior_lines": first}, "2026-Q2").lines
    assert list(zip(then["kind"], then["amount"], strict=True)) == [("commission", D(500))]


def test_a_refund_of_sales_under_two_versions_takes_back_by_each() -> None:
    one = plan(FLAT, head={"to": date(2026, 3, 31)}, **CASH)
    two = plan({**FLAT, "rate_pct": 20}, head={"from": date(2026, 4, 1), "version": 2}, **CASH)
    happened = [("collected", "2026-02-05", 100), ("collected", "2026-05-05", 1000),
                ("refunded", "2026-07-05", 500), ("refunded", "2026-08-05", 550)]  # fmt: skip
    tables = {"plan_assignments": pd.DataFrame(
        [{"person_id": "rep", "plan_id": "p", "valid_from": date(2026, 1, 1), "valid_to": None}]
    )}  # fmt: skip
    tables |= {"deals": deals(1, outcome="open"), "events": events(*(("d1", *row) for row in happened))}
    payout = commission.calculate([one, two], tables, "2026-Q3")
    found = {line["line_id"]: line["amount"] for line in payout.lines.to_dict("records")}
    assert found == {
        "p.2/b/rep/e03/refund/2026-Q3": D(-100),
        "p.2/b/rep/e04/refund/2026-Q3/e02": D(-100),
        "p.1/b/rep/e04/refund/2026-Q3/e01": D(-5),
    }
    assert (payout.reconciliation["difference"] == 0).all()
