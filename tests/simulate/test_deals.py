"""Deals in any number: the same by seed, whole, and matched by the tables around them."""

from datetime import date
from importlib import import_module

import duckdb
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from salesops_nb.cli.simulate import simulate
from salesops_nb.errors import SalesopsError
from salesops_nb.simulate import Process, deals
from salesops_nb.simulate.invented import world

N = 30_000


@pytest.fixture(scope="module")
def db(tmp_path_factory):
    connection = duckdb.connect()
    for name, path in deals(N, 7, tmp_path_factory.mktemp("made")).items():
        connection.execute(f"CREATE VIEW {name} AS FROM '{path}'")
    return connection


BROKEN = {
    "same id twice": "SELECT 1 FROM deals GROUP BY deal_id HAVING count(*) > 1",
    "unknown owner": "SELECT 1 FROM deals ANTI JOIN people ON owner_id = person_id",
    "unknown account": "FROM deals ANTI JOIN accounts USING (account_id)",
    "unknown product": "FROM deals ANTI JOIN products USING (product_id)",
    "closed before created": "FROM deals WHERE closed_on < created_on",
    "before the owner was hired": """
        FROM deals JOIN people ON owner_id = person_id WHERE created_on < hired_on""",
    "outside the span": """
        FROM deals WHERE created_on < DATE '2015-01-01'
        OR greatest(created_on, closed_on) > DATE '2017-12-31'""",
    "outcome and closing disagree": "FROM deals WHERE (outcome = 'open') <> (closed_on IS NULL)",
    "won without amount or cost": "FROM deals WHERE outcome = 'won' AND (amount IS NULL OR cost IS NULL)",
    "cost above the amount or below nothing": "FROM deals WHERE cost < 0 OR cost > amount",
    "lost without reason": "FROM deals WHERE (outcome = 'lost') <> (loss_reason IS NOT NULL)",
    "not marked": """
        SELECT 1 FROM (SELECT simulated FROM deals UNION ALL SELECT simulated FROM people UNION ALL
        SELECT simulated FROM accounts UNION ALL SELECT simulated FROM targets UNION ALL
        SELECT simulated FROM products) WHERE simulated IS DISTINCT FROM true""",
    "levels do not sum to the same": """
        SELECT period FROM targets GROUP BY 1
        HAVING sum(value) <> 4 * sum(value) FILTER (level = 'company')""",
    "year is not the sum of its months or quarters": """
        SELECT who, left(period, 4) FROM targets GROUP BY ALL
        HAVING sum(value) <> 3 * sum(value) FILTER (length(period) = 4)""",
    "teams do not sum to reps": """
        SELECT team, period, sum(value) FROM targets JOIN people ON who = person_id
        WHERE level = 'rep' GROUP BY ALL
        EXCEPT SELECT who, period, value FROM targets WHERE level = 'team'""",
}


@pytest.mark.parametrize("promise", BROKEN)
def test_promise(db, promise):
    assert db.execute(f"SELECT count(*) FROM ({BROKEN[promise]})").fetchall() == [(0,)]


def test_counts_and_outcomes(db):
    rows = dict(db.execute("SELECT outcome, count(*) FROM deals GROUP BY 1").fetchall())
    assert sum(rows.values()) == N
    assert 0.5 < rows["won"] / (rows["won"] + rows["lost"]) < 0.7
    assert 0.03 < rows["open"] / N < 0.2
    assert db.execute("SELECT count(*) FROM people WHERE role = 'rep'").fetchall() == [(20,)]


def test_money_is_decimal(db):
    types = dict(db.execute("SELECT column_name, column_type FROM (DESCRIBE deals)").fetchall())
    assert types["amount"] == types["cost"] == "DECIMAL(18,2)"
    assert types["closed_on"] == "DATE"
    assert types["owner_id"] == "VARCHAR"


def test_the_seed_decides(tmp_path):
    first, again, other = (deals(2000, seed, tmp_path / str(i)) for i, seed in enumerate((5, 5, 6)))
    for name in first:
        assert pq.read_table(first[name]).equals(pq.read_table(again[name])), name
    assert not pq.read_table(first["deals"]).equals(pq.read_table(other["deals"]))


def test_chunks_join_without_a_seam(tmp_path, monkeypatch):
    # The package's name `deals` is the function; the module of that name is reached by import_module.
    monkeypatch.setattr(import_module("salesops_nb.simulate.invented.deals"), "CHUNK", 700)
    table = pq.read_table(deals(2001, 1, tmp_path)["deals"])
    assert table["deal_id"].to_pylist() == [f"D{i:09d}" for i in range(1, 2002)]
    won = duckdb.connect().execute(
        f"""SELECT (SELECT sum(amount) FROM '{tmp_path}/deals.parquet' WHERE outcome = 'won'),
        (SELECT sum(value) FROM '{tmp_path}/targets.parquet'
        WHERE level = 'company' AND length(period) = 4)"""
    )
    actual, target = won.fetchall()[0]
    assert 0.6 < float(target / actual) < 1.7


def test_sizes_can_be_asked_for(tmp_path):
    made = deals(
        500, 1, tmp_path, people=3, accounts=9, products=2, first=date(2020, 4, 1), last=date(2022, 3, 31)
    )
    assert pq.read_metadata(made["accounts"]).num_rows == 9
    assert pq.read_metadata(made["products"]).num_rows == 2
    periods = set(pq.read_table(made["targets"])["period"].to_pylist())
    assert {p[:4] for p in periods} == {"2021"}  # the one whole calendar year


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"n": 0}, "n is 0"),
        ({"n": 10, "people": 0}, "people is 0"),
        ({"n": 10, "accounts": -1}, "accounts is -1"),
        ({"n": 10, "products": 0}, "products is 0"),
        ({"n": 10, "seed": -1}, "seed is -1"),
        ({"n": 1.5}, "n is 1.5"),
        ({"n": "x"}, "n is x"),
        ({"n": 10, "people": 2.5}, "people is 2.5"),
        ({"n": 10, "products": None}, "products is None"),
        ({"n": 10, "people": 10**7}, "people is 10000000, .* at most 1,000,000"),
        ({"n": 10, "seed": "x"}, "seed is x"),
        ({"n": 10, "first": "2015-01-01"}, "first and last are '2015-01-01'"),
        ({"n": 10, "process": "yes"}, "process is 'yes', no Process"),
        ({"n": 10, "process": Process(slow_in="Mars")}, "slow_in of the process is Mars, .*Central, East"),
        ({"n": 10, "process": Process(price_in="circus")}, "price_in of the process is circus, .*retail"),
        ({"n": 10, "last": date(2015, 3, 1)}, "are less than a year"),
    ],
)
def test_bad_sizes(tmp_path, arguments, words):
    with pytest.raises(SalesopsError, match=words):
        deals(**{"seed": 1, "path": tmp_path, **arguments})
    assert list(tmp_path.iterdir()) == []


def test_command(tmp_path):
    done = CliRunner().invoke(simulate, ["--deals", "200", "--out", str(tmp_path), "--seed", "3"])
    assert done.exit_code == 0, done.output
    assert len(done.output.split()) == 5
    assert pq.read_metadata(tmp_path / "deals.parquet").num_rows == 200
    refused = CliRunner().invoke(simulate, ["--deals", "200"])
    assert refused.exit_code == 2
    assert "--deals needs --out" in refused.output


def test_world_owners_follow_their_weight():
    made = world.invent(1, 50, 10, 5, date(2015, 1, 1), date(2017, 12, 31))
    assert made.weight[-1] == pytest.approx(1.0)
    assert (made.hired < made.last).all()
