"""The engine against a second, deliberately slow calculation in exact fractions.

The reference is written from what the plan's fields mean (docs/plans.md), one credit after the
other, as one would with paper: no engine, no vectors, no decimals until the last cent. First it is
checked itself on worked examples; then the engine must pay what it pays, line by line, on random
plans and deals; then come the laws that no plan may break.
"""

from __future__ import annotations

import itertools
import os
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pandas as pd
import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st

from salesops_nb import commission

PHASES = [
    Phase.explicit,
    Phase.reuse,
    Phase.generate,
    *([] if "COMMISSION_EXAMPLES" in os.environ else [Phase.shrink]),
]
MODEST = settings(
    max_examples=int(os.environ.get("COMMISSION_EXAMPLES", "20")),
    deadline=None,
    phases=PHASES,
    suppress_health_check=list(HealthCheck),
)
FEW = settings(MODEST, max_examples=5)
START = date(2026, 1, 1)
Q1, Q2 = "2026-Q1", "2026-Q2"


# --- the reference ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Deal:
    id: str
    owner: str
    amount: Fraction
    day: date
    product: str = "A"
    term: int = 12
    currency: str = "USD"
    shares: tuple[tuple[str, int], ...] = ()
    overlay: tuple[tuple[str, int], ...] = ()


@dataclass
class Credit:
    """What one person is credited for one deal."""

    event: str
    deal: Deal
    amount: Fraction
    count: Fraction  # a share of a deal is that share of one


def cents(amount: Fraction, mode: str = "half_up") -> Fraction:
    """To cents: half up (ties away from zero) unless the plan says otherwise."""
    scaled = abs(amount) * 100
    whole = scaled.numerator // scaled.denominator
    rest = scaled - whole
    up = {
        "half_up": rest >= Fraction(1, 2),
        "half_down": rest > Fraction(1, 2),
        "half_even": rest > Fraction(1, 2) or (rest == Fraction(1, 2) and whole % 2 == 1),
        "up": rest > 0,
        "down": False,
    }[mode]
    whole += up
    return Fraction(whole if amount >= 0 else -whole, 100)


def exact(number) -> Fraction:
    return Fraction(str(number)) if isinstance(number, float) else Fraction(number)


def ordered_credits(plan, deals, rates=None) -> dict[str, list[Credit]]:
    """Per person, by day and event: split, converted, and no more than the cap of a deal."""
    rule = plan.get("credit", {})
    result = defaultdict(list)
    for deal in sorted(deals, key=lambda d: (d.day, f"{d.id}:booked")):
        amount = deal.amount * (rates or {}).get(deal.currency, Fraction(1))
        for person, share in deal.shares or ((deal.owner, 100),):
            part = amount * Fraction(share, 100)
            if rule.get("cap_per_deal") is not None:
                part = min(part, exact(rule["cap_per_deal"]))
            result[person].append(Credit(f"{deal.id}:booked", deal, part, Fraction(share, 100)))
        for person, share in deal.overlay:  # of one deal, a person's overlay stands before their own share
            part = amount * Fraction(share, 100)
            if rule.get("cap_per_deal") is not None:
                part = min(part, exact(rule["cap_per_deal"]))
            theirs = result[person]
            place = len(theirs) - (1 if theirs and theirs[-1].deal is deal else 0)
            theirs.insert(place, Credit(f"{deal.id}:booked", deal, part, Fraction(share, 100)))
    return result


def band(table, key, quota):
    """The number of the row in which a key lies; a bound belongs to the higher row unless said otherwise."""
    found = None
    for number, row in enumerate(table["rows"]):
        bound = exact(row["from"])
        if table["unit"] == "pct_of_quota":
            bound = bound * quota / 100
        owns = row.get("inclusive", table.get("boundary") != "upper_inclusive")
        reached = key >= bound if owns or (not bound and "inclusive" not in row) else key > bound
        if reached:
            found = number
    return found


def bound(table, number, quota):
    value = exact(table["rows"][number]["from"])
    return value * quota / 100 if table["unit"] == "pct_of_quota" else value


def pay_of(component, x, key, quota, deals=Fraction(0)) -> Fraction:
    """F(x): what the table pays for so much credit, `key` being what its rows look at, after so many
    deals.
    """
    if "per_unit" in component:
        return x * exact(component["per_unit"])
    if "rate_pct" in component:
        return x * exact(component["rate_pct"]) / 100
    table = component["table"]
    rows, mode = table["rows"], table["mode"]
    last = len(rows) - 1
    if mode == "matrix":
        number, column = band(table, key, quota), -1
        for place, start in enumerate(table["columns"]["from"]):
            reached = deals > start if table.get("boundary") == "upper_inclusive" else deals >= start
            column = place if reached else column
        inside = number is not None and column >= 0
        return x * exact(rows[number]["rate_pct"][column]) / 100 if inside else Fraction(0)
    rate = [exact(row.get("rate_pct", 0)) / 100 for row in rows]
    if mode == "marginal":
        total = Fraction(0)
        for number in range(len(rows)):
            low = bound(table, number, quota)
            high = bound(table, number + 1, quota) if number < last else None
            top = x if high is None else min(x, high)
            total += max(Fraction(0), top - low) * rate[number]
        return total
    number = band(table, key, quota)
    if number is None:
        return Fraction(0)
    if mode == "whole":
        return exact(rows[number]["amount"]) if "amount" in rows[number] else x * rate[number]
    if mode == "whole_overage":
        start = bound(table, 1, quota)
        return min(x, start) * rate[0] + max(Fraction(0), x - start) * rate[number]
    assert mode == "proportional"
    total = Fraction(0)
    for place, row in enumerate(rows):
        low = bound(table, place, quota)
        high = bound(table, place + 1, quota) if place < last else end_of(table, quota)
        total += exact(row["amount"]) * min(max(x - low, Fraction(0)), high - low) / (high - low)
    return total


def end_of(table, quota):
    end = exact(table["rows"][-1]["to"])
    return end * quota / 100 if table["unit"] == "pct_of_quota" else end


def factor(component, deal) -> Fraction:
    rule = component.get("multipliers")
    if not rule:
        return Fraction(1)
    holding = [exact(row["x"]) for row in rule["rows"] if holds(row["where"], deal)]
    if not holding:
        return Fraction(1)
    if rule["combine"] == "multiply":
        product = Fraction(1)
        for x in holding:
            product *= x
        return product
    if rule["combine"] == "add":
        return 1 + sum(x - 1 for x in holding)
    return max(holding)


def holds(where, deal) -> bool:
    """Only the two conditions that the random plans use."""
    name, sign, value = where.split(" ", 2)
    if name == "product_id":
        assert sign == "=="
        return deal.product == value.strip("'")
    assert (name, sign) == ("term_months", ">=")
    return deal.term >= int(value)


@dataclass
class Paid:
    lines: dict = field(default_factory=dict)  # (person, component, event) -> cents
    carried: dict = field(default_factory=dict)  # (person, component) -> over the cap


def reference(plan, deals, rates=None, before=()) -> Paid:
    """Lines of a period; `before` are earlier deals of the year, for year-to-date components."""
    paid = Paid()
    quota = exact(plan["quota"]["amount"]) if "quota" in plan else None
    mode = plan.get("rounding", {}).get("mode", "half_up")
    credits = ordered_credits(plan, deals, rates)
    earlier = ordered_credits(plan, before, rates)
    for component in plan["components"]:
        for person, theirs in credits.items():
            chosen = [c for c in theirs if "where" not in component or holds(component["where"], c.deal)]
            past = [
                c for c in earlier[person] if "where" not in component or holds(component["where"], c.deal)
            ]
            attained = sum((c.amount for c in theirs), Fraction(0))
            past = past if component["scope"] == "ytd_less_paid" else []
            _lines(paid, component, person, chosen, past, attained, quota, mode)
    paid.lines = {key: amount for key, amount in paid.lines.items() if amount}
    return paid


def worth_so_far(component, past, quota):
    """What earlier credits of the year came to, unrounded, where a table goes on from them."""
    x = sum((c.amount for c in past), Fraction(0))
    return pay_of(component, x, x, quota) if past else Fraction(0)


def within(limits, amount) -> Fraction:
    """What one deal pays a person: no more than the cap, and if anything no less than the floor."""
    if limits.get("cap") is not None:
        amount = min(amount, exact(limits["cap"]))
    if limits.get("floor") is not None and amount > 0:
        amount = max(amount, exact(limits["floor"]))
    return amount


def listed(component, credit) -> Fraction:
    """The first of the listed rates that fits."""
    for row in component["rates"]:
        if "where" not in row or holds(row["where"], credit.deal):
            if "amount" in row:
                return credit.count * exact(row["amount"])
            return credit.amount * exact(row["rate_pct"]) / 100
    return Fraction(0)


def _lines(paid, component, person, chosen, past, attained, quota, mode):
    gate, taken_off = component.get("gate"), Fraction(0)
    counts = component.get("measure") == "count"
    total = sum((c.count if counts else c.amount for c in chosen), Fraction(0))
    if gate:
        level = (
            exact(gate["attainment_pct"]) * quota / 100 if "attainment_pct" in gate else exact(gate["amount"])
        )
        measured = attained if "attainment_pct" in gate else total
        if gate["then"] == "first_dollar":
            open_ = measured >= level if gate.get("inclusive", True) else measured > level
            if not open_:
                return
        else:
            taken_off = level
    x = sum((c.amount for c in past), Fraction(0))
    count = sum((c.count for c in past), Fraction(0))
    earned, pay, of_deal = Fraction(0), worth_so_far(component, past, quota), {}
    limits = component.get("limits", {})
    by_count = component.get("table", {}).get("unit") == "count"

    def worth(amount, deals):
        key = deals if by_count else amount
        of = deals if counts else amount
        return max(
            Fraction(0),
            pay_of(component, of, key, quota, deals) - pay_of(component, taken_off, taken_off, quota),
        )

    for credit in chosen:
        if component["scope"] == "each_transaction":
            x = count = pay = Fraction(0)
        m = factor(component, credit.deal)
        if "rates" in component:
            more = m * listed(component, credit)
        else:
            more = m * (worth(x + credit.amount, count + credit.count) - worth(x, count))
        if limits.get("per") == "deal":
            sofar = of_deal.get(credit.deal.id, Fraction(0))
            of_deal[credit.deal.id] = sofar + more
            more = within(limits, sofar + more) - within(limits, sofar)
        line = cents(pay + more, mode) - cents(pay, mode)
        x, count, pay = x + credit.amount, count + credit.count, pay + more
        new = earned + line
        if limits.get("per") == "period" and limits.get("cap") is not None:
            cap = exact(limits["cap"])
            line = min(new, cap) - min(earned, cap)
        earned = new
        key = person, component["id"], credit.event
        paid.lines[key] = paid.lines.get(key, Fraction(0)) + line
    if limits.get("per") == "period" and limits.get("excess") == "carry":
        over = earned - min(earned, exact(limits["cap"]))
        if over:
            paid.carried[person, component["id"]] = over


# --- the reference itself, on worked examples ---------------------------------------------------


def plan_of(component, **more):
    return {"components": [{"id": "c", "scope": "running_total", **component}], **more}


def table(mode, unit, *rows, **more):
    name = "amount" if mode == "proportional" else "rate_pct"
    made = [{"from": a, name: b} for a, b in rows]
    if mode == "proportional":
        made[-1]["to"] = 2 * made[-1]["from"]
    return {"mode": mode, "unit": unit, "rows": made, **more}


QUOTA = {"amount": 1000, "attained_by": "booked", "if_zero": "attainment_0"}


@pytest.mark.parametrize(
    ("component", "quota", "amounts", "lines"),
    [
        ({"table": table("marginal", "amount", (0, 10), (5000, 12))}, None, [6000], [620]),
        ({"table": table("whole", "amount", (0, 50), (100000, 60))}, None, [180000], [108000]),
        ({"table": table("marginal", "amount", (0, 50), (100000, 60))}, None, [180000], [98000]),
        (
            {"table": table("marginal", "pct_of_quota", (0, 5), (50, 10), (100, 15))},
            1000,
            [500, 300, 700, 200],
            [25, 30, 95, 30],
        ),
        (
            {
                "scope": "each_transaction",
                "table": table("marginal", "amount", (0, 1), (1000, 2), (3000, 3), (8000, 5)),
            },
            None,
            [200, 300, 1500, 1200, 2000, 4500],
            [2, 3, 20, 14, 30, 95],
        ),
        (
            {"table": table("proportional", "pct_of_quota", (0, 1000), (25, 2000), (50, 5000))},
            100,
            [12],
            [480],
        ),
        (
            {
                "scope": "each_transaction",
                "table": table("whole", "amount", (0, 1), (25000, 2), (50000, 3), (75000, 4)),
            },
            None,
            [50000],
            [1500],
        ),
        (
            {"table": table("whole_overage", "pct_of_quota", (0, 50), (100, 75), (125, 100), (150, 125))},
            100000,
            [140000],
            [90000],
        ),
        ({"rate_pct": 10, "gate": {"attainment_pct": 70, "then": "first_dollar"}}, 1000, [699], []),
        ({"rate_pct": 10, "gate": {"attainment_pct": 70, "then": "first_dollar"}}, 1000, [700], [70]),
        (
            {"rate_pct": 3, "limits": {"cap": 10000, "per": "period", "excess": "forfeit"}},
            None,
            [400000],
            [10000],
        ),
        (
            {"rate_pct": 5, "scope": "each_transaction", "limits": {"floor": 10, "per": "deal"}},
            None,
            [1000, 50],
            [50, 10],
        ),
        ({"table": table("whole", "count", (0, 10), (3, 20))}, None, [1000, 1000, 300], [100, 100, 260]),
    ],
)
def test_the_reference_knows_the_worked_examples(component, quota, amounts, lines):
    plan = plan_of(component, **({"quota": {"amount": quota}} if quota else {}))
    deals = [Deal(f"D{i}", "ann", Fraction(a), START + timedelta(days=i)) for i, a in enumerate(amounts)]
    assert list(reference(plan, deals).lines.values()) == lines


@pytest.mark.parametrize(("value", "rounded"), [("1.005", "1.01"), ("-1.005", "-1.01"), ("1.0049", "1.00")])
def test_the_reference_rounds_half_up(value, rounded):
    assert cents(Fraction(value)) == Fraction(rounded)


# --- the engine ---------------------------------------------------------------------------------


def full(plan, period="quarter"):
    """The plan with its head, as a file would hold it."""
    head = {"id": "p", "version": 1, "from": START, "to": date(2026, 12, 31), "currency": "USD"}
    return {"plan": {**head, "period": period}, **plan}


def decimal(amount: Fraction) -> Decimal:
    return Decimal(amount.numerator) / Decimal(amount.denominator)


def tables(deals, **more):
    rows = [
        {
            "deal_id": d.id,
            "owner_id": d.owner,
            "amount": decimal(d.amount),
            "closed_on": d.day,
            "created_on": START,
            "stage": "won",
            "outcome": "won",
            "currency": d.currency,
            "product_id": d.product,
            "term_months": d.term,
        }
        for d in deals
    ]
    result = {"deals": pd.DataFrame(rows), **more}
    shares = [
        {"deal_id": d.id, "person_id": who, "share": Decimal(share), "type": "revenue"}
        for d in deals
        for who, share in d.shares
    ] + [
        {"deal_id": d.id, "person_id": who, "share": Decimal(share), "type": "overlay"}
        for d in deals
        for who, share in d.overlay
    ]
    if shares:
        result["splits"] = pd.DataFrame(shares)
    return result


def engine(plan, deals, period=Q1, **more):
    return commission.calculate(commission.load_plan(full(plan)), tables(deals, **more), period)


def errors(payout):
    return [problem for problem in payout.problems if problem.severity == "error"]


def cells(payout) -> dict:
    """Amount by person, component and event; a cell that pays nothing is left out."""
    result = defaultdict(Fraction)
    for row in payout.lines.to_dict("records"):
        event = None if pd.isna(row["event_id"]) else row["event_id"]
        result[row["payee_id"], row["component_id"], event] += Fraction(row["amount"])
    return {key: amount for key, amount in result.items() if amount}


def paid_in_all(payout) -> Fraction:
    return sum((Fraction(amount) for amount in payout.lines["amount"]), Fraction(0))


# --- random plans and deals ---------------------------------------------------------------------

PEOPLE = ("ann", "bob")
MODES = ("marginal", "whole", "whole_overage", "proportional")
money = st.integers(1, 30_000_00).map(lambda n: Fraction(n, 100)) | st.sampled_from(
    [Fraction(n) for n in (1000, 2500, 5000, 10000)]
)
percent = st.sampled_from(["0.5", "1", "2.5", "3.125", "7.77", "10", "12.345"])
days = st.integers(0, 89).map(lambda n: START + timedelta(days=n))


@st.composite
def deals_of(draw, most=7, currencies=("USD",), splits=True, overlay=False):
    count = draw(st.integers(1, most))
    made = []
    for number in range(count):
        share = draw(st.sampled_from([100, 100, 60, 50, 15])) if splits else 100
        shares = () if share == 100 else (("ann", share), ("bob", 100 - share))
        beside = draw(st.sampled_from([(), (), (("bob", 50),), (("cy", 100),)])) if overlay else ()
        made.append(
            Deal(
                f"D{number:02}",
                draw(st.sampled_from(PEOPLE)),
                draw(money),
                draw(days),
                draw(st.sampled_from("AB")),
                draw(st.sampled_from([12, 24, 36])),
                draw(st.sampled_from(currencies)),
                shares,
                beside,
            )
        )
    return made


@st.composite
def rate_tables(
    draw, modes=("marginal", "whole", "whole_overage", "proportional"), units=("amount", "pct_of_quota")
):
    mode, unit = draw(st.sampled_from(modes)), draw(st.sampled_from(units))
    if unit == "count":
        bounds = [0, *sorted(draw(st.sets(st.integers(1, 5), min_size=1, max_size=3)))]
        mode = "whole"
    elif mode == "whole_overage":
        unit = "pct_of_quota"
        bounds = [0, 100, *sorted(draw(st.sets(st.sampled_from([110, 125, 150]), max_size=2)))]
    else:
        choices = [25, 50, 80, 100, 130] if unit == "pct_of_quota" else [1000, 2500, 5000, 7500, 20000]
        bounds = [0, *sorted(draw(st.sets(st.sampled_from(choices), min_size=1, max_size=3)))]
    rows = []
    if mode == "matrix":
        columns = {"unit": "count", "from": [0, *sorted(draw(st.sets(st.integers(1, 4), max_size=2)))]}
        for place in bounds:
            rates = [Decimal(draw(percent)) for _ in columns["from"]]
            rows.append({"from": place, "rate_pct": rates})
        return {"mode": mode, "unit": unit, "columns": columns, "rows": rows}
    for place in bounds:
        value = draw(st.integers(0, 3000)) if mode == "proportional" else Decimal(draw(percent))
        rows.append({"from": place, "amount" if mode == "proportional" else "rate_pct": value})
    if mode == "whole" and unit != "count" and draw(st.integers(0, 3)) == 0:
        rows[-1] = {"from": rows[-1]["from"], "amount": draw(st.integers(0, 900))}
    if mode == "whole" and draw(st.integers(0, 3)) == 0:
        rows[-1]["inclusive"] = draw(st.booleans())
    if mode == "proportional":
        rows[-1]["to"] = 2 * rows[-1]["from"]
    boundary = draw(st.sampled_from(["lower_inclusive", "upper_inclusive"]))
    return {"mode": mode, "unit": unit, "boundary": boundary, "rows": rows}


@st.composite
def components_of(draw, name="c"):
    scope = draw(st.sampled_from(["each_transaction", "running_total", "running_total"]))
    component = {"id": name, "scope": scope}
    price = draw(st.integers(0, 8))
    if price < 2:
        component["rate_pct"] = Decimal(draw(percent))
    elif price == 2:
        component |= {"measure": "count", "per_unit": draw(st.sampled_from([7, 50]))}
    elif price == 3:
        component["rates"] = [
            {"where": "product_id == 'A'", "rate_pct": Decimal(draw(percent))},
            {"where": "term_months >= 24", "amount": draw(st.integers(1, 99))},
        ]
        if draw(st.booleans()):
            component["rates"].append({"rate_pct": Decimal(draw(percent))})
    elif scope == "each_transaction":
        component["table"] = draw(rate_tables(("marginal", "whole"), ("amount",)))
    else:
        component["table"] = draw(rate_tables((*MODES, "matrix"), units=("amount", "pct_of_quota", "count")))
    climbs = component.get("table", {}).get("mode")
    if scope == "running_total" and "rates" not in component and draw(st.booleans()):
        then = "first_dollar"
        if climbs in (None, "marginal") and "per_unit" not in component:
            then = draw(st.sampled_from(["first_dollar", "excess"]))
        component["gate"] = {
            "inclusive": draw(st.booleans()) if then == "first_dollar" else True,
            "then": then,
        }
        if draw(st.booleans()):
            component["gate"]["attainment_pct"] = draw(st.sampled_from([50, 80, 100]))
        else:
            component["gate"]["amount"] = draw(st.sampled_from([1000, 5000]))
    if draw(st.integers(0, 2)) == 0 and climbs != "proportional":
        component["multipliers"] = {
            "combine": draw(st.sampled_from(["multiply", "add", "highest"])),
            "rows": [
                {"where": "term_months >= 36", "x": Decimal("1.1")},
                {"where": "product_id == 'A'", "x": Decimal(draw(st.sampled_from(["0.5", "1.25"])))},
            ],
        }
    limit = draw(st.sampled_from([None, None, "period", "carry", "deal", "floor"]))
    if limit in ("period", "carry"):
        excess = "carry" if limit == "carry" else "forfeit"
        component["limits"] = {
            "cap": draw(st.sampled_from([100, 500, 1200])),
            "per": "period",
            "excess": excess,
        }
    elif limit == "deal" and scope == "each_transaction":
        component["limits"] = {"cap": draw(st.sampled_from([50, 300])), "per": "deal"}
    elif limit == "floor" and scope == "each_transaction":
        component["limits"] = {"floor": draw(st.sampled_from([10, 75])), "per": "deal"}
    if draw(st.integers(0, 3)) == 0:
        component["where"] = "product_id == 'A'"
    return component


@st.composite
def plans_of(draw, names=("base", "extra")):
    plan = {
        "credit": {"event": "booked", "splits": {"apply_to": "credit"}},
        "quota": {**QUOTA, "amount": draw(st.sampled_from([1000, 8000, 20000]))},
        "components": [draw(components_of(name)) for name in names[: draw(st.integers(1, len(names)))]],
        "rounding": {
            "mode": draw(st.sampled_from(["half_up", "half_up", "half_even", "half_down", "up", "down"]))
        },
    }
    if draw(st.integers(0, 3)) == 0:
        plan["credit"]["cap_per_deal"] = draw(st.sampled_from([900, 4000]))
    return plan


@MODEST
@given(plans_of(), deals_of(overlay=True))
def test_the_engine_pays_what_the_reference_pays_line_by_line(plan, deals):
    payout = engine(plan, deals)
    assert not errors(payout)
    assert cells(payout) == reference(plan, deals).lines


@FEW
@given(plans_of(), deals_of(currencies=("USD", "EUR", "GBP"), splits=False))
def test_foreign_credit_is_converted_at_the_plan_rate(plan, deals):
    plan = plan | {"fx": {"credit": {"rates": "plan", "at": "credit_date"}}}
    rates = {"USD": Fraction(1), "EUR": Fraction("1.0825"), "GBP": Fraction("1.27")}
    rows = [
        {"currency": c, "valid_from": START, "valid_to": date(2027, 1, 1), "kind": "plan", "rate": decimal(r)}
        for c, r in rates.items()
    ]
    payout = engine(plan, deals, fx_rates=pd.DataFrame(rows))
    assert not errors(payout)
    assert cells(payout) == reference(plan, deals, rates).lines


@FEW
@given(rate_tables(("marginal", "whole"), ("amount",)), deals_of(splits=False), deals_of(splits=False))
def test_year_to_date_less_paid_goes_on_where_the_last_period_ended(rates, first, second):
    plan = plan_of({"table": rates, "scope": "ytd_less_paid"})
    later = [
        Deal(f"E{d.id}", d.owner, d.amount, d.day + timedelta(days=90), d.product, d.term) for d in second
    ]
    one = engine(plan, first)
    two = engine(plan, first + later, Q2, prior_lines=one.lines)
    assert cells(one) == reference(plan, first).lines
    assert paid_in_all(one) + paid_in_all(two) == sum(
        reference(plan, first).lines.values(), Fraction(0)
    ) + sum(reference(plan, later, before=first).lines.values(), Fraction(0))


@FEW
@given(deals_of(splits=False), deals_of(splits=False), percent)
def test_what_a_cap_carries_is_paid_later_and_no_more(first, second, rate):
    cap = Fraction(400)
    plan = plan_of({"rate_pct": Decimal(rate), "limits": {"cap": 400, "per": "period", "excess": "carry"}})
    free = plan_of({"rate_pct": Decimal(rate)})
    later = [Deal(f"E{d.id}", d.owner, d.amount, d.day + timedelta(days=90)) for d in second]
    one = engine(plan, first)
    two = engine(plan, first + later, Q2, prior_lines=one.lines)
    for person in PEOPLE:
        sums = [
            sum((a for (who, _, _), a in reference(free, deals).lines.items() if who == person), Fraction(0))
            for deals in (first, later)
        ]
        now = min(sums[0], cap)
        then = min(sums[1] + sums[0] - now, cap)
        found = [
            sum((Fraction(a) for a in p.lines.loc[p.lines["payee_id"] == person, "amount"]), Fraction(0))
            for p in (one, two)
        ]
        assert found == [now, then]


@FEW
@given(
    st.lists(st.integers(0, 4000), min_size=1, max_size=5),
    st.sampled_from(["draw", "none"]),
    st.booleans(),
)
def test_draws_month_by_month(earned, keep, recoverable):
    """A draw tops pay up; a recoverable one is repaid from what later months earn above what is kept."""
    draw, balance, prior = 1500, 0, None
    rule = {"per": "month", "amount": draw, "recoverable": recoverable}
    if recoverable:
        rule["keep_at_least"] = keep
    plan = commission.load_plan(
        full(
            {"components": [{"id": "c", "rate_pct": 10, "scope": "each_transaction"}], "draw": rule}, "month"
        )
    )
    stay = {"person_id": "ann", "plan_id": "p", "plan_version": 1, "valid_from": START}
    assignment = pd.DataFrame([stay | {"valid_to": date(2027, 1, 1)}])
    deals = []
    for month, amount in enumerate(earned, start=1):
        deals.append(Deal(f"D{month}", "ann", Fraction(amount * 10), date(2026, month, 10)))
        more = {"plan_assignments": assignment} | ({} if prior is None else {"prior_lines": prior})
        sold = [d for d in deals if d.amount] or deals
        payout = commission.calculate(plan, tables(sold, **more), f"2026-{month:02}")
        kept = draw if keep == "draw" else 0
        if amount < draw:
            advanced, repaid = draw - amount, 0
        else:
            advanced, repaid = 0, min(balance, max(0, amount - max(kept, 0)))
        balance += (advanced if recoverable else 0) - repaid
        assert balance >= 0
        assert paid_in_all(payout) == amount + advanced - repaid
        prior = payout.lines if prior is None else pd.concat([prior, payout.lines], ignore_index=True)
        if recoverable:
            moved = prior.loc[prior["kind"].isin(["draw", "draw_recovery"]), "amount"]
            assert sum(moved, Decimal(0)) == balance


@FEW
@given(deals_of(most=4, splits=False), percent, st.lists(st.integers(1, 60), min_size=1, max_size=3))
def test_pay_is_released_as_customers_pay(deals, rate, collected):
    """Three fifths when booked, the rest in proportion to what was collected; nothing is lost on the way."""
    release = [{"event": "booked", "pct": 60}, {"event": "collected", "pct": 40, "as": "share_collected"}]
    plan = plan_of({"rate_pct": Decimal(rate), "scope": "each_transaction"}, release=release)
    rows, shares = [], {}
    for deal in deals:
        day = min(deal.day, date(2026, 3, 20))
        rows.append((f"{deal.id}:booked", deal.id, "booked", day, decimal(deal.amount)))
        left = deal.amount
        for number, part in enumerate(collected):
            amount = left if sum(collected) >= 100 and number == len(collected) - 1 else None
            amount = min(left, cents(deal.amount * part / 100)) if amount is None else amount
            if amount:
                when = day + timedelta(days=number + 1)
                rows.append((f"{deal.id}:c{number}", deal.id, "collected", when, decimal(amount)))
            left -= amount
        shares[deal.id] = 1 - left / deal.amount
    events = pd.DataFrame(rows, columns=["event_id", "deal_id", "kind", "happened_on", "amount"])
    payout = engine(plan, deals, events=events)
    assert not errors(payout)
    earned = reference(plan, deals).lines
    paid = defaultdict(Fraction)
    for row in payout.lines.to_dict("records"):
        paid[row["deal_id"]] += Fraction(row["amount"])
    for deal in deals:
        whole = earned.get((deal.owner, "c", f"{deal.id}:booked"), Fraction(0))
        due = whole * (Fraction(60, 100) + Fraction(40, 100) * shares[deal.id])
        rounding = Fraction(1 + len(collected), 200)  # each instalment is a line, rounded by itself
        assert abs(paid[deal.id] - due) <= (rounding if shares[deal.id] < 1 else 0)


# --- laws ---------------------------------------------------------------------------------------


@FEW
@given(deals_of(), percent)
def test_parts_of_a_split_sum_to_the_whole(deals, rate):
    assume(any(d.shares for d in deals))
    plan = plan_of({"rate_pct": Decimal(rate), "scope": "each_transaction"})
    parts = engine(plan | {"credit": {"splits": {"apply_to": "pay"}}}, deals)
    whole = engine(plan, [Deal(d.id, "ann", d.amount, d.day) for d in deals])
    by_event = [defaultdict(Fraction), defaultdict(Fraction)]
    for sums, payout in zip(by_event, (parts, whole), strict=True):
        for (_, _, event), amount in cells(payout).items():
            sums[event] += amount
    assert by_event[0] == by_event[1]


def events_of(deals, refunded=()):
    rows = [(f"{d.id}:booked", d.id, "booked", d.day, decimal(d.amount)) for d in deals]
    rows += [
        (f"{d.id}:refunded", d.id, "refunded", d.day + timedelta(days=1), decimal(d.amount)) for d in refunded
    ]
    return pd.DataFrame(rows, columns=["event_id", "deal_id", "kind", "happened_on", "amount"])


@FEW
@given(rate_tables(("marginal",)), st.sampled_from(["each_transaction", "running_total"]), deals_of())
def test_a_sale_and_its_full_refund_net_to_zero(rates, scope, deals):
    if scope == "each_transaction":
        assume(rates["unit"] == "amount")
    plan = plan_of({"table": rates, "scope": scope}, quota=QUOTA, credit={"splits": {"apply_to": "credit"}})
    early = [Deal(d.id, d.owner, d.amount, min(d.day, date(2026, 3, 29)), shares=d.shares) for d in deals]
    payout = engine(plan, early, events=events_of(early, refunded=early))
    assert not errors(payout)
    for person in PEOPLE:
        mine = payout.lines.loc[payout.lines["payee_id"] == person, "amount"]
        assert sum(mine, Decimal(0)) == 0
    kept = engine(plan, early, events=events_of(early, refunded=early[1:]))
    assert paid_in_all(kept) == sum(reference(plan, early[:1]).lines.values(), Fraction(0))


@FEW
@given(plans_of(), deals_of(), st.randoms(use_true_random=False))
def test_the_order_of_input_does_not_matter(plan, deals, chance):
    shuffled = list(deals)
    chance.shuffle(shuffled)
    one, two = engine(plan, deals), engine(plan, shuffled)
    assert (
        one.lines.sort_values("line_id")
        .reset_index(drop=True)
        .equals(two.lines.sort_values("line_id").reset_index(drop=True))
    )


@FEW
@given(rate_tables(("marginal",)), st.lists(st.integers(0, 2_000_000), min_size=2, max_size=12))
def test_marginal_pay_is_continuous_and_never_falls(rates, amounts):
    """Everybody sells one deal: pay rises with credit, and by no more than the highest rate."""
    amounts = sorted({a for a in amounts if a} | {1, 99_999, 100_000, 100_001})
    plan = plan_of({"table": rates}, quota=QUOTA)
    deals = [Deal(f"D{i:02}", f"p{i:02}", Fraction(a, 100), START) for i, a in enumerate(amounts)]
    found = cells(engine(plan, deals))
    pay = [found.get((d.owner, "c", f"{d.id}:booked"), Fraction(0)) for d in deals]
    steepest = max(exact(row["rate_pct"]) for row in rates["rows"]) / 100
    for (one, two), (low, high) in zip(itertools.pairwise(pay), itertools.pairwise(amounts), strict=True):
        assert 0 <= two - one <= steepest * Fraction(high - low, 100) + Fraction(1, 100)


@FEW
@given(rate_tables(("marginal",)), deals_of(splits=False), st.integers(0, 6), st.integers(1, 99))
def test_splitting_one_deal_into_two_changes_nothing(rates, deals, which, share):
    plan = plan_of({"table": rates}, quota=QUOTA)
    one = deals[which % len(deals)]
    first = cents(one.amount * share / 100)
    assume(0 < first < one.amount)
    parts = [
        Deal(f"{one.id}a", one.owner, first, one.day, one.product, one.term),
        Deal(f"{one.id}b", one.owner, one.amount - first, one.day, one.product, one.term),
    ]
    rest = [d for d in deals if d is not one]
    difference = paid_in_all(engine(plan, deals)) - paid_in_all(engine(plan, rest + parts))
    assert abs(difference) <= Fraction(1, 100)


@FEW
@given(plans_of(), deals_of())
def test_a_statement_is_the_sum_of_its_lines(plan, deals):
    payout = engine(plan, deals)
    for row in payout.statements.to_dict("records"):
        mine = payout.lines[payout.lines["payee_id"] == row["payee_id"]]
        assert sum(mine["amount"], Decimal(0)) == row["amount"]
