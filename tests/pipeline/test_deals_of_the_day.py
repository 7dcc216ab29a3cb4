"""Open deals of an earlier day are as they were then, and what nobody knows of that day is said."""

from datetime import date
from decimal import Decimal

import pandas as pd
import pyarrow as pa
import pytest
from histories import FIRST, LAST, days, deals, exported, log, typed
from hypothesis import given, settings

from salesops_nb import facts
from salesops_nb.core.frames import collected

QUICK = settings(max_examples=25)


def opened(tables, day):
    rows = collected(facts.open_deals(tables, day)).sort_values("deal_id")
    return {
        row.deal_id: (row.stage, row.owner_id, row.team, row.amount, row.expected_close_on)
        for row in rows.astype(object).where(rows.notna(), None).itertuples()
    }


def _amount(deal, state):
    """What the deal stood for; the zero of one that is lost later is the loss's, and nobody knows it."""
    if state.amount is None or (state.amount == 0 and deal.on(LAST).outcome == "lost"):
        return None
    return state.amount.quantize(Decimal("0.0001"))


@QUICK
@given(deals(), days)
def test_the_log_gives_back_what_was_true_on_any_day(found, day):
    tables = {**exported(found, LAST), "deal_changes": log(found, LAST)}
    teams = {"ana": "North", "ben": "North", "cho": "South"}
    true = {
        deal.deal_id: (state.stage, state.owner_id, teams[state.owner_id], _amount(deal, state),
                       state.expected_close_on)
        for deal in found
        if (state := deal.on(day)) is not None and state.outcome == "open"
    }  # fmt: skip
    assert opened(tables, day) == true


def one_deal(**changes):
    """A deal created in January and won on 10 April, with the log's rows given."""
    deal = {"deal_id": "D1", "owner_id": "ben", "stage": "Won", "outcome": "won", "amount": Decimal(80)}
    dates = {"created_on": date(2026, 1, 5), "closed_on": date(2026, 4, 10), "expected_close_on": None}
    frame = pd.DataFrame({name: [value] for name, value in deal.items()})
    for name, value in dates.items():
        frame[name] = typed([value], pa.date32())
    frame["amount"] = typed([Decimal(80)], pa.decimal128(18, 4))
    return {"deals": frame, **changes}


def changes(*rows):
    columns = list(zip(*rows, strict=True))
    names = ("deal_id", "changed_at", "field", "old", "new")
    kinds = (pa.string(), pa.timestamp("us"), pa.string(), pa.string(), pa.string())
    return pd.DataFrame({n: typed(list(c), k) for n, c, k in zip(names, columns, kinds, strict=True)})


def test_stages_come_from_the_history_of_stages_where_no_change_was_logged():
    history = pd.DataFrame(
        {
            "deal_id": ["D1"] * 3,
            "stage": ["Talk", "Offer", "Won"],
            "entered_at": typed([pd.Timestamp(2026, m, d) for m, d in ((1, 2), (2, 1), (4, 10))],
                                pa.timestamp("us")),
        }
    )  # fmt: skip
    tables = one_deal(stage_history=history)
    assert [opened(tables, date(2026, m, 20))["D1"][0] for m in (1, 2, 3)] == ["Talk", "Offer", "Offer"]
    early = collected(facts.open_deals(tables, date(2026, 1, 3)))  # in a stage before it was created
    assert early["stage"].tolist() == ["Talk"]
    assert early["created_on"].isna().all()
    assert not opened(tables, date(2026, 1, 1))
    [found] = facts.not_of_the_day(tables, date(2026, 2, 20))
    assert found.message.endswith("owner_id, expected_close_on, amount.")


def test_without_a_log_it_is_said_that_fields_are_todays():
    [found] = facts.not_of_the_day(one_deal(), FIRST)
    assert "stage, owner_id, expected_close_on, amount" in found.message
    assert facts.not_of_the_day(one_deal(), LAST) == []


@pytest.mark.parametrize(
    ("field", "old"),
    [("amount", "about 70"), ("amount", "1e3"), ("expected_close_on", "soon"),
     ("expected_close_on", "2026-02-30"), ("expected_close_on", "2025-02-29")],
)  # fmt: skip
def test_a_change_that_cannot_be_read_leaves_todays_value_and_is_said(field, old):
    rows = [("D1", pd.Timestamp(2026, 4, 1), name, "x" if name in ("stage", "owner_id") else None, "y")
            for name in ("stage", "owner_id", "amount", "expected_close_on") if name != field]  # fmt: skip
    tables = one_deal(deal_changes=changes(("D1", pd.Timestamp(2026, 4, 1), field, old, "y"), *rows))
    row = collected(facts.open_deals(tables, date(2026, 3, 1))).iloc[0]
    assert row["amount"] == Decimal(80) if field == "amount" else pd.isna(row["expected_close_on"])
    [found] = facts.not_of_the_day(tables, date(2026, 3, 1))
    assert found.message.startswith("1 change after 2026-03-01 has an earlier value that is no amount or day")


def test_a_leap_day_is_a_day():
    tables = one_deal(
        deal_changes=changes(("D1", pd.Timestamp(2026, 4, 1), "expected_close_on", "2024-02-29", "y"))
    )
    assert opened(tables, date(2026, 3, 1))["D1"][4] == date(2024, 2, 29)


def test_the_amount_of_a_deal_in_another_currency_stays_and_is_said():
    tables = one_deal(deal_changes=changes(("D1", pd.Timestamp(2026, 4, 1), "amount", "50", "40")))
    tables["deals"] = tables["deals"].assign(currency="EUR", currency_original="USD")
    assert opened(tables, date(2026, 3, 1))["D1"][3] == Decimal(80)
    said = [found.code for found in facts.not_of_the_day(tables, date(2026, 3, 1))]
    assert said == ["not-of-the-day", "not-of-the-day"]


def test_the_zero_of_a_deal_lost_later_is_no_amount_of_an_earlier_day():
    tables = one_deal()
    tables["deals"]["outcome"] = "lost"
    tables["deals"]["amount"] = typed([Decimal(0)], pa.decimal128(18, 4))
    assert pd.isna(opened(tables, date(2026, 3, 1))["D1"][3])
