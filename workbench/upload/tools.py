"""What the steps of upload work with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from workbench.engine.behind import LostAct
from workbench.upload.model import Upload

if TYPE_CHECKING:  # Playwright costs every command a tenth of a second
    from workbench.browser.account_page import AccountPage
    from workbench.upload.pages import MediaLibrary


class UploadView(Protocol):
    """What a step of upload may ask the ledger."""

    def baseline_of(self, upload: Upload) -> frozenset[str]: ...  # ids of the tab before the file was attached
    def batch_folder(self, batch_id: str) -> str: ...
    def other_half(self, upload: Upload) -> Upload | None: ...
    def remote_ids(self, account_id: int, *, but: int | None) -> frozenset[str]: ...  # without those of one creative


class UploadActs(Protocol):
    """What the ledger may not know of an account, because it is older than the world."""

    def lost(self, item: Upload) -> list[LostAct]: ...
    def doubt(self, item: Upload) -> str | None: ...
    def found(self, item: Upload, remote_id: str) -> None: ...
    def compared(self, account_id: int) -> None: ...


@dataclass(frozen=True, kw_only=True)
class UploadTools:
    visit: Callable[[int], AbstractContextManager[AccountPage]]  # a page of the account, signed in or refused
    library: Callable[[AccountPage], MediaLibrary]
    may_act_from: Callable[[int], datetime | None]  # the owner's daily cap and quiet hours
    write_inventory: Callable[[], Mapping[tuple[str, str], str]]  # cells that somebody changed, in words
    wake: Callable[[int], None]  # an upload that rests because of its other half
    creatives: Path
    archive: Path
    sending: Path  # copies of what is being attached
    view: UploadView
    acts: UploadActs
    now: Callable[[], datetime]
    poll: timedelta
    file_time: timedelta  # that the platform may take for one file
    look_gaps: tuple[timedelta, ...]  # between looks at the library for what may be there
