"""Delivery, against a real SMTP server on this machine."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from mailing import NORTH, P1, P2, P4, REPS, Inbox, go, send, serving, write
from rich.console import Console
from small_workbook import write_notebook

from salesops_nb.batch.delivery import deliver
from salesops_nb.batch.delivery.deliver import Post
from salesops_nb.batch.jobs.reports import load_reports
from salesops_nb.batch.runs.folder import runs
from salesops_nb.cli import main
from salesops_nb.errors import SalesopsError
from salesops_nb.source.opened import open_workbook

pytestmark = pytest.mark.slow


@pytest.fixture
def inbox() -> Iterator[tuple[Inbox, int]]:
    box = Inbox()
    with serving(box) as port:
        yield box, port


def test_each_audience_gets_its_own_reports_once(folder: Path, inbox: tuple[Inbox, int]) -> None:
    box, port = inbox
    file = write(folder, port, REPS)
    code, said = go(file, dry_run=True)
    assert code == 0
    assert f"ana@example.com gets rep/{P1}" in said
    assert f"mara@example.com gets rep/{P1}, rep/{P2}" in said
    assert box.mails == []

    code, said = go(file)
    assert (code, box.mails) == (0, [])  # nothing goes without --deliver
    code, said = send(file)
    assert code == 0
    assert "3 mails sent" in said
    own, other = f"rep--{P1}-2017-Q4.html", f"rep--{P2}-2017-Q4.html"
    assert box.by_address == {
        "ana@example.com": [[own]],
        "ben@example.com": [[other]],
        "mara@example.com": [[own, other]],
    }
    mail = next(message for to, message in box.mails if to == ["ana@example.com"])
    assert mail["To"] == "ana@example.com"
    assert mail["Subject"] == "Review of Ana Pop, 2017-Q4"
    attachment = next(mail.iter_attachments())
    assert "hello p1 2017-Q4" in attachment.get_content()
    assert "hello p2" not in attachment.get_content()

    code, said = send(file)
    assert (code, len(box.mails)) == (0, 3)
    assert "0 mails sent" in said
    assert f"ana@example.com does not get rep/{P1}: sent before" in send(file, dry_run=True)[1]


def test_addresses_that_differ_in_their_case_alone_are_one(folder: Path, inbox: tuple[Inbox, int]) -> None:
    box, port = inbox
    people = folder / "data" / "people.csv"
    # each of the two has a line of her own spelling, and the manager is also named outright
    people.write_text(people.read_text().replace("ana@example", "Mara@Example"))
    file = write(folder, port, REPS.replace('"{manager_email}"', '"{manager_email}", MARA@example.com'))
    assert go(file)[0] == 0
    assert send(file)[0] == 0
    assert {address.lower(): len(names) for address, names in box.by_address.items()} == {
        "mara@example.com": 1,
        "ben@example.com": 1,
    }
    own, other = f"rep--{P1}-2017-Q4.html", f"rep--{P2}-2017-Q4.html"
    assert [own, other] in [mail for names in box.by_address.values() for mail in names]

    # another spelling tomorrow gets nothing anew
    file.write_text(file.read_text().replace("MARA@", "mArA@"))
    people.write_text(people.read_text().replace("Mara@Example", "MARA@EXAMPLE"))
    code, said = send(file)
    assert (code, len(box.mails)) == (0, 2), said
    assert "0 mails sent" in said


def test_a_release_is_of_an_address_whatever_its_case(made: Path, inbox: tuple[Inbox, int]) -> None:
    box, port = inbox
    file = write(made, port, "release: {by: Ioana Stan}\n" + REPS)
    box.refuse = "ben@example.com"
    assert send(file, released_by="Ioana Stan")[0] == 1
    box.refuse = ""
    people = made / "data" / "people.csv"
    people.write_text(people.read_text().replace("ben@example.com", "Ben@Example.com"))
    code, said = send(file)
    assert (code, "Ben@Example.com" in box.addresses) == (0, True), said


# a list, what is asked of its run, and what is said of the list by its own name
OF_ITS_LIST = {
    "a report that is gone": (
        REPS.replace("name: rep", "name: other"),
        {},
        "{} no longer has the report 'rep'",
    ),
    "a subject that is gone": (REPS.replace("East", "West"), {}, "{} no longer makes 'rep' for 'p1'"),
    "another parameter": (REPS + "    parameters: {n: 7}\n", {}, "another n than {} has"),
    "no release asked": (REPS, {"released_by": "Ioana Stan"}, "{} asks for no release"),
    "no mail": (REPS.partition("    audience")[0], {}, "{} has no 'mail'"),
    "no server": (REPS, {}, "{}: The mail server"),
    "no such name": (REPS.replace("Review of {name}", "Review of {nane}"), {}, "{}: Report 'rep': {{nane}}"),
    "a folder outside": (REPS + "    to: ../elsewhere\n", {}, "{}, field to: Report 'rep'"),
}


@pytest.mark.parametrize("name", ["reports.yml", "weekly.yml", "lists/weekly.yml"])
@pytest.mark.parametrize("what", OF_ITS_LIST)
def test_whatever_is_said_of_a_list_names_it(made: Path, what: str, name: str) -> None:
    text, asked, said = OF_ITS_LIST[what]
    (made / "reports.yml").unlink()
    run = made / "out" / "0001" / "run.json"
    told = json.loads(run.read_text())
    run.write_text(json.dumps({**told, "file": name}))
    file = write(made, 9, text)
    if what == "no mail":
        file.write_text("\n".join(x for x in file.read_text().splitlines() if not x.startswith("mail:")))
    (made / "lists").mkdir()
    file = file.rename(made / name)
    try:
        words = send(file, **asked)[1]
    except SalesopsError as error:
        words = str(error)
    assert said.format(name) in words
    if name != "reports.yml":
        assert "reports.yml" not in words


@pytest.mark.parametrize("name", ["reports.yml", "lists/weekly.yml"])
def test_the_command_that_is_named_takes_the_same_list(
    made: Path, inbox: tuple[Inbox, int], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two lists may keep their runs apart: without the list another run would be released."""
    box, port = inbox
    file = write(made, port, "release: {by: Ioana Stan}\n" + REPS)
    (made / "lists").mkdir()
    text = file.read_text()
    file.unlink()
    (made / "reports.yml").write_text("reports: [{name: x, notebook: notebooks/hello.ipynb}]\n")
    (made / name).write_text(text)
    run = made / "out" / "0001" / "run.json"
    run.write_text(json.dumps({**json.loads(run.read_text()), "file": name}))
    said = send(made / name)[1]
    line = next(line.split() for line in said.splitlines() if line.endswith("--release NAME"))
    assert line[:3] == ["salesops", "deliver", "0001"]
    monkeypatch.chdir(made)
    result = CliRunner().invoke(main, [*line[1:-1], "Ioana Stan"])
    assert result.exit_code == 0, result.output
    assert len(box.mails) == 3


def test_an_address_that_is_refused_is_told_and_tried_again(made: Path, inbox: tuple[Inbox, int]) -> None:
    box, port = inbox
    file = write(made, port)
    box.refuse = "ben@example.com"
    code, said = send(file)
    assert code == 1
    assert "not sent to ben@example.com" in said
    assert set(box.by_address) == {"ana@example.com", "mara@example.com"}
    box.refuse = ""
    code, said = send(file)
    assert (code, len(box.mails)) == (0, 3)


def test_a_missing_address_is_said(folder: Path, inbox: tuple[Inbox, int]) -> None:
    box, port = inbox
    text = REPS.replace("where: {region: East}", "where: {region: West}")
    file = write(folder, port, text)
    go(file)
    code, said = send(file)
    assert code == 1
    assert f"(no address) does not get rep/{P4}: no address" in said
    assert set(box.by_address) == {"nick@example.com"}


def test_a_run_waits_for_its_release(folder: Path, inbox: tuple[Inbox, int]) -> None:
    box, port = inbox
    file = write(folder, port, "release: {by: [Ioana Stan]}\n" + REPS)
    code, said = go(file, deliver=True)
    assert (code, box.mails) == (0, [])
    assert "waits for release by Ioana Stan" in said
    index = (folder / "out" / "index.html").read_text()
    assert "awaiting release" in index.lower()
    with pytest.raises(SalesopsError, match=r"'Somebody' may not release this run. These may: Ioana Stan."):
        send(file, released_by="Somebody")
    assert box.mails == []
    code, _ = send(file, released_by="ioana stan")
    assert (code, len(box.mails)) == (0, 3)
    assert "awaiting release" not in (folder / "out" / "index.html").read_text().lower().split("<tbody")[-1]


def test_nothing_is_sent_from_an_incomplete_run(made: Path, inbox: tuple[Inbox, int]) -> None:
    box, port = inbox
    file = write(made, port)
    next(runs(made / "out")).reopen()
    with pytest.raises(SalesopsError, match="is not complete"):
        send(file)
    assert box.mails == []


def test_a_server_that_does_not_answer_is_told(made: Path) -> None:
    file = write(made, 9)
    with pytest.raises(SalesopsError, match=r"127.0.0.1:9 did not take the mail"):
        send(file)


WHERE = "where: {region: East}"
TO = '"{email}", "{manager_email}"'


@pytest.mark.parametrize("way", ["unchanged", "resumed", "redelivered", "released"])
@pytest.mark.parametrize(
    ("change", "expected", "held"),
    [
        # a wrong address is mended: nobody but the right one gets anything
        ((TO, "right@example.com"), {"right@example.com": 2}, ""),
        ((TO, "'{name}@example.org'"), {}, "no address"),
        # pay: true is added: what is in no ledger is not approved
        ((WHERE, WHERE + "\n    pay: true"), {}, "not approved"),
        # one subject, the audience or the whole report is taken out
        ((WHERE, "where: {name: Ben Fox}"), {"ben@example.com": 1, "mara@example.com": 1}, f"rep/{P1} goes"),
        (("name: rep", "name: other"), {}, "reports.yml no longer has the report 'rep'"),
        # another notebook or parameter would be another report under the old one's name
        (("rep\n    where", "rep\n    parameters: {n: 2}\n    where"), {}, "another n"),
        (("hello.ipynb", "other.ipynb"), {}, "not by today's notebooks/other.ipynb"),
    ],
)  # fmt: skip
def test_instructions_are_todays_whichever_run_made_the_report(
    made: Path,
    inbox: tuple[Inbox, int],
    way: str,
    change: tuple[str, str],
    expected: dict[str, int],
    held: str,
) -> None:
    box, port = inbox
    assert change[0] in REPS
    text = REPS.replace(*change)
    remade = "other" in change[1] or "n: 2" in change[1]
    if remade and way in ("unchanged", "resumed"):
        pytest.skip("such a run makes the report anew, which is no question of delivery")
    file = write(made, port, ("release: {by: [Ioana]}\n" if way == "released" else "") + text)
    if way == "redelivered":
        planned = send(file, dry_run=True)[1]
        _, said = send(file)
    elif way == "released":
        planned = send(file, dry_run=True, released_by="Ioana")[1]
        _, said = send(file, released_by="Ioana")
    else:
        if way == "resumed":
            next(runs(made / "out")).reopen()
        more = {"resume": way == "resumed"}
        planned = go(file, dry_run=True, **more)[1]
        _, said = go(file, deliver=True, **more)
        if "pay" not in change[1]:  # a statement's key has the ledger's line in it
            assert "0 made" in said or way == "resumed"
    got = {address: sum(len(n) for n in names) for address, names in box.by_address.items()}
    assert got == expected
    assert held in said or way in ("unchanged", "resumed")
    # the dry run named the same: who gets what, and what stays
    counts = {line: sum(line.count(name) for name in (P1, P2, P4)) for line in planned.splitlines()}
    gets = {line.split(" gets ")[0]: count for line, count in counts.items() if " gets " in line}
    assert gets == expected


def test_title_and_subject_are_todays(made: Path, inbox: tuple[Inbox, int]) -> None:
    box, port = inbox
    text = REPS.replace("Review of {name}", "Review: {name} of {team}").replace(
        "]}", '], subject: "For you: {title}"}'
    )
    send(write(made, port, text))
    ana = next(message for to, message in box.mails if to == ["ana@example.com"])
    assert ana["Subject"] == "For you: Review: Ana Pop of North"
    body = ana.get_body()
    assert body is not None
    assert "- Review: Ana Pop of North, 2017-Q4" in body.get_content()
    assert "Review: Ana Pop of North" in (made / "out" / "index.html").read_text()


def test_copies_go_to_todays_folder(made: Path) -> None:
    file = write(made, 9, REPS + "    to: 'shared/{team}'\n")
    code, said = go(file)
    assert code == 0
    assert "0 made, 2 skipped" in said
    assert sorted(path.name for path in (made / "shared" / NORTH).iterdir()) == [
        f"rep--{P1}.html",
        f"rep--{P2}.html",
    ]


def test_a_file_changed_after_its_run_is_neither_mailed_nor_copied(
    made: Path, inbox: tuple[Inbox, int]
) -> None:
    box, port = inbox
    file = write(made, port, REPS + "    to: 'shared/{team}'\n")
    page = made / "out" / "0001" / "rep" / f"{P1}.html"
    page.write_text(page.read_text().replace("hello", "other"))
    for said in (send(file, dry_run=True)[1], send(file)[1]):
        assert (
            f"ana@example.com does not get rep/{P1}: another file: rep/{P1}.html is not what the run made"
            in said
        )
        assert "type: salesops run" in said
    assert box.by_address == {
        "ben@example.com": [[f"rep--{P2}-2017-Q4.html"]],
        "mara@example.com": [[f"rep--{P2}-2017-Q4.html"]],
    }
    assert "1 made, 1 skipped" in go(file, deliver=True)[1]
    assert box.addresses == ["ana@example.com", "ben@example.com", "mara@example.com", "mara@example.com"]


RELEASE = "release: {by: [Ioana Stan]}\n"


def test_a_release_covers_its_run_files_and_addresses(made: Path, inbox: tuple[Inbox, int]) -> None:
    box, port = inbox
    file = write(made, port, RELEASE + REPS)
    box.refuse = "ben@example.com"
    assert send(file, released_by="Ioana Stan")[0] == 1
    assert box.addresses == ["ana@example.com", "mara@example.com"]
    box.refuse = ""

    # a new address is not covered: the others are
    write(made, port, RELEASE + REPS.replace("]}", ', "new@example.com"]}'))
    new = (
        f"new@example.com does not get rep/{P1}: not released: new@example.com is new since; "
        "type: salesops deliver 0001 --release NAME"
    )
    assert new in send(file, dry_run=True)[1]
    _, said = send(file)
    assert new in said
    assert "new@example.com gets" in send(file, dry_run=True, released_by="Ioana Stan")[1]
    assert "new@example.com gets" not in send(file, dry_run=True)[1]  # a trial releases nothing
    assert box.addresses == ["ana@example.com", "ben@example.com", "mara@example.com"]
    send(file, released_by="Ioana Stan")
    assert box.addresses.count("new@example.com") == 1


def test_a_run_made_anew_waits_for_its_own_release(made: Path, inbox: tuple[Inbox, int]) -> None:
    box, port = inbox
    file = write(made, port, RELEASE + REPS)
    send(file, released_by="Ioana Stan")
    assert len(box.mails) == 3
    write(made, port, RELEASE + REPS.replace("]}", ', "new@example.com"]}'))
    planned = go(file, force=True, dry_run=True)[1]
    assert f"new@example.com does not get rep/{P1}: not released" in planned
    _, said = go(file, force=True, deliver=True)
    assert "Run 0002 waits for release by Ioana Stan" in said
    assert "awaiting release" in (made / "out" / "index.html").read_text()
    assert len(box.mails) == 3


def test_files_made_anew_in_a_released_run_wait_again(made: Path, inbox: tuple[Inbox, int]) -> None:
    import hashlib
    import json

    box, port = inbox
    box.refuse = "ana@example.com"
    file = write(made, port, RELEASE + REPS)
    send(file, released_by="Ioana Stan")
    box.refuse = ""
    # the file and what run.json says of it: as a resumed run would write both
    page, told = made / "out" / "0001" / "rep" / f"{P1}.html", made / "out" / "0001" / "run.json"
    before = hashlib.sha256(page.read_bytes()).hexdigest()
    page.write_text(page.read_text() + "<p>more</p>")
    told.write_text(told.read_text().replace(before, hashlib.sha256(page.read_bytes()).hexdigest()))
    assert json.loads(told.read_text())["status"] == "complete"
    assert (
        f"ana@example.com does not get rep/{P1}: not released: its files were made anew since"
        in send(file)[1]
    )
    assert "ana@example.com" not in box.addresses


def test_copies_wait_for_the_release_too(made: Path, inbox: tuple[Inbox, int]) -> None:
    _, port = inbox
    file = write(made, port, RELEASE + REPS + "    to: 'shared/{team}'\n")
    _, said = go(file)
    assert f"rep/{P1} is not copied to shared/{NORTH}: not released" in said
    assert not (made / "shared").exists()
    send(file, released_by="Ioana Stan")
    assert len(list((made / "shared" / NORTH).iterdir())) == 2


def test_a_release_nobody_asks_for_is_refused(made: Path) -> None:
    with pytest.raises(SalesopsError, match=r"reports.yml asks for no release"):
        send(write(made, 9), released_by="Ioana Stan")


@pytest.mark.parametrize("when", ["in the run", "before the copy"])
def test_a_link_laid_after_the_list_was_read_is_not_followed(made: Path, tmp_path: Path, when: str) -> None:
    """The folder was inside the workbook when the run began."""
    away = tmp_path / "away"
    away.mkdir()
    file = write(made, 9, REPS + "    to: 'shared/{team}'\n")
    refused = pytest.raises(SalesopsError, match=rf"leads to {away}/{NORTH}, not inside {made}")
    lay = f"import os\nos.path.lexists('../shared') or os.symlink({str(away)!r}, '../shared')"
    if when == "in the run":
        write_notebook(made / "notebooks" / "hello.ipynb", "period = ''\nwho = ''\nn = 1", lay)
        with refused:
            go(file)
        assert not next(runs(made / "out")).complete
    else:
        reports, workbook = load_reports(file), open_workbook(made)
        run = next(runs(made / "out"))
        post = Post(Console(), run.told()["jobs"], reports, workbook, run)
        (made / "shared").symlink_to(away)
        with refused:
            post.publish()
    assert list(away.iterdir()) == []


@pytest.mark.parametrize("at", [0, 1])
def test_a_release_cut_short_while_it_copies_is_finished_by_a_plain_deliver(
    made: Path, inbox: tuple[Inbox, int], monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    """Whatever cuts it: the process killed, or a place that cannot be written."""
    box, port = inbox
    file = write(made, port, RELEASE + REPS + "    to: shared\n")
    copy, copies = deliver._copy, []

    def cut(data: bytes, place: Path, name: str, run: str) -> None:
        copies.append(name)
        if len(copies) == at + 1:
            raise OSError(28, "No space left on device")
        copy(data, place, name, run)

    monkeypatch.setattr(deliver, "_copy", cut)
    with pytest.raises(SalesopsError, match=r"No space left on device. .*then: salesops deliver 0001\."):
        send(file, released_by="Ioana Stan")
    assert (len(list((made / "shared").glob("*.html"))), box.mails) == (at, [])
    assert send(file, dry_run=True)[0] == 0  # a look finishes nothing
    assert len(list((made / "shared").glob("*.html"))) == at
    assert send(file)[0] == 0
    assert sorted(path.name for path in (made / "shared").iterdir()) == sorted(
        f"rep--{name}.html" for name in (P1, P2)
    )
    assert len(box.mails) == 3
    done = len(copies)
    assert send(file)[0] == 0
    assert len(copies) == done  # an older run's files are not copied over newer ones for ever


def test_who_may_not_release_begins_nothing(made: Path, inbox: tuple[Inbox, int]) -> None:
    file = write(made, inbox[1], RELEASE + REPS + "    to: shared\n")
    with pytest.raises(SalesopsError, match="'Nobody' may not release this run"):
        send(file, released_by="Nobody")
    assert not (made / "out" / "0001" / "COPYING").exists()
    assert not (made / "shared").exists()
