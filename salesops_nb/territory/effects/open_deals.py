"""Open deals in flight: what becomes of them when their account changes its rep, and who gets the credit."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

import pandas as pd

from salesops_nb.errors import SalesopsError, problem
from salesops_nb.territory.inputs.findings import texts, to_pandas

RULES = ("stay", "split", "move")
FLIGHT = ["deal_id", "account_id", "rule", "before", "after", "old_owner_share", "new_owner",
          "new_owner_share", "effective_on"]  # fmt: skip
SPLITS = ["deal_id", "person_id", "share", "type", "valid_from", "valid_to"]
ONE = Decimal(1)
EVER = date(1900, 1, 1)  # splits with days need a first one


def in_flight(
    deals: Any, changes: Any, rule: str = "stay", *, effective_on: date, new_share: Decimal = Decimal("0.5")
) -> pd.DataFrame:
    """What happens to open deals of accounts that change owner, with the shares of their credit.

    ``stay``: the old owner keeps the deal and its credit until it closes. ``split``: the new owner runs
    it, credit is shared (`new_share` to the new one). ``move``: deal and credit go to the new owner.
    The rule holds for deals open on `effective_on` that belong to the account's old owner; a deal closed
    before, and one that a third person runs there, is not touched.
    """
    if rule not in RULES:
        raise SalesopsError(problem("bad-rule.open-deals", rule=rule, rules=", ".join(RULES)))
    if not _number(new_share).is_finite() or not 0 < _number(new_share) < 1:
        raise SalesopsError(problem("bad-share", share=new_share))
    new_share = _number(new_share)
    moved = to_pandas(changes, "changes")
    to = {
        account: (str(b), str(a))
        for account, b, a in zip(texts(moved["account_id"]), moved["before"], moved["after"], strict=True)
    }
    kept = {"stay": ONE, "split": 1 - new_share, "move": Decimal(0)}[rule]
    rows = []
    for deal in to_pandas(deals, "deals").itertuples(index=False):
        account = texts([deal.account_id])[0]
        if account not in to or not open_on(deal, effective_on) or str(deal.owner_id) != to[account][0]:
            continue
        old, new = to[account]
        after = old if rule == "stay" else new
        rows.append((str(deal.deal_id), account, rule, old, after, kept, new, 1 - kept, effective_on))
    return pd.DataFrame(rows, columns=FLIGHT)


def credit_splits(flight: Any, given: Any = None) -> pd.DataFrame:
    """The in-flight rule as rows of ``splits`` that commission honours: a deal's shares by day.

    Parameters
    ----------
    flight : as `in_flight` returns it. given : splits there are already; what the old owner has of a deal
        is kept, shared or moved, and what others have of it stays theirs.

    Returns
    -------
    deal_id, person_id, share (Decimal, of one), type (revenue), valid_from, valid_to (None: open): the old
    shares up to `effective_on`, the new ones from then on. They stand in place of the deal's revenue rows
    in `given`.
    """
    frame: Any = to_pandas(flight, "in_flight")
    rows: list[tuple[Any, ...]] = []
    for row in frame.itertuples(index=False):
        before = _shares(given, row.deal_id, row.effective_on) or {row.before: ONE}
        after = dict(before)
        mine = after.pop(row.before, Decimal(0))
        for person, part in ((row.before, row.old_owner_share), (row.new_owner, row.new_owner_share)):
            if mine * part > 0:
                after[person] = after.get(person, Decimal(0)) + mine * Decimal(part)
        if after == before:
            rows += [(row.deal_id, who, part, "revenue", EVER, None) for who, part in before.items()]
            continue
        day = row.effective_on
        rows += [(row.deal_id, who, part, "revenue", EVER, day) for who, part in before.items()]
        rows += [(row.deal_id, who, part, "revenue", day, None) for who, part in after.items()]
    return pd.DataFrame(rows, columns=SPLITS).astype({"valid_from": object, "valid_to": object})


def _shares(given: Any, deal: str, day: date) -> dict[str, Decimal]:
    """Revenue shares of a deal in force on a day, as fractions of one."""
    if given is None:
        return {}
    frame: Any = to_pandas(given, "splits")
    frame = frame[[str(d) == deal for d in frame["deal_id"]]]
    found: dict[str, Decimal] = {}
    for row in frame.itertuples(index=False):
        start, end = (_day(getattr(row, name, None)) for name in ("valid_from", "valid_to"))
        overlay = str(getattr(row, "type", "revenue") or "revenue") == "overlay"
        if not overlay and (start is None or start <= day) and (end is None or end > day):
            found[str(row.person_id)] = found.get(str(row.person_id), Decimal(0)) + Decimal(str(row.share))
    total = sum(found.values(), Decimal(0))
    percent = total > Decimal("1.5")
    return {who: share / 100 if percent else share for who, share in found.items()}


def with_flight(tables: Mapping[str, Any], flight: Any) -> dict[str, Any]:
    """The tables for `commission.calculate` with the rule in them: splits by day, owners as the CRM has them.

    The splits there are keep their days, those of other deals without days hold always.
    """
    given = to_pandas(tables["splits"], "splits") if "splits" in tables else None
    ours = credit_splits(flight, given)
    if given is not None:
        kept = given if "type" in given else given.assign(type="revenue")
        again = [
            str(deal) in set(ours["deal_id"]) and str(kind) != "overlay"
            for deal, kind in zip(kept["deal_id"], kept["type"], strict=True)
        ]
        kept = kept[[not each for each in again]]
        starts = kept["valid_from"] if "valid_from" in kept else [None] * len(kept)
        kept = kept.assign(valid_from=[_day(each) or EVER for each in starts])
        ours = pd.concat([kept.astype(object), ours.astype(object)], ignore_index=True)
    deals: Any = to_pandas(tables["deals"], "deals")
    moved = dict(zip(flight["deal_id"], flight["after"], strict=True))
    owners = [moved.get(str(d), o) for d, o in zip(deals["deal_id"], deals["owner_id"], strict=True)]
    return {**tables, "deals": deals.assign(owner_id=owners), **({"splits": ours} if len(ours) else {})}


def open_on(deal: Any, day: date) -> bool:
    """Whether a deal was created before the day and is not closed before it."""
    created, closed = (_day(getattr(deal, name, None)) for name in ("created_on", "closed_on"))
    if created is not None and created >= day:
        return False
    if closed is None:
        return str(getattr(deal, "outcome", "open")) == "open"
    return closed >= day


def _number(value: Any) -> Decimal:
    """A share as it is written: 0.3 is three tenths, also as a float."""
    try:
        return Decimal(str(value))
    except InvalidOperation:
        return Decimal("NaN")


def _day(value: Any) -> date | None:
    return None if value is None or value != value else pd.Timestamp(value).date()
