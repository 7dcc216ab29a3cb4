"""Pay of a period that would be negative: carried to the next, paid as it stands, or topped up to nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import narwhals as nw

from salesops_nb.commission.balances.draw_spans import stays_of
from salesops_nb.commission.balances.exits import not_netted
from salesops_nb.commission.earning.lines import line
from salesops_nb.commission.inputs.opening_balances import openings
from salesops_nb.commission.inputs.tables import as_decimal, collected
from salesops_nb.commission.plans.plan import Plan
from salesops_nb.commission.settlement.working import Working

ZERO = Decimal(0)
COMPONENT = KIND = "negative_pay"
ADVANCED = ("draw", "draw_recovery", "guarantee")  # from which nothing is taken for an earlier period
Key = tuple[str, str]  # a person and the currency paid


def negative_pay(payout: Working) -> None:
    """The lines that keep a person's pay of the period from being negative, and take back what was carried.

    All that a person is paid in a currency counts together, over all plans, with corrections of closed
    periods that the ledger pays in this one; a floor is of the period's own pay, so that it forgives no
    correction: what one brings below zero is carried. The rule is that of the plan that the person is on
    last. What was carried is taken from what is paid above the draws and guarantees of the period.
    """
    owed = _carried(payout)
    if not owed and not _can_be_negative(payout):
        return
    own, corrected, free = _sums(payout)
    for key in sorted({*owed, *own, *corrected}, key=str):
        payee, currency = key
        plan = _plan_of(payout, payee)
        rule, before = plan.file.negative_pay, owed.get(key, ZERO)
        topped_up = max(-own[key], ZERO) if rule == "floor" else ZERO
        net = own[key] + topped_up + corrected[key]
        back = min(before, max(min(net - payout.assured.get(key, ZERO), free[key]), ZERO))
        back = ZERO if not_netted(payout, payee, payout.period.end) else back
        more = max(-net, ZERO) if rule in ("carry", "floor") else ZERO
        carried = before - back + more
        if topped_up:
            _add(payout, plan, key, "guarantee", topped_up, before)
        if back or more:
            _add(payout, plan, key, KIND, more - back, carried)
        if carried:
            payout.carried[plan.id, payee, currency] = carried


def _add(payout: Working, plan: Plan, key: Key, kind: str, amount: Decimal, owed: Decimal) -> None:
    payee, currency = key
    made = line(
        plan, COMPONENT, payee, kind, amount, payout.period.key, part=currency, credit=owed,
        happened_on=payout.period.last,
    )  # fmt: skip
    payout.made.append(made | {"currency": currency})


def _carried(payout: Working) -> dict[Key, Decimal]:
    """What was carried and not taken back yet: by the ledger, and by opening balances."""
    found: dict[Key, Decimal] = defaultdict(Decimal)
    for row in payout.prior_rows():
        if row["kind"] == KIND and not payout.of_period(row):
            found[str(row["payee_id"]), str(row["currency"])] += as_decimal(row["amount"]) or ZERO
    taken = set()
    for plan in payout.plans:
        for o in openings(payout.tables, plan, KIND):
            if o.row not in taken and (o.as_of or plan.start) < payout.period.end:
                taken.add(o.row)
                found[o.payee, _currency_of(payout, o.payee)] += o.amount
    return {key: amount for key, amount in found.items() if amount}


def _currency_of(payout: Working, payee: str) -> str:
    plan = _plan_of(payout, payee)
    stays = [s for s in stays_of(payout, plan, payee) if s.start < payout.period.end]
    converts = plan.file.fx is not None and plan.file.fx.pay is not None
    return (stays[-1].currency if stays and converts else None) or plan.currency


def _can_be_negative(payout: Working) -> bool:
    """Whether anything can: what comes back, pay of less than nothing, or of what may be less."""
    known = any(row["amount"] < 0 for row in payout.made) or bool(payout.facts.refunds)
    unusual = any(
        c.measure == "margin" or plan.file.credit.base == "margin" or _below_zero(c.model_dump())
        for plan in payout.plans
        for c in plan.components
    )
    return known or payout.facts.has_refunds or unusual or any(_paid_now(payout))


def _below_zero(value: Any) -> bool:
    """Whether a number of the component is negative."""
    if isinstance(value, dict):
        return any(_below_zero(each) for each in value.values())
    if isinstance(value, list | tuple):
        return any(_below_zero(each) for each in value)
    return isinstance(value, Decimal) and value < 0


def _paid_now(payout: Working) -> Iterable[tuple[Key, str, Decimal]]:
    """Corrections of closed periods that the ledger pays in this one."""
    for row in payout.prior_rows():
        if row.get("period") == payout.period.key and not payout.of_period(row):
            key = str(row["payee_id"]), str(row["currency"])
            yield key, str(row["kind"]), as_decimal(row["amount"]) or ZERO


def _sums(payout: Working) -> tuple[dict[Key, Decimal], ...]:
    """What each person is paid by currency: for the period itself, in corrections of closed ones, and of
    both without draws and guarantees.
    """
    own: dict[Key, Decimal] = defaultdict(Decimal)
    corrected: dict[Key, Decimal] = defaultdict(Decimal)
    free: dict[Key, Decimal] = defaultdict(Decimal)
    rows = [((row["payee_id"], row["currency"]), row["kind"], row["amount"]) for row in payout.made]
    for frame in payout.lazy:
        paid = frame.group_by("payee_id", "currency").agg(nw.col("amount").sum())
        rows += [((r["payee_id"], r["currency"]), "commission", r["amount"]) for r in collected(paid)]
    for sums, each in ((own, rows), (corrected, _paid_now(payout))):
        for key, kind, amount in each:
            sums[key] += amount
            free[key] += ZERO if kind in ADVANCED else amount
    return own, corrected, free


def _plan_of(payout: Working, payee: str) -> Plan:
    """The plan whose rule holds: that of the person's last stay, else the last with a line of theirs."""
    until = payout.period.end
    stays = [(s.start, p.start, i) for i, p in enumerate(payout.plans)
             for s in stays_of(payout, p, payee) if s.start < until]  # fmt: skip
    if stays:
        return payout.plans[max(stays)[-1]]
    lines = [row["plan_id"] for row in payout.made if row["payee_id"] == payee]
    return next((p for p in reversed(payout.plans) if p.id in lines), payout.plans[-1])
