"""Who may review, approve, lock and pay; disputes; the pay calendar."""

from __future__ import annotations

from datetime import date

import pytest
from pay_lines import FEB, JAN, frame, line

from salesops_nb.core.periods import FiscalCalendar
from salesops_nb.errors import SalesopsError
from salesops_nb.store.ledger import ledger
from salesops_nb.store.ledger.calendar import PayCalendar, load_pay_calendar

ON = date(2026, 2, 3)
STEP = {"on": ON}


@pytest.fixture
def posted(store):
    override = line(
        "D1", "mia", "15", line_id="o1", kind="override", component_id="mgr", deal_id=None, event_id=None
    )
    override["source_line_id"] = f"ae.1/D1/{JAN}"
    ledger.post(
        store, frame(line("D1", "ann", "100"), line("D3", "bob", "70"), override), JAN, author="cal", on=ON
    )
    return store


def status(store, period=JAN):
    return ledger.statements(store, period).set_index("payee_id")["status"].to_dict()


def test_the_whole_way(posted):
    ledger.review(posted, JAN, by="rev", **STEP)
    assert set(status(posted).values()) == {"reviewed"}
    ledger.approve(posted, JAN, by="cfo", **STEP)
    assert set(status(posted).values()) == {"approved"}
    assert ledger.lock(posted, JAN, by="cfo", **STEP) == ledger.anchor(posted)
    assert set(status(posted).values()) == {"locked"}
    ledger.pay(posted, JAN, by="cfo", **STEP)
    assert set(status(posted).values()) == {"paid"}
    assert set(ledger.statements(posted, JAN)["approvers"]) == {"cfo"}


def test_no_step_is_skipped_or_repeated(posted):
    with pytest.raises(SalesopsError, match="draft, not reviewed"):
        ledger.approve(posted, JAN, by="cfo", **STEP)
    with pytest.raises(SalesopsError, match="is draft"):
        ledger.lock(posted, JAN, by="cfo", **STEP)
    with pytest.raises(SalesopsError, match="not locked"):
        ledger.pay(posted, JAN, by="cfo", **STEP)
    ledger.review(posted, JAN, by="rev", **STEP)
    ledger.approve(posted, JAN, by="cfo", **STEP)
    ledger.lock(posted, JAN, by="cfo", **STEP)
    for step in (ledger.review, ledger.approve, ledger.lock):
        with pytest.raises(SalesopsError, match="is locked"):
            step(posted, JAN, by="x", **STEP)


ORDER = {
    # name: the earlier period's plan and how far it has come; whether the later one is then locked
    "a draft": ("ae", (), False),
    "reviewed": ("ae", (ledger.review,), False),
    "approved": ("ae", (ledger.review, ledger.approve), False),
    "locked": ("ae", (ledger.review, ledger.approve, ledger.lock), True),
    "a draft of another plan": ("other", (), True),
}


@pytest.mark.parametrize("name", ORDER)
def test_a_period_is_locked_after_the_earlier_ones_of_its_plan(store, name):
    plan, steps, locked = ORDER[name]
    who = {ledger.review: "rev", ledger.approve: "cfo", ledger.lock: "cfo"}
    ledger.post(store, frame(line("D1", "ann", "100", plan_id=plan)), JAN, author="cal", on=ON)
    ledger.post(store, frame(line("D2", "ann", "70", FEB)), FEB, author="cal", on=ON)
    for key, taken in ((JAN, steps), (FEB, (ledger.review, ledger.approve))):
        for step in taken:
            step(store, key, by=who[step], **STEP)
    if locked:
        ledger.lock(store, FEB, by="cfo", **STEP)
        return
    state = ledger.anchor(store)
    with pytest.raises(SalesopsError, match=r"2026-01 of plan ae is not locked yet\. Lock 2026-01 first"):
        ledger.lock(store, FEB, by="cfo", **STEP)
    assert ledger.anchor(store) == state


@pytest.mark.parametrize("step", [ledger.review, ledger.approve, ledger.lock, ledger.pay])
def test_every_step_has_a_name(posted, step):
    ledger.review(posted, JAN, by="rev", **STEP)
    if step is not ledger.approve:
        ledger.approve(posted, JAN, by="cfo", **STEP)
    if step is ledger.pay:
        ledger.lock(posted, JAN, by="cfo", **STEP)
    with pytest.raises(SalesopsError, match="not named"):
        step(posted, JAN, by="  ", **STEP)


def test_nobody_approves_or_reviews_their_own_statement(posted):
    done = ledger.review(posted, JAN, by="Ann", **STEP)
    assert done.moved == ["bob", "mia"]
    ledger.review(posted, JAN, by="rev", payees=["ann"], **STEP)
    done = ledger.approve(posted, JAN, by="ANN ", **STEP)
    assert done.moved == ["bob", "mia"]
    assert "payee" in str(done.waiting[0])
    with pytest.raises(SalesopsError, match="is its payee"):
        ledger.approve(posted, JAN, by="ann", payees=["ann"], **STEP)


def test_one_paid_an_override_approves_only_with_another(posted):
    ledger.review(posted, JAN, by="rev", **STEP)
    done = ledger.approve(posted, JAN, by="mia", payees=["ann", "bob"], **STEP)
    assert done.moved == ["bob"]
    assert "alone" in str(done.waiting[0])
    assert status(posted)["ann"] == "reviewed"
    with pytest.raises(SalesopsError, match="already"):
        ledger.approve(posted, JAN, by="mia", payees=["ann"], **STEP)
    ledger.approve(posted, JAN, by="cfo", payees=["ann"], **STEP)
    assert status(posted)["ann"] == "approved"
    assert ledger.statements(posted, JAN).set_index("payee_id")["approvers"]["ann"] == "mia, cfo"


@pytest.mark.parametrize("by_what", ["deal_id", "event_id", None])
def test_an_override_is_known_by_deal_event_or_team_total(sqlite_store, by_what):
    override = line("D1", "mia", "15", line_id="o1", kind="override", source_line_id=None)
    override |= {name: None for name in ("deal_id", "event_id") if name != by_what}
    ledger.post(sqlite_store, frame(line("D1", "ann", "100"), override), JAN, author="cal", on=ON)
    ledger.review(sqlite_store, JAN, by="rev", **STEP)
    assert ledger.approve(sqlite_store, JAN, by="mia", **STEP).moved == []
    assert status(sqlite_store)["ann"] == "reviewed"


def test_two_override_receivers_are_still_not_independent(sqlite_store):
    overrides = [line("D1", boss, "15", line_id=boss, kind="override") for boss in ("mia", "vp")]
    ledger.post(sqlite_store, frame(line("D1", "ann", "100"), *overrides), JAN, author="cal", on=ON)
    ledger.review(sqlite_store, JAN, by="rev", **STEP)
    for boss in ("mia", "vp"):
        ledger.approve(sqlite_store, JAN, by=boss, payees=["ann"], **STEP)
    assert status(sqlite_store)["ann"] == "reviewed"


def test_a_reopened_statement_forgets_its_approvals(posted):
    ledger.review(posted, JAN, by="rev", **STEP)
    ledger.approve(posted, JAN, by="mia", payees=["ann"], **STEP)
    ledger.post(posted, frame(line("D1", "ann", "101")), JAN, author="cal", on=ON)
    ledger.review(posted, JAN, by="rev", **STEP)
    assert ledger.statements(posted, JAN)["approvers"].to_list() == [""]


def test_the_approver_must_be_known_where_people_are(posted):
    ledger.review(posted, JAN, by="rev", **STEP)
    with pytest.raises(SalesopsError, match="people table"):
        ledger.approve(posted, JAN, by="ghost", duties=ledger.Duties(["cfo"]), **STEP)
    ledger.approve(posted, JAN, by="cfo", duties=ledger.Duties(["cfo"]), **STEP)


def test_an_unknown_payee_or_period_is_told(posted):
    with pytest.raises(SalesopsError, match="zoe has no line"):
        ledger.review(posted, JAN, by="rev", payees=["zoe"], **STEP)
    with pytest.raises(SalesopsError, match="no line in 2026-02"):
        ledger.review(posted, FEB, by="rev", **STEP)


class TestDispute:
    LINE = f"ae.1/D1/{JAN}"

    def test_goes_from_open_to_closed_and_stands_on_the_statement(self, posted):
        dispute = ledger.open_dispute(posted, self.LINE, "Where is D7?", by="ann", **STEP)
        assert self._shown(posted) == "open"
        ledger.answer_dispute(posted, dispute, "Not collected yet.", by="ops", **STEP)
        assert self._shown(posted) == "answered"
        ledger.close_dispute(posted, dispute, "rejected", by="ops", **STEP)
        assert self._shown(posted) == "closed: rejected"
        row = ledger.disputes(posted, payee_id="ann", period=JAN).iloc[0]
        assert (row["question"], row["answer"], row["opened_by"], row["answered_by"], row["closed_by"]) == (
            "Where is D7?",
            "Not collected yet.",
            "ann",
            "ops",
            "ops",
        )
        assert (row["status"], row["outcome"], row["closed_on"]) == ("closed", "rejected", ON)

    def _shown(self, store):
        return ledger.lines(store, JAN).set_index("line_id")["dispute"][self.LINE]

    @pytest.mark.parametrize(
        ("step", "words"),
        [
            (lambda s, d: ledger.open_dispute(s, "nothing", "?", by="ann", on=ON), "nothing"),
            (lambda s, d: ledger.open_dispute(s, TestDispute.LINE, "again", by="ann", on=ON), "one is open"),
            (
                lambda s, d: ledger.open_dispute(s, f"ae.1/D3/{JAN}", " ", by="ann", on=ON),
                "question is empty",
            ),
            (lambda s, d: ledger.answer_dispute(s, d, "fine", by="ann", on=ON), "opened it"),
            (lambda s, d: ledger.answer_dispute(s, "9", "so", by="ops", on=ON), "'9'.*There are: dispute-1"),
            (lambda s, d: ledger.close_dispute(s, d, "accepted", by="ops", on=ON), "not answered"),
            (lambda s, d: ledger.close_dispute(s, d, "withdrawn", by="ops", on=ON), "withdraw"),
            (lambda s, d: ledger.close_dispute(s, d, "maybe", by="ops", on=ON), "outcome"),
        ],
    )
    def test_is_refused(self, sqlite_store, step, words):
        ledger.post(
            sqlite_store, frame(line("D1", "ann", "1"), line("D3", "bob", "1")), JAN, author="c", on=ON
        )
        dispute = ledger.open_dispute(sqlite_store, self.LINE, "why", by="ann", **STEP)
        with pytest.raises(SalesopsError, match=words):
            step(sqlite_store, dispute)

    def test_may_be_withdrawn_but_not_accepted_by_its_payee(self, posted):
        first = ledger.open_dispute(posted, self.LINE, "why", by="ann", **STEP)
        ledger.close_dispute(posted, first, "withdrawn", by="ann", **STEP)
        second = ledger.open_dispute(posted, self.LINE, "but why", by="ann", **STEP)
        ledger.answer_dispute(posted, second.removeprefix("dispute-"), "you are right", by="ops", **STEP)
        with pytest.raises(SalesopsError, match="payee"):
            ledger.close_dispute(posted, second, "accepted", by="ann", **STEP)
        ledger.close_dispute(posted, second, "accepted", by="ops", **STEP)
        assert list(ledger.disputes(posted)["outcome"]) == ["withdrawn", "accepted"]


@pytest.mark.parametrize(
    ("rules", "key", "cut_off", "pay_date"),
    [
        ({}, "2026-01", date(2026, 2, 6), date(2026, 2, 13)),  # 15 Feb 2026 is a Sunday
        ({"if_closed": "next"}, "2026-01", date(2026, 2, 6), date(2026, 2, 16)),
        ({"if_closed": "as_is"}, "2026-01", date(2026, 2, 6), date(2026, 2, 15)),
        ({"holidays": ["2026-02-13"]}, "2026-01", date(2026, 2, 6), date(2026, 2, 12)),
        ({"holidays": ["2026-02-02"]}, "2026-01", date(2026, 2, 9), date(2026, 2, 13)),
        ({"pay": {"day": 31}}, "2026-01", date(2026, 2, 6), date(2026, 2, 27)),
        ({"pay": {"days": 30}, "if_closed": "as_is"}, "2026-Q1", date(2026, 4, 7), date(2026, 4, 30)),
        ({"weekend": ["friday", "saturday"]}, "2026-01", date(2026, 2, 5), date(2026, 2, 15)),
        (
            {"periods": {"2026-01": {"pay_date": "2026-02-21"}}},
            "2026-01",
            date(2026, 2, 6),
            date(2026, 2, 21),
        ),
        ({"pay": {"day": 15, "months": 2}}, "2026-11", date(2026, 12, 7), date(2027, 1, 15)),
    ],
)
def test_pay_calendar_dates(rules, key, cut_off, pay_date):
    dates = PayCalendar.model_validate(rules).dates(FiscalCalendar().period(key))
    assert (dates.cut_off, dates.pay_date) == (cut_off, pay_date)


def test_pay_calendar_from_yaml(tmp_path):
    path = tmp_path / "pay_calendar.yml"
    path.write_text(
        "pay_calendar:\n  cut_off: {days: 2}\n  pay: {day: 10}\n"
        "  periods:\n    2026: {pay_date: 2027-02-01}\n"
    )
    assert load_pay_calendar(path).dates(FiscalCalendar().period("2026")).pay_date == date(2027, 2, 1)


@pytest.mark.parametrize(
    ("text", "row", "words"),
    [
        ("pay_calendar:\n  cut_of: {days: 2}\n", 2, "cut_of"),
        ("pay_calendar:\n  period: month\n  cut_off: {days: 2, day: 3}\n", 3, "exactly one"),
        ("pay_calendar:\n  weekend: [saturday,\n    funday]\n", 3, "funday"),
        ("pay_calendar: [\n", 2, "not valid YAML"),
        ("- a\n", None, "no pay_calendar"),
    ],
)
def test_pay_calendar_mistakes_name_the_row(tmp_path, text, row, words):
    path = tmp_path / "pay_calendar.yml"
    path.write_text(text)
    with pytest.raises(SalesopsError, match=words) as error:
        load_pay_calendar(path)
    assert error.value.problems[0].row == row
    assert error.value.problems[0].file == "pay_calendar.yml"


def test_pay_before_cut_off_is_refused():
    calendar = PayCalendar.model_validate({"cut_off": {"days": 20}, "pay": {"day": 1}})
    with pytest.raises(SalesopsError, match="before its cut-off"):
        calendar.dates(FiscalCalendar().period("2026-01"))


@pytest.mark.parametrize("wanted", ["1", " 1 ", "dispute-1", "Dispute-1"])
def test_a_dispute_is_named_by_its_number_too(posted, wanted):
    ledger.open_dispute(posted, f"ae.1/D1/{JAN}", "Why?", by="ann", **STEP)
    ledger.answer_dispute(posted, wanted, "So.", by="ops", **STEP)
    ledger.close_dispute(posted, wanted, "rejected", by="cfo", **STEP)
    assert ledger.disputes(posted)["dispute_id"].tolist() == ["dispute-1"]
    assert ledger.disputes(posted)["outcome"].tolist() == ["rejected"]


@pytest.mark.parametrize("step", ["answer", "close"])
def test_a_dispute_that_is_not_there_lists_those_that_are(sqlite_store, step):
    steps = {
        "answer": lambda name: ledger.answer_dispute(sqlite_store, name, "So.", by="ops", **STEP),
        "close": lambda name: ledger.close_dispute(sqlite_store, name, "rejected", by="cfo", **STEP),
    }
    with pytest.raises(SalesopsError, match=r"there is no '7'\. Nobody has opened one"):
        steps[step]("7")
    ledger.post(sqlite_store, frame(line("D1", "ann", "100")), JAN, author="cal", on=ON)
    ledger.open_dispute(sqlite_store, f"ae.1/D1/{JAN}", "Why?", by="ann", **STEP)
    with pytest.raises(SalesopsError, match=r"'7'\. There are: dispute-1 \(open, line ae"):
        steps[step]("7")
