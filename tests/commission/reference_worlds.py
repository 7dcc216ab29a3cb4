"""Random worlds: one set of plans and many independent histories of people and deals under it.

Everything comes from one seed. A history is up to three people (`h017a`, `h017b`) with a few deals; histories
share nothing but the plans, so that one call of the engine calculates all of them and one that fails stands
alone.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pandas as pd
from reference_activities import Activity, activities
from reference_draws import draws
from reference_history import Event, history
from reference_negative import negative
from reference_plans import decimal
from reference_quotas import Person, Stay, Target, months_later
from reference_rates import Deal

from salesops_nb import commission

FIRST, LAST = date(2026, 1, 1), date(2027, 6, 30)
QUARTERS = ("2026-Q1", "2026-Q2", "2026-Q3", "2026-Q4", "2027-Q1", "2027-Q2")
EDGES = [date(2026, 3, 31), date(2026, 4, 1), date(2026, 8, 14), date(2026, 8, 15), date(2026, 12, 31)]
EDGES += [date(2027, 1, 1), date(2027, 3, 31)]
AMOUNTS = [100, 1000, 1000, 2500, 5000, 12000]


@dataclass(frozen=True)
class World:
    plans: tuple[dict, ...]
    deals: tuple[Deal, ...]
    events: tuple[Event, ...]
    stays: tuple[Stay, ...]
    people: tuple[Person, ...] = ()
    activities: tuple[Activity, ...] = ()

    def of(self, group: str) -> World:
        """One history of it."""
        deals = tuple(d for d in self.deals if d.id.startswith(group))
        events = tuple(e for e in self.events if e.deal.startswith(group))
        stays = tuple(s for s in self.stays if s.person.startswith(group))
        people = tuple(p for p in self.people if p.id.startswith(group))
        done = tuple(a for a in self.activities if a.id.startswith(group))
        return replace(self, deals=deals, events=events, stays=stays, people=people, activities=done)

    def lines(self):
        """What the reference pays."""
        lines = history(self.plans, self.deals, self.events, self.stays, LAST, self.people)
        lines += activities(self.plans, self.stays, self.activities, self.people, LAST)
        lines += draws(self.plans, self.stays, lines, LAST, self.people)
        return lines + negative(self.plans, self.stays, lines, FIRST, LAST, self.people)

    def loaded(self) -> list[commission.Plan]:
        return [commission.load_plan(plan) for plan in self.plans]

    def tables(self) -> dict[str, pd.DataFrame]:
        """As the engine reads them."""
        deals = [
            {
                "deal_id": d.id, "owner_id": d.owner, "amount": decimal(d.amount), "closed_on": d.day,
                "created_on": FIRST, "stage": d.outcome, "outcome": d.outcome, "currency": d.currency,
                "product_id": d.product, "term_months": d.term, "territory": d.territory,
                "quantity": d.units,
            }
            for d in self.deals
        ]  # fmt: skip
        shares = [
            {"deal_id": d.id, "person_id": who, "share": Decimal(share), "type": "revenue"}
            for d in self.deals
            for who, share in d.shares
        ]
        lines = [
            {"deal_id": d.id, "line_no": number, "product_id": product, "amount": decimal(amount)}
            for d in self.deals
            for number, (product, amount) in enumerate(d.lines, start=1)
        ]
        columns = ["event_id", "deal_id", "kind", "happened_on", "amount"]
        events = [(*e[:4], None if e.amount is None else decimal(e.amount)) for e in self.events]
        stays = [
            {"person_id": s.person, "plan_id": s.plan, "valid_from": s.since, "valid_to": s.until}
            | {"target_incentive": decimal(s.incentive), "base_pay": decimal(s.base)}
            for s in self.stays
        ]
        made = {
            "deals": pd.DataFrame(deals),
            "events": pd.DataFrame(events, columns=columns),
            "plan_assignments": pd.DataFrame(stays),
        }
        people = [
            {"person_id": p.id, "name": p.id, "hired_on": p.hired, "left_on": p.left}
            | {"manager_id": p.manager}
            | {"role": role, "valid_from": since, "valid_to": until}
            for p in self.people
            for since, role, until in p.rows()
        ]
        leave = [
            {"person_id": p.id, "from": gone, "to": back, "kind": "parental"}
            for p in self.people
            for gone, back in p.leave
        ]
        targets = [
            {"level": "rep", "who": p.id, "metric": "quota", "period": t.period, "value": decimal(t.value)}
            | {"valid_from": t.since, "valid_to": t.until}
            for p in self.people
            for t in p.targets
        ]
        made |= {"people": pd.DataFrame(people)} if people else {}
        done = [
            {"activity_id": a.id, "person_id": a.person, "kind": a.kind, "confirmed_by": a.confirmed_by}
            | {"happened_at": pd.Timestamp(a.day) + pd.Timedelta(hours=10)}
            for a in self.activities
        ]
        made |= {"activities": pd.DataFrame(done)} if done else {}
        made |= {"leave": pd.DataFrame(leave)} if leave else {}
        made |= {"targets": pd.DataFrame(targets)} if targets else {}
        made |= {"deal_lines": pd.DataFrame(lines)} if lines else {}
        return made | ({"splits": pd.DataFrame(shares)} if shares else {})


# --- plans --------------------------------------------------------------------------------------


def _percent(chance) -> Decimal:
    return Decimal(chance.choice(["0.5", "1", "2.5", "3.125", "7.77", "10", "10", "12.345"]))


def _table(chance, scope) -> dict:
    mode = chance.choice(["marginal", "marginal", "whole"])
    unit = "amount" if scope == "each_transaction" else chance.choice(["amount", "pct_of_quota"])
    choices = [25, 50, 100, 130] if unit == "pct_of_quota" else [500, 1000, 2500, 5000]
    bounds = [0, *sorted(chance.sample(choices, chance.randint(1, 3)))]
    rows = [{"from": bound, "rate_pct": _percent(chance)} for bound in bounds]
    boundary = chance.choice(["lower_inclusive", "lower_inclusive", "upper_inclusive"])
    return {"mode": mode, "unit": unit, "boundary": boundary, "rows": rows}


def _component(chance, name) -> dict:
    scope = chance.choice(["each_transaction", "running_total"])
    made = {"id": name, "scope": scope}
    price = chance.randint(0, 8)
    if price == 6:
        made |= {"rate_pct": "derived", "weight_pct": chance.choice([100, 60])}
    elif price == 7:
        rows = [{"from": 0, "payout_pct": 0}, {"from": 50, "payout_pct": Decimal("33.3")}]
        rows.append({"from": 100, "payout_pct": 120})
        made["scope"] = "running_total"
        made["target"] = chance.choice([500, "derived", "base_pay"])
        made["table"] = {"mode": "whole", "unit": "pct_of_quota", "rows": rows}
        return made | ({"weight_pct": 50} if made["target"] != 500 else {})
    elif price == 8:
        rows = [{"from": bound, "rate_pct": _percent(chance)} for bound in (0, 3, 8)]
        made["scope"] = "running_total"
        made["position"] = {"measure": "quantity"}
        made["table"] = {"mode": "whole", "unit": "amount", "rows": rows}
        return made
    elif price < 2:
        made["rate_pct"] = _percent(chance)
    elif price == 2:
        made["rates"] = [{"where": "product_id == 'A'", "rate_pct": _percent(chance)}]
        if chance.random() < 0.5:
            made["rates"].append({"rate_pct": _percent(chance)})
    else:
        made["table"] = _table(chance, scope)
        if scope == "running_total" and chance.random() < 0.5:
            made["position"] = {"of": "territory"}
    if chance.random() < 0.25:
        rows = [
            {"where": "term_months >= 36", "x": Decimal("1.1")},
            {"where": "product_id == 'A'", "x": Decimal(chance.choice(["0.5", "1.25"]))},
        ]
        made["multipliers"] = {"combine": chance.choice(["multiply", "add", "highest"]), "rows": rows}
    if chance.random() < 0.2:
        made["where"] = "product_id == 'A'"
    return made


def _release(chance) -> list[dict]:
    """Parts of 100 per cent, each with a way of its own to come due."""
    sizes = chance.choice([[100], [60, 40], [50, 50], [33, 33, 34], [60, 20, 20]])
    rules = []
    for pct in sizes:
        rule = {"pct": pct, "event": chance.choice(["booked", "booked", "invoiced", "collected", "end"])}
        if rule["event"] == "end":
            rule["event"] = chance.choice(["period_end", "quarter_end", "year_end"])
        elif rule["event"] != "booked" and chance.random() < 0.6:
            rule["as"] = chance.choice([f"share_{rule['event']}"] * 2 + ["in_full"])
        elif rule["event"] != "booked" and chance.random() < 0.3:
            rule["number"] = 2
        if not rule["event"].endswith("_end") and chance.random() < 0.3:
            rule["after_months"] = chance.choice([1, 3, 6])
        if (
            "as" not in rule
            and not rule["event"].endswith("_end")
            and any({**old, "pct": 0} == {**rule, "pct": 0} for old in rules)
        ):
            rule["after_months"] = (
                rule.get("after_months", 0) + 2
            )  # the kind of a second line a day is not said
        rules.append(rule)
    return rules


def _clawback(chance) -> dict:
    window = chance.choice([None, 3, 12])
    method = chance.choice(["full", "full", "unserved_share", "share", "declining"])
    window = 12 if method == "declining" and window is None else window
    unit = chance.choice(["months", "months", "days"])
    rule = {
        "when": f"cancelled_within_{window * (30 if unit == 'days' else 1)}_{unit}"
        if window
        else "cancelled",
        "method": method,
        "unpaid": chance.choice(["cancel", "cancel", "keep"]),
    }
    if window and chance.random() < 0.4:
        rule["inclusive"] = chance.random() < 0.8
    if chance.random() < 0.25:
        rule["instalments"] = chance.choice([2, 3, 7])
    return rule | ({"pct": chance.choice([50, Decimal("33.3")])} if method == "share" else {})


def _draw(chance) -> dict:
    rule = {"per": chance.choice(["month", "period"]), "amount": chance.choice([40, 150, 300])}
    rule["recoverable"] = chance.random() < 0.7
    if rule["recoverable"]:
        rule["keep_at_least"] = chance.choice(["draw", "none", 60])
        if chance.random() < 0.4:
            rule["recover_pct"] = Decimal("33.3")
        if chance.random() < 0.3:
            rule["recover_from"] = 3
        if chance.random() < 0.25:
            rule["debt"] = "stays_with_plan"
        if chance.random() < 0.25:
            rule["forgive"] = {"after_months": chance.choice([1, 4, 9])}
    if chance.random() < 0.3:
        rule["paid_at"] = "start"
    if chance.random() < 0.5:
        rule["ends"] = chance.choice([1, 2, 4])
    if chance.random() < 0.4:
        rule["paid_for"] = chance.choice(["new_hires", "hired_within_1_months", "hired_within_6_months"])
    return rule


def _quota(chance, event, period) -> dict:
    if_zero = chance.choice(["attainment_0", "attainment_0", "attainment_100"])
    rule = {"amount": chance.choice([1000, 8000]), "attained_by": event, "if_zero": if_zero}
    if chance.random() < 0.5:
        rule["prorate"] = chance.choice(["days", "months"])
    if period == "quarter" and chance.random() < 0.5:
        rule["relief_pct"] = chance.choice([100, 100, 50])
    if chance.random() < 0.6:
        rule["metric"] = chance.choice(["quota", "bookings", "bookings"])  # of which targets say nothing
    if chance.random() < 0.5:
        rule["ramp_pct"] = chance.choice([[50], [25, 50, 75], [Decimal("33.3"), Decimal("66.6")], [20] * 7])
        rule["ramp_per"] = chance.choice(["month", "month", "period"])
        if chance.random() < 0.5:
            rule["ramp_from"] = chance.choice(["role", "hire", "assignment"])
        if chance.random() < 0.5:
            rule["ramp_for"] = chance.choice(["new_hires", "hired_within_1_months", "hired_within_6_months"])
    return rule


def _body(chance, period) -> dict:
    event = chance.choice(["booked", "booked", "booked", "collected", "invoiced"])
    made = {
        "credit": {"event": event, "splits": {"apply_to": "credit"}},
        "quota": _quota(chance, event, period),
        "components": [_component(chance, name) for name in ("base", "extra")[: chance.randint(1, 2)]],
        "rounding": {"mode": chance.choice(["half_up", "half_up", "half_even", "half_down", "up", "down"])},
    }
    if event == "booked" and chance.random() < 0.6:
        made["release"] = _release(chance)
    if "release" not in made and chance.random() < 0.4:
        price = chance.choice([25, Decimal("12.345"), Decimal("0.333")])
        each = {"id": "calls", "measure": "activities", "activity": "call", "per_unit": price}
        each["scope"] = chance.choice(["each_transaction", "running_total"])
        each["confirmed"] = chance.choice(["required", "required", "not_needed"])
        made["components"].append(each)
    if chance.random() < 0.6:
        made["clawback"] = _clawback(chance)
    return made


def _versions(chance, name) -> list[dict]:
    """A plan in one version or two, which follow each other at the year's end or within a quarter."""
    period = chance.choice(["quarter", "quarter", "quarter", "year"])
    head = {"id": name, "currency": "USD", "period": period}
    change = chance.choice([None, "ends", date(2026, 12, 31), date(2026, 8, 14)])
    spans = {
        None: [(FIRST, date(2027, 12, 31))],
        "ends": [(FIRST, date(2026, 12, 31))],
    }.get(change) or [(FIRST, change), (change + timedelta(days=1), date(2027, 12, 31))]
    made = [
        {"plan": head | {"version": number, "from": first, "to": last}, **_body(chance, period)}
        for number, (first, last) in enumerate(spans, start=1)
    ]
    if chance.random() < 0.25:
        made[-1]["plan"]["running_totals"] = "restart_with_version"
    for plan in made:
        if chance.random() < 0.6:
            plan["negative_pay"] = chance.choice(["carry", "pay", "floor"])
    if chance.random() < 0.7:
        per = chance.choice(["month", "period"])  # of all versions: a change of it needs a span's end
        for plan in made if chance.random() < 0.8 else made[:1]:
            plan["draw"] = _draw(chance) | {"per": per}
    return made


# --- people and deals ---------------------------------------------------------------------------


def _part(chance, amount) -> Fraction:
    """Some of an amount, in cents."""
    return Fraction(
        round(amount * 100 * chance.choice([Fraction(1, 4), Fraction(1, 3), Fraction(2, 5)])), 100
    )


def _day(chance) -> date:
    if chance.random() < 0.3:
        return chance.choice(EDGES)
    return FIRST + timedelta(days=chance.randint(0, 480))


def _events_of(chance, deal: Deal) -> list[Event]:
    """A life of a deal: sold, perhaps in two parts; invoiced, paid, refunded and cancelled in any order."""
    found = []

    def add(kind, day, amount):
        number = chance.randint(0, 9999)  # ids tell nothing of the order
        found.append(Event(f"{deal.id}-{number:04}-{len(found)}", deal.id, kind, day, amount))

    def later(most, least=0):
        return deal.day + timedelta(days=chance.randint(least, most))

    amount = deal.amount
    if deal.outcome != "won" or chance.random() < 0.7:
        if chance.random() < 0.1:
            part = _part(chance, amount)
            add("booked", deal.day, part)
            add("booked", deal.day, amount - part)
        else:
            add("booked", deal.day, amount)
        if chance.random() < 0.2:  # more is sold, in another quarter or under another version as a rule
            add("booked", later(250), _part(chance, amount))
        if chance.random() < 0.1:
            add("booked", later(300), -_part(chance, amount))
    for kind in ("invoiced", "collected"):
        parts = chance.choice(
            [[], [1], [Fraction(1, 4), Fraction(3, 4)], [Fraction(1, 3)] * 2, [Fraction(6, 5)]]
        )
        for part in parts:
            add(
                kind,
                later(200, -5 if chance.random() < 0.1 else 0),
                Fraction(round(amount * part * 100), 100),
            )
    for _ in range(chance.choice([0, 0, 0, 1, 1, 2])):
        back = (
            amount * chance.choice([1, 1, Fraction(3, 2)]) if chance.random() < 0.4 else _part(chance, amount)
        )
        add("refunded", later(300, -5 if chance.random() < 0.1 else 0), back)
    for _ in range(chance.choice([0, 0, 0, 1, 1, 2])):
        edges = [deal.day + timedelta(days=90), months_later(deal.day, 3), months_later(deal.day, 12)]
        edge = chance.choice(edges) if chance.random() < 0.3 else None
        add("cancelled", edge or later(400, -3 if chance.random() < 0.1 else 0), None)
    return found


def _person(chance, name, since) -> Person:
    """Hired long ago, lately or with the assignment, perhaps promoted since."""
    long_ago = date(2024, 5, 1)
    hired = chance.choice([None, long_ago, since, since, since - timedelta(days=40), date(2026, 2, 20)])
    roles = [(hired or long_ago, "SDR")]
    for day, role in ((date(2026, 5, 20), "AE"), (date(2026, 12, 1), chance.choice(["AE", "SDR", "lead"]))):
        if chance.random() < 0.2:
            roles.append((day, role))
    leave = ((date(2026, 8, 3), date(2026, 9, 7)),) if chance.random() < 0.1 else ()
    left = chance.choice([date(2026, 7, 1), date(2026, 9, 30), date(2026, 11, 16), date(2027, 2, 10)])
    left = left if chance.random() < 0.2 else None
    return Person(name, hired, left, tuple(roles) if len(roles) > 1 else (), leave, _targets(chance))


def _targets(chance) -> tuple[Target, ...]:
    """Quotas of quarters or months, some of which are missing or change on a day."""
    found = []
    for quarter in QUARTERS:
        values = [Fraction(chance.choice([900, 1000, 2500, 7777])) for _ in range(3)]
        kind = chance.choice(["", "", "quarter", "changes", "months", "two months"])
        start = date(int(quarter[:4]), 3 * int(quarter[-1]) - 2, 1)
        if kind == "quarter":
            found.append(Target(quarter, values[0]))
        elif kind == "changes":
            day = start + timedelta(days=chance.randint(1, 80))
            found += [Target(quarter, values[0], None, day), Target(quarter, values[1], day)]
        elif kind:
            for number, value in enumerate(values[: 3 if kind == "months" else 2]):
                found.append(Target(f"{start.year}-{start.month + number:02}", value))
    return tuple(found)


def _activities(chance, group, people) -> list[Activity]:
    """Calls and meetings, confirmed by all sorts of people or by nobody."""
    found = []
    for number in range(chance.choice([0, 0, 1, 3, 6])):
        by = chance.choice([None, "crm", "counterpart", *people, f"{group}m", "somebody"])
        kind = chance.choice(["call", "call", "call", "meeting"])
        found.append(Activity(f"{group}-a{number}", chance.choice(people), kind, _day(chance), by))
    return found


def _history(chance, group, plans):
    names = sorted({plan["plan"]["id"] for plan in plans})
    people = [f"{group}{name}" for name in "abc"][: chance.choice([1, 1, 1, 2, 2, 3])]
    stays, persons = [], []
    for person in people:
        since = chance.choice([FIRST, FIRST, FIRST, date(2026, 2, 10)])
        manager = chance.choice([None, f"{group}m", people[0]])
        persons.append(_person(chance, person, since)._replace(manager=manager))
        plan = chance.choice(names)
        if len(names) > 1 and chance.random() < 0.4:
            moved = chance.choice([date(2026, 7, 1), date(2026, 11, 20), date(2027, 1, 1)])
            stays += [Stay(person, plan, since, moved), Stay(person, names[plan == names[0]], moved, None)]
        else:
            until = None if chance.random() < 0.9 else date(2026, 10, 16)
            stays.append(Stay(person, plan, since, until))
        pay = Fraction(chance.choice([10000, 24000])), Fraction(chance.choice([50000, 77777]))
        mine = [number for number, stay in enumerate(stays) if stay.person == person]
        for number in mine:
            stays[number] = stays[number]._replace(incentive=pay[0], base=pay[1])
        last, raised = stays[mine[-1]], date(2026, 5, 11)
        if last.since < raised and (last.until is None or last.until > raised) and chance.random() < 0.3:
            more = last._replace(since=raised, incentive=pay[0] * 3 / 2, base=pay[1] + 1000)
            stays[mine[-1] :] = [last._replace(until=raised), more]
    deals, events = [], []
    for number in range(chance.choice([1, 1, 2, 2, 3, 4])):
        whole = (
            chance.choice(AMOUNTS) if chance.random() < 0.5 else chance.randint(1, 9000_00) / Fraction(100)
        )
        shares = ()
        if len(people) > 1 and chance.random() < 0.5:
            share = chance.choice([50, 60, 30, 15, Decimal("33.33")])
            rest = 100 - share
            shares = ((people[0], share), (people[1], rest))
            if len(people) > 2:
                shares = ((people[0], share), (people[1], rest * 2 / 5), (people[2], rest * 3 / 5))
        lines = ()
        if chance.random() < 0.25:
            first = _part(chance, Fraction(whole))
            second = _part(chance, Fraction(whole) - first)
            amounts = (first, second, Fraction(whole) - first - second)
            lines = tuple((chance.choice("AB"), amount) for amount in amounts if amount)
        deal = Deal(
            f"{group}-{number}", chance.choice(people), Fraction(whole), _day(chance), chance.choice("AB"),
            chance.choice([12, 24, 36]), shares=shares, outcome=chance.choice(["won"] * 8 + ["lost", "open"]),
            lines=lines, territory=f"{group} {chance.choice('NS')}",
            units=chance.choice([1, 2, 3, 5]),
        )  # fmt: skip
        deals.append(deal)
        events += _events_of(chance, deal)
    return deals, events, stays, persons, _activities(chance, group, people)


def world(seed: int, histories: int) -> World:
    chance = random.Random(seed)
    plans = [version for name in ("p", "q") for version in _versions(chance, name)]
    parts = [_history(chance, f"h{number:03}", plans) for number in range(histories)]
    rows = [[row for part in parts for row in part[place]] for place in range(5)]
    chance.shuffle(rows[1])
    return World(tuple(plans), *map(tuple, rows))
