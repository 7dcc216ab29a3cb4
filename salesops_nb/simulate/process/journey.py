"""The demo's sales process: the simulators of stages, changes and reasons upon the export's real spans."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from salesops_nb.simulate.crm import Array, Crm, stream
from salesops_nb.simulate.process import reasons
from salesops_nb.simulate.process.planted import COMPETITORS, LOSS_REASONS, NEXT_STEPS, SOURCES, Process
from salesops_nb.simulate.process.pushes import Values, changes_table
from salesops_nb.simulate.process.walks import Spans, Walk, history_table, walk

Columns = dict[str, Any]
BULK_BY = "Summer Sewald"  # the manager who moved deals of her team together


class Journey:
    """The export's deals as the simulators want them, and the ways that were drawn for them."""

    def __init__(self, crm: Crm, prospected: Array, seed: int, truth: Process) -> None:
        agents, managers = crm.agents["agent"].astype(str), crm.agents["manager"].astype(str)
        self.people = [*agents, *np.unique(managers)]
        at = {name: i for i, name in enumerate(self.people)}
        self.owner = np.array([at[str(name)] for name in crm.deals["agent"]])
        self.manager_of = np.array([at[name] for name in managers])
        self.crm, self.seed, self.truth = crm, seed, truth
        deals = crm.deals
        self.won, self.lost = deals["stage"] == "Won", deals["stage"] == "Lost"
        region = crm.agents["region"].astype(str)[self.owner]
        self.spans = Spans(
            prospected,
            deals["engaged"],
            deals["closed"],
            self.won,
            region,
            self.manager_of[self.owner],
            crm.through,
        )
        bulk = (truth.bulk, at[BULK_BY]) if BULK_BY in at else None
        self.walk: Walk = walk(self.spans, truth, stream(seed, "stages"), bulk)
        self.bulk_by = at.get(BULK_BY)

    def stage_history(self) -> pa.Table:
        """Each stage a deal entered; the last one has no end."""
        return history_table(self.walk, self._ids(), pa.array(self.people), self.owner, self.bulk_by)

    def deals_more(self, next_steps: Array) -> Columns:
        """Source, kind of sale, loss reason, competitor and next step, by the order of the deals."""
        deals, truth = self.crm.deals, self.truth
        sector = dict(zip(self.crm.accounts["account"], self.crm.accounts["sector"], strict=True))
        dear = np.array([sector.get(account) == truth.price_in for account in deals["account"]])
        why = reasons.loss_reasons(self.lost, self.walk.last, dear, truth, stream(self.seed, "loss reasons"))
        to = reasons.competitors(why, self.lost, self.won, stream(self.seed, "competitors"))
        source = reasons.sources(self.won, self.lost, truth, stream(self.seed, "sources"))
        begun = np.where(self.spans.is_engaged, self.spans.engaged, self.spans.prospected)
        return {
            "source": words(source, SOURCES),
            "deal_type": reasons.deal_types(self.crm, begun),
            "loss_reason": words(why, LOSS_REASONS),
            "competitor": words(to, COMPETITORS),
            "next_step": words(next_steps, NEXT_STEPS),
        }

    def deal_changes(self, more: Columns, hired: Array, next_steps: Array) -> pa.Table:
        """What was changed on the deals, up to the values of `more` and of the export."""
        deals = self.crm.deals
        listed = np.array([self.crm.prices[str(name)] for name in deals["product"]]) * 100
        manager = self.manager_of[self.owner]
        values = Values(
            deals["value"].astype(np.int64) * 100,
            listed,
            more["expected_close_on"],
            next_steps,
            self.owner,
            manager,
            self._colleagues(hired),
        )
        rng = stream(self.seed, "deal changes")
        return changes_table(self.spans, values, self.truth, rng, self._ids(), pa.array(self.people))

    def next_steps(self, next_step_on: Array) -> Array:
        """The next step of each deal that has a day for it, as a position in `NEXT_STEPS`."""
        drawn = stream(self.seed, "next steps").integers(0, len(NEXT_STEPS), len(next_step_on))
        return np.where(np.isnat(next_step_on), -1, drawn)

    def _colleagues(self, hired: Array) -> Array:
        """For each deal somebody of the owner's team who sold already when it was prospected, or -1."""
        drawn = stream(self.seed, "colleagues").random(len(self.owner))
        active = np.unique(self.owner)
        found = np.full(len(self.owner), -1)
        for i, owner in enumerate(self.owner):
            team = active[(self.manager_of[active] == self.manager_of[owner]) & (active != owner)]
            team = team[hired[team] <= self.spans.prospected[i]]
            if len(team):
                found[i] = team[int(drawn[i] * len(team))]
        return found

    def _ids(self) -> pa.Array:
        return pa.array(self.crm.deals["id"].astype(str))


def words(codes: Array, names: tuple[str, ...]) -> list[str | None]:
    """Names by position; -1 is a gap."""
    return [names[code] if code >= 0 else None for code in codes]
