"""No cell of a file that a spreadsheet opens is a formula, whatever stands before it; numbers stay so."""

from __future__ import annotations

import csv
import re
import sys
from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from salesops_nb.core.spreadsheet import formula_like, neutral, neutral_sql
from salesops_nb.source import open_workbook

sys.path.insert(0, str(Path(__file__).parent / "bad_input"))

from small import deals, write

SIGNS = "=+-@＝＋－＠﹢﹣﹦﹫"
BEFORE = (
    "",
    " ",
    "\t",
    "\r",
    "\n",
    "\u00a0",
    "\u3000",
    "\ufeff",
    "\u200b",
    "'",
    '"',
    "“",
    "’",
    "`",
    ' "',
    "\x01",
)
FORMULAS = [f"{before}{sign}cmd|' /C calc'!A0" for before in BEFORE for sign in SIGNS]
PLAIN = [
    "Ann",
    "007",
    "a=b",
    "",
    "x@example.com",
    "'tis",
    '"quoted"',
    "-12",
    "-876543",
    "-1.50",
    "–",
    "1-2",
    "(-1)",
]


SPLIT = re.compile(r"[;\t\r\n]")


def begins(part: str) -> bool:
    """Whether a cell is a formula by its first sign, blanks and quotes passed over."""
    bare = part.lstrip('\x01 \u00a0\u3000\ufeff\u200b"“')
    return bare != "" and bare[0] in SIGNS


def in_sql(texts: list[str]) -> list[str]:
    connection = duckdb.connect()
    connection.execute("CREATE TABLE t (n INTEGER, v VARCHAR)")
    connection.executemany("INSERT INTO t VALUES (?, ?)", list(enumerate(texts)))
    rows = connection.execute(f"SELECT {neutral_sql('v')} FROM t ORDER BY n").fetchall()
    connection.close()
    return [row[0] for row in rows]


@pytest.mark.parametrize("text", [*FORMULAS, "+1", "-a", "-1+1", "-1\n", "\tx", "\rx", "\nx"])
def test_a_formula_gets_an_apostrophe_whatever_stands_before_it(text: str) -> None:
    assert formula_like(text)
    made = neutral(text)
    assert made.startswith("'")
    assert made.replace("'", "") == text.replace("'", "")
    # read by commas, by semicolons or by tabs
    assert [part for part in SPLIT.split(made) if begins(part)] == []


@pytest.mark.parametrize("separator", [";", "\t", "\n", "\r\n", ";;", "\n\n", "; ", ';"', "\n\u00a0"])
@pytest.mark.parametrize("sign", SIGNS)
def test_nor_is_what_follows_a_separator_of_another_country(separator: str, sign: str) -> None:
    text = f"Ann{separator}{sign}cmd|' /C calc'!A0;x"
    made = neutral(text)
    assert [part for part in SPLIT.split(made) if begins(part)] == []
    assert made.replace("'", "") == text.replace("'", "")
    assert in_sql([text]) == [made]


@pytest.mark.parametrize("value", [*PLAIN, None, -1, Decimal("-1.50"), -2.5, date(2017, 1, 2), True])
def test_other_cells_stay_as_they_are(value: object) -> None:
    assert neutral(value) is value


def test_the_engine_and_python_follow_one_rule() -> None:
    texts = [*FORMULAS, *PLAIN, "-1+1", "+1", "\tx", "-1\n", "a;=1", "a\n\n=1", "=1;=2;\t-3"]
    assert in_sql(texts) == [neutral(text) for text in texts]


LETTERS = st.characters(blacklist_categories=("Cs",), blacklist_characters="\x00")


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.text(st.one_of(st.sampled_from(SIGNS + ";\t\r\n '\"\u00a0-.019"), LETTERS), max_size=6),
        min_size=40,
    )
)
def test_they_follow_it_on_any_text(texts: list[str]) -> None:
    assert in_sql(texts) == [neutral(text) for text in texts]


@pytest.mark.parametrize("text", ['=HYPERLINK("http://x")', " @SUM(1)", "＝1+1", "+cmd", "-cmd"])
def test_rejects_hold_no_formula_and_their_amounts_are_numbers(text: str, tmp_path: Path) -> None:
    quoted = '"' + text.replace('"', '""') + '"'
    rows = (
        f"D5,{quoted},Acme,Pump,Won,987654,2017-01-02,2017-03-05",
        "D6,Ann,Acme,Pump,Won,-876543,2017-01-02,2017-03-05",
        f"D7,Ann,Acme,Pump,Won,{quoted},2017-01-02,2017-03-05",
    )
    workbook = open_workbook(write(tmp_path, deals(*rows)))
    with workbook.write_rejects(tmp_path / "rejects.csv").open(encoding="utf-8", newline="") as file:
        read = list(csv.DictReader(file))
    assert {row["code"] for row in read} >= {"unknown-rep", "negative-amount", "bad-number"}
    cells = [cell for row in read for cell in row.values()]
    assert not [cell for cell in cells if formula_like(cell) and cell[0] != "'"]
    assert sum(cell in (f"'{text}", f"'{text.strip()}") for cell in cells) >= 2
    by_code = {row["code"]: row for row in read}
    assert by_code["negative-amount"]["value"] == "-876543"
    assert Decimal(by_code["negative-amount"]["amount"]) == -876543
    assert Decimal(by_code["unknown-rep"]["amount"]) == 987654
