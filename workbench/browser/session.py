"""A saved login: Playwright's storage state with IndexedDB, written whole, readable by its owner only."""

from __future__ import annotations

import json
import math
import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from workbench.errors import BadInput, Fault, LaneStops
from workbench.files import make_folder, write_text
from workbench.secret import Secret

_LARGEST: Final = 64 << 20
_LAST_SECOND: Final = 253_402_300_799  # of the year 9999
_DAY: Final = timedelta(days=1)
_SHORTEST_COOKIE: Final = 8  # a shorter value would mask ordinary words
_SHORTEST_STORED: Final = 16
_LONGEST_STORED: Final = 4096
_SAME_SITE: Final = {"Strict", "Lax", "None"}


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
        """The state as it was saved; None without a file. LaneStops when the file is not what we wrote."""
        path = self.path(account_id)
        try:
            return _checked(path.read_bytes(), str(path))
        except FileNotFoundError:
            return None
        except BadInput as error:
            raise LaneStops(
                f"{error.message} Log in anew: workbench accounts login {account_id}",
                fault=Fault(kind="session_expired"),
            ) from error

    def save(self, account_id: int, state: Mapping[str, Any]) -> None:
        make_folder(self._folder, mode=0o700)
        self._folder.chmod(0o700)
        self.wipe_leftovers(account_id)
        write_text(self.path(account_id), json.dumps(state), mode=0o600)

    def imported(self, account_id: int, text: str | bytes) -> None:
        """Take in a storage state that another tool saved; BadInput says what is wrong with it."""
        self.save(account_id, _checked(text.encode() if isinstance(text, str) else text, "the session"))

    def destroy(self, account_id: int) -> bool:
        """Overwrite and remove the file; False when there is none. Copies by the file system or a backup remain."""
        self.wipe_leftovers(account_id)
        return _wipe(self.path(account_id))

    def leftovers(self) -> set[int]:
        """The accounts beside whose login a process that died while it saved, or one that saves now, has another."""
        names = (path.name.split(".")[1] for path in self._folder.glob(".*.json.*.tmp"))
        return {int(name) for name in names if name.isdecimal()}

    def wipe_leftovers(self, account_id: int) -> None:
        """For who has the account's lane: nobody else saves."""
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
            cookies = _checked(raw, str(path))["cookies"]
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
        "cookie_expires_at": None if first is None else datetime.fromtimestamp(min(first, _LAST_SECOND), UTC),
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


def _checked(raw: bytes, name: str) -> dict[str, Any]:
    """The state, proved to be what Playwright takes: a browser's own complaint would name no place."""
    if len(raw) > _LARGEST:
        raise BadInput(f"{name} has more than {_LARGEST >> 20} MB, which no saved login has.")
    try:
        found = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise BadInput(
            f"{name} is not JSON ({type(error).__name__}); give a storage state as Playwright saves it."
        ) from None
    if not isinstance(found, dict) or not isinstance(found.get("cookies"), list):
        raise BadInput(f'{name} is no storage state: it is no object with a list "cookies".')
    origins = found.get("origins", [])
    if not isinstance(origins, list) or not all(map(_is_origin, origins)):
        raise BadInput(f'{name} is no storage state: "origins" is no list of {{origin, localStorage}}.')
    return {"cookies": [_cookie(one, n, name) for n, one in enumerate(found["cookies"])], "origins": origins}


def _is_origin(one: object) -> bool:
    if not isinstance(one, dict) or not isinstance(one.get("origin"), str):
        return False
    stored = one.get("localStorage", [])
    return isinstance(stored, list) and all(
        isinstance(each, dict) and isinstance(each.get("name"), str) and isinstance(each.get("value"), str)
        for each in stored
    )


def _cookie(one: object, number: int, name: str) -> dict[str, Any]:
    """The cookie with every key that Playwright asks for; never quotes a value."""
    if not isinstance(one, dict):
        raise BadInput(f"{name}: cookie {number + 1} is no object.")
    texts = {key: one.get(key) for key in ("name", "value", "domain")}
    wrong = [key for key, value in texts.items() if not isinstance(value, str) or (key != "value" and not value)]
    if wrong:
        raise BadInput(f"{name}: cookie {number + 1} has no {wrong[0]}.")
    expires = one.get("expires", -1)
    if not isinstance(expires, int | float) or isinstance(expires, bool) or not math.isfinite(expires):
        raise BadInput(f"{name}: cookie {number + 1} ({texts['name']}) has an expiry that is no number.")
    same_site = one.get("sameSite")
    return {
        **texts,
        "path": one["path"] if isinstance(one.get("path"), str) else "/",
        "expires": expires,
        "httpOnly": one.get("httpOnly") is True,
        "secure": one.get("secure") is True,
        "sameSite": same_site if same_site in _SAME_SITE else "Lax",
    }
