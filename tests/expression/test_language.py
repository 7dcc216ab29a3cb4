"""The one language of conditions: what it says in frames, in rows and in a database, and what it refuses."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import duckdb
import narwhals as nw
import pytest
from sqlalchemy import (
    Boolean,
    Column,
    Date,
    Float,
    Integer,
    MetaData,
    Numeric,
    String,
    Table,
    create_engine,
    select,
)

from salesops_nb.errors import SalesopsError
from salesops_nb.expression import columns_of, condition, holds, parse
from salesops_nb.expression.database import where

NAMES = ("id", "stage", "amount", "day", "gone", "Close Date")
ROWS: list[dict[str, Any]] = [
    dict(zip(NAMES, row, strict=True))
    for row in (
        (1, "Won", Decimal("100.00"), date(2017, 1, 31), False, "a"),
        (2, "Lost", Decimal("250.50"), date(2017, 2, 1), True, "it's"),
        (3, None, None, None, None, None),
        (4, "", Decimal("-3.10"), date(2016, 12, 31), False, 'a "b"'),
        (5, "Won again", Decimal("0.00"), date(2018, 1, 1), True, "%_"),
    )
]

# a condition and the ids of the rows that it keeps
KEPT: list[tuple[str, list[int]]] = [
    ("stage == 'Won'", [1]),
    ("stage = 'Won'", [1]),
    ('stage = "Won"', [1]),
    ("'Won' = stage", [1]),
    ('"stage" = \'Won\'', [1]),
    ("`stage` = 'Won'", [1]),
    ("stage != 'Won'", [2, 3, 4, 5]),
    ("stage <> 'Won'", [2, 3, 4, 5]),
    ("NOT stage = 'Won'", [2, 3, 4, 5]),
    ("not not stage = 'Won'", [1]),
    ("stage in ('Won', 'Lost')", [1, 2]),
    ("stage IN ['Won', \"Lost\",]", [1, 2]),
    ("stage not in ('Won', 'Lost')", [3, 4, 5]),
    ("stage in ('Won', null)", [1, 3, 4]),
    ("stage not in ('Won', null)", [2, 5]),
    ("stage is null", [3, 4]),
    ("stage = ''", [3, 4]),
    ("stage == none", [3, 4]),
    ("stage is not null", [1, 2, 5]),
    ("stage != ''", [1, 2, 5]),
    ("amount is null", [3]),
    ("amount > 100", [2]),
    ("amount >= 100.00", [1, 2]),
    ("amount < -3", [4]),
    ("0 < amount <= 100", [1]),
    ("id > 2.5 and id != 4 and id in (3, 4, 5)", [3, 5]),
    ("(amount) > 1_00", [2]),
    ("amount = 250.5", [2]),
    ("amount != 0", [1, 2, 3, 4]),
    ("day >= '2017-01-31' and day < '2018-01-01'", [1, 2]),
    ("gone", [2, 5]),
    ("not gone", [1, 3, 4]),
    ("gone = true", [2, 5]),
    ("gone is false", [1, 4]),
    ("starts_with(stage, 'Won')", [1, 5]),
    ("ends_with(stage, 'again')", [5]),
    ("contains(`Close Date`, '%')", [5]),
    ("contains(\"Close Date\", '_')", [5]),
    ("\"Close Date\" = 'it''s'", [2]),
    ("\"Close Date\" = 'it\\'s'", [2]),
    ("`Close Date` = 'a \"b\"'", [4]),
    ("stage = 'Won' or amount > 200 and gone", [1, 2]),
    ("(stage = 'Won' or amount > 200) and gone", [2]),
    ("stage in (" + ", ".join(f"'{n}'" for n in range(2000)) + ", 'Won')", [1]),
    (" or ".join(["stage = 'Won'"] * 1000), [1]),
    ("(" * 50 + "gone" + ")" * 50, [2, 5]),
]  # fmt: skip


def names(text: str) -> str:
    return text if len(text) < 60 else f"{text[:30]}… {len(text)}"


@pytest.mark.parametrize(("text", "ids"), KEPT, ids=lambda v: names(v) if isinstance(v, str) else "")
def test_frames_rows_and_databases_keep_the_same_rows(text: str, ids: list[int]) -> None:
    connection = duckdb.connect()
    connection.execute(
        "CREATE TABLE t (id INT, stage VARCHAR, amount DECIMAL(18,4), day DATE, gone BOOLEAN, "
        '"Close Date" VARCHAR)'
    )
    connection.executemany("INSERT INTO t VALUES (?, ?, ?, ?, ?, ?)", [list(row.values()) for row in ROWS])
    frame = nw.from_native(connection.table("t"))
    kept = (
        frame.filter(condition(text, dict(frame.collect_schema())))
        .collect("pyarrow")
        .to_dict(as_series=False)
    )
    assert sorted(kept["id"]) == ids

    if "day" not in columns_of(text):  # a row's dates are compared as they are
        assert [row["id"] for row in ROWS if holds(text, row)] == ids

    table = Table(
        "t",
        MetaData(),
        Column("id", Integer),
        Column("stage", String),
        Column("amount", Float),  # SQLite has no decimals
        Column("day", Date),
        Column("gone", Boolean),
        Column("Close Date", String),
    )
    engine = create_engine("sqlite://")
    with engine.begin() as database:
        table.create(database)
        database.execute(table.insert(), ROWS)
        if text.count(" or ") < 900:  # SQLite's own limit
            found = database.execute(select(table.c.id).where(where(parse(text), text, table))).scalars()
            assert sorted(found) == ids
    engine.dispose()
    connection.close()


def test_a_database_gets_values_bound_and_never_as_text() -> None:
    table = Table("t", MetaData(), Column("stage", String), Column("amount", Numeric(18, 2)))
    text = "stage = 'x''; DROP TABLE t; --' and amount in (1, 2.5) and contains(stage, '50%')"
    made = where(parse(text), text, table).compile()
    assert "DROP" not in str(made)
    assert "2.5" not in str(made)
    assert "x'; DROP TABLE t; --" in made.params.values()


REFUSED: list[tuple[str, str]] = [
    ("", "is empty"),
    ("   ", "is empty"),
    ("COPY t TO 'x.csv'", "at character 6"),
    ("DELETE FROM t", "at character 8"),
    ("ATTACH 'x.db' AS y", "at character 8"),
    ("INSTALL httpfs", "at character 9"),
    ("LOAD httpfs", "at character 6"),
    ("PRAGMA database_list", "at character 8"),
    ("SELECT 1", "at character 8"),
    ("read_csv('/etc/passwd')", "calls 'read_csv'"),
    ("stage = read_text('/etc/passwd')", "calls 'read_text'"),
    ("stage in (SELECT x FROM y)", "not allowed"),
    ("exists (SELECT 1)", "calls 'exists'"),
    ("(SELECT count(*) FROM t) > 0", "not allowed"),
    ("lower(stage) = 'won'", "calls 'lower'"),
    ("stage.lower() == 'won'", "has '.'"),
    ("__import__('os')", "calls '__import__'"),
    ("[x for x in stage]", "has '['"),
    ("lambda: 1", "has ':'"),
    ("stage = 'Won'; DROP TABLE t", "has ';'"),
    ("stage = 'Won' -- all", "has '-'"),
    ("stage = 'Won' /* all */", "has '/'"),
    ("stage = 'Won' # all", "has '#'"),
    ("stage = ‘Won’", "quotation mark ‘"),
    ("“stage” = 'Won'", "quotation mark “"),
    ("stage = 'Won", "is not closed"),
    ('stage = "Won', "is not closed"),
    ("`stage = 1", "is not closed"),
    ("stage = 'a' || 'b'", "has '|'"),
    ("amount + 1 > 2", "has '+'"),
    ("amount * 2 > 2", "has '*'"),
    ("amount::int > 2", "has ':'"),
    ("stage = ?", "has '?'"),
    ("stage = $1", "has '$'"),
    ("stage >> 5", "uses '>>'"),
    ("stage === 5", "uses '==='"),
    ("stage like 'W%'", "starts_with(column, 'text')"),
    ("amount between 1 and 2", "column >= 1 and column <= 9"),
    ("Close Date = 'x'", 'in quotes: "Close Date"'),
    ("Is Deleted = 'FALSE'", 'in quotes: "Is Deleted"'),
    ("[Close Date] = 'x'", 'as "Close Date"'),
    ("Stage contains 'Won'", "write contains(Stage, 'Won')"),
    ("stage not like 'x%'", "write not before it all, and starts_with"),
    ("amount > 1,000", "no mark for thousands"),
    ("day >= 2017-12-31", "a date stands in quotes"),
    ("stage in (Won, Lost)", "(a text: 'Won')"),
    ("null is not null", "asks about a value and no column"),
    ("5 is null", "asks about a value and no column"),
    ("5 in (5, 6)", "asks about a value and no column"),
    ("null not in ('a')", "asks about a value and no column"),
    ("stage and", "ends too soon"),
    ("stage or or gone", "at character 10"),
    ("(gone", "')' is missing"),
    ("gone)", "at character 5"),
    ("stage in ()", "without a list"),
    ("stage in 'Won'", "without a list"),
    ("stage in (amount)", "column inside a list"),
    ("stage in ('a' 'b')", "separated by commas"),
    ("'a' = 'a'", "no column"),
    ("1 = 1", "no column"),
    ("'Won'", "a value alone"),
    ("5", "a value alone"),
    ("true", "a value alone"),
    ("gone or false", "a value alone"),
    ("amount > null", "orders something against none"),
    ("stage is 5", "after 'is'"),
    ("contains(stage, amount)", "other than a text"),
    ("contains('a', 'b')", "other than a column"),
    ("amount = 1e400", "28 digits"),
    ("amount = " + "9" * 29, "28 digits"),
    ("amount = 1abc", "has '1'"),
    ("(" * 51 + "gone" + ")" * 51, "more than 50 parentheses"),
    ("(" * 9000 + "gone" + ")" * 9000, "more than 50 parentheses"),
    ("stage = '" + "x" * 30_000 + "'", "30,010 characters"),
    ("stage = \x00", "not allowed"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "why"), REFUSED, ids=lambda v: names(v)[:40])
def test_whatever_else_is_refused_in_words(text: str, why: str) -> None:
    with pytest.raises(SalesopsError) as caught:
        parse(text)
    (problem,) = caught.value.problems
    assert why in problem.message
    assert problem.code == "bad-condition"
    assert problem.fix.startswith("Allowed are comparisons")
    assert len(problem.message) < 400


def test_a_long_row_of_nots_is_no_deeper_than_one() -> None:
    assert holds("not " * 4000 + "gone", {"gone": True})


TYPES = [
    ("stage > 5", "type String with 5"),
    ("amount = 'x'", "with 'x'"),
    ("day > 'soon'", "with 'soon'"),
    ("day > '2017-02-30'", "with '2017-02-30'"),
    ("gone = 1", "with 1"),
    ("stage = true", "with true"),
    ("stage = amount", "with one of type"),
    ("stage", "alone"),
    ("stag = 'Won'", "did you mean 'stage'"),
    ("STAGE = 'Won'", "did you mean 'stage'"),
]


@pytest.mark.parametrize(("text", "why"), TYPES)
def test_what_does_not_fit_the_columns_is_said(text: str, why: str) -> None:
    schema = {"stage": nw.String(), "amount": nw.Decimal(18, 4), "day": nw.Date(), "gone": nw.Boolean()}
    with pytest.raises(SalesopsError) as caught:
        condition(text, schema)
    assert why in str(caught.value)
    assert "at character" in str(caught.value)
