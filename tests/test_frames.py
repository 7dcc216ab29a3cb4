"""The one gate to tables, whatever they are handed in as, and the one memo of what was worked out of them."""

from __future__ import annotations

import gc
import os
import pickle
import sys
import threading
import time
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import narwhals as nw
import pandas as pd
import pyarrow as pa
import pytest

from salesops_nb import commission, facts, open_workbook, performance
from salesops_nb.commission.inputs.tables import Tables as PayTables
from salesops_nb.core import frames
from salesops_nb.core import memo as limits
from salesops_nb.core.frames import Tables, collected, settled
from salesops_nb.core.memo import Memo
from salesops_nb.errors import SalesopsError

sys.path.insert(0, str(Path(__file__).parent / "bad_input"))

from small import write

DEALS = {
    "deal_id": ["d1", "d2", "d3"],
    "owner_id": ["ann", "bob", "ann"],
    "stage": ["Won", "Lost", "Open"],
    "outcome": ["won", "lost", "open"],
    "amount": [Decimal("100.10"), Decimal("30.20"), None],
    "created_on": [date(2017, 1, 2), date(2017, 1, 5), date(2017, 3, 1)],
    "closed_on": [date(2017, 2, 1), date(2017, 2, 3), None],
}
PEOPLE = {"person_id": ["ann", "bob"], "team": ["X", "Y"], "region": ["N", "S"]}


def relation(columns: dict[str, list[Any]]) -> duckdb.DuckDBPyRelation:
    return CONNECTION.from_arrow(pa.table(columns))


CONNECTION = duckdb.connect()
KINDS: dict[str, Any] = {
    "pandas": pd.DataFrame,
    "arrow": pa.table,
    "rows": lambda columns: pa.table(columns).to_pylist(),
    "duckdb": relation,
    "narwhals": lambda columns: nw.from_native(relation(columns)),
}


@pytest.mark.parametrize("deals", KINDS)
@pytest.mark.parametrize("people", KINDS)
def test_tables_of_any_two_kinds_join_and_say_the_same(deals: str, people: str) -> None:
    tables = {"deals": KINDS[deals](DEALS), "people": KINDS[people](PEOPLE)}
    closed = collected(facts.closed_deals(tables).sort("deal_id"))
    assert closed["team"].tolist() == ["X", "Y"]
    assert closed["value"].tolist() == [Decimal("100.1000"), Decimal("30.2000")]
    opened = collected(facts.open_deals(tables))
    assert opened["region"].tolist() == ["N"]


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "narwhals"])
def test_a_review_and_a_payout_take_a_plain_mapping_of_any_kind(kind: str) -> None:
    tables = {"deals": KINDS[kind](DEALS), "people": KINDS[kind](PEOPLE)}
    assert performance.review(tables, "2017-Q1").company["bookings"] == Decimal("100.10")
    plan = commission.load_plan(
        {"plan": {"id": "p", "version": 1, "currency": "USD", "period": "quarter",
                  "from": "2017-01-01", "to": "2017-12-31"},
         "credit": {"event": "booked"},
         "components": [{"id": "base", "measure": "credit", "scope": "each_transaction", "rate_pct": 10}]}
    )  # fmt: skip
    lines = commission.calculate(plan, {"deals": tables["deals"]}, "2017-Q1").lines
    assert lines["amount"].tolist() == [Decimal("10.01")]


@pytest.mark.parametrize("column", ["quantity", "product_id", "account_id", "amount", "created_on"])
@pytest.mark.parametrize("kind", ["pandas", "arrow", "rows"])
def test_a_column_of_nothing_is_as_good_as_none(kind: str, column: str) -> None:
    """An empty column of a table that comes out of pandas fits beside numbers, days and texts."""
    products = {"product_id": ["A"], "list_price": [Decimal(7)]}
    without = {name: values for name, values in DEALS.items() if name != column}
    empty = {**without, column: [None] * 3}
    there = {"amount", "created_on"} & set(DEALS)
    found = []
    for deals in (empty, empty if column in there else without):
        tables = {"deals": pd.DataFrame(deals), "products": pd.DataFrame(products)}
        if deals is empty:
            tables["deals"] = KINDS[kind](deals)
        found.append(collected(facts.closed_deals(tables).sort("deal_id")))
    assert found[0].equals(found[1])
    assert len(found[0]) == 2


COLUMNS: dict[str, tuple[list[Any], list[Any]]] = {
    "words among numbers": ([1, "x", None], ["1", "x", None]),
    "a text among days": ([date(2020, 1, 1), "2020-05-01", None], ["2020-01-01", "2020-05-01", None]),
    "days with gaps": ([date(2020, 1, 1), pd.NaT, None], [date(2020, 1, 1), None, None]),
    "decimals with gaps": ([Decimal("1.1"), None, float("nan")], [Decimal("1.1"), None, None]),
    "nothing at all": ([None, None, None], [None, None, None]),
    "instants": ([pd.Timestamp(2020, 1, 1, 10), None, None], [pd.Timestamp(2020, 1, 1, 10), None, None]),
}


@pytest.mark.parametrize("case", COLUMNS)
def test_a_column_of_any_kind_or_of_several_is_read(case: str) -> None:
    given, expected = COLUMNS[case]
    frame = pd.DataFrame({"other": [Decimal("1.5")] * 3, "odd": pd.Series(given, dtype=object)})
    read = Tables.of({"odd": frame})["odd"].collect("pyarrow").to_native().to_pydict()
    assert read == {"other": [Decimal("1.5")] * 3, "odd": expected}


@pytest.mark.parametrize("last", ["1365680.000000", "99999999999999.99", "0.0000000001"])
def test_decimals_are_read_whatever_the_first_thousands_look_like(last: str) -> None:
    frame = pd.DataFrame({"value": [Decimal("1.000000")] * 3_000 + [Decimal(last)]})
    total = collected(Tables.of({"units": frame})["units"].select(nw.col("value").sum()))["value"].iloc[0]
    assert total == 3_000 + Decimal(last)


@pytest.mark.parametrize(
    ("table", "code"),
    [
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), "duplicate-column"),
        (5, "not-a-table"),
        ("deals.csv", "not-a-table"),
        ([1, 2], "not-a-table"),
    ],
)
def test_what_is_no_table_is_named(table: Any, code: str) -> None:
    with pytest.raises(SalesopsError) as caught:
        Tables.of({"deals": table})["deals"]
    assert [(problem.code, problem.table) for problem in caught.value.problems] == [(code, "deals")]


def test_a_table_that_is_nothing_or_has_no_columns_is_not_there() -> None:
    tables = Tables.of({"deals": DEALS and pd.DataFrame(DEALS), "people": None, "accounts": pd.DataFrame()})
    assert list(tables) == ["deals"]
    assert tables.get("people") is None


@pytest.mark.parametrize("kind", [Tables, PayTables])
@pytest.mark.parametrize("first", ["pandas", "duckdb"])
def test_tables_beside_others_join_with_what_was_worked_out_before(kind: type[Tables], first: str) -> None:
    tables = kind.of({"deals": KINDS[first](DEALS), "people": KINDS["pandas"](PEOPLE)})
    known = settled(tables["deals"])
    other = tables.beside(people=pd.DataFrame({**PEOPLE, "team": ["Z", "Z"]}))
    joined = known.join(other["people"], left_on="owner_id", right_on="person_id")
    assert set(collected(joined)["team"]) == {"Z"}
    assert set(collected(tables["people"])["team"]) == {"X", "Y"}
    assert kind.of(tables) is tables
    assert type(other) is kind


def test_a_workbook_is_the_gate_itself_and_closing_it_forgets_everything(tmp_path: Path) -> None:
    workbook = open_workbook(write(tmp_path, {}))
    tables = workbook.tables
    assert Tables.of(tables) is tables
    assert [tables.once(("test", "answer"), lambda made=made: made) for made in (1, 2)] == [1, 1]
    pay = [PayTables.of(tables).once(("test", "answer"), lambda made=made: made) for made in (3, 4)]
    assert pay == [3, 3], "pay's tables are made anew and meet what was worked out, and nothing of others"
    other = open_workbook(workbook.folder)
    assert other.tables.once(("test", "answer"), lambda: 5) == 5
    workbook.close()
    assert workbook.memo.get((tables._stamp, "test", "answer")) is None
    with pytest.raises(duckdb.ConnectionException):
        workbook.connection.execute("SELECT 1")
    assert other.tables.once(("test", "answer"), lambda: 6) == 5


def test_a_frame_in_memory_joins_the_workbooks_own(tmp_path: Path) -> None:
    workbook = open_workbook(write(tmp_path, {}))
    mine = workbook.tables.beside(people=pd.DataFrame({"person_id": ["ann"], "team": ["X"], "region": ["N"]}))
    assert "team" in collected(facts.closed_deals(mine))
    assert "unassigned" in set(collected(facts.closed_deals(mine))["team"])


# -- the memo ---------------------------------------------------------------------------------


def test_what_was_used_longest_ago_goes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "LEAST", 1)
    monkeypatch.setattr(limits, "MOST_ROWS", 12)
    memo = Memo()
    for key in "abc":
        assert memo.once((key,), lambda key=key: key, rows=4) == key
    memo.once(("a",), lambda: "anew", rows=4)
    memo.once(("d",), lambda: "d", rows=len)
    assert [memo.get((key,)) for key in "abcd"] == [("a",), None, ("c",), ("d",)]
    memo.put(("large",), "large", rows=100)
    assert [memo.get((key,)) for key in ("a", "d", "large")] == [None, None, ("large",)]


def test_results_without_rows_are_bounded_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MOST_ROWS", 10 * limits.LEAST)
    memo = Memo()
    for number in range(100):
        memo.once((number,), lambda number=number: number)
    assert sum(memo.get((number,)) is not None for number in range(100)) == 10


def test_nothing_is_a_result_too_and_what_raises_is_none() -> None:
    memo, calls = Memo(), []
    for _ in range(2):
        assert memo.once(("nothing",), lambda: calls.append(1)) is None
    assert calls == [1]
    with pytest.raises(ZeroDivisionError):
        memo.once(("wrong",), lambda: 1 // 0)
    assert memo.get(("wrong",)) is None


def test_a_memo_travels_empty() -> None:
    memo = Memo()
    memo.put(("a",), threading.Lock())
    assert pickle.loads(pickle.dumps(memo)).get(("a",)) is None


def test_threads_may_share_a_memo(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MOST_ROWS", 20 * limits.LEAST)
    memo, wrong = Memo(), []

    def work(seed: int) -> None:
        for step in range(2_000):
            key = (seed * 7 + step * 13) % 50
            if memo.once((key,), lambda key=key: key) != key:
                wrong.append(key)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert not wrong


# -- frames computed once ---------------------------------------------------------------------


def test_the_file_of_a_large_frame_goes_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frames, "IN_MEMORY", 1)
    before = set(frames.scratch().iterdir())
    review = performance.review({"deals": pd.DataFrame(DEALS)}, "2017-Q1")
    made = set(frames.scratch().iterdir()) - before
    assert len(made) == 1
    assert review.people["bookings"].sum() == Decimal("100.10"), "it is there as long as who reads it"
    mother, (path,) = os.getpid(), made
    if pid := os.fork():
        os.waitpid(pid, 0)
    else:
        frames._remove(path, mother)  # what its copy of the frame does when it goes
        os._exit(0)
    assert set(frames.scratch().iterdir()) - before == made, "a forked child leaves its parent's alone"
    del review
    gc.collect()
    assert set(frames.scratch().iterdir()) == before


def test_a_frame_in_memory_leaves_no_file() -> None:
    before = set(frames.scratch().iterdir())
    tables = Tables.of({"deals": KINDS["duckdb"](DEALS), "people": KINDS["pandas"](PEOPLE)})
    assert len(collected(settled(tables["deals"]))) == 3
    assert len(collected(tables["people"])) == 2
    assert set(frames.scratch().iterdir()) == before


def test_computing_a_frame_is_ended_by_an_interrupt_of_the_workbooks_connection(tmp_path: Path) -> None:
    """What Cancel does: all that tables compute runs on the one connection that it interrupts."""
    workbook = open_workbook(write(tmp_path, {}))
    deals = workbook.tables["deals"].select("deal_id")
    many = deals
    for at in range(13):  # 4 rows to the 14th
        many = many.join(deals.rename({"deal_id": f"d{at}"}), how="cross")
    ended: list[BaseException] = []

    def compute() -> None:
        try:
            settled(many)
        except BaseException as error:
            ended.append(error)

    thread = threading.Thread(target=compute, daemon=True)
    thread.start()
    deadline = time.monotonic() + 60
    while thread.is_alive() and time.monotonic() < deadline:
        time.sleep(0.1)
        workbook.connection.interrupt()
    assert [type(error) for error in ended] == [duckdb.InterruptException]
    assert len(collected(workbook.tables["deals"])) == 4
