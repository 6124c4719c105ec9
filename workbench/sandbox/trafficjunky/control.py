"""/sandbox/…: what the site was made to do, and what a person or a past would do."""

from __future__ import annotations

import json
from collections import Counter
from fnmatch import fnmatchcase
from typing import Final

from workbench.sandbox.control import COMMON, BadCall, account_of, given, seconds_of
from workbench.sandbox.routes import Route, Routes
from workbench.sandbox.signin import storage_state
from workbench.sandbox.trafficjunky import seeds, signin
from workbench.sandbox.trafficjunky.library import review
from workbench.sandbox.trafficjunky.world import COOKIE, TrafficJunkyWorld
from workbench.sandbox.web import Answer, Request, as_json

_REVIEWS: Final = ("pending", "approved", "rejected")
MAIN: Final = "main"


def session(world: TrafficJunkyWorld, request: Request) -> Answer:
    """A Playwright storage state of a signed-in account, as a past sign-in would have left it.

    `expires_in`: seconds that the cookie says it will live; fewer than none for one that is over.
    """
    said = given(request)
    life = seconds_of(said, "expires_in", world.switches.number("session_idle_seconds"))
    issued = world.issue(account_of(said, MAIN))
    world.notes.bump(f"issued:{issued.account}")
    return as_json(storage_state(request, life, {COOKIE: issued.token}))


def solve(world: TrafficJunkyWorld, request: Request) -> Answer:
    return as_json({"solved": signin.solve(world, account_of(given(request), MAIN))})


def seed(world: TrafficJunkyWorld, request: Request) -> Answer:
    said = given(request)
    return as_json({"ids": seeds.plant(world, account_of(said, MAIN), said)})


def set_review(world: TrafficJunkyWorld, request: Request) -> Answer:
    """`{"status": …}` for the creatives of an account whose name matches `names`, or whose id is among `ids`."""
    said = given(request)
    status, names, ids = said.get("status"), str(said.get("names", "*")), said.get("ids")
    if status not in _REVIEWS:
        raise BadCall(f"status is one of {', '.join(_REVIEWS)}; not {json.dumps(status)}")
    rows = world.store.db.all("SELECT id, name FROM tj_creative WHERE account = ?", (account_of(said, MAIN),))
    wanted = {str(each) for each in ids} if isinstance(ids, list) else None
    changed = [
        row["id"] for row in rows if (row["id"] in wanted if wanted is not None else fnmatchcase(row["name"], names))
    ]
    for creative_id in changed:
        world.store.decide(creative_id, status)
    return as_json({"ids": changed})


def end_sessions(world: TrafficJunkyWorld, request: Request) -> Answer:
    """The site forgets an account's sessions, now."""
    sql = "UPDATE tj_session SET ended = 'forgotten' WHERE account = ? AND ended IS NULL"
    return as_json({"ended": world.store.db.run(sql, (account_of(given(request), MAIN),))})


def count(world: TrafficJunkyWorld, _request: Request) -> Answer:
    """What tests assert on. `received` counts files taken, by name and bytes: more than once is a duplicate."""
    review(world)
    store, notes = world.store, world.notes
    files = [dict(row) for row in store.db.all("SELECT * FROM tj_file ORDER BY number")]
    creatives = store.db.all("SELECT id, account, tab, name, review, hidden FROM tj_creative ORDER BY number")
    taken = Counter(f"{file['file']} {file['sha256']}" for file in files if file["outcome"] == "stored")
    return as_json(
        {
            "files": files,
            "received": dict(taken),
            "outcomes": dict(Counter(file["outcome"] for file in files)),
            "uploads_cut": notes.tallies().get("uploads_cut", 0),
            "creatives": dict(Counter(row["account"] for row in creatives)),
            "sign_ins": notes.tallies("sign_in:"),
            "sign_ins_refused": notes.tallies().get("sign_ins_refused", 0),
            "sessions_issued": notes.tallies("issued:"),
            "sessions_ended": dict(
                Counter(row["ended"] for row in store.db.all("SELECT ended FROM tj_session WHERE ended IS NOT NULL"))
            ),
            "requests": notes.tallies("route:"),
            "answers": notes.tallies("answer:"),
            "switches_struck": world.switches.used(),
        }
    )


def creatives(world: TrafficJunkyWorld, request: Request) -> Answer:
    """All cards of an account, hidden ones too, oldest first: what the site really holds."""
    review(world)
    rows = world.store.db.all(
        "SELECT id, tab, name, kind, dimensions, review, hidden FROM tj_creative WHERE account = ? ORDER BY number",
        (request.args.get("account", MAIN),),
    )
    return as_json([dict(row) for row in rows])


CONTROLS: Final = Routes(
    *COMMON,
    Route("GET", "/sandbox/count", count),
    Route("GET", "/sandbox/creatives", creatives),
    Route("POST", "/sandbox/session", session),
    Route("POST", "/sandbox/end_sessions", end_sessions),
    Route("POST", "/sandbox/solve", solve),
    Route("POST", "/sandbox/seed", seed),
    Route("POST", "/sandbox/review", set_review),
)
