"""A report's links to the others of its site: put into the finished page, and taken out of it again.

What is put in is marked, so that a page is linked anew when other reports come, and that a copy that leaves
the site carries none. The rest of the page stays to the byte.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from salesops_nb.present.language.translation import _
from salesops_nb.present.page import render

_MARKED = re.compile(r"<!--site-->.*?<!--/site-->", re.DOTALL)
_NAMED = re.compile(r'<a class="site" href="[^"]*">(.*?)</a>', re.DOTALL)
_DEAL = re.compile(r'( data-deal id="[^"]*")')
_TABLE = re.compile(r"<table\b.*?</table>", re.DOTALL)
_HEAD = re.compile(r"<thead>.*?</thead>", re.DOTALL)
_ROW = re.compile(r"<tr\b.*?</tr>", re.DOTALL)
_CELL = re.compile(r"(<t[hd]\b[^>]*)>(.*?)(</t[hd]>)", re.DOTALL)
_ROW_HEAD = re.compile(r'(<th scope="row"[^>]*>)([^<]+)')
_SKIP = re.compile(r'<body\b[^>]*>(\s*<a class="skip"[^>]*>[^<]*</a>)?')
_TAG = re.compile(r"<[^>]+>")


@dataclass(frozen=True, slots=True)
class Links:
    """Where a page leads: each link is the words that a reader sees and its address.

    `trail` is the way down to the page; `beside` are other reports on the same subject; `below` what the page
    is made up of; `names` says where a table's row leads by what heads it, `deals` where a deal does.
    """

    trail: Sequence[tuple[str, str]] = ()
    beside: Sequence[tuple[str, str]] = ()
    below: Sequence[tuple[str, str]] = ()
    names: Mapping[str, str] = field(default_factory=dict)
    deals: Mapping[str, str] = field(default_factory=dict)


def unlinked(page: str) -> str:
    """The page without what `linked` put into it."""
    return _DEAL.sub("", _NAMED.sub(r"\1", _MARKED.sub("", page)))


def linked(page: str, links: Links) -> str:
    """The page with these links and no earlier ones; each deal of a table has its place, linked or not.

    Examples
    --------
    >>> from salesops_nb.present.export.linking import Links, linked, unlinked
    >>> page = '<body><table><tr><th scope="row">Ana Pop</th></tr></table></main></body>'
    >>> made = linked(page, Links(names={"Ana Pop": "rep/ana.html"}))
    >>> '<th scope="row"><a class="site" href="rep/ana.html">Ana Pop</a></th>' in made, unlinked(made) == page
    (True, True)
    """
    seen: set[str] = set()  # a deal's place is where it stands first
    page = _TABLE.sub(lambda table: _linked_table(table[0], links, seen), unlinked(page))
    if links.trail:  # the way back alone stands above what is found
        page = _SKIP.sub(lambda skip: f"{skip[0]}{_marked(_top(links))}", page, count=1)
    if links.beside or links.below:
        at = page.rfind("</main>")
        page = f"{page[:at]}{_marked(_end(links))}{page[at:]}" if at >= 0 else page
    return page


def deals_of(page: str) -> set[str]:
    """The deals that the page's tables list in a column of deals."""
    found: set[str] = set()
    for table in _TABLE.findall(unlinked(page)):
        list(_deal_cells(table, found))
    return found


def _linked_table(table: str, links: Links, seen: set[str]) -> str:
    for at, cell in reversed(list(_deal_cells(table, seen))):
        deal = _plain(cell[2])
        inside, href = cell[2], links.deals.get(deal)
        if href:
            inside = _anchored(inside, href)
        made = f'{cell[1]} data-deal id="{html.escape(anchor(deal))}">{inside}{cell[3]}'
        table = f"{table[:at]}{made}{table[at + len(cell[0]) :]}"

    def named(head: re.Match[str]) -> str:
        href = links.names.get(html.unescape(head[2]).strip())
        return f"{head[1]}{_anchored(head[2], href)}" if href else head[0]

    return _ROW_HEAD.sub(named, table)


def _anchored(inside: str, href: str) -> str:
    """A cell's markup as a link that `unlinked` finds again."""
    return f'<a class="site" href="{html.escape(href)}">{inside}</a>'


def anchor(deal: str) -> str:
    """The place of a deal on a page."""
    return f"deal-{deal}"


def _deal_cells(table: str, seen: set[str]) -> Iterator[tuple[int, re.Match[str]]]:
    """The cells of deals not `seen` yet, in the columns of deals, with their places in the table's text."""
    head = _HEAD.search(table)
    if head is None:
        return
    deal = {_("Deal"), "Deal"}
    columns = {at for at, cell in enumerate(_CELL.finditer(head[0])) if _plain(cell[2]) in deal}
    for row in _ROW.finditer(table, head.end()) if columns else ():
        for at, cell in enumerate(_CELL.finditer(row[0])):
            said = _plain(cell[2])
            if at in columns and said not in ("", "–") and said not in seen:
                seen.add(said)
                yield row.start() + cell.start(), cell


def _plain(text: str) -> str:
    return html.unescape(_TAG.sub("", text)).strip()


def _marked(text: str) -> str:
    return f"<!--site-->{text}<!--/site-->"


def _top(links: Links) -> str:
    return render.page("run/links.html.j2", trail=links.trail, beside=(), below=())


def _end(links: Links) -> str:
    return render.page("run/links.html.j2", trail=(), beside=links.beside, below=links.below)
