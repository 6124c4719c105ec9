"""Listings and posting jobs: what a person orders, watches, and decides."""

from __future__ import annotations

import itertools
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, time
from functools import partial
from pathlib import Path
from typing import Any, Final

from workbench.accounts import store as accounts
from workbench.accounts.model import Account
from workbench.db.clock import now
from workbench.errors import BadInput, Refused, WorkbenchError
from workbench.feature import Effect, Feature
from workbench.files import make_folder, safe_name, write_bytes
from workbench.parsing import as_date, named
from workbench.post import jobs, listing, queries
from workbench.post import store as posting
from workbench.post.listing import CHANNEL, COLUMNS, CheckedListing, Checks, Listing
from workbench.post.model import (
    LISTING_CONTENT,
    POSTING_GONE,
    NewListing,
    Posting,
    PostingState,
    listing_identity,
)
from workbench.post.photos import Album, small
from workbench.post.rehearse import RehearsedListing, rehearse
from workbench.post.samples import write_samples
from workbench.post.site_listings import item_path, listing_id_in
from workbench.post.store import ImportedListings, MadeJob
from workbench.post.tools import DRAFT

Listings = str | Path | Sequence[int]  # a listings.csv (relative: below the home), or ids
PHOTOS: Final = "data/inputs/photos"
SAMPLE_ACCOUNTS: Final = ("practice-north", "practice-south")
_AT_ONCE: Final = 4  # accounts that rehearse side by side
_TOKEN: Final = "WB-REHEARSAL"  # noqa: S105 - what the SKU field holds while nothing is sent


class Postings(Feature):
    """What a person does with listings and posting jobs."""

    def check(self, path: str | Path) -> list[CheckedListing]:
        """Every line of a listings.csv with its finding; nothing is kept, no account is touched."""
        file = self._file(path)
        return listing.look(file, self._checks(file.parent))

    def import_listings(self, path: str | Path) -> ImportedListings:
        """Bring in a listings.csv; all of it, or (BadInput) nothing. What is known stays one listing."""
        file = self._file(path)
        return self._add(listing.read_csv(file, self._checks(file.parent)))

    def add_listing(self, **cells: Any) -> int:
        """Add one listing from code or a form, with the cells of a listings.csv; its id."""
        (one,) = listing.accepted(listing.check([(1, cells)], self._checks()), place="the listing")
        return self._add([one]).listing_ids[0]

    def edit_listing(self, listing_id: int, **cells: Any) -> None:
        """Change cells of a listing that is not on its way or at the site."""
        if not cells or (unknown := cells.keys() - set(COLUMNS)):
            what = f"a listing has no {min(unknown)}" if cells else "nothing to edit was given"
            raise BadInput(f"{what}; give one of {', '.join(COLUMNS)}.")
        one = listing.typed({**self.cells_of(listing_id), **cells}, self._checks())
        posting.edit_listing(self.ledger, listing_id, one.order())

    def cells_of(self, listing_id: int) -> dict[str, Any]:
        """What a listing says now, as the cells of a listings.csv; what was posted of it may be older."""
        found = self._listing(listing_id)
        return {
            **{name: found[name] for name in COLUMNS if name not in {"account", "photos"}},
            "photos": [str(self.home / one["path"]) for one in found["photos"]],
            "account": "" if found["account_id"] is None else str(found["account_id"]),
        }

    def mistakes(self, cells: Mapping[str, Any]) -> dict[str, str]:
        """All that keeps a listing of these cells from being posted: field → what is wrong and the cure."""
        return listing.mistakes(cells, self._checks())

    def keep_listing(self, listing_id: int | None, cells: Mapping[str, Any]) -> int:
        """Add a listing, or give one that is known other cells; its id."""
        if listing_id is None:
            return self.add_listing(**cells)
        self.edit_listing(listing_id, **cells)
        return listing_id

    def bring_file(self, name: str, data: bytes) -> str:
        """Keep a file that a person handed over: a table among the inputs, anything else among the photos.

        Its path below the home. Another file of that name stays: the new one gets a number.
        """
        is_table = Path(name).suffix.lower() in {".csv", ".tsv", ".txt"}
        folder = make_folder(self.home / (PHOTOS if not is_table else "data/inputs"))
        wanted = Path(safe_name(name, fallback="file"))
        for number in itertools.count(1):
            path = folder / (wanted.name if number == 1 else f"{wanted.stem} {number}{wanted.suffix}")
            if not path.exists():
                write_bytes(path, data)
            if path.is_file() and path.read_bytes() == data:
                return path.relative_to(self.home).as_posix()
        raise AssertionError("counting does not end")

    def listings(self, *, listing_ids: Iterable[int] | None = None, job: str | None = None) -> list[dict[str, Any]]:
        """Listings as the team reads them, with their newest posting (or that of the job)."""
        job_id = None if job is None else queries.find_job(self.ledger, job)
        return queries.listings(self.ledger, listing_ids=listing_ids, job_id=job_id)

    def _listing(self, listing_id: int) -> dict[str, Any]:
        found = queries.listings(self.ledger, listing_ids=[listing_id])
        if not found:
            raise BadInput(f"there is no listing {listing_id}; workbench listings list shows the ids.")
        return found[0]

    def write_samples(self) -> Path:
        """Practice accounts and a listings.csv with photos of their own; what is there already stays."""
        if self.settings.mode == "live":
            raise Refused("samples are for practice mode; nothing was written.")
        known = {one.label for one in accounts.all_accounts(self.ledger, channel=CHANNEL)}
        for label in SAMPLE_ACCOUNTS:
            if label not in known:
                self._parts.accounts.add(CHANNEL, label)
        make_folder(self.settings.data, mode=0o700)
        return write_samples(make_folder(self.settings.data / "inputs"), SAMPLE_ACCOUNTS)

    def _file(self, path: str | Path) -> Path:
        return self.home / Path(path).expanduser()

    def _checks(self, *folders: Path) -> Checks:
        home = self.home
        inputs = home / "data" / "inputs"
        places = dict.fromkeys([*folders, *(one / "photos" for one in folders), inputs, home / PHOTOS, home])
        return Checks(
            Album(home, tuple(places)), accounts.all_accounts(self.ledger, channel=CHANNEL), self._parts.item_form
        )

    def _add(self, new: Sequence[Listing]) -> ImportedListings:
        return posting.add_listings(self.ledger, [one.order() for one in new])

    def plan(self, listings: Listings, *, accounts: Sequence[int] = ()) -> list[dict[str, Any]]:
        """What a job would do with each listing, and why not: no browser, nothing is kept or started."""
        chosen = self._chosen_accounts(accounts)
        if not isinstance(listings, str | Path):
            return [self._planned_row(one, chosen) for one in self._named(listings)]
        rows = []
        for one in self.check(listings):
            if one.listing is None:
                rows.append({"line": one.line, "title": one.title, "todo": "refused", "why": one.problem})
                continue
            order = one.listing.order()
            known = posting.known_as(self.ledger, order)
            found = self._listing(known) if known else _unknown(order)
            rows.append({"line": one.line, **self._planned_row(found, chosen)})
        return rows

    def words_of(self, rows: Sequence[Mapping[str, Any]], *, accounts: Sequence[int] = ()) -> str:
        """What a job of this plan would publish, how many, and as whom, for a person to agree to."""
        meant = [one for one in rows if one["todo"] == "post"]
        ids = {one["account_id"] for one in meant} - {None} or set(accounts)
        names = [f"{one.label} (account {one.id})" for one in self._accounts_named(ids)]
        whom = f" as {', '.join(names)}" if names else ""
        number = f"{len(meant)} listing{'' if len(meant) == 1 else 's'}"
        return f"publish {number} on Marketplace{whom}{named(one['title'] for one in meant)}"

    def _accounts_named(self, ids: Iterable[int]) -> list[Account]:
        wanted = set(ids)
        return [one for one in accounts.all_accounts(self.ledger, channel=CHANNEL) if one.id in wanted]

    def _planned_row(self, found: Mapping[str, Any], chosen: Sequence[Account]) -> dict[str, Any]:
        ids = [one.id for one in chosen]
        account_id = found["account_id"]
        row = {name: found[name] for name in ("listing_id", "title", "price", "account_id", "status", "state")}
        if found["state"] is not None and found["state"] not in POSTING_GONE:
            return {**row, "todo": "nothing", "why": f"it is {found['state']} already"}
        if account_id is None and not ids:
            return {**row, "todo": "refused", "why": "it names no account; choose with --account ID"}
        if account_id is not None and ids and account_id not in ids:
            return {**row, "todo": "nothing", "why": "its account is not among the chosen ones"}
        until = self._parts.accounts.may_act_from(account_id) if account_id else None
        why = f"not before {until:%Y-%m-%d %H:%M} UTC, by the pace of its account" if until else ""
        return {**row, "todo": "post", "why": why}

    def start(
        self,
        listings: Listings,
        *,
        accounts: Sequence[int] = (),
        draft: bool = False,
        groups: Sequence[str] = (),
        hide_from_friends: bool = False,
        agreed: Sequence[Mapping[str, Any]] | None = None,
    ) -> MadeJob:
        """Make a posting job; somebody must `work`. Raises Refused where nothing is left to post.

        `accounts`: only their listings, and who takes those that name none. `draft`: kept at the site, not published.
        `agreed`: the plan that a person said yes to; where another one came of it, nothing is started.
        """
        if agreed is not None:
            new = _meant(self.plan(listings, accounts=accounts)) - _meant(agreed)
            if new:
                raise Refused(
                    f"the listings changed since you were asked{named(title for title, _, _ in new)}. Look at them "
                    "again; nothing was started."
                )
        ids = self._ids(listings)
        chosen = [one.id for one in self._chosen_accounts(accounts)]
        settings = {"groups": sorted(groups), "hide_from_friends": hide_from_friends}
        params = {"listings": str(listings) if isinstance(listings, str | Path) else list(ids), "accounts": chosen}
        return posting.make_job(
            self.ledger,
            ids,
            accounts=chosen,
            end=DRAFT if draft else "publish",
            settings=settings,
            params={**params, **settings, "draft": draft},
        )

    def _ids(self, listings: Listings) -> Sequence[int]:
        return self.import_listings(listings).listing_ids if isinstance(listings, str | Path) else listings

    def _named(self, listing_ids: Sequence[int]) -> list[dict[str, Any]]:
        return [self._listing(one) for one in dict.fromkeys(listing_ids)]

    def _chosen_accounts(self, account_ids: Sequence[int]) -> list[Account]:
        return [self._parts.accounts.of_channel(one, CHANNEL, "listings") for one in dict.fromkeys(account_ids)]

    def rehearse(
        self,
        listings: Listings,
        *,
        accounts: Sequence[int] = (),
        draft: bool = False,
        watch: Callable[[RehearsedListing], None] = lambda _: None,
    ) -> dict[str, Any]:
        """Fill every listing in and read it back, up to the enabled last button; nothing is sent or kept.

        Accounts rehearse side by side; the first page that stops one ends its part.
        """
        orders = self._orders(listings, [one.id for one in self._chosen_accounts(accounts)], draft=draft)
        by_account: dict[int, list[Posting]] = {}
        for one in orders:
            by_account.setdefault(one.account_id, []).append(one)
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            parts = pool.map(lambda mine: self._rehearse(mine, watch), by_account.values())
            done = {one.posting.id: one for part in parts for one in part}
        items = [_rehearsed_row(done[one.id]) for one in orders]
        good = sum(one["status"] == "rehearsed" for one in items)
        return {
            "job_id": None,
            "depth": "rehearse",
            "status": "rehearsed" if good == len(items) else "failed",
            "total_posts": len(items),
            "completed_posts": 0,  # nothing was posted
            "rehearsed_posts": good,
            "failed_posts": len(items) - good,
            "progress_percentage": 0.0,
            "items": items,
        }

    def _orders(self, listings: Listings, chosen: Sequence[int], *, draft: bool) -> list[Posting]:
        """As a job would make them, without making one: not even the file's listings are kept."""
        found: list[tuple[int | None, NewListing]]
        if isinstance(listings, str | Path):
            file = self._file(listings)
            read = [one.order() for one in listing.read_csv(file, self._checks(file.parent))]
            found = [(posting.known_as(self.ledger, one), one) for one in read]
        else:
            found = [(one["listing_id"], _order(one)) for one in self._named(listings)]
        orders: list[Posting] = []
        for number, (listing_id, one) in enumerate(found):
            account_id = one.account_id
            if account_id is None and not chosen:
                raise BadInput(
                    f"{one.content['title']!r} names no account; fill its cell, or choose with --account ID."
                )
            if account_id is not None and chosen and account_id not in chosen:
                continue
            orders.append(_as_posting(number, listing_id, account_id or chosen[number % len(chosen)], one, draft=draft))
        if not orders:
            raise BadInput("no listing is of the chosen accounts; nothing was rehearsed.")
        return orders

    def _rehearse(self, mine: Sequence[Posting], watch: Callable[[RehearsedListing], None]) -> list[RehearsedListing]:
        done: list[RehearsedListing] = []
        try:
            with self._parts.accounts.lock(mine[0].account_id):
                for one in mine:
                    done.append(rehearse(one, self._parts.post_tools))
                    watch(done[-1])
                    if done[-1].error is not None and done[-1].stops:
                        break
        except WorkbenchError as error:  # somebody else has its page open
            done.append(RehearsedListing(mine[len(done)], error=error))
        stopped = done[-1].error
        return [*done, *(RehearsedListing(one, error=stopped) for one in mine[len(done) :])]

    def job(self, job: str | None = None) -> dict[str, Any]:
        """The job (the newest without) in the shape of `job-status`, with `items`: its listings."""
        row = queries.jobs(self.ledger, queries.find_job(self.ledger, job))[0]
        return {**jobs.job(row), "items": row["items"]}

    def with_pictures(self, told: Mapping[str, Any]) -> dict[str, Any]:
        """A job whose listings that wait for somebody have the picture of their newest trouble."""
        wanted = [one["posting_id"] for one in told["items"] if jobs.waits_for_somebody(one)]
        seen = queries.trouble(self.ledger, wanted)
        items = [{**one, "screenshot": seen.get(one["posting_id"], one["screenshot"])} for one in told["items"]]
        return {**told, "items": items}

    def job_list(self, limit: int = 50) -> list[dict[str, Any]]:
        """The newest jobs, short: {job_id, created_at, listings, moving}."""
        return queries.job_list(self.ledger, limit)

    def changed(self) -> tuple[Any, ...]:
        """Differs as soon as a listing is another than before, or its posting went on."""
        return queries.last_change(self.ledger)

    def tables_there(self) -> list[str]:
        """Tables among the inputs that may hold listings, below the home."""
        folder = self.home / "data" / "inputs"
        found = sorted(folder.glob("*.csv")) if folder.is_dir() else []
        return [one.relative_to(self.home).as_posix() for one in found if one.is_file()]

    def small_photos(self, listing_id: int, *, side: int) -> list[tuple[str, bytes]]:
        """The photos of a listing, each with its name, as PNGs at most `side` pixels wide; none that is gone."""
        paths = [self.home / one["path"] for one in self._listing(listing_id)["photos"]]
        made = [(one.name, small(one, side)) for one in paths]
        return [(name, png) for name, png in made if png is not None]

    def jobs(self) -> list[dict[str, Any]]:
        return [jobs.job(row) for row in queries.jobs(self.ledger)]

    def work_on(
        self,
        job: str,
        *,
        watch: Callable[[], None] = lambda: None,
        stop: threading.Event | None = None,
        **more: Any,
    ) -> dict[str, Any]:
        """Work here until nothing of the job is left that moves soon by itself; how it stands then."""
        job_id = queries.find_job(self.ledger, job)
        items = partial(queries.listings, self.ledger, job_id=job_id)
        self._parts.working.work_on(items, acts_in=PostingState.QUEUED, watch=watch, stop=stop, **more)
        return self.job(job_id)

    def errors(
        self,
        *,
        listing_id: int | None = None,
        account_id: int | None = None,
        error_type: str | None = None,
        since: str | datetime | None = None,
        until: str | datetime | None = None,
        limit: int | None = 50,
    ) -> list[dict[str, Any]]:
        """Trouble with listings, newest first; days are those of the owner's time zone."""
        return queries.error_logs(
            self.ledger,
            listing_id=listing_id,
            account_id=account_id,
            error_type=error_type,
            since=self._moment(since, "since"),
            until=self._moment(until, "until"),
            limit=limit,
        )

    def _moment(self, value: str | datetime | None, name: str) -> datetime | None:
        if isinstance(value, datetime):
            return value
        day = as_date(value, name)
        return None if day is None else datetime.combine(day, time(), self.settings.zone).astimezone(UTC)

    def todo(self) -> list[dict[str, Any]]:
        """What of listings waits for a person."""
        return jobs.todo(queries.waiting(self.ledger))

    def effects_of(self, execution_id: str) -> list[Effect]:
        """What the execution ordered to be posted."""
        return queries.effects_of(self.ledger, execution_id)

    def cancel(self, job: str | None = None, *, listing_ids: Sequence[int] = ()) -> int:
        """Take listings out of the queue: those that are named, or all of the job; what is at work this moment ends."""
        if listing_ids:
            keys = [queries.latest_posting(self.ledger, one)["id"] for one in listing_ids]
            return posting.cancel(self.ledger, keys)
        return posting.cancel_job(self.ledger, queries.find_job(self.ledger, job))

    def retry(self, listing_ids: Sequence[int] = (), *, job: str | None = None) -> int:
        """Queue what failed or was cancelled again: the named listings, or all of the job."""
        if job is not None:
            rows = self.listings(job=job)
            listing_ids = [one["listing_id"] for one in rows if one["state"] in POSTING_GONE]
        return posting.retry(self.ledger, [queries.latest_posting(self.ledger, one)["id"] for one in listing_ids])

    def resolve(
        self,
        listing_id: int,
        *,
        adopt: str | None = None,
        absent: bool = False,
        abandon: bool = False,
        reason: str = "",
    ) -> PostingState:
        """Say what became of a click whose answer was lost: it is listing `adopt`, it is not there, or forget it."""
        if [adopt is not None, absent, abandon].count(True) != 1:
            raise BadInput("give exactly one of --adopt ID, --absent, --abandon.")
        row = queries.latest_posting(self.ledger, listing_id)
        said = f": {reason}" if reason else ""
        if adopt is not None:
            values = self._adopted(adopt, row)
            drafted = row["end"] == DRAFT
            to = PostingState.DRAFTED if drafted else PostingState.POSTED
            posting.resolve(self.ledger, row["id"], to, f"found by hand as {values['remote_id']}{said}", values=values)
        elif absent:
            to = PostingState.QUEUED
            posting.resolve(self.ledger, row["id"], to, f"not at the site, by hand; posted again{said}")
        else:
            to = PostingState.FAILED
            posting.resolve(self.ledger, row["id"], to, f"given up by hand{said}")
        return to

    def _adopted(self, text: str, row: Mapping[Any, Any]) -> dict[str, Any]:
        remote_id = listing_id_in(text) or text.strip()
        if not remote_id.isdecimal():
            raise BadInput(f"{text!r} is no listing's id; give its number, or its address at the site.")
        url = self._parts.site(CHANNEL).address(item_path(remote_id))
        return {
            "remote_id": remote_id, "remote_url": url, "remote_state": "draft" if row["end"] == DRAFT else "live",
            "posted_at": row["armed_at"] or now(),
        }  # fmt: skip


def _meant(rows: Iterable[Mapping[str, Any]]) -> Counter[tuple[Any, ...]]:
    """What of a plan would be posted, whether it is known by then or not."""
    return Counter((one["title"], one["price"], one["account_id"]) for one in rows if one["todo"] == "post")


def _unknown(order: NewListing) -> dict[str, Any]:
    said = {name: order.content[name] for name in ("title", "price")}
    return {"listing_id": None, **said, "account_id": order.account_id, "status": "pending", "state": None}


def _order(row: Mapping[str, Any]) -> NewListing:
    content = {name: row[name] for name in LISTING_CONTENT}
    return NewListing(account_id=row["account_id"], content=content, sha=listing_identity(content))


def _as_posting(number: int, listing_id: int | None, account_id: int, one: NewListing, *, draft: bool) -> Posting:
    return Posting(
        id=number, state=PostingState.QUEUED, job_id="", listing_id=listing_id or 0, account_id=account_id,
        content=one.content, content_sha=one.sha, token=_TOKEN, end=DRAFT if draft else "publish",
    )  # fmt: skip


def _rehearsed_row(done: RehearsedListing) -> dict[str, Any]:
    said = done.posting.content
    names = ("title", "price", "category", "condition")
    facts = {"listing_id": done.posting.listing_id or None, "account_id": done.posting.account_id}
    return {**facts, **{name: said[name] for name in names}, **done.facts}
