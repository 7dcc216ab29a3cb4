"""What reviews of one day share: the deals as they stood, computed once for many periods and scopes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from typing import Any

import narwhals as nw
import pandas as pd

from salesops_nb.core.frames import IN_MEMORY, Tables, height, settled
from salesops_nb.facts import Structure, last_day, listed, placed_facts, spans
from salesops_nb.performance import cube
from salesops_nb.performance.expectation import target_rows


@dataclass(frozen=True)
class Prepared:
    """The facts of all deals as known on `as_of`; `data_through` is the last day in the data.

    Examples
    --------
    >>> from salesops_nb import open_workbook, performance
    >>> prepared = performance.prepare(open_workbook(".").tables)
    >>> prepared.as_of, prepared.structure
    (datetime.date(2017, 12, 31), 'as they were')
    >>> prepared.facts.collect_schema().names()[:5]
    ['owner_id', 'team', 'region', 'product_id', 'stage']
    """

    tables: Tables
    facts: nw.LazyFrame[Any]
    as_of: date
    data_through: date
    structure: Structure

    @cached_property
    def span(self) -> tuple[date, int, bool]:
        """The first day a deal closed, else `as_of`; how many deals there are; whether none was ever lost."""
        first, deals, only_wins = cube.span(self.facts)
        return first or self.as_of, deals, only_wins

    @cached_property
    def ages(self) -> pd.DataFrame:
        """How many deals by outcome and days from creation."""
        return cube.ages(self.facts, self.as_of)

    @cached_property
    def targets(self) -> pd.DataFrame:
        """The bookings targets of all periods and levels."""
        return target_rows(self.tables)

    @cached_property
    def stale(self) -> tuple[int, date] | None:
        """The age in days beyond which an open deal is stale, and the creation day it means."""
        return cube.stale_limit(self.ages, self.as_of)


@dataclass(frozen=True)
class Joined:
    """The deals with their products, accounts and people, which are the same whatever day is asked about.

    `data_through` is the last day in the data, `rows` how many deals there are.

    Examples
    --------
    >>> from salesops_nb import open_workbook, performance
    >>> joined = performance.joined(open_workbook(".").tables)
    >>> joined.rows, joined.data_through
    (8800, datetime.date(2017, 12, 31))
    """

    tables: Tables
    deals: nw.LazyFrame[Any]
    people: nw.LazyFrame[Any] | None
    data_through: date
    rows: int


def joined(tables: Mapping[str, Any]) -> Joined:
    """The deals joined once, for `prepare` on several days or in both structures.

    Parameters
    ----------
    tables : as for `prepare`.

    Returns
    -------
    Joined
        taken by `prepare` in place of the tables. More deals than are kept in memory stay where they are,
        and are joined each time.

    Raises
    ------
    SalesopsError
        where no deal has a date.

    Examples
    --------
    The deals are joined once and looked at on two days; many were still open on the first:

    >>> from datetime import date
    >>> from salesops_nb import open_workbook, performance
    >>> joined = performance.joined(open_workbook(".").tables)
    >>> june = performance.prepare(joined, date(2017, 6, 30))
    >>> december = performance.prepare(joined)
    >>> [int(performance.review(day, "2017-Q2").company["open_deals"]) for day in (june, december)]
    [2085, 743]
    """
    made = _joined(tables)
    if made.rows > IN_MEMORY:
        return made
    people = settled(made.people) if made.people is not None else None
    return replace(made, deals=settled(made.deals), people=people)


def _joined(tables: Mapping[str, Any]) -> Joined:
    tables = Tables.of(tables)
    return Joined(tables, listed(tables), spans(tables), last_day(tables), height(tables["deals"]))


def prepare(
    tables: Mapping[str, Any] | Joined, as_of: date | None = None, structure: Structure = "as they were"
) -> Prepared:
    """The deals as they stood on a day, ready for any number of reviews.

    Parameters
    ----------
    tables : mapping with ``deals``, and ``people, products, accounts, targets`` where there are any;
        frames of any kind narwhals reads. Or what `joined` made of them.
    as_of : the last day known; by default the last day a deal was created or closed.
    structure : owners in the teams they were in when a deal closed, or all ``restated`` to `as_of`.

    Returns
    -------
    Prepared
        taken by `review` in place of the tables; a review from it takes a tenth of a second.

    Raises
    ------
    SalesopsError
        where no deal has a date.

    Examples
    --------
    Deals are read once, for a review of each quarter:

    >>> from salesops_nb import open_workbook, performance
    >>> prepared = performance.prepare(open_workbook(".").tables)
    >>> for quarter in ("2017-Q2", "2017-Q3"):
    ...     print(quarter, performance.review(prepared, quarter).company["bookings"])
    2017-Q2 3086111.0000
    2017-Q3 2982255.0000
    """
    made = tables if isinstance(tables, Joined) else _joined(tables)
    as_of = as_of or made.data_through
    facts = placed_facts(made.deals, made.people, as_of, made.data_through, structure, tables=made.tables)
    return Prepared(made.tables, settled(facts, made.rows), as_of, made.data_through, structure)
