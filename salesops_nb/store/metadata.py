"""Where the store's tables are declared: each on this `metadata`, so that opening the store makes all."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, TypeVar

from sqlalchemy import DDL, Connection, Engine, MetaData, Table, event, insert, select
from sqlalchemy.exc import IntegrityError

from salesops_nb.errors import Problem, SalesopsError, problem

T = TypeVar("T")
metadata = MetaData()
_PLACES, _TRIES = 4, 5


def in_turn(engine: Engine, write: Callable[[Connection], T], busy: Problem) -> T:
    """What a transaction gives that takes the next free number: another may take it at the same moment.

    It is tried again then, from what the other has written; raises `SalesopsError` with `busy` in the end.
    """
    for _ in range(_TRIES):
        try:
            with engine.begin() as connection:
                return write(connection)
        except IntegrityError:
            continue
    raise SalesopsError(busy)


def append_once(
    connection: Connection,
    table: Table,
    number: str,
    row: Mapping[str, Any],
    same: Sequence[str],
    of: str = "",
) -> tuple[int, bool]:
    """Write a row under the next number, counted for its value of the column `of` where one is named.

    The number, and whether the row is new: one that is like the last in the columns `same` is the last.
    """
    last_first = select(table).order_by(table.c[number].desc()).limit(1)
    mine = last_first.where(table.c[of] == row[of]) if of else last_first
    last = connection.execute(mine).one_or_none()
    if last is not None and all(getattr(last, name) == row[name] for name in same):
        return int(getattr(last, number)), False
    found = 1 if last is None else int(getattr(last, number)) + 1
    connection.execute(insert(table), {**row, number: found})
    return found, True


def to_e4(amount: Decimal) -> int:
    """An amount as the whole number of ten-thousandths that a column ``…_e4`` keeps; refuses finer ones."""
    found = amount.scaleb(_PLACES)
    if found != found.to_integral_value():
        raise SalesopsError(problem("bad-number.plain", given=amount))
    return int(found)


def from_e4(ten_thousandths: int) -> Decimal:
    """The amount that a column ``…_e4`` keeps, with its four places."""
    return Decimal(ten_thousandths).scaleb(-_PLACES)


def append_only(table: Table, instead: str) -> None:
    """Let the database itself refuse to change or delete a row; `instead` is what to do in place of it."""
    words = f"{table.name} is append-only: {instead}"
    for action in ("UPDATE", "DELETE"):
        name = f"{table.name}_no_{action.lower()}"
        lite = _ddl(
            f"CREATE TRIGGER {name} BEFORE {action} ON {table.name} BEGIN SELECT RAISE(ABORT, '{words}'); END"
        )
        event.listen(table, "after_create", lite.execute_if(dialect="sqlite"))
        for statement in (
            f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN RAISE EXCEPTION '{words}'; END $$",
            f"CREATE TRIGGER {name} BEFORE {action} ON {table.name} EXECUTE FUNCTION {name}()",
        ):
            event.listen(table, "after_create", _ddl(statement).execute_if(dialect="postgresql"))


def _ddl(statement: str) -> DDL:
    made: DDL = DDL(statement)  # type: ignore[no-untyped-call]
    return made
