"""Bad rows: each finding names the row, what was received and what to do."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import narwhals as nw

from salesops_nb.commission.columns import people_spans
from salesops_nb.commission.facts import KINDS, Facts, won_deals
from salesops_nb.commission.frames import Tables, as_day, as_decimal, collected, number
from salesops_nb.commission.plan import Plan
from salesops_nb.errors import Problem
from salesops_nb.periods import Period


def rows(facts: Facts, period: Period, chosen: list[Plan], problems: list[Problem]) -> None:
    """Findings in the rows of the period; what they concern is set aside."""
    problems += _not_whole(facts, period)
    problems += _no_owner(facts, period, chosen)
    problems += _unknown_payees(facts, period)
    problems += _unknown_deals(facts, period)
    if facts.has_refunds:
        problems += _orphans(facts, period)
    problems += _outside(facts, period, chosen)
    problems += _zero_quotas(facts.tables, chosen, period)
    problems += _overlapping_people(facts.tables)
    problems += _early_history(facts, period)


def _within(facts: Facts, period: Period) -> nw.LazyFrame[Any]:
    return facts.events.filter(
        (nw.col("happened_on") >= nw.lit(period.start)) & (nw.col("happened_on") < nw.lit(period.end))
    )


def _owners(facts: Facts) -> nw.LazyFrame[Any]:
    deals = facts.tables.need("deals", "deal_id")
    names = deals.collect_schema().names()
    owner = nw.col("owner_id").cast(nw.String) if "owner_id" in names else nw.lit(None).cast(nw.String)
    return deals.select(nw.col("deal_id").cast(nw.String), owner_id=owner)


def _no_owner(facts: Facts, period: Period, chosen: Iterable[Plan]) -> list[Problem]:
    """Deals without a payee: neither owner nor share."""
    kinds = sorted({plan.file.credit.event for plan in chosen})
    owned = _owners(facts).filter(nw.col("owner_id").is_null() | (nw.col("owner_id") == ""))
    events = _within(facts, period).filter(nw.col("kind").is_in(kinds)).join(owned, on="deal_id", how="inner")
    if facts.shares is not None:
        shared = facts.shares.filter(nw.col("part") == "revenue").select("deal_id").unique()
        events = events.join(shared, on="deal_id", how="anti")
    found = collected(events.group_by("deal_id").agg(nw.col("amount").sum()).sort("deal_id"))
    return [
        Problem(
            "no-payee",
            f"Deal {row['deal_id']} has no payee: {_money(row['amount'])} of credit goes to nobody.",
            "Give the deal an owner_id, or splits.",
            table="deals",
            row=facts.tables.row_of("deals", "deal_id", row["deal_id"]),
            column="owner_id",
            value=row["deal_id"],
            amount=row["amount"],
        )
        for row in found
    ]


def _unknown_payees(facts: Facts, period: Period) -> list[Problem]:
    if "people" not in facts.tables:
        return []
    known = (
        facts.tables.need("people", "person_id").select(payee_id=nw.col("person_id").cast(nw.String)).unique()
    )
    found: list[Problem] = []
    owners = (
        _within(facts, period)
        .join(_owners(facts), on="deal_id", how="inner")
        .filter(~nw.col("owner_id").is_null())
    )
    sets = [("deals", "owner_id", owners.select("deal_id", payee_id=nw.col("owner_id")))]
    if facts.shares is not None:
        inside = facts.shares.join(
            _within(facts, period).select("deal_id").unique(), on="deal_id", how="inner"
        )
        sets.append(("splits", "person_id", inside.select("deal_id", "payee_id")))
    for table, column, frame in sets:
        lost = frame.join(known, on="payee_id", how="anti").filter(nw.col("payee_id") != "")
        for row in collected(
            lost.group_by("payee_id").agg(nw.col("deal_id").min(), nw.len().alias("n")).sort("payee_id")
        ):
            found.append(
                Problem(
                    "unknown-payee",
                    f"{row['payee_id']} is not in people and has {row['n']} credits (the first: deal {row['deal_id']}); they are set aside.",
                    "Add the person to people, or correct the id.",
                    table=table,
                    row=facts.tables.row_of(table, column, row["payee_id"]),
                    column=column,
                    value=row["payee_id"],
                )
            )
    return found


def _unknown_deals(facts: Facts, period: Period) -> list[Problem]:
    if facts.bookings_made and "events" not in facts.tables:
        return []
    lost = _within(facts, period).join(_owners(facts), on="deal_id", how="anti")
    return [
        Problem(
            "unknown-deal",
            f"Event {row['event_id']} is of deal {row['deal_id']}, which is not in deals; {_money(row['amount'])} is set aside.",
            "Add the deal, or correct deal_id.",
            table="events",
            row=facts.tables.row_of("events", "event_id", row["event_id"]),
            column="deal_id",
            value=row["event_id"],
            amount=row["amount"],
        )
        for row in collected(lost.select("event_id", "deal_id", "amount").sort("event_id"))
    ]


def _orphans(facts: Facts, period: Period) -> list[Problem]:
    """Refunds and negative amounts whose deal has no sale before them."""
    zero = number(0)
    down = (nw.col("kind") == "refunded") | (nw.col("amount") < zero)
    sales = facts.events.filter(~down & nw.col("kind").is_in(["booked", "invoiced", "collected"]))
    first = sales.group_by("deal_id").agg(nw.col("happened_on").min().alias("first_on"))
    lost = (
        _within(facts, period)
        .filter(down & (nw.col("kind") != "cancelled"))
        .join(first, on="deal_id", how="left")
    )
    lost = lost.filter(nw.col("first_on").is_null() | (nw.col("first_on") > nw.col("happened_on")))
    return [
        Problem(
            "negative-without-original",
            f"Event {row['event_id']} takes {_money(abs(row['amount'] or 0))} back from deal {row['deal_id']}, which has no sale before {row['happened_on']}; it is set aside.",
            "Add the original event, or correct deal_id or the date.",
            **_place(facts, row["event_id"], "amount"),
            amount=row["amount"],
        )
        for row in collected(lost.select("event_id", "deal_id", "amount", "happened_on").sort("event_id"))
    ]


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
        Problem(
            "outside-plan",
            f"Event {row['event_id']} of {row['happened_on']} is {'before the plan starts' if row['happened_on'] < first else 'on a day without a plan'}; {_money(row['amount'])} of credit is excluded.",
            "Correct the date, or give a plan for that day.",
            **_place(facts, row["event_id"], "happened_on"),
            severity="warning",
            amount=row["amount"],
        )
        for row in collected(frame.select("event_id", "happened_on", "amount").sort("event_id"))
    ]


def _zero_quotas(tables: Tables, chosen: list[Plan], period: Period) -> list[Problem]:
    found = []
    for plan in chosen:
        quota = plan.file.quota
        if quota is None or "targets" not in tables:
            continue
        kinds = {p.key for p in period.calendar.between(period.start, period.end, plan.file.plan.period)}
        for number_, row in enumerate(tables.rows("targets"), start=2):
            value = as_decimal(row["value"])
            if (
                row.get("metric") == quota.metric
                and str(row["period"]) in kinds
                and value is not None
                and value <= 0
            ):
                bad = value < 0 or quota.if_zero in (None, "refuse")
                said = (
                    f"the plan counts it as {quota.if_zero}"
                    if not bad
                    else "the plan refuses to pay what hangs on it"
                    if quota.if_zero == "refuse" or value < 0
                    else "the plan does not say what that means ('if_zero'), so what hangs on it is withheld"
                )
                found.append(
                    Problem(
                        "zero-quota",
                        f"{row['who']} has a quota of {value:f} for {row['period']}: {said}.",
                        "Correct the target, or say quota: {if_zero: attainment_0 | attainment_100} in the plan.",
                        table="targets",
                        row=number_,
                        column="value",
                        value=str(row["who"]),
                        severity="error" if bad else "note",
                    )
                )
    return found


def _money(amount: Any) -> str:
    return f"{amount:,.2f}" if amount is not None else "no amount"


def _place(facts: Facts, event_id: str, column: str) -> dict[str, Any]:
    """Where an event stands: in events, or with the deal that its booking was made from."""
    made = facts.bookings_made and event_id.endswith(":booked")
    table, key = ("deals", "deal_id") if made else ("events", "event_id")
    value = event_id.removesuffix(":booked") if made else event_id
    column = "closed_on" if made and column == "happened_on" else column
    return {"table": table, "row": facts.tables.row_of(table, key, value), "column": column, "value": event_id}


def _not_whole(facts: Facts, period: Period) -> list[Problem]:
    """Won deals without a day or an amount, and events without a day, an amount or a kind that is known."""
    found = []
    if facts.bookings_made:
        day, amount = nw.col("closed_on").cast(nw.Date), nw.col("amount")
        won = won_deals(facts.tables).filter(day.is_null() | (amount.is_null() & _in(day, period)))
        for row in collected(won.select("deal_id", "closed_on", "amount").sort("deal_id")):
            column = "closed_on" if as_day(row["closed_on"]) is None else "amount"
            found.append(
                Problem(
                    "incomplete-deal",
                    f"Deal {row['deal_id']} is won and has no {column}, so it gives no credit.",
                    f"Give it {column}.",
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
    odd = facts.events.filter(day.is_null() | (_in(day, period) & (strange | empty)))
    for row in collected(odd.select("event_id", "kind", "happened_on", "amount").sort("event_id")):
        known = row["kind"] in KINDS
        column = "kind" if not known else "happened_on" if row["happened_on"] is None else "amount"
        said = f"has the kind {row['kind']!r}" if not known else f"has no {column}"
        found.append(
            Problem(
                "bad-event",
                f"Event {row['event_id']} {said}; it gives no credit.",
                f"Kinds are: {', '.join(KINDS)}." if not known else f"Give it {column}.",
                **_place(facts, str(row["event_id"]), column),
                amount=row["amount"],
            )
        )
    return found


def _in(day: nw.Expr, period: Period) -> nw.Expr:
    return (day >= nw.lit(period.start)) & (day < nw.lit(period.end))


def _overlapping_people(tables: Tables) -> list[Problem]:
    """Two rows of one person on one day: who led them, and what they were, would be told twice."""
    if "people" not in tables:
        return []
    table, overlapping = people_spans(tables)
    rows = table.to_pylist()
    return [
        Problem(
            "overlapping-people",
            f"{rows[i]['person_id']} has another row that still holds on {rows[i]['p_from']}, when this one begins; "
            "the earlier row ends there.",
            "End the earlier row (valid_to is the day after the last).",
            table="people",
            row=i + 2,
            column="valid_from",
            value=str(rows[i]["person_id"]),
            severity="warning",
        )
        for i in overlapping
    ]


def _early_history(facts: Facts, period: Period) -> list[Problem]:
    """Opening credit beside events from before its day: they would count twice."""
    found = []
    for number_, row in enumerate(facts.tables.rows("opening_balances"), start=2):
        day = as_day(row.get("as_of"))
        if row.get("kind") != "credit" or day is None or not period.start <= day < period.end:
            continue
        deals = _owners(facts).filter(nw.col("owner_id") == str(row["person_id"])).select("deal_id")
        start = period.calendar.containing(day, "year").start
        early = facts.events.filter((nw.col("happened_on") >= nw.lit(start)) & (nw.col("happened_on") < nw.lit(day)))
        n = collected(early.join(deals, on="deal_id", how="inner").select(n=nw.len()))[0]["n"]
        if n:
            found.append(
                Problem(
                    "opening-and-history",
                    f"{row['person_id']} has opening credit as of {day} and {n} events of the year before that day; "
                    "where the plan holds on those days they count beside the opening credit.",
                    "Leave out one of the two, or begin the plan on that day.",
                    table="opening_balances",
                    row=number_,
                    column="as_of",
                    value=str(row["person_id"]),
                    severity="warning",
                )
            )
    return found
