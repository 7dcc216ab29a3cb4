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

from salesops_nb.errors import Problem, SalesopsError, problem
from salesops_nb.messages import message
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
            wrong = _bad_entry(row, count, last)
            if wrong:
                problems.append(wrong)
                break
            last = row.hash
            if wanted.pop(count, last) != last:
                problems.append(
                    problem("ledger-rewritten.other-hash", table="ledger_entries", column="seq", value=count)
                )
                break
        result.close()
        if not problems:
            problems += _head_problems(connection, count, last)
    if not problems:
        wanted.pop(0, None)
        problems += [
            problem("ledger-rewritten.cut-off", table="ledger_entries", column="seq", value=n, entry=count)
            for n in wanted
        ]
    return problems


def _bad_entry(row: Row[Any], position: int, last: str) -> Problem | None:
    """What is wrong with one entry, given its place and the hash before it."""
    if row.seq != position:
        if isinstance(row.seq, int) and row.seq > position:
            return problem("ledger-changed.missing", **_at(position))
        return problem("ledger-changed.misplaced", **_at(row.seq))
    line = message(" (line {line}, {period})", line=row.line_id, period=row.period) if row.line_id else ""
    if row.previous_hash != last:
        return problem("ledger-changed.does-not-follow", **_at(position), line=line)
    if entry_hash(last, row._asdict()) != row.hash:
        return problem("ledger-changed.edited", **_at(position), line=line)
    return None


def _at(seq: object) -> dict[str, Any]:
    return {"table": "ledger_entries", "column": "seq", "value": seq}


def _head_problems(connection: Connection, count: int, last: str) -> list[Problem]:
    heads = connection.execute(select(head.c.id, head.c.length, head.c.hash)).all()
    if not heads and not count:
        return []
    if len(heads) != 1 or heads[0].id != 1:
        return [problem("ledger-changed.head-rows", table="ledger_head", count=len(heads), entry=count)]
    if heads[0].length > count:
        key = "ledger-changed.last-missing" if heads[0].length == count + 1 else "ledger-changed.end-missing"
        return [problem(key, **_at(count + 1), last=heads[0].length)]
    if heads[0].length < count:
        return [problem("ledger-changed.after-the-end", **_at(heads[0].length + 1), last=heads[0].length)]
    if heads[0].hash != last:
        return [problem("ledger-changed.other-hash", **_at(count))]
    return []


_FIX = "Do not pay from this ledger; compare with a copy of the store and ask who had access."


def _parsed(text: str) -> tuple[int, str]:
    match = _ANCHOR.fullmatch(text.strip())
    if match is None:
        raise SalesopsError(problem("bad-anchor", value=text))
    return int(match[1]), match[2]
