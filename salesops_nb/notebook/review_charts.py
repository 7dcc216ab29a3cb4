"""Charts of a review: target against actual of each, attainment before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from salesops_nb import present
from salesops_nb.notebook.review_pages import has
from salesops_nb.performance.attained import attainment_history
from salesops_nb.present.charts.findings_of_plans import attained, pace
from salesops_nb.present.language.formats import short_money
from salesops_nb.present.language.translation import _

if TYPE_CHECKING:
    from salesops_nb.performance import Review
    from salesops_nb.performance.prepared import Prepared


def against_target(
    review: Review, reader: str, of: Literal["teams", "people"], simulated: bool = False
) -> None:
    """Bookings against target of each team or rep; nothing where nobody has one, or of one alone.

    In a period in progress they stand against what the pace of the target expects by now.
    """
    table = getattr(review, of)
    if not has(reader, f"bullets of {of}") or table.empty or table["target"].notna().sum() < 2:
        return
    frame = table[["name", "bookings", "target", "expected"]]
    if of == "teams":
        frame = frame.assign(name=[_("Team {name}", name=name) for name in frame["name"]])
    there = frame[frame["expected"].notna()]
    names = list(frame["name"])
    booked, due = ([float(v) if v is not None else float("nan") for v in frame[c]]
                   for c in ("bookings", "expected"))  # fmt: skip
    if (there["expected"] == there["target"]).all():  # the period is over
        present.bullet(
            frame, "name", "bookings", "target", subtitle=_("Bookings against target"), simulated=simulated,
            note=_("Bars: bookings, hatched where short; upright lines: target."),
        )  # fmt: skip
    elif (found := pace(names, booked, due, short_money)) != "":
        present.bullet(
            frame, "name", "bookings", "expected", title=found, simulated=simulated,
            subtitle=_("Bookings against the pace of the target"),
            note=_("Bars: bookings, hatched where behind; upright lines: what the pace of the target expects "
                   "by now."),
        )  # fmt: skip


def attainment(made: Prepared, review: Review, simulated: bool = False) -> None:
    """Attainment of the periods before; nothing where there are fewer than two with a target."""
    found = attainment_history(made, review)
    if len(found) < 2:
        return
    present.columns(
        found, "period", "attainment", unit="percent", reference=1.0, reference_label=_("target"),
        title=attained(list(found["period"]), list(found["attainment"])),
        subtitle=_("Bookings over target, by period"), simulated=simulated,
    )  # fmt: skip
