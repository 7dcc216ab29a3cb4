"""What a chart's title says, by rules: ties, one, none, negative, all equal; and in Romanian."""

from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest

from salesops_nb import present
from salesops_nb.present.charts import findings as f
from salesops_nb.present.charts import findings_of_plans as p
from salesops_nb.present.language.formats import number, percent, short_money
from salesops_nb.present.language.translation import use_locale

NONE = float("nan")

TITLES: list[tuple[str, str, str]] = [
    # target against actual
    (p.target([], [], [], short_money), "", "nobody"),
    (p.target(["Ana"], [50], [NONE], short_money), "", "no target"),
    (p.target(["Ana"], [50], [0], short_money), "", "a target of nought"),
    (p.target(["Ana"], [50], [80], short_money), "Ana is $30 short of target", "one, short"),
    (p.target(["Ana"], [80], [80], short_money), "Ana is exactly on target", "one, on"),
    (p.target(["Ana"], [90], [80], short_money), "Ana is $10 ahead of target", "one, ahead"),
    (p.target(["Ana"], [-20], [80], short_money), "Ana is $100 short of target", "negative"),
    (
        p.target(["Ana", "Bo", "Cy"], [50, 10, 90], [80, 80, 80], short_money),
        "Bo is $70 short of target, the most of three",
        "one furthest",
    ),
    (
        p.target(["Ana", "Bo", "Cy"], [50, 50, 90], [80, 80, 80], short_money),
        "Ana and Bo are each $30 short of target, the most of three",
        "two tie",
    ),
    (
        p.target(list("ABCDE"), [1, 1, 1, 2, 3], [5] * 5, short_money),
        "A and 2 more are each $4 short of target, the most of five",
        "three tie",
    ),
    (p.target(["A", "B"], [1, 2], [5, 6], short_money), "both are $4 short of target", "all short alike"),
    (p.target(["A", "B", "C"], [5, 6, 7], [5, 6, 7], short_money), "all three are exactly on target", "on"),
    (
        p.target(["A", "B"], [9, 6], [5, 6], short_money),
        "both are at or above target, A by the most ($4)",
        "all met",
    ),
    # a period in progress
    (p.pace([], [], [], short_money), "", "nobody"),
    (p.pace(["A"], [5], [0], short_money), "", "nothing due yet"),
    (p.pace(["A"], [5], [9], short_money), "A is $4 behind the pace of the target", "one behind"),
    (p.pace(["A", "B"], [5, 9], [5, 6], short_money), "Nobody is behind the pace of the target", "on pace"),
    (
        p.pace(["A", "B"], [5, 5], [6, 6], short_money),
        "A and B are furthest behind the pace of the target, each by $1",
        "two tie",
    ),
    # bars
    (f.highest([], [], number), "", "no bars"),
    (f.highest(["Ana"], [3], number), "Ana: 3", "one bar"),
    (f.highest(["Ana", "Bo"], [NONE, 3], number), "Bo: 3", "one known"),
    (f.highest(["Ana", "Bo"], [3, 3], number), "both are 3", "all equal"),
    (f.highest(list("ABC"), [-3, -1, -1], number), "B and C are highest at −1, A lowest at −3", "tie"),
    # a course
    (f.course([], [], [], False, number), "", "no points"),
    (f.course(["Jan"], [3], [], False, number), "Jan: 3", "one point"),
    (f.course(["Jan", "Feb"], [3, 3], [], False, number), "The same throughout: 3", "flat"),
    (f.course(["Jan", "Feb"], [3, -3], [], False, number), "Down from 3 in Jan to −3 in Feb", "falls"),
    (f.course(list("abc"), [3, 5, 3], [], False, number), "As in a, c is 3", "back where it was"),
    (f.course(list("abc"), [3, 5, 3], [1], True, number), "b lies outside the limits: 5", "one outside"),
    (
        f.course(list("abc"), [9, 5, 9], [0, 2], True, number),
        "2 of 3 lie outside the limits, the last of them c",
        "two outside",
    ),
    (f.course(list("ab"), [4, 5], [], True, number), "Nothing lies outside the limits; b is 5", "routine"),
    # a bridge
    (f.bridge([], [], number), "", "no steps"),
    (f.bridge(["a", "b"], [Decimal(0), Decimal(0)], number), "No change", "steps of nought"),
    (f.bridge(["a"], [Decimal(-4)], number), "Down 4, all by a", "one step"),
    (f.bridge(["a", "b"], [Decimal(-4), Decimal(1)], number), "Down 3, most by a (−4)", "down"),
    (f.bridge(["a", "b"], [Decimal(4), Decimal(-1)], number), "Up 3, most by a (+4)", "up"),
    (f.bridge(["a", "b"], [Decimal(-2), Decimal(-2)], number), "Down 4, most by a and b (−2)", "tie"),
    (
        f.bridge(["a", "b"], [Decimal("0.1"), Decimal("-0.1")], number),
        "No change in all: what a adds (+0.10) is taken elsewhere",
        "balances",
    ),
    # how values are spread
    (f.spread([], number), "", "no values"),
    (f.spread([7], number), "One value: 7", "one"),
    (f.spread([7, 7, 7], number), "all three are 7", "all equal"),
    (f.spread([-1, 7], number), "From −1 to 7", "two"),
    (f.spread([0, 10, 20, 30, 40], number), "Half of the 5 lie between 10 and 30", "five"),
    # intervals
    (f.apart([], 0.5, percent), "", "nobody"),
    (f.apart([("Ana", 0.7, 0.6, 0.8)], 0.5, percent), "Ana: 70.0%", "a rank of one is none"),
    (
        f.apart([("A", 0.6, 0.4, 0.8), ("B", 0.5, 0.4, 0.6)], 0.5, percent),
        "Every interval holds 50.0%: nobody stands apart from it",
        "all hold it",
    ),
    (
        f.apart([("A", 0.9, 0.8, 1), ("B", 0.1, 0, 0.2)], 0.5, percent),
        "2 of 2 intervals lie clear of 50.0%",
        "none holds it",
    ),
    # curves
    (f.shares([], [], [], "days", percent), "", "no curves"),
    (f.shares(["a"], [0, 9], [[1, 0.7]], "days", percent), "Half are not gone from a after 9 days", "slow"),
    (
        f.shares(["a", "b"], [0, 5, 9], [[1, 0.7, 0.4], [1, 0.4, 0.1]], "days", percent),
        "a takes longest: half are gone after 9 days",
        "one slower",
    ),
    (
        f.shares(["a", "b"], [0, 5], [[1, 0.4], [1, 0.4]], "days", percent),
        "Half are gone from each after 5 days",
        "alike",
    ),
    # funnels and ways
    (f.stages([], [], []), "", "no stages"),
    (f.stages(["New"], [0], [0]), "", "nothing entered"),
    (f.stages(["New"], [5], [0]), "None of 5 are lost", "nothing lost"),
    (f.stages(["New", "Demo"], [5, 4], [2, 2]), "Most are lost at New and Demo: 2 each", "tie"),
    (f.ways(0, 0, 0), "", "no moves"),
    (f.ways(5, 0, 0), "All 5 moves go to the next stage", "straight"),
    # inputs
    (p.swings([], [], [], percent), "", "no inputs"),
    (p.swings(["a"], [0.5], [0.5], percent), "Nothing that was tried moves the answer", "no swing"),
    (
        p.swings(["a", "b"], [0.5, 0.25], [0.75, 0.5], percent),
        "a and b move the answer most, each by 25.0%",
        "tie",
    ),
    # forecasts
    (p.came("May", 8, 12, 7, number), "7 came in May, below the range of 8 to 12", "below"),
    (p.came("May", 8, 12, 12, number), "12 came in May, within the range of 8 to 12", "at the end"),
    (p.held(3, 3), "What came lay within the range in each of 3 cases", "always"),
    (p.held(0, 3), "What came lay within the range in 0 of 3 cases, where four in five should", "never"),
    (p.months_aimed(2, 0, 2), "The forecast reaches the target every time, 2 of 2", "reaches all"),
    (
        p.months_aimed(0, 3, 3),
        "The forecast reaches the target in none of 3; in 3 the whole range lies below it",
        "none",
    ),
    (
        p.range_ahead("2018", 8, 10, 12, NONE, number),
        "About 10 is expected in 2018, 8 to 12 in four of five cases",
        "no target",
    ),
    (
        p.range_ahead("2018", 8, 10, 12, 7, number),
        "The target of 7 for 2018 lies below the range of 8 to 12",
        "a soft target",
    ),
    # attainment
    (p.attained([], []), "", "never"),
    (p.attained(["Q1"], [0.9]), "Q1 ended at 90.0% of target", "one"),
    (p.attained(["Q1", "Q2"], [1, 1.2]), "Target reached every time; Q2 ended at 120.0%", "all"),
    (p.attained(["Q1", "Q2"], [0.8, 0]), "Target reached in none of two; Q2 ended at 0.0%", "nobody sold"),
    # territories
    (p.within([], [], 0.05), "", "no reps"),
    (p.within([0.2], [NONE], 0.05), "The one rep is not within 5% of a fair load", "one"),
    (
        p.within([0.01, -0.01], [0.0, 0.05], 0.05),
        "both are within 5% of a fair load, today and under the plan",
        "nothing to mend",
    ),
    (
        p.within([0.1, 0.2, 0.01], [0.5, 0.5, 0.5], 0.05),
        "one of three within 5% of a fair load under the plan, none today",
        "not reached",
    ),
    (p.changes_hands([], 0), "Nothing moves", "nothing"),
    (p.changes_hands([], 2), "2 units change their rep", "from nobody"),
    (p.changes_hands([("A", "B", 1)], 1), "1 unit changes its rep, from A to B", "one"),
    (p.changes_hands([("A", "B", 1), ("B", "A", 1)], 2), "2 units change their rep", "tie"),
    (p.bought([], [], None), "", "no plans"),
    (p.bought([2], [5], None), "5.0% after moving 2.0%", "one plan"),
    (p.pay_curve(10, 20, 10, number), "At quota the change pays 10, as today", "no difference"),
]


@pytest.mark.parametrize(("made", "words", "case"), TITLES, ids=[case for _m, _w, case in TITLES])
def test_a_title_says_what_the_case_shows(made: str, words: str, case: str) -> None:
    assert made == words


MONTHS = pd.DataFrame({"month": ["Jan", "Feb"], "value": [10, 30], "target": [20, 20], "none": [NONE] * 2})


def charts(frame: Any) -> dict[str, Any]:
    """Every kind of chart without a title of its own, with its measure."""
    x = {"subtitle": "Bookings"}
    shares = frame.assign(month=range(len(frame)), value=[abs(value) / 100 for value in frame["value"]])
    return {
        "trend": present.trend.draw(frame, "month", "value", **x),
        "columns": present.columns.draw(frame, "month", "value", **x),
        "stacked": present.stacked.draw(frame, "month", ["value", "target"], **x),
        "bars": present.bars.draw(frame, "month", "value", **x),
        "ranking": present.ranking.draw(frame, "month", "value", unit="money", **x),
        "bullet": present.bullet.draw(frame, "month", "value", "target", **x),
        "waterfall": present.waterfall.draw(frame, "month", "value", opening="A", closing="B", **x),
        "histogram": present.histogram.draw(frame["value"], unit="money", **x),
        "incidence": present.incidence.draw(shares, "month", ["value"], **x),
        "tornado": present.tornado.draw(frame, "month", "value", "target", unit="money", **x),
        "funnel": present.funnel.draw(frame, "month", "value", "target", "target", **x),
        "fan": present.fan.draw(frame, "month", "value", "value", "target", **x),
        "flow": present.flow.draw(
            frame.assign(to="Feb"), "month", "to", "value", stages=["Jan", "Feb"], **x
        ),
    }  # fmt: skip


def test_every_chart_bears_a_finding_and_its_measure_with_the_unit() -> None:
    for kind, chart in charts(MONTHS).items():
        assert chart.title, kind
        assert chart.title[0].isupper() or chart.title[0].isdigit(), kind
        assert not chart.title.startswith("Bookings"), kind
        sign = {"incidence": "Bookings, %", "funnel": "Bookings", "flow": "Bookings"}
        assert chart.subtitle == sign.get(kind, "Bookings, USD"), kind
        assert chart.alt.startswith(f"{chart.title}. {chart.subtitle}."), kind


def test_without_data_the_measure_is_the_title() -> None:
    empty = pd.DataFrame({"month": [], "value": [], "target": []})
    for kind, chart in charts(empty).items():
        assert chart.title.startswith("Bookings"), kind
        assert chart.subtitle == "", kind
        assert chart.svg.count("<svg") == 1, kind


def test_one_row_nothing_sold_and_negative_amounts_are_drawn_the_same_every_time() -> None:
    for values in ([0.0], [-5.0], [0.0, 0.0], [-5.0, -9.0]):
        frame = pd.DataFrame({"month": ["Jan", "Feb"][: len(values)], "value": values, "target": 20.0})
        again = charts(frame)
        for kind, chart in charts(frame).items():
            drawn = chart.svg
            assert len(drawn) < 40_000, kind
            assert drawn == again[kind].svg, kind


def test_a_title_that_was_given_stays() -> None:
    chart = present.trend.draw(MONTHS, "month", "value", title="Mine", subtitle="Bookings")
    assert (chart.title, chart.subtitle) == ("Mine", "Bookings, USD")


def test_titles_are_romanian_for_a_romanian_reader() -> None:
    use_locale("ro_RO", "RON")
    assert p.target(["Ana", "Bo"], [50, 10], [80, 80], short_money).startswith("Bo este cu 70")
    known = {kind: chart.title for kind, chart in charts(MONTHS).items()}
    english = ("highest", "lowest", "lost", "after", "moves", "Up", "short", "range", "From ")
    for kind, title in known.items():
        assert not any(word in title for word in english), (kind, title)


def test_axes_write_no_rounding_errors_and_no_rounded_shares() -> None:
    zero = present.waterfall.draw(
        pd.DataFrame({"s": ["a"], "a": [Decimal("0.10")]}), "s", "a", opening="A", closing="B", unit="cents"
    )
    assert "00000" not in zero.svg
    small = present.columns.draw(pd.DataFrame({"m": ["a"], "v": [0.1]}), "m", "v", unit="percent")
    assert "2.5%" in small.svg
    assert ">3%<" not in small.svg


@pytest.mark.parametrize("n", [5, 32, 400])
def test_bins_have_one_round_width(n: int) -> None:
    shares = np.random.default_rng(n).beta(0.4, 1, n)
    chart = present.histogram.draw(shares, unit="whole_percent")
    bars = [bar for bar in chart.figure.axes[0].patches if bar.get_width() > 0]
    assert len({round(bar.get_width(), 9) for bar in bars}) == 1
    assert sum(bar.get_height() for bar in bars) == n
    days = present.histogram.draw(np.random.default_rng(n).gamma(2, 30, n), unit="number")
    wide = days.figure.axes[0].patches[0].get_width()
    assert wide / 10 ** np.floor(np.log10(wide)) in (1, 2, 2.5, 5)
    assert sum(bar.get_height() for bar in days.figure.axes[0].patches) == n


def test_letters_of_romanian_are_in_every_family_that_is_drawn_with() -> None:
    from matplotlib.font_manager import FontProperties, findfont, get_font

    from salesops_nb.present.charts import style

    assert style.families({"Arial", "X"}) == ["Arial", "sans-serif"]
    assert style.families({"DejaVu Sans"}) == ["DejaVu Sans", "sans-serif"]
    assert style.families(set()) == ["sans-serif"]
    with style.quiet():
        held = set().union(
            *(get_font(findfont(FontProperties(family=[name]))).get_charmap() for name in style._families())
        )
        chart = present.bars.draw(pd.DataFrame({"n": ["Șțefan Țîrțău"], "v": [1]}), "n", "v")
        import warnings

        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert chart.png[:4] == b"\x89PNG"
    assert {ord(letter) for letter in "ȘșȚțĂăÂâÎî–−…→≈÷"} <= held
    assert "sans-serif" in chart.svg
