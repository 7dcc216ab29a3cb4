"""The review's groups side by side: teams and reps, their ranking, products and segments."""

from __future__ import annotations

from typing import Any

import pandas as pd

from salesops_nb import present
from salesops_nb.present import formats
from salesops_nb.present.emit import LIVE
from salesops_nb.present.terms import translated
from salesops_nb.present.words import _


def groups(table: pd.DataFrame, title: str, simulated: bool = False, rows: int | None = 60) -> None:
    """Teams or reps, most bookings first: against what was expected, then how they win."""
    if table.empty:
        present.note(_("Nothing is below this level."))
        return
    frame = _shown(table)
    against = [
        "group", "bookings", "target", "attainment", "pace_attainment", "compared_bookings", "pipeline",
        "coverage", "stale_deals",
    ]  # fmt: skip
    winning = [
        "group", "won", "lost", "win_rate", "interval", "win_rate_value", "value_interval", "average_deal",
        "days_to_win", "velocity",
    ]  # fmt: skip
    named = (
        (against, _("{groups}: against target", groups=translated(title))),
        (winning, _("{groups}: how they win", groups=translated(title))),
    )
    for part, name in named:
        columns = [c for c in part if c == "group" or frame[c].notna().any()]
        mark = {c: "simulated" for c in ("target", "attainment") if simulated and c in columns}
        present.show_table(
            frame[columns],
            title=name,
            table="groups",
            marks=mark,
            row_marks={"small sample": frame["small_sample"]},
            rows=rows,
        )


def ranking(table: pd.DataFrame, scope: Any, title: str, level: str = "company") -> None:
    """Win rates drawn towards the common rate, with their intervals, best first; of the company alone."""
    if level != "company":
        return  # nobody's rank stands on a page for one team or person
    known = _shown(table[(table["won"] + table["lost"]) > 0])
    if known.empty:
        present.note(_("No deal was decided in the period, so there is nothing to rank."))
        return
    present.ranking(
        known,
        who="group",
        value="win_rate_eb",
        low="win_rate_eb_low",
        high="win_rate_eb_high",
        reference=float(scope["win_rate"]),
        reference_label=_("all"),
        title=translated(title),
        note=_("Small samples are drawn towards the common rate; overlapping intervals are not told apart."),
    )
    columns = ["group", "won", "lost", "win_rate", "win_rate_eb", "ranks"]
    present.show_table(
        known[columns],
        title=_("Where each may really rank"),
        table="groups",
        row_marks={"small sample": known["small_sample"]},
        notes=_("The rank range holds the true rank with 90 % confidence."),
        # where a page does not turn over, everybody: of many the chart has the ends alone
        rows=60 if LIVE.get() else None,
    )


def mix(table: pd.DataFrame, title: str) -> None:
    """Bookings by product or segment, with the comparison's beside them."""
    frame = table.rename_axis("group").reset_index()
    columns = ["group", "bookings", "share", "compared_bookings", "won", "lost", "win_rate", "average_deal"]
    columns = [c for c in columns if frame[c].notna().any()]
    present.show_table(frame[columns], title=translated(title), table="groups")


def _shown(table: pd.DataFrame) -> pd.DataFrame:
    """A copy with the intervals and rank ranges as text."""
    frame = table.rename_axis("group").reset_index()
    frame["interval"] = _ends(frame, "win_rate_low", "win_rate_high")
    frame["value_interval"] = _ends(frame, "win_rate_value_low", "win_rate_value_high")
    if "rank_low" in frame:
        frame["ranks"] = [
            "–" if pd.isna(a) else f"{int(a)}–{int(b)}"
            for a, b in zip(frame["rank_low"], frame["rank_high"], strict=True)
        ]
    return frame


def _ends(frame: pd.DataFrame, low: str, high: str) -> list[str]:
    pairs = zip(frame[low], frame[high], strict=True)
    return ["–" if pd.isna(a) else f"{formats.percent(a, 0)} – {formats.percent(b, 0)}" for a, b in pairs]
