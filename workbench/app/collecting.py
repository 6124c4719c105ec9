"""Sources, plans, runs: what a person orders."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from workbench.app.working import Working
from workbench.collect import folders
from workbench.collect.plan import Ask, make_plan
from workbench.collect.sources import COLUMNS, check, key_of, read_csv, twins
from workbench.errors import BadInput
from workbench.ledger import collecting, queries
from workbench.ledger.clock import now
from workbench.ledger.collecting import Imported, Started
from workbench.ledger.records import Money, NewSource, Plan, Source


class Collecting(Working):
    def import_sources(self, path: str | Path, *, project: str | None = None) -> Imported:
        """Bring in a sources.csv (relative: below the home); all of it, or (BadInput) nothing."""
        file = self.settings.home / Path(path).expanduser()
        return self._enter_sources(read_csv(file, project=project, among=self.datasets))

    def add_source(self, platform: str, service: str, url: str, **more: Any) -> Imported:
        """Add one source from code: name, creator, project and options may be given."""
        row = {"platform": platform, "service": service, "url": url, **more}
        return self._enter_sources(check([(0, row)], place="the source", among=self.datasets))

    def _enter_sources(self, new: Sequence[NewSource]) -> Imported:
        return collecting.add_sources(self.ledger, new, lambda one: key_of(one, self.datasets))

    def merge_sources(self, into: int, others: Sequence[int]) -> None:
        """Ask `others`, which are the address of source `into` in other spellings, no more; what they gave stays."""
        known = {one.id: one for one in queries.list_sources(self.ledger, ids=[into, *others])}
        keys = {key_of(one, self.datasets) for one in known.values()}
        if len(keys) > 1:
            listed = "; ".join(f"{one.id} is {one.url}" for one in known.values())
            raise BadInput(f"these are not one address in several spellings: {listed}. Nothing is merged.")
        collecting.merge_sources(self.ledger, into, others)

    def twin_sources(self) -> list[list[Source]]:
        """Sources that an older ledger has twice or more: one address, written differently, with the same options."""
        return twins(queries.list_sources(self.ledger), self.datasets)

    def edit_source(self, source_id: int, **values: Any) -> None:
        """Set name, creator, project, options or enabled, checked as for a new one; an empty text means none."""
        said = {name: value for name, value in values.items() if name in COLUMNS}
        known = queries.list_sources(self.ledger, ids=[source_id])
        if said and known:
            row = {**asdict(known[0]), **said}
            (one,) = check([(0, row)], place=f"source {source_id}", among=self.datasets)
            values |= {name: getattr(one, name) for name in said}
        collecting.edit_source(self.ledger, source_id, **values)

    def sources(self, *, project: str | None = None) -> list[Source]:
        return queries.list_sources(self.ledger, project=project)

    def plan(
        self,
        sources: str | Path | Sequence[int] | None = None,
        *,
        start: date | str | None = None,
        end: date | str | None = None,
        since_last: bool = False,
        num_posts: int | None = None,
        name: str | None = None,
        project: str | None = None,
    ) -> Plan:
        """What a run of `sources` (a sources.csv, ids, or every enabled one) would do and cost. Kept; not started.

        A relative path is one below the home, wherever a notebook or a scheduler happens to stand.

        With `since_last` each source begins on the day of its newest published post (`start`, where it has none yet).
        """
        ids, merged = self._source_ids(sources, project)
        chosen = self.settings
        ask = Ask(
            name=name or "",
            project=project,
            start=as_date(start, "start"),
            end=as_date(end, "end"),
            starts=self.newest_days(ids) if since_last else {},
            num_posts=num_posts,
            day=now().astimezone(chosen.zone).date(),
            batch_size=chosen.batch_size,
            price_usd_per_record=chosen.price_usd_per_record,
        )
        plan = make_plan(queries.list_sources(self.ledger, ids=ids), ask, among=self.datasets)
        plan = replace(plan, merged=(*merged, *plan.merged))
        collecting.save_plan(self.ledger, plan)
        return plan

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
        rows = self.sql(query).fetchall()
        wanted, newest = set(source_ids), dict[int, date]()
        for found, day in rows:
            source_id = into.get(found, found)  # what a spelling of it brought counts for the source
            if source_id in wanted and day is not None:
                newest[source_id] = max(day, newest.get(source_id, day))
        return newest

    def _source_ids(
        self, sources: str | Path | Sequence[int] | None, project: str | None
    ) -> tuple[list[int], tuple[str, ...]]:
        """Which are to be asked, and in words what of a file is one address."""
        if isinstance(sources, str | Path):
            done = self.import_sources(sources, project=project)
            return collecting.enabled_sources(self.ledger, ids=done.source_ids), done.merged
        return collecting.enabled_sources(self.ledger, ids=sources, project=None if sources else project), ()

    def start(self, plan_hash: str, *, fresh: bool = False, after: str | None = None) -> str:
        """Start the kept plan, as `begin` does; the run's id."""
        return self.begin(plan_hash, fresh=fresh, after=after).run_id

    def begin(self, plan_hash: str, *, fresh: bool = False, after: str | None = None) -> Started:
        """Start the kept plan, once: while its run is at work, a second start answers it. Somebody must `work`.

        Inputs that a younger snapshot was asked are answered by it, unless `fresh`. `after`: the run that the plan has
        become already, when one more is meant. Raises Refused above a cap.
        """
        self.brightdata_key()  # a run that could send nothing is not started
        plan = collecting.load_plan(self.ledger, plan_hash)
        day = now().astimezone(self.settings.zone).date()
        started = collecting.start_run(
            self.ledger,
            plan.hash,
            folder=folders.run_folder(plan.name, day),
            caps=self.caps,
            reuse=None if fresh else self._reuse,
            after=after,
        )
        self._project(started.run_id)
        return started

    def run_of(self, plan_hash: str) -> str | None:
        """The run that the kept plan has become, as long as a start answers it."""
        return collecting.run_of(self.ledger, plan_hash)

    def saving(self, plan: Plan) -> Money:
        """What of the plan's estimate younger snapshots would save, were it started now."""
        return collecting.would_reuse(self.ledger, plan, self._reuse)

    @property
    def _reuse(self) -> timedelta | None:
        hours = self.settings.reuse_hours
        return timedelta(hours=hours) if hours else None

    def cancel(self, run: str) -> str:
        run_id = queries.find_run(self.ledger, run)
        collecting.cancel_run(self.ledger, run_id)
        return run_id


def as_date(value: date | str | None, name: str) -> date | None:
    """A day given as YYYY-MM-DD, or None; `name` is what the error calls it."""
    if value is None or value == "":
        return None
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    # The other ISO forms that Python reads are not ours.
    if re.fullmatch(r"\d{4}-\d\d-\d\d", value):
        with contextlib.suppress(ValueError):
            return date.fromisoformat(value)
    raise BadInput(f"{name} is {value!r}; give a day that exists as YYYY-MM-DD.")
