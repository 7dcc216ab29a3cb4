"""The movement in the review: first for a week, else with the pipeline; one sentence without two days."""

import copy
from datetime import date

import pytest
from histories import empty_store

from salesops_nb import performance, pipeline
from salesops_nb.notebook.calls_shown import call_figures, calls
from salesops_nb.notebook.pipeline_moved import pipeline_moved

pytestmark = pytest.mark.slow


@pytest.fixture
def shown(demo, monkeypatch):
    """What a review of the demo shows of the movement, with the days given kept in a store of its own."""
    store, words = empty_store(), []
    book = copy.copy(demo)
    book.__dict__["store"] = store
    monkeypatch.setattr("IPython.display.display", lambda data, **_: words.append(data["text/plain"]))

    def show(*days, period="this-week", first=True, **choices):
        for day in days:
            pipeline.keep_day(store, demo.tables, day, currency="USD")
        words.clear()
        asked = demo.period(period)
        pipeline_moved(book, performance.review(demo.tables, asked, **choices), first=first)
        return "\n".join(words)

    yield show
    store.dispose()


LAST, BEFORE, QUARTER = date(2017, 12, 31), date(2017, 12, 24), date(2017, 9, 30)


def test_without_two_days_one_sentence_says_what_to_do(shown):
    said = shown(LAST)
    assert said.startswith("How the pipeline moved is not told")
    assert "salesops snapshot --as-of" in said
    assert "\n" not in said


def test_a_week_begins_with_it_and_what_was_won_is_what_was_booked(shown):
    assert shown(BEFORE, LAST, first=False) == ""
    said = shown()
    assert "Dec 24, 2017 $5,230,418; Created +$89,028" in said
    assert "Won | 131 | −$299,803 | −$299,803" in said
    assert "Dec 31, 2017 | 2,089 | $4,966,215" in said
    assert "due in 2017-Q4" in said
    assert "Vehement Capital Partners, GTX Pro | Rosie Papadopoulos | Won | −$5,574 | $5,436 | $5,574" in said


def test_a_quarter_has_it_with_its_pipeline_and_a_team_its_own(shown):
    assert shown(QUARTER, LAST, period="2017-Q4") == ""
    said = shown(period="2017-Q4", first=False)
    assert "Open pipeline from Sep 30, 2017 to Dec 31, 2017" in said
    assert "Won | 1,196 | −$2,802,496 | −$2,802,496" in said
    team = shown(BEFORE, level="team", who="Cara Losch")
    assert "Won | 13 | −$45,795" in team


def test_calls_are_shown_with_their_accuracy_and_a_persons_page_has_its_own(demo, monkeypatch):
    words = []
    monkeypatch.setattr("IPython.display.display", lambda data, **_: words.append(data["text/plain"]))
    review = performance.review(demo.tables, demo.period("2017-Q4"))
    calls(demo, review)
    said = "\n".join(words)
    assert "The call for 2017-Q4" in said
    assert "How good the calls of past quarters were" in said
    assert "Company | 3 | 3 | 2017-Q4 | $1,835,869 | $2,802,496 | −34.5% | −35.6%" in said
    words.clear()
    calls(demo, performance.review(demo.tables, demo.period("2017-Q4"), level="rep", who="Cecily Lampkin"))
    said = "\n".join(words)
    assert "Cecily Lampkin" in said
    assert "Company" not in said
    assert ("company", "company", "call_error_week_9") in {row[:3] for row in call_figures(demo, review)}
