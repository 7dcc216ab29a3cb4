"""Measures, effects, proofs and what it takes to carry a plan out."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest
from territory_maps import grid

from salesops_nb import commission, territory
from salesops_nb.errors import SalesopsError
from salesops_nb.territory.effects.crm_import import account_changes, change_list, import_files
from salesops_nb.territory.effects.driving_and_duration import (
    balance_certainty,
    drive_distances,
    months_in_balance,
    rep_moves,
)
from salesops_nb.territory.effects.hand_over import hand_over
from salesops_nb.territory.effects.open_deals import credit_splits, in_flight, with_flight
from salesops_nb.territory.plans.frontier import balance_today, frontier
from salesops_nb.territory.scope.potential_workload import (
    account_owners,
    account_potential,
    account_workload,
    potential_spread,
    unit_measures,
)

DAY = date(2025, 1, 1)
ACCOUNTS = pd.DataFrame(
    {
        "account_id": ["A", "B", "C"],
        "name": ["Acme", "Bolt", "Coil"],
        "segment": ["large", "small", "small"],
        "unit_id": ["u", "u", "v"],
        "owner_id": ["ann", "ann", "bob"],
        "latitude": [0.0, 0.0, 0.0],
        "longitude": [0.0, 1.0, 2.0],
    }
)
CHANGES = pd.DataFrame({"unit_id": ["u"], "before": ["ann"], "after": ["bob"]})


def drifted_strip() -> tuple[pd.DataFrame, pd.DataFrame, dict[str, str]]:
    units, edges = grid(2, 6)
    today = {u: "ann" if int(u[2]) < 3 else "bob" for u in units["unit_id"]}
    units.loc[units["unit_id"].isin(["0-0", "1-0"]), "potential"] = 3.0
    return units, edges, today


def test_potential_and_workload() -> None:
    potential = account_potential(ACCOUNTS, {"large": 1000, "small": 100})
    assert potential.to_dict() == {"A": 1000.0, "B": 100.0, "C": 100.0}
    assert account_workload(ACCOUNTS, {"large": 12, "small": 4}, 30)["A"] == 6.0
    # one degree on the equator is 111.195 km: 4 visits × 2 × 111.195 × 1.3 / 60 / 4
    hours = account_workload(ACCOUNTS, {"large": 12, "small": 4}, 30, home=(0.0, 0.0))
    assert hours["B"] == pytest.approx(2 + 2 * 111.195 * 1.3 / 60, rel=1e-4)
    # the other side of the world is flown to: 8 hours, and 20,015 km at 800 an hour
    far = ACCOUNTS.assign(longitude=180.0)
    there = account_workload(far, {"large": 12, "small": 4}, 30, home=(0.0, 0.0))
    assert there["B"] == pytest.approx(2 + 2 * (8 + 20_015.1 / 800), rel=1e-4)
    table = unit_measures(ACCOUNTS, potential=potential).set_index("unit_id")
    assert table.loc["u"].to_dict() == {"accounts": 2.0, "potential": 1100.0}
    with pytest.raises(SalesopsError, match="segment large"):
        account_potential(ACCOUNTS, {"small": 1})


def test_overrides_beat_the_units_owner() -> None:
    owned = account_owners(ACCOUNTS, pd.DataFrame({"unit_id": ["u"], "rep": ["ann"]}), {"A": "zoe"})
    assert owned["rep"].tolist() == ["zoe", "ann", "vacant"]
    assert owned["because"].tolist() == ["override", "unit", "none"]
    assert account_changes(ACCOUNTS, CHANGES, {"A": "zoe"})["account_id"].tolist() == ["B"]


def test_potential_spread_is_the_deviation_of_logarithms() -> None:
    history = pd.DataFrame({"actual": np.exp([0.1, -0.1, 0.1, -0.1]), "potential": [1.0] * 4})
    assert potential_spread(history) == pytest.approx(0.1 * np.sqrt(4 / 3))


FLYING = pd.DataFrame(
    {
        "deal_id": ["1", "2", "3", "4", "5"],
        "account_id": ["A", "A", "C", "B", "A"],
        "owner_id": ["ann", "ann", "bob", "bob", "zoe"],
        "outcome": ["open", "won", "open", "open", "open"],
        "closed_on": [None, date(2024, 6, 1), None, None, None],
        "created_on": [date(2024, 1, 1)] * 5,
    }
)


TEN_PERCENT = {
    "plan": {"id": "p", "version": 1, "from": date(2024, 1, 1), "to": date(2025, 12, 31),
             "currency": "USD", "period": "quarter"},
    "credit": {"event": "booked", "splits": {"apply_to": "credit"}},
    "components": [{"id": "base", "measure": "credit", "rate_pct": 10}],
}  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "owner", "shares"),
    [
        ("stay", "ann", [("ann", "1")]),
        ("split", "bob", [("ann", "1"), ("ann", "0.4"), ("bob", "0.6")]),
        ("move", "bob", [("ann", "1"), ("bob", "1")]),
    ],
)
def test_open_deals_follow_the_rule(rule: str, owner: str, shares: list[tuple[str, str]]) -> None:
    moved = account_changes(ACCOUNTS, CHANGES)
    flight = in_flight(FLYING, moved, rule, effective_on=DAY, new_share=Decimal("0.6"))
    assert flight["deal_id"].tolist() == ["1"]  # 4 is the new rep's already, 5 is run by a third
    assert flight["after"].tolist() == [owner]
    found = credit_splits(flight)
    assert list(zip(found["person_id"], found["share"], strict=True)) == [(p, Decimal(s)) for p, s in shares]
    assert set(found.groupby("valid_from")["share"].sum()) == {Decimal(1)}


@pytest.mark.parametrize(
    ("rule", "given", "closed", "pay"),
    [
        ("stay", None, "2025-03-31", {"ann": "100.01"}),
        (
            "split",
            None,
            "2025-03-31",
            {"ann": "50.01", "bob": "50.00"},
        ),  # 50.005 half up, the last takes the rest
        ("move", None, "2025-03-31", {"bob": "100.01"}),
        ("move", None, "2025-01-01", {"bob": "100.01"}),  # the first day
        ("move", None, "2024-12-31", {"ann": "100.01"}),  # closed before the day, whoever the CRM names now
        ("split", None, "2024-12-31", {"ann": "100.01"}),
        ("split", {"ann": 60, "zoe": 40}, "2025-03-31", {"ann": "30.00", "bob": "30.00", "zoe": "40.01"}),
        ("move", {"ann": 60, "bob": 40}, "2025-03-31", {"bob": "100.01"}),
        ("stay", {"ann": 60, "zoe": 40}, "2025-03-31", {"ann": "60.01", "zoe": "40.00"}),
    ],
)
def test_commission_pays_whom_the_rule_names(
    rule: str, given: dict[str, int] | None, closed: str, pay: dict[str, str]
) -> None:
    plan = commission.load_plan(TEN_PERCENT)
    moved = account_changes(ACCOUNTS, CHANGES)
    flight = in_flight(FLYING, moved, rule, effective_on=DAY)
    won = FLYING.assign(
        amount=[Decimal("1000.10"), *[Decimal(0)] * 4],
        outcome=["won", "lost", "lost", "lost", "lost"],
        closed_on=date.fromisoformat(closed),
    )
    tables = {"deals": won}
    if given:
        tables["splits"] = pd.DataFrame(
            {"deal_id": "1", "person_id": list(given), "share": [Decimal(s) for s in given.values()]}
        ).assign(type="revenue")
    period = "2024-Q4" if closed < "2025" else "2025-Q1"
    lines = commission.calculate(plan, with_flight(tables, flight), period).lines
    paid = lines.groupby("payee_id")["amount"].sum()
    assert {who: f"{amount:.2f}" for who, amount in paid.items() if amount} == pay


@pytest.mark.parametrize("share", [0, 1, -0.2, float("nan"), "half", None])
def test_a_share_that_is_no_fraction_is_refused(share: Any) -> None:
    with pytest.raises(SalesopsError, match="share is"):
        in_flight(FLYING, account_changes(ACCOUNTS, CHANGES), "split", effective_on=DAY, new_share=share)


def test_a_share_of_one_s_own_is_honoured_by_commission() -> None:
    flight = in_flight(FLYING, account_changes(ACCOUNTS, CHANGES), "split", effective_on=DAY, new_share=0.3)
    plan = commission.load_plan(TEN_PERCENT)
    won = FLYING.assign(amount=[Decimal(1000), *[Decimal(0)] * 4], outcome=["won", *["lost"] * 4],
                        closed_on=date(2025, 3, 31))  # fmt: skip
    lines = commission.calculate(plan, with_flight({"deals": won}, flight), "2025-Q1").lines
    paid = lines.groupby("payee_id")["amount"].sum()
    assert {who: f"{amount:.2f}" for who, amount in paid.items() if amount} == {
        "ann": "70.00",
        "bob": "30.00",
    }


def test_import_and_undo_are_mirror_images() -> None:
    moved = account_changes(ACCOUNTS, CHANGES)
    files = import_files(moved, "salesforce", users={"ann": "005A", "bob": "005B"})
    assert list(files) == ["Account_owner.csv", "undo_Account_owner.csv"]
    assert files["Account_owner.csv"].to_dict("list") == {"Id": ["A", "B"], "OwnerId": ["005B", "005B"]}
    assert files["undo_Account_owner.csv"]["OwnerId"].tolist() == ["005A", "005A"]
    with pytest.raises(SalesopsError, match="no user in hubspot: bob"):
        import_files(moved, "hubspot", users={"ann": "1"})
    with pytest.raises(SalesopsError, match="salesforce, hubspot"):
        import_files(moved, "paper")


def test_hand_over_sheet_tells_deals_steps_activities_and_contacts() -> None:
    deals = pd.DataFrame(
        {
            "deal_id": ["1", "2"], "account_id": ["A", "A"], "outcome": ["open", "open"],
            "stage": ["Engaging", None], "amount": [Decimal("10.50"), None],
            "next_step_on": [date(2025, 2, 1), None],
        }
    )  # fmt: skip
    activities = pd.DataFrame(
        {
            "account_id": ["A", "A", None],
            "deal_id": [None, None, "2"],
            "kind": ["call", "email", "demo"],
            "person_id": "ann",
            "outcome": ["reached", None, None],
            "next_step": ["send offer", None, None],
            "happened_at": pd.to_datetime(["2024-05-01", "2024-03-01", "2024-06-01"]),
        }
    )
    accounts = ACCOUNTS.assign(contact_name=["Eve", None, None])
    sheet = hand_over(accounts, account_changes(ACCOUNTS, CHANGES), deals, activities).set_index("account_id")
    told = sheet.loc["A"]
    assert told[["name", "contact_name", "before", "after"]].tolist() == ["Acme", "Eve", "ann", "bob"]
    assert told["open_deals"] == 2
    assert told["open_amount"] == Decimal("10.50")
    assert told["deals"] == "1 (Engaging, 10.50); 2"
    assert told["next_step_on"] == date(2025, 2, 1)
    assert told["next_step"] == "send offer"
    assert told["last_kind"] == "demo"
    assert told["activities"].startswith("2024-06-01 demo by ann; 2024-05-01 call by ann: reached, then send")
    assert sheet.loc["B", "open_deals"] == 0
    assert sheet.loc["B", "contact_name"] == ""
    mixed = hand_over(accounts, account_changes(ACCOUNTS, CHANGES), deals.assign(currency=["USD", "EUR"]))
    assert mixed.set_index("account_id").loc["A", "open_amount"] is None


def test_today_frontier_and_effects() -> None:
    units, edges, today = drifted_strip()
    now = balance_today(units, today).set_index("rep")
    assert now["potential"].to_dict() == {"ann": 10.0, "bob": 6.0}
    assert now["potential_imbalance"].tolist() == pytest.approx([0.25, -0.25])
    sweep = frontier(units, edges, current=today, disruptions=(100.0, 0.0))
    assert sweep.table["words"].tolist() == ["move least", "start afresh"]
    assert sweep.table["moved"].iloc[0] == 2.0  # two units of one make 8 and 8
    plan = sweep.plans[0]
    changes = change_list(plan, effective_on=DAY, reason="drift")
    assert changes[["before", "after"]].drop_duplicates().to_numpy().tolist() == [["ann", "bob"]]
    moves = rep_moves(plan).set_index("rep")
    assert moves.loc["ann", "lost_units"] == moves.loc["bob", "gained_units"] == 2
    assert moves.loc["bob", ["kept_units", "gained", "lost"]].tolist() == [6, 2.0, 0.0]
    km = drive_distances(plan).set_index("rep")
    assert km.loc["bob", "after_km"] > km.loc["bob", "before_km"] > 0
    with pytest.raises(SalesopsError, match="current"):
        frontier(units, edges, k=2)


def test_how_long_and_how_surely_it_balances() -> None:
    units, edges, today = drifted_strip()
    plan = territory.plan(units, edges, current=today, disruption=100)
    grows = {
        u: 0.2 for u, r in zip(plan.assignment["unit_id"], plan.assignment["rep"], strict=True) if r == "ann"
    }
    months, table = months_in_balance(plan, grows)
    # 1.2^t / (1.2^t + 1) · 2 − 1 > 0.05 first where 1.2^t > 1.05 / 0.95
    assert months == int(np.ceil(12 * np.log(1.05 / 0.95) / np.log(1.2)))
    assert table["imbalance"].iloc[0] == pytest.approx(0)
    assert months_in_balance(plan, 0.1)[0] is None
    assert balance_certainty(plan, 0.0)["within"] == 1.0
    some = balance_certainty(plan, 0.2)
    assert 0 < some["within"] < 1
    assert balance_certainty(plan, 0.4)["within"] < some["within"]
    assert some["p10"] <= some["p50"] <= some["p90"]
