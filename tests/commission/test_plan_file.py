"""The plan file: what it must say, and how a mistake is told."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from commission_helpers import deals, plan

from salesops_nb import commission
from salesops_nb.commission.plans.unusual_rates import unusual_rates
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
        (component("rate_pct: 7,5"), 4, ["rate_pct", "7,5", "with a point", "7.5"]),
        (component("rate_pct: 7,125"), 4, ["without a mark for thousands", "7125", "point, 7.125"]),
        (component("rate_pct: 1.000,5"), 4, ["without a mark for thousands: 1000.5"]),
        (component("rate_pct: 5") + "incentive: {target: '100,000'}\n", 5, ["for thousands, 100000,"]),
        (component("rate_pct: 5") + "incentive: {target: 1'000'000.50}\n", 5, ["1000000.50"]),
        (
            component("rate_pct: 5") + "quota: {amount: 5, attained_by: booked, ramp_pct: '50'}\n",
            5,
            ["a list of numbers"],
        ),
        (
            component("rate_pct: 5") + "quota: {amount: 5, attained_by: booked, ramp_pct: [-50]}\n",
            5,
            ["at least 0"],
        ),
        (component("rate_pct: 5\nweight_pct: -5"), 5, ["at least 0"]),
        (component("rate_pct: 5\nlevels: 0"), 5, ["at least 1"]),
        (component("rate_pct: 5\ntarget: -5"), 5, ["at least 0", "base_pay"]),
        (
            component("rate_pct: 5")
            + "draw: {per: month, amount: 5, recoverable: true, keep_at_least: -1}\n",
            5,
            ["at least 0"],
        ),
        (
            component("rate_pct: 5")
            + "clawback: {when: cancelled_within_0_months, method: full, unpaid: keep}\n",
            5,
            ["cancelled_within_12_months"],
        ),
        (component("rate: 6"), 4, ["did you mean 'rate_pct'"]),
        (component("rate_pct: 5\nwhere: margin / amount > 0.6"), 5, ["does not calculate", "map a column"]),
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


TABLE = "table:\n  mode: {mode}\n  unit: {unit}\n  rows: [{rows}]"


def banded(rows: str, mode: str = "marginal", unit: str = "amount") -> str:
    return TABLE.format(mode=mode, unit=unit, rows=rows)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            component("rate_pct: 5\nlimits: {cap: 5}"),
            ["line 5, field B.limits.per: 'B.limits.per' is missing. Add it: period, deal."],
        ),
        (
            component("rate_pct: 5\nlimits: [{cap: -5, per: deal}]"),
            ["line 5, field B.limits[0].cap: 'B.limits[0].cap' is -5. Allowed here: a number of at least 0."],
        ),
        (
            component("rate_pct: ten"),
            ["line 4, field B.rate_pct: 'B.rate_pct' is 'ten'. Allowed here: a number, derived."],
        ),
        (
            component("rate_pct: 5") + "rounding: {places: 9}\n",
            [
                "line 5, field rounding.places: 'rounding.places' is 9. "
                "Allowed here: currency, a whole number from 0 to 4."
            ],
        ),
        (
            component("scope: running_total\n" + banded("{from: 0, rate_pct: [1, x]}", "matrix")),
            [
                "line 8, field B.table.rows[0].rate_pct[1]: 'B.table.rows[0].rate_pct[1]' is 'x'. "
                "Allowed here: a number."
            ],
        ),
        (
            component("rate_pct: 5\nactivity: call\nthreshold: 5\n" + banded("{from: 0, rate_pct: 5}")),
            [
                "line 3, field B.scope: A table must say its 'scope': each_transaction, running_total or",
                "line 4, field B.rate_pct: A rate_pct beside a table is for rows with 'x'",
                "line 5, field B.activity: 'activity' belongs to the measure activities.",
                "line 6, field B.threshold: 'threshold' must say what it pays 'then': first_dollar or",
            ],
        ),
        (
            component("rate_pct: 5\ngate: {attainment_pct: 50, then: excess}\n")
            + "release: [{event: booked, pct: 50}]\n",
            [
                "line 3, field B: Component 'base' works on attainment, so the plan needs a 'quota'.",
                "line 6, field release: The parts of 'release' sum to 50 %, not to 100 %.",
            ],
        ),
        *(
            (component(f"rate_pct: {given}"), [f"line 4, field B.rate_pct: 'B.rate_pct' is {shown}. {fix}"])
            for given, shown, fix in (
                ("10%", "'10%'", "Write the number alone, without the sign: 10."),
                ("' 7,5 % '", "' 7,5 % '", "Write the number alone, without the sign: 7.5."),
                ("-3%", "'-3%'", "Write the number alone, without the sign: -3."),
                ("ten%", "'ten%'", "Allowed here: a number, derived."),
            )
        ),
        (
            component("scope: running_total\n" + banded("{from: 0, rate_pct: 7,5}")),
            [
                "line 8, field B.table.rows[0].5: The key 'B.table.rows[0].5' is not known. "
                "A comma begins a new key here: write a number with a point, as 10.5, a thousand as 1000."
            ],
        ),
        ("components: []\n", ["line 2, field components: 'components' is empty. Allowed here: a list of"]),
        (
            component("rate_pct: 5") + "draw: 5\n",
            ["line 5, field draw: 'draw' is 5. Allowed here: a mapping (per, amount, recoverable"],
        ),
        (
            component(
                "scope: running_total\n" + banded("{from: 0, to: 10, rate_pct: 1}, {from: 20, rate_pct: 2}")
            ),
            ["line 8, field B.table.rows[0].to: Nothing is said between 10 and 20: a table has no gaps."],
        ),
    ],
)
def test_each_fault_is_told_once_in_the_analysts_words(tmp_path: Path, text: str, told: list[str]) -> None:
    found = [str(problem) for problem in refused(tmp_path, text).problems]
    assert len(found) == len(told), found
    for line, words in zip(found, told, strict=True):
        assert line.replace("components[0]", "B").startswith(f"plan.yml, {words}"), line


def test_an_unknown_currency_is_told_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "plan.yml"
    file.write_text(HEAD.replace("USD", "QQQ") + component("rate_pct: 5"))
    with pytest.raises(SalesopsError, match=r"plan.yml, line 1, field plan.currency: .*QQQ"):
        commission.load_plan(file)


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
    assert made.file.clawback.window == (12, "months")


WHOLE = "scope: running_total\ntable: {mode: whole, unit: amount, rows: ["
UNUSUAL = {
    "rate_pct: -1": ("rate_pct", "pays -1 % of the sale (base): selling costs"),
    "rate_pct: 101": ("rate_pct", "pays 101 % of the sale (base): more than the sale"),
    "rates: [{where: amount > 9, rate_pct: 5}, {rate_pct: 250}]": ("rates[1].rate_pct", "pays 250 %"),
    "rates: [{amount: -5}]": ("rates[0].amount", "takes 5 from the pay for a sale"),
    "measure: quantity\nper_unit: -2": ("per_unit", "takes 2 from the pay for a unit"),
    "rate_pct: 5\nmultipliers: {combine: add, rows: [{where: amount > 1, x: -1}]}": (
        "multipliers.rows[0].x", "turns pay into a debt by the factor -1"),
    WHOLE + "{from: 0, rate_pct: 10}, {from: 100, rate_pct: 5}]}": (
        "table.rows[1].rate_pct", "pays less from 100 on (rate_pct 5 after 10"),
    WHOLE + "{from: 0, amount: 10}, {from: 100, amount: -5}]}": ("table.rows[1].amount", "has amount -5"),
    "rate_pct: 5\n" + WHOLE + "{from: 0, x: 2}, {from: 9, x: 1}]}": ("table.rows[1].x", "(x 1 after 2"),
}  # fmt: skip


@pytest.mark.parametrize("text", UNUSUAL)
def test_a_rate_that_is_seldom_meant_is_a_warning_and_paid_as_it_stands(tmp_path: Path, text: str) -> None:
    place, says = UNUSUAL[text]
    file = tmp_path / "odd.yml"
    file.write_text(HEAD + component(text))
    made = commission.load_plan(file)
    tables = {"deals": deals(1000, quantity=[1])}
    warned = commission.calculate(made, tables, "2026-Q1").problems
    assert {p.severity for p in warned} == {"warning"}
    found = [p for p in warned if p.column == f"components[0].{place}"]
    assert says in found[0].message
    assert found[0].file == "odd.yml"


def test_the_plans_we_ship_have_no_unusual_rate() -> None:
    for made in commission.load_plans("plans"):
        assert unusual_rates(made) == []
