"""Makes salesops_nb/present/county_shapes.json.gz from us-atlas's counties-10m.json.

Run: python bench/county_shapes.py counties-10m.json
Borders are simplified arc by arc (Douglas-Peucker, 0.04°), so that neighbours still fit together.
"""

from __future__ import annotations

import gzip
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

TOLERANCE, SCALE = 0.04, 100
CREDIT = "US Census Bureau, public domain; npm package us-atlas 3.0.1 (c) 2013-2019 Michael Bostock, ISC"


def thinned(points: Any) -> Any:
    """Douglas-Peucker with the two ends kept."""
    keep = np.zeros(len(points), dtype=bool)
    keep[[0, -1]] = True
    stack = [(0, len(points) - 1)]
    while stack:
        a, b = stack.pop()
        if b <= a + 1:
            continue
        line, inner = points[b] - points[a], points[a + 1 : b] - points[a]
        length = np.hypot(*line)
        off = (
            np.abs(line[0] * inner[:, 1] - line[1] * inner[:, 0]) / length
            if length > 0
            else np.hypot(*inner.T)
        )
        at = int(off.argmax())
        if off[at] > TOLERANCE:
            keep[a + 1 + at] = True
            stack += [(a, a + 1 + at), (a + 1 + at, b)]
    return points[keep]


def main(source: str) -> None:
    """Writes the file beside the package's maps."""
    found = json.loads(Path(source).read_text())
    scale, shift = np.array(found["transform"]["scale"]), np.array(found["transform"]["translate"])
    arcs = []
    for arc in found["arcs"]:
        whole = np.rint(thinned(np.cumsum(arc, axis=0) * scale + shift) * SCALE).astype(int)
        arcs.append(np.diff(whole, axis=0, prepend=np.zeros((1, 2), dtype=int)).ravel().tolist())
    counties = {}
    for shape in found["objects"]["counties"]["geometries"]:
        parts = [shape["arcs"]] if shape["type"] == "Polygon" else shape.get("arcs", [])
        counties[shape["id"]] = [part[0] for part in parts]
    text = json.dumps(
        {"credit": CREDIT, "licence": Path(source).with_name("LICENSE").read_text(), "scale": SCALE,
         "arcs": arcs, "counties": counties}, separators=(",", ":"),
    )  # fmt: skip
    out = Path(__file__).resolve().parents[1] / "salesops_nb" / "present" / "county_shapes.json.gz"
    out.write_bytes(gzip.compress(text.encode(), 9, mtime=0))


if __name__ == "__main__":
    main(sys.argv[1])
