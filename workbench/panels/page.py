"""The two faces of everything that is shown: live by hand, still in an executed notebook.

An audit keeps what was displayed, not widgets: there every view is HTML, replaced in place while its cell runs.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Any, Final

from IPython.display import DisplayHandle, display

from workbench.errors import WorkbenchError
from workbench.panels.markup import Html, note, plain

log = logging.getLogger(__name__)

_REDRAW_SECONDS: Final = 0.25  # at least between two updates of a still page


def bundle(markup: str) -> dict[str, str]:
    return {"text/html": markup, "text/plain": plain(markup)}


class Still:
    """HTML in the page that is replaced in place; written only when it differs."""

    def __init__(self) -> None:
        self._handle: DisplayHandle | None = None
        self._last: str | None = None

    def show(self, markup: str) -> None:
        if markup == self._last:
            return
        self._last = markup
        if self._handle is None:
            self._handle = DisplayHandle()  # type: ignore[no-untyped-call]
            display(bundle(markup), raw=True, display_id=self._handle.display_id)  # type: ignore[no-untyped-call]
        else:
            self._handle.update(bundle(markup), raw=True)  # type: ignore[no-untyped-call]


def still(markup: str) -> None:
    Still().show(markup)


def show_while(work: Callable[[Callable[[], None]], str], markup: Callable[[], str]) -> None:
    """Show `markup()` while `work` goes on, which calls what it is given now and then; at last what it answers."""
    page, last = Still(), 0.0

    def redraw() -> None:
        nonlocal last
        if time.monotonic() - last >= _REDRAW_SECONDS:
            last = time.monotonic()
            page.show(markup())

    redraw()
    page.show(work(redraw))


def in_words(error: BaseException, redact: Callable[[str], str] = str) -> Html:
    """An error as a person reads it, announced at once."""
    said = error.message if isinstance(error, WorkbenchError) else f"{type(error).__name__}: {error}"
    return note("error", "Error: ", redact(said), role="alert")


def handled(work: Callable[[], None], show: Callable[[Html], None], redact: Callable[[str], str] = str) -> bool:
    """The one boundary of every handler and thread: an error is shown in the page, where a raised one is lost."""
    try:
        work()
    except Exception as error:
        log.debug("a handler failed", exc_info=error)
        show(in_words(error, redact))
        return False
    return True


def in_background(work: Callable[..., Any], name: str) -> threading.Thread:
    """A handler must give the kernel back at once; `work` has its own boundary."""
    thread = threading.Thread(target=work, name=name, daemon=True)
    thread.start()
    return thread
