"""Pay in each person's own currency, where the plan says by which rates.

What is paid is converted at its day's rate. What comes back of a deal is no exchange of its own: it is the
part of what was paid for the deal in the person's currency that it is of what was paid in the plan's. So each
sale has an account in both, of which the ledger says what was paid in earlier periods.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import narwhals as nw

from salesops_nb.commission.crediting.refund_pieces import event_of, sale_of
from salesops_nb.commission.earning.lines import selected
from salesops_nb.commission.earning.plan_at_work import Job
from salesops_nb.commission.inputs.exchange_rates import Rates, no_rate_between
from salesops_nb.commission.inputs.rounding import rounded_pay
from salesops_nb.commission.inputs.tables import as_decimal, collected
from salesops_nb.commission.plans.plan import Plan
from salesops_nb.commission.settlement.release import released
from salesops_nb.commission.settlement.working import ComponentRows, Working
from salesops_nb.errors import Problem, problem
from salesops_nb.messages import Figure, listed

Row = dict[str, Any]
ZERO = Decimal(0)
WITHHELD = ("payee_id", "deal_id", "event_id", "plan_id", "component_id", "credit", "amount")


def in_own_currency(
    payout: Working, job: Job, parts: Sequence[ComponentRows], rows: list[Row], pay_date: date
) -> list[Row]:
    """Pay in each person's own currency, where the plan says by which rates."""
    plan = job.plan
    if plan.file.fx is None or plan.file.fx.pay is None:
        return rows
    exchange = _Exchange(payout, job, pay_date)
    accounts = _accounts(payout, parts, rows, exchange)
    made: dict[int, tuple[Decimal, str]] = {}
    missing: dict[tuple[str, date], list[Row]] = defaultdict(list)
    for place in sorted(range(len(rows)), key=lambda n: _order(rows[n])):
        row = rows[place]
        target = exchange.currency(row)
        amount = accounts.book(row, target)
        if amount is not None:
            made[place] = amount, target
            continue
        missing[target, exchange.day(row)].append(row)
        payout.withheld_rows.append(
            {k: row.get(k) for k in WITHHELD} | {"reason": no_rate_between(plan.currency, target)}
        )
    payout.found += [_no_rate(plan, exchange.rates.kind, *key, lines) for key, lines in missing.items()]
    return [
        row | dict(zip(("amount", "currency"), made[n], strict=True))
        for n, row in enumerate(rows)
        if n in made
    ]


def _takes(row: Row) -> bool:
    """Whether a line takes back, or corrects what was taken."""
    return bool(row["amount"] < 0 or row["kind"] in ("refund", "clawback"))


def _order(row: Row) -> tuple[Any, ...]:
    """Of one day what is paid comes first, then refunds, then what a cancellation takes."""
    rank = (2 if row["kind"] == "clawback" else 1) if _takes(row) else 0
    return row["happened_on"], rank, row["line_id"]


@dataclass
class _Exchange:
    """The plan's rates of pay, and the currency in which each line is paid."""

    payout: Working
    job: Job
    pay_date: date
    rates: Rates = field(init=False)

    def __post_init__(self) -> None:
        fx = self.job.plan.file.fx
        assert fx is not None
        assert fx.pay is not None
        self.at_pay_date = fx.pay.at == "pay_date"
        self.rates = Rates(self.payout.tables, fx.pay.rates)

    def currency(self, row: Row) -> str:
        """Of the assignment that holds on the day of the line."""
        stays = self.job.people.stays_of(row["payee_id"])
        begun = [stay for stay in stays if stay.start <= row["happened_on"]] or stays[:1]
        return (begun[-1].currency if begun else None) or self.job.plan.currency

    def day(self, row: Row) -> date:
        """The day whose rate converts a line; an earlier period is taken to be paid on its last."""
        if not self.at_pay_date:
            on: date = row["happened_on"]
            return on
        if row["period"] == self.payout.period.key:
            return self.pay_date
        period = self.payout.period
        return period.calendar.containing(row["happened_on"], period.kind).last

    def paid(self, row: Row, target: str, amount: Decimal | None = None) -> Decimal | None:
        """A line, or an amount of it, at its day's rate; ``None`` where there is none."""
        plan = self.job.plan
        if target == plan.currency:
            own: Decimal = row["amount"] if amount is None else amount
            return own
        rate = self.rates.on(self.day(row), plan.currency, target)
        if rate is None:
            return None
        single = (
            amount is None
            and row["kind"] not in ("draw", "draw_recovery")
            and plan.file.rounding.at != "each_step"
            and not plan.file.release
            and row["raw"]
        )
        exact = row["amount"] if amount is None else amount
        if single and abs(row["raw"] - row["amount"]) < Decimal(1).scaleb(-plan.places):
            exact = row["raw"]
        return rounded_pay(plan, Fraction(exact) * rate, target)


@dataclass
class _Account:
    """What a sale has paid a person in the plan's currency, and in the person's.

    `paid` is what stood in both after the last payment: what comes back is measured by it, so that nothing
    hangs on the pieces in which it comes.
    """

    deal: str
    currency: str
    stands: Decimal = ZERO
    own: Decimal = ZERO
    paid: tuple[Decimal, Decimal] = (ZERO, ZERO)

    def worth(self, plan: Plan) -> Decimal:
        """What stands in the plan's currency as it was paid in the person's."""
        whole, own = self.paid
        return rounded_pay(plan, Fraction(own) * Fraction(self.stands) / Fraction(whole), self.currency)


@dataclass
class _Accounts:
    """The accounts of a plan; those of one running total, whose refunds come from its top, are a pool."""

    exchange: _Exchange
    # of a line: its account, its pool and its deal
    places: dict[Any, tuple[Any, Any, str]] = field(default_factory=dict)
    # the sales that a refund takes back, where they are several
    pieces: dict[Any, list[str]] = field(default_factory=lambda: defaultdict(list))
    accounts: dict[Any, _Account] = field(default_factory=dict)
    pools: dict[Any, list[_Account]] = field(default_factory=lambda: defaultdict(list))

    def of(self, row: Row, currency: str) -> tuple[_Account, list[_Account]] | None:
        """The account of a line, and those from which what it has not comes: of the deal, then of the pool,
        the latest first.
        """
        name, part = row["line_id"], "overlay" if row["line_id"].endswith("/overlay") else "revenue"
        key = row["component_id"], row["payee_id"], part, row["event_id"]
        ends = [s for s in self.pieces.get(key, ()) if name.removesuffix("/overlay").endswith(f"/{s}")]
        if currency == self.exchange.job.plan.currency:
            return None
        place = self.places.get((*key, max(ends, key=len, default="")))
        if place is None:
            return None
        mine, pool, deal = place
        if (mine, currency) not in self.accounts:
            self.accounts[mine, currency] = _Account(deal, currency)
            self.pools[pool, currency].append(self.accounts[mine, currency])
        own = self.accounts[mine, currency]
        others = [a for a in reversed(self.pools[pool, currency]) if a is not own]
        return own, sorted(others, key=lambda a: a.deal != deal)

    def book(self, row: Row, currency: str, stated: Decimal | None = None) -> Decimal | None:
        """What a line is in the person's currency; `said` is what the ledger says that it was.

        ``None`` where nothing says it: there is no rate, and nothing was paid.
        """
        of = self.of(row, currency)
        if of is None:
            return self.exchange.paid(row, currency)
        (own, others), amount = of, row["amount"]
        moved = list(_taken(own, others, amount)) if _takes(row) else list(_filled(own, amount))
        known = sum((part for _, part in moved), ZERO)
        fresh, made = amount - known, ZERO
        if fresh:
            own_rate = self.exchange.paid(row, currency, fresh if known else None)
            found = own_rate if stated is None or known else stated
            if found is None:
                return None
            made = found
        booked = made + sum((self._move(account, part) for account, part in moved), ZERO)
        if fresh:
            own.stands, own.own = own.stands + fresh, own.own + made
        if stated is not None:
            own.own, booked = own.own + stated - booked, stated
        if fresh:
            own.paid = own.stands, own.own
        return booked

    def _move(self, account: _Account, part: Decimal) -> Decimal:
        account.stands += part
        was, account.own = account.own, account.worth(self.exchange.job.plan)
        return account.own - was


def _taken(own: _Account, others: list[_Account], amount: Decimal) -> Iterator[tuple[_Account, Decimal]]:
    """From which accounts a line comes back: its own, else others, and what none of them has its own."""
    rest = amount
    for account in (own, *others):
        part = max(rest, -account.stands) if rest < 0 < account.stands else ZERO
        if part:
            rest -= part
            yield account, part
    if rest and own.paid[0]:
        yield own, rest


def _filled(own: _Account, amount: Decimal) -> Iterator[tuple[_Account, Decimal]]:
    """What of a payment only makes up for more taken than was paid."""
    if own.stands < 0:
        yield own, min(amount, -own.stands)


def _accounts(
    payout: Working, parts: Sequence[ComponentRows], rows: list[Row], exchange: _Exchange
) -> _Accounts:
    """The accounts of everybody who is paid in another currency, as they stand before the period."""
    plan = exchange.job.plan
    foreign = (row for row in rows if row["deal_id"] and exchange.currency(row) != plan.currency)
    who = sorted({row["payee_id"] for row in foreign})
    accounts = _Accounts(exchange)
    if not who:
        return accounts
    theirs = [replace(part, frame=part.frame.filter(nw.col("payee_id").is_in(who))) for part in parts]
    for part in theirs:
        _open(accounts, part)
    ledger = _in_ledger(payout, plan)
    for row in sorted((row for part in theirs for row in _before(payout, exchange.job, part)), key=_order):
        posted = ledger.get((row["payee_id"], _timeless(row["line_id"], row["kind"], row["period"])), {})
        currency = exchange.currency(row)
        currency = currency if currency in posted else next(iter(posted), currency)
        accounts.book(row, currency, posted.get(currency))
    return accounts


def _open(accounts: _Accounts, part: ComponentRows) -> None:
    """Places of a component's lines: a refund stands with the sale that it takes back."""
    names = part.frame.collect_schema().names()
    columns = ["payee_id", "deal_id", "event_id", "part", "counted_on", "negative"]
    rows = collected(part.frame.select(*columns, *(["sale"] if "sale" in names else [])))
    whole = {(r["payee_id"], r["part"], r["deal_id"]) for r in rows if r["negative"] and not r.get("sale")}
    for row in rows:
        if row["deal_id"] is None:
            continue
        payee, share, deal, event = row["payee_id"], row["part"], row["deal_id"], event_of(row["event_id"])
        sale = row.get("sale") or ("" if (payee, share, deal) in whole else event)
        span = next((n for n, s in enumerate(part.spans) if s.start <= row["counted_on"] < s.end), -1)
        key, piece = (part.c.id, payee, share, event), sale_of(row["event_id"])
        accounts.places[*key, piece] = (part.c.id, payee, share, deal, sale), (part.c.id, payee, span), deal
        if piece:
            accounts.pieces[key].append(piece)


def _before(payout: Working, job: Job, part: ComponentRows) -> list[Row]:
    """The component's lines of earlier periods as they are calculated, in the plan's currency."""
    file, now, since = part.plan.file, payout.period.start, part.spans[0].start
    paid = "amount_prev" if part.conditional and since < now else "amount_now"
    earlier = payout.before(since)
    if file.release or file.clawback:
        earlier.cache["prior"] = []
        return released(earlier, job, part, paid)
    frame = part.frame.filter(nw.col("happened_on") < nw.lit(now)).with_columns(amount_now=nw.col(paid))
    facts, key = payout.facts, earlier.period.key
    return collected(
        selected(
            part.plan, part.c, frame, since, key, facts.has_refunds, facts.has_overlay, False, paying=True
        )
    )


def _in_ledger(payout: Working, plan: Plan) -> dict[tuple[str, str], dict[str, Decimal]]:
    """What the ledger has paid of each line of earlier periods, corrected, by person and currency."""
    found: dict[tuple[str, str], dict[str, Decimal]] = defaultdict(dict)
    for row in payout.prior(plan):
        period, currency = str(row.get("period")), str(row.get("currency") or plan.currency)
        name, origin = str(row.get("line_id")), str(row.get("origin") or period)
        if origin != period:  # a correction is named after the line and the period that pays it
            name = name.rpartition(f"~{period}")[0] or name
        sums = found[row["payee_id"], _timeless(name, row["kind"], origin)]
        sums[currency] = sums.get(currency, ZERO) + (as_decimal(row["amount"]) or ZERO)
    return found


def _timeless(name: str, kind: str, period: str) -> str:
    """A line's id without the period that pays it."""
    return name.replace(f"/{kind}/{period}", f"/{kind}", 1)


def _no_rate(plan: Plan, kind: str, target: str, day: date, lines: list[Row]) -> Problem:
    total = sum(row["amount"] for row in lines)
    people = sorted({row["payee_id"] for row in lines})
    return problem(
        "missing-rate.pay",
        table="fx_rates",
        column="rate",
        value=target,
        amount=total,
        kind=kind,
        currency=plan.currency,
        day=day,
        total=Figure(total, plan.places),
        people=listed(people, 5),
    )
