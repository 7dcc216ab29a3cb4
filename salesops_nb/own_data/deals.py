"""What a file of deals needs to be read right: id, owner, amount, dates, the outcome of each stage."""

from __future__ import annotations

from collections import Counter, defaultdict

from salesops_nb.errors import Problem, SalesopsError, problem
from salesops_nb.messages import listed, message
from salesops_nb.own_data.answers import Answers
from salesops_nb.own_data.columns import Found, Proposed, likely
from salesops_nb.own_data.layouts import outcome_of
from salesops_nb.source.columns.headers import plain
from salesops_nb.source.columns.parsing import TRUE
from salesops_nb.source.shaping.keyless import is_id, made_of


def needed_columns(made: Proposed, answers: Answers) -> None:
    """Settle the columns that deals cannot do without; what the names do not tell is asked."""
    _outcome_or_stage(made)
    _needed(made, answers, "owner_id", message("Which column is the deal's owner?"), ("text", "email"))
    _needed(made, answers, "stage", message("Which column is the stage or status?"), ("text",))
    _needed(made, answers, "amount", message("Which column is the amount?"), ("number",))


def closing(made: Proposed, answers: Answers) -> None:
    """Settle which column is the day a deal closed; where all deals are open, there may be none."""
    if "closed_on" not in made.columns and (expected := made.columns.get("expected_close_on")):
        made.columns["closed_on"] = expected
        made.notes.append(
            message(
                "closed_on: {column} too, as no other column says when a deal closed", column=expected.header
            )
        )
    if not made.has("closed_on") and _all_open(made):
        made.notes.append(message("closed_on: no column, as no deal is closed yet"))
    else:
        _needed(made, answers, "closed_on", message("Which column is the day a deal closed?"), ("date",))
    if "expected_close_on" not in made.columns and "closed_on" in made.columns:
        made.columns["expected_close_on"] = made.columns["closed_on"]


def _all_open(made: Proposed) -> bool:
    """Whether stages or outcomes tell that no deal is closed."""
    if "stages" in made.keys:
        return set(made.keys["stages"].values()) == {"open"}
    header = made.header("outcome")
    if header is None:
        return False
    means = made.keys.get("values", {}).get("outcome", {})
    return {means.get(value, outcome_of(value)) for value in made.seen.counted(header)} == {"open"}


def _needed(made: Proposed, answers: Answers, column: str, question: str, kinds: tuple[str, ...]) -> None:
    if made.has(column):
        return
    free = made.unused(*kinds)
    if not free:
        raise SalesopsError(_none_left(made, column))
    header = answers.ask(f"--column {column}=HEADER", question, free, likely(made, column, kinds))
    if header is not None:
        made.columns[column] = Found(header, "sure", message("as you say"))


def _none_left(made: Proposed, column: str) -> Problem:
    file, headers = made.seen.name, listed(made.seen.headers, 30)
    return {
        "owner_id": problem("no-owner-column", table="deals", file=file, headers=headers),
        "stage": problem("no-stage-column", table="deals", file=file, headers=headers),
        "amount": problem("no-amount-column", table="deals", file=file, headers=headers),
        "closed_on": problem("no-date-column", table="deals", file=file, headers=headers),
    }[column]


def _outcome_or_stage(made: Proposed) -> None:
    """A status that says what became of a deal is its outcome; any other is its stage."""
    status = made.header("outcome")
    if status is not None:
        values = made.seen.counted(status)
        known = {value: outcome_of(value) for value in values}
        of_the_crm = made.layout is not None and made.layout.headers.get("outcome") is not None
        # a status of open deals may be of something else, such as the account, unless it says open itself
        tells = "won" in known.values() or of_the_crm or {plain(v) for v in values} <= {"open", "offen"}
        if all(known.values()) and tells:
            made.keys.setdefault("values", {})["outcome"] = {
                **made.keys.get("values", {}).get("outcome", {}),
                **{value: str(outcome) for value, outcome in known.items()},
            }
        else:
            del made.columns["outcome"]
            if "stage" not in made.columns:
                made.columns["stage"] = Found(status, "sure", message("a known name"))
    if "stage" not in made.columns and "outcome" in made.columns:
        made.columns["stage"] = made.columns["outcome"]


def made_id(made: Proposed) -> None:
    """Where no known column is the id: one whose values stand once, else the reader makes one.

    Where there are none of these an id is the row's number.
    """
    if made.has("deal_id"):
        return
    own = [h for h in made.unused() if is_id(h) and len(made.seen.counted(h)) == made.seen.rows]
    if own:
        made.columns["deal_id"] = Found(own[0], "likely", message("each of its values stands once"))
    elif stable := [made.columns[name].header for name in made_of(made.columns)]:
        made.notes.append(
            message("deal_id: made of {columns}, as no column is an id", columns=", ".join(stable))
        )
    else:
        made.keys.setdefault("computed", {})["deal_id"] = "row_number()"
        made.notes.append(message("deal_id: the row's number, so that a later export has other ids"))


def stages(made: Proposed, answers: Answers) -> None:
    """The outcome of each stage, in the order of the process.

    By the file's own flags, else by the stage's name, else by its probability, else asked.
    """
    if made.has("outcome") or "stage" not in made.columns:
        return
    stage = made.columns["stage"].header
    counted = made.seen.counted(stage)
    stock: dict[str, str] = made.layout.rest.get("stages", {}) if made.layout else {}
    found = {**{name: stock[name] for name in counted if name in stock}, **(_by_flags(made, stage) or {})}
    odds = _probabilities(made, stage)
    by_odds = []
    for name in counted:
        outcome = found.get(name) or outcome_of(name)
        if outcome is None and name in odds and min(odds[name]) > 0 and max(odds[name]) < 100:
            outcome = "open"
            by_odds.append(name)
        if outcome is not None:
            found[name] = outcome
    given = {name: outcome for name, outcome in answers.given.get("stage", {}).items() if name in counted}
    found |= given
    by_odds = [name for name in by_odds if name not in given]
    left = [name for name in counted if name not in found]
    # where none is won, a stage that is open by its probability alone may be
    if left or (by_odds and "won" not in found.values()):
        found |= _asked(answers, [*counted], left or by_odds)
    if not answers.missing and "won" not in found.values():
        made.notes.append(message("no stage is won: a review of won deals waits for an export that has them"))
    order = {"open": 0, "won": 1, "lost": 2}
    at = list(stock)

    def place(name: str) -> tuple[int, int, float]:
        likelihood = sum(odds[name]) / len(odds[name]) if name in odds else 0.0
        return order[found[name]], at.index(name) if name in at else len(at), likelihood

    made.keys["stages"] = {name: found[name] for name in sorted(found, key=place)}
    if made.layout and {"is_closed", "is_won"} <= set(made.columns):
        for flag in ("is_closed", "is_won"):
            made.columns.pop(flag)


def _by_flags(made: Proposed, stage: str) -> dict[str, str] | None:
    """Each stage's outcome where the flags of closed and won agree in all of its rows."""
    closed, won = made.header("is_closed"), made.header("is_won")
    if won is None:
        return None
    seen: dict[str, set[str]] = defaultdict(set)
    won_in = made.seen.pairs(stage, won)
    closed_in = made.seen.pairs(stage, closed) if closed else Counter[tuple[str, str | None]]()
    for (name, flag), _ in won_in.items():
        seen[name].add("won" if str(flag).lower() in TRUE else "other")
    for (name, flag), _ in closed_in.items():
        seen[name].add("closed" if str(flag).lower() in TRUE else "open")
    outcomes: dict[str, str] = {}
    for name, flags in seen.items():
        if flags in ({"won", "closed"}, {"won"}):
            outcomes[name] = "won"
        elif flags == {"other", "closed"}:
            outcomes[name] = "lost"
        elif flags == {"other", "open"}:
            outcomes[name] = "open"
    return outcomes


def _probabilities(made: Proposed, stage: str) -> dict[str, list[float]]:
    header = made.header("probability")
    found: dict[str, list[float]] = defaultdict(list)
    if header is None:
        return found
    for (name, text), _ in made.seen.pairs(stage, header).items():
        try:
            found[name].append(float(str(text).strip("% ").replace(",", ".")))
        except ValueError:
            continue
    if found and max(max(values) for values in found.values()) <= 1:
        return {name: [100 * value for value in values] for name, values in found.items()}
    return found


def _asked(answers: Answers, names: list[str], left: list[str]) -> dict[str, str]:
    """Which of the stages that are left are won and which lost; the rest are open."""

    def several(text: str) -> list[str]:
        if text.casefold() in ("", "none", "-"):
            return []
        known = {name.casefold(): name for name in names}
        parts = [part.strip() for part in text.split(";" if ";" in text else ",")]
        if unknown := [part for part in parts if part.casefold() not in known]:
            raise ValueError(
                message(
                    "{stage!r} is no stage of the file; they are {names}",
                    stage=unknown[0],
                    names=", ".join(names),
                )
            )
        return [known[part.casefold()] for part in parts]

    shown = ", ".join(left)
    won = answers.ask(
        "--stage NAME=won",
        message("Which of these stages are won? {stages}", stages=shown),
        default="none",
        read=several,
    )
    lost = answers.ask(
        "--stage NAME=lost",
        message("Which of them are lost? {stages}", stages=shown),
        default="none",
        read=several,
    )
    outcomes = dict.fromkeys(left, "open")
    return outcomes | dict.fromkeys(lost or [], "lost") | dict.fromkeys(won or [], "won")
