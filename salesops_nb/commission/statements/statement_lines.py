"""A statement's lines in words, and what of it pays nothing.

The lines of an override hang on the deals of others, of whom a statement holds nothing: they are
shown as one line, and so is what stayed below its threshold.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from salesops_nb.commission.result.explanation import words
from salesops_nb.commission.result.payout import Payout
from salesops_nb.commission.statements.line_formulas import rate_and_formula
from salesops_nb.messages import Figure, Message, message

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the statement; `count` is how many of the ledger's lines it stands for.

    `rate` is the one that all of its credit is paid at, `formula` what makes its amount of credit and rate
    (`line_formulas`); none where the pay follows from something else.
    """

    deal_id: str | None
    account: str | None
    product: str | None
    component: str
    kind: str
    happened_on: date | None
    share: Decimal | None
    credit: Decimal
    amount: Decimal
    currency: str
    words: Message
    dispute: str | None = None
    count: int = 1
    rate: Decimal | None = None
    formula: str | None = None


@dataclass(frozen=True, slots=True)
class Zero:
    """What pays nothing, or not yet: a deal, a component or the whole person, with the reason."""

    deal_id: str | None
    account: str | None
    component: str | None
    credit: Decimal
    waits: Decimal
    reason: str
    count: int = 1


def lines_of(
    payout: Payout,
    rows: Sequence[Mapping[str, Any]],
    calculated: Mapping[str, Mapping[str, Any]],
    shares: Mapping[tuple[str, str], Decimal],
    teams: Mapping[tuple[str | None, str | None], str],
    accounts: Mapping[str, str],
    products: Mapping[str, str],
    team_credit: Mapping[str, Decimal],
) -> list[Line]:
    """Lines in words, in order of component and day; those of an override as one."""
    names = {(p.id, c.id): c.name or c.id for p in payout.plans for c in p.components}
    made, together = [], defaultdict(list)
    for row in rows:
        place = (row["plan_id"], row["component_id"])
        of_team = place in teams or "override" in (row["kind"], row.get("calculated_kind"))
        if of_team and row["deal_id"]:
            together[(*place, row["kind"], row["currency"])].append(row)
            continue
        deal, line = row["deal_id"], as_calculated(row, calculated)
        rate, formula = rate_and_formula(payout, line) if line is not None else (None, None)
        made.append(
            Line(
                deal_id=deal,
                account=accounts.get(str(deal)),
                product=products.get(str(deal)),
                component=names.get(place, str(row["component_id"] or row["kind"])),
                kind=row["kind"],
                happened_on=row["happened_on"],
                share=shares.get((row["payee_id"], str(row["event_id"]))),
                credit=row["credit"] or ZERO,
                amount=row["amount"],
                currency=row["currency"],
                words=_said(payout, row, line),
                dispute=row.get("dispute"),
                rate=rate,
                formula=formula,
            )
        )
    for (plan, component, kind, currency), held in together.items():
        name = teams.get((plan, component), str(component or kind))
        made.append(_team_line(payout, name, kind, currency, held, team_credit.get(component)))
    return sorted(made, key=lambda line: (line.component, line.happened_on or date.max, line.deal_id or ""))


def as_calculated(
    row: Mapping[str, Any], calculated: Mapping[str, Mapping[str, Any]]
) -> Mapping[str, Any] | None:
    """The calculation's line, where it says of the ledger's what the ledger says."""
    line = calculated.get(str(row["line_id"]))
    same = line is not None and (line["amount"], line["currency"]) == (row["amount"], row["currency"])
    return line if same else None


def _said(payout: Payout, row: Mapping[str, Any], line: Mapping[str, Any] | None) -> Message:
    """A line's sentence: how it was worked where the calculation has it so, else what the ledger says
    of it.
    """
    given = payout.working.reasons.get(str(row["line_id"]))
    if row["kind"] == "adjustment" and given:
        # who entered and approved it is in the ledger, and nobody's name on another's statement
        row = {**row, "reason": given.values["reason"]}
    elif line is not None:
        return words(payout.working, line)
    amount = Figure(Decimal(row["amount"]), 2)
    if row.get("reason"):
        if row["source_line_id"]:
            return message(
                "adjustment by hand of line {line}: {reason}: {amount}",
                line=str(row["source_line_id"]),
                reason=str(row["reason"]),
                amount=amount,
            )
        return message("adjustment by hand: {reason}: {amount}", reason=str(row["reason"]), amount=amount)
    if row["kind"] == "adjustment" and row["source_line_id"]:
        return message(
            "late correction for {origin} of line {line}: {amount}",
            origin=str(row.get("origin") or ""),
            line=str(row["source_line_id"]),
            amount=amount,
        )
    if row["kind"] == "adjustment":
        return message(
            "late, for {origin}, which was closed: {amount}",
            origin=str(row.get("origin") or ""),
            amount=amount,
        )
    what = message("deal {deal}", deal=str(row["deal_id"])) if row["deal_id"] else str(row["component_id"])
    return message(
        "{subject}: {credit} of credit, as it was recorded; facts known since then say otherwise: {amount}",
        subject=what,
        credit=_short(row["credit"] or ZERO),
        amount=amount,
    )


def _team_line(
    payout: Payout,
    name: str,
    kind: str,
    currency: str,
    rows: Sequence[Mapping[str, Any]],
    total: Decimal | None,
) -> Line:
    """The lines of an override as one, on the team's total (what stayed below a threshold included)."""
    credit = sum((row["credit"] or ZERO for row in rows), ZERO)
    credit = total if total is not None and kind != "adjustment" else credit
    amount = sum((row["amount"] for row in rows), ZERO)
    disputes = sorted({row["dispute"] for row in rows if row.get("dispute")})
    # all of it as one credit from nothing on: what the deals are, the statement does not say
    whole = {**rows[0], "credit": credit, "before": ZERO, "factor": 1, "amount": amount, "raw": amount}
    rate, formula = rate_and_formula(payout, whole, len(rows))
    last = max((r["happened_on"] for r in rows if r["happened_on"]), default=None)
    return Line(
        None, None, None, name, kind, last, None, credit, amount, currency,
        _team_words(payout, kind, credit, amount, rows),
        "; ".join(disputes) or None, len(rows), rate, formula,
    )  # fmt: skip


def _team_words(
    payout: Payout, kind: str, credit: Decimal, amount: Decimal, rows: Sequence[Mapping[str, Any]]
) -> Message:
    figures = {"credit": _short(credit), "n": len(rows), "amount": Figure(amount, 2)}
    if kind == "adjustment":
        return message(
            "late corrections of the team's credit ({n}): {amount}",
            n=len(rows),
            amount=Figure(amount, 2),
        )
    first = rows[0]
    plan = next((p for p in payout.plans if p.id == first["plan_id"]), None)
    c = next((c for c in plan.components if c.id == first["component_id"]), None) if plan else None
    if c is None or c.table is not None or not isinstance(c.rate_pct, Decimal):
        return message("{credit} of your team's credit in {n} lines: {amount}", **figures)
    rate = Figure(Decimal(c.rate_pct))
    if c.threshold is not None and c.then == "excess":
        return message(
            "{credit} of your team's credit at {rate} %, of what lies above {level}, in {n} lines: {amount}",
            rate=rate, level=_short(Decimal(c.threshold)), **figures,
        )  # fmt: skip
    return message("{credit} of your team's credit at {rate} %, in {n} lines: {amount}", rate=rate, **figures)


def zeros_of(
    payout: Payout,
    rows: Sequence[Mapping[str, Any]],
    teams: Mapping[tuple[str | None, str | None], str],
    accounts: Mapping[str, str],
) -> list[Zero]:
    """What pays nothing, or not yet; a team's deals together by reason."""
    made: list[Zero] = []
    together: dict[tuple[str, str], list[Mapping[str, Any]]] = defaultdict(list)
    for row in rows:
        name = teams.get((row["plan_id"], row["component_id"]))
        reason = payout.working.reason(row["reason"])
        if name is not None and row["deal_id"]:
            together[name, reason].append(row)
            continue
        deal = row["deal_id"]
        made.append(
            Zero(
                deal,
                accounts.get(str(deal)),
                row["component_id"],
                row["credit"] or ZERO,
                row["amount"] or ZERO,
                reason,
            )
        )
    for (name, reason), held in together.items():
        credit = sum((row["credit"] or ZERO for row in held), ZERO)
        waits = sum((row["amount"] or ZERO for row in held), ZERO)
        made.append(Zero(None, None, name, credit, waits, reason, len(held)))
    return made


def _short(value: Decimal) -> Figure:
    return Figure(value, 0 if Fraction(value).denominator == 1 else 2)
