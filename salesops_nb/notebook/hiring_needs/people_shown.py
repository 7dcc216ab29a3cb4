"""Who is there: capacity by cohort, leavers and backfills, start classes, managers and support."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pandas as pd

from salesops_nb import hiring, present
from salesops_nb.hiring.headcount import cohorts as of
from salesops_nb.hiring.headcount.leavers import reasons
from salesops_nb.notebook.hiring_needs.rounding import adding_up
from salesops_nb.present.language.formats import number, percent
from salesops_nb.present.language.translation import _

if TYPE_CHECKING:
    from salesops_nb.hiring import HiringPlan

WIDEST = 6  # quarters that stand side by side


def cohorts(plan: HiringPlan) -> None:
    """Capacity by quarter and cohort, with the plan and with nobody hired."""
    title = _("Capacity by quarter and cohort, with the plan")
    notes = [_("FTE: start + hires − leavers = end. Ramped FTE: heads by their share of full output, the "
               "mean of the quarter. Capacity: ramped FTE × bookings per ramped FTE.")]  # fmt: skip
    frame = _written(hiring.cohorts(plan))
    present.show_table(
        frame.drop(columns="total"), title=title, table="heads_by_cohort", notes=notes, rows=60
    )
    if plan.counts.any() or plan.replace_leavers:
        frame = _written(hiring.cohorts(plan, nobody=True))
        frame = frame.sort_values("total", ascending=False, kind="stable", ignore_index=True)
        present.show_table(
            frame.drop(columns="total"), title=_("The same with nobody hired"), table="heads_by_cohort",
            rows=int(frame["total"].sum()), notes=[_("The cohorts are in the spreadsheet.")],
        )  # fmt: skip


def _written(frame: pd.DataFrame) -> pd.DataFrame:
    """The table as the page has it, with a column that says which rows are totals."""
    total = frame["cohort"] == of.ALL
    flows = ["starting", "hires", "leavers", "ending", "ramped", "capacity"]
    frame = frame.assign(capacity=adding_up(frame["capacity"], frame["quarter"], total), total=total,
                         cohort=[_cohort(name) for name in frame["cohort"]])  # fmt: skip
    frame = frame[(frame[flows] != Decimal(0)).any(axis=1)]  # a class may be less than a tenth of a head
    return frame.drop(columns="target") if frame["target"].isna().all() else frame


def _cohort(name: str) -> str:
    known = {of.TODAY: _("Today's people"), of.ACCEPTED: _("Accepted hires"), of.SEATS: _("Open seats"),
             of.REPLACEMENTS: _("Replacements"), of.ALL: _("All")}  # fmt: skip
    return known.get(name) or _("Hires of {quarter}", quarter=name)


def leavers(plan: HiringPlan, workbook: Any) -> None:
    """Expected leavers and backfills by team and quarter, then how heads moved in the last four quarters."""
    frame, known = hiring.leavers(plan), plan.trial.pool.learned
    sums = frame[["joining", "backfills", "leavers", "transfers_out"]].sum()
    today = frame.loc[frame["quarter"] == frame["quarter"].iloc[0], "starting"].sum()
    why = reasons(plan.tables, known.panel)
    said = {"leavers": number(sums["leavers"], 1), "today": number(today, 1),
            "share": percent(float(sums["leavers"] / today), 0) if today else "–",
            "backfills": number(sums["backfills"], 1),
            "transfers": number(sums["transfers_out"], 1)}  # fmt: skip
    present.note(
        _("Expected to leave: {leavers} of {today} FTE ({share}) to the horizon's end, beside {transfers} "
          "transfers out. Opened at once, {backfills} of these seats are filled again by then.", **said)
    )  # fmt: skip
    notes = [_("FTE: start + seats filled + backfills − leavers by quarter − transfers out = end; "
               "voluntary are among the leavers. Hires of the plan belong to no team yet.")]  # fmt: skip
    if why.voluntary is None:
        notes.append(_("Why people left is known of {n}: too few to tell voluntary leavers or transfers "
                       "apart.", n=why.known))  # fmt: skip
        frame = frame.drop(columns=["voluntary", "transfers_out"])
    else:
        notes.append(
            _("Voluntary and transfers as their shares of {n} exits whose reason is known.", n=why.known)
        )
    quarters = list(dict.fromkeys(frame["quarter"]))
    title = _("Expected leavers and backfills, by team and quarter")
    if len(quarters) > WIDEST:
        present.show_table(frame, title=title, table="headcount", notes=notes)
    else:
        wide = _side_by_side(frame, quarters)
        totals = {name: wide[name].sum() for name in wide.columns if name != "team"}
        present.show_table(wide, title=title, table="headcount", notes=notes, total=totals,
                           formats=dict.fromkeys(quarters, "tenths"), rows=60)  # fmt: skip
    _moves(plan, workbook)


def _side_by_side(frame: pd.DataFrame, quarters: list[str]) -> pd.DataFrame:
    """A row a team: leavers by quarter side by side, the rest over all of them."""
    rows: list[dict[str, Any]] = []
    for team, mine in frame.groupby("team", sort=True):
        each = dict(zip(mine["quarter"], mine["leavers"], strict=True))
        sums = {name: mine[name].sum() for name in ("joining", "backfills", "voluntary", "transfers_out")
                if name in mine}  # fmt: skip
        rows.append({
            "team": team, "starting": mine["starting"].iloc[0], "joining": sums["joining"],
            "backfills": sums["backfills"], **{q: each.get(q, Decimal(0)) for q in quarters},
            **{name: sums[name] for name in ("voluntary", "transfers_out") if name in sums},
            "ending": mine["ending"].iloc[-1],
        })  # fmt: skip
    return pd.DataFrame(rows)


def _moves(plan: HiringPlan, workbook: Any) -> None:
    """Each team's heads over the last four quarters."""
    moved = hiring.moves(plan.tables, plan.trial.pool.learned.panel, workbook.calendar)
    if moved.empty:
        return
    first, last = moved["quarter"].iloc[0], moved["quarter"].iloc[-1]
    flows = ["hires", "transfers_in", "leavers", "voluntary", "transfers_out"]
    sums = moved.groupby("team")[flows].sum()
    at = {}
    for name, key in (("starting", first), ("ending", last)):
        mine = moved[moved["quarter"] == key].set_index("team")[name]
        at[name] = mine.reindex(sums.index).fillna(0).astype(int)
    wide = sums.assign(**at).reset_index()[["team", "starting", *flows, "ending"]]
    present.show_table(
        wide,
        title=_("How heads moved from {first} to {last}", first=first, last=last),
        table="head_moves",
        total={name: int(wide[name].sum()) for name in wide.columns if name != "team"},
        notes=[_("A transfer is no leaver; voluntary are among the leavers.")],
    )


def classes(plan: HiringPlan, days: tuple[str, ...]) -> None:
    """When the plan's hires are expected to start, by class."""
    if not plan.counts.any():
        return
    frame = hiring.start_classes(plan, [int(day) for day in days])
    named = [present.day(day) if not pd.isna(day) else _("After the horizon") for day in frame["starts_on"]]
    present.show_table(
        frame.assign(starts_on=named),
        title=_("Start classes"),
        table="start_classes",
        total={"hires": sum(frame["hires"], Decimal(0))},
        notes=[
            _("Expected starts, each in the class nearest to it: how long a seat takes to fill is uncertain.")
        ],
    )


def support(plan: HiringPlan, asked: Any) -> None:
    """Reps per manager, sales engineer and SDR, and when the next of them is due."""
    found = hiring.support(plan, {"manager": asked.span, "se": asked.per_se, "sdr": asked.per_sdr})
    if found.empty:
        return
    known = {"manager": _("Managers"), "se": _("Sales engineers"), "sdr": _("SDRs")}
    empty = [name for name in ("asked", "needed", "more", "due") if found[name].isna().all()]
    unasked = _("span, per_se and per_sdr say how many reps each may have at most: then the page says "
                "when the next is due.")  # fmt: skip
    present.show_table(
        found.assign(support=[known[kind] for kind in found["support"]]).drop(columns=empty),
        title=_("Managers and support"),
        table="support",
        notes=[unasked] if "asked" in empty else [],
    )
