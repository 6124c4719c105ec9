"""What the routes share, and who is asking."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

import orjson

from workbench.sandbox.marketplace.store import Account, Store
from workbench.sandbox.marketplace.switches import SiteSwitches
from workbench.sandbox.marketplace.texts import Texts
from workbench.sandbox.web import Request


@dataclass
class World:
    store: Store
    switches: SiteSwitches
    # The switches given at the start; a reset goes back to them.
    initial: dict[str, Any] = field(default_factory=dict)
    stopping: threading.Event = field(default_factory=threading.Event)
    # Clicks whose connection was reset; see switches.py.
    dropped: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class Visit:
    """One request of the site's, with the account whose cookies it carries, if they are good."""

    world: World
    request: Request
    route: str
    account: Account | None
    xs: str

    @property
    def label(self) -> str:
        return self.account.label if self.account else ""

    @property
    def seller(self) -> Account:
        """The account on routes that let nobody else in."""
        if self.account is None:
            raise LookupError(f"{self.route} was reached without an account")
        return self.account

    @property
    def address(self) -> str:
        query = "&".join(f"{name}={value}" for name, value in self.request.query.items())
        return f"{self.request.path}?{query}" if query else self.request.path

    @property
    def click(self) -> str:
        """What is the same for all requests that one gesture of the user causes, if the script says it."""
        return self.form().get("client_mutation_id", "") if self.route in {"publish", "draft", "update"} else ""

    def strike(self, name: str) -> dict[str, Any] | None:
        return self.world.switches.strike(name, self.route, self.label)

    def setting(self, name: str) -> Any:
        return self.world.switches.setting(name, self.label)

    def has(self, name: str) -> bool:
        return self.world.switches.has(name, self.label)

    def texts(self, renamed: str = "") -> Texts:
        return Texts(self.setting("language"), renamed, is_curly=self.setting("apostrophe") == "curly")

    def drawn_texts(self) -> tuple[Texts, str]:
        """The texts of a page on which a control may have another name, and the usual name of that control."""
        struck = self.strike("control_renamed")
        renamed = struck["control"] if struck else ""
        return self.texts(renamed), renamed

    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.request.body.decode("utf-8", "replace"), keep_blank_values=True))

    def variables(self) -> dict[str, Any]:
        """What a call of the site's script says; anything else is an empty call."""
        try:
            said = orjson.loads(self.form().get("variables", ""))
        except orjson.JSONDecodeError:
            return {}
        return said if isinstance(said, dict) else {}


def cookies(request: Request) -> dict[str, str]:
    """By name; read plainly, because other sites' cookies of this host may hold what a strict reader refuses."""
    pairs = (part.strip().partition("=") for part in request.headers.get("cookie", "").split(";"))
    return {name: value for name, found, value in pairs if found}
