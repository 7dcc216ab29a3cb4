"""Locked units, and the pairs of unit and rep that may not be."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from salesops_nb.messages import message
from salesops_nb.territory.inputs.findings import (
    REP_COLUMNS,
    Findings,
    is_table,
    some,
    texts,
    to_pandas,
    yes_or_no,
)
from salesops_nb.territory.inputs.reps import Reps
from salesops_nb.territory.inputs.units import Units, rep_mapping, warn_unknown, zeros_hint

Ints = NDArray[np.int64]


def read_locks(locked: Any, units: Units, had: Mapping[str, str], findings: Findings) -> dict[str, str]:
    """Locked unit to its rep: a mapping, a frame, a column of yes and no, or ids that keep today's rep."""
    if locked is None:
        return {}
    frame = to_pandas(locked, "locked") if is_table(locked) else None
    if isinstance(locked, Mapping) or (frame is not None and len(frame.columns) > 1):
        return rep_mapping(locked, units, "locked", findings)
    if isinstance(locked, str) and locked in units.frame.columns:
        chosen = yes_or_no(units.frame, locked, "units", False, findings)
        findings.stop()
        ids = [unit for unit, yes in zip(units.ids, chosen, strict=True) if yes]
    elif isinstance(locked, str):
        ids = [locked]
    elif frame is not None:
        ids = texts(frame.iloc[:, 0])
    elif isinstance(locked, Iterable):
        ids = texts(locked)
    else:
        findings.add("bad-locks", table="parameters", locked=locked)
        findings.stop()
        return {}
    result = {}
    unknown = [unit for unit in ids if unit not in units.number]
    if unknown:
        warn_unknown("locked", unknown, units, findings, "locked", "Check the ids and the scope.")
    for unit in ids:
        if unit not in units.number:
            continue
        if unit not in had:
            findings.add("no-current.locked", table="locked", value=unit)
        else:
            result[unit] = had[unit]
    findings.stop()
    return result


def allowed_pairs(
    units: Units, reps: Reps, item: Ints, locks: Mapping[str, str], forbidden: Any, findings: Findings
) -> NDArray[np.bool_]:
    """(items, k) pairs that may be."""
    allowed = np.ones((int(item.max()) + 1, len(reps.names)), dtype=bool)
    number = units.number
    strange = []
    for unit, rep in _forbidden_pairs(forbidden, findings):
        if unit in number and rep in reps.number:
            allowed[item[number[unit]], reps.number[rep]] = False
        else:
            strange.append((unit, rep))
    if strange:
        unit, rep = strange[0]
        findings.add(
            "unknown-unit.forbidden" if unit not in number else "unknown-rep.forbidden",
            table="forbidden",
            value=f"{unit}, {rep}",
            counted=message("{n} pair", "{n} pairs", n=len(strange)),
            unit=unit,
            rep=rep,
            hint=zeros_hint([u for u, _ in strange], units),
        )
    bound: dict[int, tuple[str, str]] = {}
    for unit, rep in locks.items():
        if rep not in reps.number:
            findings.add("unknown-rep.locked", table="locked", value=rep, unit=unit)
            continue
        c, j = item[number[unit]], reps.number[rep]
        other = bound.setdefault(int(c), (unit, rep))
        if other[1] != rep or not allowed[c, j]:
            findings.add(
                "conflict.locked-twice" if other[1] != rep else "conflict.locked-and-forbidden",
                table="locked",
                value=unit,
                rep=rep,
                unit=other[0] if other[1] != rep else None,
                its_rep=other[1] if other[1] != rep else None,
            )
            continue
        allowed[c] = False
        allowed[c, j] = True
    lost = [units.ids[int(np.flatnonzero(item == c)[0])] for c in np.flatnonzero(~allowed.any(axis=1))]
    if lost:
        findings.add(
            "nobody-left",
            table="forbidden",
            value=lost[0],
            counted=message("{n} unit is", "{n} units are", n=len(lost)),
            lost=some(lost),
        )
    return allowed


def _forbidden_pairs(forbidden: Any, findings: Findings) -> list[tuple[str, str]]:
    """Pairs of unit and rep from a table, pairs, or a mapping from unit to rep or reps."""
    if forbidden is None:
        return []
    if isinstance(forbidden, Mapping):
        return [
            (texts([unit])[0], rep)
            for unit, reps in forbidden.items()
            for rep in texts([reps] if isinstance(reps, str) or not isinstance(reps, Iterable) else reps)
        ]
    if is_table(forbidden):
        frame = to_pandas(forbidden, "forbidden")
        column = next((c for c in REP_COLUMNS if c in frame.columns), None)
        if column is not None and "unit_id" in frame:
            return list(zip(texts(frame["unit_id"]), texts(frame[column]), strict=True))
        findings.add(
            "missing-column.forbidden",
            table="forbidden",
            columns=some(frame.columns, 12) or message("none"),
        )
        findings.stop()
    pairs = []
    for at, pair in enumerate(forbidden if isinstance(forbidden, Iterable) else [forbidden]):
        if isinstance(pair, str) or not isinstance(pair, Iterable) or len(list(pair)) != 2:
            findings.add("bad-pair", table="forbidden", value=pair, at=at + 1)
            findings.stop()
        unit, rep = pair
        pairs.append((texts([unit])[0], texts([rep])[0]))
    return pairs
