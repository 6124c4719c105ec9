"""The route table, and what surrounds every route: counting, delays, broken answers, gates."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from workbench.sandbox.database import Database
from workbench.sandbox.marketplace import control, form, gates, pages, publish, selling, signin
from workbench.sandbox.marketplace.store import MarketplaceStore
from workbench.sandbox.marketplace.switches import MarketplaceSwitches
from workbench.sandbox.marketplace.world import MarketplaceWorld, Visit
from workbench.sandbox.routes import Route, Routes
from workbench.sandbox.service import StandIn
from workbench.sandbox.web import Answer, HangUp, Request, redirect


def _page(path: str, name: str, run: Callable[..., Answer]) -> Route:
    """A page that sends strangers to the login."""
    return Route("GET", path, run, name, "page")


def _call(name: str, run: Callable[..., Answer], path: str = "/api/graphql/") -> Route:
    """A call of the site's script, which is told where to go instead."""
    return Route("POST", path, run, name, "call")


ROUTES: Final = Routes(
    _page("/", "home", pages.home),
    _page("/marketplace", "market", pages.market),
    _page("/marketplace/create", "chooser", pages.chooser),
    _page("/marketplace/create/item", "create", form.create),
    _page("/marketplace/edit", "edit", form.edit),
    _page("/marketplace/you/selling", "selling", selling.selling),
    _page("/marketplace/item/<int:number>", "item", selling.item),
    _page("/commerce/listing/<int:number>", "review", selling.item),
    _page("/checkpoint/<int:number>", "checkpoint", pages.checkpoint),
    Route("GET", "/login", signin.login, "login"),
    Route("GET", "/login.php", signin.login, "login"),
    Route("POST", "/login/device-based/regular/login", signin.log_in, "login"),
    Route("GET", "/login/waiting", signin.waiting, "waiting"),
    Route("GET", "/login/done", signin.done, "done"),
    Route("GET", "/two_step_verification/two_factor", signin.two_factor, "two_factor"),
    Route("POST", "/two_step_verification/two_factor", signin.enter_code, "two_factor"),
    Route("GET", "/recaptcha/api2/<name>", pages.challenge, "challenge"),
    Route("GET", "/static/<name>", pages.static, "static"),
    _call("person", signin.person, "/person/"),
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
_LOST: Final = Route("GET", "", pages.not_found, "lost")
# These pages must open where another would not: they are where a person lifts what stands in the way.
_UNGATED: Final = frozenset({"checkpoint", "person"})


class Marketplace(StandIn):
    name = MarketplaceStore.service
    controls = control.CONTROLS
    world: MarketplaceWorld

    def __init__(self, database: Database, seed: int | None, switches: dict[str, Any]) -> None:
        store = MarketplaceStore(database, seed)
        self.world = MarketplaceWorld(store, MarketplaceSwitches(store.notes), switches)

    def visit(self, request: Request) -> Answer:
        route, values = _found(request)
        account, xs = signin.asking(self.world, request)
        visit = Visit(self.world, request, route.name, account, xs)
        if route.name == "publish":
            self.world.notes.bump(f"publish:{visit.label}")  # counted before anything stops it
        try:
            answer = self.counted(route.name, lambda: self._guarded(route, visit, values))
        except HangUp:
            self.world.dropped.add(visit.click)
            raise
        if visit.setting("connections") == "closed":
            answer.headers["Connection"] = "close"
        return answer

    def _guarded(self, route: Route, visit: Visit, values: tuple[Any, ...]) -> Answer:
        if route.needs:
            if broken := gates.wire(visit):
                return broken
            if stopped := _stopped(route, visit):
                return stopped
        return route.run(visit, *values)


def _stopped(route: Route, visit: Visit) -> Answer | None:
    if route.name in _UNGATED:
        return None if visit.account else redirect("/login/")
    if route.name == "home" and visit.account is None:
        return signin.login(visit)
    return gates.page(visit) if route.needs == "page" else gates.call(visit)


def _found(request: Request) -> tuple[Route, tuple[Any, ...]]:
    if request.path == "/api/graphql/" and request.method == "POST":
        return CALLS.get(request.headers.get("x-fb-friendly-name", ""), _LOST), ()
    return ROUTES.find(request) or (_LOST, ())
