"""A defect takes a row only out of the figures it spoils, and what is left out is counted and summed."""

from __future__ import annotations

import csv
import random
import sys
from datetime import date
from decimal import Decimal
from pathlib import Path

import narwhals as nw
import pointblank as pb
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "bad_input"))

from small import DEALS, deals, mapped, settings, write

from salesops_nb.errors import SalesopsError
from salesops_nb.source import Workbook, open_workbook
from salesops_nb.source.schema.contracts import CONTRACTS

GOOD = "D5,Ann,Acme,Pump,Won,10,2017-01-02,2017-03-05"
# the harm done to a good deal: owner, product, amount, closing day, and whether it stands in each figure
HARM = {
    "none": (GOOD, ("Ann", "Pump", Decimal(10), date(2017, 3, 5)), (True, True, True, True)),
    "closed before created": (
        GOOD.replace("2017-01-02", "2017-03-06"),
        ("Ann", "Pump", Decimal(10), date(2017, 3, 5)),
        (True, True, False, True),
    ),
    "unknown product": (
        GOOD.replace("Pump", "Pipe"),
        ("Ann", None, Decimal(10), date(2017, 3, 5)),
        (True, True, True, False),
    ),
    "unknown owner": (
        GOOD.replace("Ann", "Zoe"),
        ("unassigned", "Pump", Decimal(10), date(2017, 3, 5)),
        (True, True, True, True),
    ),
    "bad amount": (
        GOOD.replace(",10,", ",ten,"),
        ("Ann", "Pump", None, date(2017, 3, 5)),
        (False, True, True, True),
    ),
    "negative amount": (
        GOOD.replace(",10,", ",-10,"),
        ("Ann", "Pump", None, date(2017, 3, 5)),
        (False, True, True, True),
    ),
    "no closing day": (
        GOOD.replace("2017-03-05", ""),
        ("Ann", "Pump", Decimal(10), None),
        (False, False, False, True),
    ),
}


def values(wb: Workbook, sql: str) -> list[tuple[object, ...]]:
    return wb.connection.execute(sql).fetchall()


@pytest.mark.parametrize("harm", HARM)
def test_a_defect_spoils_only_its_figures(harm: str, tmp_path: Path) -> None:
    row, cells, flags = HARM[harm]
    wb = open_workbook(write(tmp_path, deals(row)))
    assert values(
        wb,
        "SELECT owner_id, product_id, amount, closed_on, ok_bookings, ok_win_rate, "
        "ok_cycle_time, ok_product_mix "
        "FROM deals WHERE deal_id = 'D5'",
    ) == [(*cells, *flags)]
    assert values(wb, "SELECT count(*) FROM deals") == [(5,)]


@pytest.mark.parametrize("row", [GOOD.replace("Won", "Pending"), GOOD.replace("D5", "")])
def test_a_row_that_can_stand_nowhere_is_left_out(row: str, tmp_path: Path) -> None:
    wb = open_workbook(write(tmp_path, deals(row)))
    assert values(wb, "SELECT count(*), sum(amount) FROM deals") == [(4, Decimal("350.5"))]
    assert [(a.count, a.amount, a.left_out_of) for a in wb.set_aside] == [(1, Decimal(10), "every figure")]


def test_all_copies_that_differ_are_left_out_and_one_of_identical_ones_is_kept(tmp_path: Path) -> None:
    rows = (GOOD, GOOD.replace(",10,", ",20,"), GOOD, "D6" + GOOD[2:], "D6" + GOOD[2:])
    wb = open_workbook(write(tmp_path, deals(*rows)))
    assert values(wb, "SELECT deal_id FROM deals ORDER BY 1") == [("D1",), ("D2",), ("D3",), ("D4",), ("D6",)]
    assert [p.row for p in wb.problems if p.code == "duplicate-id"] == [6, 7, 8]
    assert [(a.reason, a.count, a.amount) for a in wb.set_aside] == [("duplicate-id", 3, Decimal(40))]


BIG = GOOD.replace(",10,", ",987654,")
BAD = "D6" + GOOD[2:].replace(",10,", ",-876543,")
HARMED = {
    "unknown-rep": ("Ann", "Zoe"),
    "unknown-account": ("Acme", "Zoe"),
    "unknown-product": ("Pump", "Pipe"),
    "closed-before-created": ("2017-01-02", "2017-03-06"),
    "missing-owner": ("Ann", ""),
    "unknown-stage": ("Won", "Pending"),
}


@pytest.mark.parametrize("code", HARMED)
def test_an_amount_that_is_a_defect_is_in_no_other_defects_sum(code: str, tmp_path: Path) -> None:
    """One row is of the kind alone, another of a negative amount too: each kind has its own sum."""
    old, new = HARMED[code]
    wb = open_workbook(write(tmp_path, deals(BIG.replace(old, new), BAD.replace(old, new))))
    found = {aside.reason: (aside.count, aside.amount) for aside in wb.set_aside}
    assert found[code] == (2, Decimal(987654))
    assert found["negative-amount"] == (1, Decimal(-876543))
    with wb.write_rejects(tmp_path / "rejects.csv").open(newline="") as lines:
        rows = [(r["code"], r["row"], r["amount"]) for r in csv.DictReader(lines)]
    by_code: dict[str, list[Decimal]] = {}
    for name, _, amount in rows:
        by_code.setdefault(name, []).extend([Decimal(amount)] if amount else [])
    assert sum(by_code[code]) == 987654
    assert sum(by_code["negative-amount"]) == -876543


def test_the_rejects_file_lists_every_bad_row(tmp_path: Path) -> None:
    wb = open_workbook(write(tmp_path, deals(GOOD.replace("Pump", "Pipe"), "D6,Zoe,,Pipe,Won,x,,2017-03-05")))
    with wb.write_rejects(tmp_path / "out" / "rejects.csv").open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert [(r["code"], r["row"], r["column"], r["value"], r["left_out_of"]) for r in rows] == [
        ("unknown-product", "6", "product", "Pipe", "the product mix"),
        ("closed-without-created", "7", "created", "", "cycle time"),
        ("unknown-product", "7", "product", "Pipe", "the product mix"),
        ("unknown-rep", "7", "rep", "Zoe", "the figures by rep and team"),
        ("bad-number", "7", "value", "x", "bookings and values"),
    ]


RATES = """\
currency,valid_from,valid_to,kind,rate
EUR,2017-01-01,2017-03-02,market,1.1
EUR,2017-03-02,,market,1.2345
EUR,2017-01-01,,plan,9
"""
EURO = """\
id,rep,account,product,stage,value,created,closed,cur
D1,Ann,Acme,Pump,Won,100,2017-01-02,2017-03-01,EUR
D2,Ann,Acme,Pump,Won,10.01,2017-01-02,2017-03-02,EUR
D3,Ann,Acme,Pump,Won,5,2017-01-02,2017-03-02,USD
D4,Ann,Acme,Pump,Won,5,2017-01-02,2017-03-02,GBP
"""


def test_currencies_are_converted_at_the_rate_of_their_day(tmp_path: Path) -> None:
    mapping = mapped("amount: value,", "amount: value, currency: cur,")["mapping.yml"]
    assert isinstance(mapping, str)
    changes: dict[str, str | bytes | None] = {
        "mapping.yml": mapping + "  fx_rates: {file: rates.csv}\n",
        "data/rates.csv": RATES,
        "data/deals.csv": EURO,
    }
    wb = open_workbook(write(tmp_path, changes))
    # 10.01 x 1.2345 = 12.357345, half up to cents
    assert values(
        wb, "SELECT deal_id, amount, currency, amount_original, currency_original FROM deals ORDER BY 1"
    ) == [
        ("D1", Decimal("110"), "USD", Decimal(100), "EUR"),
        ("D2", Decimal("12.36"), "USD", Decimal("10.01"), "EUR"),
        ("D3", Decimal("5"), "USD", Decimal(5), "USD"),
        ("D4", None, "USD", Decimal(5), "GBP"),
    ]
    assert [p.code for p in wb.problems] == ["no-rate"]


def test_the_same_rows_in_another_order_give_the_same_tables(tmp_path: Path) -> None:
    header, *rows = (DEALS + GOOD.replace("Ann", "Zoe") + "\n").splitlines()
    first = open_workbook(write(tmp_path / "a", deals(GOOD.replace("Ann", "Zoe"))))
    random.Random(3).shuffle(rows)
    second = open_workbook(write(tmp_path / "b", {"data/deals.csv": "\n".join([header, *rows]) + "\n"}))
    sql = "SELECT * FROM deals ORDER BY ALL"
    assert values(first, sql) == values(second, sql)
    assert first.set_aside == second.set_aside


def test_columns_beyond_the_mapping_are_kept_and_filter(tmp_path: Path) -> None:
    more = "\n".join(
        f"{line},{cell}"
        for line, cell in zip(DEALS.splitlines(), ["Channel", "web", "fair", "web", ""], strict=False)
    )
    wb = open_workbook(write(tmp_path, {"data/deals.csv": more + "\n"}))
    found = wb.table("deals").filter(nw.col("Channel") == "web").select("deal_id").sort("deal_id").collect()
    assert found["deal_id"].to_list() == ["D1", "D3"]


CONTROL = "controls:\n  - {{period: 2017-Q1, count: {count}, sum: {sum}, tolerance_sum: 0.5}}\n"


@pytest.mark.parametrize(
    ("count", "total", "within"),
    [(1, "100", True), (1, "100.5", True), (1, "100.51", False), (2, "100", False)],
)
def test_control_totals(count: int, total: str, within: bool, tmp_path: Path) -> None:
    wb = open_workbook(write(tmp_path, settings(CONTROL.format(count=count, sum=total))))
    [result] = wb.controls
    assert (result.count, result.sum, result.within) == (1, Decimal(100), within)
    assert (result.count_difference, result.sum_difference) == (1 - count, 100 - Decimal(total))


def test_an_unknown_table_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SalesopsError, match=r"The workbook has no table 'dealz'. It has: people, products"):
        open_workbook(write(tmp_path, {})).table("dealz")


def test_pointblank_finds_what_our_rules_find(tmp_path: Path) -> None:
    """The contract's bounds and required columns, held against another checker on the same relation."""
    prices = "id,name,price\nPump,Pump,-1\nValve,,80\n,Pipe,-2\nRod,Rod,\n"
    wb = open_workbook(write(tmp_path, {"data/products.csv": prices}), strict=False)
    frame = wb.connection.sql(
        "SELECT product_id, name, CAST(list_price AS DOUBLE) AS list_price FROM work.products"
    ).df()
    check = pb.Validate(frame).col_vals_ge("list_price", 0, na_pass=True)
    for column in CONTRACTS["products"].columns:
        if column.required:
            check = check.col_vals_not_null(column.name)
    failed = list(check.interrogate().n_failed().values())
    ours = values(
        wb,
        'SELECT code, "column", count(*) FROM rejects WHERE "table" = \'products\' '
        "GROUP BY ALL ORDER BY 1 DESC, 2",
    )
    assert ours == [
        ("out-of-range", "price", failed[0]),
        ("missing-value", "id", failed[1]),
        ("missing-value", "name", failed[2]),
    ]
    assert failed == [2, 1, 1]


ODD = ("Signed: now", 'The "last" mile', "Ofertă trimisă", "yes", "2", "# hash")


def test_many_unknown_stages_are_one_finding_with_the_lines_to_paste(tmp_path: Path) -> None:
    rows = [
        ",".join(
            [f"S{at}{n}", "Ann", "Acme", "Pump", '"' + stage.replace('"', '""') + '"', "10", "2017-01-02", ""]
        )
        for at, stage in enumerate(ODD)
        for n in range(len(ODD) - at)
    ]
    wb = open_workbook(write(tmp_path, deals(GOOD, *rows)))
    (found,) = [p for p in wb.problems if p.code == "unknown-stage"]
    assert "6 stages are not in the mapping" in found.message
    assert "'Signed: now' (6), " in found.message
    assert "'# hash' (1)" in found.message
    assert found.amount == Decimal(10 * len(rows))
    lines = found.fix.partition("stages: ")[2]
    mapping = tmp_path / "mapping.yml"
    text = mapping.read_text()
    assert "stages: {" in text
    mapping.write_text(text.replace("stages: {", f"stages: {lines[:-1]}, ", 1))
    mended = open_workbook(tmp_path)
    assert [p for p in mended.problems if p.code == "unknown-stage"] == []
    assert {stage: mended.stages[stage] for stage in ODD} == dict.fromkeys(ODD, "open")
    by_stage = values(mended, "SELECT stage, count(*) FROM deals WHERE deal_id LIKE 'S%' GROUP BY 1")
    assert dict(by_stage) == {stage: len(ODD) - at for at, stage in enumerate(ODD)}


def test_three_unknown_stages_are_told_one_by_one(tmp_path: Path) -> None:
    rows = [GOOD.replace("D5", f"X{at}").replace("Won", f"Stage {at}") for at in range(3)]
    wb = open_workbook(write(tmp_path, deals(GOOD, *rows)))
    assert len([p for p in wb.problems if p.code == "unknown-stage"]) == 3
