"""What the outcome of deals says against their events: bookings made, sales of lost and of open deals."""

from __future__ import annotations

from typing import Any

import narwhals as nw

from salesops_nb.commission.checks.refunds_and_cancellations import LISTED, ids, in_period
from salesops_nb.commission.inputs.events import bookings_beside, place_of, takes_back, with_outcome
from salesops_nb.commission.inputs.tables import collected
from salesops_nb.commission.settlement.working import Working
from salesops_nb.errors import Problem, problem


def rows(payout: Working) -> list[Problem]:
    """Findings of the period: won deals without a booked event, sales of lost and of open deals."""
    facts = payout.facts
    kinds = {plan.file.credit.event for plan in payout.plans}
    kinds |= {plan.file.quota.attained_by for plan in payout.plans if plan.file.quota is not None}
    found = _made(payout) if facts.beside and "booked" in kinds else []
    if facts.bookings_made or "outcome" not in facts.tables.columns("deals"):
        return found
    sales = facts.events.filter(nw.col("kind").is_in(sorted(kinds)) & ~takes_back() & in_period(payout))
    if facts.lost is not None:
        found += _lost(payout, sales.join(facts.lost, on="deal_id", how="inner"))
    open_deals = with_outcome(facts.tables, "open").unique()
    return found + _open(payout, sales.join(open_deals, on="deal_id", how="inner"))


def _made(payout: Working) -> list[Problem]:
    made = bookings_beside(payout.facts.tables).filter(in_period(payout))
    count, total, first, names = _summed(made)
    if not count:
        return []
    return [
        problem(
            "bookings-made",
            **place_of(payout.facts, f"{first}:booked", "happened_on"),
            amount=total,
            count=count,
            deals=names,
        )
    ]


def _summed(events: nw.LazyFrame[Any]) -> tuple[int, Any, str, str]:
    """How many events, their sum, the first deal, and the first of them in words."""
    deals = events.group_by("deal_id").agg(nw.len().alias("n"), nw.col("amount").sum())
    sums = collected(deals.select(nw.col("n").sum(), nw.col("amount").sum(), deals=nw.len()))[0]
    names = [str(row["deal_id"]) for row in collected(deals.select("deal_id").sort("deal_id").head(LISTED))]
    return sums["n"] or 0, sums["amount"] or 0, names[0] if names else "", ids(names, sums["deals"])


def _lost(payout: Working, sales: nw.LazyFrame[Any]) -> list[Problem]:
    columns = ("event_id", "deal_id", "kind", "happened_on", "amount")
    return [
        problem(
            "lost-deal",
            **place_of(payout.facts, str(row["event_id"]), "deal_id"),
            amount=row["amount"],
            event=row["event_id"],
            kind=row["kind"],
            sold=row["amount"] or 0,
            deal=row["deal_id"],
        )
        for row in collected(sales.select(*columns).sort("event_id"))
    ]


def _open(payout: Working, sales: nw.LazyFrame[Any]) -> list[Problem]:
    count, total, first, names = _summed(sales)
    if not count:
        return []
    return [
        problem(
            "deal-still-open",
            table="deals",
            column="outcome",
            value=first,
            amount=total,
            count=count,
            deals=names,
        )
    ]
