"""Files about people joined with the deals: by id, e-mail or name, whichever both of them have."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from datetime import date

from salesops_nb.core.names import plain_name
from salesops_nb.core.periods import FiscalCalendar
from salesops_nb.errors import Problem, SalesopsError, problem
from salesops_nb.messages import listed, message
from salesops_nb.own_data.answers import Answers
from salesops_nb.own_data.columns import Found, Proposed, periods_of
from salesops_nb.own_data.layouts import known_tables
from salesops_nb.own_data.looking import SeenFile
from salesops_nb.source.checks.short_ids import other_length
from salesops_nb.source.columns.headers import plain
from salesops_nb.source.columns.period_names import FIRST_DAY, period_of

# a number, a GUID, or the 15 or 18 letters and digits of Salesforce
_ID = re.compile(
    r"\d+|\{?[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\}?|(?=\D*\d)[0-9A-Za-z]{15}([0-9A-Za-z]{3})?"
)
_TOTALS = {"total", "grand total", "totals", "sum", "gesamt", "summe", "subtotal", "team total", "all"}


def person_of(name: str) -> str:
    """What two lists' spellings of a person have in common: no accents, and the first name first.

    Examples
    --------
    >>> from salesops_nb.own_data.joining import person_of
    >>> person_of("Popescu,  Ana"), person_of("José Núñez")
    ('ana popescu', 'jose nunez')
    """
    if name.count(",") == 1 and "@" not in name:
        last, first = name.split(",")
        name = f"{first} {last}"
    bare = unicodedata.normalize("NFKD", name)
    return plain_name("".join(sign for sign in bare if not unicodedata.combining(sign)))


def people(made: Proposed, deals: Proposed | None) -> list[str]:
    """Take as a person's id what the deals call the owner, and say whom the roster lacks."""
    name = made.header("name")
    if name is None and (only := made.unused("text")):
        name = only[0]
        made.columns["name"] = Found(name, "sure", message("the only names"))
    lacking: list[str] = []
    if deals is not None and "owner_id" in deals.columns:
        lacking = _owners(made, deals)
    elif "person_id" not in made.columns:
        header = made.header("email") or str(name)
        made.columns["person_id"] = Found(header, "sure", message("no other id"))
    _roles(made)
    if not made.has("role"):
        made.keys.setdefault("constants", {})["role"] = "rep"
        made.notes.append(message("role: rep for everybody, as no column says it"))
    _managers(made)
    return lacking


def _roles(made: Proposed) -> None:
    """Take as the role no id of one: another column that is known to name roles, or none."""
    header = made.header("role")
    if header is not None and _are_ids(made, header):
        del made.columns["role"]
        names = known_tables()["people"]["role"]
        named = [each for each in made.unused("text") if plain(each) in names and not _are_ids(made, each)]
        if named:
            header = min(named, key=lambda each: names[plain(each)])
            made.columns["role"] = Found(header, "sure", message("a known name"))
    header = made.header("role")
    if header is not None and made.seen.columns[header].filled < made.seen.rows and "`" not in header:
        del made.columns["role"]
        made.keys["computed"] = {**made.keys.get("computed", {}), "role": f"coalesce(`{header}`, 'rep')"}


def _are_ids(made: Proposed, header: str) -> bool:
    return all(_ID.fullmatch(value.strip()) for value in made.seen.counted(header))


def _owners(made: Proposed, deals: Proposed) -> list[str]:
    owner = deals.columns["owner_id"].header
    owners = deals.seen.counted(owner)
    header, aliases = _best(owners, made.seen)
    if header is None:
        raise SalesopsError(_do_not_join(made, deals, owner))
    made.columns["person_id"] = Found(
        header, "sure", message("joins {file}, {column}", file=deals.seen.name, column=owner)
    )
    # ids of another length are the same without an alias, whenever the workbook is read
    changed = {
        value: person
        for value, person in aliases.items()
        if value != person and other_length(value) != person
    }
    if changed:
        deals.keys.setdefault("values", {}).setdefault("owner_id", {}).update(changed)
    return [value for value in owners if value not in aliases]


def _do_not_join(made: Proposed, of: Proposed, column: str) -> Problem:
    return problem(
        "files-do-not-join",
        file=made.seen.name,
        other=of.seen.name,
        column=column,
        value=listed(of.seen.counted(column), 3),
        headers=listed(made.seen.headers, 20),
    )


def _best(values: Counter[str], seen: SeenFile) -> tuple[str | None, dict[str, str]]:
    """The column of a file that has most of the values, and what each of them is there."""
    best: tuple[int, str | None, dict[str, str]] = (0, None, {})
    for header in seen.headers:
        if seen.columns[header].kind not in ("text", "email", "number"):
            continue
        known: dict[str, set[str]] = {}
        for value in seen.counted(header):
            known.setdefault(person_of(value), set()).add(value)
        exact = {value for each in known.values() for value in each}
        found = {}
        for value in values:
            same = known.get(person_of(value), set())
            if value in exact:
                found[value] = value
            elif (other := other_length(value)) in exact:
                found[value] = str(other)
            elif len(same) == 1 and not any(sign.isdigit() for sign in value):
                found[value] = next(iter(same))
        rows = sum(values[value] for value in found)
        # a column that says nothing of one person, such as a team, is no id of people
        if rows > best[0] and len(seen.counted(header)) * 2 > seen.rows:
            best = (rows, header, found)
    return best[1], best[2]


def _managers(made: Proposed) -> None:
    """A manager by name or e-mail is the person with it; one that nobody is stays as written."""
    manager, person = made.header("manager_id"), made.columns["person_id"].header
    if manager is None:
        return
    ids = set(made.seen.counted(person))
    aliases: dict[str, str] = {}
    for value in made.seen.counted(manager):
        if value in ids:
            continue
        for header in made.seen.headers:
            if header == manager or made.seen.columns[header].kind not in ("text", "email", "number"):
                continue
            meant = {
                b
                for (a, b), _ in made.seen.pairs(header, person).items()
                if b and person_of(a) == person_of(value)
            }
            if len(meant) == 1:
                aliases[value] = meant.pop()
                break
    if aliases:
        made.keys.setdefault("values", {})["manager_id"] = aliases


def targets(
    made: Proposed,
    roster: Proposed | None,
    deals: Proposed | None,
    answers: Answers,
    calendar: FiscalCalendar,
) -> None:
    """Quotas by person and period: a column a period, or a row a period; joined with the people."""
    made.keys.setdefault("constants", {})
    if "level" not in made.columns:
        made.keys["constants"]["level"] = "rep"
    if "metric" not in made.columns:
        made.keys["constants"]["metric"] = "bookings"
    if len(periods_of(made.seen, 2000)) >= 3:
        _wide(made, answers, calendar)
    elif period := made.header("period"):
        # months by number are the calendar's here; all else is read as a mapping by hand reads it
        texts = {text: period_of(text) for text in made.seen.counted(period) if re.match(r"\d", text)}
        months = {t: _key(p, calendar) for t, p in texts.items() if p and not re.fullmatch(FIRST_DAY, t)}
        if changed := {text: key for text, key in months.items() if text != key}:
            made.keys.setdefault("values", {})["period"] = changed
    _who(made, roster, deals)


def _wide(made: Proposed, answers: Answers, calendar: FiscalCalendar) -> None:
    year = None
    if len(periods_of(made.seen)) < 3:
        named = set(re.findall(r"(?<!\d)20\d\d(?!\d)", f"{made.seen.path.stem} {made.seen.title}"))
        if len(named) == 1:
            year = int(named.pop())
        else:
            year = answers.ask(
                "--quota-year",
                message("Which year are the quotas of {file} for?", file=made.seen.name),
                read=_year,
            )
    periods = periods_of(made.seen, year or 2000)
    made.keys["wide"] = {header: _key(period, calendar) for header, period in periods.items()}
    for column in ("period", "value"):
        made.columns.pop(column, None)


def _year(text: str) -> int:
    if len(text) != 4 or not text.isdecimal():
        raise ValueError(message("write a year, such as 2026"))
    return int(text)


def _key(period: str, calendar: FiscalCalendar) -> str:
    """The fiscal month in which a calendar month lies; any other period as it is."""
    year, _, month = period.partition("-")
    if not re.fullmatch(r"\d{4}", year) or not re.fullmatch(r"0[1-9]|1[0-2]", month):
        return period
    return calendar.containing(date(int(year), int(month), 15), "month").key


def _who(made: Proposed, roster: Proposed | None, deals: Proposed | None) -> None:
    """Whose quota a row is: the column that has the people's ids, e-mails or names."""
    of = roster or deals
    if of is None:
        return
    leveled = made.header("who") if "level" in made.columns else None
    person = of.columns["person_id" if roster else "owner_id"].header
    ids = of.seen.counted(person)
    best: tuple[int, str, dict[str, str]] = (0, "", {})
    for header in [leveled] if leveled else made.seen.headers:
        if made.seen.columns[header].kind not in ("text", "email") and made.header("who") != header:
            continue
        values = made.seen.counted(header)
        found = _people(values, of.seen, person, ids, roster is not None)
        if len(found) > best[0]:
            best = (len(found), header, found)
    _, header, found = best
    if leveled and not header:
        return
    if not header:
        raise SalesopsError(_do_not_join(made, of, person))
    made.columns["who"] = Found(
        header, "sure", message("joins {file}, {column}", file=of.seen.name, column=person)
    )
    if changed := {value: who for value, who in found.items() if value != who}:
        made.keys.setdefault("values", {})["who"] = changed
    if leveled:  # teams and the company stand in the same column
        return
    values = made.seen.counted(header)
    if totals := [value for value in values if person_of(value) in _TOTALS]:
        shown = ", ".join("'" + value.replace("'", "''") + "'" for value in totals)
        made.keys["where"] = f"`{header}` not in ({shown})"
    lacking = [value for value in values if value not in found and value not in totals]
    if lacking:
        file, names = of.seen.name, listed(lacking, 5)
        made.notes.append(
            message("nobody of {file} is {names}: salesops check lists them", file=file, names=names)
            if roster
            else message("nobody of {file} is {names}, and no roster says whether they are people",
                         file=file, names=names)
        )  # fmt: skip


def _people(
    values: Counter[str], seen: SeenFile, person: str, ids: Counter[str], roster: bool
) -> dict[str, str]:
    """Who each value is, by any column of the people's file that tells one person from another."""
    plain: dict[str, set[str]] = {}
    for value in ids:
        plain.setdefault(person_of(value), set()).add(value)
    if roster:
        for header in seen.headers:
            if header != person and seen.columns[header].kind in ("text", "email", "number"):
                for (text, who), _ in seen.pairs(header, person).items():
                    if who:
                        plain.setdefault(person_of(text), set()).add(who)
    found = {value: value for value in values if value in ids}
    for value in values:
        if (other := other_length(value)) in ids:
            found[value] = str(other)
            continue
        same = plain.get(person_of(value), set())
        if value not in found and len(same) == 1:
            found[value] = next(iter(same))
    return found
