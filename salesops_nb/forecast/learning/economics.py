"""What heads cost and earn, and the stated curve by which added heads meet diminishing returns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import narwhals as nw
import numpy as np
import pandas as pd

from salesops_nb.core.frames import Tables
from salesops_nb.core.money import from_float
from salesops_nb.forecast.learning import reading
from salesops_nb.forecast.learning.inputs import Floats, Panel, horizon_start

ROOM = 1.0
MARGIN = 0.7
PAY_SHARE = 0.25  # of a ramped rep's bookings: the assumed full cost a month where no pay is given
HIRING_MONTHS = 2.0  # months of pay that finding and starting a person costs, unless stated


@dataclass(frozen=True)
class Returns:
    """Heads in, effective heads out, by role.

    Up to `supported` heads each adds a full head. Beyond, x heads are worth
    supported + w·(1 − exp(−(x − supported)/w)) with w = room × supported: the next head adds
    exp(−excess/w) of a full one, and no number of heads adds more than w.
    """

    supported: Floats
    room: Floats
    origin: tuple[str, ...]
    basis: str = ""

    def effective(self, heads: Floats, role: int) -> Floats:
        """Effective heads of a role (any shape)."""
        base, width = self.supported[role], max(self.room[role] * self.supported[role], 1e-9)
        excess = np.maximum(heads - base, 0.0)
        out: Floats = np.where(excess > 0, base - width * np.expm1(-excess / width), heads)
        return out

    def share(self, heads: Floats, role: int) -> Floats:
        """What a head of a role brings of what it would bring where all are supported, 0 to 1."""
        out: Floats = self.effective(heads, role) / np.maximum(heads, 1e-9)
        return out

    def marginal(self, heads: Floats, role: int) -> Floats:
        """What one more head adds, 0 to 1."""
        base, width = self.supported[role], max(self.room[role] * self.supported[role], 1e-9)
        out: Floats = np.exp(-np.maximum(heads - base, 0.0) / width)
        return out

    def override(self, name: str, numbers: Floats) -> Returns:
        """Stated supported heads or room; NaN keeps what is there."""
        stated = ~np.isnan(numbers)
        old = self.supported if name == "supported" else self.room
        origin = tuple("override" if s else o for s, o in zip(stated, self.origin, strict=True))
        new = np.where(stated, numbers, old)
        if name == "supported":
            return replace(self, supported=new, origin=origin)
        return replace(self, room=new, origin=origin)

    def table(self, roles: list[str]) -> pd.DataFrame:
        """Supported heads and what the next head adds at 0, 25, 50 and 100 percent beyond them."""
        frame = pd.DataFrame({"role": roles, "supported": self.supported, "room": self.room})
        for percent in (0, 25, 50, 100):
            beyond = [self.marginal(s * (1 + percent / 100), r) for r, s in enumerate(self.supported)]
            frame[f"next_head_at_{percent}"] = np.array(beyond, dtype=float)
        return frame.assign(origin=self.origin, basis=self.basis)


@dataclass(frozen=True)
class Economics:
    """Margin on bookings, and per role the loaded cost a month of a person and once of a hire.

    `pay` is loaded: with `overhead` (benefits, employer's taxes, tools, a share of the pay itself) on top.
    """

    margin: float
    pay: Floats
    hiring_cost: Floats
    origin: Mapping[str, str]
    overhead: float = 0.0

    def override(self, name: str, numbers: Floats) -> Economics:
        """Stated margin, pay, overhead or hiring cost; NaN keeps what is there."""
        origin = {**self.origin, name: "override"}
        if name == "margin":
            return replace(self, margin=float(numbers[0]), origin=origin)
        stated = ~np.isnan(numbers)
        if name in ("pay", "overhead"):
            overhead = float(numbers[0]) if name == "overhead" else self.overhead
            base = self.pay / (1.0 + self.overhead)
            pay = (np.where(stated, numbers, base) if name == "pay" else base) * (1.0 + overhead)
            cost = HIRING_MONTHS * pay if self.origin["hiring_cost"] == "assumed" else self.hiring_cost
            return replace(self, pay=pay, hiring_cost=cost, origin=origin, overhead=overhead)
        return replace(self, hiring_cost=np.where(stated, numbers, self.hiring_cost), origin=origin)

    def table(self, roles: list[str], currency: str) -> pd.DataFrame:
        """Loaded cost a month and cost of a hire by role, the margin, and where each comes from."""
        return pd.DataFrame(
            {
                "role": roles,
                "pay_per_month": [from_float(v, currency) for v in self.pay],
                "pay_origin": self.origin["pay"],
                "overhead": self.overhead,
                "hiring_cost": [from_float(v, currency) for v in self.hiring_cost],
                "hiring_cost_origin": self.origin["hiring_cost"],
                "margin": self.margin,
                "margin_origin": self.origin["margin"],
            }
        )


def learn_economics(tables: Tables, panel: Panel, level: Floats) -> Economics:
    """Margin from deals' cost, pay from people's pay (a year), else assumed and said so."""
    margin, margin_origin = MARGIN, "assumed"
    deals = tables.get("deals")
    if deals is not None and "cost" in deals.collect_schema().names():
        sums = reading.pandas_of(
            deals.filter((nw.col("outcome") == "won") & ~nw.col("cost").is_null()).select(
                nw.col("amount").sum().cast(nw.Float64), nw.col("cost").sum().cast(nw.Float64)
            )
        ).fillna(0.0)
        amount, cost = float(sums["amount"].iloc[0]), float(sums["cost"].iloc[0])
        if amount > 0 and 0 <= cost < amount:
            margin, margin_origin = 1.0 - cost / amount, "learned"
    known = panel.roster[panel.roster["present"]].groupby("role")["pay"].mean()
    year = np.array([float(known.get(role, np.nan)) for role in panel.roles])
    pay = np.where(np.isnan(year), PAY_SHARE * level, year / 12)
    origin = {
        "margin": margin_origin,
        "pay": "assumed" if np.isnan(year).any() else "learned",
        "hiring_cost": "assumed",
        "overhead": "assumed",
    }
    return Economics(margin, pay, HIRING_MONTHS * pay, origin)


def learn_returns(tables: Tables, panel: Panel, factor: Floats, seats: Floats) -> Returns:
    """Supported heads: today's team and open seats, times what potential and pipeline leave over.

    `seats` are open vacancies by role. The lesser of the two ratios counts where both are known,
    and never less than one: today's team is taken as supported.
    """
    roster = panel.roster
    here = (roster["present"] | roster["joining"]).to_numpy()
    team = np.bincount(
        panel.role[here], weights=(factor * roster["fte"].to_numpy())[here], minlength=len(panel.roles)
    )
    potential = uncovered_potential(tables, panel)[1]
    pipeline = _pipeline_ratio(tables, panel)
    known = [ratio for ratio in (potential, pipeline) if ratio is not None]
    ratio = max(1.0, min(known)) if known else 1.0
    parts = [f"potential {potential:.2f}" if potential is not None else "potential unknown"]
    parts.append(f"pipeline {pipeline:.2f}" if pipeline is not None else "pipeline unknown")
    supported = np.maximum((team + seats) * ratio, 1.0)
    origin = ("learned" if known else "declared",) * len(panel.roles)
    return Returns(
        supported, np.full(len(panel.roles), ROOM), origin, "times today's team: " + ", ".join(parts)
    )


def uncovered_potential(tables: Tables, panel: Panel) -> tuple[pd.DataFrame, float | None]:
    """Potential of units that nobody present holds, by territory, and all potential over covered.

    The frame has territory, potential and heads (at the potential a present holder carries); both
    are empty or ``None`` where units, assignments or their potential are not given.
    """
    nothing = pd.DataFrame({"territory": [], "potential": [], "heads": []})
    units, assignments = tables.get("units"), tables.get("assignments")
    if units is None or assignments is None:
        return nothing, None
    names = units.collect_schema().names()
    assigned = assignments.collect_schema().names()
    if "potential" not in names or "unit_id" not in names or "unit_id" not in assigned:
        return nothing, None
    place = next((name for name in ("territory", "region", "state") if name in names), None)
    unit = reading.pandas_of(units.select("unit_id", "potential", *([place] if place else [])))
    unit["potential"] = unit["potential"].astype(float).fillna(0.0)
    unit["territory"] = unit[place].astype("string").fillna("").astype(str) if place else "uncovered"
    day = pd.Timestamp(horizon_start(panel))
    rows = reading.pandas_of(assignments)
    for column, missing in (("valid_from", reading.LONG_AGO), ("valid_to", reading.FAR)):
        values = rows[column] if column in rows else pd.Series(pd.NaT, index=rows.index)
        rows[column] = pd.to_datetime(values).fillna(missing)
    present = set(panel.roster.loc[panel.roster["present"], "person_id"])
    active = rows[(rows["valid_from"] <= day) & (rows["valid_to"] > day)]
    active = active[active["person_id"].astype(str).isin(present)]
    covered = unit["unit_id"].isin(set(active["unit_id"]))
    total, covered_potential = unit["potential"].sum(), unit.loc[covered, "potential"].sum()
    if covered_potential <= 0:
        return nothing, None
    each = covered_potential / max(active["person_id"].nunique(), 1)
    open_units = unit[~covered].groupby("territory", as_index=False)["potential"].sum()
    open_units = open_units[open_units["potential"] > 0].sort_values("potential", ascending=False)
    open_units["heads"] = open_units["potential"] / each
    return open_units.reset_index(drop=True), float(total / covered_potential)


def _pipeline_ratio(tables: Tables, panel: Panel) -> float | None:
    """Deals created in the last twelve months × win rate, over deals won in them; 0.8 to 1.5."""
    deals = tables.get("deals")
    if deals is None or "created_on" not in deals.collect_schema().names() or len(panel.months) < 12:
        return None
    start, end = panel.months[-12].start, panel.months[-1].end
    created, closed = nw.col("created_on").cast(nw.Date), nw.col("closed_on").cast(nw.Date)
    recent = (closed >= start) & (closed < end)
    counts = reading.pandas_of(
        deals.select(
            ((created >= start) & (created < end)).cast(nw.Int64).sum().alias("created"),
            (recent & (nw.col("outcome") == "won")).cast(nw.Int64).sum().alias("won"),
            (recent & (nw.col("outcome") == "lost")).cast(nw.Int64).sum().alias("lost"),
        )
    ).fillna(0)
    new, won, lost = (float(counts[name].iloc[0]) for name in ("created", "won", "lost"))
    if won < 20 or lost < 1 or new < 1:
        return None
    return float(np.clip(new / (won + lost), 0.8, 1.5))
