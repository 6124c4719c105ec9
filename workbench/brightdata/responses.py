"""What an answer of Bright Data means: the vendor's words and status codes as our errors.

An HTTP error is never a status of a snapshot. Codes and texts are those of the vendor's pages "Error list by
endpoint", "Error codes" and "Download snapshot"; where they differ, every form is understood.
"""

from __future__ import annotations

import html
import json
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import StrEnum
from http import HTTPStatus
from typing import Any, Final

from workbench.errors import (
    BadInput,
    Misconfigured,
    Permanent,
    Throttled,
    Transient,
    Unanswered,
    WorkbenchError,
)
from workbench.secret import Redactor

_LONGEST_WAIT: Final = timedelta(days=1)  # a Retry-After beyond it is a mistake of somebody's
_MOST_WORDS: Final = 400  # characters of the vendor's words that an error carries
_MOST_FIELDS: Final = 10  # field errors that are listed
LARGEST: Final = 64 << 20  # bytes of a JSON answer that are read; rows go to disk and are not bound by it


class NotFound(Permanent):
    """Bright Data does not know this snapshot, dataset or delivery."""


class SnapshotExpired(Permanent):
    """Bright Data no longer keeps this snapshot."""


class SnapshotEmpty(Permanent):
    """The snapshot has no rows."""


class NotAllowed(Misconfigured):
    """The key is good, and may not do this."""


class NotRunning(Permanent):
    """The snapshot is not running, so there is nothing to cancel."""


class NotReady(Transient):
    """The snapshot is still being collected or built."""


class Meaning(StrEnum):
    """What the vendor's word for the status of a snapshot means."""

    READY = "ready"
    EMPTY = "empty"  # "failed", with words that say that there was nothing to find; nothing is billed for it
    FAILED = "failed"
    CANCELED = "canceled"


_STATUSES: Final = {
    "ready": Meaning.READY,
    "failed": Meaning.FAILED,
    "canceled": Meaning.CANCELED,
    "cancelled": Meaning.CANCELED,
}
_NOTHING_FOUND: Final = ("snapshot is empty", "no data found")


def meaning_of_status(status: str, error_message: str | None = None) -> Meaning | None:
    """None while the vendor is still at work: so is every word that is new to us, as the snapshot is paid."""
    meaning = _STATUSES.get(status.lower())
    if meaning is Meaning.FAILED and any(words in (error_message or "").lower() for words in _NOTHING_FOUND):
        return Meaning.EMPTY
    return meaning


# 400 has unrelated meanings that the text alone tells apart; a 404 and a 200 can carry the same texts.
_REFUSALS: Final[tuple[tuple[re.Pattern[str], type[Permanent | Transient]], ...]] = (
    (re.compile(r"snapshot (is |has )?expired"), SnapshotExpired),
    (re.compile(r"snapshot is empty"), SnapshotEmpty),
    (re.compile(r"snapshot is not running"), NotRunning),
    (re.compile(r"not ready|is building|try again in"), NotReady),
    (re.compile(r"(snapshot|input|dataset|delivery|collector) (does not exist|not found)"), NotFound),
)
_BAD_INPUT: Final = {
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.UNPROCESSABLE_ENTITY,
}
_ABOUT_INPUTS: Final = re.compile(r"no data to trigger|should be at least .* inputs|invalid attachments|invalid input")


@dataclass(frozen=True)
class Answer:
    """What came back from one call; `address` is without the query, `redact` masks the key."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)  # a vendor may repeat a secret in it
    is_whole: bool
    address: str
    redact: Redactor

    @property
    def is_success(self) -> bool:
        return HTTPStatus.OK <= self.status < HTTPStatus.MULTIPLE_CHOICES

    @property
    def is_refusal(self) -> bool:
        """The vendor's own no: a 4xx, except those by which a gateway says that it did not get through."""
        gave_up = (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY)
        is_4xx = HTTPStatus.BAD_REQUEST <= self.status < HTTPStatus.INTERNAL_SERVER_ERROR
        return is_4xx and self.status not in gave_up and not self.is_page

    @property
    def is_page(self) -> bool:
        """A web page comes from something between us and the vendor's API, so it proves nothing."""
        return "html" in self.headers.get("content-type", "").lower() or self.body.lstrip()[:1] == b"<"

    @property
    def words(self) -> str:
        return words_of(self.body, self.redact) or "no words"

    @property
    def code(self) -> str:
        """The vendor's machine word, or the number of the status."""
        code = _object(self.body).get("code")
        return code if isinstance(code, str) and code.isidentifier() else f"http_{self.status}"

    def json(self) -> Any:
        """The body as JSON; `Transient` when it is none, or not all of it."""
        if len(self.body) > LARGEST:
            raise Permanent(f"the answer of {self.address} is larger than {LARGEST >> 20} MB.", code="too_large")
        if not self.is_whole:
            raise Transient(f"the answer of {self.address} broke off.", code="cut")
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            raise self.unexpected() from None

    def json_object(self) -> dict[str, Any]:
        found = self.json()
        if not isinstance(found, dict):
            raise self.unexpected()
        return found

    def unexpected(self, due: str = "JSON") -> Transient:
        """The error for a body that is not what was asked for: something in between spoke; it passes."""
        what = "a web page" if self.is_page else "something else"
        return Transient(f"{self.address} answered {what} where {due} was due: {self.words}", code="unexpected")


def refusal(answer: Answer) -> WorkbenchError:
    """The error for an answer without success to a question, which may be asked again."""
    # The reason first: it is what a list of snapshots has room for.
    status, said = answer.status, f"{answer.words} ({answer.address} answered {answer.status})"
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return _throttled(answer)
    if not answer.is_refusal and (answer.is_page or status != HTTPStatus.ACCEPTED):
        return Transient(said, code=answer.code, retry_after=retry_after(answer.headers))
    if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        return _key_refused(answer)
    meaning = error_in(answer)
    if meaning is not None:
        return meaning
    if status in (HTTPStatus.ACCEPTED, HTTPStatus.CONFLICT):
        return NotReady(said, code=answer.code, retry_after=retry_after(answer.headers))
    return (NotFound if status == HTTPStatus.NOT_FOUND else Permanent)(said, code=answer.code)


def refusal_of_act(answer: Answer) -> WorkbenchError:
    """The error for an answer without success to something that must happen once.

    Only the vendor's own refusal proves that it did not happen; everything else leaves it open.
    """
    status, said = answer.status, f"{answer.address} answered {answer.status}: {answer.words}"
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return _throttled(answer)
    if not answer.is_refusal:
        return Unanswered(said, code=answer.code)
    if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        return _key_refused(answer)
    if _is_about_inputs(answer):
        return BadInput(said, code=answer.code)
    return (NotFound if status == HTTPStatus.NOT_FOUND else Permanent)(said, code=answer.code)


def error_in(answer: Answer) -> WorkbenchError | None:
    """The error that the vendor's text stands for, whatever its status code."""
    found = _object(answer.body)
    if found.get("errors") or found.get("validation_errors"):
        return None  # the words of field errors are about a field: "... is empty" is no empty snapshot
    words = answer.words.casefold()
    for pattern, kind in _REFUSALS:
        if pattern.search(words):
            said = f"{answer.words} ({answer.address} answered {answer.status})"
            if issubclass(kind, Transient):
                return kind(said, code=answer.code, retry_after=retry_after(answer.headers) or _wait_in(words))
            return kind(said, code=answer.code)
    return None


def retry_after(headers: Mapping[str, str], now: datetime | None = None) -> timedelta | None:
    """`Retry-After` in both of its forms, seconds and HTTP date; never negative, a day at most."""
    text = headers.get("retry-after", "").strip()
    if re.fullmatch(r"\d{1,9}(\.\d*)?", text):
        return min(timedelta(seconds=float(text)), _LONGEST_WAIT)
    # The server's own clock, where it tells it: ours may be off by more than the wait.
    then, server = _http_date(text), _http_date(headers.get("date", ""))
    if then is None:
        return None
    return min(max(then - (now or server or datetime.now(UTC)), timedelta(0)), _LONGEST_WAIT)


def words_of(body: bytes, redact: Callable[[str], str] = str) -> str:
    """The vendor's words in a body of any shape, on one line, short, without control characters."""
    found = _object(body)
    parts = [_flat(found[key]) for key in ("error", "error_message", "message", "detail") if found.get(key)]
    parts += _field_errors(found)
    text = "; ".join(dict.fromkeys(parts)) or _visible(body[: 1 << 16].decode("utf-8", "replace"))
    line = redact(_clean(text))  # before the cut, which could leave half a secret
    return line if len(line) <= _MOST_WORDS else f"{line[:_MOST_WORDS]}…"


def _throttled(answer: Answer) -> Throttled:
    return Throttled(
        f"Bright Data asks to slow down: {answer.words}",
        code=answer.code,
        retry_after=retry_after(answer.headers),
    )


def _key_refused(answer: Answer) -> Misconfigured:
    kind = NotAllowed if answer.status == HTTPStatus.FORBIDDEN else Misconfigured
    return kind(
        f"Bright Data refused the key for {answer.address} ({answer.status}): {answer.words}. "
        "Check BRIGHTDATA_API_KEY and what it may do.",
        code=answer.code,
    )


def _is_about_inputs(answer: Answer) -> bool:
    found = _object(answer.body)
    return answer.status in _BAD_INPUT and bool(
        found.get("errors")
        or found.get("validation_errors")
        or found.get("code") in ("validation_error", "parse_error")
        or _ABOUT_INPUTS.search(answer.words.casefold())
    )


def _field_errors(found: Mapping[str, Any]) -> Iterator[str]:
    """``[["url", "..."]]``, ``[{"field": ...}]``, ``["..."]`` or ``{"url": ...}``: one text for each."""
    for key in ("errors", "validation_errors"):
        listed = found.get(key) or []
        if isinstance(listed, dict):
            listed = [[field, said] for field, said in listed.items()]
        if not isinstance(listed, list):
            listed = [listed]
        yield from map(_flat, listed[:_MOST_FIELDS])
        if len(listed) > _MOST_FIELDS:
            yield f"and {len(listed) - _MOST_FIELDS} more"


def _flat(value: Any) -> str:
    if isinstance(value, list):
        return ": ".join(map(_flat, value[:_MOST_FIELDS]))
    if isinstance(value, dict):
        return ", ".join(f"{key}: {_flat(inner)}" for key, inner in list(value.items())[:_MOST_FIELDS])
    return str(value)


def _object(body: bytes) -> dict[str, Any]:
    if body.lstrip()[:1] != b"{":
        return {}
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _visible(text: str) -> str:
    if text.lstrip()[:1] == "<":
        text = re.sub(r"(?is)<(script|style)\b.*?(</\1\s*>|\Z)|<!--.*?(-->|\Z)|<[^>]*>?", " ", text)
        text = html.unescape(text)
    return text


def _clean(text: str) -> str:
    """One line without anything that a terminal or a reader's eye could be tricked by."""
    visible = "".join(" " if unicodedata.category(char).startswith(("C", "Z")) else char for char in text)
    return " ".join(visible.split())


def _wait_in(words: str) -> timedelta | None:
    found = re.search(r"try again in (\d{1,5}) ?s", words)
    return timedelta(seconds=int(found[1])) if found else None


def _http_date(text: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)
