"""Calculations that share their tables: another period meets what is known, and says what it would alone."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pandas as pd
import pytest
from commission_helpers import deals, events, plan, table

from salesops_nb import commission
from salesops_nb.commission.design.what_if import Study
from salesops_nb.commission.finance.ledger_rows import plain_rows
from salesops_nb.commission.inputs.tables import Tables
from salesops_nb.core.memo import MOST_ROWS
from salesops_nb.errors import SalesopsError

pytestmark = pytest.mark.slow

TIERS = {"mode": "marginal", "unit": "pct_of_quota",
         "rows": [{"from": 0, "rate_pct": 5}, {"from": 100, "rate_pct": 10}]}  # fmt: skip
BASE = {"id": "base", "measure": "credit", "scope": "running_total", "table": TIERS}
QUOTA = {"amount": 9000, "attained_by": "booked", "if_zero": "attainment_0"}
SPLIT = {"event": "booked", "splits": {"apply_to": "credit"}}
GATE = {"id": "gate", "rate_pct": 3, "scope": "running_total",
        "gate": {"attainment_pct": 60, "then": "first_dollar"}}  # fmt: skip
OVER = {"id": "over", "payee": "manager", "measure": "team_credit", "rate_pct": 2, "threshold": 5000,
        "then": "excess"}  # fmt: skip
SPIFF = {"id": "spiff", "measure": "count", "kind": "spiff", "where": "product == 'B'", "per_unit": 40}
MONTHLY = {"per": "month", "amount": 300, "recoverable": True, "keep_at_least": "draw", "recover_pct": 100}
PERIODS = ("2026-Q3", "2026-02", "2026-Q4")  # neither in order nor of one length


def year() -> dict[str, Any]:
    """A year of deals of two sellers and a manager: shared, overlaid, refunded, cancelled, spoilt."""
    days = [date(2026, 1 + i % 12, 3 + i % 20) for i in range(36)]
    sold = deals(*(700 + 137 * (i % 9) for i in range(36)), product=["A", "B", "A"] * 12, term_months=12)
    sold["closed_on"], sold["owner_id"] = days, ["ann", "bob", "ann", "cal"] * 9
    sold.loc[7, "amount"] = None
    sold.loc[11, "owner_id"] = None
    sold.loc[13, "owner_id"] = "nobody"
    people = table(
        {"person_id": "ann", "name": "Ann", "manager_id": "max", "hired_on": date(2025, 5, 1)},
        {"person_id": "bob", "name": "Bob", "manager_id": "max", "hired_on": date(2026, 2, 10),
         "left_on": date(2026, 9, 15)},
        {"person_id": "cal", "name": "Cal", "manager_id": "max", "hired_on": date(2026, 1, 1)},
        {"person_id": "max", "name": "Max", "manager_id": None, "hired_on": None},
    )  # fmt: skip
    splits = table(
        {"deal_id": "d1", "person_id": "ann", "share": Decimal(70), "type": "revenue"},
        {"deal_id": "d1", "person_id": "bob", "share": Decimal(30), "type": "revenue"},
        {"deal_id": "d5", "person_id": "cal", "share": Decimal(20), "type": "overlay"},
        {"deal_id": "d9", "person_id": "bob", "share": Decimal(80), "type": "revenue"},
    )
    assigned = table(
        {"person_id": "ann", "plan_id": "p", "valid_from": date(2026, 1, 1), "valid_to": date(2026, 8, 1)},
        {"person_id": "ann", "plan_id": "q", "valid_from": date(2026, 8, 1), "valid_to": None},
        {"person_id": "bob", "plan_id": "p", "valid_from": date(2026, 1, 1), "valid_to": None},
        {"person_id": "max", "plan_id": "m", "valid_from": date(2026, 1, 1), "valid_to": None},
    )
    return {"deals": sold, "people": people, "splits": splits, "plan_assignments": assigned}


def with_events(**more: Any) -> dict[str, Any]:
    """The same with what happened after the sale."""
    tables = year()
    booked = [(d, "booked", day, amount) for d, day, amount in
              zip(tables["deals"]["deal_id"], tables["deals"]["closed_on"], tables["deals"]["amount"],
                  strict=True)]  # fmt: skip
    after = [
        ("d3", "refunded", "2026-06-02", 200), ("d20", "cancelled", "2026-11-02", 0), ("d30", "refunded",
        "2026-02-01", 90), ("d99", "booked", "2026-05-05", 400), ("d2", "collected", "2026-04-10", 500),
        ("d15", "collected", "2026-05-10", 800), ("d16", "odd", "2026-05-10", 800),
    ]  # fmt: skip
    return {**tables, "events": events(*booked, *after), **more}


TARGETS = table(
    {"level": "rep", "who": "ann", "metric": "quota", "period": "2026-Q1", "value": Decimal(2500)},
    {"level": "rep", "who": "ann", "metric": "quota", "period": "2026-Q3", "value": Decimal(0)},
    {"level": "rep", "who": "bob", "metric": "quota", "period": "2026-Q3", "value": Decimal(3100)},
)
OPENING = table({"person_id": "ann", "plan_id": "p", "kind": "credit", "amount": Decimal(400),
                 "as_of": date(2026, 4, 1)})  # fmt: skip
RATES = table({"currency": "EUR", "kind": "plan", "valid_from": date(2026, 3, 1), "rate": Decimal("1.25")})


def three(**parts: Any) -> list[commission.Plan]:
    """The sellers' plan, the one some move to, and the manager's."""
    parts = {"quota": QUOTA, "credit": SPLIT, **parts}
    return [
        plan(BASE, SPIFF, **parts),
        plan(BASE, head={"id": "q"}, quota={**QUOTA, "amount": 4000}, credit=parts["credit"]),
        plan(OVER, head={"id": "m"}, credit=parts["credit"]),
    ]


def everyone(tables: dict[str, Any]) -> dict[str, Any]:
    """The tables of a company with one plan for all."""
    return {name: frame for name, frame in tables.items() if name != "plan_assignments"}


def one(component: dict[str, Any], **parts: Any) -> list[commission.Plan]:
    """One plan for all, by its first component."""
    return [plan(component, **{"quota": QUOTA, "credit": SPLIT, **parts})]


def euros() -> dict[str, Any]:
    """Deals in two currencies, some before there is a rate."""
    tables = year()
    tables["deals"]["currency"] = ["USD", "EUR"] * 18
    return {**tables, "fx_rates": RATES}


NO_AMOUNT = {"metric": "quota", "attained_by": "booked", "if_zero": "refuse"}
RAMPED = {**QUOTA, "ramp_pct": [25, 50], "ramp_per": "period", "prorate": "days"}
RELEASE = [{"event": "collected", "pct": 100, "as": "share_collected"}]
CASES: dict[str, Any] = {
    "bookings": (three(), year()),
    "monthly quotas, ramped": (one(BASE, period="month", quota=RAMPED), everyone(year())),
    "events": (three(), with_events()),
    "gates": ([plan(BASE, GATE, quota=QUOTA, credit=SPLIT)], everyone(with_events())),
    "a draw": (three(draw=MONTHLY), year()),
    "quotas missing": (three(quota=NO_AMOUNT), {**year(), "targets": TARGETS}),
    "opening credit": (three(), {**year(), "opening_balances": OPENING}),
    "the year less what was paid": (
        one({**BASE, "scope": "ytd_less_paid"}, period="month"), everyone(year())
    ),
    "pay as customers pay": (one(BASE, release=RELEASE), everyone(with_events())),
    "a cap a deal": (three(credit={**SPLIT, "cap_per_deal": 900}), with_events()),
    "two currencies": (
        one(BASE, fx={"credit": {"rates": "plan", "at": "credit_date"}}), everyone(euros())
    ),
}  # fmt: skip


def all_of(payout: commission.Payout) -> dict[str, Any]:
    """Everything a payout says."""
    frames = {name: plain_rows(getattr(payout, name)) for name in ("lines", "reconciliation", "balances")}
    loose = {name: sorted(map(repr, plain_rows(getattr(payout, name)))) for name in ("withheld", "trace")}
    return {**frames, **loose, "attained": payout.attained, "problems": list(payout.problems)}


def differing(one: dict[str, Any], two: dict[str, Any]) -> list[str]:
    """What of two payouts is not the same: all of it in full would take minutes to print."""
    return [name for name in one if one[name] != two[name]]


@pytest.mark.parametrize("case", CASES)
def test_every_period_says_on_kept_tables_what_it_says_alone(case: str) -> None:
    plans, tables = CASES[case]
    kept = Tables(tables)
    for period in PERIODS:
        assert all_of(commission.calculate(plans, kept, period)) == all_of(
            commission.calculate(plans, tables, period)
        ), period


BEFORE = ("2025-Q4", "2027-Q1", *PERIODS)  # no plan is in force in the first two
DEEP = {**OVER, "levels": "all"}
AGAIN = {"from": date(2026, 7, 1), "to": date(2027, 12, 31), "version": 2}


def of_late(**head: Any) -> list[commission.Plan]:
    """The plans of `three` with other days or versions."""
    return [
        plan(BASE, SPIFF, head=head, quota=QUOTA, credit=SPLIT),
        plan(BASE, head={"id": "q", **head}, quota={**QUOTA, "amount": 4000}, credit=SPLIT),
        plan(OVER, head={"id": "m", **head}, credit=SPLIT),
    ]


def chain() -> dict[str, Any]:
    """The year with a manager of the manager, who is on the managers' plan too."""
    tables = with_events()
    top = table({"person_id": "top", "name": "Top", "manager_id": None, "hired_on": None})
    people = pd.concat([tables["people"].replace({"manager_id": {None: "top"}}), top], ignore_index=True)
    on_m = table({"person_id": "top", "plan_id": "m", "valid_from": date(2026, 1, 1), "valid_to": None})
    assigned = pd.concat([tables["plan_assignments"], on_m], ignore_index=True)
    return {**tables, "people": people, "plan_assignments": assigned}


def managers(over: dict[str, Any], **parts: Any) -> list[commission.Plan]:
    return [*three(**parts)[:2], plan(over, head={"id": "m"}, credit=SPLIT)]


# what was calculated before on the same tables, each followed by what is asked
EARLIER: dict[str, tuple[dict[str, Any], list[tuple[list[commission.Plan], str]]]] = {
    "periods in which no plan is in force": (with_events(), [(three(), p) for p in BEFORE]),
    "the same without a table of assignments": (
        everyone(with_events()), [(one(BASE), p) for p in BEFORE]
    ),
    "a version that begins later": (
        with_events(),
        [(of_late(**AGAIN), "2026-Q1"), (of_late(**AGAIN), "2026-Q3"), (three(), "2026-Q3"),
         (of_late(to=date(2026, 5, 31)), "2026-Q2"), (of_late(**{"from": date(2026, 5, 1)}), "2026-Q2")],
    ),
    "both versions of a plan": (
        with_events(),
        [([*three(), *of_late(**{**AGAIN, "from": date(2027, 1, 1)})], "2027-Q1"),
         ([*of_late(to=date(2026, 6, 30)), *of_late(**AGAIN)], "2026-Q3"), (three(), "2026-Q3")],
    ),
    "managers who are paid over more levels": (
        chain(), [(managers(OVER), "2026-Q1"), (managers(DEEP), "2026-Q1"), (managers(OVER), "2026-Q1")]
    ),
    "other quotas of the plan": (
        with_events(), [(three(), "2026-Q3"), (three(quota={**QUOTA, "amount": 1000}), "2026-Q3")]
    ),
    "another rule of credit": (
        with_events(),
        [(three(), "2026-Q3"), (three(credit={**SPLIT, "splits": {"apply_to": "pay"}}), "2026-Q3"),
         (three(credit={**SPLIT, "where": "product == 'A'"}), "2026-Q3"),
         (three(credit={**SPLIT, "event": "collected"}, quota={**QUOTA, "attained_by": "collected"}),
          "2026-05")],
    ),
    "a quota attained by another event": (
        with_events(), [(three(), "2026-Q2"), (three(quota={**QUOTA, "attained_by": "collected"}), "2026-Q2")]
    ),
    "plans that come one by one": (with_events(), [(three()[2:], "2026-Q3"), (three(), "2026-Q3")]),
}  # fmt: skip


@pytest.mark.parametrize("case", EARLIER)
def test_what_was_calculated_before_on_the_same_tables_changes_nothing(case: str) -> None:
    tables, steps = EARLIER[case]
    kept = Tables(tables)
    for number, (plans, period) in enumerate(steps):
        found, alone = (all_of(commission.calculate(plans, given, period)) for given in (kept, tables))
        wrong = differing(found, alone)
        assert not wrong, (number, period)


EXCHANGED: dict[str, Any] = {
    "plan_assignments": lambda t: t.assign(valid_to=[date(2026, 8, 1), None, date(2026, 7, 2), None]),
    "people": lambda t: t.assign(manager_id=[None] * (len(t) - 1) + ["ann"]),
    "splits": lambda t: t.assign(person_id=["bob", "ann", "ann", "cal"]),
    "events": lambda t: t[t["kind"] == "booked"].reset_index(drop=True),
    "deals": lambda t: t.assign(owner_id=["bob"] * len(t)),
    "targets": lambda t: t.assign(value=[value / 2 for value in t["value"]]),
    "prior_lines": lambda t: t.assign(amount=[amount * 2 for amount in t["amount"]]),
    "opening_balances": lambda t: t.assign(amount=[amount * 3 for amount in t["amount"]]),
}


@pytest.mark.parametrize("name", EXCHANGED)
def test_another_table_beside_those_that_are_known_is_read(name: str) -> None:
    plans = three(quota=NO_AMOUNT, draw=MONTHLY)
    tables = with_events(targets=TARGETS, opening_balances=OPENING)
    tables["prior_lines"] = commission.calculate(plans, tables, "2026-Q1").lines.astype(object)
    kept = Tables(tables)
    before = all_of(commission.calculate(plans, kept, "2026-Q3"))
    other = EXCHANGED[name](tables[name])
    given = kept.beside(**{name: other}), {**tables, name: other}, kept
    found, alone, again = (all_of(commission.calculate(plans, each, "2026-Q3")) for each in given)
    changed, wrong, spoilt = differing(found, before), differing(found, alone), differing(again, before)
    assert changed
    assert not wrong
    assert not spoilt


def test_a_period_in_a_currency_without_a_rule_does_not_stop_the_ones_before_it() -> None:
    tables = everyone(euros())
    tables["deals"].loc[tables["deals"]["closed_on"] < date(2026, 9, 1), "currency"] = "USD"
    kept = Tables(tables)
    assert all_of(commission.calculate(one(BASE), kept, "2026-Q1")) == all_of(
        commission.calculate(one(BASE), tables, "2026-Q1")
    )
    with pytest.raises(SalesopsError, match="does not say how to convert"):
        commission.calculate(one(BASE), kept, "2026-Q4")


def test_an_amount_that_fits_nowhere_spoils_its_own_period_alone() -> None:
    tables = everyone(year())
    tables["deals"].loc[tables["deals"]["deal_id"] == "d36", "amount"] = Decimal(10) ** 17
    kept = Tables(tables)
    for period in ("2026-Q1", "2026-Q3"):
        assert all_of(commission.calculate(one(BASE), kept, period)) == all_of(
            commission.calculate(one(BASE), everyone(year()), period)
        )
    with pytest.raises(SalesopsError, match="does not fit"):
        all_of(commission.calculate(one(BASE), kept, "2026-Q4"))


def test_quotas_that_are_tried_leave_the_known_ones_as_they_are() -> None:
    tables = {**everyone(year()), "targets": TARGETS}
    plans = one(BASE, quota=NO_AMOUNT)
    kept = Tables(tables)
    before = all_of(commission.calculate(plans, kept, "2026-Q1"))
    halved = TARGETS.assign(value=[value / 2 for value in TARGETS["value"]])
    tried = commission.calculate(plans, kept.beside(targets=halved), "2026-Q1")
    assert all_of(tried) == all_of(commission.calculate(plans, {**tables, "targets": halved}, "2026-Q1"))
    assert all_of(commission.calculate(plans, kept, "2026-Q1")) == before != all_of(tried)


def test_a_study_pays_again_what_is_known() -> None:
    plans, tables = three(draw=MONTHLY), year()
    study = Study(plans[0], Tables(tables), "2026-Q1", commission.calculate(plans, Tables(tables), "2026-Q1"))
    alone = Study(plans[0], tables, "2026-Q1", commission.calculate(plans, tables, "2026-Q1"))
    for factor in (1, 2):
        found, expected = (each.what_if({"draw": {"amount": 450}}, factor) for each in (study, alone))
        assert (found.cost, plain_rows(found.people)) == (expected.cost, plain_rows(expected.people))


def test_work_that_is_stopped_leaves_nothing_behind() -> None:
    class Stopped(BaseException):
        pass

    def stopped() -> int:
        raise Stopped

    kept = Tables(year())
    with pytest.raises(Stopped):
        kept.once(("answer",), stopped)
    assert kept.once(("answer",), lambda: 42) == kept.once(("answer",), stopped) == 42


def test_what_is_kept_is_bounded() -> None:
    kept = Tables(year())
    for number in range(5):
        kept.once(("large", number), lambda number=number: number, rows=MOST_ROWS // 3)
    again = [kept.once(("large", number), lambda: "anew") for number in (2, 3, 4, 1)]
    assert again == [2, 3, 4, "anew"]
