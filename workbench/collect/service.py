"""Sources, plans, runs: what a person orders."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from workbench.budget import store as spending
from workbench.budget.model import Money
from workbench.collect import folders, queries, run_lists, status
from workbench.collect import store as collecting
from workbench.collect.model import NewSource, Plan, Source
from workbench.collect.pasting import PastedLine, read_pasted
from workbench.collect.plan import PlanRequest, make_plan, open_ended
from workbench.collect.retrying import RunRetry, retry_of
from workbench.collect.scan import EXPIRING
from workbench.collect.sources import COLUMNS, check, key_of, read_csv, twins
from workbench.collect.store import Imported, Started
from workbench.db.clock import now
from workbench.errors import BadInput, Refused
from workbench.feature import Effect, Feature
from workbench.parsing import as_count, as_day, as_usd


class Collect(Feature):
    """What a person orders to be collected."""

    def import_sources(self, path: str | Path, *, project: str | None = None) -> Imported:
        """Bring in a sources.csv (relative: below the home); all of it, or (BadInput) nothing."""
        file = self.home / Path(path).expanduser()
        return self._enter_sources(read_csv(file, project=project, among=self._parts.datasets))

    def add_source(self, platform: str, service: str, url: str, **more: Any) -> Imported:
        """Add one source from code: name, creator, project and options may be given."""
        row = {"platform": platform, "service": service, "url": url, **more}
        return self._enter_sources(check([(0, row)], place="the source", among=self._parts.datasets))

    def _enter_sources(self, new: Sequence[NewSource]) -> Imported:
        return collecting.add_sources(self.ledger, new, self._key_of)

    def _key_of(self, one: NewSource | Source) -> str:
        return key_of(one, self._parts.datasets)

    def merge_sources(self, into: int, others: Sequence[int]) -> None:
        """Ask `others`, which are the address of source `into` in other spellings, no more; what they gave stays."""
        known = {one.id: one for one in queries.list_sources(self.ledger, ids=[into, *others])}
        keys = {key_of(one, self._parts.datasets) for one in known.values()}
        if len(keys) > 1:
            listed = "; ".join(f"{one.id} is {one.url}" for one in known.values())
            raise BadInput(f"these are not one address in several spellings: {listed}. Nothing is merged.")
        collecting.merge_sources(self.ledger, into, others)

    def twin_sources(self) -> list[list[Source]]:
        """Sources that an older ledger has twice or more: one address, written differently, with the same options."""
        return twins(queries.list_sources(self.ledger), self._parts.datasets)

    def edit_source(self, source_id: int, **values: Any) -> None:
        """Set name, creator, project, options or enabled, checked as for a new one; an empty text means none."""
        said = {name: value for name, value in values.items() if name in COLUMNS}
        known = queries.list_sources(self.ledger, ids=[source_id])
        if said and known:
            row = {**asdict(known[0]), **said}
            (one,) = check([(0, row)], place=f"source {source_id}", among=self._parts.datasets)
            values |= {name: getattr(one, name) for name in said}
        collecting.edit_source(self.ledger, source_id, **values)

    def sources(self, *, project: str | None = None) -> list[Source]:
        return queries.list_sources(self.ledger, project=project)

    def plan(
        self,
        sources: str | Path | Sequence[int] | Sequence[NewSource] | None = None,
        *,
        start: date | str | None = None,
        end: date | str | None = None,
        since_last: bool = False,
        num_posts: int | None = None,
        name: str | None = None,
        project: str | None = None,
        auto_create_folders: bool | None = None,
        cap_usd: float | str | None = None,
    ) -> Plan:
        """What a run of `sources` (a sources.csv, ids, new ones, or every enabled one) would do and cost.

        Kept; not started. Nothing of a file, and nothing new, becomes a source before a start: to look at a plan
        changes nothing.
        A relative path is one below the home, wherever a notebook or a scheduler happens to stand.

        Days may be relative: ``today-7d``. `auto_create_folders`: whether every job gets its folder as soon as the run
        starts, or when it has rows (None: as the setting says). `cap_usd`: the most that this run may cost.
        With `since_last` each source begins on the day of its newest published post (`start`, where it has none yet).
        """
        new, found, merged = self._planned_sources(sources, project)
        ids = [one.id for one in found if one.id > 0]
        chosen = self.settings
        today = now().astimezone(chosen.zone).date()
        ask = PlanRequest(
            name=name or "",
            project=project,
            start=as_day(start, "start", today),
            end=as_day(end, "end", today),
            starts=self.newest_days(ids) if since_last else {},
            num_posts=as_count(num_posts, "num-posts"),
            auto_create_folders=auto_create_folders,
            cap_usd=as_usd(cap_usd, "the cap"),
            day=today,
            batch_size=chosen.batch_size,
            price_usd_per_record=chosen.price_usd_per_record,
            most_rows=spending.most_rows(self.ledger),
        )
        plan = make_plan(found, ask, among=self._parts.datasets, new_sources=new)
        plan = replace(plan, merged=(*merged, *plan.merged))
        collecting.save_plan(self.ledger, plan)
        return plan

    def pasted(self, text: str, *, project: str | None = None) -> list[PastedLine]:
        """What the lines of a text are, each an address; nothing is kept."""
        return read_pasted(text, project=project, among=self._parts.datasets)

    def keep_pasted(self, lines: Sequence[PastedLine]) -> Imported:
        """Make sources of the lines that are well; BadInput where none is."""
        new = [one.source for one in lines if one.source is not None]
        if not new:
            raise BadInput("none of the lines is an address that is known here; nothing was kept.")
        return self._enter_sources(new)

    def newest_days(self, source_ids: Sequence[int]) -> dict[int, date]:
        """The day (UTC) of the newest post that is published of each source; sources without one are left out.

        A date to come (a premiere, a site's mistake) is none that a next run may begin on.
        """
        into = {one.id: one.merged_into or one.id for one in queries.list_sources(self.ledger)}
        query = """
            SELECT source_id, max(published_at)::date AS day
            FROM posts
            WHERE source_id IS NOT NULL AND published_at <= now()
            GROUP BY ALL
        """
        rows = self._parts.lake.sql(query).fetchall()
        wanted, newest = set(source_ids), dict[int, date]()
        for found, day in rows:
            source_id = into.get(found, found)  # what a spelling of it brought counts for the source
            if source_id in wanted and day is not None:
                newest[source_id] = max(day, newest.get(source_id, day))
        return newest

    def _planned_sources(
        self, sources: str | Path | Sequence[int] | Sequence[NewSource] | None, project: str | None
    ) -> tuple[list[NewSource], list[Source], tuple[str, ...]]:
        """What a start is to bring in, the enabled sources as they will be then, and in words what is one address."""
        if isinstance(sources, str | Path):
            file = self.home / Path(sources).expanduser()
            new = read_csv(file, project=project, among=self._parts.datasets)
        else:
            given = list(sources or ())
            new = [one for one in given if isinstance(one, NewSource)]
            if not new:
                wanted = None if sources is None else [one for one in given if isinstance(one, int)]
                ids = collecting.enabled_sources(self.ledger, ids=wanted, project=None if given else project)
                return [], queries.list_sources(self.ledger, ids=ids), ()
        found, merged = collecting.known_sources(self.ledger, new, self._key_of)
        return new, [one for one in found if one.enabled], merged

    def start(self, plan_hash: str, *, fresh: bool = False, after: str | None = None) -> str:
        """Start the kept plan, as `begin` does; the run's id."""
        return self.begin(plan_hash, fresh=fresh, after=after).run_id

    def begin(self, plan_hash: str, *, fresh: bool = False, after: str | None = None) -> Started:
        """Start the kept plan, once: while its run is at work, a second start answers it. Somebody must `work`.

        Inputs that a younger snapshot was asked are answered by it, unless `fresh`; those of one whose order lost its
        answer wait for that one. `after`: the run that the plan has
        become already, when one more is meant. Raises Refused above a cap.
        """
        self._parts.brightdata_key()  # a run that could send nothing is not started
        plan = collecting.load_plan(self.ledger, plan_hash)
        day = now().astimezone(self.settings.zone).date()
        started = collecting.start_run(
            self.ledger,
            plan.hash,
            folder=folders.run_folder(plan.name, day),
            caps=self._parts.caps,
            reuse=None if fresh else self._reuse,
            after=after,
            key_of=self._key_of,
        )
        self._parts.working.project(started.run_id)
        return started

    def may_pass_a_cap(self, plan: Plan) -> bool:
        """Whether the plan has parts without a limit while a cap is set: nobody can say that it holds."""
        caps = self._parts.caps
        own = plan.params.get("cap_usd")
        is_capped = any(one is not None for one in (own, caps.trigger, caps.run, caps.day, caps.month)) or caps.datasets
        return bool(is_capped and open_ended(plan))

    def kept_plan(self, plan_hash: str) -> Plan:
        """The plan that is kept under the hash, or its beginning."""
        return collecting.load_plan(self.ledger, plan_hash)

    def run_of(self, plan_hash: str) -> str | None:
        """The run that the kept plan has become, as long as a start answers it."""
        return collecting.run_of(self.ledger, plan_hash)

    def saving(self, plan: Plan) -> Money:
        """What of the plan's estimate younger snapshots would save, were it started now."""
        return collecting.would_reuse(self.ledger, plan, self._reuse)

    def folders(self, run: str | None = None) -> list[dict[str, Any]]:
        """The tree that people open, of one run or of all."""
        run_id = queries.find_run(self.ledger, run) if run else None
        return folders.tree(self.settings.lake, queries.runs(self.ledger, run_id))

    def sources_without_rows(self, run: str) -> list[dict[str, Any]]:
        """Which sources of a run gave nothing, and why; those that may still give something are not told."""
        return queries.without_rows(self.ledger, queries.find_run(self.ledger, run))

    def spent_micro_usd(self, run: str) -> int:
        return queries.spent(self.ledger, queries.find_run(self.ledger, run))

    def runs(self, run: str | None = None) -> list[dict[str, Any]]:
        """Runs with their jobs and how they stand, one or all."""
        run_id = queries.find_run(self.ledger, run) if run else None
        return status.run_tree(queries.runs(self.ledger, run_id), self.settings.lake)

    def todo(self) -> list[dict[str, Any]]:
        """Snapshots that wait for a person, or are about to be removed at Bright Data."""
        ledger, at = self.ledger, now()
        retention = timedelta(days=self.settings.retention_days)
        soon = queries.expiring(ledger, at + retention * EXPIRING, retention)
        return status.todo(queries.waiting_for_person(ledger)) + status.expiring(soon, at, retention)

    def not_brought_in(self) -> dict[str, Any]:
        """{count, days_left}: snapshots that Bright Data has and we do not, and until when it has the first of them."""
        count, until = queries.not_brought_in(self.ledger, timedelta(days=self.settings.retention_days))
        return {"count": count, "days_left": None if until is None else (until - now()) / timedelta(days=1)}

    def effects_of(self, execution_id: str) -> list[Effect]:
        """What the execution ordered to be collected, and what that cost by now."""
        return queries.effects_of(self.ledger, execution_id)

    # lists: a page of rows at a time, and how many there are --------------------------------------------

    def runs_page(self, **wanted: Any) -> run_lists.PageOf:
        """Runs with status, counts and cost; `wanted`: text, sort, descending, offset, limit."""
        searched = ("run_id", "name", "project", "what", "status")
        return run_lists.page(self.ledger, run_lists.runs_table(), key="run_id", text_in=searched, **wanted)

    def jobs_page(self, run: str | None = None, **wanted: Any) -> run_lists.PageOf:
        """The jobs of one run, or of all, likewise."""
        searched = ("job_id", "run_name", "name", "platform", "service", "status")
        table = run_lists.jobs_table(None if run is None else [run])
        return run_lists.page(self.ledger, table, key="job_id", text_in=searched, **wanted)

    def sources_page(self, *, enabled_only: bool = False, **wanted: Any) -> run_lists.PageOf:
        searched = ("name", "platform", "service", "url", "creator", "project")
        table = run_lists.sources_table(enabled_only=enabled_only)
        return run_lists.page(self.ledger, table, key="source_id", text_in=searched, **wanted)

    def projects(self) -> list[str]:
        """What sources are grouped by."""
        return sorted({one.project for one in queries.list_sources(self.ledger) if one.project and one.enabled})

    # once more --------------------------------------------------------------------------------------

    def asked(self, run: str) -> dict[str, Any]:
        """What a run was asked, as `plan` takes it; BadInput for one that nobody planned (what was recovered)."""
        found = queries.runs(self.ledger, queries.find_run(self.ledger, run))[0]
        params = found["params"]
        if not params.get("sources"):
            raise BadInput(f"the run {found['name']} was not planned here; plan one with its sources instead.")
        given = ("sources", "start", "end", "num_posts", "auto_create_folders", "cap_usd")
        return {"name": found["name"], "project": found["project"], **{name: params.get(name) for name in given}}

    def retry_of(self, run: str) -> RunRetry:
        """What a retry of a run's failures would do and cost; nothing is done."""
        run_id = queries.find_run(self.ledger, run)
        snapshots = [one for job in queries.runs(self.ledger, run_id)[0]["jobs"] for one in job["snapshots"]]
        found = retry_of(run_id, {one["id"]: one for one in snapshots}.values())
        if not found.source_ids:
            return found
        asked = self.asked(run_id) | {"sources": list(found.source_ids)}
        return replace(found, plan=self.plan(**asked))

    def retry(self, shown: RunRetry) -> str | None:
        """Do what was shown; the run that asks once more, where one is needed. Somebody must `work`."""
        now_due = self.retry_of(shown.run_id)
        if (now_due.goes_on, now_due.plan and now_due.plan.hash) != (shown.goes_on, shown.plan and shown.plan.hash):
            raise Refused("what failed has changed since this was shown; look at it again. Nothing was done.")
        if shown.goes_on:
            self._parts.recover.requeue([str(key) for key in shown.goes_on])
        return self.start(shown.plan.hash) if shown.plan is not None else None

    @property
    def _reuse(self) -> timedelta:
        return timedelta(hours=self.settings.reuse_hours)

    def cancel(self, run: str) -> str:
        run_id = queries.find_run(self.ledger, run)
        collecting.cancel_run(self.ledger, run_id)
        return run_id
