"""A line's sentence, made when it is shown from the numbers that the line carries.

``deal D-102: 12,000 of credit, 7,000 at 8 % and 5,000 at 10 % because you passed 100 % of quota: 1,060.00``
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import narwhals as nw

from salesops_nb.commission import curve
from salesops_nb.commission.frames import collected
from salesops_nb.commission.plan import Plan
from salesops_nb.commission.schema import Component
from salesops_nb.errors import Problem, SalesopsError

if TYPE_CHECKING:
    from salesops_nb.commission.payout import Payout


def explain(payout: Payout, line_id: str) -> str:
    """How a line came about; raises `SalesopsError` where the payout has no such line."""
    made = next((row for row in payout.made if row["line_id"] == line_id), None)
    if made is None and payout.lazy:
        found = collected(payout.lines_lazy.filter(nw.col("line_id") == line_id))
        made = found[0] if found else None
    if made is None:
        raise SalesopsError(
            Problem(
                "unknown-line",
                f"The payout has no line {line_id!r}.",
                "Take line_id from payout.lines.",
                value=line_id,
            )
        )
    return sentence(payout, made)


def sentence(payout: Payout, line: Mapping[str, Any]) -> str:
    """The sentence of a line given as a row."""
    plan = next(
        (p for p in payout.plans if p.id == line["plan_id"] and p.version == line["plan_version"]), None
    )
    c = next((c for c in plan.components if c.id == line["component_id"]), None) if plan else None
    subject = f"deal {line['deal_id']}: " if line["deal_id"] else f"{line['component_id']}: "
    amount = _money(line["amount"])
    if plan is None or line["kind"] == "adjustment" or str(line["line_id"]) in payout.reasons:
        reason = payout.reasons.get(str(line["line_id"]))
        return subject + (reason or "the year to date less what was paid before") + f": {amount}"
    special = _special(plan, c, line)
    if special is not None:
        return f"{subject}{special}: {amount}"
    assert c is not None
    text = subject + _body(payout, plan, c, line)
    factor = Decimal(line["factor"])
    if factor != 1:
        text += f", times {_plain(factor)}"
    if line["kind"] == "release" or plan.file.release:
        text += f", the part due on {line['happened_on']}"
    return f"{text}: {amount}"


def _special(plan: Plan, c: Component | None, line: Mapping[str, Any]) -> str | None:
    kind, credit = line["kind"], line["credit"]
    return {
        "draw": f"advance up to the draw of {_money(plan.file.draw.amount)}, balance now {_money(credit)}"
        if plan.file.draw
        else None,
        "draw_recovery": f"repayment of the draw, balance now {_money(credit)}",
        "guarantee": "topped up to the guaranteed amount",
        "carry": f"{_money(credit)} over the cap carried to the next period"
        if credit > 0
        else f"{_money(-credit)} carried from earlier periods, now paid",
        "clawback": f"the deal was cancelled on {line['happened_on']}: {_plain(Decimal(line['factor']) * 100)} % of what was paid comes back",
        "mbo": f"{_plain(credit)} points of the scorecard (achieved {_plain(Decimal(line['factor']) * 100)} %)",
    }.get(kind)


def _body(payout: Payout, plan: Plan, c: Component, line: Mapping[str, Any]) -> str:
    credit = Decimal(line["credit"])
    what = {"count": "deals", "quantity": "units", "activities": f"{c.activity}", "margin": "of margin"}.get(
        c.measure, "of credit"
    )
    lead = f"{_short(credit)} {what}"
    if c.measure == "team_credit":
        lead = f"{_short(credit)} of your team's credit"
    if c.table is None:
        if c.rates is not None:
            return f"{lead} by its listed rate"
        price = f"{_money(c.per_unit)} each" if c.per_unit is not None else f"{_rate(payout, plan, c, line)}"
        return f"{lead} at {price}{_threshold(c)}"
    if c.table.mode == "marginal":
        return f"{lead}{_pieces(payout, plan, c, line)}"
    after = Decimal(line["before"]) + credit
    if c.table.mode in ("whole", "whole_overage"):
        return f"{lead}, which takes the whole to {_short(after)}, paid by its band ({_bands(payout, plan, c, line, after)})"
    return f"{lead}, which takes the total to {_short(after)} in the {c.table.mode} table"


def _threshold(c: Component) -> str:
    level = c.threshold if c.threshold is not None else c.gate.amount if c.gate is not None else None
    return (
        f", of what lies above {_short(level)}"
        if level is not None and (c.then or (c.gate and c.gate.then)) == "excess"
        else ""
    )


def _rate(payout: Payout, plan: Plan, c: Component, line: Mapping[str, Any]) -> str:
    if c.rate_pct != "derived":
        return f"{_plain(Decimal(c.rate_pct or 0))} %"
    numbers = _numbers(payout, plan, c, line)
    return f"{float((numbers.rate or 0) * 100):.4f} % (target incentive ÷ quota)"


def _numbers(payout: Payout, plan: Plan, c: Component, line: Mapping[str, Any]) -> curve.Numbers:
    from salesops_nb.commission.earned import derived_rate, gate_level, target_of

    part = next(p for p in payout.components if p.plan is plan and p.c.id == c.id)
    span = next((s for s in part.spans if s.start <= line["happened_on"] < s.end), part.spans[-1])
    standing = part.job.people.standing(str(line["payee_id"]), span)
    if_zero = plan.file.quota.if_zero if plan.file.quota else None
    found = curve.bounds(c, standing.quota, if_zero) if c.table else ()
    rate = derived_rate(plan, c, standing.target, standing.quota) if c.rate_pct == "derived" else None
    return curve.Numbers(found, (), rate, target_of(c, standing.target), gate_level(plan, c, standing.quota))


def _pieces(payout: Payout, plan: Plan, c: Component, line: Mapping[str, Any]) -> str:
    """The slices of the credit by band, and the bounds that were passed."""
    assert c.table is not None
    numbers = _numbers(payout, plan, c, line)
    before, after = Fraction(line["before"]), Fraction(line["before"]) + Fraction(line["credit"])
    low, high = min(before, after), max(before, after)
    base = (
        numbers.rate
        if c.rate_pct == "derived"
        else Fraction(c.rate_pct) / 100
        if c.rate_pct is not None
        else None
    )
    said, passed = [], []
    for i, row in enumerate(c.table.rows):
        start = numbers.bounds[i] if i else min(low, Fraction(0))
        end = numbers.bounds[i + 1] if i + 1 < len(numbers.bounds) else max(high, start)
        width = min(high, end) - max(low, start)
        if width > 0:
            rate = curve.row_rate(row, base) * 100
            said.append(f"{_short(_decimal(width))} at {_plain(_decimal(rate))} %")
            if i and low <= start:
                unit = (
                    f"{_plain(row.from_)} % of quota" if c.table.unit == "pct_of_quota" else _short(row.from_)
                )
                passed.append(unit)
    text = ", " + " and ".join(said) if said else ""
    if passed:
        text += (
            f" because you passed {passed[-1]}"
            if line["credit"] >= 0
            else f" because you fell back below {passed[-1]}"
        )
    elif len(said) == 1 and text:
        text = f" at {said[0].split(' at ')[1]}"
    return text


def _bands(payout: Payout, plan: Plan, c: Component, line: Mapping[str, Any], after: Decimal) -> str:
    assert c.table is not None
    numbers = _numbers(payout, plan, c, line)
    if c.table.unit in ("margin_pct", "count"):
        return f"by {c.table.unit}"
    found = c.table.rows[0]
    for row, bound in zip(c.table.rows, numbers.bounds, strict=False):
        if Fraction(after) > bound or (Fraction(after) == bound and curve.at_least(row, c.table.boundary)):
            found = row
    if found.amount is not None:
        return f"{_money(found.amount)} from {_plain(found.from_)}"
    if found.payout_pct is not None:
        return f"{found.payout_pct} % of target"
    base = (
        numbers.rate
        if c.rate_pct == "derived"
        else Fraction(c.rate_pct) / 100
        if c.rate_pct is not None
        else None
    )
    return f"{_plain(_decimal(curve.row_rate(found, base) * 100))} %"


def _decimal(value: Fraction) -> Decimal:
    from salesops_nb.commission.credits import decimal_of

    return decimal_of(value)


def _plain(value: Decimal) -> str:
    text = f"{Decimal(value).quantize(Decimal('1e-6')):,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _short(value: Decimal | None) -> str:
    """An amount without cents where it has none."""
    amount = Decimal(value or 0)
    return f"{amount:,.0f}" if amount == amount.to_integral_value() else f"{amount:,.2f}"


def _money(value: Decimal | None) -> str:
    return f"{Decimal(value or 0):,.2f}"
