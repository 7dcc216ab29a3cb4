"""The page above all reports: what each says of the company, and the course of a figure over its periods."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from salesops_nb.batch.runs.folder import RunFolder
from salesops_nb.batch.runs.index import write_indexes


def record(report: str, period: str, level: str = "company", **figures: tuple[str, float | None]) -> Any:
    """What a run tells of a report."""
    return {
        "id": report, "report": report, "title": report.title(), "level": level, "who": "", "team": "",
        "period": period, "status": "ok", "outputs": {"html": {"path": f"{report}.html"}},
        "seconds": {"total": 1.0},
        "headlines": {name: {"text": text, "number": number, "unit": "percent"}
                      for name, (text, number) in figures.items()},
    }  # fmt: skip


def home(base: Path, *ran: list[Any]) -> str:
    """The home page after those runs, one after the other."""
    for records in ran:
        run = RunFolder.create(base)
        run.tell({"company": "Acme", "jobs": records, "begun": "2026-01-01T00:00:00+00:00"})
        page = write_indexes(run, records, {})
        run.finish()
        run.close()
    return page.read_text(encoding="utf-8")


def courses(page: str) -> list[str]:
    return re.findall(r'<p class="detail">(.*?)</p>', page)


def test_a_figure_of_another_report_is_never_its_course(tmp_path: Path) -> None:
    page = home(
        tmp_path,
        [record("targets", "2017-Q4", Probability=("63.9%", 0.639)),
         record("hiring", "2017-Q4", Probability=("80.6%", 0.806))],
    )  # fmt: skip
    assert courses(page) == []
    assert "<polyline" not in page
    assert page.count('<p class="label">Probability</p>') == 2
    assert re.findall(r'<h[23][^>]*><a href="0001/(\w+).html">', page) == ["targets", "hiring"]


def test_a_course_has_each_period_once_and_none_that_comes_later(tmp_path: Path) -> None:
    ran = [
        ("2017-Q2", 0.2), ("2017-Q1", 0.9), ("2017-Q1", 0.1),  # the last run of a period counts
        ("2017", 0.7), ("2017-Q4", 0.4), ("2017-Q3", 0.3),
    ]  # fmt: skip
    page = home(tmp_path, *([record("review", p, Rate=(f"{v:.1%}", v))] for p, v in ran))
    assert courses(page) == ["from 10.0% in 2017-Q1 to 40.0% in 2017-Q4"]
    assert '<p class="value">40.0%</p>' in page
    last = (tmp_path / "0006" / "index.html").read_text()  # of an earlier period: up to its own
    assert courses(last) == ["from 10.0% in 2017-Q1 to 30.0% in 2017-Q3"]


def test_what_is_not_of_the_company_or_not_known_is_no_headline(tmp_path: Path) -> None:
    page = home(
        tmp_path,
        [record("team", "2017-Q4", "team", Rate=("10.0%", 0.1)),
         record("review", "2017-Q4", Coverage=("–", None), Stage=("Demo", None))],
    )  # fmt: skip
    assert re.findall(r'<p class="label">(\w+)</p>', page) == ["Stage"]
