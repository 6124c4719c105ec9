"""post/pages.py: the form in every shape that accounts have seen; filled, read back, never sent."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from tests.post.desk import Desk

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(600)]

# Every value of every setting at least once; each account is named after its letter.
SHAPES: dict[str, dict[str, str]] = {
    "A": {"markup": "A", "pages": "3", "options": "option", "categories": "flat"},
    "B": {"markup": "B", "pages": "1", "options": "menuitem", "categories": "tree", "pills": "no"},
    "C": {"markup": "C", "pages": "2", "options": "menuitemradio", "categories": "flat", "badge": "yes"},
    "D": {"markup": "D", "pages": "3", "options": "button", "categories": "tree", "description": "more_details"},
    "E": {"markup": "E", "pages": "1", "options": "button", "categories": "flat", "sku_offered": "no"},
    "F": {"markup": "F", "pages": "2", "options": "option", "categories": "tree", "description": "more_details"},
}


def of_each(shapes: dict[str, dict[str, str]]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for label, values in shapes.items():
        for name, value in values.items():
            found.setdefault(name, []).append({"value": value, "account": label})
    return found


def rehearsed(desk: Desk, shapes: dict[str, dict[str, str]]) -> dict[str, Any]:
    desk.sandbox.marketplace.switch(**of_each(shapes))
    with desk.open(*shapes, page_seconds=15) as wb:
        rows = [
            {"title": f"Table {n}", "account": label, "category": "Women's Clothing & Shoes", "condition": "New"}
            for n, label in enumerate(shapes)
        ]
        labels = {one["account_id"]: one["label"] for one in wb.accounts.all("marketplace")}
        done = wb.postings.rehearse(desk.csv(*rows))
    return {labels[one["account_id"]]: one["error_message"] for one in done["items"]}


def test_every_shape_is_filled_and_read_back(desk: Desk) -> None:
    assert rehearsed(desk, SHAPES) == dict.fromkeys(SHAPES)
    assert (desk.count()["publish_clicks"], desk.count()["greyed_clicks"], desk.there()) == ({}, {}, {})


@pytest.mark.soak
@pytest.mark.timeout(6000)
def test_every_combination(desk: Desk) -> None:
    names = ("markup", "pages", "options", "categories", "description")
    values = (
        "ABCDEF",
        "123",
        ("option", "menuitem", "menuitemradio", "button"),
        ("flat", "tree"),
        ("form", "more_details"),
    )
    shapes = {" ".join(one): dict(zip(names, one, strict=True)) for one in product(*values)}
    found = {label: said for label, said in rehearsed(desk, shapes).items() if said}

    assert len(shapes) == 288
    assert found == {}


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (
            {"location": "Springfield"},
            "3 places are called 'Springfield'; it offers: Springfield, Massachusetts; Springfield, Missouri",
        ),
        ({"location": "Nowhere, Atlantis"}, "knows no place 'Nowhere, Atlantis'; it offers: nothing"),
    ],
)
def test_what_the_site_does_not_take_is_said_before_anything_is_sent(
    desk: Desk, values: dict[str, Any], words: str
) -> None:
    with desk.open("north") as wb:
        done = wb.postings.rehearse(desk.csv(values))

    assert done["status"] == "failed"
    assert words in done["items"][0]["error_message"]
    assert done["items"][0]["error_class"] == "validation_error"
