"""Each audience's pages hold its own rows alone: everybody else's values are marked, and looked for.

The workbook is made so that every name, team, account, deal, target and amount is unlike any other's. What is
not an audience's own, the company's totals, control totals and defects among them, may stand nowhere in
its HTML, its spreadsheet, or the executed notebook with its texts and alternative texts.
"""

from __future__ import annotations

import csv
import json
import re
import shutil
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from salesops_nb.batch.jobs.paths import path_name
from salesops_nb.cli import main

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Person:
    """One person with what is this person's alone."""

    id: str
    name: str
    role: str
    team: str
    manager: str
    number: int

    @property
    def amounts(self) -> list[int]:
        """What the person's deals are worth: three of 2017-Q4, one of the quarter before, one open."""
        return [310_000 + 7_919 * self.number + 611 * n * n for n in range(5)] if self.role == "rep" else []

    @property
    def target(self) -> int:
        return 820_003 + 6_131 * self.number

    @property
    def own(self) -> set[str]:
        """The marks of the person: in a text without separators of thousands."""
        marks = {self.id, self.name, f"{self.id}@example.com", f"pay-{self.id}", f"account of {self.id}"}
        marks |= {f"deal-{self.id}-{n}" for n in range(len(self.amounts))} | set(map(str, self.amounts))
        return marks | ({str(self.target)} if self.role == "rep" else set())


TEAMS = {"Kestrel": "mk-id", "Osprey": "mo-id"}
PEOPLE = [
    Person("ak-id", "Ileana Vrabie", "rep", "Kestrel", "mk-id", 1),
    Person("bk-id", "Osric Quillon", "rep", "Kestrel", "mk-id", 2),
    Person("ao-id", "Tamsin Orme", "rep", "Osprey", "mo-id", 3),
    Person("bo-id", "Ragnar Steen", "rep", "Osprey", "mo-id", 4),
    Person("mk-id", "Hedda Krantz", "manager", "Kestrel", "", 5),
    Person("mo-id", "Berit Falkner", "manager", "Osprey", "", 6),
]
UNKNOWN, NEGATIVE, CONTROL, COMPANY_TARGET = 987_654, -876_543, 5_432_109, 7_654_321
TEAM_TARGETS = {"Kestrel": 1_717_171, "Osprey": 1_818_181}
DAYS = [
    ("2017-10-02", "2017-11-20"),
    ("2017-10-03", "2017-12-05"),
    ("2017-10-04", "2017-12-11"),
    ("2017-07-03", "2017-08-21"),
]
DEFECTS = f"""bad-1,nobody-known,account of ak-id,,Won,{UNKNOWN},2017-10-02,2017-11-21
bad-2,nobody-known,account of bo-id,,Won,{UNKNOWN - 111},2017-10-02,2017-11-21
bad-3,bo-id,account of bo-id,,Won,{NEGATIVE},2017-10-02,2017-11-22
"""
MAPPING = (
    "tables:\n  deals:\n    file: deals.csv\n    stages: {Open: open, Won: won, Lost: lost}\n"
    + "".join(
        f"  {name}: {{file: {name}.csv}}\n" for name in ("people", "accounts", "targets", "plan_assignments")
    )
)
WORKBOOK = f"""company: Acme
currency: USD
locale: en_US
source: data
mapping: mapping.yml
store: sqlite:///store.sqlite
controls:
  - {{period: 2017-Q4, outcome: won, sum: {CONTROL}, count: 4321, source: ledger,
     tolerance_sum: 99999999, tolerance_count: 9999}}
"""
REVIEW = "notebook: notebooks/performance_review.ipynb, formats: [html, xlsx]"
PAY = "notebook: notebooks/commission_calculation.ipynb, formats: [html, xlsx]"
REPORTS = f"""period: 2017-Q4
reports:
  - {{name: company, {REVIEW}}}
  - {{name: team, {REVIEW}, for_each: team}}
  - {{name: rep, {REVIEW}, for_each: rep}}
  - {{name: target, {REVIEW}, for_each: rep, parameters: {{compare_to: target}}}}
  - {{name: commission, {PAY}}}
  - {{name: statement, {PAY}, for_each: rep, where: {{role: [rep, manager]}}, pay: true}}
"""


def deals() -> str:
    rows = ["deal_id,owner_id,account_id,product_id,stage,amount,created_on,closed_on"]
    for person in PEOPLE:
        for n, amount in enumerate(person.amounts):
            stage, (created, closed) = ("Won", DAYS[n]) if n < 4 else ("Open", ("2017-11-02", ""))
            deal = f"deal-{person.id}-{n},{person.id},account of {person.id},"
            rows.append(f"{deal},{stage},{amount},{created},{closed}")
            rows.append(f"lost-{n}-{deal},Lost,0,{created},{closed or '2017-12-20'}")
    return "\n".join(rows) + "\n" + DEFECTS


def workbook(folder: Path) -> Path:
    """The made workbook with the notebooks and plans of the demo."""
    reps = [person for person in PEOPLE if person.role == "rep"]
    files = {
        "deals": deals(),
        "people": "person_id,name,role,manager_id,team,region,email,payroll_id,hired_on\n"
        + "".join(
            f"{p.id},{p.name},{p.role},{p.manager},{p.team},East,{p.id}@example.com,pay-{p.id},2015-01-01\n"
            for p in PEOPLE
        ),
        "accounts": "account_id,name,industry\n"
        + "".join(f"account of {p.id},account of {p.id},steel\n" for p in reps),
        "targets": "level,who,metric,period,value\n"
        + f"company,Acme,bookings,2017-Q4,{COMPANY_TARGET}\n"
        + "".join(f"team,{team},bookings,2017-Q4,{value}\n" for team, value in TEAM_TARGETS.items())
        + "".join(f"rep,{p.id},bookings,2017-Q4,{p.target}\n" for p in reps),
        "plan_assignments": "person_id,plan_id,valid_from,base_pay,target_incentive,pay_mix,accepted_on\n"
        + "".join(
            f"{p.id},{'account-executive' if p.role == 'rep' else 'sales-manager'},2017-01-01,"
            f"{61_017 + p.number},15000,80/20,2017-01-05\n"
            for p in PEOPLE
        ),
    }
    (folder / "data").mkdir()
    for name, text in files.items():
        (folder / "data" / f"{name}.csv").write_text(text)
    (folder / "mapping.yml").write_text(MAPPING)
    (folder / "workbook.yml").write_text(WORKBOOK)
    (folder / "reports.yml").write_text(REPORTS)
    for part in ("plans", "pay_calendar.yml", "notebooks"):
        source = ROOT / part
        (shutil.copytree if source.is_dir() else shutil.copy)(source, folder / part)
    return folder


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run's folder."""
    folder = workbook(tmp_path_factory.mktemp("private"))
    result = CliRunner().invoke(main, ["run", str(folder / "reports.yml")])
    assert result.exit_code == 0, result.output
    return folder / "reports" / "0001"


def plain(path: Path) -> str:
    """All text of a file, a spreadsheet's parts unpacked, with separators of thousands taken out."""
    if path.suffix == ".xlsx":
        with zipfile.ZipFile(path) as parts:
            text = "\n".join(parts.read(name).decode("utf-8") for name in parts.namelist())
    elif path.suffix == ".ipynb":
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        text = json.dumps([cell.get("outputs", []) for cell in cells], ensure_ascii=False)
    else:
        text = path.read_text(encoding="utf-8")
    return re.sub(r"(?<=\d),(?=\d{3})", "", text)


def files_of(pages: Path, report: str, who: str) -> Iterator[Path]:
    found = sorted((pages / report).glob(f"*{path_name(who)[-11:]}.*"))  # its own by the id
    assert {path.suffix for path in found} == {".html", ".xlsx", ".ipynb"}
    yield from found


def company() -> set[str]:
    """What is the company's and no one person's or team's: totals, controls, defects."""
    every = [amount for person in PEOPLE for amount in person.amounts[:3]]
    sums = [sum(every), CONTROL, sum(every) + 2 * UNKNOWN - 111, UNKNOWN, UNKNOWN - 111, 2 * UNKNOWN - 111]
    sums += [-NEGATIVE, 2 * UNKNOWN - 111 + NEGATIVE, COMPANY_TARGET, 4321]
    return {
        *map(str, sums),
        "bad-1",
        "bad-2",
        "bad-3",
        "nobody-known",
        "Negative amount",
        "Unknown rep",
        "Control of",
    }


def team_total(team: str) -> str:
    return str(sum(sum(person.amounts[:3]) for person in PEOPLE if person.team == team))


def strangers(mine: list[Person], teams: set[str]) -> set[str]:
    """Everybody's marks but those of these persons and teams."""
    found = {mark for person in PEOPLE if person not in mine for mark in person.own}
    for team in TEAMS.keys() - teams:
        found |= {team, str(TEAM_TARGETS[team]), team_total(team)}
    return found


RANKS = ("Rank range", "rank range", "Likely ranks", "may really rank", "best first")
REPS = [person for person in PEOPLE if person.role == "rep"]


@pytest.mark.parametrize("report", ["rep", "target"])
@pytest.mark.parametrize("person", REPS, ids=lambda person: person.id)
def test_a_reps_review_is_of_that_rep_alone(pages: Path, person: Person, report: str) -> None:
    hidden = strangers([person], {person.team}) | company()
    hidden |= {team_total(person.team), str(TEAM_TARGETS[person.team]), *RANKS}
    for path in files_of(pages, report, person.id):
        text = plain(path)
        if path.suffix != ".xlsx":  # it holds the tables, and these stand on the cards
            assert str(sum(person.amounts[:3])) in text, path.name
            assert str(person.target) in text, path.name
        assert [mark for mark in hidden if mark in text] == [], path.name


@pytest.mark.parametrize("team", TEAMS)
def test_a_teams_review_is_of_that_team_alone(pages: Path, team: str) -> None:
    mine = [person for person in PEOPLE if person.team == team]
    hidden = strangers(mine, {team}) | company() | set(RANKS)
    for path in files_of(pages, "team", team):
        text = plain(path)
        assert team_total(team) in text or path.suffix == ".xlsx", path.name
        for person in mine:
            assert person.role != "rep" or person.name in text, path.name
        assert [mark for mark in hidden if mark in text] == [], path.name


@pytest.mark.parametrize("person", PEOPLE, ids=lambda person: person.id)
def test_a_statement_is_of_that_person_alone(pages: Path, person: Person) -> None:
    hidden = strangers([person], {person.team}) | company() | {str(TEAM_TARGETS[person.team]), *RANKS}
    # a manager is paid on the team's credit, and its sum alone is on the statement
    hidden |= {team_total(person.team)} if person.role == "rep" else set()
    hidden |= {str(61_017 + other.number) for other in PEOPLE if other is not person}
    for path in files_of(pages, "statement", person.id):
        text = plain(path)
        assert person.name in text, path.name
        assert [mark for mark in hidden if mark in text] == [], path.name


@pytest.mark.parametrize(("report", "who"), [("rep", "ak-id"), ("team", "Osprey")])
def test_a_private_page_says_without_numbers_that_there_are_defects(
    pages: Path, report: str, who: str
) -> None:
    (page,) = (pages / report).glob(f"*{path_name(who)[-11:]}.html")
    text = page.read_text(encoding="utf-8")
    assert "data have defects" in text
    assert "the company&#39;s report counts them" in text


def test_the_companys_page_has_what_the_others_may_not(pages: Path) -> None:
    text = plain(pages / "company.html")
    marks = {str(CONTROL), str(2 * UNKNOWN - 111), str(-NEGATIVE), "Rank range", "Control of", "Unknown rep"}
    assert [mark for mark in marks if mark not in text] == []
    for person in REPS:
        assert person.name in text
    assert team_total("Kestrel") in text


def test_a_control_beyond_its_tolerance_fails_a_private_page_without_its_numbers(tmp_path: Path) -> None:
    folder = workbook(tmp_path)
    settings = (folder / "workbook.yml").read_text().replace("99999999", "0").replace("9999", "0")
    (folder / "workbook.yml").write_text(settings)
    result = CliRunner().invoke(
        main, ["run", str(folder / "reports.yml"), "--only", "rep", "--for", "rep=ak-id"]
    )
    assert result.exit_code == 1
    run = folder / "reports" / "0001"
    assert "differs beyond its tolerance, so this report is not made" in " ".join(result.output.split())
    record: dict[str, Any] = json.loads((run / "run.json").read_text())["jobs"][0]
    texts = [result.output, json.dumps(record), *(plain(path) for path in (run / "rep").iterdir())]
    hidden = strangers([PEOPLE[0]], {"Kestrel"}) | company() - {"Control of"}
    for text in texts:
        assert [mark for mark in hidden if mark in re.sub(r"(?<=\d),(?=\d{3})", "", text)] == []


def dry_run(folder: Path, report: str) -> Result:
    """What a dry run says of one report."""
    (folder / "reports.yml").write_text(f"period: 2017-Q4\nreports:\n  - {report}\n")
    return CliRunner().invoke(main, ["run", str(folder / "reports.yml"), "--dry-run"])


@pytest.mark.parametrize(
    ("notebook", "parameters"),
    [("territory_rebalancing", "{scope: company}"), ("performance_review", "{level: company}")],
)
@pytest.mark.parametrize("each", ["rep", "team", "region", "[company, team]"])
def test_nor_where_it_is_asked_for_the_companys_figures(
    tmp_path: Path, notebook: str, parameters: str, each: str
) -> None:
    folder = workbook(tmp_path)
    report = f"{{name: x, notebook: notebooks/{notebook}.ipynb, for_each: {each}, parameters: {parameters}}}"
    result = dry_run(folder, report)
    assert result.exit_code == 1
    assert "would get the company's page" in " ".join(result.output.split())


@pytest.mark.parametrize(
    ("notebook", "parameters", "each", "of"),
    [
        ("commission_calculation", "{}", "team", "rep"),
        ("commission_calculation", "{status: approved}", "region", "rep"),
        ("commission_calculation", "{}", "[company, rep, team]", "rep"),
        ("performance_review", "{level: team}", "rep", "team"),
        ("performance_review", "{level: rep}", "team", "rep"),
        ("territory_rebalancing", "{}", "team", "region"),
        ("territory_rebalancing", "{scope: team}", "region", "team"),
        ("territory_rebalancing", "{scope: team}", "rep", "team"),
    ],
)
def test_nor_the_page_of_another_kind_that_bears_the_name(
    tmp_path: Path, notebook: str, parameters: str, each: str, of: str
) -> None:
    """A team named as its manager must not get the manager's pay statement, nor a rep a team's page."""
    folder = workbook(tmp_path)
    report = f"{{name: x, notebook: notebooks/{notebook}.ipynb, for_each: {each}, parameters: {parameters}}}"
    result = dry_run(folder, report)
    assert result.exit_code == 1
    assert f"would get the page of a {of} of the same name" in " ".join(result.output.split())
    # who it is about is said outright: that is what was asked for
    said = report.replace("parameters: {", "parameters: {who: x, ").replace(", }", "}")
    result = dry_run(folder, said)
    assert result.exit_code == 0, result.output


@pytest.mark.parametrize("notebook", ["target_setting", "hiring_needs"])
@pytest.mark.parametrize("each", ["rep", "team"])
@pytest.mark.parametrize(
    "more", ["", ", parameters: {reason: 'for {name}'}", ", parameters: {author: '{name}'}"]
)
def test_a_page_of_the_company_is_not_made_for_each(
    tmp_path: Path, notebook: str, each: str, more: str
) -> None:
    folder = workbook(tmp_path)
    report = f"{{name: x, notebook: notebooks/{notebook}.ipynb, for_each: {each}{more}}}"
    result = dry_run(folder, report)
    assert result.exit_code == 1
    assert f"each {each} would get the company's page" in result.output


def test_a_teams_territories_are_of_that_team_alone(tmp_path: Path) -> None:
    """On the demo, whose units and assignments a made workbook of this size has not."""
    for part in ("workbook.yml", "mapping.yml", "strategy.yml", "notebooks", "data", "plans"):
        source = ROOT / part
        (shutil.copytree if source.is_dir() else shutil.copy)(source, tmp_path / part)
    (tmp_path / "reports.yml").write_text(
        "period: 2017-Q4\nreports:\n  - name: territories\n"
        "    notebook: notebooks/territory_rebalancing.ipynb\n"
        "    for_each: team\n    formats: [html, xlsx]\n    parameters: {scope: team}\n"
    )
    team = "Cara Losch"
    result = CliRunner().invoke(main, ["run", str(tmp_path / "reports.yml"), "--for", f"team={team}"])
    assert result.exit_code == 0, result.output
    with (tmp_path / "data" / "people.csv").open(encoding="utf-8") as file:
        people = list(csv.DictReader(file))
    others = {row["person_id"] for row in people if row["team"] != team and row["person_id"] != team}
    others |= {row["team"] for row in people} - {team, ""}
    mine = {row["person_id"] for row in people if row["team"] == team and row["role"] == "rep"}
    assert len(mine) > 2
    assert len(others) > 20
    hidden = others | {"Control of", "1134672", "3086111", "2982255", "2802496", "10005534", *RANKS}
    for path in files_of(tmp_path / "reports" / "0001", "territories", team):
        text = plain(path)
        assert [name for name in mine if name in text], path.name
        assert [mark for mark in hidden if mark in text] == [], path.name
