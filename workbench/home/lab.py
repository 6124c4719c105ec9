"""`workbench lab`: JupyterLab on this home, with the notebooks that ship."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path
from typing import Annotated, Final

import typer

from workbench import processes
from workbench.cli.console import say
from workbench.cli.opening import opened_home
from workbench.files import make_folder
from workbench.home.notebooks import bring_notebooks, offered_notebooks

# Read beside the user's own: no news pop-up, widgets saved with the notebook, every cell kept in the page.
OURS: Final = Path(__file__).parent / "jupyter"
EXTENSIONS: Final = OURS / "labextensions"
FIRST: Final = "notebooks/start.ipynb"


def lab(
    port: Annotated[int, typer.Option(min=0, max=65535, help="Another one is taken when it is in use.")] = 8888,
    browser: Annotated[bool, typer.Option(help="Open the page in a browser.")] = True,
) -> None:
    """Start JupyterLab on this machine alone, with a token, its notebooks in WORKBENCH_HOME/notebooks."""
    with opened_home() as workbench:
        settings = workbench.settings
    for name in bring_notebooks(settings.home / "notebooks"):
        say(f"copied {name} into {settings.home / 'notebooks'}")
    for name in offered_notebooks(settings.home / "notebooks"):
        say(f"a newer {name} ships; yours stays. To take it: workbench init --take {Path(name).stem}")
    own = make_folder(make_folder(settings.data, mode=0o700) / "jupyter", mode=0o700)
    start = f"/lab/tree/{FIRST}" if (settings.home / FIRST).exists() else "/lab"
    command = [
        *processes.command(processes.LAB_SERVER), "--ServerApp.ip=127.0.0.1", f"--ServerApp.port={port}",
        f"--ServerApp.root_dir={settings.home}", f"--LabApp.default_url={start}", "--LabApp.news_url=None",
        f"--LabApp.extra_labextensions_path={EXTENSIONS}",
        "--ServerApp.allow_unauthenticated_access=False",
    ]  # fmt: skip
    command += _jobs(own)
    if not browser:
        command.append("--no-browser")
    if os.geteuid() == 0:
        command.append("--allow-root")  # in a container there is nobody else; it listens on loopback alone
    # Becomes JupyterLab: its signals and its exit code are its own.
    os.execve(sys.executable, command, _environment(settings.home, settings.mode, own))  # noqa: S606


def _jobs(own: Path) -> list[str]:
    """Its own "Create Notebook Job", where the extra `jobs` is installed: through us, its records within the home."""
    if importlib.util.find_spec("jupyter_scheduler") is None:
        return []
    return [
        "--BaseScheduler.execution_manager_class=workbench.home.jobs.AuditedJob",
        f"--SchedulerApp.db_url=sqlite:///{own / 'jobs.sqlite'}", f"--BaseScheduler.staging_path={own / 'jobs'}",
    ]  # fmt: skip


def _environment(home: Path, mode: str, own: Path) -> dict[str, str]:
    """Kernels find this home, this mode and our commands; Jupyter's settings are ours, not those of the account."""
    before = os.environ
    return {
        **before,
        "WORKBENCH_HOME": str(home),
        "WORKBENCH_MODE": mode,
        "JUPYTER_CONFIG_DIR": str(own),
        "JUPYTERLAB_SETTINGS_DIR": str(own / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(own / "workspaces"),
        "JUPYTER_CONFIG_PATH": os.pathsep.join([str(OURS), *filter(None, [before.get("JUPYTER_CONFIG_PATH")])]),
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), before.get("PATH", os.defpath)]),
    }
