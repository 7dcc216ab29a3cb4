"""Notices of alerts: each channel what it may see, once, and unclear where it was cut off."""

import json
import threading
from datetime import date
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import SimpleNamespace

import pandas as pd
import pytest

from salesops_nb import open_workbook
from salesops_nb.alerts.evaluation import Condition
from salesops_nb.alerts.rules import Alerts, Channel, Rule
from salesops_nb.batch.delivery.notices import channels_of, send_notices
from salesops_nb.metrics import load_metrics
from salesops_nb.notebook.alerts.looking import Look, people_of
from salesops_nb.store import alerts as kept
from salesops_nb.store.database import open_store

DAY = date(2017, 12, 31)
RULES = Alerts(
    owner="owner",
    channels={
        "owner": Channel(env="NOTIFY_OWNER"),
        "ops": Channel(env="NOTIFY_OPS"),
        "cara": Channel(env="NOTIFY_CARA", sees="Cara Losch"),
    },
    rules=(
        Rule(name="bookings", metric="bookings", level="team", test="limits", tell=("manager", "ops")),
        Rule(name="quiet", metric="win_rate", test="threshold", threshold=0.5, severity="low", tell="ops"),
        Rule(name="broken", metric="bookings", test="pace", tell="ops"),
        Rule(name="nosy", metric="bookings", level="team", test="limits", tell="cara"),
    ),
)


class _Service(BaseHTTPRequestHandler):
    def do_POST(self):
        self.server.got.append((self.path, json.loads(self.rfile.read(int(self.headers["Content-Length"])))))
        self.send_response(self.server.answer)
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture
def service():
    server = HTTPServer(("127.0.0.1", 0), _Service)
    server.got, server.answer = [], 200
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def book():
    workbook = open_workbook(".")
    yield workbook
    workbook.close()


@pytest.fixture
def made(book, tmp_path, service, monkeypatch):
    for name in ("OWNER", "OPS", "CARA"):
        monkeypatch.setenv(f"NOTIFY_{name}", f"json://127.0.0.1:{service.server_port}/{name.lower()}")
    store = open_store(f"sqlite:///{tmp_path / 'store.sqlite'}")
    workbook = SimpleNamespace(store=store, tables=book.tables, settings=book.settings, folder=tmp_path)
    yield Look(workbook, RULES, load_metrics(book.folder), DAY, [])
    store.dispose()


def opened(made, rule, who="", severity="high", text=""):
    of = next(each for each in RULES.rules if each.name == rule)
    key = Condition(of, who, "alert").key
    found = kept.Opened(key, rule, of.metric, of.level, who, severity, text=text)
    return kept.open_alert(made.workbook.store, found, DAY)


def paths(service):
    return [path.strip("/") for path, _ in service.got]


def test_each_channel_is_told_once_of_what_it_may_see(made, service):
    opened(made, "bookings", "Cara Losch")
    opened(made, "bookings", "Celia Rouche")
    assert send_notices(made, None, DAY).sent == 3
    assert sorted(paths(service)) == ["cara", "ops", "ops"]
    assert send_notices(made, None, DAY).sent == 0
    assert len(service.got) == 3


def test_a_rule_cannot_tell_a_manager_of_other_teams(made, service):
    opened(made, "nosy", "Celia Rouche")
    assert send_notices(made, None, DAY).sent == 0
    assert service.got == []


def test_what_cannot_be_computed_is_told_to_the_owner_alone(made, service):
    opened(made, "broken", text="no history")
    send_notices(made, None, DAY)
    send_notices(made, None, DAY)
    assert paths(service) == ["owner"]


def test_what_is_not_urgent_goes_once_a_week(made, service):
    opened(made, "quiet", severity="low")
    for day in (date(2017, 12, 25), date(2017, 12, 31), date(2018, 1, 1)):
        send_notices(made, None, day)
    assert paths(service) == ["ops", "ops"]


def test_a_word_where_it_has_closed_to_those_who_were_told(made, service):
    opened(made, "bookings", "Celia Rouche")
    send_notices(made, None, DAY)
    kept.close_alert(made.workbook.store, "bookings|team|Celia Rouche", DAY, "well again")
    assert send_notices(made, None, DAY).sent == 1
    assert "well again" in service.got[-1][1]["message"]
    assert send_notices(made, None, DAY).sent == 0


def test_a_service_that_refuses_is_asked_again(made, service):
    opened(made, "bookings", "Celia Rouche")
    service.answer = 500
    outcome = send_notices(made, None, DAY)
    assert (outcome.sent, outcome.whole) == (0, False)
    service.answer = 200
    assert send_notices(made, None, DAY).sent == 1


def test_what_was_cut_off_is_unclear_until_a_person_says(made, service, monkeypatch):
    opened(made, "bookings", "Celia Rouche")

    def cut(*_args, **_more):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("apprise.Apprise.notify", cut)
        with pytest.raises(KeyboardInterrupt):
            send_notices(made, None, DAY)
    outcome = send_notices(made, None, DAY)
    assert outcome.sent == 0
    assert "unclear whether ops" in outcome.said[0]
    assert send_notices(made, None, DAY, again=["ops"]).sent == 1


def test_of_two_schedulers_at_once_the_second_sends_nothing(made, service, monkeypatch):
    opened(made, "bookings", "Celia Rouche")
    ours = kept.claim_message

    def after_the_other(*given):
        assert ours(*given)
        return ours(*given)

    monkeypatch.setattr(kept, "claim_message", after_the_other)
    assert send_notices(made, None, DAY).sent == 0
    assert service.got == []


def test_silence_sends_nothing_until_its_end(made, service):
    opened(made, "bookings", "Celia Rouche")
    kept.silence(made.workbook.store, "bookings|team|Celia Rouche", first=DAY,
                 until=date(2018, 1, 15), by="A", reason="r")  # fmt: skip
    assert send_notices(made, None, DAY).sent == 0
    assert send_notices(made, None, date(2018, 1, 15)).sent == 1


@pytest.mark.parametrize("address", ["", "nonsense", "mailto://user:pw@example.com"])
def test_addresses_that_are_none_and_mail_by_apprise(made, service, monkeypatch, address):
    monkeypatch.setenv("NOTIFY_OPS", address)
    opened(made, "bookings", "Celia Rouche")
    outcome = send_notices(made, None, DAY)
    assert outcome.sent == 0
    assert "pw" not in " ".join(outcome.said)
    assert not outcome.whole


def test_a_rep_and_the_manager_of_a_rep(made):
    people = people_of(made.workbook, DAY)
    rep = people.loc[people["team"] == "Cara Losch", "person_id"].iloc[0]
    rules = RULES.model_copy(
        update={"rules": (Rule(name="r", metric="bookings", level="rep", test="limits", tell="manager"),)}
    )
    row = pd.Series({"rule": "r", "level": "rep", "who": rep, "text": ""})
    assert channels_of(made, rules, row, people) == ["cara"]
