"""The panel's thread: the newest wish only, and a stop that is heard wherever the work is."""

import threading
import time

import duckdb
import pytest

from salesops_nb.core import stopping
from salesops_nb.present.panel.worker import Stopped, Worker

BOUND = 5.0  # seconds in which a stop is heard, on a machine that does other things too


class Job:
    """Work that says what it began and how it ended, and lasts as long as it is told."""

    def __init__(self):
        self.begun: list[dict] = []
        self.ended: list[str] = []
        self.entered = threading.Event()
        self.after: list[str | None] = []

    def __call__(self, values, worker):
        self.begun.append(dict(values))
        self.entered.set()
        try:
            end = time.monotonic() + values.get("seconds", 0)
            while time.monotonic() < end:
                stopping.check()
        except Stopped:
            self.ended.append(worker.stopping)
            raise
        self.ended.append("done")


@pytest.fixture
def job():
    return Job()


@pytest.fixture
def worker(job):
    made = Worker(job, lambda values: job.after.append(made.stopping))
    yield made
    made.close()


def test_ten_wishes_while_busy_are_one(job, worker):
    worker.ask({"seconds": 0.2, "n": 0})
    assert job.entered.wait(5)
    for n in range(1, 11):
        worker.ask({"n": n, "seconds": 0})
    assert worker.wait(10)
    assert [each["n"] for each in job.begun] == [0, 10]
    assert job.ended == ["done", "done"], "short work ends by itself"


def test_long_work_for_an_older_wish_is_left(job, worker):
    worker.ask({"seconds": 60})
    assert job.entered.wait(5)
    worker.ask({"seconds": 0})
    assert worker.wait(10)
    assert job.ended == ["newer", "done"]


def test_a_stop_is_heard_in_the_middle_and_the_thread_lives_on(job, worker):
    worker.ask({"seconds": 60})
    assert job.entered.wait(5)
    begun = time.monotonic()
    worker.stop()
    assert worker.wait(10)
    assert time.monotonic() - begun < BOUND
    assert job.ended == ["cancelled"]
    worker.ask({"seconds": 0})
    assert worker.wait(10)
    assert job.ended == ["cancelled", "done"]
    assert job.after == ["cancelled", None], "what is to be done afterwards is done"


def test_a_query_is_ended_too():
    connection = duckdb.connect()
    entered, ended = threading.Event(), []

    def query(values, worker):
        try:
            entered.set()
            connection.execute(
                "SELECT count(*) FROM range(4000000) a, range(4000000) b WHERE a.range * b.range % 7 = 3"
            ).fetchall()
        finally:
            ended.append(worker.stopping)

    worker = Worker(query, hard=connection.interrupt)
    worker.ask({"n": 1})
    assert entered.wait(5)
    time.sleep(0.3)
    worker.stop()
    assert worker.wait(20)
    assert ended == ["cancelled"]
    worker.close()


def test_a_storm_of_stops_loses_nothing():
    """Wherever a stop strikes, in work that is short, what follows it is done and the thread lives on."""
    begun, after = [], []
    worker = Worker(lambda values, _: begun.append(values["n"]), lambda values: after.append(values["n"]))
    for n in range(300):
        worker.ask({"n": n})
        if n % 3:
            worker.stop()
    worker.ask({"n": "last"})
    assert worker.wait(30)
    assert begun[-1] == after[-1] == "last"
    assert set(begun) <= set(after)
    worker.close()


def test_what_follows_settling_is_done_whole(worker):
    done = []
    entered = threading.Event()

    def settled(values, worker):
        worker.settle()
        entered.set()
        end = time.monotonic() + 0.5
        while time.monotonic() < end:
            pass
        done.append("whole")

    made = Worker(settled)
    made.ask({"n": 1})
    assert entered.wait(5)
    made.stop()
    assert made.wait(10)
    assert done == ["whole"]
    made.close()
