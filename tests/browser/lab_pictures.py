"""Pictures for the docs, small enough to be kept in the repository."""

from __future__ import annotations

import io
from pathlib import Path

MOST = 60_000  # bytes


def keep(png: bytes, path: Path) -> None:
    """Write a picture as WebP, as fine as its size allows."""
    from PIL import Image

    picture = Image.open(io.BytesIO(png)).convert("RGB")
    path.parent.mkdir(parents=True, exist_ok=True)
    for quality in (70, 55, 40, 25):
        picture.save(path, quality=quality, method=6)
        if path.stat().st_size <= MOST:
            return
    raise AssertionError(f"{path.name} has {path.stat().st_size} bytes")


def beside(lab: Path, page: Path, phone: Path) -> bytes:
    """One picture of three: the notebook, the page that it becomes, and the same on a phone."""
    from PIL import Image

    height, gap = 520, 24
    shown = []
    for path in (lab, page, phone):
        picture = Image.open(path).convert("RGB")
        shown.append(picture.resize((round(picture.width * height / picture.height), height)))
    width = sum(each.width for each in shown) + gap * (len(shown) + 1)
    whole = Image.new("RGB", (width, height + 2 * gap), "#e9edf0")
    at = gap
    for each in shown:
        whole.paste(each, (at, gap))
        at += each.width + gap
    out = io.BytesIO()
    whole.save(out, "PNG")
    return out.getvalue()
