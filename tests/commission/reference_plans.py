"""Random plans and deals of one period, and the engine's side of every comparison."""

from __future__ import annotations

import os
from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pandas as pd
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from reference_rates import Deal

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


# --- plans, shortly ---


def plan_of(component, **more):
    return {"components": [{"id": "c", "scope": "running_total", **component}], **more}


def table(mode, unit, *rows, **more):
    name = "amount" if mode == "proportional" else "rate_pct"
    made = [{"from": a, name: b} for a, b in rows]
    if mode == "proportional":
        made[-1]["to"] = 2 * made[-1]["from"]
    return {"mode": mode, "unit": unit, "rows": made, **more}


QUOTA = {"amount": 1000, "attained_by": "booked", "if_zero": "attainment_0"}


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
        share = draw(st.sampled_from([100, 100, 60, 50, 30, 15])) if splits else 100
        shares = () if share == 100 else (("ann", share), ("bob", 100 - share))
        if share == 30:  # of three
            shares = (("ann", Decimal("33.33")), ("bob", Decimal("33.33")), ("cy", Decimal("33.34")))
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
