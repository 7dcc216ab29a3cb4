"""The commands of a capture, in the order in which they are run, on a workbook that `init` made.

They go the ways of a month: reports, approval of territories and targets, the ledger from a draft to what is
paid, a dispute; and the ways that are refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

Command = tuple[str, list[str]]

APPROVALS = """\
folder: reports
stale: mark
reports:
  - name: approved-territories
    title: "Territories"
    notebook: notebooks/territory_rebalancing.ipynb
    parameters: {scope: team, who: Melvin Marxen, approved_by: Ada Example, approved_on: "2017-12-15",
                 reason: balance, effective_on: "2018-01-01", in_flight: split}
  - name: approved-targets
    title: "Targets"
    notebook: notebooks/target_setting.ipynb
    parameters: {approved_by: Ada Example, approved_on: "2017-12-15", reason: plan of 2018}
"""
WRONG = """\
folder: reports
reports:
  - {name: wrong, title: Wrong, notebook: notebooks/performance_review.ipynb, parameters: {levle: team}}
"""
STOPS = """\
folder: reports
stale: mark
retries: 0
reports:
  - name: stops
    title: Stops
    notebook: notebooks/performance_review.ipynb
    parameters: {level: rep, who: Nobody}
  - name: no-plan
    title: No plan
    notebook: notebooks/commission_calculation.ipynb
    parameters: {plans: no-such-plan}
"""
FILES = {"approvals.yml": APPROVALS, "wrong.yml": WRONG, "stops.yml": STOPS}
REP = "Anna Snelling"
STAFF = ("Cara Losch", "Celia Rouche", "Rocco Neubert")  # managers of other teams than the rep's
LINE = f"account-executive.1/base/{REP}/UKSS5YPE:booked/commission/2017-Q3"


def commands(made: Path, beside: Path) -> Iterator[Command]:
    """Name and words of each command; `made` is the workbook made by the first, `beside` another folder."""
    yield "init", ["init", "--demo", str(made)]
    yield "init-again", ["init", "--demo", str(made)]
    yield "init-refresh", ["init", str(made), "--refresh"]
    yield from _reports()
    yield from _ledger()
    yield from _territory()
    yield "run-month", ["run", "--only", "company", "--period", "last-complete-month", "--jobs", "2"]
    yield "deliver-dry-run", ["deliver", "--dry-run"]
    yield "schedule", ["schedule", "--every", "month"]
    yield "simulate-demo", ["simulate", "--data", "data", "--out", str(beside / "simulated")]
    yield "simulate-deals", ["simulate", "--deals", "2000", "--out", str(beside / "deals")]
    yield "simulate-no-out", ["simulate", "--deals", "2000"]
    yield "list-runs", ["list"]


def _reports() -> Iterator[Command]:
    yield "version", ["--version"]
    yield "no-such-command", ["forecast"]
    yield "check", ["check"]
    yield "check-quiet", ["check", "--quiet"]
    yield "check-no-workbook", ["check", "/"]
    yield "list-none", ["list"]
    yield "deliver-none", ["deliver"]
    yield "dry-run", ["run", "--dry-run"]
    yield "dry-run-rep", ["run", "--dry-run", "--only", "rep", "--for", f"rep={REP}", "--period", "2017-Q3"]
    yield "run-no-such-report", ["run", "--dry-run", "--only", "nothing"]
    yield "run-no-such-rep", ["run", "--dry-run", "--for", "rep=Nobody"]
    yield "run-no-such-period", ["run", "--dry-run", "--period", "2017-Q9"]
    yield "run-no-such-file", ["run", "none.yml"]
    yield "run-wrong-parameter", ["run", "wrong.yml"]
    # one at a time: two say in the order in which they fail
    yield "run-failing", ["run", "stops.yml", "--jobs", "1"]
    yield "list-failing", ["list", "1", "--file", "stops.yml"]
    yield "run-some", ["run", "--only", "commission", "--only", "team", "--jobs", "2"]
    yield "run-unchanged", ["run", "--only", "team", "--jobs", "2"]
    yield "list-run", ["list", "2"]
    yield "list-no-such-run", ["list", "99"]
    yield "run-approvals", ["run", "approvals.yml", "--jobs", "2"]


def _ledger() -> Iterator[Command]:
    def ledger(name: str, *words: str, on: str = "") -> Command:
        by = "calculation" if words[0] == "post" else STAFF[0]  # nobody of the demo's people is not paid
        who = ["--by", by, "--on", on] if on else []
        return f"ledger-{name}", ["ledger", *words, *who]

    yield ledger("verify", "verify")
    yield ledger("verify-wrong", "verify", "--anchor", "3:0000000000000000")
    yield ledger("anchor", "anchor")
    yield ledger("post-q3", "post", "2017-Q3", on="2017-10-04")
    yield ledger("post-q3-again", "post", "2017-Q3", on="2017-10-05")
    yield ledger("post-q4-late", "post", "2017-Q4", on="2018-02-05")
    yield ledger("post-no-plans", "post", "2017-Q3", "--plans", "nowhere", on="2017-10-05")
    yield ledger("list", "list")
    yield ledger("list-payee", "list", "--payee", REP, "--period", "2017-Q3")
    yield ledger("lines", "list", "--lines", "--period", "2017-Q3", "--payee", REP)
    yield ledger("approve-too-early", "approve", "2017-Q3", on="2017-10-06")
    yield ledger("lock-too-early", "lock", "2017-Q3", on="2017-10-06")
    yield ledger("adjust", "adjust", "2017-Q3", REP, "-120.50", "USD", "--reason", "paid twice", "--approver",
                 STAFF[1], on="2017-10-06")  # fmt: skip
    yield ledger("adjust-own", "adjust", "2017-Q3", REP, "5.00", "USD", "--reason", "more", "--approver",
                 STAFF[0], on="2017-10-06")  # fmt: skip
    yield ledger("review", "review", "2017-Q3", on="2017-10-06")
    yield (
        "ledger-review-2",
        ["ledger", "review", "2017-Q3", "--payee", STAFF[0], "--by", STAFF[1], "--on", "2017-10-06"],
    )
    yield "ledger-approve-own", ["ledger", "approve", "2017-Q3", "--by", REP, "--on", "2017-10-07"]
    yield "ledger-approve", ["ledger", "approve", "2017-Q3", "--by", STAFF[1], "--on", "2017-10-07"]
    yield "ledger-approve-2", ["ledger", "approve", "2017-Q3", "--by", STAFF[2], "--on", "2017-10-07"]
    yield ledger("dispute-no-line", "dispute", "open", "no-such-line", "Why?", on="2017-10-08")
    yield ledger("dispute", "dispute", "open", LINE, "Why so little?", on="2017-10-08")
    yield ledger("dispute-answer", "dispute", "answer", "dispute-1", "The rate is 5 %.", on="2017-10-08")
    yield ledger("dispute-close", "dispute", "close", "dispute-1", "rejected", on="2017-10-09")
    yield ledger("pay-too-early", "pay", "2017-Q3", on="2017-10-09")
    yield ledger("lock", "lock", "2017-Q3", on="2017-10-09")
    yield ledger("pay", "pay", "2017-Q3", on="2017-10-25")
    yield ledger("withdraw-locked", "withdraw", "2017-Q3", on="2017-10-26")
    yield ledger("withdraw", "withdraw", "2017-Q4", on="2018-01-03")
    yield ledger("disputes", "list", "--disputes")
    yield ledger("payroll", "payroll", "2017-Q3", "--on", "2017-10-25")
    yield ledger("payroll-none", "payroll", "2016-Q4", "--on", "2017-10-25")
    yield ledger("accrual", "accrual", "2017-Q2", "2017-Q4", "--to", "accrual.csv")
    yield ledger("verify-after", "verify")


def _territory() -> Iterator[Command]:
    yield "territory-list", ["territory", "list"]
    yield "territory-owners", ["territory", "owners", "--day", "2018-01-01"]
    yield "territory-owners-before", ["territory", "owners", "--day", "2017-12-31", "--person", REP]
    undo = ["territory", "undo", "1", "--by", "Ada Example", "--reason", "too soon"]
    yield "territory-undo", [*undo, "--on", "2018-01-10", "--from", "2018-01-10"]
    yield "territory-undo-unknown", ["territory", "undo", "99", "--by", "A", "--reason", "B"]
    yield "territory-list-after", ["territory", "list"]
    yield "territory-owners-after", ["territory", "owners", "--day", "2018-01-10"]
