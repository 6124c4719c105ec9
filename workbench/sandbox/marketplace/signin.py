"""The login page, the second factor, and the two cookies that mark a login.

A person types, here as on the real site. Whoever the name says is the account: the part before "@". The password may be
anything but empty or "wrong", and is not kept. `POST /sandbox/solve` does the person's whole part at the login page
that waits, or at the second factor.
"""

from __future__ import annotations

from html import escape
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
    say = visit.texts()
    onward = _onward(visit.request.args.get("next", "/"))
    token = visit.world.store.begin_signin(onward)
    alert = f'<div role="alert">{escape(said)}</div>' if said else ""
    name, password, button = (escape(say(each)) for each in ("Email or phone number", "Password", "Log in"))
    body = f"""<div role="main">{alert}<h2>{escape(say("Log in to Facebook"))}</h2>
<form id="login_form" method="post" action="/login/device-based/regular/login/?next={quote(onward, safe="")}">
<input type="text" name="email" id="email" aria-label="{name}" placeholder="{name}" value="{escape(named)}">
<input type="password" name="pass" id="pass" aria-label="{password}" placeholder="{password}">
<button type="submit" name="login" id="loginbutton">{button}</button>
<a href="/recover/initiate/">Forgot password?</a></form></div>"""
    config = {"token": token}
    return pages.framed(visit, say("Log in to Facebook"), body, chrome=False, scripts=("person.js",), config=config)


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
    alert = f'<div role="alert">{escape(said)}</div>' if said else ""
    body = f"""<div role="main">{alert}<h2>Go to your authentication app</h2>
<p>Enter the 6-digit code for this account from the two-factor authentication app that you set up.</p>
<p>(Practice site: the code of today is {_CODE[:3]} {_CODE[3:]}.)</p>
<form method="post" action="{escape(visit.address)}"><label><span>Code</span>
<input type="text" name="approvals_code" inputmode="numeric" autocomplete="off"></label>
<button type="submit">Continue</button></form></div>"""
    config = {"token": token}
    return pages.framed(visit, "Two-factor authentication", body, chrome=False, scripts=("person.js",), config=config)


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
