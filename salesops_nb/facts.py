"""Facts: what an analysis starts from. One row a deal, stage or activity, with its place on the day.

A fact knows whose it was: its owner, and the owner's team and region as they were on the day it happened.
Nothing is counted here; a figure is a filter and a sum over facts. All are lazy frames on the engine of the
tables they are made of, so that they can be joined with each other and with any table of the workbook::

    won = facts.closed_deals(wb.tables, as_of=date(2017, 12, 31)).filter(nw.col("outcome") == "won")
    mine = facts.in_scope(won, wb.tables, "team", "Cara Losch")
    quarter = facts.during(mine, wb.calendar.period("2017-Q4"), "closed_on")
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Literal, get_args

import narwhals as nw

from salesops_nb.core.frames import Tables, collected, with_columns_or_null
from salesops_nb.core.names import id_of, named, nearest
from salesops_nb.core.periods import Period
from salesops_nb.deal_history import MONEY, foreign, has_history, not_known, walked_back
from salesops_nb.errors import Problem, SalesopsError, problem

Structure = Literal["as they were", "restated"]
Level = Literal["company", "team", "rep"]
UNASSIGNED = "unassigned"
UNKNOWN = "unknown"
FIRST_DAY, NO_DAY = date(1, 1, 1), date(9999, 12, 31)

COLUMNS = (
    "owner_id", "team", "region", "product_id", "stage", "outcome", "value", "list_value", "estimated",
    "priced", "created_on", "closed_on", "expected_close_on", "ok_cycle_time", "segment", "deal_type",
    "quantity",
)  # fmt: skip
LISTED = (
    "owner_id", "product_id", "stage", "outcome", "amount", "listed", "created_on", "closed_on",
    "expected_close_on", "ok_cycle_time", "segment", "deal_type", "quantity",
)  # fmt: skip
LEVEL_COLUMN = {"team": "team", "rep": "owner_id"}
_OF_THE_DEAL = ("deal_id", "account_id", "source", "loss_reason")
DEAL_FACTS_LISTED = (*_OF_THE_DEAL, *LISTED)
DEAL_FACTS = (*_OF_THE_DEAL, *COLUMNS, "amount")
_DEALS = {
    "account_id": nw.String(),
    "product_id": nw.String(),
    "deal_type": nw.String(),
    "source": nw.String(),
    "loss_reason": nw.String(),
    "amount": MONEY,
    "quantity": nw.Decimal(18, 6),
    "created_on": nw.Date(),
    "closed_on": nw.Date(),
    "expected_close_on": nw.Date(),
    "ok_cycle_time": nw.Boolean(),
    "currency": nw.String(),
    "currency_original": nw.String(),
}
_ACTIVITIES = {
    "happened_at": nw.Datetime(),
    "happened_on": nw.Date(),
    "deal_id": nw.String(),
    "account_id": nw.String(),
    "minutes": nw.Float64(),
    "outcome": nw.String(),
}
_STAGES = {"parent_stage": nw.String(), "left_at": nw.Datetime(), "by": nw.String()}
_PEOPLE = {
    "team": nw.String(),
    "region": nw.String(),
    "valid_from": nw.Date(),
    "valid_to": nw.Date(),
}


def every_deal(
    tables: Mapping[str, Any], as_of: date | None = None, structure: Structure = "as they were"
) -> nw.LazyFrame[Any]:
    """Every deal known by the day, open or closed, a lazy row each with the columns of `DEAL_FACTS`.

    Parameters, columns and errors are those of `closed_deals`.

    Examples
    --------
    >>> import narwhals as nw
    >>> from salesops_nb import facts, open_workbook
    >>> facts.every_deal(open_workbook(".").tables).select(deals=nw.len()).collect().item()
    8800
    """
    return _deal_facts(tables, as_of, structure)


def closed_deals(
    tables: Mapping[str, Any], as_of: date | None = None, structure: Structure = "as they were"
) -> nw.LazyFrame[Any]:
    """Deals won or lost by the day, a lazy row each with the columns of `DEAL_FACTS`.

    Parameters
    ----------
    tables : mapping with ``deals``, and ``people, products, accounts`` where there are any.
    as_of : the last day known, by default the last in the data. A deal closed later counts as open.
    structure : owners in the teams they were in when the deal closed, or all ``restated`` to `as_of`.

    Returns
    -------
    narwhals.LazyFrame
        `value` is the amount; a lost deal without one is valued at its product's list price and marked
        `estimated`. `team` and `region` are ``unassigned`` where nobody knows them.

    Raises
    ------
    SalesopsError
        where no deal has a date.

    Examples
    --------
    >>> from datetime import date
    >>> import narwhals as nw
    >>> from salesops_nb import facts, open_workbook
    >>> wb = open_workbook(".")
    >>> won = facts.closed_deals(wb.tables, as_of=date(2017, 12, 31)).filter(nw.col("outcome") == "won")
    >>> by_region = won.group_by("region").agg(deals=nw.len(), value=nw.col("value").sum())
    >>> by_region.sort("region").collect("pandas").to_native()
        region  deals      value
    0  Central   1629  3346293.0
    1     East   1171  3090594.0
    2     West   1438  3568647.0
    """
    return _deal_facts(tables, as_of, structure).filter(nw.col("outcome") != "open")


def open_deals(
    tables: Mapping[str, Any], as_of: date | None = None, structure: Structure = "as they were"
) -> nw.LazyFrame[Any]:
    """Deals open on the day, with the columns and arguments of `closed_deals`.

    Stage, owner, close date and amount are those of the day where ``stage_history`` or ``deal_changes`` tell
    them, else those of today; `not_of_the_day` says which.

    Examples
    --------
    More deals were open at the end of September than at the end of the year:

    >>> from datetime import date
    >>> import narwhals as nw
    >>> from salesops_nb import facts, open_workbook
    >>> wb = open_workbook(".")
    >>> for day in (date(2017, 9, 30), date(2017, 12, 31)):
    ...     print(day, facts.open_deals(wb.tables, day).select(deals=nw.len()).collect().item())
    2017-09-30 2925
    2017-12-31 2089
    """
    return _deal_facts(tables, as_of, structure).filter(nw.col("outcome") == "open")


def stage_history(tables: Mapping[str, Any], as_of: date | None = None) -> nw.LazyFrame[Any]:
    """Stages that deals entered by the day, a lazy row each.

    Columns ``deal_id, stage, parent_stage`` (the deal's own stage, where `stage` is one inside it)``,
    entered_at, left_at, by`` and of the deal ``owner_id, team, region, account_id, product_id, segment,
    outcome, value``. A stage left after `as_of` is one not left yet.
    Raises `SalesopsError` where the tables have no ``stage_history``, or no deal has a date.

    Examples
    --------
    >>> import narwhals as nw
    >>> from salesops_nb import facts, open_workbook
    >>> stages = facts.stage_history(open_workbook(".").tables).filter(nw.col("deal_id") == "1C1I7A6R")
    >>> columns = stages.sort("entered_at").select("stage", "parent_stage", "entered_at", "team")
    >>> columns.collect("pandas").to_native()
         stage parent_stage          entered_at              team
    0  Prospecting          NaN 2016-10-07 00:00:00  Dustin Brinkmann
    1      Qualify     Engaging 2016-10-20 00:00:00  Dustin Brinkmann
    2         Demo     Engaging 2016-10-26 14:40:00  Dustin Brinkmann
    3     Proposal     Engaging 2016-11-02 14:40:00  Dustin Brinkmann
    4  Negotiation     Engaging 2017-02-23 08:00:00  Dustin Brinkmann
    5          Won          NaN 2017-03-01 00:00:00  Dustin Brinkmann
    """
    tables = Tables.of(tables)
    known = as_of or last_day(tables)
    history = with_columns_or_null(_needed(tables, "stage_history"), _STAGES)
    left = nw.when(nw.col("left_at").cast(nw.Date) <= known).then(nw.col("left_at"))
    history = history.filter(nw.col("entered_at").cast(nw.Date) <= known).select(
        "deal_id", "stage", "parent_stage", "entered_at", "by", left_at=left
    )
    deals = _deal_facts(tables, as_of, "as they were").select(
        "deal_id", "owner_id", "account_id", "product_id", "segment", "outcome", "value"
    )
    joined = history.join(deals, on="deal_id", how="inner")
    placed = _placed(joined, spans(tables), nw.col("entered_at").cast(nw.Date))
    return placed.select("deal_id", "stage", "parent_stage", "entered_at", "left_at", "by", "owner_id",
                         "team", "region", "account_id", "product_id", "segment", "outcome",
                         "value")  # fmt: skip


def activities(tables: Mapping[str, Any], as_of: date | None = None) -> nw.LazyFrame[Any]:
    """Activities that happened by the day, a lazy row each.

    Columns ``activity_id, owner_id`` (who did it)``, team, region, kind, happened_on, deal_id,
    account_id, minutes, outcome``. Raises `SalesopsError` where the tables have no ``activities``.

    Examples
    --------
    >>> import narwhals as nw
    >>> from salesops_nb import facts, open_workbook
    >>> kinds = facts.activities(open_workbook(".").tables).group_by("kind").agg(count=nw.len())
    >>> kinds.sort("kind").collect("pandas").to_native()
          kind  count
    0     call  11235
    1     demo   2088
    2    email  17704
    3  meeting   4487
    """
    tables = Tables.of(tables)
    frame = with_columns_or_null(_needed(tables, "activities"), _ACTIVITIES)
    frame = frame.with_columns(
        owner_id=nw.col("person_id"),
        happened_on=nw.coalesce(nw.col("happened_at").cast(nw.Date), nw.col("happened_on")),
    ).filter(~nw.col("happened_on").is_null())
    if as_of is not None:
        frame = frame.filter(nw.col("happened_on") <= as_of)
    placed = _placed(frame, spans(tables), nw.col("happened_on"))
    return placed.select("activity_id", "owner_id", "team", "region", "kind", "happened_on", "deal_id",
                         "account_id", "minutes", "outcome")  # fmt: skip


def during(facts: nw.LazyFrame[Any], period: Period, day: str) -> nw.LazyFrame[Any]:
    """The facts whose `day` column lies in the period.

    Examples
    --------
    >>> import narwhals as nw
    >>> from salesops_nb import facts, open_workbook
    >>> wb = open_workbook(".")
    >>> closed = facts.closed_deals(wb.tables)
    >>> quarter = facts.during(closed, wb.calendar.period("2017-Q4"), "closed_on")
    >>> counted = quarter.group_by("outcome").agg(deals=nw.len())
    >>> counted.sort("outcome").collect("pandas").to_native()
      outcome  deals
    0    lost    789
    1     won   1196
    """
    return facts.filter((nw.col(day) >= period.start) & (nw.col(day) < period.end))


def in_scope(
    facts: nw.LazyFrame[Any], tables: Mapping[str, Any], level: Level, who: str | None
) -> nw.LazyFrame[Any]:
    """The facts of the company, a team or a rep, by id or name; no rows for one who has none yet.

    Raises `SalesopsError`, with the nearest known names, where `who` is missing or unknown.

    Examples
    --------
    >>> import narwhals as nw
    >>> from salesops_nb import facts, open_workbook
    >>> wb = open_workbook(".")
    >>> closed = facts.closed_deals(wb.tables)
    >>> facts.in_scope(closed, wb.tables, "team", "Cara Losch").select(nw.len()).collect().item()
    745
    >>> facts.in_scope(closed, wb.tables, "team", "Cara Lsoch")
    Traceback (most recent call last):
        ...
    salesops_nb.errors.SalesopsError: column who: who is 'Cara Lsoch', which is not known.
    The nearest known teams are: Cara Losch, Celia Rouche, Rocco Neubert.
    """
    if level not in get_args(Level):
        raise SalesopsError(
            problem("bad-level", column="level", value=level, levels=", ".join(get_args(Level)))
        )
    if level == "company":
        if who:
            raise SalesopsError(problem("bad-who.of-company", column="who", value=who))
        return facts
    column = LEVEL_COLUMN[level]
    known = set(collected(facts.select(column).unique())[column])
    people = Tables.of(tables).get("people")
    if people is not None:
        own = "team" if level == "team" else "person_id"
        known |= set(collected(people.select(own).unique())[own].dropna())
    asked = identified(tables, level, who)
    if asked not in known:
        names = named(tables, "people", known) if level == "rep" else known
        close = ", ".join(nearest(str(who or ""), names))
        raise SalesopsError(problem("bad-who", column="who", value=who, level=level, names=close))
    return facts.filter(nw.col(column) == asked)


def identified(tables: Mapping[str, Any], level: Level, who: str | None) -> str | None:
    """The id of a rep who is asked for by id or name; anything else as it is.

    Raises `SalesopsError` where several bear the name.

    Examples
    --------
    >>> import pandas as pd
    >>> from salesops_nb import facts
    >>> people = pd.DataFrame({"person_id": ["p7"], "name": ["Ada Lovelace"]})
    >>> facts.identified({"people": people}, "rep", "ada lovelace")
    'p7'
    """
    return id_of(tables, "people", who) or who if level == "rep" and who else who


def last_day(tables: Mapping[str, Any]) -> date:
    """The last day a deal was created or closed; raises `SalesopsError` where no deal has a date.

    Examples
    --------
    >>> from salesops_nb import facts, open_workbook
    >>> facts.last_day(open_workbook(".").tables)
    datetime.date(2017, 12, 31)
    """
    deals = with_columns_or_null(Tables.of(tables)["deals"], {"created_on": nw.Date()})
    found = collected(deals.select(a=nw.col("created_on").max(), b=nw.col("closed_on").max())).iloc[0]
    known = [day for day in found if isinstance(day, date)]
    if not known:
        raise SalesopsError(problem("no-dates"))
    return max(known)


def not_of_the_day(tables: Mapping[str, Any], as_of: date) -> list[Problem]:
    """What the tables cannot say of deals on an earlier day, so that facts have today's in its place.

    Empty for the last day in the data and later, and where ``stage_history`` and ``deal_changes`` tell all
    of stage, owner, close date and amount. Raises `SalesopsError` where no deal has a date.

    Examples
    --------
    The demo has a log of changes; without it only the day's outcome is known:

    >>> from datetime import date
    >>> from salesops_nb import facts, open_workbook
    >>> wb = open_workbook(".")
    >>> facts.not_of_the_day(wb.tables, date(2017, 9, 30))
    []
    >>> [found] = facts.not_of_the_day({"deals": wb.table("deals")}, date(2017, 9, 30))
    >>> print(found.message)
    On 2017-09-30 these may have been others than today's, which stand in their place: stage, owner_id,
    expected_close_on, amount.
    """
    tables = Tables.of(tables)
    return not_known(tables, as_of, last_day(tables))


def _deal_facts(tables: Mapping[str, Any], as_of: date | None, structure: Structure) -> nw.LazyFrame[Any]:
    tables = Tables.of(tables)
    known = last_day(tables)
    deals = listed(tables, DEAL_FACTS_LISTED)
    return placed_facts(deals, spans(tables), as_of or known, known, structure, DEAL_FACTS, tables)


def _needed(tables: Tables, name: str) -> nw.LazyFrame[Any]:
    if name not in tables:
        raise SalesopsError(
            problem("no-activities" if name == "activities" else "no-stage-history", table=name)
        )
    return tables[name]


def listed(tables: Mapping[str, Any], columns: Sequence[str] = LISTED) -> nw.LazyFrame[Any]:
    """The deals with what their product lists them at and their account's segment: the same on every day.

    A lazy row a deal as in `placed_facts`, but with ``amount`` as it is and ``listed`` (list price times
    quantity, where the product has one) in place of what is valued; and what its history needs, where
    there is one.
    """
    tables = Tables.of(tables)
    deals = with_columns_or_null(tables["deals"], _DEALS)
    deals = deals.with_columns(nw.col("deal_type").fill_null(UNKNOWN))
    deals = _listed(deals, tables.get("products"))
    if has_history(tables):
        columns = (*dict.fromkeys(("deal_id", *columns)), "_foreign")
        deals = deals.with_columns(_foreign=foreign())
    return _segmented(deals, tables.get("accounts")).select(*columns)


def placed_facts(
    deals: nw.LazyFrame[Any],
    people: nw.LazyFrame[Any] | None,
    as_of: date,
    data_through: date,
    structure: Structure,
    columns: Sequence[str] = COLUMNS,
    tables: Tables | None = None,
) -> nw.LazyFrame[Any]:
    """One lazy row a deal known by `as_of`, of what `listed` and `spans` gave; the data reach `data_through`.

    What deals were on an earlier day is looked up in the history that `tables` have.

    Columns ``owner_id, team, region, product_id, segment, deal_type, stage, outcome, value, list_value,
    estimated, priced, created_on, closed_on, expected_close_on, ok_cycle_time, quantity``. A deal closed
    after `as_of` was still open then. `value` is the amount; an open or lost deal without one (or lost at
    zero) is valued at its product's list price times quantity and marked `estimated`. `list_value` is that
    list value for every deal whose product has one, else the amount: where lost deals are estimated, only
    it compares them with won ones like with like.
    """
    if as_of < data_through:
        deals = _as_known(deals, tables or Tables({}), as_of)
    day = nw.lit(as_of) if structure == "restated" else nw.col("closed_on").fill_null(nw.lit(as_of))
    return _placed(_valued(deals), people, day).select(*columns)


def _as_known(deals: nw.LazyFrame[Any], tables: Tables, as_of: date) -> nw.LazyFrame[Any]:
    """The deals there were by `as_of`, as they were; those closed later are open again.

    The zero of a deal lost later is the loss's, and no amount of the day.
    """
    open_then = (nw.col("outcome") == "open") | (nw.col("closed_on") > as_of)
    lost_at_nothing = open_then & (nw.col("outcome") == "lost") & (nw.col("amount") == 0)
    return walked_back(deals, tables, as_of).with_columns(
        amount=nw.when(~lost_at_nothing.fill_null(value=False)).then(nw.col("amount")),
        outcome=nw.when(open_then).then(nw.lit("open")).otherwise(nw.col("outcome")),
        closed_on=nw.when(~open_then).then(nw.col("closed_on")),
    )


def _listed(deals: nw.LazyFrame[Any], products: nw.LazyFrame[Any] | None) -> nw.LazyFrame[Any]:
    if products is None:
        return deals.with_columns(
            listed=nw.lit(None, MONEY), product_id=nw.col("product_id").fill_null(UNKNOWN)
        )
    prices = with_columns_or_null(products, {"list_price": MONEY})
    prices = prices.select("product_id", "list_price", _known=nw.col("product_id"))
    quantity = nw.when(nw.col("quantity").is_null()).then(nw.lit(1)).otherwise(nw.col("quantity"))
    return deals.join(prices, on="product_id", how="left").with_columns(
        listed=(nw.col("list_price") * quantity).cast(MONEY),
        product_id=nw.col("_known").fill_null(UNKNOWN),
    )


def _valued(deals: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    wanting = nw.col("amount").is_null() | ((nw.col("outcome") == "lost") & (nw.col("amount") == 0))
    priced = wanting & (nw.col("outcome") != "won") & ~nw.col("listed").is_null()
    amount = nw.col("amount").cast(MONEY)
    return deals.with_columns(
        value=nw.when(priced).then(nw.col("listed")).otherwise(amount).fill_null(0),
        list_value=nw.coalesce("listed", amount).fill_null(0),
        estimated=priced,
        priced=priced | ~nw.col("amount").is_null(),
    )


def _placed(facts: nw.LazyFrame[Any], people: nw.LazyFrame[Any] | None, day: nw.Expr) -> nw.LazyFrame[Any]:
    """Team and region of the owner on the day of each fact."""
    if people is None:
        return facts.with_columns(
            owner_id=nw.col("owner_id").fill_null(UNASSIGNED),
            team=nw.lit(UNASSIGNED),
            region=nw.lit(UNASSIGNED),
        )
    placed = facts.with_columns(_day=day).join(people, left_on="owner_id", right_on="person_id", how="left")
    during = (nw.col("valid_from") <= nw.col("_day")) & (nw.col("_day") < nw.col("valid_to"))
    return placed.filter(nw.col("_person").is_null() | during).with_columns(
        owner_id=nw.col("_person").fill_null(UNASSIGNED),
        team=nw.col("team").fill_null(UNASSIGNED),
        region=nw.col("region").fill_null(UNASSIGNED),
    )


def spans(tables: Mapping[str, Any]) -> nw.LazyFrame[Any] | None:
    """People's teams and regions by the days they hold for; every day where none is given.

    ``None`` without a table of people.
    """
    people = Tables.of(tables).get("people")
    if people is None:
        return None
    people = with_columns_or_null(people, _PEOPLE)
    dated = ~(nw.col("valid_from").is_null() & nw.col("valid_to").is_null())
    if collected(people.select(dated.any().alias("dated")))["dated"].iloc[0]:
        return _spans_without_gaps(people)
    always = {"valid_from": nw.lit(FIRST_DAY), "valid_to": nw.lit(NO_DAY)}
    return people.select("person_id", "team", "region", _person=nw.col("person_id"), **always)


def _spans_without_gaps(people: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """People's dated rows, with a row without team for every stretch that none covers.

    So every day of a known person meets exactly one row, and no deal is lost in the join.
    """
    spans = people.select(
        "person_id",
        "team",
        "region",
        nw.col("valid_from").fill_null(nw.lit(FIRST_DAY)),
        nw.col("valid_to").fill_null(nw.lit(NO_DAY)),
    )
    following = nw.col("valid_from").shift(-1).over("person_id", order_by="valid_from")
    gaps = spans.with_columns(_next=following.fill_null(nw.lit(NO_DAY))).filter(
        nw.col("valid_to") < nw.col("_next")
    )
    first = spans.group_by("person_id").agg(nw.col("valid_from").min().alias("valid_to"))
    nowhere = [nw.lit(None, nw.String()).alias("team"), nw.lit(None, nw.String()).alias("region")]
    columns = ("person_id", "team", "region", "valid_from", "valid_to")
    parts = [
        spans,
        gaps.select(
            "person_id", *nowhere, nw.col("valid_to").alias("valid_from"), nw.col("_next").alias("valid_to")
        ),
        first.select("person_id", *nowhere, nw.lit(FIRST_DAY).alias("valid_from"), "valid_to"),
    ]
    together = nw.concat([part.select(*columns) for part in parts], how="vertical")
    return together.with_columns(_person=nw.col("person_id"))


def _segmented(deals: nw.LazyFrame[Any], accounts: nw.LazyFrame[Any] | None) -> nw.LazyFrame[Any]:
    if accounts is None:
        return deals.with_columns(segment=nw.lit(UNKNOWN))
    kinds = with_columns_or_null(accounts, {"segment": nw.String(), "industry": nw.String()})
    kinds = kinds.select("account_id", segment=nw.coalesce("segment", "industry"))
    return deals.join(kinds, on="account_id", how="left").with_columns(nw.col("segment").fill_null(UNKNOWN))
