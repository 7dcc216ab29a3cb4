"""What a chart shows, in one sentence: its title, by rules from its data.

A rule says the largest, the change or the count that the drawing shows, never a cause. Ties are named
together, a single value is not called the largest, and where there is nothing to say the title is empty.
Values are compared as they are and written by `say`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from salesops_nb.present.language.formats import number
from salesops_nb.present.language.translation import _

Say = Callable[[Any], str]
NAMED = 2  # how many that tie are named; of more the number is said


def counted(n: int) -> str:
    """A number of things: up to twelve as a word.

    >>> counted(6), counted(30)
    ('six', '30')
    """
    words = (_("two"), _("three"), _("four"), _("five"), _("six"), _("seven"), _("eight"), _("nine"),
             _("ten"), _("eleven"), _("twelve"))  # fmt: skip
    return words[n - 2] if 2 <= n <= 12 else number(n)


def everyone(n: int) -> str:
    """All of so many, of two both."""
    return _("both") if n == 2 else _("all {count}", count=counted(n))


def highest(names: Sequence[str], values: Sequence[float], say: Say) -> str:
    """The highest of bars, and the lowest.

    >>> from salesops_nb.present.language.formats import percent
    >>> highest(["Jan", "Feb", "Mar"], [0.05, 0.12, 0.07], percent)
    'Feb is highest at 12.0%, Jan lowest at 5.0%'
    """
    rows = [(name, value) for name, value in zip(names, values, strict=True) if known(value)]
    if not rows:
        return ""
    low, high = min(value for _n, value in rows), max(value for _n, value in rows)
    if len(rows) == 1:
        return _("{name}: {value}", name=rows[0][0], value=say(high))
    if low == high:
        return _("{all} are {value}", all=everyone(len(rows)), value=say(high))
    words = {"name": who(rows, high), "value": say(high), "other": who(rows, low), "least": say(low)}
    if sum(value == high for _n, value in rows) > 1:
        return _("{name} are highest at {value}, {other} lowest at {least}", **words)
    return _("{name} is highest at {value}, {other} lowest at {least}", **words)


def course(
    names: Sequence[str], values: Sequence[float], outside: Sequence[int], bounded: bool, say: Say
) -> str:
    """What a line over time does: points outside its limits first, else where it went.

    >>> course(["Jan", "Feb"], [10, 30], [], False, number)
    'Up from 10 in Jan to 30 in Feb'
    """
    rows = [(name, value) for name, value in zip(names, values, strict=True) if known(value)]
    if not rows:
        return ""
    (first, a), (last, b) = rows[0], rows[-1]
    if len(outside) == 1:
        at = outside[0]
        return _("{when} lies outside the limits: {value}", when=names[at], value=say(values[at]))
    if outside:
        return _("{n} of {all} lie outside the limits, the last of them {when}", n=number(len(outside)),
                 all=number(len(rows)), when=names[outside[-1]])  # fmt: skip
    if len(rows) == 1:
        return _("{name}: {value}", name=first, value=say(a))
    if len({value for _n, value in rows}) == 1:
        return _("The same throughout: {value}", value=say(a))
    if bounded:
        return _("Nothing lies outside the limits; {when} is {value}", when=last, value=say(b))
    words = {"a": say(a), "first": first, "b": say(b), "last": last}
    if a == b:
        return _("As in {first}, {last} is {b}", **words)
    if b > a:
        return _("Up from {a} in {first} to {b} in {last}", **words)
    return _("Down from {a} in {first} to {b} in {last}", **words)


def bridge(names: Sequence[str], steps: Sequence[Any], say: Say) -> str:
    """The change in all, and the step that did most of it in its direction.

    >>> bridge(["volume", "price"], [-40, 10], number)
    'Down 30, most by volume (−40)'
    """
    moved = [(name, step) for name, step in zip(names, steps, strict=True) if step]
    change = sum((step for _name, step in moved), type(steps[0])(0)) if steps else 0
    if not moved:
        return _("No change") if steps else ""
    if change == 0:
        up = max(step for _n, step in moved)
        return _("No change in all: what {name} adds ({amount}) is taken elsewhere", name=who(moved, up),
                 amount=f"+{say(up)}")  # fmt: skip
    most = max(step for _n, step in moved) if change > 0 else min(step for _n, step in moved)
    words = {"change": say(abs(change)), "name": who(moved, most), "amount": plus(say, most)}
    if len(moved) == 1:
        return _("Up {change}, all by {name}", **words) if change > 0 else _("Down {change}, all by {name}",
                                                                            **words)  # fmt: skip
    if change > 0:
        return _("Up {change}, most by {name} ({amount})", **words)
    return _("Down {change}, most by {name} ({amount})", **words)


def spread(values: Sequence[float], say: Say) -> str:
    """Where the middle half of values lies.

    >>> spread([10, 20, 30, 40, 50], number)
    'Half of the 5 lie between 20 and 40'
    """
    there = sorted(value for value in values if known(value))
    if not there:
        return ""
    if len(there) == 1:
        return _("One value: {value}", value=say(there[0]))
    if there[0] == there[-1]:
        return _("{all} are {value}", all=everyone(len(there)), value=say(there[0]))
    import numpy as np

    low, high = (float(q) for q in np.quantile(there, (0.25, 0.75)))
    if len(there) < 4 or say(low) == say(high):
        return _("From {low} to {high}", low=say(there[0]), high=say(there[-1]))
    return _("Half of the {n} lie between {low} and {high}", n=number(len(there)), low=say(low),
             high=say(high))  # fmt: skip


def apart(rows: Sequence[tuple[str, float, float, float]], reference: float | None, say: Say) -> str:
    """Whose interval does not hold the reference; without intervals who is first and who last.

    >>> from salesops_nb.present.language.formats import percent
    >>> apart([("Ana", 0.7, 0.6, 0.8), ("Bo", 0.5, 0.4, 0.6)], 0.55, percent)
    'Only the interval of Ana lies clear of 55.0%'
    """
    if not rows:
        return ""
    bare = all(low == high for _n, _v, low, high in rows)
    if reference is None or bare:
        return highest([row[0] for row in rows], [row[1] for row in rows], say)
    clear = [name for name, _v, low, high in rows if not low <= reference <= high]
    if len(rows) == 1:
        name, value, _low, _high = rows[0]
        return _("{name}: {value}", name=name, value=say(value))
    if not clear:
        return _("Every interval holds {reference}: nobody stands apart from it", reference=say(reference))
    if len(clear) == 1:
        return _("Only the interval of {name} lies clear of {reference}", name=clear[0],
                 reference=say(reference))  # fmt: skip
    return _("{n} of {all} intervals lie clear of {reference}", n=number(len(clear)), all=number(len(rows)),
             reference=say(reference))  # fmt: skip


def shares(
    names: Sequence[str], times: Sequence[float], curves: Sequence[Sequence[float]], when: str, say: Say
) -> str:
    """Of curves that rise where each ends; of curves that fall the one that takes longest to halve.

    >>> from salesops_nb.present.language.formats import percent
    >>> shares(["won", "lost"], [0, 30], [[0, 0.4], [0, 0.2]], "days", percent)
    'After 30 days: won 40.0%, lost 20.0%'
    """
    if not names or not times:
        return ""
    if all(curve[0] > curve[-1] for curve in curves):
        halves = [next((t for t, y in zip(times, c, strict=True) if y <= 0.5), math.inf) for c in curves]
        slow = max(halves)
        rows = list(zip(names, halves, strict=True))
        if math.isinf(slow):
            return _("Half are not gone from {name} after {time} {when}", name=who(rows, slow),
                     time=number(times[-1]), when=when)  # fmt: skip
        if len(rows) > 1 and min(halves) == slow:
            return _("Half are gone from each after {time} {when}", time=number(slow), when=when)
        return _("{name} takes longest: half are gone after {time} {when}", name=who(rows, slow),
                 time=number(slow), when=when)  # fmt: skip
    ends = ", ".join(f"{name} {say(curve[-1])}" for name, curve in zip(names, curves, strict=True))
    return _("After {time} {when}: {ends}", time=number(times[-1]), when=when, ends=ends)


def stages(names: Sequence[str], entered: Sequence[float], lost: Sequence[float]) -> str:
    """The stage at which most of what enters is lost, by number.

    >>> stages(["New", "Demo"], [100, 60], [30, 20])
    'Most are lost at New: 30 of 100'
    """
    rows = [(n, lo, e) for n, e, lo in zip(names, entered, lost, strict=True) if known(e) and known(lo)]
    most = max((lo for _n, lo, _e in rows), default=0)
    if not rows or not any(e for _n, _lo, e in rows):
        return ""
    if not most:
        return _("None of {n} are lost", n=number(max(e for _n, _lo, e in rows)))
    first = [row for row in rows if row[1] == most]
    if len(first) > 1:
        return _("Most are lost at {names}: {n} each", names=both([r[0] for r in first]), n=number(most))
    name, n, of = first[0]
    return _("Most are lost at {name}: {n} of {all}", name=name, n=number(n), all=number(of))


def ways(moves: float, past: float, back: float) -> str:
    """How many moves between stages leave one out, and how many go back.

    >>> ways(100, 8, 5), ways(100, 0, 0), ways(0, 0, 0)
    ('Of 100 moves 8 leave a stage out and 5 go back', 'All 100 moves go to the next stage', '')
    """
    if not moves:
        return ""
    if not past and not back:
        return _("All {n} moves go to the next stage", n=number(moves))
    return _("Of {n} moves {past} leave a stage out and {back} go back", n=number(moves), past=number(past),
             back=number(back))  # fmt: skip


def known(value: Any) -> bool:
    """Whether there is a value."""
    return value is not None and value == value


def who(rows: Sequence[Any], value: Any) -> str:
    """Those of (name, value) that have the value, named together."""
    return both([row[0] for row in rows if row[1] == value])


def both(names: Sequence[str]) -> str:
    """One name, two, or the first and how many more."""
    if len(names) <= NAMED:
        return _(" and ").join(names)
    return _("{name} and {n} more", name=names[0], n=number(len(names) - 1))


def plus(say: Say, value: Any) -> str:
    """A change with its sign."""
    return f"+{say(value)}" if value > 0 else say(value)
