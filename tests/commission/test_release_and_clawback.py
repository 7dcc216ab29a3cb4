"""Lines of a credit under release and clawback: what they are called, and what a cancellation lets lapse."""

from __future__ import annotations

from datetime import date
from typing import Any

import pandas as pd
import pytest
from commission_helpers import D, by, deals, events, plan, total

from salesops_nb import commission

CASH = [{"event": "invoiced", "pct": 60}, {"event": "collected", "pct": 40, "as": "share_collected"}]


def dated(*rows: tuple[Any, ...]) -> pd.DataFrame:
    """Events of (id, deal, kind, day, amount)."""
    made = events(*[row[1:] for row in rows])
    return made.assign(event_id=[row[0] for row in rows])


def test_a_late_event_changes_only_the_lines_of_its_deal() -> None:
    made = plan({"id": "b", "rate_pct": 10}, release=CASH)
    rows = [
        ("e1", "d1", "booked", "2026-01-05", 1000),
        ("e2", "d2", "booked", "2026-02-05", 2000),
        ("i2", "d2", "invoiced", "2026-02-10", 2000),
        ("i1", "d1", "invoiced", "2026-01-20", 1000),
        ("c2", "d1", "collected", "2026-03-10", 500),
    ]
    late = [("c1", "d1", "collected", "2026-02-01", 250)]
    tables = {"deals": deals(1000, 2000), "events": dated(*rows)}
    first = commission.calculate(made, tables, "2026-Q1")
    second = commission.calculate(made, tables | {"events": dated(*rows, *late)}, "2026-Q1")
    before, after = by(first, "line_id"), by(second, "line_id")
    assert before == {
        "p.1/b/rep/e1/release/2026-Q1/i1": 60,
        "p.1/b/rep/e1/release/2026-Q1/c2": 20,
        "p.1/b/rep/e2/release/2026-Q1/i2": 120,
    }
    assert after == before | {"p.1/b/rep/e1/release/2026-Q1/c1": 10}
    assert set(second.lines["event_id"]) == {"e1", "e2"}


def test_every_way_to_release_gives_ids_of_their_own() -> None:
    release = [
        {"event": "booked", "pct": 10},
        {"event": "booked", "pct": 10, "after_months": 1},
        {"event": "collected", "pct": 20},
        {"event": "collected", "pct": 40, "as": "share_collected"},
        {"event": "quarter_end", "pct": 20},
    ]
    tables = {
        "deals": deals(1000),
        "events": dated(
            ("e1", "d1", "booked", "2026-01-05", 1000),
            ("c1", "d1", "collected", "2026-01-20", 600),
            ("c2", "d1", "collected", "2026-02-20", 400),
        ),
    }
    payout = commission.calculate(plan({"id": "b", "rate_pct": 10}, release=release), tables, "2026-Q1")
    assert by(payout, "line_id") == {
        "p.1/b/rep/e1/commission/2026-Q1": 10,
        "p.1/b/rep/e1/release/2026-Q1/e1+1": 10,
        "p.1/b/rep/e1/release/2026-Q1/c1": 20,
        "p.1/b/rep/e1/release/2026-Q1/c1#4": 24,
        "p.1/b/rep/e1/release/2026-Q1/c2#4": 16,
        "p.1/b/rep/e1/release/2026-Q1/quarter_end": 20,
    }


def test_a_clawback_names_its_credit_and_what_cancelled_it() -> None:
    rule = {"when": "cancelled", "method": "full", "unpaid": "cancel"}
    tables = {
        "deals": deals(1000),
        "events": dated(
            ("e1", "d1", "booked", "2026-01-05", 1000), ("x1", "d1", "cancelled", "2026-03-05", 1000)
        ),
    }
    payout = commission.calculate(plan({"id": "b", "rate_pct": 10}, clawback=rule), tables, "2026-Q1")
    assert by(payout, "line_id", "event_id") == {
        ("p.1/b/rep/e1/commission/2026-Q1", "e1"): 100,
        ("p.1/b/rep/e1/clawback/2026-Q1/x1", "e1"): -100,
    }


@pytest.mark.parametrize(
    ("unpaid", "method", "lapses", "due"),
    [
        ("cancel", "unserved_share", "26.67", "13.33"),  # four of twelve months were served
        ("cancel", "full", "40.00", "0"),
        ("keep", "unserved_share", None, "40.00"),
    ],
)
def test_unpaid_pay_lapses_once_by_the_method_and_is_not_held_any_more(
    unpaid: str, method: str, lapses: str | None, due: str
) -> None:
    rule = {"when": "cancelled_within_12_months", "method": method, "unpaid": unpaid}
    release = [{"event": "booked", "pct": 60}, {"event": "collected", "pct": 40, "as": "share_collected"}]
    made = plan({"id": "b", "rate_pct": 10}, release=release, clawback=rule)
    rows = [
        ("e1", "d1", "booked", "2026-01-05", 1000),
        ("x1", "d1", "cancelled", "2026-05-10", None),
        ("c1", "d1", "collected", "2026-08-10", 1000),
    ]
    tables: dict[str, Any] = {"deals": deals(1000, term_months=[12]), "events": dated(*rows)}
    seen = []
    for period in ("2026-Q1", "2026-Q2", "2026-Q3"):
        payout = commission.calculate(made, tables, period)
        tables["prior_lines"] = pd.concat([tables.get("prior_lines"), payout.lines], ignore_index=True)
        mine = payout.withheld[payout.withheld["deal_id"] == "d1"]
        held = payout.balances
        seen.append(
            (
                [(r.reason, r.amount) for r in mine.itertuples()],
                sum(held.loc[held["kind"] == "holdback", "amount"], D(0)),
                by(payout, "kind", kinds=("release",)),
            )
        )
    lapsed = f"the deal was cancelled on 2026-05-10: {lapses} USD not paid yet lapsed"
    waits = [("not collected yet", D(due))] if D(due) else []
    assert seen[0] == ([("not collected yet", D(40))], D(40), {})
    assert sorted(seen[1][0]) == sorted([(lapsed, D(0))] * (lapses is not None) + waits)
    assert seen[1][1] == D(due)
    assert seen[2] == ([], D(0), {"release": D(due)} if D(due) else {})


def test_a_cancellation_takes_back_what_was_released_earlier_in_its_own_period() -> None:
    rule = {"when": "cancelled", "method": "full", "unpaid": "cancel"}
    release = [{"event": "booked", "pct": 60}, {"event": "collected", "pct": 40}]
    made = plan({"id": "b", "rate_pct": 10}, release=release, clawback=rule)
    rows = [
        ("e1", "d1", "booked", "2026-01-05", 1000),
        ("c1", "d1", "collected", "2026-04-10", 1000),
        ("x1", "d1", "cancelled", "2026-06-10", None),
    ]
    tables = {"deals": deals(1000), "events": dated(*rows)}
    first = commission.calculate(made, tables, "2026-Q1")
    second = commission.calculate(made, tables | {"prior_lines": first.lines}, "2026-Q2")
    assert total(first) == 60
    assert by(second, "kind") == {"release": 40, "clawback": -100}


def test_the_day_of_a_cancellation_is_said() -> None:
    rule = {"when": "cancelled", "method": "full", "unpaid": "cancel"}
    release = [{"event": "collected", "pct": 100}]
    rows = [("e1", "d1", "booked", date(2026, 1, 5), 1000), ("x1", "d1", "cancelled", date(2026, 2, 5), None)]
    tables = {"deals": deals(1000), "events": dated(*rows)}
    made = plan({"id": "b", "rate_pct": 10}, release=release, clawback=rule)
    payout = commission.calculate(made, tables, "2026-Q1")
    assert list(payout.withheld["reason"]) == [
        "the deal was cancelled on 2026-02-05: 100.00 USD not paid yet lapsed"
    ]
    (row,) = payout.reconciliation.to_dict("records")
    assert (row["withheld"], row["difference"]) == (1000, 0)


@pytest.mark.parametrize(
    ("as_", "paid"), [("whole", [100, 0, 0]), ("share_collected", [D("0.1"), 25, D("74.9")])]
)
def test_whole_is_due_with_the_first_event_however_small(as_: str, paid: list[Any]) -> None:
    made = plan({"id": "b", "rate_pct": 10}, period="month",
                release=[{"event": "collected", "pct": 100, "as": as_}])  # fmt: skip
    cash = (("2026-01-10", 1), ("2026-02-10", 250), ("2026-03-10", 749))
    rows = [("d1", "booked", "2026-01-05", 1000), *[("d1", "collected", day, amount) for day, amount in cash]]
    tables = {"deals": deals(1000), "events": events(*rows)}
    payouts = [commission.calculate(made, tables, month) for month in ("2026-01", "2026-02", "2026-03")]
    assert [total(payout) for payout in payouts] == paid


def test_before_and_factor_say_how_a_line_was_priced() -> None:
    """`before` is the running total that a credit goes on from, `factor` what its price is multiplied by."""
    rates = {"mode": "marginal", "unit": "amount",
             "rows": [{"from": 0, "rate_pct": 5}, {"from": 1000, "rate_pct": 10}]}  # fmt: skip
    times = {"combine": "multiply", "rows": [{"where": "term_months >= 24", "x": D("1.5")}]}
    made = plan({"id": "b", "scope": "running_total", "table": rates, "multipliers": times},
                {"id": "c", "scope": "each_transaction", "rate_pct": 1})  # fmt: skip
    payout = commission.calculate(made, {"deals": deals(800, 600, term_months=[12, 24])}, "2026-Q1")
    lines = payout.lines.sort_values(["component_id", "happened_on"]).to_dict("records")
    assert [(r["before"], r["credit"], r["factor"], r["amount"]) for r in lines] == [
        (0, 800, 1, 40), (800, 600, D("1.5"), 75), (0, 800, 1, 8), (0, 600, 1, 6)
    ]  # fmt: skip


ON_A_REFUND = {
    "in full beside its own event": ({"event": "booked"}, {"event": "invoiced", "as": "in_full"}),
    "two in full": ({"event": "collected", "as": "in_full"}, {"event": "invoiced", "as": "in_full"}),
    "two shares": (
        {"event": "collected", "as": "share_collected"},
        {"event": "invoiced", "as": "share_invoiced"},
    ),
    "a share and in full": (
        {"event": "collected", "as": "share_collected"},
        {"event": "invoiced", "as": "in_full"},
    ),
}


@pytest.mark.parametrize("name", ON_A_REFUND)
def test_a_refund_that_settles_several_parts_has_a_line_of_its_own_for_each(name):
    """Nothing is left to be invoiced or collected, so that each part is due on the refund's day."""
    first, second = ON_A_REFUND[name]
    made = plan({"id": "b", "rate_pct": 10}, release=[first | {"pct": 60}, second | {"pct": 40}])
    rows = events(("d1", "booked", "2026-01-05", 1000), ("d1", "refunded", "2026-02-05", 1000))
    found = commission.calculate(made, {"deals": deals(1000), "events": rows}, "2026-Q1").lines
    assert found["line_id"].is_unique
    assert sum(found["amount"]) == 0
    assert len(found) == 4
