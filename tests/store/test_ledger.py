"""Posting, recalculating, closing and correcting: on SQLite and on a PostgreSQL server."""

from __future__ import annotations

import multiprocessing
from datetime import date
from decimal import Decimal

import duckdb
import pandas as pd
import pyarrow as pa
import pytest
from pay_lines import FEB, JAN, MAR, frame, line
from sqlalchemy import func, select

from salesops_nb.commission.earning.lines import SCHEMA
from salesops_nb.commission.inputs.tables import arrow_table
from salesops_nb.core.periods import FiscalCalendar
from salesops_nb.errors import SalesopsError
from salesops_nb.store.database import open_store
from salesops_nb.store.ledger import ledger
from salesops_nb.store.ledger.calendar import PayCalendar
from salesops_nb.store.ledger.chain import entries

ON = date(2026, 2, 3)
LINES = frame(line("D1", "ann", "100.00"), line("D2", "ann", "50.25"), line("D3", "bob", "70"))
STEP = {"on": ON}


def count(store):
    with store.connect() as connection:
        return connection.execute(select(func.count()).select_from(entries)).scalar_one()


def closed(store, lines=LINES, period=JAN, **more):
    ledger.post(store, lines, period, author="cal", on=ON, **more)
    ledger.review(store, period, by="rev", **STEP)
    ledger.approve(store, period, by="cfo", **STEP)
    ledger.lock(store, period, by="cfo", **STEP)


def amounts(store, period=None):
    table = ledger.lines(store, period)
    return {(r.payee_id, r.line_id): r.amount for r in table.itertuples()}


def total(store, payee):
    table = ledger.lines(store, payee_id=payee)
    return sum(table["amount"], Decimal(0))


def test_posted_lines_come_back_exactly(store):
    posting = ledger.post(store, LINES, JAN, author="cal", on=ON)
    back = ledger.lines(store, JAN)
    assert (posting.written, posting.withdrawn, posting.unchanged) == (3, 0, 0)
    for name in LINES.columns:
        assert [None if pd.isna(v) else v for v in back[name]] == list(
            LINES[name].where(LINES[name].notna(), None)
        )
    assert set(back["status"]) == {"draft"}


def test_the_same_calculation_writes_nothing(store):
    ledger.post(store, LINES, JAN, author="cal", on=ON)
    before = count(store), ledger.anchor(store)
    again = (
        duckdb.connect()
        .from_df(LINES.drop(columns="credit"))
        .project("*, (amount*10)::decimal(38,10) AS credit")
        .order("deal_id DESC")
    )
    posting = ledger.post(store, again, JAN, author="someone else", on=date(2026, 2, 9))
    assert (count(store), ledger.anchor(store)) == before
    assert (posting.written, posting.withdrawn, posting.unchanged) == (0, 0, 3)


def test_an_open_period_follows_the_calculation(store):
    ledger.post(store, LINES, JAN, author="cal", on=ON)
    new = frame(line("D1", "ann", "90"), line("D2", "ann", "50.25"), line("D4", "bob", "1"))
    posting = ledger.post(store, new, JAN, author="cal", on=ON)
    assert (posting.written, posting.withdrawn, posting.unchanged, posting.adjustments) == (2, 1, 1, [])
    assert amounts(store) == {(r["payee_id"], r["line_id"]): r["amount"] for r in new.to_dict("records")}
    assert not ledger.verify(store)


def test_a_line_that_was_withdrawn_may_come_back(store):
    ledger.post(store, LINES, JAN, author="cal", on=ON)
    ledger.post(store, LINES.iloc[:1], JAN, author="cal", on=ON)
    ledger.post(store, LINES, JAN, author="cal", on=ON)
    assert len(amounts(store)) == 3


def test_changed_lines_reopen_their_statement_only(store):
    ledger.post(store, LINES, JAN, author="cal", on=ON)
    ledger.review(store, JAN, by="rev", **STEP)
    ledger.approve(store, JAN, by="cfo", **STEP)
    new = frame(line("D1", "ann", "90"), line("D2", "ann", "50.25"), line("D3", "bob", "70"))
    assert ledger.post(store, new, JAN, author="cal", on=ON).reopened == [(JAN, "ann")]
    status = ledger.statements(store, JAN).set_index("payee_id")["status"].to_dict()
    assert status == {"ann": "draft", "bob": "approved"}
    with pytest.raises(SalesopsError, match="ann"):
        ledger.lock(store, JAN, by="cfo", **STEP)


def test_a_line_given_to_another_payee_reopens_both(store):
    ledger.post(store, LINES, JAN, author="cal", on=ON)
    ledger.review(store, JAN, by="rev", **STEP)
    new = frame(line("D1", "bob", "100"), line("D2", "ann", "50.25"), line("D3", "bob", "70"))
    assert ledger.post(store, new, JAN, author="cal", on=ON).reopened == [(JAN, "ann"), (JAN, "bob")]


class TestClosedPeriod:
    def test_is_never_rewritten(self, store):
        closed(store)
        before = ledger.lines(store, JAN).drop(columns="dispute")
        late = frame(line("D1", "ann", "80"), line("D2", "ann", "50.25"), line("D9", "bob", "5"))
        posting = ledger.post(store, late, JAN, author="cal", on=ON)
        after = ledger.lines(store, JAN).drop(columns="dispute")
        pd.testing.assert_frame_equal(before, after)
        assert len(posting.adjustments) == 3
        late_lines = ledger.lines(store, FEB)
        assert set(late_lines["kind"]) == {"adjustment"}
        assert set(late_lines["period"]) == {FEB}
        corrected = {
            r.deal_id: (None if pd.isna(r.source_line_id) else r.source_line_id, r.amount)
            for r in late_lines.itertuples()
        }
        assert corrected == {
            "D1": (f"ae.1/D1/{JAN}", Decimal("-20")),
            "D3": (f"ae.1/D3/{JAN}", Decimal("-70")),
            "D9": (None, Decimal("5")),
        }

    def test_late_facts_twice_write_nothing_the_second_time(self, store):
        closed(store)
        late = frame(line("D1", "ann", "80"), line("D2", "ann", "50.25"), line("D3", "bob", "70"))
        ledger.post(store, late, JAN, author="cal", on=ON)
        before = ledger.anchor(store)
        ledger.post(store, late, JAN, author="cal", on=ON)
        assert ledger.anchor(store) == before

    def test_a_fact_taken_back_withdraws_its_adjustment(self, store):
        closed(store)
        late = frame(line("D1", "ann", "80"), line("D2", "ann", "50.25"), line("D3", "bob", "70"))
        ledger.post(store, late, JAN, author="cal", on=ON)
        posting = ledger.post(store, LINES, JAN, author="cal", on=ON)
        assert (posting.written, posting.withdrawn) == (0, 1)
        assert ledger.lines(store, FEB).empty

    def test_corrections_of_corrections_add_up(self, store):
        closed(store)
        for amount, own in (("80", FEB), ("95.50", MAR)):
            late = frame(line("D1", "ann", amount), line("D2", "ann", "50.25"), line("D3", "bob", "70"))
            ledger.post(store, late, JAN, author="cal", on=ON)
            closed(store, frame(line("X", "bob", "1", own)), own)
            assert total(store, "ann") == Decimal(amount) + Decimal("50.25")
        assert not ledger.verify(store)
        assert set(ledger.lines(store, MAR, payee_id="ann")["source_line_id"]) == {f"ae.1/D1/{JAN}"}

    def test_a_deal_moved_to_another_person_is_taken_and_given(self, store):
        closed(store)
        late = frame(line("D1", "bob", "100"), line("D2", "ann", "50.25"), line("D3", "bob", "70"))
        ledger.post(store, late, JAN, author="cal", on=ON)
        assert (total(store, "ann"), total(store, "bob")) == (Decimal("50.25"), Decimal("170"))

    def test_its_own_calculation_leaves_adjustments_alone(self, store):
        closed(store)
        late = frame(line("D1", "ann", "80"), line("D2", "ann", "50.25"), line("D3", "bob", "70"))
        ledger.post(store, late, JAN, author="cal", on=ON)
        ledger.post(store, frame(line("F1", "ann", "7", FEB)), FEB, author="cal", on=ON)
        assert sum(ledger.lines(store, FEB)["amount"]) == Decimal("-13")

    def test_prior_lines_keep_the_kind_of_what_was_corrected(self, store):
        draw = frame(line("w", "ann", "1000", kind="draw", deal_id=None, event_id=None))
        closed(store, draw)
        ledger.post(store, draw.assign(amount=[Decimal(900)]), JAN, author="cal", on=ON)
        for month in (FEB, MAR):  # February pays the correction, and knows it
            prior = ledger.prior_lines(store, FiscalCalendar().period(month))
            assert sum(prior.loc[prior["kind"] == "draw", "amount"]) == Decimal(900)
        assert ledger.prior_lines(store, FiscalCalendar().period(JAN)).empty


class TestPayCalendar:
    CALENDAR = PayCalendar.model_validate({"cut_off": {"days": 5}, "if_closed": "as_is"})

    def test_after_the_cut_off_changes_go_to_the_next_open_period(self, store):
        ledger.post(store, LINES, JAN, author="cal", on=date(2026, 2, 5), pay_calendar=self.CALENDAR)
        new = frame(line("D1", "ann", "90"), line("D2", "ann", "50.25"), line("D3", "bob", "70"))
        ledger.post(store, new, JAN, author="cal", on=date(2026, 2, 6), pay_calendar=self.CALENDAR)
        assert amounts(store, JAN)["ann", f"ae.1/D1/{JAN}"] == 100
        assert list(ledger.lines(store, FEB)["amount"]) == [Decimal("-10")]

    def test_the_first_calculation_and_a_stated_exception_may_come_later(self, store):
        ledger.post(store, LINES, JAN, author="cal", on=date(2026, 2, 8), pay_calendar=self.CALENDAR)
        new = frame(line("D1", "ann", "90"))
        ledger.post(
            store,
            new,
            JAN,
            author="cal",
            on=date(2026, 2, 9),
            pay_calendar=self.CALENDAR,
            exception="wrong rate",
        )
        assert list(amounts(store).values()) == [Decimal(90)]

    def test_lock_waits_for_the_cut_off_and_pay_for_its_date(self, store):
        ledger.post(store, LINES, JAN, author="cal", on=ON)
        ledger.review(store, JAN, by="rev", **STEP)
        ledger.approve(store, JAN, by="cfo", **STEP)
        with pytest.raises(SalesopsError, match="2026-02-05"):
            ledger.lock(store, JAN, by="cfo", on=date(2026, 2, 5), pay_calendar=self.CALENDAR)
        ledger.lock(store, JAN, by="cfo", on=date(2026, 2, 6), pay_calendar=self.CALENDAR)
        with pytest.raises(SalesopsError, match="2026-02-15"):
            ledger.pay(store, JAN, by="cfo", on=date(2026, 2, 14), pay_calendar=self.CALENDAR)
        ledger.pay(store, JAN, by="cfo", on=date(2026, 2, 15), pay_calendar=self.CALENDAR)
        assert set(ledger.statements(store, JAN)["paid_on"]) == {date(2026, 2, 15)}


def test_an_adjustment_without_a_plan_is_of_every_posting(store):
    own = line("A", "ann", "7", plan_id=None, kind="adjustment", deal_id=None, event_id=None)
    for plans in (["ae"], ["se"], None):  # the second says no line of "ae", and leaves them alone
        rows = [own] if plans == ["se"] else [line("D1", "ann", "100"), own]
        assert ledger.preview(store, frame(*rows), FiscalCalendar().period(JAN), on=ON, plans=plans)
        ledger.post(store, frame(*rows), JAN, author="cal", on=ON, plans=plans)
        assert total(store, "ann") == Decimal(107)
    ledger.post(store, frame(line("D1", "ann", "100")), JAN, author="cal", on=ON, plans=["ae"])
    assert total(store, "ann") == Decimal(100)


def test_plans_left_out_are_left_alone(store):
    other = line("Z", "ann", "3", plan_id="se")
    ledger.post(store, frame(line("D1", "ann", "100"), other), JAN, author="cal", on=ON)
    ledger.post(store, frame(line("D1", "ann", "99")), JAN, author="cal", on=ON, plans=["ae"])
    assert total(store, "ann") == Decimal(102)
    with pytest.raises(SalesopsError, match="se"):
        ledger.post(store, frame(other), JAN, author="cal", on=ON, plans=["ae"])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"amount": 1.5}, "float"),
        ({"amount": Decimal("1.005")}, "places"),
        ({"amount": None}, "is empty"),
        ({"amount": Decimal("NaN")}, "exact decimal"),
        ({"amount": Decimal("1e17")}, "too large"),
        ({"currency": "XXZ"}, "XXZ"),
        ({"kind": "tip"}, "tip"),
        ({"payee_id": " "}, "payee_id is empty"),
        ({"period": "2027-01"}, "2027-01"),
        ({"line_id": "a\x00b"}, "NUL"),
    ],
)
def test_bad_lines_are_refused_whole(sqlite_store, change, words):
    with pytest.raises(SalesopsError, match=words):
        ledger.post(
            sqlite_store,
            frame(line("D1", "ann", "1"), line("D2", "ann", "1", **change)),
            JAN,
            author="c",
            on=ON,
        )
    assert count(sqlite_store) == 0


def test_a_line_id_belongs_to_one_period(sqlite_store):
    ledger.post(sqlite_store, LINES, JAN, author="cal", on=ON)
    with pytest.raises(SalesopsError, match="already in the ledger"):
        ledger.post(
            sqlite_store, frame(line("x", "ann", "1", FEB, line_id=f"ae.1/D1/{JAN}")), FEB, author="c", on=ON
        )


MORE = {"reason": "referral", "author": "ops", "approver": "cfo", "on": ON}


class TestAdjustment:
    def test_is_a_line_of_the_statement(self, store):
        ledger.post(store, LINES, JAN, author="cal", on=ON)
        ledger.review(store, JAN, by="rev", **STEP)
        ledger.adjust(store, JAN, "ann", Decimal("-12.34"), "USD", corrects=f"ae.1/D1/{JAN}", **MORE)
        made = ledger.lines(store, JAN, payee_id="ann").iloc[-1]
        assert (made["kind"], made["reason"], made["author"], made["approver"], made["amount"]) == (
            "adjustment",
            "referral",
            "ops",
            "cfo",
            Decimal("-12.34"),
        )
        assert (made["source_line_id"], made["component_id"], made["status"]) == (
            f"ae.1/D1/{JAN}",
            "base",
            "draft",
        )
        ledger.post(store, LINES, JAN, author="cal", on=ON)
        assert total(store, "ann") == Decimal("137.91")

    @pytest.mark.parametrize(
        ("change", "words"),
        [
            ({"reason": " "}, "reason"),
            ({"author": ""}, "author"),
            ({"approver": ""}, "approver"),
            ({"approver": "OPS "}, "author"),
            ({"approver": "ann"}, "payee"),
            ({"amount": Decimal(0)}, "other than 0"),
            ({"amount": Decimal("0.001")}, "places"),
            ({"corrects": "nothing"}, "nothing"),
            ({"corrects": f"ae.1/D3/{JAN}"}, "bob"),
        ],
    )
    def test_is_refused(self, sqlite_store, change, words):
        ledger.post(sqlite_store, LINES, JAN, author="cal", on=ON)
        given = {"amount": Decimal(1), **MORE, **change}
        with pytest.raises(SalesopsError, match=words):
            ledger.adjust(sqlite_store, JAN, "ann", given.pop("amount"), "USD", **given)

    def test_never_enters_a_locked_period(self, sqlite_store):
        closed(sqlite_store)
        with pytest.raises(SalesopsError, match="locked"):
            ledger.adjust(sqlite_store, JAN, "ann", Decimal(1), "USD", **MORE)


def _writer(url, name, rounds):
    engine = open_store(url)
    for i in range(rounds):
        lines = frame(*(line(f"{name}{i}{j}", name, "1") for j in range(3)))
        ledger.post(
            engine, lines.assign(plan_id=f"{name}{i}"), JAN, author=f"cal {name}", on=ON, plans=[f"{name}{i}"]
        )
    engine.dispose()


def test_two_processes_do_not_fork_the_chain(store_url):
    rounds = 6
    open_store(store_url).dispose()
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_writer, args=(store_url, name, rounds)) for name in ("ann", "bob")]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
    assert [writer.exitcode for writer in writers] == [0, 0]
    store = open_store(store_url)
    assert count(store) == 2 * rounds * 3
    assert ledger.verify(store) == []
    assert total(store, "ann") == total(store, "bob") == rounds * 3
    store.dispose()


def test_a_quarter_leaves_the_months_of_other_plans_alone(store):
    ledger.post(store, LINES, JAN, author="cal", on=ON)
    quarter = frame(line("Q", "ann", "9", "2026-Q1", plan_id="vp"))
    assert ledger.post(store, quarter, "2026-Q1", author="cal", on=ON).withdrawn == 0
    assert total(store, "ann") == Decimal("159.25")


def test_a_month_and_its_quarter_are_not_both_posted(store):
    quarter = frame(line("D1", "ann", "100.00", "2026-Q1"))
    ledger.post(store, LINES, JAN, author="cal", on=ON)
    with pytest.raises(
        SalesopsError, match=r"2026-Q1 has 2026-01 in it, which the ledger holds already for ae"
    ):
        ledger.post(store, quarter, "2026-Q1", author="cal", on=ON)
    assert ledger.withdraw(store, FiscalCalendar().period(JAN), author="cal", on=ON) == 3
    ledger.post(store, quarter, "2026-Q1", author="cal", on=ON)
    with pytest.raises(
        SalesopsError, match=r"2026-01 lies in 2026-Q1, which the ledger holds already for ae"
    ):
        ledger.post(store, LINES, JAN, author="cal", on=ON)
    other = frame(line("D9", "ann", "1.00", plan_id="spiff", line_id="spiff.1/D9/2026-01"))
    assert ledger.post(store, other, JAN, author="cal", on=ON).written == 1
    assert ledger.verify(store) == []


def test_only_drafts_are_withdrawn(store):
    closed(store)
    with pytest.raises(SalesopsError, match="2026-01 is locked or paid"):
        ledger.withdraw(store, FiscalCalendar().period(JAN), author="cal", on=ON)
    with pytest.raises(SalesopsError, match="2026-02 has no calculation"):
        ledger.withdraw(store, FiscalCalendar().period(FEB), author="cal", on=ON)


def test_a_preview_says_what_posting_would_and_writes_nothing(store):
    january = FiscalCalendar().period(JAN)
    closed(store)
    before = ledger.anchor(store)
    changed = frame(line("D1", "ann", "130.00"), line("D2", "ann", "50.25"), line("D3", "bob", "70"))
    lines, differences = ledger.preview(store, changed, january, on=ON)
    assert differences == {"ann": Decimal("30.00")}
    assert sum(lines["amount"]) == Decimal("220.25")  # January is locked: the correction is February's
    fresh = frame(line("F1", "cat", "10", FEB), line("F2", "ann", "5", FEB))
    february = FiscalCalendar().period(FEB)
    ahead, differences = ledger.preview(store, fresh, february, on=ON)
    assert ledger.anchor(store) == before
    assert differences == {"cat": Decimal(10), "ann": Decimal(5)}
    ledger.post(store, fresh, FEB, author="cal", on=ON)
    back = ledger.lines(store, FEB)
    names = ["line_id", "payee_id", "amount", "credit", "status", "happened_on"]
    assert ahead[names].astype(str).values.tolist() == back[names].astype(str).values.tolist()


def test_asking_for_all_again_leaves_out_what_is_done(store):
    ledger.post(store, LINES, JAN, author="cal", on=ON)
    ledger.review(store, JAN, by="rev", payees=["ann"], **STEP)
    step = ledger.review(store, JAN, by="rev", **STEP)
    assert (step.moved, step.waiting) == (["bob"], [])
    with pytest.raises(SalesopsError, match="Every statement of 2026-01 is reviewed already"):
        ledger.review(store, JAN, by="rev", **STEP)


def as_arrow(lines):
    """Lines with Arrow types, as a payout hands them over."""
    schema = arrow_table([], SCHEMA).schema
    schema = pa.schema([field for field in schema if field.name in lines])
    table = pa.Table.from_pandas(lines, schema=schema, preserve_index=False)
    return table.to_pandas(types_mapper=pd.ArrowDtype)


def test_a_preview_of_an_untouched_period_is_what_its_drafts_are_then(store):
    january = FiscalCalendar().period(JAN)
    lines = as_arrow(LINES.assign(currency=["USD", "USD", "JPY"]))
    ahead, differences = ledger.preview(store, lines, january, on=ON)
    slowly, same = ledger.preview(store, LINES.assign(currency=["USD", "USD", "JPY"]), january, on=ON)
    pd.testing.assert_frame_equal(ahead, slowly)
    assert differences == same == {"ann": Decimal("150.25"), "bob": Decimal(70)}
    ledger.post(store, lines, JAN, author="cal", on=ON)
    written = ledger.lines(store, JAN).assign(author=ahead["author"], seq=ahead["seq"])
    pd.testing.assert_frame_equal(ahead, written)


@pytest.mark.parametrize(
    "change",
    [
        {"line_id": ["a", "a", "b"]},
        {"kind": ["commission", "wage", "commission"]},
        {"payee_id": ["ann", None, "bob"]},
        {"payee_id": ["ann", " ", "bob"]},
        {"currency": ["USD", "US", "USD"]},
        {"amount": [Decimal("1.005"), Decimal(1), Decimal(1)]},
        {"amount": [Decimal(10) ** 18, Decimal(1), Decimal(1)]},
        {"period": [JAN, FEB, JAN]},
    ],
    ids=str,
)
def test_a_preview_of_an_untouched_period_refuses_what_posting_does(store, change):
    lines = as_arrow(LINES.assign(**change))
    with pytest.raises(SalesopsError) as ahead:
        ledger.preview(store, lines, FiscalCalendar().period(JAN), on=ON)
    with pytest.raises(SalesopsError) as posted:
        ledger.post(store, lines, JAN, author="cal", on=ON)
    assert ahead.value.problems == posted.value.problems
    assert count(store) == 0
