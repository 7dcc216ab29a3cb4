"""Where the details of an unexpected error are written, for whoever mends the program."""

from __future__ import annotations

import tempfile
import traceback
from datetime import datetime
from pathlib import Path
from typing import Any

from salesops_nb.masking import masked


def write_details(error: BaseException, folder: Path, asked: Any) -> Path:
    """Write an error's traceback and what was asked to a file of the workbook's cache; its path.

    Where the workbook cannot be written to, the file is in the system's temporary folder.
    """
    name = f"{datetime.now().astimezone():%Y%m%d-%H%M%S-%f}.txt"
    text = masked(f"{asked!r}\n\n{''.join(traceback.format_exception(error))}")
    for place in (folder / ".cache" / "errors", Path(tempfile.gettempdir()) / "salesops-errors"):
        try:
            place.mkdir(parents=True, exist_ok=True)
            (place / name).write_text(text, encoding="utf-8")
        except OSError:
            continue
        return place / name
    raise error
