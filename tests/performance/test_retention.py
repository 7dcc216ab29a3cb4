"""Net and gross revenue retention: by hand, and against a plain walk over days."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from salesops_nb import performance
from salesops_nb.core.periods import FiscalCalendar, months_later
from salesops_nb.performance.retention import retention

QUARTER = FiscalCalendar().period("2026-Q1")
LAST = date(2026, 3, 31)


def deals(*rows: tuple) -> pd.DataFrame:
    columns = ["account_id", "deal_type", "amount", "term_months", "closed_on", "product_id", "owner_id"]
    frame = pd.DataFrame([(*row, *[None, "p"][len(row) - 5 :]) for row in rows], columns=columns)
    frame["deal_id"] = [f"d{i}" for i in range(len(frame))]
    return frame.assign(stage="Won", outcome="won", created_on=date(2024, 1, 1))


def kept(frame: pd.DataFrame, amount_is="acv", until=LAST, **more):
    return retention({"deals": frame}, QUARTER, until, amount_is, **more)


OLD, IN = date(2025, 2, 1), date(2026, 1, 10)


@pytest.mark.parametrize(
    ("rows", "amount_is", "opening", "closing"),
    [
        # not renewed: lost on the day after its last
        ([("a", "new", "1200", 12, OLD)], "acv", "1200", "0"),
        # renewed early for less: from its closing on it stands alone
        ([("a", "new", "1200", 12, OLD), ("a", "renewal", "900", 12, IN)], "acv", "1200", "900"),
        # an expansion comes on top, for its own term
        ([("a", "new", "1200", 24, OLD), ("a", "expansion", "300", 12, IN)], "acv", "1200", "1500"),
        # two products: the renewal of one leaves the other
        ([("a", "new", "1000", 24, OLD, "x"), ("a", "new", "500", 24, OLD, "y"),
          ("a", "renewal", "400", 12, date(2026, 2, 1), "y")], "acv", "1500", "1400"),
        # a total of three years is a third a year
        ([("a", "new", "1000", 36, OLD)], "tcv", "333.33", "333.33"),
        # a customer who came in the period is none of its start
        ([("a", "new", "1200", 24, OLD), ("b", "new", "700", 12, date(2026, 1, 5))], "arr", "1200", "1200"),
    ],
)  # fmt: skip
def test_by_hand(rows, amount_is, opening, closing):
    found = kept(deals(*rows), amount_is)
    assert (found.opening, found.closing) == (Decimal(opening), Decimal(closing))
    assert found.opening - found.lost - found.reduced + found.grown == found.closing
    assert found.gross <= 1
    assert found.net == pytest.approx(float(Decimal(closing) / Decimal(opening)))


def test_where_it_cannot_be_said_it_is_not():
    frame = deals(("a", "new", "1200", 24, OLD))
    assert kept(frame, None) is None
    assert kept(frame, "one-off") is None
    assert retention({"deals": frame.drop(columns="term_months")}, QUARTER, LAST, "acv") is None
    assert kept(deals(("a", "new", "1200", 12, date(2026, 2, 1)))) is None


def test_a_day_in_the_period_knows_nothing_of_later():
    rows = deals(("a", "new", "1200", 24, OLD), ("a", "renewal", "900", 24, date(2026, 3, 1)))
    assert kept(rows, until=date(2026, 2, 15)).closing == 1200
    assert kept(rows).closing == 900


def test_a_deal_without_account_or_term_is_counted():
    found = kept(
        deals(("a", "new", "1200", 24, OLD), (None, "new", "10", 12, OLD), ("c", "new", "10", None, OLD))
    )
    assert found.without_term == 2
    assert found.opening == 1200


def test_a_rep_has_the_customers_he_won():
    rows = deals(("a", "new", "1200", 24, OLD, None, "p"), ("b", "new", "700", 24, OLD, None, "q"))
    people = pd.DataFrame({"person_id": ["p", "q"], "name": ["Pia", "Quin"], "role": "rep", "team": "t"})
    found = retention({"deals": rows, "people": people}, QUARTER, LAST, "acv", "rep", "Quin")
    assert found.opening == 700


@pytest.mark.parametrize("seed", range(5))
def test_many_accounts_agree_with_a_walk_over_each_contract(seed):
    rng = np.random.default_rng(seed)
    first = date(2024, 1, 1).toordinal()
    rows = [
        (f"a{rng.integers(40)}", rng.choice(["new", "expansion", "renewal"]), str(rng.integers(100, 9000)),
         int(rng.choice([1, 12, 24])), date.fromordinal(first + int(rng.integers(820))))
        for _ in range(300)
    ]  # fmt: skip
    frame = deals(*rows).sort_values(["closed_on", "deal_id"])
    found = kept(frame)

    def worth(account: str, day: date) -> Decimal:
        total = Decimal(0)
        own = frame[(frame["account_id"] == account) & (frame["closed_on"] <= day)]
        renewed = [i for i, kind in enumerate(own["deal_type"]) if kind == "renewal"]
        own = own.iloc[renewed[-1] :] if renewed else own
        for row in own.itertuples():
            if day < months_later(row.closed_on, row.term_months):
                total += Decimal(row.amount)
        return total

    opening = {a: worth(a, date(2025, 12, 31)) for a in frame["account_id"].unique()}
    there = [a for a, value in opening.items() if value]
    assert found.opening == sum(opening.values())
    assert found.closing == sum(worth(a, LAST) for a in there)
    assert len(found.accounts) == len(there)


def test_types_of_deals_stand_apart_and_add_up():
    frame = pd.concat([
        deals(*[("a", "new", "100", 12, IN)] * 3, *[("a", "renewal", "50", 12, IN)] * 4),
        deals(*[("b", "new", "100", 12, date(2026, 1, 7))] * 2).assign(outcome="lost", stage="Lost"),
    ])  # fmt: skip
    frame["deal_id"] = [f"x{i}" for i in range(len(frame))]
    review = performance.review({"deals": frame}, QUARTER, LAST)
    table = review.types
    assert table["bookings"].to_dict() == {"new": 300, "renewal": 200}
    assert table["win_rate"].to_dict() == {"new": 0.6, "renewal": 1.0}
    assert sum(table["bookings"]) == review.company["bookings"]
    one = performance.review({"deals": frame[frame["deal_type"] == "new"]}, QUARTER, LAST)
    assert one.types.empty
