"""What a file of deals needs to be read right: outcome of each stage, amount, currency, dates, owner."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from salesops_nb.errors import Problem, SalesopsError, problem
from salesops_nb.messages import listed
from salesops_nb.own_data.answers import Answers
from salesops_nb.own_data.columns import Found, Proposed, likely
from salesops_nb.own_data.converted import converted_amount, no_codes, take_converted
from salesops_nb.own_data.layouts import is_converted, kind_of_amount, outcome_of
from salesops_nb.source.columns.currencies import code_of
from salesops_nb.source.columns.parsing import TRUE

KINDS = ("acv", "tcv", "arr", "one-off")
_SIGNS = {"€": "EUR", "£": "GBP", "$": "USD", "zł": "PLN", "₹": "INR"}


@dataclass
class Money:
    """The workbook's currency, what an amount is, and rates of other currencies to the workbook's."""

    currency: str
    amount_is: str
    rates: dict[str, Decimal]


def needed_columns(made: Proposed, answers: Answers) -> None:
    """Settle the columns that deals cannot do without; what the names do not tell is asked."""
    _outcome_or_stage(made)
    _needed(made, answers, "owner_id", "Which column is the deal's owner?", ("text", "email"))
    _needed(made, answers, "stage", "Which column is the stage or status?", ("text",))
    _needed(made, answers, "amount", "Which column is the amount?", ("number",))
    if "closed_on" not in made.columns and (expected := made.columns.get("expected_close_on")):
        made.columns["closed_on"] = expected
        made.notes.append(f"closed_on: {expected.header} too, as no other column says when a deal closed")
    _needed(made, answers, "closed_on", "Which column is the day a deal closed?", ("date",))
    if "expected_close_on" not in made.columns and "closed_on" in made.columns:
        made.columns["expected_close_on"] = made.columns["closed_on"]


def _needed(made: Proposed, answers: Answers, column: str, question: str, kinds: tuple[str, ...]) -> None:
    if made.has(column):
        return
    free = made.unused(*kinds)
    if not free:
        raise SalesopsError(_none_left(made, column))
    header = answers.ask(f"--column {column}=HEADER", question, free, likely(made, column, kinds))
    if header is not None:
        made.columns[column] = Found(header, "sure", "as you say")


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
        if all(known.values()) and "won" in known.values():
            made.keys.setdefault("values", {})["outcome"] = {
                **made.keys.get("values", {}).get("outcome", {}),
                **{value: str(outcome) for value, outcome in known.items()},
            }
        else:
            del made.columns["outcome"]
            if "stage" not in made.columns:
                made.columns["stage"] = Found(status, "sure", "a known name")
    if "stage" not in made.columns and "outcome" in made.columns:
        made.columns["stage"] = made.columns["outcome"]


def made_id(made: Proposed) -> None:
    """Where the export has no id, make one of what stays as it is, and say so."""
    if made.has("deal_id"):
        return
    stable = [
        made.columns[name].header for name in ("name", "account_id", "created_on") if name in made.columns
    ]
    fields = [f"`{header}`" for header in stable]
    values = ", ' / ', ".join(fields)
    if not stable or not made.seen.distinct(stable):
        values = ", ' / ', ".join([*fields, "row_number()"])
        made.notes.append("deal_id: made with the row's number, so that a later export has other ids")
    else:
        made.notes.append(f"deal_id: made of {', '.join(stable)}, as no column is an id")
    made.keys.setdefault("computed", {})["deal_id"] = f"concat({values})"


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
    for name in counted:
        outcome = found.get(name) or outcome_of(name)
        if outcome is None and name in odds and min(odds[name]) > 0 and max(odds[name]) < 100:
            outcome = "open"
        if outcome is not None:
            found[name] = outcome
    unknown = [name for name in counted if name not in found]
    if unknown or not {"won"} <= set(found.values()):
        found |= _asked(answers, [*counted], found)
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


def _asked(answers: Answers, names: list[str], found: dict[str, str]) -> dict[str, str]:
    """Which stages are won and which lost, of those that are not known; the rest are open."""
    given: dict[str, str] = answers.given.get("stage", {})
    left = [name for name in names if name not in found and name not in given]
    chosen = {name: outcome for name, outcome in given.items() if name in names}
    if not left and "won" in {**found, **chosen}.values():
        return chosen

    def several(text: str) -> list[str]:
        if text.casefold() in ("", "none", "-"):
            return []
        known = {name.casefold(): name for name in names}
        parts = [part.strip() for part in text.split(";" if ";" in text else ",")]
        if unknown := [part for part in parts if part.casefold() not in known]:
            raise ValueError(f"{unknown[0]!r} is no stage of the file; they are {', '.join(names)}")
        return [known[part.casefold()] for part in parts]

    shown = ", ".join(left)
    won = answers.ask(
        "--stage NAME=won", f"Which of these stages are won? {shown}", default="none", read=several
    )
    lost = answers.ask("--stage NAME=lost", f"Which of them are lost? {shown}", default="none", read=several)
    outcomes = dict.fromkeys(left, "open")
    outcomes |= dict.fromkeys(lost or [], "lost") | dict.fromkeys(won or [], "won")
    if "won" not in {**found, **chosen, **outcomes}.values() and not answers.missing:
        raise SalesopsError(problem("no-stage-won", column="--stage NAME=won", names=listed(names, 30)))
    return {**chosen, **outcomes}


def money(made: Proposed, answers: Answers) -> Money:
    """The currency, the rates and the kind of the amounts; a company's own currency column is preferred."""
    amount = made.header("amount")
    held = _currencies(made)
    converted = converted_amount(made)
    unknown = any(code_of(value) is None for value in held)
    if (len(held) > 1 or unknown) and converted is not None:
        take_converted(made, converted)
        currency = answers.ask("--currency", f"Which currency is {converted} in?", default=None, read=_code)
        if currency:
            made.keys.setdefault("constants", {})["currency"] = currency
        held = {}
    elif unknown:
        raise SalesopsError(no_codes(made, held))
    elif len(held) == 1:
        currency = answers.given.get("currency") or next(iter(held))
    elif held:
        most = max(held, key=lambda code: held[code])
        currency = answers.ask("--currency", "In which currency are figures told?", default=most, read=_code)
    else:
        currency = answers.given.get("currency") or _of_signs(made, amount)
        if not currency:
            currency = answers.ask("--currency", "Which currency are the amounts in?", read=_code)
    rates = _rates(answers, str(currency), held)
    kind = kind_of_amount(amount or "") or answers.ask(
        "--amount-is", "What is an amount: contract value a year, in total, recurring revenue, or one-off?",
        KINDS,
    )  # fmt: skip
    return Money(str(currency or "USD"), str(kind or KINDS[-1]), rates)


def _currencies(made: Proposed) -> dict[str, int]:
    header = made.header("currency")
    if header is None:
        others = [h for h in made.unused("currency") if not is_converted(re.sub(r"\s*Currency$", "", h))]
        if not others:
            return {}
        header = others[0]
        made.columns["currency"] = Found(header, "sure", "codes of currencies")
    found: Counter[str] = Counter()
    for value, rows in made.seen.counted(header).items():
        found[code_of(value) or value] += rows
    return dict(found)


def _of_signs(made: Proposed, header: str | None) -> str | None:
    """The currency that the amount's header or every amount names."""
    if header is None:
        return None
    for word in re.findall(r"[A-Z]{3}|[€£]", header):
        if code := _SIGNS.get(word) or code_of(word):
            return code
    signs = {sign for value in made.seen.columns[header].shown for sign in _SIGNS if sign in value}
    codes = {word for value in made.seen.columns[header].shown for word in re.findall(r"[A-Z]{3}", value)}
    found = {_SIGNS[sign] for sign in signs - {"$"}} | {code for word in codes if (code := code_of(word))}
    return next(iter(found)) if len(found) == 1 else None


def _code(text: str) -> str:
    code = code_of(text)
    if code is None:
        raise ValueError("an ISO 4217 currency code is wanted, such as USD or EUR")
    return code


def _rates(answers: Answers, currency: str, held: dict[str, int]) -> dict[str, Decimal]:
    others = sorted(set(held) - {currency})
    if not others or "fx_rates" in answers.given:
        return {}

    def read(text: str) -> dict[str, Decimal]:
        if text.casefold() == "none":
            return {}
        found: dict[str, Decimal] = {}
        for part in re.split(r"[,;]\s+|;", text):
            try:
                code, number = re.split(r"[\s:=]+", part.strip())
                rate = Decimal(number.replace(",", "."))
            except (ValueError, InvalidOperation):
                raise ValueError(
                    f"write {others[0]} 0.92, with the {currency} that one {others[0]} is"
                ) from None
            if code.upper() not in others or rate <= 0:
                raise ValueError(f"{code!r} is none of {', '.join(others)}, or its rate is not above 0")
            found[code.upper()] = rate
        if lacking := set(others) - set(found):
            raise ValueError(f"{', '.join(sorted(lacking))} has no rate")
        return found

    question = f"How many {currency} is one of {', '.join(others)}? As '{others[0]} 0.92', or none"
    rates: dict[str, Decimal] = answers.ask("--rates", question, read=read) or {}
    return rates
