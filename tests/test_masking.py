"""No password, token or key is left in what is told of an address or an error, whatever their form."""

from __future__ import annotations

import socket
from itertools import pairwise
from urllib.parse import quote, quote_plus

import pytest

from salesops_nb.core.masking import masked, reason
from salesops_nb.errors import SalesopsError
from salesops_nb.source.files.databases import read_database
from salesops_nb.source.opened import open_workbook
from salesops_nb.source.schema.mapping import FileMapping
from salesops_nb.store.database import open_store, try_store
from salesops_nb.workbook import Settings

HUSH = "Hu5h&Sec=ret"
CODED, PLUS = quote(HUSH, safe=""), quote_plus(HUSH)
ADDRESSES = {
    "postgresql": f"postgresql://ana:{CODED}@db.example.com:5432/sales",
    "driver": f"postgresql+psycopg2://ana:{CODED}@db.example.com/sales",
    "mysql": f"mysql+pymysql://ana:{CODED}@db.example.com/sales?charset=utf8mb4",
    "oracle": f"oracle+oracledb://ana:{CODED}@db.example.com:1521/?service_name=sales",
    "raw": "postgresql://ana:Hu5h@Sec/ret:more@db.example.com/sales",
    "password": f"redshift://db.example.com/sales?user=ana&password={CODED}",
    "pwd": f"mssql+pyodbc://db.example.com/sales?uid=ana&pwd={CODED}&driver=x",
    "token": f"databricks://db.example.com?access_token={CODED}&http_path=x",
    "api key": f"clickhouse://db.example.com?api_key={CODED}",
    "sslpassword": f"postgresql://ana@db.example.com/sales?sslpassword={CODED}&sslmode=require",
    "keyfile": f"snowflake://ana@account/sales?private_key_file={CODED}&warehouse=w",
    "ODBC": f"mssql+pyodbc:///?odbc_connect={quote_plus('DRIVER={x};UID=ana;PWD={' + HUSH + '};')}",
    "ODBC bare": f"mssql+pyodbc:///?odbc_connect={quote_plus('DRIVER={x};UID=ana;PWD=Hu5hSecret;')}",
    "ODBC plain": "DRIVER={ODBC 18};SERVER=db.example.com;UID=ana;Password={Hu5h;Secret};DATABASE=sales",
    "DSN": "host=db.example.com user=ana password='Hu5h Secret' dbname=sales",
    "one slash": f"postgresql:/ana:{CODED}@db.example.com/sales",
    "upper case": f"POSTGRESQL://ana:{CODED}@db.example.com/sales",
}
LEFT = ("Hu5h", "Sec=ret", "Sec/ret", "Secret", "Sec%3Dret", "ret:more")


@pytest.mark.parametrize("kind", ADDRESSES)
@pytest.mark.parametrize(
    "error",
    [
        "{address}",
        "could not connect to '{address}'",
        'Traceback: create_engine("{address}")\nOperationalError: {address}',
        "({address!r},)",
    ],
)
def test_an_address_is_told_without_its_secret(kind: str, error: str) -> None:
    told = masked(error.format(address=ADDRESSES[kind]))
    assert not [part for part in LEFT if part in told]
    assert "***" in told
    assert "ana" in told or "user" not in ADDRESSES[kind]


@pytest.mark.parametrize("form", [HUSH, CODED, PLUS, quote(HUSH), repr(HUSH), f"b'{HUSH}'"])
def test_a_driver_repeats_the_password_in_any_form(form: str) -> None:
    told = masked(f"login failed for ana with {form} at db", ADDRESSES["postgresql"])
    assert not [part for part in LEFT if part in told]


@pytest.mark.parametrize("part", ["Sec/ret", "Sec", "Sec/ret:more", "ret:more", "more@db"])
def test_parts_of_a_password_that_was_read_wrongly_are_masked_too(part: str) -> None:
    told = masked(f"cannot resolve host {part!r}", ADDRESSES["raw"])
    assert part == "Sec" or part not in told


@pytest.mark.parametrize(
    "name", ["SALESOPS_SMTP_PASSWORD", "API_TOKEN", "AWS_SECRET_ACCESS_KEY", "STORE_URL"]
)
def test_secrets_of_the_environment_are_masked(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, ADDRESSES["postgresql"] if name == "STORE_URL" else HUSH)
    assert masked(f"535 bad login {HUSH}") == "535 bad login ***"


@pytest.mark.parametrize(
    "text",
    [
        "No quota for p2. Add it to targets.",
        "password authentication failed for user 'ana'",
        "unexpected token: end",
        "The period 2017-Q4: 12:30 of ana@example.com",
        "KeyError: 'DATABASE_URL'",
        "",
    ],
)
def test_other_words_stay(text: str) -> None:
    assert masked(text) == text


CLOSED = "127.0.0.1:1"  # nobody listens there: the driver's own error


@pytest.mark.parametrize(
    "address",
    [
        f"postgresql://ana:{CODED}@{CLOSED}/sales",
        f"postgresql://ana:{CODED}@{CLOSED}/sales?password={CODED}",
        "postgresql://ana:Hu5h@Sec/ret:more@127.0.0.1:1/sales",
        f"postgresql://ana:{CODED}@{CLOSED}/sales?sslpassword={CODED}",
        f"postgresql://ana:{CODED}@{CLOSED}/sales?odd=1",
        "postgresql://ana:Hu5h@S/Secret%y@127.0.0.1:1/sales",
        f"postgresql+nosuch://ana:{CODED}@{CLOSED}/sales",
        f"postgresql+psycopg2cffi://ana:{CODED}@{CLOSED}/sales",
        f"nosuch://ana:{CODED}@{CLOSED}/sales",
        f"mysql://ana:{CODED}@{CLOSED}/sales",
        ADDRESSES["ODBC"],
        ADDRESSES["ODBC plain"],
    ],
)
@pytest.mark.parametrize("what", ["store", "try", "source"])
def test_what_a_real_driver_says_of_an_address_has_no_secret(address, what, tmp_path) -> None:
    settings = Settings(company="A", currency="USD")
    given = (None, address, tmp_path, FileMapping(), "deals", "deals", settings)
    calls = {
        "store": lambda: open_store(address),
        "try": lambda: try_store(address),
        "source": lambda: read_database(*given),
    }
    with pytest.raises(SalesopsError) as caught:
        calls[what]()
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__
    words = str([(p.message, p.fix, p.value) for p in caught.value.problems]) + str(caught.value)
    assert not [part for part in LEFT if part in words]


@pytest.mark.parametrize("form", [HUSH, CODED, PLUS, quote(HUSH)])
def test_a_password_that_stands_by_itself_is_masked(form: str) -> None:
    assert masked(f"535 no {form} here", secrets=[HUSH]) == "535 no *** here"
    assert masked("535 no here", secrets=["", "n"]) == "535 no here"


def test_a_mistyped_address_that_is_taken_for_a_file_is_told_without_its_secret(tmp_path) -> None:
    source = "postgresql:/ana:Hu5h@Sec/ret:more@db.example.com/sales"
    (tmp_path / "workbook.yml").write_text(f"company: A\ncurrency: USD\nsource: '{source}'\n")
    (tmp_path / "mapping.yml").write_text("tables:\n  people:\n    columns: {person_id: id}\n")
    with pytest.raises(SalesopsError, match="not there") as caught:
        open_workbook(tmp_path)
    assert not [part for part in LEFT if part in str(caught.value)]


def _chained(*errors: BaseException) -> BaseException:
    for error, cause in pairwise(errors):
        error.__cause__ = cause
    return errors[0]


@pytest.mark.parametrize(
    ("errors", "words"),
    [
        ([ValueError("outer"), ValueError("(timeout is None)"), ConnectionRefusedError(111, "refused")],
         "the server does not answer (refused)"),
        ([ValueError("outer"), socket.gaierror(-2, "Name or service not known")],
         "the server does not answer (Name or service not known)"),
        ([ValueError("outer"), TimeoutError("timed out")], "the server does not answer (timed out)"),
        ([ValueError("outer"), ValueError("no such table: x.\nmore")], "no such table: x"),
        ([ValueError(f"no driver for postgresql://ana:{CODED}@db")], "no driver for postgresql://ana:***@db"),
        ([ValueError("")], "ValueError"),
        ([TypeError("'str' object")], "a setting after ? in its address cannot be used ('str' object)"),
    ],
)  # fmt: skip
def test_why_a_database_cannot_be_opened_is_the_systems_own_word(
    errors: list[BaseException], words: str
) -> None:
    assert reason(_chained(*errors), ADDRESSES["postgresql"]) == words
