"""Bad rows: each finding names the row, what was received and what to do."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any

import narwhals as nw

from salesops_nb.commission.checks.people_rows import (
    early_history,
    overlapping_people,
    paid_after_leaving,
    zero_quotas,
)
from salesops_nb.commission.crediting.deal_lines import unequal_lines
from salesops_nb.commission.inputs.events import KINDS, Facts, owners, place_of, without_booking, won_deals
from salesops_nb.commission.inputs.plan_assignments import Stay
from salesops_nb.commission.inputs.tables import as_day, as_decimal, collected, number
from salesops_nb.commission.plans.plan import Plan
from salesops_nb.core.periods import Period
from salesops_nb.errors import Problem, problem
from salesops_nb.messages import Figure, Message, message


def rows(
    facts: Facts,
    period: Period,
    stays: Mapping[Plan, dict[str, list[Stay]] | None],
    problems: list[Problem],
) -> None:
    """Findings in the rows of the period; what they concern is set aside."""
    chosen = list(stays)
    problems += _not_whole(facts, period)
    problems += _no_owner(facts, period, chosen)
    problems += unequal_lines(facts, period, chosen)
    problems += _unknown_payees(facts, period)
    problems += _unknown_deals(facts, period)
    if facts.has_refunds:
        problems += _orphans(facts, period, chosen)
    problems += _outside(facts, period, chosen)
    problems += zero_quotas(facts.tables, stays, period)
    problems += overlapping_people(facts.tables)
    problems += early_history(facts, period)
    problems += paid_after_leaving(facts, stays, period)


def _once_worked_out(facts: Facts, what: str, rows: Callable[[], nw.LazyFrame[Any]]) -> nw.LazyFrame[Any]:
    """Bad rows of all days, which are few and looked up once."""
    return facts.tables.once(("bad rows", what), lambda: facts.tables.settled(rows()))


def _within(facts: Facts, period: Period) -> nw.LazyFrame[Any]:
    return facts.events.filter(
        (nw.col("happened_on") >= nw.lit(period.start)) & (nw.col("happened_on") < nw.lit(period.end))
    )


def _no_owner(facts: Facts, period: Period, chosen: Iterable[Plan]) -> list[Problem]:
    """Deals without a payee: neither owner nor share."""
    kinds = sorted({plan.file.credit.event for plan in chosen})
    empty = nw.col("owner_id").is_null() | (nw.col("owner_id") == "")
    owned = _once_worked_out(facts, "no owner", lambda: owners(facts).filter(empty))
    events = _within(facts, period).filter(nw.col("kind").is_in(kinds)).join(owned, on="deal_id", how="inner")
    if facts.shares is not None:
        shared = facts.shares.filter(nw.col("part") == "revenue").select("deal_id")
        events = events.join(shared, on="deal_id", how="anti")
    found = collected(events.group_by("deal_id").agg(nw.col("amount").sum()).sort("deal_id"))
    return [
        problem(
            "no-payee",
            table="deals",
            row=facts.tables.row_of("deals", "deal_id", row["deal_id"]),
            column="owner_id",
            value=row["deal_id"],
            amount=row["amount"],
            credit=_money(row["amount"]),
        )
        for row in found
    ]


def _unknown_payees(facts: Facts, period: Period) -> list[Problem]:
    unknown = facts.unknown()
    if not unknown:
        return []
    found: list[Problem] = []
    inside = _within(facts, period)
    owned = inside.join(owners(facts), on="deal_id", how="inner")
    sets = [("deals", "owner_id", owned.select("deal_id", payee_id=nw.col("owner_id")))]
    if facts.shares is not None:
        shared = facts.shares.join(inside.select("deal_id").unique(), on="deal_id", how="inner")
        sets.append(("splits", "person_id", shared.select("deal_id", "payee_id")))
    for table, column, frame in sets:
        lost = frame.filter(nw.col("payee_id").is_in(unknown))
        for row in collected(
            lost.group_by("payee_id").agg(nw.col("deal_id").min(), nw.len().alias("n")).sort("payee_id")
        ):
            found.append(
                problem(
                    "unknown-payee",
                    table=table,
                    row=facts.tables.row_of(table, column, row["payee_id"]),
                    column=column,
                    value=row["payee_id"],
                    n=row["n"],
                    deal=row["deal_id"],
                )
            )
    return found


def _unknown_deals(facts: Facts, period: Period) -> list[Problem]:
    if facts.bookings_made:
        return []
    lost = _once_worked_out(
        facts, "unknown deal", lambda: facts.events.join(owners(facts), on="deal_id", how="anti")
    )
    lost = lost.filter(_in(nw.col("happened_on"), period))
    return [
        problem(
            "unknown-deal",
            table="events",
            row=facts.tables.row_of("events", "event_id", row["event_id"]),
            column="deal_id",
            value=row["event_id"],
            amount=row["amount"],
            deal=row["deal_id"],
            credit=_money(row["amount"]),
        )
        for row in collected(lost.select("event_id", "deal_id", "amount").sort("event_id"))
    ]


def _orphans(facts: Facts, period: Period, chosen: list[Plan]) -> list[Problem]:
    """Refunds and negative amounts whose deal has no sale before them that a plan credits."""
    zero = number(0)
    down = (nw.col("kind") == "refunded") | (nw.col("amount") < zero)
    credited = sorted({plan.file.credit.event for plan in chosen})
    sales = facts.events.filter(~down & nw.col("kind").is_in(["booked", "invoiced", "collected"]))
    own = nw.when(nw.col("kind").is_in(credited)).then(nw.col("happened_on"))
    first = sales.group_by("deal_id").agg(first_on=nw.col("happened_on").min(), credited_on=own.min())
    back = facts.events.filter(down & (nw.col("kind") != "cancelled"))
    late = nw.col("credited_on").is_null() | (nw.col("credited_on") > nw.col("happened_on"))
    lost = _once_worked_out(
        facts, f"orphan {credited}", lambda: back.join(first, on="deal_id", how="left").filter(late)
    )
    lost = lost.filter(_in(nw.col("happened_on"), period))
    columns = ("event_id", "deal_id", "amount", "happened_on", "first_on")
    return [
        _orphan(facts, row, " or ".join(credited))
        for row in collected(lost.select(*columns).sort("event_id"))
    ]


def _orphan(facts: Facts, row: dict[str, Any], credited: str) -> Problem:
    no_sale = row["first_on"] is None or row["first_on"] > row["happened_on"]
    values: dict[str, Any] = {} if no_sale else {"credited": credited}
    return problem(
        "negative-without-original" if no_sale else "refund-before-credit",
        **place_of(facts, row["event_id"], "amount"),
        amount=row["amount"],
        event=row["event_id"],
        back=_money(abs(row["amount"] or 0)),
        deal=row["deal_id"],
        day=row["happened_on"],
        **values,
    )


def _outside(facts: Facts, period: Period, chosen: list[Plan]) -> list[Problem]:
    """Events of the period on days when no plan is in force."""
    kinds = sorted({plan.file.credit.event for plan in chosen})
    frame = _within(facts, period).filter(nw.col("kind").is_in(kinds))
    for plan in chosen:
        frame = frame.filter(
            (nw.col("happened_on") < nw.lit(plan.start)) | (nw.col("happened_on") >= nw.lit(plan.end))
        )
    first = min(plan.start for plan in chosen)
    return [
        problem(
            "outside-plan.before-start" if row["happened_on"] < first else "outside-plan.no-plan",
            **place_of(facts, row["event_id"], "happened_on"),
            amount=row["amount"],
            event=row["event_id"],
            day=row["happened_on"],
            credit=_money(row["amount"]),
        )
        for row in collected(frame.select("event_id", "happened_on", "amount").sort("event_id"))
    ]


def _money(amount: Any) -> Figure | Message:
    return Figure(Decimal(amount), 2) if amount is not None else message("no amount")


def _not_whole(facts: Facts, period: Period) -> list[Problem]:
    """Won deals without a day or an amount, and events without a day, an amount or a kind that is known."""
    found = []
    if {"closed_on", "amount"} <= set(facts.tables.columns("deals")):
        day, amount = nw.col("closed_on").cast(nw.Date), nw.col("amount")
        won = _once_worked_out(
            facts, "incomplete", lambda: _incomplete(facts, day.is_null() | amount.is_null())
        )
        won = won.filter(day.is_null() | _in(day, period))
        for row in collected(won.select("deal_id", "closed_on", "amount").sort("deal_id")):
            column = "closed_on" if as_day(row["closed_on"]) is None else "amount"
            found.append(
                problem(
                    "incomplete-deal",
                    table="deals",
                    row=facts.tables.row_of("deals", "deal_id", row["deal_id"]),
                    column=column,
                    value=str(row["deal_id"]),
                    amount=as_decimal(row["amount"]),
                )
            )
    kind, day = nw.col("kind"), nw.col("happened_on")
    strange = kind.is_null() | ~kind.is_in(list(KINDS))
    empty = nw.col("amount").is_null() & (kind != "cancelled")
    odd = _once_worked_out(facts, "odd", lambda: facts.events.filter(day.is_null() | strange | empty))
    odd = odd.filter(day.is_null() | _in(day, period))
    for row in collected(odd.select("event_id", "kind", "happened_on", "amount").sort("event_id")):
        known = row["kind"] in KINDS
        column = "kind" if not known else "happened_on" if row["happened_on"] is None else "amount"
        key = "bad-event.lacks" if known else "bad-event.kind"
        place = place_of(facts, str(row["event_id"]), column)
        values = {} if known else {"kind": row["kind"], "kinds": ", ".join(KINDS)}
        found.append(problem(key, **place, amount=row["amount"], event=row["event_id"], **values))
    return found


def _incomplete(facts: Facts, empty: nw.Expr) -> nw.LazyFrame[Any]:
    deals = won_deals(facts.tables).filter(empty).with_columns(nw.col("deal_id").cast(nw.String))
    return without_booking(facts.tables, deals)


def _in(day: nw.Expr, period: Period) -> nw.Expr:
    return (day >= nw.lit(period.start)) & (day < nw.lit(period.end))
