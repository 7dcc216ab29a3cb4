"""What happened, read once for all plans: events, shares of deals, and who may be paid."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import narwhals as nw

from salesops_nb.commission.inputs.splits import shares
from salesops_nb.commission.inputs.tables import AMOUNT, Tables, collected, distinct, number
from salesops_nb.commission.plans.plan import Plan
from salesops_nb.errors import Problem, SalesopsError, problem

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
    `small` that frames may be held in memory. `bookings_made` says that no events were given, so that all
    are made from won deals, and `beside` how many were made beside booked events that were given. `lost`
    are deals that were lost and have a sale among their events that nothing takes back.
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
    beside: int = 0
    lost: nw.LazyFrame[Any] | None = None
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
        return self.tables.once(("credited",), lambda: self._ids(("deals", "owner_id")) | self._sharing())

    def _sharing(self) -> set[str]:
        ids = () if self.shares is None else distinct(self.shares, "payee_id")
        return {who for who in ids if who}

    def _known(self) -> set[str]:
        return self._ids(("people", "person_id"), ("people", "manager_id"))

    def _ids(self, *places: tuple[str, str]) -> set[str]:
        found: set[str] = set()
        for table, column in places:
            if column in self.tables.columns(table):
                ids = distinct(self.tables.frame(table).select(nw.col(column).cast(nw.String)), column)
                found |= {who for who in ids if who}
        return found


def read_facts(plans: list[Plan], tables: Tables, until: date, problems: list[Problem]) -> Facts:
    """Events before a day and the shares of their deals; raises where a plan does not say what shares
    divide.
    """
    known = tables.once(("facts",), lambda: _read(tables))
    problems += known.bad_shares
    if known.shares is not None:
        _check_splits_of(plans)
    refunds = any(day < until for day in known.refunds)
    small = known.count <= _IN_MEMORY and known.count * len(plans) <= _OF_ALL_PLANS
    return replace(known, tables=tables, has_refunds=refunds, small=small)


def _read(tables: Tables) -> Facts:
    """All that is so for every plan and period."""
    events, beside = read_events(tables)
    problems: list[Problem] = []
    day = nw.col("happened_on")
    empty = nw.col("amount").is_null() & (nw.col("kind") != "cancelled")
    counts = collected(
        events.select(
            nw.len().alias("n"), last=day.max(), refunds=_number_of(takes_back()), gaps=_number_of(empty)
        )
    )[0]
    few = counts["n"] <= _IN_MEMORY
    events = tables.settled(events) if few else events
    parts, set_aside = shares(tables, problems, few)
    overlay = False
    if parts is not None and "type" in tables.columns("splits"):
        overlays = parts.filter(nw.col("part") == "overlay").select(nw.len().alias("n"))
        overlay = bool(collected(overlays)[0]["n"])
    return Facts(
        tables,
        events,
        "events" not in tables,
        counts["n"],
        parts,
        tuple(set_aside),
        tuple(problems),
        last=counts["last"],
        refunds=_days(events.filter(takes_back())) if counts["refunds"] else frozenset(),
        has_overlay=overlay,
        gaps=bool(counts["gaps"]),
        beside=beside,
        lost=_lost(tables, events),
        currencies=_currencies(tables, events),
    )


def takes_back() -> nw.Expr:
    """Whether an event takes credit back: a refund, or a negative amount."""
    return (nw.col("kind") == "refunded") | (nw.col("amount") < number(0)).fill_null(False)


def _days(events: nw.LazyFrame[Any]) -> frozenset[date]:
    return frozenset(distinct(events.filter(~nw.col("happened_on").is_null()), "happened_on"))


def _lost(tables: Tables, events: nw.LazyFrame[Any]) -> nw.LazyFrame[Any] | None:
    """Lost deals with a sale that neither a cancellation nor a refund explains."""
    if "events" not in tables or "outcome" not in tables.columns("deals"):
        return None
    lost = with_outcome(tables, "lost")
    if not collected(lost.select(nw.len().alias("n")))[0]["n"]:
        return None
    sold = events.filter(nw.col("kind").is_in(list(CREDIT_KINDS)) & ~takes_back()).select("deal_id")
    why = events.filter((nw.col("kind") == "cancelled") | takes_back()).select("deal_id")
    found = lost.join(sold.unique(), on="deal_id", how="inner").join(why, on="deal_id", how="anti")
    found = tables.settled(found.unique())
    return found if collected(found.select(nw.len().alias("n")))[0]["n"] else None


def with_outcome(tables: Tables, outcome: str) -> nw.LazyFrame[Any]:
    """Deals of an outcome."""
    deals = tables.need("deals", "deal_id", "outcome").filter(nw.col("outcome") == outcome)
    return deals.select(nw.col("deal_id").cast(nw.String))


def _currencies(tables: Tables, events: nw.LazyFrame[Any]) -> frozenset[str]:
    """Every currency that an event or a deal names."""
    found: set[str] = set()
    places = [(events, "event_currency")]
    if "deals" in tables:
        places.append((tables.frame("deals"), "currency"))
    for frame, name in places:
        if name in frame.collect_schema().names():
            met = distinct(frame.select(nw.col(name).cast(nw.String)), name)
            found |= {code for code in met if code is not None}
    return frozenset(found)


def _number_of(condition: nw.Expr) -> nw.Expr:
    return nw.when(condition).then(nw.lit(1)).otherwise(nw.lit(0)).sum()


def _check_splits_of(plans: list[Plan]) -> None:
    silent = ", ".join(plan.label for plan in plans if plan.file.credit.splits is None)
    if silent:
        raise SalesopsError(problem("splits-not-said", table="splits", plans=silent))


def read_events(tables: Tables) -> tuple[nw.LazyFrame[Any], int]:
    """Events as ``event_id, deal_id, kind, happened_on, amount[, event_currency]``, and how many bookings
    were made beside booked events that were given.

    A won deal without a booked event of its own is booked on `closed_on`.
    """
    if "events" not in tables:
        return _bookings(tables), 0
    given = _given(tables)
    booked = given.filter(nw.col("kind") == "booked").select("deal_id")
    some = "deals" in tables and bool(collected(booked.select(nw.len().alias("n")))[0]["n"])
    if "deals" not in tables or (some and not {"amount", "closed_on"} <= set(tables.columns("deals"))):
        return given, 0
    bookings = bookings_beside(tables) if some else _bookings(tables)
    count = collected(bookings.select(nw.len().alias("n")))[0]["n"] if some else 0
    if some and not count:
        return given, 0
    if "event_currency" in given.collect_schema().names():
        bookings = bookings.with_columns(event_currency=nw.lit(None).cast(nw.String))
    return nw.concat([bookings, given], how="vertical"), count


def bookings_beside(tables: Tables) -> nw.LazyFrame[Any]:
    """Bookings of won deals that have no booked event of their own."""
    return without_booking(tables, _bookings(tables))


def without_booking(tables: Tables, frame: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """What of a frame is of deals that have no booked event of their own."""
    if "events" not in tables:
        return frame
    booked = _given(tables).filter(nw.col("kind") == "booked").select("deal_id")
    return frame.join(booked, on="deal_id", how="anti")


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
    made = event_id.endswith(":booked") and (facts.bookings_made or not _is_given(facts, event_id))
    table, key = ("deals", "deal_id") if made else ("events", "event_id")
    value = event_id.removesuffix(":booked") if made else event_id
    column = "closed_on" if made and column == "happened_on" else column
    return {
        "table": table,
        "row": facts.tables.row_of(table, key, value),
        "column": column,
        "value": event_id,
    }


def _is_given(facts: Facts, event_id: str) -> bool:
    known = facts.tables.frame("events").filter(nw.col("event_id").cast(nw.String) == event_id)
    return bool(collected(known.select(nw.len().alias("n")))[0]["n"])
