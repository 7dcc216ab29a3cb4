"""What a component earns on each credit: measure → table → gate, multiplier, limits.

One row a credit, with the position before it (``before``), the factor and the amount. A running
total is worked as round(F(after)) − round(F(before)), so that the lines add up to the table and
each credit carries its own share; a condition on attainment (gate, multiplier) is judged once, by
the attainment of the span up to the end of the period that is paid, and holds for the whole span.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import ROUND_FLOOR, Decimal, localcontext
from fractions import Fraction
from typing import Any

import narwhals as nw
import pyarrow as pa

from salesops_nb.commission import curve
from salesops_nb.commission.columns import condition
from salesops_nb.commission.frames import AMOUNT, Tables, arrow, collected, number, times, times10
from salesops_nb.commission.hierarchy import summed
from salesops_nb.commission.opening import Opening
from salesops_nb.commission.plan import Plan
from salesops_nb.commission.rates import split_rate
from salesops_nb.commission.rounding import decimal_of, rounded
from salesops_nb.commission.schema import Component, Limits
from salesops_nb.commission.spans import People, Span
from salesops_nb.periods import Period

_DEC = pa.decimal128(38, 10)
ORDER = ("happened_on", "event_id", "part")


@dataclass
class Job:
    """A plan at work in a period: its credits, people and spans."""

    plan: Plan
    tables: Tables
    period: Period
    people: People
    credit: nw.LazyFrame[Any]
    team: nw.LazyFrame[Any] | None
    attained: nw.LazyFrame[Any] | None
    team_attained: nw.LazyFrame[Any] | None = None
    spans: dict[str, list[Span]] = field(default_factory=dict)
    opened: list[Opening] = field(default_factory=list)
    has_overlay: bool = False
    everyone: Callable[[], list[str]] = list[str]

    def payees(self) -> list[str]:
        """Everyone who may have credit under the plan."""
        if self.people.stays is not None:
            return sorted(self.people.stays)
        return self.everyone()


def earned(job: Job, c: Component, spans: list[Span]) -> nw.LazyFrame[Any]:
    """Every credit of the spans with what the component earns on it."""
    return _Work(job, c, spans).rows()


def scope_of(c: Component) -> str:
    """The scope, said or implied: over a threshold or a period's excess credit runs on, else each stands alone."""
    if c.scope is not None:
        return c.scope
    excess = c.then == "excess" or (c.gate is not None and c.gate.then == "excess")
    return "running_total" if excess else "each_transaction"


class _Work:
    """One component's frame on its way; columns are added step by step."""

    def __init__(self, job: Job, c: Component, spans: list[Span]) -> None:
        self.job, self.c, self.plan, self.spans = job, c, job.plan, spans
        self.scope = scope_of(c)
        self.alone = self.scope == "each_transaction"
        self.constants: dict[str, Fraction] = {}
        self.varying: set[str] = set()
        self.factor_varies = False
        self.conditional = _on_attainment(c)

    def rows(self) -> nw.LazyFrame[Any]:
        """The frame with before, after, factor, raw and amount."""
        frame = self._measured()
        frame = self._numbers(frame)
        frame = self._positions(frame)
        frame = self._functions(frame)
        frame = self._factors(frame, "now")
        frame = self._amounts(frame, "now")
        if self._catches_up():
            frame = self._factors(frame, "prev")
            frame = self._amounts(frame, "prev")
        else:
            frame = frame.with_columns(amount_prev=number(0))
        return self._refused(frame)

    def _refused(self, frame: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
        """Nothing is paid where the component hangs on a quota that is zero and the plan refuses that."""
        if "refused" not in self.varying and not self.constants.get("refused"):
            return frame
        names = frame.collect_schema().names()
        no = self.value("refused") == number(1)
        paid = [n for n in ("raw", "free", "amount_now", "amount_prev") if n in names]
        nothing = [nw.when(no).then(number(0)).otherwise(nw.col(n)).cast(AMOUNT).alias(n) for n in paid]
        return frame.with_columns(*nothing, no_quota=no)

    # -- measure ---------------------------------------------------------------------------

    def _measured(self) -> nw.LazyFrame[Any]:
        c = self.c
        frame = self.job.team if c.payee == "manager" else self.job.credit
        assert frame is not None
        frame = frame.filter(nw.col("counts")) if "counts" in frame.collect_schema().names() else frame
        if c.where:
            frame = frame.filter(condition(self.plan, c.where, frame, self.job.tables))
        if c.from_ is not None:
            frame = frame.filter(nw.col("counted_on") >= nw.lit(c.from_))
        if c.to is not None:
            frame = frame.filter(nw.col("counted_on") < nw.lit(c.to + timedelta(days=1)))
        first, last = self.spans[0].start, self.spans[-1].end
        frame = frame.filter((nw.col("counted_on") >= nw.lit(first)) & (nw.col("counted_on") < nw.lit(last)))
        if c.payee == "manager":
            frame = summed(frame, self.plan, self.job.tables)
        column = {"margin": "margin", "count": "deals", "quantity": "units", "activities": "deals"}.get(
            c.measure, "credit"
        )
        frame = frame.with_columns(x=nw.col(column), span=self._span())
        if not any(a.end != b.start for a, b in zip(self.spans, self.spans[1:], strict=False)):
            return frame
        return frame.filter(nw.col("span") >= 0)

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
        told = len(self.job.people.problems)
        pairs = self._candidates()
        rows = []
        for pair in sorted(pairs, key=lambda p: (str(p["payee_id"]), p["span"])):
            key = (pair["payee_id"], pair["span"])
            span = self.spans[pair["span"]]
            made = self._values(
                str(pair["payee_id"]), span, now.get(key, Fraction(0)), before.get(key, Fraction(0))
            )
            rows.append((key, made))
        if len(self.job.people.problems) > told:
            self._keep_told(frame, told)
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

    def _candidates(self) -> list[dict[str, Any]]:
        """Everyone who may have credit, in each span: cheaper to read than the credits themselves."""
        people = self.job.payees()
        return [{"payee_id": payee, "span": i} for payee in people for i in range(len(self.spans))]

    def _keep_told(self, frame: nw.LazyFrame[Any], told: int) -> None:
        """Of what was found missing, keep what concerns people who do have credit."""
        real = {r["payee_id"] for r in collected(frame.select("payee_id").unique())}
        found = self.job.people.problems
        found[told:] = [p for p in found[told:] if p.value in real]

    def _needs(self) -> bool:
        c = self.c
        quota = self.plan.file.quota
        fixed = self.job.people.stays is None and quota is not None and quota.amount is not None
        fixed = fixed and not quota.ramp_pct and quota.prorate == "none" and "targets" not in self.job.tables  # type: ignore[union-attr]
        personal = _uses_quota(c) or c.rate_pct == "derived" or c.target == "derived"
        return (personal and not fixed) or self.conditional or bool(self.job.opened)

    def _totals(self, frame: nw.LazyFrame[Any]) -> tuple[dict[Any, Fraction], dict[Any, Fraction]]:
        """Attained (or, for amounts, measured) by person and span: up to now, and before the period."""
        if not self.conditional:
            return {}, {}
        by_quota = (
            self.c.gate is not None and self.c.gate.attainment_pct is not None
        ) or "attainment_pct" in _conditions(self.c)
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
        if payee and standing is not None and standing.target is None and "derived" in (c.rate_pct, c.target):
            self.job.people.tell_of_target(payee, c.id)
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
        then, inclusive = _gate(self.c)
        if then != "first_dollar" or level is None or (self.alone and not _gate_pct(self.c)):
            return True
        return total > level or (inclusive and total == level)

    def value(self, name: str) -> nw.Expr:
        """A number of the person: a column, or a constant where everybody has the same."""
        if name in self.varying:
            return nw.col(name).cast(AMOUNT)
        return number(_clipped(self.constants.get(name, Fraction(0)), name))

    # -- position and function -------------------------------------------------------------

    def _positions(self, frame: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
        """The measure, and what bands look at, before and after each credit."""
        frame = self._keys(frame)
        keys = [
            n for n in ("x", "k_gross", "k_margin", "k_deals", "k_col") if n in frame.collect_schema().names()
        ]
        if self.alone:
            return self._standing_alone(frame, keys)
        other = self.plan.file.quota
        if (
            other is not None
            and other.attained_by != self.plan.file.credit.event
            and _uses_pct(self.c)
            and self.job.attained is not None
        ):
            return self._beside_attained(frame)
        over = ["payee_id", "span"] if len(self.spans) > 1 else ["payee_id"]
        order = list(ORDER) if self.job.has_overlay else list(ORDER[:2])
        frame = frame.with_columns(
            **{f"{n}_after": nw.col(n).cum_sum().over(*over, order_by=order).cast(AMOUNT) for n in keys}
        )
        if "opened" in self.varying or self.constants.get("opened"):
            frame = frame.with_columns(x_after=(nw.col("x_after") + self.value("opened")).cast(AMOUNT))
        return frame.with_columns(
            **{f"{n}_before": (nw.col(f"{n}_after") - nw.col(n)).cast(AMOUNT) for n in keys}
        )

    def _keys(self, frame: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
        table = self.c.table
        if table is None:
            return frame
        units = {table.unit} | ({table.columns.unit} if table.columns else set())
        made: dict[str, nw.Expr] = {}
        if "margin_pct" in units:
            made |= {"k_gross": nw.col("gross"), "k_margin": nw.col("margin")}
        if "count" in units and self.c.measure not in ("count", "quantity"):
            made["k_deals"] = nw.col("deals")
        if table.columns is not None and table.columns.unit in ("amount", "pct_of_quota"):
            made["k_col"] = nw.col("credit")
        return frame.with_columns(**made) if made else frame

    def _standing_alone(self, frame: nw.LazyFrame[Any], keys: Sequence[str]) -> nw.LazyFrame[Any]:
        """Each credit from zero; a refund takes its deal back from where it stood."""
        zero = number(0)
        columns = frame.collect_schema().names()
        if self.c.table is None or "negative" not in columns:
            return frame.with_columns(
                **{f"{n}_after": nw.col(n) for n in keys}, **{f"{n}_before": zero for n in keys}
            )
        order = list(ORDER)
        made, late = {}, {}
        for n in keys:
            run = nw.col(n).cum_sum().over("payee_id", "deal_id", order_by=order).cast(AMOUNT)
            made[f"{n}_after"] = nw.when(nw.col("negative")).then(run).otherwise(nw.col(n)).cast(AMOUNT)
            late[f"{n}_before"] = (
                nw.when(nw.col("negative"))
                .then((nw.col(f"{n}_after") - nw.col(n)).cast(AMOUNT))
                .otherwise(zero)
                .cast(AMOUNT)
            )
        return frame.with_columns(**made).with_columns(**late)

    def _beside_attained(self, frame: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
        """Each credit on top of what others attained by its day, by the event that the quota counts."""
        assert self.job.attained is not None
        reached = self._attaining().filter(nw.col("counts"))
        if self.c.payee == "manager":
            reached = summed(reached, self.plan, self.job.tables)
        reached = reached.filter(
            (nw.col("counted_on") >= nw.lit(self.spans[0].start))
            & (nw.col("counted_on") < nw.lit(self.spans[-1].end))
        )
        reached = reached.with_columns(span=self._span())
        columns = ["payee_id", "span", "deal_id", "event_id", "part", "happened_on"]
        zero = number(0)
        both = nw.concat(
            [
                frame.select(*columns, "x").with_columns(got=zero, own=nw.col("x"), late=nw.lit(1)).drop("x"),
                reached.select(*columns, "credit")
                .with_columns(got=nw.col("credit"), own=zero, late=nw.lit(0))
                .drop("credit"),
            ],
            how="vertical",
        )
        order = ["happened_on", "late", "event_id", "part"]
        mine = ["payee_id", "span", "deal_id"]
        both = both.with_columns(
            all_got=nw.col("got").cum_sum().over("payee_id", "span", order_by=order).cast(AMOUNT),
            deal_got=nw.col("got").cum_sum().over(*mine, order_by=order).cast(AMOUNT),
            deal_own=nw.col("own").cum_sum().over(*mine, order_by=order).cast(AMOUNT),
        )
        before = (nw.col("all_got") - nw.col("deal_got") + nw.col("deal_own") - nw.col("own")).cast(AMOUNT)
        stands = (
            both.filter(nw.col("late") == 1)
            .with_columns(x_before=before)
            .select("payee_id", "event_id", "part", "x_before")
        )
        frame = frame.join(stands, on=["payee_id", "event_id", "part"], how="left")
        if "opened" in self.varying or self.constants.get("opened"):
            frame = frame.with_columns(x_before=(nw.col("x_before") + self.value("opened")).cast(AMOUNT))
        self.factor_varies = True  # lines no longer telescope: each is rounded on the running pay
        return frame.with_columns(x_after=(nw.col("x_before") + nw.col("x")).cast(AMOUNT))

    def _functions(self, frame: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
        if self.c.rates is not None:
            return frame.with_columns(f_after=self._listed(frame), f_before=number(0))
        made = {"f_after": self._paid("after")}
        if self.alone and not (self.c.table is not None and "negative" in frame.collect_schema().names()):
            made["f_before"] = number(0)
        else:
            made["f_before"] = self._paid("before")
        return frame.with_columns(**{n: e.cast(AMOUNT) for n, e in made.items()})

    def _listed(self, frame: nw.LazyFrame[Any]) -> nw.Expr:
        """The first of the listed rates whose condition holds."""
        made = number(0)
        assert self.c.rates is not None
        for row in reversed(self.c.rates):
            price = (
                times(nw.col("x"), row.rate_pct / 100)
                if row.rate_pct is not None
                else times(nw.col("deals"), row.amount or Decimal(0))
            )
            made = (
                price
                if row.where is None
                else nw.when(self._condition(row.where, frame)).then(price).otherwise(made)
            )
        return made.cast(AMOUNT)

    def _condition(self, text: str | None, frame: nw.LazyFrame[Any]) -> nw.Expr:
        return nw.lit(True) if text is None else condition(self.plan, text, frame, self.job.tables)

    def _paid(self, side: str) -> nw.Expr:
        """F at a position, with an excess gate taken off."""
        c, x = self.c, nw.col(f"x_{side}")
        then, inclusive = _gate(c)
        if then is None or (then == "first_dollar" and not (self.alone and not _gate_pct(c))):
            return self._wide(self._curve(x, side))
        gate = self.value("gate")
        if then == "first_dollar":
            passed = (x >= gate) if inclusive else (x > gate)
            return nw.when(passed).then(self._wide(self._curve(x, side))).otherwise(number(0))
        above = nw.when(x > gate).then(x).otherwise(gate).cast(AMOUNT)
        if c.table is not None and c.table.mode in ("whole", "matrix"):
            over = nw.when(x > gate).then((x - gate).cast(AMOUNT)).otherwise(number(0)).cast(AMOUNT)
            return self._wide(self._curve(over, side, looked=x))
        return self._wide((self._curve(above, side) - self._curve(gate, side)).cast(AMOUNT))

    def _wide(self, paid: nw.Expr) -> nw.Expr:
        """Times the derived rate, where the component has one."""
        if self.c.rate_pct != "derived":
            return paid
        high, low = self.value("rate_high"), self.value("rate_low")
        return (times(paid, high) + times(times(paid, low), Decimal("1e-8"))).cast(AMOUNT)

    def _curve(self, x: nw.Expr, side: str, looked: nw.Expr | None = None) -> nw.Expr:
        c = self.c
        if c.table is None:
            return curve.engine(c, self.value, curve.Position(x, lambda i, low: nw.lit(True)))
        looked = x if looked is None else looked
        unit = c.table.unit
        columns = None
        if c.table.columns is not None:
            columns = self._reached(c.table.columns.unit, side, nw.col(f"k_col_{side}"), "c")
        at = curve.Position(x, self._reached(unit, side, looked, "b"), columns)

        def slope(i: int, inside: nw.Expr) -> nw.Expr:
            high, low = self.value(f"sh{i}"), self.value(f"sl{i}")
            return (times(inside, high) + times(times(inside, low), Decimal("1e-8"))).cast(AMOUNT)

        return curve.engine(c, self.value, at, slope)

    def _reached(self, unit: str, side: str, x: nw.Expr, prefix: str) -> Callable[[int, bool], nw.Expr]:
        """Whether bound i is reached: margins by cross-multiplying, so that nothing is divided."""
        if unit == "margin_pct":
            left = times(nw.col(f"k_margin_{side}"), Decimal(100))

            def over_margin(i: int, low: bool) -> nw.Expr:
                right = times(nw.col(f"k_gross_{side}"), self.value(f"{prefix}{i}"))
                enough = (left >= right) if low else (left > right)
                return enough & (nw.col(f"k_gross_{side}") > number(0))

            return over_margin
        if unit == "count" and self.c.measure not in ("count", "quantity"):
            x = nw.col(f"k_deals_{side}")
        return lambda i, low: (x >= self.value(f"{prefix}{i}")) if low else (x > self.value(f"{prefix}{i}"))

    # -- gate, multiplier, limits ----------------------------------------------------------

    def _factors(self, frame: nw.LazyFrame[Any], when: str) -> nw.LazyFrame[Any]:
        one = number(1)
        made = one
        if self.c.multipliers is not None:
            named = self.conditional and "attainment_pct" in _conditions(self.c)
            if named:
                frame = frame.with_columns(attainment_pct=self.value(f"attainment_{when}"))
            made = self._combined([(self._condition(m.where, frame), m.x) for m in self.c.multipliers.rows])
        then, _ = _gate(self.c)
        if then == "first_dollar" and self.conditional and not (self.alone and not _gate_pct(self.c)):
            opened = self.value(f"open_{when}")
            made = (
                nw.when(opened == one).then(made).otherwise(number(0))
                if self.c.multipliers is not None
                else opened
            )
        return frame.with_columns(**{f"factor_{when}": made.cast(AMOUNT)})

    def _combined(self, rows: list[tuple[nw.Expr, Decimal]]) -> nw.Expr:
        assert self.c.multipliers is not None
        how, one = self.c.multipliers.combine, number(1)
        made = one if how != "highest" else number(0)
        for holds, x in rows:
            if how == "multiply":
                made = nw.when(holds).then(times(made, x)).otherwise(made).cast(AMOUNT)
            elif how == "add":
                made = nw.when(holds).then((made + number(x - 1)).cast(AMOUNT)).otherwise(made).cast(AMOUNT)
            else:
                made = nw.when(holds & (made < number(x))).then(number(x)).otherwise(made).cast(AMOUNT)
        if how == "highest":
            any_holds = rows[0][0]
            for holds, _ in rows[1:]:
                any_holds = any_holds | holds
            made = nw.when(any_holds).then(made).otherwise(one).cast(AMOUNT)
        return made

    def _amounts(self, frame: nw.LazyFrame[Any], when: str) -> nw.LazyFrame[Any]:
        c = self.c
        plain = c.multipliers is None and not self.conditional
        factor = nw.col(f"factor_{when}")

        def scaled(amount: nw.Expr) -> nw.Expr:
            return amount if plain else times(amount, factor)

        by_pay = self._splits_pay()
        deal = next((limit for limit in c.limit_list if limit.per == "deal"), None)
        whole = next((limit for limit in c.limit_list if limit.per == "period"), None)
        raw = scaled((nw.col("f_after") - nw.col("f_before")).cast(AMOUNT))
        if by_pay:
            raw = times10(raw, nw.col("share"))
        frame = frame.with_columns(raw=raw.cast(AMOUNT))
        if deal is not None:
            frame = self._per_deal(frame, deal)
        places, mode = self.plan.places, self.plan.file.rounding.mode
        if by_pay:
            frame = self._last_part(frame, places, mode)
        elif self.alone:
            frame = frame.with_columns(amount=rounded(nw.col("raw"), places, mode))
        else:
            telescopes = c.multipliers is None and deal is None and not self.factor_varies and c.rates is None
            if telescopes:
                frame = frame.with_columns(
                    p_after=scaled(nw.col("f_after")), p_before=scaled(nw.col("f_before"))
                )
            else:
                frame = self._running_pay(frame, "raw")
            frame = self._capped(frame, whole)
            made = rounded(nw.col("p_after"), places, mode) - rounded(nw.col("p_before"), places, mode)
            return frame.with_columns(**{f"amount_{when}": made.cast(AMOUNT)})
        if whole is not None:
            frame = self._running_pay(frame.with_columns(free=nw.col("amount")), "amount")
            frame = self._capped(frame, whole)
            frame = frame.with_columns(amount=(nw.col("p_after") - nw.col("p_before")).cast(AMOUNT))
        return frame.with_columns(**{f"amount_{when}": nw.col("amount")})

    def _running_pay(self, frame: nw.LazyFrame[Any], column: str) -> nw.LazyFrame[Any]:
        over = ["payee_id", "span"] if len(self.spans) > 1 else ["payee_id"]
        order = list(ORDER) if self.job.has_overlay else list(ORDER[:2])
        frame = frame.with_columns(p_after=nw.col(column).cum_sum().over(*over, order_by=order).cast(AMOUNT))
        return frame.with_columns(p_before=(nw.col("p_after") - nw.col(column)).cast(AMOUNT))

    def _capped(self, frame: nw.LazyFrame[Any], limit: Limits | None) -> nw.LazyFrame[Any]:
        if limit is None or limit.cap is None:
            return frame
        cap = number(limit.cap)

        def most(name: str) -> nw.Expr:
            return nw.when(nw.col(name) > cap).then(cap).otherwise(nw.col(name)).cast(AMOUNT)

        return frame.with_columns(
            over_cap=nw.col("p_after") > cap, u_after=nw.col("p_after"),
            p_after=most("p_after"), p_before=most("p_before"),
        )  # fmt: skip

    def _per_deal(self, frame: nw.LazyFrame[Any], limit: Limits) -> nw.LazyFrame[Any]:
        """Floor and cap of what one deal pays, over all its events."""
        over = ["payee_id", "deal_id", "span"]
        frame = frame.with_columns(
            d_after=nw.col("raw").cum_sum().over(*over, order_by=list(ORDER)).cast(AMOUNT)
        )
        frame = frame.with_columns(d_before=(nw.col("d_after") - nw.col("raw")).cast(AMOUNT))

        def held(name: str) -> nw.Expr:
            made: nw.Expr = nw.col(name)
            if limit.cap is not None:
                made = nw.when(made > number(limit.cap)).then(number(limit.cap)).otherwise(made).cast(AMOUNT)
            if limit.floor is not None:
                floor, zero = number(limit.floor), number(0)
                made = nw.when((made > zero) & (made < floor)).then(floor).otherwise(made).cast(AMOUNT)
            return made

        return frame.with_columns(raw=(held("d_after") - held("d_before")).cast(AMOUNT)).drop(
            "d_after", "d_before"
        )

    def _splits_pay(self) -> bool:
        splits = self.plan.file.credit.splits
        return (
            splits is not None
            and splits.apply_to == "pay"
            and self.c.payee == "owner"
            and self.c.measure != "activities"
        )

    def _last_part(self, frame: nw.LazyFrame[Any], places: int, mode: str) -> nw.LazyFrame[Any]:
        """Pay that is split: each part rounded, the last takes what is left of the rounded whole."""
        frame = frame.with_columns(amount=rounded(nw.col("raw"), places, mode))
        frame = frame.with_columns(
            whole_raw=nw.col("raw").sum().over("event_id", "part").cast(AMOUNT),
            whole_paid=nw.col("amount").sum().over("event_id", "part").cast(AMOUNT),
            last_payee=nw.col("payee_id").max().over("event_id", "part"),
        )
        rest = (rounded(nw.col("whole_raw"), places, mode) - nw.col("whole_paid")).cast(AMOUNT)
        is_last = (nw.col("payee_id") == nw.col("last_payee")) & (nw.col("part") == "revenue")
        made = nw.when(is_last).then((nw.col("amount") + rest).cast(AMOUNT)).otherwise(nw.col("amount"))
        return frame.with_columns(amount=made.cast(AMOUNT))

    def _catches_up(self) -> bool:
        """Whether earlier credits of a span now pay otherwise, because a condition on attainment came true."""
        return self.conditional and self.spans[0].start < self.job.period.start


def _on_attainment(c: Component) -> bool:
    then, _ = _gate(c)
    waits = then == "first_dollar" and not (scope_of(c) == "each_transaction" and not _gate_pct(c))
    return waits or "attainment_pct" in _conditions(c)


def _conditions(c: Component) -> str:
    return " ".join(m.where or "" for m in (c.multipliers.rows if c.multipliers else ()))


def _gate(c: Component) -> tuple[str | None, bool]:
    if c.gate is not None:
        return c.gate.then, c.gate.inclusive
    return c.then, True


def _gate_pct(c: Component) -> bool:
    return c.gate is not None and c.gate.attainment_pct is not None


def _uses_pct(c: Component) -> bool:
    return c.table is not None and c.table.unit == "pct_of_quota"


def _uses_quota(c: Component) -> bool:
    columns = c.table.columns.unit if c.table is not None and c.table.columns is not None else None
    return _uses_pct(c) or columns == "pct_of_quota" or _gate_pct(c) or "attainment_pct" in _conditions(c)


def refuses(plan: Plan, c: Component, quota: Fraction | None) -> bool:
    """Whether the component hangs on a quota that is zero (or below) and the plan does not say what that means."""
    rule = plan.file.quota
    if rule is None or quota is None or quota > 0 or not (_uses_quota(c) or c.rate_pct == "derived"):
        return False
    return quota < 0 or rule.if_zero in (None, "refuse")


def gate_level(plan: Plan, c: Component, quota: Fraction | None) -> Fraction | None:
    """The credit at which the gate (or threshold) opens."""
    if c.threshold is not None:
        return Fraction(c.threshold)
    if c.gate is None:
        return None
    if c.gate.amount is not None:
        return Fraction(c.gate.amount)
    assert c.gate.attainment_pct is not None
    return curve.of_quota(
        Fraction(c.gate.attainment_pct), quota, plan.file.quota.if_zero if plan.file.quota else None
    )


def derived_rate(plan: Plan, c: Component, target: Fraction | None, quota: Fraction | None) -> Fraction:
    """Target incentive × weight ÷ quota; rounded only where the plan says to how many places."""
    rate = (target or Fraction(0)) * Fraction(c.weight_pct) / 100 / quota if quota else Fraction(0)
    places = plan.file.rounding.rate_places
    return rate if places is None else Fraction(decimal_of(rate, places))


def target_of(c: Component, target: Fraction | None) -> Fraction:
    """The component's target for a span: its own amount, or its weight of the person's target incentive."""
    if c.target == "derived":
        return (target or Fraction(0)) * Fraction(c.weight_pct) / 100
    return Fraction(c.target or 0)


def attainment_pct(total: Fraction, quota: Fraction | None, if_zero: str | None) -> Fraction:
    """Attainment in per cent; of a quota of zero as the plan says."""
    if quota:
        return total / quota * 100
    return Fraction(100 if if_zero == "attainment_100" else 0)


def _clipped(value: Fraction, name: str) -> Decimal:
    """A number as decimal(38,10); attainment is cut, not rounded, so that it never reaches a bound too early."""
    if not name.startswith("attainment"):
        return decimal_of(value)
    with localcontext() as context:
        context.prec = 60
        return (Decimal(value.numerator) / Decimal(value.denominator)).quantize(Decimal("1e-10"), ROUND_FLOOR)


def keep_in_memory(frame: nw.LazyFrame[Any], tables: Tables) -> nw.LazyFrame[Any]:
    """The frame worked out once."""
    return tables.put_arrow(arrow(frame))


__all__ = ["Job", "attainment_pct", "derived_rate", "earned", "gate_level", "scope_of", "target_of"]
