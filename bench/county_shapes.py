"""Make salesops_nb/present/charts/county_shapes.json.gz from us-atlas's counties-10m.json.

    python bench/county_shapes.py counties-10m.json [--out FILE]

The licence is read from the file LICENSE beside it. Names of counties and states are kept. Borders are simplified arc by arc (Douglas-Peucker,
0.04° from the line through a piece's ends), so that neighbours still fit together. A point beyond those ends
may lie farther from the piece itself; where one lies farther than twice that, the command ends with exit
code 1 and writes nothing. `--size smallest` makes two invented counties instead, and writes nowhere.

The last line is one JSON object: counties, points and bytes (simplified ÷ as they came), farthest (the
farthest point ÷ those 0.04°).
"""

from __future__ import annotations

import gzip
import json
import tempfile
from pathlib import Path
from typing import Any

import measure
import numpy as np

TOLERANCE, SCALE = 0.04, 100
CREDIT = "US Census Bureau, public domain; npm package us-atlas 3.0.1 (c) 2013-2019 Michael Bostock, ISC"
OUT = Path(__file__).resolve().parents[1] / "salesops_nb" / "present" / "charts" / "county_shapes.json.gz"


def thinned(points: Any) -> Any:
    """Douglas-Peucker with the two ends kept."""
    keep = np.zeros(len(points), dtype=bool)
    keep[[0, -1]] = True
    stack = [(0, len(points) - 1)]
    while stack:
        a, b = stack.pop()
        if b <= a + 1:
            continue
        off = distances(points[a + 1 : b], points[a], points[b])
        at = int(off.argmax())
        if off[at] > TOLERANCE:
            keep[a + 1 + at] = True
            stack += [(a, a + 1 + at), (a + 1 + at, b)]
    return points[keep]


def distances(points: Any, start: Any, end: Any) -> Any:
    """How far each point is from the line through two others, or from both where they are one."""
    line, inner = end - start, points - start
    length = np.hypot(*line)
    if length > 0:
        return np.abs(line[0] * inner[:, 1] - line[1] * inner[:, 0]) / length
    return np.hypot(*inner.T)


def farthest(points: Any, kept: Any) -> float:
    """The farthest that a point lies from the pieces of the simplified border, whichever is nearest."""
    if len(kept) < 2:
        return 0.0
    start, step = kept[:-1], np.diff(kept, axis=0)
    along = ((points[:, None] - start) * step).sum(axis=2) / np.maximum((step**2).sum(axis=1), 1e-18)
    nearest = start + np.clip(along, 0, 1)[..., None] * step
    return float(np.hypot(*np.moveaxis(points[:, None] - nearest, 2, 0)).min(axis=1).max())


def invented(folder: Path) -> Path:
    """Two counties that share a ragged border, as us-atlas writes them."""
    rng = np.random.default_rng(1)
    up = np.linspace(40, 41, 101)
    border = np.column_stack([-90 + rng.uniform(-0.03, 0.03, 101), up])
    left = np.array([border[-1], [-91, 41], [-91, 40], border[0]])
    right = np.array([border[-1], [-89, 41], [-89, 40], border[0]])
    steps = [np.rint(arc * 1000).astype(int) for arc in (border, left, right)]
    arcs = [np.diff(arc, axis=0, prepend=np.zeros((1, 2), dtype=int)).tolist() for arc in steps]
    shapes = [
        {"id": f"0000{n}", "type": "Polygon", "arcs": [[0, n]], "properties": {"name": f"County {n}"}}
        for n in (1, 2)
    ]
    states = [{"id": "00", "properties": {"name": "State"}}]
    found = {"transform": {"scale": [0.001, 0.001], "translate": [0, 0]}, "arcs": arcs,
             "objects": {"counties": {"geometries": shapes}, "states": {"geometries": states}}}  # fmt: skip
    (folder / "LICENSE").write_text("Invented.")
    (folder / "counties.json").write_text(json.dumps(found))
    return folder / "counties.json"


def make(source: Path, out: Path) -> None:
    """Write the file, and say how much of the borders it has."""
    try:
        raw = source.read_text()
        found = json.loads(raw)
        scale, shift = np.array(found["transform"]["scale"]), np.array(found["transform"]["translate"])
        borders = [np.cumsum(arc, axis=0) * scale + shift for arc in found["arcs"]]
        shapes = found["objects"]["counties"]["geometries"]
        names = {
            kind: dict(
                sorted(
                    (each["id"], each["properties"]["name"]) for each in found["objects"][kind]["geometries"]
                )
            )
            for kind in ("counties", "states")
        }
        licence = source.with_name("LICENSE").read_text()
    except OSError as error:
        raise measure.Failed(f"{error.filename} cannot be read: {error.strerror}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise measure.Failed(f"{source} is not us-atlas's counties-10m.json: {error!r}") from error
    kept = [thinned(border) for border in borders]
    whole = [np.rint(border * SCALE).astype(int) for border in kept]
    arcs = [np.diff(each, axis=0, prepend=np.zeros((1, 2), dtype=int)).ravel().tolist() for each in whole]
    counties = {}
    for shape in shapes:
        parts = [shape["arcs"]] if shape["type"] == "Polygon" else shape.get("arcs", [])
        counties[shape["id"]] = [part[0] for part in parts]
    text = json.dumps(
        {
            "credit": CREDIT,
            "licence": licence,
            "scale": SCALE,
            "arcs": arcs,
            "counties": counties,
            "names": names["counties"],
            "states": names["states"],
        },
        separators=(",", ":"),
        ensure_ascii=False,
    )
    packed = gzip.compress(text.encode(), 9, mtime=0)
    far = max(farthest(*pair) for pair in zip(borders, kept, strict=True))
    points = sum(map(len, kept)) / sum(map(len, borders))
    smaller = len(packed) / len(gzip.compress(raw.encode(), 9))
    print(f"{'counties':>9} {'points':>9} {'bytes':>9} {'farthest':>9}   simplified ÷ as they came")
    print(f"{len(counties):>9,} {points:>9.3f} {smaller:>9.3f} {far / TOLERANCE:>9.3f}")
    wrong = (
        [f"a point lies {far:.4f}° from its border: {2 * TOLERANCE}° are allowed"]
        if far > 2 * TOLERANCE
        else []
    )
    if not wrong:
        out.write_bytes(packed)
    measure.finish(
        {
            "counties": len(counties),
            "points": round(points, 4),
            "bytes": round(smaller, 4),
            "farthest": round(far / TOLERANCE, 4),
        },
        wrong,
    )


def main() -> None:
    words = measure.parser(__doc__)
    words.add_argument("source", type=Path, nargs="?", help="counties-10m.json of the npm package us-atlas")
    words.add_argument("--out", type=Path, default=OUT)
    asked = measure.asked(words)
    with tempfile.TemporaryDirectory() as scratch:
        if asked.source:
            make(asked.source, asked.out)
        elif asked.size == "smallest":
            make(invented(Path(scratch)), Path(scratch) / "county_shapes.json.gz")
        else:
            words.error("name the file counties-10m.json of the npm package us-atlas")


if __name__ == "__main__":
    measure.run(main)
