"""One person's statement: every line in words, why what pays nothing does not, balances, and the path to pay.

A statement holds nothing of anybody else beyond what the pay rule needs: of a shared deal the own
share, of an override the team's total. So the lines of an override, which hang on the deals of
others, are shown as one, and so is what stayed below its threshold.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from salesops_nb.commission.attained import Attained, attained
from salesops_nb.commission.explain import words
from salesops_nb.commission.ledger_rows import plain_rows
from salesops_nb.commission.months import months_later
from salesops_nb.commission.pay_path import Step, path
from salesops_nb.wording import Figure, Said, said

if TYPE_CHECKING:
    from salesops_nb.commission.payout import Payout

ZERO = Decimal(0)
_BY = re.compile(r" \(entered by .+, approved by .+\)$", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the statement; `count` is how many of the ledger's lines it stands for."""

    deal_id: str | None
    account: str | None
    component: str
    kind: str
    happened_on: date | None
    share: Decimal | None
    credit: Decimal
    amount: Decimal
    currency: str
    words: Said
    dispute: str | None = None
    count: int = 1


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


@dataclass(frozen=True, slots=True)
class Statement:
    """What one person gets in one period.

    `status` is the ledger's (draft where it has none); `steps` the path from quota to pay, which
    add up to `total` of the first currency; `balances` draw, carry and held amounts after the
    period; `newer` what a calculation made now would change in all.
    """

    payee_id: str
    name: str
    period: str
    status: str
    lines: tuple[Line, ...]
    zeros: tuple[Zero, ...]
    places: tuple[Attained, ...]
    opening: Step
    steps: tuple[Step, ...]
    balances: tuple[tuple[str, str, Decimal], ...]
    plans: tuple[Mapping[str, Any], ...]
    disputes: tuple[Mapping[str, Any], ...] = ()
    paid_on: date | None = None
    newer: Decimal = ZERO
    totals: Mapping[str, Decimal] = field(default_factory=dict)

    @property
    def draft(self) -> bool:
        """Whether nobody has approved it yet."""
        return self.status not in ("approved", "locked", "paid")


@dataclass(frozen=True, slots=True)
class Books:
    """What the ledger and the tables know of the period beside the calculation.

    `lines` are the ledger's as they would stand after posting, `statuses` by payee, `deals` and
    `names` for showing, `agreements` rows of `plan_assignments`.
    """

    lines: Sequence[Mapping[str, Any]] = ()
    statuses: Mapping[str, str] = field(default_factory=dict)
    newer: Mapping[str, Decimal] = field(default_factory=dict)
    disputes: Sequence[Mapping[str, Any]] = ()
    accounts: Mapping[str, str] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    agreements: Sequence[Mapping[str, Any]] = ()


def statements_of(payout: Payout, books: Books) -> dict[str, Statement]:
    """Everybody's statement: who has a line, or a reason for having none."""
    by_line = {str(row["line_id"]): row for row in plain_rows(payout.lines)}
    lines = books.lines or [{**row, "dispute": None} for row in by_line.values()]
    grouped = _by(lines, "payee_id")
    zeros = _by(plain_rows(payout.withheld), "payee_id")
    places = _by(attained(payout), "payee_id")
    shares = _shares(payout)
    balances = _by([*plain_rows(payout.balances), *exposures(payout)], "person_id")
    disputes = _by(books.disputes, "payee_id")
    titles = {plan.id: plan.file.plan.name or plan.id for plan in payout.plans}
    known = [{**row, "plan": titles.get(str(row["plan_id"]), row["plan_id"])} for row in books.agreements]
    agreements = _by(known, "person_id")
    teams = _teams(payout)
    found = {}
    for payee in sorted({who for who in (*grouped, *zeros) if who}):
        mine = tuple(places.get(payee, []))
        team_credit = {place.component_id: place.credit for place in mine if place.measure == "team_credit"}
        made = _lines(payout, grouped.get(payee, []), by_line, shares, teams, books.accounts, team_credit)
        totals: dict[str, Decimal] = defaultdict(Decimal)
        for line in grouped.get(payee, []):
            totals[str(line["currency"])] += line["amount"]
        opening, steps = path(payout, payee, grouped.get(payee, []), mine)
        found[payee] = Statement(
            payee_id=payee,
            name=books.names.get(payee, payee),
            period=payout.period.key,
            status=books.statuses.get(payee, "draft"),
            lines=tuple(made),
            zeros=tuple(_zeros(zeros.get(payee, []), teams, books.accounts)),
            places=mine,
            opening=opening,
            steps=tuple(steps),
            balances=tuple((str(r["kind"]), str(r["plan_id"]), r["amount"]) for r in balances.get(payee, [])),
            plans=tuple(agreements.get(payee, [])),
            disputes=tuple(disputes.get(payee, [])),
            paid_on=next((line.get("paid_on") for line in grouped.get(payee, [])), None),
            newer=books.newer.get(payee, ZERO),
            totals=dict(sorted(totals.items())),
        )
    return found


def exposures(payout: Payout) -> list[dict[str, Any]]:
    """What a cancellation could still take back of each person's pay: at most so much, by plan.

    Counted is what was paid on deals that are not cancelled and whose window of clawback is open
    after the period; a plan that takes back a share of it takes less.
    """
    rules = {(p.id, p.version): p.file.clawback for p in payout.plans if p.file.clawback is not None}
    if not rules:
        return []
    events, end = payout.deal_events(), payout.period.end
    sums: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for row in (*payout.prior_rows(), *plain_rows(payout.lines)):
        rule = rules.get((str(row["plan_id"]), int(row.get("plan_version") or 0)))
        deal = str(row["deal_id"])
        if rule is None or row["deal_id"] is None or row["happened_on"] is None:
            continue
        happened = events.get(deal, [])
        sold = next((e["happened_on"] for e in happened if e["kind"] != "cancelled"), row["happened_on"])
        gone = any(event["kind"] == "cancelled" for event in happened)
        if not gone and (rule.months is None or end < months_later(sold, rule.months)):
            sums[str(row["payee_id"]), str(row["plan_id"])] += row["amount"]
    return [
        {"person_id": payee, "plan_id": plan, "kind": "clawback", "amount": amount}
        for (payee, plan), amount in sorted(sums.items())
        if amount > 0
    ]


def _by(rows: Iterable[Any], name: str) -> dict[Any, list[Any]]:
    found: dict[Any, list[Any]] = defaultdict(list)
    for row in rows:
        found[row[name] if isinstance(row, Mapping) else getattr(row, name)].append(row)
    return found


def _teams(payout: Payout) -> dict[tuple[str | None, str | None], str]:
    """Components paid on the credit of others, with their names."""
    return {(p.id, c.id): c.name or c.id for p in payout.plans for c in p.components if c.payee == "manager"}


def _shares(payout: Payout) -> dict[tuple[str, str], Decimal]:
    """The person's share of an event where it is not all of it, by payee and event."""
    trace = payout.trace
    if trace.empty or "share" not in trace:
        return {}
    part = trace[trace["share"] != 1]
    return {
        (str(payee), str(event)): Decimal(share)
        for payee, event, share in zip(part["payee_id"], part["event_id"], part["share"], strict=True)
    }


def _lines(
    payout: Payout,
    rows: Sequence[Mapping[str, Any]],
    calculated: Mapping[str, Mapping[str, Any]],
    shares: Mapping[tuple[str, str], Decimal],
    teams: Mapping[tuple[str | None, str | None], str],
    accounts: Mapping[str, str],
    team_credit: Mapping[str, Decimal],
) -> list[Line]:
    names = {(p.id, c.id): c.name or c.id for p in payout.plans for c in p.components}
    made, together = [], defaultdict(list)
    for row in rows:
        place = (row["plan_id"], row["component_id"])
        of_team = place in teams or "override" in (row["kind"], row.get("calculated_kind"))
        if of_team and row["deal_id"]:
            together[(*place, row["kind"], row["currency"])].append(row)
            continue
        deal = row["deal_id"]
        made.append(
            Line(
                deal_id=deal,
                account=accounts.get(str(deal)),
                component=names.get(place, str(row["component_id"] or row["kind"])),
                kind=row["kind"],
                happened_on=row["happened_on"],
                share=shares.get((row["payee_id"], str(row["event_id"]))),
                credit=row["credit"] or ZERO,
                amount=row["amount"],
                currency=row["currency"],
                words=_said(payout, row, calculated),
                dispute=row.get("dispute"),
            )
        )
    for (plan, component, kind, currency), held in together.items():
        name = teams.get((plan, component), str(component or kind))
        made.append(_team_line(payout, name, kind, currency, held, team_credit.get(component)))
    return sorted(made, key=lambda line: (line.component, line.happened_on or date.max, line.deal_id or ""))


def _said(payout: Payout, row: Mapping[str, Any], calculated: Mapping[str, Mapping[str, Any]]) -> Said:
    """A line's sentence: how it was worked where the calculation has it so, else what the ledger says of it."""
    line = calculated.get(str(row["line_id"]))
    given = payout.reasons.get(str(row["line_id"]))
    if row["kind"] == "adjustment" and given:
        # who entered and approved it is in the ledger, and nobody's name on another's statement
        row = {**row, "reason": _BY.sub("", given)}
    elif line is not None and (line["amount"], line["currency"]) == (row["amount"], row["currency"]):
        return words(payout, line)
    amount = Figure(Decimal(row["amount"]), 2)
    if row.get("reason"):
        if row["source_line_id"]:
            return said(
                "adjustment by hand of line {line}: {reason}: {amount}",
                line=str(row["source_line_id"]),
                reason=str(row["reason"]),
                amount=amount,
            )
        return said("adjustment by hand: {reason}: {amount}", reason=str(row["reason"]), amount=amount)
    if row["kind"] == "adjustment" and row["source_line_id"]:
        return said(
            "late correction for {origin} of line {line}: {amount}",
            origin=str(row.get("origin") or ""),
            line=str(row["source_line_id"]),
            amount=amount,
        )
    if row["kind"] == "adjustment":
        return said(
            "late, for {origin}, which was closed: {amount}",
            origin=str(row.get("origin") or ""),
            amount=amount,
        )
    what = said("deal {deal}", deal=str(row["deal_id"])) if row["deal_id"] else str(row["component_id"])
    return said(
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
    return Line(
        None, None, name, kind, max((r["happened_on"] for r in rows if r["happened_on"]), default=None), None,
        credit, amount, currency, _team_words(payout, kind, credit, amount, rows),
        "; ".join(disputes) or None, len(rows),
    )  # fmt: skip


def _team_words(
    payout: Payout, kind: str, credit: Decimal, amount: Decimal, rows: Sequence[Mapping[str, Any]]
) -> Said:
    figures = {"credit": _short(credit), "n": len(rows), "amount": Figure(amount, 2)}
    if kind == "adjustment":
        return said(
            "late corrections of the team's credit ({n}): {amount}",
            n=len(rows),
            amount=Figure(amount, 2),
        )
    first = rows[0]
    plan = next((p for p in payout.plans if p.id == first["plan_id"]), None)
    c = next((c for c in plan.components if c.id == first["component_id"]), None) if plan else None
    if c is None or c.table is not None or not isinstance(c.rate_pct, Decimal):
        return said("{credit} of your team's credit in {n} lines: {amount}", **figures)
    rate = Figure(Decimal(c.rate_pct))
    if c.threshold is not None and c.then == "excess":
        return said(
            "{credit} of your team's credit at {rate} %, of what lies above {level}, in {n} lines: {amount}",
            rate=rate, level=_short(Decimal(c.threshold)), **figures,
        )  # fmt: skip
    return said("{credit} of your team's credit at {rate} %, in {n} lines: {amount}", rate=rate, **figures)


def _zeros(
    rows: Sequence[Mapping[str, Any]],
    teams: Mapping[tuple[str | None, str | None], str],
    accounts: Mapping[str, str],
) -> list[Zero]:
    made: list[Zero] = []
    together: dict[tuple[str, str], list[Mapping[str, Any]]] = defaultdict(list)
    for row in rows:
        name = teams.get((row["plan_id"], row["component_id"]))
        if name is not None and row["deal_id"]:
            together[name, row["reason"]].append(row)
            continue
        deal = row["deal_id"]
        made.append(
            Zero(deal, accounts.get(str(deal)), row["component_id"], row["credit"] or ZERO, row["amount"] or ZERO,
                 row["reason"])
        )  # fmt: skip
    for (name, reason), held in together.items():
        credit = sum((row["credit"] or ZERO for row in held), ZERO)
        waits = sum((row["amount"] or ZERO for row in held), ZERO)
        made.append(Zero(None, None, name, credit, waits, reason, len(held)))
    return made


def _short(value: Decimal) -> Figure:
    return Figure(value, 0 if Fraction(value).denominator == 1 else 2)
