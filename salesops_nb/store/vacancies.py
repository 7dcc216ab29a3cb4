"""Vacancies: proposed, opened, filled or closed; a recorded leaver proposes one.

A row is a seat to be filled. Its state follows from its dates: ``proposed`` until someone opens
it, ``open`` until it is filled or called off. Days and who acted come from the caller, never from
the machine's clock.
"""

from __future__ import annotations

import uuid
from datetime import date
from typing import Any

import pandas as pd
from sqlalchemy import (
    Column,
    Connection,
    Date,
    Engine,
    ForeignKey,
    String,
    Table,
    Text,
    UniqueConstraint,
    insert,
    select,
    update,
)

from salesops_nb.errors import SalesopsError, problem
from salesops_nb.store.metadata import metadata

leavers = Table(
    "leavers",
    metadata,
    Column("person_id", String(200), primary_key=True),
    Column("left_on", Date, primary_key=True),
    Column("role", String(200), nullable=False),
    Column("territory", String(200)),
    Column("reason", Text),
    Column("recorded_by", String(200), nullable=False),
    Column("recorded_on", Date, nullable=False),
)

vacancies = Table(
    "vacancies",
    metadata,
    Column("vacancy_id", String(64), primary_key=True),
    Column("role", String(200), nullable=False),
    Column("territory", String(200)),
    Column("replaces", String(200)),
    Column("reason", Text),
    Column("proposed_on", Date, nullable=False),
    Column("proposed_by", String(200), nullable=False),
    Column("opened_on", Date),
    Column("opened_by", String(200)),
    Column("filled_on", Date),
    Column("filled_with", String(200)),
    Column("filled_by", String(200)),
    Column("closed_on", Date),
    Column("closed_by", String(200)),
    Column("closed_because", Text),
)

# one proposal for each leaving, however often it is recorded and whoever records it at once
proposals = Table(
    "vacancy_proposals",
    metadata,
    Column("person_id", String(200), primary_key=True),
    Column("left_on", Date, primary_key=True),
    Column("vacancy_id", String(64), ForeignKey("vacancies.vacancy_id"), nullable=False),
    UniqueConstraint("vacancy_id"),
)


def record_leaver(
    engine: Engine,
    person_id: str,
    left_on: date,
    role: str,
    by: str,
    on: date,
    territory: str | None = None,
    reason: str | None = None,
) -> str:
    """Records that a person leaves and proposes a vacancy for the seat; returns its id.

    `left_on` is the first day without the person. Recording the same leaving again changes nothing
    and returns the vacancy that was proposed the first time.
    """
    _say_who(person_id=person_id, role=role, by=by)
    with engine.begin() as connection:
        row = connection.execute(
            select(proposals.c.vacancy_id).where(
                proposals.c.person_id == person_id, proposals.c.left_on == left_on
            )
        ).first()
        if row is not None:
            return str(row.vacancy_id)
        connection.execute(
            insert(leavers).values(
                person_id=person_id,
                left_on=left_on,
                role=role,
                territory=territory,
                reason=reason,
                recorded_by=by,
                recorded_on=on,
            )
        )
        text = f"{person_id} leaves on {left_on.isoformat()}"
        vacancy = _propose(connection, role, by, on, territory, text, person_id)
        connection.execute(insert(proposals).values(person_id=person_id, left_on=left_on, vacancy_id=vacancy))
        return vacancy


def propose_vacancy(
    engine: Engine, role: str, by: str, on: date, territory: str | None = None, reason: str | None = None
) -> str:
    """Proposes a new seat, such as one that a hiring plan asks for; returns its id."""
    _say_who(role=role, by=by)
    with engine.begin() as connection:
        return _propose(connection, role, by, on, territory, reason, None)


def open_vacancy(engine: Engine, vacancy_id: str, by: str, on: date) -> None:
    """Opens a proposed vacancy; raises `SalesopsError` where it is not proposed."""
    _move(engine, vacancy_id, by, on, ("proposed",), {"opened_on": on, "opened_by": by})


def fill_vacancy(engine: Engine, vacancy_id: str, by: str, on: date, person_id: str) -> None:
    """Fills an open vacancy with a person whose first day of work is `on`."""
    _say_who(person_id=person_id)
    values = {"filled_on": on, "filled_by": by, "filled_with": person_id}
    _move(engine, vacancy_id, by, on, ("open",), values)


def close_vacancy(engine: Engine, vacancy_id: str, by: str, on: date, because: str) -> None:
    """Calls off a proposed or open vacancy, with the reason."""
    _say_who(because=because)
    values = {"closed_on": on, "closed_by": by, "closed_because": because}
    _move(engine, vacancy_id, by, on, ("proposed", "open"), values)


def list_vacancies(engine: Engine, state: str | None = None) -> pd.DataFrame:
    """All vacancies (or those of one state) with their state; the table `vacancies` of an analysis.

    Proposed ones have no opened_on and are not yet being filled.
    """
    with engine.connect() as connection:
        rows = [dict(row._mapping) for row in connection.execute(select(vacancies))]
    frame = pd.DataFrame(rows, columns=[column.name for column in vacancies.columns])
    frame.insert(1, "state", [_state(row) for row in rows])
    frame = frame.sort_values(["proposed_on", "vacancy_id"], ignore_index=True)
    return frame if state is None else frame[frame["state"] == state].reset_index(drop=True)


def _propose(
    connection: Connection,
    role: str,
    by: str,
    on: date,
    territory: str | None,
    reason: str | None,
    replaces: str | None,
) -> str:
    vacancy = uuid.uuid4().hex
    connection.execute(
        insert(vacancies).values(
            vacancy_id=vacancy,
            role=role,
            territory=territory,
            replaces=replaces,
            reason=reason,
            proposed_on=on,
            proposed_by=by,
        )
    )
    return vacancy


def _move(
    engine: Engine, vacancy_id: str, by: str, on: date, allowed: tuple[str, ...], values: dict[str, Any]
) -> None:
    """Changes a vacancy's state; the row is locked, so that two people cannot both fill it."""
    _say_who(by=by)
    with engine.begin() as connection:
        # a write first takes SQLite's lock, a row lock PostgreSQL's: what is read next stays true
        connection.execute(
            update(vacancies).where(vacancies.c.vacancy_id == vacancy_id).values(vacancy_id=vacancy_id)
        )
        found = connection.execute(select(vacancies).where(vacancies.c.vacancy_id == vacancy_id)).first()
        if found is None:
            raise SalesopsError(problem("no-such-vacancy", table="vacancies", value=vacancy_id))
        row = dict(found._mapping)
        state = _state(row)
        if state not in allowed:
            raise SalesopsError(
                problem(
                    "vacancy-state",
                    table="vacancies",
                    value=state,
                    vacancy=vacancy_id,
                    allowed=" or ".join(allowed),
                )
            )
        before = row["opened_on"] or row["proposed_on"]
        if on < before:
            raise SalesopsError(
                problem(
                    "vacancy-date",
                    table="vacancies",
                    value=on,
                    before=before,
                    vacancy=vacancy_id,
                    state=state,
                )
            )
        connection.execute(update(vacancies).where(vacancies.c.vacancy_id == vacancy_id).values(**values))


def _state(row: dict[str, Any]) -> str:
    if row["closed_on"] is not None:
        return "closed"
    if row["filled_on"] is not None:
        return "filled"
    return "open" if row["opened_on"] is not None else "proposed"


def _say_who(**texts: str) -> None:
    for name, text in texts.items():
        if not str(text).strip():
            raise SalesopsError(problem("missing-value", table="vacancies", column=name))
