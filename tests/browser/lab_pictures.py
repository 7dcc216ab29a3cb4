"""Pictures of notebooks and reports for the README, small enough to be kept in the repository."""

from __future__ import annotations

import io
from pathlib import Path

MOST = 150_000  # bytes
COLOURS = 128


def keep(png: bytes, path: Path) -> None:
    """Write a picture with a palette of few colours; fails where it is too large all the same."""
    from PIL import Image

    picture = Image.open(io.BytesIO(png)).convert("RGB")
    small = picture.quantize(COLOURS, dither=Image.Dither.NONE)
    path.parent.mkdir(parents=True, exist_ok=True)
    small.save(path, optimize=True)
    assert path.stat().st_size < MOST, f"{path.name} has {path.stat().st_size} bytes"
