"""What the report's tests share: a notebook from a page of text, and a page's headings."""

import html
import re

import nbformat


def notebook_of(text: str) -> nbformat.NotebookNode:
    """A notebook from a page of prose and fenced code, a cell each, parted by ``---``."""
    cells = []
    for part in text.split("\n---\n"):
        body = part.strip()
        if body.startswith("```python"):
            source = body.removeprefix("```python\n").removesuffix("```").strip()
            tags = {"tags": ["parameters"]} if source.startswith("level =") else {}
            cells.append(nbformat.v4.new_code_cell(source, metadata=tags))
        else:
            cells.append(nbformat.v4.new_markdown_cell(body))
    return nbformat.v4.new_notebook(cells=cells)


def headings_of(page: str) -> list[tuple[int, str, str]]:
    """Level, id and words of every heading, in order."""
    found = re.findall(r'<h([1-6])[^>]*id="([^"]+)"[^>]*>(.*?)</h\1>', page, re.DOTALL)
    return [(int(n), name, html.unescape(re.sub(r"<[^>]+>", "", words))) for n, name, words in found]


def shown(page: str) -> str:
    """The page without its folded code."""
    return re.sub(r'<div class="code".*?</pre></div>\s*</div>', "", page, flags=re.DOTALL)
