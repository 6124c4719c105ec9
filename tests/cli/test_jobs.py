"""JupyterLab's "Create Notebook Job" against the real jupyter-scheduler: what its jobs become here, and what stays."""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import time
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from tests.cli.conftest import Home

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(300),
    pytest.mark.filterwarnings("ignore"),  # theirs, of half of Jupyter's server
    pytest.mark.skipif(
        importlib.util.find_spec("jupyter_scheduler") is None, reason="needs the extra: pip install workbench[jobs]"
    ),
]
SECRET = "correct-horse-battery-staple"
HEAD = 'name: str = "daily"\nseconds: float = 0.0'
BODY = """import os, time
print(repr(name), os.environ["BENCH_TOKEN"])
time.sleep(seconds)
assert name != "bad", "no good " + os.environ["BENCH_TOKEN"]"""


class Jobs:
    """A server's scheduler on a home; each job is a process of its own, as there."""

    def __init__(self, home: Home) -> None:
        manager = importlib.import_module("workbench.home.jobs").AuditedJob  # first: it leaves out six seconds
        from jupyter_scheduler.environments import CondaEnvironmentManager
        from jupyter_scheduler.orm import create_tables
        from jupyter_scheduler.scheduler import Scheduler

        self.home, self.staging = home, home.folder / "data" / "jupyter" / "jobs"
        self.staging.mkdir(parents=True)
        url = f"sqlite:///{self.staging.parent / 'jobs.sqlite'}"
        create_tables(url, False)
        made = Scheduler(root_dir=str(home.folder), environments_manager=CondaEnvironmentManager(), db_url=url)
        made.execution_manager_class, made.staging_path = manager, str(self.staging)
        self.scheduler = made

    def create(self, *formats: str, **parameters: str) -> str:
        from jupyter_scheduler.models import CreateJob

        wanted = CreateJob(
            input_uri="notebooks/daily.ipynb", name="daily", runtime_environment_name="here", parameters=parameters,
            output_formats=list(formats or ("ipynb", "html")),
        )  # fmt: skip
        return str(self.scheduler.create_job(wanted))

    def ended(self, job_id: str) -> tuple[str, str]:
        """Its status, and what it says of it."""
        deadline = time.monotonic() + 200
        while not (job := self.scheduler.get_job(job_id, False)).end_time:
            assert time.monotonic() < deadline, job
            time.sleep(0.2)
        return str(job.status), job.status_message or ""

    def files(self, job_id: str) -> dict[str, bytes]:
        return {path.suffix: path.read_bytes() for path in (self.staging / job_id).glob("daily-*")}

    def executions(self) -> dict[str, dict[str, Any]]:
        """Those that began, by what they were given."""
        found = self.home.here("audit", "list", "--json").json
        return {json.dumps(one["params"]): one for one in reversed(found) if one["outcome"] != "refused"}


@pytest.fixture
def jobs(home: Home, monkeypatch: pytest.MonkeyPatch) -> Jobs:
    for name in [name for name in os.environ if name.startswith(("WORKBENCH_", "BRIGHTDATA"))]:
        monkeypatch.delenv(name)
    for name, value in {**home.environment(), "BENCH_TOKEN": SECRET}.items():
        monkeypatch.setenv(name, value)
    (home.folder / "notebooks").mkdir()
    head = new_code_cell(HEAD, metadata={"tags": ["parameters"]})
    nbformat.write(new_notebook(cells=[head, new_code_cell(BODY)]), home.folder / "notebooks" / "daily.ipynb")
    return Jobs(home)


def test_a_job_ends_in_the_archive_with_its_outcome_and_stays_there_when_it_is_deleted(home: Home, jobs: Jobs) -> None:
    good, bad = jobs.create(name="007"), jobs.create(name="bad")
    wrong, drawn = jobs.create(seconds="soon", colour="red"), jobs.create("pdf")

    assert jobs.ended(good) == ("COMPLETED", "")
    status, said = jobs.ended(bad)
    assert (status, said.startswith("failed: AssertionError: no good ***")) == ("FAILED", True), said
    status, said = jobs.ended(wrong)
    assert status == "FAILED"
    assert "seconds must be float, not 'soon'; 'colour' is not declared" in said
    assert "untick that" in jobs.ended(drawn)[1]

    ran = jobs.executions()
    kept = home.folder / ran['{"name": "007"}']["folder"]
    assert {one["notebook"] for one in ran.values()} == {str(home.folder.resolve() / "notebooks" / "daily.ipynb")}
    assert sorted(one["outcome"] for one in ran.values()) == ["failed", "succeeded"]
    assert "'007' ***" in (kept / "report.html").read_text().replace("&#x27;", "'")
    copies = {".ipynb": (kept / "output.ipynb").read_bytes(), ".html": (kept / "report.html").read_bytes()}
    assert jobs.files(good) == copies
    assert len(jobs.files(bad)) == 2
    assert not [path for path in home.folder.rglob("*") if path.is_file() and SECRET.encode() in path.read_bytes()]

    for job_id in (good, bad, wrong, drawn):
        jobs.scheduler.delete_job(job_id)
    assert list(jobs.staging.iterdir()) == []
    assert (kept / "report.html").read_bytes() == copies[".html"]
    said = home.here("audit", "verify", "--json").json
    assert (said["verdict"], said["reports"]) == ("unproved", 2)  # unproved: there is no anchor


def test_a_job_is_locked_and_stopped_as_any_execution(home: Home, jobs: Jobs) -> None:
    first = jobs.create(seconds="600")
    at_work(jobs, '{"seconds": 600.0}')
    beside = home.here("audit", "run", str(Path("notebooks", "daily.ipynb")), "-p", "seconds=600")
    assert (beside.code, "is being executed already" in beside.err.replace("\n", " ")) == (2, True), beside
    status, said = jobs.ended(jobs.create(seconds="600.0"))
    assert (status, "is being executed already" in said) == ("FAILED", True), said

    # A server that was started anew says so and kills nobody; the one that made the job kills it.
    jobs.scheduler.update_job(first, stopping())
    assert jobs.ended(first)[0] == "STOPPED"
    assert jobs.executions()['{"seconds": 600.0}']["outcome"] == "cancelled"
    second = jobs.create(seconds="500")
    at_work(jobs, '{"seconds": 500.0}')
    jobs.scheduler.delete_job(second)
    killed = jobs.executions()['{"seconds": 500.0}']
    assert killed["outcome"] == "killed"
    assert (home.folder / killed["folder"] / "report.html").is_file()


def stopping() -> Any:
    from jupyter_scheduler.models import Status, UpdateJob

    return UpdateJob(status=Status.STOPPING)


def at_work(jobs: Jobs, params: str) -> None:
    deadline = time.monotonic() + 200
    while (jobs.executions().get(params) or {}).get("cells_run") != 3:
        assert time.monotonic() < deadline
        time.sleep(0.3)
