"""The rules of a workbook's alerts, in ``alerts.yml``: what is watched, by which test, and who is told."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from salesops_nb.core.yaml_file import read_yaml
from salesops_nb.errors import Problem, SalesopsError, problem
from salesops_nb.metrics import LEVELS, Metric, load_metrics, metric_of
from salesops_nb.workbook import validated

FILE_NAME = "alerts.yml"
Test = Literal["limits", "run-of-eight", "pace", "threshold", "target", "stale", "claims"]
Severity = Literal["high", "medium", "low"]
Text = Annotated[str, Field(min_length=1)]
OF_DEALS = ("pace", "target")  # tests that ask the forecast: of bookings, of the company or a team
WITHOUT_METRIC = ("stale", "claims")  # tests of the data as a whole, and of the sales model
STATISTICAL = ("limits", "run-of-eight")
MANAGER, REP, OWNER = "manager", "rep", "owner"  # recipients known by their place
_VARIABLE = re.compile(r"[A-Z][A-Z0-9_]*")


def _listed(value: object) -> object:
    return (value,) if isinstance(value, str) else value


class Channel(BaseModel):
    """Where messages go: an Apprise address in an environment variable, or mail by the batch's own server.

    `sees` is what it may be told: ``company`` for all, else the person whose channel it is, who sees what is
    their own and, as a manager, what is their team's.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    env: str | None = None
    mail: str | None = None
    sees: Text = "company"


class Rule(BaseModel):
    """One rule.

    `side` says whether only what is worse is an alert, only what is better, or both; `threshold` and
    `days` belong to the tests of these names; `who` narrows the level to some.

    Examples
    --------
    >>> from salesops_nb.alerts.rules import Rule
    >>> rule = Rule(name="Win rate", metric="win_rate", level="team", test="limits", tell="manager")
    >>> rule.severity, rule.tell
    ('medium', ('manager',))
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Text
    metric: str = ""
    level: str = "company"
    test: Test
    side: Literal["worse", "better", "both"] = "worse"
    severity: Severity = "medium"
    tell: Annotated[tuple[Text, ...], BeforeValidator(_listed)] = ()
    who: Annotated[tuple[Text, ...], BeforeValidator(_listed)] = ()
    threshold: float | None = None
    period: Literal["month", "quarter", "year"] = "quarter"
    days: int | None = Field(default=None, ge=0)


class Alerts(BaseModel):
    """The contents of ``alerts.yml``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    owner: str = ""
    channels: Mapping[str, Channel] = Field(default_factory=dict)
    rules: tuple[Rule, ...] = ()


def load_rules(folder: Path) -> Alerts:
    """The rules of a workbook's folder; none where it has no ``alerts.yml``.

    Raises `SalesopsError` with every mistake: an unknown metric or level, a rule without recipient or with
    one that is none, two rules of one name, a test without its number, an address in the file itself.

    Examples
    --------
    >>> from pathlib import Path
    >>> from salesops_nb.alerts.rules import load_rules
    >>> [rule.test for rule in load_rules(Path(".")).rules][:2]
    ['limits', 'limits']
    """
    path = folder / FILE_NAME
    if not path.exists():
        return Alerts()
    found = validated(Alerts, read_yaml(path), path)
    metrics = load_metrics(folder)
    wrong = [*_of_channels(found), *(each for rule in found.rules for each in _of_rule(rule, found, metrics))]
    names = [rule.name.casefold() for rule in found.rules]
    wrong += [
        problem("duplicate-rule", file=FILE_NAME, value=rule.name)
        for at, rule in enumerate(found.rules)
        if names[at] in names[:at]
    ]
    if wrong:
        raise SalesopsError(wrong)
    return found


def _of_channels(found: Alerts) -> Iterable[Problem]:
    for name, channel in found.channels.items():
        place = f"channels.{name}"
        if (channel.env is None) == (channel.mail is None):
            yield problem("bad-channel", file=FILE_NAME, column=place, name=name)
        elif channel.env is not None and not _VARIABLE.fullmatch(channel.env):
            yield problem("secret-in-file", file=FILE_NAME, column=f"{place}.env", name=name)
    if found.rules and found.owner not in found.channels:
        yield problem("no-alerts-owner", file=FILE_NAME, column="owner", value=found.owner,
                      known=", ".join(found.channels))  # fmt: skip


def _of_rule(rule: Rule, found: Alerts, metrics: Mapping[str, Metric]) -> Iterable[Problem]:
    place: dict[str, Any] = {"file": FILE_NAME, "name": rule.name}
    if rule.level not in LEVELS:
        yield problem(
            "unknown-alert-level", column="level", value=rule.level, levels=", ".join(LEVELS), **place
        )
    if rule.test not in WITHOUT_METRIC:
        try:
            metric = metric_of(metrics, rule.metric, FILE_NAME)
        except SalesopsError as error:
            yield from error.problems
        else:
            if rule.level in LEVELS and rule.level not in metric.level:
                yield problem("metric-not-of-level", column="level", value=rule.level, metric=metric.name,
                              levels=", ".join(metric.level), **place)  # fmt: skip
            if rule.test in OF_DEALS and (metric.name != "bookings" or rule.level not in ("company", "team")):
                yield problem("no-forecast-of", column="test", value=rule.test, **place)
    if not rule.tell:
        yield problem("no-recipient", column="tell", **place)
    for each in rule.tell:
        if each not in (*found.channels, MANAGER, REP, OWNER):
            yield problem("unknown-recipient", column="tell", value=each,
                          known=", ".join([*found.channels, MANAGER, REP, OWNER]), **place)  # fmt: skip
    for test, column in (("threshold", "threshold"), ("stale", "days")):
        if rule.test == test and getattr(rule, column) is None:
            yield problem("missing-rule-key", column=column, test=test, **place)
