"""The SQL that reads a text as a number, a date, a moment or a flag, and gives NULL where it is none."""

from __future__ import annotations

from salesops_nb.source.schema.contracts import SQL_TYPES
from salesops_nb.source.schema.raw import literal

SPACES = " \t\r\n\u00a0\u202f\u2007\u2008\u2009\u200a\ufeff"
_THIN = r"\x{a0}\x{202f}\x{2007}\x{2008}\x{2009}\x{200a}"
_SIGN = r"(\p{Sc}|[A-Z]{3}|(US|CA|AU|NZ|HK|MX|R)\$|kr|zł|Kč|Fr)"
_TIME = r"([T ,]+(\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?)\s*([AaPp]\.?[Mm]\.?)?\s*(Z|UTC|[+-]\d{2}(:?\d{2})?)?)?"
# a moment that says in which zone it is
ZONED = r".*\d:.*(Z|UTC|[+-]\d\d(:?\d\d)?)"
_ISO = r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})"
_SHORT = r"(\d{1,2})[-/. ](\d{1,2})[-/. ](\d{4}|\d{2})"
_NAMED = r"(\d{1,2}[-. ]+[A-Za-z]{3,9}[-. ,]+(\d{4}|\d{2})|[A-Za-z]{3,9}\.? \d{1,2},? \d{4})"


def trimmed(source: str) -> str:
    """The text without spaces around it, NULL where nothing is left."""
    return f"nullif(trim({source}, {literal(SPACES)}), '')"


def number(text: str, mark: str, kind: str) -> str:
    """A decimal written with the decimal mark, thousands in groups, a sign of currency, or (negative)."""
    sql_type = SQL_TYPES[kind]
    point, groups = (r"\.", rf"[, '’{_THIN}]") if mark == "." else (",", rf"[. '’{_THIN}]")
    # thousands, or lakhs and crores: 12,34,567
    whole = rf"(\d{{1,3}}({groups}\d{{3}})+|\d{{1,2}}({groups}\d{{2}})+{groups}\d{{3}}|\d+)"
    fraction = "" if kind == "whole" else rf"({point}\d*)?"
    body = rf"({whole}{fraction}|{point}\d+)" if kind != "whole" else rf"{whole}(\.0+)?"
    signed = rf"([-+−]\s*({_SIGN}\s*)?|({_SIGN}\s*)?[-+−]?\s*){body}\s*({_SIGN})?\s*[-−]?"
    pattern = rf"({signed})|({_SIGN}\s*)?\(\s*({_SIGN}\s*)?{body}\s*({_SIGN})?\s*\)\s*({_SIGN})?"
    digits = f"regexp_replace({text}, '[^0-9{mark}]', '', 'g')"
    if kind == "whole":
        digits = f"regexp_replace(regexp_replace({text}, '\\.0+$', ''), '[^0-9]', '', 'g')"
    value = f"TRY_CAST(replace({digits}, ',', '.') AS DECIMAL(38,10))"
    negative = f"regexp_matches({text}, '\\(|^[^0-9]*[-−]|[-−]$')"
    plain = f"regexp_full_match({text}, '-?[0-9]{{1,13}}(\\.[0-9]{{1,4}})?')" if mark == "." else "false"
    if kind == "whole":
        plain = f"regexp_full_match({text}, '-?[0-9]{{1,18}}')"
    return (
        f"CASE WHEN {plain} THEN TRY_CAST({text} AS {sql_type}) "
        f"WHEN regexp_full_match({text}, '{pattern.replace(chr(39), chr(39) * 2)}') "
        f"THEN TRY_CAST({value} * CASE WHEN {negative} THEN -1 ELSE 1 END AS {sql_type}) END"
    )


def ratio(text: str, mark: str | None) -> str:
    """A share or rate, also as a percentage (45 % is 0.45), with a comma where it can only be a decimal one.

    `mark` is the declared decimal mark, or ``None``.
    """
    bare = f"rtrim({text}, '% ' || {literal(SPACES)})"
    if mark == ",":
        value = f"coalesce({number(bare, ',', 'ratio')}, {number(bare, '.', 'ratio')})"
    else:
        certain = r"[-+−]?\s*(\d*,(\d{1,2}|\d{4,})|0,\d{3}|\d{4,},\d{3})"
        comma = f"regexp_full_match({bare}, {literal(certain)})"
        plain = f"CASE WHEN {comma} THEN replace({bare}, ',', '.') ELSE {bare} END" if mark is None else bare
        value = number(plain, ".", "ratio")
    hundredth = f"regexp_full_match({text}, '[^%]*%')"
    return f"({value}) * CASE WHEN {hundredth} THEN 0.01 WHEN NOT contains({text}, '%') THEN 1 END"


def day(text: str, order: str, zone: str) -> str:
    """A day: ISO, year last in the given order, 1 Feb 2017, 20170201; a moment's day in the zone."""
    moment = f"CAST({_zoned(text, zone)} AS DATE)"
    return (
        f"CASE WHEN regexp_full_match({text}, '\\d{{4}}-\\d\\d-\\d\\d') THEN TRY_CAST({text} AS DATE) "
        f"WHEN regexp_full_match({text}, '{ZONED}') THEN {moment} "
        f"ELSE {_local_day(text, order)} END"
    )


def moment(text: str, order: str, zone: str) -> str:
    """A moment on the company's own clock; a day alone is its midnight."""
    clock = f"upper(replace(regexp_extract({text}, '{_TIME}$', 2) || ' ' || {_half(text)}, '.', ''))"
    hour24 = f"TRY_CAST(regexp_extract({text}, '{_TIME}$', 2) AS TIME)"
    hour12 = f"CAST(try_strptime({clock}, ['%I:%M %p', '%I:%M:%S %p']) AS TIME)"
    time = (
        f"CASE WHEN NOT regexp_matches({text}, '\\d:') THEN TIME '00:00' "
        f"WHEN {_half(text)} <> '' THEN {hour12} ELSE {hour24} END"
    )
    return (
        f"CASE WHEN regexp_full_match({text}, '{ZONED}') "
        f"THEN {_zoned(text, zone)} ELSE {_local_day(text, order)} + ({time}) END"
    )


def without_midnight(text: str) -> str:
    """The text of a midnight without its clock and zone: its day, as it is written."""
    return f"regexp_replace({text}, '[T ]+00:00.*$', '')"


TRUE = ("true", "yes", "y", "t", "1")


def flag(text: str) -> str:
    """True for true, yes, y, t, 1; false for false, no, n, f, 0."""
    return (
        f"CASE WHEN lower({text}) IN {TRUE} THEN true "
        f"WHEN lower({text}) IN ('false', 'no', 'n', 'f', '0') THEN false END"
    )


def _half(text: str) -> str:
    return f"regexp_extract({text}, '{_TIME}$', 5)"


def _zoned(text: str, zone: str) -> str:
    return f"(TRY_CAST(replace({text}, 'UTC', 'Z') AS TIMESTAMPTZ) AT TIME ZONE {literal(zone)})"


def _local_day(text: str, order: str) -> str:
    """The day of a text without a time zone."""
    iso = f"regexp_full_match({text}, '{_ISO}{_TIME}')"
    short = f"regexp_full_match({text}, '{_SHORT}{_TIME}')"
    named = f"regexp_full_match({text}, '{_NAMED}{_TIME}')"
    words = f"regexp_replace(regexp_extract({text}, '{_NAMED}', 1), '[-., ]+', ' ', 'g')"
    formats = "['%d %b %y', '%d %B %y', '%d %b %Y', '%d %B %Y', '%b %d %Y', '%B %d %Y']"
    return (
        f"CASE WHEN {iso} THEN {_date(text, _ISO, 1, 2, 3)} WHEN {short} THEN {_short(text, order)} "
        f"WHEN regexp_full_match({text}, '(19|20|21)\\d{{6}}') THEN "
        f"CAST(try_strptime({text}, '%Y%m%d') AS DATE) "
        f"WHEN {named} THEN CAST(try_strptime({words}, {formats}) AS DATE) END"
    )


def _short(text: str, order: str) -> str:
    if order == "ymd":
        return f"CASE WHEN length({_part(text, _SHORT, 3)}) = 2 THEN {_date(text, _SHORT, 1, 2, 3)} END"
    first, second = (2, 1) if order == "dmy" else (1, 2)
    return _date(text, _SHORT, 3, first, second)


def _part(text: str, pattern: str, number: int) -> str:
    return f"regexp_extract({text}, '^{pattern}', {number})"


def _date(text: str, pattern: str, year: int, month: int, day: int) -> str:
    written = _part(text, pattern, year)
    century = f"CASE WHEN length({written}) = 4 THEN '' WHEN {written} < '70' THEN '20' ELSE '19' END"
    parts = f"{century} || {written}", _part(text, pattern, month), _part(text, pattern, day)
    return (
        f"TRY_CAST({parts[0]} || '-' || lpad({parts[1]}, 2, '0') || '-' || lpad({parts[2]}, 2, '0') AS DATE)"
    )
