"""The route table, and what surrounds every route: the session, the switches, the counting."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

from workbench.sandbox.database import Database
from workbench.sandbox.switches import Switches
from workbench.sandbox.trafficjunky import control, library, pages, receive, signin
from workbench.sandbox.trafficjunky.store import Store
from workbench.sandbox.trafficjunky.switches import SPECS
from workbench.sandbox.trafficjunky.world import Session, World
from workbench.sandbox.web import Answer, HangUp, Request, as_json, as_text


@dataclass(frozen=True)
class Route:
    method: str
    path: re.Pattern[str]
    run: Callable[..., Answer]
    name: str = ""  # what a switch's "on" and the counts call it; files and controls have none
    takes: str = ""  # "session": refused without one; "maybe": also without one


def _route(method: str, path: str, run: Callable[..., Answer], name: str = "", takes: str = "") -> Route:
    return Route(method, re.compile(path), run, name, takes)


ROUTES: Final = (
    _route("GET", r"/sign-in/?", signin.show, "sign_in"),
    _route("POST", r"/sign-in/?", signin.sign_in, "sign_in"),
    _route("GET", r"/sign-in/code", signin.show_code, "sign_in"),
    _route("POST", r"/sign-in/code", signin.enter_code, "sign_in"),
    _route("GET", r"/sign-out", signin.sign_out),
    _route("GET", r"/recaptcha/anchor", signin.anchor),
    _route("GET", r"/recaptcha/picture", signin.picture),
    _route("GET", r"/recaptcha/status", signin.status),
    _route("POST", r"/recaptcha/answer", signin.answer),
    _route("GET", r"/favicon\.ico", pages.no_icon),
    _route("GET", r"/assets/([\w.-]+)", pages.asset),
    _route("GET", r"/api/session", library.who, "session", "session"),
    _route("GET", r"/media-library/creatives", library.creatives, "library", "session"),
    _route("POST", r"/media-library/upload", receive.upload, "upload", "session"),
    # The app's addresses are its script's business.
    _route("GET", r"/|/(?:media-library|campaigns?|dashboard)(?:/.*)?", library.show, "shell", "maybe"),
)
CONTROLS: Final = (
    _route("GET", "/sandbox", control.about),
    _route("GET", "/sandbox/switches", control.switches),
    _route("POST", "/sandbox/switches", control.told(control.set_switches)),
    _route("GET", "/sandbox/count", control.count),
    _route("GET", "/sandbox/creatives", control.creatives),
    _route("POST", "/sandbox/session", control.told(control.session)),
    _route("POST", "/sandbox/end_sessions", control.told(control.end_sessions)),
    _route("POST", "/sandbox/solve", control.told(control.solve)),
    _route("POST", "/sandbox/seed", control.told(control.seed)),
    _route("POST", "/sandbox/review", control.told(control.set_review)),
    _route("POST", "/sandbox/reset", control.told(control.reset)),
)


class TrafficJunky:
    """The service behind one address."""

    name = "trafficjunky"

    def __init__(self, database: Database, seed: int | None, switches: dict[str, Any]) -> None:
        store = Store(database, seed)
        self.world = World(store, Switches(store.notes, SPECS), switches)
        self.world.switches.set(switches)

    def start(self) -> None:
        """Nothing runs beside the requests."""

    def stop(self) -> None:
        self.world.stopping.set()

    def handle(self, request: Request) -> Answer:
        for route in CONTROLS if request.path.startswith("/sandbox") else ROUTES:
            if route.method == request.method and (found := route.path.fullmatch(request.path)):
                return self._counted(route, request) if route.name else route.run(self.world, request, *found.groups())
        return as_text("Not found", 404)

    def _counted(self, route: Route, request: Request) -> Answer:
        world = self.world
        world.store.notes.bump(f"route:{route.name}")
        session = world.session(request) if route.takes else None
        about = {"on": route.name, "account": session.account if session else ""}
        try:
            answer = self._answer(route, request, session, about)
        except HangUp:
            world.store.notes.bump("answer:none")
            raise
        world.store.notes.bump(f"answer:{answer.status}")
        if delay := world.switches.strikes("slow", **about):
            world.stopping.wait(delay["seconds"])
        return answer

    def _answer(self, route: Route, request: Request, session: Session | None, about: dict[str, str]) -> Answer:
        world = self.world
        if refusal := self._refusal(about):
            return refusal
        if not route.takes:
            return route.run(world, request)
        if session is not None and world.switches.runs_out("session_expires_after", **about):
            world.end(session, "expired")
            session = None
        if session is None:
            return library.show(world, request, None) if route.takes == "maybe" else self._stranger(about)
        world.use(session)
        answer = self._challenged(route, session, about) or route.run(world, request, session)
        return replace(answer, headers={**answer.headers, **world.cookie(session)})

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
            headers = {"Retry-After": f"{struck['retry_after']:g}"}
            return Answer(429, b"Too Many Attempts.", "text/plain; charset=utf-8", headers)
        return None

    def _challenged(self, route: Route, session: Session, about: dict[str, str]) -> Answer | None:
        """In mid-session: whatever is asked for, a person comes first. The shell itself is never kept back."""
        world = self.world
        challenge = world.open_challenge(session)
        if challenge is None and world.switches.strikes("captcha", **about):
            challenge = world.challenge("captcha", session)
        if challenge is None or route.takes == "maybe":
            return None
        return as_json({"error": "Please confirm you're human", "challenge": challenge}, 403)
