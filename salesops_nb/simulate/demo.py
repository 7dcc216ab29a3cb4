"""All tables that complete the demo's CRM export, from one seed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from salesops_nb.errors import SalesopsError, problem
from salesops_nb.simulate.accounts import crm_use, places
from salesops_nb.simulate.accounts.book import book
from salesops_nb.simulate.accounts.dirty_accounts import dirty_accounts
from salesops_nb.simulate.crm import SEED, Crm, read_crm
from salesops_nb.simulate.people import alerting, cases, employment, figures, pay, recruiting, staff
from salesops_nb.simulate.process import calls, journey, life, touches
from salesops_nb.simulate.process.planted import Process
from salesops_nb.simulate.tables import marked

PROCESS, LEANING, LOGGING = Process(), calls.Leaning(), touches.Logging()


def demo(
    crm_folder: Path | str,
    seed: int = SEED,
    *,
    process: Process = PROCESS,
    leaning: calls.Leaning = LEANING,
    logging: touches.Logging = LOGGING,
) -> dict[str, pa.Table]:
    """The simulated tables that complete the demo, by name, from its CRM export.

    `process`, `leaning` and `logging` are what is planted in the sales process, the forecast calls and the
    activities; docs/simulated.md tells what it is by default.
    Each has a column `simulated` that is true, and its rows in a fixed order. They agree with the export: a
    deal's stages end in its stage, activities are its owner's and lie in its life, agents are hired before
    their first deal, targets add up from rep to company. The dirty accounts and the book stand by themselves.
    Raises `SalesopsError` where the folder lacks a file of the export.

    Examples
    --------
    >>> from salesops_nb import simulate
    >>> tables = simulate.demo("data")
    >>> list(tables)[:4]
    ['deals_more', 'stage_history', 'deal_changes', 'forecast_calls']
    >>> tables["vacancies"].num_rows
    49
    """
    crm = read_crm(Path(crm_folder))
    wrong = process.misplaced(map(str, crm.agents["region"]), map(str, crm.accounts["sector"]))
    if wrong:
        raise SalesopsError(
            problem("bad-simulation.demo-places", value=wrong[0], wrong='; '.join(wrong))
        )  # fmt: skip
    prospected = life.prospecting_days(crm, seed)
    dates = staff.people_dates(crm, prospected, seed)
    more = staff.people_more(crm, seed)
    moved, leave = employment.moves(more, seed), employment.leave(crm, dates, seed)
    targets = figures.targets(crm, dates, seed)
    vacancies = staff.vacancies(crm, dates, more, seed)
    history = figures.bookings_history(crm, dates, more, moved, leave, seed)
    more_of_deals = life.deals_more(crm, prospected, seed)
    way = journey.Journey(crm, prospected, seed, process)
    next_steps = way.next_steps(more_of_deals["next_step_on"])
    touched = touches.touches(crm, prospected, life.activities(crm, prospected, seed), seed, logging)
    manager = dict(zip(crm.agents["agent"].astype(str), crm.agents["manager"].astype(str), strict=True))
    changes = way.deal_changes(more_of_deals, dates["hired_on"], next_steps)
    tables = {
        "deals_more": more_of_deals | way.deals_more(next_steps),
        "stage_history": employment.stood_in(way.stage_history(), "entered_at", leave, manager),
        "deal_changes": employment.stood_in(changes, "changed_at", leave, manager),
        "forecast_calls": calls.demo_calls(
            crm, way.people, way.owner, way.manager_of, dates["hired_on"], leaning, seed
        ),
        "activities": employment.at_work(touched, leave, "happened_at"),
        "people_dates": employment.people_dates(dates, more, seed),
        "people_more": employment.people_rows(more, moved),
        "leave": leave,
        "vacancies": vacancies,
        "accounts_places": places.accounts_places(crm, seed),
        "targets": {name: [*targets[name], *more_] for name, more_ in pay.quotas(targets).items()},
        "plan_assignments": pay.plan_assignments(crm, dates, more, seed),
        "splits": pay.splits(crm, seed),
        "bookings_history": history,
        **recruiting.recruiting(crm, vacancies, seed),
        **cases.cases(crm, seed),
        **alerting.alerts(crm, targets, history, seed),
    }
    tables |= _crm_health(crm, dates, more, leave, seed) | book(seed)
    return {name: _arrow(columns) for name, columns in tables.items()}


def _crm_health(
    crm: Crm, dates: dict[str, Any], more: dict[str, Any], leave: dict[str, Any], seed: int
) -> dict[str, dict[str, Any]]:
    """How the CRM is used, and a copy of accounts with duplicates beside its truth."""
    people = crm_use.contacts(crm, seed)
    fields = crm_use.field_use(crm, people)
    dirty, truth = dirty_accounts(crm, seed)
    return {
        "contacts": people,
        "logins": employment.at_work(crm_use.logins(crm, dates, more, seed), leave, "day"),
        "field_use": fields,
        "picklist_use": crm_use.picklist_use(crm, people, fields),
        "accounts_dirty": dirty,
        "accounts_dirty_truth": truth,
    }


def _arrow(columns: dict[str, Any] | pa.Table) -> pa.Table:
    if not isinstance(columns, pa.Table):
        columns = pa.table({name: _column(values) for name, values in columns.items()})
    return marked(columns)


def _column(values: Any) -> pa.Array:
    if isinstance(values, np.ndarray) and values.dtype.kind not in "OU":
        return pa.array(values)
    plain = [None if v is None else str(v) if isinstance(v, str) else v for v in values]
    return pa.array(plain)
