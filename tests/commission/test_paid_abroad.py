"""What comes back of pay in a person's own currency is what the person was paid in it: laws on random histories.

Rates change each month, so that any conversion of a refund by its own day would show.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from fractions import Fraction

import pandas as pd
import pytest
from reference_compare import Sums, differences, of_payouts, payouts_of, without_repayment
from reference_history import Event
from reference_worlds import FIRST, LAST, QUARTERS, World, world

pytestmark = pytest.mark.slow

HISTORIES = 20
SEEDS = (8101, 8102, 8103)
MONEY = ("EUR", "JPY", "KWD", "EUR", "USD")


@dataclass(frozen=True)
class Abroad(World):
    """The same people, paid in currencies of their own; `rates` are what a unit is worth in dollars."""

    rates: tuple[tuple[str, date, Decimal], ...] = ()

    def currency(self, person: str) -> str:
        return MONEY[sum(person.encode()) % len(MONEY)]

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


CASES = [(seed, at) for seed in SEEDS for at in ("credit_date", "pay_date")]


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


@pytest.mark.parametrize("fixed", [False, True], ids=["changing", "fixed"])
@pytest.mark.parametrize(("seed", "at"), CASES)
def test_where_nothing_stands_in_the_plans_currency_nothing_stands_in_the_persons(seed, at, fixed):
    """After every quarter, of each deal (or of all deals of a total), and more than nothing where more does."""
    made = abroad(seed, at, fixed)
    home = replace(at_home(made), plans=at_home(made).plans)
    there, here = (of_payouts(payouts_of(each, ledger=True)) for each in (made, home))
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
    assert gone > 5


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


@pytest.mark.parametrize("pieces", [1, 3])
@pytest.mark.parametrize(("seed", "at"), CASES)
def test_all_refunded_on_the_last_days_leaves_nobody_anything(seed, at, pieces):
    made = abroad(seed, at, made=everything_refunded(world(seed, HISTORIES), pieces))
    amounts = of_payouts(payouts_of(made, ledger=True))
    single = alone(made)
    left: dict[tuple, Fraction] = defaultdict(Fraction)
    for (payee, deal, *component, _, _), amount in amounts.items():
        if deal is not None:
            left[payee, deal if tuple(component) in single else None, *component] += amount
    assert len(left) > 20
    assert not {key: amount for key, amount in left.items() if amount}


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
