"""A Romanian workbook's commission notebook and statements, over invented data with every kind of fault in
them: no English sentence of the catalogue stands in a page or spreadsheet.
"""

from __future__ import annotations

import html
import random
import re
import string
import zipfile
from collections.abc import Iterator
from datetime import date, timedelta
from functools import cache
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from click.testing import CliRunner

from salesops_nb.cli import main
from salesops_nb.present.language.translation import LOCALES

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
PERIOD = "2017-Q4"
PEOPLE = ("p1-id", "p2-id", "p3-id", "m1-id")
TABLES = (
    "people",
    "deals",
    "events",
    "splits",
    "plan_assignments",
    "targets",
    "adjustments",
    "opening_balances",
)
MAPPING = "tables:\n" + "".join(
    f"  {name}: {{file: {name}.csv}}\n"
    if name != "deals"
    else "  deals: {file: deals.csv, stages: {Open: open, Won: won, Lost: lost}}\n"
    for name in TABLES
)
REPORTS = """reports:
  - {name: commission, notebook: notebooks/commission_calculation.ipynb, formats: [html, xlsx]}
  - name: statement
    notebook: notebooks/commission_calculation.ipynb
    for_each: rep
    formats: [html, xlsx]
period: 2017-Q4
"""
# a plan with most of what a plan may say
RICH = """plan: {id: rich, version: 1, from: 2017-01-01, to: 2017-12-31, currency: USD, period: quarter}
credit: {event: invoiced, splits: {apply_to: credit}, where: "amount > 10", cap_per_deal: 90000}
quota: {attained_by: invoiced, ramp_pct: [50, 75], if_zero: attainment_0, relief_pct: 10}
incentive: {target: 40000}
components:
  - id: base
    scope: running_total
    table:
      mode: marginal
      unit: pct_of_quota
      rows: [{from: 0, rate_pct: 2}, {from: 100, rate_pct: 5}, {from: 150, rate_pct: 4}]
    limits: {cap: 9000, per: period, excess: carry}
  - id: gated
    rate_pct: 1
    gate: {amount: 40000, then: first_dollar}
    where: "product == 'none'"
draw: {per: month, amount: 900, recoverable: true, keep_at_least: none, forgive: {at_exit: true}}
release:
  - {event: invoiced, pct: 60}
  - {event: collected, pct: 40, as: in_full}
clawback: {when: cancelled_within_90_days, method: full, unpaid: cancel, instalments: 2}
acceptance: {missing: withhold}
negative_pay: carry
"""


# of the plan in words, of problems with plan, people and rows, of reasons for paying nothing
MET = (
    "Planul rich versiunea 1:",
    "mai mult decât vânzarea însăși",
    "nu l-a acceptat; plata este reținută",
    "raportul 'odd' nu este fix/variabil",
    "nu are nicio vânzare înainte de",
    "deși a plecat la",
    "nu este în people și are",
    "Soldul de pornire al lui",
    "planul nu a fost acceptat încă",
)


def _rows(head: str, rows: list[tuple[object, ...]]) -> str:
    return "".join(f"{line}\n" for line in [head, *(",".join(map(str, row)) for row in rows)])


def invented(seed: int) -> dict[str, str]:
    """Tables of a company in which most things go wrong once."""
    draw = random.Random(seed)
    deals, events, splits = [], [], []
    for n in range(40):
        deal, owner = f"D-{n:03d}", draw.choice([*PEOPLE[:3], "", "nobody-9"])
        day = date(2017, 9, 20) + timedelta(days=draw.randrange(120))
        outcome = draw.choice(["Won", "Won", "Won", "Lost", "Open"])
        amount = draw.choice(["", draw.randrange(1, 90000), draw.randrange(1, 90000)])
        currency = draw.choice(["USD", "USD", "USD", "EUR"])
        deals.append((deal, owner, outcome, amount, currency, "2017-01-02", day if outcome != "Open" else ""))
        for kind in draw.sample(["booked", "invoiced", "collected", "refunded", "cancelled", "odd"], 3):
            later = day + timedelta(days=draw.randrange(20))
            paid = "" if kind == "cancelled" else draw.randrange(1, 60000)
            events.append((f"E-{len(events):03d}", deal, kind, later, paid))
        if n % 7 == 0:
            splits += [(deal, "p1-id", draw.choice([40, 60]), "revenue"), (deal, "p2-id", 40, "revenue")]
    people = [(who, f"Name {who[:2].upper()}", "rep" if who[0] == "p" else "manager",
               "m1-id" if who[0] == "p" else "", "2016-01-01", "2017-11-30" if who == "p3-id" else "", "US")
              for who in PEOPLE]  # fmt: skip
    return {
        "people": _rows("person_id,name,role,manager_id,hired_on,left_on,country", people),
        "deals": _rows("deal_id,owner_id,stage,amount,currency,created_on,closed_on", deals),
        "events": _rows("event_id,deal_id,kind,happened_on,amount", events),
        "splits": _rows("deal_id,person_id,share,type", splits),
        "plan_assignments": _rows(
            "person_id,plan_id,valid_from,valid_to,base_pay,pay_mix,target_incentive,accepted_on",
            [("p1-id", "rich", "2017-01-01", "", 60000, "60/40", 12000, "2017-01-05"),
             ("p2-id", "rich", "2017-02-01", "", 60000, "odd", 16000, ""),
             ("p2-id", "simple", "2017-11-01", "", "", "", "", "2017-01-05"),
             ("p3-id", "simple", "2017-01-01", "", "", "", "", "2017-01-05")],
        ),
        "targets": _rows(
            "level,who,metric,period,value",
            [("rep", "p1-id", "quota", PERIOD, 60000), ("rep", "p2-id", "quota", PERIOD, 0)],
        ),
        "adjustments": _rows(
            "adjustment_id,person_id,payee_id,plan_id,component_id,amount,currency,happened_on,reason,author,approver",
            [("A-1", "p1-id", "p1-id", "rich", "base", 10, "USD", "2017-11-02", "", "m1-id", "p1-id")],
        ),
        "opening_balances": _rows(
            "person_id,plan_id,kind,amount,deal_id,component_id,as_of,due_on",
            [("p1-id", "rich", "holdback", 500, "D-001", "base", "2017-01-01", ""),
             ("p2-id", "rich", "clawback", 50, "", "", "2017-01-01", ""),
             ("p3-id", "simple", "draw", 70, "", "", "2017-01-01", "")],
        ),
    }  # fmt: skip


@cache
def english() -> dict[str, str]:
    """Pieces of three words and more of each English text that Romanian says otherwise, with the text."""
    with (LOCALES / "ro.po").open("rb") as file:
        catalogue = read_po(file, locale="ro")
    both = [
        (text, strings if isinstance(strings, str) else " ".join(strings))
        for message in catalogue if message.id
        for text in ([message.id] if isinstance(message.id, str) else message.id)
        for strings in [message.string]
    ]  # fmt: skip
    romanian = "\n".join(said for _, said in both)
    found = {}
    for text, said in both:
        for piece in _pieces(text):
            if len(re.findall(r"[A-Za-z]{2,}", piece)) >= 3 and piece not in romanian and piece not in said:
                found[piece] = text
    return found


def _pieces(text: str) -> Iterator[str]:
    """What stands between the places of a text."""
    try:
        parsed = list(string.Formatter().parse(text))
    except ValueError:  # a text with braces of its own
        parsed = [(text, None, None, None)]
    for literal, *_ in parsed:
        yield from (part.strip(" .,:;()") for part in literal.split("\n"))


def words_of(file: Path) -> str:
    """What a person reads in a page or spreadsheet."""
    if file.suffix == ".html":
        page = file.read_text(encoding="utf-8")
        page = re.sub(r"<(script|style|pre|code)\b.*?</\1>", " ", page, flags=re.DOTALL)
        return html.unescape(re.sub(r"<[^>]+>", " ", page)).replace("\N{NO-BREAK SPACE}", " ")
    with zipfile.ZipFile(file) as book:
        xml = "\n".join(book.read(n).decode() for n in book.namelist() if n.endswith((".xml", ".rels")))
    return html.unescape(re.sub(r"<[^>]+>", "\n", xml))


def test_a_romanian_workbook_says_nothing_of_pay_in_english(tmp_path: Path) -> None:
    for name in ("data", "plans", "notebooks"):
        (tmp_path / name).mkdir()
    for name, text in invented(seed=1).items():
        (tmp_path / "data" / f"{name}.csv").write_text(text)
    (tmp_path / "mapping.yml").write_text(MAPPING)
    (tmp_path / "reports.yml").write_text(REPORTS)
    (tmp_path / "workbook.yml").write_text(
        "company: Acme\ncurrency: USD\nlocale: ro_RO\nsource: data\nmapping: mapping.yml\n"
    )
    (tmp_path / "plans" / "rich.yml").write_text(RICH)
    (tmp_path / "plans" / "simple.yml").write_text(
        "plan: {id: simple, version: 1, from: 2017-10-05, to: 2017-12-31, currency: USD, period: quarter}\n"
        "components: [{id: flat, rate_pct: 101}]\ncredit: {splits: {apply_to: credit}}\n"
    )
    notebook = "notebooks/commission_calculation.ipynb"
    (tmp_path / notebook).write_bytes((ROOT / notebook).read_bytes())
    said = CliRunner().invoke(main, ["run", str(tmp_path / "reports.yml")]).output
    files = [f for f in tmp_path.glob("reports/0001/**/*") if f.suffix in (".html", ".xlsx")]
    read = {f.name: words_of(f) for f in files if f.name != "index.html"}
    assert len([name for name in read if name.endswith(".html")]) >= 3, said
    everything = "\n".join(read.values())
    for phrase in MET:
        assert phrase in everything, phrase
    left = {(piece, name) for name, text in read.items() for piece in english() if piece in text}
    assert {(name, english()[piece]) for piece, name in left} == set()
