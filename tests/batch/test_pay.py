"""A pay statement is mailed only while what it shows is what the ledger says, and approved."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from mailing import P1, P2, REPS, Inbox, go, send, serving, write
from small_workbook import write_notebook

from salesops_nb.batch.runs.folder import RunFolder
from salesops_nb.batch.runs.pay import PayLedger
from salesops_nb.commission.finance.ledger_rows import lines_digest
from salesops_nb.core.columns import PAY_LINE
from salesops_nb.source.opened import open_workbook
from salesops_nb.store import deliveries
from salesops_nb.store.ledger import ledger

pytestmark = pytest.mark.slow

ON = date(2018, 1, 4)
PAY = (
    REPS.replace("hello.ipynb", "statement.ipynb")
    .replace('["{email}", "{manager_email}"]', '"{email}"')
    .replace("audience:", "pay: true\n    reads: [nothing]\n    audience:")
)
STATEMENT = """from salesops_nb import open_workbook, present
from salesops_nb.batch.runs.pay import PayLedger
now = PayLedger(open_workbook('..').store).now(period, who)
present.cover(title='Statement', statement={'payee': who, 'period': period, **now})
print('PAY', now['status'], now['totals'])"""


def lines(**amounts: str) -> pd.DataFrame:
    """A line of each payee."""
    rows = [
        {"line_id": f"l-{payee}", "period": "2017-Q4", "payee_id": payee, "kind": "commission",
         "plan_id": "reps", "component_id": "base", "amount": Decimal(amount), "currency": "USD"}
        for payee, amount in amounts.items()
    ]  # fmt: skip
    return pd.DataFrame(rows)


def post(store: Any, **amounts: str) -> None:
    ledger.post(store, lines(**amounts), "2017-Q4", author="calc", on=date(2018, 1, 2))


def approve(store: Any, *payees: str) -> None:
    ledger.review(store, "2017-Q4", by="Rita", on=ON, payees=payees)
    ledger.approve(store, "2017-Q4", by="Olga", on=ON, payees=payees)


@pytest.fixture
def store(folder: Path) -> Any:
    write_notebook(folder / "notebooks" / "statement.ipynb", "period = ''\nwho = ''", STATEMENT)
    workbook = open_workbook(folder)
    post(workbook.store, p1="4865.00", p2="20.00")
    yield workbook.store
    workbook.store.dispose()


def test_an_approved_statement_is_drawn_up_anew_and_only_then_mailed(folder: Path, store: Any) -> None:
    """By its report's word it reads none of the ledger's tables: an approval makes it new all the same."""
    box = Inbox()
    with serving(box) as port:
        file = write(folder, port, PAY)
        assert go(file)[0] == 0
        code, said = send(file)
        assert (code, box.mails) == (0, [])
        assert f"ana@example.com does not get rep/{P1}: not approved" in said

        post(store, p1="6099.56", p2="20.00")
        approve(store, "p1")
        for said in (send(file, dry_run=True)[1], send(file)[1]):
            assert (
                f"ana@example.com does not get rep/{P1}: not what the ledger says: it shows draft, "
                "4,865.00 USD; the ledger has approved, 6,099.56 USD; type: salesops run" in said
            )
        assert send(file)[0] == 1
        assert box.mails == []

        assert f"ana@example.com gets rep/{P1}" in go(file, dry_run=True)[1]
        code, said = go(file, deliver=True)
        assert "1 made, 1 skipped" in said  # p1's alone: nothing of p2 has changed
        assert code == 0
        assert box.addresses == ["ana@example.com"]
        page = next(box.mails[0][1].iter_attachments()).get_content()
        assert "PAY approved" in page
        assert "6099.56" in page
        assert send(file)[0] == 0
        assert len(box.mails) == 1


def _change(store: Any) -> None:
    post(store, p1="11.00", p2="20.00")


def _change_and_approve(store: Any) -> None:
    _change(store)
    approve(store, "p1")


def _adjust(store: Any) -> None:
    ledger.adjust(
        store, "2017-Q4", "p1", Decimal("1.00"), "USD", reason="a slip", author="Rita", approver="Olga", on=ON
    )
    approve(store, "p1")


def _other_line(store: Any) -> None:
    """The same amount on another deal."""
    moved = lines(p1="4865.00", p2="20.00").assign(deal_id=["d9", None])
    ledger.post(store, moved, "2017-Q4", author="calc", on=date(2018, 1, 2))
    approve(store, "p1")


def _lock(store: Any) -> None:
    approve(store, "p2")
    ledger.lock(store, "2017-Q4", by="Olga", on=ON)


def _withdraw(store: Any) -> None:
    post(store, p2="20.00")


def _of_another(store: Any) -> None:
    approve(store, "p2")


@pytest.mark.parametrize(
    ("change", "approved", "words"),
    [
        (_change, False, "it shows approved, 4,865.00 USD; the ledger has draft, 11.00 USD"),
        (_change_and_approve, True, "the ledger has approved, 11.00 USD"),
        (_adjust, True, "the ledger has approved, 4,866.00 USD"),
        (_other_line, True, "the ledger has approved, 4,865.00 USD in other lines"),
        (_lock, True, "it shows approved, 4,865.00 USD; the ledger has locked, 4,865.00 USD"),
        (_withdraw, False, "the ledger has nothing"),
        (_of_another, True, None),
    ],
)
def test_what_makes_a_statement_another(
    store: Any, change: Callable[[Any], None], approved: bool, words: str | None
) -> None:
    approve(store, "p1")
    pay = PayLedger(store)
    record = {
        "period": "2017-Q4",
        "statement": {"payee": "p1", "period": "2017-Q4", **pay.now("2017-Q4", "p1")},
    }
    assert pay.difference(record, "p1") is None
    change(store)  # the same reader sees it: the ledger is read again when it has changed
    found = pay.difference(record, "p1")
    assert pay.approved("2017-Q4", "p1") == approved
    assert found is None if words is None else words in (found or "")


@pytest.mark.parametrize(
    ("shown", "words"),
    [
        ({}, "does not say which statement it shows"),
        ({"payee": "p2"}, "it shows the statement of p2 for 2017-Q4"),
        ({"period": "2017-Q3"}, "it shows the statement of p1 for 2017-Q3"),
    ],
)
def test_a_statement_of_somebody_or_something_else(store: Any, shown: dict[str, str], words: str) -> None:
    approve(store, "p1")
    pay = PayLedger(store)
    record: dict[str, Any] = {"period": "2017-Q4"}
    if shown:
        record["statement"] = {"payee": "p1", "period": "2017-Q4", **pay.now("2017-Q4", "p1"), **shown}
    assert words in (pay.difference(record, "p1") or "")


def test_what_changes_while_the_mails_go_out_is_seen(folder: Path, store: Any) -> None:
    """Ben's statement falls back to draft while Ana's mail is being taken."""

    class Meanwhile(Inbox):
        async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
            post(store, p1="4865.00", p2="21.00")
            return await super().handle_DATA(server, session, envelope)

    approve(store, "p1", "p2")
    box = Meanwhile()
    with serving(box) as port:
        file = write(folder, port, PAY)
        code, said = go(file, deliver=True)
    assert code == 1
    assert box.addresses == ["ana@example.com"]
    assert f"not sent to ben@example.com: rep/{P2}: not approved" in said


def test_a_statement_is_copied_only_when_it_may_leave(folder: Path, store: Any) -> None:
    file = write(folder, 9, PAY + "    to: shared\n")
    code, said = go(file)
    assert code == 0
    assert f"rep/{P1} is not copied to shared: not approved" in said
    approve(store, "p1")
    go(file)
    assert [path.name for path in (folder / "shared").iterdir()] == [f"rep--{P1}.html"]
    assert "PAY approved" in (folder / "shared" / f"rep--{P1}.html").read_text()


def test_everything_payable_of_a_line_is_compared() -> None:
    line = dict.fromkeys(PAY_LINE, "as it was")
    assert lines_digest([line]) == lines_digest([dict(line)])
    for name in PAY_LINE:
        assert lines_digest([line | {name: "other"}]) != lines_digest([line]), name


def _again(file: Path, box: Inbox) -> list[str]:
    """Who gets a mail of a new run; nobody's in the dry run is another's in the delivery."""
    before, foreseen = len(box.mails), go(file, dry_run=True)[1]
    said = go(file, deliver=True)[1]
    got = sorted(address for to, _ in box.mails[before:] for address in to)
    assert sorted(line.split()[0] for line in foreseen.splitlines() if " gets rep/" in line) == got, said
    return got


def _pay_out(store: Any) -> None:
    ledger.pay(store, "2017-Q4", by="Olga", on=ON)


def _next_period(store: Any) -> None:
    other = lines(p1="7.00").assign(period="2018-Q1", line_id="l-next")
    ledger.post(store, other, "2018-Q1", author="calc", on=date(2018, 4, 2))


def _there_and_back(store: Any) -> None:
    """Another amount, approved and not yet mailed, and the first one again."""
    _change_and_approve(store)
    post(store, p1="4865.00", p2="20.00")
    approve(store, "p1")


@pytest.mark.parametrize(
    ("changes", "anew"),
    [
        ([_of_another], False),
        ([_lock], False),
        ([_lock, _pay_out], False),
        ([_next_period], False),
        ([_change], None),
        ([_withdraw], None),
        ([_change_and_approve], True),
        ([_other_line], True),
        ([_adjust], True),
        ([_there_and_back], True),
    ],
)
def test_what_is_another_approval(
    store: Any, changes: list[Callable[[Any], None]], anew: bool | None
) -> None:
    """Not locking and paying; but the same amount once more, after another one, is."""
    pay = PayLedger(store)
    assert pay.approval("2017-Q4", "p1") is None
    approve(store, "p1")
    before = pay.approval("2017-Q4", "p1")
    assert before is not None
    for change in changes:
        change(store)
    after = pay.approval("2017-Q4", "p1")
    assert (None if after is None else after != before) is anew


def test_an_approved_statement_is_not_mailed_again_because_its_period_is_locked_and_paid(
    folder: Path, store: Any
) -> None:
    """Though it is drawn up anew, with the other status."""
    approve(store, "p1")
    box = Inbox()
    with serving(box) as port:
        file = write(folder, port, PAY.replace("[nothing]", '["ledger_*"]'))
        assert _again(file, box) == ["ana@example.com"]
        _lock(store)
        _pay_out(store)
        assert _again(file, box) == ["ben@example.com"]  # his was not approved before
        page = next((folder / "out" / "0002" / "rep").glob(f"{P1}.html")).read_text()
        assert "PAY paid" in page
        assert f"ana@example.com does not get rep/{P1}: sent before" in send(file, dry_run=True)[1]


def test_a_statement_mailed_by_an_earlier_version_is_not_mailed_again(folder: Path, store: Any) -> None:
    approve(store, "p1")
    box = Inbox()
    with serving(box) as port:
        file = write(folder, port, PAY)
        go(file)
        (record,) = [r for r in RunFolder(folder / "out" / "0001").told()["jobs"] if r["who"] == "p1"]
        pair = (record["id"], record["key"])  # as the log had it before it knew approvals
        deliveries.claim(store, "ana@example.com", [pair], "0001", "<m@x>", "2018-01-05")
        deliveries.settle(store, "<m@x>", "sent")
        assert "sent before" in send(file, dry_run=True)[1]
        assert (send(file)[0], box.mails) == (0, [])


def test_a_disputed_statement_is_named_wherever_it_goes(folder: Path, store: Any) -> None:
    approve(store, "p1", "p2")
    dispute = ledger.open_dispute(store, "l-p1", "why so little?", by="p1", on=ON)
    mailed = (
        f"rep/{P1} goes to ana@example.com with a dispute that is not closed; see: "
        "salesops ledger list --period 2017-Q4 --disputes"
    )
    copied = f"rep/{P1} is copied to shared with a dispute that is not closed"
    box = Inbox()
    with serving(box) as port:
        file = write(folder, port, PAY + "    to: shared\n")
        said = go(file)[1]
        assert copied in said
        assert f"rep/{P2} is copied" not in said
        for step in ("open", "answered", "closed"):
            if step == "answered":
                ledger.answer_dispute(store, dispute, "it is right", by="Rita", on=ON)
            if step == "closed":
                ledger.close_dispute(store, dispute, "rejected", by="Rita", on=ON)
            said = send(file, dry_run=True)[1]
            assert (mailed in said) == (step != "closed"), step
            assert f"rep/{P2} goes" not in said
        again = ledger.open_dispute(store, "l-p1", "and now?", by="p1", on=ON)
        assert again != dispute
        assert mailed in send(file)[1]
    assert box.addresses == ["ana@example.com", "ben@example.com"]  # a dispute stops no payment
