"""What a plan means for each rep's target, attainment outlook and commission."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

import pandas as pd

from salesops_nb.core.frames import Tables, collected
from salesops_nb.territory.inputs.findings import between, whole
from salesops_nb.territory.plans.proposal import Proposal
from salesops_nb.territory.scope.selection import day_of

CENT = Decimal("0.01")
Pay = Callable[[Decimal, Decimal], Decimal]


@dataclass(frozen=True)
class Past:
    """What the outlook rests on: targets of a year and bookings of the twelve months before, by rep."""

    targets: Mapping[str, Decimal]
    booked: Mapping[str, Decimal]
    year: str
    pay: Pay | None = None


def read_past(tables: Mapping[str, Any], *, year: str, until: date, pay: Pay | None = None) -> Past:
    """Targets (level rep, metric bookings) of a year, and won deals of the twelve months up to a day.

    `pay` is the commission a year from attainment (1 is 100 %) and target.
    """
    since = (pd.Timestamp(until) - pd.DateOffset(years=1) + pd.Timedelta(days=1)).date()
    read = Tables.of(tables)
    booked = read.once(("territory", "booked", since, until), lambda: _bookings(read, since, until))
    return Past(_targets(read, year), booked, year, pay)


def rep_effects(proposal: Proposal, past: Past) -> pd.DataFrame:
    """Target, attainment outlook and commission of each rep, before and after, as money in Decimals.

    Returns
    -------
    rep, potential_before, potential_after, target_before, target_after, outlook_before, outlook_after
    (bookings), attainment_before, attainment_after, commission_before, commission_after; None where the
    tables do not say.

    Notes
    -----
    Targets are shared out again: target_after = target × potential after / before, scaled so that the
    scope's total stays. The outlook keeps a rep's own yield
    (bookings per potential) on the units that stay, and takes the scope's mean yield on those gained.
    """
    targets, booked, pay = past.targets, past.booked, past.pay
    frame = _potentials(proposal)
    rows = [_one(row, targets, booked, frame) for row in frame.to_dict("records")]
    before = sum((r["target_before"] for r in rows if r["target_before"] is not None), Decimal(0))
    after = sum((r["target_after"] for r in rows if r["target_after"] is not None), Decimal(0))
    for row in rows:
        if row["target_after"] is not None and after:
            row["target_after"] = (row["target_after"] * before / after).quantize(CENT, ROUND_HALF_EVEN)
    _settle_cents(rows, before)
    for row in rows:
        for when in ("before", "after"):
            target, outlook = row[f"target_{when}"], row[f"outlook_{when}"]
            known = target is not None and outlook is not None and target > 0
            row[f"attainment_{when}"] = outlook / target if known else None
            row[f"commission_{when}"] = (
                pay(outlook / target, target).quantize(CENT, ROUND_HALF_EVEN) if known and pay else None
            )
    return pd.DataFrame(rows).astype(object)


def _settle_cents(rows: list[dict[str, Any]], total: Decimal) -> None:
    """The cents that rounding left go to the largest target, so that the total stays to the cent."""
    known = [row for row in rows if row["target_after"] is not None]
    if known:
        largest = max(known, key=lambda row: row["target_after"])
        largest["target_after"] += total - sum((row["target_after"] for row in known), Decimal(0))


def _one(
    row: Mapping[Any, Any], targets: Mapping[str, Decimal], booked: Mapping[str, Decimal], frame: pd.DataFrame
) -> dict[str, Any]:
    rep = row["rep"]
    before, after, kept = (Decimal(str(row[n])) for n in ("before", "after", "kept"))
    target, mine = targets.get(rep), booked.get(rep, Decimal(0)) if booked else None
    everywhere = sum((Decimal(str(v)) for v in frame["before"]), Decimal(0))
    team = sum((booked.get(r, Decimal(0)) for r in frame["rep"]), Decimal(0))
    outlook = None
    if mine is not None and everywhere:
        own = mine / before if before else Decimal(0)
        outlook = (own * kept + team / everywhere * (after - kept)).quantize(CENT, ROUND_HALF_EVEN)
    return {
        "rep": rep, "potential_before": before, "potential_after": after, "target_before": target,
        "target_after": target * after / before if target is not None and before else target,
        "outlook_before": mine, "outlook_after": outlook,
    }  # fmt: skip


def _potentials(proposal: Proposal) -> pd.DataFrame:
    """First measure of each rep before, after, and of what stays: accounts given by name do."""
    model = proposal.plan.model
    assert model is not None
    value = dict(zip(model.units.ids, model.values[:, 0].tolist(), strict=True))
    rows = []
    for rep, named in zip(model.reps.names, model.base[:, 0].tolist(), strict=True):
        was = {u for u, r in proposal.today.items() if r == rep}
        now = {u for u, r in proposal.after.items() if r == rep}
        held = (round(sum((value[u] for u in sorted(s)), named), 6) for s in (was, now, was & now))
        rows.append((rep, *held))
    return pd.DataFrame(rows, columns=["rep", "before", "after", "kept"])


def _targets(tables: Tables, year: str) -> dict[str, Decimal]:
    if "targets" not in tables:
        return {}
    frame = whole(tables, "targets")
    ours = frame[(frame["level"] == "rep") & (frame["metric"] == "bookings") & (frame["period"] == year)]
    return {str(w): Decimal(str(v)) for w, v in zip(ours["who"], ours["value"], strict=True)}


def _bookings(tables: Tables, since: date, until: date) -> dict[str, Decimal]:
    if "deals" not in tables:
        return {}
    import narwhals as nw

    frame = tables["deals"].filter(nw.col("outcome") == "won").select("owner_id", "closed_on", "amount")
    found: dict[str, Decimal] = {}
    rows: Any = collected(between(frame, "closed_on", since, until)).itertuples(index=False)
    for row in rows:
        day: Any = day_of(row.closed_on)
        if day and since <= day <= until and row.amount is not None and row.amount == row.amount:
            found[str(row.owner_id)] = found.get(str(row.owner_id), Decimal(0)) + Decimal(str(row.amount))
    return found
