"""The page `docs/reference.md` as a site: every documented name under the module that offers it.

Our docstrings say `name : what it means`, where numpydoc has the type: the signature has the types.
"""

import re
import sys
from pathlib import Path
from typing import Any

import griffe

HERE = str(Path(__file__).resolve().parent)


def on_page_markdown(markdown: str, page: Any, **_given: Any) -> str:
    """MkDocs's hook: the names follow what the page says itself."""
    if page.file.src_uri != "reference.md":
        return markdown
    sys.path.insert(0, HERE)  # MkDocs takes back what a hook does to it while it is read
    from test_examples import documented

    sys.path.remove(HERE)
    parts, module = [markdown], ""
    for name, value in documented().items():
        of = name.rpartition(".")[0]
        if of != module:
            parts.append(f"## {of}\n")
            module = of
        where = getattr(value, "__wrapped__", value)
        parts.append(
            f"::: {where.__module__}.{where.__qualname__}\n"
            f"    options:\n      heading: {name}\n      heading_level: 3\n"
        )
    return "\n".join(parts)


class Meanings(griffe.Extension):
    """What stands behind the colon of a parameter is its meaning."""

    def on_instance(self, *, obj: griffe.Object, **_given: Any) -> None:
        """Griffe's hook, once for each thing it reads."""
        if obj.docstring is not None:
            obj.docstring.value = re.sub(
                r"(?<=\nParameters\n----------\n).*?(?=\n\n|\Z)",
                lambda found: re.sub(r"(?m)^(\w[\w, *]*) : ", r"\1\n    ", found[0]),
                obj.docstring.value,
                flags=re.DOTALL,
            )
