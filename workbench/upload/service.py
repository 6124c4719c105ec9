"""Creatives and batches: what a person orders, watches, and decides."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

from workbench.accounts import store as accounts
from workbench.db.clock import now
from workbench.errors import AccountStops, AccountWaits, BadInput, Refused, Transient, UiChanged
from workbench.feature import Effect, Feature
from workbench.files import make_folder, write_text
from workbench.parsing import named
from workbench.upload import batches, gather, inventory, media_pool, queries, reports, samples, scan, stock
from workbench.upload import store as uploading
from workbench.upload.campaign import Export, export
from workbench.upload.check import CheckedFile, check
from workbench.upload.inventory import INVENTORY, SESSION
from workbench.upload.model import UploadState
from workbench.upload.names import is_original
from workbench.upload.rehearse import rehearse
from workbench.upload.specs import check_platform, check_slot
from workbench.upload.stock import StockQuery
from workbench.upload.store import NewBatch, NewUpload

if TYPE_CHECKING:
    from workbench.container import Container

T = TypeVar("T")

log = logging.getLogger(__name__)

CHANNEL: Final = "trafficjunky"
# What a batch leaves on disk, in a person's words.
_FILES: Final = {
    "report": "Summary", "status_csv": "Status CSV", "errors": "Errors", "manifest": "Manifest", "log": "Log",
    "archive": "Archive",
}  # fmt: skip
_CHANGED: Final = timedelta(days=1)  # files of batches that went on since are looked at when work begins


@dataclass(frozen=True, kw_only=True)
class UploadOrder:
    """What is to be uploaded: files by name, or a source: `session`, `inventory`, a CSV or a folder."""

    source: str = ""
    files: Sequence[str] = ()
    campaign: str | None = None
    account: int | None = None
    slot: str | None = None
    platform: str = "tj"
    force: bool = False
    reason: str | None = None


class Uploads(Feature):
    """What a person does with creatives and batches."""

    def __init__(self, parts: Container) -> None:
        super().__init__(parts)
        self._written_at: datetime | None = None
        self._stock: tuple[tuple[Any, ...], list[dict[str, Any]]] | None = None  # as of a mark of `changed`
        self._sheet_read: tuple[tuple[int, int, int], list[inventory.Row]] | None = None

    @property
    def _archives(self) -> list[Path]:
        """Ours, and the one that lies in the team's own folder."""
        return list(dict.fromkeys([self.settings.archive, self.settings.creatives / "archive"]))

    def scan(self, folder: str = "") -> list[dict[str, Any]]:
        """Enter a folder's files into the inventory, for people without a processor; what is new in it."""
        return scan.scan(self.settings.creatives, folder, on=self._parts.today())

    def write_samples(self) -> tuple[str, ...]:
        """Three harmless files made on the spot, unless they were uploaded already: a banner and a native pair.

        Where there is no sheet yet they are entered into one, as the processor would: what is looked at or uploaded
        after them finds it.
        """
        top = self.settings.creatives
        root = top / "uploaded"
        names = ("EN_Demo_SFW_Tea_ID-DE300001.png", "VID_EN_Demo_SFW_Tea_4sec_ID-DE300002-VID.mp4",
                 "IMG_EN_Demo_SFW_Tea_ID-DE300002-IMG.png")  # fmt: skip
        known = queries.known_creatives(self.ledger, None)
        if ("ID-DE300001", "") not in known:
            samples.picture(root / names[0])
            samples.film(root / names[1])
            samples.picture(root / names[2], (640, 360))
            if not (top / INVENTORY).is_file() and not (top / SESSION).is_file():
                scan.scan(top, "uploaded", on=self._parts.today(), only=names)
        return names

    def creatives(self) -> list[dict[str, Any]]:
        """Every creative that was ever in a batch, with how it stands."""
        return queries.creatives(self.ledger)

    def stock(self, asked: StockQuery) -> tuple[list[dict[str, Any]], int]:
        """A page of all creatives that the inventory or the ledger knows, and how many there are."""
        mark = self.changed()
        kept = self._stock
        if kept is None or kept[0] != mark:
            kept = self._stock = (mark, stock.merged(self._sheet(), queries.newest_uploads(self.ledger)))
        return stock.page(kept[1], asked)

    def creative(self, key: str) -> dict[str, Any]:
        """One creative of `stock` by its key, with where its file lies and all its uploads, newest first."""
        unique_id, _, part = key.rpartition("|")
        sheet = [one for one in self._sheet() if one.key == (unique_id, part)]
        uploads = queries.uploads_of(self.ledger, unique_id, part)
        found = stock.merged(sheet, uploads[:1])
        if not found:
            raise BadInput(f"no creative {unique_id} is known any more.")
        at = gather.Files(self.settings.creatives).candidate(sheet[0]).path if sheet else None
        last = uploads[0] if uploads else {}
        names = ("media", "archive_path", "archived_at", "error_message", "status")
        path = at or last.get("path") or found[0]["file_name"]
        return {
            **found[0], **{name: last.get(name) for name in names}, "path": path, "file_path": path, "uploads": uploads,
        }  # fmt: skip

    def _sheet(self) -> list[inventory.Row]:
        """The inventory's rows, read anew only when its file is another than before."""
        path = self.settings.creatives / INVENTORY
        try:
            found = path.stat()
        except FileNotFoundError:
            return []
        mark = (found.st_ino, found.st_size, found.st_mtime_ns)
        if self._sheet_read is None or self._sheet_read[0] != mark:
            self._sheet_read = (mark, inventory.read(path))
        return self._sheet_read[1]

    def files_there(self) -> list[dict[str, Any]]:
        """Media files below the creatives' root that may be chosen: path, name, folder, size, when it was changed."""
        root = self.settings.creatives
        found = []
        for path in gather.walk(root) if root.is_dir() else ():
            folder, _, name = path.rpartition("/")
            with suppress(FileNotFoundError):  # taken away this moment
                about = (root / path).lstat()
                changed = datetime.fromtimestamp(about.st_mtime, UTC)
                if not is_original(name):
                    told = {"path": path, "file_name": name, "folder": folder, "bytes": about.st_size}
                    found.append({**told, "changed_at": changed})
        return found

    def folders_there(self) -> list[str]:
        """Folders below the creatives' root that hold media files, and those above them."""
        found = set[str]()
        for path in gather.walk(self.settings.creatives) if self.settings.creatives.is_dir() else ():
            parts = path.split("/")[:-1]
            found |= {"/".join(parts[: n + 1]) for n in range(len(parts))}
        return sorted(found)

    def small_pictures(self, items: Sequence[Mapping[str, Any]], *, side: int) -> dict[str, bytes]:
        """File name → a PNG of it at most `side` pixels wide, wherever the file lies now; nothing of what is broken."""
        there: dict[Path, dict[str, str]] = {}
        for one in items:
            at = (self.settings.archive, one.get("archive_path")) if one.get("archived_at") else None
            root, path = at or (self.settings.creatives, one.get("path") or one["file_path"])
            if path:
                there.setdefault(root, {})[str(path)] = one["file_name"]
        found = {}
        for root, names in there.items():
            made = media_pool.small_pictures(root, list(names), side=side) if root.is_dir() else {}
            found.update({names[path]: png for path, png in made.items()})
        return found

    def check(self, ask: UploadOrder) -> list[CheckedFile]:
        """Every file that is meant, and what would be refused of it: offline, no account is touched."""
        check_platform(ask.platform)
        check_slot(ask.slot)
        if ask.force and not (ask.reason or "").strip():
            raise BadInput("--force sends a file again that is there; say why with --reason.")
        if ask.campaign is not None and not ask.campaign.isdecimal():
            raise BadInput(f"the campaign {ask.campaign!r} is no number like 1234567890.")
        root = self.settings.creatives
        return batches.in_order(
            check(
                root, self._candidates(root, ask), platform=ask.platform, slot=ask.slot, force=ask.force,
                uploaded=self._known(ask),
            )
        )  # fmt: skip

    def _known(self, ask: UploadOrder) -> dict[tuple[str, str], str]:
        """What is there or on its way at the account that is meant, at any where that is not said yet."""
        account_id = None
        with suppress(BadInput):
            account_id = self._account(ask)
        return queries.known_creatives(self.ledger, account_id)

    def _candidates(self, root: Path, ask: UploadOrder) -> list[gather.Candidate]:
        files = gather.Files(root, self._archives)
        if ask.files:
            rows = inventory.read(root / INVENTORY) if (root / INVENTORY).is_file() else []
            return gather.from_names(files, ask.files, rows)
        source = ask.source or ("session" if (root / SESSION).is_file() else "inventory")
        known = {"session": SESSION, "inventory": INVENTORY}
        path = self.home / source if source not in known else root / known[source]
        if source not in known and (folder := _below(root, root / source, path)) is not None:
            return gather.from_folder(root, folder)
        if source not in known and not path.is_file() and (root / source).is_file():
            path = root / source
        return gather.from_rows(files, inventory.read(path))

    def _account(self, ask: UploadOrder) -> int:
        if ask.platform != "tj":
            raise BadInput(f"files are checked for {ask.platform}, and uploaded to TrafficJunky (tj) alone.")
        if ask.account is not None:
            return self._parts.accounts.of_channel(ask.account, CHANNEL, "creatives").id
        there = [one for one in accounts.all_accounts(self.ledger, channel=CHANNEL) if one.enabled]
        if len(there) == 1:
            return there[0].id
        if there:
            listed = ", ".join(f"{one.id} ({one.label})" for one in there)
            raise BadInput(f"there are several accounts: {listed}; choose with --account ID.")
        raise BadInput("there is no account yet: workbench accounts add --channel trafficjunky --label NAME")

    def account_for(self, ask: UploadOrder) -> int:
        """The account that is meant; in practice one is made when there is none."""
        if self.settings.mode == "practice" and ask.account is None and ask.platform == "tj":
            there = accounts.all_accounts(self.ledger, channel=CHANNEL)
            if not there:
                return self._parts.accounts.add(CHANNEL, "practice")
        return self._account(ask)

    def plan(self, ask: UploadOrder) -> dict[str, Any]:
        """What a batch would do with each file, and why not: no browser, nothing is kept or started."""
        found = self.check(ask)
        items = [batches.item_of(one, platform=ask.platform, campaign_id=ask.campaign) for one in found]
        return self._dry("plan", items)

    def as_it_is_now(self, planned: Mapping[str, Any], ask: UploadOrder) -> dict[str, Any] | None:
        """A plan with what became of its files since; None where one of them has to be looked at anew.

        What is there or on its way by now would be left alone; what failed since is no longer.
        """
        known = self._known(ask)
        items = []
        for one in planned["items"]:
            words = known.get((one["unique_id"], one["part"]))
            if words is None and one["is_known"]:
                return None
            is_left = words is not None and (one["is_known"] or one["status"] == "pending")
            changed = {"status": "skipped", "state": "skipped", "error_message": words, "cure": "", "is_known": True}
            items.append({**one, **changed} if is_left else one)
        return self._dry("plan", items)

    def words_of(self, planned: Mapping[str, Any], ask: UploadOrder) -> str:
        """What a batch of this plan would upload, how many, and as whom, for a person to agree to."""
        number = planned["totals"]["pending"]
        whom = ""
        with suppress(BadInput):  # in practice, an account is made for it
            mine = accounts.find(self.ledger, self._account(ask))
            whom = f" as {mine.label} (account {mine.id})"
        names = (one["file_name"] for one in planned["items"] if one["status"] == "pending")
        return f"upload {number} file{'' if number == 1 else 's'} to TrafficJunky{whom}{named(names)}"

    @staticmethod
    def _dry(depth: str, items: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        return {
            "batch_id": None, "depth": depth, "status_csv": None, "report": None, "archive": None,
            "totals": reports.totals(items), "items": list(items),
        }  # fmt: skip

    def rehearse(self, ask: UploadOrder, *, watch: Callable[[str], None] = lambda _: None) -> dict[str, Any]:
        """Log in, read the library, open the upload panel of every tab; nothing is attached or kept."""
        account_id = self.account_for(ask)
        found = self.check(ask)
        rows = [batches.item_of(one, platform=ask.platform, campaign_id=ask.campaign) for one in found]
        orders = [
            batches.as_upload(number, one, account_id, ask.reason if ask.force else None)
            for number, one in enumerate(found)
            if one.verdict == "ok"
        ]
        groups = [[one for one in orders if one.tab == tab] for tab in dict.fromkeys(one.tab for one in orders)]
        if not groups:
            return self._dry("rehearse", rows)
        with self._parts.accounts.lock(account_id):
            done = _aside(lambda: rehearse(groups, self._parts.upload_tools, watch))
        for each in done:
            rows[each.upload.id] = batches.rehearsed_item(each, rows[each.upload.id])
        stops = (one.error for one in done if isinstance(one.error, AccountStops | AccountWaits | UiChanged))
        error = next(stops, None)
        told = self._dry("rehearse", rows)
        return {**told, "stopped": error.message} if error else told

    def start(self, ask: UploadOrder, *, agreed: Mapping[str, Any] | None = None) -> str:
        """Make a batch; somebody must `work`. What is refused or skipped is in it too, with the reason.

        Ordered once more while it is not over, it is the same batch. `agreed`: the plan that a person said yes to;
        where another one came of it, nothing is started.
        """
        account_id = self.account_for(ask)
        found = self.check(ask)
        if agreed is not None:
            _refuse_other(found, agreed)
        if not found:
            raise Refused("there is nothing to upload: no file is meant.")
        if not any(one.verdict == "ok" for one in found):
            keys = [one.candidate.key for one in found]
            begun = queries.unfinished_batch(self.ledger, account_id, keys)
            if begun is not None:  # ordered before and not over: nothing new is made of it
                return begun
        new = NewBatch(
            platform=ask.platform, account_id=account_id, campaign_id=ask.campaign,
            uploads=[_order(one, ask) for one in found], beyond=batches.greatest_number(self._archives),
        )  # fmt: skip
        batch_id = uploading.make_batch(self.ledger, new)
        self.write_files(batch_id)
        return batch_id

    def batch(self, batch: str | None = None) -> dict[str, Any]:
        """The batch (the newest without), as `upload run` answers it."""
        (row,) = queries.batches(self.ledger, queries.find_batch(self.ledger, batch))
        return self._batch_told(row)

    def batches(self) -> list[dict[str, Any]]:
        return [self._batch_told(row) for row in queries.batches(self.ledger)]

    def batch_list(self, limit: int = 50) -> list[dict[str, Any]]:
        """The newest batches, short: {batch_id, created_at, files, moving}."""
        return queries.batch_list(self.ledger, limit)

    def batch_of(self, names: Collection[str]) -> str | None:
        """The newest batch that any of these files is in, whoever ordered it."""
        return queries.batch_of(self.ledger, names)

    def changed(self) -> tuple[Any, ...]:
        """Differs as soon as an upload or the sheet of creatives is another than before."""
        with suppress(FileNotFoundError):
            found = (self.settings.creatives / INVENTORY).stat()
            return (*queries.last_change(self.ledger), found.st_size, found.st_mtime_ns)
        return queries.last_change(self.ledger)

    def pairs(self, batch: str) -> list[dict[str, Any]]:
        """The native pairs of a batch, each half with its file, its id and how it stands."""
        return stock.pairs(queries.uploads(self.ledger, batch_id=queries.find_batch(self.ledger, batch)))

    def with_pictures(self, told: Mapping[str, Any]) -> dict[str, Any]:
        """A batch whose files that wait for somebody have the picture of their newest trouble."""
        wanted = [one["upload_id"] for one in told["items"] if batches.waits_for_somebody(one)]
        seen = queries.trouble(self.ledger, wanted)
        items = [{**one, "screenshot": seen.get(one["upload_id"], one["screenshot"])} for one in told["items"]]
        return {**told, "items": items}

    def _batch_told(self, row: Mapping[str, Any]) -> dict[str, Any]:
        tracking, stamp = self.settings.creatives / "tracking", self._stamp(row)
        return {
            "batch_id": row["batch_id"],
            "depth": "real",
            "status_csv": str(tracking / f"upload_status_{stamp}.csv"),
            "log": str(tracking / f"upload_log_{stamp}.txt"),
            "report": str(tracking / f"upload_summary_{stamp}.txt"),
            "errors": str(tracking / f"upload_errors_{stamp}.csv"),
            "manifest": str(tracking / f"upload_manifest_{stamp}.json"),
            "archive": str(self._batch_folder(row)),
            "account_id": row["account_id"],
            "campaign_id": row["campaign_id"],
            "created_at": row["created_at"],
            "totals": reports.totals(row["items"]),
            "items": row["items"],
        }

    def _batch_folder(self, row: Mapping[str, Any]) -> Path:
        return self.settings.archive / f"{row['batch_id']}-{row['created_at']:%Y-%m-%d}"

    def _stamp(self, row: Mapping[str, Any]) -> str:
        return batches.stamp(row["created_at"].astimezone(self.settings.zone))

    def work_on(
        self, batch: str, *, watch: Callable[[], None] = lambda: None, stop: threading.Event | None = None, **more: Any
    ) -> dict[str, Any]:
        """Work here until nothing of the batch is left that moves soon by itself; how it stands then."""
        batch_id = queries.find_batch(self.ledger, batch)
        items = partial(queries.uploads, self.ledger, batch_id=batch_id)
        self._parts.working.work_on(items, acts_in=UploadState.CHECKED, watch=watch, stop=stop, **more)
        return self.batch(batch_id)

    def write_files(self, batch: str | None = None) -> dict[str, str]:
        """Status CSV, log, summary, errors, manifest of a batch, as the ledger has it now; their paths."""
        (row,) = queries.batches(self.ledger, queries.find_batch(self.ledger, batch))
        story = queries.batch_story(self.ledger, [one["upload_id"] for one in row["items"]])
        tracking = make_folder(self.settings.creatives / "tracking")
        told = reports.write_all(
            tracking, self._stamp(row), row, rows=row["items"], story=story, zone=self.settings.zone
        )
        reports.write_undo(self._batch_folder(row), row["items"])
        return {name: str(path) for name, path in told.items()}

    def files_of(self, batch: str | None = None) -> list[tuple[str, Path]]:
        """What is on disk of a batch for people to open: reports, campaign CSVs, the folder of its archive."""
        (row,) = queries.batches(self.ledger, queries.find_batch(self.ledger, batch))
        told = self._batch_told(row)
        ads = self._campaigns.glob(f"{row['batch_id']}_{self._stamp(row)}_*.csv")
        found = [
            *((words, Path(told[name])) for name, words in _FILES.items()),
            *(("Campaign CSV", path) for path in sorted(ads)),
        ]
        return [(words, path) for words, path in found if path.exists()]

    @property
    def _campaigns(self) -> Path:
        return self.settings.creatives / "tracking" / "Upload_CSV"

    def project(self) -> None:
        """Bring the files of batches that went on, and the inventory, up to date."""
        since, self._written_at = self._written_at or now() - _CHANGED, now()
        changed = queries.changed_since(self.ledger, since)
        for batch_id in changed:
            self.write_files(batch_id)
        if changed:
            try:
                self._parts.upload_tools.write_inventory()
            except (BadInput, Transient) as error:  # derived: written again as soon as an upload goes on
                log.warning("%s", error.message)

    def todo(self) -> list[dict[str, Any]]:
        """What of creatives waits for a person."""
        return [_waiting(one) for one in queries.waiting(self.ledger)]

    def effects_of(self, execution_id: str) -> list[Effect]:
        """What the execution ordered to be uploaded."""
        return queries.effects_of(self.ledger, execution_id)

    def shown(self) -> list[dict[str, Any]]:
        """Every batch, with of each file what `status` tells."""
        return [{**one, "items": [_shown(each) for each in one["items"]]} for one in self.batches()]

    def sweep_logs(self, *, dry: bool = True) -> list[str]:
        """Logs of batches that are over, by the age of evidence; their tables and reports stay."""
        gone = list[str]()
        before = (now() - timedelta(days=self.settings.evidence_days)).timestamp()
        over = (one for one in self.batches() if not any(_is_open(each) for each in one["items"]))
        for path in (Path(one["log"]) for one in over):
            if path.is_file() and path.stat().st_mtime < before:
                gone.append(str(path))
                if not dry:
                    path.unlink()
        return gone

    def retry(self, names: Sequence[str] = (), *, batch: str | None = None) -> int:
        """Try again what failed, and let go on what waits: those named, or all of the batch that failed or wait."""
        if names:
            ids = uploading.find_uploads(self.ledger, names)
        else:
            rows = queries.uploads(self.ledger, batch_id=queries.find_batch(self.ledger, batch))
            ids = [one["upload_id"] for one in rows if batches.can_be_tried(one)]
        number = uploading.retry(self.ledger, ids)
        self._files_of(ids)
        return number

    def resolve(
        self,
        name: str,
        *,
        remote_id: str | None = None,
        absent: bool = False,
        abandon: bool = False,
        is_act: bool = False,
        reason: str = "",
    ) -> list[int]:
        """Say what became of an upload (or, with `is_act`, of all of one gesture) that nobody can tell."""
        if [remote_id is not None, absent, abandon].count(True) != 1:
            raise BadInput("give exactly one of --id ID, --absent, --abandon.")
        if is_act and remote_id is not None:
            raise BadInput("an id is of one file: give the upload, not the act.")
        if remote_id is not None and not (remote_id.isdecimal() and 4 <= len(remote_id) <= 20):  # noqa: PLR2004
            raise BadInput(f"{remote_id!r} is no id of a creative, like 1032530511.")
        ids = uploading.of_act(self.ledger, name) if is_act else uploading.find_uploads(self.ledger, [name])
        said = f": {reason}" if reason else ""
        to, words = {
            (False, False): (UploadState.IDENTIFIED, f"found by hand as {remote_id}"),
            (True, False): (UploadState.CHECKED, "not in the library, by hand; sent once more"),
            (False, True): (UploadState.CANCELED, "given up by hand"),
        }[absent, abandon]
        uploading.resolve(self.ledger, ids, to, f"{words}{said}", remote_id=remote_id)
        self._files_of(ids)
        return ids

    def cancel(self, batch: str | None = None) -> str:
        """End a batch: what is not attached yet stays where it is."""
        batch_id = queries.find_batch(self.ledger, batch)
        uploading.cancel_batch(self.ledger, batch_id)
        return batch_id

    def _files_of(self, upload_ids: Sequence[int]) -> None:
        rows = queries.uploads(self.ledger, upload_ids=upload_ids)
        for batch_id in dict.fromkeys(one["batch_id"] for one in rows):
            self.write_files(batch_id)

    def refresh(self, account: int | None = None) -> dict[str, Any]:
        """Ask the platform how its review of our creatives stands: {seen, changed, gaps}."""
        account_id = self.account_for(UploadOrder(account=account))
        rows = [one for one in queries.uploads(self.ledger) if one["account_id"] == account_id]
        tabs = sorted({one["tab"] for one in rows if one["tj_creative_id"]})
        seen, gaps = dict[str, str](), list[str]()

        def look() -> None:
            tools = self._parts.upload_tools
            with tools.visit(account_id) as visit:
                library = tools.library(visit)
                for tab in tabs:
                    listing = library.cards(tab)
                    seen.update((card.id, card.review) for card in listing.cards)
                    gaps.extend([listing.gap] if listing.gap else [])

        with self._parts.accounts.lock(account_id):
            _aside(look)
        changed = uploading.set_review(self.ledger, account_id, seen)
        return {"account_id": account_id, "seen": len(seen), "changed": changed, "gaps": gaps}

    def campaign_csv(
        self, texts: Mapping[str, str], *, batch: str | None = None, folder: str | Path | None = None
    ) -> tuple[Export, list[str]]:
        """Write campaign CSVs of a batch (the newest without), within the platform's limits; their paths."""
        (row,) = queries.batches(self.ledger, queries.find_batch(self.ledger, batch))
        made = export(row["items"], texts)
        target = make_folder(Path(folder) if folder else self._campaigns)
        paths = []
        for kind, files in (("Native", made.native), ("Preroll", made.preroll)):
            for number, text in enumerate(files, 1):
                part = f"_{number}" if len(files) > 1 else ""
                path = target / f"{row['batch_id']}_{self._stamp(row)}_{kind}{part}.csv"
                write_text(path, text)
                paths.append(str(path))
        return made, paths


def _aside(work: Callable[[], T]) -> T:
    """In a thread of its own: a kernel's own thread has a loop, which Playwright does not share."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(work).result()


def _order(one: CheckedFile, ask: UploadOrder) -> NewUpload:
    state = {"ok": UploadState.CHECKED, "skip": UploadState.SKIPPED, "block": UploadState.FAILED}[one.verdict]
    found = one.candidate
    return NewUpload(
        unique_id=batches.unique_id(one), part=found.part, native_pair_id=found.pair_id,
        path=_place(found), name=found.name, columns=dict(found.values), slot=one.slot or "none",
        tab=one.tab or "none", state=state, sha256=one.media.get("sha256"), media=dict(one.media) or None,
        remote_id=found.known_id or None, reason=one.words if state is not UploadState.CHECKED else None,
        error_type="file_missing" if one.is_missing else "validation_error",
        force_reason=ask.reason if ask.force else None,
    )  # fmt: skip


def _refuse_other(found: Sequence[CheckedFile], agreed: Mapping[str, Any]) -> None:
    """What would be uploaded has to be what a person saw: the same files with the same bytes."""
    now_meant = {(one.candidate.name, one.media.get("sha256")) for one in found if one.verdict == "ok"}
    seen = {(one["file_name"], one["sha256"]) for one in agreed["items"] if one["status"] == "pending"}
    if new := sorted(name for name, _ in now_meant - seen):
        raise Refused(
            f"the files changed since they were looked at{named(new)}. Look at them again; nothing was started."
        )


def _below(root: Path, *places: Path) -> str | None:
    """The first of these places that is a folder, below the creatives' root; None where none is one."""
    found = next((one.resolve() for one in places if one.is_dir()), None)
    if found is None:
        return None
    if not found.is_relative_to(root.resolve()):
        raise BadInput(
            f"the folder {found} is not below the creatives' root {root.resolve()}. Put the files there, or set "
            "WORKBENCH_CREATIVES_ROOT."
        )
    return found.relative_to(root.resolve()).as_posix()


def _place(found: gather.Candidate) -> str:
    """Below the creatives' root; of a file that is missing, where it should be."""
    said = (found.said or "").replace("\\", "/")
    is_below = bool(said) and not said.startswith("/") and ".." not in said.split("/")
    return found.path or (said if is_below else found.name)


def _shown(one: Mapping[str, Any]) -> dict[str, Any]:
    return {name: one.get(name) for name in (*batches.ITEM, "upload_id", "tab", "review_status")}


def _is_open(item: Mapping[str, Any]) -> bool:
    return bool(item["attention"] or item["is_due"] or item["is_worked"])


def _waiting(one: Mapping[str, Any]) -> dict[str, Any]:
    open_ = one["state"] in ("unsure", "unknown_id")
    act = f" (act {one['act_id'][:8]})" if open_ and one["act_id"] else ""
    cure = f"workbench upload resolve {one['id']}" if open_ else f"workbench upload retry {one['id']}"
    if one["state"] == "sent" and one["attention"] is None:  # a library that is never read whole: is it the login?
        cure = f"workbench accounts health {one['account_id']}"
    return {
        "kind": "upload",
        "id": str(one["id"]),
        "why": f"{one['name']} is {one['state']}{act}: {one['reason'] or 'nobody said why'}",
        "command": cure,
    }
