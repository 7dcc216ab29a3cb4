"""What a component earns on each credit: measure → table → gate, multiplier, limits.

One row a credit, with the position before it (``before``), the factor and the amount. A running
total is worked as round(F(after)) − round(F(before)), so that the lines add up to the table and
each credit carries its own share; a condition on attainment (gate, multiplier) is judged once, by
the attainment of the span up to the end of the period that is paid, and holds for the whole span.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import narwhals as nw

from salesops_nb.commission.component_terms import conditions_of, gate_of, gate_on_attainment
from salesops_nb.commission.frames import AMOUNT, number, times, times10
from salesops_nb.commission.job import Job
from salesops_nb.commission.prices import Prices
from salesops_nb.commission.rounding import rounded
from salesops_nb.commission.schema_component import Component
from salesops_nb.commission.schema_rates import Limits
from salesops_nb.commission.spans import Span


def earned(job: Job, c: Component, spans: list[Span]) -> nw.LazyFrame[Any]:
    """Every credit of the spans with what the component earns on it."""
    return _Earned(job, c, spans).rows()


class _Earned(Prices):
    """One component's frame on its way; columns are added step by step."""

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

    # -- gate, multiplier, limits ----------------------------------------------------------

    def _factors(self, frame: nw.LazyFrame[Any], when: str) -> nw.LazyFrame[Any]:
        one = number(1)
        made = one
        if self.c.multipliers is not None:
            named = self.conditional and "attainment_pct" in conditions_of(self.c)
            if named:
                frame = frame.with_columns(attainment_pct=self.value(f"attainment_{when}"))
            made = self._combined([(self._condition(m.where, frame), m.x) for m in self.c.multipliers.rows])
        then, _ = gate_of(self.c)
        if (
            then == "first_dollar"
            and self.conditional
            and not (self.alone and not gate_on_attainment(self.c))
        ):
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
        if self._two_sided():
            for side in ("after", "before"):
                stood = scaled(nw.col(f"f_{side}"))
                stood = times10(stood, nw.col("share")) if by_pay else stood
                frame = frame.with_columns(**{f"s_{side}": stood.cast(AMOUNT)})
        if deal is not None:
            frame = self._per_deal(frame, deal)
        places, mode = self.plan.places, self.plan.file.rounding.mode
        if by_pay:
            frame = self._last_part(frame, places, mode)
        elif self.alone:
            frame = frame.with_columns(amount=self._rounded(places, mode))
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

    def _two_sided(self) -> bool:
        """Whether a line is the difference of what its deal paid before and after it, each rounded."""
        by_deal = any(limit.per == "deal" for limit in self.c.limit_list)
        return self._walks_back() or (self.alone and by_deal)

    def _rounded(self, places: int, mode: str, of: str = "") -> nw.Expr:
        """Pay of a credit that stands alone; of a refund, the difference of what stood, each side rounded."""
        if not self._two_sided():
            return rounded(nw.col(f"{of}raw"), places, mode)
        after, before = (rounded(nw.col(f"{of}s_{side}"), places, mode) for side in ("after", "before"))
        return (after - before).cast(AMOUNT)

    def _running_pay(self, frame: nw.LazyFrame[Any], column: str) -> nw.LazyFrame[Any]:
        over = ["payee_id", "span"] if len(self.spans) > 1 else ["payee_id"]
        after = nw.col(column).cum_sum().over(*over, order_by=self._order()).cast(AMOUNT)
        frame = frame.with_columns(p_after=after)
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
            d_after=nw.col("raw").cum_sum().over(*over, order_by=self._order()).cast(AMOUNT)
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

        made = {"raw": (held("d_after") - held("d_before")).cast(AMOUNT)}
        if self._two_sided():  # a sale stands on what the deal paid before it, a refund likewise
            made |= {"s_after": held("d_after"), "s_before": held("d_before")}
        return frame.with_columns(**made).drop("d_after", "d_before")

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
        frame = frame.with_columns(amount=self._rounded(places, mode))
        sides = ["s_after", "s_before"] if self._two_sided() else ["raw"]
        frame = frame.with_columns(
            **{f"whole_{n}": nw.col(n).sum().over("event_id", "part").cast(AMOUNT) for n in sides},
            whole_paid=nw.col("amount").sum().over("event_id", "part").cast(AMOUNT),
            last_payee=nw.col("payee_id").max().over("event_id", "part"),
        )
        rest = (self._rounded(places, mode, "whole_") - nw.col("whole_paid")).cast(AMOUNT)
        is_last = (nw.col("payee_id") == nw.col("last_payee")) & (nw.col("part") == "revenue")
        made = nw.when(is_last).then((nw.col("amount") + rest).cast(AMOUNT)).otherwise(nw.col("amount"))
        return frame.with_columns(amount=made.cast(AMOUNT))

    def _catches_up(self) -> bool:
        """Whether earlier credits of a span now pay otherwise, because a condition on attainment came
        true.
        """
        return self.conditional and self.spans[0].start < self.job.period.start
