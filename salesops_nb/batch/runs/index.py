"""The pages around the reports: the index of a run, and the page in place of a report that failed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from salesops_nb.batch.runs.folder import Record, RunFolder, runs
from salesops_nb.core.periods.forms import length_of, named

if TYPE_CHECKING:
    from salesops_nb.batch.jobs.jobs import Job

LAST_RUNS = 12
FIGURES = 4  # of a report on the first page; the others are in the report


def write_error(stage: Path, job: Job, error: Mapping[str, Any], company: str = "") -> str:
    """Write the page that stands where the report would; its file name."""
    from salesops_nb import present

    path = stage / f"{job.id.rpartition('/')[2]}.error.html"
    present.write_error_page(
        path,
        title=job.title,
        message=error["message"],
        cell=error["cell"],
        source=error["source"],
        traceback=error["traceback"],
        company=company,
        period=_called(job.period),
        parameters=job.parameters,
        index="../" * job.id.count("/") + "index.html",
    )
    return path.name


def write_indexes(
    run: RunFolder, records: list[Record], states: Mapping[str, str], newest: bool = True
) -> Path:
    """Write the run's own index, and where it is the newest the one above it, whose path is returned.

    `states` say of a report's delivery what stands in place of its own status. `run` has told of itself
    already (`RunFolder.tell`): company, data and versions come from there.
    """
    told = run.told()
    last = [each for each in runs(run.path.parent) if each.complete or each.name == run.name][:LAST_RUNS]
    headlines = _headlines(last, records, run.name)
    places = [(run.path, "", "../"), (run.path.parent, f"{run.name}/", "")]
    for folder, prefix, up in places if newest else places[:1]:
        _write(
            folder,
            told,
            [_entry(record, prefix, states) for record in records],
            [_run_entry(each, up, records if each.name == run.name else None) for each in last],
            [{**each, "href": each["href"] and prefix + each["href"]} for each in headlines],
        )
    return run.path.parent / "index.html"


def write_incomplete(run: RunFolder, asked: list[Record]) -> None:
    """Write the own index of a run that was stopped: what is ready, and what is missing."""
    done = run.records()
    missing = {"status": "incomplete", "outputs": {}, "seconds": {}, "headlines": {}}
    records = [done.get(record["id"]) or {**record, **missing} for record in asked]
    _write(run.path, run.told(), [_entry(record, "", {}) for record in records], [], [], complete=False)


def _write(
    folder: Path, told: Record, entries: list[Record], others: list[Record], headlines: list[Record],
    complete: bool = True,
) -> None:  # fmt: skip
    from salesops_nb import present
    from salesops_nb.present.language.translation import _

    through = told.get("data_through")
    facts = {_("Data fingerprint"): told.get("fingerprint"), **told.get("versions", {})}
    present.write_index(
        folder,
        entries,
        title=_("{company}: reports", company=told.get("company", "")),
        company=told.get("company", ""),
        as_of=date.fromisoformat(through) if through else None,
        runs=others,
        headlines=headlines,
        facts={name: value for name, value in facts.items() if value},
        complete=complete,
    )


def _entry(record: Record, prefix: str, states: Mapping[str, str]) -> dict[str, Any]:
    outputs = {form: prefix + each["path"] for form, each in record["outputs"].items()}
    error_page = outputs.pop("error", None)
    outputs.pop("ipynb", None)
    return {
        **{name: record[name] for name in ("report", "title", "level", "team")},
        "period": _called(record["period"]),
        "who": record.get("name", record["who"]) if record["who"] else "",
        "status": states.get(record["id"], record["status"]),
        "outputs": outputs,
        "error_page": error_page,
        "message": record.get("error", {}).get("message", record.get("reason", "")),
        "seconds": record["seconds"].get("total"),
        "headlines": {label: each["text"] for label, each in record["headlines"].items()},
    }


def _called(period: str) -> str:
    """What the reader calls a period: of a span its days."""
    from salesops_nb.present.language.sentences import translate

    return translate(named(period))


def _run_entry(run: RunFolder, up: str, records: list[Record] | None) -> dict[str, Any]:
    told = run.told()
    jobs = records if records is not None else told.get("jobs", [])
    failed = sum(record["status"] == "failed" for record in jobs)
    return {
        "name": run.name,
        "href": f"{up}{run.name}/index.html",
        "when": told.get("begun", ""),
        "status": "failed" if failed else "ok",
    }


def _headlines(last: list[RunFolder], records: list[Record], current: str) -> list[dict[str, Any]]:
    """The figures of each report on the company, with their course over earlier periods of one length.

    A figure is compared with the same figure of the same report alone: two reports may call different things
    by one name. Of a period the last run counts, and what was run of later periods is not part of the course.
    """
    known: dict[tuple[str, str], dict[str, Any]] = {}  # by report and figure: what it was in each period
    for run in reversed(last):
        for record in records if run.name == current else run.told().get("jobs", []):
            if record["level"] == "company":
                for label, each in record["headlines"].items():
                    known.setdefault((record["report"], label), {})[record["period"]] = each.get("number")
    found = []
    for record in records:
        if record["level"] != "company" or not record["headlines"]:
            continue
        now, cards = record["period"], []
        for label, each in record["headlines"].items():
            course = sorted(known[record["report"], label].items())
            points = [
                {"name": _called(period), "value": value}
                for period, value in course
                if period <= now and length_of(period) == length_of(now)
            ]
            card = {"label": label, "text": each["text"], "unit": each.get("unit"), "points": points}
            if each["text"] != "–":
                cards.append(card)
        place = record["outputs"].get("html", {}).get("path")
        title = f"{record['title']}, {_called(now)}" if now else record["title"]
        found.append({"title": title, "href": place, "cards": cards[:FIGURES]})
    return found
