"""What a person meets on each page of a run: words, first figure, pixels, printed pages, weight.

Words are those that can be seen: what a closed ``<details>`` folds away, the screen reader's own words and
the code behind its switch are not counted; those of the charts and of the contents are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SCREENS = {"wide": (1280, 800), "phone": (390, 844)}
SEEN = """() => {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  let words = 0;
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const holder = node.parentElement;
    if (holder.closest("script, style, .skip, .said .of")) continue;
    if (!holder.checkVisibility({ contentVisibilityAuto: true, visibilityProperty: true })) continue;
    words += node.textContent.trim().split(/\\s+/).filter(Boolean).length;
  }
  return words;
}"""
FIRST = """() => {
  const figures = [...document.querySelectorAll(".card .value")];
  return figures.length ? Math.round(figures[0].getBoundingClientRect().top) : -1;
}"""
WIDER = """() => [...document.querySelectorAll("figure.table .scroll")]
  .filter((each) => each.checkVisibility() && each.scrollWidth > each.clientWidth + 1)
  .map((each) => each.ariaLabel)"""


@dataclass(frozen=True)
class Measured:
    """One page at one width; `pages` is 0 where it was not printed, `first` -1 where it has no card."""

    page: str
    screen: str
    words: int
    first: int
    pixels: int
    pages: int
    weight: int
    wider: tuple[str, ...]
    sideways: bool


def kind_of(folder: Path, page: Path) -> str:
    """The report of a page: the first part of its path in the run."""
    return page.relative_to(folder).with_suffix("").parts[0]


def pages_of(folder: Path) -> Iterator[Path]:
    """A page of each report of a run, its first: those of one report are alike."""
    known: set[str] = set()
    for page in sorted(folder.rglob("*.html")):
        kind = kind_of(folder, page)
        if kind not in known and kind != "index":
            known.add(kind)
            yield page


def measured(browser: Any, folder: Path, path: Path, screen: str) -> tuple[Measured, Any]:
    """A page as it is read at a width, and the browser's page for whoever asks more of it."""
    width, height = SCREENS[screen]
    page = browser.new_context(viewport={"width": width, "height": height}).new_page()
    page.goto(path.as_uri())
    printed = len(re.findall(rb"/Type\s*/Page\b", page.pdf())) if screen == "wide" else 0
    found = Measured(
        kind_of(folder, path),
        screen,
        page.evaluate(SEEN),
        page.evaluate(FIRST),
        page.evaluate("document.documentElement.scrollHeight"),
        printed,
        path.stat().st_size,
        tuple(page.evaluate(WIDER)),
        page.evaluate("document.documentElement.scrollWidth") > width,
    )
    return found, page


def table(found: Sequence[Measured]) -> str:
    """The measures in Markdown."""
    lines = [
        "| page | screen | words | first figure | height | printed pages | weight |",
        "|---|---|---|---|---|---|---|",
    ]
    for each in found:
        first = "–" if each.first < 0 else f"{each.first} px"
        lines.append(
            f"| {each.page} | {each.screen} | {each.words:,} | {first} | {each.pixels:,} px "
            f"| {each.pages or '–'} | {each.weight // 1000} kB |"
        )
    return "\n".join(lines)
