"""What `init`, `check` and `map` print at their end is in the workbook's language."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from salesops_nb.cli import main
from salesops_nb.present.language.translation import use_locale

DEALS = "Id,Owner,Stage,Amount,Created,Closed\n" + "".join(
    f"{at},Ana Pop,{stage},{100 + at},2024-01-{at + 1:02d},2024-02-{at + 1:02d}\n"
    for at, stage in enumerate(["Won", "Lost", "Won", "Lost"])
)
PEOPLE = "person_id,name,role\nAna Pop,Ana Pop,rep\nBen Ode,Ben Ode,rep\n"
# words that stand in English sentences of the three commands and in no Romanian one
ENGLISH = re.compile(
    r"\b(errors?|warnings?|rows?|written|next|files?|the|through|fingerprint|left|sure|likely)\b"
)


@pytest.fixture(autouse=True)
def english_again() -> Iterator[None]:
    yield
    use_locale("en_US")


def ran(*words: str) -> str:
    result = CliRunner().invoke(main, words)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.output


def test_the_way_in_is_in_romanian_to_its_last_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    export, book = tmp_path / "deals.csv", tmp_path / "carte"
    export.write_text(DEALS)
    options = [
        "--yes",
        "--no-review",
        "--locale",
        "ro_RO",
        "--currency",
        "RON",
        "--time-zone",
        "Europe/Bucharest",
    ]
    options += [
        "--amount-is",
        "one-off",
        "--fiscal-year",
        "1",
        "--column",
        "closed_on=Closed",
        "--stage",
        "Won=won",
        "--stage",
        "Lost=lost",
    ]
    began = ran("init", str(book), "--from", str(export), *options)
    assert "fișiere scrise în" in began
    assert began.endswith(f"Urmează: salesops run {book / 'reports.yml'}\n")
    checked = ran("check", str(book))
    assert "deals: 4 rânduri" in checked
    assert re.search(
        r"\n(nicio eroare|\d+ erori|1 eroare), (niciun avertisment|.* avertismente?)\.\n$", checked
    )
    (tmp_path / "people.csv").write_text(PEOPLE)
    monkeypatch.chdir(book)
    mapped = ran("map", "--yes", str(tmp_path / "people.csv"))
    assert mapped.endswith("scris: mapping.yml\nUrmează: salesops check\n")
    again = ran("init", "--refresh", str(book))
    for said in (began, checked, mapped, again):
        plain = [line for line in said.splitlines() if str(tmp_path) not in line]
        assert [line for line in plain if ENGLISH.search(line)] == []


def test_english_reads_as_it_did(tmp_path: Path) -> None:
    made = ran("init", str(tmp_path / "book"))
    assert made.endswith(f"Next: salesops check {tmp_path / 'book'}\n")
    assert "files written to" in made
