"""Separation of duties: each route of the ledger, with each person who may and may not take it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pandas as pd
import pytest
from pay_lines import JAN, frame, line

from salesops_nb import commission
from salesops_nb.core.periods import FiscalCalendar
from salesops_nb.errors import SalesopsError
from salesops_nb.store.ledger import ledger
from salesops_nb.store.ledger.duties import Duties
from salesops_nb.workbook import PayPolicy, load_settings

ON = date(2026, 2, 3)
PEOPLE = ("ann", "bob", "ops", "rev", "cfo")
STRICT = Duties.of(PayPolicy(same_person=()), PEOPLE)
USUAL = Duties.of(PayPolicy(), PEOPLE)
LOOSE = Duties.of(
    PayPolicy(same_person=[("author", "reviewer"), ("reviewer", "approver"), ("approver", "author"),
                           ("payee", "author"), ("reviewer", "payee")]), PEOPLE)  # fmt: skip
LINES = frame(line("D1", "ann", "100"), line("D2", "bob", "70"))
ANN = f"ae.1/D1/{JAN}"


def posted(store, duties, author="ops"):
    ledger.post(store, LINES, JAN, author=author, on=ON, duties=duties)


def reviewed(store, duties, by="rev"):
    posted(store, duties)
    ledger.review(store, JAN, by=by, on=ON, payees=["ann"], duties=duties)


def approved(store, duties, by="cfo"):
    reviewed(store, duties)
    ledger.approve(store, JAN, by=by, on=ON, payees=["ann"], duties=duties)


def adjusted(store, duties, author="ops", approver="cfo", payee="ann"):
    ledger.adjust(store, JAN, payee, Decimal(5), "USD", reason="r", author=author, approver=approver, on=ON,
                  duties=duties)  # fmt: skip


def disputed(store, duties, by="bob", answered="ops", closed="cfo"):
    posted(store, duties)
    ledger.open_dispute(store, ANN, "Why?", by=by, on=ON, duties=duties)
    ledger.answer_dispute(store, "1", "So.", by=answered, on=ON, duties=duties)
    ledger.close_dispute(store, "1", "accepted", by=closed, on=ON, duties=duties)


def locked(store, duties, by="cfo"):
    posted(store, duties)
    ledger.review(store, JAN, by="rev", on=ON, duties=duties)
    ledger.approve(store, JAN, by="cfo", on=ON, duties=duties)
    ledger.lock(store, JAN, by=by, on=ON, duties=duties)


def paid(store, duties, by="cfo"):
    locked(store, duties)
    ledger.pay(store, JAN, by=by, on=ON, duties=duties)


def withdrawn(store, duties, author="ops"):
    posted(store, duties)
    ledger.withdraw(store, FiscalCalendar().period(JAN), author=author, on=ON, duties=duties)


STRANGER = "'ghost', who is not in the people table. Name a person of it, such as ann, bob, cfo, ops, rev"
# route, who takes it; what is said under the usual policy, the strictest, the loosest ("" where it goes)
ROUTES = [
    (posted, {}, "", "", ""),
    (posted, {"author": "ghost"}, STRANGER, STRANGER, STRANGER),
    (posted, {"author": "calculation"}, "", "", ""),
    (posted, {"author": "ann"}, "ann is its payee, and author and payee", "author and payee", ""),
    (withdrawn, {"author": "ghost"}, STRANGER, STRANGER, STRANGER),
    (withdrawn, {"author": "calculation"}, "may only calculate", "may only calculate", "may only calculate"),
    (reviewed, {}, "", "", ""),
    (reviewed, {"by": "ghost"}, STRANGER, STRANGER, STRANGER),
    (reviewed, {"by": "ann"}, "ann is its payee, and reviewer and payee", "reviewer and payee", ""),
    (reviewed, {"by": "OPS"}, "", "OPS is its author, and reviewer and author", ""),
    (approved, {}, "", "", ""),
    (approved, {"by": "ghost"}, STRANGER, STRANGER, STRANGER),
    (approved, {"by": "calculation"}, "may only calculate", "may only calculate", "may only calculate"),
    (approved, {"by": "Ann"}, "approver and payee", "approver and payee", "approver and payee"),
    (approved, {"by": "ops"}, "ops is its author, and approver and author", "approver and author", ""),
    (approved, {"by": "rev"}, "", "rev is its reviewer, and approver and reviewer", ""),
    (adjusted, {}, "", "", ""),
    (adjusted, {"author": "ghost"}, STRANGER, STRANGER, STRANGER),
    (adjusted, {"approver": "ghost"}, STRANGER, STRANGER, STRANGER),
    (adjusted, {"payee": "ghost"}, STRANGER, STRANGER, STRANGER),
    (adjusted, {"approver": "ops"}, "ops is its author, and approver and author", "approver and author", ""),
    (adjusted, {"approver": "ann"}, "approver and payee", "approver and payee", "approver and payee"),
    (adjusted, {"author": "ann"}, "ann is its payee, and author and payee", "author and payee", ""),
    (locked, {}, "", "", ""),
    (locked, {"by": "ghost"}, STRANGER, STRANGER, STRANGER),
    (paid, {"by": "ghost"}, STRANGER, STRANGER, STRANGER),
    (disputed, {}, "", "", ""),
    (disputed, {"by": "ghost"}, STRANGER, STRANGER, STRANGER),
    (disputed, {"answered": "ghost"}, STRANGER, STRANGER, STRANGER),
    (disputed, {"answered": "bob"}, "bob opened it", "bob opened it", "bob opened it"),
    (disputed, {"answered": "ann"}, "ann is the payee", "ann is the payee", "ann is the payee"),
    (disputed, {"closed": "ann"}, "ann is the payee", "ann is the payee", "ann is the payee"),
    (disputed, {"closed": "ghost"}, STRANGER, STRANGER, STRANGER),
]
POLICIES = {"usual": USUAL, "strict": STRICT, "loose": LOOSE}


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize(
    "case", ROUTES, ids=[f"{route.__name__} {'-'.join(who.values())}" for route, who, *_ in ROUTES]
)
def test_each_route_takes_whom_the_policy_lets(sqlite_store, case, policy):
    route, who, *said = case
    words = dict(zip(POLICIES, said, strict=True))[policy]
    if not words:
        route(sqlite_store, POLICIES[policy], **who)
        return
    with pytest.raises(SalesopsError) as error:
        route(sqlite_store, POLICIES[policy], **who)
    assert words in str(error.value)


def test_a_refusal_names_who_may_and_where_it_is_said(sqlite_store):
    reviewed(sqlite_store, USUAL)
    with pytest.raises(SalesopsError) as error:
        ledger.approve(sqlite_store, JAN, by="ops", on=ON, payees=["ann"], duties=USUAL)
    assert (
        "May do it: bob, cfo, rev. Who may be the same person is said by pay_policy in workbook.yml."
        in str(error.value)
    )


def test_a_ledger_written_before_duties_is_read_and_goes_on(store):
    """Authors and reviewers who are nobody's id: all of it is read, and a person takes it on."""
    ledger.post(store, LINES, JAN, author="the old system", on=ON)
    ledger.review(store, JAN, by="somebody", on=ON, payees=["bob"])
    assert set(ledger.lines(store)["author"]) == {"the old system"}
    ledger.review(store, JAN, by="rev", on=ON, duties=USUAL)
    ledger.approve(store, JAN, by="cfo", on=ON, duties=USUAL)
    ledger.lock(store, JAN, by="cfo", on=ON, duties=USUAL)
    assert set(ledger.statements(store)["status"]) == {"locked"}
    assert ledger.verify(store) == []


SETTINGS = "company: Acme\ncurrency: USD\n"
BAD = {
    "pay_policy: {same_person: [[author, boss]]}": "pay_policy.same_person.0.1",
    "pay_policy: {same_person: [[author]]}": "pay_policy.same_person.0",
    "pay_policy: {same_person: [[author, author]]}": "is of two roles",
    "pay_policy: {same_person: [[payee, approver]]}": "nobody approves pay of their own",
    "pay_policy: {same: []}": "pay_policy.same",
}


def test_the_policy_is_read_from_the_workbook(tmp_path):
    (tmp_path / "workbook.yml").write_text(SETTINGS + "pay_policy: {same_person: [[author, approver]]}\n")
    duties = Duties.of(load_settings(tmp_path).pay_policy, PEOPLE)
    assert duties.may_be_one == {frozenset({"author", "approver"})}
    (tmp_path / "workbook.yml").write_text(SETTINGS)
    assert Duties.of(load_settings(tmp_path).pay_policy, PEOPLE) == USUAL == Duties(PEOPLE)


@pytest.mark.parametrize("text", BAD)
def test_a_mistaken_policy_names_its_key(tmp_path, text):
    (tmp_path / "workbook.yml").write_text(f"{SETTINGS}{text}\n")
    with pytest.raises(SalesopsError, match=r"workbook.yml, line 3") as error:
        load_settings(tmp_path)
    assert BAD[text] in str(error.value)


PLAN = {
    "plan": {"id": "ae", "version": 1, "from": "2026-01-01", "to": "2026-12-31", "currency": "USD",
             "period": "month"},
    "credit": {"event": "booked"},
    "components": [{"id": "base", "rate_pct": 10}],
}  # fmt: skip
DEALS = pd.DataFrame([{"deal_id": "d1", "owner_id": "ann", "amount": Decimal(1000), "outcome": "won",
                       "stage": "won", "closed_on": date(2026, 1, 10)}])  # fmt: skip
# author, approver; what is said under the usual policy and the loosest ("" where it is paid)
ROWS = [
    ("ops", "cfo", "", ""),
    ("ops", "ops", "ops is its author", ""),
    ("ops", "ann", "approver and payee", "approver and payee"),
    ("ann", "cfo", "author and payee", ""),
    ("ghost", "cfo", "'ghost', who is not in people", "'ghost', who is not in people"),
    ("ops", "ghost", "'ghost', who is not in people", "'ghost', who is not in people"),
    ("", "cfo", "has no author", "has no author"),
    ("ops", "", "has no approver", "has no approver"),
]


@pytest.mark.parametrize(("author", "approver", "usual", "loose"), ROWS)
def test_the_table_of_adjustments_keeps_duties_apart(author, approver, usual, loose):
    row = {"adjustment_id": "a1", "payee_id": "ann", "amount": Decimal(5), "currency": "USD",
           "reason": "agreed", "author": author, "approver": approver,
           "happened_on": date(2026, 1, 20)}  # fmt: skip
    tables = {"deals": DEALS, "adjustments": pd.DataFrame([row]),
              "people": pd.DataFrame([{"person_id": who} for who in PEOPLE])}  # fmt: skip
    for duties, words in ((USUAL, usual), (LOOSE, loose)):
        payout = commission.calculate(commission.load_plan(PLAN), tables, JAN, duties=duties)
        aside = [problem for problem in payout.problems if problem.code == "bad-adjustment"]
        assert [words in str(problem) for problem in aside] == ([True] if words else [])
        assert [problem.amount for problem in aside] == ([Decimal(5)] if words else [])
        assert ("adjustment" in set(payout.lines["kind"])) == (not words)
