"""People who leave: what they owe is proposed, and taken from their pay only where that is allowed; what they
are owed is listed.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import pandas as pd
import pytest
from commission_helpers import D, deals, events, plan, table

from salesops_nb import commission, present
from salesops_nb.commission.statements.statement import Books, statements_of
from salesops_nb.core.exit_pay import RESTRICTED, may_not_net, place_of
from salesops_nb.errors import SalesopsError
from salesops_nb.notebook.commission_calculation import statement as page
from salesops_nb.workbook import load_settings

FLAT = {"id": "b", "rate_pct": 10}
DRAW = {"per": "month", "amount": 300, "recoverable": True, "keep_at_least": "none", "ends": 1}
MONTHS = ["2026-01", "2026-02", "2026-03", "2026-04"]
# a draw of 300 in January, sold and paid later: 100 in February, then they leave on 10 March
ROWS = (
    ("d1", "booked", "2026-02-05", 1000), ("d2", "booked", "2026-03-05", 2000),
    ("d2", "collected", "2026-04-05", 2000), ("d3", "booked", "2026-03-06", 700),
)  # fmt: skip
SPLIT = [{"event": "booked", "pct": 50}, {"event": "collected", "pct": 50}]


def run(one: commission.Plan, people: dict[str, Any], netting: tuple[str, ...] = (), **more: Any) -> Any:
    person = {"person_id": "rep", "hired_on": date(2025, 1, 1), "left_on": date(2026, 3, 10)} | people
    given = {"deals": deals(*[1] * 3, outcome="open"), "events": events(*ROWS), "people": table(person)}
    found, lines = [], None
    for period in MONTHS:
        prior = {} if lines is None else {"prior_lines": lines}
        found.append(commission.calculate(one, given | more | prior, period, exit_netting=netting))
        lines = found[-1].lines if lines is None else pd.concat([lines, found[-1].lines], ignore_index=True)
    return found


def taken(payouts: list[commission.Payout], kind: str) -> list[Any]:
    lines = [p.lines[(p.lines["kind"] == kind) & (p.lines["amount"] < 0)] for p in payouts]
    return [sum(each["amount"], D(0)) for each in lines]


PLACES: list[tuple[dict[str, Any], tuple[str, ...], str | None]] = [
    # columns of people, pay_policy, why nothing is taken from the last pay
    ({}, (), "people does not say the country"),
    ({}, ("GB",), "people does not say the country"),
    ({"country": "GB"}, (), "pay_policy does not allow it in GB"),
    ({"country": "GB"}, ("GB",), None),
    ({"country": "gb"}, ("GB",), None),
    ({"country": "GB", "region": "North"}, ("GB",), None),
    ({"country": "DE"}, ("GB",), f"restricted by {RESTRICTED['DE']}"),
    ({"country": "DE-BY"}, ("GB", "DE-BY"), f"restricted by {RESTRICTED['DE']}"),
    ({"country": "US-CA"}, ("US",), f"restricted by {RESTRICTED['US-CA']}"),
    ({"country": "US", "region": "CA"}, ("US",), f"restricted by {RESTRICTED['US-CA']}"),
    ({"country": "US", "region": "California"}, ("US",), f"restricted by {RESTRICTED['US-CA']}"),
    ({"country": "US", "region": "New York"}, ("US",), f"restricted by {RESTRICTED['US-NY']}"),
    ({"country": "US-TX"}, ("US",), None),
    ({"country": "US-TX"}, ("US-TX",), None),
    ({"country": "US-TX"}, ("US-FL",), "pay_policy does not allow it in US-TX"),
    ({"country": "US"}, ("US",), "people does not say which part of US, and some restrict it"),
    (
        {"country": "US", "region": "West"},
        ("US",),
        "people does not say which part of US, and some restrict it",
    ),
]


@pytest.mark.parametrize(("people", "netting", "why"), PLACES, ids=str)
def test_what_is_owed_is_taken_only_where_it_is_allowed(
    people: dict[str, Any], netting: tuple[str, ...], why: str | None
) -> None:
    payouts = run(plan(FLAT, period="month", draw=DRAW), people, netting)
    assert taken(payouts, "draw_recovery") == [0, -100, 0 if why else -200, 0]
    rows = payouts[-1].at_exit.to_dict("records")
    assert [(r["kind"], r["amount"], r["why"]) for r in rows] == ([("draw", -200, why)] if why else [])
    if why:
        assert rows[0]["says"] == "to be agreed with the person; it is not taken from pay"
        assert rows[0]["left_on"] == date(2026, 3, 10)
        assert [r["amount"] for r in payouts[-1].balances.to_dict("records")] == [200]


@pytest.mark.parametrize("netting", [(), ("GB",)])
def test_negative_pay_is_carried_and_not_taken_after_the_exit(netting: tuple[str, ...]) -> None:
    opening = table({"person_id": "rep", "plan_id": "p", "kind": "negative_pay", "amount": D(150),
                     "as_of": date(2026, 1, 1)})  # fmt: skip
    one = plan(FLAT, period="month", negative_pay="carry")
    payouts = run(one, {"country": "GB"}, netting, opening_balances=opening)
    assert taken(payouts, "negative_pay") == [0, -100, -50 if netting else 0, 0]
    rows = payouts[-1].at_exit.to_dict("records")
    assert [(r["kind"], r["amount"], r["currency"]) for r in rows] == (
        [] if netting else [("negative_pay", -50, "USD")]
    )


def test_credit_that_is_still_owed_is_listed_in_the_result_and_the_statement() -> None:
    payouts = run(plan(FLAT, period="month", release=SPLIT), {"country": "DE"})
    names = ("deal_id", "credit", "amount", "says")
    march, april = (
        [tuple(row[n] for n in names) for row in p.at_exit.to_dict("records")] for p in payouts[2:]
    )
    later = [("d1", 1000, 50, "not collected yet"), ("d3", 700, 35, "not collected yet")]
    assert march == [later[0], ("d2", 2000, 100, "not collected yet"), later[1]]
    assert april == later
    assert [p.at_exit.empty for p in payouts] == [True, True, False, False]
    one = statements_of(payouts[3], Books())["rep"]
    assert [row["amount"] for row in one.at_exit] == [50, 35]


def test_what_is_paid_only_when_collected_is_still_owed() -> None:
    credit = {"event": "collected"}
    payouts = run(plan(FLAT, period="month", credit=credit), {"country": "DE"})
    assert [(r["deal_id"], r["says"]) for r in payouts[3].at_exit.to_dict("records")] == [
        ("d1", "not collected yet"), ("d3", "not collected yet")
    ]  # fmt: skip


def test_nobody_who_stays_is_listed() -> None:
    payouts = run(plan(FLAT, period="month", draw=DRAW, release=SPLIT), {"left_on": None})
    assert all(p.at_exit.empty for p in payouts)
    assert taken(payouts, "draw_recovery") == [0, -50, -135, -100]


@pytest.mark.parametrize(
    ("country", "region", "place"),
    [("US", "ca", "US-CA"), ("us-ny", None, "US-NY"), ("Germany", None, None), (None, "CA", None),
     ("DE", "EMEA", "DE"), ("US", "New  York", "US"), (float("nan"), None, None)],
)  # fmt: skip
def test_places_are_read_as_people_write_them(country: Any, region: Any, place: str | None) -> None:
    assert place_of(country, region) == place


def test_no_permission_covers_a_place_that_restricts_it() -> None:
    for place in RESTRICTED:
        assert may_not_net(place, {place, place[:2]})


@pytest.mark.parametrize(
    ("value", "says"),
    [("[Texas]", "'Texas' is no place"), ("[US-CA]", "the law of US-CA restricts it"),
     ("[DE]", "the law of DE restricts it"),
     ("[GB, US-TX]", None)],
)  # fmt: skip
def test_the_workbook_says_where_it_is_allowed(value: str, says: str | None, tmp_path: Any) -> None:
    (tmp_path / "workbook.yml").write_text(
        f"company: A\ncurrency: USD\npay_policy: {{exit_netting: {value}}}\n", encoding="utf-8"
    )
    if says is None:
        assert load_settings(tmp_path).pay_policy.exit_netting == ("GB", "US-TX")
        return
    with pytest.raises(SalesopsError, match=says):
        load_settings(tmp_path)


@pytest.mark.parametrize(
    ("locale", "words"), [("en_US", "Open after leaving on"), ("ro_RO", "Deschis după plecarea")]
)
def test_the_statement_page_lists_what_is_open(locale: str, words: str, capsys: Any) -> None:
    payouts = run(plan(FLAT, period="month", draw=DRAW, release=SPLIT), {"country": "DE"})
    one = statements_of(payouts[3], Books())["rep"]
    present.use_locale(locale, "USD")
    try:
        page._at_exit(one)
    finally:
        present.use_locale("en_US", "USD")
    shown = capsys.readouterr().out
    assert words in shown
    assert RESTRICTED["DE"] in shown
    assert "d3" in shown


@pytest.mark.parametrize(
    ("left", "repaid"), [(date(2026, 2, 28), 0), (date(2026, 3, 1), 0), (date(2026, 3, 2), -100)]
)
def test_the_span_at_whose_end_somebody_has_left_repays_nothing(left: date, repaid: int) -> None:
    """300 advanced in January, 100 earned in February: who last works on 28 February keeps them."""
    payouts = run(plan(FLAT, period="month", draw=DRAW), {"left_on": left})
    assert taken(payouts, "draw_recovery")[1] == repaid
