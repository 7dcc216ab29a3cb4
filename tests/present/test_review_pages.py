"""The review's cards and its readers' pages, on constructed deals, and who sees whom."""

import ast
from datetime import date
from decimal import Decimal as D
from types import SimpleNamespace

import pandas as pd
import pytest

from salesops_nb import parameters, performance
from salesops_nb.core.frames import Tables
from salesops_nb.errors import SalesopsError
from salesops_nb.notebook import performance_review as show
from salesops_nb.notebook.next_tier import NextTier, next_tier
from salesops_nb.notebook.review_pages import has, help_with, reader_of
from salesops_nb.present.language.translation import use_locale

NOBODY_ELSE = ("Yusuf", "Zoe", "South")


@pytest.fixture(autouse=True)
def english():
    use_locale("en_US", "USD")


def tables(targets=True, deals=None):
    """Two teams: Xenia sells and has stale deals, Yusuf sells little, Zoe began yesterday."""
    rows = deals if deals is not None else [
        *[("x", "won", 100, f"2017-{8 + n % 5:02d}-02", f"2017-{8 + n % 5:02d}-20") for n in range(10)],
        *[("y", "won" if n < 2 else "lost", 50, "2017-10-02", "2017-11-20") for n in range(30)],
        ("x", "lost", 10, "2017-06-01", "2017-06-30"),
        ("x", "open", 900, "2017-12-10", None), ("x", "open", 70, "2017-12-01", None),
        ("x", "open", 3_000, "2015-01-01", None), ("y", "open", 40, "2017-12-01", None),
    ]  # fmt: skip
    frame = pd.DataFrame(rows, columns=["owner_id", "outcome", "amount", "created_on", "closed_on"])
    frame["deal_id"] = [f"deal-{row.owner_id}-{at}" for at, row in enumerate(frame.itertuples())]
    frame["stage"] = [{"won": "Won", "lost": "Lost", "open": "Engaging"}[each] for each in frame["outcome"]]
    frame["amount"] = [D(each) for each in frame["amount"]]
    for column in ("created_on", "closed_on"):
        frame[column] = [date.fromisoformat(day) if isinstance(day, str) else None for day in frame[column]]
    found = {
        "deals": frame,
        "people": pd.DataFrame({
            "person_id": list("xyz"), "name": ["Xenia", "Yusuf", "Zoe"], "team": ["North", "South", "North"],
            "region": ["r"] * 3,
        }),
    }  # fmt: skip
    if targets:
        found["targets"] = pd.DataFrame({
            "level": ["company", "team", "team", "rep", "rep"], "who": ["Acme", "North", "South", "x", "y"],
            "metric": ["bookings"] * 5, "period": ["2017-Q4"] * 5,
            "value": [D(v) for v in (1_500, 500, 1_000, 500, 1_000)],
        })  # fmt: skip
    return Tables.of(found)


def reviewed(level="company", who=None, day=date(2017, 12, 31), **made):
    return performance.review(tables(**made), "2017-Q4", day, level=level, who=who)


def shown(capsys, call, *args, **given):
    """Everything that a call displays, as its facts."""
    capsys.readouterr()
    call(*args, **given)
    bundles = [
        ast.literal_eval(line) for line in capsys.readouterr().out.splitlines() if line.startswith("{")
    ]
    return [value for each in bundles for kind, value in each.items() if "salesops" in kind]


@pytest.mark.parametrize(("level", "who"), [("company", None), ("team", "North"), ("rep", "x")])
@pytest.mark.parametrize("day", [date(2017, 12, 31), date(2017, 11, 25)])
@pytest.mark.parametrize("targets", [True, False])
def test_three_to_five_cards_each_with_a_figure(capsys, level, who, day, targets):
    (facts,) = shown(capsys, show.headlines, reviewed(level, who, day, targets=targets))
    cards = facts["cards"]
    assert 2 <= len(cards) <= 5
    for card in cards:
        assert card["value"] not in ("–", "")
        assert len(card["against"]) <= 2
    against = {each["label"] for card in cards for each in card["against"]}
    if targets and day.month == 12:
        assert "to target" in against
    if not targets:
        assert "to target" not in against
        assert "Attainment" not in [card["label"] for card in cards]


def test_cards_hold_the_exact_difference_to_target_and_comparison(capsys):
    (facts,) = shown(capsys, show.headlines, reviewed())
    bookings, attainment = facts["cards"][:2]
    # 6 of Xenia's 10 and both of Yusuf's closed in the quarter
    assert bookings["value"] == "$700"
    assert [(each["value"], each["label"]) for each in bookings["against"]] == [
        ("−53.3%", "to target"),
        ("+75.0%", "to 2017-Q3"),
    ]
    assert [each["value"] for each in attainment["against"]] == ["−$800", "1 of 2"]


def test_one_who_began_yesterday_has_no_rank_no_bridge_and_no_empty_table(capsys):
    review = reviewed("rep", "z", targets=False)
    workbook = SimpleNamespace(tables=tables(targets=False))
    (facts,) = shown(capsys, show.headlines, review)
    assert [card["label"] for card in facts["cards"]] == ["Bookings"]
    for call in (
        lambda: show.bridge(review, "rep"),
        lambda: show.own_deals(workbook, review, "rep"),
        lambda: show.trend(review, "rep"),
        lambda: show.groups(review.people, "Reps", reader="rep"),
        lambda: show.ranking(review.people, review.company, "Win rate", "rep", "rep"),
        lambda: show.next_commission(None, review, "rep"),
    ):
        assert shown(capsys, call) == []


def test_a_reps_page_holds_nobody_else(capsys):
    review, workbook = reviewed("rep", "x"), SimpleNamespace(tables=tables())
    facts = shown(capsys, show.own_deals, workbook, review, "rep")
    facts += shown(capsys, show.headlines, review)
    live, stale = facts[0], facts[1]
    assert [row["cells"][0] for row in live["rows"]] == ["deal-x-41", "deal-x-42"]
    assert [row["cells"][0] for row in stale["rows"]] == ["deal-x-43"]
    assert not [word for word in NOBODY_ELSE if word in str(facts)]


def test_deals_that_close_the_gap_end_where_it_is_closed(capsys):
    deals = [("x", "won", 100, "2017-09-02", "2017-10-20"),
             *[("x", "open", amount, "2017-11-01", None) for amount in (90, 300, 250, 200, 10)]]  # fmt: skip
    review = performance.review(tables(deals=deals), "2017-Q4", date(2017, 11, 25), level="rep", who="x")
    (facts,) = shown(capsys, show.own_deals, SimpleNamespace(tables=tables(deals=deals)), review, "rep")
    assert facts["title"] == "Deals that close the gap of $400"
    assert [row["cells"][2:4] for row in facts["rows"]] == [["$300", "$300"], ["$250", "$550"]]


def test_a_manager_sees_each_rep_in_one_row_with_a_small_line_and_what_to_help_with(capsys):
    review = reviewed("team", "South")
    (facts,) = shown(capsys, show.one_on_one, review, "manager")
    (row,) = facts["rows"]
    assert row["cells"][0] == "Yusuf"
    assert any(row["sparks"])
    assert row["cells"][-1] == "No one cause stands out: ask"  # of his team he is the only one
    assert "Xenia" not in str(facts)


def test_an_executive_is_told_of_the_furthest_behind_and_of_what_is_sure(capsys):
    review = reviewed()
    (teams,) = shown(capsys, show.against, review, "executive")
    assert [row["cells"][0] for row in teams["rows"]] == ["South", "North"]
    (reps,) = shown(capsys, show.behind, review, "executive")
    (yusuf,) = reps["rows"]
    assert yusuf["cells"] == ["Yusuf", "−$900", "Winning: 7% of deals won, 22% by all"]


def test_what_helps_is_the_first_that_holds_and_is_not_guessed():
    review = reviewed()
    row = {"gap": D(-10), "target": D(100), "bookings": D(90), "won": 5, "lost": 5, "win_rate": 0.5,
           "win_rate_high": 0.8, "open_deals": 3, "stale_deals": 0, "pipeline": D(50), "pipeline_due": D(0),
           "stale_value": D(0)}  # fmt: skip
    assert help_with(row, review) == "No one cause stands out: ask"
    assert help_with({**row, "gap": D(10)}, review) == "–"
    assert help_with({**row, "win_rate": 0.1, "win_rate_high": 0.2}, review).startswith("Winning: 10%")
    stale = {**row, "stale_deals": 1, "stale_value": D(60)}
    assert help_with(stale, review) == "Deciding on 1 stale deal ($60)"
    nothing = {**row, "won": 0, "lost": 0, "open_deals": 0, "gap": None}
    assert help_with(nothing, review) == "Getting started: no deal yet"
    early = reviewed(day=date(2017, 11, 25))
    assert help_with(row, early) == "Finding deals: $0 due, $10 missing"


def test_the_next_tier_is_exact(capsys):
    tier = NextTier("New business", D("20034.50"), D("1502.51"), D("0.085"), "USD")
    (facts,) = shown(capsys, show.headlines, reviewed("rep", "x", date(2017, 11, 25)), tier=tier)
    assert facts["cards"][-1]["value"] == "+$1,502.51"
    (note,) = shown(capsys, show.next_commission, tier, reviewed("rep", "x", date(2017, 11, 25)), "rep")
    assert "pays $1,502.51 more" in note["text"]
    assert "8.50%" in note["text"]


def test_the_next_tier_is_the_statements_own(demo):
    from salesops_nb.notebook.commission_calculation.period_book import Book

    review = performance.review(
        demo.tables, "2017-Q4", level="rep", who="Moses Frase", calendar=demo.calendar
    )
    found = next_tier(demo, review)
    coming = Book(demo, "2017-Q4", as_of=review.as_of).statement(review.who).coming
    assert found is not None
    assert (found.missing, found.pays) in [(each.place.missing, each.pays) for each in coming]
    assert next_tier(demo, review, wanted=False) is None
    company = performance.review(demo.tables, "2017-Q4", calendar=demo.calendar)
    assert next_tier(demo, company) is None


def test_who_reads_follows_from_the_level_unless_it_is_said():
    assert [reader_of("by level", level) for level in ("company", "team", "rep")] == [
        "analyst",
        "manager",
        "rep",
    ]
    assert reader_of("executive", "team") == "executive"
    assert not has("executive", "calls")
    assert not has("rep", "people")
    kind = show.PerformanceReview
    assert parameters.checked(kind, {"level": "rep", "who": "x", "audience": "rep"}).audience == "rep"
    for wrong in ({"audience": "rep"}, {"level": "rep", "who": "x", "audience": "manager"}):
        with pytest.raises(SalesopsError, match="page is of"):
            parameters.checked(kind, wrong)
