"""What frames a report: cover, headline cards, footnotes for data set aside, catalogue, provenance."""

from __future__ import annotations

import platform
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from salesops_nb.core.columns import declared
from salesops_nb.errors import Problem, SalesopsError, problem
from salesops_nb.messages import Message
from salesops_nb.present.language import formats
from salesops_nb.present.language.column_labels import translated
from salesops_nb.present.language.sentences import translate
from salesops_nb.present.language.translation import _, setting
from salesops_nb.present.page.output import as_list, emit
from salesops_nb.present.page.render import words_of

STATUSES = ("final", "draft")
KINDS = ("note", "warning", "error")
AGAINST = 2  # comparisons on a card
LONG = 10_000  # from which whole numbers of parameters have separators


def cover(
    *,
    title: str,
    company: str = "",
    subtitle: str = "",
    lead: str = "",
    caveat: str = "",
    mission: str = "",
    vision: str = "",
    period: Any = None,
    as_of: date | str | None = None,
    parameters: Mapping[str, Any] | None = None,
    fingerprint: str = "",
    versions: Mapping[str, str] | None = None,
    simulated: Sequence[str] = (),
    warnings: Sequence[str] = (),
    status: str = "final",
    without: Sequence[str] = (),
    statement: Mapping[str, Any] | None = None,
) -> None:
    """Display the cover, and hand the exporter the facts that stand in the report's appendix.

    `lead` is what the page finds, in one or two sentences of at most 45 words: what happened, why, what to
    do, how sure. `caveat` is one sentence that weakens it and may not be missed. Both stand under the title.
    Cells with a tag named in `without` are left out of the report, such as prose for the analyst alone.
    `statement` says which pay statement the report shows (payee, period, status, lines, totals).

    Raises
    ------
    SalesopsError
        If the title is empty or the status neither ``final`` nor ``draft``.

    Examples
    --------
    >>> from datetime import date
    >>> from salesops_nb import present
    >>> from salesops_nb.core.periods import FiscalCalendar
    >>> quarter = FiscalCalendar().period("2017-Q3")
    >>> present.cover(
    ...     title="Performance review", period=quarter, as_of=date(2017, 12, 31), simulated=["targets"]
    ... )
    Performance review – 2017-Q3 (Jul 1, 2017 to Sep 30, 2017)
    >>> present.cover(title="Performance review", status="ready")
    Traceback (most recent call last):
        ...
    salesops_nb.errors.SalesopsError: status is 'ready'. Use one of final, draft.
    """
    if not title.strip():
        raise SalesopsError(problem("no-title"))
    _one_of("status", status, STATUSES)
    now = setting()
    facts = {
        "title": title,
        "company": company or "",
        "subtitle": subtitle or "",
        "lead": (lead or "").strip(),
        "caveat": (caveat or "").strip(),
        "mission": (mission or "").strip(),
        "vision": (vision or "").strip(),
        "period": period_words(period),
        "as_of": _iso(as_of),
        "parameters": [[str(name), _plain(value)] for name, value in (parameters or {}).items()],
        "fingerprint": fingerprint or "",
        "versions": {"python": platform.python_version(), **{k: str(v) for k, v in (versions or {}).items()}},
        "simulated": as_list(simulated),
        "warnings": as_list(warnings),
        "status": status,
        "without": as_list(without),
        "locale": now.locale,
        "currency": now.currency,
        **({"statement": dict(statement)} if statement is not None else {}),
    }
    emit("cover", facts, f"{title} – {facts['period']}")


def period_words(period: Any) -> str:
    """A period with its first and last day in the reader's language; any other text as it is.

    Examples
    --------
    >>> from salesops_nb import present
    >>> from salesops_nb.core.periods import FiscalCalendar
    >>> present.period_words(FiscalCalendar().period("2017-Q3"))
    '2017-Q3 (Jul 1, 2017 to Sep 30, 2017)'
    >>> present.period_words("the first half of 2017")
    'the first half of 2017'
    """
    if period is None:
        return ""
    if not (hasattr(period, "start") and hasattr(period, "last")):
        return str(period)
    first, last = formats.day(period.start), formats.day(period.last)
    if getattr(period, "kind", "") == "span":
        return _("{first} to {last}", first=first, last=last)
    return _("{period} ({first} to {last})", period=period.key, first=first, last=last)


def headlines(cards: Iterable[Mapping[str, Any]]) -> None:
    """Display three to five headline cards: each a figure, its value and one sentence in words.

    The first cards of a notebook stand on the report's first screen. `against` holds at most two
    comparisons, such as the target and the period before: their label, value, unit and, where one way is
    better, whether it is `good`.

    Raises
    ------
    SalesopsError
        If a card lacks its label, value or sentence, or names an unknown unit, or has more than two
        comparisons.

    Examples
    --------
    >>> from salesops_nb import present
    >>> present.headlines([
    ...     {"label": "Bookings", "value": 2_790_000, "unit": "about", "sentence": "Five teams are behind.",
    ...      "against": [{"label": "to target", "value": -0.106, "unit": "percent", "good": False}]},
    ...     {"label": "Top rep", "value": "Ada", "sentence": "She booked $90,000."},
    ... ])
    Bookings: $2.79M (−10.6% to target) Five teams are behind.
    Top rep: Ada She booked $90,000.
    """
    made = [_card(number, card) for number, card in enumerate(cards, start=1)]
    emit("headlines", {"cards": made}, "\n".join(map(_line, made)))


def _line(card: Mapping[str, Any]) -> str:
    against = ", ".join(f"{each['value']} {each['label']}" for each in card["against"])
    return f"{card['label']}: {card['value']} {f'({against}) ' if against else ''}{card['sentence']}"


def _card(number: int, card: Mapping[str, Any]) -> dict[str, Any]:
    card = {**declared()["figures"].get(str(card.get("metric")), {}), **card}
    lacking = [key for key in ("label", "value", "sentence") if key not in card or card[key] == ""]
    if lacking:
        raise SalesopsError(
            problem(
                "bad-headline",
                number=number,
                missing=" and no ".join(lacking),
                columns=", ".join(map(str, card)),
            )
        )
    against = [_comparison(each) for each in card.get("against") or ()]
    if len(against) > AGAINST:
        raise SalesopsError(problem("bad-headline.against", number=number, count=len(against)))
    value, unit = card["value"], card.get("unit")
    raw = None if isinstance(value, str) or formats.missing(value) else str(value)
    return {
        "label": translated(str(card["label"])),
        "value": value if isinstance(value, str) else formats.by_unit(unit or "text")(value),
        "raw": raw,
        "unit": unit or "text",
        "against": against,
        "sentence": str(card["sentence"]),
        "detail": str(card.get("detail") or ""),
        "marks": as_list(card.get("mark") or ()),
        "note": card.get("note"),
        "metric": card.get("metric"),
    }


def _comparison(given: Mapping[str, Any]) -> dict[str, Any]:
    """A difference with its sign; amounts in three figures, since they are there to be compared."""
    value, unit = given["value"], str(given.get("unit") or "percent")
    if not isinstance(value, str):
        value = formats.signed(value, "about" if unit == "money" else unit)
    good = given.get("good")
    tone = "" if good is None else "good" if good else "bad"
    return {"label": str(given["label"]), "value": value, "tone": tone}


def set_aside(findings: Any, currency: str | None = None) -> None:
    """Display the data set aside, one footnote a kind of finding, with rows and what they add up to.

    Parameters
    ----------
    findings : `Problem`s, mappings or a frame with ``code, message`` and, where known, ``table``,
        ``rows`` and ``amount``.
    currency : of the amounts; the workbook's by default.

    Examples
    --------
    Findings of one kind make one footnote; here three rows, and $1,500:

    >>> from salesops_nb import present
    >>> found = {"code": "no-owner", "table": "deals", "message": "The deal has no owner."}
    >>> present.set_aside([{**found, "rows": 2, "amount": 1200}, {**found, "rows": 1, "amount": 300}])
    3: The deal has no owner.
    """
    notes: dict[tuple[str, str, str], dict[str, Any]] = {}
    for given in _records(findings):
        found = _finding(given)
        # what two texts of one code say differs: each has its own line
        key = (found["code"], found["table"], getattr(getattr(given, "message", ""), "template", ""))
        note = notes.setdefault(key, {**found, "rows": 0, "amount": None})
        note["rows"] += found["rows"]
        if found["amount"] is not None:
            note["amount"] = (note["amount"] or Decimal(0)) + found["amount"]
    made = [
        {**note, "amount": None if note["amount"] is None else formats.money(note["amount"], currency)}
        for note in notes.values()
    ]
    emit("set_aside", {"notes": made}, "\n".join(f"{note['rows']}: {note['message']}" for note in made))


def _finding(found: Problem | Mapping[str, Any]) -> dict[str, Any]:
    if isinstance(found, Problem):
        found = {
            "code": found.code,
            "table": found.table or found.file,
            "message": translate(found.message),
            "fix": translate(found.fix),
            "amount": found.amount,
        }
    amount, rows = found.get("amount"), found.get("rows", 1)
    return {
        "code": str(found.get("code", "note")),
        "table": "" if formats.missing(found.get("table")) else str(found.get("table")),
        "message": str(found.get("message", "")),
        "fix": str(found.get("fix") or ""),
        "rows": int(rows),
        "amount": None if formats.missing(amount) else Decimal(str(amount)),
    }


def catalogue(metrics: Any) -> None:
    """Display the definitions of the figures.

    `metrics` are mappings with ``name, formula, unit, source`` (and ``label``, ``definition`` where there
    are any), a mapping of such mappings by name, or a frame with these columns.

    Examples
    --------
    >>> from salesops_nb import performance, present
    >>> present.catalogue([metric._asdict() for metric in performance.CATALOGUE[1:2]])
    Attainment = Bookings ÷ target of the period (on a pay statement: credit ÷ quota, as its plan counts)
    """
    made = [
        {
            key: str(metric.get(key) or "")
            for key in ("name", "label", "definition", "formula", "unit", "source")
        }
        for metric in _records(metrics)
    ]
    emit("catalogue", {"metrics": made}, "\n".join(f"{m['name']} = {m['formula']}" for m in made))


def provenance(extra: Mapping[str, Any]) -> None:
    """Add facts (run id, plan versions …) to what always stands at the report's foot.

    Examples
    --------
    >>> from salesops_nb import present
    >>> present.provenance({"run_id": "2018-01", "plan_versions": ["account-executive 1", "sales-manager 1"]})
    Run id: 2018-01
    Plan versions: account-executive 1, sales-manager 1
    """
    facts = {words_of(str(name)): _plain(value) for name, value in extra.items()}
    emit("provenance", {"facts": facts}, "\n".join(f"{name}: {value}" for name, value in facts.items()))


def note(text: str, kind: str = "note") -> None:
    """Display a boxed remark; `kind` is ``note``, ``warning`` or ``error``.

    Examples
    --------
    >>> from salesops_nb import present
    >>> present.note("Bookings of December are not complete.", kind="warning")
    Bookings of December are not complete.
    """
    _one_of("kind", kind, KINDS)
    text = translate(text) if isinstance(text, Message) else text
    emit("note", {"text": text, "kind": kind}, text)


def _one_of(name: str, value: str, allowed: Sequence[str]) -> None:
    if value not in allowed:
        raise SalesopsError(problem("unknown-word", name=name, given=value, allowed=", ".join(allowed)))


def _records(rows: Any) -> list[Any]:
    """Rows of a frame as mappings; a mapping of mappings by name; any other iterable as it is."""
    if hasattr(rows, "to_dict") and hasattr(rows, "columns"):
        return list(rows.to_dict("records"))
    if isinstance(rows, Mapping):
        return [{"name": name, **values} for name, values in rows.items()]
    return [row if isinstance(row, Problem | Mapping) else vars(row) for row in rows]


def _iso(day: date | str | None) -> str:
    return "" if day is None else str(day)[:10]


def _plain(value: Any) -> str:
    if isinstance(value, list | tuple | set):
        return ", ".join(_plain(each) for each in value)
    if isinstance(value, float) or (isinstance(value, int) and abs(value) >= LONG):  # a year is no amount
        return formats.exact(Decimal(str(value)))
    return "" if value is None else formats.text(value) if isinstance(value, bool) else str(value)
