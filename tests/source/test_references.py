"""A key that points nowhere takes its row out, or the cell where the row can do without it."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "bad_input"))

from small import MAPPING, write

from salesops_nb.present.page.data_set_aside import defect_words, figures_words
from salesops_nb.source import open_workbook
from salesops_nb.source.schema.contracts import CONTRACTS

SOUND = {
    "vacancies": "vacancy_id,role,opened_on\nV1,rep,2017-01-02\n",
    "candidates": "candidate_id,vacancy_id,applied_on\nC1,V1,2017-01-03\n",
    "interviews": "interview_id,candidate_id,interviewer_id\nI1,C1,Ann\n",
    "scorecards": "interview_id,criterion,level\nI1,planning,3\n",
    "cases": "case_id,person_id,manager_id,opened_on\nK1,Ann,Cid,2017-03-01\n",
    "case_steps": "case_id,step_no,kind,happened_on\nK1,1,talk,2017-03-02\n",
    "alerts": "alert_id,rule,metric,level,who,opened_on\nW1,low,bookings,rep,Ann,2017-03-01\n",
    "actions": "action_id,alert_id,play,started_on\nX1,W1,call,2017-03-02\n",
}
# A harmed row after the sound one; the table, the finding's code and column; whether the row is left out.
HARM = {
    "candidate of no vacancy": ("candidates", "C2,V9,2017-01-03", "unknown-key", "vacancy_id", True),
    "interview of no candidate": ("interviews", "I2,C9,Ann", "unknown-key", "candidate_id", True),
    "interview by nobody": ("interviews", "I2,C1,Zoe", "unknown-rep", "interviewer_id", True),
    "score of no interview": ("scorecards", "I9,planning,3", "unknown-key", "interview_id", True),
    "step of no case": ("case_steps", "K9,1,talk,2017-03-02", "unknown-key", "case_id", True),
    "case of nobody": ("cases", "K2,Zoe,Cid,2017-03-01", "unknown-rep", "person_id", True),
    "case by no manager": ("cases", "K2,Bob,Zoe,2017-03-01", "unknown-rep", "manager_id", False),
    "action on no alert": ("actions", "X2,W9,call,2017-03-02", "unknown-key", "alert_id", True),
    "level outside the anchors": ("scorecards", "I1,learning,6", "out-of-range", "level", False),
}


def opened(tmp_path, harmed: dict[str, str]):
    mapping = MAPPING + "".join(f"  {name}:\n    file: {name}.csv\n" for name in SOUND)
    files = {f"data/{name}.csv": harmed.get(name, text) for name, text in SOUND.items()}
    return open_workbook(write(tmp_path, {"mapping.yml": mapping, **files}), strict=False)


def test_the_sound_tables_have_no_finding(tmp_path):
    assert opened(tmp_path, {}).problems == []


@pytest.mark.parametrize("case", HARM)
def test_harm(tmp_path, case):
    table, row, code, column, out = HARM[case]
    workbook = opened(tmp_path, {table: SOUND[table] + row + "\n"})
    assert [(p.code, p.file, p.row, p.column) for p in workbook.problems] == [
        (code, f"{table}.csv", 3, column)
    ]
    assert workbook.table(table).collect().shape[0] == (1 if out else 2)
    assert [aside.count for aside in workbook.set_aside] == [1]


def test_what_is_left_out_with_a_row_goes_with_it(tmp_path):
    """A score of an interview whose candidate is unknown has no interview either."""
    interviews = SOUND["interviews"] + "I2,C9,Ann\n"
    workbook = opened(
        tmp_path, {"interviews": interviews, "scorecards": SOUND["scorecards"] + "I2,planning,3\n"}
    )
    assert sorted(p.table for p in workbook.problems) == ["interviews", "scorecards"]
    assert workbook.table("scorecards").collect().shape[0] == 1


def test_every_table_that_columns_point_to_has_one_key_of_its_own():
    pointed = {c.refers_to for contract in CONTRACTS.values() for c in contract.columns if c.refers_to}
    assert pointed <= set(CONTRACTS)
    for name in pointed:
        assert CONTRACTS[name].by_name[CONTRACTS[name].key[0]].required


def test_its_words_can_be_translated():
    assert defect_words("unknown-key") == "Unknown key"
    assert figures_words("figures by vacancy_id") == "figures by vacancy_id"
