"""The sales process of invented deals, chunk by chunk: stages, changes, reasons and forecast calls."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from salesops_nb.simulate.crm import NOT_A_DAY, Array, stream
from salesops_nb.simulate.invented.around import REGIONS, TEAM, industries, team_of
from salesops_nb.simulate.invented.world import World
from salesops_nb.simulate.process import reasons
from salesops_nb.simulate.process.calls import WEEKS, Leaning, Seen, forecast_calls, mondays, seen
from salesops_nb.simulate.process.planted import NEXT_STEPS, Process
from salesops_nb.simulate.process.pushes import CHANGES_SCHEMA, Values, changes_table
from salesops_nb.simulate.process.walks import HISTORY_SCHEMA, Spans, history_table, walk
from salesops_nb.simulate.tables import identifiers

ROW_GROUP = 250_000
ENGAGING, NEGOTIATING, WON = 1, 2, 3  # the stages of `world.draw`
_MARK = pa.field("simulated", pa.bool_())
_MONEY = pa.decimal128(18, 2)


class WorldProcess:
    """Writes the process of each chunk of deals as it comes, and the calls of everyone at the end."""

    def __init__(
        self, folder: Path, seed: int, world: World, process: Process, leaning: Leaning, stack: ExitStack
    ) -> None:
        self.seed, self.world, self.process, self.leaning, self.folder = seed, world, process, leaning, folder
        self.reps = len(world.hired)
        self.team = team_of(self.reps)
        teams = int(self.team[-1]) + 1
        managers = identifiers("M", np.arange(1, teams + 1), 4)
        self.people = pa.concat_arrays([identifiers("R", np.arange(1, self.reps + 1), 5), managers])
        self.region = np.array(REGIONS)[self.team % len(REGIONS)]
        self.dear = industries(seed, world) == process.price_in
        self.days = mondays(world.last, WEEKS)
        self.seen: list[Array] = [np.zeros((WEEKS, self.reps), dtype=np.int64) for _ in range(6)]
        schemas = {"stage_history": HISTORY_SCHEMA, "deal_changes": CHANGES_SCHEMA}
        self.paths = {name: folder / f"{name}.parquet" for name in (*schemas, "forecast_calls")}
        self.writers = {
            name: stack.enter_context(
                pq.ParquetWriter(
                    self.paths[name], schema.append(_MARK), compression="zstd", compression_level=1
                )
            )
            for name, schema in schemas.items()
        }

    def add(self, columns: dict[str, Array], start: int) -> None:
        """Draw and write the process of a chunk; its columns get reasons, sources, steps and competitors."""
        owner, stage = columns["owner"], columns["stage"]
        stage[stage == NEGOTIATING] = ENGAGING  # the stages inside Engaging say more
        spans = self._spans(columns)
        team = int(self.team[0]) if start == 0 else -1
        way = walk(spans, self.process, stream(self.seed, "stages", start), (self.process.bulk, team))
        ids = identifiers("D", columns["number"], 9)
        manager = self.reps + self.team[owner]
        self._write("stage_history", history_table(way, ids, self.people, owner, self.reps))
        won, lost = spans.won, spans.is_closed & ~spans.won
        rng = stream(self.seed, "reasons", start)
        dear = self.dear[columns["account"]]
        columns["reason"] = reasons.loss_reasons(lost, way.last, dear, self.process, rng)
        columns["competitor"] = reasons.competitors(columns["reason"], lost, won, rng)
        columns["source"] = reasons.sources(won, lost, self.process, rng)
        has_step = columns["is_open"] & ~columns["no_step"]
        columns["next_step"] = np.where(has_step, rng.integers(0, len(NEXT_STEPS), len(owner)), -1)
        listed = np.rint(self.world.price[columns["product"]] * columns["quantity"]).astype(np.int64) * 100
        values = Values(
            columns["cents"],
            listed,
            np.where(columns["is_open"], columns["expected"], NOT_A_DAY),
            columns["next_step"],
            owner,
            manager,
            self._colleagues(owner, columns["created"], rng),
        )
        draws = stream(self.seed, "deal changes", start)
        self._write("deal_changes", changes_table(spans, values, self.process, draws, ids, self.people))
        facts = {
            "owner": owner,
            "engaged": spans.engaged,
            "closed": spans.closed,
            "won": won,
            "cents": columns["cents"],
            "listed": listed,
        }
        found = seen(self.days, self.reps, facts)
        for total, name in zip(self.seen, Seen.__dataclass_fields__, strict=True):
            total += getattr(found, name)

    def finish(self) -> dict[str, Path]:
        """Write the forecast calls; the paths by table."""
        names = self.people.to_pylist()
        made = forecast_calls(
            self.days,
            names,
            self.reps + self.team,
            self.world.hired,
            Seen(*self.seen),
            self.leaning,
            stream(self.seed, "forecast calls"),
        )
        money = {name: pc.cast(pa.array(made[name]), _MONEY) for name in ("commit", "best_case")}
        table = pa.table(made | money | {"simulated": np.ones(len(made["period"]), dtype=bool)})
        pq.write_table(table, self.paths["forecast_calls"], compression="zstd", compression_level=1)
        return self.paths

    def _spans(self, columns: dict[str, Array]) -> Spans:
        """A deal is engaged from its creation, but for those that are still prospected."""
        waiting = columns["stage"] == 0
        return Spans(
            np.where(waiting, columns["created"], NOT_A_DAY),
            np.where(waiting, NOT_A_DAY, columns["created"]),
            np.where(columns["is_open"], NOT_A_DAY, columns["closed"]),
            columns["stage"] == WON,
            self.region[columns["owner"]],
            self.team[columns["owner"]],
            self.world.last,
        )

    def _colleagues(self, owner: Array, created: Array, rng: np.random.Generator) -> Array:
        """Another rep of the owner's team who was hired by then, or -1."""
        first = self.team[owner] * TEAM
        size = np.minimum(TEAM, self.reps - first)
        mate = first + (owner - first + 1 + rng.integers(0, TEAM - 1, len(owner))) % size
        return np.where((mate != owner) & (self.world.hired[mate] <= created), mate, -1)

    def _write(self, name: str, table: pa.Table) -> None:
        marked = table.append_column(_MARK, pa.array(np.ones(table.num_rows, dtype=bool)))
        self.writers[name].write_table(marked, row_group_size=ROW_GROUP)
