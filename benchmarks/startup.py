"""How long a command takes to begin: each beside the bare imports of the libraries that it stands on."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.measured import in_turns
from benchmarks.results import Contender, Figure, Ratio

TYPER = (
    "import typer; app = typer.Typer(); app.command()(lambda: None); app.command('b')(lambda: None); app(['--help'])"
)
STATUS = "import typer, pydantic.main, sqlalchemy.dialects.sqlite, rich.console"
SQL = f"{STATUS}, duckdb, pyarrow"


def run(size: str) -> Iterator[Figure]:
    python = sys.executable
    command = [python, "-m", "workbench.cli"]
    ours = Path(__file__).parents[1] / "workbench"
    subprocess.run([python, "-m", "compileall", "-q", str(ours)], check=True)
    with tempfile.TemporaryDirectory() as home:
        env = {**os.environ, "WORKBENCH_HOME": home, "PYTHONDONTWRITEBYTECODE": "1"}
        subprocess.run([*command, "status"], env=env, check=True, capture_output=True)  # makes the ledger
        contenders = {
            "workbench --help": [*command, "--help"],
            "a bare typer app --help": [python, "-c", TYPER],
            "workbench status": [*command, "status"],
            "the libraries of status": [python, "-c", STATUS],
            "workbench sql": [*command, "sql", "select 1"],
            "the libraries of sql": [python, "-c", SQL],
        }
        found = in_turns(contenders, 2 if size == "small" else 9, env)
    first, typer, status, its_libraries, sql, their_libraries = (cost.cpu for cost in found.values())
    yield Figure(
        name="startup",
        title="Start-up of the command line",
        contenders=tuple(Contender(name, cost.values()) for name, cost in found.items()),
        ratios=(
            Ratio("CPU time of --help ÷ that of a bare typer app", first / typer, 2),
            Ratio("CPU time of status ÷ that of importing its libraries", status / its_libraries, 2),
            Ratio("CPU time of sql ÷ that of importing its libraries", sql / their_libraries, 2),
        ),
        drawn="CPU s",
        words=(
            'Whole processes, start to end, in an empty home: `--help`, `status` and `sql "select 1"`, each beside '
            "typer, pydantic, SQLAlchemy, rich, and for `sql` DuckDB and Arrow, imported and not used. Bytecode was "
            "compiled at set-up; none is written later (PYTHONDONTWRITEBYTECODE=1), as on most servers."
        ),
    )
