"""What the parts of a plan demand of each other; each fault is a sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from salesops_nb.commission.schema import Component, PlanFile


def component_faults(c: Component) -> list[str]:
    """Contradictions inside a component and the fields its features demand."""
    prices = [n for n in ("rate_pct", "rates", "per_unit", "table") if getattr(c, n) is not None]
    found = []
    if c.measure == "mbo":
        found += _scorecard(c, prices)
    elif c.objectives is not None:
        found.append("'objectives' belong to the measure mbo")
    elif prices == ["rate_pct", "table"]:
        rows = c.table.rows if c.table else ()
        if not any(r.x is not None for r in rows):
            found.append(
                "a rate_pct beside a table is for rows with 'x'; here the rows bring their own rates"
            )
    elif len(prices) != 1:
        found.append(
            f"needs one of rate_pct, rates, per_unit or table, and has {' and '.join(prices) or 'none'}"
        )
    if c.table is not None:
        found += _table(c)
    if (c.measure == "team_credit") != (c.payee == "manager"):
        found.append("the measure team_credit and the payee manager go together")
    if (c.threshold is None) != (c.then is None):
        found.append(
            "'threshold' must say what it pays 'then': first_dollar or excess; and 'then' needs a threshold"
        )
    if c.threshold is not None and c.gate is not None:
        found.append("'threshold' and 'gate' say the same thing twice; keep one")
    if c.measure == "activities" and (c.activity is None or c.per_unit is None):
        found.append("a bonus for activities needs 'activity' (call, meeting, demo …) and 'per_unit'")
    if c.activity is not None and c.measure != "activities":
        found.append("'activity' belongs to the measure activities")
    if c.from_ and c.to and c.to < c.from_:
        found.append(f"'to' ({c.to}) is before 'from' ({c.from_})")
    pers = [limit.per for limit in c.limit_list]
    if len(pers) != len(set(pers)):
        found.append("'limits' names the same 'per' twice")
    return found


def _scorecard(c: Component, prices: list[str]) -> list[str]:
    found = []
    if prices:
        found.append(f"a scorecard is paid by 'target' and 'objectives', not by {' and '.join(prices)}")
    if not c.objectives:
        return [*found, "the measure mbo needs 'objectives'"]
    total = sum(o.weight_pct for o in c.objectives)
    if total != 100:
        found.append(f"the objectives' weights sum to {total} %, not to 100 %")
    if c.target is None:
        found.append("the measure mbo needs a 'target': an amount a period, or derived")
    return found


def _table(c: Component) -> list[str]:
    found = []
    assert c.table is not None
    rows = c.table.rows
    if c.scope is None:
        found.append("a table must say its 'scope': each_transaction, running_total or ytd_less_paid")
    if any(r.x is not None for r in rows) and c.rate_pct is None:
        found.append("rows with 'x' multiply a base rate: give 'rate_pct' (a number, or derived)")
    if any(r.payout_pct is not None for r in rows) and c.target is None:
        found.append(
            "rows with 'payout_pct' are shares of a 'target': give it (an amount a period, or derived)"
        )
    if c.table.unit == "count" and c.table.mode != "whole" and c.measure not in ("count", "quantity"):
        found.append(
            "count bands climb over the measure count or quantity, or choose a rate in the mode whole"
        )
    if c.scope == "each_transaction" and c.table.unit == "pct_of_quota" and c.table.mode != "whole":
        pass
    return found


def plan_faults(p: PlanFile) -> list[str]:
    """What components demand of the plan around them."""
    found = []
    ids = [c.id for c in p.components]
    found += [f"two components are called {i!r}" for i in sorted({i for i in ids if ids.count(i) > 1})]
    for c in p.components:
        for feature, used in _uses(c).items():
            if not used:
                continue
            if feature == "quota" and p.quota is None:
                found.append(f"component {c.id!r} works on attainment, so the plan needs a 'quota'")
            if feature == "margin_of" and p.credit.margin_of is None:
                found.append(
                    f"component {c.id!r} works on margin, so 'credit' must say 'margin_of': price or cost"
                )
            if feature == "quantity" and p.credit.cap_per_deal is not None:
                found.append(f"component {c.id!r} counts units, which 'cap_per_deal' cannot cap")
    if p.credit.base == "margin" and p.credit.margin_of is None:
        found.append("a base of margin must say 'margin_of': price or cost")
    if p.release is not None:
        total = sum(r.pct for r in p.release)
        if total != 100:
            found.append(f"the parts of 'release' sum to {total} %, not to 100 %")
    if p.guarantee is not None and p.draw is not None:
        found.append("a plan has a draw or a guarantee, not both")
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
