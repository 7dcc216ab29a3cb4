"""Files as people have them: each kind of cell, layout and mapping gives the value that it means."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from sqlalchemy import create_engine
from test_silent_numbers import HEAD, PEOPLE, codes, frame, workbook

from salesops_nb.errors import SalesopsError
from salesops_nb.source import open_workbook
from salesops_nb.source.opened import Workbook


def made_of(folder: Path, mapping: str, currency: str = "USD", settings: str = "", **files: str) -> Workbook:
    """A workbook of this mapping and these CSV files."""
    (folder / "data").mkdir(exist_ok=True)
    (folder / "workbook.yml").write_text(f"company: X\ncurrency: {currency}\nsource: data\n{settings}")
    (folder / "mapping.yml").write_text(mapping)
    for name, text in files.items():
        (folder / "data" / f"{name}.csv").write_text(text, encoding="utf-8")
    return open_workbook(folder)


# --- numbers --------------------------------------------------------------------------------------------

AMOUNTS = {
    "(1,234.50)": "-1234.5", "1,234.50-": "-1234.5", "-1,234.50": "-1234.5", "−12": "-12", "($7)": "-7",
    "$(7.50)": "-7.5", "1,234.50−": "-1234.5",
    "1\u202f234.50": "1234.5", "1\u2009234": "1234", "1\u00a0234.50": "1234.5", "12\u2007345": "12345",
    "\u202f5\u2009": "5", "$ 1,234": "1234", "12,34,567": "1234567",
}  # fmt: skip


@pytest.mark.parametrize("text", AMOUNTS)
def test_an_amount_as_people_write_it(text: str, tmp_path: Path) -> None:
    made = workbook(
        tmp_path, f'1,A,Won,"{text}",2024-01-13,2024-02-13',
        extra="    decimal_mark: '.'\n",
    )  # fmt: skip
    with (tmp_path / "workbook.yml").open("a") as settings:
        settings.write("declares: {credits: true}\n")
    made = open_workbook(tmp_path)
    assert [str(p) for p in made.problems] == []
    assert frame(made)["amount"][0] == float(AMOUNTS[text])


RATIOS = {
    # text, declared decimal mark: value
    ("45%", ""): "0.45", ("45 %", ""): "0.45", ("45,5 %", ""): "0.455", ("45.5%", ""): "0.455",
    ("45\u202f%", ""): "0.45", ("0,45", ""): "0.45", ("0.45", ""): "0.45", ("45", ""): "0.45",
    ("12.5", ","): "0.125", ("12,5", ","): "0.125", ("0,125", ""): "0.125", ("100%", "."): "1",
    ("0%", ""): "0",
}  # fmt: skip


@pytest.mark.parametrize(("text", "mark"), RATIOS)
def test_a_share_is_a_number_or_a_percentage(text: str, mark: str, tmp_path: Path) -> None:
    declared = f"    decimal_mark: '{mark}'\n" if mark else ""
    rows = f'1,A,Open,,2024-01-13,,"{text}"'
    made = workbook(tmp_path, rows, f"{HEAD},P", ", probability: P", declared)
    assert [str(p) for p in made.problems] == []
    assert frame(made)["probability"][0] == float(RATIOS[text, mark])


@pytest.mark.parametrize("text", ["4%5", "%45", "forty", "45%%"])
def test_what_is_no_share_is_an_error(text: str, tmp_path: Path) -> None:
    made = workbook(tmp_path, f"1,A,Open,,2024-01-13,,{text}", f"{HEAD},P", ", probability: P")
    assert [p.severity for p in made.problems] == ["error"]
    assert frame(made)["probability"].isna().all()


# --- stages ---------------------------------------------------------------------------------------------


def test_stages_are_known_without_regard_to_capitals_and_said(tmp_path: Path) -> None:
    stages = ("Won", "WON", " won ", "Won\u00a0", "lost")
    rows = "\n".join(f"{i},A,{stage},100,2024-01-13,2024-02-13" for i, stage in enumerate(stages))
    made = workbook(tmp_path, rows)
    assert sorted(frame(made)["stage"]) == ["Lost", "Won", "Won", "Won", "Won"]
    assert codes(made) == {"spelling"}


def test_stages_that_differ_by_a_capital_in_the_mapping_stay_apart(tmp_path: Path) -> None:
    workbook(tmp_path, "1,A,won,100,2024-01-13,2024-02-13\n2,A,Won,5,2024-01-13,2024-02-13")
    mapping = tmp_path / "mapping.yml"
    mapping.write_text(mapping.read_text().replace("Won: won", "Won: won, won: lost"))
    made = open_workbook(tmp_path)
    assert dict(zip(frame(made)["stage"], frame(made)["outcome"], strict=True)) == {
        "won": "lost",
        "Won": "won",
    }


@pytest.mark.parametrize("default", ["open", "lost"])
def test_a_stage_that_is_not_listed_has_the_default_outcome_and_is_said(default: str, tmp_path: Path) -> None:
    rows = "1,A,Won,100,2024-01-13,2024-02-13\n2,A,Demo,5,2024-01-13,\n3,A,Trial,5,2024-01-13,\n4,A,,5,,"
    made = workbook(tmp_path, rows, extra=f"    default_outcome: {default}\n")
    assert dict(zip(frame(made)["stage"], frame(made)["outcome"], strict=True)) == {
        "Won": "won", "Demo": default, "Trial": default
    }  # fmt: skip
    assert {"default-outcome", "missing-stage"} <= codes(made)
    assert "unknown-stage" in codes(workbook(tmp_path, rows))


# --- computed columns -----------------------------------------------------------------------------------

COMPUTED = {
    "coalesce(actual, estimated)": ("9", "20", "30"),
    "if(state = 1, actual, estimated)": ("9", "20", ""),
    "if(Active = false, 'lost', 'open')": ("open", "lost", "open"),
    "if(estimated >= 20 and Active = true, 'large', if(actual is null, 'none', 'small'))":
        ("small", "none", "small"),
    "concat(first, ' ', last)": ("Ann Lee", "Bo", ""),
    "concat('SO-', last)": ("SO-Lee", "", ""),
    "row_number()": ("2", "3", "4"),
    'coalesce(last, "Close Date")': ("Lee", "2024-02-14", "2024-03-31"),
    "month(`Close Date`)": ("2024-02", "2024-02", "2024-03"),
    "quarter(`Close Date`, 1)": ("2024-Q1", "2024-Q1", "2024-Q2"),
    "year(`Close Date`)": ("2024", "2024", "2024"),
}  # fmt: skip
TABLE = """id,actual,estimated,state,Active,first,last,Close Date
1,9,10,1,True,Ann,Lee,2024-02-13
2,,20,0,False,Bo,,2024-02-14
3,30,,2,True,,,2024-03-31
"""


@pytest.mark.parametrize("text", COMPUTED)
def test_a_column_is_computed_from_the_files_own(text: str, tmp_path: Path) -> None:
    mapping = f"""
tables:
  deals:
    file: d.csv
    columns: {{deal_id: id, owner_id: id, stage: id}}
    computed:
      source: >-
        {text}
    stages: {{'1': open, '2': open, '3': open}}
"""
    made = made_of(tmp_path, mapping, d=TABLE)
    assert tuple(frame(made)["source"].fillna("")) == COMPUTED[text]
    assert not codes(made) - {"missing-value", "inactive-deals"}  # Active stays unmapped in most


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("sum(amount)", "calls 'sum'"),
        ("coalesce(actual)", "takes 2 to 50"),
        ("if(state = 1, actual)", "'if' takes a condition"),
        ("concat(actual, nope)", "names 'nope'"),
        ("coalesce(nix, nope)", "names 'nix'"),
        ("month(state, 'x')", "whole number of days"),
        ("concat(first, last", "ends too soon"),
        ("first last", "complete before it"),
        ("", "is empty"),
    ],
)
def test_what_is_no_value_is_refused_with_its_place(text: str, why: str, tmp_path: Path) -> None:
    mapping = f"""
tables:
  deals:
    file: d.csv
    columns: {{deal_id: id, owner_id: id, stage: id}}
    computed: {{source: "{text}"}}
    stages: {{'1': open}}
"""
    with pytest.raises(SalesopsError) as caught:
        made_of(tmp_path, mapping, d=TABLE)
    (problem,) = caught.value.problems
    assert why in problem.message
    assert (problem.file, problem.row, problem.column) == ("mapping.yml", 6, "tables.deals.computed.source")


def test_a_cell_that_a_condition_cannot_judge_is_said(tmp_path: Path) -> None:
    mapping = """
tables:
  deals:
    file: d.csv
    columns: {deal_id: id, owner_id: id}
    computed: {stage: "if(first > 5, 'a', 'b')"}
    default_outcome: open
"""
    with pytest.raises(SalesopsError, match="Ann"):
        made_of(tmp_path, mapping, d=TABLE)


ODOO = """
tables:
  deals:
    file: d.csv
    columns: {deal_id: Id, owner_id: Owner, stage: Stage, amount: Amount, created_on: Created,
              closed_on: Closed}
    computed: {outcome: "if(Active = false, 'lost', none)"}
    stages: {New: open, Qualified: open, Won: won}
"""


@pytest.mark.parametrize("suffix", ["csv", "xlsx", "parquet", "database"])
def test_an_inactive_deal_is_lost_whatever_its_stage(suffix: str, tmp_path: Path) -> None:
    rows = "1,A,Won,100,2024-01-13,2024-02-13,True\n2,A,Qualified,50,2024-01-13,2024-02-14,False\n" \
        "3,A,New,20,2024-01-13,,True\n"  # fmt: skip
    made = made_of(tmp_path, ODOO, d=f"{HEAD},Active\n{rows}")
    put_into(tmp_path, suffix)
    made = open_workbook(tmp_path)
    assert sorted(frame(made)["outcome"]) == ["lost", "open", "won"]
    assert not [p for p in made.problems if p.severity == "error"]


def test_inactive_deals_that_the_mapping_does_not_look_at_are_a_warning(tmp_path: Path) -> None:
    rows = "1,A,Won,100,2024-01-13,2024-02-13,True\n2,A,Qualified,50,2024-01-13,,False\n" \
        "3,A,New,20,2024-01-13,,\n"  # fmt: skip
    mapping = ODOO.replace("    computed: {outcome: \"if(Active = false, 'lost', none)\"}\n", "")
    made = made_of(tmp_path, mapping, d=f"{HEAD},Active\n{rows}")
    (problem,) = made.problems
    assert (problem.code, problem.severity) == ("inactive-deals", "warning")
    assert "if(Active = false, 'lost', none)" in problem.fix
    assert not made_of(tmp_path, mapping, d=f"{HEAD},Active\n{rows.replace('False', 'True')}").problems


def put_into(folder: Path, suffix: str) -> None:
    """The deals of d.csv in another kind of source."""
    rows = pd.read_csv(folder / "data" / "d.csv")
    mapping = folder / "mapping.yml"
    if suffix == "xlsx":
        rows.to_excel(folder / "data" / "d.xlsx", index=False)
    if suffix == "parquet":
        rows.to_parquet(folder / "data" / "d.parquet")
    if suffix == "database":
        engine = create_engine(f"sqlite:///{folder / 'data' / 'd.sqlite'}")
        rows.to_sql("d", engine, index=False)
        engine.dispose()
        settings = folder / "workbook.yml"
        settings.write_text(settings.read_text().replace("source: data", "source: sqlite:///data/d.sqlite"))
        mapping.write_text(mapping.read_text().replace("file: d.csv", "table: d"))
    else:
        mapping.write_text(mapping.read_text().replace("d.csv", f"d.{suffix}"))


@pytest.mark.parametrize("suffix", ["csv", "xlsx", "parquet", "database"])
def test_currencies_deleted_rows_and_actual_values_come_by_every_route(suffix: str, tmp_path: Path) -> None:
    head = "Id,Owner,Stage,Amount,actual,Created,Closed,CurrencyIsoCode,IsDeleted"
    rows = "1,A,Won,100,90,2024-01-13,2024-02-13,USD,false\n" \
        "2,A,Won,100,80,2024-01-13,2024-02-14,EUR,false\n" \
        "3,A,Won,7,7,2024-01-13,2024-02-14,USD,true\n" \
        "4,A,Won,30,,2024-01-13,2024-02-14,USD,false\n"  # fmt: skip
    mapping = ODOO.replace("amount: Amount, ", "").replace(
        "outcome: \"if(Active = false, 'lost', none)\"", 'amount: "coalesce(actual, Amount)"'
    )
    with pytest.raises(SalesopsError, match="CurrencyIsoCode"):
        made_of(tmp_path, mapping, d=f"{head}\n{rows}")
    put_into(tmp_path, suffix)
    with pytest.raises(SalesopsError, match="CurrencyIsoCode"):
        open_workbook(tmp_path)
    path = tmp_path / "mapping.yml"
    path.write_text(path.read_text().replace("stage: Stage,", "stage: Stage, currency: CurrencyIsoCode,"))
    made = open_workbook(tmp_path)
    assert {"no-rate", "deleted-rows"} <= codes(made)
    assert float(frame(made)["amount"].sum()) == 120


# --- joined files ---------------------------------------------------------------------------------------

BY_JOIN = """
tables:
  deals:
    file: d.csv
    columns: {deal_id: Id, owner_id: Owner, stage: Stage, amount: Amount, created_on: Created,
              closed_on: Closed}
    stages: {Won: won}
    joins:
      - {file: more.csv, on: deal_id, columns: {deal_id: Id, currency: Cur}}
  fx_rates: {file: fx.csv}
"""
TWO = f"{HEAD}\n1,A,Won,100,2024-01-13,2024-02-13\n2,A,Won,10,2024-01-13,2024-02-14\n"


def test_a_currency_of_a_joined_file_converts_the_amounts(tmp_path: Path) -> None:
    fx = "currency,valid_from,rate\nEUR,2024-01-01,1.25\n"
    made = made_of(tmp_path, BY_JOIN, d=TWO, more="Id,Cur\n1,EUR\n2,US Dollar\n", fx=fx)
    assert sorted(frame(made)["amount"].astype(float)) == [10, 125]


def test_a_currency_column_of_a_joined_file_that_is_not_mapped_stops_the_sum(tmp_path: Path) -> None:
    mapping = BY_JOIN.replace("currency: Cur", "source: Src")
    with pytest.raises(SalesopsError, match=r"more\.csv, column Cur"):
        made_of(
            tmp_path, mapping, d=TWO, more="Id,Src,Cur\n1,x,EUR\n2,y,USD\n", fx="currency,valid_from,rate\n"
        )


def test_an_owner_of_a_joined_file_is_checked(tmp_path: Path) -> None:
    mapping = BY_JOIN.replace("owner_id: Owner, ", "").replace("currency: Cur", "owner_id: Who")
    mapping = mapping.replace("  fx_rates: {file: fx.csv}\n", PEOPLE)
    people = "id,name,role\nAna Pop,Ana Pop,rep\n"
    made = made_of(tmp_path, mapping, d=TWO, more="Id,Who\n1,ana pop\n2,Ghost\n", people=people)
    assert sorted(frame(made)["owner_id"]) == ["Ana Pop", "unassigned"]
    assert codes(made) == {"spelling", "unknown-rep"}


# --- layouts --------------------------------------------------------------------------------------------

GROUPED = """Owner,Stage,Amount,Created,Closed,Id
Ana Pop,Won,"$1,000.00",1/13/2024,2/13/2024,A1
,Won,"$2,000.00",1/14/2024,2/14/2024,A2
Subtotal,,"$3,000.00",,,
,Count,2,,,
Ben Ode,Lost,$500.00,1/15/2024,2/15/2024,A3
,Won,$700.00,1/16/2024,2/16/2024,A4
Subtotal,,"$1,200.00",,,
,Count,2,,,
Total,,"$4,200.00",,,
"""
PLAIN = """
tables:
  deals:
    file: d.csv
    columns: {deal_id: Id, owner_id: Owner, stage: Stage, amount: Amount, created_on: Created,
              closed_on: Closed}
    stages: {Open: open, Won: won, Lost: lost}
"""


@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
@pytest.mark.parametrize("declared", ["", "    fill: [Owner]\n"])
def test_a_grouped_report_is_filled_down_and_its_subtotals_are_no_deals(
    declared: str, suffix: str, tmp_path: Path
) -> None:
    made = made_of(tmp_path, PLAIN + declared, d=GROUPED)
    if suffix == "xlsx":
        put_into(tmp_path, suffix)
        made = open_workbook(tmp_path)
    won = frame(made).query("outcome == 'won'").groupby("owner_id")["amount"].sum()
    assert won.astype(float).to_dict() == {"Ana Pop": 3000, "Ben Ode": 700}
    assert {"subtotals-skipped", "filled-down", "footer-skipped"} <= codes(made)
    assert not [p for p in made.problems if p.severity == "error"]


TWICE_GROUPED = """Region,Owner,Stage,Amount,Created,Closed,Id
East,Ana Pop,Won,"$1,000.00",1/13/2024,2/13/2024,A1
,,Won,"$2,000.00",1/14/2024,2/14/2024,A2
,Subtotal,,"$3,000.00",,,
,Ben Ode,Lost,$5.00,1/15/2024,2/15/2024,A3
,,Won,$700.00,1/16/2024,2/16/2024,A4
,Subtotal,,$705.00,,,
Subtotal,,,"$3,705.00",,,
West,Ana Pop,Won,$40.00,1/13/2024,2/13/2024,A5
,Subtotal,,$40.00,,,
Subtotal,,,$40.00,,,
Total,,,"$3,745.00",,,
"""


@pytest.mark.parametrize("regions", ["", "loss_reason: Region, "])  # the outer group mapped, or not
def test_a_report_that_is_grouped_twice_is_filled_down_too(regions: str, tmp_path: Path) -> None:
    made = made_of(tmp_path, PLAIN.replace("{deal_id", f"{{{regions}deal_id"), d=TWICE_GROUPED)
    found = frame(made)
    won = found.query("outcome == 'won'").groupby("owner_id")["amount"].sum()
    assert won.astype(float).to_dict() == {"Ana Pop": 3040, "Ben Ode": 700}
    assert not [p for p in made.problems if p.severity == "error"]
    if regions:
        assert found.sort_values("deal_id")["loss_reason"].to_list() == [*["East"] * 4, "West"]


def test_an_owner_that_is_missing_without_groups_stays_missing(tmp_path: Path) -> None:
    rows = "\n".join(line for line in GROUPED.splitlines() if not line.startswith(("Subtotal", ",Count")))
    made = made_of(tmp_path, PLAIN, d=f"{rows}\n")
    assert [p.code for p in made.problems if p.severity == "error"] == ["missing-owner", "missing-owner"]


def test_a_deal_called_total_is_a_deal(tmp_path: Path) -> None:
    mapping = PLAIN.replace("{deal_id", "{name: Name, deal_id")
    made = made_of(tmp_path, mapping, d=f"{HEAD},Name\n1,A,Won,5,2024-01-13,2024-02-13,Total Energies\n")
    assert float(frame(made)["amount"].sum()) == 5


NO_ID = PLAIN.replace("deal_id: Id,", "name: Name, account_id: Account,")


def test_deals_without_an_id_get_one_of_what_does_not_change(tmp_path: Path) -> None:
    head = "Name,Account,Owner,Stage,Amount,Created,Closed"
    rows = ["Pump,Acme,A,Open,10,2024-01-13,", "Valve,Acme,A,Won,20,2024-01-13,2024-02-13",
            "Pump,Acme,A,Won,30,2024-01-13,2024-02-13",
            "Valve,Acme,A,Won,20,2024-01-13,2024-02-13"]  # fmt: skip
    made = made_of(tmp_path, NO_ID, d="\n".join([head, *rows]))
    first = frame(made).set_index("amount")["deal_id"]
    assert float(frame(made)["amount"].sum()) == 60  # the copy counts once, both pumps count
    assert {"ids-made", "identical-copies"} <= codes(made)
    later = [rows[2], rows[1].replace("Won,20", "Lost,25"), rows[0]]
    changed = frame(made_of(tmp_path, NO_ID, d="\n".join([head, *later]))).set_index("amount")["deal_id"]
    assert first[20] == changed[25]
    assert (first[10], first[30]) == (changed[10], changed[30])


def test_without_a_name_no_id_is_made(tmp_path: Path) -> None:
    with pytest.raises(SalesopsError, match="deal_id"):
        made_of(tmp_path, PLAIN.replace("deal_id: Id, ", ""), d=TWO)


@pytest.mark.parametrize("file", ["export*.csv", "months", "months/*.csv"])
def test_monthly_exports_are_one_table_with_the_newest_of_each_id(file: str, tmp_path: Path) -> None:
    where = tmp_path / "data" / ("months" if "months" in file else "")
    where.mkdir(parents=True)
    months = {
        "export-9": "1,A,Open,5,2024-01-13,\n2,A,Won,10,2024-01-13,2024-02-13",
        "export-10": "1,A,Won,7,2024-01-13,2024-03-13\n3,A,Lost,1,2024-01-13,2024-03-14",
    }
    for name, rows in months.items():
        (where / f"{name}.csv").write_text(f"{HEAD}\n{rows}\n")
    made = made_of(tmp_path, PLAIN.replace("d.csv", file))
    deals = frame(made).set_index("deal_id")
    assert deals["outcome"].to_dict() == {"1": "won", "2": "won", "3": "lost"}
    assert float(deals["amount"].sum()) == 18
    assert codes(made) == {"older-copies"}


def test_the_newest_row_is_that_of_the_latest_moment_where_a_column_dates_it(tmp_path: Path) -> None:
    rows = "1,A,Won,7,2024-01-13,2024-03-13,2024-03-13 10:00\n1,A,Open,5,2024-01-13,,2024-02-01T08:00:00Z\n"
    made = made_of(tmp_path, PLAIN + "    newest: Modified\n", d=f"{HEAD},Modified\n{rows}")
    assert frame(made)["outcome"].to_list() == ["won"]
    with pytest.raises(SalesopsError, match="no moment"):
        made_of(
            tmp_path,
            PLAIN + "    newest: Modified\n",
            d=f"{HEAD},Modified\n{rows.replace('2024-02-01T08', 'x')}",
        )


def test_a_file_whose_name_is_a_pattern_is_that_file(tmp_path: Path) -> None:
    made_of(tmp_path, PLAIN, d=TWO)
    (tmp_path / "data" / "d[1].csv").write_text(f"{HEAD}\n9,A,Won,3,2024-01-13,2024-02-13\n")
    (tmp_path / "data" / "d1.csv").write_text(TWO)
    (tmp_path / "mapping.yml").write_text(PLAIN.replace("d.csv", "'d[1].csv'"))
    assert frame(open_workbook(tmp_path))["deal_id"].to_list() == ["9"]


@pytest.mark.parametrize("pattern", ["../*.csv", "/etc/*.csv", "none*.csv", "[", "**"])
def test_a_pattern_stays_in_the_sources_folder_and_one_of_no_file_is_said(
    pattern: str, tmp_path: Path
) -> None:
    (tmp_path / "out.csv").write_text(TWO)
    with pytest.raises(SalesopsError):
        made_of(tmp_path, PLAIN.replace("d.csv", f"'{pattern}'"))


def test_a_file_without_a_header_takes_the_mappings_names(tmp_path: Path) -> None:
    names = "    column_names: [Id, Owner, Stage, Amount, Created, Closed]\n"
    made = made_of(tmp_path, PLAIN + names, d=TWO.partition("\n")[2])
    assert float(frame(made)["amount"].sum()) == 110
    put_into(tmp_path, "xlsx")
    with pytest.raises(SalesopsError, match="names 5 columns, and the file has 6"):
        made_of(tmp_path, PLAIN + names.replace("Id, ", ""), d=TWO.partition("\n")[2])


QUOTES = {
    # a broken row: what the row below it adds
    "opened and not closed": '2,"A,Won,10,2024-01-13,2024-02-13',
    "a quote within": '2,"A "best" rep",Won,10,2024-01-13,2024-02-13',
    "a lone quote at the end": '2,A,Won,10,2024-01-13,"',
    "an inch": '2,"12" pump",Won,10,2024-01-13,2024-02-13',
}


@pytest.mark.parametrize("quoted_below", [False, True])
@pytest.mark.parametrize("case", QUOTES)
def test_a_quote_that_does_not_close_costs_its_own_row(case: str, quoted_below: bool, tmp_path: Path) -> None:
    name = '"A, B"' if quoted_below else "A"
    rows = [f"1,{name},Won,100,2024-01-13,2024-02-13", QUOTES[case]]
    rows += [f"{i},{name},Won,1000,2024-01-13,2024-02-13" for i in range(3, 9)]
    made = made_of(tmp_path, PLAIN, d="\n".join([HEAD, *rows]) + "\n")
    assert float(frame(made)["amount"].sum()) == 6100
    (problem,) = [p for p in made.problems if p.severity == "error"]
    assert (problem.code, problem.row) == ("broken-quotes", 3)


def test_a_text_over_several_lines_is_one_cell(tmp_path: Path) -> None:
    made = made_of(
        tmp_path, PLAIN, d=f'{HEAD}\n1,"A\nB",Won,5,2024-01-13,2024-02-13\n2,C,Won,1,2024-01-13,2024-02-13\n'
    )
    assert set(frame(made)["owner_id"]) == {"A\nB", "C"}


# --- targets --------------------------------------------------------------------------------------------

TARGETS = """
  targets:
    file: t.csv
    columns: {level: level, who: who, period: period, value: value}
    constants: {metric: bookings}
  people: {file: people.csv, columns: {person_id: id, name: name, role: role, team: team}}
"""
STAFF = "id,name,role,team\nA,A,rep,North\nB,B,rep,North\nC,C,rep,South\n"


def targets(made: Workbook) -> dict[tuple[str, str, str], float]:
    rows = frame(made, "targets")
    keys = zip(rows["level"], rows["who"], rows["period"], strict=True)
    return dict(zip(keys, rows["value"].astype(float), strict=True))


def test_targets_of_reps_alone_are_summed_for_teams_and_the_company_and_said(tmp_path: Path) -> None:
    rows = "level,who,period,value\nrep,A,2024-Q1,10\nrep,B,2024-Q1,20\nrep,C,2024-Q1,5.5\nrep,A,2024-Q2,1\n"
    made = made_of(tmp_path, PLAIN + TARGETS, d=TWO, people=STAFF, t=rows)
    found = {key: value for key, value in targets(made).items() if key[0] != "rep"}
    assert found == {
        ("team", "North", "2024-Q1"): 30, ("team", "South", "2024-Q1"): 5.5, ("team", "North", "2024-Q2"): 1,
        ("company", "company", "2024-Q1"): 35.5, ("company", "company", "2024-Q2"): 1,
    }  # fmt: skip
    assert codes(made) == {"targets-summed"}


def test_a_level_that_has_targets_keeps_them(tmp_path: Path) -> None:
    rows = "level,who,period,value\nrep,A,2024-Q1,10\nteam,North,2024-Q1,20\ncompany,company,2024,90\n"
    made = made_of(tmp_path, PLAIN + TARGETS, d=TWO, people=STAFF, t=rows)
    assert len(targets(made)) == 3
    assert not codes(made)


def test_a_rep_without_a_team_leaves_the_teams_without_a_sum_and_it_is_said(tmp_path: Path) -> None:
    rows = "level,who,period,value\nrep,A,2024-Q1,10\nrep,B,2024-Q1,20\n"
    made = made_of(
        tmp_path, PLAIN + TARGETS, d=TWO, people=STAFF.replace("B,B,rep,North", "B,B,rep,"), t=rows
    )
    assert targets(made)["company", "company", "2024-Q1"] == 30
    assert not [key for key in targets(made) if key[0] == "team"]
    assert codes(made) == {"targets-summed", "targets-not-summed"}


# --- a fault in many rows -------------------------------------------------------------------------------

FLOODS = {
    # what stands in the amount of deal i: the code, and what to do
    "one word": (lambda i: "offen", "bad-number", "blanks: ['offen']"),
    "many words": (lambda i: f"about {i}", "bad-number", "1234.56"),
    "dates": (lambda i: "2024-01-01T", "bad-number", "blanks: ['2024-01-01T']"),
}


@pytest.mark.parametrize("case", FLOODS)
def test_a_flood_of_one_fault_is_one_finding_with_its_count_and_three_examples(
    case: str, tmp_path: Path
) -> None:
    cell, code, fix = FLOODS[case]
    rows = "\n".join(f"{i},A,Won,{cell(i)},2024-01-13,2024-02-13" for i in range(1, 26))
    (problem,) = workbook(
        tmp_path, f"{rows}\n99,A,Won,5,2024-01-13,2024-02-13\n98,A,Lost,,2024-01-13,2024-02-13"
    ).problems
    assert (problem.code, problem.row) == (code, 2)
    assert "25 rows have this fault; the next are 3 (" in problem.message
    assert fix in problem.fix
    made = open_workbook(tmp_path)
    assert sum(s.count for s in made.set_aside) == 25
    assert len(made.rejects) == 25


def test_the_sum_of_a_flood_is_that_of_its_rows(tmp_path: Path) -> None:
    rows = "\n".join(f"{i},,Won,{i}.50,2024-01-13,2024-02-13" for i in range(1, 31))
    (problem,) = workbook(tmp_path, f"{rows}\n99,A,Lost,,2024-01-13,2024-02-13").problems
    assert (problem.code, problem.amount) == ("missing-owner", 480)
