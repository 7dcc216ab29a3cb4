"""Bad input: each row that is set aside is told with its place, stays in the sums and has a reason."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import pandas as pd
import pytest
from commission_helpers import D, by, deals, events, plan, table, total

from salesops_nb import commission
from salesops_nb.errors import SalesopsError

FLAT = {"id": "b", "rate_pct": 10}
SPLITS = {"credit": {"splits": {"apply_to": "credit"}}}
PERSON = {"person_id": "rep", "name": "n", "role": "r", "manager_id": None, "valid_from": date(2020, 1, 1)}
MARGINAL = {
    "id": "b",
    "scope": "running_total",
    "table": {
        "mode": "marginal",
        "unit": "pct_of_quota",
        "rows": [{"from": 0, "rate_pct": 5}, {"from": 100, "rate_pct": 10}],
    },
}


def share(person: object, of: object, **more: Any) -> dict[str, Any]:
    return {"deal_id": "d1", "person_id": person, "share": of} | more


def quota_of(value: object) -> pd.DataFrame:
    row = {"level": "rep", "who": "rep", "metric": "quota", "period": "2026-Q1", "value": D(value)}
    return table(row)


BAD: dict[str, tuple[dict[str, Any], Mapping[str, Any], str, int, str]] = {
    # name: plan's parts, tables beside one deal of 100, code, row, the reason of the deal
    "unknown payee": (
        {},
        {"deals": deals(100, owner="ghost"), "people": table(PERSON)},
        "unknown-payee",
        2,
        "not in people",
    ),
    "shares of 90 %": (
        SPLITS,
        {"splits": table(share("rep", 60), share("b", 30))},
        "splits-not-100",
        2,
        "shares",
    ),
    "a share of nobody": (
        SPLITS,
        {"splits": table(share("rep", 60), share(None, 40))},
        "share-without-person",
        0,
        "shares",
    ),
    "a negative share": (
        SPLITS,
        {"splits": table(share("rep", 120), share("b", -20))},
        "splits-not-100",
        2,
        "shares",
    ),
    "overlapping dated shares": (
        SPLITS,
        {
            "splits": table(
                share("a", 100, valid_from=date(2025, 1, 1)), share("b", 100, valid_from=date(2025, 9, 1))
            )
        },
        "splits-not-100",
        2,
        "shares",
    ),
    "no owner": ({}, {"deals": deals(100, owner=None)}, "no-payee", 2, "no payee"),
    "a blank owner": ({}, {"deals": deals(100, owner="")}, "no-payee", 2, "no payee"),
    "before the plan": ({"head": {"from": date(2026, 2, 1)}}, {}, "outside-plan", 2, "outside dates"),
    "negative, no original": ({}, {"deals": deals(-100)}, "negative-without-original", 2, "no sale before"),
    "refund before its sale": (
        {},
        {"events": events(("d1", "booked", "2026-02-01", 100), ("d1", "refunded", "2026-01-05", 100))},
        "negative-without-original",
        3,
        "no sale before",
    ),
    "no amount": ({}, {"events": events(("d1", "booked", "2026-01-05", None))}, "bad-event", 2, "no amount"),
    "won without amount": ({}, {"deals": deals(1).assign(amount=[None])}, "incomplete-deal", 2, "no amount"),
    "won without a day": (
        {},
        {"deals": deals(1).assign(closed_on=[None])},
        "incomplete-deal",
        2,
        "no closed_on",
    ),
    "no rate": (
        {"fx": {"credit": {"rates": "plan", "at": "credit_date"}}},
        {
            "deals": deals(100, currency="GBP"),
            "fx_rates": table(
                {"currency": "EUR", "kind": "plan", "rate": D(1), "valid_from": date(2026, 1, 1)}
            ),
        },
        "missing-rate",
        0,
        "no exchange rate from GBP to USD",
    ),
    "a quota of zero, refused": (
        {"quota": {"attained_by": "booked", "if_zero": "refuse"}, "components": MARGINAL},
        {"targets": quota_of(0)},
        "zero-quota",
        2,
        "no quota",
    ),
    "a quota of zero, unsaid": (
        {"quota": {"attained_by": "booked", "amount": 500}, "components": MARGINAL},
        {"targets": quota_of(0)},
        "zero-quota",
        2,
        "no quota",
    ),
    "a negative quota": (
        {"quota": {"attained_by": "booked", "if_zero": "attainment_0"}, "components": MARGINAL},
        {"targets": quota_of(-5)},
        "zero-quota",
        2,
        "no quota",
    ),
    "no quota": (
        {"quota": {"attained_by": "booked", "if_zero": "refuse"}, "components": MARGINAL},
        {},
        "missing-quota",
        0,
        "no quota",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_row_pays_nothing_and_says_why(name: str) -> None:
    parts, tables, code, row, reason = BAD[name]
    made = plan(parts.get("components", FLAT), **{k: v for k, v in parts.items() if k != "components"})
    payout = commission.calculate(made, {"deals": deals(100), **tables}, "2026-Q1")
    assert sum(abs(v) for v in by(payout, "line_id", kinds=("commission",)).values()) in (0, 10)
    told = [p for p in payout.problems if p.code == code]
    assert told, [p.code for p in payout.problems]
    assert (told[0].row or 0) == row
    assert told[0].fix
    assert any(reason in said for said in payout.withheld["reason"]), payout.withheld["reason"].tolist()
    assert (payout.reconciliation["difference"] == 0).all()


def test_a_kind_of_event_that_is_not_known_is_told() -> None:
    happened = events(("d1", "Booked", "2026-01-05", 70), ("d1", "booked", "2026-01-06", 30))
    payout = commission.calculate(plan(FLAT), {"deals": deals(100), "events": happened}, "2026-Q1")
    assert total(payout) == 3
    problem = next(p for p in payout.problems if p.code == "bad-event")
    assert (problem.row, problem.column, problem.amount) == (2, "kind", 70)


@pytest.mark.parametrize(("if_zero", "pays"), [("attainment_0", 5), ("attainment_100", 10)])
def test_a_quota_of_zero_counts_as_the_plan_says(if_zero: str, pays: int) -> None:
    made = plan(MARGINAL, quota={"attained_by": "booked", "if_zero": if_zero})
    payout = commission.calculate(made, {"deals": deals(100), "targets": quota_of(0)}, "2026-Q1")
    assert total(payout) == pays
    assert [(p.code, p.severity) for p in payout.problems] == [("zero-quota", "note")]


def test_a_refused_quota_takes_only_the_person_and_component_that_hang_on_it() -> None:
    sold = pd.concat([deals(100), deals(200, owner="ann").assign(deal_id="e1")])
    made = plan(MARGINAL, FLAT | {"id": "flat"}, quota={"attained_by": "booked", "if_zero": "refuse"})
    quotas = pd.concat([quota_of(0), quota_of(1000).assign(who="ann")])
    payout = commission.calculate(made, {"deals": sold, "targets": quotas}, "2026-Q1")
    assert by(payout, "payee_id", "component_id") == {
        ("rep", "flat"): 10,
        ("ann", "b"): 10,
        ("ann", "flat"): 20,
    }


def test_amounts_that_are_no_numbers_or_too_large_stop_the_work_in_words() -> None:
    for amount in ("12abc", "9" * 20):
        with pytest.raises(SalesopsError, match="does not fit"):
            total(commission.calculate(plan(FLAT), {"deals": deals(1).assign(amount=[amount])}, "2026-Q1"))


def test_people_on_two_rows_the_same_day_are_led_by_one() -> None:
    people = table(
        PERSON | {"manager_id": "m1"}, PERSON | {"manager_id": "m2", "valid_from": date(2026, 1, 2)}
    )
    c = {"id": "o", "payee": "manager", "measure": "team_credit", "rate_pct": 10}
    payout = commission.calculate(plan(c), {"deals": deals(100, 200), "people": people}, "2026-Q1")
    assert by(payout, "payee_id") == {"m1": 10, "m2": 20}
    assert [(p.code, p.row) for p in payout.problems] == [("overlapping-people", 3)]


def test_an_unknown_column_names_the_plans_place_and_the_columns_there_are(tmp_path: Any) -> None:
    file = tmp_path / "p.yml"
    file.write_text(
        "plan: {id: p, version: 1, from: 2026-01-01, to: 2026-12-31, currency: USD, period: quarter}\n"
        "components:\n  - id: b\n    rate_pct: 10\n    where: regoin == 'N'\n"
    )
    with pytest.raises(SalesopsError, match="did you mean 'region'") as caught:
        commission.calculate(commission.load_plan(file), {"deals": deals(1, region="N")}, "2026-Q1")
    problem = caught.value.problems[0]
    assert (problem.file, problem.row, problem.column) == ("p.yml", 5, "components[0].where")


def test_every_credit_that_no_component_sees_has_a_reason() -> None:
    late = FLAT | {"where": "amount > 1000", "from": date(2026, 1, 2)}
    payout = commission.calculate(plan(late), {"deals": deals(2000, 500, 3000)}, "2026-Q1")
    assert by(payout, "deal_id") == {"d3": 300}
    assert list(payout.withheld["deal_id"]) == ["d1", "d2"]
    assert all("no component counts it: b counts only" in said for said in payout.withheld["reason"])
    row = payout.reconciliation.to_dict("records")[0]
    assert (row["credited"], row["paid"], row["withheld"], row["excluded"]) == (5500, 3000, 2500, 0)


def test_each_credit_belongs_to_one_plan() -> None:
    """Two versions and two plans: no credit stands in two sums, none is lost."""
    first = plan(FLAT, head={"id": "a", "to": date(2026, 1, 31)})
    second = plan(FLAT, head={"id": "a", "version": 2, "from": date(2026, 2, 1)})
    other = plan({"id": "c", "rate_pct": 1}, head={"id": "z"})
    sold = deals(100, 200, 300, 400).assign(owner_id=["ann", "ann", "bob", "cy"])
    sold["closed_on"] = [date(2026, 1, 31), date(2026, 2, 1), date(2026, 1, 5), date(2026, 1, 6)]
    who = {"valid_from": date(2026, 1, 1), "valid_to": None}
    on = table({"person_id": "ann", "plan_id": "a"} | who, {"person_id": "bob", "plan_id": "z"} | who)
    payout = commission.calculate([first, second, other], {"deals": sold, "plan_assignments": on}, "2026-Q1")
    assert by(payout, "payee_id") == {"ann": 30, "bob": 3}
    rows = payout.reconciliation.to_dict("records")
    assert [(r["plan_id"], r["plan_version"], r["paid"], r["excluded"]) for r in rows] == [
        ("a", 1, 100, 400),
        ("a", 2, 200, 0),
        ("z", 1, 300, 0),
    ]
    assert payout.withheld[["payee_id", "reason"]].to_numpy().tolist() == [
        ["cy", "no plan: the person is assigned to none"]
    ]


def test_a_teams_credit_is_reconciled_apart_from_bookings() -> None:
    people = table(PERSON | {"manager_id": "m1"})
    c = {"id": "o", "payee": "manager", "measure": "team_credit", "rate_pct": 10}
    payout = commission.calculate(plan(FLAT, c), {"deals": deals(100, 200), "people": people}, "2026-Q1")
    rows = payout.reconciliation.to_dict("records")
    assert [(r["basis"], r["credited"], r["paid"]) for r in rows] == [
        ("credit", 300, 300),
        ("team credit", 300, 300),
    ]
