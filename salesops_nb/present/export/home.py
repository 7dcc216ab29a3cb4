"""What stands on the home page beside the list: figures with their course, teams on one scale."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from markupsafe import Markup

from salesops_nb.present.language import formats
from salesops_nb.present.language.translation import _

WIDE, HIGH, EDGE = 200, 64, 7  # of a team's line


def link(path: Any, folder: Path | None = None) -> str:
    """A path as a relative link that works from a file system: slashes, every odd letter quoted."""
    if not path:
        return ""
    text = os.fspath(path)
    if folder is not None and os.path.isabs(text):
        text = os.path.relpath(text, folder)
    return quote(text.replace(os.sep, "/"), safe="/")


def headlines_of(report: Mapping[str, Any]) -> dict[str, Any]:
    """A report's cards as the template takes them: figures, and their course where two periods have one."""
    return {
        "title": str(report["title"]),
        "href": link(report.get("href")),
        **{name: str(report.get(name) or "") for name in ("lead", "caveat")},
        "cards": [_card(card) for card in report["cards"]],
    }


def _card(card: Mapping[str, Any]) -> dict[str, Any]:
    points = [p for p in card.get("points", ()) if not formats.missing(p.get("value"))]
    made = {
        "label": str(card["label"]),
        "value": str(card["text"]),
        "line": "",
        "words": "",
        "against": card.get("against") or [],
    }
    if len(points) < 2:
        return made
    words = _course(points, card.get("unit"))
    line = sparkline([float(p["value"]) for p in points], f"{card['label']}: {words}")
    return {**made, "line": line, "words": words}


def _course(points: Sequence[Mapping[str, Any]], unit: str | None) -> str:
    write = formats.by_unit(unit or "number")
    first, last = points[0], points[-1]
    return _(
        "from {a} in {first} to {b} in {last}",
        a=write(first["value"]),
        first=first["name"],
        b=write(last["value"]),
        last=last["name"],
    )


def sparkline(values: Sequence[float], alt: str, width: int = 200, height: int = 48) -> Markup:
    """A line of a few values with a dot on the last one, as inline SVG that says what it shows."""
    low, high = min(values), max(values)
    span = (high - low) or 1.0
    step = (width - 12) / max(len(values) - 1, 1)
    at = [(6 + i * step, height - 6 - (v - low) / span * (height - 12)) for i, v in enumerate(values)]
    if len(values) == 1:
        at = [(width - 6.0, height / 2)]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in at)
    return Markup(
        '<svg viewBox="0 0 {} {}" preserveAspectRatio="xMinYMid" role="img" aria-label="{}">'
        '<polyline points="{}" fill="none" stroke="var(--series-1)" stroke-width="1.8"/>'
        '<circle cx="{:.1f}" cy="{:.1f}" r="3.2" fill="var(--series-1)"/></svg>'
    ).format(width, height, alt, path, *at[-1])


def multiples_of(teams: Mapping[str, Any]) -> dict[str, Any]:
    """The teams' lines, all on one scale, with the company's figure as a dashed line across each."""
    company = teams.get("company")
    values = [point["value"] for team in teams["teams"] for point in _known(team)]
    values += [] if company is None else [company]
    low, high = (min(values), max(values)) if values else (0.0, 0.0)
    at = {name: number for number, name in enumerate(teams["periods"])}
    shown = []
    for team in teams["teams"]:
        points = _known(team)
        words = _course(points, teams.get("unit")) if len(points) > 1 else str(team["text"])
        values = [(at[point["name"]], float(point["value"])) for point in points]
        line = _line(values, len(at) - 1, company, low, high, f"{team['name']}: {words}")
        shown.append({"name": team["name"], "href": link(team.get("href")), "text": team["text"],
                      "words": words if len(points) > 1 else "", "line": line})  # fmt: skip
    return {"label": teams["label"], "period": teams["period"], "company": teams.get("company_text", ""),
            "teams": shown}  # fmt: skip


def _known(given: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [point for point in given.get("points", ()) if not formats.missing(point.get("value"))]


def _line(
    values: Sequence[tuple[int, float]], last: int, company: float | None, low: float, high: float, alt: str
) -> Markup:
    """A team's values as a line, or as a dot where there is one; both scales are those of all teams."""

    def height(value: float) -> float:
        return HIGH - EDGE - (value - low) / ((high - low) or 1.0) * (HIGH - 2 * EDGE)

    step = (WIDE - 2 * EDGE) / last if last > 0 else 0.0
    begin = EDGE if last > 0 else WIDE / 2  # one period stands in the middle
    at = [(begin + each * step, height(value)) for each, value in values]
    dashed = (
        Markup('<line x1="0" x2="{}" y1="{:.1f}" y2="{:.1f}" stroke="var(--muted)" stroke-dasharray="4 3"/>')
        .format(WIDE, height(company), height(company)) if company is not None else Markup("")
    )  # fmt: skip
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in at)
    line = Markup(
        '<polyline points="{}" fill="none" stroke="var(--series-1)" stroke-width="1.8"/>'
    ).format(path) if len(at) > 1 else Markup("")  # fmt: skip
    dot = (
        Markup('<circle cx="{:.1f}" cy="{:.1f}" r="3.6" fill="var(--series-1)"/>').format(*at[-1])
        if at
        else ""
    )
    return Markup('<svg viewBox="0 0 {} {}" role="img" aria-label="{}">{}{}{}</svg>').format(
        WIDE, HIGH, alt, dashed, line, dot
    )
