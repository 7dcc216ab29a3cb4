"""The workbook's closed periods held against its data, found again while neither they nor the data change."""

from __future__ import annotations

import hashlib
import os
import pickle
from collections.abc import Sequence
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from salesops_nb.commission import Plan
from salesops_nb.commission.inputs.tables import Tables
from salesops_nb.commission.paid_periods.watch import Findings, watched
from salesops_nb.core.fingerprint import code
from salesops_nb.notebook.commission_calculation.calculations import duties_of
from salesops_nb.store.ledger.calendar import PayCalendar
from salesops_nb.store.ledger.closed_periods import Corrections, correct, state_of_lines
from salesops_nb.store.ledger.ledger import Posting

if TYPE_CHECKING:
    from salesops_nb.source.opened import Workbook


def findings(workbook: Workbook, plans: Sequence[Plan]) -> Findings:
    """Where closed periods differ from their calculation today, and why.

    The answer is kept in the workbook's cache by everything that it follows from: while data, plans, lines
    and code are the same, no month is calculated anew.
    """
    state = state_of_lines(workbook.store)
    if not state:
        return Findings()
    place = workbook.folder / ".cache" / "closed_periods" / f"{_key(workbook, plans, state)}.pickle"
    if not place.exists():
        found, _ = proposed(workbook, plans, on=date.max)  # the day says where a correction goes alone
        _keep(place, found)
        return found
    known: Findings = pickle.loads(place.read_bytes())
    return known


def corrected(
    workbook: Workbook,
    plans: Sequence[Plan],
    *,
    author: str,
    on: date,
    pay_calendar: PayCalendar | None = None,
) -> tuple[Findings, Corrections, Posting | None]:
    """Write the adjustment lines of every closed period that differs; no posting where none does."""
    found, changes = proposed(workbook, plans, on=on, pay_calendar=pay_calendar)
    duties = duties_of(workbook)
    author = duties.person("author", author, unattended=True)
    done = correct(workbook.store, changes, author=author, on=on, duties=duties) if found.changes else None
    return found, changes, done


def proposed(
    workbook: Workbook, plans: Sequence[Plan], *, on: date, pay_calendar: PayCalendar | None = None
) -> tuple[Findings, Corrections]:
    """The findings, calculated now, and the lines that correct them."""
    return watched(
        workbook.store,
        plans,
        Tables.of(workbook.tables),
        on=on,
        pay_calendar=pay_calendar,
        fiscal=workbook.calendar,
        duties=duties_of(workbook),
        exit_netting=workbook.settings.pay_policy.exit_netting,
    )


def _key(workbook: Workbook, plans: Sequence[Plan], state: str) -> str:
    """Everything that the findings follow from. A cut-off changes where a correction goes, not what it is."""
    parts = [workbook.fingerprint, state, version("duckdb"), code(), *(repr(plan.file) for plan in plans)]
    parts.append((workbook.folder / "workbook.yml").read_text(encoding="utf-8"))
    return hashlib.blake2b("\0".join(parts).encode(), digest_size=16).hexdigest()


def _keep(place: Path, found: Findings) -> None:
    """Write the findings beside, then move them in, in the place of older ones."""
    place.parent.mkdir(parents=True, exist_ok=True)
    beside = place.with_suffix(f".{os.getpid()}")
    beside.write_bytes(pickle.dumps(found))
    beside.replace(place)
    for old in place.parent.glob("*.pickle"):
        if old != place:
            old.unlink(missing_ok=True)
