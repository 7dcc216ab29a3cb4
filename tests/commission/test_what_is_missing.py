"""What a calculation needs and does not find is said in words: rates, targets, the ledger's own amounts."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pandas as pd
import pytest
from commission_helpers import deals, events, plan, table

from salesops_nb import commission
from salesops_nb.errors import SalesopsError

GBP_ALONE = table({"currency": "GBP", "kind": "plan", "rate": Decimal("1.3"), "valid_from": date(2026, 1, 1)})
CONVERTS = {"fx": {"credit": {"rates": "plan", "at": "credit_date"}}}
FOREIGN = deals(1000, 500, currency=["EUR", "USD"])


def rows_of(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows as plain values."""
    return list(frame.astype(object).to_dict("records"))


def reasons(payout: commission.Payout) -> dict[str, str]:
    """Reason by deal, or by person where there is no deal."""
    rows = rows_of(payout.withheld)
    return {str(r["payee_id"] if pd.isna(r["deal_id"]) else r["deal_id"]): r["reason"] for r in rows}


@pytest.mark.parametrize("more", [CONVERTS, {}], ids=["no rate", "no way said"])
@pytest.mark.parametrize("period", ["2026-Q1", "2026-Q2"])
@pytest.mark.parametrize("kind", ["booked", "invoiced"])
def test_what_waits_and_cannot_be_converted_has_its_row(more: dict[str, Any], period: str, kind: str) -> None:
    sold = events(("d1", kind, "2026-02-01", 1000), ("d2", kind, "2026-02-01", 500))
    given = {"deals": FOREIGN, "events": sold, "fx_rates": GBP_ALONE}
    paying = plan({"id": "base", "rate_pct": 10}, credit={"event": "collected"}, **more)
    payout = commission.calculate(paying, given, period)
    assert reasons(payout) == {"d1": "no exchange rate from EUR to USD", "d2": "not collected yet"}
    assert payout.lines.empty


def test_what_is_credited_in_a_currency_that_the_plan_cannot_convert_stops_the_work() -> None:
    paying = plan({"id": "base", "rate_pct": 10}, credit={"event": "booked"})
    with pytest.raises(SalesopsError, match="does not say how to convert"):
        commission.calculate(paying, {"deals": FOREIGN}, "2026-Q1")


GOALS = {
    "id": "goals", "measure": "mbo", "target": "derived", "weight_pct": 100,
    "objectives": [{"id": "o1", "weight_pct": 100, "threshold_pct": 50}],
}  # fmt: skip


@pytest.mark.parametrize(
    ("target", "score", "paid", "reason", "codes"),
    [
        (None, 100, None, "o1: the pay follows from the target incentive, and it is missing or zero",
         ["missing-target"]),
        (0, 100, None, "o1: the pay follows from the target incentive, and it is missing or zero", []),
        (400, 100, 100, None, []),
        (400, 40, None, "o1: the objective was not met", []),
        (400, None, None, "o1: not scored yet", []),
        (None, None, None, "o1: not scored yet", []),
    ],
)  # fmt: skip
def test_an_objective_without_a_target_is_not_one_that_was_missed(
    target: int | None, score: int | None, paid: int | None, reason: str | None, codes: list[str]
) -> None:
    person = {"person_id": "rep", "plan_id": "p", "valid_from": date(2026, 1, 1)}
    person |= {} if target is None else {"target_incentive": Decimal(target)}
    scores = {"person_id": "rep", "objective": "o1", "period": "2026-Q1"}
    given = {
        "deals": deals(500),
        "plan_assignments": table(person),
        "scores": table(scores | {"achievement_pct": None if score is None else Decimal(score)}),
    }
    payout = commission.calculate(plan(GOALS, credit={"event": "booked"}), given, "2026-Q1")
    rows = [r["reason"] for r in rows_of(payout.withheld) if pd.isna(r["deal_id"])]
    assert rows == ([] if reason is None else [reason])
    assert list(payout.lines["amount"]) == ([] if paid is None else [paid])
    assert [p.code for p in payout.problems if p.code == "missing-target"] == codes


PAID_IN_EUROS = {"fx": {"pay": {"rates": "plan", "at": "pay_date"}}}
EUR = table({"currency": "EUR", "kind": "plan", "rate": Decimal("1.25"), "valid_from": date(2026, 1, 1)})
IN_EUROS = table({"person_id": "rep", "plan_id": "p", "valid_from": date(2026, 1, 1), "currency": "EUR"})


@pytest.mark.parametrize("raw", [True, False], ids=["raw", "no raw"])
@pytest.mark.parametrize(
    "rule",
    [
        {"draw": {"per": "month", "amount": 100, "recoverable": True, "keep_at_least": "none"}},
        {"scope": "ytd_less_paid"},
    ],
    ids=["draw", "year to date"],
)
def test_a_ledger_that_does_not_say_what_was_converted_is_a_problem(rule: dict[str, Any], raw: bool) -> None:
    component = {"id": "base", "rate_pct": 10, **({"scope": rule["scope"]} if "scope" in rule else {})}
    more = {} if "scope" in rule else rule
    paying = plan(component, credit={"event": "booked"}, **PAID_IN_EUROS, **more)
    sold = pd.concat([deals(1000), deals(8000, start=date(2026, 5, 1)).assign(deal_id="d9")])
    given = {"deals": sold, "plan_assignments": IN_EUROS, "fx_rates": EUR}
    first = commission.calculate(paying, given, "2026-Q1")
    assert set(first.lines["currency"]) == {"EUR"}
    prior = first.lines if raw else first.lines.drop(columns="raw")
    second = commission.calculate(paying, {**given, "prior_lines": prior}, "2026-Q2")
    told = [p for p in second.problems if p.code == "no-raw-amount"]
    assert bool(told) is not raw
    if told:
        assert len(told) == 1
        assert "EUR" in told[0].message
        assert "USD" in told[0].message
        assert "rep" in told[0].message
        # a draw's balance hangs on its own lines, the year to date on all
        counted = [row["amount"] for row in rows_of(first.lines) if row["kind"] == "draw" or not more]
        assert told[0].amount == sum(counted)


def test_a_ledger_in_the_plans_own_currency_needs_no_raw_amount() -> None:
    paying = plan({"id": "base", "rate_pct": 10, "scope": "ytd_less_paid"}, credit={"event": "booked"})
    given = {"deals": pd.concat([deals(1000), deals(800, start=date(2026, 5, 1)).assign(deal_id="d9")])}
    first = commission.calculate(paying, given, "2026-Q1")
    second = commission.calculate(
        paying, {**given, "prior_lines": first.lines.drop(columns="raw")}, "2026-Q2"
    )
    assert [p.code for p in second.problems] == []
    assert list(second.lines["amount"]) == [80]


@pytest.mark.parametrize("deal", [None, "d1"])
@pytest.mark.parametrize("calls_first", [True, False])
def test_what_waits_for_acceptance_goes_by_the_day_of_its_own_event(
    deal: str | None, calls_first: bool
) -> None:
    """An activity may bear the id of an event, and the deal too: each goes by its own day."""
    components = [
        {"id": "base", "rate_pct": 10},
        {"id": "calls", "measure": "activities", "activity": "meeting", "per_unit": 5},
    ]
    paying = plan(*(components[::-1] if calls_first else components), credit={"event": "booked"},
                  acceptance={"missing": "withhold"})  # fmt: skip
    stay = {"person_id": "rep", "plan_id": "p"}
    met = {"person_id": "rep", "kind": "meeting", "deal_id": deal}
    given = {
        "deals": deals(700, 1000, start=date(2026, 1, 10)),
        "events": events(
            ("d1", "booked", "2026-01-10", 700),
            ("d2", "booked", "2026-02-10", 1000),
            ("d1", "refunded", "2026-03-20", 200),
        ),
        "activities": table(
            met | {"activity_id": "e01", "happened_on": date(2026, 2, 11)},
            met | {"activity_id": "e02", "happened_on": date(2026, 1, 11)},
        ),
        "plan_assignments": table(
            stay | {"valid_from": date(2026, 1, 1), "valid_to": date(2026, 2, 1), "accepted_on": None},
            stay | {"valid_from": date(2026, 2, 1), "valid_to": None, "accepted_on": date(2026, 2, 1)},
        ),
    }
    payout = commission.calculate(paying, given, "2026-Q1")
    waits = {(r["component_id"], r["event_id"], r["amount"]) for r in rows_of(payout.withheld)}
    assert {each for each in waits if each[2]} == {
        ("base", "e01", 70), ("base", "e03", -20), ("calls", "e02", 5),
    }  # fmt: skip
    assert {(r["component_id"], r["event_id"], r["amount"]) for r in rows_of(payout.lines)} == {
        ("base", "e02", 100), ("calls", "e01", 5),
    }  # fmt: skip
