"""How potential and workload come about: formulas in words, and the norms by segment that can be restated."""

from __future__ import annotations

from typing import TYPE_CHECKING

from salesops_nb import present
from salesops_nb.present.language.sentences import ngettext
from salesops_nb.present.language.translation import _

if TYPE_CHECKING:
    from salesops_nb.territory.scope.baseline import Ground
    from salesops_nb.territory.scope.norms import Measured

SPEND = ("segment", "prospects", "expected_spend", "expected_spend_origin", "potential")
WORK = ("segment", "calls", "calls_origin", "minutes", "minutes_origin", "travel", "hours")


def measures(ground: Ground) -> None:
    """The two formulas as they are in force, and the norms they stand on."""
    found = ground.measured
    if found is None:
        return
    present.note(f"{_potential(found)} {_workload(found, ground)}")
    if found.segments.empty:
        present.note(
            _("Neither units nor accounts say a segment, so that there are no norms to restate: map segment "
              "in accounts, or segment and prospects in units.")
        )  # fmt: skip
        return
    present.note(
        _("Each number below can be restated: expected_spend, calls and minutes take them by segment, "
          "as a: 9000, b: 4000.")
    )  # fmt: skip
    norms_table(found)


def norms_table(found: Measured) -> None:
    """The norms by segment, where each comes from, and what they add up to."""
    frame = found.segments.copy()
    origins = {"stated": _("stated"), "learned": _("learned"), "assumed": _("assumed"), "": ""}
    for name in ("expected_spend", "calls", "minutes"):
        frame[f"{name}_origin"] = frame[f"{name}_origin"].map(origins)
    for title, names in ((_("Potential by segment"), SPEND), (_("Workload by segment"), WORK)):
        shown = [n for n in names if frame[n].notna().any() and (n != "travel" or found.travel)]
        present.show_table(frame[shown], title=title, table="norms")


def _potential(found: Measured) -> str:
    return {
        "as given": _("Potential is as the units give it."),
        "segments": _("Potential = prospects × expected spend of their segment a year."),
        "model": _("Potential = each account's own bookings of the last twelve months, drawn towards the "
                   "expected spend of its segment by how far bookings last from one year to the next."),
        "none": _("Nothing says a potential."),
    }[found.potential]  # fmt: skip


def _workload(found: Measured, ground: Ground) -> str:
    if found.workload != "calls":
        return _("Workload is as the units give it.") if found.workload == "as given" else ""
    said = _("Workload = prospects × calls a year × minutes a call / 60, in hours.")
    if not found.travel:
        return f"{said} " + _("No home of a rep is known, so that travel is left out.") * (not found.homes)
    travel = ngettext(
        "Travel is in it: out and back to the home of {n} rep, shared by the visits of a trip.",
        "Travel is in it: out and back to the nearest of {n} reps' homes, shared by the visits of a trip.",
        found.homes,
    )
    return f"{said} {travel} " + _("What is more than a day's drive away is flown to.")
