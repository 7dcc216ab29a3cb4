"""Titles by rule where something was asked for or planned: targets, forecasts, tolerances, what moves."""

from __future__ import annotations

from collections.abc import Sequence

from salesops_nb.present.charts.findings import Say, both, counted, everyone, known, who
from salesops_nb.present.language.formats import number, percent
from salesops_nb.present.language.sentences import ngettext
from salesops_nb.present.language.translation import _


def target(names: Sequence[str], actual: Sequence[float], wanted: Sequence[float], say: Say) -> str:
    """Who is furthest short of target, or that nobody is; who has no target is left out.

    >>> from salesops_nb.present.language.formats import short_money
    >>> target(["Ana", "Bo", "Cy"], [80, 60, 50], [100, 90, 40], short_money)
    'Bo is $30 short of target, the most of three'
    """
    rows = [
        (name, a - t)
        for name, a, t in zip(names, actual, wanted, strict=True)
        if known(a) and known(t) and t > 0
    ]
    if not rows:
        return ""
    lowest, highest = min(gap for _n, gap in rows), max(gap for _n, gap in rows)
    if lowest == highest:
        return _same_gap(rows, lowest, say)
    if lowest >= 0:
        return _("{all} are at or above target, {name} by the most ({gap})",
                 all=everyone(len(rows)), name=who(rows, highest), gap=say(highest))  # fmt: skip
    worst = [name for name, gap in rows if gap == lowest]
    if len(worst) == 1:
        return _("{name} is {gap} short of target, the most of {count}", name=worst[0], gap=say(-lowest),
                 count=counted(len(rows)))  # fmt: skip
    return _("{names} are each {gap} short of target, the most of {count}", names=who(rows, lowest),
             gap=say(-lowest), count=counted(len(rows)))  # fmt: skip


def pace(names: Sequence[str], actual: Sequence[float], due: Sequence[float], say: Say) -> str:
    """Of a period in progress, who is furthest behind what the pace of the target expects by now.

    >>> from salesops_nb.present.language.formats import short_money
    >>> pace(["Ana", "Bo"], [80, 30], [70, 45], short_money)
    'Bo is furthest behind the pace of the target, by $15'
    """
    rows = [(n, a - d) for n, a, d in zip(names, actual, due, strict=True) if known(a) and known(d) and d > 0]
    if not rows:
        return ""
    lowest = min(gap for _n, gap in rows)
    if lowest >= 0:
        return _("Nobody is behind the pace of the target")
    words = {"name": who(rows, lowest), "gap": say(-lowest)}
    if len(rows) == 1:
        return _("{name} is {gap} behind the pace of the target", **words)
    if sum(gap == lowest for _n, gap in rows) > 1:
        return _("{name} are furthest behind the pace of the target, each by {gap}", **words)
    return _("{name} is furthest behind the pace of the target, by {gap}", **words)


def _same_gap(rows: Sequence[tuple[str, float]], gap: float, say: Say) -> str:
    if len(rows) == 1:
        name = rows[0][0]
        if gap == 0:
            return _("{name} is exactly on target", name=name)
        if gap < 0:
            return _("{name} is {gap} short of target", name=name, gap=say(-gap))
        return _("{name} is {gap} ahead of target", name=name, gap=say(gap))
    every = everyone(len(rows))
    if gap == 0:
        return _("{all} are exactly on target", all=every)
    if gap < 0:
        return _("{all} are {gap} short of target", all=every, gap=say(-gap))
    return _("{all} are {gap} ahead of target", all=every, gap=say(gap))


def swings(names: Sequence[str], low: Sequence[float], high: Sequence[float], say: Say) -> str:
    """Which input moves the answer most, and which way.

    >>> swings(["ramp", "leavers"], [0.6, 0.8], [0.5, 0.3], percent)
    'leavers moves the answer most: 80.0% at its low end, 30.0% at its high end'
    """
    rows = [(n, abs(b - a), a, b) for n, a, b in zip(names, low, high, strict=True) if known(a) and known(b)]
    most = max((size for _n, size, _a, _b in rows), default=0)
    if not rows:
        return ""
    if not most:
        return _("Nothing that was tried moves the answer")
    first = [row for row in rows if row[1] == most]
    if len(first) > 1:
        return _(
            "{names} move the answer most, each by {size}", names=both([r[0] for r in first]), size=say(most)
        )
    name, _size, a, b = first[0]
    return _("{name} moves the answer most: {low} at its low end, {high} at its high end", name=name,
             low=say(a), high=say(b))  # fmt: skip


def came(when: str, low: float, high: float, value: float, say: Say) -> str:
    """Whether what came lies within the range of its forecast.

    >>> from salesops_nb.present.language.formats import number
    >>> came("May", 8, 12, 13, number)
    '13 came in May, above the range of 8 to 12'
    """
    words = {"came": say(value), "when": when, "low": say(low), "high": say(high)}
    if value < low:
        return _("{came} came in {when}, below the range of {low} to {high}", **words)
    if value > high:
        return _("{came} came in {when}, above the range of {low} to {high}", **words)
    return _("{came} came in {when}, within the range of {low} to {high}", **words)


def held(inside: int, of: int) -> str:
    """How often what came lay within a range that should hold four in five.

    >>> held(9, 12)
    'What came lay within the range in 9 of 12 cases, where four in five should'
    """
    if inside == of:
        return _("What came lay within the range in each of {n} cases", n=number(of))
    return _("What came lay within the range in {n} of {of} cases, where four in five should",
             n=number(inside), of=number(of))  # fmt: skip


def months_aimed(above: int, below: int, of: int) -> str:
    """Of points with a target: where the middle forecast reaches it, and where not even the range does.

    >>> months_aimed(2, 7, 12)
    'The forecast reaches the target in 2 of 12; in 7 the whole range lies below it'
    """
    if above == of:
        return _("The forecast reaches the target every time, {of} of {of}", of=number(of))
    said = (_("The forecast reaches the target in {n} of {of}", n=number(above), of=number(of)) if above
            else _("The forecast reaches the target in none of {of}", of=number(of)))  # fmt: skip
    if not below:
        return said
    return f"{said}; " + _("in {n} the whole range lies below it", n=number(below))


def range_ahead(when: str, low: float, middle: float, high: float, aimed: float, say: Say) -> str:
    """The range of one forecast, and where its target lies.

    >>> from salesops_nb.present.language.formats import number
    >>> range_ahead("2018", 8, 10, 12, 13, number)
    'The target of 13 for 2018 lies above the range of 8 to 12'
    """
    words = {"when": when, "low": say(low), "high": say(high), "middle": say(middle)}
    if not known(aimed):
        return _("About {middle} is expected in {when}, {low} to {high} in four of five cases", **words)
    words["target"] = say(aimed)
    if aimed > high:
        return _("The target of {target} for {when} lies above the range of {low} to {high}", **words)
    if aimed < low:
        return _("The target of {target} for {when} lies below the range of {low} to {high}", **words)
    return _("About {middle} is expected in {when}, the target is {target}", **words)


def attained(names: Sequence[str], rates: Sequence[float]) -> str:
    """In how many periods the target was reached, and how the last went.

    >>> attained(["Q1", "Q2", "Q3"], [1.1, 0.9, 0.894])
    'Target reached in one of three; Q3 ended at 89.4%'
    """
    rows = [(name, rate) for name, rate in zip(names, rates, strict=True) if known(rate)]
    if not rows:
        return ""
    last, rate = rows[-1]
    met = sum(value >= 1 for _n, value in rows)
    words = {"all": counted(len(rows)), "last": last, "rate": percent(rate)}
    if len(rows) == 1:
        return _("{last} ended at {rate} of target", **words)
    if met == len(rows):
        return _("Target reached every time; {last} ended at {rate}", **words)
    if not met:
        return _("Target reached in none of {all}; {last} ended at {rate}", **words)
    if met == 1:
        return _("Target reached in one of {all}; {last} ended at {rate}", **words)
    return _("Target reached in {met} of {all}; {last} ended at {rate}", met=counted(met), **words)


def within(now: Sequence[float], was: Sequence[float], limit: float) -> str:
    """How many are within the tolerance under the plan, and today.

    >>> within([0.01, 0.04], [0.3, 0.02], 0.05)
    'Under the plan both are within 5% of a fair load, one today'
    """
    planned = [abs(value) <= limit + 1e-9 for value in now if known(value)]
    if not planned:
        return ""
    today = sum(abs(value) <= limit + 1e-9 for value in was if known(value))
    before = _("none") if not today else _("one") if today == 1 else counted(today)
    words = {"limit": percent(limit, 0), "today": before, "all": everyone(len(planned))}
    if len(planned) == 1:
        if planned[0]:
            return _("The one rep is within {limit} of a fair load", **words)
        return _("The one rep is not within {limit} of a fair load", **words)
    if all(planned):
        if today == len(planned):
            return _("{all} are within {limit} of a fair load, today and under the plan", **words)
        return _("Under the plan {all} are within {limit} of a fair load, {today} today", **words)
    met = sum(planned)
    after = _("none") if not met else _("one") if met == 1 else counted(met)
    return _("{after} of {n} within {limit} of a fair load under the plan, {today} today", after=after,
             n=counted(len(planned)), limit=words["limit"], today=before)  # fmt: skip


def changes_hands(pairs: Sequence[tuple[str, str, int]], moved: int) -> str:
    """How many units change their rep, and between whom the most; `pairs` are (from, to, units).

    >>> changes_hands([("Ana", "Bo", 3), ("Bo", "Cy", 1)], 4)
    '4 units change their rep, most from Ana to Bo (3)'
    """
    if not moved:
        return _("Nothing moves")
    said = ngettext("{n} unit changes its rep", "{n} units change their rep", moved)
    if not pairs:
        return said
    most = max(n for _a, _b, n in pairs)
    first = [(a, b) for a, b, n in pairs if n == most]
    if len(pairs) == 1:
        return f"{said}, " + _("from {a} to {b}", a=first[0][0], b=first[0][1])
    if len(first) > 1:
        return said
    return f"{said}, " + _("most from {a} to {b} ({n})", a=first[0][0], b=first[0][1], n=number(most))


def bought(moved: Sequence[float], values: Sequence[float], today: float | None) -> str:
    """What moving more buys: from the plan that moves least to the one with the lowest value, in per cent.

    >>> bought([2, 20, 60], [8, 5, 6], 30)
    '8.0% after moving 2.0%, 30% today; 5.0% after moving 20%'
    """
    rows = sorted(zip(moved, values, strict=True))
    if not rows:
        return ""
    (least, at), (more, best) = rows[0], min(rows, key=lambda row: (row[1], row[0]))
    said = _("{at} after moving {least}", at=_share(at), least=_share(least))
    if today is not None:
        said += ", " + _("{today} today", today=_share(today))
    if more == least or _share(best) == _share(at):
        return said
    return f"{said}; " + _("{at} after moving {least}", at=_share(best), least=_share(more))


def _share(value: float) -> str:
    """A percentage, with a decimal where it is less than ten."""
    return percent(value / 100, 0 if round(abs(value), 1) >= 10 else 1)


def pay_curve(at_quota: float, at_double: float, changed: float | None, say: Say) -> str:
    """What a plan pays at quota and at twice of it; of a change, what it makes different at quota.

    >>> from salesops_nb.present.language.formats import short_money
    >>> pay_curve(10_000, 26_000, None, short_money), pay_curve(10_000, 26_000, 9_000, short_money)
    ('Quota pays $10K, twice the quota $26K', 'At quota the change pays $9K in place of $10K')
    """
    if changed is None:
        return _("Quota pays {at}, twice the quota {double}", at=say(at_quota), double=say(at_double))
    if say(changed) == say(at_quota):
        return _("At quota the change pays {at}, as today", at=say(changed))
    return _("At quota the change pays {then} in place of {now}", then=say(changed), now=say(at_quota))
