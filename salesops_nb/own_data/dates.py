"""How a file writes dates and numbers, and on whose clock: told from the file, else asked."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from salesops_nb.messages import message
from salesops_nb.own_data.answers import Answers
from salesops_nb.own_data.columns import Proposed
from salesops_nb.source.schema.contracts import CONTRACTS

_NUMBERS = ("money", "number")


def formats(made: Proposed, answers: Answers) -> None:
    """Write down how the file's dates and numbers are to be read, so that a later file is read alike."""
    types = {name: column.type for name, column in CONTRACTS[made.table].by_name.items()}
    of = {column: found.header for column, found in made.columns.items()}
    numbers = [header for column, header in of.items() if types.get(column) in _NUMBERS]
    numbers += made.keys.get("wide", {})
    dates = [header for column, header in of.items() if types.get(column) in ("date", "time")]
    text = {header for header, kind in made.seen.raw.types.items() if kind == "VARCHAR"}
    told = made.seen.formats(
        [h for h in dict.fromkeys(numbers) if h in text], [h for h in dict.fromkeys(dates) if h in text]
    )
    open_to_both = {problem.code: problem for problem in told.problems}
    orders = {order for order in told.orders.values() if order != "ymd"}
    if "ambiguous-dates" in open_to_both and _dotted(made, str(open_to_both["ambiguous-dates"].column)):
        made.keys["date_order"] = "dmy"
    elif "ambiguous-dates" in open_to_both:
        header = str(open_to_both["ambiguous-dates"].column)
        shown = ", ".join(made.seen.columns[header].shown[:2])
        question = message("Are days or months first in {column} ({shown})?", column=header, shown=shown)
        order = answers.ask("--date-order", question, ("dmy", "mdy"))
        if order is not None:
            made.keys["date_order"] = order
    elif len(orders) == 1:
        made.keys["date_order"] = orders.pop()
    if "ambiguous-numbers" in open_to_both:
        header = str(open_to_both["ambiguous-numbers"].column)
        shown = ", ".join(made.seen.columns[header].shown[:2])
        question = message("Is , or . the decimal mark in {column} ({shown})?", column=header, shown=shown)
        mark = answers.ask("--decimal-mark", question, (",", "."))
        if mark is not None:
            made.keys["decimal_mark"] = mark
    elif "," in told.marks.values():
        made.keys["decimal_mark"] = ","


def _dotted(made: Proposed, header: str) -> bool:
    """Whether every date of the column has dots, 01.02.2026: nobody writes the month first so."""
    text = made.seen.text(header)
    row = made.seen.connection.execute(
        f"SELECT bool_and(regexp_full_match({text}, '\\d{{1,2}}\\.\\d{{1,2}}\\.\\d{{2,4}}\\b.*')) "
        f"FROM {made.seen.raw.name} WHERE {text} IS NOT NULL"
    ).fetchone()
    return bool(row and row[0])


def time_zone(tables: list[Proposed], answers: Answers) -> str:
    """The company's own clock; asked only where a file's moments have a zone, so that it shifts days."""
    given = answers.given.get("time_zone")
    clocks = [
        found.header
        for made in tables
        for found in made.columns.values()
        if made.seen.columns[found.header].clock
    ]
    if not clocks and not given:
        return "UTC"
    question = message(
        "On whose clock are days counted ({column} has a time with a zone)?",
        column=clocks[0] if clocks else "",
    )
    return str(answers.ask("--time-zone", question, default="UTC", read=_zone) or "UTC")


def _zone(text: str) -> str:
    try:
        ZoneInfo(text)
    except (KeyError, ValueError, OSError):
        raise ValueError(message("a time zone is wanted, such as UTC or America/New_York")) from None
    return text
