"""Where each credit stands: the measure, and what bands look at, before and after it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import narwhals as nw

from salesops_nb import expression
from salesops_nb.commission.crediting.deal_columns import condition
from salesops_nb.commission.crediting.deal_lines import by_line, of_lines
from salesops_nb.commission.crediting.team_credit import summed
from salesops_nb.commission.earning.person_terms import Terms, attaining, span_of
from salesops_nb.commission.inputs.tables import AMOUNT, number, times10
from salesops_nb.commission.plans.component_terms import bands_on_quota, by_territory, position_measure
from salesops_nb.errors import SalesopsError, problem

_COLUMN = {"margin": "margin", "count": "deals", "quantity": "units", "activities": "deals"}


def order_of(terms: Terms) -> list[str]:
    """The order of a person's credits: by day, and of one day the sales first."""
    names = ["happened_on", *(["negative"] if terms.job.has_refunds else []), "event_id"]
    return [*names, "part"] if terms.job.has_overlay else names


def measured(terms: Terms) -> nw.LazyFrame[Any]:
    """The credits that the component measures, with ``x`` and their span."""
    c = terms.c
    frame = terms.job.team if c.payee == "manager" else terms.job.credit
    assert frame is not None
    frame = frame.filter(nw.col("counts")) if "counts" in frame.collect_schema().names() else frame
    if "deal_lines" in terms.job.tables and by_line(c, terms.job.tables):
        frame = of_lines(frame, terms.plan, c, terms.job.tables)
    elif c.where:
        frame = frame.filter(condition(terms.plan, c.where, frame, terms.job.tables))
    if c.from_ is not None:
        frame = frame.filter(nw.col("counted_on") >= nw.lit(c.from_))
    if c.to is not None:
        frame = frame.filter(nw.col("counted_on") < nw.lit(c.to + timedelta(days=1)))
    first, last = terms.spans[0].start, terms.spans[-1].end
    frame = frame.filter((nw.col("counted_on") >= nw.lit(first)) & (nw.col("counted_on") < nw.lit(last)))
    if c.payee == "manager":
        frame = summed(frame, terms.plan, terms.job.tables)
    frame = frame.with_columns(x=nw.col(_COLUMN.get(c.measure, "credit")), span=span_of(terms))
    if not any(a.end != b.start for a, b in zip(terms.spans, terms.spans[1:], strict=False)):
        return frame
    return frame.filter(nw.col("span") >= 0)


def with_positions(terms: Terms, frame: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """The measure, and what bands look at, before and after each credit."""
    frame = _keys(terms, frame)
    keys = [
        n
        for n in ("x", "k_gross", "k_margin", "k_deals", "k_col", "k_pos")
        if n in frame.collect_schema().names()
    ]
    if terms.alone:
        return _standing_alone(terms, frame, keys)
    if beside_attained(terms):
        frame = _beside_attained(terms, frame)
    elif by_territory(terms.c):
        frame = _in_territory(terms, frame, keys)
    else:
        frame = _on_own_total(terms, frame, keys)
    return _refunds_where_sold(terms, frame, keys)


def _on_own_total(terms: Terms, frame: nw.LazyFrame[Any], keys: Sequence[str]) -> nw.LazyFrame[Any]:
    """Each credit on what the person has by then."""
    over = ["payee_id", "span"] if len(terms.spans) > 1 else ["payee_id"]
    frame = frame.with_columns(
        **{f"{n}_after": nw.col(n).cum_sum().over(*over, order_by=order_of(terms)).cast(AMOUNT) for n in keys}
    )
    frame = _with_opening(terms, frame)
    return frame.with_columns(
        **{f"{n}_before": (nw.col(f"{n}_after") - nw.col(n)).cast(AMOUNT) for n in keys}
    )


def undoes(terms: Terms) -> bool:
    """Whether a refund takes its sale back where that stood, and not from the top of a running total.

    So it does where credit on one total is paid differently: to several people of a territory, by
    multipliers of the deal or by shares of pay, or on top of what others attained. Taken from the top it
    would give back what another credit was paid.
    """
    if terms.alone or not terms.job.has_refunds or terms.c.measure == "activities":
        return False
    rows = terms.c.multipliers.rows if terms.c.multipliers is not None else ()
    of_deal = any(row.where and expression.columns_of(row.where) - {"attainment_pct"} for row in rows)
    return of_deal or by_territory(terms.c) or beside_attained(terms) or pay_is_split(terms)


def of_sale(frame: nw.LazyFrame[Any]) -> list[str]:
    """What a person's sale and the refunds that take it back have in common."""
    names = frame.collect_schema().names()
    return [n for n in ("payee_id", "deal_id", "part", "sale") if n in names]


def at_sale(frame: nw.LazyFrame[Any], column: str) -> nw.Expr:
    """A column of the sale, for the sale itself and for what takes it back."""
    own = nw.when(~nw.col("negative")).then(nw.col(column)).max().over(*of_sale(frame))
    return nw.when(nw.col("negative")).then(own).otherwise(nw.col(column)).cast(AMOUNT)


def _refunds_where_sold(terms: Terms, frame: nw.LazyFrame[Any], keys: Sequence[str]) -> nw.LazyFrame[Any]:
    """Each refund from the top of what is left of its sale, on the place where that sale stood."""
    if not undoes(terms):
        return frame
    sold, stands, before = {}, {}, {}
    names = frame.collect_schema().names()
    for n in (n for n in keys if f"{n}_before" in names):
        left = _size(frame, n).cum_sum().over(*of_sale(frame), order_by=order_of(terms))
        sold[f"{n}_sold"] = at_sale(frame, f"{n}_before")
        back = (nw.col(f"{n}_sold") + nw.col(f"{n}_left")).cast(AMOUNT)
        sold[f"{n}_left"] = left.cast(AMOUNT)
        stands[f"{n}_after"] = nw.when(nw.col("negative")).then(back).otherwise(nw.col(f"{n}_after"))
        before[f"{n}_before"] = (nw.col(f"{n}_after") - _size(frame, n)).cast(AMOUNT)
    frame = frame.with_columns(**sold).with_columns(**stands).with_columns(**before)
    return frame.drop(*sold)


def _with_opening(terms: Terms, frame: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    if "opened" in terms.varying or terms.constants.get("opened"):
        return frame.with_columns(x_after=(nw.col("x_after") + terms.value("opened")).cast(AMOUNT))
    return frame


def _in_territory(terms: Terms, frame: nw.LazyFrame[Any], keys: Sequence[str]) -> nw.LazyFrame[Any]:
    """Each credit on what the territory has by then, whoever sold it; without one, on the person's own.

    Everybody of a shared deal stands where the deal does, and has their share of what it pays. Overlay stands
    on the territory's total and does not move it.
    """
    if "territory" not in frame.collect_schema().names():
        raise SalesopsError(
            problem(
                "no-territory", table="deals", column="territory", value=terms.c.id, plan=terms.plan.label
            )
        )
    whose = nw.coalesce(
        nw.concat_str(nw.lit("t "), nw.col("territory").cast(nw.String)),
        nw.concat_str(nw.lit("p "), nw.col("payee_id")),
    )
    frame = frame.with_columns(whose=whose)
    order, over = [*order_of(terms), "payee_id"], ["whose", "span"]
    split = pay_is_split(terms)  # each person has all of a shared deal
    revenue = nw.col("part") != "overlay"
    made: dict[str, nw.Expr] = {}
    for n in keys:
        mine = times10(nw.col(n), nw.col("share")) if split else nw.col(n)
        frame = frame.with_columns(
            **{f"m_{n}": nw.when(revenue).then(mine).otherwise(number(0)).cast(AMOUNT)}
        )
        moved = nw.col(f"m_{n}")
        own = moved.cum_sum().over(*over, "event_id", order_by=order)
        made[f"{n}_before"] = (moved.cum_sum().over(*over, order_by=order) - own).cast(AMOUNT)
        if not split:
            of_deal = moved.sum().over(*over, "event_id")
            made[f"{n}_deal"] = nw.when(revenue).then(of_deal).otherwise(nw.col(n)).cast(AMOUNT)
    if not split:
        made["part_of_deal"] = _part_of_deal(revenue, [*over, "event_id"])
    frame = frame.with_columns(**made).drop(*(f"m_{n}" for n in keys), "whose")
    after = {f"{n}_after": (nw.col(f"{n}_before") + _size(frame, n)).cast(AMOUNT) for n in keys}
    frame = _with_opening(terms, frame.with_columns(**after))
    return frame.with_columns(
        **{f"{n}_before": (nw.col(f"{n}_after") - _size(frame, n)).cast(AMOUNT) for n in keys}
    )


def _part_of_deal(revenue: nw.Expr, deal: list[str]) -> nw.Expr:
    """Somebody's share of what their deal pays in its territory, where all shares make one whole."""
    mine = nw.when(revenue).then(nw.col("share")).otherwise(number(0)).cast(AMOUNT)
    whole = mine.sum().over(*deal).cast(AMOUNT)
    divided = (mine.cast(nw.Float64) / whole.cast(nw.Float64)).cast(AMOUNT)
    apart = nw.when(whole == number(1)).then(mine).otherwise(divided)
    return nw.when(revenue & (whole != number(0))).then(apart).otherwise(number(1)).cast(AMOUNT)


def _size(frame: nw.LazyFrame[Any], column: str) -> nw.Expr:
    """How far a credit moves the place that it is paid by: in a territory its deal's parts do it together."""
    deal = f"{column}_deal"
    return nw.col(deal if deal in frame.collect_schema().names() else column)


def _keys(terms: Terms, frame: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    table = terms.c.table
    if table is None:
        return frame
    units = {table.unit} | ({table.columns.unit} if table.columns else set())
    made: dict[str, nw.Expr] = {}
    if "margin_pct" in units:
        made |= {"k_gross": nw.col("gross"), "k_margin": nw.col("margin")}
    if "count" in units and terms.c.measure not in ("count", "quantity"):
        made["k_deals"] = nw.col("deals")
    other = position_measure(terms.c)
    if other is not None:
        made["k_pos"] = nw.col(_COLUMN.get(other, "credit"))
    if table.columns is not None and table.columns.unit in ("amount", "pct_of_quota"):
        made["k_col"] = nw.col("credit")
    return frame.with_columns(**made) if made else frame


def _standing_alone(terms: Terms, frame: nw.LazyFrame[Any], keys: Sequence[str]) -> nw.LazyFrame[Any]:
    """Each credit from zero; a refund takes its deal back from where it stood."""
    zero = number(0)
    if not walks_back(terms):
        return frame.with_columns(
            **{f"{n}_after": nw.col(n) for n in keys}, **{f"{n}_before": zero for n in keys}
        )
    back, made, late = nw.col("negative"), {}, {}
    columns = frame.collect_schema().names()
    over = [n for n in ("payee_id", "deal_id", "part", "sale") if n in columns]
    rated = ["deals", *(n for n in columns if n.startswith("rated_"))] if terms.c.rates is not None else []
    for n in [*keys, *rated]:
        run = nw.col(n).cum_sum().over(*over, order_by=order_of(terms)).cast(AMOUNT)
        made[f"{n}_after"] = nw.when(back).then(run).otherwise(nw.col(n)).cast(AMOUNT)
        stood = (nw.col(f"{n}_after") - nw.col(n)).cast(AMOUNT)
        late[f"{n}_before"] = nw.when(back).then(stood).otherwise(zero).cast(AMOUNT)
    return frame.with_columns(**made).with_columns(**late)


def walks_back(terms: Terms) -> bool:
    """Whether a refund takes a credit that stands alone back from where it stood."""
    return terms.alone and terms.job.has_refunds and terms.c.measure != "activities"


def _beside_attained(terms: Terms, frame: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Each credit on top of what others attained by its day, by the event that the quota counts."""
    assert terms.job.attained is not None
    reached = attaining(terms).filter(nw.col("counts"))
    if terms.c.payee == "manager":
        reached = summed(reached, terms.plan, terms.job.tables)
    reached = reached.filter(
        (nw.col("counted_on") >= nw.lit(terms.spans[0].start))
        & (nw.col("counted_on") < nw.lit(terms.spans[-1].end))
    )
    reached = reached.with_columns(span=span_of(terms))
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
    if "opened" in terms.varying or terms.constants.get("opened"):
        frame = frame.with_columns(x_before=(nw.col("x_before") + terms.value("opened")).cast(AMOUNT))
    return frame.with_columns(x_after=(nw.col("x_before") + nw.col("x")).cast(AMOUNT))


def pay_is_split(terms: Terms) -> bool:
    """Whether the pay of a deal is divided, and not its credit."""
    splits = terms.plan.file.credit.splits
    return (
        splits is not None
        and splits.apply_to == "pay"
        and terms.c.payee == "owner"
        and terms.c.measure != "activities"
    )


def deal_is_divided(terms: Terms) -> bool:
    """Whether what a deal pays is divided among its people, so that its parts add up to it."""
    return pay_is_split(terms) or by_territory(terms.c)


def share_of_pay(terms: Terms) -> nw.Expr:
    """The share of a deal's pay that a credit has, where it is divided."""
    return nw.col("share" if pay_is_split(terms) else "part_of_deal")


def beside_attained(terms: Terms) -> bool:
    """Whether credits are priced from what others attained: lines no longer telescope, and each is rounded
    on the running pay.
    """
    quota = terms.plan.file.quota
    return (
        not terms.alone
        and quota is not None
        and quota.attained_by != terms.plan.file.credit.event
        and bands_on_quota(terms.c)
        and terms.job.attained is not None
        and terms.c.position is None
    )
