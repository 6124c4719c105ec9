"""The channels that trouble comes from, the words for a class of it, and what mends a thing that is in trouble."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

CHANNELS: Final = {"marketplace": "Marketplace", "trafficjunky": "TrafficJunky", "brightdata": "Bright Data"}
SORTS: Final = ("at", "what", "channel", "account", "class", "sentence", "tries", "status")

# Where the ledger's own word would tell a person nothing.
_WORDS: Final = {
    "ui_changed": "page changed",
    "uncertain_submit": "answer lost",
    "unsure": "answer lost",
    "environment": "this machine",
    "validation_error": "refused input",
    "quarantined": "crashed",
    "stalled": "not finished in time",
    "rate_limit": "asked to slow down",
}


def class_words(name: str) -> str:
    """A class of trouble as people read it."""
    return _WORDS.get(name, name.replace("_", " "))


class Mend(StrEnum):
    """The one thing that a person does about trouble."""

    RETRY = "retry"
    LOGIN = "login"
    RESUME = "resume"  # the account waits for a word, not for a login
    EDIT = "edit"  # the listing says what the site refuses
    FIND = "find"  # it may be there: somebody looks, and gives its id
    DECIDE = "decide"  # a body that came is in doubt: on the recovery page
    NOTHING = "nothing"


@dataclass(frozen=True, kw_only=True)
class ErrorFilter:
    """Which trouble is asked for; what is left out is not asked."""

    channel: str | None = None
    account_id: int | None = None
    error_class: str | None = None
    since: datetime | None = None
    text: str = ""
    is_open: bool = False  # only what nobody has mended yet


@dataclass(frozen=True, kw_only=True)
class ErrorPage:
    """Which part of the list, in which order."""

    offset: int = 0
    limit: int = 50
    sort: str = "at"
    descending: bool = True


_OF_SESSION: Final = frozenset({"session_expired", "captcha", "checkpoint"})
_OF_INPUT: Final = frozenset({"validation_error", "duplicate"})
_IN_DOUBT: Final = frozenset({"unsure", "unknown_id"})
_GONE: Final = frozenset({"failed", "canceled", "quarantined", "expired", "stalled"})


def mend_of(one: Mapping[str, Any]) -> Mend:
    """What a person does about it, by how the thing and its account stand now."""
    if not one["is_open"]:
        return Mend.NOTHING
    if one["state"] in _IN_DOUBT:
        return Mend.FIND
    if one["paused_kind"] is not None and one["state"] not in _GONE:
        return Mend.LOGIN if one["paused_kind"] in _OF_SESSION else Mend.RESUME
    if one["kind"] == "snapshot":
        return _of_snapshot(one)
    if one["kind"] == "posting" and one["class"] in _OF_INPUT and one["state"] == "failed":
        return Mend.EDIT
    return Mend.RETRY if one["state"] in _GONE or one["is_waiting"] else Mend.NOTHING


def _of_snapshot(one: Mapping[str, Any]) -> Mend:
    if one["is_lost"]:
        return Mend.FIND
    return Mend.DECIDE if one["state"] == "downloaded" else Mend.RETRY
