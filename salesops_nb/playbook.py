"""The playbook of a workbook: what to try where something is wrong, in ``playbook.yml``.

A play says which causes it is for, what to do, by what it is measured, and after how many days. The process
review offers plays for what it claims, alerts for the part that a change comes from.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from salesops_nb.core.yaml_file import read_yaml
from salesops_nb.errors import SalesopsError, problem
from salesops_nb.workbook import validated

FILE_NAME = "playbook.yml"
Text = Annotated[str, Field(min_length=1)]
Cause = Literal[
    "conversion", "time", "pushes", "losses", "stuck",  # of the process review
    "region", "team", "rep", "product", "segment", "stage", "source", "everywhere",  # of alerts
    "data", "claim",
]  # fmt: skip


class Play(BaseModel):
    """One thing to try.

    `causes` are what it is for; `stages` and `metrics`, where it names any, the only ones; `review_after` the
    days until it is measured again; `notebook` the one that goes deeper.

    Examples
    --------
    >>> from salesops_nb.playbook import Play
    >>> play = Play(name="deal desk", causes=["time"], do="Approve offers daily.", measure="days in Proposal")
    >>> play.review_after
    90
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Text
    causes: tuple[Cause, ...] = Field(min_length=1)
    stages: tuple[Text, ...] = ()
    metrics: tuple[Text, ...] = ()
    do: Text
    measure: Text
    review_after: int = Field(default=90, ge=1, le=730)
    notebook: str = ""


class Playbook(BaseModel):
    """The contents of ``playbook.yml``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    plays: tuple[Play, ...] = ()


def load_plays(folder: Path) -> tuple[Play, ...]:
    """The plays of a workbook's folder; none where it has no playbook.

    Raises `SalesopsError` for a file that is none, an unknown cause or two plays of one name.

    Examples
    --------
    >>> from pathlib import Path
    >>> from salesops_nb.playbook import load_plays, plays_for
    >>> plays = load_plays(Path("."))
    >>> [play.name for play in plays_for(plays, "time", "Proposal")]
    ['Offers within two days', 'Next step with a date']
    """
    path = folder / FILE_NAME
    if not path.exists():
        return ()
    plays = validated(Playbook, read_yaml(path), path).plays
    names = [play.name.casefold() for play in plays]
    for at, name in enumerate(names):
        if name in names[:at]:
            raise SalesopsError(problem("duplicate-play", file=FILE_NAME, value=plays[at].name))
    return plays


def plays_for(plays: Iterable[Play], cause: str, stage: str = "", metric: str = "") -> list[Play]:
    """The plays for a cause in a stage or of a metric, those that name it first."""
    mine = [
        play
        for play in plays
        if cause in play.causes
        and (not play.stages or stage in play.stages)
        and (not play.metrics or metric in play.metrics)
    ]
    return sorted(mine, key=lambda play: not (play.stages or play.metrics))
