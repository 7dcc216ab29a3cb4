"""Earlier claims measured again: what stays, what is mended, what chance moves; and what the page says."""

from datetime import date

import numpy as np
import pandas as pd
import pytest
from process_logs import STAGES, company

from salesops_nb import process
from salesops_nb.core.periods import FiscalCalendar
from salesops_nb.notebook.process_review import trying
from salesops_nb.process.again import CLAIM, NOW, verdict
from salesops_nb.store.database import open_store

CALENDAR = FiscalCalendar()
THEN = date(2017, 12, 26)


def claim(**more):
    given = {"claimed_on": THEN, "review_on": date(2018, 3, 1), "kind": "conversion", "stage": "Demo",
             "team": "T0", "n": 600, "own": 0.5, "peers": 0.7, "behind": 0.4, "behind_low": 0.3,
             "behind_high": 0.5, "money": 1000.0, "plays": "One"}  # fmt: skip
    return {**given, **more}


@pytest.fixture(scope="module")
def two_years():
    """Weak in Demo in the first year, and after; or as its peers after."""

    def made(weak_after):
        first, second = company(1800, 1, weak=0.7), company(1800, 5, weak=weak_after)
        for name in ("deals", "stage_history"):
            frame = second[name].copy()
            frame["deal_id"] = "E" + frame["deal_id"]
            for column in frame.columns.intersection(["created_on", "closed_on", "entered_at"]):
                moved = pd.to_datetime(frame[column]) + pd.Timedelta(days=365)
                frame[column] = moved if column == "entered_at" else moved.dt.date
            second[name] = pd.concat([first[name], frame.astype(object).where(frame.notna(), None)])
        return {**second, "people": first["people"]}

    return made


def measured(tables, claims):
    history = process.read(tables, date(2018, 12, 26), STAGES)
    return process.measured_again(history, process.stints(history), pd.DataFrame(claims), CALENDAR)


@pytest.mark.parametrize(("weak", "said"), [(0.7, "as it was"), (1.0, "closer")])
def test_what_is_mended_is_told_from_what_is_not(two_years, weak, said):
    then = process.review(two_years(weak), CALENDAR.period("2017"), THEN, stages=STAGES).claims
    then = then.assign(claimed_on=THEN, review_on=date(2018, 3, 1))
    found = measured(two_years(weak), then).iloc[0]
    assert (found["kind"], found["stage"], found["team"]) == ("conversion", "Demo", "T0")
    assert found["own"] / found["peers"] == pytest.approx(0.7, abs=0.08)
    assert found["own_now"] / found["peers_now"] == pytest.approx(weak, abs=0.1)
    assert found["now_low"] < found["behind_now"] < found["now_high"]
    assert found["verdict"] == said


def test_only_what_is_due_is_measured_and_too_few_is_said(two_years):
    tables = two_years(1.0)
    assert measured(tables, [claim(review_on=date(2018, 12, 27)), claim(stage="Gone")]).empty
    late = measured(tables, [claim(claimed_on=date(2018, 12, 20), review_on=date(2018, 12, 26))])
    assert late["verdict"].tolist() == ["too few"]
    assert list(late.columns) == [*CLAIM, *NOW]


def test_a_claim_that_only_falls_back_by_luck_has_not_moved():
    """Places differ a little; the worst of ten is claimed, drawn towards all, and counted again."""
    rng = np.random.default_rng(0)
    spread, error, moved = 0.1, 0.1, []
    for _ in range(2_000):
        truth = rng.normal(0, spread, 10)
        seen = truth + rng.normal(0, error, 10)
        worst = int(seen.argmax())
        share = spread**2 / (spread**2 + error**2)
        middle, reach = share * seen[worst], 1.645 * error * np.sqrt(share)
        again = truth[worst] + rng.normal(0, error)
        said = verdict(np.array([middle, middle - reach, middle + reach]), again, error)
        moved.append(said != "as it was")
    assert np.mean(moved) == pytest.approx(0.1, abs=0.025)


@pytest.fixture
def store(tmp_path):
    engine = open_store(f"sqlite:///{tmp_path / 'store.sqlite'}")
    yield engine
    engine.dispose()


def test_the_page_keeps_what_it_claims_and_shows_it_when_it_is_due(demo, store, words, monkeypatch):
    from salesops_nb.notebook.process_review import finding
    from salesops_nb.notebook.process_review.parameters import ProcessReview
    from salesops_nb.playbook import load_plays

    monkeypatch.setitem(demo.__dict__, "store", store)
    plays = load_plays(demo.folder)

    def shown(**more):
        asked = ProcessReview(**more)
        review = finding.found(demo, asked)
        words.clear()
        trying.again(demo, asked, review)
        trying.kept(demo, asked, review, plays, live=False)
        return "\n".join(words)

    then = {"period": "2017-Q3", "as_of": "2017-09-30"}
    assert shown(**then, level="team", who="Melvin Marxen") == ""
    assert shown(**then) == shown(period="2017-Q4", as_of="2017-12-28") == ""  # not due yet
    text = shown(period="2017-Q4")
    assert "What became of earlier claims" in text
    row = next(line for line in text.splitlines() if line.startswith("Proposal | Melvin Marxen"))
    assert row.startswith("Proposal | Melvin Marxen | no change beyond chance | 34% (20% – 49%) |")
    assert "| 19 / 15 days | 22 / 19 days | 371 |" in row
    marxen = next(line for line in text.splitlines() if line.startswith("Prospecting | Melvin Marxen"))
    assert "further behind" in marxen
    assert "Dustin Brinkmann" not in shown(period="2017-Q4", level="team", who="Melvin Marxen")
