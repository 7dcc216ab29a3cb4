"""Whether the ledger is as it was written: the chain recomputed, entry by entry.

What it finds: any edited, deleted (the last ones too), reordered or inserted entry, and a changed
or missing head. What it cannot find by itself: somebody with full write access who rewrites the
chain from some entry on *and* the head. So an anchor, ``count:hash``, belongs outside the
database (it stands on payroll files and is printed by lock and pay); verifying against it finds
that too, for everything up to the anchored entry.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, Engine, Row, select

from salesops_nb.errors import Problem, SalesopsError
from salesops_nb.store.ledger.chain import GENESIS, entries, entry_hash, head

_ANCHOR = re.compile(r"(\d+):([0-9a-f]{64})")


def anchor(engine: Engine) -> str:
    """The ledger's state as ``count:hash``, to be kept where the database's writers cannot reach."""
    with engine.connect() as connection:
        return anchor_of(connection)


def anchor_of(connection: Connection) -> str:
    """The anchor as an open transaction sees it."""
    row = connection.execute(select(head.c.length, head.c.hash).where(head.c.id == 1)).first()
    return f"{row.length}:{row.hash}" if row else f"0:{GENESIS}"


def verify(engine: Engine, anchors: Iterable[str] = ()) -> list[Problem]:
    """What was changed in the ledger since it was written: empty where nothing was.

    The first problem names the first bad entry. Reads the table once, in order, in constant memory.

    Parameters
    ----------
    anchors : ``count:hash`` texts kept outside the database; each must still be in the chain.

    Raises
    ------
    SalesopsError
        Where an anchor is not of that form.
    """
    wanted = dict(_parsed(text) for text in anchors)
    problems: list[Problem] = []
    with engine.connect() as connection:
        last, count = GENESIS, 0
        result = connection.execution_options(yield_per=5000).execute(select(entries).order_by(entries.c.seq))
        for row in result:
            count += 1
            problem = _bad_entry(row, count, last)
            if problem:
                problems.append(problem)
                break
            last = row.hash
            if wanted.pop(count, last) != last:
                problems.append(_anchor_problem(count, "has another hash than the anchor kept outside"))
                break
        result.close()
        if not problems:
            problems += _head_problems(connection, count, last)
    if not problems:
        wanted.pop(0, None)
        problems += [
            _anchor_problem(n, f"is anchored outside, but the ledger ends at entry {count}") for n in wanted
        ]
    return problems


def _bad_entry(row: Row[Any], position: int, last: str) -> Problem | None:
    """What is wrong with one entry, given its place and the hash before it."""
    if row.seq != position:
        if isinstance(row.seq, int) and row.seq > position:
            return _problem(position, "is missing: it was deleted, or its number was changed")
        return _problem(row.seq, "has a number that is not its place: it was inserted or moved")
    if row.previous_hash != last:
        return _problem(
            position, "does not follow the entry before it: it was inserted, moved or edited", row
        )
    if entry_hash(last, row._asdict()) != row.hash:
        return _problem(position, "is not what was written: at least one of its columns was edited", row)
    return None


def _head_problems(connection: Connection, count: int, last: str) -> list[Problem]:
    heads = connection.execute(select(head.c.id, head.c.length, head.c.hash)).all()
    if not heads and not count:
        return []
    if len(heads) != 1 or heads[0].id != 1:
        return [
            Problem(
                "ledger-changed",
                f"The ledger's head has {len(heads)} rows where there must be one, after entry {count}.",
                _FIX,
                table="ledger_head",
            )
        ]
    if heads[0].length > count:
        ends = "entry" if heads[0].length == count + 1 else f"entries up to {heads[0].length} are gone: entry"
        return [_problem(count + 1, f"is missing at the ledger's end ({ends} {count + 1} was deleted)")]
    if heads[0].length < count:
        return [_problem(heads[0].length + 1, f"was inserted after the end, entry {heads[0].length}")]
    if heads[0].hash != last:
        return [_problem(count, "does not have the hash that the ledger's head remembers")]
    return []


_FIX = "Do not pay from this ledger; compare with a copy of the store and ask who had access."


def _problem(seq: object, what: str, row: Row[Any] | None = None) -> Problem:
    about = ""
    if row is not None and row.line_id:
        about = f" (line {row.line_id}, {row.period})"
    return Problem(
        "ledger-changed",
        f"Ledger entry {seq}{about} {what}.",
        _FIX,
        table="ledger_entries",
        column="seq",
        value=str(seq),
    )


def _anchor_problem(seq: int, what: str) -> Problem:
    return Problem(
        "ledger-rewritten",
        f"Ledger entry {seq} {what}.",
        _FIX,
        "ledger_entries",
        column="seq",
        value=str(seq),
    )


def _parsed(text: str) -> tuple[int, str]:
    match = _ANCHOR.fullmatch(text.strip())
    if match is None:
        raise SalesopsError(
            Problem(
                "bad-anchor",
                f"{text!r} is not an anchor.",
                "Give count:hash as 'salesops ledger anchor' printed it (64 hexadecimal digits).",
                value=text,
            )
        )
    return int(match[1]), match[2]
