"""The real export that the simulation completes, as arrays in a fixed order."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zlib import crc32

import duckdb
import numpy as np
import numpy.typing as npt

from salesops_nb.errors import SalesopsError, problem

Array = npt.NDArray[Any]
SEED = 20170301
DAY, MONTH, NOT_A_DAY = np.timedelta64(1, "D"), np.timedelta64(1, "M"), np.datetime64("NaT", "D")
FILES = ("sales_pipeline.csv", "accounts.csv", "products.csv", "sales_teams.csv")


@dataclass(frozen=True)
class Crm:
    """Columns of the four files; deals ordered by id, the others by name. `through` is the last date."""

    deals: dict[str, Array]
    accounts: dict[str, Array]
    agents: dict[str, Array]
    prices: dict[str, int]
    through: np.datetime64


def stream(seed: int, *names: object) -> np.random.Generator:
    """A random stream of its own for each subject, so that one table's change leaves the others alone."""
    return np.random.default_rng([seed, *(crc32(str(name).encode()) for name in names)])


def read_crm(folder: Path) -> Crm:
    """Read the export; raises `SalesopsError` where one of its files is missing."""
    missing = [name for name in FILES if not (folder / name).is_file()]
    if missing:
        raise SalesopsError(
            problem("missing-crm-file", file=missing[0], folder=folder, missing=", ".join(missing))
        )
    deals = _columns(
        folder / "sales_pipeline.csv",
        "opportunity_id AS id, sales_agent AS agent, replace(product, 'GTXPro', 'GTX Pro') AS product, "
        "coalesce(account, '') AS account, deal_stage AS stage, engage_date::DATE AS engaged, "
        "close_date::DATE AS closed, coalesce(close_value, 0)::BIGINT AS value",
        "opportunity_id",
    )
    products = _columns(folder / "products.csv", "product, sales_price::BIGINT AS price", "product")
    return Crm(
        deals,
        _columns(
            folder / "accounts.csv",
            "account, office_location AS office, sector, coalesce(subsidiary_of, '') AS parent",
            "account",
        ),
        _columns(folder / "sales_teams.csv", "sales_agent AS agent, manager, regional_office AS region", "1"),
        dict(zip(products["product"], (int(p) for p in products["price"]), strict=True)),
        np.nanmax(deals["closed"]),
    )


def _columns(path: Path, select: str, order: str) -> dict[str, Array]:
    text = str(path).replace("'", "''")
    query = f"SELECT {select} FROM read_csv('{text}', header = true) ORDER BY {order}"
    with duckdb.connect() as connection:
        found = connection.sql(query).fetchnumpy()
    return {name: _plain(values) for name, values in found.items()}


def _plain(values: Any) -> Array:
    """Dates as days with NaT for gaps; everything else as it is."""
    if np.issubdtype(values.dtype, np.datetime64):
        plain = np.ma.getdata(values).astype("datetime64[D]")
        return np.where(np.ma.getmaskarray(values), NOT_A_DAY, plain)
    return np.ma.getdata(values)
