"""reports.yml: what it may say, and what is said of a mistake; period words; expansion."""

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from mailing import go

from salesops_nb.batch.jobs.as_of import resolve_as_of
from salesops_nb.batch.jobs.declared import check_parameters
from salesops_nb.batch.jobs.jobs import expand
from salesops_nb.batch.jobs.paths import path_of
from salesops_nb.batch.jobs.reports import load_reports
from salesops_nb.batch.runs.folder import runs
from salesops_nb.cli import main
from salesops_nb.core.periods import FiscalCalendar
from salesops_nb.core.periods.forms import resolve_period
from salesops_nb.errors import SalesopsError
from salesops_nb.source.opened import open_workbook

pytestmark = pytest.mark.slow

MAIL = "period: 2017-Q4\nmail: {from: r@example.com}\n"
HEAD = "period: 2017-Q4\nreports:\n"
ONE = HEAD + "  - {name: hello, notebook: notebooks/hello.ipynb"


@pytest.mark.parametrize(
    ("word", "through", "key"),
    [
        ("last-complete-month", date(2017, 12, 30), "2017-11"),
        ("last-complete-month", date(2017, 12, 31), "2017-12"),
        ("this-month", date(2017, 12, 1), "2017-12"),
        ("previous-month", date(2018, 1, 5), "2017-12"),
        ("this-quarter", date(2017, 11, 5), "2017-Q4"),
        ("last-complete-quarter", date(2017, 11, 5), "2017-Q3"),
        ("last-complete-year", date(2017, 11, 5), "2016"),
        ("same-last-year-quarter", date(2017, 11, 5), "2016-Q3"),
        ("cal:this-quarter", date(2017, 11, 5), "cal:2017-Q4"),
        ("2017-Q2", date(2017, 11, 5), "2017-Q2"),
    ],
)
def test_a_period_word_is_counted_from_the_data(word: str, through: date, key: str) -> None:
    assert resolve_period(word, FiscalCalendar(), through).key == key


def test_period_words_follow_the_fiscal_calendar() -> None:
    calendar = FiscalCalendar(start_month=2)
    assert resolve_period("this-quarter", calendar, date(2017, 12, 31)).key == "2018-Q4"
    assert resolve_period("last-complete-quarter", calendar, date(2018, 1, 31)).key == "2018-Q4"


def test_a_wrong_word_names_the_right_ones() -> None:
    with pytest.raises(SalesopsError, match="last-complete-"):
        resolve_period("last-month", FiscalCalendar(), date(2017, 1, 1))
    with pytest.raises(SalesopsError, match="the data have none"):
        resolve_period("this-month", FiscalCalendar(), None)


def test_as_of() -> None:
    period = FiscalCalendar().period("2017-Q3")
    assert resolve_as_of(None, period, date(2017, 12, 31)) == date(2017, 12, 31)
    assert resolve_as_of("period-end", period, date(2017, 12, 31)) == date(2017, 9, 30)
    assert resolve_as_of("period-end", period, date(2017, 8, 1)) == date(2017, 8, 1)
    with pytest.raises(SalesopsError, match="not a date"):
        resolve_as_of("tomorrow", period, None)


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        (HEAD + "  - {name: a, notebok: x.ipynb}\n", 3, "Allowed here: name, notebook"),
        (HEAD + "  - name: a\n    notebook: x\n    for_each: rpe\n", 5, "'rep', 'team', 'region'"),
        (HEAD + "  - name: a\n    notebook: x\n    formats: [html, docx]\n", 5, "'html', 'xlsx' or 'pdf'"),
        (HEAD + "  - {notebook: x}\n", 3, "'name' is missing"),
        (HEAD + "  - {name: a, notebook: x}\ntimeout: soon\n", 4, "write a time such as 90s"),
        (HEAD + "  - {name: a, notebook: x}\nmemory: big\n", 4, "write a size such as"),
        (HEAD + "  - {name: a, notebook: x}\nstale: ignore\n", 4, "'refuse' or 'mark'"),
        (HEAD + "  - {name: a b, notebook: x}\n", 3, "pattern"),
        (
            HEAD + "  - {name: a, notebook: x}\n  - {name: a, notebook: y}\n",
            None,
            "two reports are named 'a'",
        ),
        (HEAD + "  - {name: a, notebook: x, audience: board}\n", None, "which 'audiences' does not name"),
        (
            HEAD + "  - {name: a, notebook: x, audience: {to: b@x.org}}\n",
            None,
            "'mail' (server, from) is missing",
        ),
        (HEAD + "  - {name: a, notebook: x, where: {team: b}}\n", 3, "add for_each"),
        (
            HEAD + "  - {name: a, notebook: x, audience: {to: b@x.org, attach: [pdf]}}\n",
            3,
            "'attach' may only",
        ),
        ("reports: []\n", 1, "name at least one"),
        ("", None, "The file holds nothing"),
        ("reports: [\n", 2, "not valid YAML"),
        (HEAD + "  - {name: a, notebook: x, retries: -1}\n", 3, "greater than or equal to 0"),
        (HEAD + "  - {name: a, notebook: x}\nmail: {from: a@x.org, port: 99999}\n", 4, "65535"),
    ],
)
def test_a_mistake_is_named_with_its_line_and_what_is_allowed(
    tmp_path: Path, text: str, line: int | None, said: str
) -> None:
    (tmp_path / "reports.yml").write_text(text)
    with pytest.raises(SalesopsError) as caught:
        load_reports(tmp_path / "reports.yml")
    assert said in str(caught.value)
    assert caught.value.problems[0].row == line
    assert caught.value.problems[0].file == "reports.yml"


def _jobs(folder: Path, text: str, **asked: object) -> list[str]:
    (folder / "reports.yml").write_text(text)
    workbook = open_workbook(folder)
    jobs = expand(load_reports(folder / "reports.yml"), workbook, **asked)  # type: ignore[arg-type]
    return [re.sub(r"-[0-9a-f]{10}$", "", job.id) for job in jobs]  # what the hash is has tests of its own


@pytest.mark.parametrize(
    ("more", "ids"),
    [
        ("}", ["hello"]),
        (", for_each: rep}", ["hello/ana-pop", "hello/ben-fox", "hello/dora-hill"]),
        (
            ", for_each: rep, period: 2017-Q1}",
            ["hello/ana-pop", "hello/ben-fox", "hello/cleo-day", "hello/dora-hill"],
        ),
        (", for_each: rep, where: {region: West}}", ["hello/dora-hill"]),
        (", for_each: rep, where: {role: manager}}", ["hello/mara-lee", "hello/nick-orr"]),
        (", for_each: rep, where: {team: [North, South], email: ana@example.com}}", ["hello/ana-pop"]),
        (", for_each: team}", ["hello/north", "hello/south"]),
        (", for_each: region, where: {region: East}}", ["hello/east"]),
        (
            ", for_each: [company, region, rep]}",
            [
                "hello",
                "hello/region/east",
                "hello/region/west",
                "hello/rep/ana-pop",
                "hello/rep/ben-fox",
                "hello/rep/dora-hill",
            ],
        ),
        (", for_each: [company, region], where: {region: East}}", ["hello", "hello/region/east"]),
    ],
)
def test_expansion_reads_the_data(folder: Path, more: str, ids: list[str]) -> None:
    assert _jobs(folder, ONE + more) == ids


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (", for_each: vacancy}", "needs the column vacancy_id in vacancies"),
        (", for_each: territory}", "needs the column territory"),
        (", for_each: rep, where: {regoin: East}}", "does not have. It has: "),
        (", for_each: rep, where: {region: Moon}}", "finds nobody in people"),
        (", parameters: {m: 1}}", "has no parameter 'm'. It has: period, who, n."),
        (", audience: executive}", "has no parameter 'audience'. It has: period, who, n."),
        (", title: '{teem}'}", "{teem} in '{teem}' names nothing here"),
        (", as_of: soon}", "not a date"),
    ],
)
def test_what_does_not_fit_stops_before_anything_runs(folder: Path, more: str, said: str) -> None:
    with pytest.raises(SalesopsError) as caught:
        _jobs(folder, ONE + more)
    assert said in str(caught.value)


def test_an_unquoted_day_is_one_and_words_of_periods_count_from_it(folder: Path) -> None:
    day = "{name: hello, notebook: notebooks/hello.ipynb, as_of: 2017-11-05}"
    (folder / "reports.yml").write_text(f"period: this-month\nreports:\n  - {day}\n")
    (job,) = expand(load_reports(folder / "reports.yml"), open_workbook(folder))
    assert (job.as_of, job.period) == ("2017-11-05", "2017-11")


def test_a_missing_notebook_is_named(folder: Path) -> None:
    with pytest.raises(SalesopsError, match=r"the notebook nope.ipynb is not there"):
        _jobs(folder, HEAD + "  - {name: a, notebook: notebooks/nope.ipynb}")


def test_only_and_for_choose_and_name_what_there_is(folder: Path) -> None:
    text = ONE + ", for_each: rep}\n  - {name: team, notebook: notebooks/hello.ipynb, for_each: team}\n"
    assert _jobs(folder, text, only=("team",)) == ["team/north", "team/south"]
    assert _jobs(folder, text, chosen={"rep": ("p1",)}) == ["hello/ana-pop"]
    north = ["hello/ana-pop", "hello/ben-fox", "team/north"]
    assert _jobs(folder, text, chosen={"team": ("North",)}) == north
    with pytest.raises(SalesopsError, match=r"No report is named 'tema'.*Did you mean team.*hello, team"):
        _jobs(folder, text, only=("tema",))
    with pytest.raises(SalesopsError, match=r"No report is named 'xyz'. reports.yml names: hello, team"):
        _jobs(folder, text, only=("xyz",))
    with pytest.raises(SalesopsError, match=r"rep 'p9'.*Ana Pop, Ben Fox, Dora Hill"):
        _jobs(folder, text, chosen={"rep": ("p9",)})


def test_names_in_titles_parameters_and_places(folder: Path) -> None:
    (folder / "reports.yml").write_text(
        ONE
        + ", for_each: rep, title: 'Of {name} ({team})', parameters: {n: 3, who: '{name}'}"
        + ", to: 'out/{period}/{rep}'}"
    )
    jobs = expand(load_reports(folder / "reports.yml"), open_workbook(folder))
    assert jobs[0].title == "Of Ana Pop (North)"
    assert jobs[0].parameters == {"period": "2017-Q4", "who": "Ana Pop", "n": 3}
    assert jobs[0].to == f"out/2017-Q4/{path_of('p1', 'Ana Pop')}"


@pytest.mark.parametrize(
    ("written", "given"),
    [
        ("2017-10-05", "2017-10-05"),
        ("'2017-10-05'", "2017-10-05"),
        ("2017-10-05 13:30:00", "2017-10-05T13:30:00"),
        ("[2017-10-05, 3]", ["2017-10-05", 3]),
        ("{from: 2017-10-05, 2017-11-01: {to: 2017-12-31}}",
         {"from": "2017-10-05", "2017-11-01": {"to": "2017-12-31"}}),
        ("4.5", 4.5),
        ("true", True),
        ("~", None),
    ],
)  # fmt: skip
def test_a_date_among_parameters_is_its_text(folder: Path, written: str, given: object) -> None:
    (folder / "reports.yml").write_text(ONE + f", parameters: {{n: {written}}}}}")
    code, said = go(folder / "reports.yml")
    assert code == 0, said
    record = next(runs(folder / "reports")).told()["jobs"][0]
    assert record["parameters"]["n"] == given
    page = (folder / "reports" / "0001" / record["outputs"]["ipynb"]["path"]).read_text()
    assert "hello" in page


@pytest.mark.parametrize("written", ["!!set {a, b}", "!!binary aGVsbG8=", "[!!binary aGVsbG8=]"])
def test_what_no_notebook_can_be_given_is_named(folder: Path, written: str) -> None:
    with pytest.raises(SalesopsError, match=r"is no parameter; write text, a number") as caught:
        _jobs(folder, ONE + f", parameters: {{n: {written}}}}}")
    assert caught.value.problems[0].column == "reports.0.parameters"


@pytest.mark.parametrize("period", ["2017-Q9", "last-quarters", "2017-13"])
def test_a_period_that_there_is_not_is_named_once(folder: Path, period: str) -> None:
    lines = [f"  - {{name: r{n}, notebook: notebooks/hello.ipynb}}" for n in range(8)]
    (folder / "reports.yml").write_text(HEAD + "\n".join(lines))
    result = CliRunner().invoke(main, ["run", str(folder / "reports.yml"), "--period", period])
    assert result.exit_code == 1
    assert result.output.count(repr(period)) == 1
    with pytest.raises(SalesopsError) as caught:
        _jobs(folder, HEAD + "\n".join(lines), period=period)
    assert len(caught.value.problems) == 1


@pytest.mark.parametrize(
    ("rows", "email"),
    [
        # two reps under one manager, who is in the team or not
        ("a,rep,m1,T,East,a@x\nb,rep,m1,T,East,b@x\nm1,manager,,,East,m1@x\n", "m1@x"),
        ("a,rep,m1,T,East,a@x\nm1,manager,m2,T,East,m1@x\nm2,manager,,,,m2@x\n", "m1@x"),
        ("a,rep,m1,T,East,a@x\nm1,manager,m2,T,East,m1@x\nm2,manager,m2,T,East,m2@x\n", "m1@x"),
        # two managers, or a rep without one: the page is neither one's
        ("a,rep,m1,T,East,a@x\nb,rep,m2,T,East,b@x\nm1,manager,,,,m1@x\nm2,manager,,,,m2@x\n", ""),
        ("a,rep,,T,East,a@x\nb,rep,m1,T,East,b@x\nm1,manager,,,,m1@x\n", ""),
    ],
)
@pytest.mark.parametrize("kind", ["team", "region"])
def test_a_group_has_the_manager_of_all_its_people_or_none(
    folder: Path, kind: str, rows: str, email: str
) -> None:
    head = "person_id,role,manager_id,team,region,email,name,hired_on,left_on\n"
    people = head + "".join(f"{row},N,2015-01-01,\n" for row in rows.splitlines())
    (folder / "data" / "people.csv").write_text(people)
    whom = "audience: {to: ['{manager_email}']}"
    text = f"reports:\n  - {{name: a, notebook: notebooks/hello.ipynb, for_each: {kind}, {whom}}}\n"
    (folder / "reports.yml").write_text(MAIL + text)
    jobs = expand(load_reports(folder / "reports.yml"), open_workbook(folder))
    assert [job.recipients for job in jobs] == [(email,)]


def test_an_audience_is_a_reader_an_address_or_both(folder: Path) -> None:
    def made(audience: str, notebook: str, more: str = "") -> Any:
        line = f"  - {{name: hello, notebook: notebooks/{notebook}.ipynb, audience: {audience}}}"
        (folder / "reports.yml").write_text(MAIL + more + "reports:\n" + line)
        return expand(load_reports(folder / "reports.yml"), open_workbook(folder))[0]

    own = json.loads((folder / "notebooks" / "hello.ipynb").read_text())
    cell = next(each for each in own["cells"] if "parameters" in each["metadata"].get("tags", []))
    cell["source"] = [*cell["source"], "\naudience = ''\n"]
    (folder / "notebooks" / "for_readers.ipynb").write_text(json.dumps(own))
    addresses = "audiences: {rep: {to: a@example.com}}\n"

    assert made("executive", "for_readers").parameters["audience"] == "executive"
    both = made("rep", "for_readers", addresses)
    assert (both.parameters["audience"], both.recipients) == ("rep", ("a@example.com",))
    mail = made("rep", "hello", addresses)
    assert ("audience" in mail.parameters, mail.recipients) == (False, ("a@example.com",))


def test_what_differs_between_a_groups_people_is_not_the_groups(folder: Path) -> None:
    data = folder / "data" / "people.csv"
    data.write_text(data.read_text().replace("p2,Ben Fox,rep,m1,North,East", "p2,Ben Fox,rep,m1,North,West"))
    line = "  - {name: a, notebook: notebooks/hello.ipynb, for_each: team, to: 'shared/{region}'}\n"
    (folder / "reports.yml").write_text("period: 2017-Q4\nreports:\n" + line)
    with pytest.raises(SalesopsError, match=r"\{region\} in 'shared/\{region\}' names nothing here"):
        expand(load_reports(folder / "reports.yml"), open_workbook(folder))


@pytest.mark.parametrize(
    ("period", "fits"), [("2017-Q3", True), (2017, True), ("2017-Q5", False), ("Q3", False)]
)
def test_a_period_among_parameters_is_one_of_the_calendar(period: object, fits: bool) -> None:
    notebook = Path(__file__).resolve().parents[2] / "notebooks" / "commission_calculation.ipynb"
    if fits:
        check_parameters(notebook, "pay", [{"period": period}], FiscalCalendar())
        return
    with pytest.raises(SalesopsError, match=f"'period': {str(period)!r} does not name a period") as caught:
        check_parameters(notebook, "pay", [{"period": period}], FiscalCalendar())
    assert caught.value.problems[0].column == "parameters.period"


@pytest.mark.parametrize(
    ("report", "said"),
    [
        (
            "for_each: regoin",
            ["'regoin': input should be 'company', 'rep', 'team', 'region', 'terr"],
        ),
        ("for_each: [rep, regoin]", ["'regoin': input should be"]),
        ("formats: [docx]", ["'docx': input should be 'html', 'xlsx' or 'pdf'"]),
        ("formats: []", ["it is empty; name at least one"]),
        ("formats: [docx], retries: -1", ["'docx': input should be", "-1: input should be greater than or"]),
    ],
)
def test_one_mistake_is_told_once(folder: Path, report: str, said: list[str]) -> None:
    text = f"reports: [{{name: a, notebook: notebooks/hello.ipynb, {report}}}]\n"
    (folder / "reports.yml").write_text(text)
    with pytest.raises(SalesopsError) as caught:
        load_reports(folder / "reports.yml")
    found = [problem.message for problem in caught.value.problems]
    assert len(found) == len(said), found
    assert all(message.startswith(words) for message, words in zip(found, said, strict=True)), found
