"""How long a command takes to begin: `--help` beside a bare typer app, `status` beside its bare imports."""

import os
import sys
import tempfile

from benchmarks.measured import in_turns, show

TYPER = (
    "import typer; app = typer.Typer(); app.command()(lambda: None); app.command('b')(lambda: None); app(['--help'])"
)


def run(*, small: bool) -> None:
    python = sys.executable
    with tempfile.TemporaryDirectory() as home:
        env = {**os.environ, "WORKBENCH_HOME": home}
        contenders = {
            "workbench --help": [python, "-m", "workbench.cli", "--help"],
            "a bare typer app --help": [python, "-c", TYPER],
            "workbench status": [python, "-m", "workbench.cli", "status"],
            "the imports of status": [python, "-c", "import workbench.cli.commands, workbench.app"],
        }
        found = in_turns(contenders, 2 if small else 9, env)
    show("start-up", found)
    first, typer, status, imports = (cost.cpu for cost in found.values())
    print(
        f"--help ÷ bare typer app: {first / typer:.2f} (aim 2); status ÷ its imports: {status / imports:.2f} (aim 1.5)"
    )
