"""What the process review says first: where bookings are held up, what that is worth, and what to try."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from salesops_nb.playbook import Play, plays_for
from salesops_nb.present.language import formats
from salesops_nb.present.language.sentences import ngettext
from salesops_nb.present.language.translation import _
from salesops_nb.process.window import ENOUGH

if TYPE_CHECKING:
    from salesops_nb.process import ProcessReview

FIGURES = 2  # that are certain of an estimated lift
LONGEST = 45  # words of a lead
SLOWER = 1.1  # how much longer a whole cycle takes than the peers' before a team is called slow


def rounded(value: float) -> str:
    """An estimated amount, of no more digits than are certain."""
    if not np.isfinite(value) or value == 0:
        return formats.money(0)
    places = FIGURES - 1 - int(np.floor(np.log10(abs(value))))
    return formats.money(round(float(value), places))


def lead(review: ProcessReview, plays: Sequence[Play]) -> str:
    """The bottleneck in money and the play for it; else why none is named, and where to begin instead."""
    return said(review.claims, without(review), plays, len(review.stuck))


def said(claims: pd.DataFrame, why: str, plays: Sequence[Play] = (), stuck: int = 0) -> str:
    """The lead's sentences; `why` is why no bottleneck is looked for.

    Examples
    --------
    >>> import pandas as pd
    >>> from salesops_nb.notebook.process_review.lead import said
    >>> claim = {"kind": "time", "stage": "Proposal", "team": "North", "own": 23.0, "peers": 16.0}
    >>> print(said(pd.DataFrame([{**claim, "money": 27_000.0, "low": 15_000.0, "high": 39_000.0}]), ""))
    Proposal holds up team North: deals stay 23 days against its peers' 16 (medians). Moving as fast, it
    would book $27,000 sooner, once ($15,000 to $39,000).
    >>> print(said(pd.DataFrame(), "", stuck=12))
    No stage of any team is behind its peers by more than chance. Begin with the 12 deals that are stuck.
    """
    begin = ngettext("Begin with the deal that is stuck.", "Begin with the {n} deals that are stuck.", stuck)
    if why:
        return f"{why} {begin}" if stuck else why
    if claims.empty:
        none = _("No stage of any team is behind its peers by more than chance.")
        return f"{none} {begin}" if stuck else none
    top = claims.iloc[0]
    found = sentence(top)
    for play in plays_for(plays, str(top["kind"]), str(top["stage"]))[:1]:
        whole = f"{found} " + _("Try first: {play}.", play=play.name)
        if len(whole.split()) <= LONGEST:
            return whole
    return found


def sentence(row: Any) -> str:
    """One claimed bottleneck in words."""
    told = {"stage": row["stage"], "team": row["team"], "money": rounded(row["money"]),
            "low": rounded(row["low"]), "high": rounded(row["high"])}  # fmt: skip
    if row["kind"] == "conversion":
        return _(
            "{stage} holds up team {team}: {own} of its deals go on against {peers} of its peers'. "
            "Converting as they do, it would book {money} more a quarter ({low} to {high}).",
            own=formats.percent(row["own"], 0), peers=formats.percent(row["peers"], 0), **told,
        )  # fmt: skip
    return _(
        "{stage} holds up team {team}: deals stay {own} days against its peers' {peers} (medians). Moving "
        "as fast, it would book {money} sooner, once ({low} to {high}).",
        own=formats.number(row["own"], 0), peers=formats.number(row["peers"], 0), **told,
    )  # fmt: skip


def but(review: ProcessReview) -> str:
    """What weakens the first claim most: the whole way is no slower, or quarters are taken together."""
    if without(review) or review.claims.empty:
        return ""
    return weakened(review.claims.iloc[0], pooled(review))


def weakened(top: Any, together: str = "") -> str:
    """As `but`, of the first claim and the sentence on quarters taken together."""
    own, peers = top["own_cycle"], top["peers_cycle"]
    if top["kind"] == "time" and own <= SLOWER * peers:
        return _(
            "From first stage to close {team} takes {own} days, its peers {peers}: elsewhere it makes up "
            "for most of what it loses there. Ask why before you change the stage.",
            team=top["team"], own=formats.number(own, 0), peers=formats.number(peers, 0),
        )  # fmt: skip
    return together


def pooled(review: ProcessReview) -> str:
    """That quarters are taken together since one has too few deals; empty where it has enough."""
    within = review.within
    if not within.pooled:
        return ""
    return _(
        "{period} has fewer than {least} deals a team, so {first} to {last} are taken together.",
        period=review.period.key, least=formats.number(ENOUGH),
        first=within.periods[0].key, last=within.periods[-1].key,
    )  # fmt: skip


def without(review: ProcessReview) -> str:
    """Why no bottleneck is named: no history of stages, or too little data; empty where one is looked for."""
    if not review.history.stages:
        return _("Without a history of stages nothing can be said of a bottleneck.")
    return not_compared(review)


def not_compared(review: ProcessReview) -> str:
    """Why teams are not compared; empty where they are."""
    deals = review.within.deals
    if review.within.state != "teams":
        return ngettext(
            "Too little data to compare teams: the largest has {n} deal in the window, "
            "and it takes two of {least} each.",
            "Too little data to compare teams: the largest has {n} deals in the window, "
            "and it takes two of {least} each.",
            int(deals.max()) if len(deals) else 0,
            least=formats.number(ENOUGH),
        )
    if not review.bottlenecks.empty:
        return ""
    if review.team is not None and int(deals.get(review.team, 0)) < ENOUGH:
        return ngettext(
            "Too little data to compare {team} with its peers: it has {n} deal in the window, and it takes "
            "{least}.",
            "Too little data to compare {team} with its peers: it has {n} deals in the window, and it takes "
            "{least}.",
            int(deals.get(review.team, 0)),
            team=review.team,
            least=formats.number(ENOUGH),
        )
    return _(
        "The teams have too few sellers to be compared: what one person does is not told from what the "
        "team does."
    )
