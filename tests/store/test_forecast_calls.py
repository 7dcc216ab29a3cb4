"""Calls in the store, on SQLite and PostgreSQL: appended, exact, and changed by nobody."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from salesops_nb.store.forecast_calls import Call, add_calls, calls_made

CALL = Call("p1", "2026-Q1", date(2026, 1, 12), Decimal("99999999999999.9999"), Decimal("0.0001"), "why")
WHO = {"entered_by": "ana", "entered_at": datetime(2026, 1, 12, 9, tzinfo=UTC)}


def test_calls_come_back_exactly_in_order_and_the_same_is_not_written_twice(store):
    other = replace(CALL, commit=Decimal(5))
    assert add_calls(store, [CALL, other, other], **WHO) == 2
    assert add_calls(store, [other], **WHO) == 0
    assert add_calls(store, [CALL], **WHO) == 1  # back to what it was: a call of its own
    assert calls_made(store) == [CALL, other, CALL]


@pytest.mark.parametrize("statement", ["UPDATE calls SET reason = 'x'", "DELETE FROM calls"])
def test_the_database_itself_refuses_to_change_a_call(store, statement):
    add_calls(store, [CALL], **WHO)
    with pytest.raises(DBAPIError, match="append-only"), store.begin() as connection:
        connection.execute(text(statement))
    with store.connect() as connection:
        row = connection.execute(text("SELECT entered_by, entered_at FROM calls")).one()
    assert tuple(row) == ("ana", "2026-01-12T09:00:00+00:00")
