"""Disputes: a payee, or somebody for them, doubts a line; it is answered and closed.

A dispute changes no line and stops no payment. What it was right about comes as an adjustment
line, which the closing may name.
"""

from __future__ import annotations

from datetime import date
from typing import Any, Literal

import pandas as pd
import pyarrow as pa
from sqlalchemy import Connection, Engine, Row, select

from salesops_nb.core.frames import arrow_frame
from salesops_nb.errors import SalesopsError, problem
from salesops_nb.store.ledger.chain import append, details, entries, writing
from salesops_nb.store.ledger.duties import ANYBODY, Duties, same_person

Outcome = Literal["accepted", "rejected", "withdrawn"]
OUTCOMES = ("accepted", "rejected", "withdrawn")
COLUMNS = (
    "dispute_id",
    "line_id",
    "period",
    "payee_id",
    "status",
    "question",
    "opened_by",
    "opened_on",
    "answer",
    "answered_by",
    "answered_on",
    "outcome",
    "closed_by",
    "closed_on",
    "adjustment_line_id",
)


def open_dispute(
    engine: Engine, line_id: str, question: str, *, by: str, on: date, duties: Duties = ANYBODY
) -> str:
    """Open a dispute on a line of the ledger; returns its id.

    Raises `SalesopsError` where the line is unknown, the question is empty, one is open on it, or `by` is no
    person of `duties`.
    """
    by = duties.person("person who opens it", by, column="by")
    question = _words(question, "question")
    with writing(engine) as connection:
        query = select(entries).where(
            entries.c.line_id == line_id, entries.c.entry.in_(("line", "withdrawn"))
        )
        line = connection.execute(query.order_by(entries.c.seq.desc()).limit(1)).first()
        if line is None or line.entry == "withdrawn":
            raise SalesopsError(problem("bad-dispute.unknown-line", column="line_id", value=line_id))
        known = _disputes(connection)
        if any(d["line_id"] == line_id and d["status"] != "closed" for d in known.values()):
            raise SalesopsError(problem("bad-dispute.open-already", column="line_id", value=line_id))
        dispute_id = f"dispute-{len(known) + 1}"
        content = {"dispute_id": dispute_id, "step": "open", "words": question}
        append(connection, [_entry(line, by, on, content)])
    return dispute_id


def answer_dispute(
    engine: Engine, dispute_id: str, answer: str, *, by: str, on: date, duties: Duties = ANYBODY
) -> None:
    """Answer an open dispute; neither by the one who opened it nor by the payee.

    Raises `SalesopsError` otherwise, or where `by` is no person of `duties`.
    """
    by, answer = duties.person("person who answers", by, column="by"), _words(answer, "answer")
    with writing(engine) as connection:
        dispute = _known(connection, dispute_id)
        if dispute["status"] != "open":
            raise SalesopsError(
                problem("bad-dispute.ended", column="dispute_id", value=dispute_id, status=dispute["status"])
            )
        if same_person(by, dispute["opened_by"]):
            raise SalesopsError(problem("bad-dispute.by-its-opener", column="by", value=by))
        if same_person(by, dispute["payee_id"]):
            raise SalesopsError(problem("bad-dispute.answer-by-payee", column="by", value=by))
        content = {"dispute_id": dispute["dispute_id"], "step": "answer", "words": answer}
        append(connection, [_entry(dispute["line"], by, on, content)])


def close_dispute(
    engine: Engine,
    dispute_id: str,
    outcome: Outcome,
    *,
    by: str,
    on: date,
    adjustment_line_id: str | None = None,
    duties: Duties = ANYBODY,
) -> None:
    """Close an answered dispute as accepted or rejected; the one who opened it may also withdraw it.

    `adjustment_line_id` names the line that pays what was accepted. Raises `SalesopsError` where
    the dispute is unknown, closed, or not answered yet, the payee would accept their own dispute,
    or the adjustment is not in the ledger, or `by` is no person of `duties`.
    """
    by = duties.person("person who closes it", by, column="by")
    if outcome not in OUTCOMES:
        raise SalesopsError(
            problem(
                "bad-dispute.unknown-outcome", column="outcome", value=outcome, outcomes=", ".join(OUTCOMES)
            )
        )
    with writing(engine) as connection:
        dispute = _known(connection, dispute_id)
        if dispute["status"] == "closed":
            raise SalesopsError(problem("bad-dispute.closed", column="dispute_id", value=dispute_id))
        interested = any(same_person(by, dispute[role]) for role in ("opened_by", "payee_id"))
        if outcome == "withdrawn":
            if not interested:
                raise SalesopsError(problem("bad-dispute.not-the-opener", column="by", value=by))
        elif dispute["status"] != "answered":
            raise SalesopsError(problem("bad-dispute.not-answered", column="dispute_id", value=dispute_id))
        elif same_person(by, dispute["payee_id"]):
            raise SalesopsError(problem("bad-dispute.by-its-payee", column="by", value=by))
        if adjustment_line_id is not None:
            exists = select(entries.c.seq).where(
                entries.c.line_id == adjustment_line_id, entries.c.kind == "adjustment"
            )
            if connection.execute(exists.limit(1)).first() is None:
                raise SalesopsError(
                    problem(
                        "bad-dispute.unknown-adjustment",
                        column="adjustment_line_id",
                        value=adjustment_line_id,
                    )
                )
        content = {"dispute_id": dispute["dispute_id"], "step": "close", "outcome": outcome}
        content |= {"adjustment_line_id": adjustment_line_id} if adjustment_line_id else {}
        append(connection, [_entry(dispute["line"], by, on, content)])


def disputes(engine: Engine, *, period: str | None = None, payee_id: str | None = None) -> pd.DataFrame:
    """Every dispute with its question, answer and outcome, one row each (columns `COLUMNS`)."""
    with engine.connect() as connection:
        known = [
            dispute
            for dispute in _disputes(connection).values()
            if period in (None, dispute["period"]) and payee_id in (None, dispute["payee_id"])
        ]
    table = {}
    for name in COLUMNS:
        day = name.endswith("_on")
        values = [dispute.get(name) for dispute in known]
        table[name] = pa.array(
            [date.fromisoformat(v) if day and v else v for v in values], pa.date32() if day else pa.string()
        )
    return arrow_frame(table)


def dispute_states(connection: Connection) -> dict[str, str]:
    """For each disputed line open, answered, or closed with its outcome (``closed: accepted``)."""
    states = {}
    for dispute in _disputes(connection).values():
        outcome = f": {dispute['outcome']}" if dispute.get("outcome") else ""
        states[dispute["line_id"]] = dispute["status"] + outcome
    return states


def _disputes(connection: Connection) -> dict[str, dict[str, Any]]:
    known: dict[str, dict[str, Any]] = {}
    query = select(entries).where(entries.c.entry == "dispute").order_by(entries.c.seq)
    for row in connection.execute(query):
        content = details(row)
        dispute = known.setdefault(
            content["dispute_id"],
            {
                "dispute_id": content["dispute_id"],
                "line_id": row.line_id,
                "period": row.period,
                "payee_id": row.payee_id,
                "line": row,
            },
        )
        step = content["step"]
        done, words = {"open": ("opened", "question"), "answer": ("answered", "answer")}.get(
            step, ("closed", "")
        )
        dispute |= {f"{done}_by": row.author, f"{done}_on": row.made_on}
        dispute["status"] = "open" if step == "open" else done
        if words:
            dispute[words] = content["words"]
        else:
            dispute |= {name: content.get(name) for name in ("outcome", "adjustment_line_id")}
    return known


def _known(connection: Connection, dispute_id: str) -> dict[str, Any]:
    """A dispute by its id, or by its number alone."""
    known = _disputes(connection)
    wanted = dispute_id.strip().casefold()
    dispute = known.get(wanted) or known.get(f"dispute-{wanted}")
    if dispute is None:
        there = ", ".join(
            f"{name} ({each['status']}, line {each['line_id']})" for name, each in known.items()
        )
        if not known:
            raise SalesopsError(problem("bad-dispute.none", column="dispute_id", value=dispute_id))
        raise SalesopsError(
            problem("bad-dispute.unknown", column="dispute_id", value=dispute_id, there=there)
        )
    return dispute


def _entry(line: Row[Any], by: str, on: date, content: dict[str, Any]) -> dict[str, Any]:
    names = ("period", "payee_id", "line_id", "origin")
    place = {name: getattr(line, name) for name in names}
    return {"entry": "dispute", **place, "author": by, "made_on": on.isoformat(), "details": content}


def _words(text: str, name: str) -> str:
    if not text.strip():
        raise SalesopsError(problem("bad-dispute.empty", column=name, value=text))
    return text.strip()
