"""A book of accounts without places for twenty reps, out of balance by a stated share.

For territories without a map: what matters is potential, work, families, and which rep may have which
account. It is a workbook of its own, `data/simulated/book`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from salesops_nb.simulate.crm import Array, stream

Columns = dict[str, Any]
NONE: Any = None
ACCOUNTS, REPS, OFF = 2000, 20, 0.35
FAIR = 4_000_000  # potential of a rep's fair share
LEAST, MOST = 0.68, 1.32  # loads of the others ÷ the fair share
SINCE = np.datetime64("2017-01-01")
INDUSTRIES = ("technology", "medical", "retail", "software", "finance", "marketing", "services", "energy")
SEGMENTS = (("enterprise", 5000), ("midmarket", 500), ("small", 0))
PRODUCTS = ("GTX", "MG", "GTK")
ZONES = ("Eastern", "Central", "Mountain", "Pacific")
# Share of the accounts by language, and by how many of the reps it is spoken; everybody speaks English.
LANGUAGES = {"English": (0.72, 20), "Spanish": (0.14, 6), "French": (0.08, 4), "German": (0.06, 3)}
# Accounts whose rep lacks the language or does not know the industry.
NO_LANGUAGE, NO_INDUSTRY = 60, 140
FIRST = (
    "Agnes", "Bruno", "Clara", "Dario", "Erika", "Fabian", "Gisela", "Henrik", "Irene", "Joel", "Karin",
    "Lorenzo", "Monica", "Nils", "Olivia", "Pascal", "Regina", "Stefan", "Tilda", "Viktor",
)  # fmt: skip
LAST = (
    "Adler", "Baptiste", "Correa", "Duval", "Engel", "Ferrer", "Grant", "Holm", "Ivers", "Jensen", "Keller",
    "Lange", "Moreno", "Norris", "Ortiz", "Perrin", "Roth", "Suarez", "Thiel", "Vogel",
)  # fmt: skip
MANAGER = "Helen Archer"


def book(seed: int) -> dict[str, Columns]:
    """Accounts, people and assignments of the book.

    Today's largest |load ÷ fair share − 1| by potential is 0.35, exactly. Families lie with one rep. A
    balanced book that respects languages and industries exists: the reps' skills cover what is asked.
    """
    rng = stream(seed, "book")
    people, skills = _people(rng)
    family = _families(rng)
    accounts = _accounts(rng, family)
    owner = _owners(rng, accounts, family, skills)
    potential = _exactly_out(rng, accounts.pop("weight"), owner)
    employees = accounts["employees"]
    revenue = (
        np.rint(employees * rng.lognormal(np.log(180_000), 0.5, ACCOUNTS) / 1000).astype(np.int64) * 1000
    )
    customer = rng.random(ACCOUNTS) < 0.45
    pipeline = np.where(
        rng.random(ACCOUNTS) < 0.3, np.rint(potential * rng.uniform(0.1, 0.8, ACCOUNTS) / 100) * 100, 0
    )
    names = np.array(people["person_id"][:REPS], dtype=object)
    accounts |= {
        "revenue": revenue,
        "potential": potential,
        "workload": np.clip(
            np.rint(2 + 3 * np.log10(potential + 1) * rng.lognormal(0, 0.4, ACCOUNTS)), 2, 52
        ).astype(int),
        "open_pipeline": pipeline.astype(np.int64),
        "is_customer": customer,
        "owner_id": names[owner],
    }
    assignments = {
        "account_id": accounts["account_id"],
        "person_id": names[owner],
        "role": ["rep"] * ACCOUNTS,
        "valid_from": np.full(ACCOUNTS, SINCE),
    }
    return {"book/accounts": accounts, "book/people": people, "book/assignments": assignments}


def _people(rng: np.random.Generator) -> tuple[Columns, dict[str, Array]]:
    """Twenty reps with languages, industries and products they know, and their manager."""
    speaks = np.zeros((REPS, len(LANGUAGES)), bool)
    for k, (_, spoken) in enumerate(LANGUAGES.values()):
        speaks[(np.arange(spoken) * 3 + 5 * k) % REPS if spoken < REPS else np.arange(REPS), k] = True
    # Each rep knows five industries of eight, turn by turn, and two product lines of three.
    turn = np.arange(REPS)[:, None]
    knows = np.zeros((REPS, len(INDUSTRIES)), bool)
    np.put_along_axis(knows, (turn * 3 + np.arange(5)) % len(INDUSTRIES), True, axis=1)
    sells = np.zeros((REPS, len(PRODUCTS)), bool)
    np.put_along_axis(sells, (turn + np.arange(2)) % len(PRODUCTS), True, axis=1)

    def words(table: Array, names: Any) -> list[str | None]:
        return [*(";".join(np.array(list(names))[row]) for row in table), None]

    reps = [f"{first} {last}" for first, last in zip(FIRST, LAST, strict=True)]
    hired = np.datetime64("2010-01-04") + rng.integers(0, 2400, REPS + 1)
    columns = {
        "person_id": [*reps, MANAGER],
        "name": [*reps, MANAGER],
        "role": ["rep"] * REPS + ["manager"],
        "team": [MANAGER] * (REPS + 1),
        "manager_id": [MANAGER] * REPS + [None],
        "region": ["Book"] * (REPS + 1),
        "hired_on": np.busday_offset(hired, 0, roll="backward"),
        "languages": words(speaks, LANGUAGES),
        "industries": words(knows, INDUSTRIES),
        "products": words(sells, PRODUCTS),
    }
    return columns, {"language": speaks, "industry": knows}


def _families(rng: np.random.Generator) -> Array:
    """The family of each account by position, most alone, some in groups of 2 to 25."""
    sizes = [25, 18, 14, 12, 10, 9, 8, 8, 7, 7, *([5] * 10), *([4] * 20), *([3] * 40), *([2] * 90)]
    alone = ACCOUNTS - sum(sizes)
    return np.repeat(np.arange(len(sizes) + alone), [*sizes, *([1] * alone)])


def _accounts(rng: np.random.Generator, family: Array) -> Columns:
    """What is known of the accounts; members of a family speak one language and follow one trade."""
    n = int(family.max()) + 1
    shares = np.array([share for share, _ in LANGUAGES.values()])
    language = rng.choice(len(LANGUAGES), n, p=shares)[family]
    industry = rng.integers(0, len(INDUSTRIES), n)[family]
    employees = np.rint(np.exp(rng.normal(5.3, 1.5, ACCOUNTS))).astype(np.int64) + 3
    segment = np.select([employees >= low for _, low in SEGMENTS], [name for name, _ in SEGMENTS], "")
    first = np.flatnonzero(np.r_[True, family[1:] != family[:-1]])
    size = np.bincount(family)
    ids = np.array([f"B{i:04d}" for i in range(1, ACCOUNTS + 1)], dtype=object)
    head = first[family]
    parent = np.where(np.arange(ACCOUNTS) == head, NONE, ids[head])
    return {
        "account_id": ids,
        "name": np.array([f"Account {i:04d}" for i in range(1, ACCOUNTS + 1)], dtype=object),
        "segment": segment.astype(object),
        "industry": np.array(INDUSTRIES, dtype=object)[industry],
        "language": np.array(list(LANGUAGES), dtype=object)[language],
        "product": np.array(PRODUCTS, dtype=object)[rng.integers(0, len(PRODUCTS), ACCOUNTS)],
        "time_zone": np.array(ZONES, dtype=object)[rng.integers(0, len(ZONES), n)[family]],
        "employees": employees,
        "parent_id": parent,
        "family_id": np.where(size[family] > 1, np.array([f"F{f:03d}" for f in family], dtype=object), NONE),
        "weight": employees**0.6 * rng.lognormal(0, 0.5, ACCOUNTS),
    }


def _loads(rng: np.random.Generator) -> Array:
    """Loads ÷ fair share: one rep 35 % over, nobody else as far off, on average one."""
    others = rng.uniform(LEAST, MOST, REPS - 1)
    others += (REPS - 1 - OFF - others.sum()) / (REPS - 1)
    loads: Array = np.r_[1 + OFF, np.clip(others, LEAST, MOST)]
    return loads


def _owners(rng: np.random.Generator, accounts: Columns, family: Array, skills: dict[str, Array]) -> Array:
    """Today's rep of each family: who has most room left and the skills, but for the planted misfits."""
    size, weight = np.bincount(family), np.bincount(family, accounts["weight"])
    first = np.searchsorted(family, np.arange(len(size)))
    speaks = skills["language"][:, [list(LANGUAGES).index(v) for v in accounts["language"][first]]]
    knows = skills["industry"][:, [INDUSTRIES.index(v) for v in accounts["industry"][first]]]
    alone = rng.permutation(np.flatnonzero(size == 1))
    # Misfits are single accounts, so that their number is exact.
    foreign = [f for f in alone if accounts["language"][first[f]] != "English"][:NO_LANGUAGE]
    strange = [f for f in alone if accounts["language"][first[f]] == "English"][:NO_INDUSTRY]
    fits = speaks & knows
    fits[:, foreign] = ~speaks[:, foreign] & knows[:, foreign]
    fits[:, strange] = ~knows[:, strange]
    room = _loads(rng) * weight.sum() / REPS
    owner = np.zeros(len(size), dtype=np.int64)
    for f in np.argsort(-weight, kind="stable"):
        able = np.flatnonzero(fits[:, f])
        owner[f] = able[np.argmax(room[able])]
        room[owner[f]] -= weight[f]
    return owner[family]


def _exactly_out(rng: np.random.Generator, weight: Array, owner: Array) -> Array:
    """Potential in whole hundreds, the first rep 35 % over the fair share and nobody else as far off."""
    loads = np.bincount(owner, weight, REPS)
    load = loads / loads.sum() * REPS
    load[0] = 1 + OFF
    load[1:] = np.clip(load[1:], LEAST, MOST)
    cells = np.rint(load * FAIR / 100).astype(np.int64)
    cells[1 + int(np.argmin(np.abs(load[1:] - 1)))] += REPS * FAIR // 100 - cells.sum()
    potential = np.zeros(len(weight), dtype=np.int64)
    for rep in range(REPS):
        mine = np.flatnonzero(owner == rep)
        exact = weight[mine] / weight[mine].sum() * cells[rep]
        whole = np.floor(exact).astype(np.int64)
        rest = np.argsort(whole - exact, kind="stable")[: cells[rep] - whole.sum()]
        whole[rest] += 1
        potential[mine] = whole * 100
    return potential
