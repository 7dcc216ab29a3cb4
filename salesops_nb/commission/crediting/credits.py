"""Credit: which events count for whom, in the plan's currency, before any rate.

One row an event and person: ``event_id, deal_id, payee_id, part`` (revenue or overlay), the day it
happened and the day it counts from (a refund counts where its sale did), ``credit`` (amount or
margin, after split and cap per deal), ``gross`` (the price part, or the cost), ``margin``,
``units`` and ``deals``, and the columns that the plan's conditions name.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import date
from typing import Any, NamedTuple

import narwhals as nw

from salesops_nb.commission.crediting.deal_columns import (
    condition,
    wanted_columns,
    with_deals,
    with_person,
    with_sale,
)
from salesops_nb.commission.crediting.deal_lines import UNEQUAL, any_by_line, unequal
from salesops_nb.commission.crediting.measures import counts_deals, counts_units, measured
from salesops_nb.commission.crediting.refund_limits import BEYOND, ORPHAN, set_aside, within_sales
from salesops_nb.commission.crediting.refund_pieces import by_sale
from salesops_nb.commission.inputs.events import Facts
from salesops_nb.commission.inputs.exchange_rates import converted
from salesops_nb.commission.inputs.rounding import decimal_of
from salesops_nb.commission.inputs.tables import AMOUNT, collected, number, times10, to_share
from salesops_nb.commission.plans.plan import Plan
from salesops_nb.errors import Problem, SalesopsError
from salesops_nb.messages import message

KEYS = ("payee_id", "event_id", "part")  # what names a credit


def credits(plan: Plan, facts: Facts, kind: str, until: date, problems: list[Problem]) -> nw.LazyFrame[Any]:
    """Every credit of the plan's rule before a day, by person, whoever they are (not yet who is on the plan).

    ``counts`` says whether the plan counts it, and ``fault`` why a bad row is set aside. Where the data
    are few, the credits of all days are worked out once and kept with the tables: later events change
    no earlier credit, so that another period takes its part of them.
    """
    if not facts.small:
        return _worked(plan, facts, kind, until, problems)
    known = credits_until(plan, facts, kind, until)
    problems += known.problems
    return known.frame.filter(nw.col("happened_on") < nw.lit(until))


class Credits(NamedTuple):
    """Credits that are kept with the tables, and what was found.

    `key` names all that they hang on; it ends in None where they are those of all days, else in the day
    before which they are.
    """

    frame: nw.LazyFrame[Any]
    problems: tuple[Problem, ...]
    key: tuple[Any, ...]


def credits_until(plan: Plan, facts: Facts, kind: str, until: date) -> Credits:
    """The credits by an event, worked out once for all days.

    Where currencies are converted, or the credits of all days cannot be worked out, for this day alone:
    findings on rates name what is concerned, and a later event spoils no earlier period.
    """
    rule = _rule(plan, kind)
    if facts.currencies <= {plan.currency}:
        with suppress(SalesopsError):
            every = replace(facts, has_refunds=bool(facts.refunds))
            key = "credits", rule, None
            return facts.tables.once(key, lambda: _credited(plan, every, kind, _ALL, key), rows=facts.count)
    fx = plan.file.fx and plan.file.fx.model_dump_json()
    by_day = "credits", rule, plan.label, fx, until
    return facts.tables.once(by_day, lambda: _credited(plan, facts, kind, until, by_day), rows=facts.count)


def _rule(plan: Plan, kind: str) -> tuple[Any, ...]:
    """All of a plan that its credits hang on, in its own currency."""
    return (
        kind,
        plan.file.credit.model_dump_json(),
        plan.file.rounding.model_dump_json(),
        plan.currency,
        tuple(sorted(wanted_columns(plan))),
        counts_units(plan),
        counts_deals(plan),
    )


def _credited(plan: Plan, facts: Facts, kind: str, until: date, key: tuple[Any, ...]) -> Credits:
    problems: list[Problem] = []
    frame = _worked(plan, facts, kind, until, problems)
    asked = wanted_columns(plan) | ({"amount"} if any_by_line(plan, facts.tables) else set())
    spent = [n for n in frame.collect_schema().names() if n in _SPENT and n not in asked]
    return Credits(facts.tables.settled(frame.drop(*spent)), tuple(problems), key)


def _worked(plan: Plan, facts: Facts, kind: str, until: date, problems: list[Problem]) -> nw.LazyFrame[Any]:
    frame = _of_kind(facts, kind, until)
    frame = with_deals(frame, plan, facts)
    if facts.set_aside:
        wrong = nw.when(nw.col("deal_id").is_in(list(facts.set_aside))).then(nw.lit(str(_BAD_SHARES)))
        frame = frame.with_columns(fault=nw.coalesce(nw.col("fault"), wrong))
    if any_by_line(plan, facts.tables) and unequal(facts.tables):
        wrong = nw.when(nw.col("deal_id").is_in(sorted(unequal(facts.tables)))).then(nw.lit(str(UNEQUAL)))
        frame = frame.with_columns(fault=nw.coalesce(nw.col("fault"), wrong))
    if facts.lost is not None:
        frame = frame.join(facts.lost.with_columns(is_lost=nw.lit(True)), on="deal_id", how="left")
        unsold = nw.when(nw.col("is_lost")).then(nw.lit(str(_LOST)))
        frame = frame.with_columns(fault=nw.coalesce(nw.col("fault"), unsold)).drop("is_lost")
    frame, beyond = _in_plan(frame, plan, facts, problems, kind == plan.file.credit.event)
    frame = measured(frame, plan, facts)
    frame = _shared(frame, plan, facts)
    unknown = facts.unknown()
    if unknown:
        lost = nw.when(nw.col("payee_id").is_in(unknown)).then(nw.lit(str(_UNKNOWN)))
        frame = frame.with_columns(fault=nw.coalesce(nw.col("fault"), lost))
    frame = with_person(frame, plan, facts)
    frame = _capped(frame, plan)
    if facts.has_refunds:
        frame = with_sale(frame, plan)
    counts = nw.col("fault").is_null()
    if plan.file.credit.where:
        counts = counts & condition(plan, plan.file.credit.where, frame, facts.tables)
    frame = frame.with_columns(counts=counts)
    return set_aside(frame, _splits_pay(plan)) if beyond else frame


def _in_plan(
    frame: nw.LazyFrame[Any], plan: Plan, facts: Facts, problems: list[Problem], own: bool
) -> tuple[nw.LazyFrame[Any], bool]:
    """Credit in the plan's currency, refunds as the sales that they take back; and whether any went beyond.

    What a refund takes of each sale is worked out in the currency of the deal and converted as that sale was,
    so that a deal wholly refunded leaves nothing. Only where a deal has events in several currencies are
    they made one first.
    """
    tables = facts.tables
    if not facts.has_refunds:
        return converted(frame, plan, tables, problems, own), False
    mixed = [] if facts.currencies <= {plan.currency} else _of_several_currencies(frame, plan)
    several = nw.col("deal_id").is_in(mixed).fill_null(False)
    one, beyond = within_sales(frame.filter(~several) if mixed else frame, tables)
    one = converted(by_sale(one, tables), plan, tables, problems, own)
    if not mixed:
        return one, beyond
    other, more = within_sales(converted(frame.filter(several), plan, tables, problems, own), tables)
    other = by_sale(other, tables)
    one, other = _alike(one, other), _alike(other, one)
    return nw.concat([one, other.select(*one.collect_schema().names())], how="vertical"), beyond or more


def _alike(frame: nw.LazyFrame[Any], to: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """The frame with the columns on refunds that another has and it lacks; decimals of one kind in both."""
    missing = {"sale": nw.lit(None).cast(nw.String), "beyond": number(0)}
    mine, theirs = frame.collect_schema(), to.collect_schema()
    made = {n: e for n, e in missing.items() if n in theirs and n not in mine}
    made |= {
        n: nw.col(n).cast(AMOUNT)
        for n, kind in mine.items()
        if kind.is_decimal() and kind != theirs.get(n, kind)
    }
    return frame.with_columns(**made) if made else frame


def _of_several_currencies(frame: nw.LazyFrame[Any], plan: Plan) -> list[str]:
    names = frame.collect_schema().names()
    given = [nw.col(n).cast(nw.String) for n in ("event_currency", "currency") if n in names]
    met = frame.select("deal_id", money=nw.coalesce(*given, nw.lit(plan.currency))).unique()
    several = met.group_by("deal_id").agg(n=nw.len()).filter(nw.col("n") > 1)
    return sorted(row["deal_id"] for row in collected(several))


_ALL = date(9999, 12, 31)
# columns that make the credit and that nothing after it reads, unless a condition does
_SPENT = {
    "amount", "cost", "quantity", "deal_amount", "currency", "event_currency", "credit_currency",
    "m_cost", "m_units", "m_deals", "m_credit", "m_gross", "m_margin",
}  # fmt: skip
_BAD_SHARES = message("set aside: the shares of the deal are wrong")
_UNKNOWN = message("set aside: the payee is not in people")
_LOST = message("set aside: the deal was lost, and no cancellation or refund explains it")
_EMPTY = message("set aside: the event has no amount")
FAULTS = (BEYOND, ORPHAN, UNEQUAL, _BAD_SHARES, _UNKNOWN, _LOST, _EMPTY)


def _of_kind(facts: Facts, kind: str, until: date) -> nw.LazyFrame[Any]:
    """Events that give credit and, with a sign, those that take it back."""
    events = facts.events.filter(nw.col("happened_on") < nw.lit(until))
    fault: nw.Expr = nw.lit(None).cast(nw.String)
    if not facts.has_refunds:
        events = events.filter(nw.col("kind") == kind).with_columns(
            counted_on=nw.col("happened_on"), negative=nw.lit(False), fault=fault
        )
        return _filled(events) if facts.gaps else events
    zero = number(0)
    refund = nw.col("kind") == "refunded"
    events = events.filter((nw.col("kind") == kind) | refund)
    down = nw.when(nw.col("amount") > zero).then(zero - nw.col("amount")).otherwise(nw.col("amount"))
    events = events.with_columns(
        amount=nw.when(refund).then(down.cast(AMOUNT)).otherwise(nw.col("amount")).cast(AMOUNT),
    ).with_columns(negative=refund | (nw.col("amount") < zero).fill_null(False))
    sales = events.filter(~nw.col("negative"))
    first = sales.group_by("deal_id").agg(nw.col("happened_on").min().alias("first_on"))
    events = events.join(first, on="deal_id", how="left")
    orphan = nw.col("first_on").is_null() | (nw.col("first_on") > nw.col("happened_on"))
    orphan = nw.col("negative") & orphan
    events = events.with_columns(
        counted_on=nw.when(nw.col("negative") & ~orphan)
        .then(nw.col("first_on"))
        .otherwise(nw.col("happened_on")),
        fault=nw.when(orphan).then(nw.lit(str(ORPHAN))).otherwise(fault),
    ).drop("first_on")
    return _filled(events) if facts.gaps else events


def _filled(events: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Events without an amount give none, and say so."""
    empty = nw.when(nw.col("amount").is_null()).then(nw.lit(str(_EMPTY)))
    return events.with_columns(
        fault=nw.coalesce(nw.col("fault"), empty),
        amount=nw.coalesce(nw.col("amount"), number(0)).cast(AMOUNT),
    )


def _shared(frame: nw.LazyFrame[Any], plan: Plan, facts: Facts) -> nw.LazyFrame[Any]:
    """A row for each person with a share; an unsplit deal is its owner's."""
    measures = ["credit", "gross", "margin", "units", "deals"]
    if facts.shares is None:
        return frame.with_columns(
            payee_id=nw.col("owner_id"),
            part=nw.lit("revenue"),
            share=number(1),
            **{name: nw.col(f"m_{name}") for name in measures},
        )
    full = _splits_pay(plan)
    if not full:  # cut once an event, not once a share
        frame = frame.with_columns(**{f"m_{n}": to_share(nw.col(f"m_{n}")) for n in measures})
    shares = facts.shares
    if facts.set_aside:  # such a deal stands once, whole, with its owner
        shares = shares.filter(~nw.col("deal_id").is_in(list(facts.set_aside)))
    names = shares.collect_schema().names()
    extra = [
        n for n in names if n in wanted_columns(plan) and n not in ("deal_id", "payee_id", "share", "part")
    ]
    columns = ["deal_id", "payee_id", "share", "part", *extra]
    dated = "valid_from" in names
    if dated:
        columns += ["valid_from"] + (["valid_to"] if "valid_to" in names else [])
    shares = shares.select(*columns)
    clash = [n for n in extra if n in frame.collect_schema().names()]
    frame = frame.drop(*clash) if clash else frame
    revenue = shares.filter(nw.col("part") == "revenue")
    if dated:
        splits = frame.select("event_id", "deal_id", "counted_on").join(revenue, on="deal_id", how="inner")
        splits = _in_force(splits, "valid_to" in names).select(
            "event_id", "payee_id", "share", "part", *extra
        )
        joined = frame.join(splits, on="event_id", how="left")
    else:
        joined = frame.join(revenue, on="deal_id", how="left")
    frame_names = joined.collect_schema().names()
    joined = joined.with_columns(
        payee_id=nw.coalesce(nw.col("payee_id"), nw.col("owner_id")),
        share=nw.coalesce(nw.col("share"), number(1)),
        part=nw.coalesce(nw.col("part"), nw.lit("revenue")),
    )
    if facts.has_overlay:
        overlay = shares.filter(nw.col("part") == "overlay")
        beside = frame.join(overlay, on="deal_id", how="inner")
        if dated:
            beside = _in_force(beside, "valid_to" in names)
        joined = nw.concat([joined.select(*frame_names), beside.select(*frame_names)], how="vertical")
    return joined.with_columns(
        **{n: nw.col(f"m_{n}") if full else times10(nw.col(f"m_{n}"), nw.col("share")) for n in measures}
    )


def _splits_pay(plan: Plan) -> bool:
    return plan.file.credit.splits is not None and plan.file.credit.splits.apply_to == "pay"


def _in_force(frame: nw.LazyFrame[Any], has_end: bool) -> nw.LazyFrame[Any]:
    start = nw.col("valid_from")  # without a day it has held from the beginning
    begun = start.is_null() | (start.cast(nw.Date) <= nw.col("counted_on"))
    if has_end:
        begun = begun & (
            nw.col("valid_to").is_null() | (nw.col("counted_on") < nw.col("valid_to").cast(nw.Date))
        )
    return frame.filter(begun)


def _capped(frame: nw.LazyFrame[Any], plan: Plan) -> nw.LazyFrame[Any]:
    """Credit of a deal up to the plan's cap, after the split; later events of the deal find it used up."""
    cap = plan.file.credit.cap_per_deal
    if cap is None:
        return frame
    order = ["happened_on", "negative", "event_id"]
    after = nw.col("credit").cum_sum().over("payee_id", "deal_id", "part", order_by=order).cast(AMOUNT)
    frame = frame.with_columns(deal_after=after).with_columns(
        deal_before=(nw.col("deal_after") - nw.col("credit")).cast(AMOUNT)
    )
    limit = number(cap)

    def most(name: str) -> nw.Expr:
        return nw.when(nw.col(name) > limit).then(limit).otherwise(nw.col(name))

    capped = (most("deal_after") - most("deal_before")).cast(AMOUNT)
    return frame.with_columns(credit=capped).drop("deal_after", "deal_before")


__all__ = ["credits", "decimal_of"]
