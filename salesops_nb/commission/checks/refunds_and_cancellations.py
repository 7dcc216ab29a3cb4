"""Refunds and credit that no plan counts: each is a problem, never a silent zero."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import narwhals as nw

from salesops_nb.commission.crediting.credits import KEYS
from salesops_nb.commission.crediting.refund_limits import BEYOND
from salesops_nb.commission.inputs.events import place_of, takes_back
from salesops_nb.commission.inputs.plan_assignments import FAR
from salesops_nb.commission.inputs.tables import as_day, collected
from salesops_nb.commission.settlement.working import Working
from salesops_nb.errors import Problem, problem
from salesops_nb.messages import Message, listed

Row = dict[str, Any]
LISTED = 5  # ids that a finding over many names


def rows(payout: Working) -> list[Problem]:
    """Findings of the period in refunds, and in credit of people who are on no plan that day."""
    found = [*_refunds_outside(payout), *_beyond(payout)] if payout.facts.has_refunds else []
    return [*found, *_without_plan(payout)]


def ids(found: list[str], count: int | None = None) -> Message:
    """The first ids of so many, and how many more there are."""
    return listed(found, LISTED, count)


def in_period(payout: Working) -> nw.Expr:
    """Whether an event happened in the payout's period."""
    day, period = nw.col("happened_on"), payout.period
    return (day >= nw.lit(period.start)) & (day < nw.lit(period.end))


def _refunds_outside(payout: Working) -> list[Problem]:
    """Refunds of the period whose sale is on a day without a plan: nobody takes them back."""
    facts = payout.facts
    kinds = sorted({plan.file.credit.event for plan in payout.plans})
    covered: nw.Expr = nw.lit(False)
    for plan in payout.plans:
        first = nw.col("first_on")
        inside = (first >= nw.lit(plan.start)) & (first < nw.lit(plan.end))
        covered = covered | (inside & (nw.col("sold") == plan.file.credit.event))
    sales = facts.events.filter(nw.col("kind").is_in(kinds) & ~takes_back())
    sold = sales.group_by("deal_id", "kind").agg(first_on=nw.col("happened_on").min())
    sold = sold.rename({"kind": "sold"})
    back = facts.events.filter(takes_back() & (nw.col("kind") != "cancelled") & in_period(payout))
    met = back.select("event_id", "deal_id", "happened_on", "amount").join(sold, on="deal_id", how="inner")
    met = met.filter(nw.col("first_on") <= nw.col("happened_on"))
    lost = met.join(met.filter(covered).select("event_id"), on="event_id", how="anti")
    keys = ("event_id", "deal_id", "happened_on", "amount")
    return [
        problem(
            "outside-plan.refund",
            **place_of(facts, str(row["event_id"]), "happened_on"),
            amount=row["amount"],
            event=row["event_id"],
            day=row["happened_on"],
            back=abs(row["amount"] or 0),
            deal=row["deal_id"],
            sold_on=row["first_on"],
        )
        for row in collected(lost.group_by(*keys).agg(nw.col("first_on").min()).sort("event_id"))
    ]


def _beyond(payout: Working) -> list[Problem]:
    """Refunds of the period that take back more than was sold by their day."""
    facts = payout.facts
    found: dict[tuple[str, str], Row] = {}
    for plan in payout.plans:
        full = payout.full[plan].filter((nw.col("fault") == str(BEYOND)) & in_period(payout))
        rows = full.filter(nw.col("part") == "revenue").select("event_id", "deal_id", "happened_on", "credit")
        for row in collected(rows.sort("event_id")):
            key = row["event_id"], plan.currency
            refund = found.setdefault(key, row | {"plan": plan, "over": {}})
            refund["over"].setdefault(plan, Decimal(0))
            refund["over"][plan] -= row["credit"]
    problems = []
    for (event, currency), row in sorted(found.items()):
        over = row["over"][row["plan"]]
        sold, back = _sums_of(payout, row["deal_id"], row["plan"].file.credit.event, row["happened_on"])
        problems.append(
            problem(
                "refund-beyond-sale",
                **place_of(facts, str(event), "amount"),
                amount=over,
                event=event,
                deal=row["deal_id"],
                back=back,
                day=row["happened_on"],
                sold=sold,
                kind=row["plan"].file.credit.event,
                currency=currency,
            )
        )
    return problems


def _sums_of(payout: Working, deal: str, kind: str, until: date) -> tuple[Decimal, Decimal]:
    """What was sold of a deal, and what refunded, up to a day, as the events say it."""
    sold = back = Decimal(0)
    mine = payout.facts.events.filter((nw.col("deal_id") == deal) & (nw.col("happened_on") <= nw.lit(until)))
    for row in collected(mine.select("kind", "amount").with_columns(down=takes_back())):
        amount = abs(row["amount"] or Decimal(0))
        if row["kind"] in (kind, "refunded"):
            sold, back = (sold, back + amount) if row["down"] else (sold + amount, back)
    return sold, back


def _without_plan(payout: Working) -> list[Problem]:
    """Credit of the period for people whom no plan has on the day that counts, by the assignments."""
    tables, given = payout.tables, {plan.id for plan in payout.plans}
    if "plan_assignments" not in tables:
        return []
    spans = [
        (s.payee, s.start, s.end)
        for stays in payout.stays.values()
        for each in (stays or {}).values()
        for s in each
    ]
    spans += [  # plainly another plan's
        (
            str(r["person_id"]),
            as_day(r.get("valid_from")) or date(1900, 1, 1),
            as_day(r.get("valid_to")) or FAR,
        )
        for r in tables.rows("plan_assignments")
        if str(r["plan_id"]) not in given
    ]
    names = ("payee_id", "on_from", "on_to")
    on = tables.put(
        [dict(zip(names, span, strict=True)) for span in spans],
        dict(zip(names, (nw.String, nw.Date, nw.Date), strict=True)),
    )
    day = nw.col("counted_on")
    in_force: nw.Expr = nw.lit(False)
    for plan in payout.plans:
        in_force = in_force | ((day >= nw.lit(plan.start)) & (day < nw.lit(plan.end)))
    found = []
    for kind, plan in sorted({p.file.credit.event: p for p in reversed(payout.plans)}.items()):
        full = payout.full[plan].filter(nw.col("counts") & in_force & in_period(payout))
        full = full.filter(~nw.col("payee_id").is_null())
        covered = full.select(*KEYS, "counted_on").join(on, on="payee_id", how="inner")
        covered = covered.filter((nw.col("on_from") <= day) & (day < nw.col("on_to")))
        lost = full.join(covered.select(*KEYS), on=list(KEYS), how="anti")
        sums = lost.group_by("payee_id").agg(
            nw.len().alias("n"), nw.col("deal_id").min(), nw.col("credit").sum()
        )
        found += [
            problem(
                "credit-without-plan",
                table="plan_assignments",
                column="person_id",
                value=row["payee_id"],
                amount=row["credit"],
                n=row["n"],
                kind=kind,
                currency=plan.currency,
                deal=row["deal_id"],
            )
            for row in collected(sums.sort("payee_id"))
        ]
    return found
