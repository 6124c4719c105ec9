"""What comes no further without a person: each with its picture, one sentence, what to do, and the buttons for it.

A case stays the same widgets while it lasts: what somebody is typing into one does not go because another one came.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import ipywidgets

from workbench.panels.markup import Html, badge, esc, join, note, picture, tag
from workbench.panels.widgets import AskTwice, LiveRegion, Panel, Region, button, question, show
from workbench.parsing import named

if TYPE_CHECKING:
    from workbench.workbench import Workbench

_MOST: Final = 6  # cases on the page at once; the others come up as these are dealt with


@dataclass(frozen=True, slots=True)
class Case:
    """One thing that waits. `again` and `absent` say what would be done outside, for a person to agree to."""

    key: str
    title: str
    badge: tuple[str, str]
    said: str
    next_step: str
    screenshot: str | None = None  # below data/
    again: str = ""  # where it may be tried again
    absent: str = ""  # where a person may say that it is not there
    can_edit: bool = False


@dataclass(frozen=True, slots=True)
class Deeds:
    """What the buttons of a case do, by its key. `place`: where somebody looks whether it is there.

    `id_hint`: what an id of that place looks like.
    """

    place: str
    id_hint: str
    retry: Callable[[Sequence[str]], None]
    found: Callable[[str, str], None]
    absent: Callable[[str], None]
    abandon: Callable[[str], None]
    edit: Callable[[str], None] | None = None


class CasePanel(Panel):
    """One case: its words and picture, and beside them what may be done."""

    def __init__(self, wb: Workbench, name: str, case: Case, deeds: Deeds, after: Callable[[], None]) -> None:
        self._wb, self._key, self._deeds, self._after = wb, case.key, deeds, after
        self._case: Case | None = None
        self.body = ipywidgets.HTML()
        self.alert = LiveRegion()  # also of what is at work: a case is as few widgets as it can be
        self.retry = self._twice(
            f"{name}-retry", "Try again…", "Yes, try again", lambda key: deeds.retry([key]), lambda one: one.again
        )
        self.absent = self._twice(
            f"{name}-absent", "It is not there…", "Yes, it is not there: send it", deeds.absent, lambda one: one.absent
        )
        self.abandon = self._twice(
            f"{name}-abandon", "Give it up…", "Yes, give it up", deeds.abandon,
            lambda one: f"leave “{one.title}” as it is; it is not sent again",
        )  # fmt: skip
        self.remote_id = ipywidgets.Text(
            description="It is there, with the id", placeholder=deeds.id_hint,
            style={"description_width": "initial"}, layout=ipywidgets.Layout(width="auto", min_width="320px"),
        )  # fmt: skip
        self.found = button("Keep this id", f"{name}-found")
        self.found.on_click(lambda _: self._clicked(self._found))
        self.edit = button("Edit it", f"{name}-edit")
        self.edit.on_click(lambda _: self._clicked(self._edited))
        self.there = _row(self.remote_id, self.found)
        acts = _row(self.edit, self.retry, self.absent, self.abandon)
        border = ipywidgets.Layout(border="1px solid #8888", padding="6px 12px", margin="0 0 8px 0", max_width="1100px")
        super().__init__([self.body, self.there, acts, self.alert], layout=border)
        self.add_class(f"{name}-case")
        self.tell(case)

    def _twice(
        self, name: str, first: str, sure: str, deed: Callable[[str], None], what: Callable[[Case], str]
    ) -> AskTwice:
        return AskTwice(
            name, (first, sure, "No"), lambda: self._clicked(lambda: deed(self._key)),
            question=lambda: question(self._wb.settings.mode, what(self._case)) if self._case else esc(""),
        )  # fmt: skip

    def tell(self, case: Case) -> None:
        """Say how it stands now; what is the same stays as it is."""
        if case == self._case:
            return
        self._case = case
        self.body.value = case_view(self._wb.settings.data, case, self._deeds.place)
        self.alert.html = ""
        show(self.retry, is_shown=bool(case.again))
        show(self.edit, is_shown=case.can_edit and self._deeds.edit is not None)
        for one in (self.absent, self.abandon, self.there):
            show(one, is_shown=bool(case.absent))

    def markup(self) -> str:
        return str(self.body.value)

    def _clicked(self, work: Callable[[], None]) -> None:
        def acted() -> None:
            self.alert.html = esc("At work…")
            try:
                work()
            finally:
                self._after()
            self.alert.html = esc("Done.")

        self.act(self._wb, acted)

    def _found(self) -> None:
        self._deeds.found(self._key, self.remote_id.value.strip())

    def _edited(self) -> None:
        if self._deeds.edit is not None:
            self._deeds.edit(self._key)


def _row(*widgets: Any) -> ipywidgets.HBox:
    """Beside each other; each row has a layout of its own, as one that is hidden hides all that share it."""
    return ipywidgets.HBox(widgets, layout=ipywidgets.Layout(flex_flow="row wrap", align_items="flex-start"))


def case_view(data: Path, case: Case, place: str) -> Html:
    """A case in words, with the page as it was."""
    head = tag("div", badge(*case.badge), " ", tag("strong", case.title), style="padding: 2px 0;")
    todo = tag("div", tag("strong", "What to do: "), case.next_step, style="padding: 2px 0;") if case.next_step else ""
    look = ""
    path = data / case.screenshot if case.screenshot else None
    if path is not None and path.is_file() and path.suffix == ".png":
        seen = picture(path.read_bytes(), alt=f"The page of {case.title} at {place}", caption="The page at that moment")
        look = tag("details", tag("summary", "Picture of the page"), seen, open="", style="max-width: 620px;")
    return join([head, tag("div", case.said, dir="auto"), todo, look])


class CasesPanel(Panel):
    """All cases of a batch or a job, as far as a page holds them."""

    def __init__(self, wb: Workbench, name: str, deeds: Deeds, after: Callable[[], None] = lambda: None) -> None:
        self._wb, self._name, self._deeds, self._after = wb, name, deeds, after
        self._cases: dict[str, CasePanel] = {}
        self._again: dict[str, str] = {}  # key → title of what may be tried again, shown or not
        self.head = LiveRegion()
        self.all = AskTwice(
            f"{name}-retry-all", ("Try all of them again…", "Yes, try all of them again", "No"), self._all_again,
            question=lambda: question(wb.settings.mode, f"try again{named(self._asked_about().values())}"),
        )  # fmt: skip
        self._asked: dict[str, str] = {}
        self.room = ipywidgets.VBox([])
        self.alert = Region()
        show(self.all, is_shown=False)
        super().__init__([self.head, self.all, self.room, self.alert])
        self.add_class(f"{name}-cases")

    def tell(self, cases: Sequence[Case]) -> None:
        """Show these: in the page's watcher, again and again."""
        shown = cases[:_MOST]
        said = _head(len(cases), len(shown))
        if self.head.html != said:
            self.head.html = said
        self._again = {one.key: one.title for one in cases if one.again}
        show(self.all, is_shown=len(self._again) > 1)
        before = list(self._cases)
        self._cases = {one.key: self._told(one) for one in shown}
        if list(self._cases) != before:
            self.room.children = list(self._cases.values())

    def _asked_about(self) -> dict[str, str]:
        """Whoever says yes means those that were named, and none that came since."""
        self._asked = dict(self._again)
        return self._asked

    def _all_again(self) -> None:
        def work() -> None:
            self._deeds.retry(list(self._asked))
            self._after()

        self.act(self._wb, work)

    def _told(self, case: Case) -> CasePanel:
        known = self._cases.get(case.key)
        if known is None:
            return CasePanel(self._wb, self._name, case, self._deeds, self._after)
        known.tell(case)
        return known

    @property
    def cases(self) -> Mapping[str, CasePanel]:
        return self._cases

    def markup(self) -> str:
        return join([self.head.html and Html(self.head.html), *(Html(one.markup()) for one in self._cases.values())])


def _head(number: int, shown: int) -> Html:
    if not number:
        return Html()
    said = f"{number} wait{'s' if number == 1 else ''} for you"
    rest = f"; the first {shown} are here, the others come up as these are dealt with" if number > shown else ""
    return note("error", tag("strong", said), rest, ".")
