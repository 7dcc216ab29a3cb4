"""Charts, tables, words and pages: how results are shown. Names load when first used."""

from __future__ import annotations

import importlib
from typing import Any

_HOME = {
    "cover": "frame",
    "headlines": "frame",
    "set_aside": "frame",
    "catalogue": "frame",
    "provenance": "frame",
    "note": "frame",
    "period_words": "frame",
    "show_table": "tables",
    "show": "chart",
    "Chart": "chart",
    "chart_style": "chart",
    "trend": "charts",
    "stacked": "charts",
    "incidence": "charts_spread",
    "histogram": "charts_spread",
    "bars": "charts_compared",
    "ranking": "charts_compared",
    "waterfall": "charts_bridge",
    "export_html": "export",
    "export_pdf": "pdf",
    "write_xlsx": "workbook_xlsx",
    "write_index": "index",
    "write_error_page": "error_page",
    "use_locale": "words",
    "setting": "words",
    "gettext": "words",
    "ngettext": "sentences",
    "money": "formats",
    "number": "formats",
    "percent": "formats",
    "day": "formats",
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
