"""Servers that break off: what was surely not sent is sent again, what may have arrived never by itself."""

from __future__ import annotations

import asyncio
import base64
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP
from click.testing import CliRunner
from mailing import P1, REPS, Inbox, go, send, serving, write

from salesops_nb.batch.runs.folder import RunFolder
from salesops_nb.cli import main
from salesops_nb.errors import SalesopsError

pytestmark = pytest.mark.slow

ANA, BEN, MARA = "ana@example.com", "ben@example.com", "mara@example.com"


@dataclass
class Odd(Inbox):
    """A server that does as `how` says to the mail of one address, and is plain to all others."""

    how: str = ""
    whom: str = ANA
    client: int = 0
    station: Any = None

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        if address == self.whom and self.how.startswith("RCPT "):
            return self.how.removeprefix("RCPT ")
        if address == self.whom and self.how == "hang up before":
            server.transport.abort()
        return await super().handle_RCPT(server, session, envelope, address, options)

    async def handle_MAIL(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        if self.how in ("hang up after each", "die") and getattr(session, "taken", False):
            server.transport.abort()
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        answer = await super().handle_DATA(server, session, envelope)
        if self.how == "die":
            self.station.server.close()  # whoever comes later finds nobody
        session.taken = True
        if self.whom not in envelope.rcpt_tos:
            return answer
        if self.how == "hang up":
            server.transport.abort()
        elif self.how == "slow":
            await asyncio.sleep(4)
        elif self.how == "kill":
            os.kill(self.client, signal.SIGKILL)
            await asyncio.sleep(0.2)
        elif self.how == "wait":
            await asyncio.sleep(1)
        elif self.how.startswith("END "):
            self.mails.pop()
            return self.how.removeprefix("END ")
        return answer


class Session(SMTP):
    """A session in which DATA itself may be refused or cut off."""

    async def smtp_DATA(self, arg: str) -> None:
        box = self.event_handler
        if box.whom in self.envelope.rcpt_tos:
            if box.how == "hang up at DATA":
                self.transport.abort()
                return
            if box.how == "hang up in DATA":
                await self.push("354 go on")
                await self._reader.read(200)
                self.transport.abort()
                return
            if box.how.startswith("DATA "):
                await self.push(box.how.removeprefix("DATA "))
                return
        await super().smtp_DATA(arg)


class Station(Controller):
    def __init__(self, box: Odd, **options: Any) -> None:
        box.station = self
        super().__init__(box, **options)

    def factory(self) -> SMTP:
        return Session(self.handler, **self.SMTP_kwargs)


@pytest.mark.parametrize(
    ("how", "state"),
    [
        ("", "sent"),
        ("RCPT 550 no such user", "not sent"),
        ("RCPT 451 later", "not sent"),
        ("RCPT 421 closing", "not sent"),
        ("hang up before", "not sent"),
        ("DATA 451 later", "not sent"),
        ("DATA 554 no", "not sent"),
        ("hang up at DATA", "not sent"),
        ("END 452 full", "not sent"),
        ("END 554 spam", "not sent"),
        ("END 421 closing", "not sent"),
        ("END 299 odd", "unclear"),
        ("hang up", "unclear"),
        ("hang up in DATA", "unclear"),
        ("slow", "unclear"),
        ("hang up after each", "sent"),
    ],
)
def test_what_a_server_may_do(made: Path, how: str, state: str) -> None:
    box = Odd(how=how)
    with serving(box, Station) as port:
        file = write(made, port)
        code, said = send(file)
        # whatever became of the one mail, the others went, each once
        assert [a for a in box.addresses if a != ANA] == [BEN, MARA]
        assert code == (0 if state == "sent" else 1)
        first = box.addresses.count(ANA)
        assert (f"not sent to {ANA}" in said) == (state == "not sent")
        assert (f"unclear whether {ANA} got rep/{P1}" in said) == (state == "unclear")
        index = (made / "out" / "index.html").read_text()
        assert ("delivery unclear" in index) == (state == "unclear")
        # the server is well again
        box.how = ""
        planned = send(file, dry_run=True)[1]
        code, said = send(file)
        assert (f"{ANA} gets rep/{P1}" in planned) == (state == "not sent")
        assert box.addresses.count(ANA) == first + (state == "not sent")
        if state == "unclear":
            assert code == 1
            assert f"{ANA} does not get rep/{P1}: unclear: run 0001 began to send it" in said
            assert f"salesops deliver --arrived {ANA} (or --again {ANA})" in said
        else:
            assert (code, box.addresses) == (0, [ANA, BEN, MARA])
        assert len(box.addresses) <= 3


def test_an_unclear_mail_stays_so_in_later_runs_and_is_listed(made: Path) -> None:
    box = Odd(how="hang up")
    with serving(box, Station) as port:
        file = write(made, port)
        send(file)
        code, said = go(file, deliver=True)  # run 0002, unchanged
        assert code == 1
        assert f"{ANA} does not get rep/{P1}: unclear: run 0001" in said
        assert box.addresses == [ANA, BEN, MARA]
    runner = CliRunner(env={"COLUMNS": "200"})
    for words in ([], ["1"]):
        listed = runner.invoke(main, ["list", *words, "--file", str(file)]).output
        assert f"unclear whether {ANA} got rep/{P1} of run 0001" in listed
    assert "unclear" not in runner.invoke(main, ["list", "2", "--file", str(file)]).output


@pytest.mark.parametrize(("settled", "mails"), [("arrived", 1), ("again", 2)])
def test_a_person_settles_what_is_unclear(made: Path, settled: str, mails: int) -> None:
    box = Odd(how="hang up")
    with serving(box, Station) as port:
        file = write(made, port)
        send(file)
        box.how = ""
        with pytest.raises(SalesopsError, match=rf"Nothing is unclear to {BEN}. Unclear are mails to: {ANA}"):
            send(file, **{settled: (BEN,)})
        result = CliRunner().invoke(main, ["deliver", "--file", str(file), f"--{settled}", ANA])
        assert result.exit_code == 0, result.output
        assert f"rep/{P1} to {ANA}: " in result.output
        assert send(file)[0] == 0
        assert box.addresses.count(ANA) == mails
    assert "unclear" not in (made / "out" / "index.html").read_text().split("<body")[-1]  # after its styles


def _deliver(folder: Path, *words: str) -> subprocess.Popen[str]:
    code = "from salesops_nb.cli import main; main()"
    return subprocess.Popen(
        [sys.executable, "-c", code, "deliver", *words],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_a_process_killed_after_data_leaves_it_unclear(made: Path) -> None:
    box = Odd(how="kill")
    with serving(box, Station) as port:
        file = write(made, port)
        process = _deliver(made)
        box.client = process.pid
        process.communicate(timeout=120)
        assert process.returncode == -signal.SIGKILL
        assert box.addresses == [ANA]
        box.how = ""
        code, said = send(file)
        assert code == 1
        assert f"{ANA} does not get rep/{P1}: unclear: run 0001" in said
        assert box.addresses == [ANA, BEN, MARA]
        send(file, again=(ANA,))
        assert box.addresses.count(ANA) == 2


def test_a_server_that_dies_between_two_mails_gets_the_rest_when_it_is_back(made: Path) -> None:
    """The connection breaks after the first mail, and nobody listens any more."""
    box = Odd(how="die", whom="")
    file = write(made, 9)

    with serving(box, Station) as port:
        write(made, port)
        with pytest.raises(
            SalesopsError, match=r"did not take the mail: .*what was not sent is sent next time"
        ):
            send(file)
    assert box.addresses == [ANA]
    box.how = ""
    with serving(box, Station) as port:
        write(made, port)
        assert send(file)[0] == 0
    assert box.addresses == [ANA, BEN, MARA]


@pytest.mark.parametrize("runs", [("0001", "0001"), ("0001", "0002")])
def test_two_deliverers_at_once_send_once(made: Path, runs: tuple[str, str]) -> None:
    box = Odd(how="wait")
    with serving(box, Station) as port:
        file = write(made, port)
        if "0002" in runs:
            go(file)
        both = [_deliver(made, run) for run in runs]
        said = [process.communicate(timeout=120)[0] for process in both]
        assert send(file)[0] == 0
    assert box.addresses == [ANA, BEN, MARA], said


def test_what_another_process_sends_now_is_on_its_way_and_not_unclear(made: Path) -> None:
    from salesops_nb.source.opened import open_workbook
    from salesops_nb.store.deliveries import claim

    file = write(made, 9)
    go(file)  # run 0002
    record = RunFolder(made / "out" / "0001").told()["jobs"][0]
    store = open_workbook(made).store
    assert claim(store, ANA, [(record["id"], record["key"])], "0001", "<1@x>", "2018-01-02T03:04:05+00:00")
    assert not claim(store, ANA, [("rep/p9", "k"), (record["id"], record["key"])], "0002", "<2@x>", "")
    other = RunFolder(made / "out" / "0001")
    other.lock()
    assert (
        f"{ANA} does not get rep/{P1}: on its way: run 0001 is sending it now" in send(file, dry_run=True)[1]
    )
    with pytest.raises(SalesopsError, match=r"Nothing is unclear"):
        send(file, again=(ANA,))
    with pytest.raises(SalesopsError, match=r"Run 0001 is being worked on"):
        send(file, run="1")
    other.close()
    assert f"{ANA} does not get rep/{P1}: unclear" in send(file, dry_run=True)[1]


def test_a_store_of_an_earlier_version_is_read_as_it_is(made: Path) -> None:
    """Its releases cover no files and no addresses, and count no more; its deliveries count."""
    import sqlite3

    record = RunFolder(made / "out" / "0001").told()["jobs"][0]
    with sqlite3.connect(made / "store.sqlite") as store:
        store.execute("DROP TABLE release_items")
        store.execute(
            "CREATE TABLE releases (digest VARCHAR PRIMARY KEY, run VARCHAR, by VARCHAR, at VARCHAR)"
        )
        store.execute("INSERT INTO releases VALUES ('d', '0001', 'Ioana', 'then')")
        store.execute(
            "INSERT INTO deliveries VALUES (?, ?, ?, '0001', 'sent', '<1@x>', 'then')",
            (ANA, record["id"], record["key"]),
        )
    store.close()
    box = Odd()
    with serving(box, Station) as port:
        file = write(made, port, "release: {by: [Ioana]}\n" + REPS)
        assert "waits for release" in send(file)[1]
        assert send(file, released_by="Ioana")[0] == 0
    assert box.addresses == [BEN, MARA]


HUSH = "Zq7 hush;&+"
CODED = base64.b64encode(HUSH.encode()).decode()
LOGIN = base64.b64encode(f"\0None\0{HUSH}".encode()).decode()


@pytest.mark.parametrize("repeated", [HUSH, quote(HUSH), CODED, LOGIN, f"AUTH PLAIN {LOGIN} is odd"])
@pytest.mark.parametrize("how", ["RCPT 550 {}", "DATA 554 {}", "END 452 {}", "END 299 {}"])
def test_a_server_that_repeats_the_password_is_told_without_it(
    made: Path, monkeypatch: pytest.MonkeyPatch, how: str, repeated: str
) -> None:
    """Whatever the variable is called: nothing in its name says that it is a secret."""
    monkeypatch.setenv("MAIL_LOGIN", HUSH)
    box = Odd(how=how.format(repeated))
    with serving(box, Station) as port:
        file = write(made, port)
        file.write_text(
            file.read_text().replace("security: none", "security: none, password_env: MAIL_LOGIN")
        )
        code, said = send(file)
    assert code == 1
    assert f"{ANA}" in said
    answered = how.split()[1]
    assert f"{answered} ***" in said or f"{answered} AUTH PLAIN *** is odd" in said
    assert "Zq7" not in said
    assert CODED not in said
    assert LOGIN not in said


@pytest.mark.parametrize(
    ("file", "settle", "resume"),
    [
        ("reports.yml", "salesops deliver --arrived a@x.com (or --again a@x.com)", "salesops run --resume"),
        (
            "lists/weekly.yml",
            "salesops deliver --file lists/weekly.yml --arrived a@x.com (or --again a@x.com)",
            "salesops run lists/weekly.yml --resume",
        ),
    ],
)
def test_what_to_type_names_the_list_that_is_used(
    tmp_path: Path, file: str, settle: str, resume: str
) -> None:
    from salesops_nb.batch import listing
    from salesops_nb.batch.delivery.gate import how_to_settle
    from salesops_nb.batch.jobs.reports import option_of
    from salesops_nb.batch.runs.folder import RunFolder

    assert how_to_settle("a@x.com", option_of(file)) == f"Ask, then type: {settle}"
    run = RunFolder.create(tmp_path)
    run.tell({"run": run.name, "file": file, "begun": "2018-01-02T03:04:05", "jobs": []})
    run.close()
    assert listing._line(RunFolder(run.path))[-1] == resume
