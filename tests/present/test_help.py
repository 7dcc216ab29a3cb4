"""What JupyterLab shows while somebody types: names on Tab, words on Shift-Tab, from a real kernel."""

import ast
import re
from pathlib import Path

import nbformat
import pytest
from jupyter_client.manager import KernelManager

NOTEBOOKS = sorted((Path(__file__).resolve().parents[2] / "notebooks").glob("*.ipynb"))
IMPORTS = """
from salesops_nb import commission, hiring, notebook, open_workbook, parameters, performance, present
from salesops_nb import targets, territory
import salesops_nb
"""
ANALYSES = [
    "open_workbook", "performance.prepare", "performance.review", "targets.prepare", "targets.set_targets",
    "hiring.learn", "hiring.capacity", "hiring.plan", "territory.plan", "commission.calculate",
    "notebook.begin",
]  # fmt: skip
OFFERED = {
    "salesops_nb.": ["commission", "open_workbook", "performance", "present", "targets"],
    "present.": ["Chart", "headlines", "show_table", "trend", "waterfall"],
    "performance.": ["Review", "prepare", "review"],
    "targets.": ["TargetPlan", "prepare", "set_targets"],
    "hiring.": ["HiringPlan", "capacity", "learn", "plan"],
    "territory.": ["TerritoryPlan", "plan"],
    "commission.": ["Payout", "calculate", "load_plan"],
    "present.show_t": ["show_table"],
}


class Typing:
    """A kernel asked as a page asks it."""

    def __init__(self, client):
        self.client = client

    def _reply(self, kind, request):
        while True:
            message = self.client.get_shell_msg(timeout=60)
            if message["parent_header"]["msg_id"] == request:
                assert message["msg_type"] == kind
                return message["content"]

    def run(self, code):
        assert self._reply("execute_reply", self.client.execute(code))["status"] == "ok"

    def offered(self, code):
        found = self._reply("complete_reply", self.client.complete(code, len(code)))["matches"]
        return [name.rpartition(".")[2] for name in found]

    def told(self, code):
        found = self._reply("inspect_reply", self.client.inspect(code, len(code)))
        return re.sub(r"\x1b\[[0-9;]*m", "", found["data"].get("text/plain", "")) if found["found"] else ""


@pytest.fixture(scope="module")
def typing():
    manager = KernelManager(kernel_name="python3")
    manager.start_kernel()
    client = manager.client()
    client.start_channels()
    client.wait_for_ready(timeout=60)
    made = Typing(client)
    made.run(IMPORTS)
    yield made
    client.stop_channels()
    manager.shutdown_kernel(now=True)


@pytest.mark.parametrize("typed", OFFERED)
def test_completion_offers_the_names_that_are_meant_to_be_used(typing, typed):
    offered = typing.offered(typed)
    assert set(OFFERED[typed]) <= set(offered)
    assert not [name for name in offered if name in ("annotations", "Any", "importlib", "cube", "planning")]


@pytest.mark.parametrize("name", ANALYSES)
def test_an_analysis_says_what_it_takes_gives_and_refuses(typing, name):
    told = typing.told(name)
    assert "Signature:" in told
    for part in ("Parameters\n", "Returns\n", "SalesopsError"):
        assert part in told, f"{name} says nothing of {part.strip()}"
    assert re.search(r"Raises\n|Raises `SalesopsError`", told)


def test_names_that_are_not_loaded_yet_are_explained(typing):
    assert "Display a table." in typing.told("present.show_table")
    assert "frame : pandas frame" in typing.told("present.show_table")
    assert "limits" in typing.told("present.trend")


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_whatever_a_notebook_calls_is_explained(typing, notebook):
    cells = [cell.source for cell in nbformat.read(notebook, as_version=4).cells if cell.cell_type == "code"]
    trees = [ast.parse(source) for source in cells]
    imports = [ast.unparse(node) for tree in trees for node in tree.body if isinstance(node, ast.ImportFrom)]
    typing.run("\n".join(imports))
    modules = {name.asname or name.name for tree in trees for node in tree.body
               if isinstance(node, ast.ImportFrom) for name in node.names}  # fmt: skip
    called = {
        ast.unparse(node.func)
        for tree in trees for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[0] in modules
    }  # fmt: skip
    assert called
    for name in sorted(called):
        told = typing.told(name)
        assert re.search(r"Docstring:\s+\S.{20}|Docstring:.*\n\S.{20}|Init docstring", told), name
