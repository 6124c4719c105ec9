"""The schedules for those who run them: a line for cron, a unit for systemd.

Both start `workbench schedule run`, which knows zones, both nights of a change of the clock, pauses and what was
missed; cron's own times are never translated.
"""

from __future__ import annotations

import shlex
import site
from collections.abc import Sequence
from pathlib import Path

from workbench import processes
from workbench.schedule.model import Schedule
from workbench.schedule.scheduler import stop_seconds


def crontab(entries: Sequence[Schedule], *, home: Path) -> str:
    """One line that looks every minute and runs what is due; `crontab -` reads it."""
    settings = [f"{name}={value}" for name, value in _environment(home).items()]
    words = shlex.join(["env", *settings, *processes.command(processes.CLI, "schedule", "run", "--once")])
    line = f"cd {shlex.quote(str(home))} && {words}"
    said = [f"#   {_said(one)}" for one in entries] or ["#   none: workbench.toml has no [[schedules]] that can be run"]
    return "\n".join([
        "# Workbench looks every minute and runs what is due of:",
        *said,
        # A line of cron ends at an unescaped %.
        f"* * * * * {line.replace('%', chr(92) + '%')}",
        "",
    ])  # fmt: skip


def _said(one: Schedule) -> str:
    what = f"notebook {one.notebook}" if one.notebook is not None else shlex.join(one.command)
    return f"{one.name}: {one.cron} ({one.zone}) {what}".replace("\n", " ").replace("\r", " ")


def systemd(*, home: Path) -> str:
    """A unit that keeps `workbench schedule run` at work; for ~/.config/systemd/user/workbench-schedule.service."""
    command = " ".join(map(_quoted, processes.command(processes.CLI, "schedule", "run")))
    return "\n".join([
        "# As ~/.config/systemd/user/workbench-schedule.service; then:",
        "#   systemctl --user enable --now workbench-schedule && loginctl enable-linger",
        "[Unit]",
        "Description=Workbench schedules",
        "",
        "[Service]",
        f"WorkingDirectory={_escaped(str(home))}",
        *(f"Environment={_quoted(f'{name}={value}')}" for name, value in _environment(home).items()),
        f"ExecStart={command}",
        "Restart=on-failure",
        "RestartSec=10",
        # It alone is told, and ends what it began in good order.
        "KillMode=mixed",
        f"TimeoutStopSec={stop_seconds()}",
        "",
        "[Install]",
        "WantedBy=default.target",
        "",
    ])  # fmt: skip


def _environment(home: Path) -> dict[str, str]:
    """What a process needs that has no environment: which home, and (run from a checkout) which code."""
    code = Path(processes.__file__).parent.parent
    found = {} if str(code) in site.getsitepackages() else {"PYTHONPATH": str(code)}
    return {"WORKBENCH_HOME": str(home), **found}


def _escaped(text: str) -> str:
    return text.replace("%", "%%")


def _quoted(word: str) -> str:
    """As systemd reads a word: its specifiers and variables are ours to escape."""
    text = _escaped(word).replace("\\", "\\\\").replace('"', '\\"').replace("$", "$$")
    return f'"{text}"'
