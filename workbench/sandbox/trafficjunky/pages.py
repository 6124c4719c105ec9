"""The site's pages and files, in the language that is set."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from workbench.sandbox.site import SiteFiles
from workbench.sandbox.trafficjunky.texts import RENAMED, TEXTS
from workbench.sandbox.trafficjunky.world import TrafficJunkyWorld
from workbench.sandbox.web import Answer, Request

_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'self'; frame-ancestors 'self'; form-action 'self'",
    "Cache-Control": "no-store",
}
_SITE: Final = SiteFiles(Path(__file__).with_name("site"), of_pages=_HEADERS, of_files=_HEADERS)


def texts(world: TrafficJunkyWorld) -> dict[str, str]:
    known = TEXTS[world.switches.choice("language")]
    return {**known, **RENAMED} if world.switches.choice("control_renamed") == "all" else known


def page(world: TrafficJunkyWorld, name: str, **values: Any) -> Answer:
    return _SITE.page(name, **{**texts(world), "lang": world.switches.choice("language"), "error": "", **values})


def shell(world: TrafficJunkyWorld) -> Answer:
    """The same for everybody, signed in or not; the script asks who is there, later."""
    settings = {
        "texts": texts(world),
        "control_renamed": world.switches.choice("control_renamed"),
        "redirect_seconds": world.switches.number("redirect_seconds"),
    }
    return page(world, "shell", settings=settings)


def asset(_world: TrafficJunkyWorld, _request: Request, name: str) -> Answer:
    return _SITE.file(name)


def no_icon(_world: TrafficJunkyWorld, _request: Request) -> Answer:
    """Browsers ask for one by themselves."""
    return Answer(status=204)
