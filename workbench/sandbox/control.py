"""/sandbox/…: what every stand-in is told by tests and by the person who practises, and how such a call is refused."""

from __future__ import annotations

import json
import os
from typing import Any, Final

from workbench.sandbox.routes import Route
from workbench.sandbox.web import Answer, Request, as_json
from workbench.sandbox.world import World

AnyWorld = World[Any, Any]


class BadCall(ValueError):
    """A control call that cannot be done; the text says why."""


def about(world: AnyWorld, _request: Request) -> Answer:
    return as_json({"service": world.notes.service, "pid": os.getpid(), "seed": world.store.seed})


def switches(world: AnyWorld, _request: Request) -> Answer:
    return as_json(world.switches.shown())


def set_switches(world: AnyWorld, request: Request) -> Answer:
    world.switches.set(_said(request))
    return as_json(world.switches.shown())


def reset(world: AnyWorld, _request: Request) -> Answer:
    world.reset()
    return as_json({"ok": True})


COMMON: Final = (
    Route("GET", "/sandbox", about),
    Route("GET", "/sandbox/switches", switches),
    Route("POST", "/sandbox/switches", set_switches),
    Route("POST", "/sandbox/reset", reset),
)


def given(request: Request) -> dict[str, Any]:
    """The JSON object of a call; one that says nothing is an empty one."""
    said = _said(request)
    if said is not None and not isinstance(said, dict):
        raise BadCall('send a JSON object, e.g. {"account": "anna"}')
    return said or {}


def _said(request: Request) -> Any:
    try:
        return request.read_json()
    except ValueError as error:
        raise BadCall(f"the body is no JSON: {error}") from error


def account_of(said: dict[str, Any], usual: str = "") -> str:
    account = said.get("account", usual)
    if not isinstance(account, str) or not account.strip():
        raise BadCall(f"account is a text; not {json.dumps(account)}")
    return account.strip()


def seconds_of(said: dict[str, Any], name: str, usual: float) -> float:
    seconds = said.get(name, usual)
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        raise BadCall(f"{name} is a number of seconds; not {json.dumps(seconds)}")
    return seconds
