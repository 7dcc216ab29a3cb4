"""Paid months against data that changed afterwards: found, explained, corrected once, on both stores."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pandas as pd
import pytest

from salesops_nb import commission
from salesops_nb.commission.inputs.tables import Tables
from salesops_nb.commission.paid_periods.basis import basis
from salesops_nb.commission.paid_periods.watch import watched
from salesops_nb.core.periods import FiscalCalendar
from salesops_nb.errors import SalesopsError
from salesops_nb.store.database import open_store
from salesops_nb.store.ledger import ledger
from salesops_nb.store.ledger.closed_periods import correct

pytestmark = pytest.mark.slow

JAN, FEB, MAR = "2026-01", "2026-02", "2026-03"
ON = date(2026, 4, 20)
D = Decimal


def day(text):
    return date.fromisoformat(text)


def plan(name, *components, **parts):
    head = {"id": name, "version": 1, "from": "2026-01-01", "to": "2026-12-31", "currency": "USD"}
    return {"plan": head | {"period": "month"}, "components": list(components), **parts}


TIERS = {
    "id": "base",
    "scope": "running_total",
    "table": {
        "mode": "marginal",
        "unit": "pct_of_quota",
        "rows": [{"from": 0, "rate_pct": 5}, {"from": 100, "rate_pct": 20}],
    },
}
CREDIT = {"event": "booked", "splits": {"apply_to": "credit"}}
FLAT = plan("ae", {"id": "base", "rate_pct": 10}, credit=CREDIT)
SECOND = FLAT | {"plan": FLAT["plan"] | {"version": 2}, "components": [{"id": "base", "rate_pct": 9}]}
REACHED = {"metric": "bookings", "attained_by": "booked", "if_zero": "refuse"}
QUOTA = plan("q", TIERS, credit=CREDIT, quota=REACHED)
DEALS = (
    ("d1", "ann", "100000", "2026-01-10"),
    ("d2", "bob", "50000", "2026-01-20"),
    ("d3", "quinn", "20000", "2026-01-15"),
    ("d4", "sid", "10000", "2026-02-05"),
    ("d5", "ann", "3000", "2026-03-02"),
)
STAYS = (("ann", "ae", None), ("bob", "ae", None), ("quinn", "q", None), ("sid", "ae", None))


BOOKED = ("d1", "invoiced", "2026-01-11", "100000")
BEGAN = day("2026-01-01")


def data(deals=DEALS, events=(BOOKED,), splits=(), stays=STAYS, quota="10000", outcomes=()):
    outcome = dict(outcomes)
    frames = {
        "deals": [
            {"deal_id": i, "owner_id": who, "amount": D(a), "closed_on": day(d), "created_on": BEGAN,
             "outcome": outcome.get(i, "won"), "stage": outcome.get(i, "won"), "currency": "USD"}
            for i, who, a, d in deals
        ],
        "events": [
            {"event_id": f"e{n}", "deal_id": i, "kind": kind, "happened_on": day(d), "amount": D(a)}
            for n, (i, kind, d, a) in enumerate(events)
        ],
        "splits": [
            {"deal_id": i, "person_id": who, "share": D(share), "type": "revenue"} for i, who, share in splits
        ],
        "plan_assignments": [
            {"person_id": who, "plan_id": p, "valid_from": BEGAN, "valid_to": until and day(until)}
            for who, p, until in stays
        ],
        "targets": [
            {"level": "rep", "who": "quinn", "period": key, "metric": "bookings", "value": D(quota)}
            for key in (JAN, FEB, MAR)
        ],
    }  # fmt: skip
    return {name: pd.DataFrame(rows) for name, rows in frames.items() if rows}


def plans(*changed):
    return [commission.load_plan(each) for each in changed or (FLAT, QUOTA)]


def post(store, the_plans, tables, key):
    period = FiscalCalendar().period(key)
    prior = ledger.prior_lines(store, period)
    payout = commission.calculate(the_plans, tables.beside(prior_lines=prior), period)
    return ledger.post(store, payout.lines, period, author="ops", on=ON, basis=basis(payout, every_plan=True))


def close(store, key):
    ledger.review(store, key, by="rev", on=ON)
    ledger.approve(store, key, by="cfo", on=ON)
    ledger.lock(store, key, by="cfo", on=ON)


def settled(store, the_plans, tables):
    """January paid, February locked, March a draft."""
    for key in (JAN, FEB):
        post(store, the_plans, tables, key)
        if not ledger.lines(store, key).empty:
            close(store, key)
    ledger.pay(store, JAN, by="cfo", on=ON)
    post(store, the_plans, tables, MAR)


def sums(store):
    found = {}
    for row in ledger.lines(store).to_dict("records"):
        found[row["payee_id"]] = found.get(row["payee_id"], D(0)) + row["amount"]
    return {who: amount for who, amount in found.items() if amount}


def row(deals, deal, **more):
    names = ("deal_id", "owner", "amount", "day")
    return tuple(
        tuple((dict(zip(names, each, strict=True)) | more).values()) if each[0] == deal else each
        for each in deals
    )


# what has changed since: plans, tables, and by person, deal and month the difference and the reason
KINDS = {
    "a smaller amount": (
        (), {"deals": row(DEALS, "d1", amount="92000")},
        {("ann", "d1", JAN): ("-800", "its credit was 100,000.00, and is 92,000.00")}),
    "a late refund": (
        (), {"events": (BOOKED, ("d1", "refunded", "2026-02-10", "1000"))},
        {("ann", "d1", FEB): ("-100", "a refund of 2026-02-10 came later")}),
    "a late split": (
        (), {"splits": (("d2", "bob", "60"), ("d2", "ann", "40"))},
        {("bob", "d2", JAN): ("-2000", "its credit was 50,000.00, and is 30,000.00"),
         ("ann", "d2", JAN): ("2000", "credit of the deal was taken from bob")}),
    "a changed quota": (
        (), {"quota": "20000"},
        {("quinn", "d3", JAN): ("-1500", "the quota was 10,000.00, and is 20,000.00")}),
    "a changed assignment": (
        (), {"stays": (*STAYS[:3], ("sid", "ae", "2026-01-31"))},
        {("sid", "d4", FEB): ("-1000", "rows of sid changed in plan_assignments")}),
    "a changed plan": (
        (FLAT | {"components": [{"id": "base", "rate_pct": 9}]}, QUOTA), {},
        {("ann", "d1", JAN): ("-1000", "plan ae.1 was changed"),
         ("bob", "d2", JAN): ("-500", "plan ae.1 was changed"),
         ("sid", "d4", FEB): ("-100", "plan ae.1 was changed")}),
    "a new version of the plan": ((SECOND, QUOTA), {}, None),
    "a deleted deal": (
        (), {"deals": tuple(each for each in DEALS if each[0] != "d2")},
        {("bob", "d2", JAN): ("-5000", "the deal is not in the data any more")}),
    "a deal that came late": (
        (), {"deals": (*DEALS, ("d9", "ann", "7000", "2026-01-30"))},
        {("ann", "d9", JAN): ("700", "what happened on 2026-01-30 was not known")}),
    "another owner": (
        (), {"deals": row(DEALS, "d2", owner="ann")},
        {("bob", "d2", JAN): ("-5000", "credit of the deal was given to ann"),
         ("ann", "d2", JAN): ("5000", "credit of the deal was taken from bob")}),
    "another day": (
        (), {"deals": row(DEALS, "d1", day="2026-03-05")},
        {("ann", "d1", JAN): ("-10000", "the deal was closed on 2026-01-10, and is on 2026-03-05")}),
    "a deal that is lost": (
        (), {"outcomes": (("d1", "lost"),)},
        {("ann", "d1", JAN): ("-10000", "the deal is not won any more: it is lost")}),
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_every_change_of_a_paid_month_is_found_explained_and_corrected_once(kind, sqlite_store, tmp_path):
    changed, tables, expected = KINDS[kind]
    before, after = Tables(data()), Tables(data(**tables))
    settled(sqlite_store, plans(), before)
    assert watched(sqlite_store, plans(), before, on=ON)[0].changes == []
    paid = ledger.lines(sqlite_store, JAN), ledger.lines(sqlite_store, FEB)

    found, changes = watched(sqlite_store, plans(*changed), after, on=ON)
    if expected is not None:
        assert {
            (c.payee_id, c.deal_id, c.period): (c.difference, str(why))
            for c, why in zip(found.changes, found.why, strict=True)
        } == {key: (D(amount), why) for key, (amount, why) in expected_with(expected, found).items()}
    assert changes.targets == [MAR]

    correct(sqlite_store, changes, author="ops", on=ON)
    pd.testing.assert_frame_equal(paid[0], ledger.lines(sqlite_store, JAN))
    pd.testing.assert_frame_equal(paid[1], ledger.lines(sqlite_store, FEB))
    fresh = open_store(f"sqlite:///{tmp_path}/fresh.sqlite")
    settled(fresh, plans(*changed), after)
    assert sums(sqlite_store) == sums(fresh)
    fresh.dispose()

    state = ledger.anchor(sqlite_store)
    assert watched(sqlite_store, plans(*changed), after, on=ON)[0].changes == []
    for key in (JAN, FEB, MAR):  # nor does any posting pay it again
        post(sqlite_store, plans(*changed), after, key)
    assert ledger.anchor(sqlite_store) == state
    assert ledger.verify(sqlite_store) == []


def expected_with(expected, found):
    """A reason may say more than is expected here: its beginning is compared."""
    said = {(c.payee_id, c.deal_id, c.period): str(w) for c, w in zip(found.changes, found.why, strict=True)}
    return {
        key: (amount, said[key] if said.get(key, "").startswith(why) else why)
        for key, (amount, why) in expected.items()
    }


def test_corrections_and_prior_lines_round_trip_on_both_stores(store):
    """A chain of corrections: each is written, read back as a prior line, corrected again and paid once."""
    before = Tables(data())
    settled(store, plans(), before)
    for amount in ("92000", "95000.50", "100000"):
        after = Tables(data(row(DEALS, "d1", amount=amount)))
        _, changes = watched(store, plans(), after, on=ON)
        correct(store, changes, author="ops", on=ON)
        assert sums(store)["ann"] == D(amount) / 10 + 300
        prior = ledger.prior_lines(store, FiscalCalendar().period(MAR))
        mine = prior[prior["deal_id"] == "d1"]
        assert sum(mine["amount"], D(0)) == D(amount) / 10
        assert sum(mine["credit"], D(0)) == D(amount)
        assert set(mine["kind"]) == {"commission"}
        assert watched(store, plans(), after, on=ON)[0].changes == []
    assert ledger.lines(store)["kind"].ne("adjustment").all()  # what was right at first needs no correction

    after = Tables(data(row(DEALS, "d1", amount="92000")))
    correct(store, watched(store, plans(), after, on=ON)[1], author="ops", on=ON)
    close(store, MAR)  # the correction is paid itself, and is corrected in April
    later = Tables(data(row(DEALS, "d1", amount="90000")))
    found, changes = watched(store, plans(), later, on=ON)
    assert [(c.before, c.after) for c in found.changes] == [(D("9200"), D("9000"))]
    assert changes.targets == ["2026-04"]
    correct(store, changes, author="ops", on=ON)
    assert sums(store)["ann"] == D("9300")
    assert watched(store, plans(), later, on=ON)[0].changes == []
    assert ledger.verify(store) == []


def test_a_line_by_hand_is_a_prior_line_and_a_correction_names_it(store):
    settled(store, plans(), Tables(data()))
    line_id = ledger.lines(store, JAN, payee_id="ann")["line_id"].iloc[0]
    by_hand = {"reason": "agreed", "author": "ops", "approver": "cfo", "on": ON, "corrects": line_id}
    ledger.adjust(store, MAR, "ann", D("-800"), "USD", **by_hand)
    prior = ledger.prior_lines(store, FiscalCalendar().period("2026-04"))
    assert "manual~2026-03~1" in set(prior["line_id"])
    after = Tables(data(row(DEALS, "d1", amount="92000")))
    found, _ = watched(store, plans(), after, on=ON)
    assert str(found.why[0]).endswith("by hand -800.00 was added to it, which this leaves as it is")


def test_what_is_written_meanwhile_stops_a_correction(sqlite_store):
    settled(sqlite_store, plans(), Tables(data()))
    after = Tables(data(row(DEALS, "d1", amount="92000")))
    _, changes = watched(sqlite_store, plans(), after, on=ON)
    ledger.review(sqlite_store, MAR, by="rev", on=ON)
    state = ledger.anchor(sqlite_store)
    with pytest.raises(SalesopsError, match="Look for them again"):
        correct(sqlite_store, changes, author="ops", on=ON)
    assert ledger.anchor(sqlite_store) == state


def test_a_plan_whose_file_is_gone_takes_nothing_back(sqlite_store):
    settled(sqlite_store, plans(), Tables(data()))
    found, changes = watched(sqlite_store, plans(FLAT), Tables(data()), on=ON)
    assert found.changes == []
    assert not changes.lines.write
    assert ["plan q version 1" in str(problem) for problem in found.problems] == [True]
