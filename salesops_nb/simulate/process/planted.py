"""What is planted in an invented sales process: the demo's values are the defaults."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from salesops_nb.errors import SalesopsError, problem

SUB_STAGES = ("Qualify", "Demo", "Proposal", "Negotiation")
SOURCES = ("website", "referral", "event", "outbound", "partner")
LOSS_REASONS = ("price", "competitor", "no decision", "timing", "features")
NEXT_STEPS = ("send offer", "call back", "book a demo", "meet decision maker")
COMPETITORS = ("Corvane", "Axelo Systems", "Brightpipe", "Deltrix")


def is_number(value: Any, low: float, high: float) -> bool:
    """Whether it is a number within the range."""
    return isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high


@dataclass(frozen=True)
class Process:
    """How deals go through the stages inside Engaging, change, and are lost.

    Parameters
    ----------
    days : a typical stay in each of `SUB_STAGES`; only their proportions count, as a deal's span is given.
    spread : standard deviation of a stay's logarithm.
    dies : share of the lost deals whose last sub-stage is each of `SUB_STAGES`.
    slow, slow_in, slow_stage : a stay in this stage and region is longer by a factor with the median
        `slow` and `slow_spread` as the standard deviation of its logarithm.
    loops : share of the deals beyond their first sub-stage that go back once.
    skips : share of the deals that reach a third sub-stage and leave out one before.
    bulk : so many deals of one team are moved on the day of the bulk update by its manager.
    pushed_lost, pushed_won, pushed_open : shares of engaged deals whose expected close is put off.
    repriced : share of the won deals whose amount changes once before the close.
    handed : share of the deals that begin with a colleague and are given to their owner at once.
    stepped : share of the engaged deals whose next step is written down and changed.
    price_in, price : lost deals of this segment name the price so many times as often.
    undecided : deals lost in the slow stage name 'no decision' so many times as often.
    blank : share of the lost deals without a reason.
    sources_won, sources_lost : shares of `SOURCES` among the won and the lost deals.

    Raises `SalesopsError` where a share is none, or a stage is not known.

    Examples
    --------
    >>> from salesops_nb import simulate
    >>> plain = simulate.Process(slow=1.0, loops=0.0, skips=0.0)
    >>> plain.pushed_lost, plain.slow_in
    (0.35, 'Central')
    """

    days: tuple[float, float, float, float] = (9.0, 12.0, 13.0, 10.0)
    spread: float = 0.55
    dies: tuple[float, float, float, float] = (0.22, 0.24, 0.34, 0.20)
    slow: float = 2.6
    slow_spread: float = 0.4
    slow_in: str = "Central"
    slow_stage: str = "Proposal"
    loops: float = 0.06
    skips: float = 0.08
    bulk: int = 160
    pushed_lost: float = 0.35
    pushed_won: float = 0.15
    pushed_open: float = 0.25
    repriced: float = 0.25
    handed: float = 0.02
    stepped: float = 0.10
    price_in: str = "retail"
    price: float = 4.0
    undecided: float = 4.0
    blank: float = 0.12
    sources_won: tuple[float, ...] = (0.30, 0.26, 0.15, 0.19, 0.10)
    sources_lost: tuple[float, ...] = (0.30, 0.12, 0.15, 0.33, 0.10)

    def __post_init__(self) -> None:
        shares = ("loops", "skips", "pushed_lost", "pushed_won", "pushed_open", "repriced", "handed",
                  "stepped", "blank")  # fmt: skip
        wrong = [f"{n} is {getattr(self, n)}" for n in shares if not is_number(getattr(self, n), 0, 1)]
        factors = ("slow", "price", "undecided")
        wrong += [f"{n} is {getattr(self, n)}" for n in factors if not is_number(getattr(self, n), 1e-9, 1e9)]
        least = ("spread", "slow_spread")
        wrong += [f"{n} is {getattr(self, n)}" for n in least if not is_number(getattr(self, n), 0, 100)]
        if not is_number(self.bulk, 0, 1e9) or self.bulk != int(self.bulk):
            wrong.append(f"bulk is {self.bulk}")
        if self.slow_stage not in SUB_STAGES:
            wrong.append(f"slow_stage is {self.slow_stage}")
        lists = {"days": SUB_STAGES, "dies": SUB_STAGES, "sources_won": SOURCES, "sources_lost": SOURCES}
        for name, words in lists.items():
            given = getattr(self, name)
            if not isinstance(given, tuple | list) or not all(is_number(x, 0, 1e9) for x in given):
                wrong.append(f"{name} is {given}")
            elif len(given) != len(words):
                wrong.append(f"{name} has {len(given)} numbers instead of {len(words)}")
            elif name == "days":
                wrong += [f"days has a stay of {stay}" for stay in given if not stay > 0]
            elif min(given) < 0 or abs(sum(given) - 1) > 1e-9:
                wrong.append(f"{name} adds up to {sum(given):g}")
        if wrong:
            raise SalesopsError(
                problem("bad-process", value=wrong[0], wrong=", ".join(wrong), stages=", ".join(SUB_STAGES))
            )

    def misplaced(self, regions: Iterable[str], industries: Iterable[str]) -> list[str]:
        """What is planted where there is no such region or industry, in words."""
        known = {"slow_in": sorted(set(regions)), "price_in": sorted(set(industries))}
        return [
            f"{name} of the process is {getattr(self, name)}, which is none of {', '.join(words)}"
            for name, words in known.items()
            if getattr(self, name) not in words
        ]

    @property
    def slow_code(self) -> int:
        """The position of the slow stage in `SUB_STAGES`."""
        return SUB_STAGES.index(self.slow_stage)
