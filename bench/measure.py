"""What the benches share: their command line, fresh processes, turns, ratios, and the JSON on the last line."""

from __future__ import annotations

import argparse
import json
import math
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from salesops_nb.errors import SalesopsError


class Failed(Exception):
    """A bench cannot go on, or what it compares differs; the text is for the person who ran it."""


def parser(doc: str | None) -> argparse.ArgumentParser:
    """The command line of a bench, whose help is the module's own text."""
    return argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)


def asked(made: argparse.ArgumentParser, **smallest: object) -> argparse.Namespace:
    """What was asked for; `smallest` are the values of `--size smallest` for options that are not given.

    A script that runs parts of itself in fresh processes hands them a `task`.
    """
    given = [f"--{name.replace('_', '-')} {_words(value)}" for name, value in smallest.items()]
    words = f" ({', '.join(given)})" if given else ""
    made.add_argument("--size", choices=("smallest", "full"), default="full",
                      help=f"smallest{words} takes seconds, to see that it works")  # fmt: skip
    made.add_argument("--task", type=json.loads, help=argparse.SUPPRESS)
    if made.parse_known_args()[0].size == "smallest":
        made.set_defaults(**smallest)
    return made.parse_args()


def _words(value: object) -> str:
    return " ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def count(text: str) -> int:
    """A whole number of at least one, for an option."""
    try:
        number = int(text.replace(",", ""))
    except ValueError:
        number = 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"received {text!r}: give a whole number of at least 1")
    return number


def run(main: Callable[[], None]) -> None:
    """Run a bench; what it cannot do or finds wrong goes to standard error, with exit code 1."""
    try:
        main()
    except (Failed, SalesopsError) as error:
        sys.exit("\n".join(f"{Path(sys.argv[0]).name}: {line}" for line in str(error).splitlines()))


class Run(NamedTuple):
    """A part that ran in a fresh process: its answer, seconds by the clock and of the processors, start included."""

    answer: dict[str, Any]
    seconds: float
    cpu: float


def fresh(script: str, task: Mapping[str, Any], **environment: str) -> Run:
    """Run one part of a script in a process of its own; a part that fails ends the bench."""
    began, before = time.perf_counter(), os.times()
    done = subprocess.run([sys.executable, script, "--task", json.dumps(task)], capture_output=True, text=True,
                          env={**os.environ, **environment}, check=False)  # fmt: skip
    seconds, after = time.perf_counter() - began, os.times()
    lines = done.stdout.splitlines()
    if done.returncode or not lines:
        sys.stderr.write(done.stderr)
        last = (done.stderr.strip().splitlines() or ["without a word"])[-1]
        raise Failed(f"the part {json.dumps(task)} failed with exit code {done.returncode}: {last}")
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return Run(json.loads(lines[-1]), seconds, cpu)


def answer(**values: Any) -> None:
    """Hand a part's answer, and the most memory it took, to the process that waits for it."""
    print(json.dumps({**values, "peak_gib": peak_gib()}, default=float))


def peak_gib() -> float:
    """The most memory that this process or a child of it had, without what the process that started it had."""
    unit = 2 ** (30 if sys.platform == "darwin" else 20)
    child = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / unit
    status = Path("/proc/self/status")
    if status.exists():
        return max(child, int(status.read_text().partition("VmHWM:")[2].split()[0]) / unit)
    return max(child, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit)


def in_turns(steps: Mapping[str, Callable[[], Any]], rounds: int) -> dict[str, list[Any]]:
    """Take every step once a round, each other round backwards, so that a busy moment hits all alike."""
    found: dict[str, list[Any]] = {name: [] for name in steps}
    for number in range(rounds):
        for name in list(steps)[:: -1 if number % 2 else 1]:
            found[name].append(steps[name]())
    return found


class Ratio(NamedTuple):
    """The geometric mean of paired ratios, and its 95 % interval where there are rounds enough for one."""

    middle: float
    low: float | None = None
    high: float | None = None

    def __str__(self) -> str:
        if self.low is None:
            return f"{self.middle:.2f}"
        return f"{self.middle:.2f} ({self.low:.2f}–{self.high:.2f})"

    def named(self, name: str) -> dict[str, Any]:
        """The ratio and its interval, for the JSON."""
        interval = {} if self.low is None else {f"{name}_95": [round(self.low, 3), round(self.high or 0, 3)]}
        return {name: round(self.middle, 3), **interval}


def ratio(over: Sequence[float], under: Sequence[float]) -> Ratio:
    """Round by round `over` ÷ `under`; the interval is Student's on logarithms, from three rounds on."""
    logs = [math.log(a / b) for a, b in zip(over, under, strict=True)]
    middle = statistics.fmean(logs)
    if len(logs) < 3:
        return Ratio(math.exp(middle))
    from scipy.stats import t

    half = float(t.ppf(0.975, len(logs) - 1)) * statistics.stdev(logs) / math.sqrt(len(logs))
    return Ratio(math.exp(middle), math.exp(middle - half), math.exp(middle + half))


def judge(found: Mapping[str, float], limits: Mapping[str, tuple[float, float]], size: str) -> None:
    """Print each figure, say which lies beyond its limits, and finish; the smallest size is judged by none."""
    wrong = []
    for name, value in found.items():
        low, high = limits.get(name, (-math.inf, math.inf))
        within = low <= value <= high
        print(f"{name:28}{value:12,.4f}{'' if within else '   beyond ' + str((low, high))}")
        if size == "full" and not within:
            wrong.append(f"{name} is {value}, not between {low} and {high}")
    finish(found, wrong)


def finish(result: Mapping[str, Any], wrong: Sequence[str] = ()) -> None:
    """Print the JSON object; what is wrong, or a number that is none, ends the bench with exit code 1."""
    numbers = dict(_numbers(result))
    broken = [
        f"{name} is {value}: no finite number" for name, value in numbers.items() if not math.isfinite(value)
    ]
    if not numbers and not wrong:
        broken.append("nothing was measured")
    if numbers and not broken:
        print(json.dumps(result, allow_nan=False), flush=True)
    if broken or wrong:
        raise Failed("\n".join([*broken, *wrong]))


def _numbers(found: Any, name: str = "") -> Iterator[tuple[str, float]]:
    if isinstance(found, Mapping):
        for key, value in found.items():
            yield from _numbers(value, f"{name}.{key}" if name else str(key))
    elif isinstance(found, list | tuple):
        for at, value in enumerate(found):
            yield from _numbers(value, f"{name}[{at}]")
    elif isinstance(found, int | float):
        yield name, found
