"""Whether the data confirm what a sales model claims, contradict it, or are too few to say.

A claim is wrong when the truth is farther from its value than `within`. So a figure contradicts it when it
is farther away than chance would bring it if the truth lay just at that distance: the test of an interval
hypothesis of Hodges & Lehmann (1954), at 5 %. With a width of nothing it is the usual two-sided test, with a
wide one a one-sided test at the nearer end; a true claim is called wrong in at most one case of twenty
either way. It is confirmed when the 90 % interval lies within the claimed width (two one-sided tests at 5 %,
Schuirmann 1987).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import Any, Literal

import pandas as pd
from scipy import special, stats

from salesops_nb.core.periods import FiscalCalendar
from salesops_nb.strategy.deals import read_deals
from salesops_nb.strategy.figures import MONTHS, Figure, enough, figure, months_before
from salesops_nb.strategy.versions import RATES, Claim, Version

LEVEL = 0.05
BACK = 24  # months that are looked back for the day since when a claim is contradicted
Verdict = Literal["confirmed", "contradicted", "too little data"]
COLUMNS = [
    "claim",
    "metric",
    "stage",
    "segment",
    "claimed",
    "within",
    "value",
    "low",
    "high",
    "n",
    "verdict",
    "sure",
    "stale",
    "review_on",
    "proposed",
]
ATTENTION = ["kind", "what", "where", "since", "how_sure", "metric", "claimed", "value", "low", "high", "n"]


def verdict(claim: Claim, found: Figure) -> tuple[Verdict, float]:
    """What the data say of a claim, and how sure: 1 less the chance of so large a distance if the claim held.

    Examples
    --------
    >>> from datetime import date
    >>> from salesops_nb.strategy import Figure, verdict
    >>> from salesops_nb.strategy.versions import Claim
    >>> rate = Claim(name="win rate", metric="win_rate", value=0.6, within=0.05, review_on=date(2018, 3, 31))
    >>> verdict(rate, Figure(0.48, 0.454, 0.506, 1000, 0.0158, 1000.0))[0]
    'contradicted'
    >>> verdict(rate, Figure(0.62, 0.595, 0.645, 1000, 0.0153, 1000.0))[0]
    'confirmed'
    >>> verdict(rate, Figure(0.48, 0.31, 0.65, 25, 0.1, 25.0))[0]
    'too little data'
    """
    if not enough(claim, found):
        return "too little data", math.nan
    p = _of_rate(claim, found) if claim.metric in RATES and claim.metric != "mix" else _of_mean(claim, found)
    if p <= LEVEL:
        return "contradicted", 1 - p
    if claim.value - claim.within <= found.low and found.high <= claim.value + claim.within:
        return "confirmed", 1 - p
    return "too little data", 1 - p


def _of_mean(claim: Claim, found: Figure) -> float:
    """The chance of a figure as far from the claim, or farther, if the truth lay at the end of its width."""
    beyond = (abs(found.value - claim.value) - claim.within) / found.error
    return float(special.ndtr(-beyond) + special.ndtr(-beyond - 2 * claim.within / found.error))


def _of_rate(claim: Claim, found: Figure) -> float:
    """The same of a rate, exactly: of the counts that are no more likely than the one seen if the claim held
    to the point (as an exact binomial test has them), the chance at the worse end of the claim's width.
    """
    n = max(round(found.weight), 1)
    seen, middle = round(found.value * n), min(claim.value, 1 - 1e-12)
    most = stats.binom.logpmf(seen, n, middle) + 1e-7
    low, high = seen, seen  # all up to low and from high on are as unlikely
    if seen < n * middle:
        high = _first(lambda k: bool(stats.binom.logpmf(k, n, middle) <= most), math.ceil(n * middle), n + 1)
    else:
        least = _first(lambda k: bool(stats.binom.logpmf(k, n, middle) > most), 0, math.floor(n * middle) + 1)
        low = least - 1
    ends = [each for each in (claim.value - claim.within, claim.value + claim.within) if 0 < each < 1]
    tails = [float(stats.binom.cdf(low, n, each) + stats.binom.sf(high - 1, n, each)) for each in ends]
    return min(max(tails, default=1.0), 1.0)


def _first(holds: Callable[[int], bool], low: int, high: int) -> int:
    """The first whole number from `low` on for which it holds, where it holds from there on; else `high`."""
    while low < high:
        middle = (low + high) // 2
        if holds(middle):
            high = middle
        else:
            low = middle + 1
    return low


def proposed(claim: Claim, found: Figure) -> float | None:
    """The figure to claim from now on: the measured one, of no more digits than are certain.

    Examples
    --------
    >>> from datetime import date
    >>> from salesops_nb.strategy import Figure
    >>> from salesops_nb.strategy.claims import proposed
    >>> from salesops_nb.strategy.versions import Claim
    >>> size = Claim(name="size", metric="average_deal", value=3000, within=300, review_on=date(2018, 3, 31))
    >>> proposed(size, Figure(2361.2, 2297.0, 2425.1, 4238, 38.9))
    2360.0
    """
    if not found.known or not found.error > 0:
        return None
    return round(found.value, -math.floor(math.log10(found.error)))


def judged(
    version: Version,
    tables: Mapping[str, Any],
    calendar: FiscalCalendar,
    stages: Mapping[str, str],
    as_of: date | None = None,
    months: int = MONTHS,
) -> pd.DataFrame:
    """Every claim of a version held against the data: a row each, with the columns of `COLUMNS`.

    `claimed`, `within`, `value`, `low`, `high`, `proposed` are shares, money or days, as the metric is;
    `stale` is true where the review date has passed; `proposed` is missing where the claim is not
    contradicted.

    Examples
    --------
    >>> from salesops_nb import open_workbook, strategy
    >>> wb = open_workbook(".")
    >>> version = strategy.load(wb.folder, wb.settings).in_force(wb.data_through)
    >>> found = strategy.judged(version, wb.tables, wb.calendar, wb.stages)
    >>> found.loc[:2, ["claim", "verdict", "stale"]]
           claim       verdict  stale
    0   win rate     confirmed  False
    1  deal size  contradicted  False
    2      cycle     confirmed   True
    """
    deals = read_deals(tables, version.sales_model, as_of)
    rows = []
    for claim in version.sales_model.claims:
        found = figure(claim, deals, tables, calendar, stages, months=months)
        said, sure = verdict(claim, found)
        rows.append(
            {
                "claim": claim.name,
                "metric": claim.metric,
                "stage": claim.stage,
                "segment": claim.segment,
                "claimed": claim.value,
                "within": claim.within,
                "value": found.value,
                "low": found.low,
                "high": found.high,
                "n": found.n,
                "verdict": said,
                "sure": sure,
                "stale": claim.review_on < deals.as_of,
                "review_on": claim.review_on,
                "proposed": proposed(claim, found) if said == "contradicted" else None,
            }
        )
    return pd.DataFrame(rows, columns=COLUMNS)


def attention(
    version: Version | None,
    tables: Mapping[str, Any],
    calendar: FiscalCalendar,
    stages: Mapping[str, str],
    as_of: date | None = None,
) -> pd.DataFrame:
    """Claims that somebody has to look at, as rows for whoever raises alerts; empty where there are none.

    Parameters
    ----------
    version : the version in force (`Strategy.in_force`), or none.
    tables, calendar, stages : of the workbook.
    as_of : the last day known; the last in the data by default.

    Returns
    -------
    pandas.DataFrame
        a row a claim and kind: ``kind`` (claim stale, claim contradicted), ``what`` (the claim's name),
        ``where`` (the segment or stage; empty for the company), ``since`` (of a stale one its review date;
        of a contradicted one the last day of the first of the months in a row at whose end it was, at most
        two years back), ``how_sure`` (a share of 1), and ``metric, claimed, value, low, high, n``.

    Examples
    --------
    >>> from salesops_nb import open_workbook, strategy
    >>> wb = open_workbook(".")
    >>> version = strategy.load(wb.folder, wb.settings).in_force(wb.data_through)
    >>> found = strategy.attention(version, wb.tables, wb.calendar, wb.stages)
    >>> found[["kind", "what", "since"]]
                     kind       what       since
    0  claim contradicted  deal size  2017-07-31
    1         claim stale      cycle  2017-09-30
    """
    if version is None or not version.sales_model.claims:
        return pd.DataFrame(columns=ATTENTION)
    found = judged(version, tables, calendar, stages, as_of)
    rows = []
    for claim, row in zip(version.sales_model.claims, found.to_dict("records"), strict=True):
        said = {
            "what": claim.name,
            "where": claim.segment or claim.stage,
            **{name: row[name] for name in ("metric", "claimed", "value", "low", "high", "n")},
        }
        if row["verdict"] == "contradicted":
            since = _since(claim, version, tables, calendar, stages, as_of)
            rows.append({"kind": "claim contradicted", "since": since, "how_sure": row["sure"], **said})
        if row["stale"]:
            rows.append({"kind": "claim stale", "since": claim.review_on, "how_sure": 1.0, **said})
    return pd.DataFrame(rows, columns=ATTENTION)


def _since(
    claim: Claim,
    version: Version,
    tables: Mapping[str, Any],
    calendar: FiscalCalendar,
    stages: Mapping[str, str],
    as_of: date | None,
) -> date:
    """The first month's end, going back while the version is in force, at which the claim is contradicted."""
    deals = read_deals(tables, version.sales_model, as_of)
    since = deals.as_of
    if claim.metric == "stage_rate":  # what of a cohort was decided by then is not known of an earlier day
        return since
    for back in range(BACK):
        day = months_before(deals.as_of, back) - timedelta(days=1)
        if day < version.start:
            break
        if verdict(claim, figure(claim, deals, tables, calendar, stages, day))[0] != "contradicted":
            break
        since = day
    return since
