"""What comes back of pay in a person's own currency is what was paid in it: laws on random histories.

Rates change each month, so that any conversion of a refund by its own day would show.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pandas as pd
import pytest
from reference_compare import (
    Sums,
    differences,
    of_payouts,
    of_reference,
    payouts_of,
    quarter_of,
    without_repayment,
)
from reference_currency import converted
from reference_history import Event, history
from reference_worlds import FIRST, LAST, QUARTERS, World, world

pytestmark = pytest.mark.slow

HISTORIES = 8
SEEDS = (8101, 8102)
MONEY = ("EUR", "JPY", "KWD", "EUR", "USD")


@dataclass(frozen=True)
class Abroad(World):
    """The same people, paid in currencies of their own; `rates` are what a unit is worth in dollars."""

    rates: tuple[tuple[str, date, Decimal], ...] = ()

    def currency(self, person: str) -> str:
        return MONEY[sum(person.encode()) % len(MONEY)]

    def rate(self, code: str, day: date) -> Fraction:
        """What a dollar is worth on a day."""
        return 1 / Fraction([rate for other, since, rate in self.rates if other == code and since <= day][-1])

    def tables(self) -> dict[str, pd.DataFrame]:
        made = super().tables()
        stays = made["plan_assignments"]
        rows = [
            {"currency": code, "kind": "market", "valid_from": day, "rate": rate}
            for code, day, rate in self.rates
        ]
        stays = stays.assign(currency=[self.currency(who) for who in stays["person_id"]])
        return made | {"plan_assignments": stays, "fx_rates": pd.DataFrame(rows)}


def abroad(seed: int, at: str, fixed: bool = False, made: World | None = None) -> Abroad:
    made = made or world(seed, HISTORIES)
    chance = random.Random(seed)
    plans = tuple(plan | {"fx": {"pay": {"rates": "market", "at": at}}} for plan in made.plans)
    days = [date(2026 + n // 12, n % 12 + 1, 1) for n in range(19)]
    rates = [("USD", FIRST, Decimal(1))]
    for code, unit in (("EUR", "1.0825"), ("JPY", "0.00671"), ("KWD", "3.2517")):
        for day in days[:1] if fixed else days:
            rates.append((code, day, Decimal(unit) * chance.randint(60, 140) / 100))
    fields = {name: getattr(made, name) for name in World.__dataclass_fields__}
    return Abroad(**(fields | {"plans": plans}), rates=tuple(rates))


CASES = list(zip(SEEDS, ("credit_date", "pay_date"), strict=True))


def at_home(made: Abroad) -> World:
    """The same paid in the plan's currency."""
    return replace(made, plans=tuple({k: v for k, v in p.items() if k != "fx"} for p in made.plans))


def by_quarter(amounts: Sums, of: str) -> Iterator[dict[tuple, Fraction]]:
    """What stands after each quarter, by person, deal or none, and component."""
    so_far: dict[tuple, Fraction] = defaultdict(Fraction)
    for quarter in QUARTERS:
        for (payee, deal, plan, version, component, _, when), amount in amounts.items():
            if when == quarter and deal is not None:
                so_far[payee, deal if of == "deal" else None, plan, version, component] += amount
        yield dict(so_far)


def alone(made: World) -> set[tuple]:
    """Components in which each deal is paid by itself."""
    return {
        (plan["plan"]["id"], plan["plan"]["version"], component["id"])
        for plan in made.plans
        for component in plan["components"]
        if component["scope"] == "each_transaction" or "multipliers" in component
        or "of" in component.get("position", {})
    }  # fmt: skip


@pytest.mark.parametrize(
    ("seed", "at", "fixed"), [(*case, False) for case in CASES] + [(8103, "pay_date", True)]
)
def test_where_nothing_stands_in_the_plans_currency_nothing_stands_in_the_persons(seed, at, fixed):
    """After every quarter, of each deal or all deals of a total; where something stands, nothing less."""
    made = abroad(seed, at, fixed)
    there, here = (of_payouts(payouts_of(each, ledger=True)) for each in (made, at_home(made)))
    single, gone = alone(made), 0
    for of in ("deal", "person"):
        for own, plan in zip(by_quarter(there, of), by_quarter(here, of), strict=True):
            for key in own.keys() | plan.keys():
                if of == "deal" and key[2:] not in single:
                    continue
                stands, paid = plan.get(key, 0), own.get(key, 0)
                if stands == 0:
                    gone += key in own
                    assert paid == 0, (key, paid)
                else:
                    assert paid * stands >= 0, (key, stands, paid)
    assert gone > 1


def everything_refunded(made: World, pieces: int = 1) -> World:
    """In so many pieces, on the last days; of deals that nobody cancels."""
    back = [
        Event(f"{d.id}-back{n}", d.id, "refunded", LAST.replace(day=20 + n), 10 * d.amount if n == pieces - 1
              else d.amount * Fraction(33, 100))
        for d in made.deals for n in range(pieces)
    ]  # fmt: skip
    events = [e for e in made.events if e.kind != "cancelled" and e.day <= LAST]
    plans = [{name: part for name, part in plan.items() if name != "release"} for plan in made.plans]
    return replace(made, plans=tuple(plans), events=(*events, *back))


@pytest.mark.parametrize(("seed", "at", "pieces"), [(8101, "pay_date", 1), (8102, "credit_date", 3)])
def test_all_refunded_on_the_last_days_leaves_nobody_anything(seed, at, pieces):
    made = abroad(seed, at, made=everything_refunded(world(seed, HISTORIES), pieces))
    amounts = of_payouts(payouts_of(made, ledger=True))
    single = alone(made)
    left: dict[tuple, Fraction] = defaultdict(Fraction)
    for (payee, deal, *component, _, _), amount in amounts.items():
        if deal is not None:
            left[payee, deal if tuple(component) in single else None, *component] += amount
    assert len(left) > 5
    assert not {key: amount for key, amount in left.items() if amount}


def stepwise(made: Abroad) -> Abroad:
    """Each amount rounded before it is converted, of which the reference knows no unrounded one."""
    plans = tuple(p | {"rounding": p["rounding"] | {"at": "each_step"}} for p in made.plans)
    return replace(made, plans=plans)


@pytest.mark.parametrize(("seed", "at"), [*CASES, (8104, "credit_date")])
def test_the_engine_pays_what_the_reference_does(seed, at):
    made = stepwise(abroad(seed, at, made=world(seed, 3 * HISTORIES)))
    last = {quarter_of(day): day for day in (FIRST + timedelta(days=n) for n in range(546))}

    def rate(code: str, day: date) -> Fraction:
        return made.rate(code, last[quarter_of(day)] if at == "pay_date" else day)

    lines = history(made.plans, made.deals, made.events, made.stays, LAST, made.people)
    amounts = of_payouts(payouts_of(made, ledger=True))
    wrong = differences(
        of_reference(converted(lines, made.plans, made.currency, rate)),
        {key: amount for key, amount in amounts.items() if key[1] is not None},
    )
    assert not wrong, f"{len(wrong)} sums differ: {sorted(map(str, wrong))[:6]}"


@pytest.mark.parametrize(("seed", "at"), CASES)
def test_splitting_the_history_with_the_ledger_changes_no_total(seed, at):
    made = abroad(seed, at)
    alone_ = payouts_of(made, ledger=False)
    whole = without_repayment(of_payouts(alone_))
    place = 1 + SEEDS.index(seed)
    before = pd.concat([alone_[quarter].lines for quarter in QUARTERS[:place]], ignore_index=True)
    rest = payouts_of(made, True, QUARTERS[place:], before)
    parts = {quarter: alone_[quarter] for quarter in QUARTERS[:place]} | rest
    wrong = differences(whole, without_repayment(of_payouts(parts)))
    assert not wrong, sorted(map(str, wrong))[:6]
