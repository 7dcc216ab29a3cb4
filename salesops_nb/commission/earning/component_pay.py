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

from salesops_nb.commission.earning.person_terms import Terms, with_numbers
from salesops_nb.commission.earning.plan_at_work import Job
from salesops_nb.commission.earning.prices import where_holds, with_functions
from salesops_nb.commission.earning.running_totals import (
    at_sale,
    beside_attained,
    deal_is_divided,
    measured,
    of_sale,
    order_of,
    share_of_pay,
    undoes,
    walks_back,
    with_positions,
)
from salesops_nb.commission.inputs.quotas import Span
from salesops_nb.commission.inputs.rounding import rounded
from salesops_nb.commission.inputs.tables import AMOUNT, number, times, times10
from salesops_nb.commission.plans.component_terms import (
    by_territory,
    conditions_of,
    gate_of,
    gate_on_attainment,
)
from salesops_nb.commission.plans.schema_component import Component
from salesops_nb.commission.plans.schema_rates import Limits

_NEARLY = nw.Decimal(38, 9)


def earned(job: Job, c: Component, spans: list[Span]) -> nw.LazyFrame[Any]:
    """Every credit of the spans with what the component earns on it: before, after, factor, raw, amount."""
    terms = Terms(job, c, spans)
    terms, frame = with_numbers(terms, measured(terms))
    frame = with_positions(terms, frame)
    frame = with_functions(terms, frame)
    frame = _factors(terms, frame, "now")
    frame = _amounts(terms, frame, "now")
    if _catches_up(terms):
        frame = _factors(terms, frame, "prev")
        frame = _amounts(terms, frame, "prev")
    else:
        frame = frame.with_columns(amount_prev=number(0))
    return _refused(terms, frame)


def _refused(terms: Terms, frame: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Nothing is paid where the component hangs on a quota that is zero and the plan refuses that."""
    if "refused" not in terms.varying and not terms.constants.get("refused"):
        return frame
    names = frame.collect_schema().names()
    no = terms.value("refused") == number(1)
    paid = [n for n in ("raw", "free", "amount_now", "amount_prev") if n in names]
    nothing = [nw.when(no).then(number(0)).otherwise(nw.col(n)).cast(AMOUNT).alias(n) for n in paid]
    return frame.with_columns(*nothing, no_quota=no)


def _factors(terms: Terms, frame: nw.LazyFrame[Any], when: str) -> nw.LazyFrame[Any]:
    one = number(1)
    made = one
    if terms.c.multipliers is not None:
        named = terms.conditional and "attainment_pct" in conditions_of(terms.c)
        if named:
            frame = frame.with_columns(attainment_pct=terms.value(f"attainment_{when}"))
        made = _combined(terms, [(where_holds(terms, m.where, frame), m.x) for m in terms.c.multipliers.rows])
    then, _ = gate_of(terms.c)
    if then == "first_dollar" and terms.conditional and not (terms.alone and not gate_on_attainment(terms.c)):
        opened = terms.value(f"open_{when}")
        made = (
            nw.when(opened == one).then(made).otherwise(number(0))
            if terms.c.multipliers is not None
            else opened
        )
    return frame.with_columns(**{f"factor_{when}": made.cast(AMOUNT)})


def _combined(terms: Terms, rows: list[tuple[nw.Expr, Decimal]]) -> nw.Expr:
    assert terms.c.multipliers is not None
    how, one = terms.c.multipliers.combine, number(1)
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


def _amounts(terms: Terms, frame: nw.LazyFrame[Any], when: str) -> nw.LazyFrame[Any]:
    c = terms.c
    plain = c.multipliers is None and not terms.conditional
    factor = nw.col(f"factor_{when}")

    def scaled(amount: nw.Expr) -> nw.Expr:
        return amount if plain else times(amount, factor)

    by_pay, shared = deal_is_divided(terms), _parts_sum(terms)
    deal = next((limit for limit in c.limit_list if limit.per == "deal"), None)
    whole = next((limit for limit in c.limit_list if limit.per == "period"), None)

    def paid(side: str, base: str | None = None) -> nw.Expr:
        above = nw.col(f"f_{side}")
        above = scaled(above if base is None else (above - nw.col(base)).cast(AMOUNT))
        return (times10(above, share_of_pay(terms)) if by_pay else above).cast(AMOUNT)

    back = undoes(terms)
    if back:  # both sides from where the sale stood, so that its refunds add up to it
        frame = frame.with_columns(f_sold=at_sale(frame, "f_before"))
        frame = frame.with_columns(s_after=paid("after", "f_sold"), s_before=paid("before", "f_sold"))
        frame = frame.with_columns(raw=(nw.col("s_after") - nw.col("s_before")).cast(AMOUNT)).drop("f_sold")
    else:
        frame = frame.with_columns(raw=paid("after", "f_before"))
        if _two_sided(terms):
            frame = frame.with_columns(s_after=paid("after"), s_before=paid("before"))
    if deal is not None:
        frame = _per_deal(terms, frame, deal)
    places, mode = terms.plan.places, terms.plan.file.rounding.mode
    if shared:
        frame = _last_part(terms, frame, places, mode)
    elif terms.alone:
        frame = frame.with_columns(amount=_rounded(terms, places, mode))
    else:
        telescopes = c.multipliers is None and deal is None and not beside_attained(terms) and c.rates is None
        telescopes = telescopes and not by_territory(c)  # its total is of several people, their pay their own
        if telescopes:
            frame = frame.with_columns(p_after=scaled(nw.col("f_after")), p_before=scaled(nw.col("f_before")))
        else:
            frame = _running_pay(terms, frame, "raw")
        if back and (whole is None or whole.cap is None):
            frame = _paid_where_sold(terms, frame)
        frame = _capped(terms, frame, whole)
        made = rounded(nw.col("p_after"), places, mode) - rounded(nw.col("p_before"), places, mode)
        return frame.with_columns(**{f"amount_{when}": made.cast(AMOUNT)})
    if whole is not None:
        frame = _running_pay(terms, frame.with_columns(free=nw.col("amount")), "amount")
        frame = _capped(terms, frame, whole)
        frame = frame.with_columns(amount=(nw.col("p_after") - nw.col("p_before")).cast(AMOUNT))
    return frame.with_columns(**{f"amount_{when}": nw.col("amount")})


def _two_sided(terms: Terms) -> bool:
    """Whether a line is the difference of what its deal paid before and after it, each rounded."""
    by_deal = any(limit.per == "deal" for limit in terms.c.limit_list)
    return walks_back(terms) or undoes(terms) or (terms.alone and by_deal)


def _rounded(terms: Terms, places: int, mode: str) -> nw.Expr:
    """Pay of a credit that stands alone; of a refund, the difference of what stood, each side rounded."""
    if not _two_sided(terms):
        return rounded(nw.col("raw"), places, mode)
    after, before = (rounded(nw.col(f"s_{side}"), places, mode) for side in ("after", "before"))
    return (after - before).cast(AMOUNT)


def _running_pay(terms: Terms, frame: nw.LazyFrame[Any], column: str) -> nw.LazyFrame[Any]:
    over = ["payee_id", "span"] if len(terms.spans) > 1 else ["payee_id"]
    after = nw.col(column).cum_sum().over(*over, order_by=order_of(terms)).cast(AMOUNT)
    frame = frame.with_columns(p_after=after)
    return frame.with_columns(p_before=(nw.col("p_after") - nw.col(column)).cast(AMOUNT))


def _paid_where_sold(terms: Terms, frame: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Each refund from the top of what is left of its sale's pay, on the running pay where that stood.

    So all of it comes back to the cent, and never more. Under a cap of a period it stays on top: what comes
    back is first what went over the cap.
    """
    left = nw.col("raw").cum_sum().over(*of_sale(frame), order_by=order_of(terms))
    frame = frame.with_columns(sold=at_sale(frame, "p_before"), left=left.cast(AMOUNT))
    back = (nw.col("sold") + nw.col("left")).cast(AMOUNT)
    after = nw.when(nw.col("negative")).then(back).otherwise(nw.col("p_after")).cast(AMOUNT)
    frame = frame.with_columns(p_after=after).drop("sold", "left")
    return frame.with_columns(p_before=(nw.col("p_after") - nw.col("raw")).cast(AMOUNT))


def _capped(terms: Terms, frame: nw.LazyFrame[Any], limit: Limits | None) -> nw.LazyFrame[Any]:
    if limit is None or limit.cap is None:
        return frame
    cap = number(limit.cap)

    def most(name: str) -> nw.Expr:
        return nw.when(nw.col(name) > cap).then(cap).otherwise(nw.col(name)).cast(AMOUNT)

    return frame.with_columns(
        over_cap=nw.col("p_after") > cap, u_after=nw.col("p_after"),
        p_after=most("p_after"), p_before=most("p_before"),
    )  # fmt: skip


def _per_deal(terms: Terms, frame: nw.LazyFrame[Any], limit: Limits) -> nw.LazyFrame[Any]:
    """Floor and cap of what one deal pays, over all its events."""
    over = ["payee_id", "deal_id", "span"]
    frame = frame.with_columns(
        d_after=nw.col("raw").cum_sum().over(*over, order_by=order_of(terms)).cast(AMOUNT)
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
    if _two_sided(terms):  # a sale stands on what the deal paid before it, a refund likewise
        made |= {"s_after": held("d_after"), "s_before": held("d_before")}
    return frame.with_columns(**made).drop("d_after", "d_before")


def _parts_sum(terms: Terms) -> bool:
    """Whether the parts of a deal add up to the cent: where each credit, or the pay, of a deal is divided.

    A running total, and what one deal pays at most, are right to the cent for each person.
    """
    if any(limit.per == "deal" for limit in terms.c.limit_list):  # of each person: no cent goes over it
        return False
    own = terms.c.payee == "owner" and terms.c.measure != "activities"
    return deal_is_divided(terms) or (terms.alone and own and "splits" in terms.job.tables)


def _last_part(terms: Terms, frame: nw.LazyFrame[Any], places: int, mode: str) -> nw.LazyFrame[Any]:
    """Each part of a deal rounded, the last that pays anything with what is left of the rounded whole.

    Of a refund both sides are divided so: what stood before it, and after it.
    """
    sides = ["s_after", "s_before"] if _two_sided(terms) else ["raw"]
    whose = ["event_id", "part"]
    names = [n for n in frame.collect_schema().names() if n != "amount"]
    if "refused" in terms.varying:
        no = terms.value("refused") == number(1)
        frame = frame.with_columns(
            *[nw.when(no).then(number(0)).otherwise(nw.col(n)).alias(n) for n in sides]
        )
    made: dict[str, nw.Expr] = {}
    for n in sides:
        pays = nw.when(nw.col(n) != number(0)).then(nw.col("payee_id"))
        frame = frame.with_columns(
            **{
                f"{n}_paid": rounded(nw.col(n), places, mode),
                # nine places: parts of a rate are cut at ten, and a half cent must stay one
                f"{n}_whole": nw.col(n).sum().over(*whose).cast(_NEARLY).cast(AMOUNT),
                f"{n}_last": pays.max().over(*whose),
            }
        )
        paid = nw.col(f"{n}_paid")
        rest = rounded(nw.col(f"{n}_whole"), places, mode) - paid.sum().over(*whose)
        is_last = (nw.col("payee_id") == nw.col(f"{n}_last")) & (nw.col("part") == "revenue")
        made[n] = nw.when(is_last).then((paid + rest).cast(AMOUNT)).otherwise(paid).cast(AMOUNT)
    after = made[sides[0]]
    amount = (after - made["s_before"]).cast(AMOUNT) if len(sides) > 1 else after
    return frame.with_columns(amount=amount).select(*names, "amount")


def _catches_up(terms: Terms) -> bool:
    """Whether earlier credits of a span now pay otherwise, because a condition on attainment came
    true.
    """
    return terms.conditional and terms.spans[0].start < terms.job.period.start
