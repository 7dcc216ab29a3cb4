"""A real JupyterLab on a workbook, and a person at one of its notebooks: what the tests and the benchmark drive.

`Server` runs JupyterLab with a home of its own, so that nothing of this machine's settings reaches it.
`Sheet` is a notebook open in Chromium: run, controls moved by mouse or keyboard, what stands on screen.
"""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from salesops_nb.present.terms import term

BIN = Path(sys.executable).parent
BROWSER = ("--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync")
MESSAGE = "[role=alert]"
IDLE = "| Idle"
# What JupyterLab itself writes as an error though nothing is wrong, each with the reason.
KNOWN: tuple[str, ...] = ()

# What a person can read below each code cell: the text of every display, charts by their source.
_SCREEN = """
window.salesops = {
  words(root) {
    const copy = root.cloneNode(true);
    copy.querySelectorAll("style, script, .jp-OutputArea-prompt").forEach(each => each.remove());
    const pictures = [...copy.querySelectorAll("img")].map(each => each.src);
    return {text: copy.textContent.replace(/\\s+/g, " ").trim(), pictures};
  },
  cells() {
    const cells = [...document.querySelectorAll(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-Notebook-cell")];
    return cells.map(cell => [...cell.querySelectorAll(".jp-OutputArea-output")]
      .filter(output => output.matches(".jp-RenderedHTMLCommon, .jp-RenderedImage, .jp-RenderedSVG, .jp-RenderedText"))
      .map(output => this.words(output)));
  },
  written(html) {
    return this.words(new DOMParser().parseFromString(html, "text/html").body);
  },
};
"""


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


class Sheet:
    """A notebook open in JupyterLab; `said` gathers console errors, `asked` addresses outside the server."""

    def __init__(self, browser: Any, server: Server, notebook: str, width: int = 1440, height: int = 1000):
        self.said: list[str] = []
        self.asked: list[str] = []
        self.server = server
        self.page = browser.new_context(viewport={"width": width, "height": height}).new_page()
        self.page.add_init_script(_SCREEN)
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("request", self._request)
        self.page.goto(f"{server.url}/lab/tree/{notebook}?token={server.token}")
        self.idle()

    def _console(self, message: Any) -> None:
        if message.type == "error" and not any(known in message.text for known in KNOWN):
            self.said.append(f"{message.text} ({message.location.get('url', '')})")

    def _request(self, request: Any) -> None:
        if not request.url.startswith((self.server.url, "data:", "blob:", self.server.url.replace("http", "ws"))):
            self.asked.append(request.url)

    def idle(self, seconds: float = 60) -> None:
        """Wait until the kernel has nothing to do."""
        self.page.locator("#jp-main-statusbar").get_by_text(IDLE).wait_for(timeout=seconds * 1000)

    def run_all(self, seconds: float = 120) -> None:
        """Run › Run All Cells, and wait until every code cell has its number."""
        self.page.get_by_role("menuitem", name="Run", exact=True).click()
        self.page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
        self.page.wait_for_function(
            r"""() => [...document.querySelectorAll(".jp-CodeCell .jp-InputArea-prompt")]
                .every(each => /\[\d+\]/.test(each.textContent))""",
            timeout=seconds * 1000,
        )
        self.idle(seconds)

    def errors(self) -> list[str]:
        """The tracebacks on screen."""
        shown = self.page.locator('[data-mime-type="application/vnd.jupyter.error"]')
        return [str(text) for text in shown.all_text_contents()]

    def control(self, name: str) -> Control:
        """The control of a parameter, found by its label as a person finds it."""
        return Control(self.page, name)

    def cells(self) -> list[list[dict[str, Any]]]:
        """Per cell, what each of its displays says: ``text`` and the sources of its ``pictures``."""
        found: list[list[dict[str, Any]]] = self.page.evaluate("salesops.cells()")
        return found

    def written(self, html: str) -> dict[str, Any]:
        """What a piece of HTML says, as `cells` gives it."""
        found: dict[str, Any] = self.page.evaluate("html => salesops.written(html)", html)
        return found

    def close(self) -> None:
        """Leave the page as a person who closes the window."""
        self.page.context.close()


class Control:
    """One control of the panel with its message."""

    def __init__(self, page: Any, name: str) -> None:
        self.page, self.name = page, name
        label = page.locator(".widget-label", has_text=_exactly(term(name)))
        self.box = page.locator(".jupyter-widgets.widget-inline-hbox", has=label).first
        self.row = page.locator(".widget-hbox", has=label).last

    @property
    def kind(self) -> str:
        """``select``, ``slider``, or the type of its input (``checkbox``, ``number``, ``date``, ``text``)."""
        for kind, selector in (("select", "select"), ("slider", "[role=slider]")):
            if self.box.locator(selector).count():
                return kind
        return str(self.box.locator("input").first.get_attribute("type"))

    @property
    def field(self) -> Any:
        """The element that takes the focus."""
        return self.box.locator("select, [role=slider], input").first

    def value(self) -> str | bool:
        """What the control shows."""
        if self.kind == "slider":
            return str(self.box.locator(".widget-readout").text_content())
        if self.kind == "checkbox":
            return bool(self.field.is_checked())
        if self.kind == "select":
            return str(self.field.evaluate("each => each.options[each.selectedIndex].text"))
        return str(self.field.input_value())

    def move(self, value: Any) -> None:
        """Give it a value the way a person does: choose, tick, type and leave, or write a slider's number."""
        kind, text = self.kind, _typed(value)
        if kind == "select":
            self.field.select_option(label=text or "none")
        elif kind == "checkbox":
            self.field.set_checked(bool(value))
        elif kind == "slider":
            readout = self.box.locator(".widget-readout")
            readout.fill(text)
            readout.press("Enter")
        else:
            self.field.fill(text)
            self.field.press("Tab" if kind == "date" else "Enter")

    def message(self) -> str:
        """What is said beside it."""
        return " ".join(self.row.locator(".widget-html-content").all_text_contents()).strip()


def _typed(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, (tuple, list)):
        return ", ".join(map(str, value))
    return str(value)


def _exactly(text: str) -> Any:
    import re

    return re.compile(rf"^\s*{re.escape(text)}\s*$")


def outputs_of(message: Mapping[str, Any]) -> dict[str, Any]:
    """The data of a display message."""
    return dict(message["content"]["data"])
