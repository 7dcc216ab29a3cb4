"""History, run-rate and target of new business, expansions and renewals, each apart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import narwhals as nw
import pandas as pd

from salesops_nb.core.frames import Tables, collected
from salesops_nb.core.money import places
from salesops_nb.targets.basis import Basis
from salesops_nb.targets.rounding import largest_remainder
from salesops_nb.targets.season import YEAR

UNTYPED = ""
MOST_YEARS = 3
SLACK = timedelta(days=7)  # a first month is whole where the deals begin within seven days of it


@dataclass(frozen=True)
class ByType:
    """Bookings and targets by type of deal.

    `table` has a row a type: deal_type (`UNTYPED` where deals say none), a column of bookings for each of
    `years` (the last fiscal years in which deals were won, three at most), booked (exact sum of the won deals
    of the months from `first` to `last`), run_rate (what a year brings at that rate, the season taken out),
    share and target. The targets sum to the company's, to the cent. There are `months` of them, the last
    whole ones of the deals and at most twelve; `deals` were won in them.
    """

    table: pd.DataFrame
    years: tuple[str, ...]
    months: int
    first: date
    last: date
    deals: int


def by_type(tables: Mapping[str, Any], basis: Basis, company_target: Decimal) -> ByType | None:
    """The company's target by type of deal, in proportion to what each type brought in the last months.

    Types are never pooled: each has its own history, and a target of its own. None where deals do not say
    their type, or all won ones are of one.

    Examples
    --------
    >>> from salesops_nb import open_workbook, targets
    >>> wb = open_workbook(".")
    >>> basis = targets.prepare(wb.tables, wb.calendar, 2018)
    >>> found = targets.by_type(wb.tables, basis, basis.last_year)
    >>> found.months, sum(found.table["target"]) == basis.last_year
    (10, True)
    >>> list(found.table["deal_type"])
    ['expansion', 'renewal', 'new']
    """
    months = basis.outlook.company.learned.panel.months[-YEAR:]
    shared = Tables.of(tables)
    rows = shared.once(("targets", "by type", months[-1].end), lambda: _won(shared, months[-1].end))
    if rows is None:
        return None
    days = [day.date() if hasattr(day, "date") else day for day in rows["closed_on"]]
    # months before the first deal are told by history alone, which knows no types
    months = [month for month in months if month.start + SLACK >= min(days)]
    if not months:
        return None
    start, end = months[0].start, months[-1].end
    inside = [start <= day < end for day in days]
    sums = {kind: value for kind, value in _sums(rows, inside).items() if value > 0}
    if len(sums) < 2:
        return None
    years = [basis.year.previous()]
    while len(years) < MOST_YEARS:
        years.insert(0, years[0].previous())
    history = {each.key: _sums(rows, [each.start <= day < each.end for day in days]) for each in years}
    kinds = sorted(sums, key=lambda kind: (kind == UNTYPED, -sums[kind], kind))
    total = sum(sums.values(), Decimal(0))
    season = sum(float(basis.season.shares[int(month.key[-2:]) - 1]) for month in months)
    cent = Decimal(1).scaleb(-places(basis.currency))
    past = {
        key: pd.Series([of.get(kind, Decimal(0)) for kind in kinds], dtype=object)
        for key, of in history.items()
        if of
    }
    frame = pd.DataFrame(
        {
            "deal_type": kinds,
            **past,
            "booked": pd.Series([sums[kind] for kind in kinds], dtype=object),
            "run_rate": [float(sums[kind]) / season if season else float("nan") for kind in kinds],
            "share": [float(sums[kind] / total) for kind in kinds],
            "target": pd.Series(
                largest_remainder(company_target, [sums[kind] for kind in kinds], cent), dtype=object
            ),
        }
    )
    return ByType(frame, tuple(past), len(months), start, months[-1].last, int(rows["n"][inside].sum()))


def _sums(rows: pd.DataFrame, which: list[bool]) -> dict[str, Decimal]:
    """Exact bookings of some rows, by type."""
    sums: dict[str, Decimal] = {}
    mine = rows[which]
    for kind, amount in zip(mine["deal_type"], mine["amount"], strict=True):
        sums[kind] = sums.get(kind, Decimal(0)) + Decimal(str(amount))
    return sums


def _won(tables: Tables, end: date) -> pd.DataFrame | None:
    """Won amounts before a day, by type and day; None where no deal says its type."""
    deals = tables.get("deals")
    if deals is None or not {"deal_type", "outcome", "amount", "closed_on"} <= set(
        deals.collect_schema().names()
    ):
        return None
    won = deals.filter(
        nw.col("outcome") == "won", ~nw.col("amount").is_null(), ~nw.col("closed_on").is_null()
    )
    won = won.with_columns(
        closed_on=nw.col("closed_on").cast(nw.Date),
        deal_type=nw.col("deal_type").cast(nw.String).fill_null(UNTYPED).str.strip_chars(),
    ).filter(nw.col("closed_on") < end)
    rows = collected(won.group_by("deal_type", "closed_on").agg(amount=nw.col("amount").sum(), n=nw.len()))
    return None if rows.empty or set(rows["deal_type"]) == {UNTYPED} else rows
