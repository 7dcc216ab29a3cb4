"""A connection to a SQLite file ends with its ``with``: none is left to a garbage collector."""

import json
import os
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError

from salesops_nb import open_workbook
from salesops_nb.errors import SalesopsError
from salesops_nb.store.assignments.assignments import approve, assignments_as_of
from salesops_nb.store.database import open_store
from salesops_nb.store.ledger.ledger import verify

DESCRIPTORS = Path("/proc/self/fd")
pytestmark = pytest.mark.skipif(not DESCRIPTORS.is_dir(), reason="the system does not list open files")
WHO = {"approved_by": "dana", "approved_on": date(2023, 12, 1), "reason": "new fiscal year"}
START = date(2024, 1, 1)


def left_open(folder):
    """Files below a folder that this process has open."""
    links = [DESCRIPTORS / name for name in os.listdir(DESCRIPTORS)]
    places = [os.readlink(link) for link in links if link.is_symlink()]
    return sorted(place for place in places if place.startswith(str(folder)))


def refused(store):
    with pytest.raises(SalesopsError):
        approve(store, [("a", "ann"), ("a", "bob")], effective_on=START, **WHO)


def broken_off(store):
    with pytest.raises(OperationalError), store.begin() as connection:
        connection.execute(text("INSERT INTO no_such_table VALUES (1)"))


USES = {
    "opened": lambda store: None,
    "written": lambda store: approve(store, {"a": "ann"}, effective_on=START, **WHO),
    "read": lambda store: assignments_as_of(store, START),
    "verified": verify,
    "refused": refused,
    "broken off": broken_off,
}


@pytest.mark.parametrize("use", USES)
def test_a_store_leaves_no_file_open(tmp_path, use):
    store = open_store(f"sqlite:///{tmp_path}/store.sqlite")
    USES[use](store)
    assert left_open(tmp_path) == []


COLUMNS = ("deal_id", "owner_id", "stage", "amount", "created_on", "closed_on")


@pytest.mark.parametrize(
    ("table", "first"), [("deals", "deal_id"), ("no_such_table", "deal_id"), ("deals", "no_such_column")]
)
def test_a_source_leaves_no_file_open(tmp_path, table, first):
    """Read as it should be, or refused."""
    engine = create_engine(f"sqlite:///{tmp_path}/crm.db")
    with engine.begin() as connection:
        connection.execute(text(f"CREATE TABLE deals ({', '.join(COLUMNS)})"))
        connection.execute(
            text("INSERT INTO deals VALUES ('d1', 'ann', 'won', '5', '2024-01-02', '2024-02-01')")
        )
    engine.dispose()
    (tmp_path / "workbook.yml").write_text("company: C\ncurrency: USD\nsource: sqlite:///crm.db\n")
    columns = {name: name for name in COLUMNS} | {"deal_id": first}
    deals = {"table": table, "columns": columns, "stages": {"won": "won"}}
    (tmp_path / "mapping.yml").write_text(json.dumps({"tables": {"deals": deals}}))
    book = open_workbook(tmp_path, strict=False)
    assert ("deals" in book.tables) == (table == "deals" and first == "deal_id"), book.fatal
    assert [place for place in left_open(tmp_path) if "crm.db" in place] == []
