"""What comes back of a deal is what was paid for it in the person's own currency: worked by hand."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pandas as pd
import pytest
from commission_helpers import D, deals, events, plan, table, total

from salesops_nb import commission
from salesops_nb.core.periods import FiscalCalendar
from salesops_nb.store.database import open_store
from salesops_nb.store.ledger import ledger

FLAT = {"id": "b", "rate_pct": 10}
MONTHS = [f"2026-0{n}" for n in range(1, 8)]
CANCELLED = {"when": "cancelled", "method": "full", "unpaid": "cancel"}
MONTHLY = ("0.80", "0.90", "0.75", "1.10", "0.60", "0.95")  # what a dollar is in euros


def rates(*euros: str) -> pd.DataFrame:
    """A dollar in euros, month by month; the last goes on."""
    days = [{"currency": "USD", "kind": "market", "rate": D(rate), "valid_from": date(2026, n, 1)}
            for n, rate in enumerate(euros, start=1)]  # fmt: skip
    return table(*days, {"currency": "EUR", "kind": "market", "rate": D(1), "valid_from": date(2026, 1, 1)})


STAYS = table({"person_id": "rep", "plan_id": "p", "valid_from": date(2026, 1, 1), "currency": "EUR"})


def months(
    rows: list[tuple[Any, ...]],
    at: str,
    fx: pd.DataFrame,
    n: int,
    component: dict[str, Any] = FLAT,
    **parts: Any,
) -> list[str]:
    """What each of n months pays, each on the lines of those before."""
    one = plan(component, period="month", fx={"pay": {"rates": "market", "at": at}}, **parts)
    names = sorted({row[0] for row in rows})
    given = {"deals": deals(*[1000] * len(names), outcome="open"), "events": events(*rows)}
    given |= {"plan_assignments": STAYS, "fx_rates": fx}
    lines, found = pd.DataFrame(), []
    for month in MONTHS[:n]:
        more = {"prior_lines": lines} if len(lines) else {}
        payout = commission.calculate(one, given | more, month)
        assert set(payout.lines["currency"]) <= {"EUR"}
        lines = pd.concat([lines, payout.lines], ignore_index=True) if len(payout.lines) else lines
        found.append(str(total(payout).quantize(D("0.01"))) if len(payout.lines) else "")
    return found


def sold(amount: object, day: str = "2026-01-05", kind: str = "booked", deal: str = "d1") -> tuple[Any, ...]:
    return deal, kind, day, amount


def back(amount: object, day: str, deal: str = "d1") -> tuple[Any, ...]:
    return deal, "refunded", day, amount


ONE = ("0.9237",)
EXAMPLES = {
    # 10.005 × 0.9237 = 9.2416; of 10.01 there are left 6.67 (6.1569), 3.34 (3.0831) and nothing
    "thirds at one rate": (
        [sold("100.05"), *[back("33.35", f"2026-0{n}-05") for n in (2, 3, 4)]], ONE, {},
        ["9.24", "-3.08", "-3.08", "-3.08"]),
    # 100 × 0.80, whatever the rates of February and March
    "the rate of the sale": (
        [sold(1000), back(250, "2026-02-05"), back(750, "2026-03-05")], MONTHLY, {},
        ["80.00", "-20.00", "-60.00"]),
    # cash of January and February at 0.80 and 0.90; the latest comes back first
    "two payments at two rates": (
        [sold(333, kind="collected"), sold(667, "2026-02-05", "collected"), back(700, "2026-03-05"),
         back(300, "2026-04-05")],
        MONTHLY, {"credit": {"event": "collected"}}, ["26.64", "60.03", "-62.67", "-24.00"]),
    # 33.33, 33.34 and 33.33 dollars of 80.00; what is left then is 53.336, 26.664 and nothing
    "a clawback in instalments": (
        [sold(1000), ("d1", "cancelled", "2026-02-05", None)], MONTHLY,
        {"clawback": CANCELLED | {"instalments": 3}}, ["80.00", "-26.66", "-26.68", "-26.66"]),
    # halves at 0.80 and 0.75, 77.50 together; refunds are halved too: 20, 30, 20 and 30 of 100 dollars
    "pay in two parts": (
        [sold(1000), back(400, "2026-04-05"), back(600, "2026-05-05")], MONTHLY,
        {"release": [{"event": "booked", "pct": 50}, {"event": "booked", "pct": 50, "after_months": 2}]},
        ["40.00", "", "37.50", "-15.50", "-23.25", "-15.50", "-23.25"]),
    # 60 % of the deal is refunded, then it is cancelled
    "refunded in part and cancelled": (
        [sold(1000), back(600, "2026-02-05"), ("d1", "cancelled", "2026-03-05", None)], MONTHLY,
        {"clawback": CANCELLED}, ["80.00", "-48.00", "-32.00"]),
    # a cap of 150: d1 is paid 100 and d2 50 of 100; d2 refunded gives back what went over the cap first
    "a cap of the period": (
        [sold(1000), sold(1000, "2026-01-06", deal="d2"), back(1000, "2026-02-05", "d2"),
         back(1000, "2026-03-05")],
        MONTHLY, {"component": FLAT | {"scope": "running_total", "limits": {"cap": 150, "per": "period",
                                                               "excess": "forfeit"}}},
        ["120.00", "-40.00", "-80.00"]),
    # 800 and 700 at 5 % up to 1,000 and 10 % above: 40 and 60 dollars, of which 65 and 35 come back
    "the top of a total": (
        [sold(800), sold(700, "2026-01-06", deal="d2"), back(800, "2026-02-05"),
         back(700, "2026-03-05", "d2")],
        MONTHLY,
        {"component": {"id": "b", "scope": "running_total", "table": {"mode": "marginal", "unit": "amount",
         "rows": [{"from": 0, "rate_pct": 5}, {"from": 1000, "rate_pct": 10}]}}},
        ["80.00", "-52.00", "-28.00"]),
    # 10.01 × 0.9237 = 9.2464; left are 6.1636, 3.0864 and nothing
    "steps are rounded": (
        [sold("100.05"), *[back("33.35", f"2026-0{n}-05") for n in (2, 3, 4)]], ONE,
        {"rounding": {"at": "each_step"}}, ["9.25", "-3.09", "-3.07", "-3.09"]),
}  # fmt: skip


@pytest.mark.parametrize("name", EXAMPLES)
def test_what_comes_back_is_what_was_paid(name: str) -> None:
    at = ("credit_date", "pay_date")[list(EXAMPLES).index(name) % 2]
    rows, euros, parts, expected = EXAMPLES[name]
    paid = months(rows, at, rates(*euros), len(expected), **parts)
    assert paid == expected
    assert sum(map(D, filter(None, paid)), Decimal(0)) == 0


def test_negative_pay_carries_in_the_persons_currency_what_was_paid_in_it() -> None:
    rows = [sold(1000), back(1000, "2026-02-05"), sold(2000, "2026-03-05", deal="d2")]
    paid = months(rows, "credit_date", rates(*MONTHLY), 3, negative_pay="carry")
    assert paid == ["80.00", "0.00", "70.00"]  # 200 × 0.75 less the 80 carried


def test_a_day_without_a_rate_takes_back_what_was_paid_all_the_same() -> None:
    fx = rates("0.80").assign(valid_to=[date(2026, 2, 1), None])
    one = plan(FLAT, period="month", fx={"pay": {"rates": "market", "at": "credit_date"}})
    given = {"deals": deals(1000, outcome="open"), "events": events(sold(1000), back(1000, "2026-02-05"))}
    given |= {"plan_assignments": STAYS, "fx_rates": fx}
    payout = commission.calculate(one, given, "2026-02")
    assert total(payout) == -80


def test_a_corrected_month_is_refunded_as_it_was_corrected() -> None:
    """1,000 is paid as 80.00, and corrected to 920 as 73.60 at January's rate; that much its refund takes."""
    one = plan(FLAT, period="month", fx={"pay": {"rates": "market", "at": "pay_date"}})
    store = open_store("sqlite://")

    def post(month: str, *rows: tuple[Any, ...]) -> None:
        given = {"deals": deals(1000, outcome="open"), "events": events(*rows), "plan_assignments": STAYS}
        prior = ledger.prior_lines(store, FiscalCalendar().period(month))
        given |= {"fx_rates": rates(*MONTHLY), "prior_lines": prior}
        ledger.post(
            store, commission.calculate(one, given, month).lines, month, author="ops", on=date(2026, 2, 20)
        )

    post("2026-01", sold(1000))
    for step, by in ((ledger.review, "rev"), (ledger.approve, "cfo"), (ledger.lock, "cfo")):
        step(store, "2026-01", by=by, on=date(2026, 2, 20))
    post("2026-01", sold(920))
    post("2026-03", sold(920), back(300, "2026-03-05"), back(620, "2026-03-06"))
    lines = ledger.lines(store)
    assert [str(a.quantize(D("0.01"))) for a in lines.sort_values("period")["amount"]] == [
        "80.00", "-6.40", "-24.00", "-49.60",
    ]  # fmt: skip
    store.dispose()
