"""An opened workbook: its settings, its tables on one DuckDB connection, and what is wrong in them."""

from __future__ import annotations

from collections.abc import Mapping as MappingABC
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from salesops_nb.core.frames import Tables
from salesops_nb.core.memo import Memo
from salesops_nb.core.periods import FiscalCalendar, Period
from salesops_nb.core.periods.forms import resolve_period
from salesops_nb.errors import Problem, SalesopsError, problem
from salesops_nb.source.checks import rejects
from salesops_nb.source.checks.control_totals import ControlResult, control_results
from salesops_nb.source.checks.rejects import SetAside
from salesops_nb.source.engine import guarded
from salesops_nb.source.files.reading import expanded, read_frame
from salesops_nb.source.loading import Loaded, files_of, load
from salesops_nb.source.reopened import reopened
from salesops_nb.source.schema.mapping import load_mapping
from salesops_nb.source.schema.raw import quoted
from salesops_nb.workbook import Settings, find_workbook, load_settings

if TYPE_CHECKING:
    import narwhals as nw
    from sqlalchemy import Engine

# above this the connection keeps its tables on disk, so that memory stays bounded
ON_DISK = 150_000_000


@dataclass
class Workbook:
    """A workbook with its data read and checked; `tables` are narwhals frames on `connection`.

    `problems` lists what is wrong in the data, `set_aside` what figures leave out and what it adds
    up to, `simulated` the tables and ``table.column`` names that are made up, `fingerprint` the
    content and mapping, `data_through` the last day on which a deal was created or closed, and
    `stages` the outcome of each stage in the order of the mapping.

    Examples
    --------
    >>> from salesops_nb import open_workbook
    >>> wb = open_workbook(".")
    >>> wb.data_through, wb.calendar.period("2017-Q4").last
    (datetime.date(2017, 12, 31), datetime.date(2017, 12, 31))
    >>> wb.stages
    {'Prospecting': 'open', 'Engaging': 'open', 'Won': 'won', 'Lost': 'lost'}
    >>> wb.table("dealz")
    Traceback (most recent call last):
        ...
    salesops_nb.errors.SalesopsError: The workbook has no table 'dealz'. It has: units, people, ...
    """

    folder: Path
    settings: Settings
    connection: duckdb.DuckDBPyConnection
    tables: Tables
    problems: list[Problem]
    fingerprint: str
    data_through: date | None
    simulated: frozenset[str]
    stages: dict[str, str] = field(default_factory=dict)
    set_aside: list[SetAside] = field(default_factory=list)
    frames: dict[str, object] = field(default_factory=dict, repr=False)
    fatal: list[Problem] = field(default_factory=list)

    @property
    def calendar(self) -> FiscalCalendar:
        """The fiscal calendar of the workbook."""
        return self.settings.calendar

    def period(self, text: str, as_of: date | None = None) -> Period:
        """The period that a key, span or word names; words count from `as_of`, else the data's last day."""
        return resolve_period(text, self.calendar, as_of or self.data_through)

    @property
    def memo(self) -> Memo:
        """What was worked out of the workbook's data, as long as it is open."""
        return self.tables.memo

    def close(self) -> None:
        """Forget what was worked out, and end the connection and the store's; the tables end with it."""
        self.memo.clear()
        self.connection.close()
        if "store" in self.__dict__:
            self.store.dispose()

    @cached_property
    def store(self) -> Engine:
        """The store's engine, opened when first asked for."""
        from salesops_nb.store.database import open_store

        return open_store(store_url(self.folder, self.settings))

    @cached_property
    def controls(self) -> list[ControlResult]:
        """Each control total beside what the data give, with the difference and the verdict."""
        return control_results(self.connection, self.settings, "deals" in self.tables)

    @property
    def rejects(self) -> duckdb.DuckDBPyRelation:
        """Every bad row with its table, file, row, column, value, reason and amount."""
        return self.connection.table("rejects").select(f"* EXCLUDE ({rejects.INNER})")

    def write_rejects(self, path: str | Path) -> Path:
        """Write every bad row to a CSV file and give its path."""
        return rejects.write_rejects(self.connection, Path(path))

    def table(self, name: str) -> nw.LazyFrame[Any]:
        """The table of that name; raises `SalesopsError` with the names there are."""
        if name in self.tables:
            return self.tables[name]
        names = ", ".join(self.tables)
        raise SalesopsError(problem("unknown-table.workbook", value=name, names=names))

    def with_table(self, name: str, frame: object) -> Workbook:
        """A workbook in which a frame stands for a table's source; mapped, typed and checked alike."""
        return open_workbook(self.folder, frames={**self.frames, name: frame})

    def register(self, name: str, frame: object) -> nw.LazyFrame[Any]:
        """A frame of the analyst's own, on the workbook's connection, ready to be joined with its tables."""
        import narwhals as nw

        raw = read_frame(self.connection, frame, f"own_{name}")
        self.connection.execute(
            f"CREATE OR REPLACE VIEW {quoted(f'own_{name}')} AS SELECT * EXCLUDE (_row) FROM {raw.name}"
        )
        return nw.from_native(self.connection.table(quoted(f"own_{name}")))


def store_url(folder: Path, settings: Settings) -> str:
    """The store's address, a relative SQLite path read from the workbook's folder."""
    prefix = "sqlite:///"
    url = expanded(settings.store)
    if url.startswith(prefix) and not url.startswith("sqlite:////") and url != "sqlite:///:memory:":
        return prefix + str(folder / url.removeprefix(prefix))
    return url


def open_workbook(
    path: str | Path = ".", *, frames: MappingABC[str, object] | None = None, strict: bool = True
) -> Workbook:
    """The workbook at `path` or above it, with its tables read and checked.

    Parameters
    ----------
    path : a folder, or its ``workbook.yml``.
    frames : tables to take from a frame (pandas, polars, pyarrow) in place of their source.
    strict : raise where a table cannot be read; else leave that table out and list the reason in `fatal` and
        `problems`.

    Returns
    -------
    Workbook
        its `tables` are lazy frames by name, its `problems` what is wrong in them, its `store` where
        results are written.

    Raises
    ------
    SalesopsError
        with every reason why a table cannot be read. A bad row does not raise: it is set aside and listed.

    Examples
    --------
    >>> from salesops_nb import open_workbook
    >>> wb = open_workbook(".")
    >>> wb.table("deals").select("deal_id", "amount").head(2).collect("pandas").to_native()
        deal_id  amount
    0  1C1I7A6R  1054.0
    1  Z063OYW0  4514.0
    >>> [found for found in wb.problems if found.severity == "error"]
    []
    """
    folder = find_workbook(path)
    prepared = None if frames else reopened(folder)
    if prepared is not None:
        return Workbook(**prepared)
    settings = load_settings(folder)
    mapping = load_mapping(folder, settings)
    connection = _connect(folder, settings)
    guarded(connection, folder, files_of(folder, settings, mapping))
    loaded = load(connection, folder, settings, mapping, frames or {})
    if strict and loaded.fatal:
        raise SalesopsError(loaded.fatal)
    stages: dict[str, str] = {**mapping.tables["deals"].stages} if "deals" in mapping.tables else {}
    return _workbook(folder, settings, loaded, stages, dict(frames or {}))


def _workbook(
    folder: Path, settings: Settings, loaded: Loaded, stages: dict[str, str], frames: dict[str, object]
) -> Workbook:
    import narwhals as nw

    connection = loaded.connection
    tables = {name: nw.from_native(connection.table(quoted(name))) for name in loaded.tables}
    return Workbook(
        folder=folder,
        settings=settings,
        connection=connection,
        tables=Tables(tables, connection),
        problems=[*loaded.fatal, *loaded.problems, *rejects.problems_of(connection)],
        fingerprint=loaded.digest.hexdigest(),
        data_through=_data_through(connection, settings) if "deals" in tables else None,
        simulated=frozenset(loaded.simulated),
        stages=stages,
        set_aside=rejects.set_aside(connection),
        frames=frames,
        fatal=loaded.fatal,
    )


def _connect(folder: Path, settings: Settings) -> duckdb.DuckDBPyConnection:
    """A connection of its own: in memory, or in a file of the cache where the source is large."""
    import tempfile
    import weakref

    source = folder / settings.source if "://" not in settings.source else folder / ".cache"
    files = [source] if source.is_file() else source.rglob("*") if source.is_dir() else []
    if sum(file.stat().st_size for file in files if file.is_file()) < ON_DISK:
        return duckdb.connect()
    cache = folder / ".cache"
    cache.mkdir(exist_ok=True)
    place = tempfile.TemporaryDirectory(dir=cache, prefix="work-")
    connection = duckdb.connect(str(Path(place.name) / "work.duckdb"))
    connection.execute("SET preserve_insertion_order = true")
    weakref.finalize(connection, place.cleanup)
    return connection


def _data_through(connection: duckdb.DuckDBPyConnection, settings: Settings) -> date | None:
    if settings.data_through is not None:
        return settings.data_through
    row = connection.execute("SELECT greatest(max(created_on), max(closed_on)) FROM deals").fetchall()[0]
    return row[0] if row else None
