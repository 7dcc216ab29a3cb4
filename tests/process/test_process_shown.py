"""What the process review's page says: the finding, too little data, and what it cannot say."""

import pytest
from process_logs import STAGES, company

from salesops_nb import process
from salesops_nb.core.periods import FiscalCalendar
from salesops_nb.notebook.process_review import deals, finding, lead, trying, ways
from salesops_nb.notebook.process_review.parameters import ProcessReview
from salesops_nb.playbook import load_plays
from salesops_nb.workbook import WorkingDays

YEAR = FiscalCalendar().period("2017")


def page(review, words):
    words.clear()
    parts = (finding.headlines, finding.window, finding.bottlenecks, deals.stuck, ways.conversion, ways.time)
    for part in (*parts, ways.flow, deals.pushes, deals.losses, finding.left_out):
        part(review)
    return "\n".join(words)


@pytest.fixture(scope="module")
def demo_review(demo):
    return finding.found(demo, ProcessReview())


def test_the_demo_names_proposal_in_central(demo, demo_review, words):
    known = load_plays(demo.folder)
    finding.headlines(demo_review, demo.simulated)
    assert (
        words[0]
        .splitlines()[0]
        .startswith("Held up most: Proposal (+43.5% days against its peers) Melvin Marxen: $")
    )
    said = lead.lead(demo_review, known)
    assert said.startswith(
        "Proposal holds up team Melvin Marxen: deals stay 23 days against its peers' 16 (medians)."
    )
    assert "once (" in said
    assert said.endswith("Try first: Offers within two days.")
    assert lead.but(demo_review).startswith(
        "From first stage to close Melvin Marxen takes 81 days, its peers 80:"
    )
    text = page(demo_review, words)
    assert "2017-Q4 has fewer than 400 deals a team, so 2017-Q1 to 2017-Q4 are taken together." in text
    assert "160 moves were made in bulk updates" in text
    assert "All in all these teams are no more than a tenth slower" in text
    assert "stage: Proposal | no decision" in text
    trying.plays(demo_review, known)
    assert "Offers within two days" in words[-1]


def test_working_days_are_the_workbooks(demo, words, monkeypatch):
    days = WorkingDays(weekend=["friday", "saturday"], holidays=["2017-12-25", "2018-12-25"])
    monkeypatch.setitem(demo.__dict__, "settings", demo.settings.model_copy(update={"working_days": days}))
    review = finding.found(demo, ProcessReview(days="working"))
    ways.time(review)
    assert "Time in stage, working days" in "\n".join(words)
    assert ways.working_days(review.working, review.within) == (
        "Working days are Monday, Tuesday, Wednesday, Thursday, Sunday, but for 1 holiday in the window."
    )
    usual = WorkingDays().calendar
    assert ways.working_days(usual, review.within).endswith("Monday, Tuesday, Wednesday, Thursday, Friday.")


def test_too_little_data_is_said_in_words_and_the_rest_comes_first(words):
    review = process.review(company(450), YEAR, stages=STAGES)
    text = page(review, words)
    cards = text.splitlines()[:3]
    assert [card.split(":")[0] for card in cards] == ["Stuck now", "Pushed", "Held up most"]
    assert "Too little data to compare teams: the largest has 150 deals in the window" in cards[2]
    assert "Who goes on from a stage" in text


def test_no_word_of_statistics_stands_outside_the_appendix(demo_review, words):
    text = page(demo_review, words).lower()
    for word in ("shrunk", "censored", "aalen", "kaplan", "hochberg", "fisher", "drawn towards", "5 %"):
        assert word not in text


def test_without_a_history_the_page_says_what_it_cannot_say(words):
    made = company(600)
    del made["stage_history"]
    text = page(process.review(made, YEAR, stages=STAGES), words)
    assert "There is no table stage_history, so that nothing can be said of how deals go" in text
    assert "Whether close dates are pushed cannot be said" in text
    assert "No open deal is beyond the limit" in text
    assert "Who goes on from a stage" not in text


def test_a_team_sees_its_own(demo, words):
    review = finding.found(demo, ProcessReview(level="team", who="Cara Losch"))
    text = page(review, words)
    assert set(review.bottlenecks["team"]) == {"Cara Losch"}
    assert "Melvin Marxen" not in text
    assert "745" in text


def test_a_segment_is_a_segment(demo):
    from salesops_nb.errors import SalesopsError

    review = finding.found(demo, ProcessReview(segment="retail"))
    assert set(review.history.deals["segment"]) == {"retail"}
    with pytest.raises(SalesopsError, match=r"There is no segment 'retial'\. The segments are: .*retail"):
        finding.found(demo, ProcessReview(segment="retial"))
    with pytest.raises(SalesopsError, match="which is not known"):
        finding.found(demo, ProcessReview(level="team", who="Cara Lsoch"))
    with pytest.raises(SalesopsError, match="which is not known"):
        finding.found(demo, ProcessReview(who="Cara Losch"))


def test_amounts_have_no_more_digits_than_are_certain():
    assert finding.rounded(37_668.1) == "$38,000"
    assert finding.rounded(-437.0) == "-$440" or finding.rounded(-437.0) == "−$440"
    assert finding.rounded(0) == "$0"
