"""Two published logs of events give their published figures, and a generated one those counted by hand."""

import json
from collections import Counter
from itertools import pairwise
from pathlib import Path
from statistics import mean, median

import duckdb
import numpy as np
import pytest

from salesops_nb.process import paths

DATA = Path(__file__).parents[2].parent / "shared" / "data"


def log(file, case, activity, at):
    """Arrays by case and time, and the activities' names."""
    names = [
        name for (name,) in duckdb.sql(f'SELECT DISTINCT {activity} FROM "{file}" ORDER BY 1').fetchall()
    ]
    rows = duckdb.sql(f"""SELECT dense_rank() OVER (ORDER BY {case}) - 1 AS deal,
        dense_rank() OVER (ORDER BY {activity}) - 1 AS stage, epoch_us({at}::TIMESTAMP) AS moment
        FROM (SELECT *, row_number() OVER () AS line FROM "{file}") ORDER BY 1, 3, line""").fetchnumpy()
    return [rows[name].astype(np.int64) for name in ("deal", "stage", "moment")], names


def waits(deal, stage, moment):
    same = deal[1:] == deal[:-1]
    days = (moment[1:] - moment[:-1]) / 86_400e6
    return paths.moves(stage[:-1][same], stage[1:][same], days[same])


@pytest.mark.skipif(not (DATA / "events_receipt").exists(), reason="the receipt log is not here")
def test_the_receipt_log_has_its_published_figures():
    expected = json.loads((DATA / "events_receipt" / "expected.json").read_text())
    (deal, stage, moment), names = log(DATA / "events_receipt/receipt.parquet", '"case:concept:name"',
                                       '"concept:name"', '"time:timestamp"')  # fmt: skip
    found = paths.variants(deal, stage)
    assert (len(np.unique(deal)), len(deal), len(names)) == (1434, 8577, 27)
    assert len(found.ways) == expected["variants"] == 116
    top = [[[names[i] for i in way], int(n)] for way, n in zip(found.ways[:3], found.deals[:3], strict=True)]
    assert top == expected["top_variants"]
    assert len(paths.repeating(deal, stage)) == expected["cases_with_repeat"] == 91
    waiting = waits(deal, stage, moment).sort_values("total_days", ascending=False)
    rows = [[names[r.stage], names[r.to], r.moves, round(r.total_days, 2), round(r.mean_days, 4),
             round(r.median_days, 4)] for r in waiting.head(6).itertuples()]  # fmt: skip
    assert rows == expected["bottlenecks_by_total_days"]


@pytest.mark.skipif(not (DATA / "events_bpi13").exists(), reason="the incidents log is not here")
def test_the_incidents_log_has_its_published_figures():
    (deal, stage, _at), names = log(DATA / "events_bpi13/bpi_13_incidents.csv", "CaseID", "ActivityID",
                                    "CompleteTimestamp")  # fmt: skip
    assert (len(np.unique(deal)), len(deal), len(names)) == (7554, 65533, 13)
    assert len(paths.variants(deal, stage).ways) == 2278
    assert len(paths.repeating(deal, stage)) == 7201


@pytest.mark.parametrize("seed", range(5))
def test_a_generated_log_has_the_figures_counted_by_hand(seed):
    rng = np.random.default_rng(seed)
    lengths = rng.integers(1, 9, 300)
    deal, stage = np.repeat(np.arange(300), lengths), rng.integers(0, 4, lengths.sum())
    moment = np.concatenate([np.sort(rng.integers(0, 10**12, n)) for n in lengths])
    ways = [tuple(stage[deal == d].tolist()) for d in range(300)]
    counted = Counter(ways)
    found = paths.variants(deal, stage)
    assert dict(zip(found.ways, found.deals.tolist(), strict=True)) == counted
    assert [found.ways[i] for i in found.of_deal] == ways
    assert found.deals.tolist() == sorted(counted.values(), reverse=True)
    repeated = [d for d, way in enumerate(ways) if len(set(way)) < len(way)]
    assert paths.repeating(deal, stage).tolist() == repeated
    by_hand = {}
    for d in range(300):
        for (a, t), (b, u) in pairwise(zip(stage[deal == d], moment[deal == d], strict=True)):
            by_hand.setdefault((int(a), int(b)), []).append((u - t) / 86_400e6)
    for r in waits(deal, stage, moment).itertuples():
        mine = by_hand.pop((r.stage, r.to))
        assert (r.moves, r.mean_days, r.median_days) == (len(mine), pytest.approx(mean(mine)),
                                                         pytest.approx(median(mine)))  # fmt: skip
    assert not by_hand
