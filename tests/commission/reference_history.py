"""What becomes of deals over the years: the rules of docs/plans.md, one credit after the other, in fractions.

It is read against the rules in words and shares nothing with the engine. What a credit earns is in
`reference_rates`; here it is followed from its first day to its last.

Facts
 1. Only the plan's credit event gives credit. A won deal without a booked event of its own is booked on
    the day it closed. Credit on a lost deal is set aside, unless the deal was cancelled or refunded.
 2. A refund, or a negative event of the credit's kind, takes credit back, and no more than the deal's sales
    up to that day less what was taken before; the excess is set aside. On one day sales come before refunds.
 3. A credit counts for the plan and version in which its person is on its day, in the span that holds that
    day. A refund takes the deal's sales back, the latest first; each part counts where that sale did, and is
    paid on the refund's day, also after the end of the plan.
Pay of a credit
 7. Where a version of a plan begins within a period, a running total goes on (unless it says `running_totals:
    restart_with_version`): each version works out the whole period's credits as if it had ruled them all, by
    its own event, conditions and rates, and pays those of its own days.
 4. A running total takes credits in the order of their days: F(after) − F(before), each side rounded.
    Where each transaction stands alone, a refund takes each sale back from where that sale stood, and what
    stands of a sale is divided among the people who share it: each part is rounded, the last takes the rest.
    With the position of a territory, before and after are what everybody has sold in it by then, before the
    deal and with all of it. What it pays is divided among its people in that territory by their shares (of
    ten places), each part rounded, and the last takes the rest. There, and with multipliers, which pay the
    same credit differently, a refund takes a sale back from the top of what is left of it, on the total (and
    without territories the running pay) on which it was sold; the totals fall for later sales.
    With the position of a measure, the rate of all is that of the row which the units sold have reached;
    units come and go with the deal's amount.
    Of a deal with lines a component that asks for a product has the part of the lines that fit, and each of
    listed rates the part of the lines that it is the first to fit, by their amounts.
 5. Pay is divided by the plan's releases: what is due by a day is rounded, not the instalment. A refund takes
    by a day what was due of the sale before it less what is due after it, each side rounded.
    `whole` is due with the first such event (or that of its `number`), no sooner than the credit's own day;
    `in_full` on the first day from the credit's on which the share is 1; `share_…` in steps, as the
    share (paid up to the day ÷ sales less refunds up to the day, between 0 and 1; 1 if nothing is left)
    moves; `…_end` on the last day of the period, quarter or year of the credit; `after_months` later each.
    A refund is released as a credit of its own day.
 6. The first cancellation on or after the day of a sale, within the plan's window, takes back the method's
    share s of what was paid up to then, that day's included. Of what is unpaid s lapses (`unpaid: cancel`),
    or nothing (`keep`). What was refunded before comes back with it in the same share. A later refund takes
    what it would have taken, less s of what stands against a part (by rule of release) that the cancellation
    took, and under `cancel` s of the rest: as if it had come before the cancellation. A window of months or
    days is over on its anniversary, or the day after (`inclusive`). What is taken back comes in
    `instalments`, one a month from that day on.
A later event never changes a line of an earlier day, so the history is worked through once and each line
belongs to the period of its day.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from fractions import Fraction
from typing import NamedTuple

from reference_quotas import Person, Staff, complete_months, months_later, span_of
from reference_rates import Credit as Listed
from reference_rates import Deal, cents, exact, factor, holds, listed, parted, pay_of

ZERO = Fraction(0)


class Event(NamedTuple):
    id: str
    deal: str
    kind: str
    day: date
    amount: Fraction | None


class Line(NamedTuple):
    payee: str
    deal: str | None
    plan: str
    version: int
    component: str
    kind: str
    day: date
    amount: Fraction
    event: str = ""
    sale: str = ""  # the sale that pays it, or of which it takes, and the day on which that counts
    counts_on: date = date.max


@dataclass
class Story:
    """A deal under one rule of credit: what was sold, taken back, cancelled and paid by the customer."""

    deal: Deal
    sales: list[Event]
    refunds: list[tuple[Event, Fraction]]  # with what of it counts
    cancelled: list[date]
    others: list[Event]
    excess: Fraction

    def share_paid(self, kind: str, day: date) -> Fraction:
        paid = sum((e.amount for e in self.others if e.kind == kind and e.day <= day), ZERO)
        net = sum((e.amount for e in self.sales if e.day <= day), ZERO)
        net -= sum((counted for e, counted in self.refunds if e.day <= day), ZERO)
        return min(max(paid / net, ZERO), Fraction(1)) if net > 0 else Fraction(1)


@dataclass
class Credit:
    """A person's part of a sale, or (negative) of a refund, with what it earns."""

    person: str
    story: Story
    event: str
    day: date
    sale: str
    counts_on: date
    amount: Fraction
    earned: Fraction = ZERO
    stood: Fraction = ZERO  # what the sale had earned its person before it
    stands: tuple[Fraction, Fraction] = (ZERO, ZERO)  # worth of what stood before it and stands after it
    rate: Fraction | None = None  # by listed rates on the lines of the deal

    @property
    def refund(self) -> bool:
        return self.amount < 0


# --- days ---------------------------------------------------------------------------------------


# --- facts --------------------------------------------------------------------------------------


def with_bookings(deals, events) -> list[Event]:
    booked = {e.deal for e in events if e.kind == "booked"}
    made = [
        Event(f"{d.id}:booked", d.id, "booked", d.day, d.amount)
        for d in deals
        if d.outcome == "won" and d.id not in booked
    ]
    return [*events, *made]


def story_of(deal: Deal, events: list[Event], kind: str) -> Story | None:
    """None where nothing gives credit."""
    mine = sorted((e for e in events if e.deal == deal.id), key=lambda e: (e.day, e.id))
    cancelled = [e.day for e in mine if e.kind == "cancelled"]
    if deal.outcome == "lost" and not any(e.kind in ("cancelled", "refunded") or e.amount < 0 for e in mine):
        return None
    sales = [e for e in mine if e.kind == kind and e.amount > 0]
    refunds, excess = [], ZERO
    for event in mine:
        if event.kind == "refunded" or (event.kind == kind and event.amount < 0):
            sold = sum((e.amount for e in sales if e.day <= event.day), ZERO)
            left = sold - sum((counted for _, counted in refunds), ZERO)
            counted = min(abs(event.amount), left)
            excess += abs(event.amount) - counted
            if counted:
                refunds.append((event, counted))
    return Story(deal, sales, refunds, cancelled, mine, excess) if sales else None


def credits_of(story: Story) -> Iterator[Credit]:
    """Sales and refunds by day, sales first; each for everyone with a share."""
    moves = [(e.day, 0, e.id, e, e.amount) for e in story.sales]
    moves += [(e.day, 1, e.id, e, -counted) for e, counted in story.refunds]
    moves.sort(key=lambda move: move[:3])
    levels = [ZERO]  # what is sold and not refunded, before each of them and at the end
    for *_, amount in moves:
        levels.append(levels[-1] + amount)
    for at, (day, refund, _, event, amount) in enumerate(moves):
        parts = [(event, amount)]
        if refund:
            sales = [n for n in range(at) if moves[n][4] > 0]
            parts = [(moves[n][3], left(levels, n, at + 1) - left(levels, n, at)) for n in reversed(sales)]
        for sale, part in parts:
            for person, share in (story.deal.shares or ((story.deal.owner, 100),)) if part else ():
                whole = part * exact(share) / 100
                yield Credit(person, story, event.id, day, sale.id, sale.day, whole)


def left(levels: list[Fraction], sale: int, until: int) -> Fraction:
    """What is left of a sale: it fills the height from the level before it to the level after it, and
    loses what the level has sunk into that height since.
    """
    lowest = min(levels[sale + 1 : until + 1])
    return max(lowest - levels[sale], ZERO)


# --- what credit earns --------------------------------------------------------------------------


def measured(component, credit: Credit) -> Credit | None:
    """The credit as a component measures it; None where it does not."""
    where, deal, rates = component.get("where"), credit.story.deal, component.get("rates", ())
    asks = any("product_id" in text for text in (where or "", *(row.get("where", "") for row in rates)))
    if not deal.lines or not asks:
        return credit if where is None or holds(where, deal) else None
    lines = [(replace(deal, product=product), amount) for product, amount in deal.lines]
    fitting = [(line, amount) for line, amount in lines if where is None or holds(where, line)]
    whole = sum((amount for _, amount in fitting), ZERO)
    if not whole:
        return None
    rate = None
    if rates:
        each = (listed(component, Listed("", line, amount, Fraction(1))) for line, amount in fitting)
        rate = sum(each, ZERO) / whole
    return replace(credit, amount=credit.amount * whole / deal.amount, rate=rate)


def terms_of(staff: Staff, plan, component, credit: Credit) -> tuple:
    """Of the span in which a credit counts: the quota, the deals so far (nobody asks), what a quota of zero
    means, the component's target, and the rate that makes it of the quota.
    """
    quota = staff.quota(plan, credit.person, credit.counts_on)
    target = component.get("target")
    weight = exact(component.get("weight_pct", 100)) / 100
    if target == "base_pay":
        target = weight * staff.yearly(plan, credit.person, credit.counts_on, "base")
    elif target == "derived" or component.get("rate_pct") == "derived":
        target = weight * staff.yearly(plan, credit.person, credit.counts_on, "incentive")
    return quota, ZERO, plan.get("quota", {}).get("if_zero"), target


def earn(staff: Staff, plan, component, credits: list[Credit]) -> None:
    """Sets what each credit earns; they are one person's of one plan, in order."""
    mode = plan.get("rounding", {}).get("mode", "half_up")
    running: dict[date, tuple[Fraction, Fraction]] = defaultdict(lambda: (ZERO, ZERO))  # credit, pay
    standing: dict[str, Fraction] = defaultdict(Fraction)  # what is left of each sale
    units: dict[date, Fraction] = defaultdict(Fraction)  # by which a component's rate is chosen
    for credit in credits:
        times = factor(component, credit.story.deal)
        terms = terms_of(staff, plan, component, credit)

        if "position" in component:
            span, _ = span_of(credit.counts_on, plan["plan"]["period"])
            before, pay = running[span]
            stood = units[span]
            units[span] = reached = stood + credit.amount / credit.story.deal.amount * credit.story.deal.units
            after = before + credit.amount
            more = pay + times * (
                pay_of(component, after, reached, *terms) - pay_of(component, before, stood, *terms)
            )
            running[span] = after, more
            credit.earned = cents(more, mode) - cents(pay, mode)
            continue

        def worth(x, credit=credit, times=times, terms=terms):
            if credit.rate is not None:
                return times * x * credit.rate
            if "rates" in component:
                return times * listed(component, Listed(credit.event, credit.story.deal, x, Fraction(1)))
            return times * pay_of(component, x, x, *terms)

        if component["scope"] == "running_total":
            span, _ = span_of(credit.counts_on, plan["plan"]["period"])
            before, pay = running[span]
            after = before + credit.amount
            more = pay + worth(after) - worth(before)
            running[span] = after, more
            credit.earned = cents(more, mode) - cents(pay, mode)
            continue
        before = standing[credit.sale]
        standing[credit.sale] = after = before + credit.amount
        credit.stands = worth(before), worth(after)


def in_order(credits: list[Credit]) -> list[Credit]:
    """Several people's credits by day, sales first, then the event; a refund's latest sale first."""
    pieces: dict[tuple[str, str], int] = defaultdict(int)
    places = []
    for credit in credits:
        piece = credit.person, credit.event
        places.append((credit.day, credit.refund, credit.event, pieces[piece], credit.person))
        pieces[piece] += 1
    return [credits[n] for n in sorted(range(len(credits)), key=lambda n: places[n])]


@dataclass
class Sold:
    """A sale as its person was paid for it: the total and the pay on which it stands, and what is left."""

    on: Fraction
    paid_on: Fraction
    left: Fraction


def earn_by_sale(staff: Staff, plan, component, credits: list[Credit], territories: bool) -> None:
    """The same where a refund takes its own sale back: with the position of a territory, or with multipliers.

    They are all people's of one plan. What is left of a sale is worth what the table pays on it from where
    the sale stands; a refund brings the pay down from there.
    """
    mode = plan.get("rounding", {}).get("mode", "half_up")
    total: dict[tuple[str, date], Fraction] = defaultdict(Fraction)
    paid: dict[tuple[str, date], Fraction] = defaultdict(Fraction)
    sales: dict[tuple[str, str], Sold] = {}
    moves: dict[tuple[str, str], Fraction] = defaultdict(Fraction)  # all that an event adds to a sale
    for credit in credits:
        moves[credit.event, credit.sale] += credit.amount
    seen: dict[tuple[str, str], Fraction] = {}  # the total before each event
    for credit in in_order(credits):
        span, _ = span_of(credit.counts_on, plan["plan"]["period"])
        who = credit.person, span
        where = (credit.story.deal.territory if territories else credit.person), span
        name, move = (credit.person, credit.sale), (credit.event, credit.sale)
        if not credit.refund:
            on = seen.setdefault(move, total[where]) if territories else total[where]
            sales[name] = Sold(on, paid[who], ZERO)
        sale = sales[name]
        amount = moves[move] if territories else credit.amount

        terms = terms_of(staff, plan, component, credit)

        def worth(x, credit=credit, terms=terms):
            deal = credit.story.deal
            if credit.rate is not None:
                return x * credit.rate
            if "rates" in component:
                return listed(component, Listed(credit.event, deal, x, Fraction(1)))
            return pay_of(component, x, x, *terms)

        def stands(sale=sale, credit=credit, worth=worth):
            of_it = worth(sale.on + sale.left) - worth(sale.on)
            paid_on = ZERO if territories else sale.paid_on
            return paid_on + factor(component, credit.story.deal) * of_it

        before = stands()
        sale.left += amount
        after = stands()
        total[where] += credit.amount
        if territories:
            part = ten_places(credit.amount / amount)
            credit.stands = part * before, part * after
        else:
            credit.earned = cents(after, mode) - cents(before, mode)
            paid[who] += after - before


def ten_places(share: Fraction) -> Fraction:
    """A positive share, rounded half up."""
    return Fraction((share * 10**10 * 2 + 1) // 2, 10**10)


def divide(plan, component, credits: list[Credit]) -> None:
    """Sets what people earn together of each event, where each stands alone, or on what a territory has."""
    if component["scope"] != "each_transaction" and "of" not in component.get("position", {}):
        return
    mode = plan.get("rounding", {}).get("mode", "half_up")
    together: dict[tuple[str, str], list[Credit]] = defaultdict(list)
    for credit in credits:
        together[credit.event, credit.sale].append(credit)
    for each in together.values():
        before, after = (parted({c.person: c.stands[side] for c in each}, mode) for side in (0, 1))
        for credit in each:
            credit.earned = after[credit.person] - before[credit.person]


# --- release and clawback -----------------------------------------------------------------------


class Step(NamedTuple):
    """A part of a credit's pay; `own` if it is due with the credit itself."""

    day: date
    share: Fraction
    own: bool
    rule: int


def steps_of(plan, credit: Credit, last: date) -> list[Step]:
    """The parts of a credit's pay that are due up to the last day, in order."""
    steps = []
    own_event = plan.get("credit", {}).get("event", "booked")
    for number, rule in enumerate(plan.get("release") or [{"event": own_event, "pct": 100}]):
        share = exact(rule["pct"]) / 100
        wait = rule.get("after_months", 0)
        kind = rule["event"]
        if rule.get("as") == "in_full":
            kinds = (kind, "refunded", own_event)
            days = sorted({max(e.day, credit.day) for e in credit.story.others if e.kind in kinds})
            full = next((day for day in days if credit.story.share_paid(kind, day) == 1), None)
            if full is not None:
                steps.append(Step(months_later(full, wait), share, False, number))
        elif rule.get("as", "whole") != "whole":
            paid_by = rule["as"].removeprefix("share_")
            days = {e.day for e in credit.story.others if e.kind in (paid_by, "refunded", own_event)}
            so_far = ZERO
            for day in sorted({max(day, credit.day) for day in days}):
                now = credit.story.share_paid(paid_by, day)
                if now != so_far:
                    steps.append(Step(months_later(day, wait), share * (now - so_far), False, number))
                so_far = now
        elif kind == own_event and "number" not in rule:
            steps.append(Step(months_later(credit.day, wait), share, not wait, number))
        elif kind.endswith("_end"):
            length = {"period_end": plan["plan"]["period"], "quarter_end": "quarter", "year_end": "year"}[
                kind
            ]
            _, after = span_of(credit.day, length)
            steps.append(Step(months_later(after - timedelta(days=1), wait), share, False, number))
        else:
            found = sorted(e.day for e in credit.story.others if e.kind == kind and e.amount > 0)
            nth = rule.get("number", 1)
            if len(found) >= nth:
                steps.append(Step(months_later(max(found[nth - 1], credit.day), wait), share, False, number))
    return sorted((step for step in steps if step.day <= last), key=lambda step: (step.day, not step.own))


def cancellation(plan, credit: Credit) -> tuple[date, Fraction] | None:
    """The day that ends a credit's deal under the plan's clawback, and the share that it takes back."""
    rule = plan.get("clawback")
    start = credit.counts_on
    day = next((d for d in credit.story.cancelled if d >= start), None)
    if rule is None or day is None:
        return None
    window, unit = None, "months"
    if rule["when"] != "cancelled":
        length, unit = rule["when"].split("_")[2:]
        window = int(length)
        last = months_later(start, window) if unit == "months" else start + timedelta(days=window)
        if day > last or (day == last and not rule.get("inclusive")):
            return None
    served = complete_months(start, day)
    spent = served if unit == "months" else (day - start).days
    share = {
        "full": lambda: Fraction(1),
        "share": lambda: exact(rule["pct"]) / 100,
        "unserved_share": lambda: 1 - Fraction(min(served, credit.story.deal.term), credit.story.deal.term),
        "declining": lambda: 1 - Fraction(spent, window),
    }[rule["method"]]()
    return (day, share) if share else None


def pay(plan, credit: Credit, last: date) -> Iterator[tuple[str, date, Fraction]]:
    """Kind, day and amount of each line of a credit."""
    mode = plan.get("rounding", {}).get("mode", "half_up")
    steps = steps_of(plan, credit, last)
    ended = cancellation(plan, credit)
    whole, paid, scale, shares, cut = credit.earned, ZERO, Fraction(1), ZERO, ZERO
    taken = ended is None or ended[0] > last
    if ended and credit.refund and credit.day > ended[0]:
        yield from refunded_after(plan, credit, steps, *ended)
        return
    due, base = whole, ZERO
    for step in steps:
        if not taken and step.day > ended[0]:
            yield from taken_back(plan, ended[0], -cents(ended[1] * paid, mode), mode, last)
            due, scale, taken = after_cancellation(plan, ended[1], due, paid, mode)
            if scale != 1:
                cut, base = shares, paid
        shares += step.share
        amount = due - paid
        if shares != 1:
            by_then, before = (due_of(credit.stood, whole, scale, part, mode) for part in (shares, cut))
            amount = by_then - before - (paid - base)
        paid += amount
        yield "refund" if credit.refund else "commission" if step.own else "release", step.day, amount
    if not taken:
        yield from taken_back(plan, ended[0], -cents(ended[1] * paid, mode), mode, last)


def taken_back(plan, day: date, amount: Fraction, mode: str, last: date):
    """What comes back, a part a month; what came back by then is rounded."""
    parts, told = plan["clawback"].get("instalments", 1), ZERO
    for number in range(parts):
        part = cents(amount * (number + 1) / parts, mode) - told
        told += part
        if months_later(day, number) <= last:
            yield "clawback", months_later(day, number), part


def after_cancellation(plan, share, due, paid, mode) -> tuple[Fraction, Fraction, bool]:
    """What is due in all from then on (what came back apart), and what becomes of each further part."""
    if plan["clawback"]["unpaid"] == "keep":
        return due, Fraction(1), True
    return due - cents(share * (due - paid), mode), 1 - share, True


def refunded_after(plan, credit: Credit, steps: list[Step], day: date, share: Fraction):
    """The lines of a refund after the cancellation: on each day, what it takes by then less what it took
    before.

    By a day it takes its instalments up to then, less s of them as far as they stand against what the
    cancellation took, and under `cancel` less s of the rest, which lapsed.
    """
    mode = plan.get("rounding", {}).get("mode", "half_up")
    sale = Credit(credit.person, credit.story, "", credit.counts_on, "", credit.counts_on, Fraction(1))
    reached = [(step.rule, step.share) for step in steps_of(plan, sale, day)]
    parts = instalments(credit, [step.share for step in steps], mode)

    def against(number: int) -> Fraction:
        """How much of an instalment lies below what its rule had reached by the cancellation."""
        rule, size = steps[number].rule, steps[number].share
        end = sum((s.share for s in steps[: number + 1] if s.rule == rule), ZERO)
        limit = sum((part for each, part in reached if each == rule), ZERO)
        return parts[number] * (min(end, limit) - min(end - size, limit)) / size

    def taken(count: int) -> Fraction:
        whole = sum(parts[:count], ZERO)
        met = sum((against(number) for number in range(count)), ZERO)
        lapsed = whole - met if plan["clawback"]["unpaid"] == "cancel" else ZERO
        return whole - cents(share * met, mode) - cents(share * lapsed, mode)

    for number, step in enumerate(steps):
        yield "refund", step.day, taken(number + 1) - taken(number)


def due_of(stood: Fraction, whole: Fraction, scale: Fraction, share: Fraction, mode: str) -> Fraction:
    """What is due of an amount on top of what stood before it, by a share."""
    return cents((stood + whole) * scale * share, mode) - cents(stood * scale * share, mode)


def instalments(credit: Credit, shares: list[Fraction], mode: str) -> list[Fraction]:
    """What falls due with each share; the one that completes the whole takes the rest."""
    found: list[Fraction] = []
    for number in range(1, len(shares) + 1):
        share = sum(shares[:number], ZERO)
        by_then = (
            credit.earned if share == 1 else due_of(credit.stood, credit.earned, Fraction(1), share, mode)
        )
        found.append(by_then - sum(found, ZERO))
    return found


# --- the whole history --------------------------------------------------------------------------


def version_on(plans, stays, person, day):
    """The plan and version in which a person is on a day."""
    for stay in stays:
        if stay.person == person and stay.since <= day and (stay.until is None or day < stay.until):
            for plan in plans:
                head = plan["plan"]
                if head["id"] == stay.plan and head["from"] <= day <= head["to"]:
                    return plan
    return None


def history(plans, deals, events, stays, last: date, people: Sequence[Person] = ()) -> list[Line]:
    """Every line up to the last day, but for draws."""
    staff = Staff(plans, stays, people)
    events = with_bookings(deals, events)
    of_deal = defaultdict(list)
    for event in events:
        of_deal[event.deal].append(event)
    lines = []
    for plan in plans:
        head = plan["plan"]
        kind = plan.get("credit", {}).get("event", "booked")
        theirs = defaultdict(list)
        shared = staff.one_total(plan)
        for deal in deals:
            story = story_of(deal, of_deal[deal.id], kind)
            for credit in credits_of(story) if story else ():
                ruled = version_on(plans, stays, credit.person, credit.counts_on)
                if ruled is not None and ruled["plan"]["id"] == head["id"]:
                    ended = next((day for day in story.cancelled if day >= credit.counts_on), None)
                    if ended is not None and credit.day <= ended:
                        staff.cancelled[head["id"], head["version"], credit.person].append(
                            (ended, credit.amount)
                        )
                if credit.day <= last and any(ruled is each for each in shared):
                    theirs[credit.person].append((credit, ruled is plan))
        for credits in theirs.values():
            credits.sort(key=lambda each: (each[0].day, each[0].refund, each[0].event))
        for component in plan["components"]:
            if component.get("measure") == "activities":
                continue
            chosen = {
                person: [
                    (c, own) for credit, own in credits if (c := measured(component, credit)) is not None
                ]
                for person, credits in theirs.items()
            }
            together = [each for credits in chosen.values() for each in credits]
            running = component["scope"] == "running_total"
            territories = "of" in component.get("position", {})
            if running and (territories or "multipliers" in component):
                earn_by_sale(staff, plan, component, [credit for credit, _ in together], territories)
            else:
                for credits in chosen.values():
                    earn(staff, plan, component, [credit for credit, _ in credits])
            divide(plan, component, [credit for credit, _ in together])
            so_far: dict[tuple[str, str, str], Fraction] = defaultdict(Fraction)
            for credit in sorted((c for c, _ in together), key=lambda c: (c.day, c.refund, c.event)):
                sale = credit.person, credit.story.deal.id, credit.sale
                credit.stood = so_far[sale]
                so_far[sale] += credit.earned
            for credit in (credit for credit, own in together if own):
                for what, day, amount in pay(plan, credit, last):
                    lines.append(
                        Line(
                            credit.person, credit.story.deal.id, head["id"], head["version"],
                            component["id"], what, day, amount,
                            credit.event, credit.sale, credit.counts_on,
                        )
                    )  # fmt: skip
    return lines
