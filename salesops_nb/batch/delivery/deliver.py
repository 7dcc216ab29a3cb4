"""Delivery: after the run is complete, released where that is asked, and nothing twice."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from salesops_nb.batch.delivery.addressed import addressed
from salesops_nb.batch.delivery.gate import CALM, Gate, how_to_settle
from salesops_nb.batch.delivery.letters import Letter, compose, letters
from salesops_nb.batch.delivery.smtp import Refused, Sender, Unclear
from salesops_nb.batch.jobs.paths import check_place
from salesops_nb.batch.jobs.reports import FILE_NAME, Reports
from salesops_nb.batch.runs.folder import NOT_POSSIBLE, Record, RunFolder
from salesops_nb.batch.runs.links import copied
from salesops_nb.batch.runs.run import now
from salesops_nb.errors import SalesopsError, problem
from salesops_nb.messages import message
from salesops_nb.present.language import formats
from salesops_nb.store import deliveries
from salesops_nb.store.deliveries import Delivery

if TYPE_CHECKING:
    from salesops_nb.source.opened import Workbook


class Post:
    """The delivery of one run, made or only planned (then `folder` is None): its reports by today's list.

    `show` says what `deliver` would do.
    """

    def __init__(
        self,
        console: Console,
        records: Iterable[Record],
        reports: Reports,
        workbook: Workbook,
        folder: RunFolder | None,
    ) -> None:
        self.console, self.reports, self.workbook, self.folder = console, reports, workbook, folder
        self.records = addressed(records, reports, workbook)
        self.gate = Gate(workbook, reports, folder)

    def check(self) -> None:
        """Raise `SalesopsError` where the run is not complete: nothing of it is released or sent."""
        if self.folder is not None and not self.folder.complete:
            raise SalesopsError(problem("not-delivered.incomplete", file=FILE_NAME, run=self.folder.name))

    def show(self) -> None:
        """Print who would get what, and what stays behind and why."""
        found = letters(self.records, self.gate)
        for letter in found:
            if letter.send:
                self._say(f"{_name(letter)} gets {', '.join(record['id'] for record in letter.send)}")
            self._stays(letter, calm=True)
        self._disputed(found)
        self._elsewhere()

    def deliver(self) -> bool:
        """Send what may go; whether all that should go has gone.

        Raises `SalesopsError` where the server cannot be spoken to.
        """
        folder, mail = self.folder, self.reports.mail
        assert folder is not None
        found = letters(self.records, self.gate)
        waiting = [letter for letter in found if letter.send]
        release = self.reports.release
        if self.gate.waits and any(reason.kind == "not released" for x in found for _, reason in x.stay):
            assert release is not None
            self.console.print(f"Run {folder.name} waits for release by {' or '.join(release.by)}:")
            self.console.print(f"  salesops deliver {folder.name}{self.reports.option} --release NAME")
        elif mail is None and release is None:
            raise SalesopsError(problem("not-delivered.no-mail", file=FILE_NAME, asked=self.reports.file))
        for letter in found:
            self._stays(letter, calm=False)
        self._disputed(waiting)
        self._elsewhere()
        whole = all(reason.kind in CALM for letter in found for _, reason in letter.stay)
        sent = 0
        if mail is not None and waiting:
            if mail.tls == "unverified" and mail.security != "none":
                self.console.print("[yellow]warning[/] tls: unverified: nobody checks whose server it is")
            with Sender(mail, self.workbook.folder) as sender:
                for at, letter in enumerate(waiting):
                    try:
                        gone, words = self._send(sender, letter, folder)
                    except SalesopsError:
                        self._say(f"{_mails(sent)} sent, {len(waiting) - at} not sent")
                        raise
                    sent += gone
                    if words:
                        whole = False
                        self._say(words)
        self.console.print(f"{_mails(sent)} sent")
        return whole

    def publish(self) -> None:
        """Copy outputs to where their report says, each whole; raises `SalesopsError` where one cannot be."""
        declared = {report.name: report.to for report in self.reports.reports if report.to}
        asked = [(record, self.gate.copy(record)) for record in self.records if record["to"]]
        going = [record for record, reason in asked if reason is None]
        for record, reason in asked:
            if reason is None:
                if self.gate.disputed(record):
                    self._say(f"{record['id']} is copied to {record['to']} with a dispute that is not closed")
                # a link may have been laid since the list was read
                check_place(declared[record["report"]], record["to"], self.workbook.folder, record["report"])
                _publish(record, self.folder, self.workbook.folder, self.reports.option, going)
            elif reason.kind != "failed":
                self._say(f"{record['id']} is not copied to {record['to']}: {reason}")

    def settle(self, addresses: Iterable[str], arrived: bool) -> None:
        """What a person found out: the unclear mails to these addresses arrived, or are to be sent again.

        Raises `SalesopsError` where nothing is unclear to one of them.
        """
        open_ones: dict[str, list[Delivery]] = {}
        for each in self.gate.unclear():
            open_ones.setdefault(each.address.lower(), []).append(each)
        for address in map(str.lower, addresses):
            if address not in open_ones:
                known = ", ".join(each[0].address for each in open_ones.values()) or message("none")
                raise SalesopsError(
                    problem("not-delivered.not-unclear", file=FILE_NAME, address=address, known=known)
                )
            for message_id in {each.message_id for each in open_ones[address]}:
                deliveries.settle(self.workbook.store, message_id, "sent" if arrived else None)
            names = ", ".join(each.report for each in open_ones[address])
            self._say(f"{names} to {address}: {'arrived' if arrived else 'may be sent again'}")
        self.gate.read()

    def states(self) -> dict[str, str]:
        """What the index says of a report beside whether it was made: unclear, awaiting release."""
        self.gate.read()
        found = {}
        for letter in letters(self.records, self.gate):
            for record, reason in letter.stay:
                if reason.kind == "not released":
                    found[record["id"]] = "awaiting release"
        return found | {record["id"]: "unclear" for record in self.records if self.gate.is_unclear(record)}

    def _send(self, sender: Sender, letter: Letter, folder: RunFolder) -> tuple[bool, str]:
        """Send one letter; whether it has gone, and what is to be said where it should have and has not."""
        assert self.reports.mail is not None
        store, settings, address = self.workbook.store, self.workbook.settings, letter.address
        day = formats.day(self.workbook.data_through) if self.workbook.data_through else ""
        stops: list[str] = []

        def begin() -> bool:
            """Look once more, and write down what is about to happen: the last thing before DATA."""
            late = [(record["id"], self.gate.statement(record)) for record in letter.send]
            stops.extend(f"{report}: {reason}" for report, reason in late if reason)
            return not stops and deliveries.claim(store, address, letter.pairs, folder.name, identity, now())

        identity = ""
        try:
            message = compose(letter, folder.path, self.reports.mail.sender, settings.company, day)
            identity = str(message["Message-ID"])
            if not sender.send(message, begin):
                return False, f"not sent to {address}: {'; '.join(stops)}" if stops else self._met(letter)
        except Refused as error:
            deliveries.settle(store, identity, None)
            return False, f"not sent to {address}: {error}"
        except Unclear as error:
            deliveries.settle(store, identity, "unclear")
            names = ", ".join(report for report, _ in letter.pairs)
            fix = how_to_settle(address, self.reports.option)
            return False, f"unclear whether {address} got {names}: {error}. {fix}"
        deliveries.settle(store, identity, "sent")
        return True, ""

    def _met(self, letter: Letter) -> str:
        """What is to be said of a letter that another process took up first: nothing once it has sent it."""
        self.gate.read()
        found = [(record["id"], self.gate.mail(record, letter.address)) for record in letter.send]
        open_ones = [f"{report}: {why or 'try again'}" for report, why in found if str(why) != "sent before"]
        return f"not sent to {letter.address}: {'; '.join(open_ones)}" if open_ones else ""

    def _stays(self, letter: Letter, calm: bool) -> None:
        """Print what an address does not get and why; without `calm` only what is worth a look."""
        for record, reason in letter.stay:
            said = reason.kind == "sent before" or (reason.kind == "not released" and self.gate.waits)
            if calm or not said:
                ask = how_to_settle(letter.address, self.reports.option)
                fix = f". {ask}" if reason.kind == "unclear" else ""
                self._say(f"{_name(letter)} does not get {record['id']}: {reason}{fix}")

    def _disputed(self, found: Iterable[Letter]) -> None:
        """Print which statements that go out somebody has doubts about: a dispute stops no payment."""
        for record, address in ((record, letter.address) for letter in found for record in letter.send):
            if self.gate.disputed(record):
                period = record["period"]
                see = f"salesops ledger list --period {period} --disputes"
                self._say(f"{record['id']} goes to {address} with a dispute that is not closed; see: {see}")

    def _elsewhere(self) -> None:
        """Print what goes nowhere because the list of reports has no place for it any more."""
        for record in self.records:
            if "gone" in record["delivery"] and record["status"] != NOT_POSSIBLE:
                self._say(f"{record['id']} goes nowhere: {record['delivery']['gone']}")

    def _say(self, text: str) -> None:
        self.console.print(text, markup=False, soft_wrap=True)


def _name(letter: Letter) -> str:
    return letter.address or "(no address)"


def _publish(record: Record, folder: RunFolder | None, base: Path, option: str, going: list[Record]) -> None:
    assert folder is not None
    for form, output in record["outputs"].items():
        if form == "ipynb":
            continue
        name = f"{record['id'].replace('/', '--')}{Path(output['path']).suffix}"
        try:
            data = (folder.path / output["path"]).read_bytes()
            if form == "html":  # the site's links lead to what this folder's readers may not see
                data = copied(data.decode("utf-8"), record, going).encode("utf-8")
            _copy(data, base / record["to"], name, folder.name)
        except OSError as error:
            raise SalesopsError(
                problem(
                    "not-copied",
                    file=FILE_NAME,
                    column="to",
                    value=record["to"],
                    report=record["report"],
                    name=name,
                    why=error.strerror or str(error),
                    again=_again(folder, option),
                )
            ) from error


def _again(folder: RunFolder, option: str) -> str:
    """What goes on with the copies of a run."""
    if folder.complete:
        return f"salesops deliver {folder.name}{option}"
    return f"salesops run --resume (run {folder.name})"


def _copy(data: bytes, place: Path, name: str, run: str) -> None:
    """Write a copy beside its target and move it in.

    What stands beside is named by the run, so that a copy cut short is written over when the run is resumed.
    """
    place.mkdir(parents=True, exist_ok=True)
    beside = place / f".{name}.{run}"
    beside.write_bytes(data)
    os.replace(beside, place / name)


def _mails(number: int) -> str:
    return f"{number} mail" if number == 1 else f"{number} mails"
