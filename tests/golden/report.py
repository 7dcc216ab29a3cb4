"""What a comparison found, for a person: a table of groups, then the first differences of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from golden.compare import GROUPS, VERDICTS, Comparison, Found
from golden.normalise import RULES

# the gravest first
ORDER = ("lost", "numbers", "new", "words")
MEANS = {
    "lost": "lost",
    "numbers": "numbers differ",
    "new": "new",
    "words": "words differ, numbers equal",
}


def report(
    comparison: Comparison,
    normalised: Sequence[Counter[str]],
    compared: Sequence[str],
    *,
    words: bool = False,
    most_lines: int = 6,
    most_files: int = 12,
) -> Iterator[str]:
    """The lines of the report; with `words`, files in which only words differ are counted, not shown."""
    groups = [group for group in GROUPS if group in compared]
    yield ""
    yield f"{'':12}" + "".join(f"{each:>9}" for each in ("files", *VERDICTS))
    for group in groups:
        counts = comparison.counts(group)
        yield f"{group:12}" + "".join(
            f"{each:>9}" for each in (counts.total(), *(counts[v] for v in VERDICTS))
        )
    for group in groups:
        shown = [each for each in comparison.found if each.group == group and each.verdict != "same"]
        if words:
            shown = [each for each in shown if each.verdict != "words"]
        shown.sort(key=lambda each: (ORDER.index(each.verdict), each.name))
        yield from _files(shown, most_lines, most_files)
    yield from _rules(normalised)
    yield ""
    yield _end(comparison, compared, words)


def _files(shown: Sequence[Found], most_lines: int, most_files: int) -> Iterator[str]:
    for each in shown[:most_files]:
        yield ""
        yield f"{each.group}/{each.name}: {MEANS[each.verdict]}"
        yield from (f"    {line}" for line in each.lines[:most_lines])
        if len(each.lines) > most_lines:
            yield f"    ({len(each.lines) - most_lines} or more further lines)"
    if len(shown) > most_files:
        yield ""
        yield f"{shown[0].group}: {len(shown) - most_files} more files differ; --files shows more"


def _rules(normalised: Sequence[Counter[str]]) -> Iterator[str]:
    """What was taken out before comparing, and how often on each side."""
    yield ""
    yield "taken out before comparing (base, work):"
    for rule, why in RULES.items():
        counts = [side[rule] for side in normalised]
        if any(counts):
            uneven = "" if len(set(counts)) == 1 else "  <- not as often"
            yield f"    {rule}: {', '.join(map(str, counts))} ({why}){uneven}"


def _end(comparison: Comparison, groups: Sequence[str], words: bool) -> str:
    counts = Counter(each.verdict for each in comparison.found)
    if empty := comparison.empty(groups):
        return f"NOTHING WAS COMPARED of: {', '.join(empty)}"
    if comparison.passes(groups, words):
        more = f"; in {counts['words']} of them words differ" if counts["words"] else ""
        return f"THE SAME: {counts.total()} files{more}"
    told = ", ".join(f"{counts[each]} {MEANS[each]}" for each in ORDER if counts[each])
    return f"NOT THE SAME: {told}"
