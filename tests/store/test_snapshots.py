"""Snapshots in the store, on SQLite and PostgreSQL: one a day, exact, and never lost to a log."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from salesops_nb.errors import SalesopsError
from salesops_nb.store.database import open_store
from salesops_nb.store.snapshots import DealThen, closed_by, keep, open_on, seen_before, snapshots_kept

DAY, NEXT = date(2026, 3, 2), date(2026, 3, 9)
OPEN = DealThen(
    "D1", "Pump Co", "open", "Offer", "p1", "North", Decimal("99999999999999.9999"), False, True, "EUR",
    date(2026, 1, 1), None, date(2026, 4, 1), "Commit", "new",
)  # fmt: skip
WON = replace(OPEN, deal_id="D2", outcome="won", closed_on=date(2026, 2, 27), amount=Decimal("0.0001"))


def test_what_is_kept_comes_back_exactly(store):
    assert keep(store, DAY, [WON, OPEN], currency="EUR", not_known=["stage", "amount"]) == "new"
    assert open_on(store, DAY) == {"D1": OPEN}
    assert closed_by(store, date(2026, 2, 1), DAY) == {"D2": WON}
    [kept] = snapshots_kept(store)
    assert (kept.as_of, kept.version, kept.deals, kept.not_known) == (DAY, 1, 1, ("stage", "amount"))
    assert seen_before(store, ["D1", "D2", "D3"], DAY) == {"D1", "D2"}
    assert seen_before(store, ["D1"], date(2026, 3, 1)) == set()


def test_the_same_deals_are_one_snapshot_and_others_replace_it(store):
    assert keep(store, DAY, [OPEN, WON], currency="EUR") == "new"
    assert keep(store, DAY, [WON, OPEN], currency="EUR") == "same"
    more = replace(OPEN, amount=Decimal("5.5"))
    assert keep(store, DAY, [more], currency="EUR") == "replaced"
    assert open_on(store, DAY) == {"D1": more}
    assert closed_by(store, date(2026, 2, 1), DAY) == {}
    assert [kept.version for kept in snapshots_kept(store)] == [2]


def test_a_day_kept_from_its_own_data_is_not_replaced_by_a_log(store):
    keep(store, DAY, [OPEN], currency="EUR")
    assert keep(store, DAY, [], currency="EUR", origin="log") == "stays"
    assert open_on(store, DAY) == {"D1": OPEN}
    keep(store, NEXT, [], currency="EUR", origin="log")
    assert keep(store, NEXT, [OPEN], currency="EUR") == "replaced"
    assert [kept.origin for kept in snapshots_kept(store)] == ["data", "data"]


def test_a_day_without_a_deal_is_kept_too(store):
    assert keep(store, DAY, [], currency="EUR") == "new"
    assert [kept.deals for kept in snapshots_kept(store)] == [0]


def test_the_last_snapshot_says_how_a_deal_closed(store):
    keep(store, DAY, [WON], currency="EUR")
    keep(store, NEXT, [replace(WON, outcome="lost")], currency="EUR")
    assert closed_by(store, date(2026, 2, 1), NEXT)["D2"].outcome == "lost"
    assert closed_by(store, date(2026, 2, 1), DAY)["D2"].outcome == "won"


def test_two_runs_at_once_keep_one_snapshot(store_url):
    def run(_number):
        engine = open_store(store_url)
        try:
            return keep(engine, DAY, [OPEN, WON], currency="EUR")
        finally:
            engine.dispose()

    open_store(store_url).dispose()
    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(run, range(4)))
    assert sorted(done) == ["new", "same", "same", "same"]


def test_an_amount_finer_than_data_have_is_refused(sqlite_store):
    with pytest.raises(SalesopsError, match=r"0\.00001"):
        keep(sqlite_store, DAY, [replace(OPEN, amount=Decimal("0.00001"))], currency="EUR")
