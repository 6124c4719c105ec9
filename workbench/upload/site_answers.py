"""What TrafficJunky shows and answers: cards of its library, and what its answer to a sent file means."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Any, Final

_IDS: Final = ("id", "creative_id", "creativeId", "banner_id", "bannerId")
_NUMBER: Final = re.compile(r"\d{4,20}")
LONGEST_WORDS: Final = 300  # of what a site says about a file
_TURNED_AWAY: Final = frozenset({401, 403, 419, 429})


class SendOutcome(StrEnum):
    SENT = "sent"  # the site says that it has the file
    REJECTED = "rejected"  # the site says that it does not take this file
    TURNED_AWAY = "turned_away"  # not asked at all, or not allowed to ask: login, challenge, limit
    LOST = "lost"  # nobody knows


@dataclass(frozen=True)
class SendResult:
    """What became of one file."""

    name: str
    outcome: SendOutcome
    remote_id: str | None = None
    words: str = ""
    status: int | None = None
    retry_after: timedelta | None = None


@dataclass(frozen=True)
class CreativeCard:
    """One creative as the library shows it; what a tab does not show is empty."""

    id: str
    name: str
    dimensions: str
    file_type: str
    review: str


@dataclass
class TabListing:
    """Cards of one tab. `gap` says why some may be missing; empty: these are all."""

    tab: str
    cards: list[CreativeCard] = field(default_factory=list)
    pages: int = 0
    gap: str = ""

    @property
    def is_complete(self) -> bool:
        return not self.gap


def judge(
    name: str,
    status: int,
    text: str,
    wait: timedelta | None,
    shown: Mapping[str, Any] | None,
    *,
    is_shared: bool = False,
) -> SendResult | None:
    """What an answer to one file means, beside what the panel shows of it; None while the panel has not read it.

    `status` 0: no answer came. `is_shared`: it answers several files at once, and only the panel tells them apart.
    """
    if 200 <= status < 300:  # noqa: PLR2004 - HTTP's
        return _by_good_answer(name, status, text, shown, is_shared=is_shared)
    if status in _TURNED_AWAY:
        return SendResult(
            name, SendOutcome.TURNED_AWAY, words=_words(_json(text), shown), status=status, retry_after=wait
        )
    if 400 <= status < 500 and status not in (408, 409, 425):  # noqa: PLR2004
        words = _words(_json(text), shown)
        if is_shared:  # one of them was refused, and nobody says what became of the others
            return SendResult(
                name, SendOutcome.LOST, words=f"the site refused several files at once: {words}", status=status
            )
        return SendResult(name, SendOutcome.REJECTED, words=words, status=status)
    words = f"the site answered {status}" if status else "the answer was lost"
    return SendResult(name, SendOutcome.LOST, words=words, status=status)


def _by_good_answer(
    name: str, status: int, text: str, shown: Mapping[str, Any] | None, *, is_shared: bool
) -> SendResult | None:
    said = {} if is_shared else _json(text)
    is_no = said.get("success") is False or bool(said.get("error"))
    if not is_no and shown is not None and not shown["is_done"]:
        return None  # the panel has not read it yet
    if shown is None and is_shared:
        return SendResult(name, SendOutcome.LOST, words="the site answered several files at once", status=status)
    if is_no or shown is None or shown["is_good"]:
        words = _words(said, shown) if is_no else ""
        return SendResult(
            name, SendOutcome.REJECTED if is_no else SendOutcome.SENT, _id_in(said), words=words, status=status
        )
    # The site's own words are a no; the panel's own, of an answer that it could not read, are none.
    is_quoted = bool(shown["words"]) and shown["words"] in " ".join([text, *map(str, said.values())])
    outcome = SendOutcome.REJECTED if is_quoted else SendOutcome.LOST
    return SendResult(name, outcome, words=_words(said, shown), status=status)


def _json(text: str) -> dict[str, Any]:
    with contextlib.suppress(ValueError, RecursionError):
        found = json.loads(text)
        while isinstance(found, list) and found:
            found = found[0]
        if isinstance(found, dict):
            inner: dict[str, Any] = next(
                (found[key] for key in ("data", "creative", "file") if isinstance(found.get(key), dict)), {}
            )
            return {**inner, **found}
    return {}


def _id_in(said: Mapping[str, Any]) -> str | None:
    found = (str(said[key]) for key in _IDS if isinstance(said.get(key), int | str))
    return next((one for one in found if _NUMBER.fullmatch(one)), None)


def _words(said: Mapping[str, Any], shown: Mapping[str, Any] | None) -> str:
    """The site's own, as it shows them or as it answered."""
    error = said.get("error") or said.get("message")
    told = error if isinstance(error, str) else (shown or {}).get("words") or error
    return " ".join(str(told or "refused without a word").split())[:LONGEST_WORDS]
