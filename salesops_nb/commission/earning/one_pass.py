"""Whether lines that are only written can be worked out in one pass of the engine, with nothing held.

Holding credit and what it earns costs as much as the lines themselves, and is worth it where they are read
again: by other rules of the plans, by what the result says of them, by other periods. Both ways say the same.
"""

from __future__ import annotations

from collections.abc import Sequence

from salesops_nb.commission.crediting.measures import counts_units
from salesops_nb.commission.inputs.events import Facts
from salesops_nb.commission.plans.component_terms import on_attainment, scope_of
from salesops_nb.commission.plans.plan import Plan

LEAST = 20_000  # events; below it holding costs less than working out the plans a second time does


def in_one_pass(plans: Sequence[Plan], facts: Facts) -> bool:
    """Whether nothing in these plans and facts reads credit, or what it earns, before the lines are read."""
    return (
        facts.small
        and facts.count >= LEAST
        and not facts.refunds
        and "deal_lines" not in facts.tables
        and len({plan.id for plan in plans}) == len(plans)
        and all(_reads_once(plan) and facts.currencies <= {plan.currency} for plan in plans)
    )


def _reads_once(plan: Plan) -> bool:
    file, credit = plan.file, plan.file.credit
    if file.release or file.clawback or file.draw or file.guarantee or (file.fx and file.fx.pay):
        return False
    if len(plan.components) > 1 or (file.quota is not None and file.quota.relief_pct is not None):
        return False
    if credit.base == "margin" or credit.margin_of is not None or counts_units(plan):
        return False
    return all(
        c.payee == "owner"
        and c.measure not in ("mbo", "activities")
        and scope_of(c) != "ytd_less_paid"
        and not on_attainment(c)
        and not any(limit.floor is not None or limit.excess == "carry" for limit in c.limit_list)
        for c in plan.components
    )
