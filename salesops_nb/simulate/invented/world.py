"""An invented world, and chunks of deals drawn from it, as codes, cents and days."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np

from salesops_nb.simulate.crm import DAY, Array, stream

SOURCES = 5
LOSS_REASONS = 5


@dataclass(frozen=True)
class World:
    """Who sells what to whom: arrays by the position of a person, product or account."""

    first: np.datetime64
    last: np.datetime64
    hired: Array
    weight: Array
    skill: Array
    price: Array
    margin: Array
    accounts: int


def invent(seed: int, reps: int, accounts: int, products: int, first: date, last: date) -> World:
    """Reps with their hire days, weights and skills; products with prices and margins."""
    rng = stream(seed, "world")
    begin, end = np.datetime64(first), np.datetime64(last)
    # A third join while the data run, none in the last quarter of a year.
    late = rng.random(reps) < 1 / 3
    days = (end - begin).astype(int)
    hired = begin + np.where(late, rng.integers(0, days - 90, reps), -rng.integers(30, 2000, reps)) * DAY
    active = (end - np.maximum(hired, begin)).astype(float) / days
    weight = rng.lognormal(0.0, 0.45, reps) * active
    price = np.rint(np.exp(rng.uniform(np.log(50), np.log(30_000), products)))
    return World(
        begin,
        end,
        hired,
        np.cumsum(weight) / weight.sum(),
        np.clip(rng.normal(0.6, 0.08, reps), 0.2, 0.9),
        price,
        rng.uniform(0.25, 0.65, products),
        accounts,
    )


def draw(world: World, start: int, n: int, rng: np.random.Generator) -> dict[str, Array]:
    """Codes, cents and days of one chunk."""
    owner = np.searchsorted(world.weight, rng.random(n), side="right").clip(0, len(world.hired) - 1)
    product = np.floor(len(world.price) * rng.random(n) ** 1.5).astype(np.int64)
    begin = np.maximum(world.hired, world.first)[owner]
    room = (world.last - begin).astype(np.int64) + 1
    created = begin + np.floor(rng.random(n) * room).astype(np.int64) * DAY
    cycle = np.floor(rng.gamma(2.0, 26.0, n)).astype(np.int64) + 1
    closed = created + cycle * DAY
    is_open = closed > world.last
    won = rng.random(n) < world.skill[owner]
    progress = (world.last - created).astype(np.int64) * 3 // np.maximum(cycle, 1)
    stage = np.where(is_open, np.clip(progress, 0, 2), np.where(won, 3, 4))
    quantity = 1 + np.floor(rng.exponential(0.8, n)).astype(np.int64)
    cents = np.rint(world.price[product] * quantity * 100 * (1 - 0.35 * rng.random(n) ** 2)).astype(np.int64)
    cost = np.rint(cents * (1 - world.margin[product])).astype(np.int64)
    return {
        "number": np.arange(start + 1, start + n + 1),
        "owner": owner,
        "account": np.floor(world.accounts * rng.random(n) ** 1.3).astype(np.int64),
        "product": product,
        "stage": stage,
        "cents": cents,
        "cost": cost,
        "quantity": quantity,
        "created": created,
        "closed": closed,
        "is_open": is_open,
        "expected": np.maximum(closed, world.last + rng.integers(-20, 60, n) * DAY),
        "category": np.where(stage == 2, np.where(rng.random(n) < 0.5, 2, 1), np.where(stage < 2, 0, 3)),
        "source": rng.integers(0, SOURCES, n),
        "reason": rng.integers(0, LOSS_REASONS, n),
        "type": np.searchsorted([0.6, 0.8], rng.random(n)),
        "step": world.last + rng.integers(-15, 30, n) * DAY,
        "no_step": rng.random(n) < 0.25,
    }


def count_won(won: Array, columns: dict[str, Array], world: World, months: int) -> None:
    """Add the chunk's won cents by owner and month of closing."""
    is_won = columns["stage"] == 3
    month = month_number(columns["closed"][is_won]) - month_number(world.first)
    cell = columns["owner"][is_won] * months + month
    # Sums below 2**53 cents are exact in the doubles bincount uses.
    won += np.bincount(cell, columns["cents"][is_won], len(won)).astype(np.int64)


def month_number(day: Any) -> Any:
    """Months since January 1970."""
    return np.asarray(day).astype("datetime64[M]").astype(np.int64)
