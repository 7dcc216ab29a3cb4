"""What comes next for a person: what the next tier or gate would pay, and where their team stands."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from salesops_nb.commission.crediting.team_credit import leaders, levels_of
from salesops_nb.commission.design.pay_curves import climbs, component_pay
from salesops_nb.commission.inputs.rounding import rounded_pay
from salesops_nb.commission.plans.component_terms import gate_of
from salesops_nb.commission.plans.plan import Plan
from salesops_nb.commission.plans.schema_component import Component
from salesops_nb.commission.result.attainment import Attained
from salesops_nb.commission.result.payout import Payout
from salesops_nb.expression import columns_of


@dataclass(frozen=True, slots=True)
class Next:
    """The bound that comes next in one component, and how much more it would pay to be just there.

    `currency` is the plan's.
    """

    place: Attained
    pays: Decimal | None
    currency: str


@dataclass(frozen=True, slots=True)
class Team:
    """Where a manager's people stand together: nobody's name and nobody's pay.

    `people` have a quota, `reached` of them are at it or above; `credit` and `quota` are sums, in the
    currency of their plans.
    """

    people: int
    reached: int
    credit: Decimal
    quota: Decimal
    currency: str

    @property
    def attainment(self) -> Decimal:
        """The team's credit over its quota."""
        return self.credit / self.quota


def coming(payout: Payout, places: Iterable[Attained]) -> list[Next]:
    """What comes next in each component that has a next bound."""
    plans = {(plan.id, plan.version): plan for plan in payout.plans}
    return [_next(plans[p.plan_id, p.plan_version], p) for p in places if p.next_at is not None]


def _next(plan: Plan, place: Attained) -> Next:
    """With pay at the bound less pay now, of the same component; none where pay is no function of credit."""
    c = next(c for c in plan.components if c.id == place.component_id)
    _, inclusive = gate_of(c)
    open_gate = place.next_kind == "gate" and not inclusive  # at the level itself it still pays nothing
    if not climbs(c) or open_gate or _by_deal(c):
        return Next(place, None, plan.currency)
    assert place.next_at is not None
    quota, target = Fraction(place.quota or 0), None if place.target is None else Fraction(place.target)
    there, now = (
        component_pay(plan, c, Fraction(credit), quota, target) for credit in (place.next_at, place.credit)
    )
    return Next(place, rounded_pay(plan, there - now), plan.currency)


def _by_deal(c: Component) -> bool:
    """Whether single deals are paid by a factor of their own."""
    rows = c.multipliers.rows if c.multipliers is not None else ()
    return any(columns_of(row.where) - {"attainment_pct"} for row in rows)


def teams(payout: Payout, places: Mapping[str, Sequence[Attained]]) -> dict[tuple[str, str], Team]:
    """Each leader's team by plan and leader, over the plan's levels, as it is on the period's last day."""
    found, day = {}, payout.period.last
    currencies = {plan.id: plan.currency for plan in payout.plans}
    for plan in payout.plans:
        led: dict[str, set[str]] = defaultdict(set)
        for level in levels_of(plan):
            for row in leaders(payout.tables, level):
                if row["lead_from"] <= day < row["lead_to"]:
                    led[row["leader"]].add(row["person"])
        for leader, people in led.items():
            # a leader among them is left out: their credit is that of the others, seen again
            own = [standing(places.get(person, ())) for person in sorted(people)]
            with_quota = [place for place in own if place is not None and place.measure == "credit"]
            if len({currencies[place.plan_id] for place in with_quota}) == 1:
                found[plan.id, leader] = Team(
                    len(with_quota),
                    sum(place.credit >= place.quota for place in with_quota if place.quota),
                    sum((place.credit for place in with_quota), Decimal(0)),
                    sum((place.quota for place in with_quota if place.quota), Decimal(0)),
                    currencies[with_quota[0].plan_id],
                )
    return found


def standing(places: Iterable[Attained]) -> Attained | None:
    """A person's place against the quota of their own credit, else of their team's."""
    with_quota = [place for place in places if place.quota and place.measure in ("credit", "team_credit")]
    return min(with_quota, key=lambda place: place.measure != "credit", default=None)
