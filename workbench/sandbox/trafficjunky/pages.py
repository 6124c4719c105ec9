"""The site's pages and files, in the language that is set. No page reaches for anything outside this site."""

from __future__ import annotations

import json
from functools import cache
from html import escape
from pathlib import Path
from string import Template
from typing import Final

from workbench.sandbox.trafficjunky.texts import RENAMED, TEXTS
from workbench.sandbox.trafficjunky.world import TrafficJunkyWorld
from workbench.sandbox.web import Answer, Request, as_text

_SITE: Final = Path(__file__).with_name("site")
_TYPES: Final = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8"}
_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'self'; frame-ancestors 'self'; form-action 'self'",
    "Cache-Control": "no-store",
}


def texts(world: TrafficJunkyWorld) -> dict[str, str]:
    known = TEXTS[world.switches.choice("language")]
    return {**known, **RENAMED} if world.switches.choice("control_renamed") == "all" else known


def page(world: TrafficJunkyWorld, name: str, status: int = 200, **values: str) -> Answer:
    labels = {**texts(world), "lang": world.switches.choice("language"), "error": "", **values}
    shown = {label: escape(text) for label, text in labels.items()}
    body = Template(_read(f"{name}.html").decode()).substitute(shown).encode()
    return Answer(body, status, _HEADERS, content_type="text/html; charset=utf-8")


def shell(world: TrafficJunkyWorld) -> Answer:
    """The same for everybody, signed in or not; the script asks who is there, later."""
    settings = {
        "texts": texts(world),
        "control_renamed": world.switches.choice("control_renamed"),
        "redirect_seconds": world.switches.number("redirect_seconds"),
    }
    # Inside <script>, where nothing is unescaped: only an end of the element could be misread.
    text = json.dumps(settings).replace("<", "\\u003c")
    body = Template(_read("shell.html").decode()).safe_substitute(
        lang=world.switches.choice("language"), loading=escape(texts(world)["loading"]), settings=text
    )
    return Answer(body, headers=_HEADERS, content_type="text/html; charset=utf-8")


def asset(_world: TrafficJunkyWorld, _request: Request, name: str) -> Answer:
    path = _SITE / name
    if path.suffix not in _TYPES or not path.is_file():
        return as_text("Not found", 404)
    return Answer(_read(name), headers=_HEADERS, content_type=_TYPES[path.suffix])


def no_icon(_world: TrafficJunkyWorld, _request: Request) -> Answer:
    """Browsers ask for one by themselves."""
    return Answer(status=204)


@cache
def _read(name: str) -> bytes:
    return (_SITE / name).read_bytes()
