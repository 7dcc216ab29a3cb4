"""Secrets kept out of what is written and printed: passwords of addresses, tokens, keys.

Errors of drivers repeat the address they were given, whole, in parts, decoded or encoded. Whatever is told of
an error goes through `masked`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from urllib.parse import quote, quote_plus, unquote, unquote_plus

MASK = "***"
_NAMES = (
    r"[\w.-]*(?:pass(?:word|wd|phrase|code)?|pwd|secret|token|credentials?|(?:api|access|account|private|"
    r"secret|shared|ssl)[ _-]?key|key[ _-]?(?:file|path|content)|authorization)[\w.-]*"
)
_SECRET_NAME = re.compile(_NAMES, re.IGNORECASE)
# user:password@ of an address, to the last @ there is: a password may hold any letter; also where a / lacks
_ADDRESS = re.compile(r"(\b[a-z][a-z0-9+.-]*:/{1,2}[^\s/:@'\"]*:)([^\s'\"]+)(@)", re.IGNORECASE)
# name=value of a query or an ODBC string, plain or percent-encoded, and "name": "value"
_ASSIGNED = re.compile(
    rf"(?<![\w%])((?:%[0-9a-f]{{2}})?{_NAMES}\s*=\s*)"
    r"(\{(?:[^}]|\}\})*\}|'[^']*'|\"[^\"]*\"|[^\s;&,'\")\]]+)",
    re.IGNORECASE,
)
_ENCODED = re.compile(
    rf"({_NAMES}(?:\+|%20)*%3D(?:\+|%20)*)"
    r"(%7B(?:(?!%7D)[^\s&;'\"]|%7D%7D)*%7D|(?:(?!%3B|%26)[^\s&;'\"])+)",
    re.IGNORECASE,
)
_QUOTED = re.compile(rf"(['\"]{_NAMES}['\"]\s*:\s*)('[^']*'|\"[^\"]*\")", re.IGNORECASE)
_SHORTEST = 3  # of a part of a password that is looked for by itself
_SHORTEST_ELSEWHERE = 6  # of a secret of the environment


def masked(text: str, *addresses: str, secrets: Iterable[str] = ()) -> str:
    """The text without the passwords, tokens and keys in it.

    Parameters
    ----------
    text : an error's words, a traceback, an address.
    addresses : URLs or ODBC strings whose secrets are taken out wherever they stand, in any form; those of
        the environment are always.
    secrets : passwords that stand by themselves, taken out plain and percent-encoded.
    """
    known = {part for address in addresses for part in _parts(address)} | set(_of_environment())
    known |= {form for secret in secrets for form in _forms(secret) if len(form) >= _SHORTEST}
    for secret in sorted(known, key=len, reverse=True):
        text = text.replace(secret, MASK)
    text = _ADDRESS.sub(rf"\1{MASK}\3", text)
    for pattern in (_ENCODED, _ASSIGNED, _QUOTED):
        text = pattern.sub(rf"\1{MASK}", text)
    return text


def reason(error: BaseException, address: str) -> str:
    """Why a database cannot be opened, as a clause without the address's secrets.

    Of a server that does not answer it is the system's own word, not what the driver makes of it.
    """
    causes = [error]
    while (cause := causes[-1].__cause__) is not None and cause not in causes:
        causes.append(cause)
    for each in reversed(causes):
        if isinstance(each, OSError) and (each.strerror or isinstance(each, TimeoutError)):
            return masked(f"the server does not answer ({each.strerror or 'timed out'})", address)
    if isinstance(causes[-1], TypeError):
        return masked(f"a setting after ? in its address cannot be used ({causes[-1]})", address)
    chosen = causes[min(1, len(causes) - 1)]
    return masked((str(chosen).splitlines() or [type(error).__name__])[0].rstrip("."), address)


def secrets_of(address: str) -> set[str]:
    """The passwords, tokens and keys that an address holds, as it writes them."""
    found = {match[2] for match in _ADDRESS.finditer(address)}
    for text in {address, unquote_plus(address), unquote(address)}:
        found |= {match[2].strip("{}'\"") for match in _ASSIGNED.finditer(text)}
    found |= {match[2] for match in _ENCODED.finditer(address)}
    return found - {"", MASK}


def _parts(address: str) -> Iterator[str]:
    """A secret in every form a driver may repeat it, and the parts that one read wrongly makes of it."""
    for secret in secrets_of(address):
        for form in _forms(secret):
            if len(form) >= _SHORTEST:
                yield form
            ends = [0, *(match.end() for match in re.finditer(r"[@:/?#&;]", form)), len(form) + 1][:12]
            between = (form[a : b - 1] for i, a in enumerate(ends) for b in ends[i + 1 :])
            yield from (part for part in between if len(part) > _SHORTEST)


def _forms(secret: str) -> Iterable[str]:
    plain = unquote(secret)
    return {secret, plain, unquote_plus(secret), quote(plain), quote(plain, safe=""), quote_plus(plain)}


def _of_environment() -> Iterator[str]:
    """What variables of the environment hold that are secrets by their name, or addresses with one."""
    for name, value in os.environ.items():
        if _SECRET_NAME.fullmatch(name) and name not in ("PWD", "OLDPWD"):
            found: Iterable[str] = _forms(value)
        else:
            found = _parts(value) if "://" in value or ";" in value else ()
        yield from (each for each in found if len(each) >= _SHORTEST_ELSEWHERE)
