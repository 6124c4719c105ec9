"""post/listing.py: a listings.csv is taken whole, or refused with line, cell and cure; nothing is kept then."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.post.conftest import cells, make_photo
from workbench.errors import BadInput, Misconfigured
from workbench.post.known import known, with_own
from workbench.post.listing import COLUMNS, Checks, Listing, accepted, check, mistakes, read_csv, typed
from workbench.workbench import open_workbench


def write(path: Path, *rows: dict[str, Any], delimiter: str = ",", bom: bool = False, without: str = "") -> Path:
    names = [name for name in COLUMNS if name != without]
    with path.open("w", encoding="utf-8-sig" if bom else "utf-8", newline="") as file:
        writer = csv.DictWriter(file, names, delimiter=delimiter, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
    return path


@pytest.mark.parametrize(
    ("delimiter", "bom"),
    [(",", False), (";", False), (",", True), (";", True)],
    ids=["comma", "semicolon", "BOM", "both"],
)
def test_a_file_of_any_spreadsheet_is_read(tmp_path: Path, checks: Checks, delimiter: str, bom: bool) -> None:
    row = cells(
        title="  Oak   table ", photos="table.jpg; photos/side.png", description="Line one\r\nline two", sku="T-1"
    )
    (one,) = read_csv(write(tmp_path / "listings.csv", row, delimiter=delimiter, bom=bom), checks)

    assert (one.title, one.price, one.category, one.condition) == ("Oak table", 120, "Furniture", "Used - Good")
    assert one.description == "Line one\nline two"
    assert [photo.path for photo in one.photos] == ["data/inputs/photos/table.jpg", "data/inputs/photos/side.png"]
    assert (one.account_id, one.sku) == (1, "T-1")


def test_the_conditions_are_exactly_four() -> None:
    assert known().conditions == ("New", "Used - Like New", "Used - Good", "Used - Fair")


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ("furniture", "Furniture"),
        ("Women’s clothing and shoes", "Women's Clothing & Shoes"),
        ("Books, films & music", "Books, Movies & Music"),
        ("SPORTS & OUTDOORS", "Sports & Outdoors"),
    ],
)
def test_a_category_is_known_in_other_spellings(checks: Checks, value: str, name: str) -> None:
    assert typed(cells(category=value), checks).category == name


OWN = {"names": ["Boats", "Trailers"], "heading": "Vehicles", "also": {"Ships": "Boats"}}


@pytest.mark.parametrize(("value", "name"), [("boats", "Boats"), ("ships", "Boats"), ("Furniture", "Furniture")])
def test_a_category_of_the_owners_is_one_of_the_forms(checks: Checks, value: str, name: str) -> None:
    form = with_own([OWN])

    assert typed(cells(category=value), replace(checks, form=form)).category == name
    assert form.category("trailers").heading == "Vehicles"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"name": ["Boats"]}, "'name' is not known"),
        ({"names": "Boats"}, r'names = \["Boats"\]'),
        ({"names": []}, "names are the categories"),
        ({"names": [""]}, "names are the categories"),
        ({"names": ["furniture"]}, "'furniture' is known already"),
        ({"names": ["Sleds"], "heading": 3}, "heading is the text"),
        ({"names": ["Sleds"], "also": {"Sleighs": "Sleigh"}}, "also gives other spellings"),
        ({"names": ["Sleds"], "also": {"Tools": "Sleds"}}, "'Tools' is known already"),
    ],
)
def test_a_wrong_category_of_the_owners_is_named(tmp_path: Path, wrong: dict[str, Any], said: str) -> None:
    with open_workbench(home=tmp_path, categories=[OWN, wrong]) as wb, pytest.raises(Misconfigured) as error:
        wb.postings.add_listing(**cells(account=""))

    assert error.match(rf"^workbench\.toml, \[\[categories\]\] 2: .*{said}")


@pytest.mark.parametrize(
    ("values", "words"),
    [
        pytest.param({"title": ""}, "'title' is empty", id="empty title"),
        pytest.param({"title": "x" * 101}, "101 characters; at most 100", id="title too long"),
        pytest.param({"title": "🪑" * 51}, "102 characters", id="an emoji counts as two, as in the form"),
        pytest.param({"title": "Oak\x07table"}, r"control character U\+0007", id="a bell in the title"),
        pytest.param({"title": "Oak\u202etable"}, r"control character U\+202E", id="text that runs backwards"),
        pytest.param({"title": "Oak\ntable"}, r"control character U\+000A", id="a line break in the title"),
        pytest.param({"description": "a\x00b"}, r"control character U\+0000", id="NUL in the description"),
        pytest.param({"price": "12,50 €"}, "whole units without a currency sign.*: 12 or 13", id="cents and a sign"),
        pytest.param({"price": "12.5"}, ": 12 or 13", id="cents"),
        pytest.param({"price": "-3"}, "the price is '-3'", id="below zero"),
        pytest.param({"price": "1e3"}, "the price is '1e3'", id="an exponent"),
        pytest.param({"price": "٣"}, "the price is", id="digits of another script"),
        pytest.param({"price": "9" * 5000}, "the price is", id="a price of 5,000 digits"),
        pytest.param(
            {"category": "Spaceships"}, "'Spaceships' is not known; give one of: Tools", id="unknown category"
        ),
        pytest.param({"condition": "Mint"}, "'Mint' is not known; give one of: New, Used", id="unknown condition"),
        pytest.param({"account": "nobody"}, r"no account 'nobody'.*1 \(north\), 2 \(south\)", id="no such account"),
        pytest.param({"account": "ads"}, "no account 'ads'", id="an account of another channel"),
        pytest.param({"location": " "}, "'location' is empty", id="no location"),
        pytest.param({"photos": "gone.jpg"}, "no photo 'gone.jpg' in", id="no such photo"),
        pytest.param({"photos": ";"}, "0 photos; give 1 to 10", id="no photo at all"),
        pytest.param({"photos": "table.jpg;photos/table.jpg"}, "same picture as 'table.jpg'", id="one photo twice"),
        pytest.param({"photos": ["side.png"] * 11}, "11 photos", id="eleven photos"),
    ],
)
def test_what_cannot_be_posted_is_named_with_its_cure(checks: Checks, values: dict[str, Any], words: str) -> None:
    with pytest.raises(BadInput, match=words):
        typed(cells(**values), checks)


def test_a_price_is_read_as_people_write_it_and_a_cure_names_no_other(checks: Checks) -> None:
    read = {
        "1200": 1200, "1,200": 1200, "1.200": 1200, "1,200.00": 1200, "1.200,00": 1200, "1 200": 1200, "25.00": 25,
        "1\u00a0200,00": 1200, "1\u202f200": 1200, "1'200": 1200, "1,20,000": 120_000, "0": 0,
        "12,34,567.00": 1_234_567,
    }  # fmt: skip
    asked = {  # what may be written instead
        "1,200.50": "1200 or 1201", "12,5": "12 or 13", "0.99": "0 or 1", "$1,200.00": "1200", "1.200 €": "1200",
        "Rs. 1,20,000": "120000", "USD 25": "25", "US$25": "25", "-3": "", "1e3": "", "1.5k": "", "2 Cr": "",
        "1.200.00": "", "12,00,00": "", "1,2,3": "", "0,500": "", "1,200.500": "", "10-20": "", "free": "", "5 Mio": "",
        "100000000": "", "99,999,999.50": "", "1,200,": "",
    }  # fmt: skip
    assert {text: typed(cells(price=text), checks).price for text in read} == read
    assert typed(cells(price=1200.0), checks).price == 1200
    told = {}
    for text in asked:
        with pytest.raises(BadInput, match="write whole units without a currency sign") as error:
            typed(cells(price=text), checks)
        told[text] = error.value.message.partition("99999999")[2].strip(" :.")
    assert told == asked


def test_a_photo_is_found_whichever_way_its_accents_are_written(inputs: Path, checks: Checks) -> None:
    for written, stored in (("caf\u00e9.jpg", "cafe\u0301.jpg"), ("o\u0308re/bild.jpg", "\u00f6re/bild.jpg")):
        make_photo(inputs / "photos" / stored)
        (photo,) = typed(cells(photos=written), checks).photos
        assert photo.path == f"data/inputs/photos/{stored}"
    make_photo(inputs / "photos" / "caf\u00e9.jpg", colour="red")
    (photo,) = typed(cells(photos="caf\u00e9.jpg"), checks).photos
    assert photo.path == "data/inputs/photos/caf\u00e9.jpg"


def test_a_missing_column_is_named(tmp_path: Path, checks: Checks) -> None:
    with pytest.raises(BadInput, match="line 1: the column 'condition' is missing"):
        read_csv(write(tmp_path / "listings.csv", cells(), without="condition"), checks)


def test_html_is_text(checks: Checks) -> None:
    title = "<script>alert(1)</script> & <b>table</b>"

    assert typed(cells(title=title), checks).title == title


def test_every_bad_line_is_named_at_once(tmp_path: Path, checks: Checks) -> None:
    path = write(tmp_path / "listings.csv", cells(), cells(title="Chair", price="x"), cells(title="Lamp", category="y"))
    with pytest.raises(BadInput, match=r"(?s)line 3: the price.*line 4: the category"):
        read_csv(path, checks)


@pytest.mark.parametrize(
    ("other", "words"),
    [
        ({}, "the same listing as line 2"),
        ({"description": "Other words", "sku": "T-1"}, "the same sku 'T-1'"),
    ],
    ids=["all of it", "the same sku"],
)
def test_a_listing_stands_there_once(checks: Checks, other: dict[str, Any], words: str) -> None:
    rows = [(2, cells(sku="T-1" if other else "")), (3, cells(**other))]
    with pytest.raises(BadInput, match=words):
        accepted(check(rows, checks), place="listings.csv")


def test_the_same_content_is_another_listing_on_another_account(checks: Checks) -> None:
    found = accepted(check([(2, cells()), (3, cells(account="2.0"))], checks), place="listings.csv")

    assert [one.account_id for one in found] == [1, 2]
    assert found[0].order().sha == found[1].order().sha


def test_a_photo_is_its_bytes_wherever_it_lies(inputs: Path, checks: Checks) -> None:
    here = typed(cells(), checks)
    (inputs / "moved.jpg").write_bytes((inputs / "photos" / "table.jpg").read_bytes())
    there = typed(cells(photos="moved.jpg"), checks)

    assert there.order().sha == here.order().sha
    assert sha(there) != sha(typed(cells(photos="side.png"), checks))


def sha(listing: Listing) -> str:
    return listing.order().sha


def test_a_form_is_told_all_its_mistakes_at_once_beside_their_fields(checks: Checks) -> None:
    wrong = mistakes(
        cells(title="x" * 101, price="12,50 €", category="", location="Ber\u202elin", photos="gone.jpg"), checks
    )

    assert list(wrong) == ["title", "price", "category", "location", "photos"]
    assert wrong["title"] == "The title has 101 characters; at most 100 fit. Shorten it."
    assert wrong["price"].startswith("The price is '12,50 €'; write whole units")
    assert wrong["category"] == "Fill this in."
    assert wrong["location"] == "There is an invisible sign in this text; type it anew instead of pasting it."
    assert wrong["photos"].startswith("There is no photo 'gone.jpg' in")
    assert not any("cell" in words for words in wrong.values())
    assert mistakes(cells(), checks) == {}
