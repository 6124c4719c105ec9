"""`workbench upload`: check, rehearse, upload, watch, and decide what no step may.

`workbench creatives`: the media files, the inventory, and what is known of each.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from workbench.cli.console import Json, answer, counted, records, reply, say, show, table, when
from workbench.cli.exits import Exit
from workbench.cli.items import Bar, Line, Watch, following
from workbench.cli.opening import Detach, Headless, Reason, Yes, agree, opened_home, stopping
from workbench.cli.options import takes
from workbench.engine.item import FOR_A_PERSON
from workbench.errors import BadInput
from workbench.parsing import as_names
from workbench.upload import batches

if TYPE_CHECKING:
    from workbench.upload.service import UploadOrder
    from workbench.workbench import Workbench

app = typer.Typer(no_args_is_help=True)
creatives_app = typer.Typer(no_args_is_help=True)

Session = Annotated[bool, typer.Option("--session", help="What the processor's last session made; the default.")]
Inventory = Annotated[bool, typer.Option("--inventory", help="The whole inventory, not only the last session.")]
Slot = Annotated[str | None, typer.Option(metavar="static|video|in_stream|native", help="Where all of them go.")]
Account = Annotated[int | None, typer.Option(metavar="ID", help="Needed where there are several accounts.")]
Platform = Annotated[str, typer.Option(metavar="tj|exo", help="exo can be checked, not uploaded.")]
Force = Annotated[bool, typer.Option("--force", help="Also what is there already; needs --reason.")]
Batch = Annotated[str | None, typer.Argument(metavar="[BATCH]", help="Like batch_007 or 7; the newest otherwise.")]


@dataclass(frozen=True, kw_only=True)
class UploadOptions:
    """Which files are meant, and where they go: options of `plan`, `rehearse` and `run`."""

    session: Session = False
    inventory: Inventory = False
    files: Annotated[
        str | None, typer.Option("--files", metavar="A,B", help="Files below the creatives' root, with commas between.")
    ] = None
    source: Annotated[
        str | None, typer.Option(metavar="PATH", help="Another inventory CSV, or a folder of creatives.")
    ] = None
    campaign: Annotated[
        str | None, typer.Option(metavar="ID", help="The campaign that is noted beside every file.")
    ] = None
    account: Account = None
    slot: Slot = None

    def order(self, *, force: bool, reason: str, platform: str = "tj") -> UploadOrder:
        from workbench.upload.service import UploadOrder

        if [self.session, self.inventory, self.files is not None, self.source is not None].count(True) > 1:
            raise BadInput("give one of --session, --inventory, --files, --source.")
        names = as_names(self.files)
        if self.files is not None and not names:
            raise BadInput("--files names no file.")
        chosen = "session" if self.session else "inventory" if self.inventory else self.source or ""
        return UploadOrder(
            source=chosen, files=names, campaign=self.campaign, account=self.account, slot=self.slot,
            platform=platform, force=force, reason=reason or None,
        )  # fmt: skip


_SCAN: Final = ("unique_id", "new_filename", "creative_type", "width_px", "height_px", "duration_seconds", "notes")
_CREATIVES: Final = ("unique_id", "file_name", "status", "state", "tj_creative_id", "review_status", "batch_id")
_ITEMS: Final = ("unique_id", "file_name", "slot", "status", "tj_creative_id", "attention", "error_message")
_PLAN: Final = ("unique_id", "file_name", "slot", "status", "error_message")
_BATCHES: Final = ("batch_id", "account_id", "uploaded", "failed", "skipped", "unknown_id", "pending", "created_at")


@app.command()
@takes(UploadOptions)
def plan(
    chosen: UploadOptions,
    platform: Platform = "tj",
    force: Force = False,
    reason: Reason = "",
    json: Json = False,
) -> Exit:
    """Check every file offline and show what would be refused, and why: no browser, nothing is started."""
    with opened_home(quiet=json, look=True) as workbench:
        ask = chosen.order(platform=platform, force=force, reason=reason)
        done = workbench.uploads.plan(ask)
    if json:
        answer(done)
    else:
        records(f"Plan · {_counts(done)}", _PLAN, done["items"])
    return Exit.FAILED if done["totals"]["failed"] else Exit.DONE


@app.command()
@takes(UploadOptions)
def rehearse(
    chosen: UploadOptions,
    force: Force = False,
    reason: Reason = "",
    headless: Headless = False,
    json: Json = False,
) -> Exit:
    """Go as far as the open upload panel and read the library; nothing is attached, nothing is kept."""
    with opened_home(quiet=json, headless=headless) as workbench:
        ask = chosen.order(force=force, reason=reason)
        return _rehearse(workbench, ask, json=json)


@app.command()
@takes(UploadOptions)
def run(
    chosen: UploadOptions,
    platform: Platform = "tj",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Rehearse; nothing is uploaded. The default.")] = False,
    live: Annotated[bool, typer.Option("--live", help="Really upload.")] = False,
    headless: Headless = False,
    force: Force = False,
    reason: Reason = "",
    setup: Annotated[
        bool, typer.Option("--setup", help="Open a browser for the first login; no password is stored.")
    ] = False,
    yes: Yes = False,
    detach: Detach = False,
    json: Json = False,
) -> Exit:
    """Upload creatives, each at most once, and write the platform's id beside every file.

    What is there already is skipped; without --live this is a rehearsal.
    """
    with opened_home(quiet=json, headless=headless) as workbench:
        ask = chosen.order(platform=platform, force=force, reason=reason)
        if setup:
            return _setup(workbench, ask)
        if dry_run and live:
            raise BadInput("--dry-run and --live are opposites; give one of them.")
        if not live and (dry_run or workbench.settings.dry_run):
            return _rehearse(workbench, ask, json=json)
        if not yes:
            mode = workbench.settings.mode
            said = workbench.uploads.words_of(workbench.uploads.plan(ask), ask)
            agree(mode, f"{mode.upper()}: {said}, now?", to="uploading")
        batch_id = workbench.uploads.start(ask)
        if detach:
            workbench.working.start_worker()
            _told(workbench, workbench.uploads.batch(batch_id), json=json)
            return Exit.DONE
        with stopping(batch_id) as stop, following_batch(workbench, batch_id) as watch:
            done = workbench.uploads.work_on(batch_id, watch=watch, stop=stop)
        return _told(workbench, done, json=json)


@app.command()
def status(batch: Batch = None, json: Json = False) -> None:
    """Show how batches stand; of one BATCH, every file with its reason."""
    with opened_home(quiet=json, look=True) as workbench:
        if batch is not None:
            _told(workbench, workbench.uploads.batch(batch), json=json)
            return
        found = workbench.uploads.batches()
        zone = workbench.settings.zone
    if json:
        answer(found)
    else:
        rows = [{**one, **one["totals"], "created_at": when(one["created_at"], zone)} for one in found]
        records(counted(len(found), "batch", "batches"), _BATCHES, rows)


@app.command()
def refresh(account: Account = None, json: Json = False) -> Exit:
    """Ask the platform how its review of our creatives stands; the history is kept."""
    with opened_home(quiet=json) as workbench:
        done = workbench.uploads.refresh(account)
    if json:
        answer(done)
    else:
        show(f"{counted(done['seen'], 'creative')} in the library, {done['changed']} reviewed since the last look.")
        for gap in done["gaps"]:
            say(f"not all of it could be read: {gap}")
    return Exit.UNSURE if done["gaps"] else Exit.DONE


@app.command()
def retry(
    uploads: Annotated[list[str] | None, typer.Argument(metavar="[UPLOAD…]", help="By number, id or name.")] = None,
    batch: Annotated[str | None, typer.Option(help="All of this batch that failed or wait; the newest.")] = None,
    json: Json = False,
) -> None:
    """Check and upload again what failed, and let go on what waits. A worker uploads: workbench work."""
    with opened_home(quiet=json) as workbench:
        number = workbench.uploads.retry(uploads or (), batch=batch)
    words = f"{counted(number, 'file')} tried again by the next worker: workbench work --until-idle"
    reply({"retried": number}, words, json=json)


@app.command()
def resolve(
    upload: Annotated[str, typer.Argument(help="As workbench todo shows it: a number, or act:ID for a whole gesture.")],
    remote_id: Annotated[str | None, typer.Option("--id", "--adopt", metavar="ID", help="It is there as ID.")] = None,
    absent: Annotated[bool, typer.Option("--absent", help="It is not there: send it once more.")] = False,
    abandon: Annotated[bool, typer.Option("--abandon", help="Forget it; it is not sent again.")] = False,
    reason: Reason = "",
    json: Json = False,
) -> None:
    """Say by hand what became of a file that nobody can tell. Look into the media library first."""
    is_act = upload.startswith("act:")
    with opened_home(quiet=json) as workbench:
        ids = workbench.uploads.resolve(
            upload.removeprefix("act:"), remote_id=remote_id, absent=absent, abandon=abandon, is_act=is_act,
            reason=reason,
        )  # fmt: skip
    words = f"{counted(len(ids), 'file')} resolved. A worker goes on: workbench work --until-idle"
    reply({"resolved": ids}, words, json=json)


@app.command()
def cancel(batch: Batch = None, json: Json = False) -> None:
    """End a batch: what is not attached yet stays where it is; what is goes on to its end."""
    with opened_home(quiet=json) as workbench:
        batch_id = workbench.uploads.cancel(batch)
    reply({"batch_id": batch_id, "cancel_asked": True}, f"{batch_id} is asked to end.", json=json)


@app.command()
def report(batch: Batch = None, json: Json = False) -> None:
    """Write the files of a batch anew: status CSV, log, summary, errors, manifest."""
    with opened_home(quiet=json) as workbench:
        files = workbench.uploads.write_files(batch)
    if json:
        answer(files)
    else:
        table("Written", ("what", "file"), files.items())


@app.command("campaign-csv")
def campaign_csv(
    batch: Batch = None,
    target_url: Annotated[str, typer.Option(help="Where ads lead; macros like {CampaignID} stay as they are.")] = "",
    headline: Annotated[str, typer.Option(help="Of native ads, at most 87 characters.")] = "",
    brand: Annotated[str, typer.Option(help="Of native ads, at most 25 characters.")] = "",
    column: Annotated[
        list[str] | None, typer.Option("--column", metavar="NAME=TEXT", help="Any other column; repeatable.")
    ] = None,
    folder: Annotated[Path | None, typer.Option(help="Default: tracking/Upload_CSV.")] = None,
    json: Json = False,
) -> Exit:
    """Write TrafficJunky's campaign CSVs of a batch, split by the platform's limits; what fits no ad is listed."""
    texts = {"Target URL": target_url, "Headline": headline, "Brand Name": brand}
    for one in column or ():
        name, sign, text = one.partition("=")
        if not sign:
            raise BadInput(f"--column {one!r} is not like NAME=TEXT.")
        texts[name] = text
    with opened_home(quiet=json) as workbench:
        made, paths = workbench.uploads.campaign_csv({name: text for name, text in texts.items() if text}, batch=batch,
                                             folder=folder and folder.absolute())  # fmt: skip
    if json:
        answer({"files": paths, "orphans": [{"file_name": name, "why": why} for name, why in made.orphans]})
    else:
        table("Written", ("file",), ([path] for path in paths))
        table("In no campaign CSV", ("file", "why"), made.orphans)
    return Exit.FAILED if made.orphans else Exit.DONE


# creatives ----------------------------------------------------------------------------------------------


@creatives_app.command()
def scan(
    folder: Annotated[str, typer.Argument(help="Below the creatives' root; all of it otherwise.")] = "",
    json: Json = False,
) -> None:
    """Enter a folder's media files into the inventory, as the creative processor would; what is in it stays."""
    with opened_home(quiet=json) as workbench:
        found = workbench.uploads.scan(folder)
    if json:
        answer(found)
    else:
        records(counted(len(found), "new creative"), _SCAN, found)
        show("Upload them with: workbench upload run --session")


@creatives_app.command("list")
def list_(json: Json = False) -> None:
    """Show every creative that was ever in a batch, with its id at the platform."""
    with opened_home(quiet=json, look=True) as workbench:
        found = workbench.uploads.creatives()
    if json:
        answer(found)
    else:
        records(counted(len(found), "creative"), _CREATIVES, found)


# what a person reads ------------------------------------------------------------------------------------


def following_batch(workbench: Workbench, batch_id: str) -> Watch:
    from workbench.upload.batches import how_far

    def look() -> Bar:
        return how_far(workbench.uploads.batch(batch_id))

    def lines() -> Iterable[Line]:
        for one in workbench.uploads.batch(batch_id)["items"]:
            yield one["upload_id"], one["file_name"], str(one["state"]), one["error_message"]

    return following("uploading", look, lines, workbench.settings.zone)


def _setup(workbench: Workbench, ask: UploadOrder) -> Exit:
    account_id = workbench.uploads.account_for(ask)
    workbench.accounts.login(account_id, on_wait=say)
    show(f"account {account_id} is logged in; upload with: workbench upload run --session --live")
    return Exit.DONE


def _rehearse(workbench: Workbench, ask: UploadOrder, *, json: bool) -> Exit:
    done = workbench.uploads.rehearse(ask, watch=lambda tab: say(f"rehearsing {tab}"))
    return _told(workbench, done, json=json)


def _told(workbench: Workbench, done: dict[str, Any], *, json: bool) -> Exit:
    if json:
        answer(done)
    else:
        print_upload(done)
        if done.get("stopped"):
            say(str(done["stopped"]), style="yellow")
        if any(one["attention"] in FOR_A_PERSON for one in done["items"]):
            say("something waits for a person: workbench todo")
        elif done["depth"] == "real" and done["totals"]["pending"] and not workbench.working.is_worked():
            say("the rest goes on with: workbench work")
    return Exit(batches.outcome(done))


def print_upload(done: dict[str, Any]) -> None:
    words = {"rehearse": "Rehearsal, nothing was uploaded"}.get(done["depth"], str(done["batch_id"]))
    records(f"{words} · {_counts(done)}", _ITEMS, done["items"])
    if done["report"]:
        show(f"report {done['report']} · status {done['status_csv']}")


def _counts(done: dict[str, Any]) -> str:
    return ", ".join(f"{number} {name.replace('_', ' ')}" for name, number in done["totals"].items())
