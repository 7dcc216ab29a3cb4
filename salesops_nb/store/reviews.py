"""Recording a performance review: its headlines, and the figures of every team and rep."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import Engine

from salesops_nb.store.runs import record
from salesops_nb.version import __version__

if TYPE_CHECKING:
    import pandas as pd

_UNITS = {
    "bookings": "money", "target": "money", "attainment": "share", "won": "deals", "lost": "deals",
    "win_rate": "share", "win_rate_value": "share", "average_deal": "money", "pipeline": "money",
    "pipeline_due": "money", "coverage": "times", "stale_deals": "deals", "stale_value": "money",
    "days_to_win": "days", "velocity": "money a day",
}  # fmt: skip


def record_review(
    engine: Engine,
    review: Any,
    parameters: dict[str, Any],
    fingerprint: str,
    more: Sequence[tuple[str, str, str, Any, str]] = (),
) -> str:
    """Record what a review found; the same review twice is one record. Gives the run's id.

    `more` are further figures, as of calls: level, who, metric, value, unit. Other ones make another record.
    """
    scope = (review.level, review.who or "company")
    found = [*_of("company" if not review.who else review.level, scope[1], review.company)]
    for level, table in (("team", review.teams), ("rep", review.people)):
        if level != review.level:
            for who, row in table.iterrows():
                found += _of(level, str(who), row)
    if more:
        found += more
        content = json.dumps([[str(each) for each in row] for row in more])
        parameters = {**parameters, "more": hashlib.sha256(content.encode()).hexdigest()}
    return record(engine, "performance_review", parameters, review.as_of, fingerprint, __version__, found)


def _of(level: str, who: str, row: pd.Series[Any]) -> Iterator[tuple[str, str, str, Any, str]]:
    for metric, unit in _UNITS.items():
        yield level, who, metric, row[metric], unit
