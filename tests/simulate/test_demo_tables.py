"""The simulated tables agree with the real export, with each other and with what is shipped."""

from pathlib import Path

import duckdb
import pytest

from salesops_nb.errors import SalesopsError
from salesops_nb.simulate import Leaning, Logging, Process, demo, write_demo
from salesops_nb.simulate.crm import SEED

ROOT = Path(__file__).parents[2]
DATA = ROOT / "data"
SHIPPED = DATA / "simulated"


# Each call beside what its person, or his team, had won in the quarter by the day and had open at list price.
CALL_FACTS = """
    CREATE VIEW call_facts AS
    SELECT c.person_id, c.made_on, c.period, c.commit::DECIMAL(18, 2) AS commit,
        c.best_case::DECIMAL(18, 2) AS best_case,
        coalesce(sum(close_value) FILTER (deal_stage = 'Won' AND close_date <= made_on
            AND close_date >= date_trunc('quarter', made_on)), 0) AS won,
        coalesce(sum(sales_price) FILTER (engage_date <= made_on
            AND (close_date IS NULL OR close_date > made_on)), 0) AS open
    FROM forecast_calls c JOIN people_dates p USING (person_id)
    JOIN read_csv('{teams}') t ON c.person_id IN (t.sales_agent, t.manager)
    JOIN crm ON crm.sales_agent = t.sales_agent
    JOIN read_csv('{products}') p2 ON p2.product = replace(crm.product, 'GTXPro', 'GTX Pro')
    GROUP BY ALL"""


@pytest.fixture(scope="module")
def made():
    return demo(DATA)


@pytest.fixture(scope="module")
def db(made):
    connection = duckdb.connect()
    for name, table in made.items():
        connection.register("all_targets" if name == "targets" else name, table)
    connection.execute("CREATE VIEW targets AS FROM all_targets WHERE metric = 'bookings'")
    connection.execute(
        "CREATE VIEW crm AS SELECT opportunity_id AS deal_id, * "
        f"FROM read_csv('{DATA / 'sales_pipeline.csv'}')"
    )
    connection.execute(CALL_FACTS.format(products=DATA / "products.csv", teams=DATA / "sales_teams.csv"))
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
    assert sum(sizes.values()) < 3_200_000
    assert max(sizes.values()) < 1_000_000


def test_every_row_is_marked():
    for name, table in demo(DATA).items():
        assert table.num_rows, name
        assert table["simulated"].to_pylist() == [True] * table.num_rows, name


def test_another_seed_gives_other_rows():
    here, there = demo(DATA, SEED), demo(DATA, SEED + 1)
    same = [name for name in here if here[name].equals(there[name])]
    assert same == ["score_anchors"]  # words that nobody draws


@pytest.mark.parametrize(
    ("truth", "changed"),
    [
        ({"process": Process(loops=0.5)}, {"stage_history"}),
        ({"process": Process(slow=9.0)}, {"stage_history"}),
        ({"process": Process(pushed_lost=0.9)}, {"deal_changes"}),
        ({"process": Process(price=9.0)}, {"deals_more"}),
        ({"leaning": Leaning(high=3.0)}, {"forecast_calls"}),
        ({"logging": Logging(mails=9_000)}, {"activities"}),
    ],
)
def test_another_truth_changes_its_own_table_only(made, truth, changed):
    here, there = made, demo(DATA, **truth)
    assert {name for name in here if not here[name].equals(there[name])} == changed


# Each query finds rows that break a promise.
BROKEN = {
    "history of an unknown deal": "SELECT * FROM stage_history ANTI JOIN crm USING (deal_id)",
    "deal without history": "SELECT * FROM crm ANTI JOIN stage_history USING (deal_id)",
    "last stage is not the deal's": """
        SELECT * FROM (SELECT deal_id, arg_max(coalesce(parent_stage, stage), entered_at) AS stage
        FROM stage_history GROUP BY 1) JOIN crm USING (deal_id) WHERE stage <> deal_stage""",
    "more or less than one stage without end": """
        SELECT deal_id FROM stage_history WHERE left_at IS NULL GROUP BY 1 HAVING count(*) <> 1
        UNION ALL SELECT deal_id FROM stage_history GROUP BY 1 HAVING count(*) <> count(left_at) + 1""",
    "a stage does not begin when the one before ends": """
        SELECT * FROM (SELECT *, lead(entered_at) OVER (PARTITION BY deal_id ORDER BY entered_at) AS next
        FROM stage_history) WHERE left_at IS DISTINCT FROM next OR left_at <= entered_at""",
    "two stages entered at once": """
        SELECT 1 FROM stage_history GROUP BY deal_id, entered_at HAVING count(*) > 1""",
    "first sub-stage begins on another day, or is another": """
        SELECT * FROM (SELECT deal_id, min(entered_at) AS began, arg_min(stage, entered_at) AS stage
        FROM stage_history WHERE parent_stage = 'Engaging' GROUP BY 1) RIGHT JOIN crm USING (deal_id)
        WHERE began IS DISTINCT FROM engage_date OR (began IS NOT NULL AND stage <> 'Qualify')""",
    "last sub-stage ends on another day": """
        SELECT * FROM (SELECT deal_id, left_at AS ended, lead(entered_at) OVER (PARTITION BY deal_id
        ORDER BY entered_at) AS next FROM stage_history WHERE parent_stage = 'Engaging') JOIN crm
        USING (deal_id) WHERE next IS NULL AND ended IS DISTINCT FROM close_date""",
    "prospecting begins on another day": """
        SELECT * FROM (FROM stage_history WHERE stage = 'Prospecting') RIGHT JOIN deals_more USING (deal_id)
        WHERE entered_at IS DISTINCT FROM prospecting_on""",
    "parent of a stage that is not inside Engaging, or none of one that is": """
        SELECT * FROM stage_history WHERE (stage IN ('Qualify', 'Demo', 'Proposal', 'Negotiation'))
        <> (parent_stage IS NOT DISTINCT FROM 'Engaging')""",
    "moved by somebody else": """
        SELECT * FROM stage_history h JOIN crm USING (deal_id) JOIN teams USING (sales_agent)
        LEFT JOIN leave l ON person_id = sales_agent AND entered_at >= l."from"
        AND entered_at < coalesce(l."to", DATE '2100-01-01')
        WHERE h."by" <> CASE WHEN person_id IS NULL THEN sales_agent ELSE manager END
        AND entered_at NOT BETWEEN TIMESTAMP '2017-09-29 16:00:00' AND TIMESTAMP '2017-09-29 17:00:00'""",
    "change of an unknown deal": "SELECT 1 FROM deal_changes ANTI JOIN crm USING (deal_id)",
    "two changes of a field at once": """
        SELECT 1 FROM deal_changes GROUP BY deal_id, changed_at, field HAVING count(*) > 1""",
    "change that changes nothing": "SELECT 1 FROM deal_changes WHERE old IS NOT DISTINCT FROM new",
    "a change does not begin where the one before ended": """
        SELECT * FROM (SELECT old, lag(new) OVER w AS before, row_number() OVER w AS n FROM deal_changes
        WINDOW w AS (PARTITION BY deal_id, field ORDER BY changed_at))
        WHERE n > 1 AND old IS DISTINCT FROM before""",
    "change outside the deal's life": """
        SELECT * FROM deal_changes JOIN crm USING (deal_id) JOIN deals_more USING (deal_id)
        WHERE changed_at < prospecting_on OR changed_at > coalesce(close_date, DATE '2018-01-01')""",
    "last change is not the deal's value": """
        SELECT * FROM (SELECT deal_id, field, arg_max(coalesce(new, ''), changed_at) AS last
        FROM deal_changes GROUP BY ALL) JOIN crm USING (deal_id) JOIN deals_more USING (deal_id)
        WHERE last <> CASE field WHEN 'stage' THEN deal_stage WHEN 'owner_id' THEN sales_agent
        WHEN 'next_step' THEN coalesce(next_step, '') WHEN 'amount' THEN close_value::VARCHAR || '.00'
        WHEN 'expected_close_on' THEN coalesce(expected_close_on::VARCHAR, '') END""",
    "stage change that is not in the history": """
        (SELECT deal_id, changed_at, new FROM deal_changes WHERE field = 'stage'
        EXCEPT SELECT deal_id, entered_at, coalesce(parent_stage, stage) FROM stage_history)
        UNION ALL
        (SELECT deal_id, min(entered_at), coalesce(parent_stage, stage) AS stage FROM stage_history
        WHERE stage <> 'Prospecting' GROUP BY 1, 3
        EXCEPT SELECT deal_id, changed_at, new FROM deal_changes WHERE field = 'stage')""",
    "given by another than the manager, or to somebody of another team": """
        SELECT * FROM deal_changes JOIN teams a ON a.sales_agent = new JOIN teams b ON b.sales_agent = old
        WHERE field = 'owner_id' AND (a.manager <> b.manager OR a.manager <> deal_changes.by)""",
    "changed by another than the owner, or on his leave than the manager": """
        SELECT * FROM deal_changes c JOIN crm USING (deal_id) JOIN teams USING (sales_agent)
        LEFT JOIN leave l ON person_id = sales_agent AND changed_at >= l."from"
        AND changed_at < coalesce(l."to", DATE '2100-01-01') WHERE field <> 'owner_id'
        AND c."by" <> CASE WHEN person_id IS NULL THEN sales_agent ELSE manager END""",
    "amount of an open deal, which has none, is changed": """
        SELECT * FROM deal_changes JOIN crm USING (deal_id) WHERE field = 'amount' AND close_date IS NULL""",
    "reason of a deal that is not lost": """
        SELECT * FROM deals_more JOIN crm USING (deal_id)
        WHERE loss_reason IS NOT NULL AND deal_stage <> 'Lost'""",
    "competitor of an open deal": """
        SELECT * FROM deals_more JOIN crm USING (deal_id)
        WHERE competitor IS NOT NULL AND close_date IS NULL""",
    "next step without its day, or day without step": """
        SELECT * FROM deals_more WHERE (next_step IS NULL) <> (next_step_on IS NULL)""",
    "deal without a type": """
        SELECT * FROM deals_more WHERE deal_type IS NULL OR source IS NULL
        OR deal_type NOT IN ('new', 'expansion', 'renewal')""",
    "sums by type, source or reason are not the export's": """
        SELECT sum(close_value), count(*) FROM crm EXCEPT SELECT sum(v), sum(n) FROM (
        SELECT deal_type, sum(close_value) AS v, count(*) AS n FROM deals_more JOIN crm USING (deal_id)
        GROUP BY 1)""",
    "two calls of one person on a day": """
        SELECT 1 FROM forecast_calls GROUP BY person_id, made_on, period HAVING count(*) > 1""",
    "commit above the best case": """
        SELECT * FROM forecast_calls WHERE commit::DECIMAL(18, 2) > best_case::DECIMAL(18, 2)""",
    "call of another quarter, or not on a Monday": """
        SELECT * FROM forecast_calls WHERE isodow(made_on) <> 1
        OR period <> year(made_on) || '-Q' || quarter(made_on)""",
    "call by somebody who is not there": """
        SELECT 1 FROM forecast_calls ANTI JOIN people_dates USING (person_id) UNION ALL
        SELECT 1 FROM forecast_calls JOIN people_dates USING (person_id) WHERE made_on < hired_on""",
    "call below what is won, or above that and what is open": """
        SELECT * FROM (FROM call_facts) WHERE commit < won OR best_case > won + open""",
    "activity that neither happened nor was planned": """
        SELECT 1 FROM activities WHERE happened_at IS NULL AND planned_at IS NULL""",
    "same activity twice": "SELECT 1 FROM activities GROUP BY activity_id HAVING count(*) > 1",
    "planned activity on a weekend, at night or before the deal": """
        SELECT * FROM activities JOIN deals_more USING (deal_id) WHERE isodow(planned_at) > 5
        OR hour(planned_at) NOT BETWEEN 8 AND 17 OR planned_at::DATE < deals_more.prospecting_on""",
    "planned after the close": """
        SELECT * FROM activities JOIN crm USING (deal_id) WHERE planned_at >= close_date""",
    "written down before it happened, or after it was planned": """
        SELECT * FROM activities WHERE logged_at <= happened_at OR logged_at > planned_at
        OR logged_at IS NULL OR logged_at >= DATE '2018-01-01'""",
    "mail without outcome, or planned activity with one": """
        SELECT * FROM activities WHERE (kind = 'email' AND outcome IS NULL)
        OR (happened_at IS NULL AND outcome IS NOT NULL)""",
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
