"""What credit earns (rates, tables, gates, multipliers, limits), in exact fractions, credit by credit.

Written from what the plan's fields mean (docs/plans.md), as one would with paper: no engine, no vectors,
no decimals until the last cent. `reference` pays one period of bookings; what happens to a deal later
(releases, refunds, cancellations, another plan) is in `reference_history`.

1. Credit is a deal's amount, converted, times each person's share, up to the cap of a deal. By day,
   then event; a person's overlay stands before their own share of the same deal.
2. A bound belongs to the row above it, unless `boundary` or the row says otherwise. `marginal` pays each
   slice at its own rate, `whole` all at the rate of the row reached, `whole_overage` all above the second
   row, `proportional` each row's amount as far as it is filled, `matrix` by row and column.
3. A line is F(credit after) − F(credit before), each side rounded; under `each_transaction` before is zero.
4. A first-dollar gate opens for the whole period or not at all; an excess gate pays what is above it.
5. Multipliers whose condition holds are multiplied, added up, or the highest counts.
6. A cap of a period cuts the period's running pay; floor and cap of a deal work on the deal's pay.
7. Where each transaction stands alone, the shares of a deal come to what they come to exactly, rounded once:
   each is rounded, and the last person (by id) whom the deal pays anything takes what is left. Overlay
   stands beside.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction


@dataclass(frozen=True)
class Deal:
    id: str
    owner: str
    amount: Fraction
    day: date
    product: str = "A"
    term: int = 12
    currency: str = "USD"
    shares: tuple[tuple[str, int], ...] = ()
    overlay: tuple[tuple[str, int], ...] = ()
    outcome: str = "won"
    lines: tuple[tuple[str, Fraction], ...] = ()  # product and amount
    territory: str = "N"
    units: int = 1


@dataclass
class Credit:
    """What one person is credited for one deal."""

    event: str
    deal: Deal
    amount: Fraction
    count: Fraction  # a share of a deal is that share of one
    overlay: bool = False


def cents(amount: Fraction, mode: str = "half_up") -> Fraction:
    """To cents: half up (ties away from zero) unless the plan says otherwise."""
    scaled = abs(amount) * 100
    whole = scaled.numerator // scaled.denominator
    rest = scaled - whole
    up = {
        "half_up": rest >= Fraction(1, 2),
        "half_down": rest > Fraction(1, 2),
        "half_even": rest > Fraction(1, 2) or (rest == Fraction(1, 2) and whole % 2 == 1),
        "up": rest > 0,
        "down": False,
    }[mode]
    whole += up
    return Fraction(whole if amount >= 0 else -whole, 100)


def exact(number) -> Fraction:
    return Fraction(str(number)) if isinstance(number, float) else Fraction(number)


def parted(worth: dict[str, Fraction], mode: str) -> dict[str, Fraction]:
    """What people have of one deal, each rounded; the last whom it pays anything takes the rest."""
    found = {person: cents(amount, mode) for person, amount in worth.items()}
    paying = [person for person, amount in worth.items() if amount]
    if paying:
        found[max(paying)] += cents(sum(worth.values(), Fraction(0)), mode) - sum(found.values(), Fraction(0))
    return found


def ordered_credits(plan, deals, rates=None) -> dict[str, list[Credit]]:
    """Per person, by day and event: split, converted, and no more than the cap of a deal."""
    rule = plan.get("credit", {})
    result = defaultdict(list)
    for deal in sorted(deals, key=lambda d: (d.day, f"{d.id}:booked")):
        amount = deal.amount * (rates or {}).get(deal.currency, Fraction(1))
        for person, share in deal.shares or ((deal.owner, 100),):
            part = amount * exact(share) / 100
            if rule.get("cap_per_deal") is not None:
                part = min(part, exact(rule["cap_per_deal"]))
            result[person].append(Credit(f"{deal.id}:booked", deal, part, exact(share) / 100))
        for person, share in deal.overlay:  # of one deal, a person's overlay stands before their own share
            part = amount * Fraction(share, 100)
            if rule.get("cap_per_deal") is not None:
                part = min(part, exact(rule["cap_per_deal"]))
            theirs = result[person]
            place = len(theirs) - (1 if theirs and theirs[-1].deal is deal else 0)
            theirs.insert(place, Credit(f"{deal.id}:booked", deal, part, Fraction(share, 100), True))
    return result


def band(table, key, quota):
    """The number of the row in which a key lies; a bound belongs to the higher row unless said otherwise."""
    found = None
    for number, row in enumerate(table["rows"]):
        bound = exact(row["from"])
        if table["unit"] == "pct_of_quota":
            bound = bound * quota / 100
        owns = row.get("inclusive", table.get("boundary") != "upper_inclusive")
        reached = key >= bound if owns or (not bound and "inclusive" not in row) else key > bound
        if reached:
            found = number
    return found


def bound(table, number, quota):
    value = exact(table["rows"][number]["from"])
    return value * quota / 100 if table["unit"] == "pct_of_quota" else value


def pay_of(component, x, key, quota, deals=Fraction(0), if_zero=None, target=None) -> Fraction:
    """F(x): what the table pays for so much credit, `key` being what its rows look at, after so many
    deals; `target` is what `payout_pct` is of, or what a derived rate pays at the quota.
    """
    if "per_unit" in component:
        return x * exact(component["per_unit"])
    if component.get("rate_pct") == "derived":
        return x * target / quota if quota else Fraction(0)
    if "rate_pct" in component:
        return x * exact(component["rate_pct"]) / 100
    table = component["table"]
    if table["unit"] == "pct_of_quota" and not quota and if_zero:
        return of_no_quota(component, x, Fraction(100 if if_zero == "attainment_100" else 0), target)
    rows, mode = table["rows"], table["mode"]
    last = len(rows) - 1
    if mode == "matrix":
        number, column = band(table, key, quota), -1
        for place, start in enumerate(table["columns"]["from"]):
            reached = deals > start if table.get("boundary") == "upper_inclusive" else deals >= start
            column = place if reached else column
        inside = number is not None and column >= 0
        return x * exact(rows[number]["rate_pct"][column]) / 100 if inside else Fraction(0)
    rate = [exact(row.get("rate_pct", 0)) / 100 for row in rows]
    if mode == "marginal":
        total = Fraction(0)
        for number in range(len(rows)):
            low = bound(table, number, quota)
            high = bound(table, number + 1, quota) if number < last else None
            top = x if high is None else min(x, high)
            total += max(Fraction(0), top - low) * rate[number]
        return total
    number = band(table, key, quota)
    if number is None:
        return Fraction(0)
    if mode == "whole" and "rate_pct" not in rows[number]:  # a lump: nothing without any credit
        lump = rows[number].get("amount")
        lump = exact(rows[number]["payout_pct"]) * exact(target) / 100 if lump is None else exact(lump)
        return lump if x > 0 else Fraction(0)
    if mode == "whole":
        return x * rate[number]
    if mode == "whole_overage":
        start = bound(table, 1, quota)
        return min(x, start) * rate[0] + max(Fraction(0), x - start) * rate[number]
    assert mode == "proportional"
    total = Fraction(0)
    for place, row in enumerate(rows):
        low = bound(table, place, quota)
        high = bound(table, place + 1, quota) if place < last else end_of(table, quota)
        total += exact(row["amount"]) * min(max(x - low, Fraction(0)), high - low) / (high - low)
    return total


def of_no_quota(component, x, attainment, target) -> Fraction:
    """All credit stands at one attainment, and is paid by the row that has it."""
    row = component["table"]["rows"][band(component["table"], attainment, Fraction(100))]
    if "payout_pct" in row:
        return exact(row["payout_pct"]) * exact(target) / 100 if x > 0 else Fraction(0)
    return x * exact(row["rate_pct"]) / 100


def end_of(table, quota):
    end = exact(table["rows"][-1]["to"])
    return end * quota / 100 if table["unit"] == "pct_of_quota" else end


def factor(component, deal) -> Fraction:
    rule = component.get("multipliers")
    if not rule:
        return Fraction(1)
    holding = [exact(row["x"]) for row in rule["rows"] if holds(row["where"], deal)]
    if not holding:
        return Fraction(1)
    if rule["combine"] == "multiply":
        product = Fraction(1)
        for x in holding:
            product *= x
        return product
    if rule["combine"] == "add":
        return 1 + sum(x - 1 for x in holding)
    return max(holding)


def holds(where, deal) -> bool:
    """Only the two conditions that the random plans use."""
    name, sign, value = where.split(" ", 2)
    if name == "product_id":
        assert sign == "=="
        return deal.product == value.strip("'")
    assert (name, sign) == ("term_months", ">=")
    return deal.term >= int(value)


@dataclass
class Paid:
    lines: dict = field(default_factory=dict)  # (person, component, event) -> cents
    carried: dict = field(default_factory=dict)  # (person, component) -> over the cap


def reference(plan, deals, rates=None, before=()) -> Paid:
    """Lines of a period; `before` are earlier deals of the year, for year-to-date components."""
    paid = Paid()
    quota = exact(plan["quota"]["amount"]) if "quota" in plan else None
    mode = plan.get("rounding", {}).get("mode", "half_up")
    credits = ordered_credits(plan, deals, rates)
    earlier = ordered_credits(plan, before, rates)
    for component in plan["components"]:
        exactly = defaultdict(dict)  # event -> person -> pay of their share, before any rounding
        of_person = []
        for person, theirs in credits.items():
            chosen = [c for c in theirs if "where" not in component or holds(component["where"], c.deal)]
            past = [
                c for c in earlier[person] if "where" not in component or holds(component["where"], c.deal)
            ]
            attained = sum((c.amount for c in theirs), Fraction(0))
            past = past if component["scope"] == "ytd_less_paid" else []
            of_person.append((person, chosen, past, attained))
            _lines(Paid(), component, *of_person[-1], quota, mode, exactly)
        parts = {event: parted(worth, mode) for event, worth in exactly.items()}
        for each in of_person:
            _lines(paid, component, *each, quota, mode, defaultdict(dict), parts)
    paid.lines = {key: amount for key, amount in paid.lines.items() if amount}
    return paid


def worth_so_far(component, past, quota):
    """What earlier credits of the year came to, unrounded, where a table goes on from them."""
    x = sum((c.amount for c in past), Fraction(0))
    return pay_of(component, x, x, quota) if past else Fraction(0)


def within(limits, amount) -> Fraction:
    """What one deal pays a person: no more than the cap, and if anything no less than the floor."""
    if limits.get("cap") is not None:
        amount = min(amount, exact(limits["cap"]))
    if limits.get("floor") is not None and amount > 0:
        amount = max(amount, exact(limits["floor"]))
    return amount


def listed(component, credit) -> Fraction:
    """The first of the listed rates that fits."""
    for row in component["rates"]:
        if "where" not in row or holds(row["where"], credit.deal):
            if "amount" in row:
                return credit.count * exact(row["amount"])
            return credit.amount * exact(row["rate_pct"]) / 100
    return Fraction(0)


def _lines(paid, component, person, chosen, past, attained, quota, mode, exactly, parts=()):
    """Sets a person's lines; `parts` has what is theirs of each deal, by what was noted in `exactly`."""
    gate, taken_off = component.get("gate"), Fraction(0)
    counts = component.get("measure") == "count"
    total = sum((c.count if counts else c.amount for c in chosen), Fraction(0))
    if gate:
        level = (
            exact(gate["attainment_pct"]) * quota / 100 if "attainment_pct" in gate else exact(gate["amount"])
        )
        measured = attained if "attainment_pct" in gate else total
        if gate["then"] == "first_dollar":
            open_ = measured >= level if gate.get("inclusive", True) else measured > level
            if not open_:
                return
        else:
            taken_off = level
    x = sum((c.amount for c in past), Fraction(0))
    count = sum((c.count for c in past), Fraction(0))
    earned, pay, of_deal = Fraction(0), worth_so_far(component, past, quota), {}
    limits = component.get("limits", {})
    by_count = component.get("table", {}).get("unit") == "count"

    def worth(amount, deals):
        key = deals if by_count else amount
        of = deals if counts else amount
        return max(
            Fraction(0),
            pay_of(component, of, key, quota, deals) - pay_of(component, taken_off, taken_off, quota),
        )

    for credit in chosen:
        if component["scope"] == "each_transaction":
            x = count = pay = Fraction(0)
        m = factor(component, credit.deal)
        if "rates" in component:
            more = m * listed(component, credit)
        else:
            more = m * (worth(x + credit.amount, count + credit.count) - worth(x, count))
        if limits.get("per") == "deal":
            sofar = of_deal.get(credit.deal.id, Fraction(0))
            of_deal[credit.deal.id] = sofar + more
            # what the deal paid is rounded, not the part: two roundings could go over the cap by a cent
            pay, more = within(limits, sofar), within(limits, sofar + more) - within(limits, sofar)
        line = cents(pay + more, mode) - cents(pay, mode)
        if component["scope"] == "each_transaction" and limits.get("per") != "deal" and not credit.overlay:
            exactly[credit.event][person] = more
            line = parts[credit.event][person] if parts else line
        x, count, pay = x + credit.amount, count + credit.count, pay + more
        new = earned + line
        if limits.get("per") == "period" and limits.get("cap") is not None:
            cap = exact(limits["cap"])
            line = min(new, cap) - min(earned, cap)
        earned = new
        key = person, component["id"], credit.event
        paid.lines[key] = paid.lines.get(key, Fraction(0)) + line
    if limits.get("per") == "period" and limits.get("excess") == "carry":
        over = earned - min(earned, exact(limits["cap"]))
        if over:
            paid.carried[person, component["id"]] = over
