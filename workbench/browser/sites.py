"""The two sites that are driven: where they are, and what shows that somebody is logged in there."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final
from urllib.parse import urljoin, urlsplit

from workbench.browser.selectors import SelectorPack, load_pack
from workbench.errors import BadInput


@dataclass(frozen=True)
class Site:
    """One site at one address; a page of any other host is not followed."""

    name: str
    url: str
    start: str  # a page that only somebody who is logged in gets to see
    login: str
    hosts: frozenset[str]  # host[:port] of every address that may be opened
    login_cookies: tuple[str, ...] = ()  # whose absence means: logged out; none are known where it is empty
    settle_seconds: float = 0.0  # the frame of the application is shown first, the login page may follow so late
    language: str = "en"

    @cached_property
    def pack(self) -> SelectorPack:
        return load_pack(self.name, self.language)

    @property
    def positive(self) -> tuple[str, ...]:
        return self.pack.positive

    @property
    def negative(self) -> tuple[str, ...]:
        return self.pack.negative

    def at(self, url: str) -> Site:
        """The same site at another address, with no other host beside it."""
        host = urlsplit(url).netloc
        return replace(self, url=url.rstrip("/"), login=urlsplit(self.login).path, hosts=frozenset({host}))

    def address(self, path: str) -> str:
        """The address of a page; refuses one of somebody else's."""
        found = urljoin(f"{self.url}/", path)
        if not self.has(found):
            raise BadInput(f"{without_query(found)} is no page of {self.name} at {self.url}; it is not opened.")
        return found

    def has(self, address: str) -> bool:
        parts = urlsplit(address)
        return parts.scheme == urlsplit(self.url).scheme and parts.netloc in self.hosts

    def serves(self, address: str) -> bool:
        """Whether a request is the site's own business: that of a subdomain too, no counter and no chat of others."""
        host = urlsplit(address).netloc
        return any(f".{host}".endswith(f".{one.removeprefix('www.')}") for one in self.hosts)


def without_query(address: str) -> str:
    """An address without its query and fragment, which may hold what nobody else should read."""
    parts = urlsplit(address)
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}{parts.path}"[:300] if parts.netloc else f"{parts.scheme}:{parts.path}"[:300]


TRAFFICJUNKY: Final = Site(
    name="trafficjunky",
    url="https://advertiser.trafficjunky.com",
    start="/media-library",
    login="https://www.trafficjunky.com/sign-in",
    hosts=frozenset({"advertiser.trafficjunky.com", "www.trafficjunky.com"}),
    settle_seconds=1.5,
)
MARKETPLACE: Final = Site(
    name="marketplace",
    url="https://www.facebook.com",
    start="/marketplace/you/selling",
    login="/login",
    hosts=frozenset({"www.facebook.com", "facebook.com"}),
    login_cookies=("c_user", "xs"),
)
SITES: Final = {site.name: site for site in (TRAFFICJUNKY, MARKETPLACE)}
