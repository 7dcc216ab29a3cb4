"""Lines a person can read: short ids, two payees, amounts in whole currency."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pandas as pd

JAN, FEB, MAR = "2026-01", "2026-02", "2026-03"
DAY = date(2026, 1, 31)


def line(deal, payee, paid, period=JAN, /, **more):
    known = {
        "line_id": f"ae.1/{deal}/{period}",
        "period": period,
        "payee_id": payee,
        "plan_id": "ae",
        "plan_version": 1,
        "component_id": "base",
        "deal_id": deal,
        "event_id": f"{deal}:booked",
        "kind": "commission",
        "credit": Decimal(paid) * 10,
        "amount": Decimal(paid),
        "currency": "USD",
        "source_line_id": None,
        "happened_on": DAY,
    }
    return known | more


def frame(*rows):
    return pd.DataFrame(list(rows), columns=list(line("x", "y", "0")))
