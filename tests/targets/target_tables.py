"""Small companies whose targets are worked out by hand."""

from datetime import date
from decimal import Decimal

import pandas as pd

from salesops_nb.core.periods import FiscalCalendar

CALENDAR = FiscalCalendar()
RATES = {"Ada": 30_000, "Bo": 20_000, "Cy": 10_000, "Di": 40_000}
TEAMS = {"Ada": "North", "Bo": "North", "Cy": "South", "Di": "South", "Eve": "South"}


def deals(months=24, rates=RATES, first=(2016, 1)):
    """One won deal a rep and month on the 15th, the same amount each month, none before."""
    rows = []
    for m in range(months):
        year, month = first[0] + (first[1] - 1 + m) // 12, (first[1] - 1 + m) % 12 + 1
        for who, amount in rates.items():
            for day in (1, 28):
                rows.append((who, "won", Decimal(amount) / 2, date(year, month, 1), date(year, month, day)))
    return pd.DataFrame(rows, columns=["owner_id", "outcome", "amount", "created_on", "closed_on"])


def people(**changes):
    rows = [
        {
            "person_id": who, "name": who, "role": "rep", "team": TEAMS[who], "region": "All",
            "hired_on": date(2010, 1, 1), "left_on": None, "fte": 1.0,
        }
        for who in (*RATES, *(["Eve"] if "Eve" in changes else []))
    ]  # fmt: skip
    for row in rows:
        row.update(changes.get(row["person_id"], {}))
    return pd.DataFrame(rows)


def tables(**more):
    return {"deals": deals(), "people": people(), **more}
