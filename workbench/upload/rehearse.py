"""As far as the open upload panel, which is given nothing: attaching is the upload. No state changes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workbench.errors import WorkbenchError
from workbench.upload.model import Upload, UploadState
from workbench.upload.send import already_there, staged, whole
from workbench.upload.tools import UploadTools

if TYPE_CHECKING:  # Playwright costs every command a tenth of a second
    from workbench.browser.account_page import AccountPage
    from workbench.upload.pages import MediaLibrary


@dataclass(frozen=True)
class RehearsedUpload:
    """How far a file came: it would be attached, it is there already, or `error` would have stopped it."""

    upload: Upload
    remote_id: str | None = None
    words: str = ""
    screenshot: str | None = None
    error: WorkbenchError | None = None


def rehearse(
    groups: Sequence[Sequence[Upload]], tools: UploadTools, watch: Callable[[str], None]
) -> list[RehearsedUpload]:
    """Uploads of one account, a group for each tab; what stops one tab stops those after it."""
    done: list[RehearsedUpload] = []
    try:
        with tools.visit(groups[0][0].account_id) as visit:
            library = tools.library(visit)
            for group in groups:
                watch(group[0].tab)
                done += _rehearse(visit, library, group, tools)
    except WorkbenchError as error:
        known = {one.upload.id for one in done}
        done += [RehearsedUpload(one, error=error) for group in groups for one in group if one.id not in known]
    return done


def _rehearse(
    visit: AccountPage, library: MediaLibrary, uploads: Sequence[Upload], tools: UploadTools
) -> list[RehearsedUpload]:
    with staged(uploads, tools) as files:
        done = [RehearsedUpload(one, error=error) for one, error in files.refused]
        if not files.ready:
            return done
        listing = whole(library, files.ready[0].tab, visit)
        library.panel(files.ready[0].tab)
        picture = visit.shot("rehearsed")
    for one in files.ready:
        known = already_there(one, listing, tools)
        if known is None:
            done.append(RehearsedUpload(one, words="would be attached", screenshot=picture))
        elif known.to is UploadState.IDENTIFIED:
            found = str(known.values["remote_id"])
            done.append(RehearsedUpload(one, found, "is there already: would be adopted", picture))
        else:
            done.append(RehearsedUpload(one, words=str(known.reason), screenshot=picture))
    return done
