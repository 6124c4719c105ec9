"""Selector packs: what a site's pages are made of, as dated data. One file per site and language in packs/.

A selector has candidates, tried in order. Each must name exactly one element: two that fit are as wrong as none.
"""

from __future__ import annotations

import time
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, reduce
from pathlib import Path
from typing import Any, Final, cast

from playwright.sync_api import Locator, Page

from workbench.errors import BadInput, Fault, UiChanged

FOLDER: Final = Path(__file__).with_name("packs")
PATIENCE: Final = 5.0  # seconds for a required element to appear
_LOOK_MS: Final = 80

Scope = Page | Locator


@dataclass(frozen=True)
class LocatorCandidate:
    """One way to find an element."""

    css: str | None = None
    xpath: str | None = None
    role: str | None = None
    name: str | None = None
    label: str | None = None
    text: str | None = None
    has_text: str | None = None  # narrows the others
    exact: bool = True
    visible: bool = False  # hidden twins do not count

    def on(self, scope: Scope) -> Locator:
        found = self._found(scope)
        if self.has_text:
            found = found.filter(has_text=self.has_text)
        return found.filter(visible=True) if self.visible else found

    def _found(self, scope: Scope) -> Locator:
        if self.css:
            return scope.locator(self.css)
        if self.xpath:
            return scope.locator(f"xpath={self.xpath}")
        if self.role:
            named: dict[str, Any] = {"name": self.name, "exact": self.exact} if self.name else {}
            return scope.get_by_role(cast("Any", self.role), **named)
        if self.label:
            return scope.get_by_label(self.label, exact=self.exact)
        return scope.get_by_text(self.text or "", exact=self.exact)

    def __str__(self) -> str:
        said = {name: value for name, value in vars(self).items() if isinstance(value, str)}
        return " ".join(f"{name} {value!r}" for name, value in said.items())


@dataclass(frozen=True)
class Selector:
    name: str
    page: str  # the page of ours that it belongs to; "" = every page
    candidates: tuple[LocatorCandidate, ...]
    required: bool = False


@dataclass(frozen=True)
class Probe:
    """What one selector finds on a page."""

    name: str
    page: str
    required: bool
    found: int
    by: str | None  # the candidate that named exactly one, or the first that found any

    @property
    def is_good(self) -> bool:
        return self.found > 0 or not self.required


@dataclass(frozen=True)
class SelectorPack:
    """The selectors, markers and texts of one site in one language."""

    site: str
    language: str
    version: int
    last_verified: str
    selectors: Mapping[str, Selector]
    positive: tuple[str, ...] = ()  # CSS that only somebody who is logged in sees
    negative: tuple[str, ...] = ()  # CSS of login forms
    mask: tuple[str, ...] = ()  # CSS of what no screenshot shows: name, e-mail, balance
    pages: Mapping[str, str] = field(default_factory=dict)  # those that can be opened by their path
    rules: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)  # urls, dom, texts per page state

    def one(self, scope: Scope, name: str, *, wait: float = PATIENCE) -> Locator:
        """The element; raises UiChanged when it does not appear in time, or when several fit."""
        selector = self._selector(name)
        last = time.monotonic() + wait
        page = scope if isinstance(scope, Page) else scope.page
        while True:
            single = self.maybe(scope, name)
            if single is not None:
                return single
            if time.monotonic() >= last:
                raise self._changed(selector, max(one.on(scope).count() for one in selector.candidates))
            page.wait_for_timeout(_LOOK_MS)

    def maybe(self, scope: Scope, name: str) -> Locator | None:
        """The element if it is there now, exactly once."""
        return next((locator for locator, count in self._found(scope, name) if count == 1), None)

    def many(self, scope: Scope, name: str) -> Locator:
        """All of them now: by the first candidate that finds any."""
        found = next((locator for locator, count in self._found(scope, name) if count), None)
        return self._selector(name).candidates[0].on(scope) if found is None else found

    def anything(self, scope: Scope, *names: str) -> Locator:
        """Whatever any candidate of these selectors finds: for asking, in one question, whether there is anything."""
        located = (candidate.on(scope) for name in names for candidate in self._selector(name).candidates)
        return reduce(Locator.or_, located)

    def _found(self, scope: Scope, name: str) -> Iterator[tuple[Locator, int]]:
        """Each candidate with how many it finds; where the first finds none, the others are asked for in one question.

        A question to the page costs milliseconds, and most of what is looked for most of the time is not there.
        """
        first, *others = (candidate.on(scope) for candidate in self._selector(name).candidates)
        count = first.count()
        yield first, count
        if count == 0 and len(others) > 1 and not reduce(Locator.or_, others).count():
            return
        for locator in others:
            yield locator, locator.count()

    def require(self, page: Page, where: str, *, wait: float = PATIENCE) -> None:
        """Wait for all that the page `where` must have; UiChanged names the first that is missing."""
        names = [one.name for one in self.selectors.values() if one.required and one.page == where]
        if not names:
            raise BadInput(f"the pack {self} knows no page {where!r} with required selectors.")
        for name in names:
            self.one(page, name, wait=wait)

    def probe(self, page: Page, where: str) -> list[Probe]:
        """What each selector of the page `where` finds at this moment."""
        return [self._probe(page, one) for one in self.selectors.values() if one.page in {"", where}]

    @staticmethod
    def _probe(page: Page, selector: Selector) -> Probe:
        found = []
        for candidate in selector.candidates:
            found.append((candidate.on(page).count(), candidate))
            if found[-1][0] == 1:
                break
        count, by = found[-1] if found[-1][0] == 1 else max(found, key=lambda one: one[0])
        return Probe(selector.name, selector.page, selector.required, count, str(by) if count else None)

    def _selector(self, name: str) -> Selector:
        try:
            return self.selectors[name]
        except KeyError:
            raise BadInput(f"the pack {self} has no selector {name!r}.") from None

    def _changed(self, selector: Selector, count: int) -> UiChanged:
        what = "is not there" if count == 0 else f"is there {count} times"
        tried = "; ".join(map(str, selector.candidates))
        return UiChanged(
            f"{self.site}: {selector.name} {what} (page {selector.page or 'any'}; tried {tried}; pack {self}). "
            f"The site has changed: workbench browser probe --site {self.site} shows what is still found.",
            fault=Fault(kind="ui_changed"),
        )

    def __str__(self) -> str:
        return f"{self.site}.{self.language} {self.version}, last verified {self.last_verified}"


@cache
def load_pack(site: str, language: str = "en") -> SelectorPack:
    path = FOLDER / f"{site}.{language}.toml"
    try:
        return _read(tomllib.loads(path.read_text("utf-8")))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadInput(f"the selector pack {path.name} cannot be read: {error!r}.") from error


def _read(raw: Mapping[str, Any]) -> SelectorPack:
    selectors = [
        Selector(
            name=one["name"],
            page=one.get("page", ""),
            required=one.get("required", False),
            candidates=tuple(LocatorCandidate(**each) for each in one["candidates"]),
        )
        for one in raw["selector"]
    ]
    named = {one.name: one for one in selectors}
    if len(named) != len(selectors):
        raise ValueError("two selectors share a name")
    return SelectorPack(
        site=raw["site"],
        language=raw["language"],
        version=raw["version"],
        last_verified=raw["last_verified"],
        selectors=named,
        positive=tuple(raw["positive"]),
        negative=tuple(raw["negative"]),
        mask=tuple(raw["mask"]),
        pages=dict(raw["pages"]),
        rules={kind: {state: tuple(each) for state, each in raw[kind].items()} for kind in ("urls", "dom", "texts")},
    )
