"""The lives of deals as plain arrays: when each came and closed, and what it was on any day between."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
NEVER = 2_000_000  # a day that does not come; days are counted from 1970-01-01
_DAYS = 4_000_000  # more than any day, so that deal × _DAYS + day is in the order of both


@dataclass(frozen=True)
class Changes:
    """Something of deals that changes: `deal`, `day` and `value` in the order of deal and day."""

    deal: Ints
    day: Ints
    value: npt.NDArray[np.generic]

    @classmethod
    def of(cls, deal: Ints, day: Ints, value: npt.NDArray[np.generic]) -> Changes:
        """Changes in any order; of one day the last given counts."""
        order = np.lexsort((day, deal))
        return cls(deal[order], day[order], value[order])

    def last_before(self, deals: Ints, day: int) -> Ints:
        """Where the last change of each deal before a day stands, -1 for none."""
        at = np.searchsorted(self.deal * _DAYS + self.day, deals * _DAYS + day) - 1
        return np.where((at >= 0) & (self.deal[np.maximum(at, 0)] == deals), at, -1) if len(self.deal) else at

    def first_from(self, deals: Ints, day: int) -> Ints:
        """Where the first change of each deal on a day or later stands, -1 for none."""
        at = np.searchsorted(self.deal * _DAYS + self.day, deals * _DAYS + day)
        inside = np.minimum(at, max(len(self.deal) - 1, 0))
        if not len(self.deal):
            return np.full(len(deals), -1, dtype=np.int64)
        return np.where((at < len(self.deal)) & (self.deal[inside] == deals), at, -1)


@dataclass(frozen=True)
class Lives:
    """Deals, one an item: `created` and `closed` (`NEVER` while open) as days from 1970, `won`, and `value`.

    `value` is what was booked, of an open deal what it stands for on the last day known. `stages` are codes
    by the day they were entered. On an earlier day a deal stood for what `values` say of it *before* its next
    change, else for `stood`; NaN, and `None` for all, where nobody knows. `mine` are the deals of the scope.
    `kind` says of which of the `kinds` each is: new, expansion and renewal are won at other rates, in other
    times and for other amounts.
    """

    created: Ints
    closed: Ints
    won: Bools
    value: Floats
    stages: Changes | None = None
    stood: Floats | None = None
    values: Changes | None = None
    mine: Bools | None = None
    kind: Ints | None = None
    kinds: tuple[str, ...] = ()

    def in_scope(self, which: Bools) -> Bools:
        """Of the chosen deals those of the scope."""
        return which if self.mine is None else which & self.mine

    def apart(self) -> dict[str, tuple[Lives, Lives]]:
        """Of each kind there are deals of, the lives of these alone, and all lives with them as the scope."""
        if self.kind is None or len(self.kinds) < 2:
            return {"": (self, self)}
        found = {}
        for code, name in enumerate(self.kinds):
            deals = np.flatnonzero(self.kind == code)
            if (self.created[deals] < NEVER).any():
                found[name] = self._only(deals), replace(self, mine=self.in_scope(self.kind == code))
        return found

    def _only(self, deals: Ints) -> Lives:
        """These deals alone, which are in order."""
        at = np.full(len(self.created), -1, dtype=np.int64)
        at[deals] = np.arange(len(deals))

        def of(changes: Changes | None) -> Changes | None:
            if changes is None or not len(changes.deal):
                return changes
            present = at[changes.deal] >= 0
            return Changes(at[changes.deal[present]], changes.day[present], changes.value[present])

        return Lives(
            self.created[deals], self.closed[deals], self.won[deals], self.value[deals], of(self.stages),
            None if self.stood is None else self.stood[deals], of(self.values),
            None if self.mine is None else self.mine[deals],
        )  # fmt: skip

    def known(self, day: int) -> Lives:
        """As they were known at the start of a day: closed later is open, created later is not there."""
        still = self.closed >= day
        return replace(
            self,
            closed=np.where(still, NEVER, self.closed),
            won=self.won & ~still,
            created=np.where(self.created < day, self.created, NEVER),
        )

    def open_at(self, day: int) -> Ints:
        """The deals that were open at the start of a day."""
        return np.flatnonzero((self.created < day) & (self.closed >= day))

    def stage_at(self, deals: Ints, day: int) -> Ints:
        """The stage each was in, as a code; -1 where none is known."""
        if self.stages is None:
            return np.full(len(deals), -1, dtype=np.int64)
        at = self.stages.last_before(deals, day)
        codes = self.stages.value.astype(np.int64)
        return np.where(at >= 0, codes[np.maximum(at, 0)], -1) if len(codes) else at

    def value_at(self, deals: Ints, day: int, today: bool) -> Floats:
        """What each stood for; NaN where it is not known. `today`: the day is the last that is known."""
        if today:
            return self.value[deals]
        own = np.full(len(deals), np.nan) if self.stood is None else self.stood[deals]
        if self.values is None:
            return own
        at = self.values.first_from(deals, day)
        logged = self.values.value.astype(float)
        return np.where(at >= 0, logged[np.maximum(at, 0)], own) if len(logged) else own
