"""Whoever reads the shipped files finds again what docs/simulated.md says is planted about people."""

from datetime import date, datetime, timedelta
from itertools import pairwise
from math import comb
from pathlib import Path

import duckdb
import numpy as np
import pytest
import yaml

from salesops_nb import hiring, open_workbook
from salesops_nb.simulate.people import alerting, diary, recruiting
from salesops_nb.source.schema.contracts import CONTRACTS

ROOT = Path(__file__).parents[2]
DATA = ROOT / "data"
SHIPPED = DATA / "simulated"
TABLES = (
    "people_more", "people_dates", "leave", "vacancies", "candidates", "candidate_steps",
    "candidates_protected", "interviews", "scorecards", "score_anchors", "cases", "case_steps", "alerts",
    "actions", "bookings_history",
)  # fmt: skip


@pytest.fixture(scope="module")
def db():
    connection = duckdb.connect()
    for name in TABLES:
        connection.execute(f"CREATE VIEW {name} AS FROM read_csv('{SHIPPED / name}.csv')")
    connection.execute(f"CREATE VIEW activities AS FROM read_parquet('{SHIPPED / 'activities.parquet'}')")
    for name in ("stage_history", "deal_changes", "logins"):
        connection.execute(f"CREATE VIEW {name} AS FROM read_parquet('{SHIPPED / name}.parquet')")
    connection.execute(
        "CREATE VIEW crm AS SELECT sales_agent AS agent, manager AS team, regional_office AS region, "
        "deal_stage AS stage, engage_date AS engaged, close_date AS closed, close_value AS value, "
        f"opportunity_id AS deal_id FROM read_csv('{DATA / 'sales_pipeline.csv'}') d "
        f"JOIN read_csv('{DATA / 'sales_teams.csv'}') t USING (sales_agent)"
    )
    connection.execute(f"CREATE VIEW listed AS FROM read_csv('{DATA / 'people.csv'}')")
    return connection


def all_of(db, query: str):
    return db.execute(query).fetchall()


SIZES = {
    "candidates": 120, "candidate_steps": 500, "interviews": 260, "scorecards": 1300,
    "candidates_protected": 120, "score_anchors": 25, "cases": 12, "people_more": 14,
}  # fmt: skip


@pytest.mark.parametrize("name", SIZES)
def test_size(db, name):
    assert all_of(db, f"SELECT count(*), bool_and(simulated) FROM {name}") == [(SIZES[name], True)]


# Each query finds rows that break a promise.
BROKEN = {
    "two rows of a former agent on one day": """
        SELECT 1 FROM people_more a JOIN people_more b USING (person_id)
        WHERE coalesce(a.valid_from, DATE '1900-01-01') < coalesce(b.valid_from, DATE '1900-01-01')
        AND a.valid_to IS DISTINCT FROM b.valid_from""",
    "former agent who is listed": "SELECT 1 FROM people_more SEMI JOIN listed USING (person_id)",
    "former agent or agent without dates": """
        SELECT person_id FROM people_more UNION SELECT person_id FROM listed
        EXCEPT SELECT person_id FROM people_dates""",
    "a reason where nobody left, or none": """
        SELECT 1 FROM people_dates WHERE (left_on IS NULL) <> (leave_reason IS NULL)""",
    "a change of team in the data": "SELECT 1 FROM people_more WHERE valid_from >= DATE '2016-10-01'",
    "history of a former agent in another team than that of the month": """
        SELECT month, team FROM (
            SELECT month, m.team, sum(value) AS value FROM bookings_history b JOIN (
                SELECT person_id, team, valid_from, valid_to FROM people_more UNION ALL
                SELECT person_id, team, NULL, NULL FROM listed WHERE role = 'rep') m
            ON b.who = m.person_id AND b.level = 'rep'
            AND (month || '-01')::DATE >= coalesce(valid_from, DATE '1900-01-01')
            AND (month || '-01')::DATE < coalesce(valid_to, DATE '2100-01-01') GROUP BY ALL)
        ANTI JOIN (SELECT month, who AS team, value FROM bookings_history WHERE level = 'team')
        USING (month, team, value)""",
    "engaged or closed on leave": """
        SELECT 1 FROM leave l JOIN crm ON person_id = agent WHERE (engaged >= l."from"
        AND engaged < coalesce(l."to", DATE '2100-01-01')) OR (closed >= l."from"
        AND closed < coalesce(l."to", DATE '2100-01-01'))""",
    "activity on leave": """
        SELECT 1 FROM leave l JOIN activities USING (person_id) WHERE happened_at >= l."from"
        AND happened_at < coalesce(l."to", DATE '2100-01-01')""",
    "a stage or a change by somebody on leave": """
        SELECT 1 FROM leave l JOIN (SELECT "by", entered_at AS moment FROM stage_history
        UNION ALL SELECT "by", changed_at FROM deal_changes) d ON person_id = d."by"
        WHERE moment >= l."from" AND moment < coalesce(l."to", DATE '2100-01-01')""",
    "logged in on leave": """
        SELECT 1 FROM leave l JOIN logins USING (person_id) WHERE day >= l."from"
        AND day < coalesce(l."to", DATE '2100-01-01')""",
    "leave before the hire or backwards": """
        SELECT 1 FROM leave JOIN people_dates USING (person_id) WHERE "from" < hired_on OR "to" <= "from" """,
    "history in a month of leave": """
        SELECT 1 FROM leave l JOIN bookings_history b ON l.person_id = b.who AND b.level = 'rep'
        WHERE b.value <> 0 AND (month || '-01')::DATE >= l."from"
        AND (month || '-01')::DATE + INTERVAL 1 MONTH <= l."to" """,
    "candidate of no vacancy": "SELECT 1 FROM candidates ANTI JOIN vacancies USING (vacancy_id)",
    "hired other than the vacancy says": """
        SELECT 1 FROM candidates c JOIN vacancies v USING (vacancy_id)
        JOIN candidate_steps s ON s.candidate_id = c.candidate_id AND s.step = 'hired'
        WHERE c.person_id IS DISTINCT FROM v.person_id OR s.entered_on <> v.filled_on
        OR c.status <> 'hired'""",
    "step outside the vacancy's time": """
        SELECT 1 FROM candidate_steps JOIN candidates USING (candidate_id) JOIN vacancies v USING (vacancy_id)
        WHERE entered_on < v.opened_on
        OR coalesce(left_on, entered_on) > coalesce(filled_on, DATE '2017-12-31')""",
    "a step that does not begin when the one before ends": """
        SELECT 1 FROM candidate_steps a JOIN candidate_steps b
        ON a.candidate_id = b.candidate_id AND b.step_no = a.step_no + 1
        WHERE a.left_on IS DISTINCT FROM b.entered_on OR a.outcome <> 'passed'""",
    "interview outside its step": """
        SELECT 1 FROM interviews i ANTI JOIN candidate_steps s
        ON i.candidate_id = s.candidate_id AND i.step = s.step AND i.happened_on >= s.entered_on
        AND (s.left_on IS NULL OR i.happened_on <= s.left_on)""",
    "interviewer not employed": """
        SELECT 1 FROM interviews LEFT JOIN people_dates ON interviewer_id = person_id
        WHERE hired_on IS NULL OR happened_on < hired_on
        OR happened_on >= coalesce(left_on, DATE '2100-01-01')""",
    "interviewer who hires himself": """
        SELECT 1 FROM interviews JOIN candidates USING (candidate_id) WHERE interviewer_id = person_id""",
    "an interview on a weekend in a step of some days": """
        SELECT 1 FROM interviews i JOIN candidate_steps s USING (candidate_id, step)
        WHERE isodow(happened_on) > 5 AND left_on > entered_on + 2""",
    "an interviewer twice with a candidate in one step": """
        SELECT 1 FROM interviews GROUP BY candidate_id, interviewer_id, step HAVING count(*) > 1""",
    "score without anchor": """
        SELECT 1 FROM scorecards ANTI JOIN score_anchors USING (criterion, level) WHERE level IS NOT NULL""",
    "case whose manager is not the person's": """
        SELECT 1 FROM cases JOIN listed USING (person_id) WHERE cases.manager_id <> listed.manager_id""",
    "case step before the one before": """
        SELECT 1 FROM case_steps a JOIN case_steps b ON a.case_id = b.case_id AND a.step_no < b.step_no
        WHERE a.happened_on > b.happened_on""",
    "case step after the end of the data": "SELECT 1 FROM case_steps WHERE happened_on > DATE '2017-12-31'",
    "case without the person's response": """
        SELECT 1 FROM cases ANTI JOIN (FROM case_steps WHERE kind = 'response') s
        ON cases.case_id = s.case_id AND cases.person_id = s.author_id""",
    "a second alert of a rule while one is open": """
        SELECT 1 FROM alerts a JOIN alerts b USING (rule, who) WHERE a.opened_on < b.opened_on
        AND b.opened_on < coalesce(a.resolved_on, DATE '2100-01-01')""",
    "action before its alert": """
        SELECT 1 FROM actions JOIN alerts USING (alert_id) WHERE started_on < opened_on""",
    "alert after the end of the data": "SELECT 1 FROM alerts WHERE opened_on > DATE '2017-12-31'",
    "alert on bookings that the export does not have": """
        SELECT 1 FROM alerts a WHERE metric = 'bookings' AND period >= '2017-03' AND value <> (
            SELECT sum(c.value) FROM crm c WHERE stage = 'Won' AND team = a.who
            AND strftime(closed, '%Y-%m') = period)""",
    "alert on a win rate that the export does not have": """
        SELECT 1 FROM alerts a WHERE metric = 'win_rate' AND abs(value - (
            SELECT avg((stage = 'Won')::INT) FROM crm c WHERE team = a.who
            AND strftime(closed, '%Y-%m') = period)) > .0001""",
    "alert on a cycle that the export does not have": """
        SELECT 1 FROM alerts a WHERE metric = 'cycle_time' AND abs(value - (
            SELECT avg(closed - engaged) FROM crm c WHERE stage = 'Won' AND region = a.who
            AND strftime(closed, '%Y-%m') = period)) > .0001""",
}


@pytest.mark.parametrize("promise", BROKEN)
def test_promise(db, promise):
    assert all_of(db, BROKEN[promise]) == []


def test_fifteen_left_two_of_them_for_another_department(db):
    query = "SELECT leave_reason, count(*) FROM people_dates WHERE left_on IS NOT NULL GROUP BY 1"
    found = dict(all_of(db, query))
    assert found == {"voluntary": 9, "involuntary": 4, "transfer": 2}


def test_hiring_learns_the_attrition_of_the_bookings_history(db):
    """Whoever booked in the history and left is a leaver, former agents among them."""
    query = (
        "SELECT count(DISTINCT who) FROM bookings_history JOIN people_dates ON who = person_id "
        "WHERE level = 'rep' AND left_on < DATE '2018-01-01'"
    )
    hazard = hiring.learn(open_workbook(ROOT).tables).hazard
    assert all_of(db, query) == [(14,)] == [(hazard.leavers.sum(),)]
    assert hazard.origin == "learned"
    assert 1 - (1 - hazard.overall) ** 12 == pytest.approx(0.127, abs=0.002)


def test_two_former_agents_changed_team(db):
    query = "SELECT person_id, count(DISTINCT team) FROM people_more GROUP BY 1 HAVING count(*) > 1"
    found = all_of(db, query)
    assert sorted(found) == [("Ines Barros", 2), ("Leo Castellan", 2)]


def test_bookings_of_new_hires_rise_over_seven_months(db):
    """Booked by month of tenure over the same person's later months: a straight line up to the seventh."""
    rows = all_of(
        db,
        """SELECT date_diff('month', date_trunc('month', hired_on), (month || '-01')::DATE) AS tenure,
        median(b.value / later.value) FROM bookings_history b JOIN people_dates p ON b.who = p.person_id
        JOIN (SELECT who, avg(value) AS value FROM bookings_history JOIN people_dates ON who = person_id
            WHERE level = 'rep' AND (month || '-01')::DATE >= hired_on + INTERVAL 9 MONTH GROUP BY 1) later
        ON later.who = b.who WHERE b.level = 'rep' AND hired_on >= DATE '2014-03-01' GROUP BY 1 ORDER BY 1""",
    )
    share = {int(month): float(value) for month, value in rows}
    assert share[1] < 0.4 < share[4] < 0.95
    assert 0.7 < np.mean([share[month] for month in range(8, 13)]) < 1.3


def test_one_is_on_leave_at_the_end_of_the_data_and_three_were_away_long(db):
    assert len(all_of(db, 'SELECT 1 FROM leave WHERE "to" IS NULL')) == 1
    long = all_of(db, """SELECT kind FROM leave WHERE "to" - "from" >= 40""")
    assert sorted(kind for (kind,) in long) == ["illness", "parental", "parental"]


# -- recruiting -------------------------------------------------------------------------------------------


def test_severities_of_interviewers_are_found(db):
    """Candidate, criterion and interviewer explain a score; what the interviewers add is the severity."""
    rows = all_of(
        db,
        "SELECT candidate_id, criterion, interviewer_id, level FROM scorecards JOIN interviews USING "
        "(interview_id) WHERE level IS NOT NULL",
    )
    names = [sorted({row[i] for row in rows}) for i in range(3)]
    width = [0, len(names[0]), len(names[0]) + len(names[1]), sum(map(len, names))]
    design = np.zeros((len(rows), width[3]))
    for n, row in enumerate(rows):
        for i in range(3):
            design[n, width[i] + names[i].index(row[i])] = 1.0
    ridge = 1e-6 * np.eye(width[3])
    solved = np.linalg.solve(design.T @ design + ridge, design.T @ np.array([row[3] for row in rows]))
    found = dict(zip(names[2], -solved[width[2] :], strict=True))
    planted = recruiting.SEVERITY
    who = sorted(planted)
    assert np.corrcoef([planted[w] for w in who], [found[w] for w in who])[0, 1] > 0.9
    assert max(who, key=found.get) == "Celia Rouche"


def test_one_interviewer_gives_fours_only(db):
    found = all_of(
        db,
        "SELECT interviewer_id FROM scorecards JOIN interviews USING (interview_id) WHERE level IS NOT NULL "
        "GROUP BY 1 HAVING count(DISTINCT level) = 1 AND min(level) = 4",
    )
    assert found == [(recruiting.FOURS,)]


def panels(db, without: str | None) -> int:
    """How many groups of interviewers and candidates hang together."""
    groups: list[set[str]] = []
    for who, candidate in all_of(db, "SELECT interviewer_id, candidate_id FROM interviews"):
        if who == without:
            continue
        touched = [group for group in groups if who in group or candidate in group]
        groups = [group for group in groups if group not in touched]
        groups.append({who, candidate}.union(*touched))
    return len(groups)


def test_one_interviewer_alone_links_the_two_panels(db):
    interviewers = [who for (who,) in all_of(db, "SELECT DISTINCT interviewer_id FROM interviews")]
    assert panels(db, None) == 1
    assert [who for who in interviewers if panels(db, who) == 2] == [recruiting.LINK]


def test_scores_that_nobody_gave_are_empty(db):
    found = all_of(db, "SELECT count(*) FILTER (level IS NULL), min(level), max(level) FROM scorecards")
    assert found == [(52, 1, 5)]


def test_candidates_wait_in_the_open_vacancies(db):
    """Six of 26 in two vacancies; of all, twenty were hired and nine withdrew."""
    query = "SELECT status, count(*) FROM candidates GROUP BY 1"
    assert dict(all_of(db, query)) == {"hired": 20, "open": 6, "withdrawn": 9, "rejected": 85}
    query = (
        "SELECT count(DISTINCT vacancy_id), count(*), count(*) FILTER (status = 'open') FROM candidates JOIN "
        "vacancies USING (vacancy_id) WHERE filled_on IS NULL"
    )
    assert all_of(db, query) == [(2, 26, 6)]


def adverse(db) -> dict[str, tuple[float, float]]:
    """Of each step: the lower pass rate over the higher, and Fisher's exact probability (both sides)."""
    found = {}
    rows = all_of(
        db,
        "SELECT step, gender, count(*) FILTER (outcome = 'passed'), count(*) FROM candidate_steps JOIN "
        "candidates_protected USING (candidate_id) WHERE outcome IN ('passed', 'rejected') GROUP BY ALL",
    )
    for step in {row[0] for row in rows}:
        (a, n), (b, m) = [(row[2], row[3]) for row in sorted(rows) if row[0] == step]
        chance = {k: comb(n, k) * comb(m, a + b - k) for k in range(max(0, a + b - m), min(n, a + b) + 1)}
        whole = sum(chance.values())
        extreme = sum(way for way in chance.values() if way <= chance[a])
        found[step] = (min(a / n, b / m) / max(a / n, b / m), extreme / whole)
    return found


def test_the_case_study_alone_has_an_adverse_impact(db):
    found = adverse(db)
    low = {step for step, (ratio, chance) in found.items() if ratio < 0.8 and chance < 0.05}
    assert low == {"case study"}
    assert all(chance > 0.2 for step, (_, chance) in found.items() if step != "case study")


def test_protected_attributes_stand_in_their_own_file_only():
    files = sorted(SHIPPED.glob("*.csv"))
    headers = {
        path.name: set(path.read_text(encoding="utf-8").split("\n", 1)[0].split(",")) for path in files
    }
    own = headers.pop("candidates_protected.csv") - {"candidate_id", "simulated"}
    assert own == {"gender", "age_band"}
    assert not [name for name, found in headers.items() if found & own]
    mapping = yaml.safe_load((ROOT / "mapping.yml").read_text(encoding="utf-8"))["tables"]
    assert "candidates_protected" not in str(mapping)
    assert not any({"gender", "age_band"} & set(contract.by_name) for contract in CONTRACTS.values())


# -- cases ------------------------------------------------------------------------------------------------


def case(db, finding: str):
    return db.execute(
        "SELECT person_id, value, peers, deals, closed_on, case_id FROM cases WHERE finding = ?", [finding]
    ).fetchall()


def test_the_case_of_the_system_wins_as_often_as_all_and_sells_the_cheapest(db):
    [(person, value, peers, deals, closed, _)] = case(db, "system")
    inside = "FROM crm WHERE closed < DATE '2017-12-01'"
    booked = all_of(db, f"SELECT agent, sum(value) {inside} GROUP BY 1 ORDER BY 2")
    assert booked[0] == (person, value)
    assert peers == pytest.approx(sum(v for _, v in booked[1:]) / 29)
    mine, rest = all_of(
        db,
        f"SELECT avg((stage = 'Won')::INT), avg(value) FILTER (stage = 'Won'), agent = '{person}' AS mine "
        f"{inside} GROUP BY mine ORDER BY mine DESC",
    )
    assert abs(mine[0] - rest[0]) < 0.03
    assert mine[1] < 0.5 * rest[1]
    assert deals * rest[1] > booked[10][1]
    assert closed is not None


def test_the_case_of_the_person_has_the_lowest_win_rate_of_all(db):
    [(person, value, peers, deals, closed, number)] = case(db, "person")
    rates = all_of(
        db,
        "SELECT agent, avg((stage = 'Won')::INT), count(*) FROM crm WHERE closed < DATE '2017-12-01' "
        "GROUP BY 1 ORDER BY 2",
    )
    assert rates[0][0] == person
    assert value == pytest.approx(rates[0][1], abs=1e-4)
    assert (peers - value) / (peers * (1 - peers) / deals) ** 0.5 > 2
    assert closed is None
    assert [kind for (kind,) in all_of(db, f"SELECT kind FROM case_steps WHERE case_id = '{number}'")] == [
        "observation", "talk", "response", "coaching",
    ]  # fmt: skip


def test_one_case_rests_on_five_deals(db):
    [(person, _, _, deals, closed, _)] = case(db, "too thin")
    counts = all_of(
        db, "SELECT agent, count(*) FROM crm WHERE closed < DATE '2017-04-01' GROUP BY 1 ORDER BY 2"
    )
    assert counts[0] == (person, deals) == (person, 5)
    assert closed is not None


def test_the_other_nine_cases_say_what_the_export_says(db):
    query = "SELECT person_id, period, value, deals FROM cases WHERE finding = 'none' AND value < peers"
    rows = all_of(db, query)
    assert len(rows) == len({row[0] for row in rows}) == 9
    for person, period, value, deals in rows:
        found = all_of(
            db,
            f"SELECT avg((stage = 'Won')::INT), count(*) FROM crm WHERE agent = '{person}' "
            f"AND '2017-Q' || quarter(closed) = '{period}'",
        )
        assert found[0] == (pytest.approx(value, abs=1e-4), deals)


def test_nobody_decides_on_an_own_case(db):
    query = (
        "SELECT 1 FROM case_steps JOIN cases USING (case_id) WHERE kind <> 'response' "
        "AND (author_id = person_id OR approver_id = person_id)"
    )
    assert all_of(db, query) == []


# -- alerts -----------------------------------------------------------------------------------------------


def test_alerts_and_actions_are_sixty_rows_over_a_year(db):
    assert all_of(db, "SELECT (SELECT count(*) FROM alerts) + (SELECT count(*) FROM actions)") == [(60,)]
    months = [row[0] for row in all_of(db, "SELECT DISTINCT period FROM alerts ORDER BY 1")]
    assert (months[0], months[-1]) == ("2017-01", "2017-11")


def effect(db, team: str) -> float:
    """Growth of a team's bookings from the second to the third quarter over that of all other teams."""
    (mine, rest) = all_of(
        db,
        "SELECT sum(value) FILTER (quarter(closed) = 3), sum(value) FILTER (quarter(closed) = 2), "
        f"team = '{team}' AS mine FROM crm WHERE stage = 'Won' GROUP BY mine ORDER BY mine DESC",
    )
    return mine[0] / mine[1] / (rest[0] / rest[1]) - 1


JUDGED = (("worked", alerting.WORKED), ("did not work", alerting.FAILED))


@pytest.mark.parametrize(("verdict", "plan"), JUDGED)
def test_one_action_worked_and_one_did_not(db, verdict, plan):
    [(team, found, low, high, expected)] = db.execute(
        "SELECT owner_id, effect, effect_low, effect_high, expected_effect FROM actions WHERE verdict = ?",
        [verdict],
    ).fetchall()
    assert team == plan[0]
    assert found == pytest.approx(effect(db, team), abs=1e-3)
    assert low < found < high
    assert low > 0 if verdict == "worked" else high < expected


def test_one_rule_was_never_acted_upon_in_four_quarters(db):
    rows = all_of(
        db,
        "SELECT rule, count(*), count(DISTINCT (left(period, 4), (right(period, 2)::INT + 2) // 3)), "
        "count(acknowledged_on) + count(assigned_to), count(action_id) "
        "FROM alerts LEFT JOIN actions USING (alert_id) GROUP BY 1",
    )
    assert [row[0] for row in rows if row[4] == 0] == [alerting.NEVER]
    [(_, alerts, quarters, looked_at, _)] = [row for row in rows if row[0] == alerting.NEVER]
    assert (quarters, looked_at) == (4, 0)
    assert alerts >= 4


# -- strategy ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def strategy():
    found = yaml.safe_load((ROOT / "strategy.yml").read_text(encoding="utf-8"))
    return [{k: v for k, v in found.items() if k != "earlier"}, *found["earlier"]]


def test_three_dated_versions_that_another_approved(strategy):
    assert [version["version"] for version in strategy] == [3, 2, 1]
    assert all(later["valid_from"] > earlier["valid_from"] for later, earlier in pairwise(strategy))
    for version in strategy:
        assert {"author", "approver", "reason", "mission", "vision", "sales_model"} <= set(version)
        assert version["author"] != version["approver"]


def test_one_claim_in_force_is_stale_and_another_contradicted(db, strategy):
    [(rate, size, error, cycle)] = all_of(
        db,
        "SELECT avg((stage = 'Won')::INT), avg(value) FILTER (stage = 'Won'), stddev(value) FILTER (stage = "
        "'Won') / sqrt(count(*) FILTER (stage = 'Won')), avg(closed - engaged) FILTER (stage = 'Won') "
        "FROM crm WHERE closed IS NOT NULL",
    )
    found = {"win_rate": rate, "average_deal": size, "cycle_days": cycle}
    claims = [each for each in strategy[0]["sales_model"]["claims"] if each["metric"] in found]
    wrong = [c["metric"] for c in claims if abs(found[c["metric"]] - c["value"]) > c["within"]]
    stale = [c["metric"] for c in claims if c["review_on"] < date(2017, 12, 31)]
    assert (wrong, stale) == (["average_deal"], ["cycle_days"])
    assert size + 5 * error < 3000 - 300


# -- calendar ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def entries():
    """Each VEVENT as its properties: name with parameters, value."""
    text = (SHIPPED / "calendar.ics").read_bytes().decode().replace("\r\n ", "")
    found: list[list[tuple[str, str]]] = []
    for line in text.split("\r\n"):
        if line == "BEGIN:VEVENT":
            found.append([])
        elif found and line not in ("END:VEVENT", "END:VCALENDAR", ""):
            name, value = line.split(":", 1)
            found[-1].append((name, value))
    return [dict(entry) for entry in found]


def test_lines_end_and_fold_as_the_standard_asks():
    raw = (SHIPPED / "calendar.ics").read_bytes()
    assert raw.count(b"\n") == raw.count(b"\r\n") == raw.count(b"\r")
    assert raw.endswith(b"END:VCALENDAR\r\n")
    lines = raw.split(b"\r\n")
    assert max(map(len, lines)) <= 75
    assert sum(line.startswith(b" ") for line in lines) > 20
    for line in lines:
        line.decode()  # no letter is cut by a fold


def start(entry) -> tuple[str, str]:
    return next((name, value) for name, value in entry.items() if name.split(";")[0] == "DTSTART")


def test_forty_entries_with_what_makes_calendars_hard(entries):
    assert {(e["X-SALESOPS-SIMULATED"], e["CATEGORIES"]) for e in entries} == {("TRUE", "SIMULATED")}
    kinds = {
        "all": entries,
        "all day": [e for e in entries if "VALUE=DATE" in start(e)[0]],
        "private": [e for e in entries if e.get("CLASS") == "PRIVATE"],
        "cancelled": [e for e in entries if e["STATUS"] == "CANCELLED"],
        "recurring": [e for e in entries if "RRULE" in e],
        "left out": [e for e in entries if any(name.startswith("EXDATE") for name in e)],
        "moved": [e for e in entries if any(name.startswith("RECURRENCE-ID") for name in e)],
        "broken zone": [e for e in entries if diary.BROKEN in start(e)[0]],
    }
    found = {name: len(kind) for name, kind in kinds.items()}
    assert found == {
        "all": 40, "all day": 4, "private": 5, "cancelled": 3, "recurring": 1, "left out": 1,
        "moved": 1, "broken zone": 3,
    }  # fmt: skip


def test_the_broken_zone_alone_is_defined_nowhere(entries):
    text = (SHIPPED / "calendar.ics").read_text(encoding="utf-8")
    defined = {line.split(":", 1)[1] for line in text.splitlines() if line.startswith("TZID:")}
    used = {start(e)[0].split("TZID=")[1] for e in entries if "TZID=" in start(e)[0]}
    assert used - defined == {diary.BROKEN}


def test_every_entry_has_a_uid_of_its_own_but_the_moved_one(entries):
    uids = [entry["UID"] for entry in entries]
    moved = [e["UID"] for e in entries if any(name.startswith("RECURRENCE-ID") for name in e)]
    assert len(set(uids)) == 39
    assert moved == [uid for uid in set(uids) if uids.count(uid) == 2]


def test_exceptions_are_days_on_which_the_series_meets(entries):
    [series] = [e for e in entries if "RRULE" in e]
    first = datetime.fromisoformat(start(series)[1])
    meets = [first + timedelta(weeks=week) for week in range(int(series["RRULE"].split("COUNT=")[1]))]
    [moved] = [value for e in entries for name, value in e.items() if name.startswith("RECURRENCE-ID")]
    [skipped] = [value for name, value in series.items() if name.startswith("EXDATE")]
    assert datetime.fromisoformat(moved) in meets
    assert datetime.fromisoformat(skipped) in meets


def test_appointments_are_about_open_deals_of_the_rep(db, entries):
    query = f"SELECT deal_id FROM crm WHERE agent = '{diary.OWNER}' AND stage = 'Engaging'"
    mine = {row[0] for row in all_of(db, query)}
    about = {e["X-SALESOPS-DEAL"] for e in entries if "X-SALESOPS-DEAL" in e}
    assert about
    assert about <= mine


LINES = ("x" * 75, "x" * 76, "x" * 300, "é" * 100, "x" * 74 + "é", "")


@pytest.mark.parametrize("line", LINES)
def test_folding_loses_nothing(line):
    pieces = diary.folded(line).split("\r\n")
    assert max(len(piece.encode()) for piece in pieces) <= 75
    assert pieces[0] + "".join(piece[1:] for piece in pieces[1:]) == line


# -- size -------------------------------------------------------------------------------------------------


def test_files_about_people_are_small():
    older = {"bookings_history", "vacancies", "people_dates"}
    names = [f"{name}.csv" for name in TABLES if name not in older]
    assert sum((SHIPPED / name).stat().st_size for name in [*names, "calendar.ics"]) < 300_000
