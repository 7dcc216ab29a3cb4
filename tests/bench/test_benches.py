"""Every script under bench/: its help, its smallest run, and that it ends loudly where something is wrong."""

from __future__ import annotations

import importlib.util
import json
import math
import re
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import pandas as pd
import pytest

pytestmark = pytest.mark.slow

BENCH = Path(__file__).resolve().parents[2] / "bench"
FILES = sorted(BENCH.glob("*.py"))
SCRIPTS = [path.name for path in FILES if "__main__" in path.read_text()]
HELPERS = [path.name for path in FILES if path.name not in SCRIPTS]
# what each script is given that it cannot take, and what it must say of it; {} is a folder of its own
BROKEN = {
    "alerts.py": (["--years", "0"], "received '0': give a whole number of at least 1"),
    "batch.py": (["--cells", "99"], "received 99: give 5 to 12"),
    "browser.py": (["--controls", "nonesuch"], "no control is called nonesuch"),
    "calibration.py": (["--rounds", "0"], "received '0': give a whole number of at least 1"),
    "commission.py": (["--credits", "none"], "received 'none': give a whole number of at least 1"),
    "county_shapes.py": (["{}/deals.parquet"], "is not us-atlas's counties-10m.json"),
    "demo_units.py": (["--states", "99"], "no county's number begins with 99"),
    "generate.py": (["--deals", "10", "--seed", "-1"], "seed is -1"),
    "hiring.py": (["--futures", "0"], "received '0': give a whole number of at least 1"),
    "in_progress.py": (["--companies", "0"], "received '0': give a whole number of at least 1"),
    "panel.py": (["--workbook", "{}"], "there is no folder notebooks in {}"),
    "performance.py": (["--data", "{}"], "too small to be a Parquet file"),
    "process.py": (["--runs", "0"], "received '0': give a whole number of at least 1"),
    "strategy.py": (["--runs", "0"], "received '0': give a whole number of at least 1"),
    "territory.py": (["--part", "districting", "--only", "tract_IA_4", "--data", "{}"], "No such file"),
}


def ran(script: str, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(BENCH / script), *words],
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )


def numbers(found: Any) -> Iterator[float]:
    if isinstance(found, dict | list):
        for value in found.values() if isinstance(found, dict) else found:
            yield from numbers(value)
    elif isinstance(found, int | float) and not isinstance(found, bool):
        yield found


def scripts() -> list[Any]:
    return [pytest.param(name, marks=pytest.mark.browser if name == "browser.py" else ()) for name in SCRIPTS]


@pytest.mark.parametrize("script", scripts())
def test_the_smallest_size_runs_to_its_end_and_its_last_line_is_json_of_finite_numbers(script):
    done = ran(script, "--size", "smallest")
    assert done.returncode == 0, done.stderr
    *table, last = done.stdout.splitlines()
    found = list(numbers(json.loads(last)))
    assert found
    assert all(math.isfinite(number) for number in found)
    assert any(character.isdigit() for line in table for character in line)


@pytest.mark.parametrize("script", scripts())
def test_help_says_what_is_measured_and_names_the_smallest_size(script):
    done = ran(script, "--help")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"usage: {script}")
    title = (BENCH / script).read_text().removeprefix('"""').partition("\n")[0]
    assert title in done.stdout
    assert f"python bench/{script}" in done.stdout
    assert "--size {smallest,full}" in done.stdout


@pytest.mark.parametrize("script", scripts())
def test_broken_input_ends_with_a_sentence_and_another_exit_code_than_0(script, tmp_path):
    (tmp_path / "deals.parquet").write_text("no table")
    words, sentence = BROKEN[script]
    done = ran(script, *(word.replace("{}", str(tmp_path)) for word in words))
    assert done.returncode not in (0, -6, -9, -11)
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith(f"{script}: ")
    assert sentence.replace("{}", str(tmp_path)) in last


@pytest.mark.parametrize("helper", HELPERS)
def test_a_file_that_is_no_bench_is_imported_by_one(helper):
    name = helper.removesuffix(".py")
    used = [path.name for path in FILES if re.search(rf"^(from|import) {name}\b", path.read_text(), re.M)]
    assert set(used) & set(SCRIPTS)


# --- what is compared: a difference is seen ------------------------------------------------------


@pytest.fixture
def bench(monkeypatch):
    """A module of bench/ by its name, under a name of its own."""
    monkeypatch.syspath_prepend(str(BENCH))

    def load(name: str) -> Any:
        spec = importlib.util.spec_from_file_location(f"bench_{name}", BENCH / f"{name}.py")
        assert spec
        assert spec.loader
        module = importlib.util.module_from_spec(spec)
        monkeypatch.setitem(sys.modules, f"bench_{name}", module)
        spec.loader.exec_module(module)
        return module

    yield load
    sys.modules.pop("measure", None)


CELLS = {"bookings": "10.00", "decided by rep, R1, won": "10.00", "decided by rep, R1, won, deals": "1"}


@pytest.mark.parametrize(
    ("peer", "cell", "value", "sentence"),
    [
        ("ours", "decided by rep, R1, won", "10.01", "SQL gives 10.00, the package 10.01"),
        ("ours", "decided by rep, R1, won, deals", "2", "SQL gives 1, the package 2"),
        ("ours", "decided by rep, R2, won", "0.00", "SQL gives nothing, the package 0.00"),
        ("ours", "decided by rep, R1, won", None, "SQL gives 10.00, the package nothing"),
        ("review", "bookings", "9.9999", "SQL gives 10.00, the review 9.9999"),
        ("pandas", "decided by rep, R1, won", "10.006", "SQL gives 10.00, pandas 10.006"),
    ],
)
def test_performance_sees_a_cell_that_differs(bench, peer, cell, value, sentence):
    module = bench("performance")
    found = {name: dict(CELLS) for name in ("sql", "ours", "pandas")} | {"review": {"bookings": "10.00"}}
    assert module.check(found) == 3
    found["pandas"]["bookings"] = "10.0000000001"  # of floats
    assert module.check(found) == 3
    found[peer] = {**found[peer], cell: value}
    if value is None:
        del found[peer][cell]
    with pytest.raises(module.measure.Failed, match=re.escape(sentence)):
        module.check(found)


def test_performance_counts_every_cell_of_every_aggregate(bench):
    module = bench("performance")
    rows = {
        module.BY_REP: [("R1", "won", 2, Decimal("5.00")), ("R1", "lost", 1, Decimal("7.00"))],
        module.PIPELINE: [("Engaging", 3, Decimal("9.50"))],
        module.DAILY: [("2017-07-01", Decimal("5.00"))],
    }
    assert module.cells(rows) == {
        "decided by rep, R1, won, deals": "2",
        "decided by rep, R1, won": "5.00",
        "decided by rep, R1, lost, deals": "1",
        "decided by rep, R1, lost": "7.00",
        "pipeline by stage, Engaging, deals": "3",
        "pipeline by stage, Engaging": "9.50",
        "bookings by day, 2017-07-01": "5.00",
        "bookings": "5.00",
    }


@pytest.mark.parametrize(
    ("file", "change", "sentence"),
    [
        ("sql", "SELECT * REPLACE (amount + CASE WHEN line_id = '{}' THEN 0.01 ELSE 0 END AS amount)",
         "1 lines differ from those of the hand-written SQL"),
        ("sql", "SELECT * REPLACE (before + CASE WHEN line_id = '{}' THEN 1 ELSE 0 END AS before)",
         "1 lines differ from those of the hand-written SQL"),
        ("sql", "FROM (SELECT *) WHERE line_id <> '{}'", "1 lines differ from those of the hand-written SQL"),
        ("loop", "SELECT * REPLACE (amount + CASE WHEN line_id = '{}' THEN 0.01 ELSE 0 END AS amount)",
         "1 lines differ from those of the loop"),
    ],
)  # fmt: skip
def test_commission_sees_a_line_that_differs_by_a_cent(bench, tmp_path, file, change, sentence):
    module = bench("commission")
    module.make(tmp_path, 2_000)
    module.by_hand(tmp_path)
    module.sample(tmp_path)
    module.rows(tmp_path)
    con = module.connect(tmp_path)
    con.execute(f"COPY (FROM '{tmp_path}/sql.parquet') TO '{tmp_path}/ours.parquet' (FORMAT parquet)")
    assert module.differing(tmp_path) == []
    path = tmp_path / f"{file}.parquet"
    line = con.execute(f"SELECT min(line_id) FROM '{path}'").fetchone()[0]
    query = change.format(line).replace("FROM (SELECT *)", f"FROM '{path}'")
    query = query if "FROM" in query else f"{query} FROM '{path}'"
    con.execute(f"CREATE TABLE changed AS {query}")
    con.execute(f"COPY changed TO '{path}' (FORMAT parquet)")
    assert module.differing(tmp_path)[-1] == sentence


def test_generate_sees_files_with_other_rows_than_asked(bench, tmp_path):
    from salesops_nb import simulate

    module = bench("generate")
    simulate.deals(50, 1, tmp_path)
    assert module.wrong(tmp_path, 50) == []
    assert "the files have 50 deals" in module.wrong(tmp_path, 51)[0]
    people = pd.read_parquet(tmp_path / "people.parquet")
    people.iloc[1:].to_parquet(tmp_path / "people.parquet")
    (found,) = module.wrong(tmp_path, 50)
    assert "deals with a known owner_id" in found


def test_generate_sees_a_process_that_is_not_whole(bench, tmp_path):
    from salesops_nb import simulate

    module = bench("generate")
    simulate.deals(50, 1, tmp_path, process=simulate.Process())
    assert module.wrong(tmp_path, 50) == []
    history = pd.read_parquet(tmp_path / "stage_history.parquet")
    history[history["left_at"].notna()].to_parquet(tmp_path / "stage_history.parquet")
    assert "50 deals were asked for, the files have 0 deals with one stage that has no end" in module.wrong(
        tmp_path, 50
    )


def test_generate_makes_a_process_where_it_is_asked_for():
    done = ran("generate.py", "--size", "smallest", "--process")
    assert done.returncode == 0, done.stderr
    last = json.loads(done.stdout.splitlines()[-1])
    assert last["stages"] > 2 * last["deals"]
    assert last["changes"] > last["deals"]


FOUND = {
    "imbalance": 0.04,
    "whole": True,
    "locks_kept": True,
    "proven": True,
    "gap": 0.0,
    "vs_published": 1.001,
}


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("imbalance", 0.0501, "the imbalance is 5.0100%"),
        ("whole", False, "a territory is in pieces"),
        ("locks_kept", False, "a locked unit has moved"),
        ("proven", False, "the optimum is not proven"),
        ("vs_published", 1.011, "the moment is 1.0110 of the published one"),
        ("vs_published", 0.98, "the moment is 0.9800 of the published one"),
    ],
)
def test_territory_sees_a_plan_that_breaks_its_promise(bench, field, value, sentence):
    faults = bench("territory").faults
    assert faults("x_4", FOUND, 0.05) == []
    (found,) = faults("x_4", {**FOUND, field: value}, 0.05)
    assert sentence in found


def test_territory_judges_a_plan_by_its_own_count(bench):
    units = pd.DataFrame({"unit_id": list("abcd"), "latitude": [40.0] * 4, "longitude": [1.0, 2.0, 3.0, 4.0],
                          "weight": [1.0, 1.0, 1.0, 3.0]})  # fmt: skip
    edges = pd.DataFrame({"unit_a": list("abc"), "unit_b": list("bcd")})
    judged = bench("territory").judged
    found = judged(units, edges, dict(zip("abcd", "xxxy", strict=True)), 2)
    assert found["whole"]
    assert found["imbalance"] == pytest.approx(0.0, abs=1e-12)
    assert not judged(units, edges, dict(zip("abcd", "xyxy", strict=True)), 2)["whole"]


@pytest.mark.skipif(find_spec("gerrychain") is not None, reason="the peer is installed")
def test_territory_names_what_to_install_where_a_peer_is_missing():
    done = ran("territory.py", "--part", "compact", "--only", "county_IA_5")
    assert done.returncode == 1
    assert "peer gerrychain not installed: pip install -e '.[bench]'" in done.stdout
    assert "pip install -e '.[bench]'" in done.stderr


def test_batch_sees_a_cell_that_shows_something_else(bench, tmp_path):
    module = bench("batch")
    for name, text in (("our-0", "<b>1</b>"), ("0", "<b>1</b>")):
        _executed(module, tmp_path / f"{name}.ipynb", text)
        (tmp_path / f"{name}.html").write_text("")
    count = len(module.CELLS) - 1
    assert module.differing(tmp_path, [("our-0", "0")], count) == []
    _executed(module, tmp_path / "0.ipynb", "<b>2</b>")
    assert module.differing(tmp_path, [("our-0", "0")], count)[0].startswith("our-0.ipynb: cell 2 shows")
    (tmp_path / "our-0.html").unlink()
    assert module.differing(tmp_path, [("our-0", "0")], count) == ["missing: our-0.html"]


def _executed(module: Any, path: Path, text: str) -> None:
    module.notebook(path, *module.CELLS)
    book = nbformat.read(path, as_version=4)
    for cell in book.cells:
        cell.outputs = [nbformat.v4.new_output("display_data", {"text/html": text, "text/plain": str(path)})]
    nbformat.write(book, path)


def test_hiring_sees_other_means_and_promises_that_are_not_borne_out(bench):
    module = bench("hiring")
    one = {"mean": 1000.0, "error": 5.0}
    assert module.wrong_means(one, {"mean": 1030.0, "error": 5.0}) == []
    assert "the loop's 1,200" in module.wrong_means(one, {"mean": 1200.0, "error": 5.0})[0]
    good = pd.DataFrame({"inside": np.arange(400) % 5 > 0, "kept": np.arange(400) % 5 > 0})
    good = good.astype(float).assign(said=0.8, feasible=1.0)
    assert module.wrong_calibration(good) == []
    assert "intervals hold" in module.wrong_calibration(good.assign(inside=1.0))[0]
    assert "keep 0.0%" in module.wrong_calibration(good.assign(kept=0.0))[0]
    assert "no plan of 400 companies" in module.wrong_calibration(good.assign(feasible=0.0))[0]


# --- what they share ------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_number_that_is_none_ends_a_bench(bench, capsys, value):
    measure = bench("measure")
    with pytest.raises(measure.Failed, match=r"a\.b\[1\] is "):
        measure.finish({"a": {"b": [1, value]}})
    assert capsys.readouterr().out == ""
    with pytest.raises(measure.Failed, match="nothing was measured"):
        measure.finish({"peers": []})


def test_what_is_wrong_ends_a_bench_after_its_json(bench, capsys):
    measure = bench("measure")
    with pytest.raises(measure.Failed, match="a cell differs"):
        measure.finish({"a": 1.5}, ["a cell differs"])
    assert json.loads(capsys.readouterr().out) == {"a": 1.5}


def test_a_part_that_crashes_ends_a_bench_with_its_words(bench, capfd):
    measure = bench("measure")
    with pytest.raises(measure.Failed, match="failed with exit code 1: KeyError: 'nonesuch'"):
        measure.fresh(str(BENCH / "performance.py"), {"peer": "nonesuch", "data": "."})
    assert "Traceback" in capfd.readouterr().err


def test_ratios_are_paired_and_have_students_interval(bench):
    ratio = bench("measure").ratio
    # logarithms ln 2 and twice ln 2 ± 0.1: mean ln 2, standard deviation 0.1, t(2) = 4.302653
    over = [2.0, 2 * math.exp(0.1), 2 * math.exp(-0.1)]
    found = ratio([10 * each for each in over], [10.0, 10.0, 10.0])
    half = 4.302653 * 0.1 / math.sqrt(3)
    assert found.middle == pytest.approx(2)
    assert found.low == pytest.approx(2 * math.exp(-half), rel=1e-5)
    assert found.high == pytest.approx(2 * math.exp(half), rel=1e-5)
    assert ratio([3.0, 3.0], [1.0, 1.0]).named("vs") == {"vs": 3.0}


def test_turns_go_forwards_and_backwards(bench):
    order: list[str] = []
    steps = {name: lambda name=name: order.append(name) or len(order) for name in "abc"}
    found = bench("measure").in_turns(steps, 2)
    assert order == list("abccba")
    assert found == {"a": [1, 6], "b": [2, 5], "c": [3, 4]}
