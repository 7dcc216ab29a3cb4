"""Whom a plan without assignments concerns, and credit of people who have left."""

from __future__ import annotations

from datetime import date
from typing import Any

import pandas as pd
import pytest
from commission_helpers import D, by, deals, plan, table

from salesops_nb import commission

FLAT = {"id": "b", "rate_pct": 10}
DRAW = {"per": "month", "amount": 500, "recoverable": True, "keep_at_least": "draw", "ends": 6}


def people(**left: str | None) -> pd.DataFrame:
    """People hired in 2025, with the day on which they left."""
    return table(
        *[
            {"person_id": who, "valid_from": date(2025, 1, 1), "valid_to": None, "manager_id": None,
             "role": "rep", "hired_on": date(2025, 1, 1), "left_on": day and date.fromisoformat(day)}
            for who, day in left.items()
        ]
    )  # fmt: skip


def two_owners() -> pd.DataFrame:
    """Ann sells in January, Bob in March (a deal that the plan does not count)."""
    ann, bob = deals(1000, owner="ann", family=["hw"]), deals(1000, owner="bob", family=["services"])
    bob = bob.assign(deal_id="b1", closed_on=date(2026, 3, 5))
    return pd.concat([ann, bob], ignore_index=True)


@pytest.mark.parametrize("rule", [{"draw": DRAW}, {"guarantee": {"per": "month", "amount": 500, "ends": 6}}])
def test_without_assignments_every_owner_gets_the_draw_while_its_months_run(rule: dict[str, Any]) -> None:
    kind = next(iter(rule))
    made = plan(FLAT, credit={"where": "family != 'services'"}, **rule)
    tables: dict[str, Any] = {"deals": two_owners(), "people": people(ann=None, bob=None, eve=None)}
    found = []
    for period in ("2026-Q1", "2026-Q2", "2026-Q3"):
        payout = commission.calculate(made, tables, period)
        found.append(by(payout, "payee_id", kinds=(kind,)))
        tables["prior_lines"] = pd.concat([tables.get("prior_lines"), payout.lines], ignore_index=True)
    assert found == [{"ann": 1400, "bob": 1500}, {"ann": 1500, "bob": 1500}, {}]


def test_who_has_left_is_not_hired_yet_or_owns_nothing_gets_no_draw() -> None:
    known = people(ann="2026-02-01", bob=None, eve=None)
    known.loc[known["person_id"] == "bob", "hired_on"] = date(2026, 3, 1)
    payout = commission.calculate(
        plan(FLAT, draw=DRAW), {"deals": two_owners().assign(amount=D(0)), "people": known}, "2026-Q1"
    )
    assert by(payout, "payee_id", "happened_on") == {
        ("ann", date(2026, 1, 31)): 500,
        ("bob", date(2026, 3, 31)): 500,
    }


def test_an_owner_of_a_later_deal_is_not_one_yet() -> None:
    payout = commission.calculate(plan(FLAT, period="month", draw=DRAW), {"deals": two_owners()}, "2026-02")
    assert by(payout, "payee_id") == {"ann": 500}


def test_credit_after_leaving_is_paid_and_told() -> None:
    sold = deals(1000, 2000, 3000, owner="ann")  # on the first, second and third of January
    shares = table(
        {"deal_id": "d3", "person_id": "bob", "share": 60}, {"deal_id": "d3", "person_id": "eve", "share": 40}
    )
    tables = {"deals": sold, "splits": shares, "people": people(ann="2026-01-02", bob=None, eve="2025-12-31")}
    made = plan(FLAT, credit={"splits": {"apply_to": "credit"}})
    payout = commission.calculate(made, tables, "2026-Q1")
    assert by(payout, "payee_id") == {"ann": 300, "bob": 180, "eve": 120}
    told = [p for p in payout.problems if p.code == "credit-after-leaving"]
    assert [(p.table, p.row, p.value, p.severity) for p in told] == [
        ("deals", 3, "ann", "warning"),
        ("splits", 3, "eve", "warning"),
    ]
    assert "Deal d2 gives credit to ann on 2026-01-02, who left on 2026-01-02" in str(told[0])
    assert "Deal d3" in str(told[1])


def test_credit_after_the_assignment_has_ended_is_excluded_and_not_said_to_be_paid() -> None:
    stay = {"person_id": "ann", "plan_id": "p", "plan_version": 1, "valid_from": date(2026, 1, 1)}
    tables = {
        "deals": deals(1000, 2000, owner="ann"),
        "people": people(ann="2026-01-02"),
        "plan_assignments": table(stay | {"valid_to": date(2026, 1, 2)}),
    }
    payout = commission.calculate(plan(FLAT), tables, "2026-Q1")
    assert by(payout, "deal_id") == {"d1": 100}
    assert "credit-after-leaving" not in {p.code for p in payout.problems}
