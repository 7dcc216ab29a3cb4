"""Commission at scale: the calculator against hand-written SQL and against a Python loop over rows.

``python bench/commission.py [N] [RUNS]``: N credits (10,000,000 by default) of 10,000 reps, four
marginal tiers over quota, a cap, and deals split in two; the same lines with their explanations'
numbers, both written to Parquet, each in a fresh process, start-up and checks of the input included.
The two take turns RUNS times (3 by default) and the medians count. The last line is JSON: ``vs_sql``
(time of the calculator ÷ time of the SQL), ``cpu_vs_sql`` (the same of processor time, which other
work on the machine moves less), ``vs_rows`` (rows a second of the calculator ÷ of the loop,
which reads the credits of some reps ready joined), ``peak_gib`` (most memory the calculator held).
``same`` says that every number of every line agrees.
"""

from __future__ import annotations

import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

REPS, CAP = 10_000, 20_000
TIERS = ((0, "0.05"), (50, "0.08"), (100, "0.10"), (130, "0.12"))
HEAD = {
    "id": "bench",
    "version": 1,
    "from": "2026-01-01",
    "to": "2026-12-31",
    "currency": "USD",
    "period": "quarter",
}
PLAN = {
    "plan": HEAD,
    "credit": {"event": "booked", "splits": {"apply_to": "credit"}},
    "quota": {"attained_by": "booked", "if_zero": "attainment_0"},
    "components": [
        {
            "id": "base",
            "scope": "running_total",
            "table": {
                "mode": "marginal",
                "unit": "pct_of_quota",
                "rows": [{"from": start, "rate_pct": str(Decimal(rate) * 100)} for start, rate in TIERS],
            },
            "limits": {"cap": CAP, "per": "period", "excess": "forfeit"},
        }
    ],
}
SQL = f"""
COPY (
WITH credit AS (
  SELECT e.event_id, e.deal_id, e.happened_on, coalesce(s.person_id, d.owner_id) AS payee_id,
         (e.amount::DECIMAL(24,8) * coalesce(s.share, 1)::DECIMAL(14,12))::DECIMAL(38,10) AS x
  FROM 'EVENTS' e JOIN 'DEALS' d USING (deal_id)
  LEFT JOIN (SELECT deal_id, person_id, (share / 100)::DECIMAL(14,12) AS share FROM 'SPLITS') s USING (deal_id)
  WHERE e.kind = 'booked' AND e.happened_on >= DATE '2026-01-01' AND e.happened_on < DATE '2026-04-01'
), run AS (
  SELECT c.*, q.value::DECIMAL(38,10) AS quota,
         (sum(x) OVER (PARTITION BY payee_id ORDER BY happened_on, event_id
                       ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW))::DECIMAL(38,10) AS after
  FROM credit c JOIN 'TARGETS' q ON q.who = c.payee_id
), pay AS (
  SELECT *, (after - x)::DECIMAL(38,10) AS before, TIER_AFTER AS f_after, TIER_BEFORE AS f_before FROM run
), capped AS (
  SELECT *, least(f_after, {CAP})::DECIMAL(38,10) AS p_after, least(f_before, {CAP})::DECIMAL(38,10) AS p_before FROM pay
)
SELECT 'bench.1/base/' || payee_id || '/' || event_id || '/commission/2026-Q1' AS line_id, '2026-Q1' AS period,
       payee_id, 'bench' AS plan_id, 1::BIGINT AS plan_version, 'base' AS component_id, deal_id, event_id,
       'commission' AS kind, x AS credit, before, 1::DECIMAL(38,10) AS factor, (f_after - f_before)::DECIMAL(38,10) AS raw,
       (p_after::DECIMAL(38,2) - p_before::DECIMAL(38,2))::DECIMAL(38,4) AS amount, 'USD' AS currency,
       NULL::VARCHAR AS source_line_id, happened_on
FROM capped WHERE p_after::DECIMAL(38,2) <> p_before::DECIMAL(38,2)
) TO 'OUT' (FORMAT parquet, COMPRESSION zstd)
"""


def tier_sql(position: str) -> str:
    """The four tiers over a position, every product cast back."""
    parts = []
    for i, (start, rate) in enumerate(TIERS):
        step = Decimal(rate) - Decimal(TIERS[i - 1][1] if i else 0)
        over = f"greatest({position} - (quota * {start} / 100)::DECIMAL(38,10), 0)" if i else position
        parts.append(f"(({over})::DECIMAL(24,10) * {step}::DECIMAL(13,8))::DECIMAL(38,10)")
    return f"({' + '.join(parts)})::DECIMAL(38,10)"


def connect():
    import duckdb

    con = duckdb.connect()
    con.execute("SET memory_limit = '2500MB'")
    con.execute("SET preserve_insertion_order = false")
    con.execute(f"SET temp_directory = '{tempfile.gettempdir()}/salesops_bench_spill'")
    return con


def make(folder: Path, credits: int) -> None:
    """Deals of two shares each, so that there are as many credits as asked."""
    con = connect()
    deals = credits // 2
    amount = "((hash(i * 7) % 90000 + 1000) / 100)::DECIMAL(18,2)"
    day = "DATE '2026-01-01' + (hash(i) % 90)::INT"
    rep = f"'r' || lpad(((hash(i * 3) % {REPS}))::VARCHAR, 5, '0')"
    second = f"'r' || lpad(((hash(i * 3) % {REPS} + 1 + hash(i * 5) % {REPS - 1}) % {REPS})::VARCHAR, 5, '0')"
    for name, query in {
        "deals": f"SELECT 'd' || lpad(i::VARCHAR, 8, '0') AS deal_id, {rep} AS owner_id, {amount} AS amount, 'won' AS outcome, {day} AS closed_on FROM range({deals}) t(i)",
        "events": f"SELECT 'e' || lpad(i::VARCHAR, 8, '0') AS event_id, 'd' || lpad(i::VARCHAR, 8, '0') AS deal_id, 'booked' AS kind, {day} AS happened_on, {amount} AS amount FROM range({deals}) t(i)",
        "splits": f"SELECT 'd' || lpad(i::VARCHAR, 8, '0') AS deal_id, {rep} AS person_id, 60::DECIMAL(9,4) AS share FROM range({deals}) t(i) UNION ALL SELECT 'd' || lpad(i::VARCHAR, 8, '0'), {second}, 40 FROM range({deals}) t(i)",
        "targets": f"SELECT 'rep' AS level, 'r' || lpad(i::VARCHAR, 5, '0') AS who, 'quota' AS metric, '2026-Q1' AS period, ({credits} / {REPS} * (150 + i % 200))::DECIMAL(18,2) AS value FROM range({REPS}) t(i)",
    }.items():
        con.execute(f"COPY ({query}) TO '{folder / name}.parquet' (FORMAT parquet)")


def ours(folder: Path) -> None:
    from salesops_nb import commission

    con = connect()
    tables = {
        n: con.read_parquet(str(folder / f"{n}.parquet")) for n in ("deals", "events", "splits", "targets")
    }
    payout = commission.calculate(commission.load_plan(PLAN), tables, "2026-Q1")
    payout.write_lines(folder / "ours.parquet")


def by_hand(folder: Path) -> None:
    query = SQL.replace("TIER_AFTER", tier_sql("after")).replace("TIER_BEFORE", tier_sql("(after - x)"))
    for name in ("events", "deals", "splits", "targets"):
        query = query.replace(f"'{name.upper()}'", f"'{folder / name}.parquet'")
    connect().execute(query.replace("'OUT'", f"'{folder / 'sql.parquet'}'"))


def sample(folder: Path) -> None:
    """The credits of some reps, joined and in order, for the loop to read."""
    connect().execute(
        f"COPY (SELECT s.person_id, e.event_id, e.deal_id, e.happened_on, e.amount * s.share / 100 AS x, "
        f"q.value AS quota FROM '{folder}/events.parquet' e JOIN '{folder}/splits.parquet' s USING (deal_id) "
        f"JOIN '{folder}/targets.parquet' q ON q.who = s.person_id WHERE s.person_id < 'r00200' "
        f"ORDER BY person_id, happened_on, event_id) TO '{folder}/sample.parquet' (FORMAT parquet)"
    )


def rows(folder: Path) -> None:
    """A row-by-row loop in Python: credits read, paid one by one, lines written to Parquet."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    start = time.perf_counter()
    cent, cap = Decimal("0.01"), Decimal(CAP)
    bands = [(Decimal(a), Decimal(r)) for a, r in TIERS]
    made, person, before, paid, earned = [], None, Decimal(0), Decimal(0), Decimal(0)
    read = pq.read_table(folder / "sample.parquet").to_pylist()
    for row in read:
        who, x, quota = row["person_id"], Decimal(str(row["x"])), row["quota"]
        if who != person:
            person, before, paid, earned = who, Decimal(0), Decimal(0), Decimal(0)
        after, total = before + x, Decimal(0)
        for i, (low, rate) in enumerate(bands):
            high = bands[i + 1][0] * quota / 100 if i + 1 < len(bands) else after
            total += max(Decimal(0), min(after, high) - low * quota / 100) * rate
        now = min(total, cap).quantize(cent, ROUND_HALF_UP)
        if now != paid:
            line = {"line_id": f"bench.1/base/{who}/{row['event_id']}/commission/2026-Q1"}
            line |= {"deal_id": row["deal_id"], "credit": x, "before": before, "raw": total - earned}
            made.append(line | {"amount": now - paid, "happened_on": row["happened_on"]})
        before, paid, earned = after, now, total
    pq.write_table(pa.Table.from_pylist(made), folder / "loop.parquet", compression="zstd")
    print(json.dumps({"rows": len(read), "seconds": time.perf_counter() - start}))


def timed(step: str, folder: Path) -> tuple[float, float, float, str]:
    """Seconds by the clock and of the processors, peak GiB and output of a step in a fresh process."""
    start, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [sys.executable, __file__, step, str(folder)], check=True, capture_output=True, text=True
    )
    seconds = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    lines = done.stdout.strip().splitlines()
    return seconds, cpu, float(lines[-1]) / 2**20, lines[0]


def agree(folder: Path) -> int:
    """Lines that differ between the two files."""
    a, b = folder / "ours.parquet", folder / "sql.parquet"
    columns = "line_id, period, payee_id, deal_id, event_id, kind, credit, before, factor, raw, amount, currency, happened_on"
    con = connect()
    return con.execute(
        f"SELECT count(*) FROM (SELECT line_id, hash({columns}) h FROM '{a}') x FULL JOIN "
        f"(SELECT line_id, hash({columns}) h FROM '{b}') y USING (line_id) WHERE x.h IS DISTINCT FROM y.h"
    ).fetchone()[0]


def main() -> None:
    if len(sys.argv) == 3 and sys.argv[1] in ("ours", "sql", "rows"):
        {"ours": ours, "sql": by_hand, "rows": rows}[sys.argv[1]](Path(sys.argv[2]))
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
        return
    credits = int(sys.argv[1].replace("_", "").replace(",", "")) if len(sys.argv) > 1 else 10_000_000
    runs = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    seconds: dict[str, list[float]] = {"sql": [], "ours": []}
    cpu: dict[str, list[float]] = {"sql": [], "ours": []}
    peaks = {"sql": 0.0, "ours": 0.0}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make(folder, credits)
        for run in range(runs):
            for step in ("sql", "ours") if run % 2 == 0 else ("ours", "sql"):
                took, worked, peak, _ = timed(step, folder)
                seconds[step].append(took)
                cpu[step].append(worked)
                peaks[step] = max(peaks[step], peak)
        sample(folder)
        loop = json.loads(timed("rows", folder)[3])
        differing = agree(folder)
    our, sql = statistics.median(seconds["ours"]), statistics.median(seconds["sql"])
    print(f"{'':32}{'median s':>10}{'cpu s':>8}{'peak GiB':>10}   all runs")
    for step, words in (("ours", f"calculator, {credits:,}"), ("sql", "hand-written SQL")):
        each = " ".join(f"{s:.1f}" for s in seconds[step])
        print(
            f"{words:32}{statistics.median(seconds[step]):>10.1f}{statistics.median(cpu[step]):>8.1f}{peaks[step]:>10.2f}   {each}"
        )
    print(f"{'Python loop, ' + format(loop['rows'], ',') + ' credits':32}{loop['seconds']:>10.1f}")
    print(f"lines that differ: {differing}")
    print(
        json.dumps(
            {
                "vs_sql": round(our / sql, 3),
                "cpu_vs_sql": round(statistics.median(cpu["ours"]) / statistics.median(cpu["sql"]), 3),
                "vs_rows": round((loop["seconds"] / loop["rows"]) / (our / credits), 2),
                "peak_gib": round(peaks["ours"], 2),
                "same": differing == 0,
            }
        )
    )


if __name__ == "__main__":
    main()
