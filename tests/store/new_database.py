"""A database of its own on the tests' PostgreSQL server."""

from __future__ import annotations

import uuid

from sqlalchemy import create_engine, text


def new_database(server: str) -> str:
    """The address of an empty database on the server."""
    name = f"t{uuid.uuid4().hex}"
    engine = create_engine(f"{server}/postgres", isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return f"{server}/{name}"
