"""The route table, and what surrounds every route: the key, the switches, the counting."""

from __future__ import annotations

from typing import Any, Final

from workbench.sandbox.brightdata import account, control, deliver, download, snapshots, trigger
from workbench.sandbox.brightdata.accept import Refused
from workbench.sandbox.brightdata.store import BrightDataStore
from workbench.sandbox.brightdata.switches import BrightDataSwitches
from workbench.sandbox.brightdata.world import BrightDataWorld
from workbench.sandbox.database import Database
from workbench.sandbox.routes import Route, Routes
from workbench.sandbox.service import StandIn
from workbench.sandbox.web import Answer, HangUp, Request, as_json, as_text

_BAN_AFTER: Final = 25
_BAN_WINDOW: Final = 300.0
_KEY_LENGTH: Final = 16
_PLAIN_401: Final = frozenset({"trigger", "scrape"})


ROUTES: Final = Routes(
    Route("POST", "/datasets/v3/trigger", trigger.trigger, "trigger"),
    Route("POST", "/datasets/v3/scrape", trigger.scrape, "scrape"),
    Route("GET", "/datasets/v3/progress/<snapshot_id>", snapshots.progress, "progress"),
    Route("GET", "/datasets/v3/snapshots", snapshots.listing, "list"),
    Route("GET", "/datasets/v3/log/<snapshot_id>", snapshots.log, "log"),
    Route("GET", "/datasets/v3/snapshot/<snapshot_id>", download.download, "download"),
    Route("GET", "/datasets/v3/snapshot/<snapshot_id>/parts", snapshots.parts, "parts"),
    Route("GET", "/datasets/v3/snapshot/<snapshot_id>/input", snapshots.inputs, "input"),
    Route("POST", "/datasets/v3/snapshot/<snapshot_id>/cancel", snapshots.cancel, "cancel"),
    Route("POST", "/datasets/v3/snapshot/<snapshot_id>/rerun", trigger.rerun, "rerun"),
    Route("POST", "/datasets/v3/deliver/<snapshot_id>", deliver.deliver, "deliver"),
    Route("GET", "/datasets/v3/delivery/<delivery_id>", deliver.delivery, "delivery"),
    Route("GET", "/datasets/list", account.datasets, "datasets"),
    Route("GET", "/datasets/<dataset_id>/metadata", account.metadata, "metadata"),
    Route("GET", "/customer/balance", account.balance, "balance"),
    Route("GET", "/status", account.status, "status"),
)


class BrightData(StandIn):
    name = BrightDataStore.service
    controls = control.CONTROLS
    world: BrightDataWorld

    def __init__(self, database: Database, seed: int | None, switches: dict[str, Any]) -> None:
        store = BrightDataStore(database, seed)
        self.world = BrightDataWorld(store, BrightDataSwitches(store), switches)
        self._courier = deliver.Courier(self.world)

    def start(self) -> None:
        self._courier.start()

    def stop(self) -> None:
        super().stop()
        self._courier.stop()

    def visit(self, request: Request) -> Answer:
        found = ROUTES.find(request)
        if found is None:
            return self.counted("", lambda: as_json({"error": "Not found"}, 404))
        route, values = found
        return self.counted(route.name, lambda: self._answer(route, request, values))

    def _answer(self, route: Route, request: Request, values: tuple[Any, ...]) -> Answer:
        try:
            answer = self._refusal(route, request) or route.run(self.world, request, *values)
        except Refused as refused:
            answer = refused.answer
        self.world.stopping.wait(self.world.switches.delay(route.name))
        return answer

    def _refusal(self, route: Route, request: Request) -> Answer | None:
        strikes = self.world.switches.strikes
        if strikes("reset", on=route.name):
            raise HangUp
        if struck := strikes("ban", on=route.name):
            return (
                self._too_many() if struck["number"] % 2 else as_text("Your IP is blocked, please contact support", 403)
            )
        if (refusal := _unauthorized(route, request)) is not None:
            return refusal
        if strikes("too_many_429", on=route.name):
            return self._too_many()
        if strikes("forbidden_403", on=route.name):
            return as_json({"error": "Your token has no permission for this"}, 403)
        if strikes("server_error_500", on=route.name):
            return as_text("Internal server error", 500)
        return None

    def _too_many(self) -> Answer:
        """The vendor blocks an address for good after 25 of these in 5 minutes."""
        if self.world.store.add_throttled(_BAN_WINDOW) == _BAN_AFTER:
            self.world.switches.set({"ban": 1})
        seconds = f"{self.world.switches.number('retry_after_seconds'):g}"
        return as_text("You have too many running jobs for this dataset", 429, retry_after=seconds)


def _unauthorized(route: Route, request: Request) -> Answer | None:
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and len(key.strip()) >= _KEY_LENGTH:
        return None
    if route.name not in _PLAIN_401:
        return as_json({"error": "User authentication is required"}, 401)
    if not scheme:
        return as_text("Credentials are missing", 401)
    return as_text("Invalid credentials" if scheme.lower() == "bearer" else "Auth method is not supported", 401)
