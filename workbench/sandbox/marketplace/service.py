"""The route table, and what surrounds every route: counting, delays, broken answers, gates."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

from workbench.sandbox.database import Database
from workbench.sandbox.marketplace import control, form, gates, pages, publish, selling, signin
from workbench.sandbox.marketplace.store import Store
from workbench.sandbox.marketplace.switches import SiteSwitches
from workbench.sandbox.marketplace.world import Visit, World
from workbench.sandbox.web import Answer, HangUp, Request, as_json


@dataclass(frozen=True)
class Route:
    method: str
    path: re.Pattern[str]
    name: str  # what a switch's "on" and the counts call it
    run: Callable[..., Answer]
    # Who gets in: a page sends strangers to the login, a call tells the script, an open route asks nobody.
    kind: Literal["open", "page", "call"] = "open"


def _open(method: str, path: str, name: str, run: Callable[..., Answer]) -> Route:
    return Route(method, re.compile(path.replace("{id}", r"([\w.-]+)") + "/?"), name, run)


def _page(path: str, name: str, run: Callable[..., Answer]) -> Route:
    return Route("GET", re.compile(path.replace("{id}", r"(\d+)") + "/?"), name, run, "page")


def _call(name: str, run: Callable[..., Answer], path: str = "/api/graphql/") -> Route:
    return Route("POST", re.compile(path), name, run, "call")


ROUTES: Final = (
    _page("/", "home", pages.home),
    _page("/marketplace", "market", pages.market),
    _page("/marketplace/create", "chooser", pages.chooser),
    _page("/marketplace/create/item", "create", form.create),
    _page("/marketplace/edit", "edit", form.edit),
    _page("/marketplace/you/selling", "selling", selling.selling),
    _page("/marketplace/item/{id}", "item", selling.item),
    _page("/commerce/listing/{id}", "review", selling.item),
    _page("/checkpoint/{id}", "checkpoint", pages.checkpoint),
    _open("GET", "/login(?:\\.php)?", "login", signin.login),
    _open("POST", "/login/device-based/regular/login", "login", signin.log_in),
    _open("GET", "/login/waiting", "waiting", signin.waiting),
    _open("GET", "/login/done", "done", signin.done),
    _open("GET", "/two_step_verification/two_factor", "two_factor", signin.two_factor),
    _open("POST", "/two_step_verification/two_factor", "two_factor", signin.enter_code),
    _open("GET", "/recaptcha/api2/{id}", "challenge", pages.challenge),
    _open("GET", "/static/{id}", "static", pages.static),
    Route("POST", re.compile("/person/"), "person", signin.person, "call"),
    _call("photo", publish.photo, "/ajax/marketplace/photo/"),
    _call("greyed", publish.greyed, "/ajax/bz/"),
)
# The one address of the script's calls tells them apart by their friendly name.
CALLS: Final = {
    "MarketplaceLocationQuery": _call("location", publish.location),
    "MarketplaceComposerStepMutation": _call("step", publish.step),
    "MarketplaceCreateListingMutation": _call("publish", publish.publish),
    "MarketplaceSaveDraftMutation": _call("draft", publish.draft),
    "MarketplaceEditListingMutation": _call("update", publish.update),
    "MarketplaceYouSellingFeedQuery": _call("more", selling.more),
}
CONTROLS: Final = (
    _open("GET", "/sandbox", "about", control.about),
    _open("GET", "/sandbox/switches", "switches", control.switches),
    _open("POST", "/sandbox/switches", "switches", control.set_switches),
    _open("GET", "/sandbox/count", "count", control.count),
    _open("POST", "/sandbox/session", "session", control.session),
    _open("POST", "/sandbox/solve", "solve", control.solve),
    _open("POST", "/sandbox/seed", "seed", control.seed),
    _open("POST", "/sandbox/end_sessions", "end_sessions", control.end_sessions),
    _open("POST", "/sandbox/reset", "reset", control.reset),
)
# These pages must open where another would not: they are where a person lifts what stands in the way.
_UNGATED: Final = frozenset({"checkpoint", "person"})


class Marketplace:
    """The service behind one address."""

    name = "marketplace"

    def __init__(self, database: Database, seed: int | None, switches: dict[str, Any]) -> None:
        store = Store(database, seed)
        self.world = World(store, SiteSwitches(store.notes), switches)
        self.world.switches.set(switches)

    def start(self) -> None:
        """Nothing runs by itself here; the site answers."""

    def stop(self) -> None:
        self.world.stopping.set()

    def handle(self, request: Request) -> Answer:
        if request.path.startswith("/sandbox"):
            return self._control(request)
        notes = self.world.store.notes
        route, arguments = _found(request)
        account, xs = signin.asking(self.world, request)
        visit = Visit(self.world, request, route.name, account, xs)
        notes.bump(f"route:{route.name}")
        if route.name == "publish":
            notes.bump(f"publish:{visit.label}")  # counted before anything stops it
        try:
            answer = self._guarded(route, visit, arguments)
        except HangUp:
            notes.bump("answer:none")
            self.world.dropped.add(visit.click)
            raise
        notes.bump(f"answer:{answer.status}")
        if visit.setting("connections") == "closed":
            return replace(answer, headers={**answer.headers, "Connection": "close"})
        return answer

    def _control(self, request: Request) -> Answer:
        for route in CONTROLS:
            if route.method == request.method and route.path.fullmatch(request.path):
                try:
                    return route.run(self.world, request)
                except control.Refused as refused:
                    return as_json({"error": str(refused)}, 400)
        return as_json({"error": "Not found"}, 404)

    def _guarded(self, route: Route, visit: Visit, arguments: tuple[str, ...]) -> Answer:
        if route.kind != "open":
            if broken := gates.wire(visit):
                return broken
            if stopped := _stopped(route, visit):
                return stopped
        return route.run(visit, *arguments)


def _stopped(route: Route, visit: Visit) -> Answer | None:
    if route.name in _UNGATED:
        return None if visit.account else pages.redirect("/login/")
    if route.name == "home" and visit.account is None:
        return signin.login(visit)
    return gates.page(visit) if route.kind == "page" else gates.call(visit)


def _found(request: Request) -> tuple[Route, tuple[str, ...]]:
    if request.path == "/api/graphql/" and request.method == "POST":
        route = CALLS.get(request.headers.get("x-fb-friendly-name", ""))
        return (route, ()) if route else (_LOST, ())
    for route in ROUTES:
        if route.method == request.method and (found := route.path.fullmatch(request.path)):
            return route, found.groups()
    return _LOST, ()


_LOST: Final = _open("GET", "", "lost", pages.not_found)
