"""checked → sent: a group of files of one tab, attached once. Attaching is the upload; nothing of it is repeated.

Before the act everything may be done again: the library is read whole, what is there already is adopted, the files
are copied to where nobody can change them any more. After it each file has its own answer, or none.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.engine.behind import WAITS
from workbench.engine.flow import Intent, Move, Revoked, Yielded
from workbench.engine.item import Attention
from workbench.errors import AccountStops, AccountWaits, BadInput, Fault, Transient, WorkbenchError
from workbench.files import CHUNK, is_running, make_folder, remove_tree
from workbench.upload.archive import place_of
from workbench.upload.fingerprint import matching
from workbench.upload.model import Upload, UploadState
from workbench.upload.paths import MissingPath, open_below
from workbench.upload.site_answers import CreativeCard, SendOutcome, SendResult, TabListing
from workbench.upload.tools import UploadTools

if TYPE_CHECKING:  # Playwright costs every command a tenth of a second
    from workbench.browser.account_page import AccountPage
    from workbench.upload.pages import MediaLibrary, SiteUploadPanel


def send(uploads: Sequence[Upload], tools: UploadTools) -> Iterator[Yielded]:
    wanted: dict[str, Upload] = {}
    for one in uploads:
        if one.cancel_requested:
            yield Move(to=UploadState.CANCELED, item_id=one.id, reason="cancelled before anything was sent")
        elif one.name in wanted:
            reason = "another file of the same name goes first; nobody could tell their answers apart"
            yield Move(to=UploadState.PLANNED, item_id=one.id, reason=reason, after=tools.poll)
        else:
            wanted[one.name] = one
    with staged(tuple(wanted.values()), tools) as files:
        for one, error in files.refused:
            yield Move(to=UploadState.FAILED, item_id=one.id, reason=error.message, fault=error.fault)
        if not files.ready:
            return
        _mind_pace(files.ready[0].account_id, tools)
        with tools.visit(files.ready[0].account_id) as visit:
            yield from _send(visit, files, tools)


def _mind_pace(account_id: int, tools: UploadTools) -> None:
    until = tools.may_act_from(account_id)
    if until is not None:
        raise AccountWaits(
            f"the account's own limits say: no sooner than {until:%Y-%m-%d %H:%M} UTC", retry_after=until - tools.now()
        )


def _send(visit: AccountPage, files: SendableCopies, tools: UploadTools) -> Iterator[Yielded]:
    library = tools.library(visit)
    tab = files.ready[0].tab
    listing = whole(library, tab, visit)
    left = []
    for one in files.ready:
        known = already_there(one, listing, tools)
        if known is None:
            left.append(one)
        else:
            yield known
    tools.acts.compared(files.ready[0].account_id)
    if not left:
        return
    panel = library.panel(tab)
    if len(left) > 1 and not panel.takes_several:
        # The others stay as they are, and are due again at once.
        raise Transient("the upload panel takes one file at a time; set WORKBENCH_UPLOAD_BATCH_SIZE=1")
    paths = [files.path_of(one) for one in left]
    yield Intent(
        intent_id=secrets.token_urlsafe(24),
        facts={"tab": tab, "files": [one.name for one in left]},
        baseline={"tab": tab, "ids": [card.id for card in listing.cards], "at": tools.now().isoformat()},
    )
    yield from _answers(visit, panel, left, paths, tools)


def whole(library: MediaLibrary, tab: str, visit: AccountPage) -> TabListing:
    """The tab with all its cards; without all of them nothing is known to be absent."""
    listing = library.cards(tab)
    if not listing.is_complete:
        error = Transient(f"the library could not be read whole: {listing.gap}", fault=Fault(kind="network_error"))
        raise visit.fail(error, "reading the library")
    return listing


def already_there(one: Upload, listing: TabListing, tools: UploadTools) -> Move | None:
    """What is in the library under this name already is adopted, not uploaded again; unless it is meant to be.

    Where the ledger may be older than the library, also a file that was to be sent again may be there already: the
    cards of this name that no upload of ours has.
    """
    doubt = tools.acts.doubt(one)
    others = tools.view.remote_ids(one.account_id, but=None if one.force_reason else one.creative_id)
    found = [card for card in matching(one, listing.cards) if card.id not in others]
    if one.force_reason and doubt is None:
        return None
    if len(found) > 1:
        ids = ", ".join(card.id for card in found)
        reason = f"the library has this name {len(found)} times already: {ids}. Say which: {resolve_hint(one)} --id ID"
        return Move(to=UploadState.UNKNOWN_ID, item_id=one.id, reason=reason, attention=Attention.PERSON)
    if found:
        tools.acts.found(one, found[0].id)
        return Move(
            to=UploadState.IDENTIFIED, item_id=one.id, reason="already there: it was uploaded before",
            values=identified(found[0], tools, at=one.uploaded_at),
        )  # fmt: skip
    if doubt is not None and tools.acts.lost(one):
        reason = (
            f"{WAITS}, as {doubt}, and the library does not show it. Look there, then: {resolve_hint(one)} --absent "
            "(it is sent), --id ID, or --abandon"
        )
        return Move(to=UploadState.UNKNOWN_ID, item_id=one.id, reason=reason, attention=Attention.PERSON)
    return None


def identified(card: CreativeCard, tools: UploadTools, *, at: Any) -> dict[str, Any]:
    now = tools.now()
    history = [[now.isoformat(), card.review]] if card.review else []
    return {
        "remote_id": card.id, "uploaded_at": at or now, "review_status": card.review or None,
        "review_history": history, "error_type": None,
    }  # fmt: skip


def resolve_hint(one: Upload) -> str:
    return f"workbench upload resolve {one.id}"


# the act -------------------------------------------------------------------------------------------


def _answers(
    visit: AccountPage, panel: SiteUploadPanel, left: Sequence[Upload], paths: Sequence[Path], tools: UploadTools
) -> Iterator[Yielded]:
    waiting = {one.name: one for one in left}
    away: list[SendResult] = []
    for result in panel.send(paths, tools.file_time * len(paths)):
        if result.outcome is SendOutcome.TURNED_AWAY:
            away.append(result)
        else:
            yield _answered(visit, waiting.pop(result.name), result, tools)
    turned = {result.name for result in away}
    for one in [one for name, one in waiting.items() if name not in turned]:
        yield _lost(visit, one, "the site did not say in time what became of it")
    if away:
        words = "; ".join(dict.fromkeys(f"{one.words} ({one.status})" for one in away))
        yield Revoked(f"the site did not take them: {words}")
        _turned_away(visit, away)


def _answered(visit: AccountPage, one: Upload, result: SendResult, tools: UploadTools) -> Move:
    if result.outcome is SendOutcome.SENT:
        values = {"remote_id": result.remote_id, "uploaded_at": tools.now()}
        return Move(to=UploadState.SENT, item_id=one.id, values=values)
    if result.outcome is SendOutcome.REJECTED:
        fault = Fault(kind="validation_error", evidence=_folder(visit.shot("rejected", story=result.words)))
        return Move(to=UploadState.FAILED, item_id=one.id, reason=f"the site refused it: {result.words}", fault=fault)
    return _lost(visit, one, result.words)


def _lost(visit: AccountPage, one: Upload, words: str) -> Move:
    error = visit.fail(
        AccountStops(words, fault=Fault(kind="uncertain_submit")),
        f"waiting for the answer about {one.name}",
        certain=False,
    )
    return Move(
        to=UploadState.UNSURE, item_id=one.id, attention=Attention.RECONCILE, fault=error.fault,
        reason=f"{words}: it may be there. It is looked for in the library, never sent again blindly",
        values={"error_type": "uncertain_submit"},
    )  # fmt: skip


def _folder(picture: str) -> str:
    return picture.rpartition("/")[0]


def _turned_away(visit: AccountPage, away: Sequence[SendResult]) -> None:
    """Why files were not taken, as the page tells it now; raises in any case."""
    visit.goto(visit.site.start, expect="media_library")
    if not visit.is_signed_in():
        visit.check("media_library")
    statuses = {one.status for one in away}
    if 429 in statuses:  # noqa: PLR2004 - HTTP's
        wait = max((one.retry_after for one in away if one.retry_after), default=None)
        raise AccountWaits("the site asks to slow down (429)", retry_after=wait, fault=Fault(kind="rate_limit"))
    if statuses == {None}:
        raise Transient(away[0].words, fault=Fault(kind="network_error"))
    kind = "captcha" if 403 in statuses else "session_expired"  # noqa: PLR2004 - HTTP's
    raise visit.fail(AccountStops(f"the site turned files away: {away[0].words}", fault=Fault(kind=kind)), "uploading")


# files that nobody can change any more --------------------------------------------------------------


@dataclass(frozen=True)
class SendableCopies:
    """Copies that are proved to be what was checked, under their own names."""

    ready: tuple[Upload, ...]
    refused: tuple[tuple[Upload, WorkbenchError], ...]
    folder: Path

    def path_of(self, one: Upload) -> Path:
        return self.folder / str(one.id) / one.name


@contextmanager
def staged(uploads: Sequence[Upload], tools: UploadTools) -> Iterator[SendableCopies]:
    """A browser opens a file by its name, some time after it was looked at: it gets one of which only we know."""
    sweep(tools.sending)
    folder = make_folder(tools.sending / f"{os.getpid()}-{uuid.uuid4().hex[:12]}", mode=0o700)
    try:
        ready, refused = [], []
        for one in uploads:
            try:
                _copy(one, folder / str(one.id), tools)
            except WorkbenchError as error:
                refused.append((one, error))
            else:
                ready.append(one)
        yield SendableCopies(tuple(ready), tuple(refused), folder)
    finally:
        remove_tree(folder)


def _opened(one: Upload, tools: UploadTools) -> int:
    """Where it lies; or, for a ledger that was put back, where it went once it was uploaded and archived."""
    try:
        return open_below(tools.creatives, one.path)
    except MissingPath:
        if not one.batch_id:  # of a rehearsal, which archives nothing
            raise
        with suppress(BadInput, MissingPath):
            return open_below(tools.archive, one.archive_path or place_of(one, tools.view.batch_folder(one.batch_id)))
        raise


def _copy(one: Upload, folder: Path, tools: UploadTools) -> None:
    make_folder(folder, mode=0o700)
    digest = hashlib.sha256()
    with os.fdopen(_opened(one, tools), "rb") as file, (folder / one.name).open("xb") as copy:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
            copy.write(chunk)
    if one.sha256 is None or digest.hexdigest() != one.sha256:
        raise BadInput(
            f"{one.path} is not the file that was checked: it was changed since. To check it again: workbench upload "
            f"retry {one.id}",
            fault=Fault(kind="file_changed"),
        )


def sweep(sending: Path) -> None:
    """Copies of processes that died in the middle of it."""
    if not sending.is_dir():
        return
    for left in sending.iterdir():
        owner = left.name.partition("-")[0]
        if owner.isdecimal() and not is_running(int(owner)):
            shutil.rmtree(left, ignore_errors=True)
