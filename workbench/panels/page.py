"""A page: its two faces, its one watcher, its boundary for errors.

By hand a page is live: the strip on top, then its panels. An audit keeps what was displayed, not widgets: there every
view is HTML, replaced in place while its cell runs.

Rules of the watcher's thread (facts: ipykernel loses what threads print; where callbacks run depends on its version):
it reads the ledger and writes traits, no Output, no print, at most four looks a second of any panel; it looks while
the panel is open and a browser shows its page.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import ipywidgets
from IPython.display import DisplayHandle, display

from workbench.errors import WorkbenchError
from workbench.panels.front_end import is_by_hand
from workbench.panels.markup import Html, join, note, plain
from workbench.panels.strip import ModeStrip

if TYPE_CHECKING:
    from workbench.workbench import Workbench

log = logging.getLogger(__name__)

_REDRAW_SECONDS: Final = 0.25  # at least between two updates of a still page, or two looks of a live one
_PULSE_SECONDS: Final = 2.0


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


# live ---------------------------------------------------------------------------------------------------


class Face(ipywidgets.VBox):  # type: ignore[misc]
    """Widgets with a still face: what a viewer without widgets shows is its `markup` at the time of display."""

    strip: ModeStrip | None = None  # of the page that it stands on

    def markup(self) -> str:
        return ""

    @property
    def is_open(self) -> bool:
        return self.comm is not None

    @property
    def is_seen(self) -> bool:
        """Whether a browser shows it; what stands on no page is taken to be seen."""
        return self.strip is None or self.strip.is_seen

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        live = super()._repr_mimebundle_(**kwargs)
        return {**live, **bundle(self.markup())}


@dataclass(slots=True)
class _Watched:
    face: Face
    look: Callable[[], None]
    every: float
    due: float = 0.0


class Watch:
    """The one thread of a page that reads the ledger: it makes the looks of all panels, each when it is due."""

    def __init__(self) -> None:
        self._looks: list[_Watched] = []
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def add(self, face: Face, look: Callable[[], None], *, every: float = 1.0) -> None:
        """Call `look` at once and then `every` so many seconds, as long as `face` is open; it has its own boundary."""
        with self._changed:
            self._looks.append(_Watched(face, look, max(every, _REDRAW_SECONDS)))
            if self._thread is None or not self._thread.is_alive():
                self._thread = in_background(self._run, "watch")
            self._changed.notify()

    def soon(self, face: Face) -> None:
        """Look for `face` now: somebody has just acted."""
        with self._changed:
            for one in self._looks:
                if one.face is face:
                    one.due = 0.0
            self._changed.notify()

    def wake(self) -> None:
        """Find out now who is still open."""
        with self._changed:
            self._changed.notify()

    def _run(self) -> None:
        while (one := self._next()) is not None:
            if one.face.is_seen:
                one.look()
            with self._changed:
                if one.due == math.inf:  # otherwise somebody acted while it looked
                    one.due = time.monotonic() + one.every

    def _next(self) -> _Watched | None:
        """The look that is due next, once it is; None when nothing is open any more, and the thread ends."""
        with self._changed:
            while True:
                self._looks = [one for one in self._looks if one.face.is_open]
                if not self._looks:
                    self._thread = None
                    return None
                first = min(self._looks, key=lambda one: one.due)
                rest = first.due - time.monotonic()
                if rest <= 0:
                    first.due = math.inf
                    return first
                self._changed.wait(min(rest, _PULSE_SECONDS))


WATCH: Final = Watch()  # a kernel serves one page


class Page(Face):
    """The strip, then what the page is about."""

    def __init__(self, wb: Workbench, faces: list[Face]) -> None:
        self._wb = wb
        self.strip = ModeStrip(wb)
        self._look()
        _stand_on(self.strip, faces)
        self._faces = faces
        super().__init__([self.strip, *faces])
        self.add_class("wb-page")
        WATCH.add(self, self._look, every=2.0)
        in_background(self._pulse, "pulse")

    def markup(self) -> Html:
        strip = self.strip
        return join([strip.markup() if strip else "", *(Html(one.markup()) for one in self._faces)])

    def _look(self) -> None:
        strip = self.strip
        if strip is not None and handled(strip.look, lambda error: strip.tell(plain(error)), self._wb.parts.redactor):
            strip.tell("")

    def _pulse(self) -> None:
        """No look at anything: a slow ledger is no lost kernel."""
        while self.is_open and self.strip is not None:
            self.strip.pulse()
            time.sleep(_PULSE_SECONDS)


def _stand_on(strip: ModeStrip, widgets: Iterable[Any]) -> None:
    """Tell the faces, and those in them, whose page they are on."""
    for one in widgets:
        if isinstance(one, Face):
            one.strip = strip
        if isinstance(one, ipywidgets.Box):
            _stand_on(strip, one.children)


class Words(Face):
    """Markup that stands where a panel would."""

    def __init__(self, markup: Html) -> None:
        self._markup = markup
        super().__init__([ipywidgets.HTML(markup)])

    def markup(self) -> Html:
        return self._markup


def page(wb: Workbench, *panels: Face | Callable[[], Face]) -> None:
    """Show a page: the strip, then `panels`. One that cannot be made is an error in its place; the others stand."""
    faces = [_made(wb, one) for one in panels]
    if is_by_hand():
        display(Page(wb, faces))  # type: ignore[no-untyped-call]
    else:
        strip = ModeStrip(wb)
        strip.look()
        still(join([strip.markup(), *(Html(one.markup()) for one in faces)]))


def _made(wb: Workbench, panel: Face | Callable[[], Face]) -> Face:
    if isinstance(panel, Face):
        return panel
    made: list[Face] = []
    handled(lambda: made.append(panel()), lambda error: made.append(Words(error)), wb.parts.redactor)
    return made[0]
