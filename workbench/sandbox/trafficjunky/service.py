"""The route table, and what surrounds every route: the session, the switches, the counting."""

from __future__ import annotations

from typing import Any, Final

from workbench.sandbox.database import Database
from workbench.sandbox.routes import Route, Routes
from workbench.sandbox.service import StandIn
from workbench.sandbox.switches import Switches
from workbench.sandbox.trafficjunky import control, library, pages, receive, signin
from workbench.sandbox.trafficjunky.store import TrafficJunkyStore
from workbench.sandbox.trafficjunky.switches import SPECS
from workbench.sandbox.trafficjunky.world import Session, TrafficJunkyWorld
from workbench.sandbox.web import Answer, HangUp, Request, as_json, as_text

_APP: Final = "/<any('media-library', 'campaign', 'campaigns', 'dashboard'):page>"
ROUTES: Final = Routes(
    Route("GET", "/sign-in", signin.show, "sign_in"),
    Route("POST", "/sign-in", signin.sign_in, "sign_in"),
    Route("GET", "/sign-in/code", signin.show_code, "sign_in"),
    Route("POST", "/sign-in/code", signin.enter_code, "sign_in"),
    Route("GET", "/sign-out", signin.sign_out),
    Route("GET", "/recaptcha/anchor", signin.anchor),
    Route("GET", "/recaptcha/picture", signin.picture),
    Route("GET", "/recaptcha/status", signin.status),
    Route("POST", "/recaptcha/answer", signin.answer),
    Route("GET", "/favicon.ico", pages.no_icon),
    Route("GET", "/assets/<name>", pages.asset),
    Route("GET", "/api/session", library.who, "session", "session"),
    Route("GET", "/media-library/creatives", library.creatives, "library", "session"),
    Route("POST", "/media-library/upload", receive.upload, "upload", "session"),
    # The app's addresses are its script's business.
    *(Route("GET", path, library.show, "shell", "maybe") for path in ("/", _APP, f"{_APP}/<path:rest>")),
)


class TrafficJunky(StandIn):
    name = TrafficJunkyStore.service
    controls = control.CONTROLS
    world: TrafficJunkyWorld

    def __init__(self, database: Database, seed: int | None, switches: dict[str, Any]) -> None:
        store = TrafficJunkyStore(database, seed)
        self.world = TrafficJunkyWorld(store, Switches(store.notes, SPECS), switches)

    def visit(self, request: Request) -> Answer:
        found = ROUTES.find(request)
        if found is None:
            return as_text("Not found", 404)
        route, values = found
        if not route.name:
            return route.run(self.world, request, *values)
        session = self.world.session(request) if route.needs else None
        about = {"on": route.name, "account": session.account if session else ""}
        answer = self.counted(route.name, lambda: self._answer(route, request, session, about))
        if delay := self.world.switches.strikes("slow", **about):
            self.world.stopping.wait(delay["seconds"])
        return answer

    def _answer(self, route: Route, request: Request, session: Session | None, about: dict[str, str]) -> Answer:
        world = self.world
        if refusal := self._refusal(about):
            return refusal
        if not route.needs:
            return route.run(world, request)
        if session is not None and world.switches.runs_out("session_expires_after", **about):
            world.end(session, "expired")
            session = None
        if session is None:
            return library.show(world, request, None) if route.needs == "maybe" else self._stranger(about)
        world.use(session)
        answer = self._challenged(route, session, about) or route.run(world, request, session)
        return world.give_cookie(answer, session)

    def _stranger(self, about: dict[str, str]) -> Answer:
        stays = self.world.switches.strikes("shell_without_login", **about) is not None
        return as_json({"message": "Unauthenticated.", "stay": stays}, 401)

    def _refusal(self, about: dict[str, str]) -> Answer | None:
        strikes = self.world.switches.strikes
        if strikes("reset", **about):
            raise HangUp
        if strikes("error_500", **about):
            return as_text("Server Error", 500)
        if struck := strikes("too_many_429", **about):
            return as_text("Too Many Attempts.", 429, retry_after=f"{struck['retry_after']:g}")
        return None

    def _challenged(self, route: Route, session: Session, about: dict[str, str]) -> Answer | None:
        """In mid-session: whatever is asked for, a person comes first. The shell itself is never kept back."""
        world = self.world
        challenge = world.open_challenge(session)
        if challenge is None and world.switches.strikes("captcha", **about):
            challenge = world.challenge("captcha", session)
        if challenge is None or route.needs == "maybe":
            return None
        return as_json({"error": "Please confirm you're human", "challenge": challenge}, 403)
