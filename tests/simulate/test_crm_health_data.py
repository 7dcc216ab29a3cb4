"""What is planted in contacts, logins, field use and the dirty accounts is found in the shipped files."""

from pathlib import Path

import duckdb
import pandas as pd
import pytest
from rapidfuzz.distance import OSA

ROOT = Path(__file__).parents[2]
DATA = ROOT / "data"
SHIPPED = DATA / "simulated"
JUNK = ("n/a", "-", "xxx", "000")


@pytest.fixture(scope="module")
def db():
    connection = duckdb.connect()
    for path in [*SHIPPED.glob("*.csv"), *DATA.glob("*.csv")]:
        connection.execute(
            f"CREATE VIEW {path.stem} AS FROM read_csv('{path}', header = true, sample_size = -1)"
        )
    connection.execute(f"CREATE VIEW logins AS FROM '{SHIPPED / 'logins.parquet'}'")
    return connection


def one(db, query):
    return db.execute(query).fetchone()[0]


# A query that counts what was planted, and how many there must be.
PLANTED = {
    "contacts": ("SELECT count(*) FROM contacts", 700),
    "contacts of accounts that are not the export's": (
        "SELECT count(*) FROM contacts ANTI JOIN accounts ON account_id = account"
        " WHERE account_id IS NOT NULL", 0),
    "contacts without account": ("SELECT count(*) FROM contacts WHERE account_id IS NULL", 14),
    "accounts without contact": (
        "SELECT count(*) FROM accounts ANTI JOIN contacts ON account_id = account", 5),
    "contacts without e-mail": ("SELECT count(*) FROM contacts WHERE email IS NULL", 84 + 18),
    "junk in place of a telephone": (f"SELECT count(*) FROM contacts WHERE phone IN {JUNK}", 42),
    "contacts at another company's address": (
        """SELECT count(*) FROM contacts WHERE account_id IS NOT NULL AND email IS NOT NULL
        AND split_part(email, '@', 2)
        <> regexp_replace(lower(account_id), '[^a-z0-9]', '', 'g') || '.example'""", 21),
    "contacts under their account's main line": (
        "SELECT count(*) FROM contacts WHERE phone LIKE '% 0000'", 184),
    "people who stand twice at their account": (
        "SELECT count(*) FROM (SELECT 1 FROM contacts GROUP BY account_id, name HAVING count(*) = 2)", 18),
    "people who stand more than twice": (
        "SELECT count(*) FROM (SELECT 1 FROM contacts GROUP BY account_id, name HAVING count(*) > 2)", 0),
    "contacts changed before they were made, or after the data": (
        "SELECT count(*) FROM contacts WHERE changed_on < created_on OR changed_on > DATE '2017-12-31'", 0),
    "logins at a weekend or outside the window": (
        """SELECT count(*) FROM logins
        WHERE isodow(day) > 5 OR day NOT BETWEEN DATE '2017-08-01' AND DATE '2017-12-31'""", 0),
    "logins by nobody of people": (
        "SELECT count(*) FROM logins ANTI JOIN people USING (person_id)", 0),
    "days on which somebody stands twice": (
        "SELECT count(*) FROM (SELECT 1 FROM logins GROUP BY person_id, day HAVING count(*) > 1)", 0),
    "logins before hiring": (
        "SELECT count(*) FROM logins JOIN people_dates USING (person_id) WHERE day < hired_on", 0),
    "logins after leaving": (
        "SELECT count(*) FROM logins JOIN people_dates USING (person_id) WHERE day >= left_on", 4),
    "leavers whose account is in use": (
        """SELECT count(DISTINCT person_id) FROM logins JOIN people_dates USING (person_id)
        WHERE day >= left_on""", 1),
    "people employed all through the window without one login": (
        """SELECT count(*) FROM people_dates ANTI JOIN logins USING (person_id)
        WHERE hired_on < DATE '2017-08-01' AND left_on IS NULL""", 1),
    "people employed all through the window who log in on under a quarter of its 109 days": (
        """SELECT count(*) FROM (SELECT person_id FROM logins JOIN people_dates USING (person_id)
        WHERE hired_on < DATE '2017-08-01' AND left_on IS NULL GROUP BY 1 HAVING count(*) < 27)""", 2),
    "fields never filled": ("SELECT count(*) FROM field_use WHERE filled = 0", 12),
    "fields filled in under 2 % of the rows": (
        "SELECT count(*) FROM field_use WHERE filled > 0 AND filled < 0.02 * \"of\"", 4),
    "fields filled more often than there are rows": (
        "SELECT count(*) FROM field_use WHERE filled > \"of\"", 0),
    "required fields with gaps": (
        "SELECT count(*) FROM field_use WHERE is_required AND filled < \"of\"", 0),
    "values never picked": ("SELECT count(*) FROM picklist_use WHERE used = 0", 14),
    "picklists whose values do not sum to their field": (
        """SELECT count(*) FROM (SELECT object, field, sum(used) AS used FROM picklist_use GROUP BY ALL)
        FULL JOIN (FROM field_use WHERE type = 'picklist') USING (object, field)
        WHERE used IS DISTINCT FROM filled""", 0),
    "picklists where one value of several has 85 % or more": (
        """SELECT count(*) FROM (SELECT 1 FROM picklist_use GROUP BY object, field
        HAVING max(used) >= 0.85 * sum(used) AND count(*) FILTER (used > 0) > 1)""", 2),
    "rows of the dirty accounts": ("SELECT count(*) FROM accounts_dirty", 1000),
    "rows without truth": (
        "SELECT count(*) FROM accounts_dirty ANTI JOIN accounts_dirty_truth USING (account_id)", 0),
    "companies": ("SELECT count(DISTINCT company_id) FROM accounts_dirty_truth", 850),
    "duplicates": ("SELECT count(duplicate_of) FROM accounts_dirty_truth", 150),
    "companies that stand three times": (
        "SELECT count(*) FROM (SELECT 1 FROM accounts_dirty_truth GROUP BY company_id"
        " HAVING count(*) = 3)", 15),
    "duplicates of another company": (
        """SELECT count(*) FROM accounts_dirty_truth t JOIN accounts_dirty_truth o
        ON t.duplicate_of = o.account_id WHERE t.company_id <> o.company_id
        OR o.duplicate_of IS NOT NULL""", 0),
    "duplicates without a kind": (
        """SELECT count(*) FROM accounts_dirty_truth WHERE (kind IS NULL) <> (duplicate_of IS NULL)""", 0),
    "duplicates with the telephone written in digits only": (
        """SELECT count(*) FROM accounts_dirty JOIN accounts_dirty_truth USING (account_id)
        WHERE kind IS NOT NULL AND regexp_full_match(phone, '[0-9]{10}')""", 75),
    "duplicates without employees": (
        """SELECT count(*) FROM accounts_dirty JOIN accounts_dirty_truth USING (account_id)
        WHERE kind IS NOT NULL AND employees IS NULL""", 50),
    "subsidiaries under their parent's roof": (
        """SELECT count(*) FROM accounts_dirty a JOIN accounts_dirty_truth t USING (account_id)
        JOIN (SELECT family_id, street, phone FROM accounts_dirty JOIN accounts_dirty_truth USING (account_id)
        WHERE relation = 'parent' AND kind IS NULL) p USING (family_id, street, phone)
        WHERE relation = 'subsidiary' AND kind IS NULL""", 46),
    "companies in a family of parent and subsidiaries": (
        """SELECT count(DISTINCT company_id) FROM accounts_dirty_truth
        WHERE relation IN ('parent', 'subsidiary')""", 137),
    "subsidiaries that name their parent": ("SELECT count(parent_id) FROM accounts_dirty", 46),
    "outlets of one name and site": (
        """SELECT count(*) FROM (SELECT account_id FROM accounts_dirty
        JOIN accounts_dirty_truth USING (account_id)
        WHERE relation = 'outlet' QUALIFY count(*) OVER (PARTITION BY name, website) = 5)""", 30),
    "neighbours with one telephone": (
        """SELECT count(*) FROM (SELECT account_id FROM accounts_dirty
        JOIN accounts_dirty_truth USING (account_id)
        WHERE relation = 'neighbour' QUALIFY count(*) OVER (PARTITION BY phone, street) = 3)""", 30),
    "accounts of the export among them": (
        "SELECT count(*) FROM accounts_dirty SEMI JOIN accounts ON lower(name) = lower(account)", 0),
}  # fmt: skip


@pytest.mark.parametrize("what", PLANTED)
def test_planted(db, what):
    query, number = PLANTED[what]
    assert one(db, query) == number


def test_contacts_untouched_for_two_years_are_three_in_ten(db):
    assert one(db, "SELECT count(*) FROM contacts WHERE changed_on < DATE '2016-01-01'") == 210


def test_one_team_logs_in_less_from_october_on(db):
    rows = db.execute(
        """SELECT manager, day >= DATE '2017-10-16' AS late,
        count(*) / count(DISTINCT day) / any_value(n) AS rate
        FROM logins JOIN (SELECT *, count(*) OVER (PARTITION BY manager) AS n FROM sales_teams
            WHERE sales_agent NOT IN ('Niesha Huffines', 'Reed Clapper'))
        ON person_id = sales_agent GROUP BY ALL"""
    ).df()
    rate = rows.pivot_table(index="manager", columns="late", values="rate")
    fall = (rate[True] / rate[False]).sort_values()
    assert fall.index[0] == "Melvin Marxen"
    assert fall.iloc[0] == pytest.approx(0.48, abs=0.06)
    assert fall.iloc[1] > 0.9


def test_use_of_the_exports_own_fields_is_the_exports(db):
    columns = {
        "deals": ("sales_pipeline", ("opportunity_id", "sales_agent", "product", "deal_stage", "account",
                                     "engage_date", "close_date")),
        "accounts": ("accounts", ("account", "office_location", "sector", "subsidiary_of")),
        "contacts": ("contacts", ("name", "account_id", "title", "role", "email", "phone")),
    }  # fmt: skip
    for table, (source, names) in columns.items():
        for name in names:
            real = db.execute(f'SELECT count("{name}"), count(*) FROM {source}').fetchone()
            use = f"SELECT filled, \"of\" FROM field_use WHERE object = '{table}' AND field = '{name}'"
            assert db.execute(use).fetchone() == real, (table, name)
    for table, source, name in (("deals", "sales_pipeline", "deal_stage"), ("accounts", "accounts", "sector"),
                                ("accounts", "accounts", "office_location")):  # fmt: skip
        real = db.execute(f"SELECT {name}, count(*) FROM {source} GROUP BY ALL ORDER BY 1").fetchall()
        use = f"SELECT value, used FROM picklist_use WHERE object = '{table}' AND field = '{name}' ORDER BY 1"
        assert db.execute(use).fetchall() == real


def test_two_values_mean_the_same(db):
    used = dict(db.execute("SELECT value, used FROM picklist_use WHERE field = 'heard_of_us'").fetchall())
    assert 0.8 < used["Website"] / used["Web"] < 1.25
    assert used["Newspaper"] == 0


@pytest.fixture(scope="module")
def pairs(db):
    """Each duplicate beside the row it repeats."""
    return db.execute(
        """SELECT t.kind, d.*, o.name AS its_name, o.street AS its_street, o.website AS its_website
        FROM accounts_dirty_truth t JOIN accounts_dirty d USING (account_id)
        JOIN accounts_dirty o ON t.duplicate_of = o.account_id"""
    ).df()


def words(name):
    return sorted(name.replace(",", "").split())


def without_form(name):
    kept = [word for word in name.split() if word not in ("Inc.", "LLC", "Corp.", "Co.", "Ltd.", "LP")]
    return " ".join(kept)


def shortened(name, its_name):
    """Each word is the other's first letters, at least, with an ampersand for and."""
    ours, theirs = (n.replace("&", "and").split() for n in (name, its_name))
    short = {"Mfg", "Intl", "Bros", "Pkg", "Labs"}  # not the first letters, or with a plural's s
    return len(ours) == len(theirs) and all(
        a == b or b.startswith(a) or a in short for a, b in zip(ours, theirs, strict=True)
    )


KINDS = {
    "typo": lambda r: OSA.distance(r["name"], r.its_name) == 1 and r.street == r.its_street,
    "abbreviation": lambda r: r["name"] != r.its_name and shortened(r["name"], r.its_name),
    "legal form": lambda r: r["name"] != r.its_name and without_form(r["name"]) == without_form(r.its_name),
    "swapped words": lambda r: r["name"] != r.its_name and words(r["name"]) == words(r.its_name),
    "moved": lambda r: r["name"] == r.its_name and r.street != r.its_street and r.website == r.its_website,
    "other domain": lambda r: (
        r["name"] == r.its_name.upper()
        and r.street == r.its_street
        and r.website.removeprefix("www.").split("-", 1)[1] == r.its_website.removeprefix("www.")
    ),
}


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_duplicate_is_what_its_name_says(pairs, kind):
    rows = pairs[pairs["kind"] == kind]
    assert len(rows) == 25
    wrong = [row for _, row in rows.iterrows() if not KINDS[kind](row)]
    assert not wrong, pd.DataFrame(wrong)[["name", "its_name"]]


def test_subsidiaries_share_their_parents_site_and_are_other_companies(db):
    rows = db.execute(
        """SELECT t.family_id, count(DISTINCT company_id) AS companies, count(DISTINCT website) AS sites
        FROM accounts_dirty JOIN accounts_dirty_truth t USING (account_id)
        WHERE relation IN ('parent', 'subsidiary') AND kind IS NULL GROUP BY 1"""
    ).df()
    assert len(rows) == 45
    assert rows["companies"].between(2, 4).all()
    assert (rows["sites"] == 1).all()


def test_row_order_and_ids_do_not_give_the_duplicates_away(db):
    places = db.execute(
        """SELECT row_number() OVER () AS place, duplicate_of IS NOT NULL AS twice
        FROM accounts_dirty JOIN accounts_dirty_truth USING (account_id) ORDER BY account_id"""
    ).df()
    thirds = places.groupby(pd.cut(places["place"], 4))["twice"].sum()
    assert thirds.between(20, 55).all()
