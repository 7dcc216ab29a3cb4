"""What the home page says beside its list: headlines with their course, teams, what needs a decision."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any

from salesops_nb.batch.runs.folder import NOT_POSSIBLE, Record
from salesops_nb.batch.runs.site import Made, Ran, course, ends
from salesops_nb.core.periods.forms import named
from salesops_nb.present.language import formats
from salesops_nb.present.language.sentences import ngettext, translate
from salesops_nb.present.language.translation import _

FIGURES = 4  # of a report on the home page; the others are in the report
SHOWN = 5  # of failed reports by name; the others are counted
SHARES = ("percent", "whole_percent")
Place = Callable[[Made, str], str]


def called(period: str) -> str:
    """What the reader calls a period: of a span its days."""
    return translate(named(period))


def headlines(found: Iterable[Ran], made: Iterable[Made], place: Place) -> list[dict[str, Any]]:
    """The figures of each report on the company, with their course over earlier periods."""
    reports = []
    for each in made:
        record = each.record
        if record["level"] != "company" or not record["headlines"]:
            continue
        cards = [
            {
                "label": label,
                "text": figure["text"],
                "unit": figure.get("unit"),
                "against": figure.get("against") or [],
                "points": _points(found, each, label),
            }
            for label, figure in record["headlines"].items()
            if figure["text"] != "–"
        ]
        now = record["period"]
        title = f"{record['title']}, {called(now)}" if now else record["title"]
        reports.append(
            {
                "title": title,
                "href": place(each, "html"),
                **{name: (record.get("found") or {}).get(name, "") for name in ("lead", "caveat")},
                "cards": cards[:FIGURES],
            }
        )
    return reports


def teams(found: Iterable[Ran], made: Iterable[Made], place: Place) -> dict[str, Any] | None:
    """One figure of every team with its course, for small multiples on one scale; None without two teams.

    The figure is the first share that the teams' first report shows of most of them (attainment before win
    rate), else its first number. Beside it stands the company's, where a report of the same notebook has it.
    """
    made = list(made)
    reports: dict[str, list[Made]] = {}
    for each in made:
        if each.record["level"] == "team" and each.record["headlines"]:
            reports.setdefault(each.record["report"], []).append(each)
    mine = next((group for group in reports.values() if len(group) > 1), None)
    label = _shared_figure(mine) if mine else None
    if mine is None or label is None:
        return None
    shown = []
    for each in mine:
        figure = each.record["headlines"].get(label)
        if figure is None or figure.get("number") is None:
            continue
        shown.append(
            {
                "name": each.record.get("name") or each.record["who"],
                "href": place(each, "html"),
                "text": figure["text"],
                "value": figure["number"],
                "points": _points(found, each, label),
            }
        )
    first = mine[0].record
    company: Record = next(
        (
            each.record["headlines"][label]
            for each in made
            if each.record["level"] == "company"
            and each.record.get("notebook") == first.get("notebook")
            and each.record["period"] == first["period"]
            and label in each.record["headlines"]
        ),
        {},
    )
    shown.sort(key=lambda each: each["value"])
    known = {period for each in mine for period, value in course(found, each, label) if value is not None}
    return {
        "label": label,
        "period": called(first["period"]),
        "unit": first["headlines"].get(label, {}).get("unit"),
        "company": company.get("number"),
        "company_text": company.get("text", ""),
        "periods": [called(period) for period in sorted(known, key=lambda each: (ends(each), each))],
        "teams": shown,
    }


def decisions(found: list[Ran], made: Iterable[Made], place: Place) -> list[dict[str, str]]:
    """What waits for a person: what failed, what is stale, what is to be released, approved or asked."""
    made = list(made)
    last = found[0] if found else None
    listed = (
        [{"words": str(words), "href": ""} for words in (last.told.get("warnings") or [])] if last else []
    )
    listed += _unmade(made, place)
    old = [each for each in made if last and each.run.told.get("fingerprint") != last.told.get("fingerprint")]
    if old:
        listed.append(
            {
                "words": ngettext(
                    "{n} report is of other data than the last run's: make it again with salesops run.",
                    "{n} reports are of other data than the last run's: make them again with salesops run.",
                    len(old),
                ),
                "href": "#reports",
            }
        )
    return listed + _drafts(made, place) + _held(made)


def periods(found: Iterable[Ran]) -> list[dict[str, Any]]:
    """Each period that has reports, the latest first, with the runs that made them, newest first."""
    known: dict[str, list[tuple[Ran, int]]] = {}
    for run in found:
        for period, count in Counter(record["period"] for record in run.records).items():
            known.setdefault(period, []).append((run, count))
    order = sorted(known, key=lambda period: (ends(period), period), reverse=True)
    return [
        {
            "name": called(period) or _("without a period"),
            "runs": [
                {
                    "name": run.name,
                    "href": f"{run.name}/index.html",
                    "words": ngettext("{n} report", "{n} reports", count),
                    "when": str(run.told.get("begun") or "")[:10],
                }
                for run, count in known[period]
            ],
        }
        for period in order
    ]


def state_of(made: Made) -> str:
    """What the list says of a report: of its delivery, where that is more than that it was made."""
    states: Mapping[str, str] = made.run.told.get("states") or {}
    return states.get(made.record["id"], made.record["status"])


def _points(found: Iterable[Ran], made: Made, label: str) -> list[dict[str, Any]]:
    return [{"name": called(period), "value": value} for period, value in course(found, made, label)]


def _shared_figure(mine: list[Made]) -> str | None:
    """The figure that most of the reports have as a number: a share before another."""
    counts: Counter[str] = Counter()
    units: dict[str, Any] = {}
    for each in mine:
        for label, figure in each.record["headlines"].items():
            if figure.get("number") is not None:
                counts[label] += 1
                units[label] = figure.get("unit")
    usual = [label for label, count in counts.items() if 2 * count > len(mine)]
    return next((label for label in usual if units[label] in SHARES), usual[0] if usual else None)


def _unmade(made: list[Made], place: Place) -> list[dict[str, str]]:
    failed = [each for each in made if each.record["status"] == "failed"]
    listed = [
        {"words": _("{title} failed.", title=each.record["title"]), "href": place(each, "error")}
        for each in failed[:SHOWN]
    ]
    if len(failed) > SHOWN:
        more = len(failed) - SHOWN
        listed.append(
            {
                "words": ngettext("{n} more report failed.", "{n} more reports failed.", more),
                "href": "#reports",
            }
        )
    wanted = [
        each.record
        for each in made
        if each.record["status"] == NOT_POSSIBLE and not each.record.get("optional")
    ]
    return listed + [
        {
            "words": _("{title} is not possible: {why}", title=record["title"], why=record.get("reason", "")),
            "href": "",
        }
        for record in wanted
    ]


def _drafts(made: list[Made], place: Place) -> list[dict[str, str]]:
    """Pay statements that nobody has approved, a sentence a period."""
    waiting: dict[str, list[Made]] = {}
    for each in made:
        if (each.record.get("statement") or {}).get("status") == "draft":
            waiting.setdefault(each.record["period"], []).append(each)
    listed = []
    for period, drafts in waiting.items():
        sums: dict[str, Decimal] = {}
        for each in drafts:
            for currency, amount in (each.record["statement"].get("totals") or {}).items():
                sums[currency] = sums.get(currency, Decimal(0)) + Decimal(str(amount))
        amounts = ", ".join(formats.money(sums[code], code, cents=True) for code in sorted(sums))
        book = next(
            (
                place(each, "html")
                for each in made
                if each.record["level"] == "company"
                and each.record.get("notebook") == drafts[0].record.get("notebook")
                and each.record["period"] == period
            ),
            "",
        )
        words = ngettext(
            "{n} pay statement for {period} waits for approval: {amounts}.",
            "{n} pay statements for {period} wait for approval: {amounts} in all.",
            len(drafts),
            period=called(period),
            amounts=amounts,
        )
        listed.append({"words": words, "href": book})
    return listed


def _held(made: list[Made]) -> list[dict[str, str]]:
    """Reports that wait for their release, and mails of which nobody knows whether they arrived."""
    by_state: Counter[tuple[str, str]] = Counter()
    for each in made:
        if (state := state_of(each)) in ("awaiting release", "unclear"):
            by_state[state, each.run.name] += 1
    listed = []
    for (state, run), count in by_state.items():
        if state == "unclear":
            words = ngettext(
                "Of {n} mailed report nobody knows whether it arrived: salesops list says what to do.",
                "Of {n} mailed reports nobody knows whether they arrived: salesops list says what to do.",
                count,
            )
        else:
            words = ngettext(
                "{n} report waits for release: salesops deliver {run} --release NAME",
                "{n} reports wait for release: salesops deliver {run} --release NAME",
                count,
                run=run,
            )
        listed.append({"words": words, "href": f"{run}/index.html"})
    return listed
