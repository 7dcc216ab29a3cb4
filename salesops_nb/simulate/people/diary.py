"""The calendar of one rep as text (RFC 5545), with what makes calendars hard to read."""

from __future__ import annotations

import numpy as np

from salesops_nb.simulate.crm import DAY, Crm, stream

OWNER = "Kary Hendrixson"
ZONE, BROKEN = "America/Los_Angeles", "Customized Time Zone 3"
FIRST, ENTRIES = np.datetime64("2017-12-04"), 40
# Entries of each kind; the rest are plain appointments. The recurring one has a changed and a cancelled day.
ALL_DAY, PRIVATE, CANCELLED, IN_BROKEN_ZONE = 4, 5, 3, 3
WEEKS = 10  # of the weekly meeting
STAMP = "20171201T090000Z"
ROUND_THE_CLOCK = (
    "BEGIN:VTIMEZONE",
    f"TZID:{ZONE}",
    "BEGIN:STANDARD",
    "DTSTART:20071104T020000",
    "RRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=1SU",
    "TZOFFSETFROM:-0700",
    "TZOFFSETTO:-0800",
    "TZNAME:PST",
    "END:STANDARD",
    "BEGIN:DAYLIGHT",
    "DTSTART:20070311T020000",
    "RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=2SU",
    "TZOFFSETFROM:-0800",
    "TZOFFSETTO:-0700",
    "TZNAME:PDT",
    "END:DAYLIGHT",
    "END:VTIMEZONE",
)
WHOLE_DAYS = ("Sales conference", "Training, second day; bring the price list", "Day off", "Office closed")
PRIVATE_WORDS = ("Dentist", "School", "Bank", "Doctor", "Car to the garage")
MEETINGS = ("Call", "Demo", "Review of the offer", "Visit", "Contract")


def calendar(crm: Crm, seed: int) -> str:
    """Forty entries of one rep, about the accounts of deals open at the end of the data.

    Lines end in CR LF and are folded at 75 octets, and every entry is marked simulated. All is as RFC 5545
    asks but for the entries whose time zone is defined nowhere.
    """
    rng = stream(seed, "calendar")
    mine = (crm.deals["agent"] == OWNER) & (crm.deals["stage"] == "Engaging") & (crm.deals["account"] != "")
    deals = np.flatnonzero(mine)
    entries = _weekly()
    kinds = ["all day"] * ALL_DAY + ["private"] * PRIVATE + ["cancelled"] * CANCELLED
    kinds += ["broken"] * IN_BROKEN_ZONE
    kinds += ["plain"] * (ENTRIES - len(entries) - len(kinds))
    # Each working day has two places, so that no two appointments overlap.
    places = np.sort(rng.choice(2 * 5 * 6, len(kinds), replace=False))
    for number, (kind, place) in enumerate(zip(rng.permutation(kinds), places, strict=True), 1):
        day = np.busday_offset(FIRST, int(place) // 2, roll="forward")
        hour, minute = 10 + 4 * (int(place) % 2), int(rng.choice((0, 15, 30)))
        start = day.astype("datetime64[m]") + np.timedelta64(60 * hour + minute, "m")
        deal = int(rng.choice(deals))
        account, about = str(crm.deals["account"][deal]), str(crm.deals["id"][deal])
        entries.append(_entry(number, str(kind), start, account, about, rng))
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//salesops_nb//simulated//EN",
        "CALSCALE:GREGORIAN",
        "METHOD:PUBLISH",
        "X-SALESOPS-SIMULATED:TRUE",
        *ROUND_THE_CLOCK,
        *(line for entry in entries for line in entry),
        "END:VCALENDAR",
    ]
    return "".join(f"{folded(line)}\r\n" for line in lines)


def folded(line: str) -> str:
    """A line in pieces of at most 75 octets, each after the first led by a space; no letter is cut."""
    pieces: list[str] = []
    piece = ""
    for letter in line:
        if len((piece + letter).encode()) > 75 - bool(pieces):
            pieces.append(piece)
            piece = ""
        piece += letter
    return "\r\n ".join([*pieces, piece])


def escaped(text: str) -> str:
    """Text as a property's value."""
    for sign in ("\\", ";", ","):
        text = text.replace(sign, f"\\{sign}")
    return text.replace("\n", "\\n")


def _event(uid: str, *lines: str, status: str = "CONFIRMED", sequence: int = 0) -> list[str]:
    return [
        "BEGIN:VEVENT",
        f"UID:{uid}@example.com",
        f"DTSTAMP:{STAMP}",
        f"SEQUENCE:{sequence}",
        *lines,
        f"STATUS:{status}",
        "CATEGORIES:SIMULATED",
        "X-SALESOPS-SIMULATED:TRUE",
        "END:VEVENT",
    ]


def _weekly() -> list[list[str]]:
    """A weekly meeting of the team: one day left out, one moved to the afternoon."""
    start = FIRST.astype("datetime64[m]") + np.timedelta64(8 * 60 + 30, "m")
    skipped, moved = start + 3 * 7 * DAY, start + 5 * 7 * DAY
    later = moved + np.timedelta64(8 * 60, "m")
    words = f"SUMMARY:{escaped('Team meeting: numbers, pushes, next steps')}"
    return [
        _event(
            "weekly-team",
            *_times(start, 45),
            f"RRULE:FREQ=WEEKLY;COUNT={WEEKS}",
            f"EXDATE;TZID={ZONE}:{_stamp(skipped)}",
            words,
        ),
        _event(
            "weekly-team",
            f"RECURRENCE-ID;TZID={ZONE}:{_stamp(moved)}",
            *_times(later, 45),
            words,
            sequence=1,
        ),
    ]


def _entry(
    number: int, kind: str, start: np.datetime64, account: str, deal: str, rng: np.random.Generator
) -> list[str]:
    uid, day = f"appointment-{number:02d}", start.astype("datetime64[D]")
    if kind == "all day":
        return _event(
            uid,
            f"DTSTART;VALUE=DATE:{_day(day)}",
            f"DTEND;VALUE=DATE:{_day(day + DAY)}",
            f"SUMMARY:{escaped(WHOLE_DAYS[number % len(WHOLE_DAYS)])}",
            "TRANSP:TRANSPARENT",
        )
    if kind == "private":
        words = PRIVATE_WORDS[number % len(PRIVATE_WORDS)]
        return _event(uid, *_times(start, 60), f"SUMMARY:{words}", "CLASS:PRIVATE")
    words = str(rng.choice(MEETINGS))
    place = f"{account}, main entrance; ask at the desk"
    text = f"About deal {deal}.\nAgenda: what is decided, by whom, until when – café after."
    about = [
        f"SUMMARY:{escaped(f'{words}: {account}')}",
        f"LOCATION:{escaped(place)}",
        f"DESCRIPTION:{escaped(text)}",
        f"X-SALESOPS-DEAL:{deal}",
    ]
    minutes = int(rng.choice((30, 45, 60, 90)))
    if kind == "broken":
        return _event(uid, *_times(start, minutes, BROKEN), *about)
    if kind == "cancelled":
        return _event(uid, *_times(start, minutes), *about, status="CANCELLED", sequence=1)
    return _event(uid, *_times(start, minutes), *about)


def _times(start: np.datetime64, minutes: int, zone: str = ZONE) -> list[str]:
    end = start + np.timedelta64(minutes, "m")
    return [f"DTSTART;TZID={zone}:{_stamp(start)}", f"DTEND;TZID={zone}:{_stamp(end)}"]


def _stamp(moment: np.datetime64) -> str:
    return str(moment.astype("datetime64[s]")).replace("-", "").replace(":", "")


def _day(day: np.datetime64) -> str:
    return str(day).replace("-", "")
