"""The demo workbook reproduces the known figures of its data."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from salesops_nb.source import Workbook, open_workbook

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def demo() -> Workbook:
    return open_workbook(ROOT)


def rows(wb: Workbook, sql: str) -> list[tuple[object, ...]]:
    return wb.connection.execute(sql).fetchall()


WON = "FROM deals WHERE outcome = 'won'"
KNOWN = {
    "deals by stage": (
        "SELECT stage, count(*) FROM deals GROUP BY 1",
        {("Won", 4238), ("Lost", 2473), ("Engaging", 1589), ("Prospecting", 500)},
    ),
    "table sizes": (
        "SELECT (SELECT count(*) FROM deals), (SELECT count(*) FROM accounts), "
        "(SELECT count(*) FROM products), (SELECT count(*) FROM people)",
        {(8800, 85, 7, 55)},
    ),
    "won value": (f"SELECT sum(amount) {WON}", {(Decimal(10005534),)}),
    "lost deals are valued 0": (
        "SELECT min(amount), max(amount), count(amount) FROM deals WHERE outcome = 'lost'",
        {(Decimal(0), Decimal(0), 2473)},
    ),
    "open deals are not valued": ("SELECT count(amount) FROM deals WHERE outcome = 'open'", {(0,)}),
    "won value by region": (
        "SELECT region, sum(amount) FROM deals JOIN people ON owner_id = person_id "
        "WHERE outcome = 'won' GROUP BY 1",
        {("West", Decimal(3568647)), ("Central", Decimal(3346293)), ("East", Decimal(3090594))},
    ),
    "won value by manager": (
        "SELECT split_part(team, ' ', 2), sum(amount) FROM deals JOIN people ON owner_id = person_id "
        "WHERE outcome = 'won' GROUP BY 1",
        {
            ("Marxen", Decimal(2251930)),
            ("Sewald", Decimal(1964750)),
            ("Neubert", Decimal(1960545)),
            ("Rouche", Decimal(1603897)),
            ("Losch", Decimal(1130049)),
            ("Brinkmann", Decimal(1094363)),
        },
    ),
    "won value by quarter": (
        f"SELECT quarter(closed_on), sum(amount) {WON} GROUP BY 1",
        {(1, Decimal(1134672)), (2, Decimal(3086111)), (3, Decimal(2982255)), (4, Decimal(2802496))},
    ),
    "won value by product": (
        "SELECT name, sum(amount) FROM deals JOIN products p USING (product_id) "
        "WHERE outcome = 'won' GROUP BY 1".replace("name", "p.name"),
        {
            ("GTX Pro", Decimal(3510578)),
            ("GTX Plus Pro", Decimal(2629651)),
            ("MG Advanced", Decimal(2216387)),
            ("GTX Plus Basic", Decimal(705275)),
            ("GTX Basic", Decimal(499263)),
            ("GTK 500", Decimal(400612)),
            ("MG Special", Decimal(43768)),
        },
    ),
    "Darcel Schlecht": (
        "SELECT count(*) FILTER (outcome = 'won'), count(*) FILTER (outcome <> 'open'), "
        "sum(amount) FROM deals WHERE owner_id = 'Darcel Schlecht'",
        {(349, 553, Decimal(1153214))},
    ),
    "days to close": (
        "SELECT outcome, round(avg(closed_on - created_on), 3), median(closed_on - created_on) = 57 "
        "FROM deals WHERE outcome <> 'open' GROUP BY 1",
        {("won", 51.782, True), ("lost", 41.479, False)},
    ),
    "aliases": (
        "SELECT count(*) FROM accounts WHERE industry = 'technolgy' OR country IN ('Philipines', 'Korea')",
        {(0,)},
    ),
    "blank accounts": (
        "SELECT outcome, count(*) FROM deals WHERE account_id IS NULL GROUP BY 1",
        {("open", 1425)},
    ),
    "no engagement while prospecting": (
        "SELECT stage, count(*) FROM deals WHERE created_on IS NULL GROUP BY 1",
        {("Prospecting", 500)},
    ),
    "agents in the pipeline": ("SELECT count(DISTINCT owner_id) FROM deals", {(30,)}),
    "first and last days": (
        "SELECT min(created_on), min(closed_on), max(closed_on) FROM deals",
        {(date(2016, 10, 20), date(2017, 3, 1), date(2017, 12, 31))},
    ),
    "revenue is in millions": (
        "SELECT revenue FROM accounts WHERE name = 'Acme Corporation'",
        {(Decimal("1100040000"),)},
    ),
}


@pytest.mark.parametrize("figure", KNOWN)
def test_known_figures(demo: Workbook, figure: str) -> None:
    sql, expected = KNOWN[figure]
    assert set(rows(demo, sql)) == expected


def test_data_through_is_the_last_date_in_the_data(demo: Workbook) -> None:
    assert demo.data_through == date(2017, 12, 31)


def test_the_demo_has_no_error(demo: Workbook) -> None:
    assert [str(p) for p in demo.problems if p.severity == "error"] == []


def test_the_fingerprint_is_stable(demo: Workbook) -> None:
    assert open_workbook(ROOT).fingerprint == demo.fingerprint
