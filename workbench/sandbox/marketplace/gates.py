"""What stands before a page or a call: sign-in, checkpoint, challenge, blocked, disabled, an empty shell."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

from workbench.sandbox.marketplace import pages
from workbench.sandbox.marketplace.texts import LIMIT
from workbench.sandbox.marketplace.world import Visit
from workbench.sandbox.web import Answer, HangUp, as_json, redirect

_CHECKPOINT: Final = "/checkpoint/1501092823525282/"


def wire(visit: Visit) -> Answer | None:
    """What breaks before the site looks at a request at all."""
    if slow := visit.strike("slow"):
        visit.world.stopping.wait(slow["seconds"])
    is_repeated = bool(visit.click) and visit.click in visit.world.dropped and visit.setting("connections") == "closed"
    if is_repeated or visit.strike("drop_before"):
        raise HangUp
    if limit := visit.strike("http_429"):
        return pages.too_many(visit, limit["retry_after"])
    if visit.strike("server_error_500"):
        return pages.stopped(visit, "server_error_500", 500)
    return None


def page(visit: Visit) -> Answer | None:
    """What is shown instead of the page that was asked for."""
    if visit.account is None or is_expired(visit) or visit.strike("logged_out_at_site"):
        return redirect(login_address(visit.address))
    if visit.strike("disabled_account"):
        return pages.stopped(visit, "disabled_account")
    gate = raised(visit)
    if gate == "checkpoint":
        return redirect(f"{_CHECKPOINT}?next={quote(visit.address, safe='')}")
    if gate == "captcha" and visit.route != "create":
        return pages.stopped(visit, "captcha")
    return _refused(visit)


def _refused(visit: Visit) -> Answer | None:
    """What is shown to an account that is in good standing otherwise."""
    if visit.strike("shell"):
        return pages.shell(visit)
    if visit.strike("not_available"):
        return pages.stopped(visit, "not_available")
    return pages.stopped(visit, "blocked") if visit.strike("blocked") else None


def call(visit: Visit) -> Answer | None:
    """What the site's own script is told instead of an answer; it goes where it is sent."""
    if visit.account is None:
        return error("login_required", onward=login_address("/marketplace/create/item"))
    if visit.strike("login_in_mid_form"):
        visit.world.store.end_session(visit.xs)
        return error("login_required", onward=login_address("/marketplace/create/item"))
    gate = raised(visit)
    if gate == "checkpoint":
        return error("checkpoint_required", onward=_CHECKPOINT)
    if gate == "captcha":
        return error("challenge_required", challenge=True)
    if visit.strike("blocked"):
        say = visit.texts()
        return error("blocked", heading=say("You can't use this feature right now"), text=say(LIMIT))
    return None


def error(code: str, status: int = 200, **details: object) -> Answer:
    """Refusals come with status 200, as such answers do."""
    return as_json({"data": None, "errors": [{"code": code, **details}]}, status)


def is_expired(visit: Visit) -> bool:
    """The session has opened as many pages as it may: the cookie stays, the site forgets it."""
    most = visit.setting("session_expires_after")
    if not most or visit.world.store.count_opened(visit.xs) <= most:
        return False
    visit.world.store.end_session(visit.xs)
    return True


def raised(visit: Visit) -> str:
    """The gate that stands before this account until a person lifts it; a switch may just have put it there."""
    gate = visit.seller.gate
    for name in ("checkpoint", "captcha"):
        if not gate and visit.strike(name):
            visit.world.store.set_gate(visit.label, name)
            gate = name
    return gate


def login_address(onward: str) -> str:
    return f"/login/?next={quote(onward, safe='')}"
