"""audit/execute.py: however a notebook ends, its file, its manifest and the answer say the same."""

from __future__ import annotations

import hashlib
import html
import json
import os
import subprocess
import sys
import textwrap
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell

from workbench.audit import execute as executing
from workbench.audit.execute import ORDER, execute, live, seal_left
from workbench.audit.notebook import CellState, Outcome
from workbench.errors import BadInput
from workbench.secret import Redactor, encodings

ENDLESS = "import time\nprint('begun', flush=True)\ntime.sleep(600)"
DEAF = textwrap.dedent(
    """
    import time
    while True:
        try:
            time.sleep(600)
        except KeyboardInterrupt:
            pass
    """
)
KILL_THE_RUNNER = textwrap.dedent(
    """
    import os, signal, time
    print('begun', flush=True)
    time.sleep(1.6)
    os.kill(os.getppid(), signal.SIGKILL)
    time.sleep(600)
    """
)

OUT_OF_MEMORY = textwrap.dedent(
    """
    import resource
    size = int(open('/proc/self/statm').read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (size + (64 << 20), resource.RLIM_INFINITY))
    bytearray(1 << 30)
    """
)
CELL_LIMIT = 2.0

# name: the middle cell of three, the limit in seconds, the outcome, the error, how the cells are marked
ENDINGS = {
    "every cell ran": ("x = 1", 60, "succeeded", None, ["completed"] * 3),
    "a cell raised": ("1 / 0", 60, "failed", "ZeroDivisionError", ["completed", "failed", "not_run"]),
    "sys.exit(0)": ("import sys\nsys.exit(0)", 60, "exited", "SystemExit", ["completed", "exited", "not_run"]),
    "exit()": ("exit()", 60, "exited", "SystemExit", ["completed", "exited", "not_run"]),
    "the kernel's process ended": (
        "import os\nos._exit(0)", 60, "kernel_died", "KernelDied", ["completed", "kernel_died", "not_run"],
    ),
    "the kernel was killed, as by a machine out of memory": (
        "import os\nos.kill(os.getpid(), 9)", 60, "kernel_died", "KernelDied", ["completed", "kernel_died", "not_run"],
    ),
    "out of the memory that it may have": (
        OUT_OF_MEMORY, 60, "failed", "MemoryError", ["completed", "failed", "not_run"],
    ),
    "the cell's limit was reached": (
        ENDLESS, 60, "timed_out", "CellTimedOut", ["completed", "timed_out", "not_run"],
    ),
    "the runner was told to end": (
        "import os, signal, time\nos.kill(os.getppid(), signal.SIGTERM)\ntime.sleep(600)", 60, "cancelled", "Cancelled",
        ["completed", "cancelled", "not_run"],
    ),
    "the limit was reached": (ENDLESS, 3, "timed_out", "TimedOut", ["completed", "timed_out", "not_run"]),
    "the limit was reached, the cell did not listen": (
        DEAF, 3, "timed_out", "TimedOut", ["completed", "timed_out", "not_run"],
    ),
    "somebody cancelled": (ENDLESS, 60, "cancelled", "Cancelled", ["completed", "cancelled", "not_run"]),
    "the runner was killed": (
        KILL_THE_RUNNER, 60, "crashed", "RunnerCrashed", ["completed", "crashed", "not_run"],
    ),
}  # fmt: skip


class Ended(dict):
    """Each ending, executed when a test first asks for it: no process waits for those that others look at."""

    def __init__(self, end):
        super().__init__()
        self._end = end

    def __missing__(self, name):
        self[name] = self._end(name)
        return self[name]


@pytest.fixture(scope="module")
def executions(run_in, tmp_path_factory):
    def end(name):
        middle, limit = ENDINGS[name][:2]
        cancel = threading.Event()

        def cancel_soon(progress):
            if name == "somebody cancelled" and progress.number == 2:
                cancel.set()

        cells = ("print('first')", middle, "print('last')")
        while True:
            root = tmp_path_factory.mktemp("ending")
            cell_limit = timedelta(seconds=CELL_LIMIT) if name == "the cell's limit was reached" else None
            execution = run_in(root, *cells, limit=limit, cancel=cancel, on_progress=cancel_soon, cell_limit=cell_limit)
            if execution.cells_run > 1 or limit >= 60:
                return execution
            limit *= 2  # a busy machine takes longer than that to start a kernel, and the limit counts from the start

    return Ended(end)


def marks(execution):
    nb = nbformat.read(execution.output, as_version=4)
    return [cell.metadata.papermill.status for cell in nb.cells]


@pytest.mark.slow
@pytest.mark.parametrize("name", ENDINGS, scope="module")  # all about one ending, then all about the next
class TestEveryEnding:
    def test_is_named_in_the_answer_the_file_and_the_manifest(self, executions, name):
        _, _, outcome, error, _ = ENDINGS[name]
        execution = executions[name]
        nb = nbformat.read(execution.output, as_version=4)
        manifest = json.loads(execution.manifest.read_text())

        assert (execution.outcome, execution.error_name) == (outcome, error)
        assert nb.metadata.workbench.outcome == manifest["outcome"] == outcome
        assert nb.metadata.papermill.exception is (outcome != "succeeded")
        assert f'class="badge {outcome}"' in execution.report.read_text()

    def test_marks_the_cells_that_did_not_run(self, executions, name):
        expected = ENDINGS[name][4]
        execution = executions[name]

        assert marks(execution) == expected
        assert execution.cells_run == 3 - expected.count("not_run")
        assert execution.cells_total == 3

    def test_calls_no_cell_completed_that_the_kernel_did_not_answer(self, executions, name):
        nb = nbformat.read(executions[name].output, as_version=4)

        answered = [cell.execution_count is not None for cell in nb.cells]
        completed = [cell.metadata.papermill.status == CellState.COMPLETED for cell in nb.cells]

        assert all(a or not c for a, c in zip(answered, completed, strict=True))

    def test_shows_the_error_in_the_cell_that_ended_it(self, executions, name):
        execution = executions[name]
        if execution.outcome is Outcome.SUCCEEDED:
            assert execution.failed_cell is None
            return
        nb = nbformat.read(execution.output, as_version=4)
        errors = [output.ename for output in nb.cells[1].outputs if output.output_type == "error"]

        assert execution.failed_cell == 1
        assert errors[-1] == execution.error_name

    def test_leaves_nothing_but_the_sealed_directory(self, executions, name):
        execution = executions[name]
        folder = execution.output.parent

        assert list(folder.parent.iterdir()) == [folder]
        assert sorted(path.name for path in folder.iterdir()) == [
            "input.ipynb", "manifest.json", "output.ipynb", "params.json", "report.html",
        ]  # fmt: skip

    def test_has_true_hashes(self, executions, name):
        execution = executions[name]
        manifest = json.loads(execution.manifest.read_text())

        for file, fingerprint in manifest["files"].items():
            data = (execution.manifest.parent / file).read_bytes()
            assert fingerprint == {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data)}


@pytest.mark.slow
def test_a_killed_runner_leaves_what_the_cell_had_printed(executions):
    nb = nbformat.read(executions["the runner was killed"].output, as_version=4)

    assert nb.cells[1].outputs[0].text == "begun\n"


@pytest.mark.slow
def test_a_killed_kernel_says_what_killed_it(executions):
    execution = executions["the kernel was killed, as by a machine out of memory"]

    assert "was killed by SIGKILL, as a machine out of memory does" in execution.error_value


FLOOD = "for _ in range({}):\n    print('x' * 1_000_000)\nprint('behind it')"


@pytest.mark.slow
@pytest.mark.parametrize("megabytes", [20, pytest.param(100, marks=pytest.mark.soak)])
def test_what_a_cell_prints_is_bounded_and_a_clock_may_go_back(run, monkeypatch, megabytes):
    class Back(datetime):
        """An hour earlier each time it is asked."""

        asked = 0

        @classmethod
        def now(cls, tz=None):
            cls.asked += 1
            return datetime.now(tz) - timedelta(hours=cls.asked)

    monkeypatch.setattr(executing, "datetime", Back)
    execution = run(FLOOD.format(megabytes), "raise ValueError('y' * 1_000_000)")
    nb = nbformat.read(execution.output, as_version=4)

    assert (execution.outcome, execution.error_name) == ("failed", "ValueError")
    assert execution.output.stat().st_size < 8_000_000
    assert "5 MB of what a cell prints" in nb.cells[0].outputs[-1].text
    assert len(nb.cells[1].outputs[-1].evalue) == len(execution.error_value) == 20_000
    assert execution.started_at < execution.ended_at < execution.started_at + timedelta(minutes=5)


@pytest.fixture(scope="module")
def side_by_side(run_in, tmp_path_factory):
    """Two executions at the same time, each with its home and the progress that it told; neither disturbs the other."""
    first, second = tmp_path_factory.mktemp("first"), tmp_path_factory.mktemp("second")
    seen = []

    def facts():
        return run_in(
            first,
            "import json, os, sys, time, workbench\nfrom workbench.panels.front_end import is_by_hand\n"
            "from ipykernel.connect import get_connection_info",
            "facts = [sys.executable, os.getcwd(), workbench.__file__, is_by_hand(),"
            " os.environ['WORKBENCH_EXECUTION_ID'], os.environ['GIVEN'], code,"
            " get_connection_info(unpack=True)['transport']]",
            "time.sleep(1)",
            "print(json.dumps(facts))",
            parameters='code = "1"  # kept as text',
            given={"code": "007"},
            env={"GIVEN": "by the caller"},
        )

    def skipping():
        skipped = new_code_cell("1 / 0", metadata={"tags": ["skip-execution"]})
        allowed = new_code_cell("1 / 0", metadata={"tags": ["raises-exception"]})
        cells = (
            new_markdown_cell("# Title"),
            "",
            skipped,
            allowed,
            "import os, time\ntime.sleep(1)\nprint(os.getcwd())",
        )
        return run_in(second, *cells, on_progress=seen.append)

    with ThreadPoolExecutor(2) as pool:
        facts_run, skipping_run = pool.submit(facts), pool.submit(skipping)
    return (first, facts_run.result()), (second, skipping_run.result()), seen


@pytest.mark.slow
def test_the_kernel_is_this_interpreter_in_the_home_it_was_given(side_by_side):
    """Whatever kernel the notebook names; and nothing is on stderr, also no warning about the transport."""
    (home, execution), _, _ = side_by_side

    nb = nbformat.read(execution.output, as_version=4)
    (printed,) = [output for cell in nb.cells for output in cell.get("outputs", ())]
    assert json.loads(printed.text) == [
        sys.executable,
        str(home),
        str(Path(execute.__code__.co_filename).parents[1] / "__init__.py"),
        False,
        execution.execution_id,
        "by the caller",
        "007",
        "ipc",  # no port, which another process of the machine may be given before the kernel takes it
    ]
    assert nb.cells[1].source == "# Parameters\ncode = '007'"
    assert nb.cells[1].metadata.tags == ["injected-parameters"]


@pytest.mark.slow
def test_text_empty_and_tagged_cells_are_skipped_and_an_expected_error_is_none(side_by_side):
    _, (_, execution), seen = side_by_side

    assert execution.outcome == "succeeded"
    assert marks(execution) == ["skipped", "skipped", "skipped", "completed", "completed"]
    assert [(p.number, p.total, p.state) for p in seen] == [
        (1, 2, "running"), (1, 2, "completed"), (2, 2, "running"), (2, 2, "completed"),
    ]  # fmt: skip


@pytest.mark.slow
def test_two_executions_side_by_side_do_not_disturb_each_other(side_by_side):
    """Each kernel works in its own home, with its own parameters: see the facts above."""
    for home, execution in side_by_side[:2]:
        nb = nbformat.read(execution.output, as_version=4)
        assert execution.outcome == "succeeded"
        assert str(home) in nb.cells[-1].outputs[0].text
    (_, first), (_, second), _ = side_by_side
    assert first.started_at < second.ended_at
    assert second.started_at < first.ended_at


def polled(run_in, root, canary, *cells):
    """The execution, and for every look of a reader each 2 ms whether the secret was there; half a file raises."""
    folder = root / "reports" / "polled"
    reads, is_over = [], threading.Event()

    def poll():
        while not is_over.wait(0.002):
            try:
                text = live(folder).read_text()
            except FileNotFoundError:
                continue  # not there yet, or sealed by now
            json.loads(text)
            reads.append(canary in text)

    with ThreadPoolExecutor(1) as pool:
        polling = pool.submit(poll)
        try:
            execution = run_in(root, *cells, folder=folder, env={"API_KEY": canary})
        finally:
            is_over.set()
        polling.result()
    return execution, reads


@pytest.fixture(scope="module")
def watched_secret(run_in, tmp_path_factory, canary):
    """A notebook that prints a secret in every way, for some seconds; it grows by 100 kB a save."""
    cells = (
        "import base64, json, os, time, urllib.parse, html\nfrom IPython.display import HTML, display\n"
        "key = os.environ['API_KEY']",
        "for _ in range(10):\n    print(key * 1000); time.sleep(0.25)",
        "print(key, repr(key), json.dumps(key), urllib.parse.quote(key, safe=''), key.encode().hex())",
        "for lead in range(3):\n    print(base64.b64encode(b'x' * lead + key.encode()).decode())",
        "display(HTML(f'<p>{html.escape(key)}</p>'), {key: [key]}, raw=False)",
        "key",
        "raise RuntimeError(f'GET https://example.test/?token={urllib.parse.quote_plus(key)} as {key}')",
        f"# {canary}",
    )
    return polled(run_in, tmp_path_factory.mktemp("secret"), canary, *cells)


@pytest.mark.slow
def test_a_reader_never_sees_half_a_file_nor_a_secret(watched_secret):
    _, reads = watched_secret

    assert len(reads) > 100
    assert not any(reads)


@pytest.mark.soak
def test_four_hundred_reads_and_none_of_half_a_file(run_in, tmp_path, canary):
    _, reads = polled(
        run_in, tmp_path, canary, "import time\nfor _ in range(80):\n    print('x' * 50_000); time.sleep(0.25)"
    )

    print(f"0 broken files of {len(reads)} reads")
    assert len(reads) >= 400


@pytest.mark.slow
def test_no_secret_in_any_encoding_reaches_the_archive(watched_secret, canary):
    execution, _ = watched_secret

    files = {path.name: path.read_text() for path in execution.output.parent.iterdir()}
    forms = encodings(canary) | {html.escape(canary)}
    hits = {(name, form) for name, text in files.items() for form in forms if form in text}
    assert hits == set()
    assert execution.error_value == "GET https://example.test/?token=*** as ***"
    assert json.loads(files["manifest.json"])["redactions"] >= 10


@pytest.mark.slow
def test_ctrl_c_cancels_and_still_seals(run):
    def interrupt(progress):
        raise KeyboardInterrupt

    execution = run(ENDLESS, "print('last')", on_progress=interrupt)

    assert execution.outcome == "cancelled"
    assert marks(execution)[-1] == "not_run"


@pytest.mark.slow
def test_what_could_not_be_sealed_is_kept_for_a_person(run, tmp_path):
    """Here the caller fails to say what was sealed before; it might as well be a full disk."""

    def facts():
        raise OSError("no chain")

    folder = tmp_path / "reports" / "unsealed"
    with pytest.raises(OSError, match="no chain"):
        run("print('done')", folder=folder, facts=facts)

    assert not folder.exists()
    assert nbformat.read(live(folder), as_version=4).metadata.workbench.outcome == "succeeded"


def test_a_runner_that_cannot_start_is_a_crash_without_any_cell_run(run):
    execution = run("print('never')", env={"PYTHONHOME": "/nowhere"})

    assert execution.outcome == "crashed"
    assert marks(execution) == ["not_run"]
    assert execution.cells_run == 0


@pytest.mark.slow
def test_the_runner_ends_with_the_process_that_started_it(notebook, tmp_path):
    """No notebook goes on working for nobody."""
    path = notebook("import os\nopen('pids', 'w').write(f'{os.getppid()} {os.getpid()}')", ENDLESS)
    program = f"""
        import os, datetime, pathlib
        from workbench.audit.execute import execute
        from workbench.secret import Redactor
        root = pathlib.Path({str(tmp_path)!r})
        execute(pathlib.Path({str(path)!r}), {{}}, folder=root / "a" / "x", home=root, redactor=Redactor([]),
                limit=datetime.timedelta(seconds=60), env=dict(os.environ))
    """
    deep = tmp_path / ("deep" * 20)  # where no socket may lie: its path would be too long
    deep.mkdir()
    caller = subprocess.Popen([sys.executable, "-c", textwrap.dedent(program)], env={**os.environ, "TMPDIR": str(deep)})
    pids = tmp_path / "pids"
    assert wait_for(lambda: pids.exists() and len(pids.read_text().split()) == 2)

    caller.kill()
    caller.wait()

    runner, kernel = map(int, pids.read_text().split())
    assert wait_for(lambda: not is_alive(runner) and not is_alive(kernel))
    assert not (tmp_path / "a" / "x").exists()
    left = nbformat.read(live(tmp_path / "a" / "x"), as_version=4)
    assert left.metadata.workbench.outcome == "killed"
    sockets = Path(json.loads((live(tmp_path / "a" / "x").parent / ORDER).read_bytes())["sockets"])
    assert (sockets.stat().st_mode & 0o777, sockets.parent) == (0o700, Path("/tmp"))
    assert seal_left(tmp_path / "a" / "x", Redactor([])).outcome == "killed"
    assert not sockets.exists(), "who closes what was killed removes them"


def wait_for(condition, seconds=60.0):
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)
    return condition()


def is_alive(pid):
    """A zombie that nobody in this container collects is dead."""
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False


@pytest.mark.parametrize(
    ("options", "words"),
    [
        pytest.param({"given": {"nobody": 1}}, "'nobody' is not declared", id="a parameter nobody declared"),
        pytest.param({"given": {"n": "many"}}, "n must be int", id="a value of the wrong type"),
        pytest.param({"given": {"text": "SECRET"}}, "holds a secret", id="a secret as a parameter"),
    ],
)
def test_refused_before_anything_happened(run, tmp_path, canary, options, words):
    given = {name: canary if value == "SECRET" else value for name, value in options["given"].items()}

    with pytest.raises(BadInput, match=words):
        run("print(n)", parameters="n = 1\ntext = ''", given=given)

    assert not (tmp_path / "reports").exists()


def test_a_directory_is_used_once(run, tmp_path):
    (tmp_path / "reports" / "taken").mkdir(parents=True)

    with pytest.raises(BadInput, match="exists already"):
        run("1", folder=tmp_path / "reports" / "taken")


def test_an_execution_that_is_running_is_not_started_again(run, tmp_path):
    live(tmp_path / "reports" / "busy").parent.mkdir(parents=True)

    with pytest.raises(BadInput, match="is being executed"):
        run("1", folder=tmp_path / "reports" / "busy")
