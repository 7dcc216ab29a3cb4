"""Draws, their repayment, and guarantees, span by span."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import narwhals as nw

from salesops_nb.commission.earning.lines import line, of_version
from salesops_nb.commission.earning.plan_at_work import Job
from salesops_nb.commission.inputs.events import owners
from salesops_nb.commission.inputs.opening_balances import balances as opening_balances
from salesops_nb.commission.inputs.rounding import decimal_of, rounded_pay
from salesops_nb.commission.inputs.tables import as_day, collected
from salesops_nb.commission.plans.plan import Plan
from salesops_nb.commission.settlement.opening_lines import opening_lines
from salesops_nb.commission.settlement.release import released
from salesops_nb.commission.settlement.working import ComponentRows, Working

Row = dict[str, Any]
ZERO = Decimal(0)


def topped_up(payout: Working, job: Job, parts: list[ComponentRows], rows: list[Row]) -> list[Row]:
    """Draws, their repayment, and guarantees, span by span."""
    plan = job.plan
    draw, guarantee = plan.file.draw, plan.file.guarantee
    if draw is None and guarantee is None:
        return []
    people = _entitled(payout, job) | {r["payee_id"] for r in rows}
    balances = opening_balances(payout.tables, plan, "draw")
    given = [p for p in payout.plans if p.id == plan.id and p.file.draw and not p.file.draw.recoverable]
    for row in payout.prior(plan):
        free = any(of_version(p, row.get("plan_version") or 0) for p in given)  # nobody owes such a draw
        if row["kind"] in ("draw", "draw_recovery") and not free:
            balances[row["payee_id"]] += payout.in_plan(plan, row)
    found = []
    before: dict[date, dict[str, Decimal]] = {}  # what each span has paid before the period
    for payee in sorted(people):
        stays = job.people.stays_of(payee)
        if not stays:
            continue
        hired, left = job.people.careers.hired.get(payee, (None, None))
        began = max(min(s.start for s in stays), hired or date.min)
        ended = min(max(s.end for s in stays), left or date.max)
        for number, start, end in _draw_spans(payout, plan, (draw or guarantee).per, began):  # type: ignore[union-attr]
            mine = [r for r in rows if r["payee_id"] == payee and start <= r["happened_on"] < end]
            earned = sum((r["amount"] for r in mine), ZERO)
            if start < payout.period.start:
                if start not in before:
                    before[start] = _paid_before(payout, job, parts, start)
                earned += before[start].get(payee, ZERO)
            active = start < ended
            if draw is not None:
                found += _drawn(payout, plan, payee, number, start, end, earned, balances, active)
            elif guarantee is not None and active and number <= (guarantee.ends or 10**6):
                level = (
                    guarantee.amount
                    if guarantee.amount is not None
                    else _of_target(job, payee, start, end, guarantee.pct_of_target)
                )
                if earned < level:
                    found.append(
                        line(
                            plan,
                            "guarantee",
                            payee,
                            "guarantee",
                            rounded_pay(plan, level - earned),
                            payout.period.key,
                            part=start.isoformat(),
                            happened_on=end - timedelta(days=1),
                        )
                    )
    if draw is not None and draw.recoverable:
        payout.draws[plan] = dict(balances)
    return found


def _paid_before(payout: Working, job: Job, parts: list[ComponentRows], since: date) -> dict[str, Decimal]:
    """What the plan paid each person from a day up to the period, without draws and guarantees.

    By the ledger where it has lines of those days, else by the calculation (which knows no objectives and
    no adjustments of earlier periods).
    """
    plan, now = job.plan, payout.period.start
    found: dict[str, Decimal] = defaultdict(Decimal)
    ledger = [
        row
        for row in payout.prior(plan)
        if (on := as_day(row.get("happened_on"))) is not None
        and since <= on < now
        and of_version(plan, row.get("plan_version"))
    ]
    for row in ledger:
        if row["kind"] not in ("draw", "draw_recovery") and row.get("component_id") != "guarantee":
            found[row["payee_id"]] += payout.in_plan(plan, row)
    if ledger:
        return found
    earlier = payout.before(since)
    rows = opening_lines(earlier, plan)
    for part in parts:
        paid = "amount_prev" if part.conditional and part.spans[0].start < now else "amount_now"
        if plan.file.release or plan.file.clawback:
            rows += released(earlier, job, part, paid)
            continue
        day = nw.col("happened_on")
        those = part.frame.filter((day >= nw.lit(since)) & (day < nw.lit(now)))
        rows += collected(those.select("payee_id", amount=nw.col(paid)))
    for row in rows:
        found[row["payee_id"]] += row["amount"]
    return found


def _entitled(payout: Working, job: Job) -> set[str]:
    """Who gets a draw or guarantee: those assigned to the plan; without assignments every owner.

    An owner has a deal, or a share of one, that was opened or has an event before the period's end, and
    stands in `people` where that was given.
    """
    if job.people.stays is not None:
        return set(job.people.stays)
    facts, end = payout.facts, nw.lit(payout.period.end)
    deals = payout.tables.need("deals", "deal_id").with_columns(nw.col("deal_id").cast(nw.String))
    days = [n for n in ("created_on", "closed_on") if n in deals.collect_schema().names()]
    begun = [facts.events.filter(nw.col("happened_on") < end).select("deal_id")]
    begun += [deals.filter(nw.col(day).cast(nw.Date) < end).select("deal_id") for day in days]
    known = nw.concat(begun, how="vertical").unique()
    sets = [owners(facts).select("deal_id", payee_id=nw.col("owner_id"))]
    if facts.shares is not None:
        sets.append(facts.shares.select("deal_id", "payee_id"))
    found = {
        str(row["payee_id"])
        for frame in sets
        for row in collected(frame.join(known, on="deal_id", how="inner").select("payee_id").unique())
        if row["payee_id"]
    }
    return found - set(facts.unknown())


def _of_target(job: Job, payee: str, start: date, end: date, pct: Decimal | None) -> Decimal:
    """A share of the target incentive of the span that is guaranteed (a year's target, by twelfths)."""
    incentive = job.plan.file.incentive
    stay = next((s for s in job.people.stays_of(payee) if s.start < end and start < s.end), None)
    target = (
        stay.target
        if stay is not None and stay.target is not None
        else Fraction((incentive and incentive.target) or 0)
    )
    months = round((end - start).days / 30.4)
    if incentive is not None and incentive.per == "period":
        months = 12
    return decimal_of(target * Fraction(pct or 0) / 100 * Fraction(months, 12))


def _draw_spans(payout: Working, plan: Plan, per: str, began: date) -> list[tuple[int, date, date]]:
    """Spans that end in the period, counted from the person's first."""
    period = payout.period
    found = []
    if per == "week":
        number, start = 1, began
        while start < period.end:
            end = start + timedelta(days=7)
            if period.start < end <= period.end:
                found.append((number, start, end))
            number, start = number + 1, end
        return found
    kind = "month" if per == "month" else plan.file.plan.period
    for number, span in enumerate(period.calendar.between(began, period.end, kind), start=1):
        if period.start < span.end <= period.end:
            found.append((number, span.start, span.end))
    return found


def _drawn(
    payout: Working,
    plan: Plan,
    payee: str,
    number: int,
    start: date,
    end: date,
    earned: Decimal,
    balances: dict[str, Decimal],
    active: bool,
) -> list[Row]:
    draw = plan.file.draw
    assert draw is not None
    balance = balances.get(payee, ZERO)
    offered = active and number <= (draw.ends or 10**6)
    more = {"part": start.isoformat(), "happened_on": end - timedelta(days=1)}
    if offered and earned < draw.amount:
        amount = rounded_pay(plan, draw.amount - earned)
        if draw.recoverable:
            balances[payee] = balance + amount
        return [
            line(
                plan,
                "draw",
                payee,
                "draw",
                amount,
                payout.period.key,
                credit=balances.get(payee, ZERO),
                **more,
            )
        ]
    if not draw.recoverable or balance <= 0 or number < draw.recover_from:
        return []
    keep = (
        {"draw": draw.amount, "none": ZERO}.get(draw.keep_at_least, draw.keep_at_least)
        if isinstance(draw.keep_at_least, str)
        else draw.keep_at_least
    )
    free = max(ZERO, earned - (keep or ZERO))  # type: ignore[operator]
    amount = min(balance, rounded_pay(plan, Fraction(free) * Fraction(draw.recover_pct) / 100))
    if not amount:
        return []
    balances[payee] = balance - amount
    return [
        line(plan, "draw", payee, "draw_recovery", -amount, payout.period.key, credit=balances[payee], **more)
    ]
