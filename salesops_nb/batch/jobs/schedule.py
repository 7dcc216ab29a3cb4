"""The crontab line and the systemd units that run the reports by themselves."""

from __future__ import annotations

import re
import shlex
import shutil
import sys
from pathlib import Path

from salesops_nb.batch.jobs.reports import load_reports
from salesops_nb.errors import SalesopsError, problem

_CRON = {
    "day": "{minute} {hour} * * *",
    "week": "{minute} {hour} * * 1",
    "month": "{minute} {hour} {day} * *",
    "quarter": "{minute} {hour} {day} 1,4,7,10 *",
}
_CALENDAR = {
    "day": "*-*-* {hour:02d}:{minute:02d}:00",
    "week": "Mon *-*-* {hour:02d}:{minute:02d}:00",
    "month": "*-*-{day:02d} {hour:02d}:{minute:02d}:00",
    "quarter": "*-01,04,07,10-{day:02d} {hour:02d}:{minute:02d}:00",
}
_UNITS = """\
# crontab -e
{cron} cd {folder} && {command} >> {log} 2>&1

# ~/.config/systemd/user/salesops.service
[Unit]
Description=Sales-operations reports

[Service]
Type=oneshot
WorkingDirectory={plain}
ExecStart={start}

# ~/.config/systemd/user/salesops.timer
[Unit]
Description=Sales-operations reports, every {every}

[Timer]
OnCalendar={calendar}
Persistent=true

[Install]
WantedBy=timers.target

# then: systemctl --user daemon-reload && systemctl --user enable --now salesops.timer"""


def schedule_text(file: Path, every: str, at: str, day: int, deliver: bool) -> str:
    """Both ways to run a file of reports every day, week (Monday), month or quarter, as text."""
    match = re.fullmatch(r"([01]?\d|2[0-3]):([0-5]\d)", at)
    if match is None:
        raise SalesopsError(problem("bad-time", value=at))
    path = file.resolve()
    load_reports(path)  # what is scheduled must be right now
    words = [_program(), "run", path.name, *(["--deliver"] if deliver else [])]
    when = {"hour": int(match[1]), "minute": int(match[2]), "day": day}
    return _UNITS.format(
        # In a crontab an unquoted % ends the command, and everything after it is its input.
        cron=_CRON[every].format(**when),
        folder=shlex.quote(str(path.parent)).replace("%", r"\%"),
        command=shlex.join(words).replace("%", r"\%"),
        log=shlex.quote("salesops.log"),
        plain=str(path.parent).replace("%", "%%"),
        start=" ".join(_systemd(word) for word in words),
        calendar=_CALENDAR[every].format(**when),
        every=every,
    )


def _program() -> str:
    beside = Path(sys.executable).with_name("salesops")
    return str(beside) if beside.exists() else shutil.which("salesops") or "salesops"


def _systemd(word: str) -> str:
    """A word of ExecStart: quoted where it holds a space, its % and $ taken as they are."""
    word = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return f'"{word}"' if re.search(r"\s", word) else word
