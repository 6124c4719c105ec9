"""TrafficJunky's upload panel: files are attached once, and each has its own answer.

Attaching a file is the upload: nothing can be taken back from there on. What the network said of each file is noted by
its name the moment it is said, because the page may lead elsewhere the next moment; the panel is the second witness.
"""

from __future__ import annotations

import contextlib
import json
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Error, Locator

from workbench.browser.visit import Visit

_IDS: Final = ("id", "creative_id", "creativeId", "banner_id", "bannerId")
_NUMBER: Final = re.compile(r"\d{4,20}")
_WORDS: Final = 300  # of what a site says about a file
_LATE: Final = 10.0  # seconds until a panel shows what it was given
# What a panel says of itself, without asking the site: the file was never sent.
_NEVER_SENT: Final = ("you can't upload files of this type", "file is too big", "you can not upload any more files")
_TURNED_AWAY: Final = frozenset({401, 403, 419, 429})
_PREVIEWS: Final = """all => all.map(one => ({
    name: (one.querySelector('[data-dz-name], .dz-filename')?.textContent || '').trim(),
    text: one.textContent || '',
    is_done: one.classList.contains('dz-success') || one.classList.contains('dz-error'),
    is_good: one.classList.contains('dz-success') && !one.classList.contains('dz-error'),
    words: (one.querySelector('.dz-error-message')?.textContent || '').trim(),
}))"""
# Tells us of each file that begins its way, and of the answer: which one it was is known here alone.
_LISTEN: Final = """() => {
    if (window.__workbenchListens) return;
    window.__workbenchListens = true;
    const tell = (...words) => window.__workbenchUpload(JSON.stringify(words));
    const names = body => (body instanceof FormData ? [...body.values()] : [body])
        .filter(one => one instanceof File).map(one => one.name);
    const send = XMLHttpRequest.prototype.send;
    XMLHttpRequest.prototype.send = function (body) {
        const found = names(body);
        for (const name of found) {
            tell('begun', name);
            this.addEventListener('loadend', () => tell('ended', name, this.status, this.responseType === '' ||
                this.responseType === 'text' ? this.responseText : JSON.stringify(this.response),
                this.status === 429 ? this.getResponseHeader('Retry-After') : null, found.length));
        }
        return send.apply(this, arguments);
    };
    const ask = window.fetch;
    window.fetch = function (to, how) {
        const found = names(how && how.body);
        found.forEach(name => tell('begun', name));
        const answer = ask.apply(this, arguments);
        if (found.length) answer.then(
            got => got.clone().text().then(text => found.forEach(name => tell('ended', name, got.status, text,
                got.headers.get('Retry-After'), found.length))),
            () => found.forEach(name => tell('ended', name, 0, '', null, found.length)));
        return answer;
    };
}"""


class SendOutcome(StrEnum):
    SENT = "sent"  # the site says that it has the file
    REJECTED = "rejected"  # the site says that it does not take this file
    TURNED_AWAY = "turned_away"  # not asked at all, or not allowed to ask: login, challenge, limit
    LOST = "lost"  # nobody knows


@dataclass(frozen=True)
class Result:
    """What became of one file."""

    name: str
    outcome: SendOutcome
    remote_id: str | None = None
    words: str = ""
    status: int | None = None
    retry_after: timedelta | None = None


class SiteUploadPanel:
    """The upload panel, open; what it takes is sent at once."""

    def __init__(self, visit: Visit, taker: Locator) -> None:
        self._visit = visit
        self._page = visit.page
        self._taker = taker
        self._begun: set[str] = set()
        self._answers: dict[str, tuple[int, str, timedelta | None, bool]] = {}
        self._has_shown = False  # a preview of a file
        self._attached_at = 0.0
        self._page.evaluate(_LISTEN)

    @property
    def takes_several(self) -> bool:
        return bool(self._taker.evaluate("e => e.multiple"))

    def told(self, words: str) -> None:
        what, name, *more = json.loads(words)
        if what == "begun":
            self._begun.add(str(name))
        else:
            status, text, wait, number = more
            after = timedelta(seconds=min(int(wait), 7 * 86_400)) if wait and str(wait).isdecimal() else None
            self._answers[str(name)] = (int(status), str(text)[:100_000], after, int(number) > 1)

    def send(self, paths: Sequence[Path], limit: timedelta) -> Iterator[Result]:
        """Attach the files, once, and tell of each as soon as something is known of it.

        What is not told of when this ends may be there, or may not.
        """
        waiting = {path.name for path in paths}
        self._attached_at = time.monotonic()
        self._taker.set_input_files([str(path) for path in paths])
        fresh: list[Result] = []

        def is_over() -> bool:
            fresh.extend(one for name in sorted(waiting) if (one := self._result(name)) is not None)
            return bool(fresh) or self._is_gone()

        last = time.monotonic() + limit.total_seconds()
        while waiting:
            left = timedelta(seconds=max(last - time.monotonic(), 0))
            in_time = self._visit.wait(is_over, limit=left, every=timedelta(milliseconds=150))
            for one in fresh:
                waiting.discard(one.name)
                yield one
            fresh.clear()
            if waiting and (not in_time or self._is_gone()):
                break
        for name in sorted(waiting - self._begun if self._begun or self._answers else ()):
            # Others were on their way and this one was not: the panel had not come to it.
            yield Result(name, SendOutcome.TURNED_AWAY, words="the page went away before the file was sent")

    def _is_gone(self) -> bool:
        """The panel is no longer there: a late redirect, a challenge over it. One that shows nothing may be at it."""
        try:
            is_other = not self._page.evaluate("() => Boolean(window.__workbenchListens)")
            is_shown = self._page.locator("div.dz-preview").count() > 0 or bool(self._previews())
        except Error:
            return True
        self._has_shown = self._has_shown or is_shown
        is_busy = bool(self._begun - self._answers.keys())
        is_late = time.monotonic() - self._attached_at > _LATE
        return is_other or (not is_shown and not is_busy and (self._has_shown or is_late))

    def _previews(self) -> list[Mapping[str, Any]]:
        with contextlib.suppress(Error):
            return list(self._visit.pack.many(self._page, "preview").evaluate_all(_PREVIEWS))
        return []

    def _preview(self, name: str) -> Mapping[str, Any] | None:
        """The last of that name; one that does not set its name apart has it somewhere in its text."""
        all_of_them = self._previews()
        named = [one for one in all_of_them if one["name"] == name]
        told = named or [one for one in all_of_them if not one["name"] and name in one["text"]]
        return told[-1] if told else None

    def _result(self, name: str) -> Result | None:
        """None while nothing is sure to be over."""
        shown = self._preview(name)
        if name in self._answers:
            status, text, wait, is_shared = self._answers[name]
            return judge(name, status, text, wait, shown, is_shared=is_shared)
        if shown is None or not shown["is_done"] or (name in self._begun):
            return None
        if shown["is_good"]:
            return Result(name, SendOutcome.SENT)
        words = str(shown["words"])[:_WORDS]
        never = any(text in words.lower().replace("’", "'") for text in _NEVER_SENT)
        return Result(name, SendOutcome.REJECTED if never else SendOutcome.LOST, words=words)


def judge(
    name: str,
    status: int,
    text: str,
    wait: timedelta | None,
    shown: Mapping[str, Any] | None,
    *,
    is_shared: bool = False,
) -> Result | None:
    """What an answer to one file means, beside what the panel shows of it; None while the panel has not read it.

    `status` 0: no answer came. `is_shared`: it answers several files at once, and only the panel tells them apart.
    """
    if 200 <= status < 300:  # noqa: PLR2004 - HTTP's
        return _by_good_answer(name, status, text, shown, is_shared=is_shared)
    if status in _TURNED_AWAY:
        return Result(name, SendOutcome.TURNED_AWAY, words=_words(_json(text), shown), status=status, retry_after=wait)
    if 400 <= status < 500 and status not in (408, 409, 425):  # noqa: PLR2004
        words = _words(_json(text), shown)
        if is_shared:  # one of them was refused, and nobody says what became of the others
            return Result(
                name, SendOutcome.LOST, words=f"the site refused several files at once: {words}", status=status
            )
        return Result(name, SendOutcome.REJECTED, words=words, status=status)
    words = f"the site answered {status}" if status else "the answer was lost"
    return Result(name, SendOutcome.LOST, words=words, status=status)


def _by_good_answer(
    name: str, status: int, text: str, shown: Mapping[str, Any] | None, *, is_shared: bool
) -> Result | None:
    said = {} if is_shared else _json(text)
    is_no = said.get("success") is False or bool(said.get("error"))
    if not is_no and shown is not None and not shown["is_done"]:
        return None  # the panel has not read it yet
    if shown is None and is_shared:
        return Result(name, SendOutcome.LOST, words="the site answered several files at once", status=status)
    if is_no or shown is None or shown["is_good"]:
        words = _words(said, shown) if is_no else ""
        return Result(
            name, SendOutcome.REJECTED if is_no else SendOutcome.SENT, _id_in(said), words=words, status=status
        )
    # The site's own words are a no; the panel's own, of an answer that it could not read, are none.
    is_quoted = bool(shown["words"]) and shown["words"] in " ".join([text, *map(str, said.values())])
    outcome = SendOutcome.REJECTED if is_quoted else SendOutcome.LOST
    return Result(name, outcome, words=_words(said, shown), status=status)


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
    return " ".join(str(told or "refused without a word").split())[:_WORDS]
