"""How long a command takes to begin: `--help` beside a bare typer app, `status` beside its bare imports."""

import os
import sys
import tempfile
from collections.abc import Iterator

from benchmarks.measured import in_turns
from benchmarks.results import Contender, Figure, Ratio

TYPER = (
    "import typer; app = typer.Typer(); app.command()(lambda: None); app.command('b')(lambda: None); app(['--help'])"
)


def run(size: str) -> Iterator[Figure]:
    python = sys.executable
    with tempfile.TemporaryDirectory() as home:
        env = {**os.environ, "WORKBENCH_HOME": home}
        contenders = {
            "workbench --help": [python, "-m", "workbench.cli", "--help"],
            "a bare typer app --help": [python, "-c", TYPER],
            "workbench status": [python, "-m", "workbench.cli", "status"],
            "the imports of status": [python, "-c", "import workbench.cli.commands, workbench.app"],
        }
        found = in_turns(contenders, 2 if size == "small" else 9, env)
    first, typer, status, imports = (cost.cpu for cost in found.values())
    yield Figure(
        name="startup",
        title="Start-up of the command line",
        contenders=tuple(Contender(name, cost.values()) for name, cost in found.items()),
        ratios=(
            Ratio("CPU time of --help ÷ that of a bare typer app", first / typer, 2),
            Ratio("CPU time of status ÷ that of its imports", status / imports, 1.5),
        ),
        drawn="CPU s",
        words="Whole processes, from start to end; `status` in an empty home.",
    )
