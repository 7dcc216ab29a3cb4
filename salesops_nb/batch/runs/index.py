"""The pages around the reports: the home page, the index of a run, the page of a report that failed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from salesops_nb.batch.runs.folder import Record, RunFolder
from salesops_nb.batch.runs.home import Place, called, decisions, headlines, periods, state_of, teams
from salesops_nb.batch.runs.links import sealed
from salesops_nb.batch.runs.site import Made, Ran, newest, ran
from salesops_nb.present.language.translation import _

if TYPE_CHECKING:
    from salesops_nb.batch.jobs.jobs import Job


def write_error(stage: Path, job: Job, error: Mapping[str, Any], company: str = "") -> str:
    """Write the page that stands where the report would; its file name."""
    from salesops_nb import present

    path = stage / f"{job.id.rpartition('/')[2]}.error.html"
    own = sealed({"level": job.level, "parameters": job.parameters})
    present.write_error_page(
        path,
        title=job.title,
        message=error["message"],
        cell=error["cell"],
        source=error["source"],
        traceback=error["traceback"],
        company=company,
        period=called(job.period),
        parameters=job.parameters,
        index="" if own else "../" * job.id.count("/") + "index.html",
    )
    return path.name


def write_indexes(run: RunFolder, records: list[Record], states: Mapping[str, str]) -> Path:
    """Write the run's own index and the home page above all runs, whose path is returned.

    `states` say of a report's delivery what stands in place of its own status. `run` has told of itself
    already (`RunFolder.tell`): company, data and versions come from there.
    """
    base = run.path.parent
    found = [
        each._replace(told={**each.told, "states": states}) if each.name == run.name else each
        for each in ran(base, run, records)
    ]
    (mine,) = (each for each in found if each.name == run.name)
    own = [Made(mine, record) for record in records]
    earlier = [each for each in found if each.number <= mine.number]
    _write(
        run.path,
        mine.told,
        [_entry(each, "") for each in own],
        title=_("Run {number}", number=run.name),
        headlines=headlines(earlier, own, _place("")),
        home="../index.html",
    )
    made = newest(found)
    place = _place("{run}/")
    return _write(
        base,
        found[0].told,
        [_entry(each, f"{each.run.name}/") for each in made],
        title=found[0].told.get("company") or _("Reports"),
        headlines=headlines(found, made, place),
        teams=teams(found, made, place),
        decide=decisions(found, made, place),
        periods=periods(found),
    )


def write_incomplete(run: RunFolder, asked: list[Record]) -> None:
    """Write the own index of a run that was stopped: what is ready, and what is missing."""
    done = run.records()
    missing = {"status": "incomplete", "outputs": {}, "seconds": {}, "headlines": {}}
    records = [done.get(record["id"]) or {**record, **missing} for record in asked]
    mine = Ran(run.name, run.told(), records)
    entries = [_entry(Made(mine, record), "") for record in records]
    _write(run.path, mine.told, entries, title=_("Run {number}", number=run.name), complete=False)


def _write(folder: Path, told: Record, entries: list[Record], **more: Any) -> Path:
    from salesops_nb import present

    through = told.get("data_through")
    facts = {_("Data fingerprint"): told.get("fingerprint"), **told.get("versions", {})}
    page: Path = present.write_index(
        folder,
        entries,
        company=told.get("company", ""),
        as_of=date.fromisoformat(through) if through else None,
        facts={name: value for name, value in facts.items() if value},
        **more,
    )
    return page


def _place(prefix: str) -> Place:
    """Where a report's file is, from the page that says so; empty where there is none."""

    def place(made: Made, form: str) -> str:
        path = made.record["outputs"].get(form, {}).get("path")
        return prefix.format(run=made.run.name) + path if path else ""

    return place


def _entry(made: Made, prefix: str) -> dict[str, Any]:
    record = made.record
    outputs = {form: prefix + each["path"] for form, each in record["outputs"].items()}
    error_page = outputs.pop("error", None)
    outputs.pop("ipynb", None)
    return {
        **{name: record[name] for name in ("report", "title", "level", "team")},
        "period": called(record["period"]),
        "who": record.get("name", record["who"]) if record["who"] else "",
        "status": state_of(made),
        "outputs": outputs,
        "error_page": error_page,
        "message": record.get("error", {}).get("message", record.get("reason", "")),
        "seconds": record["seconds"].get("total"),
        "headlines": {label: each["text"] for label, each in record["headlines"].items()},
    }
