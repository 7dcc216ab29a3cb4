"""The look of the charts: quiet axes, one colour that means something, safe for the colour-blind.

The drawing is made with the light page's colours; in a report each becomes the page's own
(`TOKENS`), so that dark mode and print need no second drawing.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import lru_cache
from typing import Any

INK, MUTED, RULE, PAGE, BAND = "#1d2730", "#56636f", "#d5dbe1", "#fdfdfc", "#e4ebf2"
SERIES = ("#245f94", "#b4560b", "#1b7a68", "#7a4a94", "#6b7680", "#8a6a08")
MAIN, SECOND, GOOD, BAD, QUIET = SERIES[0], SERIES[1], SERIES[0], SERIES[1], "#aab4be"
HATCHES = ("", "//", "--", "\\\\", "xx", "||")
MARKERS = ("o", "s", "^", "D", "v", "P")
LINES = ("-", "--", ":", "-.", (0, (5, 1)), (0, (3, 1, 1, 1)))

FILLS = ("#7fb0d6", "#f2b880", "#8ccdb8", "#c9a6dc", "#c3c9cf", "#e3cd6e", "#5b8fb9", "#d98b5f", "#5aa58f",
         "#a481bd", "#9aa4ad", "#bfa545")  # fmt: skip

TOKENS = {
    INK: "ink",
    MUTED: "muted",
    RULE: "rule",
    PAGE: "page",
    BAND: "band",
    QUIET: "quiet",
    **{colour: f"series-{n}" for n, colour in enumerate(SERIES, start=1)},
    **{colour: f"fill-{n}" for n, colour in enumerate(FILLS, start=1)},
}

FAMILIES = ("DejaVu Sans", "Noto Sans", "Liberation Sans", "Segoe UI", "Helvetica Neue", "Arial")
WIDTH = 7.4
NARROW = 4.8  # of rows that a phone shows whole, in letters that can be read
HEIGHT = 3.2

RC: dict[str, Any] = {
    "figure.figsize": (WIDTH, HEIGHT),
    "figure.facecolor": PAGE,
    "figure.constrained_layout.use": True,
    "figure.dpi": 100,
    "savefig.facecolor": PAGE,
    "savefig.bbox": None,
    "svg.fonttype": "none",
    "svg.hashsalt": "salesops",
    "font.size": 9.5,
    "text.color": INK,
    "axes.facecolor": PAGE,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": MUTED,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.axisbelow": True,
    "axes.unicode_minus": True,
    "text.parse_math": False,
    "grid.color": RULE,
    "grid.linewidth": 0.7,
    "hatch.linewidth": 0.6,
    "hatch.color": PAGE,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.major.size": 0,
    "ytick.major.size": 0,
    "xtick.major.pad": 6,
    "lines.linewidth": 1.8,
    "lines.markersize": 4.5,
    "legend.frameon": False,
    "legend.fontsize": 9,
    "patch.linewidth": 0,
}


def families(there: Collection[str]) -> list[str]:
    """The families to draw with of those a machine has, each the fallback of the one before it.

    A letter that the first has not, such as ``ț``, is taken from the next. Where none of ours is there the
    machine's own sans-serif is.

    >>> families({"Arial", "Comic Sans MS"}), families(set())
    (['Arial', 'sans-serif'], ['sans-serif'])
    """
    return [*(name for name in FAMILIES if name in there), "sans-serif"]


@lru_cache(maxsize=1)
def _families() -> list[str]:
    from matplotlib.font_manager import fontManager

    return families(set(fontManager.get_font_names()))


def quiet() -> Any:
    """A context in which figures are drawn in this style and no other; leaves rcParams as they were."""
    import matplotlib as mpl

    defaults: Any = mpl.rcParamsDefault
    ours = _families()
    every: Any = {**defaults, **RC, "font.family": ours, "font.sans-serif": ours[:-1] or ["DejaVu Sans"]}
    every.pop("backend", None)
    return mpl.rc_context(every)
