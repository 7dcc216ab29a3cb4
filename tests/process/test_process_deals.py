"""Pushes, reasons and deals that are stuck: small tables with figures worked out by hand, and the demo."""

from datetime import date, datetime

import numpy as np
import pandas as pd
import pytest
from process_logs import STAGES, deal, row, tables

from salesops_nb import process
from salesops_nb.errors import SalesopsError
from salesops_nb.playbook import load_plays, plays_for


def change(name, at, old, new, field="expected_close_on"):
    return {"deal_id": name, "changed_at": datetime.fromisoformat(at), "field": field, "old": old, "new": new}


DEALS = [
    deal("A", "won", closed="2017-02-01"),
    deal("B", "lost", closed="2017-02-10"),
    deal("C"),
    deal("D", "lost", closed="2017-02-20"),
]
CHANGES = [
    change("A", "2017-01-10", "2017-01-31", "2017-01-20"),  # pulled in
    change("B", "2017-01-10", "2017-01-31", "2017-02-05"),
    change("B", "2017-01-20", "2017-02-05", "2017-02-15"),
    change("C", "2017-01-20", "2017-02-05", "soon"),
    change("C", "2017-01-21", "100", "200", "amount"),
    change("C", "2017-02-21", "2017-02-05", "2017-03-05"),  # after the day asked for
]
EVERYONE = np.ones(4, bool)


def test_a_push_is_a_later_day_and_nothing_else():
    made = {**tables(DEALS, []), "deal_changes": pd.DataFrame(CHANGES)}
    history = process.read(made, date(2017, 2, 20))
    found = process.pushes(history, made)
    assert found.times.tolist() == [0, 2, 0, 0]
    assert (found.days.tolist(), found.unread, found.source) == ([0, 15, 0, 0], 1, "deal_changes")
    costs = process.push_costs(history, found, EVERYONE).set_index("pushes")
    assert costs.loc[["0", "2+"], ["won", "lost"]].to_numpy().tolist() == [[1, 1], [0, 1]]
    assert costs.loc["2+", "put_off"] == 15


def test_snapshots_tell_pushes_where_no_log_does():
    kept = [("B", "2017-01-07", "2017-01-31"), ("B", "2017-01-14", "2017-02-05"),
            ("B", "2017-01-21", "2017-02-05"), ("C", "2017-01-14", "2017-02-05")]  # fmt: skip
    frame = pd.DataFrame(kept, columns=["deal_id", "as_of", "expected_close_on"])
    for column in ("as_of", "expected_close_on"):
        frame[column] = [date.fromisoformat(day) for day in frame[column]]
    made = {**tables(DEALS, []), "deal_snapshots": frame}
    found = process.pushes(process.read(made), made)
    assert (found.times.tolist(), found.source) == ([0, 1, 0, 0], "deal_snapshots")
    assert process.pushes(process.read(tables(DEALS, [])), tables(DEALS, [])).source == ""


def test_a_reason_stands_out_where_it_is_named_more_often_than_by_chance(demo):
    history = process.read(demo.tables, stages=demo.stages)
    lost = process.lost_deals(history, demo.tables, np.ones(len(history.deals), bool))
    assert len(lost) == 2473
    named = process.reasons(lost)
    assert (named["deals"].sum(), named.loc[named["reason"].isna(), "deals"].item()) == (2473, 297)
    found = process.standing_out(lost)[["by", "value", "reason"]].to_numpy().tolist()
    assert found == [["stage", "Proposal", "no decision"], ["segment", "retail", "price"]]
    rng = np.random.default_rng(0)
    mixed = lost.assign(reason=rng.permutation(lost["reason"]))
    assert len(process.standing_out(mixed)) <= 1


def test_a_deal_is_stuck_beyond_nine_in_ten():
    deals, rows = [], []
    for n in range(20):  # stays of 1 to 20 days in New, then won
        deals.append(deal(f"W{n:02}", "won", closed="2017-02-01"))
        rows += [
            row(f"W{n:02}", "New", "2017-01-02 00:00"),
            row(f"W{n:02}", "Won", f"2017-01-{3 + n:02} 00:00"),
        ]
    deals += [deal("S", next_step="call"), deal("F", created="2017-01-25")]
    rows += [row("S", "New", "2017-01-02 00:00"), row("F", "New", "2017-01-25 00:00")]
    made = tables(deals, rows)
    history = process.read(made, stages=STAGES)
    limit = process.limits(history).iloc[0]
    assert (
        limit["limit"] == 19
    )  # of 22, of which two are still there, one since 8 days: 14/22 × 2/13 are left after 19
    found = process.stuck(history, made, np.ones(22, bool))
    assert found[["deal_id", "days", "next_step"]].to_numpy().tolist() == [["S", 31.0, "call"]]


def test_without_history_the_oldest_are_stuck():
    deals = [deal(f"W{n:02}", "won", created="2017-01-01", closed=f"2017-01-{2 + n:02}") for n in range(20)]
    made = tables([*deals, deal("S", created="2016-12-01"), deal("F", created="2017-01-20")], [])
    history = process.read(made)
    assert process.stuck(history, made, np.ones(22, bool))["deal_id"].tolist() == ["S"]


PLAYBOOK = "plays:\n  - {name: One, causes: [time], do: X, measure: Y}\n"


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("  - {name: one, causes: [stuck], do: X, measure: Y}\n", "Two plays are called 'one'"),
        ("  - {name: Two, causes: [weather], do: X, measure: Y}\n", "weather"),
        ("  - {name: Two, causes: [], do: X, measure: Y}\n", "plays.1.causes"),
        ("  - {name: Two, causes: [time], do: X, mesure: Y}\n", "mesure"),
    ],
)
def test_a_playbook_that_is_wrong_says_where(tmp_path, more, said):
    (tmp_path / "playbook.yml").write_text(PLAYBOOK + more)
    with pytest.raises(SalesopsError, match="playbook") as error:
        load_plays(tmp_path)
    assert said in str(error.value)


def test_plays_of_a_stage_come_first(tmp_path):
    assert load_plays(tmp_path) == ()
    here = "  - {name: Two, causes: [time], stages: [Demo], do: X, measure: Y, review_after: 30}\n"
    (tmp_path / "playbook.yml").write_text(PLAYBOOK + here)
    plays = load_plays(tmp_path)
    assert [play.name for play in plays_for(plays, "time", "Demo")] == ["Two", "One"]
    assert [play.name for play in plays_for(plays, "time", "Offer")] == ["One"]
    assert plays_for(plays, "losses") == []
