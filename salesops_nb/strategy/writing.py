"""A proposed version made from the one in force, and written into the strategy file once it is approved."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import date
from io import StringIO
from pathlib import Path
from typing import Any

from salesops_nb.core.yaml_file import read_yaml
from salesops_nb.errors import SalesopsError, problem
from salesops_nb.strategy.versions import Strategy, Version, read

OF_APPROVAL = ("version", "valid_from", "valid_to", "author", "approver", "reason")
_NOBODY = "to be approved"


def content_of(version: Version) -> dict[str, Any]:
    """What a version says, as the file holds it, without who wrote and approved it."""
    found: dict[str, Any] = _plain(
        version.model_dump(mode="json", exclude=set(OF_APPROVAL), exclude_defaults=True)
    )
    return found


def _plain(value: Any) -> Any:
    """Whole numbers as people write them."""
    if isinstance(value, dict):
        return {key: _plain(inside) for key, inside in value.items()}
    if isinstance(value, list):
        return [_plain(inside) for inside in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def with_figures(version: Version, figures: Mapping[str, float], review_on: date) -> dict[str, Any]:
    """The content of a version whose claims have other figures, to be looked at again on a day.

    Raises `SalesopsError` for a claim that the version does not make.

    Examples
    --------
    >>> from datetime import date
    >>> from pathlib import Path
    >>> from salesops_nb import strategy
    >>> from salesops_nb.strategy.writing import with_figures
    >>> from salesops_nb.workbook import load_settings
    >>> now = strategy.load(Path("."), load_settings(Path("."))).in_force(date(2017, 12, 31))
    >>> with_figures(now, {"deal size": 2360}, date(2018, 6, 30))["sales_model"]["claims"][1]["value"]
    2360
    """
    content = content_of(version)
    claims = content.get("sales_model", {}).get("claims", [])
    known = {str(claim["name"]).casefold(): claim for claim in claims}
    for name, value in figures.items():
        claim = known.get(name.strip().casefold())
        if claim is None:
            said = ", ".join(str(claim["name"]) for claim in claims) or "–"
            raise SalesopsError(problem("no-such-claim", value=name, known=said))
        claim["value"] = _plain(float(value))
        claim["review_on"] = review_on.isoformat()
    return content


def checked(
    content: Mapping[str, Any], strategy: Strategy, path: Path, author: str, reason: str, start: date
) -> Version:
    """A proposed version, valid in itself and after those that there are; raises `SalesopsError` with every
    fault."""
    top = strategy.versions[0]
    signed = {
        **{k: v for k, v in content.items() if k not in OF_APPROVAL},
        "valid_from": start,
        "author": author,
        "reason": reason,
        "approver": _NOBODY,
    }
    made = read(signed, path.with_name("proposal")).versions[0]
    if start <= top.start:
        raise SalesopsError(
            problem(
                "strategy-overlap.proposal",
                column="valid_from",
                value=start.isoformat(),
                first=top.start.isoformat(),
            )
        )
    return made


def write_version(
    path: Path,
    content: Mapping[str, Any],
    *,
    based_on: str,
    valid_from: date,
    author: str,
    approver: str,
    reason: str,
) -> int:
    """Put an approved version at the top of the file and the one before it under `earlier`; its number.

    Comments stay with what they are about. Raises `SalesopsError`, and writes nothing, where the file has
    changed since the proposal or would not be valid.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.comments import CommentedMap, CommentedSeq

    before = read(read_yaml(path), path)
    top = before.versions[0]
    if called(top) != based_on:
        raise SalesopsError(problem("strategy-moved-on", file=path.name, value=based_on, name=called(top)))
    reader = YAML(typ="rt", pure=True)
    reader.preserve_quotes = True
    reader.width = 120
    old = reader.load(path.read_text(encoding="utf-8-sig")) or CommentedMap()
    fields = list(Version.model_fields)
    last = CommentedMap((name, old[name]) for name in old if name in fields)
    number = (top.version or len(before.versions)) + 1
    for name in last:
        del old[name]
    signed = {
        "version": number,
        "valid_from": valid_from,
        "author": author,
        "approver": approver,
        "reason": reason,
    }
    at = 1 if "simulated" in old else 0
    for name, value in [
        *signed.items(),
        *((k, _dated(v)) for k, v in content.items() if k not in OF_APPROVAL),
    ]:
        old.insert(at, name, value)
        at += 1
    earlier = old.get("earlier") or CommentedSeq()
    earlier.insert(0, last)
    old["earlier"] = earlier
    text = StringIO()
    reader.dump(old, text)
    read(YAML(typ="safe").load(text.getvalue()), path)
    beside = path.with_name(f".{path.name}.new")
    beside.write_text(text.getvalue(), encoding="utf-8")
    os.replace(beside, path)
    return number


def called(version: Version) -> str:
    """What a version goes by: its number, or its first day where it has none."""
    return str(version.version) if version.version is not None else version.start.isoformat()


def _dated(value: Any) -> Any:
    """Days that a store keeps as text, as days again."""
    if isinstance(value, Mapping):
        return {key: _dated(inside) for key, inside in value.items()}
    if isinstance(value, list):
        return [_dated(inside) for inside in value]
    if isinstance(value, str) and len(value) == 10:
        try:
            return date.fromisoformat(value)
        except ValueError:
            return value
    return value
