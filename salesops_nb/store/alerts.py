"""The life of an alert: opened, acknowledged, assigned, acted upon, resolved, judged.

What happened is append-only. A condition has at most one open alert: the database itself
refuses a second, so that of two schedulers at once one opens it. What became of an alert is the sum of its
events; actions, silences and messages stand in tables of their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

import pandas as pd
from sqlalchemy import (
    Column,
    Connection,
    Date,
    Engine,
    Float,
    Integer,
    String,
    Table,
    Text,
    delete,
    func,
    insert,
    select,
    update,
)  # fmt: skip
from sqlalchemy.exc import IntegrityError

from salesops_nb.errors import SalesopsError, problem
from salesops_nb.store.metadata import append_only, metadata

alerts = Table(
    "alert_list",
    metadata,
    Column("alert_id", Integer, primary_key=True, autoincrement=True),
    Column("condition", String(400), nullable=False),
    Column("open_condition", String(400), unique=True),  # the condition while it is open, else empty
    Column("rule", String(200), nullable=False),
    Column("metric", String(120), nullable=False),
    Column("level", String(16), nullable=False),
    Column("who", String(200), nullable=False),
    Column("severity", String(16), nullable=False),
    Column("period", String(64), nullable=False),
    Column("since", Date),
    Column("value", Float),
    Column("expected", Float),
    Column("low", Float),
    Column("high", Float),
    Column("cause", Text, nullable=False),  # such as product: GTX Pro; empty where none stands out
    Column("text", Text, nullable=False),  # why it cannot be computed; empty of all others
    Column("opened_on", Date, nullable=False),
    Column("closed_on", Date),
    Column("closed_as", String(32), nullable=False),  # resolved, well again, computed again; empty while open
)
events = Table(
    "alert_events",
    metadata,
    Column("event_id", Integer, primary_key=True, autoincrement=True),
    Column("alert_id", Integer, nullable=False),
    Column("kind", String(32), nullable=False),
    Column("on", Date, nullable=False),
    Column("by", Text, nullable=False),
    Column("who", Text, nullable=False),  # to whom it was assigned
    Column("text", Text, nullable=False),
)
append_only(events, "write another event")
actions = Table(
    "alert_actions",
    metadata,
    Column("action_id", Integer, primary_key=True, autoincrement=True),
    Column("alert_id", Integer, nullable=False),
    Column("play", Text, nullable=False),
    Column("owner", Text, nullable=False),
    Column("started_on", Date, nullable=False),
    Column("due_on", Date, nullable=False),
    Column("review_on", Date, nullable=False),
    Column("expected_effect", Float, nullable=False),
    Column("done_on", Date),
    Column("judged_on", Date),
    Column("effect", Float),
    Column("effect_low", Float),
    Column("effect_high", Float),
    Column("verdict", String(32), nullable=False),
)
silences = Table(
    "alert_silences",
    metadata,
    Column("silence_id", Integer, primary_key=True, autoincrement=True),
    Column("condition", String(400), nullable=False),
    Column("first", Date, nullable=False),
    Column("until", Date, nullable=False),
    Column("by", Text, nullable=False),
    Column("reason", Text, nullable=False),
)
append_only(silences, "a silence ends by itself; silence again for another time")
messages = Table(
    "alert_messages",
    metadata,
    Column("channel", String(120), primary_key=True),
    Column("what", String(120), primary_key=True),  # opened 7, digest 2017-W52
    Column("status", String(16), nullable=False),  # sending, sent, unclear
    Column("at", String(32), nullable=False),
)
looks = Table(
    "alert_looks", metadata, Column("as_of", Date, primary_key=True), Column("at", String(32), nullable=False)
)
TABLES = (alerts, events, actions, silences, messages, looks)
CANNOT = "cannot be computed"
BATCH = "salesops"  # who opens and closes by itself


@dataclass(frozen=True, slots=True)
class Opened:
    """A condition as it opens an alert; the columns of `alerts` of these names."""

    condition: str
    rule: str
    metric: str
    level: str
    who: str
    severity: str
    period: str = ""
    since: date | None = None
    value: float | None = None
    expected: float | None = None
    low: float | None = None
    high: float | None = None
    cause: str = ""
    text: str = ""


def open_alert(engine: Engine, found: Opened, on: date) -> int | None:
    """Open an alert; None where the condition has an open one, by this process or another."""
    row = {name: getattr(found, name) for name in Opened.__slots__}
    row = {
        name: None if isinstance(value, float) and value != value else value for name, value in row.items()
    }
    try:
        with engine.begin() as connection:
            number = connection.execute(
                insert(alerts).values(**row, open_condition=found.condition, opened_on=on, closed_as="")
            ).inserted_primary_key[0]  # type: ignore[index]
            _event(connection, number, "opened", on, BATCH, text=found.text)
    except IntegrityError:
        return None
    return int(number)


def close_alert(engine: Engine, condition: str, on: date, word: str) -> int | None:
    """Close the open alert of a condition that has recovered, with a word; None where there is none."""
    with engine.begin() as connection:
        row = connection.execute(
            select(alerts.c.alert_id).where(alerts.c.open_condition == condition)
        ).first()
        if row is None:
            return None
        _close(connection, row.alert_id, on, word)
        _event(connection, row.alert_id, "recovered", on, BATCH, text=word)
    return int(row.alert_id)


def acknowledge(engine: Engine, alert_id: int, *, by: str, on: date) -> None:
    """Say that somebody has seen it; seen again changes nothing."""
    with engine.begin() as connection:
        _open_one(connection, alert_id)
        if not _kinds(connection, alert_id) & {"acknowledged", "assigned"}:
            _event(connection, alert_id, "acknowledged", on, _name(by, "by"))


def assign(engine: Engine, alert_id: int, to: str, *, by: str, on: date, text: str = "") -> None:
    """Make somebody responsible.

    Raises `SalesopsError` where it goes back to somebody who has passed it on: nobody would act.
    """
    with engine.begin() as connection:
        _open_one(connection, alert_id)
        chain = list(
            connection.execute(
                select(events.c.who)
                .where(events.c.alert_id == alert_id, events.c.kind == "assigned")
                .order_by(events.c.event_id)
            ).scalars()
        )
        to = _name(to, "to")
        if chain and chain[-1] == to:
            return
        if to in chain:
            raise SalesopsError(
                problem("alert-assigned-in-a-circle", value=alert_id, to=to, chain=" → ".join([*chain, to]))
            )
        _event(connection, alert_id, "assigned", on, _name(by, "by"), who=to, text=text)


def act(
    engine: Engine, alert_id: int, play: str, *, owner: str, started_on: date, due_on: date, review_on: date,
    expected_effect: float, by: str,
) -> int:  # fmt: skip
    """Write down what is done about an alert, by whom, until when, and what it is to bring."""
    if not started_on <= due_on <= review_on:
        raise SalesopsError(problem("alert-action-dates", value=alert_id, started=started_on, due=due_on,
                                    review=review_on))  # fmt: skip
    with engine.begin() as connection:
        _open_one(connection, alert_id)
        number = connection.execute(
            insert(actions).values(
                alert_id=alert_id, play=_name(play, "play"), owner=_name(owner, "owner"),
                started_on=started_on, due_on=due_on, review_on=review_on,
                expected_effect=expected_effect, verdict="",
            )
        ).inserted_primary_key[0]  # type: ignore[index]  # fmt: skip
        _event(connection, alert_id, "action", started_on, _name(by, "by"), who=owner, text=play)
    return int(number)


def resolve(engine: Engine, alert_id: int, *, by: str, on: date, text: str) -> None:
    """Close an alert with what was found or done; its actions are done, and judged on their review date."""
    with engine.begin() as connection:
        _open_one(connection, alert_id)
        undone = (actions.c.alert_id == alert_id) & actions.c.done_on.is_(None)
        connection.execute(update(actions).where(undone).values(done_on=on))
        _close(connection, alert_id, on, "resolved")
        _event(connection, alert_id, "resolved", on, _name(by, "by"), text=_name(text, "text"))


def silence(engine: Engine, condition: str, *, first: date, until: date, by: str, reason: str) -> None:
    """Send and open nothing of a condition from a day up to another, which is its end."""
    if until <= first:
        raise SalesopsError(problem("silence-without-end", value=until, first=first))
    with engine.begin() as connection:
        connection.execute(
            insert(silences).values(
                condition=condition,
                first=first,
                until=until,
                by=_name(by, "by"),
                reason=_name(reason, "reason"),
            )
        )


def silenced(engine: Engine, on: date) -> set[str]:
    """The conditions that are silent on a day."""
    query = select(silences.c.condition).where(silences.c.first <= on, on < silences.c.until)
    with engine.connect() as connection:
        return set(connection.execute(query).scalars())


def judge(engine: Engine, action_id: int, *, on: date, verdict: str, effect: float | None = None,
          low: float | None = None, high: float | None = None) -> None:  # fmt: skip
    """Write what an action brought: once; of two processes that judge it the first counts."""
    with engine.begin() as connection:
        here = (actions.c.action_id == action_id) & actions.c.judged_on.is_(None)
        values = {
            "judged_on": on,
            "verdict": verdict,
            "effect": effect,
            "effect_low": low,
            "effect_high": high,
        }
        if connection.execute(update(actions).where(here).values(values)).rowcount:
            alert = connection.execute(
                select(actions.c.alert_id).where(actions.c.action_id == action_id)
            ).scalar_one()
            _event(connection, alert, "judged", on, BATCH, text=verdict)


def claim_message(engine: Engine, channel: str, what: str, at: datetime) -> bool:
    """Write down that something is about to be sent; false where it is already, by whichever process."""
    try:
        with engine.begin() as connection:
            connection.execute(
                insert(messages).values(
                    channel=channel, what=what, status="sending", at=at.isoformat("T", "seconds")
                )
            )
    except IntegrityError:
        return False
    return True


def settle_message(engine: Engine, channel: str, what: str, status: str | None) -> None:
    """Mark a claimed message as ``sent`` or ``unclear``; with None it was refused, and is tried again."""
    here = (messages.c.channel == channel) & (messages.c.what == what) & (messages.c.status != "sent")
    with engine.begin() as connection:
        if status is None:
            connection.execute(delete(messages).where(here))
        else:
            connection.execute(update(messages).where(here).values(status=status))


def table(engine: Engine, which: Table) -> pd.DataFrame:
    """All rows of a table of `TABLES`, in the order of their keys."""
    with engine.connect() as connection:
        rows = connection.execute(select(which).order_by(*which.primary_key.columns))
        return pd.DataFrame(rows.fetchall(), columns=list(rows.keys()))


def open_conditions(engine: Engine) -> Mapping[str, tuple[int, date | None]]:
    """The conditions with an open alert: its number and the first day of its change."""
    query = select(alerts.c.open_condition, alerts.c.alert_id, alerts.c.since)
    with engine.connect() as connection:
        rows = connection.execute(query.where(alerts.c.open_condition.is_not(None)))
        return {row.open_condition: (row.alert_id, row.since) for row in rows}


def last_look(engine: Engine) -> date | None:
    """The latest day that alerts were looked for."""
    with engine.connect() as connection:
        return connection.execute(select(func.max(looks.c.as_of))).scalar()


def looked(engine: Engine, as_of: date, at: datetime) -> None:
    """Remember that alerts were looked for on a day."""
    try:
        with engine.begin() as connection:
            connection.execute(insert(looks).values(as_of=as_of, at=at.isoformat("T", "seconds")))
    except IntegrityError:
        return


def _open_one(connection: Connection, alert_id: int) -> None:
    row = connection.execute(select(alerts).where(alerts.c.alert_id == alert_id)).first()
    if row is None:
        known = connection.execute(
            select(alerts.c.alert_id).where(alerts.c.open_condition.is_not(None)).order_by(alerts.c.alert_id)
        ).scalars()
        raise SalesopsError(
            problem("unknown-alert", value=alert_id, known=", ".join(map(str, known)) or "none")
        )
    if row.open_condition is None:
        raise SalesopsError(
            problem("alert-is-closed", value=alert_id, closed=row.closed_as, on=row.closed_on)
        )


def _kinds(connection: Connection, alert_id: int) -> set[str]:
    return set(connection.execute(select(events.c.kind).where(events.c.alert_id == alert_id)).scalars())


def _close(connection: Connection, alert_id: int, on: date, word: str) -> None:
    here = alerts.c.alert_id == alert_id
    connection.execute(update(alerts).where(here).values(open_condition=None, closed_on=on, closed_as=word))


def _event(
    connection: Connection, alert_id: int, kind: str, on: date, by: str, who: str = "", text: str = ""
) -> None:
    connection.execute(insert(events).values(alert_id=alert_id, kind=kind, on=on, by=by, who=who, text=text))


def _name(value: str, column: str) -> str:
    if not str(value or "").strip():
        raise SalesopsError(problem("missing-value", table="alerts", column=column))
    return str(value).strip()
