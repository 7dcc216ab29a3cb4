"""Delivery, against a real SMTP server on this machine."""

from __future__ import annotations

import email
import io
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from rich.console import Console

from salesops_nb.batch.command import Asked, deliver_again, run_reports
from salesops_nb.batch.folder import runs
from salesops_nb.batch.paths import path_name
from salesops_nb.errors import SalesopsError
from salesops_nb.source.opened import open_workbook

P1, P2 = path_name("p1"), path_name("p2")


@dataclass
class Inbox:
    """What the server took: (recipients, message)."""

    mails: list[tuple[list[str], EmailMessage]] = field(default_factory=list)
    refuse: str = ""

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        if address == self.refuse:
            return "550 no such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        message = email.message_from_bytes(envelope.content, policy=default)
        self.mails.append((list(envelope.rcpt_tos), message))  # type: ignore[arg-type]
        return "250 OK"

    @property
    def by_address(self) -> dict[str, list[list[str]]]:
        """Names of the attachments of each mail, by address."""
        found: dict[str, list[list[str]]] = {}
        for recipients, message in self.mails:
            names = [str(part.get_filename()) for part in message.iter_attachments()]
            for address in recipients:
                found.setdefault(address, []).append(names)
        return found


@pytest.fixture
def inbox() -> Iterator[tuple[Inbox, int]]:
    box = Inbox()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    controller = Controller(box, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield box, port
    finally:
        controller.stop()


HEAD = """period: 2017-Q4
folder: out
mail: {{server: 127.0.0.1, port: {port}, from: reports@example.com, security: none}}
"""
REPS = """reports:
  - name: rep
    notebook: notebooks/hello.ipynb
    title: "Review of {name}"
    for_each: rep
    where: {region: East}
    audience: {to: ["{email}", "{manager_email}"]}
"""


def write(folder: Path, port: int, text: str) -> Path:
    (folder / "reports.yml").write_text(HEAD.format(port=port) + text)
    return folder / "reports.yml"


def go(file: Path, **asked: Any) -> tuple[int, str]:
    said = io.StringIO()
    code = run_reports(Asked(file, **asked), Console(file=said, width=300))
    return code, said.getvalue()


def send(file: Path, released_by: str | None = None, dry_run: bool = False) -> tuple[int, str]:
    said = io.StringIO()
    code = deliver_again(file, None, released_by, dry_run, Console(file=said, width=300))
    return code, said.getvalue()


def test_each_audience_gets_its_own_reports_once(folder: Path, inbox: tuple[Inbox, int]) -> None:
    box, port = inbox
    file = write(folder, port, REPS)
    code, said = go(file, dry_run=True)
    assert code == 0
    assert f"ana@example.com gets rep/{P1}" in said
    assert f"mara@example.com gets rep/{P1}, rep/{P2}" in said
    assert box.mails == []

    code, said = go(file)
    assert (code, box.mails) == (0, [])  # nothing goes without --deliver
    code, said = send(file)
    assert code == 0
    assert "3 mails sent" in said
    own, other = f"rep--{P1}-2017-Q4.html", f"rep--{P2}-2017-Q4.html"
    assert box.by_address == {
        "ana@example.com": [[own]],
        "ben@example.com": [[other]],
        "mara@example.com": [[own, other]],
    }
    mail = next(message for to, message in box.mails if to == ["ana@example.com"])
    assert mail["To"] == "ana@example.com"
    assert mail["Subject"] == "Review of Ana Pop, 2017-Q4"
    attachment = next(mail.iter_attachments())
    assert "hello p1 2017-Q4" in attachment.get_content()
    assert "hello p2" not in attachment.get_content()

    code, said = send(file)
    assert (code, len(box.mails)) == (0, 3)
    assert "0 mails sent" in said
    assert f"ana@example.com does not get rep/{P1}: sent before" in send(file, dry_run=True)[1]


def test_an_address_that_is_refused_is_told_and_tried_again(folder: Path, inbox: tuple[Inbox, int]) -> None:
    box, port = inbox
    file = write(folder, port, REPS)
    go(file)
    box.refuse = "ben@example.com"
    code, said = send(file)
    assert code == 1
    assert "not sent to ben@example.com" in said
    assert set(box.by_address) == {"ana@example.com", "mara@example.com"}
    box.refuse = ""
    code, said = send(file)
    assert (code, len(box.mails)) == (0, 3)


def test_a_missing_address_is_said(folder: Path, inbox: tuple[Inbox, int]) -> None:
    box, port = inbox
    text = REPS.replace("where: {region: East}", "where: {region: West}")
    file = write(folder, port, text)
    go(file)
    code, said = send(file)
    assert code == 1
    assert f"(no address) does not get rep/{path_name('p4')}: no address" in said
    assert set(box.by_address) == {"nick@example.com"}


def test_a_run_waits_for_its_release(folder: Path, inbox: tuple[Inbox, int]) -> None:
    box, port = inbox
    file = write(folder, port, "release: {by: [Ioana Stan]}\n" + REPS)
    code, said = go(file, deliver=True)
    assert (code, box.mails) == (0, [])
    assert "waits for release by Ioana Stan" in said
    index = (folder / "out" / "index.html").read_text()
    assert "awaiting release" in index.lower()
    with pytest.raises(SalesopsError, match=r"'Somebody' may not release this run. These may: Ioana Stan."):
        send(file, "Somebody")
    assert box.mails == []
    code, _ = send(file, "ioana stan")
    assert (code, len(box.mails)) == (0, 3)
    assert "awaiting release" not in (folder / "out" / "index.html").read_text().lower().split("<tbody")[-1]


def test_pay_statements_go_out_only_when_approved(folder: Path, inbox: tuple[Inbox, int]) -> None:
    from salesops_nb.store.ledger_workflow import approve, review

    box, port = inbox
    text = REPS.replace("audience:", "pay: true\n    audience:").replace(
        '"{email}", "{manager_email}"', '"{email}"'
    )
    file = write(folder, port, text)
    go(file)
    code, said = send(file)
    assert (code, box.mails) == (0, [])
    assert f"ana@example.com does not get rep/{P1}: not approved" in said
    workbook = open_workbook(folder)
    _post(workbook)
    period = workbook.calendar.period("2017-Q4")
    review(workbook.store, period, by="Rita", on=date(2018, 1, 3))
    assert send(file)[0] == 0
    assert box.mails == []
    approve(workbook.store, period, by="Olga", on=date(2018, 1, 4), payees=["p1"])
    send(file)
    assert set(box.by_address) == {"ana@example.com"}


def _post(workbook: Any) -> None:
    import pandas as pd

    from salesops_nb.store.ledger import post

    lines = pd.DataFrame(
        {
            "line_id": ["l1", "l2"],
            "period": ["2017-Q4"] * 2,
            "payee_id": ["p1", "p2"],
            "kind": ["commission"] * 2,
            "plan": ["reps"] * 2,
            "component": ["base"] * 2,
            "amount": [Decimal("10.00"), Decimal("20.00")],
            "currency": ["USD"] * 2,
        }
    )
    post(workbook.store, lines, workbook.calendar.period("2017-Q4"), author="calc", on=date(2018, 1, 2))


def test_nothing_is_sent_from_an_incomplete_run(folder: Path, inbox: tuple[Inbox, int]) -> None:
    box, port = inbox
    file = write(folder, port, REPS)
    go(file)
    next(runs(folder / "out")).reopen()
    with pytest.raises(SalesopsError, match="is not complete"):
        send(file)
    assert box.mails == []


def test_a_server_that_does_not_answer_is_told(folder: Path) -> None:
    file = write(folder, 9, REPS)
    go(file)
    with pytest.raises(SalesopsError, match=r"127.0.0.1:9 did not take the mail"):
        send(file)
