"""The index of a run: every report of it in one list, to search, filter and sort.

Plain HTML without JavaScript; with it, one small script filters the rows by one block of JSON.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from salesops_nb.present.export.home import headlines_of, link, multiples_of
from salesops_nb.present.export.html import write_beside
from salesops_nb.present.language import formats
from salesops_nb.present.language.sentences import ngettext
from salesops_nb.present.language.translation import _, setting
from salesops_nb.present.page import render

FIGURES = 3


def write_index(
    run_folder: str | Path,
    jobs: Iterable[Mapping[str, Any]],
    *,
    title: str | None = None,
    company: str = "",
    as_of: Any = None,
    headlines: Sequence[Mapping[str, Any]] = (),
    teams: Mapping[str, Any] | None = None,
    decide: Sequence[Mapping[str, str]] | None = None,
    periods: Sequence[Mapping[str, Any]] = (),
    home: str = "",
    facts: Mapping[str, Any] | None = None,
    complete: bool = True,
    templates: Sequence[str] = (),
) -> Path:
    """Write ``index.html`` into a folder: the list of a run's reports, or the home page above all runs.

    Parameters
    ----------
    jobs : one mapping a report: ``report`` (its name), ``title``, ``level``, ``who``, ``team``,
        ``period``, ``status`` (``ok``, ``failed``, ``skipped``, ``incomplete``, ``awaiting release``,
        ``unclear``, ``draft``), ``outputs`` (format → path in the folder), ``error_page``, ``message``,
        ``seconds``, ``headlines`` (label → text).
    headlines : what stands first, a mapping a report: ``title``, ``href``, ``lead`` (what it found, in words)
        and ``cards``: ``label``, ``text`` (the figure as the report writes it), ``unit`` and ``points``
        (``name`` of the period and ``value`` each, oldest first), which make a line where there are two.
    teams : one figure of every team on one scale: ``label``, ``unit``, ``period``, ``company`` (its number)
        with ``company_text``, ``periods`` (names, oldest first) and ``teams``: ``name``, ``href``, ``text``,
        ``points``.
    decide : what waits for a person, on a home page: ``words`` and ``href`` (empty for none) each; ``None``
        on any other page.
    periods : by period the runs that made reports of it: ``name``, and ``runs`` with ``name``, ``href``,
        ``words`` and ``when``.
    home : a link to the home page, from another.
    facts : what stands at the foot.
    complete : false says on top that reports are missing.

    Returns
    -------
    Path
        of the page; written beside and moved in.

    Examples
    --------
    >>> import tempfile
    >>> from salesops_nb import present
    >>> job = {"report": "performance_review", "title": "Performance review", "level": "company",
    ...        "period": "2017-Q3", "status": "ok", "outputs": {"html": "company.html"}}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     page = present.write_index(folder, [job], title="September 2017")
    ...     page.name, "company.html" in page.read_text(encoding="utf-8")
    ('index.html', True)
    """
    folder = Path(run_folder)
    listed = [dict(job) for job in jobs]
    labels = _figure_labels(listed)
    rows = [_row(folder, job, labels) for job in listed]
    script, script_hash = render.script("run/index.js", templates)
    page = render.page(
        "run/index.html.j2",
        templates,
        title=title or _("Reports"),
        company=company,
        as_of=as_of,
        state="complete" if complete else "incomplete",
        summary=_summary(listed),
        style=render.style_sheet("report.css", templates) + render.style_sheet("run/run.css", templates),
        filters=_filters(listed),
        columns=_columns(labels),
        rows=rows,
        headlines=[headlines_of(report) for report in headlines],
        teams=None if teams is None else multiples_of(teams),
        decide=decide,
        periods=periods,
        home=link(home),
        facts={render.words_of(str(k)): str(v) for k, v in (facts or {}).items()},
        data=_json([row["data"] for row in rows]),
        script=script,
        script_hash=script_hash,
    )
    return write_beside(folder / "index.html", page)


def status_words(status: str) -> str:
    """A job's status in the reader's language."""
    known = {
        "ok": _("ready"),
        "failed": _("failed"),
        "skipped": _("unchanged"),
        "incomplete": _("incomplete"),
        "not possible": _("not possible"),
        "awaiting release": _("awaiting release"),
        "unclear": _("delivery unclear"),
        "draft": _("draft"),
    }
    return known.get(status, status)


def _row(folder: Path, job: Mapping[str, Any], labels: Sequence[str]) -> dict[str, Any]:
    said = _texts(job, ("report", "level", "who", "team", "period", "status", "message"))
    title = str(job.get("title") or render.words_of(said["report"]))
    files = [(str(kind), link(path, folder)) for kind, path in (job.get("outputs") or {}).items()]
    failed = said["status"] == "failed"
    href = link(job.get("error_page"), folder) if failed else dict(files).get("html", "")
    headlines = job.get("headlines") or {}
    figures = [str(headlines.get(label, "")) for label in labels]
    keys = [title, said["who"] or None, said["team"] or None, said["period"] or None]
    order = [*keys, status_words(said["status"]), *[_sort_key(job, label) for label in labels]]
    searched = " ".join([title, *said.values(), status_words(said["status"])])
    return {
        **said,
        "title": title,
        "href": href,
        "files": [] if failed else files,
        "figures": figures,
        "status_words": status_words(said["status"]),
        "status_class": said["status"].split(" ")[0],
        "data": [searched, said["report"], said["team"], said["period"], said["status"], order],
    }


def _sort_key(job: Mapping[str, Any], label: str) -> float | str | None:
    """A figure's number where the job gives it under ``figures``, else its text."""
    raw = (job.get("figures") or {}).get(label)
    if raw is not None and not isinstance(raw, str):
        return float(raw)
    return number_in(str((job.get("headlines") or {}).get(label, "")))


def number_in(text: str) -> float | str | None:
    """The number that a written figure begins with (``−1.234,5 RON`` is −1234.5); else the text."""
    from babel.numbers import get_decimal_symbol

    point = get_decimal_symbol(setting().locale)
    found = re.search(r"[-−]?[^\d\s]{0,3}\d(?:[\d.,\s’']*\d)?", text)
    if not found:
        return text or None
    digits = "".join(letter for letter in found[0] if letter.isdigit() or letter == point)
    whole, _point, part = digits.partition(point)
    value = float(f"{whole}.{part.replace(point, '')}")
    return -value if found[0].startswith(("-", "−")) else value


def _figure_labels(jobs: Sequence[Mapping[str, Any]]) -> list[str]:
    labels: dict[str, None] = {}
    for job in jobs:
        labels.update(dict.fromkeys(job.get("headlines") or ()))
    return list(labels)[:FIGURES]


def _columns(labels: Sequence[str]) -> list[dict[str, Any]]:
    names = [_("Report"), _("Who"), _("Team"), _("Period"), _("Status")]
    plain = [{"label": name, "sort": at, "align": ""} for at, name in enumerate(names)]
    numbers = [
        {"label": label, "sort": at, "align": "num"} for at, label in enumerate(labels, start=len(names))
    ]
    return [*plain, *numbers, {"label": _("Files"), "sort": "", "align": ""}]


def _filters(jobs: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """One choice of report, team, period and status; the script finds each by its place in the data."""
    named = {"report": _("Report"), "team": _("Team"), "period": _("Period"), "status": _("Status")}
    write = {"report": render.words_of, "status": status_words}
    made = []
    for name, label in named.items():
        values = sorted({str(job[name]) for job in jobs if job.get(name)})
        options = [(value, write.get(name, str)(value)) for value in values]
        made.append({"name": name, "label": label, "options": options})
    return made


def _summary(jobs: Sequence[Mapping[str, Any]]) -> str:
    failed = sum(job.get("status") == "failed" for job in jobs)
    said = [ngettext("{n} report", "{n} reports", len(jobs))]
    if failed:
        said.append(ngettext("{n} failed", "{n} failed", failed))
    return ", ".join(said)


def _json(data: Any) -> str:
    """JSON that may stand inside a script element, whatever the texts hold."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _texts(given: Mapping[str, Any], names: Sequence[str]) -> dict[str, str]:
    return {name: "" if formats.missing(given.get(name)) else str(given[name]) for name in names}
