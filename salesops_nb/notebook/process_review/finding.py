"""What the process review finds first: the bottleneck in money, or that there is too little data for one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from salesops_nb import present
from salesops_nb.core.frames import Tables
from salesops_nb.notebook.against import points, relative
from salesops_nb.notebook.process_review.lead import SLOWER, but, lead, not_compared, pooled, rounded, without
from salesops_nb.notebook.process_review.parameters import ProcessReview as Asked
from salesops_nb.playbook import Play
from salesops_nb.present.language import formats
from salesops_nb.present.language.sentences import ngettext, translate
from salesops_nb.present.language.translation import _

if TYPE_CHECKING:
    from salesops_nb.present.panel.panel import Panel
    from salesops_nb.process import ProcessReview
    from salesops_nb.source.opened import Workbook

CLAIMS = 8  # listed; the others are counted


def tables_with_snapshots(workbook: Workbook) -> Tables:
    """The workbook's tables; where they have no log of changes, with the snapshots that the store keeps."""
    if "deal_changes" in workbook.tables or "deal_snapshots" in workbook.tables:
        return workbook.tables
    from salesops_nb.store.snapshots import open_on, snapshots_kept

    days = [kept.as_of for kept in snapshots_kept(workbook.store)]
    rows = [
        {"deal_id": name, "as_of": day, "expected_close_on": deal.expected_close_on}
        for day in days
        for name, deal in open_on(workbook.store, day).items()
    ]
    if len(days) < 2 or not rows:
        return workbook.tables
    frame = pd.DataFrame(rows).astype({"deal_id": object})
    return workbook.tables.beside(deal_snapshots=workbook.register("deal_snapshots_kept", frame))


def found(workbook: Workbook, asked: Asked) -> ProcessReview:
    """The review of what is asked."""
    from salesops_nb import process
    from salesops_nb.errors import SalesopsError, problem

    if asked.level == "company" and asked.who:
        raise SalesopsError(problem("bad-who.of-company", column="who", value=asked.who))
    return process.review(
        tables_with_snapshots(workbook),
        workbook.period(asked.period, asked.as_of),
        asked.as_of,
        asked.who if asked.level == "team" else None,
        asked.segment,
        workbook.stages,
        workbook.settings.working_days.calendar if asked.days == "working" else None,
    )


def cover(panel: Panel, asked: Any, review: ProcessReview, plays: Sequence[Play] = ()) -> None:
    """The cover: whose process, of when, what is found first, and what of it is simulated."""
    parts = [_("Team {name}", name=review.team)] if review.team else []
    parts += [review.segment] if review.segment else []
    panel.cover(
        asked,
        title=_("Process review"),
        subtitle=", ".join(parts),
        period=review.period,
        as_of=review.history.as_of,
        lead=lead(review, plays),
        caveat=but(review),
        without=("analyst",),
        used=("deals", "people", "stage_history", "deal_changes", "deals.loss_reason", "deals.source"),
    )


def headlines(review: ProcessReview, simulated: frozenset[str] = frozenset()) -> None:
    """The bottleneck, what is stuck, what is pushed, and the reason named most often."""
    mark = ["simulated"] if "stage_history" in simulated else []
    cards = [
        _bottleneck(review, [*mark, "estimated"]),
        _stuck(review, mark),
        _pushed(review, simulated),
    ]
    lost = review.lost
    if len(lost):
        given = lost["reason"].dropna()
        top = given.value_counts()
        blank = formats.percent(1 - len(given) / len(lost), 0)
        cards.append(
            {
                "label": _("Reason named most often"),
                "value": str(top.index[0]) if len(top) else "–",
                "sentence": ngettext(
                    "{count} of {n} lost deal names it; {blank} name none.",
                    "{count} of {n} lost deals name it; {blank} name none.",
                    len(lost),
                    count=formats.number(int(top.iloc[0]) if len(top) else 0),
                    blank=blank,
                ),
                "mark": ["simulated"] if "deals.loss_reason" in simulated else [],
            }
        )
    if review.within.state != "teams":  # what still serves comes first
        cards = [cards[1], cards[2], cards[0], *cards[3:]]
    present.headlines(cards)


def _bottleneck(review: ProcessReview, mark: list[str]) -> dict[str, Any]:
    label = _("Held up most")
    why = without(review)
    if why:
        return {"label": label, "value": "–", "sentence": why}
    claims = review.claims
    if claims.empty:
        return {"label": label, "value": _("none"),
                "sentence": _("No stage of any team is behind its peers by more than chance.")}  # fmt: skip
    top = claims.iloc[0]
    return {
        "label": label,
        "value": str(top["stage"]),
        "against": points(_("gone on against its peers"), top["own"], top["peers"], good=False)
        if top["kind"] == "conversion"
        else relative(_("days against its peers"), top["own"], top["peers"], good=False),
        "sentence": " ".join([
            _("{team}: {lift}.", team=top["team"], lift=paid(top["kind"], top["money"])),
            ngettext("{n} place is behind its peers.", "{n} places are behind their peers.", len(claims)),
        ]),
        "mark": mark,
    }  # fmt: skip


def _stuck(review: ProcessReview, mark: list[str]) -> dict[str, Any]:
    stuck = review.stuck
    return {
        "label": _("Stuck now"),
        "value": len(stuck),
        "unit": "integer",
        "mark": mark,
        "sentence": ngettext(
            "An open deal that is in its stage for longer than nine in ten were; worth {value}.",
            "Open deals that are in their stages for longer than nine in ten were; worth {value}.",
            len(stuck),
            value=formats.short_money(sum(stuck["value"], 0)),
        ),
    }


def _pushed(review: ProcessReview, simulated: frozenset[str]) -> dict[str, Any]:
    pushes, label = review.pushes, _("Pushed")
    if not pushes.source:
        said = _("No log of changes and no snapshots say whether close dates were pushed.")
        return {"label": label, "value": "–", "sentence": said}
    times, outcome = pushes.times[review.lately], review.history.deals["outcome"][review.lately].astype(str)
    if not len(times):
        return {"label": label, "value": "–", "sentence": _("No deal closed in the window.")}
    won = {moved: (outcome[(times > 0) == moved] == "won").mean() for moved in (True, False)}
    rate = {moved: "–" if share != share else formats.percent(share, 0) for moved, share in won.items()}
    return {
        "label": label,
        "value": float((times > 0).mean()),
        "unit": "percent",
        "against": points(_("won against the others"), won[True], won[False]),
        "mark": ["simulated"] if pushes.source in simulated else [],
        "sentence": _(
            "Of the closed deals. {pushed} of those pushed were won, {others} of the others.",
            pushed=rate[True],
            others=rate[False],
        ),
    }


def window(review: ProcessReview) -> None:
    """What days are looked at, and what of the log is no move."""
    together = pooled(review)
    if together:
        present.note(together)
    bulk = review.history.aside.get("bulk", 0)
    if bulk:
        present.note(
            ngettext(
                "{n} move was made in a bulk update: when the deal truly moved is not known, and no stay "
                "that it begins or ends counts.",
                "{n} moves were made in bulk updates: when these deals truly moved is not known, and no stay "
                "that one begins or ends counts.",
                bulk,
            )
        )
    for note in review.history.notes:
        if note.code == "no-stage-history":
            present.note(translate(note.text), kind="warning")


def bottlenecks(review: ProcessReview) -> None:
    """What is claimed, each with n, interval and what caps it; then what the whole cycle says."""
    if not review.history.stages:
        return
    why = not_compared(review)
    if why:
        present.note(why, kind="warning")
        return
    table, claims = review.bottlenecks, review.claims
    if claims.empty:
        present.note(
            ngettext(
                "{n} place was compared; none is behind its peers by more than chance.",
                "{n} places were compared; none is behind its peers by more than chance.",
                len(table),
            )
        )
        return
    frame = claims.head(CLAIMS)
    shown = pd.DataFrame({
        "stage": frame["stage"], "team": frame["team"],
        "own": [_rate(k, v) for k, v in zip(frame["kind"], frame["own"], strict=True)],
        "peers": [_rate(k, v) for k, v in zip(frame["kind"], frame["peers"], strict=True)],
        "lift": [paid(k, v) for k, v in zip(frame["kind"], frame["money"], strict=True)],
        "interval": [f"{rounded(a)} – {rounded(b)}" for a, b in
                     zip(frame["low"], frame["high"], strict=True)],
        "n": frame["n"],
    })  # fmt: skip
    notes = [
        _("Compared with peers in the same mix of deals. About one in twenty of what is listed is false."),
    ]
    if len(claims) > CLAIMS:
        notes.append(ngettext("{n} smaller claim is left out.", "{n} smaller claims are left out.",
                              len(claims) - CLAIMS))  # fmt: skip
    capped = frame[frame["capped_by"] != ""]
    for row in capped.itertuples():
        if row.capped_by == "waiting":
            said = _(
                "{stage}, {team}: no more than what waits there is worth.", stage=row.stage, team=row.team
            )
        else:
            said = _("{stage}, {team}: no more than {cap} has ever carried.", stage=row.stage, team=row.team,
                     cap=row.capped_by)  # fmt: skip
        notes.append(said)
    present.show_table(
        shown, title=_("Where bookings are held up"), table="bottlenecks", notes=notes, row_head=None
    )
    _cycle(claims)


def _rate(kind: str, value: float) -> str:
    return formats.percent(value, 0) if kind == "conversion" else _("{n} days", n=formats.number(value, 1))


def paid(kind: str, value: float) -> str:
    """What follows if a team did as its peers: each quarter, or once."""
    if kind == "conversion":
        return _("{money} a quarter", money=rounded(value))
    return _("{money} once", money=rounded(value))


def _cycle(claims: pd.DataFrame) -> None:
    """Whether the teams that are slow in a stage are slow all in all."""
    slow = claims[claims["kind"] == "time"].drop_duplicates("team")
    even = slow[~(slow["own_cycle"] > SLOWER * slow["peers_cycle"])]
    if even.empty:
        return
    days = formats.number
    teams = [
        _("{team} {own} days, peers {peers}", team=name, own=days(own, 0), peers=days(peers, 0))
        for name, own, peers in zip(even["team"], even["own_cycle"], even["peers_cycle"], strict=True)
    ]
    present.note(
        _(
            "All in all these teams are no more than a tenth slower than their peers, so what they lose in "
            "one stage they make up for in others: {teams}. Ask why before the stage is changed.",
            teams="; ".join(teams),
        )
    )


def left_out(review: ProcessReview) -> None:
    """What of the log is no move, and what was found out about it."""
    for note in review.history.notes:
        if note.code != "no-stage-history":
            present.note(translate(note.text))
    unread = review.pushes.unread
    if unread:
        present.note(
            ngettext(
                "{n} change of a close date is no day and counts as no push.",
                "{n} changes of close dates are no days and count as no pushes.",
                unread,
            )
        )
