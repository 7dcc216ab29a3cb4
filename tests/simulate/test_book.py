"""The book of accounts without places: out of balance as stated, and a balanced book exists."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import linprog
from scipy.sparse import coo_array

from salesops_nb.simulate.accounts.book import book
from salesops_nb.source import open_workbook

FOLDER = Path(__file__).parents[2] / "data" / "simulated" / "book"


@pytest.fixture(scope="module")
def accounts():
    return pd.read_csv(FOLDER / "accounts.csv")


@pytest.fixture(scope="module")
def reps():
    people = pd.read_csv(FOLDER / "people.csv")
    return people[people["role"] == "rep"].set_index("person_id")


def test_two_thousand_accounts_and_twenty_reps(accounts, reps):
    assert len(accounts) == 2000
    assert len(reps) == 20
    assert accounts["account_id"].is_unique
    assert set(accounts["owner_id"]) == set(reps.index)
    assert not {"latitude", "longitude", "unit_id"} & set(accounts.columns)
    assigned = pd.read_parquet(FOLDER / "assignments.parquet")
    assert (
        assigned.set_index("account_id")["person_id"] == accounts.set_index("account_id")["owner_id"]
    ).all()


def test_today_is_35_per_cent_out_of_balance_exactly(accounts):
    load = accounts.groupby("owner_id")["potential"].sum()
    off = (load * 20 - load.sum()).abs()
    assert off.max() * 100 == 35 * load.sum()
    assert (off * 100 == 35 * load.sum()).sum() == 1


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_so_it_is_with_any_seed(seed):
    made = book(seed)["book/accounts"]
    load = pd.Series(made["potential"]).groupby(made["owner_id"]).sum()
    assert (load / load.mean() - 1).abs().max() == pytest.approx(0.35, abs=1e-12)


def test_families_vary_in_size_and_have_one_rep_one_language_one_industry(accounts):
    families = accounts.dropna(subset="family_id").groupby("family_id")
    sizes = families.size()
    assert sizes.max() == 25
    assert sizes.min() == 2
    assert len(sizes) == 170
    for column in ("owner_id", "language", "industry", "time_zone"):
        assert (families[column].nunique() == 1).all(), column
    head = accounts.set_index("account_id")["family_id"]
    children = accounts.dropna(subset="parent_id")
    assert (children["parent_id"].map(head) == children["family_id"]).all()
    assert accounts.loc[accounts["family_id"].isna(), "parent_id"].isna().all()
    assert (families["parent_id"].count() == sizes - 1).all()


def knows(accounts, reps, column, skills):
    own = accounts["owner_id"].map(reps[skills]).str.split(";")
    return np.array([value in skill for value, skill in zip(accounts[column], own, strict=True)])


def test_each_rep_knows_some_of_everything(reps):
    known = reps[["industries", "products", "languages"]].map(lambda text: len(text.split(";")))
    assert (known["industries"] == 5).all()
    assert (known["products"] == 2).all()
    spoken = reps["languages"].str.split(";").explode().value_counts()
    assert spoken.to_dict() == {"English": 20, "Spanish": 6, "French": 4, "German": 3}


def test_misfits_of_language_and_industry(accounts, reps):
    assert (~knows(accounts, reps, "language", "languages")).sum() == 60
    assert (~knows(accounts, reps, "industry", "industries")).sum() == 140


def test_a_balanced_book_that_respects_language_and_industry_exists(accounts, reps):
    """Shares of each kind of account given to reps who may have it: every load within a thousandth."""
    kinds = accounts.groupby(["language", "industry"])["potential"].sum()
    able = [
        (k, r)
        for k, (language, industry) in enumerate(kinds.index)
        for r, rep in enumerate(reps.itertuples())
        if language in rep.languages.split(";") and industry in rep.industries.split(";")
    ]
    kind, rep = np.array(able).T
    one, at = np.ones(len(able)), np.arange(len(able))
    whole = coo_array((one, (kind, at)), shape=(len(kinds), len(able)))
    load = coo_array((kinds.to_numpy()[kind] / kinds.sum() * 20, (rep, at)), shape=(20, len(able)))
    found = linprog(
        np.zeros(len(able)), A_eq=whole, b_eq=np.ones(len(kinds)),
        A_ub=np.vstack([load.toarray(), -load.toarray()]),
        b_ub=np.r_[np.full(20, 1.001), np.full(20, -0.999)],
    )  # fmt: skip
    assert found.status == 0, found.message


def test_no_account_is_too_large_to_balance(accounts):
    groups = accounts["family_id"].fillna(accounts["account_id"])
    assert accounts.groupby(groups)["potential"].sum().max() < 0.25 * accounts["potential"].sum() / 20


def test_it_is_a_workbook_without_a_problem(tmp_path):
    shutil.copytree(FOLDER, tmp_path / "book")
    workbook = open_workbook(tmp_path / "book")
    assert [p for p in workbook.problems if p.severity != "note"] == []
    assert workbook.tables["accounts"].select("account_id").collect().shape[0] == 2000
    assert workbook.simulated == {"accounts", "people", "assignments"}
    workbook.close()
