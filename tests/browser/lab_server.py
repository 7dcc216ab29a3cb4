"""A real JupyterLab on a workbook, as `salesops lab` opens it, and a headless Chromium."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

SALESOPS = Path(sys.executable).with_name("salesops")
BROWSER = ("--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync")
_ADDRESS = re.compile(r"(http://[\w.]+:\d+)/\S*token=(\S+)")


class Server:
    """`salesops lab` with a home of its own, so that no setting of this machine counts."""

    def __init__(self, folder: Path, home: Path) -> None:
        self.folder = folder
        self._log = home / "server.log"
        self._process = self._started(home)
        self.url, self.token = self._address()

    def _started(self, home: Path) -> subprocess.Popen[bytes]:
        places = {f"JUPYTER_{name}_DIR": str(home / name.lower()) for name in ("CONFIG", "DATA", "RUNTIME")}
        places |= {"HOME": str(home), "IPYTHONDIR": str(home / "ipython"), "PYTHONUNBUFFERED": "1"}
        places |= {f"JUPYTERLAB_{name}_DIR": str(home / name.lower()) for name in ("SETTINGS", "WORKSPACES")}
        command = [str(SALESOPS), "lab", str(self.folder), "--no-browser"]
        with self._log.open("wb") as log:
            return subprocess.Popen(
                command, env={**os.environ, **places}, stdout=log, stderr=subprocess.STDOUT
            )

    def _address(self, seconds: float = 90) -> tuple[str, str]:
        end = time.monotonic() + seconds
        while self._process.poll() is None and time.monotonic() < end:
            if found := _ADDRESS.search(self._log.read_text()):
                return found[1], found[2]
            time.sleep(0.1)
        self.stop()
        raise RuntimeError(f"salesops lab gave no address:\n{self._log.read_text()}")

    def end_kernels(self) -> None:
        """Shut down every kernel, as one does overnight."""
        for session in json.loads(self._api("GET", "sessions")):
            self._api("DELETE", f"sessions/{session['id']}")

    def _api(self, method: str, path: str) -> bytes:
        headers = {"Authorization": f"token {self.token}"}
        request = urllib.request.Request(f"{self.url}/api/{path}", headers=headers, method=method)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return bytes(answer.read())

    def stop(self) -> None:
        """End the server and its kernels."""
        self._process.terminate()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


@contextmanager
def chromium() -> Iterator[Any]:
    """A headless Chromium, driven by Playwright."""
    from playwright.sync_api import sync_playwright

    from salesops_nb.present.export.pdf import find_chromium

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=list(BROWSER))
        yield browser
        browser.close()
