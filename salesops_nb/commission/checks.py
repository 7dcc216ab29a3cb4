"""Bad input: each finding names the row, what was received and what to do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from itertools import combinations
from typing import Any

import narwhals as nw

from salesops_nb.commission.facts import Facts
from salesops_nb.commission.frames import AMOUNT, Tables, as_decimal, collected, number
from salesops_nb.commission.plan import Plan
from salesops_nb.errors import Problem, SalesopsError
from salesops_nb.periods import Period


def plans(chosen: list[Plan], tables: Tables, given: Mapping[str, Any]) -> None:
    """Versions that share a day, and several plans without assignments; raises."""
    found = []
    for a, b in combinations(chosen, 2):
        if a.id == b.id and a.start < b.end and b.start < a.end:
            found.append(
                Problem(
                    "versions-overlap",
                    f"{a.label} ({a.start} to {a.end - timedelta(days=1)}) and version {b.version} "
                    f"({b.start} to {b.end - timedelta(days=1)}) are both in force on {max(a.start, b.start)}.",
                    "End the old version the day before the new one begins.",
                    file=b.source,
                    column="plan.from",
                )
            )
    if not chosen:
        found.append(Problem("no-plan", "No plan was given.", "Give at least one plan."))
    if len({plan.id for plan in chosen}) > 1 and "plan_assignments" not in tables:
        names = ", ".join(sorted({plan.id for plan in chosen}))
        found.append(
            Problem(
                "no-assignments",
                f"Several plans were given ({names}) and no table says who is on which.",
                "Give plan_assignments: person_id, plan_id, valid_from, valid_to.",
                table="plan_assignments",
            )
        )
    if found:
        raise SalesopsError(found)


def rows(facts: Facts, period: Period, chosen: list[Plan], problems: list[Problem]) -> None:
    """Findings in the rows of the period; what they concern is set aside."""
    problems += _no_owner(facts, period, chosen)
    problems += _unknown_payees(facts, period)
    problems += _unknown_deals(facts, period)
    if facts.has_refunds:
        problems += _orphans(facts, period)
    problems += _outside(facts, period, chosen)
    problems += _zero_quotas(facts.tables, chosen, period)


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
                    f"{row['payee_id']} is not in people and has {row['n']} credits (the first: deal {row['deal_id']}).",
                    "Add the person to people, or correct the id.",
                    table=table,
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
            column="deal_id",
            value=row["event_id"],
            amount=row["amount"],
        )
        for row in collected(lost.select("event_id", "deal_id", "amount").sort("event_id"))
    ]


def unique(facts: Facts) -> None:
    """Ids that must be unique: a repeated one would pay twice, so it stops the work."""
    found = []
    for name, key, frame in (
        ("events", "event_id", facts.events),
        ("deals", "deal_id", facts.tables.need("deals", "deal_id")),
    ):
        if name == "events" and facts.bookings_made and "events" not in facts.tables:
            continue
        twice = frame.group_by(key).agg(nw.len().alias("n")).filter(nw.col("n") > 1).sort(key)
        for row in collected(twice):
            found.append(
                Problem(
                    "repeated-id",
                    f"{key} {row[key]!r} stands in {row['n']} rows and must be unique.",
                    "Keep one row.",
                    table=name,
                    column=key,
                    value=str(row[key]),
                )
            )
    if found:
        raise SalesopsError(found)


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
            table="events",
            column="amount",
            value=row["event_id"],
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
            table="events",
            column="happened_on",
            value=row["event_id"],
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
                said = (
                    f"the plan counts it as {quota.if_zero}"
                    if quota.if_zero
                    else "the plan does not say what that means ('if_zero'); it counts as attainment 0"
                )
                bad = value < 0 or quota.if_zero in (None, "refuse")
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


__all__ = ["AMOUNT", "plans", "rows"]
