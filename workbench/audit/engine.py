"""papermill's engine with an honest ending: what did not run is never called completed.

papermill 2.7 marks every cell completed after a kernel's death, a timeout and a cancel, and stops for nobody.
Here a cell is completed when the kernel answered; a supervisor beside the running cell saves what it printed
and, when the execution must stop, interrupts the kernel, waits, and kills it.

Imported in the runner's process only.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import math
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

import papermill as pm
from ipykernel.kernelspec import get_kernel_dict
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from jupyter_core.utils import run_sync
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import Engine, NotebookExecutionManager, papermill_engines
from papermill.translators import PythonTranslator, papermill_translators

from workbench.audit.notebook import CellState, Outcome, is_runnable, mark_ending, mark_unrun, state, titles
from workbench.audit.parameters import assignments
from workbench.audit.values import Value

NAME: Final = "workbench"
TICK: Final = 0.2  # how soon a request to stop is seen
SAVE_EVERY: Final = 1.0  # of a running cell's output; every save rewrites and redacts the file
START_TIMEOUT: Final = timedelta(minutes=1)
OUTPUT_TIMEOUT: Final = timedelta(minutes=2)  # for output still on its way when its cell has ended
MOST_OF_A_CELL: Final = 5_000_000  # characters of output that are kept of one cell
MOST_OF_ALL: Final = 50_000_000
_MOST_OF_AN_ERROR: Final = 20_000  # characters of its words, and of each line of its traceback
_PRINTS: Final = frozenset({"stream", "display_data", "execute_result", "update_display_data"})

log = logging.getLogger(__name__)


class Stop:
    """Whether the execution has to end before its last cell, and why."""

    def __init__(self, limit: timedelta, cell_limit: timedelta | None = None) -> None:
        self._deadline = time.monotonic() + limit.total_seconds()
        self._limit, self._cell_limit = limit, cell_limit
        self._cell_began = math.inf
        self._asked: Ended | None = None

    def ask(self, why: str, *, is_killed: bool = False) -> None:
        ended = Ended(Outcome.KILLED, "Killed", why) if is_killed else Ended(Outcome.CANCELLED, "Cancelled", why)
        self._asked = self._asked or ended

    @contextlib.contextmanager
    def cell(self) -> Iterator[None]:
        """A cell at work, whose time is limited too."""
        self._cell_began = time.monotonic()
        try:
            yield
        finally:
            self._cell_began = math.inf

    @property
    def reason(self) -> Ended | None:
        if self._asked:
            return self._asked
        if time.monotonic() >= self._deadline:
            return Ended(Outcome.TIMED_OUT, "TimedOut", f"the execution's limit of {self._limit} was reached")
        if self._cell_limit and time.monotonic() - self._cell_began >= self._cell_limit.total_seconds():
            return Ended(Outcome.TIMED_OUT, "CellTimedOut", f"the limit of {self._cell_limit} for a cell was reached")
        return None


class Ended(Exception):
    """The execution is over, and how."""

    def __init__(self, outcome: Outcome, name: str | None = None, value: str | None = None) -> None:
        super().__init__(outcome, name, value)
        self.outcome, self.name, self.value = outcome, name, value


class OwnKernel(AsyncKernelManager):
    """A kernel of this very interpreter, whatever a kernelspec named python3 points to on this machine.

    It listens on sockets in a folder that nobody else may enter. Ports are chosen by the manager, let go, and taken by
    the kernel a second later: meanwhile any process of the machine may be given one, and the kernel dies of it.
    """

    def __init__(self, sockets: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.transport, self.ip = "ipc", f"{sockets}/k"
        # Where the installed kernel declares that it can; such a kernel warns on stderr when it is not used.
        self.transport_encryption = "auto"

    @property
    def kernel_spec(self) -> KernelSpec:
        return KernelSpec(**get_kernel_dict())


class Book(NotebookExecutionManager):  # type: ignore[misc]
    """Keeps the marks of the cells, and saves the notebook through `save_as`."""

    def __init__(self, nb: NotebookNode, save_as: Callable[[NotebookNode], None], tell: Callable[..., None]) -> None:
        super().__init__(nb, progress_bar=False, autosave_cell_every=0)
        self._save_as = save_as
        self._tell = tell
        self.saved_at = time.monotonic()
        self.has_news = False

    def save(self, **_: Any) -> None:
        """While it runs, a full disk is no reason to stop: the work goes on, and the last save says so."""
        try:
            self.save_at_last()
        except OSError as error:
            log.warning("the notebook could not be saved while it runs: %s", error)

    def save_at_last(self) -> None:
        self.has_news = False
        self._save_as(self.nb)
        self.saved_at = time.monotonic()

    def notebook_start(self, **_: Any) -> None:
        super().notebook_start()
        mark_unrun(self.nb)
        self.save()

    def cell_start(self, cell: NotebookNode, cell_index: int, **_: Any) -> None:
        super().cell_start(cell, cell_index)
        self._tell(cell=cell_index, state=CellState.RUNNING)

    def cell_complete(self, cell: NotebookNode, cell_index: int, **_: Any) -> None:
        super().cell_complete(cell, cell_index)
        self._tell(cell=cell_index, state=CellState.COMPLETED)

    def notebook_complete(self, ended: Ended) -> None:
        """Unlike papermill's, this changes no cell's mark but that of the cell that was running."""
        self.end_time = self.now()
        for part in [self.nb, *(cell for cell in self.nb.cells if state(cell) == CellState.RUNNING)]:
            started = datetime.fromisoformat(part.metadata.papermill.start_time)
            seconds = max(0.0, (self.end_time - started).total_seconds())  # a wall clock may go back
            part.metadata.papermill.update(end_time=self.end_time.isoformat(), duration=seconds)
        mark_ending(self.nb, ended.outcome, ended.name, ended.value)
        self.save_at_last()


class Room:
    """What is kept of what cells print: so much of a cell, so much of all; a notice says what is not."""

    def __init__(self) -> None:
        self._kept: dict[int, int] = {}
        self._dropped: dict[int, int] = {}
        self._notices: dict[int, NotebookNode] = {}

    def cleared(self, index: int) -> None:
        self._kept[index] = 0

    def fitting(self, msg: dict[str, Any], index: int) -> tuple[dict[str, Any] | None, int]:
        """The message as far as there is room for it, and how much of it is not kept."""
        content = msg["content"]
        size = _size(content)
        if msg["msg_type"] == "update_display_data" and size <= MOST_OF_A_CELL:
            return msg, 0  # it takes the place of another
        room = min(MOST_OF_A_CELL - self._kept.get(index, 0), MOST_OF_ALL - sum(self._kept.values()))
        if size <= room:
            self._kept[index] = self._kept.get(index, 0) + size
            return msg, 0
        keeps = max(room, 0) if msg["msg_type"] == "stream" else 0
        self._kept[index] = self._kept.get(index, 0) + keeps
        part = {**msg, "content": {**content, "text": content["text"][:keeps]}} if keeps else None
        return part, size - keeps

    def tell(self, cell: NotebookNode, index: int, more: int) -> None:
        self._dropped[index] = self._dropped.get(index, 0) + more
        notice = self._notices.get(index)
        if notice is None or not any(one is notice for one in cell.outputs):
            notice = self._notices[index] = NotebookNode(output_type="stream", name="stderr", text="")  # type: ignore[no-untyped-call]
            cell.outputs.append(notice)
        notice.text = (
            f"[Workbench keeps {MOST_OF_A_CELL / 1e6:g} MB of what a cell prints and {MOST_OF_ALL / 1e6:g} MB of a "
            f"notebook: {self._dropped[index]:,} characters of this cell are not kept]\n"
        )


def _size(content: Mapping[str, Any]) -> int:
    if "text" in content:
        return len(content["text"])
    return sum(len(one) if isinstance(one, str) else len(json.dumps(one)) for one in content.get("data", {}).values())


def _shortened(content: Mapping[str, Any]) -> dict[str, Any]:
    lines = [line[:_MOST_OF_AN_ERROR] for line in (content.get("traceback") or ())[-200:]]
    return {**content, "evalue": str(content.get("evalue", ""))[:_MOST_OF_AN_ERROR], "traceback": lines}


class Client(PapermillNotebookClient):  # type: ignore[misc]
    """Runs the cells one by one until one ends the execution or `stop` has a reason."""

    nb_man: Book
    km: Any  # an OwnKernel, of whose parts its library says less than is so
    stop: Stop
    grace: timedelta
    sockets: str
    has_started = False
    kernel_started: Callable[[int], None]

    def create_kernel_manager(self) -> OwnKernel:
        kernel = OwnKernel(self.sockets, kernel_name=self.kernel_name, config=self.config)
        self.km = kernel
        return kernel

    def papermill_execute_cells(self) -> None:
        self.has_started = True
        self._reasons: list[Ended] = []
        self._room = Room()
        self.kernel_started(self.km.provisioner.pid)
        try:
            for index, cell in enumerate(self.nb.cells):
                if is_runnable(cell):
                    self._execute_one(cell, index)
        finally:
            self.set_widgets_metadata()

    def _execute_one(self, cell: NotebookNode, index: int) -> None:
        if reason := self.stop.reason:
            raise reason
        self.nb_man.cell_start(cell, index)
        try:
            with self.stop.cell():
                self._run_supervised(cell, index)
        except (CellExecutionError, DeadKernelError) as error:
            raise (self._reasons or [self._ended_by(error)])[0] from error
        # A cell may swallow the interrupt, or be allowed to raise: then its answer looks like success.
        if self._reasons:
            raise self._reasons[0]
        self.nb_man.cell_complete(cell, index)

    async def _async_run_supervised(self, cell: NotebookNode, index: int) -> None:
        supervisor = asyncio.ensure_future(self._supervise())
        try:
            await self.async_execute_cell(cell, index)
        finally:
            supervisor.cancel()

    _run_supervised = run_sync(_async_run_supervised)

    async def _supervise(self) -> None:
        while not (reason := self.stop.reason):
            await asyncio.sleep(TICK)
            if self.nb_man.has_news and time.monotonic() - self.nb_man.saved_at >= SAVE_EVERY:
                self.nb_man.save()
        self._reasons.append(reason)
        await self.km.interrupt_kernel()
        await asyncio.sleep(self.grace.total_seconds())
        await self.km.provisioner.kill()

    def process_message(self, msg: dict[str, Any], cell: NotebookNode, cell_index: int) -> NotebookNode | None:
        self.nb_man.has_news = True
        fitting: dict[str, Any] | None = msg
        dropped = 0
        if msg["msg_type"] in _PRINTS:
            fitting, dropped = self._room.fitting(msg, cell_index)
        elif msg["msg_type"] == "error":
            fitting = {**msg, "content": _shortened(msg["content"])}
        elif msg["msg_type"] == "clear_output":
            self._room.cleared(cell_index)
        output = None if fitting is None else super().process_message(fitting, cell, cell_index)
        if dropped:
            self._room.tell(cell, cell_index, dropped)
        return output

    def _ended_by(self, error: CellExecutionError | DeadKernelError) -> Ended:
        if isinstance(error, CellExecutionError):
            return Ended(Outcome.FAILED, error.ename, error.evalue[:_MOST_OF_AN_ERROR])
        process = getattr(self.km.provisioner, "process", None)
        code = None if process is None else process.poll()
        how = "ended"
        if code is not None and code < 0:
            name = signal.Signals(-code).name
            how = f"was killed by {name}" + (", as a machine out of memory does," if name == "SIGKILL" else "")
        elif code is not None:
            how = f"ended with exit code {code}"
        return Ended(Outcome.KERNEL_DIED, "KernelDied", f"the kernel's process {how} while the cell was running")

    def note_exit(self, execute_reply: dict[str, Any], **_: Any) -> None:
        """``sys.exit()`` answers with an error, ``exit()`` with success and a farewell in the payload."""
        content = execute_reply["content"]
        if content.get("ename") == "SystemExit":
            said = str(content.get("evalue", ""))[:_MOST_OF_AN_ERROR]
            self._reasons.append(Ended(Outcome.EXITED, "SystemExit", said))
        elif any(part.get("source") == "ask_exit" for part in content.get("payload") or ()):
            self._reasons.append(Ended(Outcome.EXITED, "SystemExit", "the cell called exit()"))


class HonestEngine(Engine):  # type: ignore[misc]
    @classmethod
    def execute_notebook(cls, nb: NotebookNode, kernel_name: str, **options: Any) -> NotebookNode:
        book = Book(nb, options["save_as"], options["tell"])
        nb.metadata.papermill.update(input_path=options["title"], output_path=None)
        book.notebook_start()
        client = Client(
            book,
            kernel_name=kernel_name,
            resources={"metadata": {"path": options["home"]}},
            startup_timeout=int(START_TIMEOUT.total_seconds()),
            iopub_timeout=int(OUTPUT_TIMEOUT.total_seconds()),
        )
        client.stop, client.grace, client.sockets = options["stop"], options["grace"], options["sockets"]
        client.kernel_started = lambda pid: options["tell"](
            kernel=pid, cells=[n for n, cell in enumerate(nb.cells) if is_runnable(cell)], titles=titles(nb.cells)
        )
        client.on_cell_executed = client.note_exit
        book.notebook_complete(_executed(client))
        return nb


def _executed(client: Client) -> Ended:
    try:
        client.execute()
    except Ended as ended:
        return ended
    except CellTimeoutError as error:
        return Ended(Outcome.FAILED, "OutputTimeout", str(error).splitlines()[0])
    except DeadKernelError:
        return Ended(Outcome.KERNEL_DIED, "KernelDied", "the kernel's process ended after the last cell")
    except RuntimeError as error:  # what nbclient raises when no kernel comes up
        if client.has_started:
            raise
        return Ended(Outcome.KERNEL_DIED, "KernelDied", f"the kernel did not start: {error}")
    return Ended(Outcome.SUCCEEDED)


class Literals(PythonTranslator):  # type: ignore[misc]
    """papermill escapes values but not all of them to literals; ours are checked, and are written by us."""

    @classmethod
    def codify(cls, parameters: dict[str, Value], comment: str = "") -> str:  # noqa: ARG003
        return assignments(parameters)


def run(nb: NotebookNode, parameters: dict[str, Value], **options: Any) -> None:
    papermill_engines.register(NAME, HonestEngine)
    papermill_translators.register("python", Literals)
    # papermill reads the outputs once more and raises what the engine has noted already; it also calls a cell
    # that is tagged to raise a failure.
    with contextlib.suppress(pm.PapermillExecutionError):
        pm.execute_notebook(
            nb,
            None,
            parameters,
            engine_name=NAME,
            kernel_name="python3",
            language="python",
            progress_bar=False,
            **options,
        )
