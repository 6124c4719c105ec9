"""upload/stock.py, and what people choose from: every creative once, pages of it, pairs, small pictures."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.upload.studio import Studio, picture_id
from workbench.errors import BadInput, Refused
from workbench.upload import stock
from workbench.upload.inventory import Row
from workbench.upload.service import UploadOrder
from workbench.upload.stock import StockQuery

AT = datetime(2026, 11, 30, 12, tzinfo=UTC)


def of_sheet(number: int, part: str = "", **values: str) -> Row:
    name = f"EN_{picture_id(number)}{part and '-'}{part}.png"
    return Row(line=number, unique_id=picture_id(number), part=part, pair_id=(part and picture_id(number)) or None,
               name=name, path=None, values=values)  # fmt: skip


def of_ledger(number: int, state: str = "archived", part: str = "", **more: Any) -> dict[str, Any]:
    return {
        "unique_id": picture_id(number), "part": part, "file_name": f"EN_{picture_id(number)}.png", "slot": "static",
        "native_pair_id": None, "state": state, "tj_creative_id": "1032500001", "review_status": "approved",
        "uploaded_at": AT, "batch_id": "batch_001", **more,
    }  # fmt: skip


def test_a_creative_is_one_row_and_the_ledger_knows_better_than_the_sheet():
    rows = stock.merged([of_sheet(1), of_sheet(2, creative_type="image"), of_sheet(3, "VID")],
                        [of_ledger(1), of_ledger(4, "failed", tj_creative_id=None, uploaded_at=None)])  # fmt: skip

    told = {one["unique_id"]: (one["state"], one["slot"]) for one in rows}
    assert told == {
        picture_id(1): ("archived", "static"), picture_id(2): (stock.NOT_UPLOADED, "static"),
        picture_id(3): (stock.NOT_UPLOADED, "native"), picture_id(4): ("failed", "static"),
    }  # fmt: skip
    assert len({one["key"] for one in rows}) == 4


def test_a_page_is_filtered_sorted_and_cut_and_says_how_many_there_are():
    rows = stock.merged([of_sheet(n) for n in range(1, 121)], [of_ledger(7), of_ledger(9, "failed")])

    page, total = stock.page(rows, StockQuery(limit=50, offset=100))
    assert (len(page), total) == (20, 120)
    newest, _ = stock.page(rows, StockQuery(limit=2))
    assert {one["unique_id"] for one in newest} == {picture_id(7), picture_id(9)}
    assert stock.page(rows, StockQuery(state="failed"))[1] == 1
    assert stock.page(rows, StockQuery(text=picture_id(33).lower(), sort="file_name"))[1] == 1
    with pytest.raises(BadInput, match="no column 'colour'"):
        stock.page(rows, StockQuery(sort="colour"))


def test_a_pair_is_whole_where_both_halves_have_an_id():
    video, image = (of_ledger(n, part=part, native_pair_id="ID-1") for n, part in ((1, "VID"), (2, "IMG")))
    (whole,) = stock.pairs([video, image, of_ledger(3)])
    (half,) = stock.pairs([video, {**image, "tj_creative_id": None}])

    assert (whole["is_whole"], half["is_whole"]) == (True, False)
    assert whole["video"] is video


def test_what_a_person_chooses_from_and_sees(studio: Studio) -> None:
    (name,) = studio.pictures(1)
    pair = studio.pair()
    (studio.root / "uploaded" / f"ORG_{name}").write_bytes(b"an original")
    (studio.root / "uploaded" / "broken.mp4").write_bytes(b"no film")
    with studio.open() as wb:
        there = wb.uploads.files_there()
        assert {one["file_name"] for one in there} == {name, *pair, "broken.mp4"}
        assert wb.uploads.folders_there() == [
            "uploaded", "uploaded/Native", "uploaded/Native/Image", "uploaded/Native/Video",
        ]  # fmt: skip
        shown = wb.uploads.small_pictures(there, side=96)
        page, total = wb.uploads.stock(StockQuery(sort="file_name", descending=False))

    assert set(shown) == {name, *pair}  # of a film its first picture, of what is broken none
    for png in shown.values():
        with Image.open(io.BytesIO(png)) as image:
            assert image.format == "PNG"
            assert max(image.size) == 96
    assert (total, {one["state"] for one in page}) == (3, {stock.NOT_UPLOADED})


def test_only_what_was_agreed_to_is_started(studio: Studio) -> None:
    names = studio.pictures(2)
    with studio.open() as wb:
        seen = wb.uploads.plan(UploadOrder())
        assert wb.uploads.words_of(seen, UploadOrder()).endswith(f"as studio (account 1): {names[0]}, {names[1]}")
        third = studio.pictures(1, first=3)
        with pytest.raises(Refused, match=rf"changed since they were looked at: {third[0]}\."):
            wb.uploads.start(UploadOrder(), agreed=seen)
        assert wb.uploads.batches() == []
        batch_id = wb.uploads.start(UploadOrder(), agreed=wb.uploads.plan(UploadOrder()))
        assert wb.uploads.start(UploadOrder(), agreed=seen) == batch_id  # ordered already: the same batch
        found = dict(wb.uploads.files_of(batch_id))

    assert list(found) == ["Summary", "Status CSV", "Errors", "Manifest", "Log"]
    with Path(found["Errors"]).open(newline="") as file:
        assert list(csv.DictReader(file)) == []
