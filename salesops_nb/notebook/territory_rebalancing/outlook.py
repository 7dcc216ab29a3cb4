"""What the picked plan does to targets, pay and driving, how long it balances and how sure that is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from salesops_nb import present
from salesops_nb.errors import SalesopsError, problem
from salesops_nb.notebook.territory_rebalancing.parameters import TerritoryRebalancing
from salesops_nb.notebook.territory_rebalancing.words import measure_words
from salesops_nb.present.language.called import called
from salesops_nb.present.language.formats import distance, in_distance, number, percent
from salesops_nb.present.language.sentences import ngettext
from salesops_nb.present.language.translation import _

if TYPE_CHECKING:
    from salesops_nb.territory.effects.targets_and_pay import Past
    from salesops_nb.territory.plans.proposal import Proposal
    from salesops_nb.territory.scope.baseline import Ground

PERIODS = {"month": 12, "quarter": 4, "half": 2, "year": 1}
HALF, HORIZON = 6, 60  # months


def yearly_pay(path: Path) -> Callable[[Decimal, Decimal], Decimal] | None:
    """Commission a year by the plan in a file, from attainment (1 is 100 %) and the year's target.

    None where the plan's periods do not divide a year, or its pay follows from a target incentive that only
    the assignments say. Raises `SalesopsError` where there is no such file.
    """
    from salesops_nb.commission import load_plan
    from salesops_nb.commission.design.pay_curves import needs_target, pay_at

    if not path.is_file():
        raise SalesopsError(
            problem("no-plan.at-place", value=path.name)
        )  # fmt: skip
    plan = load_plan(path)
    times = PERIODS.get(str(plan.file.plan.period))
    if times is None or needs_target(plan):
        return None
    return lambda attainment, target: times * pay_at(plan, attainment * 100, target / times)


def past(ground: Ground, workbook: Any, pay_plan: str = "") -> Past:
    """Targets, bookings of the last twelve months, and the commission plan, where there is one."""
    from salesops_nb.territory.effects.targets_and_pay import read_past

    place = workbook.folder / pay_plan
    usual = TerritoryRebalancing.model_fields["pay_plan"].default
    wanted = pay_plan and (pay_plan != usual or place.is_file())  # a workbook need not have the demo's plan
    year = workbook.calendar.containing(ground.as_of, "year").key
    return read_past(
        workbook.tables, year=year, until=ground.as_of, pay=yearly_pay(place) if wanted else None
    )


def effects(proposal: Proposal, past: Past, simulated: frozenset[str] = frozenset()) -> None:
    """Each rep's target, attainment outlook and commission, before and after."""
    from salesops_nb.territory.effects.targets_and_pay import rep_effects

    frame = rep_effects(proposal, past)
    if frame["target_before"].isna().all():
        present.note(_("There are no targets of these reps for {year}.", year=past.year))
    estimated = [str(name) for name in frame if str(name).endswith("_after")]
    marks = dict.fromkeys(estimated, "estimated")
    if "targets" in simulated:
        marks |= {"target_before": "simulated", "target_after": "simulated"}
    for title, names, note in (
        (_("Targets and attainment"), ("target", "attainment"),
         _("Targets are shared out again by potential, their total unchanged. Attainment is the outlook over "
           "the target.")),
        (_("Bookings and commission"), ("outlook", "commission"),
         _("The outlook is the bookings of the last twelve months: a rep keeps the own yield on units kept "
           "and takes the mean on those gained. Commission is the plan's pay at that attainment in every "
           "period alike.")),
    ):  # fmt: skip
        columns = [f"{name}_{when}" for name in names for when in ("before", "after")]
        shown = [c for c in columns if frame[c].notna().any()]
        if shown:
            present.show_table(
                frame[["rep", *shown]],
                title=title,
                table="effects",
                marks={name: mark for name, mark in marks.items() if name in shown},
                total=_totals(frame, shown),
                notes=[note],
                rows=80,
            )


def _totals(frame: Any, shown: list[str]) -> dict[str, Decimal]:
    """What the reps' money adds up to, by column."""
    return {
        name: sum((value for value in frame[name] if value is not None), Decimal(0))
        for name in shown
        if "attainment" not in name
    }


def driving(proposal: Proposal) -> None:
    """Mean one-way road distance from each rep's centre to the units, before and after."""
    from salesops_nb.territory.effects.driving_and_duration import drive_distances

    frame = drive_distances(proposal.plan)
    measured = {name: [in_distance(km) for km in frame[name]] for name in ("before_km", "after_km")}
    unit = _("km") if in_distance(1.0) == 1.0 else _("miles")
    present.show_table(
        frame.assign(**measured),
        title=_("Drive distance"),
        table="driving",
        labels={"before_km": _("Before, {unit}", unit=unit), "after_km": _("After, {unit}", unit=unit)},
        marks={"before_km": "estimated", "after_km": "estimated"},
        rows=80,
        notes=[
            _("One way from the territory's centre, weighted by potential; great circle × 1.3 for roads."),
            *_over_all(frame.attrs),
        ],
    )


def _over_all(means: Mapping[Any, Any]) -> list[str]:
    """The mean over all units, before and after."""
    before, after = (means.get(f"{when}_km", float("nan")) for when in ("before", "after"))
    if before != before or after != after:
        return []
    return [_("Over all units: {before} before, {after} after.", before=distance(before, 1),
              after=distance(after, 1))]  # fmt: skip


def how_long(proposal: Proposal) -> tuple[int | None, pd.DataFrame] | None:
    """Whole months in balance if growth goes on, and the path there; None where the units name no growth."""
    from salesops_nb.territory.effects.driving_and_duration import months_in_balance

    units = proposal.units
    if "growth" not in units or units["growth"].isna().all():
        return None
    growth = dict(zip(units["unit_id"], units["growth"].fillna(0.0), strict=True))
    return months_in_balance(proposal.plan, growth, horizon=HORIZON)


def how_sure(proposal: Proposal, spread: float) -> dict[str, Any]:
    """How far the balance is certain, since potential is an estimate."""
    from salesops_nb.territory.effects.driving_and_duration import balance_certainty

    return balance_certainty(proposal.plan, spread)


def lasting(proposal: Proposal, lasts: tuple[int | None, pd.DataFrame] | None) -> None:
    """How long until the plan is out of balance if growth goes on."""
    if lasts is None:
        present.note(
            _("The units name no growth, so nothing says how long the balance lasts: equal growth everywhere "
              "keeps it. Add a column growth (a year, as 0.05) to units.")
        )  # fmt: skip
        return
    months, path = lasts
    if months is None:
        found = _("If growth goes on, the plan stays in balance for five years")
    else:
        rep = called(str(path.loc[path["month"] == months, "rep"].iloc[0]))
        found = ngettext(
            "If growth goes on, {rep} is out of balance after {n} month",
            "If growth goes on, {rep} is out of balance after {n} months",
            months,
            rep=rep,
        )
    measure = next(iter(proposal.tolerance))
    halves = path[path["month"] % HALF == 0]
    present.trend(
        halves.assign(month=halves["month"].astype(str)), "month", "imbalance", unit="percent",
        limits={"upper": proposal.tolerance[measure]}, title=found,
        subtitle=_("Distance of the furthest rep from a fair load of {measure}, by months ahead",
                   measure=measure_words(measure)),
        note=_("Above the line: out of the tolerance. Growth as the units name it."),
    )  # fmt: skip


def certainty(sure: dict[str, Any]) -> None:
    """How far the balance is certain, since potential is an estimate."""
    present.note(
        _("Potential is an estimate: the chance that all reps are truly within the tolerance is {within}. "
          "The largest true distance is between {low} and {high}, four times in five.",
          within=percent(sure["within"]), low=percent(sure["p10"]), high=percent(sure["p90"]))
    )  # fmt: skip
    present.show_table(
        sure["reps"],
        title=_("How far each rep's balance is certain"),
        table="certainty",
        marks={"p10": "estimated", "p90": "estimated", "within": "estimated"},
    )


def estimated(spread: float) -> None:
    """What the certainty rests on, for the appendix."""
    present.note(
        _("How sure the balance is: each unit's potential is off by a factor of its own, with a standard "
          "deviation of {spread} of its logarithm (σ), in 1,000 draws.", spread=number(spread))
    )  # fmt: skip
