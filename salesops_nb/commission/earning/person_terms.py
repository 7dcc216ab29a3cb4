"""The numbers of each person and span that a component needs, worked exactly and handed to the engine."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from decimal import ROUND_FLOOR, Decimal, localcontext
from fractions import Fraction
from typing import Any

import narwhals as nw

from salesops_nb.commission.earning import rate_table
from salesops_nb.commission.earning.plan_at_work import Job
from salesops_nb.commission.earning.rate_table import (
    attainment_pct,
    derived_rate,
    gate_level,
    refuses,
    target_of,
)
from salesops_nb.commission.inputs.exchange_rates import split_rate
from salesops_nb.commission.inputs.quotas import Span, Standing
from salesops_nb.commission.inputs.rounding import decimal_of
from salesops_nb.commission.inputs.tables import AMOUNT, collected, number
from salesops_nb.commission.plans.component_terms import (
    conditions_of,
    gate_of,
    gate_on_attainment,
    on_attainment,
    scope_of,
    uses_quota,
)
from salesops_nb.commission.plans.plan import Plan
from salesops_nb.commission.plans.schema_component import Component
from salesops_nb.errors import SalesopsError, problem
from salesops_nb.messages import message

MOST_RATE = 10**5  # five digits before the point are what the engine multiplies by


@dataclass(frozen=True)
class Terms:
    """A component at work in some spans, and its numbers: constants where everybody has the same, else
    columns (`varying`) by person and span.
    """

    job: Job
    c: Component
    spans: list[Span]
    constants: dict[str, Fraction] = field(default_factory=dict)
    varying: frozenset[str] = frozenset()

    @property
    def plan(self) -> Plan:
        """The component's plan."""
        return self.job.plan

    @property
    def alone(self) -> bool:
        """Whether each credit is paid by itself."""
        return scope_of(self.c) == "each_transaction"

    @property
    def conditional(self) -> bool:
        """Whether a condition on attainment can change what earlier credits pay."""
        return on_attainment(self.c)

    def value(self, name: str) -> nw.Expr:
        """A number of the person: a column, or a constant where everybody has the same."""
        if name in self.varying:
            return nw.col(name).cast(AMOUNT)
        return number(_clipped(self.constants.get(name, Fraction(0)), name))


def span_of(terms: Terms) -> nw.Expr:
    """The span in which each credit counts."""
    made: nw.Expr = nw.lit(len(terms.spans) - 1)
    for i in range(len(terms.spans) - 2, -1, -1):
        made = nw.when(nw.col("counted_on") < nw.lit(terms.spans[i].end)).then(nw.lit(i)).otherwise(made)
    return made


def with_numbers(terms: Terms, frame: nw.LazyFrame[Any]) -> tuple[Terms, nw.LazyFrame[Any]]:
    """Bounds, rates, gates and factors of each person and span, worked exactly and joined."""
    needs = _needs(terms)
    if not needs:
        return replace(terms, constants=_values(terms, None, terms.spans[0], None, None)), frame
    now, before = _totals(terms, frame)
    pairs = _candidates(terms)
    rows = []
    for pair in sorted(pairs, key=lambda p: (str(p["payee_id"]), p["span"])):
        key = (pair["payee_id"], pair["span"])
        span = terms.spans[pair["span"]]
        made = _values(
            terms, str(pair["payee_id"]), span, now.get(key, Fraction(0)), before.get(key, Fraction(0))
        )
        rows.append((key, made))
    _tell(terms, frame)
    if not rows:
        return replace(terms, constants=_values(terms, None, terms.spans[0], Fraction(0), Fraction(0))), frame
    names = list(rows[0][1])
    same = {n: rows[0][1][n] for n in names if all(r[n] == rows[0][1][n] for _, r in rows)}
    terms = replace(terms, constants=same, varying=frozenset(names) - frozenset(same))
    if not terms.varying:
        return terms, frame
    schema = {"payee_id": nw.String, "span": nw.Int32} | dict.fromkeys(sorted(terms.varying), AMOUNT)
    table = [
        {"payee_id": key[0], "span": key[1]} | {n: _clipped(made[n], n) for n in terms.varying}
        for key, made in rows
    ]
    return terms, frame.join(terms.job.tables.put(table, schema), on=["payee_id", "span"], how="left")


def with_known_numbers(terms: Terms, frame: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """The frame, its numbers known already; what people with credit in it miss of them is reported.

    As where the numbers are worked out for these spans alone, a quota that all share is no column.
    """
    if not _needs(terms) or not _personal(terms):
        return frame
    standing = terms.job.people.standing
    quotas = {standing(str(p["payee_id"]), terms.spans[p["span"]]).quota for p in _candidates(terms)}
    _tell(terms, frame)
    shared = len(quotas) == 1 and "quota" in frame.collect_schema().names()
    return frame.drop("quota") if shared else frame


def _candidates(terms: Terms) -> list[dict[str, Any]]:
    """Everyone who may have credit, in each span: cheaper to read than the credits themselves."""
    people = terms.job.payees()
    return [{"payee_id": payee, "span": i} for payee in people for i in range(len(terms.spans))]


def _tell(terms: Terms, frame: nw.LazyFrame[Any]) -> None:
    """Report what is missing of people with credit that the period concerns: of a span that it
    touches, or that something of the period takes back.
    """
    people, start, c = terms.job.people, terms.job.period.start, terms.c
    asks = (
        uses_quota(c) or c.rate_pct == "derived",
        "derived" in (c.rate_pct, c.target),
        c.target == "base_pay",
    )
    spans = dict(enumerate(terms.spans))
    if not any(people.lacks(str(p["payee_id"]), spans[p["span"]], *asks) for p in _candidates(terms)):
        return
    now = nw.col("span").is_in([i for i, span in spans.items() if span.end > start])
    met = frame.filter(now | (nw.col("happened_on") >= nw.lit(start))).select("payee_id", "span")
    for row in sorted(collected(met.unique()), key=lambda r: (str(r["payee_id"]), r["span"])):
        people.tell(str(row["payee_id"]), spans[row["span"]], c.id, *asks)


def _needs(terms: Terms) -> bool:
    c = terms.c
    quota = terms.plan.file.quota
    fixed = terms.job.people.stays is None and quota is not None and quota.amount is not None
    fixed = fixed and not quota.ramp_pct and quota.prorate == "none" and "targets" not in terms.job.tables  # type: ignore[union-attr]
    fixed = fixed and quota.relief_pct is None  # type: ignore[union-attr]
    personal = uses_quota(c) or c.rate_pct == "derived" or c.target in ("derived", "base_pay")
    return (personal and not fixed) or terms.conditional or bool(terms.job.opened)


def _totals(terms: Terms, frame: nw.LazyFrame[Any]) -> tuple[dict[Any, Fraction], dict[Any, Fraction]]:
    """Attained (or, for amounts, measured) by person and span: up to now, and before the period."""
    if not terms.conditional:
        return {}, {}
    by_quota = (
        terms.c.gate is not None and terms.c.gate.attainment_pct is not None
    ) or "attainment_pct" in conditions_of(terms.c)
    if by_quota:
        frame = attaining(terms).filter(nw.col("counts"))
        frame = frame.filter(
            (nw.col("counted_on") >= nw.lit(terms.spans[0].start))
            & (nw.col("counted_on") < nw.lit(terms.spans[-1].end))
        )
        frame = frame.with_columns(x=nw.col("credit"), span=span_of(terms))
    zero = number(0)
    early = nw.when(nw.col("happened_on") < nw.lit(terms.job.period.start)).then(nw.col("x")).otherwise(zero)
    sums = collected(
        frame.with_columns(early=early.cast(AMOUNT))
        .group_by("payee_id", "span")
        .agg(nw.col("x").sum(), nw.col("early").sum())
    )
    now = {(r["payee_id"], r["span"]): Fraction(r["x"]) for r in sums}
    before = {(r["payee_id"], r["span"]): Fraction(r["early"]) for r in sums}
    for i, span in enumerate(terms.spans):
        for payee in {o.payee for o in terms.job.opened}:
            for totals in (now, before):
                totals[payee, i] = totals.get((payee, i), Fraction(0)) + _opened(terms, payee, span)
    return now, before


def attaining(terms: Terms) -> nw.LazyFrame[Any]:
    """The credit that attains the quota: the person's own, or the team's of a manager."""
    job, team = terms.job, terms.c.payee == "manager"
    other = job.team_attained if team else job.attained
    own = job.team if team else job.credit
    found = other if other is not None else own
    assert found is not None
    return found


def _values(
    terms: Terms, payee: str | None, span: Span, now: Fraction | None, before: Fraction | None
) -> dict[str, Fraction]:
    c, file = terms.c, terms.plan.file
    if_zero = file.quota.if_zero if file.quota else None
    standing = terms.job.people.standing(payee or "", span) if _personal(terms) else None
    quota = standing.quota if standing else None
    made: dict[str, Fraction] = {}
    if c.table is not None:
        for i, bound in enumerate(rate_table.bounds(c, quota, if_zero)):
            made[f"b{i}"] = bound
        if c.table.mode == "proportional":
            _slopes(terms, made, standing)
        if c.table.columns is not None:
            for j, start in enumerate(c.table.columns.from_):
                made[f"c{j}"] = (
                    rate_table.of_quota(Fraction(start), quota, if_zero)
                    if c.table.columns.unit == "pct_of_quota"
                    else Fraction(start)
                )
    if c.rate_pct == "derived":
        rate = derived_rate(terms.plan, c, standing.target if standing else None, quota)
        if rate >= MOST_RATE:
            raise _too_large(terms, payee, span, rate, standing)
        high, low = split_rate(rate)
        made["rate_high"], made["rate_low"] = Fraction(high), Fraction(low)
    if c.target is not None:
        made["target"] = _target(terms, standing)
    if quota is not None:
        made["quota"] = quota
    if terms.job.opened:
        made["opened"] = _opened(terms, payee, span)
    if standing is not None and refuses(terms.plan, c, quota):
        made["refused"] = Fraction(1)
    elif standing is not None:
        made["refused"] = Fraction(0)
    level = gate_level(terms.plan, c, quota)
    if level is not None:
        made["gate"] = level
    if terms.conditional and now is not None and before is not None:
        for when, total in (("now", now), ("prev", before)):
            made[f"open_{when}"] = Fraction(_open(terms, total, quota, level))
            made[f"attainment_{when}"] = attainment_pct(total, quota, if_zero)
    return made


def _opened(terms: Terms, payee: str | None, span: Span) -> Fraction:
    """Credit brought into the plan that stands in this span."""
    carried = Fraction(0)
    for o in terms.job.opened:
        day = o.as_of or terms.plan.start
        mine = o.payee == payee and o.component in (None, terms.c.id)
        if mine and span.start <= day < span.end and day < terms.job.period.end:
            carried += Fraction(o.amount)
    return carried


def _target(terms: Terms, standing: Standing | None) -> Fraction:
    return target_of(terms.c, standing.target, standing.base) if standing else target_of(terms.c, None)


def _slopes(terms: Terms, made: dict[str, Fraction], standing: Standing | None) -> None:
    assert terms.c.table is not None
    for i, row in enumerate(terms.c.table.rows):
        amount = (
            Fraction(row.amount)
            if row.amount is not None
            else rate_table.payout(row) * _target(terms, standing)
        )
        width = made[f"b{i + 1}"] - made[f"b{i}"]
        high, low = split_rate(amount / width if width else Fraction(0))
        made[f"sh{i}"], made[f"sl{i}"] = Fraction(high), Fraction(low)


def _personal(terms: Terms) -> bool:
    return (
        terms.plan.file.quota is not None
        or terms.c.rate_pct == "derived"
        or terms.c.target in ("derived", "base_pay")
    )


def _open(terms: Terms, total: Fraction, quota: Fraction | None, level: Fraction | None) -> bool:
    """Whether a first-unit gate is passed by this total (an excess gate is part of the table)."""
    then, inclusive = gate_of(terms.c)
    if then != "first_dollar" or level is None or (terms.alone and not gate_on_attainment(terms.c)):
        return True
    return total > level or (inclusive and total == level)


def _too_large(
    terms: Terms, payee: str | None, span: Span, rate: Fraction, standing: Standing | None
) -> SalesopsError:
    target, quota = (standing.target, standing.quota) if standing else (None, None)
    return SalesopsError(
        problem(
            "rate-too-large",
            column="quota",
            value=payee,
            whose=payee or message("everybody"),
            period=span.key,
            rate_pct=float(rate * 100),
            plan=terms.plan.label,
            component=terms.c.id,
            target=float(target or 0),
            quota=float(quota or 0),
        )
    )


def _clipped(value: Fraction, name: str) -> Decimal:
    """A number as decimal(38,10); attainment is cut, not rounded, so that it never reaches a bound
    too early.
    """
    if not name.startswith("attainment"):
        return decimal_of(value)
    with localcontext() as context:
        context.prec = 60
        return (Decimal(value.numerator) / Decimal(value.denominator)).quantize(Decimal("1e-10"), ROUND_FLOOR)
