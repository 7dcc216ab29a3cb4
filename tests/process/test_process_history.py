"""What a log of stages may hold besides moves is taken out, counted and said."""

import pandas as pd
import pytest
from process_logs import STAGES, company, deal, row, tables

from salesops_nb import process
from salesops_nb.workbook import WorkingDays


def ways(found):
    """Each deal's stays: stage, days, where to."""
    names = (*found.stages, "won", "lost", "still")
    made = found.passes
    out = {}
    for at in range(len(made)):
        name = found.deals["deal_id"][made.deal[at]]
        out.setdefault(name, []).append((names[made.stage[at]], round(made.days[at], 3), names[made.to[at]]))
    return out


def read(deals, rows, **more):
    return process.read(tables(deals, rows), stages=STAGES, **more)


GO = [row("A", "New", "2017-01-02 00:00"), row("A", "Demo", "2017-01-04 12:00"),
      row("A", "Offer", "2017-01-10 12:00"), row("A", "Won", "2017-01-12 00:00")]  # fmt: skip
WON = deal("A", "won", closed="2017-01-12")
STRAIGHT = [("New", 2.5, "Demo"), ("Demo", 6.0, "Offer"), ("Offer", 1.5, "won")]


def test_moves_are_read_in_time_whatever_the_order_of_the_rows():
    for rows in (GO, GO[::-1], [GO[i] for i in (2, 0, 3, 1)]):
        found = read([WON], rows)
        assert ways(found) == {"A": STRAIGHT}
        assert found.stages == ("New", "Demo", "Offer")
        assert not any(found.aside.values())


TRAPS = {
    "saved-again": [row("A", "Demo", "2017-01-05 09:00"), row("A", "Demo", "2017-01-06 09:00")],
    "unknown-stage": [row("A", "Verbal", "2017-01-11 09:00")],
    "before-created": [row("A", "Offer", "2016-12-24 09:00")],
    "after-closed": [row("A", "Demo", "2017-01-20 09:00")],
    "one-instant": [row("A", "New", "2017-01-04 12:00")],
    "unknown-deal": [row("X", "Demo", "2017-01-05 09:00")],
}


@pytest.mark.parametrize("code", TRAPS)
def test_what_is_no_move_is_counted_and_changes_nothing(code):
    other, rows = deal("Z", created="2017-02-01"), [row("Z", "Offer", "2017-02-03 09:00")]
    found = read([WON, other], [*GO, *rows, *TRAPS[code]])
    assert ways(found)["A"] == STRAIGHT
    counted = {name: n for name, n in found.aside.items() if n and name != "saved-again"}
    assert found.aside[code] == len(TRAPS[code])
    assert set(counted) <= {code}

    assert any(f"{len(TRAPS[code])} row" in note.message for note in found.notes)


def test_a_deal_that_goes_back_and_is_opened_again():
    rows = [row("A", "New", "2017-01-02 00:00"), row("A", "Demo", "2017-01-04 00:00"),
            row("A", "New", "2017-01-05 00:00"), row("A", "Demo", "2017-01-07 00:00"),
            row("A", "Lost", "2017-01-08 00:00"), row("A", "Offer", "2017-01-10 00:00"),
            row("A", "Won", "2017-01-12 00:00")]  # fmt: skip
    found = read([WON], rows)
    assert ways(found)["A"] == [("New", 2, "Demo"), ("Demo", 1, "New"), ("New", 2, "Demo"),
                                ("Demo", 1, "lost"), ("Offer", 2, "won")]  # fmt: skip
    assert found.deals["reopened"].all()
    stints = process.stints(found)
    # from the first entry: New went on after 2 days, Demo after 6 (its loss was not the end), Offer after 2
    assert list(zip(stints.days, stints.end, strict=True)) == [(2, 1), (6, 1), (2, 1)]
    kinds = process.kinds(found, found.deals["reopened"].to_numpy()).set_index("kind")["deals"]
    assert kinds.to_dict() == {
        "left out": 0,
        "went back": 1,
        "went round": 1,
        "opened again": 1,
        "straight": 0,
    }


def test_open_deals_are_censored_and_closed_ones_without_a_closing_row_end_on_their_day():
    rows = [*GO[:3], row("B", "New", "2017-01-05 00:00")]
    found = read([WON, deal("B", created="2017-01-05")], rows)
    assert ways(found) == {"A": STRAIGHT, "B": [("New", 8.0, "still")]}  # fmt: skip
    assert found.aside["no-closing-row"] == 1
    assert process.stints(found).end.tolist() == [1, 1, 1, 0]


def test_an_earlier_day_knows_nothing_of_later_moves():
    from datetime import date

    found = read([WON, deal("B", created="2017-01-20")], GO, as_of=date(2017, 1, 5))
    assert ways(found) == {"A": [("New", 2.5, "Demo"), ("Demo", 1.5, "still")]}


def test_a_bulk_update_is_set_apart():
    made = company(3000, seed=3)
    history, still = made["stage_history"], made["deals"].query("outcome == 'open'")["deal_id"]
    last = history[history["deal_id"].isin(still)].drop_duplicates("deal_id", keep="last")
    moved = last[last["entered_at"] < "2017-12-20"].index[:60]
    history.loc[moved, ["entered_at", "by"]] = [pd.Timestamp("2017-12-20 16:00"), "boss"]
    found = process.read(made)
    assert found.aside["bulk"] == 60
    assert found.passes.began.sum() == 60
    apart = process.time_in_stage(found, found.passes.entered > 0)
    assert apart["apart"].sum() == found.passes.bulk.sum() >= 60
    assert process.read(company(3000, seed=3)).aside["bulk"] == 0


def test_stages_may_be_numbers_in_a_frame():
    rows = [{**each, "stage": at} for at, each in enumerate(GO[:3], start=1)]
    found = process.read(tables([WON], rows))
    assert found.stages == ("1", "2", "3")
    assert found.aside["no-closing-row"] == 1


def test_without_history_the_deals_are_still_there():
    found = process.read(tables([WON, deal("B")], []))
    assert (len(found.deals), len(found.passes), found.stages) == (2, 0, ())
    assert [note.code for note in found.notes] == ["no-stage-history"]


def test_creation_that_means_another_day_costs_no_rows(demo):
    found = process.read(demo.tables, stages=demo.stages)
    assert found.stages == ("Prospecting", "Qualify", "Demo", "Proposal", "Negotiation")
    assert {name: n for name, n in found.aside.items() if n} == {"bulk": 160}
    assert any("Most deals enter Prospecting before created_on" in note.message for note in found.notes)
    outcomes = found.deals["outcome"].value_counts().to_dict()
    assert outcomes == {"won": 4238, "lost": 2473, "open": 2089}
    assert (
        found.deals["value"].to_numpy()[(found.deals["outcome"] == "won").to_numpy()].sum()
        == 10_005_534 * 10_000
    )


def test_working_days_leave_out_weekends():
    rows = [row("A", "New", "2017-01-06 12:00"), row("A", "Demo", "2017-01-09 12:00"),
            row("A", "Offer", "2017-01-14 12:00"), row("A", "Won", "2017-01-16 06:00")]  # fmt: skip
    found = read([deal("A", "won", closed="2017-01-16")], rows)
    assert found.passes.working_days(WorkingDays().calendar).tolist() == [1.0, 4.5, 0.25]
    own = WorkingDays(weekend=["friday", "saturday"], holidays=["2017-01-10"]).calendar
    assert found.passes.working_days(own).tolist() == [1.5, 2.5, 1.25]
