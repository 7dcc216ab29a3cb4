"""A notebook open in JupyterLab and what a person does there: the tests and the benchmark drive these."""

from __future__ import annotations

import json
import re
import shlex
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, get_args

from lab_server import Server

from salesops_nb.present.language.column_labels import term
from salesops_nb.present.page.tables import LIVE_ROWS

IDLE = "| Idle"
WRONG = "[role=alert]"
BATCH_LINE = re.compile("batch line", re.IGNORECASE)
ESTIMATE = "A quick first estimate; the whole calculation is still running."
SAVE = re.compile("save as report", re.IGNORECASE)
# What JupyterLab itself writes as an error though nothing is wrong, each with the reason.
KNOWN: tuple[str, ...] = ()

# What a person can read below each cell: the text of every display, charts by what their picture holds.
SCREEN = (
    f"const LIVE_ROWS = {LIVE_ROWS};"
    + r"""
window.salesops = {
  // what stands in an output and is no part of the answer: a live table's search, pages and arrows
  furniture: "style, script, .more, .jp-OutputArea-prompt, " +
    ".dt-search, .dt-info, .dt-paging, .dt-column-order",
  // a live table shows a page of its rows and its total; a report's shows the first and counts the rest
  first_page(table) {
    const rows = [...(table.tBodies[0]?.rows ?? [])].filter(row => !row.classList.contains("total"));
    rows.slice(Number(table.dataset.page) || LIVE_ROWS).forEach(row => row.remove());
  },
  words(root) {
    const copy = root.cloneNode(true);
    copy.querySelectorAll(this.furniture).forEach(each => each.remove());
    copy.querySelectorAll("table").forEach(each => this.first_page(each));
    // a report's script takes a chart's values out of the drawing, to show them in a box of its own
    copy.querySelectorAll("[data-words]").forEach(each => each.append(each.dataset.words));
    const pictures = [...copy.querySelectorAll("img")].map(each => this.picture(each.getAttribute("src")));
    const texts = document.createTreeWalker(copy, NodeFilter.SHOW_TEXT), said = [];
    while (texts.nextNode()) said.push(texts.currentNode.data.replace(/\s+/g, " ").trim());
    const drawn = [...copy.querySelectorAll("svg")].map(each => this.drawing(each));
    return [said.filter(Boolean).join(" "), ...pictures, ...drawn];
  },
  drawing(svg) {
    const shapes = [...svg.querySelectorAll("path, use, rect, circle, line")];
    const what = ["d", "x", "y", "width", "height", "transform", "style"];
    return shapes.map(shape => what.map(name => shape.getAttribute(name) ?? "").join(" ")).join(";")
      .replace(/url\(#[^)]*\)/g, "url");
  },
  picture(source) {
    const body = source.startsWith("data:") ? source.slice(source.indexOf(",") + 1) : source;
    return body.replace(/\s+/g, "");
  },
  display(data) {
    if (!data["text/html"]) return [(data["text/plain"] || "").replace(/\s+/g, " ").trim()];
    return this.words(new DOMParser().parseFromString(data["text/html"], "text/html").body);
  },
  // what in the panel has the focus; and whether what had it before looked other than it does without
  look(each) {
    const style = getComputedStyle(each);
    return [style.outlineStyle, style.outlineWidth, style.boxShadow, style.borderColor].join();
  },
  focused() {
    const now = document.activeElement, panel = now?.closest(".salesops-panel");
    const left = this.last && this.last.element !== now ? this.last : null;
    const seen = left ? [left.name, this.look(left.element) !== left.look] : ["", true];
    const labels = now.closest(".widget-inline-hbox")?.querySelectorAll(".widget-label, .widget-label-basic");
    const said = each => each.textContent.replace("\u200b", "").trim(); // before a tick stands an empty label
    const name = panel && now !== panel ? said([...labels ?? []].find(said) ?? now) : "";
    if (!name) this.last = null;
    else if (this.last?.element !== now) this.last = {element: now, name, look: this.look(now)};
    return [name, ...seen];
  },
  // how many changes of a control have been answered; while one is being computed, none
  answers() {
    const panel = document.querySelector(".jp-NotebookPanel:not(.lm-mod-hidden) .salesops-panel");
    return !panel || panel.querySelector(".salesops-busy") ? -1 : Number(panel.dataset.answers);
  },
  apart: [], // cells that are not compared
  expected(cells) {
    const read = displays => displays.map(each => this.display(each));
    return cells.map((displays, at) => this.apart.includes(at) ? [] : read(displays));
  },
  screen() {
    const cells = [...document.querySelectorAll(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-Notebook-cell")];
    const kinds = ".jp-RenderedHTMLCommon, .jp-RenderedImage, .jp-RenderedSVG, .jp-RenderedText";
    const own = each => each.matches(kinds) && !each.closest(".salesops-panel");
    const shown = cell => [...cell.querySelectorAll(".jp-OutputArea-output")].filter(own);
    return cells.map((cell, at) => this.apart.includes(at) ? [] : shown(cell).map(each => this.words(each)));
  },
};
"""
)

Screen = list[list[list[str]]]
FOLDED = ".salesops-fold:not(.mod-active)"


class Sheet:
    """A notebook open in JupyterLab; `said` gathers console errors, `asked` addresses outside the server."""

    def __init__(
        self, browser: Any, server: Server, notebook: str, width: int = 1440, height: int = 1000
    ) -> None:
        self.said: list[str] = []
        self.asked: list[str] = []
        self.server = server
        context = browser.new_context(viewport={"width": width, "height": height}, accept_downloads=True)
        context.grant_permissions(["clipboard-read", "clipboard-write"], origin=server.url)
        self.page = context.new_page()
        self.page.add_init_script(SCREEN)
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("request", self._request)
        self.page.goto(f"{server.url}/lab/tree/{notebook}?token={server.token}&reset")
        self.idle()

    def _console(self, message: Any) -> None:
        if message.type == "error" and not any(known in message.text for known in KNOWN):
            self.said.append(f"{message.text} ({message.location.get('url', '')})")

    def _request(self, request: Any) -> None:
        own = (self.server.url, self.server.url.replace("http", "ws"), "data:", "blob:")
        if not request.url.startswith(own):
            self.asked.append(request.url)

    def idle(self, seconds: float = 120) -> None:
        """Wait until the kernel has nothing to do."""
        self.page.locator("#jp-main-statusbar").get_by_text(IDLE).wait_for(timeout=seconds * 1000)

    def run_all(self, seconds: float = 300) -> None:
        """Run › Run All Cells, and wait until every code cell has its number."""
        self.page.get_by_role("menuitem", name="Run", exact=True).click()
        self.page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
        self.has_run(seconds)

    def has_run(self, seconds: float = 300) -> None:
        """Wait until every code cell has its number and the kernel is idle."""
        self.page.wait_for_function(
            r"""() => document.querySelector('[data-mime-type="application/vnd.jupyter.error"]') ||
                [...document.querySelectorAll(".jp-CodeCell .jp-InputArea-prompt")]
                .every(each => /\[\d+\]/.test(each.textContent))""",
            timeout=seconds * 1000,
        )
        assert self.errors() == []
        self.idle(seconds)

    def errors(self) -> list[str]:
        """The tracebacks on screen."""
        shown = self.page.locator('[data-mime-type="application/vnd.jupyter.error"]')
        return [str(text) for text in shown.all_text_contents()]

    def control(self, name: str) -> Control:
        """The control of a parameter, found by its label as a person finds it."""
        found = Control(self.page, name)
        self._unfold(self.page.locator(".salesops-group", has=found.box).locator(FOLDED))
        return found

    def _unfold(self, buttons: Any) -> None:
        """Open groups of controls by keys, as a person does."""
        for _group in range(buttons.count()):
            buttons.first.focus()
            self.page.keyboard.press("Enter")
            self.page.wait_for_timeout(50)

    def button(self, name: str | re.Pattern[str]) -> Any:
        """A button of the panel by what stands on it."""
        return self.page.get_by_role("button", name=name)

    def asks(self) -> dict[str, Any]:
        """The parameters of what is on screen, as the batch line states them."""
        words = shlex.split(self.batch_line())
        stated: dict[str, Any] = json.loads(words[words.index("-y") + 1])
        return stated

    def batch_line(self) -> str:
        """Copy the batch line by the mouse, and read it from the clipboard."""
        return self.copied(self.button(BATCH_LINE).click)

    def copied(self, act: Callable[[], object]) -> str:
        """What is on the clipboard after an act that puts something there.

        The act is repeated as a person would: on a busy machine the kernel's answer can be sent before the
        page listens to it.
        """
        self.page.evaluate("navigator.clipboard.writeText('')")
        for _ in range(6):
            act()
            end = time.monotonic() + 20
            while time.monotonic() < end:
                if line := str(self.page.evaluate("navigator.clipboard.readText()")):
                    return line
                self.page.wait_for_timeout(25)
        raise AssertionError("nothing was copied")

    def answered(self, act: Callable[[], object], seconds: float = 120) -> None:
        """Do something to a control, and wait until the panel has answered: on screen, or refused."""
        before = self.page.evaluate("salesops.answers()")
        act()
        arrived = "before => salesops.answers() > before"
        self.page.wait_for_function(arrived, arg=before, timeout=seconds * 1000)

    def run_again(self) -> None:
        """Wait for a run of all cells that was asked for."""
        self.page.locator("#jp-main-statusbar").get_by_text("| Busy").wait_for(timeout=10_000)
        self.has_run()

    def tabs(self, seen: dict[str, bool], most: int = 400) -> Iterator[str]:
        """Press Tab from the notebook's first cell to the panel's last button.

        Gives what has the focus each time, by its label; `seen` takes whether one saw that it had it.
        """
        self._unfold(self.page.locator(FOLDED))
        self.page.evaluate("document.activeElement?.blur()")  # from a control Tab would go on
        self.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-Notebook-cell").first.click(
            position={"x": 4, "y": 4}
        )
        self.page.keyboard.press("Escape")
        self.page.keyboard.press("Control+Home")
        within = False
        for _press in range(most):
            self.page.keyboard.press("Tab")
            name, left, visible = self.page.evaluate("salesops.focused()")
            if left:
                seen[left] = visible
            if within and not name:
                break
            within = within or bool(name)
            yield name

    def save(self) -> None:
        """Save the notebook by the keyboard."""
        self.page.keyboard.press("Escape")
        self.page.keyboard.press("Control+s")
        self.page.locator(".jp-mod-dirty").first.wait_for(state="detached", timeout=60_000)

    def save_report(self, folder: Path, seconds: float = 180) -> Path:
        """Press *Save as report*; the page that was made."""
        before = set(folder.glob("saved/*.html"))
        self.button(SAVE).click()
        answer = self.page.locator(".salesops-answer")
        answer.locator("a, [role=alert]").first.wait_for(timeout=seconds * 1000)
        wrong = answer.locator("[role=alert]").all_text_contents()
        assert not wrong, wrong
        (made,) = set(folder.glob("saved/*.html")) - before
        assert answer.locator("a").first.text_content() == made.relative_to(folder).as_posix()
        return made

    def picture(self, width: int = 1440, height: int = 900) -> bytes:
        """A picture of the notebook as it stands after a run of all its cells."""
        before = self.page.viewport_size
        self.page.set_viewport_size({"width": width, "height": height})
        self.page.wait_for_timeout(1500)  # the view is at the top, charts take their width
        taken = bytes(self.page.screenshot())
        self.page.set_viewport_size(before)
        return taken

    @property
    def apart(self) -> list[int]:
        """Numbers of the cells that `screen` and `expected` leave out."""
        found: list[int] = self.page.evaluate("salesops.apart")
        return found

    @apart.setter
    def apart(self, numbers: list[int]) -> None:
        self.page.evaluate("numbers => { salesops.apart = numbers; }", numbers)

    def screen(self) -> Screen:
        """Per cell and display, its text and what its pictures hold."""
        found: Screen = self.page.evaluate("salesops.screen()")
        return found

    def expected(self, cells: list[list[dict[str, Any]]]) -> Screen:
        """The same of displays that never were on this page, by cell."""
        found: Screen = self.page.evaluate("cells => salesops.expected(cells)", cells)
        return found

    def wait_for(self, wanted: Screen, seconds: float = 60) -> None:
        """Wait until the screen says just that; fails with the first difference."""
        from playwright.sync_api import TimeoutError as Late

        written = self.page.evaluate("wanted => JSON.stringify(wanted)", wanted)
        same = "wanted => JSON.stringify(salesops.screen()) === wanted"
        try:
            self.page.wait_for_function(same, arg=written, polling=250, timeout=seconds * 1000)
        except Late as error:
            raise AssertionError(difference(self.screen(), wanted)) from error

    def close(self) -> None:
        """Leave the page as a person who closes the window."""
        self.page.context.close()


class Control:
    """One control of the panel with its message."""

    def __init__(self, page: Any, name: str) -> None:
        self.page, self.name = page, name
        words = re.compile(rf"^\s*{re.escape(term(name))}\s*$")
        label = page.locator(".widget-label, .widget-label-basic", has_text=words)
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

    def value(self) -> Any:
        """What the control shows."""
        kind = self.kind
        if kind == "slider":
            return str(self.box.locator(".widget-readout").text_content())
        if kind == "checkbox":
            return bool(self.field.is_checked())
        if kind == "select":
            return str(self.field.evaluate("each => each.options[each.selectedIndex].text"))
        return str(self.field.input_value())

    def options(self) -> list[str]:
        """What can be chosen."""
        found: list[str] = self.field.evaluate("each => [...each.options].map(option => option.text)")
        return found

    def move_by_keys(self, typed: Any) -> None:
        """Another value by keys alone; it has the focus."""
        keys, kind = self.page.keyboard, self.kind
        if kind == "select":
            keys.press("ArrowDown" if self.options()[-1] != self.value() else "ArrowUp")
        elif kind == "checkbox":
            keys.press("Space")
        elif kind == "slider":
            self.move(typed)
        elif kind == "date":
            keys.type(f"{typed:%m%d%Y}")
            keys.press("Enter")
        else:
            keys.press("Control+a")
            keys.type(written(typed))
            keys.press("Enter")

    def move(self, typed: Any) -> None:
        """Another value, by hand: next choice, other tick, a step of a slider, or text."""
        kind = self.kind
        if kind == "select":
            options = self.options()
            at = options.index(self.value())
            self.put(options[at + 1] if at + 1 < len(options) else options[at - 1])
        elif kind == "checkbox":
            self.put(not self.value())
        elif kind == "slider":
            high, now = (float(self.field.get_attribute(f"aria-value{each}")) for each in ("max", "now"))
            self.field.press("ArrowRight" if now < high else "ArrowLeft")
        else:
            self.put(written(typed))

    def meant(self, field: Any, typed: Any) -> Any:
        """What it asks for where that was typed or, in a list, chosen."""
        if self.kind != "select":
            return typed
        declared = get_args(field.annotation)
        return declared[int(self.field.evaluate("each => each.selectedIndex"))] if declared else self.value()

    def put(self, value: Any) -> None:
        """Let it show a value, as `value` gives it, the way a person does."""
        kind = self.kind
        if kind == "select":
            self.field.select_option(label=value)
        elif kind == "checkbox":
            self.field.set_checked(value)
        elif kind == "slider":
            readout = self.box.locator(".widget-readout")
            readout.fill(value)
            readout.press("Enter")
        else:
            self.field.fill(value)
            self.field.press("Tab" if kind == "date" else "Enter")

    def label(self) -> str:
        """What stands before it."""
        return term(self.name)

    def named(self) -> bool:
        """Whether what takes the focus bears that name for those who do not see it."""
        return bool(self.box.get_by_label(self.label(), exact=True).count())

    @property
    def alert(self) -> Any:
        """The message that something is wrong."""
        return self.row.locator(WRONG).first

    def messages(self) -> list[str]:
        """What is said to be wrong with it, without what is in force instead."""
        # read in one go: one after the other, a message that has just been taken away would be waited for
        words = (
            "all => all.map(each => [...each.childNodes].filter(n => n.nodeName !== 'EM')"
            ".map(n => n.textContent).join('').trim())"
        )
        return [str(each) for each in self.row.locator(WRONG).evaluate_all(words)]

    def left(self, seconds: float = 20) -> str:
        """What is still said after a while: nothing as soon as it has gone.

        An answer may be that to an earlier wish, which is counted as well.
        """
        end = time.monotonic() + seconds
        while self.message() and time.monotonic() < end:
            self.page.wait_for_timeout(50)
        return self.message()

    def message(self) -> str:
        """All of it in one."""
        return " ".join(self.messages())


def written(value: Any) -> str:
    """A value as a person types it."""
    if isinstance(value, (tuple, list)):
        return ", ".join(map(str, value))
    if isinstance(value, float) and value == int(value):
        return str(int(value))
    return "" if value is None else str(value)


def difference(found: Screen, wanted: Screen) -> str:
    """Where two screens first differ, in words."""
    for number, (one, other) in enumerate(zip(found, wanted, strict=False)):
        if one == other:
            continue
        for place, (said, meant) in enumerate(zip(one, other, strict=False)):
            if said != meant:
                text, right = " | ".join(said), " | ".join(meant)
                at = next((n for n, (a, b) in enumerate(zip(text, right, strict=False)) if a != b), 0)
                start = max(at - 60, 0)
                return (
                    f"cell {number}, display {place}: {text[start : at + 160]!r} is on screen, "
                    f"{right[start : at + 160]!r} is computed"
                )
        return f"cell {number}: {len(one)} displays are on screen, {len(other)} are computed"
    return f"{len(found)} cells are on screen, {len(wanted)} are computed"
