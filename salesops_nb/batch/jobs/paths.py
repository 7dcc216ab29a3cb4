"""Values of the data as names in a path: safe on every system, short, and never another's later.

A name is a readable part and a hash of the whole value. It depends on that value alone, so a namesake who
joins or leaves changes nobody's path, and two values never share one, whatever their script or case.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Mapping
from pathlib import Path

from salesops_nb.errors import SalesopsError, problem

READABLE = 40  # letters
LONGEST = 200  # bytes of one part of a path; file systems take 255, and endings are added
_PLACE = re.compile(r"\{[a-z_]+\}")
_RESERVED = re.compile(r"con|prn|aux|nul|(?:com|lpt)[0-9]", re.IGNORECASE)
# of the batch's own making, and safe as they are
_OWN = ("period", "as_of", "report")
# what namesakes share, though a folder of that name is meant to be one person's
_SHARED = ("name", "title")
_IDS = ("rep", "who", "person_id")  # which a path says by the name


def path_name(value: str, of: str = "") -> str:
    """The value as a name in a path, such as ``jose-3f2a9c81d4``: ASCII, lower case, at most 51 letters.

    `of` is the id of whom it is, where others may bear the same name.
    """
    whole = f"{value}\0{of}" if of else value
    return f"{_readable(value)}-{_digest(whole)}"


def _digest(value: str) -> str:
    return hashlib.blake2b(value.encode("utf-8", "surrogatepass"), digest_size=5).hexdigest()


def _readable(value: str) -> str:
    plain = unicodedata.normalize("NFKD", value).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:READABLE].strip("-") or "x"


def path_of(who: str, name: str) -> str:
    """The name in a path of whom a report is about: readable by the name, its own by the id alone.

    Where the id is the name it is the id's `path_name`.
    """
    return f"{_readable(name)}-{_digest(who)}"


def path_facts(facts: Mapping[str, str], bare_name: str | None = None) -> dict[str, str]:
    """What ``{…}`` may name in a path: every value of the data as a name, a period as its key.

    A rep's name, and a title with it, is that rep's alone, so that two namesakes have no folder in common.
    `bare_name` takes the name's place, so that the folder stays when a namesake comes or goes.
    """
    who, name = facts.get("rep", ""), facts.get("name", "")
    bare = name if bare_name is None else bare_name

    def named(key: str, value: str) -> str:
        if key in _OWN:
            return _own(value)
        if who and key in _IDS and value == who:
            return path_of(who, bare or who)
        return path_name(value.replace(name, bare), who) if key in _SHARED else path_name(value)

    return {key: named(key, value) for key, value in facts.items()}


def _own(value: str) -> str:
    """A key of the batch's own making as a name: ``cal-2017-Q3``, ``2013-05-30_2014-05-30``."""
    return value.replace(":", "-").replace("..", "_")


def check_place(template: str, filled: str, home: Path, report: str) -> None:
    """Raise `SalesopsError` where a folder of copies lies neither in the workbook nor where `to` declares.

    A relative `to` stays in the workbook. An absolute one stays in the folder that it names before its
    first ``{…}``. Links are followed.
    """
    root = home
    if Path(template).is_absolute():
        before = _PLACE.split(template, maxsplit=1)[0]
        root = Path(before if before == template or before.endswith("/") else Path(before).parent)
    if "\0" in filled or any(len(part.encode()) > LONGEST for part in Path(filled).parts):
        raise SalesopsError(
            problem("bad-folder.not-a-name", file="reports.yml", column="to", value=template, report=report)
        )
    place = (home / filled).resolve()
    if not place.is_relative_to(root.resolve()):
        raise SalesopsError(
            problem(
                "bad-folder.outside",
                file="reports.yml",
                column="to",
                value=template,
                report=report,
                place=place,
                root=root,
            )
        )


def unfit_name(name: str) -> str | None:
    """Why a report cannot have this name in reports.yml, as a clause; None where it can."""
    if len(name) > 60:
        return f"has {len(name)} letters; at most 60 fit into a path"
    if _RESERVED.fullmatch(name):
        return "is a device's name on Windows"
    if name.lower() == "index":
        return "is the name of the run's own page"
    if "--" in name:
        return "has '--', which parts a report from whom it is about"
    return None
