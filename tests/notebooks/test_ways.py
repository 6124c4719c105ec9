"""However a notebook is run: by a front end it waits for clicks, by anything else it does what its parameters say."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import nbformat
import pytest
from jupyter_client import BlockingKernelClient, KernelManager
from nbformat.v4 import new_code_cell, new_notebook

from tests.collect.recover.conftest import collected
from tests.notebooks.conftest import NOTEBOOKS, ROOT, Home
from workbench import open_workbench
from workbench.sandbox.serve import Sandbox

BIN = Path(sys.executable).parent
# Without what takes seconds of an import and serves nothing here (tests/conftest.py).
QUICK = "import runpy, sys; sys.modules['rfc3987_syntax'] = None; sys.argv = sys.argv[1:]; "
ASK = "from workbench.panels.front_end import is_by_hand"
ALONE = f"{ASK}\nassert not is_by_hand()"


def command(module: str, *words: str) -> list[str]:
    run = f"{QUICK}runpy.run_module({module!r}, run_name='__main__')"
    return [sys.executable, "-c", run, module, *words]


def papermill(path: Path, **params: object) -> list[str]:
    given = [word for name, value in params.items() for word in ("-p", name, str(value))]
    return command("papermill", str(path), str(path.parent / "papermill.ipynb"), *given)


# way: a command that executes the notebook
WAYS = {
    "papermill": papermill,
    "nbconvert": lambda path: command(
        "nbconvert", "--to", "notebook", "--execute", str(path), "--output-dir", str(path.parent / "out")
    ),
    "nbclient": lambda path: [
        sys.executable,
        "-c",
        f"{QUICK}from nbclient.cli import main; main()",
        "jupyter-execute",
        str(path),
    ],
    "nbmake": lambda path: command("pytest", "-q", "-p", "nbmake", "-p", "no:cacheprovider", "--nbmake", str(path)),
}


def empty_environment(home: Path) -> dict[str, str]:
    """Cron's; the checkout is where an installed package would be."""
    return {"PATH": f"{BIN}:/usr/bin:/bin", "HOME": str(home), "PYTHONPATH": str(ROOT)}


def run(command: list[str], cwd: Path, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, timeout=300)


def probe(folder: Path, *cells: str) -> Path:
    path = folder / "probe.ipynb"
    spec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(new_notebook(cells=[new_code_cell(one) for one in cells], metadata={"kernelspec": spec}), path)
    return path


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS)
def test_nobody_is_there_and_a_failure_is_the_exit_code(tmp_path: Path, way: str) -> None:
    """Also from a shell within JupyterLab, whose kernel hands on what its server told it."""
    env = empty_environment(tmp_path) | {"JPY_SESSION_NAME": "/somebody/lab.ipynb"}
    done = run(WAYS[way](probe(tmp_path, ALONE, "1 / 0")), tmp_path, env)

    assert done.returncode != 0
    assert "ZeroDivisionError" in done.stdout + done.stderr
    assert "AssertionError" not in done.stdout + done.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    ("env", "before"),
    [
        pytest.param({"JPY_SESSION_NAME": "/home/somebody/runs.ipynb"}, "", id="a session at a Jupyter server"),
        pytest.param({}, '__vsc_ipynb_file__ = "/somewhere/runs.ipynb"', id="VS Code: code before the first cell"),
    ],
)
def test_a_person_is_there_at_a_front_end(tmp_path: Path, env: dict[str, str], before: str) -> None:
    """As those start kernels; test_lab.py has JupyterLab itself."""
    manager = KernelManager(transport_encryption="auto")
    manager.start_kernel(env=empty_environment(tmp_path) | env)
    client: BlockingKernelClient = manager.client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=120)
        client.execute(before, silent=True)
        asked = client.execute(ASK, user_expressions={"by_hand": "is_by_hand()"}, reply=True, timeout=120)["content"]
        assert asked["user_expressions"]["by_hand"]["data"]["text/plain"] == "True"
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


@pytest.mark.slow
def test_papermill_from_an_empty_environment_collects_once(home: Home, tmp_path: Path) -> None:
    """The home is the current folder, as in a line of cron that begins with cd."""
    env = empty_environment(tmp_path)
    order = papermill(NOTEBOOKS / "runs.ipynb", name="Nightly", num_posts=2)
    order[order.index(str(NOTEBOOKS / "papermill.ipynb"))] = str(tmp_path / "out.ipynb")
    triggers = []
    for _ in range(2):
        done = run(order, home.path, env)
        assert done.returncode == 0, done.stderr[-3000:]
        triggers.append(home.triggers_accepted())

    assert triggers == [3, 3]
    nb = nbformat.read(tmp_path / "out.ipynb", as_version=4)
    (told,) = [cell.outputs[0].data["text/plain"] for cell in nb.cells if cell.id == "outcome"]
    assert told.startswith("Done: The run is complete")


@pytest.mark.slow
def test_papermill_fails_where_recovery_finds_something_lost(home: Home, tmp_path: Path) -> None:
    with Sandbox(tmp_path / "vendor", seed=7, switches={"ready_after_seconds": 0}) as sandbox:
        lost = collected(sandbox, expired=1)
        env = empty_environment(tmp_path) | {"WORKBENCH_HOME": str(home.path), "WORKBENCH_BRIGHTDATA_URL": sandbox.url}
        order = papermill(NOTEBOOKS / "recovery.ipynb", adopt=True)
        order[order.index(str(NOTEBOOKS / "papermill.ipynb"))] = str(tmp_path / "out.ipynb")
        done = run(order, tmp_path, env)

    assert done.returncode != 0
    assert f"not to be had: {lost} (expired)" in done.stderr


# The bar in full ----------------------------------------------------------------------------------------

ALL_WAYS = {**WAYS, "audit": lambda path: command("workbench.cli", "audit", "run", str(path)), "cron": papermill}
FULL = [(way, name) for way in ALL_WAYS for name in ("runs", "recovery", "uploads", "postings")]
NOTHING = "data/inputs/nothing.csv"
FAILING = {
    "runs": ({"sources": NOTHING}, NOTHING),
    "recovery": ({"adopt": True}, "(expired)"),
    "uploads": ({"source": NOTHING}, NOTHING),
    "postings": ({"listings": NOTHING}, NOTHING),
}


def told_by_default(name: str, home: Home, **params: object) -> Path:
    """A copy with other defaults in the home: nbconvert, nbclient and nbmake know no parameters."""
    nb = nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4)
    (cell,) = [one for one in nb.cells if "parameters" in one.metadata.get("tags", ())]
    lines = cell.source.splitlines()
    cell.source = "\n".join(_told(line, params) for line in lines)
    (home.path / "notebooks").mkdir(exist_ok=True)
    nbformat.write(nb, home.path / "notebooks" / f"{name}.ipynb")
    return home.path / "notebooks" / f"{name}.ipynb"


def _told(line: str, params: dict[str, object]) -> str:
    name, _, kind = line.partition(":")
    return f"{name}: {kind.split()[0]} = {params[name]!r}" if name in params else line


class World:
    """A home whose settings lie in it, and what the sites outside were made to do."""

    def __init__(self, home: Home, sandbox: Sandbox) -> None:
        from tests.post.desk import FAST as FAST_POST
        from tests.post.desk import Desk
        from tests.upload.studio import FAST, LABEL, Studio

        urls = {
            "brightdata_url": sandbox.url, "marketplace_url": sandbox.marketplace.url,
            "trafficjunky_url": sandbox.trafficjunky.url,
        }  # fmt: skip
        settings = {**FAST_POST, **FAST, **urls}
        key = settings.pop("brightdata_api_key")
        lines = [f"BRIGHTDATA_API_KEY={key}", *(f"WORKBENCH_{name.upper()}={one}" for name, one in settings.items())]
        env = home.path / ".env"
        env.write_text("\n".join(lines) + "\n")
        env.chmod(0o600)
        self.home, self.sandbox = home, sandbox
        self.studio, self.desk = Studio(home.path.parent, sandbox), Desk(home.path.parent, sandbox)
        self.studio.pictures(1)
        self.desk.csv({})
        with open_workbench(home.path) as wb:
            wb.accounts.add("trafficjunky", LABEL)
            wb.accounts.add("marketplace", "north")

    def run(self, way: str, path: Path) -> subprocess.CompletedProcess[str]:
        home = self.home.path
        mine = {name: os.environ[name] for name in ("HOME",) if name in os.environ}
        env = {**empty_environment(home), **mine} if way == "cron" else self.home.env
        return run(ALL_WAYS[way](path), home, env)

    def outside(self) -> dict[str, int]:
        """By the sites' own count."""
        count = httpx.get(f"{self.sandbox.url}/sandbox/count", timeout=60).json()
        return {
            "triggers": count["triggers_accepted"],
            "creatives": sum(map(len, self.studio.stored().values())),
            "clicks on publish": sum(self.desk.count()["publish_clicks"].values()),
        }

    def posts(self) -> int:
        with open_workbench(self.home.path) as wb:
            return int(wb.sql("SELECT count(*) FROM posts").fetchone()[0])


@pytest.fixture
def world(home: Home, tmp_path: Path) -> Iterator[World]:
    with Sandbox(tmp_path / "vendor", seed=7, switches={"ready_after_seconds": 0}) as sandbox:
        yield World(home, sandbox)


@pytest.mark.soak
@pytest.mark.browser
@pytest.mark.timeout(900)
@pytest.mark.parametrize(("way", "name"), FULL)
def test_each_way_with_each_notebook_works_once(world: World, way: str, name: str) -> None:
    params: dict[str, object] = {"depth": "real"}
    if name == "runs":
        params = {"num_posts": 2}
    if name == "recovery":
        params = {"adopt": True}
        collected(world.sandbox)
    if name == "postings":
        params |= {"listings": "data/inputs/listings.csv", "accounts": "north"}
    path = told_by_default(name, world.home, **params)
    before = world.outside()
    seen = []
    for _ in range(2):
        done = world.run(way, path)
        assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
        after = world.outside()
        seen.append(({one: after[one] - before[one] for one in after}, world.posts()))

    effects = dict.fromkeys(before, 0)
    effects |= {"runs": {"triggers": 3}, "uploads": {"creatives": 1}, "postings": {"clicks on publish": 1}}.get(
        name, {}
    )
    assert seen[0] == seen[1]
    assert seen[0][0] == effects
    assert (seen[0][1] > 0) == (name in {"runs", "recovery"})


@pytest.mark.soak
@pytest.mark.timeout(900)
@pytest.mark.parametrize(("way", "name"), FULL)
def test_each_way_with_each_notebook_fails_where_the_work_failed(world: World, way: str, name: str) -> None:
    if name == "recovery":
        collected(world.sandbox, expired=1)
    params, words = FAILING[name]
    path = told_by_default(name, world.home, **params)
    before = world.outside()
    done = world.run(way, path)

    assert done.returncode != 0
    assert words in "".join((done.stdout + done.stderr).split())  # lines are as wide as somebody's terminal
    assert world.outside() == before
