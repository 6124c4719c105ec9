"""A login as browsers, their extensions and other tools write it down, made the storage state that Playwright takes.

What is sure to be meant is mended: an expiry in milliseconds, the words of an extension for `sameSite`. What is not is
refused with the cookie's name and the cure. A browser refuses a whole login for one such cookie, and names none.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final
from urllib.parse import urlsplit

from workbench.errors import BadInput

_LARGEST: Final = 64 << 20
LAST_SECOND: Final = 253_402_300_799  # of the year 9999; a browser takes no later one
_LONGEST: Final = 4096  # name and value of a cookie
_GIVE: Final = "give a storage state as Playwright saves it, cookies exported as JSON, or a cookies.txt."
# How many in a second, and the lowest and highest number that is surely meant so: of the years 2001 to 2100 and more.
_UNITS: Final = ((1e3, 1e12, 4.2e12), (1e6, 1e15, 4.2e15), (1e9, 1e18, 4.2e18))
_SINCE_1601: Final = (11_644_473_600, 1.2e16, 1.7e16)  # microseconds, in files that Chromium keeps itself
_NO_TIME: Final = frozenset({-1, 0, -62_135_596_800, -11_644_473_600})  # 0 and the first moments that others count from
_SAME_SITE: Final = {
    "strict": "Strict", "2": "Strict", "lax": "Lax", "1": "Lax", "none": "None", "no_restriction": "None", "0": "None",
}  # fmt: skip
# Other words for the same, by extension and tool.
_WORDS: Final = {
    "name": ("Name raw", "Name"),
    "value": ("Content raw", "Value"),
    "domain": ("host", "Host raw", "Domain", "host_key", "url"),
    "path": ("Path raw", "Path"),
    "expires": ("expirationDate", "expiry", "Expires raw", "Expires", "expires_utc"),
    "httpOnly": ("HTTP only raw", "HttpOnly", "http_only", "is_httponly", "isHttpOnly"),
    "secure": ("Send for raw", "Secure", "is_secure", "isSecure"),
    "sameSite": ("SameSite raw", "SameSite", "same_site", "samesite"),
    "partitionKey": ("partition_key",),
}
_WRAPPERS: Final = ("storageState", "storage_state", "state", "session", "data")
_UNFIT: Final = re.compile(r"[\x00-\x1f\x7f;\ud800-\udfff]")
_HOST: Final = re.compile(r"\.?[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?|\[[0-9a-f:.]+\]")


def storage_state_of(raw: bytes, name: str) -> dict[str, Any]:
    """The login in a file of any of these kinds, ready for a browser. BadInput never quotes a value."""
    if len(raw) > _LARGEST:
        raise BadInput(f"{name} has more than {_LARGEST >> 20} MB, which no saved login has.")
    try:
        text = _text(raw)
        netscape = _netscape(text)
        found = {"cookies": netscape} if netscape else _unwrapped(json.loads(text))
    except (ValueError, RecursionError) as error:
        raise BadInput(f"{name} is not JSON ({type(error).__name__}) and no cookies.txt; {_GIVE}") from None
    if not isinstance(found, dict) or not isinstance(found.get("cookies"), list):
        raise BadInput(f'{name} is no storage state: it is no object with a list "cookies"; {_GIVE}')
    origins = found.get("origins") or []
    if not isinstance(origins, list) or not all(map(_is_origin, origins)):
        raise BadInput(f'{name} is no storage state: "origins" is no list of {{origin, localStorage}}.')
    return {"cookies": [_cookie(one, n, name) for n, one in enumerate(found["cookies"], 1)], "origins": origins}


def _text(raw: bytes) -> str:
    """Editors and shells add a byte-order mark, or write two bytes a sign."""
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return raw.decode("utf-16")
    return raw.decode("utf-8-sig")


def _unwrapped(found: Any) -> Any:
    """A bare list of cookies is one; a state may lie in an object of a tool's own."""
    if isinstance(found, list) and found and all(isinstance(one, dict) for one in found):
        return found[0] if len(found) == 1 and isinstance(found[0].get("cookies"), list) else {"cookies": found}
    if isinstance(found, dict) and "cookies" not in found:
        inside = [found[key] for key in _WRAPPERS if isinstance(found.get(key), dict | list)]
        return _unwrapped(inside[0]) if len(inside) == 1 else found
    return found


def _netscape(text: str) -> list[dict[str, Any]]:
    """The cookies of a cookies.txt: domain, with subdomains, path, secure, expiry, name, value; none of other files."""
    if text.lstrip()[:1] in {"{", "["}:
        return []
    found = []
    for line in text.splitlines():
        is_http_only = line.startswith("#HttpOnly_")
        plain = line.removeprefix("#HttpOnly_").strip("\r\n")
        if not plain.strip() or (plain.startswith("#") and not is_http_only):
            continue
        cells = plain.split("\t") if "\t" in plain else plain.split(maxsplit=6)
        if len(cells) == 6:  # noqa: PLR2004 - the value is empty, and its tab was trimmed
            cells.append("")
        if len(cells) != 7 or not {cells[1].upper(), cells[3].upper()} <= {"TRUE", "FALSE"}:  # noqa: PLR2004
            raise ValueError("no line of a cookies.txt")
        domain, _, path, secure, expires, name, value = cells
        found.append(
            {
                "domain": domain, "path": path, "secure": secure.upper() == "TRUE", "expires": expires, "name": name,
                "value": value, "httpOnly": is_http_only,
            }
        )  # fmt: skip
    return found


def _is_origin(one: object) -> bool:
    if not isinstance(one, dict) or not isinstance(one.get("origin"), str):
        return False
    stored = one.get("localStorage", [])
    return isinstance(stored, list) and all(
        isinstance(each, dict) and isinstance(each.get("name"), str) and isinstance(each.get("value"), str)
        for each in stored
    )


def _cookie(one: object, number: int, place: str) -> dict[str, Any]:
    """The cookie with every key that Playwright asks for."""
    if not isinstance(one, dict):
        raise BadInput(f"{place}: cookie {number} is no object.")
    said = {key: _said(one, key, *others) for key, others in _WORDS.items()}
    title = said["name"] if isinstance(said["name"], str) else ""
    named = f"{place}: cookie {number}" + (f" ({title[:60]})" if title else "")
    if isinstance(said["value"], int | float) and not isinstance(said["value"], bool):
        said["value"] = str(said["value"])  # ids stand there as numbers
    for key in ("name", "value", "domain"):
        if not isinstance(said[key], str) or (key != "value" and not said[key]):
            raise BadInput(f"{place}: cookie {number} has no {key}{f' ({title[:60]})' if title else ''}; {_GIVE}")
    if _UNFIT.search(said["name"]) or "=" in said["name"] or _UNFIT.search(said["value"]):
        raise BadInput(
            f"{named} holds a sign that no cookie may have (a control character, ';' or half a sign); export it anew."
        )
    if len(f"{said['name']}{said['value']}".encode()) > _LONGEST:
        raise BadInput(f"{named} has more than {_LONGEST} bytes, which no browser takes; take it out of the file.")
    partition = _partition(said["partitionKey"], named)
    is_secure = _is_true(said["secure"]) or bool(partition) or title.startswith(("__Secure-", "__Host-"))
    same_site = _SAME_SITE.get(str(said["sameSite"]).casefold(), "Lax")
    path = "/" if title.startswith("__Host-") else said["path"]  # of all pages, or it is none
    return {
        "name": title,
        "value": said["value"],
        "domain": _domain(said["domain"], named).lstrip("." if title.startswith("__Host-") else ""),
        "path": path if isinstance(path, str) and path.startswith("/") and not _UNFIT.search(path) else "/",
        "expires": -1 if _is_true(one.get("session")) else _expires(said["expires"], named),
        "httpOnly": _is_true(said["httpOnly"]),
        "secure": is_secure,
        # Browsers keep no other cookie for all sites; who wrote so knew of no restriction.
        "sameSite": "Lax" if same_site == "None" and not is_secure else same_site,
        **partition,
    }


def _said(one: Mapping[str, Any], *keys: str) -> Any:
    return next((one[key] for key in keys if one.get(key) is not None), None)


def _is_true(value: object) -> bool:
    return value is True or value == 1 or (isinstance(value, str) and value.casefold() in {"true", "1", "yes"})


def _domain(text: str, named: str) -> str:
    """Of an address the host; a cookie knows no port."""
    host = urlsplit(text).netloc if "//" in text else text.partition("/")[0]
    host = re.sub(r":\d+$", "", host.rpartition("@")[2].strip().casefold())
    if not _HOST.fullmatch(host):
        raise BadInput(f"{named} has a domain that is none; write the host alone, as .example.com.")
    return host


def _expires(value: object, named: str) -> float:
    """Seconds since 1970, and -1 for a cookie that ends with the browser."""
    cure = "write seconds since 1970, or -1 for one that ends with the browser."
    found = _number(value)
    if found is None:
        raise BadInput(f"{named} has an expiry that is no number and no time; {cure}")
    if not math.isfinite(found):
        raise BadInput(f"{named} has an expiry that is no time; {cure}")
    if found in _NO_TIME:
        return -1
    for parts, lowest, highest in _UNITS:
        if lowest <= found <= highest:
            return found / parts
    ahead, lowest, highest = _SINCE_1601
    if lowest <= found <= highest:
        return found / 1e6 - ahead
    if not 0 < found <= LAST_SECOND:
        raise BadInput(f"{named} has the expiry {found:.15g}, which is no time that a browser knows; {cure}")
    return found


def _number(value: object) -> float | None:
    """None where it is neither a number nor a time."""
    if value is None:
        return -1
    if isinstance(value, str):
        return _time(value.strip())
    return None if isinstance(value, bool) or not isinstance(value, int | float) else _plain(value)


def _plain(value: float) -> float:
    """A number of any length as one that can be reckoned with."""
    try:
        float(value)
    except OverflowError:
        return math.inf
    return value


def _time(text: str) -> float | None:
    if text.casefold() in {"", "session"}:
        return -1
    with suppress(ValueError):
        return float(text)
    for read in (datetime.fromisoformat, parsedate_to_datetime):
        with suppress(ValueError, TypeError):
            at = read(text)
            return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
    return None


def _partition(value: object, named: str) -> dict[str, str]:
    """The site below which a cookie is kept apart, as one text."""
    key = value.get("topLevelSite", value.get("sourceOrigin", "")) if isinstance(value, dict) else value
    if key is None or key == "":
        return {}
    if not isinstance(key, str) or not urlsplit(key).netloc or _UNFIT.search(key):
        raise BadInput(
            f"{named} has a partitionKey that is no site; write it as https://example.com, or take the cookie out."
        )
    return {"partitionKey": key}
