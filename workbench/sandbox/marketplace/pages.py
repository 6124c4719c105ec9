"""The pages of the site that only show something, and those that stop a seller."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from workbench.sandbox.marketplace.texts import STOPS, Texts
from workbench.sandbox.marketplace.world import Visit
from workbench.sandbox.site import SiteFiles
from workbench.sandbox.web import Answer

_SITE: Final = SiteFiles(
    Path(__file__).with_name("site"),
    of_pages={"Cache-Control": "no-store"},
    of_files={"Cache-Control": "max-age=60"},
)


def page(
    visit: Visit,
    name: str,
    *,
    texts: Texts | None = None,
    config: Mapping[str, Any] | None = None,
    chrome: bool = True,
    status: int = 200,
    **values: Any,
) -> Answer:
    """A page in the site's frame; `chrome` is the bar that only those who are signed in see."""
    say = texts or visit.texts()
    given = {"texts": say.table, "is_curly": say.is_curly, **(config or {})}
    return _SITE.page(name, status, say=say, config=given, has_bar=chrome and visit.account is not None, **values)


def stopped(visit: Visit, name: str, status: int = 200) -> Answer:
    """A page that says why there is nothing else to see."""
    stop = STOPS[name]
    return page(visit, "stopped", why=name, stop=stop, chrome=stop.get("chrome", False), status=status)


def home(visit: Visit) -> Answer:
    return page(visit, "home")


def market(visit: Visit) -> Answer:
    return page(visit, "market")


def chooser(visit: Visit) -> Answer:
    return page(visit, "chooser")


def shell(visit: Visit) -> Answer:
    """The single-page application before anything is drawn in it, as it is also sent to those it will turn away."""
    return page(visit, "shell", chrome=False)


def checkpoint(visit: Visit, _number: int) -> Answer:
    """Where a person confirms who they are; this page is for people, `POST /sandbox/solve` plays one."""
    return stopped(visit, "checkpoint")


def too_many(visit: Visit, seconds: float) -> Answer:
    answer = stopped(visit, "http_429", 429)
    answer.headers["Retry-After"] = f"{seconds:g}"
    return answer


def not_found(visit: Visit) -> Answer:
    return stopped(visit, "not_found", 404)


def static(_visit: Visit, name: str) -> Answer:
    return _SITE.file(name)


def challenge(_visit: Visit, _name: str) -> Answer:
    """The inside of a challenge's frame; its address has the name that real ones have."""
    answer = _SITE.page("challenge")
    del answer.headers["Cache-Control"]
    return answer
