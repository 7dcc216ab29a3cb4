"""A small sound workbook, to which each case of bad input does one harm."""

from __future__ import annotations

from pathlib import Path

WORKBOOK = "company: Small\ncurrency: USD\nsource: data\n"
MAPPING = """\
tables:
  deals:
    file: deals.csv
    columns: {deal_id: id, owner_id: rep, account_id: account, product_id: product, stage: stage,
              amount: value, created_on: created, closed_on: closed}
    stages: {Open: open, Won: won, Lost: lost}
  people:
    file: people.csv
    columns: {person_id: id, name: name, role: role, manager_id: manager}
  products:
    file: products.csv
    columns: {product_id: id, name: name, list_price: price}
  accounts:
    file: accounts.csv
    columns: {account_id: id, name: name}
"""
DEALS = """\
id,rep,account,product,stage,value,created,closed
D1,Ann,Acme,Pump,Won,100,2017-01-02,2017-03-01
D2,Bob,Acme,Valve,Lost,0,2017-01-03,2017-03-02
D3,Ann,Bell,Pump,Open,,2017-02-04,
D4,Bob,Bell,Pump,Won,250.50,2017-02-05,2017-04-13
"""
FILES = {
    "workbook.yml": WORKBOOK,
    "mapping.yml": MAPPING,
    "data/deals.csv": DEALS,
    "data/people.csv": "id,name,role,manager\nAnn,Ann,rep,Cid\nBob,Bob,rep,Cid\nCid,Cid,manager,\n",
    "data/products.csv": "id,name,price\nPump,Pump,120\nValve,Valve,80\n",
    "data/accounts.csv": "id,name\nAcme,Acme\nBell,Bell\n",
}


def write(folder: Path, changes: dict[str, str | bytes | None]) -> Path:
    """The small workbook with the changes: a file's new contents, or ``None`` to leave it out."""
    for name, contents in {**FILES, **changes}.items():
        if contents is None:
            continue
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(contents if isinstance(contents, bytes) else contents.encode())
    return folder


def deals(*rows: str) -> dict[str, str | bytes | None]:
    """The deals with further rows, the first of which is row 6."""
    return {"data/deals.csv": DEALS + "".join(f"{row}\n" for row in rows)}


def mapped(old: str, new: str) -> dict[str, str | bytes | None]:
    """The mapping with one passage changed."""
    assert old in MAPPING
    return {"mapping.yml": MAPPING.replace(old, new)}


def settings(more: str) -> dict[str, str | bytes | None]:
    """The workbook.yml with further lines."""
    return {"workbook.yml": WORKBOOK + more}
