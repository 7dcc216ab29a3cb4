"""The simulated tables agree with the real export, with each other and with what is shipped."""

from pathlib import Path

import duckdb
import pytest

from salesops_nb.errors import SalesopsError
from salesops_nb.simulate import demo, write_demo
from salesops_nb.simulate.crm import SEED

ROOT = Path(__file__).parents[2]
DATA = ROOT / "data"
SHIPPED = DATA / "simulated"


@pytest.fixture(scope="module")
def db():
    connection = duckdb.connect()
    for name, table in demo(DATA).items():
        connection.register("all_targets" if name == "targets" else name, table)
    connection.execute("CREATE VIEW targets AS FROM all_targets WHERE metric = 'bookings'")
    connection.execute(
        "CREATE VIEW crm AS SELECT opportunity_id AS deal_id, * "
        f"FROM read_csv('{DATA / 'sales_pipeline.csv'}')"
    )
    connection.execute(f"CREATE VIEW teams AS SELECT * FROM read_csv('{DATA / 'sales_teams.csv'}')")
    return connection


def count(db, query: str) -> int:
    return db.execute(f"SELECT count(*) FROM ({query})").fetchall()[0][0]


# Made by bench/demo_units.py from counties and a solved plan, which take longer than a test may.
TERRITORIES = {"units.csv", "unit_edges.csv", "assignments.csv"}
SETTINGS = {"book/workbook.yml", "book/mapping.yml"}


def files(folder):
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_shipped_files_are_a_fresh_generation(tmp_path):
    fresh = write_demo(DATA, tmp_path)
    assert {p.relative_to(tmp_path).as_posix() for p in fresh} == files(SHIPPED) - TERRITORIES - SETTINGS
    for path in fresh:
        shipped = SHIPPED / path.relative_to(tmp_path)
        if path.suffix != ".parquet":
            assert path.read_bytes() == shipped.read_bytes(), path.name
        else:  # the bytes of Parquet depend on the library's version, the rows do not
            difference = (
                f"(FROM '{path}' EXCEPT ALL FROM '{shipped}') UNION ALL "
                f"(FROM '{shipped}' EXCEPT ALL FROM '{path}')"
            )
            assert duckdb.connect().execute(f"SELECT count(*) FROM ({difference})").fetchall() == [(0,)]


def test_shipped_files_are_small():
    sizes = {name: (SHIPPED / name).stat().st_size for name in files(SHIPPED)}
    assert sum(sizes.values()) < 2_500_000
    assert max(sizes.values()) < 1_000_000


def test_every_row_is_marked():
    for name, table in demo(DATA).items():
        assert table.num_rows, name
        assert table["simulated"].to_pylist() == [True] * table.num_rows, name


def test_another_seed_gives_other_rows():
    here, there = demo(DATA, SEED), demo(DATA, SEED + 1)
    same = [name for name in here if here[name].equals(there[name])]
    assert same == ["score_anchors"]  # words that nobody draws


# Each query finds rows that break a promise.
BROKEN = {
    "history of an unknown deal": "SELECT * FROM stage_history ANTI JOIN crm USING (deal_id)",
    "deal without history": "SELECT * FROM crm ANTI JOIN stage_history USING (deal_id)",
    "last stage is not the deal's": """
        SELECT * FROM (SELECT deal_id, arg_max(stage, entered_at) AS stage FROM stage_history GROUP BY 1)
        JOIN crm USING (deal_id) WHERE stage <> deal_stage""",
    "more or less than one stage without end": """
        SELECT deal_id FROM stage_history WHERE left_at IS NULL GROUP BY 1 HAVING count(*) <> 1
        UNION ALL SELECT deal_id FROM stage_history GROUP BY 1 HAVING count(*) <> count(left_at) + 1""",
    "a stage does not begin when the one before ends": """
        SELECT * FROM (SELECT *, lead(entered_at) OVER (PARTITION BY deal_id ORDER BY entered_at) AS next
        FROM stage_history) WHERE left_at IS DISTINCT FROM next OR left_at < entered_at""",
    "two stages entered at once": """
        SELECT 1 FROM stage_history GROUP BY deal_id, entered_at HAVING count(*) > 1""",
    "engaged on another day": """
        SELECT * FROM stage_history JOIN crm USING (deal_id)
        WHERE stage = 'Engaging' AND entered_at::DATE <> engage_date""",
    "closed on another day": """
        SELECT * FROM stage_history JOIN crm USING (deal_id)
        WHERE stage IN ('Won', 'Lost') AND entered_at::DATE <> close_date""",
    "stage outside prospected to last day": """
        SELECT * FROM stage_history JOIN deals_more USING (deal_id)
        WHERE entered_at::DATE < prospecting_on OR entered_at::DATE > DATE '2017-12-31'""",
    "activity by someone else": """
        SELECT * FROM activities JOIN crm USING (deal_id) WHERE person_id <> sales_agent
        OR account_id IS DISTINCT FROM account""",
    "activity outside the deal's life": """
        SELECT * FROM activities JOIN crm USING (deal_id) JOIN deals_more USING (deal_id)
        WHERE happened_at::DATE < prospecting_on
        OR happened_at::DATE > coalesce(close_date, DATE '2017-12-31')""",
    "activity on a weekend or at night": """
        SELECT * FROM activities WHERE isodow(happened_at) > 5 OR hour(happened_at) NOT BETWEEN 8 AND 17""",
    "activity by someone not employed": """
        SELECT * FROM activities JOIN people_dates USING (person_id)
        WHERE happened_at::DATE < hired_on OR happened_at::DATE >= left_on""",
    "hired after the first deal": """
        SELECT person_id FROM people_dates JOIN crm ON person_id = sales_agent JOIN deals_more USING (deal_id)
        WHERE prospecting_on < hired_on""",
    "leaver who owns a deal": """
        SELECT 1 FROM people_dates JOIN crm ON person_id = sales_agent WHERE left_on IS NOT NULL""",
    "left before hired": """
        SELECT 1 FROM people_dates WHERE left_on <= hired_on""",
    "agent without dates": "SELECT 1 FROM teams ANTI JOIN people_dates ON sales_agent = person_id",
    "manager without dates": "SELECT 1 FROM teams ANTI JOIN people_dates ON manager = person_id",
    "plan of somebody who is not there": """
        SELECT 1 FROM plan_assignments ANTI JOIN people_dates USING (person_id)""",
    "two plans on one day": """
        SELECT 1 FROM plan_assignments a JOIN plan_assignments b USING (person_id)
        WHERE a.valid_from < b.valid_from AND (a.valid_to IS NULL OR a.valid_to > b.valid_from)""",
    "quota is not the quarter's target in thousands": """
        SELECT 1 FROM all_targets q LEFT JOIN targets t USING (level, who, period)
        WHERE q.metric = 'quota'
        AND (t.value IS NULL OR q.value <> greatest(1000, round_even(t.value, -3)))""",
    "split of a deal that is not won, or without its owner": """
        SELECT deal_id FROM splits JOIN crm USING (deal_id) GROUP BY 1
        HAVING any_value(deal_stage) <> 'Won' OR NOT bool_or(person_id = sales_agent)""",
    "revenue shares are not 100": """
        SELECT deal_id FROM splits WHERE type = 'revenue' GROUP BY 1 HAVING sum(share) <> 100""",
    "people.csv says other than the export": f"""
        (SELECT sales_agent, 'rep', manager, manager, regional_office FROM teams UNION
         SELECT DISTINCT manager, 'manager', NULL, manager, regional_office FROM teams)
        EXCEPT FROM read_csv('{DATA / "people.csv"}')""",
    "former agent with a listed name": "SELECT 1 FROM people_more JOIN teams ON person_id = sales_agent",
    "closed deal expected to close, or open deal not": """
        SELECT * FROM deals_more JOIN crm USING (deal_id)
        WHERE (close_date IS NULL) <> (expected_close_on IS NOT NULL)""",
    "cost of a deal not won, or none": """
        SELECT * FROM deals_more JOIN crm USING (deal_id) WHERE (deal_stage = 'Won') <> (cost IS NOT NULL)
        OR cost::DECIMAL(18, 2) NOT BETWEEN 0 AND close_value""",
    "closed deal with a next step": """
        SELECT * FROM deals_more JOIN crm USING (deal_id)
        WHERE close_date IS NOT NULL AND next_step_on IS NOT NULL""",
    "closed and not in the closed category": """
        SELECT * FROM deals_more JOIN crm USING (deal_id)
        WHERE (close_date IS NOT NULL) <> (forecast_category = 'closed')""",
    "vacancy filled before it opened": "SELECT * FROM vacancies WHERE filled_on <= opened_on",
    "year is not the sum of its months": """
        SELECT level, who FROM targets GROUP BY ALL HAVING sum(value) FILTER (length(period) = 4)
        <> sum(value) FILTER (period LIKE '%-0_' OR period LIKE '%-1_')""",
    "quarter is not the sum of its months": """
        SELECT level, who, CASE WHEN period LIKE '%Q%' THEN right(period, 1)::INT
        ELSE (right(period, 2)::INT + 2) // 3 END AS q FROM targets WHERE length(period) = 7 GROUP BY ALL
        HAVING sum(value) <> 2 * sum(value) FILTER (period LIKE '%Q%')""",
    "levels do not sum to the same": """
        SELECT period FROM targets GROUP BY 1 HAVING count(DISTINCT level) <> 4
        OR sum(value) <> 4 * sum(value) FILTER (level = 'company')""",
    "team is not the sum of its reps": """
        SELECT manager, period, sum(value) AS value FROM targets JOIN teams ON who = sales_agent
        WHERE level = 'rep' GROUP BY ALL
        EXCEPT SELECT who, period, value FROM targets WHERE level = 'team'""",
    "history does not sum": """
        SELECT month FROM bookings_history GROUP BY 1
        HAVING sum(value) <> 3 * sum(value) FILTER (level = 'company')""",
    "history of a rep not employed": """
        SELECT 1 FROM bookings_history b JOIN people_dates p ON b.who = p.person_id AND b.level = 'rep'
        WHERE (month || '-01')::DATE + INTERVAL 1 MONTH <= hired_on OR (month || '-01')::DATE >= left_on""",
}


@pytest.mark.parametrize("promise", BROKEN)
def test_promise(db, promise):
    assert count(db, BROKEN[promise]) == 0


def test_history_is_thirty_six_months_up_to_the_first_close(db):
    found = db.execute(
        "SELECT count(DISTINCT month), min(month), max(month) FROM bookings_history"
    ).fetchall()
    assert found == [(36, "2014-03", "2017-02")]


def test_attainment_varies(db):
    rows = db.execute(
        """SELECT won / value FROM (SELECT sales_agent AS who, sum(close_value) AS won FROM crm GROUP BY 1)
        JOIN (SELECT who, sum(value) AS value FROM targets WHERE level = 'rep'
        AND period IN ('2017-Q2', '2017-Q3', '2017-Q4') GROUP BY 1) USING (who)"""
    ).fetchall()
    attained = sorted(float(row[0]) for row in rows)
    assert len(attained) == 30
    assert attained[4] < 0.95
    assert attained[-5] > 1.05


def test_places_follow_the_office(db):
    accounts = db.execute(f"FROM read_csv('{DATA / 'accounts.csv'}')").df()
    places = db.execute("FROM accounts_places").df().set_index("account_id")
    for account, office in zip(accounts["account"], accounts["office_location"], strict=True):
        row = places.loc[account]
        in_usa = isinstance(row["unit_id"], str)
        assert in_usa == (office == "United States")
        if in_usa:
            assert len(row["unit_id"]) == 5
        if office == "Japan":
            assert (row["latitude"], row["longitude"]) == (35.6762, 139.6503)


def test_some_leavers_and_beginners_own_no_deal(db):
    agents = "(FROM people_dates SEMI JOIN teams ON person_id = sales_agent)"
    idle = f"SELECT * FROM {agents} ANTI JOIN crm ON person_id = sales_agent"
    assert count(db, idle) == 5
    assert count(db, f"FROM ({idle}) WHERE left_on < DATE '2017-03-01'") == 3
    former = "(FROM people_dates SEMI JOIN people_more USING (person_id))"
    assert count(db, f"FROM {former} WHERE left_on < DATE '2016-09-01'") == 12


def test_a_missing_export_is_named(tmp_path):
    (tmp_path / "accounts.csv").write_text("account\n")
    with pytest.raises(SalesopsError, match=r"lacks sales_pipeline.csv, products.csv, sales_teams.csv"):
        demo(tmp_path)
