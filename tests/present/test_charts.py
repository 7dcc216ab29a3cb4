"""Charts: what they say in words, that they are quiet, and that drawing leaves no trace."""

import re
import xml.etree.ElementTree as ET
from decimal import Decimal
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.figure import Figure

from salesops_nb import present
from salesops_nb.errors import SalesopsError
from salesops_nb.present.charts import style
from salesops_nb.present.export.images import inline_svg
from salesops_nb.present.language.translation import use_locale

MONTHS = pd.DataFrame(
    {
        "month": ["2017-07", "2017-08", "2017-09"],
        "bookings": [Decimal(300), Decimal(310), Decimal(900)],
        "lower": [100, 100, 100],
        "upper": [500, 500, 500],
        "returns": [-10, float("nan"), -30],
    }
)
REPS = pd.DataFrame(
    {
        "rep": ["$Ana$", "Dan_x^2", "Ion"],
        "rate": [0.5, 0.75, np.nan],
        "low": [0.4, 0.6, np.nan],
        "high": [0.6, 0.9, np.nan],
    }
)
STEPS = pd.DataFrame({"step": ["Price", "Volume"], "amount": [Decimal("0.10"), Decimal("-0.30")]})
CURVES = pd.DataFrame(
    {"days": [0, 30, 60], "won": [0, 0.4, 0.6], "won_low": [0, 0.3, 0.5], "won_high": [0, 0.5, 0.7]}
)

CASES: dict[str, Any] = {
    "trend": lambda: present.trend.draw(
        MONTHS,
        x="month",
        y="bookings",
        title="T",
        limits={"centre": 300, "lower": "lower", "upper": "upper"},
        target="upper",
    ),
    "stacked": lambda: present.stacked.draw(MONTHS, x="month", parts=["bookings", "returns"], title="T"),
    "bars": lambda: present.bars.draw(MONTHS, x="month", y="bookings", compare="returns", title="T"),
    "ranking": lambda: present.ranking.draw(
        REPS, who="rep", value="rate", low="low", high="high", reference=0.6, highlight="Ion", title="T"
    ),
    "waterfall": lambda: present.waterfall.draw(
        STEPS,
        step="step",
        amount="amount",
        opening="Q2",
        closing="Q3",
        start=Decimal("1.20"),
        end=Decimal("1.00"),
        unit="cents",
        title="T",
    ),
    "histogram": lambda: present.histogram.draw([1, 2, 2, 3, None], title="T", marks={"median": 2}),
    "incidence": lambda: present.incidence.draw(CURVES, time="days", curves=["won"], title="T"),
}
SAYS = {
    "trend": "T. From 2017-07 ($300) to 2017-09 ($900). "
    "Highest $900 in 2017-09, lowest $300 in 2017-07. Outside the limits: 2017-09.",
    "stacked": "T. bookings: $1,510 in all. returns: −$40 in all.",
    "bars": "T. 2017-07 $300; 2017-08 $310; 2017-09 $900.",
    "ranking": "T. 2 in order, best first: Dan_x^2 75.0% (60.0%–90.0%); $Ana$ 50.0% (40.0%–60.0%).",
    "waterfall": "T. Q2 $1.20; Price +$0.10; Volume −$0.30; Q3 $1.00.",
    "histogram": "T. 4 values, median 2. From 1 to 3.",
    "incidence": "T. won: 60.0% by 60.",
}


@pytest.mark.parametrize("name", CASES)
def test_the_alternative_text_is_made_from_the_data(name: str) -> None:
    assert CASES[name]().alt == SAYS[name]


@pytest.mark.parametrize("name", CASES)
def test_a_chart_is_small_wellformed_and_the_same_every_time(name: str) -> None:
    first, again = CASES[name]().svg, CASES[name]().svg
    assert first == again
    assert len(first) < 40_000
    ET.fromstring(first)
    data, metadata = CASES[name]().bundle()
    assert list(data) == ["image/svg+xml", "text/plain"]
    assert metadata["image/svg+xml"]["alt"] == SAYS[name]


@pytest.mark.parametrize("name", CASES)
def test_drawing_leaves_the_settings_as_they_were(name: str) -> None:
    import matplotlib.pyplot as plt

    before, figures = dict(mpl.rcParams), plt.get_fignums()
    _ = CASES[name]().svg
    assert dict(mpl.rcParams) == before
    assert plt.get_fignums() == figures


@pytest.mark.parametrize("name", CASES)
def test_a_strange_setting_of_the_session_does_not_show(name: str) -> None:
    plain = CASES[name]().svg
    with mpl.rc_context({"font.size": 30, "axes.facecolor": "red", "savefig.bbox": "tight"}):
        assert CASES[name]().svg == plain


@pytest.mark.parametrize(
    "draw",
    [
        lambda f: present.trend.draw(f, x="a", y="b"),
        lambda f: present.stacked.draw(f, x="a", parts=["b"]),
        lambda f: present.bars.draw(f, x="a", y="b"),
        lambda f: present.ranking.draw(f, who="a", value="b"),
        lambda f: present.histogram.draw(f["b"]),
        lambda f: present.incidence.draw(f, time="a", curves=["b"]),
    ],
)
def test_an_empty_frame_is_a_chart_that_says_so(draw: Any) -> None:
    chart = draw(pd.DataFrame({"a": [], "b": []}))
    assert chart.svg.count("<svg") == 1
    assert "No data." in chart.alt or "in all" in chart.alt


def test_a_missing_column_names_those_there_are() -> None:
    with pytest.raises(SalesopsError, match="'sales', which the table has not"):
        present.trend.draw(MONTHS, x="month", y="sales")


@given(
    st.decimals(-(10**6), 10**6, places=2),
    st.lists(st.decimals(-(10**6), 10**6, places=2), min_size=1, max_size=4),
    st.decimals("0.01", 100, places=2),
)
@settings(max_examples=12, deadline=None)
def test_a_bridge_that_does_not_add_up_is_refused(start: Decimal, steps: list[Decimal], off: Decimal) -> None:
    frame = pd.DataFrame({"s": [f"s{i}" for i in range(len(steps))], "a": pd.Series(steps, dtype=object)})
    usual = {"step": "s", "amount": "a", "opening": "A", "closing": "B", "start": start}
    assert present.waterfall.draw(frame, **usual, end=start + sum(steps)).alt
    with pytest.raises(SalesopsError, match="The bridge from A to B comes to"):
        present.waterfall.draw(frame, **usual, end=start + sum(steps) + off)


@pytest.mark.parametrize(("start", "cut"), [(1000, True), (20, False), (-1000, False)])
def test_a_bridge_of_thin_steps_says_where_its_axis_begins(start: int, cut: bool) -> None:
    frame = pd.DataFrame({"s": ["a", "b"], "a": [30, -10]})
    chart = present.waterfall.draw(
        frame, step="s", amount="a", opening="A", closing="B", start=start, note="N."
    )
    bottom = chart.figure.axes[0].get_ylim()[0]
    assert chart.note == ("N. The axis begins at $970, not at zero." if cut else "N.")
    assert (bottom == 970) == cut
    assert bottom <= 0 or cut


def test_a_heavy_drawing_becomes_a_smaller_png() -> None:
    import base64

    from salesops_nb.present.charts.chart import Chart, new_figure

    with style.quiet():
        figure, axes = new_figure()
        axes.scatter(*np.random.default_rng(1).normal(size=(2, 5000)))
    chart = Chart(figure, "5,000 dots")
    data, metadata = chart.bundle()
    assert list(data) == ["image/png", "text/plain"]
    assert base64.b64decode(data["image/png"])[:4] == b"\x89PNG"
    assert len(data["image/png"]) < len(chart.svg)
    assert metadata["image/png"]["alt"] == "5,000 dots"


def test_a_figure_without_words_is_refused() -> None:
    with pytest.raises(SalesopsError, match="no alternative text"):
        present.show(Figure(), "  ")


def test_romanian_charts_speak_romanian() -> None:
    use_locale("ro_RO", "RON")
    chart = CASES["trend"]()
    assert "În afara limitelor: 2017-09." in chart.alt
    assert "limita de sus" in chart.svg
    assert "mean" not in chart.svg.replace("means", "")


def test_inline_drawings_take_the_colours_of_the_page_and_keep_their_ids_apart() -> None:
    svg = CASES["trend"]().svg
    a, b = (inline_svg(svg, prefix, 'A "b" <c>') for prefix in ("c1", "c2"))
    assert "var(--series-1)" in a
    assert "#245f94" not in a
    assert 'aria-label="A &quot;b&quot; &lt;c&gt;"' in a
    ids = [set(re.findall(r'\bid="([^"]+)"', each)) for each in (a, b)]
    assert ids[0]
    assert not ids[0] & ids[1]
    for each, own in zip((a, b), ids, strict=True):
        assert set(re.findall(r"(?:url\(#|href=\"#)([^)\"]+)", each)) <= own


def contrast(one: str, other: str) -> float:
    """WCAG 2's contrast ratio of two colours."""

    def light(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    high, low = sorted((light(one), light(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def schemes() -> list[dict[str, str]]:
    from salesops_nb.present.page.render import style_sheet

    sheet = style_sheet()
    blocks = [sheet, sheet.split("prefers-color-scheme:dark", 1)[1], sheet.split("@media print", 1)[1]]
    return [dict(re.findall(r"--([\w-]+):(#[0-9a-f]{3,6})\b", block.split("}", 1)[0])) for block in blocks]


@pytest.mark.parametrize("scheme", schemes()[:2])
def test_colours_of_text_and_of_marks_have_contrast(scheme: dict[str, str]) -> None:
    for name in ("ink", "muted", "link", "alert", "code-key", "code-text", "code-number", "code-comment"):
        for ground in ("page", "tint"):
            assert contrast(scheme[name], scheme[ground]) >= 4.5, name
    for n in range(1, 7):
        assert contrast(scheme[f"series-{n}"], scheme["page"]) >= 3, n


def test_the_drawing_and_the_light_page_share_their_colours() -> None:
    light = schemes()[0]
    assert {name: light[name] for name in style.TOKENS.values()} == {v: k for k, v in style.TOKENS.items()}


def test_a_long_ranking_draws_both_ends_and_counts_the_rest():
    many = pd.DataFrame({"rep": [f"R{n:02d}" for n in range(70)], "rate": [n / 100 for n in range(70)]})
    chart = present.ranking.draw(many, who="rep", value="rate", title="T")
    assert "… and 10 more." in chart.svg
    shown = [f"R{n:02d}" in chart.svg for n in range(70)]
    assert (sum(shown), shown[0], shown[69], any(shown[30:40])) == (60, True, True, False)
    assert chart.alt.startswith("T. 70 in order, best first: R69")


def long_charts(name: str) -> dict[str, Any]:
    """Every kind of chart with a name of the data wherever one can stand."""
    frame = pd.DataFrame({"n": [name, "Ana"], "v": [Decimal(3), Decimal(5)], name: [1, 2]})
    curve = pd.DataFrame({"days": [0, 30], name: [0.1, 0.5]})
    return {
        "trend": present.trend.draw(frame, x="n", y="v"),
        "stacked": present.stacked.draw(frame, x="n", parts=["v", name]),
        "bars": present.bars.draw(frame, x="n", y="v", compare=name, compare_label=name),
        "ranking": present.ranking.draw(frame, who="n", value="v", reference=1, reference_label=name),
        "waterfall": present.waterfall.draw(frame, step="n", amount="v", opening=name, closing=name),
        "histogram": present.histogram.draw([1, 2, 3], marks={name: 2}),
        "incidence": present.incidence.draw(curve, time="days", curves=[name]),
    }


@pytest.mark.parametrize(("letter", "letters"), [("x y ", 33), ("W", 33), ("É", 245), ("x", 2000)])
def test_a_long_name_is_shortened_in_the_drawing_and_whole_in_words(letter: str, letters: int) -> None:
    name = (letter * letters)[:letters].strip()
    for kind, chart in long_charts(name).items():
        with style.quiet():
            chart.figure.draw_without_rendering()
        area = chart.figure.axes[0].get_window_extent()
        assert area.width > 0.2 * chart.figure.bbox.width, kind
        assert area.height > 0.2 * chart.figure.bbox.height, kind
        texts = [text.text for text in ET.fromstring(chart.svg).iter("{http://www.w3.org/2000/svg}text")]
        assert max(len(text or "") for text in texts) <= 60, kind
        if kind != "histogram":
            assert name in chart.alt, kind
        if letters > 200:
            assert any("…" in (text or "") for text in texts), kind


@pytest.mark.parametrize("measures", [1, 2])
def test_a_long_name_leaves_room_for_the_bars_of_a_balance(measures: int) -> None:
    from types import SimpleNamespace

    from salesops_nb.notebook.territory_rebalancing.balance import balance_charts

    reps = ["x" * 2000, "Ana"]
    tolerance = dict.fromkeys(["potential", "workload"][:measures], 0.05)
    frame = pd.DataFrame({"rep": reps, "potential_imbalance": [0.1, -0.1], "workload_imbalance": [0.0, 0.2]})
    plan = SimpleNamespace(territories=frame)
    proposal: Any = SimpleNamespace(plan=plan, balance=frame, tolerance=tolerance)
    for chart in balance_charts(proposal):
        assert chart.figure.axes[0].get_position().width > 0.4
        assert reps[0] in chart.alt
