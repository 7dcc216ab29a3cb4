"""Pictures of the demo's pages at the widths of a desk and a phone."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lab_pictures import keep

WIDTHS = {"wide": (1280, 800), "phone": (390, 844)}
# a page of each kind: the home page, and of the others the first that the run made
PAGES = {
    "home": "index.html", "company": "company.html", "team": "team/*.html", "rep": "rep/*.html",
    "commission": "commission.html", "statement": "statement/*.html", "territories": "territories.html",
    "targets": "targets.html", "hiring": "hiring.html", "process": "process.html",
}  # fmt: skip


def found(reports: Path) -> dict[str, Path]:
    """The pages to take, of the folder of reports; what no run has made is left out."""
    pages: dict[str, Path] = {}
    for name, pattern in PAGES.items():
        places = [reports] if name == "home" else sorted(reports.glob("[0-9]*"), reverse=True)
        matching = (page for place in places for page in sorted(place.glob(pattern)))
        if page := next(matching, None):
            pages[name] = page
    return pages


def take(browser: Any, pages: Mapping[str, Path], out: Path) -> list[Path]:
    """First screens of the pages at both widths; fails where a page is wider than its screen."""
    made = []
    for wide, (width, height) in WIDTHS.items():
        context = browser.new_context(viewport={"width": width, "height": height}, color_scheme="light")
        for name, page in pages.items():
            sheet = context.new_page()
            sheet.goto(page.resolve().as_uri())
            assert sheet.evaluate("document.documentElement.scrollWidth") <= width, f"{name}, {wide}"
            made.append(out / f"{name}_{wide}.webp")
            keep(sheet.screenshot(), made[-1])
            sheet.close()
        context.close()
    return made
