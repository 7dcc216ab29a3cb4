"""The sales process of invented deals: whole, the same by seed, and with the truth that was asked for."""

from importlib import import_module

import duckdb
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from salesops_nb.cli.simulate import simulate as command
from salesops_nb.errors import SalesopsError
from salesops_nb.simulate import Leaning, Process, deals

TRUTH = Process(
    slow_stage="Demo", slow_in="East", slow=4.0, loops=0.2, skips=0.3, bulk=50, pushed_lost=0.6,
    pushed_won=0.05, price_in="medical", price=6.0, undecided=8.0, blank=0.4,
    sources_won=(0.1, 0.1, 0.1, 0.1, 0.6), sources_lost=(0.2, 0.2, 0.2, 0.2, 0.2),
)  # fmt: skip
LEANING = Leaning(optimist="R00003", sandbagger="R00004", high=2.5, low=0.3, error=0.1)
ADDED = ("stage_history", "deal_changes", "forecast_calls")


@pytest.fixture(scope="module")
def db(tmp_path_factory):
    """Deals in several chunks, one of which is not full."""
    connection = duckdb.connect()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(import_module("salesops_nb.simulate.invented.deals"), "CHUNK", 8_000)
        made = deals(20_000, 7, tmp_path_factory.mktemp("made"), people=40, process=TRUTH, leaning=LEANING)
    for name, path in made.items():
        connection.execute(f"CREATE VIEW {name} AS FROM '{path}'")
    connection.execute(
        """CREATE VIEW stays AS SELECT *, epoch(left_at - entered_at) / 86400 AS days,
        list_position(['Qualify', 'Demo', 'Proposal', 'Negotiation'], h.stage) AS place
        FROM stage_history h JOIN (SELECT deal_id, owner_id, outcome FROM deals) USING (deal_id)
        JOIN (SELECT person_id AS owner_id, region FROM people) USING (owner_id)
        WHERE parent_stage = 'Engaging'"""
    )
    connection.execute(
        """CREATE VIEW ways AS SELECT deal_id, any_value(outcome) AS outcome, max(place) AS furthest,
        count(DISTINCT place) AS places, bool_or(place < before) AS went_back,
        arg_max(stage, entered_at) AS last FROM (SELECT *, lag(place) OVER (PARTITION BY deal_id
        ORDER BY entered_at) AS before FROM stays) GROUP BY 1"""
    )
    return connection


BROKEN = {
    "deal without history": "FROM deals ANTI JOIN stage_history USING (deal_id)",
    "history of an unknown deal": "FROM stage_history ANTI JOIN deals USING (deal_id)",
    "two stages entered at once": """
        SELECT 1 FROM stage_history GROUP BY deal_id, entered_at HAVING count(*) > 1""",
    "a stage does not begin when the one before ends": """
        FROM (SELECT *, lead(entered_at) OVER (PARTITION BY deal_id ORDER BY entered_at) AS next
        FROM stage_history) WHERE left_at IS DISTINCT FROM next OR left_at <= entered_at""",
    "begins on another day than the deal": """
        FROM (SELECT deal_id, min(entered_at) AS began FROM stage_history GROUP BY 1) JOIN deals
        USING (deal_id) WHERE began <> created_on""",
    "ends in another stage or on another day than the deal": """
        FROM (SELECT deal_id, arg_max(coalesce(parent_stage, stage), entered_at) AS last,
        max(entered_at) AS ended FROM stage_history GROUP BY 1) JOIN deals USING (deal_id)
        WHERE last <> stage OR ended > DATE '2018-01-01' OR ended <> closed_on""",
    "two changes of a field at once": """
        SELECT 1 FROM deal_changes GROUP BY deal_id, changed_at, field HAVING count(*) > 1""",
    "a change does not begin where the one before ended": """
        FROM (SELECT old, lag(new) OVER w AS before, row_number() OVER w AS n FROM deal_changes
        WINDOW w AS (PARTITION BY deal_id, field ORDER BY changed_at))
        WHERE n > 1 AND old IS DISTINCT FROM before""",
    "last change is not the deal's value": """
        FROM (SELECT deal_id, field, arg_max(coalesce(new, ''), changed_at) AS last
        FROM deal_changes GROUP BY ALL) JOIN deals USING (deal_id) WHERE last <> CASE field
        WHEN 'stage' THEN stage WHEN 'owner_id' THEN owner_id WHEN 'next_step' THEN coalesce(next_step, '')
        WHEN 'amount' THEN amount::VARCHAR
        WHEN 'expected_close_on' THEN coalesce(expected_close_on::VARCHAR, '') END""",
    "change outside the deal's life": """
        FROM deal_changes JOIN deals USING (deal_id)
        WHERE changed_at < created_on OR changed_at > coalesce(closed_on, DATE '2018-01-01')""",
    "by nobody": """
        FROM (SELECT "by" FROM stage_history UNION ALL SELECT "by" FROM deal_changes) p
        ANTI JOIN people ON p."by" = person_id""",
    "reason of a deal that is not lost": "FROM deals WHERE loss_reason IS NOT NULL AND outcome <> 'lost'",
    "commit above the best case": "FROM forecast_calls WHERE commit > best_case",
    "call by nobody, or before the hiring": """
        FROM forecast_calls LEFT JOIN people USING (person_id) WHERE hired_on IS NULL
        OR (made_on < hired_on AND role = 'rep')""",
    "call below what is won": """
        FROM (SELECT person_id, made_on, any_value(commit) AS commit, sum(amount) AS won FROM forecast_calls
        JOIN people p USING (person_id) JOIN people r ON p.person_id IN (r.person_id, r.manager_id)
        JOIN deals ON owner_id = r.person_id AND outcome = 'won' AND closed_on <= made_on
        AND closed_on >= date_trunc('quarter', made_on) GROUP BY ALL) WHERE commit < won""",
    "not marked": " UNION ALL ".join(f"SELECT 1 FROM {name} WHERE simulated IS NOT true" for name in ADDED),
}


@pytest.mark.parametrize("promise", BROKEN)
def test_promise(db, promise):
    query = BROKEN[promise].strip()
    select = query if query.startswith("SELECT") else f"SELECT 1 {query}"
    assert db.execute(f"SELECT count(*) FROM ({select})").fetchall() == [(0,)]


PLANTED = {
    "slow": (
        """SELECT median(days) FILTER (region = 'East') / median(days) FILTER (region <> 'East')
        FROM stays WHERE stage = 'Demo' AND outcome <> 'open'""",
        1.8,
        2.8,
    ),
    "loops": ("SELECT avg(went_back::INT) FROM ways WHERE furthest > 1 AND outcome <> 'open'", 0.199, 0.201),
    "skips": (
        "SELECT avg((places < furthest)::INT) FROM ways WHERE furthest > 2 AND outcome <> 'open'",
        0.299,
        0.301,
    ),
    "bulk": ("""SELECT count(*) FROM stage_history WHERE "by" LIKE 'M%'""", 45, 50),
    "pushed and lost": (
        """SELECT avg((deal_id IN (SELECT deal_id FROM deal_changes WHERE field = 'expected_close_on'
        AND new > old))::INT) FROM deals WHERE outcome = 'lost'""",
        0.599,
        0.601,
    ),
    "pushed and won": (
        """SELECT avg((deal_id IN (SELECT deal_id FROM deal_changes WHERE field = 'expected_close_on'
        AND new > old))::INT) FROM deals WHERE outcome = 'won'""",
        0.049,
        0.051,
    ),
    "price against elsewhere": (
        """SELECT avg((loss_reason = 'price')::INT) FILTER (industry = 'medical')
        / avg((loss_reason = 'price')::INT) FILTER (industry <> 'medical')
        FROM deals JOIN accounts USING (account_id) WHERE outcome = 'lost'""",
        2.5,
        5.0,
    ),
    "undecided against elsewhere": (
        """SELECT avg((loss_reason = 'no decision')::INT) FILTER (last = 'Demo')
        / avg((loss_reason = 'no decision')::INT) FILTER (last <> 'Demo')
        FROM deals JOIN ways USING (deal_id) WHERE deals.outcome = 'lost'""",
        3.0,
        6.0,
    ),
    "blank": ("SELECT avg((loss_reason IS NULL)::INT) FROM deals WHERE outcome = 'lost'", 0.399, 0.401),
    "partners among the won": (
        "SELECT avg((source = 'partner')::INT) FROM deals WHERE outcome = 'won'", 0.57, 0.63),
    "partners among the lost": (
        "SELECT avg((source = 'partner')::INT) FROM deals WHERE outcome = 'lost'", 0.17, 0.23),
}  # fmt: skip


@pytest.mark.parametrize("name", PLANTED)
def test_the_truth_that_was_asked_for_is_found(db, name):
    query, low, high = PLANTED[name]
    assert low <= float(db.execute(query).fetchall()[0][0]) <= high


def test_those_who_lean(db):
    order = db.execute(
        """SELECT person_id FROM forecast_calls JOIN (SELECT owner_id AS person_id, sum(amount) AS won,
        year(closed_on) || '-Q' || quarter(closed_on) AS period FROM deals WHERE outcome = 'won' GROUP BY ALL)
        USING (person_id, period) GROUP BY 1 ORDER BY avg(commit / won)"""
    ).fetchall()
    assert (order[0], order[-1]) == (("R00004",), ("R00003",))


def test_without_a_truth_nothing_is_planted(tmp_path):
    plain = Process(slow=1.0, slow_spread=0.0, loops=0.0, skips=0.0, bulk=0, pushed_lost=0.0, pushed_won=0.0,
                    pushed_open=0.0, repriced=0.0, handed=0.0, stepped=0.0, blank=0.0)  # fmt: skip
    made = deals(3_000, 2, tmp_path, process=plain)
    fields = duckdb.sql(f"SELECT DISTINCT field FROM '{made['deal_changes']}' WHERE new > old OR old > new")
    assert {row[0] for row in fields.fetchall()} == {"stage"}
    blank = duckdb.sql(
        f"SELECT count(*) FROM '{made['deals']}' WHERE outcome = 'lost' AND loss_reason IS NULL"
    )
    assert blank.fetchall() == [(0,)]


def test_the_seed_decides_and_a_process_leaves_the_deals_alone(tmp_path):
    first, again, bare = (
        deals(2_000, 5, tmp_path / name, process=process)
        for name, process in (("a", TRUTH), ("b", TRUTH), ("c", None))
    )
    for name in first:
        assert pq.read_table(first[name]).equals(pq.read_table(again[name])), name
    assert set(first) - set(bare) == set(ADDED)
    told = ["stage", "source", "loss_reason", "competitor", "next_step"]
    for name in bare:
        with_it, without = pq.read_table(first[name]), pq.read_table(bare[name])
        if name == "deals":
            with_it, without = with_it.drop_columns(told), without.drop_columns(told)
        assert with_it.equals(without), name


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"loops": 1.5}, "loops is 1.5"),
        ({"pushed_won": -0.1}, "pushed_won is -0.1"),
        ({"blank": float("nan")}, "blank is nan"),
        ({"slow": 0.0}, "slow is 0.0"),
        ({"price": -1.0}, "price is -1.0"),
        ({"bulk": -1}, "bulk is -1"),
        ({"slow_stage": "Offer"}, "slow_stage is Offer"),
        ({"dies": (0.5, 0.5, 0.5, 0.5)}, "dies adds up to 2"),
        ({"sources_won": (1.0,)}, "sources_won has 1 numbers instead of 5"),
        ({"days": (1.0, 2.0, 0.0, 1.0)}, "days has a stay of 0.0"),
        ({"days": (1.0, 2.0, 1.0)}, "days has 3 numbers instead of 4"),
        ({"days": 5}, "days is 5"),
        ({"dies": "abcd"}, "dies is abcd"),
        ({"loops": "x"}, "loops is x"),
        ({"loops": None}, "loops is None"),
        ({"bulk": 1.5}, "bulk is 1.5"),
        ({"spread": float("inf")}, "spread is inf"),
    ],
)
def test_a_truth_that_cannot_be_is_refused(arguments, words):
    with pytest.raises(SalesopsError, match=words):
        Process(**arguments)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"high": -1.0}, r"high is -1.0 \(from 0 to 100\)"),
        ({"low": "half"}, "low is 'half'"),
        ({"error": float("nan")}, "error is nan"),
    ],
)
def test_a_leaning_that_cannot_be_is_refused(arguments, words):
    with pytest.raises(SalesopsError, match=words):
        Leaning(**arguments)


def test_command(tmp_path):
    done = CliRunner().invoke(command, ["--deals", "200", "--out", str(tmp_path), "--process"])
    assert done.exit_code == 0, done.output
    assert {path.stem for path in tmp_path.iterdir()} >= set(ADDED)
    refused = CliRunner().invoke(command, ["--process"])
    assert refused.exit_code == 2
    assert "--process needs --deals" in refused.output
