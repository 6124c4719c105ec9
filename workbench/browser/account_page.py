"""One visit of one account to its site: a browser context of its own, the saved login, and nothing else.

No attempt is made to hide that a program drives the browser. Downloads, popups and dialogs are refused; a page of any
host but the site's own is never loaded, wherever a redirect or a script wants to go. Nobody types credentials here.
"""

from __future__ import annotations

import contextlib
import functools
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from playwright.sync_api import Browser, BrowserContext, CDPSession, Error, Locator, Page

from workbench.browser import page_errors
from workbench.browser.artifacts import Evidence
from workbench.browser.launch import NoBrowser, running
from workbench.browser.navigation_guard import NavigationGuard
from workbench.browser.page_snapshot import PageSnapshots
from workbench.browser.page_state import COOL_DOWN, PageFacts, PageState, PageVerdict, classify, read_facts, refusal
from workbench.browser.selectors import PATIENCE, Probe, SelectorPack
from workbench.browser.session import Sessions
from workbench.browser.shared_browser import of_this_thread
from workbench.browser.sites import Site, without_query
from workbench.errors import AccountStops, Fault, Fenced, Transient, UiChanged, WorkbenchError

_LOOK_MS: Final = 150
_MOST_BANNERS: Final = 10
_BANNER_MS: Final = 1500  # that a click on one may take: whoever reads the page waits meanwhile
# What lies over the middle of a control and is no part of it: its words, or null.
_COVER: Final = """(control) => {
  control.scrollIntoView({block: "center"});
  const box = control.getBoundingClientRect();
  if (!box.width || !box.height) return null;
  let over = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
  if (!over || over.contains(control) || control.contains(over)) return null;
  const label = over.closest("label");
  if (label && (label.contains(control) || label.control === control)) return null;
  while (over.parentElement && !over.parentElement.contains(control)) over = over.parentElement;
  const place = getComputedStyle(over).position;
  const isLayer = place === "fixed" || place === "absolute" || place === "sticky";
  return isLayer || over.matches("dialog, [role=dialog], [aria-modal=true]") ? over.innerText.slice(0, 1000) : null;
}"""
_UPPERMOST: Final = """() => {
  for (const [x, y] of [[0.5, 0.5], [0.5, 0.85], [0.5, 0.15], [0.2, 0.5], [0.8, 0.5]]) {
    let one = document.elementFromPoint(innerWidth * x, innerHeight * y), layer = null;
    for (; one && one !== document.body && one !== document.documentElement; one = one.parentElement) {
      const isDialog = one.matches("dialog, [role=dialog], [role=alertdialog], [aria-modal=true]");
      if (isDialog || getComputedStyle(one).position === "fixed") layer = one;
    }
    if (layer && layer.innerText.trim()) return layer.innerText.slice(0, 1000);
  }
  return "";
}"""
_KEPT_SECONDS: Final = 2.0  # a login that was saved just now is not saved again
_TURNS: Final = 3  # times that a page may be left while it is read
_UNDECIDED: Final = {PageState.SHELL, PageState.UNKNOWN}
_HARMLESS: Final = {PageState.OK, PageState.FIELD_ERROR, PageState.UPLOAD_ERROR}
# Chromium sends a request once more, POST too, when a connection that was kept from an earlier one breaks before an
# answer came: 10 clicks were received as 20 uploads. Connections that are not kept are used once. HTTP/2 keeps them
# in any case.
_NOT_KEPT: Final = {"Connection": "close"}
_SENT_ONCE: Final = ["--disable-http2"]
_WINDOW: Final = {"width": 1280, "height": 900}


@dataclass(frozen=True)
class Browsing:
    """Everything that visits of this workbench share; one for all its threads."""

    sessions: Sessions
    evidence: Evidence
    browser: str | None = None
    headless: bool = True
    page_seconds: timedelta = timedelta(seconds=30)
    settle: timedelta = timedelta(seconds=8)  # for a page to become one that we know
    keep_alive: timedelta = timedelta(minutes=4)
    cool_down: timedelta = COOL_DOWN
    redact: Callable[[str], str] = str

    @contextlib.contextmanager
    def visit(self, account_id: int, site: Site, *, visible: bool = False) -> Iterator[AccountPage]:
        """Open the site as the account; AccountStops without a session that can be used.

        Whatever Playwright raises inside leaves as one of our errors, with its evidence. The session is saved again
        at the end if the visit proved that it is good.
        """
        state = self._state(account_id, site)
        with self.opened(account_id, site, state, visible=visible or not self.headless) as visit:
            try:
                yield visit
            except Error as error:
                if shared := of_this_thread():
                    shared.discard_after_visit()
                raise visit.fail(error, "in the browser") from None
            except Fenced:
                raise
            except WorkbenchError as error:
                raise visit.fail(error, "") from None
            finally:
                visit.keep_if_proved()

    def _state(self, account_id: int, site: Site) -> dict[str, Any]:
        known = self.sessions.about(account_id, site.login_cookies, datetime.now(UTC))
        why = None
        if not known.exists:
            why = "it has no saved login"
        elif not known.mode_ok:
            why = f"others may read its saved login; chmod 600 {self.sessions.path(account_id)} if you trust it, or"
        elif known.is_expired:
            why = f"its login cookie ended at {known.cookie_expires_at:%Y-%m-%d %H:%M} UTC"
        state = self.sessions.load(account_id) if why is None else None
        if state is None:
            raise AccountStops(
                f"account {account_id} cannot be opened: {why}. Log in: workbench accounts login {account_id}",
                fault=Fault(kind="session_expired"),
            )
        return state

    @contextlib.contextmanager
    def opened(
        self, account_id: int, site: Site, state: Mapping[str, Any] | None, *, visible: bool
    ) -> Iterator[AccountPage]:
        """A visit with any state, or none: for the login gate."""
        with contextlib.ExitStack() as ending:
            options = {"browser": self.browser, "headless": not visible, "args": _SENT_ONCE}
            try:
                chromium: Browser = ending.enter_context(running(**options))
            except NoBrowser as error:
                raise AccountStops(error.message, fault=Fault(kind="environment")) from error
            context = _context(chromium, account_id, state)
            ending.callback(_leave, context)
            milliseconds = self.page_seconds.total_seconds() * 1000
            context.set_default_timeout(milliseconds)
            context.set_default_navigation_timeout(milliseconds)
            yield AccountPage(self, account_id, site, context, state)


def _context(chromium: Browser, account_id: int, state: Mapping[str, Any] | None) -> BrowserContext:
    options: dict[str, Any] = {
        "accept_downloads": False, "extra_http_headers": _NOT_KEPT, "service_workers": "block", "locale": "en-US",
        "viewport": _WINDOW,
    }  # fmt: skip
    try:
        return chromium.new_context(storage_state=state, **options)  # type: ignore[arg-type]  # checked by session.py
    except Error as error:
        if state is None or page_errors.is_of_closed_browser(error):
            raise
        culprits = _not_taken(chromium, state)
        why = f"the cookie {' or '.join(map(repr, culprits))}" if culprits else page_errors.first_line(error)
        raise AccountStops(
            f"account {account_id} cannot be opened: the browser does not take its saved login because of {why}. Log "
            f"in: workbench accounts login {account_id}",
            fault=Fault(kind="session_expired"),
        ) from error


def _not_taken(chromium: Browser, state: Mapping[str, Any]) -> list[str]:
    """The names of the cookies that a browser refuses: it refuses all for one, and names none."""
    found = []
    context = chromium.new_context()
    try:
        for cookie in state["cookies"]:
            try:
                context.add_cookies([cookie])
            except Error:
                found.append(str(cookie["name"]))
    finally:
        _leave(context)
    return found


def _leave(context: BrowserContext) -> None:
    with contextlib.suppress(Error):  # the browser has ended, and the context with it
        context.close()


def _answer(banner: Locator) -> None:
    """Click a question about cookies away.

    One that goes while it is clicked (the page is left for another) needs no answer; one that stays is seen by whoever
    reads the page. An error that left this handler would be raised by the next call of the driver, whoever's it is.
    """
    with contextlib.suppress(Error):
        banner.click(timeout=_BANNER_MS, no_wait_after=True)


class AccountPage:
    """An open page of one account; it belongs to the thread that opened it."""

    def __init__(
        self, browsing: Browsing, account_id: int, site: Site, context: BrowserContext, state: Mapping[str, Any] | None
    ) -> None:
        self.account_id = account_id
        self.site = site
        self.pack: SelectorPack = site.pack
        self._browsing = browsing
        self._context = context
        self._proved = False
        self._kept_at = -_KEPT_SECONDS
        self._alive_at = time.monotonic()
        self.page: Page = context.new_page()
        self._guard = NavigationGuard(context, self.page, site)
        self._snapshots = PageSnapshots(
            browsing.evidence, account_id, site, context=context, page=self.page, guard=self._guard,
            redact=browsing.redact,
        )  # fmt: skip
        self._snapshots.session = state
        self._close_banners()

    def _close_banners(self) -> None:
        """Questions about cookies that the pack knows are answered with the least that they offer."""
        known = self.pack.selectors.get("accept_cookies")
        if known is not None:
            found = functools.reduce(
                lambda one, other: one.or_(other), (each.on(self.page) for each in known.candidates)
            )
            self.page.add_locator_handler(found.first, _answer, no_wait_after=True, times=_MOST_BANNERS)

    @property
    def status(self) -> int | None:
        """The HTTP status of the document that is shown."""
        return self._guard.status

    @property
    def is_over(self) -> bool:
        """The page crashed or was closed."""
        return self._guard.is_over

    def devtools(self) -> CDPSession:
        """A line of its own to Chromium's tools for this page."""
        return self._context.new_cdp_session(self.page)

    # going and looking ----------------------------------------------------------------------------

    def goto(self, path: str, *, expect: str | None = None) -> PageVerdict:
        """Open a page of the site and say what it is; raises what it means, like `check`."""
        self.open(path)
        return self.check(expect)

    def open(self, path: str) -> None:
        """Open a page without judging it."""
        address = self.site.address(path)
        self._guard.blocked.clear()
        try:
            self.page.goto(address, wait_until="domcontentloaded")
        except Error as error:
            raise self.fail(error, f"opening {without_query(address)}") from None
        self._alive_at = time.monotonic()

    def check(self, expect: str | None = None) -> PageVerdict:
        """What page this is, once it has settled; raises what stops the account, and UiChanged when the page
        `expect` of the selector pack lacks something required. An error at a field or a file is returned.
        """
        verdict = self._settled()
        if verdict.state not in _HARMLESS:
            error = refusal(verdict, account_id=self.account_id, cool_down=self._browsing.cool_down)
            if error is not None:
                raise self._with_evidence(error, "check", verdict)
        if expect is not None:
            try:
                self.pack.require(self.page, expect)
            except (Error, WorkbenchError) as error:
                told = self._error_of_other_page() if isinstance(error, UiChanged) else None
                raise self.fail(told or error, f"looking for the page {expect}") from None
        return verdict

    def _error_of_other_page(self) -> WorkbenchError | None:
        """What a page means that is not the one that was asked for, and says so in a few words."""
        facts = self._facts()
        verdict = None if facts is None else classify(facts, self.site, is_other=True)
        return None if verdict is None or verdict.state in _UNDECIDED | _HARMLESS else self._meant(verdict)

    def _settled(self) -> PageVerdict:
        last = time.monotonic() + self._browsing.settle.total_seconds()
        while True:
            verdict = self.look()
            if verdict.state not in _UNDECIDED or time.monotonic() >= last:
                return verdict
            self.page.wait_for_timeout(_LOOK_MS)

    def look(self) -> PageVerdict:
        """What page this is at this moment."""
        self._raise_if_led_away()
        try:
            return classify(self._read(), self.site)
        except Error as error:
            raise self._explained(error, "reading the page", None) from None

    def _read(self) -> PageFacts:
        guard = self._guard
        for _ in range(_TURNS):
            try:
                return read_facts(self.page, self.site, guard.status, retry_after=guard.retry_after)
            except Error as error:  # that was left for another while we read it
                if guard.is_over or not page_errors.is_of_left_page(error):
                    raise
            self.page.wait_for_load_state("domcontentloaded")
        return read_facts(self.page, self.site, guard.status, retry_after=guard.retry_after)

    def refuse_cover(self, control: Locator) -> None:
        """AccountStops where something that is not the control's stands over it, in the page's own words."""
        with contextlib.suppress(Error):
            said = control.evaluate(_COVER, timeout=3000)
            if said is not None:
                raise self._with_evidence(self._covered(str(said)), "looking what stands over the page", None)

    def _covered(self, said: str) -> AccountStops:
        words = " ".join(said.split())[:200]
        what = f"it says {words!r}" if words else "it says nothing"
        return AccountStops(
            f"something stands over the page, and nothing can be used below it: {what}. Answer it: "
            f"workbench accounts login {self.account_id}, then: workbench accounts resume {self.account_id}",
            fault=Fault(kind="unknown"),
        )

    def _cover(self) -> str:
        """What is said by whatever lies uppermost: a dialog, or a layer that does not move with the page."""
        with contextlib.suppress(Error):
            return str(self.page.evaluate(_UPPERMOST))
        return ""

    def probe(self, where: str) -> list[Probe]:
        """What each selector of the pack's page `where` finds here, once what it requires is there or late."""
        found: list[Probe] = []

        def is_whole() -> bool:
            found[:] = self.pack.probe(self.page, where)
            return all(one.is_good for one in found)

        self.wait(is_whole, limit=timedelta(seconds=PATIENCE))
        return found

    def is_signed_in(self) -> bool:
        """Proved: something that only a login shows, nothing that only its absence shows, and it stays so."""
        verdict = self._settled()
        if verdict.facts.is_signed_in and self.site.settle_seconds:
            self.page.wait_for_timeout(self.site.settle_seconds * 1000)
            verdict = self.look()
        self._proved = verdict.facts.is_signed_in and self.site.has(self.page.url)
        return self._proved

    def keep(self) -> bool:
        """Save the login as it is now, which the site may have renewed; only after proof. Whether it was saved."""
        if not self.is_signed_in():
            return False
        self._save()
        return True

    def keep_if_proved(self) -> None:
        """At the end, also after an error: a login that the site renewed would be lost otherwise."""
        is_new = time.monotonic() - self._kept_at > _KEPT_SECONDS
        if self._proved and is_new and not self.is_over:
            with contextlib.suppress(Error, WorkbenchError):
                if self.look().facts.is_signed_in:
                    self._save()

    def _save(self) -> None:
        state = dict(self._context.storage_state(indexed_db=True))
        self._snapshots.session = state
        self._browsing.sessions.save(self.account_id, state)
        self._kept_at = time.monotonic()

    def wait(
        self, done: Callable[[], bool], *, limit: timedelta, every: timedelta = timedelta(milliseconds=200)
    ) -> bool:
        """Wait until `done()`; keeps the login alive meanwhile. False when the time is over."""
        last = time.monotonic() + limit.total_seconds()
        while not done():
            if time.monotonic() >= last:
                return False
            self._raise_if_led_away()
            self.stay_alive()
            self.page.wait_for_timeout(every.total_seconds() * 1000)
        return True

    def stay_alive(self) -> None:
        """Ask the site for something small when nothing was asked for long: short logins end while files go up."""
        if time.monotonic() - self._alive_at < self._browsing.keep_alive.total_seconds():
            return
        self._alive_at = time.monotonic()
        address = self.site.address(self.site.start)
        with contextlib.suppress(Error):  # what it means is seen at the next check
            self._context.request.get(address, max_redirects=0, timeout=10_000)

    # evidence -------------------------------------------------------------------------------------

    def shot(self, name: str, *, story: str = "") -> str:
        """Keep a masked picture with the facts of the page; its path relative to data/, "" on a full disk."""
        kept = self._snapshots.keep(name, self._facts(), note=story)
        return "" if kept is None else kept.shown

    def fail(self, error: BaseException, step: str, *, certain: bool = True) -> WorkbenchError:
        """The error to raise for one that came up at `step`: by the state of the page first, by the exception
        second, by its text last; with its fault and evidence. One that has evidence already stays as it is.
        """
        if isinstance(error, WorkbenchError) and error.fault and error.fault.evidence:
            return error
        verdict = self._verdict()
        told = error if page_errors.has_known_cause(error) else self._explained(error, step, verdict)
        return self._with_evidence(told, step, verdict, cause=error, certain=certain)

    def _explained(self, error: BaseException, step: str, verdict: PageVerdict | None) -> WorkbenchError:
        line = page_errors.first_line(error)
        said = self._snapshots.clean(f"{step}: {line}" if step else line)
        if self.is_over or page_errors.is_of_closed_browser(error):
            return Transient(f"the browser ended while {said}", fault=Fault(kind="browser_closed"))
        led_away = self._guard.navigation_error(self.account_id)
        if led_away is not None:
            return led_away
        meant = None if verdict is None or verdict.state in _UNDECIDED else self._meant(verdict)
        if meant is None and "intercepts pointer events" in str(error):
            return self._covered(self._snapshots.clean(self._cover()))
        return meant or page_errors.by_exception(error, said)

    def _meant(self, verdict: PageVerdict) -> WorkbenchError | None:
        if verdict.state == PageState.UPLOAD_ERROR:  # concerns a file, and the flow knows which
            return None
        return refusal(verdict, account_id=self.account_id, cool_down=self._browsing.cool_down)

    def _with_evidence(
        self,
        error: WorkbenchError,
        step: str,
        verdict: PageVerdict | None,
        *,
        cause: BaseException | None = None,
        certain: bool = True,
    ) -> WorkbenchError:
        story = self._snapshots.clean(page_errors.story(cause or error))
        kind = error.fault.kind if error.fault else "unknown"
        kept = self._snapshots.keep(
            kind, verdict.facts if verdict else None, story=f"{step}: {error.message}\n\n{story}"
        )
        fault = error.fault or Fault(kind=kind)
        error.args = (self._snapshots.clean(error.message), *error.args[1:])  # it may quote the page
        error.fault = replace(
            fault, story=story, evidence=None if kept is None else kept.folder, certain=certain and fault.certain
        )
        return error

    def _verdict(self) -> PageVerdict | None:
        facts = self._facts()
        return None if facts is None or not self.site.has(facts.url) else classify(facts, self.site)

    def _facts(self) -> PageFacts | None:
        """None where the page cannot be read: it crashed, or never rests."""
        if not self.is_over:
            with contextlib.suppress(Error):
                return self._read()
        return None

    def _raise_if_led_away(self) -> None:
        led_away = self._guard.navigation_error(self.account_id)
        if led_away is not None:
            raise led_away
