"""What is asked, answered by options, refused; and what stops a file that cannot be read right."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from click.testing import CliRunner

from salesops_nb.cli import main
from salesops_nb.core.yaml_file import read_yaml
from salesops_nb.present.language.translation import use_locale
from salesops_nb.source import open_workbook

HEAD = "Deal ID,Owner,Stage,Amount,Created,Close Date\n"
ROWS = "1,Ana,Won,10.50,2026-01-05,2026-02-03\n2,Ben,Lost,20.25,2026-01-07,2026-02-09\n"
KNOWN = ["--currency", "EUR", "--amount-is", "acv", "--fiscal-year", "1"]


def init(
    folder: Path, files: dict[str, str | bytes], *options: str, typed: str = ""
) -> tuple[int, str, Path]:
    """The exit code, what was printed, and the workbook."""
    words = []
    for name, text in files.items():
        (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
        words += ["--from", str(folder / name)]
    home = folder / "book"
    result = CliRunner().invoke(main, ["init", str(home), "--no-review", *words, *options], input=typed)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.output, home


def test_unattended_it_refuses_with_a_list_and_writes_nothing(tmp_path):
    code, printed, home = init(tmp_path, {"deals.csv": HEAD + ROWS}, "--yes")
    assert code == 1
    for option in ("--currency", "--amount-is", "--fiscal-year"):
        assert f"column {option}: Not known: " in printed
    assert sum(line.startswith("error: ") for line in printed.splitlines()) == 3
    assert not home.exists()


def test_options_and_answers_make_the_same_workbook(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    code, printed, by_options = init(tmp_path / "a", {"deals.csv": HEAD + ROWS}, "--yes", *KNOWN)
    assert code == 0, printed
    code, printed, typed = init(tmp_path / "b", {"deals.csv": HEAD + ROWS}, typed="EUR\nacv\n1\n")
    assert code == 0, printed
    for name in ("workbook.yml", "mapping.yml", "reports.yml"):
        assert (by_options / name).read_text() == (typed / name).read_text()
    texts = " ".join(path.read_text() for path in by_options.glob("*.yml"))
    assert not any(word in texts for word in ("MavenTech", "Central", "2017", "2018", "simulated"))


ALL_ALIKE = "1,Ana,Won,10.50,01/05/2026,02/03/2026\n2,Ben,Lost,20.25,01/07/2026,02/09/2026\n"
ZONED = "1,Ana,Won,10.50,2026-01-05T23:30:00Z,2026-02-03\n2,Ben,Lost,20,2026-01-07T08:00:00Z,2026-02-09\n"
COINS = '1,Ana,Won,"1,234",2026-01-05,2026-02-03\n2,Ben,Lost,"2,345",2026-01-07,2026-02-09\n'
OWN = "1,Ana,Signed,10.50,2026-01-05,2026-02-03\n2,Ben,Dead,20.25,2026-01-07,2026-02-09\n"


@pytest.mark.parametrize(
    ("rows", "options", "key", "value"),
    [
        (ALL_ALIKE, ["--date-order", "dmy"], "date_order", "dmy"),
        (ALL_ALIKE, ["--date-order", "mdy"], "date_order", "mdy"),
        (COINS, ["--decimal-mark", "."], "decimal_mark", "."),
        (OWN, ["--stage", "Signed=won", "--stage", "Dead=lost"], "stages", {"Signed": "won", "Dead": "lost"}),
    ],
)
def test_only_what_the_file_leaves_open_is_asked(rows, options, key, value, tmp_path):
    code, printed, _ = init(tmp_path, {"deals.csv": HEAD + rows}, "--yes", *KNOWN)
    assert code == 1
    assert {word.split("=")[0] for word in options[::2]} <= set(printed.replace(":", " ").split())
    code, printed, home = init(tmp_path, {"deals.csv": HEAD + rows}, "--yes", *KNOWN, *options)
    assert code == 0, printed
    assert read_yaml(home / "mapping.yml")["tables"]["deals"][key] == value


def test_a_moment_with_a_zone_asks_on_whose_clock_days_are(tmp_path):
    code, printed, _ = init(tmp_path, {"deals.csv": HEAD + ZONED}, "--yes", *KNOWN)
    assert code == 1
    assert (
        "--time-zone: Not known: On whose clock are days counted (Created has a time with a zone)?" in printed
    )
    code, printed, home = init(
        tmp_path, {"deals.csv": HEAD + ZONED}, "--yes", *KNOWN, "--time-zone", "Europe/Berlin"
    )
    assert code == 0, printed
    days = open_workbook(home).connection.execute("SELECT created_on FROM deals ORDER BY deal_id").fetchall()
    assert [str(day) for (day,) in days] == ["2026-01-06", "2026-01-07"]


def cut(header: str) -> str:
    """The file without one column."""
    at = HEAD.strip().split(",").index(header)
    lines = (HEAD + ROWS).strip().split("\n")
    return "\n".join(",".join(c for i, c in enumerate(line.split(",")) if i != at) for line in lines) + "\n"


NO_DATE = "Deal ID,Owner,Stage,Amount\n1,Ana,Won,10.50\n2,Ben,Lost,20.25\n"


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"deals.csv": cut("Amount").replace("Deal ID", "Ref").replace("1,", "x,").replace("2,", "y,")},
         "No column of numbers is left that could be a deal's amount."),
        ({"deals.csv": NO_DATE}, "No column of dates is left that could be the day a deal closed."),
        ({"deals.csv": cut("Owner")}, "No column is left that could be a deal's owner."),
        ({"deals.csv": "Sorte,Menge\nApfel,3\nBirne,4\n"}, "The file does not look like deals."),
        ({"deals.csv": HEAD}, "The file has no row with anything in it."),
        ({"deals.csv": ""}, "The file is empty"),
        ({"deals.csv": b"PK\x03\x04\x00\x00 no table"}, "NUL"),
        ({"deals.xlsx": "no workbook"}, "deals.xlsx"),
        ({"deals.csv": HEAD + ROWS, "hr.csv": "Name,Email,Title\nCem,cem@x.io,AE\nDan,dan@x.io,AE\n"},
         "No column of the file has the people that Owner of deals.csv has, such as Ana, Ben."),
        ({"deals.csv": HEAD + ROWS, "quota 2026.csv": "Rep,Jan,Feb,Mar\nCem,1,2,3\nDan,1,2,3\n"},
         "No column of the file has the people that Owner of deals.csv has, such as Ana, Ben."),
        ({"deals.csv": HEAD + ROWS, "more.csv": "Sorte,Menge\nApfel,3\n"},
         "It cannot be told what the file holds. Its columns are: Sorte, Menge."),
        ({"deals.pdf": HEAD + ROWS}, "Files that end in '.pdf' cannot be read."),
    ],
)  # fmt: skip
def test_what_cannot_be_read_right_is_refused_in_a_sentence(files, said, tmp_path):
    code, printed, home = init(tmp_path, files, "--yes", *KNOWN)
    assert code == 1
    assert said in printed
    assert not (home / "workbook.yml").exists()


def test_a_workbook_that_is_there_is_not_begun_anew(tmp_path):
    init(tmp_path, {"deals.csv": HEAD + ROWS}, "--yes", *KNOWN)
    code, printed, _ = init(tmp_path, {"deals.csv": HEAD + ROWS}, "--yes", *KNOWN)
    assert (code, "has a workbook already" in printed) == (1, True)


def test_two_months_of_deals_follow_one_another(tmp_path):
    files = {
        "jan.csv": HEAD + ROWS,
        "feb.csv": HEAD + ROWS.replace("1,Ana", "3,Ana").replace("2,Ben", "4,Ben"),
    }
    code, printed, home = init(tmp_path, files, "--yes", *KNOWN)
    assert code == 0, printed
    assert open_workbook(home).connection.execute("SELECT count(*), sum(amount) FROM deals").fetchall() == [
        (4, pytest.approx(61.5))
    ]


def test_map_adds_a_wide_quota_sheet_and_leaves_the_rest_of_the_mapping(tmp_path, monkeypatch):
    _, _, home = init(tmp_path, {"deals.csv": HEAD + ROWS}, "--yes", *KNOWN[:4], "--fiscal-year", "April")
    mapping = home / "mapping.yml"
    mapping.write_text(mapping.read_text().replace("  deals:", "  deals: # mine"))
    quota = tmp_path / "quota.csv"
    quota.write_text("Rep,Jan 2026,Feb 2026,Mar 2026\nana,100,200,300\nBen,10,,30.5\nTotal,110,200,330.5\n")
    monkeypatch.chdir(home)
    result = CliRunner().invoke(main, ["map", str(quota), "--yes"])
    assert result.exit_code == 0, result.output
    assert "  deals: # mine" in mapping.read_text()
    rows = (
        open_workbook(home)
        .connection.execute(
            "SELECT who, period, value, level, metric FROM targets WHERE level = 'rep' ORDER BY 1, 2"
        )
        .fetchall()
    )
    assert [(who, period, str(value), level, metric) for who, period, value, level, metric in rows] == [
        ("Ana", "2026-10", "100.0000", "rep", "bookings"), ("Ana", "2026-11", "200.0000", "rep", "bookings"),
        ("Ana", "2026-12", "300.0000", "rep", "bookings"), ("Ben", "2026-10", "10.0000", "rep", "bookings"),
        ("Ben", "2026-12", "30.5000", "rep", "bookings"),
    ]  # fmt: skip
    assert CliRunner().invoke(main, ["check"]).exit_code == 0


def test_a_roster_mapped_later_joins_the_deals_by_its_own_spelling(tmp_path, monkeypatch):
    deals = HEAD + ROWS.replace("Ana", '"Pop, Ana"').replace("Ben", "Ben Ode")
    _, _, home = init(tmp_path, {"deals.csv": deals}, "--yes", *KNOWN)
    roster = tmp_path / "hr.csv"
    roster.write_text("Name,Email,Title,Manager\nAna Pop,ana@x.io,AE,ben@x.io\nBen Ode,ben@x.io,Manager,\n")
    monkeypatch.chdir(home)
    result = CliRunner().invoke(main, ["map", str(roster), "--yes"])
    assert result.exit_code == 0, result.output
    wb = open_workbook(home)
    assert wb.connection.execute("SELECT owner_id FROM deals ORDER BY deal_id").fetchall() == [
        ("Ana Pop",), ("Ben Ode",),
    ]  # fmt: skip
    people = wb.connection.execute("SELECT person_id, manager_id FROM people ORDER BY 1").fetchall()
    assert people == [("Ana Pop", "Ben Ode"), ("Ben Ode", None)]
    assert wb.problems == []


@pytest.mark.parametrize(
    ("rows", "typed"),
    [
        (ROWS, "EUR\nacv\n1\n"),
        (OWN, "Signed\nDead\nEUR\nacv\n1\n"),
        (ALL_ALIKE, "EUR\nacv\n1\nmdy\n"),
    ],
)
def test_the_proposal_with_samples_stands_before_the_first_question_and_nothing_twice(tmp_path, rows, typed):
    code, printed, _ = init(tmp_path, {"deals.csv": HEAD + rows}, typed=typed)
    assert code == 0, printed
    first = min(
        printed.index(text) for text in ("Which of", "Which currency", "What is an") if text in printed
    )
    for name, sample in (("owner_id", "Ana, Ben"), ("amount", "20.25"), ("stage", rows.split(",")[2])):
        line = next(line for line in printed.splitlines() if line.startswith(f"  {name} "))
        assert sample in line
        assert printed.index(line) < first
        assert printed.count(line) == 1


DOLLARS = "1,Ana,Won,$10.50,2026-01-05,2026-02-03\n2,Ben,Lost,$20.25,2026-01-07,2026-02-09\n"
ASKED = "Which currency are the amounts in?"


@pytest.mark.parametrize(
    ("head", "rows", "proposed"),
    [
        (HEAD, DOLLARS, "USD"),
        (HEAD.replace("Amount", "Amount ($)"), ROWS, "USD"),
        (HEAD.replace("Created", "Country,Created"), DOLLARS.replace(",2026-01", ",Canada,2026-01"), "CAD"),
        (HEAD.replace("Created", "Country,Created"), DOLLARS.replace(",2026-01", ",AU,2026-01"), "AUD"),
        (HEAD.replace("Created", "Country,Created"), DOLLARS.replace(",2026-01", ",France,2026-01"), "USD"),
        (HEAD.replace("Created", "Margin (NZD),Created"), DOLLARS.replace(",2026-01", ",7,2026-01"), "NZD"),
        (HEAD, ROWS, None),
    ],
)
def test_a_dollar_sign_alone_is_asked_with_a_proposal_and_never_taken(head, rows, proposed, tmp_path):
    code, printed, _ = init(tmp_path, {"deals.csv": head + rows}, "--yes", *KNOWN[2:])
    assert code == 1
    assert f"column --currency: Not known: {ASKED}{f' ({proposed})' if proposed else ''}" in printed
    if proposed:
        code, printed, home = init(tmp_path, {"deals.csv": head + rows}, *KNOWN[2:], typed="\n")
        assert code == 0, printed
        assert f"{ASKED} [{proposed}]" in printed
        assert open_workbook(home).settings.currency == proposed


@pytest.mark.parametrize(
    ("rows", "options", "currency"),
    [
        (DOLLARS, ["--locale", "en_CA"], "CAD"),
        (DOLLARS, ["--locale", "en_US"], "USD"),
        (DOLLARS, ["--time-zone", "Australia/Sydney"], "AUD"),
        (DOLLARS, ["--locale", "en_CA", "--time-zone", "America/New_York"], None),
        (DOLLARS, ["--locale", "de_DE"], None),
        (DOLLARS, ["--locale", "en_CA", "--time-zone", "Europe/Berlin"], None),
        (DOLLARS.replace("$", "US$"), [], "USD"),
        (DOLLARS.replace("$", "CA$"), ["--locale", "en_US"], "CAD"),
        (DOLLARS.replace("$", "R$ "), [], "BRL"),
        (DOLLARS.replace("$10", "€10"), [], None),
    ],
)
def test_what_the_sign_and_the_companys_place_tell_is_not_asked(rows, options, currency, tmp_path):
    code, printed, home = init(tmp_path, {"deals.csv": HEAD + rows}, "--yes", *KNOWN[2:], *options)
    assert (ASKED in printed) == (currency is None), printed
    if currency is not None:
        assert code == 0, printed
        wb = open_workbook(home)
        assert wb.settings.currency == currency
        assert wb.connection.execute("SELECT sum(amount) FROM deals").fetchone() == (Decimal("30.75"),)


NAMELESS = "Owner,Stage,Amount,Created,Close Date\n"


@pytest.mark.parametrize(
    ("head", "ids", "said"),
    [
        ("Deal Name,Account", None, "deal_id: made of Deal Name, Account, Created, as no column is an id"),
        ("Account", None, "deal_id: made of Account, Created, as no column is an id"),
        ("Case number,Account", ["x0", "x1"], "deal_id            Case number"),
        ("Memo", ["2", "3"], "deal_id: the row's number, so that a later export has other ids"),
    ],
)
def test_ids_are_made_by_the_reader_alone(head, ids, said, tmp_path):
    rows = ROWS.split("\n")[:2]
    more = [",".join(f"x{i}" for _ in head.split(",")) for i in range(2)]
    lines = [f"{own},{row.partition(',')[2]}" for own, row in zip(more, rows, strict=True)]
    files = {"deals.csv": f"{head},{NAMELESS}" + "\n".join(lines) + "\n"}
    code, printed, home = init(tmp_path, files, "--yes", *KNOWN)
    assert code == 0, printed
    assert said in printed
    found = open_workbook(home).connection.execute("SELECT deal_id FROM deals ORDER BY 1").fetchall()
    assert len({each for (each,) in found}) == 2
    assert ids is None or [each for (each,) in found] == ids
    assert ("concat" in (home / "mapping.yml").read_text()) is False


def test_a_romanian_workbook_is_asked_about_in_romanian(tmp_path):
    head = "Name,Case,Owner,Stage,Amount,Created,Close Date\n"
    rows = "".join(f"n,c,{row[2:]}\n" for row in OWN.strip().split("\n"))
    typed = "aiurea\nSigned\nDead\nRON\nacv\n1\n"
    try:
        code, printed, home = init(tmp_path, {"deals.csv": head + rows}, "--locale", "ro_RO", typed=typed)
    finally:
        use_locale("en_US")
    assert code == 0, printed
    for words in (
        "deals.csv: deals, rânduri: 2", "sigur (un nume cunoscut)", "Care dintre aceste etape înseamnă",
        "'aiurea' nu este o etapă din fișier", "În ce monedă sunt sumele?", "Ce este o sumă",
        "În ce lună începe anul fiscal? [1]", "rămân sub numele lor: ",
    ):  # fmt: skip
        assert words in printed, printed
    proposal = printed.partition(" files written")[0]
    for words in ("Which ", "What is", "a known name", "rows", "as no column"):
        assert words not in proposal, proposal
    assert open_workbook(home).settings.locale == "ro_RO"


def test_a_locale_that_is_none_is_refused_before_anything_is_asked(tmp_path):
    code, printed, home = init(tmp_path, {"deals.csv": HEAD + ROWS}, "--locale", "xx_YY")
    assert code == 1
    assert "'xx_YY' is not a locale" in printed
    assert not home.exists()


def test_where_no_stage_is_won_the_stages_stand_in_the_question(tmp_path):
    rows = "1,Ana,Phase 7,10.50,2026-01-05,2026-02-03\n2,Ben,Phase 7,20.25,2026-01-07,2026-02-09\n"
    code, printed, home = init(tmp_path, {"deals.csv": HEAD + rows}, "--yes", *KNOWN)
    assert code == 1
    assert "Which of these stages are won? Phase 7" in printed
    assert not home.exists()
