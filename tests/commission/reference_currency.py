"""Pay in a person's own currency: the rule of docs/plans.md, line after line, in fractions.

A payment (a line above zero that is no refund and no clawback) is its amount at its day's rate. What
comes back leaves of a sale, in the person's currency, the share of all that stood after its last payment that
is left in the plan's: of 90 paid for 120, 40 left are 30. Where a sale has not as much, the rest comes from
other sales of its deal, then of the span of its component, each time from the one that was paid for last;
what none of them has is more than was paid, and counts as the sale's own, which a later payment makes up for.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import date
from fractions import Fraction

from reference_history import Line
from reference_quotas import span_of
from reference_rates import cents

ZERO = Fraction(0)
MINOR = {"JPY": 1, "KWD": 1000}


class Sale:
    """What stands of a sale, and of what that is left."""

    def __init__(self, deal: str, money: Callable[[Fraction], Fraction]) -> None:
        self.deal, self.money = deal, money
        self.left = self.then = self.worth_then = ZERO

    def worth(self) -> Fraction:
        return self.money(self.worth_then * self.left / self.then) if self.then else ZERO

    def change(self, part: Fraction) -> Fraction:
        before = self.worth()
        self.left += part
        return self.worth() - before

    def pay(self, amount: Fraction, rate: Fraction) -> Fraction:
        more = self.money(amount * rate)
        self.worth_then = self.worth() + more
        self.left += amount
        self.then = self.left
        return more


def converted(
    lines: Iterable[Line], plans, currency: Callable[[str], str], rate: Callable[[str, date], Fraction]
) -> list[Line]:
    """The lines of deals as they are paid; `rate` is what a dollar is worth in a currency on a line's day."""
    rules = {(p["plan"]["id"], p["plan"]["version"]): p for p in plans}
    pools: dict[tuple, dict[str, Sale]] = defaultdict(dict)
    found = []
    for line in sorted((line for line in lines if line.deal is not None and line.amount), key=_order):
        plan, code = rules[line.plan, line.version], currency(line.payee)
        if code == plan["plan"]["currency"]:
            found.append(line)
            continue
        mode = plan["rounding"]["mode"]

        def money(amount: Fraction, code=code, mode=mode) -> Fraction:
            unit = Fraction(100, MINOR.get(code, 100))
            return cents(amount / unit, mode) * unit

        span, _ = span_of(line.counts_on, plan["plan"]["period"])
        pool = pools[line.payee, line.plan, line.version, line.component, span]
        sale = pool.setdefault(line.deal + line.sale, Sale(line.deal, money))
        found.append(line._replace(amount=_paid(line, sale, list(pool.values()), rate(code, line.day))))
    return found


def _order(line: Line) -> tuple:
    rank = 0 if _pays(line) else 2 if line.kind == "clawback" else 1
    return line.day, rank, line.event, line.sale


def _pays(line: Line) -> bool:
    return line.amount > 0 and line.kind not in ("refund", "clawback")


def _paid(line: Line, sale: Sale, pool: list[Sale], rate: Fraction) -> Fraction:
    rest = line.amount
    paid = ZERO
    if _pays(line):
        owed = min(max(-sale.left, ZERO), rest)
        paid += sale.change(owed) if owed else ZERO
        return paid + (sale.pay(rest - owed, rate) if rest > owed else ZERO)
    if rest < 0:
        same = [each for each in reversed(pool) if each.deal == sale.deal and each is not sale]
        other = [each for each in reversed(pool) if each.deal != sale.deal]
        for each in (sale, *same, *other):
            part = min(-rest, max(each.left, ZERO))
            paid += each.change(-part) if part else ZERO
            rest += part
    if not rest:
        return paid
    return paid + (sale.change(rest) if sale.then else sale.pay(rest, rate))
