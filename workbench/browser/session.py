"""A saved login: Playwright's storage state with IndexedDB, written whole, readable by its owner only."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from workbench.browser.session_import import LAST_SECOND, storage_state_of
from workbench.errors import AccountStops, BadInput, Fault
from workbench.files import make_folder, write_text
from workbench.secret import Secret

_DAY: Final = timedelta(days=1)
_SHORTEST_COOKIE: Final = 8  # a shorter value would mask ordinary words
_SHORTEST_STORED: Final = 16
_LONGEST_STORED: Final = 4096


@dataclass(frozen=True)
class SessionFacts:
    """What the file alone tells, without asking the site."""

    exists: bool
    saved_at: datetime | None = None
    age_days: float | None = None
    has_login_cookie: bool = False
    cookie_expires_at: datetime | None = None  # of the login cookie that ends first; None: with the browser
    is_expired: bool = False  # by that cookie
    mode_ok: bool = True
    is_damaged: bool = False


class Sessions:
    """The folder of saved logins, a file per account."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, account_id: int) -> Path:
        return self._folder / f"{account_id}.json"

    def load(self, account_id: int) -> dict[str, Any] | None:
        """The state as it was saved; None without a file. AccountStops when the file is not what we wrote."""
        path = self.path(account_id)
        try:
            return storage_state_of(path.read_bytes(), str(path))
        except FileNotFoundError:
            return None
        except BadInput as error:
            raise AccountStops(
                f"{error.message} Log in anew: workbench accounts login {account_id}",
                fault=Fault(kind="session_expired"),
            ) from error

    def save(self, account_id: int, state: Mapping[str, Any]) -> None:
        make_folder(self._folder, mode=0o700)
        self._folder.chmod(0o700)
        self.wipe_leftovers(account_id)
        write_text(self.path(account_id), json.dumps(state), mode=0o600)

    def imported(self, account_id: int, text: str | bytes, *, name: str = "the session") -> None:
        """Take in a login that another tool saved, in any of its forms; BadInput says what is wrong with it."""
        self.save(account_id, storage_state_of(text.encode() if isinstance(text, str) else text, name))

    def destroy(self, account_id: int) -> bool:
        """Overwrite and remove the file; False when there is none. Copies by the file system or a backup remain."""
        self.wipe_leftovers(account_id)
        return _wipe(self.path(account_id))

    def leftovers(self) -> set[int]:
        """The accounts beside whose login a process that died while it saved, or one that saves now, has another."""
        names = (path.name.split(".")[1] for path in self._folder.glob(".*.json.*.tmp"))
        return {int(name) for name in names if name.isdecimal()}

    def wipe_leftovers(self, account_id: int) -> None:
        """For who has the account's lock: nobody else saves."""
        for path in self._folder.glob(f".{self.path(account_id).name}.*.tmp"):
            _wipe(path)

    def saved(self) -> list[int]:
        """The accounts that have a session."""
        return sorted(int(path.stem) for path in self._folder.glob("*.json") if path.stem.isdecimal())

    def about(self, account_id: int, login_cookies: Sequence[str], now: datetime) -> SessionFacts:
        path = self.path(account_id)
        try:
            found = path.stat()
            raw = path.read_bytes()
        except FileNotFoundError:
            return SessionFacts(exists=False)
        saved = datetime.fromtimestamp(found.st_mtime, UTC)
        age = now - saved
        told: dict[str, Any] = {
            "exists": True,
            "saved_at": saved,
            "age_days": max(0.0, round(age / _DAY, 1)),
            "mode_ok": not stat.S_IMODE(found.st_mode) & 0o077,
        }
        try:
            cookies = storage_state_of(raw, str(path))["cookies"]
        except BadInput:
            return SessionFacts(**told, is_damaged=True)
        return SessionFacts(**told, **_cookie_facts(cookies, login_cookies, now))


def _wipe(path: Path) -> bool:
    try:
        with path.open("r+b") as file:
            file.write(b"\0" * path.stat().st_size)
            file.flush()
            os.fsync(file.fileno())
    except FileNotFoundError:
        return False
    path.unlink(missing_ok=True)
    return True


def _cookie_facts(cookies: Sequence[Mapping[str, Any]], names: Sequence[str], now: datetime) -> dict[str, Any]:
    """Of the login cookies; of all of them where the site's own names are not known."""
    wanted = [one for one in cookies if not names or one["name"] in names]
    ends = [one["expires"] for one in wanted if one["expires"] > 0]
    has_all = bool(wanted) and set(names) <= {one["name"] for one in wanted}
    if not names and len(ends) < len(wanted):
        ends = []  # unknown ones: over only when all are, and these end with the browser
    first = None if not ends else min(ends) if names else max(ends)
    return {
        "has_login_cookie": has_all,
        "cookie_expires_at": None if first is None else datetime.fromtimestamp(min(first, LAST_SECOND), UTC),
        "is_expired": first is not None and first <= now.timestamp(),
    }


def secrets_of(state: Mapping[str, Any] | None) -> list[Secret]:
    """Whatever in a session lets somebody in: none of it may be seen in evidence, logs or the ledger."""
    return [Secret(value) for value in _values(state or {})]


def _values(state: Mapping[str, Any]) -> Iterator[str]:
    for cookie in state.get("cookies", ()):
        if len(cookie["value"]) >= _SHORTEST_COOKIE:
            yield cookie["value"]
    for origin in state.get("origins", ()):
        for one in origin.get("localStorage", ()):
            if _SHORTEST_STORED <= len(one["value"]) <= _LONGEST_STORED:
                yield one["value"]
