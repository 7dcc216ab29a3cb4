"""A real SMTP server on this machine, and the commands that send to it."""

from __future__ import annotations

import email
import io
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from rich.console import Console

from salesops_nb.batch.command import Asked, Posted, deliver_again, run_reports
from salesops_nb.batch.jobs.paths import path_name, path_of

# what the workbook's people and team are called in paths and ids
P1, P2, P4 = path_of("p1", "Ana Pop"), path_of("p2", "Ben Fox"), path_of("p4", "Dora Hill")
NORTH = path_name("North")


@dataclass
class Inbox:
    """What the server took: (recipients, message); `refuse` is an address it does not know."""

    mails: list[tuple[list[str], EmailMessage]] = field(default_factory=list)
    refuse: str = ""

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        if address == self.refuse:
            return "550 no such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        message = email.message_from_bytes(envelope.content, policy=default)
        self.mails.append((list(envelope.rcpt_tos), message))  # type: ignore[arg-type]
        return "250 OK"

    @property
    def addresses(self) -> list[str]:
        """Everybody who got a mail, as often as they did."""
        return sorted(address for recipients, _ in self.mails for address in recipients)

    @property
    def by_address(self) -> dict[str, list[list[str]]]:
        """Names of the attachments of each mail, by address."""
        found: dict[str, list[list[str]]] = {}
        for recipients, message in self.mails:
            names = [str(part.get_filename()) for part in message.iter_attachments()]
            for address in recipients:
                found.setdefault(address, []).append(names)
        return found


@contextmanager
def serving(box: Inbox, kind: Callable[..., Controller] = Controller, **options: Any) -> Iterator[int]:
    """The server of a box; its port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    controller = kind(box, hostname="127.0.0.1", port=port, ready_timeout=60, **options)
    controller.start()
    try:
        yield port
    finally:
        controller.stop(no_assert=True)


HEAD = """period: 2017-Q4
folder: out
mail: {{server: 127.0.0.1, port: {port}, from: reports@example.com, security: none, timeout: 2s}}
"""
REPS = """reports:
  - name: rep
    notebook: notebooks/hello.ipynb
    title: "Review of {name}"
    for_each: rep
    where: {region: East}
    audience: {to: ["{email}", "{manager_email}"]}
"""


def write(folder: Path, port: int, text: str = REPS) -> Path:
    """reports.yml, its mails going to a port."""
    (folder / "reports.yml").write_text(HEAD.format(port=port) + text)
    return folder / "reports.yml"


def go(file: Path, **asked: Any) -> tuple[int, str]:
    """`salesops run`: exit code and what it printed."""
    said = io.StringIO()
    code = run_reports(Asked(file, **asked), Console(file=said, width=300))
    return code, said.getvalue()


def send(file: Path, **asked: Any) -> tuple[int, str]:
    """`salesops deliver`: exit code and what it printed."""
    said = io.StringIO()
    code = deliver_again(Posted(file, **asked), Console(file=said, width=300))
    return code, said.getvalue()
