"""Why zero? Every person, deal and component that pays nothing has a line with the reason."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from salesops_nb.commission.checks.cancellations import without_line
from salesops_nb.commission.crediting.credits import KEYS
from salesops_nb.commission.inputs.tables import as_day
from salesops_nb.commission.plans.component_terms import gate_of, scope_of
from salesops_nb.commission.plans.plan import Plan
from salesops_nb.commission.plans.schema_component import Component
from salesops_nb.commission.result.reconciliation import (
    TELLING,
    among,
    counted,
    credits_of,
    met_by,
    why_excluded,
)
from salesops_nb.commission.result.uncredited import uncredited
from salesops_nb.commission.settlement.working import ComponentRows, Working
from salesops_nb.errors import Problem
from salesops_nb.messages import Figure, Message, both, joined, message

_COLUMNS = {
    "payee_id": pa.string(),
    "deal_id": pa.string(),
    "event_id": pa.string(),
    "plan_id": pa.string(),
    "component_id": pa.string(),
    "reason": pa.string(),
    "credit": pa.decimal128(38, 10),
    "amount": pa.decimal128(38, 4),
}


def withheld(payout: Working, problems: Sequence[Problem], lines: pd.DataFrame) -> pd.DataFrame:
    """Reasons by person, deal and component; ``amount`` is pay that is earned and waits."""
    zeros = [_zeros(payout, part) for part in payout.components]
    rows = list(payout.withheld_rows)
    for plan in payout.plans:
        rows += _excluded_rows(payout, plan)
    rows += [
        _credit_row(
            {"payee_id": None, "deal_id": p.value, "event_id": None, "credit": Decimal(0)}, None, p.message
        )
        for p in problems
        if p.code == "incomplete-deal"
    ]
    rows += [
        _credit_row(row | {"credit": Decimal(0)}, row["plan_id"], row["reason"])
        for row in [*without_line(payout), *uncredited(payout)]
    ]
    listed = {row["payee_id"] for row in rows}
    rows += _people_without(
        payout, lines, listed.union(*(pc.unique(t["payee_id"]).to_pylist() for t in zeros))
    )
    unit = Decimal("0.0001")
    payout.by_text.update({str(row["reason"]): row["reason"] for row in rows})
    plain = [
        {
            **{k: row.get(k) for k in _COLUMNS},
            "reason": str(row["reason"]),
            "amount": Decimal(row["amount"] or 0).quantize(unit),
        }
        for row in rows
    ]
    made = pa.concat_tables([pa.Table.from_pylist(plain, schema=pa.schema(_COLUMNS)), *zeros])
    order = [
        (name, "ascending")
        for name in ("payee_id", "plan_id", "deal_id", "event_id", "component_id", "reason")
    ]
    frame: pd.DataFrame = made.sort_by(order).to_pandas(types_mapper=pd.ArrowDtype)
    return frame


def _zeros(payout: Working, part: ComponentRows) -> pa.Table:
    """Credits of the period on which the component pays nothing; each reason is worded once."""
    met = met_by(payout, part)
    found = met.filter(pc.invert(met["pays"]))
    telling = {name: value for name, value in TELLING.items() if name in found.column_names}
    code = np.zeros(found.num_rows, np.int64)
    for bit, (name, value) in enumerate(telling.items()):
        holds = pc.fill_null(pc.equal(found[name], pa.scalar(value)), False)
        code |= holds.to_numpy(zero_copy_only=False).astype(np.int64) << bit
    codes, at = np.unique(code, return_inverse=True)
    reasons: list[str] = []
    for each in codes:
        causes = {name: value for bit, (name, value) in enumerate(telling.items()) if each >> bit & 1}
        reason = _reason(part.plan, part.c, causes)
        payout.by_text[str(reason)] = reason
        reasons.append(str(reason))
    rows = found.num_rows
    columns = {
        "payee_id": found["payee_id"],
        "deal_id": found["deal_id"],
        "event_id": found["event_id"],
        "plan_id": pa.repeat(part.plan.id, rows),
        "component_id": pa.repeat(part.c.id, rows),
        "reason": pa.array(reasons, pa.string()).take(pa.array(at)),
        "credit": found["x"],
        "amount": pa.repeat(pa.scalar(Decimal(0), _COLUMNS["amount"]), rows),
    }
    return pa.table(columns).cast(pa.schema(_COLUMNS))


def _reason(plan: Plan, c: Component, row: dict[str, Any]) -> Message:
    if row.get("unconfirmed"):
        return message(
            "not confirmed: by the CRM's record, the counterpart or a manager, and not by its author"
        )
    if row.get("no_quota"):
        return message("no quota, or one of zero: the plan refuses to pay what hangs on it until it is set")
    then, _ = gate_of(c)
    if then == "first_dollar" and (
        row.get("factor_now") == 0 or (scope_of(c) == "each_transaction" and row.get("f_after") == 0)
    ):
        return message("gate not met: {level}", level=_level(plan, c))
    if then == "excess" and row.get("f_after") == 0:
        return message("gate not met: still below {level}, only the excess pays", level=_level(plan, c))
    if row.get("over_cap"):
        cap = next(limit for limit in c.limit_list if limit.cap is not None)
        assert cap.cap is not None
        amount = _money(plan, cap.cap)
        if cap.excess == "carry":
            return message("over the cap of {cap} (carried to the next period)", cap=amount)
        return message("over the cap of {cap} (forfeited)", cap=amount)
    if row.get("x") == 0:
        return message("no credit: the amount counted is zero")
    if c.rate_pct == "derived":
        return message("the rate follows from target incentive and quota, and one of them is missing or zero")
    if c.rates is not None:
        return message("no rate of the component fits this credit")
    return message("the rate at this point of the table is zero, or the pay rounds to zero")


def _level(plan: Plan, c: Component) -> Message:
    if c.threshold is not None:
        return message("threshold of {amount}", amount=Figure(c.threshold, 2))
    assert c.gate is not None
    if c.gate.attainment_pct is not None:
        return message("{share} % of quota", share=Figure(c.gate.attainment_pct))
    return _money(plan, c.gate.amount or Decimal(0))


def _money(plan: Plan, amount: Decimal) -> Message:
    return message("{amount} {currency}", amount=Figure(amount, 2), currency=plan.currency)


def _excluded_rows(payout: Working, plan: Plan) -> list[dict[str, Any]]:
    """Credits that do not count in the plan, or in none of its components, with the reason."""
    rows = credits_of(payout, plan)
    if rows is None:
        return []
    stays, counts = payout.stays.get(plan), counted(rows)
    found = []
    for row in rows.filter(pc.invert(counts)).to_pylist():
        reason = why_excluded(row, stays, plan)
        found.append(_credit_row(row, plan.id if row["on_plan"] else None, reason))
    rest = rows.filter(counts)
    seen = [
        met_by(payout, part).select(KEYS)
        for part in payout.components
        if part.plan is plan and part.c.payee == "owner" and part.c.measure != "activities"
    ]
    if seen:
        rest = rest.filter(pc.invert(among(rest, pa.concat_tables(seen))))
    reason = _uncounted(plan)
    return found + [_credit_row(row, plan.id, reason) for row in rest.to_pylist()]


def _credit_row(row: dict[str, Any], plan: str | None, reason: str) -> dict[str, Any]:
    keys = {k: row[k] for k in ("payee_id", "deal_id", "event_id", "credit")}
    return keys | {"plan_id": plan, "component_id": None, "reason": reason, "amount": Decimal(0)}


def _uncounted(plan: Plan) -> Message:
    """Why no component sees a credit that the plan counts."""
    rules: list[str] = []
    for c in plan.components:
        if c.payee == "owner" and c.measure not in ("activities", "mbo"):
            says = [message("where {where}", where=c.where)] if c.where else []
            if c.from_ or c.to:
                first, last = c.from_ or plan.start, c.to or plan.file.plan.to
                says.append(message("from {first} to {last}", first=first, last=last))
            only = message("{component} counts only what is {rules}", component=c.id, rules=both(says))
            rules.append(only if says else c.id)
    if not rules:
        return message("the plan pays nobody for credit of their own")
    return message("no component counts it: {condition}", condition=joined(rules, "; "))


def _people_without(
    payout: Working, paid_lines: pd.DataFrame, listed: set[str | None]
) -> list[dict[str, Any]]:
    """People with no line in the period, or whose lines sum to zero."""
    lines = pa.table({name: pa.array(paid_lines[name]) for name in ("payee_id", "kind", "amount")})
    sums = lines.group_by("payee_id").aggregate([("amount", "sum")])
    paid = dict(zip(sums["payee_id"].to_pylist(), sums["amount_sum"].to_pylist(), strict=True))
    repaid = set(lines.filter(pc.equal(lines["kind"], "draw_recovery"))["payee_id"].to_pylist())
    carried = set(lines.filter(pc.equal(lines["kind"], "negative_pay"))["payee_id"].to_pylist())
    found = []
    for payee, amount in sorted(paid.items()):
        if not amount:
            reason = (
                message("draw repaid: what was earned went to the balance of the draw")
                if payee in repaid
                else message("negative pay: it is carried to the next period, or what was earned went to it")
                if payee in carried
                else message("the lines of the period sum to zero")
            )
            found.append(_person(payout, payee, reason))
    for payee in sorted(_everyone(payout) - set(paid) - listed):
        plan = _plan_of(payout, payee)
        found.append(
            _person(
                payout,
                payee,
                message("no credit in the period")
                if plan
                else message("no plan: the person is assigned to none"),
            )
        )
    return found


def _person(payout: Working, payee: str, reason: str) -> dict[str, Any]:
    return {
        "payee_id": payee,
        "plan_id": _plan_of(payout, payee),
        "reason": reason,
        "credit": Decimal(0),
        "amount": Decimal(0),
    }


def _plan_of(payout: Working, payee: str) -> str | None:
    for plan, stays in payout.stays.items():
        if stays is None or payee in stays:
            return plan.id
    return None


def _everyone(payout: Working) -> set[str]:
    """People employed in the period, or on a plan in it."""
    period = payout.period
    found = {
        s.payee
        for stays in payout.stays.values()
        for each in (stays or {}).values()
        for s in each
        if s.start < period.end and period.start < s.end
    }
    for row in payout.tables.rows("people"):
        start, end = as_day(row.get("hired_on") or row.get("valid_from")), as_day(row.get("left_on"))
        if (start is None or start < period.end) and (end is None or end > period.start):
            found.add(str(row["person_id"]))
    return found
