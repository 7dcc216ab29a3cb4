# ruff: noqa: E501 - a case to a line
"""Malformed inputs: what each changes in the small workbook. What is said of each is in expected.yml."""

from __future__ import annotations

from small import DEALS, FILES, WORKBOOK, deals, mapped, settings

Changes = dict[str, str | bytes | None]


def with_currencies(*codes: str) -> Changes:
    """The deals with a currency column that holds these codes."""
    lines = [f"{line},{cell}" for line, cell in zip(DEALS.splitlines(), ["currency", *codes], strict=True)]
    return {
        **mapped("amount: value,", "amount: value, currency: currency,"),
        "data/deals.csv": "\n".join(lines) + "\n",
    }


def instead(contents: str | bytes | None) -> Changes:
    """Other contents for the deals."""
    return {"data/deals.csv": contents}


STAGES_BY_DAY = """\
deal,stage,at
D1,Open,2017-01-02 09:00:00
D1,Demo,2017-01-20 09:00:00
D1,Won,2017-03-01 12:00:00
D2,Open,2017-01-03 09:00:00
D2,Lost,2017-03-02 12:00:00
D3,Open,2017-02-04 09:00:00
D4,Open,2017-02-05 09:00:00
D4,Demo,2017-03-05 09:00:00
D4,Won,2017-04-13 12:00:00
"""


def history(*rows: str, but: str = "", contents: str = STAGES_BY_DAY) -> Changes:
    """A history of stages, without the rows that begin with `but` and with further ones."""
    lines = [line for line in contents.splitlines() if not but or not line.startswith(but)]
    stages = mapped(
        "stages: {Open: open, Won: won, Lost: lost}", "stages: {Open: open, Demo: open, Won: won, Lost: lost}"
    )
    return {
        "data/stages.csv": "\n".join([*lines, *rows]) + "\n",
        "mapping.yml": stages["mapping.yml"]
        + "  stage_history:\n    file: stages.csv\n    columns: {deal_id: deal, stage: stage, entered_at: at}\n",
    }


HEADER = "id,rep,account,product,stage,value,created,closed"
CASES: dict[str, Changes] = {
    "sound": {},
    "unknown rep": deals("D5,Zoe,Acme,Pump,Won,10,2017-01-02,2017-03-05"),
    "near rep": deals("D5,Anne,Acme,Pump,Won,10,2017-01-02,2017-03-05"),
    "unknown product": deals(
        "D5,Ann,Acme,Pumpe,Won,10,2017-01-02,2017-03-05", "D6,Ann,Acme,Pumpe,Won,10,2017-01-02,2017-03-05"
    ),
    "unknown account": deals("D5,Ann,Nowhere,Pump,Won,10,2017-01-02,2017-03-05"),
    "no owner": deals("D5,,Acme,Pump,Won,10,2017-01-02,2017-03-05"),
    "dup differ": deals("D1,Ann,Acme,Pump,Won,110,2017-01-02,2017-03-01"),
    "dup same": deals("D1,Ann,Acme,Pump,Won,100,2017-01-02,2017-03-01"),
    "no id": deals(",Ann,Acme,Pump,Won,110,2017-01-02,2017-03-01"),
    "backwards": deals("D5,Ann,Acme,Pump,Won,10,2017-03-02,2017-03-01"),
    "negative": deals("D5,Ann,Acme,Pump,Won,-10,2017-01-02,2017-03-01"),
    "negative ok": {
        **deals("D5,Ann,Acme,Pump,Won,-10,2017-01-02,2017-03-01"),
        **settings("declares: {credits: true}\n"),
    },
    "bad number": deals("D5,Ann,Acme,Pump,Won,ten,2017-01-02,2017-03-01"),
    "percent": deals("D5,Ann,Acme,Pump,Won,10%,2017-01-02,2017-03-01"),
    "bad date": deals("D5,Ann,Acme,Pump,Won,10,2017-02-30,2017-03-01"),
    "serial date": deals("D5,Ann,Acme,Pump,Won,10,42795,2017-03-01"),
    "unknown stage": deals("D5,Ann,Acme,Pump,Pending,10,2017-01-02,2017-03-01"),
    "blank stage": deals("D5,Ann,Acme,Pump,,10,2017-01-02,2017-03-01"),
    "won no close": deals("D5,Ann,Acme,Pump,Won,10,2017-01-02,"),
    "lost no close": deals("D5,Ann,Acme,Pump,Lost,0,2017-01-02,"),
    "won no amount": deals("D5,Ann,Acme,Pump,Won,,2017-01-02,2017-03-01"),
    "open closed": deals("D5,Ann,Acme,Pump,Open,,2017-01-02,2017-03-01"),
    "closed no created": deals("D5,Ann,Acme,Pump,Won,10,,2017-03-01"),
    "future declared": {
        **deals("D5,Ann,Acme,Pump,Won,10,2017-01-02,2017-06-01"),
        **settings("data_through: 2017-04-30\n"),
    },
    "future leap": deals(
        *[f"E{i},Ann,Acme,Pump,Won,10,2017-01-02,2017-03-{i:02d}" for i in range(1, 21)],
        "D5,Ann,Acme,Pump,Won,10,2017-01-02,2071-06-01",
    ),
    "wide row": deals("D5,Ann,Acme,Pump,Won,1,000,2017-01-02,2017-03-01"),
    "short row": deals("D5,Ann,Acme"),
    "quote": deals('D5,"Ann,Acme,Pump,Won,10,2017-01-02,2017-03-01'),
    "nul": deals("D5,A\0nn,Acme,Pump,Won,10,2017-01-02,2017-03-01"),
    "empty": instead(""),
    "bom only": instead(b"\xef\xbb\xbf\n"),
    "header only": instead(HEADER + "\n"),
    "missing": instead(None),
    "missing col": instead(DEALS.replace("value", "valeu", 1)),
    "dup header mapped": instead(DEALS.replace("product", "account", 1)),
    "case header": instead(DEALS.replace("value", "Value ", 1)),
    "ambiguous dates": instead(DEALS.replace("2017-01-02", "02/01/2017").replace("2017-01-03", "03/01/2017")),
    "mixed dates": instead(DEALS.replace("2017-01-02", "13/01/2017").replace("2017-01-03", "01/13/2017")),
    "dmy detected": instead(DEALS.replace("2017-01-02", "31/01/2017").replace("2017-01-03", "03/01/2017")),
    "mixed numbers": deals('D5,Ann,Acme,Pump,Won,"1.234,50",2017-01-02,2017-03-01'),
    "ambig numbers": instead(DEALS.replace(",100,", ',"1,234",').replace("250.50", '"2,500"')),
    "semicolon german": instead(DEALS.replace(",", ";").replace("250.50", "1.250,50")),
    "cp1252": instead(DEALS.replace("Acme", "Müller").encode("cp1252")),
    "mixed enc": instead(
        DEALS.replace("Acme", "Müller").encode()
        + "D5,Ann,Bäll,Pump,Won,10,2017-01-02,2017-03-01\n".encode("cp1252")
    ),
    "declared enc": {
        **instead(DEALS.replace("Acme", "Müller").encode("cp1252")),
        **mapped("file: deals.csv", "file: deals.csv\n    encoding: utf-8"),
    },
    "unknown enc": {
        **instead(DEALS.replace("Acme", "Müller").encode("cp1252")),
        **mapped("file: deals.csv", "file: deals.csv\n    encoding: klingon"),
    },
    "utf16": instead(DEALS.encode("utf-16")),
    "currency no rate": with_currencies("EUR", "USD", "USD", "USD"),
    "currency blank": with_currencies("", "USD", "USD", "USD"),
    "sign": instead(DEALS.replace("250.50", "€250.50")),
    "price neg": {"data/products.csv": "id,name,price\nPump,Pump,-120\nValve,Valve,80\n"},
    "cycle": {
        "data/people.csv": "id,name,role,manager\nAnn,Ann,rep,Cid\nBob,Bob,rep,Ann\nCid,Cid,manager,Bob\n"
    },
    "overlap": {
        "data/people.csv": "id,name,role,manager,from,to\nAnn,Ann,rep,Cid,2016-01-01,2017-06-01\nAnn,Ann,rep,Bob,2017-05-01,\nBob,Bob,rep,Cid,2016-01-01,\nCid,Cid,manager,,2016-01-01,\n",
        **mapped("manager_id: manager}", "manager_id: manager, valid_from: from, valid_to: to}"),
    },
    "backward period": {
        "data/people.csv": "id,name,role,manager,from,to\nAnn,Ann,rep,Cid,2017-01-01,2016-06-01\nBob,Bob,rep,Cid,2016-01-01,\nCid,Cid,manager,,2016-01-01,\n",
        **mapped("manager_id: manager}", "manager_id: manager, valid_from: from, valid_to: to}"),
    },
    "control": settings("controls:\n  - {period: 2017-Q1, count: 2, sum: 100.5}\n"),
    "bad control": settings("controls:\n  - {period: 2017-Q5, count: 2}\n"),
    "unknown key": settings("colour: red\n"),
    "bad cur": {"workbook.yml": "company: S\ncurrency: dollars\n"},
    "bad currency": {"workbook.yml": "company: S\ncurrency: XQZ\n"},
    "no company": {"workbook.yml": "currency: USD\n"},
    "yaml": settings("fiscal_year: {start_month: [\n"),
    "month": settings("fiscal_year: {start_month: 13}\n"),
    "holiday": settings("working_days: {holidays: [2017-02-30]}\n"),
    "weekday": settings("working_days: {weekend: [sonday]}\n"),
    "no working day": settings(
        "working_days: {weekend: [monday, tuesday, wednesday, thursday, friday, saturday, sunday]}\n"
    ),
    "tz": settings("time_zone: Mars/Base\n"),
    "locale": settings("locale: xx_YY\n"),
    "no wb": {"workbook.yml": None},
    "no mapping": {"mapping.yml": None},
    "unknown table": mapped("  accounts:", "  acounts:"),
    "unmapped required": mapped("deal_id: id, ", ""),
    "no outcome": mapped("    stages: {Open: open, Won: won, Lost: lost}\n", ""),
    "bad outcome": mapped("Won: won", "Won: victory"),
    "dup yaml key": mapped("    file: people.csv", "    file: people.csv\n    file: people.csv"),
    "unknown values col": mapped("file: people.csv", "file: people.csv\n    values: {team: {a: b}}"),
    "format": {**instead(None), "data/deals.pdf": "x", **mapped("file: deals.csv", "file: deals.pdf")},
    "bad xlsx": {**instead(None), "data/deals.xlsx": "x", **mapped("file: deals.csv", "file: deals.xlsx")},
    "bad parquet": {
        **instead(None),
        "data/deals.parquet": "x",
        **mapped("file: deals.csv", "file: deals.parquet"),
    },
    "bad duckdb": {"data/x.duckdb": "notadb" * 100, **mapped("file: deals.csv", "source: data/x.duckdb")},
    "env": mapped("file: deals.csv", "source: '${NO_SUCH_VARIABLE}'"),
    "no sqlite": mapped("file: deals.csv", "source: sqlite:///none.db"),
    "title rows": instead("Sales report\n\n" + DEALS),
    "totals": instead(DEALS + "Total,,,,,350.5,,\n"),
    "blank line": instead(
        DEALS.replace("\nD3", "\n\nD3") + "D5,Zoe,Acme,Pump,Won,10,2017-01-02,2017-03-05\n"
    ),
    "nocols": instead(DEALS.replace(",", "~")),
    "html": instead("<html><body>Please log in</body></html>"),
    "overflow": deals("D5,Ann,Acme,Pump,Won,99999999999999999999,2017-01-02,2017-03-01"),
    "5 decimals": deals("D5,Ann,Acme,Pump,Won,1.123456,2017-01-02,2017-03-01"),
    "two errors": {**deals("D5,Zoe,Acme,Pump,Won,ten,2017-01-02,2017-03-05"), "data/products.csv": None},
    "formula error": deals("D5,Ann,Acme,Pump,Won,#REF!,2017-01-02,2017-03-01"),
    "rate too late": {
        **with_currencies("EUR", "USD", "USD", "USD"),
        "data/fx.csv": "currency,valid_from,rate\nEUR,2017-04-01,1.1\n",
        "mapping.yml": mapped("amount: value,", "amount: value, currency: currency,")["mapping.yml"]
        + "  fx_rates:\n    file: fx.csv\n",
    },
    "bad rate": {
        "data/fx.csv": "currency,valid_from,rate\nEUR,2017-04-01,one\n",
        "mapping.yml": mapped("file: deals.csv", "file: deals.csv")["mapping.yml"]
        + "  fx_rates:\n    file: fx.csv\n",
    },
    "manager unknown product blank line feed": deals('D5,Ann,Acme,"Pu\nmp",Won,10,2017-01-02,2017-03-05'),
    "doubled column of a joined file": {
        "data/more.csv": "id,name\nAnn,Anna\n",
        **mapped(
            "name: name, role: role, manager_id: manager}",
            "name: name, role: role, manager_id: manager}\n    joins:\n      - {file: more.csv, on: person_id, columns: {person_id: id, name: name}}",
        ),
    },
    "joined file without its key": {
        "data/more.csv": "who,fte\nAnn,1\n",
        **mapped(
            "role: role, manager_id: manager}",
            "role: role, manager_id: manager}\n    joins:\n      - {file: more.csv, on: person_id, columns: {fte: fte}}",
        ),
    },
    "joined file with doubles": {
        "data/more.csv": "id,fte\nAnn,1\nAnn,0.5\n",
        **mapped(
            "role: role, manager_id: manager}",
            "role: role, manager_id: manager}\n    joins:\n      - {file: more.csv, on: person_id, columns: {person_id: id, fte: fte}}",
        ),
    },
    "bad target level": {
        "data/targets.csv": "level,who,metric,period,value\nplanet,Ann,bookings,2017,5\n",
        "mapping.yml": mapped("file: deals.csv", "file: deals.csv")["mapping.yml"]
        + "  targets:\n    file: targets.csv\n",
    },
    "missing sheet": {
        **instead(None),
        "data/deals.ods": "x",
        **mapped("file: deals.csv", "file: deals.ods\n    sheet: None"),
    },
    "header row beyond": {**mapped("file: deals.csv", "file: deals.csv\n    header_row: 90")},
    "contraction of a new deal": {
        **settings("declares: {contractions: true}\n"),
        **mapped("amount: value,", "amount: value, deal_type: type,"),
        "data/deals.csv": "id,rep,account,product,stage,value,created,closed,type\nD1,Ann,Acme,Pump,Won,-5,2017-01-02,2017-03-01,new\nD2,Ann,Acme,Pump,Won,-5,2017-01-02,2017-03-01,renewal\n",
    },
    "doubled person": {"data/people.csv": FILES["data/people.csv"] + "Ann,Anna,rep,Cid\n"},
    "mapping is a list": {"mapping.yml": "- a\n"},
    "workbook.yml is empty": {"workbook.yml": ""},
    "filter": mapped("file: deals.csv", "file: deals.csv\n    where: stage <> 'Lost'"),
    "filter of no column": mapped("file: deals.csv", "file: deals.csv\n    where: nope = 1"),
    "stage in another case": deals("D5,Ann,Acme,Pump,won,10,2017-01-02,2017-03-05"),
    "source is no folder": {"workbook.yml": WORKBOOK.replace("source: data", "source: nowhere")},
    "n/a for an amount": {"data/deals.csv": DEALS.replace("Open,,", "Open,n/a,")},
    "Polish": {"data/deals.csv": DEALS.replace("Acme", "Łódź Žižka").encode("cp1250")},
}

# read by the process review as well, whose notes follow what is said of the files
HISTORIES: dict[str, Changes] = {
    "history: sound": history(),
    "history: unknown stage": history("D3,Limbo,2017-03-10 09:00:00"),
    "history: rows out of order": history(
        contents="\n".join([STAGES_BY_DAY.splitlines()[0], *STAGES_BY_DAY.splitlines()[:0:-1]])
    ),
    "history: before creation": history("D4,Demo,2017-01-20 09:00:00"),
    "history: after closing": history("D1,Demo,2017-03-20 09:00:00"),
    "history: two at one instant": history("D1,Open,2017-01-20 09:00:00"),
    "history: same stage again": history("D3,Open,2017-03-20 09:00:00"),
    "history: no time": history("D3,Demo,soon"),
    "history: no stage": history("D3,,2017-03-10 09:00:00"),
    "history: unknown deal": history("D9,Demo,2017-03-10 09:00:00"),
    "history: a deal without": history(but="D2"),
    "history: no closing row": history(but="D1,Won"),
    "history: open though closed": history("D3,Lost,2017-03-20 09:00:00"),
    "history: begins later": history(but="D4,Open"),
    "history: header only": history(contents="deal,stage,at"),
    "history: none": {},
}
CASES |= HISTORIES
