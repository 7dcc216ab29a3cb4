"""What a deal was on an earlier day: its fields walked back through the changes that were logged since.

``deal_changes`` says what a field was before each change, so the first change after a day says what it was on
that day; ``stage_history`` says the same of stages. A field without a later change is what it is today.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import narwhals as nw

from salesops_nb.core.frames import Tables, collected, with_columns_or_null
from salesops_nb.errors import Problem, problem

MONEY = nw.Decimal(18, 4)
# what a change must look like to be read: a plain amount, and a day that there is
_AMOUNT = r"^-?\d{1,13}(?:\.\d+)?$"
_LEAP = r"(?:\d\d(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)-02-29"
_DAY = (
    r"^(?:\d{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12]\d|3[01])|(?:0[469]|11)-(?:0[1-9]|[12]\d|30)"
    rf"|02-(?:0[1-9]|1\d|2[0-8]))|{_LEAP})(?:[ T].*)?$"
)
_FORMS = {"amount": _AMOUNT, "expected_close_on": _DAY}
FIELDS = ("stage", "owner_id", "expected_close_on", "amount")


def has_history(tables: Mapping[str, Any]) -> bool:
    """Whether the tables say anything of what deals were before."""
    return "deal_changes" in tables or "stage_history" in tables


def walked_back(deals: nw.LazyFrame[Any], tables: Tables, as_of: date) -> nw.LazyFrame[Any]:
    """The deals there were by the day, with stage, owner, close date and amount as they were then.

    A deal was there once it was created or had entered a stage; one without either day is there now, but on
    no earlier day can it be said to have been. Where there is history, `deals` has ``deal_id`` and
    ``_foreign``: the amount of a deal in another currency stays today's, because changes are not converted.
    """
    there = nw.col("created_on") <= as_of
    created = nw.when(there).then(nw.col("created_on"))
    if "stage_history" in tables:
        history = with_columns_or_null(tables["stage_history"], {"parent_stage": nw.String()})
        history = history.with_columns(_day=nw.col("entered_at").cast(nw.Date)).filter(
            nw.col("_day") <= as_of
        )
        entered = history.group_by("deal_id").agg(_entered=nw.col("_day").min())
        deals = deals.join(entered, on="deal_id", how="left")
        deals = deals.join(_stages(history, closing_stages(tables)), on="deal_id", how="left")
        there = there.fill_null(nw.lit(False)) | ~nw.col("_entered").is_null()
    deals = deals.filter(there).with_columns(created_on=created)
    if "stage_history" in tables:
        still_open = (nw.col("outcome") == "open") | (nw.col("closed_on") > as_of)
        then = nw.when(still_open & ~nw.col("_stage").is_null()).then(nw.col("_stage"))
        deals = deals.with_columns(stage=then.otherwise(nw.col("stage")))
    if "deal_changes" in tables:
        deals = deals.join(_before_changes(tables, as_of), on="deal_id", how="left")
        deals = deals.with_columns(*(_restored(field) for field in FIELDS))
    return deals


def _stages(history: nw.LazyFrame[Any], closing: list[str]) -> nw.LazyFrame[Any]:
    """The last open stage that each deal had entered."""
    stages = history.with_columns(_stage=nw.coalesce("parent_stage", "stage"))
    stages = stages.filter(~nw.col("_stage").is_in(closing)) if closing else stages
    last = nw.col("entered_at") == nw.col("entered_at").max().over("deal_id")
    return stages.filter(last).group_by("deal_id").agg(nw.col("_stage").max())


def closing_stages(tables: Tables) -> list[str]:
    """Stages in which no deal is open."""

    def found() -> list[str]:
        rows = collected(tables["deals"].select("stage", "outcome").unique()).dropna()
        still = set(rows.loc[rows["outcome"] == "open", "stage"])
        return sorted(set(rows["stage"]) - still)

    return tables.once(("closing stages",), found, len)


def readable_amount(column: str) -> nw.Expr:
    """A logged amount as a number, none where it cannot be read."""
    return nw.when(nw.col(column).str.contains(_AMOUNT)).then(nw.col(column)).cast(MONEY)


def _before_changes(tables: Tables, as_of: date) -> nw.LazyFrame[Any]:
    """What each field was before its first change after the day, and whether there was one."""
    later = tables["deal_changes"].filter(
        nw.col("changed_at").cast(nw.Date) > as_of, nw.col("field").is_in(FIELDS)
    )
    first = nw.col("changed_at") == nw.col("changed_at").min().over("deal_id", "field")
    later = later.filter(first)
    found = []
    for field in FIELDS:
        here = nw.col("field") == field
        found += [
            nw.when(here).then(nw.col("old")).max().alias(f"_{field}_old"),
            here.any().alias(f"_{field}_changed"),
        ]
    return later.with_columns(old=nw.col("old").cast(nw.String)).group_by("deal_id").agg(*found)


def _restored(field: str) -> nw.Expr:
    """The field before the change where one can be read, else as it is."""
    old, changed = nw.col(f"_{field}_old"), nw.col(f"_{field}_changed").fill_null(value=False)
    if field not in _FORMS:
        changed = changed & ~old.is_null()  # a deal always has a stage and an owner
        return nw.when(changed).then(old).otherwise(nw.col(field)).alias(field)
    readable = old.str.contains(_FORMS[field])
    text = nw.when(readable).then(old if field == "amount" else old.str.slice(0, 10))
    value = text.cast(MONEY) if field == "amount" else text.cast(nw.Date)
    known = changed & (readable | old.is_null())
    if field == "amount":
        known = known & ~nw.col("_foreign").fill_null(value=False)
    return nw.when(known).then(value).otherwise(nw.col(field)).alias(field)


def not_known(tables: Tables, as_of: date, data_through: date) -> list[Problem]:
    """What of an earlier day the tables cannot say, so that today's stands in its place."""
    if as_of >= data_through:
        return []
    missing = untracked(tables)
    found = []
    if missing:
        found.append(problem("not-of-the-day", table="deals", as_of=as_of, fields=", ".join(missing)))
    unread = _unreadable(tables, as_of) if "deal_changes" in tables else 0
    if unread:
        found.append(problem("not-of-the-day.unreadable", table="deal_changes", n=unread, as_of=as_of))
    foreign = _foreign_changes(tables, as_of) if "deal_changes" in tables else 0
    if foreign:
        found.append(problem("not-of-the-day.foreign", table="deal_changes", n=foreign, as_of=as_of))
    return found


def untracked(tables: Tables) -> list[str]:
    """The fields of which no change is logged, so that those of an earlier day are today's."""
    found = {"stage"} if "stage_history" in tables else set()
    if "deal_changes" in tables:
        found |= set(collected(tables["deal_changes"].select("field").unique())["field"])
    return [field for field in FIELDS if field not in found]


def _unreadable(tables: Tables, as_of: date) -> int:
    changes = _before_changes(tables, as_of)
    bad = [
        (~nw.col(f"_{field}_old").str.contains(form)).fill_null(value=False) for field, form in _FORMS.items()
    ]
    return sum(len(collected(changes.filter(each).select("deal_id"))) for each in bad)


def _foreign_changes(tables: Tables, as_of: date) -> int:
    deals = foreign_deals(tables)
    if deals is None:
        return 0
    changed = _before_changes(tables, as_of).filter(nw.col("_amount_changed"))
    return len(collected(changed.join(deals, on="deal_id", how="inner").select("deal_id")))


def foreign_deals(tables: Tables) -> nw.LazyFrame[Any] | None:
    """The ids of deals whose amount was converted, a lazy row each; ``None`` where none was."""
    if "currency_original" not in tables["deals"].collect_schema().names():
        return None
    return tables["deals"].filter(foreign()).select("deal_id")


def foreign() -> nw.Expr:
    """Whether the deal's amount was converted from another currency."""
    return (nw.col("currency_original") != nw.col("currency")).fill_null(value=False)
