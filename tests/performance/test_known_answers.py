"""The demo's figures, counted independently by hand from the published files."""

from datetime import date
from decimal import Decimal

import pytest

from salesops_nb import performance


@pytest.fixture(scope="module")
def year(demo):
    return performance.review(demo.tables, "2017")


def test_the_year(year):
    whole = year.company
    assert (whole["won"], whole["lost"]) == (4238, 2473)
    assert whole["bookings"] == 10_005_534
    assert whole["win_rate"] == pytest.approx(4238 / 6711)
    assert whole["win_rate_value"] == pytest.approx(0.628, abs=5e-4)
    assert whole["days_to_win"] == pytest.approx(51.782, abs=5e-4)
    assert year.data_through == date(2017, 12, 31)


def test_open_pipeline_is_valued_at_list_price_and_said_to_be(year):
    stages = year.pipeline.set_index("stage")
    assert stages.at["Engaging", "value"] + stages.at["Engaging", "stale_value"] == 3_892_229
    assert stages.at["Prospecting", "value"] + stages.at["Prospecting", "stale_value"] == 1_073_986
    assert stages["deals"].sum() + stages["stale_deals"].sum() == 2_089
    assert (stages["estimated"] == stages["value"]).all()


@pytest.mark.parametrize(
    ("manager", "bookings"),
    [
        ("Melvin Marxen", 2_251_930),
        ("Summer Sewald", 1_964_750),
        ("Rocco Neubert", 1_960_545),
        ("Celia Rouche", 1_603_897),
        ("Cara Losch", 1_130_049),
        ("Dustin Brinkmann", 1_094_363),
    ],
)
def test_teams(year, manager, bookings):
    assert year.teams.at[manager, "bookings"] == bookings


@pytest.mark.parametrize(
    ("key", "bookings"),
    [("2017-Q1", 1_134_672), ("2017-Q2", 3_086_111), ("2017-Q3", 2_982_255), ("2017-Q4", 2_802_496)],
)
def test_quarters(demo, key, bookings):
    assert performance.review(demo.tables, key).company["bookings"] == bookings


def test_products_after_joining_names_rightly(year):
    assert year.products["bookings"].to_dict() == {
        "GTX Pro": 3_510_578,
        "GTX Plus Pro": 2_629_651,
        "MG Advanced": 2_216_387,
        "GTX Plus Basic": 705_275,
        "GTX Basic": 499_263,
        "GTK 500": 400_612,
        "MG Special": 43_768,
    }


def test_the_first_rep(year):
    best = year.people.loc["Darcel Schlecht"]
    assert (best["won"], best["won"] + best["lost"], best["bookings"]) == (349, 553, 1_153_214)
    assert year.people.index[0] == "Darcel Schlecht"


def test_a_quarter_that_the_data_cover_in_part_is_not_compared_silently(demo):
    second = performance.review(demo.tables, "2017-Q2")
    assert second.comparison.period is None
    assert [note.code for note in second.notes] == ["no-comparison"]
    assert "2017-Q1: the data cover 31 of its 90 days" in second.notes[0].message
    assert second.bridge.empty
    first = performance.review(demo.tables, "2017-Q1")
    assert {note.code for note in first.notes} == {"partial-period", "no-comparison"}


def test_half_way_the_comparison_ends_on_the_same_day_and_the_pace_counts(demo):
    found = performance.review(demo.tables, "2017-Q4", as_of=date(2017, 11, 15))
    assert str(found.comparison.said) == "the first 46 days of 2017-Q3"
    assert found.pace.learned_from == ("2017-Q3", "2017-Q2")
    assert 0.35 < found.pace.share < 0.55
    assert found.company["bookings"] < 2_802_496
    by_hand = found.company["bookings"] / (found.company["target"] * Decimal(str(found.pace.share)))
    assert found.company["pace_attainment"] == pytest.approx(float(by_hand))


def test_seven_headlines_each_with_a_sentence(demo):
    for level, who in (("company", None), ("team", "Cara Losch"), ("rep", "Hayden Neloms")):
        found = performance.review(demo.tables, "2017-Q3", level=level, who=who).headlines
        assert len(found) == 7
        assert found["sentence"].str.endswith(".").all()


def test_a_rep_without_a_deal_has_a_review_of_nothing(demo):
    found = performance.review(demo.tables, "2017-Q3", level="rep", who="Mei-Mei Johns")
    assert found.company["bookings"] == 0
    assert len(found.headlines) == 7
