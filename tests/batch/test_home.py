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


def figure(number: float | None, unit: str = "percent") -> dict[str, Any]:
    return {"text": "–" if number is None else f"{number:.1%}", "number": number, "unit": unit}


def team(name: str, period: str, **figures: dict[str, Any]) -> dict[str, Any]:
    return {**record("team", period, "team"), "id": f"team/{name}", "who": name, "name": name,
            "headlines": figures}  # fmt: skip


def test_teams_are_small_multiples_of_one_figure_on_one_scale(tmp_path: Path) -> None:
    def run_of(period: str, north: float, south: float) -> list[Any]:
        return [
            record("company", period, Attainment=(f"{(north + south) / 2:.1%}", (north + south) / 2)),
            team("North", period, Bookings=figure(5.0, "money"), Attainment=figure(north)),
            team("South", period, Bookings=figure(7.0, "money"), Attainment=figure(south)),
        ]

    page = home(tmp_path, run_of("2017-Q3", 0.5, 1.1), run_of("2017-Q4", 0.7, 0.9))
    part = page.split('<ul class="multiples">')[1].split("</ul>")[0]
    assert re.findall(r'<a href="([^"]*)">(\w+)</a>', part) == [
        ("0002/team.html", "North"),
        ("0002/team.html", "South"),
    ]
    assert "from 50.0% in 2017-Q3 to 70.0% in 2017-Q4" in part
    ends = [float(y) for y in re.findall(r'points="[^"]*,([\d.]+)"', part)]
    starts = [float(y) for y in re.findall(r'points="[\d.]+,([\d.]+) ', part)]
    assert (
        starts[0] > ends[0] > ends[1] > starts[1]
    )  # 50, 70, 90, 110 % from the bottom up, in both boxes alike
    assert len(set(re.findall(r'<line [^>]*y1="([\d.]+)"', part))) == 1


def test_one_team_or_a_figure_of_few_makes_no_multiples(tmp_path: Path) -> None:
    page = home(tmp_path, [team("North", "2017-Q4", Attainment=figure(0.5))])
    assert '<ul class="multiples">' not in page
    pages = [team(n, "2017-Q4", Attainment=figure(None), Stage={"text": "x", "number": None}) for n in "ab"]
    assert '<ul class="multiples">' not in home(tmp_path / "b", pages)


def test_figures_asked_for_otherwise_or_in_another_unit_are_no_course(tmp_path: Path) -> None:
    def hiring(period: str, chance: float, unit: str = "percent", **asked: Any) -> dict[str, Any]:
        made = record("hiring", period, Probability=(f"{chance:.0%}", chance))
        made["headlines"]["Probability"]["unit"] = unit
        return {**made, "parameters": {"period": period, "as_of": period, **asked}}

    same = home(tmp_path / "a", [hiring("2017-Q3", 0.4)], [hiring("2017-Q4", 0.5, "whole_percent")])
    assert len(courses(same)) == 1
    other = home(tmp_path / "b", [hiring("2017-Q3", 0.4, budget=1)], [hiring("2017-Q4", 0.5, budget=2)])
    assert courses(other) == []
    unit = home(tmp_path / "c", [hiring("2017-Q3", 40, "number")], [hiring("2017-Q4", 0.5)])
    assert courses(unit) == []


def decided(page: str) -> list[str]:
    part = page.split('id="decide"')[1].split("</section>")[0]
    return [re.sub(r"<[^>]+>", "", each) for each in re.findall(r"<li>(.*?)</li>", part)]


def test_what_needs_a_decision_is_listed_and_nothing_else(tmp_path: Path) -> None:
    assert decided(home(tmp_path / "well", [record("review", "2017-Q4")])) == []
    failed = {**record("review", "2017-Q4"), "status": "failed", "error": {"message": "No quota."},
              "outputs": {"error": {"path": "review.error.html"}}}  # fmt: skip
    missing = {**record("hiring", "2017-Q4"), "status": "not possible", "reason": "No table candidates.",
               "outputs": {}}  # fmt: skip
    unasked = {**missing, "id": "process", "title": "Process", "optional": True}
    drafts = [
        {**record("statement", "2017-Q4", "rep"), "id": f"statement/{n}", "who": str(n),
         "statement": {"status": status, "totals": {"USD": "10.10", "EUR": "1"}}}
        for n, status in enumerate(["draft", "draft", "approved"])
    ]  # fmt: skip
    said = decided(home(tmp_path / "ill", [failed, missing, unasked, *drafts]))
    assert said == [
        "Review failed.",
        "Hiring is not possible: No table candidates.",
        "2 pay statements for 2017-Q4 wait for approval: €2.00, $20.20 in all.",
    ]


def test_reports_of_older_data_and_those_held_back_need_a_decision(tmp_path: Path) -> None:
    run = RunFolder.create(tmp_path)
    records = [record("review", "2017-Q4"), record("targets", "2017-Q4")]
    run.tell(
        {"company": "Acme", "jobs": records, "fingerprint": "old", "states": {"review": "awaiting release"}}
    )
    write_indexes(run, records, {"review": "awaiting release"})
    run.finish()
    run.close()
    later = RunFolder.create(tmp_path)
    part = [record("targets", "2017-Q4")]
    later.tell({"company": "Acme", "jobs": part, "fingerprint": "new", "asked": {"only": ["targets"]}})
    page = write_indexes(later, part, {}).read_text()
    later.close()
    assert decided(page) == [
        "1 report is of other data than the last run&#39;s: make it again with salesops run.",
        "1 report waits for release: salesops deliver 0001 --release NAME",
    ]
    assert "awaiting release" in page


def test_what_a_report_found_stands_with_its_figures(tmp_path: Path) -> None:
    told = {**record("review", "2017-Q4", Rate=("50.0%", 0.5)), "found": {"lead": "Q4 closed <short>."}}
    assert '<p class="lead">Q4 closed &lt;short&gt;.</p>' in home(tmp_path, [told])
