"""The frame of every page, home, and the pages that stop a seller."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any, Final

from workbench.sandbox.marketplace.texts import Texts
from workbench.sandbox.marketplace.world import Visit
from workbench.sandbox.web import Answer, as_text

_SITE: Final = Path(__file__).with_name("site")
_TYPES: Final = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8"}
HTML: Final = "text/html; charset=utf-8"
LIMIT: Final = (
    "We limit how often you can post, comment, or do other things in a given amount of time"
    " in order to help protect the community from spam."
)
DAILY_LIMIT: Final = (
    "You can't add a listing to Marketplace right now because you reached your daily limit as a new Facebook account"
)


def framed(
    visit: Visit,
    title: str,
    body: str,
    *,
    texts: Texts | None = None,
    scripts: Sequence[str] = (),
    config: Mapping[str, Any] | None = None,
    chrome: bool = True,
    status: int = 200,
) -> Answer:
    """`chrome` is the bar that only those who are signed in see."""
    say = texts or visit.texts()
    given = {"texts": say.table, "is_curly": say.is_curly, **(config or {})}
    # A listing's text may hold "</script>".
    data = json.dumps(given).replace("<", "\\u003c")
    run = "".join(f'<script type="module" src="/static/{name}"></script>' for name in scripts)
    text = f"""<!DOCTYPE html>
<html lang="{say.language}" id="facebook"><head><meta charset="utf-8"><title>{escape(title)} | Facebook</title>
<link rel="icon" href="data:,"><link rel="stylesheet" href="/static/site.css"></head>
<body>{_bar(say) if chrome and visit.account else ""}{body}
<script type="application/json" id="config">{data}</script>{run}</body></html>
"""
    return Answer(text, status, {"Cache-Control": "no-store"}, content_type=HTML)


def _bar(say: Texts) -> str:
    search, profile = escape(say("Search Facebook")), escape(say("Your profile"))
    return (
        '<div role="banner"><a href="/" aria-label="Facebook">f</a>'
        f'<input type="search" aria-label="{search}" placeholder="{search}">'
        '<a href="/marketplace/">Marketplace</a>'
        f'<div role="button" tabindex="0" aria-label="{profile}"></div></div>'
    )


def home(visit: Visit) -> Answer:
    body = (
        '<div role="main"><div role="feed">'
        '<div role="article"><h3>City Library</h3><p>New opening hours from Monday.</p></div>'
        '<div role="article"><h3>Gardeners of Springfield</h3><p>First tomatoes!</p></div></div></div>'
    )
    return framed(visit, "Facebook", body)


def market(visit: Visit) -> Answer:
    say = visit.texts()
    body = (
        f'<div role="main" aria-label="Marketplace"><h1>Marketplace</h1>'
        f'<a href="/marketplace/create/">{escape(say("Create new listing"))}</a> '
        f'<a href="/marketplace/you/selling">{escape(say("Your listings"))}</a></div>'
    )
    return framed(visit, "Marketplace", body)


def chooser(visit: Visit) -> Answer:
    say = visit.texts()
    cards = "".join(
        f'<a href="/marketplace/create/{kind}" class="card"><span>{escape(say(name))}</span></a>'
        for kind, name in (
            ("item", "Item for sale"),
            ("vehicle", "Vehicle for sale"),
            ("rental", "Home for sale or rent"),
        )
    )
    body = f'<div role="main"><h1>{escape(say("Choose listing type"))}</h1>{cards}</div>'
    return framed(visit, "Create new listing", body)


def stopped(visit: Visit, heading: str, *lines: str, chrome: bool = True, more: str = "", status: int = 200) -> Answer:
    """A page that says why there is nothing else to see."""
    say = visit.texts()
    told = "".join(f"<p>{escape(say(line))}</p>" for line in lines)
    body = f'<div role="main"><h1>{escape(say(heading))}</h1>{told}{more}</div>'
    return framed(visit, say(heading), body, chrome=chrome, status=status)


def blocked(visit: Visit) -> Answer:
    return stopped(
        visit,
        "You're Temporarily Blocked",
        "It looks like you were misusing this feature by going too fast.",
        LIMIT + " You can try again later.",
    )


def checkpoint(visit: Visit, _number: int) -> Answer:
    """Where a person confirms who they are; this page is for people, `POST /sandbox/solve` plays one."""
    return stopped(
        visit,
        "Confirm your identity",
        "We noticed unusual activity on your account. Help us understand what's happening.",
        chrome=False,
        more=PERSON,
    )


def captcha(visit: Visit) -> Answer:
    """A challenge in the way; on the form it lies over the form instead, and the buttons are greyed."""
    frame = '<iframe title="reCAPTCHA" width="304" height="78" src="/recaptcha/api2/anchor"></iframe>'
    text = "Please confirm you're human to continue."
    return stopped(visit, "Security Check", text, chrome=False, more=f'<div id="captcha">{frame}</div>{PERSON}')


def too_many(visit: Visit, seconds: float) -> Answer:
    answer = stopped(visit, "Sorry, something went wrong.", "Please try again.", chrome=False, status=429)
    answer.headers["Retry-After"] = f"{seconds:g}"
    return answer


# The control that a person uses on pages that only people may pass.
PERSON: Final = (
    '<form method="post" action="/person/"><p>(Practice site: a person goes on here.)</p>'
    '<button type="submit">I am a person</button></form>'
)


def shell(visit: Visit) -> Answer:
    """The single-page application before anything is drawn in it, as it is also sent to those it will turn away."""
    body = '<div id="mount_0_0_x1"><div role="progressbar" aria-busy="true" aria-valuetext="Loading..."></div></div>'
    return framed(visit, "Facebook", body, chrome=False)


def not_found(visit: Visit) -> Answer:
    return stopped(
        visit, "This page isn't available", "The link may be broken, or the page may have been removed.", status=404
    )


def static(_visit: Visit, name: str) -> Answer:
    file = _SITE / name
    if file.parent != _SITE or file.suffix not in _TYPES or not file.is_file():
        return as_text("not found", 404)
    return Answer(file.read_bytes(), headers={"Cache-Control": "max-age=60"}, content_type=_TYPES[file.suffix])


def challenge(_visit: Visit, _name: str) -> Answer:
    """The inside of a challenge's frame; its address has the name that real ones have."""
    text = (
        '<!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>reCAPTCHA</title>'
        "<body><label><input type=checkbox disabled> I'm not a robot</label></body></html>"
    )
    return Answer(text, content_type=HTML)
