"""How much work a moved control is, for every notebook and control: to the headlines, and to the whole page.

    python bench/panel.py [--workbook FOLDER] [--only target_setting] [--controls growth]

Runs the notebooks' cells in this process with a panel as JupyterLab makes it, only without a page, and moves
each control twice to a value and back. Seconds are the processor's, of all threads; the browser's part is not
in them (`bench/browser.py` measures that). The peer is what there would be without a panel: all cells run
again. A notebook or control that raises ends the bench with exit code 1.

The last line is one JSON object: by notebook the medians of headlines and page in seconds, and vs_cells (the
page's time ÷ that of all cells).
"""

from __future__ import annotations

import os
import statistics
import time
from pathlib import Path

import measure
import nbformat
from IPython.core.interactiveshell import InteractiveShell

MOVES = {
    "performance_review": {"period": "2017-Q3", "as_of": "2017-11-15", "compare_to": "last-year",
                           "structure": "restated", "level": {"level": "team", "who": "Cara Losch"}},
    "target_setting": {"year": 2017, "growth": 0.2, "weight": 0.7, "over_assignment": 1.1, "unit": 1000,
                       "method": "top_down", "company_target": 12_500_000},
    "hiring_needs": {"growth": 0.2, "confidence": 0.9, "attrition": 0.03, "horizon": 18, "budget": 500_000,
                     "scenario": "replace leavers", "ramp_months": 6, "seed": 1},
    "commission_calculation": {"period": "2017-Q3", "who": "Anna Snelling", "rate_change": 10,
                               "threshold": 40, "plan": None},
    "sales_model": {"win_rate": 0.6, "deal_size": 2_600, "cycle_days": 60, "reps": 33, "growth": 0.2,
                    "target": 12_000_000, "activities_per_deal": 5, "figures": "declared"},
    "territory_rebalancing": {"choice": 2, "spread": 0.3, "tolerance": 0.1},
}  # fmt: skip


class Publisher:
    """Takes displays as a kernel's publisher does, and sends them nowhere."""

    def __init__(self):
        self.hooks = []
        self.register_hook, self.unregister_hook = self.hooks.append, self.hooks.remove

    def publish(self, data, metadata=None, **_more):
        message = {
            "header": {"msg_type": "display_data"},
            "content": {"data": data, "metadata": metadata or {}},
        }
        for hook in list(self.hooks):
            message = hook(message)


class Place:
    """Where a show draws."""

    outputs = ()

    def add_class(self, name):
        """No page shows it."""

    remove_class = add_class


class Clock:
    """Looks on while a change is made, and keeps when each part began."""

    def __init__(self):
        self.begun, self.start = {}, time.process_time()

    def begins(self, node, rest):
        self.begun[node.name] = time.process_time() - self.start
        self.after = list(self.begun)

    def settles(self):
        self.whole = time.process_time() - self.start

    @property
    def headlines(self):
        names = list(self.begun)
        if "headlines" not in names:
            return self.whole
        at = names.index("headlines") + 1
        return self.begun[names[at]] if at < len(names) else self.whole


def panel_of(path):
    """The notebook's panel after all its cells were run."""
    names = {}
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "code" and "set_aside(" not in cell.source:
            exec(compile(cell.source, path.name, "exec"), names)
    return names["panel"]


def moved(panel, values):
    clock = Clock()
    panel.change(values, clock)
    return clock


def without_page(workbook):
    """Panels as JupyterLab makes them, only without a page, from here on; notebooks are the workbook's."""
    from salesops_nb.present.panel import captured_output, start, view

    if not (workbook / "notebooks").is_dir():
        raise measure.Failed(f"--workbook: there is no folder notebooks in {workbook}")
    shell = InteractiveShell.instance()
    shell.display_pub = Publisher()
    start.is_live, captured_output.new_output = lambda: True, Place
    view.show_panel = lambda panel: None
    os.chdir(workbook / "notebooks")


def main():
    words = measure.parser(__doc__)
    words.add_argument("--workbook", type=Path, default=Path(__file__).resolve().parents[1])
    words.add_argument("--only", nargs="+", choices=MOVES, default=list(MOVES))
    words.add_argument("--controls", nargs="+", help="controls, all unless given")
    asked = measure.asked(words, only=["target_setting"], controls=["growth"])
    there = {control for name in asked.only for control in MOVES[name]}
    if unknown := set(asked.controls or ()) - there:
        raise measure.Failed(
            f"no control is called {', '.join(sorted(unknown))}; there are {', '.join(sorted(there))}"
        )
    without_page(asked.workbook)
    found = {}
    print(f"{'notebook':24} {'control':16} {'headlines s':>11} {'page s':>8} {'÷ cells':>8}")
    for name in asked.only:
        rows = measured(name, asked.controls or MOVES[name])
        if rows:
            columns = zip(*rows, strict=True)
            found[name] = {
                column: round(statistics.median(values), 3)
                for column, values in zip(("headlines", "page", "vs_cells"), columns, strict=True)
            }
    measure.finish(found)


def measured(name, chosen):
    """Seconds to the headlines and to the whole page, and the latter over all cells, for each control."""
    from salesops_nb import parameters

    panel_of(Path(f"{name}.ipynb"))  # imports, and what is made once
    began = time.process_time()
    panel = panel_of(Path(f"{name}.ipynb"))
    cells = time.process_time() - began
    before = parameters.for_a_person(type(panel.asked)())
    rows = []
    for control, value in MOVES[name].items():
        if control not in chosen:
            continue
        to = value if isinstance(value, dict) else {control: value}
        back = {each: getattr(before, each) for each in to}
        moved(panel, to), moved(panel, back)
        clocks = [moved(panel, to), moved(panel, back)]
        first, page = max(c.headlines for c in clocks), max(c.whole for c in clocks)
        rows.append((first, page, page / cells))
        print(f"{name:24} {control:16} {first:11.3f} {page:8.3f} {page / cells:8.2f}", flush=True)
    return rows


if __name__ == "__main__":
    measure.run(main)
