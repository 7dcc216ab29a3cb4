"""The one place where facts become markup: the macros of ``templates/report/parts.html.j2``.

The same markup stands in a live notebook, in a report, in the index and on an error page. All text is
escaped by Jinja; a workbook's own ``templates`` folder goes before the package's.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from salesops_nb.errors import SalesopsError, problem
from salesops_nb.present.language import formats
from salesops_nb.present.language.column_labels import term as words_of
from salesops_nb.present.language.sentences import ngettext
from salesops_nb.present.language.translation import _, setting

if TYPE_CHECKING:
    import jinja2

__all__ = [
    "environment",
    "mark_words",
    "page",
    "part",
    "script",
    "style_sheet",
    "template_folder",
    "words_of",
]


def template_folder() -> Path:
    """The folder that holds ``report/`` and ``run/``: in the wheel, or at the root of a checkout."""
    package = Path(str(files("salesops_nb")))
    for folder in (package / "starter" / "templates", package.parent / "templates"):
        if (folder / "report" / "parts.html.j2").is_file():
            return folder
    raise SalesopsError(problem("no-template", package=package))


@lru_cache(maxsize=8)
def environment(folders: tuple[str, ...] = ()) -> jinja2.Environment:
    """A Jinja environment over the given template folders, the package's own last; escapes everything."""
    import jinja2

    own = template_folder()
    loader = jinja2.FileSystemLoader([*folders, str(own), str(own / "report")])
    made = jinja2.Environment(
        loader=loader,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    made.globals.update(
        _=_, ngettext=ngettext, setting=setting, mark_words=mark_words, say=formats, words_of=words_of
    )
    return made


def page(template: str, folders: Sequence[str] = (), **facts: Any) -> str:
    """A whole page from a template of ``templates/``."""
    return environment(tuple(folders)).get_template(template).render(**facts)


def part(name: str, facts: Mapping[str, Any], folders: Sequence[str] = ()) -> str:
    """The markup of one part of a report (`cover`, `headlines`, `table` …)."""
    module = environment(tuple(folders)).get_template("parts.html.j2").module
    return str(getattr(module, name)(facts)).strip()


def style_sheet(name: str = "report.css", folders: Sequence[str] = ()) -> str:
    """A style sheet of the templates, as it stands."""
    loader = environment(tuple(folders)).loader
    assert loader is not None
    return loader.get_source(environment(tuple(folders)), name)[0]


def script(name: str, folders: Sequence[str] = ()) -> tuple[str, str]:
    """A script of the templates, after what they share, and the hash by which a page's policy allows it."""
    text = "\n".join(style_sheet(part, folders).strip() for part in ("sorting.js", name))
    return text, base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def mark_words(mark: str) -> str:
    """A mark (`simulated`, `small sample` …) in the reader's language."""
    known = {
        "simulated": _("simulated"),
        "estimated": _("estimated"),
        "small sample": _("small sample"),
        "partial period": _("partial period"),
        "restated": _("restated"),
        "draft": _("draft"),
    }
    return known.get(mark, mark)
