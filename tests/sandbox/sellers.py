"""Marketplace's stand-in on a port of its own, and sellers who speak to it: by plain HTTP, and with a browser."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
from playwright.sync_api import Locator, Page, expect

from workbench.sandbox import notes
from workbench.sandbox.database import Database
from workbench.sandbox.marketplace import store
from workbench.sandbox.marketplace.service import Marketplace
from workbench.sandbox.web import WebServer

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(200))
FORM = "/marketplace/create/item"
SELLING = "/marketplace/you/selling"
TABLE = {
    "title": "Oak table",
    "price": 800,
    "category": "Furniture",
    "condition": "Used - Good",
    "description": "Solid oak.",
    "location": "Springfield, Illinois",
    "sku": "WB-7KQ2M4",
}


class Site:
    def __init__(self, url: str) -> None:
        self.url = url
        self._ending = contextlib.ExitStack()
        self.http = self.client()

    def client(self, **more: Any) -> httpx.Client:
        return self._ending.enter_context(httpx.Client(base_url=self.url, timeout=10, verify=False, **more))

    def close(self) -> None:
        self._ending.close()

    def switch(self, **values: Any) -> None:
        answer = self.http.post("/sandbox/switches", json=values)
        assert answer.status_code == 200, answer.text

    def count(self) -> dict[str, Any]:
        counts: dict[str, Any] = self.http.get("/sandbox/count").json()
        return counts

    def state(self, label: str = "anna", **more: Any) -> Any:
        return self.http.post("/sandbox/session", json={"account": label, **more}).json()

    def solve(self, label: str = "anna") -> httpx.Response:
        return self.http.post("/sandbox/solve", json={"account": label})

    def seller(self, label: str = "anna") -> Seller:
        cookies = {each["name"]: each["value"] for each in self.state(label)["cookies"]}
        return Seller(self.client(cookies=cookies))


class Seller:
    """The site's own script, played by hand."""

    def __init__(self, http: httpx.Client) -> None:
        self.http = http

    def get(self, path: str) -> httpx.Response:
        return self.http.get(path)

    def call(self, name: str, **variables: Any) -> httpx.Response:
        said = {"fb_api_req_friendly_name": name, "variables": json.dumps(variables)}
        return self.http.post("/api/graphql/", data=said, headers={"x-fb-friendly-name": name})

    def photo(self, data: bytes = PNG) -> str:
        answer = self.http.post("/ajax/marketplace/photo/", content=data).json()
        return str(answer["data"]["photo"]["id"])

    def publish(self, **changed: Any) -> httpx.Response:
        fields = {**TABLE, **changed, "photo_ids": changed.get("photo_ids") or [self.photo()]}
        return self.call("MarketplaceCreateListingMutation", **fields)

    def published(self, **changed: Any) -> str:
        answer = self.publish(**changed).json()
        return str(answer["data"]["marketplace_listing_create"]["listing"]["id"])

    def draft(self, **changed: Any) -> str:
        answer = self.call("MarketplaceSaveDraftMutation", **{**TABLE, **changed}).json()
        return str(answer["data"]["marketplace_draft_save"]["listing"]["id"])

    def feed(self, cursor: int = 0) -> list[dict[str, Any]]:
        answer = self.call("MarketplaceYouSellingFeedQuery", cursor=cursor).json()
        return [edge["node"] for edge in answer["data"]["feed"]["edges"]]


@contextlib.contextmanager
def open_site(home: Path, **switches: Any) -> Iterator[Site]:
    database = Database(home / "sandbox.db", notes.SCHEMA + store.SCHEMA)
    service = Marketplace(database, 7, switches)
    web = WebServer(service.handle)
    web.start()
    service.start()
    site = Site(web.url)
    try:
        yield site
    finally:
        site.close()
        service.stop()
        web.stop()
        database.close()


class Form:
    """A person at the form, who reads the labels and does not care how they are made."""

    def __init__(self, page: Page, site: Site) -> None:
        self.page = page
        self.site = site

    def open(self) -> Form:
        self.page.goto(self.site.url + FORM)
        return self

    def ready(self, label: str = "anna") -> Form:
        """At a Publish that can be clicked, by way of a draft."""
        seller = self.site.seller(label)
        self.site.switch(pages=1)
        draft_id = seller.draft(photo_ids=[seller.photo()])
        self.page.goto(f"{self.site.url}/marketplace/edit/?listing_id={draft_id}")
        expect(self.button("Publish")).to_be_enabled()
        return self

    def named(self, name: str, tag: str = "input") -> Locator:
        """By role and name where the markup gives a name, else beside the words."""
        by_role = self.page.get_by_role("textbox", name=name, exact=True)
        beside = self.page.locator(f"xpath=//span[normalize-space(.)='{name}']/following-sibling::{tag}")
        return by_role.or_(beside).first

    def choose(self, label: str, value: str, *, role: str = "option") -> None:
        combobox = self.page.get_by_role("combobox").filter(has_text=label)
        combobox.click()
        menu = self.page.locator('div[aria-label="Dropdown menu"]')
        menu.get_by_role(role, name=value, exact=True).click()  # type: ignore[arg-type]
        expect(combobox).to_contain_text(value)

    def press(self, name: str) -> None:
        self.page.get_by_role("button", name=name, exact=True).click()

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name, exact=True)

    def add_photos(self, photos: list[Path]) -> None:
        before = self.button("Remove photo").count()
        self.page.locator('input[type="file"][accept="image/*,image/heif,image/heic"]').set_input_files(photos)
        expect(self.button("Remove photo")).to_have_count(before + len(photos))

    def fill_item(self, photos: list[Path], *, role: str = "option") -> None:
        self.add_photos(photos)
        self.named("Title").fill(TABLE["title"])
        self.named("Price").fill("800")
        self.choose("Category", TABLE["category"], role=role)
        self.choose("Condition", TABLE["condition"], role=role)
        self.press("More details")
        self.named("SKU").fill(TABLE["sku"])
        self.named("Description", "textarea").fill(TABLE["description"])

    def fill_location(self, typed: str = "Springfield, IL") -> None:
        self.page.locator('input[aria-label="Location"]').press_sequentially(typed)
        self.page.locator("ul[role=listbox] li[role=option]").first.click()
        expect(self.page.get_by_text("Input Location is valid.")).to_be_visible()

    def fill(self, photos: list[Path], *, pages: int = 3) -> Form:
        """Up to the Publish that can be clicked."""
        self.fill_item(photos)
        if pages == 3:
            self.press("Next")
        self.fill_location()
        if pages > 1:
            self.press("Next")
        expect(self.button("Publish")).to_be_enabled()
        return self
