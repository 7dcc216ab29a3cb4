"""What `browser.py` does in the page: values to move a control to, and the clock that times a move."""

from __future__ import annotations

import ast
import datetime
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import nbformat
from lab_analyst import by, kinds_of, limits, other_value
from lab_sheet import ESTIMATE, Control, Sheet, written

CLOCK = """
([mine, kinds, estimate]) => {
  const shows = [...document.querySelectorAll(".salesops-show")];
  const status = document.querySelector(".salesops-status");
  const watch = {start: 0, busy: 0, settled: 0, last: 0, changed: performance.now(), seen: {}, fresh: {}};
  window.watch?.end();
  window.watch = watch;
  const began = event => { if (event.target.closest?.(".salesops-panel")) watch.start ||= event.timeStamp; };
  for (const kind of kinds) document.addEventListener(kind, began, {capture: true, passive: true});
  // the words that answer: the cards, else what the first display says (a live table: its first cells)
  watch.words = show => {
    const part = show.querySelector(".headlines") ?? show.querySelector(".jp-OutputArea-output");
    if (!part) return "";
    const cells = [...part.querySelectorAll("td, tbody th")].slice(0, 60);
    if (cells.length) return cells.map(each => each.textContent).join("|");
    return part.textContent + [...part.querySelectorAll("path")].map(each => each.getAttribute("d")).join();
  };
  watch.before = mine.map(at => watch.words(shows[at]));
  const drawn = then => requestAnimationFrame(() => requestAnimationFrame(() => then(performance.now())));
  const moved = new MutationObserver(() => {
    if (!watch.start) return;
    if (status.classList.contains("salesops-busy")) watch.begun ||= true;
    else if (watch.begun) watch.settled = performance.now();
  });
  moved.observe(status, {attributes: true});
  const appears = event => {
    if (event.target === status && event.animationName === "salesops-appear") drawn(now => watch.busy ||= now);
  };
  document.addEventListener("animationend", appears, true);
  const seen = new MutationObserver(changes => {
    if (!watch.start) return;
    const where = new Set();
    for (const each of changes) {
      const from = each.target.closest ? each.target : each.target.parentElement;
      const show = from?.closest?.(".salesops-show");
      if (each.type === "attributes") {  // of these only a display that answers again counts
        if (from !== show || !each.oldValue.includes("salesops-old") || show.matches(".salesops-old")) continue;
        watch.fresh[shows.indexOf(show)] ??= 0;
      }
      if (show && !from.closest(".salesops-panel")) where.add(shows.indexOf(show));
    }
    if (!where.size) return;
    watch.changed = performance.now();
    const said = mine.filter(at => where.has(at)).map(at => [at, watch.words(shows[at])]);
    drawn(now => {
      watch.last = now;
      for (const [at, words] of said) (watch.seen[at] ??= []).push([now, words]);
      for (const at in watch.fresh) watch.fresh[at] ||= now;
      if ([...where].some(at => shows[at].textContent.includes(estimate))) watch.estimate ||= now;
    });
  });
  seen.observe(document.body, {
    childList: true, subtree: true, characterData: true, attributeFilter: ["class"], attributeOldValue: true,
  });
  watch.end = () => {
    seen.disconnect(); moved.disconnect();
    document.removeEventListener("animationend", appears, true);
    kinds.forEach(kind => document.removeEventListener(kind, began, true));
  };
  watch.read = () => {
    const now = mine.map(at => watch.words(shows[at]));
    const cards = mine.filter(at => shows[at].querySelector(".headlines"));
    const other = mine.filter((at, i) => now[i] !== watch.before[i]);  // the displays that say something else
    const at = cards.find(each => other.includes(each)) ?? other[0] ?? cards[0] ?? mine.find((each, i) => now[i]);
    const before = watch.before[mine.indexOf(at)], after = now[mine.indexOf(at)];
    const other_words = (watch.seen[at] ?? []).filter(([, words]) => words !== before);
    const first = Math.min(watch.fresh[at] || Infinity, other_words[0]?.[0] ?? Infinity);
    let answer = 0;  // when its words were first those that stayed
    for (const [when, words] of watch.seen[at] ?? []) {
      if (words !== after) answer = 0;
      else if (other_words.length) answer ||= when;
    }
    const same = after === before;
    const wrong = document.querySelector(".salesops-panel [role=alert]")?.textContent ?? "";
    const found = {start: watch.start, last: watch.last, busy: watch.busy, settled: watch.settled, same, wrong};
    answer ||= watch.fresh[at] || watch.settled;
    return {...found, first: Math.min(first, answer, watch.estimate || answer), answer};
  };
}
"""
QUIET = """
quiet => window.watch.settled && performance.now() - Math.max(window.watch.changed, window.watch.settled) > quiet
  && !document.querySelector(".salesops-busy")
"""
KINDS = {"select": ["keydown"], "slider": ["keydown"], "checkbox": ["keydown"]}
# what no type says how to write
TYPED = {"plans": "account-executive", "locked": "17031"}
# what must be other beside it, or no plan is found for what it asks
BESIDE = dict.fromkeys(("of", "workload", "calls", "minutes"), ("tolerance", "0.25"))


class Refused(Exception):
    """The panel said beside the control why it does not take a value."""


@dataclass
class Displays:
    """Which displays of a notebook, by their number on the page, answer a control."""

    needs: list[tuple[str, set[str], bool]]  # name, what it depends on in the end, whether it is a display
    follows: dict[str, set[str]]  # what changes together with a control

    def of(self, parameter: str) -> list[int]:
        """Numbers of the displays that depend on a control; of those that list all parameters, none."""
        moved = {parameter, *self.follows.get(parameter, ())}
        shows = [(name, needs) for name, needs, shown in self.needs if shown]
        found = [at for at, (_name, needs) in enumerate(shows) if needs & moved]
        return found or [at for at, (name, needs) in enumerate(shows) if "asked" in needs and name != "cover"]


def displays_of(path: Path, kind: Any) -> Displays:
    """Read from the notebook's code which display depends on which parameter."""
    known: dict[str, set[str]] = {}
    needs = []
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type != "code":
            continue
        for node in ast.parse(cell.source).body:
            if not isinstance(node, ast.FunctionDef) or not node.decorator_list:
                continue
            used = {arg.arg for arg in node.args.args}
            used |= {each for name in used for each in known.get(name, ())}
            if "asked" in used:
                # what a step takes of all parameters stands in the package: it may be any of them
                used |= set() if _is_show(node) else set(kind.model_fields)
            known[node.name] = used
            needs.append((node.name, used, _is_show(node)))
    follows: dict[str, set[str]] = {}
    for name, field in kind.model_fields.items():
        if hangs_on := by(field):
            follows.setdefault(hangs_on, set()).add(name)
    return Displays(needs, follows)


def _is_show(node: ast.FunctionDef) -> bool:
    return any(isinstance(each, ast.Attribute) and each.attr == "show" for each in node.decorator_list)


@contextmanager
def reachable(sheet: Sheet, kind: Any, parameter: str) -> Iterator[bool]:
    """Where a control offers nothing, move the one that it hangs on until it does; then back."""
    if parameter in BESIDE:
        name, value = BESIDE[parameter]
        other = sheet.control(name)
        before = other.value()
        timed(sheet, other, value, [])
        yield True
        timed(sheet, other, before, [])
        return
    control, above = sheet.control(parameter), by(kind.model_fields[parameter])
    if control.field.is_enabled() or not above:
        yield control.field.is_enabled()
        return
    other = sheet.control(above)
    before = other.value()
    for option in other.options():
        if option != before:
            timed(sheet, other, option, [])
            if control.field.is_enabled():
                break
    yield control.field.is_enabled()
    timed(sheet, other, before, [])


def moves(sheet: Sheet, kind: Any, parameter: str, most: int) -> Iterator[Any]:
    """Values as they are typed, labels of a list, or keys of a slider; each new while there are new ones."""
    control, field = sheet.control(parameter), kind.model_fields[parameter]
    how = control.kind
    if how == "slider":
        low, high, now = (float(control.field.get_attribute(f"aria-value{e}")) for e in ("min", "max", "now"))
        key = "ArrowRight" if high - now >= now - low else "ArrowLeft"
        yield from [("press", key)] * most
    elif how == "checkbox":
        yield from [("press", "Space")] * most
    elif how == "select":
        options, now = control.options(), control.value()
        at = options.index(now)
        order = [*options[at + 1 :], *reversed(options[:at])]
        yield from (order * most if len(order) > 1 else [*order, now] * most)[:most]
    else:
        now = control.value()
        if parameter in TYPED:
            yield from ([TYPED[parameter], now] * most)[:most]
            return
        yield from _texts(field, sheet.asks()[parameter], now, most)


def _texts(field: Any, value: Any, shown: str, most: int) -> Iterator[str]:
    """Different numbers or days where the control takes such, else the example and back."""
    first = other_value(field, value)
    kinds = kinds_of(field.annotation)
    if field.examples or not isinstance(first, int | float) or not kinds & {int, float}:
        for number in range(most):
            if isinstance(first, datetime.date):
                yield written(first - datetime.timedelta(days=7 * number))
            else:
                yield written(first) if number % 2 == 0 else shown
        return
    _low, high = limits(field)
    for number in range(most):
        other = first * (1 + 0.02 * number) if float in kinds else first + number
        if high is not None and other > high:
            other = first - (0.01 * first * number if float in kinds else number)
        yield written(round(other, 4))


class Times(NamedTuple):
    """Milliseconds from a move to its first and its final answer, the whole page, and the line of progress."""

    first: float = 0.0
    answer: float = 0.0
    page: float = 0.0
    busy: float = 0.0
    same: bool = True


def timed(sheet: Sheet, control: Control, move: Any, mine: list[int]) -> Times:
    """Move a control and wait until the page has settled."""
    kind = control.kind
    if not isinstance(move, tuple) and move == control.value():
        return Times()  # the page would hear nothing, and never settle
    control.field.focus()
    if kind not in KINDS and kind != "date":
        control.field.fill(move)
    kinds = ["change"] if kind == "select" else KINDS.get(kind, ["change", "keydown"])
    if isinstance(move, str) and kind == "slider":
        kinds = ["keydown"]
        readout = control.box.locator(".widget-readout")
        readout.fill(move)
    sheet.page.evaluate(CLOCK, [mine, kinds, ESTIMATE])
    if isinstance(move, tuple):
        sheet.page.keyboard.press(move[1])
    elif kind == "slider":
        readout.press("Enter")
    elif kind == "select":
        control.field.select_option(label=move)
    elif kind == "checkbox":
        sheet.page.keyboard.press("Space")
    elif kind == "date":
        control.field.fill(move)
        sheet.page.keyboard.press("Tab")
    else:
        sheet.page.keyboard.press("Enter")
    sheet.page.wait_for_function(QUIET, arg=400, timeout=120_000, polling=50)
    found = sheet.page.evaluate("watch.read()")
    if found["wrong"]:
        raise Refused(found["wrong"])
    start = found["start"]
    busy = found["busy"] - start if found["busy"] else 0.0
    page = (found["last"] or found["settled"]) - start
    return Times(found["first"] - start, found["answer"] - start, page, busy, found["same"])
