"""`workbench post`: check, rehearse, post, watch, and decide what no step may.

`workbench listings`: what is to be posted.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, make_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from workbench.cli.console import Json, answer, counted, records, reply, say, when
from workbench.cli.exits import Exit
from workbench.cli.items import Bar, Line, Watch, following
from workbench.cli.opening import Detach, Headless, Reason, Yes, agree, opened_home, stopping
from workbench.cli.options import takes
from workbench.errors import BadInput
from workbench.post import jobs
from workbench.post.model import LISTING_FIELDS

if TYPE_CHECKING:
    from workbench.workbench import Workbench

app = typer.Typer(no_args_is_help=True)
listings_app = typer.Typer(no_args_is_help=True)

Draft = Annotated[bool, typer.Option("--draft", help="End with the site's own draft; nothing is published.")]
Job = Annotated[str | None, typer.Argument(metavar="[JOB]", help="The id of a posting job, or its beginning.")]
Ids = Annotated[list[int] | None, typer.Option("--listing", metavar="ID", help="A listing that is known; repeatable.")]


@dataclass(frozen=True, kw_only=True)
class PostOptions:
    """What is to be posted, and as whom: options of `plan`, `rehearse` and `run`."""

    listings: Annotated[Path | None, typer.Option("--listings", metavar="FILE", help="A listings.csv.")] = None
    listing: Ids = None
    account: Annotated[
        list[int] | None,
        typer.Option("--account", metavar="ID", help="Only its listings, and those that name none; repeatable."),
    ] = None

    @property
    def what(self) -> Path | list[int]:
        if (self.listings is None) == (not self.listing):
            raise BadInput("give --listings FILE, or --listing ID for each one that is known.")
        return self.listings.absolute() if self.listings else self.listing or []

    @property
    def accounts(self) -> list[int]:
        return self.account or []


_CELLS: Final = {
    "price": "Whole units of the account's currency.",
    "photos": "File names, with ';' between.",
    "account": "Its id or label.",
}
ListingCells = make_dataclass(
    "ListingCells",
    [
        (one.name, Annotated[str | None, typer.Option(help=_CELLS.get(one.name))], field(default=None))
        for one in LISTING_FIELDS
    ],
)

_LISTINGS: Final = ("listing_id", "title", "price", "category", "condition", "account", "status", "error_message")
_ITEMS: Final = ("listing_id", "title", "price", "account_id", "status", "remote_id", "error_class", "error_message")
_PLAN: Final = ("line", "listing_id", "title", "price", "account_id", "todo", "why")
_JOBS: Final = ("job_id", "status", "total_posts", "completed_posts", "failed_posts", "attention", "created_at")
_ERRORS: Final = ("id", "post", "post_title", "account_id", "error_type", "error_class", "error_message", "screenshot")


@app.command()
@takes(PostOptions)
def plan(chosen: PostOptions, json: Json = False) -> Exit:
    """Check every listing offline and show what a job would do: no browser, nothing is started."""
    with opened_home(quiet=json, look=True) as workbench:
        rows = workbench.postings.plan(chosen.what, accounts=chosen.accounts)
    if json:
        answer({"depth": "plan", "items": rows})
    else:
        _table(counted(len(rows), "listing"), _PLAN, rows)
    return Exit.REFUSED if any(one["todo"] == "refused" for one in rows) else Exit.DONE


@app.command()
@takes(PostOptions)
def rehearse(
    chosen: PostOptions,
    draft: Draft = False,
    headless: Headless = False,
    json: Json = False,
) -> Exit:
    """Fill every form and read it back, up to the enabled last button, which is not pressed. Nothing is sent."""
    with opened_home(quiet=json, headless=headless) as workbench:
        return _rehearse(workbench, chosen, draft=draft, json=json)


@app.command()
@takes(PostOptions)
def run(
    chosen: PostOptions,
    live: Annotated[bool, typer.Option("--live", help="Really publish; without it, this is a rehearsal.")] = False,
    draft: Draft = False,
    group: Annotated[
        list[str] | None, typer.Option("--group", metavar="NAME", help="List there too; repeatable.")
    ] = None,
    hide_from_friends: Annotated[bool, typer.Option("--hide-from-friends")] = False,
    headless: Headless = False,
    yes: Yes = False,
    detach: Detach = False,
    json: Json = False,
) -> Exit:
    """Post listings, each at most once. What is posted already, or on its way, is left alone."""
    what, accounts = chosen.what, chosen.accounts
    with opened_home(quiet=json, headless=headless) as workbench:
        if not live:
            return _rehearse(workbench, chosen, draft=draft, json=json)
        if not yes:
            mode = workbench.settings.mode
            said = workbench.postings.words_of(workbench.postings.plan(what, accounts=accounts), accounts=accounts)
            agree(mode, f"{mode.upper()}: {said}, now?", to="publishing")
        made = workbench.postings.start(
            what, accounts=accounts, draft=draft, groups=group or (), hide_from_friends=hide_from_friends
        )
        if made.already:
            say(f"{counted(len(made.already), 'listing')} left alone: posted already, or on the way.")
        if detach:
            workbench.working.start_worker()
            return _told(workbench, workbench.postings.job(made.job_id), json=json, detached=True)
        with stopping(f"job {made.job_id}") as stop, following_job(workbench, made.job_id) as watch:
            done = workbench.postings.work_on(made.job_id, watch=watch, stop=stop)
        return _told(workbench, done, json=json)


@app.command()
def status(job: Job = None, json: Json = False) -> None:
    """Show how posting jobs stand; of one JOB, every listing with its reason."""
    with opened_home(quiet=json, look=True) as workbench:
        if job is not None:
            _told(workbench, workbench.postings.job(job), json=json)
            return
        found = workbench.postings.jobs()
        zone = workbench.settings.zone
    if json:
        answer(found)
    else:
        shown = [{**one, "created_at": when(one["created_at"], zone)} for one in found]
        _table(counted(len(found), "posting job"), _JOBS, shown)


@app.command()
def errors(
    listing: Annotated[int | None, typer.Option("--listing", metavar="ID", help="Of this listing.")] = None,
    account: Annotated[int | None, typer.Option("--account", metavar="ID", help="Of this account.")] = None,
    error_type: Annotated[str | None, typer.Option("--type", help="A type or class, e.g. rate_limit.")] = None,
    since: Annotated[str | None, typer.Option(metavar="YYYY-MM-DD", help="From this day on.")] = None,
    until: Annotated[str | None, typer.Option(metavar="YYYY-MM-DD", help="Before this day.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many, newest first.")] = 50,
    json: Json = False,
) -> None:
    """Show what went wrong with listings, with the picture of the page."""
    with opened_home(quiet=json, look=True) as workbench:
        found = workbench.postings.errors(
            listing_id=listing, account_id=account, error_type=error_type, since=since, until=until, limit=limit
        )
    if json:
        answer({"count": len(found), "error_logs": found})
    else:
        _table(counted(len(found), "error"), _ERRORS, found)


@app.command()
def retry(
    listing: Annotated[list[int] | None, typer.Argument(metavar="[ID…]", help="Listings that failed.")] = None,
    job: Annotated[str | None, typer.Option(help="All of this job that failed or was cancelled.")] = None,
    json: Json = False,
) -> None:
    """Queue what failed or was cancelled again, with what the listings say now. A worker posts: workbench work."""
    if not listing and job is None:
        raise BadInput("name listings, or a job with --job.")
    with opened_home(quiet=json) as workbench:
        number = workbench.postings.retry(listing or (), job=job)
    words = f"{counted(number, 'listing')} queued again; a worker posts them: workbench work --until-idle."
    reply({"queued": number}, words, json=json)


@app.command()
def cancel(job: Job = None, listing: Ids = None, json: Json = False) -> None:
    """Take listings out of the queue: those named with --listing, or all of a job. What is at work this moment ends."""
    with opened_home(quiet=json) as workbench:
        number = workbench.postings.cancel(job, listing_ids=listing or ())
    reply({"cancelled": number}, f"{counted(number, 'listing')} taken out of the queue.", json=json)


@app.command()
def resolve(
    listing: Annotated[int, typer.Argument(metavar="ID", help="The listing, as workbench todo shows it.")],
    adopt: Annotated[str | None, typer.Option(metavar="ID|ADDRESS", help="It is there, as this listing.")] = None,
    absent: Annotated[bool, typer.Option("--absent", help="It is not there: post it once more.")] = False,
    abandon: Annotated[bool, typer.Option("--abandon", help="Forget it; it is not posted again.")] = False,
    reason: Reason = "",
    json: Json = False,
) -> None:
    """Say by hand what became of a click whose answer was lost. Look into Your listings first."""
    with opened_home(quiet=json) as workbench:
        state = workbench.postings.resolve(listing, adopt=adopt, absent=absent, abandon=abandon, reason=reason)
    reply({"listing_id": listing, "state": str(state)}, f"listing {listing} is {state} now.", json=json)


# listings -----------------------------------------------------------------------------------------------


@listings_app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help=f"{', '.join(one.name for one in LISTING_FIELDS)}.")],
    json: Json = False,
) -> None:
    """Bring in a listings.csv: all of it, or nothing. Photos lie beside it, in photos/, or in data/inputs/photos.

    The same listing again is not doubled; one whose sku is known is brought up to date until it is posted.
    """
    with opened_home(quiet=json) as workbench:
        done = workbench.postings.import_listings(file.absolute())
    words = f"{counted(len(done.listing_ids), 'listing')} in {file}: {done.added} new, {done.changed} changed."
    reply(asdict(done), words, json=json)


@listings_app.command("list")
def list_(
    status: Annotated[str | None, typer.Option(help="pending, posting, posted or failed.")] = None, json: Json = False
) -> None:
    """Show every listing with its id and what became of it."""
    with opened_home(quiet=json, look=True) as workbench:
        found = workbench.postings.listings()
    found = [one for one in found if status in {None, one["status"]}]
    if json:
        answer(found)
    else:
        records(counted(len(found), "listing"), _LISTINGS, found, right=("listing_id", "price"))


@listings_app.command()
@takes(ListingCells)
def edit(
    cells: Any,
    listing_id: Annotated[int, typer.Argument(metavar="ID", help="As `listings list` shows it.")],
    json: Json = False,
) -> None:
    """Change cells of a listing that is neither on its way nor at the site."""
    given = {name: value for name, value in vars(cells).items() if value is not None}
    with opened_home(quiet=json) as workbench:
        workbench.postings.edit_listing(listing_id, **given)
    words = f"listing {listing_id} is changed: {', '.join(sorted(given))}."
    reply({"listing_id": listing_id, "changed": sorted(given)}, words, json=json)


# what a person reads ------------------------------------------------------------------------------------


def following_job(workbench: Workbench, job_id: str) -> Watch:
    from workbench.post.jobs import how_far

    def look() -> Bar:
        return how_far(workbench.postings.job(job_id))

    def lines() -> Iterable[Line]:
        for one in workbench.postings.listings(job=job_id):
            key = one["listing_id"]
            yield key, f"listing {key} {one['title']}", str(one["state"]), one["error_message"]

    return following("posting", look, lines, workbench.settings.zone, begins="queued")


def _rehearse(workbench: Workbench, chosen: PostOptions, *, draft: bool, json: bool) -> Exit:
    def watch(one: Any) -> None:
        say(f"{one.posting.content['title']}: {one.facts['error_message'] or 'filled and read back'}")

    done = workbench.postings.rehearse(chosen.what, accounts=chosen.accounts, draft=draft, watch=watch)
    return _told(workbench, done, json=json)


def _told(workbench: Workbench, done: dict[str, Any], *, json: bool, detached: bool = False) -> Exit:
    depth = done.get("depth", "real")
    if json:
        answer({"job_id": done["job_id"], "depth": depth, **done})
    else:
        print_posting(workbench, done, detached=detached)
    if detached:
        return Exit.DONE
    return Exit(jobs.outcome(done))


def print_posting(workbench: Workbench, done: dict[str, Any], *, detached: bool = False) -> None:
    words = "Rehearsal, nothing was sent" if done["job_id"] is None else f"Posting job {done['job_id']}"
    whole = counted(done["total_posts"], "listing")
    good = (
        f"{done['completed_posts']} of {whole}" if done["job_id"] else f"{done['rehearsed_posts']} of {whole} filled in"
    )
    _table(f"{words} · {done['status']} · {good}, {done['failed_posts']} failed", _ITEMS, done["items"])
    _hint(workbench, done, detached=detached)


def _hint(workbench: Workbench, done: dict[str, Any], *, detached: bool) -> None:
    if done["status"] in {"queued", "running"} and not detached:
        waits = next((one for one in done["items"] if one["wait_reason"] and one["not_before"]), None)
        why = f"{waits['wait_reason']}, until {when(waits['not_before'], workbench.settings.zone)}; " if waits else ""
        say(f"{why}the rest goes on with: workbench work")
    if done.get("attention"):
        say("something waits for a person: workbench todo")


def _table(title: str, columns: tuple[str, ...], rows: list[dict[str, Any]]) -> None:
    right = tuple(
        name for name in columns if name in {"line", "listing_id", "price", "post"} or name.endswith("_posts")
    )
    records(title, columns, rows, right=right)
