"""After the rates: release, clawback, limits of a period and opening balances, person by person."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import narwhals as nw

from salesops_nb.commission.earning.lines import selected
from salesops_nb.commission.earning.plan_at_work import Job
from salesops_nb.commission.inputs.tables import collected
from salesops_nb.commission.settlement.opening_lines import opening_lines
from salesops_nb.commission.settlement.period_limits import period_limits, year_to_date
from salesops_nb.commission.settlement.release import released
from salesops_nb.commission.settlement.span_pay import Settled
from salesops_nb.commission.settlement.working import ComponentRows, Working


def settle(payout: Working, job: Job, parts: list[ComponentRows]) -> Settled | None:
    """The plan's lines of the period: lazily where each credit's line is final, else worked by person.

    Those worked by person are handed back, for draws, guarantees and conversion to go on from.
    """
    plan, file = job.plan, job.plan.file
    own = [row for row in payout.made if row["plan_id"] == plan.id and row["plan_version"] == plan.version]
    by_person = bool(
        file.release
        or file.clawback
        or any(p.file.draw or p.file.guarantee for p in payout.plans)
        or (file.fx and file.fx.pay)
        or _ytd(parts)
    )
    extra = [row for part in parts for row in period_limits(payout, job, part)]
    if not by_person:
        extra += opening_lines(payout, plan)
        for part in parts:
            payout.lazy.append(all_lines(payout, part, paying=True))
        payout.made += extra
        return None
    rows = [*own, *extra]
    payout.made = [row for row in payout.made if row not in own]
    for part in parts:
        if file.release or file.clawback:
            rows += released(payout, job, part)
        else:
            made = collected(all_lines(payout, part))
            payout.zeros += [r for r in made if not r["amount"]]
            rows += [r for r in made if r["amount"]]
        rows += year_to_date(payout, job, part)
    return Settled(job, parts, rows + opening_lines(payout, plan))


def all_lines(payout: Working, part: ComponentRows, paying: bool = False) -> nw.LazyFrame[Any]:
    """The component's rows of the period as lines: those of zero too, or only those `paying` something."""
    period = payout.period
    late = part.spans[0].start < period.start and part.conditional
    if part.c.scope == "ytd_less_paid":
        late = False
    return selected(
        part.plan,
        part.c,
        part.frame,
        period.start,
        period.key,
        payout.facts.has_refunds,
        payout.facts.has_overlay,
        late,
        paying,
    )


def _ytd(parts: Iterable[ComponentRows]) -> bool:
    return any(part.c.scope == "ytd_less_paid" for part in parts)
