"""Notices of alerts: each to the channels that its rule names and that may see it, and none of them twice.

Slack, Teams and the like by Apprise, whose address stands in the environment; mail by the batch's own server.
What is urgent goes at once, the rest once a week. A notice is written down as about to be sent before it is;
what was cut off in between stays unclear until a person says whether it arrived.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from typing import TYPE_CHECKING, Any, cast

from salesops_nb.alerts.rules import MANAGER, OWNER, REP, Alerts, Channel
from salesops_nb.batch.delivery.smtp import Refused, Sender, Unclear
from salesops_nb.core.names import id_of
from salesops_nb.errors import SalesopsError, problem
from salesops_nb.notebook.alerts.looking import Look, manager_of, people_of
from salesops_nb.notebook.alerts.words import called, what
from salesops_nb.present.language.sentences import ngettext
from salesops_nb.present.language.translation import _
from salesops_nb.store import alerts as kept

if TYPE_CHECKING:
    import pandas as pd

    from salesops_nb.batch.jobs.reports import Mail

DIGESTED = "low"  # severity that waits for the week's digest


@dataclass
class Notices:
    """What was sent, what is unclear, and what could not go and why: lines to be read by a person."""

    sent: int = 0
    said: list[str] = field(default_factory=list)

    @property
    def whole(self) -> bool:
        """Whether all that should go has gone."""
        return not self.said


def send_notices(made: Look, mail: Mail | None, today: date, *, again: Iterable[str] = ()) -> Notices:
    """Send what has not been sent of open alerts, and a word, to whom was told, once one has closed.

    `again` names channels whose unclear notices did not arrive: they are sent anew.
    """
    store, rules = made.workbook.store, made.rules
    known = kept.table(store, kept.messages)
    for row in cast(Any, known.itertuples()):
        if row.channel in again and row.status != "sent":
            kept.settle_message(store, str(row.channel), str(row.what), None)
    outcome = Notices()
    rows = kept.table(store, kept.alerts)
    quiet = kept.silenced(store, today)
    people = people_of(made.workbook, made.as_of)
    digests: dict[str, list[str]] = {}
    for row in cast(Any, rows.itertuples()):
        if row.condition in quiet:
            continue
        is_open = isinstance(row.open_condition, str)
        for name in channels_of(made, rules, row, people):
            if is_open and row.severity == DIGESTED and not row.text:
                digests.setdefault(name, []).append(_sentence(made, row))
            elif is_open:
                _send(made, mail, outcome, name, f"opened {row.alert_id}", _sentence(made, row), row.rule)
            elif _was_told(known, name, int(row.alert_id)):
                _send(made, mail, outcome, name, f"closed {row.alert_id}", _closing(made, row), row.rule)
    year, week, _day = today.isocalendar()
    for name, lines in digests.items():
        head = ngettext("{n} alert of the week", "{n} alerts of the week", len(lines))
        _send(
            made,
            mail,
            outcome,
            name,
            f"digest {year}-W{week:02d}",
            "\n".join(f"- {line}" for line in lines),
            head,
        )
    return outcome


def channels_of(made: Look, rules: Alerts, row: Any, people: pd.DataFrame) -> list[str]:
    """The channels that are told of an alert: those its rule names, as far as they may see it.

    What cannot be computed is told to the workbook's owner and to nobody else.
    """
    if row.text:
        return [rules.owner]
    rule = next((each for each in rules.rules if each.name == row.rule), None)
    if rule is None:
        return []
    manager = _manager(row, people)
    found = []
    for each in rule.tell:
        if each in rules.channels:
            found.append(each)
        elif each == OWNER:
            found.append(rules.owner)
        else:
            person = {MANAGER: manager, REP: row.who if row.level == "rep" else None}.get(each)
            found += [name for name, channel in rules.channels.items()
                      if person is not None and _person(made, channel) == person]  # fmt: skip
    return [name for name in dict.fromkeys(found) if may_see(made, rules.channels[name], row, manager)]


def may_see(made: Look, channel: Channel, row: Any, manager: str | None) -> bool:
    """Whether a channel may be told of an alert: all of it, one's own, or one's team's."""
    if channel.sees == "company":
        return True
    person = _person(made, channel)
    return person is not None and (person == manager or (row.level == "rep" and person == row.who))


def _manager(row: Any, people: pd.DataFrame) -> str | None:
    if row.level == "team":
        return manager_of(people, str(row.who))
    if row.level == "rep":
        mine = people.loc[people["person_id"] == row.who, "manager_id"].dropna()
        return None if mine.empty else str(mine.iloc[0])
    return None


def _person(made: Look, channel: Channel) -> str | None:
    if channel.sees == "company":
        return None
    tables = made.workbook.tables
    return (id_of(tables, "people", channel.sees) or channel.sees) if "people" in tables else channel.sees


def _was_told(known: pd.DataFrame, channel: str, number: int) -> bool:
    mine = known[(known["channel"] == channel) & (known["what"] == f"opened {number}")]
    return bool((mine["status"] == "sent").any())


def _sentence(made: Look, row: Any) -> str:
    """An alert as it is told, with its number and what it comes from."""
    now = next((each for each in made.conditions if each.key == row.condition and each.state != "well"), None)
    said = what(made, now) if now is not None else f"{row.rule}: {called(made.workbook, row.level, row.who)}"
    cause = _(" It comes from {cause}.", cause=row.cause) if row.cause else ""
    return f"{row.alert_id}. {said}{cause}"


def _closing(made: Look, row: Any) -> str:
    word = {"well again": _("well again"), "resolved": _("resolved"), "computed again": _("computed again"),
            "no longer watched": _("no longer watched")}.get(row.closed_as, row.closed_as)  # fmt: skip
    return f"{row.alert_id}. {row.rule}, {called(made.workbook, row.level, row.who)}: {word}"


def _send(
    made: Look, mail: Mail | None, outcome: Notices, name: str, thing: str, text: str, head: str
) -> None:
    """Send one notice to one channel, if nobody has; what is to be said where it has not gone."""
    store, channel = made.workbook.store, made.rules.channels[name]
    before = kept.table(store, kept.messages)
    mine = before[(before["channel"] == name) & (before["what"] == thing)]
    if len(mine):
        if mine["status"].iloc[0] != "sent":
            outcome.said.append(_(
                "unclear whether {channel} got '{what}': if not, type salesops alerts send --again {channel}",
                channel=name, what=thing,
            ))  # fmt: skip
        return

    def begin() -> bool:
        return kept.claim_message(store, name, thing, datetime.now(UTC))

    title = f"{made.workbook.settings.company}: {head}"
    try:
        if channel.mail:
            gone = _mailed(made, mail, channel, title, text, begin)
        else:
            gone = _by_apprise(name, channel, title, text, begin)
    except Unclear as error:
        kept.settle_message(store, name, thing, "unclear")
        outcome.said.append(
            _("unclear whether {channel} got '{what}': {why}", channel=name, what=thing, why=error)
        )
        return
    except (Refused, SalesopsError) as error:
        kept.settle_message(store, name, thing, None)
        outcome.said.append(_("{channel} was not told '{what}': {why}", channel=name, what=thing, why=error))
        return
    if gone is None:  # another process had begun
        return
    kept.settle_message(store, name, thing, "sent" if gone else None)
    outcome.sent += gone
    if not gone:
        why = _("the service did not take it")
        outcome.said.append(_("{channel} was not told '{what}': {why}", channel=name, what=thing, why=why))


def _by_apprise(name: str, channel: Channel, title: str, text: str, begin: Callable[[], bool]) -> bool | None:
    """Whether the service took it; None where it was not ours to send.

    The result is falsy where a service refused or did not answer: nothing is raised for it.
    """
    import warnings

    address = os.environ.get(str(channel.env), "")
    with warnings.catch_warnings():  # of what its plug-ins import
        warnings.simplefilter("ignore")
        import apprise

        service = apprise.Apprise()
        known = bool(address) and service.add(address)
    if not known:
        raise SalesopsError(problem("no-channel-address", name=name, env=channel.env))
    if any(url.split(":")[0] in ("mailto", "mailtos") for url in (each.url() for each in cast(Any, service))):
        raise SalesopsError(problem("mail-by-apprise", name=channel.env))
    if not begin():
        return None
    return bool(service.notify(title=title, body=text))


def _mailed(
    made: Look, mail: Mail | None, channel: Channel, title: str, text: str, begin: Callable[[], bool]
) -> bool | None:
    """Whether the batch's own server took it; None where it was not ours to send."""
    if mail is None:
        raise SalesopsError(problem("no-mail-for-alerts", value=channel.mail))
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = mail.sender, channel.mail, " ".join(title.split())
    message["Date"] = formatdate(usegmt=True)
    message["Message-ID"] = make_msgid(domain=mail.sender.rpartition("@")[2].strip("> ") or "localhost")
    message.set_content(text + "\n")
    with Sender(mail, made.workbook.folder) as sender:
        return True if sender.send(message, begin) else None
