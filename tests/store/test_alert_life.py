"""The life of an alert: once, by whom, in which order, and who is refused."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime

import pytest

from salesops_nb.errors import SalesopsError
from salesops_nb.store import alerts as kept
from salesops_nb.store.database import open_store

DAY = date(2017, 6, 1)
FOUND = kept.Opened("bookings|team|A", "bookings", "bookings", "team", "A", "high", value=float("nan"))


@pytest.fixture
def store(tmp_path):
    engine = open_store(f"sqlite:///{tmp_path / 'store.sqlite'}")
    yield engine
    engine.dispose()


def kinds(store):
    return kept.table(store, kept.events)["kind"].tolist()


def test_the_same_condition_never_opens_a_second_one(store):
    with ThreadPoolExecutor(4) as pool:
        opened = list(pool.map(lambda _n: kept.open_alert(store, FOUND, DAY), range(8)))
    assert sum(number is not None for number in opened) == 1
    assert kinds(store) == ["opened"]


def test_recovery_closes_it_with_a_word_and_it_may_open_again(store):
    first = kept.open_alert(store, FOUND, DAY)
    assert kept.close_alert(store, FOUND.condition, DAY, "well again") == first
    assert kept.close_alert(store, FOUND.condition, DAY, "well again") is None
    assert kept.open_alert(store, FOUND, DAY) != first
    assert kinds(store) == ["opened", "recovered", "opened"]


def test_a_life_from_opened_to_judged(store):
    number = kept.open_alert(store, FOUND, DAY)
    for _twice in range(2):
        kept.acknowledge(store, number, by="Ada", on=DAY)
        kept.assign(store, number, "Bo", by="Ada", on=DAY)
    action = kept.act(store, number, "calls", owner="Bo", started_on=DAY, due_on=date(2017, 6, 15),
                      review_on=date(2017, 9, 1), expected_effect=0.1, by="Bo")  # fmt: skip
    kept.resolve(store, number, by="Bo", on=date(2017, 6, 14), text="price list mended")
    for verdict in ("worked", "did not work"):
        kept.judge(store, action, on=date(2017, 9, 1), verdict=verdict, effect=0.2, low=0.1, high=0.3)
    assert kinds(store) == ["opened", "acknowledged", "assigned", "action", "resolved", "judged"]
    row = kept.table(store, kept.actions).iloc[0]
    assert (row["verdict"], row["done_on"]) == ("worked", date(2017, 6, 14))
    with pytest.raises(SalesopsError, match="closed already"):
        kept.acknowledge(store, number, by="Ada", on=DAY)


def test_an_assignment_does_not_go_in_a_circle(store):
    number = kept.open_alert(store, FOUND, DAY)
    kept.assign(store, number, "Ada", by="Cy", on=DAY)
    kept.assign(store, number, "Bo", by="Ada", on=DAY)
    with pytest.raises(SalesopsError, match="Ada → Bo → Ada"):
        kept.assign(store, number, "Ada", by="Bo", on=DAY)


@pytest.mark.parametrize("by", ["", "  "])
def test_nobody_acts_without_a_name(store, by):
    number = kept.open_alert(store, FOUND, DAY)
    with pytest.raises(SalesopsError):
        kept.assign(store, number, "Ada", by=by, on=DAY)


def test_an_alert_that_is_not_there(store):
    with pytest.raises(SalesopsError, match="There is no alert 7; open are: none"):
        kept.resolve(store, 7, by="Ada", on=DAY, text="x")


def test_a_silence_has_an_end(store):
    with pytest.raises(SalesopsError, match="no end"):
        kept.silence(store, FOUND.condition, first=DAY, until=DAY, by="Ada", reason="holiday")
    kept.silence(store, FOUND.condition, first=DAY, until=date(2017, 7, 1), by="Ada", reason="holiday")
    assert kept.silenced(store, date(2017, 6, 30)) == {FOUND.condition}
    assert kept.silenced(store, date(2017, 7, 1)) == set()


def test_a_message_is_claimed_once_and_unclear_where_it_was_cut_off(store):
    now = datetime(2017, 6, 1, tzinfo=UTC)
    with ThreadPoolExecutor(4) as pool:
        claimed = list(pool.map(lambda _n: kept.claim_message(store, "ops", "opened 1", now), range(8)))
    assert sum(claimed) == 1
    assert kept.table(store, kept.messages)["status"].tolist() == ["sending"]
    kept.settle_message(store, "ops", "opened 1", None)
    assert kept.claim_message(store, "ops", "opened 1", now)
    kept.settle_message(store, "ops", "opened 1", "sent")
    kept.settle_message(store, "ops", "opened 1", None)
    assert kept.table(store, kept.messages)["status"].tolist() == ["sent"]
