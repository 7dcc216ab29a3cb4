"""Activities beyond those that happened: planned ones, further mails, and how people log them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from salesops_nb.simulate.crm import DAY, Array, Crm, stream
from salesops_nb.simulate.process.walks import NEVER, SECOND, moments

Columns = dict[str, Any]
NONE: Any = None
MAIL_OUTCOMES = ("replied", "no reply", "out of office", "bounced")
MAIL_SHARES = (0.27, 0.60, 0.08, 0.05)
PLANNED_KINDS = ("call", "meeting", "demo")
HOUR = 3600 * SECOND


@dataclass(frozen=True)
class Logging:
    """Who does not log, who logs on Fridays only, and how many rows come on top.

    `silent` people keep one in ten of their activities. `mails` more mails are sent, `ahead` activities
    are planned after the data's last day, and `missed` were planned before it and never happened.

    Examples
    --------
    >>> from salesops_nb import simulate
    >>> simulate.Logging(mails=100).missed
    1100
    """

    silent: tuple[str, ...] = ("Niesha Huffines", "Reed Clapper")
    fridays: str = "James Ascencio"
    left: float = 0.1
    mails: int = 8900
    ahead: int = 1500
    missed: int = 1100


def touches(crm: Crm, prospected: Array, made: Columns, seed: int, logging: Logging) -> Columns:
    """The activities of `life.activities` with those on top: ids go on, rows stay in the order of ids."""
    rng = stream(seed, "logging")
    n = len(made["activity_id"])
    silent = np.isin(made["person_id"], logging.silent)
    keep = ~silent | (rng.random(n) < logging.left)
    base = {name: np.asarray(values)[keep] for name, values in made.items()}
    base["planned_at"] = np.full(keep.sum(), NEVER)
    more = _concatenated(
        [
            _mails(crm, prospected, stream(seed, "mails"), logging),
            _planned(crm, prospected, stream(seed, "planned"), logging),
        ]
    )
    more["activity_id"] = np.array([f"A{n + i:06d}" for i in range(1, len(more["kind"]) + 1)])
    made = _concatenated([base, more])
    mail = (made["kind"] == "email") & ~np.isnat(made["happened_at"])
    answers = stream(seed, "mail outcomes").choice(MAIL_OUTCOMES, len(mail), p=MAIL_SHARES)
    made["outcome"] = np.where(mail, answers, made["outcome"])
    deal = np.searchsorted(crm.deals["id"].astype(str), made["deal_id"].astype(str))
    made["logged_at"] = _logged(made, prospected[deal], crm.through, logging, stream(seed, "logged"))
    names = ("activity_id", "person_id", "kind", "happened_at", "planned_at", "logged_at", "deal_id")
    return {name: made[name] for name in (*names, "account_id", "minutes", "outcome", "next_step")}


def _mails(crm: Crm, prospected: Array, rng: np.random.Generator, logging: Logging) -> Columns:
    """Mails in the life of deals, the longer a deal the more; none of those who do not log."""
    last = np.where(np.isnat(crm.deals["closed"]), crm.through, crm.deals["closed"]) + DAY
    room = np.minimum(np.busday_count(prospected, last), 60) * ~np.isin(crm.deals["agent"], logging.silent)
    deal = rng.choice(len(room), logging.mails, p=room / room.sum())
    at = moments(prospected[deal], last[deal], rng.random(len(deal)))
    minutes = np.maximum(1, np.rint(6 * rng.gamma(4.0, 0.25, len(deal)))).astype(int)
    return _rows(crm, deal, np.full(len(deal), "email"), at, np.full(len(deal), NEVER), minutes, rng)


def _planned(crm: Crm, prospected: Array, rng: np.random.Generator, logging: Logging) -> Columns:
    """What is planned for open deals in the next weeks, and what was planned and did not take place."""
    loud = ~np.isin(crm.deals["agent"], (*logging.silent, logging.fridays))
    ahead = rng.choice(np.flatnonzero(np.isnat(crm.deals["closed"]) & loud), logging.ahead)
    begin = np.full(len(ahead), crm.through + DAY)
    soon = np.floor(rng.exponential(9.0, len(ahead))).astype(int) % 45
    after = moments(begin + soon * DAY, begin + (soon + 5) * DAY, rng.random(len(ahead)))
    last = np.where(np.isnat(crm.deals["closed"]), crm.through, crm.deals["closed"])
    room = np.busday_count(prospected, last)
    missed = rng.choice(np.flatnonzero((room > 1) & loud), logging.missed)
    before = moments(prospected[missed] + DAY, last[missed], rng.random(len(missed)))
    deal = np.concatenate([ahead, missed])
    kind = rng.choice(PLANNED_KINDS, len(deal), p=(0.45, 0.4, 0.15))
    gap = np.full(len(deal), NONE)
    return _rows(crm, deal, kind, np.full(len(deal), NEVER), np.concatenate([after, before]), gap, rng)


def _rows(
    crm: Crm, deal: Array, kind: Array, at: Array, planned: Array, minutes: Array, rng: np.random.Generator
) -> Columns:
    """Rows of the deals' owners, in the order of their moments."""
    order = np.lexsort((deal, np.where(np.isnat(at), planned, at)))
    account = crm.deals["account"][deal]
    none = np.full(len(deal), NONE)
    return {
        "person_id": crm.deals["agent"][deal][order],
        "kind": kind[order],
        "happened_at": at[order],
        "planned_at": planned[order],
        "deal_id": crm.deals["id"][deal][order],
        "account_id": np.where(account == "", NONE, account)[order],
        "minutes": minutes[order],
        "outcome": none,
        "next_step": none,
    }


def _concatenated(parts: list[Columns]) -> Columns:
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _logged(
    made: Columns, prospected: Array, through: np.datetime64, logging: Logging, rng: np.random.Generator
) -> Array:
    """When each row was written down: within four hours, or on the Friday after by one who does so weekly.

    A planned activity was written down up to ten working days before, in the life of its deal and the data.
    """
    happened, planned = made["happened_at"], made["planned_at"]
    n = len(happened)
    last = np.busday_offset(through, 0, roll="backward")
    late = rng.integers(1, 24, n) * (HOUR // 6)
    day = np.where(np.isnat(happened), last, happened.astype("datetime64[D]"))
    friday = np.busday_offset(day, 0, roll="forward", weekmask="Fri").astype("datetime64[s]")
    weekly = friday + 18 * HOUR + rng.integers(0, 60, n) * (HOUR // 60)
    logged = np.where(made["person_id"] == logging.fridays, weekly, happened + late)
    plan = np.where(np.isnat(planned), last, planned.astype("datetime64[D]"))
    early = np.busday_offset(plan, -rng.integers(1, 10, n), roll="backward")
    early = np.minimum(np.maximum(early, prospected), last).astype("datetime64[s]")
    early = early + 10 * HOUR + rng.integers(0, 36, n) * (HOUR // 6)
    written: Array = np.where(np.isnat(happened), early, logged)
    return written
