"""The parts of a shared deal add up to what its parts come to, rounded once; also after refunds."""

from __future__ import annotations

from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pandas as pd
import pytest
from commission_helpers import D, by, deals, events, paid, plan, table

from salesops_nb import commission

CENT = D("0.01")
TIERS = {
    "mode": "marginal", "unit": "amount",
    "rows": [{"from": 0, "rate_pct": D("3.125")}, {"from": 20, "rate_pct": D("7.77")}],
}  # fmt: skip
BOTH = ["credit", "pay"]


def shares(*parts: object, **more: Any) -> Any:
    rows = [{"deal_id": "d1", "person_id": f"p{n}", "share": D(part)} for n, part in enumerate(parts)]
    return table(*(row | more for row in rows))


def made(apply_to: str = "credit", **component: Any) -> commission.Plan:
    return plan({"id": "b", "rate_pct": 10, **component}, credit={"splits": {"apply_to": apply_to}})


@pytest.mark.parametrize("apply_to", BOTH)
def test_thirty_and_seventy_of_six_forty_five(apply_to: str) -> None:
    payout = commission.calculate(
        made(apply_to), {"deals": deals("64.50"), "splits": shares(30, 70)}, "2026-Q1"
    )
    assert by(payout, "payee_id") == {"p0": D("1.94"), "p1": D("4.51")}


@pytest.mark.parametrize("apply_to", BOTH)
@pytest.mark.parametrize(
    "parts", [(30, 70), ("33.33", "33.33", "33.34"), (15, 25, 25, 35), (20,) * 5, (1, 99)]
)
@pytest.mark.parametrize("rate", ["10", "7.77", "3.125", "0.5", "12.345"])
def test_the_parts_come_to_the_whole_at_any_rate(apply_to: str, parts: tuple[Any, ...], rate: str) -> None:
    amounts = [D(a) for a in ("64.50", "0.16", "1000.16", "99.99", "12345.67")]
    split = pd.concat([shares(*parts).assign(deal_id=f"d{n}") for n, _ in enumerate(amounts, 1)])
    given = {"deals": deals(*amounts), "splits": split}
    found = by(
        commission.calculate(made(apply_to, rate_pct=D(rate)), given, "2026-Q1"), "deal_id", "payee_id"
    )
    for number, amount in enumerate(amounts, 1):
        deal = f"d{number}"
        whole = (amount * D(rate) / 100).quantize(CENT, ROUND_HALF_UP)
        assert sum((paid for (of, _), paid in found.items() if of == deal), D(0)) == whole
        for n, part in enumerate(parts):
            exact = amount * D(rate) * D(part) / 10000
            assert abs(found.get((deal, f"p{n}"), 0) - exact) < CENT * len(parts)


@pytest.mark.parametrize("apply_to", BOTH)
@pytest.mark.parametrize("component", [{}, {"rate_pct": None, "scope": "each_transaction", "table": TIERS}])
@pytest.mark.parametrize("back", [("21.50",) * 3, ("64.50",), ("10", "0.05", "54.45"), ("64.50", "0.01")])
def test_what_stands_after_each_refund_is_divided_alike(
    apply_to: str, component: dict[str, Any], back: tuple[str, ...]
) -> None:
    """Thirds of a sale come back to nothing, for each person and for the deal."""
    made_ = made(apply_to, **component)
    happened = events(*[("d1", "refunded", date(2026, 2, n), amount) for n, amount in enumerate(back, 1)])
    given = {"deals": deals("64.50"), "splits": shares(30, 30, 40), "events": happened}
    payout = commission.calculate(made_, given, "2026-Q1")
    assert {who: amount for who, amount in by(payout, "payee_id").items() if amount} == {}
    ordered = payout.lines.sort_values(["happened_on", "event_id"]).groupby("happened_on")["amount"].sum()
    left, sold = D(0), D("64.50")
    for day, moved in ordered.items():
        left += moved
        if day > date(2026, 1, 1):
            sold = max(sold - D(back[day.day - 1]), D(0))
        if not component:
            assert left == (sold / 10).quantize(CENT, ROUND_HALF_UP)


def test_who_is_paid_nothing_has_no_residual() -> None:
    """The gate of the last one is not open: the rest is the last one's whom the deal pays."""
    quota = {"attained_by": "booked", "if_zero": "attainment_0"}
    gate = {"attainment_pct": 100, "then": "first_dollar"}
    made_ = plan(
        {"id": "b", "rate_pct": 10, "gate": gate}, credit={"splits": {"apply_to": "credit"}}, quota=quota
    )
    targets = table(
        *[
            {"level": "rep", "who": who, "metric": "quota", "period": "2026-Q1", "value": D(value)}
            for who, value in (("p0", 1), ("p1", 1), ("p2", 999))
        ]
    )
    given = {"deals": deals("96.90"), "splits": shares("33.30", "33.30", "33.40"), "targets": targets}
    payout = commission.calculate(made_, given, "2026-Q1")
    assert by(payout, "payee_id") == {"p0": D("3.23"), "p1": D("3.22")}  # 3.22677 twice come to 6.45
    assert payout.withheld.set_index("payee_id")["reason"]["p2"].startswith("gate not met")


def test_overlay_stands_beside_the_parts_of_a_deal() -> None:
    rows = [*shares(30, 70, type="revenue").to_dict("records")]
    rows.append({"deal_id": "d1", "person_id": "x", "share": D(50), "type": "overlay"})
    payout = commission.calculate(made(), {"deals": deals("64.50"), "splits": table(*rows)}, "2026-Q1")
    assert by(payout, "payee_id") == {"p0": D("1.94"), "p1": D("4.51"), "x": D("3.23")}


def test_no_cent_goes_over_a_limit_of_a_deal() -> None:
    """A limit is of each person: the last part takes no rest beyond it."""
    limits = {"cap": 50, "per": "deal"}
    given = {"deals": deals("1000.12"), "splits": shares(10, 10, 80)}
    payout = commission.calculate(made(limits=limits, rate_pct=D("10")), given, "2026-Q1")
    assert by(payout, "payee_id") == {"p0": D("10.00"), "p1": D("10.00"), "p2": D("50.00")}


def test_a_running_total_is_each_persons_own() -> None:
    payout = commission.calculate(
        made(scope="running_total"), {"deals": deals("64.50"), "splits": shares(30, 70)}, "2026-Q1"
    )
    assert by(payout, "payee_id") == {"p0": D("1.94"), "p1": D("4.52")}


def test_the_explanation_names_the_rest() -> None:
    payout = commission.calculate(made(), {"deals": deals("64.50"), "splits": shares(30, 70)}, "2026-Q1")
    said = {line.split("/")[2]: commission.explain(payout, line) for line in payout.lines["line_id"]}
    assert said["p0"] == "deal d1: 19.35 of credit at 10 %: 1.94"
    assert (
        said["p1"] == "deal d1: 45.15 of credit at 10 %, with the rest of the rounded parts of the deal: 4.51"
    )


def test_an_unshared_deal_pays_as_before() -> None:
    assert paid(made(), "64.50") == D("6.45") == Decimal("6.45")
