"""A chart: its figure, the words that stand for it, and how it reaches the page."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import update_wrapper
from html import escape
from typing import TYPE_CHECKING, Any, Generic, ParamSpec

from salesops_nb.errors import SalesopsError, problem
from salesops_nb.present.charts import style
from salesops_nb.present.language.called import called
from salesops_nb.present.language.column_labels import capital
from salesops_nb.present.language.translation import _, setting
from salesops_nb.present.page.output import LIVE

if TYPE_CHECKING:
    from matplotlib.figure import Figure

P = ParamSpec("P")
SMALL = 40_000
SMALL_LIVE = 400_000  # a person waits: drawing it again as PNG takes longer than sending it
_PATH = re.compile(r'(?<= d=")[MLz\d\s.-]+(?=")')  # of straight lines only
# indents, turns by nothing, and numbers of parts that nothing refers to
_NEEDLESS = re.compile(r'(?<=\n) +(?=<)| transform="rotate\(-0 [^)]*\)"| id="[a-zA-Z2.]+_\d+"')
_LONG_NUMBER = re.compile(r"(?<=[\s\"(,LMC-])(-?\d+\.\d{3,})(?=[\s\",)z])")


@dataclass
class Chart:
    """A drawn figure with its alternative text; `marks` are ``simulated``, ``estimated`` and the like.

    `title` says what the chart shows, `subtitle` its measure and unit. `raster` marks a drawing of many
    shapes, which is smaller and quicker to draw as pixels; `half` one of two that stand side by side where
    the page is wide enough; `narrow` one that a phone shows whole; `map` one that its reader may enlarge.
    `option` says of which of several plans it is, so that a page lets its reader pick one; `other` that it is
    not the one a page shows first. `values` are the words of single points, shown where a reader points;
    `series` the names of what can be hidden, see `Chart.mark` and `Chart.add_series`.

    Examples
    --------
    Each chart function's ``draw`` returns its chart without displaying it:

    >>> import pandas as pd
    >>> from salesops_nb import present
    >>> reps = pd.DataFrame({"rep": ["Ada", "Bo"], "bookings": [90_000, 60_000]})
    >>> chart = present.bars.draw(reps, x="rep", y="bookings", title="Bookings")
    >>> chart.alt
    'Bookings. Ada $90,000; Bo $60,000.'
    >>> chart.svg.startswith("<?xml")
    True
    """

    figure: Figure
    alt: str
    title: str = ""
    note: str = ""
    subtitle: str = ""
    marks: list[str] = field(default_factory=list)
    palette: bool = True
    raster: bool = False
    half: bool = False
    option: str = ""
    other: bool = False
    narrow: bool = False
    map: bool = False
    values: list[tuple[Any, float, float, str, str]] = field(default_factory=list)
    series: list[str] = field(default_factory=list)

    def add_series(self, name: str, artists: Iterable[Any]) -> str:
        """A series that the reader may hide; gives the class of its values."""
        at = len(self.series)
        self.series.append(name)
        for n, artist in enumerate(artists):
            artist.set_gid(f"series-{at}-{n}")
        return f"of-{at}"

    def mark(self, axes: Any, x: float, y: float, words: str, series: str = "") -> None:
        """Words for one point of the axes, in their data's units; nothing where it is not known."""
        if x == x and y == y:
            self.values.append((axes, x, y, words, series))

    @property
    def svg(self) -> str:
        """The drawing as SVG with its text as text, coordinates to two places."""
        buffer = io.StringIO()
        with style.quiet():
            self.figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
        drawing = _LONG_NUMBER.sub(_one_place if self.map else _two_places, buffer.getvalue())
        drawing = _NEEDLESS.sub("", _PATH.sub(_brief, drawing))
        return drawing.replace("</svg>", f"{self._marks()}</svg>") if self.values else drawing

    def _marks(self) -> str:
        """The points that say their value, over the drawing that was just laid out."""
        scale = 72 / self.figure.dpi
        height = self.figure.get_figheight() * 72
        made = []
        for axes, x, y, words, series in self.values:
            right, up = (axes.transData.transform((x, y)) * scale).tolist()
            of = f' class="{series}"' if series else ""
            place = f'cx="{right:.0f}" cy="{height - up:.0f}"'
            made.append(f'<circle{of} {place} r="9"><title>{escape(words)}</title></circle>')
        return f'<g class="values" fill="none" pointer-events="all">{"".join(made)}</g>'

    @property
    def png(self) -> bytes:
        """The drawing as a PNG of 256 colours at twice the screen's resolution."""
        import numpy as np
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from PIL import Image

        small = io.BytesIO()
        with style.quiet():
            self.figure.set_dpi(192)
            canvas: Any = FigureCanvasAgg(self.figure)
            canvas.draw()
        picture = Image.fromarray(np.asarray(canvas.buffer_rgba())[:, :, :3])
        how = Image.Quantize.FASTOCTREE if self.raster else None
        picture.quantize(256, method=how).save(small, format="PNG")
        return small.getvalue()

    def bundle(self) -> tuple[dict[str, str], dict[str, Any]]:
        """The smaller of SVG and PNG, and the metadata with the alternative text."""
        data = {} if self.raster else {"image/svg+xml": self.svg}
        svg = data.get("image/svg+xml", "").encode()
        if self.raster or len(svg) > (SMALL_LIVE if LIVE.get() else SMALL):
            png = base64.b64encode(self.png).decode()
            if self.raster or len(png) < len(svg):
                data = {"image/png": png}
        kind = next(iter(data))
        told = (
            "title",
            "subtitle",
            "note",
            "marks",
            "palette",
            "half",
            "option",
            "other",
            "narrow",
            "map",
            "series",
        )
        facts = {name: getattr(self, name) for name in told}
        return {**data, "text/plain": self.alt}, {kind: {"alt": self.alt}, "salesops": facts}

    def show(self) -> None:
        """Display the chart in the running notebook, and let go of the figure."""
        from IPython.display import display

        data, metadata = self.bundle()
        display(data, metadata=metadata, raw=True)  # type: ignore[no-untyped-call]
        close(self.figure)


class Shown(Generic[P]):
    """A chart function: called, it displays; its `draw` returns the `Chart` instead."""

    def __init__(self, draw: Callable[P, Chart]) -> None:
        self.draw = draw
        update_wrapper(self, draw)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> None:
        """Draw and display."""
        self.draw(*args, **kwargs).show()


def show(
    figure: Figure, alt: str, *, title: str = "", note: str = "", marks: str | Sequence[str] = ()
) -> None:
    """Display a matplotlib figure of your own with its alternative text, which must say something.

    Drawn within ``with present.chart_style():`` it takes the page's colours, dark mode included; any
    other figure stands on a white plate as it is.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> from salesops_nb import present
    >>> figure = Figure()
    >>> line = figure.add_subplot().plot([10, 20])
    >>> present.show(figure, "Bookings doubled.", title="Bookings")
    Bookings doubled.
    >>> present.show(figure, "")
    Traceback (most recent call last):
        ...
    salesops_nb.errors.SalesopsError: The chart has no alternative text.
    Say in one or two sentences what it shows.
    """
    if not alt or not alt.strip():
        raise SalesopsError(problem("no-alternative-text"))
    import matplotlib.colors as colours

    ours = colours.to_hex(figure.get_facecolor()) == style.PAGE
    given = [marks] if isinstance(marks, str) else list(marks)
    Chart(figure, alt.strip(), title, note, marks=given, palette=ours).show()


def chart_style() -> Any:
    """A context in which your own figures take the report's style and colours.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> from salesops_nb import present
    >>> with present.chart_style():
    ...     figure = Figure()
    ...     line = figure.add_subplot().plot([1, 2, 3], [10, 20, 15])
    >>> present.show(figure, "Bookings rose to 20 in February and fell to 15 in March.")
    Bookings rose to 20 in February and fell to 15 in March.
    """
    return style.quiet()


def new_figure(height: float = style.HEIGHT, width: float = style.WIDTH) -> tuple[Figure, Any]:
    """A figure of one set of axes that pyplot does not keep; call it within `style.quiet`."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height))
    return figure, figure.add_subplot()


def placed_figure(height: float, width: float = style.WIDTH) -> Figure:
    """A figure whose axes are placed by hand: a layout engine takes longer than the drawing."""
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import PlaceHolderLayoutEngine

    figure = Figure(figsize=(width, height))
    # with none at all the second drawing would take the style's
    figure.set_layout_engine(PlaceHolderLayoutEngine(adjust_compatible=True, colorbar_gridspec=True))
    return figure


def close(figure: Figure) -> None:
    """Let pyplot forget a figure that it made."""
    import sys

    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is not None:
        pyplot.close(figure)


def headed(title: str, subtitle: str, finding: str, unit: str = "") -> tuple[str, str]:
    """A chart's title and sub-title: the title given, else the finding, else the measure alone.

    The measure bears its unit, where that is one of money or of shares.
    """
    sign = {"money": setting().currency, "about": setting().currency, "cents": setting().currency,
            "percent": "%", "whole_percent": "%"}.get(unit)  # fmt: skip
    subtitle = f"{subtitle}, {sign}" if subtitle and sign else subtitle
    found = title or capital(finding)
    return (found, subtitle) if found else (subtitle, "")


def alt_text(title: str | tuple[str, str], *sentences: str) -> str:
    """The words that stand for a chart: its title and sub-title, then what its data say."""
    heads = [title] if isinstance(title, str) else title
    said = [*(f"{head}." for head in heads if head), *filter(None, sentences)]
    return called(" ".join(said if any(heads) else [_("Chart") + ".", *said]))


def _two_places(match: re.Match[str]) -> str:
    return f"{float(match[1]):.2f}".rstrip("0").rstrip(".")


def _one_place(match: re.Match[str]) -> str:
    return f"{float(match[1]):.1f}".removesuffix(".0")


def _brief(match: re.Match[str]) -> str:
    """A path of straight lines without the letter of each: what follows a point is a line to the next."""
    return match[0].replace(" \nL ", " ").replace(" \n", " ").strip()
