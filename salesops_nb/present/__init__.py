"""Charts, tables, words and pages: how results are shown. Names load when first used."""

from __future__ import annotations

import importlib
from typing import Any

_HOME = {
    "cover": "page.parts",
    "headlines": "page.parts",
    "set_aside": "page.parts",
    "catalogue": "page.parts",
    "provenance": "page.parts",
    "note": "page.parts",
    "period_words": "page.parts",
    "show_table": "page.tables",
    "add_sheet": "page.tables",
    "show": "charts.chart",
    "Chart": "charts.chart",
    "chart_style": "charts.chart",
    "trend": "charts.over_time",
    "stacked": "charts.over_time",
    "incidence": "charts.distributions",
    "histogram": "charts.distributions",
    "bars": "charts.comparisons",
    "ranking": "charts.comparisons",
    "waterfall": "charts.waterfall",
    "flow": "charts.flow",
    "funnel": "charts.flow",
    "columns": "charts.over_time",
    "bullet": "charts.against",
    "tornado": "charts.against",
    "fan": "charts.forecasts",
    "export_html": "export.html",
    "export_pdf": "export.pdf",
    "write_xlsx": "export.xlsx",
    "write_index": "export.index",
    "write_error_page": "export.error_page",
    "use_locale": "language.translation",
    "setting": "language.translation",
    "gettext": "language.translation",
    "ngettext": "language.sentences",
    "money": "language.formats",
    "number": "language.formats",
    "percent": "language.formats",
    "day": "language.formats",
}
__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
