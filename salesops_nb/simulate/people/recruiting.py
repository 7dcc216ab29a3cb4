"""Candidates of the last vacancies: steps, interviews by two panels, scores, protected attributes apart."""

from __future__ import annotations

from typing import Any

import numpy as np

from salesops_nb.simulate.crm import DAY, NOT_A_DAY, Crm, stream

Columns = dict[str, Any]
STEPS = ("application", "screening", "phone interview", "case study", "interview", "offer", "hired")
# How many of the 120 candidates get no further than each step; so 120, 112, 92, 70, 56, 30, 20 reach them.
LAST = (8, 20, 22, 14, 26, 10, 20)
OPEN_SHARES = (14, 12)  # candidates of the two vacancies that are open
STILL_IN = 6  # of those, how many wait in their last step
WITHDREW = 9
CASE_STUDY = STEPS.index("case study")
WOMEN_AT = {CASE_STUDY: 0.79}  # of those whom the step turned down; of all others
WOMEN = 0.42
PANEL = 3  # interviewers of an interview; a phone interview has one
# Severity in logits: what an interviewer takes off every candidate. The link sits on both panels.
LINK = "Rocco Neubert"
NORTH = {"Dustin Brinkmann": 0.9, "Melvin Marxen": -0.8, "Moses Frase": 0.3, "Wilburn Farren": -1.3}
SOUTH = {"Celia Rouche": 1.4, "Summer Sewald": -0.2, "Maureen Marcano": -0.9, "Vicki Laflamme": 0.6}
SEVERITY = {**NORTH, **SOUTH, LINK: 0.0}
FOURS = "Niesha Huffines"  # gives four to everybody; sits on the first panel
TEAMS = ("Dustin Brinkmann", "Melvin Marxen", "Cara Losch")  # whose vacancies the first panel fills
DIFFICULTY = {
    "qualifying": -0.4, "demonstrating": -0.1, "negotiating": 0.6, "planning": 0.2,
    "learning": -0.3,
}  # fmt: skip
THRESHOLDS = (-2.4, -0.9, 0.9, 2.4)  # between the levels one to five
SPREAD = 1.1  # of the candidates' ability
MISSING = 52  # scores that nobody gave
COUNTRIES, COUNTRY_SHARES = ("United States", "Canada", "Romania", "Germany"), (0.7, 0.1, 0.12, 0.08)
SOURCES = ("referral", "job board", "agency", "own website")
GIVEN = (
    "Ada", "Ben", "Cora", "Dan", "Elin", "Finn", "Gina", "Hal", "Iris", "Jon", "Kay", "Lars", "Mira", "Ned",
    "Olga", "Paul", "Quin", "Rita", "Sven", "Tess",
)  # fmt: skip
FAMILY = (
    "Abbott", "Brandt", "Castro", "Dahl", "Ellis", "Fiore", "Grant", "Holm", "Ivers", "Jensen", "Keller",
    "Lund", "Moretti", "Nagy",
)  # fmt: skip
ANCHORS = {
    "qualifying": (
        "Takes every contact for a chance.",
        "Asks about budget or need, not both.",
        "Asks about need, budget and date.",
        "Finds who decides, and says no to a poor chance.",
        "Shows with an example how a chance was turned down early and why that paid.",
    ),
    "demonstrating": (
        "Lists features.",
        "Shows the product without the customer's case.",
        "Ties the product to one need of the customer.",
        "Lets the customer try, and checks what was understood.",
        "Changes the demonstration as the customer's questions change.",
    ),
    "negotiating": (
        "Lowers the price when asked.",
        "Defends the price without a reason.",
        "Trades a concession for another.",
        "Prepares limits and alternatives before the talk.",
        "Widens what is talked about until both sides gain, with an example.",
    ),
    "planning": (
        "Has no plan for the week.",
        "Plans calls, without goals.",
        "Plans by goal and reviews the plan.",
        "Works back from the target to activities.",
        "Shows plan, result and what was changed, with figures.",
    ),
    "learning": (
        "Names no mistake.",
        "Names a mistake of others.",
        "Names an own mistake.",
        "Says what was changed after it.",
        "Shows that the change held, and taught it to others.",
    ),
}


def recruiting(crm: Crm, vacancies: Columns, seed: int) -> dict[str, Columns]:
    """The tables of recruiting by name: 120 candidates, 500 steps, 260 interviews, 1,300 scores."""
    people = _candidates(vacancies, crm.through, seed)
    steps = _steps(people, seed)
    meetings = _interviews(people, steps, seed)
    return {
        "candidates": _columns(people, _CANDIDATE),
        "candidate_steps": _columns(steps, _STEP),
        "candidates_protected": _protected(people, seed),
        "interviews": _columns(meetings, _INTERVIEW),
        "scorecards": _scores(meetings, seed),
        "score_anchors": {
            "criterion": [criterion for criterion in ANCHORS for _ in range(5)],
            "level": [level for _ in ANCHORS for level in range(1, 6)],
            "anchor": [text for texts in ANCHORS.values() for text in texts],
        },
    }


_CANDIDATE = ("candidate_id", "vacancy_id", "name", "source", "country", "applied_on", "status", "person_id")
_STEP = ("candidate_id", "step", "step_no", "entered_on", "left_on", "outcome")
_INTERVIEW = ("interview_id", "candidate_id", "interviewer_id", "step", "happened_on")


def _columns(rows: list[dict[str, Any]], names: tuple[str, ...]) -> Columns:
    return {name: _column([row[name] for row in rows]) for name in names}


def _column(values: list[Any]) -> Any:
    return np.array(values, "datetime64[D]") if isinstance(values[0], np.datetime64) else values


def _candidates(vacancies: Columns, through: np.datetime64, seed: int) -> list[dict[str, Any]]:
    """Who applied where, how far they came, and what became of them; the hired are those of the vacancy."""
    rng = stream(seed, "candidates")
    names = ("vacancy_id", "team", "opened_on", "filled_on", "person_id")
    rows = [dict(zip(names, row, strict=True)) for row in zip(*(vacancies[n] for n in names), strict=True)]
    waiting = [row for row in rows if np.isnat(row["filled_on"])]
    filled = [row for row in rows if not np.isnat(row["filled_on"])][-LAST[-1] :]
    others = np.repeat(np.arange(len(STEPS) - 1), LAST[:-1])
    order = rng.permutation(len(others))
    in_open = sum(OPEN_SHARES)
    # Who waits at the end got past the application, so that the open vacancies show a pipeline.
    homes = [row for row, n in zip(waiting, OPEN_SHARES, strict=True) for _ in range(n)]
    homes += [filled[i % len(filled)] for i in range(len(others) - in_open)]
    found = [_candidate(row, len(STEPS) - 1, "hired", row["person_id"]) for row in filled]
    late = 0
    for place, row in zip(order, homes, strict=True):
        last = int(others[place])
        still = np.isnat(row["filled_on"]) and last != CASE_STUDY and last > 0 and late < STILL_IN
        late += int(still)
        found.append(_candidate(row, last, "open" if still else "rejected", None))
    turned = [c for c in found if c["status"] == "rejected" and c["last"] not in (0, CASE_STUDY)]
    for i in rng.choice(len(turned), WITHDREW, replace=False):
        turned[i]["status"] = "withdrawn"
    found.sort(key=lambda c: c["vacancy"]["vacancy_id"])
    n = len(found)
    full = [f"{given} {family}" for given in GIVEN for family in FAMILY]
    drawn = rng.choice(len(full), n, replace=False)
    for i, person in enumerate(found):
        row = person["vacancy"]
        end = through if np.isnat(row["filled_on"]) else row["filled_on"]
        person["open_days"] = max(1, int((end - row["opened_on"]).astype(int)))
        wait = int(rng.integers(0, max(1, person["open_days"] // 4)))
        person |= {
            "candidate_id": f"C{i + 1:03d}",
            "vacancy_id": row["vacancy_id"],
            "name": person["person_id"] or full[drawn[i]],
            "source": str(rng.choice(SOURCES)),
            "country": str(rng.choice(COUNTRIES, p=COUNTRY_SHARES)),
            "applied_on": row["opened_on"] + wait * DAY,
            "end": end,
        }
    return found


def _candidate(row: dict[str, Any], last: int, status: str, person: str | None) -> dict[str, Any]:
    return {"vacancy": row, "last": last, "status": status, "person_id": person}


def _steps(people: list[dict[str, Any]], seed: int) -> list[dict[str, Any]]:
    """The steps of each candidate in order, between the application and the day the vacancy is filled."""
    rng = stream(seed, "candidate steps")
    rows = []
    for person in people:
        last, span = person["last"], int((person["end"] - person["applied_on"]).astype(int))
        if person["status"] == "hired":
            cuts = np.linspace(0, span, last + 1)
        else:
            share = (last + 1) / len(STEPS)
            cuts = np.append(0, np.sort(rng.random(last + 1)) * span * share)[: last + 2]
        days = [person["applied_on"] + int(cut) * DAY for cut in cuts]
        for no in range(last + 1):
            end, outcome = (days[no + 1] if no + 1 < len(days) else NOT_A_DAY), "passed"
            if no == last:
                outcome = "passed" if person["status"] == "hired" else person["status"]
                end = days[no] if person["status"] == "hired" else end
                end = NOT_A_DAY if outcome == "open" else end
            rows.append(
                {
                    "candidate_id": person["candidate_id"],
                    "step": STEPS[no],
                    "step_no": no + 1,
                    "entered_on": days[no],
                    "left_on": end,
                    "outcome": outcome,
                }
            )
    return rows


def _interviews(people: list[dict[str, Any]], steps: list[dict[str, Any]], seed: int) -> list[dict[str, Any]]:
    """A phone interview by one of the panel of the vacancy's team, an interview by three of it."""
    rng = stream(seed, "interviews")
    team = {p["candidate_id"]: p["vacancy"]["team"] for p in people}
    panels = ([*NORTH, FOURS], [*SOUTH])
    rows: list[dict[str, Any]] = []
    for step in steps:
        if step["step"] not in ("phone interview", "interview"):
            continue
        panel = panels[team[step["candidate_id"]] not in TEAMS]
        if step["step"] == "interview":
            # The link sits in every third interview of either panel.
            with_link = [LINK] if len(rows) % 3 == 0 else []
            chosen = [*rng.choice(panel, PANEL - len(with_link), replace=False), *with_link]
        else:
            chosen = [rng.choice(panel)]
        for interviewer in chosen:
            rows.append(
                {
                    "interview_id": f"I{len(rows) + 1:03d}",
                    "candidate_id": step["candidate_id"],
                    "interviewer_id": str(interviewer),
                    "step": step["step"],
                    "happened_on": _working_day(step["entered_on"], step["left_on"]),
                }
            )
    return rows


def _working_day(entered: Any, left: Any) -> Any:
    """The first working day of a step; where it has none, its first day."""
    day = np.busday_offset(entered, 0, roll="forward")
    return day if left is None or np.isnat(left) or day <= left else entered


def _scores(meetings: list[dict[str, Any]], seed: int) -> Columns:
    """Levels by a rating-scale model of ability, difficulty and severity; some scores were never given."""
    rng = stream(seed, "scores")
    candidates = sorted({m["candidate_id"] for m in meetings})
    ability = dict(zip(candidates, rng.normal(0.5, SPREAD, len(candidates)), strict=True))
    rows = []
    for meeting in meetings:
        for criterion, difficulty in DIFFICULTY.items():
            who = meeting["interviewer_id"]
            if who == FOURS:
                level = 4
            else:
                steps = ability[meeting["candidate_id"]] - difficulty - SEVERITY[who] - np.array(THRESHOLDS)
                weight = np.exp(np.concatenate([[0.0], np.cumsum(steps)]))
                level = 1 + int(rng.choice(5, p=weight / weight.sum()))
            rows.append(
                (
                    meeting["interview_id"],
                    criterion,
                    level,
                    np.busday_offset(meeting["happened_on"], 1, roll="backward"),
                )
            )
    gaps = set(rng.choice(len(rows), MISSING, replace=False).tolist())
    return {
        "interview_id": [row[0] for row in rows],
        "criterion": [row[1] for row in rows],
        "level": [None if i in gaps else row[2] for i, row in enumerate(rows)],
        "submitted_on": np.array([row[3] for row in rows], "datetime64[D]"),
    }


def _protected(people: list[dict[str, Any]], seed: int) -> Columns:
    """Gender and age band; the case study turns down women more often, no other step does."""
    rng = stream(seed, "protected")
    women: dict[str, bool] = {}
    for last in range(len(STEPS)):
        here = [p["candidate_id"] for p in people if p["last"] == last]
        count = round(WOMEN_AT.get(last, WOMEN) * len(here))
        drawn = set(rng.choice(here, count, replace=False).tolist())
        women |= {who: who in drawn for who in here}
    return {
        "candidate_id": [p["candidate_id"] for p in people],
        "gender": ["woman" if women[p["candidate_id"]] else "man" for p in people],
        "age_band": rng.choice(("under 40", "40 and over"), len(people), p=(0.65, 0.35)).tolist(),
    }
