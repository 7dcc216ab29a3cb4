"""Names of the data in paths: safe, short, each value's own for ever; and no folder but the declared ones."""

from __future__ import annotations

import re
import sys
import unicodedata
from pathlib import Path, PureWindowsPath

import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_workbook import PEOPLE
from test_run import HEAD, by_id, go

from salesops_nb.batch.jobs.jobs import Job, expand
from salesops_nb.batch.jobs.paths import path_facts, path_name
from salesops_nb.batch.jobs.reports import load_reports
from salesops_nb.errors import SalesopsError
from salesops_nb.source.opened import open_workbook

pytestmark = pytest.mark.slow

ODD = [
    "../../../x", "/etc/x", "..", ".", "...", "a/b", "a\\b", "C:\\x", "a.", "a ", " ", "", "CON", "nul.txt",
    "com1", "aux", "a\x00b", "a\nb", "a\x1b[31m", "José", "jose", "JOSÉ", "Jose\u0301", "李", "王", "حسن",
    "Ștefan", "x" * 245, "x" * 2000, "李" * 2000, "x" * 2000 + "y", "~", "$HOME", "%TEMP%", "-rf", "a:b",
    "a|b", "<b>", "\ud800", "\u202eevil", "p1", "P1", "p1-f809d2f73c",
]  # fmt: skip


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ("José", "jose-073588b635"),
        ("jose", "jose-44ced5ae92"),
        ("JOSÉ", "jose-36c56f6614"),
        ("李", "x-87705cd6c9"),
        ("王", "x-cbddc88ff8"),
        ("../../../x", "x-3350a0336f"),
        ("CON", "con-4775d0032f"),
        ("x" * 245, "x" * 40 + "-" + path_name("x" * 245)[-10:]),
    ],
)
def test_a_name_hangs_on_its_value_alone(value: str, name: str) -> None:
    assert path_name(value) == name


@pytest.mark.parametrize("value", ODD)
def test_a_name_is_safe_on_every_system(value: str) -> None:
    name = path_name(value)
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*-[0-9a-f]{10}", name)
    assert len(name.encode()) <= 51
    assert PureWindowsPath(name).parts == (name,)


def test_no_two_values_share_a_name_in_any_case() -> None:
    names = {path_name(value).lower() for value in ODD}
    assert len(names) == len(ODD)


@given(st.text(max_size=300))
def test_any_text_makes_a_name(text: str) -> None:
    assert re.fullmatch(r"[a-z0-9-]{12,51}", path_name(text))
    if unicodedata.normalize("NFC", text) != text:
        assert path_name(unicodedata.normalize("NFC", text)) != path_name(text)


def test_facts_in_a_path_are_names_and_periods_their_keys() -> None:
    made = path_facts({"period": "cal:2017-Q4", "as_of": "2017-12-31", "report": "rep", "team": "../x"})
    assert made == {
        "period": "cal-2017-Q4",
        "as_of": "2017-12-31",
        "report": "rep",
        "team": path_name("../x"),
    }


@pytest.mark.parametrize("place", ["{name}", "x/{title}", "{team}/{name}", "{period}-{name}"])
def test_namesakes_have_no_folder_in_common(folder: Path, place: str) -> None:
    people = folder / "data" / "people.csv"
    people.write_text(people.read_text().replace("Ben Fox", "Ana Pop").replace("Dora Hill", "Ana Pop"))
    jobs = jobs_of(folder, REP % f", to: '{place}'")
    same = [job for job in jobs if job.facts["name"].startswith("Ana Pop")]
    assert len(same) == 3
    assert len({job.to for job in same}) == 3
    # and each keeps it when the others are gone
    people.write_text(people.read_text().replace("p2,Ana Pop", "p2,Ben Fox").replace("p4,Ana Pop", "p4,Do"))
    alone = jobs_of(folder, REP % f", to: '{place}'")
    assert {job.who: job.to for job in alone}["p1"] == {job.who: job.to for job in jobs}["p1"]


def jobs_of(folder: Path, report: str) -> list[Job]:
    (folder / "reports.yml").write_text(HEAD + "reports:\n" + report, encoding="utf-8")
    return expand(load_reports(folder / "reports.yml"), open_workbook(folder))


REP = "  - {name: rep, notebook: notebooks/hello.ipynb, for_each: rep%s}\n"


def people(folder: Path, *rows: tuple[str, str]) -> None:
    """Reps of an id and a team, in place of those of the data."""
    cell = '"{}"'.format
    lines = [
        f"{cell(who)},{cell(who)},rep,,{cell(team)},East,{n}@example.com,2015-01-01,"
        for n, (who, team) in enumerate(rows)
    ]
    (folder / "data" / "people.csv").write_text(
        PEOPLE.splitlines()[0] + "\n" + "\n".join(lines) + "\n", encoding="utf-8"
    )


def test_who_joins_or_leaves_changes_nobodys_path(folder: Path) -> None:
    groups = [
        ["José", "Ana"],
        ["Jose", "José", "Ana"],
        ["JOSE", "jose", "Jose", "José", "李", "王"],
        ["王"],
        ["José"],
    ]
    seen: dict[str, set[str]] = {}
    for group in groups:
        people(folder, *((who, "North") for who in group))
        for job in jobs_of(folder, REP % ", to: 'shared/{rep}'"):
            seen.setdefault(job.who, set()).update({f"{job.file} in {job.to}"})
    assert set(seen) == {who for group in groups for who in group}
    assert all(len(paths) == 1 for paths in seen.values())
    assert len({path.lower() for paths in seen.values() for path in paths}) == len(seen)


@pytest.mark.parametrize("field", ["team", "name", "who", "rep", "email", "title", "company", "region"])
def test_no_value_leads_out_of_the_workbook(folder: Path, field: str) -> None:
    values = ["../../../x", "/abs/x", "..", "a\\..\\b", "x" * 2000, "nul", "Ana"]
    people(folder, *((value, value) for value in values))
    report = REP % f", title: '{{name}}', to: 'shared/{{{field}}}/{{period}}'"
    jobs = jobs_of(folder, report)
    assert {job.who for job in jobs} == set(values)
    for job in jobs:
        assert job.to is not None
        place = (folder / job.to).resolve()
        assert place.parent.parent == folder / "shared"
        assert place.name == "2017-Q4"


@pytest.mark.parametrize(
    ("to", "said"),
    [
        ("../out", "not inside"),
        ("shared/../../out", "not inside"),
        ("{team}/../../out", "not inside"),
        ("/{tmp}/declared/{team}/../../out", "not inside"),
        ("link/{team}", "not inside"),
        ("a" * 300, "Shorten it"),
        ("é" * 120, "Shorten it"),
    ],
)
def test_a_folder_elsewhere_is_refused_in_words(folder: Path, to: str, said: str) -> None:
    (folder / "link").symlink_to(folder.parent)
    to = to.replace("/{tmp}", str(folder.parent))
    with pytest.raises(SalesopsError) as caught:
        jobs_of(folder, REP % f", to: '{to}'")
    assert said in str(caught.value)
    assert "Report 'rep': 'to' is" in str(caught.value)
    assert caught.value.problems[0].column == "to"


def test_an_absolute_folder_is_declared_by_being_written(
    folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    root = tmp_path_factory.mktemp("share")
    for to in (f"{root}", f"{root}/{{team}}", f"{root}/x-{{team}}"):
        for job in jobs_of(folder, REP % f", to: '{to}'"):
            assert job.to is not None
            assert Path(job.to).is_relative_to(root)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("con", "device's name"),
        ("LPT1", "device's name"),
        ("index", "the run's own page"),
        ("a--b", "'--'"),
        ("a" * 61, "at most 60"),
        ("a/b", "pattern"),
        ("..", "pattern"),
    ],
)
def test_a_report_has_a_name_that_is_one_in_a_path(folder: Path, name: str, said: str) -> None:
    with pytest.raises(SalesopsError, match=said):
        jobs_of(folder, f"  - {{name: '{name}', notebook: notebooks/hello.ipynb}}\n")


def test_reports_whose_names_differ_in_case_alone_are_refused(folder: Path) -> None:
    one = "  - {name: %s, notebook: notebooks/hello.ipynb}\n"
    with pytest.raises(SalesopsError, match="not in their case alone"):
        jobs_of(folder, one % "rep" + one % "Rep")


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX names")
def test_a_batch_of_odd_names_is_made_whole(folder: Path) -> None:
    odd = ["../../../x", "x" * 245, "x" * 2000, "CON", "李", "王", "José", "Jose", "..", "a\nb", "Ana."]
    people(folder, *((who, who) for who in odd))
    before = {path for path in folder.parent.rglob("*") if folder not in (path, *path.parents)}
    code, said, told = go(folder, "reports:\n" + REP % ", to: 'shared/{team}'")
    assert (code, f"{len(odd)} made, 0 skipped (unchanged), 0 failed" in said) == (0, True)
    assert {record["who"] for record in told["jobs"]} == set(odd)
    index = (folder / "out" / "0001" / "index.html").read_text(encoding="utf-8")
    for record in by_id(told).values():
        name = path_name(record["who"])
        path = folder / "out" / "0001" / record["outputs"]["html"]["path"]
        assert path.name == f"{name}.html"
        assert f"rep/{name}.html" in index
        copies = list((folder / "shared" / name).iterdir())
        assert [copy.name for copy in copies] == [f"rep--{name}.html"]
        assert copies[0].read_bytes() == path.read_bytes()
    after = {path for path in folder.parent.rglob("*") if folder not in (path, *path.parents)}
    assert after == before


def test_a_copy_replaces_its_own_persons_alone(folder: Path) -> None:
    people(folder, ("José", "N"), ("Jose", "N"))
    report = "reports:\n" + REP % ", to: shared"
    go(folder, report)
    first = {path.name: path.read_bytes() for path in (folder / "shared").iterdir()}
    people(folder, ("Jose", "N"), ("Joseph", "N"))
    go(folder, report)
    now = {path.name: path.read_bytes() for path in (folder / "shared").iterdir()}
    assert set(now) == set(first) | {f"rep--{path_name('Joseph')}.html"}
    gone = f"rep--{path_name('José')}.html"
    assert now[gone] == first[gone]
