"""The login page, the second factor, and the two cookies that mark a login.

A person types, here as on the real site. Whoever the name says is the account: the part before "@". The password may be
anything but empty or "wrong", and is not kept. `POST /sandbox/solve` does the person's whole part at the login page
that waits, or at the second factor.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import quote, unquote

from workbench.sandbox.database import Row
from workbench.sandbox.marketplace import pages
from workbench.sandbox.marketplace.store import Account
from workbench.sandbox.marketplace.world import MarketplaceWorld, Visit
from workbench.sandbox.web import Answer, Request, as_json, redirect

KEPT_SECONDS: Final = 90 * 86_400
_CODE: Final = "123456"


def login(visit: Visit, said: str = "", named: str = "") -> Answer:
    """Asked for by address, and shown at `/` to whoever is not signed in."""
    onward = _onward(visit.request.args.get("next", "/"))
    config = {"token": visit.world.store.begin_signin(onward)}
    return pages.page(
        visit, "login", chrome=False, config=config, said=said, named=named, onward=quote(onward, safe="")
    )


def log_in(visit: Visit) -> Answer:
    typed = visit.request.form
    label = typed.get("email", "").strip().partition("@")[0]
    if not label or typed.get("pass", "") in {"", "wrong"}:
        return login(visit, "The password you entered is incorrect.", typed.get("email", ""))
    store = visit.world.store
    token = store.begin_signin(_onward(visit.request.args.get("next", "/")))
    store.account(label)
    store.name_signin(token, label)
    if visit.world.switches.has("two_factor", label):
        return redirect(f"/two_step_verification/two_factor/?flow=two_factor_login&token={token}")
    store.solve_signin(label, token)
    return redirect(f"/login/done/?token={token}")


def two_factor(visit: Visit, said: str = "") -> Answer:
    token = visit.request.args.get("token", "")
    if visit.world.store.signin(token) is None:
        return redirect("/login/")
    code = f"{_CODE[:3]} {_CODE[3:]}"
    return pages.page(
        visit, "two_factor", chrome=False, config={"token": token}, said=said, code=code, address=visit.address
    )


def enter_code(visit: Visit) -> Answer:
    token = visit.request.args.get("token", "")
    if visit.world.store.signin(token) is None:
        return redirect("/login/")
    typed = visit.request.form.get("approvals_code", "")
    if "".join(each for each in typed if each.isdigit()) != _CODE:
        return two_factor(visit, "The code you entered is incorrect.")
    # At once, not by way of `done`: the page of the code looks for a solved sign-in too, and one of them would lose.
    return _let_in(visit, visit.world.store.finish_signin(token))


def waiting(visit: Visit) -> Answer:
    """What the login page asks all the time: whether the person has done their part elsewhere."""
    row = visit.world.store.signin(visit.request.args.get("token", ""))
    return as_json({"solved": bool(row and row["solved"])})


def done(visit: Visit) -> Answer:
    token = visit.request.args.get("token", "")
    row = visit.world.store.signin(token)
    return _let_in(visit, visit.world.store.finish_signin(token) if row and row["solved"] else None)


def _let_in(visit: Visit, row: Row | None) -> Answer:
    if row is None:
        return redirect("/login/")
    account = visit.world.store.account(row["label"])
    xs = visit.world.store.open_session(account.label, signed_in=True)
    answer = redirect(row["onward"])
    answer.set_cookie("c_user", account.user_id, max_age=KEPT_SECONDS, samesite="Lax")
    answer.set_cookie("xs", quote(xs), max_age=KEPT_SECONDS, httponly=True, samesite="Lax")
    return answer


def person(visit: Visit) -> Answer:
    """The person has passed the checkpoint or the challenge, by the control on its page."""
    visit.world.store.set_gate(visit.seller.label, "")
    return redirect("/")


def asking(world: MarketplaceWorld, request: Request) -> tuple[Account | None, str]:
    """Whose cookies a request carries, and the session they name."""
    xs = unquote(request.cookies.get("xs", ""))
    return (world.store.session_account(xs, request.cookies.get("c_user", "")) if xs else None), xs


def cookies_of(world: MarketplaceWorld, label: str) -> dict[str, str]:
    """The cookies of a new session of an account, as a past sign-in would have left them."""
    return {"c_user": world.store.account(label).user_id, "xs": quote(world.store.open_session(label))}


def _onward(address: str) -> str:
    """Where to go after the sign-in: on this site, whatever the address said."""
    return address if address.startswith("/") and not address.startswith("//") else "/"
