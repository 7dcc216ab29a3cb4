"""What was changed on deals: stage, amount, expected close, owner and next step, each from old to new.

Replaying the changes of a field ends in the value that the deal has in its table. A closed deal has no
expected close and no next step there, so closing empties both.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from salesops_nb.simulate.crm import DAY, Array
from salesops_nb.simulate.process.planted import NEXT_STEPS, Process
from salesops_nb.simulate.process.walks import PARENT, SECOND, Spans, coded, moments, share_of
from salesops_nb.simulate.tables import money

FIELDS = ("stage", "amount", "expected_close_on", "owner_id", "next_step")
_WORD = pa.dictionary(pa.int32(), pa.string())
CHANGES_SCHEMA = pa.schema(
    [
        ("deal_id", _WORD),
        ("changed_at", pa.timestamp("s")),
        ("field", _WORD),
        ("old", pa.string()),
        ("new", pa.string()),
        ("by", _WORD),
    ]
)


@dataclass(frozen=True)
class Values:
    """Each deal's last values: cents (0 where the deal has none) and list price in cents, the expected
    close of an open deal, its next step (a position in `NEXT_STEPS`, -1 for none), owner and owner's
    manager, and the colleague who might have had it first (-1 for none), as positions of people."""

    cents: Array
    listed: Array
    expected: Array
    step: Array
    owner: Array
    manager: Array
    colleague: Array


@dataclass(frozen=True)
class _Part:
    """Changes of one field: the deals' positions, when, the texts before and after, by whom."""

    deal: Array
    at: Array
    old: pa.Array
    new: pa.Array
    by: Array


def changes_table(
    spans: Spans, values: Values, truth: Process, rng: np.random.Generator, ids: pa.Array, people: pa.Array
) -> pa.Table:
    """Draw the changes of every deal, in the order of deals and moments."""
    parts = [
        _stages(spans, values),
        _amounts(spans, values, truth, rng),
        _expected(spans, values, truth, rng),
        _owners(spans, values, truth, rng, people),
        _steps(spans, values, truth, rng),
    ]
    deal, at, by = (np.concatenate([getattr(p, k) for p in parts]) for k in ("deal", "at", "by"))
    field = np.repeat(np.arange(len(parts)), [len(p.deal) for p in parts])
    old, new = (pa.concat_arrays([getattr(p, k) for p in parts]) for k in ("old", "new"))
    order = np.lexsort((field, at, deal))
    return pa.table(
        {
            "deal_id": coded(deal[order], ids),
            "changed_at": pa.array(at[order]),
            "field": coded(field[order], pa.array(FIELDS)),
            "old": old.take(pa.array(order)),
            "new": new.take(pa.array(order)),
            "by": coded(by[order], people),
        },
        schema=CHANGES_SCHEMA,
    )


def _stages(spans: Spans, values: Values) -> _Part:
    """The deal's own stage: into Engaging, and to its end."""
    begun = np.flatnonzero(spans.is_engaged & ~np.isnat(spans.prospected))
    ended = np.flatnonzero(spans.is_closed)
    words = pa.array(["Prospecting", PARENT, "Won", "Lost"])
    old = np.concatenate([np.zeros(len(begun)), np.ones(len(ended))])
    new = np.concatenate([np.ones(len(begun)), np.where(spans.won[ended], 2, 3)])
    deal = np.concatenate([begun, ended])
    at = np.concatenate([spans.engaged[begun], spans.closed[ended]]).astype("datetime64[s]")
    return _Part(deal, at, _texts(old, words), _texts(new, words), values.owner[deal])


def _amounts(spans: Spans, values: Values, truth: Process, rng: np.random.Generator) -> _Part:
    """Some won deals were offered at another amount; one lost at nothing had been worth about its list."""
    n = len(values.cents)
    dear = np.abs(rng.normal(0.0, 0.12, n)) + 0.02
    before = np.rint(values.cents / 100 * np.where(rng.random(n) < 0.85, 1 + dear, 1 - dear / 2)) * 100
    changed = share_of(spans.won, truth.repriced, rng) & (before != values.cents)
    emptied = spans.is_closed & ~spans.won & (values.cents == 0)
    worth = np.rint(values.listed / 100 * rng.normal(0.98, 0.05, n)) * 100
    deal = np.flatnonzero(changed | emptied)
    late = moments(spans.engaged[deal], spans.end[deal], rng.uniform(0.3, 0.95, len(deal)))
    at = np.where(changed[deal], late, spans.closed[deal].astype("datetime64[s]"))
    old = np.where(changed, before, worth)[deal].astype(np.int64)
    return _Part(deal, at, _cents(old), _cents(values.cents[deal]), values.owner[deal])


def _expected(spans: Spans, values: Values, truth: Process, rng: np.random.Generator) -> _Part:
    """Pushes of the expected close, and its emptying by the close."""
    n = len(values.expected)
    span = np.where(spans.is_engaged, spans.end - spans.engaged, 0 * DAY).astype(np.int64)
    ahead = spans.is_engaged & ~spans.is_closed
    times = 1 + np.minimum(rng.poisson(0.6, n), 2)
    days = np.where(np.arange(3) < times[:, None], 5 + rng.geometric(1 / 22, (n, 3)), 0)
    # The last expectation of an open deal is given; its pushes fit between it and the first day.
    room = np.where(ahead, values.expected - spans.engaged, 0 * DAY).astype(np.int64)
    fits = ahead & (days.sum(axis=1) < room - 1)
    lost = spans.is_closed & ~spans.won
    pushed = share_of(spans.won, truth.pushed_won, rng) | share_of(lost, truth.pushed_lost, rng)
    pushed |= share_of(fits, truth.pushed_open, rng)
    days, times = np.where(pushed[:, None], days, 0), np.where(pushed, times, 0)
    # A pushed deal was expected within its span; one never pushed about when it closed.
    early = 1 + np.floor(rng.uniform(0.4, 0.9, n) * span).astype(np.int64)
    late = np.maximum(1, span + rng.integers(-7, 15, n))
    begins = spans.engaged + np.where(pushed, early, late) * DAY
    begins = np.where(ahead, values.expected - days.sum(axis=1) * DAY, begins)
    dates = begins[:, None] + np.concatenate([np.zeros((n, 1), np.int64), np.cumsum(days, axis=1)], 1) * DAY
    part = np.cumsum(rng.uniform(0.1, 1.0, (n, 4)), axis=1)
    part = (part / part[:, -1:])[:, :3] * 0.98
    deal, push = np.nonzero(np.arange(3) < times[:, None])
    when = moments(spans.engaged[deal], spans.end[deal], part[deal, push])
    ended = np.flatnonzero(spans.is_closed)
    before = np.concatenate([dates[deal, push], dates[ended, times[ended]]])
    after = np.concatenate([dates[deal, push + 1], np.full(len(ended), np.datetime64("NaT", "D"))])
    both = np.concatenate([deal, ended])
    at = np.concatenate([when, spans.closed[ended].astype("datetime64[s]")])
    return _Part(both, at, _days(before), _days(after), values.owner[both])


def _owners(
    spans: Spans, values: Values, truth: Process, rng: np.random.Generator, people: pa.Array
) -> _Part:
    """Deals that began with a colleague, given to their owner by the manager before the first office hour."""
    begun = np.where(np.isnat(spans.prospected), spans.engaged, spans.prospected)
    deal = np.flatnonzero(share_of(values.colleague >= 0, truth.handed, rng))
    at = begun[deal].astype("datetime64[s]") + (7 * 3600 + 60 * rng.integers(0, 55, len(deal))) * SECOND
    return _Part(
        deal,
        at,
        _texts(values.colleague[deal], people),
        _texts(values.owner[deal], people),
        values.manager[deal],
    )


def _steps(spans: Spans, values: Values, truth: Process, rng: np.random.Generator) -> _Part:
    """A next step written down, another after it, and none after the close."""
    n = len(values.step)
    first = np.where(values.step < 0, rng.integers(0, 4, n), (values.step + rng.integers(1, 4, n)) % 4)
    deal = np.flatnonzero(share_of(spans.is_engaged, truth.stepped, rng))
    early = moments(spans.engaged[deal], spans.end[deal], rng.uniform(0.02, 0.45, len(deal)))
    late = moments(spans.engaged[deal], spans.end[deal], rng.uniform(0.5, 0.98, len(deal)))
    late = np.where(spans.is_closed[deal], spans.closed[deal].astype("datetime64[s]"), late)
    words = pa.array(NEXT_STEPS)
    none = np.full(len(deal), -1)
    last = np.where(spans.is_closed[deal], -1, values.step[deal])
    both = np.concatenate([deal, deal])
    return _Part(
        both,
        np.concatenate([early, late]),
        _texts(np.concatenate([none, first[deal]]), words),
        _texts(np.concatenate([first[deal], last]), words),
        values.owner[both],
    )


def _texts(codes: Array, words: pa.Array) -> pa.Array:
    """Words by position; -1 is a gap."""
    return pc.cast(words, pa.string()).take(pa.array(codes.astype(np.int32), mask=codes < 0))


def _cents(cents: Array) -> pa.Array:
    return pc.cast(money(cents.astype(np.int64)), pa.string())


def _days(days: Array) -> pa.Array:
    return pc.cast(pa.array(days.astype("datetime64[D]")), pa.string())
