"""A year of alerts by three rules, and what was done about them: once with effect, once without."""

from __future__ import annotations

from typing import Any

import numpy as np

from salesops_nb.simulate.crm import DAY, MONTH, NOT_A_DAY, Array, Crm, stream

Columns = dict[str, Any]
Row = dict[str, Any]
YEAR = np.datetime64("2017-01")
BELOW = 0.9  # of the target: what the first rule calls an alert
LOW_WINS = 0.02  # points under all other teams: the second rule
SLOW = 0.5  # days over all other regions: the third rule, that nobody ever acted upon
NEVER = "cycle time above the other regions"
MARGIN = 1.2816  # of an interval of 80 per cent
# Team; first day of the quarter before the action took hold, of that after it, of the next; expected change.
WORKED = ("Melvin Marxen", "2017-04-01", "2017-07-01", "2017-10-01", 0.10)
FAILED = ("Dustin Brinkmann", "2017-04-01", "2017-07-01", "2017-10-01", 0.10)
PLAYS = (
    "two pipeline reviews a week",
    "a second person in the last meeting",
    "offers checked before they go out",
    "accounts without contact called first",
)


def alerts(crm: Crm, targets: Columns, history: Columns, seed: int) -> dict[str, Columns]:
    """The alerts, and an action upon each of the first two rules; the figures are the export's.

    The effect of an action is how much more the team booked in the quarter after it than in the quarter
    before, over what all other teams did; its interval takes deals as they come, each with its amount.
    """
    rng = stream(seed, "alerts")
    rows = [*_below_target(crm, targets, history), *_low_wins(crm), *_slow(crm)]
    rows.sort(key=lambda row: (row["opened_on"], row["rule"], row["who"]))
    judged = {_last_before(rows, plan): plan for plan in (WORKED, FAILED)}
    actions: list[Row] = []
    for number, row in enumerate(rows, 1):
        row["alert_id"] = f"W{number:02d}"
        row |= {"acknowledged_on": NOT_A_DAY, "assigned_to": None}
        if row["rule"] == NEVER:
            continue
        later = row["opened_on"] + int(rng.integers(0, 5)) * DAY
        row["acknowledged_on"], row["assigned_to"] = np.busday_offset(later, 0, roll="forward"), row["who"]
        plan = judged.get(number - 1)
        actions.append(_plain(row, rng) if plan is None else _judged(crm, row, plan))
    for number, action in enumerate(actions, 1):
        action["action_id"] = f"X{number:02d}"
    return {"alerts": _columns(rows, _ALERT), "actions": _columns(actions, _ACTION)}


_ALERT = (
    "alert_id", "rule", "metric", "level", "who", "period", "value", "expected", "severity", "opened_on",
    "acknowledged_on", "assigned_to", "resolved_on", "resolution",
)  # fmt: skip
_ACTION = (
    "action_id", "alert_id", "play", "owner_id", "started_on", "due_on", "done_on", "review_on",
    "expected_effect", "effect", "effect_low", "effect_high", "verdict",
)  # fmt: skip


def _columns(rows: list[Row], names: tuple[str, ...]) -> Columns:
    return {
        name: np.array([row[name] for row in rows], "datetime64[D]")
        if name.endswith("_on")
        else [row[name] for row in rows]
        for name in names
    }


def _last_before(rows: list[Row], plan: tuple[str, str, str, str, float]) -> int | None:
    """The last alert of a plan's team before the plan took hold; the third rule's are nobody's."""
    day = np.datetime64(plan[2])
    before = [
        i for i, row in enumerate(rows)
        if row["rule"] != NEVER and row["who"] == plan[0] and row["opened_on"] < day
    ]  # fmt: skip
    return before[-1] if before else None


def _months(first: int = 0) -> list[np.datetime64]:
    return [YEAR + m * MONTH for m in range(first, 12)]


def _within(days: Array, month: np.datetime64) -> Array:
    inside: Array = (days >= month.astype("datetime64[D]")) & (days < (month + MONTH).astype("datetime64[D]"))
    return inside


def _opened(month: np.datetime64) -> np.datetime64:
    """The second working day after the month."""
    return np.busday_offset((month + MONTH).astype("datetime64[D]"), 1, roll="forward")


def _alert(
    rule: str, metric: str, level: str, who: str, month: np.datetime64, value: float, due: float
) -> Row:
    return {
        "rule": rule, "metric": metric, "level": level, "who": who, "period": str(month),
        "value": round(value, 4), "expected": round(due, 4), "severity": "medium",
        "opened_on": _opened(month), "resolved_on": NOT_A_DAY, "resolution": None,
    }  # fmt: skip


def _once(found: list[tuple[np.datetime64, Row | None]]) -> list[Row]:
    """One alert for each run of months; it is resolved when a month is well again."""
    rows: list[Row] = []
    running: Row | None = None
    for month, alert in found:
        if alert is None and running is not None:
            running["resolved_on"], running["resolution"] = _opened(month), "well again"
            running = None
        elif alert is not None and running is None:
            running = alert
            rows.append(alert)
    return rows


def _below_target(crm: Crm, targets: Columns, history: Columns) -> list[Row]:
    """A team books less than nine tenths of its month's target."""
    goal, before = _by_team(targets, "period"), _by_team(history, "month")
    rows = []
    for team in _teams(crm):
        found: list[tuple[np.datetime64, Row | None]] = []
        for month in _months()[:-1]:
            booked = before.get((team, str(month)))
            value = float(_booked(crm, _of_team(crm, team), month) if booked is None else booked)
            due = float(goal[(team, str(month))])
            low = value < BELOW * due
            alert = _alert("bookings below target", "bookings", "team", team, month, value, due)
            alert["severity"] = "high" if value < BELOW * BELOW * due else "medium"
            found.append((month, alert if low else None))
        rows += _once(found)
    return rows


def _by_team(rows: Columns, time: str) -> dict[tuple[str, str], int]:
    """Bookings by team and period."""
    return {
        (who, period): value
        for level, who, period, value in zip(*(rows[n] for n in ("level", "who", time, "value")), strict=True)
        if level == "team"
    }


def _low_wins(crm: Crm) -> list[Row]:
    """A team wins less of its decided deals than all others in the month."""
    rows = []
    for team in _teams(crm):
        mine, found = _of_team(crm, team), []
        for month in _months(2)[:-1]:
            value, due = _win_rate(crm, mine, month), _win_rate(crm, ~mine, month)
            alert = _alert("win rate below the other teams", "win_rate", "team", team, month, value, due)
            found.append((month, alert if value < due - LOW_WINS else None))
        rows += _once(found)
    return rows


def _slow(crm: Crm) -> list[Row]:
    """A region's won deals of the month took longer than those of all others."""
    rows = []
    regions = sorted(set(crm.agents["region"].astype(str)))
    for region in regions:
        mine = np.isin(crm.deals["agent"], crm.agents["agent"][crm.agents["region"] == region])
        found: list[tuple[np.datetime64, Row | None]] = []
        for month in _months(2)[:-1]:
            value, due = _cycle(crm, mine, month), _cycle(crm, ~mine, month)
            alert = _alert(NEVER, "cycle_time", "region", region, month, value, due)
            alert["severity"] = "low"
            found.append((month, alert if value > due + SLOW else None))
        rows += _once(found)
    return rows


def _teams(crm: Crm) -> list[str]:
    return sorted(set(crm.agents["manager"].astype(str)))


def _of_team(crm: Crm, team: str) -> Array:
    mine: Array = np.isin(crm.deals["agent"], crm.agents["agent"][crm.agents["manager"] == team])
    return mine


def _booked(crm: Crm, mine: Array, month: np.datetime64) -> int:
    won = mine & (crm.deals["stage"] == "Won") & _within(crm.deals["closed"], month)
    return int(crm.deals["value"][won].sum())


def _win_rate(crm: Crm, mine: Array, month: np.datetime64) -> float:
    inside = mine & _within(crm.deals["closed"], month)
    return float((crm.deals["stage"][inside] == "Won").mean())


def _cycle(crm: Crm, mine: Array, month: np.datetime64) -> float:
    inside = mine & (crm.deals["stage"] == "Won") & _within(crm.deals["closed"], month)
    return float((crm.deals["closed"][inside] - crm.deals["engaged"][inside]).astype(int).mean())


def _judged(crm: Crm, row: Row, plan: tuple[str, str, str, str, float]) -> Row:
    """An action with its effect in the export, and what that says of it."""
    team, before, since, until, expected = plan
    effect, low, high = effect_of(crm, team, before, since, until)
    verdict = "worked" if low > 0 else "did not work" if high < expected else "unclear"
    day, end = np.datetime64(since), np.datetime64(until)
    return {
        "alert_id": row["alert_id"], "play": PLAYS[0] if plan is WORKED else PLAYS[2], "owner_id": team,
        "started_on": np.busday_offset(row["acknowledged_on"], 1, roll="forward"), "due_on": day - DAY,
        "done_on": day - DAY, "review_on": _opened(end.astype("datetime64[M]") - MONTH),
        "expected_effect": expected, "effect": effect, "effect_low": low, "effect_high": high,
        "verdict": verdict,
    }  # fmt: skip


def effect_of(crm: Crm, team: str, before: str, since: str, until: str) -> tuple[float, float, float]:
    """How much more a team booked from a day on than before, over all others; its 80 per cent interval."""
    first, day, last = (np.datetime64(text) for text in (before, since, until))
    won, closed, value = crm.deals["stage"] == "Won", crm.deals["closed"], crm.deals["value"].astype(float)
    mine = _of_team(crm, team)
    change = spread = 0.0
    for who, sign in ((mine, 1), (~mine, -1)):
        for start, end, side in ((first, day, -1), (day, last, 1)):
            amounts = value[won & who & (closed >= start) & (closed < end)]
            change += sign * side * float(np.log(amounts.sum()))
            spread += float((amounts**2).sum() / amounts.sum() ** 2)
    wide = MARGIN * spread**0.5
    middle, low, high = (float(np.expm1(change + shift)) for shift in (0.0, -wide, wide))
    return round(middle, 4), round(low, 4), round(high, 4)


def _plain(row: Row, rng: np.random.Generator) -> Row:
    """An action whose effect nobody worked out: one alert of one month tells too little."""
    start = np.busday_offset(row["acknowledged_on"] + int(rng.integers(1, 6)) * DAY, 0, roll="forward")
    due = np.busday_offset(start + 14 * DAY, 0, roll="forward")
    done = np.busday_offset(due + int(rng.integers(-5, 6)) * DAY, 0, roll="forward")
    over = done > np.datetime64("2017-12-31")
    return {
        "alert_id": row["alert_id"], "play": str(rng.choice(PLAYS[1:])), "owner_id": row["who"],
        "started_on": start, "due_on": due, "done_on": NOT_A_DAY if over else done,
        "review_on": np.busday_offset(due + 28 * DAY, 0, roll="forward"), "expected_effect": 0.05,
        "effect": None, "effect_low": None, "effect_high": None, "verdict": "open" if over else "unclear",
    }  # fmt: skip
