"""Credit: which events count for whom, in the plan's currency, before any rate.

One row an event and person: ``event_id, deal_id, payee_id, part`` (revenue or overlay), the day it
happened and the day it counts from (a refund counts where its sale did), ``credit`` (amount or
margin, after split and cap per deal), ``gross`` (the price part, or the cost), ``margin``,
``units`` and ``deals``, and the columns that the plan's conditions name.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import narwhals as nw
import pyarrow as pa

from salesops_nb.commission import expression
from salesops_nb.commission.frames import (
    AMOUNT,
    Tables,
    as_day,
    as_decimal,
    collected,
    number,
    product,
    times,
)
from salesops_nb.commission.plan import Plan
from salesops_nb.commission.rates import credit_rates
from salesops_nb.errors import Problem

_DEC = pa.decimal128(38, 10)


@dataclass
class Facts:
    """Events and shares, read once for all plans."""

    tables: Tables
    events: nw.LazyFrame[Any]
    shares: nw.LazyFrame[Any] | None
    set_aside: list[str]
    has_refunds: bool
    bookings_made: bool
    has_overlay: bool = False
    small: bool = False
    _people: list[str] | None = None

    def payees(self) -> list[str]:
        """Owners, people with a share, managers and people with activities; read once."""
        if self._people is None:
            found: set[str] = set()
            for table, column in (
                ("deals", "owner_id"),
                ("splits", "person_id"),
                ("people", "person_id"),
                ("people", "manager_id"),
                ("activities", "person_id"),
            ):
                if column in self.tables.columns(table):
                    ids = self.tables.frame(table).select(who=nw.col(column).cast(nw.String)).unique()
                    found |= {row["who"] for row in collected(ids) if row["who"]}
            self._people = sorted(found)
        return self._people


def read_events(tables: Tables) -> tuple[nw.LazyFrame[Any], bool]:
    """Events as ``event_id, deal_id, kind, happened_on, amount[, currency]``; bookings from won deals if none are given."""
    made: nw.LazyFrame[Any] | None = None
    if "events" in tables:
        made = tables.need("events", "event_id", "deal_id", "kind", "happened_on")
        names = made.collect_schema().names()
        amount = nw.col("amount").cast(AMOUNT) if "amount" in names else nw.lit(None).cast(AMOUNT)
        columns = [
            nw.col("event_id").cast(nw.String),
            nw.col("deal_id").cast(nw.String),
            nw.col("kind").cast(nw.String),
            nw.col("happened_on").cast(nw.Date),
            amount.alias("amount"),
        ]
        if "currency" in names:
            columns.append(nw.col("currency").cast(nw.String).alias("event_currency"))
        made = made.select(*columns)
        booked = collected(made.filter(nw.col("kind") == "booked").select(nw.len().alias("n")))[0]["n"]
        if booked or "deals" not in tables:
            return made, False
    deals = tables.need("deals", "deal_id", "amount", "closed_on")
    names = deals.collect_schema().names()
    if "outcome" in names:
        deals = deals.filter(nw.col("outcome") == "won")
    bookings = deals.filter(~nw.col("closed_on").is_null() & ~nw.col("amount").is_null()).select(
        nw.concat_str(nw.col("deal_id").cast(nw.String), nw.lit(":booked")).alias("event_id"),
        nw.col("deal_id").cast(nw.String),
        nw.lit("booked").alias("kind"),
        nw.col("closed_on").cast(nw.Date).alias("happened_on"),
        nw.col("amount").cast(AMOUNT),
    )
    if made is None:
        return bookings, True
    if "event_currency" in made.collect_schema().names():
        bookings = bookings.with_columns(event_currency=nw.lit(None).cast(nw.String))
    return nw.concat([bookings, made], how="vertical"), True


def wanted_columns(plan: Plan) -> set[str]:
    """Columns of the credit that the plan's conditions name, without what is worked out later."""
    texts = [plan.file.credit.where]
    for c in plan.components:
        texts.append(c.where)
        texts += [r.where for r in c.rates or ()]
        texts += [r.where for r in (c.multipliers.rows if c.multipliers else ())]
    names: set[str] = set()
    for text in texts:
        names |= expression.columns_of(text)
    return names - {"attainment_pct"}


def credits(plan: Plan, facts: Facts, kind: str, until: date, problems: list[Problem]) -> nw.LazyFrame[Any]:
    """Every credit of the plan's rule before a day, by person, whoever they are (not yet who is on the plan)."""
    frame = _of_kind(facts, kind, until)
    frame = _with_deals(frame, plan, facts)
    frame = _converted(frame, plan, facts, problems)
    frame = _measures(frame, plan, facts)
    frame = _shared(frame, plan, facts)
    frame = _with_person(frame, plan, facts)
    frame = _capped(frame, plan)
    if plan.file.credit.where:
        schema = dict(frame.collect_schema())
        counts = expression.condition(plan.file.credit.where, schema)
        frame = frame.with_columns(counts=counts)
    else:
        frame = frame.with_columns(counts=nw.lit(True))
    return frame


def _of_kind(facts: Facts, kind: str, until: date) -> nw.LazyFrame[Any]:
    """Events that give credit and, with a sign, those that take it back."""
    events = facts.events.filter(nw.col("happened_on") < nw.lit(until))
    if not facts.has_refunds:
        return events.filter(nw.col("kind") == kind).with_columns(
            counted_on=nw.col("happened_on"), negative=nw.lit(False)
        )
    zero = number(0)
    refund = nw.col("kind") == "refunded"
    events = events.filter((nw.col("kind") == kind) | refund)
    down = (
        nw.when(nw.col("amount") > zero)
        .then(zero - nw.col("amount"))
        .otherwise(nw.col("amount"))
        .cast(AMOUNT)
    )
    events = events.with_columns(
        amount=nw.when(refund).then(down).otherwise(nw.col("amount")).cast(AMOUNT),
    ).with_columns(negative=nw.col("amount") < zero)
    first = (
        events.filter(~nw.col("negative"))
        .group_by("deal_id")
        .agg(nw.col("happened_on").min().alias("first_on"))
    )
    events = events.join(first, on="deal_id", how="left")
    # a refund whose sale is not there, or comes later, is set aside by the checks
    events = events.filter(~nw.col("negative") | (nw.col("first_on") <= nw.col("happened_on")))
    counted = nw.when(nw.col("negative")).then(nw.col("first_on")).otherwise(nw.col("happened_on"))
    return events.with_columns(counted_on=counted).drop("first_on")


def _with_deals(frame: nw.LazyFrame[Any], plan: Plan, facts: Facts) -> nw.LazyFrame[Any]:
    tables = facts.tables
    if facts.set_aside:
        frame = frame.filter(~nw.col("deal_id").is_in(facts.set_aside))
    deals = tables.need("deals", "deal_id")
    names = deals.collect_schema().names()
    asked = wanted_columns(plan)
    keep = {"owner_id", "currency", "cost", "quantity", "amount"} | asked
    columns = [nw.col("deal_id").cast(nw.String)]
    for name in names:
        if name in keep and name not in ("deal_id", "event_id", "kind", "happened_on"):
            columns.append(nw.col(name).alias("deal_amount" if name == "amount" else name))
    deals = _product_and_account(deals, tables, asked, columns, names)
    frame = frame.join(deals, on="deal_id", how="left")
    if "owner_id" not in names:
        frame = frame.with_columns(owner_id=nw.lit(None).cast(nw.String))
    return frame.with_columns(nw.col("owner_id").cast(nw.String))


def _product_and_account(
    deals: nw.LazyFrame[Any], tables: Tables, asked: set[str], columns: list[nw.Expr], names: list[str]
) -> nw.LazyFrame[Any]:
    """Deals with what their product and account say: product, product_family, account, segment, industry …"""
    for table, key, prefix, own in (
        ("products", "product_id", "product", "name"),
        ("accounts", "account_id", "account", "name"),
    ):
        if table in tables and key in names and key in tables.columns(table):
            theirs = {}
            for name in tables.columns(table):
                if name == key:
                    continue
                plain = prefix if name == own else name
                theirs[plain if plain not in names else f"{prefix}_{name}"] = name
                theirs[f"{prefix}_{name}"] = name
            used = {new: old for new, old in theirs.items() if new in asked and new not in names}
            if used:
                side = tables.frame(table).select(
                    nw.col(key).cast(nw.String), *[nw.col(old).alias(new) for new, old in used.items()]
                )
                deals = deals.with_columns(nw.col(key).cast(nw.String)).join(side, on=key, how="left")
                columns += [nw.col(new) for new in used]
        elif key in names and prefix in asked and prefix not in names:
            columns.append(nw.col(key).cast(nw.String).alias(prefix))
    return deals.select(*columns)


def _converted(
    frame: nw.LazyFrame[Any], plan: Plan, facts: Facts, problems: list[Problem]
) -> nw.LazyFrame[Any]:
    """Amounts in the plan's currency; rows whose currency has no rate are left out and reported."""
    names = frame.collect_schema().names()
    own = nw.lit(plan.currency)
    if "event_currency" in names and "currency" in names:
        currency = nw.coalesce(nw.col("event_currency"), nw.col("currency").cast(nw.String), own)
    elif "event_currency" in names:
        currency = nw.coalesce(nw.col("event_currency"), own)
    elif "currency" in names:
        currency = nw.coalesce(nw.col("currency").cast(nw.String), own)
    else:
        return frame
    frame = frame.with_columns(credit_currency=currency)
    rates = credit_rates(plan, facts.tables, frame, problems)
    if rates is None:
        return frame
    frame = frame.join(rates, on="credit_currency", how="inner")
    frame = frame.filter(
        (nw.col("counted_on") >= nw.col("rate_from")) & (nw.col("counted_on") < nw.col("rate_to"))
    )
    money = [c for c in ("amount", "cost", "deal_amount") if c in names]
    step = plan.file.rounding.at == "each_step"

    def converted(name: str) -> nw.Expr:
        made = (
            times(nw.col(name).cast(AMOUNT), nw.col("rate_high"))
            + times(times(nw.col(name).cast(AMOUNT), nw.col("rate_low")), Decimal("1e-8"))
        ).cast(AMOUNT)
        from salesops_nb.commission.rounding import rounded

        return rounded(made, plan.places, plan.file.rounding.mode) if step else made

    return frame.with_columns(*[converted(name).alias(name) for name in money])


def _measures(frame: nw.LazyFrame[Any], plan: Plan, facts: Facts) -> nw.LazyFrame[Any]:
    """Amount, cost and units of each event; those of a part of a deal in proportion to its amount."""
    names = frame.collect_schema().names()
    needs_cost = plan.file.credit.base == "margin" or plan.file.credit.margin_of is not None
    needs_units = any(c.measure == "quantity" for c in plan.components)
    zero = number(0)
    one = nw.when(nw.col("negative")).then(number(-1)).otherwise(number(1))
    cost = nw.col("cost").cast(AMOUNT).fill_null(Decimal(0)) if "cost" in names else zero
    units = nw.col("quantity").cast(AMOUNT).fill_null(Decimal(1)) if "quantity" in names else number(1)
    if (needs_cost or needs_units) and not facts.bookings_made and "deal_amount" in names:
        partial = _proportions(frame, facts.tables, "cost" in names, "quantity" in names)
        if partial is not None:
            frame = frame.join(partial, on="event_id", how="left")
            cost = nw.coalesce(nw.col("part_cost"), cost)
            units = nw.coalesce(nw.col("part_units"), units)
    amount = nw.col("amount")
    frame = frame.with_columns(m_cost=cost.cast(AMOUNT), m_units=units.cast(AMOUNT), m_deals=one)
    margin = (amount - nw.col("m_cost")).cast(AMOUNT)
    gross = nw.col("m_cost") if plan.file.credit.margin_of == "cost" else amount
    base = margin if plan.file.credit.base == "margin" else amount
    return frame.with_columns(m_credit=base, m_gross=gross, m_margin=margin)


def _proportions(
    frame: nw.LazyFrame[Any], tables: Tables, has_cost: bool, has_units: bool
) -> nw.LazyFrame[Any] | None:
    """Cost and units of events that are a part of their deal, divided exactly outside the engine."""
    columns = (
        ["event_id", "amount", "deal_amount"]
        + (["cost"] if has_cost else [])
        + (["quantity"] if has_units else [])
    )
    rows = collected(frame.filter(nw.col("amount") != nw.col("deal_amount").cast(AMOUNT)).select(*columns))
    made = []
    for row in rows:
        whole = as_decimal(row["deal_amount"])
        ratio = Fraction(row["amount"]) / Fraction(whole) if whole else Fraction(0)
        made.append(
            {
                "event_id": row["event_id"],
                "part_cost": _times(ratio, row.get("cost"), 0),
                "part_units": _times(ratio, row.get("quantity"), 1),
            }
        )
    return (
        tables.put(made, {"event_id": pa.string(), "part_cost": _DEC, "part_units": _DEC}) if made else None
    )


def _times(ratio: Fraction, value: Any, default: int) -> Decimal:
    exact = as_decimal(value)
    made = ratio * Fraction(exact if exact is not None else default)
    return decimal_of(made)


def decimal_of(value: Fraction, places: int = 10) -> Decimal:
    """A fraction as a decimal of so many places, half up."""
    scaled = value * 10**places
    whole, rest = divmod(abs(scaled.numerator), scaled.denominator)
    whole += 2 * rest >= scaled.denominator
    return Decimal(whole if scaled >= 0 else -whole).scaleb(-places)


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
    shares = facts.shares
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
        held = frame.select("event_id", "deal_id", "counted_on").join(revenue, on="deal_id", how="inner")
        held = _in_force(held, "valid_to" in names).select("event_id", "payee_id", "share", "part", *extra)
        joined = frame.join(held, on="event_id", how="left")
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
    full = plan.file.credit.splits is not None and plan.file.credit.splits.apply_to == "pay"
    return joined.with_columns(
        **{n: nw.col(f"m_{n}") if full else times10(nw.col(f"m_{n}"), nw.col("share")) for n in measures}
    )


def times10(amount: nw.Expr, share: nw.Expr) -> nw.Expr:
    """Amount × a share of ten places between 0 and 10."""
    return (amount.cast(nw.Decimal(24, 8)) * share.cast(nw.Decimal(14, 12))).cast(AMOUNT)


def _in_force(frame: nw.LazyFrame[Any], has_end: bool) -> nw.LazyFrame[Any]:
    start = nw.col("valid_from")  # without a day it has held from the beginning
    begun = start.is_null() | (start.cast(nw.Date) <= nw.col("counted_on"))
    if has_end:
        begun = begun & (
            nw.col("valid_to").is_null() | (nw.col("counted_on") < nw.col("valid_to").cast(nw.Date))
        )
    return frame.filter(begun)


def _with_person(frame: nw.LazyFrame[Any], plan: Plan, facts: Facts) -> nw.LazyFrame[Any]:
    """Columns of the payee that conditions name: role, region, team …, tenure_month (1 in the month of hiring)."""
    asked = wanted_columns(plan)
    names = frame.collect_schema().names()
    have = [c for c in facts.tables.columns("people") if c in asked and c not in names]
    if not have and "tenure_month" not in asked:
        return frame
    rows = []
    for row in facts.tables.rows("people"):
        start, end = (
            as_day(row.get("valid_from")) or date(1900, 1, 1),
            as_day(row.get("valid_to")) or date(2200, 1, 1),
        )
        rows.append(
            {
                "person": str(row["person_id"]),
                "p_from": start,
                "p_to": end,
                "hired": as_day(row.get("hired_on")),
                **{c: None if row[c] is None else str(row[c]) for c in have},
            }
        )
    schema = {"person": pa.string(), "p_from": pa.date32(), "p_to": pa.date32(), "hired": pa.date32()}
    side = facts.tables.put(rows, schema | {c: pa.string() for c in have})
    found = frame.select("event_id", "payee_id", "part", "counted_on").join(
        side, left_on="payee_id", right_on="person", how="inner"
    )
    found = found.filter((nw.col("p_from") <= nw.col("counted_on")) & (nw.col("counted_on") < nw.col("p_to")))
    months = (
        (nw.col("counted_on").dt.year() - nw.col("hired").dt.year()) * 12
        + nw.col("counted_on").dt.month()
        - nw.col("hired").dt.month()
    )
    early = (
        nw.when(nw.col("counted_on").dt.day() < nw.col("hired").dt.day()).then(nw.lit(0)).otherwise(nw.lit(1))
    )
    if "tenure_month" in asked:
        found = found.with_columns(tenure_month=(months + early).cast(nw.Int64))
        have = [*have, "tenure_month"]
    return frame.join(
        found.select("event_id", "payee_id", "part", *have), on=["event_id", "payee_id", "part"], how="left"
    )


def _capped(frame: nw.LazyFrame[Any], plan: Plan) -> nw.LazyFrame[Any]:
    """Credit of a deal up to the plan's cap, after the split; later events of the deal find it used up."""
    cap = plan.file.credit.cap_per_deal
    if cap is None:
        return frame
    order = ["happened_on", "event_id"]
    after = nw.col("credit").cum_sum().over("payee_id", "deal_id", "part", order_by=order).cast(AMOUNT)
    frame = frame.with_columns(deal_after=after).with_columns(
        deal_before=(nw.col("deal_after") - nw.col("credit")).cast(AMOUNT)
    )
    limit = number(cap)

    def most(name: str) -> nw.Expr:
        return nw.when(nw.col(name) > limit).then(limit).otherwise(nw.col(name))

    capped = (most("deal_after") - most("deal_before")).cast(AMOUNT)
    return frame.with_columns(credit=capped).drop("deal_after", "deal_before")


__all__ = ["Facts", "credits", "decimal_of", "product", "read_events", "wanted_columns"]
