"""The numbers of each person and span that a component needs, worked exactly and handed to the engine."""

from __future__ import annotations

from decimal import ROUND_FLOOR, Decimal, localcontext
from fractions import Fraction
from typing import Any

import narwhals as nw
import pyarrow as pa

from salesops_nb.commission import curve
from salesops_nb.commission.frames import AMOUNT, collected, number
from salesops_nb.commission.job import (
    Job,
    attainment_pct,
    conditions_of,
    derived_rate,
    gate_level,
    gate_of,
    gate_on_attainment,
    on_attainment,
    refuses,
    scope_of,
    target_of,
    uses_quota,
)
from salesops_nb.commission.rates import split_rate
from salesops_nb.commission.rounding import decimal_of
from salesops_nb.commission.schema import Component
from salesops_nb.commission.spans import Span

_DEC = pa.decimal128(38, 10)


class Numbers:
    """Bounds, rates, gates and factors by person and span: constants where everybody has the same,
    else columns.
    """

    def __init__(self, job: Job, c: Component, spans: list[Span]) -> None:
        self.job, self.c, self.plan, self.spans = job, c, job.plan, spans
        self.scope = scope_of(c)
        self.alone = self.scope == "each_transaction"
        self.constants: dict[str, Fraction] = {}
        self.varying: set[str] = set()
        self.factor_varies = False
        self.conditional = on_attainment(c)

    def _span(self) -> nw.Expr:
        made: nw.Expr = nw.lit(len(self.spans) - 1)
        for i in range(len(self.spans) - 2, -1, -1):
            made = nw.when(nw.col("counted_on") < nw.lit(self.spans[i].end)).then(nw.lit(i)).otherwise(made)
        return made

    # -- the person's numbers --------------------------------------------------------------

    def _numbers(self, frame: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
        """Bounds, rates, gates and factors of each person and span, worked exactly and joined."""
        needs = self._needs()
        if not needs:
            self.constants = self._values(None, self.spans[0], None, None)
            return frame
        now, before = self._totals(frame)
        pairs = self._candidates()
        rows = []
        for pair in sorted(pairs, key=lambda p: (str(p["payee_id"]), p["span"])):
            key = (pair["payee_id"], pair["span"])
            span = self.spans[pair["span"]]
            made = self._values(
                str(pair["payee_id"]), span, now.get(key, Fraction(0)), before.get(key, Fraction(0))
            )
            rows.append((key, made))
        self._tell(frame)
        if not rows:
            self.constants = self._values(None, self.spans[0], Fraction(0), Fraction(0))
            return frame
        names = list(rows[0][1])
        self.constants = {n: rows[0][1][n] for n in names if all(r[n] == rows[0][1][n] for _, r in rows)}
        self.varying = set(names) - set(self.constants)
        if not self.varying:
            return frame
        schema = {"payee_id": pa.string(), "span": pa.int32()} | dict.fromkeys(sorted(self.varying), _DEC)
        table = [
            {"payee_id": key[0], "span": key[1]} | {n: _clipped(made[n], n) for n in self.varying}
            for key, made in rows
        ]
        return frame.join(self.job.tables.put(table, schema), on=["payee_id", "span"], how="left")

    def told(self, frame: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
        """The frame, its numbers known already; what people with credit in it miss of them is reported.

        As where the numbers are worked out for these spans alone, a quota that all share is no column.
        """
        if not self._needs() or not self._personal():
            return frame
        standing = self.job.people.standing
        quotas = {standing(str(p["payee_id"]), self.spans[p["span"]]).quota for p in self._candidates()}
        self._tell(frame)
        shared = len(quotas) == 1 and "quota" in frame.collect_schema().names()
        return frame.drop("quota") if shared else frame

    def _candidates(self) -> list[dict[str, Any]]:
        """Everyone who may have credit, in each span: cheaper to read than the credits themselves."""
        people = self.job.payees()
        return [{"payee_id": payee, "span": i} for payee in people for i in range(len(self.spans))]

    def _tell(self, frame: nw.LazyFrame[Any]) -> None:
        """Report what is missing of people with credit that the period concerns: of a span that it
        touches, or that something of the period takes back.
        """
        people, start, c = self.job.people, self.job.period.start, self.c
        asks = uses_quota(c) or c.rate_pct == "derived", "derived" in (c.rate_pct, c.target)
        spans = dict(enumerate(self.spans))
        if not any(people.lacks(str(p["payee_id"]), spans[p["span"]], *asks) for p in self._candidates()):
            return
        now = nw.col("span").is_in([i for i, span in spans.items() if span.end > start])
        met = frame.filter(now | (nw.col("happened_on") >= nw.lit(start))).select("payee_id", "span")
        for row in sorted(collected(met.unique()), key=lambda r: (str(r["payee_id"]), r["span"])):
            people.tell(str(row["payee_id"]), spans[row["span"]], c.id, *asks)

    def _needs(self) -> bool:
        c = self.c
        quota = self.plan.file.quota
        fixed = self.job.people.stays is None and quota is not None and quota.amount is not None
        fixed = fixed and not quota.ramp_pct and quota.prorate == "none" and "targets" not in self.job.tables  # type: ignore[union-attr]
        personal = uses_quota(c) or c.rate_pct == "derived" or c.target == "derived"
        return (personal and not fixed) or self.conditional or bool(self.job.opened)

    def _totals(self, frame: nw.LazyFrame[Any]) -> tuple[dict[Any, Fraction], dict[Any, Fraction]]:
        """Attained (or, for amounts, measured) by person and span: up to now, and before the period."""
        if not self.conditional:
            return {}, {}
        by_quota = (
            self.c.gate is not None and self.c.gate.attainment_pct is not None
        ) or "attainment_pct" in conditions_of(self.c)
        if by_quota:
            frame = self._attaining().filter(nw.col("counts"))
            frame = frame.filter(
                (nw.col("counted_on") >= nw.lit(self.spans[0].start))
                & (nw.col("counted_on") < nw.lit(self.spans[-1].end))
            )
            frame = frame.with_columns(x=nw.col("credit"), span=self._span())
        zero = number(0)
        early = (
            nw.when(nw.col("happened_on") < nw.lit(self.job.period.start)).then(nw.col("x")).otherwise(zero)
        )
        sums = collected(
            frame.with_columns(early=early.cast(AMOUNT))
            .group_by("payee_id", "span")
            .agg(nw.col("x").sum(), nw.col("early").sum())
        )
        now = {(r["payee_id"], r["span"]): Fraction(r["x"]) for r in sums}
        before = {(r["payee_id"], r["span"]): Fraction(r["early"]) for r in sums}
        for i, span in enumerate(self.spans):
            for payee in {o.payee for o in self.job.opened}:
                for totals in (now, before):
                    totals[payee, i] = totals.get((payee, i), Fraction(0)) + self._opened(payee, span)
        return now, before

    def _attaining(self) -> nw.LazyFrame[Any]:
        """The credit that attains the quota: the person's own, or the team's of a manager."""
        job, team = self.job, self.c.payee == "manager"
        other = job.team_attained if team else job.attained
        own = job.team if team else job.credit
        found = other if other is not None else own
        assert found is not None
        return found

    def _values(
        self, payee: str | None, span: Span, now: Fraction | None, before: Fraction | None
    ) -> dict[str, Fraction]:
        c, file = self.c, self.plan.file
        if_zero = file.quota.if_zero if file.quota else None
        standing = self.job.people.standing(payee or "", span) if self._personal() else None
        quota = standing.quota if standing else None
        made: dict[str, Fraction] = {}
        if c.table is not None:
            for i, bound in enumerate(curve.bounds(c, quota, if_zero)):
                made[f"b{i}"] = bound
            if c.table.mode == "proportional":
                self._slopes(made, standing.target if standing else None)
            if c.table.columns is not None:
                for j, start in enumerate(c.table.columns.from_):
                    made[f"c{j}"] = (
                        curve.of_quota(Fraction(start), quota, if_zero)
                        if c.table.columns.unit == "pct_of_quota"
                        else Fraction(start)
                    )
        if c.rate_pct == "derived":
            rate = derived_rate(self.plan, c, standing.target if standing else None, quota)
            high, low = split_rate(rate)
            made["rate_high"], made["rate_low"] = Fraction(high), Fraction(low)
        if c.target is not None:
            made["target"] = target_of(c, standing.target if standing else None)
        if quota is not None:
            made["quota"] = quota
        if self.job.opened:
            made["opened"] = self._opened(payee, span)
        if standing is not None and refuses(self.plan, c, quota):
            made["refused"] = Fraction(1)
        elif standing is not None:
            made["refused"] = Fraction(0)
        level = gate_level(self.plan, c, quota)
        if level is not None:
            made["gate"] = level
        if self.conditional and now is not None and before is not None:
            for when, total in (("now", now), ("prev", before)):
                made[f"open_{when}"] = Fraction(self._open(total, quota, level))
                made[f"attainment_{when}"] = attainment_pct(total, quota, if_zero)
        return made

    def _opened(self, payee: str | None, span: Span) -> Fraction:
        """Credit brought into the plan that stands in this span."""
        held = Fraction(0)
        for o in self.job.opened:
            day = o.as_of or self.plan.start
            mine = o.payee == payee and o.component in (None, self.c.id)
            if mine and span.start <= day < span.end and day < self.job.period.end:
                held += Fraction(o.amount)
        return held

    def _slopes(self, made: dict[str, Fraction], target: Fraction | None) -> None:
        assert self.c.table is not None
        for i, row in enumerate(self.c.table.rows):
            amount = (
                Fraction(row.amount)
                if row.amount is not None
                else curve.payout(row) * target_of(self.c, target)
            )
            width = made[f"b{i + 1}"] - made[f"b{i}"]
            high, low = split_rate(amount / width if width else Fraction(0))
            made[f"sh{i}"], made[f"sl{i}"] = Fraction(high), Fraction(low)

    def _personal(self) -> bool:
        return self.plan.file.quota is not None or self.c.rate_pct == "derived" or self.c.target == "derived"

    def _open(self, total: Fraction, quota: Fraction | None, level: Fraction | None) -> bool:
        """Whether a first-unit gate is passed by this total (an excess gate is part of the table)."""
        then, inclusive = gate_of(self.c)
        if then != "first_dollar" or level is None or (self.alone and not gate_on_attainment(self.c)):
            return True
        return total > level or (inclusive and total == level)

    def value(self, name: str) -> nw.Expr:
        """A number of the person: a column, or a constant where everybody has the same."""
        if name in self.varying:
            return nw.col(name).cast(AMOUNT)
        return number(_clipped(self.constants.get(name, Fraction(0)), name))


def _clipped(value: Fraction, name: str) -> Decimal:
    """A number as decimal(38,10); attainment is cut, not rounded, so that it never reaches a bound
    too early.
    """
    if not name.startswith("attainment"):
        return decimal_of(value)
    with localcontext() as context:
        context.prec = 60
        return (Decimal(value.numerator) / Decimal(value.denominator)).quantize(Decimal("1e-10"), ROUND_FLOOR)
