"""/sandbox/…: what the stand-in was made to do, the failures it shall show, and what a person or a past would do."""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import Any, Final

from workbench.sandbox.trafficjunky import seeds, signin
from workbench.sandbox.trafficjunky.library import review
from workbench.sandbox.trafficjunky.world import COOKIE, World
from workbench.sandbox.web import Answer, Request, as_json

_REVIEWS: Final = ("pending", "approved", "rejected")
MAIN: Final = "main"


class BadRequest(ValueError):
    """A control request that cannot be done; the text says why."""


def told(run: Callable[[World, Request, dict[str, Any]], Answer]) -> Callable[[World, Request], Answer]:
    """A route that takes a JSON object, or nothing."""

    def route(world: World, request: Request) -> Answer:
        try:
            given = request.json()
            if given is not None and not isinstance(given, dict):
                raise BadRequest("send a JSON object")
            return run(world, request, given or {})
        except ValueError as error:
            return as_json({"error": str(error)}, 400)

    return route


def about(world: World, _request: Request) -> Answer:
    return as_json({"service": "trafficjunky", "pid": os.getpid(), "seed": world.store.seed})


def switches(world: World, _request: Request) -> Answer:
    return as_json(world.switches.shown())


def set_switches(world: World, _request: Request, given: dict[str, Any]) -> Answer:
    world.switches.set(given)
    return as_json(world.switches.shown())


def session(world: World, request: Request, given: dict[str, Any]) -> Answer:
    """A Playwright storage state of a signed-in account, as a past sign-in would have left it.

    `expires_in`: seconds that the cookie says it will live; fewer than none for one that is over.
    """
    life = given.get("expires_in", world.switches.number("session_idle_seconds"))
    if isinstance(life, bool) or not isinstance(life, int | float):
        raise BadRequest(f"expires_in is a number of seconds; not {json.dumps(life)}")
    issued = world.issue(_account(given))
    world.store.notes.bump(f"issued:{issued.account}")
    host = request.headers.get("host", "127.0.0.1")
    cookie = {
        "name": COOKIE,
        "value": issued.token,
        "domain": host.partition(":")[0],
        "path": "/",
        "expires": time.time() + life,
        "httpOnly": True,
        "secure": False,
        "sameSite": "Lax",
    }
    return as_json({"cookies": [cookie], "origins": []})


def solve(world: World, _request: Request, given: dict[str, Any]) -> Answer:
    return as_json({"solved": signin.solve(world, _account(given))})


def seed(world: World, _request: Request, given: dict[str, Any]) -> Answer:
    return as_json({"ids": seeds.plant(world, _account(given), given)})


def set_review(world: World, _request: Request, given: dict[str, Any]) -> Answer:
    """`{"status": …}` for the creatives of an account whose name matches `names`, or whose id is among `ids`."""
    status, names, ids = given.get("status"), str(given.get("names", "*")), given.get("ids")
    if status not in _REVIEWS:
        raise BadRequest(f"status is one of {', '.join(_REVIEWS)}; not {json.dumps(status)}")
    rows = world.store.db.all("SELECT id, name FROM tj_creative WHERE account = ?", (_account(given),))
    wanted = {str(each) for each in ids} if isinstance(ids, list) else None
    changed = [
        row["id"] for row in rows if (row["id"] in wanted if wanted is not None else fnmatchcase(row["name"], names))
    ]
    for creative_id in changed:
        world.store.decide(creative_id, status)
    return as_json({"ids": changed})


def end_sessions(world: World, _request: Request, given: dict[str, Any]) -> Answer:
    """The site forgets an account's sessions, now."""
    sql = "UPDATE tj_session SET ended = 'forgotten' WHERE account = ? AND ended IS NULL"
    return as_json({"ended": world.store.db.run(sql, (_account(given),))})


def reset(world: World, _request: Request, _given: dict[str, Any]) -> Answer:
    with world.store.db.writing():
        world.store.reset()
        world.switches.set(world.initial)
    return as_json({"ok": True})


def count(world: World, _request: Request) -> Answer:
    """What tests assert on. `received` counts files taken, by name and bytes: more than once is a duplicate."""
    review(world)
    store = world.store
    files = [dict(row) for row in store.db.all("SELECT * FROM tj_file ORDER BY number")]
    creatives = store.db.all("SELECT id, account, tab, name, review, hidden FROM tj_creative ORDER BY number")
    taken = Counter(f"{file['file']} {file['sha256']}" for file in files if file["outcome"] == "stored")
    return as_json(
        {
            "files": files,
            "received": dict(taken),
            "outcomes": dict(Counter(file["outcome"] for file in files)),
            "uploads_cut": store.notes.tallies().get("uploads_cut", 0),
            "creatives": dict(Counter(row["account"] for row in creatives)),
            "sign_ins": store.notes.tallies("sign_in:"),
            "sign_ins_refused": store.notes.tallies().get("sign_ins_refused", 0),
            "sessions_issued": store.notes.tallies("issued:"),
            "sessions_ended": dict(
                Counter(row["ended"] for row in store.db.all("SELECT ended FROM tj_session WHERE ended IS NOT NULL"))
            ),
            "requests": store.notes.tallies("route:"),
            "answers": store.notes.tallies("answer:"),
            "switches_struck": world.switches.used(),
        }
    )


def creatives(world: World, request: Request) -> Answer:
    """All cards of an account, hidden ones too, oldest first: what the site really holds."""
    review(world)
    rows = world.store.db.all(
        "SELECT id, tab, name, kind, dimensions, review, hidden FROM tj_creative WHERE account = ? ORDER BY number",
        (request.query.get("account", MAIN),),
    )
    return as_json([dict(row) for row in rows])


def _account(given: dict[str, Any]) -> str:
    account = given.get("account", MAIN)
    if not isinstance(account, str) or not account.strip():
        raise BadRequest(f"account is a text; not {json.dumps(account)}")
    return account.strip()
