"""A real JupyterLab on a workbook, with a home of its own, and a headless Chromium."""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

BIN = Path(sys.executable).parent
BROWSER = ("--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync")


class Server:
    """JupyterLab on a folder, with a token, on a free port."""

    def __init__(self, folder: Path, home: Path) -> None:
        self.folder, self.token = folder, secrets.token_hex(16)
        self.log = home / "server.log"
        self.port = _free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._process = self._started(home)
        self._wait()

    def _started(self, home: Path) -> subprocess.Popen[bytes]:
        own = ("CONFIG_DIR", "DATA_DIR", "RUNTIME_DIR")
        places = {f"JUPYTER_{name}": str(home / name.lower()) for name in own}
        places |= {"HOME": str(home), "IPYTHONDIR": str(home / "ipython")}
        places |= {f"JUPYTERLAB_{name}_DIR": str(home / name.lower()) for name in ("SETTINGS", "WORKSPACES")}
        command = [str(BIN / "jupyter"), "lab", "--no-browser", "--ServerApp.port_retries=0"]
        command += [f"--port={self.port}", f"--IdentityProvider.token={self.token}"]
        command += [f"--ServerApp.root_dir={self.folder}"]
        command += ["--LabApp.news_url=None"]
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            command.append("--allow-root")
        with self.log.open("wb") as log:
            return subprocess.Popen(
                command, cwd=self.folder, env={**os.environ, **places}, stdout=log, stderr=subprocess.STDOUT
            )

    def _wait(self, seconds: float = 60) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self._process.poll() is not None:
                break
            try:
                urllib.request.urlopen(f"{self.url}/api?token={self.token}", timeout=5).close()
                return
            except (urllib.error.URLError, OSError):
                time.sleep(0.1)
        raise RuntimeError(f"JupyterLab did not start:\n{self.log.read_text()}")

    def stop(self) -> None:
        """End the server and its kernels."""
        self._process.terminate()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@contextmanager
def chromium() -> Iterator[Any]:
    """A headless Chromium, driven by Playwright."""
    from playwright.sync_api import sync_playwright

    from salesops_nb.present.pdf import find_chromium

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=list(BROWSER))
        yield browser
        browser.close()
