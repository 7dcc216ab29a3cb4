"""What may go where: one list of reasons, for the dry run, the mails and the copies alike."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from salesops_nb.batch.jobs.reports import FILE_NAME, Release, Reports
from salesops_nb.batch.runs.folder import Record, RunFolder, busy, file_hash
from salesops_nb.batch.runs.pay import PayLedger
from salesops_nb.batch.runs.run import UNMADE, now
from salesops_nb.errors import SalesopsError, problem
from salesops_nb.store import deliveries
from salesops_nb.store.deliveries import Delivery, Item

if TYPE_CHECKING:
    from salesops_nb.source.opened import Workbook

_ADDRESS = re.compile(r"[^@\s,;<>]+@[^@\s,;<>]+")
# Reasons that are no failure: there is nothing to mend, or a person's decision is awaited.
CALM = ("sent before", "not approved", "not released")


def is_address(text: str) -> bool:
    """Whether mail can go there."""
    return _ADDRESS.fullmatch(text) is not None


class Reason(NamedTuple):
    """Why a report does not go: one of a few kinds, and what more there is to say and to do."""

    kind: str
    more: str = ""

    def __str__(self) -> str:
        return f"{self.kind}: {self.more}" if self.more else self.kind


class Gate:
    """What may leave a run, by the ledger, the releases and the log of deliveries as they are now.

    Records are `addressed` ones. Without a folder the run is only planned: its files are not there yet.
    """

    def __init__(self, workbook: Workbook, reports: Reports, folder: RunFolder | None) -> None:
        self._store, self._asked, self.folder = workbook.store, reports.release, folder
        self._file, self._option = reports.file, reports.option
        self._base = workbook.folder / reports.folder
        self._pay = PayLedger(workbook.store)
        self.read()

    def read(self) -> None:
        """Read the log of deliveries and the releases anew."""
        self._log = {(d.address.lower(), d.report, d.key): d for d in deliveries.all_deliveries(self._store)}
        released = deliveries.released(self._store, self.folder.name) if self.folder else {}
        self._released = {item._replace(address=_place(item.address)): by for item, by in released.items()}
        self._working: dict[str, bool] = {}

    def mail(self, record: Record, address: str) -> Reason | None:
        """Why a report is not mailed to an address; None where it is."""
        if not is_address(address):
            return Reason("no address")
        if record["status"] in UNMADE:
            return Reason("failed")
        entry = self._entry(record, address)
        if entry is not None:
            return self._before(entry)
        lacking = [form for form in record["delivery"]["attach"] if form not in record.get("outputs", {})]
        if lacking and record["status"] != "planned":
            return Reason("no file", f"it was made without {', '.join(lacking)}; type: salesops run")
        return self.statement(record) or self._files(record) or self.release(record, address)

    def copy(self, record: Record) -> Reason | None:
        """Why a report's files are not copied to the folder that it names; None where they are."""
        if record["status"] in UNMADE:
            return Reason("failed")
        return self.statement(record) or self._files(record) or self.release(record, record["to"])

    def statement(self, record: Record) -> Reason | None:
        """Why a pay statement must stay; None for any other report."""
        payee = record["delivery"]["payee"]
        if payee is None:
            return None
        if not self._pay.approved(record["period"], payee):
            return Reason("not approved")
        if record["status"] == "planned":
            return None  # it will be drawn up from the ledger as it is then
        difference = self._pay.difference(record, payee)
        return Reason("not what the ledger says", f"{difference}; type: salesops run") if difference else None

    def release(self, record: Record, place: str) -> Reason | None:
        """Why nobody has released a report's files for a place, an address or a folder."""
        if self._asked is None or self._item(record, place) in self._released:
            return None
        if self.folder is None:
            return Reason("not released")
        what = ""
        if self._released:
            places = {item.address for item in self._released if item.report == record["id"]}
            what = (
                "its files were made anew since; " if _place(place) in places else f"{place} is new since; "
            )
        return Reason(
            "not released", f"{what}type: salesops deliver {self.folder.name}{self._option} --release NAME"
        )

    @property
    def waits(self) -> bool:
        """Whether a release is asked for and nothing of the run has been released yet."""
        return self._asked is not None and not self._released

    def release_all(self, records: Iterable[Record], by: str, write: bool = True) -> None:
        """Release what the records send and copy, in a person's name; without `write` only as a trial.

        Raises `SalesopsError` where the person may not.
        """
        assert self.folder is not None
        if self._asked is None:
            raise SalesopsError(problem("not-delivered.no-release", file=FILE_NAME, asked=self._file))
        name = _releaser(self._asked, by)
        items = [
            self._item(record, place)
            for record in records
            if record["status"] != "failed" and self._files(record) is None
            for place in _places(record)
        ]
        if write:
            deliveries.release(self._store, self.folder.name, items, name, now())
        self._released = {**self._released, **dict.fromkeys(items, name)}

    def unclear(self) -> Iterator[Delivery]:
        """Every delivery of which nobody knows whether it arrived, of this run or another."""
        return (each for each in self._log.values() if self._is_unclear(each))

    def is_unclear(self, record: Record) -> bool:
        """Whether this is not known of a report to one of its addresses."""
        entries = (self._entry(record, address) for address in record["delivery"]["recipients"])
        return any(entry is not None and self._is_unclear(entry) for entry in entries)

    def contents(self, record: Record) -> str:
        """By what a report is known to be the one sent before: its key, or which approval a statement shows.

        So an approved statement is not mailed again because its period was locked and paid since.
        """
        payee = record["delivery"]["payee"]
        approval = None if payee is None else self._pay.approval(record["period"], payee)
        return approval or str(record["key"])

    def disputed(self, record: Record) -> bool:
        """Whether a report is a statement with a dispute that is not closed."""
        payee = record["delivery"]["payee"]
        return payee is not None and self._pay.disputed(record["period"], payee)

    def _entry(self, record: Record, address: str) -> Delivery | None:
        keys = (self.contents(record), record["key"])  # by its key a statement sent by an earlier version
        return next(
            (found for key in keys if (found := self._log.get((address.lower(), record["id"], key)))), None
        )

    def _before(self, entry: Delivery) -> Reason:
        if entry.status == "sent":
            return Reason("sent before")
        if self._is_unclear(entry):
            return Reason("unclear", f"run {entry.run} began to send it at {entry.at} and got no answer")
        return Reason("on its way", f"run {entry.run} is sending it now")

    def _is_unclear(self, entry: Delivery) -> bool:
        if entry.run not in self._working:
            # of a run that we hold, whoever began to send it is gone
            mine = self.folder is not None and self.folder.locked and entry.run == self.folder.name
            self._working[entry.run] = not mine and busy(RunFolder(self._base / entry.run))
        return deliveries.is_unclear(entry, self._working[entry.run])

    def _files(self, record: Record) -> Reason | None:
        if self.folder is None:
            return None
        for form, output in record["outputs"].items():
            path = self.folder.path / output["path"]
            if form != "ipynb" and not (path.is_file() and file_hash(path) == output["sha256"]):
                return Reason("another file", not_as_made(output["path"]))
        return None

    def _item(self, record: Record, place: str) -> Item:
        return Item(record["id"], _files_digest(record), _place(place))


def not_as_made(path: str) -> str:
    """What is wrong with a file that was changed after its run, and what to do."""
    return f"{path} is not what the run made; type: salesops run"


def how_to_settle(address: str, option: str) -> str:
    """What to type once somebody knows whether a mail arrived."""
    return f"Ask, then type: salesops deliver{option} --arrived {address} (or --again {address})"


def _place(text: str) -> str:
    """An address whatever its case, or a folder as it is."""
    return text.lower() if is_address(text) else text


def _places(record: Record) -> list[str]:
    return [*record["delivery"]["recipients"], *([record["to"]] if record["to"] else [])]


def _files_digest(record: Record) -> str:
    """One hash for all of a report's files."""
    files = record.get("outputs", {}).items()
    texts = sorted(f"{form} {output['sha256']}" for form, output in files if form != "ipynb")
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()


def _releaser(asked: Release, by: str) -> str:
    names = {" ".join(name.split()).casefold(): name for name in asked.by}
    name = names.get(" ".join(by.split()).casefold())
    if name is None:
        raise SalesopsError(
            problem("not-delivered.not-a-releaser", file=FILE_NAME, by=by, names=", ".join(asked.by))
        )
    return name
