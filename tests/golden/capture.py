"""One side's capture: everything that it makes and prints, in a folder of plain files.

Each part is captured by itself and marked when it is whole, so that a quick look makes only what it shows.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from hashlib import sha256
from pathlib import Path

from golden import as_text
from golden.commands import FILES, commands
from golden.normalise import Normalised
from golden.sides import GoldenError, Place, check_origins, lay_out

# the part of a capture that makes each group
PARTS = {
    "reports": "reports",
    "store": "reports",
    "commands": "commands",
    "check": "check",
    "signatures": "signatures",
    "results": "results",
}
_SHOWN = (".html", ".xlsx", ".ipynb", ".json")
_TEXT = (".ipynb", ".yml", ".json", ".j2", ".css", ".js", ".html", ".csv", ".txt", ".md")
PATIENCE = 3600
Tell = Callable[[str], None]


def parts_of(groups: Iterable[str]) -> list[str]:
    """The parts that make these groups; the store's rows come from reports and from commands."""
    wanted = {PARTS[group] for group in groups} | ({"commands"} if "store" in groups else set())
    return [part for part in dict.fromkeys(PARTS.values()) if part in wanted]


class Capture:
    """Captures a side into a folder."""

    def __init__(self, place: Place, out: Path, inputs: Path, tell: Tell) -> None:
        self.place, self.out, self.inputs, self.tell = place, out, inputs, tell
        self.normalised = Normalised()

    def make(self, commit: str | None, parts: Iterable[str]) -> None:
        """Make the parts that are not there yet; GoldenError where a side does not run its own package."""
        for part in parts:
            mark = self.out / f"{part}.done.json"
            if mark.exists():
                self.tell(f"  {part}: captured before")
                continue
            begun = time.monotonic()
            self.normalised = Normalised()
            self._clear(part)
            lay_out(self.place, commit)
            getattr(self, f"_{part}")()
            done = {
                "processes": check_origins(self.place),
                "seconds": round(time.monotonic() - begun),
                "normalised": dict(sorted(self.normalised.counts.items())),
            }
            mark.parent.mkdir(parents=True, exist_ok=True)
            mark.write_text(json.dumps(done, indent=1) + "\n", encoding="utf-8")
            self.tell(
                f"  {part}: {done['seconds']} s, {done['processes']} processes with this side's package"
            )
        shutil.rmtree(self.place.running, ignore_errors=True)

    def _clear(self, part: str) -> None:
        for folder in (self.out / part, self.out / "store" / part):
            shutil.rmtree(folder, ignore_errors=True)

    # -- parts -------------------------------------------------------------------------------

    def _reports(self) -> None:
        """Every report of the demo, and one of each notebook in Romanian."""
        tree = self.place.tree
        self._run(
            "demo", ["run", "reports.yml", "--force", "--jobs", "2"], tree, self.out / "reports", must=True
        )
        self._gather(tree / "reports", self.out / "reports" / "demo")
        self._store(tree / "store.sqlite", self.out / "store" / "reports" / "demo")
        other = self.place.scratch / "ro"
        names = ("notebooks", "templates", "data", "plans", "*.yml")
        for source in (each for name in names for each in tree.glob(name)):
            (shutil.copytree if source.is_dir() else shutil.copy)(source, _made(other) / source.name)
        settings = other / "workbook.yml"
        text = settings.read_text(encoding="utf-8")
        if "locale: en_US\n" not in text:
            raise GoldenError("workbook.yml of the demo does not say 'locale: en_US' any more.")
        settings.write_text(text.replace("locale: en_US\n", "locale: ro_RO\n"), encoding="utf-8")
        chosen = ("company", "commission", "territories", "targets", "hiring")
        only = [word for name in chosen for word in ("--only", name)]
        self._run("romanian", ["run", "--jobs", "2", *only], other, self.out / "reports")
        statement = ["run", "--only", "statement", "--for", "rep=Anna Snelling"]
        self._run("romanian-statement", statement, other, self.out / "reports")
        self._gather(other / "reports", self.out / "reports" / "romanian")
        self._store(other / "store.sqlite", self.out / "store" / "reports" / "romanian")

    def _commands(self) -> None:
        """The commands in their order, the files they leave, and the store."""
        made, beside, out = (
            self.place.scratch / "made",
            _made(self.place.scratch / "beside"),
            self.out / "commands",
        )
        for name, words in commands(made, beside):
            self._run(name, words, made if made.exists() else beside, out, must=name == "init")
            if name == "init":
                self._files(made, out / "files-of-init")
                for file, contents in FILES.items():
                    (made / file).write_text(contents, encoding="utf-8")
        self._files(beside, out / "files-beside")
        shutil.rmtree(made / ".cache", ignore_errors=True)
        self._gather(made / "reports", out / "reports")
        self._store(made / "store.sqlite", self.out / "store" / "commands")
        self._papermill(made, out)
        for kept in (
            "reports/0*",
            "notebooks",
            "templates",
            "plans",
            "data",
            "store.sqlite*",
            "out.ipynb",
            "*.yml",
        ):
            for each in made.glob(kept):
                shutil.rmtree(each) if each.is_dir() else each.unlink()
        self._files(made, out / "files-after")

    def _papermill(self, made: Path, out: Path) -> None:
        """A notebook through plain papermill, whose kernel is a process of its own."""
        words = ["papermill", "notebooks/performance_review.ipynb", "out.ipynb", "-p", "period", "2017-Q3"]
        done = self._process([sys.executable, "-P", "-m", *words, "--no-progress-bar"], made)
        self.normalised.out("papermill: stderr")
        (out / "papermill.txt").write_text(f"exit {done.returncode}\n{done.stdout}", encoding="utf-8")
        if (made / "out.ipynb").exists():
            text = self.normalised.notebook(made / "out.ipynb")
            (out / "papermill.ipynb").write_text(text, encoding="utf-8")

    def _check(self) -> None:
        """Findings of the demo and of every small workbook that the base's commit has."""
        if not self.inputs.exists():
            made = self.place.scratch / "inputs"
            self._inside("cases", made)
            own = self.place.root.parent / "shared" / "cases" / "own_data"
            for folder in sorted(own.glob("*/workbook.yml")) if own.is_dir() else []:
                shutil.copytree(folder.parent, made / "own_data" / folder.parent.name)
            shutil.move(made, self.inputs)  # whole, or not there
        cases = self.place.scratch / "cases"
        shutil.copytree(self.inputs, cases)
        # a case may have no workbook.yml: that is what is wrong with it
        folders = [self.place.tree, *sorted(path for path in cases.glob("*/*") if path.is_dir())]
        listed = self.place.scratch / "cases.json"
        listed.write_text(json.dumps([str(folder) for folder in folders]), encoding="utf-8")
        self._inside("check", self.out / "check", str(listed))

    def _signatures(self) -> None:
        self._inside("signatures", self.out / "signatures")

    def _results(self) -> None:
        self._inside("results", self.out / "results")
        self.normalised.out("territory: seconds", 2)

    # -- processes ---------------------------------------------------------------------------

    def _process(
        self, words: list[str], folder: Path, *more: Path, columns: int = 110
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            words,
            cwd=folder,
            env={**self.place.environment(*more), "COLUMNS": str(columns)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
        )

    def _run(self, name: str, words: list[str], folder: Path, out: Path, must: bool = False) -> None:
        """A `salesops` command; what it prints and how it ends, in a file.

        Where it `must` end well and does not, there is nothing to compare: two sides that fail alike are
        not the same.
        """
        call = "import sys; sys.argv[0] = 'salesops'; from salesops_nb.cli import main; main()"
        timed = words[0] == "list" and len(words) > 1  # so wide that seconds move no line break
        done = self._process(
            [sys.executable, "-P", "-c", call, *words], folder, columns=1000 if timed else 110
        )
        stdout = self.normalised.listed(done.stdout) if timed else done.stdout
        ended = f"$ salesops {' '.join(words)}\nexit {done.returncode}\n"
        text = f"{ended}-- stdout\n{stdout}-- stderr\n{done.stderr}"
        if must and done.returncode:
            raise GoldenError(f"This side cannot be captured:\n{text[-3000:]}")
        (_made(out) / f"{name}.txt").write_text(text, encoding="utf-8")

    def _inside(self, *words: str | Path) -> None:
        tests = Path(__file__).resolve().parents[1]
        done = self._process(
            [sys.executable, "-P", "-m", "golden.inside", *map(str, words)], self.place.tree, tests
        )
        if done.returncode:
            raise GoldenError(f"{words[0]} failed on this side:\n{done.stderr[-3000:]}")

    # -- files -------------------------------------------------------------------------------

    def _gather(self, reports: Path, out: Path) -> None:
        """Pages, workbooks with their text, notebooks and run.json of every run."""
        for path in sorted(reports.rglob("*")):
            if not path.is_file() or path.suffix not in _SHOWN:
                continue
            target = out / path.relative_to(reports)
            _made(target.parent)
            if path.name == "run.json":
                target.write_text(self.normalised.run_json(path), encoding="utf-8")
            elif path.suffix == ".ipynb":
                target.write_text(self.normalised.notebook(path), encoding="utf-8")
            else:
                self._copy(path, target)

    def _files(self, folder: Path, out: Path) -> None:
        """A folder's files: text and Excel workbooks as they are, of others the hash; and their names."""
        lines = []
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            name = path.relative_to(folder).as_posix()
            if path.suffix == ".xlsx" or (path.suffix in _TEXT and path.stat().st_size < 500_000):
                self._copy(path, out / name)
                lines.append(name)
            else:
                lines.append(f"{name} {path.stat().st_size} {sha256(path.read_bytes()).hexdigest()}")
        (_made(out) / "names.txt").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")

    def _copy(self, path: Path, target: Path) -> None:
        shutil.copyfile(path, _made(target.parent) / target.name)
        if path.suffix == ".xlsx":
            text = "".join(f"{line}\n" for line in as_text.xlsx_lines(path))
            target.with_name(f"{target.name}.txt").write_text(text, encoding="utf-8")

    def _store(self, path: Path, out: Path) -> None:
        if not path.exists():
            raise GoldenError(f"{path.name} was not made: see the output of the commands.")
        for name, rows in as_text.store_tables(path):
            as_text.write_lines(out / f"{name}.jsonl", rows)


def _made(folder: Path) -> Path:
    """A folder that is there now."""
    folder.mkdir(parents=True, exist_ok=True)
    return folder
