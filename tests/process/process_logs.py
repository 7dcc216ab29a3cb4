"""Logs of stages for tests: small ones that are written out, and the tables of a company of known ways."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import numpy as np
import pandas as pd

STAGES = {"New": "open", "Demo": "open", "Offer": "open", "Won": "won", "Lost": "lost"}


def deal(name: str, outcome: str = "open", created: str = "2017-01-02", closed: str | None = None, **more):
    stage = {"won": "Won", "lost": "Lost", "open": "New"}[outcome]
    return {"deal_id": name, "owner_id": "p1", "stage": stage, "outcome": outcome, "amount": 100,
            "created_on": date.fromisoformat(created),
            "closed_on": date.fromisoformat(closed) if closed else None, **more}  # fmt: skip


def row(name: str, stage: str, at: str, by: str = "p1"):
    return {"deal_id": name, "stage": stage, "entered_at": datetime.fromisoformat(at), "by": by}


def tables(deals: list[dict], rows: list[dict]) -> dict[str, pd.DataFrame]:
    made = {"deals": pd.DataFrame(deals)}
    if rows:
        made["stage_history"] = pd.DataFrame(rows)
    return made


def company(deals: int, seed: int = 0, teams: int = 3, days: int = 360, slow: float = 1.0, weak: float = 1.0,
            sellers: int = 4):  # fmt: skip
    """Deals of teams that go through three stages; team 0 is slow, or weak, in Demo by that factor."""
    rng = np.random.default_rng(seed)
    start = datetime.fromisoformat("2017-01-01")
    made, rows = [], []
    for number in range(deals):
        team = number % teams
        seller = f"p{team}" if sellers == 1 else f"p{team}.{number // teams % sellers}"
        at = start + timedelta(days=float(rng.uniform(0, days)))
        name, outcome, closed, begun = f"D{number:05}", "open", None, at
        for stage, go, stay in (("New", 0.8, 8), ("Demo", 0.7, 12), ("Offer", 0.65, 10)):
            rows.append(row(name, stage, at.isoformat(), seller))
            weakened = weak if team == 0 and stage == "Demo" else 1.0
            at += timedelta(
                days=float(rng.exponential(stay)) * (slow if team == 0 and stage == "Demo" else 1)
            )
            if at >= start + timedelta(days=days):
                break
            if rng.random() >= go * weakened or stage == "Offer":
                outcome = "won" if stage == "Offer" and rng.random() < 0.65 else "lost"
                rows.append(row(name, outcome.capitalize(), at.isoformat(), seller))
                closed = at.date().isoformat()
                break
        made.append(deal(name, outcome, begun.date().isoformat(), closed, owner_id=seller))
    people = [{"person_id": name, "name": name.upper(), "role": "rep", "team": f"T{name[1:].split('.')[0]}"}
              for name in sorted({deal["owner_id"] for deal in made})]  # fmt: skip
    return {**tables(made, rows), "people": pd.DataFrame(people)}
