"""Random histories of deals: what an export says of them, what its log says, what was true on a day."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pandas as pd
import pyarrow as pa
from hypothesis import strategies as st

from salesops_nb.store.database import open_store

FIRST, LAST = date(2026, 1, 1), date(2026, 4, 10)
PEOPLE = {"ana": "North", "ben": "North", "cho": "South"}
STAGES = ("Talk", "Offer")


@dataclass(frozen=True)
class State:
    """A deal at the end of a day."""

    stage: str
    owner_id: str
    amount: Decimal | None
    expected_close_on: date | None
    outcome: str = "open"
    closed_on: date | None = None


@dataclass
class Deal:
    """A deal and its states by the day from which each holds."""

    deal_id: str
    created_on: date
    states: dict[date, State] = field(default_factory=dict)
    gone_on: date | None = None  # from this day on no export has it

    def on(self, day: date) -> State | None:
        """What it was at the end of the day; nothing before it was created or after it was taken out."""
        if self.gone_on is not None and day >= self.gone_on:
            return None
        found = [state for start, state in sorted(self.states.items()) if start <= day]
        return found[-1] if found else None


amounts = st.one_of(st.none(), st.integers(0, 900_000).map(lambda cents: Decimal(cents).scaleb(-2)))
days = st.integers(0, (LAST - FIRST).days).map(lambda n: FIRST + timedelta(days=n))
closing = st.one_of(st.none(), st.integers(-20, 140).map(lambda n: FIRST + timedelta(days=n)))


@st.composite
def deals(draw: Any, reopened: bool = False, vanishing: bool = False) -> list[Deal]:
    """Up to a dozen deals that change, close and, where asked, open again or leave the data."""
    made = []
    for number in range(draw(st.integers(1, 12))):
        moments = sorted(draw(st.sets(days, min_size=1, max_size=6)))
        state = State(
            draw(st.sampled_from(STAGES)), draw(st.sampled_from([*PEOPLE])), draw(amounts), draw(closing)
        )
        deal = Deal(f"D{number:02d}", moments[0], {moments[0]: state})
        for day in moments[1:]:
            state = _next(draw, state, day, reopened)
            deal.states[day] = state
        if vanishing and draw(st.integers(0, 4)) == 0:
            deal.gone_on = draw(days)
        made.append(deal)
    made.append(Deal("last", LAST, {LAST: State("Talk", "ana", None, None)}))  # the data reach to this day
    return made


def _next(draw: Any, state: State, day: date, reopened: bool) -> State:
    if state.outcome != "open":
        return replace(state, outcome="open", closed_on=None, stage="Talk") if reopened else state
    kind = draw(st.sampled_from(["amount", "close", "owner", "stage", "won", "lost", "several"]))
    if kind in ("won", "lost"):
        amount = (state.amount or Decimal(100)) if kind == "won" else state.amount
        return replace(state, outcome=kind, closed_on=day, stage=kind.title(), amount=amount)
    changed: dict[str, Any] = {}
    if kind in ("amount", "several"):
        changed["amount"] = draw(amounts)
    if kind in ("close", "several"):
        changed["expected_close_on"] = draw(closing)
    if kind in ("owner", "several"):
        changed["owner_id"] = draw(st.sampled_from([*PEOPLE]))
    if kind in ("stage", "several"):
        changed["stage"] = draw(st.sampled_from(STAGES))
    return replace(state, **changed)


def typed(values: list[Any], kind: Any) -> pd.Series[Any]:
    """A column of that Arrow type, whatever it holds."""
    return pd.Series(pd.array(values, dtype=pd.ArrowDtype(kind)))


def exported(found: list[Deal], day: date) -> dict[str, pd.DataFrame]:
    """The tables that the CRM exports at the end of the day, without its log."""
    rows = [(deal, state) for deal in found if (state := deal.on(day)) is not None]
    states = [state for _deal, state in rows]
    text = pa.string()
    table = pd.DataFrame(
        {
            "deal_id": typed([deal.deal_id for deal, _ in rows], text),
            "name": typed([f"Deal {deal.deal_id}" for deal, _ in rows], text),
            "owner_id": typed([state.owner_id for state in states], text),
            "stage": typed([state.stage for state in states], text),
            "outcome": typed([state.outcome for state in states], text),
            "amount": typed([state.amount for state in states], pa.decimal128(18, 4)),
            "currency": typed(["EUR"] * len(rows), text),
            "created_on": typed([deal.created_on for deal, _ in rows], pa.date32()),
            "expected_close_on": typed([state.expected_close_on for state in states], pa.date32()),
            "closed_on": typed([state.closed_on for state in states], pa.date32()),
        }
    )
    people = pd.DataFrame(
        [(who, who.title(), "rep", team) for who, team in PEOPLE.items()],
        columns=["person_id", "name", "role", "team"],
    )
    return {"deals": table, "people": people}


def log(found: list[Deal], until: date) -> pd.DataFrame:
    """The CRM's log of changed fields, up to the end of the day."""
    rows = []
    for deal in found:
        before: State | None = None
        for day, state in sorted(deal.states.items()):
            if before is not None and day <= until:
                for name in ("amount", "expected_close_on", "owner_id", "stage"):
                    old, new = getattr(before, name), getattr(state, name)
                    if old != new:
                        at = datetime.combine(day, time(9))
                        rows.append((deal.deal_id, at, name, _text(old), _text(new)))
            before = state
    columns = list(zip(*rows, strict=True)) if rows else [[]] * 5
    names = ("deal_id", "changed_at", "field", "old", "new")
    kinds = (pa.string(), pa.timestamp("us"), pa.string(), pa.string(), pa.string())
    return pd.DataFrame({n: typed(list(c), k) for n, c, k in zip(names, columns, kinds, strict=True)})


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


STORES: list[Any] = []  # given back when their module's tests are over: see conftest.py


def empty_store() -> Any:
    """A store in memory."""
    STORES.append(open_store("sqlite://"))
    return STORES[-1]
