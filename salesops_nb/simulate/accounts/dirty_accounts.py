"""A table of accounts in which companies stand twice, and what is true of each row.

None of its companies is an account of the demo's export. Whatever looks alike without being the same company
is planted as well: parents and subsidiaries, outlets of one brand, neighbours with one telephone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from salesops_nb.simulate.accounts.places import counties
from salesops_nb.simulate.crm import DAY, Crm, stream

Columns = dict[str, Any]
Row = dict[str, Any]
ROWS, DUPLICATES = 1000, 150
PARENTS, BRANDS, OUTLETS, OFFICES, TENANTS = 45, 6, 5, 10, 3
STEMS = (
    "Alder", "Amber", "Anchor", "Ashford", "Aspen", "Atlas", "Avalon", "Beacon", "Birch", "Blackstone",
    "Brook", "Cascade", "Cedar", "Clear Lake", "Cobalt", "Compass", "Copper", "Crescent", "Crown", "Delta",
    "Eagle", "Eastgate", "Elm", "Ember", "Everest", "Falcon", "Fairview", "Foxglove", "Garnet", "Glacier",
    "Granite", "Harbor", "Hawthorn", "Heritage", "Highland", "Horizon", "Ironwood", "Ivory", "Jasper",
    "Juniper", "Keystone", "Kingsley", "Lakeside", "Lantern", "Laurel", "Liberty", "Linden", "Magnolia",
    "Maple", "Meridian", "Mesa", "Midland", "Monarch", "Northgate", "Nova", "Oakmont", "Onyx", "Orchard",
    "Osprey", "Pacific", "Paragon", "Pinnacle", "Pioneer", "Prairie", "Quarry", "Raven", "Redwood",
    "Ridgeline", "Riverbend", "Sable", "Saffron", "Sequoia", "Sierra", "Silver", "Solstice", "Spruce",
    "Sterling", "Stonebridge", "Summit", "Sycamore", "Talon", "Tamarack", "Timber", "Trident", "Umber",
    "Union", "Valley", "Vanguard", "Vista", "Westfield", "Willow", "Windsor", "Zephyr",
)  # fmt: skip
TRADES = (
    "Manufacturing", "Logistics", "Engineering", "Medical Supply", "Foods", "Packaging", "Tools", "Tooling",
    "Industries", "Technologies", "Electric", "Plastics", "Printing", "Furniture", "Consulting",
    "Construction", "International", "Laboratories", "Distribution", "Automation", "Instruments", "Textiles",
    "Chemicals", "Systems", "Associates", "Brothers & Sons", "Steel & Wire", "Paper and Board",
)  # fmt: skip
FORMS = ("Inc.", "LLC", "Corp.", "Co.", "Ltd.", "LP")
ABBREVIATIONS = {
    "Manufacturing": "Mfg", "Engineering": "Eng", "Industries": "Ind", "Technologies": "Tech",
    "International": "Intl", "Laboratories": "Labs", "Distribution": "Dist", "Associates": "Assoc",
    "Brothers": "Bros", "Construction": "Constr", "Consulting": "Cons", "Instruments": "Instr",
    "Automation": "Autom", "Logistics": "Log", "Packaging": "Pkg", "Electric": "Elec",
}  # fmt: skip
STREETS = (
    "Main St",
    "Oak Ave",
    "Industrial Pkwy",
    "2nd St",
    "Commerce Dr",
    "Mill Rd",
    "Park Blvd",
    "Station Rd",
)
INDUSTRIES = ("technology", "medical", "retail", "software", "finance", "marketing", "services")
ARMS = ("Leasing", "Services", "Canada", "Holdings", "Finance", "Europe")
BRAND_NAMES = (
    "Burger Harbor",
    "Fresh Clip Salons",
    "QuickTire",
    "Bean & Leaf",
    "Handy Rental",
    "SleepWell Inn",
)


def dirty_accounts(crm: Crm, seed: int) -> tuple[Columns, Columns]:
    """1,000 rows of 850 companies, and the truth: whose each row is, and how a duplicate came about."""
    rng = stream(seed, "dirty accounts")
    companies = _companies(rng, ROWS - DUPLICATES)
    # Only companies that look like no other are entered again, most once and a few twice.
    plain = [row for row in companies if row["relation"] in ("", "parent", "subsidiary")]
    chosen = rng.permutation(len(plain))[: DUPLICATES - 15]
    originals = [plain[i] for i in [*chosen, *chosen[:15]]]
    kinds = list(_SPOIL)
    copies = [_copy(rng, row, kinds[i % len(kinds)], i) for i, row in enumerate(originals)]
    rows = [*companies, *copies]
    order = rng.permutation(len(rows))
    number = {id(rows[j]): f"A{i:04d}" for i, j in enumerate(order, 1)}
    made = [rows[j] for j in order]
    id_of = {row["company"]: number[id(row)] for row in companies}
    created = crm.through - rng.integers(30, 2500, len(rows)) * DAY
    name_only = ("name", "street", "city", "state", "phone", "website", "industry", "employees")
    accounts: Columns = {
        "account_id": [number[id(row)] for row in made],
        **{name: [row[name] for row in made] for name in name_only},
        "parent_id": [id_of[row["parent"]] if row["shown"] else None for row in made],
        "created_on": created,
    }
    truth: Columns = {
        "account_id": accounts["account_id"],
        "company_id": [f"E{row['company']:04d}" for row in made],
        "duplicate_of": [id_of[row["company"]] if row["kind"] else None for row in made],
        "kind": [row["kind"] or None for row in made],
        "relation": [row["relation"] or None for row in made],
        "family_id": [row["family"] for row in made],
    }
    return accounts, truth


def _companies(rng: np.random.Generator, n: int) -> list[Row]:
    names = [f"{stem} {trade}" for stem in STEMS for trade in TRADES]
    rng.shuffle(names)
    taken = iter(names)
    rows: list[Row] = []
    for i in range(PARENTS):
        parent = _company(rng, len(rows), next(taken), "parent", f"F{i:02d}")
        rows.append(parent)
        for k in range(1 + int(rng.integers(0, 3))):
            arm = ARMS[(i + k) % len(ARMS)]
            row = _company(rng, len(rows), f"{parent['stem']} {arm}", "subsidiary", parent["family"])
            row |= {
                "website": parent["website"],
                "parent": parent["company"],
                "shown": bool(rng.random() < 0.5),
            }
            if rng.random() < 0.5:  # under one roof
                row |= {name: parent[name] for name in ("street", "city", "state", "phone")}
            rows.append(row)
    for i, brand in enumerate(BRAND_NAMES[:BRANDS]):
        site = f"www.{_plain(brand)}.example"
        outlets = [_company(rng, len(rows) + k, brand, "outlet", f"B{i:02d}") for k in range(OUTLETS)]
        rows += [row | {"name": brand, "website": site} for row in outlets]
    for _ in range(OFFICES):
        tenants = [_company(rng, len(rows) + k, next(taken), "neighbour", None) for k in range(TENANTS)]
        shared = {name: tenants[0][name] for name in ("street", "city", "state", "phone")}
        rows += [row | shared for row in tenants]
    rows += [_company(rng, len(rows) + k, next(taken), "", None) for k in range(n - len(rows))]
    return rows


_PLACES = counties()


def _address(rng: np.random.Generator, place: int) -> Row:
    """A street, the city and state of a place, and a telephone there."""
    return {
        "street": f"{rng.integers(1, 9900)} {rng.choice(STREETS)}",
        "city": str(_PLACES["name"][place]).removesuffix(" County"),
        "state": str(_PLACES["state"][place]),
        "phone": _phone(rng),
    }


def _company(rng: np.random.Generator, number: int, stem: str, relation: str, family: str | None) -> Row:
    weight = _PLACES["population"] / _PLACES["population"].sum()
    place = int(rng.choice(len(weight), p=weight))
    return {
        "company": number,
        "stem": stem,
        "name": f"{stem} {rng.choice(FORMS)}",
        **_address(rng, place),
        "website": f"www.{_plain(stem)}.example",
        "industry": str(rng.choice(INDUSTRIES)),
        "employees": int(np.exp(rng.normal(4.5, 1.2))) + 2,
        "relation": relation,
        "family": family,
        "parent": None,
        "shown": False,
        "kind": "",
    }


def _phone(rng: np.random.Generator) -> str:
    return f"({rng.integers(201, 990)}) 555-{rng.integers(0, 10_000):04d}"


def _plain(name: str) -> str:
    return "".join(c for c in name.lower() if c.isalnum())


def _copy(rng: np.random.Generator, row: Row, kind: str, i: int) -> Row:
    """The company once more, spoilt in one way; every third also has a gap."""
    copy = row | {"kind": kind, "shown": False}
    if i % 2:
        copy["phone"] = "".join(c for c in row["phone"] if c.isdigit())
    copy |= _SPOIL[kind](rng, copy)
    if i % 3 == 0:
        copy["employees"] = None
    return copy


def _typo(rng: np.random.Generator, row: Row) -> Row:
    """Two neighbouring letters of the name's first word change places, or one is missing or doubled."""
    word, _, rest = row["name"].partition(" ")
    at = int(rng.integers(1, len(word) - 1))
    swapped = word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    spoilt = (swapped, word[:at] + word[at + 1 :], word[:at] + word[at] + word[at:])
    different = [new for new in spoilt if new != word]
    return {"name": f"{different[int(rng.integers(len(different)))]} {rest}"}


def _abbreviated(rng: np.random.Generator, row: Row) -> Row:
    """The trade in short, or an ampersand for its word; else every word cut to four letters."""
    name = str(row["name"])
    for long, short in ABBREVIATIONS.items():
        if long in name:
            return {"name": name.replace(long, short)}
    for long, short in ((" and ", " & "), (" & ", " and ")):
        if long in name:
            return {"name": name.replace(long, short)}
    words = name.split()
    return {"name": " ".join([words[0], *(word[:4] for word in words[1:-1]), words[-1]])}


def _other_form(rng: np.random.Generator, row: Row) -> Row:
    stem, _, form = row["name"].rpartition(" ")
    new = rng.choice([other for other in (*FORMS, "") if other != form])
    return {"name": f"{stem} {new}".strip()}


def _swapped(rng: np.random.Generator, row: Row) -> Row:
    stem, _, form = row["name"].rpartition(" ")
    first, _, rest = stem.partition(" ")
    return {"name": f"{rest}, {first} {form}"}


def _moved(rng: np.random.Generator, row: Row) -> Row:
    return _address(rng, int(rng.integers(len(_PLACES["name"]))))


def _other_domain(rng: np.random.Generator, row: Row) -> Row:
    site = row["website"].removeprefix("www.").removesuffix(".example")
    return {"website": f"www.{rng.choice(['get', 'my', 'the'])}-{site}.example", "name": row["name"].upper()}


_SPOIL: dict[str, Callable[[np.random.Generator, Row], Row]] = {
    "typo": _typo,
    "abbreviation": _abbreviated,
    "legal form": _other_form,
    "swapped words": _swapped,
    "moved": _moved,
    "other domain": _other_domain,
}
