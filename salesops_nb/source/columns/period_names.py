"""How people write a period: ``Q1 2026``, ``Jan 2026``, ``FY26``, its first day; and the key that it is."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, timedelta

from salesops_nb.core.periods import FiscalCalendar, Kind
from salesops_nb.errors import SalesopsError
from salesops_nb.source.columns.headers import plain

FIRST_DAY = r"(\d{4})-(\d\d)-01([T ]00:00.*)?"
_YEAR = r"(?i:FY|GJ|fiscal year)[\s'-]*(?:20)?(\d\d)"
MONTHS = {
    1: (
        "jan",
        "january",
        "januar",
        "janner",
        "ianuarie",
        "ian",
    ),
    2: (
        "feb",
        "february",
        "februar",
        "februarie",
    ),
    3: (
        "mar",
        "march",
        "mrz",
        "marz",
        "maerz",
        "martie",
    ),
    4: (
        "apr",
        "april",
        "aprilie",
    ),
    5: (
        "may",
        "mai",
    ),
    6: (
        "jun",
        "june",
        "juni",
        "iunie",
        "iun",
    ),
    7: (
        "jul",
        "july",
        "juli",
        "iulie",
        "iul",
    ),
    8: (
        "aug",
        "august",
    ),
    9: (
        "sep",
        "sept",
        "september",
        "septembrie",
    ),
    10: (
        "oct",
        "october",
        "okt",
        "oktober",
        "octombrie",
    ),
    11: (
        "nov",
        "november",
        "noiembrie",
        "noi",
    ),
    12: (
        "dec",
        "december",
        "dez",
        "dezember",
        "decembrie",
    ),
}  # in English, German and Romanian, as `plain` writes them


def period_of(header: str, year: int | None = None) -> str | None:
    """The month, quarter or year that a header of a quota sheet names, such as ``2026-01``.

    `year` is that of headers which name none.

    Examples
    --------
    >>> from salesops_nb.source.columns.period_names import period_of
    >>> period_of("Jan 2026"), period_of("März", 2026), period_of("Q2 26"), period_of("2026-03-01 00:00")
    ('2026-01', '2026-03', '2026-Q2', '2026-03')
    """
    text = header.strip()
    if found := re.fullmatch(r"(20\d\d)[-/.](\d{1,2})([-/.]01([T ].*)?)?", text):
        return f"{found[1]}-{int(found[2]):02d}" if 1 <= int(found[2]) <= 12 else None
    if found := re.fullmatch(r"(\d{1,2})[-/.](20\d\d)", text):
        return f"{found[2]}-{int(found[1]):02d}" if 1 <= int(found[1]) <= 12 else None
    years = re.findall(r"(?<!\d)(?:20)?(\d\d)(?!\d)", text)
    named = 2000 + int(years[0]) if len(years) == 1 else year if not years else None
    words = [plain(word) for word in re.findall(r"[^\W\d_]+", text)]
    if found := re.search(r"(?<![^\W\d])[QqTt]\s?([1-4])(?!\d)", text):
        return f"{named}-Q{found[1]}" if named and len(words) == 1 else None
    for number, names in MONTHS.items():
        if len(words) == 1 and words[0] in names:
            return f"{named}-{number:02d}" if named else None
    return None


def keys_of(header: str, written: Iterable[str], calendar: FiscalCalendar) -> dict[str, str]:
    """The key of each period of a column that is written otherwise and can only mean one.

    A month by its number may be the calendar's or the fiscal year's, unless the two are one; a first day may
    be a month's, a quarter's or a year's, unless the column's header or the days between them tell.

    Examples
    --------
    >>> from salesops_nb.core.periods import FiscalCalendar
    >>> from salesops_nb.source.columns.period_names import keys_of
    >>> keys_of("Period", ["2024Q1", "Q2 2024", "Jul 2024", "FY24", "2024-Q4", "H1"], FiscalCalendar())
    {'2024Q1': '2024-Q1', 'Q2 2024': '2024-Q2', 'Jul 2024': '2024-07', 'FY24': '2024'}
    >>> keys_of("Quarter", ["2024-01-01", "2024-04-01"], FiscalCalendar())
    {'2024-01-01': '2024-Q1', '2024-04-01': '2024-Q2'}
    """
    left = [text for text in written if not _readable(text, calendar)]
    found = _first_days(header, left, calendar)
    for text in left:
        if re.fullmatch(FIRST_DAY, text.strip()):
            continue
        if year := re.fullmatch(_YEAR, text.strip()):
            found[text] = f"20{year[1]}"
        elif (period := period_of(text)) and "Q" in period:
            found[text] = period
        elif period and (not text.strip()[0].isdigit() or calendar.start_month == 1):
            day = date(int(period[:4]), int(period[5:]), 15)
            found[text] = calendar.containing(day, "month").key
    return found


def _readable(text: str, calendar: FiscalCalendar) -> bool:
    try:
        calendar.period(text)
    except SalesopsError:
        return False
    return True


def _first_days(header: str, written: Iterable[str], calendar: FiscalCalendar) -> dict[str, str]:
    """Periods that are written as their first days, each as the header or the days between them tell."""
    days = {
        text: date(int(found[1]), int(found[2]), 1)
        for text in written
        if (found := re.fullmatch(FIRST_DAY, text.strip())) and 1 <= int(found[2]) <= 12
    }
    months = {day.month for day in days.values()}
    quarters = all(calendar.containing(day, "quarter").start == day for day in days.values())
    kind: Kind | None = None
    if plain(header) in ("month", "monat"):
        kind = "month"
    elif plain(header) in ("quarter", "quartal") and quarters:
        kind = "quarter"
    elif len(months) > 1:
        kind = "quarter" if quarters else "month"
    if kind is None:
        return {}
    return {text: calendar.containing(day + timedelta(days=14), kind).key for text, day in days.items()}
