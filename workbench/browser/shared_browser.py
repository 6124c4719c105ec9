"""One Chromium for a thread's visits, one after the other, each in a context of its own.

To start Playwright's driver and a Chromium costs more than most visits (1.4 of 2 s of CPU, measured with the headless
shell). A context shares nothing with the one before it: no cookie, no storage, no cache, no connection. After a
surprise, and after a visit in which Chromium itself did not do what it was told, the next one gets a new Chromium.

Nothing is imported here that a thread without visits would not need.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from workbench.errors import WorkbenchError

if TYPE_CHECKING:
    from playwright.sync_api import Browser

_IDLE_SECONDS: Final = 60.0  # a Chromium that nobody needs is not kept longer


class SharedBrowser:
    """What a thread shares among its visits; only that thread may use it."""

    def __init__(self) -> None:
        self._ending = contextlib.ExitStack()
        self._browser: Browser | None = None
        self._options: Mapping[str, Any] = {}
        self._used_at = 0.0
        self._is_discarded = False

    @contextlib.contextmanager
    def running(
        self, options: Mapping[str, Any], start: Callable[[], contextlib.AbstractContextManager[Browser]]
    ) -> Iterator[Browser]:
        """Yield the Chromium that was started with the same `options`, or one that `start` gives."""
        if self._browser is None or options != self._options or not self._browser.is_connected():
            self.close()
            self._browser, self._options = self._ending.enter_context(start()), options
        try:
            yield self._browser
        except WorkbenchError:  # what the site said of itself
            raise
        except BaseException:
            self._is_discarded = True
            raise
        finally:
            self._used_at = time.monotonic()
            if self._is_discarded:
                self.close()

    def discard_after_visit(self) -> None:
        """Keep this Chromium no longer than its present visit."""
        self._is_discarded = True

    def close_if_idle(self) -> None:
        """Close what was idle for long."""
        if self._browser is not None and time.monotonic() - self._used_at > _IDLE_SECONDS:
            self.close()

    def close(self) -> None:
        self._browser, self._is_discarded = None, False
        self._ending.close()


_of_thread = threading.local()


@contextlib.contextmanager
def sharing_browser() -> Iterator[Callable[[], None]]:
    """Let the visits of this thread share a Chromium until the end of the block.

    Yields what a thread calls now and then while it has nothing to do: it closes a Chromium that was idle for long.
    A thread that runs an event loop of its own must not use it: Playwright's runs as long as its driver is kept.
    """
    shared = _of_thread.shared = SharedBrowser()
    try:
        yield shared.close_if_idle
    finally:
        _of_thread.shared = None
        shared.close()


def of_this_thread() -> SharedBrowser | None:
    """Return the browser that this thread shares, None outside of `sharing_browser`."""
    found: SharedBrowser | None = getattr(_of_thread, "shared", None)
    return found
