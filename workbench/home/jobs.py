"""JupyterLab's own "Create Notebook Job" through us: our parameters, lock, runner, outcome, redaction and archive.

The execution manager of jupyter-scheduler (the extra `jobs`), which runs it in a process of its own. `workbench lab`
names it; elsewhere it is ``--BaseScheduler.execution_manager_class=workbench.home.jobs.AuditedJob``. The notebook runs
in the home, as always: a folder that the form copies along is not used. What the job gets are copies; to delete it
takes those, and the report in archive/ stays.
"""

from __future__ import annotations

import contextlib
import logging
import shutil
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final

from workbench.audit.notebook import Outcome
from workbench.errors import BadInput, Permanent, WorkbenchError
from workbench.home.labserver import UNUSED

# Each job is a process that imports half of Jupyter's server with what follows, and of that these are six seconds.
for _name in UNUSED:
    sys.modules.setdefault(_name, None)  # type: ignore[arg-type]
from jupyter_scheduler.executors import ExecutionManager  # noqa: E402
from jupyter_scheduler.models import JobFeature, Status  # noqa: E402
from jupyter_scheduler.orm import Job  # noqa: E402
from jupyter_scheduler.utils import get_utc_timestamp  # noqa: E402

if TYPE_CHECKING:
    from workbench.audit.execute import Execution

log = logging.getLogger(__name__)

_KEPT: Final = ("ipynb", "html")
_LONGEST: Final = 1024  # signs of the column that says what went wrong
_LOOK: Final = 1.0  # seconds between two looks whether somebody stopped it
_ABLE: Final = (JobFeature.job_name, JobFeature.output_formats, JobFeature.stop_job, JobFeature.delete_job)


class AuditedJob(ExecutionManager):  # type: ignore[misc]
    """One job of that form, as an execution of ours in the home that `WORKBENCH_HOME` names."""

    # The job has a copy, and no column for what it is a copy of. The server asks us about a notebook and makes the job
    # of it in one breath, so this is its notebook: what is locked, and named in the report.
    _looked_at: ClassVar[str] = ""

    def __init__(self, job_id: str, root_dir: str, db_url: str, staging_paths: dict[str, str]) -> None:
        super().__init__(job_id=job_id, root_dir=root_dir, db_url=db_url, staging_paths=staging_paths)
        self._copy = Path(staging_paths["input"])
        looked_at = Path(self._looked_at)
        self._notebook = looked_at if looked_at.name == self._copy.name else self._copy
        self._status = Status.FAILED  # what it is called when it did not succeed

    def execute(self) -> None:
        """Run the notebook; raises when it did not succeed, with its outcome and where the report is."""
        from workbench.workbench import open_workbench

        job = self.model
        if other := sorted(set(job.output_formats or ()) - {*_KEPT, "input"}):
            raise BadInput(f"a job is kept as {' and '.join(_KEPT)}, not as {', '.join(other)}; untick that.")
        with open_workbench() as workbench, self._stoppable() as stop:
            workbench.working.log_here()
            # Text, as on a command line: it is read by the type that the notebook declares.
            given = dict(job.parameters or {})
            done = workbench.audit.run(self._copy, given, copy_of=self._notebook, cancel=stop)
        self._hand_over(done)
        if done.outcome != Outcome.SUCCEEDED:
            self._status = Status.STOPPED if done.outcome == Outcome.CANCELLED else Status.FAILED
            raise Permanent(_said(done))

    def _hand_over(self, done: Execution) -> None:
        for kind, path in (("ipynb", done.output), ("html", done.report)):
            target = Path(self.staging_paths.get(kind, ""))
            if kind in self.staging_paths and target.parent.is_dir():  # else somebody deleted the job meanwhile
                shutil.copyfile(path, target)  # not its mode: theirs may be deleted, ours is read-only

    @contextlib.contextmanager
    def _stoppable(self) -> Iterator[threading.Event]:
        """An event that is set when the job is stopped or deleted.

        The server that made the job kills this process for that, and what is left is closed by who looks next. A server
        that was started anew cannot: it writes down that the job is to stop, and leaves it so.
        """
        stop, over = threading.Event(), threading.Event()

        def look() -> None:
            while not over.wait(_LOOK):
                try:
                    with self.db_session() as session:
                        row = session.query(Job.status).filter(Job.job_id == self.job_id).first()
                except Exception as error:  # noqa: BLE001 - busy, or away: it is asked again
                    log.warning("cannot see whether the job %s is to stop: %s", self.job_id, error)
                    continue
                if row is None or row.status in {Status.STOPPING, Status.STOPPED}:
                    stop.set()

        looking = threading.Thread(target=look, name="job", daemon=True)
        looking.start()
        try:
            yield stop
        finally:
            over.set()
            looking.join()

    def on_failure(self, e: Exception) -> None:
        """Say what went wrong, and when; their own forgets the time, and the column is short."""
        if isinstance(e, WorkbenchError):
            said = e.message
        else:
            log.error("the job %s met a bug", self.job_id, exc_info=e)
            said = f"{type(e).__name__}; the server's log has more"  # its own words are not redacted
        with self.db_session() as session:
            values: dict[str, Any] = {"status": self._status, "status_message": said[:_LONGEST]}
            found = session.query(Job).filter(Job.job_id == self.job_id)
            found.update({**values, "end_time": get_utc_timestamp()})
            session.commit()

    # They call both of these on the class, and hand it over as the first argument.

    def supported_features(cls) -> dict[JobFeature, bool]:  # noqa: N805
        return {one: one in _ABLE for one in JobFeature}

    def validate(cls: type[AuditedJob], input_path: str) -> bool:  # noqa: N805
        """Let it in: what is wrong with a notebook is said by the job in our words, and theirs speak of a kernel."""
        cls._looked_at = str(Path(input_path).resolve())
        return True


def _said(done: Execution) -> str:
    why = f": {done.error_name}: {done.error_value}" if done.error_name else ""
    return f"{done.outcome}{why}. The report stays in {done.report}"
