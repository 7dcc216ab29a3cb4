"""What happened, read once for all plans: events, shares of deals, and who may be paid."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

import narwhals as nw

from salesops_nb.commission.frames import AMOUNT, Tables, collected, number
from salesops_nb.commission.plan import Plan
from salesops_nb.commission.splits import shares
from salesops_nb.errors import Problem, SalesopsError

# Up to so many events each step is worked out once and held, since statements, reasons and sums read
# it again; above it frames stay lazy and the engine streams them.
_IN_MEMORY = 200_000
CREDIT_KINDS = ("booked", "invoiced", "collected")
KINDS = (*CREDIT_KINDS, "refunded", "cancelled")


@dataclass
class Facts:
    """Events and shares, with what is known of them before any plan is looked at.

    `set_aside` are deals whose shares are wrong; `has_refunds` says that something takes credit back,
    `gaps` that some event has no amount; `small` that frames may be held in memory.
    """

    tables: Tables
    events: nw.LazyFrame[Any]
    bookings_made: bool
    shares: nw.LazyFrame[Any] | None = None
    set_aside: list[str] = field(default_factory=list)
    has_refunds: bool = False
    has_overlay: bool = False
    gaps: bool = False
    small: bool = False
    _people: list[str] | None = None
    _unknown: list[str] | None = None

    def payees(self) -> list[str]:
        """Owners, people with a share, managers and people with activities; read once."""
        if self._people is None:
            credited = self._ids(("deals", "owner_id"), ("splits", "person_id"))
            self._people = sorted(credited | self._known() | self._ids(("activities", "person_id")))
        return self._people

    def unknown(self) -> list[str]:
        """Owners and people with a share whom the table `people` does not know; none where it was not
        given.
        """
        if self._unknown is None:
            known = self._known() if "people" in self.tables else None
            credited = (
                self._ids(("deals", "owner_id"), ("splits", "person_id")) if known is not None else set()
            )
            self._unknown = sorted(credited - (known or set()))
        return self._unknown

    def _known(self) -> set[str]:
        return self._ids(("people", "person_id"), ("people", "manager_id"))

    def _ids(self, *places: tuple[str, str]) -> set[str]:
        found: set[str] = set()
        for table, column in places:
            if column in self.tables.columns(table):
                ids = self.tables.frame(table).select(who=nw.col(column).cast(nw.String)).unique()
                found |= {row["who"] for row in collected(ids) if row["who"]}
        return found


def read_facts(plans: list[Plan], tables: Tables, until: date, problems: list[Problem]) -> Facts:
    """Events before a day and the shares of their deals; raises where a plan does not say what shares
    divide.
    """
    events, made = read_events(tables)
    facts = Facts(tables, events, made)
    facts.shares, facts.set_aside = shares(tables, problems)
    if facts.shares is not None:
        _splits_are_said(plans)
        if "type" in tables.columns("splits"):
            overlay = facts.shares.filter(nw.col("part") == "overlay")
            facts.has_overlay = bool(collected(overlay.select(nw.len().alias("n")))[0]["n"])
    down = (nw.col("kind") == "refunded") | (nw.col("amount") < number(0))
    refund = down & (nw.col("happened_on") < nw.lit(until))
    empty = nw.col("amount").is_null() & (nw.col("kind") != "cancelled")
    told = collected(events.select(nw.len().alias("n"), refunds=_number_of(refund), gaps=_number_of(empty)))[
        0
    ]
    facts.has_refunds, facts.gaps = bool(told["refunds"]), bool(told["gaps"])
    facts.small = told["n"] <= _IN_MEMORY
    return facts


def _number_of(condition: nw.Expr) -> nw.Expr:
    return nw.when(condition).then(nw.lit(1)).otherwise(nw.lit(0)).sum()


def _splits_are_said(plans: list[Plan]) -> None:
    silent = ", ".join(plan.label for plan in plans if plan.file.credit.splits is None)
    if silent:
        raise SalesopsError(
            Problem(
                "splits-not-said",
                f"The data have splits, and plan {silent} does not say what a split divides.",
                "Add to the plan: credit: {splits: {apply_to: credit}} (or pay).",
                table="splits",
            )
        )


def read_events(tables: Tables) -> tuple[nw.LazyFrame[Any], bool]:
    """Events as ``event_id, deal_id, kind, happened_on, amount[, event_currency]``, and whether
    bookings were made.

    Without a booked event among them, bookings are made from won deals.
    """
    made: nw.LazyFrame[Any] | None = None
    if "events" in tables:
        made = _given(tables)
        booked = made.filter(nw.col("kind") == "booked").select(nw.len().alias("n"))
        if "deals" not in tables or collected(booked)[0]["n"]:
            return made, False
    bookings = _bookings(tables)
    if made is None:
        return bookings, True
    if "event_currency" in made.collect_schema().names():
        bookings = bookings.with_columns(event_currency=nw.lit(None).cast(nw.String))
    return nw.concat([bookings, made], how="vertical"), True


def _given(tables: Tables) -> nw.LazyFrame[Any]:
    frame = tables.need("events", "event_id", "deal_id", "kind", "happened_on")
    names = frame.collect_schema().names()
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
    return frame.select(*columns)


def won_deals(tables: Tables) -> nw.LazyFrame[Any]:
    """Deals that were won; every deal where the table does not say."""
    deals = tables.need("deals", "deal_id", "amount", "closed_on")
    if "outcome" in deals.collect_schema().names():
        deals = deals.filter(nw.col("outcome") == "won")
    return deals


def owners(facts: Facts) -> nw.LazyFrame[Any]:
    """Each deal with its owner."""
    deals = facts.tables.need("deals", "deal_id")
    names = deals.collect_schema().names()
    owner = nw.col("owner_id").cast(nw.String) if "owner_id" in names else nw.lit(None).cast(nw.String)
    return deals.select(nw.col("deal_id").cast(nw.String), owner_id=owner)


def _bookings(tables: Tables) -> nw.LazyFrame[Any]:
    """A booking for each won deal that has a day and an amount (the checks tell of the others)."""
    whole = ~nw.col("closed_on").is_null() & ~nw.col("amount").is_null()
    return (
        won_deals(tables)
        .filter(whole)
        .select(
            nw.concat_str(nw.col("deal_id").cast(nw.String), nw.lit(":booked")).alias("event_id"),
            nw.col("deal_id").cast(nw.String),
            nw.lit("booked").alias("kind"),
            nw.col("closed_on").cast(nw.Date).alias("happened_on"),
            nw.col("amount").cast(AMOUNT),
        )
    )
