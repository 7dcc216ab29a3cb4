"""Laws of pay over the years that hang on no rule's detail, on random histories.

They need no reference: the engine is held against itself, so that a fault which engine and reference share
would still show.
"""

from __future__ import annotations

import random
from collections import defaultdict
from dataclasses import replace
from datetime import date
from fractions import Fraction

import pandas as pd
import pytest
from reference_compare import (
    differences,
    of_payouts,
    of_reference,
    payouts_of,
    quarter_of,
    sums,
    without_repayment,
)
from reference_history import Event
from reference_worlds import LAST, QUARTERS, World, world

pytestmark = pytest.mark.slow

HISTORIES = 30
SEEDS = (7101, 7102, 7103)


def shown(wrong) -> str:
    return f"{len(wrong)} sums differ: {sorted(map(str, wrong))[:6]}"


def shuffled(made: World, seed: int) -> World:
    chance = random.Random(seed)
    rows = {}
    for name in ("deals", "events", "stays", "people", "activities"):
        rows[name] = list(getattr(made, name))
        chance.shuffle(rows[name])
    return replace(made, **{name: tuple(value) for name, value in rows.items()})


@pytest.mark.parametrize("seed", SEEDS)
def test_splitting_the_history_at_any_quarter_with_the_ledger_changes_no_total(seed):
    made = world(seed, HISTORIES)
    alone = payouts_of(made, ledger=False)
    whole = without_repayment(of_payouts(alone))
    first = 1 + SEEDS.index(seed)
    for place in (first, first + 2):  # in all of them together, each of the five
        before = pd.concat([alone[quarter].lines for quarter in QUARTERS[:place]], ignore_index=True)
        rest = payouts_of(made, True, QUARTERS[place:], before)
        parts = {quarter: alone[quarter] for quarter in QUARTERS[:place]} | rest
        wrong = differences(whole, without_repayment(of_payouts(parts)))
        assert not wrong, (seed, QUARTERS[place], shown(wrong))


def as_they_are(made: World) -> World:
    return made


def in_territories(made: World) -> World:
    """The same with every running total in a table that of a territory, and more deals shared."""

    def moved(component):
        runs = component["scope"] == "running_total" and "table" in component
        return component | {"position": {"of": "territory"}} if runs else component

    plans = tuple(p | {"components": [moved(c) for c in p["components"]]} for p in made.plans)
    people = {stay.person for stay in made.stays}

    def shared(deal):
        two = [f"{deal.id[:4]}a", f"{deal.id[:4]}b"]
        shares = tuple(zip(two, (50, 50), strict=True)) if set(two) <= people else ()
        return replace(deal, shares=deal.shares or shares)

    return replace(made, plans=plans, deals=tuple(shared(deal) for deal in made.deals))


@pytest.mark.parametrize("seed", SEEDS)
def test_in_territories_the_engine_pays_what_the_reference_does(seed):
    """With many shared deals, of which some people are on another plan."""
    made = in_territories(world(seed, HISTORIES))
    wrong = differences(of_reference(made.lines()), of_payouts(payouts_of(made, ledger=True)))
    assert not wrong, (seed, shown(wrong))


def kept(made: World) -> dict[tuple, str]:
    """Of what a component gives back no more than it paid: of each deal, or of all a person's deals.

    A total that alone says what is paid is of all deals. Of a table whose rates fall nothing is said: there a
    sale may cost.
    """
    found = {}
    for plan in made.plans:
        for component in plan["components"]:
            key = plan["plan"]["id"], plan["plan"]["version"], component["id"]
            table = component.get("table", {"mode": "marginal", "rows": ()})
            rates = [row.get("rate_pct", row.get("payout_pct")) for row in table["rows"]]
            if component["scope"] == "each_transaction":
                found[key] = "deal"
            elif table["mode"] == "marginal" or rates == sorted(rates):
                found[key] = "deal" if by_sale(component) else "person"
    return found


def by_sale(component: dict) -> bool:
    """Whether a refund takes its own sale back from a running total, and not the top of it."""
    return "multipliers" in component or "of" in component.get("position", {})


@pytest.mark.parametrize("change", [as_they_are, in_territories])
@pytest.mark.parametrize("seed", SEEDS)
def test_what_comes_back_of_a_deal_never_exceeds_what_was_paid(seed, change):
    """At the end of no quarter: of each deal, or where a total alone says what is paid, of all the deals.

    There a cancelled credit stays in the total, so that deals must not be cancelled.
    """
    made = change(world(seed, HISTORIES))
    quiet = replace(made, events=tuple(e for e in made.events if e.kind != "cancelled"))
    for world_, of in ((made, "deal"), (quiet, "person")):
        balance = defaultdict(Fraction)
        amounts = of_payouts(payouts_of(world_, ledger=True))
        assert any(amount < 0 for amount in amounts.values())
        for key, amount in amounts.items():
            payee, deal, plan, version, component, _, quarter = key
            if deal is not None and kept(made).get((plan, version, component)) == of:
                name = payee, deal if of == "deal" else None, plan, version, component
                balance[quarter, name] += amount
        so_far = defaultdict(Fraction)
        for quarter, name in sorted(balance, key=lambda each: each[0]):
            so_far[name] += balance[quarter, name]
            assert so_far[name] >= 0, (seed, name, quarter, so_far[name])


@pytest.mark.parametrize("change", [as_they_are, in_territories])
@pytest.mark.parametrize("seed", SEEDS)
def test_all_refunded_on_the_last_day_leaves_nobody_anything(seed, change):
    """Of any table, each person has exactly 0.00: of each deal, or of all of a total that alone says it."""
    made = change(world(seed, HISTORIES))
    back = [Event(f"{d.id}-back", d.id, "refunded", LAST, 10 * d.amount) for d in made.deals]
    events = [e for e in made.events if e.kind != "cancelled" and e.day <= LAST]
    plans = [{name: part for name, part in plan.items() if name != "release"} for plan in made.plans]
    gone = replace(made, plans=tuple(plans), events=(*events, *back))
    totals, left = set(), defaultdict(Fraction)
    for plan in made.plans:
        for component in plan["components"]:
            if component["scope"] == "running_total" and not by_sale(component):
                totals.add((plan["plan"]["id"], plan["plan"]["version"], component["id"]))
    amounts = of_payouts(payouts_of(gone, ledger=True))
    assert any(key[5] == "refund" for key in amounts)
    for (payee, deal, *component, _, _), amount in amounts.items():
        if deal is not None:
            left[payee, None if tuple(component) in totals else deal, *component] += amount
    assert not {key: amount for key, amount in left.items() if amount}, seed


@pytest.mark.parametrize("seed", SEEDS)
def test_the_order_of_rows_changes_nothing(seed):
    made = world(seed, HISTORIES)
    one, two = (payouts_of(each, ledger=True) for each in (made, shuffled(made, seed)))
    for quarter in QUARTERS:
        lines = [p[quarter].lines.sort_values("line_id").reset_index(drop=True) for p in (one, two)]
        pd.testing.assert_frame_equal(*lines)


@pytest.mark.parametrize("seed", SEEDS)
def test_other_ids_change_the_names_and_nothing_else(seed):
    """Other names, which leave the order of a day's events and of the people of a deal as it was."""
    made = world(seed, HISTORIES)
    people = {stay.person: f"Ω {n:05}" for n, stay in enumerate(made.stays)}
    owners = sorted({d.owner for d in made.deals} | {who for d in made.deals for who, _ in d.shares})
    people = {who: people.get(who, f"nobody {who}") for who in owners} | people
    other = replace(
        made,
        plans=tuple(p | {"plan": p["plan"] | {"id": f"new {p['plan']['id']}"}} for p in made.plans),
        deals=tuple(
            replace(
                d, id=f"~{d.id}", owner=people[d.owner], shares=tuple((people[who], s) for who, s in d.shares)
            )
            for d in made.deals
        ),
        events=tuple(e._replace(id=f"~{e.id}", deal=f"~{e.deal}") for e in made.events),
        stays=tuple(s._replace(person=people[s.person], plan=f"new {s.plan}") for s in made.stays),
        people=tuple(
            p._replace(id=people[p.id], manager=people.get(p.manager, p.manager)) for p in made.people
        ),
        activities=tuple(
            a._replace(person=people[a.person], confirmed_by=people.get(a.confirmed_by, a.confirmed_by))
            for a in made.activities
        ),
    )
    one, two = (of_payouts(payouts_of(each, ledger=True)) for each in (made, other))
    renamed = sums(
        (people[payee], deal and f"~{deal}", f"new {plan}", *rest, amount)
        for (payee, deal, plan, *rest), amount in one.items()
    )
    wrong = differences(renamed, two)
    assert not wrong, (seed, shown(wrong))


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("place", [1, 3])
def test_a_later_event_changes_no_line_of_an_earlier_period(seed, place):
    """Deals that the table calls lost are left out: that word is of no day, so that it has no earlier."""
    made = world(seed, HISTORIES)
    lost = {deal.id for deal in made.deals if deal.outcome == "lost"}
    made = replace(made, deals=tuple(d for d in made.deals if d.id not in lost))
    made = replace(made, events=tuple(e for e in made.events if e.deal not in lost))
    day = {quarter: date(int(quarter[:4]), 3 * int(quarter[-1]) - 2, 1) for quarter in QUARTERS}
    booked = {e.deal for e in made.events if e.kind == "booked"}
    early = replace(
        made,
        events=tuple(e for e in made.events if e.day < day[QUARTERS[place]]),
        # a deal whose booking lies ahead is open as yet, else it would be booked on its closing day
        deals=tuple(replace(d, outcome="open") if d.id in booked else d for d in made.deals),
    )
    full = replace(made, deals=early.deals)
    assert len(early.events) < len(full.events)
    one, two = (payouts_of(each, True, QUARTERS[:place]) for each in (early, full))
    for quarter in QUARTERS[:place]:
        lines = [p[quarter].lines.sort_values("line_id").reset_index(drop=True) for p in (one, two)]
        pd.testing.assert_frame_equal(*lines)
        assert {quarter_of(day) for day in lines[0]["happened_on"]} <= {quarter}
