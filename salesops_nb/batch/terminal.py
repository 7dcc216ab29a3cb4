"""Where the commands print, and how their tables fit there."""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence

from rich.cells import cell_len
from rich.console import Console, ConsoleDimensions
from rich.text import Text

GAP = " "


def terminal() -> Console:
    """Standard output, as wide as the terminal; in a file or a pipe no line is folded.

    COLUMNS, where it is set, says the width of both.
    """
    console = Console(highlight=False)
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.size = ConsoleDimensions(10_000, 25)  # both, or a dumb terminal has 80 columns
    return console


def print_rows(
    console: Console, heads: Sequence[str], rows: Sequence[Sequence[str]], right: Collection[str] = ()
) -> None:
    """Print a table as wide as the terminal at most; columns named in `right` end at their right edge.

    Cells are folded between words. Where not even the longest words stand side by side, each row is printed
    as lines of head and cell.
    """
    for line in table_lines(heads, rows, console.width, right):
        console.print(Text(line), soft_wrap=True)


def table_lines(
    heads: Sequence[str], rows: Sequence[Sequence[str]], width: int, right: Collection[str] = ()
) -> list[str]:
    """The lines of such a table.

    Examples
    --------
    >>> from salesops_nb.batch.terminal import table_lines
    >>> rows = [["rep", "two words", "7"], ["commission", "one", "12"]]
    >>> print("\\n".join(table_lines(["report", "what", "jobs"], rows, 23, right=["jobs"])))
    report     what    jobs
    rep        two        7
               words
    commission one       12
    >>> print("\\n".join(table_lines(["report", "what"], [["rep", "two words"]], 8)))
    report: rep
    what: two words
    """
    cells = [list(map(str, row)) for row in (heads, *rows)]
    columns = list(zip(*cells, strict=True))
    least = [max(cell_len(word) for cell in column for word in cell.split() or [""]) for column in columns]
    widths = [max(map(cell_len, column)) for column in columns]
    free = width - len(GAP) * (len(widths) - 1)
    if sum(least) > free:
        return _stacked(heads, rows)
    while sum(widths) > free:  # the widest gives way first
        at = max((n for n in range(len(widths)) if widths[n] > least[n]), key=lambda n: widths[n])
        widths[at] -= 1
    lines = []
    for row in cells:
        folded = [_folded(cell, wide) for cell, wide in zip(row, widths, strict=True)]
        for at in range(max(map(len, folded))):
            parts = [
                _filled(part[at] if at < len(part) else "", wide, head in right)
                for part, wide, head in zip(folded, widths, heads, strict=True)
            ]
            lines.append(GAP.join(parts).rstrip())
    return lines


def _stacked(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    lines: list[str] = []
    for row in rows:
        lines += ["", *(f"{head}: {cell}" for head, cell in zip(heads, map(str, row), strict=True) if cell)]
    return lines[1:]


def _folded(cell: str, width: int) -> list[str]:
    """The cell in lines of at most `width`, broken between words alone."""
    if cell_len(cell) <= width:
        return [cell]
    lines = [""]
    for word in cell.split():
        longer = f"{lines[-1]} {word}".lstrip()
        if cell_len(longer) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return [line for line in lines if line] or [""]


def _filled(text: str, width: int, right: bool) -> str:
    space = " " * (width - cell_len(text))
    return f"{space}{text}" if right else f"{text}{space}"
