"""The calculation: one pipeline from credit to payable lines, each line pointing to its source.

credit → measure → table → gate, multiplier, limits run in the engine, a row a credit; draw,
release, clawback, conversion and what belongs to a whole period (floors, carries, scorecards,
manual adjustments) are worked per person on the rows that reach them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import narwhals as nw

from salesops_nb.commission.balances.draw_spans import first_day
from salesops_nb.commission.balances.draws import topped_up
from salesops_nb.commission.balances.negative_pay import negative_pay
from salesops_nb.commission.checks.plan_clashes import refuse_clashes, refuse_repeated_ids
from salesops_nb.commission.crediting.cancelled_credit import cancelled_credit
from salesops_nb.commission.crediting.credits import credits, credits_until
from salesops_nb.commission.crediting.refund_pieces import shown
from salesops_nb.commission.crediting.team_credit import levels_of, summed, team_credit
from salesops_nb.commission.earning.component_pay import earned
from salesops_nb.commission.earning.one_pass import in_one_pass
from salesops_nb.commission.earning.person_terms import Terms, with_known_numbers
from salesops_nb.commission.earning.plan_at_work import Job
from salesops_nb.commission.earning.versions import of_all_versions, widened
from salesops_nb.commission.inputs.events import Facts, read_facts
from salesops_nb.commission.inputs.opening_balances import faults as opening_faults
from salesops_nb.commission.inputs.opening_balances import openings
from salesops_nb.commission.inputs.plan_assignments import Stay, members, read_stays
from salesops_nb.commission.inputs.quotas import Span, read_people
from salesops_nb.commission.inputs.tables import Tables, collected, number
from salesops_nb.commission.plans.component_terms import on_attainment, scope_of
from salesops_nb.commission.plans.plan import Plan
from salesops_nb.commission.plans.schema_component import Component
from salesops_nb.commission.plans.unusual_rates import unusual_rates
from salesops_nb.commission.result.payout import Payout
from salesops_nb.commission.settlement.adjustments import adjustments
from salesops_nb.commission.settlement.pay_currency import in_own_currency
from salesops_nb.commission.settlement.plan_acceptance import hold_unaccepted
from salesops_nb.commission.settlement.scorecard import scorecard
from salesops_nb.commission.settlement.settle import settle
from salesops_nb.commission.settlement.span_pay import Pay, Settled
from salesops_nb.commission.settlement.working import ComponentRows, Working
from salesops_nb.core.periods import FiscalCalendar, Period
from salesops_nb.errors import Problem, SalesopsError, problem
from salesops_nb.store.ledger.duties import ANYBODY, Duties

FEW = 200_000  # events up to which what is earned is worked out for all spans of a plan at once


def calculate(
    plans: Plan | Iterable[Plan],
    tables: Mapping[str, Any] | Tables,
    period: Period | str,
    *,
    calendar: FiscalCalendar | None = None,
    pay_date: date | None = None,
    exit_netting: Collection[str] = (),
    duties: Duties = ANYBODY,
) -> Payout:
    """What the plans pay in a period.

    Parameters
    ----------
    plans : one plan or several (versions of one plan must not share a day).
    tables : frames by name, of any kind narwhals reads; docs/plans.md lists the columns. As `Tables`
        they cache what is worked out of them for the next calculation.
    period : a `Period` or its key, such as ``2026-Q1`` (in `calendar`, by default the plain year).
    pay_date : the day whose rates convert pay; the last day of the period if not given.
    exit_netting : places in which what people owe may be taken from their last pay
        (``pay_policy.exit_netting`` of the workbook); nowhere else is it.
    duties : who may be the author and approver of a manual adjustment.

    Returns
    -------
    Payout
        with frames of lines, statements, what is withheld, and problems; money is `Decimal`, rounded once
        a line to the currency's minor unit.

    Raises
    ------
    SalesopsError
        where the work cannot start: a table or column is missing, plans clash, or a plan leaves open what
        its data need. Bad rows do not raise; they are set aside in `problems`.

    Examples
    --------
    A plan that pays 5 % of what is booked; a deal won is booked on the day it closed:

    >>> from datetime import date
    >>> from decimal import Decimal
    >>> import pandas as pd
    >>> from salesops_nb import commission
    >>> plan = commission.load_plan({
    ...     "plan": {"id": "ae", "version": 1, "from": "2026-01-01", "to": "2026-12-31",
    ...              "currency": "USD", "period": "month"},
    ...     "credit": {"event": "booked"},
    ...     "components": [{"id": "base", "rate_pct": 5}],
    ... })
    >>> deals = pd.DataFrame({
    ...     "deal_id": ["D1", "D2"], "owner_id": ["Ada", "Bo"], "outcome": "won",
    ...     "amount": [Decimal("1000.50"), Decimal("300.00")],
    ...     "closed_on": [date(2026, 1, 10), date(2026, 1, 20)],
    ... })
    >>> payout = commission.calculate(plan, {"deals": deals}, "2026-01")
    >>> payout.lines[["payee_id", "deal_id", "amount"]]
      payee_id deal_id   amount
    0      Ada      D1  50.0300
    1       Bo      D2  15.0000
    """
    chosen = [plans] if isinstance(plans, Plan) else list(plans)
    when = period if isinstance(period, Period) else (calendar or FiscalCalendar()).period(period)
    read = Tables.of(tables)
    problems: list[Problem] = []
    refuse_clashes(chosen, read)
    facts = read_facts(chosen, read, when.end, problems)
    stays = read_stays(chosen, read, problems)
    refuse_repeated_ids(facts)
    problems += opening_faults(read, tuple(chosen))

    def work(facts: Facts) -> Working:
        working = Working(when, tuple(chosen), read, facts, [*problems], exit_netting=frozenset(exit_netting))
        working.stays = stays
        _work(working, pay_date or when.last, duties)
        return working

    if in_one_pass(chosen, facts):
        return Payout(work(replace(facts, small=False)), lambda: work(facts))
    return Payout(work(facts))


def _work(working: Working, pay_date: date, duties: Duties) -> None:
    """All steps from credit to payable lines."""
    chosen, when, stays, problems = working.plans, working.period, working.stays, working.found
    jobs: dict[Plan, Job] = {}
    for plan in chosen:
        if plan.start < when.end and when.start < plan.end:
            problems += unusual_rates(plan)
        if _at_work(working, plan):
            jobs[plan] = _worked(working, plan, stays[plan])
        else:  # its credits are outside its dates, and are told
            working.full[plan] = shown(_credit(working, plan, plan.file.credit.event, when.end, [])[0])
    settled: dict[Plan, Settled] = {}
    frames: dict[Plan, range] = {}
    for plan, job in jobs.items():
        first = len(working.lazy)
        made = settle(working, job, [r for r in working.components if r.plan is plan])
        frames[plan] = range(first, len(working.lazy))
        settled |= {plan: made} if made is not None else {}
    advanced = topped_up(working, Pay(working, settled))
    for plan, lazy in frames.items():
        if plan in settled:
            rows = [*settled[plan].rows, *advanced.get(plan, ())]
            mine = settled[plan]
            working.made += in_own_currency(working, mine.job, mine.parts, rows, pay_date)
        problems += working.unconverted(plan)
        hold_unaccepted(working, plan, lazy)
    adjustments(working, duties)
    negative_pay(working)


def _at_work(payout: Working, plan: Plan) -> bool:
    """Whether the plan can pay or take back in the period: while it is in force, and what its sales leave
    due after it.
    """
    period, file = payout.period, plan.file
    if (plan.start < period.end and period.start < plan.end) or file.release or file.clawback:
        return True
    if openings(payout.tables, plan, "holdback"):
        return True
    if file.draw is not None and file.draw.recoverable and plan.start < period.end:
        return True  # what is owed of it
    if plan.start < period.end and first_day(payout) < plan.end:
        return True  # its pay counts for a draw or guarantee that goes on
    wide = widened(plan, payout.plans, payout.stays, period.calendar)
    if wide is not None and plan.start < period.end and period.start < wide[0].end:
        return True  # its total goes on in another version, which may change what its credits pay
    return plan.end <= period.start and any(day in period for day in payout.facts.refunds)


def _worked(payout: Working, plan: Plan, stays: dict[str, list[Stay]] | None) -> Job:
    """What each of the plan's components earns, as frames."""
    job = _job(payout, plan, stays)
    wide = widened(plan, payout.plans, payout.stays, payout.period.calendar)
    over = job if wide is None else _job(payout, *wide, aside=True)
    for c in plan.components:
        if c.measure == "mbo":
            scorecard(payout, job, c)
            continue
        spans = _spans(over.plan, payout, c)
        if not spans:
            continue
        if wide is None:
            whole = frame = _earned(payout, job, c, spans)
        else:
            whole = payout.tables.settled(earned(_for_component(over, c), c, spans))
            day = nw.col("counted_on")
            frame = whole.filter((day >= nw.lit(plan.start)) & (day < nw.lit(plan.end)))
        payout.components.append(ComponentRows(plan, c, spans, frame, over, whole))
    return job


def _earned(payout: Working, job: Job, c: Component, spans: list[Span]) -> nw.LazyFrame[Any]:
    """What the component earns on each credit; worked out for all of the plan's spans where it may be.

    It may where credits are few and no span's pay hangs on the day of reckoning, as it does on a gate,
    on opening credit and on the year so far.
    """
    facts, tables, plan, period = payout.facts, payout.tables, job.plan, payout.period
    if not facts.small:
        return earned(_for_component(job, c), c, spans)
    whole = _whole(payout, job, c)
    if not set(spans) <= set(whole):
        return tables.settled(earned(_for_component(job, c), c, spans))
    rule = plan.file.model_dump_json()
    key = "targets", "earned", c.id, rule, payout.credit_keys[plan], period.calendar

    def make() -> nw.LazyFrame[Any]:
        aside = replace(job.people, problems=[], _reported=set())
        assert facts.last is not None
        until = max(whole[-1].end, facts.last + timedelta(days=1))  # what is refunded after the end too
        every = _of_event(payout, plan, aside.stays, plan.file.credit.event, job.team is not None, [], until)
        return tables.settled(earned(replace(job, people=aside, credit=every[1], team=every[3]), c, whole))

    try:
        frame = tables.once(key, make, rows=2 * facts.count)
    except SalesopsError:  # another period's credit does not fit: it spoils that period alone
        return tables.settled(earned(_for_component(job, c), c, spans))
    first = whole.index(spans[0])
    frame = frame.filter(
        (nw.col("happened_on") < nw.lit(period.end))
        & (nw.col("span") >= first)
        & (nw.col("span") < first + len(spans))
    ).with_columns(span=(nw.col("span") - first).cast(nw.Int32))
    return with_known_numbers(Terms(job, c, spans), frame)


def _whole(payout: Working, job: Job, c: Component) -> list[Span]:
    """All spans of the plan up to the last event, where each is paid alike in every period; else none."""
    plan, facts, calendar = job.plan, payout.facts, payout.period.calendar
    if (
        facts.count > FEW
        or facts.last is None
        or payout.credit_keys[plan][-1] is not None
        or on_attainment(c)
        or (plan.file.quota is not None and plan.file.quota.relief_pct is not None)
        or job.opened
        or job.attained is not None
        or c.measure == "activities"
        or scope_of(c) == "ytd_less_paid"
    ):
        return []
    last = min(plan.end, facts.last + timedelta(days=1))
    if (last - plan.start).days > 40 * 366:
        return []
    found = _by_period(plan, calendar.between(plan.start, max(last, plan.start), plan.file.plan.period))
    return found if len(found) * len(job.payees()) <= FEW // 10 else []


def _by_period(plan: Plan, periods: Iterable[Period]) -> list[Span]:
    return [Span(p.key, max(p.start, plan.start), min(p.end, plan.end), (p,)) for p in periods]


def _for_component(job: Job, c: Component) -> Job:
    if c.measure != "activities":
        return job
    made = Job(**job.__dict__)
    made.credit = _activities(job, c)
    return made


def _job(payout: Working, plan: Plan, stays: dict[str, list[Stay]] | None, aside: bool = False) -> Job:
    """The plan at work; with `aside`, nothing of its credit stands in the result."""
    facts, period = payout.facts, payout.period
    began = min(p.start for p in payout.stays if p.id == plan.id)
    people = read_people(plan, payout.tables, stays, began)
    people.problems = payout.found
    event, leads = plan.file.credit.event, any(c.payee == "manager" for c in plan.components)
    found: list[Problem] = [] if aside else payout.found
    full, credit, sums, team = _of_event(payout, plan, stays, event, leads, found, period.end)
    if not aside:
        payout.full[plan] = shown(full)
    attained = team_attained = None
    if plan.file.quota is not None and plan.file.quota.attained_by != event:
        _, attained, _, team_attained = _of_event(
            payout, plan, stays, plan.file.quota.attained_by, leads, [], period.end
        )
    if plan.file.quota is not None and plan.file.quota.relief_pct is not None:
        version = next(p for p in payout.stays if (p.id, p.version) == (plan.id, plan.version))
        every = of_all_versions(version, payout.stays, payout.stays)
        _, sold, _, led = _of_event(payout, *every, event, leads, [], period.end)
        own = led if led is not None and all(c.payee == "manager" for c in plan.components) else sold
        people.cancelled = cancelled_credit(own, facts, period.end)
    if not facts.small and (len(plan.components) > 1 or plan.file.release or plan.file.clawback):
        credit = payout.tables.settled(credit)
        attained = payout.tables.settled(attained) if attained is not None else None
    if sums is not None and not aside:
        payout.team[plan] = shown(sums)
    return Job(
        plan,
        payout.tables,
        period,
        people,
        credit,
        team,
        attained,
        team_attained,
        opened=openings(payout.tables, plan, "credit"),
        has_overlay=facts.has_overlay,
        has_refunds=bool(facts.refunds) if facts.small else facts.has_refunds,
        everyone=facts.payees,
    )


Frame = nw.LazyFrame[Any]


def _of_event(
    payout: Working,
    plan: Plan,
    stays: dict[str, list[Stay]] | None,
    event: str,
    leads: bool,
    problems: list[Problem],
    until: date,
) -> tuple[Frame, Frame, Frame | None, Frame | None]:
    """Credit by an event, before a day: all of it, members' own, of their teams by event, and by person.

    Where the data are few, what belongs to the members is worked out once for all periods; all credit
    and the teams' by event are then those of all days.
    """
    tables = payout.tables

    def parts(full: Frame) -> tuple[Frame, Frame | None, Frame | None]:
        own = members(full, plan, stays, tables)
        if not leads:
            return own, None, None
        team = team_credit(full, plan, tables)
        return own, summed(team, plan, tables), members(team, plan, stays, tables)

    full, known = _credit(payout, plan, event, until, problems)
    if known is None:
        return full, *parts(full)
    theirs = None if stays is None else tuple((s.payee, s.start, s.end) for x in stays.values() for s in x)
    key = ("members", known, plan.id, plan.version, plan.start, plan.end, theirs, levels_of(plan), leads)
    kept = tables.once(key, lambda: [_settled(tables, each) for each in parts(full)], rows=payout.facts.count)
    own, sums, team = kept
    assert own is not None
    before = nw.col("happened_on") < nw.lit(until)
    return full, own.filter(before), sums, None if team is None else team.filter(before)


def _credit(
    payout: Working, plan: Plan, event: str, until: date, problems: list[Problem]
) -> tuple[Frame, tuple[Any, ...] | None]:
    """All credit by an event, whoever's; of all days, with its key, where the data are few."""
    if not payout.facts.small:
        return credits(plan, payout.facts, event, until, problems), None
    known = credits_until(plan, payout.facts, event, until)
    problems += known.problems
    if event == plan.file.credit.event:
        payout.credit_keys[plan] = known.key
    return known.frame, known.key


def _settled(tables: Tables, frame: Frame | None) -> Frame | None:
    return None if frame is None else tables.settled(frame)


def _spans(plan: Plan, payout: Working, c: Component) -> list[Span]:
    """The spans that this period needs: those it touches, and all before them where history counts."""
    period = payout.period
    history = bool(plan.file.release or plan.file.clawback or payout.facts.has_refunds)
    # a span of a draw or guarantee may have begun before the period
    first = plan.start if history else max(plan.start, min(period.start, first_day(payout)))
    last = min(plan.end, period.end)
    if first >= last:
        return []
    kind = plan.file.plan.period
    if scope_of(c) != "ytd_less_paid":
        return _by_period(plan, period.calendar.between(first, last, kind))
    found = []
    for year in period.calendar.between(first, last, "year"):
        parts = tuple(
            p for p in period.calendar.between(year.start, min(year.end, last), kind) if p.end > plan.start
        )
        found.append(Span(year.key, max(year.start, plan.start), min(year.end, plan.end), parts))
    return found


def _activities(job: Job, c: Component) -> nw.LazyFrame[Any]:
    """Activities of a kind as credits of one each."""
    frame = job.tables.need("activities", "activity_id", "person_id", "kind")
    names = frame.collect_schema().names()
    when = nw.col("happened_at" if "happened_at" in names else "happened_on").cast(nw.Date)
    deal = nw.col("deal_id").cast(nw.String) if "deal_id" in names else nw.lit(None).cast(nw.String)
    frame = frame.filter(nw.col("kind") == c.activity).with_columns(
        confirmed=_confirmed(job, names),
        event_id=nw.col("activity_id").cast(nw.String),
        deal_id=deal,
        payee_id=nw.col("person_id").cast(nw.String),
        part=nw.lit("revenue"),
        happened_on=when,
        counted_on=when,
        negative=nw.lit(False),
        counts=nw.lit(True),
        share=number(1),
        **{n: number(v) for n, v in (("credit", 0), ("gross", 0), ("margin", 0), ("units", 1), ("deals", 1))},
    )
    frame = frame.filter(~nw.col("happened_on").is_null() & (nw.col("happened_on") < nw.lit(job.period.end)))
    found = members(frame, job.plan, job.people.stays, job.tables)
    if c.confirmed == "required":  # what nobody confirmed counts as none, and says so
        counts = nw.when(nw.col("confirmed")).then(number(1)).otherwise(number(0))
        return found.with_columns(unconfirmed=~nw.col("confirmed"), deals=counts)
    if c.confirmed is None:
        _paid_unconfirmed(job, c, found)
    return found


def _confirmed(job: Job, names: list[str]) -> nw.Expr:
    """Whether somebody who may has confirmed an activity: the CRM's record, the counterpart or a manager,
    never its author.
    """
    if "confirmed_by" not in names:
        return nw.lit(False)
    by = nw.col("confirmed_by").cast(nw.String)
    others = (by != "") & (by != nw.col("person_id").cast(nw.String))
    if "manager_id" in job.tables.columns("people"):
        known = {str(row["manager_id"]) for row in job.tables.rows("people") if row["manager_id"]}
        facts = by.str.to_lowercase().str.strip_chars().is_in(["counterpart", "crm"])
        others = others & (facts | by.is_in(sorted(known)))
    return others.fill_null(False)


def _paid_unconfirmed(job: Job, c: Component, found: nw.LazyFrame[Any]) -> None:
    """Report activities of the period that nobody confirmed, where the plan does not say what then."""
    now = found.filter(~nw.col("confirmed") & (nw.col("happened_on") >= nw.lit(job.period.start)))
    count = collected(now.select(nw.len().alias("n")))[0]["n"]
    if count:
        job.people.problems.append(
            problem(
                "activities-not-confirmed",
                table="activities",
                column="confirmed_by",
                value=c.id,
                plan=job.plan.label,
                count=count,
            )
        )
