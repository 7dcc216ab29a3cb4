"""What was earned, as it becomes payable by the plan's events: holdbacks, instalments, pay as
customers pay.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from salesops_nb.commission.crediting.refund_pieces import event_of, sale_of
from salesops_nb.commission.earning.lines import line
from salesops_nb.commission.earning.plan_at_work import Job
from salesops_nb.commission.inputs.rounding import rounded_pay
from salesops_nb.commission.inputs.tables import collected
from salesops_nb.commission.plans.component_terms import kind_of, scope_of
from salesops_nb.commission.plans.plan import Plan
from salesops_nb.commission.plans.schema_payment import Release
from salesops_nb.commission.settlement.clawback import Cancelled, cancelled, clawed_back, earned_id
from salesops_nb.commission.settlement.collected_share import moves, settled
from salesops_nb.commission.settlement.working import ComponentRows, Working
from salesops_nb.core.periods import months_later
from salesops_nb.messages import Figure, Message, message

Row = dict[str, Any]
ZERO = Decimal(0)


@dataclass(frozen=True)
class Step:
    """A part of a credit's pay that is known: the day it is due, its share of the whole, what releases it.

    `event` is empty where the credit's own event does; `rule` is the place of the plan's rule.
    """

    due: date
    share: Fraction
    event: str | None
    rule: int = 1


def released(payout: Working, job: Job, part: ComponentRows, amount: str = "amount_now") -> list[Row]:
    """What was earned, as it becomes payable by the plan's events, less what a cancelled deal takes back.

    `amount` is the column of what was earned. Where a condition on attainment came true, or no longer
    holds, what was payable before the period is made up for in it.
    """
    names = part.frame.collect_schema().names()
    columns = ["payee_id", "deal_id", "event_id", "part", "happened_on", "counted_on", "x", "raw"]
    columns += ["amount_now", "amount_prev", "factor_now"]
    columns += [n for n in ("negative", "x_before", "sale") if n in names]
    first = part.spans[0].start
    late = part.conditional and first < payout.period.start and scope_of(part.c) != "ytd_less_paid"
    earlier = payout.before(first) if late and amount == "amount_now" else None
    found: list[Row] = []
    for row in _with_standing(collected(part.frame.select(*columns))):
        payout.credited.add((job.plan, row["payee_id"], row["deal_id"]))
        caught: list[Row] = []
        if earlier is not None and row["amount_now"] != row["amount_prev"]:
            earlier.cache["prior"] = []
            caught = _caught_up(payout, earlier, part, row)
        paid = sum((each["amount"] for each in caught if each["kind"] != "clawback"), ZERO)
        as_earned = row | ({} if amount == "amount_now" else _as_then(row))
        found += [*caught, *_of_row(payout, part, as_earned, paid)]
    return found


def _with_standing(rows: list[Row]) -> list[Row]:
    """The credits, each refund with what its sale paid its person before it."""
    if not any(row.get("negative") for row in rows):
        return rows
    stands: dict[Any, tuple[Decimal, Decimal]] = {}
    for row in sorted(rows, key=lambda r: (r["happened_on"], bool(r.get("negative")), r["event_id"])):
        key = row["payee_id"], row["deal_id"], row["part"], row.get("sale")
        now, prev = stands.get(key, (ZERO, ZERO))
        stands[key] = now + row["amount_now"], prev + row["amount_prev"]
        if row.get("negative"):
            row["stood_now"], row["stood_prev"] = now, prev
    return rows


def _as_then(row: Row) -> Row:
    """What a credit earned before the period's conditions changed it."""
    return {"amount_now": row["amount_prev"], "stood_now": row.get("stood_prev", ZERO)}


def _caught_up(payout: Working, earlier: Working, part: ComponentRows, row: Row) -> list[Row]:
    """What was payable of a credit before the period, as it is earned now, less as it was earned then."""
    now = {each["line_id"]: each for each in _of_row(earlier, part, row)}
    then = {each["line_id"]: each for each in _of_row(earlier, part, row | _as_then(row))}
    found = []
    for name, made in (then | now).items():
        more = sum((x[name]["amount"] * sign for x, sign in ((now, 1), (then, -1)) if name in x), ZERO)
        if more:
            key = payout.period.key
            own = {"line_id": name.replace(earlier.period.key, key), "period": key}
            found.append(made | own | {"amount": more, "raw": more})
    return found


def _of_row(payout: Working, part: ComponentRows, row: Row, caught: Decimal = ZERO) -> list[Row]:
    """The lines of one credit in the period; `caught` is paid in it for earlier ones."""
    own = payout.deal_events().get(row["deal_id"], [])
    gone = cancelled(payout, part.plan, row, own)
    if gone and row.get("negative") and gone.day < row["happened_on"]:
        return _refund_after(payout, part, row, own, gone)
    return _of_credit(payout, part, row, own, gone, caught)


def _of_credit(
    payout: Working, part: ComponentRows, row: Row, events: list[Row], gone: Cancelled | None, caught: Decimal
) -> list[Row]:
    """The lines of one credit in the period; what is still to be released waits."""
    plan, period = part.plan, payout.period
    steps = _steps(payout, plan, row, events)
    cut = gone.day if gone and plan.file.clawback and plan.file.clawback.unpaid == "cancel" else None
    paid = [s for s in steps if _paid_before(s, cut)]
    stood = Fraction(row.get("stood_now", ZERO))
    parts, rest = _divided(plan, row["amount_now"], paid, stood=stood)
    if gone and cut is not None:
        lapsed = rounded_pay(plan, Fraction(rest) * gone.share)
        if lapsed and period.start <= cut < period.end:
            payout.hold(row, part, ZERO, _lapsed(plan, cut, lapsed))
        released = sum((s.share for s in paid), Fraction(0))
        remaining = 1 - gone.share
        later, rest = _divided(
            plan,
            rest - lapsed,
            steps[len(paid) :],
            released,
            Fraction(row["amount_now"]) * remaining,
            stood * remaining,
        )
        parts += later
    found = _lines(payout, part, row, parts)
    if rest:
        payout.hold(row, part, rest, _waiting(plan))
    if gone:
        before = [(s, a) for s, a in parts if s.due <= gone.day and (cut is None or s in paid)]
        now = sum((a for s, a in before if s.due >= period.start), caught)
        found += clawed_back(payout, part, row, gone, sum((a for _, a in before), ZERO), now)
    return found


def _paid_before(step: Step, cut: date | None) -> bool:
    """Whether a step was paid before what is unpaid lapsed; of one day, releases come first."""
    return cut is None or step.due <= cut


def _lines(payout: Working, part: ComponentRows, row: Row, parts: list[tuple[Step, Decimal]]) -> list[Row]:
    found: list[Row] = []
    for step, amount in parts:
        if payout.period.start <= step.due < payout.period.end:
            made = _line(part, row, step, amount, payout.period.key)
            (found if amount else payout.zeros).append(made)
    return found


def _refund_after(
    payout: Working, part: ComponentRows, row: Row, events: list[Row], gone: Cancelled
) -> list[Row]:
    """A refund after the cancellation takes back of the pay that still stands.

    Of what was paid by the cancellation a share came back; so did that share of what lapsed with it.
    Both are rounded as they were then, so that the order of refund and cancellation changes no cent.
    """
    plan, rule = part.plan, part.plan.file.clawback
    assert rule is not None
    cut = gone.day if rule.unpaid == "cancel" else None
    sale = row | {"happened_on": row["counted_on"], "event_id": ""}
    came: dict[int, Fraction] = defaultdict(Fraction)  # by rule of release, what was paid by the cancellation
    for step in _steps(payout, plan, sale, events):
        if step.due <= gone.day and _paid_before(step, cut):
            came[step.rule] += step.share
    steps, stood = _steps(payout, plan, row, events), Fraction(row.get("stood_now", ZERO))
    parts, rest = _divided(plan, row["amount_now"], steps, stood=stood)
    released: dict[int, Fraction] = defaultdict(Fraction)
    early = late = Fraction(0)
    made: list[tuple[Step, Decimal]] = []
    for step, amount in parts:
        was = min(released[step.rule], came[step.rule])
        released[step.rule] += step.share
        part_paid = min(released[step.rule], came[step.rule]) - was
        paid = part_paid / step.share * Fraction(amount) if step.share else Fraction(0)
        remaining = amount - _more(plan, gone.share, early, paid)
        early += paid
        if cut is not None:
            remaining -= _more(plan, gone.share, late, Fraction(amount) - paid)
            late += Fraction(amount) - paid
        made.append((step, remaining))
    found = _lines(payout, part, row, made)
    if made != parts:
        payout.stood |= {each["line_id"]: gone.day for each in found}
    if cut is not None:
        rest -= _more(plan, gone.share, late, Fraction(rest))
    if rest:
        payout.hold(row, part, rest, _waiting(plan))
    elif not any(amount for _, amount in made) and row["amount_now"] and row["happened_on"] in payout.period:
        payout.hold(
            row,
            part,
            ZERO,
            message("its commission was recovered when the deal was cancelled on {day}", day=gone.day),
        )
    return found


def _more(plan: Plan, share: Fraction, before: Fraction, amount: Fraction) -> Decimal:
    """The rounded share of an amount on top of what came before it."""
    return rounded_pay(plan, share * (before + amount)) - rounded_pay(plan, share * before)


def _divided(
    plan: Plan,
    total: Decimal,
    steps: list[Step],
    released: Fraction = Fraction(0),
    whole: Fraction | None = None,
    stood: Fraction = Fraction(0),
) -> tuple[list[tuple[Step, Decimal]], Decimal]:
    """An amount by steps, and what is left of it.

    Each step is its share of the whole (by default the amount), of which so much was `told` before. What is
    due by then is rounded, not the step; of a refund it is rounded as it `stood` before and stands after,
    so that at no time more is taken than was paid.
    """
    found: list[tuple[Step, Decimal]] = []
    whole = Fraction(total) if whole is None else whole

    def due(share: Fraction) -> Decimal:
        return rounded_pay(plan, (stood + whole) * share) - rounded_pay(plan, stood * share)

    before, out = due(released), ZERO
    for step in steps:
        released += step.share
        amount = (total if released >= 1 else due(released) - before) - out
        out += amount
        found.append((step, amount))
    return found, total - out


def _line(part: ComponentRows, row: Row, step: Step, amount: Decimal, period: str) -> Row:
    kind = kind_of(part.c) if step.event is None else "release"
    if row.get("negative"):
        kind = "refund"
    own = kind == kind_of(part.c)
    piece = [name for name in (step.event, sale_of(row["event_id"])) if name]
    made = line(
        part.plan, part.c.id, row["payee_id"], kind, amount, period, part="/".join(piece) or None,
        deal_id=row["deal_id"], event_id=event_of(row["event_id"]), credit=row["x"],
        before=row.get("x_before") or ZERO, factor=row["factor_now"],
        source_line_id=None if own else earned_id(part, row), happened_on=step.due,
    )  # fmt: skip
    made["line_id"] += "/overlay" if row["part"] == "overlay" else ""
    return made


def _lapsed(plan: Plan, day: date, amount: Decimal) -> Message:
    return message(
        "the deal was cancelled on {day}: {amount} {currency} not paid yet lapsed",
        day=day,
        amount=Figure(amount, plan.places),
        currency=plan.currency,
    )


NOT_YET = {
    "booked": message("not booked yet"),
    "invoiced": message("not invoiced yet"),
    "collected": message("not collected yet"),
}
_UNTIL = {
    "period_end": message("held until the period's end"),
    "quarter_end": message("held until the quarter's end"),
    "year_end": message("held until the year's end"),
}


def _waiting(plan: Plan) -> Message:
    own = NOT_YET[plan.file.credit.event]
    later = [why for r in plan.file.release or () if (why := _wait(r)) != own]
    return (later or [message("an instalment is not due yet")])[-1]


def _wait(rule: Release) -> Message:
    if rule.event in _UNTIL:
        return _UNTIL[rule.event]
    collected = rule.event == "collected"
    if rule.as_ == "in_full":
        return message("not collected in full yet") if collected else message("not invoiced in full yet")
    if rule.number > 1:
        if collected:
            return message("waits for payment number {number}", number=rule.number)
        return message("waits for invoice number {number}", number=rule.number)
    return NOT_YET[rule.event]


def _steps(payout: Working, plan: Plan, row: Row, events: list[Row]) -> list[Step]:
    """Parts of a credit's pay known so far, in the order they are due."""
    start: date = row["happened_on"]
    if plan.file.release is None:
        return [Step(start, Fraction(1), None)]
    found: list[Step] = []
    seen: set[tuple[str, int, int]] = set()
    for number, r in enumerate(plan.file.release, start=1):
        share = Fraction(r.pct) / 100
        kind = r.event if r.as_ in ("whole", "in_full") else r.as_.removeprefix("share_")
        # a second rule on the same event is told apart by its place in the plan, which no event changes
        moved = r.as_ != "whole" and any(old.as_ != "whole" for old in plan.file.release[: number - 1])
        again = f"#{number}" if moved or (kind, r.number, r.after_months) in seen else ""
        seen.add((kind, r.number, r.after_months))
        more, own = (f"+{r.after_months}" if r.after_months else "") + again, kind == plan.file.credit.event
        if r.as_ not in ("whole", "in_full"):
            shares = settled(events, kind, plan.file.credit.event)
            for day, piece, event in moves(shares, start):
                name = _named(row, event, more, own)
                found.append(Step(months_later(day, r.after_months), share * piece, name, number))
            continue
        due = _in_full(plan, r, row, events) if r.as_ == "in_full" else _due(payout, plan, r, row, events)
        if due is not None:
            when = months_later(due[0], r.after_months) if r.after_months else due[0]
            found.append(Step(when, share, _named(row, due[1], more, own), number))
    found.sort(key=lambda step: (step.due, step.event is not None, step.rule))
    return [step for step in found if step.due < payout.period.end]


def _named(row: Row, event: str, more: str, own: bool) -> str | None:
    """What a step is called in a line's id: nothing where it is the credit's own event.

    `own` is whether its rule is on events of the credit's kind.
    A refund may make what was invoiced or collected the whole of what still stands: such a step is of the
    refund's day and no step of its own event.
    """
    return None if own and not more and event == event_of(row["event_id"]) else event + more


def _in_full(plan: Plan, rule: Release, row: Row, events: list[Row]) -> tuple[date, str] | None:
    """When all of the net sale was invoiced or collected, and the event that made it so."""
    share = Fraction(0)
    for day, piece, event in moves(settled(events, rule.event, plan.file.credit.event), row["happened_on"]):
        share += piece
        if share >= 1:
            return day, event
    return None


def _due(payout: Working, plan: Plan, rule: Release, row: Row, events: list[Row]) -> tuple[date, str] | None:
    event, start = rule.event, row["happened_on"]
    if event == plan.file.credit.event and rule.number == 1:
        return start, event_of(row["event_id"])
    if event.endswith("_end"):
        kind = {"quarter_end": "quarter", "year_end": "year"}.get(event, plan.file.plan.period)
        return payout.period.calendar.containing(start, kind).last, event  # type: ignore[arg-type]
    these = [e for e in events if e["kind"] == event][rule.number - 1 :]
    return (max(start, these[0]["happened_on"]), these[0]["event_id"]) if these else None
