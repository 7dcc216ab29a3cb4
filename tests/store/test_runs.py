from datetime import date
from decimal import Decimal

import pytest

from salesops_nb import __version__, performance
from salesops_nb.store.database import open_store
from salesops_nb.store.reviews import record_review
from salesops_nb.store.runs import record, recorded, run_id

FIGURES = [("company", "company", "bookings", Decimal("10.5000"), "money"), ("team", "a", "won", 3, "deals")]
# sha256 of the five parts, a line each, computed with another program
EXPECTED = "5a566dfbcf1213ee57dd2b20cb47130ffb9ad0aebc0bcac94c3e5eb9c7c4bd7e"
ASKED = {"period": "2017-Q3", "level": "company"}


def written(engine, **changes):
    given = {"parameters": ASKED, "as_of": date(2017, 9, 30), "fingerprint": "f1", "version": "1"} | changes
    return record(engine, "performance_review", found=FIGURES, **given)


def test_recording_the_same_run_twice_changes_nothing(store):
    first = written(store)
    before = recorded(store)
    assert written(store, parameters=dict(reversed(ASKED.items()))) == first
    assert recorded(store).equals(before)
    assert before["value"].tolist() == ["10.5000", "3"]


@pytest.mark.parametrize(
    "change",
    [
        {"parameters": {**ASKED, "period": "2017-Q4"}},
        {"as_of": date(2017, 10, 1)},
        {"fingerprint": "f2"},
        {"version": "2"},
    ],
)
def test_each_part_of_the_identity_makes_another_run(store, change):
    assert written(store, **change) != written(store)
    assert len(recorded(store)) == 4


def test_the_identity_is_the_same_everywhere():
    found = run_id("n", {"b": 1, "a": date(2017, 1, 1)}, date(2017, 1, 2), "f", "1")
    assert found == EXPECTED
    assert found == run_id("n", {"a": date(2017, 1, 1), "b": 1}, date(2017, 1, 2), "f", "1")


def test_a_review_is_recorded_with_its_teams_and_reps(demo, tmp_path):
    engine = open_store(f"sqlite:///{tmp_path / 'store.sqlite'}")
    review = performance.review(demo.tables, "2017-Q3")
    identity = record_review(engine, review, ASKED, demo.fingerprint)
    found = recorded(engine, "performance_review")
    assert set(found["run_id"]) == {identity}
    assert set(found["version"]) == {__version__}
    booked = found[found["metric"] == "bookings"].set_index(["level", "who"])["value"].map(Decimal)
    assert booked["company", "company"] == 2_982_255
    assert booked["team"].sum() == booked["rep"].sum() == 2_982_255
