"""Where each credit stands: the measure, and what bands look at, before and after it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import narwhals as nw

from salesops_nb.commission.columns import condition
from salesops_nb.commission.component_terms import bands_on_quota
from salesops_nb.commission.frames import AMOUNT, number
from salesops_nb.commission.hierarchy import summed
from salesops_nb.commission.numbers import Numbers


class Positions(Numbers):
    """Adds ``x`` and the running totals around it."""

    def _order(self) -> list[str]:
        """The order of a person's credits: by day, and of one day the sales first."""
        names = ["happened_on", *(["negative"] if self.job.has_refunds else []), "event_id"]
        return [*names, "part"] if self.job.has_overlay else names

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
            and bands_on_quota(self.c)
            and self.job.attained is not None
        ):
            return self._beside_attained(frame)
        over = ["payee_id", "span"] if len(self.spans) > 1 else ["payee_id"]
        frame = frame.with_columns(
            **{
                f"{n}_after": nw.col(n).cum_sum().over(*over, order_by=self._order()).cast(AMOUNT)
                for n in keys
            }
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
        if not self._walks_back():
            return frame.with_columns(
                **{f"{n}_after": nw.col(n) for n in keys}, **{f"{n}_before": zero for n in keys}
            )
        back, made, late = nw.col("negative"), {}, {}
        columns = frame.collect_schema().names()
        over = [n for n in ("payee_id", "deal_id", "part", "sale") if n in columns]
        for n in [*keys, *(["deals"] if self.c.rates is not None else [])]:
            run = nw.col(n).cum_sum().over(*over, order_by=self._order()).cast(AMOUNT)
            made[f"{n}_after"] = nw.when(back).then(run).otherwise(nw.col(n)).cast(AMOUNT)
            stood = (nw.col(f"{n}_after") - nw.col(n)).cast(AMOUNT)
            late[f"{n}_before"] = nw.when(back).then(stood).otherwise(zero).cast(AMOUNT)
        return frame.with_columns(**made).with_columns(**late)

    def _walks_back(self) -> bool:
        """Whether a refund takes a credit that stands alone back from where it stood."""
        return self.alone and self.job.has_refunds and self.c.measure != "activities"

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
        columns = ["payee_id", "span", "deal_id", "event_id", "part", "happened_on", "negative"]
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
        order = ["happened_on", "negative", "late", "event_id", "part"]
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
