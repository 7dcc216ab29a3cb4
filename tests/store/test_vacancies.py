"""Vacancies in the store, on SQLite and PostgreSQL."""

from datetime import date

import pytest

from salesops_nb.errors import SalesopsError
from salesops_nb.store.vacancies import (
    close_vacancy,
    fill_vacancy,
    list_vacancies,
    open_vacancy,
    propose_vacancy,
    record_leaver,
)

DAY = date(2026, 3, 2)


def test_leaver_proposes_a_vacancy_that_is_opened_and_filled(store):
    vacancy = record_leaver(store, "p7", date(2026, 3, 31), "AE", "ana", DAY, territory="North")
    proposed = list_vacancies(store, "proposed").iloc[0]
    assert (proposed["vacancy_id"], proposed["role"], proposed["territory"]) == (vacancy, "AE", "North")
    assert proposed["replaces"] == "p7"
    assert "2026-03-31" in proposed["reason"]
    open_vacancy(store, vacancy, "ben", date(2026, 3, 5))
    assert list_vacancies(store)["state"].tolist() == ["open"]
    fill_vacancy(store, vacancy, "ben", date(2026, 5, 4), "p99")
    row = list_vacancies(store, "filled").iloc[0]
    assert (row["opened_on"], row["filled_on"], row["filled_with"]) == (
        date(2026, 3, 5),
        date(2026, 5, 4),
        "p99",
    )
    assert (row["opened_by"], row["filled_by"]) == ("ben", "ben")


def test_same_leaver_twice_proposes_once(store):
    first = record_leaver(store, "p7", date(2026, 3, 31), "AE", "ana", DAY)
    assert record_leaver(store, "p7", date(2026, 3, 31), "AE", "ben", DAY) == first
    assert len(list_vacancies(store)) == 1
    assert record_leaver(store, "p7", date(2027, 3, 31), "AE", "ana", DAY) != first  # rehired, left again


def test_closed_with_a_reason(store):
    vacancy = propose_vacancy(store, "SDR", "ana", DAY)
    close_vacancy(store, vacancy, "ana", date(2026, 4, 1), "budget cut")
    row = list_vacancies(store, "closed").iloc[0]
    assert (row["closed_on"], row["closed_because"]) == (date(2026, 4, 1), "budget cut")


@pytest.mark.parametrize("moves", [["fill"], ["open", "open"], ["open", "fill", "close"], ["close", "open"]])
def test_moves_out_of_order_are_refused(store, moves):
    vacancy = propose_vacancy(store, "AE", "ana", DAY)
    steps = {
        "open": lambda: open_vacancy(store, vacancy, "ana", DAY),
        "fill": lambda: fill_vacancy(store, vacancy, "ana", DAY, "p1"),
        "close": lambda: close_vacancy(store, vacancy, "ana", DAY, "no need"),
    }
    for move in moves[:-1]:
        steps[move]()
    before = list_vacancies(store)
    with pytest.raises(SalesopsError, match="only a vacancy that is"):
        steps[moves[-1]]()
    assert list_vacancies(store).equals(before)


def test_unknown_vacancy_earlier_day_and_empty_name_are_told(store):
    with pytest.raises(SalesopsError, match="no vacancy 'x'"):
        open_vacancy(store, "x", "ana", DAY)
    vacancy = propose_vacancy(store, "AE", "ana", DAY)
    with pytest.raises(SalesopsError, match="lies before 2026-03-02"):
        open_vacancy(store, vacancy, "ana", date(2026, 3, 1))
    with pytest.raises(SalesopsError, match="by is empty"):
        open_vacancy(store, vacancy, " ", DAY)
    assert list_vacancies(store)["state"].tolist() == ["proposed"]


def test_list_is_the_table_an_analysis_learns_time_to_fill_from(sqlite_store):
    import pandas as pd

    from salesops_nb.forecast.learning.attrition import learn_fill

    for n in range(12):
        vacancy = propose_vacancy(sqlite_store, "AE", "ana", DAY)
        open_vacancy(sqlite_store, vacancy, "ana", DAY)
        fill_vacancy(sqlite_store, vacancy, "ana", date(2026, 4, 1 + n), f"p{n}")
    frame = list_vacancies(sqlite_store)
    dated = frame.assign(**{c: pd.to_datetime(frame[c]) for c in ("opened_on", "filled_on", "closed_on")})
    fill = learn_fill(dated, pd.Timestamp("2026-06-01"))
    assert fill.filled == 12
    assert fill.origin == "learned"
    assert 30 < fill.median_days < 47
