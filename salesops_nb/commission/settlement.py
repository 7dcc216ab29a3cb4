"""After the rates: release, clawback, limits of a period, draw, guarantee and conversion, person by person."""

from __future__ import annotations

import calendar as days
from collections import defaultdict
from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import narwhals as nw

from salesops_nb import money
from salesops_nb.commission.credits import decimal_of
from salesops_nb.commission.earned import Job, target_of
from salesops_nb.commission.frames import as_day, as_decimal, collected
from salesops_nb.commission.lines import SCHEMA, kind_of, line, payable, selected
from salesops_nb.commission.plan import Plan
from salesops_nb.commission.rates import Rates
from salesops_nb.commission.schema import Component
from salesops_nb.commission.spans import Span
from salesops_nb.errors import Problem, SalesopsError

if TYPE_CHECKING:
    from salesops_nb.commission.payout import ComponentRows, Payout

Row = dict[str, Any]
ZERO = Decimal(0)


def settle(payout: Payout, job: Job, parts: list[ComponentRows], pay_date: date) -> None:
    """The plan's lines of the period: lazily where each credit's line is final, else worked by person."""
    plan, file = job.plan, job.plan.file
    own = [row for row in payout.made if row["plan_id"] == plan.id and row["plan_version"] == plan.version]
    by_person = bool(
        file.release
        or file.clawback
        or file.draw
        or file.guarantee
        or (file.fx and file.fx.pay)
        or _ytd(parts)
    )
    extra = [row for part in parts for row in _period_limits(payout, job, part)]
    if not by_person:
        for part in parts:
            payout.lazy.append(all_lines(payout, part))
        payout.made += extra
        return
    rows = [*own, *extra]
    payout.made = [row for row in payout.made if row not in own]
    for part in parts:
        if file.release or file.clawback:
            rows += _released(payout, job, part)
        else:
            made = collected(all_lines(payout, part))
            payout.zeros += [r for r in made if not r["amount"]]
            rows += [r for r in made if r["amount"]]
        rows += _year_to_date(payout, job, part)
    rows += _topped_up(payout, job, rows)
    payout.made += _converted(payout, job, rows, pay_date)


def all_lines(payout: Payout, part: ComponentRows) -> nw.LazyFrame[Any]:
    """The component's rows of the period as lines, those of zero too."""
    period = payout.period
    late = part.spans[0].start < period.start and part.conditional
    if part.c.scope == "ytd_less_paid":
        late = False
    return selected(
        part.plan,
        part.c,
        part.frame,
        period.start,
        period.key,
        payout.facts.has_refunds,
        payout.facts.has_overlay,
        late,
    )


def _ytd(parts: Iterable[ComponentRows]) -> bool:
    return any(part.c.scope == "ytd_less_paid" for part in parts)


def _round(plan: Plan, amount: Decimal | Fraction, currency: str | None = None) -> Decimal:
    exact = decimal_of(amount) if isinstance(amount, Fraction) else amount
    if currency is not None and currency != plan.currency:
        return money.rounded(exact, currency, plan.file.rounding.mode)
    return exact.quantize(Decimal(1).scaleb(-plan.places), money.ROUNDING[plan.file.rounding.mode])


def prior(payout: Payout, plan: Plan) -> list[Row]:
    """Earlier lines of the plan in the ledger handed in (any version of it, never of this period)."""
    key = payout.period.key
    return [r for r in payout.prior_rows() if r.get("plan_id") == plan.id and r.get("period") != key]


def opening(payout: Payout, plan: Plan, kind: str) -> dict[str, Decimal]:
    """Opening balances of a kind by person."""
    found: dict[str, Decimal] = defaultdict(Decimal)
    for row in payout.tables.rows("opening_balances"):
        if row.get("kind") == kind and row.get("plan_id") in (None, plan.id):
            found[str(row["person_id"])] += as_decimal(row["amount"]) or ZERO
    return found


# -- release and clawback ----------------------------------------------------------------------


def _released(payout: Payout, job: Job, part: ComponentRows) -> list[Row]:
    """What was earned, as it becomes payable by the plan's events, less what a cancelled deal takes back."""
    plan, period = job.plan, payout.period
    names = part.frame.collect_schema().names()
    columns = [
        "payee_id",
        "deal_id",
        "event_id",
        "part",
        "happened_on",
        "counted_on",
        "x",
        "raw",
        "amount_now",
        "factor_now",
    ]
    columns += [n for n in ("negative", "x_before") if n in names]
    events = payout.deal_events()
    found: list[Row] = []
    for row in collected(part.frame.select(*columns)):
        steps = _steps(payout, plan, row, events.get(row["deal_id"], []))
        cancelled = _cancelled(plan, row, events.get(row["deal_id"], []))
        paid_before_cancel = ZERO
        total = row["amount_now"]
        told, out, number = Fraction(0), ZERO, 0
        source = f"{plan.id}.{plan.version}/{part.c.id}/{row['payee_id']}/{row['event_id']}/earned"
        for due, share, _cause, event in steps:
            number += 1
            told += share
            amount = total - out if told >= 1 else _round(plan, Fraction(total) * share)
            out += amount
            if (
                cancelled
                and due >= cancelled[0]
                and plan.file.clawback
                and plan.file.clawback.unpaid == "cancel"
                and due > row["happened_on"]
            ):
                payout.hold(row, part, amount, "the deal was cancelled before this part was due")
                continue
            if cancelled and due <= cancelled[0]:
                paid_before_cancel += amount
            if period.start <= due < period.end:
                kind = kind_of(part.c) if event == row["event_id"] else "release"
                if row.get("negative"):
                    kind = "refund"
                made = line(
                    plan,
                    part.c.id,
                    row["payee_id"],
                    kind,
                    amount,
                    period.key,
                    part=None if number == 1 else number,
                )
                made |= {
                    "deal_id": row["deal_id"],
                    "event_id": row["event_id"],
                    "credit": row["x"],
                    "before": row.get("x_before") or ZERO,
                    "factor": row["factor_now"],
                    "source_line_id": None if kind == kind_of(part.c) else source,
                    "happened_on": due,
                }
                made["line_id"] += "/overlay" if row["part"] == "overlay" else ""
                (found if amount else payout.zeros).append(made)
        rest = total - out
        if rest:
            payout.hold(row, part, rest, _waiting(plan))
        if cancelled:
            found += _clawed(payout, plan, part, row, cancelled, paid_before_cancel, source)
    return found


def _waiting(plan: Plan) -> str:
    words = {"collected": "not collected yet", "invoiced": "not invoiced yet", "booked": "not booked yet"}
    names = [words.get(r.event, f"held until {r.event.replace('_', ' ')}") for r in plan.file.release or ()]
    later = [n for n in names if n != words.get(plan.file.credit.event)]
    return (later or ["an instalment is not due yet"])[-1]


def _steps(payout: Payout, plan: Plan, row: Row, events: list[Row]) -> list[tuple[date, Fraction, str, str]]:
    """Parts of a credit's pay known so far: day due, share of the whole, cause and event; in order."""
    start: date = row["happened_on"]
    if plan.file.release is None:
        return [(start, Fraction(1), "credit", row["event_id"])]
    whole = sum(
        (Fraction(e["amount"] or 0) for e in events if e["kind"] == plan.file.credit.event), Fraction(0)
    )
    found: list[tuple[date, Fraction, str, str]] = []
    for r in plan.file.release:
        share = Fraction(r.pct) / 100
        if r.as_ != "whole":
            kind = r.as_.removeprefix("share_")
            left = Fraction(1)
            for event in [e for e in events if e["kind"] == kind]:
                piece = min(left, Fraction(event["amount"] or 0) / whole) if whole else Fraction(0)
                left -= piece
                if piece:
                    found.append((max(start, event["happened_on"]), share * piece, kind, event["event_id"]))
            continue
        due = _due(payout, plan, r.event, row, events)
        if due is not None:
            when, event_id = due
            when = _months_later(when, r.after_months) if r.after_months else when
            found.append(
                (when, share, r.event, event_id if not r.after_months else f"{event_id}+{r.after_months}")
            )
    found.sort(key=lambda step: (step[0], step[3] != row["event_id"], step[3]))
    return [step for step in found if step[0] < payout.period.end]


def _due(payout: Payout, plan: Plan, event: str, row: Row, events: list[Row]) -> tuple[date, str] | None:
    start: date = row["happened_on"]
    if event == plan.file.credit.event:
        return start, row["event_id"]
    if event.endswith("_end"):
        kind = {"quarter_end": "quarter", "year_end": "year"}.get(event, plan.file.plan.period)
        return payout.period.calendar.containing(start, kind).last, event  # type: ignore[arg-type]
    first = next((e for e in events if e["kind"] == event), None)
    return (max(start, first["happened_on"]), first["event_id"]) if first else None


def _months_later(day: date, months: int) -> date:
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    return date(year, month + 1, min(day.day, days.monthrange(year, month + 1)[1]))


def _months_between(start: date, end: date) -> int:
    """Complete months from one day to another."""
    months = (end.year - start.year) * 12 + end.month - start.month
    while months > 0 and _months_later(start, months) > end:
        months -= 1
    return max(0, months)


def _cancelled(plan: Plan, row: Row, events: list[Row]) -> tuple[date, str] | None:
    """The first cancellation after the credit, if the plan's window still holds it."""
    if plan.file.clawback is None:
        return None
    first = next(
        (e for e in events if e["kind"] == "cancelled" and e["happened_on"] >= row["counted_on"]), None
    )
    if first is None:
        return None
    window = plan.file.clawback.months
    if window is not None and first["happened_on"] >= _months_later(row["counted_on"], window):
        return None
    return first["happened_on"], first["event_id"]


def _clawed(
    payout: Payout,
    plan: Plan,
    part: ComponentRows,
    row: Row,
    cancelled: tuple[date, str],
    paid: Decimal,
    source: str,
) -> list[Row]:
    rule, (day, event) = plan.file.clawback, cancelled
    assert rule is not None
    if not payout.period.start <= day < payout.period.end:
        return []
    ledger = [
        r["amount"]
        for r in prior(payout, plan)
        if r.get("payee_id") == row["payee_id"]
        and r.get("component_id") == part.c.id
        and r.get("event_id") == row["event_id"]
    ]
    if ledger:
        inside = payout.period.start <= row["happened_on"] < payout.period.end
        paid = sum((as_decimal(a) or ZERO for a in ledger), paid if inside else ZERO)
    share = _share_back(payout, plan, row, day)
    amount = -_round(plan, Fraction(paid) * share)
    if not amount:
        return []
    made = line(plan, part.c.id, row["payee_id"], "clawback", amount, payout.period.key)
    made |= {
        "deal_id": row["deal_id"],
        "event_id": event,
        "credit": -row["x"],
        "factor": decimal_of(share),
        "source_line_id": source,
        "happened_on": day,
    }
    made["line_id"] += f"/{row['event_id']}" + ("/overlay" if row["part"] == "overlay" else "")
    return [made]


def _share_back(payout: Payout, plan: Plan, row: Row, day: date) -> Fraction:
    rule = plan.file.clawback
    assert rule is not None
    served = _months_between(row["counted_on"], day)
    if rule.method == "full":
        return Fraction(1)
    if rule.method == "share":
        return Fraction(rule.pct or 0) / 100
    if rule.method == "declining":
        assert rule.months is not None
        return max(Fraction(0), Fraction(rule.months - served, rule.months))
    term = payout.terms().get(row["deal_id"])
    if not term:
        payout.found.append(
            Problem(
                "missing-term",
                f"Deal {row['deal_id']} was cancelled and has no term_months, so its unserved share is not known; all of it is taken back.",
                "Add term_months to deals.",
                table="deals",
                column="term_months",
                value=row["deal_id"],
            )
        )
        return Fraction(1)
    return max(Fraction(0), Fraction(term - served, term))


# -- limits of a period, year to date, scorecards -----------------------------------------------


def _period_limits(payout: Payout, job: Job, part: ComponentRows) -> list[Row]:
    """Top-ups to a floor and pay carried over a cap, once the span has ended."""
    limit = next((limit for limit in part.c.limit_list if limit.per == "period"), None)
    if limit is None or (limit.floor is None and limit.excess != "carry"):
        return []
    found: list[Row] = []
    plan, period = job.plan, payout.period
    ended = {i: s for i, s in enumerate(part.spans) if period.start < s.end <= period.end}
    if not ended:
        return []
    free = "free" if "free" in part.frame.collect_schema().names() else "raw"
    sums = collected(
        part.frame.filter(nw.col("span").is_in(list(ended)))
        .group_by("payee_id", "span")
        .agg(nw.col("amount_now").sum().alias("paid"), nw.col(free).sum().alias("raw"))
    )
    totals = {(r["payee_id"], r["span"]): (r["paid"], r["raw"]) for r in sums}
    held = opening(payout, plan, "carry")
    for row in prior(payout, plan):
        if row["kind"] == "carry" and row.get("component_id") == part.c.id:
            held[row["payee_id"]] += as_decimal(row["credit"]) or ZERO
    people = set(job.people.stays or ()) or {k[0] for k in totals} | {
        p for p, amount in held.items() if amount
    }
    for payee in sorted(people):
        for i, span in ended.items():
            if not any(s.start < span.end and span.start < s.end for s in job.people.stays_of(payee)):
                continue
            paid, raw = totals.get((payee, i), (ZERO, ZERO))
            found += _limited(payout, part, payee, span, paid, _round(plan, raw), held)
    return found


def _limited(
    payout: Payout,
    part: ComponentRows,
    payee: str,
    span: Span,
    paid: Decimal,
    raw: Decimal,
    held: dict[str, Decimal],
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
                _round(plan, limit.floor - paid),
                payout.period.key,
                **more,
            )
        )
    if limit.excess == "carry" and limit.cap is not None:
        over = max(ZERO, raw - limit.cap)
        used = min(held.get(payee, ZERO), max(ZERO, limit.cap - paid))
        change = over - used
        if change:
            held[payee] = held.get(payee, ZERO) + change
            found.append(
                line(plan, part.c.id, payee, "carry", used, payout.period.key, credit=change, **more)
            )
    return found


def _year_to_date(payout: Payout, job: Job, part: ComponentRows) -> list[Row]:
    """What the year to date earns before this period, less what was paid of it: one line a person."""
    if part.c.scope != "ytd_less_paid":
        return []
    plan, period = job.plan, payout.period
    last = len(part.spans) - 1
    early = part.frame.filter((nw.col("span") == last) & (nw.col("happened_on") < nw.lit(period.start)))
    earned = {
        r["payee_id"]: r["amount_now"]
        for r in collected(early.group_by("payee_id").agg(nw.col("amount_now").sum()))
    }
    paid: dict[str, Decimal] = defaultdict(Decimal)
    start = part.spans[last].start
    for row in prior(payout, plan):
        day = as_day(row.get("happened_on"))
        if (
            row.get("component_id") == part.c.id
            and row["kind"] not in ("draw", "draw_recovery")
            and (day is None or start <= day < period.start)
        ):
            paid[row["payee_id"]] += as_decimal(row["amount"]) or ZERO
    found = []
    for payee in sorted({*earned, *paid}):
        gap = _round(plan, earned.get(payee, ZERO) - paid[payee])
        if gap:
            found.append(line(plan, part.c.id, payee, "adjustment", gap, period.key, happened_on=period.last))
    return found


def scorecard(payout: Payout, job: Job, c: Component) -> None:
    """A line for each objective: target × weight × achievement."""
    plan, period = job.plan, payout.period
    scores: dict[tuple[str, str], Fraction] = {}
    spans = [
        p
        for p in period.calendar.between(
            max(plan.start, period.start), min(plan.end, period.end), plan.file.plan.period
        )
        if p.end <= period.end
    ]
    for span in spans:
        for row in payout.tables.rows("scores"):
            value = as_decimal(row["achievement_pct"])
            if str(row["period"]) == span.key and value is not None:
                scores[str(row["person_id"]), str(row["objective"])] = Fraction(value)
        for payee in sorted(job.people.stays if job.people.stays is not None else {p for p, _ in scores}):
            standing = job.people.standing(payee, Span(span.key, span.start, span.end, (span,)))
            target = target_of(c, standing.target)
            for o in c.objectives or ():
                got = scores.get((payee, o.id))
                if got is None:
                    payout.withheld_rows.append(_why(plan, c.id, payee, "not scored yet", objective=o.id))
                    continue
                got = min(got, Fraction(o.cap_pct)) if o.cap_pct is not None else got
                got = Fraction(0) if o.threshold_pct is not None and got < o.threshold_pct else got
                amount = _round(plan, target * Fraction(o.weight_pct) * got / 10000)
                if amount:
                    points = decimal_of(Fraction(o.weight_pct) * got / 100)
                    payout.made.append(
                        line(
                            plan,
                            c.id,
                            payee,
                            "mbo",
                            amount,
                            period.key,
                            part=f"{o.id}/{span.key}",
                            credit=points,
                            factor=decimal_of(got / 100),
                            happened_on=span.last,
                        )
                    )
                else:
                    payout.withheld_rows.append(
                        _why(plan, c.id, payee, "the objective was not met", objective=o.id)
                    )
        scores.clear()


def _why(plan: Plan, component: str, payee: str, reason: str, **more: Any) -> Row:
    objective = more.get("objective")
    return {
        "payee_id": payee,
        "deal_id": None,
        "event_id": None,
        "plan_id": plan.id,
        "component_id": component,
        "reason": reason if objective is None else f"{objective}: {reason}",
        "credit": ZERO,
        "amount": ZERO,
    }


# -- draw, guarantee, conversion ----------------------------------------------------------------


def _topped_up(payout: Payout, job: Job, rows: list[Row]) -> list[Row]:
    """Draws, their repayment, and guarantees, span by span."""
    plan = job.plan
    draw, guarantee = plan.file.draw, plan.file.guarantee
    if draw is None and guarantee is None:
        return []
    people = set(job.people.stays or ()) | {r["payee_id"] for r in rows}
    balances = opening(payout, plan, "draw")
    for row in prior(payout, plan):
        if row["kind"] in ("draw", "draw_recovery"):
            balances[row["payee_id"]] += as_decimal(row["amount"]) or ZERO
    found = []
    for payee in sorted(people):
        stays = job.people.stays_of(payee)
        if not stays:
            continue
        began = max(
            min(s.start for s in stays), (job.people.hired.get(payee) or (None,))[0] or date(1900, 1, 1)
        )
        ended = max(s.end for s in stays)
        for number, start, end in _draw_spans(payout, plan, (draw or guarantee).per, began):  # type: ignore[union-attr]
            mine = [r for r in rows if r["payee_id"] == payee and start <= r["happened_on"] < end]
            earned = sum((r["amount"] for r in mine), ZERO)
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
                            _round(plan, level - earned),
                            payout.period.key,
                            part=start.isoformat(),
                            happened_on=end - timedelta(days=1),
                        )
                    )
    if draw is not None and draw.recoverable:
        payout.draws[plan] = dict(balances)
    return found


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


def _draw_spans(payout: Payout, plan: Plan, per: str, began: date) -> list[tuple[int, date, date]]:
    """Spans that end in the period, counted from the person's first."""
    period = payout.period
    found = []
    if per == "week":
        number, start = 1, began
        while start < min(period.end, plan.end):
            end = start + timedelta(days=7)
            if period.start < end <= period.end:
                found.append((number, start, end))
            number, start = number + 1, end
        return found
    kind = "month" if per == "month" else plan.file.plan.period
    for number, span in enumerate(period.calendar.between(began, min(period.end, plan.end), kind), start=1):
        if period.start < span.end <= period.end:
            found.append((number, span.start, span.end))
    return found


def _drawn(
    payout: Payout,
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
        amount = _round(plan, draw.amount - earned)
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
    amount = min(balance, _round(plan, Fraction(free) * Fraction(draw.recover_pct) / 100))
    if not amount:
        return []
    balances[payee] = balance - amount
    return [
        line(plan, "draw", payee, "draw_recovery", -amount, payout.period.key, credit=balances[payee], **more)
    ]


def _converted(payout: Payout, job: Job, rows: list[Row], pay_date: date) -> list[Row]:
    """Pay in each person's own currency, where the plan says by which rates."""
    plan = job.plan
    if plan.file.fx is None or plan.file.fx.pay is None:
        return rows
    rates = Rates(payout.tables, plan.file.fx.pay.rates)
    per_step = plan.file.rounding.at == "each_step"
    found, missing = [], set()
    for row in rows:
        stay = next((s for s in job.people.stays_of(row["payee_id"]) if s.currency), None)
        target = (stay.currency if stay else None) or plan.currency
        day = pay_date if plan.file.fx.pay.at == "pay_date" else row["happened_on"]
        rate = rates.on(day, plan.currency, target)
        if rate is None:
            if target not in missing:
                missing.add(target)
                payout.found.append(
                    Problem(
                        "missing-rate",
                        f"There is no {rates.kind} rate from {plan.currency} to {target} on {day}; lines of {row['payee_id']} wait for it.",
                        f"Add {target} to fx_rates (kind {rates.kind}).",
                        table="fx_rates",
                        column="rate",
                        value=target,
                        amount=row["amount"],
                    )
                )
            payout.withheld_rows.append(
                {
                    k: row.get(k)
                    for k in (
                        "payee_id",
                        "deal_id",
                        "event_id",
                        "plan_id",
                        "component_id",
                        "credit",
                        "amount",
                    )
                }
                | {"reason": f"no rate from {plan.currency} to {target}"}
            )
            continue
        single = (
            row["kind"] not in ("draw", "draw_recovery")
            and not per_step
            and not plan.file.release
            and row["raw"]
        )
        exact = (
            row["raw"]
            if single and abs(row["raw"] - row["amount"]) < Decimal(1).scaleb(-plan.places)
            else row["amount"]
        )
        found.append(row | {"amount": _round(plan, Fraction(exact) * rate, target), "currency": target})
    return found


def adjustments(payout: Payout) -> None:
    """Manual adjustments of the period: lines with a reason, an author and an approver, or a problem."""
    for number, row in enumerate(payout.tables.rows("adjustments"), start=2):
        day = as_day(row.get("happened_on"))
        if day is None or day not in payout.period:
            continue
        missing = [n for n in ("reason", "author", "approver") if not str(row.get(n) or "").strip()]
        amount, currency = (
            as_decimal(row.get("amount")),
            row.get("currency") or (payout.plans[0].currency if payout.plans else None),
        )
        why = (
            f"has no {', no '.join(missing)}"
            if missing
            else "is approved by its author"
            if row["author"] == row["approver"]
            else None
        )
        why = why or (
            "is approved by the person who gains by it" if row["approver"] == row["payee_id"] else None
        )
        why = why or ("has no amount" if amount is None else None)
        if why:
            payout.found.append(
                Problem(
                    "bad-adjustment",
                    f"Adjustment {row.get('adjustment_id')} of {amount} for {row.get('payee_id')} {why}; it is set aside.",
                    "Give reason, author and another person as approver.",
                    table="adjustments",
                    row=number,
                    value=str(row.get("adjustment_id")),
                    amount=amount,
                )
            )
            continue
        assert amount is not None
        made = line(
            None,
            str(row.get("component_id") or "adjustment"),
            str(row["payee_id"]),
            "adjustment",
            money.rounded(amount, str(currency)),
            payout.period.key,
            part=row.get("adjustment_id"),
        )
        made |= {
            "currency": currency,
            "happened_on": day,
            "plan_id": row.get("plan_id"),
            "source_line_id": row.get("source_line_id"),
            "deal_id": row.get("deal_id"),
        }
        payout.made.append(made)
        payout.reasons[made["line_id"]] = (
            f"{row['reason']} (entered by {row['author']}, approved by {row['approver']})"
        )


__all__ = ["SCHEMA", "SalesopsError", "adjustments", "all_lines", "payable", "scorecard", "settle"]
