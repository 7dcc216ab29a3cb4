"""A PostgreSQL source narrows its own rows by the mapping's condition, and is only read."""

from __future__ import annotations

from pathlib import Path

import pytest
from new_database import new_database
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError

from salesops_nb.errors import SalesopsError
from salesops_nb.source import open_workbook
from salesops_nb.source.files.databases import _reading
from salesops_nb.store.database import try_store

MAPPING = """\
tables:
  deals:
    source: URL
    where: >-
      Deleted = false and Amount > 100.25 and "Deal Stage" in ('Won', 'Lost') and contains(Rep, 'nn')
    columns: {deal_id: id, owner_id: Rep, stage: Deal Stage, amount: Amount}
    stages: {Won: won, Lost: lost}
"""


@pytest.mark.postgres
def test_a_postgresql_source_narrows_its_rows_and_is_only_read(postgres_server: str, tmp_path: Path) -> None:
    url = new_database(postgres_server)
    columns = 'id TEXT, "Rep" TEXT, "Deal Stage" TEXT, "Amount" NUMERIC(12, 2), "Deleted" BOOLEAN'
    engine = create_engine(url)
    with engine.begin() as database:
        database.execute(text(f"CREATE TABLE deals ({columns})"))
        for row in (("D1", "150", False), ("D2", "100.25", False), ("D3", "500", True)):
            given = dict(zip("abc", row, strict=True))
            database.execute(
                text("INSERT INTO deals VALUES (:a, 'Ann', 'Won', CAST(:b AS NUMERIC), :c)"), given
            )
    (tmp_path / "workbook.yml").write_text("company: Small\ncurrency: USD\n")
    (tmp_path / "mapping.yml").write_text(MAPPING.replace("URL", url))
    workbook = open_workbook(tmp_path, strict=False)
    assert not workbook.fatal
    assert workbook.connection.execute("SELECT deal_id FROM deals").fetchall() == [("D1",)]
    with _reading(engine) as database, pytest.raises(DBAPIError, match="read-only"):
        database.execute(text("DELETE FROM deals"))
    engine.dispose()


@pytest.mark.postgres
def test_a_postgresql_store_is_tried_without_making_its_tables(postgres_server: str) -> None:
    url = new_database(postgres_server)
    try_store(url)
    engine = create_engine(url)
    with engine.connect() as database:
        assert (
            database.execute(text("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")).scalar() == 0
        )
    engine.dispose()
    with pytest.raises(SalesopsError, match="cannot be opened"):
        try_store(url + "_nowhere")
