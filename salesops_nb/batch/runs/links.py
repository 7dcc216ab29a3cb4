"""Which page of the site leads where: from the company down to a person and a deal, and back.

A person's own page leads to that person's pages alone, wherever it stands. A copy in a folder (`to`) leads to
what is copied into the same folder alone, and one that is mailed to nothing.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from salesops_nb.batch.runs.folder import Record, RunFolder
from salesops_nb.batch.runs.site import Made, newest, ran
from salesops_nb.present.export.home import link
from salesops_nb.present.export.html import write_beside
from salesops_nb.present.export.linking import Links, anchor, deals_of, linked
from salesops_nb.present.language.translation import _

if TYPE_CHECKING:
    from salesops_nb.source.opened import Workbook

_ABOVE = ("company", "region", "team")
Address = Callable[[Record], str]


def sealed(record: Record) -> bool:
    """Whether a page is one person's own, which leads to nothing of others.

    It is, unless its `audience` says that it is made for somebody else, such as the person's manager.
    """
    audience = (record.get("parameters") or {}).get("audience")
    return record["level"] == "rep" and audience in (None, "", "rep")


def link_pages(run: RunFolder, records: list[Record], workbook: Workbook) -> list[Record]:
    """Link a run's pages to each other and to earlier runs' newest; the records with their new hashes."""
    found = ran(run.path.parent, run, records)
    (mine,) = (each for each in found if each.name == run.name)
    by_period: dict[str, list[Record]] = {}
    for made in [*(Made(mine, each) for each in records), *newest(found)]:
        record = {**made.record, "run": made.run.name}
        others = by_period.setdefault(record["period"], [])
        if _page(record) and all(record["id"] != other["id"] for other in others):
            others.append(record)
    pages = {each["id"]: run.path / path for each in records if (path := _page(each))}
    texts = {name: path.read_text(encoding="utf-8") for name, path in pages.items()}
    places = {name: deals_of(text) for name, text in texts.items()}
    owners = _owners(workbook, set().union(*places.values()) if places else set())
    done = []
    for record in records:
        if record["id"] in texts:
            others = by_period[record["period"]]
            address = _in_site(run, record)
            links = links_of(record, others, address, places, owners, "../" * (record["id"].count("/") + 1))
            record = _written(run, record, pages[record["id"]], linked(texts[record["id"]], links))
        done.append(record)
    return done


def copied(page: str, record: Record, copies: Iterable[Record]) -> str:
    """The page as it stands in the folder that it is copied to, beside those other copies."""
    beside = [each for each in copies if each["to"] == record["to"] and _page(each)]
    beside = [each for each in beside if each["period"] == record["period"]]

    def address(other: Record) -> str:
        return link(f"{other['id'].replace('/', '--')}.html")

    return linked(page, links_of(record, beside, address, {}, {}, ""))


def links_of(
    record: Record,
    others: Sequence[Record],
    address: Address,
    places: Mapping[str, set[str]],
    owners: Mapping[str, str],
    up: str,
) -> Links:
    """Where a page leads, of these other reports of its period.

    `places` are the deals that stand on each page, `owners` whose they are; `up` leads to the home page's
    folder, and is empty where there is none.
    """
    others = [each for each in others if each["id"] != record["id"]]
    if sealed(record):
        others, up = [each for each in others if sealed(each) and each["who"] == record["who"]], ""
    same = [each for each in others if each.get("notebook") == record.get("notebook")]
    trail = [(_("All reports"), f"{up}index.html")] if up else []
    trail += [(_name(each), address(each)) for each in _way_down(record, same)]
    subject = (record["level"], record["who"])
    beside = [(each["title"], address(each)) for each in others if (each["level"], each["who"]) == subject]
    below = _below(record, same)
    return Links(
        trail,
        beside,
        [(_name(each), address(each)) for each in below],
        _names(record, same, others, address),
        _deals(record, others, address, places, owners),
    )


def _way_down(record: Record, same: Iterable[Record]) -> list[Record]:
    """The pages of the same notebook above a page: the company's, and of a person the team's."""
    found = []
    for level in _ABOVE:
        if level == record["level"]:
            break
        who = "" if level == "company" else record.get(level) or None
        fit = [each for each in same if each["level"] == level and each["who"] == who]
        found += _of_audience(record, fit)[:1]
    return found


def _below(record: Record, same: Iterable[Record]) -> list[Record]:
    """The pages that a page is made up of: the company's teams or people, a team's people."""
    within = list(_within(record, same))
    for level in ("team", "region", "territory", "rep"):
        fit = [each for each in within if each["level"] == level]
        if fit and record["level"] != level:
            return sorted(fit, key=lambda each: _name(each).casefold())
    return []


def _within(record: Record, others: Iterable[Record]) -> Iterable[Record]:
    if record["level"] == "company":
        return (each for each in others if each["level"] != "company")
    if record["level"] in ("team", "region"):
        return (
            each
            for each in others
            if each["level"] in ("team", "rep") and each.get(record["level"]) == record["who"]
        )
    return ()


def _names(
    record: Record, same: Sequence[Record], others: Sequence[Record], address: Address
) -> dict[str, str]:
    """Where the row of a table that a name heads leads; a name of two pages of a kind leads nowhere."""
    found: dict[str, str] = {}
    for pages in (same, others):
        named: dict[str, list[Record]] = {}
        for each in _within(record, pages):
            named.setdefault(_name(each), []).append(each)
        for name, fit in named.items():
            subjects = {(each["level"], each["who"]) for each in fit}
            found.setdefault(name, address(fit[0]) if len(subjects) == 1 else "")
    return found


def _deals(
    record: Record,
    others: Sequence[Record],
    address: Address,
    places: Mapping[str, set[str]],
    owners: Mapping[str, str],
) -> dict[str, str]:
    """Where a deal of a page leads: to its place on its owner's page, else on another that lists it."""
    found = {}
    for deal in places.get(record["id"], ()):
        listing = [each for each in others if deal in places.get(each["id"], ())]
        own = [each for each in listing if each["level"] == "rep" and each["who"] == owners.get(deal)]
        if aim := (own or [each for each in listing if each["level"] != "rep"])[:1]:
            found[deal] = f"{address(aim[0])}#{link(anchor(deal))}"
    return found


def _owners(workbook: Workbook, deals: set[str]) -> dict[str, str]:
    """Whose the deals are."""
    import narwhals as nw

    from salesops_nb.core.frames import collected, with_columns_or_null

    if not deals or "deals" not in workbook.tables:
        return {}
    wanted: dict[str, Any] = {"deal_id": nw.String(), "owner_id": nw.String()}
    frame = with_columns_or_null(workbook.tables["deals"], wanted)
    rows = collected(frame.select(*wanted).filter(nw.col("deal_id").is_in(sorted(deals))))
    return dict(zip(rows["deal_id"].astype(str), rows["owner_id"].astype(str), strict=True))


def _of_audience(record: Record, fit: list[Record]) -> list[Record]:
    """Those for the same audience first: the same notebook may make a page for each."""
    mine = (record.get("parameters") or {}).get("audience")
    return sorted(fit, key=lambda each: (each.get("parameters") or {}).get("audience") != mine)


def _name(record: Record) -> str:
    return str(record.get("name") or record["who"] or record["title"])


def _page(record: Record) -> str:
    return "" if record["status"] == "failed" else record["outputs"].get("html", {}).get("path", "")


def _in_site(run: RunFolder, record: Record) -> Address:
    """A report's address from a page of the run."""
    here = Path(_page(record)).parent

    def address(other: Record) -> str:
        folder = Path() if other["run"] == run.name else Path("..") / other["run"]
        return link(
            os.path.relpath(Path("/base", run.name) / folder / _page(other), Path("/base", run.name) / here)
        )

    return address


def _written(run: RunFolder, record: Record, page: Path, text: str) -> Record:
    data = text.encode()
    digest = hashlib.sha256(data).hexdigest()
    if digest == record["outputs"]["html"]["sha256"]:
        return record
    write_beside(page, data)  # moved in: an earlier run keeps the file that it shares
    html = {**record["outputs"]["html"], "sha256": digest, "bytes": len(data)}
    return {**record, "outputs": {**record["outputs"], "html": html}}
