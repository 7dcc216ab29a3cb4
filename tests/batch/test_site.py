"""One linked site: who leads to whom, what a person's own page and folder lead to, what a part's run does."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from salesops_nb.batch.runs.folder import RunFolder, file_hash
from salesops_nb.batch.runs.index import write_indexes
from salesops_nb.batch.runs.links import copied, link_pages
from salesops_nb.core.frames import Tables
from salesops_nb.present.export.linking import unlinked

REVIEW, PAY, PROCESS = (f"notebooks/{name}.ipynb" for name in ("review", "pay", "process"))
TEAM_OF = {"a1": "North", "a2": "North", "b1": "South"}
NAMES = {"a1": "Ana Pop", "a2": "Bo Ek", "b1": "Cy O'Neil"}


def page_of(name: str, rows: list[str], deals: list[str]) -> str:
    """A report's page as far as links go: people and teams head its rows, and a table lists deals."""
    body = "".join(f'<tr><th scope="row">{row}</th><td>1</td></tr>' for row in rows)
    listed = "".join(f'<tr><th scope="row">{deal}</th><td>7</td></tr>' for deal in deals)
    head = '<thead><tr><th scope="col">{}</th><th scope="col">Value</th></tr></thead>'
    return (
        f'<html><body class="draft">\n<a class="skip" href="#main">Skip</a><h1>{name}</h1><main id="main">'
        f"<table>{head.format('Name')}<tbody>{body}</tbody></table>"
        f"<table>{head.format('Deal')}<tbody>{listed}</tbody></table></main></body></html>"
    )


def record(report: str, notebook: str, level: str = "company", who: str = "", **more: Any) -> dict[str, Any]:
    """What a run tells of a report, whose page it has."""
    name = NAMES.get(who, who) or "Acme"
    return {
        "id": f"{report}/{who}" if who else report, "report": report, "title": f"{report}: {name}",
        "level": level, "who": who, "name": name, "team": TEAM_OF.get(who, who if level == "team" else ""),
        "region": "", "period": "2017-Q4", "notebook": notebook, "status": "ok", "to": None, "parameters": {},
        "seconds": {"total": 1.0}, "headlines": {}, "key": "k", **more,
    }  # fmt: skip


def everybody() -> list[dict[str, Any]]:
    """Company, teams, people; a statement each; a process review of the company and a team."""
    return [
        record("company", REVIEW),
        *(record("team", REVIEW, "team", team) for team in ("North", "South")),
        *(record("rep", REVIEW, "rep", who) for who in NAMES),
        record("commission", PAY),
        *(record("statement", PAY, "rep", who) for who in NAMES),
        record("process", PROCESS),
        record("process/team", PROCESS, "team", "North"),
    ]


ROWS = ["North", "South", "Ana Pop", "Bo Ek", "Cy O&#39;Neil", "Total"]
OWNED = {"d-1": "a1", "d-2": "b1"}
BOOK: Any = SimpleNamespace(tables=Tables({"deals": pd.DataFrame(
    {"deal_id": list(OWNED), "owner_id": list(OWNED.values())})}))  # fmt: skip


def made(base: Path, records: list[dict[str, Any]], **asked: Any) -> tuple[RunFolder, list[dict[str, Any]]]:
    """A run with these reports, linked, told and finished."""
    run = RunFolder.create(base)
    for each in records:
        mine = each["level"] != "rep"
        deals = [deal for deal, who in OWNED.items() if who == each["who"] or each["report"] == "process"]
        page = page_of(each["title"], ROWS if mine else [NAMES[each["who"]], "North"], deals)
        place = run.path / f"{each['id']}.html"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(page, encoding="utf-8")
        each["outputs"] = {"html": {"path": f"{each['id']}.html", "sha256": file_hash(place), "bytes": 1}}
    run.tell({"company": "Acme", "jobs": records, "asked": asked, "fingerprint": "f"})
    done = link_pages(run, records, BOOK)
    run.tell({"company": "Acme", "jobs": done, "asked": asked, "fingerprint": "f"})
    write_indexes(run, done, {})
    run.finish()
    run.close()
    return run, done


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> tuple[RunFolder, list[dict[str, Any]]]:
    return made(tmp_path_factory.mktemp("site"), everybody())


def links(path: Path) -> list[str]:
    found = re.findall(r'href="([^"]*)"', path.read_text(encoding="utf-8"))
    return [each for each in found if not each.startswith(("#", "data:"))]


def test_every_link_of_the_site_leads_somewhere_and_every_page_is_reached(site: Any) -> None:
    run, _ = site
    base, seen, waiting = run.path.parent, set(), [run.path.parent / "index.html"]
    while waiting:
        page = waiting.pop().resolve()
        if page in seen:
            continue
        seen.add(page)
        for each in links(page):
            path, _sign, place = each.partition("#")
            aim = page.parent / path
            assert aim.is_file(), f"{page.name} leads to {each}"
            assert not place or f'id="{place}"' in aim.read_text(encoding="utf-8")
            waiting.append(aim)
    assert set(base.rglob("*.html")) == seen


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        ("company.html", {"../index.html", "commission.html", "team/North.html", "rep/a1.html"}),
        ("team/North.html", {"../../index.html", "../company.html", "../process/team/North.html",
                             "../rep/a1.html", "../rep/a2.html"}),
        ("commission.html", {"statement/a1.html", "statement/b1.html", "team/North.html"}),
        ("process.html", {"rep/a1.html#deal-d-1", "process/team/North.html"}),
    ],
)  # fmt: skip
def test_a_page_leads_up_down_and_beside(site: Any, page: str, expected: set[str]) -> None:
    assert expected <= set(links(site[0].path / page))


def test_a_team_leads_to_nobody_elses_people(site: Any) -> None:
    assert not [each for each in links(site[0].path / "team/North.html") if "b1" in each or "South" in each]


def test_a_persons_own_page_leads_to_that_persons_pages_alone(site: Any) -> None:
    run, _ = site
    for folder, other in (("rep", "statement"), ("statement", "rep")):
        for page in (run.path / folder).iterdir():  # the whole folder
            assert set(links(page)) <= {f"../{other}/{page.name}", f"../{other}/{page.name}#deal-d-1",
                                        f"../{other}/{page.name}#deal-d-2"}  # fmt: skip
    assert links(run.path / "rep/a1.html").count("../statement/a1.html#deal-d-1") == 1


def test_a_page_on_a_person_for_the_manager_leads_back(tmp_path: Path) -> None:
    one = record("one-on-one", REVIEW, "rep", "a1", parameters={"audience": "manager"})
    run, _ = made(tmp_path, [record("company", REVIEW), record("team", REVIEW, "team", "North"), one])
    assert links(run.path / "one-on-one/a1.html")[:3] == [
        "../../index.html", "../company.html", "../team/North.html"]  # fmt: skip


def test_a_folder_of_copies_leads_to_nothing_outside(site: Any, tmp_path: Path) -> None:
    run, records = site
    copies = [{**each, "to": f"shared/{each['team'] or 'all'}"} for each in records]
    for each in copies:
        place = tmp_path / each["to"]
        place.mkdir(parents=True, exist_ok=True)
        text = (run.path / each["outputs"]["html"]["path"]).read_text(encoding="utf-8")
        page = copied(text, each, copies)
        (place / f"{each['id'].replace('/', '--')}.html").write_text(page, encoding="utf-8")
    for page in tmp_path.rglob("*.html"):
        for each in links(page):
            assert "/" not in each
            assert (page.parent / each.partition("#")[0]).is_file()
    assert set(links(tmp_path / "shared/North/rep--a1.html")) == {"statement--a1.html"}
    assert "rep--a2.html" in links(tmp_path / "shared/North/team--North.html")


def test_what_was_put_in_comes_out_again_and_hashes_are_those_of_the_files(site: Any) -> None:
    run, records = site
    for each in records:
        path = run.path / each["outputs"]["html"]["path"]
        assert file_hash(path) == each["outputs"]["html"]["sha256"]
        assert "site" not in unlinked(path.read_text(encoding="utf-8"))


def test_a_name_that_two_bear_leads_nowhere(tmp_path: Path) -> None:
    records = [record("company", REVIEW), record("team", REVIEW, "team", "Ana Pop"),
               record("rep", REVIEW, "rep", "a1")]  # fmt: skip
    run, _ = made(tmp_path, records)
    assert '<th scope="row">Ana Pop</th>' in (run.path / "company.html").read_text(encoding="utf-8")


def test_a_run_of_a_part_adds_to_the_home_page_and_leads_to_the_earlier_pages(tmp_path: Path) -> None:
    made(tmp_path, everybody())
    run, _ = made(
        tmp_path, [record("company", REVIEW), record("targets", "t.ipynb")], only=["company", "targets"]
    )
    home = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert home.count('<th scope="row">') == len(everybody()) + 1
    assert {"0002/company.html", "0002/targets.html", "0001/team/North.html"} <= set(
        links(tmp_path / "index.html")
    )
    assert "0001/company.html" not in links(tmp_path / "index.html")
    assert "../0001/team/North.html" in links(run.path / "company.html")
    assert (run.path / "index.html").read_text(encoding="utf-8").count('<th scope="row">') == 2


def test_a_whole_run_takes_away_what_its_list_no_longer_has(tmp_path: Path) -> None:
    made(tmp_path, everybody())
    made(tmp_path, [each for each in everybody() if each["who"] != "b1"])
    assert not [each for each in links(tmp_path / "index.html") if "b1" in each]


def test_an_earlier_period_stands_under_its_own_and_replaces_nothing(tmp_path: Path) -> None:
    made(tmp_path, everybody())
    old = [{**each, "period": "2016-Q1"} for each in everybody()[:2]]
    made(tmp_path, old, only=["company", "team"])
    made(tmp_path, [{**each, "period": "2016"} for each in everybody()])
    page = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert re.findall(r"<dt>([^<]*)</dt>\s*<dd><a href=\"([^\"]*)\"", page)[-1] == (
        "2016-Q1", "0002/index.html")  # fmt: skip
    assert "0001/team/North.html" in links(tmp_path / "index.html")


def test_a_page_of_one_period_leads_to_none_of_another(tmp_path: Path) -> None:
    made(tmp_path, everybody())
    run, _ = made(tmp_path, [{**record("company", REVIEW), "period": "2016-Q1"}], only=["company"])
    assert set(links(run.path / "company.html")) == {"../index.html"}
