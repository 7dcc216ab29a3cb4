"""How much work a moved control is, for every notebook and control: to the headlines, and to the whole page.

    python bench/panel.py [--workbook FOLDER]

Runs the notebooks' cells in this process with a panel as JupyterLab makes it, only without a page, and moves
each control once to and once back. Seconds are the processor's, of all threads; the browser's part is not in
them (`bench` of the browser measures that). Last line: the medians as JSON.
"""

import argparse
import json
import os
import statistics
import time
from pathlib import Path

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


def main():
    from salesops_nb import parameters
    from salesops_nb.present import controls, widgets

    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--workbook", type=Path, default=Path(__file__).resolve().parents[1])
    words.add_argument("--only", nargs="*", default=list(MOVES))
    asked = words.parse_args()
    shell = InteractiveShell.instance()
    shell.display_pub = Publisher()
    controls.is_live, widgets.show_panel, widgets.new_output = lambda: True, lambda panel: None, Place
    os.chdir(asked.workbook / "notebooks")
    found = {}
    print(f"{'notebook':24} {'control':16} {'headlines s':>11} {'page s':>8}")
    for name in asked.only:
        panel = panel_of(Path(f"{name}.ipynb"))
        before = parameters.for_a_person(type(panel.asked)())
        for control, value in MOVES[name].items():
            to = value if isinstance(value, dict) else {control: value}
            back = {each: getattr(before, each) for each in to}
            moved(panel, to), moved(panel, back)
            clocks = [moved(panel, to), moved(panel, back)]
            first, page = max(c.headlines for c in clocks), max(c.whole for c in clocks)
            found.setdefault(name, []).append((first, page))
            print(f"{name:24} {control:16} {first:11.3f} {page:8.3f}")
    medians = {
        name: {"headlines": round(statistics.median(f for f, _ in rows), 3),
               "page": round(statistics.median(p for _, p in rows), 3)}
        for name, rows in found.items()
    }  # fmt: skip
    print(json.dumps(medians))


if __name__ == "__main__":
    main()
