"""How the demo's CRM is used: contacts, who logs in, which fields and which of their values are filled."""

from __future__ import annotations

from typing import Any

import numpy as np

from salesops_nb.simulate.crm import DAY, Array, Crm, stream

Columns = dict[str, Any]
NONE: Any = None
CONTACTS, TWICE, ORPHANS, EMPTY, STALE = 700, 18, 14, 5, 210
JUNK = ("n/a", "-", "xxx", "000")
FIRST = (
    "Abigail", "Adrian", "Amara", "Anders", "Beatriz", "Calvin", "Carmen", "Damian", "Delia", "Dorothea",
    "Elena", "Emil", "Farah", "Frances", "Gavin", "Gloria", "Harriet", "Ibrahim", "Ilse", "Jorge", "Judith",
    "Kelvin", "Lorena", "Lucas", "Mabel", "Marius", "Nadia", "Nelson", "Odette", "Oscar", "Petra", "Quentin",
    "Rafael", "Rosa", "Samuel", "Sonja", "Tobias", "Ursula", "Victor", "Wanda", "Yusuf", "Zoe",
)  # fmt: skip
LAST = (
    "Abbott", "Alvarez", "Banerjee", "Becker", "Bishop", "Cardoso", "Chandler", "Dalton", "Dimitrov",
    "Eriksen", "Farkas", "Fontaine", "Gallagher", "Georgiou", "Hartmann", "Hoffman", "Ionescu", "Jacobs",
    "Kaminski", "Kowalski", "Laurent", "Lombardi", "Marchetti", "Mercer", "Nakamura", "Novak", "Oduya",
    "Olsson", "Paredes", "Petrov", "Quinn", "Ramirez", "Rossi", "Sandoval", "Schaefer", "Tanaka", "Thornton",
    "Ulrich", "Valdez", "Vasquez", "Walsh", "Weber", "Yamada", "Zimmerman",
)  # fmt: skip
TITLES = (
    "Chief executive", "Chief financial officer", "Head of purchasing", "Buyer", "Head of IT", "IT manager",
    "Operations manager", "Plant manager", "Office manager", "Engineer",
)  # fmt: skip
ROLES = ("decision maker", "influencer", "user", "buyer", "gatekeeper")
UNUSED_ROLES = ("board member", "procurement (old)")
# Logins: the window, and who is out of the ordinary in it.
WINDOW = (np.datetime64("2017-08-01"), np.datetime64("2017-12-31"))
FALLING_TEAM, FALLS_ON, FALLEN = "Melvin Marxen", np.datetime64("2017-10-16"), 0.45
SELDOM, SELDOM_RATE = ("Niesha Huffines", "Reed Clapper"), 0.1
NEVER = "Rocco Neubert"
AFTER_LEAVING = ("2017-09-05", "2017-09-06", "2017-09-19", "2017-10-03")

# Fields that the export lacks, with their type, whether they are required, and the share that is filled.
FIELDS: dict[str, tuple[tuple[str, str, bool, float], ...]] = {
    "deals": (
        ("lead_contact", "reference", False, 0.48), ("delivery_method", "picklist", False, 0.71),
        ("priority", "picklist", True, 1.0), ("quote_number", "text", False, 0.66),
        ("heard_of_us", "picklist", False, 0.39), ("compelling_event", "text", False, 0.013),
        ("decision_process", "text", False, 0.009), ("legacy_code", "text", False, 0.0),
        ("tender_number", "text", False, 0.0), ("budget_code", "text", False, 0.0),
        ("campaign_2014", "text", False, 0.0), ("fax_confirmed", "flag", False, 0.0),
    ),
    "accounts": (
        ("website", "text", False, 0.93), ("account_tier", "picklist", False, 0.88),
        ("billing_cycle", "picklist", True, 1.0), ("partner_level", "picklist", False, 0.012),
        ("fax", "text", False, 0.0), ("sic_code", "text", False, 0.0), ("ticker", "text", False, 0.0),
        ("credit_rating", "text", False, 0.0),
    ),
    "contacts": (
        ("preferred_language", "picklist", False, 0.34), ("profile_url", "text", False, 0.014),
        ("assistant_name", "text", False, 0.0), ("assistant_phone", "text", False, 0.0),
        ("birthday", "date", False, 0.0),
    ),
}  # fmt: skip
# Shares of the filled by value; a value of share 0 can be picked and never was.
VALUES: dict[tuple[str, str], dict[str, float]] = {
    ("deals", "delivery_method"): {
        "courier": 0.55, "own truck": 0.3, "pick-up": 0.15, "air freight": 0, "sea freight": 0, "fax": 0,
    },
    ("deals", "priority"): {"Medium": 0.91, "High": 0.06, "Low": 0.03, "1": 0, "2": 0, "3": 0},
    ("deals", "heard_of_us"): {"Web": 0.34, "Website": 0.31, "Fair": 0.2, "Friend": 0.15, "Newspaper": 0},
    ("accounts", "account_tier"): {"to be set": 0.85, "A": 0.05, "B": 0.06, "C": 0.04, "D": 0},
    ("accounts", "billing_cycle"): {"monthly": 0.7, "quarterly": 0.3, "weekly": 0, "yearly (old)": 0},
    ("accounts", "partner_level"): {"gold": 1.0, "silver": 0, "bronze": 0},
    ("contacts", "preferred_language"): {"English": 0.8, "Spanish": 0.2},
}  # fmt: skip


def contacts(crm: Crm, seed: int) -> Columns:
    """People at the export's accounts, with the gaps and slips that contacts have."""
    rng = stream(seed, "contacts")
    accounts = crm.accounts["account"].astype(str)
    without = rng.choice(len(accounts), EMPTY, replace=False)
    having = np.setdiff1d(np.arange(len(accounts)), without)
    n = CONTACTS - TWICE
    weight = rng.gamma(2.5, 1.0, len(having))
    extra = rng.multinomial(n - 2 * len(having), weight / weight.sum())
    account = np.repeat(having, 2 + extra)
    pairs = np.concatenate([_pairs(rng, int(count)) for count in 2 + extra])
    first, last = np.array(FIRST)[pairs % len(FIRST)], np.array(LAST)[pairs // len(FIRST)]
    domain = np.array([_domain(name) for name in accounts])
    line = np.array([f"+1 555 {i:03d} 0000" for i in range(100, 100 + len(accounts))])
    direct = rng.permutation(9000)[:n] + 1000
    own_line = rng.random(n) < 0.75
    phone = [
        f"{line[a][:-4]}{d}" if o else str(line[a]) for a, d, o in zip(account, direct, own_line, strict=True)
    ]
    # Each slip has rows of its own, so that each is found in the number planted.
    slips = rng.permutation(n)
    blank, moved, junk, orphan, again, _ = np.split(
        slips, [84, 105, 147, 147 + ORPHANS, 147 + ORPHANS + TWICE]
    )
    elsewhere = having[(np.searchsorted(having, account) + 7) % len(having)]
    at = np.where(np.isin(np.arange(n), moved), elsewhere, account)
    email: list[str | None] = [
        f"{f}.{s}@{domain[a]}".lower() for f, s, a in zip(first, last, at, strict=True)
    ]
    for i in blank:
        email[i] = None
    for k, i in enumerate(junk):
        phone[i] = JUNK[k % len(JUNK)]
    at_account: list[str | None] = [str(accounts[a]) for a in account]
    for i in orphan:
        at_account[i] = None
    stale = np.isin(np.arange(n), rng.permutation(np.setdiff1d(slips, again))[:STALE])
    changed = np.where(stale, rng.integers(900, 1900, n), rng.integers(0, 700, n))
    changed_on = crm.through - changed * DAY
    created_on = changed_on - rng.integers(0, 900, n) * DAY
    columns: Columns = {
        "account_id": np.array(at_account, dtype=object),
        "name": np.array([f"{f} {s}" for f, s in zip(first, last, strict=True)], dtype=object),
        "title": np.array(TITLES, dtype=object)[rng.integers(0, len(TITLES), n)],
        "role": np.where(rng.random(n) < 0.55, rng.choice(np.array(ROLES, dtype=object), n), NONE),
        "email": np.array(email, dtype=object),
        "phone": np.array(phone, dtype=object),
        "created_on": created_on,
        "changed_on": changed_on,
    }
    # The same person entered once more, without a mail and under the main line.
    copy = {name: values[again] for name, values in columns.items()}
    copy["email"] = np.full(TWICE, None, dtype=object)
    copy["phone"] = line[account[again]].astype(object)
    entered = np.minimum(copy["changed_on"] + rng.integers(1, 20, TWICE) * DAY, crm.through)
    copy["created_on"] = copy["changed_on"] = entered
    whole = {name: np.concatenate([values, copy[name]]) for name, values in columns.items()}
    order = np.lexsort((rng.random(CONTACTS), whole["created_on"]))
    ids = [f"K{i:04d}" for i in range(1, CONTACTS + 1)]
    return {"contact_id": ids, **{name: values[order] for name, values in whole.items()}}


def _pairs(rng: np.random.Generator, n: int) -> Array:
    """First and last names of one account's people, none twice."""
    return rng.choice(len(FIRST) * len(LAST), n, replace=False)


def _domain(account: str) -> str:
    return "".join(c for c in account.lower() if c.isascii() and c.isalnum()) + ".example"


def logins(crm: Crm, dates: Columns, more: Columns, seed: int) -> Columns:
    """Who logged in on which working day of the last five months."""
    teams = {str(a): str(m) for a, m in zip(crm.agents["agent"], crm.agents["manager"], strict=True)}
    rows = [*zip(dates["person_id"], dates["hired_on"], dates["left_on"], strict=True)]
    people = zip(more["person_id"], more["hired_on"], more["left_on"], more["role"], strict=True)
    rows += [(p, hired, left) for p, hired, left, role in people if role == "manager"]
    days = np.arange(WINDOW[0], WINDOW[1] + DAY)
    days = days[np.is_busday(days)]
    found: list[tuple[str, np.datetime64]] = []
    for person, hired, left in sorted((str(p), h, e) for p, h, e in rows):
        rng = stream(seed, "logins", person)
        rate = np.full(len(days), rng.uniform(0.92, 0.99))
        if teams.get(person) == FALLING_TEAM:
            rate = np.where(days >= FALLS_ON, FALLEN, rate)
        if person in SELDOM:
            rate = np.full(len(days), SELDOM_RATE)
        there = (days >= hired) & (np.isnat(left) | (days < left)) & (person != NEVER)
        found += [(person, day) for day in days[there & (rng.random(len(days)) < rate)]]
    gone = min((str(p) for p, _, left in rows if left < WINDOW[0]), default=None)
    found += [(gone, np.datetime64(day)) for day in AFTER_LEAVING if gone is not None]
    found.sort(key=lambda row: (row[1], row[0]))
    return {
        "person_id": [person for person, _ in found],
        "day": np.array([day for _, day in found], "datetime64[D]"),
    }


def field_use(crm: Crm, people: Columns) -> Columns:
    """How often each field of the CRM is filled; those of the export as often as in the export."""
    deals = crm.deals
    n, closed = len(deals["id"]), int((~np.isnat(deals["closed"])).sum())
    accounts = len(crm.accounts["account"])
    seen: dict[str, list[tuple[str, str, bool, int]]] = {
        "deals": [
            ("opportunity_id", "text", True, n), ("sales_agent", "reference", True, n),
            ("product", "picklist", True, n), ("deal_stage", "picklist", True, n),
            ("account", "reference", False, int((deals["account"] != "").sum())),
            ("engage_date", "date", False, int((~np.isnat(deals["engaged"])).sum())),
            ("close_date", "date", False, closed),
        ],
        "accounts": [
            ("account", "text", True, accounts), ("office_location", "picklist", True, accounts),
            ("sector", "picklist", True, accounts),
            ("subsidiary_of", "reference", False, int((crm.accounts["parent"] != "").sum())),
        ],
        "contacts": [
            (name, kind, name == "name", sum(value is not None for value in people[name]))
            for name, kind in (("name", "text"), ("account_id", "reference"), ("title", "text"),
                               ("role", "picklist"), ("email", "text"), ("phone", "text"))
        ],
    }  # fmt: skip
    of = {"deals": n, "accounts": accounts, "contacts": len(people["name"])}
    rows = [
        (table, *field, of[table])
        for table in of
        for field in [
            *seen[table],
            *((name, kind, must, round(share * of[table])) for name, kind, must, share in FIELDS[table]),
        ]
    ]
    names = ("object", "field", "type", "is_required", "filled", "of")
    return dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))


def picklist_use(crm: Crm, people: Columns, fields: Columns) -> Columns:
    """How often each value that can be picked was picked; a picklist's values sum to its field's filled."""
    filled = {
        (table, name): count
        for table, name, count in zip(fields["object"], fields["field"], fields["filled"], strict=True)
    }
    role = [value for value in people["role"] if value is not None]
    counts: dict[tuple[str, str], dict[str, int]] = {
        ("deals", "deal_stage"): _counted(crm.deals["stage"]),
        ("deals", "product"): _counted(crm.deals["product"]),
        ("accounts", "sector"): _counted(crm.accounts["sector"]),
        ("accounts", "office_location"): _counted(crm.accounts["office"]),
        ("contacts", "role"): _counted(np.array(role)) | dict.fromkeys(UNUSED_ROLES, 0),
    }
    for field, shares in VALUES.items():
        each = {value: int(share * filled[field]) for value, share in shares.items()}
        first = next(iter(each))
        each[first] += filled[field] - sum(each.values())
        counts[field] = each
    rows = [(*field, value, used) for field, each in counts.items() for value, used in each.items()]
    names = ("object", "field", "value", "used")
    return dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))


def _counted(values: Array) -> dict[str, int]:
    found, counts = np.unique(values.astype(str), return_counts=True)
    return {str(value): int(count) for value, count in zip(found, counts, strict=True)}
