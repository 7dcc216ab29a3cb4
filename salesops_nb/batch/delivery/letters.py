"""Who gets what: one letter for each address, with that address's own reports and no others."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from pathlib import Path

from salesops_nb.batch.delivery.gate import Gate, Reason, not_as_made
from salesops_nb.batch.delivery.smtp import Refused
from salesops_nb.batch.runs.folder import Record
from salesops_nb.core.periods.forms import named
from salesops_nb.present.export.linking import unlinked
from salesops_nb.present.language.sentences import ngettext, translate
from salesops_nb.present.language.translation import _

_TYPES = {
    "html": ("text", "html"),
    "pdf": ("application", "pdf"),
    "xlsx": ("application", "vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
}


@dataclass(slots=True)
class Letter:
    """What one address gets: records to send, and those that stay behind with the reason.

    `pairs` are report and contents of what is sent, as the log of deliveries has them.
    """

    address: str
    send: list[Record] = field(default_factory=list)
    stay: list[tuple[Record, Reason]] = field(default_factory=list)
    pairs: list[tuple[str, str]] = field(default_factory=list)


def letters(records: Iterable[Record], gate: Gate) -> list[Letter]:
    """A letter for each address that the `addressed` records go to, in the order of addresses.

    Addresses that differ in their case alone are one, written as it stands first.
    """
    found: dict[str, Letter] = {}
    for record in records:
        for address in record["delivery"]["recipients"]:
            letter = found.setdefault(address.lower(), Letter(address))
            reason = gate.mail(record, address)
            if reason:
                letter.stay.append((record, reason))
            else:
                letter.send.append(record)
                letter.pairs.append((record["id"], gate.contents(record)))
    return [found[address] for address in sorted(found)]


def compose(letter: Letter, folder: Path, sender: str, company: str, day: str) -> EmailMessage:
    """The mail, in the language in force: a list of what is attached, and the files.

    Raises `Refused` where a file is not the one that the run made.
    """
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
    lines += [f"- {record['title']}, {translate(named(record['period']))}" for record in letter.send]
    lines += ["", _("Data through {day}.", day=day)] if day else []
    message.set_content("\n".join(lines) + "\n")
    for record in letter.send:
        for form in record["delivery"]["attach"]:
            output = record["outputs"][form]
            main, sub = _TYPES[form]
            name = f"{record['id'].replace('/', '--')}-{record['period'].replace(':', '-')}.{form}"
            data = (folder / output["path"]).read_bytes()
            if hashlib.sha256(data).hexdigest() != output["sha256"]:
                raise Refused(not_as_made(output["path"]))
            if form == "html":  # what the site's links lead to does not come with a mail
                data = unlinked(data.decode("utf-8")).encode("utf-8")
            message.add_attachment(data, maintype=main, subtype=sub, filename=name)
    return message
