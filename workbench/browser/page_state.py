"""What page is this? By its address, then by what is on it, then by its words.

Words decide last and only in the language of the selector pack. Where we are logged in, short phrases count only where
the site speaks for itself: in alerts and dialogs, and as most of a heading, unless the page shows what people wrote. A
listing may be called "Sign: Security Check". Whole sentences count anywhere.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Any, Final
from urllib.parse import urlsplit

from playwright.sync_api import Page

from workbench.browser.sites import Site, without_query
from workbench.errors import AccountStops, AccountWaits, Fault, Permanent, UiChanged, WorkbenchError


class PageState(StrEnum):
    OK = "ok"
    LOGIN = "login"
    CAPTCHA = "captcha"
    CHECKPOINT = "checkpoint"
    RATE_LIMIT = "rate_limit"
    DAILY_LIMIT = "daily_limit"
    RESTRICTED = "restricted"
    FIELD_ERROR = "field_error"
    UPLOAD_ERROR = "upload_error"
    SHELL = "shell"  # the frame of the application, without anything that only a login shows
    UNKNOWN = "unknown"


# How long an account waits when the site gives no time of its own.
COOL_DOWN: Final = timedelta(hours=24)

_WHOLE_SENTENCE: Final = 35  # signs: nobody names a listing so by accident
_SHELL_WORDS: Final = 200  # signs: a page with less says nothing yet
_TOO_MANY: Final = 429
_STATES_BY_TEXT: Final = (
    PageState.RESTRICTED,
    PageState.CHECKPOINT,
    PageState.CAPTCHA,
    PageState.DAILY_LIMIT,
    PageState.RATE_LIMIT,
    PageState.LOGIN,
    PageState.UNKNOWN,
)
_APOSTROPHES: Final = str.maketrans(dict.fromkeys("\u2018\u2019\u201b\u02bc\u2032\u00b4`", "'"))


@dataclass(frozen=True)
class PageFacts:
    """What a page shows, bounded; nothing of what was typed into it."""

    url: str  # without query
    status: int | None = None
    title: str = ""
    headings: tuple[str, ...] = ()
    alerts: tuple[str, ...] = ()
    dialogs: tuple[str, ...] = ()
    text: str = ""
    frames: tuple[str, ...] = ()  # addresses of visible frames, without query
    markers: Mapping[str, bool] = field(default_factory=dict)
    lang: str = ""
    retry_after: timedelta | None = None

    @property
    def is_signed_in(self) -> bool:
        """Something that only a login shows, and nothing that only its absence shows."""
        return self.markers.get("positive", False) and not self.markers.get("negative", False)


@dataclass(frozen=True)
class PageVerdict:
    state: PageState
    why: str
    facts: PageFacts


# One look, bounded in what it walks and in what it brings. `shown` is what a person would see.
_LOOK: Final = """
(root, css) => {
  const shown = (one) => {
    const box = one.getBoundingClientRect();
    return box.width > 0 && box.height > 0 && one.checkVisibility({visibilityProperty: true});
  };
  const first = (query, most) => {
    const found = [];
    let looked = 0;
    for (const one of document.querySelectorAll(query)) {
      if (found.length >= most || ++looked > 2000) break;
      if (shown(one)) found.push(one);
    }
    return found;
  };
  const words = (one, most) => {
    const parts = [];
    let size = 0;
    let looked = 0;
    const walk = document.createTreeWalker(one, NodeFilter.SHOW_TEXT);
    while (size < most && ++looked < 20000 && walk.nextNode()) {
      const parent = walk.currentNode.parentElement;
      if (!parent || /^(SCRIPT|STYLE|NOSCRIPT|TEXTAREA|TEMPLATE)$/.test(parent.tagName)) continue;
      if (!parent.checkVisibility({visibilityProperty: true})) continue;
      const text = walk.currentNode.data.slice(0, most).trim();
      if (text) { parts.push(text); size += text.length + 1; }
    }
    return parts.join(" ").slice(0, most);
  };
  const said = (query, most, long) => first(query, most).map((one) => words(one, long)).filter(Boolean);
  const has = (queries) => queries.some((query) => first(query, 1).length > 0);
  const frames = first("iframe", 30);
  const room = innerWidth * innerHeight;
  const area = (one) => { const box = one.getBoundingClientRect(); return box.width * box.height; };
  const challenges = [
    ...frames.filter((one) => /recaptcha|hcaptcha|challenges\\.cloudflare|arkoselabs|funcaptcha/i.test(one.src || "")),
    ...first("[id*=captcha i], [class*=captcha i]", 10),
  ].filter((one) => area(one) >= 16000);
  return {
    title: document.title.slice(0, 300),
    lang: (document.documentElement.lang || "").slice(0, 35),
    headings: said("h1, h2, h3, [role=heading]", 20, 200),
    alerts: said("[role=alert], [role=alertdialog], [aria-live=assertive], .alert, .error, .dz-error-message", 20, 300),
    dialogs: said("[role=dialog], dialog[open]", 5, 1500),
    text: words(document.body || root, 20000),
    frames: frames.map((one) => String(one.src || "").slice(0, 300)),
    markers: {
      positive: has(css.positive),
      negative: has(css.negative),
      field_error: has(css.field_error),
      upload_error: has(css.upload_error),
      challenge: challenges.length > 0,
      challenge_covers: challenges.some((one) => area(one) > room / 4 || one.closest("[role=dialog], dialog")),
      submit_disabled: has([
        "button[type=submit]:disabled", "input[type=submit]:disabled", "[role=button][aria-disabled=true]",
      ]),
    },
  };
}
"""


def read_facts(
    page: Page,
    site: Site,
    status: int | None = None,
    *,
    retry_after: timedelta | None = None,
    limit: timedelta = timedelta(seconds=5),
) -> PageFacts:
    """Look at the page once. A page that does not let itself be read in time raises Playwright's TimeoutError."""
    dom = site.pack.rules["dom"]
    css = {
        "positive": list(site.positive),
        "negative": list(site.negative),
        "field_error": list(dom.get("field_error", ())),
        "upload_error": list(dom.get("upload_error", ())),
    }
    # By way of a locator: only so does a page that never rests run into a time limit.
    found = page.locator("html").evaluate(_LOOK, css, timeout=limit.total_seconds() * 1000)
    raw: Mapping[str, Any] = found if isinstance(found, dict) else {}
    headings = _lines(raw.get("headings"), 200)
    marked = raw.get("markers")
    markers = {name: value is True for name, value in marked.items()} if isinstance(marked, dict) else {}
    own = site.pack.rules["texts"].get(PageState.OK, ())
    if any(normalized(one) in own for one in headings):
        markers["positive"] = True
    return PageFacts(
        url=without_query(page.url),
        status=status,
        title=_line(raw.get("title"), 300),
        headings=headings,
        alerts=_lines(raw.get("alerts"), 300),
        dialogs=_lines(raw.get("dialogs"), 1500),
        text=_line(raw.get("text"), 20_000),
        frames=tuple(without_query(one) for one in _lines(raw.get("frames"), 300)),
        markers=markers,
        lang=_line(raw.get("lang"), 35),
        retry_after=retry_after,
    )


def _lines(value: object, longest: int) -> tuple[str, ...]:
    """A hostile page may have changed what its functions answer: whatever came is made short texts."""
    return tuple(_line(one, longest) for one in value[:30]) if isinstance(value, list) else ()


def _line(value: object, longest: int) -> str:
    text = value[:longest] if isinstance(value, str) else ""
    whole = text.encode("utf-8", "replace").decode()
    return " ".join("".join(one if unicodedata.category(one)[0] != "C" else " " for one in whole).split())


def classify(facts: PageFacts, site: Site, *, is_other: bool = False) -> PageVerdict:
    """`is_other`: it is known not to be the page that was asked for, so short phrases count anywhere on it."""
    state, why = _decide(facts, site, is_other=is_other)
    return PageVerdict(state, why, facts)


def _decide(facts: PageFacts, site: Site, *, is_other: bool) -> tuple[PageState, str]:
    decided = _by_address(facts, site) or _by_markers(facts)
    if decided:
        return decided
    language = facts.lang.partition("-")[0].casefold()
    if language and language != site.language:
        return PageState.UNKNOWN, f"the page is in the language {facts.lang!r}, the selector pack in {site.language!r}"
    return _by_words(facts, site, is_other=is_other) or _by_what_is_left(facts, site)


def _by_address(facts: PageFacts, site: Site) -> tuple[PageState, str] | None:
    path = urlsplit(facts.url).path
    urls = site.pack.rules["urls"]
    if is_below(path, urls.get("checkpoint", ())):
        return PageState.CHECKPOINT, f"the address is {facts.url}"
    if facts.status == _TOO_MANY:
        return PageState.RATE_LIMIT, "the site answered 429 (too many requests)"
    if is_below(path, urls.get("login", ())):
        return PageState.LOGIN, f"the address is {facts.url}"
    return None


def is_below(path: str, beginnings: Iterable[str]) -> bool:
    return any(path == one or path.startswith(f"{one.rstrip('/')}/") for one in beginnings)


def _by_markers(facts: PageFacts) -> tuple[PageState, str] | None:
    marked = facts.markers
    if marked.get("negative"):  # a sign-in page may well carry a challenge: that is expected there
        return PageState.LOGIN, "the page has a login form"
    if marked.get("challenge") and (
        not marked.get("positive") or marked.get("challenge_covers") or marked.get("submit_disabled")
    ):
        return PageState.CAPTCHA, "a challenge for people stands in the way"
    return None


def _by_words(facts: PageFacts, site: Site, *, is_other: bool) -> tuple[PageState, str] | None:
    texts = site.pack.rules["texts"]
    is_inside = facts.markers.get("positive", False) and not is_other
    is_content = is_below(urlsplit(facts.url).path, site.pack.rules["urls"].get("content", ()))
    spoken = [normalized(one) for one in (*facts.alerts, *facts.dialogs)]
    titles = [] if is_inside and is_content else [normalized(one) for one in (facts.title, *facts.headings)]
    anywhere = normalized(facts.text)
    for state in _STATES_BY_TEXT:
        for phrase in texts.get(state, ()):
            if (
                any(phrase in one for one in spoken)
                or any(phrase in one and len(phrase) * 2 >= len(one) for one in titles)
                or (phrase in anywhere and (not is_inside or len(phrase) >= _WHOLE_SENTENCE))
            ):
                return state, f"the page says {phrase!r}"
    return None


def _by_what_is_left(facts: PageFacts, site: Site) -> tuple[PageState, str]:
    if facts.markers.get("upload_error"):
        return PageState.UPLOAD_ERROR, "the upload panel shows an error"
    if facts.markers.get("field_error"):
        return PageState.FIELD_ERROR, "a field of the form is marked as wrong"
    if facts.is_signed_in:
        return PageState.OK, "what only a login shows is there"
    if not site.has(facts.url):
        return PageState.UNKNOWN, f"{facts.url} is no page of {site.name}"
    if facts.status in {None, 200} and len(facts.text) < _SHELL_WORDS:
        return PageState.SHELL, "the page has nothing that only a login shows, and hardly any text"
    return PageState.UNKNOWN, f"no rule knows this page (HTTP {facts.status or 'status unknown'}, {facts.title!r})"


def normalized(text: str) -> str:
    """Lower case, straight apostrophes, single spaces: how the pack spells its texts."""
    return " ".join(text.translate(_APOSTROPHES).casefold().split())


# What each state does to the account --------------------------------------------------------------


def refusal(
    verdict: PageVerdict, *, account_id: int | str = "ID", cool_down: timedelta = COOL_DOWN
) -> WorkbenchError | None:
    """The error that a page means; None when the work may go on."""
    state, why = verdict.state, verdict.why
    login = f"workbench accounts login {account_id}"
    if state in {PageState.RATE_LIMIT, PageState.DAILY_LIMIT}:
        wait = verdict.facts.retry_after or cool_down
        return AccountWaits(
            f"the site limits this account ({why}); it waits {_hours(wait)}.",
            fault=Fault(kind="rate_limit"),
            retry_after=wait,
        )
    if state == PageState.UNKNOWN and verdict.facts.lang and "language" in why:
        return UiChanged(
            f"{why}. Set the account's language to English, then: workbench accounts resume {account_id}",
            fault=Fault(kind="ui_changed"),
        )
    if state in {PageState.FIELD_ERROR, PageState.UPLOAD_ERROR}:
        said = "; ".join(verdict.facts.alerts)[:300]
        return Permanent(f"{why}{f': {said}' if said else ''}", fault=Fault(kind="validation_error"))
    stops = {
        PageState.LOGIN: ("session_expired", f"the account is logged out ({why}). Log in: {login}"),
        PageState.SHELL: ("session_expired", f"the site does not show us as logged in ({why}). Log in: {login}"),
        PageState.CAPTCHA: ("captcha", f"the site asks for a person ({why}). Solve it: {login}"),
        PageState.CHECKPOINT: ("checkpoint", f"the site wants to know who you are ({why}). Answer it: {login}"),
        PageState.RESTRICTED: (
            "account_restricted",
            f"the site has restricted this account ({why}). Settle it with the site, then: "
            f"workbench accounts resume {account_id}",
        ),
        PageState.UNKNOWN: (
            "unknown",
            f"{why}. Look at the evidence, then: workbench accounts resume {account_id}",
        ),
    }
    if state not in stops:
        return None
    kind, message = stops[state]
    return AccountStops(message, fault=Fault(kind=kind))


def _hours(wait: timedelta) -> str:
    minutes = max(1, round(wait.total_seconds() / 60))
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h"  # noqa: PLR2004 - two hours read better as hours
