"""Every way of changing the ledger behind its back is found, and the first bad entry named."""

from __future__ import annotations

import random
from datetime import date

import pytest
from pay_lines import JAN, frame, line
from sqlalchemy import delete, insert, select, update

from salesops_nb.errors import SalesopsError
from salesops_nb.store.ledger import ledger
from salesops_nb.store.ledger.chain import append, entries, entry_hash, head, writing

ON = date(2026, 2, 3)
N = 8


@pytest.fixture
def filled(store):
    lines = frame(*(line(f"D{i}", "ann", f"{i}.50") for i in range(5)))
    ledger.post(store, lines, JAN, author="cal", on=ON)
    ledger.review(store, JAN, by="rev", on=ON)
    ledger.approve(store, JAN, by="cfo", on=ON)
    assert ledger.verify(store) == []
    return store


def first_bad(store, **more):
    problems = ledger.verify(store, **more)
    assert problems
    return int(problems[0].value)


def rows(store):
    with store.connect() as connection:
        return [row._asdict() for row in connection.execute(select(entries).order_by(entries.c.seq))]


@pytest.mark.parametrize("column", [column.name for column in entries.columns if column.name != "seq"])
@pytest.mark.parametrize("seq", [1, N])
def test_an_edited_column(filled, column, seq):
    old = rows(filled)[seq - 1][column]
    if column == "amount_minor":
        new = (old or 0) + 1
    elif column.endswith("hash"):
        new = "f" * 64
    else:
        new = (old or "") + " "
    with filled.begin() as connection:
        connection.execute(update(entries).where(entries.c.seq == seq).values({column: new}))
    assert first_bad(filled) == seq


def test_an_empty_text_is_not_a_missing_one(filled):
    with filled.begin() as connection:
        connection.execute(update(entries).where(entries.c.seq == 2).values(source_line_id=""))
    assert first_bad(filled) == 2


@pytest.mark.parametrize("gone", [[1], [3], [N], [N - 1, N], list(range(1, N + 1))])
def test_deleted_entries(filled, gone):
    with filled.begin() as connection:
        connection.execute(delete(entries).where(entries.c.seq.in_(gone)))
    assert first_bad(filled) == gone[0]


def test_an_inserted_entry_at_the_end(filled):
    last = rows(filled)[-1]
    new = last | {"seq": N + 1, "previous_hash": last["hash"], "amount_minor": 999}
    new["hash"] = entry_hash(new["previous_hash"], new)
    with filled.begin() as connection:
        connection.execute(insert(entries).values(new))
    assert first_bad(filled) == N + 1


def test_an_inserted_entry_in_the_middle(filled):
    old = rows(filled)
    new = old[3] | {"previous_hash": old[2]["hash"], "amount_minor": 999}
    new["hash"] = entry_hash(new["previous_hash"], new)
    with filled.begin() as connection:
        connection.execute(delete(entries).where(entries.c.seq >= 4))
        shifted = [row | {"seq": row["seq"] + 1} for row in old[3:]]
        shifted[0]["previous_hash"] = new["hash"]
        connection.execute(insert(entries), [new, *shifted])
    assert first_bad(filled) == 5


def test_an_inserted_entry_with_a_strange_number(filled):
    new = rows(filled)[0] | {"seq": -1, "previous_hash": "a", "hash": "b"}
    with filled.begin() as connection:
        connection.execute(insert(entries).values(new))
    assert first_bad(filled) == -1


def test_reordered_entries(filled):
    with filled.begin() as connection:
        for old, new in ((3, 100), (4, 3), (100, 4)):
            connection.execute(update(entries).where(entries.c.seq == old).values(seq=new))
    assert first_bad(filled) == 3


@pytest.mark.parametrize("values", [{"length": N - 1}, {"length": N + 1}, {"hash": "0" * 64}, {"id": 2}])
def test_a_changed_head(filled, values):
    with filled.begin() as connection:
        connection.execute(update(head).values(values))
    assert ledger.verify(filled)


def test_a_missing_head(filled):
    with filled.begin() as connection:
        connection.execute(delete(head))
    assert ledger.verify(filled)
    with pytest.raises(SalesopsError, match="broken"):
        ledger.post(filled, frame(line("N", "ann", "1")), JAN, author="cal", on=ON)


def test_nothing_is_added_to_a_ledger_whose_end_was_cut(filled):
    with filled.begin() as connection:
        connection.execute(delete(entries).where(entries.c.seq == N))
    with pytest.raises(SalesopsError, match="broken"), writing(filled) as connection:
        append(connection, [])


def rewrite(store, seq):
    """What only somebody with full write access can do: every hash and the head made to fit."""
    changed = rows(store)
    changed[seq - 1]["amount_minor"] = 1
    last = changed[seq - 2]["hash"] if seq > 1 else "0" * 64
    for row in changed[seq - 1 :]:
        row["previous_hash"] = last
        row["hash"] = last = entry_hash(last, row)
    with store.begin() as connection:
        connection.execute(delete(entries))
        connection.execute(insert(entries), changed)
        connection.execute(update(head).values(hash=last))


def test_a_whole_rewrite_is_found_by_an_anchor_kept_elsewhere_only(filled):
    anchor = ledger.anchor(filled)
    assert ledger.verify(filled, [anchor]) == []
    rewrite(filled, 3)
    assert ledger.verify(filled) == []
    assert first_bad(filled, anchors=[anchor]) == N


def test_an_anchor_stays_good_as_the_ledger_grows(filled):
    anchors = [f"0:{'0' * 64}", ledger.anchor(filled)]
    ledger.post(filled, frame(line("N", "bob", "1")), JAN, author="cal", on=ON)
    assert ledger.verify(filled, anchors) == []


def test_an_anchor_finds_a_cut_end(filled):
    anchor = ledger.anchor(filled)
    with filled.begin() as connection:
        connection.execute(delete(entries).where(entries.c.seq == N))
        connection.execute(update(head).values(length=N - 1, hash=rows(filled)[N - 2]["hash"]))
    assert ledger.verify(filled) == []
    assert first_bad(filled, anchors=[anchor]) == N


@pytest.mark.parametrize("text", ["", "12", "12:xyz", "-1:" + "0" * 64])
def test_a_malformed_anchor_is_refused(sqlite_store, text):
    with pytest.raises(SalesopsError, match="anchor"):
        ledger.verify(sqlite_store, [text])


def test_random_edits_are_always_found(sqlite_store):
    lines = frame(*(line(f"D{i}", "ann", f"{i}.50") for i in range(40)))
    ledger.post(sqlite_store, lines, JAN, author="cal", on=ON)
    chance = random.Random(4)
    names = [column.name for column in entries.columns if column.name != "seq"]
    for _ in range(40):
        seq, column = chance.randint(1, 40), chance.choice(names)
        old = rows(sqlite_store)[seq - 1][column]
        new = chance.choice([old + 1, -old - 1]) if isinstance(old, int) else f"{old}{chance.choice('x0 ')}"
        with sqlite_store.begin() as connection:
            connection.execute(update(entries).where(entries.c.seq == seq).values({column: new}))
        assert first_bad(sqlite_store) == seq
        with sqlite_store.begin() as connection:
            connection.execute(update(entries).where(entries.c.seq == seq).values({column: old}))
    assert ledger.verify(sqlite_store) == []
