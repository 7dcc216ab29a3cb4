"""A line's sentence, made when it is shown from the numbers that the line carries.

``deal D-102: 12,000 of credit, 7,000 at 8 % and 5,000 at 10 % because you passed 100 % of quota: 1,060.00``
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

import narwhals as nw

from salesops_nb.commission.crediting.refund_pieces import MARK, event_of, sale_of
from salesops_nb.commission.earning import rate_table
from salesops_nb.commission.earning.rate_table import derived_rate, gate_level, target_of
from salesops_nb.commission.inputs.quotas import Span
from salesops_nb.commission.inputs.rounding import decimal_of, rounded_pay
from salesops_nb.commission.inputs.tables import collected
from salesops_nb.commission.plans.component_terms import kind_of, position_measure, scope_of
from salesops_nb.commission.plans.plan import Plan
from salesops_nb.commission.plans.schema_component import Component
from salesops_nb.commission.settlement.working import ComponentRows, Working
from salesops_nb.core.wording import Figure, Said, said
from salesops_nb.errors import Problem, SalesopsError


def explained(payout: Working, line_id: str) -> str:
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


def sentence(payout: Working, line: Mapping[str, Any]) -> str:
    """The sentence of a line given as a row, in English."""
    return str(words(payout, line))


def words(payout: Working, line: Mapping[str, Any]) -> Said:
    """The sentence of a line given as a row, to be written in the reader's language."""
    deal = line["deal_id"]
    subject = said("deal {deal}", deal=str(deal)) if deal else str(line["component_id"])
    how, amount = _how(payout, line), Figure(Decimal(line["amount"]), 2)
    return said("{subject}: {how}: {amount}", subject=subject, how=how, amount=amount)


def _how(payout: Working, line: Mapping[str, Any]) -> Said | str:
    plan = next(
        (p for p in payout.plans if p.id == line["plan_id"] and p.version == line["plan_version"]), None
    )
    if plan is None or line["kind"] == "adjustment" or str(line["line_id"]) in payout.reasons:
        reason = payout.reasons.get(str(line["line_id"]))
        return reason or said("the year to date less what was paid before")
    c = next((c for c in plan.components if c.id == line["component_id"]), None)
    special = _special(plan, line)
    if special is not None:
        return special
    assert c is not None
    text = _body(payout, plan, c, line)
    factor = Decimal(line["factor"])
    if factor != 1:
        text = said("{how}, times {factor}", how=text, factor=Figure(factor))
    if _has_rest(payout, plan, c, line):
        text = said("{how}, with the rest of the rounded parts of the deal", how=text)
    if str(line["line_id"]) in payout.stood:
        day = payout.stood[str(line["line_id"])]
        text = said("{how}, less what was recovered when the deal was cancelled on {day}", how=text, day=day)
    if line["kind"] == "release" or plan.file.release:
        text = said("{how}, the part due on {day}", how=text, day=line["happened_on"])
    return text


def _has_rest(payout: Working, plan: Plan, c: Component, line: Mapping[str, Any]) -> bool:
    """Whether a sale's line is the last part of a shared deal, and takes the rest of the rounding."""
    plain = line["kind"] == kind_of(c) and plan.file.release is None and not c.limit_list
    if not plain or scope_of(c) != "each_transaction" or "splits" not in payout.tables:
        return False
    return rounded_pay(plan, Decimal(line["raw"])) != Decimal(line["amount"])


def _special(plan: Plan, line: Mapping[str, Any]) -> Said | None:
    """Lines that are no price of a credit: draws, guarantees, carries, clawbacks, scorecards."""
    kind, credit = line["kind"], Decimal(line["credit"])
    share = Figure(Decimal(line["factor"]) * 100)
    if kind == "draw" and plan.file.draw:
        draw, balance = Figure(Decimal(plan.file.draw.amount), 2), Figure(credit, 2)
        return said("advance up to the draw of {draw}, balance now {balance}", draw=draw, balance=balance)
    if kind == "draw_recovery":
        return said("repayment of the draw, balance now {balance}", balance=Figure(credit, 2))
    if kind == "guarantee":
        return said("topped up to the guaranteed amount")
    if kind == "carry" and credit > 0:
        return said("{amount} over the cap carried to the next period", amount=Figure(credit, 2))
    if kind == "carry":
        return said("{amount} carried from earlier periods, now paid", amount=Figure(-credit, 2))
    if kind == "clawback":
        day = line["happened_on"]
        if Decimal(line["amount"]) > 0:  # of a refund before it, which took that pay already
            return said(
                "cancelled on {day}, {share} % of what the refund took is returned", day=day, share=share
            )
        return said("cancelled on {day}, {share} % of the commission paid is recovered", day=day, share=share)
    if kind == "mbo":
        return said(
            "{points} points of the scorecard (achieved {share} %)", points=Figure(credit), share=share
        )
    return None


def _body(payout: Working, plan: Plan, c: Component, line: Mapping[str, Any]) -> Said:
    lead = _lead(c, Decimal(line["credit"]))
    if c.table is None:
        if c.rates is not None:
            return said("{what} by its listed rate", what=lead)
        if c.per_unit is not None:
            text = said("{what} at {price} each", what=lead, price=Figure(Decimal(c.per_unit), 2))
        else:
            text = said("{what} at {rate}", what=lead, rate=_rate(payout, plan, c, line))
        return _above(c, text)
    if c.table.mode == "marginal":
        return _pieces(payout, plan, c, line, lead)
    after = Decimal(line["before"]) + Decimal(line["credit"])
    if c.table.mode in ("whole", "whole_overage"):
        return said(
            "{what}, which takes the whole to {total}, paid by its band ({band})",
            what=lead,
            total=_short(after),
            band=_band(payout, plan, c, line, after),
        )
    if c.table.mode == "matrix":
        return said("{what}, which takes the total to {total} in the matrix", what=lead, total=_short(after))
    return said(
        "{what}, which takes the total to {total} in the proportional table", what=lead, total=_short(after)
    )


def _lead(c: Component, credit: Decimal) -> Said:
    amount = _short(credit)
    if c.measure == "team_credit":
        return said("{amount} of your team's credit", amount=amount)
    if c.measure == "count":
        return said("{amount} deals", amount=amount)
    if c.measure == "quantity":
        return said("{amount} units", amount=amount)
    if c.measure == "margin":
        return said("{amount} of margin", amount=amount)
    if c.measure == "activities":
        return said("{amount} {activity}", amount=amount, activity=str(c.activity))
    return said("{amount} of credit", amount=amount)


def _above(c: Component, text: Said) -> Said:
    level = c.threshold if c.threshold is not None else c.gate.amount if c.gate is not None else None
    if level is None or (c.then or (c.gate and c.gate.then)) != "excess":
        return text
    return said("{how}, of what lies above {level}", how=text, level=_short(Decimal(level)))


def _rate(payout: Working, plan: Plan, c: Component, line: Mapping[str, Any]) -> Said:
    if c.rate_pct != "derived":
        return said("{rate} %", rate=Figure(Decimal(c.rate_pct or 0)))
    rate = decimal_of((_numbers(payout, plan, c, line).rate or Fraction(0)) * 100)
    return said("{rate} % (target incentive ÷ quota)", rate=Figure(rate, 4))


def _numbers(payout: Working, plan: Plan, c: Component, line: Mapping[str, Any]) -> rate_table.Numbers:
    """What the component's table and rate are for the line's payee and span; worked once for both."""
    part = next(p for p in payout.components if p.plan is plan and p.c.id == c.id)
    span = _span(payout, part, line)
    known = payout.cache.setdefault("numbers", {})
    key = (plan.id, plan.version, c.id, line["payee_id"], span.key)
    if key not in known:
        standing = part.job.people.standing(str(line["payee_id"]), span)
        if_zero = plan.file.quota.if_zero if plan.file.quota else None
        found = rate_table.bounds(c, standing.quota, if_zero) if c.table else ()
        rate = derived_rate(plan, c, standing.target, standing.quota) if c.rate_pct == "derived" else None
        level = gate_level(plan, c, standing.quota)
        known[key] = rate_table.Numbers(found, (), rate, target_of(c, standing.target, standing.base), level)
    numbers: rate_table.Numbers = known[key]
    return numbers


def _span(payout: Working, part: ComponentRows, line: Mapping[str, Any]) -> Span:
    """The span that the line's credit climbs in: a refund's, and what is released late, is the sale's."""
    day = line["happened_on"]
    if line["kind"] in ("refund", "release") and line["event_id"] is not None:
        rows = part.frame.select("event_id", "counted_on")
        event, sale = str(line["event_id"]), str(line["line_id"]).rpartition("/")[2]
        key = "counted", part.plan, part.c.id
        if not payout.facts.small:
            mine = (nw.col("event_id") == event) | nw.col("event_id").str.starts_with(event + MARK)
            rows, key = rows.filter(mine), (*key, event)  # type: ignore[assignment]
        if key not in payout.cache:
            known = collected(rows.unique())
            payout.cache[key] = {
                (event_of(r["event_id"]), sale_of(r["event_id"])): r["counted_on"] for r in known
            }
        days = payout.cache[key]
        day = days.get((event, sale), days.get((event, ""), day))
    return next((s for s in part.spans if s.start <= day < s.end), part.spans[-1])


def _base(c: Component, numbers: rate_table.Numbers) -> Fraction | None:
    """The component's own rate, which ``x`` of a table multiplies."""
    if c.rate_pct == "derived":
        return numbers.rate
    return None if c.rate_pct is None else Fraction(c.rate_pct) / 100


def _pieces(payout: Working, plan: Plan, c: Component, line: Mapping[str, Any], lead: Said) -> Said:
    """The slices of the credit by band, and the bound that was passed last."""
    assert c.table is not None
    numbers = _numbers(payout, plan, c, line)
    before, after = Fraction(line["before"]), Fraction(line["before"]) + Fraction(line["credit"])
    low, high = min(before, after), max(before, after)
    slices: list[tuple[Decimal, Figure]] = []
    passed: Said | Figure | None = None
    for i, row in enumerate(c.table.rows):
        start = numbers.bounds[i] if i else min(low, Fraction(0))
        end = numbers.bounds[i + 1] if i + 1 < len(numbers.bounds) else max(high, start)
        width = min(high, end) - max(low, start)
        if width <= 0:
            continue
        rate = Figure(decimal_of(rate_table.row_rate(row, _base(c, numbers)) * 100))
        slices.append((decimal_of(width), rate))
        if i and low <= start:
            in_pct = c.table.unit == "pct_of_quota"
            passed = said("{share} % of quota", share=Figure(row.from_)) if in_pct else _short(row.from_)
    if passed is None and len(slices) == 1:
        return said("{what} at {rate}", what=lead, rate=said("{rate} %", rate=slices[0][1]))
    if not slices:
        return lead
    listed = _listed([said("{width} at {rate} %", width=_short(w), rate=rate) for w, rate in slices])
    text = said("{what}, {slices}", what=lead, slices=listed)
    if passed is None:
        return text
    if line["credit"] >= 0:
        return said("{how} because you passed {bound}", how=text, bound=passed)
    return said("{how} because you fell back below {bound}", how=text, bound=passed)


def _listed(parts: list[Said]) -> Said:
    made = parts[0]
    for part in parts[1:]:
        made = said("{first} and {second}", first=made, second=part)
    return made


def _band(payout: Working, plan: Plan, c: Component, line: Mapping[str, Any], after: Decimal) -> Said:
    assert c.table is not None
    other = position_measure(c)
    if c.table.unit == "margin_pct" or other == "margin":
        return said("by margin")
    if other in ("quantity", "credit"):
        return said("by units") if other == "quantity" else said("by credit")
    if c.table.unit == "count" or other == "count":
        return said("by count")
    numbers = _numbers(payout, plan, c, line)
    found = c.table.rows[0]
    for row, bound in zip(c.table.rows, numbers.bounds, strict=False):
        if Fraction(after) > bound or (
            Fraction(after) == bound and rate_table.at_least(row, c.table.boundary)
        ):
            found = row
    if found.amount is not None:
        return said("{amount} from {level}", amount=Figure(found.amount, 2), level=Figure(found.from_))
    if found.payout_pct is not None:
        share = Figure(Decimal(str(found.payout_pct)))
        if c.target == "base_pay":
            return said("{share} % of base pay", share=share)
        return said("{share} % of target", share=share)
    return said("{rate} %", rate=Figure(decimal_of(rate_table.row_rate(found, _base(c, numbers)) * 100)))


def _short(value: Decimal) -> Figure:
    """An amount without cents where it has none."""
    return Figure(value, 0 if value == value.to_integral_value() else 2)
