"""Two captures, file by file: identical; numbers equal but words differ; numbers differ; lost; new.

A capture is a folder of plain files, one folder a group. In a row of JSON only the fields of `WORDS` are
words: a code, a place or a value that differs counts as a number that differs.
"""

from __future__ import annotations

import difflib
import itertools
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from golden.numbers import Page, numbers

GROUPS = ("reports", "store", "commands", "check", "signatures", "results")
Verdict = Literal["same", "words", "numbers", "lost", "new"]
VERDICTS: tuple[Verdict, ...] = ("same", "words", "numbers", "lost", "new")
# Fields of a row that are words for a reader. `details` of the ledger holds reasons.
# The hashes of the ledger cover them.
WORDS = frozenset(
    (
        *(
            "message",
            "fix",
            "reason",
            "label",
            "sentence",
            "detail",
            "details",
            "note",
            "mark",
            "words",
            "doc",
        ),
        *("description", "text", "title", "explanation", "comment", "traceback", "hash", "previous_hash"),
    )
)
CUT = 160
MOST = 400  # lines after the first difference that are looked through: difflib is slow where all differ


@dataclass(frozen=True)
class Found:
    """What was found of one file: `lines` say what differs, the first ones first."""

    group: str
    name: str
    verdict: Verdict
    lines: tuple[str, ...] = ()


@dataclass
class Comparison:
    """Everything that was found; `passes` says whether that is well."""

    found: list[Found] = field(default_factory=list)

    def counts(self, group: str) -> Counter[str]:
        return Counter(each.verdict for each in self.found if each.group == group)

    def empty(self, groups: Sequence[str]) -> list[str]:
        """Groups of which nothing was compared, because neither side has it."""
        return [group for group in groups if not self.counts(group)]

    def passes(self, groups: Sequence[str], words: bool = False) -> bool:
        allowed = ("same", "words") if words else ("same",)
        return not self.empty(groups) and all(each.verdict in allowed for each in self.found)


def compare(base: Path, work: Path, groups: Sequence[str] = GROUPS) -> Comparison:
    """Compare two captures, group by group."""
    found = []
    for group in groups:
        before, after = _files(base / group), _files(work / group)
        for name in sorted(before | after):
            if name not in after:
                found.append(Found(group, name, "lost", tuple(_sample(base / group / name, "-"))))
            elif name not in before:
                found.append(Found(group, name, "new", tuple(_sample(work / group / name, "+"))))
            else:
                verdict, lines = _pair(name, base / group / name, work / group / name)
                found.append(Found(group, name, verdict, lines))
    return Comparison(found)


def _files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def _pair(name: str, base: Path, work: Path) -> tuple[Verdict, tuple[str, ...]]:
    one, other = base.read_bytes(), work.read_bytes()
    if one == other:
        return "same", ()
    try:
        before, after = one.decode("utf-8"), other.decode("utf-8")
    except UnicodeDecodeError:
        return _binary(base, work)
    changed = tuple(_diff(before, after))
    if name.endswith((".json", ".jsonl", ".ipynb")):
        wrong = _first_wrong(_rows(name, before), _rows(name, after), name.endswith(".ipynb"))
    elif name.endswith(".html"):
        wrong = _first_in_page(Page(before), Page(after))
    else:
        wrong = _first_number(before.splitlines(), after.splitlines())
    return ("numbers", (wrong, *changed)) if wrong else ("words", changed)


def _binary(base: Path, work: Path) -> tuple[Verdict, tuple[str, ...]]:
    """Bytes differ: where the file's text stands beside it, that decides; else what it holds is not known."""
    beside = [path.with_name(f"{path.name}.txt") for path in (base, work)]
    if all(path.exists() for path in beside):
        return "words", (f"the bytes differ; what is in it: {beside[0].name}",)
    return "numbers", (f"the bytes differ ({base.stat().st_size} and {work.stat().st_size})",)


# -- rows of JSON ----------------------------------------------------------------------------


def _rows(name: str, text: str) -> list[Any]:
    return (
        [json.loads(line) for line in text.split("\n") if line] if name.endswith("l") else [json.loads(text)]
    )


def _first_wrong(before: list[Any], after: list[Any], is_notebook: bool = False) -> str:
    """The first field that differs in more than words; empty where there is none. Notebooks are words."""
    if len(before) != len(after):
        gone = _missing(before, after)
        come = _missing(after, before)
        more = f"; lost: {_short(gone)}" if gone is not None else ""
        more += f"; new: {_short(come)}" if come is not None else ""
        return f"{len(before)} rows -> {len(after)} rows{more}"
    for at, (one, other) in enumerate(zip(before, after, strict=True), start=1):
        for where, a, b in _unequal(one, other, (), is_notebook):
            return f"row {at}, {'.'.join(where) or 'value'}: {_short(a)} -> {_short(b)}"
    return ""


def _missing(rows: list[Any], others: list[Any]) -> Any:
    left = Counter(_strict(row) for row in others)
    for row in rows:
        if not left[_strict(row)]:
            return row
        left[_strict(row)] -= 1
    return None


def _strict(row: Any) -> str:
    """A row without its words."""
    if isinstance(row, dict):
        row = {name: value for name, value in row.items() if name not in WORDS}
    return json.dumps(row, sort_keys=True)


def _unequal(
    one: Any, other: Any, where: tuple[str, ...], words: bool
) -> Iterator[tuple[tuple[str, ...], Any, Any]]:
    """Leaves that differ; of words, only where their numbers do."""
    if isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys():
        for name in one:
            yield from _unequal(one[name], other[name], (*where, name), words or name in WORDS)
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for at, (a, b) in enumerate(zip(one, other, strict=True)):
            yield from _unequal(a, b, (*where, str(at)), words)
    elif json.dumps(one) != json.dumps(other):
        both = words and isinstance(one, str) and isinstance(other, str)
        if not both or (
            _first_in_page(Page(one), Page(other)) if "<" in one else numbers([one]) != numbers([other])
        ):
            yield where, one, other


# -- text ------------------------------------------------------------------------------------


def _first_number(before: list[str], after: list[str]) -> str:
    """The first number that differs, with the words around it; empty where all are equal."""
    one = [(each, piece) for piece in before for each in numbers([piece])]
    other = [(each, piece) for piece in after for each in numbers([piece])]
    for at, ((a, near), (b, there)) in enumerate(zip(one, other, strict=False), start=1):
        if a != b:
            return f"number {at}: {a} -> {b} in {_short(near)} -> {_short(there)}"
    if len(one) != len(other):
        longer = one if len(one) > len(other) else other
        first, near = longer[min(len(one), len(other))]
        gone = "lost" if longer is one else "new"
        return f"{len(one)} numbers -> {len(other)}; {gone}: {first} in {_short(near)}"
    return ""


def _first_in_page(before: Page, after: Page) -> str:
    """The first number of a page that differs, or link, or chart drawn in another way with the same words."""
    if wrong := _first_number(before.pieces, after.pieces):
        return wrong
    for one, other in itertools.zip_longest(before.links, after.links, fillvalue="no link"):
        if one != other:
            return f"link: {_short(one)} -> {_short(other)}"
    if len(before.charts) != len(after.charts):
        return f"{len(before.charts)} charts -> {len(after.charts)}"
    for at, ((words, drawn), (others, now)) in enumerate(zip(before.charts, after.charts, strict=True), 1):
        if words == others and drawn != now:
            return f"chart {at} is drawn in another way with the same words: {_short(' '.join(words))}"
    return ""


def _diff(before: str, after: str) -> Iterator[str]:
    """Lines of a unified diff, each cut to where it differs, from the first difference on."""
    one, other = before.splitlines(), after.splitlines()
    both = zip(one, other, strict=False)
    head = next((at for at, (a, b) in enumerate(both) if a != b), min(len(one), len(other)))
    diff = difflib.unified_diff(one[head : head + MOST], other[head : head + MOST], lineterm="", n=0)
    removed: list[str] = []
    for line in list(diff)[2:]:
        if line.startswith("-"):
            removed.append(line[1:])
        elif line.startswith("+") and removed:
            old = removed.pop(0)
            start = _start(old, line[1:])
            yield f"-{_cut(old, start)}"
            yield f"+{_cut(line[1:], start)}"
        else:
            yield from (f"-{_cut(old)}" for old in removed)
            removed = []
            if line.startswith("+"):
                yield f"+{_cut(line[1:])}"
    yield from (f"-{_cut(old)}" for old in removed)


def _start(one: str, other: str) -> int:
    """Where two lines begin to differ."""
    both = zip(one, other, strict=False)
    return next((at for at, (a, b) in enumerate(both) if a != b), min(len(one), len(other)))


def _cut(text: str, start: int = 0) -> str:
    """A line from shortly before a place on, so that it can be read."""
    begin = max(0, start - CUT // 3) if len(text) > CUT else 0
    head, tail = ("…" if begin else ""), ("…" if len(text) > begin + CUT else "")
    return f"{head}{text[begin : begin + CUT]}{tail}"


def _short(value: Any) -> str:
    return _cut(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


def _sample(path: Path, sign: str) -> Iterator[str]:
    """The first lines of a file that only one side has."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError:
        lines = [f"({path.stat().st_size} bytes)"]
    yield from (f"{sign}{_cut(line)}" for line in lines)
