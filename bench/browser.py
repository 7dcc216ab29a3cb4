"""How long a moved control takes until its answer is on screen, in a real JupyterLab and Chromium.

    python bench/browser.py [--deals 0 1000000] [--moves 4] [--only target_setting hiring_needs]

0 deals stands for the demo. Every control of every notebook is moved several times, each time to a value
it did not show before where it has so many: lists, sliders, ticks and texts by the keyboard, as a person
does. The clock starts with the time stamp of the input event that the page itself saw. Of the displays
that depend on the control by the notebook's own code, the first with headline cards answers it, else the
first (the cover repeats the parameters and is none); where the cards say what they said before, the first
that says something else, as the teams' table does. `first` stops in the frame after the one in which that
display showed an answer (two animation frames: the first draws, the second begins when it is drawn): its
new words, or, where they are the same, that it is no longer marked as old; a step that takes long gives a
quick first estimate here, which says that it is one. `final` stops when it showed its last words: a number
that changes once more is no final answer. `page` is the
last display of the page, tables made sortable and all; `busy` the line of progress with Cancel. Targets:
`first` within 300 ms on the demo, within 1 s with a million deals. Median and worst of the moves; `=` marks
a control whose answer is the same as before. Needs the extra `browser` and Chromium.

A notebook that does not run, a control that cannot be moved or whose every value is refused is reported at
the end with exit code 1. The last line is one JSON object: by control, the medians of `first` and of `final`
over the target: 1 or less meets it.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "tests" / "browser"), str(HERE)]

import measure  # noqa: E402
import pandas as pd  # noqa: E402
from browser_page import Displays, Refused, Times, displays_of, moves, reachable, timed  # noqa: E402
from lab_analyst import moving, notebooks  # noqa: E402
from lab_server import SALESOPS, Server, chromium  # noqa: E402
from lab_sheet import Sheet  # noqa: E402

from salesops_nb.notebook import parameters_of  # noqa: E402

DEMO, MANY = 0.3, 1.0  # seconds allowed
KINDS = {path.stem: parameters_of(path) for path in sorted((HERE.parent / "notebooks").glob("*.ipynb"))}
MAPS = ("territory_rebalancing",)
REPEATED = ("sales_pipeline.csv", "simulated/deals_more.csv")
FIRST = 120  # seconds for the first run of a notebook
LONG = 6.0  # seconds after which a control has been moved often enough
HEAD = f"{'deals':>9}  {'notebook':<23}{'control':<16}{'first ms':>9}{'worst':>7}{'final ms':>9}{'page ms':>9}{'busy':>6}{'ratio':>7}{'final':>7}"


def main() -> None:
    words = measure.parser(__doc__)
    words.add_argument("--deals", nargs="+", type=int, default=[0, 1_000_000])
    words.add_argument("--moves", type=measure.count, default=4)
    words.add_argument("--only", nargs="+", choices=KINDS, help="notebooks, all unless given")
    words.add_argument("--controls", nargs="+", help="controls, all unless given")
    given = measure.asked(words, deals=[0], moves=1, only=["target_setting"], controls=["growth"])
    if find_spec("playwright") is None:
        raise measure.Failed("Playwright is not installed: pip install -e '.[browser]'")
    there = {each for name in given.only or KINDS for each in moving(KINDS[name])}
    if unknown := set(given.controls or ()) - there:
        raise measure.Failed(
            f"no control is called {', '.join(sorted(unknown))}; there are {', '.join(sorted(there))}"
        )
    found: dict[str, float] = {}
    wrong: list[str] = []
    print(f"{os.cpu_count()} processors\n{HEAD}")
    for deals in given.deals:
        for on_a_map in (False, True) if deals else (False,):
            with tempfile.TemporaryDirectory() as room:
                folder = make_workbook(Path(room) / "workbook", deals, on_a_map)
                names = [name for name in notebooks(folder) if not deals or (name in MAPS) is on_a_map]
                names = [name for name in names if name in (given.only or names)]
                if not names:
                    continue
                (Path(room) / "home").mkdir()
                with chromium() as browser:
                    server = Server(folder, Path(room) / "home")
                    try:
                        for name in names:
                            found |= measured(browser, server, name, deals, given, wrong)
                    finally:
                        server.stop()
    measure.finish(found, wrong)


def make_workbook(folder: Path, deals: int, on_a_map: bool = False) -> Path:
    """The demo's workbook, or one of so many made deals, which are made once and kept.

    Made deals have no map: `on_a_map` is the demo's, with its own deals repeated to so many.
    """
    salesops("init", "--demo", folder)
    if deals:
        settings = (folder / "workbook.yml").read_text()
        (folder / "workbook.yml").write_text(settings.partition("controls:")[0])
    if deals and on_a_map:
        times = -(-deals // len(pd.read_csv(folder / "data" / REPEATED[0])))
        for name in REPEATED:
            once = pd.read_csv(folder / "data" / name, dtype=str)
            many = pd.concat([once] * times, ignore_index=True)
            turn = pd.Series(range(len(many))) // len(once)
            many.iloc[:, 0] += turn.map(lambda n: f"-{n}" if n else "")  # their ids
            many.to_csv(folder / "data" / name, index=False)
    elif deals:
        made = Path(tempfile.gettempdir()) / f"salesops-bench-{deals}"
        if not made.exists():
            making = made.with_suffix(f".{os.getpid()}")
            salesops("simulate", "--deals", deals, "--out", making)
            making.rename(made)
        tables = "".join(f"  {path.stem}:\n    file: {path}\n" for path in sorted(made.glob("*.parquet")))
        (folder / "mapping.yml").write_text(f"tables:\n{tables}")
        # made deals have no table of who is on which plan: one plan for all of them
        paid = folder / "notebooks" / "commission_calculation.ipynb"
        one = json.loads(paid.read_text().replace(r"plans = \"\"", r"plans = \"account-executive\""))
        paid.write_text(json.dumps(one))
    return folder


def salesops(*words: object) -> None:
    """Run the command; where it fails, so does the bench, with its words."""
    done = subprocess.run([SALESOPS, *map(str, words)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise measure.Failed(
            f"salesops {words[0]} failed with exit code {done.returncode}: {done.stderr.strip()}"
        )


def measured(
    browser: Any, server: Server, name: str, deals: int, given: Any, wrong: list[str]
) -> dict[str, float]:
    """Print a line for every control of a notebook; measured over target by control."""
    size, target = (f"{deals:,}", MANY) if deals else ("demo", DEMO)
    ratios: dict[str, float] = {}
    sheet = Sheet(browser, server, f"notebooks/{name}.ipynb")
    try:
        sheet.run_all(FIRST)
    except Exception as error:
        said = " ".join(str(error).split())[:200]
        print(f"{size:>9}  {name:<23}was not run within {FIRST} s or refuses these data", flush=True)
        wrong.append(f"{size}, {name} was not run within {FIRST} s or refuses these data: {said}")
        sheet.close()
        return {}
    kind = KINDS[name]
    shown = displays_of(server.folder / "notebooks" / f"{name}.ipynb", kind)
    for parameter in moving(kind):
        if given.controls and parameter not in given.controls:
            continue
        label = f"{size:>9}  {name:<23}{parameter:<16}"
        try:
            with reachable(sheet, kind, parameter) as usable:
                if not usable:
                    print(f"{label}nothing to choose from", flush=True)
                    continue
                times = list(several(sheet, kind, parameter, shown, given.moves))
        except Exception as error:
            said = f"{type(error).__name__} {' '.join(str(error).split())[:200]}"
            print(f"{label}{said[:100]}", flush=True)
            wrong.append(f"{size}, {name}, {parameter}: {said}")
            sheet.run_all(FIRST)  # the panel made anew, with the parameters of the notebook's cell
            continue
        first, answer, page, busy = (
            statistics.median(column) for column in list(zip(*times, strict=True))[:4]
        )
        worst = max(each.first for each in times)
        same = "=" if all(each.same for each in times) else ""
        ratio = ratios[f"{size} {name} {parameter}"] = round(first / 1000 / target, 2)
        final = ratios[f"{size} {name} {parameter}, final"] = round(answer / 1000 / target, 2)
        print(f"{label}{same + format(first, '.0f'):>9}{worst:>7.0f}{answer:>9.0f}{page:>9.0f}{busy:>6.0f}"
              f"{ratio:>7.2f}{final:>7.2f}", flush=True)  # fmt: skip
    sheet.close()
    return ratios


def several(sheet: Sheet, kind: Any, parameter: str, shown: Displays, most: int) -> Iterator[Times]:
    """The times of moves, fewer where each is long; then it is as it was."""
    control = sheet.control(parameter)
    before, began = control.value(), time.monotonic()
    made, refused = 0, None
    for number, move in enumerate(moves(sheet, kind, parameter, most)):
        if number and time.monotonic() - began > LONG:
            break
        try:
            yield timed(sheet, control, move, shown.of(parameter))
        except Refused as error:
            refused = error  # what the rest does not allow, as another plan's component
        else:
            made += 1
    if refused and not made:
        raise refused
    timed(sheet, control, before, shown.of(parameter))


if __name__ == "__main__":
    measure.run(main)
