"""Limits of a whole period (floors, pay carried over a cap) and the year to date less what was paid."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import narwhals as nw

from salesops_nb.commission.earning.lines import line, of_version
from salesops_nb.commission.earning.plan_at_work import Job
from salesops_nb.commission.inputs.opening_balances import balances
from salesops_nb.commission.inputs.quotas import Span
from salesops_nb.commission.inputs.rounding import rounded_pay
from salesops_nb.commission.inputs.tables import as_day, as_decimal, collected
from salesops_nb.commission.settlement.release import released
from salesops_nb.commission.settlement.working import ComponentRows, Working

Row = dict[str, Any]
ZERO = Decimal(0)


def period_limits(payout: Working, job: Job, part: ComponentRows) -> list[Row]:
    """Top-ups to a floor and pay carried over a cap, once the span has ended."""
    limit = next((limit for limit in part.c.limit_list if limit.per == "period"), None)
    if limit is None or (limit.floor is None and limit.excess != "carry"):
        return []
    found: list[Row] = []
    plan, period = job.plan, payout.period
    # a span that goes on under a later version of the plan is settled by that one
    ended = {
        i: s for i, s in enumerate(part.spans) if period.start < s.end <= period.end and s.end <= plan.end
    }
    if not ended:
        return []
    totals: dict[tuple[str, int], tuple[Decimal, Decimal]] = {}
    for one in _versions(payout, part):
        for i, span in ended.items():
            for row in _sums(one, span):
                paid, raw = totals.get((row["payee_id"], i), (ZERO, ZERO))
                totals[row["payee_id"], i] = paid + row["paid"], raw + row["raw"]
    carried = balances(payout.tables, plan, "carry", part.c.id)
    for row in payout.prior(plan):
        if row["kind"] == "carry" and row.get("component_id") == part.c.id:
            carried[row["payee_id"]] += as_decimal(row["credit"]) or ZERO
    people = set(job.people.stays or ()) or {k[0] for k in totals} | {
        p for p, amount in carried.items() if amount
    }
    for payee in sorted(people):
        for i, span in ended.items():
            if not any(s.start < span.end and span.start < s.end for s in job.people.stays_of(payee)):
                continue
            paid, raw = totals.get((payee, i), (ZERO, ZERO))
            found += _limited(payout, part, payee, span, paid, rounded_pay(plan, raw), carried)
    return found


def _versions(payout: Working, part: ComponentRows) -> list[ComponentRows]:
    """The component in all versions of the plan; those that share no span have no credit in it."""
    if part.whole is part.frame:
        return [part]
    return [r for r in payout.components if r.plan.id == part.plan.id and r.c.id == part.c.id]


def _sums(part: ComponentRows, span: Span) -> list[Row]:
    """What each person's credits of a span were paid, and what they would be without the cap."""
    day = nw.col("counted_on")
    free = "free" if "free" in part.frame.collect_schema().names() else "raw"
    those = part.frame.filter((day >= nw.lit(span.start)) & (day < nw.lit(span.end)))
    return collected(
        those.group_by("payee_id").agg(
            nw.col("amount_now").sum().alias("paid"), nw.col(free).sum().alias("raw")
        )
    )


def _limited(
    payout: Working,
    part: ComponentRows,
    payee: str,
    span: Span,
    paid: Decimal,
    raw: Decimal,
    carried: dict[str, Decimal],
) -> list[Row]:
    plan, limit = part.plan, next(limit for limit in part.c.limit_list if limit.per == "period")
    more = {
        "part": span.key if span.key != payout.period.key else None,
        "happened_on": span.end - timedelta(days=1),
    }
    found = []
    if limit.floor is not None and paid < limit.floor:
        found.append(
            line(
                plan,
                part.c.id,
                payee,
                "guarantee",
                rounded_pay(plan, limit.floor - paid),
                payout.period.key,
                **more,
            )
        )
    if limit.excess == "carry" and limit.cap is not None:
        over = max(ZERO, raw - limit.cap)
        used = min(carried.get(payee, ZERO), max(ZERO, limit.cap - paid))
        change = over - used
        if change:
            carried[payee] = carried.get(payee, ZERO) + change
            found.append(
                line(plan, part.c.id, payee, "carry", used, payout.period.key, credit=change, **more)
            )
    return found


def year_to_date(payout: Working, job: Job, part: ComponentRows) -> list[Row]:
    """What the year to date earns before this period, less what was paid of it: one line a person."""
    if part.c.scope != "ytd_less_paid":
        return []
    plan, period = job.plan, payout.period
    start = part.spans[-1].start
    if part.spans[-1].end <= period.start:
        return []  # that year is settled; a refund of it has a line of its own
    earned = _payable_before(payout, job, part, start)
    paid: dict[str, Decimal] = defaultdict(Decimal)
    for row in payout.prior(plan):
        on = as_day(row.get("happened_on"))
        if (
            row.get("component_id") == part.c.id
            and row["kind"] not in ("draw", "draw_recovery")
            and of_version(plan, row.get("plan_version"))
            and (on is None or start <= on < period.start)
            and not str(row.get("origin") or "").startswith("manual:")  # what is entered by hand stays paid
        ):
            paid[row["payee_id"]] += payout.in_plan(plan, row)
    found = []
    for payee in sorted({*earned, *paid}):
        gap = rounded_pay(plan, earned.get(payee, ZERO) - paid[payee])
        if gap:
            found.append(line(plan, part.c.id, payee, "adjustment", gap, period.key, happened_on=period.last))
    return found


def _payable_before(payout: Working, job: Job, part: ComponentRows, since: date) -> dict[str, Decimal]:
    """What of the component was payable by person from a day up to the period, by today's calculation.

    With a release or clawback that is what was released by then, less what cancellations took back; the
    ledger has no say in it. A refund of an earlier year's sale counts by its own day, as it does in the
    ledger.
    """
    file = part.plan.file
    if file.release or file.clawback:
        earlier = payout.before(since)
        earlier.cache["prior"] = []
        rows = released(earlier, job, part)
    else:
        day = nw.col("happened_on")
        early = part.frame.filter((day >= nw.lit(since)) & (day < nw.lit(payout.period.start)))
        rows = collected(early.group_by("payee_id").agg(amount=nw.col("amount_now").sum()))
    found: dict[str, Decimal] = defaultdict(Decimal)
    for row in rows:
        found[row["payee_id"]] += row["amount"]
    return found
