"""Rules that meet: the year to date, gates on attainment, pay in other currencies and quotas, with
releases, cancellations and draws; every cent worked out by hand.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import pandas as pd
import pytest
from commission_helpers import D, deals, events, plan, table

from salesops_nb import commission

pytestmark = pytest.mark.slow

FLAT = {"id": "b", "rate_pct": 10}
TIERS = {"mode": "marginal", "unit": "amount",
         "rows": [{"from": 0, "rate_pct": 5}, {"from": 800, "rate_pct": 10}]}  # fmt: skip
YEAR = {"id": "b", "scope": "ytd_less_paid", "table": TIERS}
FULL = {"when": "cancelled", "method": "full", "unpaid": "cancel"}
HALF = FULL | {"method": "share", "pct": 50}
SPLIT = [{"event": "booked", "pct": 50}, {"event": "collected", "pct": 50, "as": "share_collected"}]
QUARTERS = ["2026-Q1", "2026-Q2", "2026-Q3", "2026-Q4", "2027-Q1"]
MONTHS = ["2026-01", "2026-02", "2026-03", "2026-04"]
SOLD = ("d1", "booked", "2026-01-10", 1000)
GONE = ("d1", "cancelled", "2026-05-20", None)


def paid(
    one: commission.Plan | list[commission.Plan], tables: dict[str, Any], periods: list[str]
) -> list[str]:
    """What each period pays on the ledger of those before it, currency by currency."""
    lines: list[pd.DataFrame] = []
    found = []
    for period in periods:
        given = tables | ({"prior_lines": pd.concat(lines, ignore_index=True)} if lines else {})
        payout = commission.calculate(one, given, period)
        assert (payout.reconciliation["difference"] == 0).all()
        assert payout.lines["line_id"].is_unique
        lines.append(payout.lines)
        sums = payout.lines.groupby("currency")["amount"].sum()
        found.append(" ".join(f"{amount:f} {name}" for name, amount in sums.items()).replace(".0000", ""))
    return found


# the year to date earns 60 with d1 of 1,000 (5 % of 800, 10 % of 200) and 100 with d2 of 1,000 after it
TO_DATE: dict[str, tuple[dict[str, Any], list[tuple[Any, ...]], list[str]]] = {
    "released as the customer pays": (
        {"release": SPLIT},
        [SOLD, ("d1", "collected", "2026-05-20", 400), ("d1", "collected", "2026-07-05", 600)],
        ["30 USD", "12 USD", "18 USD", "", ""]),
    "released in the next year": (
        {"release": SPLIT}, [SOLD, ("d1", "collected", "2027-02-01", 1000)],
        ["30 USD", "", "", "", "30 USD"]),
    "cancelled": ({"clawback": FULL}, [SOLD, GONE], ["60 USD", "-60 USD", "", "", ""]),
    "half of it cancelled": ({"clawback": HALF}, [SOLD, GONE], ["60 USD", "-30 USD", "", "", ""]),
    "cancelled, and sold again": (
        {"clawback": FULL}, [SOLD, GONE, ("d2", "booked", "2026-08-01", 1000)],
        ["60 USD", "-60 USD", "100 USD", "", ""]),
    "cancelled before the customer paid": (
        {"clawback": FULL, "release": SPLIT}, [SOLD, GONE, ("d1", "collected", "2026-07-05", 1000)],
        ["30 USD", "-30 USD", "", "", ""]),
    "refunded after a clawback of half": (
        {"clawback": HALF}, [SOLD, GONE, ("d1", "refunded", "2026-08-01", 1000)],
        ["60 USD", "-30 USD", "-30 USD", "", ""]),
}  # fmt: skip


@pytest.mark.parametrize("name", TO_DATE)
def test_the_year_to_date_evens_out_neither_what_waits_nor_what_came_back(name: str) -> None:
    parts, rows, expected = TO_DATE[name]
    tables = {"deals": deals(1000, 1000, outcome="open"), "events": events(*rows)}
    assert paid(plan(YEAR, **parts), tables, QUARTERS) == expected


def test_the_year_to_date_makes_up_for_what_was_entered_late() -> None:
    tables: dict[str, Any] = {"deals": deals(1000, 1000, outcome="open"), "events": events(SOLD)}
    one = plan(YEAR, release=SPLIT, clawback=FULL)
    first = commission.calculate(one, tables, "2026-Q1").lines
    late = events(SOLD, ("d2", "booked", "2026-02-01", 1000), ("d1", "cancelled", "2026-05-20", None))
    tables |= {"events": late, "prior_lines": first}
    second = commission.calculate(one, tables, "2026-Q2")
    amounts = dict(zip(second.lines["kind"], second.lines["amount"], strict=True))
    assert amounts == {"adjustment": 50, "clawback": -30}


GATES: dict[str, tuple[dict[str, Any], list[tuple[Any, ...]], list[str]]] = {
    # 10 % once 90 % of a quota of 1,000 are sold in the quarter: 500 in January, 600 in February
    "no more rules": ({}, [], ["", "110 USD", "", ""]),
    "a release": ({"release": [{"event": "booked", "pct": 100}]}, [], ["", "110 USD", "", ""]),
    "a clawback": ({"clawback": FULL}, [], ["", "110 USD", "", ""]),
    "a release in halves": (
        {"release": SPLIT}, [("d1", "collected", "2026-03-01", 500)], ["", "55 USD", "25 USD", ""]),
    "cancelled after the gate": (
        {"clawback": FULL}, [("d1", "cancelled", "2026-03-05", None)], ["", "110 USD", "-50 USD", ""]),
    "cancelled in the month of the gate": (
        {"clawback": FULL}, [("d1", "cancelled", "2026-02-25", None)], ["", "60 USD", "", ""]),
    "cancelled before the gate": (
        {"clawback": FULL}, [("d1", "cancelled", "2026-01-25", None)], ["", "60 USD", "", ""]),
}  # fmt: skip


@pytest.mark.parametrize("name", GATES)
def test_a_gate_that_opens_later_pays_earlier_credits_whatever_releases_them(name: str) -> None:
    parts, more, expected = GATES[name]
    gate = FLAT | {"scope": "running_total", "gate": {"attainment_pct": 90, "then": "first_dollar"}}
    one = plan(gate, quota={"amount": 1000, "attained_by": "booked"}, **parts)
    rows = [("d1", "booked", "2026-01-10", 500), ("d2", "booked", "2026-02-20", 600), *more]
    tables = {"deals": deals(500, 600, outcome="open"), "events": events(*rows)}
    assert paid(one, tables, MONTHS) == expected


CONVERTED: dict[str, tuple[dict[str, Any], list[tuple[Any, ...]], list[str]]] = {
    # paid in euros of 1.25 dollars to the end of June, in dollars from July
    "cancelled": ({"clawback": FULL}, [SOLD, GONE], ["80 EUR", "-80 EUR", ""]),
    "a draw of 100 dollars repaid": (
        {"draw": {"per": "period", "amount": 100, "recoverable": True, "keep_at_least": "none", "ends": 1}},
        [("d1", "booked", "2026-05-10", 2500)], ["80 EUR", "120 EUR", ""]),
    "another currency from July": (
        {}, [SOLD, ("d2", "booked", "2026-08-01", 500)], ["80 EUR", "", "50 USD"]),
}  # fmt: skip


@pytest.mark.parametrize("name", CONVERTED)
def test_the_ledger_in_another_currency_takes_back_what_was_paid(name: str) -> None:
    parts, rows, expected = CONVERTED[name]
    on = [("2026-01-01", "2026-07-01", "EUR"), ("2026-07-01", None, "USD")]
    tables = {
        "deals": deals(1000, 500, outcome="open"),
        "events": events(*rows),
        "fx_rates": table({"currency": "EUR", "valid_from": date(2020, 1, 1), "kind": "market",
                           "rate": D("1.25")}),
        "plan_assignments": table(
            *[{"person_id": "rep", "plan_id": "p", "valid_from": date.fromisoformat(first),
               "valid_to": last and date.fromisoformat(last), "currency": money} for first, last, money in on]
        ),
    }  # fmt: skip
    one = plan(FLAT, fx={"pay": {"rates": "market", "at": "pay_date"}}, **parts)
    assert paid(one, tables, QUARTERS[:3]) == expected


def test_a_cancellation_takes_back_of_a_refund_what_its_own_version_paid() -> None:
    """One refund takes back a sale of each version, in lines of one component and event."""
    head = {"version": 2, "from": date(2026, 8, 1), "to": date(2027, 12, 31)}
    plans = [
        plan(FLAT, head={"to": date(2026, 7, 31)}),
        plan(FLAT | {"rate_pct": 20}, head=head, credit={"event": "invoiced"}, clawback=FULL),
    ]
    rows = [("d1", "booked", "2026-07-14", 1000), ("d1", "invoiced", "2026-10-31", 1000)]
    rows += [("d1", "refunded", "2027-03-13", 400), ("d1", "cancelled", "2027-04-19", None)]
    tables = {"deals": deals(1000, outcome="open"), "events": events(*rows)}
    periods = ["2026-Q3", "2026-Q4", "2027-Q1", "2027-Q2"]
    assert paid(plans, tables, periods) == ["100 USD", "200 USD", "-120 USD", "-120 USD"]


def test_more_sold_after_a_cancellation_moves_only_what_still_stands() -> None:
    """Half of 100 came back; then 1,000 more make the cash half of the sale: of the 40 due by it, 10 go."""
    release = [{"event": "booked", "pct": 60}, {"event": "collected", "pct": 40, "as": "share_collected"}]
    rows = [SOLD, ("d1", "collected", "2026-02-20", 1000), GONE, ("d1", "booked", "2026-08-26", 1000)]
    tables = {"deals": deals(1000, outcome="open"), "events": events(*rows)}
    expected = ["100 USD", "-50 USD", "70 USD", "", ""]  # 60 + 20 of the second sale, -10 of the first
    assert paid(plan(FLAT, clawback=HALF, release=release), tables, QUARTERS) == expected


# --- quotas that are missing or zero ---------------------------------------------------------------------

BANDS = {"id": "b", "scope": "running_total", "table": TIERS | {"unit": "pct_of_quota"}}
QUOTA = {"quota": {"metric": "quota", "attained_by": "booked", "if_zero": "refuse"}}


def quotas(*rows: tuple[Any, ...]) -> pd.DataFrame:
    names = ("who", "period", "value", "valid_from", "valid_to")
    return table(
        *[
            {"level": "rep", "metric": "quota"} | dict(zip(names, (*row, None, None), strict=False))
            for row in rows
        ]
    )


ASKED: dict[str, tuple[dict[str, Any], pd.DataFrame, list[tuple[Any, ...]], str, list[str]]] = {
    # component; quotas; sales; period; codes
    "in its first quarter": (BANDS, quotas(("rep", "2026-Q3", 9)), [("d1", "booked", "2026-05-10", 10)],
                             "2026-Q2", ["missing-quota"]),
    "before the person came": (BANDS, quotas(("rep", "2026-Q3", 9)), [("d1", "booked", "2026-07-10", 10)],
                               "2026-Q3", []),
    "a year whose first quarter was before the person came": (
        BANDS | {"scope": "ytd_less_paid"}, quotas(("rep", "2026-Q2", 9), ("rep", "2026-Q3", 9)),
        [("d1", "booked", "2026-07-10", 10)], "2026-Q3", []),
    "of a quarter that ended": (BANDS, quotas(("rep", "2026-Q3", 9)),
                                [("d1", "booked", "2026-05-10", 10), ("d1", "booked", "2026-07-10", 10)],
                                "2026-Q3", []),
    "of a quarter whose sale is refunded now": (
        BANDS, quotas(("rep", "2026-Q3", 9)),
        [("d1", "booked", "2026-05-10", 10), ("d1", "refunded", "2026-07-10", 10)],
        "2026-Q3", ["missing-quota"]),
    "of a component that asks for none": (
        FLAT | {"scope": "running_total", "gate": {"amount": 5, "then": "first_dollar"}},
        quotas(("x", "y", 1)),
        [("d1", "booked", "2026-05-10", 10)], "2026-Q2", []),
    "zero": (BANDS, quotas(("rep", "2026-Q2", 0)), [("d1", "booked", "2026-05-10", 10)],
             "2026-Q2", ["zero-quota"]),
    "zero before the person came": (BANDS, quotas(("rep", "2026-Q1", 0)), [], "2026-Q1", []),
    "zero of somebody on no plan": (BANDS, quotas(("zed", "2026-Q2", 0)), [], "2026-Q2", []),
    "zero of a team": (BANDS, quotas(("rep", "2026-Q2", 0)).assign(level="team"), [], "2026-Q2", []),
    "zero for some days only": (
        BANDS, quotas(("rep", "2026-Q2", 0, date(2026, 4, 1), date(2026, 4, 9)), ("rep", "2026-Q2", 9)),
        [("d1", "booked", "2026-05-10", 10)], "2026-Q2", []),
}  # fmt: skip


@pytest.mark.parametrize("name", ASKED)
def test_a_quota_is_asked_for_where_and_when_something_hangs_on_it(name: str) -> None:
    c, targets, rows, period, codes = ASKED[name]
    on = table({"person_id": "rep", "plan_id": "p", "valid_from": date(2026, 4, 15), "valid_to": None})
    tables = {"deals": deals(1000, outcome="open"), "targets": targets, "plan_assignments": on,
              "events": events(*(rows or [("d1", "cancelled", "2020-01-01", None)]))}  # fmt: skip
    payout = commission.calculate(plan(c, clawback=FULL, **QUOTA), tables, period)
    found = [problem.code for problem in payout.problems]
    assert [code for code in found if code.endswith("-quota")] == codes


def test_a_quota_that_one_component_asks_for_is_missed_though_another_has_no_credit() -> None:
    one = plan(BANDS | {"where": "amount > 5000"}, BANDS | {"id": "c"}, **QUOTA)
    tables = {"deals": deals(1000), "targets": quotas(("x", "y", 1))}
    codes = [problem.code for problem in commission.calculate(one, tables, "2026-Q1").problems]
    assert codes == ["missing-quota"]


# --- how it is said --------------------------------------------------------------------------------------


def test_what_a_cancellation_recovers_is_said_as_finance_says_it() -> None:
    rows = [SOLD, ("d1", "refunded", "2026-02-10", 400), ("d1", "cancelled", "2026-03-01", None)]
    tables = {"deals": deals(1000, outcome="open"), "events": events(*rows)}
    payout = commission.calculate(plan(FLAT, clawback=HALF), tables, "2026-Q1")
    back = payout.lines[payout.lines["kind"] == "clawback"]
    assert {payout.explain(line) for line in back["line_id"]} == {
        "deal d1: cancelled on 2026-03-01, 50 % of the commission paid is recovered: -50.00",
        "deal d1: cancelled on 2026-03-01, 50 % of what the refund took is returned: 20.00",
    }


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (1, "deal d1 was cancelled, and the commission on it is not recovered."),
        (2, "2 deals were cancelled (d1, d2), and the commission on them is not recovered."),
    ],
)
def test_cancellations_without_a_clawback_are_one_finding(count: int, words: str) -> None:
    gone = [(f"d{n + 1}", "cancelled", "2026-03-01", None) for n in range(count)]
    tables = {"deals": deals(1000, 1000), "events": events(*gone)}
    payout = commission.calculate(plan(FLAT), tables, "2026-Q1")
    said = [p.message for p in payout.problems if p.code == "cancellation-not-counted"]
    assert said == [f"Plan p version 1 has no clawback: {words}"]


def test_pay_without_an_exchange_rate_is_summed_in_one_finding() -> None:
    people = [("ann", 1000), ("bob", 500)]
    sold = pd.concat([deals(amount, owner=who).assign(deal_id=who) for who, amount in people])
    on = table(*[{"person_id": who, "plan_id": "p", "valid_from": date(2026, 1, 1), "valid_to": None,
                  "currency": "CHF"} for who, _ in people])  # fmt: skip
    rate = table({"currency": "EUR", "valid_from": date(2020, 1, 1), "kind": "market", "rate": D("1.25")})
    one = plan(FLAT, fx={"pay": {"rates": "market", "at": "pay_date"}})
    payout = commission.calculate(one, {"deals": sold, "plan_assignments": on, "fx_rates": rate}, "2026-Q1")
    assert payout.lines.empty
    (problem,) = payout.problems
    assert problem.message == (
        "No market exchange rate from USD to CHF for 2026-03-31: 150.00 USD of ann, bob cannot be paid and "
        "is withheld."
    )
    assert sorted(payout.withheld["amount"]) == [50, 100]
