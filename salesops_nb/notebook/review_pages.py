"""Pages of the performance review for one kind of reader: an executive, a manager, a rep.

The same cells serve all of them; a section that a reader does not get shows nothing, and its heading goes.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd

from salesops_nb import present
from salesops_nb.notebook.still_to_come import Outlook, said
from salesops_nb.present.language.formats import money, percent, short_money
from salesops_nb.present.language.sentences import ngettext, translate
from salesops_nb.present.language.translation import _

if TYPE_CHECKING:
    from salesops_nb.notebook.next_tier import NextTier
    from salesops_nb.performance import Review
    from salesops_nb.source.opened import Workbook

Reader = Literal["executive", "analyst", "manager", "rep"]
OWN = {"company": "analyst", "team": "manager", "rep": "rep"}  # by level, where no audience is named
SECTIONS: dict[str, set[str]] = {
    "executive": {"bridge", "against", "bullets of teams", "trend", "ahead", "behind"},
    "manager": {"people", "trend", "ahead", "calls"},
    "rep": {"own deals", "tier", "trend"},
}
FEW = 8  # rows of a table on a page that is read in a minute
BEHIND = 5  # reps whose gaps are named on the executive's page


def reader_of(audience: str, level: str) -> str:
    """For whom the page is: whom `audience` names, else the reader of the level."""
    return OWN[level] if audience == "by level" else audience


def has(reader: str, section: str) -> bool:
    """Whether a reader's page has a section; the analyst's has all that are not another's alone."""
    if reader == "analyst":
        return section not in {"against", "behind", "people", "own deals", "tier"}
    return section in SECTIONS[reader]


def against(review: Review, reader: str, simulated: bool = False) -> None:
    """The executive's table: teams (of a team, its reps) against target, the furthest behind first."""
    table = review.teams if review.level == "company" else review.people
    if not has(reader, "against") or review.level == "rep" or table.empty:
        return
    frame = _gaps(table)
    columns = ["group", "bookings", "target", "attainment", "gap", "win_rate"]
    _table(frame, columns, _against_what(review), simulated)


def behind(review: Review, reader: str, simulated: bool = False) -> None:
    """The reps furthest behind target, each with what would help: whom to ask about first."""
    if not has(reader, "behind") or review.level != "company" or review.people.empty:
        return
    frame = _gaps(review.people)
    frame = frame[[gap is not None and gap < 0 for gap in frame["gap"]]]
    if frame.empty:
        present.note(_("No rep with a target is behind it."))
        return
    frame["help"] = [help_with(row, review) for row in frame.to_dict("records")]
    left = len(frame) - BEHIND
    _table(frame.head(BEHIND), ["group", "gap", "help"], _("Whom to ask about first"), simulated, left)


def one_on_one(review: Review, reader: str, simulated: bool = False) -> None:
    """The manager's table: each rep in one row, with the latest periods and what to help with."""
    if not has(reader, "people") or review.level == "rep":
        return
    if review.people.empty:
        present.note(_("Nobody of this team has a deal or a target yet."))
        return
    course = review.course("rep")
    frame = _gaps(review.people)
    frame["help"] = [help_with(row, review) for row in frame.to_dict("records")]
    lines = [course.get(str(who), []) for who in frame["id"]]
    ends = [line[-1] if line else Decimal(0) for line in lines]
    frame = frame.assign(recent=pd.Series(ends, dtype=object))
    columns = ["group", "recent", "attainment", "gap", "win_rate", "pipeline", "stale_deals", "help"]
    _table(frame, columns, _("Each rep: the latest six periods, and what to help with"), simulated,
           sparks={"recent": lines})  # fmt: skip


def _gaps(table: pd.DataFrame) -> pd.DataFrame:
    """The groups with what each is above or below what was expected by now, the furthest behind first.

    Of a period that is over that is its target.
    """
    frame = table.assign(group=table["name"], id=table.index)
    expected = [e if t else None for e, t in zip(table["expected"], table["target"], strict=True)]
    gaps = [None if e is None else b - e for b, e in zip(table["bookings"], expected, strict=True)]
    frame["gap"] = pd.Series(gaps, index=table.index, dtype=object)
    order = sorted(range(len(gaps)), key=lambda at: (gaps[at] is None, gaps[at] or 0))
    return frame.iloc[order].reset_index(drop=True)


def _against_what(review: Review) -> str:
    if review.as_of >= review.period.last:
        return _("Against target, the furthest behind first")
    return _("Against what is usual by now on the way to target, the furthest behind first")


def _table(frame: pd.DataFrame, columns: list[str], title: str, simulated: bool, left: int = 0,
           sparks: Any = None) -> None:  # fmt: skip
    kept = [c for c in columns if c in ("group", "help") or frame[c].notna().any()]
    marks = {c: "simulated" for c in ("target", "gap") if simulated and c in kept}
    notes = [ngettext("{n} more rep is behind.", "{n} more reps are behind.", left)] if left > 0 else []
    present.show_table(frame[kept], title=title, table="against", marks=marks, rows=60, notes=notes,
                       sparks={c: v for c, v in (sparks or {}).items() if c in kept})  # fmt: skip


def help_with(row: Any, review: Review) -> str:
    """What would help a rep most, by the first of these that holds; nothing is guessed where none does.

    A win rate that is below that of the whole page by more than chance; live deals that do not cover what
    is missing of a period in progress; more value in stale than in live deals.
    """
    gap, whole = row["gap"], float(review.company["win_rate"])
    missing = row["target"] - row["bookings"] if row["target"] else Decimal(0)
    if not row["won"] + row["lost"] and not row["open_deals"] and not row["stale_deals"]:
        return _("Getting started: no deal yet")
    if row["won"] + row["lost"] and row["win_rate_high"] < whole:
        return _("Winning: {own} of deals won, {all} by all", own=percent(row["win_rate"], 0),
                 all=percent(whole, 0))  # fmt: skip
    if missing > 0 and review.as_of < review.period.last and row["pipeline_due"] < missing:
        return _("Finding deals: {due} due, {missing} missing", due=short_money(row["pipeline_due"]),
                 missing=short_money(missing))  # fmt: skip
    if row["stale_value"] > row["pipeline"]:
        return ngettext("Deciding on {n} stale deal ({amount})", "Deciding on {n} stale deals ({amount})",
                        int(row["stale_deals"]), amount=short_money(row["stale_value"]))  # fmt: skip
    if gap is not None and gap < 0:
        return _("No one cause stands out: ask")
    return "–"


def ahead(workbook: Workbook, review: Review, outlook: Outlook | None, reader: str) -> None:
    """Where a period in progress will end, in words; what is open for later once it is over."""
    if not has(reader, "ahead") or reader == "analyst":
        return
    if outlook is not None:
        present.note(translate(said(outlook, review)))
    table = review.pipeline
    if table.empty:
        present.note(_("No deal is open."))
        return
    columns = ["stage", "deals", "value", "stale_deals", "stale_value"]
    present.show_table(table[columns], title=_("Open deals by stage"), table="pipeline",
                       total={c: sum(table[c], 0) for c in columns[1:]})  # fmt: skip


def own_deals(workbook: Workbook, review: Review, reader: str) -> None:
    """A rep's live deals until they close the gap, then those that are stale and need a decision."""
    if not has(reader, "own deals") or review.level != "rep":
        return
    deals = _open_deals(workbook, review)
    stale = deals["age"] > review.stale_days if review.stale_days is not None else deals["age"] < 0
    live, old = deals[~stale], deals[stale]
    if len(live):
        missing = (review.company["target"] or Decimal(0)) - review.company["bookings"]
        live = live.assign(in_all=live["amount"].cumsum())
        title = _("Your largest live deals")
        notes = []
        if review.as_of < review.period.last and missing > 0:
            due = live[[day is not None and day <= review.period.last for day in live["expected_close_on"]]]
            live = due.assign(in_all=due["amount"].cumsum()) if len(due) else live
            title = _("Deals that close the gap of {missing}", missing=money(missing))
            if live["amount"].sum() < missing:
                notes = [_("Together they do not close it.")]
            else:
                live = live.head(int((live["in_all"] < missing).sum()) + 1)
        _own(live, ["name", "stage", "amount", "in_all", "expected_close_on"], title, notes)
    if len(old):
        _own(old, ["name", "stage", "amount", "age"], _("Stale deals: confirm or close them"))


def _own(frame: pd.DataFrame, columns: list[str], title: str, notes: list[str] | None = None) -> None:
    kept = [c for c in columns if frame[c].notna().any()]
    present.show_table(frame[kept], title=title, table="own_deals", rows=FEW, notes=notes or ())


def _open_deals(workbook: Workbook, review: Review) -> pd.DataFrame:
    """The rep's open deals as they were on the day, the largest first."""
    import narwhals as nw

    from salesops_nb import facts
    from salesops_nb.core.frames import collected
    from salesops_nb.core.names import named

    still = facts.open_deals(workbook.tables, review.as_of)
    found = facts.in_scope(still, workbook.tables, "rep", review.who)
    rows = collected(found.select("deal_id", "account_id", "product_id", "stage", "created_on",
                                  "expected_close_on", amount=nw.col("value")))  # fmt: skip
    accounts, products = (
        named(workbook.tables, kind, rows[f"{kind[:-1]}_id"].fillna("")) for kind in ("accounts", "products")
    )
    # whoever the deal is with, else its own id, so that it can be found
    whose = [account or deal for account, deal in zip(accounts, rows["deal_id"], strict=True)]
    sold = ["" if product == facts.UNKNOWN else product for product in products]
    what = [" · ".join(filter(None, each)) for each in zip(whose, sold, strict=True)]
    days = [(review.as_of - day).days if not pd.isna(day) else 0 for day in rows["created_on"]]
    due = [None if pd.isna(day) else day for day in rows["expected_close_on"]]
    rows = rows.assign(age=days, expected_close_on=pd.Series(due, index=rows.index, dtype=object),
                       name=what)  # fmt: skip
    amounts = [Decimal(0) if pd.isna(amount) else amount for amount in rows["amount"]]
    rows = rows.assign(amount=pd.Series(amounts, index=rows.index, dtype=object))
    return rows.sort_values(["amount", "deal_id"], ascending=[False, True], kind="stable")


def next_commission(tier: NextTier | None, review: Review, reader: str) -> None:
    """What the next tier of a rep's plan pays, to the cent, and what it takes."""
    if not has(reader, "tier") or tier is None or review.as_of >= review.period.last:
        return  # of a period that is over the card says how far away it was
    values = {"component": tier.component, "missing": money(tier.missing, tier.currency)}
    parts = [_("{component}: the next step is {missing} of credit away.", **values)]
    if tier.pays is not None:
        parts.append(_("To be there pays {pays} more.", pays=money(tier.pays, tier.currency, cents=True)))
    if tier.rate is not None:
        parts.append(_("From there on credit pays {rate}.", rate=percent(tier.rate, 2)))
    present.note(" ".join(parts))
