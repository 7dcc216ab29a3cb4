"""What the targets can be held against: each type of deal apart, retention, and last year's forecast."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pandas as pd

from salesops_nb import present
from salesops_nb.present.language.formats import day, number, short_money
from salesops_nb.present.language.sentences import ngettext
from salesops_nb.present.language.translation import _

if TYPE_CHECKING:
    from salesops_nb.source.opened import Workbook
    from salesops_nb.targets import Basis, TargetPlan
    from salesops_nb.targets.by_type import ByType
    from salesops_nb.targets.earlier import Earlier

EXPANSION, RENEWAL = "expansion", "renewal"


def types(workbook: Workbook, basis: Basis, plan: TargetPlan) -> None:
    """The company's target by type of deal, and what it asks of retention; a sentence where it cannot be."""
    from salesops_nb.targets import by_type

    found = by_type(workbook.tables, basis, plan.summary["company_target"])
    if found is None:
        present.note(_("Deals are of one type or say none (deal_type): nothing is shown by type."))
        return
    table = found.table.assign(deal_type=[name or _("not said") for name in found.table["deal_type"]])
    if found.years and list(table["booked"]) == list(table[found.years[-1]]):
        table = table.drop(columns=found.years[-1])
    past = [year for year in found.years if year in table]
    months = ngettext("{n} month", "{n} months", found.months)
    present.show_table(
        table,
        title=_("New business, expansions and renewals apart"),
        table="target_types",
        formats=dict.fromkeys(past, "money"),
        total={name: sum(table[name], Decimal(0)) for name in (*past, "booked", "target")},
        notes=[
            _("Booked is of {months}, {first} to {last}: {n} won deals.", months=months,
              first=day(found.first), last=day(found.last), n=number(found.deals)),
            _("The company's target is shared as these were booked. The parts sum to it exactly."),
        ],
    )  # fmt: skip
    if found.table["deal_type"].str.casefold().eq(RENEWAL).any():
        retained(workbook, basis, found)


def retained(workbook: Workbook, basis: Basis, found: ByType) -> None:
    """Net and gross revenue retention of last year, and the net retention that the targets ask for."""
    from salesops_nb.performance.retention import SMALL, retention

    kind = workbook.settings.amount_is
    before, through = basis.year.previous(), basis.outlook.company.learned.panel.as_of
    last, now = workbook.tables.once(
        ("targets", "retention", basis.year.key, through),
        lambda: [retention(workbook.tables, each, through, kind) for each in (before, basis.year)],
    )
    if last is None or now is None:
        present.note(
            _(
                "No retention target: it takes amount_is (acv, arr or tcv) in workbook.yml, term_months, and "
                "contracts that ran as {year} began.",
                year=before.key,
            )
        )
        return
    rows: list[tuple[str, float, float | None]] = [(_("Gross revenue retention"), last.gross, last.gross)]
    grown = found.table.loc[found.table["deal_type"].str.casefold() == EXPANSION, "target"]
    notes = [
        _("Gross retention is asked for as it was in {year}.", year=before.key),
        _("Contracts worth {opening} a year run as {year} begins.", opening=short_money(now.opening),
          year=basis.year.key),
    ]  # fmt: skip
    asked = None
    if len(grown) and kind != "tcv":
        asked = last.gross + float(sum(grown, Decimal(0)) / now.opening)
        notes.append(_("To gross retention, net adds the target of expansions over those contracts."))
    else:
        notes.append(_("No net retention is asked for: expansions have no target in yearly value."))
    rows.append((_("Net revenue retention"), last.net, asked))
    if len(last.accounts) < SMALL:
        notes.append(_("These are few accounts: one of them moves the rates much."))
    present.show_table(
        pd.DataFrame(rows, columns=["measure", "last_year", "asked"]),
        title=_("Retention: last year, and what the targets ask for"),
        table="target_retention",
        notes=notes,
    )


def last_forecast(workbook: Workbook, basis: Basis) -> None:
    """Last year's forecast beside what came: as kept with the approved targets, else from its origin."""
    from salesops_nb.targets import earlier

    kept = kept_forecast(workbook, basis.year.previous().key)
    found = earlier(workbook.tables, workbook.calendar, basis)
    if found.why == "year not whole":
        present.note(_("The data do not hold all of {year}: its forecast has nothing to be held against.",
                       year=found.year.key))  # fmt: skip
        return
    rows: list[tuple[Any, ...]] = []
    if kept is not None:
        told = _("As kept with the approved targets, data through {day}", day=day(kept["data_through"]))
        rows.append((told, kept["p10"], kept["p50"], kept["p90"]))
    elif found.why is None:
        rows.append((_("Worked out now from what was dated up to {day}", day=day(found.origin)), found.p10,
                     found.p50, found.p90))  # fmt: skip
    else:
        present.note(_("Last year's forecast was not kept, and none is worked out: {why}", why=_why(found)))
        return
    came = float(found.came)
    columns = ["forecast", "p10", "p50", "p90", "came", "off"]
    frame = pd.DataFrame(
        [(*row, found.came, row[2] / came - 1 if came else None) for row in rows], columns=columns
    )
    inside = rows[0][1] <= came <= rows[0][3]
    notes = [
        _("What came lies within the range of four in five.") if inside else
        _("What came lies outside the range of four in five, as it does in one year of five."),
        _("One year is one trial (n = 1): it says little of the method."),
    ]  # fmt: skip
    if kept is None:
        notes.append(_("No forecast of that day was kept: dates corrected since are in it as they are now."))
    present.show_table(
        frame, title=_("The forecast of {year} beside what came", year=found.year.key),
        table="last_forecast", notes=notes, marks="simulated" if basis.simulated else (),
    )  # fmt: skip


def _why(found: Earlier) -> str:
    if found.why == "people missing":
        return ngettext("{n} owner of bookings of that time is not among the people.",
                        "{n} owners of bookings of that time are not among the people.",
                        found.missing)  # fmt: skip
    if found.why == "no hire dates":
        return _("without everybody's hired_on and left_on nobody knows who was there.")
    return ngettext("{n} month of bookings lies before it, 24 are needed.",
                    "{n} months of bookings lie before it, 24 are needed.", found.months)  # fmt: skip


def forecast_of(workbook: Workbook, basis: Basis) -> dict[str, Any]:
    """The company's forecast as it is kept with approved targets, and the last day that the data knew."""
    low, middle, high = basis.outlook.company.quantiles()
    through = str(workbook.data_through)
    return {"p10": round(low), "p50": round(middle), "p90": round(high), "data_through": through}


def kept_forecast(workbook: Workbook, year: str) -> dict[str, Any] | None:
    """The forecast kept with approved targets of a year: the first from data that ended before it began."""
    from salesops_nb.store.targets import target_approvals

    start = workbook.calendar.period(year).start.isoformat()
    for text in target_approvals(workbook.store, year)["parameters"]:
        kept: dict[str, Any] | None = json.loads(text).get("forecast")
        if kept is not None and kept["data_through"] < start:
            return kept
    return None
