"""The route table, and what surrounds every route: the key, the switches, the counting."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from workbench.sandbox.brightdata import account, control, deliver, download, snapshots, trigger
from workbench.sandbox.brightdata.accept import Refused
from workbench.sandbox.brightdata.store import Store
from workbench.sandbox.brightdata.switches import Switches
from workbench.sandbox.brightdata.world import World
from workbench.sandbox.database import Database
from workbench.sandbox.web import Answer, HangUp, Request, as_json, as_text

_BAN_AFTER: Final = 25
_BAN_WINDOW: Final = 300.0
_KEY_LENGTH: Final = 16
_PLAIN_401: Final = frozenset({"trigger", "scrape"})


@dataclass(frozen=True)
class Route:
    method: str
    path: re.Pattern[str]
    name: str  # what a switch's "on" and the counts call it
    run: Callable[..., Answer]


def _route(method: str, path: str, name: str, run: Callable[..., Answer]) -> Route:
    return Route(method, re.compile(path.replace("{id}", r"([\w.-]+)") + "/?"), name, run)


ROUTES: Final = (
    _route("POST", "/datasets/v3/trigger", "trigger", trigger.trigger),
    _route("POST", "/datasets/v3/scrape", "scrape", trigger.scrape),
    _route("GET", "/datasets/v3/progress/{id}", "progress", snapshots.progress),
    _route("GET", "/datasets/v3/snapshots", "list", snapshots.listing),
    _route("GET", "/datasets/v3/log/{id}", "log", snapshots.log),
    _route("GET", "/datasets/v3/snapshot/{id}", "download", download.download),
    _route("GET", "/datasets/v3/snapshot/{id}/parts", "parts", snapshots.parts),
    _route("GET", "/datasets/v3/snapshot/{id}/input", "input", snapshots.inputs),
    _route("POST", "/datasets/v3/snapshot/{id}/cancel", "cancel", snapshots.cancel),
    _route("POST", "/datasets/v3/snapshot/{id}/rerun", "rerun", trigger.rerun),
    _route("POST", "/datasets/v3/deliver/{id}", "deliver", deliver.deliver),
    _route("GET", "/datasets/v3/delivery/{id}", "delivery", deliver.delivery),
    _route("GET", "/datasets/list", "datasets", account.datasets),
    _route("GET", "/datasets/{id}/metadata", "metadata", account.metadata),
    _route("GET", "/customer/balance", "balance", account.balance),
    _route("GET", "/status", "status", account.status),
)
CONTROLS: Final = (
    _route("GET", "/sandbox", "about", control.about),
    _route("GET", "/sandbox/switches", "switches", control.switches),
    _route("POST", "/sandbox/switches", "switches", control.set_switches),
    _route("GET", "/sandbox/count", "count", control.count),
    _route("GET", "/sandbox/triggers", "triggers", control.triggers),
    _route("GET", "/sandbox/rows/{id}", "rows", control.rows),
    _route("POST", "/sandbox/reset", "reset", control.reset),
)


class BrightData:
    """The service behind one address."""

    name = "brightdata"

    def __init__(self, database: Database, seed: int | None, switches: dict[str, Any]) -> None:
        store = Store(database, seed)
        self.world = World(store, Switches(store), switches)
        self.world.switches.set(switches)
        self._courier = deliver.Courier(self.world)

    def start(self) -> None:
        self._courier.start()

    def stop(self) -> None:
        self.world.stopping.set()
        self._courier.stop()

    def handle(self, request: Request) -> Answer:
        if request.path.startswith("/sandbox"):
            return self._run(CONTROLS, request, lambda route, arguments: self._answer(route, request, arguments))
        answer = self._run(ROUTES, request, lambda route, arguments: self._guarded(route, request, arguments))
        self.world.store.bump(f"answer:{answer.status}")
        return answer

    def _run(
        self, routes: tuple[Route, ...], request: Request, run: Callable[[Route, tuple[Any, ...]], Answer]
    ) -> Answer:
        for route in routes:
            if route.method == request.method and (found := route.path.fullmatch(request.path)):
                return run(route, found.groups())
        return as_json({"error": "Not found"}, 404)

    def _guarded(self, route: Route, request: Request, arguments: tuple[Any, ...]) -> Answer:
        world = self.world
        world.store.bump(f"route:{route.name}")
        try:
            answer = self._refusal(route, request) or self._answer(route, request, arguments)
        except HangUp:
            world.store.bump("answer:none")
            raise
        world.stopping.wait(world.switches.delay(route.name))
        return answer

    def _answer(self, route: Route, request: Request, arguments: tuple[Any, ...]) -> Answer:
        try:
            return route.run(self.world, request, *arguments)
        except Refused as refused:
            return refused.answer

    def _refusal(self, route: Route, request: Request) -> Answer | None:
        strikes = self.world.switches.strikes
        if strikes("reset", route.name):
            raise HangUp
        if strike := strikes("ban", route.name):
            return self._too_many() if strike % 2 else as_text("Your IP is blocked, please contact support", 403)
        if (refusal := _unauthorized(route, request)) is not None:
            return refusal
        if strikes("too_many_429", route.name):
            return self._too_many()
        if strikes("forbidden_403", route.name):
            return as_json({"error": "Your token has no permission for this"}, 403)
        if strikes("server_error_500", route.name):
            return as_text("Internal server error", 500)
        return None

    def _too_many(self) -> Answer:
        """The vendor blocks an address for good after 25 of these in 5 minutes."""
        if self.world.store.add_throttled(_BAN_WINDOW) == _BAN_AFTER:
            self.world.switches.set({"ban": 1})
        seconds = f"{self.world.switches.number('retry_after_seconds'):g}"
        text = b"You have too many running jobs for this dataset"
        return Answer(429, text, "text/plain; charset=utf-8", {"Retry-After": seconds})


def _unauthorized(route: Route, request: Request) -> Answer | None:
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and len(key.strip()) >= _KEY_LENGTH:
        return None
    if route.name not in _PLAIN_401:
        return as_json({"error": "User authentication is required"}, 401)
    if not scheme:
        return as_text("Credentials are missing", 401)
    return as_text("Invalid credentials" if scheme.lower() == "bearer" else "Auth method is not supported", 401)
