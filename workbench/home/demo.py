"""`workbench demo`: sources to tables and report, listings to a site, in practice mode, with a summary at the end."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from workbench.audit.commands import print_execution, shape_of
from workbench.cli import exits
from workbench.cli.cells import cells
from workbench.cli.console import Json, answer, counted, dollars, say, show, table
from workbench.cli.exits import Exit
from workbench.cli.opening import opened_home
from workbench.collect.commands import print_plan, wait_for
from workbench.engine.outcome import of_item
from workbench.errors import Refused
from workbench.files import make_folder, write_bytes
from workbench.home.init import SOURCES
from workbench.home.work import print_folders
from workbench.post import jobs
from workbench.post.commands import following_job, print_posting
from workbench.upload import batches
from workbench.upload.commands import following_batch, print_upload

if TYPE_CHECKING:
    from workbench.audit.execute import Execution
    from workbench.collect.model import Plan
    from workbench.workbench import Workbench

SAMPLE: Final = Path(__file__).parent / "samples" / "sources.csv"
NAME: Final = "Demo"
_DAYS: Final = timedelta(days=30)
_POSTS: Final = 12
_POLL: Final = 1  # second: the stand-in is quicker than Bright Data, and a demo is watched
_ROWS: Final = """
    SELECT 'posts' AS name, run_id, count(*) AS rows FROM posts GROUP BY ALL
    UNION ALL SELECT 'profiles', run_id, count(*) FROM profiles GROUP BY ALL
    UNION ALL SELECT 'comments', run_id, count(*) FROM comments GROUP BY ALL
"""
_REJECTS: Final = """
    SELECT s.run_id, r.kind, r.code, r.reason, r.source_url
    FROM rejects AS r JOIN brightdata_snapshots AS s USING (snapshot_id) ORDER BY ALL
"""


def demo(json: Json = False) -> Exit:
    """Collect from a dozen made-up sources in practice mode, write the report, and show what came of it.

    A second demo is a second run beside the first; nothing of the first is lost.
    """
    with opened_home(quiet=json, **_brisk()) as workbench:
        if workbench.settings.mode == "live":
            raise Refused("demo practises and this home is live; set WORKBENCH_HOME to another folder for it.")
        made = _planned(workbench, quiet=json)
        run_id = workbench.start(made.hash, fresh=True)
        run = wait_for(workbench, run_id)
        executed = _report(workbench, made)
        posted = _posted(workbench)
        loaded = _uploaded(workbench)
        told = _told(workbench, run, made)
        if json:
            answer(told | {"execution": shape_of(executed), "posting": posted, "upload": loaded})
        else:
            _print(workbench, told, executed, posted)
            print_upload(loaded)
            show("")
            table("Try next", ("command", ""), _NEXT)
    codes = [Exit(of_item("snapshot", one)) for job in run["jobs"] for one in job["snapshots"]]
    posts = Exit(jobs.outcome(posted))
    uploads = Exit(batches.outcome(loaded))
    return exits.worst([*codes, posts, uploads, exits.of_execution(executed.outcome, executed.error_name)])


def _brisk() -> dict[str, Any]:
    """Look more often than at the real service, unless somebody chose how often."""
    with opened_home(quiet=True) as workbench:
        chosen = {one.name for one in workbench.parts.origins if one.source != "default"}
    return {} if "WORKBENCH_POLL_SECONDS" in chosen else {"poll_seconds": _POLL}


def _planned(workbench: Workbench, *, quiet: bool) -> Plan:
    sources = workbench.settings.home / SOURCES
    if not sources.exists():
        make_folder(workbench.settings.data, mode=0o700)
        make_folder(sources.parent)
        write_bytes(sources, SAMPLE.read_bytes())
        say(f"wrote a sample to {sources}")
    today = date.today()  # noqa: DTZ011 - the days that a person here would ask for
    made = workbench.plan(sources, start=today - _DAYS, end=today, num_posts=_POSTS, name=NAME)
    if not quiet:
        print_plan(made)
    return made


def _report(workbench: Workbench, made: Plan) -> Execution:
    """The notebook makes the same plan of the same parameters, so it finds the run and reports on it."""
    say("now the notebook `runs`, executed and kept as a report")
    params = {
        "sources": SOURCES,
        "name": made.name,
        **{each: made.params[each] for each in ("start", "end", "num_posts")},
    }
    with cells() as on_progress:
        return workbench.audit.run("runs", params, on_progress=on_progress)


def _posted(workbench: Workbench) -> dict[str, Any]:
    """A few listings on the stand-in of Marketplace; a second demo finds them there and posts nothing twice."""
    say("now a few listings, posted from two practice accounts")
    file = workbench.postings.write_samples()
    if all(one["todo"] == "nothing" for one in workbench.postings.plan(file)):
        return workbench.postings.job()
    job_id = workbench.postings.start(file).job_id
    with following_job(workbench, job_id) as watch:
        return workbench.postings.work_on(job_id, watch=watch)


def _uploaded(workbench: Workbench) -> dict[str, Any]:
    """Three small files to the stand-in of TrafficJunky; a second demo finds them uploaded and sends nothing twice."""
    from workbench.upload.service import UploadOrder

    say("now a few creatives, uploaded and archived with their ids")
    ask = UploadOrder(files=workbench.uploads.write_samples())
    if not workbench.uploads.plan(ask)["totals"]["pending"]:
        return workbench.uploads.batch()
    batch_id = workbench.uploads.start(ask)
    with following_batch(workbench, batch_id) as watch:
        return workbench.uploads.work_on(batch_id, watch=watch)


def _told(workbench: Workbench, run: dict[str, Any], made: Plan) -> dict[str, Any]:
    """What the summary says, as a plain value."""
    run_id = run["run_id"]
    rows = {one["name"]: one["rows"] for one in workbench.lake.rows(_ROWS) if one["run_id"] == run_id}
    rejects = [one for one in workbench.lake.rows(_REJECTS) if one.pop("run_id") == run_id]
    return {
        "run_id": run_id,
        "status": run["status"],
        "folder": run["folder"],
        "tables": rows,
        "rejects": rejects,
        "estimate_micro_usd": made.estimate.micro_usd,
        "cost_micro_usd": workbench.collect.spent_micro_usd(run_id),
    }


def _print(workbench: Workbench, told: dict[str, Any], executed: Execution, posted: dict[str, Any]) -> None:
    show("")
    show(f"Run {told['run_id']} is {told['status']}.", style="bold")
    print_folders(workbench.collect.folders(told["run_id"]), str(workbench.settings.lake))
    show("")
    table("Rows", ("table", "rows"), told["tables"].items(), right=("rows",))
    rejects = [tuple(one.values()) for one in told["rejects"]]
    table(f"Rejects: {counted(len(rejects), 'row')} that did not fit", ("kind", "code", "reason", "source"), rejects)
    estimate, cost = (dollars(told[each]) for each in ("estimate_micro_usd", "cost_micro_usd"))
    show(f"ESTIMATE {estimate} · cost {cost} in practice money: nothing was paid.", style="bold")
    print_execution(executed)
    show("")
    print_posting(workbench, posted)
    show("")


_NEXT: Final = (
    ("workbench status", "how every run stands"),
    ('workbench sql "SELECT platform, count(*) FROM posts GROUP BY ALL"', "ask the tables"),
    ("workbench lab", "the same in JupyterLab"),
    ("workbench upload status", "what was uploaded, with the ids"),
    ("workbench post status", "what was posted, and `workbench post errors` what went wrong"),
    ("workbench doctor", "settings and health"),
    ("workbench demo", "once more: a second run beside the first"),
)
