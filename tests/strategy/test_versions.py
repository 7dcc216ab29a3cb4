"""Versions of a strategy: read, in force, and every fault with its line."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from textwrap import dedent, indent

import pytest
import yaml

from salesops_nb.errors import SalesopsError
from salesops_nb.strategy import differences, read

PATH = Path("strategy.yml")
SIGNED = {"valid_from": date(2020, 1, 1), "author": "Ada", "approver": "Bo", "reason": "why"}
CLAIM = {"name": "win rate", "metric": "win_rate", "value": 0.5, "within": 0.05}
CLAIM["review_on"] = date(2020, 6, 1)


def claims(*changes: dict, **model) -> dict:
    return {**SIGNED, "sales_model": {**model, "claims": [{**CLAIM, **each} for each in changes]}}


def test_the_version_in_force_is_the_last_that_has_begun():
    found = read(
        {"version": 2, "valid_from": date(2021, 1, 1), "earlier": [
            {"version": 1, "valid_from": date(2020, 1, 1), "valid_to": date(2020, 7, 1)}]},
        PATH,
    )  # fmt: skip
    on = {day: found.in_force(day) for day in (date(2019, 12, 31), date(2020, 6, 30), date(2020, 7, 1))}
    assert [each and each.version for each in on.values()] == [None, 1, None]
    assert found.in_force(date(2021, 1, 1)).version == 2


def test_a_file_with_a_mission_alone_is_in_force_always():
    assert read({"mission": "We sell."}, PATH).in_force(date(1990, 1, 1)).mission == "We sell."


SEGMENT = [{"name": "Large", "accounts": "employees > 10"}]
BAD = [
    (claims({"value": 1.2}), "sales_model.claims.0.value", "a rate is a share of 1"),
    (claims({"within": 1.5}), "sales_model.claims.0.within", "a rate is a share of 1"),
    (claims({"value": -0.2}), "sales_model.claims.0.value", "greater than 0"),
    (claims({"metric": "churn"}), "sales_model.claims.0.metric", "input should be"),
    (claims({"stage": "Demo"}), "sales_model.claims.0.stage", "only a stage_rate"),
    (claims({"metric": "stage_rate"}), None, "names no stage"),
    (claims({"metric": "mix"}), None, "names no segment"),
    (claims({"segment": "Small"}, segments=SEGMENT), None, "the sales model has: Large"),
    (claims({"metric": "ideal_customer", "segment": "Large"}, segments=SEGMENT), None, "does not say who"),
    (claims({}, {}), None, "stands twice among the claims"),
    (claims({"metric": "mix", "segment": "Large", "value": 0.7},
            {"metric": "mix", "segment": "Small", "value": 0.7, "name": "b"},
            segments=[*SEGMENT, {"name": "Small", "accounts": "employees <= 10"}]), None, "sum to 1.40"),
    ({**claims({}), "approver": "ADA"}, None, "approved by its author, ADA"),
    ({**claims({}), "approver": ""}, None, "lacks: approver"),
    ({**SIGNED, "earlier": [SIGNED]}, None, "while version 2020-01-01 is still in force"),
    ({**SIGNED, "earlier": [{"valid_from": date(2019, 1, 1), "valid_to": date(2020, 2, 1)}]}, None,
     "begins on 2020-01-01, while version 2019-01-01"),
    ({**SIGNED, "valid_to": date(2019, 1, 1)}, None, "ends on 2019-01-01, not after it begins"),
    ({**SIGNED, "version": 1, "earlier": [{"version": 2, "valid_from": date(2019, 1, 1)}]}, None,
     "has no higher number"),
    ({"missoin": "x"}, "missoin", "not known"),
    ({"sales_model": {"capacity": {"open_deals": 0}}}, "sales_model.capacity.open_deals", "greater than 0"),
]  # fmt: skip


@pytest.mark.parametrize(("contents", "column", "words"), BAD)
def test_a_fault_says_where_it_stands_and_what_is_right(contents, column, words, tmp_path):
    path = tmp_path / "strategy.yml"
    path.write_text(yaml.safe_dump(contents, sort_keys=False))
    with pytest.raises(SalesopsError) as error:
        read(contents, path)
    assert any(words in str(each) for each in error.value.problems), error.value.lines()
    [found, *_] = [each for each in error.value.problems if words in str(each)]
    assert found.file == "strategy.yml"
    assert found.row is not None
    if column is not None:
        assert found.column == column


def test_every_fault_is_listed_at_once():
    contents = {**claims({}, {"segment": "None"}), "approver": "Ada"}
    with pytest.raises(SalesopsError) as error:
        read(contents, PATH)
    assert len(error.value.problems) == 3


def test_what_moves_in_the_file_is_no_difference():
    one = read(claims({"name": "a"}, {"name": "b"}), PATH).versions[0]
    other = read(claims({"name": "b", "value": 0.4}, {"name": "a"}), PATH).versions[0]
    found = differences(one, other)
    assert found.values.tolist() == [["sales_model.claims.b.value", "0.5", "0.4", "changed"]]


def test_an_author_may_not_hide_behind_spaces_or_capitals():
    text = indent(dedent("valid_from: 2020-01-01\nauthor: Ada\napprover: '  aDA '\n"), "")
    with pytest.raises(SalesopsError, match="approved by its author"):
        read(yaml.safe_load(text), PATH)
