"""Delivery: after the run is complete, released where that is asked, and nothing twice."""

from __future__ import annotations

import hashlib
import os
import smtplib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console

from salesops_nb.batch.folder import Record, RunFolder
from salesops_nb.batch.letters import Letter, compose, letters
from salesops_nb.batch.reports import Mail, Release, Reports
from salesops_nb.batch.run import now
from salesops_nb.errors import Problem, SalesopsError
from salesops_nb.present import formats
from salesops_nb.store import deliveries

if TYPE_CHECKING:
    from salesops_nb.source.opened import Workbook


def deliver_run(
    console: Console, folder: RunFolder, reports: Reports, workbook: Workbook, released_by: str | None = None
) -> bool:
    """Send a complete run's reports to their audiences; whether all that may go has gone.

    `released_by` is the person who releases the run, where reports.yml asks for one; without, the run
    waits, which is no failure. Raises `SalesopsError` where the run is not complete, nobody is to be
    written to, or the person may not release.
    """
    if not folder.complete:
        raise _refused(f"Run {folder.name} is not complete.", "Finish it first: salesops run --resume")
    records = folder.told()["jobs"]
    if not is_released(folder, records, reports.release, workbook, released_by):
        assert reports.release is not None
        console.print(f"Run {folder.name} waits for release by {' or '.join(reports.release.by)}:")
        console.print("  salesops deliver --release NAME")
        return True
    if reports.mail is None:
        raise _refused("reports.yml has no 'mail', so nothing can be sent.", "Add mail: {server, from}.")
    found = letters(records, workbook.store)
    show_letters(console, found, "held")
    return _send_all(console, found, folder, reports.mail, workbook)


def is_released(
    folder: RunFolder, records: list[Record], asked: Release | None, workbook: Workbook, by: str | None
) -> bool:
    """Whether the run may go out; a person named in `by` releases it, if he or she may."""
    if asked is None:
        return True
    digest = run_digest(records)
    if by is not None:
        names = {" ".join(name.split()).casefold(): name for name in asked.by}
        name = names.get(" ".join(by.split()).casefold())
        if name is None:
            raise _refused(f"{by!r} may not release this run.", f"These may: {', '.join(asked.by)}.")
        deliveries.release(workbook.store, digest, folder.name, name, now())
    return deliveries.released_by(workbook.store, digest) is not None


def run_digest(records: list[Record]) -> str:
    """What a release stands for: exactly these reports with these contents."""
    text = "\n".join(
        sorted(f"{record['id']} {record['key']} {record['status'] == 'failed'}" for record in records)
    )
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def show_letters(console: Console, found: list[Letter], what: str = "all") -> None:
    """Print who would get what (``all``), or only what stays behind and why (``held``)."""
    for letter in found:
        address = letter.address or "(no address)"
        if what == "all" and letter.send:
            titles = ", ".join(record["id"] for record in letter.send)
            console.print(f"{address} gets {titles}", markup=False, soft_wrap=True)
        for record, reason in letter.held:
            if what == "all" or reason != "sent before":
                console.print(
                    f"{address} does not get {record['id']}: {reason}", markup=False, soft_wrap=True
                )


def _send_all(
    console: Console, found: list[Letter], folder: RunFolder, mail: Mail, workbook: Workbook
) -> bool:
    sent, whole = 0, True
    for letter in found:
        whole = whole and all(reason in ("sent before", "not approved") for _, reason in letter.held)
    waiting = [letter for letter in found if letter.send]
    if waiting:
        try:
            with _connected(mail) as server:
                for letter in waiting:
                    done = _send(server, letter, folder, mail, workbook)
                    sent += done is None
                    if done is not None:
                        whole = False
                        console.print(f"not sent to {letter.address}: {done}", markup=False)
        except (OSError, smtplib.SMTPException) as error:
            raise _refused(
                f"The mail server {mail.server}:{mail.port} did not take the mail: {error}.",
                "Check 'mail' in reports.yml; what was not sent is sent next time.",
            ) from error
    console.print(f"{sent} mails sent")
    return whole


def _send(
    server: smtplib.SMTP, letter: Letter, folder: RunFolder, mail: Mail, workbook: Workbook
) -> str | None:
    """Send one letter; None, or why it was not sent."""
    engine, settings = workbook.store, workbook.settings
    day = formats.day(workbook.data_through) if workbook.data_through else ""
    message = compose(letter, folder.path, mail.sender, settings.company, day)
    claimed = [
        (report, key)
        for report, key in letter.pairs
        if deliveries.claim(engine, letter.address, report, key, folder.name, message["Message-ID"], now())
    ]
    if len(claimed) < len(letter.pairs):
        deliveries.settle(engine, letter.address, claimed, sent=False)
        return "another run is sending it"
    try:
        server.send_message(message)
    except smtplib.SMTPServerDisconnected:
        deliveries.settle(engine, letter.address, claimed, sent=False)
        raise
    except smtplib.SMTPException as error:
        deliveries.settle(engine, letter.address, claimed, sent=False)
        return str(error)
    deliveries.settle(engine, letter.address, claimed, sent=True)
    return None


@contextmanager
def _connected(mail: Mail) -> Iterator[smtplib.SMTP]:
    kind = smtplib.SMTP_SSL if mail.security == "tls" else smtplib.SMTP
    with kind(mail.server, mail.port, timeout=30) as server:
        if mail.security == "starttls":
            server.starttls()
        if mail.user is not None:
            password = os.environ.get(mail.password_env)
            if password is None:
                raise _refused(
                    f"The mail server wants a password for {mail.user}, and {mail.password_env} is not set.",
                    f"Set the environment variable {mail.password_env}.",
                )
            server.login(mail.user, password)
        yield server


def _refused(message: str, fix: str) -> SalesopsError:
    return SalesopsError(Problem("not-delivered", message, fix, file="reports.yml"))
