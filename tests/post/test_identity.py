"""post/model.py and collect/model.py: what a listing and a question are called stays the same from version to version.

A hash that changes makes everything new: all listings are posted again, all questions paid again. A number here may
only change together with a migration that brings the ledgers of today along.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.post.conftest import cells
from workbench.collect.model import fingerprint
from workbench.errors import BadInput
from workbench.post import listing, model
from workbench.post.listing import COLUMNS, NEEDED, Checks, Listing, typed
from workbench.post.model import LISTING_FIELDS, ListingField, listing_identity
from workbench.post.photos import Photo

SAID: dict[str, Any] = {
    "title": "Oak table", "price": 120, "category": "Furniture", "condition": "Used - Good",
    "description": "Four legs.\nOne scratch.", "location": "Berlin, Germany", "sku": None,
    "photos": [{"path": "data/inputs/photos/table.jpg", "sha256": "ab" * 32}, {"path": "x.png", "sha256": "cd" * 32}],
}  # fmt: skip
GOLDEN = "22e787a0b76bdeadddfea456fd2a9990ad551b3b63a7763e98fbe9255b1860d1"
WITH_SKU = "6439d31c97d8207e1fa9d90db632816f6c0af2120bc86d968b06b5e373db2190"


def test_a_listing_is_called_as_in_the_ledgers_of_today() -> None:
    photos = tuple(Photo(path=one["path"], sha256=one["sha256"], width=9, height=9) for one in SAID["photos"])
    order = Listing(**{**SAID, "photos": photos}).order()

    assert order.sha == listing_identity(SAID) == GOLDEN
    assert listing_identity({**SAID, "sku": "T-1"}) == WITH_SKU


@pytest.mark.parametrize("empty", [None, "", [], False])
def test_a_field_that_comes_later_leaves_listings_that_do_not_use_it_what_they_are(
    monkeypatch: pytest.MonkeyPatch, empty: object
) -> None:
    monkeypatch.setattr(model, "LISTING_FIELDS", (*LISTING_FIELDS, ListingField("brand", is_needed=False, since=2)))

    assert listing_identity(SAID) == listing_identity({**SAID, "brand": empty}) == GOLDEN
    assert len({listing_identity({**SAID, "brand": one}) for one in (None, "Oak & Co", "Elm")}) == 3


def test_sheet_and_form_have_the_fields_of_the_one_table(checks: Checks) -> None:
    assert tuple(one.name for one in LISTING_FIELDS) == COLUMNS
    assert set(COLUMNS) - set(NEEDED) == {"account", "sku"}
    assert {one.since for one in LISTING_FIELDS} == {1}, "a field of a later version needs its line here"
    assert set(vars(typed(cells(), checks))) - {"account_id", "texts"} == set(COLUMNS) - {"account"}


def test_an_optional_text_of_the_table_is_kept_where_it_says_something(
    monkeypatch: pytest.MonkeyPatch, checks: Checks
) -> None:
    monkeypatch.setattr(listing, "COLUMNS", (*COLUMNS, "brand"))
    monkeypatch.setattr(listing, "TEXTS", ("brand",))
    silent, speaking = (typed(cells(brand=one), checks).order() for one in ("", "Oak & Co"))

    assert silent == typed(cells(), checks).order()
    assert speaking.content == {**silent.content, "brand": "Oak & Co"}
    with pytest.raises(BadInput, match="the cell 'brand' has 101 characters"):
        typed(cells(brand="x" * 101), checks)


def test_a_question_is_called_as_in_the_ledgers_of_today() -> None:
    query = {"type": "discover_new", "limit_per_input": 5}
    inputs = [{"url": "https://www.instagram.com/tea.club/", "num_of_posts": 5}, {"url": "b"}]
    golden = "ba754c55b24284735dfa63c571d4041554422701b1b86531383b76e183bf8c86"

    assert fingerprint("gd_x", query, *inputs) == fingerprint("gd_x", query, *reversed(inputs)) == golden
