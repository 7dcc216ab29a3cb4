"""People who have left: from where they worked it follows whether what they owe is taken from their pay."""

from __future__ import annotations

from datetime import date

from salesops_nb.commission.inputs.ramps import read_careers
from salesops_nb.commission.inputs.tables import Tables, as_day
from salesops_nb.commission.settlement.working import Working
from salesops_nb.core.exit_pay import may_not_net, place_of
from salesops_nb.messages import Message


def left_on(payout: Working, payee: str) -> date | None:
    """The day after the last one that a person worked, if it is known."""
    return read_careers(payout.tables).hired.get(payee, (None, None))[1]


def not_netted(payout: Working, payee: str, before: date) -> Message | None:
    """Why what a person who has left before a day owes is not taken from pay; ``None`` where it is."""
    left = left_on(payout, payee)
    if left is None or left > before:
        return None
    return may_not_net(places(payout.tables).get(payee), payout.exit_netting)


def places(tables: Tables) -> dict[str, str]:
    """Where each person works, by the last row of `people` that says it; read once."""
    return tables.once(("places",), lambda: _places(tables))


def _places(tables: Tables) -> dict[str, str]:
    found: dict[str, str] = {}
    rows = sorted(tables.rows("people"), key=lambda row: as_day(row.get("valid_from")) or date.min)
    for row in rows:
        place = place_of(row.get("country"), row.get("region"))
        if place is not None:
            found[str(row["person_id"])] = place
    return found
