"""The bridge by product: volume, mix and price of each, worked out by hand, adding up to the cent."""

from datetime import date
from decimal import Decimal

import pandas as pd
import pytest

from salesops_nb import performance
from salesops_nb.notebook import performance_review as show

Q1, Q2 = date(2024, 1, 15), date(2024, 5, 1)
# product, day, quantity, amount: A 10 → 20 units at 10 → 11, B 10 → 10 at 30, C is new, D is gone
DEALS = (
    ("A", Q1, 4, 40), ("A", Q1, 6, 60), ("B", Q1, 10, 300), ("D", Q1, 1, 7),
    ("A", Q2, 20, 220), ("B", Q2, 5, 150), ("B", Q2, 5, 150), ("C", Q2, 2, 50),
)  # fmt: skip


def review(deals, names: dict[str, str] | None = None):
    rows = [
        (f"d{n}", "ana", "Won", "won", None if amount is None else Decimal(amount), day, day, product,
         None if many is None else Decimal(many))
        for n, (product, day, many, amount) in enumerate(deals)
    ]  # fmt: skip
    columns = ["deal_id", "owner_id", "stage", "outcome", "amount", "created_on", "closed_on", "product_id",
               "quantity"]  # fmt: skip
    known = sorted({deal[0] for deal in deals})
    products = pd.DataFrame({"product_id": known, "name": [(names or {}).get(p, p) for p in known]})
    return performance.review(
        {"deals": pd.DataFrame(rows, columns=columns), "products": products}, "2024-Q2", date(2024, 6, 30)
    )


def parts(found) -> dict[str, tuple[Decimal, ...]]:
    lines = found.bridged.lines.set_index("product_id")[["volume", "mix", "price", "new_and_lost"]]
    return {str(row[0]): tuple(row[1:]) for row in lines.itertuples()}


def test_where_all_deals_have_a_quantity_units_are_counted():
    """20 units of A and B became 30: half as many again would be 50 and 150 more, at the old shares."""
    found = review(DEALS)
    assert found.bridged.units == "quantity"
    assert parts(found) == {
        "A": (50, 50, 20, 0), "B": (150, -150, 0, 0), "C": (0, 0, 0, 50), "D": (0, 0, 0, -7),
    }  # fmt: skip
    steps = dict(zip(found.bridge["step"], found.bridge["amount"], strict=True))
    assert steps == {
        "2024-Q1": 407, "Volume": 200, "Mix": -100, "Price": 20, "Products new or gone": 43,
        "This period": 570,
    }  # fmt: skip


@pytest.mark.parametrize("without", [0, 4], ids=["before", "after"])
def test_where_one_has_none_each_deal_counts_as_one(without):
    """A: 2 deals → 1, B: 1 → 2; 3 deals stay 3, so there is no volume. A deal of A cost 50, of B 300."""
    deals = list(DEALS)
    product, day, _, amount = deals[without]
    deals[without] = (product, day, None, amount)
    found = review(deals)
    assert found.bridged.units == "deals"
    assert parts(found) == {
        "A": (0, -50, 170, 0), "B": (0, 300, -300, 0), "C": (0, 0, 0, 50), "D": (0, 0, 0, -7),
    }  # fmt: skip


def test_a_deal_without_an_amount_needs_no_quantity():
    found = review([*DEALS, ("A", Q2, None, None), ("A", Q2, 90, None)])
    assert found.bridged.units == "quantity"
    assert parts(found)["A"] == (50, 50, 20, 0)


def test_parts_that_do_not_come_out_even_add_up_to_the_cent():
    """Thirds of cents, and a fraction of a unit."""
    deals = [
        ("A", Q1, "3", "100.01"),
        ("B", Q1, "7.5", "33.33"),
        ("A", Q2, "1", "77.77"),
        ("B", Q2, "9", "10"),
    ]
    found = review(deals)
    lines = found.bridged.lines
    for row in lines.itertuples():
        change = row.bookings - row.compared_bookings
        assert row.volume + row.mix + row.price + row.new_and_lost == change
        assert row.volume == row.volume.quantize(Decimal("0.01"))
    steps = found.bridge["amount"]
    assert sum(steps.iloc[1:-1]) == steps.iloc[-1] - steps.iloc[0] == Decimal("87.77") - Decimal("133.34")
    # 10.5 units became 10: A would be down by 100.01 · 0.5 ÷ 10.5
    assert lines.set_index("product_id").at["A", "volume"] == Decimal("-4.76")


def test_the_page_shows_the_lines_with_their_sums_and_says_what_is_counted(capsys):
    show.bridge(review(DEALS, {"A": "Anvils"}))
    said = capsys.readouterr().out
    assert "Anvils | $100.00 | $50.00 | $50.00 | $20.00 | $0.00 | $220.00" in said
    assert "Total | $407.00 | $200.00 | −$100.00 | $20.00 | $43.00 | $570.00" in said
    against_target = performance.review({"deals": pd.DataFrame(
        {"deal_id": ["a"], "owner_id": "x", "stage": "Won", "outcome": "won", "amount": [Decimal(3)],
         "created_on": [Q2], "closed_on": [Q2]})}, "2024-Q2", compare_to="target")  # fmt: skip
    assert against_target.bridged.lines.empty
