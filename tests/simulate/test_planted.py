"""What docs/simulated.md says is planted in the sales process is found again in the shipped files."""

from pathlib import Path

import duckdb
import pytest

DATA = Path(__file__).parents[2] / "data"
VIEWS = {
    "stage_history": "simulated/stage_history.parquet",
    "deal_changes": "simulated/deal_changes.parquet",
    "activities": "simulated/activities.parquet",
    "forecast_calls": "simulated/forecast_calls.csv",
    "more": "simulated/deals_more.csv",
    "accounts": "accounts.csv",
    "teams": "sales_teams.csv",
}
DERIVED = """
CREATE VIEW deals AS SELECT opportunity_id AS deal_id, * FROM '{crm}' JOIN teams USING (sales_agent);
CREATE VIEW stays AS SELECT *, epoch(left_at - entered_at) / 86400 AS days,
    list_position(['Qualify', 'Demo', 'Proposal', 'Negotiation'], stage) AS place
    FROM stage_history JOIN deals USING (deal_id) WHERE parent_stage = 'Engaging';
CREATE VIEW ways AS SELECT deal_id, any_value(deal_stage) AS deal_stage, max(place) AS furthest,
    count(DISTINCT place) AS places, bool_or(place < before) AS went_back, arg_max(stage, entered_at) AS last
    FROM (SELECT *, lag(place) OVER (PARTITION BY deal_id ORDER BY entered_at) AS before FROM stays)
    GROUP BY 1;
CREATE VIEW lost AS SELECT * FROM deals JOIN more USING (deal_id) JOIN ways USING (deal_id)
    JOIN accounts USING (account) WHERE deals.deal_stage = 'Lost';
CREATE VIEW bookings AS SELECT sales_agent AS person_id, year(close_date) || '-Q' || quarter(close_date)
    AS period, sum(close_value) AS won FROM deals WHERE deal_stage = 'Won' GROUP BY ALL;
"""


@pytest.fixture(scope="module")
def db():
    connection = duckdb.connect()
    for name, path in VIEWS.items():
        connection.execute(f"CREATE VIEW {name} AS FROM '{DATA / path}'")
    connection.execute(DERIVED.format(crm=DATA / "sales_pipeline.csv"))
    return connection


# A query of one number, and the bounds it lies in: the figure that the documentation gives, and a little.
PLANTED = {
    "stages": ("SELECT count(*) FROM stage_history", 43_000, 44_000),
    "changes": ("SELECT count(*) FROM deal_changes", 29_500, 30_500),
    "calls": ("SELECT count(*) FROM forecast_calls", 1_440, 1_440),
    "activities": ("SELECT count(*) FROM activities", 37_000, 38_500),
    "Proposal in Central against elsewhere, medians of closed deals": (
        """SELECT median(days) FILTER (regional_office = 'Central')
        / median(days) FILTER (regional_office <> 'Central')
        FROM stays WHERE stage = 'Proposal' AND close_date IS NOT NULL""",
        1.6,
        2.0,
    ),
    "no constant shift: many a stay in Central is shorter than the median elsewhere": (
        """SELECT count(*) FILTER (days < (SELECT median(days) FROM stays WHERE stage = 'Proposal'
        AND regional_office <> 'Central' AND close_date IS NOT NULL)) / count(*) FROM stays
        WHERE stage = 'Proposal' AND regional_office = 'Central' AND close_date IS NOT NULL""",
        0.3,
        0.5,
    ),
    "no other stage is slow in Central": (
        """SELECT max(c / o) FROM (SELECT stage, median(days) FILTER (regional_office = 'Central') AS c,
        median(days) FILTER (regional_office <> 'Central') AS o FROM stays
        WHERE stage <> 'Proposal' AND close_date IS NOT NULL GROUP BY 1)""",
        0.6,
        1.0,
    ),
    "loops": (
        "SELECT avg(went_back::INT) FROM ways WHERE furthest >= 2 AND deal_stage <> 'Engaging'",
        0.059,
        0.061,
    ),
    "skips": (
        "SELECT avg((places < furthest)::INT) FROM ways WHERE furthest >= 3 AND deal_stage <> 'Engaging'",
        0.079,
        0.081,
    ),
    "bulk update": (
        """SELECT count(*) FROM stage_history WHERE "by" = 'Summer Sewald'""",
        150,
        160,
    ),
    "lost deals that were pushed": (
        """SELECT avg((deal_id IN (SELECT deal_id FROM deal_changes WHERE field = 'expected_close_on'
        AND new > old))::INT) FROM deals WHERE deal_stage = 'Lost'""",
        0.349,
        0.351,
    ),
    "won deals that were pushed": (
        """SELECT avg((deal_id IN (SELECT deal_id FROM deal_changes WHERE field = 'expected_close_on'
        AND new > old))::INT) FROM deals WHERE deal_stage = 'Won'""",
        0.149,
        0.151,
    ),
    "price among the reasons in retail": (
        "SELECT avg((loss_reason = 'price')::INT) FROM lost WHERE sector = 'retail'",
        0.44,
        0.56,
    ),
    "price among the reasons elsewhere": (
        "SELECT avg((loss_reason = 'price')::INT) FROM lost WHERE sector <> 'retail'",
        0.17,
        0.24,
    ),
    "no decision among those lost in Proposal": (
        "SELECT avg((loss_reason = 'no decision')::INT) FROM lost WHERE last = 'Proposal'",
        0.34,
        0.44,
    ),
    "no decision among those lost elsewhere": (
        "SELECT avg((loss_reason = 'no decision')::INT) FROM lost WHERE last <> 'Proposal'",
        0.11,
        0.18,
    ),
    "lost without reason": ("SELECT avg((loss_reason IS NULL)::INT) FROM lost", 0.1195, 0.1205),
    "win rate of referrals": (
        """SELECT avg((deal_stage = 'Won')::INT) FROM deals JOIN more USING (deal_id)
        WHERE source = 'referral' AND close_date IS NOT NULL""",
        0.76,
        0.84,
    ),
    "win rate of outbound": (
        """SELECT avg((deal_stage = 'Won')::INT) FROM deals JOIN more USING (deal_id)
        WHERE source = 'outbound' AND close_date IS NOT NULL""",
        0.46,
        0.55,
    ),
    "a competitor is named on lost deals": ("SELECT count(competitor) / count(*) FROM lost", 0.3, 0.4),
    "and on won ones": (
        "SELECT count(competitor) / count(*) FROM more JOIN deals USING (deal_id) WHERE deal_stage = 'Won'",
        0.1,
        0.14,
    ),
    "planned ahead": ("SELECT count(*) FROM activities WHERE planned_at >= DATE '2018-01-01'", 1_500, 1_500),
    "planned and missed": (
        "SELECT count(*) FROM activities WHERE planned_at < DATE '2018-01-01' AND happened_at IS NULL",
        1_100,
        1_100,
    ),
    "mails that were answered": (
        "SELECT avg((outcome = 'replied')::INT) FROM activities WHERE kind = 'email'",
        0.25,
        0.29,
    ),
}


@pytest.mark.parametrize("name", PLANTED)
def test_what_is_planted_is_found(db, name):
    query, low, high = PLANTED[name]
    assert low <= float(db.execute(query).fetchall()[0][0]) <= high


def test_one_leans_high_and_one_low(db):
    called = db.execute(
        "SELECT person_id FROM forecast_calls JOIN bookings USING (person_id, period) GROUP BY 1 "
        "ORDER BY median(commit / won)"
    ).fetchall()
    assert len(called) == 30
    assert (called[0], called[-1]) == (("Corliss Cosme",), ("Markita Hansen",))


def test_two_do_not_log(db):
    per_deal = db.execute(
        "SELECT sales_agent, count(activity_id) / count(DISTINCT deal_id) AS each FROM deals "
        "LEFT JOIN activities USING (deal_id) GROUP BY 1 ORDER BY each"
    ).fetchall()
    assert {per_deal[0][0], per_deal[1][0]} == {"Niesha Huffines", "Reed Clapper"}
    assert per_deal[1][1] < 0.5 < 2 < per_deal[2][1]


def test_one_logs_on_fridays_only(db):
    weekly = db.execute(
        "SELECT person_id FROM activities GROUP BY 1 HAVING bool_and(isodow(logged_at) = 5)"
    ).fetchall()
    assert weekly == [("James Ascencio",)]
    days = db.execute(
        "SELECT count(DISTINCT isodow(happened_at)) FROM activities WHERE person_id = 'James Ascencio'"
    ).fetchall()
    assert days == [(5,)]


def test_types_follow_the_accounts_own_purchases(db):
    other = db.execute(
        """WITH wins AS (SELECT account, product, close_date FROM deals WHERE deal_stage = 'Won'),
        begun AS (SELECT deal_id, account, product, deal_type,
            coalesce(engage_date, prospecting_on) AS day FROM deals JOIN more USING (deal_id))
        SELECT deal_id, deal_type, CASE
            WHEN min(close_date) IS NULL OR min(close_date) >= day THEN 'new'
            WHEN min(close_date) FILTER (wins.product = begun.product) + 90 <= day THEN 'renewal'
            ELSE 'expansion' END AS expected
        FROM begun LEFT JOIN wins USING (account) GROUP BY deal_id, deal_type, day
        HAVING deal_type <> expected"""
    ).fetchall()
    assert other == []
    counts = dict(db.execute("SELECT deal_type, count(*) FROM more GROUP BY 1").fetchall())
    assert min(counts.values()) > 2_000
