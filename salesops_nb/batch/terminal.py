"""Where the commands print."""

from __future__ import annotations

import os

from rich.console import Console, ConsoleDimensions


def terminal() -> Console:
    """Standard output, as wide as the terminal; in a file or a pipe no line is folded.

    COLUMNS, where it is set, says the width of both.
    """
    console = Console(highlight=False)
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.size = ConsoleDimensions(10_000, 25)  # both, or a dumb terminal has 80 columns
    return console
