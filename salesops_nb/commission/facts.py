"""What happened, read once for all plans: events, shares of deals, and who may be paid."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import narwhals as nw

from salesops_nb.commission.frames import AMOUNT, Tables, collected, number
from salesops_nb.commission.plan import Plan
from salesops_nb.commission.splits import shares
from salesops_nb.errors import Problem, SalesopsError

# Up to so many events, and so many over all plans, each step is worked out once and held, since statements,
# reasons, sums and other periods read it again; above it frames stay lazy and the engine streams them.
_IN_MEMORY, _OF_ALL_PLANS = 1_000_000, 2_000_000
CREDIT_KINDS = ("booked", "invoiced", "collected")
KINDS = (*CREDIT_KINDS, "refunded", "cancelled")


@dataclass(frozen=True)
class Facts:
    """Events and shares, with what is known of them before any plan is looked at.

    `count` is the number of events, `last` the day of the last; `set_aside` are deals whose shares are
    wrong; `refunds` are the days on which something takes credit back, and `has_refunds` says that one is
    before the period's end; `gaps` that some event has no amount; `currencies` what the data name;
    `small` that frames may be held in memory.
    """

    tables: Tables
    events: nw.LazyFrame[Any]
    bookings_made: bool
    count: int
    shares: nw.LazyFrame[Any] | None = None
    set_aside: tuple[str, ...] = ()
    bad_shares: tuple[Problem, ...] = ()
    last: date | None = None
    refunds: frozenset[date] = frozenset()
    has_refunds: bool = False
    has_overlay: bool = False
    gaps: bool = False
    currencies: frozenset[str] = frozenset()
    small: bool = False

    def payees(self) -> list[str]:
        """Owners, people with a share, managers and people with activities; read once."""
        return self.tables.once(
            ("payees",),
            lambda: sorted(self._credited() | self._known() | self._ids(("activities", "person_id"))),
        )

    def unknown(self) -> list[str]:
        """Owners and people with a share whom the table `people` does not know; none where it was not
        given.
        """
        if "people" not in self.tables:
            return []
        return self.tables.once(("unknown",), lambda: sorted(self._credited() - self._known()))

    def _credited(self) -> set[str]:
        ids = ("deals", "owner_id"), ("splits", "person_id")
        return self.tables.once(("credited",), lambda: self._ids(*ids))

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
    known = tables.once(("facts",), lambda: _read(tables))
    problems += known.bad_shares
    if known.shares is not None:
        _splits_are_said(plans)
    refunds = any(day < until for day in known.refunds)
    small = known.count <= _IN_MEMORY and known.count * len(plans) <= _OF_ALL_PLANS
    return replace(known, tables=tables, has_refunds=refunds, small=small)


def _read(tables: Tables) -> Facts:
    """All that is so for every plan and period."""
    events, made = read_events(tables)
    problems: list[Problem] = []
    parts, set_aside = shares(tables, problems)
    day = nw.col("happened_on")
    empty = nw.col("amount").is_null() & (nw.col("kind") != "cancelled")
    told = collected(
        events.select(
            nw.len().alias("n"), last=day.max(), refunds=_number_of(takes_back()), gaps=_number_of(empty)
        )
    )[0]
    if told["n"] <= _IN_MEMORY:
        events = tables.kept(events)
        parts = tables.kept(parts) if parts is not None else None
    overlay = False
    if parts is not None and "type" in tables.columns("splits"):
        held = parts.filter(nw.col("part") == "overlay").select(nw.len().alias("n"))
        overlay = bool(collected(held)[0]["n"])
    return Facts(
        tables,
        events,
        made,
        told["n"],
        parts,
        tuple(set_aside),
        tuple(problems),
        last=told["last"],
        refunds=_days(events.filter(takes_back())) if told["refunds"] else frozenset(),
        has_overlay=overlay,
        gaps=bool(told["gaps"]),
        currencies=_currencies(tables, events),
    )


def takes_back() -> nw.Expr:
    """Whether an event takes credit back: a refund, or a negative amount."""
    return (nw.col("kind") == "refunded") | (nw.col("amount") < number(0)).fill_null(False)


def _days(events: nw.LazyFrame[Any]) -> frozenset[date]:
    rows = collected(events.filter(~nw.col("happened_on").is_null()).select("happened_on").unique())
    return frozenset(row["happened_on"] for row in rows)


def _currencies(tables: Tables, events: nw.LazyFrame[Any]) -> frozenset[str]:
    """Every currency that an event or a deal names."""
    found: set[str] = set()
    places = [(events, "event_currency")]
    if "deals" in tables:
        places.append((tables.frame("deals"), "currency"))
    for frame, name in places:
        if name in frame.collect_schema().names():
            met = collected(frame.select(c=nw.col(name).cast(nw.String)).unique())
            found |= {row["c"] for row in met if row["c"] is not None}
    return frozenset(found)


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


def place_of(facts: Facts, event_id: str, column: str) -> dict[str, Any]:
    """Where an event stands: in events, or with the deal that its booking was made from."""
    made = facts.bookings_made and event_id.endswith(":booked")
    table, key = ("deals", "deal_id") if made else ("events", "event_id")
    value = event_id.removesuffix(":booked") if made else event_id
    column = "closed_on" if made and column == "happened_on" else column
    return {
        "table": table,
        "row": facts.tables.row_of(table, key, value),
        "column": column,
        "value": event_id,
    }
