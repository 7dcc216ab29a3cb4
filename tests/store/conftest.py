"""Stores to test on: a SQLite file, and a real PostgreSQL server started for the session."""

from __future__ import annotations

import glob
import os
import shutil
import socket
import subprocess
from pathlib import Path

import pytest
from new_database import new_database

from salesops_nb.store.database import open_store


def _program(name: str) -> str | None:
    installed = sorted(glob.glob(f"/usr/lib/postgresql/*/bin/{name}"), reverse=True)
    return shutil.which(name) or next(iter(installed), None)


def _as_postgres(command: list[str]) -> list[str]:
    """PostgreSQL refuses to run as root: then it runs as its own user."""
    return ["runuser", "-u", "postgres", "--", *command] if os.geteuid() == 0 else command


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory):
    initdb, control = _program("initdb"), _program("pg_ctl")
    if initdb is None or control is None:
        pytest.skip("no PostgreSQL server on this machine")
    import tempfile

    folder = Path(tempfile.mkdtemp(prefix="salesops-pg-"))
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    data = str(folder / "data")
    run = {"check": True, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": str(folder)}
    try:
        subprocess.run(
            _as_postgres([initdb, "-D", data, "-U", "salesops", "-A", "trust", "-E", "UTF8", "--no-sync"]),
            **run,
        )
        options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} -c fsync=off"
        subprocess.run(_as_postgres([control, "-D", data, "-w", "-o", options, "start"]), **run)
        yield f"postgresql+pg8000://salesops@127.0.0.1:{port}"
    finally:
        subprocess.run(
            _as_postgres([control, "-D", data, "-m", "immediate", "stop"]), **(run | {"check": False})
        )
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def store_url(request, tmp_path):
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/store.sqlite"
    return new_database(request.getfixturevalue("postgres_server"))


@pytest.fixture
def store(store_url):
    engine = open_store(store_url)
    yield engine
    engine.dispose()


@pytest.fixture
def sqlite_store(tmp_path):
    engine = open_store(f"sqlite:///{tmp_path}/store.sqlite")
    yield engine
    engine.dispose()
