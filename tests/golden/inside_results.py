"""What the public functions answer on the demo, as rows: every figure at its full length."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from golden.as_text import write_lines

QUARTERS = ("2016-Q4", "2017-Q1", "2017-Q2", "2017-Q3", "2017-Q4")
REVIEWS: tuple[tuple[str, dict[str, Any]], ...] = (
    *((quarter, {}) for quarter in QUARTERS),
    ("2017", {}),
    ("2017-12", {}),
    ("2017-Q4", {"compare_to": "last-year"}),
    ("2017-Q4", {"compare_to": "target"}),
    ("2017-Q4", {"structure": "restated"}),
    ("2017-Q4", {"level": "team", "who": "Melvin Marxen"}),
    ("2017-Q3", {"level": "rep", "who": "Anna Snelling"}),
)
REVIEWED = (
    *("headlines", "company", "teams", "people", "products", "segments", "pipeline", "bridge", "trend"),
    *("time_to_win", "notes"),
)


def write(out: Path) -> None:
    """A file for each answer; an answer that is an error is its findings."""
    from salesops_nb import open_workbook

    workbook = open_workbook(Path.cwd())
    for make in (_reviews, _commission, _territory, _hiring, _targets):
        for name, rows in make(workbook):
            write_lines(out / f"{name}.jsonl", rows)


def plain(value: Any) -> Any:
    """A value as JSON has it: nothing of it is rounded."""
    if isinstance(value, float):
        return repr(value) if not math.isfinite(value) else value
    if isinstance(value, dict) or type(value).__name__ == "mappingproxy":
        return {str(name): plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    if hasattr(value, "dtype") and hasattr(value, "tolist"):
        return plain(value.tolist())
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {each.name: plain(getattr(value, each.name)) for each in dataclasses.fields(value)}
    return (
        value if value is None or isinstance(value, str | int | bool) else f"{type(value).__name__}({value})"
    )


def rows_of(value: Any) -> Iterator[Any]:
    """A frame, a series, a list of findings or one value, as rows."""
    if hasattr(value, "columns") and hasattr(value, "itertuples"):
        yield {"columns": [str(each) for each in value.columns]}
        for index, *cells in value.itertuples(name=None):
            yield {
                "index": plain(index),
                **dict(zip(map(str, value.columns), map(plain, cells), strict=True)),
            }
    elif hasattr(value, "index") and hasattr(value, "items") and not isinstance(value, Mapping):
        yield {str(name): plain(each) for name, each in value.items()}
    elif isinstance(value, list):
        yield from map(plain, value)
    else:
        yield plain(value)


def asked(made: Any, *names: str) -> Iterator[tuple[str, list[Any]]]:
    """Each of an answer's attributes, as rows; an error's findings in its place."""
    for name in names:
        rows = tried(lambda name=name: getattr(made, name))
        yield name, [row if isinstance(row, dict) else {name: row} for row in rows]


def tried(make: Callable[[], Any]) -> list[Any]:
    """The rows of what is made, or of the error that it is."""
    try:
        return list(rows_of(make()))
    except Exception as error:
        return [plain(each) for each in getattr(error, "problems", [repr(error)])]


Answers = Iterator[tuple[str, list[Any]]]


def _reviews(workbook: Any) -> Answers:
    from salesops_nb import performance

    for period, more in REVIEWS:
        stem = "-".join(["review", period, *map(str, more.values())]).replace(" ", "-")
        review = performance.review(workbook.tables, period, calendar=workbook.calendar, **more)
        for name, rows in asked(review, *REVIEWED):
            yield f"{stem}/{name}", rows
    wrong = {"period": "2031-Q1"}, {"period": "2017-Q4", "level": "team", "who": "Nobody"}
    for number, words in enumerate(wrong, start=1):
        yield (
            f"review-refused-{number}",
            tried(lambda words=words: performance.review(workbook.tables, **words).headlines),
        )


def _commission(workbook: Any) -> Answers:
    from salesops_nb import commission

    plans = [commission.load_plan(path) for path in sorted((Path.cwd() / "plans").glob("*.yml"))]
    yield "commission-plans", [[plan.id, plan.version, str(plan.start), str(plan.end)] for plan in plans]
    for quarter in QUARTERS:
        payout = commission.calculate(plans, workbook.tables, quarter, calendar=workbook.calendar)
        shown = ("lines", "statements", "withheld", "reconciliation", "attained", "problems")
        for name, rows in asked(payout, *shown):
            yield f"commission-{quarter}/{name}", rows
    yield "commission-refused", tried(lambda: commission.load_plan({"id": "x", "currency": "USD"}))


def _territory(workbook: Any) -> Answers:
    from salesops_nb import territory

    def frame(name: str) -> Any:
        return workbook.table(name).collect("pandas").to_native()

    owners, people, units, edges = map(frame, ("assignments", "people", "units", "unit_edges"))
    here = set(people.loc[people["region"] == "Central", "person_id"])
    owners = owners[owners["person_id"].isin(here) & owners["unit_id"].notna()]
    today = dict(zip(owners["unit_id"], owners["person_id"], strict=True))
    units = units[units["unit_id"].isin(today)].reset_index(drop=True)
    edges = edges[edges["unit_a"].isin(today) & edges["unit_b"].isin(today)][["unit_a", "unit_b"]]
    choices: dict[str, dict[str, Any]] = {
        "moves-least": {"current": today, "disruption": 100.0},
        "afresh": {"k": 5},
    }
    for stem, more in choices.items():
        made = territory.plan(
            units, edges, tolerance=0.1, measures=["potential", "workload"], strict=False, **more
        )
        summary = {name: plain(value) for name, value in made.summary.items() if name != "seconds"}
        yield f"territory-{stem}/summary", [summary]
        for name, rows in asked(made, "assignment", "territories", "problems"):
            yield f"territory-{stem}/{name}", rows
    yield "territory-refused", tried(lambda: territory.plan(units, edges, k=5, tolerance=-1))


def _hiring(workbook: Any) -> Answers:
    from salesops_nb import hiring

    how = {"calendar": workbook.calendar, "currency": workbook.settings.currency, "futures": 2000}
    capacity = hiring.capacity(workbook.tables, 12, target=12_500_000, **how)
    for name, rows in asked(capacity, "months", "periods", "vacancy_cost", "problems"):
        yield f"hiring-capacity/{name}", rows
    plan = hiring.plan(workbook.tables, 12, 0.8, target=12_500_000, confidence_of="horizon", **how)
    shown = ("probability", "cost", "feasible", "counts", "hires", "binds", "words", "comparison", "problems")
    for name, rows in asked(plan, *shown):
        yield f"hiring-plan/{name}", rows
    yield "hiring-refused", tried(lambda: hiring.capacity(workbook.tables, 0, **how).months)


def _targets(workbook: Any) -> Answers:
    from salesops_nb import targets

    tables = targets.read(workbook.tables)
    basis = targets.prepare(tables, workbook.calendar, 2018, currency=workbook.settings.currency)
    for method in ("top_down", "bottom_up", "blend"):
        plan = targets.set_targets(basis, growth=0.1, method=method, over_assignment=1.05)
        for name, rows in asked(plan, "targets", "levels", "reps", "summary", "notes", "problems"):
            yield f"targets-{method}/{name}", rows
