"""`salesops lab`: JupyterLab on a workbook, with this environment's kernel."""

from __future__ import annotations

import importlib.util
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import webbrowser
from pathlib import Path

import click

from salesops_nb.errors import SalesopsError, problem

SETTINGS = Path(__file__).parent / "jupyter"  # no network is asked for news; what is kept of a saved notebook
FIRST_PORT, PORTS = 8888, 50
PATIENCE = 60  # seconds for the server to answer


@click.command()
@click.argument("folder", metavar="[DIR]", type=click.Path(path_type=Path), default=Path("."), required=False)
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    help=f"Port to listen on (default: a free one from {FIRST_PORT}).",
)
@click.option("--no-browser", is_flag=True, help="Only say the address; open no browser.")
def lab(folder: Path, port: int | None, no_browser: bool) -> None:
    """Open JupyterLab on the workbook in DIR, or above it.

    Listens on this machine only. Ctrl+C ends it.
    """
    from salesops_nb.workbook import find_workbook

    if not folder.exists():
        raise SalesopsError(problem("no-folder", value=folder))
    root = find_workbook(folder)
    if importlib.util.find_spec("jupyterlab") is None:
        raise SalesopsError(problem("no-jupyterlab"))
    if port is not None and not _free(port):
        raise SalesopsError(
            problem("port-taken", value=port)
        )  # fmt: skip
    token = secrets.token_urlsafe(24)
    place = "lab/tree/notebooks" if (root / "notebooks").is_dir() else "lab"
    server = subprocess.Popen(_command(root, port, place), env=_environment(token))
    ended = signal.signal(signal.SIGTERM, lambda *_: server.terminate())
    try:
        url = f"http://localhost:{_port_of(server, token)}/{place}?token={token}"
        click.echo(f"The workbook {root} is open in JupyterLab:\n  {url}\nCtrl+C ends it.")
        if not no_browser:
            webbrowser.open(url)
        code = server.wait()
    except KeyboardInterrupt:
        code = _end(server)
    finally:
        signal.signal(signal.SIGTERM, ended)
        if server.poll() is None:
            _end(server)
    raise SystemExit(0 if code in (0, -signal.SIGTERM, -signal.SIGINT) else code)


def _command(root: Path, port: int | None, place: str) -> list[str]:
    """The server binds the port itself: one that we found free might be another's by then."""
    retries = 0 if port else PORTS
    return [
        sys.executable, "-m", "jupyterlab", "--no-browser",
        f"--ServerApp.root_dir={root}", f"--ServerApp.port={port or FIRST_PORT}",
        f"--ServerApp.port_retries={retries}",
        "--ServerApp.ip=localhost", f"--ServerApp.default_url=/{place}", "--ServerApp.answer_yes=True",
        "--log-level=ERROR", *(["--allow-root"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []),
        "--LabApp.news_url=None", "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    ]  # fmt: skip


def _environment(token: str) -> dict[str, str]:
    """The token, our settings for the page, and this environment's kernel before any other of its name."""
    paths = [str(SETTINGS), *filter(None, [os.environ.get("JUPYTER_CONFIG_PATH")])]
    ours = {"JUPYTER_CONFIG_PATH": os.pathsep.join(paths), "JUPYTER_PREFER_ENV_PATH": "1"}
    return {**os.environ, **ours, "JUPYTER_TOKEN": token}


def _free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def _port_of(server: subprocess.Popen[bytes], token: str) -> int:
    """The port that the server listens on, which it writes down with its token once it does."""
    from jupyter_server.serverapp import list_running_servers

    end = time.monotonic() + PATIENCE
    while server.poll() is None and time.monotonic() < end:
        for found in list_running_servers():
            if found.get("token") == token:
                return int(found["port"])
        time.sleep(0.1)
    _end(server)
    raise SalesopsError(
        problem(
            "lab-did-not-start.stopped" if server.returncode else "lab-did-not-start.no-answer",
            seconds=PATIENCE,
        )
    )


def _end(server: subprocess.Popen[bytes]) -> int:
    server.terminate()
    try:
        return server.wait(10)
    except subprocess.TimeoutExpired:
        server.kill()
        return server.wait()
