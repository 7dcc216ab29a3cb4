"""The package as users get it: a wheel, installed away from the checkout, makes a workbook that runs."""

import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def installed(root, tmp_path_factory):
    """A folder with the installed wheel; the dependencies are this environment's own."""
    folder = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "-q", "--disable-pip-version-check"]
    subprocess.run([*pip, "wheel", "--no-deps", "-w", folder, root], check=True)
    (wheel,) = folder.glob("salesops_nb-*.whl")
    subprocess.run([*pip, "install", "--no-deps", "--target", folder / "site", wheel], check=True)
    return folder / "site"


def python(code, installed, cwd):
    environment = {**os.environ, "PYTHONPATH": str(installed)}
    return subprocess.run(
        [sys.executable, "-c", code], cwd=cwd, env=environment, capture_output=True, text=True, timeout=300
    )


def test_the_installed_wheel_makes_a_workbook_that_passes_its_check_and_gives_a_report(installed, tmp_path):
    where = python("import salesops_nb; print(salesops_nb.__file__)", installed, tmp_path)
    assert where.stdout.startswith(str(installed))
    command = "import sys; from salesops_nb.cli import main; sys.argv[1:] = {}; main()"
    made = python(command.format(["init", "--demo", "mine"]), installed, tmp_path)
    assert made.returncode == 0, made.stderr
    folder = tmp_path / "mine"
    for part in ("workbook.yml", "notebooks/performance_review.ipynb", "templates", "data", "plans"):
        assert (folder / part).exists(), part
    checked = python(command.format(["check"]), installed, folder)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    ran = python(command.format(["run", "--only", "company", "--jobs", "1"]), installed, folder)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "index.html" in ran.stdout


def test_init_never_overwrites(installed, tmp_path):
    command = "import sys; from salesops_nb.cli import main; sys.argv[1:] = ['init', 'mine']; main()"
    assert python(command, installed, tmp_path).returncode == 0
    settings = tmp_path / "mine" / "workbook.yml"
    settings.write_text("company: Ours\ncurrency: EUR\n")
    again = python(command, installed, tmp_path)
    assert settings.read_text() == "company: Ours\ncurrency: EUR\n"
    assert "left: workbook.yml (edited here)" in again.stdout
