"""A snapshot: the open deals of a day as the data have them, and those that closed in the weeks before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import narwhals as nw
from sqlalchemy import Engine

from salesops_nb import facts
from salesops_nb.core.frames import Tables, collected, with_columns_or_null
from salesops_nb.core.names import bare_names
from salesops_nb.deal_history import untracked
from salesops_nb.errors import Problem
from salesops_nb.store.snapshots import DealThen, Done, Origin, keep

CLOSED_DAYS = 35  # of closed deals what the last five weeks closed is kept, so that no week's is lost
_MORE = {"name": nw.String(), "currency": nw.String(), "forecast_category": nw.String()}


@dataclass(frozen=True, slots=True)
class Kept:
    """What `keep_day` did: `done` is ``new``, ``same``, ``replaced`` or ``stays``.

    `deals` were open and worth `amount` together; `problems` say what of the day is not known.

    Examples
    --------
    Of an earlier day without a log only the outcome is known, and that is said:

    >>> from datetime import date
    >>> from salesops_nb import open_workbook, pipeline
    >>> from salesops_nb.store.database import open_store
    >>> deals, store = {"deals": open_workbook(".").table("deals")}, open_store("sqlite://")
    >>> kept = pipeline.keep_day(store, deals, date(2017, 12, 24), currency="USD")
    >>> kept.origin, [found.code for found in kept.problems]
    ('log', ['not-of-the-day'])
    >>> store.dispose()
    """

    as_of: date
    done: Done
    origin: Origin
    deals: int
    amount: Decimal
    problems: list[Problem]


def keep_day(engine: Engine, tables: Mapping[str, Any], as_of: date | None = None, *, currency: str) -> Kept:
    """Keep the open deals of a day in the store.

    Parameters
    ----------
    engine : the store, as `open_store` opens it.
    tables : mapping with ``deals``, and ``people, products, accounts, deal_changes, stage_history``.
    as_of : the day; by default the last on which a deal was created or closed. An earlier day is given back
        by the log of changes, and never replaces what was kept from that day's own data.
    currency : of the amounts, such as ``EUR``.

    Returns
    -------
    Kept
        the same data twice are one snapshot; other data of the same day replace it.

    Raises
    ------
    SalesopsError
        where no deal has a date, or the store does not answer.

    Examples
    --------
    >>> from salesops_nb import open_workbook, pipeline
    >>> from salesops_nb.store.database import open_store
    >>> wb, store = open_workbook("."), open_store("sqlite://")
    >>> for _ in range(2):
    ...     kept = pipeline.keep_day(store, wb.tables, currency="USD")
    ...     print(kept.as_of, kept.done, kept.deals, kept.amount)
    2017-12-31 new 2089 4966215.0000
    2017-12-31 same 2089 4966215.0000
    >>> store.dispose()
    """
    tables = Tables.of(tables)
    last = facts.last_day(tables)
    day = as_of or last
    origin: Origin = "data" if day >= last else "log"
    problems = facts.not_of_the_day(tables, day)
    deals = deals_of(tables, day, currency, category=origin == "data")
    missing = [] if origin == "data" else _missing(tables)
    done = keep(engine, day, deals, currency=currency, origin=origin, not_known=missing)
    still = [deal for deal in deals if deal.outcome == "open"]
    amount = sum((deal.amount for deal in still), Decimal(0))
    return Kept(day, done, origin, len(still), amount, problems)


def said(kept: Kept, currency: str) -> str:
    """What was done, in a line for the terminal."""
    day, what = (
        kept.as_of,
        f"{kept.deals:,} open deal{'s' * (kept.deals != 1)}, {kept.amount:,.2f} {currency}",
    )
    return {
        "new": f"Kept {day}: {what}.",
        "same": f"{day} is kept already, with the same deals: {what}.",
        "replaced": f"Kept {day} again: {what}. The data have changed and replace what was kept of that day.",
        "stays": f"{day} was kept when it was there, and stays: a log of changes does not replace it.",
    }[kept.done]


def deals_of(tables: Tables, as_of: date, currency: str, category: bool = True) -> list[DealThen]:
    """The deals open on the day, and those that closed in the five weeks up to it."""
    since = as_of - timedelta(days=CLOSED_DAYS)
    closed = facts.closed_deals(tables, as_of).filter(nw.col("closed_on") > since)
    return [
        *then(tables, facts.open_deals(tables, as_of), currency, category),
        *then(tables, closed, currency, category),
    ]


def then(tables: Tables, found: nw.LazyFrame[Any], currency: str, category: bool = True) -> list[DealThen]:
    """Facts of deals as a snapshot has them, with the name of each."""
    columns = [
        "deal_id", "outcome", "stage", "owner_id", "team", "value", "estimated", "priced", "created_on",
        "closed_on", "expected_close_on", "deal_type", "account_id", "product_id",
    ]  # fmt: skip
    more = with_columns_or_null(tables["deals"], _MORE).select("deal_id", *_MORE)
    rows: Any = collected(found.select(*columns).join(more, on="deal_id", how="left").sort("deal_id"))
    rows = rows.astype(object).where(rows.notna(), None)
    accounts, products = bare_names(tables, "accounts"), bare_names(tables, "products")
    return [
        DealThen(
            deal_id=str(row.deal_id),
            name=_called(row, accounts, products),
            outcome=row.outcome,
            stage=str(row.stage or facts.UNKNOWN),
            owner_id=row.owner_id,
            team=row.team,
            amount=row.value,
            estimated=bool(row.estimated),
            priced=bool(row.priced),
            currency=str(row.currency or currency),
            created_on=row.created_on,
            closed_on=row.closed_on,
            expected_close_on=row.expected_close_on,
            forecast_category=row.forecast_category if category else None,
            deal_type=row.deal_type,
        )
        for row in rows.itertuples()
    ]


def _called(row: Any, accounts: Mapping[str, str], products: Mapping[str, str]) -> str:
    """What the deal is called: its name, else its account and product, else its id."""
    parts = [accounts.get(str(row.account_id), row.account_id), products.get(str(row.product_id))]
    return str(row.name or ", ".join(str(part) for part in parts if part) or row.deal_id)


def _missing(tables: Tables) -> list[str]:
    """The columns of an earlier day that are today's, or unknown as its forecast categories are."""
    columns = tables["deals"].collect_schema().names()
    return [*untracked(tables), *(["forecast_category"] if "forecast_category" in columns else [])]
