"""What the parts of a plan demand of each other; each fault is a sentence and where it stands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from salesops_nb.commission.schema_base import Fault

if TYPE_CHECKING:
    from salesops_nb.commission.schema import Component, PlanFile


def component_faults(c: Component) -> list[Fault]:
    """Contradictions inside a component and the fields its features demand."""
    prices = [n for n in ("rate_pct", "rates", "per_unit", "table") if getattr(c, n) is not None]
    found: list[Fault] = []
    if c.measure == "mbo":
        found += _scorecard(c, prices)
    elif c.objectives is not None:
        found.append((("objectives",), "'objectives' belong to the measure mbo"))
    elif prices == ["rate_pct", "table"]:
        rows = c.table.rows if c.table else ()
        if not any(r.x is not None for r in rows):
            found.append(
                (
                    ("rate_pct",),
                    "a rate_pct beside a table is for rows with 'x'; here the rows bring their own rates",
                )
            )
    elif len(prices) != 1:
        has = " and ".join(prices) or "none"
        found.append(
            (
                tuple(prices[-1:]),
                f"component {c.id!r} needs one of rate_pct, rates, per_unit or table, and has {has}",
            )
        )
    if c.table is not None:
        found += _table(c)
    if (c.measure == "team_credit") != (c.payee == "manager"):
        found.append((("measure",), "the measure team_credit and the payee manager go together"))
    if (c.threshold is None) != (c.then is None):
        says = (
            "'threshold' must say what it pays 'then': first_dollar or excess; and 'then' needs a threshold"
        )
        found.append((("threshold" if c.then is None else "then",), says))
    if c.threshold is not None and c.gate is not None:
        found.append((("threshold",), "'threshold' and 'gate' say the same thing twice; keep one"))
    if c.measure == "activities" and (c.activity is None or c.per_unit is None):
        says = "a bonus for activities needs 'activity' (call, meeting, demo …) and 'per_unit'"
        found.append((("measure",), says))
    if c.activity is not None and c.measure != "activities":
        found.append((("activity",), "'activity' belongs to the measure activities"))
    if c.from_ and c.to and c.to < c.from_:
        found.append((("to",), f"'to' ({c.to}) is before 'from' ({c.from_})"))
    pers = [limit.per for limit in c.limit_list]
    if len(pers) != len(set(pers)):
        found.append((("limits",), "'limits' names the same 'per' twice"))
    return found


def _scorecard(c: Component, prices: list[str]) -> list[Fault]:
    found: list[Fault] = []
    if prices:
        says = f"a scorecard is paid by 'target' and 'objectives', not by {' and '.join(prices)}"
        found.append(((prices[0],), says))
    if not c.objectives:
        return [*found, (("measure",), "the measure mbo needs 'objectives'")]
    total = sum(o.weight_pct for o in c.objectives)
    if total != 100:
        found.append((("objectives",), f"the objectives' weights sum to {total} %, not to 100 %"))
    if c.target is None:
        found.append((("measure",), "the measure mbo needs a 'target': an amount a period, or derived"))
    return found


def _table(c: Component) -> list[Fault]:
    found: list[Fault] = []
    assert c.table is not None
    rows = c.table.rows
    if c.scope is None:
        says = "a table must say its 'scope': each_transaction, running_total or ytd_less_paid"
        found.append((("scope",), says))
    base = next((i for i, r in enumerate(rows) if r.x is not None), None)
    if base is not None and c.rate_pct is None:
        says = "rows with 'x' multiply a base rate: give 'rate_pct' (a number, or derived)"
        found.append((("table", "rows", base, "x"), says))
    share = next((i for i, r in enumerate(rows) if r.payout_pct is not None), None)
    if share is not None and c.target is None:
        says = "rows with 'payout_pct' are shares of a 'target': give it (an amount a period, or derived)"
        found.append((("table", "rows", share, "payout_pct"), says))
    if c.table.unit == "count" and c.table.mode != "whole" and c.measure not in ("count", "quantity"):
        says = "count bands climb over the measure count or quantity, or choose a rate in the mode whole"
        found.append((("table", "unit"), says))
    return found


def plan_faults(p: PlanFile) -> list[Fault]:
    """What components demand of the plan around them."""
    found: list[Fault] = []
    ids = [c.id for c in p.components]
    for i, name in enumerate(ids):
        if name in ids[:i]:
            found.append((("components", i, "id"), f"two components are called {name!r}"))
    for i, c in enumerate(p.components):
        at = ("components", i)
        for feature, used in _uses(c).items():
            if not used:
                continue
            if feature == "quota" and p.quota is None:
                says = f"component {c.id!r} works on attainment, so the plan needs a 'quota'"
                found.append((at, says))
            if feature == "margin_of" and p.credit.margin_of is None:
                says = f"component {c.id!r} works on margin, so 'credit' must say 'margin_of': price or cost"
                found.append((at, says))
            if feature == "quantity" and p.credit.cap_per_deal is not None:
                says = f"component {c.id!r} counts units, which 'cap_per_deal' cannot cap"
                found.append((("credit", "cap_per_deal"), says))
    if p.credit.base == "margin" and p.credit.margin_of is None:
        found.append((("credit", "base"), "a base of margin must say 'margin_of': price or cost"))
    if p.release is not None:
        total = sum(r.pct for r in p.release)
        if total != 100:
            found.append((("release",), f"the parts of 'release' sum to {total} %, not to 100 %"))
    if p.guarantee is not None and p.draw is not None:
        found.append((("guarantee",), "a plan has a draw or a guarantee, not both"))
    return found


def _uses(c: Component) -> dict[str, bool]:
    units = {c.table.unit} if c.table else set()
    if c.table and c.table.columns:
        units.add(c.table.columns.unit)
    conditions = " ".join(r.where or "" for r in (c.multipliers.rows if c.multipliers else ()))
    return {
        "quota": "pct_of_quota" in units
        or (c.gate is not None and c.gate.attainment_pct is not None)
        or c.rate_pct == "derived"
        or "attainment_pct" in conditions,
        "margin_of": "margin_pct" in units or c.measure == "margin",
        "quantity": c.measure == "quantity",
    }
