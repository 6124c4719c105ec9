"""The sign-in: a challenge that a person solves, then credentials; any name is an account of its own.

Passwords are looked at and forgotten.
"""

from __future__ import annotations

import time
from typing import Final

from workbench.sandbox.database import Row
from workbench.sandbox.trafficjunky.pages import page, texts
from workbench.sandbox.trafficjunky.world import TrafficJunkyWorld
from workbench.sandbox.web import Answer, Request, as_json, as_text, redirect

_LEAST_PASSWORD: Final = 8
_CODE_DIGITS: Final = 6
_MOST_NAME: Final = 80
# A page that asks so often is open in a browser somewhere.
_OPEN_SECONDS: Final = 3.0


def show(world: TrafficJunkyWorld, _request: Request) -> Answer:
    return page(world, "signin", challenge=world.challenge("sign_in"))


def sign_in(world: TrafficJunkyWorld, request: Request) -> Answer:
    given = request.form
    challenge = _challenge(world, given.get("g-recaptcha-response", ""))
    if challenge is None or challenge["solved"] is None or challenge["used"]:
        return _again(world, "unsolved")
    _spend(world, challenge)
    account = given.get("username", "").strip()
    if not 0 < len(account) <= _MOST_NAME or len(given.get("password", "")) < _LEAST_PASSWORD:
        world.store.notes.bump("sign_ins_refused")
        return _again(world, "unknown_login")
    if world.switches.strikes("code", account=account):
        return redirect(f"/sign-in/code?c={world.challenge('code', account=account)}")
    return _welcome(world, account)


def _again(world: TrafficJunkyWorld, why: str) -> Answer:
    return page(world, "signin", challenge=world.challenge("sign_in"), error=texts(world)[why])


def show_code(world: TrafficJunkyWorld, request: Request) -> Answer:
    return page(world, "code", challenge=request.args.get("c", ""))


def enter_code(world: TrafficJunkyWorld, request: Request) -> Answer:
    """Any six digits will do: no mail was sent."""
    given = request.form
    challenge = _challenge(world, given.get("g-recaptcha-response", ""))
    if challenge is None or challenge["kind"] != "code" or challenge["used"]:
        return redirect("/sign-in")
    code = given.get("code", "").strip()
    if len(code) != _CODE_DIGITS or not code.isdecimal():
        return page(world, "code", challenge=challenge["id"], error=texts(world)["unknown_login"])
    _spend(world, challenge)
    return _welcome(world, challenge["account"])


def _welcome(world: TrafficJunkyWorld, account: str) -> Answer:
    world.store.notes.bump(f"sign_in:{account}")
    return world.give_cookie(redirect("/"), world.issue(account))


def sign_out(world: TrafficJunkyWorld, request: Request) -> Answer:
    if session := world.session(request):
        world.end(session, "signed out")
    return redirect("/sign-in")


def anchor(world: TrafficJunkyWorld, request: Request) -> Answer:
    """The page inside the challenge's frame."""
    return page(world, "challenge", challenge=request.args.get("c", ""))


def picture(world: TrafficJunkyWorld, request: Request) -> Answer:
    challenge = _challenge(world, request.args.get("c", ""))
    if challenge is None:
        return as_text("Not found", 404)
    letters = "".join(
        f'<text x="{12 + 26 * place}" y="{28 + place * 7 % 11}" rotate="{place * 23 % 40 - 20}">{letter}</text>'
        for place, letter in enumerate(challenge["word"])
    )
    body = f'<svg xmlns="http://www.w3.org/2000/svg" width="150" height="44" font-size="24">{letters}</svg>'
    return Answer(body, headers={"Cache-Control": "no-store"}, content_type="image/svg+xml")


def status(world: TrafficJunkyWorld, request: Request) -> Answer:
    """What the open page asks all the time; it also tells that the page is open."""
    challenge = _challenge(world, request.args.get("c", ""))
    if challenge is None:
        return as_json({"solved": False}, 404)
    world.store.db.run(
        "UPDATE tj_challenge SET polled = ?, typed = ? WHERE number = ?",
        (time.time(), request.args.get("typed", ""), challenge["number"]),
    )
    return as_json({"solved": challenge["solved"] is not None, "account": challenge["solved"] or None})


def answer(world: TrafficJunkyWorld, request: Request) -> Answer:
    given = request.form
    challenge = _challenge(world, given.get("challenge", ""))
    if challenge is None:
        return as_json({"solved": False}, 404)
    solved = given.get("word", "").strip().upper() == challenge["word"]
    if solved:
        world.store.db.run("UPDATE tj_challenge SET solved = '' WHERE number = ?", (challenge["number"],))
    return as_json({"solved": solved})


def solve(world: TrafficJunkyWorld, account: str) -> int:
    """The person's part for one page that is open now: what it waits for, oldest first. Tells for how many."""
    row = world.store.db.one(
        "SELECT number FROM tj_challenge WHERE solved IS NULL AND NOT used AND polled > ?"
        " AND (account = ? OR (kind = 'sign_in' AND typed IN ('', ?))) ORDER BY number LIMIT 1",
        (time.time() - _OPEN_SECONDS, account, account),
    )
    if row is None:
        return 0
    return world.store.db.run("UPDATE tj_challenge SET solved = ? WHERE number = ?", (account, row["number"]))


def _challenge(world: TrafficJunkyWorld, challenge_id: str) -> Row | None:
    return world.store.db.one("SELECT * FROM tj_challenge WHERE id = ?", (challenge_id,))


def _spend(world: TrafficJunkyWorld, challenge: Row) -> None:
    world.store.db.run("UPDATE tj_challenge SET used = 1 WHERE number = ?", (challenge["number"],))
