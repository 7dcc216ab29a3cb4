"""The plan file: what it must say, and how a mistake is told."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from commission_helpers import plan

from salesops_nb import commission
from salesops_nb.errors import SalesopsError

HEAD = "plan: {id: p, version: 1, from: 2026-01-01, to: 2026-12-31, currency: USD, period: quarter}\n"
QUOTA = "quota: {amount: 100, attained_by: booked}\n"
ROWS = "rows: [{from: 0, rate_pct: 5}, {from: 100, rate_pct: 7.5}]"


def refused(tmp_path: Path, text: str) -> SalesopsError:
    file = tmp_path / "plan.yml"
    file.write_text(HEAD + text)
    with pytest.raises(SalesopsError) as caught:
        commission.load_plan(file)
    return caught.value


def component(body: str) -> str:
    return "components:\n  - id: base\n" + "".join(f"    {line}\n" for line in body.splitlines())


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        (component("rate_pc: 5"), 4, ["rate_pc", "did you mean 'rate_pct'", "multipliers"]),
        (
            component(f"scope: running_total\ntable:\n  unit: amount\n  {ROWS}"),
            5,
            ["mode", "marginal, whole"],
        ),
        (component(f"table:\n  mode: whole\n  unit: amount\n  {ROWS}"), 3, ["scope", "ytd_less_paid"]),
        (component("rate_pct: 5\ngate: {attainment_pct: 50}") + QUOTA, 5, ["then", "first_dollar, excess"]),
        (component("rate_pct: 5\nmultipliers:\n  rows: [{x: 2}]"), 5, ["combine", "multiply, add, highest"]),
        (component("rate_pct: 5") + "credit: {splits: {}}\n", 5, ["apply_to", "credit, pay"]),
        (
            component("rate_pct: 5") + "quota: {amount: 5}\n",
            5,
            ["attained_by", "booked, invoiced, collected"],
        ),
        (component("rate_pct: 5") + "quota: {attained_by: booked}\n", 5, ["if_zero"]),
        (component("rate_pct: 5") + "credit: {base: margin}\n", None, ["margin_of", "price or cost"]),
        (component("rate_pct: 5\nlimits: {cap: 5, per: period}"), 5, ["excess", "forfeit or carry"]),
        (component("rate_pct: 5\ngate: {attainment_pct: 50, then: excess}"), None, ["quota"]),
        (component("rate_pct: many"), 4, ["rate_pct"]),
        (component("rate_pct: 5\nwhere: amount >> 5"), 5, ["not allowed"]),
        (component("rate_pct: 5\non: booked"), 5, ["on", "true", "event"]),
    ],
)
def test_a_mistake_names_file_line_and_what_is_allowed(
    tmp_path: Path, text: str, line: int | None, words: list[str]
) -> None:
    error = refused(tmp_path, text)
    told = str(error)
    assert all(problem.file == "plan.yml" for problem in error.problems)
    assert all(word in told for word in words), told
    if line is not None:
        assert line in {problem.row for problem in error.problems}, told


@pytest.mark.parametrize(
    ("rows", "word"),
    [
        ([{"from": 0, "to": 499.99, "rate_pct": 1}, {"from": 500, "rate_pct": 2}], "499.99"),
        ([{"from": 0, "to": 400, "rate_pct": 1}, {"from": 500, "rate_pct": 2}], "between 400 and 500"),
        ([{"from": 0, "to": 600, "rate_pct": 1}, {"from": 500, "rate_pct": 2}], "overlap"),
        ([{"from": 0, "rate_pct": 1}, {"from": 0, "rate_pct": 2}], "overlap"),
        ([{"from": 10, "rate_pct": 1}], "begins at 10"),
        ([{"from": 0, "to": 10, "rate_pct": 1}], "above 10"),
    ],
)
def test_tables_with_gaps_overlaps_or_bounds_of_ninety_nine_are_refused(rows: object, word: str) -> None:
    with pytest.raises(SalesopsError, match=word):
        plan(
            {
                "id": "b",
                "scope": "running_total",
                "table": {"mode": "marginal", "unit": "amount", "rows": rows},
            }
        )


def test_a_key_that_a_yaml_reader_turned_into_true_is_told() -> None:
    with pytest.raises(SalesopsError, match="read as true"):
        plan({"id": "b", "rate_pct": 1, True: "booked"})


def test_the_summary_says_every_default() -> None:
    made = plan(
        {
            "id": "b",
            "scope": "running_total",
            "table": {"mode": "marginal", "unit": "amount", "rows": [{"from": 0, "rate_pct": 1}]},
        }
    )
    words = made.summary()
    for said in (
        "half up",
        "minor unit",
        "higher band",
        "last part",
        "no cap",
        "never rounded",
        "both inclusive",
    ):
        assert said in words


def test_dates_are_inclusive_in_the_file_and_half_open_inside() -> None:
    made = plan({"id": "b", "rate_pct": 1})
    assert (made.start, made.end) == (date(2026, 1, 1), date(2027, 1, 1))


def test_the_sketch_of_the_schema_loads() -> None:
    """Every field name of the agreed sketch is known."""
    made = commission.load_plan(Path(__file__).parents[1] / "cases" / "plan_sketch.yaml")
    assert [c.id for c in made.components] == ["base", "spiff-q3", "mgr"]
    assert made.file.clawback is not None
    assert made.file.clawback.months == 12
