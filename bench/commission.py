"""Commission at scale, beside the same lines hand-written in SQL and beside a Python loop over rows.

    python bench/commission.py [--credits 10000000 | --sizes 200000,1000000,10000000] [--rounds 3]

Credits of a rep for every 1,000 of them, four marginal tiers over quota, a cap, and deals split in two;
the same lines with their explanations' numbers, both written to Parquet, each in a fresh process, start-up
(of compiled modules) and checks of the input included, in turns. Every number of every line must equal that of the SQL, and every
pay of the loop, which reads the credits of 200 reps ready joined; a difference ends the bench with exit
code 1.

The last line is one JSON object: vs_sql (time of the calculator ÷ time of the SQL, with the 95 % interval of
the ratio from three rounds on), cpu_vs_sql (the same of processor time, which other work on the machine
moves less), vs_rows (rows a second of the calculator ÷ of the loop), peak_gib (most memory of the
calculator), lines and loop_lines (how many were compared); of several sizes, one such object for each.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from decimal import ROUND_HALF_UP, Decimal
from functools import partial
from pathlib import Path
from typing import Any

import measure

CREDITS, CAP = 1_000, 15_000  # of a rep; the cap binds for about half of them
LOOPED = "r00200"  # the first rep whom the loop does not pay
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


def connect(folder: Path) -> Any:
    import duckdb

    con = duckdb.connect()
    con.execute("SET memory_limit = '2500MB'")
    con.execute("SET preserve_insertion_order = false")
    con.execute(f"SET temp_directory = '{folder / 'spill'}'")
    return con


def make(folder: Path, credits: int) -> None:
    """Deals of two shares each, so that there are as many credits as asked."""
    con = connect(folder)
    deals, reps = max(credits // 2, 1), max(credits // CREDITS, 2)
    amount = "((hash(i * 7) % 90000 + 1000) / 100)::DECIMAL(18,2)"
    day = "DATE '2026-01-01' + (hash(i) % 90)::INT"
    rep = f"'r' || lpad(((hash(i * 3) % {reps}))::VARCHAR, 5, '0')"
    second = f"'r' || lpad(((hash(i * 3) % {reps} + 1 + hash(i * 5) % {reps - 1}) % {reps})::VARCHAR, 5, '0')"
    for name, query in {
        "deals": f"SELECT 'd' || lpad(i::VARCHAR, 8, '0') AS deal_id, {rep} AS owner_id, {amount} AS amount, 'won' AS outcome, {day} AS closed_on FROM range({deals}) t(i)",
        "events": f"SELECT 'e' || lpad(i::VARCHAR, 8, '0') AS event_id, 'd' || lpad(i::VARCHAR, 8, '0') AS deal_id, 'booked' AS kind, {day} AS happened_on, {amount} AS amount FROM range({deals}) t(i)",
        "splits": f"SELECT 'd' || lpad(i::VARCHAR, 8, '0') AS deal_id, {rep} AS person_id, 60::DECIMAL(9,4) AS share FROM range({deals}) t(i) UNION ALL SELECT 'd' || lpad(i::VARCHAR, 8, '0'), {second}, 40 FROM range({deals}) t(i)",
        "targets": f"SELECT 'rep' AS level, 'r' || lpad(i::VARCHAR, 5, '0') AS who, 'quota' AS metric, '2026-Q1' AS period, ({credits} / {reps} * (150 + i % 200))::DECIMAL(18,2) AS value FROM range({reps}) t(i)",
    }.items():
        con.execute(f"COPY ({query}) TO '{folder / name}.parquet' (FORMAT parquet)")


def ours(folder: Path) -> None:
    from salesops_nb import commission

    con = connect(folder)
    tables = {
        n: con.read_parquet(str(folder / f"{n}.parquet")) for n in ("deals", "events", "splits", "targets")
    }
    payout = commission.calculate(commission.load_plan(PLAN), tables, "2026-Q1")
    payout.write_lines(folder / "ours.parquet")


def by_hand(folder: Path) -> None:
    query = SQL.replace("TIER_AFTER", tier_sql("after")).replace("TIER_BEFORE", tier_sql("(after - x)"))
    for name in ("events", "deals", "splits", "targets"):
        query = query.replace(f"'{name.upper()}'", f"'{folder / name}.parquet'")
    connect(folder).execute(query.replace("'OUT'", f"'{folder / 'sql.parquet'}'"))


def sample(folder: Path) -> None:
    """The credits of some reps, joined and in order, for the loop to read."""
    connect(folder).execute(
        f"COPY (SELECT s.person_id, e.event_id, e.deal_id, e.happened_on, (e.amount * s.share * 0.01)::DECIMAL(38,10) AS x, "
        f"q.value AS quota FROM '{folder}/events.parquet' e JOIN '{folder}/splits.parquet' s USING (deal_id) "
        f"JOIN '{folder}/targets.parquet' q ON q.who = s.person_id WHERE s.person_id < '{LOOPED}' "
        f"ORDER BY person_id, happened_on, event_id) TO '{folder}/sample.parquet' (FORMAT parquet)"
    )


def rows(folder: Path) -> dict[str, float]:
    """A row-by-row loop in Python: credits read, paid one by one, lines written to Parquet."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    start = time.perf_counter()
    cent, cap = Decimal("0.01"), Decimal(CAP)
    bands = [(Decimal(a), Decimal(r)) for a, r in TIERS]
    made, person, before, paid, earned = [], None, Decimal(0), Decimal(0), Decimal(0)
    read = pq.read_table(folder / "sample.parquet").to_pylist()
    for row in read:
        who, x, quota = row["person_id"], row["x"], row["quota"]
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
    return {"rows": len(read), "loop_seconds": time.perf_counter() - start}


PARTS = {"ours": ours, "sql": by_hand, "rows": rows}
NUMBERS = (
    "period, payee_id, deal_id, event_id, kind, credit, before, factor, raw, amount, currency, happened_on"
)


def differing(folder: Path) -> list[str]:
    """A sentence for each peer whose lines are others than ours."""
    lines, wrong = (f"'{folder / name}.parquet'" for name in ("ours", "sql", "loop")), []
    ours, sql, loop = lines
    some = f"(FROM {ours} WHERE payee_id < '{LOOPED}')"
    for peer, mine, other, columns in (
        ("the hand-written SQL", ours, sql, NUMBERS),
        ("the loop", some, loop, "deal_id, credit, before, raw, amount, happened_on"),
    ):
        names = columns.split(", ")
        unlike = " OR ".join(f"x.{name} IS DISTINCT FROM y.{name}" for name in names)
        found = (
            connect(folder)
            .execute(
                f"SELECT coalesce(x.line_id, y.line_id), x.amount, y.amount, count(*) OVER () "
                f"FROM {mine} x FULL JOIN {other} y USING (line_id) WHERE {unlike} ORDER BY 1 LIMIT 5"
            )
            .fetchall()
        )
        for line, a, b, _ in found:
            wrong.append(f"{line}: the calculator pays {a}, {peer} {b}")
        if found:
            wrong.append(f"{found[0][3]:,} lines differ from those of {peer}")
    return wrong


def written(folder: Path, name: str) -> int:
    """How many lines a file has."""
    return connect(folder).execute(f"SELECT count(*) FROM '{folder / name}.parquet'").fetchone()[0]


def sizes(text: str) -> list[int]:
    """Numbers of credits with commas between them, for an option."""
    return [measure.count(each) for each in text.split(",")]


def main() -> None:
    words = measure.parser(__doc__)
    words.add_argument("--credits", type=measure.count, default=10_000_000)
    words.add_argument("--sizes", type=sizes, help="several numbers of credits, such as 200000,1000000")
    words.add_argument("--rounds", type=measure.count, default=3)
    asked = measure.asked(words, credits=10_000, rounds=1)
    if asked.task:
        measure.answer(**(PARTS[asked.task["part"]](Path(asked.task["folder"])) or {}))
        return
    found: dict[str, dict[str, Any]] = {}
    wrong: list[str] = []
    print(f"{'':32}{'median s':>10}{'cpu s':>8}{'peak GiB':>10}   all rounds")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make(folder, 2_000)
        for part in ("sql", "ours"):  # compiles what each imports
            one(part, folder)
        for credits in asked.sizes or [asked.credits]:
            found[str(credits)] = compared(folder, credits, asked.rounds, wrong)
    measure.finish(found if asked.sizes else found[str(asked.credits)], wrong)


def compared(folder: Path, credits: int, rounds: int, wrong: list[str]) -> dict[str, Any]:
    """The calculator beside its peers on so many credits: printed, and as numbers; what differs is added."""
    make(folder, credits)
    runs = measure.in_turns({part: partial(one, part, folder) for part in ("sql", "ours")}, rounds)
    sample(folder)
    loop = one("rows", folder).answer
    wrong += differing(folder)
    lines = {"lines": written(folder, "ours"), "loop_lines": written(folder, "loop")}
    if not all(lines.values()):
        wrong.append(f"nothing to compare: {lines}")
    seconds = {part: [run.seconds for run in each] for part, each in runs.items()}
    cpu = {part: [run.cpu for run in each] for part, each in runs.items()}
    peaks = {part: max(run.answer["peak_gib"] for run in each) for part, each in runs.items()}
    median = {part: statistics.median(each) for part, each in seconds.items()}
    for part, words in (("ours", f"calculator, {credits:,}"), ("sql", "hand-written SQL")):
        each = " ".join(f"{s:.1f}" for s in seconds[part])
        print(
            f"{words:32}{median[part]:>10.1f}{statistics.median(cpu[part]):>8.1f}{peaks[part]:>10.2f}   {each}"
        )
    print(f"{'Python loop, ' + format(loop['rows'], ',') + ' credits':32}{loop['loop_seconds']:>10.1f}")
    vs_sql, cpu_vs_sql = (measure.ratio(each["ours"], each["sql"]) for each in (seconds, cpu))
    vs_rows = (loop["loop_seconds"] / loop["rows"]) / (median["ours"] / credits)
    print(
        f"calculator ÷ SQL: time {vs_sql}, processors {cpu_vs_sql}; rows a second ÷ the loop's: {vs_rows:.2f}",
        flush=True,
    )
    return {
        **vs_sql.named("vs_sql"),
        **cpu_vs_sql.named("cpu_vs_sql"),
        "vs_rows": round(vs_rows, 2),
        "peak_gib": round(peaks["ours"], 2),
        **lines,
    }


def one(part: str, folder: Path) -> measure.Run:
    """A part in a fresh process, with compiled modules at hand as an installation has them."""
    compiled = {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(folder / "compiled")}
    return measure.fresh(__file__, {"part": part, "folder": str(folder)}, **compiled)


if __name__ == "__main__":
    measure.run(main)
