"""conda and pip users get the same environment, and everything is bounded and locked."""

import re
import tomllib

from ruamel.yaml import YAML

# conda-forge's names where they differ from PyPI's
CONDA_NAMES = {"python-duckdb": "duckdb"}
_REQUIREMENT = re.compile(r"([A-Za-z0-9._-]+?)(?:\[[a-z,]+\])?([<>=].*)")


def _split(text):
    name, bounds = _REQUIREMENT.fullmatch(text).groups()
    return CONDA_NAMES.get(name, name), bounds


def _project(root):
    return tomllib.loads((root / "pyproject.toml").read_text())["project"]


def test_environment_yml_agrees_with_pyproject(root):
    project = _project(root)
    conda = YAML(typ="safe").load((root / "environment.yml").read_text())["dependencies"]
    named = dict(_split(item) for item in conda if isinstance(item, str) and item != "pip")
    assert named.pop("python") == project["requires-python"]
    assert named == dict(map(_split, project["dependencies"]))


def test_every_dependency_has_both_bounds_and_is_locked(root):
    project = _project(root)
    extras = [item for group in project["optional-dependencies"].values() for item in group]
    locked = {
        line.split("==")[0] for line in (root / "requirements.lock").read_text().splitlines() if "==" in line
    }
    for name, bounds in map(_split, [*project["dependencies"], *extras]):
        assert ">=" in bounds, name
        assert "<" in bounds, name
        assert name.replace(".", "-") in locked
