"""What the routes share, and who is asking."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import orjson

from workbench.sandbox.marketplace.store import Account, MarketplaceStore
from workbench.sandbox.marketplace.switches import MarketplaceSwitches
from workbench.sandbox.marketplace.texts import Texts
from workbench.sandbox.web import Request
from workbench.sandbox.world import World


@dataclass
class MarketplaceWorld(World[MarketplaceStore, MarketplaceSwitches]):
    # Clicks whose connection was reset; see switches.py.
    dropped: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class Visit:
    """One request of the site's, with the account whose cookies it carries, if they are good."""

    world: MarketplaceWorld
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
        return self.request.form.get("client_mutation_id", "") if self.route in {"publish", "draft", "update"} else ""

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

    def variables(self) -> dict[str, Any]:
        """What a call of the site's script says; anything else is an empty call."""
        try:
            said = orjson.loads(self.request.form.get("variables", ""))
        except orjson.JSONDecodeError:
            return {}
        return said if isinstance(said, dict) else {}
