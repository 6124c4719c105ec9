"""A ledger knows its lake by an id that lies in both, not by a path: a home may be moved, its lake is the same one."""

from __future__ import annotations

import contextlib
import logging
import os
import re
import uuid
from pathlib import Path
from typing import Final

from workbench.db.ledger import Ledger
from workbench.errors import Refused
from workbench.files import LAKE_ID, fsync_dir, make_folder, write_text
from workbench.lake.store import all_files, bind, known_lake

log = logging.getLogger(__name__)

_LOOKED_AT: Final = 200  # files of a ledger that is older than these ids


def know_lake(ledger: Ledger, lake: Path, *, is_beside: bool) -> None:
    """Stamp both, once; Refused when the lake is not the one that the ledger is about.

    `is_beside`: the ledger is a file of this very home, so that a lake without an id is its own, restored or lost.
    One that may not be written to is stamped another time: whoever has something to keep in it says so.
    """
    try:
        _know(ledger, lake, is_beside=is_beside)
    except OSError as error:
        log.warning("the lake %s is not marked as that of the ledger yet: %s", lake, error.strerror)


def _know(ledger: Ledger, lake: Path, *, is_beside: bool) -> None:
    file = make_folder(lake) / LAKE_ID
    here, known = _read(file), known_lake(ledger)
    if known is None:
        if here is None and not is_beside:
            _refuse_without_files(ledger, lake)
        here = here or _write(file, uuid.uuid4().hex)
        known = bind(ledger, here)  # another home may have been first
    elif here is None and is_beside:
        here = _write(file, known)
    if here != known:
        what = f"the lake {here}" if here else "none that the ledger knows"
        raise Refused(
            f"the ledger {ledger.address} is about the lake {known}, and {lake} is {what}: two homes with lakes of "
            "their own on one ledger would each count half. Let both have one lake (the same disk, or a folder that "
            f"both see), or give this home a ledger of its own. If this is that lake, brought here without its id, "
            f"write {known} into {file}; nothing was touched."
        )


def _read(file: Path) -> str | None:
    try:
        text = file.read_text().strip()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise Refused(f"{file} cannot be read: {error}. It holds the id of the lake; make it readable.") from error
    if not re.fullmatch(r"[0-9a-f]{32}", text):
        raise Refused(f"{file} holds no id of a lake. Put it back from a backup, or remove it; nothing was touched.")
    return text


def _write(file: Path, lake_id: str) -> str:
    """The id that is in the file then: of two processes at once, the first one's."""
    beside = file.with_name(f"{LAKE_ID}.{uuid.uuid4().hex[:8]}")
    write_text(beside, lake_id + "\n")
    try:
        with contextlib.suppress(FileExistsError):
            os.link(beside, file)  # whole or not at all, and never over another
        fsync_dir(file.parent)
    finally:
        beside.unlink(missing_ok=True)
    return _read(file) or lake_id


def _refuse_without_files(ledger: Ledger, lake: Path) -> None:
    """A ledger of before these ids tells its lake by what lies in it."""
    listed = [one["path"] for one in all_files(ledger)[:_LOOKED_AT]]
    if listed and not any((lake / path).is_file() for path in listed):
        raise Refused(
            f"the ledger {ledger.address} names {listed[0]} and other files, and none of them is in {lake}: it is "
            "about another lake. Start with the home that has them, or bring the lake here; nothing was touched."
        )
