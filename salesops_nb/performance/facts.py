"""The deals as they stood on a day, each with its value, its place in the organisation and its segment.

Nothing here is counted yet; every figure of the review is a filter and a sum over these facts.
"""

from __future__ import annotations

from datetime import date
from typing import Any, Literal

import narwhals as nw

from salesops_nb.frames import Tables, collected, lazy_tables, with_columns_or_null

Structure = Literal["as they were", "restated"]
UNASSIGNED = "unassigned"
UNKNOWN = "unknown"
# 64-bit decimals add up several times as fast as 128-bit ones, and their sums are as exact
MONEY = nw.Decimal(18, 4)
FIRST_DAY, NO_DAY = date(1, 1, 1), date(9999, 12, 31)

COLUMNS = (
    "owner_id", "team", "region", "product_id", "stage", "outcome", "value", "list_value", "estimated",
    "priced", "created_on", "closed_on", "expected_close_on", "ok_cycle_time", "segment",
)  # fmt: skip
LISTED = (
    "owner_id", "product_id", "stage", "outcome", "amount", "listed", "created_on", "closed_on",
    "expected_close_on", "ok_cycle_time", "segment",
)  # fmt: skip
_DEALS = {
    "account_id": nw.String(),
    "product_id": nw.String(),
    "amount": MONEY,
    "quantity": nw.Decimal(18, 6),
    "created_on": nw.Date(),
    "closed_on": nw.Date(),
    "expected_close_on": nw.Date(),
    "ok_cycle_time": nw.Boolean(),
}
_PEOPLE = {
    "team": nw.String(),
    "region": nw.String(),
    "valid_from": nw.Date(),
    "valid_to": nw.Date(),
}


def listed(tables: Tables) -> nw.LazyFrame[Any]:
    """The deals with what their product lists them at and their account's segment: the same on every day.

    A lazy row a deal as in `placed_facts`, but with ``amount`` as it is and ``listed`` (list price times
    quantity, where the product has one) in place of what is valued.
    """
    frames = lazy_tables(tables, "deals", "products", "accounts")
    deals = _listed(with_columns_or_null(frames["deals"], _DEALS), frames.get("products"))
    return _segmented(deals, frames.get("accounts")).select(*LISTED)


def placed_facts(
    deals: nw.LazyFrame[Any],
    people: nw.LazyFrame[Any] | None,
    as_of: date,
    data_through: date,
    structure: Structure,
) -> nw.LazyFrame[Any]:
    """One lazy row a deal known by `as_of`, of what `listed` and `spans` gave; the data reach `data_through`.

    Columns ``owner_id, team, region, product_id, segment, stage, outcome, value, list_value, estimated,
    priced, created_on, closed_on, expected_close_on, ok_cycle_time``. A deal closed after `as_of` was
    still open then. `value` is the amount; an open or lost deal without one (or lost at zero) is valued
    at its product's list price times quantity and marked `estimated`. `list_value` is that list value
    for every deal whose product has one, else the amount: where lost deals are estimated, only it
    compares them with won ones like with like.
    """
    if as_of < data_through:
        deals = _as_known(deals, as_of)
    return _placed(_valued(deals), people, as_of, structure).select(*COLUMNS)


def _as_known(deals: nw.LazyFrame[Any], as_of: date) -> nw.LazyFrame[Any]:
    """The deals created by `as_of`; those closed later are open again.

    A deal without a creation day is there now, but on no earlier day can it be said to have been.
    """
    open_then = (nw.col("outcome") == "open") | (nw.col("closed_on") > as_of)
    return deals.filter(nw.col("created_on") <= as_of).with_columns(
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


def _placed(
    deals: nw.LazyFrame[Any], people: nw.LazyFrame[Any] | None, as_of: date, structure: Structure
) -> nw.LazyFrame[Any]:
    """Team and region of the owner: on the day the deal closed, or all of them as on `as_of`."""
    if people is None:
        return deals.with_columns(
            owner_id=nw.col("owner_id").fill_null(UNASSIGNED),
            team=nw.lit(UNASSIGNED),
            region=nw.lit(UNASSIGNED),
        )
    day = nw.lit(as_of) if structure == "restated" else nw.col("closed_on").fill_null(nw.lit(as_of))
    placed = deals.with_columns(_day=day).join(people, left_on="owner_id", right_on="person_id", how="left")
    during = (nw.col("valid_from") <= nw.col("_day")) & (nw.col("_day") < nw.col("valid_to"))
    return placed.filter(nw.col("_person").is_null() | during).with_columns(
        owner_id=nw.col("_person").fill_null(UNASSIGNED),
        team=nw.col("team").fill_null(UNASSIGNED),
        region=nw.col("region").fill_null(UNASSIGNED),
    )


def spans(tables: Tables) -> nw.LazyFrame[Any] | None:
    """People's teams and regions by the days they hold for; every day where none is given.

    ``None`` without a table of people.
    """
    people = lazy_tables(tables, "people").get("people")
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
