"""Cancel at any moment of any kind of work: heard within the bound, and a write is whole or absent."""

import random
import threading
import time

import duckdb
import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sqlalchemy import create_engine, text

from salesops_nb import territory
from salesops_nb.core import stopping
from salesops_nb.present.panel.steps import look_in_loops
from salesops_nb.present.panel.worker import Worker
from salesops_nb.territory.kernels.compiling import ready
from salesops_nb.territory.proof.hess_model import _highs

pytestmark = pytest.mark.slow

BOUND = 5.0  # seconds in which a stop is heard, on a machine that does other things too
TIMES = 200
ROWS = 12  # of one write
NEVER = 60.0  # seconds that work lasts which nobody stops


def until_stopped(look=stopping.check):
    end = time.monotonic() + NEVER
    while time.monotonic() < end:
        look()


class Deaf:
    """Whose destructor swallows whatever is raised in it, as Python says it must."""

    def __del__(self):
        time.sleep(0.001)


def looping(desk):
    until_stopped()


def querying(desk):
    desk.connection.execute("SELECT count(*) FROM range(3000000) a, range(3000000) b WHERE a.range % 7 = 3")


def many_queries(desk):
    until_stopped(lambda: desk.connection.execute("SELECT sum(range) FROM range(1000)").fetchall())


def many_queries_of_frames(desk):
    def query():
        stopping.check()
        desk.connection.sql("SELECT range AS n FROM range(1000)").arrow()

    until_stopped(query)


def swallowing(desk):
    """Code that lets nothing through is heard all the same, at the latest where it settles."""

    def swallowed():
        try:
            Deaf()
            stopping.check()
        except BaseException:
            desk.swallowed += 1
            if desk.swallowed % 50 == 0:
                raise

    until_stopped(swallowed)


def computing(desk):
    """Numbers, and what looks between them."""

    def multiplied():
        stopping.check()
        np.linalg.inv(np.eye(60) + 0.01)

    until_stopped(multiplied)


def writing(desk):
    """A write without any approval: one transaction, that no one looks in the middle of."""
    until_stopped(lambda: (stopping.check(), desk.write()))


def writing_after_a_query(desk):
    """A query that is struck within a transaction takes it back."""

    def both():
        stopping.check()
        desk.write(lambda: desk.connection.execute("SELECT sum(range) FROM range(100000)").fetchall())

    until_stopped(both)


KINDS = (looping, querying, many_queries, many_queries_of_frames, swallowing, computing, writing,
         writing_after_a_query)  # fmt: skip


class Desk:
    """What the work of a run uses: a query engine, a store, and what was swallowed and written."""

    def __init__(self, folder):
        self.connection = duckdb.connect()
        self.engine = create_engine(f"sqlite:///{folder}/store.sqlite")
        with self.engine.begin() as store:
            store.execute(text("CREATE TABLE written (write_id INTEGER, row INTEGER)"))
        self.swallowed = self.writes = 0

    def write(self, between=lambda: time.sleep(0.0005)):
        self.writes += 1
        with self.engine.begin() as store:
            for row in range(ROWS):
                store.execute(text("INSERT INTO written VALUES (:w, :r)"), {"w": self.writes, "r": row})
                between()

    def sizes(self):
        """How many rows each write has left."""
        with self.engine.connect() as store:
            found = store.execute(text("SELECT count(*) FROM written GROUP BY write_id")).scalars()
            return set(found)

    def close(self):
        self.engine.dispose()
        self.connection.close()


@pytest.fixture
def desk(tmp_path):
    made = Desk(tmp_path)
    yield made
    made.close()


def test_a_cancel_at_any_moment_is_heard_and_a_write_is_whole_or_absent(desk):
    """Two hundred times, at random moments of every kind of work; the seed is in the message."""
    seed = random.SystemRandom().randrange(1 << 32)
    draw, ended, why = random.Random(seed), [], []

    def work(values, worker):
        KINDS[values["kind"]](desk)
        worker.settle()
        ended.append("settled")

    worker = Worker(work, lambda values: why.append(worker.stopping), desk.connection.interrupt)
    for turn in range(TIMES):
        worker.ask({"kind": turn % len(KINDS)})
        time.sleep(draw.random() ** 3 * 0.2)
        begun = time.monotonic()
        worker.stop()
        assert worker.wait(BOUND), f"seed {seed}, turn {turn}: {KINDS[turn % len(KINDS)].__name__} went on"
        assert time.monotonic() - begun < BOUND
        assert desk.sizes() <= {ROWS}, f"seed {seed}, turn {turn}"
    assert ended == [], f"seed {seed}: what was cancelled was taken over"
    assert set(why) == {"cancelled"}
    assert desk.writes > 0
    assert desk.swallowed > 0
    worker.close()


def test_what_is_settled_is_written_though_it_is_cancelled(desk):
    """An approval that is being carried out is whole; before it was settled nothing is written."""
    draw, settled = random.Random(1), []

    def approval(values, worker):
        time.sleep(draw.random() * 0.002)
        worker.settle()
        settled.append(values["n"])
        desk.write(lambda: (stopping.check(), desk.connection.execute("SELECT sum(range) FROM range(1000)")))

    worker = Worker(approval, hard=desk.connection.interrupt)
    for n in range(TIMES // 2):
        worker.ask({"n": n})
        time.sleep(draw.random() * 0.004)
        stopped = worker.stop()
        assert worker.wait(BOUND)
        assert stopped == (n not in settled), "who cancels hears whether it was in time"
    assert desk.sizes() == {ROWS}
    assert desk.writes == len(settled)
    assert 0 < len(settled) < TIMES // 2
    worker.close()


def test_what_a_swallowed_stop_has_spoilt_is_not_taken_over():
    taken, entered = [], threading.Event()

    def work(values, worker):
        entered.set()
        try:
            until_stopped()
        except BaseException:
            taken.append("half an answer")
        worker.settle()
        taken.append("taken over")

    worker = Worker(work)
    worker.ask({"n": 1})
    assert entered.wait(BOUND)
    worker.stop()
    assert worker.wait(BOUND)
    assert taken == ["half an answer"]
    worker.close()


def _searching():
    """Seconds of compiled local search on a big map."""
    rows, columns = 60, 60
    cells = np.arange(rows * columns)
    units = {"unit_id": [str(c) for c in cells], "latitude": 40 + cells // columns / 4,
             "longitude": -100 + cells % columns / 4, "potential": 1.0 + cells % 7}  # fmt: skip
    side = [(c, c + 1) for c in cells if (c + 1) % columns] + [(c, c + columns) for c in cells[:-columns]]
    edges = {"unit_a": [str(a) for a, _ in side], "unit_b": [str(b) for _, b in side]}
    while True:
        territory.plan(pd.DataFrame(units), pd.DataFrame(edges), k=24, tolerance=0.02)


def _proving():
    """An integer programme that HiGHS takes long for."""
    random_ = np.random.default_rng(3)
    weights = sparse.csr_array(np.floor(random_.random((6, 60)) * 99))
    middle = np.floor(np.asarray(weights.sum(axis=1)) / 2)
    solver = _highs(random_.random(60), weights, middle, middle, integer=True)  # market split: very hard
    solver.run()
    stopping.check()
    raise AssertionError("it was solved before it could be stopped")


@pytest.mark.parametrize("work", [_searching, _proving], ids=["search", "solver"])
def test_long_work_in_compiled_code_looks_at_the_flag(work):
    """Beside it other threads run, or nobody could press the button."""
    if work is _searching:
        ready()
    entered, ended = threading.Event(), []

    def run(values, worker):
        entered.set()
        try:
            work()
        finally:
            ended.append(worker.stopping)

    worker = Worker(run)
    for delay in (0.2, 1.0, 2.5):
        entered.clear()
        worker.ask({"n": delay})
        assert entered.wait(BOUND)
        slept = time.monotonic()
        time.sleep(delay)
        assert time.monotonic() - slept < delay + 1.5, "the page's thread was kept from running"
        assert worker.stop()
        assert worker.wait(BOUND)
    assert ended == ["cancelled"] * 3
    worker.close()


def slow(seconds):
    """A step as an analyst writes it, who knows of no flag."""
    end = time.monotonic() + seconds
    for turn in range(2):
        if turn:
            continue
        while time.monotonic() < end:
            pass
    return seconds


def failing():
    for turn in (1, 2):
        if turn == 2:
            raise KeyError(turn)


def test_a_loop_of_a_step_looks_at_every_turn():
    lines = slow.__code__.co_firstlineno, failing.__code__.co_firstlineno
    look_in_loops(slow)
    look_in_loops(failing)
    assert (slow.__code__.co_firstlineno, failing.__code__.co_firstlineno) == lines
    assert slow(0) == 0
    with pytest.raises(KeyError) as error:
        failing()
    assert error.traceback[-1].lineno == lines[1] + 2, "errors show the line of the cell"
    entered = threading.Event()
    worker = Worker(lambda values, _: (entered.set(), slow(NEVER)))
    worker.ask({"n": 1})
    assert entered.wait(BOUND)
    time.sleep(0.05)
    assert worker.stop()
    assert worker.wait(BOUND)
    worker.close()


def test_what_cannot_be_compiled_again_stays_as_it_is():
    around = 3

    def inner():
        return [around for _ in range(around)]

    for function in (inner, len, eval("lambda: 5")):
        code = getattr(function, "__code__", None)
        look_in_loops(function)
        assert getattr(function, "__code__", None) is code
    assert inner() == [3, 3, 3]
