"""Who gets what: one letter for each address, with that address's own reports and no others."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from pathlib import Path

from sqlalchemy import Engine

from salesops_nb.batch.folder import Record
from salesops_nb.present.words import _, ngettext
from salesops_nb.store.deliveries import delivered
from salesops_nb.store.ledger_state import PeriodState, period_state

_ADDRESS = re.compile(r"[^@\s,;<>]+@[^@\s,;<>]+")
_APPROVED = ("approved", "locked", "paid")
_TYPES = {
    "html": ("text", "html"),
    "pdf": ("application", "pdf"),
    "xlsx": ("application", "vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
}


@dataclass(slots=True)
class Letter:
    """What one address gets: records to send, and those that stay behind with the reason."""

    address: str
    send: list[Record] = field(default_factory=list)
    held: list[tuple[Record, str]] = field(default_factory=list)

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """Report and key of what is sent."""
        return [(record["id"], record["key"]) for record in self.send]


def letters(records: Iterable[Record], engine: Engine) -> list[Letter]:
    """A letter for each address that the records go to, in the order of addresses.

    Failed reports, reports without an address, pay statements that nobody approved and what was sent
    before stay behind, each with its reason.
    """
    log = delivered(engine)
    approved = _Approvals(engine)
    found: dict[str, Letter] = {}
    for record in records:
        told = record["delivery"]
        for address in told["recipients"]:
            letter = found.setdefault(address, Letter(address))
            reason = _held(record, address, log, approved)
            if reason:
                letter.held.append((record, reason))
            else:
                letter.send.append(record)
    return [found[address] for address in sorted(found)]


def is_address(text: str) -> bool:
    """Whether mail can go there."""
    return _ADDRESS.fullmatch(text) is not None


def _held(
    record: Record, address: str, log: dict[tuple[str, str, str], str], approved: _Approvals
) -> str | None:
    if not is_address(address):
        return "no address"
    if record.get("status") == "failed":
        return "failed"
    status = log.get((address, record["id"], record["key"]))
    if status == "sent":
        return "sent before"
    if status == "sending":
        return "unclear: a run was interrupted while sending it"
    payee = record["delivery"]["payee"]
    if payee is not None and not approved(record["period"], payee):
        return "not approved"
    return None


class _Approvals:
    """Whether a payee's statement of a period is approved, each period read once."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._periods: dict[str, PeriodState] = {}

    def __call__(self, period: str, payee: str) -> bool:
        if period not in self._periods:
            with self._engine.connect() as connection:
                self._periods[period] = period_state(connection, period)
        state = self._periods[period]
        # A period can be locked with nothing of this payee in it: there is no statement to send then.
        return payee in state.statements and state.status(payee) in _APPROVED


def compose(letter: Letter, folder: Path, sender: str, company: str, day: str) -> EmailMessage:
    """The mail, in the language in force: a list of what is attached, and the files."""
    message = EmailMessage()
    message["From"] = sender
    message["To"] = letter.address
    one = letter.send[0]["delivery"]["subject"] if len(letter.send) == 1 else ""
    count = ngettext("{n} report", "{n} reports", len(letter.send))
    subject = one or f"{company}: {count}"
    message["Subject"] = " ".join(subject.split())
    message["Date"] = formatdate(usegmt=True)
    message["Message-ID"] = make_msgid(domain=sender.rpartition("@")[2].strip("> ") or "localhost")
    lines = [company, "", _("Attached:")]
    lines += [f"- {record['title']}, {record['period']}" for record in letter.send]
    lines += ["", _("Data through {day}.", day=day)] if day else []
    message.set_content("\n".join(lines) + "\n")
    for record in letter.send:
        for form in record["delivery"]["attach"]:
            output = record["outputs"][form]
            main, sub = _TYPES[form]
            name = f"{record['id'].replace('/', '--')}-{record['period'].replace(':', '-')}.{form}"
            data = (folder / output["path"]).read_bytes()
            message.add_attachment(data, maintype=main, subtype=sub, filename=name)
    return message
