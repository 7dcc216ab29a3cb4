"""A report on paper: the HTML page printed by the Chromium of this machine."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from datetime import date
from pathlib import Path

from salesops_nb.errors import SalesopsError, problem
from salesops_nb.present.export.html import write_beside

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
QUIET = (
    "--headless",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    "--no-first-run",
    "--no-default-browser-check",
    "--no-pdf-header-footer",
)
_DATES = re.compile(rb"\((D:)\d{14}([^)]*)\)")


def find_chromium() -> str:
    """The Chromium or Chrome of this machine; ``SALESOPS_CHROMIUM`` names another.

    Raises
    ------
    SalesopsError
        With the command that installs one.
    """
    named = os.environ.get("SALESOPS_CHROMIUM")
    found = shutil.which(named) if named else next(filter(None, map(shutil.which, BROWSERS)), None)
    if found:
        return found
    raise SalesopsError(problem("no-chromium.named" if named else "no-chromium", value=named))


def export_pdf(
    html: str | Path,
    out: str | Path,
    *,
    chromium: str | None = None,
    as_of: date | None = None,
    timeout: float = 120,
) -> Path:
    """Print an HTML report to PDF, with tags, outline and page numbers; written beside and moved in.

    Parameters
    ----------
    as_of : the date written into the file as its own, so that the same page gives the same bytes.
    timeout : seconds after which the browser is ended.

    Raises
    ------
    SalesopsError
        If there is no such page, no browser, or the browser prints nothing.

    Examples
    --------
    The page is printed by Chromium, and must be there first:

    >>> from salesops_nb import present
    >>> present.export_pdf("no-such-page.html", "page.pdf")
    Traceback (most recent call last):
        ...
    salesops_nb.errors.SalesopsError: There is no page at no-such-page.html. Export the HTML first.
    """
    page = Path(html).resolve()
    if not page.is_file():
        raise SalesopsError(problem("no-page", path=html))
    browser = chromium or find_chromium()
    with tempfile.TemporaryDirectory(prefix="salesops-pdf-") as room:
        printed = Path(room) / "page.pdf"
        command = [browser, *QUIET, f"--user-data-dir={room}/profile", "--generate-pdf-document-outline"]
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            command.append("--no-sandbox")
        try:
            done = subprocess.run(
                [*command, f"--print-to-pdf={printed}", page.as_uri()],
                capture_output=True,
                timeout=timeout,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise SalesopsError(
                problem("nothing-printed.in-time", page=page.name, timeout=timeout)
            ) from error
        except OSError as error:
            raise SalesopsError(
                problem("no-chromium.not-started", browser=browser, error=str(error))
            ) from error
        if not printed.is_file():
            last = done.stderr.decode(errors="replace").strip().splitlines()[-1:] or ["no message"]
            raise SalesopsError(problem("nothing-printed", page=page.name, why=last[0]))
        day = (as_of or date(2000, 1, 1)).strftime("%Y%m%d").encode()
        data = _DATES.sub(lambda m: b"(" + m[1] + day + b"000000" + m[2] + b")", printed.read_bytes())
    return write_beside(out, data)
