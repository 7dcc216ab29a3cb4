"""Rules on constructed companies: what alerts, what does not, and what cannot be computed."""

from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from salesops_nb.alerts.evaluation import evaluate
from salesops_nb.alerts.rules import Alerts, Channel, Rule, load_rules
from salesops_nb.core.frames import Tables
from salesops_nb.core.periods import FiscalCalendar
from salesops_nb.errors import SalesopsError
from salesops_nb.metrics import catalogue, load_metrics

CALENDAR, METRICS = FiscalCalendar(), {metric.name: metric for metric in catalogue()}
LAST = date(2017, 12, 31)


def deals_of(fall=1.0, months=48, last=LAST, since=3):
    """Two sellers of a team each; B's deals are `fall` times as many in the last months."""
    rng, rows = np.random.default_rng(1), []
    starts = [
        date(last.year - (12 - last.month + at) // 12, (last.month - 1 - at) % 12 + 1, 1)
        for at in range(months)
    ]
    for at, start in enumerate(starts):
        for owner in ("a", "b"):
            count = int(rng.integers(18, 23) * (fall if owner == "b" and at < since else 1))
            for number in range(count):
                day = start + timedelta(days=int(rng.integers(0, 28)))
                won = number % 2 == 0
                stage = "Won" if won else "Lost"
                rows.append((f"{owner}{at}-{number}", owner, stage, stage.lower(),
                             Decimal(int(rng.integers(900, 1100))), day, day))  # fmt: skip
    rows.append(("last", "a", "Lost", "lost", Decimal(1000), last, last))
    names = ["deal_id", "owner_id", "stage", "outcome", "amount", "created_on", "closed_on"]
    return pd.DataFrame(rows, columns=names)


PEOPLE = pd.DataFrame({"person_id": ["a", "b"], "name": ["Ada", "Bo"], "role": "rep", "team": ["A", "B"]})


def states(deals, *rules, as_of=LAST, **more):
    alerts = Alerts(owner="o", channels={"o": Channel(env="O")}, rules=rules)
    tables = Tables.of({"deals": deals, "people": PEOPLE})
    return evaluate(alerts, METRICS, tables, CALENDAR, as_of, **more)


LIMITS = Rule(name="r", metric="bookings", level="team", test="limits", tell="o")


@pytest.fixture(scope="module")
def fallen():
    return deals_of(0.3)


def test_a_team_that_fell_alerts_with_its_first_month_and_the_other_does_not(fallen):
    found = {each.who: each for each in states(fallen, LIMITS)}
    assert {who: each.state for who, each in found.items()} == {"A": "well", "B": "alert"}
    assert found["B"].since.key == "2017-10"
    assert found["B"].value < found["B"].low


def test_better_is_no_alert_where_worse_is_asked():
    assert [each.state for each in states(deals_of(3.0), LIMITS)] == ["well", "well"]
    both = LIMITS.model_copy(update={"side": "both"})
    assert [each.state for each in states(deals_of(3.0), both)] == ["well", "alert"]


def test_the_incomplete_month_never_counts(fallen):
    found = states(fallen, LIMITS, as_of=date(2017, 10, 20))
    assert {each.state for each in found} == {"well"}
    assert {each.period for each in found} == {"2017-09"}


def test_an_open_alert_holds_and_is_well_once_its_last_month_is(fallen):
    key = states(fallen, LIMITS)[1].key
    since = {key: date(2017, 7, 1)}
    assert [each.state for each in states(deals_of(0.3, since=6), LIMITS, open_since=since)] == [
        "well",
        "alert",
    ]
    back = deals_of(0.3, since=6)
    more = deals_of(1.0, since=0)
    back = pd.concat(
        [back[back["closed_on"] < date(2017, 12, 1)], more[more["closed_on"] >= date(2017, 12, 1)]]
    )
    assert [each.state for each in states(back, LIMITS, open_since=since)] == ["well", "well"]


def test_few_months_are_too_few_and_a_single_deal_too():
    assert {each.state for each in states(deals_of(0.3, months=9), LIMITS)} == {"too few"}
    one = deals_of().tail(1)
    assert {each.state for each in states(one, LIMITS)} <= {"too few"}


def test_nobody_sold():
    lost = deals_of().assign(outcome="lost", stage="Lost")
    assert "alert" not in {each.state for each in states(lost, LIMITS)}


def test_a_threshold_and_since_when_it_was_passed(fallen):
    rule = Rule(name="t", metric="won_deals", level="team", test="threshold", threshold=6, tell="o")
    found = {each.who: each for each in states(fallen, rule)}
    assert found["A"].state == "well"
    assert (found["B"].state, found["B"].since.key) == ("alert", "2017-10")


def test_without_targets_it_cannot_be_computed_and_the_other_rules_go_on(fallen):
    target = Rule(name="goal", metric="bookings", level="team", test="target", tell="o")
    found = states(fallen, target, LIMITS)
    assert [each.state for each in found] == ["cannot", "well", "alert"]
    assert "No bookings target" in str(found[0].problem)


def test_no_deals_at_all():
    found = states(deals_of().head(0), LIMITS)
    assert [each.state for each in found] == ["cannot"]


def test_old_data_are_stale(fallen):
    rule = Rule(name="s", test="stale", days=10, tell="o")
    assert states(fallen, rule, today=date(2018, 1, 10))[0].state == "well"
    assert states(fallen, rule, today=date(2018, 1, 11))[0].state == "alert"


def test_a_run_of_eight():
    rule = LIMITS.model_copy(update={"test": "run-of-eight"})
    assert [each.state for each in states(deals_of(0.6, since=8), rule)] == ["well", "alert"]
    assert [each.state for each in states(deals_of(), rule)] == ["well", "well"]


HEAD = "owner: ops\nchannels:\n  ops: {env: OPS}\nrules:\n"
GOOD = "  - {name: r, metric: bookings, level: team, test: limits, tell: ops}\n"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (HEAD + GOOD.replace("bookings", "bokings"), "unknown-metric"),
        (HEAD + GOOD.replace("team", "galaxy"), "unknown-alert-level"),
        (HEAD + GOOD.replace(", tell: ops", ""), "no-recipient"),
        (HEAD + GOOD.replace("tell: ops", "tell: cto"), "unknown-recipient"),
        (HEAD + GOOD + GOOD, "duplicate-rule"),
        (HEAD + GOOD.replace("limits", "threshold"), "missing-rule-key"),
        (HEAD + GOOD.replace("limits", "stale"), "missing-rule-key"),
        (HEAD + GOOD.replace("limits", "target").replace("bookings", "win_rate"), "no-forecast-of"),
        (HEAD.replace("OPS", "'slack://secret'") + GOOD, "secret-in-file"),
        (HEAD.replace("{env: OPS}", "{}") + GOOD, "bad-channel"),
        (HEAD.replace("owner: ops", "owner: nobody") + GOOD, "no-alerts-owner"),
        (HEAD + GOOD.replace("limits", "magic"), "bad-value"),
    ],
)
def test_rules_that_are_wrong(tmp_path, text, code):
    (tmp_path / "alerts.yml").write_text(text, encoding="utf-8")
    with pytest.raises(SalesopsError) as error:
        load_rules(tmp_path)
    assert {each.code for each in error.value.problems} == {code}
    assert "secret" not in str(error.value)


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        ("name: bookings\n    numerator: count", "duplicate-metric"),
        ("name: x\n    numerator: mean value", "bad-sum"),
        ("name: x\n    numerator: sum wealth", "bad-sum"),
        ("name: x\n    numerator: count where colour == 'red'", "bad-metric-condition"),
        ("name: x\n    numerator: count\n    filter: outcome ==", "bad-metric-condition"),
        ("name: x\n    numerator: count\n    level: [planet]", "bad-value"),
        ("name: x", "missing-key"),
    ],
)
def test_metrics_that_are_wrong(tmp_path, lines, code):
    (tmp_path / "metrics.yml").write_text(f"metrics:\n  - {lines}\n", encoding="utf-8")
    with pytest.raises(SalesopsError) as error:
        load_metrics(tmp_path)
    assert {each.code for each in error.value.problems} == {code}


def test_a_metric_of_ones_own_is_watched_like_any_other(tmp_path, fallen):
    (tmp_path / "metrics.yml").write_text(
        "metrics:\n  - name: dear\n    numerator: count where value > 1000\n"
    )
    rule = Rule(name="r", metric="dear", level="team", test="limits", tell="o")
    alerts = Alerts(owner="o", channels={"o": Channel(env="O")}, rules=(rule,))
    tables = Tables.of({"deals": fallen, "people": PEOPLE})
    found = evaluate(alerts, load_metrics(tmp_path), tables, CALENDAR, LAST)
    assert [each.state for each in found] == ["well", "alert"]


def test_a_lead_is_short_and_says_what_is_open():
    from types import SimpleNamespace

    from salesops_nb.notebook.alerts.finding import lead

    nothing = SimpleNamespace(look=SimpleNamespace(rules=Alerts()), shown=[])
    assert "alerts.yml" in lead(nothing, ())
    quiet = SimpleNamespace(look=SimpleNamespace(rules=Alerts(rules=(LIMITS,))), shown=[])
    assert lead(quiet, ()).startswith("No alert is open")
    assert max(len(lead(each, ()).split()) for each in (nothing, quiet)) <= 45
