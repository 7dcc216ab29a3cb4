"""The demo's data give identical tables whatever source they are read from."""

from __future__ import annotations

import csv
import os
import shutil
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
import xlsxwriter
from sqlalchemy import create_engine, text

from salesops_nb.source import Workbook, open_workbook

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
FILES = {"deals": "sales_pipeline", "accounts": "accounts", "products": "products", "people": "people"}
DATES, MONEY = ("engage_date", "close_date"), ("revenue", "close_value", "sales_price")


def rows_of(name: str) -> list[dict[str, str]]:
    with (ROOT / "data" / f"{FILES[name]}.csv").open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def german(row: dict[str, str]) -> dict[str, str]:
    """The row as a German export writes it: 31.12.2017 and 1.234,56."""
    out = dict(row)
    for name in DATES:
        if out.get(name):
            out[name] = date.fromisoformat(out[name]).strftime("%d.%m.%Y")
    for name in MONEY:
        if out.get(name):
            out[name] = f"{Decimal(out[name]):,.2f}".translate(str.maketrans(",.", ".,"))
    return out


def write_german(folder: Path) -> str:
    for name, file in FILES.items():
        rows = [german(row) for row in rows_of(name)]
        with (folder / "data" / f"{file}.csv").open("w", encoding="cp1252", newline="") as out:
            writer = csv.DictWriter(out, rows[0], delimiter=";")
            writer.writeheader()
            writer.writerows(rows)
    return "data"


def write_excel(folder: Path) -> str:
    """One workbook with a sheet for each table, titles above, a footer below, true dates and numbers."""
    book = xlsxwriter.Workbook(folder / "crm.xlsx", {"default_date_format": "dd/mm/yyyy"})
    for name in FILES:
        sheet, rows = book.add_worksheet(name), rows_of(name)
        sheet.write(0, 0, "Exported for the board")
        sheet.write_row(3, 0, list(rows[0]))
        for number, row in enumerate(rows, start=4):
            for column, (header, value) in enumerate(row.items()):
                if value and header in DATES:
                    sheet.write_datetime(number, column, date.fromisoformat(value))
                elif value and header in (*MONEY, "employees", "year_established"):
                    sheet.write_number(number, column, float(value))
                else:
                    sheet.write_string(number, column, value)
        sheet.write(4 + len(rows), 0, "Confidential Information - Do Not Distribute")
    book.close()
    return "crm.xlsx"


def native(database: duckdb.DuckDBPyConnection, name: str) -> str:
    """A SELECT of the file with the types that a database would hold."""
    file = ROOT / "data" / f"{FILES[name]}.csv"
    money = ", ".join(f"'{m}': 'DECIMAL(12,2)'" for m in MONEY if m in rows_of(name)[0])
    types = f", types = {{{money}}}" if money else ""
    return f"SELECT * FROM read_csv('{file}'{types})"


def write_parquet(folder: Path) -> str:
    with duckdb.connect() as database:
        for name, file in FILES.items():
            database.execute(f"COPY ({native(database, name)}) TO '{folder / 'data' / file}.parquet'")
    mapping = folder / "mapping.yml"
    for file in FILES.values():
        mapping.write_text(mapping.read_text().replace(f"file: {file}.csv", f"file: {file}.parquet"))
    return "data"


def write_duckdb(folder: Path) -> str:
    with duckdb.connect(str(folder / "crm.duckdb")) as database:
        for name in FILES:
            database.execute(f"CREATE TABLE {name} AS {native(database, name)}")
    return "crm.duckdb"


def fill(url: str) -> None:
    engine = create_engine(url)
    with engine.begin() as connection:
        for name in FILES:
            rows = [{k: v or None for k, v in row.items()} for row in rows_of(name)]
            kinds = {
                h: "date" if h in DATES else "numeric(14,2)" if h in MONEY else "varchar(80)" for h in rows[0]
            }
            connection.execute(text(f"DROP TABLE IF EXISTS {name}"))
            columns = ", ".join(f"{h} {kind}" for h, kind in kinds.items())
            connection.execute(text(f"CREATE TABLE {name} ({columns})"))
            places = ", ".join(
                f"CAST(:{h} AS {kind})" if "sqlite" not in url else f":{h}" for h, kind in kinds.items()
            )
            connection.execute(text(f"INSERT INTO {name} VALUES ({places})"), rows)
    engine.dispose()


def write_sqlite(folder: Path) -> str:
    fill(f"sqlite:///{folder / 'crm.db'}")
    return "sqlite:///crm.db"


def write_postgres(folder: Path) -> str:
    url = os.environ["SALESOPS_TEST_POSTGRES"]
    fill(url.replace("postgresql://", "postgresql+pg8000://"))
    return url


def workbook(folder: Path, write: Callable[[Path], str]) -> Workbook:
    (folder / "data").mkdir()
    mapping = (ROOT / "mapping.yml").read_text().split("  targets:")[0]
    kept = [line for line in mapping.splitlines() if "joins:" not in line and "more:" not in line]
    body = "\n".join(kept)
    for part in ("people_more", "people_dates", "accounts_places", "deals_more"):
        start = body.index(f"      - file: simulated/{part}.csv")
        end = body.index("optional: true", start) + len("optional: true")
        body = body[:start].rstrip() + body[end:]
    (folder / "mapping.yml").write_text(body + "\n")
    source = write(folder)
    settings = (ROOT / "workbook.yml").read_text().replace("source: data", f"source: {source}")
    (folder / "workbook.yml").write_text(settings.replace("strategy: strategy.yml", ""))
    return open_workbook(folder)


def contents(wb: Workbook) -> dict[str, list[tuple[object, ...]]]:
    return {
        name: wb.connection.execute(f"SELECT * FROM {name} ORDER BY ALL").fetchall() for name in sorted(FILES)
    }


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[tuple[object, ...]]]:
    def copied(folder: Path) -> str:
        for file in FILES.values():
            shutil.copy(ROOT / "data" / f"{file}.csv", folder / "data")
        return "data"

    return contents(workbook(tmp_path_factory.mktemp("plain"), copied))


SOURCES = [
    write_german,
    write_excel,
    write_parquet,
    write_duckdb,
    write_sqlite,
    pytest.param(
        write_postgres,
        marks=[
            pytest.mark.postgres,
            pytest.mark.skipif(
                "SALESOPS_TEST_POSTGRES" not in os.environ, reason="no PostgreSQL server named"
            ),
        ],
    ),
]


@pytest.mark.parametrize("write", SOURCES)
def test_every_source_gives_the_same_tables(
    write: Callable[[Path], str], tmp_path: Path, plain: dict[str, list[tuple[object, ...]]]
) -> None:
    wb = workbook(tmp_path, write)
    assert [str(p) for p in wb.problems if p.severity != "note"] == []
    found = contents(wb)
    for name, rows in plain.items():
        assert len(found[name]) == len(rows), name
        assert found[name] == rows, name


def test_the_german_formats_are_detected_and_said(tmp_path: Path) -> None:
    wb = workbook(tmp_path, write_german)
    said = {p.code for p in wb.problems if p.file == "sales_pipeline.csv"}
    assert said == {"delimiter-detected", "decimal-mark-detected", "date-order-detected"}


def test_a_frame_handed_in_stands_for_its_table(
    tmp_path: Path, plain: dict[str, list[tuple[object, ...]]]
) -> None:
    import pandas as pd

    wb = open_workbook(ROOT)
    frame = pd.DataFrame(rows_of("products"))
    again = wb.with_table("products", frame)
    assert contents(again)["products"] == plain["products"]
    dearer = frame.assign(sales_price=frame["sales_price"].astype(int) * 2)
    doubled = (
        wb.with_table("products", dearer)
        .connection.execute("SELECT sum(list_price) FROM products")
        .fetchone()
    )
    assert doubled == (2 * sum(Decimal(row["sales_price"]) for row in rows_of("products")),)
    assert wb.with_table("products", dearer).fingerprint != again.fingerprint
