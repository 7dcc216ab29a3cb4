"""Opening the store: one SQLAlchemy engine, the same tables on SQLite and PostgreSQL."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Engine, create_engine, event, inspect
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from salesops_nb.core.masking import masked, reason
from salesops_nb.errors import SalesopsError, problem
from salesops_nb.store.metadata import metadata

# a driver that is not installed, and one that does not know what stands after ? in the address, among them
_UNREACHABLE = (SQLAlchemyError, OSError, ImportError, TypeError)


def open_store(url: str) -> Engine:
    """An engine on ``sqlite:///path`` or ``postgresql://…``, with every missing table made.

    A connection to a SQLite file is closed where its ``with`` ends: none is left open behind an engine,
    or carried into a forked process. Of PostgreSQL's and those in memory, `Engine.dispose` is the owner's.

    Raises `SalesopsError` where the address is malformed, of another kind, or does not answer.
    """
    _declare_tables()
    address = _address(url)
    file = address.get_backend_name() == "sqlite" and address.database not in (None, "", ":memory:")
    try:
        engine = create_engine(address, poolclass=NullPool if file else None)
        if address.get_backend_name() == "sqlite":
            event.listen(engine, "connect", _prepare_sqlite)
        if file:
            with engine.connect() as connection:  # the file remembers it: a reader never waits for a writer
                connection.exec_driver_sql("PRAGMA journal_mode=WAL")
        metadata.create_all(engine)
    except _UNREACHABLE as error:
        raise SalesopsError(
            problem("store-unreachable", value=masked(url), reason=reason(error, url))
        ) from None
    return engine


def try_store(url: str) -> None:
    """Raise `SalesopsError` where the store cannot be opened; nothing is made and nothing written.

    A SQLite file that is not there yet only needs its folder: the first run makes it.
    """
    _names(url)


def has_table(url: str, name: str) -> bool:
    """Whether the store is there and has that table; nothing is made and nothing written.

    Raises `SalesopsError` where the store cannot be opened.
    """
    return name in _names(url)


def _names(url: str) -> list[str]:
    """The store's tables, none of a SQLite file that is not there yet."""
    address = _address(url)
    shown = masked(url)
    if address.get_backend_name() == "sqlite" and address.database not in (None, "", ":memory:"):
        file = Path(str(address.database))
        if not file.exists():
            if not file.parent.is_dir():
                raise SalesopsError(
                    problem("store-unreachable.no-folder", value=shown, folder=file.parent.name)
                )
            return []
        address = address.set(database=file.resolve().as_uri(), query={"mode": "ro", "uri": "true"})
    try:
        engine = create_engine(address)
        try:
            return inspect(engine).get_table_names()
        finally:
            engine.dispose()
    except _UNREACHABLE as error:
        raise SalesopsError(problem("store-unreachable", value=shown, reason=reason(error, url))) from None


def _declare_tables() -> None:
    """Import what declares tables, so that they do not hang on who happened to be imported before."""
    from salesops_nb.store.alerts import alerts  # noqa: F401
    from salesops_nb.store.assignments.tables import assignments  # noqa: F401
    from salesops_nb.store.deliveries import deliveries  # noqa: F401
    from salesops_nb.store.forecast_calls import calls  # noqa: F401
    from salesops_nb.store.hiring_plans import approvals  # noqa: F401
    from salesops_nb.store.ledger.chain import entries  # noqa: F401
    from salesops_nb.store.process_claims import claims  # noqa: F401
    from salesops_nb.store.runs import runs  # noqa: F401
    from salesops_nb.store.sales_models import models  # noqa: F401
    from salesops_nb.store.scenarios import SCENARIOS  # noqa: F401
    from salesops_nb.store.snapshots import snapshots  # noqa: F401
    from salesops_nb.store.strategy_proposals import proposals  # noqa: F401
    from salesops_nb.store.targets import rows_table  # noqa: F401
    from salesops_nb.store.vacancies import vacancies  # noqa: F401


def _address(url: str) -> URL:
    try:
        address = make_url(url)
    except (ArgumentError, ValueError):
        address = None
    if address is None or address.get_backend_name() not in ("sqlite", "postgresql"):
        raise SalesopsError(problem("bad-store", value=masked(url))) from None
    if address.get_backend_name() == "postgresql" and address.drivername == "postgresql":
        address = address.set(drivername="postgresql+pg8000")
    return address


def _prepare_sqlite(connection: object, _record: object) -> None:
    """Foreign keys on; a second writer waits up to 30 s."""
    cursor = connection.cursor()  # type: ignore[attr-defined]
    for pragma in ("busy_timeout=30000", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
