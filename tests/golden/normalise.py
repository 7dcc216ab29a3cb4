"""What may differ between two captures of one commit, taken out of them and counted.

Nothing else is: the clock stands still in a capture, and both sides run in one folder.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

RULES = {
    "run.json: seconds": "how long each step of a report took",
    "run.json: peak_mib": "the memory a report took",
    "run.json: key": "the key of a report, which hashes the package's own code",
    "run.json: ipynb": "hash of an executed notebook, which has an id of its own each time",
    "ipynb: id": "id of the cell of parameters that papermill injects",
    "list: seconds": "how long each report took, as `salesops list RUN` prints it",
    "papermill: stderr": "its progress bar",
    "territory: seconds": "how long the search took",
}
_SECONDS = re.compile(r"\b(ok|skipped|failed)\s+\d+(?:\.\d+)?\s+")


class Normalised:
    """How often each rule took something out."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()

    def out(self, rule: str, times: int = 1) -> str:
        """Counts, and gives what stands in the place."""
        assert rule in RULES, rule
        self.counts[rule] += times
        return "(normalised)"

    def run_json(self, path: Path) -> str:
        """run.json without seconds, memory and keys."""
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        for job in content["jobs"]:
            for name in job.get("seconds", {}):
                job["seconds"][name] = self.out("run.json: seconds")
            for name in ("peak_mib", "key"):
                if name in job:
                    job[name] = self.out(f"run.json: {name}")
            if "sha256" in (notebook := job.get("outputs", {}).get("ipynb", {})):
                notebook["sha256"] = self.out("run.json: ipynb")
        return json.dumps(content, indent=1, ensure_ascii=False) + "\n"

    def notebook(self, path: Path) -> str:
        """An executed notebook without the id that papermill makes up."""
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        for cell in content["cells"]:
            if "injected-parameters" in cell["metadata"].get("tags", []):
                cell["id"] = self.out("ipynb: id")
        return json.dumps(content, indent=1, ensure_ascii=False) + "\n"

    def listed(self, text: str) -> str:
        """The printed list of a run's reports without seconds; its columns' widths hang on them."""
        found, times = _SECONDS.subn(r"\1 (normalised) ", text)
        self.out("list: seconds", times)
        return re.sub(r"[ \t]+", " ", found)
