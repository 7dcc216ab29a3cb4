"""`salesops new-plan`: any answers make a plan that loads without a warning and pays what they say."""

from __future__ import annotations

from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from itertools import pairwise
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from commission_helpers import D, deals, table, total
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from salesops_nb import commission
from salesops_nb.cli import main
from salesops_nb.commission.design.new_plan import PERIODS, Answers, written
from salesops_nb.commission.design.pay_curves import on_curve, pay_at
from salesops_nb.commission.inputs.plan_assignments import base_share
from salesops_nb.commission.plans.unusual_rates import unusual_rates
from salesops_nb.core.yaml_file import read_yaml
from salesops_nb.errors import Problem

LAST = {"month": "2026-12", "quarter": "2026-Q4", "year": "2026"}
FIRST = {"month": "2026-01", "quarter": "2026-Q1", "year": "2026"}
DAY = {"month": date(2026, 12, 5), "quarter": date(2026, 11, 5), "year": date(2026, 6, 5)}

multiples = st.decimals("1", "4", places=1)
steps = st.lists(st.integers(100, 300), max_size=3, unique=True).map(sorted)
answers = st.builds(
    Answers,
    id=st.just("made"),
    first=st.just(date(2026, 1, 1)),
    last=st.just(date(2026, 12, 31)),
    currency=st.sampled_from(["USD", "EUR", "JPY"]),
    period=st.sampled_from([*PERIODS]),
    ote=st.integers(1, 400_000).map(Decimal),
    pay_mix=st.sampled_from(["60/40", "50:50", "0.7", "80", "2/1", "0/100"]),
    quota=st.decimals("1", "5000000", places=0),
    threshold=st.sampled_from([D(0), D(30), D("62.5"), D(100)]),
    tiers=steps.flatmap(
        lambda starts: st.tuples(*(multiples for _ in starts)).map(
            lambda times: tuple(zip(map(Decimal, starts), sorted(times), strict=True))
        )
    ),
    ramp=st.sampled_from([(), (D(50),), (D(25), D(50), D(75))]),
    draw=st.sampled_from([D(0), D(1500)]),
    draw_months=st.integers(1, 6),
    draw_kept=st.booleans(),
    clawback=st.sampled_from([0, 6]),
    counts=st.sampled_from(["own", "overlay", "team"]),
)


def due(a: Answers, pct: Decimal) -> Decimal:
    """What a period at that attainment pays, by the answers alone."""
    share = base_share(a.pay_mix)
    assert share is not None
    target = a.target / PERIODS[a.period]
    if pct < a.threshold:
        return Decimal(0)
    bounds = [(D(0), D(1)), *a.tiers, (pct, D(0))]
    slices = pairwise(bounds)
    reached = sum((times * max(min(high, pct) - low, D(0)) for (low, times), (high, _) in slices), D(0))
    cent = Decimal(1) if a.currency == "JPY" else Decimal("0.01")
    return (target * reached / 100).quantize(cent, ROUND_HALF_UP)


def tables(a: Answers, amount: Decimal, day: date) -> dict[str, object]:
    """One deal of that amount for whom the plan pays, who have been there long enough to have no ramp."""
    sold = deals(amount, owner="rep", start=day, currency=a.currency)
    people = [
        {"person_id": "boss", "manager_id": None, "role": "manager", "hired_on": date(2020, 1, 1)},
        {"person_id": "rep", "manager_id": "boss", "role": "rep", "hired_on": date(2020, 1, 1)},
        {"person_id": "expert", "manager_id": None, "role": "expert", "hired_on": date(2020, 1, 1)},
    ]
    payee = {"own": "rep", "overlay": "expert", "team": "boss"}[a.counts]
    shared = [("rep", "revenue"), ("expert", "overlay")] if a.counts == "overlay" else []
    made: dict[str, object] = {
        "deals": sold,
        "people": table(*people),
        "plan_assignments": table({"person_id": payee, "plan_id": "made", "valid_from": date(2026, 1, 1)}),
    }
    if shared:
        made["splits"] = table(
            *({"deal_id": "d1", "person_id": p, "share": D(100), "type": kind} for p, kind in shared)
        )
    return made


def load(folder: Path, a: Answers) -> commission.Plan:
    path = folder / "made.yml"
    path.write_text(written(a), encoding="utf-8")
    return commission.load_plan(path)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(a=answers, extra=st.integers(0, 400))
def test_any_answers_make_a_plan_whose_curve_is_theirs(tmp_path: Path, a: Answers, extra: int) -> None:
    plan = load(tmp_path, a)
    assert unusual_rates(plan) == []
    assert plan.file.model_dump(exclude_unset=True)["plan"]["id"] == "made"
    assert plan.summary()
    if not all(on_curve(c) for c in plan.components):
        return  # of a team's credit there is no curve; the calculation below pays it
    for pct in (D(0), a.threshold, D(100), D(150), D(extra)):
        # a derived rate keeps sixteen places, so that a half cent may fall either way
        assert abs(pay_at(plan, pct) - due(a, pct)) <= (1 if a.currency == "JPY" else D("0.01")), pct


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(a=answers, pct=st.sampled_from(["0", "threshold", "100", "150"]))
def test_the_calculation_pays_what_the_answers_say(tmp_path: Path, a: Answers, pct: str) -> None:
    plan = load(tmp_path, a)
    reached = a.threshold if pct == "threshold" else D(pct)
    amount = (a.quota * reached / 100).quantize(D("0.0001"))
    payout = commission.calculate([plan], tables(a, amount, DAY[a.period]), LAST[a.period])
    told: list[Problem] = [p for p in payout.problems if p.code != "credit-without-plan"]
    assert told == []
    advanced = D(0)
    if a.draw and a.period == "year":  # a year has all of the draw in it: it tops up the first months
        advanced = sum(
            (row["amount"] for row in payout.lines.to_dict("records") if row["kind"].startswith("draw")), D(0)
        )
        assert advanced in ({D(0), a.draw * a.draw_months} if not amount else {advanced})
    assert abs(total(payout) - advanced - due(a, reached)) <= (1 if a.currency == "JPY" else D("0.01"))


@settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(a=answers.filter(lambda a: bool(a.draw) and a.counts == "own"))
def test_a_beginner_without_a_sale_gets_the_draw(tmp_path: Path, a: Answers) -> None:
    payout = commission.calculate([load(tmp_path, a)], tables(a, D(0), date(2026, 1, 2)), FIRST[a.period])
    months = min(a.draw_months, 12 // PERIODS[a.period])
    assert total(payout) == a.draw * months


def test_whose_first_periods_have_a_ramp(tmp_path: Path) -> None:
    year = date(2026, 1, 1), date(2026, 12, 31)
    a = Answers("made", *year, "USD", "quarter", D(100_000), "60/40", D(50_000), ramp=(D(50),))
    new = tables(a, D(25_000), date(2026, 1, 5))
    new["people"]["hired_on"] = date(2026, 1, 1)  # type: ignore[index]
    assert total(commission.calculate([load(tmp_path, a)], new, "2026-Q1")) == 10_000


# What is typed at the command line.


@pytest.fixture
def workbook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "workbook.yml").write_text("company: A\ncurrency: EUR\nsource: data\nmapping: mapping.yml\n")
    (tmp_path / "mapping.yml").write_text("tables: {}\n")
    (tmp_path / "data").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def typed(*words: str, answers: str = "") -> Result:
    done = CliRunner().invoke(main, [*words], input=answers)
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done


OPTIONS = {
    "period": "month", "ote": "90000", "pay-mix": "50/50", "quota": "20000", "threshold": "50",
    "tiers": "100: 1.5", "ramp": "50", "draw": "1000", "clawback": "12", "overlay": "team",
}  # fmt: skip


def test_ten_answers_or_ten_options_make_the_same_file(workbook: Path) -> None:
    days = ("--from", "2026-01-01")
    asked = typed("new-plan", "asked", *days, answers="".join(f"{value}\n" for value in OPTIONS.values()))
    assert asked.exit_code == 0, asked.output
    given_ = typed("new-plan", "given", *days, *(w for k, v in OPTIONS.items() for w in (f"--{k}", v)))
    assert given_.exit_code == 0, given_.output
    one, other = ((workbook / "plans" / f"{name}.yml").read_text() for name in ("asked", "given"))
    assert one.replace("asked", "given") == other
    plan = commission.load_plan(workbook / "plans" / "asked.yml")
    assert (plan.currency, plan.file.plan.to, plan.file.plan.period) == ("EUR", date(2026, 12, 31), "month")
    assert plan.summary() in asked.output
    # every key has its comment, or follows from the one above
    keys = {line.split(":")[0] for line in one.splitlines() if "#" in line and not line.startswith("#")}
    assert {"quota", "incentive", "draw", "clawback", "    rate_pct"} <= keys
    read_yaml(workbook / "plans" / "asked.yml")


@pytest.mark.parametrize(
    ("option", "wrong", "words"),
    [
        ("ote", "120,000", "write the number alone"),
        ("ote", "0", "more than 0"),
        ("quota", "none", "more than 0"),
        ("pay-mix", "all", "write base/variable"),
        ("pay-mix", "100/0", "write base/variable"),
        ("threshold", "101", "from 0 to 100"),
        ("tiers", "100", "attainment: multiple"),
        ("tiers", "80: 1.5", "begin at 100"),
        ("tiers", "130: 2, 100: 1.5", "must rise"),
        ("ramp", "0, 50", "above 0"),
        ("ramp", "50, 150", "up to 100"),
        ("draw", "-5", "write the number alone"),
        ("from", "01.02.2026", "is not a day; write it like"),
        ("to", "2026-13-01", "is not a day; write it like"),
        ("clawback", "some", "not a valid integer"),
        ("overlay", "all", "is not one of"),
    ],
)
def test_a_wrong_answer_is_refused_in_words(workbook: Path, option: str, wrong: str, words: str) -> None:
    given_ = OPTIONS | {option: wrong}
    done = typed("new-plan", "given", *(w for k, v in given_.items() for w in (f"--{k}", v)))
    assert done.exit_code == 2
    assert words in done.output
    assert not (workbook / "plans").exists()


@pytest.mark.parametrize("name", ["Account Executive", "../ae", "-ae", "a/b", ""])
def test_a_name_that_is_no_file_is_refused(workbook: Path, name: str) -> None:
    done = typed("new-plan", "--", name)
    assert done.exit_code == 1
    assert "cannot name a plan" in done.output


@pytest.mark.parametrize("file", ["ae.yml", "another.yaml"])
def test_a_taken_name_is_refused_before_anything_is_asked(workbook: Path, file: str) -> None:
    a = Answers("ae", date(2026, 1, 1), date(2026, 12, 31), "USD", "month", D(1), "60/40", D(1))
    (workbook / "plans").mkdir()
    (workbook / "plans" / file).write_text(written(a))
    done = typed("new-plan", "ae")
    assert done.exit_code == 1
    assert f"The name ae is taken: there is plans/{file}." in done.output
    assert "Paid by" not in done.output


def test_check_says_a_plan_in_words_with_what_is_unusual(workbook: Path) -> None:
    (workbook / "plan.yml").write_text(
        "plan: {id: p, version: 1, from: 2026-01-01, to: 2026-12-31, currency: USD, period: month}\n"
        "components: [{id: base, rate_pct: 101}]\n"
    )
    done = typed("check", "--plan", "plan.yml")
    assert done.exit_code == 0
    assert commission.load_plan(workbook / "plan.yml").summary() in done.output
    assert "more than the sale itself" in done.output
    done = typed("check", "--plan", "nowhere.yml")
    assert done.exit_code == 1
    assert "There is no plan file nowhere.yml" in done.output
