"""What must hold of any data: sums partition, bridges add up, order and kind of frame do not matter."""

from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from salesops_nb import performance
from salesops_nb.errors import SalesopsError

pytestmark = pytest.mark.slow

QUICK = settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
REPS = {"ana": ("north", "r1"), "bob": ("north", "r1"), "cho": ("south", "r2"), "dan": ("south", "r2")}
PRODUCTS = {"P1": Decimal("100.0000"), "P2": Decimal("2500.5000")}


def made(seed, n=160):
    """Deals of a year with every outcome, missing amounts, unknown owners and products."""
    rng = np.random.default_rng(seed)
    created = [date(2024, 1, 1) + timedelta(days=int(d)) for d in rng.integers(0, 300, n)]
    outcome = rng.choice(["won", "lost", "open"], n, p=[0.5, 0.3, 0.2])
    closed = [
        None if o == "open" else c + timedelta(days=int(d))
        for c, o, d in zip(created, outcome, rng.integers(1, 60, n), strict=True)
    ]
    amount = [
        Decimal(int(a)).scaleb(-2) if o == "won" else None
        for o, a in zip(outcome, rng.integers(0, 10**6, n), strict=True)
    ]
    deals = pd.DataFrame(
        {
            "deal_id": [f"D{i:04d}" for i in range(n)],
            "owner_id": rng.choice([*REPS, "ghost"], n),
            "product_id": rng.choice([*PRODUCTS, "PX"], n),
            "stage": np.where(outcome == "open", "Open", outcome),
            "outcome": outcome,
            "amount": pd.Series(amount, dtype=pd.ArrowDtype(pa.decimal128(18, 4))),
            "created_on": pd.Series(created, dtype=pd.ArrowDtype(pa.date32())),
            "closed_on": pd.Series(closed, dtype=pd.ArrowDtype(pa.date32())),
        }
    )
    people = pd.DataFrame(
        [(p, p.title(), "rep", team, region) for p, (team, region) in REPS.items()],
        columns=["person_id", "name", "role", "team", "region"],
    )
    prices = pd.Series(list(PRODUCTS.values()), dtype=pd.ArrowDtype(pa.decimal128(18, 4)))
    products = pd.DataFrame({"product_id": list(PRODUCTS), "name": list(PRODUCTS), "list_price": prices})
    return {"deals": deals, "people": people, "products": products}


def review(tables, period="2024-Q3", **choices):
    return performance.review(tables, period, as_of=date(2024, 12, 31), **choices)


@QUICK
@given(st.integers(0, 10**6))
def test_groups_partition_the_whole(seed):
    found = review(made(seed))
    for table in (found.teams, found.people, found.products, found.segments):
        assert sum(table["bookings"], Decimal(0)) == found.company["bookings"]
        assert table["won"].sum() == found.company["won"]
        assert table["lost"].sum() == found.company["lost"]
    assert sum(found.people["pipeline"], Decimal(0)) == found.company["pipeline"]


@QUICK
@given(st.integers(0, 10**6))
def test_the_whole_equals_a_plain_count(seed):
    tables = made(seed)
    deals, found = tables["deals"], review(tables)
    closed = deals[(deals["closed_on"] >= date(2024, 7, 1)) & (deals["closed_on"] < date(2024, 10, 1))]
    won = closed[closed["outcome"] == "won"]
    assert found.company["won"] == len(won)
    assert found.company["lost"] == (closed["outcome"] == "lost").sum()
    assert found.company["bookings"] == sum(won["amount"], Decimal(0))


@QUICK
@given(st.integers(0, 10**6))
def test_the_bridge_adds_up_exactly(seed):
    for bridge in (review(made(seed)).bridge, review(made(seed), level="team", who="north").bridge):
        first, *steps, last = bridge["amount"]
        assert first + sum(steps, Decimal(0)) == last


@QUICK
@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_shuffled_input_gives_the_same_review(seed, shuffle):
    tables = made(seed)
    other = {name: frame.sample(frac=1, random_state=shuffle) for name, frame in tables.items()}
    one, two = review(tables), review(other)
    pd.testing.assert_frame_equal(one.people, two.people)
    pd.testing.assert_frame_equal(one.headlines, two.headlines)
    pd.testing.assert_frame_equal(one.time_to_win, two.time_to_win)


def test_any_kind_of_frame_gives_the_same(tmp_path):
    import duckdb

    tables = made(4)
    arrow = {name: pa.Table.from_pandas(frame) for name, frame in tables.items()}
    connection = duckdb.connect()
    relations = {name: connection.from_arrow(table) for name, table in arrow.items()}
    expected = review(tables).people
    pd.testing.assert_frame_equal(review(arrow).people, expected)
    pd.testing.assert_frame_equal(review(relations).people, expected)


def test_unknown_owners_and_products_stay_in_the_sums():
    found = review(made(4), "2024")
    assert found.people.at["unassigned", "won"] > 0
    assert found.products.at["unknown", "won"] > 0


def test_a_won_deal_without_an_amount_counts_as_won_but_not_in_the_average():
    tables = made(4)
    deals = tables["deals"]
    row = deals.index[(deals["outcome"] == "won") & (deals["owner_id"] == "ana")][0]
    before = review(tables, "2024").people.loc["ana"]
    lost_money = deals.at[row, "amount"]
    deals.at[row, "amount"] = None
    after = review(tables, "2024").people.loc["ana"]
    assert after["won"] == before["won"]
    assert after["bookings"] == before["bookings"] - lost_money
    assert after["average_deal"] == after["bookings"] / int(before["won"] - 1)


def test_teams_as_they_were_and_restated():
    tables = made(8)
    moved = pd.DataFrame(
        [
            ("ana", "Ana", "rep", "north", "r1", None, date(2024, 8, 15)),
            ("ana", "Ana", "rep", "south", "r2", date(2024, 8, 15), None),
            *[(p, p, "rep", *REPS[p], None, None) for p in ("bob", "cho", "dan")],
        ],
        columns=["person_id", "name", "role", "team", "region", "valid_from", "valid_to"],
    )
    for column in ("valid_from", "valid_to"):
        moved[column] = moved[column].astype(pd.ArrowDtype(pa.date32()))
    tables["people"] = moved
    were, restated = review(tables), review(tables, structure="restated")
    won = tables["deals"].query("outcome == 'won' and owner_id == 'ana'")
    before = won[(won["closed_on"] >= date(2024, 7, 1)) & (won["closed_on"] < date(2024, 8, 15))]
    assert len(before) > 0
    moved_money = sum(before["amount"], Decimal(0))
    assert were.teams.at["north", "bookings"] - restated.teams.at["north", "bookings"] == moved_money
    assert were.company["bookings"] == restated.company["bookings"]


def test_a_day_that_no_row_of_the_owner_covers_counts_as_unassigned():
    tables = made(8)
    people = tables["people"]
    people["valid_from"] = pd.Series([date(2024, 8, 1)] + [None] * 3, dtype=pd.ArrowDtype(pa.date32()))
    found = review(tables)
    assert found.teams["won"].sum() == found.company["won"]
    assert "unassigned" in found.teams.index


def test_as_of_an_earlier_day_later_closings_were_still_open():
    tables = made(5)
    earlier = performance.review(tables, "2024-Q3", as_of=date(2024, 8, 10))
    closed = tables["deals"].query("outcome == 'won'")["closed_on"]
    assert earlier.company["won"] == ((closed >= date(2024, 7, 1)) & (closed <= date(2024, 8, 10))).sum()
    known = tables["deals"][tables["deals"]["created_on"] <= date(2024, 8, 10)]
    ended = known["closed_on"].notna() & (known["closed_on"] <= date(2024, 8, 10))
    assert earlier.company["open_deals"] + earlier.company["stale_deals"] == (~ended).sum()


def test_against_targets_every_gap_is_a_step():
    tables = made(6)
    rows = [("company", "company", "1000000"), ("team", "north", "600000"), ("team", "south", "300000")]
    tables["targets"] = pd.DataFrame(
        [(level, who, "bookings", "2024-Q3", Decimal(value)) for level, who, value in rows],
        columns=["level", "who", "metric", "period", "value"],
    )
    found = review(tables, compare_to="target")
    assert found.bridge["step"].tolist()[0] == "Target"
    first, *steps, last = found.bridge["amount"]
    assert first + sum(steps, Decimal(0)) == last == found.company["bookings"]
    assert found.company["attainment"] == pytest.approx(float(last) / 1_000_000)


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ({"level": "squad"}, "level is 'squad', which is not known. Choose one of company, team, rep."),
        ({"level": "team", "who": "nort"}, "The nearest known teams are: north"),
        ({"level": "rep"}, "who is None, which is not known. The nearest known reps are"),
        ({"who": "north"}, "Leave it empty at level company"),
        ({"compare_to": "budget"}, "Choose one of previous, last-year, target."),
        ({"period": "2026-Q1"}, "begins after 31 Dec 2024, the last day looked at"),
    ],
)
def test_choices_that_are_not_known_are_refused_in_words(choices, message):
    with pytest.raises(SalesopsError) as refused:
        review(made(1), **choices)
    assert message in str(refused.value)


def test_a_period_without_any_deal_is_a_review_of_nothing():
    tables = made(1)
    tables["deals"] = tables["deals"][tables["deals"]["closed_on"].isna()]
    found = review(tables)
    assert found.company["bookings"] == 0
    assert found.headlines["value"].isna().sum() >= 5


@pytest.mark.parametrize("structure", ["as they were", "restated"])
@pytest.mark.parametrize("as_of", [None, date(2024, 8, 20)])
def test_deals_joined_once_give_what_the_tables_give(structure, as_of):
    tables = made(3)
    people = tables["people"]
    moved = people.assign(team="south", valid_from=date(2024, 7, 1), valid_to=None)
    tables["people"] = pd.concat([people.assign(valid_from=None, valid_to=date(2024, 7, 1)), moved])
    joined = performance.joined(tables)
    performance.prepare(joined, date(2024, 9, 9))  # of another day, which must leave nothing behind
    kept, alone = (
        performance.review(performance.prepare(what, as_of, structure), "2024-Q3")
        for what in (joined, tables)
    )
    assert set(kept.teams.index) <= {"north", "south", "unassigned"}
    if structure == "restated":
        assert "north" not in kept.teams.index
    for name in ("headlines", "teams", "people", "products", "segments", "pipeline", "bridge", "trend"):
        pd.testing.assert_frame_equal(getattr(kept, name), getattr(alone, name), check_exact=True)
