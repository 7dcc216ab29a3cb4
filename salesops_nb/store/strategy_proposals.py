"""Proposals for the strategy: who proposed which version and why, what was decided of a claim. Append-only.

A proposal is the whole version as it is to be, kept as text. Somebody else approves it; from then on it
stands in the strategy file, and the store remembers who, when, and upon which version it was built.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    Date,
    Engine,
    Float,
    ForeignKey,
    Integer,
    String,
    Table,
    Text,
    func,
    insert,
    select,
)

from salesops_nb.errors import SalesopsError, problem
from salesops_nb.store.metadata import append_once, append_only, in_turn, metadata
from salesops_nb.store.targets import person_named

proposals = Table(
    "strategy_proposals",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("based_on", String(32), nullable=False),
    Column("valid_from", Date, nullable=False),
    Column("author", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("proposed_at", String(32), nullable=False),
    Column("content", Text, nullable=False),
)
approvals = Table(
    "strategy_approvals",
    metadata,
    Column("number", Integer, ForeignKey("strategy_proposals.number"), primary_key=True),
    Column("approver", Text, nullable=False),
    Column("approved_at", String(32), nullable=False),
)
decisions = Table(
    "claim_decisions",
    metadata,
    Column("decision", Integer, primary_key=True, autoincrement=False),
    Column("version", String(32), nullable=False),
    Column("claim", String(200), nullable=False),
    Column("decided", String(16), nullable=False),  # accepted, declined
    Column("figure", Float, nullable=False),
    Column("low", Float, nullable=False),
    Column("high", Float, nullable=False),
    Column("n", Integer, nullable=False),
    Column("as_of", Date, nullable=False),
    Column("by", Text, nullable=False),
    Column("on", Date, nullable=False),
    Column("why", Text, nullable=False),
    Column("proposal", Integer),
)
append_only(proposals, "make a new proposal")
append_only(approvals, "propose a new version")
append_only(decisions, "decide again")


@dataclass(frozen=True, slots=True)
class Proposal:
    """A version as proposed: `content` is what the strategy file would hold, `based_on` the version
    changed."""

    number: int
    based_on: str
    valid_from: date
    author: str
    reason: str
    proposed_at: str
    content: Mapping[str, Any]
    approver: str | None = None
    approved_at: str | None = None


def propose(
    engine: Engine,
    content: Mapping[str, Any],
    *,
    based_on: str,
    valid_from: date,
    author: str,
    reason: str,
    proposed_at: datetime,
) -> int:
    """Keep a proposal; its number, which is the last one's where its content and author are the same.

    Raises `SalesopsError` where nobody proposes it, or no reason is given.

    Examples
    --------
    >>> from datetime import date, datetime
    >>> from salesops_nb.store.database import open_store
    >>> from salesops_nb.store.strategy_proposals import approve, propose
    >>> store = open_store("sqlite://")
    >>> propose(store, {"mission": "We sell."}, based_on="3", valid_from=date(2018, 1, 1),
    ...         author="Ada Example", reason="shorter", proposed_at=datetime(2017, 12, 20))
    1
    >>> approve(store, 1, approver="ada example", approved_at=datetime(2017, 12, 21))
    Traceback (most recent call last):
        ...
    salesops_nb.errors.SalesopsError: Proposal 1 is Ada Example's own, who cannot approve it.
    Let somebody else approve it.
    """
    person = person_named(author)
    if person is None or not reason.strip():
        raise SalesopsError(
            problem("missing-value", table="strategy_proposals", column="reason" if person else "author")
        )
    row = {
        "based_on": based_on,
        "valid_from": valid_from,
        "author": person,
        "reason": reason.strip(),
        "proposed_at": proposed_at.isoformat(timespec="seconds"),
        "content": json.dumps(dict(content), default=str, ensure_ascii=False),
    }
    metadata.create_all(engine, tables=[proposals, approvals])
    same = ("content", "author", "valid_from", "based_on")
    return in_turn(
        engine,
        lambda connection: append_once(connection, proposals, "number", row, same)[0],
        problem("store-busy.strategy"),
    )


def proposed(engine: Engine, number: int | None = None) -> list[Proposal]:
    """Every proposal in order, or the one of a number; those approved say by whom and when.

    Raises `SalesopsError` for a number that there is not.
    """
    metadata.create_all(engine, tables=[proposals, approvals])
    columns = (*proposals.c, approvals.c.approver, approvals.c.approved_at)
    query = select(*columns).outerjoin_from(proposals, approvals).order_by(proposals.c.number)
    with engine.connect() as connection:
        rows = [dict(row._mapping) for row in connection.execute(query)]
    found = [Proposal(**{**row, "content": json.loads(row["content"])}) for row in rows]
    if number is None:
        return found
    mine = [each for each in found if each.number == number]
    if not mine:
        known = ", ".join(str(each.number) for each in found) or "–"
        raise SalesopsError(problem("no-strategy-proposal", value=number, known=known))
    return mine


def check_approver(proposal: Proposal, approver: str) -> str:
    """The approver's name; raises `SalesopsError` where it is nobody, the author, or it is approved
    already."""
    person = person_named(approver)
    if person is None:
        raise SalesopsError(problem("no-approver.strategy", column="by", value=str(approver), name=approver))
    if person.casefold() == proposal.author.casefold():
        raise SalesopsError(problem("strategy-own-proposal", value=proposal.number, name=proposal.author))
    if proposal.approver is not None:
        raise SalesopsError(
            problem("strategy-approved-already", value=proposal.number, name=proposal.approver)
        )
    return person


def approve(
    engine: Engine,
    number: int,
    *,
    approver: str,
    approved_at: datetime,
    write: Callable[[str], None] | None = None,
) -> None:
    """Write that a proposal is approved, once; raises `SalesopsError` as `check_approver` does.

    `write` puts the version into the strategy file, given the approver's name: where it fails, nothing is
    approved.
    """
    [proposal] = proposed(engine, number)
    person = check_approver(proposal, approver)
    row = {"number": number, "approver": person, "approved_at": approved_at.isoformat(timespec="seconds")}

    def both(connection: Connection) -> None:
        connection.execute(insert(approvals), row)
        if write is not None:
            write(person)

    in_turn(engine, both, problem("strategy-approved-already", value=number, name=person))


def decide(engine: Engine, row: Mapping[str, Any]) -> int:
    """Keep what a person decided of a proposed figure: the columns of `decisions` but its number, which is
    returned.

    The same decision again is written once.
    """
    metadata.create_all(engine, tables=[decisions])

    def write(connection: Connection) -> int:
        found = connection.execute(
            select(decisions)
            .where(
                decisions.c.claim == row["claim"],
                decisions.c.version == row["version"],
            )
            .order_by(decisions.c.decision.desc())
            .limit(1)
        ).one_or_none()
        same = ("decided", "figure", "by", "as_of")
        if found is not None and all(getattr(found, name) == row[name] for name in same):
            return int(found.decision)
        last = connection.execute(select(func.max(decisions.c.decision))).scalar() or 0
        connection.execute(insert(decisions), {**row, "decision": int(last) + 1})
        return int(last) + 1

    return in_turn(engine, write, problem("store-busy.strategy"))


def decided(engine: Engine, version: str) -> dict[str, Mapping[str, Any]]:
    """The last decision of each claim of a version, by the claim's name."""
    metadata.create_all(engine, tables=[decisions])
    query = select(decisions).where(decisions.c.version == version).order_by(decisions.c.decision)
    with engine.connect() as connection:
        return {row.claim: dict(row._mapping) for row in connection.execute(query)}
