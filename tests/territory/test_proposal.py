"""From tables to plans, what a plan means for reps, and carrying it out."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from sqlalchemy import text
from territory_maps import grid

from salesops_nb import parameters
from salesops_nb.errors import SalesopsError
from salesops_nb.notebook.territory_rebalancing import approval as approving
from salesops_nb.notebook.territory_rebalancing import carrying_out as carrying
from salesops_nb.notebook.territory_rebalancing.parameters import TerritoryRebalancing
from salesops_nb.store.assignments.assignments import (
    approvals_given,
    approved_owners,
    check_assignments,
    undo,
)
from salesops_nb.store.database import open_store
from salesops_nb.territory.effects.driving_and_duration import rep_moves
from salesops_nb.territory.effects.targets_and_pay import read_past, rep_effects
from salesops_nb.territory.inputs.geography import great_circle_km
from salesops_nb.territory.plans.proposal import Proposal, plans_for, propose
from salesops_nb.territory.scope.baseline import prepare
from salesops_nb.territory.scope.norms import Norms

pytestmark = pytest.mark.slow

DAY = date(2017, 12, 31)


def company() -> dict[str, Any]:
    units, edges = grid(6, 6)
    owner = ["A" if c < 4 else "B" for _ in range(6) for c in range(6)]
    return {
        "units": units,
        "unit_edges": edges,
        "people": pd.DataFrame(
            {"person_id": ["A", "B", "Z"], "role": "rep", "team": ["X", "X", "Y"], "fte": [1.0, 1.0, 1.0]}
        ),
        "assignments": pd.DataFrame(
            {"unit_id": units["unit_id"], "person_id": owner, "valid_from": date(2016, 1, 1), "role": "rep"}
        ),
        "accounts": pd.DataFrame(
            {"account_id": ["k1", "k2"], "name": ["One", "Two"],
             "unit_id": ["0-3", "0-3"], "owner_id": ["A", "Z"]}
        ),
        "deals": pd.DataFrame(
            {"deal_id": ["d1", "d2"], "account_id": ["k1", "k1"], "owner_id": ["A", "A"],
             "outcome": ["open", "won"], "created_on": [date(2017, 5, 1)] * 2,
             "closed_on": [None, date(2017, 6, 1)], "amount": [Decimal(100), Decimal(2400)]}
        ),
        "targets": pd.DataFrame(
            {"level": "rep", "metric": "bookings", "period": "2017", "who": ["A", "B"], "value": [2400, 1000]}
        ),
    }  # fmt: skip


@dataclass
class Book:
    folder: Path
    store: Any
    tables: dict[str, Any]
    data_through: date = DAY
    problems: list[Any] = field(default_factory=list)


@pytest.fixture
def book(tmp_path: Path) -> Book:
    return Book(tmp_path, open_store(f"sqlite:///{tmp_path / 's.sqlite'}"), company())


def asked(**values: Any) -> Any:
    given = {"scope": "team", "who": "X", "seed": 0, "choice": 1, **values}
    return parameters.checked(TerritoryRebalancing, given)


def planned(book: Book, wish: Any) -> Proposal:
    """What the notebook's steps do."""
    names = ("potential", "expected_spend", "workload", "calls", "minutes", "km_per_hour", "visits_per_trip")
    norms = {name: getattr(wish, name) for name in names}
    ground = carrying.ground(book, as_of=wish.as_of, of=wish.of, scope=wish.scope, who=wish.who, **norms)
    names = (
        "reps",
        "leave_out",
        "ramp_months",
        "tolerance",
        "disruption",
        "whole",
        "families",
        "locked",
        "seed",
    )
    return plans_for(ground, **{name: getattr(wish, name) for name in names}).picked(wish.choice)


def test_the_scope_is_balanced_with_the_least_moved() -> None:
    found = propose(company(), as_of=DAY, scope="team", who="X", tolerance=0.05)
    assert found.balance["potential_imbalance"].tolist() == pytest.approx([1 / 3, -1 / 3])
    assert found.plan.summary.imbalance <= 0.05
    assert found.plan.summary.moved_units == 6
    assert set(found.plan.assignment["rep"]) == {"A", "B"}


@pytest.mark.parametrize("choice", [1, 3, 5])
def test_a_first_look_is_one_plan_whatever_is_picked_and_says_nothing_else(choice: int) -> None:
    ground = prepare(company(), as_of=DAY, scope="team", who="X")
    look = plans_for(ground, tolerance=0.1, preview=choice)
    assert look.preview
    assert len(look.frontier.plans) == 1
    assert look.picked(choice) is look
    assert look.problems == []
    assert look.plan.summary["imbalance"] <= 0.1
    whole = plans_for(ground, tolerance=0.1)
    assert not whole.preview
    pd.testing.assert_frame_equal(look.balance, whole.balance, check_exact=True)


def test_a_first_look_out_of_balance_shows_how_far() -> None:
    """Thirty-six equal units divide by five reps only roughly."""
    ground = prepare(company(), as_of=DAY, scope="team", who="X")
    with pytest.raises(SalesopsError, match="within"):
        plans_for(ground, reps=5, tolerance=0.01)
    look = plans_for(ground, reps=5, tolerance=0.01, preview=1)
    assert look.plan.summary["imbalance"] > 0.01


def test_targets_keep_their_total_and_follow_potential() -> None:
    tables = company()
    found = propose(tables, as_of=DAY, scope="team", who="X")
    past = read_past(tables, year="2017", until=DAY, pay=lambda a, t: a * t / 10)
    frame = rep_effects(found, past)
    assert sum(frame["target_after"]) == Decimal(3400)
    a = frame.set_index("rep").loc["A"]
    assert a["outlook_after"] == Decimal("1800.00")  # 18 of 24 units at 100 each
    assert a["commission_before"] == Decimal("240.00")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"who": "None"}, "unknown-scope"),
        ({"reps": 1}, "too-few-reps"),
        ({"leave_out": ["Q"]}, "unknown-rep"),
        ({"locked": ["zz"]}, "unknown-unit"),
        ({"choice": 9}, "bad-choice"),
        ({"who": "Y"}, "no-units"),
    ],
)
def test_what_cannot_be_asked_is_named(change: dict[str, Any], code: str) -> None:
    with pytest.raises(SalesopsError) as error:
        propose(company(), **{"as_of": DAY, "scope": "team", "who": "X", **change})
    assert code in {p.code for p in error.value.problems}


def test_two_owners_on_a_day_are_refused_and_unknown_neighbours_set_aside() -> None:
    tables = company()
    twice = tables["assignments"].iloc[[0]].assign(person_id="B")
    tables["assignments"] = pd.concat([tables["assignments"], twice])
    with pytest.raises(SalesopsError, match="two owners"):
        propose(tables, as_of=DAY, scope="team", who="X")
    tables = company()
    stray = pd.DataFrame({"unit_a": ["0-0"], "unit_b": ["nowhere"]})
    tables["unit_edges"] = pd.concat([tables["unit_edges"], stray])
    found = propose(tables, as_of=DAY, scope="team", who="X")
    assert [p.code for p in found.problems] == ["unknown-unit"]
    assert "1 of 61 edges" in found.problems[0].message


def test_approval_writes_owners_files_and_nothing_twice(book: Book) -> None:
    wish = asked(approved_by="Ada", reason="drift", effective_on="2018-01-01", in_flight="split")
    plan = planned(book, wish)
    files = carrying.carry_out(plan, book, wish)
    carrying.carry_out(plan, book, wish)
    assert approved_owners(book.store, date(2018, 1, 1)) == plan.after
    assert approved_owners(book.store, DAY) == plan.today
    assert check_assignments(book.store) == []
    with book.store.connect() as connection:
        who = connection.execute(text("select approved_by, reason from assignment_approvals")).all()
    assert [tuple(row) for row in who] == [("Ada", "As it stood before: drift"), ("Ada", "drift")]
    assert {p.name for p in (book.folder / "handover").iterdir()} == set(files)
    if "0-3" in set(files["changes.csv"]["unit_id"]):
        assert files["hand_over.csv"]["account_id"].tolist() == ["k1"]  # k2 is held against its unit
        assert files["splits.csv"]["share"].tolist() == [Decimal("0.5"), Decimal("0.5")]
    later = planned(book, asked(as_of="2018-02-01"))
    assert later.today == plan.after
    earlier = planned(book, asked(as_of="2017-06-30"))
    assert earlier.today == plan.today


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"approved_by": ""}, "nobody approves"),
        ({"effective_on": ""}, "lacks effective_on"),
        ({"reason": " "}, "lacks effective_on or reason"),
        ({"folder": "../elsewhere"}, "not inside the workbook"),
    ],
)
def test_nothing_is_written_without_an_approver_a_day_a_reason_and_a_place(
    book: Book, change: dict[str, Any], words: str
) -> None:
    wish = asked(**{"approved_by": "Ada", "reason": "drift", "effective_on": "2018-01-01", **change})
    plan = planned(book, wish)
    with pytest.raises(SalesopsError, match=words):
        carrying.carry_out(plan, book, wish)
    assert approved_owners(book.store, date(2030, 1, 1)) == {}
    assert not (book.folder / "handover").exists()


def test_an_approval_run_again_on_other_data_writes_no_other_plan_under_its_name(book: Book) -> None:
    wish = asked(approved_by="Ada", reason="drift", effective_on="2018-01-01")
    carrying.carry_out(planned(book, wish), book, wish)
    before = approved_owners(book.store, date(2030, 1, 1))
    book.tables["units"] = book.tables["units"].assign(
        potential=[9.0 if c < 3 else 1.0 for _ in range(6) for c in range(6)]
    )
    with pytest.raises(SalesopsError, match="approved other owners from 2018-01-01"):
        carrying.carry_out(planned(book, wish), book, wish)
    assert approved_owners(book.store, date(2030, 1, 1)) == before
    again = asked(approved_by="Ada", reason="second", effective_on="2018-03-01", as_of="2018-02-01")
    carrying.carry_out(planned(book, again), book, again)
    assert approved_owners(book.store, date(2018, 2, 1)) == before
    assert approved_owners(book.store, date(2018, 3, 1)) != before


def test_an_undone_approval_is_not_given_again_by_a_report_run_again(book: Book) -> None:
    wish = asked(approved_by="Ada", reason="drift", effective_on="2018-01-01")
    carrying.carry_out(planned(book, wish), book, wish)
    undo(book.store, 2, approved_by="Eve", approved_on=DAY, reason="no")
    with pytest.raises(SalesopsError, match=r"number 2\) and undone since"):
        carrying.carry_out(planned(book, wish), book, wish)
    again = wish.model_copy(update={"reason": "drift, once more"})
    carrying.carry_out(planned(book, again), book, again)
    assert approved_owners(book.store, date(2018, 1, 1)) == planned(book, again).after


def test_files_hold_no_formula(book: Book) -> None:
    book.tables["accounts"] = book.tables["accounts"].assign(name='=HYPERLINK("http://x")', owner_id="A")
    wish = asked(approved_by="Ada", reason="=1+1", effective_on="2018-01-01", choice=5)
    carrying.carry_out(planned(book, wish), book, wish)
    for file in (book.folder / "handover").iterdir():
        for row in csv.reader(io.StringIO(file.read_text())):
            assert not any(cell.startswith(("=", "@", "+")) for cell in row), file.name
    assert "'=1+1" in (book.folder / "handover" / "changes.csv").read_text()


def test_the_panel_takes_an_approval_only_together_and_lets_go_of_it(book: Book) -> None:
    """Its parameters are the panel's approval, whose first is emptied when anything else is moved."""
    assert TerritoryRebalancing.approval == (
        "approved_by",
        "approved_on",
        "reason",
        "effective_on",
    )
    wish = asked(reason="drift", effective_on="2018-01-01", choice=2)
    approving.approval(planned(book, wish), book, wish)
    assert approvals_given(book.store).empty
    wish = wish.model_copy(update={"approved_by": "Ada"})
    approving.approval(planned(book, wish), book, wish)
    assert approved_owners(book.store, date(2018, 1, 1)) == planned(book, wish).after
    assert approvals_given(book.store)["reason"].tolist() == ["drift", "As it stood before: drift"]


def test_an_import_names_nobody_whom_the_crm_does_not_know(book: Book) -> None:
    wish = asked(reps=3, choice=5, effective_on="2018-01-01", in_flight="move")
    found = planned(book, wish)
    fresh = next(unit for unit, rep in found.after.items() if rep == "New rep 1")
    book.tables["accounts"] = book.tables["accounts"].assign(unit_id=fresh, owner_id=found.today[fresh])
    files = carrying.sheets(found, book, wish)
    assert files["Account_owner.csv"].empty
    assert files["Opportunity_owner.csv"].empty
    assert files["not_imported.csv"]["after"].tolist() == ["New rep 1"] * 2


def test_what_a_planned_vacancy_or_nobody_holds_is_planned_for_the_company(book: Book) -> None:
    grown = asked(reps=3, approved_by="Ada", reason="growth", effective_on="2018-01-01", choice=5)
    carrying.carry_out(planned(book, grown), book, grown)
    later = asked(scope="company", who="", as_of="2018-02-01", leave_out="Z")
    found = planned(book, later)
    assert "New rep 1" in found.today.values()
    assert set(found.after.values()) == {"A", "B"}
    assert len(found.after) == 36
    book.tables["people"] = pd.concat(
        [book.tables["people"], pd.DataFrame({"person_id": ["M"], "role": ["manager"], "team": ["X"]})]
    )
    book.tables["assignments"].loc[0, "person_id"] = "M"
    held = planned(book, asked(scope="company", who="", as_of="2017-06-30", leave_out="Z"))
    assert len(held.after) == 35  # a manager keeps what is held


def test_named_accounts_beat_their_units_owner_even_where_accounts_follow(book: Book) -> None:
    book.tables["assignments"] = pd.concat(
        [
            book.tables["assignments"],
            pd.DataFrame({"account_id": ["k1"], "person_id": ["Z"], "valid_from": [date(2016, 1, 1)]}),
        ]
    )
    wish = asked(accounts="follow the unit", choice=5)
    plan = planned(book, wish)
    assert plan.ground.named == {"k1": "Z"}
    every = pd.DataFrame({"unit_id": ["0-3"], "before": ["A"], "after": ["B"]})
    moved = carrying.moved_accounts(plan, book, wish, every)
    assert moved is not None
    assert moved["account_id"].tolist() == ["k2"]


def named_book(book: Book, who: str, **columns: Any) -> None:
    """Two accounts in a unit of A's: k1 is given by name."""
    row = pd.DataFrame({"account_id": ["k1"], "person_id": [who], "valid_from": [date(2016, 1, 1)]})
    book.tables["assignments"] = pd.concat([book.tables["assignments"], row])
    book.tables["units"] = book.tables["units"].assign(workload=2.0, accounts=2.0)
    book.tables["accounts"] = book.tables["accounts"].assign(**columns)


def test_an_account_given_by_name_counts_for_its_own_rep(book: Book) -> None:
    named_book(book, "B")
    found = planned(book, asked(tolerance=0.1))
    today = found.balance.set_index("rep")
    # A has 24 units of 1, 2 and 2; half of one unit's potential and workload and one of its accounts are B's
    assert today.loc["A", ["potential", "workload", "accounts"]].tolist() == [23.5, 47.0, 47.0]
    assert today.loc["B", ["potential", "workload", "accounts"]].tolist() == [12.5, 25.0, 25.0]
    table = found.plan.territories.set_index("rep")
    assert table["potential"].sum() == pytest.approx(36)
    mine = sum(1.0 for rep in found.after.values() if rep == "B") - 0.5 * (found.after["0-3"] == "B")
    assert table.loc["B", "potential"] == pytest.approx(mine + 0.5)
    assert found.plan.summary["imbalance"] <= 0.1
    effects = rep_effects(found, read_past(book.tables, year="2017", until=DAY)).set_index("rep")
    assert [float(effects.loc["B", f"potential_{when}"]) for when in ("before", "after")] == pytest.approx(
        [12.5, mine + 0.5]
    )
    moved = rep_moves(found.plan).set_index("rep")
    assert moved.loc["A", ["kept", "lost"]].sum() == pytest.approx(23.5)


def test_what_an_account_has_is_what_it_says_and_never_more_than_its_unit(book: Book) -> None:
    named_book(book, "B", potential=[0.3, None], workload=[9.0, None])
    found = planned(book, asked(tolerance=0.1)).balance.set_index("rep")
    assert found.loc["B", ["potential", "workload"]].tolist() == pytest.approx([12.3, 26.0])


def test_accounts_of_somebody_outside_and_of_one_who_gets_no_units(book: Book) -> None:
    named_book(book, "Z")  # of another team: nobody's load in this one
    found = planned(book, asked(tolerance=0.1))
    assert found.plan.territories["potential"].sum() == pytest.approx(35.5)
    named_book(book, "B")
    book.tables["assignments"] = book.tables["assignments"][
        ~(
            (book.tables["assignments"]["account_id"] == "k1")
            & (book.tables["assignments"]["person_id"] == "Z")
        )
    ]
    wish = asked(leave_out="B", tolerance=0.1)
    left = planned(book, wish)
    assert left.plan.territories["potential"].tolist() == pytest.approx([36.0])
    assert [p.code for p in left.problems] == ["named-without-rep"]
    files = carrying.sheets(left, book, wish)
    row = files["Account_owner.csv"].set_index("Id")["OwnerId"]
    assert row["k1"] == "A"  # its unit stays with A, and so it comes to A
    lying = book.tables["accounts"]["unit_id"].where(book.tables["accounts"]["account_id"] != "k1", "9-9")
    book.tables["accounts"] = book.tables["accounts"].assign(unit_id=lying)
    assert [p.code for p in planned(book, asked(tolerance=0.1)).problems] == ["named-outside"]


def test_accounts_can_be_given_by_name_with_their_families_together(book: Book) -> None:
    n = 24
    book.tables["accounts"] = pd.DataFrame(
        {
            "account_id": [f"a{i}" for i in range(n)],
            "name": "x",
            "segment": ["large", "small"] * (n // 2),
            "owner_id": ["A"] * 18 + ["B"] * 6,
            "parent_id": [f"a{i - 1}" if i % 3 == 1 else None for i in range(n)],
            "latitude": [40.0 + i % 5 for i in range(n)],
            "longitude": [-100.0 + i % 7 for i in range(n)],
        }
    )
    wish = asked(
        of="accounts", expected_spend="large: 300, small: 100", families=True, tolerance={"potential": 0.1}
    )
    found = planned(book, wish)
    assert found.units["potential"].tolist() == [300.0, 100.0] * (n // 2)
    assert all(found.after[f"a{i}"] == found.after[f"a{i - 1}"] for i in range(n) if i % 3 == 1)
    assert not any(found.plan.model.bound)  # type: ignore[union-attr]  # in one piece is not asked of accounts
    approve = wish.model_copy(update={"approved_by": "Ada", "reason": "x", "effective_on": date(2018, 1, 1)})
    files = carrying.carry_out(found, book, approve)
    assert approved_owners(book.store, date(2018, 1, 1), "account") == found.after
    assert set(files["Account_owner.csv"]["Id"]) == set(files["changes.csv"]["unit_id"])


def test_norms_by_segment_are_learned_stated_and_named() -> None:
    tables = company()
    units = tables["units"].assign(
        segment=["town", "land"] * 18, prospects=[2.0, 1.0] * 18, workload=[10.0, 3.0] * 18
    )
    tables["units"] = units
    tables["people"] = tables["people"].assign(home_latitude=40.0, home_longitude=-100.0)

    def measured(**norms: Any) -> Any:
        return prepare(tables, as_of=DAY, scope="team", who="X", norms=Norms(**norms))

    given = measured()
    assert given.units["potential"].tolist() == [1.0] * 36
    table = given.measured.segments.set_index("segment")
    assert table["expected_spend"].to_dict() == {"land": 1.0, "town": 0.5}
    assert table["calls"].to_dict() == {"land": 6.0, "town": 10.0}  # 3 and 5 hours a prospect, at 30 minutes
    stated = measured(expected_spend={"town": 5.0})
    assert stated.units["potential"].tolist() == [10.0, 1.0] * 18
    still = measured(workload="calls", km_per_hour=0)
    assert still.units["workload"].tolist() == pytest.approx([10.0, 3.0] * 18)
    longer = measured(minutes={"all": 60.0}, km_per_hour=0)
    assert longer.units["workload"].tolist() == pytest.approx([20.0, 6.0] * 18)
    # one degree of latitude north of the home: 6 calls, 4 a trip, out and back, × 1.3 on the road at 60 km/h
    driven = measured(workload="calls").units.set_index("unit_id")["workload"]
    assert driven["0-0"] == pytest.approx(10.0)
    assert driven["2-1"] - 3 == pytest.approx(
        6 / 4 * 2 * float(great_circle_km(41.0, -99.5, 40.0, -100.0)) * 1.3 / 60
    )
    with pytest.raises(SalesopsError, match="village"):
        measured(calls={"village": 3.0})


def test_the_model_shrinks_own_bookings_by_how_far_they_last() -> None:
    tables = company()
    tables["accounts"] = pd.DataFrame(
        {"account_id": ["u", "v"], "name": "x", "segment": "s", "unit_id": ["0-0", "0-1"], "owner_id": "A"}
    )

    def deals(last: tuple[int, int]) -> pd.DataFrame:
        amounts = [(2017, "u", 300), (2017, "v", 100), (2016, "u", last[0]), (2016, "v", last[1])]
        return pd.DataFrame(
            [
                {"deal_id": f"{y}{a}", "account_id": a, "owner_id": "A", "outcome": "won",
                 "closed_on": date(y, 6, 1), "amount": Decimal(m)}
                for y, a, m in amounts
            ]
        )  # fmt: skip

    for last, wanted in (
        ((300, 100), [300.0, 100.0]),
        ((200, 200), [200.0, 200.0]),
        ((0, 400), [200.0, 200.0]),
    ):
        tables["deals"] = deals(last)
        found = prepare(tables, as_of=DAY, scope="team", who="X", norms=Norms(potential="model"))
        assert found.units["potential"].tolist()[:2] == pytest.approx(wanted)
