"""A line's sentence, made when it is shown from the numbers that the line carries.

``deal D-102: 12,000 of credit, 7,000 at 8 % and 5,000 at 10 % because you passed 100 % of quota: 1,060.00``
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

import narwhals as nw

from salesops_nb.commission.balances.draw_debts import ADVANCE, FORGIVEN
from salesops_nb.commission.crediting.refund_pieces import MARK, event_of, sale_of
from salesops_nb.commission.earning import rate_table
from salesops_nb.commission.earning.rate_table import derived_rate, gate_level, target_of
from salesops_nb.commission.inputs.quotas import Span
from salesops_nb.commission.inputs.rounding import decimal_of, rounded_pay
from salesops_nb.commission.inputs.tables import collected, number
from salesops_nb.commission.plans.component_terms import kind_of, position_measure, scope_of
from salesops_nb.commission.plans.plan import Plan
from salesops_nb.commission.plans.schema_component import Component
from salesops_nb.commission.settlement.working import ComponentRows, Working
from salesops_nb.errors import SalesopsError, problem
from salesops_nb.messages import Figure, Message, message


def explained(payout: Working, line_id: str) -> str:
    """How a line came about; raises `SalesopsError` where the payout has no such line."""
    made = next((row for row in payout.made if row["line_id"] == line_id), None)
    if made is None and payout.lazy:
        found = collected(payout.lines_lazy.filter(nw.col("line_id") == line_id))
        made = found[0] if found else None
    if made is None:
        raise SalesopsError(problem("unknown-line", value=line_id))
    return sentence(payout, made)


def sentence(payout: Working, line: Mapping[str, Any]) -> str:
    """The sentence of a line given as a row, in English."""
    return str(words(payout, line))


def words(payout: Working, line: Mapping[str, Any]) -> Message:
    """The sentence of a line given as a row, to be written in the reader's language."""
    deal = line["deal_id"]
    subject = message("deal {deal}", deal=str(deal)) if deal else str(line["component_id"])
    how, amount = _how(payout, line), Figure(Decimal(line["amount"]), 2)
    return message("{subject}: {how}: {amount}", subject=subject, how=how, amount=amount)


def _how(payout: Working, line: Mapping[str, Any]) -> Message | str:
    plan = next(
        (p for p in payout.plans if p.id == line["plan_id"] and p.version == line["plan_version"]), None
    )
    if plan is None or line["kind"] == "adjustment" or str(line["line_id"]) in payout.reasons:
        reason = payout.reasons.get(str(line["line_id"]))
        return reason or message("the year to date less what was paid before")
    c = next((c for c in plan.components if c.id == line["component_id"]), None)
    special = _special(plan, line)
    if special is not None:
        return special
    assert c is not None
    whole, share = _of_deal(payout, plan, c, line)
    text = _body(payout, plan, c, line if share == 1 else {**line, "credit": whole})
    if share != 1:
        text = message("{how}, shared at {share} %", how=text, share=Figure(share * 100))
    factor = Decimal(line["factor"])
    if factor != 1:
        text = message("{how}, times {factor}", how=text, factor=Figure(factor))
    if _has_rest(payout, plan, c, line):
        text = message("{how}, with the rest of the rounded parts of the deal", how=text)
    if str(line["line_id"]) in payout.stood:
        day = payout.stood[str(line["line_id"])]
        text = message(
            "{how}, less what was recovered when the deal was cancelled on {day}", how=text, day=day
        )
    if line["kind"] == "release" or plan.file.release:
        text = message("{how}, the part due on {day}", how=text, day=line["happened_on"])
    return text


def _of_deal(payout: Working, plan: Plan, c: Component, line: Mapping[str, Any]) -> tuple[Decimal, Decimal]:
    """Where the pay of a deal is divided: the credit it is paid on, and the share that the line has."""
    own = Decimal(line["credit"]), Decimal(1)
    part = next((p for p in payout.components if p.plan is plan and p.c.id == c.id), None)
    splits = plan.file.credit.splits
    if part is None or line["event_id"] is None or c.payee != "owner" or "splits" not in payout.tables:
        return own
    names = part.frame.collect_schema().names()
    column = "share" if splits is not None and splits.apply_to == "pay" else "part_of_deal"
    if column not in names:
        return own
    key = "divided", plan, c.id
    if key not in payout.cache:
        size = nw.col("x_deal" if "x_deal" in names else "x")
        shared = part.frame.filter((nw.col("part") == "revenue") & (nw.col(column) != number(1)))
        payout.cache[key] = {
            (r["payee_id"], event_of(r["event_id"]), sale_of(r["event_id"])): (r["size"], r["share"])
            for r in collected(shared.select("payee_id", "event_id", size=size, share=nw.col(column)))
        }
    name = str(line["line_id"])
    if name.endswith("/overlay"):
        return own
    found, whose = payout.cache[key], (line["payee_id"], str(line["event_id"]))
    whole, share = found.get((*whose, name.rpartition("/")[2]), found.get((*whose, ""), own))
    return Decimal(whole), Decimal(share)


def _has_rest(payout: Working, plan: Plan, c: Component, line: Mapping[str, Any]) -> bool:
    """Whether a sale's line is the last part of a shared deal, and takes the rest of the rounding."""
    plain = line["kind"] == kind_of(c) and plan.file.release is None and not c.limit_list
    if not plain or scope_of(c) != "each_transaction" or "splits" not in payout.tables:
        return False
    return rounded_pay(plan, Decimal(line["raw"])) != Decimal(line["amount"])


def _special(plan: Plan, line: Mapping[str, Any]) -> Message | None:
    """Lines that are no price of a credit: draws, guarantees, carries, clawbacks, scorecards."""
    kind, credit = line["kind"], Decimal(line["credit"])
    share = Figure(Decimal(line["factor"]) * 100)
    name = str(line["line_id"])
    if line["component_id"] == "draw" and name.endswith(f"/{FORGIVEN}"):
        if kind == "guarantee":
            return message("what was still owed of the draw is forgiven")
        return message("the draw forgiven, balance now {balance}", balance=Figure(credit, 2))
    if kind == "draw" and plan.file.draw:
        draw, balance = Figure(Decimal(plan.file.draw.amount), 2), Figure(credit, 2)
        if name.endswith(f"/{ADVANCE}"):
            return message(
                "draw of {draw} paid in advance, balance now {balance}", draw=draw, balance=balance
            )
        return message("advance up to the draw of {draw}, balance now {balance}", draw=draw, balance=balance)
    if kind == "draw_recovery" and name.endswith(f"/{ADVANCE}"):
        return message(
            "what was earned, set against the draw paid in advance, balance now {balance}",
            balance=Figure(credit, 2),
        )
    if kind == "draw_recovery":
        return message("repayment of the draw, balance now {balance}", balance=Figure(credit, 2))
    if kind == "negative_pay" and Decimal(line["amount"]) > 0:
        return message(
            "pay of the period is below zero and is carried to the next, {balance} in all",
            balance=Figure(credit, 2),
        )
    if kind == "negative_pay":
        return message(
            "negative pay of earlier periods, taken from this one's; {balance} left",
            balance=Figure(credit, 2),
        )
    if kind == "guarantee" and line["component_id"] == "negative_pay":
        return message("pay of the period is below zero: topped up to zero")
    if kind == "guarantee":
        return message("topped up to the guaranteed amount")
    if kind == "carry" and credit > 0:
        return message("{amount} over the cap carried to the next period", amount=Figure(credit, 2))
    if kind == "carry":
        return message("{amount} carried from earlier periods, now paid", amount=Figure(-credit, 2))
    if kind == "clawback":
        day = line["happened_on"]
        if Decimal(line["amount"]) > 0:  # of a refund before it, which took that pay already
            return message(
                "cancelled on {day}, {share} % of what the refund took is returned", day=day, share=share
            )
        return message(
            "cancelled on {day}, {share} % of the commission paid is recovered", day=day, share=share
        )
    if kind == "mbo":
        return message(
            "{points} points of the scorecard (achieved {share} %)", points=Figure(credit), share=share
        )
    return None


def _body(payout: Working, plan: Plan, c: Component, line: Mapping[str, Any]) -> Message:
    lead = _lead(c, Decimal(line["credit"]))
    if c.table is None:
        if c.rates is not None:
            return message("{what} by its listed rate", what=lead)
        if c.per_unit is not None:
            text = message("{what} at {price} each", what=lead, price=Figure(Decimal(c.per_unit), 2))
        else:
            text = message("{what} at {rate}", what=lead, rate=_rate(payout, plan, c, line))
        return _above(c, text)
    if c.table.mode == "marginal":
        return _pieces(payout, plan, c, line, lead)
    after = Decimal(line["before"]) + Decimal(line["credit"])
    if c.table.mode in ("whole", "whole_overage"):
        return message(
            "{what}, which takes the whole to {total}, paid by its band ({band})",
            what=lead,
            total=_short(after),
            band=_band(payout, plan, c, line, after),
        )
    if c.table.mode == "matrix":
        return message(
            "{what}, which takes the total to {total} in the matrix", what=lead, total=_short(after)
        )
    return message(
        "{what}, which takes the total to {total} in the proportional table", what=lead, total=_short(after)
    )


def _lead(c: Component, credit: Decimal) -> Message:
    amount = _short(credit)
    if c.measure == "team_credit":
        return message("{amount} of your team's credit", amount=amount)
    if c.measure == "count":
        return message("{amount} deals", amount=amount)
    if c.measure == "quantity":
        return message("{amount} units", amount=amount)
    if c.measure == "margin":
        return message("{amount} of margin", amount=amount)
    if c.measure == "activities":
        return message("{amount} {activity}", amount=amount, activity=str(c.activity))
    return message("{amount} of credit", amount=amount)


def _above(c: Component, text: Message) -> Message:
    level = c.threshold if c.threshold is not None else c.gate.amount if c.gate is not None else None
    if level is None or (c.then or (c.gate and c.gate.then)) != "excess":
        return text
    return message("{how}, of what lies above {level}", how=text, level=_short(Decimal(level)))


def _rate(payout: Working, plan: Plan, c: Component, line: Mapping[str, Any]) -> Message:
    if c.rate_pct != "derived":
        return message("{rate} %", rate=Figure(Decimal(c.rate_pct or 0)))
    rate = decimal_of((numbers_of(payout, plan, c, line).rate or Fraction(0)) * 100)
    return message("{rate} % (target incentive ÷ quota)", rate=Figure(rate, 4))


def numbers_of(payout: Working, plan: Plan, c: Component, line: Mapping[str, Any]) -> rate_table.Numbers:
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


def _pieces(payout: Working, plan: Plan, c: Component, line: Mapping[str, Any], lead: Message) -> Message:
    """The slices of the credit by band, and the bound that was passed last."""
    assert c.table is not None
    numbers = numbers_of(payout, plan, c, line)
    low, high = sorted((Fraction(line["before"]), Fraction(line["before"]) + Fraction(line["credit"])))
    slices: list[tuple[Decimal, Figure]] = []
    passed: Message | Figure | None = None
    for i, width, rate in rate_table.slices(c, numbers, low, high):
        slices.append((decimal_of(width), Figure(decimal_of(rate * 100))))
        if i and low <= numbers.bounds[i]:
            row, in_pct = c.table.rows[i], c.table.unit == "pct_of_quota"
            passed = message("{share} % of quota", share=Figure(row.from_)) if in_pct else _short(row.from_)
    if passed is None and len(slices) == 1:
        return message("{what} at {rate}", what=lead, rate=message("{rate} %", rate=slices[0][1]))
    if not slices:
        return lead
    listed = _listed([message("{width} at {rate} %", width=_short(w), rate=rate) for w, rate in slices])
    text = message("{what}, {slices}", what=lead, slices=listed)
    if passed is None:
        return text
    if line["credit"] >= 0:
        return message("{how} because you passed {bound}", how=text, bound=passed)
    return message("{how} because you fell back below {bound}", how=text, bound=passed)


def _listed(parts: list[Message]) -> Message:
    made = parts[0]
    for part in parts[1:]:
        made = message("{first} and {second}", first=made, second=part)
    return made


def _band(payout: Working, plan: Plan, c: Component, line: Mapping[str, Any], after: Decimal) -> Message:
    assert c.table is not None
    other = position_measure(c)
    if c.table.unit == "margin_pct" or other == "margin":
        return message("by margin")
    if other in ("quantity", "credit"):
        return message("by units") if other == "quantity" else message("by credit")
    if c.table.unit == "count" or other == "count":
        return message("by count")
    numbers = numbers_of(payout, plan, c, line)
    found = c.table.rows[0]
    for row, bound in zip(c.table.rows, numbers.bounds, strict=False):
        if Fraction(after) > bound or (
            Fraction(after) == bound and rate_table.at_least(row, c.table.boundary)
        ):
            found = row
    if found.amount is not None:
        return message("{amount} from {level}", amount=Figure(found.amount, 2), level=Figure(found.from_))
    if found.payout_pct is not None:
        share = Figure(Decimal(str(found.payout_pct)))
        if c.target == "base_pay":
            return message("{share} % of base pay", share=share)
        return message("{share} % of target", share=share)
    return message(
        "{rate} %",
        rate=Figure(decimal_of(rate_table.row_rate(found, rate_table.base_rate(c, numbers)) * 100)),
    )


def _short(value: Decimal) -> Figure:
    """An amount without cents where it has none."""
    return Figure(value, 0 if value == value.to_integral_value() else 2)
